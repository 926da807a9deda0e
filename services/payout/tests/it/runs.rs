//! Runs of payouts: checked as a whole, approved by another person, paced, and paid once whatever crashes.

use crate::{
    crashes::crash,
    fake_bank::{FakeBank, status},
    world::{BOOK, FUNDS, Running, World, aba, on_both},
};
use api::{
    payout::{
        ApprovePayoutRunRequest, CancelPayoutRunItemRequest, CreatePayoutRunRequest, CreatorsAbove, GetPayoutRunRequest,
        ListPayoutRunItemsRequest, PayoutRun, PayoutRunItem, PayoutRunItemState, PayoutRunLine, PayoutRunState,
    },
    r#type::Money,
};
use identity::Role;
use payout::{Config, domain::run::ItemPace, payouts::Payouts};
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use testbed::lying_line::roll;
use tonic::{Code, Request, Status};
use uuid::Uuid;

/// Fast enough for tests.
pub fn config(world: &World) -> Config {
    let mut config = world.config();
    (config.runs.items_per_second, config.runs.in_flight_per_bank_max) = (0, 100);
    config.policy.sends_max = 50;
    config
}

pub fn by<T>(world: &World, subject: &str, message: T) -> Request<T> {
    world.bed.by(subject, Role::Finance, message)
}

fn usd(minor_units: i64) -> Option<Money> {
    Some(Money { currency_code: "USD".to_owned(), minor_units })
}

pub fn line(user: &str, beneficiary: &str, minor_units: i64) -> PayoutRunLine {
    PayoutRunLine { user_id: user.to_owned(), beneficiary_id: beneficiary.to_owned(), amount: usd(minor_units) }
}

pub fn page(id: Uuid, first_line_no: i32, lines: Vec<PayoutRunLine>, complete: bool) -> CreatePayoutRunRequest {
    CreatePayoutRunRequest { request_id: id.to_string(), book: BOOK.into(), lines, first_line_no, complete, ..Default::default() }
}

pub async fn create(world: &World, running: &Running, request: CreatePayoutRunRequest) -> Result<(PayoutRun, bool), Status> {
    let answer = running.client().create_payout_run(by(world, "fay", request)).await?.into_inner();
    Ok((answer.run.unwrap(), answer.replayed))
}

pub async fn get(world: &World, running: &Running, run_id: &str) -> PayoutRun {
    let request = GetPayoutRunRequest { book: BOOK.into(), run_id: run_id.to_owned() };
    running.client().get_payout_run(by(world, "fay", request)).await.unwrap().into_inner().run.unwrap()
}

/// Changes of payouts after which a run is looked at again: fewer than those of the items that are left.
const CHANGES_PER_LOOK: usize = 40;

pub async fn settled_items(world: &World, running: &Running, run_id: &str) -> i32 {
    let run = get(world, running, run_id).await;
    run.sums.iter().filter(|sum| sum.payout_state == "settled").map(|sum| sum.count).sum()
}

/// Reads the run until it is in that state. Each read yields to the worker.
pub async fn reached(world: &World, running: &Running, run_id: &str, state: PayoutRunState) -> PayoutRun {
    loop {
        let run = get(world, running, run_id).await;
        if run.state() == state {
            return run;
        }
        assert!(!matches!(run.state(), PayoutRunState::Refused | PayoutRunState::Done), "{run:?}");
        tokio::task::yield_now().await;
    }
}

pub async fn approve(world: &World, running: &Running, who: &str, run_id: &str, hash: &str) -> Result<(PayoutRun, bool), Status> {
    let request = ApprovePayoutRunRequest {
        request_id: Uuid::now_v7().to_string(),
        book: BOOK.into(),
        run_id: run_id.to_owned(),
        lines_hash: hash.to_owned(),
    };
    let answer = running.client().approve_payout_run(by(world, who, request)).await?.into_inner();
    Ok((answer.run.unwrap(), answer.replayed))
}

async fn items(world: &World, running: &Running, run_id: &str, state: PayoutRunItemState) -> Vec<PayoutRunItem> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = ListPayoutRunItemsRequest {
            book: BOOK.into(),
            run_id: run_id.to_owned(),
            state: state.into(),
            page_size: 200,
            page_token,
            ..Default::default()
        };
        let answer = running.client().list_payout_run_items(by(world, "fay", request)).await.unwrap().into_inner();
        all.extend(answer.items);
        page_token = answer.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}

/// One creator with so many beneficiaries of their own account number each, since a run pays a beneficiary once.
pub async fn beneficiaries(running: &Running, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(running.beneficiary("ana", aba(&format!("55{number:08}"))).await.unwrap());
    }
    ids
}

#[tokio::test]
async fn one_bad_line_refuses_the_whole_run_and_every_bad_line_is_named() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let mut options = config(&world);
        options.beneficiaries_max = 10_000;
        let running = world.start_with(options).await;
        world.fund("ana", "USD").await;
        let ids = beneficiaries(&running, 40).await;
        let foreign = running.beneficiary("bob", aba("9000000001")).await.unwrap();
        // One bad line of forty.
        let mut lines: Vec<PayoutRunLine> = ids.iter().map(|id| line("ana", id, 5)).collect();
        lines[17].beneficiary_id.clone_from(&foreign);
        let (run, _) = create(&world, &running, page(Uuid::now_v7(), 1, lines.clone(), true)).await.unwrap();
        let refused = reached_refused(&world, &running, &run.run_id).await;
        let faults: Vec<(i32, &str)> = refused.faults.iter().map(|fault| (fault.line_no, fault.why.split(':').next().unwrap())).collect();
        assert_eq!((faults, refused.faults_count), (vec![(18, "BENEFICIARY_UNKNOWN")], 1));
        assert!(refused.lines_hash.is_empty(), "there is nothing to approve");
        let early = approve(&world, &running, "gus", &run.run_id, "").await.unwrap_err();
        assert_eq!(rpc::reason(&early).as_deref(), Some("RUN_NOT_READY"));
        assert_eq!(world.balance("creator/ana/payable/USD").await, (FUNDS, FUNDS), "nothing is held");
        // Every kind of bad line, in one run.
        let bad = vec![
            line("ana", &ids[0], 5),
            line("ana", &ids[0], 6),
            line("ana", "no id", 5),
            line("no user!", &ids[1], 5),
            line("ana", &ids[2], 0),
            line("ana", &ids[3], -5),
            line("ana", &ids[4], i64::MAX),
            PayoutRunLine { amount: None, ..line("ana", &ids[5], 5) },
            PayoutRunLine { amount: Some(Money { currency_code: "EUR".into(), minor_units: 5 }), ..line("ana", &ids[6], 5) },
            line("ana", &ids[7], 50_001),
            line("ana", &ids[8], 50_000),
            line("ana", &ids[9], 50_000),
            line(&"x".repeat(10_000), &"y".repeat(10_000), 5),
            line("ana", "' OR 1 = 1; --\u{0}", 5),
        ];
        let (run, _) = create(&world, &running, page(Uuid::now_v7(), 1, bad, true)).await.unwrap();
        let refused = reached_refused(&world, &running, &run.run_id).await;
        let found: BTreeMap<i32, String> =
            refused.faults.iter().map(|fault| (fault.line_no, fault.why.split(':').next().unwrap().to_owned())).collect();
        let expected = [
            (2, "LINE_TWICE"),
            (3, "MALFORMED"),
            (4, "MALFORMED"),
            (5, "MALFORMED"),
            (6, "MALFORMED"),
            (7, "MALFORMED"),
            (8, "MALFORMED"),
            (9, "CURRENCY_UNSUPPORTED"),
            (10, "AMOUNT_TOO_LARGE"),
            (12, "INSUFFICIENT_FUNDS"),
            (13, "MALFORMED"),
            (14, "MALFORMED"),
        ];
        let expected: BTreeMap<i32, String> = expected.into_iter().map(|(line_no, why)| (line_no, why.to_owned())).collect();
        // Line 11 alone could be paid, but for what the lines before it take.
        let found: BTreeMap<i32, String> = found.into_iter().filter(|(line_no, _)| *line_no != 11).collect();
        assert_eq!(found, expected);
        running.stop().await;
        world.close().await;
    })
    .await;
}

pub async fn reached_refused(world: &World, running: &Running, run_id: &str) -> PayoutRun {
    loop {
        let run = get(world, running, run_id).await;
        match run.state() {
            PayoutRunState::Refused => return run,
            PayoutRunState::Open | PayoutRunState::Checking => tokio::task::yield_now().await,
            _ => panic!("it must be refused: {run:?}"),
        }
    }
}

#[tokio::test]
async fn a_run_of_a_thousand_with_one_bad_line_names_it_and_no_more_than_a_hundred() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(config(&world)).await;
        let strangers = |count: usize| (0..count).map(|_| line("ana", &Uuid::now_v7().to_string(), 5)).collect::<Vec<_>>();
        let (run, _) = create(&world, &running, page(Uuid::now_v7(), 1, strangers(1_000), true)).await.unwrap();
        let refused = reached_refused(&world, &running, &run.run_id).await;
        assert_eq!((refused.lines_checked, refused.faults_count, refused.faults.len()), (1_000, 1_000, 100));
        // More than a page is refused before it is read.
        let long = create(&world, &running, page(Uuid::now_v7(), 1, strangers(1_001), true)).await.unwrap_err();
        assert_eq!(long.code(), Code::InvalidArgument);
        let far = create(&world, &running, page(Uuid::now_v7(), 100_001, strangers(1), true)).await.unwrap_err();
        assert_eq!(far.code(), Code::InvalidArgument);
        let empty = create(&world, &running, page(Uuid::now_v7(), 1, Vec::new(), true)).await.unwrap().0;
        assert_eq!(reached_refused(&world, &running, &empty.run_id).await.faults[0].why, "the run has no lines");
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn pages_may_be_repeated_but_not_changed_left_out_or_added_to_a_complete_run() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(config(&world)).await;
        world.fund("ana", "USD").await;
        let ids = beneficiaries(&running, 4).await;
        let id = Uuid::now_v7();
        let lines = |from: usize, to: usize| ids[from..to].iter().map(|id| line("ana", id, 5)).collect::<Vec<_>>();
        let (first, replayed) = create(&world, &running, page(id, 1, lines(0, 2), false)).await.unwrap();
        assert_eq!((first.lines, first.state(), replayed), (2, PayoutRunState::Open, false));
        assert!(create(&world, &running, page(id, 1, lines(0, 2), false)).await.unwrap().1, "the same page again");
        let reason = async |request| rpc::reason(&create(&world, &running, request).await.unwrap_err()).unwrap();
        assert_eq!(reason(page(id, 1, lines(1, 3), false)).await, "REQUEST_ID_REUSED");
        assert_eq!(reason(page(id, 4, lines(3, 4), true)).await, "RUN_LINES_MISSING");
        let above = CreatorsAbove { payable_min: usd(5) };
        let other = CreatePayoutRunRequest { creators_above: Some(above), ..page(id, 0, Vec::new(), true) };
        assert_eq!(reason(other).await, "REQUEST_ID_REUSED");
        let (complete, _) = create(&world, &running, page(id, 3, lines(2, 4), true)).await.unwrap();
        assert_eq!(complete.lines, 4);
        assert!(create(&world, &running, page(id, 3, lines(2, 4), true)).await.unwrap().1);
        assert_eq!(reason(page(id, 5, lines(0, 1), true)).await, "RUN_COMPLETE");
        // Two people, and the lines that the second one saw.
        let checked = reached(&world, &running, &first.run_id, PayoutRunState::AwaitingApproval).await;
        let refused =
            async |who: &str, hash: &str| rpc::reason(&approve(&world, &running, who, &first.run_id, hash).await.unwrap_err()).unwrap();
        assert_eq!(refused("fay", &checked.lines_hash).await, "OWN_RUN");
        assert_eq!(refused("gus", &"0".repeat(64)).await, "RUN_CHANGED");
        // An item that was not requested is cancelled at once; the others are paid.
        let cancel = CancelPayoutRunItemRequest {
            request_id: Uuid::now_v7().to_string(),
            book: BOOK.into(),
            run_id: first.run_id.clone(),
            line_no: 2,
        };
        let cancelled = running.client().cancel_payout_run_item(by(&world, "fay", cancel.clone())).await.unwrap().into_inner();
        assert_eq!(cancelled.item.unwrap().state(), PayoutRunItemState::Cancelled);
        let none = CancelPayoutRunItemRequest { line_no: 5, ..cancel };
        let status = running.client().cancel_payout_run_item(by(&world, "fay", none)).await.unwrap_err();
        assert_eq!(rpc::reason(&status).as_deref(), Some("ITEM_UNKNOWN"));
        assert!(!approve(&world, &running, "gus", &first.run_id, &checked.lines_hash).await.unwrap().1);
        assert!(approve(&world, &running, "gus", &first.run_id, &checked.lines_hash).await.unwrap().1, "approved once");
        let done = reached(&world, &running, &first.run_id, PayoutRunState::Done).await;
        let sums: Vec<(PayoutRunItemState, &str, i32, i64)> =
            done.sums.iter().map(|sum| (sum.state(), sum.payout_state.as_str(), sum.count, sum.minor_units)).collect();
        assert_eq!(sums, [(PayoutRunItemState::Started, "settled", 3, 15), (PayoutRunItemState::Cancelled, "", 1, 5)]);
        world.check_books("ana", "USD", 15).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn all_creators_above_a_threshold_are_paid_all_that_they_have_to_their_newest_account() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(config(&world)).await;
        let mut newest = BTreeMap::new();
        for (user, minor_units) in [("ana", 500), ("bob", 499), ("cem", 700), ("dee", 0)] {
            running.beneficiary(user, aba("5500000001")).await.unwrap();
            newest.insert(user.to_owned(), running.beneficiary(user, aba("5500000002")).await.unwrap());
            if minor_units > 0 {
                let (debit, credit) = ("house/accrued_creator_liability/USD", format!("creator/{user}/payable/USD"));
                world.bed.post("conversion", debit, &credit, minor_units).await;
            }
        }
        let above = |minor_units| CreatePayoutRunRequest {
            creators_above: Some(CreatorsAbove { payable_min: usd(minor_units) }),
            ..page(Uuid::now_v7(), 0, Vec::new(), true)
        };
        let (run, _) = create(&world, &running, above(500)).await.unwrap();
        let ready = reached(&world, &running, &run.run_id, PayoutRunState::AwaitingApproval).await;
        let listed = items(&world, &running, &run.run_id, PayoutRunItemState::Unspecified).await;
        let listed: Vec<PayoutRunLine> = listed.into_iter().map(|item| item.line.unwrap()).collect();
        assert_eq!(listed, [line("ana", &newest["ana"], 500), line("cem", &newest["cem"], 700)]);
        approve(&world, &running, "gus", &run.run_id, &ready.lines_hash).await.unwrap();
        reached(&world, &running, &run.run_id, PayoutRunState::Done).await;
        assert_eq!(world.balance("house/bank_cash/USD").await.0, 1_200);
        assert_eq!(world.balance("creator/bob/payable/USD").await.0, 499);
        let (none, _) = create(&world, &running, above(10_000)).await.unwrap();
        assert_eq!(reached_refused(&world, &running, &none.run_id).await.faults[0].line_no, 0);
        running.stop().await;
        world.close().await;
    })
    .await;
}

/// The use cases without workers, with a run of so many items that is approved.
pub async fn approved(world: &World, options: &Config, count: usize) -> (Payouts, String) {
    let mut idle = options.clone();
    idle.beneficiaries_max = 10_000;
    let running = world.start_with(idle).await;
    world.fund("ana", "USD").await;
    let ids = beneficiaries(&running, count).await;
    let lines = ids.iter().map(|id| line("ana", id, 5)).collect();
    let (run, _) = create(world, &running, page(Uuid::now_v7(), 1, lines, true)).await.unwrap();
    let ready = reached(world, &running, &run.run_id, PayoutRunState::AwaitingApproval).await;
    running.stop().await;
    let payouts = crate::crashes::without_worker_over(world, options.clone()).await;
    // As the handler does, where no worker runs.
    let act = payout::runs::RunAct {
        book: money::BookName::try_new(BOOK).unwrap(),
        run_id: run.run_id.parse().unwrap(),
        subject: money::UserKey::try_new("gus").unwrap(),
        request_id: money::RequestId::parse(&Uuid::now_v7().to_string()).unwrap(),
    };
    payouts.approve_run(&act, &ready.lines_hash, std::time::SystemTime::now()).await.unwrap();
    (payouts, run.run_id)
}

#[tokio::test]
async fn a_run_of_five_hundred_that_crashes_again_and_again_pays_every_item_once() {
    let seed: u64 = std::env::var("LARGESSE_RUN_SEED").map_or(1, |text| text.parse().expect("LARGESSE_RUN_SEED is a number"));
    on_both(async |database| {
        // A sending that was dropped is sent again once its absence is proof: the bank's window of some seconds bounds the time of the test.
        let world = World::open(database, 5).await;
        let options = config(&world);
        let (payouts, run_id) = approved(&world, &options, 500).await;
        // The worker of runs, dropped after one poll more each time; then the service, dropped as it is at ten places in the middle.
        let mut pace = ItemPace::new(0, 0);
        for polls in [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144] {
            crash(payouts.advance_runs(&mut pace), polls).await;
        }
        drop(payouts);
        for stop in 0..10 {
            let settled = i32::try_from(45 * stop + roll(seed, stop, 45)).unwrap();
            let running = world.start_with(options.clone()).await;
            let mut changes = running.service.changes();
            while settled_items(&world, &running, &run_id).await < settled {
                // A payout changes often, and reading the sums of a run reads all of its items.
                for _ in 0..CHANGES_PER_LOOK {
                    // One that comes too late for a slow reader is a change as well.
                    let _ = changes.recv().await;
                }
            }
            running.stop().await;
        }
        let running = world.start_with(options).await;
        let done = reached(&world, &running, &run_id, PayoutRunState::Done).await;
        assert_eq!((done.sums.len(), done.sums[0].count, done.sums[0].minor_units), (1, 500, 2_500), "LARGESSE_RUN_SEED={seed}: {done:?}");
        let entries = world.statement("USD").await.entries;
        let paid: std::collections::BTreeSet<_> = entries.iter().filter_map(|entry| entry.end_to_end_id.clone()).collect();
        assert_eq!((entries.len(), paid.len()), (500, 500), "the bank executed each once");
        world.check_books("ana", "USD", 2_500).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn no_more_items_are_in_flight_at_a_bank_than_its_limit() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = sent.clone();
        // It accepts and does not decide, so every payout stays in flight.
        let bank = FakeBank::start(move |heard| {
            if heard.sent {
                counted.fetch_add(1, Ordering::SeqCst);
            }
            status(heard, 1, "ACSP", &[])
        })
        .await;
        let mut options = config(&world);
        options.runs.in_flight_per_bank_max = 3;
        options.banks[0].url.clone_from(&bank.url);
        let (payouts, run_id) = approved(&world, &options, 10).await;
        let (mut pace, mut rounds) = (ItemPace::new(0, 0), 0);
        while payouts.advance_runs(&mut pace).await.unwrap() {
            rounds += 1;
        }
        drop(payouts);
        let running = world.start_with(options).await;
        bank.asked(6).await;
        let run = get(&world, &running, &run_id).await;
        let started: i32 = run.sums.iter().filter(|sum| sum.state() == PayoutRunItemState::Started).map(|sum| sum.count).sum();
        assert_eq!((rounds, started, sent.load(Ordering::SeqCst)), (1, 3, 3));
        // What the bank decides makes room.
        bank.say(|heard| status(heard, 1, "ACSC", &[]));
        let done = reached(&world, &running, &run_id, PayoutRunState::Done).await;
        assert_eq!(done.sums.iter().map(|sum| sum.count).sum::<i32>(), 10);
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn items_are_requested_as_fast_as_the_pace_allows() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let options = config(&world);
        let (payouts, run_id) = approved(&world, &options, 10).await;
        let book = money::BookName::try_new(BOOK).unwrap();
        let started = async || {
            let run = payouts.run(&book, run_id.parse().unwrap()).await.unwrap();
            let sums = payouts.run_sums(&run).await.unwrap();
            sums.iter().filter(|((state, ..), _)| state.name() == "started").map(|(_, (count, _))| *count).sum::<i64>()
        };
        // A pace whose clock begins in the future saves nothing.
        let ahead = money::time::unix_ms(std::time::SystemTime::now()) + 3_600_000;
        assert!(!payouts.advance_runs(&mut ItemPace::new(4, ahead)).await.unwrap());
        assert_eq!(started().await, 0);
        // One that paused for long has saved a second's items.
        payouts.advance_runs(&mut ItemPace::new(4, 0)).await.unwrap();
        assert_eq!(started().await, 4);
        world.close().await;
    })
    .await;
}
