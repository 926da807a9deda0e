//! Calls that staff were not allowed to make: recorded in the audit log like all their calls, but limited, because a refused program retries.
//!
//! The first [`PER_MINUTE`] attempts of a person in a minute get lines of their own; one line counts the rest when the minute is over, or when the
//! process stops.
use super::{END_TIMEOUT, outcome_text, record_phase};
use crate::{Transport, context, methods::Method};
use api::support::{Act, ActPhase};
use identity::Principal;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tonic::Status;
use uuid::Uuid;

#[cfg(test)]
mod tests;

/// Refused attempts of a person in a minute that get lines of their own.
const PER_MINUTE: u32 = 10;
/// The period over which attempts are counted together.
const MINUTE: Duration = Duration::from_secs(60);
/// People who are counted at once; further ones are counted together without a name. All of them have a token of an issuer.
const PEOPLE_MAX: usize = 10_000;

/// One person's attempts since the first of this minute.
struct AttemptWindow {
    end: Instant,
    told: u32,
    /// Attempts without a line of their own.
    more: u64,
}

/// How one attempt is recorded.
#[derive(Debug, PartialEq, Eq)]
enum AttemptOutcome {
    /// It gets a line of its own.
    Recorded,
    /// The first that is only counted; its recorder writes the sum at this time.
    CountedUntil(Instant),
    /// It is only counted.
    Counted,
}

/// The refused attempts of all people.
#[derive(Default)]
pub(crate) struct RefusedAttempts(Mutex<HashMap<String, AttemptWindow>>);

impl RefusedAttempts {
    fn note(&self, person: &str, now: Instant) -> AttemptOutcome {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if people.len() >= PEOPLE_MAX {
            // Windows whose sum is still to be written stay.
            people.retain(|_, window| window.end > now || window.more > 0);
        }
        let person = if people.len() >= PEOPLE_MAX && !people.contains_key(person) { "" } else { person };
        let window = people.entry(person.to_owned()).or_insert(AttemptWindow { end: now + MINUTE, told: 0, more: 0 });
        if window.end <= now && window.more == 0 {
            *window = AttemptWindow { end: now + MINUTE, told: 0, more: 0 };
        }
        if window.told < PER_MINUTE {
            window.told += 1;
            return AttemptOutcome::Recorded;
        }
        window.more += 1;
        if window.more == 1 { AttemptOutcome::CountedUntil(window.end) } else { AttemptOutcome::Counted }
    }

    /// How many were only counted; the person's next minute begins.
    fn sum(&self, person: &str) -> u64 {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = if people.contains_key(person) { person } else { "" };
        people.remove(key).map_or(0, |window| window.more)
    }
}

/// Where attempts are recorded, and a token that is cancelled on shutdown.
pub(crate) struct AttemptRecord<'a> {
    pub(crate) attempts: &'a Arc<RefusedAttempts>,
    pub(crate) record: &'a Transport,
    pub(crate) closing: &'a CancellationToken,
}

impl AttemptRecord<'_> {
    /// Records that `principal` was refused with `status`, or counts it.
    pub(crate) async fn note(&self, method: &Method, principal: &Principal, status: &Status) {
        let person = format!("{} {}", principal.issuer, principal.subject);
        let act = Act {
            subject: principal.subject.to_string(),
            issuer: super::cut(&principal.issuer, 512),
            role: principal.role.to_string(),
            rpc: method.name().to_owned(),
            book: principal.books.single().map(ToString::to_string).unwrap_or_default(),
            outcome: outcome_text(status.code(), status.message()),
            ..Act::default()
        };
        match self.attempts.note(&person, Instant::now()) {
            AttemptOutcome::Recorded => write(self.record, act).await,
            AttemptOutcome::Counted => {}
            AttemptOutcome::CountedUntil(end) => {
                let (attempts, record, closing) = (self.attempts.clone(), self.record.clone(), self.closing.clone());
                tokio::spawn(async move {
                    let _early = closing.run_until_cancelled(sleep_until(end)).await;
                    let outcome = format!("{}; {} more refused attempts in this minute", act.outcome, attempts.sum(&person));
                    write(&record, Act { outcome, ..act }).await;
                });
            }
        }
    }
}

/// Writes one line: nothing was executed, so there is an end only.
async fn write(record: &Transport, act: Act) {
    let act = Act { act_id: Uuid::now_v7().to_string(), ..act };
    // Independent of the call's deadline.
    let apart = context::CallContext { deadline: None, ..context::current() };
    let recording = context::enter(apart, record_phase(record, &act, ActPhase::Ended));
    let failed = match tokio::time::timeout(END_TIMEOUT, recording).await {
        Ok(Ok(())) => return,
        Ok(Err(status)) => status.message().to_owned(),
        Err(_) => "it took too long".to_owned(),
    };
    tracing::error!(
        subject = act.subject,
        rpc = act.rpc,
        error = failed,
        "a refused attempt of staff could not be recorded in the audit log"
    );
}
