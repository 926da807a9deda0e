//! Money that rules move between two bank accounts: what each kind of rule moves and when, every step once, and books that add up after each of them.
//!
//! - `world`: the two accounts. `steps`: what happens at the banks, and statements that say so. `crashes`: processes that end or run at once.
//! - `forecast`: whether the account will be short.
mod crashes;
mod forecast;
mod steps;
pub mod world;

use api::treasury::{SweepDecision::*, SweepState};
use testbed::Storage;
use treasury::config::SweepSettings;
use world::{CHRISTMAS_EVE, HOUR, TUESDAY, both, decided, rule, start};

#[tokio::test]
async fn each_kind_of_rule_moves_what_it_should_once_a_day() {
    // What the account has, what the pool has, and what is moved: below 0 to the account.
    let cases = [
        ("zero", 1_400, 0, 1_400),
        ("zero", 0, 5_000, 0),
        ("target", 1_400, 0, 400),
        ("target", 300, 5_000, -700),
        ("target", 1_000, 5_000, 0),
        ("threshold", 2_600, 0, 600),
        ("threshold", 1_999, 5_000, 0),
        ("threshold", 120, 5_000, -380),
    ];
    for (kind, has, pool, moves) in cases {
        let fixture = start(Storage::sqlite(), vec![rule("daily", kind)], TUESDAY).await;
        for (leaf, amount) in [("prefund", has), ("reserve", pool)] {
            if amount > 0 {
                fixture.has_now(leaf, amount).await;
            }
        }
        let outcome = fixture.run().await.pop().unwrap();
        let expected = if moves == 0 { (Nothing, 0) } else { (Swept, i64::abs(moves)) };
        assert_eq!(decided(&outcome), expected, "{kind} {has}: {outcome:?}");
        if moves != 0 {
            let sweep = outcome.sweep.unwrap();
            let ends = (sweep.from_leaf.as_str(), sweep.to_leaf.as_str());
            assert_eq!(ends, if moves > 0 { ("prefund", "reserve") } else { ("reserve", "prefund") }, "{kind} {has}");
            assert_eq!((sweep.business_date.as_str(), sweep.planned_by.as_str()), ("2031-11-25", "fay"));
        }
        let transit: Vec<i64> = fixture.proved().await.map(|account| account[2]).to_vec();
        assert_eq!(transit, [moves.max(0), (-moves).max(0)], "{kind} {has}");
    }
}

#[tokio::test]
async fn a_repeated_run_does_nothing_and_a_plan_changes_nothing() {
    for fixture in both(&[rule("daily", "target")], TUESDAY).await {
        fixture.has_now("prefund", 1_400).await;
        let plan = fixture.planned().await;
        assert_eq!(decided(&plan[0]), (Swept, 400));
        assert_eq!((fixture.sweeps().await, fixture.on("prefund").await), (vec![], 1_400));
        let sweep = fixture.swept().await;
        assert_eq!((sweep.state(), sweep.end_to_end_id.len(), sweep.return_date.as_str()), (SweepState::Planned, 32, ""));
        for _ in 0..2 {
            let again = fixture.run().await;
            assert_eq!((again[0].decision(), again[0].sweep.as_ref()), (Done, Some(&sweep)));
        }
        fixture.has_now("prefund", 500).await;
        assert_eq!(fixture.run().await[0].decision(), Done, "once a day, whatever comes");
        assert_eq!((fixture.sweeps().await.len(), fixture.on("prefund").await), (1, 1_500));
        fixture.days_later(1);
        // What is on its way out is not counted twice.
        assert_eq!(decided(&fixture.run().await[0]), (Swept, 500), "the next day is another");
        assert_eq!(fixture.sweeps().await.len(), 2);
        fixture.proved().await;
    }
}

#[tokio::test]
async fn nothing_moves_before_the_time_after_the_cut_off_or_on_a_holiday() {
    for fixture in both(&[rule("daily", "zero")], CHRISTMAS_EVE).await {
        let next = |outcome: &api::treasury::SweepOutcome| {
            let at = outcome.next_time.unwrap();
            jiff::Timestamp::new(at.seconds, at.nanos).unwrap().to_string()
        };
        fixture.later(HOUR);
        fixture.has_now("prefund", 1_400).await;
        let late = fixture.run().await.pop().unwrap();
        assert_eq!((late.decision(), next(&late).as_str()), (CutoffPassed, "2031-12-29T14:00:00Z"));
        for _ in 0..4 {
            fixture.days_later(1);
            let closed = fixture.run().await.pop().unwrap();
            assert_eq!((closed.decision(), next(&closed).as_str()), (ClosedDay, "2031-12-29T14:00:00Z"));
        }
        // Monday at 13:59 and 14:00, three hours before the cut-off was missed.
        fixture.later(22 * HOUR - 60);
        let early = fixture.run().await.pop().unwrap();
        assert_eq!((early.decision(), next(&early).as_str()), (Early, "2031-12-29T14:00:00Z"));
        assert_eq!(fixture.sweeps().await, []);
        fixture.later(60);
        assert_eq!(decided(&fixture.run().await[0]), (Swept, 1_400));
    }
}

#[tokio::test]
async fn clients_and_blocked_funds_are_refused_and_stop_no_other_rule() {
    let from = |leaf: &str| SweepSettings { leaf: leaf.to_owned(), ..rule(&format!("of-{leaf}"), "zero") };
    let into = |leaf: &str| SweepSettings { other_leaf: leaf.to_owned(), ..rule(&format!("to-{leaf}"), "zero") };
    let rules = [from("creators"), from("frozen"), from("aside"), into("clients"), into("acme"), into("creators"), rule("good", "zero")];
    for fixture in both(&rules, TUESDAY).await {
        for leaf in ["creators", "frozen", "aside", "prefund"] {
            fixture.has_now(leaf, 1_000).await;
        }
        let outcomes = fixture.run().await;
        let found: Vec<_> = outcomes.iter().map(|outcome| (outcome.decision(), outcome.forbidden_by.as_str())).collect();
        let bans = ["funds", "funds", "use", "funds", "other_entity", "same_account"].map(|ban| (Refused, ban));
        assert_eq!(found, [&bans[..], &[(Swept, "")]].concat());
        assert!(outcomes[0].why.contains("creators holds client funds"), "{}", outcomes[0].why);
        // The good rule takes its own leaf's money, and nobody else's.
        assert_eq!(fixture.sweeps().await.iter().map(|sweep| sweep.minor_units).collect::<Vec<_>>(), [1_000]);
        for leaf in ["creators", "frozen", "aside"] {
            assert_eq!(fixture.on(leaf).await, 1_000);
        }
        fixture.proved().await;
    }
}

#[tokio::test]
async fn an_account_is_filled_with_what_there_is_and_not_twice() {
    for fixture in both(&[rule("daily", "target")], TUESDAY).await {
        fixture.has_now("clients", 9_000).await;
        let poor = fixture.run().await.pop().unwrap();
        assert_eq!((poor.decision(), poor.forbidden_by.as_str()), (Refused, "leaf_available"), "clients' money fills nothing");
        fixture.has_now("reserve", 300).await;
        let part = fixture.run().await.pop().unwrap();
        assert_eq!((decided(&part), part.short_minor_units), ((Swept, 300), 700));
        fixture.has_now("reserve", 5_000).await;
        fixture.days_later(1);
        assert_eq!(decided(&fixture.run().await[0]), (Swept, 700), "the first 300 are still coming");
        fixture.days_later(1);
        assert_eq!(decided(&fixture.run().await[0]), (Nothing, 0));
        fixture.proved().await;
    }
}

#[tokio::test]
async fn overnight_money_goes_back_at_the_next_opening() {
    let overnight = SweepSettings { overnight: true, ..rule("night", "zero") };
    for fixture in both(&[overnight], CHRISTMAS_EVE).await {
        fixture.has_now("prefund", 1_400).await;
        let sweep = fixture.swept().await;
        assert_eq!(sweep.return_date, "2031-12-29");
        for state in [SweepState::Sent, SweepState::Debited, SweepState::Credited] {
            fixture.mark(&sweep, state).await;
            fixture.proved().await;
        }
        assert_eq!((fixture.on("prefund").await, fixture.on("reserve").await), (0, 1_400));
        fixture.later(4 * 24 * HOUR + 7 * HOUR);
        // Sunday, eleven at night in Berlin.
        assert_eq!(fixture.run().await.iter().map(|outcome| outcome.decision()).collect::<Vec<_>>(), [ClosedDay, ClosedDay]);
        fixture.later(HOUR);
        fixture.adjust(&world::leaf_account("reserve"), &world::leaf_account("pool-suspense"), 1).await;
        let spent = fixture.run().await.remove(0);
        assert_eq!((spent.decision(), spent.forbidden_by.as_str()), (Refused, "leaf_available"), "{spent:?}");
        fixture.adjust(&world::leaf_account("pool-suspense"), &world::leaf_account("reserve"), 1).await;
        let back = fixture.run().await.remove(0);
        assert_eq!((decided(&back), back.returns_sweep_id.as_str()), ((Swept, 1_400), sweep.sweep_id.as_str()));
        let back = back.sweep.unwrap();
        assert_eq!((back.from_leaf.as_str(), back.to_leaf.as_str(), back.return_date.as_str()), ("reserve", "prefund", ""));
        assert_eq!(fixture.run().await.len(), 1, "only the rule itself, which is due later");
        for state in [SweepState::Debited, SweepState::Credited] {
            fixture.mark(&back, state).await;
            fixture.proved().await;
        }
        let states: Vec<_> = fixture.sweeps().await.iter().map(|sweep| sweep.state()).collect();
        assert_eq!(states, [SweepState::Credited, SweepState::Reversed]);
        assert_eq!((fixture.on("prefund").await, fixture.on("reserve").await), (1_400, 0));
        fixture.later(15 * HOUR);
        assert_eq!(decided(&fixture.run().await[0]), (Swept, 1_400), "the next night");
        fixture.proved().await;
    }
}
