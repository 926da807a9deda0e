//! `largesse export`: the journal as CSV, the same bytes each time.
use books::{
    domain::request::{AccountName, Action, BookRequest, NewTransfer, RequestFields},
    store::{Book, Mode, Store},
};
use db::Database;
use ledger::Ledger;
use money::{Amount, BookName};
use monitor::export::{ExportRange, HEADER};
use operations::export::{ExportEnd, export};
use std::{
    io::{BufRead as _, BufReader},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};
use uuid::Uuid;

fn transfer(debit: &str, credit: &str, amount: i64) -> NewTransfer {
    let name = |text: &str| AccountName::parse(text.to_owned()).unwrap();
    NewTransfer::try_new(name(debit), name(credit), Amount::try_new(amount).unwrap()).unwrap()
}

fn gift(at: u64, effective_time: Option<i64>) -> BookRequest {
    let transfers =
        vec![transfer("viewer/u1/coins", "house/coins/redeemed", 2), transfer("house/diamonds/issued", "creator/c1/diamonds", 2)];
    let action = Action::Post { transfers, guards: Vec::new(), refusal: None };
    let id = money::derive_id(Uuid::now_v7(), &[&at.to_string()]);
    BookRequest { effective_time, ..BookRequest::new(id, RequestFields::default(), "gift, \"sent\"".to_owned(), action) }
}

/// A book with a purchase, `gifts` gifts and a hold.
async fn build(database: &Database, gifts: u64) -> (Arc<dyn Store>, Book) {
    let ledger = Ledger::start(books::store::open_store(database).await.unwrap(), ledger::Config::default()).await.unwrap();
    let name = BookName::try_new("demo").unwrap();
    let row = ledger.create_book(&name, Mode::Test, "test").await.unwrap();
    let book = ledger.book(&name).await.unwrap();
    let buy = vec![transfer("house/coins/issued", "viewer/u1/coins", 100_000)];
    let post = |transfers| Action::Post { transfers, guards: Vec::new(), refusal: None };
    book.submit(BookRequest::new(Uuid::now_v7(), RequestFields::default(), "buy".to_owned(), post(buy))).await.unwrap();
    book.submit(gift(0, Some(1_700_000_000_000_000))).await.unwrap();
    for outcome in book.submit_many((1..gifts).map(|at| gift(at, None)).collect()).await.unwrap() {
        outcome.unwrap();
    }
    let hold = vec![NewTransfer { pending: true, ..transfer("viewer/u1/coins", "house/coins/redeemed", 7) }];
    book.submit(BookRequest::new(Uuid::now_v7(), RequestFields::default(), String::new(), post(hold))).await.unwrap();
    drop(book);
    ledger.shutdown().await;
    (ledger.store().clone(), row)
}

async fn text(store: &Arc<dyn Store>, book: &Book, range: ExportRange) -> String {
    let mut out = Vec::new();
    let ended = export(store.clone(), book, &range, &mut out).await.unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(ended, ExportEnd::Whole(text.lines().count() as u64 - 1));
    text
}

fn sqlite(dir: &Path) -> Database {
    Database::parse(&format!("sqlite:{}", dir.display())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_transfer_is_a_row_and_the_bytes_stay_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let cluster = pgtest::Cluster::start().unwrap();
    for database in [sqlite(dir.path()), Database::parse(&cluster.create_database().unwrap()).unwrap()] {
        let (store, book) = build(&database, 1_500).await;
        let whole = text(&store, &book, ExportRange::default()).await;
        let mut reader = csv::Reader::from_reader(whole.as_bytes());
        assert_eq!(reader.headers().unwrap(), HEADER.as_slice());
        let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 1 + 1_500 * 2 + 1);
        let columns = |row: usize, columns: &[usize]| columns.iter().map(|at| rows[row][*at].to_owned()).collect::<Vec<_>>();
        let without_ids = [2, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        assert_eq!(
            columns(0, &without_ids),
            ["buy", "", "0", "POSTED", "house/coins/issued", "viewer/u1/coins", "COIN", "100000", "-100000", "100000"]
        );
        let first = "2023-11-14T22:13:20.000000Z";
        assert_eq!(
            columns(2, &without_ids),
            ["gift, \"sent\"", first, "1", "POSTED", "house/diamonds/issued", "creator/c1/diamonds", "DIAMOND", "2", "-2", "2"]
        );
        assert_eq!(
            columns(3_001, &without_ids),
            ["", "", "0", "PENDING", "viewer/u1/coins", "house/coins/redeemed", "COIN", "7", "97000", "3000"]
        );
        assert!(rows.iter().all(|row| books::stamp::parse(&row[3]).is_some() && Uuid::try_parse(&row[0]).is_ok()));
        assert_eq!(text(&store, &book, ExportRange::default()).await, whole);

        // Exported in parts it gives the same rows.
        let header = whole.lines().next().unwrap();
        let one = text(&store, &book, ExportRange { until_seq: Some(700), ..ExportRange::default() }).await;
        let two = text(&store, &book, ExportRange { from_seq: 701, ..ExportRange::default() }).await;
        assert_eq!(format!("{one}{}", two.strip_prefix(&format!("{header}\n")).unwrap()), whole);
        assert_eq!(text(&store, &book, ExportRange { from_seq: 1 << 60, ..ExportRange::default() }).await.trim(), header);
        let own = text(&store, &book, ExportRange { account: Some("creator/c1/diamonds".to_owned()), ..ExportRange::default() }).await;
        assert_eq!(own.lines().count(), 1 + 1_500);
        let nobody = ExportRange { account: Some("creator/c2/diamonds".to_owned()), ..ExportRange::default() };
        assert!(export(store.clone(), &book, &nobody, Vec::new()).await.unwrap_err().to_string().contains("no account"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_had_enough_ends_it_and_a_file_appears_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (store, book) = build(&sqlite(dir.path()), 3_000).await;
    let url = format!("sqlite:{}", dir.path().display());
    let command = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
        command.args(["export", "--unrecorded", "--database", &url]).args(more).stderr(Stdio::piped()).stdout(Stdio::piped());
        command
    };
    let mut child = command(&["--book", "demo"]).spawn().unwrap();
    let mut line = String::new();
    // Reads a line, then closes the pipe.
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.starts_with("posting_id,seq,"));
    let ended = child.wait_with_output().unwrap();
    assert!(ended.status.success() && ended.stderr.is_empty(), "{ended:?}");

    let file = dir.path().join("demo.csv");
    assert!(command(&["--book", "demo", "--output", file.to_str().unwrap()]).status().unwrap().success());
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text(&store, &book, ExportRange::default()).await);
    assert!(!dir.path().join("demo.csv.partial").exists());
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "whose money it is is nobody else's business");

    let unknown = command(&["--book", "other"]).output().unwrap();
    assert!(!unknown.status.success());
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no book other; there is demo"), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn periods_together_are_the_whole_and_an_empty_one_has_only_the_header() {
    let dir = tempfile::tempdir().unwrap();
    let (store, book) = build(&sqlite(dir.path()), 300).await;
    let whole = text(&store, &book, ExportRange::default()).await;
    let url = format!("sqlite:{}", dir.path().display());
    let run = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
        command.args(["export", "--unrecorded", "--database", &url, "--book", "demo"]).args(more).env_remove("RUST_LOG").output().unwrap()
    };
    let exported = |more: &[&str]| {
        let output = run(more);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let header = format!("{}\n", whole.lines().next().unwrap());
    let rows: Vec<csv::StringRecord> = csv::Reader::from_reader(whole.as_bytes()).records().map(Result::unwrap).collect();
    // The last posting is alone in its commit, the first too.
    for middle in [&rows[rows.len() - 1][3], &rows[0][3], &rows[rows.len() / 2][3]] {
        let before = rows.iter().filter(|row| row[3] < *middle).count();
        let first: String = whole.split_inclusive('\n').take(1 + before).collect();
        assert_eq!(exported(&["--until", middle]), first);
        let second = exported(&["--from", middle]);
        assert_eq!(first + second.strip_prefix(&header).unwrap(), whole);
    }
    assert_eq!(exported(&["--from", "2001-01-01", "--until", "2001-02-01"]), header);
    assert_eq!(exported(&["--from", "9000-01-01"]), header);
    assert_eq!(exported(&["--from", "2001-01-01", "--until", "9000-01-01"]), whole);
    for (wrong, said) in [
        (&["--from", "2001-01-01", "--from-seq", "2"][..], "cannot be used with"),
        (&["--until", "2001-01-01", "--until-seq", "2"], "cannot be used with"),
        (&["--from", "November"], "a day such as 2026-11-01"),
        (&["--from", "2001-02-01", "--until", "2001-02-01"], "--until must be after --from"),
    ] {
        let output = run(wrong);
        assert!(output.status.code() == Some(2) && output.stdout.is_empty(), "{wrong:?}: {output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(said), "{wrong:?}: {output:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_compares_with_the_heads_it_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    build(&sqlite(dir.path()), 10).await;
    let verify = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
        command.args(["verify", "--database", &format!("sqlite:{}", dir.path().display())]).args(more).output().unwrap()
    };
    let printed = |output: &std::process::Output| String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed(&verify(&[])).contains("not compared with heads"));
    let nowhere = verify(&["--heads", "/nowhere"]);
    assert!(!nowhere.status.success() && String::from_utf8_lossy(&nowhere.stderr).contains("no such directory"), "{nowhere:?}");
    // A head of a commit that does not exist, in the directory beside the data that is the default.
    let head = books::heads::Head { time: 1, book: "demo".to_owned(), mode: Mode::Test, commit_no: 1_000, last_seq: 1, hash: [1; 32] };
    std::fs::create_dir(dir.path().join("heads")).unwrap();
    std::fs::write(books::heads::file_of(&dir.path().join("heads"), "demo"), format!("{}\n", head.line())).unwrap();
    let cut = verify(&[]);
    assert_eq!(cut.status.code(), Some(1));
    assert!(printed(&cut).contains("cut short"), "{cut:?}");
}
