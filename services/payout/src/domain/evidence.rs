//! What a bank's whole report proves of one payment, whatever its levels, their order and its codes. The decision is made by [`super::judgement`].

use super::shared::shared_in;
use iso20022::{
    ReasonCode, StatusOutcome, TransactionStatus,
    pain002::{NOT_PROVIDED, StatusReport, Verdict},
};
use money::{Money, text::is_hidden};

/// Codes for a payment that the bank has received before (`ExternalStatusReason1Code`, second quarter of 2026): AM05 in general, the others for the id
/// that was repeated: message, payment, transaction, end to end, and the whole content.
const DUPLICATES: [&str; 7] = ["AM05", "DUPL", "DU01", "DU02", "DU03", "DU04", "DU05"];
/// How the word begins in banks' proprietary reasons.
const DUPLICATE_WORD: &str = "duplic";
/// Longest reason code that is kept with a payout, in characters: `Prtry` is `Max35Text`.
pub const REASON_CODE_CHARS_MAX: usize = 35;
/// Longest reason text that is kept with a payout, in characters. The message itself is kept, sealed.
pub const REASON_CHARS_MAX: usize = 350;

/// The payment that an answer must be about.
#[derive(Debug, Clone, Copy)]
pub struct SentPayment<'a> {
    /// `EndToEndId`.
    pub end_to_end_id: &'a str,
    /// Id of the rail over which it was sent.
    pub rail: &'a str,
    /// How often it was sent; sendings are numbered from 1.
    pub sends: i64,
    /// The messages that it shared with other payments, by sendings; none for those that had a message of their own.
    pub shared: &'a [Option<String>],
    /// The amount to be paid.
    pub amount: Money,
}

impl<'a> SentPayment<'a> {
    /// The payment of a payout's attempt, which has this id.
    #[must_use]
    pub fn of(payout: &'a super::Payout, end_to_end_id: &'a str) -> Self {
        Self { end_to_end_id, rail: &payout.attempt.rail, sends: payout.sends, shared: payout.shared.ids(), amount: payout.amount_sent() }
    }
}

/// Which sending a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportedSending {
    /// This one.
    This(i64),
    /// It names no message.
    Unnamed,
    /// A message that is not one of this payment's.
    Foreign,
}

/// Why a report that names the payment decides nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Doubt {
    /// It contradicts itself.
    Contradiction,
    /// It repeats an amount or a currency other than ours.
    OtherAmount,
    /// It is about a message that is not ours.
    OtherMessage,
    /// It names the payment and gives it no status.
    NoStatus,
    /// It arrived with an error status, or with "not found".
    HttpStatus(u16),
    /// It can't be read, and names the payment.
    Unreadable,
    /// It decides, and does not repeat the payment's id and amount.
    NotNamed,
    /// It says of a message of many payments that it is paid, and lists none of them.
    NotListed,
    /// The bank has more than one payment with the id.
    Twice,
    /// The bank had another content under the id before.
    OtherContent,
}

impl Doubt {
    /// In words, for people.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Contradiction => "the bank contradicts itself".to_owned(),
            Self::OtherAmount => "the bank reports another amount".to_owned(),
            Self::OtherMessage => "the bank reports on another message".to_owned(),
            Self::NoStatus => "the bank names the payment without a status".to_owned(),
            Self::HttpStatus(status) => format!("the bank reports it with HTTP {status}"),
            Self::Unreadable => "the bank's answer names the payment and can't be read".to_owned(),
            Self::NotListed => "the bank says that the message is paid, and lists no payment of it".to_owned(),
            Self::NotNamed => "the bank decides without repeating the payment's id and amount".to_owned(),
            Self::Twice => "the bank has more than one payment with this id".to_owned(),
            Self::OtherContent => "the bank has another payment under this id".to_owned(),
        }
    }
}

/// What a report that names the payment proves: at least that the bank has seen it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BankEvidence {
    /// Which sending it is about.
    pub sending: ReportedSending,
    /// The outcome it reports.
    pub outcome: StatusOutcome,
    /// It reports that the payment had arrived before.
    pub duplicate: bool,
    /// ISO 20022 codes, the most specific first, joined where there are several.
    pub status: String,
    /// Code of the reason of a rejection, or nothing.
    pub reason_code: String,
    /// The reason in words.
    pub words: String,
    /// Why it decides nothing, if not because of the status itself.
    pub doubt: Option<Doubt>,
}

impl BankEvidence {
    /// Proof that the bank has seen the payment, and nothing else.
    #[must_use]
    pub fn only_seen(doubt: Doubt) -> Self {
        Self {
            sending: ReportedSending::Unnamed,
            outcome: StatusOutcome::Unclear,
            duplicate: false,
            status: String::new(),
            reason_code: String::new(),
            words: String::new(),
            doubt: Some(doubt),
        }
    }

    /// The same evidence, but deciding nothing.
    #[must_use]
    pub fn doubted(self, doubt: Doubt) -> Self {
        Self { outcome: StatusOutcome::Unclear, doubt: Some(doubt), ..self }
    }

    /// In words: what the bank reported, and why that decides nothing.
    #[must_use]
    pub fn note(&self) -> String {
        let doubt = self.doubt.map(Doubt::words).unwrap_or_default();
        let parts = [self.status.as_str(), &self.reason_code, &self.words, &doubt];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}

/// What a report proves of a payment; `None` where it does not name it.
#[must_use]
pub fn evidence(report: &StatusReport, payment: SentPayment<'_>) -> Option<BankEvidence> {
    let sending = reported_sending(&report.original_message_id, payment);
    match sending {
        ReportedSending::This(send) if shared_in(payment.shared, send).is_some() => {
            // A report that lists payments says nothing of those that it leaves out.
            of_one(report.parts(&[payment.end_to_end_id]).pop()??, payment, sending)
        }
        ReportedSending::This(_) | ReportedSending::Unnamed | ReportedSending::Foreign => of_message(report, payment, sending),
    }
}

/// The same, of a report about a message of many payments, as far as it is about this one. It is decided by its own statuses: a status of the whole message
/// counts beside them, and alone only if it refuses the whole message or decides nothing.
fn of_one(part: StatusReport, payment: SentPayment<'_>, sending: ReportedSending) -> Option<BankEvidence> {
    let (id, has_status) = (payment.end_to_end_id, part.group_status.is_some() || part.payments.iter().any(|of| of.status.is_some()));
    let listed = part.names(id);
    if !listed && !has_status {
        return None;
    }
    let said = of_message(&part, payment, sending)?;
    Some(if !listed && said.outcome == StatusOutcome::Settled { said.doubted(Doubt::NotListed) } else { said })
}

fn of_message(report: &StatusReport, payment: SentPayment<'_>, sending: ReportedSending) -> Option<BankEvidence> {
    let id = payment.end_to_end_id;
    let ours = matches!(sending, ReportedSending::This(_));
    // A message of one payment has one transfer, and its `PmtInfId` is the same as the transfer's id.
    let named = report.names(id) || ours || report.payments.iter().any(|of| of.original_payment_id == id);
    if !named {
        return None;
    }
    // The group status of every message that names it counts too: where it contradicts the payment's status, neither decides.
    let Some(verdict) = report.verdict(id, &report.original_message_id) else {
        return Some(BankEvidence { sending, ..BankEvidence::only_seen(Doubt::NoStatus) });
    };
    let said = read(&verdict, sending);
    if report.amounts(id).any(|repeated| repeated != payment.amount) {
        return Some(said.doubted(Doubt::OtherAmount));
    }
    if sending == ReportedSending::Foreign {
        return Some(said.doubted(Doubt::OtherMessage));
    }
    Some(if verdict.contradicts_itself() { said.doubted(Doubt::Contradiction) } else { said })
}

fn reported_sending(message_id: &str, payment: SentPayment<'_>) -> ReportedSending {
    if message_id == NOT_PROVIDED {
        return ReportedSending::Unnamed;
    }
    if let Some(send) = (1..=payment.sends).find(|send| shared_in(payment.shared, *send) == Some(message_id)) {
        return ReportedSending::This(send);
    }
    let number = message_id.strip_prefix(payment.end_to_end_id).and_then(|rest| rest.strip_prefix('-'));
    let number = number.and_then(|text| text.parse().ok().filter(|number: &i64| number.to_string() == text));
    number.filter(|send| (1..=payment.sends).contains(send)).map_or(ReportedSending::Foreign, ReportedSending::This)
}

fn read(verdict: &Verdict, sending: ReportedSending) -> BankEvidence {
    let outcome = verdict.outcome();
    let reason = verdict.reason().filter(|_| outcome == StatusOutcome::Rejected);
    let own_words = verdict.additional();
    let words = if own_words.is_empty() { reason.map_or("", ReasonCode::words) } else { own_words.as_str() };
    BankEvidence {
        sending,
        outcome,
        duplicate: is_duplicate(verdict),
        status: plain(&verdict.statuses.iter().map(TransactionStatus::code).collect::<Vec<_>>().join("+"), REASON_CODE_CHARS_MAX),
        reason_code: reason.map_or_else(String::new, |reason| plain(reason.code(), REASON_CODE_CHARS_MAX)),
        words: plain(words, REASON_CHARS_MAX),
        doubt: None,
    }
}

/// Whether any reason reports a duplicate, in any position: by code, by a code in a proprietary field, or in words.
fn is_duplicate(verdict: &Verdict) -> bool {
    let says_so = |text: &str| text.to_ascii_lowercase().contains(DUPLICATE_WORD);
    verdict.reasons.iter().any(|reason| {
        let by_code = reason.reason.as_ref().is_some_and(|code| {
            let code = code.code();
            DUPLICATES.iter().any(|known| code.trim().eq_ignore_ascii_case(known)) || says_so(code)
        });
        by_code || reason.additional.iter().any(|line| says_so(line))
    })
}

/// A text from outside as it is kept and shown: without invisible characters, and no longer than that.
#[must_use]
pub fn plain(text: &str, chars_max: usize) -> String {
    let clean = |c: char| if is_hidden(c) { ' ' } else { c };
    text.chars().take(chars_max).map(clean).collect::<String>().trim_end().to_owned()
}
