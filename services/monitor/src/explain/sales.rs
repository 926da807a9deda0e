//! A purchase with everything that was paid back of it, and orders, refunds and settlements by their own ids.
use super::{
    StoryTeller,
    seek::ExplainedThing,
    words::{StoryWords, facts, made_ms, parsed, purchase_words, time_ms},
};
use crate::audit::ReadFault;
use money::Money;
use purchase::tables::{
    AuditedRow, CoinHold, DisputeStep, HoldState, Order, OrderState, Purchase, RefundOrder, RefundOrderState, RefundStep, RefusedRow,
    StepState,
};
use serde_json::{Value, json};
use uuid::Uuid;

/// Minor units in words, in the currency of a price; as they are where they are beyond it.
fn minor(price: Money, minor_units: i64) -> String {
    Money::try_new(price.currency(), minor_units).map_or_else(|_| format!("{minor_units} minor units"), |amount| amount.to_string())
}

fn of_step(step: &RefundStep) -> Value {
    let how = if step.is_back { "taken back" } else { "paid back" };
    let state = match step.state {
        StepState::Coins => "coins to be posted",
        StepState::Money => "money to be posted",
        StepState::Done => "posted",
    };
    json!({
        "step": step.step_no, "how": how, "coins": step.coins, "owed": step.plan.debt, "minor_units": step.amount, "currency": step.currency.code(),
        "state": state, "time": time_ms(step.created_at_ms), "posting_id": step.posting_id, "money_posting_id": step.money_posting_id,
    })
}

fn of_hold(hold: &CoinHold) -> Value {
    let state = match hold.state {
        HoldState::Asked => "to be held",
        HoldState::Placed | HoldState::Counted => "held",
        HoldState::Releasing => "to be released",
        HoldState::Taking => "being taken",
        HoldState::Over => "over",
    };
    json!({
        "hold": hold.hold_no, "coins": hold.coins, "taken": hold.taken, "state": state, "time": time_ms(hold.created_at_ms),
        "ends": time_ms(hold.ends_at_ms), "posting_id": hold.posting_id, "end_posting_id": hold.end_posting_id,
    })
}

fn of_dispute(AuditedRow { of, .. }: &AuditedRow<DisputeStep>) -> Value {
    json!({
        "step": of.step_no, "withdrawn_minor_units": of.withdrawn, "fee_minor_units": of.fee, "currency": of.currency.code(),
        "time": time_ms(of.created_at_ms), "posting_id": of.posting_id,
    })
}

const fn refund_state(state: RefundOrderState) -> &'static str {
    match state {
        RefundOrderState::Asked => "waits for a second person",
        RefundOrderState::Approved => "to be sent to the store",
        RefundOrderState::Sent => "sent to the store",
        RefundOrderState::Unknown => "sent to the store, which has not answered",
        RefundOrderState::Succeeded => "paid back",
        RefundOrderState::Failed => "failed",
        RefundOrderState::Abnormal => "needs somebody to act at the store",
        RefundOrderState::Rejected => "rejected",
        RefundOrderState::Ended => "ended by staff",
    }
}

fn of_order(order: &RefundOrder) -> Value {
    json!({
        "refund_id": order.refund_id, "amount": order.amount.to_string(), "state": refund_state(order.state), "asked_by": order.asked_by.as_str(),
        "decided_by": order.decided_by, "store_refund_id": order.store_refund_id, "note": order.note, "time": time_ms(order.created_at_ms),
    })
}

/// What a purchase's sentence says of its refunds, disputes and holds, beyond that it was credited.
fn after_sale(of: &Purchase, steps: &[RefundStep], disputes: &[AuditedRow<DisputeStep>], holds: &[CoinHold]) -> String {
    let mut told = String::new();
    if let Some(last) = steps.last() {
        let price = of.value.price;
        told.push_str(&format!("; {} of its coins and {} of its price are paid back", last.coins_total, minor(price, last.amount_total)));
        if last.state != StepState::Done {
            told.push_str(", not all posted yet");
        }
    }
    if let Some(last) = disputes.last() {
        told.push_str(&format!("; {} are withdrawn for disputes", minor(of.value.price, last.of.withdrawn_total)));
    }
    let held: i64 = holds.iter().filter(|hold| hold.state != HoldState::Over && !hold.posting_id.is_empty()).map(|hold| hold.coins).sum();
    if held > 0 {
        told.push_str(&format!("; {held} coins are held until it is decided whether they are taken back"));
    }
    told
}

impl StoryTeller {
    /// A purchase, with what became of it afterwards.
    pub(super) async fn whole_purchase(&self, of: &Purchase) -> Result<StoryWords, ReadFault> {
        let mut words = purchase_words(of);
        let Some(tables) = &self.purchase else { return Ok(words) };
        let steps = tables.refund_steps(&of.book, of.purchase_id).await?;
        let disputes = tables.audited_disputes(&of.book, of.purchase_id).await?;
        let holds = tables.coin_holds(&of.book, of.purchase_id).await?;
        let orders = tables.refund_orders_of(of).await?;
        words.told.push_str(&after_sale(of, &steps, &disputes, &holds));
        if let Some(open) = orders.iter().find(|order| !order.state.is_over()) {
            words.told.push_str(&format!("; a refund of {} is asked for: {}", open.amount, refund_state(open.state)));
        }
        words.facts.extend(facts(json!({
            "refunds": steps.iter().map(of_step).collect::<Vec<_>>(), "holds": holds.iter().map(of_hold).collect::<Vec<_>>(),
            "disputes": disputes.iter().map(of_dispute).collect::<Vec<_>>(), "refund_orders": orders.iter().map(of_order).collect::<Vec<_>>(),
        })));
        let of_steps = steps.iter().flat_map(|step| [&step.posting_id, &step.money_posting_id]);
        let of_holds = holds.iter().flat_map(|hold| [&hold.posting_id, &hold.end_posting_id]);
        words.postings.extend(parsed(of_steps.chain(of_holds).chain(disputes.iter().map(|step| &step.of.posting_id))));
        Ok(words)
    }

    /// Orders, refunds and purchases that an id stands for which is neither a purchase's nor a posting's.
    pub(super) async fn of_sales(&self, text: &str, id: Option<Uuid>) -> Result<Vec<ExplainedThing>, ReadFault> {
        let Some(tables) = &self.purchase else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for order in tables.orders_looked_up(&self.name, text).await? {
            found.push(ExplainedThing::Described(order_words(&order).into()));
            if let Some(purchase_id) = order.purchase_id {
                found.extend(self.purchase_of(purchase_id).await?);
            }
        }
        for order in tables.refund_orders_looked_up(&self.name, text).await? {
            found.push(refund_thing(&order));
            found.extend(self.purchase_of(order.purchase_id).await?);
        }
        found.extend(
            tables.refused_looked_up(&self.name, text).await?.iter().map(|row| ExplainedThing::Described(refused_words(row).into())),
        );
        found.extend(tables.reported_under(&self.name, text).await?.into_iter().map(|found| ExplainedThing::Purchase(found.into())));
        if let Some(id) = id {
            found.extend(self.settlement_of(id).await?);
            found.extend(self.wallet_change_of(id).await?);
        }
        Ok(found)
    }

    pub(super) async fn settlement_of(&self, id: Uuid) -> Result<Option<ExplainedThing>, ReadFault> {
        let Some(tables) = &self.purchase else { return Ok(None) };
        let Some(of) = tables.settlement(&self.name, id).await? else { return Ok(None) };
        let postings = tables.audited_settlements_of(&self.name, id).await?;
        let paid = of.proceeds_currency.map(|currency| {
            Money::try_new(currency, of.paid).map_or_else(|_| format!("{} minor units", of.paid), |amount| amount.to_string())
        });
        let (store, account, period) = (of.key.store.as_str(), &of.key.account, &of.key.period);
        let state = if of.edition == 0 { "nothing is posted" } else { "settled" };
        let paid = paid.map_or_else(String::new, |paid| format!(", of which the store pays {paid}"));
        let edition = |AuditedRow { of, .. }: &AuditedRow<_>| -> Value {
            let of: &purchase::tables::SettlementPosting = of;
            json!({ "edition": of.edition, "currency": of.currency.code(), "time": time_ms(of.planned_at_ms), "posting_id": of.posting_id })
        };
        let words = StoryWords {
            what: "settlement".to_owned(),
            id: id.to_string(),
            told: format!("what {store} owes {account} of {period}{paid}: {state}"),
            made_at: None,
            users: Vec::new(),
            facts: facts(json!({
                "entity": of.entity, "bank_account": of.bank_account, "note": of.note, "unexplained": of.has_unexplained,
                "proposed_by": of.proposed.0, "approved_by": of.approved.0, "editions": postings.iter().map(edition).collect::<Vec<_>>(),
            })),
            postings: parsed(postings.iter().map(|row| &row.of.posting_id)),
        };
        Ok(Some(ExplainedThing::Described(words.into())))
    }
}

fn order_words(order: &Order) -> StoryWords {
    let state = match order.state {
        OrderState::Open => "nobody has paid yet",
        OrderState::Processing => "the payment is on its way",
        OrderState::Paid => "paid",
        OrderState::Expired => "nobody paid in time",
        OrderState::Failed => "the payment failed",
        OrderState::Flagged => "something else was paid, so that a person decides",
    };
    StoryWords {
        what: "order".to_owned(),
        id: order.order_id.to_string(),
        told: format!(
            "{} ordered {} coins for {} at {}: {state}",
            order.user,
            order.value.coins.get(),
            order.value.price,
            order.store.as_str()
        ),
        made_at: made_ms(order.created_at_ms),
        users: vec![order.user.to_string()],
        facts: facts(json!({
            "request_id": order.request_id, "product_id": order.product_id, "market": order.market, "session_id": order.session_id,
            "transaction_id": order.transaction_id, "purchase_id": order.purchase_id, "note": order.note, "create_time": time_ms(order.created_at_ms),
            "expire_time": time_ms(order.expires_at_ms),
        })),
        postings: Vec::new(),
    }
}

fn refused_words(row: &RefusedRow) -> StoryWords {
    let said = if row.authentic { "is the store's" } else { "is not known to be the store's" };
    StoryWords {
        what: "refused receipt".to_owned(),
        id: row.refusal_id.to_string(),
        told: format!("a receipt that {} submitted was refused: {}; it {said}", row.user, row.reason),
        made_at: made_ms(row.refused_at_ms),
        users: vec![row.user.to_string()],
        facts: facts(json!({
            "request_id": row.request_id, "message": row.message, "environment": row.claims.environment, "bundle_id": row.claims.bundle_id,
            "transaction_id": row.claims.transaction_id, "product_id": row.claims.product_id, "refuse_time": time_ms(row.refused_at_ms),
        })),
        postings: Vec::new(),
    }
}

/// A refund that was asked for.
pub(crate) fn refund_thing(order: &RefundOrder) -> ExplainedThing {
    ExplainedThing::Described(refund_words(order).into())
}

fn refund_words(order: &RefundOrder) -> StoryWords {
    let decided = if order.decided_by.is_empty() { String::new() } else { format!(", decided by {}", order.decided_by) };
    StoryWords {
        what: "refund".to_owned(),
        id: order.refund_id.to_string(),
        told: format!(
            "{} of purchase {} of {}, asked for by {}{decided}: {}",
            order.amount,
            order.purchase_id,
            order.user,
            order.asked_by,
            refund_state(order.state)
        ),
        made_at: made_ms(order.created_at_ms),
        users: vec![order.user.to_string()],
        facts: facts(json!({
            "request_id": order.request_id, "store_refund_id": order.store_refund_id, "note": order.note, "create_time": time_ms(order.created_at_ms),
            "end_time": if order.ended_at_ms == 0 { String::new() } else { time_ms(order.ended_at_ms) },
        })),
        postings: Vec::new(),
    }
}
