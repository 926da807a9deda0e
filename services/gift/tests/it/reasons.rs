//! Whatever the ledger answers, a viewer gets a helpful message and no internal details.
use crate::{
    fixture::{Fixture, rose, tap},
    streams::stream,
};
use api::gift::send_gifts_response::Outcome;
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
        let walk = ReasonWalk { rpc: "gift/SendGift", fault: &fixture.bed.fault, translated: &TRANSLATED, answers_refusals: false };
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
        let walk = ReasonWalk { rpc: "gift/SendGifts", fault: &fixture.bed.fault, translated: &TRANSLATED, answers_refusals: false };
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
