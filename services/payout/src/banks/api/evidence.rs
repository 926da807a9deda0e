//! What the bank's answers prove of a payment. Money is given back only because of an explicit refusal of this very request, or of a status that decides
//! against the payment and repeats its id, amount and currency.

use crate::domain::{
    BankAnswer,
    api_rail::payment_type,
    evidence::{BankEvidence, Doubt, REASON_CHARS_MAX, REASON_CODE_CHARS_MAX, ReportedSending, SentPayment, plain},
    judgement::NEVER_FINAL_MS,
};
use bankapi::{
    ApiCase, ApiEvidence, ApiException, ApiStatus, ErrorVerdict, InitiationAnswer, QueryAnswer, SentApiPayment, answer::ApiFailure,
    read_initiation, read_query,
};
use iso20022::StatusOutcome;

/// The status that is kept of a request that the bank has taken.
const TAKEN: &str = bankapi::RECEIVED;
/// The status that is kept of a request that the bank has refused.
const REFUSED: &str = "REFUSED";
/// The kind of code that this program knows the meanings of.
const ISO: &str = bankapi::ISO_CODES;

/// What the answer to a sending proves.
#[must_use]
pub fn of_initiation(http_status: u16, body: &[u8], subject: SentPayment<'_>) -> BankAnswer {
    match read_initiation(http_status, body) {
        InitiationAnswer::Taken { end_to_end_id, .. } if end_to_end_id != subject.end_to_end_id => {
            BankAnswer::Lost("the bank took another payment than the one that was sent".to_owned())
        }
        InitiationAnswer::Taken { duplicate, .. } => {
            let words = if duplicate { "the bank had it before" } else { "" };
            BankAnswer::Named(BankEvidence { duplicate, ..said(subject, StatusOutcome::Pending, TAKEN, words) })
        }
        InitiationAnswer::Failed(failure) => of_failure(http_status, failure, body, subject),
    }
}

/// A failure of a sending. A refusal is about this request and no other; whatever else happened to the payment is asked for.
fn of_failure(http_status: u16, failure: ApiFailure, body: &[u8], subject: SentPayment<'_>) -> BankAnswer {
    match failure.verdict {
        ErrorVerdict::Refused => {
            let (code, words) = reason(&failure.errors);
            BankAnswer::Named(BankEvidence { reason_code: code, ..said(subject, StatusOutcome::Rejected, REFUSED, &words) })
        }
        // What stands between us and the bank may forbid or limit too, even after the bank has answered: only the bank's own error counts, and the refusal of a
        // token, which comes before everything else.
        ErrorVerdict::Operations | ErrorVerdict::LaterSameKey
            if http_status == 401 || failure.errors.iter().any(|one| one.code.is_some()) =>
        {
            BankAnswer::NotTaken(failure.words)
        }
        ErrorVerdict::Operations | ErrorVerdict::LaterSameKey => BankAnswer::Lost(failure.words),
        ErrorVerdict::KeyReused => {
            let (code, words) = reason(&failure.errors);
            let unclear = BankEvidence { reason_code: code, ..said(subject, StatusOutcome::Unclear, "", &words) };
            BankAnswer::Named(unclear.doubted(Doubt::OtherContent))
        }
        ErrorVerdict::Concurrent => BankAnswer::Lost(failure.words),
        ErrorVerdict::Unknown => of_part(&failure.words, body, subject),
    }
}

/// What the answer to a query by end-to-end id and payment type proves. No error of a query says anything about the payment.
#[must_use]
pub fn of_query(http_status: u16, body: &[u8], subject: SentPayment<'_>) -> BankAnswer {
    match read_query(http_status, body) {
        // Never proof; but of a payment that the bank had, nobody knows any more what became of it.
        QueryAnswer::NotFound => BankAnswer::NotFound { window_ms: NEVER_FINAL_MS },
        QueryAnswer::Failed(failure) if failure.verdict == ErrorVerdict::Unknown && http_status == 200 => {
            of_part(&failure.words, body, subject)
        }
        QueryAnswer::Failed(failure) => BankAnswer::Lost(failure.words),
        QueryAnswer::Found(found) => match found.as_slice() {
            [one] => of_status(one, subject),
            _ if found.iter().any(|one| one.end_to_end_id.as_deref() == Some(subject.end_to_end_id)) => {
                BankAnswer::Named(BankEvidence::only_seen(Doubt::Twice))
            }
            _ => BankAnswer::Lost("the bank names other payments than the one asked for".to_owned()),
        },
    }
}

/// An answer that can't be read, or only in part. One that has the payment's id in it proves that the bank has seen it.
#[must_use]
pub fn of_part(why: &str, body: &[u8], subject: SentPayment<'_>) -> BankAnswer {
    let id = subject.end_to_end_id.as_bytes();
    if body.windows(id.len()).any(|place| place == id) {
        return BankAnswer::Named(BankEvidence::only_seen(Doubt::Unreadable));
    }
    BankAnswer::Lost(why.to_owned())
}

/// What one status proves.
#[must_use]
pub fn of_status(status: &ApiStatus, subject: SentPayment<'_>) -> BankAnswer {
    let Some(payment_type) = payment_type(subject.rail) else {
        return BankAnswer::Lost("the payment's rail is not one of this bank's protocol".to_owned());
    };
    let is_ours = status.end_to_end_id.as_deref() == Some(subject.end_to_end_id);
    if !is_ours && status.end_to_end_id.is_some() {
        return BankAnswer::Lost("the bank names another payment than the one asked for".to_owned());
    }
    let repeated = status.money();
    let sent = SentApiPayment { end_to_end_id: subject.end_to_end_id, payment_type, amount: subject.amount };
    let word = status.status.as_str();
    if let Some(difference) = status.difference(&sent) {
        let is_amount = repeated.is_some_and(|amount| amount != Ok(subject.amount));
        let doubt = if is_amount { Doubt::OtherAmount } else { Doubt::OtherMessage };
        return BankAnswer::Named(said(subject, StatusOutcome::Unclear, word, &difference).doubted(doubt));
    }
    let (outcome, code, words) = meaning(status.evidence(&sent));
    let read = BankEvidence { reason_code: code, ..said(subject, outcome, word, &words) };
    let decides = matches!(outcome, StatusOutcome::Settled | StatusOutcome::Rejected);
    BankAnswer::Named(if decides && !(is_ours && repeated == Some(Ok(subject.amount))) {
        read.doubted(Doubt::NotNamed)
    } else if word == bankapi::COMPLETED && !status.exceptions.is_empty() {
        // Reasons are for what was rejected or came back.
        read.doubted(Doubt::Contradiction)
    } else {
        read
    })
}

/// The outcome, the reason's code and the words that follow from what the API's table says. Both kinds of "settled" mean that it is paid: whether it may come
/// back is in the rail's record. What came back was paid before; the statement says when and how much.
fn meaning(evidence: ApiEvidence) -> (StatusOutcome, String, String) {
    let with = |outcome, words: &str| (outcome, String::new(), words.to_owned());
    match evidence {
        ApiEvidence::Pending => with(StatusOutcome::Pending, ""),
        ApiEvidence::NeedsUs(case) => with(StatusOutcome::Pending, note(case)),
        ApiEvidence::SentToClearing => with(StatusOutcome::Pending, "the clearing has it"),
        ApiEvidence::Settled | ApiEvidence::SettledReturnable => with(StatusOutcome::Settled, ""),
        ApiEvidence::Returned(exceptions) => {
            let (code, words) = reason(&exceptions);
            let separator = if words.is_empty() { "" } else { ": " };
            (StatusOutcome::Settled, code, format!("it was paid and came back{separator}{words}"))
        }
        ApiEvidence::Rejected(exceptions) => {
            let (code, words) = reason(&exceptions);
            (StatusOutcome::Rejected, code, words)
        }
        ApiEvidence::Cancelled => with(StatusOutcome::Rejected, "the bank cancelled it before it was executed"),
        ApiEvidence::Unclear(why) => with(StatusOutcome::Unclear, &why),
    }
}

/// What somebody has to do, in words that the person paid may read.
const fn note(case: ApiCase) -> &'static str {
    match case {
        ApiCase::ClientAction => "the bank waits for an answer of ours",
        ApiCase::ComplianceReview | ApiCase::FraudReview => "the bank is looking at it",
        ApiCase::Funding => "the bank waits for money on our account",
    }
}

/// The code of a refusal and its words: a code of ISO 20022 if the bank gives one, since its meaning is known here; else the bank's own.
fn reason(exceptions: &[ApiException]) -> (String, String) {
    let iso = exceptions.iter().flat_map(|one| &one.standard_codes).find(|(kind, _)| kind == ISO).map(|(_, code)| code);
    let own = exceptions.iter().find_map(|one| one.code.as_ref());
    let words: Vec<&str> = exceptions.iter().map(|one| one.words.as_str()).filter(|words| !words.is_empty()).collect();
    (iso.or(own).map_or_else(String::new, |code| plain(code, REASON_CODE_CHARS_MAX)), words.join("; "))
}

/// Evidence about the last sending: all of them have one key, so the bank has one payment, and an earlier sending counts only if the bank did not take it.
fn said(subject: SentPayment<'_>, outcome: StatusOutcome, status: &str, words: &str) -> BankEvidence {
    BankEvidence {
        sending: ReportedSending::This(subject.sends),
        outcome,
        duplicate: false,
        status: plain(status, REASON_CODE_CHARS_MAX),
        reason_code: String::new(),
        words: plain(words, REASON_CHARS_MAX),
        doubt: None,
    }
}

#[cfg(test)]
mod tests;
