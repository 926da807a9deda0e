//! Targets for lists that operators write, and for stored answers.

use api::ledger::{JournalCursor, WatchJournalRequest, watch_journal_request::From};
use earnings::RateCard;
use gift::GiftCatalogue;
use prost::Message as _;
use rpc::page::{PagePosition, PagedList};
use uuid::Uuid;

/// The gifts on sale.
pub(super) const GIFTS: &str = include_str!("../../../services/gift/catalogue.toml");

/// The exchange rates of diamonds.
pub(super) const RATES: &str = include_str!("../../../services/earnings/rate_card.toml");

/// A catalogue of gifts: every gift on sale has a price.
pub(super) fn gifts(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(catalogue) = GiftCatalogue::parse("gifts.toml", text)
    {
        assert!(catalogue.on_sale().iter().all(|gift| gift.offer.cost.get() > 0));
    }
}

/// A rate card.
pub(super) fn rates(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        drop(RateCard::parse("rates.toml", text));
    }
}

/// A stored refusal's facts and, after a zero byte, its request's fields.
pub(super) fn refusal(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Some((facts, fields)) = text.split_once('\0')
    {
        let _readable = books::decoders::refusal(facts, fields);
    }
}

pub(super) fn refusals() -> Vec<Vec<u8>> {
    let kept = ["[]\0[]", "[[\"available\",\"3\"],[\"account\",\"viewer/u1/coins\"]]\0[[\"room\",\"r1\"],[\"\",\"\\u0000é\"]]"];
    assert!(kept.iter().all(|kept| kept.split_once('\0').is_some_and(|(facts, fields)| books::decoders::refusal(facts, fields))));
    kept.map(|kept| kept.as_bytes().to_vec()).to_vec()
}

/// The position at which a watcher of the journal asks to begin.
pub(super) fn watch(bytes: &[u8]) {
    assert!(ledger::decoders::watch_after(bytes).is_none_or(|commit_no| commit_no >= 0));
}

pub(super) fn watches() -> Vec<Vec<u8>> {
    let from = [
        Some(From::FromSeq(7)),
        Some(From::After(JournalCursor { commit_no: 3, hash: "a7".repeat(32) })),
        Some(From::After(JournalCursor { commit_no: -3, hash: "zz".to_owned() })),
        None,
    ];
    from.map(|from| WatchJournalRequest { from, book: "demo".to_owned() }.encode_to_vec()).to_vec()
}

/// A list and another one, to which the first one's page tokens are nothing.
fn lists() -> [PagedList; 2] {
    ["demo", "other"].map(|book| PagedList::new("ListPayouts", book, &["u1"]))
}

/// A page token: a position that is read is spelled in one way only, and is none of another list.
fn page_of<P: PagePosition>(token: &str) {
    let [list, other] = lists();
    if let Ok(Some(position)) = list.position::<P>(token) {
        assert_eq!(list.token(&position), token, "one position, one spelling");
        assert!(other.position::<P>(token).is_err(), "a token of another list");
    }
}

/// A page token of each kind of position.
pub(super) fn page(bytes: &[u8]) {
    if let Ok(token) = std::str::from_utf8(bytes) {
        page_of::<i64>(token);
        page_of::<Uuid>(token);
        page_of::<(i64, Uuid)>(token);
    }
}

pub(super) fn pages() -> Vec<Vec<u8>> {
    let [list, other] = lists();
    let (number, id) = (-7_i64, Uuid::from_u128(0x0193_3b0e_8f1a_7c3e_9d2b_0123_4567_89ab));
    [list.token(&number), list.token(&id), list.token(&(i64::MAX, id)), other.token(&id)].map(String::into_bytes).to_vec()
}
