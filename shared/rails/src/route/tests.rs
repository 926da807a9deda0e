//! Choices over our own records, and a reason for every other rail.

use super::*;
use crate::{
    cap::CapOwner,
    reach::ParticipantList,
    sample::{at, book, day, ours, rail_text, with_line},
};
use money::{Currency, Rounding};
use proptest::prelude::*;

fn amount(code: &str, value: &str) -> Money {
    Money::from_decimal(Currency::try_new(code).unwrap(), value.parse().unwrap(), Rounding::Down).unwrap()
}

fn names(words: &str) -> BTreeSet<String> {
    words.split_whitespace().map(str::to_owned).collect()
}

/// Everything that a choice depends on; tests change what they are about.
struct World {
    book: RailBook,
    participants: ParticipantBook,
    bank: BTreeMap<String, BankTerms>,
    policy: RoutePolicy,
    fields: BTreeSet<String>,
    keys: Vec<ParticipantKey>,
}

impl World {
    /// Our records, a bank that offers all of them, nothing known of participants.
    fn new(book: RailBook) -> Self {
        let bank = book.ids().map(|id| (id.to_owned(), BankTerms::default())).collect();
        let policy = RoutePolicy {
            preference: RoutePreference::CheapestInstant,
            near_is_instant: false,
            reach_without_list: true,
            caps: BTreeMap::new(),
        };
        let fields = names("routing_number account_number account_type name iban");
        Self { book, participants: ParticipantBook::default(), bank, policy, fields, keys: Vec::new() }
    }

    fn choose(&self, country: &str, amount: Money, now: &str) -> RouteChoice {
        let Self { book, participants, bank, policy, fields, keys } = self;
        let request = RouteRequest { kind: BeneficiaryKind::BankAccount, country, amount, at: at(now), fields, participants: keys };
        choose(&request, RouteInputs { book, participants, bank, policy })
    }

    fn us(&self, value: &str) -> RouteChoice {
        self.choose("US", amount("USD", value), "2026-11-27T12:00[America/New_York]")
    }

    fn terms(&mut self, id: &str) -> &mut BankTerms {
        self.bank.get_mut(id).unwrap()
    }
}

fn chosen(choice: &RouteChoice) -> Option<&str> {
    choice.chosen.as_ref().map(|rail| rail.rail.as_str())
}

fn reasons(choice: &RouteChoice, id: &str) -> String {
    let refused = choice.refused.iter().find(|rail| rail.rail == id);
    refused.map(|rail| rail.reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")).unwrap_or_default()
}

#[test]
fn the_cheapest_instant_rail_wins_and_every_other_has_a_reason() {
    let mut world = World::new(RailBook::built_in());
    world.terms("us-rtp").cost = Some(RailCost { typical: "0.30".parse().unwrap(), ..ours("us-rtp").cost.unwrap() });
    let choice = world.us("250.00");
    assert_eq!(chosen(&choice), Some("us-rtp"));
    let best = choice.chosen.clone().unwrap();
    assert!(best.instant && best.cost == Some("0.3".parse().unwrap()) && best.record_from == day("2026-01-01"));
    assert_eq!(choice.refused.len(), 19);
    assert!(choice.refused.iter().all(|rail| !rail.reasons.is_empty()));
    let ids: Vec<&String> = choice.refused.iter().map(|rail| &rail.rail).collect();
    assert!(ids.is_sorted());
    assert_eq!(
        reasons(&choice, "us-fednow"),
        "may be slower: the money would be there at the latest at 2026-11-27T17:00:20Z instead of 2026-11-27T17:00:15Z; dearer: 0.5 instead of 0.3"
    );
    assert!(reasons(&choice, "us-ach").starts_with("not instant: the money would be there at 2026-11-30T14:00:00Z; slower"));
    assert!(reasons(&choice, "us-fedwire").contains("the beneficiary lacks address"));
    assert!(reasons(&choice, "sepa-instant").contains("does not pay in US; does not pay USD"));
    assert!(reasons(&choice, "ewallet-paypal").starts_with("does not pay a bank-account"));
}

#[test]
fn without_an_instant_rail_the_fastest_wins() {
    let mut world = World::new(RailBook::built_in());
    for id in ["us-rtp", "us-fednow"] {
        world.terms(id).paused = Some("the bank is down".to_owned());
    }
    let choice = world.us("250.00");
    assert_eq!(chosen(&choice), Some("us-ach-same-day"));
    assert_eq!(reasons(&choice, "us-rtp"), "paused: the bank is down");
    assert!(reasons(&choice, "us-ach").starts_with("slower"), "{}", reasons(&choice, "us-ach"));
    world.fields.insert("address".to_owned());
    assert_eq!(chosen(&world.us("250.00")), Some("us-fedwire"), "minutes instead of hours, though it costs 20 USD");
    world.policy.preference = RoutePreference::Cheapest;
    assert_eq!(chosen(&world.us("250.00")), Some("us-ach"));
    let night = world.choose("US", amount("USD", "250.00"), "2026-11-28T12:00[America/New_York]");
    world.policy.preference = RoutePreference::Fastest;
    let night_fast = world.choose("US", amount("USD", "250.00"), "2026-11-28T12:00[America/New_York]");
    assert_eq!((chosen(&night), chosen(&night_fast)), (Some("us-ach"), Some("us-fedwire")));
    assert!(
        reasons(&night_fast, "us-ach").starts_with("closed until 2026-11-30T08:00:00Z"),
        "it opens after Fedwire does on Sunday evening"
    );
}

#[test]
fn a_cap_is_named_with_its_owner() {
    let mut world = World::new(RailBook::built_in());
    let cap = |value: &str| vec![DatedCap { amount: amount("USD", value), from: None, or_equivalent: false }];
    world.terms("us-fednow").caps = cap("500000");
    world.policy.caps.insert("us-rtp".to_owned(), cap("600000"));
    assert_eq!(chosen(&world.us("500000.00")), Some("us-rtp"), "a cap is the most that may be paid, and RTP must answer sooner");
    world.terms("us-rtp").paused = Some("test".to_owned());
    assert_eq!(chosen(&world.us("500000.00")), Some("us-fednow"));
    assert_eq!(chosen(&world.us("500000.01")), Some("us-ach-same-day"));
    world.terms("us-rtp").paused = None;
    let choice = world.us("2000000.00");
    assert_eq!(chosen(&choice), Some("us-ach"));
    assert_eq!(reasons(&choice, "us-fednow"), "the amount is above the cap of 500000.00 USD (bank)");
    assert_eq!(reasons(&choice, "us-rtp"), "the amount is above the cap of 600000.00 USD (own policy)");
    assert_eq!(reasons(&choice, "us-ach-same-day"), "the amount is above the cap of 1000000.00 USD (scheme)");
    let later = world.choose("US", amount("USD", "2000000.00"), "2027-09-17T12:00[America/New_York]");
    assert_eq!(chosen(&later), Some("us-ach-same-day"), "ten millions from this day on");
    let scheme = WhyNot::AboveCap { cap: crate::LowestCap { owner: CapOwner::Scheme, amount: amount("USD", "1000000") } };
    let before = world.choose("US", amount("USD", "2000000.00"), "2027-09-16T23:59:59[America/New_York]");
    assert!(before.refused.iter().any(|rail| rail.rail == "us-ach-same-day" && rail.reasons.contains(&scheme)));
}

#[test]
fn a_cap_in_another_currency_is_never_taken_for_none() {
    let mut world = World::new(RailBook::built_in());
    world.fields = names("email");
    let wallet = |world: &World, money: Money| {
        let World { book, participants, bank, policy, fields, keys } = world;
        let now = at("2026-11-27T12:00[UTC]");
        let request = RouteRequest { kind: BeneficiaryKind::Wallet, country: "DE", amount: money, at: now, fields, participants: keys };
        choose(&request, RouteInputs { book, participants, bank, policy })
    };
    assert_eq!(chosen(&wallet(&world, amount("USD", "20000"))), Some("ewallet-paypal"));
    let unknown = "the cap of 20000.00 USD or equivalent (scheme) can't be judged in EUR; give the rail's scheme caps one in EUR";
    for value in ["5", "90000"] {
        let choice = wallet(&world, amount("EUR", value));
        assert_eq!((chosen(&choice), reasons(&choice, "ewallet-paypal").as_str()), (None, unknown));
    }
    let own = DatedCap { amount: amount("EUR", "15000"), from: None, or_equivalent: false };
    world.terms("ewallet-paypal").caps = vec![own];
    assert_eq!(reasons(&wallet(&world, amount("EUR", "5")), "ewallet-paypal"), unknown, "the bank's cap doesn't answer for the scheme's");
    let text =
        crate::book::BUILT_IN.replace("or_equivalent = true }]", "or_equivalent = true }, { amount = \"15000\", currency = \"EUR\" }]");
    world.book = book(&text);
    assert_eq!(chosen(&wallet(&world, amount("EUR", "15000"))), Some("ewallet-paypal"));
    assert!(reasons(&wallet(&world, amount("EUR", "15000.01")), "ewallet-paypal").starts_with("the amount is above the cap"));
}

#[test]
fn only_listed_participants_are_reached() {
    let mut world = World::new(RailBook::built_in());
    let list = "kind,key,receives,extended_hours,from,until\nrouting-number,021000021,yes,no,,\n";
    world.participants.load(ParticipantList::from_csv("us-rtp", day("2026-11-01"), list.as_bytes()).unwrap());
    assert_eq!(chosen(&world.us("5")), Some("us-fednow"));
    assert_eq!(reasons(&world.us("5"), "us-rtp"), "not known to be reachable: the payee's bank is not known");
    world.keys = vec![ParticipantKey::routing_number("091000019").unwrap()];
    assert_eq!(reasons(&world.us("5"), "us-rtp"), "not reachable: the payee's bank is not in the list of 2026-11-01");
    world.keys.push(ParticipantKey::routing_number("021000021").unwrap());
    assert_eq!(chosen(&world.us("5")), Some("us-rtp"), "one of its keys is listed; RTP answers sooner at the same cost");
    world.policy.reach_without_list = false;
    let strict = world.us("5");
    assert_eq!(reasons(&strict, "us-fednow"), "not known to be reachable: no list of the rail's participants is loaded");
    world.bank.remove("us-rtp");
    assert_eq!((chosen(&world.us("5")), reasons(&world.us("5"), "us-rtp").as_str()), (None, "not offered by our bank"));
}

#[test]
fn a_partly_instant_rail_is_instant_while_it_is_open_for_the_payee() {
    let mut world = World::new(RailBook::built_in());
    world.fields = names("bank_code branch_code account_type account_number name");
    let yen = amount("JPY", "5000");
    let core = world.choose("JP", yen, "2026-11-27T10:00[Asia/Tokyo]");
    assert!(core.chosen.as_ref().is_some_and(|rail| rail.rail == "jp-zengin" && rail.instant));
    let evening = world.choose("JP", yen, "2026-11-27T20:00[Asia/Tokyo]");
    assert!(evening.chosen.is_some_and(|rail| !rail.instant && rail.expectation.starts == at("2026-11-30T08:30[Asia/Tokyo]")));
    let list = "kind,key,receives,extended_hours,from,until\nprovider,0001,yes,yes,,\n";
    world.participants.load(ParticipantList::from_csv("jp-zengin", day("2026-11-01"), list.as_bytes()).unwrap());
    world.keys = vec![ParticipantKey::provider("0001").unwrap()];
    assert!(world.choose("JP", yen, "2026-11-27T20:00[Asia/Tokyo]").chosen.is_some_and(|rail| rail.instant));
    let ended = world.choose("JP", yen, "2029-11-28T10:00[Asia/Tokyo]");
    assert!(ended.chosen.is_some(), "with extended hours the calendar doesn't matter");
    world.participants = ParticipantBook::default();
    let ended = world.choose("JP", yen, "2029-11-28T10:00[Asia/Tokyo]");
    assert_eq!(chosen(&ended), None);
    assert!(reasons(&ended, "jp-zengin").starts_with("holiday calendar JP ends on 2028-12-31"));
}

#[test]
fn rails_come_and_go_with_their_records() {
    const SECONDS: &str = "seconds = { typical = 1, longest = 2 }";
    let ended = rail_text("ended", "UTC", &format!("{SECONDS}\nvalid_until = \"2026-06-30\""));
    let later = with_line(&rail_text("later", "UTC", SECONDS), "valid_from", "valid_from = \"2027-01-01\"");
    let mut world = World::new(book(&(ended + &later)));
    let choice = world.choose("DE", amount("EUR", "5"), "2026-11-27T12:00[UTC]");
    assert_eq!(chosen(&choice), None);
    assert_eq!(reasons(&choice, "ended"), "withdrawn: its last record was valid until 2026-06-30");
    assert_eq!(reasons(&choice, "later"), "not valid before 2027-01-01");
    // Two that are equal in everything: the id decides, and the loser says so.
    let instant = |id: &str| with_line(&rail_text(id, "UTC", SECONDS), "instant", "instant = \"near\"");
    world = World::new(book(&(instant("b-rail") + &instant("a-rail"))));
    let tie = world.choose("DE", amount("EUR", "5"), "2026-11-27T12:00[UTC]");
    assert_eq!(
        (chosen(&tie), reasons(&tie, "b-rail").as_str()),
        (Some("a-rail"), "equal in time, and neither cost is known; the chosen rail comes first by its id")
    );
    assert!(!tie.chosen.unwrap().instant);
    world.policy.near_is_instant = true;
    assert!(world.choose("DE", amount("EUR", "5"), "2026-11-27T12:00[UTC]").chosen.unwrap().instant);
}

#[test]
fn a_tie_names_what_differs_and_no_two_equal_values() {
    let rail = |id: &str, typical: u32, longest: u32, cost: &str| {
        let cost = format!("cost = {{ currency = \"EUR\", low = \"0\", typical = \"{cost}\", high = \"9\" }}");
        rail_text(id, "UTC", &format!("seconds = {{ typical = {typical}, longest = {longest} }}\n{cost}"))
    };
    let lost = |other: &str| {
        let mut world = World::new(book(&(rail("a-rail", 5, 10, "1") + other)));
        world.policy.preference = RoutePreference::Fastest;
        let choice = world.choose("DE", amount("EUR", "5"), "2026-11-27T12:00[UTC]");
        assert_eq!(chosen(&choice), Some("a-rail"));
        reasons(&choice, "b-rail")
    };
    assert_eq!(lost(&rail("b-rail", 5, 10, "1")), "equal in time and cost; the chosen rail comes first by its id");
    assert_eq!(lost(&rail("b-rail", 5, 10, "2")), "dearer: 2 instead of 1");
    assert_eq!(
        lost(&rail("b-rail", 5, 11, "1")),
        "may be slower: the money would be there at the latest at 2026-11-27T12:00:11Z instead of 2026-11-27T12:00:10Z"
    );
    assert_eq!(
        lost(&rail("b-rail", 6, 10, "1")),
        "slower: the money would be there at 2026-11-27T12:00:06Z (at the latest 2026-11-27T12:00:10Z) instead of 2026-11-27T12:00:05Z"
    );
}

#[test]
fn the_record_of_the_day_of_the_start_decides() {
    const HOURS: &str = "seconds = { typical = 1, longest = 2 }\nsessions = [{ days = \"every\", opens = \"09:00\", closes = \"17:00\" }]";
    let until = |day: &str, more: &str| rail_text("test", "UTC", &format!("{HOURS}\nvalid_until = \"{day}\"\n{more}"));
    let from = |day: &str, more: &str| {
        let text = with_line(&rail_text("test", "UTC", more), "valid_from", &format!("valid_from = \"{day}\""));
        with_line(&text, "instant", "instant = \"yes\"")
    };
    let euros = |text: &str, now: &str, value: &str| World::new(book(text)).choose("DE", amount("EUR", value), now);
    let (open, closed) = ("2026-11-27T16:59[UTC]", "2026-11-27T18:00[UTC]");
    let ended = until("2026-11-27", "");
    assert_eq!(chosen(&euros(&ended, open, "5")), Some("test"));
    let withdrawn = euros(&ended, closed, "5");
    assert_eq!((chosen(&withdrawn), reasons(&withdrawn, "test").as_str()), (None, "withdrawn: its last record was valid until 2026-11-27"));
    assert_eq!(reasons(&euros(&(ended.clone() + &from("2026-11-29", HOURS)), closed, "5"), "test"), "not valid before 2026-11-29");
    // The next record is open at all hours and has a cap.
    let always = "seconds = { typical = 1, longest = 2 }\ncaps = [{ amount = \"5.00\", currency = \"EUR\" }]";
    let both = ended + &from("2026-11-28", always);
    let next = euros(&both, closed, "5").chosen.unwrap();
    assert_eq!((next.record_from, next.expectation.starts), (day("2026-11-28"), at("2026-11-28T00:00[UTC]")));
    assert!(!next.instant, "it is not instant now");
    assert_eq!(reasons(&euros(&both, closed, "5.01"), "test"), "the amount is above the cap of 5.00 EUR (scheme)");
    assert_eq!(euros(&both, open, "5.01").chosen.map(|rail| rail.record_from), Some(day("2026-01-01")), "today's record has no cap");
    // Open until midnight, but the last window of the last day is over.
    let windows = "windows = [{ name = \"a\", cutoff = \"14:00\", settles = \"D+1 09:00\", earliest = \"D+1 09:00\", typical = \"D+1 09:00\", latest = \"D+1 \
                   10:00\" }]\nvalid_until = \"2026-11-27\"";
    let batch = rail_text("test", "UTC", windows);
    assert_eq!(chosen(&euros(&batch, "2026-11-27T13:59[UTC]", "5")), Some("test"));
    assert!(reasons(&euros(&batch, "2026-11-27T14:00[UTC]", "5"), "test").starts_with("withdrawn"));
}

#[test]
fn costs_have_a_fixed_part_and_capped_basis_points() {
    let paypal = ours("ewallet-paypal").cost.unwrap();
    let cost = |code: &str, value: &str| item_cost(&paypal, amount(code, value)).map(|cost| cost.to_string());
    assert_eq!(cost("USD", "250").as_deref(), Some("5"));
    assert_eq!(cost("USD", "5000").as_deref(), Some("20"), "the most that the percentage costs");
    assert_eq!(cost("EUR", "250"), None, "its cost is known in USD only");
    let huge = RailCost { basis_points: Decimal::from(10_000), basis_points_max: None, typical: Decimal::MAX, ..paypal };
    assert_eq!(item_cost(&huge, amount("USD", "90000000000000")), None);
}

#[test]
fn a_rail_of_unknown_cost_is_never_the_cheapest() {
    const SECONDS: &str = "seconds = { typical = 1, longest = 2 }";
    let cost = format!("{SECONDS}\ncost = {{ currency = \"EUR\", low = \"9\", typical = \"9\", high = \"9\" }}");
    let mut world = World::new(book(&(rail_text("a-rail", "UTC", SECONDS) + &rail_text("b-rail", "UTC", &cost))));
    world.policy.preference = RoutePreference::Cheapest;
    let choice = world.choose("DE", amount("EUR", "5"), "2026-11-27T12:00[UTC]");
    assert_eq!(chosen(&choice), Some("b-rail"));
    assert_eq!(reasons(&choice, "a-rail"), "its cost in this currency is not known; the chosen rail costs 9");
    world.terms("a-rail").cost = ours("sepa-ct").cost;
    assert_eq!(chosen(&world.choose("DE", amount("EUR", "5"), "2026-11-27T12:00[UTC]")), Some("a-rail"), "the bank's price counts");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn every_rail_is_chosen_or_refused_once(value in 1_i64..2_000_000_000, hours in 0_i64..17_000, preference in 0..3, paused in 0_usize..20) {
        let mut world = World::new(RailBook::built_in());
        world.fields.insert("address".to_owned());
        world.policy.preference =
            [RoutePreference::CheapestInstant, RoutePreference::Fastest, RoutePreference::Cheapest][usize::try_from(preference).unwrap()];
        let id = world.book.ids().nth(paused).unwrap().to_owned();
        world.terms(&id).paused = Some("test".to_owned());
        let now = at("2026-11-27T12:00[UTC]").checked_add(jiff::Span::new().hours(hours)).unwrap();
        let amount = Money::try_new(Currency::try_new("USD").unwrap(), value).unwrap();
        let now = now.to_zoned(jiff::tz::TimeZone::UTC).to_string();
        let choice = world.choose("US", amount, &now);
        prop_assert_eq!(&choice, &world.choose("US", amount, &now));
        prop_assert_eq!(choice.refused.len() + usize::from(choice.chosen.is_some()), 20);
        prop_assert!(choice.refused.iter().all(|rail| !rail.reasons.is_empty()));
        let best = choice.chosen.unwrap();
        prop_assert!(best.rail != id);
        prop_assert!(best.expectation.starts >= at(&now) && best.expectation.earliest <= best.expectation.latest);
    }
}
