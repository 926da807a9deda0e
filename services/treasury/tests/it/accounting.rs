//! Accounting days: which day an event is posted on, what closing does, and what is refused.
use crate::fixture::{Fixture, both};
use api::{
    ledger::{BookMode, PostBatchRequest, PostPendingRequest, PostRequest, PostResponse, Transfer, VoidPendingRequest},
    treasury::{
        AccountingLine, AccountingPeriod, CloseAccountingPeriodRequest, CloseAccountingPeriodResponse, GetAccountingBalancesRequest,
        GetAccountingBalancesResponse, GetAccountingDayRequest, GetAccountingDayResponse, GetRollForwardRequest, GetRollForwardResponse,
        ListAccountingPeriodsRequest, treasury_service_client::TreasuryServiceClient,
    },
};
use ledger_client::LedgerReason;
use rpc::Transport;
use std::time::{Duration, SystemTime};
use testbed::{Fault, Storage, insides};
use tonic::Status;

/// The app's book.
pub const APP: &str = "app";
pub const DEFERRED: &str = "house/deferred_revenue/USD";
pub const STORE: &str = "house/store_receivable/USD";
pub const TRANSIT: &str = "house/in_transit/USD";
pub const ACME_CASH: &str = "house/acme/bank_cash/one/USD";

/// Finance at the accounts of the app's book, by a process of the service.
pub struct Books<'a> {
    pub fixture: &'a Fixture,
    pub client: TreasuryServiceClient<Transport>,
}

pub fn moved(debit: &str, credit: &str, amount: i64) -> Transfer {
    Transfer { debit_account: debit.to_owned(), credit_account: credit.to_owned(), amount, ..Default::default() }
}

fn reason(status: &Status) -> String {
    rpc::reason(status).unwrap_or_else(|| status.to_string())
}

impl<'a> Books<'a> {
    pub fn of(fixture: &'a Fixture) -> Self {
        Self { fixture, client: fixture.client() }
    }

    /// Posts what happened so many days ago.
    pub async fn post(&self, kind: &str, transfers: Vec<Transfer>, days_ago: u64) -> PostResponse {
        let effective = SystemTime::now() - Duration::from_secs(days_ago * 24 * 3600);
        let post = PostRequest {
            book: APP.to_owned(),
            request_id: testbed::new_id(),
            kind: kind.to_owned(),
            transfers,
            effective_time: Some(effective.into()),
            ..Default::default()
        };
        self.fixture.bed.client().post(post).await.unwrap().into_inner()
    }

    pub async fn day(&mut self, entity: &str, date: &str) -> Result<GetAccountingDayResponse, Status> {
        let request =
            GetAccountingDayRequest { book: APP.to_owned(), entity: entity.to_owned(), date: date.to_owned(), ..Default::default() };
        self.page(request).await
    }

    pub async fn page(&mut self, request: GetAccountingDayRequest) -> Result<GetAccountingDayResponse, Status> {
        let request = self.fixture.by_finance_of(&[APP, "other"], request);
        self.client.get_accounting_day(request).await.map(tonic::Response::into_inner)
    }

    pub async fn balances(&mut self, entity: &str, date: &str) -> GetAccountingBalancesResponse {
        let request =
            GetAccountingBalancesRequest { book: APP.to_owned(), entity: entity.to_owned(), date: date.to_owned(), ..Default::default() };
        self.client.get_accounting_balances(self.fixture.by_finance_of(&[APP], request)).await.unwrap().into_inner()
    }

    pub async fn roll(&mut self, first: &str, last: &str) -> GetRollForwardResponse {
        let request =
            GetRollForwardRequest { book: APP.to_owned(), first_date: first.to_owned(), last_date: last.to_owned(), ..Default::default() };
        self.client.get_roll_forward(self.fixture.by_finance_of(&[APP], request)).await.unwrap().into_inner()
    }

    pub async fn close(&mut self, entity: &str, first: &str, last: &str) -> Result<CloseAccountingPeriodResponse, Status> {
        let request = CloseAccountingPeriodRequest {
            book: APP.to_owned(),
            entity: entity.to_owned(),
            first_date: first.to_owned(),
            last_date: last.to_owned(),
        };
        self.client.close_accounting_period(self.fixture.by_finance_of(&[APP], request)).await.map(tonic::Response::into_inner)
    }

    async fn periods(&mut self, page_size: i32, page_token: &str) -> (Vec<AccountingPeriod>, String) {
        let request =
            ListAccountingPeriodsRequest { book: APP.to_owned(), page_size, page_token: page_token.to_owned(), ..Default::default() };
        let request = self.fixture.by_finance_of(&[APP], request);
        let page = self.client.list_accounting_periods(request).await.unwrap().into_inner();
        (page.periods, page.next_page_token)
    }
}

/// Account, kind, own day, debits and credits of each line.
fn shown(lines: &[AccountingLine]) -> Vec<(&str, &str, &str, i64, i64)> {
    lines.iter().map(|line| (line.account.as_str(), line.kind.as_str(), line.event_date.as_str(), line.debits, line.credits)).collect()
}

#[tokio::test]
async fn a_late_event_is_posted_on_the_first_open_day_and_keeps_its_own() {
    for fixture in both().await {
        let mut books = Books::of(&fixture);
        let [three, two, one] = [-3, -2, -1].map(|days| fixture.day(days));
        books.post("purchase.apple", vec![moved(STORE, DEFERRED, 100)], 3).await;
        let open = books.day("", &three).await.unwrap();
        assert_eq!(shown(&open.lines), [(DEFERRED, "purchase.apple", three.as_str(), 0, 100), (STORE, "purchase.apple", &three, 100, 0)]);
        assert!(!open.closed);
        let closed = books.close("", &three, &two).await.unwrap().period.unwrap();
        assert_eq!((closed.period_no, closed.closed_by.as_str(), closed.reason.as_str()), (1, "fay", "part of a test"));
        let before = books.day("", &three).await.unwrap();
        assert!(before.closed && before.lines == open.lines);
        // A refund, a return and a settlement that come after the close are booked.
        for (kind, amount) in [("purchase.refund", 1), ("payout.return", 2), ("payout.settle", 4)] {
            books.post(kind, vec![moved(DEFERRED, STORE, amount)], 3).await;
        }
        let after = books.day("", &three).await.unwrap();
        assert_eq!((after.lines, after.closed), (before.lines, true), "a closed day stays");
        let late = books.day("", &one).await.unwrap();
        let own: Vec<_> =
            shown(&late.lines).iter().map(|(account, kind, day, ..)| (account.to_string(), kind.to_string(), day.to_string())).collect();
        let wanted: Vec<_> = [DEFERRED, STORE]
            .iter()
            .flat_map(|account| {
                ["payout.return", "payout.settle", "purchase.refund"].map(|kind| (account.to_string(), kind.to_owned(), three.clone()))
            })
            .collect();
        assert_eq!(own, wanted, "their day, on the first open one");
        // At the end of the closed period nothing of them is there, a day later everything.
        let deferred = async |books: &mut Books<'_>, day: &str| {
            let balances = books.balances("", day).await.balances;
            balances.iter().find(|line| line.account == DEFERRED).map_or(0, |line| line.credits - line.debits)
        };
        assert_eq!((deferred(&mut books, &two).await, deferred(&mut books, &one).await), (100, 93));
    }
}

#[tokio::test]
async fn days_are_closed_once_in_their_order_and_only_when_they_are_over() {
    for fixture in both().await {
        let mut books = Books::of(&fixture);
        let days: Vec<String> = (0..6).map(|days| fixture.day(-days)).collect();
        let day = |days_ago: usize| days[days_ago].as_str();
        books.post("purchase.apple", vec![moved(STORE, DEFERRED, 100)], 5).await;
        let future = books.close("", day(5), day(0)).await.unwrap_err();
        assert_eq!((reason(&future).as_str(), rpc::facts(&future)["today"].as_str()), ("PERIOD_NOT_OVER", day(0)));
        let hole = books.close("", day(4), day(3)).await.unwrap_err();
        assert_eq!((reason(&hole).as_str(), rpc::facts(&hole)["first_date"].as_str()), ("PERIOD_OUT_OF_ORDER", day(5)));
        assert_eq!(books.periods(0, "").await.0, [], "nothing was closed");
        let first = books.close("", day(5), day(4)).await.unwrap();
        let again = books.close("", day(5), day(4)).await.unwrap();
        assert_eq!((first.replayed, again.replayed, &again.period), (false, true, &first.period));
        for (from, to) in [(5, 5), (4, 4), (5, 3), (2, 2), (4, 3)] {
            let refused = books.close("", day(from), day(to)).await.unwrap_err();
            let facts = rpc::facts(&refused);
            assert_eq!((reason(&refused).as_str(), facts["first_date"].as_str()), ("PERIOD_OUT_OF_ORDER", day(3)), "{from} to {to}");
        }
        let second = books.close("", day(3), day(1)).await.unwrap().period.unwrap();
        assert_eq!(second.balances_hash, first.period.as_ref().unwrap().balances_hash, "nothing happened in it");
        let (page, token) = books.periods(1, "").await;
        let (rest, end) = books.periods(1, &token).await;
        assert_eq!((page, rest, end.as_str()), (vec![second], vec![first.period.unwrap()], ""));
        // Another entity's days are its own. One without an entry is none.
        let unknown = books.close("acme", day(2), day(2)).await.unwrap_err();
        assert_eq!((reason(&unknown).as_str(), rpc::facts(&unknown)["entity"].as_str()), ("ENTITY_UNKNOWN", "acme"));
        assert_eq!(reason(&books.day("acme", day(2)).await.unwrap_err()), "ENTITY_UNKNOWN");
        books.post("adjustment", vec![moved(TRANSIT, ACME_CASH, 1)], 0).await;
        books.close("acme", day(2), day(2)).await.unwrap();
        let today = books.close("", day(0), day(0)).await.unwrap_err();
        assert_eq!(reason(&today), "PERIOD_NOT_OVER");
        fixture.days_later(1);
        assert_eq!(books.close("", day(0), day(0)).await.unwrap().period.unwrap().period_no, 3);
    }
}

#[tokio::test]
async fn a_transfer_between_entities_is_posted_on_each_ones_own_first_open_day() {
    for fixture in both().await {
        let mut books = Books::of(&fixture);
        let [two, one] = [-2, -1].map(|days| fixture.day(days));
        let before = fixture.day(-9);
        books.post("adjustment", vec![moved(TRANSIT, ACME_CASH, 5)], 9).await;
        books.close("acme", &before, &two).await.unwrap();
        books.post("adjustment", vec![moved(TRANSIT, ACME_CASH, 40)], 2).await;
        let main = books.day("main", &two).await.unwrap().lines;
        assert_eq!(shown(&main), [("between/acme/USD", "adjustment", two.as_str(), 0, 40), (TRANSIT, "adjustment", &two, 40, 0)]);
        let acme = books.day("acme", &one).await.unwrap().lines;
        assert_eq!(shown(&acme), [("between/main/USD", "adjustment", two.as_str(), 40, 0), (ACME_CASH, "adjustment", &two, 0, 40)]);
        books.close("acme", &one, &one).await.unwrap();
    }
}

#[tokio::test]
async fn holds_count_only_as_far_as_they_are_posted() {
    for fixture in both().await {
        let mut books = Books::of(&fixture);
        let mut ledger = fixture.bed.client();
        let hold = async |books: &Books<'_>| {
            let held = Transfer { pending: true, ..moved(STORE, DEFERRED, 50) };
            books.post("hold", vec![held], 0).await.posting.unwrap().transfers[0].transfer_no
        };
        let (posted, voided, left) = (hold(&books).await, hold(&books).await, hold(&books).await);
        assert!(left > voided);
        let (book, kind) = (APP.to_owned(), "own.kind".to_owned());
        let request_id = testbed::new_id();
        let post = PostPendingRequest {
            book: book.clone(),
            kind: kind.clone(),
            request_id,
            transfer_no: posted,
            amount: 30,
            ..Default::default()
        };
        ledger.post_pending(post).await.unwrap();
        let void = VoidPendingRequest { book, kind, request_id: testbed::new_id(), transfer_no: voided, ..Default::default() };
        ledger.void_pending(void).await.unwrap();
        let lines = books.day("", &fixture.day(0)).await.unwrap().lines;
        let today = fixture.day(0);
        assert_eq!(shown(&lines), [(DEFERRED, "own.kind", today.as_str(), 0, 30), (STORE, "own.kind", &today, 30, 0)]);
        fixture.days_later(1);
        books.close("", &today, &today).await.unwrap();
    }
}

#[tokio::test]
async fn a_roll_forward_opens_with_what_the_last_one_closed() {
    for fixture in both().await {
        let mut books = Books::of(&fixture);
        let [four, three, two, one] = [-4, -3, -2, -1].map(|days| fixture.day(days));
        books.post("purchase.apple", vec![moved(STORE, DEFERRED, 100)], 4).await;
        books.close("", &four, &three).await.unwrap();
        books.post("purchase.refund", vec![moved(DEFERRED, STORE, 30)], 4).await;
        books.post("purchase.apple", vec![moved(STORE, DEFERRED, 7)], 2).await;
        let (first, second) = (books.roll(&four, &three).await, books.roll(&two, &one).await);
        assert_eq!((first.closed, second.closed), (true, false));
        let ends = |roll: &GetRollForwardResponse| (roll.lines[0].opening, roll.lines[0].closing);
        assert_eq!((ends(&first), ends(&second)), ((0, 100), (100, 77)));
        let moves: Vec<_> = second.lines[0].movements.iter().map(|one| (one.kind.as_str(), one.added, one.released)).collect();
        assert_eq!(moves, [("purchase.apple", 7, 0), ("purchase.refund", 0, 30)]);
        assert_eq!(second.lines.len(), 1, "only liabilities");
    }
}

#[tokio::test]
async fn days_that_are_not_the_trial_balance_are_not_closed() {
    for fixture in both().await {
        let mut books = Books::of(&fixture);
        let one = fixture.day(-1);
        books.post("purchase.apple", vec![moved(STORE, DEFERRED, 100)], 1).await;
        books.day("", &one).await.unwrap();
        let pool = fixture.tables.database.open("treasury", &treasury::store::MIGRATIONS).await.unwrap();
        sqlx::query("UPDATE accounting_line SET debits = debits + 1 WHERE account = $1").bind(STORE).execute(&pool).await.unwrap();
        let refused = books.close("", &one, &one).await.unwrap_err();
        assert_eq!((reason(&refused).as_str(), rpc::facts(&refused)["account"].as_str()), ("ACCOUNTS_DIFFER", STORE));
        assert_eq!(books.periods(0, "").await.0, []);
    }
}

#[tokio::test]
async fn a_request_that_is_wrong_is_refused_and_pages_follow_each_other() {
    for fixture in both().await {
        let mut books = Books::of(&fixture);
        for (entity, date) in
            [("No Id", "2026-11-27"), ("", "yesterday"), ("", "2026-11-31"), ("", "20261127"), ("", "-009999-01-01"), ("", "")]
        {
            assert_eq!(reason(&books.day(entity, date).await.unwrap_err()), "MALFORMED", "{entity} {date}");
        }
        assert_eq!(reason(&books.close("", "2026-11-02", "2026-11-01").await.unwrap_err()), "MALFORMED");
        let other = GetAccountingDayRequest { book: "other".to_owned(), date: fixture.day(0), ..Default::default() };
        assert_eq!(reason(&books.page(other).await.unwrap_err()), "BOOK_UNKNOWN");
        let transfers = (0..5).map(|at| moved(&format!("house/e{at}/revenue/USD"), TRANSIT, 1 + at)).collect();
        books.post("adjustment", transfers, 0).await;
        let whole = books.day("", &fixture.day(0)).await.unwrap();
        assert_eq!(whole.lines.len(), 6);
        let ask = |token: &str| GetAccountingDayRequest {
            book: APP.to_owned(),
            date: fixture.day(0),
            page_size: 4,
            page_token: token.to_owned(),
            ..Default::default()
        };
        let first = books.page(ask("")).await.unwrap();
        // What is posted meanwhile is read by nobody who asks for a further page.
        books.post("adjustment", vec![moved(STORE, DEFERRED, 9)], 0).await;
        let second = books.page(ask(&first.next_page_token)).await.unwrap();
        assert_eq!(([first.lines.clone(), second.lines].concat(), second.next_page_token.as_str()), (whole.lines, ""));
        books.day("", &fixture.day(0)).await.unwrap();
        assert_eq!(reason(&books.page(ask(&first.next_page_token)).await.unwrap_err()), "PAGE_TOKEN", "the day has grown");
    }
}

/// More events than one call reads.
const MANY: usize = 21_000;
/// Postings of one request; the most that the ledger takes.
const BATCH: usize = 1_000;

#[tokio::test]
async fn a_long_journal_is_read_by_several_calls_each_from_where_the_last_one_ended() {
    let fixture = Fixture::start(Storage::sqlite(), BookMode::Test).await;
    let mut books = Books::of(&fixture);
    let effective = Some(SystemTime::now().into());
    for _ in 0..MANY / BATCH {
        let post = || PostRequest {
            request_id: testbed::new_id(),
            kind: "purchase.apple".to_owned(),
            transfers: vec![moved(STORE, DEFERRED, 2)],
            effective_time: effective,
            ..Default::default()
        };
        let request = PostBatchRequest { book: APP.to_owned(), posts: (0..BATCH).map(|_| post()).collect(), brief: true };
        fixture.bed.client().post_batch(request).await.unwrap();
    }
    let long = books.day("", &fixture.day(0)).await.unwrap_err();
    assert_eq!(reason(&long), "CATCHING_UP", "{long}");
    let facts = rpc::facts(&long);
    let (seq, book_seq): (usize, usize) = (facts["seq"].parse().unwrap(), facts["book_seq"].parse().unwrap());
    assert!((20_000..book_seq).contains(&seq) && book_seq >= MANY, "{seq} of {book_seq}");
    let day = books.day("", &fixture.day(0)).await.unwrap();
    let sums: Vec<_> = day.lines.iter().map(|line| (line.account.as_str(), line.debits, line.credits, line.entries)).collect();
    let (sum, entries) = (2 * i64::try_from(MANY).unwrap(), i64::try_from(MANY).unwrap());
    assert_eq!(sums, [(DEFERRED, 0, sum, entries), (STORE, sum, 0, entries)]);
}

#[tokio::test]
async fn every_reason_of_the_ledger_reaches_finance_in_good_words() {
    let fixture = Fixture::start(Storage::sqlite(), BookMode::Test).await;
    let mut books = Books::of(&fixture);
    let (yesterday, today) = (fixture.day(-1), fixture.day(0));
    for refused in LedgerReason::ALL.into_iter().filter(|refused| *refused != LedgerReason::BookUnknown) {
        fixture.bed.fault.fail(Fault::Answer(insides::answer(&refused)));
        insides::check("treasury", &refused, &books.day("", &today).await.unwrap_err(), &[]);
        insides::check("treasury", &refused, &books.close("", &yesterday, &yesterday).await.unwrap_err(), &[]);
    }
    fixture.bed.fault.fail(Fault::None);
    assert_eq!(books.periods(0, "").await.0, [], "nothing was closed by the failed calls");
}
