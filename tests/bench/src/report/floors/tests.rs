//! Unit tests that goals are about existing figures, and are judged in the right direction.
use super::{GOALS, judge};
use crate::plan::BenchRow;
use clap::ValueEnum as _;
use db::Engine;

#[test]
fn every_goal_of_a_ratio_is_about_a_comparison() {
    let known: Vec<&str> = BenchRow::value_variants().iter().flat_map(|row| row.comparisons()).map(|comparison| comparison.key).collect();
    for goal in GOALS.iter().filter(|goal| goal.key.starts_with("ratio")) {
        assert!(known.contains(&goal.key), "{}", goal.key);
    }
}

#[test]
fn a_floor_is_reached_from_above_a_ceiling_from_below_and_by_no_number_neither() {
    let met = |key, value, engine| judge(key, value, engine).map(|judged| judged.met);
    assert_eq!(met("ratio_send_gift_unary_to_echo", 0.5, Engine::Sqlite), Some(true));
    assert_eq!(met("ratio_send_gift_unary_to_echo", 0.49, Engine::Sqlite), Some(false));
    assert_eq!(met("ratio_send_gift_unary_to_echo", 0.4, Engine::Postgres), Some(true));
    assert_eq!(met("ratio_lone_send_gift_to_fdatasync", 3.1, Engine::Sqlite), Some(false));
    assert_eq!(met("ratio_lone_send_gift_to_fdatasync", 3.1, Engine::Postgres), Some(true));
    assert_eq!(met("ratio_lone_send_gift_to_fdatasync", f64::NAN, Engine::Postgres), Some(false));
    assert_eq!(met("ratio_random_ids_to_v7", 0.1, Engine::Sqlite), None);
}
