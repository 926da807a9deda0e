//! The journal as watchers see it: gap-free, resumable, never early, and never delaying the writer.
use crate::{
    book::config,
    calls::{BOOK, Fixture, coins, fixture, gift, on_both, post, reason, transfer},
    injected::{Fault, Injected},
};
use api::ledger::{
    AccountState, JournalCursor, SetAccountStateRequest, WatchJournalRequest, WatchJournalResponse, journal_event::What,
    watch_journal_request::From,
};
use books::store::open_store;
use identity::Role;
use ledger::Config;
use std::{sync::Arc, time::Duration};
use tonic::{Code, Streaming};
use uuid::Uuid;

fn from(from: Option<From>) -> WatchJournalRequest {
    WatchJournalRequest { book: BOOK.to_owned(), from }
}

async fn watch(fixture: &Fixture, at: Option<From>) -> Streaming<WatchJournalResponse> {
    fixture.client().watch_journal(from(at)).await.unwrap().into_inner()
}

async fn refused(fixture: &Fixture, at: From) -> (Code, String) {
    let status = fixture.client().watch_journal(from(Some(at))).await.expect_err("it was let through");
    (status.code(), reason(&status))
}

/// Messages up to the one with this event, heartbeats left out.
async fn until(stream: &mut Streaming<WatchJournalResponse>, last_seq: i64) -> Vec<WatchJournalResponse> {
    let mut seen: Vec<WatchJournalResponse> = Vec::new();
    while seen.last().is_none_or(|message| message.next_seq <= last_seq || message.more) {
        let message = stream.message().await.unwrap().expect("the stream ended");
        if !message.heartbeat {
            seen.push(message);
        }
    }
    seen
}

/// Checks that sequence numbers and commits have no gap, and that cursors match.
fn assert_whole(messages: &[WatchJournalResponse], mut commit_no: i64, mut seq: i64) {
    let mut whole = messages.first().map_or(0, |first| first.commit_no - 1);
    for message in messages {
        assert!(message.commit_no == commit_no || message.commit_no == commit_no + 1, "{commit_no} then {}", message.commit_no);
        commit_no = message.commit_no;
        assert!(message.events.len() <= 500);
        for event in &message.events {
            assert_eq!(event.seq, seq);
            seq += 1;
        }
        assert_eq!(message.next_seq, seq);
        if !message.more {
            whole = message.commit_no;
        }
        assert_eq!(message.cursor.as_ref().unwrap().commit_no, whole);
    }
}

async fn last_seq(fixture: &Fixture) -> i64 {
    fixture.post(coins("last", 1)).await.posting.unwrap().seq
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_shown_once_to_those_who_watch_and_to_those_who_come_later() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        let mut early = watch(&fixture, None).await;
        fixture.post(coins("fan", 1_000_000)).await;
        for _ in 0..20 {
            fixture.post(gift("fan", "star", 3)).await;
        }
        // A commit of refusals only, and one with more events than a message may have.
        fixture.client().post(gift("poor", "star", 3)).await.unwrap_err();
        fixture.post_all((0..900).map(|at| gift("fan", &format!("c{at}"), 1)).collect()).await;
        let account = "viewer/fan/coins".to_owned();
        let state = AccountState::Frozen.into();
        let freeze =
            SetAccountStateRequest { book: BOOK.to_owned(), request_id: Uuid::now_v7().to_string(), account: account.clone(), state };
        let freeze = fixture.by(Role::Service, freeze);
        fixture.anyone().set_account_state(freeze).await.unwrap();
        let last = last_seq(&fixture).await;
        let live = until(&mut early, last).await;
        assert_whole(&live, 0, 1);
        assert!(live.iter().any(|message| message.more), "no commit was shown in parts");
        assert!(live.iter().any(|message| message.events.is_empty()), "the commit of a refusal was left out");
        let events: Vec<_> = live.iter().flat_map(|message| &message.events).collect();
        let frozen = events
            .iter()
            .any(|event| matches!(&event.what, Some(What::AccountStateSet(set)) if set.account == account && set.state == state));
        assert!(frozen);
        assert!(
            events.iter().any(|event| matches!(&event.what, Some(What::AccountOpened(opened)) if opened.account == "creator/c7/diamonds"))
        );
        assert!(events.iter().all(|event| event.what.is_some()));
        // Read from the store, everything is the same.
        let late = until(&mut watch(&fixture, None).await, last).await;
        assert_eq!(late, live);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_resumes_at_any_event_and_after_any_commit() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        fixture.post(coins("fan", 1_000)).await;
        for at in 0..10 {
            fixture.post(gift("fan", "star", 3 + at)).await;
        }
        fixture.post_all((0..700).map(|at| coins(&format!("u{at}"), 1)).collect()).await;
        let last = last_seq(&fixture).await;
        let all = until(&mut watch(&fixture, None).await, last).await;
        for seq in [1, 2, 9, 200, 900, last] {
            let seen = until(&mut watch(&fixture, Some(From::FromSeq(seq))).await, last).await;
            let events: Vec<_> = all.iter().flat_map(|message| &message.events).filter(|event| event.seq >= seq).collect();
            assert_eq!(seen.iter().flat_map(|message| &message.events).collect::<Vec<_>>(), events, "from {seq}");
        }
        for message in &all {
            let cursor = message.cursor.clone().unwrap();
            if message.next_seq > last {
                continue;
            }
            let seen = until(&mut watch(&fixture, Some(From::After(cursor.clone()))).await, last).await;
            let expected: Vec<_> = all.iter().filter(|message| message.commit_no > cursor.commit_no).cloned().collect();
            assert_eq!(seen, expected, "after {cursor:?}");
        }
        // A watch from one past the last event waits; so does one from the head's cursor.
        let mut next = watch(&fixture, Some(From::FromSeq(last + 1))).await;
        let mut after = watch(&fixture, Some(From::After(all.last().unwrap().cursor.clone().unwrap()))).await;
        let newest = last_seq(&fixture).await;
        assert_whole(&until(&mut next, newest).await, all.last().unwrap().commit_no, last + 1);
        assert_whole(&until(&mut after, newest).await, all.last().unwrap().commit_no, last + 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_journal_is_found_out() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        let last = last_seq(&fixture).await;
        let head = until(&mut watch(&fixture, None).await, last).await.pop().unwrap().cursor.unwrap();
        let diverged = (Code::FailedPrecondition, "JOURNAL_DIVERGED".to_owned());
        let after = |commit_no, hash: &str| From::After(JournalCursor { commit_no, hash: hash.to_owned() });
        assert_eq!(refused(&fixture, after(head.commit_no, &"00".repeat(32))).await, diverged);
        assert_eq!(refused(&fixture, after(head.commit_no, "")).await, diverged);
        assert_eq!(refused(&fixture, after(head.commit_no + 1, &head.hash)).await, diverged);
        assert_eq!(refused(&fixture, after(i64::MAX, &head.hash)).await, diverged);
        let malformed = (Code::InvalidArgument, "MALFORMED".to_owned());
        assert_eq!(refused(&fixture, after(-1, &head.hash)).await, malformed);
        assert_eq!(refused(&fixture, after(1, "zz")).await, malformed);
        assert_eq!(refused(&fixture, after(1, &"00".repeat(4_000))).await, malformed);
        assert_eq!(refused(&fixture, From::FromSeq(0)).await, malformed);
        assert_eq!(refused(&fixture, From::FromSeq(-5)).await, malformed);
        let ahead = (Code::OutOfRange, "JOURNAL_AHEAD".to_owned());
        assert_eq!(refused(&fixture, From::FromSeq(last + 2)).await, ahead);
        assert_eq!(refused(&fixture, From::FromSeq(i64::MAX)).await, ahead);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_before_its_commit_is_resolved_or_when_it_never_is() {
    on_both(async |database, _| {
        let store = Injected::over(open_store(database).await.unwrap());
        let fixture = Arc::new(Fixture::over(store.clone(), config()).await);
        let last = last_seq(&fixture).await;
        let mut stream = watch(&fixture, Some(From::FromSeq(last + 1))).await;
        let gate = store.hang();
        let posting = tokio::spawn({
            let fixture = fixture.clone();
            async move { fixture.client().post(coins("fan", 1)).await }
        });
        store.until_a_commit_hangs().await;
        let mut message = Box::pin(stream.message());
        for _ in 0..200 {
            tokio::task::yield_now().await;
            assert!(futures::poll!(&mut message).is_pending(), "a commit in flight was shown");
        }
        store.fail_next(Fault::FailBefore);
        gate.add_permits(1_000);
        posting.await.unwrap().unwrap_err();
        fixture.post(coins("other", 5)).await;
        let shown = message.await.unwrap().unwrap();
        assert_eq!(shown.events[0].seq, last + 1);
        let opened = matches!(&shown.events[0].what, Some(What::AccountOpened(opened)) if opened.account == "viewer/other/coins");
        assert!(opened, "{shown:?}");
        // A lost answer of a commit that was written, and a rival that wrote meanwhile.
        store.fail_next(Fault::LoseAfter);
        fixture.post(coins("third", 5)).await;
        let rival = Fixture::start(database, config()).await;
        rival.post(coins("fourth", 5)).await;
        fixture.client().post(coins("fifth", 5)).await.unwrap_err();
        let end = last_seq(&fixture).await;
        let mut seen = vec![shown];
        seen.extend(until(&mut stream, end).await);
        assert_whole(&seen, seen[0].commit_no, last + 1);
        assert_eq!(seen, until(&mut watch(&fixture, Some(From::FromSeq(last + 1))).await, end).await);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_loses_and_repeats_nothing() {
    on_both(async |database, _| {
        let first = fixture(database).await;
        let last = last_seq(&first).await;
        let mut stream = watch(&first, None).await;
        let cursor = until(&mut stream, last).await.pop().unwrap().cursor;
        first.ledger.shutdown().await;
        // It ends by itself, with the cursor.
        let bye = stream.message().await.unwrap().unwrap();
        assert!(bye.heartbeat);
        assert_eq!(bye.cursor, cursor);
        assert!(stream.message().await.unwrap().is_none());
        let second = fixture(database).await;
        let mut stream = watch(&second, cursor.map(From::After)).await;
        let newest = last_seq(&second).await;
        assert_whole(&until(&mut stream, newest).await, 1, last + 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_watch_shows_that_it_lives_and_ends_in_time() {
    on_both(async |database, _| {
        let config = Config { watch_heartbeat_ms: 20, watch_age_max_ms: 2_000, ..config() };
        let fixture = Fixture::start(database, config).await;
        let last = last_seq(&fixture).await;
        let mut stream = watch(&fixture, None).await;
        let cursor = until(&mut stream, last).await.pop().unwrap().cursor;
        let mut beats = 0;
        while let Some(message) = stream.message().await.unwrap() {
            assert!(message.heartbeat && message.events.is_empty());
            assert_eq!((&message.cursor, message.next_seq), (&cursor, last + 1));
            beats += 1;
        }
        assert!((1..=100).contains(&beats), "{beats} heartbeats");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_ends_with_its_token() {
    on_both(async |database, _| {
        // Its age is far longer.
        let fixture = fixture(database).await;
        let last = last_seq(&fixture).await;
        let request = fixture.for_a_while(("aud", Role::Auditor), Duration::from_secs(5), from(None));
        let mut stream = fixture.anyone().watch_journal(request).await.unwrap().into_inner();
        let followed = async {
            let mut end = None;
            while let Some(message) = stream.message().await.unwrap() {
                end = Some(message);
            }
            end
        };
        let end = tokio::time::timeout(Duration::from_secs(120), followed).await.expect("it ends by itself").unwrap();
        assert!(end.heartbeat && end.cursor.is_some(), "the last message says where to resume: {end:?}");
        assert_eq!(end.next_seq, last + 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_may_see_everything_watch() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        last_seq(&fixture).await;
        for (role, may) in
            [(Role::Auditor, true), (Role::Admin, true), (Role::Support, false), (Role::Finance, false), (Role::Viewer, false)]
        {
            let answer = fixture.anyone().watch_journal(fixture.by(role, from(None))).await;
            assert_eq!(answer.is_ok(), may, "{role}");
        }
        let mut elsewhere = from(None);
        elsewhere.book = "nowhere".to_owned();
        assert!(fixture.client().watch_journal(elsewhere).await.is_err());
    })
    .await;
}

/// Watchers that do not read cost the writer nothing; those that read get everything, however far they lag.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_hundred_watchers_get_everything_and_hold_up_nobody() {
    on_both(async |database, _| {
        let fixture = Arc::new(fixture(database).await);
        fixture.post(coins("fan", 1_000_000)).await;
        // These never read.
        let mut lazy = Vec::new();
        for _ in 0..50 {
            lazy.push(watch(&fixture, None).await);
        }
        let mut watchers = Vec::new();
        for at in 0..150 {
            let mut stream = watch(&fixture, (at % 2 == 0).then_some(From::FromSeq(1))).await;
            watchers.push(tokio::spawn(async move {
                let (mut next, mut events) = (1, 0);
                while let Some(message) = stream.message().await.unwrap() {
                    for event in &message.events {
                        assert_eq!(event.seq, next);
                        next += 1;
                        events += 1;
                        if matches!(&event.what, Some(What::Posting(posting)) if posting.kind == "end") {
                            return events;
                        }
                    }
                }
                panic!("the stream ended at {next}");
            }));
        }
        for _ in 0..40 {
            fixture.post_all((0..25).map(|_| gift("fan", "star", 1)).collect()).await;
        }
        let end = fixture.post(post("end", vec![transfer("house/coins/issued", "viewer/fan/coins", 1)])).await.posting.unwrap().seq;
        for watcher in watchers {
            let events = tokio::time::timeout(Duration::from_secs(300), watcher).await.expect("a watcher never got there").unwrap();
            assert_eq!(events, end);
        }
        // Those that did not read before still get all of it.
        let messages = until(&mut lazy.pop().unwrap(), end).await;
        assert_whole(&messages, 0, 1);
        drop(lazy);
    })
    .await;
}
