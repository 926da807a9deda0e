//! A book moved with `largesse export` and `largesse import`: whole postings only, once, marked, and recorded.
use crate::{options, signed, signed_for};
use api::{
    ledger::{
        BookMode, CreateBookRequest, GetAccountRequest, PostRequest, RequestField, Transfer, ledger_service_client::LedgerServiceClient,
    },
    support::{Act, ListActsRequest, support_service_client::SupportServiceClient},
};
use demo::{installation::Installation, shop::Shop};
use identity::{BookScope, Role, Service};
use money::BookName;
use runtime::Runtime;
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};
use tonic::Request;
use uuid::Uuid;

/// Who exports, and why.
const WHY: [&str; 4] = ["--by", "sue", "--reason", "close of November"];

/// An installation with the used book `demo` and an empty one.
struct Moving {
    dir: tempfile::TempDir,
    fixture: Runtime,
}

impl Moving {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut given = options(dir.path());
        given.settings.ledger.unbounded = vec![crate::SUBJECT.to_owned()];
        let fixture = Runtime::start(given).await.unwrap();
        let moving = Self { dir, fixture };
        moving.create("new").await;
        moving
    }

    fn ledger(&self) -> LedgerServiceClient<rpc::Transport> {
        LedgerServiceClient::new(self.fixture.transport_for(Service::Ledger).unwrap())
    }

    fn by<T>(&self, role: Role, message: T) -> Request<T> {
        let mut request = signed_for(&self.fixture, role, BookScope::All, message);
        request.metadata_mut().insert(rpc::REASON, "part of a test".parse().unwrap());
        request
    }

    async fn create(&self, book: &str) {
        let create = CreateBookRequest {
            request_id: Uuid::now_v7().to_string(),
            book: book.to_owned(),
            mode: BookMode::Test.into(),
            region: "test".to_owned(),
        };
        self.ledger().create_book(self.by(Role::Admin, create)).await.unwrap();
    }

    async fn post(&self, kind: &str, transfers: &[(&str, &str, i64)], fields: &[(&str, &str)]) {
        let transfer = |(debit, credit, amount): &(&str, &str, i64)| Transfer {
            debit_account: (*debit).to_owned(),
            credit_account: (*credit).to_owned(),
            amount: *amount,
            ..Default::default()
        };
        let field = |(name, value): &(&str, &str)| RequestField { name: (*name).to_owned(), value: (*value).to_owned() };
        let post = PostRequest {
            book: "demo".to_owned(),
            request_id: Uuid::now_v7().to_string(),
            kind: kind.to_owned(),
            transfers: transfers.iter().map(transfer).collect(),
            request_fields: fields.iter().map(field).collect(),
            ..Default::default()
        };
        self.ledger().post(signed(&self.fixture, Role::Service, post)).await.unwrap();
    }

    /// Three gifts with two legs each.
    async fn gifts(&self) {
        for at in 0..3 {
            self.post(
                "gift",
                &[("viewer/u1/coins", "house/coins/redeemed", 100 + at), ("house/diamonds/issued", "creator/bob/diamonds", 100 + at)],
                &[("creator_id", "bob"), ("gift_id", "5655"), ("quantity", &(100 + at).to_string())],
            )
            .await;
        }
    }

    async fn buy(&self, coins: i64) {
        let installation = Installation::inside(&self.fixture, BookName::try_new("demo").unwrap()).unwrap();
        Shop::open(&installation).await.unwrap().buy("u1", coins).await.unwrap();
    }

    async fn balance(&self, book: &str, account: &str) -> i64 {
        let ask = GetAccountRequest { book: book.to_owned(), account: account.to_owned() };
        match self.ledger().get_account(self.by(Role::Service, ask)).await {
            Ok(found) => found.into_inner().account.unwrap().balance,
            Err(status) => {
                assert_eq!(rpc::reason(&status).as_deref(), Some("ACCOUNT_UNKNOWN"));
                0
            }
        }
    }

    fn url(&self) -> String {
        format!("http://{}", self.fixture.address("grpc").unwrap())
    }

    fn export(&self, book: &str, more: &[&str]) -> String {
        let database = format!("sqlite:{}", self.dir.path().display());
        let output = run(&[&["export", "--database", &database, "--book", book], &WHY[..], more].concat());
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Imports a file with this text into a book.
    fn import(&self, book: &str, text: &str, more: &[&str]) -> Output {
        let file = self.file(text);
        let (dir, url, file) = (self.dir.path().to_str().unwrap(), self.url(), file.to_str().unwrap().to_owned());
        run(&[&["import", "--book", book, "--url", &url, "--data-dir", dir, &file], more].concat())
    }

    fn file(&self, text: &str) -> PathBuf {
        let file = self.dir.path().join("moved.csv");
        std::fs::write(&file, text).unwrap();
        file
    }

    async fn acts(&self, command: &str) -> Vec<Act> {
        let ask = ListActsRequest { rpc: command.to_owned(), ..Default::default() };
        let mut support = SupportServiceClient::new(self.fixture.transport_for(Service::Support).unwrap());
        let mut acts = support.list_acts(self.by(Role::Auditor, ask)).await.unwrap().into_inner().acts;
        acts.reverse();
        acts
    }
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_largesse")).args(arguments).env_remove("RUST_LOG").output().unwrap()
}

fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn verify(dir: &Path) -> Output {
    run(&["verify", "--database", &format!("sqlite:{}", dir.display())])
}

/// The number of postings in a file.
fn postings(text: &str) -> usize {
    text.lines().skip(1).map(|line| &line[..36]).collect::<std::collections::BTreeSet<_>>().len()
}

/// Sorts the rows by a column, as a spreadsheet does.
fn sorted_by(text: &str, column: usize) -> String {
    let mut rows: Vec<&str> = text.lines().skip(1).collect();
    rows.sort_by_key(|row| row.split(',').nth(column).unwrap().to_owned());
    [text.lines().next().unwrap()].into_iter().chain(rows).collect::<Vec<_>>().join("\n") + "\n"
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sorted_file_posts_no_halves_and_the_whole_one_mends_it() {
    let moving = Moving::start().await;
    moving.post("top_up", &[("house/coins/issued", "viewer/u1/coins", 1_000)], &[]).await;
    moving.gifts().await;
    let whole = moving.export("demo", &[]);
    let output = moving.import("new", &sorted_by(&whole, 7), &[]);
    let told = printed(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("new: 1 postings imported") && told.contains("must follow each other"), "{told}");
    for account in ["house/coins/redeemed", "creator/bob/diamonds"] {
        assert_eq!(moving.balance("new", account).await, 0, "half of a gift was posted");
    }
    let output = moving.import("new", &whole, &[]);
    let told = printed(&output);
    assert!(output.status.success() && told.contains("new: 3 postings imported, 1 there before"), "{told}");
    assert_eq!(moving.balance("new", "viewer/u1/coins").await, 1_000 - 303);
    assert_eq!(moving.balance("new", "creator/bob/diamonds").await, 303);
    moving.fixture.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_accounts_transfers_are_no_book_and_refused_as_such() {
    let moving = Moving::start().await;
    moving.post("top_up", &[("house/coins/issued", "viewer/u1/coins", 1_000)], &[]).await;
    moving.gifts().await;
    for account in ["creator/bob/diamonds", "viewer/u1/coins"] {
        let output = moving.import("new", &moving.export("demo", &["--account", account]), &[]);
        let told = printed(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(&format!("only the transfers of {account}")) && told.contains("nothing was imported"), "{told}");
        assert_eq!(moving.balance("new", account).await, 0);
    }
    moving.fixture.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_book_has_is_not_imported_into_it_however_it_comes_back() {
    let moving = Moving::start().await;
    moving.buy(500).await;
    moving.gifts().await;
    let own = moving.export("demo", &[]);
    let (coins, diamonds) = (moving.balance("demo", "viewer/u1/coins").await, 303);
    for more in [&["--dry-run"][..], &[]] {
        let output = moving.import("demo", &own, more);
        let told = printed(&output);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("POSTING_EXISTS: ") && told.contains("in this book already") && told.contains("demo: 0 postings"), "{told}");
        assert_eq!(moving.balance("demo", "viewer/u1/coins").await, coins);
    }
    // Round trip: out of the new book, where every posting has another id, back into the first and into the new one itself.
    assert!(moving.import("new", &own, &[]).status.success());
    let round = moving.export("new", &[]);
    assert!(printed(&moving.import("demo", &round, &[])).contains("demo: 0 postings imported, 0 there before"));
    let there = format!("new: 0 postings imported, {} there before", postings(&own));
    assert!(printed(&moving.import("new", &round, &[])).contains(&there));
    for book in ["demo", "new"] {
        assert_eq!(moving.balance(book, "viewer/u1/coins").await, coins);
        assert_eq!(moving.balance(book, "creator/bob/diamonds").await, diamonds);
    }
    moving.fixture.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_say_what_a_posting_was_for_and_the_file_is_imported_all_the_same() {
    let moving = Moving::start().await;
    moving.buy(500).await;
    moving.gifts().await;
    let text = moving.export("demo", &["--fields"]);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let columns = reader.headers().unwrap().clone();
    assert!(columns.iter().eq(monitor::export::HEADER.into_iter().chain(["amount_decimal", "fields"])), "{columns:?}");
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let fields = |row: &csv::StringRecord| serde_json::from_str::<serde_json::Value>(&row[16]).unwrap();
    let gift = rows.iter().find(|row| &row[2] == "gift").unwrap();
    assert_eq!((&fields(gift)["creator_id"], &fields(gift)["gift_id"]), (&"bob".into(), &"5655".into()), "{gift:?}");
    assert_eq!((&gift[10], &gift[15]), ("100", "100"), "coins have no smaller unit");
    let sold = rows.iter().find(|row| row[2].starts_with("purchase.") && &row[9] == "USD").unwrap();
    let (known, minor_units) = (fields(sold), sold[10].parse::<i64>().unwrap());
    let stated = ["purchase_id", "transaction_id", "store", "product_id"].map(|name| known[name].as_str().unwrap_or_default().is_empty());
    assert_eq!(stated, [false; 4], "{known}");
    assert_eq!(sold[15], format!("{}.{:02}", minor_units / 100, minor_units % 100));
    // The additional columns are not imported, and nothing else is different.
    let plain = moving.export("demo", &[]);
    let without: Vec<String> = rows.iter().map(|row| row.iter().take(15).collect::<Vec<_>>().join(",")).collect();
    assert_eq!(plain.lines().skip(1).collect::<Vec<_>>(), without);
    assert!(moving.import("new", &text, &[]).status.success());
    for account in ["viewer/u1/coins", "creator/bob/diamonds", "house/deferred_revenue/USD"] {
        assert_eq!(moving.balance("new", account).await, moving.balance("demo", account).await, "{account}");
    }
    moving.fixture.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_exports_is_in_the_audit_log_and_without_one_nothing_is_exported() {
    let moving = Moving::start().await;
    moving.post("top_up", &[("house/coins/issued", "viewer/u1/coins", 1_000)], &[]).await;
    moving.export("demo", &["--from", "2026-11-01", "--account", "viewer/u1/coins"]);
    let acts = moving.acts("largesse export").await;
    let told: Vec<_> = acts.iter().map(|act| (act.subject.as_str(), act.reason.as_str(), act.outcome.as_str())).collect();
    assert_eq!(told, [("sue", "close of November", ""), ("sue", "", "OK")]);
    assert_eq!((acts[0].book.as_str(), acts[0].user_id.as_str()), ("demo", "u1"));
    assert!(acts[0].request_json.contains("2026-11-01T00:00:00Z") && acts[0].request_json.contains("viewer/u1/coins"), "{acts:?}");
    moving.export("demo", &["--unrecorded"]);
    // The record would not say why.
    let from = format!("sqlite:{}", moving.dir.path().display());
    for more in [&["--reason", "audit"][..], &[]] {
        let unexplained = run(&[&["export", "--database", &from, "--book", "demo", "--by", "sue"], more].concat());
        assert!(unexplained.status.code() == Some(2) && unexplained.stdout.is_empty(), "{unexplained:?}");
        let said = printed(&unexplained);
        assert!(said.contains("--reason") && said.contains("8 to 500 bytes"), "{said}");
    }
    assert_eq!(moving.acts("largesse export").await.len(), 2);
    // Nothing is written into a backup.
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("copy").display().to_string();
    assert!(run(&["backup", "--database", &from, "--to", &copy]).status.success());
    let database = format!("sqlite:{copy}");
    let file = elsewhere.path().join("demo.csv");
    let export = [&["export", "--database", &database, "--book", "demo", "--output", file.to_str().unwrap()], &WHY[..]].concat();
    let refused = run(&export);
    assert!(refused.status.code() == Some(1) && !file.exists(), "{refused:?}");
    assert!(printed(&refused).contains("nothing is exported") && printed(&refused).contains("--unrecorded"), "{refused:?}");
    assert!(run(&[&export[..], &["--unrecorded"]].concat()).status.success() && file.exists());
    moving.fixture.shutdown().await;
}

/// A payout that was in flight when its book was exported: there is no row here for its money.
const IN_FLIGHT: &str = "01936f5e-7c3b-7000-9000-a1b2c3d4e5f6,7,conversion,2026-01-01T00:00:00.000000Z,,0,POSTED,house/creator_cost/USD,creator/bob/payable/USD,USD,500,0,0,1,
01936f5e-7c3b-7000-9000-a1b2c3d4e5f7,8,payout.submit,2026-01-01T00:00:01.000000Z,,0,POST_OF_PENDING,creator/bob/payable/USD,house/in_transit/USD,USD,500,0,0,1,
";

#[tokio::test(flavor = "multi_thread")]
async fn an_imported_book_is_healthy_and_says_what_was_imported() {
    let moving = Moving::start().await;
    moving.buy(500).await;
    moving.gifts().await;
    let text = moving.export("demo", &[]) + IN_FLIGHT;
    let output = moving.import("new", &text, &[]);
    assert!(output.status.success(), "{output:?}");
    let dir = moving.dir.path().to_owned();
    let output = verify(&dir);
    let told = printed(&output);
    assert!(output.status.success() && told.contains("new: passed") && told.contains("demo: passed"), "{told}");
    let line = told.lines().find(|line| line.contains("were imported")).unwrap_or_else(|| panic!("{told}"));
    assert!(line.starts_with(&format!("new: {} postings", postings(&text))) && line.contains("500 USD in transit"), "{line}");
    moving.fixture.shutdown().await;
    // The restarted monitor audits from the beginning.
    let mut given = options(&dir);
    given.settings.monitor.every_ms = 100;
    let fixture = Runtime::start(given).await.unwrap();
    crate::monitor::until_green(&fixture).await;
    fixture.shutdown().await;
}

/// A posting of a file: its kind, how its transfers count, and from where to where they go.
type FilePosting<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str, i64)]);

/// A file's rows of these postings, which happened elsewhere one second after the other.
fn elsewhere(postings: &[FilePosting<'_>]) -> String {
    let mut text = String::new();
    for (at, (kind, transfer_kind, transfers)) in postings.iter().enumerate() {
        let id = Uuid::now_v7();
        for (leg, (debit, credit, amount)) in transfers.iter().enumerate() {
            let unit = match debit.rsplit_once('/') {
                Some((_, "USD")) => "USD",
                _ if debit.contains("diamonds") => "DIAMOND",
                _ => "COIN",
            };
            let legs = transfers.len();
            text += &format!(
                "{id},{at},{kind},2026-01-01T00:00:{at:02}.000000Z,,{leg},{transfer_kind},{debit},{credit},{unit},{amount},0,0,{legs},\n"
            );
        }
    }
    text
}

/// What wallets of another installation went through: sold, spent, earned, held, paid back, owed, merged, closed, and left until it was breakage.
const LIVES: &[FilePosting<'static>] = &[
    (
        "purchase.apple",
        "POSTED",
        &[
            ("house/coins/issued", "viewer/ann/coins", 700),
            ("house/store_receivable/USD", "house/deferred_revenue/USD", 699),
            ("house/prepaid_commission/USD", "house/deferred_revenue/USD", 300),
        ],
    ),
    ("gift", "POSTED", &[("viewer/ann/coins", "house/coins/redeemed", 300), ("house/diamonds/issued", "creator/bob/diamonds", 300)]),
    (
        "revenue.day",
        "POSTED",
        &[
            ("house/deferred_revenue/USD", "house/revenue/USD", 428),
            ("house/deferred_revenue/USD", "house/breakage_revenue/USD", 50),
            ("house/commission_expense/USD", "house/prepaid_commission/USD", 143),
        ],
    ),
    ("refund.asked", "PENDING", &[("viewer/ann/coins", "house/coins/issued", 100)]),
    ("refund.taken", "POST_OF_PENDING", &[("viewer/ann/coins", "house/coins/issued", 60)]),
    ("refund.released", "VOID_OF_PENDING", &[("viewer/ann/coins", "house/coins/issued", 40)]),
    ("refund.granted", "POSTED", &[("viewer/ann/coins", "house/coins/issued", 200), ("viewer/ann/debt", "house/coins/issued", 30)]),
    (
        "refund.money",
        "POSTED",
        &[
            ("house/deferred_revenue/USD", "house/store_receivable/USD", 100),
            ("house/contra_revenue/USD", "house/store_receivable/USD", 20),
        ],
    ),
    ("refund.reversed", "POSTED", &[("house/coins/issued", "viewer/ann/coins", 7)]),
    ("debt.settle", "POSTED", &[("viewer/ann/coins", "viewer/ann/debt", 20)]),
    ("purchase.web", "POSTED", &[("house/coins/issued", "viewer/dora/coins", 70), ("house/coins/issued", "house/coins/suspense", 70)]),
    ("dispute.money", "POSTED", &[("house/disputed_amounts/USD", "house/processor_receivable/USD", 74)]),
    ("wallet.forfeited", "POSTED", &[("viewer/dora/coins", "house/coins/issued", 70)]),
    ("wallet.merged", "POSTED", &[("viewer/ann/coins", "viewer/cleo/coins", 127), ("viewer/cleo/debt", "viewer/ann/debt", 10)]),
    ("store.settle", "POSTED", &[("house/bank_cash/USD", "house/store_receivable/USD", 500)]),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_book_of_refunds_debts_closures_and_breakage_is_healthy() {
    let moving = Moving::start().await;
    let text = moving.export("demo", &[]) + &elsewhere(LIVES);
    let output = moving.import("new", &text, &[]);
    let told = printed(&output);
    assert!(output.status.success() && told.contains("new: 13 postings imported"), "{told}");
    for (account, balance) in [
        ("viewer/ann/coins", 0),
        ("viewer/ann/debt", 0),
        ("viewer/cleo/coins", 127),
        ("viewer/cleo/debt", -10),
        ("house/coins/suspense", 70),
        ("house/deferred_revenue/USD", 421),
        ("house/breakage_revenue/USD", 50),
    ] {
        assert_eq!(moving.balance("new", account).await, balance, "{account}");
    }
    let dir = moving.dir.path().to_owned();
    let output = verify(&dir);
    let told = printed(&output);
    assert!(output.status.success() && told.contains("new: passed") && told.contains("demo: passed"), "{told}");
    assert!(told.lines().any(|line| line.starts_with("new: 13 postings") && line.contains("were imported")), "{told}");
    moving.fixture.shutdown().await;
    let mut given = options(&dir);
    given.settings.monitor.every_ms = 100;
    let fixture = Runtime::start(given).await.unwrap();
    crate::monitor::until_green(&fixture).await;
    fixture.shutdown().await;
    let output = verify(&dir);
    assert!(output.status.success(), "{}", printed(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_calls_its_posting_imported_is_found() {
    let moving = Moving::start().await;
    let said = Uuid::now_v7().to_string();
    moving.post("purchase.apple", &[("house/coins/issued", "viewer/u1/coins", 77)], &[("imported_id", &said)]).await;
    let output = verify(moving.dir.path());
    let told = printed(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("issues coins for no credited purchase") && !told.contains("were imported"), "{told}");
    moving.fixture.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_the_run_says() {
    let moving = Moving::start().await;
    moving.post("top_up", &[("house/coins/issued", "viewer/u1/coins", 1_000)], &[]).await;
    moving.gifts().await;
    let whole = moving.export("demo", &[]);
    let counted = |output: Output| String::from_utf8(output.stdout).unwrap();
    // The file without the coins that the gifts were paid from, and unchanged.
    let poor: String = whole.lines().filter(|line| !line.contains("top_up")).map(|line| format!("{line}\n")).collect();
    for (text, counts) in [(poor, "0 postings"), (whole.clone(), "4 postings")] {
        let dry = counted(moving.import("new", &text, &["--dry-run"]));
        assert_eq!(moving.balance("new", "creator/bob/diamonds").await, 0);
        let run = counted(moving.import("new", &text, &[]));
        assert_eq!(dry.replace("would be imported", "imported"), run);
        assert!(
            dry.contains(&format!("new: {counts} would be imported")) && run.contains(&format!("new: {counts} imported")),
            "{dry}{run}"
        );
    }
    // Postings that were refused for want of coins are imported once the coins are there.
    assert_eq!(moving.balance("new", "creator/bob/diamonds").await, 303);
    assert!(printed(&moving.import("new", &whole, &["--dry-run"])).contains("0 postings would be imported, 4 there before"));
    moving.fixture.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_in_the_audit_log_with_who_did_it() {
    let moving = Moving::start().await;
    moving.post("top_up", &[("house/coins/issued", "viewer/u1/coins", 1_000)], &[]).await;
    let whole = moving.export("demo", &[]);
    let output = moving.import("new", &whole, &["--by", "ann", "--reason", "moving in from the old book"]);
    assert!(output.status.success(), "{output:?}");
    let acts = moving.acts("largesse import").await;
    let told: Vec<_> = acts.iter().map(|act| (act.subject.as_str(), act.book.as_str(), act.reason.as_str())).collect();
    assert_eq!(told, [("ann", "new", "moving in from the old book"), ("ann", "new", "")]);
    assert!(acts[0].request_json.contains("moved.csv") && acts[0].request_json.contains("sha256"), "{:?}", acts[0]);
    assert!(acts[1].outcome.starts_with("OK: 1 imported"), "{:?}", acts[1]);
    // Without a name, the operating system's login is recorded, and the log says that it is one.
    assert!(moving.import("new", &whole, &[]).status.success());
    let acts = moving.acts("largesse import").await;
    assert!(!acts[2].subject.is_empty() && acts[2].subject != "import" && acts[2].issuer == "terminal, system login", "{:?}", acts[2]);
    // A dry run changes nothing.
    moving.import("new", &whole, &["--dry-run"]);
    assert_eq!(moving.acts("largesse import").await.len(), 4);
    // If nothing can be recorded, nothing is imported, unless --unrecorded is given.
    moving.create("other").await;
    let nowhere = ["--support-url", "http://127.0.0.1:1"];
    let output = moving.import("other", &whole, &nowhere);
    let told = printed(&output);
    assert!(output.status.code() == Some(1) && told.contains("audit log") && told.contains("--unrecorded"), "{told}");
    assert_eq!(moving.balance("other", "viewer/u1/coins").await, 0);
    assert!(moving.import("other", &whole, &[&nowhere[..], &["--unrecorded"]].concat()).status.success());
    moving.fixture.shutdown().await;
}

#[test]
fn no_key_is_made_where_there_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("some.csv");
    std::fs::write(&file, monitor::export::HEADER.join(",")).unwrap();
    let elsewhere = dir.path().join("typo");
    let output = run(&["import", "--book", "demo", "--data-dir", elsewhere.to_str().unwrap(), file.to_str().unwrap()]);
    let told = printed(&output);
    assert!(output.status.code() == Some(1) && told.contains("--data-dir"), "{told}");
    assert!(!elsewhere.exists(), "a key was made for an installation that is not there");
}
