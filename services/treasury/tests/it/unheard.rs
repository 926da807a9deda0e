//! What is decided and not known to be posted: refused, lost, or too late. It is posted once in the end, under a fresh id where its own is refused for good.
use crate::{
    bank::{EURO_CASH, EURO_CREATORS, entry, id, statement},
    fixture::{BOOK, Fixture, both},
    migration::{file, tree},
    moves::{group, leaf_account},
    receipts::came,
};
use api::{
    treasury::{AdjustmentKind, MoveFundsRequest},
    r#type::Money,
};
use ledger_client::LedgerReason;
use std::collections::BTreeMap;
use testbed::{Fault, insides};
use tonic::Status;

const SUSPENSE: &str = "house/main/virtual_account/bank-eur-suspense/EUR";
const UNALLOCATED: &str = "house/main/virtual_account/bank-eur-unallocated/EUR";
const DAY_MS: i64 = 86_400_000;

fn reason(status: &Status) -> String {
    rpc::reason(status).unwrap_or_else(|| status.to_string())
}

impl Fixture {
    /// Writes the class of a case, as a program of a later version may.
    async fn set_class(&self, case_id: &str, class: &str) {
        let pool = self.tables.database.open("treasury", &treasury::store::MIGRATIONS).await.unwrap();
        let sql = "UPDATE bank_case SET class = $1 WHERE case_id = $2";
        let set = sqlx::query(sql).bind(class.to_owned()).bind(case_id.to_owned()).execute(&pool).await.unwrap();
        assert_eq!(set.rows_affected(), 1, "{case_id}");
    }

    /// How many postings of each kind are open, and how old the oldest is in milliseconds.
    async fn still_open(&self) -> BTreeMap<&'static str, (u64, i64)> {
        let now_ms = money::time::unix_ms((self.clock)());
        let counts = self.unfinished().await.into_iter().filter(|count| count.what == "treasury_posting" && count.count > 0);
        counts.map(|count| (count.state, (count.count, now_ms - count.since_ms.unwrap()))).collect()
    }
}

#[tokio::test]
async fn an_entry_whose_leaf_was_frozen_is_booked_once_after_the_thaw_and_others_do_not_wait_for_it() {
    for fixture in both().await {
        fixture.with_euros(1_000_000).await;
        let (first, second) = (fixture.day(-4), fixture.day(-3));
        fixture.import(statement(1, &first, 1_000_000, &[entry("A1", -100, "X")]).as_bytes()).await.unwrap();
        fixture.freeze(SUSPENSE, true).await;
        let later = statement(2, &second, 999_900, &[entry("A2", -50, "Y"), entry("A3", 70, "Z")]);
        for _ in 0..2 {
            assert_eq!(reason(&fixture.import(later.as_bytes()).await.unwrap_err()), "ACCOUNT_FROZEN");
        }
        assert_eq!((fixture.free(SUSPENSE).await.0, fixture.free(UNALLOCATED).await.0), (-100, 70), "the other entry is booked");
        fixture.freeze(SUSPENSE, false).await;
        for _ in 0..2 {
            fixture.import(later.as_bytes()).await.unwrap();
            assert_eq!((fixture.free(SUSPENSE).await.0, fixture.free(UNALLOCATED).await.0), (-150, 70));
        }
        assert_eq!(fixture.assert_rows_are_postings().await["treasury.entry"], 3);
        fixture.close("bank-eur", &first).await.unwrap();
        fixture.close("bank-eur", &second).await.unwrap();
    }
}

#[tokio::test]
async fn an_entry_that_was_recorded_and_not_posted_for_more_than_a_week_is_booked_once() {
    for fault in [Fault::Down, Fault::AnswerLost] {
        for tables in testbed::both() {
            let fixture = Fixture::on_one_clock(tables).await;
            fixture.with_euros(1_000_000).await;
            let file = statement(1, &fixture.day(-3), 1_000_000, &[entry("A1", 70, "Z")]);
            fixture.bed.fault.fail(fault.clone());
            assert_eq!(reason(&fixture.import(file.as_bytes()).await.unwrap_err()), "OUTCOME_UNKNOWN");
            fixture.bed.fault.fail(Fault::None);
            fixture.days_later(8);
            fixture.import(file.as_bytes()).await.unwrap();
            assert_eq!(fixture.free(UNALLOCATED).await.0, 70, "{fault:?}");
            assert_eq!(fixture.assert_rows_are_postings().await["treasury.entry"], 1);
        }
    }
}

#[tokio::test]
async fn a_correction_waits_for_the_booking_that_it_takes_back() {
    for fixture in both().await {
        fixture.with_euros(1_000_000).await;
        let day = fixture.day(-3);
        let debit = statement(1, &day, 1_000_000, &[entry("A1", -100, &id(1))]);
        fixture.bed.fault.fail(Fault::Down);
        assert!(fixture.import(debit.as_bytes()).await.is_err());
        // It was a payout, so that nothing of it is to be booked.
        fixture.expect(vec![crate::bank::payout("P1", 100, &id(1), &day)]).await.unwrap();
        assert!(fixture.import(debit.as_bytes()).await.is_err());
        fixture.bed.fault.fail(Fault::None);
        fixture.import(debit.as_bytes()).await.unwrap();
        assert_eq!(fixture.free(SUSPENSE).await.0, 0);
        assert_eq!(fixture.assert_rows_are_postings().await["treasury.entry"], 2, "booked, and taken back");
    }
}

#[tokio::test]
async fn an_opening_whose_account_was_frozen_is_booked_once_after_the_thaw() {
    for fixture in both().await {
        fixture.change(&tree()).await.unwrap();
        let file = file(3);
        let plan = fixture.plan_migration(&file).await.unwrap();
        let (cash, leaf) = ("house/acme/physical_cash/old-2/USD", "house/acme/virtual_account/old-2/USD");
        fixture.adjust(cash, leaf, 1).await;
        fixture.freeze(leaf, true).await;
        assert_eq!(reason(&fixture.apply_migration(&file, &plan.hash).await.unwrap_err()), "ACCOUNT_FROZEN");
        assert_eq!(reason(&fixture.apply_migration(&file, &plan.hash).await.unwrap_err()), "ACCOUNT_FROZEN");
        assert_eq!(fixture.still_open().await.keys().copied().collect::<Vec<_>>(), ["old_account"]);
        fixture.freeze(leaf, false).await;
        let opened = fixture.apply_migration(&file, &plan.hash).await.unwrap();
        assert_eq!((opened.opened_count, fixture.free(leaf).await.0), (1, 208));
        assert_eq!(fixture.apply_migration(&file, &plan.hash).await.unwrap().opened_count, 0);
        assert_eq!(fixture.assert_rows_are_postings().await["treasury.migration"], 3);
    }
}

#[tokio::test]
async fn a_move_whose_leaf_was_frozen_stops_no_other_and_is_asked_for_again() {
    for fixture in both().await {
        fixture.change(&tree()).await.unwrap();
        fixture.import_old(&file(3)).await;
        let leaf = "house/main/virtual_account/live-costs/USD";
        fixture.old_moved(&testbed::new_id(), &["old-3"]).await.unwrap();
        fixture.freeze(leaf, true).await;
        fixture.adjust("house/main/physical_cash/old-3/USD", "house/main/virtual_account/old-3/USD", 5).await;
        assert_eq!(reason(&fixture.old_moved(&testbed::new_id(), &["old-3"]).await.unwrap_err()), "ACCOUNT_FROZEN");
        // Another account's leaf takes money.
        let other = fixture.old_moved(&testbed::new_id(), &["old-1"]).await.unwrap();
        assert_eq!(other.totals[0].account_count, 1);
        fixture.freeze(leaf, false).await;
        let again = fixture.old_moved(&testbed::new_id(), &["old-3"]).await.unwrap();
        assert_eq!(again.totals[0].balance_minor_units, 5);
        assert_eq!(fixture.assert_rows_are_postings().await["treasury.move"], 3);
    }
}

#[tokio::test]
async fn an_id_that_the_ledger_finds_too_early_is_not_given_up_while_a_call_with_it_may_be_in_flight() {
    for fixture in both().await {
        fixture.change(&group()).await.unwrap();
        fixture.adjust("house/main/physical_cash/bank-usd/USD", &leaf_account("main-a"), 1_000).await;
        fixture.bed.fault.fail(Fault::Answer(insides::answer(&LedgerReason::RequestIdTime)));
        let request = MoveFundsRequest {
            book: BOOK.to_owned(),
            request_id: testbed::new_id(),
            from_leaf: "main-a".to_owned(),
            to_leaf: "main-b".to_owned(),
            minor_units: 100,
            currency_code: "USD".to_owned(),
        };
        let moved = async || fixture.client().move_funds(fixture.by(request.clone())).await;
        fixture.bed.fault.fail(Fault::Down);
        assert_eq!(reason(&moved().await.unwrap_err()), "OUTCOME_UNKNOWN");
        fixture.bed.fault.fail(Fault::Answer(insides::answer(&LedgerReason::RequestIdTime)));
        assert_eq!(reason(&moved().await.unwrap_err()), "REQUEST_ID_TIME");
        let receipt = came("bank-usd", "", 5);
        assert_eq!(reason(&fixture.received(receipt.clone()).await.unwrap_err()), "REQUEST_ID_TIME");
        fixture.bed.fault.fail(Fault::None);
        let open = fixture.still_open().await;
        assert_eq!((open["receipt"].0, open["movement"].0), (1, 1), "both are still there");
        fixture.post_unheard().await.unwrap();
        assert!(moved().await.unwrap().into_inner().replayed);
        assert_eq!(fixture.free(&leaf_account("main-b")).await.0, 100);
        assert_eq!(fixture.free("house/main/virtual_account/bank-usd-unallocated/USD").await.0, 5);
        assert!(fixture.received(receipt).await.unwrap().replayed);
        assert_eq!(fixture.assert_rows_are_postings().await["treasury.receipt"], 1);
    }
}

#[tokio::test]
async fn what_nobody_asks_for_again_is_posted_all_the_same_and_counted_until_then() {
    for fixture in both().await {
        fixture.with_euros(1_000_000).await;
        fixture.change(&tree()).await.unwrap();
        fixture.import_old(&file(3)).await;
        let day = fixture.day(-3);
        fixture.import(statement(1, &day, 1_000_000, &[entry("A1", 300, "X")]).as_bytes()).await.unwrap();
        let case = fixture.case("UNKNOWN_CREDIT").await;
        let proposal = fixture.propose(&case, AdjustmentKind::Adjustment, ("bank-eur-unallocated", "eu-creators", 300)).await.unwrap();
        let in_euros = Some(Money { currency_code: "EUR".to_owned(), minor_units: 5_000 });
        let receipt = api::treasury::RecordReceiptRequest { amount: in_euros, bank_reference: "B9".to_owned(), ..came("bank-eur", "", 1) };

        fixture.bed.fault.fail(Fault::AnswerLost);
        assert_eq!(reason(&fixture.approve("ann", &proposal).await.unwrap_err()), "OUTCOME_UNKNOWN");
        assert_eq!(reason(&fixture.received(receipt).await.unwrap_err()), "OUTCOME_UNKNOWN");
        assert_eq!(reason(&fixture.old_moved(&testbed::new_id(), &["old-1"]).await.unwrap_err()), "OUTCOME_UNKNOWN");
        let next = fixture.day(-2);
        let entries = [entry("A2", -70, "Y")];
        assert_eq!(reason(&fixture.import(statement(2, &next, 1_000_300, &entries).as_bytes()).await.unwrap_err()), "OUTCOME_UNKNOWN");
        assert!(fixture.post_unheard().await.is_err(), "the ledger is still away");
        fixture.later(600);
        let open = fixture.still_open().await;
        assert_eq!(open.keys().copied().collect::<Vec<_>>(), ["adjustment", "entry", "old_move", "receipt"]);
        let store = fixture.store().await;
        let entries =
            async || (store.open_bookings(BOOK, "bank-eur").await.unwrap().len(), store.bookings(BOOK, "bank-eur").await.unwrap().len());
        assert_eq!(entries().await, (1, 2), "what is posted is not read again each time");
        assert!(open.values().all(|(count, age_ms)| *count == 1 && (600_000..DAY_MS).contains(age_ms)), "{open:?}");

        fixture.bed.fault.fail(Fault::None);
        fixture.post_unheard().await.unwrap();
        assert_eq!(fixture.still_open().await, BTreeMap::new());
        assert_eq!(entries().await, (0, 2));
        assert_eq!(fixture.free(EURO_CREATORS).await.0, 1_000_300);
        assert_eq!((fixture.free(SUSPENSE).await.0, fixture.free(UNALLOCATED).await.0), (-70, 5_000));
        let counts = fixture.assert_rows_are_postings().await;
        let kinds = ["treasury.adjustment", "treasury.receipt", "treasury.move", "treasury.entry"];
        assert_eq!(kinds.map(|kind| counts[kind]), [1, 1, 1, 2]);
        // The bank's own entry of the receipt is known, and not booked as unknown money.
        let third = statement(3, &fixture.day(-1), 1_000_230, &[entry("B9", 5_000, "NOTPROVIDED")]);
        fixture.import(third.as_bytes()).await.unwrap();
        assert_eq!(fixture.free(UNALLOCATED).await.0, 5_000);
        assert_eq!(-fixture.free(EURO_CASH).await.0, 1_000_000 + 300 + 5_000 - 70);
    }
}

#[tokio::test]
async fn what_is_refused_is_tried_ever_more_seldom_and_its_age_goes_on() {
    for tables in testbed::both() {
        let fixture = Fixture::on_one_clock(tables).await;
        fixture.with_euros(1_000_000).await;
        fixture.import(statement(1, &fixture.day(-4), 1_000_000, &[entry("A1", -100, "X")]).as_bytes()).await.unwrap();
        fixture.freeze(SUSPENSE, true).await;
        let file = statement(2, &fixture.day(-3), 999_900, &[entry("A2", -50, "Y")]);
        assert_eq!(reason(&fixture.import(file.as_bytes()).await.unwrap_err()), "ACCOUNT_FROZEN");
        let mut tried = 0;
        for _ in 0..60 {
            fixture.later(60);
            tried += u32::from(fixture.post_unheard().await.is_err());
        }
        assert!((3..=8).contains(&tried), "{tried} tries in an hour");
        let (count, age_ms) = fixture.still_open().await["entry"];
        assert!(count == 1 && age_ms >= 3_600_000, "{age_ms}");
        fixture.freeze(SUSPENSE, false).await;
        // The last try was within the hour and a little more that really passed; no wait is longer than all before it.
        fixture.later(2 * 3_600);
        fixture.post_unheard().await.unwrap();
        assert_eq!((fixture.free(SUSPENSE).await.0, fixture.still_open().await.len()), (-150, 0));
    }
}

#[tokio::test]
async fn a_case_that_cannot_be_read_keeps_no_other_adjustment_from_being_posted() {
    for fixture in both().await {
        fixture.with_euros(1_000_000).await;
        let entries = [entry("A1", 300, "X"), entry("A2", 70, "Y")];
        fixture.import(statement(1, &fixture.day(-3), 1_000_000, &entries).as_bytes()).await.unwrap();
        let mut proposed = Vec::new();
        for case in fixture.cases().await {
            let transfer = ("bank-eur-unallocated", "eu-creators", case.amount_minor_units);
            proposed.push((fixture.propose(&case, AdjustmentKind::Adjustment, transfer).await.unwrap(), case));
        }
        fixture.bed.fault.fail(Fault::Down);
        for (proposal, _) in &proposed {
            assert_eq!(reason(&fixture.approve("ann", proposal).await.unwrap_err()), "OUTCOME_UNKNOWN");
        }
        fixture.bed.fault.fail(Fault::None);
        // They are read by their ids.
        proposed.sort_by(|(one, _), (other, _)| one.cmp(other));
        let (first, second) = (&proposed[0].1, &proposed[1].1);
        fixture.set_class(&first.case_id, "OF_A_LATER_VERSION").await;
        assert!(fixture.post_unheard().await.is_err(), "somebody is to hear of it");
        assert_eq!(fixture.free(EURO_CREATORS).await.0, 1_000_000 + second.amount_minor_units);
        assert_eq!(fixture.still_open().await["adjustment"].0, 1);
        fixture.set_class(&first.case_id, &first.class).await;
        fixture.post_unheard().await.unwrap();
        assert_eq!((fixture.free(EURO_CREATORS).await.0, fixture.still_open().await.len()), (1_000_370, 0));
        assert_eq!(fixture.assert_rows_are_postings().await["treasury.adjustment"], 2);
    }
}
