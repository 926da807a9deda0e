//! Unit tests of `domain::report`.
use super::*;

const CREATED_MS: i64 = 1_764_201_600_000; // 2025-11-27T00:00:00Z

fn usd() -> Currency {
    Currency::try_new("USD").unwrap()
}

pub fn paid(minor_units: i64, took_ms: i64) -> ReportedPayout {
    ReportedPayout {
        currency: usd(),
        minor_units,
        rail: "us-rtp".to_owned(),
        bank: "first".to_owned(),
        bank_account: "main".to_owned(),
        country: "US".to_owned(),
        state: PayoutState::Settled,
        cost_minor_units: 50,
        created_at_ms: CREATED_MS,
        final_at_ms: CREATED_MS + took_ms,
        reason_code: String::new(),
        returned_minor_units: 0,
    }
}

fn rejected(code: &str) -> ReportedPayout {
    ReportedPayout { state: PayoutState::Rejected, reason_code: code.to_owned(), ..paid(700, 900) }
}

fn report(by: &[ReportDimension]) -> PayoutReport {
    PayoutReport::new(by.iter().copied().collect(), 20_000)
}

fn total(report: &PayoutReport) -> &LineSums {
    &report.totals()[&usd()]
}

#[test]
fn a_line_counts_what_was_paid_rejected_returned_and_is_unknown() {
    let mut report = report(&[]);
    for payout in [
        paid(1_000, 4_000),
        paid(2_000, 30_000),
        ReportedPayout { state: PayoutState::SettledReturnable, ..paid(5_000, 20_000) },
        ReportedPayout { returned_minor_units: 600, ..paid(600, 8_000) },
        ReportedPayout { state: PayoutState::OutcomeUnknown, final_at_ms: 0, ..paid(300, 0) },
        ReportedPayout { state: PayoutState::Cancelled, ..paid(90, 10) },
        rejected("AC04"),
        rejected("AC04"),
        rejected(""),
    ] {
        report.add(&payout).unwrap();
    }
    let sums = total(&report);
    assert_eq!((sums.payouts, sums.amount), (9, 1_000 + 2_000 + 5_000 + 600 + 300 + 90 + 3 * 700));
    assert_eq!((sums.paid, sums.paid_amount, sums.cost), (4, 8_600, 200), "only what was paid costs");
    assert_eq!((sums.instant, sums.instant_share()), (3, Some("0.75".parse().unwrap())), "20 seconds are within 20 seconds, 30 are not");
    assert_eq!((sums.returned, sums.returned_amount, sums.unknown), (1, 600, 1));
    assert_eq!(sums.rejects(), [("AC04", 2), (NO_CODE, 1)]);
}

#[test]
fn lines_are_divided_by_currency_and_what_was_asked_for() {
    let next_day = ReportedPayout { created_at_ms: CREATED_MS + 86_400_000, final_at_ms: CREATED_MS + 86_401_000, ..paid(10, 0) };
    let euro = ReportedPayout {
        currency: Currency::try_new("EUR").unwrap(),
        country: "DE".to_owned(),
        rail: "sepa-instant".to_owned(),
        ..paid(7, 1)
    };
    let fill = |by: &[ReportDimension]| {
        let mut report = report(by);
        for payout in [&paid(1, 1), &paid(2, 1), &next_day, &euro] {
            report.add(payout).unwrap();
        }
        report
    };
    assert_eq!(fill(&[]).lines().len(), 2, "currencies are never added up");
    let all = fill(&[ReportDimension::Rail, ReportDimension::Bank, ReportDimension::Country, ReportDimension::Day]);
    let lines: Vec<(String, u64, i64)> = all
        .lines()
        .iter()
        .map(|(key, sums)| {
            let LineKey { currency, rail, bank, country, day } = key;
            (format!("{} {rail} {bank} {country} {day}", currency.code()), sums.payouts, sums.amount)
        })
        .collect();
    let line = |text: &str, payouts, amount| (text.to_owned(), payouts, amount);
    assert_eq!(
        lines,
        [
            line("EUR sepa-instant first DE 2025-11-27", 1, 7),
            line("USD us-rtp first US 2025-11-27", 2, 3),
            line("USD us-rtp first US 2025-11-28", 1, 10),
        ]
    );
    assert_eq!((total(&all).payouts, total(&all).amount), (3, 13));
}

#[test]
fn percentiles_of_a_million_payouts_are_within_a_hundredth_in_bounded_memory() {
    let mut report = report(&[ReportDimension::Day]);
    // 1 to 1,000,000 ms in a mixed order, each once: half take at most 500,000.
    let mut at = 0_i64;
    for _ in 0..1_000_000 {
        at = (at + 611_953) % 1_000_000;
        report.add(&paid(1, at + 1)).unwrap();
    }
    let sums = total(&report);
    let within = |value: u64, wanted: u64| value.abs_diff(wanted) * 100 <= wanted;
    assert!(within(sums.account_time_ms(0.5), 500_000), "{}", sums.account_time_ms(0.5));
    assert!(within(sums.account_time_ms(0.99), 990_000), "{}", sums.account_time_ms(0.99));
    assert_eq!((report.lines().len(), sums.instant), (1, 20_000));
    let bytes = sums.times.distinct_values() * size_of::<u32>();
    assert!(bytes < 20_000, "a histogram takes {bytes} bytes, however many payouts it has");
}

#[test]
fn what_nobody_was_paid_has_no_time_and_no_share() {
    let mut report = report(&[]);
    report.add(&rejected("AM04")).unwrap();
    let sums = total(&report);
    assert_eq!((sums.account_time_ms(0.5), sums.account_time_ms(0.99), sums.instant_share()), (0, 0, None));
}

#[test]
fn a_share_is_one_only_if_all_were_instant() {
    let mut report = report(&[]);
    for _ in 0..99_999 {
        report.add(&paid(1, 1)).unwrap();
    }
    report.add(&paid(1, 60_000)).unwrap();
    assert_eq!(total(&report).instant_share(), Some("0.9999".parse().unwrap()));
}

#[test]
fn clocks_that_were_set_back_and_times_without_end_are_counted() {
    let mut report = report(&[]);
    report.add(&paid(1, -5_000)).unwrap();
    report.add(&ReportedPayout { final_at_ms: i64::MAX, created_at_ms: i64::MIN, ..paid(1, 0) }).unwrap();
    let sums = total(&report);
    assert_eq!((sums.paid, sums.instant), (2, 1));
    assert!(sums.account_time_ms(0.99) >= TIME_MS_MAX);
}

#[test]
fn limits_refuse_the_report_and_never_give_a_wrong_sum() {
    let mut report = report(&[ReportDimension::Bank]);
    for number in 0..LINES_MAX {
        report.add(&ReportedPayout { bank: number.to_string(), ..paid(1, 1) }).unwrap();
    }
    report.add(&ReportedPayout { bank: "7".to_owned(), ..paid(1, 1) }).unwrap();
    assert_eq!(report.add(&ReportedPayout { bank: "more".to_owned(), ..paid(1, 1) }), Err(ReportLimit::Lines));
    let mut report = self::report(&[]);
    report.add(&paid(i64::MAX, 1)).unwrap();
    assert_eq!(report.add(&paid(1, 1)), Err(ReportLimit::Sum));
}

#[test]
fn codes_without_number_are_counted_together() {
    let mut report = report(&[]);
    for number in 0..CODES_MAX + 5 {
        report.add(&rejected(&format!("X{number:03}"))).unwrap();
    }
    report.add(&rejected("X000")).unwrap();
    let rejects = total(&report).rejects();
    assert_eq!(rejects.len(), CODES_MAX + 1);
    assert_eq!(rejects[..2], [(OTHER_CODES, 5), ("X000", 2)]);
    assert_eq!(rejects.iter().map(|(_, count)| count).sum::<u64>(), 46);
}
