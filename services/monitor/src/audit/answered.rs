//! Rows that requests were answered with: refunds that are started here, and wallets that are closed or merged. Each row has its request, and each request its row.
use super::{REPORTED_MAX, ReadFault};
use crate::health::CheckResult;
use money::BookName;
use purchase::tables::{AnsweredRequest, RefundOrder, RequestPlace, Store, WalletChange};
use uuid::Uuid;

/// Rows per read of the whole audit.
const PAGE: i64 = 500;
/// Rows compared in one run of the monitor.
const ROWS_MAX: i64 = 100;
/// Requests of all kinds read in one run of the monitor.
const REQUESTS_MAX: i64 = 500;

/// What rows of which table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnsweredRows {
    Refunds,
    WalletChanges,
}

/// A row, and what is wrong with it.
type CheckedRow = (Uuid, Option<String>);

impl AnsweredRows {
    pub(super) const ALL: [AnsweredRows; 2] = [AnsweredRows::Refunds, AnsweredRows::WalletChanges];

    async fn page(self, tables: &Store, name: &BookName, after: Option<Uuid>, count_max: i64) -> Result<Vec<CheckedRow>, ReadFault> {
        let mut checked = Vec::new();
        match self {
            Self::Refunds => {
                for order in &tables.audited_refund_orders(name, after, count_max).await? {
                    checked.push((order.refund_id, of_order(tables, order).await?));
                }
            }
            Self::WalletChanges => {
                for change in &tables.audited_wallet_changes(name, after, count_max).await? {
                    checked.push((change.change_id, of_change(tables, change).await?));
                }
            }
        }
        Ok(checked)
    }

    async fn of_id(self, tables: &Store, name: &BookName, id: Uuid) -> Result<Option<String>, ReadFault> {
        match self {
            Self::Refunds => match tables.refund_order(name, id).await? {
                Some(order) => of_order(tables, &order).await,
                None => Ok(None),
            },
            Self::WalletChanges => match tables.wallet_change(name, id).await? {
                Some(change) => of_change(tables, &change).await,
                None => Ok(None),
            },
        }
    }

    async fn requests(
        self,
        tables: &Store,
        name: &BookName,
        after: &RequestPlace,
        rows_max: i64,
    ) -> Result<(Vec<AnsweredRequest>, Option<RequestPlace>), ReadFault> {
        Ok(match self {
            Self::Refunds => tables.refund_requests(name, after, rows_max).await?,
            Self::WalletChanges => tables.wallet_requests(name, after, rows_max).await?,
        })
    }

    async fn of_request(self, tables: &Store, name: &BookName, request: &AnsweredRequest) -> Result<Option<String>, ReadFault> {
        Ok(match self {
            Self::Refunds => tables.refund_request_fault(name, request).await?,
            Self::WalletChanges => tables.wallet_request_fault(name, request).await?,
        })
    }

    fn checked_again(self) -> &'static str {
        match self {
            Self::Refunds => "some refunds are being checked again",
            Self::WalletChanges => "some closures or merges of wallets are being checked again",
        }
    }
}

async fn of_order(tables: &Store, order: &RefundOrder) -> Result<Option<String>, ReadFault> {
    let why = tables.refund_order_fault(order).await?;
    Ok(why.map(|why| format!("refund {} of purchase {}: {why}", order.refund_id, order.purchase_id)))
}

async fn of_change(tables: &Store, change: &WalletChange) -> Result<Option<String>, ReadFault> {
    let why = tables.wallet_change_fault(change).await?;
    Ok(why.map(|why| format!("change {} of the wallet of {}: {why}", change.change_id, change.user)))
}

/// Compares all of them: how many rows there are, and the problems.
pub(super) async fn joined(of: AnsweredRows, tables: &Store, name: &BookName) -> Result<(usize, Vec<String>), ReadFault> {
    let (mut rows, mut problems, mut after) = (0, Vec::new(), None);
    loop {
        let page = of.page(tables, name, after, PAGE).await?;
        let Some((last, _)) = page.last() else { break };
        after = Some(*last);
        rows += page.len();
        problems.extend(page.into_iter().filter_map(|(_, why)| why));
    }
    let mut from = Some(RequestPlace::default());
    while let Some(place) = from {
        let (page, next) = of.requests(tables, name, &place, PAGE).await?;
        for request in &page {
            problems.extend(of.of_request(tables, name, request).await?);
        }
        from = next;
    }
    let more = problems.len().saturating_sub(REPORTED_MAX);
    problems.truncate(REPORTED_MAX);
    problems.extend((more > 0).then(|| format!("and {more} more")));
    Ok((rows, problems))
}

/// The same for the monitor: some in each run.
#[derive(Debug)]
pub(super) struct RollingAnswers {
    of: AnsweredRows,
    after: Option<Uuid>,
    place: RequestPlace,
    /// What differed in the last run.
    rows: Vec<Uuid>,
    requests: Vec<AnsweredRequest>,
}

impl RollingAnswers {
    pub fn new(of: AnsweredRows) -> Self {
        Self { of, after: None, place: RequestPlace::default(), rows: Vec::new(), requests: Vec::new() }
    }

    /// Compares what differed in the last run, and some more.
    pub async fn compare(&mut self, tables: &Store, name: &BookName) -> Result<CheckResult, ReadFault> {
        let (mut sure, mut rows, mut requests) = (Vec::new(), Vec::new(), Vec::new());
        // Replaced only when all of it was read, so that what differed is not forgotten where a read fails.
        for id in &self.rows {
            if let Some(why) = self.of.of_id(tables, name, *id).await? {
                sure.push(why);
                rows.push(*id);
            }
        }
        for request in &self.requests {
            if let Some(why) = self.of.of_request(tables, name, request).await? {
                sure.push(why);
                requests.push(request.clone());
            }
        }
        (self.rows, self.requests) = (rows, requests);
        let mut again = false;
        let page = self.of.page(tables, name, self.after, ROWS_MAX).await?;
        let is_last = i64::try_from(page.len()).is_ok_and(|count| count < ROWS_MAX);
        self.after = page.last().filter(|_| !is_last).map(|(id, _)| *id);
        for (id, _) in page.into_iter().filter(|(_, why)| why.is_some()) {
            if !self.rows.contains(&id) {
                again = true;
                self.rows.push(id);
            }
        }
        let (page, next) = self.of.requests(tables, name, &self.place, REQUESTS_MAX).await?;
        for request in page {
            if !self.requests.contains(&request) && self.of.of_request(tables, name, &request).await?.is_some() {
                again = true;
                self.requests.push(request);
            }
        }
        self.place = next.unwrap_or_default();
        if !sure.is_empty() {
            let more = sure.len().saturating_sub(REPORTED_MAX);
            sure.truncate(REPORTED_MAX);
            sure.extend((more > 0).then(|| format!("and {more} more")));
            return Ok(CheckResult::Failed(sure.join("; ")));
        }
        Ok(if again { CheckResult::Pending(self.of.checked_again().to_owned()) } else { CheckResult::Passed })
    }
}
