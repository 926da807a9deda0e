//! What is held, by what a store said and by what was held before.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

use super::*;
use crate::domain::{Credit, ReceiptValue, SoldAs, StoreKind};
use crate::refunds::fact::CUMULATIVE;
use ledger_client::BalanceSeq;
use money::{Currency, Money};

const TERMS: HoldTerms = HoldTerms { refund_ms: 1_000, dispute_ms: 9_000, other_lots_pay: true };

fn purchase() -> Purchase {
    let usd = |minor| Money::try_new(Currency::try_new("USD").unwrap(), minor).unwrap();
    let coins = |coins| Coins::try_new(coins).unwrap();
    Purchase {
        book: BookName::try_new("demo").unwrap(),
        purchase_id: Uuid::from_u128(7),
        user: UserKey::try_new("ann").unwrap(),
        request_id: Uuid::from_u128(8),
        state: PurchaseState::Credited(Credit { posting_id: String::new(), coin_balance: coins(70), balance_seq: BalanceSeq::new(1) }),
        store: StoreKind::Stripe,
        environment: "test".to_owned(),
        bundle_id: "acct".to_owned(),
        transaction_id: "pi_1".to_owned(),
        product_id: "coins.70".to_owned(),
        quantity: 1,
        value: ReceiptValue { coins: coins(70), price: usd(100), tax: usd(10), commission: usd(0) },
        purchased_at_ms: 0,
        created_at_ms: 0,
        attempt: 0,
        attempt_at_ms: 0,
        tries: 0,
        blocked_by: String::new(),
        waits_since_ms: 0,
        stated_price: String::new(),
        sold: SoldAs::default(),
    }
}

fn said(fact_id: &str, part: i64, status: FactStatus) -> RefundFact {
    RefundFact {
        store: StoreKind::Stripe,
        environment: "test".to_owned(),
        bundle_id: "acct".to_owned(),
        transaction_id: "pi_1".to_owned(),
        fact_id: fact_id.to_owned(),
        book: BookName::try_new("demo").unwrap(),
        part,
        whole: 1,
        currency: "USD".to_owned(),
        status,
        order_no: 0,
        said_at_ms: 0,
        withdrawn: 0,
        fee: 0,
    }
}

fn changed(facts: &[RefundFact], last: Option<&CoinHold>, granted: i64, terms: HoldTerms) -> (Option<i64>, Vec<(i64, i64, i64)>, i64) {
    let change = change(facts, &purchase(), last, granted, terms, 10_000).unwrap();
    let new = change.new.iter().map(|hold| (hold.hold_no, hold.wanted, hold.ends_at_ms)).collect();
    (change.release.map(|hold| hold.hold_no), new, change.taken)
}

#[test]
fn what_is_not_decided_is_held_and_what_changes_replaces_it() {
    use FactStatus::{Disputed, Granted, NotDisputed, Pending, Undone};
    let pending = [said("re_1", 50, Pending), said(CUMULATIVE, 50, Granted)];
    assert_eq!(changed(&pending, None, 0, TERMS), (None, vec![(1, 35, 11_000)], 0));
    let disputed = [said("dp_1", 100, Disputed)];
    assert_eq!(changed(&disputed, None, 0, TERMS), (None, vec![(1, 70, 19_000)], 0), "longer");
    assert_eq!(changed(&[said("dp_1", 100, NotDisputed)], None, 0, TERMS), (None, vec![], 0));
    let both = [said("re_1", 50, Pending), said("dp_1", 100, Disputed), said("re_2", 20, Granted)];
    assert_eq!(changed(&both, None, 0, TERMS), (None, vec![(1, 70 - 14, 19_000)], 0), "never more than there was");
    let held = change(&pending, &purchase(), None, 0, TERMS, 10_000).unwrap().new.remove(0);
    assert_eq!(changed(&pending, Some(&held), 0, TERMS), (None, vec![], 0), "it is held already");
    assert_eq!(changed(&[said("re_1", 50, Undone)], Some(&held), 0, TERMS), (Some(1), vec![], 0));
    assert_eq!(changed(&disputed, Some(&held), 0, TERMS), (Some(1), vec![(2, 70, 19_000)], 0));
    // What is granted takes what is held for it, and the rest is asked for again.
    let one_of_two = [said("re_1", 50, Granted), said("re_2", 50, Pending)];
    assert_eq!(changed(&one_of_two, Some(&held), 35, TERMS), (None, vec![(2, 35, 11_000)], 1));
    for (ended_by, asked) in [(HoldEnd::Date, vec![]), (HoldEnd::Nothing, vec![]), (HoldEnd::Decided, vec![(2, 35, 11_000)])] {
        let over = CoinHold { state: HoldState::Over, ended_by, ..held.clone() };
        assert_eq!(changed(&pending, Some(&over), 0, TERMS), (None, asked, 0), "{ended_by:?}");
    }
    let over = CoinHold { state: HoldState::Over, ended_by: HoldEnd::Date, ..held };
    assert_eq!(changed(&disputed, Some(&over), 0, TERMS), (None, vec![(2, 70, 19_000)], 0), "it is more than before");
}

#[test]
fn where_other_lots_do_not_pay_what_is_granted_is_held_first() {
    let terms = HoldTerms { other_lots_pay: false, ..TERMS };
    let facts = [said("re_1", 50, FactStatus::Granted), said("re_2", 20, FactStatus::Pending)];
    assert_eq!(changed(&facts, None, 35, terms), (None, vec![(1, 35, 11_000), (2, 14, 11_000)], 1));
    assert_eq!(changed(&facts, None, 35, TERMS), (None, vec![(1, 14, 11_000)], 0));
    let suspended = Purchase { state: PurchaseState::Suspended { posting_id: String::new() }, ..purchase() };
    let change = change(&facts, &suspended, None, 35, terms, 10_000).unwrap();
    assert_eq!(change, HoldChange::default(), "coins in suspense can't be spent");
}
