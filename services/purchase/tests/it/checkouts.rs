//! Orders of ours, as buyers see them, whichever store is paid.

use std::time::Duration;

use api::purchase::{
    Checkout, CheckoutState, CreateCheckoutRequest, CreateCheckoutResponse, GetCheckoutRequest, GetPurchaseRequest, GetPurchaseResponse,
    SalesChannel, StoreKind,
};
use tonic::Status;

use crate::fixture::Fixture;
use crate::notified::later;

/// A request for a checkout on the web.
pub fn asked(store: StoreKind, id: &str, product_id: &str) -> CreateCheckoutRequest {
    CreateCheckoutRequest {
        request_id: id.to_owned(),
        store_kind: store.into(),
        product_id: product_id.to_owned(),
        sales_channel: SalesChannel::Web.into(),
        success_url: "https://app.example/paid?session={CHECKOUT_SESSION_ID}".to_owned(),
        cancel_url: "https://app.example/not-paid".to_owned(),
        ..CreateCheckoutRequest::default()
    }
}

pub fn now_s() -> i64 {
    money::time::unix_ms(std::time::SystemTime::now()) / 1_000
}

impl Fixture {
    pub async fn create_checkout(&self, user: &str, message: CreateCheckoutRequest) -> Result<CreateCheckoutResponse, Status> {
        self.client().create_checkout(self.from(user, message)).await.map(tonic::Response::into_inner)
    }

    pub async fn get_checkout(&self, user: &str, checkout_id: &str) -> Result<Checkout, Status> {
        let message = GetCheckoutRequest { checkout_id: checkout_id.to_owned(), ..Default::default() };
        let answer = self.client().get_checkout(self.from(user, message)).await;
        answer.map(|answer| answer.into_inner().checkout.unwrap())
    }

    pub async fn checkout_state(&self, user: &str, checkout_id: &str) -> CheckoutState {
        self.get_checkout(user, checkout_id).await.unwrap().state()
    }

    pub async fn purchase_of(&self, user: &str, purchase_id: &str) -> GetPurchaseResponse {
        let message = GetPurchaseRequest { purchase_id: purchase_id.to_owned(), ..Default::default() };
        self.client().get_purchase(self.from(user, message)).await.unwrap().into_inner()
    }

    /// Waits until the user has so many coins.
    pub async fn until_coins(&self, user: &str, coins: i64) {
        let mut ticks = tokio::time::interval(Duration::from_millis(10));
        let waited = tokio::time::timeout(Duration::from_secs(120), async {
            while self.coins(user).await != coins {
                ticks.tick().await;
            }
        });
        waited.await.expect("sweeps are a day apart here");
        // The ledger has them a moment before the purchase is recorded as credited.
        self.service.sweep(later()).await.unwrap();
    }
}
