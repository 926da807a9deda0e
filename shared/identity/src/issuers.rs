//! The issuers whose tokens this installation trusts, and what each of them may claim.
pub use crate::algorithm::Algorithm;
use crate::{
    Error, Role,
    subject::{HASH_CHARS, SubjectMapping},
};
use money::BookName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, net::IpAddr, path::PathBuf};

#[cfg(test)]
mod tests;

/// One issuer of tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrustedIssuer {
    /// The `iss` of its tokens.
    pub issuer: String,
    /// The `aud` that its tokens must have.
    #[serde(default = "house")]
    pub audience: String,
    /// Its public keys as a JSON Web Key Set (RFC 7517): an `https://` address, or a file.
    #[serde(default)]
    pub jwks: String,
    /// File with the CA certificates (PEM) that verify the address `jwks`; by default those of the system.
    #[serde(default)]
    pub jwks_ca: PathBuf,
    /// Files with its public Ed25519 keys (PEM), one key each; instead of `jwks`.
    #[serde(default)]
    pub keys: Vec<PathBuf>,
    /// Seconds between reads of `jwks`. When a token has an unknown key, `jwks` is read at once, but at most every ten seconds.
    #[serde(default = "refresh_s")]
    pub refresh_s: u32,
    /// Seconds for which its keys stay trusted while `jwks` can't be read. After that, its tokens are refused until `jwks` can be read again.
    #[serde(default = "stale_max_s")]
    pub stale_max_s: u32,
    /// Algorithms its tokens may be signed with. A key is used with its own algorithm only, even if a token names another.
    #[serde(default = "algorithms")]
    pub algorithms: Vec<Algorithm>,
    /// Roles that its tokens may have. A token with another role is refused.
    pub roles: Vec<Role>,
    /// The role of tokens that name no role. If not set, such tokens are refused.
    #[serde(default)]
    pub default_role: Option<Role>,
    /// The claim that contains the role.
    #[serde(default = "role_claim")]
    pub role_claim: String,
    /// The claim that contains the app.
    #[serde(default = "app_claim")]
    pub app_claim: String,
    /// The books of each app, such as `{ live = ["demo"] }`. If set, a token must name one of these apps, and covers only the books of this app. If not set,
    /// the token's claim `books` says which books it covers.
    #[serde(default)]
    pub apps: BTreeMap<String, Vec<String>>,
    /// Whether a user's token may name several books in its claim `books`. This issuer then vouches that one `sub` is one person in all of them: the person sees their
    /// money of these books as one list, with the users that apps have linked to this `sub` (LinkPerson). If not set, a token of a viewer or creator that names
    /// more than one book is refused. Where `apps` is set, it alone says which books a token covers.
    #[serde(default)]
    pub several_books: bool,
    /// Prefix that is put before the `sub` of its tokens, so that users of two issuers are never confused.
    #[serde(default)]
    pub subject_prefix: String,
    /// How the `sub` of its tokens becomes a user key, after the prefix. Choose this before the first user: with another mapping, the same logins become other
    /// users.
    #[serde(default)]
    pub subject: SubjectMapping,
    /// File with the key of `keyed_hash`: 32 bytes or more in base64. The key must be the same in every process and never change. If it is lost, no user can
    /// reach their coins again.
    #[serde(default)]
    pub subject_key_file: PathBuf,
    /// The claim that identifies the user, if it is not `sub`.
    #[serde(default = "subject_claim")]
    pub subject_claim: String,
    /// The longest remaining lifetime of a token, in seconds. 0: no limit.
    #[serde(default = "lifetime_max_s")]
    pub lifetime_max_s: u32,
}

fn house() -> String {
    crate::token::AUDIENCE.to_owned()
}

fn refresh_s() -> u32 {
    300
}

fn stale_max_s() -> u32 {
    86_400
}

fn algorithms() -> Vec<Algorithm> {
    Algorithm::ALL.to_vec()
}

fn role_claim() -> String {
    "role".to_owned()
}

fn app_claim() -> String {
    "app".to_owned()
}

fn subject_claim() -> String {
    "sub".to_owned()
}

fn lifetime_max_s() -> u32 {
    86_400
}

impl TrustedIssuer {
    /// The installation's own issuer, whose tokens may claim anything; the caller supplies its keys.
    #[must_use]
    pub fn house(keys: Vec<PathBuf>) -> Self {
        Self {
            issuer: crate::token::ISSUER.to_owned(),
            audience: house(),
            jwks: String::new(),
            jwks_ca: PathBuf::new(),
            keys,
            refresh_s: refresh_s(),
            stale_max_s: stale_max_s(),
            algorithms: vec![Algorithm::EdDSA],
            roles: Role::ALL.to_vec(),
            default_role: None,
            role_claim: role_claim(),
            app_claim: app_claim(),
            apps: BTreeMap::new(),
            several_books: true,
            subject_prefix: String::new(),
            subject: SubjectMapping::Plain,
            subject_key_file: PathBuf::new(),
            subject_claim: subject_claim(),
            lifetime_max_s: 0,
        }
    }

    /// Invalid settings, with their options; nothing is read or fetched.
    #[must_use]
    pub fn problems(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let mut wrong = |option, why: &str| found.push((option, why.to_owned()));
        if self.issuer.is_empty() {
            wrong("issuer", "must not be empty: it is compared with a token's `iss`");
        }
        if self.audience.is_empty() {
            wrong("audience", "must not be empty: it is compared with a token's `aud`");
        }
        match (self.jwks.is_empty(), self.keys.is_empty()) {
            (true, true) => wrong("jwks", "say where its keys are, here or as files in keys"),
            (false, false) => wrong("jwks", "leave out jwks or keys: keys come from one place"),
            (false, true) | (true, false) => {}
        }
        if let Err(why) = check_address(&self.jwks) {
            wrong("jwks", &why);
        }
        if self.refresh_s == 0 || self.stale_max_s < self.refresh_s {
            wrong("refresh_s", "1 or more, and not above stale_max_s");
        }
        if self.algorithms.is_empty() {
            wrong("algorithms", "at least one");
        }
        if self.roles.is_empty() {
            wrong("roles", "at least one, or its tokens are useless");
        }
        if self.default_role.is_some_and(|role| !self.roles.contains(&role)) {
            wrong("default_role", "must be one of roles");
        }
        for (app, books) in &self.apps {
            if books.is_empty() {
                wrong("apps", &format!("{app} has no book"));
            }
            for book in books.iter().filter(|book| BookName::try_new(book).is_err()) {
                wrong("apps", &format!("{app}: {book} is no name of a book"));
            }
        }
        if !self.subject_prefix.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-') {
            wrong("subject_prefix", "letters, digits, _ and - only");
        }
        let keyed = self.subject == SubjectMapping::KeyedHash;
        if keyed == self.subject_key_file.as_os_str().is_empty() {
            wrong("subject_key_file", "goes with subject = \"keyed_hash\", and only with it");
        }
        if keyed && self.subject_prefix.len() + HASH_CHARS > 64 {
            wrong("subject_prefix", "21 characters at most before a keyed hash, which has 43 of the 64");
        }
        if self.subject_claim.is_empty() {
            wrong("subject_claim", "must not be empty: it names the claim that says who the user is");
        }
        found
    }

    /// Whether a user of another issuer may get the same key as one of this issuer, although one of them maps its `sub`s: then somebody who can choose a name
    /// there could use another's wallet here. Two plain ones are the operator's decision, and cause a warning.
    #[must_use]
    pub fn may_meet(&self, other: &Self) -> bool {
        let user = |issuer: &Self| issuer.roles.iter().any(|role| matches!(role, Role::Viewer | Role::Creator));
        let both = |mapping| self.subject == mapping && other.subject == mapping;
        let (one, two) = (self.subject_prefix.as_str(), other.subject_prefix.as_str());
        let apart = !one.starts_with(two) && !two.starts_with(one);
        // The issuer is part of what is hashed, so two keyed hashes never collide.
        user(self) && user(other) && !apart && !both(SubjectMapping::Plain) && !both(SubjectMapping::KeyedHash)
    }

    pub(crate) fn unreadable(&self, why: impl Into<String>) -> Error {
        let place = if self.jwks.is_empty() { self.issuer.clone() } else { self.jwks.clone() };
        Error::Keys { place, why: why.into() }
    }
}

/// Whether keys are fetched over the network.
pub(crate) fn is_address(jwks: &str) -> bool {
    jwks.contains("://")
}

/// Over plain HTTP a man in the middle could insert a key; on this machine there is none.
fn check_address(jwks: &str) -> Result<(), String> {
    if !is_address(jwks) {
        return Ok(());
    }
    let address: http::Uri = jwks.parse().map_err(|_| "not an address".to_owned())?;
    let host = address.host().unwrap_or_default().trim_matches(['[', ']']);
    let here = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    match address.scheme_str() {
        Some("https") if !host.is_empty() => Ok(()),
        Some("http") if here => Ok(()),
        Some("http") => Err("https only: over http a man in the middle could insert keys".to_owned()),
        _ => Err("an https address or a file".to_owned()),
    }
}
