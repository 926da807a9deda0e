//! `largesse import`: an export of another installation is imported once, and bad lines are reported.
use books::{
    domain::request::{AccountName, Action, BookRequest, NewTransfer, RequestFields},
    store::Mode,
};
use demo::installation::Installation;
use ledger::Ledger;
use money::{Amount, BookName};
use monitor::export::{ExportRange, HEADER};
use operations::{
    export::export,
    import::{ImportCounts, ImportTarget, import},
};
use runtime::{Options, Runtime};
use uuid::Uuid;

fn transfer(debit: &str, credit: &str, amount: i64) -> NewTransfer {
    let name = |text: &str| AccountName::parse(text.to_owned()).unwrap();
    NewTransfer::try_new(name(debit), name(credit), Amount::try_new(amount).unwrap()).unwrap()
}

fn post(kind: &str, transfers: Vec<NewTransfer>) -> BookRequest {
    let action = Action::Post { transfers, guards: Vec::new(), refusal: None };
    BookRequest::new(money::derive_id(Uuid::now_v7(), &["import"]), RequestFields::default(), kind.to_owned(), action)
}

/// The export of a book with a purchase, gifts, and a hold that was posted in part.
async fn exported() -> String {
    let dir = tempfile::tempdir().unwrap();
    let database = db::Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
    let ledger = Ledger::start(books::store::open_store(&database).await.unwrap(), ledger::Config::default()).await.unwrap();
    let name = BookName::try_new("old").unwrap();
    let row = ledger.create_book(&name, Mode::Test, "test").await.unwrap();
    let book = ledger.book(&name).await.unwrap();
    book.submit(post("top_up", vec![transfer("house/coins/issued", "viewer/u1/coins", 1_000)])).await.unwrap();
    for _ in 0..300 {
        let diamonds = transfer("house/diamonds/issued", "creator/c1/diamonds", 2);
        book.submit(post("gift", vec![transfer("viewer/u1/coins", "house/coins/redeemed", 2), diamonds])).await.unwrap();
    }
    let hold = NewTransfer { pending: true, ..transfer("viewer/u1/coins", "house/coins/redeemed", 50) };
    let held = match book.submit(post("hold", vec![hold])).await.unwrap() {
        ledger::answer::Answer::Posted { posted, .. } => posted.transfers[0].transfer.no,
        ledger::answer::Answer::Done => panic!("no posting"),
    };
    let part = Action::PostPending { transfer_no: held, amount: Amount::try_new(20).ok() };
    book.submit(BookRequest { action: part, ..post("take", Vec::new()) }).await.unwrap();
    let mut out = Vec::new();
    export(ledger.store().clone(), &row, &ExportRange::default(), &mut out).await.unwrap();
    drop(book);
    ledger.shutdown().await;
    String::from_utf8(out).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_taken_in_once_and_its_bad_lines_are_named() {
    let file = exported().await;
    let dir = tempfile::tempdir().unwrap();
    let fixture = Runtime::start(Options::sandbox(dir.path().to_owned())).await.unwrap();
    let installation = Installation::inside(&fixture, BookName::try_new("demo").unwrap()).unwrap();
    let token = installation.token("import", identity::Role::Service).unwrap();
    let target = |dry_run| ImportTarget { client: installation.ledger(), token: token.clone(), book: "demo".to_owned(), dry_run };
    let run = async |dry_run, text: String| {
        let mut told = Vec::new();
        let counts = import(&mut target(dry_run), text.as_bytes(), |what| told.push(what)).await.unwrap();
        (counts, told)
    };
    // A dry run reports what the run will do, each posting after those before it.
    let (counts, _) = run(true, file.clone()).await;
    assert_eq!(counts, ImportCounts { imported: 302, there: 0, left_out: 1, refused: 0, bad: 0 });
    // With the gift in lines 4 and 5 damaged, and an additional line of another shape.
    let damaged = file.replacen(",2,", ",two,", 1) + "what,is,this\n";
    let (counts, told) = run(false, damaged).await;
    assert_eq!(counts, ImportCounts { imported: 301, there: 0, left_out: 1, refused: 0, bad: 2 }, "{told:?}");
    assert!(told[0].starts_with("line 3:") && told[1].starts_with("line 605:"), "{told:?}");
    // The whole file: what was missing is imported, and nothing twice.
    assert_eq!(run(false, file.clone()).await.0, ImportCounts { imported: 1, there: 301, left_out: 1, refused: 0, bad: 0 });
    assert_eq!(run(false, file).await.0, ImportCounts { imported: 0, there: 302, left_out: 1, refused: 0, bad: 0 });
    let account = api::ledger::GetAccountRequest { book: "demo".to_owned(), account: "viewer/u1/coins".to_owned() };
    let account = demo::installation::authorised(account, &token).unwrap();
    let account = installation.ledger().get_account(account).await.unwrap().into_inner().account.unwrap();
    assert_eq!((account.balance, account.available), (1_000 - 600 - 20, 380));
    let headless = import(&mut target(false), HEADER[0].as_bytes(), |_| {}).await;
    assert!(headless.is_err());
    fixture.shutdown().await;
}
