//! The answer is built from the posting only.
use super::*;
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

#[test]
fn an_id_that_is_no_uuid_is_malformed() {
    let sender = UserKey::try_new("ann").unwrap();
    for id in ["", "1", "00000000-0000-0000-0000-000000000000"] {
        let request = SendGiftRequest { request_id: id.to_owned(), ..request() };
        assert_eq!(fields(&request, &sender), ["request_id"]);
    }
}

#[test]
fn everything_that_is_wrong_is_named() {
    let sender = UserKey::try_new("ann").unwrap();
    let streak = Some(api::gift::Streak { group_id: "?".to_owned(), ..Default::default() });
    let request = SendGiftRequest { quantity: -1, streak, ..SendGiftRequest::default() };
    let all = ["request_id", "room_id", "creator_id", "gift_id", "quantity", "streak.group_id", "streak.repeat_count"];
    assert_eq!(fields(&request, &sender), all);
    let status = Status::from(crate::error::Error::Malformed(sending(&request, &sender).unwrap_err()));
    let violations = rpc::violations(&status);
    assert_eq!(violations.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(), all);
    assert!(violations.iter().all(|(_, why)| why.starts_with("must ")), "{violations:?}");
}

fn fields(request: &SendGiftRequest, sender: &UserKey) -> Vec<&'static str> {
    sending(request, sender).unwrap_err().into_iter().map(|wrong| wrong.field).collect()
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
