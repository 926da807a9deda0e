//! Refunds that are started here, and the requests that started or decided them: each refund has its request, and each request its refund.
use super::{REPORTED_MAX, ReadFault};
use crate::health::CheckResult;
use money::BookName;
use purchase::tables::{RefundOrder, RefundRequest, RequestPlace, Store};
use uuid::Uuid;

/// Rows per read of the whole audit.
const PAGE: i64 = 500;
/// Refunds compared in one run of the monitor.
const ORDERS_MAX: i64 = 100;
/// Requests of all kinds read in one run of the monitor.
const REQUESTS_MAX: i64 = 500;

async fn of_order(tables: &Store, order: &RefundOrder) -> Result<Option<String>, ReadFault> {
    let why = tables.refund_order_fault(order).await?;
    Ok(why.map(|why| format!("refund {} of purchase {}: {why}", order.refund_id, order.purchase_id)))
}

/// Compares all of them: how many refunds there are, and the problems.
pub(super) async fn joined(tables: &Store, name: &BookName) -> Result<(usize, Vec<String>), ReadFault> {
    let (mut rows, mut problems, mut after) = (0, Vec::new(), None);
    loop {
        let page = tables.audited_refund_orders(name, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.refund_id);
        for order in &page {
            rows += 1;
            problems.extend(of_order(tables, order).await?);
        }
    }
    let mut from = Some(RequestPlace::default());
    while let Some(place) = from {
        let (page, next) = tables.refund_requests(name, &place, PAGE).await?;
        for request in &page {
            problems.extend(tables.refund_request_fault(name, request).await?);
        }
        from = next;
    }
    let more = problems.len().saturating_sub(REPORTED_MAX);
    problems.truncate(REPORTED_MAX);
    problems.extend((more > 0).then(|| format!("and {more} more")));
    Ok((rows, problems))
}

/// The same for the monitor: some in each run.
#[derive(Debug, Default)]
pub(super) struct RollingRefundOrders {
    after: Option<Uuid>,
    place: RequestPlace,
    /// What differed in the last run.
    orders: Vec<Uuid>,
    requests: Vec<RefundRequest>,
}

impl RollingRefundOrders {
    /// Compares what differed in the last run, and some more.
    pub async fn compare(&mut self, tables: &Store, name: &BookName) -> Result<CheckResult, ReadFault> {
        let (mut sure, mut orders, mut requests) = (Vec::new(), Vec::new(), Vec::new());
        // Replaced only when all of it was read, so that what differed is not forgotten where a read fails.
        for id in &self.orders {
            let Some(order) = tables.refund_order(name, *id).await? else { continue };
            if let Some(why) = of_order(tables, &order).await? {
                sure.push(why);
                orders.push(*id);
            }
        }
        for request in &self.requests {
            if let Some(why) = tables.refund_request_fault(name, request).await? {
                sure.push(why);
                requests.push(request.clone());
            }
        }
        (self.orders, self.requests) = (orders, requests);
        let mut again = false;
        let page = tables.audited_refund_orders(name, self.after, ORDERS_MAX).await?;
        for order in &page {
            if !self.orders.contains(&order.refund_id) && of_order(tables, order).await?.is_some() {
                again = true;
                self.orders.push(order.refund_id);
            }
        }
        let is_last = i64::try_from(page.len()).is_ok_and(|count| count < ORDERS_MAX);
        self.after = page.last().filter(|_| !is_last).map(|order| order.refund_id);
        let (page, next) = tables.refund_requests(name, &self.place, REQUESTS_MAX).await?;
        for request in page {
            if !self.requests.contains(&request) && tables.refund_request_fault(name, &request).await?.is_some() {
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
        Ok(if again { CheckResult::Pending("some refunds are being checked again".to_owned()) } else { CheckResult::Passed })
    }
}
