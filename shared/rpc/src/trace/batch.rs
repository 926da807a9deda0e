//! One span for work that is done for many calls at once, linked to each of them.
use super::{CallSpan, TraceParent};
use crate::context;
use opentelemetry::trace::{Link, SpanKind};
use telemetry::tracer;
use tonic::Code;

/// Links of one span; a batch of thousands shows its first members. The SDK itself would drop further ones.
const LINKS_MAX: usize = 128;

/// The span of the call being answered, if its trace is kept: for work that is done later, together with other calls' work.
pub fn member() -> Option<TraceParent> {
    tracer()?;
    context::current().trace.filter(TraceParent::is_kept)
}

/// A span over work for several calls: a child of the first whose trace is kept, linked to them all. Dropped without
/// [`BatchSpan::finish`], it ends as abandoned.
#[derive(Debug)]
pub struct BatchSpan(Option<CallSpan>);

impl BatchSpan {
    /// Starts a span for `members`; if no member's trace is kept, there is no span.
    pub fn start(service: &'static str, name: &'static str, members: impl Iterator<Item = TraceParent>) -> Self {
        if tracer().is_none() {
            return Self(None);
        }
        let members: Vec<TraceParent> = members.filter(TraceParent::is_kept).take(LINKS_MAX).collect();
        let Some(first) = members.first() else { return Self(None) };
        let links = members.iter().map(|member| Link::new(member.span_context(), Vec::new(), 0)).collect();
        Self(Some(CallSpan::start_linked(SpanKind::Internal, Some(*first), service, links, || name.into())))
    }

    /// The parent of the calls that the batch makes; `otherwise` if there is no span.
    pub fn parent(&self, otherwise: Option<TraceParent>) -> Option<TraceParent> {
        self.0.as_ref().map_or(otherwise, |span| span.parent)
    }

    /// Ends the span.
    pub fn finish(self, code: Code) {
        if let Some(mut span) = self.0 {
            span.finish(code);
        }
    }
}
