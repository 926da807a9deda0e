//! Posting on a stream: the same outcomes as single calls, each with its id, and never more in flight than the bound.
use crate::{
    book::config,
    calls::{BOOK, Fixture, SOMEBODY, coins, fixture, gift, on_both, reason},
    injected::Injected,
};
use api::ledger::{GetAccountRequest, PostRequest, PostStreamRequest, PostStreamResponse, post_stream_response::Outcome};
use books::store::open_store;
use futures::StreamExt;
use identity::Role;
use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio_stream::wrappers::UnboundedReceiverStream;

fn item(post: PostRequest) -> PostStreamRequest {
    PostStreamRequest { post: Some(post) }
}

async fn outcomes(fixture: &Fixture, posts: Vec<PostStreamRequest>) -> Vec<PostStreamResponse> {
    let answers = fixture.client().post_stream(futures::stream::iter(posts)).await.unwrap().into_inner();
    answers.map(Result::unwrap).collect().await
}

fn told(response: &PostStreamResponse) -> String {
    match response.outcome.as_ref().unwrap() {
        Outcome::Accepted(accepted) if accepted.replayed => "again".to_owned(),
        Outcome::Accepted(_) => "accepted".to_owned(),
        Outcome::Refused(refused) => refused.reason.clone(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_item_has_the_outcome_a_lone_call_would_have() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        fixture.post(coins("fan", 1_000)).await;
        let (first, poor) = (gift("fan", "star", 10), gift("poor", "star", 10));
        let lone = fixture.post(first.clone()).await;
        let elsewhere = PostRequest { book: "elsewhere".to_owned(), ..gift("fan", "star", 1) };
        let malformed = PostRequest { kind: "\0".to_owned(), ..gift("fan", "star", 1) };
        let reused = PostRequest { kind: "other".to_owned(), ..first.clone() };
        let bad_id = PostRequest { request_id: "no id\0".to_owned(), ..first.clone() };
        let sent = vec![
            (first.clone(), "again"),
            (poor.clone(), "INSUFFICIENT_FUNDS"),
            (elsewhere, "BOOK_UNKNOWN"),
            (malformed, "MALFORMED"),
            (gift("fan", "star", 7), "accepted"),
        ];
        let expected: HashMap<String, &str> = sent.iter().map(|(post, told)| (post.request_id.clone(), *told)).collect();
        let answers = outcomes(&fixture, sent.into_iter().map(|(post, _)| item(post)).collect()).await;
        assert_eq!(answers.len(), expected.len());
        for answer in &answers {
            assert_eq!(told(answer), expected[&answer.request_id]);
            if let Some(Outcome::Accepted(accepted)) = &answer.outcome
                && accepted.replayed
            {
                assert_eq!(accepted.posting, lone.posting);
            }
        }
        for (post, why) in [(reused, "REQUEST_ID_REUSED"), (bad_id, "MALFORMED"), (poor, "INSUFFICIENT_FUNDS")] {
            assert_eq!(told(&outcomes(&fixture, vec![item(post)]).await[0]), why);
        }
        let answers = outcomes(&fixture, vec![PostStreamRequest { post: None }, item(gift("fan", "star", 1))]).await;
        let mut told: Vec<String> = answers.iter().map(told).collect();
        told.sort_unstable();
        assert_eq!(told, ["MALFORMED", "accepted"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_are_under_way_and_all_are_answered() {
    on_both(async |database, _| {
        let store = Injected::over(open_store(database).await.unwrap());
        let fixture = Arc::new(Fixture::over(store.clone(), config()).await);
        fixture.post(coins("fan", 100_000)).await;
        let gate = store.hang();
        let read = Arc::new(AtomicUsize::new(0));
        let counted = read.clone();
        let posts = futures::stream::iter((0..2_000).map(|_| item(gift("fan", "star", 1)))).inspect(move |_| {
            counted.fetch_add(1, Ordering::SeqCst);
        });
        let answering = tokio::spawn({
            let fixture = fixture.clone();
            async move {
                let answers = fixture.client().post_stream(posts).await.unwrap().into_inner();
                answers.map(|answer| told(&answer.unwrap())).collect::<Vec<_>>().await
            }
        });
        store.until_a_commit_hangs().await;
        // The number settles: items buffered beyond those in flight are bounded too.
        let mut last = usize::MAX;
        while last != read.load(Ordering::SeqCst) {
            last = read.load(Ordering::SeqCst);
            for _ in 0..1_000 {
                tokio::task::yield_now().await;
            }
        }
        assert!(last < 2_000, "{last} were read while nothing was answered");
        gate.add_permits(1_000_000);
        let told = answering.await.unwrap();
        assert_eq!(told.len(), 2_000);
        assert!(told.iter().all(|told| told == "accepted"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_breaks_can_be_sent_again_and_one_that_stays_open_lets_the_ledger_stop() {
    on_both(async |database, _| {
        let first = fixture(database).await;
        first.post(coins("fan", 1_000)).await;
        let posts: Vec<PostStreamRequest> = (0..50).map(|_| item(gift("fan", "star", 1))).collect();
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        posts.iter().for_each(|post| sender.send(post.clone()).unwrap());
        let mut answers = first.client().post_stream(UnboundedReceiverStream::new(receiver)).await.unwrap().into_inner();
        for _ in 0..50 {
            assert_eq!(told(&answers.next().await.unwrap().unwrap()), "accepted");
        }
        // The caller keeps its side open.
        first.ledger.shutdown().await;
        let ended = answers.next().await.unwrap().unwrap_err();
        assert_eq!((reason(&ended).as_str(), rpc::facts(&ended)["because"].as_str()), ("STREAM_ENDED", "shutdown"));
        assert!(answers.next().await.is_none());
        drop(sender);
        let second = fixture(database).await;
        let answers = outcomes(&second, posts).await;
        assert!(answers.iter().all(|answer| told(answer) == "again"));
        let account = GetAccountRequest { book: BOOK.to_owned(), account: "viewer/fan/coins".to_owned() };
        let account = second.client().get_account(account).await.unwrap().into_inner().account.unwrap();
        assert_eq!(account.balance, 950);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_token_and_says_so() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        fixture.post(coins("fan", 1_000)).await;
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        sender.send(item(gift("fan", "star", 1))).unwrap();
        let items = UnboundedReceiverStream::new(receiver);
        let request = fixture.for_a_while((SOMEBODY, Role::Service), Duration::from_secs(5), items);
        let mut answers = fixture.anyone().post_stream(request).await.unwrap().into_inner();
        let mut next = async || tokio::time::timeout(Duration::from_secs(120), answers.next()).await.expect("it ends by itself");
        assert_eq!(told(&next().await.unwrap().unwrap()), "accepted");
        // The caller keeps its side open, and hears why nothing more is read.
        let ended = next().await.unwrap().unwrap_err();
        assert_eq!((reason(&ended).as_str(), rpc::facts(&ended)["token"].as_str()), ("UNAUTHENTICATED", "expired"));
        assert!(next().await.is_none());
        drop(sender);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_may_post_do() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        for (role, may) in
            [(Role::Service, true), (Role::Finance, false), (Role::Support, false), (Role::Auditor, false), (Role::Viewer, false)]
        {
            let request = fixture.by(role, futures::stream::iter(vec![item(coins("fan", 1))]));
            let answer = fixture.anyone().post_stream(request).await;
            assert_eq!(answer.is_ok(), may, "{role}");
            if let Err(status) = answer {
                assert_eq!(reason(&status), "PERMISSION_DENIED");
            }
        }
    })
    .await;
}
