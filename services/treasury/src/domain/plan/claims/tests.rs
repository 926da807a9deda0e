//! One leaf for each app's book and physical account, given from one to another within a file, and none that is closed.
use super::*;
use crate::{
    document,
    domain::{
        Plan, PlanFacts,
        plan::{
            plan,
            tests::{TREE, made, planned},
        },
    },
};
use std::collections::BTreeSet;

const CREATORS: &str =
    "[[leaf]]\nid = \"us-creators\"\nparent = \"us\"\nname = \"Creators\"\nentity = \"main\"\nlevel = \"purpose\"\nfunds = \"client\"\n";
const COSTS: &str = "[[leaf]]\nid = \"us-costs\"\nparent = \"us\"\nname = \"Costs\"\nentity = \"main\"\nlevel = \"purpose\"\nuses = [\"sweep\", \"pooling\"]\n";

fn texts(plan: &Plan) -> Vec<String> {
    plan.changes.iter().map(Change::text).collect()
}

fn changed(structure: &Structure, file: &str) -> Structure {
    let mut after = structure.clone();
    planned(structure, file).changes.iter().for_each(|change| after.make(change));
    after
}

fn refused(structure: &Structure, file: &str) -> Vec<(Rule, String)> {
    let file = document::read(file).unwrap_or_else(|faults| panic!("{faults:?}"));
    let facts = PlanFacts { today: "2026-11-27".parse().unwrap(), sums: &BTreeMap::new(), client_money_markets: &BTreeSet::new() };
    plan(structure, &file, &facts).expect_err("it breaks a rule").into_iter().map(|problem| (problem.rule, problem.id)).collect()
}

#[test]
fn claims_stay_where_a_file_does_not_name_them_and_move_within_one_file() {
    let structure = made(TREE);
    let first = planned(&structure, &format!("{CREATORS}claims = [\"app\", \"app-eu\"]\n"));
    assert_eq!(
        texts(&first),
        ["us-creators: covers what book app claims of bank-usd", "us-creators: covers what book app-eu claims of bank-usd"]
    );
    let structure = changed(&structure, &format!("{CREATORS}claims = [\"app\", \"app-eu\"]\n"));
    assert_eq!(texts(&planned(&structure, CREATORS)), Vec::<String>::new(), "what a file leaves out stays");
    let file = format!("{COSTS}claims = [\"app\"]\n{CREATORS}claims = [\"app-eu\"]\n");
    assert_eq!(
        texts(&planned(&structure, &file)),
        ["us-creators: no longer covers what book app claims of bank-usd", "us-costs: covers what book app claims of bank-usd"]
    );
    let structure = changed(&structure, &file);
    let covered: Vec<_> = structure.claims.iter().map(|(key, leaf)| (key.app.as_str(), leaf.as_str())).collect();
    assert_eq!(covered, [("app", "us-costs"), ("app-eu", "us-creators")]);
}

#[test]
fn a_claim_has_one_leaf_which_is_open() {
    let structure = changed(&made(TREE), &format!("{CREATORS}claims = [\"app\"]\n"));
    assert_eq!(refused(&structure, &format!("{COSTS}claims = [\"app\"]\n")), [(Rule::Claim, "us-costs".to_owned())]);
    let two = format!("{COSTS}claims = [\"b\"]\n{CREATORS}claims = [\"b\"]\n");
    assert_eq!(refused(&structure, &two), [(Rule::Claim, "us-creators".to_owned())]);
    let planned_leaf =
        "[[leaf]]\nid = \"later\"\nparent = \"us\"\nname = \"L\"\nentity = \"main\"\nstate = \"pending_open\"\nclaims = [\"b\"]\n";
    assert_eq!(refused(&structure, planned_leaf), [(Rule::Claim, "later".to_owned())]);
    let structure = changed(&structure, &format!("{CREATORS}state = \"pending_close\"\n"));
    assert_eq!(refused(&structure, &format!("{CREATORS}state = \"closed\"\n")), [(Rule::Claim, "us-creators".to_owned())]);
    assert_eq!(planned(&structure, &format!("{CREATORS}state = \"closed\"\nclaims = []\n")).changes.len(), 2);
}

#[test]
fn no_two_physical_accounts_stand_for_one_bank_account() {
    let account = |id: &str, currency: &str, entity: &str| {
        format!(
            "[[account]]\nid = \"{id}\"\nname = \"N\"\nbank = \"B\"\nbranch = \"TESTUS33\"\ncurrency = \"{currency}\"\nentity = \"{entity}\"\nnumber = \"{id}\"\n"
        )
    };
    let structure = made(TREE);
    assert_eq!(refused(&structure, &account("bank", "USD", "main")), [(Rule::Claim, "bank".to_owned())]);
    assert_eq!(refused(&structure, &account("bank-usd-usd", "USD", "main")), [(Rule::Claim, "bank-usd-usd".to_owned())]);
    for other in [account("bank", "EUR", "main"), account("bank", "USD", "acme"), account("bank-eur", "EUR", "main")] {
        assert_eq!(planned(&structure, &other).changes.len(), 1);
    }
}

#[test]
fn a_book_that_can_t_be_one_is_refused_with_its_line() {
    let faults = document::read(&format!("{CREATORS}claims = [\"app\", \"No Book\"]\n")).unwrap_err();
    assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [8]);
    assert!(faults[0].why.contains("claims"), "{faults:?}");
}
