//! What the bank tells of its books: statements, camt.053, and notifications of single entries, camt.054.

use super::{
    books::{AccountBookings, BankEntry, BankEntryKind, STATEMENT_ENTRIES_MAX},
    clock::{fresh_id, moment},
    own_accounts::own_account_id,
    rails::day_of,
};
use iso20022::{
    ReasonCode,
    camt053::Direction,
    report::{
        AccountReport, AccountReports, AmountConversion, BankTransactionCode, EntryBatch, EntryCharge, EntryReferences, EntryStatus,
        EntryTransaction, RelatedAmounts, RelatedParty, ReportAccount, ReportBalance, ReportEntry, ReportKind, ReportTotals, ReturnNote,
    },
};
use jiff::{Timestamp, civil::Date};
use money::{Currency, Money};
use std::collections::HashMap;

/// Who owns our accounts, and the bank's own name.
pub const OWNER: &str = "Largesse";
pub const BANK_NAME: &str = "Sandbox Bank";

fn signed(currency: Currency, minor_units: i64) -> (Money, Direction) {
    let direction = if minor_units < 0 { Direction::Debit } else { Direction::Credit };
    let amount = Money::try_new(currency, minor_units.saturating_abs()).expect("accounts and bookings stay within 2^53");
    (amount, direction)
}

/// The statement of an account with its entries, and, if it is of all of them, of its balance.
pub fn statement(currency: Currency, account: &AccountBookings, is_part: bool, now_ms: i64) -> AccountReports {
    let entries = &account.entries;
    let shown: i64 = entries.iter().map(|entry| entry.minor_units).sum();
    // Equal to the account's opening balance unless old entries are left out.
    let closing = if is_part { entries.last().and_then(|entry| entry.balance).unwrap_or(account.balance) } else { account.balance };
    let balance = |kind: &str, minor_units, at: Timestamp| {
        let (amount, direction) = signed(currency, minor_units);
        ReportBalance { kind: kind.to_owned(), subtype: None, amount, direction, date: day_of(currency, at), moment: None }
    };
    let opened = moment(account.opened_at_ms);
    let balances = vec![balance("OPBD", closing - shown, opened), balance("CLBD", closing, moment(now_ms))];
    let entries = grouped(currency, entries, account.has_bare_batches);
    reports(ReportKind::Statement, report(currency, balances, entries, now_ms), now_ms)
}

/// The statement of the last day before `today` with bookings, which are only it: the same bytes whenever it is asked for. `None`: there is no such day among
/// the newest bookings.
pub fn last_day(currency: Currency, account: &AccountBookings, today: Date) -> Option<AccountReports> {
    let day = |entry: &BankEntry| day_of(currency, moment(entry.booked_at_ms));
    let last = account.entries.iter().rfind(|entry| day(entry) < today)?;
    let (closed, is_cut) = (day(last), account.entries.len() >= usize::try_from(STATEMENT_ENTRIES_MAX).unwrap_or(usize::MAX));
    if is_cut && account.entries.first().is_some_and(|first| day(first) >= closed) {
        return None;
    }
    let of_day: Vec<BankEntry> = account.entries.iter().filter(|entry| day(entry) == closed).cloned().collect();
    let later: i64 = account.entries.iter().filter(|entry| day(entry) > closed).map(|entry| entry.minor_units).sum();
    let closing = account.balance - later;
    let opening = closing - of_day.iter().map(|entry| entry.minor_units).sum::<i64>();
    let balance = |kind: &str, minor_units| {
        let (amount, direction) = signed(currency, minor_units);
        ReportBalance { kind: kind.to_owned(), subtype: None, amount, direction, date: closed, moment: None }
    };
    let entries = grouped(currency, &of_day, account.has_bare_batches);
    let made_ms = last.booked_at_ms;
    let of_account = report(currency, vec![balance("OPBD", opening), balance("CLBD", closing)], entries, made_ms);
    let named = AccountReport { id: format!("{}-{closed}", currency.code()), ..of_account };
    let message_id = format!("S-{}-{closed}", currency.code());
    Some(AccountReports { message_id, ..reports(ReportKind::Statement, named, made_ms) })
}

/// A notification of entries. Batches come with their transactions.
pub fn notification(currency: Currency, entries: &[BankEntry], now_ms: i64) -> AccountReports {
    reports(ReportKind::Notification, report(currency, Vec::new(), grouped(currency, entries, false), now_ms), now_ms)
}

fn reports(kind: ReportKind, report: AccountReport, now_ms: i64) -> AccountReports {
    AccountReports { kind, message_id: fresh_id("S"), created: moment(now_ms), page: None, reports: vec![report] }
}

fn report(currency: Currency, balances: Vec<ReportBalance>, entries: Vec<ReportEntry>, now_ms: i64) -> AccountReport {
    AccountReport {
        id: format!("{}-{now_ms}", currency.code()),
        page: None,
        electronic_sequence: None,
        legal_sequence: None,
        created: Some(moment(now_ms)),
        period: None,
        copy: None,
        account: ReportAccount {
            id: Some(own_account_id(currency)),
            currency: Some(currency),
            owner: Some(OWNER.to_owned()),
            servicer_bic: None,
            servicer_name: None,
        },
        balances,
        totals: ReportTotals::default(),
        entries,
    }
}

/// One entry per booking, and one for all bookings of a batch, where its first one is.
fn grouped(currency: Currency, entries: &[BankEntry], are_bare: bool) -> Vec<ReportEntry> {
    let mut groups: Vec<Vec<&BankEntry>> = Vec::new();
    let mut batches: HashMap<(&str, &str), usize> = HashMap::new();
    for entry in entries {
        if !entry.is_batched {
            groups.push(vec![entry]);
            continue;
        }
        let at = *batches.entry((&entry.message_id, &entry.payment_id)).or_insert(groups.len());
        match groups.get_mut(at) {
            Some(group) => group.push(entry),
            None => groups.push(vec![entry]),
        }
    }
    groups.iter().map(|group| entry_of(currency, group, are_bare)).collect()
}

/// The entry of one booking, or of a batch.
fn entry_of(currency: Currency, bookings: &[&BankEntry], are_bare: bool) -> ReportEntry {
    let first = bookings[0];
    let total = bookings.iter().map(|booking| booking.minor_units).sum();
    let (amount, direction) = signed(currency, total);
    let is_batch = first.is_batched;
    let batch = EntryBatch {
        message_id: is_batch.then(|| first.message_id.clone()),
        payment_id: is_batch.then(|| first.payment_id.clone()),
        stated_count: is_batch.then_some(bookings.len() as u64),
        stated_total: is_batch.then_some(amount),
        direction: is_batch.then_some(direction),
        transactions: if is_batch && are_bare { Vec::new() } else { bookings.iter().map(|one| transaction_of(currency, one)).collect() },
    };
    let has_details = is_batch || !first.end_to_end_id.is_empty();
    ReportEntry {
        reference: Some(first.entry_no.to_string()),
        amount,
        direction,
        is_reversal: false,
        status: EntryStatus::Booked,
        booked: Some(money::time::utc_day(moment(first.booked_at_ms))),
        booked_at: Some(moment(first.booked_at_ms)),
        value_date: None,
        bank_reference: Some(format!("B{}-{}", currency.code(), first.entry_no)),
        code: bank_code(first.kind, direction),
        amounts: RelatedAmounts::default(),
        charges: Vec::new(),
        batches: if has_details { vec![batch] } else { Vec::new() },
        additional: (!has_details).then(|| first.reference.clone()),
    }
}

/// The closest codes of the bank transaction code list.
fn bank_code(kind: BankEntryKind, direction: Direction) -> BankTransactionCode {
    let (domain, family, subfamily) = match (kind, direction) {
        (BankEntryKind::Fee, _) => ("ACMT", "MDOP", "CHRG"),
        (BankEntryKind::Return, _) => ("PMNT", "IRCT", "RRTN"),
        (_, Direction::Debit) => ("PMNT", "IRCT", "OTHR"),
        (_, Direction::Credit) => ("PMNT", "RRCT", "OTHR"),
    };
    let [domain, family, subfamily] = [domain, family, subfamily].map(|code| Some(code.to_owned()));
    BankTransactionCode { domain, family, subfamily, proprietary: None, issuer: None }
}

fn transaction_of(currency: Currency, booking: &BankEntry) -> EntryTransaction {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let (amount, direction) = signed(currency, booking.minor_units);
    let is_return = booking.kind == BankEntryKind::Return;
    let part = |minor_units: i64| {
        let (amount, _) = signed(currency, minor_units);
        Some(AmountConversion { amount, source: None, target: None, unit: None, rate: None })
    };
    let charge = |minor_units| EntryCharge {
        amount: signed(currency, minor_units).0,
        direction: Some(Direction::Debit),
        is_included: Some(true),
        kind: Some("RETURN".to_owned()),
    };
    let amounts = if is_return {
        RelatedAmounts { instructed: part(booking.original), transaction: part(booking.minor_units + booking.charge), counter_value: None }
    } else {
        RelatedAmounts::default()
    };
    let has_own_amount = booking.is_batched || is_return;
    EntryTransaction {
        references: EntryReferences {
            message_id: if has_own_amount { text(&booking.message_id) } else { None },
            payment_id: if has_own_amount { text(&booking.payment_id) } else { None },
            end_to_end_id: text(&booking.end_to_end_id),
            ..EntryReferences::default()
        },
        amount: has_own_amount.then_some(amount),
        direction: has_own_amount.then_some(direction),
        code: BankTransactionCode::default(),
        amounts,
        charges: if booking.charge > 0 { vec![charge(booking.charge)] } else { Vec::new() },
        debtor: RelatedParty::default(),
        ultimate_debtor: text(&booking.ultimate_debtor),
        creditor: RelatedParty::default(),
        remittance: Vec::new(),
        creditor_references: Vec::new(),
        returned: is_return.then(|| ReturnNote {
            reason: Some(ReasonCode::from_code(&booking.reason)),
            original_code: BankTransactionCode::default(),
            originator: None,
            additional: Vec::new(),
        }),
        additional: None,
    }
}

#[cfg(test)]
mod tests;
