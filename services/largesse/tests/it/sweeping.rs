//! `largesse treasury sweep` beside a running installation: what a rule moves is planned, set aside, marked step by step, and given back if it was not sent.
use crate::{explaining::done, options, process::output};
use api::support::{Adjustment, AdjustmentTransfer, propose_request::Act};
use demo::installation::Installation;
use identity::{Role, Service};
use money::BookName;
use operations::structure::StructureCaller;
use runtime::Runtime;
use serde_json::{Value, json};
use std::path::Path;

/// Two bank accounts of one entity, each with a leaf that may be swept.
const TREE: &str = r#"
[[account]]
id = "bank-usd"
name = "Operating"
bank = "A bank"
branch = "TESTUS33"
currency = "USD"
entity = "main"
number = "000123456789"

[[leaf]]
id = "costs"
parent = "bank-usd"
name = "Costs"
entity = "main"
uses = ["sweep"]

[[account]]
id = "pool-usd"
name = "Pool"
bank = "B bank"
branch = "TESTUS34"
currency = "USD"
entity = "main"
number = "000123456790"

[[leaf]]
id = "pool"
parent = "pool-usd"
name = "Pool"
entity = "main"
uses = ["sweep"]
"#;

/// An installation with both accounts, 100.00 on the first one's leaf, and a rule that leaves 40.00 there beside one that can move nothing.
async fn started(dir: &Path) -> (Runtime, Installation) {
    let mut options = options(dir);
    let rule = |id: &str, leaf: &str, other: &str| {
        json!({"rule": id, "from": "2026-01-01", "kind": "target", "leaf": leaf, "other_leaf": other, "target_minor_units": 4_000,
            "zone": "UTC", "opens": "00:00", "cutoff": "24:00"})
    };
    let rules = json!([rule("daily", "costs", "pool"), rule("nowhere", "costs", "attic")]);
    options.settings.treasury.sweeps = serde_json::from_value(rules).unwrap();
    let fixture = Runtime::start(options).await.unwrap();
    let installation = Installation::inside(&fixture, BookName::try_new("treasury").unwrap()).unwrap();
    let token = installation.token("fay", Role::Finance).unwrap();
    let transport = fixture.transport_for(Service::Treasury).unwrap();
    let caller = StructureCaller { transport, token: &token, reason: "accounts of November", book: "treasury" };
    let plan = caller.plan(TREE.to_owned()).await.unwrap();
    caller.apply(TREE.to_owned(), plan.hash).await.unwrap();
    let transfer = AdjustmentTransfer {
        debit_account: "house/main/physical_cash/bank-usd/USD".to_owned(),
        credit_account: "house/main/virtual_account/costs/USD".to_owned(),
        amount: 10_000,
    };
    done(&installation, Act::Adjustment(Adjustment { transfers: vec![transfer] })).await;
    (fixture, installation)
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeps_are_planned_run_listed_and_marked_from_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let (fixture, installation) = started(dir.path()).await;
    let file = |role: Role, name: &str| {
        let file = dir.path().join(name);
        std::fs::write(&file, installation.token("fay", role).unwrap()).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let (finance, auditor) = (file(Role::Finance, "finance.token"), file(Role::Auditor, "auditor.token"));
    let url = format!("http://{}", fixture.address("grpc").unwrap());
    let called = async |token: &str, task: &[&str]| {
        output(&[&["treasury", "sweep"], task, &["--url", &url, "--token-file", token, "--reason", "accounts of November"]].concat()).await
    };
    let nowhere = "nowhere  REFUSED  leaf: attic is no leaf of the structure; nothing was moved\n";
    let (ok, text, error) = called(&auditor, &["plan"]).await;
    assert!(ok && text == format!("daily  SWEPT  6000 minor units from costs to pool  \n{nowhere}"), "{text} {error}");
    let (ok, text, error) = called(&auditor, &["run"]).await;
    assert!(!ok && text.is_empty() && error.contains("PERMISSION_DENIED"), "{text} {error}");
    let (ok, text, error) = called(&auditor, &["list"]).await;
    assert!(ok && text.is_empty(), "{text} {error}");

    let (ok, text, error) = called(&finance, &["run", "--json"]).await;
    let json: Value = serde_json::from_str(&text).unwrap();
    assert!(ok && json[0]["decision"] == "SWEPT" && json[1]["forbidden_by"] == "leaf", "{text} {error}");
    let id = json[0]["sweep"]["sweep_id"].as_str().unwrap();
    let (ok, text, error) = called(&finance, &["run"]).await;
    assert!(ok && text == format!("daily  DONE  6000 minor units from costs to pool  {id}\n{nowhere}"), "{text} {error}");
    let listed = |state: &str| {
        format!(
            "{id}  {} daily: 6000 minor units of USD from costs (bank-usd) to pool (pool-usd), {state}\n",
            json[0]["sweep"]["business_date"].as_str().unwrap()
        )
    };
    let (ok, text, error) = called(&auditor, &["list"]).await;
    assert!(ok && text == listed("PLANNED"), "{text} {error}");
    let (ok, text, _) = called(&auditor, &["list", "--json"]).await;
    let json: Value = serde_json::from_str(&text).unwrap();
    assert!(ok && json[0]["end_to_end_id"] == id.replace('-', "") && json[0]["planned_by"] == "fay", "{text}");

    let (ok, text, error) = called(&finance, &["mark", id, "credited"]).await;
    assert!(!ok && text.is_empty() && error.contains("SWEEP_STATE"), "{text} {error}");
    let (ok, text, error) = called(&finance, &["mark", &uuid::Uuid::now_v7().to_string(), "sent"]).await;
    assert!(!ok && text.is_empty() && error.contains("SWEEP_UNKNOWN"), "{text} {error}");
    for (word, state) in [("sent", "SENT"), ("debited", "DEBITED"), ("debited", "DEBITED"), ("credited", "CREDITED")] {
        let (ok, text, error) = called(&finance, &["mark", id, word]).await;
        assert!(ok && text == listed(state), "{text} {error}");
    }
    let (ok, text, error) = called(&finance, &["mark", id, "credited", "--evidence", &"x".repeat(141)]).await;
    assert!(!ok && text.is_empty() && error.contains("evidence"), "{text} {error}");
    let (ok, text, error) = called(&finance, &["mark", id, "credited", "--evidence", "B-7 of the bank"]).await;
    assert!(ok && text == listed("CREDITED (B-7 of the bank)"), "{text} {error}");
    let (ok, text, _) = called(&auditor, &["list", "--json"]).await;
    let json: Value = serde_json::from_str(&text).unwrap();
    assert!(ok && json[0]["evidence"] == "B-7 of the bank", "{text}");
    let (ok, text, error) = called(&finance, &["mark", id, "cancelled"]).await;
    assert!(!ok && text.is_empty() && error.contains("SWEEP_STATE"), "{text} {error}");
    let (transport, token) = (fixture.transport_for(Service::Treasury).unwrap(), installation.token("fay", Role::Finance).unwrap());
    let caller = StructureCaller { transport, token: &token, reason: "accounts of November", book: "treasury" };
    let leaves = caller.list("", "").await.unwrap();
    let booked = |leaf: &str| leaves.iter().find(|one| one.id == leaf).unwrap().balance.unwrap().booked_minor_units;
    assert_eq!((booked("costs"), booked("pool")), (4_000, 6_000));
    fixture.shutdown().await;
    let (ok, text, error) = output(&["verify", "--database", &format!("sqlite:{}", dir.path().display())]).await;
    assert!(ok && text.contains("treasury: passed"), "{text} {error}");
}
