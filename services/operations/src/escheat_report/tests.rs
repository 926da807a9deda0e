//! A line as CSV and JSON; nothing in it is computed by a spreadsheet.
use super::*;
use api::r#type::Money;

#[test]
fn lines_are_written_as_csv_and_json() {
    let money = |minor_units| Some(Money { currency_code: "USD".to_owned(), minor_units });
    let line = EscheatLine {
        entity: "main".to_owned(),
        market: "US".to_owned(),
        inactive_years: 4,
        owners: 1,
        paid_coins: 50,
        deferred: money(71),
        prepaid_commission: money(21),
        dormant_after_years: 3,
        dormant: true,
        rule_source: "=1+1".to_owned(),
        ..EscheatLine::default()
    };
    let given = EscheatLine { promotional_coins: 5, ..EscheatLine::default() };
    let report = GetEscheatReportResponse { lines: vec![line, given], day: "2026-11-28".to_owned(), seq: 7 };
    let written = csv(&report).unwrap();
    let rows: Vec<&str> = written.lines().collect();
    assert_eq!(rows[0], COLUMNS.join(","));
    assert_eq!(rows[1], "2026-11-28,main,US,USD,4,1,50,0,0,71,21,3,true,'=1+1");
    assert_eq!(rows[2], "2026-11-28,,,,0,0,0,0,5,,,0,false,");
    let shown = json(&report);
    assert_eq!((&shown["lines"][0]["deferred_minor_units"], &shown["seq"]), (&json!(71), &json!(7)));
    assert_eq!((&shown["lines"][0]["dormant"], &shown["lines"][1]["deferred_minor_units"]), (&json!(true), &Value::Null));
}
