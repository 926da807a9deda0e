//! The posting has the fields that were sent, and is between the accounts of a gift.
use super::*;
use crate::domain::{BASIS_POINTS, GiftRefusal, Offer, charge};
use crate::wire::{fields, sending};
use api::gift::{SendGiftRequest, Streak};
use api::ledger::PostRequest;
use money::{Coins, UserKey};

fn request() -> SendGiftRequest {
    SendGiftRequest {
        request_id: "01890a5d-ac96-774b-bcce-b302099a8057".to_owned(),
        room_id: "r1".to_owned(),
        creator_id: "bob".to_owned(),
        gift_id: 5655,
        ..SendGiftRequest::default()
    }
}

fn post(request: &SendGiftRequest, sender: &str, offer: Option<Offer>) -> PostRequest {
    let (book, sender) = (BookName::try_new("tiktok-us").unwrap(), UserKey::try_new(sender).unwrap());
    let (id, sending) = sending(request, &sender).unwrap();
    gift(&book, id, fields(request), &sending, charge(&sending, offer, BASIS_POINTS)).for_book(&book)
}

fn offer(cost: i64) -> Option<Offer> {
    Some(Offer { cost: Coins::try_new(cost).unwrap(), streakable: true })
}

fn names(post: &PostRequest) -> Vec<(&str, &str)> {
    post.request_fields.iter().map(|field| (field.name.as_str(), field.value.as_str())).collect()
}

#[test]
fn a_gift_is_one_posting_of_two_transfers() {
    let post = post(&request(), "ann", offer(5));
    let moved: Vec<_> = post.transfers.iter().map(|t| (t.debit_account.as_str(), t.credit_account.as_str(), t.amount)).collect();
    assert_eq!(moved, [("viewer/ann/coins", "house/coins/redeemed", 5), ("house/diamonds/issued", "creator/bob/diamonds", 5)]);
    assert_eq!((post.kind.as_str(), post.guards.len(), post.refusal.as_str()), ("gift", 0, ""));
}

#[test]
fn the_fields_are_what_was_sent_and_not_what_was_derived() {
    let dear = post(&request(), "ann", offer(5));
    assert_eq!(names(&dear), [("room_id", "r1"), ("creator_id", "bob"), ("gift_id", "5655")]);
    assert_eq!(post(&request(), "ann", offer(1)).request_fields, dear.request_fields, "another price is no other request");
    assert_eq!(post(&request(), "ann", None).request_fields, dear.request_fields, "nor is a withdrawn gift");
    let full = SendGiftRequest {
        quantity: 1,
        user_id: "ann".to_owned(),
        streak: Some(Streak { group_id: "g".to_owned(), repeat_count: 3, end: true }),
        ..request()
    };
    let full = post(&full, "ann", offer(5));
    let more = [("quantity", "1"), ("user_id", "ann"), ("streak.group_id", "g"), ("streak.repeat_count", "3"), ("streak.end", "true")];
    assert_eq!(names(&full)[3..], more);
}

#[test]
fn the_ledgers_id_is_the_senders_own() {
    let (ann, cid) = (post(&request(), "ann", offer(5)), post(&request(), "cid", offer(5)));
    assert_ne!(ann.request_id, cid.request_id);
    assert_eq!(ann.request_id, post(&request(), "ann", None).request_id);
    assert_eq!(ann.request_id[..13], request().request_id[..13], "the time stays in front");
}

#[test]
fn a_refusal_goes_to_the_ledger_without_transfers_and_guards() {
    let streak = SendGiftRequest { streak: Some(Streak { group_id: "g".to_owned(), repeat_count: 3, end: false }), ..request() };
    let post = post(&streak, "ann", None);
    assert_eq!((post.refusal.as_str(), post.refusal_detail.as_str()), (GiftRefusal::GiftUnknown.reason(), "gift_id=5655"));
    assert!(post.transfers.is_empty() && post.guards.is_empty());
}

#[test]
fn every_gift_is_as_its_row_says() {
    let (book, sender) = (BookName::try_new("tiktok-us").unwrap(), UserKey::try_new("ann").unwrap());
    let streak = |end| SendGiftRequest { streak: Some(Streak { group_id: "g".to_owned(), repeat_count: 3, end }), ..request() };
    for (request, offer) in
        [(request(), offer(5)), (request(), None), (streak(false), offer(1)), (streak(true), offer(1)), (streak(false), None)]
    {
        // At a rate of zero no diamonds are issued.
        for rate in [0, BASIS_POINTS] {
            let (id, sending) = sending(&request, &sender).unwrap();
            let draft = gift(&book, id, fields(&request), &sending, charge(&sending, offer, rate));
            assert_eq!(draft.broken_rule(), None, "{request:?} at {rate}");
        }
    }
}
