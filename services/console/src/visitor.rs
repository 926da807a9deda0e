//! Who asks for a page, and calls in their name. The console can do what its user can, and no more: it has no token of its own.
use crate::{
    filters::{Filters, own_path},
    parts::{BaseAddress, Console},
    renewal::renewed,
    session::{OpenSession, Person},
};
use axum::{
    extract::FromRequestParts,
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, header, request::Parts};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rpc::REASON;
use std::{sync::Arc, time::Duration};
use tonic::{Request, metadata::AsciiMetadataValue};

/// How long a page waits for one answer.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Sent by a browser that reconnects a stream by itself.
pub(crate) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// What of a reason is encoded: everything that metadata can't carry as it is.
const REASON_ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// A person with a session.
pub(crate) struct Visitor {
    pub(crate) person: Arc<Person>,
    /// Why they look, if they said so lately and this request comes from a page of ours.
    pub(crate) reason: Option<Arc<str>>,
    /// The browser's secret.
    pub(crate) secret: String,
    /// The page that was asked for, with its query.
    pub(crate) address: String,
    /// A page to come back to: the one that was asked for, or the one that a form was on.
    back: String,
    /// Whether a service has accepted the session's token.
    pub(crate) accepted: bool,
    authorization: AsciiMetadataValue,
}

impl FromRequestParts<Console> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Response> {
        let address = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
        let secret = console.cookies.read(&parts.headers, console.cookies.session());
        // Nobody uses a session by reconnecting.
        let reconnects = parts.headers.contains_key(LAST_EVENT_ID);
        let visit = |secret: &str| if reconnects { console.sessions.look(secret) } else { console.sessions.visit(secret) };
        let session = secret.and_then(|secret| Some((secret.to_owned(), visit(secret)?)));
        let back = if parts.method == Method::GET { &address } else { form_page(&console.base, &parts.headers) };
        let back = own_path(back).to_owned();
        let Some((secret, session)) = session else { return Err(sign_in(&back)) };
        let Some(session) = renewed(console, &secret, session).await else { return Err(sign_in(&back)) };
        let authorization = authorization(&session).ok_or_else(|| sign_in(&back))?;
        // A link on another site must neither look in the person's name nor spend the reason on the user that it names.
        let reason = session.reason.filter(|_| is_from_here(&parts.headers));
        Ok(Self { person: session.person, reason, secret, address, back, accepted: session.accepted, authorization })
    }
}

impl Visitor {
    /// The path of the page.
    pub(crate) fn path(&self) -> &str {
        self.address.split('?').next().unwrap_or_default()
    }

    /// Whether the page is at this path.
    pub(crate) fn is_at(&self, path: &str) -> bool {
        self.path() == path
    }

    /// Goes on with the session's token as it is by now, for an answer that takes longer than a token lasts. False: the session has ended.
    pub(crate) async fn follow(&mut self, console: &Console) -> bool {
        let Some(session) = console.sessions.look(&self.secret) else { return false };
        let Some(session) = renewed(console, &self.secret, session).await else { return false };
        let Some(authorization) = authorization(&session) else { return false };
        self.authorization = authorization;
        true
    }

    /// Sends the person to where they sign in, and from there back.
    pub(crate) fn sign_in(&self) -> Response {
        sign_in(&self.back)
    }

    /// Where the person signs in again to decide something, and comes back from.
    pub(crate) fn step_up(&self) -> String {
        Filters::address("/console/login/begin", &[("step_up", "1"), ("to", &self.back)])
    }

    /// A call in the person's name: their token, their reason, and how long the page waits.
    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = self.stream_request(message);
        request.set_timeout(CALL_TIMEOUT);
        request
    }

    /// The same without a time, for an answer that goes on.
    pub(crate) fn stream_request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.authorization.clone());
        if let Some(reason) = &self.reason
            && let Ok(reason) = utf8_percent_encode(reason, REASON_ENCODED).to_string().parse()
        {
            request.metadata_mut().insert(REASON, reason);
        }
        request
    }
}

/// The token of a session, as calls send it: base64url with full stops.
fn authorization(session: &OpenSession) -> Option<AsciiMetadataValue> {
    format!("Bearer {}", session.token).parse().ok()
}

/// Whether the person came from one of our own pages, or by typing the address: browsers say so (Fetch Metadata). What does not say so is taken for another site.
fn is_from_here(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "same-origin" || site == "none")
}

/// The page that a form was on, which our own pages say by `Referrer-Policy`.
fn form_page<'a>(base: &BaseAddress, headers: &'a HeaderMap) -> &'a str {
    let named = headers.get(header::REFERER).and_then(|value| value.to_str().ok());
    named.and_then(|address| address.strip_prefix(&base.url)).unwrap_or("/")
}

/// Sends a browser to the page where people sign in, and from there back.
pub(crate) fn sign_in(address: &str) -> Response {
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("then", address).finish();
    let mut answer = Redirect::to(&format!("/console/login?{query}")).into_response();
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
