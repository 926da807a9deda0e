//! What a page of a case reads: as much as it shows, and the ledger's newest state once, however many gifts there are. Counted as statements and rows, not as time.
//! It counts what the whole process reads, so other tests are in another binary.
#![allow(clippy::unwrap_used)]

#[path = "../it/posted.rs"]
mod posted;
#[path = "../it/things.rs"]
mod things;
#[path = "../it/watched.rs"]
mod watched;

use api::monitor::{ExplainCaseRequest, ExplainCaseResponse};
use books::domain::event::CHECKPOINT_EVERY;
use identity::Role;
use posted::{Planted, change, post};
use std::sync::atomic::{AtomicI64, Ordering};
use testbed::{Testbed, both};
use things::{BOOK, id, planted};
use tokio::sync::Mutex;
use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
    span,
};
use uuid::Uuid;
use watched::{Watched, asked};

/// Where sqlx says which statement it ran and how many rows came.
const STATEMENTS: &str = "sqlx::query";
/// Steps of a page.
const PAGE: i32 = 20;
/// How often it is read.
const TIMES: usize = 8;
const FEW: i64 = 30;
const MANY: i64 = 600;

/// Held by the test that counts.
static ALONE: Mutex<()> = Mutex::const_new(());
static RAN: AtomicI64 = AtomicI64::new(0);
static ROWS: AtomicI64 = AtomicI64::new(0);

/// Counts the statements of this process.
struct StatementCount;

impl Subscriber for StatementCount {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == STATEMENTS
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        RAN.fetch_add(1, Ordering::SeqCst);
        event.record(&mut RowCount);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

struct RowCount;

impl Visit for RowCount {
    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "rows_returned" {
            ROWS.fetch_add(i64::try_from(value).unwrap(), Ordering::SeqCst);
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}

/// Statements and rows.
#[derive(Debug, Clone, Copy)]
struct Read {
    ran: i64,
    rows: i64,
}

async fn first_page(bed: &Watched, id: &str, page_size: i32) -> ExplainCaseResponse {
    let request = ExplainCaseRequest { id: id.to_owned(), page_size, ..ExplainCaseRequest::default() };
    bed.monitor().explain_case(asked(bed, ("sam", Role::Support), &[BOOK], request)).await.unwrap().into_inner()
}

/// What the first page of a case reads: the least of several, because tasks of the ledger and of the monitor read too, and the first one opens everything.
async fn read(bed: &Watched, id: &str, page_size: i32) -> Read {
    let mut least = Read { ran: i64::MAX, rows: i64::MAX };
    for _ in 0..TIMES {
        let before = Read { ran: RAN.load(Ordering::SeqCst), rows: ROWS.load(Ordering::SeqCst) };
        let page = first_page(bed, id, page_size).await;
        assert!(page.steps.len() == usize::try_from(page_size).unwrap() && !page.next_page_token.is_empty(), "{page:#?}");
        least.ran = least.ran.min(RAN.load(Ordering::SeqCst) - before.ran);
        least.rows = least.rows.min(ROWS.load(Ordering::SeqCst) - before.rows);
    }
    assert!(least.ran > 10, "statements are counted: {least:?}");
    least
}

async fn gift(bed: &Testbed, sender: &str, creator: &str) {
    let moved = vec![
        (format!("viewer/{sender}/coins"), "house/coins/redeemed".to_owned(), 1),
        ("house/diamonds/issued".to_owned(), format!("creator/{creator}/diamonds"), 2),
    ];
    let fields = vec![("creator_id", creator.to_owned()), ("gift_id", "rose".to_owned()), ("room_id", "r1".to_owned())];
    post(bed, Planted { book: BOOK, kind: "gift", id: Uuid::now_v7(), moved, fields, guards: Vec::new() }).await;
}

/// Coins of bea that became gifts to as many creators; returns the posting that brought the coins.
async fn spread(bed: &Testbed, gifts: i64) -> String {
    let moved = vec![("house/coins/issued".to_owned(), "viewer/bea/coins".to_owned(), gifts)];
    let coins =
        post(bed, Planted { book: BOOK, kind: "bench.coins", id: Uuid::now_v7(), moved, fields: Vec::new(), guards: Vec::new() }).await;
    for number in 0..gifts {
        gift(bed, "bea", &format!("s{number}")).await;
    }
    coins.posting_id
}

/// The planted payout, of what star got in so many gifts.
async fn funded(bed: &Testbed, gifts: i64) -> String {
    let moved = vec![("house/coins/issued".to_owned(), "viewer/bea/coins".to_owned(), gifts)];
    post(bed, Planted { book: BOOK, kind: "bench.coins", id: Uuid::now_v7(), moved, fields: Vec::new(), guards: Vec::new() }).await;
    for _ in 0..gifts {
        gift(bed, "bea", "star").await;
    }
    let (payable, accrued) = ("creator/star/payable/USD".to_owned(), "house/accrued_creator_liability/USD".to_owned());
    let moved =
        vec![("creator/star/diamonds".to_owned(), "house/diamonds/redeemed".to_owned(), 2 * gifts), (accrued, payable.clone(), 500)];
    let fields = vec![("quote_id", id(18))];
    post(bed, Planted { book: BOOK, kind: "conversion", id: Uuid::now_v7(), moved, fields, guards: Vec::new() }).await;
    let (moved, fields) = (vec![(payable, "house/in_transit/USD".to_owned(), 500)], vec![("payout_id", id(8))]);
    let submitted = post(bed, Planted { book: BOOK, kind: "payout.submit", id: Uuid::now_v7(), moved, fields, guards: Vec::new() }).await;
    let sql = format!("UPDATE payout SET submit_posting_id = '{}' WHERE payout_id = '{}'", submitted.posting_id, id(8));
    assert_eq!(change(&bed.database, "payout", &sql).await, 1);
    id(8)
}

/// What the first page reads of few and of many, on each engine.
async fn of_few_and_many(plant: impl AsyncFn(&Testbed, i64) -> String) -> Vec<[Read; 2]> {
    let _alone = ALONE.lock().await;
    // The other test of this process may have set it.
    tracing::subscriber::set_global_default(StatementCount).ok();
    let mut found = Vec::new();
    for (few, many) in both().into_iter().zip(both()) {
        let mut reads = Vec::new();
        for (storage, gifts) in [(few, FEW), (many, MANY)] {
            let (bed, _) = planted(storage).await;
            let id = plant(&bed, gifts).await;
            let bed = Watched::over(bed).await;
            reads.push(read(&bed, &id, PAGE).await);
            bed.ledger.shutdown().await;
        }
        found.push([reads[0], reads[1]]);
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_a_payout_reads_as_much_of_many_gifts_as_of_few() {
    for [few, many] in of_few_and_many(funded).await {
        assert!(many.ran <= few.ran + 10, "{few:?} {many:?}");
        // An account is walked from one checkpoint to the next.
        assert!(many.rows <= few.rows + i64::from(PAGE) * CHECKPOINT_EVERY, "{few:?} {many:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_what_became_of_coins_reads_the_newest_state_of_the_ledger_once() {
    for [few, many] in of_few_and_many(spread).await {
        assert!(many.ran <= few.ran + 10, "{few:?} {many:?}");
        // Each gift has two transfers, which the rows of accounts may lack.
        assert!(many.rows <= few.rows + 2 * (MANY - FEW) + CHECKPOINT_EVERY, "{few:?} {many:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_gift_of_a_page_costs_what_its_own_money_needs_and_nothing_for_its_name() {
    let _alone = ALONE.lock().await;
    tracing::subscriber::set_global_default(StatementCount).ok();
    for storage in both() {
        let (bed, _) = planted(storage).await;
        // There are catalogues, so gifts have names to be looked up.
        drop(gift::tables::Store::open(&bed.database).await.unwrap());
        let id = funded(&bed, FEW * 4).await;
        let bed = Watched::over(bed).await;
        let (few, many) = (read(&bed, &id, PAGE).await, read(&bed, &id, PAGE * 5).await);
        // Each gift is a step, and the coins that paid for it are the next.
        let gifts = i64::from(PAGE * 4 / 2);
        // Where its coins came from is a walk of its own, of two statements; what is said of gifts is read for 32 at once.
        assert!(many.ran - few.ran <= 2 * gifts + 4 * (gifts / 16 + 1), "{gifts} more gifts: {few:?} {many:?}");
        bed.ledger.shutdown().await;
    }
}
