//! What statements come to, in any order of their coming.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

use super::*;
use crate::domain::{PurchaseState, ReceiptValue, SoldAs};
use money::{Coins, Currency, Money, UserKey};
use uuid::Uuid;

fn purchase() -> Purchase {
    let usd = |minor| Money::try_new(Currency::try_new("USD").unwrap(), minor).unwrap();
    Purchase {
        book: BookName::try_new("demo").unwrap(),
        purchase_id: Uuid::from_u128(7),
        user: UserKey::try_new("ann").unwrap(),
        request_id: Uuid::from_u128(8),
        state: PurchaseState::Verified,
        store: StoreKind::Stripe,
        environment: "test".to_owned(),
        bundle_id: "acct".to_owned(),
        transaction_id: "pi_1".to_owned(),
        product_id: "coins.70".to_owned(),
        quantity: 1,
        value: ReceiptValue { coins: Coins::try_new(70).unwrap(), price: usd(100), tax: usd(10), commission: usd(0) },
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

fn said(fact_id: &str, part: i64, status: FactStatus, said_at_ms: i64) -> RefundFact {
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
        said_at_ms,
        withdrawn: 0,
        fee: 0,
    }
}

/// Coins and price that these statements take back.
fn come_to(facts: &[RefundFact]) -> (i64, i64) {
    let (portion, _) = paid_back(facts, &purchase()).unwrap();
    (portion.of(70), portion.of(100))
}

#[test]
fn refunds_one_by_one_and_all_together_count_once() {
    use FactStatus::{Granted, Pending, Undone};
    let first = said("re_1", 30, Granted, 1_000);
    assert_eq!(come_to(&[]), (0, 0));
    assert_eq!(come_to(std::slice::from_ref(&first)), (21, 30));
    // Whichever comes first, or alone.
    assert_eq!(come_to(&[first.clone(), said(CUMULATIVE, 30, Granted, 1_000)]), (21, 30));
    assert_eq!(come_to(&[said(CUMULATIVE, 30, Granted, 1_000)]), (21, 30));
    assert_eq!(come_to(&[first.clone(), said(CUMULATIVE, 50, Granted, 2_000)]), (35, 50), "a notification of the second is lost");
    // One that is on its way is among all of them, and takes nothing yet.
    assert_eq!(come_to(&[first.clone(), said("re_2", 20, Pending, 2_000), said(CUMULATIVE, 50, Granted, 2_000)]), (21, 30));
    // One that failed, before and after what was said of all.
    let failed = said("re_1", 30, Undone, 3_000);
    assert_eq!(come_to(std::slice::from_ref(&failed)), (0, 0));
    assert_eq!(come_to(&[failed.clone(), said(CUMULATIVE, 30, Granted, 1_000)]), (0, 0));
    assert_eq!(come_to(&[failed, said("re_2", 20, Granted, 4_000), said(CUMULATIVE, 20, Granted, 4_000)]), (14, 20));
}

#[test]
fn more_than_the_whole_is_the_whole_and_another_currency_is_refused() {
    assert_eq!(come_to(&[said("re_1", 101, FactStatus::Granted, 1)]), (70, 100));
    let foreign = RefundFact { currency: "EUR".to_owned(), ..said("re_1", 50, FactStatus::Granted, 1) };
    let why = paid_back(&[foreign], &purchase()).unwrap_err().to_string();
    assert_eq!(why, "50 EUR were paid back, and the purchase was paid in USD; nothing was taken back for it");
    let part = |part, whole| RefundFact { part, whole, currency: String::new(), ..said(WHOLE, 0, FactStatus::Granted, 1) };
    assert_eq!(come_to(&[part(45_200, 100_000)]), (31, 45), "31.64 coins");
    assert_eq!(come_to(&[part(1, 3)]), (23, 33));
    assert_eq!(come_to(&[RefundFact { status: FactStatus::Undone, ..part(1, 1) }]), (0, 0));
}

#[test]
fn a_dispute_takes_what_no_refund_took_and_only_once_it_is_lost() {
    use FactStatus::{Disputed, Granted, Lost, NotDisputed, Pending};
    let taken = |facts: &[RefundFact]| {
        let (portion, disputed) = paid_back(facts, &purchase()).unwrap();
        (portion.of(70), portion.of(100), disputed)
    };
    for status in [Disputed, NotDisputed] {
        assert_eq!(taken(&[said("dp_1", 100, status, 1_000)]), (0, 0, 0), "{status:?}");
    }
    assert_eq!(taken(&[said("dp_1", 100, Lost, 1_000)]), (70, 100, 100));
    let (refund, lost) = (said("re_1", 30, Granted, 1_000), said("dp_1", 100, Lost, 2_000));
    assert_eq!(taken(&[refund.clone(), lost.clone()]), (70, 100, 70), "30 were refunded");
    // What is said of all refunds together says nothing of disputes, and a dispute nothing of refunds.
    let together = said(CUMULATIVE, 50, Granted, 3_000);
    assert_eq!(taken(&[said("re_2", 20, Pending, 3_000), together.clone(), lost.clone(), refund.clone()]), (70, 100, 70));
    assert_eq!(taken(&[said("dp_1", 60, NotDisputed, 9_000), together]), (35, 50, 0), "a dispute that was won fails no refund");
    assert_eq!(taken(&[said("re_1", 100, Granted, 1), lost]), (70, 100, 0), "all of it was refunded");
    let movement = |withdrawn, fee| RefundFact { withdrawn, fee, ..said("dp_1", 100, Disputed, 1) };
    assert_eq!(withdrawn(&[movement(100, 15), movement(0, 15), refund]), Some((100, 30)));
    assert_eq!(withdrawn(&[movement(i64::MAX, 0), movement(1, 0)]), None);
}
