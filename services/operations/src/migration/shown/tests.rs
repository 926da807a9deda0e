//! How migrations look to people.
use super::*;

fn total() -> MigrationTotal {
    MigrationTotal { currency_code: "USD".to_owned(), account_count: 500, balance_minor_units: 12_345, monthly_cost_minor_units: 1_250 }
}

#[test]
fn plans_and_moves_are_written_with_their_sums() {
    let plan = PlanMigrationResponse {
        hash: "ab".to_owned(),
        revision: 2,
        account_count: 500,
        totals: vec![total()],
        ..PlanMigrationResponse::default()
    };
    let text = plan_text(&plan, "old.csv");
    let wanted =
        "500 accounts to import, for the structure's revision 2:\n  USD  500 accounts, 123.45, which cost 12.50 a month\nhash ab\n";
    assert_eq!(text, format!("{wanted}to import them: largesse treasury migrate apply old.csv --plan ab\n"));
    assert_eq!(plan_json(&plan)["totals"][0]["balance_minor_units"], 12_345);
    let moved = MoveOldBalancesResponse { totals: vec![MigrationTotal { monthly_cost_minor_units: 0, ..total() }], replayed: false };
    assert_eq!(moved_text(&moved), "moved:\n  USD  500 accounts, 123.45\n");
    assert_eq!(moved_text(&MoveOldBalancesResponse::default()), "nothing to move\n");
}

#[test]
fn a_report_names_what_still_needs_somebody() {
    let account = OldAccount {
        id: "old-1".to_owned(),
        name: "Paris".to_owned(),
        currency_code: "USD".to_owned(),
        leaf: "costs".to_owned(),
        state: OldAccountState::Open.into(),
        receipt_count: 2,
        receipt_minor_units: 100,
        last_receipt_date: "2026-11-20".to_owned(),
        last_payer: "…2051".to_owned(),
        mandates: vec!["RENT-7".to_owned()],
        ..OldAccount::default()
    };
    let closed = OldAccount { id: "old-2".to_owned(), state: OldAccountState::Closed.into(), ..account.clone() };
    let summary =
        MigrationSummary { currency_code: "USD".to_owned(), old_accounts: 2, cost_before_minor_units: 2_500, ..Default::default() };
    let report =
        GetMigrationReportResponse { summaries: vec![summary], quiet_days: 92, accounts: vec![account, closed], ..Default::default() };
    let text = report_text(&report);
    assert!(text.starts_with("USD  before: 2 accounts with 0.00, which cost 25.00 a month\n"), "{text}");
    assert!(text.contains("not known: the setting treasury.bank_costs has none"), "{text}");
    let line = "  old-1  Paris  to costs, 2 receipts of 1.00 USD, the last on 2026-11-20 by …2051, mandates RENT-7\n";
    assert!(text.ends_with(&format!("(92 quiet days close one):\n{line}")), "{text}");
    assert_eq!(report_json(&report)["accounts"][1]["state"], "closed");
    assert_eq!(report_text(&GetMigrationReportResponse::default()), "no old accounts were imported\n");
}
