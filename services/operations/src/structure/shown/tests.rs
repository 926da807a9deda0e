//! How plans and trees look to people.
use super::*;
use api::treasury::{StructureChange, VirtualBalance};

fn item(id: &str, depth: i32, kind: VirtualAccountKind, booked: i64) -> VirtualAccount {
    let balance = VirtualBalance { booked_minor_units: booked, cash_minor_units: booked, ..Default::default() };
    VirtualAccount {
        id: id.to_owned(),
        kind: kind.into(),
        depth,
        name: id.to_uppercase(),
        currency_code: "USD".to_owned(),
        balance: Some(balance),
        ..VirtualAccount::default()
    }
}

#[test]
fn a_tree_is_drawn_with_its_balances() {
    use VirtualAccountKind::{Leaf, Physical, Summary};
    let mut listed = vec![
        item("bank", 0, Physical, 123_456),
        item("app", 1, Summary, 123_501),
        item("us", 2, Summary, 123_501),
        item("costs", 3, Leaf, 123_501),
        item("gb", 2, Summary, 0),
        item("fees", 1, Leaf, -45),
        item("other", 0, Physical, 5),
        item("yen", 1, Leaf, 7),
    ];
    listed[3].funds_class = FundsClass::Client.into();
    listed[5].state = LeafState::PendingClose.into();
    listed[6].balance = Some(VirtualBalance { booked_minor_units: 5, ..Default::default() });
    listed[7].currency_code = "JPY".to_owned();
    let drawn = "\
bank  BANK (USD)            1234.56  1234.56 at the bank
├─ app  APP                 1235.01
│  ├─ us  US                1235.01
│  │  └─ costs  COSTS       1235.01  client funds
│  └─ gb  GB                   0.00
└─ fees  FEES                 -0.45  to be closed
other  OTHER (USD)             0.05  0.00 at the bank, WHICH DIFFERS
└─ yen  YEN                       7
";
    // The widest item decides where balances begin.
    let narrow = drawn.replace("    ", "  ");
    let squeezed = |text: &str| text.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    assert_eq!(squeezed(&listed_text(&listed)), squeezed(&narrow));
    let ends: std::collections::BTreeSet<usize> = listed_text(&listed)
        .lines()
        .zip(["1234.56", "1235.01", "1235.01", "1235.01", "0.00", "-0.45", "0.05", "7"])
        .map(|(line, balance)| line[..line.find(balance).unwrap() + balance.len()].chars().count())
        .collect();
    assert_eq!(ends.len(), 1, "balances end in one column: {ends:?}");
    assert_eq!(listed_json(&listed)[3]["funds_class"], "client");
    assert_eq!(listed_json(&listed)[5]["balance"]["booked_minor_units"], -45);
    assert_eq!(listed_text(&[]), "there are no accounts\n");
}

#[test]
fn a_plan_says_what_changes_and_how_to_make_it() {
    let change = StructureChange { id: "us".to_owned(), kind: "move".to_owned(), text: "us: under a instead of b".to_owned() };
    let plan = PlanStructureResponse {
        hash: "ab".to_owned(),
        revision: 3,
        effective_date: "2026-11-27".to_owned(),
        change_count: 4,
        changes: vec![change],
    };
    let text = plan_text(&plan, "tree.toml");
    assert!(
        text.starts_with("4 changes to revision 3, in force from 2026-11-27:\n  move            us: under a instead of b\n  and 3 more"),
        "{text}"
    );
    assert!(text.ends_with("hash ab\nto make them: largesse treasury apply tree.toml --plan ab\n"), "{text}");
    assert_eq!(plan_text(&PlanStructureResponse { change_count: 0, ..plan.clone() }, "f"), "no changes: revision 3 is as the file says\n");
    assert_eq!(plan_json(&plan)["changes"][0]["kind"], "move");
    let applied = |change_count, replayed| applied_text(&ApplyStructureResponse { revision: 4, change_count, replayed });
    assert_eq!(applied(1, false), "applied: 1 change, now revision 4\n");
    assert_eq!(applied(2, true), "this plan was applied before: 2 changes, revision 4\n");
    assert_eq!(applied(0, false), "no changes: the structure stays at revision 4\n");
}
