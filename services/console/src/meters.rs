//! Requests, logins, sessions and streams, as metrics.
use crate::parts::Console;
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Histogram},
};
use std::sync::{Arc, LazyLock};
use tokio::time::Instant;

/// The page of a request for which there is none: addresses that people make up are no labels.
const NO_PAGE: &str = "none";

/// Made at the first request, after telemetry has started. `None`: nothing is counted. So are the others.
static REQUESTS: LazyLock<Option<Counter<u64>>> = LazyLock::new(|| {
    let counter = telemetry::meter()?.u64_counter("largesse.console.requests").with_unit("{request}");
    Some(counter.with_description("Requests at the console, by page and status.").build())
});
static DURATIONS: LazyLock<Option<Histogram<f64>>> = LazyLock::new(|| {
    let what = "Time from a request at the console to the head of its answer, by page.";
    Some(telemetry::metrics::durations(telemetry::meter()?, "largesse.console.request.duration", what))
});
static LOGINS: LazyLock<Option<Counter<u64>>> = LazyLock::new(|| {
    let counter = telemetry::meter()?.u64_counter("largesse.console.logins").with_unit("{login}");
    Some(counter.with_description("Logins at the console, by how they ended.").build())
});

/// How a login ended.
#[derive(Debug, Clone, Copy)]
pub(crate) enum LoginEnd {
    /// A person signed in.
    SignedIn,
    /// The issuer did not sign them in, or what came back was not what was begun.
    NotFinished,
    /// The issuer can't be reached, or answers wrongly.
    IssuerLost,
    /// The tokens are not accepted.
    TokenRefused,
    /// The person is no staff.
    NotStaff,
    /// Too many attempts from one address.
    TooMany,
}

impl LoginEnd {
    const fn as_str(self) -> &'static str {
        match self {
            Self::SignedIn => "signed_in",
            Self::NotFinished => "not_finished",
            Self::IssuerLost => "issuer_lost",
            Self::TokenRefused => "token_refused",
            Self::NotStaff => "not_staff",
            Self::TooMany => "too_many",
        }
    }
}

/// Counts a login.
pub(crate) fn login(end: LoginEnd) {
    if let Some(logins) = &*LOGINS {
        logins.add(1, &[KeyValue::new("outcome", end.as_str())]);
    }
}

/// Counts a request and its time. What a stream or an export sends after its head is not in the time.
pub(crate) async fn count(State(paths): State<Arc<[&'static str]>>, request: Request, next: Next) -> Response {
    let page = page_of(&paths, request.uri().path());
    let began = Instant::now();
    let answer = next.run(request).await;
    if let Some(durations) = &*DURATIONS {
        durations.record(began.elapsed().as_secs_f64(), &[KeyValue::new("page", page)]);
    }
    if let Some(requests) = &*REQUESTS {
        let status = i64::from(answer.status().as_u16());
        requests.add(1, &[KeyValue::new("page", page), KeyValue::new("status", status)]);
    }
    answer
}

/// The page at a path, by its path without what differs.
fn page_of(paths: &[&'static str], path: &str) -> &'static str {
    let is_at = |known: &&str| match known.split_once('{') {
        Some((start, _)) => path.strip_prefix(start).is_some_and(|name| !name.is_empty() && !name.contains('/')),
        None => path == *known,
    };
    paths.iter().copied().find(is_at).unwrap_or(NO_PAGE)
}

/// Reports the open sessions and streams from now on.
pub(crate) fn watch(console: &Console) {
    let Some(meter) = telemetry::meter() else { return };
    let watched = Arc::downgrade(console);
    let gauge = meter.u64_observable_gauge("largesse.console.sessions").with_unit("{session}");
    gauge
        .with_description("Sessions of people at the console.")
        .with_callback(move |gauge| {
            watched.upgrade().iter().for_each(|console| gauge.observe(console.sessions.open_now() as u64, &[]));
        })
        .build();
    let watched = Arc::downgrade(console);
    let gauge = meter.u64_observable_gauge("largesse.console.streams").with_unit("{stream}");
    gauge
        .with_description("Live pages and exports of the console that are open.")
        .with_callback(move |gauge| {
            watched.upgrade().iter().for_each(|console| gauge.observe(console.streams.open_now() as u64, &[]));
        })
        .build();
}

#[cfg(test)]
mod tests {
    //! Unit tests of labels.
    use super::*;

    #[test]
    fn a_page_has_one_label_whatever_its_address_and_an_address_without_a_page_has_none_of_its_own() {
        let paths: Vec<&str> = crate::pages(true).into_iter().map(|(path, _)| path).collect();
        for (path, page) in [
            ("/", "/"),
            ("/wallet", "/wallet"),
            ("/payments/live", "/payments/live"),
            ("/assets/console-0123.css", "/assets/{name}"),
            ("/assets/", NO_PAGE),
            ("/assets/a/b", NO_PAGE),
            ("/wallet/", NO_PAGE),
            ("/no-such-page", NO_PAGE),
            ("/\"},x{y=\"", NO_PAGE),
        ] {
            assert_eq!(page_of(&paths, path), page, "{path}");
        }
    }
}
