//! Every kind of difference by itself: what is owed is cleared to the unit, whatever the reports say.
use super::*;
use rust_decimal::Decimal;
use storereports::{PayoutStanding, ReportLineKind};

fn code(code: &str) -> Currency {
    Currency::try_new(code).unwrap()
}

fn day() -> Date {
    jiff::civil::date(2026, 11, 3)
}

/// A line of a transaction: cents of dollars, and of the currency in which the store pays.
fn line(kind: ReportLineKind, transaction_id: &str, cents: i64, paid: (i64, &str)) -> ReportLine {
    ReportLine {
        line_no: 2,
        kind,
        transaction_id: transaction_id.to_owned(),
        product_id: "coins.70".to_owned(),
        market: "US".to_owned(),
        quantity: match kind {
            ReportLineKind::Sale => 1,
            ReportLineKind::Refund => -1,
            _ => 0,
        },
        amount: Decimal::new(cents, 2),
        currency: code("USD"),
        proceeds: Decimal::new(paid.0, 2),
        proceeds_currency: code(paid.1),
        happened_on: day(),
    }
}

fn dollars(kind: ReportLineKind, transaction_id: &str, cents: i64) -> ReportLine {
    line(kind, transaction_id, cents, (cents, "USD"))
}

/// A sale of ours, or with a step a refund of it.
fn own(transaction_id: &str, step_no: i64, (gross, tax, commission): (i64, i64, i64)) -> OwnPart {
    OwnPart {
        purchase_id: Uuid::from_u128(transaction_id.bytes().map(u128::from).sum()),
        step_no,
        transaction_id: transaction_id.to_owned(),
        product_id: "coins.70".to_owned(),
        market: "US".to_owned(),
        entity: "main".to_owned(),
        quantity: if step_no == 0 { 1 } else { -1 },
        at_ms: 0,
        currency: code("USD"),
        gross,
        tax,
        commission,
        settled_by: None,
    }
}

const SETTLEMENT: Uuid = Uuid::from_u128(7);

fn compare(lines: &[ReportLine], payouts: &[StatedPayout], ours: &[OwnPart], carried_in: i64) -> PeriodOutcome {
    let mut by_transaction: HashMap<String, Vec<OwnPart>> = HashMap::new();
    for part in ours {
        by_transaction.entry(part.transaction_id.clone()).or_default().push(part.clone());
    }
    let open: Vec<OwnPart> = ours.iter().filter(|part| part.settled_by.is_none()).cloned().collect();
    let of = PeriodComparison {
        settlement_id: SETTLEMENT,
        entity: "main",
        lines,
        payouts,
        by_transaction: &by_transaction,
        open: &open,
        carried_in,
        keeps_balance: false,
    };
    let is_apple = lines.iter().all(|line| line.transaction_id.is_empty());
    let compared = if is_apple { by_sums(&of) } else { by_transactions(&of) }.unwrap();
    for (currency, amounts) in &compared.amounts {
        let owed: i64 = compared.covered.iter().filter(|part| part.currency == *currency).map(OwnPart::expected).sum();
        let carried = if Some(*currency) == compared.proceeds_currency { carried_in - compared.carried_out } else { 0 };
        assert_eq!(amounts.all().iter().sum::<i64>(), owed + carried, "{currency} is cleared to the unit");
    }
    compared
}

fn named(compared: &PeriodOutcome) -> Vec<(&'static str, String)> {
    compared.differences.iter().map(|one| (one.kind.name(), one.amount.normalize().to_string())).collect()
}

fn of(compared: &PeriodOutcome, currency: &str) -> SettledAmounts {
    compared.amounts[&code(currency)]
}

#[test]
fn what_is_as_expected_is_claimed_and_nothing_differs() {
    let lines = [dollars(ReportLineKind::Sale, "a", 110), dollars(ReportLineKind::Tax, "a", -10), dollars(ReportLineKind::Fee, "a", -30)];
    let compared = compare(&lines, &[], &[own("a", 0, (110, 10, 30))], 0);
    assert_eq!(of(&compared, "USD"), SettledAmounts { claimed: 70, ..Default::default() });
    assert_eq!((named(&compared), compared.paid), (Vec::new(), 70));
}

#[test]
fn commission_tax_withholding_and_reserve_are_told_apart() {
    let lines = [
        dollars(ReportLineKind::Sale, "a", 110),
        dollars(ReportLineKind::Tax, "a", -12),
        dollars(ReportLineKind::Fee, "a", -15),
        dollars(ReportLineKind::Withholding, "", -5),
        dollars(ReportLineKind::Reserve, "", -7),
    ];
    let compared = compare(&lines, &[], &[own("a", 0, (110, 10, 30))], 0);
    let expected = SettledAmounts { fee: -15, contra: 2, withheld: 5, reserved: 7, claimed: 71, ..Default::default() };
    assert_eq!(of(&compared, "USD"), expected);
    let differences = [("withholding", "0.05"), ("reserve", "0.07"), ("tax", "0.02"), ("commission", "-0.15")];
    assert_eq!(named(&compared), differences.map(|(kind, amount)| (kind, amount.to_owned())));
}

#[test]
fn lines_of_none_of_ours_and_repeated_ones_wait_for_people_and_ours_stay_owed() {
    let lines =
        [dollars(ReportLineKind::Sale, "a", 100), dollars(ReportLineKind::Sale, "strange", 40), dollars(ReportLineKind::Sale, "old", 20)];
    let settled = OwnPart { settled_by: Some(Uuid::from_u128(1)), ..own("old", 0, (20, 0, 0)) };
    let compared = compare(&lines, &[], &[own("a", 0, (100, 0, 0)), own("late", 0, (50, 0, 0)), settled], 0);
    assert_eq!(of(&compared, "USD"), SettledAmounts { difference: -60, claimed: 160, ..Default::default() });
    let differences = [("repeated", "-0.2"), ("missing_here", "-0.4"), ("missing_at_store", "0.5")];
    assert_eq!(named(&compared), differences.map(|(kind, amount)| (kind, amount.to_owned())));
    // Its own parts of an earlier comparison are no repetition.
    let again = OwnPart { settled_by: Some(SETTLEMENT), ..own("old", 0, (20, 0, 0)) };
    let compared = compare(&[dollars(ReportLineKind::Sale, "old", 20)], &[], &[again], 0);
    assert_eq!((named(&compared), compared.paid), (Vec::new(), 20));
}

#[test]
fn a_negative_month_is_carried_and_taken_off_the_next_one() {
    let refunded = [dollars(ReportLineKind::Refund, "a", -70)];
    let compared = compare(&refunded, &[], &[own("a", 0, (70, 0, 0)), own("a", 1, (-70, 0, 0))], 0);
    assert_eq!((compared.paid, compared.carried_out, of(&compared, "USD")), (0, -70, SettledAmounts::default()));
    let compared = compare(&[dollars(ReportLineKind::Sale, "b", 100)], &[], &[own("b", 0, (100, 0, 0))], -70);
    assert_eq!((compared.paid, compared.carried_out, of(&compared, "USD").claimed), (30, 0, 30));
    // Not enough yet.
    let compared = compare(&[dollars(ReportLineKind::Sale, "b", 60)], &[], &[own("b", 0, (60, 0, 0))], -70);
    assert_eq!((compared.paid, compared.carried_out, of(&compared, "USD").claimed), (0, -10, 0));
}

#[test]
fn what_is_exchanged_goes_through_the_position_of_both_currencies() {
    let lines = [line(ReportLineKind::Sale, "a", 99, (89, "EUR")), line(ReportLineKind::Fee, "a", -29, (-26, "EUR"))];
    let withheld = ReportLine { currency: code("EUR"), ..line(ReportLineKind::Withholding, "", -3, (-3, "EUR")) };
    let compared = compare(&[lines[0].clone(), lines[1].clone(), withheld], &[], &[own("a", 0, (99, 0, 29))], 0);
    assert_eq!(of(&compared, "USD"), SettledAmounts { exchanged: 70, ..Default::default() });
    assert_eq!(of(&compared, "EUR"), SettledAmounts { exchanged: -63, withheld: 3, claimed: 60, ..Default::default() });
}

fn payout(cents: i64, standing: PayoutStanding) -> StatedPayout {
    StatedPayout {
        currency: code("USD"),
        amount: Decimal::new(cents, 2),
        proceeds_currency: code("USD"),
        proceeds: Decimal::new(cents, 2),
        rate: None,
        standing,
        arrives_on: None,
    }
}

#[test]
fn a_payout_is_in_transit_until_it_is_paid_and_one_that_failed_stays_owed() {
    let lines = [dollars(ReportLineKind::Sale, "a", 74), dollars(ReportLineKind::Fee, "a", -30), dollars(ReportLineKind::FeeTax, "a", -2)];
    let ours = [own("a", 0, (74, 0, 0))];
    let fees = SettledAmounts { fee: 30, fee_tax: 2, ..Default::default() };
    let compared = compare(&lines, &[payout(42, PayoutStanding::OnItsWay)], &ours, 0);
    assert_eq!(of(&compared, "USD"), SettledAmounts { in_transit: 42, ..fees });
    let compared = compare(&lines, &[payout(42, PayoutStanding::Paid)], &ours, 0);
    assert_eq!((of(&compared, "USD"), named(&compared)), (SettledAmounts { claimed: 42, ..fees }, Vec::new()));
    let compared = compare(&lines, &[payout(42, PayoutStanding::Failed)], &ours, 0);
    assert_eq!((of(&compared, "USD"), compared.carried_out), (fees, 42));
}

#[test]
fn sums_by_product_cover_the_oldest_and_the_summary_says_what_is_paid() {
    let sold = |kind, quantity: i64, cents| ReportLine { quantity, ..line(kind, "", cents, (cents, "USD")) };
    let ours = [own("a", 0, (99, 0, 29)), own("b", 0, (99, 0, 29)), own("a", 1, (-99, 0, -29)), own("c", 0, (99, 0, 29))];
    let exchanged = StatedPayout {
        proceeds_currency: code("EUR"),
        proceeds: Decimal::new(60, 2),
        rate: Some(Decimal::new(9, 1)),
        ..payout(68, PayoutStanding::Paid)
    };
    let lines = [sold(ReportLineKind::Sale, 2, 138), sold(ReportLineKind::Refund, -1, -70)];
    let compared = compare(&lines, std::slice::from_ref(&exchanged), &ours, 0);
    assert_eq!(of(&compared, "USD"), SettledAmounts { fee: 2, exchanged: 68, ..Default::default() });
    assert_eq!(of(&compared, "EUR"), SettledAmounts { exchanged: -60, claimed: 60, ..Default::default() });
    let differences = [("commission", "0.02"), ("exchange", "0.012"), ("missing_at_store", "0.7")];
    assert_eq!(named(&compared), differences.map(|(kind, amount)| (kind, amount.to_owned())));
    // More pieces than ours, and a summary that pays less than the lines.
    let lines = [sold(ReportLineKind::Sale, 4, 280)];
    let compared = compare(&lines, &[payout(270, PayoutStanding::Paid)], &ours[..2], 0);
    assert_eq!(of(&compared, "USD"), SettledAmounts { difference: -130, claimed: 270, ..Default::default() });
    assert_eq!(named(&compared), [("missing_here", "-1.4".to_owned()), ("amount", "0.1".to_owned())]);
}
