//! The expected state of a book: maps and sums, written from the contract and not from the ledger's code.
use crate::ask::{Answer, Ask, Key};
use crate::chart;
use api::ledger as pb;
use decide::Draft;
use std::collections::{BTreeMap, HashMap};
use tonic::Code;

mod decide;

/// Bounds of the contract.
pub const AMOUNT_MAX: i64 = 1 << 53;
const COUNTER_MAX: i128 = 1 << 62;

/// The four counters, too wide to overflow.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sums {
    pub debits: i128,
    pub credits: i128,
    pub debits_pending: i128,
    pub credits_pending: i128,
}

impl Sums {
    pub fn available(&self) -> i128 {
        self.credits - self.debits - self.debits_pending
    }

    fn in_range(&self) -> bool {
        [self.debits, self.credits, self.debits_pending, self.credits_pending].iter().all(|sum| (0..=COUNTER_MAX).contains(sum))
    }
}

/// An account after some event.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment {
    pub sums: Sums,
    pub state: pb::AccountState,
    pub seq: i64,
}

/// An account with its whole history.
#[derive(Debug, Clone)]
pub struct BookAccount {
    pub history: Vec<Moment>,
    pub entries: Vec<pb::Entry>,
}

impl BookAccount {
    pub fn now(&self) -> Moment {
        *self.history.last().expect("an account begins with its opening")
    }
}

#[derive(Debug, Clone)]
pub struct Hold {
    pub debit: String,
    pub credit: String,
    pub amount: i64,
    pub open: bool,
    /// When it expires, in microseconds, and whether it did.
    pub end: Option<i64>,
    pub expired: bool,
}

#[derive(Debug, Clone)]
pub struct Posted {
    pub told: pb::Posting,
    /// Only transfers that moved at once, and not itself a reversal.
    reversible: bool,
    pub reversed: bool,
}

#[derive(Debug, Clone)]
struct Kept {
    fields: BTreeMap<String, String>,
    answer: Answer,
}

#[derive(Debug, Clone)]
pub struct Book {
    pub next_seq: i64,
    pub accounts: BTreeMap<String, BookAccount>,
    pub guards: HashMap<String, (i64, Option<i64>)>,
    pub holds: BTreeMap<i64, Hold>,
    pub postings: BTreeMap<String, Posted>,
    /// Places in the journal at which a hold expired.
    pub expiries: Vec<i64>,
    answers: HashMap<Key, Kept>,
    last_transfer: i64,
    last_time: (i64, i32),
}

impl Default for Book {
    fn default() -> Self {
        Self {
            next_seq: 1,
            accounts: BTreeMap::new(),
            guards: HashMap::new(),
            holds: BTreeMap::new(),
            postings: BTreeMap::new(),
            expiries: Vec::new(),
            answers: HashMap::new(),
            last_transfer: 0,
            last_time: (0, 0),
        }
    }
}

/// What the book would answer, and how it would change.
#[derive(Debug, Clone)]
pub struct Decision {
    pub answer: Answer,
    change: Change,
}

#[derive(Debug, Clone)]
enum Change {
    None,
    Kept,
    Post(Box<Draft>),
    State(pb::SetAccountStateRequest),
    Open(Vec<String>),
}

impl Book {
    /// The answer required now, and what it changes. A first answer lacks what only the ledger can make: ids, numbers and times.
    pub fn decide(&self, ask: &Ask, scope: &str, now_ms: u64) -> Decision {
        let unkept = |answer| Decision { answer, change: Change::None };
        if !chart::well_formed(ask) {
            return unkept(Answer::refused(Code::InvalidArgument, "MALFORMED", &[]));
        }
        if let Ask::Open(open) = ask {
            let mut new: Vec<String> = Vec::new();
            for name in &open.accounts {
                if !self.accounts.contains_key(name) && !new.contains(name) {
                    new.push(name.clone());
                }
            }
            return Decision { answer: Answer::Done(Vec::new()), change: Change::Open(new) };
        }
        if let Some(kept) = self.answers.get(&ask.key(scope)) {
            return unkept(replay(kept, &ask.fields()));
        }
        if !timely(ask.id(), now_ms) {
            return unkept(Answer::refused(Code::InvalidArgument, "REQUEST_ID_TIME", &[]));
        }
        let decided = match ask {
            Ask::Post(post) => self.post(post, now_ms),
            Ask::PostPending(post) => self.post_pending(post),
            Ask::VoidPending(void) => self.void_pending(void),
            Ask::Reverse(reverse) => self.reverse(reverse),
            Ask::SetState(set) => self.set_state(set),
            Ask::Open(_) => unreachable!("answered above"),
        };
        match decided {
            // A dry run gets the same answer and changes nothing.
            Ok(decision) if ask.is_dry_run() => unkept(decision.answer),
            Err(answer) if ask.is_dry_run() => unkept(answer),
            Ok(decision) => decision,
            Err(answer) => Decision { answer, change: Change::Kept },
        }
    }

    /// Whether a decision takes places in the journal.
    pub fn moves_on(decision: &Decision) -> bool {
        match &decision.change {
            Change::None | Change::Kept => false,
            Change::Open(new) => !new.is_empty(),
            Change::Post(_) | Change::State(_) => true,
        }
    }

    /// Applies the decision to the book. `told` is the answer as given: of a posting with its ids and times.
    pub fn apply(&mut self, ask: &Ask, scope: &str, decision: Decision, told: &Answer) -> Result<(), String> {
        if matches!(decision.change, Change::None) {
            return Ok(());
        }
        match decision.change {
            Change::None | Change::Kept => {}
            Change::Open(new) => {
                new.iter().for_each(|name| self.open(name));
                return Ok(());
            }
            Change::State(set) => {
                let seq = self.next_seq;
                self.next_seq += 1;
                let account = self.accounts.get_mut(&set.account).expect("decided on it");
                let now = account.now();
                account.history.push(Moment { state: set.state(), seq, ..now });
            }
            Change::Post(draft) => {
                let Answer::Posted { posting, .. } = told else { return Err(format!("not a posting: {told:?}")) };
                self.posted(*draft, posting)?;
            }
        }
        let answer = match told.clone() {
            Answer::Posted { posting, .. } => Answer::Posted { posting, replayed: true, brief: false },
            other => other,
        };
        self.answers.insert(ask.key(scope), Kept { fields: ask.fields(), answer });
        Ok(())
    }

    fn open(&mut self, name: &str) {
        let moment = Moment { sums: Sums::default(), state: pb::AccountState::Open, seq: self.next_seq };
        self.accounts.insert(name.to_owned(), BookAccount { history: vec![moment], entries: Vec::new() });
        self.next_seq += 1;
    }

    fn posted(&mut self, draft: Draft, told: &pb::Posting) -> Result<(), String> {
        for (name, moment, new) in draft.accounts {
            if new {
                self.open(&name);
            }
            self.accounts.get_mut(&name).expect("just opened or there").history.push(Moment { seq: told.seq, ..moment });
        }
        self.next_seq = told.seq + 1;
        self.guards.extend(draft.guards);
        let time = told.commit_time.map(|time| (time.seconds, time.nanos)).ok_or("a posting without commit time")?;
        if time < self.last_time {
            return Err(format!("time went back at {}", told.seq));
        }
        self.last_time = time;
        if let Some(no) = draft.resolves {
            self.holds.get_mut(&no).expect("decided on it").open = false;
        }
        for (transfer, end) in told.transfers.iter().zip(draft.ends.iter().copied().chain(std::iter::repeat(None))) {
            if transfer.transfer_no <= self.last_transfer {
                return Err(format!("transfer numbers do not grow at {}", told.seq));
            }
            self.last_transfer = transfer.transfer_no;
            if transfer.pending {
                let (debit, credit) = (transfer.debit_account.clone(), transfer.credit_account.clone());
                self.holds.insert(transfer.transfer_no, Hold { debit, credit, amount: transfer.amount, open: true, end, expired: false });
            }
            for (name, after) in [(&transfer.debit_account, &transfer.debit_after), (&transfer.credit_account, &transfer.credit_after)] {
                let entry = pb::Entry {
                    posting_id: told.posting_id.clone(),
                    seq: told.seq,
                    kind: told.kind.clone(),
                    transfer: Some(transfer.clone()),
                    balance_after: after.as_ref().map_or(0, |after| after.balance),
                    commit_time: told.commit_time,
                    effective_time: told.effective_time,
                };
                self.accounts.get_mut(name).expect("drawn").entries.push(entry);
            }
        }
        if let Some(source) = &draft.reverses {
            self.postings.get_mut(source).expect("decided on it").reversed = true;
        }
        let posted = Posted { told: told.clone(), reversible: draft.plain, reversed: false };
        match self.postings.insert(told.posting_id.clone(), posted) {
            None => Ok(()),
            Some(_) => Err(format!("posting id {} came twice", told.posting_id)),
        }
    }

    /// Releases holds that are due, the earliest first.
    pub fn expire(&mut self, now: i64) {
        let due = |hold: &Hold| hold.end.filter(|end| hold.open && *end <= now);
        let mut ends: Vec<(i64, i64)> = self.holds.iter().filter_map(|(no, hold)| due(hold).map(|end| (end, *no))).collect();
        ends.sort_unstable();
        for (_, no) in ends {
            let hold = self.holds.get_mut(&no).expect("just listed");
            (hold.open, hold.expired) = (false, true);
            let Hold { debit, credit, amount, .. } = hold.clone();
            let seq = self.next_seq;
            self.next_seq += 1;
            self.expiries.push(seq);
            for (name, is_debit) in [(&debit, true), (&credit, false)] {
                let account = self.accounts.get_mut(name).expect("it has a hold");
                let mut moment = Moment { seq, ..account.now() };
                let pending = if is_debit { &mut moment.sums.debits_pending } else { &mut moment.sums.credits_pending };
                *pending -= i128::from(amount);
                account.history.push(moment);
            }
            let after = |name: &String| Some(told_account(name, &self.accounts[name].now()));
            let transfer = pb::PostedTransfer {
                debit_after: after(&debit),
                credit_after: after(&credit),
                unit: chart::unit(&debit).expect("of the chart"),
                debit_account: debit.clone(),
                credit_account: credit.clone(),
                amount,
                released: true,
                ..Default::default()
            };
            for name in [&debit, &credit] {
                let account = self.accounts.get_mut(name).expect("it has a hold");
                let sums = account.now().sums;
                let balance_after = i64::try_from(sums.credits - sums.debits).expect("within 2^62");
                let (kind, transfer) = ("ledger.hold_expired".to_owned(), Some(transfer.clone()));
                account.entries.push(pb::Entry { seq, kind, transfer, balance_after, ..Default::default() });
            }
        }
    }

    /// Whether an answer to this request is kept.
    pub fn is_kept(&self, ask: &Ask, scope: &str) -> bool {
        self.answers.contains_key(&ask.key(scope))
    }
}

/// An account as shown inside a posting: without its state.
pub fn told_account(name: &str, moment: &Moment) -> pb::Account {
    let Sums { debits, credits, debits_pending, credits_pending } = moment.sums;
    let fits = |sum: i128| i64::try_from(sum).expect("within 2^62");
    pb::Account {
        account: name.to_owned(),
        unit: chart::unit(name).expect("of the chart"),
        state: pb::AccountState::Open.into(),
        debits_must_not_exceed_credits: chart::floor(name),
        debits_posted: fits(debits),
        credits_posted: fits(credits),
        debits_pending: fits(debits_pending),
        credits_pending: fits(credits_pending),
        balance: fits(credits - debits),
        available: fits(credits - debits - debits_pending),
        balance_seq: moment.seq,
        ..pb::Account::default()
    }
}

fn replay(kept: &Kept, fields: &BTreeMap<String, String>) -> Answer {
    if &kept.fields == fields {
        return kept.answer.clone();
    }
    let names = kept.fields.keys().chain(fields.keys());
    let mut differing: Vec<&str> = names.filter(|name| kept.fields.get(*name) != fields.get(*name)).map(String::as_str).collect();
    differing.sort_unstable();
    differing.dedup();
    Answer::refused(Code::InvalidArgument, "REQUEST_ID_REUSED", &[("differing", differing.join(","))])
}

/// A version 7 id has the time at which it was made: at most five minutes ahead and at most a week old.
fn timely(id: &str, now_ms: u64) -> bool {
    let id = uuid::Uuid::try_parse(id).expect("well formed");
    if id.get_version_num() != 7 {
        return true;
    }
    let time = u64::try_from(id.as_u128() >> 80).expect("48 bits");
    time <= now_ms + 300_000 && time + 7 * 24 * 3_600_000 >= now_ms
}
