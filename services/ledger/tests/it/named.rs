//! GetPosting by the request that made the posting.
use crate::{
    calls::{BOOK, Fixture, coins, fixture, on_both, post, transfer},
    posters::told,
};
use api::ledger::{
    GetPostingRequest, GetPostingResponse, PostPendingRequest, PostRequest, Posting, PostingStanding, ReverseRequest, Transfer,
    VoidPendingRequest,
};
use identity::Role;
use money::BookName;
use tonic::Status;
use uuid::Uuid;

fn new_id() -> String {
    Uuid::now_v7().to_string()
}

async fn got(fixture: &Fixture, ask: GetPostingRequest) -> Result<GetPostingResponse, Status> {
    let ask = GetPostingRequest { book: BOOK.to_owned(), ..ask };
    fixture.anyone().get_posting(fixture.by(Role::Support, ask)).await.map(tonic::Response::into_inner)
}

async fn by_request(fixture: &Fixture, request_id: &str, user_id: &str) -> Result<GetPostingResponse, Status> {
    let ask = GetPostingRequest { request_id: request_id.to_owned(), user_id: user_id.to_owned(), ..Default::default() };
    got(fixture, ask).await
}

/// The posting is found by the request that made it, which the answer repeats, and by its own id as before.
async fn is_found(fixture: &Fixture, request_id: &str, user_id: &str, posted: &Posting) -> PostingStanding {
    let found = by_request(fixture, request_id, user_id).await.unwrap();
    let own = GetPostingRequest { posting_id: posted.posting_id.clone(), ..Default::default() };
    let own = got(fixture, own).await.unwrap();
    assert_eq!((found.request_id.as_str(), own.request_id.as_str()), (request_id, ""));
    assert_eq!((found.standing(), found.posting.as_ref()), (own.standing(), own.posting.as_ref()));
    assert_eq!(found.posting.as_ref().unwrap().posting_id, posted.posting_id);
    found.standing()
}

fn hold(amount: i64) -> PostRequest {
    post("gift", vec![Transfer { pending: true, ..transfer("viewer/ada/coins", "house/coins/redeemed", amount) }])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_posting_is_found_by_the_request_that_made_it() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        let mut client = fixture.client();
        let bought = coins("ada", 100);
        let given = fixture.post(bought.clone()).await.posting.unwrap();
        assert_eq!(is_found(&fixture, &bought.request_id, "", &given).await, PostingStanding::InForce);
        let kind = || "gift".to_owned();
        let held = async |request: PostRequest| fixture.post(request).await.posting.unwrap().transfers[0].transfer_no;
        let (book, request_id, transfer_no) = (BOOK.to_owned(), new_id(), held(hold(7)).await);
        let take = PostPendingRequest { book, request_id: request_id.clone(), transfer_no, kind: kind(), ..Default::default() };
        let taken = client.post_pending(take).await.unwrap().into_inner().posting.unwrap();
        is_found(&fixture, &request_id, "", &taken).await;
        let (book, request_id, transfer_no) = (BOOK.to_owned(), new_id(), held(hold(8)).await);
        let free = VoidPendingRequest { book, request_id: request_id.clone(), transfer_no, kind: kind(), ..Default::default() };
        let freed = client.void_pending(free).await.unwrap().into_inner().posting.unwrap();
        is_found(&fixture, &request_id, "", &freed).await;
        let spent = post("gift", vec![transfer("viewer/ada/coins", "house/coins/redeemed", 9)]);
        let posting_id = fixture.post(spent.clone()).await.posting.unwrap().posting_id;
        let (book, request_id, kind) = (BOOK.to_owned(), new_id(), "reversal".to_owned());
        let undo = ReverseRequest { book, request_id: request_id.clone(), posting_id: posting_id.clone(), kind, ..Default::default() };
        let undone = client.reverse(undo).await.unwrap().into_inner().posting.unwrap();
        is_found(&fixture, &request_id, "", &undone).await;
        let own = GetPostingRequest { posting_id, ..Default::default() };
        let reversed = got(&fixture, own).await.unwrap().posting.unwrap();
        assert_eq!(is_found(&fixture, &spent.request_id, "", &reversed).await, PostingStanding::Reversed);
        fixture.ledger.shutdown().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gift_is_found_by_its_senders_request_and_not_by_anothers() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        fixture.post(coins("ada", 100)).await;
        let (tapped, book) = (Uuid::now_v7(), BookName::try_new(BOOK).unwrap());
        let request_id = chart::id::gift(tapped, &book, "ada").to_string();
        let gift = PostRequest { request_id, ..post("gift", vec![transfer("viewer/ada/coins", "house/coins/redeemed", 5)]) };
        let gift = fixture.post(gift).await.posting.unwrap();
        let tapped = tapped.to_string();
        is_found(&fixture, &tapped, "ada", &gift).await;
        for user in ["", "bob"] {
            let refused = by_request(&fixture, &tapped, user).await.unwrap_err();
            assert_eq!(rpc::reason(&refused).unwrap(), "POSTING_UNKNOWN", "{user}");
            assert_eq!(rpc::facts(&refused)["request_id"], tapped);
        }
        fixture.ledger.shutdown().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_posting_is_named_in_exactly_one_way() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        let refused = post("gift", vec![transfer("viewer/ada/coins", "house/coins/redeemed", 5)]);
        assert_eq!(told(fixture.client().post(refused.clone()).await.map(drop)), "INSUFFICIENT_FUNDS");
        for (posting_id, request_id, user_id, expected) in [
            ("", "", "", "MALFORMED"),
            ("", "", "ada", "MALFORMED"),
            (&*new_id(), &*new_id(), "", "MALFORMED"),
            (&*new_id(), "", "ada", "MALFORMED"),
            ("", "x", "", "MALFORMED"),
            ("x", "", "", "MALFORMED"),
            ("", &*new_id(), "ada lovelace", "MALFORMED"),
            ("", &*new_id(), "", "POSTING_UNKNOWN"),
            ("", &*new_id(), "ada", "POSTING_UNKNOWN"),
            (&*new_id(), "", "", "POSTING_UNKNOWN"),
            ("", &*refused.request_id, "", "POSTING_UNKNOWN"),
        ] {
            let [posting_id, request_id, user_id] = [posting_id, request_id, user_id].map(str::to_owned);
            let ask = GetPostingRequest { posting_id, request_id, user_id, ..Default::default() };
            assert_eq!(told(got(&fixture, ask.clone()).await.map(drop)), expected, "{ask:?}");
        }
        fixture.ledger.shutdown().await;
    })
    .await;
}
