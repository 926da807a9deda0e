//! The rules: how a line is chained to the one before, and the state changes of a proposal. No clock, no I/O.
use money::{BookName, RequestId, UserKey, derive_id};
use sha2::{Digest, Sha256};
use uuid::Uuid;

#[cfg(test)]
mod tests;

/// The hash that the first line is chained to.
pub const GENESIS: [u8; 32] = [0; 32];
/// How long a proposal may be approved, in milliseconds: a week, the same as any refusal is kept.
pub const PROPOSAL_LIFE_MS: i64 = 7 * 24 * 3_600 * 1_000;

/// Whether a line records the beginning or the end of an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActPhase {
    /// Recorded before the act is done.
    Begun,
    /// Recorded after it was done or refused.
    Ended,
}

impl ActPhase {
    /// The number as stored.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Begun => 1,
            Self::Ended => 2,
        }
    }

    /// Reads the stored number.
    #[must_use]
    pub fn of(number: i64) -> Option<Self> {
        [Self::Begun, Self::Ended].into_iter().find(|phase| phase.number() == number)
    }
}

/// The content of a line, before it has a sequence number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffAct {
    /// Shared by the begin and end lines of an act.
    pub act_id: Uuid,
    /// Whether this is the begin or the end line.
    pub phase: ActPhase,
    /// The token's `sub`.
    pub subject: String,
    /// The token's `iss`.
    pub issuer: String,
    /// The role of the caller.
    pub role: String,
    /// The RPC that was called.
    pub rpc: String,
    /// The book that the request names; empty for none.
    pub book: String,
    /// The user that the request names; empty for none.
    pub user_id: String,
    /// The outcome; empty at the beginning.
    pub outcome: String,
    /// The reason given. Personal, may be erased.
    pub reason: String,
    /// The request. May be personal, may be erased.
    pub request_json: String,
}

/// A line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActRecord {
    /// Its sequence number, from 1.
    pub seq: i64,
    /// When it was written, in milliseconds since the Unix epoch.
    pub time_ms: i64,
    /// Its content.
    pub act: StaffAct,
    /// Whether reason and request were erased.
    pub erased: bool,
    /// Random, so that nobody can recover an erased text by guessing.
    pub salt: [u8; 16],
    /// Digest of salt, reason and request.
    pub text_digest: [u8; 32],
    /// Hashes of what the line stores only in part.
    pub hashes: ActHashes,
    /// Hash of everything but the texts, and of the line before.
    pub hash: [u8; 32],
}

/// Hashes, in hexadecimal, of what may be truncated or erased. Empty in lines of earlier versions, and where there is nothing to hash.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ActHashes {
    /// Hash of the whole request, see [`request_hash`].
    pub request: String,
    /// Hash of the proposal that the request makes or approves, see [`proposal_hash`].
    pub proposal: String,
}

impl ActRecord {
    /// Chains an act as the line after `before`.
    #[must_use]
    pub fn after(before: Option<(i64, [u8; 32])>, act: StaffAct, time_ms: i64, salt: [u8; 16]) -> Self {
        let (seq, previous) = before.unwrap_or((0, GENESIS));
        let text_digest = text_digest(&salt, &act);
        let mut line = Self { seq: seq + 1, time_ms, act, erased: false, salt, text_digest, hashes: ActHashes::default(), hash: GENESIS };
        line.hash = line.chained(&previous);
        line
    }

    /// Chains the same act after `previous`, with these hashes in it.
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

    /// Whether the texts are unchanged, or were erased.
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

/// Hash of a whole request. Salted, so that nobody can recover an erased request by guessing.
#[must_use]
pub fn request_hash(salt: &[u8; 16], request: &[u8]) -> String {
    let mut digest = Sha256::new();
    digest.update(b"largesse request 1");
    digest.update(salt);
    digest.update(request);
    hex::encode(digest.finalize())
}

/// Hash of a proposal: its id, who proposed it, and the proposed action as it is stored.
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

/// Hashes a text with its length before it, so that no two lists of texts give the same bytes.
fn put(digest: &mut Sha256, text: &str) {
    digest.update((text.len() as u64).to_be_bytes());
    digest.update(text.as_bytes());
}

/// The state of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalState {
    /// Waits for somebody else's decision.
    Open,
    /// Approved, to be carried out.
    Approved,
    /// Carried out.
    Done,
    /// Turned down.
    Rejected,
    /// Approved, and refused by the ledger.
    Refused,
}

impl ProposalState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Open, Self::Approved, Self::Done, Self::Rejected, Self::Refused];

    /// The number as stored.
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

    /// Reads the stored number.
    #[must_use]
    pub fn of(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.number() == number)
    }
}

/// A proposed action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProposedAct {
    /// Moves money.
    Adjustment(Vec<AdjustmentLine>),
    /// Freezes, thaws or closes an account.
    Account(String, AccountAct),
    /// Reverses a posting.
    Reversal(Uuid),
    /// Limits what may leave an account.
    Limit(ProposedLimit),
}

/// Maximum transfers of an adjustment: the ledger's own bound.
const TRANSFERS_MAX: usize = 64;
/// Maximum length of an account's name, in bytes.
const ACCOUNT_BYTES_MAX: usize = 256;
/// Maximum length of a zone's name, in bytes: twice the longest that exists.
const ZONE_BYTES_MAX: usize = 64;
/// Maximum limit: the ledger's largest amount.
const LIMIT_MAX: i64 = 1 << 53;

/// A field of a proposed action is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {why}")]
pub struct MalformedAct {
    /// The field's name as sent.
    pub field: &'static str,
    /// What it must be.
    pub why: String,
}

impl MalformedAct {
    /// An error for this field, with its requirement.
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

    /// The limit on what may leave an account. The ledger checks whether the time zone exists. Fails with everything that is wrong.
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

/// A transfer as staff proposed it, with the account names that they gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdjustmentLine {
    /// The account debited.
    pub debit: String,
    /// The account credited.
    pub credit: String,
    /// In the accounts' unit, at least 1.
    pub amount: i64,
}

/// A debit limit as staff proposed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedLimit {
    /// The account, by the name that they gave.
    pub account: String,
    /// The window over which debits are summed.
    pub window: LimitedTime,
    /// IANA name of the zone; may be empty where the limit is removed.
    pub zone: String,
    /// In the account's unit; 0: none.
    pub max: i64,
}

/// The window over which a limit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitedTime {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A month.
    Month,
}

/// An action on an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountAct {
    /// Blocks debits and credits.
    Freeze,
    /// Lifts a freeze.
    Thaw,
    /// Closes it permanently.
    Close,
}

/// An action that needs two members of staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its id.
    pub id: Uuid,
    /// The book that it applies to.
    pub book: BookName,
    /// Order of arrival within the book.
    pub number: i64,
    /// Its state.
    pub state: ProposalState,
    /// The proposed action.
    pub act: ProposedAct,
    /// Who proposed it.
    pub proposed_by: UserKey,
    /// The reason that the proposer gave.
    pub proposal_reason: String,
    /// When it was proposed, in milliseconds since the Unix epoch.
    pub proposed_at_ms: i64,
    /// Until when it may be approved.
    pub expire_at_ms: i64,
    /// Who decided, if anybody.
    pub decided_by: String,
    /// The reason that the approver or rejecter gave.
    pub decision_reason: String,
    /// When it was decided; 0 while undecided.
    pub decided_at_ms: i64,
    /// The posting that carried it out, or the ledger's reason to refuse it.
    pub result: String,
}

/// How long something that could not be done is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PutOff {
    /// After the first try, in milliseconds.
    pub first_ms: i64,
    /// At most, in milliseconds.
    pub max_ms: i64,
}

impl PutOff {
    /// Approved proposals: soon again, because the ledger may have been away for seconds; in the end hourly, because a person has to do something.
    pub const SWEEPER: Self = Self { first_ms: 10_000, max_ms: 3_600_000 };

    /// The delay after this many earlier tries: doubled with each, up to the longest.
    #[must_use]
    pub fn after_ms(self, tries: i64) -> i64 {
        let doubled = 1_i64 << tries.clamp(0, 40);
        self.first_ms.saturating_mul(doubled).min(self.max_ms)
    }
}

/// The id of the proposal that a request makes.
#[must_use]
pub fn proposal_id(id: &RequestId, book: &BookName, by: &UserKey) -> Uuid {
    derive_id(id.uuid(), &["support.Propose", book.as_str(), by.as_str()])
}

/// Why a proposal can't be approved or rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProposalRefusal {
    /// The proposer can't approve it.
    SamePerson,
    /// It was decided already.
    Decided,
    /// It expired.
    Expired,
}

/// What an approval of the proposal still has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approval {
    /// Record the approval, then carry it out.
    Approve,
    /// It was approved before; carry it out, in case that did not happen.
    Resume,
    /// It was carried out.
    Done,
}

impl Proposal {
    /// Whether its time to be approved ran out without a decision.
    #[must_use]
    pub fn expired(&self, now_ms: i64) -> bool {
        self.state == ProposalState::Open && now_ms >= self.expire_at_ms
    }

    /// What `by` approving it now means. Four eyes are checked first, so that a proposer learns nothing else from the answer.
    pub fn approve(&self, by: &UserKey, now_ms: i64) -> Result<Approval, ProposalRefusal> {
        if *by == self.proposed_by {
            return Err(ProposalRefusal::SamePerson);
        }
        match self.state {
            ProposalState::Open if self.expired(now_ms) => Err(ProposalRefusal::Expired),
            ProposalState::Open => Ok(Approval::Approve),
            ProposalState::Approved => Ok(Approval::Resume),
            ProposalState::Done => Ok(Approval::Done),
            ProposalState::Rejected | ProposalState::Refused => Err(ProposalRefusal::Decided),
        }
    }

    /// Whether it may be rejected; `false` when it was rejected already.
    pub fn reject(&self) -> Result<bool, ProposalRefusal> {
        match self.state {
            ProposalState::Open => Ok(true),
            ProposalState::Rejected => Ok(false),
            ProposalState::Approved | ProposalState::Done | ProposalState::Refused => Err(ProposalRefusal::Decided),
        }
    }
}
