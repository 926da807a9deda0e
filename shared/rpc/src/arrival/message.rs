//! How a gRPC message is framed: a flag, its length in four bytes, and the message (gRPC over HTTP/2, `Length-Prefixed-Message`).

/// Bytes before a message.
pub(crate) const PREFIX: usize = 5;

/// The head of a message, which arrives in pieces of any size.
#[derive(Debug, Default)]
pub(crate) struct MessageHead {
    seen: usize,
    length: u32,
}

impl MessageHead {
    /// Reads further bytes. Returns the message's length once, as soon as it is known.
    pub(crate) fn read(&mut self, data: &[u8]) -> Option<usize> {
        if self.seen == PREFIX {
            return None;
        }
        for byte in data.iter().take(PREFIX - self.seen) {
            // The flag is shifted out by the four bytes that follow it.
            self.length = (self.length << 8) | u32::from(*byte);
            self.seen += 1;
        }
        (self.seen == PREFIX).then(|| self.said())
    }

    /// How many bytes of the head were read.
    pub(crate) fn seen(&self) -> usize {
        self.seen
    }

    /// Whether the message's length is known.
    pub(crate) fn is_whole(&self) -> bool {
        self.seen == PREFIX
    }

    fn said(&self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX)
    }
}
