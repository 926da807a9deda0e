//! Unit tests of `fees`.
use super::*;

fn line(account: &str, unit: &str, kind: &str, debits: i64, credits: i64) -> JournalLine {
    let sums = DayLineSums { debits, credits, entries: 1 };
    let event_day = "2026-11-30".parse().unwrap();
    JournalLine { account: account.to_owned(), unit: unit.to_owned(), kind: kind.to_owned(), event_day, sums }
}

#[test]
fn fees_are_summed_by_account_kind_and_currency_and_classes_apart() {
    let mut fees = Fees::default();
    let payout_cost = line("house/payout_cost/USD", "USD", "payout.settle", 15, 0);
    fees.add(&[payout_cost.clone(), line("house/accrued_bank_fees/USD", "USD", "payout.settle", 0, 15)]);
    fees.add(&[
        payout_cost,
        line("house/payout_cost/USD", "USD", "adjustment", 0, 5),
        line("house/acme/commission_expense/USD", "USD", "revenue.day", 300, 0),
        line("house/fee_income/USD", "USD", "payout.settle", 0, 100),
        line("house/payout_cost/JPY", "JPY", "payout.settle", 7, 0),
        // No fees.
        line("house/revenue/USD", "USD", "revenue.day", 0, 9_000),
        line("between/acme/USD", "USD", "revenue.day", 1, 0),
        line("viewer/*/coins", "COIN", "gift", 5, 0),
        line("house/payout_cost/XXX", "XXX", "payout.settle", 5, 0),
    ]);
    let (from, until) = ("2026-11-01".parse().unwrap(), "2026-12-01".parse().unwrap());
    let period = FeePeriod { book: "app".to_owned(), entity: "main".to_owned(), from, until, closed: false };
    let csv = fees_csv(&period, &fees).unwrap();
    let rows: Vec<String> = csv.lines().skip(1).map(|row| row.replace("app,main,2026-11-01,2026-12-01,open,", "")).collect();
    assert_eq!(
        rows,
        [
            "line,cost,house/payout_cost/JPY,payout.settle,JPY,7,0,7,7,0,7",
            "account_total,cost,house/payout_cost/JPY,,JPY,7,0,7,7,0,7",
            "total,cost,,,JPY,7,0,7,7,0,7",
            "line,cost,house/acme/commission_expense/USD,revenue.day,USD,300,0,300,3.00,0.00,3.00",
            "account_total,cost,house/acme/commission_expense/USD,,USD,300,0,300,3.00,0.00,3.00",
            "line,cost,house/payout_cost/USD,adjustment,USD,0,5,-5,0.00,0.05,-0.05",
            "line,cost,house/payout_cost/USD,payout.settle,USD,30,0,30,0.30,0.00,0.30",
            "account_total,cost,house/payout_cost/USD,,USD,30,5,25,0.30,0.05,0.25",
            "total,cost,,,USD,330,5,325,3.30,0.05,3.25",
            "line,income,house/fee_income/USD,payout.settle,USD,0,100,-100,0.00,1.00,-1.00",
            "account_total,income,house/fee_income/USD,,USD,0,100,-100,0.00,1.00,-1.00",
            "total,income,,,USD,0,100,-100,0.00,1.00,-1.00",
            "line,balance,house/accrued_bank_fees/USD,payout.settle,USD,0,15,-15,0.00,0.15,-0.15",
            "account_total,balance,house/accrued_bank_fees/USD,,USD,0,15,-15,0.00,0.15,-0.15",
            "total,balance,,,USD,0,15,-15,0.00,0.15,-0.15",
        ]
    );
}

/// A purpose whose name says that it is a fee and that the report passes over would be missed by nobody.
#[test]
fn every_account_whose_name_says_fee_cost_or_commission_is_in_the_report() {
    const NO_FEES: [Purpose; 1] = [Purpose::CreatorCost];
    let names = ["fee", "cost", "commission", "charge", "withholding", "input_tax"];
    for purpose in Purpose::ALL {
        let is_named = names.iter().any(|name| purpose.name().contains(name)) && !NO_FEES.contains(&purpose);
        assert_eq!(FEE_PURPOSES.iter().any(|(of, _)| *of == purpose), is_named, "{}", purpose.name());
    }
}
