//! Unit tests of `domain::wallet`: arithmetic against numbers computed by hand.
use super::{super::PayoutState, *};

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn usd() -> Currency {
    Currency::try_new("USD").unwrap()
}

fn levels(texts: [&str; 3]) -> Leveled<Decimal> {
    let [low, typical, high] = texts.map(decimal);
    Leveled { low, typical, high }
}

/// Fixed part, basis points, least, most; `-` for no upper bound.
fn fee([fixed, basis_points, least, most]: [&str; 4]) -> WalletFee {
    let most = (most != "-").then(|| decimal(most));
    WalletFee { fixed: decimal(fixed), basis_points: decimal(basis_points), least: decimal(least), most }
}

fn origin() -> FigureOrigin {
    FigureOrigin { source: "invented".to_owned(), confidence: "K".to_owned(), as_of: "2026-11-26".parse().unwrap() }
}

fn baseline() -> WalletBaseline {
    let free = fee(["0", "0", "0", "-"]);
    let wallet = WalletRecord {
        id: "wallet".to_owned(),
        name: "A wallet".to_owned(),
        currency: usd(),
        valid_from: "2026-01-01".parse().unwrap(),
        fee: Leveled { low: fee(["0.25", "0", "0", "-"]), typical: fee(["0", "200", "0", "1"]), high: fee(["0", "200", "0", "20"]) },
        withdrawal: Leveled { low: free.clone(), typical: free, high: fee(["0", "175", "0.25", "25"]) },
        spread_basis_points: levels(["0", "0", "400"]),
        days: levels(["1", "2", "3"]),
        origin: origin(),
    };
    let bank = BankPrices {
        id: "bank".to_owned(),
        currency: usd(),
        valid_from: "2026-01-01".parse().unwrap(),
        monthly: levels(["0", "25", "100"]),
        returned: levels(["0", "5", "15"]),
        check: levels(["0", "0.20", "0.50"]),
        origin: origin(),
    };
    WalletBaseline::new(wallet, bank)
}

fn rtp() -> RailCost {
    RailCost {
        currency: usd(),
        low: decimal("0.25"),
        typical: decimal("0.50"),
        high: decimal("1.50"),
        basis_points: Decimal::ZERO,
        basis_points_max: None,
    }
}

fn paid(minor_units: i64) -> ReportedPayout {
    ReportedPayout {
        currency: usd(),
        minor_units,
        rail: "us-rtp".to_owned(),
        bank: "first".to_owned(),
        bank_account: "main".to_owned(),
        country: "US".to_owned(),
        state: PayoutState::Settled,
        cost_minor_units: 50,
        created_at_ms: 0,
        final_at_ms: 4_000,
        reason_code: String::new(),
        returned_minor_units: 0,
    }
}

fn texts<const N: usize>(amounts: [Decimal; N]) -> [String; N] {
    amounts.map(|amount| amount.normalize().to_string())
}

#[test]
fn both_sides_bear_all_their_costs_at_every_level() {
    let mut baseline = baseline();
    baseline.add(&paid(1_000), Some(&rtp()));
    baseline.add(&ReportedPayout { returned_minor_units: 300, ..paid(10_000) }, Some(&rtp()));
    assert_eq!((baseline.payouts, baseline.minor_units, baseline.left_out), (2, 11_000, 0));
    // 73 days are 2.4 months.
    let [low, typical, high] = baseline.levels(Decimal::from(73), 4_000).unwrap();
    assert_eq!(texts(low.wallet), ["0.5", "0", "0"]);
    assert_eq!(texts(low.bank), ["0.5", "0", "0", "0"]);
    assert_eq!((low.level, low.times_cheaper, low.times_faster), ("low", Some(decimal("1")), Some(decimal("21600"))));
    // 2 per cent of 10 are 0.20; of 100 they are 2, capped at 1.
    assert_eq!(texts(typical.wallet), ["1.2", "0", "0"]);
    assert_eq!(texts(typical.bank), ["1", "60", "5", "0.4"]);
    assert_eq!((typical.wallet_total(), typical.bank_total()), (decimal("1.20"), decimal("66.40")));
    assert_eq!((typical.times_cheaper, typical.times_faster), (Some(decimal("0.01")), Some(decimal("43200"))), "1.20 / 66.40 is 0.018");
    // 0.20 + 2; 0.25 (1.75 per cent of 10 is less) + 1.75; 4 per cent of 110.
    assert_eq!(texts(high.wallet), ["2.2", "2", "4.4"]);
    assert_eq!(texts(high.bank), ["3", "240", "15", "1"]);
    assert_eq!((high.times_cheaper, high.days), (Some(decimal("0.03")), decimal("3")), "8.60 / 259 is 0.0332");
    // At `high`, one payout bears half of 256 beside its item of 1.50. 10 x 129.50 is reached by 20 + 25 + 4 per cent of 31,250.
    assert_eq!(high.ten_times, Some(TenTimes { from: 3_125_000, until: None }));
    assert_eq!(low.ten_times, None, "0.25 is never ten times 0.25");
}

#[test]
fn many_payouts_make_the_bank_ten_times_cheaper() {
    let mut baseline = baseline();
    for _ in 0..1_000 {
        baseline.add(&paid(50_000), Some(&rtp()));
    }
    let [.., high] = baseline.levels(Decimal::from(365), 3_000).unwrap();
    // 1,000 x (10 + 8.75 + 20) beside 1,500 + 1,200 + 500.
    assert_eq!((high.wallet_total(), high.bank_total()), (decimal("38750"), decimal("3200")));
    assert_eq!(high.times_cheaper, Some(decimal("12.1")), "12.109");
    // One payout costs 3.20; 7.75 per cent of 412.91 are 32.0005, of 412.90 they are 31.99975.
    assert_eq!(high.ten_times, Some(TenTimes { from: 41_291, until: None }));
}

#[test]
fn break_even_amounts_are_those_computed_by_hand() {
    let free = fee(["0", "0", "0", "-"]);
    let from_until = |ask: [&str; 4], item: [&str; 4], share: &str, digits: u32| {
        let (ask, item) = (fee(ask), fee(item));
        ten_times_cheaper([&ask, &free, &free], &item, decimal(share), digits).map(|range| (range.from, range.until))
    };
    let two_per_cent = ["0", "200", "0", "-"];
    // 2 per cent of 250 are 5.
    assert_eq!(from_until(two_per_cent, ["0.50", "0", "0", "-"], "0", 2), Some((25_000, None)));
    assert_eq!(from_until(["0", "200", "0", "20"], ["0.50", "0", "0", "-"], "0", 2), Some((25_000, None)), "20 stays above 5");
    assert_eq!(from_until(["0", "200", "0", "1"], ["0.50", "0", "0", "-"], "0", 2), None, "1 never reaches 5");
    assert_eq!(from_until(["0", "200", "0", "5"], ["0.50", "0", "0", "-"], "0", 2), Some((25_000, None)), "the cap itself is enough");
    assert_eq!(from_until(two_per_cent, ["0.50", "0", "0", "-"], "0.20", 2), Some((35_000, None)), "7 is 2 per cent of 350");
    assert_eq!(from_until(["0.25", "0", "0", "-"], ["0.02", "0", "0", "-"], "0", 2), Some((1, None)), "from the first cent");
    // 3.3333 is 2 per cent of 166.665: rounded up to the next cent.
    assert_eq!(from_until(two_per_cent, ["0.33333", "0", "0", "-"], "0", 2), Some((16_667, None)));
    // 2 per cent reach 1 + 1 per cent at 100; the cap of 20 falls behind 1 + 1 per cent above 1,900.
    assert_eq!(from_until(["0", "200", "0", "20"], ["0.10", "10", "0", "-"], "0", 2), Some((10_000, Some(190_000))));
    // At least 6 up to 300; 6 is ten times 0.60 at once.
    assert_eq!(from_until(["0", "200", "6", "-"], ["0.60", "0", "0", "-"], "0", 2), Some((1, None)));
    assert_eq!(from_until(two_per_cent, ["300", "0", "0", "-"], "0", 0), Some((150_000, None)), "yen have no minor unit");
    assert_eq!(from_until(["0", "0", "0", "-"], ["0", "0", "0", "-"], "0", 2), Some((1, None)), "nothing is ten times nothing");
    assert_eq!(from_until(["0", "0", "0", "-"], ["0.01", "0", "0", "-"], "0", 2), None);
}

#[test]
fn break_even_amounts_are_those_that_trying_every_amount_finds() {
    let mut seed = 7_u64;
    let mut roll = |sides: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % sides
    };
    for round in 0..60 {
        let mut some = |scale: i64| {
            let least = Decimal::new(i64::try_from(roll(60)).unwrap(), 2);
            let most = (roll(3) > 0).then(|| least + Decimal::new(i64::try_from(roll(200)).unwrap() * scale, 2));
            let fixed = least.min(Decimal::new(i64::try_from(roll(40)).unwrap(), 2));
            WalletFee { fixed, basis_points: Decimal::from(roll(700)), least, most }
        };
        let (first, second) = (some(1), some(1));
        let item = WalletFee { basis_points: Decimal::new(i64::try_from(roll(90)).unwrap(), 1), ..WalletFee::default() };
        let share = Decimal::new(i64::try_from(roll(30)).unwrap(), 3);
        let free = WalletFee::default();
        let found = ten_times_cheaper([&first, &second, &free], &item, share, 2);
        let holds = |minor: i64| {
            let amount = Decimal::new(minor, 2);
            first.of(amount).unwrap() + second.of(amount).unwrap() >= (item.of(amount).unwrap() + share) * Decimal::from(10)
        };
        let tried = 20_000;
        let from = (1..tried).find(|minor| holds(*minor));
        let until = from.and_then(|from| (from..tried).find(|minor| !holds(*minor))).map(|minor| minor - 1);
        assert_eq!(
            found.map(|range| range.from).filter(|from| *from < tried),
            from,
            "round {round}: {first:?} {second:?} {item:?} {share}"
        );
        let found_until = found.and_then(|range| range.until).filter(|until| until + 1 < tried);
        assert_eq!(found_until, until, "round {round}: {first:?} {second:?} {item:?} {share}");
    }
}

#[test]
fn payouts_of_other_currencies_unpaid_ones_and_those_of_unknown_cost_are_not_compared() {
    let mut baseline = baseline();
    let euro = Currency::try_new("EUR").unwrap();
    baseline.add(&ReportedPayout { currency: euro, ..paid(1_000) }, Some(&rtp()));
    baseline.add(&ReportedPayout { state: PayoutState::Rejected, ..paid(1_000) }, Some(&rtp()));
    baseline.add(&ReportedPayout { state: PayoutState::OutcomeUnknown, ..paid(1_000) }, Some(&rtp()));
    assert_eq!((baseline.payouts, baseline.left_out), (0, 0));
    baseline.add(&paid(1_000), None);
    baseline.add(&paid(1_000), Some(&RailCost { currency: euro, ..rtp() }));
    baseline.add(&paid(-5), Some(&rtp()));
    baseline.add(&paid(i64::MAX), Some(&rtp()));
    assert_eq!((baseline.payouts, baseline.left_out), (0, 4));
    assert_eq!(baseline.levels(Decimal::from(30), 4_000), None, "nothing is compared with nothing");
    baseline.add(&paid(1_000), Some(&rtp()));
    assert_eq!((baseline.payouts, baseline.minor_units), (1, 1_000));
}

#[test]
fn accounts_pay_their_monthly_price_once_and_time_zero_is_not_divided_by() {
    let mut baseline = baseline();
    for bank in ["first", "second", "first"] {
        baseline.add(&ReportedPayout { bank: bank.to_owned(), ..paid(1_000) }, Some(&rtp()));
    }
    let [_, typical, _] = baseline.levels(Decimal::from(365), 0).unwrap();
    assert_eq!(typical.bank[1], decimal("600"), "12 months of two accounts at 25");
    assert_eq!(typical.times_faster, None);
}
