//! A span's place in a trace, as the W3C header encodes it.
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState},
};

#[cfg(test)]
mod tests;

/// `00-` + 32 + `-` + 16 + `-` + 2.
const TRACEPARENT_BYTES: usize = 55;

/// A span's place in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace_id: u128,
    span_id: u64,
    flags: u8,
}

impl TraceParent {
    /// Reads a `traceparent` header. A malformed one is ignored: a caller's broken header must not fail a call.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() < TRACEPARENT_BYTES || !text.is_ascii() || bytes.iter().any(u8::is_ascii_uppercase) {
            return None;
        }
        // Later versions may be longer but must start alike; version ff is forbidden (section 3.2.2.1).
        if &bytes[..2] == b"ff" || (&bytes[..2] == b"00" && bytes.len() != TRACEPARENT_BYTES) {
            return None;
        }
        if [2, 35, 52].iter().any(|&place| bytes[place] != b'-') {
            return None;
        }
        let hex = |from: usize, to: usize| Some(&text[from..to]).filter(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let parent = Self {
            trace_id: u128::from_str_radix(hex(3, 35)?, 16).ok()?,
            span_id: u64::from_str_radix(hex(36, 52)?, 16).ok()?,
            flags: u8::from_str_radix(hex(53, 55)?, 16).ok()?,
        };
        (parent.trace_id != 0 && parent.span_id != 0).then_some(parent)
    }

    /// The header's text.
    pub fn to_header(self) -> String {
        format!("00-{:032x}-{:016x}-{:02x}", self.trace_id, self.span_id, self.flags)
    }

    /// The trace, as collectors show it: 32 hexadecimal digits.
    pub fn trace_id(self) -> String {
        format!("{:032x}", self.trace_id)
    }

    pub(crate) fn of(span: &SpanContext) -> Self {
        Self {
            trace_id: u128::from_be_bytes(span.trace_id().to_bytes()),
            span_id: u64::from_be_bytes(span.span_id().to_bytes()),
            flags: span.trace_flags().to_u8(),
        }
    }

    /// Whether the process that started the trace decided to keep it.
    pub(crate) fn is_kept(&self) -> bool {
        TraceFlags::new(self.flags).is_sampled()
    }

    pub(crate) fn span_context(self) -> SpanContext {
        SpanContext::new(
            TraceId::from_bytes(self.trace_id.to_be_bytes()),
            SpanId::from_bytes(self.span_id.to_be_bytes()),
            TraceFlags::new(self.flags),
            true,
            TraceState::default(),
        )
    }

    pub(crate) fn as_parent(self) -> Context {
        Context::new().with_remote_span_context(self.span_context())
    }
}
