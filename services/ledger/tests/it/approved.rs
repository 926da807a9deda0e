//! What SupportService changes needs the token of the person who approved it, beside its own.
use crate::{
    calls::{BOOK, gift, on_both, post},
    posters::{REFUSED, honest, posted, posting_id, strict, told, usd},
};
use api::ledger::{
    AccountState, LimitWindow, PostBatchRequest, ReverseRequest, SetAccountStateRequest, SetDebitLimitRequest, post_batch_outcome::Outcome,
};
use identity::Role;
use uuid::Uuid;

/// Whoever stole SupportService's token has the token of no approver.
#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_support_does_nothing_without_that_of_a_person_who_may_approve() {
    on_both(async |database, _| {
        let fixture = strict(database).await;
        for (service, post) in honest().into_iter().take(3) {
            posted(&fixture, service, post).await.unwrap();
        }
        let given = posting_id(&fixture, "gift", gift("fan", "star", 40)).await;
        let adjustment = || post("adjustment", vec![usd("creator/star/payable", "house/suspense", 1)]);
        let id = || Uuid::now_v7().to_string();
        let reverse = || ReverseRequest {
            book: BOOK.to_owned(),
            request_id: id(),
            posting_id: given.clone(),
            kind: "reversal".to_owned(),
            ..Default::default()
        };
        let account = || "viewer/fan/coins".to_owned();
        let freeze =
            || SetAccountStateRequest { book: BOOK.to_owned(), request_id: id(), account: account(), state: AccountState::Frozen.into() };
        let limit = || SetDebitLimitRequest {
            book: BOOK.to_owned(),
            request_id: id(),
            account: "house/coins/issued".to_owned(),
            window: LimitWindow::Day.into(),
            time_zone: "UTC".to_owned(),
            max_amount: 1_000,
        };
        let ann = |role, book| ("ann", role, book);
        let unfit = [ann(Role::Support, BOOK), ann(Role::Auditor, BOOK), ann(Role::Finance, "other"), ann(Role::Service, BOOK)];
        let mut books = fixture.anyone();
        let mut answers = vec![
            told(books.post(fixture.of("support", Role::Service, adjustment())).await.map(drop)),
            told(books.reverse(fixture.of("support", Role::Service, reverse())).await.map(drop)),
            told(books.set_account_state(fixture.of("support", Role::Service, freeze())).await.map(drop)),
            told(books.set_debit_limit(fixture.of("support", Role::Service, limit())).await.map(drop)),
        ];
        for person in unfit {
            answers.push(told(books.post(fixture.approved(person, adjustment())).await.map(drop)));
            answers.push(told(books.reverse(fixture.approved(person, reverse())).await.map(drop)));
            answers.push(told(books.set_account_state(fixture.approved(person, freeze())).await.map(drop)));
            answers.push(told(books.set_debit_limit(fixture.approved(person, limit())).await.map(drop)));
        }
        assert_eq!(answers, vec![REFUSED; answers.len()]);
        let mut forged = fixture.of("support", Role::Service, adjustment());
        forged.metadata_mut().insert("largesse-approver", "Bearer e30.e30.e30".parse().unwrap());
        assert_eq!(told(books.post(forged).await.map(drop)), "UNAUTHENTICATED");
        // In a batch and on a stream too.
        let batch = PostBatchRequest { book: BOOK.to_owned(), posts: vec![adjustment()], brief: false };
        let outcomes = books.post_batch(fixture.of("support", Role::Service, batch)).await.unwrap().into_inner().outcomes;
        let Some(Outcome::Refused(refusal)) = &outcomes[0].outcome else { panic!("{outcomes:?}") };
        assert_eq!(refusal.reason, REFUSED);

        let finance = ann(Role::Finance, BOOK);
        let first = adjustment();
        books.post(fixture.approved(finance, first.clone())).await.unwrap();
        books.reverse(fixture.approved(finance, reverse())).await.unwrap();
        books.set_account_state(fixture.approved(ann(Role::Admin, BOOK), freeze())).await.unwrap();
        books.set_debit_limit(fixture.approved(finance, limit())).await.unwrap();
        // What was done is answered again to whoever asks with the same id: that moves nothing.
        let again = books.post(fixture.of("support", Role::Service, first)).await.unwrap().into_inner();
        assert!(again.replayed);
        // Another service's calls gain nothing by it.
        let mut gifts = fixture.of("gift", Role::Service, adjustment());
        let header = fixture.approved(finance, ()).metadata().get("largesse-approver").unwrap().clone();
        gifts.metadata_mut().insert("largesse-approver", header);
        assert_eq!(told(books.post(gifts).await.map(drop)), REFUSED);
    })
    .await;
}
