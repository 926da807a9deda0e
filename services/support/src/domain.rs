//! The rules: how a line is chained to the one before, and what may become of a proposal. No clock, no I/O.
use money::{BookName, RequestId, UserKey, derive_id};
use sha2::{Digest, Sha256};
use uuid::Uuid;

#[cfg(test)]
mod tests;

/// What the first line is chained to.
pub const GENESIS: [u8; 32] = [0; 32];
/// How long a proposal may be approved, in milliseconds: a week, as any refusal stays.
pub const PROPOSAL_LIFE_MS: i64 = 7 * 24 * 3_600 * 1_000;

/// A moment of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActPhase {
    /// About to be done.
    Begun,
    /// Done or refused.
    Ended,
}

impl ActPhase {
    /// As stored.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Begun => 1,
            Self::Ended => 2,
        }
    }

    /// As stored.
    #[must_use]
    pub fn of(number: i64) -> Option<Self> {
        [Self::Begun, Self::Ended].into_iter().find(|phase| phase.number() == number)
    }
}

/// What a line says, before it has a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffAct {
    /// What begin and end have in common.
    pub act_id: Uuid,
    /// Which of the two.
    pub phase: ActPhase,
    /// The token's `sub`.
    pub subject: String,
    /// The token's `iss`.
    pub issuer: String,
    /// The role.
    pub role: String,
    /// What was called.
    pub rpc: String,
    /// The book named; empty for none.
    pub book: String,
    /// The user named; empty for nobody.
    pub user_id: String,
    /// How it ended; empty at the beginning.
    pub outcome: String,
    /// Why. Personal, may be erased.
    pub reason: String,
    /// What was asked for. May be personal, may be erased.
    pub request_json: String,
}

/// A line of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActRecord {
    /// Its place, from 1.
    pub seq: i64,
    /// When it was written, in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// What it says.
    pub act: StaffAct,
    /// Whether reason and request are gone.
    pub erased: bool,
    /// Random, so that nobody can find an erased text by trying texts.
    pub salt: [u8; 16],
    /// Over salt, reason and request.
    pub text_digest: [u8; 32],
    /// Hashes of what is kept in part.
    pub hashes: ActHashes,
    /// Over everything but the texts, and the line before.
    pub hash: [u8; 32],
}

/// What stays of a request that may be cut or erased, in hexadecimal. Empty in lines of before, and where there is nothing to bind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActHashes {
    /// Of the whole request, see [`request_hash`].
    pub request: String,
    /// Of the proposal that it makes or approves, see [`proposal_hash`].
    pub proposal: String,
}

impl ActRecord {
    /// The line after `before`.
    #[must_use]
    pub fn after(before: Option<(i64, [u8; 32])>, act: StaffAct, time_ms: i64, salt: [u8; 16]) -> Self {
        let (seq, previous) = before.unwrap_or((0, GENESIS));
        let text_digest = text_digest(&salt, &act);
        let mut line = Self { seq: seq + 1, time_ms, act, erased: false, salt, text_digest, hashes: ActHashes::default(), hash: GENESIS };
        line.hash = line.chained(&previous);
        line
    }

    /// The same line after `previous`, with these hashes in it.
    #[must_use]
    pub fn binding(mut self, previous: &[u8; 32], hashes: ActHashes) -> Self {
        self.hashes = hashes;
        self.hash = self.chained(previous);
        self
    }

    /// The hash this line must have after `previous`.
    #[must_use]
    pub fn chained(&self, previous: &[u8; 32]) -> [u8; 32] {
        let mut digest = Sha256::new();
        let bound = self.hashes != ActHashes::default();
        digest.update(if bound { b"largesse act 2" } else { b"largesse act 1" });
        digest.update(previous);
        for number in [self.seq, self.time_ms, self.act.phase.number()] {
            digest.update(number.to_be_bytes());
        }
        digest.update(self.act.act_id.as_bytes());
        let StaffAct { subject, issuer, role, rpc, book, user_id, outcome, .. } = &self.act;
        for text in [subject, issuer, role, rpc, book, user_id, outcome] {
            put(&mut digest, text);
        }
        if bound {
            put(&mut digest, &self.hashes.request);
            put(&mut digest, &self.hashes.proposal);
        }
        digest.update(self.text_digest);
        digest.finalize().into()
    }

    /// Whether the texts are those that were written, or were erased.
    #[must_use]
    pub fn texts_hold(&self) -> bool {
        if self.erased {
            self.act.reason.is_empty() && self.act.request_json.is_empty()
        } else {
            text_digest(&self.salt, &self.act) == self.text_digest
        }
    }
}

fn text_digest(salt: &[u8; 16], act: &StaffAct) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(salt);
    put(&mut digest, &act.reason);
    put(&mut digest, &act.request_json);
    digest.finalize().into()
}

/// What binds a whole request. Salted, so that nobody can find an erased request by trying.
#[must_use]
pub fn request_hash(salt: &[u8; 16], request: &[u8]) -> String {
    let mut digest = Sha256::new();
    digest.update(b"largesse request 1");
    digest.update(salt);
    digest.update(request);
    hex::encode(digest.finalize())
}

/// What binds a proposal: which it is, who proposed it, and what is to be done, as it is stored.
#[must_use]
pub fn proposal_hash(id: Uuid, book: &str, by: &str, act: &[u8]) -> String {
    let mut digest = Sha256::new();
    digest.update(b"largesse proposal 1");
    digest.update(id.as_bytes());
    put(&mut digest, book);
    put(&mut digest, by);
    digest.update(act);
    hex::encode(digest.finalize())
}

/// With its length before it, so that no two lists of texts are the same bytes.
fn put(digest: &mut Sha256, text: &str) {
    digest.update((text.len() as u64).to_be_bytes());
    digest.update(text.as_bytes());
}

/// Where a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalState {
    /// Waits for somebody else.
    Open,
    /// To be done.
    Approved,
    /// Done.
    Done,
    /// Turned down.
    Rejected,
    /// Approved, and refused by the ledger.
    Refused,
}

impl ProposalState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Open, Self::Approved, Self::Done, Self::Rejected, Self::Refused];

    /// As stored.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Open => 1,
            Self::Approved => 2,
            Self::Done => 3,
            Self::Rejected => 4,
            Self::Refused => 5,
        }
    }

    /// As stored.
    #[must_use]
    pub fn of(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProposedAct {
    /// Money moved.
    Adjustment(Vec<AdjustmentLine>),
    /// An account frozen, thawed or closed.
    Account(String, AccountAct),
    /// A posting undone.
    Reversal(Uuid),
    /// What may leave an account.
    Limit(ProposedLimit),
}

/// Most transfers of an adjustment: the ledger's own bound.
const TRANSFERS_MAX: usize = 64;
/// Longest name of an account, in bytes.
const ACCOUNT_BYTES_MAX: usize = 256;
/// Longest name of a zone, in bytes: twice the longest there is.
const ZONE_BYTES_MAX: usize = 64;
/// Largest limit: the ledger's largest amount.
const LIMIT_MAX: i64 = 1 << 53;

/// A field of what is to be done is not what it must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct MalformedAct {
    /// The field's name as sent.
    pub field: &'static str,
    /// What it must be.
    pub why: String,
}

impl MalformedAct {
    /// This field must be otherwise.
    pub fn new(field: &'static str, why: impl Into<String>) -> Self {
        Self { field, why: why.into() }
    }
}

/// The value that `make` gives where nothing is wrong, or all that is.
fn unless_wrong<T>(wrong: Vec<MalformedAct>, make: impl FnOnce() -> Option<T>) -> Result<T, Vec<MalformedAct>> {
    if wrong.is_empty() { make().ok_or(wrong) } else { Err(wrong) }
}

fn is_account_name(text: &str) -> bool {
    (1..=ACCOUNT_BYTES_MAX).contains(&text.len())
}

impl ProposedAct {
    /// Money moved by these transfers; whether the accounts are there is the ledger's to say. Fails with everything that is wrong.
    pub fn adjustment(lines: Vec<AdjustmentLine>) -> Result<Self, Vec<MalformedAct>> {
        let mut wrong = Vec::new();
        if !(1..=TRANSFERS_MAX).contains(&lines.len()) {
            wrong.push(MalformedAct::new("adjustment.transfers", format!("must have 1 to {TRANSFERS_MAX} transfers")));
        }
        if !lines.iter().all(|line| is_account_name(&line.debit) && is_account_name(&line.credit)) {
            let why = format!("must each name two accounts of 1 to {ACCOUNT_BYTES_MAX} bytes");
            wrong.push(MalformedAct::new("adjustment.transfers", why));
        }
        if lines.iter().any(|line| line.amount < 1) {
            wrong.push(MalformedAct::new("adjustment.transfers.amount", "must be 1 or more"));
        }
        unless_wrong(wrong, || Some(Self::Adjustment(lines)))
    }

    /// An account frozen, thawed or closed. Fails with everything that is wrong.
    pub fn account(account: String, act: Option<AccountAct>) -> Result<Self, Vec<MalformedAct>> {
        let mut wrong = Vec::new();
        if !is_account_name(&account) {
            wrong.push(MalformedAct::new("account_change.account", format!("must have 1 to {ACCOUNT_BYTES_MAX} bytes")));
        }
        if act.is_none() {
            wrong.push(MalformedAct::new("account_change.act", "must be freeze, thaw or close"));
        }
        unless_wrong(wrong, || act.map(|act| Self::Account(account, act)))
    }

    /// What may leave an account; whether the zone is one is the ledger's to say. Fails with everything that is wrong.
    pub fn limit(account: String, window: Option<LimitedTime>, zone: String, max: i64) -> Result<Self, Vec<MalformedAct>> {
        let mut wrong = Vec::new();
        if !is_account_name(&account) {
            wrong.push(MalformedAct::new("limit_change.account", format!("must have 1 to {ACCOUNT_BYTES_MAX} bytes")));
        }
        if window.is_none() {
            wrong.push(MalformedAct::new("limit_change.window", "must be hour, day or month"));
        }
        if !(0..=LIMIT_MAX).contains(&max) {
            wrong.push(MalformedAct::new("limit_change.max_amount", "must be 1 to 2^53, or 0 to take the limit away"));
        }
        if zone.len() > ZONE_BYTES_MAX || !zone.bytes().all(|byte| byte.is_ascii_graphic()) || (max > 0 && zone.is_empty()) {
            wrong.push(MalformedAct::new("limit_change.time_zone", "must be the IANA name of a zone, such as Europe/Berlin"));
        }
        unless_wrong(wrong, || window.map(|window| Self::Limit(ProposedLimit { account, window, zone, max })))
    }
}

/// A transfer that people asked for, between accounts as they named them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdjustmentLine {
    /// Gives.
    pub debit: String,
    /// Receives.
    pub credit: String,
    /// In the accounts' unit, at least 1.
    pub amount: i64,
}

/// A debit limit that people asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedLimit {
    /// As they named it.
    pub account: String,
    /// Over which time.
    pub window: LimitedTime,
    /// IANA name of the zone; may be empty where the limit is taken away.
    pub zone: String,
    /// In the account's unit; 0: none.
    pub max: i64,
}

/// Over which time a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitedTime {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A month.
    Month,
}

/// What may happen to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountAct {
    /// Nothing leaves it or comes to it.
    Freeze,
    /// As any other again.
    Thaw,
    /// For good.
    Close,
}

/// Something to be done by two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its id.
    pub id: Uuid,
    /// The book.
    pub book: BookName,
    /// Order of arrival within the book.
    pub number: i64,
    /// Where it stands.
    pub state: ProposalState,
    /// What is to be done.
    pub act: ProposedAct,
    /// Who proposed it.
    pub proposed_by: UserKey,
    /// The reason that the proposer gave.
    pub proposal_reason: String,
    /// When, in milliseconds since the Unix epoch.
    pub proposed_at_ms: i64,
    /// Until when it may be approved.
    pub expire_at_ms: i64,
    /// Who decided, if anybody.
    pub decided_by: String,
    /// The reason that the approver or rejecter gave.
    pub decision_reason: String,
    /// When; 0 while nobody has.
    pub decided_at_ms: i64,
    /// The posting that did it, or the ledger's reason not to.
    pub result: String,
}

/// The proposal that a request makes.
#[must_use]
pub fn proposal_id(id: &RequestId, book: &BookName, by: &UserKey) -> Uuid {
    derive_id(id.uuid(), &["support.Propose", book.as_str(), by.as_str()])
}

/// Why a proposal can't be approved or rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalRefusal {
    /// Whoever proposed it can't approve it.
    SamePerson,
    /// It is over.
    Decided,
    /// Too late.
    Expired,
}

/// What approval of a proposal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// Write it down, then do it.
    Approve,
    /// Somebody did; do it, in case it was not.
    GoOn,
    /// It is done.
    Done,
}

impl Proposal {
    /// Whether nobody may approve it any more although nobody decided.
    #[must_use]
    pub fn expired(&self, now_ms: i64) -> bool {
        self.state == ProposalState::Open && now_ms >= self.expire_at_ms
    }

    /// What `by` approving it now means. Four eyes first, so that nothing else tells a proposer anything.
    pub fn approve(&self, by: &UserKey, now_ms: i64) -> Result<Approval, ProposalRefusal> {
        if *by == self.proposed_by {
            return Err(ProposalRefusal::SamePerson);
        }
        match self.state {
            ProposalState::Open if self.expired(now_ms) => Err(ProposalRefusal::Expired),
            ProposalState::Open => Ok(Approval::Approve),
            ProposalState::Approved => Ok(Approval::GoOn),
            ProposalState::Done => Ok(Approval::Done),
            ProposalState::Rejected | ProposalState::Refused => Err(ProposalRefusal::Decided),
        }
    }

    /// Whether it may be rejected; `false` when it is already.
    pub fn reject(&self) -> Result<bool, ProposalRefusal> {
        match self.state {
            ProposalState::Open => Ok(true),
            ProposalState::Rejected => Ok(false),
            ProposalState::Approved | ProposalState::Done | ProposalState::Refused => Err(ProposalRefusal::Decided),
        }
    }
}
