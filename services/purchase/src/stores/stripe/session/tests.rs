//! Sessions in every state.
use super::*;
use serde_json::{Value, json};

fn facts(change: Value) -> PaymentFacts {
    let mut session = json!({
        "id": "cs_1", "url": "https://checkout.stripe.com/c/pay/cs_1", "status": "complete", "payment_status": "paid", "amount_total": 500,
        "currency": "isk", "livemode": true, "metadata": {"order_id": "018f0000-0000-7000-8000-000000000001"}, "payment_intent": "pi_1",
    });
    for (name, value) in change.as_object().unwrap() {
        session[name] = value.clone();
    }
    serde_json::from_value::<SessionDocument>(session).unwrap().facts("acct_1", 7)
}

#[test]
fn a_session_says_what_was_paid_and_how_far_it_is() {
    let paid = facts(json!({}));
    assert_eq!((paid.standing, paid.environment.as_str(), paid.transaction_id.as_str()), (PaymentStanding::Paid, "live", "pi_1"));
    let amount = paid.amount.unwrap();
    assert_eq!((amount.minor_units(), amount.currency().code()), (5, "ISK"));
    for (change, standing) in [
        (json!({"status": "open", "payment_status": "unpaid", "payment_intent": null}), PaymentStanding::Open),
        (json!({"status": null, "payment_status": null}), PaymentStanding::Open),
        (json!({"status": "something new"}), PaymentStanding::Open),
        (json!({"status": "expired", "payment_status": "unpaid"}), PaymentStanding::Expired),
        (json!({"payment_status": "unpaid"}), PaymentStanding::Processing),
        (json!({"payment_status": "unpaid", "payment_intent": {"id": "pi_1", "status": "processing"}}), PaymentStanding::Processing),
        (
            json!({"payment_status": "unpaid", "payment_intent": {"id": "pi_1", "status": "requires_payment_method"}}),
            PaymentStanding::Failed,
        ),
        (json!({"payment_status": "unpaid", "payment_intent": {"id": "pi_1", "status": "canceled"}}), PaymentStanding::Failed),
        (json!({"payment_status": "no_payment_required", "payment_intent": null, "amount_total": 0}), PaymentStanding::Paid),
    ] {
        assert_eq!(facts(change.clone()).standing, standing, "{change}");
    }
    assert_eq!(facts(json!({"metadata": null})).order_id, None);
    assert_eq!(facts(json!({"metadata": {"order_id": "1"}})).order_id, None);
    assert_eq!(facts(json!({"amount_total": 550})).amount, None, "half an ISK");
    assert_eq!(facts(json!({"payment_intent": "x".repeat(256)})).transaction_id, "");
}
