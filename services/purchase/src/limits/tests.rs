//! Limits by age, day and month; calendars of users who move; and hostile rules.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

use super::calendar::{day_of, with_zone};
use super::*;
use jiff::tz::TimeZone;
use money::Currency;
use proptest::prelude::*;

/// 12:00 of 30 November 2026, UTC.
const NOON_MS: i64 = 1_796_040_000_000;
const HOUR_MS: i64 = 3_600_000;

const RULES: &str = r#"
version = "2026-11"

[[rule]]
market = "CN"
valid_from = "2026-01-01"
source = "invented"
currency = "CNY"
time_zone = "Asia/Shanghai"
minimum_age = 8
unknown_counts_as = 16

[[rule.band]]
from_age = 8
purchase = "50.00"
month = "200.00"

[[rule.band]]
from_age = 16
purchase = "100.00"
day = "150.00"
month = "400.00"

[[rule.band]]
from_age = 18

[[rule]]
market = "CN"
valid_from = "2027-01-01"
source = "invented"
currency = "CNY"
time_zone = "Asia/Shanghai"
minimum_age = 18
"#;

fn cny(minor_units: i64) -> Money {
    Money::try_new(Currency::try_new("CNY").unwrap(), minor_units).unwrap()
}

fn refusal(age: Option<u32>, own: [OwnLimit; 2], spent: (i64, i64), price: i64) -> Option<String> {
    let rules = SpendingRules::parse("rules.toml", RULES).unwrap();
    let profile = SpendingProfile { age_at_least: age, ..SpendingProfile::default() };
    let rule = rules.rule_of("CN", NOON_MS);
    let today = day_of(&profile, &rule.unwrap().zone, NOON_MS);
    let spent = SpentSums { day: spent.0, month: spent.1 };
    let standing = SpendingStanding { rule, profile: &profile, own, spent, today: &today, currency: cny(0).currency() };
    standing.refusal(cny(price), NOON_MS).map(|refusal| match refusal {
        LimitRefusal::Limit(bound) => format!("{} {} {}", bound.set_by.word(), bound.window.word(), bound.left().unwrap()),
        other => other.reason().to_owned(),
    })
}

#[test]
fn ages_decide_what_a_market_allows() {
    let none = [OwnLimit::default(); 2];
    let limit = |text: &str| Some(text.to_owned());
    assert_eq!(refusal(Some(7), none, (0, 0), 1), limit("AGE"));
    assert_eq!(refusal(Some(8), none, (0, 0), 5_000), None);
    assert_eq!(refusal(Some(15), none, (0, 0), 5_001), limit("market purchase 5000"));
    assert_eq!(refusal(Some(15), none, (0, 16_000), 4_001), limit("market month 4000"));
    assert_eq!(refusal(Some(16), none, (10_000, 10_000), 5_001), limit("market day 5000"));
    assert_eq!(refusal(None, none, (10_000, 10_000), 5_001), limit("market day 5000"), "as of 16");
    assert_eq!(refusal(Some(18), none, (1_000_000, 9_000_000), 1_000_000), None);
    let own = [OwnLimit { most: Some(100), next: None }, OwnLimit::default()];
    assert_eq!(refusal(Some(18), own, (60, 60), 41), limit("user day 40"));
    assert_eq!(refusal(Some(18), own, (160, 160), 1), limit("user day 0"), "never less than nothing");
}

#[test]
fn the_latest_rule_that_has_begun_in_its_own_zone_counts() {
    let rules = SpendingRules::parse("rules.toml", RULES).unwrap();
    // 16:00 UTC of 31 December is the new year in Shanghai.
    let new_year = NOON_MS + 31 * 24 * HOUR_MS + 4 * HOUR_MS;
    let unknown = |at_ms| rules.rule_of("CN", at_ms).unwrap().limits(None).is_some();
    assert_eq!([new_year - 1, new_year].map(unknown), [true, false]);
    assert!(rules.rule_of("US", NOON_MS).is_none());
}

#[test]
fn a_price_in_another_currency_than_the_rules_is_beyond_every_limit() {
    let rules = SpendingRules::parse("rules.toml", RULES).unwrap();
    let profile = SpendingProfile { age_at_least: Some(16), ..SpendingProfile::default() };
    let rule = rules.rule_of("CN", NOON_MS);
    let today = day_of(&profile, &TimeZone::UTC, NOON_MS);
    let usd = Currency::try_new("USD").unwrap();
    let standing = SpendingStanding {
        rule,
        profile: &profile,
        own: [OwnLimit::default(); 2],
        spent: SpentSums::default(),
        today: &today,
        currency: usd,
    };
    assert!(matches!(standing.refusal(Money::try_new(usd, 1).unwrap(), NOON_MS), Some(LimitRefusal::Limit(_))));
}

#[test]
fn less_counts_at_once_and_more_after_the_delay() {
    let asked = |limit: OwnLimit, wanted, at| limit.asked(wanted, at, 100);
    let first = asked(OwnLimit::default(), Some(50), 1);
    assert_eq!(first, OwnLimit { most: Some(50), next: None });
    let more = asked(first, Some(70), 10);
    assert_eq!(more, OwnLimit { most: Some(50), next: Some((Some(70), 110)) });
    assert_eq!(asked(more, Some(70), 60), more, "asked for again, it is not awaited longer");
    assert_eq!(asked(more, Some(60), 60).next, Some((Some(60), 110)), "less than what is awaited is not awaited longer either");
    assert_eq!(asked(more, Some(80), 60).next, Some((Some(80), 160)));
    assert_eq!(asked(more, None, 60).next, Some((None, 160)), "no limit is the highest");
    assert_eq!(asked(more, Some(50), 60), first, "what is in force calls off what is awaited");
    assert_eq!(asked(more, Some(40), 60), OwnLimit { most: Some(40), next: None });
    assert_eq!([109, 110].map(|at| more.at(at).most), [Some(50), Some(70)]);
}

#[test]
fn a_user_who_moves_gets_no_day_twice() {
    let zone = |name: &str| Some(name.to_owned());
    let shanghai = SpendingProfile { time_zone: zone("Asia/Shanghai"), ..SpendingProfile::default() };
    let here = day_of(&shanghai, &TimeZone::UTC, NOON_MS);
    // 20:00 in Shanghai.
    assert_eq!(
        (here.day.to_string().as_str(), here.ends_at_ms, here.month_ends_at_ms),
        ("2026-11-30", NOON_MS + 4 * HOUR_MS, NOON_MS + 4 * HOUR_MS)
    );
    // Honolulu is 18 hours behind: until the day in Shanghai is over it is the same one, and after that the 30th goes on.
    let west = with_zone(shanghai.clone(), zone("Pacific/Honolulu"), NOON_MS, true);
    let days = [0, 3, 4, 21, 22].map(|hours| day_of(&west, &TimeZone::UTC, NOON_MS + hours * HOUR_MS).day.to_string());
    assert_eq!(days, ["2026-11-30", "2026-11-30", "2026-11-30", "2026-11-30", "2026-12-01"]);
    let now = day_of(&west, &TimeZone::UTC, NOON_MS);
    assert_eq!((now.ends_at_ms, now.month_ends_at_ms), (NOON_MS + 22 * HOUR_MS, NOON_MS + 22 * HOUR_MS));
    // Auckland is five hours ahead: its first of December counts once the 30th is over in Shanghai.
    let east = with_zone(shanghai.clone(), zone("Pacific/Auckland"), NOON_MS, true);
    let days = [0, 3, 4, 23].map(|hours| day_of(&east, &TimeZone::UTC, NOON_MS + hours * HOUR_MS).day.to_string());
    assert_eq!(days, ["2026-11-30", "2026-11-30", "2026-12-01", "2026-12-02"]);
    // Asking again puts nothing off, and going back calls it off.
    assert_eq!(with_zone(east.clone(), zone("Pacific/Auckland"), NOON_MS + HOUR_MS, true), east);
    assert_eq!(with_zone(east, zone("Asia/Shanghai"), NOON_MS + HOUR_MS, true), shanghai);
    assert_eq!(with_zone(shanghai, zone("Pacific/Auckland"), NOON_MS, false).next_zone, None, "nothing was spent");
}

#[test]
fn invalid_rules_are_refused_with_their_line() {
    let says = |from: &str, to: &str, line: usize, what: &str| {
        let why = SpendingRules::parse("rules.toml", &RULES.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(why.contains(&format!("line {line}:")) && why.contains(what), "{why}");
    };
    says("\"CN\"", "\"China\"", 4, "market");
    says("\"invented\"", "\" \"", 4, "source");
    says("\"CNY\"", "\"yuan\"", 4, "currency");
    says("Asia/Shanghai", "Asia/Nowhere", 4, "time_zone");
    says("minimum_age = 8", "minimum_age = 200", 4, "minimum_age");
    says("minimum_age = 8", "minimum_age = -8", 10, "");
    says("\"50.00\"", "\"50.001\"", 4, "purchase: has more digits");
    says("\"50.00\"", "\"-50.00\"", 4, "purchase");
    says("from_age = 16", "from_age = 8", 4, "from_age must increase");
    says("2026-01-01", "2026-02-30", 4, "valid_from");
    says("2027-01-01", "2026-01-01", 27, "same market and day");
    says("version", "surprise = 1\nversion", 2, "surprise");
    assert!(SpendingRules::parse("rules.toml", "").is_err());
}

proptest! {
    /// However a user moves about, the name of the day never goes back while something was spent, and a day ends after it began.
    #[test]
    fn days_never_come_again(moves in prop::collection::vec((0_usize..5, 1_i64..40), 1..30)) {
        let zones = ["Asia/Shanghai", "Pacific/Kiritimati", "Etc/GMT+12", "America/New_York", ""];
        let (mut profile, mut at_ms, mut last) = (SpendingProfile::default(), NOON_MS, None);
        for (zone, hours) in moves {
            profile = with_zone(profile, Some(zones[zone].to_owned()).filter(|name| !name.is_empty()), at_ms, true);
            at_ms += hours * HOUR_MS;
            let today = day_of(&profile, &TimeZone::UTC, at_ms);
            prop_assert!(today.ends_at_ms > at_ms && today.month_ends_at_ms >= today.ends_at_ms);
            // A day may be one that counted before, but each has one allowance: what is spent is counted by its name.
            let day_back = last.map_or(0, |last: jiff::civil::Date| (last - today.day).get_days());
            prop_assert!(day_back <= 1, "{day_back} days back");
            last = Some(today.day);
        }
    }

    /// However the limits of two people who are one stand, neither is exceeded, and in the end the lower holds.
    #[test]
    fn joined_limits_are_never_higher_than_either(asked in prop::collection::vec((any::<bool>(), 0_i64..12, prop::option::of(0_i64..9)), 0..12), at in 0_i64..60) {
        let (mut both, mut now_ms) = ([OwnLimit::default(); 2], NOON_MS);
        for (first, hours, most) in asked {
            now_ms += hours * HOUR_MS;
            let of = &mut both[usize::from(first)];
            *of = of.asked(most, now_ms, 24 * HOUR_MS);
        }
        let [one, other] = both;
        let joined = one.joined(other, now_ms);
        prop_assert_eq!(joined, other.joined(one, now_ms));
        prop_assert_eq!(joined.joined(other, now_ms), joined, "the other's does not come a second time");
        let lowest = |at_ms: i64| lower(one.at(at_ms).most, other.at(at_ms).most);
        prop_assert_eq!(joined.at(now_ms).most, lowest(now_ms));
        let later = now_ms + at * HOUR_MS;
        prop_assert!(!is_lower(lowest(later), joined.at(later).most), "{:?} at {}", joined, at);
        prop_assert_eq!(joined.at(i64::MAX).most, lowest(i64::MAX));
    }
}
