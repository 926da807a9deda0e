//! Unit tests that a generated file can be read.
use super::*;

#[test]
fn a_written_catalogue_is_read_as_it_was_meant() {
    let listed = |name: &str, cost_coins, streakable| ListedGift { name: name.to_owned(), cost_coins, streakable };
    let long = "ä".repeat(80);
    let gifts = BTreeMap::from([
        (1, listed("He said \"\\o/\"\n", 5, true)),
        (2, listed("", 7, false)),
        (3, listed(&long, 1, false)),
        (4, listed("\u{7f}\u{0}", 2, true)),
    ]);
    let read = GiftCatalogue::parse("made.toml", &gifts_file("a \"b\"", &gifts)).unwrap();
    assert_eq!(read.version(), "a \"b\"");
    let named: BTreeMap<i64, &str> = read.on_sale().into_iter().map(|gift| (gift.id, gift.name.as_str())).collect();
    assert_eq!((named[&1], named[&2], named[&3]), ("He said \"\\o/\"", "Gift 2", "ä".repeat(50).as_str()));
    assert_eq!(read.offer(1).map(|offer| (offer.cost.get(), offer.streakable)), Some((5, true)));
    let again = GiftCatalogue::parse("made.toml", &gifts_file("v", &built_in_gifts())).unwrap();
    assert!(again.is_built_in() && again.on_sale().len() >= 921);
}
