//! `largesse id`: ids that services take as request ids, as many as were asked for, and no number that can't be printed.
use std::{
    process::{Command, Output},
    time::{SystemTime, UNIX_EPOCH},
};
use uuid::{Uuid, Variant};

fn largesse(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_largesse")).args(arguments).env_remove("RUST_LOG").output().unwrap()
}

fn now_ms() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

fn minted_ms(id: Uuid) -> u64 {
    let (seconds, nanos) = id.get_timestamp().unwrap().to_unix();
    seconds * 1_000 + u64::from(nanos) / 1_000_000
}

#[test]
fn ids_are_of_version_7_ascending_and_as_many_as_asked_for() {
    for (arguments, count) in [(&["id"][..], 1), (&["id", "--count", "1"], 1), (&["id", "--count", "1000"], 1_000)] {
        let before = now_ms();
        let output = largesse(arguments);
        let after = now_ms();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{arguments:?}");
        let ids: Vec<Uuid> = printed.lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(ids.len(), count, "{arguments:?}");
        assert!(ids.is_sorted_by(|one, next| one < next), "{printed}");
        for (id, line) in ids.iter().zip(printed.lines()) {
            assert_eq!((id.get_version_num(), id.get_variant(), id.to_string().as_str()), (7, Variant::RFC4122, line));
            assert!((before..=after).contains(&minted_ms(*id)), "{id}: not between {before} and {after}");
        }
    }
}

#[test]
fn a_count_that_can_not_be_printed_is_a_usage_error_that_names_the_range() {
    for count in ["0", "1001", "70000", "-1", "many", "1.5", ""] {
        let output = largesse(&["id", &format!("--count={count}")]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{count}: {told}");
        let expected = format!("invalid value '{count}' for '--count <N>': must be a whole number from 1 to 1000");
        assert!(told.contains(&expected), "{count}: {told}");
    }
}

#[test]
fn help_and_completions_know_it() {
    let help = String::from_utf8(largesse(&["id", "--help"]).stdout).unwrap();
    assert!(help.contains("--count <N>") && help.contains("1 to 1000") && help.contains("request_id"), "{help}");
    let completions = String::from_utf8(largesse(&["completions", "bash"]).stdout).unwrap();
    assert!(completions.contains("largesse,id)"), "no command `id` among the completions");
    let options = completions.split_once("        largesse__subcmd__id)\n").expect("the options of `id`").1;
    assert!(options.lines().next().unwrap().contains("--count"), "{options}");
}
