//! deploy/COMMANDS.md: every command has its exit codes there, and JSON has the names that the examples have.
use crate::{explaining::done, options};
use api::support::{Adjustment, AdjustmentTransfer, propose_request::Act};
use demo::{installation::Installation, shop::Shop};
use identity::Role;
use money::BookName;
use operations::structure::StructureCaller;
use runtime::Runtime;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
};

const PAGE: &str = include_str!("../../../../deploy/COMMANDS.md");
const MAPPING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/accounting.toml");
/// A day of a bank account on which 5.00 EUR left it.
const STATEMENT: &str = ":20:REF\r\n:25:DE89370400440532013000\r\n:28C:228/1\r\n:60F:C261123EUR100,00\r\n:61:2611241124D5,00NTRFNONREF//BK1\r\n:62F:C261124EUR95,00\r\n-\r\n";
/// Objects whose names depend on what they are about, and the stories within a story.
const OF_ANY_FORM: [&str; 4] = [".facts", ".content", ".story", ".summary"];
/// Commands that run for long, or that print a book of their own; the page says what they print.
const NOT_RUN: [&str; 2] = ["demo --json", "replay FILE --json"];

/// The examples by command, as the page names it.
fn examples() -> BTreeMap<&'static str, Option<Value>> {
    let sections = PAGE.split("\n### `largesse ").skip(1);
    let example = |section: &'static str| {
        let (command, rest) = section.split_once('`').unwrap();
        let json = rest.split_once("```json\n").map(|(_, rest)| rest.split("```").next().unwrap());
        (command, json.map(|json| serde_json::from_str(json).unwrap_or_else(|error| panic!("{command}: {error}"))))
    };
    sections.map(example).collect()
}

/// The names of every object in a document, by where it is.
fn names(value: &Value, place: &str, found: &mut BTreeMap<String, BTreeSet<String>>) {
    if OF_ANY_FORM.iter().any(|end| place.ends_with(end)) {
        return;
    }
    match value {
        Value::Object(fields) => {
            found.entry(place.to_owned()).or_default().extend(fields.keys().cloned());
            fields.iter().for_each(|(name, value)| names(value, &format!("{place}.{name}"), found));
        }
        Value::Array(items) => items.iter().for_each(|item| names(item, &format!("{place}[]"), found)),
        _ => {}
    }
}

/// What differs between a document and the page's example of it.
fn differences(printed: &Value, example: &Value) -> Vec<String> {
    let (mut of_printed, mut of_example) = (BTreeMap::new(), BTreeMap::new());
    names(printed, "", &mut of_printed);
    names(example, "", &mut of_example);
    let differs = of_printed.into_iter().filter(|(place, names)| of_example.get(place) != Some(names));
    differs.map(|(place, names)| format!("{place}: {names:?}, and the page has {:?}", of_example.get(&place))).collect()
}

fn largesse(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
    let output = command.args(arguments).env_remove("RUST_LOG").env_remove("LARGESSE_CONFIG").output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn every_command_has_its_exit_codes_in_the_page() {
    let (_, help, _) = largesse(&["--help"]);
    let listed = help.split_once("Commands:\n").unwrap().1.split("\n\n").next().unwrap();
    let commands = listed.lines().filter_map(|line| line.split_whitespace().next()).filter(|command| *command != "help");
    let commands: BTreeSet<&str> = commands.collect();
    let codes = PAGE.split_once("## Exit codes").unwrap().1.split_once("## JSON").unwrap().0;
    let rows = codes.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let described: BTreeSet<&str> = rows.map(|(command, _)| command).collect();
    assert_eq!(commands, described);
}

/// A sandbox with a purchase, and with a fee that two people booked.
async fn sandbox(dir: &Path) -> (Runtime, Installation) {
    let fixture = Runtime::start(options(dir)).await.unwrap();
    let installation = Installation::inside(&fixture, BookName::try_new("demo").unwrap()).unwrap();
    Shop::open(&installation).await.unwrap().buy("ada", 500).await.unwrap();
    let transfer = AdjustmentTransfer {
        debit_account: "house/payout_cost/USD".to_owned(),
        credit_account: "house/accrued_bank_fees/USD".to_owned(),
        amount: 15,
    };
    done(&installation, Act::Adjustment(Adjustment { transfers: vec![transfer] })).await;
    (fixture, installation)
}

/// Applies a structure of one bank account; returns a token for the treasury's book.
async fn structured(fixture: &Runtime) -> String {
    let installation = Installation::inside(fixture, BookName::try_new("treasury").unwrap()).unwrap();
    let token = installation.token("fay", Role::Finance).unwrap();
    let caller =
        StructureCaller { transport: installation.treasury_transport(), token: &token, reason: "the first structure", book: "treasury" };
    let account = "[[account]]\nid = \"bank-usd\"\nname = \"A\"\nbank = \"B\"\nbranch = \"C\"\ncurrency = \"USD\"\nentity = \"main\"\nnumber = \"1\"\n";
    let plan = caller.plan(account.to_owned()).await.unwrap();
    caller.apply(account.to_owned(), plan.hash).await.unwrap();
    token
}

#[tokio::test(flavor = "multi_thread")]
async fn json_has_the_names_of_the_examples() {
    let dir = tempfile::tempdir().unwrap();
    let (fixture, installation) = sandbox(dir.path()).await;
    let url = format!("http://{}", fixture.address("grpc").unwrap());
    let database = format!("sqlite:{}", dir.path().display());
    let file = |name: &str, text: &str| {
        let file = dir.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.display().to_string()
    };
    let token = file("fay.token", &installation.token("fay", Role::Finance).unwrap());
    let treasurer = file("treasury.token", &structured(&fixture).await);
    let (rails, packages) = (largesse(&["rails", "show"]).1, largesse(&["lists", "show", "packages"]).1);
    let changed = file("rails.toml", &rails.replacen("bank_answer_s = 15", "bank_answer_s = 14", 1));
    let (sheet, wrong) = (file("sheet.toml", &packages), file("wrong.toml", "packages = 1\n"));
    let statement = file("statement.sta", STATEMENT);
    let table = file("expected.csv", "key,account,direction,amount,currency\nP1,DE89370400440532013000,debit,5.00,EUR\n");
    let day = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let (before, after) = (day.yesterday().unwrap().to_string(), day.tomorrow().unwrap().to_string());
    let book = ["--book", "demo", "--url", &url, "--token-file", &token, "--reason", "names of JSON"];
    let period = ["--from", &before, "--until", &after];
    // A closed day, to be listed; and a sheet.
    assert_eq!(largesse(&[&["accounting", "close", "--from", &before, "--until", &before], &book[..]].concat()).0, Some(0));
    let loaded = largesse(&[&["catalogue", "load", sheet.as_str()], &book[..]].concat());
    assert_eq!(loaded.0, Some(0), "{loaded:?}");
    let runs: Vec<(&str, Vec<&str>)> = vec![
        ("status --json", vec!["status", "--url", &url, "--token-file", &token]),
        ("verify --json", vec!["verify", "--database", &database]),
        ("explain ID --json", vec!["explain", "ada", "--database", &database]),
        ("accounting chart MAPPING --json", vec!["accounting", "chart", MAPPING]),
        ("accounting unmapped MAPPING --json", [&["accounting", "unmapped", MAPPING, "--day", &after], &book[..]].concat()),
        ("accounting periods --json", [&["accounting", "periods"], &book[..]].concat()),
        ("report fees --json", [&["report", "fees"], &period[..], &book].concat()),
        ("report payouts --json", [&["report", "payouts"], &period[..], &book].concat()),
        ("report escheat --json", [&["report", "escheat"], &book[..]].concat()),
        ("catalogue list --json", [&["catalogue", "list"], &book[..]].concat()),
        ("catalogue check FILE --json", vec!["catalogue", "check", &sheet]),
        ("catalogue check FILE --json", vec!["catalogue", "check", &wrong]),
        ("catalogue check FILE --json", vec!["rails", "check", &changed]),
        ("catalogue check FILE --json", vec!["rails", "check", &wrong]),
        ("catalogue diff FILE --json", vec!["catalogue", "diff", &sheet]),
        ("catalogue diff FILE --json", vec!["rails", "diff", &changed]),
        ("rails list --json", vec!["rails", "list"]),
        ("privacy list --json", vec!["privacy", "list"]),
        ("bank read FILE", vec!["bank", "read", &statement]),
        ("bank match FILE --expected TABLE", vec!["bank", "match", &statement, "--expected", &table]),
        (
            "bank reconcile FILE --expected TABLE --json",
            vec!["bank", "reconcile", &statement, "--expected", &table, "--today", "2026-11-24"],
        ),
        (
            "treasury list --json",
            [&["treasury", "list", "--book", "treasury", "--token-file", &treasurer], &book[2..4], &book[6..]].concat(),
        ),
    ];
    let examples = examples();
    let mut wrong = Vec::new();
    for (command, run) in &runs {
        let (code, printed, error) = largesse(&[run.as_slice(), &["--json"]].concat());
        let json: Value = serde_json::from_str(&printed).unwrap_or_else(|why| panic!("{command}: {why}: {code:?} {printed} {error}"));
        let example = examples.get(command).and_then(Option::as_ref).unwrap_or_else(|| panic!("the page has no example of {command}"));
        wrong.extend(differences(&json, example).into_iter().map(|why| format!("{run:?}{why}")));
    }
    assert_eq!(wrong, Vec::<String>::new());
    let run: BTreeSet<&str> = runs.iter().map(|(command, _)| *command).chain(NOT_RUN).collect();
    assert_eq!(run, examples.keys().copied().collect(), "every example is run");
    fixture.shutdown().await;
}
