//! Sessions, in memory: a process that restarts has none, and everybody signs in again, which one click does where the issuer still knows them.
//!
//! A browser holds a secret. What is kept here is a hash of it, and the token sealed under another hash of it: who reads this memory without the browser has no
//! token, and who finds the hash has no session. A refresh token, where the issuer gives one, is kept in the same way; the session then outlasts its tokens.
use crate::{
    seal::{Seal, hash, secret},
    view::health::HealthView,
};
use api::ledger::Book;
use identity::{BookScope, Role};
use money::UserKey;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync, time::Instant};

#[cfg(test)]
mod tests;

/// Sessions of one person: browsers and devices. Beyond that the one that was not used for longest ends.
const OF_PERSON_MAX: usize = 16;
/// How long what every page shows at its top is kept: a person who clicks quickly must not fill the audit log with it.
const GLANCE_KEPT: Duration = Duration::from_secs(10);
/// A token is renewed when it is valid for no longer than this.
const RENEW_BEFORE: Duration = Duration::from_secs(60);
/// How long an issuer that could not renew a token is left alone.
const RENEW_RETRY: Duration = Duration::from_secs(10);
const KEY: &str = "largesse console session key";
const SEAL: &str = "largesse console session seal";

/// The member of staff behind a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) subject: UserKey,
    pub(crate) issuer: Arc<str>,
    pub(crate) role: Role,
    pub(crate) books: BookScope,
}

/// How long sessions last.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionTimes {
    pub(crate) idle: Duration,
    pub(crate) whole: Duration,
    pub(crate) reason: Duration,
}

/// Why a person looks, in their words; sent with their calls.
struct GivenReason {
    text: Arc<str>,
    until: Instant,
    /// The user that it was used for first; it is not sent with calls about another.
    about: Option<String>,
}

/// What every page shows at its top, as the services answered this person.
#[derive(Debug)]
pub(crate) struct Glance {
    pub(crate) books: Vec<Book>,
    pub(crate) health: HealthView,
}

/// What was done just now, for the next page to say once. Kept here and not in an address: whoever can send a link could say what never happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DoneNote {
    pub(crate) book: String,
    pub(crate) did: String,
    pub(crate) kind: &'static str,
    pub(crate) id: String,
}

/// The tokens of a login, as they were checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SessionTokens<'a> {
    /// Sent with calls.
    pub(crate) token: &'a str,
    /// How long it is valid.
    pub(crate) valid: Duration,
    /// Renews it.
    pub(crate) refresh: Option<&'a str>,
}

/// A token that ends soon, or has ended, and can be renewed.
pub(crate) struct DueToken {
    pub(crate) refresh: String,
    /// Held by the request that renews it.
    pub(crate) turn: Arc<sync::Mutex<()>>,
}

struct Session {
    person: Arc<Person>,
    sealed_token: Vec<u8>,
    token_ends: Instant,
    sealed_refresh: Option<Vec<u8>>,
    turn: Arc<sync::Mutex<()>>,
    /// When renewing may be tried again.
    retry: Instant,
    seen: Instant,
    ends: Instant,
    reason: Option<GivenReason>,
    glance: Option<(Instant, Arc<Glance>)>,
    note: Option<DoneNote>,
    /// Whether a service has accepted its token.
    accepted: bool,
}

/// A session as one request sees it.
pub(crate) struct OpenSession {
    pub(crate) person: Arc<Person>,
    pub(crate) token: String,
    pub(crate) reason: Option<Arc<str>>,
    /// Whether a service has accepted its token.
    pub(crate) accepted: bool,
    /// Whether calls can be made with its token.
    pub(crate) is_valid: bool,
    /// Its token is to be renewed.
    pub(crate) due: Option<DueToken>,
}

/// All sessions.
pub(crate) struct Sessions {
    times: SessionTimes,
    max: usize,
    all: Mutex<HashMap<[u8; 32], Session>>,
}

impl Sessions {
    pub(crate) fn new(times: SessionTimes, max: usize) -> Self {
        Self { times, max, all: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Session>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens a session, which ends with its token where that can't be renewed, and returns the browser's secret. `None`: the system gives no randomness.
    pub(crate) fn open(&self, person: Person, tokens: SessionTokens<'_>) -> Option<String> {
        let secret = secret()?;
        let seal = Seal::new(&hash(SEAL, &secret));
        let now = Instant::now();
        let session = Session {
            sealed_token: seal.seal(tokens.token)?,
            token_ends: now + tokens.valid,
            sealed_refresh: tokens.refresh.and_then(|refresh| seal.seal(refresh)),
            turn: Arc::default(),
            retry: now,
            seen: now,
            ends: now + self.times.whole,
            reason: None,
            glance: None,
            note: None,
            accepted: false,
            person: Arc::new(person),
        };
        let mut all = self.lock();
        all.retain(|_, session| self.lasts(session, now));
        let same = |other: &Session| other.person.subject == session.person.subject && other.person.issuer == session.person.issuer;
        if all.values().filter(|other| same(other)).count() >= OF_PERSON_MAX {
            end_unused(&mut all, same);
        }
        if all.len() >= self.max {
            end_unused(&mut all, |_| true);
        }
        all.insert(hash(KEY, &secret), session);
        Some(secret)
    }

    /// The session of a browser's secret, which is used by this.
    pub(crate) fn visit(&self, secret: &str) -> Option<OpenSession> {
        self.opened(secret, true)
    }

    /// The session of a browser's secret, for what a browser does without its person: a stream that goes on, or comes back, keeps no session open.
    pub(crate) fn look(&self, secret: &str) -> Option<OpenSession> {
        self.opened(secret, false)
    }

    fn opened(&self, secret: &str, is_use: bool) -> Option<OpenSession> {
        let key = hash(KEY, secret);
        let now = Instant::now();
        let mut all = self.lock();
        let session = all.get_mut(&key)?;
        if !self.lasts(session, now) {
            all.remove(&key);
            return None;
        }
        if is_use {
            session.seen = now;
        }
        let seal = Seal::new(&hash(SEAL, secret));
        let token = seal.open(&session.sealed_token)?;
        let reason = session.reason.as_ref().filter(|reason| reason.until > now).map(|reason| reason.text.clone());
        let is_valid = now < session.token_ends;
        let is_due = now >= session.retry && now + RENEW_BEFORE >= session.token_ends;
        let refresh = session.sealed_refresh.as_ref().filter(|_| is_due).and_then(|sealed| seal.open(sealed));
        let due = refresh.map(|refresh| DueToken { refresh, turn: session.turn.clone() });
        Some(OpenSession { person: session.person.clone(), token, reason, accepted: session.accepted, is_valid, due })
    }

    /// Whether a session may go on.
    fn lasts(&self, session: &Session, now: Instant) -> bool {
        let has_token = now < session.token_ends || session.sealed_refresh.is_some();
        has_token && now < session.ends && now < session.seen + self.times.idle
    }

    /// Keeps the renewed tokens of a session, and who their person is by now. Without a new refresh token the one that was used goes on working.
    pub(crate) fn renew(&self, secret: &str, person: Person, tokens: SessionTokens<'_>) {
        let seal = Seal::new(&hash(SEAL, secret));
        let mut all = self.lock();
        let Some(session) = all.get_mut(&hash(KEY, secret)) else { return };
        let Some(sealed_token) = seal.seal(tokens.token) else { return };
        session.sealed_token = sealed_token;
        session.token_ends = Instant::now() + tokens.valid;
        session.person = Arc::new(person);
        if let Some(sealed) = tokens.refresh.and_then(|refresh| seal.seal(refresh)) {
            session.sealed_refresh = Some(sealed);
        }
    }

    /// Keeps what renews a session, where the token that came with it can't be checked yet.
    pub(crate) fn keep_refresh(&self, secret: &str, refresh: &str) {
        if let Some(session) = self.lock().get_mut(&hash(KEY, secret))
            && let Some(sealed) = Seal::new(&hash(SEAL, secret)).seal(refresh)
        {
            session.sealed_refresh = Some(sealed);
        }
    }

    /// Notes that a token was not renewed: never will be, so that the session ends with it, or not just now.
    pub(crate) fn not_renewed(&self, secret: &str, ever: bool) {
        if let Some(session) = self.lock().get_mut(&hash(KEY, secret)) {
            session.retry = Instant::now() + RENEW_RETRY;
            if ever {
                session.sealed_refresh = None;
            }
        }
    }

    /// Keeps the reason that a person gave.
    pub(crate) fn explain(&self, secret: &str, text: &str) {
        let until = Instant::now() + self.times.reason;
        if let Some(session) = self.lock().get_mut(&hash(KEY, secret)) {
            session.reason = Some(GivenReason { text: text.into(), until, about: None });
        }
    }

    /// Whether the reason covers calls about these users: it is for the first one that it was used for, and for the company's accounts besides. One that does not
    /// is forgotten. What concerns several users is covered if one of them is the reason's, and makes it nobody's.
    pub(crate) fn covers<T: AsRef<str>>(&self, secret: &str, users: &[T]) -> bool {
        let mut all = self.lock();
        let Some(session) = all.get_mut(&hash(KEY, secret)) else { return false };
        let Some(reason) = session.reason.as_mut().filter(|reason| reason.until > Instant::now()) else { return false };
        if let ([user], None) = (users, &reason.about) {
            reason.about = Some(user.as_ref().to_owned());
        }
        let covers = users.is_empty() || reason.about.as_deref().is_none_or(|about| users.iter().any(|user| user.as_ref() == about));
        if !covers {
            session.reason = None;
        }
        covers
    }

    /// What was kept for the top of a page, if it is recent.
    pub(crate) fn glance(&self, secret: &str) -> Option<Arc<Glance>> {
        let all = self.lock();
        let (at, glance) = all.get(&hash(KEY, secret))?.glance.as_ref()?;
        (at.elapsed() < GLANCE_KEPT).then(|| glance.clone())
    }

    pub(crate) fn keep_glance(&self, secret: &str, glance: Arc<Glance>) {
        if let Some(session) = self.lock().get_mut(&hash(KEY, secret)) {
            session.glance = Some((Instant::now(), glance));
        }
    }

    /// Keeps what was done, for the next page to say.
    pub(crate) fn keep_note(&self, secret: &str, note: DoneNote) {
        if let Some(session) = self.lock().get_mut(&hash(KEY, secret)) {
            session.note = Some(note);
        }
    }

    /// What was done in this book and not said yet; it is said once.
    pub(crate) fn take_note(&self, secret: &str, book: &str) -> Option<DoneNote> {
        self.lock().get_mut(&hash(KEY, secret))?.note.take_if(|note| note.book == book)
    }

    /// Notes that a service has accepted the session's token.
    pub(crate) fn accepted(&self, secret: &str) {
        if let Some(session) = self.lock().get_mut(&hash(KEY, secret)) {
            session.accepted = true;
        }
    }

    /// How many are open now.
    pub(crate) fn open_now(&self) -> usize {
        let now = Instant::now();
        self.lock().values().filter(|session| self.lasts(session, now)).count()
    }

    /// Ends a browser's session.
    pub(crate) fn end(&self, secret: &str) {
        self.lock().remove(&hash(KEY, secret));
    }

    /// Ends all sessions of a person, and returns how many.
    pub(crate) fn end_all(&self, person: &Person) -> usize {
        let mut all = self.lock();
        let before = all.len();
        all.retain(|_, session| session.person.subject != person.subject || session.person.issuer != person.issuer);
        before - all.len()
    }
}

/// Ends the session that was not used for longest.
fn end_unused(all: &mut HashMap<[u8; 32], Session>, among: impl Fn(&Session) -> bool) {
    let oldest = all.iter().filter(|(_, session)| among(session)).min_by_key(|(_, session)| session.seen).map(|(key, _)| *key);
    if let Some(key) = oldest {
        all.remove(&key);
    }
}
