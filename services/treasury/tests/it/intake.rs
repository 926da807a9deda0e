//! Statements that nobody sends: from a watched directory, and from an address.
use crate::{
    bank::{entry, statement},
    fixture::Fixture,
};
use api::ledger::BookMode;
use rustls::{
    RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};
use testbed::{
    Storage,
    authority::{Age, Authority},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;
use treasury::{
    Config, Service,
    config::StatementSource,
    intake::{IntakeFault, StatementIntake},
};

/// An installation with the account in euros and these sources.
async fn world(config: Config) -> (Fixture, Service) {
    let fixture = Fixture::agreed((Storage::sqlite(), BookMode::Test), config, 0).await;
    fixture.with_euros(1_000).await;
    let service = fixture.second_service().await;
    (fixture, service)
}

/// The same with one directory; returns what looks at it.
async fn watching(directory: &Path) -> (Fixture, Service, StatementIntake) {
    let row = StatementSource { source: "inbox".to_owned(), directory: directory.to_owned(), ..StatementSource::default() };
    let (fixture, service) = world(Config { statement_sources: vec![row], ..Config::default() }).await;
    let intake = service.intakes().unwrap().remove(0);
    (fixture, service, intake)
}

/// Names in a folder, sorted; none if it is not there.
fn names(folder: &Path) -> Vec<String> {
    let listed = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<_> = listed.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A day on which 7.00 came from nobody, so that it is on the unallocated leaf once it is booked.
fn usual(fixture: &Fixture) -> String {
    statement(1, &fixture.day(-1), 1_000, &[entry("A1", 700, "X")])
}

async fn failing(service: &Service) -> u64 {
    service.unfinished().await.unwrap().iter().find(|count| count.what == "statement_source").unwrap().count
}

#[tokio::test]
async fn a_file_is_taken_once_when_it_stands_still() {
    let dir = tempfile::tempdir().unwrap();
    let (fixture, service, mut intake) = watching(dir.path()).await;
    let (text, file) = (usual(&fixture), dir.path().join("day.xml"));
    let half = text.len() / 2;
    fs::write(&file, &text[..half]).unwrap();
    intake.look().await.unwrap();
    fs::write(&file, &text).unwrap();
    intake.look().await.unwrap();
    assert_eq!((names(dir.path()), fixture.has("bank-eur-unallocated").await), (vec!["day.xml".to_owned()], 0), "it was still written");
    intake.look().await.unwrap();
    assert_eq!((names(dir.path()), names(&dir.path().join("done"))), (vec!["done".to_owned()], vec!["day.xml".to_owned()]));
    assert_eq!(fixture.has("bank-eur-unallocated").await, 700);
    // The same again, under its old name: it is known, and beside the first.
    fs::write(&file, &text).unwrap();
    for _ in 0..2 {
        intake.look().await.unwrap();
    }
    let done = names(&dir.path().join("done"));
    assert!(done.len() == 2 && done[1].starts_with("day.xml.") && names(dir.path()) == ["done"], "{done:?}");
    assert_eq!((fixture.has("bank-eur-unallocated").await, failing(&service).await), (700, 0));
}

#[tokio::test]
async fn a_file_that_was_booked_and_not_moved_is_moved_by_the_next_process() {
    let dir = tempfile::tempdir().unwrap();
    let (fixture, _, _) = watching(dir.path()).await;
    let text = usual(&fixture);
    fs::write(dir.path().join("day.xml"), &text).unwrap();
    // What a process does before it is killed.
    fixture.import(text.as_bytes()).await.unwrap();
    let mut intake = fixture.second_service().await.intakes().unwrap().remove(0);
    for _ in 0..2 {
        intake.look().await.unwrap();
    }
    assert_eq!((names(dir.path()), names(&dir.path().join("done"))), (vec!["done".to_owned()], vec!["day.xml".to_owned()]));
    assert_eq!(fixture.has("bank-eur-unallocated").await, 700, "it is booked once");
}

#[tokio::test]
async fn what_is_no_statement_is_refused_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let (fixture, service, mut intake) = watching(dir.path()).await;
    let other = usual(&fixture).replace("DE89370400440532013000", "DE02120300000000202051");
    fs::write(dir.path().join("empty"), "").unwrap();
    fs::write(dir.path().join("letter.txt"), "Dear customer").unwrap();
    fs::write(dir.path().join("other.xml"), other).unwrap();
    fs::File::create(dir.path().join("huge")).unwrap().set_len((32 << 20) + 1).unwrap();
    for _ in 0..2 {
        intake.look().await.unwrap();
    }
    let refused = dir.path().join("refused");
    assert_eq!(names(dir.path()), ["refused"]);
    assert_eq!(names(&refused).len(), 8, "{:?}", names(&refused));
    for (file, reason) in [
        ("empty", "it is empty\n"),
        ("letter.txt", "file: is none of camt.052 to camt.054, NACHA, BAI2, MT940 and MT942\n"),
        ("other.xml", "its statement 1 is of the account DE02120300000000202051, which is not in the structure\n"),
        ("huge", "it has 33554433 bytes, and at most 33554432 are read\n"),
    ] {
        assert_eq!(fs::read_to_string(refused.join(format!("{file}.reason"))).unwrap(), reason);
    }
    assert_eq!(failing(&service).await, 0, "the source works");
}

#[tokio::test]
async fn links_pipes_folders_and_hidden_names_are_left_alone() {
    let (dir, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (fixture, service, mut intake) = watching(dir.path()).await;
    let target = elsewhere.path().join("day.xml");
    fs::write(&target, usual(&fixture)).unwrap();
    std::os::unix::fs::symlink(&target, dir.path().join("link.xml")).unwrap();
    fs::create_dir(dir.path().join("folder.xml")).unwrap();
    fs::copy(&target, dir.path().join(".day.xml.part")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(dir.path().join("pipe.xml")).status().unwrap().success());
    for _ in 0..3 {
        intake.look().await.unwrap();
    }
    assert_eq!(names(dir.path()), [".day.xml.part", "folder.xml", "link.xml", "pipe.xml"]);
    assert_eq!(fixture.has("bank-eur-unallocated").await, 0);
    // A link where taken files go would lead them elsewhere: the file is booked, stays, and the source counts as failing.
    std::os::unix::fs::symlink(elsewhere.path(), dir.path().join("done")).unwrap();
    fs::copy(&target, dir.path().join("day.xml")).unwrap();
    intake.look().await.unwrap();
    let fault = intake.look().await.unwrap_err();
    assert!(matches!(fault, IntakeFault::Directory { .. }) && fault.to_string().contains("is no directory"), "{fault}");
    assert_eq!((names(elsewhere.path()), failing(&service).await), (vec!["day.xml".to_owned()], 1));
    fs::remove_file(dir.path().join("done")).unwrap();
    intake.look().await.unwrap();
    assert_eq!((names(&dir.path().join("done")), failing(&service).await), (vec!["day.xml".to_owned()], 0));
}

/// Reads a request, and answers it.
async fn serve(mut line: impl AsyncRead + AsyncWrite + Unpin, answer: &[u8]) -> String {
    let (mut request, mut buffer) = (Vec::new(), [0; 1024]);
    while !request.ends_with(b"\r\n\r\n") {
        let count = line.read(&mut buffer).await.unwrap();
        request.extend_from_slice(&buffer[..count]);
    }
    // Whoever has read enough hangs up.
    let _ = line.write_all(answer).await;
    let _ = line.shutdown().await;
    String::from_utf8(request).unwrap()
}

/// A bank that answers each request with the next of these, and keeps the requests.
async fn bank(answers: Vec<Vec<u8>>) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (url, asked) = (format!("http://{}/statements/latest", listener.local_addr().unwrap()), Arc::new(Mutex::new(Vec::new())));
    let kept = Arc::clone(&asked);
    tokio::spawn(async move {
        for answer in answers {
            let (line, _) = listener.accept().await.unwrap();
            let request = serve(line, &answer).await;
            kept.lock().unwrap().push(request);
        }
    });
    (url, asked)
}

/// A bank with this certificate and key that gives a file to whoever shows a certificate of this authority.
async fn bank_of_known_clients((chain, key): (&Path, &Path), clients: &Path, answer: Vec<u8>) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(clients).unwrap()).unwrap();
    let known = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let (chain, key) = (vec![CertificateDer::from_pem_file(chain).unwrap()], PrivateKeyDer::from_pem_file(key).unwrap());
    let acceptor = TlsAcceptor::from(Arc::new(config.with_client_cert_verifier(known).with_single_cert(chain, key).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/statements/latest", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (line, _) = listener.accept().await.unwrap();
            if let Ok(line) = acceptor.accept(line).await {
                serve(line, &answer).await;
            }
        }
    });
    url
}

fn answered(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()).into_bytes()
}

#[tokio::test]
async fn a_file_is_fetched_imported_once_and_a_silent_bank_is_asked_less_often() {
    let dir = tempfile::tempdir().unwrap();
    let token_file = dir.path().join("token");
    fs::write(&token_file, "secret-1\n").unwrap();
    let day = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().yesterday().unwrap().to_string();
    let text = statement(1, &day, 1_000, &[entry("A1", 700, "X")]);
    let mut huge = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    huge.resize(huge.len() + (32 << 20) + 1, b' ');
    let (found, none) = (answered("200 OK", &text), answered("204 No Content", ""));
    let other = answered("200 OK", "Dear customer");
    let (url, asked) =
        bank(vec![answered("503 Service Unavailable", ""), answered("302 Found", ""), none, found.clone(), found, other, huge]).await;
    let row = StatementSource { source: "bank".to_owned(), url, token_file: token_file.clone(), ..StatementSource::default() };
    let (fixture, service) = world(Config { statement_sources: vec![row], ..Config::default() }).await;
    let mut intake = service.intakes().unwrap().remove(0);
    assert_eq!(intake.pause(), Duration::from_mins(1));
    assert!(matches!(intake.look().await.unwrap_err(), IntakeFault::Status(503)));
    assert!(matches!(intake.look().await.unwrap_err(), IntakeFault::Status(302)), "redirects are not followed");
    assert_eq!((intake.pause(), failing(&service).await), (Duration::from_mins(4), 1));
    fs::write(&token_file, "secret-2\n").unwrap();
    intake.look().await.unwrap();
    assert_eq!((intake.pause(), failing(&service).await, fixture.has("bank-eur-unallocated").await), (Duration::from_mins(1), 0, 0));
    for _ in 0..2 {
        intake.look().await.unwrap();
        assert_eq!(fixture.has("bank-eur-unallocated").await, 700);
    }
    intake.look().await.unwrap();
    assert!(matches!(intake.look().await.unwrap_err(), IntakeFault::TooLong(33_554_432)));
    // Nobody listens any more.
    let fault = intake.look().await.unwrap_err();
    assert!(matches!(fault, IntakeFault::Unreachable(_)) && !fault.to_string().contains("latest"), "{fault}");
    for _ in 0..20 {
        intake.look().await.unwrap_err();
    }
    assert_eq!(intake.pause(), Duration::from_hours(1));
    let asked = asked.lock().unwrap();
    assert!(asked[0].starts_with("GET /statements/latest HTTP/1.1\r\n") && asked[0].contains("authorization: Bearer secret-1\r\n"));
    assert!(asked[2].contains("authorization: Bearer secret-2\r\n"), "the token is read anew");
}

#[tokio::test]
async fn an_address_is_shown_the_certificate_of_the_settings() {
    let dir = tempfile::tempdir().unwrap();
    let [bank, house, others] = ["bank", "house", "others"].map(|name| Authority::new(dir.path(), name));
    let (chain, key) = bank.sign("server", "spiffe://bank/statements", Age::Now);
    let day = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().yesterday().unwrap().to_string();
    let text = statement(1, &day, 1_000, &[entry("A1", 700, "X")]);
    let url = bank_of_known_clients((&chain, &key), &dir.path().join("house.pem"), answered("200 OK", &text)).await;
    let row = |source: &str, (tls_certificate, tls_key): (PathBuf, PathBuf)| {
        let (source, url, tls_ca) = (source.to_owned(), url.clone(), dir.path().join("bank.pem"));
        StatementSource { source, url, tls_ca, tls_certificate, tls_key, ..StatementSource::default() }
    };
    let of_another = others.sign("another", "spiffe://others/treasury", Age::Now);
    let ended = house.sign("ended", "spiffe://house/treasury", Age::Over);
    let ours = house.sign("ours", "spiffe://house/treasury", Age::Now);
    let rows = vec![row("none", Default::default()), row("another", of_another), row("ended", ended), row("ours", ours)];
    let (fixture, service) = world(Config { statement_sources: rows, ..Config::default() }).await;
    let mut intakes = service.intakes().unwrap();
    let mut ours = intakes.pop().unwrap();
    for intake in &mut intakes {
        let fault = intake.look().await.unwrap_err();
        assert!(matches!(fault, IntakeFault::Unreachable(_)), "{fault}");
    }
    assert_eq!((failing(&service).await, fixture.has("bank-eur-unallocated").await), (3, 0));
    ours.look().await.unwrap();
    assert_eq!((failing(&service).await, fixture.has("bank-eur-unallocated").await), (3, 700));
}

#[tokio::test]
async fn an_account_without_a_new_statement_is_overdue() {
    let (fixture, service) = world(Config { statement_overdue_hours: 30, ..Config::default() }).await;
    let overdue = async || service.unfinished().await.unwrap().into_iter().find(|count| count.what == "bank_statement").unwrap();
    assert_eq!((overdue().await.count, overdue().await.since_ms), (0, None));
    fixture.days_later(2);
    assert_eq!(overdue().await.count, 1);
    // Nothing in it is to be booked: the ledger's clock is not moved.
    fixture.import(statement(1, &fixture.day(-1), 1_000, &[]).as_bytes()).await.unwrap();
    assert_eq!(overdue().await.count, 0);
    fixture.days_later(2);
    let late = overdue().await;
    assert!(late.count == 1 && late.since_ms.is_some());
}
