//! Unit tests of `prices`.
use super::*;
use crate::wire;
use api::gift::{SendGiftRequest, Streak};

const ROSE: i64 = 5655;

/// One rose costs 3 coins; 5,000 basis points of them are diamonds.
fn list() -> PriceList {
    let text = "version = \"7\"\ngifts = [{ id = 5655, name = \"Rose\", cost_coins = 3, streakable = true },
        { id = 1, name = \"Old\", cost_coins = 3, withdrawn = true }, { id = 2, name = \"Lone\", cost_coins = 3 }]";
    let recorded = RecordedCatalogue::of(&GiftCatalogue::parse("gifts.toml", text).unwrap(), 5_000);
    PriceList::read(&recorded).unwrap()
}

fn gift(gift_id: i64, quantity: i32, repeat_count: Option<i32>, (coins, diamonds): (i64, i64)) -> PostedGift {
    PostedGift { gift_id, quantity, repeat_count, coins, diamonds, ..PostedGift::default() }
}

#[test]
fn equal_catalogues_are_one_record_and_any_change_is_another() {
    let of = |text: &str, rate| RecordedCatalogue::of(&GiftCatalogue::parse("gifts.toml", text).unwrap(), rate);
    let (one, two) = ("{ id = 1, name = \"a\", cost_coins = 1 }", "{ id = 2, name = \"b\", cost_coins = 2 }");
    let text = |first: &str, second: &str| format!("version = \"1\"\ngifts = [{first}, {second}]");
    assert_eq!(of(&text(one, two), 10_000), of(&text(two, one), 10_000));
    for other in [
        of(&text(one, two), 9_999),
        of(&text(one, two).replace("version = \"1\"", "version = \"2\""), 10_000),
        of(&text(one, &two.replace("cost_coins = 2", "cost_coins = 3")), 10_000),
    ] {
        assert_ne!(other.hash, of(&text(one, two), 10_000).hash);
    }
}

#[test]
fn a_list_names_its_gifts_the_withdrawn_ones_too() {
    let list = list();
    assert_eq!([ROSE, 1, 2, 99].map(|gift_id| list.name(gift_id)), [Some("Rose"), Some("Old"), Some("Lone"), None]);
}

#[test]
fn a_price_is_right_exactly_or_not_at_all() {
    let list = list();
    assert!(list.explains(&gift(ROSE, 1, None, (3, 1))));
    assert!(list.explains(&gift(ROSE, 5, None, (15, 7))));
    for wrong in [
        gift(ROSE, 1, None, (2, 1)),
        gift(ROSE, 1, None, (3, 2)),
        gift(ROSE, 1, None, (3, 0)),
        gift(ROSE, 5, None, (15, 5)),
        gift(ROSE, 0, None, (0, 0)),
        gift(ROSE, -1, None, (-3, -1)),
        gift(ROSE, i32::MAX, None, (3, 1)),
        gift(1, 1, None, (3, 1)),
        gift(99, 1, None, (3, 1)),
    ] {
        assert!(!list.explains(&wrong), "{wrong:?}");
    }
}

#[test]
fn taps_are_charged_whole_and_at_most_as_many_as_there_were() {
    let list = list();
    for taps in 1..=4 {
        assert!(list.explains(&gift(ROSE, 2, Some(4), (6 * taps, 3 * taps))), "{taps}");
    }
    for wrong in [
        gift(ROSE, 2, Some(4), (30, 15)),
        gift(ROSE, 2, Some(4), (7, 3)),
        gift(ROSE, 2, Some(4), (12, 3)),
        gift(ROSE, 2, Some(4), (0, 0)),
        gift(ROSE, 2, Some(i32::MAX), (6 * 2_000_000, 3 * 2_000_000)),
        gift(2, 1, Some(4), (3, 1)),
    ] {
        assert!(!list.explains(&wrong), "{wrong:?}");
    }
}

#[test]
fn what_was_asked_for_is_read_as_it_was_written() {
    let streak = Some(Streak { group_id: "g".to_owned(), repeat_count: 9, end: false });
    let request = SendGiftRequest {
        room_id: "r".to_owned(),
        creator_id: "bob".to_owned(),
        gift_id: ROSE,
        quantity: 7,
        user_id: "ann".to_owned(),
        streak,
        ..SendGiftRequest::default()
    };
    let written = |request: &SendGiftRequest| {
        let fields = wire::fields(request);
        PostedGift::read(|name| fields.iter().find(|field| field.name == name).map(|field| field.value.as_str()))
    };
    let whole = PostedGift { creator: "bob".to_owned(), sender: Some("ann".to_owned()), ..gift(ROSE, 7, Some(9), (0, 0)) };
    assert_eq!(written(&request), Some(whole));
    let plain = SendGiftRequest { quantity: 0, user_id: String::new(), streak: None, ..request };
    assert_eq!(written(&plain), Some(PostedGift { creator: "bob".to_owned(), ..gift(ROSE, 1, None, (0, 0)) }));
    assert_eq!(PostedGift::read(|name| (name == "gift_id").then_some("x")), None);
}

#[test]
fn a_record_that_was_written_to_is_refused() {
    let recorded = RecordedCatalogue::of(&GiftCatalogue::embedded(), 10_000);
    let cheaper = recorded.content.replacen("\"cost_coins\":1,", "\"cost_coins\":2,", 1);
    assert_ne!(cheaper, recorded.content);
    assert_eq!(PriceList::read(&RecordedCatalogue { content: cheaper, ..recorded }), Err(DamagedCatalogue::Hash));
    for content in [
        "{}".to_owned(),
        r#"{"version":"1","diamonds_per_coin_bps":10001,"gifts":[]}"#.to_owned(),
        r#"{"version":"1","diamonds_per_coin_bps":1,"gifts":[{"id":1,"name":"x","cost_coins":0,"streakable":false,"withdrawn":false}]}"#
            .to_owned(),
        format!(
            r#"{{"version":"1","diamonds_per_coin_bps":1,"gifts":[{{"id":1,"name":"x","cost_coins":{},"streakable":false,"withdrawn":false}}]}}"#,
            COST_COINS_MAX + 1
        ),
    ] {
        let hashed = RecordedCatalogue { hash: hash(&content), content };
        assert!(matches!(PriceList::read(&hashed), Err(DamagedCatalogue::Content(_))), "{hashed:?}");
    }
}
