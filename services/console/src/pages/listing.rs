//! Purchases and payouts of all users, as pages list them.
use crate::{
    filters::Filters,
    frame::LIST_PAYMENTS,
    parts::ConsoleParts,
    view::{
        amounts::{amount, count},
        badges::{BadgeView, badge},
        calls::CallView,
        times::TimeView,
    },
    visitor::Visitor,
};
use api::monitor::{ListPaymentsRequest, ListPaymentsResponse, Payment, PaymentKind};
use money::text::shown;
use serde_json::json;
use tonic::Status;

/// Payments of a page.
const PAYMENTS: i32 = 50;

/// A purchase or a payout in a list.
pub(crate) struct PaymentView {
    pub(crate) time: TimeView,
    pub(crate) user: String,
    pub(crate) user_href: String,
    pub(crate) amount: String,
    pub(crate) coins: String,
    pub(crate) state: BadgeView,
    pub(crate) through: String,
    pub(crate) id: String,
    pub(crate) href: String,
}

/// What an address asks for.
pub(crate) struct AskedPayments {
    pub(crate) kind: PaymentKind,
    pub(crate) book: String,
    pub(crate) user: String,
    /// The state's word; `any` for any.
    pub(crate) state: &'static str,
    pub(crate) through: String,
    pub(crate) page: String,
}

impl AskedPayments {
    fn request(&self) -> ListPaymentsRequest {
        let one = |text: &str| if text.is_empty() || text == "any" { Vec::new() } else { vec![text.to_owned()] };
        ListPaymentsRequest {
            book: self.book.clone(),
            kinds: vec![self.kind.into()],
            user_id: self.user.clone(),
            states: one(self.state),
            through: one(&self.through),
            page_size: PAYMENTS,
            page_token: self.page.clone(),
            ..ListPaymentsRequest::default()
        }
    }

    /// The call for the same data.
    pub(crate) fn call(&self, console: &ConsoleParts) -> CallView {
        let request = self.request();
        let message = json!({"book": request.book, "kinds": [self.kind.as_str_name()], "userId": request.user_id, "states": request.states,
            "through": request.through, "pageSize": PAYMENTS});
        CallView::new(&console.target, LIST_PAYMENTS, &message)
    }

    pub(crate) async fn load(&self, console: &ConsoleParts, visitor: &Visitor) -> Result<ListPaymentsResponse, Status> {
        Ok(console.monitor_client().list_payments(visitor.request(self.request())).await?.into_inner())
    }
}

/// A row that leads to the payment's page.
pub(crate) fn row(book: &str, payment: &Payment) -> PaymentView {
    let to = if payment.kind() == PaymentKind::Payout { "/payout" } else { "/purchase" };
    PaymentView {
        time: TimeView::of(payment.time.as_ref()),
        user: shown(&payment.user_id).into_owned(),
        user_href: Filters::address("/user", &[("id", &payment.user_id)]),
        amount: if payment.currency.is_empty() { "not known".to_owned() } else { amount(&payment.currency, payment.minor_units) },
        coins: count(payment.coins),
        state: badge(&payment.state),
        through: shown(&payment.through).into_owned(),
        id: shown(&payment.payment_id).into_owned(),
        href: Filters::address(to, &[("id", &payment.payment_id), ("book", book)]),
    }
}
