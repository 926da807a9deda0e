//! The choice among banks: rails, caps, names, entities, what was tried, and what it costs.

use super::*;
use crate::config::{BankAccountConfig, BankBooksKind, BankRailConfig, CostPolicy};
use rails::{WhyNot, record::BeneficiaryKind};
use std::{collections::BTreeSet, path::PathBuf};

fn bank(name: &str, rails: &[&str]) -> BankConfig {
    let rail = |rail: &&str| BankRailConfig { rail: (*rail).to_owned(), ..BankRailConfig::default() };
    let account = |(currency, address, prefix): (&str, &str, &str)| BankAccountConfig {
        id: "main".to_owned(),
        currency: currency.to_owned(),
        address: address.to_owned(),
        reference_prefix: prefix.to_owned(),
        liquidity: false,
    };
    let accounts = [("USD", "us-account:021000021:4400001234", "AUSD"), ("EUR", "iban:DE89370400440532013000", "AEUR")];
    BankConfig {
        name: name.to_owned(),
        books: BankBooksKind::Test,
        entity: "main".to_owned(),
        url: "http://127.0.0.1:1".to_owned(),
        debtor_name: "Largesse".to_owned(),
        accounts: accounts.into_iter().map(account).collect(),
        rails: rails.iter().map(rail).collect(),
        ..BankConfig::default()
    }
}

fn banks(all: Vec<BankConfig>, change: impl Fn(&mut Config)) -> Banks {
    let mut config = Config { banks: all, ..Config::new(PathBuf::from("key")) };
    change(&mut config);
    config.check().unwrap();
    Banks::try_new(&config).unwrap()
}

fn usd(minor_units: i64) -> Money {
    Money::try_new(Currency::try_new("USD").unwrap(), minor_units).unwrap()
}

/// A choice for a US account on a Thursday at noon in New York.
fn chosen(banks: &Banks, amount: Money, scope: RouteScope<'_>) -> BankChoice {
    let fields: BTreeSet<String> = ["routing_number", "account_number", "account_type", "name"].map(str::to_owned).into();
    let at: Timestamp = "2026-12-03T17:00:00Z".parse().unwrap();
    let request = RouteRequest { kind: BeneficiaryKind::BankAccount, country: "US", amount, at, fields: &fields, participants: &[] };
    banks.choose(&request, scope)
}

static NAMES: BTreeMap<String, (usize, String)> = BTreeMap::new();

fn any() -> RouteScope<'static> {
    RouteScope { kind: BookKind::Test, entity: None, rails_tried: "", nameless: &NAMES }
}

fn rail(choice: &BankChoice) -> (&str, &str) {
    choice.chosen.as_ref().map_or(("", ""), |route| (route.rail.rail.as_str(), route.bank.as_str()))
}

#[test]
fn a_recall_is_answered_by_the_end_of_a_business_day_of_its_rail_s_rule() {
    let banks = Banks::try_new(&Config::new(PathBuf::new())).unwrap();
    let by = |rail: &str, asked: &str| banks.recall_answer_by(rail, asked.parse().unwrap()).map(|by| by.to_string());
    // Of 23 December 2026 in Brussels: Christmas, the day after it and New Year are none, and neither are weekends.
    assert_eq!(by("sepa-instant", "2026-12-23T22:30:00Z"), Some("2027-01-15T23:00:00Z".to_owned()));
    // An hour later it is the next day there.
    assert_eq!(by("sepa-instant", "2026-12-23T23:30:00Z"), Some("2027-01-18T23:00:00Z".to_owned()));
    // Thanksgiving.
    assert_eq!(by("us-fednow", "2026-11-20T12:00:00Z"), Some("2026-12-08T05:00:00Z".to_owned()));
    // Every day counts.
    assert_eq!(by("br-pix", "2026-11-20T12:00:00Z"), Some("2026-12-02T03:00:00Z".to_owned()));
    assert_eq!((by("us-rtp", "2026-11-20T12:00:00Z"), by("no-such-rail", "2026-11-20T12:00:00Z")), (None, None));
}

#[test]
fn the_instant_rail_of_a_bank_in_use_pays_and_the_others_say_why_not() {
    let both = banks(vec![bank("first", &["us-ach-same-day", "us-rtp"]), bank("second", &["us-rtp", "us-fedwire"])], |_| {});
    let choice = chosen(&both, usd(5_000), any());
    assert_eq!(rail(&choice), ("us-rtp", "first"));
    let why = |rail: &str| choice.refused.iter().find(|refused| refused.rail == rail).unwrap().reasons.clone();
    assert_eq!(why("us-fednow"), [WhyNot::NotOffered]);
    assert!(matches!(why("us-ach-same-day").as_slice(), [WhyNot::NotInstant { .. }, ..]));
    assert!(why("br-pix").contains(&WhyNot::WrongCountry { country: "US".to_owned() }));
    let paused = banks(
        vec![BankConfig { paused: "maintenance".to_owned(), ..bank("first", &["us-rtp", "us-ach"]) }, bank("second", &["us-rtp"])],
        |_| {},
    );
    assert_eq!(rail(&chosen(&paused, usd(5_000), any())), ("us-rtp", "second"), "another bank offers it");
}

#[test]
fn scope_and_what_was_tried_bound_the_choice() {
    let both = banks(
        vec![bank("first", &["us-rtp", "us-ach-same-day"]), BankConfig { entity: "other".to_owned(), ..bank("second", &["us-fednow"]) }],
        |_| {},
    );
    let of = |entity| RouteScope { entity: Some(entity), ..any() };
    assert_eq!(rail(&chosen(&both, usd(5_000), of("other"))), ("us-fednow", "second"));
    assert_eq!(rail(&chosen(&both, usd(5_000), of("main"))), ("us-rtp", "first"));
    assert_eq!(rail(&chosen(&both, usd(5_000), RouteScope { rails_tried: "us-rtp", ..of("main") })), ("us-ach-same-day", "first"));
    assert_eq!(rail(&chosen(&both, usd(5_000), RouteScope { rails_tried: "us-rtp us-ach-same-day", ..of("main") })), ("", ""));
    assert_eq!(rail(&chosen(&both, usd(5_000), RouteScope { kind: BookKind::Live, ..any() })), ("", ""), "no bank of LIVE books");
    let nameless = BTreeMap::from([("us-rtp".to_owned(), (22, "be shorter".to_owned()))]);
    let choice = chosen(&both, usd(5_000), RouteScope { nameless: &nameless, ..of("main") });
    assert_eq!(rail(&choice), ("us-ach-same-day", "first"));
}

#[test]
fn the_lowest_of_three_caps_counts_and_says_whose_it_is() {
    let mut capped = bank("first", &["us-rtp"]);
    capped.rails[0].minor_units_max = 50_000;
    let of_bank = chosen(&banks(vec![capped.clone()], |_| {}), usd(50_001), any());
    let reason = |choice: &BankChoice| choice.refused.iter().find(|refused| refused.rail == "us-rtp").unwrap().reasons[0].to_string();
    assert_eq!(reason(&of_bank), "the amount is above the cap of 500.00 USD (bank)");
    let ours = banks(vec![capped], |config| {
        let cap = crate::config::PolicyCap {
            rail: "us-rtp".to_owned(),
            amount: "100.00".to_owned(),
            currency: "USD".to_owned(),
            ..Default::default()
        };
        config.route.caps = vec![cap];
    });
    assert_eq!(reason(&chosen(&ours, usd(50_001), any())), "the amount is above the cap of 100.00 USD (own policy)");
    assert_eq!(rail(&chosen(&ours, usd(10_000), any())), ("us-rtp", "first"), "the cap itself may be paid");
}

#[test]
fn a_cost_is_rounded_up_only_for_who_is_paid() {
    let of = |bearer| banks(vec![bank("first", &["us-rtp"])], move |config| config.route.cost_bearer = bearer);
    let (house, creator) = (of(CostPolicy::House), of(CostPolicy::Creator));
    let mut route = chosen(&house, usd(5_000), any()).chosen.unwrap();
    for (cost, by_house, by_creator) in [("0.5", 50, 50), ("0.501", 50, 51), ("0.505", 51, 51), ("0", 0, 0)] {
        route.rail.cost = Some(cost.parse().unwrap());
        assert_eq!(
            (house.cost_minor_units(&route, usd(5_000)), creator.cost_minor_units(&route, usd(5_000))),
            (by_house, by_creator),
            "{cost}"
        );
    }
    route.rail.cost = None;
    assert_eq!(creator.cost_minor_units(&route, usd(5_000)), 0, "not known, so nobody bears a guess");
}

#[test]
fn what_an_older_program_sent_is_asked_for_at_the_bank_that_offers_its_rail() {
    let both = banks(vec![bank("first", &["us-ach"]), bank("second", &["us-rtp"])], |_| {});
    let name = |attempt: &Attempt| both.of(attempt).map(|bank| bank.name.as_str());
    assert_eq!(name(&Attempt::of_before("us-rtp".to_owned())), Some("second"));
    assert_eq!(name(&Attempt::of_before("sepa-instant".to_owned())), None);
    assert_eq!(name(&Attempt { bank: "first".to_owned(), ..Attempt::of_before("us-rtp".to_owned()) }), Some("first"));
    assert_eq!(name(&Attempt { bank: "gone".to_owned(), ..Attempt::of_before("us-rtp".to_owned()) }), None);
}

#[test]
fn only_rails_that_send_back_as_a_matter_of_course_are_returnable_for_a_time() {
    let all = banks(vec![bank("first", &["us-rtp", "us-ach"])], |_| {});
    let thursday: Timestamp = "2026-12-03T17:00:00Z".parse().unwrap();
    assert_eq!(all.returnable_until_ms("us-rtp", thursday), 0);
    let until = Timestamp::from_millisecond(all.returnable_until_ms("us-ach", thursday)).unwrap();
    assert!(until > thursday && until.as_second() - thursday.as_second() < 10 * 86_400, "{until}");
    assert_eq!(all.returnable_until_ms("no-such-rail", thursday), 0);
}
