//! Unit tests of `serve`.
use super::*;
use clap::Parser;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    arguments: ServeArguments,
}

/// All services with identities of their own.
fn live() -> String {
    let services = Service::ALL.into_iter().filter(|service| *service != Service::Sandbox);
    services.fold("--identity-key k.pem".to_owned(), |line, service| format!("{line} --service-token {service}=t"))
}

fn options(line: &str) -> Result<Options, String> {
    let line = Line::try_parse_from(std::iter::once("serve").chain(line.split_whitespace())).unwrap();
    let read = line.arguments.read().map_err(|error| error.to_string())?;
    read.config.into_options().map_err(|error| error.to_string())
}

#[test]
fn without_identity_it_refuses_and_says_what_is_missing() {
    let error = options("").unwrap_err();
    assert!(
        error.contains("--identity-key FILE") && error.contains("--service-token ledger=FILE") && error.contains("--sandbox"),
        "{error}"
    );
    let error = options("--identity-key k.pem").unwrap_err();
    assert!(!error.contains("--identity-key FILE") && error.contains("--service-token ledger=FILE"), "{error}");
    assert!(options(&live()).is_ok());
}

#[test]
fn a_sandbox_has_its_own_identity_only() {
    assert!(options("--sandbox").is_ok());
    assert!(options("--sandbox --identity-key k.pem").is_err());
}

#[test]
fn the_pretend_bank_runs_in_a_sandbox_only() {
    let sandbox = options("--sandbox").unwrap();
    assert!(sandbox.services.contains(&Service::Sandbox));
    assert_eq!(sandbox.books, ["demo"]);
    let live = options(&live()).unwrap();
    assert!(!live.services.contains(&Service::Sandbox));
    assert!(live.books.is_empty());
}

#[test]
fn what_runs_elsewhere_does_not_run_here() {
    let options = options("--sandbox --ledger-url http://127.0.0.1:1").unwrap();
    assert!(!options.services.contains(&Service::Ledger));
    assert_eq!(options.peers[&Service::Ledger], "http://127.0.0.1:1");
}

#[test]
fn the_database_is_under_the_data_directory_unless_named() {
    assert_eq!(options("--sandbox --data-dir d").unwrap().database, "sqlite:d");
    assert_eq!(options("--sandbox --services ledger,gift --database postgres://h/n").unwrap().services.len(), 2);
}

#[test]
fn heads_are_written_beside_the_data_unless_told_where() {
    let dir = |line: &str| options(line).unwrap().settings.ledger.heads_dir.unwrap();
    assert_eq!(dir("--sandbox --data-dir here"), PathBuf::from("here/heads"));
    assert_eq!(dir("--sandbox --heads-dir /mnt/heads"), PathBuf::from("/mnt/heads"));
}

#[test]
fn flags_are_told_by_name_when_they_are_wrong() {
    assert_eq!(
        options("--sandbox --ledger-cache-mib 0").unwrap_err(),
        "--ledger-cache-mib: ledger.cache_mib: 0 is not 1 to 1048576 mebibytes"
    );
    assert!(options("--sandbox --book Not_A_Book").unwrap_err().starts_with("--book: books.0: "));
    assert!(options("--sandbox --database mysql://h/n").unwrap_err().starts_with("--database: database: "));
    let twice = options("--sandbox --services ledger --ledger-url http://127.0.0.1:1").unwrap_err();
    assert!(twice.starts_with("--ledger-url: peers.ledger: ledger is among services"), "{twice}");
    assert!(options("--sandbox --ledger-url nowhere").unwrap_err().starts_with("--ledger-url: peers.ledger: \"nowhere\": "));
}

#[test]
fn any_option_can_be_set() {
    let options = options("--sandbox --set ledger.queue_max=7 --set gift.post_timeout_ms=1500 --set calls.calls_max=9").unwrap();
    assert_eq!((options.settings.ledger.queue_max, options.overload.calls_max), (7, 9));
    assert_eq!(options.settings.gift.post_timeout, std::time::Duration::from_millis(1_500));
}

#[test]
fn what_to_try_is_printed_by_a_sandbox_with_gifts_only() {
    let of = |line: &str| FirstCall::of(&options(line).unwrap());
    let sandbox = of("--sandbox --data-dir /x --book other").unwrap().lines(([127, 0, 0, 1], 7070).into());
    let token = "token: (umask 077; largesse token --data-dir /x --sub ada --role viewer --book other > /x/ada.token)";
    assert_eq!(
        sandbox.lines().collect::<Vec<_>>(),
        [token, "next: largesse call ListGifts --token-file /x/ada.token --url http://127.0.0.1:7070"]
    );
    assert!(of(&live()).is_none());
    assert!(of("--sandbox --services ledger,support").is_none());
    assert_eq!(quoted("a'b c"), "'a'\\''b c'");
}
