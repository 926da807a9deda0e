//! Which refusals lead to another rail, and what is said where no rail pays.

use super::*;
use rails::{CapOwner, LowestCap, Reachability, record::BeneficiaryKind};

fn options(refused: Vec<RefusedRail>) -> PayoutOptions {
    let choice = BankChoice { chosen: None, refused };
    PayoutOptions { choice, cost_minor_units: 0, bearer: CostBearer::House, nameless: BTreeMap::new(), at: Timestamp::UNIX_EPOCH }
}

fn rail(rail: &str, reasons: &[WhyNot]) -> RefusedRail {
    RefusedRail { rail: rail.to_owned(), reasons: reasons.to_vec() }
}

#[test]
fn another_rail_is_tried_only_for_what_it_could_mend() {
    for code in ["AB05", "AB06", "AB08", "AG03", "AG09", "AM02", "RC01", "DT01"] {
        assert!(may_pay_elsewhere(code), "{code}");
    }
    // The account, the person, the law, our money; a duplicate; and codes that nobody knows.
    for code in ["AC01", "AC04", "AC06", "BE01", "MD07", "RR04", "FRAD", "FR01", "AM04", "AM05", "DUPL", "NARR", "", "ZZZZ"] {
        assert!(!may_pay_elsewhere(code), "{code}");
    }
}

#[test]
fn where_no_rail_pays_the_nearest_one_says_why() {
    let unfit = rail("br-pix", &[WhyNot::WrongKind { kind: BeneficiaryKind::BankAccount }, WhyNot::NotOffered]);
    assert_eq!(why_none(&options(vec![unfit.clone()])), PayoutRefusal::CurrencyUnsupported);
    assert_eq!(why_none(&options(Vec::new())), PayoutRefusal::CurrencyUnsupported);
    let amount = Money::try_new(money::Currency::try_new("USD").unwrap(), 500).unwrap();
    let cap = LowestCap { owner: CapOwner::Bank, amount };
    let capped = rail("us-rtp", &[WhyNot::AboveCap { cap }]);
    let told = why_none(&options(vec![unfit.clone(), capped.clone()]));
    assert_eq!(told, PayoutRefusal::AmountTooLarge { rail: "us-rtp".to_owned(), cap: Some(cap) });
    assert!(told.to_string().contains("5.00 USD (bank)"), "{told}");
    let unreached = rail("us-fednow", &[WhyNot::NotReachable { reachability: Reachability::NoKey }]);
    assert!(matches!(why_none(&options(vec![unfit, unreached])), PayoutRefusal::NoRail { why } if why.starts_with("us-fednow: not known")));
    let mut named = options(vec![rail("us-rtp", &[WhyNot::Paused { why: format!("{HOLDER_NAME} be shorter") }])]);
    named.nameless.insert("us-rtp".to_owned(), (22, "be shorter".to_owned()));
    let told = why_none(&named);
    assert_eq!(told, PayoutRefusal::HolderNameRecorded { rail: "us-rtp".to_owned(), chars_max: 22, must: "be shorter".to_owned() });
}
