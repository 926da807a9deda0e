//! Every rule broken by a file that breaks nothing else, and the changes of files that break none.
use super::*;
use crate::{document, domain::FundsUse};

/// One physical account with company-wide levels, two leaves and numbers of every form.
pub(crate) const TREE: &str = r#"
[[account]]
id = "bank-usd"
name = "Operating"
bank = "A bank"
branch = "TESTUS33"
currency = "USD"
entity = "main"
number = "000123456789"
number_root = "7001"

[[summary]]
id = "app"
parent = "bank-usd"
name = "The app"
entity = "main"
level = "app"

[[summary]]
id = "us"
parent = "app"
name = "US"
entity = "main"
level = "market"

[[leaf]]
id = "us-creators"
parent = "us"
name = "Creators"
entity = "main"
level = "purpose"
funds = "client"

[[leaf]]
id = "us-costs"
parent = "us"
name = "Costs"
entity = "main"
level = "purpose"
uses = ["sweep", "pooling"]
[[leaf.number]]
segments = "7001-0012-33-66"
[[leaf.number]]
dynamic = "7001-0044"
[[leaf.number]]
iban = "DE89370400440532013000"
holder = "Main Ltd"
from = "2026-11-01"
"#;

pub(crate) const OTHERS: &str = r#"
[[account]]
id = "bank-usd-2"
name = "Second"
bank = "A bank"
branch = "TESTUS33"
currency = "USD"
entity = "main"
number = "2"

[[account]]
id = "bank-eur"
name = "Euro"
bank = "B bank"
branch = "TESTDEFF"
currency = "EUR"
entity = "main"
number = "3"
client_money = true
"#;

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

struct Given<'a> {
    today: &'a str,
    sums: BTreeMap<String, LeafSums>,
    markets: BTreeSet<String>,
}

impl Default for Given<'_> {
    fn default() -> Self {
        Self { today: "2026-11-27", sums: BTreeMap::new(), markets: BTreeSet::new() }
    }
}

impl Given<'_> {
    fn plan(&self, structure: &Structure, file: &str) -> Result<Plan, Vec<Problem>> {
        let file = document::read(file).unwrap_or_else(|faults| panic!("{faults:?}"));
        plan(structure, &file, &PlanFacts { today: day(self.today), sums: &self.sums, client_money_markets: &self.markets })
    }
}

pub(crate) fn planned(structure: &Structure, file: &str) -> Plan {
    Given::default().plan(structure, file).unwrap_or_else(|problems| panic!("{problems:?}"))
}

pub(crate) fn made(file: &str) -> Structure {
    let mut structure = Structure { revision: 1, effective: Some(day("2026-11-27")), ..Structure::default() };
    planned(&structure, file).changes.iter().for_each(|change| structure.make(change));
    structure
}

/// The rules that a file breaks over the tree, with the ids and the part of the file's lines.
fn broken(file: &str) -> Vec<(Rule, String, usize)> {
    let structure = made(&format!("{TREE}{OTHERS}"));
    let problems = Given::default().plan(&structure, file).expect_err(file);
    problems.into_iter().map(|problem| (problem.rule, problem.id, problem.line)).collect()
}

fn one(rule: Rule, id: &str, line: usize) -> Vec<(Rule, String, usize)> {
    vec![(rule, id.to_owned(), line)]
}

fn leaf(id: &str, parent: &str, more: &str) -> String {
    format!("[[leaf]]\nid = \"{id}\"\nparent = \"{parent}\"\nname = \"N\"\nentity = \"main\"\n{more}\n")
}

fn summary(id: &str, parent: &str, more: &str) -> String {
    format!("[[summary]]\nid = \"{id}\"\nparent = \"{parent}\"\nname = \"N\"\nentity = \"main\"\n{more}\n")
}

/// An entry of the tree as it is, with a change.
fn tree_with(id: &str, from: &str, to: &str) -> String {
    let start = TREE.find(&format!("id = \"{id}\"")).unwrap();
    let head = TREE[..start].rfind("\n\n").unwrap();
    let end = TREE[start..].find("\n\n").map_or(TREE.len(), |end| start + end);
    let entry = TREE[head..end].trim_start();
    assert!(entry.contains(from), "{entry}");
    entry.replacen(from, to, 1)
}

#[test]
fn a_new_structure_is_made_parents_first_with_standard_leaves_and_the_same_file_changes_nothing() {
    // The leaf is in the file before its parent.
    let file = format!("{}{TREE}", leaf("early", "us", ""));
    let structure = made(&file);
    let standard: Vec<_> =
        structure.nodes.values().filter_map(|node| node.standard().map(|standard| (node.id.as_str(), standard))).collect();
    assert_eq!(standard.len(), 7, "{standard:?}");
    assert!(standard.iter().all(|(id, standard)| *id == standard.id("bank-usd")));
    assert_eq!((structure.nodes.len(), structure.numbers.len()), (12, 3));
    let kinds: Vec<_> =
        planned(&Structure::default(), &file).changes.iter().map(|change| (change.kind(), change.id().to_owned())).collect();
    let at = |id: &str| kinds.iter().position(|(_, changed)| changed == id).unwrap();
    assert!(at("bank-usd") < at("app") && at("app") < at("us") && at("us") < at("early"), "{kinds:?}");
    assert_eq!(planned(&structure, &file).changes, []);
}

#[test]
fn a_plan_is_bound_to_revision_day_file_and_changes() {
    let structure = made(TREE);
    let file = leaf("new", "us", "");
    let plan = planned(&structure, &file);
    let hash = plan.hash(&file);
    assert_eq!(hash.len(), 64);
    assert_eq!(planned(&structure, &file).hash(&file), hash);
    for other in [
        Plan { base: plan.base + 1, ..plan.clone() },
        Plan { effective: day("2026-11-28"), ..plan.clone() },
        Plan { changes: Vec::new(), ..plan.clone() },
    ] {
        assert_ne!(other.hash(&file), hash);
    }
    assert_ne!(plan.hash(&format!("{file}# Comment.")), hash, "holders are in the file only");
}

#[test]
fn ids_are_unique_and_standard_leaves_are_left_alone() {
    let twice = format!("{}{}", leaf("new", "us", ""), leaf("new", "us", ""));
    assert_eq!(broken(&twice), one(Rule::Duplicate, "new", 8));
    assert_eq!(broken(&leaf("bank-eur", "us", "")), one(Rule::Duplicate, "bank-eur", 2));
    assert_eq!(broken(&leaf("bank-usd-suspense", "bank-usd", "")), one(Rule::StandardLeaf, "bank-usd-suspense", 2));
    let account = |id: &str, number: &str| {
        format!(
            "[[account]]\nid = \"{id}\"\nname = \"N\"\nbank = \"Another name\"\nbranch = \"TESTUS33\"\ncurrency = \"USD\"\nentity = \"main\"\nnumber = \"{number}\"\n"
        )
    };
    assert_eq!(broken(&account("us", "9")), one(Rule::Duplicate, "us", 2), "the id of a node");
    assert_eq!(broken(&account("new", "2")), one(Rule::Duplicate, "new", 2), "the same account at the bank");
    let standard = format!("{}{}", account("new", "9"), leaf("new-fees", "us", ""));
    assert_eq!(broken(&standard), one(Rule::StandardLeaf, "new-fees", 10));
    let structure = made(&format!("{TREE}{}", leaf("new-fees", "us", "")));
    let problems = Given::default().plan(&structure, &account("new", "9")).unwrap_err();
    assert_eq!((problems.len(), problems[0].rule), (1, Rule::Duplicate), "{problems:?}");
}

#[test]
fn what_names_money_never_changes() {
    for (id, from, to) in [
        ("us-creators", "entity = \"main\"", "entity = \"other\""),
        ("us-creators", "level = \"purpose\"", ""),
        ("us-creators", "funds = \"client\"", "funds = \"own\""),
    ] {
        assert_eq!(broken(&tree_with(id, from, to)), one(Rule::Fixed, id, 2), "{to}");
    }
    assert_eq!(broken(&summary("us-creators", "us", "")), one(Rule::Fixed, "us-creators", 2), "a leaf stays one");
    let account = "[[account]]\nid = \"bank-eur\"\nname = \"Euro\"\nbank = \"B bank\"\nbranch = \"TESTDEFF\"\ncurrency = \"USD\"\nentity = \"main\"\nnumber = \"3\"\nclient_money = true\n";
    assert_eq!(broken(account), one(Rule::Fixed, "bank-eur", 2));
    let renamed = account.replace("USD", "EUR").replace("\"Euro\"", "\"Euros\"");
    let changes = planned(&made(OTHERS), &renamed).changes;
    assert_eq!(changes.iter().map(Change::text).collect::<Vec<_>>(), ["bank-eur: named \"Euros\" instead of \"Euro\""]);
}

#[test]
fn trees_have_no_cycles_known_parents_and_eight_steps() {
    assert_eq!(broken(&leaf("new", "nowhere", "")), one(Rule::Parent, "new", 2));
    assert_eq!(broken(&leaf("new", "us-costs", "")), one(Rule::Parent, "new", 2), "under a leaf");
    let cycle = format!("{}{}", summary("a", "b", ""), summary("b", "a", ""));
    assert_eq!(broken(&cycle), [one(Rule::Cycle, "a", 2), one(Rule::Cycle, "b", 8)].concat());
    assert_eq!(broken(&tree_with("app", "parent = \"bank-usd\"", "parent = \"us\"")), one(Rule::Cycle, "app", 2));
    let chain = |steps: usize| -> String {
        let parent = |at: usize| if at == 0 { "bank-usd".to_owned() } else { format!("s{}", at - 1) };
        (0..steps).map(|at| summary(&format!("s{at}"), &parent(at), "")).collect()
    };
    assert_eq!(planned(&made(TREE), &chain(8)).changes.len(), 8);
    assert_eq!(broken(&chain(9)), one(Rule::Depth, "s8", 50));
    // What is below a node that moves becomes too deep with it, and is not in the file.
    let deep = format!(
        "{}{}",
        chain(7),
        tree_with("us", "parent = \"app\"", "parent = \"s6\"").replace("level = \"market\"", "level = \"market\"\n")
    );
    let rules: BTreeSet<Rule> = broken(&deep).into_iter().map(|(rule, ..)| rule).collect();
    assert_eq!(rules, BTreeSet::from([Rule::Depth]));
}

#[test]
fn an_endless_chain_is_refused_and_not_walked_from_each_of_its_nodes() {
    let chain: String = (0..2_500).map(|at| summary(&format!("s{at}"), &format!("s{}", at + 1), "")).collect();
    let problems = Given::default().plan(&made(TREE), &chain).unwrap_err();
    assert!(problems.len() <= PROBLEMS_MAX, "{}", problems.len());
}

#[test]
fn no_move_changes_the_bank_account_or_the_currency() {
    assert_eq!(broken(&tree_with("us-costs", "parent = \"us\"", "parent = \"bank-usd-2\"")), one(Rule::OtherAccount, "us-costs", 2));
    let rules: Vec<Rule> =
        broken(&tree_with("us-costs", "parent = \"us\"", "parent = \"bank-eur\"")).into_iter().map(|(rule, ..)| rule).collect();
    assert_eq!(rules, [Rule::Currency, Rule::ClientMoney]);
    let moved = planned(&made(TREE), &tree_with("us", "parent = \"app\"", "parent = \"bank-usd\""));
    assert_eq!(moved.changes.iter().map(Change::text).collect::<Vec<_>>(), ["us: under bank-usd instead of app"]);
}

#[test]
fn levels_go_from_wide_to_narrow() {
    assert_eq!(broken(&summary("new", "us", "level = \"app\"")), one(Rule::Level, "new", 2));
    assert_eq!(broken(&summary("new", "us", "level = \"market\"")), one(Rule::Level, "new", 2));
    assert_eq!(planned(&made(TREE), &summary("new", "us", "level = \"purpose\"")).changes.len(), 1);
}

#[test]
fn clients_and_blocked_money_is_not_swept_pooled_or_used_for_others() {
    for class in ["client", "blocked"] {
        for funds_use in FundsUse::ALL {
            let file = leaf("new", "us", &format!("funds = \"{class}\"\nuses = [\"{}\"]", funds_use.name()));
            assert_eq!(broken(&file), one(Rule::Funds, "new", 2), "{class} {}", funds_use.name());
        }
    }
    assert_eq!(
        broken(&tree_with("us-creators", "funds = \"client\"", "funds = \"client\"\nuses = [\"sweep\"]")),
        one(Rule::Funds, "us-creators", 2)
    );
    let mixed = format!("{}{}", summary("own", "us", "funds = \"own\""), leaf("new", "own", "funds = \"client\""));
    assert_eq!(broken(&mixed), one(Rule::Funds, "new", 8));
    assert_eq!(planned(&made(TREE), &leaf("new", "us", "uses = [\"on_behalf_of\"]")).changes.len(), 1);
}

#[test]
fn clients_money_has_a_physical_account_of_its_own_where_the_law_demands_it() {
    let given = Given { markets: BTreeSet::from(["GB".to_owned()]), ..Given::default() };
    let structure = made(&format!("{TREE}{OTHERS}"));
    let rule = |file: &str| given.plan(&structure, file).map(|plan| plan.changes.len()).map_err(|problems| problems[0].rule);
    let market = |name: &str, account: &str| {
        summary("market", account, "level = \"market\"").replace("\"N\"", &format!("\"{name}\""))
            + &leaf("new", "market", "funds = \"client\"")
    };
    assert_eq!(rule(&market("GB", "bank-usd")), Err(Rule::ClientMoney));
    assert_eq!(rule(&market("US", "bank-usd")), Ok(2));
    assert_eq!(rule(&market("GB", "bank-eur")), Ok(2));
    assert_eq!(rule(&leaf("new", "bank-usd", "funds = \"client\"")), Err(Rule::ClientMoney), "without a market nobody knows");
    assert_eq!(rule(&leaf("new", "bank-eur", "")), Err(Rule::ClientMoney), "own money among clients'");
    assert_eq!(broken(&leaf("new", "bank-eur", "funds = \"blocked\"")), one(Rule::ClientMoney, "new", 2), "whatever the settings say");
}

#[test]
fn a_leaf_is_closed_in_two_steps_when_it_is_empty_and_for_ever() {
    let mut structure = made(TREE);
    let with = |state: &str| tree_with("us-costs", "level = \"purpose\"", &format!("level = \"purpose\"\nstate = \"{state}\""));
    let rule = |structure: &Structure, given: &Given<'_>, state: &str| {
        given.plan(structure, &with(state)).map_err(|problems| problems.iter().map(|problem| problem.rule).collect::<Vec<_>>())
    };
    let empty = Given::default();
    assert_eq!(rule(&structure, &empty, "closed").unwrap_err(), [Rule::State]);
    assert_eq!(rule(&structure, &empty, "pending_open").unwrap_err(), [Rule::State]);
    rule(&structure, &empty, "pending_close").unwrap().changes.iter().for_each(|change| structure.make(change));
    for (booked, pending_debits, pending_credits) in [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, 0, 1)] {
        let sums = BTreeMap::from([("us-costs".to_owned(), LeafSums { booked, pending_debits, pending_credits })]);
        assert_eq!(rule(&structure, &Given { sums, ..Given::default() }, "closed").unwrap_err(), [Rule::Money]);
    }
    assert_eq!(rule(&structure, &empty, "open").unwrap().changes.len(), 1, "back to use");
    rule(&structure, &empty, "closed").unwrap().changes.iter().for_each(|change| structure.make(change));
    assert_eq!(rule(&structure, &empty, "closed").unwrap().changes, []);
    assert_eq!(rule(&structure, &empty, "open").unwrap_err(), [Rule::State]);
    let number = with("closed") + "[[leaf.number]]\nsegments = \"7001-9-46\"\n";
    assert_eq!(empty.plan(&structure, &number).unwrap_err()[0].rule, Rule::Number, "no new number");
    assert_eq!(broken(&leaf("new", "us", "state = \"closed\"")), one(Rule::State, "new", 2));
    let opened = planned(&made(&format!("{TREE}{}", leaf("new", "us", "state = \"pending_open\""))), &leaf("new", "us", ""));
    assert_eq!(opened.changes.iter().map(Change::text).collect::<Vec<_>>(), ["new: open instead of pending_open"]);
}

#[test]
fn a_number_is_one_leafs_for_ever_and_only_its_open_end_is_filled_in() {
    let number = |leaf_id: &str, text: &str| leaf(leaf_id, "us", &format!("[[leaf.number]]\n{text}"));
    for text in [
        "segments = \"7001-0012-33-66\"",
        "iban = \"DE89370400440532013000\"\nholder = \"Main Ltd\"\nfrom = \"2026-11-27\"",
        "dynamic = \"7001-0044\"",
        // Within another leaf's dynamic number, and around its static one.
        "segments = \"7001-0044-5-90\"",
        "dynamic = \"7001-0012\"",
        "segments = \"7002-1-40\"",
        "segments = \"7001-5-00\"",
        "segments = \"7001-5-58\"\nfrom = \"2026-11-02\"\nuntil = \"2026-11-01\"",
    ] {
        assert_eq!(broken(&number("new", text)), one(Rule::Number, "new", 7), "{text}");
    }
    let both = number("new", "segments = \"7001-6-55\"") + &number("newer", "segments = \"7001-6-55\"");
    assert_eq!(broken(&both), one(Rule::Number, "newer", 14), "twice in one file");
    let no_root = leaf("new", "bank-usd-2", "[[leaf.number]]\nsegments = \"7001-6-55\"");
    assert_eq!(broken(&no_root), one(Rule::Number, "new", 7));
    let held = |more: &str| tree_with("us-costs", "from = \"2026-11-01\"", more);
    assert_eq!(broken(&held("from = \"2026-11-02\"")), one(Rule::Number, "us-costs", 13), "its first day stays");
    let other = tree_with("us-costs", "Main Ltd", "Other Ltd");
    assert_eq!(broken(&other), one(Rule::Number, "us-costs", 13), "its holder stays");
    let mut structure = made(TREE);
    let ended = planned(&structure, &held("from = \"2026-11-01\"\nuntil = \"2026-11-30\""));
    assert_eq!(ended.changes.iter().map(Change::text).collect::<Vec<_>>(), ["us-costs: number DE89370400440532013000 ends on 2026-11-30"]);
    ended.changes.iter().for_each(|change| structure.make(change));
    assert_eq!(planned(&structure, TREE).changes, [], "what a file leaves out stays");
    let later = Given::default().plan(&structure, &held("from = \"2026-11-01\"\nuntil = \"2026-12-31\"")).unwrap_err();
    assert_eq!(later[0].rule, Rule::Number);
    assert_eq!(broken(&number("new", "segments = \"7001-0012-33-66\"")).len(), 1, "also when it ended");
}

#[test]
fn a_day_is_not_in_the_future_and_not_before_the_last_change() {
    assert_eq!(broken("effective = \"2026-11-28\"\n"), one(Rule::Effective, "effective", 1));
    assert_eq!(broken("\neffective = \"2026-11-26\"\n"), one(Rule::Effective, "effective", 2));
    let structure = Structure { effective: Some(day("2026-11-20")), ..Structure::default() };
    assert_eq!(planned(&structure, &format!("effective = \"2026-11-21\"\n{TREE}")).effective, day("2026-11-21"));
}

#[test]
fn a_structure_has_a_largest_size() {
    let mut structure = made(TREE);
    let sample = structure.nodes["us-costs"].clone();
    for at in structure.nodes.len()..NODES_MAX {
        let id = format!("n{at}");
        structure.nodes.insert(id.clone(), crate::domain::Node { id, ..sample.clone() });
    }
    let problems = Given::default().plan(&structure, &leaf("new", "us", "")).unwrap_err();
    assert_eq!((problems.len(), problems[0].rule), (1, Rule::Size), "{problems:?}");
    structure.nodes.remove("n11");
    assert_eq!(planned(&structure, &leaf("new", "us", "")).changes.len(), 1);
}
