//! The codec of all contracts: prost's, except for messages between a client and a service of the same process, which are handed over unencoded.
//!
//! Encoding and decoding a batch of postings costs as much as deciding it. While a body's frames are polled inside [`hand_over`], the encoder
//! stores the message and writes a ticket instead; the decoder that reads the ticket takes the message. Both happen in one poll on one thread: a
//! reader decodes a message as soon as its frame arrives.
use prost::{
    Message,
    bytes::{Buf, BufMut},
};
use std::{
    any::Any,
    cell::RefCell,
    marker::PhantomData,
    sync::atomic::{AtomicU64, Ordering},
};
use tonic::{
    Status,
    codec::{DecodeBuf, Decoder, EncodeBuf, Encoder},
};
use tonic_prost::{ProstDecoder, ProstEncoder};

/// Bytes of a ticket.
const TICKET: usize = 8;

/// The longest message that a reader accepts unless it sets another limit: tonic's own default.
const MESSAGE_MAX: usize = 4 << 20;

/// Every ticket of the process is unique.
static TICKETS: AtomicU64 = AtomicU64::new(1);

/// The messages stored on this thread.
#[derive(Default)]
struct Aside {
    /// How many polls of bodies are nested around us.
    depth: usize,
    /// How many of the polls around us want their messages encoded.
    written: usize,
    /// Whether the innermost poll has stored nothing yet: the second message of a frame is decoded later, so that one is encoded.
    free: bool,
    messages: Vec<(u64, Box<dyn Any>)>,
}

thread_local! {
    static ASIDE: RefCell<Aside> = RefCell::default();
}

/// Polls a body of a call within the process. `poll` polls for one frame, which its receiver decodes before anything else happens.
pub fn hand_over<R>(poll: impl FnOnce() -> R) -> R {
    /// Ends the poll also on a panic.
    struct Scope(bool);
    impl Drop for Scope {
        fn drop(&mut self) {
            ASIDE.with_borrow_mut(|aside| {
                aside.depth -= 1;
                aside.free = self.0;
            });
        }
    }
    let outer = ASIDE.with_borrow_mut(|aside| {
        if aside.depth == 0 {
            // Nobody took these: their readers were dropped by a panic.
            aside.messages.clear();
        }
        aside.depth += 1;
        std::mem::replace(&mut aside.free, true)
    });
    let _scope = Scope(outer);
    poll()
}

/// Polls a body of a call within the process whose messages are needed as bytes.
pub fn written<R>(poll: impl FnOnce() -> R) -> R {
    /// Ends the poll also on a panic.
    struct Scope;
    impl Drop for Scope {
        fn drop(&mut self) {
            ASIDE.with_borrow_mut(|aside| aside.written -= 1);
        }
    }
    ASIDE.with_borrow_mut(|aside| aside.written += 1);
    let _scope = Scope;
    poll()
}

fn put_aside<T: Message + 'static>(message: T) -> Result<u64, T> {
    ASIDE.with_borrow_mut(|aside| {
        // A message too long for a socket is too long here: it is encoded, and refused as it would be there.
        if !aside.free || aside.written > 0 || message.encoded_len() > MESSAGE_MAX {
            return Err(message);
        }
        aside.free = false;
        let ticket = TICKETS.fetch_add(1, Ordering::Relaxed);
        aside.messages.push((ticket, Box::new(message)));
        Ok(ticket)
    })
}

fn take<U: 'static>(ticket: u64) -> Option<U> {
    ASIDE.with_borrow_mut(|aside| {
        let at = aside.messages.iter().rposition(|(there, message)| *there == ticket && message.is::<U>())?;
        aside.messages.swap_remove(at).1.downcast().ok().map(|message| *message)
    })
}

/// The codec that generated code uses.
#[derive(Debug, Clone)]
pub struct Codec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> tonic::codec::Codec for Codec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = MessageWriter<T>;
    type Decoder = MessageReader<U>;

    fn encoder(&mut self) -> Self::Encoder {
        MessageWriter(ProstEncoder::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        MessageReader(ProstDecoder::default())
    }
}

/// Encodes messages, or stores them for the decoder.
#[derive(Debug, Clone)]
pub struct MessageWriter<T>(ProstEncoder<T>);

impl<T: Message + 'static> Encoder for MessageWriter<T> {
    type Item = T;
    type Error = Status;

    fn encode(&mut self, item: T, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        match put_aside(item) {
            Ok(ticket) => {
                buffer.put_u64(ticket);
                Ok(())
            }
            Err(item) => self.0.encode(item, buffer),
        }
    }
}

/// Decodes messages, or takes stored ones.
#[derive(Debug, Clone)]
pub struct MessageReader<U>(ProstDecoder<U>);

impl<U: Message + Default + 'static> Decoder for MessageReader<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        if buffer.remaining() == TICKET
            && let Some(bytes) = buffer.chunk().first_chunk::<TICKET>()
            && let Some(message) = take(u64::from_be_bytes(*bytes))
        {
            buffer.advance(TICKET);
            return Ok(Some(message));
        }
        self.0.decode(buffer)
    }
}

#[cfg(test)]
mod tests;
