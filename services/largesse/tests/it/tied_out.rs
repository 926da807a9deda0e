//! Finance ties its numbers out: what an export adds up to is the ledger's trial balance, the balances of accounting days and the trial balance of a mapping,
//! and its periods add up to the whole.
use crate::{explaining::done, options, signed};
use accounting::{LedgerAccount, Mapping, balance::trial_balance_csv};
use api::{
    gift::SendGiftRequest,
    ledger::{GetTrialBalanceRequest, PostPendingRequest, PostRequest, Transfer, VoidPendingRequest},
    payout::{
        AbaAccount, CreateBeneficiaryRequest, PayoutState, RequestPayoutRequest, WatchPayoutRequest, create_beneficiary_request::Account,
    },
    support::{Adjustment, AdjustmentTransfer, ListActsRequest, propose_request::Act, support_service_client::SupportServiceClient},
    r#type::Money,
};
use demo::{
    installation::{Installation, authorised},
    shop::Shop,
};
use futures::TryStreamExt as _;
use identity::{Role, Service};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use money::BookName;
use operations::accounting::AccountingCaller;
use runtime::Runtime;
use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Output},
};
use uuid::Uuid;

const MAPPING: &str = include_str!("../../../../deploy/accounting.toml");
/// How often the numbers are read again because something was posted while they were read.
const READS_MAX: usize = 50;

/// Debits and credits by account or code, and by unit.
type Sums = BTreeMap<(String, String), (i64, i64)>;

struct Books {
    dir: tempfile::TempDir,
    fixture: Runtime,
    installation: Installation,
}

fn id() -> String {
    Uuid::now_v7().to_string()
}

/// A day that is not before any posting of the test, whatever the hour.
fn last_day() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date().tomorrow().unwrap()
}

impl Books {
    /// A shop with purchases, a gift, a hold that is posted in part and one that is released, and a payout.
    async fn busy() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut given = options(dir.path());
        given.settings.ledger.unbounded = vec![crate::SUBJECT.to_owned()];
        let fixture = Runtime::start(given).await.unwrap();
        let installation = Installation::inside(&fixture, BookName::try_new("demo").unwrap()).unwrap();
        let books = Self { dir, fixture, installation };
        Shop::open(&books.installation).await.unwrap().buy("ada", 2_000).await.unwrap();
        books.gift().await;
        for part in [20, 0] {
            books.hold(part).await;
        }
        books.pay().await;
        books
    }

    async fn gift(&self) {
        let ada = self.installation.token("ada", Role::Viewer).unwrap();
        let gift_id =
            self.installation.gift().list_gifts(authorised(Default::default(), &ada).unwrap()).await.unwrap().into_inner().gifts[0].gift_id;
        let send = SendGiftRequest {
            request_id: id(),
            room_id: "r1".to_owned(),
            creator_id: "bob".to_owned(),
            gift_id,
            quantity: 3,
            ..Default::default()
        };
        self.installation.gift().send_gift(authorised(send, &ada).unwrap()).await.unwrap();
    }

    /// Holds 50 coins, and posts so many of them; none: releases them.
    async fn hold(&self, part: i64) {
        let transfer = Transfer {
            debit_account: "viewer/ada/coins".to_owned(),
            credit_account: "house/coins/redeemed".to_owned(),
            amount: 50,
            pending: true,
            ..Default::default()
        };
        let hold = PostRequest { request_id: id(), kind: "hold".to_owned(), transfers: vec![transfer], ..Default::default() };
        let mut ledger = self.installation.ledger();
        let held = ledger.post(signed(&self.fixture, Role::Service, hold)).await.unwrap().into_inner().posting.unwrap();
        let (request_id, transfer_no) = (id(), held.transfers[0].transfer_no);
        if part > 0 {
            let post = PostPendingRequest { request_id, transfer_no, amount: part, kind: "hold.taken".to_owned(), ..Default::default() };
            ledger.post_pending(signed(&self.fixture, Role::Service, post)).await.unwrap();
        } else {
            let void = VoidPendingRequest { request_id, transfer_no, kind: "hold.released".to_owned(), ..Default::default() };
            ledger.void_pending(signed(&self.fixture, Role::Service, void)).await.unwrap();
        }
    }

    /// Pays bob 5.00 USD.
    async fn pay(&self) {
        let transfer = AdjustmentTransfer {
            debit_account: "house/accrued_creator_liability/USD".to_owned(),
            credit_account: "creator/bob/payable/USD".to_owned(),
            amount: 5_000,
        };
        done(&self.installation, Act::Adjustment(Adjustment { transfers: vec![transfer] })).await;
        let (bob, mut payouts) = (self.installation.token("bob", Role::Creator).unwrap(), self.installation.payout());
        let account = AbaAccount { routing_number: "021000021".into(), account_number: "99887766554".into(), ..Default::default() };
        let create = CreateBeneficiaryRequest {
            request_id: id(),
            holder_name: "Bob Example".into(),
            account: Some(Account::Aba(account)),
            ..Default::default()
        };
        let made = payouts.create_beneficiary(authorised(create, &bob).unwrap()).await.unwrap().into_inner().beneficiary.unwrap();
        let amount = Some(Money { currency_code: "USD".to_owned(), minor_units: 500 });
        let request = RequestPayoutRequest { request_id: id(), beneficiary_id: made.beneficiary_id, amount, ..Default::default() };
        let payout = payouts.request_payout(authorised(request, &bob).unwrap()).await.unwrap().into_inner().payout.unwrap();
        // A watch ends once the payout is final, and may end before.
        loop {
            let watch = WatchPayoutRequest { payout_id: payout.payout_id.clone(), ..Default::default() };
            let mut changes = payouts.watch_payout(authorised(watch, &bob).unwrap()).await.unwrap().into_inner();
            while let Some(change) = changes.try_next().await.unwrap() {
                let state = change.payout.map(|payout| payout.state());
                if [Some(PayoutState::Settled), Some(PayoutState::SettledReturnable)].contains(&state) {
                    return;
                }
                assert_ne!(state, Some(PayoutState::Rejected));
            }
        }
    }

    /// The rows of an export.
    fn exported(&self, more: &[&str]) -> Vec<csv::StringRecord> {
        let database = format!("sqlite:{}", self.dir.path().display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
        command.args(["export", "--database", &database, "--book", "demo", "--by", "fay", "--reason", "close of the month"]).args(more);
        let output = command.env_remove("RUST_LOG").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        csv::Reader::from_reader(output.stdout.as_slice()).records().map(Result::unwrap).collect()
    }

    /// The lines of GetTrialBalance that something was posted in.
    async fn trial(&self) -> Sums {
        let fay = self.installation.token("fay", Role::Finance).unwrap();
        let ask = authorised(GetTrialBalanceRequest::default(), &fay).unwrap();
        let answer = self.installation.ledger().get_trial_balance(ask).await.unwrap().into_inner();
        let moved = answer.lines.into_iter().filter(|line| (line.debits_posted, line.credits_posted) != (0, 0));
        moved.map(|line| ((line.accounts, line.unit), (line.debits_posted, line.credits_posted))).collect()
    }
}

/// Sums of the rows that move money, by account group and unit.
fn sums<'a>(rows: impl IntoIterator<Item = &'a csv::StringRecord>) -> Sums {
    let mut sums = Sums::new();
    for row in rows.into_iter().filter(|row| ["POSTED", "POST_OF_PENDING"].contains(&&row[6])) {
        let (unit, amount): (String, i64) = (row[9].to_owned(), row[10].parse().unwrap());
        sums.entry((chart::account::group(&row[7]), unit.clone())).or_default().0 += amount;
        sums.entry((chart::account::group(&row[8]), unit)).or_default().1 += amount;
    }
    sums
}

/// The same by account of the general ledger, without coins and diamonds.
fn by_code(mapping: &Mapping, sums: &Sums) -> Sums {
    let mut codes = Sums::new();
    for ((account, unit), (debits, credits)) in sums {
        let line = LedgerAccount::parse(account, unit);
        if !matches!(line, LedgerAccount::Memo(_)) {
            let sum = codes.entry((mapping.account("main", line).unwrap().code.clone(), unit.clone())).or_default();
            *sum = (sum.0 + debits, sum.1 + credits);
        }
    }
    codes
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_adds_up_to_every_trial_balance_and_its_periods_to_the_whole() {
    let books = Books::busy().await;
    let fay = books.installation.token("fay", Role::Finance).unwrap();
    let transport = books.installation.treasury_transport();
    let caller = AccountingCaller { transport, token: &fay, reason: "close of the month", book: "demo", entity: "main" };
    // Services post on their own account, too: all numbers have to be of one moment.
    let mut read = None;
    for _ in 0..READS_MAX {
        let rows = books.exported(&[]);
        let (trial, balances) = (books.trial().await, caller.balances(last_day()).await.unwrap());
        if books.exported(&[]) == rows {
            read = Some((rows, trial, balances));
            break;
        }
    }
    let (rows, trial, balances) = read.expect("a moment in which nothing is posted");
    let kinds = |wanted: &str| rows.iter().filter(|row| &row[6] == wanted).count();
    assert_eq!((kinds("VOID_OF_PENDING"), kinds("POST_OF_PENDING")), (1, 2), "the release; a part of the other hold, and the payout's");
    assert_eq!(kinds("PENDING"), 3);
    let whole = sums(&rows);
    let settled = ("house/bank_cash/USD".to_owned(), "USD".to_owned());
    assert!(whole[&settled].1 >= 500 - 100, "the payout left the bank: {whole:?}");
    assert_eq!(whole, trial);
    // The payout's postings name what its bank calls it.
    let with_fields = books.exported(&["--fields"]);
    let settled = with_fields.iter().find(|row| &row[2] == "payout.settle").unwrap();
    let fields: serde_json::Value = serde_json::from_str(&settled[16]).unwrap();
    let payout_id = Uuid::try_parse(fields["payout_id"].as_str().unwrap()).unwrap();
    assert_eq!(fields["end_to_end_ids"], serde_json::json!([payout_id.simple().to_string()]), "{fields}");
    let of_days = balances.lines.iter().map(|line| ((line.account.clone(), line.unit.clone()), (line.debits, line.credits)));
    assert_eq!(of_days.collect::<Sums>(), whole);

    let mapping = Mapping::read(MAPPING).unwrap();
    let csv = trial_balance_csv(caller.title(last_day(), balances.closed), &mapping, &balances.lines).unwrap();
    let mut of_codes = Sums::new();
    for row in csv::Reader::from_reader(csv.as_bytes()).records().map(Result::unwrap).filter(|row| &row[0] == "line") {
        of_codes.insert((row[6].to_owned(), row[9].to_owned()), (row[10].parse().unwrap(), row[11].parse().unwrap()));
    }
    assert_eq!(of_codes, by_code(&mapping, &whole));

    // Three periods, which begin at postings of the first: together they are the rows of the whole, and so are their sums.
    let (one, two) = (&rows[rows.len() / 3][3], &rows[rows.len() * 2 / 3][3]);
    let periods = [vec!["--until", one], vec!["--from", one, "--until", two], vec!["--from", two]];
    let mut parts = Vec::new();
    // Of an empty period there is none: its two ends are one moment.
    for period in periods.iter().filter(|period| period.len() < 4 || one < two) {
        parts.extend(books.exported(period));
    }
    assert_eq!(parts.iter().take(rows.len()).collect::<Vec<_>>(), rows.iter().collect::<Vec<_>>());
    assert_eq!(sums(parts.iter().take(rows.len())), whole);
    books.fixture.shutdown().await;
}

/// `largesse export` from the running monitor, into a file.
fn asked(books: &Books, role: Role, file: &Path, more: &[&str]) -> Output {
    let token_file = books.dir.path().join("token");
    std::fs::write(&token_file, books.installation.token("fay", role).unwrap()).unwrap();
    let url = format!("http://{}", books.fixture.address("grpc").unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
    command.args(["export", "--url", &url, "--book", "demo", "--fields", "--token-file"]).arg(token_file).arg("--output").arg(file);
    command.args(more).env_remove("RUST_LOG").output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn finance_has_the_same_file_from_a_running_monitor_and_others_have_none() {
    const WHY: [&str; 2] = ["--reason", "close of the month"];
    let books = Books::busy().await;
    let (file, tables) = (books.dir.path().join("asked.csv"), books.dir.path().join("tables.csv"));
    let output = asked(&books, Role::Finance, &file, &WHY);
    assert!(output.status.success(), "{output:?}");
    books.exported(&["--fields", "--output", tables.to_str().unwrap()]);
    let (of_monitor, of_tables) = (std::fs::read_to_string(&file).unwrap(), std::fs::read_to_string(&tables).unwrap());
    // Services post on their own account, too.
    assert!(of_monitor.lines().count() > 10 && of_tables.starts_with(&of_monitor), "{of_monitor}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.trim(), format!("demo: {} transfers", of_monitor.lines().count() - 1));
    let list = ListActsRequest { rpc: "largesse.monitor.v1.MonitorService/ExportJournal".to_owned(), ..Default::default() };
    let auditor = books.installation.token("aud", Role::Auditor).unwrap();
    let mut support = SupportServiceClient::new(books.fixture.transport_for(Service::Support).unwrap());
    let mut list = authorised(list, &auditor).unwrap();
    list.metadata_mut().insert(rpc::REASON, "part of a test".parse().unwrap());
    let acts = support.list_acts(list).await.unwrap().into_inner().acts;
    assert!(!acts.is_empty() && acts.iter().all(|act| act.subject == "fay" && act.book == "demo"), "{acts:?}");
    assert!(acts.iter().any(|act| act.reason == WHY[1]), "{acts:?}");
    std::fs::remove_file(&file).unwrap();
    for (role, more, code, why) in [
        (Role::Support, &WHY[..], 1, "PERMISSION_DENIED"),
        (Role::Finance, &["--reason", "close of the month", "--account", "viewer/adda/coins"], 1, "ACCOUNT_UNKNOWN"),
        (Role::Finance, &[], 2, "--reason"),
        (Role::Finance, &["--reason", "close of the month", "--by", "gil"], 2, "--by"),
        (Role::Finance, &["--reason", "close of the month", "--from", "2026-11-02", "--until", "2026-11-01"], 2, "--until must be after"),
    ] {
        let refused = asked(&books, role, &file, more);
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(refused.status.code() == Some(code) && said.contains(why), "{more:?}: {said}");
        assert!(!file.exists() && !books.dir.path().join("asked.csv.partial").exists());
    }
    books.fixture.shutdown().await;
}
