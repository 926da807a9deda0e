//! A lying line to the bank and back while processes are killed: `kill -9` of the payout service, of the ledger and of the bank, at arbitrary points of the
//! payouts. The bank is silent, late, pending, forgets, sends its callbacks early, twice, forged and in disorder; the line cuts, contradicts and holds back; the
//! statement is read all the time, before callbacks. The pretend bank's own statement says what was paid. Seeded: `LARGESSE_KILLED_HISTORIES` sets how many
//! payouts, `LARGESSE_KILLED_HISTORIES_FROM` the first seed. With a hundred or more, every fault must have happened.
use crate::fleets::{assert_sound, databases, fund, options, partly};
use api::{
    ledger::{GetAccountRequest, PostRequest, Transfer},
    payout::{
        AbaAccount, CreateBeneficiaryRequest, Payout, PayoutState, RequestPayoutRequest, WatchPayoutRequest,
        create_beneficiary_request::Account,
    },
    r#type::Money,
};
use demo::{
    fleet::Fleet,
    installation::{Installation, authorised},
};
use futures::TryStreamExt as _;
use identity::{Role, Service};
use iso20022::camt053::Statement;
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};
use testbed::lying_line::{LineFault, LyingLine, NewsLine, roll};
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

/// Histories of `make test`.
const HISTORIES: u64 = 12;
/// Payouts of one installation at once.
const AT_ONCE: u64 = 12;
/// Kills of one installation.
const KILLS: u64 = 4;
/// Longest wait for the calls to the bank before a kill: fewer may follow.
const CALLS_WAIT: Duration = Duration::from_secs(2);
/// A payout that has not ended by then never will.
const END_MAX: Duration = Duration::from_secs(120);
/// From so many payouts on, every fault must have happened.
const ALL_FAULTS_FROM: u64 = 100;
/// Accounts whose payments settle, settle later, are rejected, cut, answered late or never, wait, are lost once, are answered with garbage; and those of
/// [`SCENARIOS`].
const ACCOUNTS: [&str; 15] = [
    "9000000001",
    "9000000002",
    "9000000003",
    "9000000004",
    "9000000005",
    "9000000007",
    PENDING,
    "9000000009",
    "9000000010",
    "5500000001",
    "5500000002",
    "5500000003",
    "5500000004",
    "5500000005",
    "5500000006",
];
/// Behaviours that no account has by itself. The silent bank neither executes nor answers the first time, and takes the payment when it is sent again.
const SCENARIOS: [(&str, &str); 6] = [
    ("5500000001", "callback_first"),
    ("5500000002", "callback_twice"),
    ("5500000003", "callback_disorder"),
    ("5500000004", "callback_forged"),
    ("5500000005", "callback_foreign"),
    ("5500000006", SILENT),
];
const SILENT: &str = "silent";
/// Every fault of both lines, as they are counted.
const FAULTS: [LineFault; 14] = [
    LineFault::Cut,
    LineFault::Undecided,
    LineFault::Contradiction,
    LineFault::GroupContradiction,
    LineFault::OtherAmount,
    LineFault::OtherMessage,
    LineFault::ErrorStatus,
    LineFault::NotFound,
    LineFault::Truth,
    LineFault::CutMidBody,
    LineFault::HeldBack,
    LineFault::NewsRefused,
    LineFault::NewsUnacknowledged,
    LineFault::NewsTwice,
];
/// Waits until a scenario decides.
const PENDING: &str = "9000000008";
const CREATOR: &str = "ana";
const FUNDS: i64 = 100_000;
const CENTS: i64 = 150;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Retries a call, under the same id, while the processes that it needs are gone.
async fn insist<T: Clone, A>(message: T, token: &str, call: impl AsyncFn(Request<T>) -> Result<Response<A>, Status>) -> A {
    loop {
        match call(authorised(message.clone(), token).unwrap()).await {
            Ok(answer) => return answer.into_inner(),
            Err(status) if matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded) => tokio::task::yield_now().await,
            Err(status) => panic!("{status:?}"),
        }
    }
}

/// Posts in place of a service that does not run here.
async fn post(installation: &Installation, (service, kind): (&str, &str), transfers: &[(&str, &str, i64)]) {
    let token = installation.token(service, Role::Service).unwrap();
    let transfer = |(debit, credit, amount): &(&str, &str, i64)| Transfer {
        debit_account: (*debit).to_owned(),
        credit_account: (*credit).to_owned(),
        amount: *amount,
        ..Default::default()
    };
    let transfers = transfers.iter().map(transfer).collect();
    let request = PostRequest { request_id: Uuid::now_v7().to_string(), kind: kind.to_owned(), transfers, ..Default::default() };
    installation.ledger().post(authorised(request, &token).unwrap()).await.unwrap();
}

/// Credits the creator with money that can be paid out: coins, a gift of them, and its conversion.
async fn earn(installation: &Installation) {
    fund(installation, "fan", FUNDS).await;
    let gift = [("viewer/fan/coins", "house/coins/redeemed", FUNDS), ("house/diamonds/issued", "creator/ana/diamonds", FUNDS)];
    post(installation, ("gift", "gift"), &gift).await;
    let conversion = [
        ("creator/ana/diamonds", "house/diamonds/redeemed", FUNDS),
        ("house/creator_cost/USD", "house/accrued_creator_liability/USD", FUNDS),
        ("house/accrued_creator_liability/USD", "creator/ana/payable/USD", FUNDS),
    ];
    post(installation, ("earnings", "conversion"), &conversion).await;
}

async fn ask(installation: &Installation, account_number: &str) -> Payout {
    let token = installation.token(CREATOR, Role::Creator).unwrap();
    let account = AbaAccount { routing_number: "121000248".to_owned(), account_number: account_number.to_owned(), ..Default::default() };
    let request = CreateBeneficiaryRequest {
        request_id: Uuid::now_v7().to_string(),
        holder_name: "Ana Müller".to_owned(),
        account: Some(Account::Aba(account)),
        ..Default::default()
    };
    let created = insist(request, &token, async |request| installation.payout().create_beneficiary(request).await).await;
    let request = RequestPayoutRequest {
        request_id: Uuid::now_v7().to_string(),
        beneficiary_id: created.beneficiary.unwrap().beneficiary_id,
        amount: Some(Money { currency_code: "USD".to_owned(), minor_units: CENTS }),
        ..Default::default()
    };
    insist(request, &token, async |request| installation.payout().request_payout(request).await).await.payout.unwrap()
}

/// Waits for the final state.
async fn end(installation: &Installation, payout_id: &str) -> Payout {
    let token = installation.token(CREATOR, Role::Creator).unwrap();
    loop {
        let request = WatchPayoutRequest { payout_id: payout_id.to_owned(), ..Default::default() };
        let mut changes = insist(request, &token, async |request| installation.payout().watch_payout(request).await).await;
        // A watch may end before the payout does.
        while let Ok(Some(change)) = changes.try_next().await {
            let payout = change.payout.unwrap();
            if matches!(payout.state(), PayoutState::Settled | PayoutState::Rejected) {
                return payout;
            }
        }
    }
}

async fn balance(installation: &Installation, account: &str) -> i64 {
    let token = installation.token("payout", Role::Service).unwrap();
    let request = GetAccountRequest { account: account.to_owned(), ..Default::default() };
    let account = installation.ledger().get_account(authorised(request, &token).unwrap()).await.unwrap().into_inner().account.unwrap();
    account.balance
}

async fn kill_one(fleet: &mut Fleet, (seed, kill): (u64, u64), seen: &mut Seen) {
    let service = match roll(seed, 2_000 + kill, 4) {
        0 => Service::Ledger,
        1 => Service::Sandbox,
        _ => Service::Payout,
    };
    fleet.kill(service).await.unwrap();
    fleet.restart(service).await.unwrap();
    *seen.killed.entry(service.as_str()).or_default() += 1;
}

/// What happened in all histories.
#[derive(Debug, Default)]
struct Seen {
    faults: BTreeMap<LineFault, u64>,
    accounts: BTreeMap<&'static str, u64>,
    killed: BTreeMap<&'static str, u64>,
}

impl Seen {
    fn add(&mut self, faults: &BTreeMap<LineFault, u64>) {
        for (fault, count) in faults {
            *self.faults.entry(*fault).or_default() += count;
        }
    }

    fn is_complete(&self) -> bool {
        let (faults, accounts) = (FAULTS.iter().all(|fault| self.faults.contains_key(fault)), self.accounts.len() == ACCOUNTS.len());
        faults && accounts && self.killed.len() == 3
    }
}

async fn command(url: String, body: serde_json::Value) {
    let answer = http_client::local().build().unwrap().post(url).json(&body).send().await.unwrap();
    assert!(answer.status().is_success(), "{answer:?}");
}

/// Says how the bank treats the accounts, and where its callbacks go.
async fn instruct(bank: &str, news: &NewsLine) {
    for (account, behaviour) in SCENARIOS {
        let mut scenario = json!({"account": account, "behaviour": behaviour});
        if behaviour == SILENT {
            scenario["times"] = json!(1);
        }
        command(format!("{bank}/scenarios"), scenario).await;
    }
    command(format!("{bank}/callbacks"), json!({"url": format!("{}/webhooks/bank/sandbox", news.url)})).await;
}

async fn history((seed, payouts): (u64, u64), (dir, database): (&std::path::Path, String), seen: &mut Seen) {
    let line = LyingLine::start(seed).await;
    let quick = [("POLL_DELAY_MS", "50"), ("LEASE_MS", "1500"), ("POLICY_RETRY_DELAY_MS", "20"), ("POLICY_RETRY_DELAY_MAX_MS", "100")];
    // A payment that never arrives is sent until it does: giving up on it is not tested here.
    let patient = [("POLICY_CLOCK_SKEW_MS", "0"), ("POLICY_SENDS_MAX", "50"), ("STATEMENT_INTERVAL_MS", "50")];
    let environment = quick.iter().chain(&patient).map(|(name, value)| (format!("LARGESSE_PAYOUT_{name}"), (*value).to_owned())).collect();
    let services = [Service::Ledger, Service::Sandbox, Service::Payout];
    let options = demo::fleet::Options { environment, bank_line: Some(line.url.clone()), ..options(dir, database.clone(), &services) };
    let mut fleet = Fleet::start(options).await.unwrap();
    let bank = fleet.http_url("bank").unwrap();
    line.connect(bank.clone());
    // The payout service is the last one.
    let news = NewsLine::start(seed, fleet.http_urls().last().unwrap().clone()).await;
    instruct(&bank, &news).await;
    let installation = partly(&fleet, &[Service::Ledger, Service::Payout]);
    earn(&installation).await;
    let mut asked = Vec::new();
    for at in 0..payouts {
        let account = ACCOUNTS[usize::try_from(roll(seed, at, ACCOUNTS.len() as u64)).unwrap()];
        *seen.accounts.entry(account).or_default() += 1;
        asked.push((ask(&installation, account).await, account));
    }
    for kill in 0..KILLS {
        // Or sooner, if all have ended before.
        let exchanges = line.exchanged(usize::try_from(roll(seed, 1_000 + kill, 2 * payouts)).unwrap() + 1);
        let _ended = tokio::time::timeout(CALLS_WAIT, exchanges).await;
        kill_one(&mut fleet, (seed, kill), seen).await;
    }
    for (payout, _) in asked.iter().filter(|(_, account)| *account == PENDING) {
        let mut scenario = json!({"end_to_end_id": payout.end_to_end_id, "behaviour": "settle"});
        if payout.payout_id.as_bytes()[0] % 2 == 1 {
            scenario = json!({"end_to_end_id": payout.end_to_end_id, "behaviour": "reject", "code": "MD07"});
        }
        command(format!("{bank}/scenarios"), scenario).await;
    }
    let (mut settled, http) = (0, http_client::local().build().unwrap());
    for (payout, account) in &asked {
        let ended = tokio::time::timeout(END_MAX, end(&installation, &payout.payout_id)).await;
        let ended = ended.unwrap_or_else(|_| panic!("LARGESSE_KILLED_HISTORIES_FROM={seed}, {account}: {payout:?} never ended"));
        let statement = http.get(format!("{bank}/statements/USD")).send().await.unwrap().bytes().await.unwrap();
        let entries = Statement::read(&statement).unwrap().entries;
        let paid = entries.iter().filter(|entry| entry.end_to_end_id.as_deref() == Some(payout.end_to_end_id.as_str())).count();
        assert_eq!(paid, usize::from(ended.state() == PayoutState::Settled), "LARGESSE_KILLED_HISTORIES_FROM={seed}, {account}: {ended:?}");
        settled += CENTS * i64::try_from(paid).unwrap();
    }
    assert_eq!(balance(&installation, "creator/ana/payable/USD").await, FUNDS - settled);
    assert_eq!(balance(&installation, "house/in_transit/USD").await, 0);
    fleet.stop().await.unwrap();
    assert_sound(&database).await;
    seen.add(&line.faults());
    seen.add(&news.faults());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_killed_while_the_bank_lies_money_ends_where_the_banks_books_have_it() {
    let asked = setting("LARGESSE_KILLED_HISTORIES", HISTORIES);
    let (mut left, mut seed) = (asked, setting("LARGESSE_KILLED_HISTORIES_FROM", 1));
    let mut seen = Seen::default();
    while left > 0 {
        let payouts = left.min(AT_ONCE);
        let databases = databases();
        // Each kind of database in turn.
        let database = if seed % 2 == 1 { databases.sqlite.clone() } else { databases.postgres.clone() };
        history((seed, payouts), (databases.dir.path(), database), &mut seen).await;
        (left, seed) = (left - payouts, seed + 1);
    }
    println!("{asked} payouts, all as the bank's books have them: {seen:?}");
    assert!(asked < ALL_FAULTS_FROM || seen.is_complete(), "not every fault happened: {seen:?}");
}
