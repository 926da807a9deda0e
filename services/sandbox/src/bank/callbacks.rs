//! News that is pushed to receivers: signed, repeated until a receiver takes it.
//!
//! A callback is a `POST` of a message (pain.002, camt.054 or camt.029) with the headers `key-id` and `signature`: base64 of an ECDSA P-256 signature with
//! SHA-256 over the body's bytes, in ASN.1 DER. The keys are at `GET /public-keys` as a JWK set.

use super::books::{
    BankBooks,
    events::{self, KeptCallback},
};
use base64::{Engine as _, engine::general_purpose::STANDARD, engine::general_purpose::URL_SAFE_NO_PAD};
use futures::future::join_all;
use reqwest::Client;
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value, json};
use sqlx::AnyConnection;
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The header with the id of the key.
pub const KEY_ID_HEADER: &str = "key-id";
/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "signature";
/// The pause after the first failed try; it doubles with each further one.
const BACK_OFF_MS: i64 = 100;
/// The longest pause between two tries.
const BACK_OFF_MAX_MS: i64 = 30_000;
/// After so many tries, some days, a callback is given up.
const TRIES_MAX: i64 = 10_000;
/// How long a receiver may take to answer.
const TIME_OUT: Duration = Duration::from_secs(5);
/// Most callbacks that are read at once.
const BATCH: i64 = 50;
/// How many of them are delivered at once.
const AT_ONCE: usize = 16;
/// Most receivers.
pub const RECEIVERS_MAX: usize = 16;

/// Where callbacks wait, and the keys that sign them.
#[derive(Clone)]
pub struct Mailbox {
    shared: Arc<SharedMailbox>,
}

struct SharedMailbox {
    books: BankBooks,
    receivers: RwLock<Vec<String>>,
    keys: CallbackKeys,
    waiting: Notify,
    delivered: Notify,
}

/// The bank's key and a stranger's.
struct CallbackKeys {
    own: EcdsaKeyPair,
    forged: EcdsaKeyPair,
    random: SystemRandom,
}

impl std::fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailbox").finish_non_exhaustive()
    }
}

impl CallbackKeys {
    fn generate() -> Self {
        let random = SystemRandom::new();
        let generate = || {
            let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("the system has randomness");
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).expect("a key that ring made")
        };
        Self { own: generate(), forged: generate(), random }
    }

    /// The first half of the digest of the public key, in hexadecimal.
    fn id(&self) -> String {
        let digest = digest(&SHA256, self.own.public_key().as_ref());
        digest.as_ref().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    fn sign(&self, body: &str, is_forged: bool) -> String {
        let key = if is_forged { &self.forged } else { &self.own };
        STANDARD.encode(key.sign(&self.random, body.as_bytes()).expect("the system has randomness"))
    }
}

impl Mailbox {
    /// The mailbox of these books, with the receivers that were registered before and new keys.
    pub async fn open(books: BankBooks) -> Result<Self, sqlx::Error> {
        let receivers = RwLock::new(events::receivers(books.pool()).await?);
        let (waiting, delivered) = (Notify::new(), Notify::new());
        Ok(Self { shared: Arc::new(SharedMailbox { books, receivers, keys: CallbackKeys::generate(), waiting, delivered }) })
    }

    fn receivers(&self) -> Vec<String> {
        self.shared.receivers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether anybody is told anything.
    pub fn has_receivers(&self) -> bool {
        !self.shared.receivers.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Registers a receiver, instead of the one that has the same name. False: there are too many.
    pub async fn register(&self, url: &str, name: &str) -> Result<bool, sqlx::Error> {
        let known = self.receivers();
        if known.len() >= RECEIVERS_MAX && !known.iter().any(|receiver| receiver == url) {
            return Ok(false);
        }
        events::add_receiver(self.shared.books.pool(), url, name).await?;
        *self.shared.receivers.write().unwrap_or_else(PoisonError::into_inner) = events::receivers(self.shared.books.pool()).await?;
        self.wake();
        Ok(true)
    }

    /// Stores messages for every receiver, in order, with whether they are forged. They leave once the transaction is committed and [`Self::wake`] called.
    pub async fn push(&self, tx: &mut AnyConnection, about: &str, bodies: &[(String, bool)], now_ms: i64) -> Result<(), sqlx::Error> {
        for url in self.receivers() {
            for (body, is_forged) in bodies {
                // Version 7: ids of one process grow in the order they are made.
                let callback_id = uuid::Uuid::now_v7().simple().to_string();
                let (url, about, body, is_forged) = (url.clone(), about.to_owned(), body.clone(), *is_forged);
                let callback = KeptCallback { callback_id, url, about, body, is_forged, tries: 0, due_at_ms: now_ms };
                events::insert_callback(tx, &callback).await?;
            }
        }
        Ok(())
    }

    /// Tells the courier that there is something to deliver.
    pub fn wake(&self) {
        self.shared.waiting.notify_one();
    }

    /// Returns when nothing about it is to be delivered any more, or after a time.
    pub async fn delivered(&self, about: &str, at_most: Duration) -> Result<(), sqlx::Error> {
        let wait = async {
            loop {
                let changed = self.shared.delivered.notified();
                if events::callbacks_about(self.shared.books.pool(), about).await? == 0 {
                    return Ok(());
                }
                changed.await;
            }
        };
        tokio::time::timeout(at_most, wait).await.unwrap_or(Ok(()))
    }

    /// The public keys as a JWK set (RFC 7517).
    pub fn public_keys(&self) -> Value {
        let point = self.shared.keys.own.public_key().as_ref();
        // An uncompressed point: 4, then both coordinates of 32 bytes.
        let (x, y) = (URL_SAFE_NO_PAD.encode(&point[1..33]), URL_SAFE_NO_PAD.encode(&point[33..65]));
        json!({"keys": [{"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.shared.keys.id(), "x": x, "y": y}]})
    }

    /// Delivers callbacks until `shutdown`.
    pub async fn deliver(self, now_ms: fn() -> i64, shutdown: CancellationToken) {
        let client = http_client::local().timeout(TIME_OUT).build().expect("a client of plain HTTP");
        loop {
            let pause = match self.deliver_due(&client, now_ms).await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::error!(%error, "the sandbox bank can't read its callbacks; it tries again");
                    Duration::from_secs(1)
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.shared.waiting.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Delivers what is due, in order; returns how long nothing else is.
    async fn deliver_due(&self, client: &Client, now_ms: fn() -> i64) -> Result<Duration, sqlx::Error> {
        const IDLE: Duration = Duration::from_secs(60);
        let pool = self.shared.books.pool();
        loop {
            let callbacks = events::callbacks(pool, BATCH).await?;
            let now = now_ms();
            if callbacks.first().is_none_or(|first| first.due_at_ms > now) {
                let wait_ms = callbacks.first().map(|first| first.due_at_ms - now);
                return Ok(wait_ms.map_or(IDLE, |ms| Duration::from_millis(ms.max(1).unsigned_abs())));
            }
            let due: Vec<&KeptCallback> = callbacks.iter().take_while(|callback| callback.due_at_ms <= now).collect();
            for together in due.chunks(AT_ONCE) {
                let taken = join_all(together.iter().map(|callback| self.send(client, callback))).await;
                self.record(together, &taken, now_ms).await?;
            }
        }
    }

    /// Whether it was taken.
    async fn send(&self, client: &Client, callback: &KeptCallback) -> bool {
        let keys = &self.shared.keys;
        let request = client
            .post(&callback.url)
            .header("content-type", "application/xml")
            .header(KEY_ID_HEADER, keys.id())
            .header(SIGNATURE_HEADER, keys.sign(&callback.body, callback.is_forged))
            .body(callback.body.clone());
        request.send().await.is_ok_and(|answer| answer.status().is_success())
    }

    /// Forgets those that were taken or are given up, and puts off the others.
    async fn record(&self, sent: &[&KeptCallback], taken: &[bool], now_ms: fn() -> i64) -> Result<(), sqlx::Error> {
        let mut tx = self.shared.books.begin().await?;
        let mut ended = Vec::new();
        for (callback, is_taken) in sent.iter().zip(taken) {
            // A forger does not insist: a receiver refuses it for good.
            if *is_taken || callback.is_forged || callback.tries >= TRIES_MAX {
                ended.push(callback.callback_id.as_str());
                continue;
            }
            let doublings = u32::try_from(callback.tries.min(16)).unwrap_or(16);
            let pause = (BACK_OFF_MS << doublings).min(BACK_OFF_MAX_MS);
            events::put_off(&mut tx, &callback.callback_id, now_ms().saturating_add(pause)).await?;
        }
        events::delete_callbacks(&mut tx, &ended).await?;
        tx.commit().await?;
        self.shared.delivered.notify_waiters();
        Ok(())
    }
}
