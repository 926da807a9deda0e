//! Structure files, right and wrong in every way, with the line of each fault.
use super::*;
use crate::domain::plan::tests::{OTHERS, TREE};
use proptest::prelude::*;

/// What is wrong with the tree's file after a change.
fn faults(from: &str, to: &str) -> Vec<(usize, String)> {
    assert!(TREE.contains(from), "{from}");
    let faults = read(&TREE.replacen(from, to, 1)).expect_err(to);
    faults.into_iter().map(|fault| (fault.line, fault.why)).collect()
}

fn line_of(text: &str) -> usize {
    TREE[..TREE.find(text).unwrap()].matches('\n').count() + 1
}

#[test]
fn a_file_is_read_with_the_lines_of_its_entries() {
    let file = read(&format!("effective = \"2026-11-20\"\n{TREE}{OTHERS}")).unwrap();
    assert_eq!((file.accounts.len(), file.nodes.len()), (3, 4));
    assert_eq!(file.effective, Some("2026-11-20".parse().unwrap()));
    assert_eq!((file.accounts[0].line, file.accounts[0].account.id.as_str()), (4, "bank-usd"));
    let costs = file.nodes.last().unwrap();
    assert_eq!((costs.node.id.as_str(), costs.line), ("us-costs", line_of("\"us-costs\"") + 1));
    assert_eq!(costs.numbers.len(), 3);
    assert_eq!(read("").unwrap(), StructureFile { effective_line: 1, ..StructureFile::default() });
}

#[test]
fn every_fault_names_its_line_and_key() {
    for (from, to, why) in [
        ("currency = \"USD\"", "currency = \"usd\"", "currency must be an ISO 4217 code"),
        ("number_root = \"7001\"", "number_root = \"70-01\"", "number_root must have digits"),
        ("level = \"market\"", "level = \"land\"", "level must be one of company, app, market, purpose"),
        ("funds = \"client\"", "funds = \"customer\"", "funds must be one of own, client, blocked"),
        ("\"sweep\", \"pooling\"", "\"sweep\", \"loan\"", "uses must be one of sweep, on_behalf_of, pooling"),
        ("name = \"Costs\"", "name = \" Costs\"", "name must have 1 to 140 characters"),
        ("name = \"Costs\"", "name = \"Co\\u202Ests\"", "name must have 1 to 140 characters"),
        ("segments = \"7001-0012-33-66\"", "segments = \"7001_1\"", "segments must have at most 35"),
        ("DE89370400440532013000", "DE88370400440532013000", "iban must "),
        ("holder = \"Main Ltd\"\n", "", "iban needs the key holder"),
        ("from = \"2026-11-01\"", "from = \"2026-11-31\"", "from must be a day"),
        ("from = \"2026-11-01\"", "from = \"2026-11-01T00:00\"", "from must be a day"),
        ("dynamic = \"7001-0044\"", "dynamic = \"7001-0044\"\nsegments = \"7001-1-66\"", "number must have one of the keys"),
        ("id = \"us-costs\"", "id = \"US costs\"", "id must have 1 to 32"),
        ("id = \"bank-usd\"", "id = \"a-very-long-bank-account\"", "id must have 1 to 20"),
    ] {
        let found = faults(from, to);
        let line = line_of(from.trim_end());
        // A missing key is reported where the number is.
        let line = if to.is_empty() { line - 1 } else { line };
        assert!(found.iter().any(|(at, fault)| (line..=line + 1).contains(at) && fault.starts_with(why)), "{to}: {found:?}");
    }
}

#[test]
fn unknown_and_missing_keys_are_refused_with_their_line() {
    for (from, to, why) in [
        ("uses = [\"sweep\", \"pooling\"]", "use = [\"sweep\"]", "unknown field `use`"),
        ("[[summary]]", "[[summaries]]", "unknown field `summaries`"),
        ("[[leaf.number]]", "[[leaf.numbers]]", "unknown field `numbers`"),
        ("name = \"Costs\"", "name = 5", "invalid type"),
        ("name = \"Costs\"", "name = \"a\"\nname = \"b\"", "duplicate key"),
        ("name = \"Costs\"\n", "", "missing field `name`"),
    ] {
        let found = faults(from, to);
        assert!(found.len() == 1 && found[0].1.starts_with(why) && found[0].0 > 1, "{to}: {found:?}");
    }
}

#[test]
fn all_faults_are_reported_at_once_up_to_a_bound() {
    let wrong: String = (0..100).map(|at| format!("[[leaf]]\nid = \"L{at}\"\nparent = \"p\"\nname = \"n\"\nentity = \"main\"\n")).collect();
    let found = read(&wrong).unwrap_err();
    assert_eq!((found.len(), found[0].line, found[1].line), (FAULTS_MAX, 2, 7));
}

#[test]
fn a_file_of_a_hundred_thousand_nodes_is_refused_unread() {
    let huge: String =
        (0..100_000).map(|at| format!("[[leaf]]\nid = \"l{at}\"\nparent = \"p\"\nname = \"n\"\nentity = \"main\"\n")).collect();
    let found = read(&huge).unwrap_err();
    assert!(found.len() == 1 && found[0].why.contains("divide it"), "{found:?}");
}

proptest! {
    #[test]
    fn whatever_the_file_says_it_is_read_or_refused(text in "\\PC{0,200}", at in 0_usize..1_500, cut in 0_usize..20) {
        let _refused = read(&text);
        let (start, end) = (at.min(TREE.len()), (at + cut).min(TREE.len()));
        let _changed = read(&format!("{}{text}{}", &TREE[..start], &TREE[end..]));
    }
}
