//! A login of staff: an OpenID Connect provider with four people who sign in by one click. Code flow with PKCE, a discovery document and a key set, as real
//! providers have them, so that what signs in here signs in there. Tokens are short-lived and renewed by refresh tokens, each of which works once.
//!
//! - `desk`: the codes that were given and what they are redeemed for. `renewal`: refresh tokens. `http`: the routes and the page with the people.
//!
//! Whoever can reach it can be anybody: for TEST books only. Its key is made at every start and kept in memory.
mod desk;
mod http;
mod renewal;
#[cfg(test)]
mod tests;

use axum::Router;
use money::time::now_ms;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// The id of the one client. It is public: it proves itself by PKCE (RFC 7636) and has no secret.
pub const CLIENT_ID: &str = "largesse-console";
/// The audience of access tokens.
pub const AUDIENCE: &str = "largesse";

/// A person who can sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SandboxPerson {
    /// The `sub` of their tokens.
    pub subject: &'static str,
    /// How the page calls them.
    pub name: &'static str,
    /// The claim `role`.
    pub role: &'static str,
    /// What the role is for, in a few words.
    pub work: &'static str,
}

/// Everybody who can sign in, each for every book.
pub const PEOPLE: [SandboxPerson; 4] = [
    SandboxPerson { subject: "sam", name: "Sam", role: "support", work: "helps users" },
    SandboxPerson { subject: "fay", name: "Fay", role: "finance", work: "answers for the books" },
    SandboxPerson { subject: "aud", name: "Aud", role: "auditor", work: "reads everything and changes nothing" },
    SandboxPerson { subject: "ann", name: "Ann", role: "admin", work: "sets up books" },
];

/// Options of the pretend login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Config {
    /// How long tokens are valid, in seconds. Who is still there gets new ones for the refresh token.
    pub token_seconds: u32,
    /// How long ago people say that they signed in (`auth_time`), in seconds, for trying out what needs a recent login. 0: just now.
    pub login_age_seconds: u32,
}

impl Default for Config {
    /// Five minutes, as short as careful issuers have it.
    fn default() -> Self {
        Self { token_seconds: 300, login_age_seconds: 0 }
    }
}

/// The key can't be made: the system gives no randomness.
#[derive(Debug, thiserror::Error)]
#[error("the pretend login can't make its key")]
pub struct NoLoginKey;

/// The provider's routes, for who serves them in another way. `issuer` as for [`start`].
pub fn routes(issuer: String, config: Config) -> Result<Router, NoLoginKey> {
    Ok(http::routes(Arc::new(desk::LoginDesk::try_new(issuer, config, now_ms).ok_or(NoLoginKey)?)))
}

/// Serves the provider on `listener` until `shutdown`. `issuer` is its address as browsers and programs know it, such as `http://127.0.0.1:7075`.
pub fn start(listener: TcpListener, issuer: String, config: Config, shutdown: CancellationToken) -> Result<(), NoLoginKey> {
    let routes = routes(issuer, config)?;
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).with_graceful_shutdown(shutdown.cancelled_owned()).await {
            tracing::error!(%error, "the pretend login stopped");
        }
    });
    Ok(())
}
