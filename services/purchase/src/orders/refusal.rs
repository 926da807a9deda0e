//! Why a checkout is refused, as callers see it.

use rpc::StickyRefusal;
use std::time::Duration;
use tonic::{Code, Status};

/// When to try again after a store was not reached: long enough for its limits, short enough for a buyer to wait.
const RETRY_DELAY: Duration = Duration::from_secs(2);

/// Why there is no checkout.
#[derive(Debug, Clone)]
pub enum OrderRefusal {
    /// No package with this id is sold through this channel today.
    ProductUnknown(String),
    /// No account of this store sells the book's coins.
    NotOffered,
    /// The user has as many orders that can still be paid as one may have.
    TooMany {
        /// How many that is.
        open_max: u32,
    },
    /// The store was not reached, or its answer is lost. The order is kept.
    Unavailable,
    /// The store refused the order for good. Kept under the request id.
    RefusedByStore,
    /// The order ended before the store had made its session. Kept under the request id.
    Expired,
    /// No such order, or not the caller's.
    Unknown(String),
    /// The refusal that the request got before.
    Kept(StickyRefusal),
}

impl OrderRefusal {
    /// As it is kept under the request id.
    pub(crate) fn kept(&self) -> StickyRefusal {
        let refused = |reason, message: &str| StickyRefusal::new(Code::FailedPrecondition, reason, message, &[]);
        match self {
            Self::Expired => {
                refused("CHECKOUT_EXPIRED", "the order ended before the store had made its page; nobody was charged: make a new request")
            }
            Self::Kept(kept) => kept.clone(),
            _ => refused("CHECKOUT_REFUSED", "the store refused the order; nobody was charged, and support can see why"),
        }
    }
}

impl From<OrderRefusal> for Status {
    fn from(refusal: OrderRefusal) -> Self {
        match refusal {
            OrderRefusal::ProductUnknown(product_id) => {
                let message = "no coin package with this id is sold through this channel today; nothing was done".to_owned();
                rpc::refused(Code::NotFound, "PRODUCT_UNKNOWN", message, &[("product_id", product_id)])
            }
            OrderRefusal::NotOffered => {
                let message =
                    "this book's coins are not sold through this store; nothing was done, and the same request is good once they are";
                rpc::refused(Code::FailedPrecondition, "STORE_NOT_OFFERED", message.to_owned(), &[])
            }
            OrderRefusal::TooMany { open_max } => {
                let message = format!(
                    "the user has {open_max} checkouts that can still be paid; nothing was done: pay one, or wait until one expires"
                );
                rpc::refused(Code::FailedPrecondition, "CHECKOUT_LIMIT", message, &[("checkouts_max", open_max.to_string())])
            }
            OrderRefusal::Unavailable => {
                let message = "the store did not answer; the order is kept and nobody was charged: retry the same request";
                rpc::errors::unavailable("STORE_UNAVAILABLE", message, RETRY_DELAY)
            }
            OrderRefusal::Unknown(checkout_id) => {
                rpc::refused(Code::NotFound, "CHECKOUT_UNKNOWN", "no such checkout".to_owned(), &[("checkout_id", checkout_id)])
            }
            sticky @ (OrderRefusal::RefusedByStore | OrderRefusal::Expired | OrderRefusal::Kept(_)) => sticky.kept().status(),
        }
    }
}
