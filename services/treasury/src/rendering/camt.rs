//! ISO 20022: `camt.053` of a whole day, `camt.052` also of a day that is not over, `camt.054` for single bookings; all in version 08.
use super::RenderedLine;
use crate::{
    domain::{
        number,
        statement::{DayStatement, LineKind, StatementTotal},
    },
    error::Error,
};
use iso20022::{
    ReasonCode,
    camt053::Direction,
    pain001::AccountId,
    pain002::NOT_PROVIDED,
    report::{
        AccountReport, AccountReports, BankTransactionCode, EntryBatch, EntryReferences, EntryStatus, EntryTotal, EntryTransaction,
        RelatedAmounts, RelatedParty, ReportAccount, ReportBalance, ReportEntry, ReportKind, ReportTotals, ReturnNote,
    },
    value::Decimal,
};
use jiff::civil::Date;
use money::{
    Currency, Money,
    time::{day_start, moment_ms, moment_us},
};

/// Who defined the proprietary codes: the kinds of postings.
const ISSUER: &str = "Largesse";
/// Characters of `Max35Text`, and of the account number that is none of a scheme.
const REFERENCE_CHARS_MAX: usize = 35;
const NUMBER_CHARS_MAX: usize = 34;
/// Characters of `Max140Text`.
const NAME_CHARS_MAX: usize = 140;

/// A message that is being written.
pub(super) struct CamtStatement {
    kind: ReportKind,
    statement: DayStatement,
    tail: String,
}

impl CamtStatement {
    pub(super) fn new(kind: ReportKind, statement: &DayStatement) -> Self {
        Self { kind, statement: statement.clone(), tail: String::new() }
    }

    pub(super) fn head(&mut self) -> Result<String, Error> {
        let (head, tail) = message(self.kind, &self.statement)?.write_frame()?;
        self.tail = tail;
        Ok(head)
    }

    pub(super) fn line(&self, line: RenderedLine<'_>) -> Result<String, Error> {
        Ok(entry(self.statement.account.currency, line)?.write_alone()?)
    }

    pub(super) fn end(&mut self) -> String {
        std::mem::take(&mut self.tail)
    }
}

/// The message without its entries.
fn message(kind: ReportKind, statement: &DayStatement) -> Result<AccountReports, Error> {
    let account = &statement.account;
    let is_issued = statement.number > 0;
    // Of a day that is not over, the last entry is the moment of the report.
    let start = day_start(statement.day);
    let created = if is_issued { moment_ms(statement.issued_at_ms) } else { start };
    let end = statement.day.tomorrow().map(crate::domain::statement::start_us).unwrap_or_default() - 1_000;
    let end = moment_us(end);
    let number = if is_issued { statement.number } else { statement.position };
    let before = statement.day.yesterday().unwrap_or(statement.day);
    let balances = match kind {
        ReportKind::Statement => vec![
            balance("PRCD", statement.opening, before, account.currency)?,
            balance("OPBD", statement.opening, statement.day, account.currency)?,
            balance("CLBD", statement.closing, statement.day, account.currency)?,
        ],
        ReportKind::Intraday => vec![
            balance("OPBD", statement.opening, statement.day, account.currency)?,
            balance("ITBD", statement.closing, statement.day, account.currency)?,
        ],
        ReportKind::Notification => Vec::new(),
    };
    let letter = match kind {
        ReportKind::Statement => 'S',
        ReportKind::Intraday => 'R',
        ReportKind::Notification => 'N',
    };
    // Two nodes' reports of one day differ by the hash, and two reports of a day that is not over by the position.
    let part = if is_issued { statement.hash.get(..16).unwrap_or_default().to_owned() } else { format!("P{number}") };
    let id: String = format!("{letter}{}{part}", statement.day.strftime("%Y%m%d")).chars().take(REFERENCE_CHARS_MAX).collect();
    let report = AccountReport {
        id: id.clone(),
        page: None,
        electronic_sequence: u64::try_from(statement.number).ok().filter(|number| *number > 0 && kind == ReportKind::Statement),
        legal_sequence: None,
        created: Some(created),
        period: Some((start, end)),
        copy: None,
        account: ReportAccount {
            id: Some(account_id(&account.number, &account.node)),
            currency: Some(account.currency),
            owner: Some(account.entity.clone()),
            servicer_bic: Some(account.branch.clone()).filter(|branch| is_bic(branch)),
            servicer_name: text(&account.bank, NAME_CHARS_MAX),
        },
        balances,
        totals: totals(statement)?,
        entries: Vec::new(),
    };
    Ok(AccountReports { kind, message_id: id, created, page: None, reports: vec![report] })
}

fn money(currency: Currency, minor_units: i64) -> Result<(Money, Direction), Error> {
    let direction = if minor_units < 0 { Direction::Debit } else { Direction::Credit };
    let amount = minor_units.checked_abs().and_then(|amount| Money::try_new(currency, amount).ok());
    Ok((amount.ok_or(Error::Overflow)?, direction))
}

fn balance(kind: &str, minor_units: i64, date: Date, currency: Currency) -> Result<ReportBalance, Error> {
    let (amount, direction) = money(currency, minor_units)?;
    Ok(ReportBalance { kind: kind.to_owned(), subtype: None, amount, direction, date, moment: None })
}

fn totals(statement: &DayStatement) -> Result<ReportTotals, Error> {
    let digits = statement.account.currency.minor_digits();
    let one = |total: StatementTotal| -> Result<EntryTotal, Error> {
        let count = Some(u64::try_from(total.count).map_err(|_| Error::Overflow)?);
        Ok(EntryTotal { count, sum: Some(Decimal::new(total.minor_units, digits)), net: None })
    };
    let (credits, debits) = (one(statement.credits)?, one(statement.debits)?);
    let count = credits.count.zip(debits.count).and_then(|(credits, debits)| credits.checked_add(debits));
    let sum = statement.credits.minor_units.checked_add(statement.debits.minor_units).ok_or(Error::Overflow)?;
    let net = statement.credits.minor_units.checked_sub(statement.debits.minor_units).ok_or(Error::Overflow)?;
    let all = EntryTotal { count, sum: Some(Decimal::new(sum, digits)), net: Some(Decimal::new(net, digits)) };
    Ok(ReportTotals { all: Some(all), credits: Some(credits), debits: Some(debits), per_code: Vec::new() })
}

/// A virtual number, or the node's id where the number is too long for the schema.
fn account_id(account: &str, node: &str) -> AccountId {
    match number::virtual_iban(account) {
        Ok(iban) => AccountId::Iban(iban),
        Err(_) => {
            let number = if account.chars().count() <= NUMBER_CHARS_MAX { account } else { node };
            AccountId::Other { number: number.to_owned(), scheme: None }
        }
    }
}

/// ISO 9362: a party's prefix of four, a country and two more, perhaps with a branch.
fn is_bic(text: &str) -> bool {
    let upper = |part: &str| part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    matches!(text.len(), 8 | 11)
        && upper(text)
        && text.as_bytes().get(4..6).is_some_and(|country| country.iter().all(u8::is_ascii_uppercase))
}

/// A text that the schema takes; `None` if nothing is left of it.
fn text(text: &str, chars_max: usize) -> Option<String> {
    let cleaned: String = text.chars().map(|c| if money::text::is_hidden(c) { ' ' } else { c }).take(chars_max).collect();
    Some(cleaned.trim().to_owned()).filter(|text| !text.is_empty())
}

fn entry(currency: Currency, line: RenderedLine<'_>) -> Result<ReportEntry, Error> {
    let RenderedLine { line, details, .. } = line;
    let (amount, direction) = money(currency, line.change)?;
    let is_return = line.line_kind() == LineKind::Return;
    let code = code(line.line_kind(), direction, &line.kind);
    let bank_reference = Some(super::older::reference(line));
    let posting: String = line.posting_id.chars().filter(|c| *c != '-').collect();
    let transaction = EntryTransaction {
        references: EntryReferences {
            bank_reference: bank_reference.clone(),
            end_to_end_id: Some(details.end_to_end_id.clone().unwrap_or_else(|| NOT_PROVIDED.to_owned())),
            transaction_id: text(&posting, REFERENCE_CHARS_MAX),
            ..EntryReferences::default()
        },
        amount: Some(amount),
        direction: Some(direction),
        code: BankTransactionCode::default(),
        amounts: RelatedAmounts::default(),
        charges: Vec::new(),
        debtor: RelatedParty::default(),
        ultimate_debtor: None,
        creditor: RelatedParty::default(),
        remittance: Vec::new(),
        creditor_references: Vec::new(),
        returned: is_return.then(|| ReturnNote {
            reason: details.return_reason.as_deref().map(ReasonCode::from_code),
            original_code: BankTransactionCode::default(),
            originator: None,
            additional: Vec::new(),
        }),
        additional: None,
    };
    Ok(ReportEntry {
        reference: text(&posting, REFERENCE_CHARS_MAX),
        amount,
        direction,
        is_reversal: false,
        status: EntryStatus::Booked,
        booked: Some(crate::domain::statement::day_of_us(line.booked_us)),
        booked_at: None,
        value_date: Some(line.value_date),
        bank_reference,
        code,
        amounts: RelatedAmounts::default(),
        charges: Vec::new(),
        batches: vec![EntryBatch {
            message_id: None,
            payment_id: None,
            stated_count: None,
            stated_total: None,
            direction: None,
            transactions: vec![transaction],
        }],
        additional: text(&format!("{} {}", line.kind, line.member), NAME_CHARS_MAX),
    })
}

/// The code of the bank transaction code set, and the posting's kind as a proprietary one.
fn code(kind: LineKind, direction: Direction, own: &str) -> BankTransactionCode {
    let is_credit = direction == Direction::Credit;
    let transfers = if is_credit { "RCDT" } else { "ICDT" };
    let operations = if is_credit { "MCOP" } else { "MDOP" };
    let (domain, family, subfamily) = match kind {
        LineKind::Payment => ("PMNT", transfers, "OTHR"),
        LineKind::Internal => ("PMNT", transfers, "BOOK"),
        LineKind::Return => ("PMNT", transfers, "RRTN"),
        LineKind::Fee => ("ACMT", operations, "CHRG"),
        LineKind::Interest => ("ACMT", operations, "INTR"),
    };
    BankTransactionCode {
        domain: Some(domain.to_owned()),
        family: Some(family.to_owned()),
        subfamily: Some(subfamily.to_owned()),
        proprietary: text(own, REFERENCE_CHARS_MAX),
        issuer: Some(ISSUER.to_owned()),
    }
}
