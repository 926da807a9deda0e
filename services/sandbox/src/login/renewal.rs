//! Refresh tokens: each works once and is replaced by another one (RFC 9700, section 4.14.2). Who presents a used one has a copy, or somebody else has, so all that
//! came of that login ends.
use super::SandboxPerson;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom as _, SystemRandom};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How long a login can be renewed, in milliseconds.
const LOGIN_MS: i64 = 36_000_000;
/// The most refresh tokens that are known, used ones among them; the oldest logins are forgotten first.
const KNOWN_MAX: usize = 10_000;

/// A login that can be renewed.
#[derive(Debug, Clone)]
pub(super) struct RenewableLogin {
    pub(super) person: SandboxPerson,
    /// When the person signed in, in Unix milliseconds.
    pub(super) begun_ms: i64,
    id: String,
}

impl RenewableLogin {
    pub(super) fn begun(person: SandboxPerson, begun_ms: i64) -> Option<Self> {
        Some(Self { person, begun_ms, id: random()? })
    }
}

/// A refresh token that was given.
struct GivenRefresh {
    login: RenewableLogin,
    used: bool,
}

/// All refresh tokens.
#[derive(Default)]
pub(super) struct Renewals(Mutex<HashMap<String, GivenRefresh>>);

impl Renewals {
    fn known(&self) -> MutexGuard<'_, HashMap<String, GivenRefresh>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A refresh token for a login. `None`: the system gives no randomness.
    pub(super) fn give(&self, login: RenewableLogin, now_ms: i64) -> Option<String> {
        let token = random()?;
        let mut known = self.known();
        known.retain(|_, given| now_ms < given.login.begun_ms + LOGIN_MS);
        while known.len() >= KNOWN_MAX
            && let Some(oldest) = known.values().min_by_key(|given| given.login.begun_ms).map(|given| given.login.id.clone())
        {
            known.retain(|_, given| given.login.id != oldest);
        }
        known.insert(token.clone(), GivenRefresh { login, used: false });
        Some(token)
    }

    /// The login of a refresh token, which is used by this.
    pub(super) fn redeem(&self, token: &str, now_ms: i64) -> Option<RenewableLogin> {
        let mut known = self.known();
        let given = known.get_mut(token)?;
        let login = given.login.clone();
        if std::mem::replace(&mut given.used, true) {
            known.retain(|_, given| given.login.id != login.id);
            return None;
        }
        Some(login).filter(|login| now_ms < login.begun_ms + LOGIN_MS)
    }
}

/// 32 random bytes as text.
pub(super) fn random() -> Option<String> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}
