//! Lines of `camt.052`, `camt.053` and `camt.054`.

use super::{BankFileLines, StatementPart, problem};
use crate::{
    line::{BankLine, LineBatch, LineCharge, LinePlace, LineReturn, LineStanding},
    references::{FoundReference, ReferenceStrength, account_key, in_text, is_trace, return_code, state, words},
};
use iso20022::{
    camt053::Direction,
    report::{AccountReport, AccountReports, BankTransactionCode, EntryCharge, EntryStatus, EntryTransaction, ReportEntry, ReportKind},
};
use money::Money;

/// Subfamilies of entries that bring a payment back: after a return, and after a request to cancel it.
const RETURN_SUBFAMILIES: [&str; 2] = ["RRTN", "RPCR"];
/// Subfamilies of charges, fees, commissions and interest.
const CHARGE_SUBFAMILIES: [&str; 6] = ["CHRG", "FEES", "COME", "COMI", "COMT", "INTR"];

/// Reads a message.
pub(super) fn read(bytes: &[u8], file: usize) -> BankFileLines {
    let format = iso20022::xml::envelope::message_name(bytes).unwrap_or_else(|| "unknown".to_owned());
    let message = match AccountReports::read(bytes) {
        Ok(message) => message,
        Err(error) => return BankFileLines::checked(&format, Vec::new(), Vec::new(), vec![problem("document", error.to_string(), true)]),
    };
    let findings = message.findings().into_iter();
    let problems = findings.map(|finding| problem(&finding.path, finding.what, finding.touches_money)).collect();
    let (mut statements, mut lines) = (Vec::new(), Vec::new());
    for (at, report) in message.reports.iter().enumerate() {
        let standing = standing(message.kind, report);
        let part = part(report, file, at + 1, standing);
        for (entry_at, entry) in report.entries.iter().enumerate() {
            let place = LinePlace { file, statement: at + 1, entry: entry_at + 1, detail: 0 };
            lines.extend(entry_lines(&part, entry, place));
        }
        statements.push(part);
    }
    BankFileLines::checked(&format, statements, lines, problems)
}

/// Whether a report's booked entries count. A copy was sent before, and must not be booked again.
pub(super) fn standing(kind: ReportKind, report: &AccountReport) -> LineStanding {
    if kind == ReportKind::Statement && report.copy.is_none() { LineStanding::Booked } else { LineStanding::Information }
}

/// The lines of an entry of a statement.
pub(super) fn entry_lines(part: &StatementPart, entry: &ReportEntry, place: LinePlace) -> Vec<BankLine> {
    let standing = if entry.status == EntryStatus::Booked { part.standing } else { LineStanding::Information };
    CamtEntry { entry, place, standing, account: part.account.as_deref() }.lines()
}

pub(super) fn part(report: &AccountReport, file: usize, statement: usize, standing: LineStanding) -> StatementPart {
    let of = |kinds: [&str; 2]| {
        let found = |kind: &str| report.balances.iter().find(|balance| balance.kind == kind && balance.subtype.is_none());
        kinds.into_iter().find_map(found)
    };
    let (opening, closing) = (of(["OPBD", "PRCD"]), of(["CLBD", "CLBD"]));
    let first = report.entries.first().map(|entry| entry.amount.currency());
    let currency = report.account.currency.or(closing.map(|balance| balance.amount.currency())).or(first);
    // A money's minor units fit, with either sign.
    let minor = |balance: &iso20022::report::ReportBalance| i64::try_from(balance.signed_minor_units()).ok();
    StatementPart {
        file,
        statement,
        account: report.account.id.as_ref().map(|id| account_key(id.number())),
        currency: currency.map(|currency| currency.code().to_owned()).unwrap_or_default(),
        id: Some(report.id.clone()),
        number: report.electronic_sequence,
        page: report.page.as_ref().map(|page| page.number),
        standing,
        opening: opening.and_then(minor),
        closing: closing.and_then(minor),
        day: closing.map(|balance| balance.date),
    }
}

/// An entry with what its report says about it.
#[derive(Clone, Copy)]
struct CamtEntry<'a> {
    entry: &'a ReportEntry,
    place: LinePlace,
    standing: LineStanding,
    account: Option<&'a str>,
}

impl CamtEntry<'_> {
    fn lines(self) -> Vec<BankLine> {
        let entry = self.entry;
        let details: Vec<&EntryTransaction> = entry.batches.iter().flat_map(|batch| &batch.transactions).collect();
        let currency = entry.amount.currency();
        if details.is_empty() {
            return vec![self.whole()];
        }
        if let [detail] = details.as_slice() {
            let own = detail.amount_in(currency).filter(|own| self.charged(&details, *own)).unwrap_or(entry.amount);
            return self.with_charges(vec![self.detail(detail, own, 0)]);
        }
        // The message's own check refuses an entry with several payments of which one has no amount.
        let amount = |detail: &EntryTransaction| detail.amount_in(currency).unwrap_or(entry.amount);
        let numbered = details.iter().enumerate();
        self.with_charges(numbered.map(|(at, detail)| self.detail(detail, amount(detail), at + 1)).collect())
    }

    /// Whether stated charges explain why a single payment's amount is not the entry's.
    fn charged(self, details: &[&EntryTransaction], own: Money) -> bool {
        let of = |charges: &[EntryCharge]| {
            charges.iter().filter(|charge| charge.amount.currency() == own.currency()).map(signed_charge).sum::<i128>()
        };
        let (entry, inside) = (of(&self.entry.charges), details.iter().map(|detail| of(&detail.charges)).sum::<i128>());
        let difference = self.entry.direction.signed(self.entry.amount) - self.entry.direction.signed(own);
        [0, entry, inside, entry + inside].contains(&difference)
    }

    /// Adds a line for what the entry was charged beyond its payments, so that its lines come to its amount.
    fn with_charges(self, mut lines: Vec<BankLine>) -> Vec<BankLine> {
        let sum: i128 = lines.iter().map(|line| line.direction.signed(line.amount)).sum();
        let rest = self.entry.direction.signed(self.entry.amount) - sum;
        let amount = i64::try_from(rest.unsigned_abs()).ok().and_then(|rest| Money::try_new(self.entry.amount.currency(), rest).ok());
        if let Some(amount) = amount.filter(|amount| amount.minor_units() > 0) {
            let direction = if rest < 0 { Direction::Debit } else { Direction::Credit };
            let number = lines.len() + 1;
            let place = LinePlace { detail: number, ..self.place };
            let whole = self.whole();
            lines.push(BankLine {
                place,
                reference_part: number,
                amount,
                direction,
                is_charge: true,
                batch: None,
                returned: None,
                charges: Vec::new(),
                ..whole
            });
        }
        lines
    }

    /// The entry as one line.
    fn whole(self) -> BankLine {
        let entry = self.entry;
        let texts: Vec<String> = entry.additional.iter().cloned().collect();
        let mut end_to_end = Vec::new();
        texts.iter().for_each(|text| in_text(text, "AddtlNtryInf", &mut end_to_end));
        let ids = entry.batches.iter().flat_map(|batch| [batch.payment_id.clone(), batch.message_id.clone()]).flatten().collect();
        let first = entry.batches.first();
        BankLine {
            place: self.place,
            account: self.account.map(str::to_owned),
            standing: self.standing,
            direction: entry.direction,
            is_reversal: entry.is_reversal,
            is_charge: is_of(&entry.code, &CHARGE_SUBFAMILIES),
            amount: entry.amount,
            charges: charges(&entry.charges),
            booked: entry.booked,
            value_date: entry.value_date,
            bank_reference: entry.bank_reference.clone(),
            reference_part: 0,
            end_to_end,
            payment_ids: reference(entry.bank_reference.as_deref(), "AcctSvcrRef").into_iter().collect(),
            returned: is_of(&entry.code, &RETURN_SUBFAMILIES).then(|| return_of(&texts)),
            batch: first.map(|batch| LineBatch { ids, stated_count: batch.stated_count, stated_total: batch.stated_total }),
            texts,
            counterparty: None,
        }
    }

    /// Who paid what came in, or was paid what went out. The parties of a return are those of the payment that came back.
    fn counterparty(self, detail: &EntryTransaction) -> Option<String> {
        let direction = detail.direction.unwrap_or(self.entry.direction);
        let paid_us = (direction == Direction::Credit) != detail.returned.is_some();
        if paid_us { detail.debtor.name.clone() } else { detail.creditor.name.clone() }
    }

    /// One payment of the entry; `number` is 0 if it is the only one.
    fn detail(self, detail: &EntryTransaction, amount: Money, number: usize) -> BankLine {
        let whole = self.whole();
        let references = &detail.references;
        let mut texts: Vec<String> =
            detail.remittance.iter().chain(&detail.creditor_references).chain(&detail.additional).cloned().collect();
        let mut end_to_end = Vec::new();
        state(references.end_to_end_id.as_deref(), "EndToEndId", &mut end_to_end);
        texts.iter().for_each(|text| in_text(text, "RmtInf", &mut end_to_end));
        if number == 0 {
            end_to_end.extend(whole.end_to_end.iter().cloned());
        }
        let ids = [
            (&references.transaction_id, "TxId"),
            (&references.uetr, "UETR"),
            (&references.clearing_reference, "ClrSysRef"),
            (&references.instruction_id, "InstrId"),
            (&references.bank_reference, "AcctSvcrRef"),
        ];
        let mut payment_ids: Vec<_> = ids.into_iter().filter_map(|(id, field)| reference(id.as_deref(), field)).collect();
        if number == 0 {
            payment_ids.extend(whole.payment_ids.iter().cloned());
            texts.extend(whole.texts.iter().cloned());
        }
        let returned = detail.returned.as_ref().map(|note| LineReturn {
            code: note.reason.as_ref().map(|reason| reason.code().to_owned()).or_else(|| return_code(&note.additional)),
            original_amount: detail.amounts.instructed.as_ref().map(|instructed| instructed.amount),
            original_traces: traces(&texts),
        });
        let by_code = || whole.returned.is_some() || is_of(&detail.code, &RETURN_SUBFAMILIES);
        let returned = returned.or_else(|| by_code().then(|| return_of(&texts)));
        BankLine {
            place: LinePlace { detail: number, ..self.place },
            direction: detail.direction.unwrap_or(self.entry.direction),
            is_charge: whole.is_charge || is_of(&detail.code, &CHARGE_SUBFAMILIES),
            amount,
            charges: if detail.charges.is_empty() { whole.charges } else { charges(&detail.charges) },
            reference_part: if references.bank_reference.is_none() { number } else { 0 },
            bank_reference: references.bank_reference.clone().or(whole.bank_reference),
            end_to_end,
            payment_ids,
            returned,
            batch: None,
            texts,
            counterparty: self.counterparty(detail),
            ..whole
        }
    }
}

/// A return that the bank calls one by its code only; of ACH entries, banks write the reason and the trace number of what came back in the text.
fn return_of(texts: &[String]) -> LineReturn {
    LineReturn { code: return_code(texts), original_amount: None, original_traces: traces(texts) }
}

fn traces(texts: &[String]) -> Vec<String> {
    texts.iter().flat_map(|text| words(text)).filter(|word| is_trace(word)).map(str::to_owned).collect()
}

fn is_of(code: &BankTransactionCode, subfamilies: &[&str]) -> bool {
    code.subfamily.as_deref().is_some_and(|subfamily| subfamilies.contains(&subfamily))
}

/// A charge is a debit unless the bank says otherwise.
fn signed_charge(charge: &EntryCharge) -> i128 {
    charge.direction.unwrap_or(Direction::Debit).signed(charge.amount)
}

fn charges(charges: &[EntryCharge]) -> Vec<LineCharge> {
    charges.iter().map(|charge| LineCharge { amount: charge.amount, is_included: charge.is_included }).collect()
}

fn reference(text: Option<&str>, field: &'static str) -> Option<FoundReference> {
    Some(FoundReference { text: text?.to_owned(), field, strength: ReferenceStrength::Stated })
}
