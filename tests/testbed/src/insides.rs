//! Every answer that the ledger may give, filled with internal details; and what of it a caller may see.
use crate::{Fault, FaultyLedger};
use ledger_client::{Audience, LedgerReason, reason::Proof};
use std::fmt::Debug;
use tonic::{Code, Status};

/// Details that no caller may see: an address, a process, a transport's error, a service's token.
const SECRETS: [&str; 4] = ["http://10.0.0.1:7070", "pid 4711 on db-host", "tcp connect error", "the token has expired"];

/// An account that is not the caller's, and what it has, in every form.
const ANOTHERS: &str = "creator/mallory-0815/payable/USD";
const ANOTHERS_AMOUNTS: [&str; 2] = ["47110815", "471108.15"];

/// The ledger's refusal with this reason, because of an account that is not the caller's.
#[must_use]
pub fn refusal_of_another(reason: &LedgerReason) -> Status {
    let amounts = ["needed", "available", "limit", "used", "owed", "balance", "debits_pending", "credits_pending", "in_flight"];
    let facts = amounts.map(|name| (name, ANOTHERS_AMOUNTS[0].to_owned()));
    let account = [("account", ANOTHERS.to_owned()), ("window", "day".to_owned()), ("resets_at", "2026-01-02T00:00:00Z".to_owned())];
    let message = format!("{ANOTHERS} has {}", ANOTHERS_AMOUNTS[0]);
    rpc::errors::refused_as(Code::FailedPrecondition, reason.name(), &message, &[account.as_slice(), facts.as_slice()].concat())
}

/// Fails if a text that a user is shown has something of an account that is not the user's.
fn check_anothers(place: &str, reason: &LedgerReason, text: &str) {
    for secret in ANOTHERS_AMOUNTS.iter().chain([&ANOTHERS, &"mallory", &"is frozen", &"is closed"]) {
        assert!(!text.contains(secret), "{place} shows a user what the account of another has on {reason:?}: {text}");
    }
}

/// The ledger's answer with this reason, as a separate process would give it over a channel.
#[must_use]
pub fn answer(reason: &LedgerReason) -> Status {
    let code = match reason.row().proof {
        Proof::Refused => Code::FailedPrecondition,
        Proof::NotExecuted if *reason == LedgerReason::Unauthenticated => Code::Unauthenticated,
        Proof::NotExecuted if [LedgerReason::PermissionDenied, LedgerReason::PosterNotAllowed].contains(reason) => Code::PermissionDenied,
        Proof::NotExecuted => Code::Unavailable,
        Proof::Unknown if *reason == LedgerReason::Internal => Code::Internal,
        Proof::Unknown => Code::Unavailable,
    };
    // Messages of rules and of the overload bound only mention accounts, amounts and waiting.
    let ours = reason.row().proof != Proof::Refused && *reason != LedgerReason::Overloaded;
    let facts = [("address", SECRETS[0]), ("writer", SECRETS[1]), ("cause", SECRETS[2]), ("token", SECRETS[3])];
    let facts = facts.map(|(name, value)| (name, value.to_owned()));
    let mut status = rpc::errors::refused_as(
        code,
        reason.name(),
        &if ours { SECRETS.join(": ") } else { "no".to_owned() },
        if ours { &facts } else { &[] },
    );
    status.metadata_mut().insert("server", "db-host".parse().unwrap());
    status
}

/// Fails if a text that is stored or shown has one of them. `place`: where it was found.
pub fn check_text(place: &str, text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{place}: {text}");
    }
}

/// Fails if a caller was told one of them, or to log in again.
fn check_hidden(service: &str, reason: &LedgerReason, told: &Status) {
    let seen = format!("{} {} {:?}", told.message(), String::from_utf8_lossy(told.details()), told.metadata());
    for secret in SECRETS {
        assert!(!seen.contains(secret), "{service} shows a user on {reason:?}: {seen}");
    }
    assert!(!seen.contains("db-host"), "{service} repeats the ledger's headers on {reason:?}: {seen}");
    assert!(told.code() != Code::Unauthenticated, "{service} tells a user to log in again because of {reason:?}");
}

/// Compares what a caller was told with the ledger's answer. `translated`: reasons that the service rewords.
pub fn check(service: &str, reason: &LedgerReason, told: &Status, translated: &[LedgerReason]) {
    check_hidden(service, reason, told);
    let name = rpc::reason(told).unwrap_or_default();
    let row = reason.row();
    match (row.proof, row.audience) {
        _ if translated.contains(reason) => assert_ne!(told.code(), Code::Internal, "{service} on {reason:?}"),
        (Proof::Refused, Audience::User) => assert_eq!(name, row.name, "{service} hides a rule that its user can do something about"),
        (Proof::Refused, Audience::Service) => assert_eq!(told.code(), Code::Internal, "{service} on {reason:?}"),
        (Proof::NotExecuted | Proof::Unknown, _) => {
            assert!(
                matches!(told.code(), Code::Unavailable | Code::DeadlineExceeded | Code::Internal),
                "{service} on {reason:?}: {told:?}"
            );
        }
    }
}

/// An RPC that posts while its caller waits, and a ledger that it posts to. Every such RPC has a walk: a test over the table of access finds those that have none.
pub struct ReasonWalk<'a> {
    /// Service and RPC, such as `gift/SendGift`.
    pub rpc: &'static str,
    /// The ledger.
    pub fault: &'a FaultyLedger,
    /// Reasons that the service rewords.
    pub translated: &'a [LedgerReason],
    /// Whether a refusal of the ledger is part of a good answer.
    pub answers_refusals: bool,
    /// Whether its callers are staff or services, who may see every account.
    pub for_staff: bool,
}

impl ReasonWalk<'_> {
    /// Calls the RPC with every answer that the ledger may give: first to its postings alone, then to reads too. A user's RPC is also called with every refusal because
    /// of another's account. `call` prepares the call, sets the fault that it is given, and calls.
    pub async fn through<T: Debug>(&self, call: impl AsyncFn(Fault) -> Result<T, Status>) {
        for reason in LedgerReason::ALL {
            let denied = self.fault.denied();
            self.fault.fail(Fault::None);
            let told = call(Fault::Posting(answer(&reason))).await;
            assert!(self.fault.denied() > denied, "{} has posted nothing on {reason:?}: {told:?}", self.rpc);
            match told {
                Err(told) => check(self.rpc, &reason, &told, self.translated),
                Ok(answer) => {
                    assert!(self.answers_refusals && reason.row().proof == Proof::Refused, "{} on {reason:?}: {answer:?}", self.rpc);
                    check_text(self.rpc, &format!("{answer:?}"));
                }
            }
            if !self.for_staff && reason.row().proof == Proof::Refused {
                self.fault.fail(Fault::None);
                match call(Fault::Posting(refusal_of_another(&reason))).await {
                    Err(told) => {
                        let seen = format!("{} {} {:?}", told.message(), String::from_utf8_lossy(told.details()), rpc::facts(&told));
                        check_anothers(self.rpc, &reason, &seen);
                    }
                    Ok(answer) => check_anothers(self.rpc, &reason, &format!("{answer:?}")),
                }
            }
            self.fault.fail(Fault::None);
            match call(Fault::Answer(answer(&reason))).await {
                Err(told) => check_hidden(self.rpc, &reason, &told),
                Ok(answer) => check_text(self.rpc, &format!("{answer:?}")),
            }
        }
        self.fault.fail(Fault::None);
    }
}
