//! Who asks for a page, and calls in their name. The console can do what its user can, and no more: it has no token of its own.
use crate::{parts::Console, session::Person};
use axum::{
    extract::FromRequestParts,
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderValue, header, request::Parts};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rpc::REASON;
use std::{sync::Arc, time::Duration};
use tonic::{Request, metadata::AsciiMetadataValue};

/// How long a page waits for one answer.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// What of a reason is encoded: everything that metadata can't carry as it is.
const REASON_ENCODED: &AsciiSet = &CONTROLS.add(b'%');

/// A person with a session.
pub(crate) struct Visitor {
    pub(crate) person: Arc<Person>,
    /// Why they look, if they said so lately.
    pub(crate) reason: Option<Arc<str>>,
    /// The browser's secret.
    pub(crate) secret: String,
    /// The page that was asked for, with its query.
    pub(crate) address: String,
    authorization: AsciiMetadataValue,
}

impl FromRequestParts<Console> for Visitor {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Response> {
        let address = parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
        let secret = console.cookies.read(&parts.headers, console.cookies.session());
        let session = secret.and_then(|secret| Some((secret.to_owned(), console.sessions.visit(secret)?)));
        let Some((secret, session)) = session else { return Err(sign_in(&address)) };
        // A token is base64url with full stops.
        let authorization = format!("Bearer {}", session.token).parse().map_err(|_| sign_in(&address))?;
        Ok(Self { person: session.person, reason: session.reason, secret, address, authorization })
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

    /// A call in the person's name: their token, their reason, and how long the page waits.
    pub(crate) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.set_timeout(CALL_TIMEOUT);
        request.metadata_mut().insert("authorization", self.authorization.clone());
        if let Some(reason) = &self.reason
            && let Ok(reason) = utf8_percent_encode(reason, REASON_ENCODED).to_string().parse()
        {
            request.metadata_mut().insert(REASON, reason);
        }
        request
    }
}

/// Sends a browser to the page where people sign in, and from there back.
pub(crate) fn sign_in(address: &str) -> Response {
    let query: String = form_urlencoded::Serializer::new(String::new()).append_pair("then", address).finish();
    let mut answer = Redirect::to(&format!("/console/login?{query}")).into_response();
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
