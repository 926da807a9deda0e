//! Refunds that are started here, compared with what asked for them, with their purchases and with what stores say of them. A refund and the answer to the request that
//! started it are written in one transaction, and both are kept.

use money::BookName;
use uuid::Uuid;

use crate::domain::Purchase;
use crate::refund_orders::order::{RefundOrder, RefundOrderState, RefundStarter};
use crate::refunds::fact::{FactStatus, RefundFact, paid_back};
use crate::store::audited::answered::{AnsweredRequest, RequestPlace};
use crate::store::refund_orders::read;
use crate::store::{Error, Store};
use db::{requests::SentFields, text};

/// The RPCs whose answers are refunds.
const RPCS: [&str; 4] = ["RequestRefund", "RefundPurchase", "ApproveRefund", "RejectRefund"];

impl Store {
    /// A book's refunds, in the order of their ids, after this one; at most `count_max`.
    pub async fn audited_refund_orders(&self, book: &BookName, after: Option<Uuid>, count_max: i64) -> Result<Vec<RefundOrder>, Error> {
        let sql = "SELECT * FROM refund_order WHERE book = $1 AND refund_id > $2 ORDER BY refund_id LIMIT $3";
        let query = sqlx::query(sql).bind(book.as_str()).bind(text(after.unwrap_or(Uuid::nil()))).bind(count_max);
        query.fetch_all(&self.pool).await?.iter().map(read).collect()
    }

    /// What is wrong with a refund, if anything is.
    pub async fn refund_order_fault(&self, of: &RefundOrder) -> Result<Option<String>, Error> {
        let Some(purchase) = self.purchase(&of.book, of.purchase_id).await? else {
            return Ok(Some("it has no purchase".to_owned()));
        };
        if !self.is_asked_for(of).await? {
            return Ok(Some(format!("no request of {} was answered with it", of.asked_by)));
        }
        let (orders, facts) = self.refunds_of(&purchase).await?;
        Ok(fault(of, &purchase, &orders, &facts))
    }

    async fn is_asked_for(&self, of: &RefundOrder) -> Result<bool, Error> {
        // Staff who ask on behalf of a buyer do so under the buyer's request ids.
        let asked = match of.started_by {
            // The second one for owners who close their wallets: they can't call it themselves.
            RefundStarter::Buyer if of.asked_by == of.user => vec![(&of.user, RPCS[0]), (&of.user, RPCS[1])],
            RefundStarter::Buyer => vec![(&of.asked_by, RPCS[0])],
            RefundStarter::Staff => vec![(&of.asked_by, RPCS[1]), (&of.user, RPCS[0])],
        };
        for (subject, rpc) in asked {
            let asked = self.asked_with(&of.book, subject.as_str(), rpc, of.request_id, of.refund_id).await?;
            if asked.is_some_and(|asked| names(&asked, of)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Of the next `rows_max` requests those that were answered with refunds, and where to continue; `None`: those were the last.
    pub async fn refund_requests(
        &self,
        book: &BookName,
        after: &RequestPlace,
        rows_max: i64,
    ) -> Result<(Vec<AnsweredRequest>, Option<RequestPlace>), Error> {
        self.answered(book, &RPCS, after, rows_max).await
    }

    /// How the refund that a request was answered with is not what the request did, if it is not.
    pub async fn refund_request_fault(&self, book: &BookName, of: &AnsweredRequest) -> Result<Option<String>, Error> {
        let RequestPlace { subject, rpc, request_id } = &of.place;
        let about = format!("request {request_id} of {subject} ({rpc})");
        let Some(order) = self.refund_order(book, of.row_id).await? else {
            return Ok(Some(format!("{about} was answered with refund {}, which is not there", of.row_id)));
        };
        // The ids of RequestRefund are the buyer's, whoever asks.
        let whose = if rpc == RPCS[0] { &order.user } else { &order.asked_by };
        let is_its = text(order.request_id) == *request_id && whose.as_str() == subject;
        let is_decided = order.decided_by == *subject;
        let agrees = match rpc.as_str() {
            "ApproveRefund" => is_decided && !matches!(order.state, RefundOrderState::Asked | RefundOrderState::Rejected),
            // One that was abnormal may have been ended by its store after the first of two people wanted to end it.
            "RejectRefund" if order.end_asked_by == *subject || order.end_agreed_by == *subject => true,
            "RejectRefund" => is_decided && order.state == RefundOrderState::Rejected,
            _ => is_its,
        };
        let why = || format!("{about} was answered with refund {}, which does not say so", of.row_id);
        Ok((!agrees).then(why))
    }
}

/// Whether what was sent names this refund's purchase, and its amount if it names one.
fn names(asked: &SentFields, of: &RefundOrder) -> bool {
    let amount = asked.get("amount.minor_units").is_none_or(|minor_units| minor_units == of.amount.minor_units().to_string());
    amount && asked.get("purchase_id") == Some(&of.purchase_id.to_string())
}

/// How a refund contradicts its purchase, or what the store said of all its refunds.
fn fault(of: &RefundOrder, purchase: &Purchase, orders: &[RefundOrder], facts: &[RefundFact]) -> Option<String> {
    let price = purchase.value.price;
    if of.user != purchase.user {
        return Some(format!("it is of {}, and its purchase of {}", of.user, purchase.user));
    }
    if of.amount.currency() != price.currency() || of.amount.minor_units() > price.minor_units() {
        return Some(format!("it is of {}, and the price is {price}", of.amount));
    }
    let said = facts.iter().find(|fact| !of.store_refund_id.is_empty() && fact.fact_id == of.store_refund_id);
    let is_paid = said.is_some_and(|said| said.status == FactStatus::Granted);
    match (of.state, said) {
        // Nothing: its store named it in a sum.
        (RefundOrderState::Succeeded, Some(said)) if !is_paid || ![0, of.amount.minor_units()].contains(&said.part) => {
            return Some(format!("it paid back {}, and its store says otherwise", of.amount));
        }
        (RefundOrderState::Asked | RefundOrderState::Approved | RefundOrderState::Failed | RefundOrderState::Rejected, _) if is_paid => {
            return Some("it paid back nothing, and its store says that it did".to_owned());
        }
        (RefundOrderState::Succeeded, _) => {}
        _ => return None,
    }
    let succeeded = orders.iter().filter(|order| order.state == RefundOrderState::Succeeded);
    let paid = succeeded.fold(0_i64, |sum, order| sum.saturating_add(order.amount.minor_units()));
    // What a person has to look at first is seen elsewhere.
    let (kept, _) = paid_back(facts, purchase).ok()?;
    let kept = kept.of(price.minor_units());
    (paid > kept).then(|| format!("its refunds paid back {paid} minor units, and what the store said of them comes to {kept}"))
}
