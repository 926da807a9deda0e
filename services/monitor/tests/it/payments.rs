//! Payments as viewers see them: every posting in exactly one tick, whoever stops or is slow meanwhile.
use crate::{
    planted::release,
    posted::{Planted, post},
    viewers::{BOOK, config, expected, journal, posting, postings, start, viewer, watch},
};
use api::{
    ledger::{BookMode, GetTrialBalanceRequest},
    monitor::{LedgerContact, WatchPaymentsRequest},
};
use identity::Role;
use ledger_client::JournalPlace;
use money::BookName;
use monitor::{Config, payments::cursor};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};
use testbed::{LedgerClock, Storage, Testbed, TestbedOptions, both, reason};
use tokio::sync::watch as time;
use uuid::Uuid;

const OPTIONS: TestbedOptions = TestbedOptions { books: &[(BOOK, BookMode::Test), ("other", BookMode::Test)], recorded: false };

/// A ledger whose clock is set by hand.
async fn bed(storage: Storage) -> (Testbed, time::Sender<i64>) {
    let (clock, now) = time::channel(money::time::now_ms() * 1_000);
    (Testbed::at(storage, OPTIONS, LedgerClock::Manual(now)).await, clock)
}

fn tick(clock: &time::Sender<i64>, ms: i64) {
    clock.send_modify(|now| *now += ms * 1_000);
}

async fn buy(bed: &Testbed, user: &str) {
    bed.post("purchase.apple", "house/coins/issued", &format!("viewer/{user}/coins"), 100).await;
}

async fn gift(bed: &Testbed, amount: i64) {
    let moved = [("viewer/fan/coins", "house/coins/redeemed"), ("house/diamonds/issued", "creator/star/diamonds")];
    let moved = moved.map(|(debit, credit)| (debit.to_owned(), credit.to_owned(), amount)).to_vec();
    post(bed, Planted { book: BOOK, kind: "gift", id: Uuid::now_v7(), moved, fields: Vec::new(), guards: Vec::new() }).await;
}

/// Postings of several kinds over some seconds, with a hold, its release and a refusal.
async fn business(bed: &Testbed, clock: &time::Sender<i64>) {
    buy(bed, "fan").await;
    for amount in 1..=7 {
        gift(bed, amount).await;
        tick(clock, 400);
    }
    let transfer = |amount| vec![("viewer/fan/coins".to_owned(), "house/coins/issued".to_owned(), amount)];
    let hold =
        Planted { book: BOOK, kind: "refund.asked", id: Uuid::now_v7(), moved: transfer(-30), fields: Vec::new(), guards: Vec::new() };
    let held = post(bed, hold).await;
    tick(clock, 1_000);
    release(bed, (BOOK, "refund.void"), &held, &[]).await;
    let refused = api::ledger::PostRequest {
        book: BOOK.to_owned(),
        request_id: testbed::new_id(),
        kind: "gift".to_owned(),
        transfers: vec![api::ledger::Transfer {
            debit_account: "viewer/poor/coins".to_owned(),
            credit_account: "house/coins/redeemed".to_owned(),
            amount: 5,
            ..Default::default()
        }],
        ..Default::default()
    };
    bed.client().post(refused).await.unwrap_err();
    gift(bed, 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_posting_is_in_exactly_one_tick_and_ticks_are_the_journals_sums() {
    for storage in both() {
        let (bed, clock) = bed(storage).await;
        let monitor = start(&bed, config()).await;
        let mut all = viewer(&bed, &monitor, "").await;
        let gifts = WatchPaymentsRequest { kinds: vec!["gift".to_owned()], rows_per_second_max: 1, ..Default::default() };
        let mut gifts = watch(&bed, &monitor, gifts).await.unwrap();
        business(&bed, &clock).await;
        let events = journal(&bed).await;
        all.until(postings(&events)).await;
        let wanted = expected(&events);
        assert_eq!(all.sums(), wanted);
        assert!(wanted.keys().map(|(second, ..)| second).collect::<BTreeSet<_>>().len() >= 3, "{wanted:?}");
        // What moved is what the trial balance grew by.
        let mut moved = BTreeMap::new();
        for ((_, _, unit), [amount, ..]) in wanted.iter().filter(|((.., unit), _)| !unit.is_empty()) {
            *moved.entry(unit.clone()).or_insert(0) += amount;
        }
        let request = GetTrialBalanceRequest { book: BOOK.to_owned(), ..Default::default() };
        let lines = bed.client().get_trial_balance(request).await.unwrap().into_inner().lines;
        let mut debits = BTreeMap::new();
        for line in lines {
            *debits.entry(line.unit).or_insert(0) += line.debits_posted;
        }
        assert_eq!(moved, debits);
        // All rows are shown where there are few, and they are the postings.
        let rows: Vec<_> = all.messages.iter().flat_map(|message| &message.rows).collect();
        assert_eq!(rows.len(), events.iter().filter_map(posting).count());
        for (row, posting) in rows.iter().zip(events.iter().filter_map(posting)) {
            assert_eq!((&row.posting_id, row.seq, &row.kind), (&posting.posting_id, posting.seq, &posting.kind));
            assert_eq!((row.commit_time, row.transfers.len()), (posting.commit_time, posting.transfers.len()));
        }
        assert!(all.messages.iter().all(|message| message.rows_left_out == 0 && message.ledger() == LedgerContact::Live));
        gifts.until(8).await;
        assert!(gifts.sums().keys().all(|(_, kind, _)| kind == "gift"));
        let (shown, left_out) = gifts.messages.iter().fold((0, 0), |(shown, left_out), message| {
            (shown + i64::try_from(message.rows.len()).unwrap(), left_out + message.rows_left_out)
        });
        let seconds = gifts.sums().into_keys().map(|(second, ..)| second).collect::<BTreeSet<_>>().len();
        assert_eq!((usize::try_from(shown).unwrap(), shown + left_out), (seconds, 8), "one row of each second");
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_goes_away_is_said_and_what_it_committed_meanwhile_follows() {
    for storage in both() {
        let (bed, _clock) = bed(storage).await;
        let monitor = start(&bed, config()).await;
        let mut first = viewer(&bed, &monitor, "").await;
        buy(&bed, "fan").await;
        first.until(1).await;
        bed.fault.break_journals(true);
        let lost = first.next().await.unwrap();
        assert!(lost.heartbeat && lost.ledger() == LedgerContact::Lost && lost.ledger_lost_time.is_some(), "{lost:?}");
        assert_eq!(lost.cursor, first.messages[0].cursor, "nothing is counted");
        // A viewer who comes meanwhile, with a cursor or without one, gets a stream, and its messages say that the ledger is lost.
        let mut second = viewer(&bed, &monitor, &lost.cursor).await;
        for amount in 1..=3 {
            gift(&bed, amount).await;
        }
        bed.fault.break_journals(false);
        first.until(4).await;
        second.until(3).await;
        let back = first.messages.iter().skip(2).find(|message| message.heartbeat).expect("a message says that it is back");
        assert!(back.ledger() == LedgerContact::Live && back.ledger_lost_time.is_none());
        let events = journal(&bed).await;
        first.until(postings(&events)).await;
        assert_eq!(first.sums(), expected(&events));
        bed.ledger.shutdown().await;
    }
}

/// Viewers that saw a part of a stream, at another monitor, which begins where the first one has stored figures, or at the beginning if it has stored none.
async fn continued(storage: Storage, first: Config, second: Config) {
    let (bed, clock) = bed(storage).await;
    let monitor = start(&bed, first).await;
    let mut all = viewer(&bed, &monitor, "").await;
    business(&bed, &clock).await;
    let events = journal(&bed).await;
    let total = postings(&events);
    all.until(total).await;
    monitor.shutdown.cancel();
    let monitor = start(&bed, second).await;
    let mut open = Vec::new();
    for (at, message) in all.messages.iter().enumerate() {
        let seen = i64::try_from(at + 1).unwrap();
        let mut viewer = viewer(&bed, &monitor, &message.cursor).await;
        viewer.until(total - seen).await;
        let of_rest = events.iter().filter(|event| posting(event).is_some()).skip(at + 1).cloned().collect::<Vec<_>>();
        assert_eq!(viewer.sums(), expected(&of_rest), "after message {at}");
        open.push((viewer, total - seen));
    }
    buy(&bed, "fan").await;
    for (mut viewer, seen) in open {
        viewer.until(seen + 1).await;
    }
    bed.ledger.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn any_cursor_continues_without_gap_or_repeat_after_a_restart() {
    for storage in both() {
        continued(storage, config(), config()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_ahead_of_a_monitor_that_counts_again_waits_for_it() {
    for storage in both() {
        let rarely = Config { figures_write_ms: 3_600_000, ..config() };
        // Its slices end elsewhere than the first one's.
        continued(storage, rarely.clone(), Config { watch_every_ms: 30, ..rarely }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_viewer_is_dropped_and_comes_back_and_the_others_go_on() {
    let (bed, _clock) = bed(Storage::sqlite()).await;
    let monitor = start(&bed, Config { viewers_max: 2, ..config() }).await;
    let (mut quick, mut slow) = (viewer(&bed, &monitor, "").await, viewer(&bed, &monitor, "").await);
    let full = watch(&bed, &monitor, WatchPaymentsRequest::default()).await.err().unwrap();
    assert_eq!(rpc::reason(&full).as_deref(), Some("TOO_MANY_VIEWERS"));
    assert_eq!(rpc::facts(&full).get("viewers_max").map(String::as_str), Some("2"));
    for posted in 1..=100 {
        buy(&bed, "fan").await;
        quick.until(posted).await;
    }
    // Its place is free before it reads anything.
    let mut third = viewer(&bed, &monitor, &quick.messages[49].cursor).await;
    third.until(50).await;
    let ended = loop {
        match slow.next().await {
            Ok(message) => assert_eq!(message.ticks.len(), 1),
            Err(status) => break status,
        }
    };
    assert_eq!(rpc::reason(&ended).as_deref(), Some("VIEWER_TOO_SLOW"));
    let seen = slow.postings();
    assert!((1..100).contains(&seen), "{seen}");
    drop(third);
    let request = WatchPaymentsRequest { cursor: slow.cursor(), ..Default::default() };
    let mut again = loop {
        match watch(&bed, &monitor, request.clone()).await {
            Ok(again) => break again,
            Err(full) => assert_eq!(rpc::reason(&full).as_deref(), Some("TOO_MANY_VIEWERS")),
        }
        tokio::task::yield_now().await;
    };
    again.until(100 - seen).await;
    slow.messages.extend(again.messages);
    assert_eq!(slow.sums(), quick.sums());
    bed.ledger.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_stream_shows_that_it_lives_and_ends_in_time() {
    let (bed, _clock) = bed(Storage::sqlite()).await;
    let monitor = start(&bed, Config { watch_heartbeat_ms: 20, watch_age_max_ms: 1_000, ..config() }).await;
    let mut quiet = viewer(&bed, &monitor, "").await;
    quiet.rest().await.unwrap();
    assert!(!quiet.messages.is_empty());
    for message in &quiet.messages {
        assert!(message.heartbeat && message.ticks.is_empty() && message.rows.is_empty() && !message.cursor.is_empty(), "{message:?}");
    }
    bed.ledger.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_token() {
    let (bed, _clock) = bed(Storage::sqlite()).await;
    // Its age is far longer.
    let monitor = start(&bed, config()).await;
    let mut request = bed.for_a_while("sue", Role::Support, (&[BOOK], Duration::from_secs(5)), WatchPaymentsRequest::default());
    request.metadata_mut().insert(rpc::REASON, "part of a test".parse().unwrap());
    let mut stream = monitor.client.clone().watch_payments(request).await.unwrap().into_inner();
    let followed = async {
        let mut end = None;
        while let Some(message) = stream.message().await.unwrap() {
            end = Some(message);
        }
        end
    };
    let end = tokio::time::timeout(Duration::from_secs(120), followed).await.expect("it ends by itself").unwrap();
    assert!(!end.cursor.is_empty(), "the last message says where to resume: {end:?}");
    bed.ledger.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_cursor_of_the_book_is_refused_and_so_is_who_may_not_watch() {
    let (bed, _clock) = bed(Storage::sqlite()).await;
    let monitor = start(&bed, Config { resume_commits_max: 2, ..config() }).await;
    let mut all = viewer(&bed, &monitor, "").await;
    for posted in 1..=4 {
        buy(&bed, "fan").await;
        all.until(posted).await;
    }
    let (book, other) = (BookName::try_new(BOOK).unwrap(), BookName::try_new("other").unwrap());
    let last = cursor::place(&book, &all.cursor()).unwrap().unwrap();
    let of = |cursor: String| WatchPaymentsRequest { cursor, ..Default::default() };
    let forged = |place: JournalPlace| of(cursor::cursor(&book, &place));
    let hash = "ab".repeat(32);
    let kinds = |kinds: Vec<String>| WatchPaymentsRequest { kinds, ..Default::default() };
    let book_of = |book: &str| WatchPaymentsRequest { book: book.to_owned(), ..Default::default() };
    for (request, wanted) in [
        (of("x".repeat(70)), "MALFORMED"),
        (of(all.cursor() + "A"), "MALFORMED"),
        (of(cursor::cursor(&other, &last)), "MALFORMED"),
        (kinds(vec!["gift".to_owned(); 65]), "MALFORMED"),
        (kinds(vec![String::new()]), "MALFORMED"),
        (kinds(vec!["g".repeat(65)]), "MALFORMED"),
        (WatchPaymentsRequest { rows_per_second_max: -1, ..Default::default() }, "MALFORMED"),
        (forged(JournalPlace { hash: hash.clone(), ..last.clone() }), "JOURNAL_DIVERGED"),
        (forged(JournalPlace { commit_no: last.commit_no + 1, ..last.clone() }), "JOURNAL_DIVERGED"),
        (forged(JournalPlace { commit_no: i64::MAX, ..last.clone() }), "JOURNAL_DIVERGED"),
        (of(all.messages[0].cursor.clone()), "CURSOR_TOO_OLD"),
        (forged(JournalPlace::default()), "CURSOR_TOO_OLD"),
        (book_of("other"), "PERMISSION_DENIED"),
        (book_of("no book"), "MALFORMED"),
    ] {
        let refused = watch(&bed, &monitor, request.clone()).await.err().unwrap_or_else(|| panic!("{request:?}"));
        assert_eq!(rpc::reason(&refused).as_deref(), Some(wanted), "{request:?}");
    }
    // A wrong sequence number in it changes nothing.
    let mut next = watch(&bed, &monitor, forged(JournalPlace { seq: 9_999, ..last })).await.unwrap();
    buy(&bed, "fan").await;
    next.until(1).await;
    let mut client = monitor.client.clone();
    let unknown = bed.unexplained("svc", Role::Service, &["nowhere"], WatchPaymentsRequest::default());
    assert_eq!(reason(client.watch_payments(unknown).await).err().unwrap(), "BOOK_UNKNOWN");
    let unexplained = bed.unexplained("sue", Role::Support, &[BOOK], WatchPaymentsRequest::default());
    assert_eq!(reason(client.watch_payments(unexplained).await).err().unwrap(), "REASON_REQUIRED");
    for role in [Role::Viewer, Role::Creator] {
        let refused = client.watch_payments(bed.by("u1", role, WatchPaymentsRequest::default())).await;
        assert_eq!(reason(refused).err().unwrap(), "PERMISSION_DENIED", "{role}");
    }
    bed.ledger.shutdown().await;
}
