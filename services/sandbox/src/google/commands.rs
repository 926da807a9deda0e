//! Commands: what testers and demonstrations have the store do.

use super::{
    Error, PendingRefund, PlayFault, PlayPush, PlaySale, PlaySubscription, PushedNotification, SandboxGooglePlay, earnings::EarningsOrder,
};
use crate::page::Endpoint;
use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    routing::{get, post, put},
};
use serde::Deserialize;
use serde_json::{Value, json};

type CommandAnswer<T> = Result<Json<T>, (StatusCode, String)>;

/// What people call.
pub(super) const ENDPOINTS: [Endpoint<SandboxGooglePlay>; 8] = [
    Endpoint {
        method: "POST",
        path: "/google/earnings",
        effect: "Reports what an app sold and refunded, as the earnings report of a month in an archive; withheld, reserve, left_out, strange, another fee or currency",
        example: r#"/google/earnings -o earnings.zip -H 'content-type: application/json' -d '{"package_name": "sandbox.largesse.demo", "price": 99, "fee": 29}'"#,
        answered_by: || post(earnings),
    },
    Endpoint {
        method: "POST",
        path: "/google/purchases",
        effect: "Sells; answers JSON with purchaseToken and orderId. pending: not paid yet; test: false for real money",
        example: r#"/google/purchases -H 'content-type: application/json' -d '{"package_name": "sandbox.largesse.demo", "product_id": "coins.us.app.350"}'"#,
        answered_by: || post(sell),
    },
    Endpoint {
        method: "POST",
        path: "/google/purchases/{token}/{command}",
        effect: "Of a purchase by its token or order: pay or cancel a pending one, refund a paid one (all that is left of it, or a quantity), or ask about its refund for a reason; refund_settled: a refund that was on its way is paid",
        example: r#"/google/purchases/TOKEN/refund -H 'content-type: application/json' -d '{"quantity": 1}'"#,
        answered_by: || post(change),
    },
    Endpoint {
        method: "PUT",
        path: "/google/subscription",
        effect: "Sets where notifications go on their own, how often each, and whether they are held",
        example: r#"/google/subscription -X PUT -H 'content-type: application/json' -d '{"url": "http://127.0.0.1:7071/webhooks/store/google"}'"#,
        answered_by: || put(subscribe),
    },
    Endpoint {
        method: "POST",
        path: "/google/deliveries",
        effect: "Delivers what is held or was not taken, also from the last to the first",
        example: r#"/google/deliveries -H 'content-type: application/json' -d '{"reversed": true}'"#,
        answered_by: || post(deliver),
    },
    Endpoint {
        method: "POST",
        path: "/google/notifications",
        effect: "Signs any notification and delivers copies of it, also forged, expired or for another audience",
        example: r#"/google/notifications -H 'content-type: application/json' -d '{"url": "http://127.0.0.1:7071/webhooks/store/google", "notification": {"version": "1.0", "packageName": "sandbox.largesse.demo", "testNotification": {"version": "1.0"}}}'"#,
        answered_by: || post(notify),
    },
    Endpoint {
        method: "POST",
        path: "/google/faults",
        effect: "Answers the next times requests of the interface with status, before or after their execution; forget_tokens ends all access tokens",
        example: r#"/google/faults -H 'content-type: application/json' -d '{"status": 429, "times": 3}'"#,
        answered_by: || post(fault),
    },
    Endpoint {
        method: "GET",
        path: "/google/questions",
        effect: "Lists questions about refunds and what they were answered",
        example: "/google/questions",
        answered_by: || get(questions),
    },
];

/// Arguments of a change.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ChangeArguments {
    /// How many are refunded; all if absent.
    quantity: Option<i32>,
    /// Why a refund is asked about; 1 if absent, 7 for a dispute.
    reason: Option<i32>,
}

/// Arguments of a delivery.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DeliveryArguments {
    reversed: bool,
}

fn refused(error: Error) -> (StatusCode, String) {
    match error {
        Error::Asked(why) => (StatusCode::BAD_REQUEST, why.to_owned()),
        error => {
            tracing::error!(%error, "the pretend Google Play could not do as it was asked");
            (StatusCode::INTERNAL_SERVER_ERROR, "it could not be done".to_owned())
        }
    }
}

async fn sell(State(play): State<SandboxGooglePlay>, Json(sale): Json<PlaySale>) -> CommandAnswer<Value> {
    let sold = play.sell(sale).await.map_err(refused)?;
    Ok(Json(json!({"purchaseToken": sold.purchase_token, "orderId": sold.order_id})))
}

async fn change(
    State(play): State<SandboxGooglePlay>,
    Path((token, command)): Path<(String, String)>,
    arguments: Option<Json<ChangeArguments>>,
) -> CommandAnswer<Value> {
    let ChangeArguments { quantity, reason } = arguments.map(|arguments| arguments.0).unwrap_or_default();
    let token = play.token_of(&token).await.map_err(refused)?;
    if command == "ask" {
        let question = play.ask(&token, reason.unwrap_or(1)).await.map_err(refused)?;
        return Ok(Json(json!({"pendingRefundToken": question.pending_refund_token, "orderId": question.order_id})));
    }
    let changed = match command.as_str() {
        "pay" => play.pay(&token).await,
        "cancel" => play.cancel(&token).await,
        "refund" => play.refund(&token, quantity).await,
        "refund_settled" => play.settle_refund(&token).await,
        _ => Err(Error::Asked("the commands are pay, cancel, refund, refund_settled and ask")),
    };
    Ok(Json(changed.map_err(refused)?.resource()))
}

async fn subscribe(State(play): State<SandboxGooglePlay>, Json(subscription): Json<PlaySubscription>) -> Json<PlaySubscription> {
    play.subscribe(subscription.clone());
    Json(subscription)
}

async fn deliver(
    State(play): State<SandboxGooglePlay>,
    arguments: Option<Json<DeliveryArguments>>,
) -> CommandAnswer<Vec<PushedNotification>> {
    let reversed = arguments.is_some_and(|arguments| arguments.0.reversed);
    Ok(Json(play.deliver(reversed).await.map_err(refused)?))
}

async fn notify(State(play): State<SandboxGooglePlay>, Json(push): Json<PlayPush>) -> CommandAnswer<PushedNotification> {
    Ok(Json(play.push(&push).await.map_err(refused)?))
}

async fn questions(State(play): State<SandboxGooglePlay>) -> Json<Vec<PendingRefund>> {
    Json(play.questions())
}

async fn earnings(State(play): State<SandboxGooglePlay>, Json(asked): Json<EarningsOrder>) -> Result<Vec<u8>, (StatusCode, String)> {
    play.earnings(&asked).await.map_err(refused)
}

async fn fault(State(play): State<SandboxGooglePlay>, Json(fault): Json<PlayFault>) -> Json<PlayFault> {
    play.fail(fault);
    Json(fault)
}
