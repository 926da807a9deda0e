//! Every kind has one row, rows name accounts of one unit, and a posting that breaks its rule is reported with how.
use super::*;
use crate::Purpose;
use AccountClass::{CoinsRedeemed, CreatorDiamonds, CreatorPayable, DiamondsIssued, DiamondsRedeemed, ViewerCoins};
use money::Currency;

const ACCRUED: AccountClass = AccountClass::House(Purpose::AccruedCreatorLiability);

const USD: fn() -> Unit = || Unit::Currency(Currency::try_new("USD").unwrap());

fn leg(debit: AccountClass, credit: AccountClass, unit: Unit, amount: i64) -> RuledTransfer {
    RuledTransfer { debit, credit, unit, amount, movement: Movement::Moves }
}

fn fixture(purpose: Purpose) -> AccountClass {
    AccountClass::House(purpose)
}

#[test]
fn every_kind_has_one_row_and_every_poster_its_own_name() {
    for kind in PostingKind::ALL {
        assert_eq!(POSTING_RULES.iter().filter(|rule| rule.kind == kind).count(), 1, "{kind:?}");
        assert!(Poster::ALL.into_iter().any(|poster| poster.posts(kind)));
    }
    for poster in Poster::ALL {
        assert_eq!(Poster::parse(poster.name()), Some(poster));
    }
    assert_eq!(Poster::parse("largesse"), None);
}

#[test]
fn rows_move_between_accounts_of_one_unit_and_fit_into_their_bits() {
    let counts = |class: AccountClass| {
        let name = class.line().replace('*', "u1").replace('¤', "USD");
        crate::form(&name).unwrap_or_else(|| panic!("{name}")).unit
    };
    for rule in &POSTING_RULES {
        let Of(transfers) = rule.transfers else { continue };
        assert!(transfers.len() <= 16);
        for (transfer, credit) in transfers.iter().flat_map(|transfer| transfer.credit.iter().map(move |credit| (transfer, *credit))) {
            assert_eq!(counts(transfer.debit), counts(credit), "{:?}", rule.kind);
            // Only leaves, what they cover, and wallets that are merged move to others of their own class: no name occurs twice among them.
            let leaves = [Purpose::VirtualAccount, Purpose::ClaimCover].map(fixture);
            let is_merged = rule.kind == PostingKind::WalletMerged;
            assert!(transfer.debit != credit || leaves.contains(&credit) || is_merged, "{:?}", rule.kind);
            let again = transfers.iter().filter(|other| other.debit == transfer.debit && other.credit.contains(&credit)).count();
            assert_eq!(again, 1, "{:?}: one row for each pair", rule.kind);
        }
    }
}

#[test]
fn a_gift_is_coins_and_perhaps_diamonds_each_once() {
    let rule = PostingKind::Gift.rule();
    let coins = leg(ViewerCoins, CoinsRedeemed, Unit::Coin, 5);
    let diamonds = leg(DiamondsIssued, CreatorDiamonds, Unit::Diamond, 5);
    let check = |legs: &[RuledTransfer]| rule.check(legs.iter().copied());
    assert_eq!(check(&[coins, diamonds]), Ok(()));
    assert_eq!(check(&[coins]), Ok(()));
    assert_eq!(check(&[]), Ok(()), "an end marker, a refusal");
    assert_eq!(check(&[diamonds]), Err(BrokenRule::Lacks(ViewerCoins)), "diamonds from nothing");
    assert_eq!(check(&[coins, diamonds, diamonds]), Err(BrokenRule::Again(2)));
    let more = RuledTransfer { amount: 6, ..diamonds };
    assert_eq!(check(&[more, coins]), Err(BrokenRule::Exceeds(DiamondsIssued, ViewerCoins)), "more diamonds than coins");
    assert_eq!(check(&[RuledTransfer { amount: 4, ..diamonds }, coins]), Ok(()));
    assert_eq!(check(&[leg(CoinsRedeemed, ViewerCoins, Unit::Coin, 5)]), Err(BrokenRule::Transfer(0)), "the other way round");
    assert_eq!(check(&[RuledTransfer { movement: Movement::Holds, ..coins }]), Err(BrokenRule::Transfer(0)));
    assert!(rule.sets("streak/a/r/b/1/g", GuardUse::Advances) && !rule.sets("quote/1", GuardUse::Advances));
    assert!(!rule.sets("streak/a/r/b/1/g", GuardUse::Sets));
}

#[test]
fn a_conversion_pays_what_it_costs_in_one_currency() {
    let rule = PostingKind::Conversion.rule();
    let eur = Unit::Currency(Currency::try_new("EUR").unwrap());
    let diamonds = leg(CreatorDiamonds, DiamondsRedeemed, Unit::Diamond, 1_000);
    let cost = leg(fixture(Purpose::CreatorCost), ACCRUED, USD(), 500);
    let net = |amount| leg(ACCRUED, CreatorPayable, USD(), amount);
    let fee = leg(ACCRUED, fixture(Purpose::FeeIncome), USD(), 25);
    let check = |legs: &[RuledTransfer]| rule.check(legs.iter().copied());
    assert_eq!(check(&[diamonds, cost, net(475), fee]), Ok(()));
    assert_eq!(check(&[diamonds, cost, net(500), fee]), Err(BrokenRule::Unbalanced(ACCRUED)));
    assert_eq!(check(&[diamonds, net(500)]), Err(BrokenRule::Unbalanced(ACCRUED)), "money that nothing cost");
    assert_eq!(check(&[cost, net(500)]), Err(BrokenRule::Lacks(CreatorDiamonds)), "money that nobody gave diamonds for");
    assert_eq!(check(&[diamonds, cost, RuledTransfer { unit: eur, ..net(500) }]), Err(BrokenRule::Currency(2)));
}

#[test]
fn two_people_move_what_they_decide_and_set_no_guard() {
    let any = leg(fixture(Purpose::Suspense), CreatorPayable, USD(), 5);
    for kind in [PostingKind::Adjustment, PostingKind::Reversal] {
        assert_eq!(kind.rule().check([any, any].into_iter()), Ok(()));
        assert!(!kind.rule().sets("in_flight/viewer/a/coins", GuardUse::Lowers));
    }
}
