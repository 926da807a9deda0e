//! Which incomplete requests are buffered, and which are pushed out.
use super::*;
use crate::{errors::facts, errors::reason, methods::Methods, overload::OverloadLimits};
use tokio::sync::mpsc;
use tonic::Code;

const SEND: &str = "/largesse.gift.v1.GiftService/SendGift";
const SEND_MANY: &str = "/largesse.gift.v1.GiftService/SendGifts";
const BATCH: &str = "/largesse.ledger.v1.LedgerService/PostBatch";
const KIB: usize = 1024;

/// A body whose pieces arrive as the test sends them.
struct SlowBody(mpsc::UnboundedReceiver<Bytes>);

impl http_body::Body for SlowBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<BodyFrame> {
        self.0.poll_recv(cx).map(|piece| piece.map(|piece| Ok(http_body::Frame::data(piece))))
    }
}

fn slow() -> (mpsc::UnboundedSender<Bytes>, Body) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (sender, Body::new(SlowBody(receiver)))
}

fn framed(length: usize, bytes: usize) -> Bytes {
    let mut framed = vec![0];
    framed.extend(u32::try_from(length).unwrap().to_be_bytes());
    framed.resize(bytes, 7);
    framed.into()
}

struct World {
    methods: Methods,
    arrivals: Arc<Arrivals>,
    connection: Arc<ConnectionUse>,
}

impl World {
    fn new(bounds: ArrivalBounds) -> Self {
        let methods = Methods::try_new(OverloadLimits::default()).unwrap();
        Self { methods, arrivals: Arc::new(Arrivals::new(bounds)), connection: ConnectionUse::new() }
    }

    fn arriving(&self, path: &str, crowd: Option<u64>) -> Arriving<'_> {
        Arriving { method: self.methods.find(path).unwrap(), crowd, connection: &self.connection, deadline: None }
    }

    async fn whole(&self, path: &str, body: Body) -> Result<Bytes, Status> {
        let body = self.arrivals.whole(self.arriving(path, None), body).await?;
        Ok(body.collect().await.unwrap().to_bytes())
    }
}

#[tokio::test]
async fn a_request_above_its_rpcs_bound_is_refused_by_its_length_alone_and_both_are_told() {
    let world = World::new(ArrivalBounds::default());
    // Only its head has arrived; its body is not waited for.
    let (sender, body) = slow();
    sender.send(framed(64 * KIB + 1, 5)).unwrap();
    let status = world.whole(SEND, body).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_deref()), (Code::InvalidArgument, Some("MALFORMED")));
    assert_eq!((facts(&status)["bytes_max"].as_str(), facts(&status)["bytes"].as_str()), ("65536", "65537"));
    // A batch may be as large; and the largest message is accepted, in pieces of any size.
    let (sender, body) = slow();
    let sent = framed(64 * KIB + 1, 64 * KIB + 6);
    sent.chunks(3).for_each(|piece| sender.send(Bytes::copy_from_slice(piece)).unwrap());
    drop(sender);
    assert_eq!(world.whole(BATCH, body).await.unwrap(), sent);
}

#[tokio::test]
async fn more_than_was_said_is_refused_too() {
    let world = World::new(ArrivalBounds::default());
    let (sender, body) = slow();
    (0..100).for_each(|_| sender.send(framed(8, KIB)).unwrap());
    let status = world.whole(SEND, body).await.unwrap_err();
    assert_eq!(facts(&status)["bytes_max"], "65536", "{status:?}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_does_not_come_whole_is_waited_for_a_short_while() {
    let world = World::new(ArrivalBounds::default());
    let (_sender, body) = slow();
    let begun = Instant::now();
    let status = world.whole(SEND, body).await.unwrap_err();
    assert_eq!((status.code(), facts(&status)["layer"].as_str()), (Code::DeadlineExceeded, "arrival"), "{status:?}");
    assert_eq!(begun.elapsed(), ArrivalBounds::default().wait);
    assert_eq!(world.arrivals.usual.count(), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn of_those_at_an_address_the_oldest_is_pushed_out_and_others_are_not() {
    let world = World::new(ArrivalBounds { per_address_max: 2, ..ArrivalBounds::default() });
    let bodies: Vec<_> = (0..3).map(|_| slow()).collect();
    let (senders, bodies): (Vec<_>, Vec<_>) = bodies.into_iter().unzip();
    let mut waits = bodies.into_iter().map(|body| Box::pin(world.arrivals.whole(world.arriving(SEND, Some(1)), body)));
    let (mut first, mut second, mut third) = (waits.next().unwrap(), waits.next().unwrap(), waits.next().unwrap());
    let (other, body) = slow();
    let mut elsewhere = Box::pin(world.arrivals.whole(world.arriving(SEND, Some(2)), body));
    assert!(futures::poll!(&mut elsewhere).is_pending());
    assert!(futures::poll!(&mut first).is_pending() && futures::poll!(&mut second).is_pending());
    assert!(futures::poll!(&mut third).is_pending());
    let status = first.await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_deref()), (Code::Unavailable, Some("OVERLOADED")), "{status:?}");
    drop((senders, other));
    for kept in [second, third, elsewhere] {
        kept.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_are_counted_as_they_come_and_the_oldest_makes_room() {
    let world = World::new(ArrivalBounds { bytes_max: 100 * KIB, ..ArrivalBounds::default() });
    let ((old, old_body), (new, new_body)) = (slow(), slow());
    let mut oldest = Box::pin(world.whole(SEND, old_body));
    let mut newest = Box::pin(world.whole(SEND, new_body));
    old.send(framed(60 * KIB, 59 * KIB)).unwrap();
    assert!(futures::poll!(&mut oldest).is_pending() && futures::poll!(&mut newest).is_pending());
    assert_eq!((world.arrivals.usual.count(), world.connection.arriving_bytes.load(Ordering::Relaxed)), ((2, 59 * KIB), 59 * KIB));
    new.send(framed(60 * KIB, 59 * KIB)).unwrap();
    assert!(futures::poll!(&mut newest).is_pending());
    let status = oldest.await.unwrap_err();
    assert_eq!((reason(&status).as_deref(), facts(&status)["bytes"].as_str()), (Some("OVERLOADED"), "60416"), "{status:?}");
    drop(newest);
    assert_eq!((world.arrivals.usual.count(), world.connection.arriving_bytes.load(Ordering::Relaxed)), ((0, 0), 0));
}

#[tokio::test(start_paused = true)]
async fn a_connection_has_a_bound_of_its_own() {
    let world = World::new(ArrivalBounds { connection_bytes_max: 100 * KIB, ..ArrivalBounds::default() });
    let ((one, one_body), (other, other_body)) = (slow(), slow());
    one.send(framed(60 * KIB, 59 * KIB)).unwrap();
    other.send(framed(60 * KIB, 59 * KIB)).unwrap();
    let mut first = Box::pin(world.whole(SEND, one_body));
    assert!(futures::poll!(&mut first).is_pending());
    let status = world.whole(SEND, other_body).await.unwrap_err();
    assert_eq!((reason(&status).as_deref(), facts(&status)["bytes_max"].as_str()), (Some("OVERLOADED"), "102400"), "{status:?}");
    assert_eq!(facts(&status)["bytes"], (118 * KIB).to_string());
}

#[tokio::test(start_paused = true)]
async fn of_a_stream_each_message_is_bounded_and_counted_while_it_comes() {
    let world = World::new(ArrivalBounds::default());
    let (sender, body) = slow();
    let (mut stream, refused) = world.arrivals.streamed(&world.arriving(SEND_MANY, None), body);
    let mut next = async || stream.frame().await.unwrap();
    // Many complete messages in one piece, and half of another.
    sender.send([framed(10, 15), framed(20, 25), framed(30 * KIB, 20 * KIB)].concat().into()).unwrap();
    next().await.unwrap();
    assert_eq!(world.arrivals.usual.count(), (1, 20 * KIB));
    sender.send(vec![7; 10 * KIB + 5].into()).unwrap();
    next().await.unwrap();
    assert_eq!((world.arrivals.usual.count(), world.connection.arriving_bytes.load(Ordering::Relaxed)), ((0, 0), 0));
    // One that is begun and not continued.
    sender.send(framed(10, 8)).unwrap();
    next().await.unwrap();
    assert!(refused.get().is_none());
    let status = next().await.unwrap_err();
    assert_eq!((status.code(), facts(&status)["layer"].as_str()), (Code::DeadlineExceeded, "arrival"), "{status:?}");
    let (sender, body) = slow();
    let (mut stream, refused) = world.arrivals.streamed(&world.arriving(SEND_MANY, None), body);
    sender.send([framed(10, 15), framed(64 * KIB + 1, 5)].concat().into()).unwrap();
    let status = stream.frame().await.unwrap().unwrap_err();
    assert_eq!((facts(&status)["bytes_max"].as_str(), facts(&status)["bytes"].as_str()), ("65536", "65537"), "{status:?}");
    assert_eq!(refused.get().map(Status::message), Some(status.message()));
}
