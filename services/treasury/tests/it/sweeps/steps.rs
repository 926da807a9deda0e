//! What happens to a sweep at the banks: said by staff, or by their statements.
use super::world::{HOUR, TUESDAY, both, rule};
use crate::{
    bank::{Entry, entry, statement},
    reason,
};
use api::treasury::{Sweep, SweepState};
use treasury::config::SweepSettings;

const RAIL: &str = "DE89370400440532013000";
const POOL: &str = "DE02120300000000202051";

/// An account's statement with one entry.
fn said(number: &str, day: &str, opening: i64, entry: Entry) -> String {
    statement(1, day, opening, &[entry]).replace(RAIL, number)
}

#[tokio::test]
async fn each_step_is_booked_once_and_every_account_adds_up_after_it() {
    for fixture in both(&[rule("daily", "target")], TUESDAY).await {
        fixture.has_now("prefund", 1_400).await;
        fixture.has_now("creators", 70).await;
        fixture.has_now("reserve", 5).await;
        assert_eq!(fixture.proved().await, [[1_470, 0, 0, 0], [5, 0, 0, 0]]);
        let sweep = fixture.swept().await;
        assert_eq!(sweep.minor_units, 470, "clients' money is in the account too");
        let steps = [
            (SweepState::Sent, [[1_470, 0, 470, 0], [5, 0, 0, 0]]),
            (SweepState::Debited, [[1_000, 0, 0, 0], [5, 470, 0, 470]]),
            (SweepState::Credited, [[1_000, 0, 0, 0], [475, 0, 0, 0]]),
        ];
        assert_eq!(fixture.proved().await, steps[0].1);
        for (state, expected) in steps {
            fixture.mark(&sweep, state).await;
            assert_eq!(fixture.proved().await, expected, "{state:?}");
            let again = fixture.try_mark(&sweep, state).await.unwrap();
            assert_eq!((again.replayed, again.sweep.unwrap().state()), (true, state));
            assert_eq!(fixture.proved().await, expected, "{state:?} again");
        }
        assert_eq!((fixture.on("prefund").await, fixture.on("creators").await, fixture.on("reserve").await), (930, 70, 475));
        assert!(fixture.try_mark(&sweep, SweepState::Sent).await.unwrap().replayed, "it was, before");
    }
}

#[tokio::test]
async fn a_step_that_does_not_follow_is_refused() {
    for fixture in both(&[rule("daily", "zero")], TUESDAY).await {
        fixture.has_now("prefund", 1_400).await;
        let sweep = fixture.swept().await;
        let refused = |answer: Result<_, tonic::Status>| reason(&answer.map(|_: api::treasury::MarkSweepResponse| ()).unwrap_err());
        assert_eq!(refused(fixture.try_mark(&sweep, SweepState::Credited).await), "SWEEP_STATE", "nothing has left");
        for state in [SweepState::Unspecified, SweepState::Planned, SweepState::Reversed, SweepState::Refused] {
            assert_eq!(refused(fixture.try_mark(&sweep, state).await), "MALFORMED", "{state:?}");
        }
        let unknown = Sweep { sweep_id: testbed::new_id(), ..sweep.clone() };
        assert_eq!(refused(fixture.try_mark(&unknown, SweepState::Sent).await), "SWEEP_UNKNOWN");
        let none = Sweep { sweep_id: "one".to_owned(), ..sweep.clone() };
        assert_eq!(refused(fixture.try_mark(&none, SweepState::Sent).await), "MALFORMED");
        fixture.mark(&sweep, SweepState::Cancelled).await;
        assert_eq!(fixture.proved().await, [[1_400, 0, 0, 0], [0, 0, 0, 0]]);
        assert_eq!(fixture.on("prefund").await, 1_400, "it is back");
        for state in [SweepState::Sent, SweepState::Debited, SweepState::Credited] {
            assert_eq!(refused(fixture.try_mark(&sweep, state).await), "SWEEP_STATE", "{state:?}");
        }
        assert!(fixture.try_mark(&sweep, SweepState::Cancelled).await.unwrap().replayed);
        fixture.days_later(1);
        let next = fixture.swept().await;
        fixture.mark(&next, SweepState::Debited).await;
        assert_eq!(refused(fixture.try_mark(&next, SweepState::Cancelled).await), "SWEEP_STATE", "it has left");
        fixture.proved().await;
    }
}

#[tokio::test]
async fn statements_say_what_left_and_what_came_in_any_order() {
    for credit_first in [false, true] {
        for fixture in both(&[rule("daily", "zero")], TUESDAY).await {
            fixture.has_now("prefund", 1_400).await;
            let sweep = fixture.swept().await;
            fixture.days_later(1);
            let out = said(RAIL, "2031-11-25", 1_400, entry("R1", -1_400, &sweep.end_to_end_id));
            let into = said(POOL, "2031-11-25", 0, entry("P1", 1_400, &sweep.end_to_end_id));
            let files = if credit_first { [&into, &out] } else { [&out, &into] };
            fixture.import(files[0].as_bytes()).await.unwrap();
            fixture.proved().await;
            // What came is not booked before it left.
            assert_eq!(fixture.newest().await, if credit_first { SweepState::Planned } else { SweepState::Debited });
            fixture.import(files[1].as_bytes()).await.unwrap();
            assert_eq!(fixture.newest().await, SweepState::Credited);
            assert_eq!(fixture.proved().await, [[0, 0, 0, 0], [1_400, 0, 0, 0]]);
            // Both files once more book nothing, and nothing is to be explained.
            for file in files {
                fixture.import(file.as_bytes()).await.unwrap();
            }
            assert_eq!(fixture.open_cases().await, []);
            assert_eq!(fixture.proved().await, [[0, 0, 0, 0], [1_400, 0, 0, 0]]);
            for account in ["rail", "pool"] {
                fixture.close(account, "2031-11-25").await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn what_staff_said_first_is_recognised_in_the_statement() {
    for fixture in both(&[rule("daily", "zero")], TUESDAY).await {
        fixture.has_now("prefund", 1_400).await;
        let sweep = fixture.swept().await;
        for state in [SweepState::Debited, SweepState::Credited] {
            fixture.mark(&sweep, state).await;
        }
        fixture.days_later(1);
        for file in [
            said(RAIL, "2031-11-25", 1_400, entry("R1", -1_400, &sweep.end_to_end_id)),
            said(POOL, "2031-11-25", 0, entry("P1", 1_400, &sweep.end_to_end_id)),
        ] {
            fixture.import(file.as_bytes()).await.unwrap();
        }
        assert_eq!(fixture.open_cases().await, []);
        assert_eq!(fixture.proved().await, [[0, 0, 0, 0], [1_400, 0, 0, 0]]);
        for account in ["rail", "pool"] {
            fixture.close(account, "2031-11-25").await.unwrap();
        }
    }
}

#[tokio::test]
async fn money_for_a_leaf_that_is_closed_by_then_is_unallocated() {
    for fixture in both(&[rule("daily", "zero")], TUESDAY).await {
        fixture.has_now("prefund", 1_400).await;
        let sweep = fixture.swept().await;
        fixture.mark(&sweep, SweepState::Debited).await;
        for state in ["pending_close", "closed"] {
            let leaf = "[[leaf]]\nid = \"reserve\"\nparent = \"pool\"\nname = \"reserve\"\nentity = \"main\"\nuses = [\"sweep\"]\n";
            fixture.change(&format!("{leaf}state = \"{state}\"\n")).await.unwrap();
        }
        fixture.mark(&sweep, SweepState::Credited).await;
        assert_eq!((fixture.on("reserve").await, fixture.on("pool-unallocated").await), (0, 1_400));
        fixture.proved().await;
    }
}

#[tokio::test]
async fn an_overnight_sweep_that_has_not_arrived_does_not_go_back() {
    let overnight = SweepSettings { overnight: true, ..rule("night", "zero") };
    for fixture in both(&[overnight], TUESDAY).await {
        fixture.has_now("prefund", 1_400).await;
        let sweep = fixture.swept().await;
        fixture.mark(&sweep, SweepState::Debited).await;
        fixture.later(20 * HOUR);
        assert_eq!(fixture.run().await.len(), 1, "only the rule");
        fixture.mark(&sweep, SweepState::Credited).await;
        assert_eq!(fixture.run().await.len(), 2);
        assert_eq!(fixture.on("pool-in-transit").await, 1_400);
        // Taken back by nobody: it can go back on a later day.
        let back: Sweep = fixture.sweeps().await.remove(0);
        fixture.mark(&back, SweepState::Cancelled).await;
        fixture.days_later(1);
        assert_eq!(fixture.run().await[0].returns_sweep_id, sweep.sweep_id);
        assert_eq!(fixture.sweeps().await.len(), 3, "the two, and another return");
        fixture.proved().await;
    }
}

/// Without the leaf that older programs did not add, which every account has by now.
#[tokio::test]
async fn an_account_of_an_older_program_is_swept_to_as_well() {
    for fixture in both(&[rule("daily", "zero")], TUESDAY).await {
        fixture.forget_leaf("pool-incoming").await;
        // So that the structure is read again.
        fixture.change("[[leaf]]\nid = \"aside\"\nparent = \"rail\"\nname = \"Other\"\nentity = \"main\"\n").await.unwrap();
        fixture.has_now("prefund", 1_400).await;
        let sweep = fixture.swept().await;
        fixture.mark(&sweep, SweepState::Debited).await;
        assert_eq!(fixture.proved().await[1], [0, 1_400, 0, 1_400]);
        let listed = fixture.list("").await;
        assert!(listed.iter().any(|one| one.id == "pool-incoming" && one.balance.unwrap().booked_minor_units == 1_400));
    }
}
