//! What the App Store asks before it decides about a refund: answered once the coin lots are read, with consent alone, in time, and however often it takes.

mod google;
mod trouble;

use std::time::SystemTime;

use api::purchase::{
    GetRefundConsentRequest, GetSpendingRulesRequest, ListStoreQuestionsRequest, RefundConsent, SetRefundConsentRequest,
    SetSpendingProfileRequest, StoreQuestionState,
};
use identity::Role;
use money::{BookName, UserKey};
use purchase::store::questions::QuestionRow;
use sandbox::store::StoreNotification;
use serde_json::json;
use testbed::Storage;
use uuid::Uuid;

use crate::fixture::{self, BOOK, Fixture, new_id, reason};
use crate::listening::Listening;
use crate::lots::{catch_up, gift};
use crate::notified::{kept, sale};
use crate::refunds::{about, bought, hours};

async fn both() -> [Fixture; 2] {
    [fixture::with_apple(Storage::sqlite()).await, fixture::with_apple(Storage::postgres()).await]
}

fn book() -> BookName {
    BookName::try_new(BOOK).unwrap()
}

fn request(user: &str, consents: bool) -> SetRefundConsentRequest {
    let terms = if consents { "refund-terms-1".to_owned() } else { String::new() };
    SetRefundConsentRequest { request_id: new_id(), user_id: user.to_owned(), consents, terms, ..Default::default() }
}

async fn consent(fixture: &Fixture, user: &str, consents: bool) -> RefundConsent {
    let request = fixture.from(user, request(user, consents));
    fixture.client().set_refund_consent(request).await.unwrap().into_inner().consent.unwrap()
}

async fn consented(fixture: &Fixture, user: &str) -> RefundConsent {
    let request = fixture.from(user, GetRefundConsentRequest::default());
    fixture.client().get_refund_consent(request).await.unwrap().into_inner().consent.unwrap()
}

async fn questions(fixture: &Fixture) -> Vec<QuestionRow> {
    fixture.service.store().questions(&book()).await.unwrap()
}

async fn counted(fixture: &Fixture, state: &str) -> u64 {
    let open = fixture.service.store().unfinished().await.unwrap();
    open.iter().find(|open| (open.what, open.state) == ("store_question", state)).unwrap().count
}

async fn asked(fixture: &Fixture, http: &Listening, said: &StoreNotification) {
    assert_eq!(http.say(fixture, &about(said, "CONSUMPTION_REQUEST", 0)).await, 200);
}

#[tokio::test]
async fn a_question_is_answered_with_what_was_spent_and_only_with_consent() {
    for fixture in both().await {
        fixture.stop_background();
        let http = Listening::start(&fixture).await;
        let (said, _) = bought(&fixture, "ann").await;
        gift(&fixture, "ann", "cleo", 20).await;
        let question = StoreNotification { notification_uuid: "first".to_owned(), ..said.clone() };
        for _ in 0..3 {
            asked(&fixture, &http, &question).await;
        }
        fixture.service.sweep(SystemTime::now()).await.unwrap();
        let rows = questions(&fixture).await;
        assert_eq!((rows.len(), rows[0].state, rows[0].lacks_consent, rows[0].delivery.as_str()), (1, 1, true, ""));
        assert_eq!((counted(&fixture, "lacks_consent").await, counted(&fixture, "open").await), (1, 0));
        assert_eq!(consented(&fixture, "ann").await, RefundConsent::default());
        let given = consent(&fixture, "ann", true).await;
        assert_eq!((given.consents, given.set_by.as_str(), given.terms.as_str()), (true, "user", "refund-terms-1"));
        fixture.service.sweep(SystemTime::now()).await.unwrap();
        let rows = questions(&fixture).await;
        assert!(rows[0].note.starts_with("coin lots are read up to event 0 of "), "{}", rows[0].note);
        assert!(fixture.store.answers().is_empty(), "nothing was sent without consent, nor before the lots are read");
        catch_up(&fixture).await;
        for hour in [1, 2, 3] {
            fixture.service.sweep(hours(hour)).await.unwrap();
        }
        let answers = fixture.store.answers();
        assert_eq!(answers.len(), 1);
        assert_eq!(answers[0].transaction_id, said.transaction_id);
        let expected = json!({
            "customerConsented": true,
            "sampleContentProvided": false,
            "deliveryStatus": "DELIVERED",
            "consumptionPercentage": 28_571,
            "refundPreference": "GRANT_PRORATED",
        });
        assert_eq!(answers[0].information, expected, "20 of 70 coins");
        let rows = questions(&fixture).await;
        assert_eq!((rows[0].state, rows[0].consumed_milliunits, rows[0].preference.as_str()), (2, 28_571, "GRANT_PRORATED"));
        assert_eq!((counted(&fixture, "open").await, counted(&fixture, "missed").await), (0, 0));
    }
}

#[tokio::test]
async fn what_was_not_spent_at_all_and_what_was_spent_wholly_are_answered_by_the_policy() {
    let fixture = fixture::with_apple(Storage::sqlite()).await;
    fixture.stop_background();
    let http = Listening::start(&fixture).await;
    let mut expected = Vec::new();
    for (user, coins, preference) in [("ann", 0, "GRANT_FULL"), ("bob", 70, "DECLINE"), ("cat", 1, "GRANT_PRORATED")] {
        let (said, _) = bought(&fixture, user).await;
        if coins > 0 {
            gift(&fixture, user, "cleo", coins).await;
        }
        consent(&fixture, user, true).await;
        asked(&fixture, &http, &said).await;
        expected.push((said.transaction_id, json!(coins * 100_000 / 70), json!(preference)));
    }
    fixture.service.sweep(SystemTime::now()).await.unwrap();
    catch_up(&fixture).await;
    fixture.service.sweep(hours(1)).await.unwrap();
    let of = |answer: sandbox::store::ConsumptionAnswer| {
        let information = answer.information;
        (answer.transaction_id, information["consumptionPercentage"].clone(), information["refundPreference"].clone())
    };
    let mut found: Vec<_> = fixture.store.answers().into_iter().map(of).collect();
    found.sort_by_key(|(id, ..)| expected.iter().position(|(known, ..)| known == id));
    assert_eq!(found, expected);
}

/// Two questions that ended without consent, page by page.
async fn shown_to_staff(fixture: &Fixture) {
    let list = async |page_token: String, state: StoreQuestionState| {
        let asked = ListStoreQuestionsRequest { page_size: 1, page_token, state: state.into(), ..Default::default() };
        fixture.client().list_store_questions(fixture.with_role("helper", Role::Support, BOOK, asked)).await.unwrap().into_inner()
    };
    let first = list(String::new(), StoreQuestionState::Unspecified).await;
    let second = list(first.next_page_token.clone(), StoreQuestionState::Unspecified).await;
    let shown = [first.questions[0].clone(), second.questions[0].clone()];
    assert!(shown.iter().all(|one| one.state() == StoreQuestionState::WithoutConsent && one.lacks_consent && one.end_time.is_some()));
    assert!(second.next_page_token.is_empty() && shown[0].event_id != shown[1].event_id && shown[0].consumed_milliunits.is_none());
    assert!(list(String::new(), StoreQuestionState::Answered).await.questions.is_empty());
}

#[tokio::test]
async fn consent_is_withdrawn_by_the_user_by_a_parent_and_with_the_user() {
    for fixture in both().await {
        fixture.stop_background();
        let http = Listening::start(&fixture).await;
        let (said, _) = bought(&fixture, "ann").await;
        let (others, _) = bought(&fixture, "bob").await;
        consent(&fixture, "ann", true).await;
        consent(&fixture, "bob", true).await;
        let mut same = request("ann", false);
        for replayed in [false, true] {
            let answer = fixture.client().set_refund_consent(fixture.from("ann", same.clone())).await.unwrap().into_inner();
            assert_eq!((answer.replayed, answer.consent.unwrap().consents), (replayed, false));
        }
        same.consents = true;
        same.terms = "others".to_owned();
        assert_eq!(reason(fixture.client().set_refund_consent(fixture.from("ann", same)).await), "REQUEST_ID_REUSED");
        consent(&fixture, "ann", true).await;
        // A parent of bob's, in bob's download of the app; twice, and once in a download that nobody bought in.
        let mut strange = about(&others, "RESCIND_CONSENT", 0);
        strange.purchase.app_account_token = Some(uuid::Uuid::new_v4().to_string());
        let rescinded = StoreNotification { notification_uuid: "rescinded".to_owned(), ..about(&others, "RESCIND_CONSENT", 0) };
        for withdrawal in [&strange, &rescinded, &rescinded] {
            assert_eq!(http.say(&fixture, withdrawal).await, 200);
        }
        let (ann, bob) = (consented(&fixture, "ann").await, consented(&fixture, "bob").await);
        assert_eq!((ann.consents, bob.consents, bob.set_by.as_str()), (true, false, "store"));
        let mut notes: Vec<String> = kept(&fixture).await.into_iter().map(|(.., note)| note).collect();
        notes.sort();
        assert!(notes.iter().any(|note| note.contains("consent of 1 users withdrawn")), "{notes:?}");
        assert!(notes.iter().any(|note| note.contains("consent of 0 users withdrawn")), "{notes:?}");
        // No coins are sold to bob until a parent consents again.
        assert!(!is_withdrawn(&fixture, "ann").await && is_withdrawn(&fixture, "bob").await);
        let paid = bought(&fixture, "bob").await.1;
        assert_eq!(flag(&fixture, paid).await, "PARENT_WITHDREW_CONSENT", "what the store sold all the same");
        for (parent_consents, withdrawn) in [(false, true), (true, false)] {
            parent(&fixture, "bob", parent_consents).await;
            assert_eq!(is_withdrawn(&fixture, "bob").await, withdrawn);
        }
        fixture.service.store().erase(&book(), &UserKey::try_new("ann").unwrap()).await.unwrap();
        assert_eq!(consented(&fixture, "ann").await, RefundConsent::default());
        catch_up(&fixture).await;
        for question in [&said, &others] {
            asked(&fixture, &http, question).await;
        }
        for hour in 0..13 {
            fixture.service.sweep(hours(hour)).await.unwrap();
        }
        assert!(fixture.store.answers().is_empty());
        assert_eq!(questions(&fixture).await.iter().map(|row| row.state).collect::<Vec<_>>(), [5, 5]);
        assert_eq!((counted(&fixture, "without_consent").await, counted(&fixture, "missed").await), (2, 0));
        shown_to_staff(&fixture).await;
        let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM app_download").fetch_one(&fixture.pool().await).await.unwrap();
        assert_eq!(left, 1, "bob's");
    }
}

/// Whether no coins are sold to a user because a parent withdrew consent.
async fn is_withdrawn(fixture: &Fixture, user: &str) -> bool {
    let asked = fixture.from(user, GetSpendingRulesRequest::default());
    fixture.client().get_spending_rules(asked).await.unwrap().into_inner().consent_withdrawn_time.is_some()
}

/// Why a purchase would not have been sold here.
async fn flag(fixture: &Fixture, purchase_id: Uuid) -> String {
    let query = sqlx::query_scalar("SELECT over_limit FROM spending WHERE purchase_id = $1").bind(purchase_id.hyphenated().to_string());
    query.fetch_one(&fixture.pool().await).await.unwrap()
}

/// What the app's service says of a parent of a user.
async fn parent(fixture: &Fixture, user: &str, parent_consents: bool) {
    let message = SetSpendingProfileRequest { user_id: user.to_owned(), parent_consents, ..Default::default() };
    fixture.client().set_spending_profile(fixture.with_role("app", Role::Service, BOOK, message)).await.unwrap();
}

#[tokio::test]
async fn a_withdrawal_waits_for_the_first_purchase_and_counts_until_a_parent_consents_again() {
    for fixture in both().await {
        fixture.stop_background();
        let http = Listening::start(&fixture).await;
        let said = sale(&fixture, "ann").await;
        consent(&fixture, "ann", true).await;
        let rescinded = StoreNotification { notification_uuid: "rescinded".to_owned(), ..about(&said, "RESCIND_CONSENT", 0) };
        assert_eq!(http.say(&fixture, &rescinded).await, 200);
        assert!(consented(&fixture, "ann").await.consents && !is_withdrawn(&fixture, "ann").await, "whose download it is is not known");
        let (asked_about, paid) = bought(&fixture, "ann").await;
        let stands = consented(&fixture, "ann").await;
        assert_eq!((stands.consents, stands.set_by.as_str(), is_withdrawn(&fixture, "ann").await), (false, "store", true));
        assert_eq!(flag(&fixture, paid).await, "PARENT_WITHDREW_CONSENT");
        // Nobody else consents, and to consent to nothing is possible.
        let wanted = request("ann", true);
        for (who, role) in [("ann", Role::Viewer), ("app", Role::Service), ("helper", Role::Support)] {
            let request = fixture.with_role(who, role, BOOK, wanted.clone());
            assert_eq!(reason(fixture.client().set_refund_consent(request).await), "PARENT_WITHDREW_CONSENT", "{who}");
        }
        assert!(!consent(&fixture, "ann", false).await.consents);
        // As if the row were one of before: what a parent withdrew is not answered about.
        sqlx::query("DELETE FROM refund_consent WHERE consents = 0").execute(&fixture.pool().await).await.unwrap();
        assert!(consented(&fixture, "ann").await.consents);
        catch_up(&fixture).await;
        asked(&fixture, &http, &asked_about).await;
        for hour in 0..3 {
            fixture.service.sweep(hours(hour)).await.unwrap();
        }
        assert!(fixture.store.answers().is_empty());
        parent(&fixture, "ann", true).await;
        let answer = fixture.client().set_refund_consent(fixture.from("ann", wanted)).await.unwrap().into_inner();
        assert_eq!((answer.consent.unwrap().consents, answer.replayed), (true, false), "the refusal was not kept");
        // Neither the next purchase nor that of another user in the same download withdraws it again.
        bought(&fixture, "ann").await;
        assert!(!is_withdrawn(&fixture, "ann").await);
        // The first try notes how far the lots must be read.
        for hour in [4, 6] {
            fixture.service.sweep(hours(hour)).await.unwrap();
            catch_up(&fixture).await;
        }
        assert_eq!(fixture.store.answers().len(), 1);
        fixture.service.store().erase(&book(), &UserKey::try_new("ann").unwrap()).await.unwrap();
        let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM download_consent").fetch_one(&fixture.pool().await).await.unwrap();
        assert_eq!(left, 0);
    }
}

#[tokio::test]
async fn a_withdrawal_and_a_first_purchase_that_come_at_once_find_each_other() {
    for fixture in both().await {
        fixture.stop_background();
        let http = Listening::start(&fixture).await;
        for round in 0..20 {
            let user = format!("u{round}");
            let said = sale(&fixture, &user).await;
            let rescinded = about(&said, "RESCIND_CONSENT", 0);
            let (status, _) = tokio::join!(http.say(&fixture, &rescinded), bought(&fixture, &user));
            assert_eq!(status, 200);
            assert!(is_withdrawn(&fixture, &user).await && !consented(&fixture, &user).await.consents, "{user}");
        }
    }
}

#[tokio::test]
async fn consent_is_set_by_those_who_may_and_names_a_text() {
    let fixture = fixture::with_apple(Storage::sqlite()).await;
    let set = async |role: Role, who: &str, change: fn(&mut SetRefundConsentRequest)| {
        let mut message = request("ann", true);
        change(&mut message);
        fixture.client().set_refund_consent(fixture.with_role(who, role, BOOK, message)).await
    };
    for (role, who, set_by) in [(Role::Support, "helper", "staff"), (Role::Service, "app", "service"), (Role::Creator, "ann", "user")] {
        let answer = set(role, who, |_| ()).await.unwrap().into_inner();
        assert_eq!(answer.consent.unwrap().set_by, set_by);
    }
    assert_eq!(reason(set(Role::Viewer, "bob", |_| ()).await), "PERMISSION_DENIED");
    assert_eq!(reason(set(Role::Finance, "finance", |_| ()).await), "PERMISSION_DENIED");
    for change in [
        (|message| message.terms.clear()) as fn(&mut SetRefundConsentRequest),
        |message| message.terms = "x".repeat(65),
        |message| message.terms = "a\u{0}b".to_owned(),
        |message| message.request_id = "1".to_owned(),
        |message| message.user_id = "no name".to_owned(),
    ] {
        assert_eq!(reason(set(Role::Service, "app", change).await), "MALFORMED");
    }
}

#[tokio::test]
async fn a_question_before_its_sale_waits_for_the_sale() {
    let fixture = fixture::with_apple(Storage::sqlite()).await;
    fixture.stop_background();
    let http = Listening::start(&fixture).await;
    let said = sale(&fixture, "ann").await;
    consent(&fixture, "ann", true).await;
    asked(&fixture, &http, &said).await;
    fixture.service.sweep(SystemTime::now()).await.unwrap();
    assert!(fixture.store.answers().is_empty());
    assert_eq!(http.say(&fixture, &said).await, 200);
    for hour in [1, 2, 3] {
        fixture.service.sweep(hours(hour)).await.unwrap();
        catch_up(&fixture).await;
    }
    assert_eq!(fixture.store.answers().len(), 1);
    assert_eq!(fixture.coins("ann").await, 70);
}
