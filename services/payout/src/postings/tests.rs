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
    assert_eq!(submission(&payout).kind, PostingKind::PayoutSubmit);
}

#[test]
fn steps_have_ids_of_their_own() {
    let payout = tests::payout(PayoutPhase::Held);
    let ids =
        [payout.hold_id(), submission(&payout).id, payout.step_id(PostingKind::PayoutSettle), payout.step_id(PostingKind::PayoutReject)];
    let distinct: std::collections::BTreeSet<_> = ids.into_iter().collect();
    assert_eq!(distinct.len(), ids.len());
}
