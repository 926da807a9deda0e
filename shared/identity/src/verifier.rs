//! Checks tokens: signer, audience, expiry, and what the issuer may claim.
use crate::{
    BookScope, Error, Principal, Role,
    algorithm::Algorithm,
    crypto,
    error::TOKEN_BYTES_MAX,
    issuers::TrustedIssuer,
    jwks::source::{KeySource, read_files},
    keys::{PublicKey, VerificationKey},
    principal::CLOCK_SKEW_MAX,
    subject::SubjectMapper,
    token::{ALL_BOOKS, reason, time},
};
use jsonwebtoken::Validation;
use money::{BookName, UserKey};
use serde_json::{Map, Value};
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant, SystemTime},
};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

mod cache;
pub mod login;
#[cfg(test)]
mod tests;

/// The least time between two key reads caused by tokens with unknown keys: invented keys must not cause a request each.
const LOOK_DELAY_MIN: Duration = Duration::from_secs(10);

/// The prefix that a media type in a header may omit.
const APPLICATION: &str = "application/";

/// Checks tokens. Shared by all calls, so a verified token is cached until it expires or a key changes.
pub struct Verifier {
    issuers: Vec<Arc<IssuerKeys>>,
    verified: Arc<cache::TokenCache>,
}

/// An issuer with its keys as last read.
struct IssuerKeys {
    issuer: TrustedIssuer,
    /// The name in principals.
    name: Arc<str>,
    apps: BTreeMap<String, Vec<BookName>>,
    subjects: SubjectMapper,
    source: KeySource,
    keys: RwLock<KnownKeys>,
    /// When an unknown key last caused a read; locked during the read, so that one request serves all who wait.
    looked: Mutex<Option<Instant>>,
}

/// Keys and when they were last confirmed.
#[derive(Clone, Default)]
struct KnownKeys {
    keys: Arc<Vec<VerificationKey>>,
    seen: Option<Instant>,
}

impl Verifier {
    /// Accepts tokens signed with any of `keys` as the installation's own issuer; several, so that keys can be rotated.
    pub fn new(keys: &[PublicKey]) -> Self {
        crypto::install();
        let known = KnownKeys { keys: Arc::new(keys.iter().map(|key| key.to_key()).collect()), seen: Some(Instant::now()) };
        let trusted = IssuerKeys::try_new(TrustedIssuer::house(Vec::new()), KeySource::Fixed, BTreeMap::new(), known);
        let trusted = trusted.expect("the installation's own subjects need no key file");
        Self { issuers: vec![Arc::new(trusted)], verified: Arc::new(cache::TokenCache::new()) }
    }

    /// Accepts tokens of these issuers. Keys in files are read here, and problems with them are errors; keys at an address are fetched by [`Verifier::look`]
    /// and [`Verifier::keep_looking`].
    pub fn try_new(issuers: Vec<TrustedIssuer>) -> Result<Self, Error> {
        crypto::install();
        let trusted = issuers.into_iter().map(IssuerKeys::read);
        Ok(Self { issuers: trusted.collect::<Result<_, Error>>()?, verified: Arc::new(cache::TokenCache::new()) })
    }

    /// Also accepts tokens of `issuer`. Keys at an address are fetched when the first of its tokens is verified.
    pub fn with_issuer(mut self, issuer: TrustedIssuer) -> Result<Self, Error> {
        self.issuers.push(IssuerKeys::read(issuer)?);
        Ok(self)
    }

    /// Fetches the keys of every issuer once, concurrently. Returns the issuers whose keys are unavailable, with the reason; their tokens are refused until
    /// they are available.
    pub async fn look(&self) -> Vec<(String, Error)> {
        let looks = self
            .issuers
            .iter()
            .map(|trusted| async { fetch(trusted, &self.verified).await.err().map(|error| (trusted.issuer.issuer.clone(), error)) });
        futures::future::join_all(looks).await.into_iter().flatten().collect()
    }

    /// Reads every issuer's keys from time to time until `closing`.
    pub async fn keep_looking(&self, closing: CancellationToken) {
        let looks = self.issuers.iter().filter(|trusted| !matches!(trusted.source, KeySource::Fixed)).map(|trusted| async {
            let mut every = tokio::time::interval(Duration::from_secs(trusted.issuer.refresh_s.max(1).into()));
            every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            // The first tick is immediate, and the keys were read at the start.
            every.tick().await;
            loop {
                every.tick().await;
                if let Err(error) = fetch(trusted, &self.verified).await {
                    tracing::warn!(issuer = trusted.issuer.issuer, %error, "the keys of an issuer can't be read; the last ones read stay in use");
                }
            }
        });
        tokio::select! {
            _ = futures::future::join_all(looks) => {}
            () = closing.cancelled() => {}
        }
    }

    /// The principal of a token, if it is valid at `now`.
    pub fn verify(&self, token: &str, now: SystemTime) -> Result<Arc<Principal>, Error> {
        if let Some(principal) = self.verified.get(token) {
            // Its issuer's keys may have become too old meanwhile, which invalidates the tokens they signed.
            let known = self.issuers.iter().any(|trusted| trusted.name == principal.issuer && trusted.is_fresh());
            return match (known, now < principal.expires_at) {
                (true, true) => Ok(principal),
                (true, false) => Err(Error::Expired),
                (false, _) => Err(Error::KeysUnavailable),
            };
        }
        let generation = self.verified.generation();
        let principal = Arc::new(self.trusted(token)?.verify(token, now)?);
        self.verified.put(token, &principal, generation);
        Ok(principal)
    }

    /// As [`Verifier::verify`], but for a token with an unknown key it reads the issuer's keys again first.
    pub async fn verify_or_look(&self, token: &str, now: SystemTime) -> Result<Arc<Principal>, Error> {
        match self.verify(token, now) {
            Err(Error::UnknownKey | Error::KeysUnavailable) => {
                // Boxed, or every call would carry the size of a fetch's future.
                Box::pin(self.look_soon(self.trusted(token)?)).await;
                self.verify(token, now)
            }
            outcome => outcome,
        }
    }

    /// The issuer that a token names.
    fn trusted(&self, token: &str) -> Result<&Arc<IssuerKeys>, Error> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(Error::Long { bytes: token.len() });
        }
        let claims: Map<String, Value> = jsonwebtoken::dangerous::insecure_decode_claims(token).map_err(|error| reason(error.kind()))?;
        let named = claims.get("iss").and_then(Value::as_str).ok_or(Error::Claim("iss"))?;
        self.issuers.iter().find(|trusted| trusted.issuer.issuer == named).ok_or(Error::Audience)
    }

    /// Reads the keys now, unless they were read lately.
    async fn look_soon(&self, trusted: &Arc<IssuerKeys>) {
        let mut looked = trusted.looked.lock().await;
        if looked.is_some_and(|at| at.elapsed() < LOOK_DELAY_MIN) {
            return;
        }
        *looked = Some(Instant::now());
        // A task of its own: a caller that hangs up must not cancel the read that all others wait for.
        let (asked, verified) = (trusted.clone(), self.verified.clone());
        let looking = tokio::spawn(async move {
            if let Err(error) = fetch(&asked, &verified).await {
                tracing::warn!(issuer = asked.issuer.issuer, %error, "a token names a key that is not known, and the keys can't be read");
            }
        });
        // It ends by its own timeout; the runtime reports a panic of it, and the token is refused as before.
        let _ = looking.await;
    }
}

/// Reads an issuer's keys; the token cache is cleared if they changed.
async fn fetch(trusted: &IssuerKeys, verified: &cache::TokenCache) -> Result<(), Error> {
    let asked = Instant::now();
    let Some(keys) = trusted.source.fetch(&trusted.issuer).await? else { return Ok(()) };
    let mut known = trusted.keys.write().unwrap_or_else(PoisonError::into_inner);
    // A read that began later has finished already: its keys are newer.
    if known.seen.is_some_and(|seen| seen > asked) {
        return Ok(());
    }
    let changed = !same(&known.keys, &keys);
    *known = KnownKeys { keys: Arc::new(keys), seen: Some(asked) };
    drop(known);
    // Tokens signed with a removed key must not stay in the cache.
    if changed {
        verified.clear();
        tracing::info!(issuer = trusted.issuer.issuer, "the keys of an issuer have changed");
    }
    Ok(())
}

/// Whether two sets hold the same keys in the same order.
fn same(old: &[VerificationKey], new: &[VerificationKey]) -> bool {
    let alike = |(old, new): (&VerificationKey, &VerificationKey)| {
        use jsonwebtoken::DecodingKeyKind::{RsaModulusExponent, SecretOrDer};
        let numbers = match (old.decoding.kind(), new.decoding.kind()) {
            (SecretOrDer(old), SecretOrDer(new)) => old == new,
            (RsaModulusExponent { n, e }, RsaModulusExponent { n: new_n, e: new_e }) => (n, e) == (new_n, new_e),
            (SecretOrDer(_), RsaModulusExponent { .. }) | (RsaModulusExponent { .. }, SecretOrDer(_)) => false,
        };
        numbers && old.id == new.id && old.algorithm == new.algorithm
    };
    old.len() == new.len() && old.iter().zip(new).all(alike)
}

impl IssuerKeys {
    /// With the keys in its files; none yet if they are at an address.
    fn read(issuer: TrustedIssuer) -> Result<Arc<Self>, Error> {
        let source = KeySource::try_new(&issuer)?;
        let known = match source {
            KeySource::Files => KnownKeys { keys: Arc::new(read_files(&issuer)?), seen: Some(Instant::now()) },
            KeySource::Fixed | KeySource::Address(_) => KnownKeys::default(),
        };
        let apps = issuer.apps.iter().map(|(app, books)| {
            let books = books.iter().map(|book| BookName::try_new(book).map_err(|_| issuer.unreadable(format!("app {app}: {book}"))));
            Ok((app.clone(), books.collect::<Result<_, Error>>()?))
        });
        let apps = apps.collect::<Result<_, Error>>()?;
        Ok(Arc::new(Self::try_new(issuer, source, apps, known)?))
    }

    fn try_new(issuer: TrustedIssuer, source: KeySource, apps: BTreeMap<String, Vec<BookName>>, known: KnownKeys) -> Result<Self, Error> {
        let name = issuer.issuer.as_str().into();
        let subjects = SubjectMapper::try_new(issuer.subject, &issuer.subject_key_file)?;
        Ok(Self { issuer, name, apps, subjects, source, keys: RwLock::new(known), looked: Mutex::new(None) })
    }

    /// Keys that may be trusted now.
    fn current(&self) -> Result<Arc<Vec<VerificationKey>>, Error> {
        let known = self.keys.read().unwrap_or_else(PoisonError::into_inner).clone();
        if self.is_fresh() { Ok(known.keys) } else { Err(Error::KeysUnavailable) }
    }

    /// Whether its keys were read recently enough to be trusted.
    fn is_fresh(&self) -> bool {
        if matches!(self.source, KeySource::Fixed) {
            return true;
        }
        let seen = self.keys.read().unwrap_or_else(PoisonError::into_inner).seen;
        let stale_max = Duration::from_secs(self.issuer.stale_max_s.into());
        seen.is_some_and(|seen| seen.elapsed() <= stale_max)
    }

    fn verify(&self, token: &str, now: SystemTime) -> Result<Principal, Error> {
        let (_, claims) = self.signed(token, &self.issuer.audience, is_access_token)?;
        self.principal(&claims, now)
    }

    /// The claims of a token that this issuer signed for `audience`, and the algorithm; its times are not checked. `is_meant` says which types of a header are
    /// those of the kind of token that is expected.
    fn signed(&self, token: &str, audience: &str, is_meant: fn(Option<&str>) -> bool) -> Result<(Algorithm, Map<String, Value>), Error> {
        let header = jsonwebtoken::decode_header(token).map_err(|error| reason(error.kind()))?;
        // Extensions that a token marks as critical must be understood (RFC 7515 section 4.1.11), and none are supported.
        if header.crit.is_some() {
            return Err(Error::Malformed);
        }
        if !is_meant(header.typ.as_deref()) || header.cty.is_some() || header.zip.is_some() || header.enc.is_some() {
            return Err(Error::TokenType);
        }
        let algorithm = match header.alg {
            jsonwebtoken::Algorithm::ES256 => Algorithm::ES256,
            jsonwebtoken::Algorithm::EdDSA => Algorithm::EdDSA,
            jsonwebtoken::Algorithm::RS256 => Algorithm::RS256,
            _ => return Err(Error::Algorithm),
        };
        if !self.issuer.algorithms.contains(&algorithm) {
            return Err(Error::Algorithm);
        }
        let keys = self.current()?;
        let named = |key: &&VerificationKey| match (&header.kid, &key.id) {
            (Some(named), Some(id)) => named == id,
            // Any token may use a key without an id.
            (Some(_) | None, None) | (None, Some(_)) => true,
        };
        let mut candidates = keys.iter().filter(named).peekable();
        if candidates.peek().is_none() {
            return Err(Error::UnknownKey);
        }
        let mut rules = Validation::new(header.alg);
        rules.set_issuer(&[&self.issuer.issuer]);
        rules.set_audience(&[audience]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Times are compared with the given clock reading, so that one reading decides everything about a call.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        // A key of another kind than the token's algorithm is no candidate; a token whose key is of another kind lies about its algorithm.
        let mut failure = Error::Algorithm;
        for key in candidates.filter(|key| key.algorithm == algorithm) {
            match jsonwebtoken::decode::<Map<String, Value>>(token, &key.decoding, &rules) {
                Ok(data) => return Ok((algorithm, data.claims)),
                Err(error) => failure = reason(error.kind()),
            }
            // Only a wrong signature may be right under another key.
            if !matches!(failure, Error::Signature) {
                break;
            }
        }
        Err(failure)
    }

    /// When a token expires that is valid at `now`.
    fn valid_until(&self, claims: &Map<String, Value>, now: SystemTime) -> Result<SystemTime, Error> {
        let expires_at = instant(claims, "exp")?.ok_or(Error::Claim("exp"))?;
        if now >= expires_at {
            return Err(Error::Expired);
        }
        if instant(claims, "nbf")?.is_some_and(|from| now + CLOCK_SKEW_MAX < from) {
            return Err(Error::NotYetValid);
        }
        let longest = Duration::from_secs(self.issuer.lifetime_max_s.into());
        if !longest.is_zero() && expires_at > now + longest + CLOCK_SKEW_MAX {
            return Err(Error::Claim("exp"));
        }
        Ok(expires_at)
    }

    /// Who the token is about.
    fn subject(&self, claims: &Map<String, Value>) -> Result<UserKey, Error> {
        let subject = claims.get(&self.issuer.subject_claim).and_then(Value::as_str).ok_or(Error::Claim("sub"))?;
        self.subjects.user_key(&self.issuer.issuer, &self.issuer.subject_prefix, subject)
    }

    fn principal(&self, claims: &Map<String, Value>, now: SystemTime) -> Result<Principal, Error> {
        let expires_at = self.valid_until(claims, now)?;
        let role = self.role(claims)?;
        let app = match claims.get(&self.issuer.app_claim) {
            None => String::new(),
            Some(value) => value.as_str().ok_or(Error::Claim("app"))?.to_owned(),
        };
        let books = if self.apps.is_empty() {
            let books = books(claims, role)?;
            self.check_span(&books, role)?;
            books
        } else {
            BookScope::Only(self.apps.get(&app).ok_or(Error::Claim("app"))?.clone())
        };
        let subject = self.subject(claims)?;
        // Of a wrong form it proves nothing, and few calls need it.
        let auth_time = instant(claims, "auth_time").ok().flatten();
        Ok(Principal { subject, role, app, books, issuer: self.name.clone(), expires_at, auth_time })
    }

    /// Refuses a user's token for several books of an issuer that does not vouch that its `sub` is one person in all of them: two apps may call different people alike.
    fn check_span(&self, books: &BookScope, role: Role) -> Result<(), Error> {
        let BookScope::Only(names) = books else { return Ok(()) };
        let is_span = names.iter().any(|name| Some(name) != names.first());
        let is_user = matches!(role, Role::Viewer | Role::Creator);
        if is_user && is_span && !self.issuer.several_books { Err(Error::Claim("books")) } else { Ok(()) }
    }

    fn role(&self, claims: &Map<String, Value>) -> Result<Role, Error> {
        let role = match claims.get(&self.issuer.role_claim) {
            None => self.issuer.default_role.ok_or(Error::Claim("role"))?,
            Some(value) => value.as_str().and_then(|role| role.parse().ok()).ok_or(Error::Claim("role"))?,
        };
        if self.issuer.roles.contains(&role) { Ok(role) } else { Err(Error::Claim("role")) }
    }
}

/// Whether a header's `typ` is that of an access token: none, `JWT` (RFC 7519 section 5.1) or `at+jwt` (RFC 9068 section 2.1), compared as media types (RFC
/// 7515 section 4.1.9). Logout tokens, security events and proofs of possession are signed by the same keys and mean something else.
fn is_access_token(typ: Option<&str>) -> bool {
    is_type(typ, &["jwt", "at+jwt"])
}

/// Whether a header's `typ` is one of `known`, or absent.
fn is_type(typ: Option<&str>, known: &[&str]) -> bool {
    let Some(typ) = typ else { return true };
    let name = if typ.get(..APPLICATION.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(APPLICATION)) {
        &typ[APPLICATION.len()..]
    } else {
        typ
    };
    known.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The books that a token itself names.
fn books(claims: &Map<String, Value>, role: Role) -> Result<BookScope, Error> {
    let wrong = || Error::Claim("books");
    let names = claims.get("books").and_then(Value::as_array).ok_or_else(wrong)?;
    let names: Vec<&str> = names.iter().map(Value::as_str).collect::<Option<_>>().ok_or_else(wrong)?;
    if names.contains(&ALL_BOOKS) {
        // A user's token for every book can only be its issuer's mistake.
        return match role {
            Role::Viewer | Role::Creator => Err(wrong()),
            Role::Service | Role::Support | Role::Finance | Role::Auditor | Role::Admin => Ok(BookScope::All),
        };
    }
    let names = names.into_iter().map(BookName::try_new).collect::<Result<_, _>>().map_err(|_| wrong())?;
    Ok(BookScope::Only(names))
}

/// A NumericDate (RFC 7519 section 2), which may have a fraction.
fn instant(claims: &Map<String, Value>, name: &'static str) -> Result<Option<SystemTime>, Error> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => {
            let whole = number.as_u64().or_else(|| number.as_f64().filter(|seconds| *seconds >= 0.0).map(|seconds| seconds as u64));
            Ok(Some(time(whole.ok_or(Error::Claim(name))?)))
        }
        Some(_) => Err(Error::Claim(name)),
    }
}
