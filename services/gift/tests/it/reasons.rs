//! Whatever the ledger answers, a viewer gets a helpful message and no internal details.
use crate::{
    fixture::{BOOK, Fixture, rose, tap},
    streams::stream,
};
use api::{
    gift::send_gifts_response::Outcome,
    ledger::{AccountState, SetAccountStateRequest, ledger_service_client::LedgerServiceClient},
};
use gift::Config;
use ledger_client::LedgerReason;
use prost::Message as _;
use testbed::{
    Fault,
    insides::{self, ReasonWalk},
};
use tonic::{Code, Status};

/// Taps are counted, and a wallet that is short is said with what it has.
const TRANSLATED: [LedgerReason; 2] = [LedgerReason::GuardCapped, LedgerReason::InsufficientFunds];

#[tokio::test]
async fn every_reason_of_the_ledger_reaches_a_viewer_in_good_words() {
    for batched in [true, false] {
        let fixture = Fixture::start(Config { batch_unary: batched, ..Config::default() }).await;
        fixture.fund("ann", 10).await;
        for reason in LedgerReason::ALL {
            fixture.bed.fault.fail(Fault::Answer(insides::answer(&reason)));
            for request in [rose(), tap("g", 1, false)] {
                let told = fixture.send("ann", request).await.unwrap_err();
                insides::check("gift", &reason, &told, &TRANSLATED);
            }
        }
        let walk = ReasonWalk {
            rpc: "gift/SendGift",
            fault: &fixture.bed.fault,
            translated: &TRANSLATED,
            answers_refusals: false,
            for_staff: false,
        };
        for request in [rose, || tap("g", 1, false)] {
            walk.through(async |fault| {
                fixture.bed.fault.fail(fault);
                fixture.send("ann", request()).await
            })
            .await;
        }
    }
}

/// The status of an item of a stream, as one of a call.
fn status(refused: &tonic_types::pb::Status) -> Status {
    Status::with_details(Code::from(refused.code), refused.message.clone(), refused.encode_to_vec().into())
}

#[tokio::test]
async fn every_reason_of_the_ledger_reaches_a_viewer_over_a_stream_in_good_words() {
    for batch_streams in [true, false] {
        let fixture = Fixture::start(Config { batch_streams, ..Config::default() }).await;
        fixture.fund("ann", 10).await;
        let walk = ReasonWalk {
            rpc: "gift/SendGifts",
            fault: &fixture.bed.fault,
            translated: &TRANSLATED,
            answers_refusals: false,
            for_staff: false,
        };
        walk.through(async |fault| {
            fixture.bed.fault.fail(fault);
            match stream(&fixture, "ann", vec![rose()]).await.into_values().next().expect("the outcome of the item") {
                Outcome::Refused(refused) => Err(status(&refused)),
                Outcome::Accepted(accepted) => Ok(accepted),
            }
        })
        .await;
    }
}

async fn set(fixture: &Fixture, account: &str, state: AccountState) {
    let (book, request_id, account) = (BOOK.to_owned(), testbed::new_id(), account.to_owned());
    let set = SetAccountStateRequest { book, request_id, account, state: state.into() };
    LedgerServiceClient::new(fixture.bed.ledger_as("support")).set_account_state(set).await.unwrap();
}

#[tokio::test]
async fn a_viewer_does_not_learn_what_state_a_creators_account_is_in() {
    for batched in [true, false] {
        let fixture = Fixture::start(Config { batch_unary: batched, batch_streams: batched, ..Config::default() }).await;
        fixture.fund("ann", 10).await;
        fixture.send("ann", rose()).await.unwrap();
        set(&fixture, "creator/bob/diamonds", AccountState::Frozen).await;
        let request = rose();
        let first = fixture.send("ann", request.clone()).await.unwrap_err();
        let again = fixture.send("ann", request.clone()).await.unwrap_err();
        let streamed = match stream(&fixture, "ann", vec![rose()]).await.into_values().next().expect("the outcome of the item") {
            Outcome::Refused(refused) => status(&refused),
            Outcome::Accepted(accepted) => panic!("{accepted:?}"),
        };
        // The refusal is kept under its id: it is the same once the creator can receive gifts.
        set(&fixture, "creator/bob/diamonds", AccountState::Open).await;
        let kept = fixture.send("ann", request).await.unwrap_err();
        for told in [first, again, streamed, kept] {
            assert_eq!((told.code(), rpc::reason(&told).as_deref()), (Code::FailedPrecondition, Some("CREATOR_UNAVAILABLE")));
            assert_eq!(told.message(), "CREATOR_UNAVAILABLE: this creator can't receive gifts now; no coins were taken (creator_id=bob)");
            assert_eq!(rpc::facts(&told), [("creator_id".to_owned(), "bob".to_owned())].into());
            assert!(!String::from_utf8_lossy(told.details()).contains("creator/bob"));
        }
        set(&fixture, "viewer/ann/coins", AccountState::Frozen).await;
        let own = fixture.send("ann", rose()).await.unwrap_err();
        assert_eq!(own.message(), "ACCOUNT_FROZEN: viewer/ann/coins is frozen (account=viewer/ann/coins)");
        fixture.verify().await;
    }
}
