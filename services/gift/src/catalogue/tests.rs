//! The built-in catalogue has the gifts that real rooms send, and errors in a file name the line.
use super::*;

fn no(text: &str) -> String {
    GiftCatalogue::parse("gifts.toml", text).unwrap_err().to_string()
}

#[test]
fn the_built_in_catalogue_has_the_gifts_of_real_rooms() {
    let catalogue = GiftCatalogue::embedded();
    for (id, cost, streakable) in [
        (5655, 1, true),
        (5523, 1, true),
        (9334, 1, true),
        (5487, 5, true),
        (9333, 100, false),
        (7934, 1, false),
        (5879, 30, true),
        (8239, 1, true),
        (5269, 1, true),
    ] {
        assert_eq!(catalogue.offer(id), Some(Offer { cost: Coins::try_new(cost).unwrap(), streakable }), "{id}");
    }
    let on_sale = catalogue.on_sale();
    assert!(on_sale.len() >= 921);
    // From the longer list of real rooms: the dearest gift, one without a name of its own, and one that is not streakable.
    for (id, cost) in [(5236, 2_888), (5237, 222), (5285, 7_499)] {
        assert_eq!(catalogue.offer(id).map(|offer| (offer.cost.get(), offer.streakable)), Some((cost, false)), "{id}");
    }
    assert!(on_sale.is_sorted_by_key(|gift| (gift.offer.cost, gift.id)));
}

#[test]
fn a_copy_is_built_in_whatever_its_version_and_a_changed_one_is_not() {
    let copied = EMBEDDED.replace("version = \"", "version = \"ours-");
    assert!(GiftCatalogue::embedded().is_built_in() && GiftCatalogue::parse("gifts.toml", &copied).unwrap().is_built_in());
    let changed = copied.replace("name = \"Rose\", cost_coins = 1,", "name = \"Rose\", cost_coins = 2,");
    assert_ne!(changed, copied);
    assert!(!GiftCatalogue::parse("gifts.toml", &changed).unwrap().is_built_in());
}

#[test]
fn a_bad_file_names_file_line_and_key() {
    assert_eq!(
        no("version = \"1\"\ngifts = [\n  { id = 0, name = \"x\", cost_coins = 1 }\n]"),
        "gift catalogue gifts.toml, line 3: gift 0, id: must be 1 or more"
    );
    assert_eq!(
        no("version = \"1\"\n[[gifts]]\nid = 7\nname = \"x\"\ncost_coins = -5\n"),
        "gift catalogue gifts.toml, line 5: gift 7, cost_coins: must be 1 to 1000000000, not -5"
    );
    assert_eq!(
        no("version = \"1\"\n[[gifts]]\nid = 7\nname = \"\"\ncost_coins = 5\n"),
        "gift catalogue gifts.toml, line 4: gift 7, name: must have 1 to 100 bytes"
    );
    assert_eq!(no("version = \"\""), "gift catalogue gifts.toml, line 1: version: must have 1 to 64 bytes");
    let twice = "version = \"1\"\ngifts = [\n  { id = 7, name = \"x\", cost_coins = 1 },\n  { id = 7, name = \"y\", cost_coins = 1 },\n]";
    assert_eq!(no(twice), "gift catalogue gifts.toml, line 4: gift 7, id: is there twice");
    let price = no("version = \"1\"\n[[gifts]]\nid = 7\nname = \"x\"\nprice = 5\n");
    assert!(price.starts_with("gift catalogue gifts.toml, line ") && price.contains("price"), "{price}");
    assert!(no("version = \"1\"\n\nid = [").starts_with("gift catalogue gifts.toml, line 3: "));
    assert!(
        GiftCatalogue::load(Path::new("/nowhere/gifts.toml")).unwrap_err().to_string().starts_with("gift catalogue /nowhere/gifts.toml: ")
    );
}

#[test]
fn a_withdrawn_gift_is_neither_offered_nor_listed() {
    let text = "version = \"2\"\n[[gifts]]\nid = 7\nname = \"x\"\ncost_coins = 5\nwithdrawn = true\n";
    let catalogue = GiftCatalogue::parse("gifts.toml", text).unwrap();
    assert_eq!(catalogue.offer(7), None);
    assert!(catalogue.on_sale().is_empty());
}

#[test]
fn every_handle_sees_the_catalogue_in_force() {
    let shelf = Shelf::new(GiftCatalogue::embedded());
    let other = shelf.clone();
    let mut next = (*shelf.current()).clone();
    assert!(next.withdraw(5655) && !next.withdraw(1));
    shelf.replace(next);
    assert_eq!(other.offer(5655), None);
    assert!(other.offer(5523).is_some());
}
