//! Processes that end between steps, and several that run at once: everything is booked once.
use super::world::{TUESDAY, both, rule, start};
use crate::fixture::BOOK;
use api::treasury::{InstructSweepRequest, MarkSweepRequest, RunSweepsRequest, Sweep, SweepDecision, SweepState};
use proptest::prelude::*;
use testbed::{Fault, Storage, crash};

/// Calls that are dropped, each after more polls than the one before it: a few more at first, and many in the end, since how many a call takes depends on where its
/// database is.
const CRASHES: usize = 14;

#[tokio::test]
async fn two_processes_sweep_once() {
    for fixture in both(&[rule("daily", "zero")], TUESDAY).await {
        fixture.has_now("prefund", 1_400).await;
        let second = fixture.second().await;
        let runs = (0..8).map(|at| {
            let mut client = if at % 2 == 0 { fixture.client() } else { second.clone() };
            let request = fixture.by(RunSweepsRequest { book: BOOK.to_owned() });
            async move { client.run_sweeps(request).await.map(|answer| answer.into_inner().outcomes[0].decision()) }
        });
        let decisions = futures::future::join_all(runs).await;
        let swept = decisions.iter().filter(|decision| matches!(decision, Ok(SweepDecision::Swept))).count();
        assert_eq!((swept, fixture.sweeps().await.len()), (1, 1), "{decisions:?}");
        assert_eq!(fixture.proved().await, [[1_400, 0, 1_400, 0], [0, 0, 0, 0]]);
        // One says that it left, the other that it never did.
        let sweep = fixture.sweeps().await.remove(0);
        let marks = (0..8).map(|at| {
            let (mut client, state) =
                if at % 2 == 0 { (fixture.client(), SweepState::Debited) } else { (second.clone(), SweepState::Cancelled) };
            let request =
                MarkSweepRequest { book: BOOK.to_owned(), sweep_id: sweep.sweep_id.clone(), state: state.into(), ..Default::default() };
            let request = fixture.by(request);
            async move { client.mark_sweep(request).await.map(|answer| answer.into_inner().replayed) }
        });
        let answers = futures::future::join_all(marks).await;
        let state = fixture.newest().await;
        let expected = if state == SweepState::Debited { [[0, 0, 0, 0], [0, 1_400, 0, 1_400]] } else { [[1_400, 0, 0, 0], [0; 4]] };
        assert!(matches!(state, SweepState::Debited | SweepState::Cancelled), "{state:?}");
        assert_eq!(fixture.proved().await, expected, "{answers:?}");
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 4, "{answers:?}");
    }
}

#[tokio::test]
async fn a_crash_at_any_step_is_made_good_by_whoever_looks_next() {
    for fault in [Fault::Down, Fault::AnswerLost] {
        for fixture in both(&[rule("daily", "zero")], TUESDAY).await {
            fixture.has_now("prefund", 1_400).await;
            fixture.bed.fault.fail(fault.clone());
            fixture.try_run().await.unwrap_err();
            fixture.bed.fault.fail(Fault::None);
            let again = fixture.run().await.remove(0);
            assert_eq!((again.decision(), again.sweep.as_ref().map(|sweep| sweep.minor_units)), (SweepDecision::Done, Some(1_400)));
            assert_eq!(fixture.proved().await, [[1_400, 0, 1_400, 0], [0, 0, 0, 0]]);
            let sweep = again.sweep.unwrap();
            for (state, expected) in
                [(SweepState::Debited, [[0, 0, 0, 0], [0, 1_400, 0, 1_400]]), (SweepState::Credited, [[0, 0, 0, 0], [1_400, 0, 0, 0]])]
            {
                fixture.bed.fault.fail(fault.clone());
                fixture.try_mark(&sweep, state).await.unwrap_err();
                fixture.bed.fault.fail(Fault::None);
                // Another process, which knows nothing of the call.
                fixture.second_service().await;
                let request = fixture.by(RunSweepsRequest { book: BOOK.to_owned() });
                fixture.second().await.run_sweeps(request).await.unwrap();
                assert_eq!(fixture.newest().await, state);
                assert_eq!(fixture.proved().await, expected, "{state:?}");
                assert!(fixture.try_mark(&sweep, state).await.unwrap().replayed);
                assert_eq!(fixture.proved().await, expected, "{state:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_call_dropped_anywhere_keeps_a_sweep_once_and_ends_it_once() {
    let rules: Vec<_> = (0..CRASHES).map(|at| rule(&format!("r{at:02}"), "zero")).collect();
    for fixture in both(&rules, TUESDAY).await {
        fixture.has_now("prefund", 1_400).await;
        let mut dropped = [0; 2];
        for at in 0..CRASHES {
            let run = fixture.run().await;
            let sweep = run.into_iter().find(|outcome| outcome.decision() == SweepDecision::Swept).unwrap().sweep.unwrap();
            let instruct = InstructSweepRequest { book: String::new(), sweep_id: sweep.sweep_id.clone() };
            let kept = crash(fixture.as_payout().instruct_sweep(instruct.clone()), at * at / 2).await.is_some();
            fixture.as_payout().instruct_sweep(instruct).await.unwrap();
            let request = MarkSweepRequest { evidence: "E-1 RJCT".to_owned(), ..cancelled(&sweep) };
            let ended = crash(fixture.as_payout().mark_sweep(request.clone()), at * at).await.is_some();
            dropped[0] += usize::from(!kept);
            dropped[1] += usize::from(!ended);
            // Half of what was dropped nobody repeats: whoever runs the rules next goes on with what was decided.
            if at % 2 == 0 {
                fixture.as_payout().mark_sweep(request).await.unwrap();
            } else {
                fixture.planned().await;
            }
            let [[cash, between, transit, _], pool] = fixture.proved().await;
            let state = fixture.newest().await;
            assert!(matches!(state, SweepState::Instructing | SweepState::Cancelled), "{state:?}");
            let set_aside = if state == SweepState::Cancelled { 0 } else { 1_400 };
            assert_eq!(([cash, between, transit], pool), ([1_400, 0, set_aside], [0; 4]), "{at}");
            fixture.as_payout().mark_sweep(cancelled(&sweep)).await.unwrap();
            assert_eq!(fixture.proved().await, [[1_400, 0, 0, 0], [0; 4]], "{at}");
        }
        assert!(dropped.iter().all(|dropped| (3..CRASHES).contains(dropped)), "the crashes must fall between the steps: {dropped:?}");
    }
}

fn cancelled(sweep: &Sweep) -> MarkSweepRequest {
    MarkSweepRequest { book: BOOK.to_owned(), sweep_id: sweep.sweep_id.clone(), state: SweepState::Cancelled.into(), ..Default::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    /// The test counts what every account must have by what it saw happen, and by nothing that the service says of it.
    #[test]
    fn after_any_days_both_accounts_have_what_happened(
        acts in prop::collection::vec((0_usize..8, 1_i64..3_000), 5..30),
    ) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let overnight = treasury::config::SweepSettings { overnight: true, ..rule("night", "threshold") };
            let fixture = start(Storage::sqlite(), vec![overnight, rule("daily", "target")], TUESDAY).await;
            // Money at the bank of both accounts.
            let mut banks = [0_i64; 2];
            for (act, amount) in acts {
                let open = fixture.sweeps().await;
                let newest = open.iter().find(|sweep| matches!(sweep.state(), SweepState::Planned | SweepState::Sent | SweepState::Debited));
                match (act, newest) {
                    (0 | 1, _) => {
                        let (at, leaf) = if act == 0 { (0, "prefund") } else { (1, "reserve") };
                        fixture.has_now(leaf, amount).await;
                        banks[at] += amount;
                    }
                    (2, _) => fixture.days_later(1),
                    (3, _) => {
                        fixture.bed.fault.fail(if amount % 2 == 0 { Fault::Down } else { Fault::AnswerLost });
                        let _ = fixture.try_run().await;
                        fixture.bed.fault.fail(Fault::None);
                        fixture.run().await;
                    }
                    (4, _) => drop(fixture.run().await),
                    (_, Some(sweep)) => {
                        let state = [SweepState::Debited, SweepState::Credited, SweepState::Cancelled][act - 5];
                        let (from, to) = if sweep.from_account == "rail" { (0, 1) } else { (1, 0) };
                        if amount % 3 == 0 {
                            fixture.bed.fault.fail(Fault::AnswerLost);
                        }
                        let first = fixture.try_mark(sweep, state).await;
                        fixture.bed.fault.fail(Fault::None);
                        if first.is_ok() || fixture.try_mark(sweep, state).await.is_ok() {
                            let moved = sweep.minor_units;
                            match state {
                                SweepState::Debited if sweep.state() != SweepState::Debited => banks[from] -= moved,
                                SweepState::Credited => banks[to] += moved,
                                _ => {}
                            }
                        }
                    }
                    (_, None) => {}
                }
                let [rail, pool] = fixture.proved().await;
                assert_eq!([rail[0], pool[0]], banks, "{act}");
                for leaf in ["prefund", "reserve"] {
                    assert!(fixture.on(leaf).await >= 0, "{leaf} was overdrawn");
                }
                let on_their_way: i64 =
                    fixture.sweeps().await.iter().filter(|sweep| sweep.state() == SweepState::Debited).map(|sweep| sweep.minor_units).sum();
                assert_eq!(rail[1] + pool[1], on_their_way);
            }
        });
    }
}
