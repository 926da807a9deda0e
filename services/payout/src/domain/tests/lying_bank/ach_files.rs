//! The same of a bank that takes ACH files: uploads are lost, arrive late and twice; its acknowledgement comes late, twice, of other bytes, or after the statement
//! has booked the file; payments come back before and after that. What it may not do is acknowledge in so many words what it does not have, or refuse what it pays
//! without having contradicted itself before. A file that never arrived is ended by people who know that.
use super::*;
use crate::{
    ach::booking::return_reference,
    banks::nacha::acknowledgement::{SentFile, read},
    domain::{
        ach::{
            FileState, PaymentFile, answer_of,
            finding::FileOutcome,
            steps::{FileVerdict, UploadAnswer},
            tests::file,
        },
        resolution::ResolvedOutcome,
        returns::{ReturnedPayout, judge_return},
    },
};
use serde_json::json;
use std::collections::BTreeSet;

/// Payments of the file: ours, and others like it.
const ENTRIES: i64 = 3;
/// Time between two steps, at most, in milliseconds: it passes while files are collected, and banking days too.
const STEP_MS: i64 = 120_000;

/// What the bank has of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AchFate {
    /// Nothing.
    Absent,
    /// All of it, not checked yet.
    Received,
    Refused,
    Accepted,
    Executed,
    /// Executed, and our payment came back.
    CameBack,
}

struct AchBooks {
    frauds: bool,
    fate: AchFate,
    /// When uploads arrive that are on their way.
    uploads: Vec<i64>,
    /// When the acknowledgement can be read.
    acknowledged_at_ms: i64,
}

impl AchBooks {
    fn executed(&self) -> usize {
        usize::from(matches!(self.fate, AchFate::Executed | AchFate::CameBack))
    }

    fn never_pays(&self) -> bool {
        self.fate == AchFate::Refused || (self.fate == AchFate::Absent && self.uploads.is_empty())
    }

    fn books(&self) -> BankBooks {
        let all = format!("{:?}, uploads at {:?}", self.fate, self.uploads);
        BankBooks { executed: self.executed(), may_execute: !self.never_pays(), frauds: self.frauds, all }
    }

    fn go_on(&mut self, now_ms: i64, dice: &mut Dice, truth: bool) {
        let arrived = self.uploads.iter().any(|at| *at <= now_ms);
        self.uploads.retain(|at| *at > now_ms);
        if arrived && self.fate == AchFate::Absent {
            self.fate = AchFate::Received;
            self.acknowledged_at_ms = now_ms + dice.ms(20 * STEP_MS);
        }
        let goes_on = truth || dice.percent(20);
        self.fate = match self.fate {
            AchFate::Received if goes_on => dice.of(&[AchFate::Refused, AchFate::Accepted]),
            AchFate::Accepted if goes_on => AchFate::Executed,
            AchFate::Executed if dice.percent(10) => AchFate::CameBack,
            fate => fate,
        };
    }

    /// The same bytes under the same name are one file.
    fn upload(&mut self, now_ms: i64, dice: &mut Dice, truth: bool) -> UploadAnswer {
        match dice.roll(if truth { 3 } else { 8 }) {
            0 => UploadAnswer::Lost("cut".to_owned()),
            1 | 2 => {
                self.uploads.push(now_ms);
                self.go_on(now_ms, dice, false);
                UploadAnswer::Taken
            }
            3 => {
                self.uploads.push(now_ms + dice.ms(5 * STEP_MS));
                UploadAnswer::Lost("no answer in time".to_owned())
            }
            // It has it, and says that it does not.
            4 => {
                self.uploads.push(now_ms);
                UploadAnswer::NameTaken
            }
            5 => UploadAnswer::NameTaken,
            _ => {
                self.uploads.push(now_ms);
                UploadAnswer::Lost("HTTP 500, without a receipt for this file".to_owned())
            }
        }
    }

    /// What it says of the file when it is asked; none: nothing that can be used. Of a file in doubt it may say anything: it has contradicted itself before.
    fn acknowledgement(&self, of: &PaymentFile, now_ms: i64, dice: &mut Dice, truth: bool) -> Option<(String, FileVerdict)> {
        let sent = SentFile { name: of.file_name.clone(), sha256: of.sha256.clone(), entries: of.entries, cents: of.cents };
        let mut said =
            json!({"file": of.file_name, "sha256": of.sha256, "entries": of.entries, "credit_cents": of.cents, "status": "accepted"});
        if self.frauds && dice.percent(30) {
            said["status"] = json!("rejected");
        } else {
            match dice.roll(if truth { 1 } else { 10 }) {
                5 => said["file"] = json!("b.ach"),
                6 => said["sha256"] = json!("ff"),
                7 => said["entries"] = json!(of.entries - 1),
                8 => said["status"] = json!("perhaps"),
                9 if of.state == FileState::Doubtful => said["status"] = json!("rejected"),
                1 | 2 => return None,
                _ => match self.fate {
                    AchFate::Absent | AchFate::Received => return None,
                    _ if now_ms < self.acknowledged_at_ms && !truth => return None,
                    AchFate::Refused => said["status"] = json!("rejected"),
                    AchFate::Accepted | AchFate::Executed | AchFate::CameBack => {}
                },
            }
        }
        let body = said.to_string();
        read(body.as_bytes(), &sent).ok().map(|verdict| (body, verdict))
    }
}

/// One try with a file, in the order of operation: a claim, which is durable; a question, but the first time; an upload, unless the bank has it; a question.
fn advanced(of: PaymentFile, books: &mut AchBooks, now_ms: i64, dice: &mut Dice, truth: bool) -> PaymentFile {
    if !matches!(of.state, FileState::Built | FileState::Sent) {
        return of;
    }
    let is_first = of.state == FileState::Built;
    let claimed = PaymentFile { state: FileState::Sent, tries: of.tries + 1, ..of };
    let mut next = claimed.clone();
    if !is_first {
        match books.acknowledgement(&next, now_ms, dice, truth) {
            Some((answer, verdict)) => next = next.acknowledged(answer, verdict),
            None => next.why = "the bank has not acknowledged the file".to_owned(),
        }
    }
    if next.state == FileState::Sent && !next.taken {
        next = next.uploaded(books.upload(now_ms, dice, truth));
        if next.taken
            && let Some((answer, verdict)) = books.acknowledgement(&next, now_ms, dice, truth)
        {
            next = next.acknowledged(answer, verdict);
        }
    }
    // A crash: what came of it is lost.
    if dice.percent(8) { claimed } else { next }
}

/// A reading of the statement. It shows the file's sum, or another one, as soon as the bank has paid, whatever it has acknowledged.
fn booked(of: PaymentFile, books: &AchBooks, dice: &mut Dice, truth: bool) -> PaymentFile {
    let is_open = matches!(of.state, FileState::Sent | FileState::Accepted | FileState::Doubtful);
    if books.executed() == 0 || !is_open {
        return of;
    }
    if !truth && dice.percent(30) {
        return of.doubted("the statement books USD 14.99 for it, -1 minor units more than its payments come to".to_owned());
    }
    of.booked("B-1".to_owned(), json!({"booked": "USD 15.00"}).to_string())
}

/// Two people about a file in doubt. They ask the bank first; that it never received the file they only say if that is true.
fn found(of: PaymentFile, books: &AchBooks, now_ms: i64, dice: &mut Dice, truth: bool) -> PaymentFile {
    if !of.is_in_doubt() || (of.state == FileState::Sent && of.taken) {
        return of;
    }
    let of = match books.acknowledgement(&of, now_ms, dice, truth) {
        Some((_, FileVerdict::Foreign(_))) | None => of,
        Some((answer, verdict)) => of.acknowledged(answer, verdict),
    };
    if truth && of.is_in_doubt() && books.never_pays() { of.found(FileOutcome::NeverReceived) } else { of }
}

/// What came back, as a file of returns or a statement has it, judged with the payout as it is.
fn comes_back(payout: &Payout, booked: bool, ids: &mut BTreeSet<Uuid>) -> Result<(), String> {
    let mut back = returned(500, 0);
    (back.credit.bank_reference, back.credit.code) = (return_reference("021000020000001"), "R03".to_owned());
    back.credit.booked_at_ms = if booked { 5_000 } else { 0 };
    ids.insert(PayoutReturn::id("sandbox", "main", &back.credit));
    let of = ReturnedPayout { payout, is_last_attempt: true, returned_minor_units: 0 };
    match judge_return(&back, Some(of)) {
        (ReturnState::Matched, _) if ids.len() == 1 => Ok(()),
        (state, why) => Err(format!("a payment that came back is {}: {why}; {} returns", state.name(), ids.len())),
    }
}

/// One payout's life in a file. An error says what went wrong.
fn history(seed: u64, frauds: bool) -> Result<PayoutPhase, String> {
    let mut dice = Dice(seed);
    let mut books = AchBooks { frauds, fate: AchFate::Absent, uploads: Vec::new(), acknowledged_at_ms: 0 };
    let lies = usize::try_from(dice.roll(40)).unwrap();
    let mut of = PaymentFile { sha256: "00".to_owned(), entries: ENTRIES, cents: ENTRIES * 500, tries: 0, ..file(FileState::Built) };
    let given = Payout { sends: 0, sendings: Sendings::default(), first_sent_at_ms: 0, ..payout(PayoutPhase::Intent) };
    let mut payout = stored(given.begin_sending(1_000, 1_000));
    let (mut now_ms, mut ids) = (1_000, BTreeSet::new());
    for step in 0..lies + 2 * TRUE_STEPS_MAX {
        let truth = step >= lies;
        now_ms += 1 + dice.ms(STEP_MS);
        books.go_on(now_ms, &mut dice, truth);
        match dice.roll(6) {
            0 | 1 => of = advanced(of, &mut books, now_ms, &mut dice, truth),
            2 => of = booked(of, &books, &mut dice, truth),
            3 => of = found(of, &books, now_ms, &mut dice, truth),
            4 if books.fate == AchFate::CameBack && !frauds => comes_back(&payout, dice.percent(50), &mut ids)?,
            _ => {
                let Some(answer) = answer_of(Some(&of)) else { continue };
                if dice.percent(8) {
                    continue;
                }
                payout = stored(judge(payout, answer, now_ms, now_ms, &patient(), TIME_OUT_MS).0);
                if truth && payout.phase == PayoutPhase::Unknown && of.state == FileState::Doubtful && books.never_pays() {
                    payout = stored(payout.resolved(ResolvedOutcome::NotExecuted, now_ms));
                }
                if matches!(payout.phase, PayoutPhase::Settling | PayoutPhase::Returning) {
                    return ended(&payout, &books.books());
                }
            }
        }
    }
    Err(format!("no end: {:?} {:?} {:?}", payout.phase, of.state, books.fate))
}

#[test]
fn no_lie_about_a_file_gives_back_what_was_paid_and_the_truth_ends_every_payment() {
    run_all(HISTORIES, history);
}

#[test]
fn the_statement_shows_what_no_acknowledgement_could_tell_from_the_truth() {
    run_frauds(history);
}
