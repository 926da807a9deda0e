//! A bank that knows the truth and does not tell it: seeded histories of sendings, answers and crashes over the decisions alone, with every state
//! passing through its stored form. However it lies, money that it paid is not given back, nothing is paid twice, and its truth ends every payout.
//!
//! What it may not do is give one unambiguous false answer (that it rejected a sending it executed; that it finally never received one it has): no
//! answer could distinguish that from the truth, and only its statement does.
mod ach_files;
mod api_bank;

use super::{reports::Sketch, *};
use crate::{
    domain::{
        evidence::{Doubt, SentPayment, evidence},
        statement::{RecordedPayout, compare},
    },
    store::row::tests::{columns, from_columns},
};
use iso20022::camt053::{Direction, StatementEntry};

/// Histories of a run; an unoptimised build tries fewer. `LARGESSE_LYING_BANK_HISTORIES` sets another number, `LARGESSE_LYING_BANK_FROM` the first seed.
const HISTORIES: u64 = if cfg!(debug_assertions) { 10_000 } else { 100_000 };
/// Steps after which a payout must have ended if its bank tells the truth.
const TRUE_STEPS_MAX: usize = 400;
const LEASE_MS: i64 = 15_000;

/// With delays as long as at the end of a back-off, so that windows pass in few steps.
fn patient() -> RetryPolicy {
    RetryPolicy { retry_delay_max_ms: 60_000, ..policy() }
}

/// `SplitMix64`.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.roll(100) < chance
    }

    fn ms(&mut self, below: i64) -> i64 {
        i64::try_from(self.roll(below.max(1).unsigned_abs())).unwrap()
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[usize::try_from(self.roll(all.len() as u64)).unwrap()]
    }
}

/// The fate of one sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It arrives at that time; or never.
    OnItsWay(Option<i64>),
    Pending,
    Executed,
    Rejected(&'static str),
}

struct Bank {
    window_ms: i64,
    /// It may report a payment as rejected, unambiguously, that it paid.
    frauds: bool,
    /// Its clock, relative to ours.
    skew_ms: i64,
    /// It recognizes payments by their id, and refuses a second one.
    knows_ids: bool,
    /// When each was sent, and its fate.
    sendings: Vec<(i64, Fate)>,
    asks: usize,
}

impl Bank {
    fn arrived(&self) -> bool {
        self.sendings.iter().any(|(_, fate)| !matches!(fate, Fate::OnItsWay(_)))
    }

    fn executed(&self) -> usize {
        self.sendings.iter().filter(|(_, fate)| *fate == Fate::Executed).count()
    }

    /// Whether a sending in flight may still arrive in time, or a pending one be executed.
    fn may_execute(&self, now_ms: i64) -> bool {
        self.sendings.iter().any(|(sent_ms, fate)| match fate {
            Fate::OnItsWay(arrives) => arrives.is_some_and(|arrives| self.in_time(*sent_ms, arrives.max(now_ms))),
            Fate::Pending | Fate::Executed => true,
            Fate::Rejected(_) => false,
        })
    }

    fn in_time(&self, sent_ms: i64, at_ms: i64) -> bool {
        at_ms + self.skew_ms - sent_ms <= self.window_ms
    }

    /// Time passes: a sending that has arrived is decided, perhaps later.
    fn go_on(&mut self, now_ms: i64, dice: &mut Dice, truth: bool) {
        for at in 0..self.sendings.len() {
            let (sent_ms, fate) = self.sendings[at];
            let arrives = if let Fate::OnItsWay(Some(arrives)) = fate { arrives } else { i64::MAX };
            let decided = if arrives <= now_ms {
                let others = self
                    .sendings
                    .iter()
                    .enumerate()
                    .any(|(other, (_, fate))| other != at && matches!(fate, Fate::Pending | Fate::Executed));
                if !self.in_time(sent_ms, arrives) {
                    Fate::Rejected("TM01")
                } else if self.knows_ids && others {
                    Fate::Rejected("AM05")
                } else {
                    dice.of(&[Fate::Executed, Fate::Executed, Fate::Rejected("AC04"), Fate::Pending])
                }
            } else if fate == Fate::Pending && (truth || dice.percent(20)) {
                dice.of(&[Fate::Executed, Fate::Rejected("MD07")])
            } else {
                fate
            };
            self.sendings[at].1 = decided;
        }
    }

    /// The truth, about one sending at a time.
    fn truth(&mut self, payout: &Payout, now_ms: i64) -> BankAnswer {
        self.asks += 1;
        let told = |send: usize, status, reasons: &[&'static str]| {
            let message_id = payout.message_id(i64::try_from(send + 1).unwrap());
            named(payout, &Sketch::plain(message_id, status, reasons))
        };
        if let Some(send) = self.sendings.iter().position(|(_, fate)| *fate == Fate::Executed) {
            return told(send, "ACSC", &[]);
        }
        if !self.arrived() && !payout.seen {
            return BankAnswer::NotFound { window_ms: self.window_ms };
        }
        let send = self.asks % self.sendings.len();
        match self.sendings[send] {
            (_, Fate::Rejected(why)) => told(send, "RJCT", &[why]),
            (_, Fate::Pending | Fate::Executed) => told(send, "PDNG", &[]),
            // As if asked by people: it searches for the message itself.
            (sent_ms, Fate::OnItsWay(None)) if !self.in_time(sent_ms, now_ms) => told(send, "RJCT", &["AG09"]),
            (sent_ms, Fate::OnItsWay(Some(at))) if !self.in_time(sent_ms, at) && !self.in_time(sent_ms, now_ms) => {
                told(send, "RJCT", &["AG09"])
            }
            (_, Fate::OnItsWay(_)) => BankAnswer::Lost("it can't say yet".to_owned()),
        }
    }

    /// Any answer but an unambiguous false one.
    fn lie(&mut self, payout: &Payout, (asked_ms, now_ms): (i64, i64), dice: &mut Dice) -> BankAnswer {
        if self.frauds && dice.percent(50) {
            return named(payout, &Sketch::plain(payout.message_id(payout.sends), "RJCT", &["AC04"]));
        }
        let sends = u64::try_from(payout.sends).unwrap();
        let ours = |dice: &mut Dice| payout.message_id(i64::try_from(dice.roll(sends)).unwrap() + 1);
        let any_message = |dice: &mut Dice| match dice.roll(6) {
            0 => "NOTPROVIDED".to_owned(),
            1 => "X-1".to_owned(),
            2 => payout.message_id(payout.sends + 1),
            _ => ours(dice),
        };
        match dice.roll(12) {
            0 => BankAnswer::Lost("cut".to_owned()),
            1 => named(payout, &Sketch::plain(any_message(dice), dice.of(&["BLCK", "CANC", "PART", "ZZZZ"]), &["AC04"])),
            2 => named(payout, &contradiction(ours(dice), dice)),
            3 => named(payout, &Sketch::plain(ours(dice), dice.of(&["ACSP", "PDNG", "RCVD"]), &[])),
            4 => {
                let said = Sketch::plain(ours(dice), dice.of(&["ACSC", "RJCT"]), &["AC04"]);
                named(payout, &Sketch { amount: Some(1), ..said })
            }
            5 => named(payout, &Sketch::plain("X-1".to_owned(), dice.of(&["ACSC", "RJCT"]), &["AC04"])),
            6 if sends > 1 => named(payout, &Sketch::plain("NOTPROVIDED".to_owned(), "RJCT", &["AC04"])),
            7 => BankAnswer::Named(BankEvidence::only_seen(Doubt::Unreadable)),
            8 => self.stale(payout, dice),
            // A second copy of the sending being answered: as the answer to a poll for a single sending this would be a verdict.
            9 if payout.phase == PayoutPhase::Sent && self.arrived() => {
                named(payout, &Sketch::plain(payout.message_id(payout.sends), "RJCT", &[dice.of(&["AM05", "DUPL", "DU04"])]))
            }
            10 => {
                // A payment it has named it may forget at any time; one it never received it may report too early.
                let final_ms = payout.sent_at_ms + self.window_ms;
                let harmless = payout.seen || !self.arrived() || asked_ms <= final_ms;
                let window_ms = if payout.seen { dice.ms(self.window_ms) } else { self.window_ms + dice.ms(100_000) };
                if harmless && payout.phase != PayoutPhase::Sent {
                    BankAnswer::NotFound { window_ms }
                } else {
                    BankAnswer::Lost(String::new())
                }
            }
            _ => self.truth(payout, now_ms),
        }
    }

    /// The true rejection of one sending, regardless of the others.
    fn stale(&self, payout: &Payout, dice: &mut Dice) -> BankAnswer {
        let send = usize::try_from(dice.roll(self.sendings.len() as u64)).unwrap();
        let message_id = payout.message_id(i64::try_from(send + 1).unwrap());
        match self.sendings[send].1 {
            Fate::Rejected(why) => named(payout, &Sketch::plain(message_id, "RJCT", &[why])),
            Fate::OnItsWay(_) | Fate::Pending | Fate::Executed => BankAnswer::Lost("HTTP 503".to_owned()),
        }
    }
}

fn contradiction(message_id: String, dice: &mut Dice) -> Sketch {
    let (one, other) = dice.of(&[("RJCT", "ACSC"), ("ACSC", "RJCT"), ("RJCT", "ACSP"), ("PDNG", "RJCT"), ("RJCT", "BLCK")]);
    let (group, payments) = match dice.roll(5) {
        0 => (None, vec![(None, vec![Some(one), Some(other)])]),
        1 => (None, vec![(None, vec![Some(one)]), (None, vec![Some(other)])]),
        2 => (None, vec![(Some(one), vec![Some(other)])]),
        3 => (Some(one), vec![(Some(other), Vec::new())]),
        _ => (Some(one), vec![(None, vec![Some(other)])]),
    };
    Sketch { message_id, group, payments, reasons: vec!["AC04"], amount: None }
}

fn named(payout: &Payout, sketch: &Sketch) -> BankAnswer {
    let id = payout.end_to_end_id();
    let subject =
        SentPayment { end_to_end_id: &id, rail: "us-rtp", sends: payout.sends, shared: payout.shared.ids(), amount: payout.amount };
    evidence(&sketch.report(&id), subject).map_or(BankAnswer::Lost("of another payment".to_owned()), BankAnswer::Named)
}

/// The payout as read back after a crash.
fn stored(mut payout: Payout) -> Payout {
    payout.version += 1;
    from_columns(&columns(&payout)).unwrap()
}

/// What a bank did with a payout, as its own books have it.
struct BankBooks {
    /// How often it paid.
    executed: usize,
    /// It may still pay.
    may_execute: bool,
    /// It may report a payment as rejected, unambiguously, that it paid.
    frauds: bool,
    /// Everything that it has, in words.
    all: String,
}

/// The statement's debits compared with the payout's state: how much left that should not have.
fn unexpected(executed: usize, payout: &Payout) -> i64 {
    let entry = StatementEntry {
        reference: None,
        amount: payout.amount,
        direction: Direction::Debit,
        booked: None,
        end_to_end_id: Some(payout.end_to_end_id()),
        additional: None,
    };
    let entries = vec![entry; executed];
    let (book, payout_id) = (payout.book.clone(), payout.payout_id);
    let (end_to_end_ids, current_id) = (std::collections::BTreeSet::from([payout_id]), payout_id);
    let recorded =
        RecordedPayout { book, payout_id, end_to_end_ids, current_id, amount: payout.amount, phase: payout.phase, sends: payout.sends };
    compare(&entries, &[recorded]).first().map_or(0, |finding| finding.unexpected.minor_units())
}

/// One payout's life. An error says what went wrong.
fn history(seed: u64, frauds: bool) -> Result<PayoutPhase, String> {
    let mut dice = Dice(seed);
    let skew_ms = dice.ms(10_000) - 5_000;
    let window_ms = dice.of(&[0, 1_000, 30_000, 600_000]);
    let mut bank = Bank { window_ms, frauds, skew_ms, knows_ids: dice.percent(50), sendings: Vec::new(), asks: 0 };
    let lies = usize::try_from(dice.roll(40)).unwrap();
    let mut payout = stored(Payout { sends: 0, sendings: Sendings::default(), first_sent_at_ms: 0, ..payout(PayoutPhase::Intent) });
    let mut now_ms = 1_000;
    for step in 0..lies + TRUE_STEPS_MAX {
        let truth = step >= lies;
        now_ms = now_ms.max(payout.due_at_ms);
        bank.go_on(now_ms, &mut dice, truth);
        let began_ms = now_ms;
        let answer = match payout.phase {
            PayoutPhase::Intent => {
                if bank.may_execute(now_ms) {
                    return Err(format!("sent again what may be executed: {:?}", bank.sendings));
                }
                payout = stored(payout.begin_sending(now_ms, now_ms + TIME_OUT_MS + LEASE_MS));
                let arrives = match dice.roll(10) {
                    0 | 1 => None,
                    2 | 3 => Some(now_ms + dice.ms(3 * window_ms + 20_000)),
                    _ => Some(now_ms),
                };
                bank.sendings.push((now_ms, Fate::OnItsWay(arrives)));
                now_ms += dice.ms(2_000);
                bank.go_on(now_ms, &mut dice, truth);
                if dice.percent(25) || !bank.arrived() {
                    BankAnswer::Lost("cut".to_owned())
                } else {
                    bank.answer(&payout, (began_ms, now_ms), truth, &mut dice)
                }
            }
            PayoutPhase::Sent => BankAnswer::Lost("its sender died".to_owned()),
            PayoutPhase::Accepted | PayoutPhase::Unknown => {
                now_ms += dice.ms(500);
                bank.answer(&payout, (began_ms, now_ms), truth, &mut dice)
            }
            _ => return ended(&payout, &bank.books(now_ms)),
        };
        if dice.percent(8) {
            // A crash: the answer is lost, and the payout is due again after its lease.
            payout = stored(Payout { due_at_ms: payout.due_at_ms.max(now_ms + LEASE_MS), ..payout });
            continue;
        }
        payout = stored(judge(payout, answer, began_ms, now_ms, &patient(), TIME_OUT_MS).0);
        if bank.executed() > 1 {
            return Err(format!("paid twice: {:?}", bank.sendings));
        }
    }
    Err(format!("no end: {:?} {} {:?}", payout.phase, payout.sendings.letters(), bank.sendings))
}

impl Bank {
    fn books(&self, now_ms: i64) -> BankBooks {
        let (executed, may_execute) = (self.executed(), self.may_execute(now_ms));
        BankBooks { executed, may_execute, frauds: self.frauds, all: format!("{:?}", self.sendings) }
    }

    fn answer(&mut self, payout: &Payout, times: (i64, i64), truth: bool, dice: &mut Dice) -> BankAnswer {
        if truth { self.truth(payout, times.1) } else { self.lie(payout, times, dice) }
    }
}

fn ended(payout: &Payout, books: &BankBooks) -> Result<PayoutPhase, String> {
    let returned = payout.phase == PayoutPhase::Returning;
    let (left, paid, all) = (unexpected(books.executed, payout), books.executed, &books.all);
    match payout.phase {
        PayoutPhase::Returning if !books.frauds && books.may_execute => Err(format!("money went back that was or may be paid: {all}")),
        PayoutPhase::Settling if paid != 1 => Err(format!("settled and not paid: {all}")),
        // The statement reveals exactly the false answers that no answer could distinguish from the truth.
        _ if (left > 0) != (returned && paid > 0) => Err(format!("the statement shows {left} beside {all}")),
        end => Ok(end),
    }
}

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().expect("a number"))
}

/// Runs all histories of a lying bank of one kind, unless the environment says how many; panics with the seed of one that goes wrong.
fn run_all(usual: u64, history: fn(u64, bool) -> Result<PayoutPhase, String>) {
    let from = setting("LARGESSE_LYING_BANK_FROM", 1);
    let histories = setting("LARGESSE_LYING_BANK_HISTORIES", usual);
    let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let run = |first: u64| {
        let mut ends = (0_u64, 0_u64);
        for seed in (first..from + histories).step_by(usize::try_from(threads).unwrap()) {
            match history(seed, false) {
                Ok(PayoutPhase::Settling) => ends.0 += 1,
                Ok(_) => ends.1 += 1,
                Err(why) => panic!("LARGESSE_LYING_BANK_FROM={seed} LARGESSE_LYING_BANK_HISTORIES=1: {why}"),
            }
        }
        ends
    };
    let (paid, returned) = std::thread::scope(|scope| {
        let runs: Vec<_> = (from..from + threads).map(|first| scope.spawn(move || run(first))).collect();
        runs.into_iter().map(|run| run.join().expect("no lie is trusted")).fold((0, 0), |sum, ends| (sum.0 + ends.0, sum.1 + ends.1))
    });
    println!("{histories} histories: {paid} paid, {returned} given back");
    // Both ends are common, or the bank would hardly have lied.
    assert!(histories < 1_000 || (paid > histories / 5 && returned > histories / 5), "{paid} paid, {returned} returned");
}

/// Banks whose false answers can't be distinguished from the truth: their statement reveals each of them.
fn run_frauds(history: fn(u64, bool) -> Result<PayoutPhase, String>) {
    let mut ends = std::collections::BTreeMap::new();
    for seed in 1..2_000 {
        let end = history(seed, true).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        *ends.entry(end.name()).or_insert(0) += 1;
    }
    assert!(ends.values().all(|count| *count > 100) && ends.len() == 2, "{ends:?}");
}

#[test]
fn no_lie_of_a_bank_gives_back_what_it_paid_or_pays_twice_and_its_truth_ends_every_payout() {
    run_all(HISTORIES, history);
}

#[test]
fn the_statement_shows_what_no_answer_could_tell_from_the_truth() {
    run_frauds(history);
}
