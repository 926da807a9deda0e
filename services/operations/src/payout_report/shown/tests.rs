//! Unit tests of `payout_report::shown`.
use super::*;

fn line(rail: &str, bank: &str) -> PayoutReportLine {
    PayoutReportLine {
        currency_code: "USD".to_owned(),
        rail: rail.to_owned(),
        bank: bank.to_owned(),
        payouts: 3,
        amount_minor_units: 4_205,
        paid_payouts: 2,
        paid_minor_units: 3_500,
        cost_minor_units: 100,
        account_time_p50_ms: 900,
        account_time_p99_ms: 1_300,
        instant_payouts: 2,
        instant_share: "1.0000".to_owned(),
        rejects: vec![RejectedPayouts { reason_code: "AC04".to_owned(), payouts: 1 }],
        ..Default::default()
    }
}

fn report() -> GetPayoutReportResponse {
    let level = WalletCostLevel {
        level: "typical".to_owned(),
        wallet_fee: "0.70".to_owned(),
        wallet_withdrawal: "0.00".to_owned(),
        wallet_spread: "1.05".to_owned(),
        wallet_total: "1.75".to_owned(),
        bank_items: "1.00".to_owned(),
        bank_monthly: "0.07".to_owned(),
        bank_returns: "0.00".to_owned(),
        bank_checks: "0.40".to_owned(),
        bank_total: "1.47".to_owned(),
        times_cheaper: "1.19".to_owned(),
        wallet_days: "2".to_owned(),
        times_faster: "192000.0".to_owned(),
        ten_times_from_minor_units: 14_700,
        ten_times_until_minor_units: 0,
    };
    let wallet = WalletComparison {
        wallet: "paypal".to_owned(),
        name: "PayPal".to_owned(),
        currency_code: "USD".to_owned(),
        payouts: 2,
        amount_minor_units: 3_500,
        levels: vec![level],
        sources: vec!["a page".to_owned()],
        wallet_confidence: "K".to_owned(),
        bank_confidence: "K".to_owned(),
        as_of: "2026-11-26".to_owned(),
        ..Default::default()
    };
    GetPayoutReportResponse { lines: vec![line("us-rtp", "first")], totals: vec![line("", "")], wallets: vec![wallet] }
}

#[test]
fn csv_has_a_row_for_each_line_and_each_level() {
    let lines = lines_csv(&report()).unwrap();
    let rows: Vec<&str> = lines.lines().collect();
    assert_eq!(rows[0], LINE_COLUMNS.join(","));
    assert_eq!(rows[1..], ["USD,us-rtp,first,,,3,4205,2,3500,100,900,1300,2,1.0000,AC04:1,0,0,0"]);
    let wallets = wallets_csv(&report()).unwrap();
    let rows: Vec<&str> = wallets.lines().collect();
    assert_eq!(rows[0], WALLET_COLUMNS.join(","));
    assert_eq!(rows[1..], ["paypal,USD,2,3500,0,typical,0.70,0.00,1.05,1.75,1.00,0.07,0.00,0.40,1.47,1.19,2,192000.0,14700"]);
}

#[test]
fn what_a_spreadsheet_would_compute_is_shown_as_text() {
    for dangerous in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"] {
        let mut report = report();
        report.lines[0].rejects[0].reason_code = dangerous.to_owned();
        report.lines[0].bank = dangerous.to_owned();
        let written = lines_csv(&report).unwrap();
        let mut reader = csv::Reader::from_reader(written.as_bytes());
        let row = reader.records().next().unwrap().unwrap();
        assert_eq!((&row[2], &row[14]), (format!("'{dangerous}").as_str(), format!("'{dangerous}:1").as_str()));
    }
    // Text with the separators of CSV stays one cell.
    let mut report = report();
    report.lines[0].bank = "a,\"b\"\nc".to_owned();
    let written = lines_csv(&report).unwrap();
    let row = csv::Reader::from_reader(written.as_bytes()).records().next().unwrap().unwrap();
    assert_eq!((&row[2], row.len()), ("a,\"b\"\nc", LINE_COLUMNS.len()));
}

#[test]
fn people_read_amounts_and_what_they_are_made_of() {
    let text = lines(&report());
    for part in [
        "USD us-rtp first\n",
        "3 payouts, 42.05 USD",
        "p50 900 ms, p99 1300 ms",
        "AC04:1",
        "USD total\n",
        "wallet 1.75 = fee 0.70 + withdrawal 0.00 + spread 1.05",
        "bank 1.47 = items 1.00 + monthly 0.07 + returns 0.00 + checks 0.40",
        "1.19 times cheaper, 192000.0 times faster than 2 days",
        "a tenth of the wallet's cost from 147.00 USD",
        "figures of 2026-11-26, confidence wallet K, bank K: a page",
    ] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    assert_eq!(lines(&GetPayoutReportResponse::default()), "no payouts were requested in this period\n");
}

#[test]
fn amounts_have_their_currencys_digits() {
    for (currency, minor_units, shown) in
        [("USD", 5, "0.05 USD"), ("USD", 123_456, "1234.56 USD"), ("JPY", 500, "500 JPY"), ("KWD", 1_005, "1.005 KWD")]
    {
        assert_eq!(amount(currency, minor_units), shown);
    }
}

#[test]
fn json_says_the_same() {
    let json = json(&report());
    assert_eq!(json["lines"][0]["rejects"][0], serde_json::json!({ "reason_code": "AC04", "payouts": 1 }));
    assert_eq!(json["totals"][0]["amount_minor_units"], 4_205);
    assert_eq!(json["wallets"][0]["levels"][0]["wallet_total"], "1.75");
    assert_eq!(json["wallets"][0]["levels"][0]["ten_times_from_minor_units"], 14_700);
}
