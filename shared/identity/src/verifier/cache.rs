//! A cache of verified tokens, so that a call costs a lookup and not a signature check (about 50 µs).
use crate::Principal;
use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    mem,
    sync::{Arc, PoisonError, RwLock},
};

/// Tokens remembered per generation; there are two. At some 300 bytes each, with the principal, the cache stays under 5 MiB.
const GENERATION_MAX: usize = 8_192;
/// Bytes of the token's end that choose its place: they are part of the signature, so they differ between any two tokens.
const HASHED_BYTES: usize = 32;

struct VerifiedToken {
    /// Not the token itself: who reads this memory has no token by it.
    digest: [u8; 32],
    principal: Arc<Principal>,
}

#[derive(Default)]
struct TokenGenerations {
    young: HashMap<u64, VerifiedToken>,
    old: HashMap<u64, VerifiedToken>,
    /// How often the cache was cleared.
    cleared: u64,
}

/// Bounded by generations: when the young one is full it becomes the old one, and the old one is dropped.
pub(super) struct TokenCache {
    hasher: RandomState,
    generations: RwLock<TokenGenerations>,
}

impl TokenCache {
    pub(super) fn new() -> Self {
        Self { hasher: RandomState::new(), generations: RwLock::default() }
    }

    /// The principal of a token verified before. The caller checks its expiry.
    pub(super) fn get(&self, token: &str) -> Option<Arc<Principal>> {
        let place = self.place(token);
        // A panic between two map operations leaves at worst a missing entry, so a poisoned lock is still good.
        let generations = self.generations.read().unwrap_or_else(PoisonError::into_inner);
        let entry = generations.young.get(&place).or_else(|| generations.old.get(&place))?;
        // The whole token counts: an equal place alone proves nothing.
        (entry.digest == digest(token)).then(|| entry.principal.clone())
    }

    /// A number to take before a token is verified, for [`TokenCache::put`].
    pub(super) fn generation(&self) -> u64 {
        self.generations.read().unwrap_or_else(PoisonError::into_inner).cleared
    }

    /// Removes every token, because a key that signed some of them is not trusted any more.
    pub(super) fn clear(&self) {
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        *generations = TokenGenerations { cleared: generations.cleared + 1, ..TokenGenerations::default() };
    }

    /// Caches a token that was just verified, unless the cache was cleared since `generation`: it may have been verified with a key that was
    /// removed meanwhile.
    pub(super) fn put(&self, token: &str, principal: &Arc<Principal>, generation: u64) {
        let place = self.place(token);
        let mut generations = self.generations.write().unwrap_or_else(PoisonError::into_inner);
        if generations.cleared != generation {
            return;
        }
        if generations.young.len() >= GENERATION_MAX {
            generations.old = mem::take(&mut generations.young);
        }
        generations.young.insert(place, VerifiedToken { digest: digest(token), principal: principal.clone() });
    }

    fn place(&self, token: &str) -> u64 {
        let bytes = token.as_bytes();
        self.hasher.hash_one(&bytes[bytes.len().saturating_sub(HASHED_BYTES)..])
    }
}

/// The SHA-256 of a token.
fn digest(token: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, token.as_bytes()).as_ref());
    bytes
}
