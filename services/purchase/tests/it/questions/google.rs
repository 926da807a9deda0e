//! What Google asks before it decides about a refund.

use sandbox::google::{PlayFault, PlayPush, PlaySale, PlaySubscription, SandboxGooglePlay, SoldProduct};
use serde_json::Value;

use super::*;
use crate::fixture::BUNDLE;

async fn both() -> [Fixture; 2] {
    [fixture::with_google(Storage::sqlite()).await, fixture::with_google(Storage::postgres()).await]
}

fn play(fixture: &Fixture) -> &SandboxGooglePlay {
    fixture.google.as_ref().unwrap()
}

async fn listening(fixture: &Fixture) -> Listening {
    let http = Listening::start(fixture).await;
    play(fixture).subscribe(PlaySubscription { url: http.of("google"), ..PlaySubscription::default() });
    http
}

async fn sold(fixture: &Fixture, user: &str) -> SoldProduct {
    let sale = PlaySale {
        package_name: BUNDLE.to_owned(),
        product_id: "coins.us.app.70".to_owned(),
        quantity: 1,
        obfuscated_account_id: Some(fixture.token_of(user).await),
        pending: false,
        test: true,
        no_order: false,
    };
    let bought = play(fixture).sell(sale).await.unwrap();
    fixture.redeem_google(user, &new_id(), &bought).await.unwrap();
    bought
}

fn answers(fixture: &Fixture) -> Vec<Value> {
    play(fixture).questions().into_iter().map(|question| question.answer).collect()
}

#[tokio::test]
async fn a_question_is_answered_with_what_was_spent_and_on_what() {
    for fixture in both().await {
        fixture.stop_background();
        let _http = listening(&fixture).await;
        for (user, gifts) in [("ann", vec![]), ("bob", vec![20, 15]), ("cat", vec![70])] {
            let bought = sold(&fixture, user).await;
            for coins in gifts {
                gift(&fixture, user, "cleo", coins).await;
            }
            play(&fixture).ask(&bought.purchase_token, 7).await.unwrap();
        }
        fixture.service.sweep(SystemTime::now()).await.unwrap();
        assert!(answers(&fixture).iter().all(Value::is_null), "the lots are not read");
        catch_up(&fixture).await;
        for hour in [1, 2] {
            fixture.service.sweep(hours(hour)).await.unwrap();
        }
        let found = answers(&fixture);
        let of = |at: usize| (found[at]["refundPreference"].as_str(), found[at]["consumptionPercentageMilliunits"].as_i64());
        assert_eq!([of(0), of(1), of(2)], [(Some("APPROVE"), Some(0)), (Some("NEUTRAL"), Some(50_000)), (Some("DECLINE"), Some(100_000))]);
        let uses = found[1]["consumptionUsageEvents"].as_array().unwrap();
        let shown: Vec<_> = uses.iter().map(|one| one["consumptionItemDescription"].as_str().unwrap()).collect();
        assert_eq!(shown, ["20 coins spent on a gift", "15 coins spent on a gift"]);
        assert!(uses.iter().all(|one| one.as_object().unwrap().len() == 2), "nothing of the user: {uses:?}");
        assert!(found[0].get("consumptionUsageEvents").is_none());
        let rows = questions(&fixture).await;
        assert!(rows.iter().all(|row| row.state == 2 && !row.has_token), "{rows:?}");
    }
}

#[tokio::test]
async fn a_question_that_comes_twice_is_one_and_one_that_is_none_waits_for_staff() {
    for fixture in both().await {
        fixture.stop_background();
        let http = listening(&fixture).await;
        let bought = sold(&fixture, "ann").await;
        let question = play(&fixture).ask(&bought.purchase_token, 1).await.unwrap();
        catch_up(&fixture).await;
        // Another message with the same token, a copy of one, and one by a stranger.
        let again = PlayPush { url: http.of("google"), ..PlayPush::pending_refund(&question, 1, None) };
        for (push, status) in [
            (again.clone(), 200),
            (PlayPush { copies: 3, message_id: "m".to_owned(), ..again.clone() }, 200),
            (PlayPush { forged: true, ..again.clone() }, 401),
        ] {
            let answered = play(&fixture).push(&push).await.unwrap().answers;
            assert!(answered.iter().all(|answer| *answer == status), "{answered:?}");
        }
        let mut without = again.clone();
        without.notification["pendingRefundReviewNotification"].as_object_mut().unwrap().remove("pendingRefundToken");
        assert_eq!(play(&fixture).push(&without).await.unwrap().answers, [200]);
        let asking = kept(&fixture).await.into_iter().filter(|(kind, ..)| kind == "pendingRefundReviewNotification").count();
        assert_eq!((questions(&fixture).await.len(), asking), (1, 4));
        for hour in [0, 1] {
            fixture.service.sweep(hours(hour)).await.unwrap();
        }
        assert_eq!(questions(&fixture).await.iter().map(|row| row.state).collect::<Vec<_>>(), [2]);
        assert_eq!(answers(&fixture)[0]["refundPreference"], "APPROVE");
    }
}

#[tokio::test]
async fn an_answer_that_arrived_and_one_with_a_stale_token_end_the_question() {
    for fixture in both().await {
        fixture.stop_background();
        let http = listening(&fixture).await;
        let bought = sold(&fixture, "ann").await;
        catch_up(&fixture).await;
        // Nothing else is left to be told.
        fixture.service.sweep(hours(0)).await.unwrap();
        play(&fixture).ask(&bought.purchase_token, 1).await.unwrap();
        // Executed, and its answer lost; then the store says that it has one.
        play(&fixture).fail(PlayFault { status: 500, times: 1, after: true, ..PlayFault::default() });
        fixture.service.sweep(hours(0)).await.unwrap();
        assert_eq!(questions(&fixture).await[0].state, 1);
        fixture.service.sweep(hours(1)).await.unwrap();
        let row = questions(&fixture).await.remove(0);
        assert!(row.state == 2 && row.note.starts_with("sent before"), "{row:?}");
        // One that the store does not know.
        let mut stale = play(&fixture).questions().remove(0);
        stale.pending_refund_token = "stale".to_owned();
        let push = PlayPush { url: http.of("google"), ..PlayPush::pending_refund(&stale, 1, None) };
        assert_eq!(play(&fixture).push(&push).await.unwrap().answers, [200]);
        fixture.service.sweep(hours(2)).await.unwrap();
        let row = questions(&fixture).await.remove(1);
        assert!(row.state == 4 && row.note.contains("400"), "{row:?}");
        // Down for a day.
        play(&fixture).ask(&bought.purchase_token, 1).await.unwrap();
        play(&fixture).fail(PlayFault { status: 503, times: 1_000, ..PlayFault::default() });
        for hour in 0..25 {
            fixture.service.sweep(hours(hour)).await.unwrap();
        }
        let mut states: Vec<i64> = questions(&fixture).await.iter().map(|row| row.state).collect();
        states.sort_unstable();
        assert_eq!(states, [2, 3, 4]);
        assert_eq!(counted(&fixture, "missed").await, 1);
    }
}
