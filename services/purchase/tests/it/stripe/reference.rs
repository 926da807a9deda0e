//! Stripe's own samples, where the reference data is available.

use super::world::World;
use crate::notified::{kept, later};
use purchase::domain::event::EventState;
use serde_json::{Value, json};
use std::path::PathBuf;

fn data() -> Option<PathBuf> {
    let dir = std::env::var_os("LARGESSE_REFERENCE_DATA").map(|dir| PathBuf::from(dir).join("stripe"));
    if dir.is_none() {
        println!("skipped: LARGESSE_REFERENCE_DATA is unset");
    }
    dir
}

#[tokio::test]
async fn stripes_samples_are_taken_and_end_where_they_must() {
    let Some(dir) = data() else { return };
    let read = |name: &str| -> Value { serde_json::from_slice(&std::fs::read(dir.join(name)).unwrap()).unwrap() };
    let objects = read("openapi_fixtures3.json")["resources"].clone();
    let sample = |name: &str| read(&format!("event.{name}.json"))["object"].clone();
    let dispute = read("object.dispute_dp_fakefakefakefake01.json");
    let reinstated = read("object.dispute_dp_funds_reinstated_full.json");
    let payment = read("object.payment_intent_pi_fakefakefakefakefake0001.json");
    use EventState::{Kept, Noted, Unknown, WaitsForRefunds};
    let cases = [
        // A subscription: not ours.
        ("checkout.session.completed", sample("checkout.session.completed"), Noted, "it is about no order of ours", ""),
        (
            "checkout.session.expired",
            objects["checkout.session"].clone(),
            Noted,
            "it is about no order of ours",
            "pi_1PgafyB7WZ01zgkWSjxsAJo3",
        ),
        ("charge.refunded", sample("charge.refunded"), Kept, "5.00 USD refunded so far", "pm_1234"),
        ("charge.succeeded", sample("charge.succeeded"), Noted, "", ""),
        ("charge.updated", sample("charge.updated"), Noted, "", ""),
        ("account.updated", sample("account.updated"), Unknown, "", ""),
        ("payment_intent.succeeded", payment, Noted, "its session decides", "pi_fakefakefakefakefake0001"),
        ("charge.dispute.funds_withdrawn", dispute, Kept, "10.00 USD disputed", "pi_1JAyTwJSZQVUcJYgBbsz0NuH"),
        ("charge.dispute.funds_reinstated", reinstated.clone(), Kept, "10.00 USD disputed", "pi_1JAyTwJSZQVUcJYgBbsz0NuH"),
        ("refund.created", objects["refund"].clone(), Noted, "it is about no payment of ours", ""),
        ("radar.early_fraud_warning.created", objects["radar.early_fraud_warning"].clone(), WaitsForRefunds, "", ""),
    ];
    let world = World::sqlite().await;
    world.fixture.stop_background();
    for (place, (kind, object, state, note, payment)) in cases.into_iter().enumerate() {
        let mut event = objects["event"].clone();
        event["id"] = json!(format!("evt_{place}"));
        event["type"] = json!(kind);
        event["data"] = json!({ "object": object });
        assert_eq!(world.say(&event).await, 200, "{kind}");
        world.fixture.service.sweep(later()).await.unwrap();
        let book = money::BookName::try_new(crate::fixture::BOOK).unwrap();
        let events = world.fixture.service.store().events(&book).await.unwrap();
        let (stored, found) = events.iter().find(|(stored, _)| stored.event_id == format!("evt_{place}")).unwrap();
        assert_eq!(stored.state, state, "{kind}");
        assert!(found.contains(note), "{kind}: {found}");
        assert!(payment.is_empty() || stored.transaction_id == payment, "{kind}: {}", stored.transaction_id);
    }
    assert_eq!(kept(&world.fixture).await.len(), 11);
    assert!(world.fixture.postings().await.is_empty());
}
