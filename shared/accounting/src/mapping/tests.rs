//! Tests of `mapping`.
#![allow(clippy::unwrap_used)]
use super::*;
use chart::{AccountClass, Purpose};
use money::Currency;
use proptest::prelude::*;

const HEAD: &str = r#"
[[entity]]
id = "main"
company = "C100"
[[entity]]
id = "acme"
company = "C200"
[[account]]
code = "1000"
name = "Cash"
type = "asset"
[[account]]
code = "1010"
name = "Cash of Acme"
type = "asset"
[[account]]
code = "9990"
name = "Suspense"
type = "liability"
"#;

fn rule(ledger: &str, more: &str, account: &str) -> String {
    format!("[[rule]]\nledger = {ledger:?}\n{more}\naccount = {account:?}\n")
}

fn faults(text: &str) -> Vec<String> {
    Mapping::read(text).unwrap_err().into_iter().map(|fault| format!("{}: {}", fault.line, fault.why)).collect()
}

fn cash(code: &str) -> LedgerAccount {
    LedgerAccount::Money(AccountClass::House(Purpose::BankCash), Currency::try_new(code).unwrap())
}

#[test]
fn a_line_goes_to_the_account_of_the_only_rule_that_covers_it() {
    let acme = rule("house/bank_cash/*", "entities = [\"acme\"]", "1010");
    let main = rule("house/bank_cash/USD", "entities = [\"main\"]", "1000");
    let mapping = Mapping::read(&format!("{HEAD}{main}{acme}")).unwrap();
    let code = |entity: &str, line| mapping.account(entity, line).map(|account| account.code.as_str());
    assert_eq!((code("main", cash("USD")), code("acme", cash("EUR"))), (Some("1000"), Some("1010")));
    assert_eq!(code("main", cash("EUR")), None, "no rule, and no suspense");
    assert_eq!((mapping.company("acme"), mapping.company("other")), (Some("C200"), None));
    let with = Mapping::read(&format!("suspense = \"9990\"\nintercompany = \"1000\"\n{HEAD}{main}")).unwrap();
    let code = |line| with.account("main", line).map(|account| account.code.as_str());
    let usd = Currency::try_new("USD").unwrap();
    assert_eq!((code(cash("EUR")), code(LedgerAccount::Unknown)), (Some("9990"), Some("9990")));
    assert!(with.ruled("main", cash("EUR")).is_none() && with.ruled("main", cash("USD")).is_some(), "suspense is no rule");
    assert_eq!((code(LedgerAccount::Between(usd)), code(LedgerAccount::Memo(chart::Unit::Coin))), (Some("1000"), None));
    assert_ne!(mapping.hash(), with.hash());
}

#[test]
fn every_fault_of_a_file_is_named_with_its_line() {
    let one = rule("house/bank_cash/*", "", "1000");
    let first = HEAD.lines().count() + 2;
    for (more, line, why) in [
        (rule("house/cash/*", "", "1000"), first, "no pattern of accounts in money"),
        (rule("house/coins/issued", "", "1000"), first, "no pattern of accounts in money"),
        (rule("house/acme/revenue/*", "", "1000"), first, "no pattern of accounts in money"),
        (rule("creator/u1/payable/*", "", "1000"), first, "no pattern of accounts in money"),
        (rule("house/bank_cash/XXX", "", "1000"), first, "no pattern of accounts in money"),
        (rule("house/bank_cash/*", "", "7777"), first + 2, "no [[account]] with the code \"7777\""),
        (rule("house/bank_cash/*", "entities = [\"mars\"]", "1000"), first + 1, "no [[entity]] with the id \"mars\""),
        (rule("house/bank_cash/*", "entities = []", "1000"), first, "must name one at least"),
        (format!("{one}{one}"), first + 4, "covers accounts that the rule of line"),
        (
            format!("{one}{}", rule("house/bank_cash/USD", "entities = [\"acme\"]", "1010")),
            first + 4,
            "covers accounts that the rule of line",
        ),
        ("[[account]]\ncode = \"1000\"\nname = \"Again\"\ntype = \"asset\"\n".to_owned(), first, "account 1000 is there twice"),
        ("[[account]]\ncode = \"5\"\nname = \"A\"\ntype = \"cost\"\n".to_owned(), first + 2, "type must be one of asset, liability"),
        ("[[account]]\ncode = \"5\"\nname = \"A\\nB\"\ntype = \"asset\"\n".to_owned(), first + 1, "none of them hidden"),
        ("[[entity]]\nid = \"main\"\ncompany = \"C300\"\n".to_owned(), first, "entity main is there twice"),
        ("[[entity]]\nid = \"third\"\ncompany = \"C200\"\n".to_owned(), first + 1, "company C200 is another entity's already"),
        ("[[entity]]\nid = \"No Id\"\ncompany = \"C300\"\n".to_owned(), first, "id must be a legal entity's"),
        ("colour = \"red\"\n".to_owned(), first - 1, "unknown field"),
    ] {
        let text = format!("{HEAD}{more}");
        let found = faults(&text);
        assert!(found.iter().any(|fault| fault.starts_with(&format!("{line}: ")) && fault.contains(why)), "{line} {why}: {found:?}");
    }
    for code in ["1,0", "1\\\"0", "1\\n0", "", "=1", "-1", "1 0", &"1".repeat(33)] {
        let text = format!("[[account]]\ncode = \"{code}\"\nname = \"A\"\ntype = \"asset\"\n");
        assert!(faults(&text)[0].contains("code must have 1 to 32"), "{code}: {:?}", faults(&text));
    }
    assert!(faults(&format!("suspense = \"1\"\n{HEAD}"))[0].contains("no [[account]] with the code"));
    assert!(faults(&"#".repeat(MAPPING_BYTES_MAX + 1))[0].contains("bytes"));
}

#[test]
fn rules_for_other_entities_or_currencies_do_not_overlap() {
    let rules = rule("house/bank_cash/USD", "", "1000") + &rule("house/bank_cash/EUR", "", "1010") + &rule("house/revenue/*", "", "1000");
    Mapping::read(&format!("{HEAD}{rules}")).unwrap();
}

proptest! {
    #[test]
    fn any_text_is_a_mapping_or_has_faults(text in "(?s).{0,200}") {
        if let Err(faults) = Mapping::read(&text) {
            prop_assert!(!faults.is_empty() && faults.iter().all(|fault| fault.line >= 1));
        }
    }
}
