//! Whatever the ledger answers to a posting of an RPC, its caller learns the outcome and no internals; and afterwards nothing has moved that should not have.
use crate::{
    TREE, allocations,
    bank::{entry, statement},
    fixture::Fixture,
    migration::{file, tree},
    moves,
    receipts::came,
    sweeps::world,
};
use api::{
    ledger::BookMode,
    treasury::{AdjustmentKind, AllocationBasis, ChargeKind, SweepDecision, SweepState},
};
use ledger_client::{LedgerReason, reason::Proof};
use std::sync::{
    Mutex,
    atomic::{AtomicI64, AtomicU32, Ordering},
};
use testbed::{Fault, Storage, insides::ReasonWalk};

fn walk<'a>(fixture: &'a Fixture, rpc: &'static str, translated: &'a [LedgerReason]) -> ReasonWalk<'a> {
    ReasonWalk { rpc, fault: &fixture.bed.fault, translated, answers_refusals: false, for_staff: true }
}

#[tokio::test]
async fn of_a_structure_of_old_accounts_and_of_receipts() {
    let fixture = Fixture::start(Storage::sqlite(), BookMode::Test).await;
    let plan = fixture.plan(TREE).await.unwrap();
    walk(&fixture, "treasury/ApplyStructure", &[])
        .through(async |fault| {
            fixture.bed.fault.fail(fault);
            fixture.apply(TREE, &plan.hash).await
        })
        .await;
    fixture.change(&tree()).await.unwrap();
    let file = file(3);
    let plan = fixture.plan_migration(&file).await.unwrap();
    walk(&fixture, "treasury/ApplyMigration", &[])
        .through(async |fault| {
            fixture.bed.fault.fail(fault);
            fixture.apply_migration(&file, &plan.hash).await
        })
        .await;
    walk(&fixture, "treasury/RecordReceipt", &[])
        .through(async |fault| {
            fixture.bed.fault.fail(fault);
            fixture.received(came("central", "", 5)).await
        })
        .await;
    fixture.apply_migration(&file, &plan.hash).await.unwrap();
    walk(&fixture, "treasury/MoveOldBalances", &[])
        .through(async |fault| {
            fixture.bed.fault.fail(fault);
            fixture.old_moved(&testbed::new_id(), &[]).await
        })
        .await;
}

#[tokio::test]
async fn of_money_between_leaves() {
    let fixture = moves::start(Storage::sqlite(), 0).await;
    fixture.fund("main-a", 1_000_000).await;
    walk(&fixture, "treasury/MoveFunds", &[])
        .through(async |fault| {
            fixture.bed.fault.fail(fault);
            fixture.send(&moves::ask("main-a", "main-b", 600)).await
        })
        .await;
    fixture.post_unheard().await.unwrap();
    moves::assert_proof(&fixture.balances().await);
}

#[tokio::test]
async fn of_interest_and_charges() {
    let fixture = Fixture::standing(Storage::sqlite(), moves::terms()).await;
    fixture.change(&moves::group()).await.unwrap();
    fixture.stand_at(world::TUESDAY);
    for leaf in ["main-a", "acme-a"] {
        fixture.receives(leaf, 100_000).await;
    }
    fixture.moved("main-a", "acme-a", 50_000).await;
    walk(&fixture, "treasury/AccrueInterest", &[])
        .through(async |fault| {
            fixture.days_later(1);
            let until = fixture.day(-1);
            fixture.bed.fault.fail(fault);
            fixture.accrue(&until).await
        })
        .await;
    walk(&fixture, "treasury/AllocateCharges", &[])
        .through(async |fault| {
            fixture.days_later(1);
            fixture.bank_pays(101).await;
            let request = allocations::ask(&fixture, (ChargeKind::CreditInterest, AllocationBasis::Balances), (-1, -1), 101);
            fixture.bed.fault.fail(fault);
            fixture.allocate(&request).await
        })
        .await;
    moves::assert_proof(&fixture.balances().await);
}

#[tokio::test]
async fn of_reservations() {
    let fixture = Fixture::start(Storage::sqlite(), BookMode::Test).await.with_dollars(1_000_000).await;
    walk(&fixture, "treasury/ReserveFunds", &[])
        .through(async |fault| {
            let payout = fixture.payout(300).await;
            fixture.bed.fault.fail(fault);
            fixture.reserve(&payout).await
        })
        .await;
    // A hold that is resolved needs no release any more.
    ReasonWalk { answers_refusals: true, ..walk(&fixture, "treasury/ReleaseFunds", &[]) }
        .through(async |fault| {
            let payout = fixture.payout(300).await;
            fixture.reserve(&payout).await.unwrap();
            fixture.bed.fault.fail(fault);
            fixture.release(&payout).await
        })
        .await;
}

#[tokio::test]
async fn of_sweeps() {
    // Within the hours of the rule in winter and in summer.
    let fixture = world::start(Storage::sqlite(), vec![world::rule("daily", "target")], "2031-11-25T14:30:00Z").await;
    fixture.has_now("prefund", 1_400).await;
    let next_day = async || {
        fixture.days_later(1);
        while fixture.planned().await[0].decision() == SweepDecision::ClosedDay {
            fixture.days_later(1);
        }
    };
    ReasonWalk { answers_refusals: true, ..walk(&fixture, "treasury/RunSweeps", &[]) }
        .through(async |fault| {
            next_day().await;
            fixture.has_now("prefund", 400).await;
            fixture.bed.fault.fail(fault);
            fixture.try_run().await
        })
        .await;
    walk(&fixture, "treasury/MarkSweep", &[])
        .through(async |fault| {
            next_day().await;
            fixture.has_now("prefund", 400).await;
            fixture.run().await;
            let sweep = fixture.sweeps().await.into_iter().find(|sweep| sweep.state() == SweepState::Planned).unwrap();
            fixture.bed.fault.fail(fault);
            fixture.try_mark(&sweep, SweepState::Cancelled).await
        })
        .await;
    fixture.proved().await;
}

/// A bank's statements, one after the other.
struct Statements {
    fixture: Fixture,
    number: AtomicU32,
    opening: AtomicI64,
    last: Mutex<String>,
}

impl Statements {
    async fn start() -> Self {
        let fixture = Fixture::on_one_clock(Storage::sqlite()).await;
        fixture.with_euros(1_000_000).await;
        Self { fixture, number: AtomicU32::new(0), opening: AtomicI64::new(1_000_000), last: Mutex::default() }
    }

    /// One of the next day with so many credits of 10, after the one before was imported and booked for good.
    async fn next(&self, entries: u32) -> String {
        let before = self.last.lock().unwrap().clone();
        if !before.is_empty() {
            self.fixture.import(before.as_bytes()).await.unwrap();
        }
        let number = self.number.fetch_add(1, Ordering::SeqCst) + 1;
        self.fixture.days_later(1);
        let reference = |entry| -> &'static str { Box::leak(format!("A{number}-{entry}").into_boxed_str()) };
        let credits: Vec<_> = (0..entries).map(|at| entry(reference(at), 10, "X")).collect();
        let opening = self.opening.fetch_add(10 * i64::from(entries), Ordering::SeqCst);
        let file = statement(number, &self.fixture.day(-1), opening, &credits);
        self.last.lock().unwrap().clone_from(&file);
        file
    }

    /// What is imported under a fault: of reads, the file that was imported last is as good as another, and days cost time.
    async fn file(&self, fault: &Fault) -> String {
        if matches!(fault, Fault::Posting(_)) { self.next(1).await } else { self.last.lock().unwrap().clone() }
    }
}

#[tokio::test]
async fn of_a_banks_statements() {
    let bank = Statements::start().await;
    walk(&bank.fixture, "treasury/ImportStatement", &[])
        .through(async |fault| {
            let file = bank.file(&fault).await;
            bank.fixture.bed.fault.fail(fault);
            bank.fixture.import(file.as_bytes()).await
        })
        .await;
    walk(&bank.fixture, "treasury/ImportStatementStream", &[])
        .through(async |fault| {
            let file = bank.file(&fault).await;
            bank.fixture.bed.fault.fail(fault);
            bank.fixture.upload_file(&file).await
        })
        .await;
}

#[tokio::test]
async fn of_a_banks_days() {
    let bank = Statements::start().await;
    walk(&bank.fixture, "treasury/CloseDay", &[])
        .through(async |fault| {
            if matches!(fault, Fault::Posting(_)) {
                // Recorded and not booked.
                let file = bank.next(1).await;
                bank.fixture.bed.fault.fail(Fault::Down);
                bank.fixture.import(file.as_bytes()).await.unwrap_err();
            }
            let day = bank.fixture.day(-1);
            bank.fixture.bed.fault.fail(fault);
            bank.fixture.close("bank-eur", &day).await
        })
        .await;
}

#[tokio::test]
async fn of_adjustments() {
    let bank = Statements::start().await;
    let calls = 2 * u32::try_from(LedgerReason::ALL.len()).unwrap();
    bank.fixture.import(bank.next(calls).await.as_bytes()).await.unwrap();
    let cases = Mutex::new(bank.fixture.cases().await.into_iter().filter(|case| case.class == "UNKNOWN_CREDIT"));
    // A member of staff is told any refusal, and proposes something else.
    let translated: Vec<_> = LedgerReason::ALL.into_iter().filter(|reason| reason.row().proof == Proof::Refused).collect();
    walk(&bank.fixture, "treasury/ApproveAdjustment", &translated)
        .through(async |fault| {
            let case = cases.lock().unwrap().next().unwrap();
            let moved = ("bank-eur-unallocated", "eu-creators", 10);
            let proposal = bank.fixture.propose(&case, AdjustmentKind::Adjustment, moved).await.unwrap();
            bank.fixture.bed.fault.fail(fault);
            bank.fixture.approve("ann", &proposal).await
        })
        .await;
}
