//! Which calls are waited for, pushed out and refused.
use super::*;
use std::{convert::Infallible, net::SocketAddr};
use tokio::sync::mpsc;
use tokio_stream::{StreamExt as _, wrappers::UnboundedReceiverStream};

const KIB: usize = 1024;
const BODY_BYTES_MAX: usize = 64 * KIB;

/// A body whose pieces arrive as the test sends them.
fn slow() -> (mpsc::UnboundedSender<Vec<u8>>, Body) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (sender, Body::from_stream(UnboundedReceiverStream::new(receiver).map(Ok::<_, Infallible>)))
}

/// The status with which a call from this address is answered.
async fn call(gate: &Arc<WebhookGate>, address: u8, body: Body) -> u16 {
    let mut request = Request::post("/webhooks/store/apple").body(body).unwrap();
    let address = SocketAddr::from(([10, 0, 0, address], 1));
    request.extensions_mut().insert(Peer::Remote { address, names: None, connection: ConnectionUse::new() });
    let answer = gate.answer("store", request, async |request| match gather(request, BODY_BYTES_MAX).await {
        Ok(call) if call.body.starts_with(b"forged") => StatusCode::UNAUTHORIZED.into_response(),
        Ok(_) => StatusCode::OK.into_response(),
        Err(refused) => refused,
    });
    answer.await.status().as_u16()
}

#[tokio::test(start_paused = true)]
async fn bytes_are_counted_as_they_come_and_the_oldest_makes_room() {
    let gate = WebhookGate::new(&Config { arriving_bytes_max: 100 * KIB, ..Config::default() });
    let ((old, old_body), (new, new_body)) = (slow(), slow());
    let mut oldest = Box::pin(call(&gate, 1, old_body));
    let mut newest = Box::pin(call(&gate, 2, new_body));
    for _ in 0..60 {
        old.send(vec![0; KIB]).unwrap();
        assert!(futures::poll!(&mut oldest).is_pending() && futures::poll!(&mut newest).is_pending());
    }
    assert_eq!(gate.arriving.count(), (2, 60 * KIB));
    new.send(vec![0; 60 * KIB]).unwrap();
    assert!(futures::poll!(&mut newest).is_pending());
    assert_eq!(oldest.await, 503);
    drop(new);
    assert_eq!(newest.await, 200);
    assert_eq!(gate.arriving.count(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_body_is_waited_for_a_short_while_and_read_no_further_than_it_may_be_long() {
    let gate = WebhookGate::new(&Config::default());
    let (_held, body) = slow();
    let begun = Instant::now();
    assert_eq!(call(&gate, 1, body).await, 408);
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
    let (sender, body) = slow();
    (0..1_000).for_each(|_| sender.send(vec![0; KIB]).unwrap());
    assert_eq!(call(&gate, 1, body).await, 413);
    assert_eq!(gate.arriving.count(), (0, 0));
    let broken = Body::from_stream(tokio_stream::iter([Ok(vec![0]), Err(std::io::Error::other("reset"))]));
    assert_eq!(call(&gate, 1, broken).await, 400);
}

#[tokio::test(start_paused = true)]
async fn a_whole_call_that_waits_for_its_turn_is_not_pushed_out_by_those_after_it() {
    let gate = WebhookGate::new(&Config { arriving_per_address_max: 1, in_flight_per_address_max: 1, ..Config::default() });
    let turn = gate.turns.take(gate.hasher.hash_one(IpAddr::from([10, 0, 0, 1])), Instant::now()).await;
    let mut first = Box::pin(call(&gate, 1, Body::from("honest")));
    let mut second = Box::pin(call(&gate, 1, Body::from("honest")));
    assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
    drop(turn);
    assert_eq!((first.await, second.await), (200, 200));
}

#[tokio::test(start_paused = true)]
async fn an_address_with_too_many_refused_calls_is_refused_unread() {
    let gate = WebhookGate::new(&Config { refused_per_second: 1, refused_burst: 3, ..Config::default() });
    let mut seen = Vec::new();
    for _ in 0..5 {
        seen.push(call(&gate, 1, Body::from("forged")).await);
    }
    assert_eq!(seen, [401, 401, 401, 429, 429]);
    let (_held, body) = slow();
    assert_eq!(call(&gate, 1, body).await, 429, "its body is not waited for");
    assert_eq!((call(&gate, 2, Body::from("forged")).await, call(&gate, 2, Body::from("honest")).await), (401, 200));
}

#[tokio::test(start_paused = true)]
async fn who_waits_longest_has_the_next_turn_and_who_waits_too_long_none() {
    let turns = CallTurns::new(2, 1);
    let later = || Instant::now() + Duration::from_secs(1);
    let first = turns.take(1, later()).await.unwrap_or_else(|_| panic!("a free turn"));
    let mut second = Box::pin(turns.take(1, later()));
    let mut third = Box::pin(turns.take(1, later()));
    assert!(futures::poll!(&mut second).is_pending() && futures::poll!(&mut third).is_pending());
    let other = turns.take(2, later()).await.unwrap_or_else(|_| panic!("another address waits for nobody here"));
    drop(first);
    assert!(futures::poll!(&mut third).is_pending());
    let second = second.await.unwrap_or_else(|_| panic!("the first in the queue"));
    assert!(matches!(third.await, Err(CallRefusal::AddressBusy)));
    assert!(matches!(turns.take(3, later()).await, Err(CallRefusal::Busy)));
    drop((second, other));
    assert!(turns.take(1, later()).await.is_ok());
}
