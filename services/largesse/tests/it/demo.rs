//! The demo's story through the built binary, as `make demo` runs it.
use serde_json::Value;
use std::{collections::BTreeMap, path::Path, time::Duration};
use tokio::process::Command;

/// Runs the demo and checks its summary.
async fn is_told(arguments: &[&str], dir: &Path) -> Value {
    let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
    command.args(["demo", "--json"]).args(arguments).env("TMPDIR", dir).env_remove("RUST_LOG").env_remove("LARGESSE_DATABASE");
    let output = command.kill_on_drop(true).output().await.unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(summary["missing"], serde_json::json!([]));
    let number = |path: &str| summary.pointer(path).and_then(Value::as_i64).unwrap_or_else(|| panic!("no number at {path}"));
    assert!(
        number("/buy/buyers") >= 200 && number("/gift/creators") >= 100 && number("/gift/gifts") >= 2_000 && number("/gift/streaks") >= 50
    );
    assert!(number("/gift/crash/unanswered") >= 64);
    assert!(number("/gift/crash/had_been_committed") > 0 && number("/gift/crash/had_not_been_committed") > 0);
    assert_eq!(number("/prove/coins_issued"), number("/prove/coins_spent") + number("/prove/coins_held") - number("/prove/coins_owed"));
    stores_tie(&summary["stores"]);
    payouts_are_as_planned(&summary);
    assert_eq!(summary["prove"]["bank_cash"].as_array().unwrap().len(), 6);
    for cash in summary["prove"]["bank_cash"].as_array().unwrap() {
        assert_eq!(cash["ledger"], cash["statement"]);
    }
    assert!(number("/treasury/old_accounts") >= 500 && number("/treasury/receipts") >= 3, "{}", summary["treasury"]);
    assert!(number("/treasury/monthly_cost_after/minor_units") < number("/treasury/monthly_cost_before/minor_units") / 10);
    assert_eq!(summary["treasury"]["tree"].as_array().unwrap().len(), 17);
    day_is_closed(&summary["treasury"]);
    let changed = &summary["prove"]["changed_copy"];
    assert_eq!(changed["event"], changed["named_event"]);
    summary
}

fn units(amount: &Value) -> i64 {
    amount["minor_units"].as_i64().unwrap()
}

/// Coins were bought in every store and paid back in every way, and everything says the same of it.
fn stores_tie(stores: &Value) {
    let list = |name: &str| stores[name].as_array().unwrap();
    let of = |field: &str| list("cases").iter().map(|case| case[field].as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!(of("spent"), [200, 40, 100, 50, 130, 0, 315]);
    assert_eq!(of("refunded_coins"), [245, 70, 1_050, 70, 281, 630, 315]);
    assert_eq!((of("taken"), of("owed")), (vec![150, 70, 1_050, 20, 281, 630, 315], vec![95, 0, 0, 50, 0, 0, 0]));
    assert_eq!((of("held"), of("owed_in_the_end")), (vec![0, 0, 0, 20, 0, 0, 0], vec![25, 0, 0, 50, 0, 0, 0]));
    for case in list("cases") {
        let expected = if case["owed_in_the_end"] == 0 { "" } else { "COINS_OWED" };
        assert_eq!(case["gift_refused"], expected, "{case}");
    }
    let names: Vec<&str> = list("stores").iter().map(|store| store["store"].as_str().unwrap()).collect();
    assert_eq!(names, ["App Store", "Google Play", "Stripe", "Alipay", "WeChat Pay"]);
    for store in list("stores") {
        let of = |field: &str| units(&store[field]);
        assert!(of("bought") > 0 && of("refunded") > 0, "{store}");
        assert_eq!(of("bought") - of("refunded") - of("kept") - of("paid"), of("receivable"), "{store}");
    }
    assert_eq!(list("stores").iter().map(|store| units(&store["receivable"])).collect::<Vec<_>>()[1..], [138, -1_130, 4_720, 0]);
    assert_eq!(list("receivables").len(), 3, "{stores}");
    // Coins were spent in each currency in which some were bought, and none of it is posted before the day is over.
    assert_eq!(list("deferred").len(), 2, "{stores}");
    for deferred in list("deferred") {
        let of = |field: &str| units(&deferred[field]);
        assert!(0 < of("earned_today") && of("refunds_to_post") == 0, "{deferred}");
        assert_eq!(of("ledger"), of("lots") + of("earned_today"));
    }
    let coins = &stores["coins"];
    assert_eq!((&coins["wallets"], &coins["owed"]), (&coins["lots"], &coins["owed_by_wallets"]));
    assert_eq!(coins["owed"], 75);
}

/// Each app paid from its own leaf, and the bank's two mistakes were put right by two people each before the day was closed.
fn day_is_closed(treasury: &Value) {
    let payouts = treasury["payouts"].as_array().unwrap();
    assert_eq!(
        payouts.iter().map(|paid| paid["leaf"].as_str().unwrap()).collect::<Vec<_>>(),
        ["live-creators", "chat-creators", "games-creators"]
    );
    assert!(payouts.iter().all(|paid| units(&paid["leaf_before"]) - units(&paid["leaf_after"]) == units(&paid["amount"])), "{payouts:?}");
    assert!(payouts.iter().all(|paid| paid["on_behalf_of"] == format!("Demo {} company", paid["app"].as_str().unwrap())), "{payouts:?}");
    let day = &treasury["closed_day"];
    // In a database with an earlier run, its payouts too.
    assert!([7, 10].contains(&day["entries"].as_i64().unwrap()), "{day}");
    assert_eq!((&day["bank"], &day["timing_items"]), (&day["books"], &0.into()));
    let cases: Vec<_> =
        day["cases"].as_array().unwrap().iter().map(|case| (case["class"].as_str().unwrap(), units(&case["difference"]))).collect();
    assert_eq!(cases.into_iter().collect::<BTreeMap<_, _>>(), BTreeMap::from([("OVER_AMOUNT", 50), ("UNKNOWN_CREDIT", 0)]));
    for case in day["cases"].as_array().unwrap() {
        assert_eq!(
            (&case["proposed_by"], &case["approved_by"], units(&case["difference_after"])),
            (&"finance".into(), &"controller".into(), 0)
        );
    }
}

/// Every outcome of a payout, once.
fn payouts_are_as_planned(summary: &Value) {
    let all = |field: &str| summary["pay"].as_array().unwrap().iter().map(|paid| paid[field].to_string()).collect::<Vec<_>>().join(" ");
    let first = r#""settled" "settled" "settled" "settled" "settled" "settled returnable""#;
    assert_eq!(all("state"), format!(r#"{first} "rejected" "settled" "settled" "settled" "settled" "in review""#));
    assert_eq!(all("reason_code"), r#""" "" "" "" "" "" "AC04" "" "" "" "" """#);
    assert_eq!(all("booked_at_bank"), "1 1 1 1 1 1 0 1 1 1 1 0");
    let rails =
        r#""us-rtp" "sepa-instant" "gb-fps" "br-pix" "mx-spei" "us-ach-same-day" "us-rtp" "us-rtp" "sepa-instant" "us-rtp" "us-rtp""#;
    assert_eq!(all("rail"), format!(r#"{rails} "us-rtp""#));
    let paid = |at: usize| &summary["pay"][at];
    assert_eq!(paid(5)["refused_before"], serde_json::json!(["us-rtp AB08", "us-fednow AB08"]));
    let why = "us-fednow refused it (AB08), nothing was paid; trying us-ach-same-day";
    assert!(paid(5)["fallback"] == why && !paid(5)["returnable_until"].as_str().unwrap().is_empty(), "{}", paid(5));
    assert!(paid(7)["steps"].as_array().unwrap().contains(&"outcome unknown".into()));
    // Half comes back, and the charge is not the creator's.
    let (returned, back) = (paid(8), &paid(8)["returns"][0]);
    assert_eq!((back["code"].as_str(), units(&back["charge"]), units(&back["charge_borne"])), (Some("MD06"), 100, 100));
    assert_eq!(units(&back["amount"]), units(&returned["amount"]) / 2);
    assert_eq!(units(&returned["returned"]), units(&returned["payable_again"]));
    let recalled = paid(9);
    assert_eq!(recalled["recalls"][0]["steps"], serde_json::json!(["requested", "accepted"]));
    assert_eq!((&recalled["returned"], &recalled["payable_again"]), (&recalled["amount"], &recalled["amount"]));
    let (cleared, blocked) = (paid(10), paid(11));
    assert_eq!(cleared["review"]["people"], serde_json::json!(["reviewer-1"]));
    assert!(
        cleared["steps"].as_array().unwrap().contains(&"in review".into()) && !cleared["review"]["reason"].as_str().unwrap().is_empty()
    );
    assert_eq!(blocked["review"]["people"], serde_json::json!(["reviewer-1", "reviewer-2"]));
    assert_eq!((&blocked["blocked"], units(&blocked["payable_again"])), (&blocked["amount"], 0));
    assert_eq!(summary["prove"]["blocked"], serde_json::json!([blocked["amount"]]));
    let cost = &summary["cost"];
    assert_eq!(cost["rails"].as_array().unwrap().iter().map(|rail| rail["payouts"].as_i64().unwrap()).sum::<i64>(), 12);
    for wallet in cost["wallets"].as_array().unwrap() {
        let levels: Vec<&str> = wallet["levels"].as_array().unwrap().iter().map(|level| level["level"].as_str().unwrap()).collect();
        assert_eq!(levels, ["low", "typical", "high"]);
    }
}

/// The text that people see fits their screen.
#[tokio::test]
async fn every_chapter_of_the_story_fits_on_a_screen() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
    command.arg("demo").env("TMPDIR", dir.path()).env_remove("RUST_LOG").env_remove("LARGESSE_DATABASE");
    let output = command.kill_on_drop(true).output().await.unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}{text}", String::from_utf8_lossy(&output.stderr));
    let chapters: Vec<&str> = text.split("\n\n").collect();
    for name in ["BUY", "GIFT", "STORES", "CASH", "PAY", "COST", "TREASURY", "PROVE", "TRY"] {
        assert!(chapters.iter().any(|chapter| chapter.starts_with(name)), "{name}: {text}");
    }
    for chapter in chapters {
        assert!(chapter.lines().count() <= 40 && chapter.lines().all(|line| line.chars().count() <= 120), "{chapter}");
    }
}

#[tokio::test]
async fn the_story_is_told_on_sqlite_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    is_told(&[], dir.path()).await;
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_story_is_told_split_on_postgres_twice_in_one_database() {
    let cluster = pgtest::Cluster::start().unwrap();
    let (database, dir) = (cluster.create_database().unwrap(), tempfile::tempdir().unwrap());
    let keys = dir.path().join("keys");
    for seed in ["1", "2"] {
        is_told(&["--split", "--database", &database, "--data-dir", keys.to_str().unwrap(), "--seed", seed], dir.path()).await;
    }
}

#[tokio::test]
async fn a_story_that_can_not_be_told_names_its_seed_and_database() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let database = format!("sqlite:{}/file/below", dir.path().display());
    let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
    command.args(["demo", "--seed", "77", "--database", &database, "--data-dir"]).arg(dir.path().join("keys"));
    let output = command.env("TMPDIR", dir.path()).kill_on_drop(true).output().await.unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(error.contains("seed 77") && error.contains(&database), "{error}");
}

/// Entries of a directory, by name.
fn entries(dir: &Path) -> Vec<String> {
    std::fs::read_dir(dir).unwrap().flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// Files of the demo's own directory, however far it has got.
fn files_below(dir: &Path) -> Vec<String> {
    entries(dir).iter().filter(|name| name.starts_with("largesse-demo-")).flat_map(|name| entries(&dir.join(name))).collect()
}

/// Whether a log of the demo's processes has this line.
fn is_logged(dir: &Path, line: &str) -> bool {
    let dirs = entries(dir).into_iter().filter(|name| name.starts_with("largesse-demo-")).map(|name| dir.join(name));
    let logs = dirs.flat_map(|dir| entries(&dir).into_iter().filter(|name| name.ends_with(".log")).map(move |name| dir.join(name)));
    logs.into_iter().any(|log| std::fs::read_to_string(log).is_ok_and(|text| text.contains(line)))
}

/// Runs the demo, interrupts it once it has got so far, and checks that nothing is left. The signal goes to its whole process group, as a terminal sends it.
async fn is_interrupted(signal: &str, code: i32, is_reached: impl Fn(&Path) -> bool) {
    let dir = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
    command.args(["demo", "--json"]).env("TMPDIR", dir.path()).env_remove("RUST_LOG").env_remove("LARGESSE_DATABASE");
    command.process_group(0);
    let child = command.kill_on_drop(true).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let mut ticks = tokio::time::interval(Duration::from_millis(5));
    while !is_reached(dir.path()) {
        ticks.tick().await;
    }
    let group = format!("-{}", child.id().unwrap());
    assert!(Command::new("kill").args([signal, "--", &group]).status().await.unwrap().success());
    let output = child.wait_with_output().await.unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert!(error.contains("stopped") && !error.contains("failed"), "{error}");
    assert_eq!(entries(dir.path()), [""; 0]);
}

#[tokio::test]
async fn a_story_that_is_interrupted_stops_everything_and_leaves_nothing_behind() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        // Halfway: the services run and their tables exist.
        is_interrupted(signal, code, |dir| files_below(dir).iter().any(|name| name == "sandbox_bank.db")).await;
    }
}

#[tokio::test]
async fn a_story_that_is_interrupted_at_once_leaves_nothing_behind() {
    is_interrupted("-INT", 130, |dir| !entries(dir).is_empty()).await;
}

#[tokio::test]
async fn a_story_that_is_interrupted_while_it_proves_the_books_leaves_nothing_behind() {
    is_interrupted("-INT", 130, |dir| files_below(dir).iter().any(|name| name.starts_with("changed-copy-"))).await;
}

#[tokio::test]
async fn a_story_that_is_interrupted_while_payouts_are_in_flight_leaves_nothing_behind() {
    is_interrupted("-INT", 130, |dir| is_logged(dir, "a payout waits for a review")).await;
}
