//! Unit tests of the meaning of answers, of when calls are due, and of latencies.
use super::{AnswerMeaning, CallPace, GiftSource, told};
use crate::{
    load::{
        crowd::BenchCrowd,
        users::{BenchUsers, GiftRequests, new_book},
    },
    plan::EVEN,
};
use api::gift::{
    ListGiftsRequest, ListGiftsResponse, SendGiftRequest, SendGiftResponse, SendGiftsRequest, SendGiftsResponse,
    gift_service_server::{GiftService, GiftServiceServer},
};
use futures::stream::Empty;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, sync::Barrier};
use tonic::{
    Code, Request, Response, Status, Streaming,
    transport::{Channel, Server, server::TcpIncoming},
};

/// A server that answers by the number of the call.
struct Fake<F> {
    calls: AtomicUsize,
    /// No call is answered before this many are waiting.
    together: Barrier,
    answer: F,
}

#[tonic::async_trait]
impl<F: Fn(usize) -> Result<(), Status> + Send + Sync + 'static> GiftService for Fake<F> {
    async fn list_gifts(&self, _: Request<ListGiftsRequest>) -> Result<Response<ListGiftsResponse>, Status> {
        Ok(Response::new(ListGiftsResponse::default()))
    }

    async fn send_gift(&self, _: Request<SendGiftRequest>) -> Result<Response<SendGiftResponse>, Status> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        self.together.wait().await;
        (self.answer)(call).map(|()| Response::new(SendGiftResponse::default()))
    }

    type SendGiftsStream = Empty<Result<SendGiftsResponse, Status>>;

    async fn send_gifts(&self, _: Request<Streaming<SendGiftsRequest>>) -> Result<Response<Self::SendGiftsStream>, Status> {
        Err(Status::unimplemented("not asked for"))
    }
}

/// The result of a volley at this pace against a server that answers like this, `together` calls at a time.
async fn volley(
    pace: CallPace,
    together: usize,
    answer: impl Fn(usize) -> Result<(), Status> + Send + Sync + 'static,
) -> super::LatencySample {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let fake = Fake { calls: AtomicUsize::new(0), together: Barrier::new(together), answer };
    let server = Server::builder().add_service(GiftServiceServer::new(fake)).serve_with_incoming(TcpIncoming::from(listener));
    let server = tokio::spawn(server);
    let channel = Channel::from_shared(url).unwrap().connect().await.unwrap();
    let keys = tempfile::tempdir().unwrap();
    let users = Arc::new(BenchUsers::try_new(keys.path(), new_book().unwrap(), BenchCrowd { viewers: 2, creators: 2 }).unwrap());
    let sample = super::run(vec![GiftSource::new(&channel, GiftRequests::new(users, EVEN, 0), false)], pace).await.unwrap();
    server.abort();
    sample
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stalls_can_not_hide_it_from_those_who_came_meanwhile() {
    const CALLS: u64 = 50;
    let pace = CallPace::new(250.0, Duration::from_millis(200));
    // All calls are answered once the last has arrived.
    let sample = volley(pace, CALLS as usize, |_| Ok(())).await;
    assert_eq!((sample.items, sample.volley.unwrap().not_accepted()), (CALLS, 0));
    // The first call has waited until all the others were due.
    let waited = Duration::from_micros(sample.latency.max());
    assert!(waited >= pace.due(CALLS - 1), "{waited:?}");
    // Each call has waited for those after it: the median one for half of them.
    let half = Duration::from_micros(sample.latency.value_at_quantile(0.5));
    assert!(half >= pace.due(CALLS / 2 - 1), "{half:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_told_apart_and_what_is_unknown_is_asked_again() {
    let sample = volley(CallPace::new(1_000.0, Duration::from_millis(60)), 1, |call| match call {
        60.. => Ok(()),
        at if at % 4 == 0 => Err(rpc::overload(Duration::from_millis(10))),
        at if at % 4 == 1 => Err(rpc::refused(Code::FailedPrecondition, "INSUFFICIENT_FUNDS", String::new(), &[])),
        at if at % 4 == 2 => Err(rpc::outcome_unknown("x")),
        _ => Ok(()),
    })
    .await;
    let volley = sample.volley.unwrap();
    assert_eq!((volley.meant, sample.items, volley.unsent, volley.overloaded), (60, 15, 0, 15));
    assert_eq!(
        volley.otherwise.into_iter().collect::<Vec<_>>(),
        [("FailedPrecondition INSUFFICIENT_FUNDS".to_owned(), 15), ("Unavailable OUTCOME_UNKNOWN".to_owned(), 15)]
    );
    assert_eq!((volley.resolved, sample.latency.len()), (15, 15));
}

#[test]
fn an_overload_counts_only_with_the_time_to_come_back() {
    assert_eq!(told(&rpc::overload(Duration::from_millis(100))), AnswerMeaning::Overloaded);
    let without = rpc::refused(Code::Unavailable, "OVERLOADED", String::new(), &[]);
    assert!(matches!(told(&without), AnswerMeaning::Refused(kind) if kind.contains("without RetryInfo")));
}

#[test]
fn what_may_have_happened_is_asked_again_and_what_a_rule_refused_is_not() {
    for unknown in [rpc::outcome_unknown("x"), Status::unavailable("the connection broke"), rpc::errors::deadline_exceeded("server")] {
        assert!(matches!(told(&unknown), AnswerMeaning::Unknown(_)), "{unknown:?}");
    }
    let refused = rpc::refused(Code::FailedPrecondition, "INSUFFICIENT_FUNDS", String::new(), &[]);
    assert_eq!(told(&refused), AnswerMeaning::Refused("FailedPrecondition INSUFFICIENT_FUNDS".to_owned()));
}

#[test]
fn calls_are_due_evenly_and_their_number_is_bounded() {
    let pace = CallPace::new(200.0, Duration::from_secs(2));
    assert_eq!((pace.count(), pace.due(0), pace.due(100)), (400, Duration::ZERO, Duration::from_millis(500)));
    assert_eq!(CallPace::new(1e9, Duration::from_secs(60)).count(), super::ITEMS_MAX);
    assert_eq!(CallPace::new(0.0, Duration::from_millis(100)).count(), 1);
}
