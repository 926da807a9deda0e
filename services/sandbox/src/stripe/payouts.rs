//! Payouts: the balance transactions of everything that was charged and refunded since the last one, and what goes wrong with them on command.

use super::{
    Desk,
    command::{NothingDone, StripeCommand},
    objects,
};
use serde_json::{Value, json};

/// The kinds under which they are stored.
pub(super) const PAYOUT: &str = "payout";
pub(super) const TRANSACTION: &str = "balance_transaction";
/// What the processor charges for a payment, and the tax in it, unless the command says otherwise: the present prices are nobody's business here.
const FEE: i64 = 32;
const FEE_TAX: i64 = 2;

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or(0)
}

/// What a payout is made of.
struct PayoutInProgress<'a> {
    command: &'a StripeCommand,
    id: String,
    currency: String,
    transactions: Vec<Value>,
}

impl PayoutInProgress<'_> {
    /// An amount in the currency of the payout.
    fn paid(&self, amount: i64) -> i64 {
        self.command.rate.map_or(amount, |rate| crate::report::exchanged(amount, rate))
    }

    fn add(&mut self, kind: &str, amount: i64, fee: i64, tax: i64, source: &Value) {
        let total = fee + tax;
        let details = [(fee, "stripe_fee"), (tax, "tax")].into_iter().filter(|(amount, _)| *amount != 0);
        let details: Vec<Value> =
            details.map(|(amount, kind)| json!({"amount": amount, "currency": self.currency, "type": kind})).collect();
        let is_exchanged = self.command.rate.is_some() && source["amount"].is_i64();
        self.transactions.push(json!({
            "id": objects::new_id("txn"),
            "object": TRANSACTION,
            "amount": amount,
            "available_on": objects::now_s(),
            "created": objects::now_s(),
            "currency": self.currency,
            "exchange_rate": self.command.rate.filter(|_| is_exchanged).map(|rate| rate as f64 / 10_000.0),
            "fee": total,
            "fee_details": details,
            "net": amount - total,
            "payout": self.id,
            "reporting_category": kind,
            "source": source,
            "status": "available",
            "type": kind,
        }));
    }
}

/// Pays out what was not paid out before.
pub(super) async fn pay_out(desk: &Desk, command: &StripeCommand) -> Result<Result<Value, NothingDone>, sqlx::Error> {
    let before: Vec<Value> = desk.store.all(TRANSACTION).await?;
    let is_new = |object: &Value| !before.iter().any(|transaction| transaction["source"]["id"] == object["id"]);
    let currency = command.currency.clone().unwrap_or_else(|| "usd".to_owned());
    let mut made = PayoutInProgress { command, id: objects::new_id("po"), currency, transactions: Vec::new() };
    let left_out = desk.payment_of(&command.session).await?;
    let (charges, refunds) = (desk.store.all("charge").await?, desk.store.all("refund").await?);
    for charge in charges.iter().rev().filter(|charge| is_new(charge)) {
        if left_out.as_ref().is_some_and(|payment| payment["id"] == charge["payment_intent"]) {
            continue;
        }
        let amount = made.paid(number(&charge["amount"]));
        made.add("charge", amount, command.fee.unwrap_or(FEE), FEE_TAX, charge);
    }
    for refund in refunds.iter().rev().filter(|refund| refund["status"] == "succeeded" && is_new(refund)) {
        let amount = made.paid(number(&refund["amount"]));
        made.add("refund", -amount, 0, 0, refund);
    }
    if command.strange != 0 {
        let payment =
            objects::payment_intent(command.strange, if command.rate.is_some() { "usd" } else { &made.currency }, &json!({}), "succeeded");
        let amount = made.paid(command.strange);
        made.add("charge", amount, 0, 0, &objects::charge(&payment));
    }
    for (kind, amount) in [("reserve_transaction", command.reserve), ("tax_withholding", command.withheld)] {
        if amount != 0 {
            made.add(kind, -amount, 0, 0, &json!(null));
        }
    }
    let total: i64 = made.transactions.iter().map(|transaction| number(&transaction["net"])).sum();
    if made.transactions.is_empty() {
        return Ok(Err("nothing is left to be paid out"));
    }
    let status = if command.status.is_empty() { "paid" } else { &command.status };
    let payout = json!({
        "id": made.id,
        "object": PAYOUT,
        "amount": total,
        "arrival_date": objects::now_s() + 2 * 86_400,
        "automatic": true,
        "created": objects::now_s(),
        "currency": made.currency,
        "livemode": false,
        "status": status,
        "type": "bank_account",
    });
    made.add("payout", -total, 0, 0, &payout);
    for transaction in &made.transactions {
        desk.store.put(TRANSACTION, transaction).await?;
    }
    desk.store.put(PAYOUT, &payout).await?;
    desk.happened("payout.created", &payout).await?;
    Ok(Ok(payout))
}

/// A payout reaches the bank, or comes back.
pub(super) async fn move_payout(desk: &Desk, id: &str, status: &str) -> Result<Result<Value, NothingDone>, sqlx::Error> {
    let Some(mut payout) = desk.store.get(PAYOUT, id).await? else { return Ok(Err("no such payout")) };
    if !["paid", "failed", "in_transit"].contains(&status) {
        return Ok(Err("status is paid, failed or in_transit"));
    }
    payout["status"] = json!(status);
    desk.store.put(PAYOUT, &payout).await?;
    for mut transaction in desk.store.all(TRANSACTION).await? {
        if transaction["type"] == PAYOUT && transaction["source"]["id"] == *id {
            transaction["source"] = payout.clone();
            desk.store.put(TRANSACTION, &transaction).await?;
        }
    }
    desk.happened(&format!("payout.{status}"), &payout).await?;
    Ok(Ok(payout))
}
