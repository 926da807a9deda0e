//! One span for what is done for many calls at once, linked to each of them.
use super::{CallSpan, TraceParent};
use crate::context;
use opentelemetry::trace::{Link, SpanKind};
use telemetry::tracer;
use tonic::Code;

/// Links of one span; a batch of thousands shows its first members. The SDK would drop further ones by itself.
const LINKS_MAX: usize = 128;

/// The place in its trace of the call being answered, when somebody keeps that trace: for work that is done later, together with others'.
pub fn member() -> Option<TraceParent> {
    tracer()?;
    context::current().trace.filter(TraceParent::is_kept)
}

/// A span over work for several calls: a child of the first that is kept, linked to them all. Dropped without [`BatchSpan::finish`], it
/// ends as abandoned.
#[derive(Debug)]
pub struct BatchSpan(Option<CallSpan>);

impl BatchSpan {
    /// Starts one for `members`; without any that is kept there is none.
    pub fn start(service: &'static str, name: &'static str, members: impl Iterator<Item = TraceParent>) -> Self {
        if tracer().is_none() {
            return Self(None);
        }
        let members: Vec<TraceParent> = members.filter(TraceParent::is_kept).take(LINKS_MAX).collect();
        let Some(first) = members.first() else { return Self(None) };
        let links = members.iter().map(|member| Link::new(member.span_context(), Vec::new(), 0)).collect();
        Self(Some(CallSpan::start_linked(SpanKind::Internal, Some(*first), service, links, || name.into())))
    }

    /// Where the calls that it makes hang; `otherwise` without a span.
    pub fn parent(&self, otherwise: Option<TraceParent>) -> Option<TraceParent> {
        self.0.as_ref().map_or(otherwise, |span| span.parent)
    }

    /// Ends it.
    pub fn finish(self, code: Code) {
        if let Some(mut span) = self.0 {
            span.finish(code);
        }
    }
}
