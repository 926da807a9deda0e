//! Signing in and out, and saying why one looks.
//!
//! Signing in is a link and never a form: `form-action` in the policy also holds for redirects that follow a form. Signing out, everywhere or here, and giving
//! a reason change something, so they are forms.
use crate::{
    answer::{failed, page},
    config::ForwardedToken,
    cookies::LOGIN_SECONDS,
    filters::{Filters, own_path},
    frame::PageFrame,
    meters::{self, LoginEnd},
    parts::{Console, ConsoleParts},
    provider::{BegunLogin, ProviderError, UncheckedTokens, WantedLogin},
    session::{Person, SessionTokens},
    visitor::Visitor,
};
use askama::Template;
use axum::{
    body::Bytes,
    extract::{Extension, RawQuery, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use identity::{Principal, verifier::login::ExpectedLogin};
use money::{
    text::is_plain,
    time::{millis, now_ms},
};
use rpc::{Peer, acts::is_staff};
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::time::timeout;

/// Bytes of a reason, as the services take them.
pub(crate) const REASON_BYTES: std::ops::RangeInclusive<usize> = 8..=500;
/// How long a person who signs out waits for where the issuer has its own page for that.
const ISSUER_WAIT: Duration = Duration::from_secs(1);
/// Bytes of what an issuer sends back with a browser.
const CODE_BYTES_MAX: usize = 4 * 1024;

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    frame: PageFrame,
    issuer: String,
    begin: String,
}

#[derive(Template)]
#[template(path = "signed_out.html")]
struct SignedOutPage {
    frame: PageFrame,
    sessions: usize,
    /// Where to sign out of the issuer too; empty if it has no such page.
    issuer: String,
}

/// The page where people sign in.
pub(crate) async fn show(State(console): State<Console>, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let begin = Filters::address("/console/login/begin", &[("then", own_path(filters.get("then")))]);
    page(StatusCode::OK, &LoginPage { frame: PageFrame::bare("Sign in", None), issuer: console.provider.issuer.clone(), begin })
}

/// Sends the browser to the issuer; with `step_up=1` to authenticate again even where the issuer still knows the person, and then to the page in `to`.
pub(crate) async fn begin(State(console): State<Console>, peer: Option<Extension<Peer>>, RawQuery(query): RawQuery) -> Response {
    if let Some(refused) = too_many(&console, peer) {
        return refused;
    }
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let until_ms = now_ms().saturating_add(millis(Duration::from_secs(LOGIN_SECONDS)));
    let wanted = match filters.get("step_up") {
        "1" => WantedLogin { then: own_path(filters.get("to")).to_owned(), age_max: Some(console.login_age_max) },
        _ => WantedLogin { then: own_path(filters.get("then")).to_owned(), age_max: None },
    };
    let begun = console.provider.begin(wanted, until_ms).await;
    let sealed = begun.and_then(|(url, begun)| Ok((url, console.provider.sealed(&begun)?)));
    match sealed {
        Ok((url, sealed)) => {
            let mut answer = Redirect::to(&url).into_response();
            answer.headers_mut().append(header::SET_COOKIE, console.cookies.set(console.cookies.login(), &sealed, Some(LOGIN_SECONDS)));
            answer
        }
        Err(error) => not_reached(&error),
    }
}

/// The browser comes back from the issuer, with a code or without.
pub(crate) async fn callback(
    State(console): State<Console>,
    peer: Option<Extension<Peer>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    if let Some(refused) = too_many(&console, peer) {
        return refused;
    }
    let query = query.unwrap_or_default();
    let field = |name: &str| form_urlencoded::parse(query.as_bytes()).find(|(found, _)| found == name).map(|(_, value)| value.into_owned());
    let cookie = console.cookies.read(&headers, console.cookies.login());
    let begun = cookie.and_then(|cookie| console.provider.opened(cookie, now_ms()));
    // The state binds the answer to the browser that began: a code of somebody else signs nobody in here.
    let Some(begun) = begun.filter(|begun| field("state").as_deref() == Some(&begun.state)) else {
        // Of two tabs the second to come back finds the first one's session.
        let session = console.cookies.read(&headers, console.cookies.session()).and_then(|secret| console.sessions.visit(secret));
        return match session {
            Some(_) => Redirect::to("/").into_response(),
            None => {
                meters::login(LoginEnd::NotFinished);
                again("This sign-in was not begun in this browser, or it took longer than ten minutes, or another tab began a new one.")
            }
        };
    };
    let mut answer = match field("code").filter(|code| code.len() <= CODE_BYTES_MAX && is_from(&console, field("iss"))) {
        None => {
            meters::login(LoginEnd::NotFinished);
            again("The issuer did not sign you in.")
        }
        Some(code) => finish(&console, &headers, code, &begun).await,
    };
    answer.headers_mut().append(header::SET_COOKIE, console.cookies.clear(console.cookies.login()));
    answer
}

/// An answer that names its issuer must come from the one that was asked (RFC 9207).
fn is_from(console: &ConsoleParts, issuer: Option<String>) -> bool {
    issuer.is_none_or(|issuer| issuer == console.provider.issuer)
}

async fn finish(console: &ConsoleParts, headers: &HeaderMap, code: String, begun: &BegunLogin) -> Response {
    let tokens = match console.provider.redeem(code, begun).await {
        Ok(tokens) => tokens,
        Err(error) => return not_reached(&error),
    };
    let now = SystemTime::now();
    let principal = match principal(console, &tokens, begun, now).await {
        Ok(principal) => principal,
        Err(error) => {
            tracing::warn!(%error, issuer = console.provider.issuer, "a login was refused");
            meters::login(LoginEnd::TokenRefused);
            return again(&format!("The issuer's tokens are not accepted: {error}."));
        }
    };
    if begun.age_max_s.is_some_and(|age| !principal.authenticated_within(Duration::from_secs(age), now)) {
        let why = "Your login does not let you approve: the token that it gives for calls does not say when you signed in (auth_time), and the console's \
            administrator has to change that. You are still signed in as before.";
        return failed(PageFrame::bare("Sign in again", None), StatusCode::BAD_GATEWAY, "Nothing is gained by signing in again", why);
    }
    if !is_staff(principal.role) {
        meters::login(LoginEnd::NotStaff);
        let why = format!("The console is for staff, and your login has the role {}.", principal.role);
        return failed(PageFrame::bare("Sign in", None), StatusCode::FORBIDDEN, "Not for this login", &why);
    }
    let token = forwarded(console, &tokens);
    let valid = principal.expires_at.duration_since(now).unwrap_or_default();
    let person = Person {
        subject: principal.subject.clone(),
        issuer: principal.issuer.clone(),
        role: principal.role,
        books: principal.books.clone(),
    };
    // A new secret at every login, so that one planted before is worth nothing; and the browser's earlier session ends.
    if let Some(earlier) = console.cookies.read(headers, console.cookies.session()) {
        console.sessions.end(earlier);
    }
    let opened = console.sessions.open(person, SessionTokens { token, valid, refresh: tokens.refresh.as_deref() });
    let Some(secret) = opened else { return not_reached(&ProviderError::Randomness) };
    tracing::info!(subject = %principal.subject, issuer = %principal.issuer, role = %principal.role, "a person signed in");
    meters::login(LoginEnd::SignedIn);
    let mut answer = Redirect::to(own_path(&begun.then)).into_response();
    answer.headers_mut().append(header::SET_COOKIE, console.cookies.set(console.cookies.session(), &secret, None));
    answer
}

fn forwarded<'a>(console: &ConsoleParts, tokens: &'a UncheckedTokens) -> &'a str {
    match console.forward {
        ForwardedToken::AccessToken => &tokens.access,
        ForwardedToken::IdToken => &tokens.id,
    }
}

/// The caller that the services will see, if both tokens are right and of the same person.
async fn principal(
    console: &ConsoleParts,
    tokens: &UncheckedTokens,
    begun: &BegunLogin,
    now: SystemTime,
) -> Result<Arc<Principal>, identity::Error> {
    let provider = &console.provider;
    let expected = ExpectedLogin {
        issuer: &provider.issuer,
        client_id: &provider.client_id,
        nonce: &begun.nonce,
        access_token: &tokens.access,
        age_max: begun.age_max_s.map(Duration::from_secs),
    };
    let login = console.verifier.verify_login(&tokens.id, &expected, now).await?;
    let principal = console.verifier.verify_or_look(forwarded(console, tokens), now).await?;
    let same = principal.subject == login.subject && principal.issuer == login.issuer;
    if same { Ok(principal) } else { Err(identity::Error::Claim("sub")) }
}

/// Ends this session, or all of the person's.
pub(crate) async fn logout(State(console): State<Console>, visitor: Visitor, form: Bytes) -> Response {
    let everywhere = Filters::read(&form).get("everywhere") == "yes";
    let sessions = match everywhere {
        true => console.sessions.end_all(&visitor.person),
        false => {
            console.sessions.end(&visitor.secret);
            1
        }
    };
    // The session has ended by now, whether the issuer answers or not.
    let issuer = timeout(ISSUER_WAIT, console.provider.end_session()).await.ok().flatten().unwrap_or_default();
    let mut answer = page(StatusCode::OK, &SignedOutPage { frame: PageFrame::bare("Signed out", None), sessions, issuer });
    answer.headers_mut().append(header::SET_COOKIE, console.cookies.clear(console.cookies.session()));
    answer
}

/// Keeps why the person looks, and shows the page that they wanted.
pub(crate) async fn explain(State(console): State<Console>, visitor: Visitor, form: Bytes) -> Response {
    let form = Filters::read(&form);
    let reason = form.get("reason");
    if !REASON_BYTES.contains(&reason.len()) || !is_plain(reason) {
        let why = "A reason has 8 to 500 bytes of text without hidden characters, such as: ticket 4711: coins missing.";
        return failed(PageFrame::bare("Why you look", Some(&visitor.person)), StatusCode::BAD_REQUEST, "This is no reason", why);
    }
    console.sessions.explain(&visitor.secret, reason);
    Redirect::to(own_path(form.get("then"))).into_response()
}

/// The refusal of one attempt too many.
fn too_many(console: &ConsoleParts, peer: Option<Extension<Peer>>) -> Option<Response> {
    let address = peer.and_then(|Extension(peer)| peer.counted_address()).unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
    let wait = console.attempts.count(address).err()?;
    meters::login(LoginEnd::TooMany);
    let why = "Somebody at your address signs in very often. Wait a minute and try again.";
    let mut answer = failed(PageFrame::bare("Sign in", None), StatusCode::TOO_MANY_REQUESTS, "Too many attempts to sign in", why);
    let seconds = wait.as_secs().saturating_add(1);
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    Some(answer)
}

fn again(why: &str) -> Response {
    failed(PageFrame::bare("Sign in", None), StatusCode::BAD_REQUEST, "You are not signed in", why)
}

fn not_reached(error: &ProviderError) -> Response {
    tracing::warn!(%error, "a login could not be finished");
    meters::login(if matches!(error, ProviderError::Refused(_)) { LoginEnd::NotFinished } else { LoginEnd::IssuerLost });
    match error {
        ProviderError::Refused(why) if why == "invalid_grant" => {
            again("The issuer did not accept the code: it was used before, or it is too old.")
        }
        ProviderError::Refused(_) | ProviderError::Issuer(_) | ProviderError::Randomness => {
            let why = "Try again in a while. What happened is in the console's log.";
            failed(PageFrame::bare("Sign in", None), StatusCode::BAD_GATEWAY, "The issuer of logins can't be used", why)
        }
    }
}
