//! Each step moves the payout's own amount, between its own accounts, under an id of its own.
use super::*;
use crate::domain::{PayoutPhase, tests};

fn moved(draft: PostingDraft) -> (String, Vec<(String, String, i64, bool)>) {
    let post = draft.in_batch();
    let transfers = post.transfers.into_iter().map(|t| (t.debit_account, t.credit_account, t.amount, t.pending));
    (post.kind, transfers.collect())
}

#[test]
fn a_payout_s_money_goes_to_transit_and_from_there_to_the_bank_or_back() {
    let payout = tests::payout(PayoutPhase::Held);
    let (amount, currency) = (payout.amount.minor_units(), payout.amount.currency());
    let payable = format!("creator/{}/payable/{currency}", payout.user);
    let (transit, cash) = (format!("house/in_transit/{currency}"), format!("house/bank_cash/{currency}"));
    let one = |debit: &str, credit: &str, pending| vec![(debit.to_owned(), credit.to_owned(), amount, pending)];
    assert_eq!(moved(hold(&payout)), ("payout.hold".to_owned(), one(&payable, &transit, true)));
    assert_eq!(moved(settlement(&payout)), ("payout.settle".to_owned(), one(&transit, &cash, false)));
    assert_eq!(moved(rejection(&payout)), ("payout.reject".to_owned(), one(&transit, &payable, false)));
    let suspense = format!("house/suspense/{currency}");
    assert_eq!(moved(suspension(&payout)), ("payout.suspend".to_owned(), one(&transit, &suspense, false)));
    let blocked = format!("house/blocked_funds/{currency}");
    assert_eq!(moved(blocking(&payout)), ("payout.block".to_owned(), one(&transit, &blocked, false)));
    assert_eq!(moved(unblocking(&payout)), ("payout.unblock".to_owned(), one(&blocked, &payable, false)));
    assert_eq!(moved(unblocking_to_suspense(&payout)), ("payout.unblock".to_owned(), one(&blocked, &suspense, false)));
    assert_eq!(submission(&payout).kind, PostingKind::PayoutSubmit);
}

#[test]
fn an_account_s_payouts_on_their_way_are_counted_from_hold_to_end() {
    use api::ledger::guard::Operation;
    let payout = tests::payout(PayoutPhase::Held);
    let counted = |draft: PostingDraft| {
        let guards = draft.in_batch().guards;
        assert_eq!(guards.iter().map(|guard| guard.key.as_str()).collect::<Vec<_>>(), ["in_flight/creator/ana/payable/USD"]);
        guards[0].operation
    };
    assert_eq!(counted(hold(&payout)), Some(Operation::Add(1)));
    for end in [settlement(&payout), rejection(&payout), suspension(&payout)] {
        assert_eq!(counted(end), Some(Operation::Add(-1)));
    }
}

#[test]
fn steps_have_ids_of_their_own() {
    let payout = tests::payout(PayoutPhase::Held);
    let ids = [
        payout.hold_id(),
        submission(&payout).id,
        payout.step_id(PostingKind::PayoutSettle),
        payout.step_id(PostingKind::PayoutReject),
        payout.step_id(PostingKind::PayoutSuspend),
    ];
    let distinct: std::collections::BTreeSet<_> = ids.into_iter().collect();
    assert_eq!(distinct.len(), ids.len());
}

#[test]
fn what_came_back_goes_to_the_creator_with_our_part_of_the_charge_or_to_suspense() {
    let payout = tests::payout(PayoutPhase::Settled);
    let mut back = tests::returned(490, 10);
    let (cash, charge) = ("house/bank_cash/USD".to_owned(), "house/return_charge/USD".to_owned());
    for (suspended, to) in [(false, "creator/ana/payable/USD"), (true, "house/suspense/USD")] {
        back.suspended = suspended;
        let expected = vec![(cash.clone(), to.to_owned(), 490, false), (charge.clone(), to.to_owned(), 10, false)];
        assert_eq!(moved(returned(&payout, &back)), ("payout.return".to_owned(), expected));
        assert_eq!(returned(&payout, &back).broken_rule(), None);
    }
    // What the creator bears is not added.
    back.charge_borne_minor_units = 0;
    assert_eq!(moved(returned(&payout, &back)).1.len(), 1);
    assert_eq!(returned(&payout, &back).broken_rule(), None);
    assert!(returned(&payout, &back).in_batch().guards.is_empty(), "it is in flight no more");
}

#[test]
fn the_fee_of_a_recall_is_ours_or_the_creator_s() {
    use crate::domain::recall::{RecallFee, tests::recall};
    let payout = tests::payout(PayoutPhase::Settled);
    for (bearer, from) in [(CostBearer::House, "house/recall_cost/USD"), (CostBearer::Creator, "creator/ana/payable/USD")] {
        let fee = RecallFee::agreed(150, bearer).incurred(payout.payout_id, 1);
        let draft = recall_fee(&payout, &PayoutRecall { fee, ..recall() });
        assert_eq!(draft.broken_rule(), None);
        assert_eq!(moved(draft), ("payout.recall_fee".to_owned(), vec![(from.to_owned(), "house/bank_cash/USD".to_owned(), 150, false)]));
    }
}

#[test]
fn every_step_is_as_its_row_says() {
    let payout = tests::payout(PayoutPhase::Held);
    let drafts = [hold(&payout), settlement(&payout), rejection(&payout), suspension(&payout), blocking(&payout)];
    for draft in drafts.into_iter().chain([unblocking(&payout), unblocking_to_suspense(&payout)]) {
        assert_eq!(draft.broken_rule(), None, "{draft:?}");
    }
    let (rule, accounts) = (submission(&payout).kind.rule(), (payable(&payout).class(), in_transit(&payout).class()));
    assert_eq!(rule.act, chart::posters::PostingAct::PostHold);
    assert!(rule.moves_between(accounts.0, accounts.1), "the hold's own accounts");
}

#[test]
fn a_reservation_mirrors_money_at_the_account_and_its_release_undoes_that() {
    use crate::domain::reservation::ReservationState;
    let payout = tests::payout(PayoutPhase::Held);
    let source = |entity: &str, bank_account: &str| PayingSource { entity: entity.to_owned(), bank_account: bank_account.to_owned() };
    let row = |source: PayingSource| Reservation {
        book: payout.book.clone(),
        payout_id: payout.payout_id,
        number: 1,
        attempt_no: 1,
        source,
        amount: payout.amount,
        state: ReservationState::Asked,
        reserve_key: uuid::Uuid::from_u128(3),
        posting_id: String::new(),
        tries: 0,
        waiting_since_ms: 0,
        payout_created_at_ms: 0,
    };
    let main = row(source("main", "main"));
    let (spendable, committed) = ("house/bank_spendable/USD".to_owned(), "house/bank_committed/USD".to_owned());
    let amount = payout.amount.minor_units();
    assert_eq!(moved(reservation(&main)), ("payout.reserve".to_owned(), vec![(spendable.clone(), committed.clone(), amount, false)]));
    assert_eq!(moved(release(&main.unused(1))), ("payout.release".to_owned(), vec![(committed, spendable, amount, false)]));
    let (_, transfers) = moved(reservation(&row(source("eu", "second"))));
    assert_eq!(transfers[0].0, "house/eu/bank_spendable/second/USD");
    for draft in [reservation(&main), release(&main.unused(1)), release(&main.returned(uuid::Uuid::from_u128(4), payout.amount, 1))] {
        assert_eq!(draft.broken_rule(), None, "{draft:?}");
    }
    // No two tries, and no two causes, share an id.
    let again = Reservation { tries: 1, ..main.clone() };
    assert_ne!(main.next_key(1), again.next_key(1));
    assert_ne!(main.unused(1).release_key, main.returned(uuid::Uuid::from_u128(4), payout.amount, 1).release_key);
}
