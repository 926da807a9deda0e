//! What holds for every request: its size and time, the name by which the browser came, that forms come from our own pages, and the headers of every answer.
use crate::{
    filters::{VALUE_BYTES_MAX, has_long_field},
    parts::{BaseAddress, Console},
};
use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use std::time::Duration;
use tokio::time::timeout;

/// Bytes of an address. A query has filters, and each of them is short.
const ADDRESS_BYTES_MAX: usize = 8 * 1024;
/// How long a page may take, its form's arrival included.
const PAGE_TIMEOUT: Duration = Duration::from_secs(30);

/// Scripts, styles and everything else from the console alone; nothing inline, nothing evaluated, no frames, and no form that sends elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types largesse";

const HEADERS: [(HeaderName, HeaderValue); 7] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("same-origin")),
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
    ),
];

/// Checks a request, and completes its answer.
pub(crate) async fn guard(State(console): State<Console>, request: Request, next: Next) -> Response {
    let mut answer = match refusal(&console.base, &request) {
        Some(refused) => refused,
        None => match timeout(PAGE_TIMEOUT, next.run(request)).await {
            Ok(answer) => answer,
            Err(_) => (StatusCode::GATEWAY_TIMEOUT, "the page took too long\n").into_response(),
        },
    };
    let headers = answer.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, value);
    }
    // What a page shows is not for a disk, nor for the back button of whoever comes next.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if console.cookies.secure {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    answer
}

/// The refusal of a request that no page should see.
fn refusal(base: &BaseAddress, request: &Request) -> Option<Response> {
    let refused = |status: StatusCode, why: String| Some((status, why).into_response());
    if request.uri().path_and_query().is_some_and(|address| address.as_str().len() > ADDRESS_BYTES_MAX) {
        return refused(StatusCode::URI_TOO_LONG, format!("an address has at most {ADDRESS_BYTES_MAX} bytes\n"));
    }
    // Without a filter that was asked for a page would show more. Where somebody signs in, an address to come back to is only left out.
    let is_page = !request.uri().path().starts_with("/console/");
    if is_page && request.uri().query().is_some_and(|query| has_long_field(query.as_bytes())) {
        return refused(StatusCode::BAD_REQUEST, format!("a field of an address has at most {VALUE_BYTES_MAX} bytes\n"));
    }
    // A name that somebody else's DNS points here would make their page this one's origin.
    if !is_named(base, request) {
        return refused(StatusCode::MISDIRECTED_REQUEST, format!("the console is at {}\n", base.url));
    }
    match *request.method() {
        Method::GET | Method::HEAD => None,
        Method::POST if is_own_form(base, request.headers()) => None,
        Method::POST => refused(StatusCode::FORBIDDEN, "a form of another site is not taken; nothing was changed\n".to_owned()),
        _ => refused(StatusCode::METHOD_NOT_ALLOWED, "pages are read, and forms are sent\n".to_owned()),
    }
}

/// Whether the browser came by the console's name: `:authority` in HTTP/2, `Host` in HTTP/1.1, which must be given once.
fn is_named(base: &BaseAddress, request: &Request) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).into_iter();
    let host = match (request.uri().authority(), hosts.next(), hosts.next()) {
        (Some(authority), None, None) => authority.as_str(),
        (Some(authority), Some(host), None) if authority.as_str() == host => authority.as_str(),
        (None, Some(host), None) => host.to_str().unwrap_or_default(),
        _ => return false,
    };
    host.eq_ignore_ascii_case(&base.authority)
}

/// Whether a form was sent by one of the console's own pages. Browsers say so themselves (Fetch Metadata), and older ones name the origin; what says neither
/// is no browser.
fn is_own_form(base: &BaseAddress, headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
    let same_origin = text(header::ORIGIN).map(|origin| origin.eq_ignore_ascii_case(&base.url));
    match text(HeaderName::from_static("sec-fetch-site")) {
        Some(site) => site == "same-origin" && same_origin != Some(false),
        None => same_origin == Some(true),
    }
}
