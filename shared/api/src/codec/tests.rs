//! Unit tests of `codec`: messages of two clients through bodies like those of a call.
use super::*;
use crate::ledger::{PostBatchRequest, PostRequest};
use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};
use tonic::{Streaming, body::Body, codec::Codec as _};

fn batch(book: &str) -> PostBatchRequest {
    PostBatchRequest { book: book.to_owned(), posts: vec![PostRequest { kind: "k".to_owned(), ..PostRequest::default() }], brief: true }
}

/// A body's frame with one message.
fn frame(message: &PostBatchRequest, handed: bool) -> Vec<u8> {
    let mut stream = pin!(tonic_body(vec![message.clone()], handed));
    let mut cx = Context::from_waker(Waker::noop());
    match http_body::Body::poll_frame(stream.as_mut(), &mut cx) {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().expect("data").to_vec(),
        other => panic!("{other:?}"),
    }
}

struct Within(Body, bool);

impl http_body::Body for Within {
    type Data = prost::bytes::Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<prost::bytes::Bytes>, Status>>> {
        if self.1 { hand_over(|| std::pin::Pin::new(&mut self.0).poll_frame(cx)) } else { std::pin::Pin::new(&mut self.0).poll_frame(cx) }
    }
}

fn tonic_body(messages: Vec<PostBatchRequest>, handed: bool) -> Within {
    let encoder = Codec::<PostBatchRequest, PostBatchRequest>::default().encoder();
    let source = tokio_stream::iter(messages.into_iter().map(Ok));
    Within(Body::new(tonic::codec::EncodeBody::new_client(encoder, source, None, None)), handed)
}

/// All messages that a reader gets from a body, and how often it had to be polled.
fn read(body: Within) -> Vec<PostBatchRequest> {
    let decoder = Codec::<PostBatchRequest, PostBatchRequest>::default().decoder();
    let mut stream = pin!(Streaming::new_request(decoder, body, None, None));
    let mut cx = Context::from_waker(Waker::noop());
    let mut out = Vec::new();
    while let Poll::Ready(Some(message)) = tokio_stream::Stream::poll_next(stream.as_mut(), &mut cx) {
        out.push(message.expect("a message"));
        // Anything else on this thread between two messages must not matter.
        assert_eq!(read_one_nested(), batch("nested"));
    }
    out
}

fn read_one_nested() -> PostBatchRequest {
    let decoder = Codec::<PostBatchRequest, PostBatchRequest>::default().decoder();
    let mut stream = pin!(Streaming::new_request(decoder, tonic_body(vec![batch("nested")], true), None, None));
    match tokio_stream::Stream::poll_next(stream.as_mut(), &mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Some(Ok(message))) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn messages_arrive_whole_and_in_order_whichever_way() {
    let messages: Vec<_> = (0..5).map(|n| batch(&format!("book{n}"))).collect();
    for handed in [false, true] {
        assert_eq!(read(tonic_body(messages.clone(), handed)), messages);
    }
}

#[test]
fn only_what_is_polled_inside_is_put_aside() {
    let message = batch("b");
    // Five bytes of head, then the message or its ticket.
    assert_eq!(frame(&message, false)[5..], message.encode_to_vec());
    assert_eq!(frame(&message, true).len(), 5 + TICKET);
    // Nor one that a reader would refuse for its length.
    let huge = batch(&"b".repeat(MESSAGE_MAX));
    assert_eq!(frame(&huge, true).len(), 5 + huge.encoded_len());
}

#[test]
fn a_ticket_is_of_no_use_to_another() {
    let mut ticket = frame(&batch("secret"), true);
    // Messages stored by a thread and taken by nobody are dropped with its next call.
    assert_eq!(read_one_nested(), batch("nested"));
    let body = Within(Body::new(http_body_util::Full::new(prost::bytes::Bytes::from(ticket.clone()))), false);
    let decoder = Codec::<PostBatchRequest, PostBatchRequest>::default().decoder();
    let mut stream = pin!(Streaming::new_request(decoder, body, None, None));
    let polled = tokio_stream::Stream::poll_next(stream.as_mut(), &mut Context::from_waker(Waker::noop()));
    assert!(!matches!(&polled, Poll::Ready(Some(Ok(message))) if message.book == "secret"), "{polled:?}");
    // Nor does a ticket give another type of message.
    ticket.drain(..5);
    let number = u64::from_be_bytes(ticket.try_into().expect("eight bytes"));
    assert!(take::<PostRequest>(number).is_none());
}
