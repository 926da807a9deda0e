//! Stripe, paid for our orders: a Checkout session for each, made under a key that follows from the order.

use std::time::{Duration, SystemTime};

use chart::BookKind;
use money::time::unix_ms;
use money::{BookName, Money};

use super::api::ApiFault;
use super::merchant::Merchant;
use super::refund_document::RefundDocument;
use super::session;
use crate::domain::{OutOfRange, Package, ReceiptValue, StoreKind};
use crate::orders::order::{self, Order, PaymentFacts, PaymentStanding, RefundedSoFar};
use crate::orders::paying::PayMethod;
use crate::stores::payee::{self, NotOpened, OrderAccount};

/// A session must be payable for at least this long when Stripe makes it; a little more, for the time of the call.
const SESSION_LEAST_MS: i64 = 30 * 60 * 1_000 + 30_000;

/// An idempotency key is repeated for so long only: Stripe keeps them for 24 hours.
const KEY_REPEATED_MS: i64 = 23 * 3_600 * 1_000;

/// How far Stripe's clock may be from ours when a session is looked for, in seconds.
const CLOCKS_S: i64 = 60;

#[tonic::async_trait]
impl OrderAccount for Merchant {
    fn store(&self) -> StoreKind {
        StoreKind::Stripe
    }

    fn account_id(&self) -> &str {
        &self.account.account_id
    }

    fn book(&self) -> &BookName {
        &self.book
    }

    fn kind(&self) -> BookKind {
        if self.is_live { BookKind::Live } else { BookKind::Test }
    }

    fn pay_within(&self) -> Duration {
        self.account.pay_within
    }

    fn value(&self, package: &Package) -> Result<ReceiptValue, OutOfRange> {
        order::value(package, self.account.included_tax_basis_points)
    }

    fn takes(&self, method: PayMethod) -> bool {
        matches!(method, PayMethod::Usual | PayMethod::Page)
    }

    fn authenticates(&self, market: &str, price: Money) -> bool {
        let dear = self
            .account
            .three_d_secure_from
            .iter()
            .any(|from| from.currency == price.currency().code() && price.minor_units() >= from.minor_units);
        dear || self.account.three_d_secure_markets.iter().any(|listed| listed == market)
    }

    fn may_return_to(&self, address: &str) -> bool {
        payee::may_return_to(address, &self.account.return_origins, self.kind())
    }

    /// A key that Stripe may have forgotten, and a session that it would not make any more, are not sent: only what is there is looked for.
    fn may_open(&self, order: &Order, now_ms: i64) -> bool {
        now_ms.saturating_sub(order.created_at_ms) < KEY_REPEATED_MS && order.expires_at_ms - now_ms >= SESSION_LEAST_MS
    }

    async fn open(&self, order: &Order, now: SystemTime) -> Result<PaymentFacts, NotOpened> {
        let form = session::form(order).map_err(|why| NotOpened::Refused(why.to_string()))?;
        match self.api.create_session(&form, &idempotency_key(order)).await {
            Ok(session) => Ok(session.facts(self.account_id(), unix_ms(now))),
            Err(ApiFault::Refused(why)) => Err(NotOpened::Refused(why)),
            Err(ApiFault::NotFound) => Err(NotOpened::Later("the interface is not where it should be".to_owned())),
            Err(ApiFault::Later(why)) => Err(NotOpened::Later(why)),
            Err(ApiFault::KeyReused) => Err(NotOpened::Look),
        }
    }

    /// The order's session; where it is not known, the one that carries the order's id in its metadata.
    async fn standing(&self, order: &Order, now: SystemTime) -> Result<Option<PaymentFacts>, String> {
        let found = if order.session_id.is_empty() {
            // Asked for the last time at `asked_at_ms`, unless the process ended between noting that and asking.
            let until_s = order.asked_at_ms.max(order.created_at_ms).saturating_add(120_000).min(unix_ms(now)) / 1_000;
            self.api.session_of_order(order.order_id, order.created_at_ms / 1_000 - CLOCKS_S, until_s + CLOCKS_S).await
        } else {
            self.api.session(&order.session_id).await.map(Some)
        };
        let facts = match found {
            Ok(session) => session.map(|session| session.facts(self.account_id(), unix_ms(now))),
            Err(ApiFault::NotFound) => None,
            Err(fault) => return Err(format!("{fault:?}")),
        };
        let facts = match facts {
            Some(facts) if facts.standing == PaymentStanding::Paid => facts,
            other => return Ok(other),
        };
        // A session stays paid, whatever was paid back since.
        let refunds = self.api.refunds_of(&facts.transaction_id).await.map_err(|fault| format!("{fault:?}"))?;
        let refunded = RefundedSoFar::Known(refunds.iter().map(RefundDocument::word).collect());
        Ok(Some(PaymentFacts { refunded, ..facts }))
    }

    /// Sessions end by themselves.
    async fn close(&self, _order: &Order) -> Result<(), String> {
        Ok(())
    }
}

/// The key under which Stripe makes the session of an order once.
fn idempotency_key(order: &Order) -> String {
    format!("largesse-order-{}", order.order_id.hyphenated())
}
