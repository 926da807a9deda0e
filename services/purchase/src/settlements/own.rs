//! What we expect of a store, sale by sale and refund by refund. No I/O, no clock.

use money::Currency;
use uuid::Uuid;

use crate::domain::Purchase;
use crate::refunds::step::{RefundStep, StepState};

/// A sale, or a step of its refunds, as far as it changes what the store owes us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnPart {
    /// The purchase.
    pub purchase_id: Uuid,
    /// 0: the sale; otherwise the step of its refunds.
    pub step_no: i64,
    /// The store's id of the sale.
    pub transaction_id: String,
    /// The product.
    pub product_id: String,
    /// The market; empty where the price list has none.
    pub market: String,
    /// The legal entity that sold it.
    pub entity: String,
    /// Pieces; less than zero where they were given back.
    pub quantity: i64,
    /// When it happened, in Unix milliseconds.
    pub at_ms: i64,
    /// Of the amounts.
    pub currency: Currency,
    /// What the buyer paid, in minor units; less than zero where it was paid back.
    pub gross: i64,
    /// The tax in it that the store remits.
    pub tax: i64,
    /// The store's commission on it.
    pub commission: i64,
    /// The settlement that covers it, if any.
    pub settled_by: Option<Uuid>,
}

impl OwnPart {
    /// What the store owes for it, in minor units.
    #[must_use]
    pub fn expected(&self) -> i64 {
        self.gross - self.tax - self.commission
    }
}

/// The parts of a purchase whose coins were issued, and of the steps of its refunds whose money is posted.
#[must_use]
pub fn parts(purchase: &Purchase, steps: &[RefundStep], settled_by: impl Fn(i64) -> Option<Uuid>) -> Vec<OwnPart> {
    let (value, remits_tax) = (&purchase.value, purchase.store.remits_tax());
    let of_store = |minor: i64| if remits_tax { minor } else { 0 };
    let entity = if purchase.sold.entity.is_empty() { chart::HouseId::MAIN.as_str() } else { &purchase.sold.entity };
    let sale = OwnPart {
        purchase_id: purchase.purchase_id,
        step_no: 0,
        transaction_id: purchase.transaction_id.clone(),
        product_id: purchase.product_id.clone(),
        market: purchase.sold.market.clone(),
        entity: entity.to_owned(),
        quantity: i64::from(purchase.quantity),
        at_ms: purchase.purchased_at_ms,
        currency: value.price.currency(),
        gross: value.price.minor_units(),
        tax: of_store(value.tax.minor_units()),
        commission: of_store(value.commission.minor_units()),
        settled_by: settled_by(0),
    };
    let refunded = steps.iter().filter(|step| step.state == StepState::Done).map(|step| {
        let money = step.money;
        let gross = if step.is_back { step.amount } else { -step.amount };
        let commission = -(money.prepaid + money.commission);
        let expected = -(money.deferred - money.prepaid + money.contra - money.commission + money.tax);
        OwnPart {
            step_no: step.step_no,
            quantity: if step.is_back { sale.quantity } else { -sale.quantity },
            at_ms: step.created_at_ms,
            gross,
            // What is neither owed nor commission is tax that the store takes back itself.
            tax: gross - expected - of_store(commission),
            commission: of_store(commission),
            settled_by: settled_by(step.step_no),
            ..sale.clone()
        }
    });
    std::iter::once(sale.clone()).chain(refunded.collect::<Vec<_>>()).collect()
}
