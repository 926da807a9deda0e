//! Access tokens: given for signed assertions, each once, and kept in memory. After a restart every token is refused, as by a bank that forgot its sessions.

use super::SandboxClient;
use bankapi::oauth::check_form;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom as _, SystemRandom};
use std::{
    collections::HashMap,
    fmt::Display,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The most tokens and used assertions that are kept; the bank refuses further ones until older ones have expired.
const KEPT_MAX: usize = 10_000;

/// Where tokens are asked for.
pub fn token_url(address: impl Display) -> String {
    format!("http://{address}/oauth2/token")
}

#[derive(Debug, Default)]
struct Kept {
    /// Tokens and until when they are valid, in milliseconds.
    tokens: HashMap<String, i64>,
    /// Used assertions by client and `jti`, and until when they would be valid, in seconds.
    used: HashMap<(String, String), i64>,
}

/// Gives and checks tokens.
#[derive(Debug)]
pub struct TokenDesk {
    clients: Vec<SandboxClient>,
    lifetime: Duration,
    url: String,
    kept: Mutex<Kept>,
}

impl TokenDesk {
    pub fn new(clients: Vec<SandboxClient>, lifetime: Duration, address: impl Display) -> Self {
        Self { clients, lifetime, url: token_url(address), kept: Mutex::default() }
    }

    /// A token and its seconds for a form, or the OAuth2 error and why.
    pub fn give(&self, form: &[u8], now_ms: i64) -> Result<(String, u64), (&'static str, String)> {
        let now = now_ms / 1_000;
        let keys = |client: &str| self.clients.iter().find(|known| known.client_id == client).map(|known| known.keys.clone());
        let checked = check_form(form, keys, &self.url, now).map_err(|error| ("invalid_client", error.to_string()))?;
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).map_err(|_| ("server_error", "no randomness".to_owned()))?;
        let token = URL_SAFE_NO_PAD.encode(bytes);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.tokens.retain(|_, until_ms| *until_ms > now_ms);
        kept.used.retain(|_, until| *until + bankapi::oauth::CLOCK_SKEW_SECONDS > now);
        if kept.tokens.len().max(kept.used.len()) >= KEPT_MAX {
            return Err(("temporarily_unavailable", "too many tokens are valid".to_owned()));
        }
        if kept.used.insert((checked.client_id, checked.jti), checked.expires_at).is_some() {
            return Err(("invalid_client", "the assertion was used before".to_owned()));
        }
        kept.tokens.insert(token.clone(), now_ms.saturating_add(money::time::millis(self.lifetime)));
        Ok((token, self.lifetime.as_secs()))
    }

    /// Whether a request may be served: by its header `Authorization`, or anyway where no client is configured.
    pub fn admits(&self, authorization: Option<&str>, now_ms: i64) -> bool {
        if self.clients.is_empty() {
            return true;
        }
        let Some(token) = authorization.and_then(|value| value.strip_prefix("Bearer ")) else { return false };
        // A look-up by hash, of a random token: its time says nothing about other tokens.
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.tokens.get(token).is_some_and(|until_ms| *until_ms > now_ms)
    }
}
