//! HTTP/2 by hand (RFC 9113), to send what no client library would send.
use runtime::command::UntypedError;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// The client's connection preface (section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Frame types (section 6).
pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PUSH_PROMISE: u8 = 5;
pub(crate) const PING: u8 = 6;
const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;
/// Flags.
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;
pub(crate) const NO_FLAGS: u8 = 0;

/// Maximum duration of a write: a peer that does not read must not block it for ever.
const WRITE_MAX: Duration = Duration::from_millis(200);
/// How long to wait for answers when nothing more can be written.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// A connection of a misbehaving client.
pub(crate) struct RawConnection {
    stream: TcpStream,
    unread: Vec<u8>,
    /// Whether GOAWAY or the connection's end was received.
    pub over: bool,
    /// Streams that the peer reset; `answers` counts headers received.
    pub resets: u64,
    pub answers: u64,
}

impl RawConnection {
    /// Opens TCP and sends nothing.
    pub async fn silent(address: SocketAddr) -> Result<Self, UntypedError> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, unread: Vec::new(), over: false, resets: 0, answers: 0 })
    }

    /// Opens TCP and sends the preface with these settings, six bytes each.
    pub async fn greeted(address: SocketAddr, settings: &[(u16, u32)]) -> Result<Self, UntypedError> {
        let mut raw = Self::silent(address).await?;
        let mut payload = Vec::new();
        for (id, value) in settings {
            payload.extend(id.to_be_bytes());
            payload.extend(value.to_be_bytes());
        }
        raw.write(PREFACE).await?;
        raw.frame(SETTINGS, NO_FLAGS, 0, &payload).await?;
        Ok(raw)
    }

    /// Writes bytes. If they can't be written in time, or at all, the connection counts as ended.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), UntypedError> {
        if !self.over && !matches!(timeout(WRITE_MAX, self.stream.write_all(bytes)).await, Ok(Ok(()))) {
            // Answers received before the peer stopped reading still count.
            self.listen(LAST_WORDS).await;
            self.over = true;
        }
        Ok(())
    }

    /// Writes a frame.
    pub async fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Result<(), UntypedError> {
        self.write(&frame(kind, flags, stream, payload)).await
    }

    /// Reads what has arrived, or arrives within this time.
    pub async fn listen(&mut self, within: Duration) {
        let mut buffer = [0; 16 * 1024];
        while !self.over {
            match timeout(within, self.stream.read(&mut buffer)).await {
                Ok(Ok(0) | Err(_)) => self.over = true,
                Ok(Ok(length)) => {
                    self.unread.extend(&buffer[..length]);
                    self.parse();
                }
                Err(_) => return,
            }
        }
    }

    fn parse(&mut self) {
        while self.unread.len() >= 9 {
            let length = u32::from_be_bytes([0, self.unread[0], self.unread[1], self.unread[2]]) as usize;
            if self.unread.len() < 9 + length {
                return;
            }
            match self.unread[3] {
                GOAWAY => self.over = true,
                RST_STREAM => self.resets += 1,
                HEADERS => self.answers += 1,
                _ => {}
            }
            self.unread.drain(..9 + length);
        }
    }
}

/// A frame's bytes.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// Header fields without compression (RFC 7541, section 6.2.2).
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in fields {
        bytes.push(0);
        for text in [name, value] {
            length(&mut bytes, text.len());
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}

/// A string's length, with seven bits in the first byte (RFC 7541, section 5.1).
fn length(bytes: &mut Vec<u8>, mut value: usize) {
    if value < 127 {
        bytes.push(value as u8);
        return;
    }
    bytes.push(127);
    value -= 127;
    while value >= 128 {
        bytes.push((value % 128) as u8 | 128);
        value /= 128;
    }
    bytes.push(value as u8);
}

/// A gRPC call's header fields, and additional ones.
pub(crate) fn call(path: &str, token: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let bearer = format!("Bearer {token}");
    let mut fields =
        vec![(":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"), ("content-type", "application/grpc")];
    fields.push(("te", "trailers"));
    if !token.is_empty() {
        fields.push(("authorization", &bearer));
    }
    fields.extend(more);
    block(&fields)
}

/// A message with gRPC's frame header.
pub(crate) fn message(payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0];
    bytes.extend(u32::try_from(payload.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(payload);
    bytes
}
