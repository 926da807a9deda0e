//! What goes to the ledger is what was sent, and the answer is read off the posting only.
use super::*;
use crate::domain::{BASIS_POINTS, Offer, Refusal, charge};
use api::gift::Streak;
use api::ledger::{Account, Posting};

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
    posting(&book, id, request, &sending, charge(&sending, offer, BASIS_POINTS))
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
    assert_eq!((post.refusal.as_str(), post.refusal_detail.as_str()), (Refusal::GiftUnknown.reason(), "gift_id=5655"));
    assert!(post.transfers.is_empty() && post.guards.is_empty());
}

#[test]
fn an_id_that_is_no_uuid_is_malformed() {
    let sender = UserKey::try_new("ann").unwrap();
    for id in ["", "1", "00000000-0000-0000-0000-000000000000"] {
        let request = SendGiftRequest { request_id: id.to_owned(), ..request() };
        assert_eq!(sending(&request, &sender).unwrap_err().field, "request_id");
    }
}

fn transfer(unit: &str, amount: i64) -> PostedTransfer {
    let after = Account { balance: 70, available: 60, balance_seq: 9, ..Account::default() };
    PostedTransfer { unit: unit.to_owned(), amount, debit_after: Some(after), ..PostedTransfer::default() }
}

fn answered(transfers: Vec<PostedTransfer>) -> PostResponse {
    PostResponse { posting: Some(Posting { posting_id: "p".to_owned(), transfers, ..Posting::default() }), replayed: true }
}

#[test]
fn the_answer_is_read_off_the_posting() {
    let got = response(receipt(answered(vec![transfer("COIN", 30), transfer("DIAMOND", 29)])).unwrap());
    let want = SendGiftResponse {
        posting_id: "p".to_owned(),
        cost_coins: 30,
        diamonds: 29,
        coin_balance: Some(70),
        balance_seq: Some(9),
        replayed: true,
    };
    assert_eq!(got, want);
}

#[test]
fn nothing_charged_shows_no_balance() {
    let got = response(receipt(answered(Vec::new())).unwrap());
    assert_eq!((got.cost_coins, got.diamonds, got.coin_balance, got.balance_seq), (0, 0, None, None));
}

#[test]
fn an_answer_that_is_no_gift_is_not_guessed_at() {
    assert!(receipt(PostResponse::default()).is_err());
    assert!(receipt(answered(vec![transfer("USD", 1)])).is_err());
    assert!(receipt(answered(vec![transfer("COIN", -1)])).is_err());
    let blind = PostedTransfer { debit_after: None, ..transfer("COIN", 1) };
    assert!(receipt(answered(vec![blind])).is_err());
}

#[test]
fn a_refused_item_carries_the_details_of_a_lone_call() {
    let status = rpc::refused(tonic::Code::FailedPrecondition, "STREAK_ENDED", "it ended".to_owned(), &[("cap", "3".to_owned())]);
    let item = refusal(&status);
    assert_eq!((item.code, item.message.as_str()), (9, status.message()));
    assert!(item.details.iter().any(|detail| detail.type_url.ends_with("google.rpc.ErrorInfo")));
    let bare = refusal(&Status::unavailable("gone"));
    assert_eq!((bare.code, bare.message.as_str(), bare.details.len()), (14, "gone", 0));
}
