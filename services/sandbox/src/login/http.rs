//! The provider's routes, and the page on which a person is chosen.
use super::{
    CLIENT_ID, PEOPLE,
    desk::{LoginDesk, LoginRequest},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, RawQuery, State},
    http::{HeaderMap, HeaderName, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde_json::json;
use std::{collections::HashMap, net::IpAddr, sync::Arc};

/// Bytes of a form or an address.
const FORM_BYTES_MAX: usize = 8 * 1024;
/// Nothing of a page may be loaded from elsewhere or shown elsewhere.
const PAGE_HEADERS: [(HeaderName, &str); 4] = [
    (header::CONTENT_TYPE, "text/html; charset=utf-8"),
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "no-referrer"),
];

pub(super) fn routes(desk: Arc<LoginDesk>) -> Router {
    Router::new()
        .route("/.well-known/openid-configuration", get(discovery))
        .route("/jwks", get(async |State(desk): State<Arc<LoginDesk>>| Json(desk.keys())))
        .route("/activity", get(async |State(desk): State<Arc<LoginDesk>>| Json(desk.activity())))
        .route("/authorize", get(choose))
        .route("/authorize/{person}", get(authorize))
        .route("/token", post(token))
        .route("/logout", get(async || page("Signed out", "<p>You are signed out of the pretend login.</p>")))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .with_state(desk)
}

/// OpenID Connect Discovery 1.0, section 3.
async fn discovery(State(desk): State<Arc<LoginDesk>>) -> Response {
    let at = |path: &str| format!("{}{path}", desk.issuer());
    Json(json!({
        "issuer": desk.issuer(),
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "jwks_uri": at("/jwks"),
        "end_session_endpoint": at("/logout"),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA"],
        "scopes_supported": ["openid"],
        "token_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
    }))
    .into_response()
}

/// The request in an address, or what is wrong with it. Nothing is sent to an address that is not this machine's.
fn asked(query: Option<&str>) -> Result<LoginRequest, &'static str> {
    let query = query.unwrap_or_default();
    if query.len() > FORM_BYTES_MAX {
        return Err("the address is too long");
    }
    let fields = fields(query.as_bytes());
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    if field("client_id") != CLIENT_ID {
        return Err("there is one client, largesse-console");
    }
    let redirect_uri = field("redirect_uri");
    let uri: Uri = redirect_uri.parse().map_err(|_| "redirect_uri is no address")?;
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    if !is_here || !matches!(uri.scheme_str(), Some("http" | "https")) || uri.query().is_some() {
        return Err("redirect_uri must be an address of this machine without a query");
    }
    if field("response_type") != "code" || !field("scope").split(' ').any(|scope| scope == "openid") {
        return Err("response_type must be code, and scope must have openid");
    }
    if field("code_challenge_method") != "S256" || field("code_challenge").is_empty() || field("state").is_empty() {
        return Err("state and a code_challenge by S256 are required");
    }
    Ok(LoginRequest { redirect_uri, state: field("state"), nonce: field("nonce"), challenge: field("code_challenge") })
}

/// The page with the people: a link for each.
async fn choose(RawQuery(query): RawQuery) -> Response {
    if let Err(why) = asked(query.as_deref()) {
        return refused(why);
    }
    let query = escaped(query.as_deref().unwrap_or_default());
    let links = PEOPLE.map(|person| {
        let (subject, name, role, work) = (person.subject, person.name, person.role, person.work);
        format!("<li><a id=\"{subject}\" href=\"/authorize/{subject}?{query}\">{name}</a>, {role}: {work}</li>")
    });
    let text = "<p>TEST: a pretend login. Nobody is asked for a password here; with real money people sign in where your company has its logins.</p>";
    page("Sign in as", &format!("{text}<ul>{}</ul>", links.concat()))
}

async fn authorize(
    State(desk): State<Arc<LoginDesk>>,
    axum::extract::Path(person): axum::extract::Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let request = match asked(query.as_deref()) {
        Ok(request) => request,
        Err(why) => return refused(why),
    };
    let Some(person) = PEOPLE.into_iter().find(|known| known.subject == person) else {
        return refused("nobody of this name signs in here");
    };
    let (back, state) = (request.redirect_uri.clone(), request.state.clone());
    let Some(code) = desk.give(request, person) else {
        return (StatusCode::SERVICE_UNAVAILABLE, "too many people sign in at once\n").into_response();
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("code", &code).append_pair("state", &state).append_pair("iss", desk.issuer());
    (StatusCode::SEE_OTHER, [(header::LOCATION, format!("{back}?{}", query.finish()))]).into_response()
}

async fn token(State(desk): State<Arc<LoginDesk>>, headers: HeaderMap, body: Bytes) -> Response {
    let is_form = headers.get(header::CONTENT_TYPE).is_some_and(|found| found.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
    let answer = match is_form {
        true => desk.redeem(&fields(&body)),
        false => Err(("invalid_request", "a form is required")),
    };
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    match answer {
        Ok(tokens) => (no_store, Json(tokens)).into_response(),
        Err((error, why)) => (StatusCode::BAD_REQUEST, no_store, Json(json!({"error": error, "error_description": why}))).into_response(),
    }
}

/// A form's fields; of a repeated one the last.
fn fields(form: &[u8]) -> HashMap<String, String> {
    form_urlencoded::parse(form).into_owned().collect()
}

fn refused(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, page("Not possible", &format!("<p>{}</p>", escaped(why)))).into_response()
}

fn page(title: &str, body: &str) -> Response {
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>TEST · {title}</title>\
         </head><body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    (PAGE_HEADERS, text).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
