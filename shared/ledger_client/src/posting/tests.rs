//! A draft contains exactly what its methods were given.
use super::*;
use chart::Purpose;
use money::{Currency, UserKey};

const ID: Uuid = Uuid::from_u128(7);

fn usd(minor_units: i64) -> Money {
    Money::try_new(Currency::try_new("USD").unwrap(), minor_units).unwrap()
}

#[test]
fn amounts_of_zero_make_no_transfer() {
    let user = UserKey::try_new("ann").unwrap();
    let coins = |coins| Coins::try_new(coins).unwrap();
    let draft = PostingDraft::new(PostingKind::Gift, ID).coins(Account::viewer_coins(&user), Account::CoinsRedeemed, coins(5)).diamonds(
        Account::DiamondsIssued,
        Account::creator_diamonds(&user),
        Diamonds::ZERO,
    );
    let post = draft.for_book(&BookName::try_new("demo").unwrap());
    let moved: Vec<_> = post.transfers.iter().map(|t| (t.debit_account.as_str(), t.credit_account.as_str(), t.amount, t.pending)).collect();
    assert_eq!(moved, [("viewer/ann/coins", "house/coins/redeemed", 5, false)]);
    assert_eq!((post.book.as_str(), post.kind.as_str(), post.request_id), ("demo", "gift", ID.hyphenated().to_string()));
}

#[test]
#[should_panic(expected = "viewer/ann/coins to house/in_transit/USD in USD")]
fn money_does_not_come_from_coins() {
    let (user, money) = (UserKey::try_new("ann").unwrap(), usd(1));
    let transit = Account::house(Purpose::InTransit, money.currency());
    let _never = PostingDraft::new(PostingKind::PayoutHold, ID).hold(Account::viewer_coins(&user), transit, money);
}

#[test]
fn a_time_before_1970_keeps_its_milliseconds() {
    let time = PostingDraft::new(PostingKind::Gift, ID).happened_at(-1).in_batch().effective_time.unwrap();
    assert_eq!((time.seconds, time.nanos), (-1, 999_000_000));
}

#[test]
fn guards_and_refusals_are_said_as_they_are() {
    let once = PostingDraft::new(PostingKind::Conversion, ID).once(GuardKey::quote(ID)).in_batch();
    assert_eq!(once.guards[0].operation, Some(Operation::CompareAndSet(CompareAndSet { expected: 0, next: 1 })));
    let no = PostingDraft::new(PostingKind::Gift, ID).refuse("GIFT_UNKNOWN", "gift_id=5".to_owned()).in_batch();
    assert_eq!((no.refusal.as_str(), no.refusal_detail.as_str()), ("GIFT_UNKNOWN", "gift_id=5"));
}
