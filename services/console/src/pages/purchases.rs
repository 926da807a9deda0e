//! Purchases of all users, newest first; refunds that were started here; and receipts that were refused.
use super::listing::{AskedPayments, PaymentView, row};
use crate::{
    answer::{ask_reason, failed, page, refused, without_frame},
    filters::Filters,
    frame::PageFrame,
    parts::{Console, ConsoleParts},
    view::{
        amounts::amount,
        badges::{BadgeView, ChoiceView, badge, choice, choices, word_of},
        calls::CallView,
        times::TimeView,
    },
    visitor::Visitor,
};
use api::{
    monitor::PaymentKind,
    purchase::{GetPurchaseRequest, ListRefundsRequest, ListRefusedReceiptsRequest, Refund, RefusedReceipt},
};
use askama::Template;
use axum::{
    extract::{RawQuery, State},
    response::{IntoResponse as _, Redirect, Response},
};
use http::StatusCode;
use money::text::shown;
use rpc::reason;
use serde_json::json;
use tonic::{Code, Status};

pub(super) const GET_PURCHASE: &str = "largesse.purchase.v1.PurchaseService/GetPurchase";
const LIST_REFUNDS: &str = "largesse.purchase.v1.PurchaseService/ListRefunds";
const LIST_REFUSED: &str = "largesse.purchase.v1.PurchaseService/ListRefusedReceipts";
/// Items of a page.
const ITEMS: i32 = 50;

/// What is listed, by the word in the address.
const LISTS: [&str; 3] = ["purchases", "refunds", "refused_receipts"];
/// States of purchases; the first is any.
const STATES: [&str; 5] = ["any", "verified", "credited", "suspended", "blocked"];

/// A refund that was started here.
pub(super) struct RefundView {
    time: TimeView,
    user: String,
    user_href: String,
    amount: String,
    state: BadgeView,
    store: String,
    note: String,
    href: String,
}

/// A receipt that was refused.
struct RefusedView {
    time: TimeView,
    user: String,
    user_href: String,
    reason: String,
    message: String,
    transaction: String,
    product: String,
    authentic: bool,
}

/// What was listed.
#[derive(Default)]
struct Listed {
    purchases: Vec<PaymentView>,
    refunds: Vec<RefundView>,
    refused: Vec<RefusedView>,
    next: String,
}

#[derive(Template)]
#[template(path = "purchases.html")]
struct PurchasesPage {
    frame: PageFrame,
    list: &'static str,
    lists: Vec<ChoiceView>,
    states: Vec<ChoiceView>,
    user: String,
    store: String,
    transaction: String,
    found: Listed,
    /// A transaction that no purchase has.
    unknown: bool,
    older: String,
}

/// What the address asks for.
struct AskedPurchases {
    list: &'static str,
    book: String,
    user: String,
    state: &'static str,
    store: String,
    transaction: String,
    page: String,
}

pub(crate) async fn show(State(console): State<Console>, visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let filters = Filters::read(query.unwrap_or_default().as_bytes());
    let mut frame = match PageFrame::load(&console, &visitor, "Purchases", &filters).await {
        Ok(frame) => frame,
        Err(why) => return without_frame(why, &visitor),
    };
    let (Some(list), Some(state)) = (choice(&LISTS, filters.get("list")), choice(&STATES, filters.get("state"))) else {
        return failed(frame, StatusCode::BAD_REQUEST, "This can't be asked", "There is no such list, or no such state of a purchase.");
    };
    let field = |name: &str| filters.get(name).to_owned();
    let asked = AskedPurchases {
        list,
        book: frame.book.clone(),
        user: field("user"),
        state,
        store: field("store"),
        transaction: field("transaction"),
        page: field("page"),
    };
    frame.calls = asked.calls(&console);
    let about: Vec<&str> = Some(asked.user.as_str()).filter(|user| !user.is_empty()).into_iter().collect();
    if visitor.reason.is_none() || !console.sessions.covers(&visitor.secret, &about) {
        frame.reason = None;
        return ask_reason(frame);
    }
    let mut unknown = false;
    if asked.list == "purchases" && !asked.transaction.is_empty() {
        match asked.by_transaction(&console, &visitor).await {
            Ok(Some(to)) => return Redirect::to(&to).into_response(),
            Ok(None) => unknown = true,
            Err(status) => return refused(frame, &visitor, &status),
        }
    }
    match asked.load(&console, &visitor).await {
        Ok(found) => page(StatusCode::OK, &asked.page(frame, found, unknown)),
        Err(status) => refused(frame, &visitor, &status),
    }
}

impl AskedPurchases {
    fn payments(&self) -> AskedPayments {
        AskedPayments {
            kind: PaymentKind::Purchase,
            book: self.book.clone(),
            user: self.user.clone(),
            state: self.state,
            through: self.store.clone(),
            page: self.page.clone(),
        }
    }

    fn calls(&self, console: &ConsoleParts) -> Vec<CallView> {
        let call = |rpc, message| CallView::new(&console.target, rpc, &message);
        match self.list {
            "refunds" => vec![call(LIST_REFUNDS, json!({"book": self.book, "userId": self.user, "allUsers": self.user.is_empty()}))],
            "refused_receipts" => {
                vec![call(LIST_REFUSED, json!({"book": self.book, "userId": self.user, "transactionId": self.transaction}))]
            }
            _ if self.transaction.is_empty() => vec![self.payments().call(console)],
            _ => vec![call(GET_PURCHASE, json!({"book": self.book, "transactionId": self.transaction}))],
        }
    }

    /// The page of the purchase with this transaction; `None` if there is none, which says nothing about receipts that were refused.
    async fn by_transaction(&self, console: &ConsoleParts, visitor: &Visitor) -> Result<Option<String>, Status> {
        let transaction_id = self.transaction.clone();
        let request = GetPurchaseRequest { book: self.book.clone(), transaction_id, ..GetPurchaseRequest::default() };
        match console.more.purchase_client()?.get_purchase(visitor.request(request)).await {
            Ok(answer) => {
                let id = answer.into_inner().purchase.unwrap_or_default().purchase_id;
                Ok(Some(Filters::address("/purchase", &[("id", &id), ("book", &self.book)])))
            }
            Err(status) if status.code() == Code::NotFound && reason(&status).as_deref() == Some("PURCHASE_UNKNOWN") => Ok(None),
            Err(status) => Err(status),
        }
    }

    async fn load(&self, console: &ConsoleParts, visitor: &Visitor) -> Result<Listed, Status> {
        let (book, user_id, page_token) = (self.book.clone(), self.user.clone(), self.page.clone());
        Ok(match self.list {
            "refunds" => {
                let all_users = user_id.is_empty();
                let request =
                    ListRefundsRequest { book, user_id, all_users, page_size: ITEMS, page_token, ..ListRefundsRequest::default() };
                let answer = console.more.purchase_client()?.list_refunds(visitor.request(request)).await?.into_inner();
                let refunds = answer.refunds.iter().map(|refund| refund_row(&self.book, refund)).collect();
                Listed { refunds, next: answer.next_page_token, ..Listed::default() }
            }
            "refused_receipts" => {
                let transaction_id = self.transaction.clone();
                let request =
                    ListRefusedReceiptsRequest { book, user_id, transaction_id, page_size: ITEMS, page_token, ..Default::default() };
                let answer = console.more.purchase_client()?.list_refused_receipts(visitor.request(request)).await?.into_inner();
                Listed { refused: answer.receipts.iter().map(refused_row).collect(), next: answer.next_page_token, ..Listed::default() }
            }
            _ => {
                let answer = self.payments().load(console, visitor).await?;
                let purchases = answer.payments.iter().map(|payment| row(&self.book, payment)).collect();
                Listed { purchases, next: answer.next_page_token, ..Listed::default() }
            }
        })
    }

    fn page(&self, frame: PageFrame, found: Listed, unknown: bool) -> PurchasesPage {
        let fields = [
            ("book", &*self.book),
            ("list", self.list),
            ("user", &self.user),
            ("state", self.state),
            ("store", &self.store),
            ("page", &found.next),
        ];
        let older = if found.next.is_empty() { String::new() } else { Filters::address("/purchases", &fields) };
        PurchasesPage {
            list: self.list,
            lists: choices(&LISTS, self.list),
            states: choices(&STATES, self.state),
            user: self.user.clone(),
            store: self.store.clone(),
            transaction: self.transaction.clone(),
            found,
            unknown,
            older,
            frame,
        }
    }
}

fn refund_row(book: &str, refund: &Refund) -> RefundView {
    let money = refund.amount.as_ref();
    RefundView {
        time: TimeView::of(refund.create_time.as_ref()),
        user: shown(&refund.user_id).into_owned(),
        user_href: Filters::address("/user", &[("id", &refund.user_id)]),
        amount: money.map(|money| amount(&money.currency_code, money.minor_units)).unwrap_or_default(),
        state: badge(&word_of(refund.state().as_str_name(), "REFUND_STATE_")),
        store: word_of(refund.store_kind().as_str_name(), "STORE_KIND_"),
        note: shown(&refund.note).into_owned(),
        href: Filters::address("/purchase", &[("id", &refund.purchase_id), ("book", book)]),
    }
}

fn refused_row(receipt: &RefusedReceipt) -> RefusedView {
    let text = |text: &str| shown(text).into_owned();
    RefusedView {
        time: TimeView::of(receipt.refuse_time.as_ref()),
        user: text(&receipt.user_id),
        user_href: Filters::address("/user", &[("id", &receipt.user_id)]),
        reason: text(&receipt.reason),
        message: text(&receipt.message),
        transaction: text(&receipt.transaction_id),
        product: text(&receipt.product_id),
        authentic: receipt.authentic,
    }
}

#[cfg(test)]
mod tests {
    //! Unit tests of the lists.
    use super::*;
    use crate::pages::samples::{MARKUP, assert_text};

    #[test]
    fn markup_in_every_field_is_text() {
        let text = MARKUP.to_owned();
        let refund = Refund { user_id: text.clone(), note: text.clone(), purchase_id: text.clone(), ..Refund::default() };
        let receipt = RefusedReceipt {
            user_id: text.clone(),
            reason: text.clone(),
            message: text.clone(),
            transaction_id: text.clone(),
            product_id: text.clone(),
            ..RefusedReceipt::default()
        };
        for (list, times) in [("refunds", 4), ("refused_receipts", 6)] {
            let found = Listed {
                refunds: vec![refund_row(MARKUP, &refund)],
                refused: vec![refused_row(&receipt)],
                next: text.clone(),
                ..Listed::default()
            };
            let asked = AskedPurchases {
                list,
                book: text.clone(),
                user: text.clone(),
                state: "any",
                store: text.clone(),
                transaction: text.clone(),
                page: text.clone(),
            };
            assert_text(&asked.page(PageFrame::bare("Purchases", None), found, true), times);
        }
    }
}
