//! deploy/RUNNING.md as it stands: its commands can be pasted from the first to the last (rewritten as [`crate::pages`] says), its files start two
//! processes, and what it says is refused is.
use crate::{fleets::binary, pages::PageShell};
use api::{
    gift::{ListGiftsRequest, SendGiftRequest, gift_service_client::GiftServiceClient},
    ledger::{BookMode, CreateBookRequest, ListBooksRequest, ledger_service_client::LedgerServiceClient},
};
use demo::installation::{authorised, explained};
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use ring::{
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair},
};
use rpc::{Tls, Transport, facts, reason, tls::Config};
use serde_json::{Value, json};
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};
use tonic::Code;

const LOGIN: &str = "https://login.example.com";
const READY_MAX: Duration = Duration::from_secs(60);

/// The page's blocks of commands and files, in order.
fn blocks() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/RUNNING.md");
    let page = std::fs::read_to_string(page).unwrap();
    let mut blocks = vec![String::new()];
    for line in page.lines() {
        match line.strip_prefix("    ") {
            Some(code) => blocks.last_mut().unwrap().push_str(&format!("{code}\n")),
            // An empty line between two indented ones belongs to the block.
            None if line.is_empty() && !blocks.last().unwrap().is_empty() => blocks.last_mut().unwrap().push('\n'),
            None => blocks.push(String::new()),
        }
    }
    blocks.retain(|block| !block.trim().is_empty());
    blocks
}

/// The only block that contains `word`.
fn block(word: &str) -> String {
    let found: Vec<String> = blocks().into_iter().filter(|block| block.contains(word)).collect();
    assert_eq!(found.len(), 1, "blocks with {word:?}");
    found[0].clone()
}

/// The page's files, by name.
fn files() -> [(&'static str, String); 3] {
    [("ledger.toml", "services = [\"ledger\", \"support\"]"), ("front.toml", "services = [\"gift\"]"), ("gifts.toml", "[[gifts]]")]
        .map(|(name, word)| (name, block(word)))
}

/// The page's commands, in order: every block that is no TOML.
fn commands() -> Vec<String> {
    let is_toml = |line: &str| line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains([' ', '$', '"']));
    blocks().into_iter().filter(|block| !block.lines().any(is_toml)).collect()
}

async fn run(dir: &Path, script: &str) -> String {
    let path = format!("{}:{}", dir.join("bin").display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash").args(["-euc", script]).current_dir(dir).env("PATH", path).output().await.unwrap();
    assert!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// A process of the page, with its gRPC address.
struct Process {
    _child: Child,
    url: String,
}

impl Process {
    async fn start(dir: &Path, arguments: &[&str], environment: &[(&str, String)]) -> Self {
        let mut command = Command::new(binary());
        command.arg("serve").args(arguments).args(["--listen", "127.0.0.1:0"]).envs(environment.iter().cloned());
        command.current_dir(dir).stdout(Stdio::piped()).stderr(Stdio::inherit()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut url = String::new();
        let ready = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some(address) = line.strip_prefix("grpc on ") {
                    url = format!("https://{address}");
                }
                if line == "ready" {
                    return true;
                }
            }
            false
        };
        assert!(timeout(READY_MAX, ready).await.expect("ready in time"), "it ended");
        Self { _child: child, url }
    }
}

/// A connection to a process by a client that trusts the page's CA, and shows a certificate or none.
fn way(dir: &Path, process: &Process, shown: Option<&str>) -> Transport {
    let file = |name: String| dir.join(name);
    let (certificate, key) = shown.map_or_else(Default::default, |name| (file(format!("{name}.pem")), file(format!("{name}.key"))));
    let config = Config { certificate, key, peer_ca: file("ca.pem".to_owned()), ..Config::default() };
    rpc::connect_with(&process.url, &Tls::load(config).unwrap()).unwrap()
}

/// The users' login: its key, and the environment variable that replaces the page's address of its keys by a file.
fn login(dir: &Path) -> (EncodingKey, (&'static str, String)) {
    identity::crypto::install();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new()).unwrap();
    let key = EncodingKey::from_ec_der(document.as_ref());
    let mut jwk = serde_json::to_value(Jwk::from_encoding_key(&key, Algorithm::ES256).unwrap()).unwrap();
    jwk["kid"] = json!("1");
    std::fs::write(dir.join("login.json"), json!({ "keys": [jwk] }).to_string()).unwrap();
    let issuers: String =
        block("[[identity.issuers]]").split_once("[[identity.issuers]]").unwrap().1.lines().fold(String::new(), |text, line| {
            let line = if line.starts_with("jwks") { "jwks = \"login.json\"" } else { line };
            if line.is_empty() {
                text
            } else if text.is_empty() {
                line.to_owned()
            } else {
                format!("{text}, {line}")
            }
        });
    (key, ("LARGESSE_IDENTITY_ISSUERS", format!("[{{ {issuers} }}]")))
}

fn logged_in(key: &EncodingKey, change: impl FnOnce(&mut Value)) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut claims = json!({"iss": LOGIN, "aud": "largesse", "sub": "ada", "app": "live", "iat": now, "exp": now + 600});
    change(&mut claims);
    let header = Header { kid: Some("1".to_owned()), ..Header::new(Algorithm::ES256) };
    jsonwebtoken::encode(&header, &claims, key).unwrap()
}

/// A new directory with the page's certificates, tokens and files.
async fn prepared() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_owned();
    std::fs::create_dir(path.join("bin")).unwrap();
    std::os::unix::fs::symlink(binary(), path.join("bin/largesse")).unwrap();
    run(&path, &block("openssl req -x509")).await;
    run(&path, &block("--sub $service --role service")).await;
    for (name, text) in files() {
        std::fs::write(path.join(name), text).unwrap();
    }
    (dir, path)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_leads_to_two_processes_that_believe_whom_they_should() {
    let (_dir, dir) = prepared().await;
    let checked = run(&dir, "largesse config check --config ledger.toml").await;
    assert_eq!(checked, "ok: ledger, support would start\n");
    let ledger = Process::start(&dir, &["--config", "ledger.toml", "--http", "127.0.0.1:0"], &[]).await;
    let (key, issuers) = login(&dir);
    let front = Process::start(&dir, &["--config", "front.toml", "--http", "127.0.0.1:0", "--ledger-url", &ledger.url], &[issuers]).await;

    // A book, created by an admin with the installation's own key.
    let token = run(&dir, "largesse token --data-dir house --sub ann --role admin --ttl 10m").await;
    let mut admin = LedgerServiceClient::new(way(&dir, &ledger, None));
    let book = CreateBookRequest {
        request_id: uuid::Uuid::now_v7().to_string(),
        book: "demo".to_owned(),
        mode: BookMode::Live.into(),
        region: "eu".to_owned(),
    };
    let unexplained = admin.create_book(authorised(book.clone(), token.trim()).unwrap()).await.unwrap_err();
    assert_eq!(reason(&unexplained).as_deref(), Some("REASON_REQUIRED"));
    admin.create_book(explained(book, token.trim(), "setting up").unwrap()).await.unwrap();

    // A user of the login calls through the front to the ledger, without coins, and is refused for that.
    let mut user = GiftServiceClient::new(way(&dir, &front, None));
    let token = logged_in(&key, |_| {});
    let gifts = user.list_gifts(authorised(ListGiftsRequest::default(), &token).unwrap()).await.unwrap().into_inner().gifts;
    let gift = SendGiftRequest {
        request_id: uuid::Uuid::now_v7().to_string(),
        room_id: "r1".to_owned(),
        creator_id: "bob".to_owned(),
        gift_id: gifts[0].gift_id,
        ..Default::default()
    };
    let status = user.send_gift(authorised(gift, &token).unwrap()).await.unwrap_err();
    assert_eq!(reason(&status).as_deref(), Some("INSUFFICIENT_FUNDS"), "{status:?}");

    // Tokens that the login does not allow.
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 4] = [
        (|claims| claims["role"] = json!("admin"), "claim"),
        (|claims| claims["app"] = json!("another"), "claim"),
        (|claims| claims["aud"] = json!("another"), "audience"),
        (|claims| claims["exp"] = json!(1), "expired"),
    ];
    for (change, word) in cases {
        let token = logged_in(&key, change);
        let status = user.list_gifts(authorised(ListGiftsRequest::default(), &token).unwrap()).await.unwrap_err();
        assert_eq!((status.code(), facts(&status)["token"].as_str()), (Code::Unauthenticated, word));
    }

    // A service's token without its certificate, and with another service's.
    let token = std::fs::read_to_string(dir.join("gift.token")).unwrap();
    for (shown, word) in [(None, "missing"), (Some("ledger"), "unknown")] {
        let mut stolen = LedgerServiceClient::new(way(&dir, &ledger, shown));
        let status = stolen.list_books(authorised(ListBooksRequest::default(), token.trim()).unwrap()).await.unwrap_err();
        assert_eq!((status.code(), facts(&status)["certificate"].as_str()), (Code::Unauthenticated, word));
    }
    let mut own = LedgerServiceClient::new(way(&dir, &ledger, Some("front")));
    own.list_books(authorised(ListBooksRequest::default(), token.trim()).unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_wrong_file_is_told_before_anything_binds() {
    let (_dir, dir) = prepared().await;
    let text = std::fs::read_to_string(dir.join("ledger.toml")).unwrap();
    std::fs::write(dir.join("wrong.toml"), text.replace("client_ca =", "clientca =").replace("[\"ledger\",", "[\"ledgers\",")).unwrap();
    for command in [["config", "check"].as_slice(), &["serve"]] {
        let output = Command::new(binary()).args(command).args(["--config", "wrong.toml"]).current_dir(&dir).output().await.unwrap();
        assert_eq!(output.status.code(), Some(2));
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains("wrong.toml:1: services.0: unknown variant `ledgers`"), "{told}");
        assert!(output.stdout.is_empty());
    }
    std::fs::write(dir.join("wrong.toml"), text.replace("client_ca =", "clientca =")).unwrap();
    let output = Command::new(binary()).args(["serve", "--config", "wrong.toml"]).current_dir(&dir).output().await.unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("wrong.toml:11: tls.clientca: there is no such option"), "{told}");
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_commands_can_be_pasted_into_an_empty_directory() {
    let shell = PageShell::open(1);
    for (name, text) in files() {
        std::fs::write(shell.dir().join(name), shell.readdressed(&text)).unwrap();
    }
    let commands = commands();
    let starts: Vec<&str> = commands.iter().map(|block| block.split([' ', '\n', '=']).next().unwrap()).collect();
    assert_eq!(starts, ["openssl", "for", "umask", "umask", "admin", "user"], "the blocks that are commands");
    let pasted = shell.paste(&commands, &[]).await;
    for (block, pasted) in commands.iter().zip(&pasted) {
        assert!(pasted.failed.is_empty(), "{block}\nfailed: {:?}\n{}", pasted.failed, pasted.printed);
    }
    let printed = |at: usize| pasted[at].printed.as_str();
    // The key of a user: base64url of 32 bytes.
    assert!(printed(2).lines().last().is_some_and(|key| key.trim().len() == 43), "{}", printed(2));
    assert!(printed(3).contains("ok: ledger, support would start\n"), "{}", printed(3));
    // Each process reports this itself, also to processes that wait for it.
    let ready = pasted[3..].iter().flat_map(|block| block.printed.lines()).filter(|line| *line == "ready").count();
    assert_eq!(ready, 4, "{}", printed(3));
    assert!(printed(4).contains("\"name\": \"demo\"") && printed(4).contains("\"mode\": \"BOOK_MODE_LIVE\""), "{}", printed(4));
    assert!(printed(5).contains("\"name\": \"Pear\"") && printed(5).contains("\"costCoins\": \"5\""), "{}", printed(5));
}
