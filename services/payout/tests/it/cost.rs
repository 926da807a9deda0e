//! What a payout of a run costs in statements: a measure without noise of what its processor time goes by.

use crate::{
    runs::{approved, settled_items},
    together,
    world::World,
};
use db::Database;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tracing::{Event, Level, Metadata, Subscriber, span};

/// Payouts of the run.
const PAYOUTS: u64 = 256;
/// Most statements for each of them, with those of the ledger and the pretend bank. It took 51 when each payout had its own.
const STATEMENTS_MAX: u64 = 20;

/// Counts the statements of all databases of this process.
#[derive(Clone, Default)]
struct CountedStatements(Arc<AtomicU64>);

impl Subscriber for CountedStatements {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query" && *metadata.level() == Level::DEBUG
    }

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// Set in the process that counts.
const ALONE: &str = "LARGESSE_COUNTS_STATEMENTS";

#[tokio::test]
async fn payouts_of_a_run_share_their_statements() {
    if std::env::var_os(ALONE).is_none() {
        // All statements of a process are counted, so it is one of its own, also where other tests run in this one.
        let mut alone = std::process::Command::new(std::env::current_exe().unwrap());
        let name = "cost::payouts_of_a_run_share_their_statements";
        let ended = alone.args(["--exact", name, "--nocapture"]).env(ALONE, "1").status().unwrap();
        assert!(ended.success(), "{ended}");
        return;
    }
    let counted = CountedStatements::default();
    tracing::subscriber::set_global_default(counted.clone()).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap(), 60).await;
    let mut options = together::config(&world);
    (options.runs.items_per_second, options.runs.in_flight_per_bank_max) = (0, 1_000);
    let (payouts, run_id) = approved(&world, &options, usize::try_from(PAYOUTS).unwrap()).await;
    drop(payouts);
    let before = counted.0.load(Ordering::Relaxed);
    let running = world.start_with(options).await;
    let mut changes = running.service.changes();
    while settled_items(&world, &running, &run_id).await < i32::try_from(PAYOUTS).unwrap() {
        // Each look costs statements, too.
        let news = async { while changes.recv().await.is_ok() {} };
        let _ = tokio::time::timeout(Duration::from_millis(500), news).await;
    }
    let each = (counted.0.load(Ordering::Relaxed) - before) / PAYOUTS;
    println!("{each} statements for each payout");
    assert!((1..=STATEMENTS_MAX).contains(&each), "{each} statements for each payout");
    world.check_books("ana", "USD", 5 * i64::try_from(PAYOUTS).unwrap()).await;
    running.stop().await;
    world.close().await;
}
