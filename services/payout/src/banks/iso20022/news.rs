//! What a bank tells of its own accord, and which credits of a statement bring money back.

use super::CallbackNews;
use crate::{
    banks::connector::BookedBatch,
    domain::{
        evidence::{REASON_CODE_CHARS_MAX, plain},
        returns::BankCredit,
    },
};
use iso20022::{
    camt053::Direction,
    pain002::{PaymentReport, StatusReport},
    report::{AccountReport, AccountReports, EntryCharge, EntryStatus, EntryTransaction, ReportEntry, ReportKind},
    resolution::Resolution,
};
use money::{Money, time::day_start};

/// Parts of namespaces, whatever their version.
const STATUS: &[u8] = b"xsd:pain.002.";
const NOTIFICATION: &[u8] = b"xsd:camt.054.";
const RESOLUTION: &[u8] = b"xsd:camt.029.";
/// Where a namespace must be, in bytes from the beginning.
const NAMESPACE_WITHIN: usize = 1_024;
/// Longest reference of a bank that is kept, in characters; the schema has 35.
const REFERENCE_CHARS_MAX: usize = 70;

/// Reads a callback: `pain.002`, `camt.054` or `camt.029`.
pub(crate) fn read(body: &[u8]) -> Result<Vec<CallbackNews>, String> {
    let head = &body[..body.len().min(NAMESPACE_WITHIN)];
    let holds = |part: &[u8]| head.windows(part.len()).any(|place| place == part);
    if holds(STATUS) {
        let report = StatusReport::read(body).map_err(|error| error.to_string())?;
        let mut ids: Vec<String> = report.payments.iter().flat_map(named).collect();
        if report.payments.is_empty() {
            // A message of ours has one payment, and its id begins with the payment's.
            ids.extend(report.original_message_id.split('-').next().map(str::to_owned));
        }
        ids.sort_unstable();
        ids.dedup();
        return Ok(ids.into_iter().map(CallbackNews::Payment).collect());
    }
    if holds(NOTIFICATION) {
        let reports = AccountReports::read(body).map_err(|error| error.to_string())?;
        if reports.kind != ReportKind::Notification {
            return Err("its namespace and its content differ".to_owned());
        }
        return Ok(reports.reports.iter().flat_map(told).collect());
    }
    if holds(RESOLUTION) {
        let resolution = Resolution::read(body).map_err(|error| error.to_string())?;
        let of_transactions = resolution.transactions.iter().filter_map(|one| one.case_id.clone());
        let mut ids: Vec<String> = resolution.case_id.clone().into_iter().chain(of_transactions).collect();
        ids.sort_unstable();
        ids.dedup();
        return Ok(ids.into_iter().map(CallbackNews::Recall).collect());
    }
    Err("it is no pain.002, camt.054 or camt.029".to_owned())
}

/// The payments that a part of a report names. Our payments have one transfer each, with the id of its payment.
fn named(part: &PaymentReport) -> Vec<String> {
    let ids: Vec<String> = part.transactions.iter().filter_map(|one| one.end_to_end_id.clone()).collect();
    if ids.is_empty() { vec![part.original_payment_id.clone()] } else { ids }
}

/// A notification's report: credits, and debits as news of their payments.
fn told(report: &AccountReport) -> Vec<CallbackNews> {
    let number = report.account.id.as_ref().map_or_else(String::new, |id| id.number().to_owned());
    let debits = report.entries.iter().filter(|entry| entry.direction == Direction::Debit);
    let debited = debits.flat_map(|entry| &entry.batches).flat_map(|batch| &batch.transactions);
    let payments = debited.filter_map(|one| one.references.end_to_end_id.clone()).map(CallbackNews::Payment);
    payments.chain(of_report(report).into_iter().map(|credit| CallbackNews::Credit(number.clone(), credit))).collect()
}

/// The booked credits of a statement that name a payment.
pub(crate) fn credits(body: &[u8]) -> Result<Vec<BankCredit>, String> {
    let reports = AccountReports::read(body).map_err(|error| error.to_string())?;
    // Of a message with several statements, or with none, `Statement::read` has refused the whole.
    Ok(reports.reports.first().map(of_report).unwrap_or_default())
}

/// The booked debits of a statement that are the sum of several payments.
pub(crate) fn batches(body: &[u8]) -> Result<Vec<BookedBatch>, String> {
    let reports = AccountReports::read(body).map_err(|error| error.to_string())?;
    let entries =
        reports.reports.first().map(|report| report.entries.iter().enumerate().filter_map(|(place, entry)| batch(place, entry)).collect());
    Ok(entries.unwrap_or_default())
}

fn batch(place: usize, entry: &ReportEntry) -> Option<BookedBatch> {
    let transactions: Vec<&EntryTransaction> = entry.batches.iter().flat_map(|batch| &batch.transactions).collect();
    let named = entry.batches.iter().flat_map(|batch| [&batch.message_id, &batch.payment_id]).flatten();
    let mut ids: Vec<String> = named.map(|id| plain(id, REFERENCE_CHARS_MAX)).collect();
    ids.dedup();
    let is_sum = transactions.len() > 1 || (transactions.is_empty() && !ids.is_empty());
    if !is_sum || entry.direction != Direction::Debit || entry.status != EntryStatus::Booked {
        return None;
    }
    let part = |one: &&EntryTransaction| {
        let is_debit = one.direction.unwrap_or(Direction::Debit) == Direction::Debit;
        Some((one.references.end_to_end_id.clone()?, one.amount_in(entry.amount.currency()).filter(|_| is_debit)?))
    };
    let listed: Vec<(String, Money)> = transactions.iter().map(part).collect::<Option<_>>().unwrap_or_default();
    let sum: i128 = listed.iter().map(|(_, amount)| i128::from(amount.minor_units())).sum();
    let is_whole = sum == i128::from(entry.amount.minor_units());
    let reference = entry.bank_reference.as_deref().map_or_else(String::new, |reference| plain(reference, REFERENCE_CHARS_MAX));
    Some(BookedBatch { place, reference, ids, listed: if is_whole { listed } else { Vec::new() } })
}

fn of_report(report: &AccountReport) -> Vec<BankCredit> {
    let entries = report.entries.iter().enumerate();
    let booked = entries.filter(|(_, entry)| entry.status == EntryStatus::Booked && entry.direction == Direction::Credit);
    booked.flat_map(|(place, entry)| of_entry(place, entry)).collect()
}

fn of_entry(place: usize, entry: &ReportEntry) -> Vec<BankCredit> {
    let transactions: Vec<&EntryTransaction> = entry.batches.iter().flat_map(|batch| &batch.transactions).collect();
    let alone = transactions.len() == 1;
    let credit = |(number, one): (usize, &&EntryTransaction)| {
        let credited = one.direction.unwrap_or(Direction::Credit) == Direction::Credit;
        let named = one.references.end_to_end_id.clone();
        if !credited || (named.is_none() && one.returned.is_none()) {
            return None;
        }
        // One transaction of several has an amount of its own, or it is not known what came back for it.
        let amount = one.amount_in(entry.amount.currency()).or(alone.then_some(entry.amount))?;
        let end_to_end_id = named.unwrap_or_default();
        Some(BankCredit {
            place,
            bank_reference: reference(entry, one, number, amount, &end_to_end_id),
            end_to_end_id: plain(&end_to_end_id, REFERENCE_CHARS_MAX),
            amount,
            charge_minor_units: kept(&one.charges, amount),
            is_return: one.returned.is_some(),
            code: one
                .returned
                .as_ref()
                .and_then(|note| note.reason.as_ref())
                .map_or_else(String::new, |reason| plain(reason.code(), REASON_CODE_CHARS_MAX)),
            value_date: entry.value_date.map_or_else(String::new, |date| date.to_string()),
            booked_at_ms: booked_at_ms(entry),
        })
    };
    transactions.iter().enumerate().filter_map(credit).collect()
}

/// The bank's reference of one transaction: its own, else the entry's with its number. Without any, what can't be the same of two of them in a day.
fn reference(entry: &ReportEntry, one: &EntryTransaction, number: usize, amount: Money, end_to_end_id: &str) -> String {
    let own = one.references.bank_reference.as_deref().map(str::to_owned);
    let of_entry = entry.bank_reference.as_deref().or(entry.reference.as_deref());
    let of_entry = of_entry.map(|reference| if number == 0 { reference.to_owned() } else { format!("{reference}/{number}") });
    let made = || {
        let day = entry.booked.map_or_else(String::new, |day| day.to_string());
        format!("{day} {end_to_end_id} {} {number}", amount.minor_units())
    };
    plain(&own.or(of_entry).unwrap_or_else(made), REFERENCE_CHARS_MAX)
}

/// What was kept, in minor units of the amount's currency.
fn kept(charges: &[EntryCharge], amount: Money) -> i64 {
    let ours = charges.iter().filter(|charge| charge.amount.currency() == amount.currency());
    let debits = ours.filter(|charge| charge.direction.unwrap_or(Direction::Debit) == Direction::Debit);
    debits.fold(0_i64, |sum, charge| sum.saturating_add(charge.amount.minor_units()))
}

fn booked_at_ms(entry: &ReportEntry) -> i64 {
    let day = || entry.booked.map(day_start);
    entry.booked_at.or_else(day).map_or(0, |moment| moment.as_millisecond().max(0))
}

#[cfg(test)]
mod tests;
