//! Refunds that are started here, as users and staff see them, whichever store pays back.

use std::time::{Duration, SystemTime};

use api::purchase::{
    ApproveRefundRequest, GetRefundRequest, ListRefundsRequest, ListRefundsResponse, Purchase, Refund, RefundPurchaseRequest, RefundState,
    RejectRefundRequest, RequestRefundRequest,
};
use api::r#type::Money;
use identity::Role;
use purchase::{PriceFrom, RefundOptions, WithdrawalRight};
use tonic::Status;

use crate::fixture::{BOOK, Fixture, new_id};

/// Fourteen days in every market, for coins that were not spent; half a dollar by one member of staff.
pub fn options() -> RefundOptions {
    let right =
        WithdrawalRight { market: String::new(), from: "2026-01-01".to_owned(), days: 14, unspent_only: true, source: "a test".to_owned() };
    let up_to = |currency: &str, minor_units| PriceFrom { currency: currency.to_owned(), minor_units };
    RefundOptions { withdrawal: vec![right], one_person_up_to: vec![up_to("USD", 50), up_to("CNY", 1_000)] }
}

pub fn money(currency: &str, minor_units: i64) -> Option<Money> {
    Some(Money { currency_code: currency.to_owned(), minor_units })
}

/// So many hours from now.
pub fn hours(hours: u64) -> SystemTime {
    SystemTime::now() + Duration::from_secs(hours * 3_600)
}

/// Sweeps and reads lots from this hour on, until nothing is left to do.
pub async fn settle_from(fixture: &Fixture, hour: u64) {
    for later in 0..3 {
        fixture.service.sweep(hours(hour + 2 * later)).await.unwrap();
        crate::lots::catch_up(fixture).await;
    }
}

impl Fixture {
    pub async fn request_refund(&self, user: &str, id: &str, purchase_id: &str, amount: Option<Money>) -> Result<(Refund, bool), Status> {
        let message = RequestRefundRequest { request_id: id.to_owned(), purchase_id: purchase_id.to_owned(), amount, ..Default::default() };
        let answer = self.client().request_refund(self.from(user, message)).await?.into_inner();
        Ok((answer.refund.unwrap(), answer.replayed))
    }

    /// A new request for all that can be paid back, or for this much.
    pub async fn refund(&self, user: &str, purchase_id: &str, amount: Option<Money>) -> Result<Refund, Status> {
        self.request_refund(user, &new_id(), purchase_id, amount).await.map(|(refund, _)| refund)
    }

    pub async fn refund_by(&self, staff: &str, purchase_id: &str, amount: Option<Money>) -> Result<Refund, Status> {
        let message = RefundPurchaseRequest { request_id: new_id(), purchase_id: purchase_id.to_owned(), amount, ..Default::default() };
        let request = self.with_role(staff, Role::Finance, BOOK, message);
        Ok(self.client().refund_purchase(request).await?.into_inner().refund.unwrap())
    }

    pub async fn approve_refund(&self, staff: &str, id: &str, refund_id: &str) -> Result<(Refund, bool), Status> {
        let message = ApproveRefundRequest { request_id: id.to_owned(), refund_id: refund_id.to_owned(), ..Default::default() };
        let answer = self.client().approve_refund(self.with_role(staff, Role::Finance, BOOK, message)).await?.into_inner();
        Ok((answer.refund.unwrap(), answer.replayed))
    }

    pub async fn reject_refund(&self, staff: &str, refund_id: &str) -> Result<Refund, Status> {
        let message = RejectRefundRequest { request_id: new_id(), refund_id: refund_id.to_owned(), ..Default::default() };
        let answer = self.client().reject_refund(self.with_role(staff, Role::Finance, BOOK, message)).await?.into_inner();
        Ok(answer.refund.unwrap())
    }

    pub async fn get_refund(&self, user: &str, refund_id: &str) -> Result<Refund, Status> {
        let message = GetRefundRequest { refund_id: refund_id.to_owned(), ..Default::default() };
        Ok(self.client().get_refund(self.from(user, message)).await?.into_inner().refund.unwrap())
    }

    /// The same as staff see it, with the store's words.
    pub async fn refund_for_staff(&self, refund_id: &str) -> Refund {
        let message = GetRefundRequest { refund_id: refund_id.to_owned(), ..Default::default() };
        let request = self.with_role("sue", Role::Support, BOOK, message);
        self.client().get_refund(request).await.unwrap().into_inner().refund.unwrap()
    }

    pub async fn refund_state(&self, user: &str, refund: &Refund) -> RefundState {
        self.get_refund(user, &refund.refund_id).await.unwrap().state()
    }

    pub async fn list_refunds(&self, who: (&str, Role), message: ListRefundsRequest) -> Result<ListRefundsResponse, Status> {
        Ok(self.client().list_refunds(self.with_role(who.0, who.1, BOOK, message)).await?.into_inner())
    }

    /// The purchase as its owner sees it.
    pub async fn shown(&self, user: &str, purchase_id: &str) -> Purchase {
        let found = self.purchase_of(user, purchase_id).await.purchase.unwrap();
        let listed = self.client().list_purchases(self.from(user, api::purchase::ListPurchasesRequest::default())).await.unwrap();
        let listed = listed.into_inner().purchases.into_iter().find(|purchase| purchase.purchase_id == purchase_id).unwrap();
        assert_eq!(listed, found, "both show the same");
        found
    }
}

/// What a purchase shows of its refunds: the state, the amount, the coins, and by whom.
pub fn shown_refunds(of: &Purchase) -> Vec<(RefundState, i64, i64, api::purchase::RefundStarter)> {
    let one = |refund: &api::purchase::PurchaseRefund| {
        (refund.state(), refund.amount.as_ref().unwrap().minor_units, refund.coins, refund.started_by())
    };
    of.refunds.iter().map(one).collect()
}
