//! Rights of withdrawal by day and market.

use super::*;

fn right(market: &str, from: &str, days: u32) -> WithdrawalRight {
    WithdrawalRight { market: market.to_owned(), from: from.to_owned(), days, unspent_only: true, source: String::new() }
}

#[test]
fn the_latest_row_of_a_market_that_has_begun_counts() {
    let options = RefundOptions {
        withdrawal: vec![
            right("DE", "2026-01-01", 14),
            right("DE", "2026-06-01", 30),
            right("", "2026-03-01", 7),
            right("US", "2026-01-01", 0),
        ],
        one_person_up_to: Vec::new(),
    };
    assert_eq!(options.problem(), None);
    let days = |market: &str, day: &str| options.withdrawal_of(market, day.parse().unwrap()).map(|right| right.days);
    assert_eq!(days("DE", "2025-12-31"), None);
    assert_eq!((days("DE", "2026-01-01"), days("DE", "2026-05-31"), days("DE", "2026-06-01")), (Some(14), Some(14), Some(30)));
    assert_eq!((days("FR", "2026-02-28"), days("FR", "2026-03-01"), days("", "2026-03-01")), (None, Some(7), Some(7)));
    assert_eq!(days("US", "2026-04-01"), None, "its own row says that there is none");
}

#[test]
fn rows_that_mean_nothing_are_refused() {
    let with = |right| RefundOptions { withdrawal: vec![right], one_person_up_to: Vec::new() };
    for wrong in
        [right("de", "2026-01-01", 14), right("DEU", "2026-01-01", 14), right("DE", "1 January", 14), right("DE", "2026-01-01", 3_651)]
    {
        assert!(with(wrong.clone()).problem().is_some(), "{wrong:?}");
    }
    let twice = vec![right("DE", "2026-01-01", 14), right("DE", "2026-01-01", 30)];
    assert!(RefundOptions { withdrawal: twice, one_person_up_to: Vec::new() }.problem().is_some());
    let limits = |limits: &[(&str, i64)]| RefundOptions {
        withdrawal: Vec::new(),
        one_person_up_to: limits
            .iter()
            .map(|(currency, minor_units)| PriceFrom { currency: (*currency).to_owned(), minor_units: *minor_units })
            .collect(),
    };
    for wrong in [&[("usd", 1)][..], &[("USD", -1)], &[("USD", 1), ("USD", 2)]] {
        assert!(limits(wrong).problem().is_some(), "{wrong:?}");
    }
    let good = limits(&[("USD", 5_000)]);
    assert_eq!(
        (good.problem(), good.one_person_max(Currency::try_new("USD").unwrap()), good.one_person_max(Currency::try_new("EUR").unwrap())),
        (None, 5_000, 0)
    );
}
