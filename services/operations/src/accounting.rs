//! Accounting days of a book: asked of a running treasury service, mapped to a general ledger, and written as files.
use crate::{OperationFault, staff_call};
use accounting::{
    DayLineSums, Mapping,
    balance::BalanceLine,
    journal::{DayTitle, JournalLine, LineName, without_rule},
    roll::{RollForward, RollMovement},
};
use api::treasury::{
    AccountingPeriod, CloseAccountingPeriodRequest, GetAccountingBalancesRequest, GetAccountingDayRequest, GetRollForwardRequest,
    ListAccountingPeriodsRequest, treasury_service_client::TreasuryServiceClient,
};
use jiff::civil::Date;
use rpc::{ANSWER_BYTES_MAX, Transport};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};
use tonic::Status;

/// How often a list is begun again whose day grows while its pages are read.
const LIST_TRIES_MAX: u32 = 20;

/// An entity's accounts at the treasury service of an installation, as a member of staff sees them.
pub struct AccountingCaller<'a> {
    /// The connection.
    pub transport: Transport,
    /// The token of a member of staff.
    pub token: &'a str,
    /// Why, for the audit log.
    pub reason: &'a str,
    /// The book.
    pub book: &'a str,
    /// The legal entity.
    pub entity: &'a str,
}

/// What was read, and whether it is the same for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadDay<T> {
    /// The lines.
    pub lines: Vec<T>,
    /// Whether the last day is closed.
    pub closed: bool,
}

/// Reads a mapping file; or says everything that is wrong with it.
pub fn read_mapping(path: &Path) -> Result<Mapping, OperationFault> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    Mapping::read(&text).map_err(|faults| {
        let line = |fault: &accounting::MappingFault| format!("{}:{}: {}", path.display(), fault.line, fault.why);
        faults.iter().map(line).collect::<Vec<_>>().join("\n").into()
    })
}

/// Writes a file whole or not at all: a reader never finds half of it.
pub fn write_file(path: &Path, text: &str) -> Result<(), OperationFault> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_owned);
    let failed = |error: std::io::Error| format!("{}: {error}; nothing was written", path.display());
    let mut part = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
    part.write_all(text.as_bytes()).and_then(|()| part.as_file().sync_all()).map_err(failed)?;
    part.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

/// The accounts of a day's balances that no rule of the mapping covers, also where suspense takes them.
pub fn uncovered(mapping: &Mapping, entity: &str, balances: &[BalanceLine]) -> Vec<String> {
    without_rule(mapping, entity, balances.iter().map(|line| LineName { account: &line.account, unit: &line.unit }))
}

/// Closed periods as lines of text.
pub fn periods_text(periods: &[AccountingPeriod]) -> String {
    let mut text = String::new();
    for period in periods {
        let AccountingPeriod { period_no, first_date, last_date, seq, closed_by, balances_hash, reason, .. } = period;
        let _ = writeln!(
            text,
            "{period_no}  {first_date} to {last_date}  up to event {seq}  closed by {closed_by}: {reason}  balances {balances_hash}"
        );
    }
    text
}

/// The same as JSON.
#[must_use]
pub fn periods_json(periods: &[AccountingPeriod]) -> Value {
    let period = |period: &AccountingPeriod| {
        let AccountingPeriod { period_no, first_date, last_date, seq, closed_by, balances_hash, reason, .. } = period;
        json!({
            "period_no": period_no, "first_date": first_date, "last_date": last_date, "seq": seq, "closed_by": closed_by, "reason": reason,
            "balances_hash": balances_hash,
        })
    };
    json!({ "periods": periods.iter().map(period).collect::<Vec<_>>() })
}

impl AccountingCaller<'_> {
    /// The title of a file about a day.
    pub fn title(&self, day: Date, closed: bool) -> DayTitle<'_> {
        DayTitle { book: self.book, entity: self.entity, day, closed }
    }

    fn client(&self) -> TreasuryServiceClient<Transport> {
        TreasuryServiceClient::new(self.transport.clone()).max_decoding_message_size(ANSWER_BYTES_MAX)
    }

    /// The lines of an accounting day.
    pub async fn day(&self, day: Date) -> Result<ReadDay<JournalLine>, OperationFault> {
        let ask = |page_token: String| {
            let (book, entity, date) = (self.book.to_owned(), self.entity.to_owned(), day.to_string());
            GetAccountingDayRequest { book, entity, date, page_size: 0, page_token }
        };
        let page = async |token: String| {
            let page = self.client().get_accounting_day(self.request(ask(token))?).await?.into_inner();
            Ok((page.lines, page.closed, page.next_page_token))
        };
        let read = self.pages(page).await?;
        let line = |line: api::treasury::AccountingLine| {
            let sums = DayLineSums { debits: line.debits, credits: line.credits, entries: line.entries };
            let event_day = line.event_date.parse().map_err(|_| format!("the service sent the day {:?}", line.event_date))?;
            Ok::<_, OperationFault>(JournalLine { account: line.account, unit: line.unit, kind: line.kind, event_day, sums })
        };
        Ok(ReadDay { lines: read.lines.into_iter().map(line).collect::<Result<_, _>>()?, closed: read.closed })
    }

    /// What every account has at the end of a day.
    pub async fn balances(&self, day: Date) -> Result<ReadDay<BalanceLine>, OperationFault> {
        let ask = |page_token: String| {
            let (book, entity, date) = (self.book.to_owned(), self.entity.to_owned(), day.to_string());
            GetAccountingBalancesRequest { book, entity, date, page_size: 0, page_token }
        };
        let page = async |token: String| {
            let page = self.client().get_accounting_balances(self.request(ask(token))?).await?.into_inner();
            Ok((page.balances, page.closed, page.next_page_token))
        };
        let ReadDay { lines, closed } = self.pages(page).await?;
        let line = |line: api::treasury::AccountingBalance| {
            let api::treasury::AccountingBalance { account, unit, debits, credits } = line;
            BalanceLine { account, unit, debits, credits }
        };
        Ok(ReadDay { lines: lines.into_iter().map(line).collect(), closed })
    }

    /// The roll-forward of liabilities.
    pub async fn roll(&self, first: Date, last: Date) -> Result<ReadDay<RollForward>, OperationFault> {
        let read = self
            .caught_up(async || {
                let (book, entity) = (self.book.to_owned(), self.entity.to_owned());
                let request = GetRollForwardRequest { book, entity, first_date: first.to_string(), last_date: last.to_string() };
                Ok(self.client().get_roll_forward(self.request(request)?).await?.into_inner())
            })
            .await?;
        let line = |line: api::treasury::RollForwardLine| RollForward {
            account: line.account,
            unit: line.currency_code,
            opening: line.opening,
            movements: line
                .movements
                .into_iter()
                .map(|one| RollMovement { kind: one.kind, added: one.added, released: one.released })
                .collect(),
            closing: line.closing,
        };
        Ok(ReadDay { lines: read.lines.into_iter().map(line).collect(), closed: read.closed })
    }

    /// Closes days; the period, and whether it was closed before.
    pub async fn close(&self, first: Date, last: Date) -> Result<(AccountingPeriod, bool), OperationFault> {
        let answer = self
            .caught_up(async || {
                let (book, entity) = (self.book.to_owned(), self.entity.to_owned());
                let request = CloseAccountingPeriodRequest { book, entity, first_date: first.to_string(), last_date: last.to_string() };
                Ok(self.client().close_accounting_period(self.request(request)?).await?.into_inner())
            })
            .await?;
        Ok((answer.period.unwrap_or_default(), answer.replayed))
    }

    /// All closed periods, the last first.
    pub async fn periods(&self) -> Result<Vec<AccountingPeriod>, OperationFault> {
        let (mut periods, mut page_token) = (Vec::new(), String::new());
        loop {
            let (book, entity) = (self.book.to_owned(), self.entity.to_owned());
            let request = ListAccountingPeriodsRequest { book, entity, page_size: 0, page_token };
            let page = self.client().list_accounting_periods(self.request(request)?).await.map_err(|status| fault(&status))?.into_inner();
            periods.extend(page.periods);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(periods);
            }
        }
    }

    fn request<T>(&self, message: T) -> Result<tonic::Request<T>, Status> {
        staff_call::request(message, self.token, self.reason).map_err(|fault| Status::invalid_argument(fault.to_string()))
    }

    /// All pages of a list. An open day may grow meanwhile; then the list is begun again.
    async fn pages<T>(&self, page: impl AsyncFn(String) -> Result<(Vec<T>, bool, String), Status>) -> Result<ReadDay<T>, OperationFault> {
        for _ in 0..LIST_TRIES_MAX {
            let (mut lines, mut token) = (Vec::new(), String::new());
            loop {
                match self.caught_up(async || page(token.clone()).await).await {
                    Ok((more, closed, next)) => {
                        lines.extend(more);
                        if next.is_empty() {
                            return Ok(ReadDay { lines, closed });
                        }
                        token = next;
                    }
                    Err(fault) if fault.to_string().starts_with(GREW) && !token.is_empty() => break,
                    Err(fault) => return Err(fault),
                }
            }
        }
        Err("the day grew each time that it was read; close it first, or read it when less is booked".into())
    }

    /// The answer to a call that is repeated while it reads on in the book's journal.
    async fn caught_up<T>(&self, call: impl AsyncFn() -> Result<T, Status>) -> Result<T, OperationFault> {
        let mut seq = String::new();
        loop {
            match call().await {
                Ok(answer) => return Ok(answer),
                // A call that read nothing more would be repeated for ever.
                Err(status) if is(&status, "CATCHING_UP") && rpc::facts(&status).get("seq").is_some_and(|now| *now != seq) => {
                    seq = rpc::facts(&status).remove("seq").unwrap_or_default();
                }
                Err(status) => return Err(fault(&status)),
            }
        }
    }
}

/// The reason of a list that must be begun again; its fault begins with it.
const GREW: &str = "PAGE_TOKEN";

fn is(status: &Status, reason: &str) -> bool {
    rpc::reason(status).as_deref() == Some(reason)
}

/// What a person reads: the reason, which the runbook explains, and the message.
fn fault(status: &Status) -> OperationFault {
    let reason = rpc::reason(status).map(|reason| format!("{reason}: ")).unwrap_or_default();
    format!("{reason}{}", status.message()).into()
}

#[cfg(test)]
mod tests;
