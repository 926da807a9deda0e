//! Unit tests of written account reports.
use crate::{
    Error, ReasonCode,
    camt053::{Direction, Statement},
    pain001::AccountId,
    report::*,
};
use money::{Currency, Money};
use rust_decimal::Decimal;

fn euro(minor_units: i64) -> Money {
    Money::try_new(Currency::try_new("EUR").unwrap(), minor_units).unwrap()
}

fn transaction(id: &str, minor_units: i64) -> EntryTransaction {
    EntryTransaction {
        references: EntryReferences { end_to_end_id: Some(id.into()), bank_reference: Some("B-1".into()), ..Default::default() },
        amount: Some(euro(minor_units)),
        direction: Some(Direction::Debit),
        code: BankTransactionCode::default(),
        amounts: RelatedAmounts::default(),
        charges: Vec::new(),
        debtor: RelatedParty { name: Some("Largesse".into()), account: Some(AccountId::bban("4400001234")) },
        ultimate_debtor: Some("Acme".into()),
        creditor: RelatedParty { name: Some("Ana & Co".into()), account: Some(AccountId::bban("4412345678")) },
        remittance: vec!["Creator payout".into()],
        creditor_references: Vec::new(),
        returned: None,
        additional: None,
    }
}

fn entry(direction: Direction, minor_units: i64, transactions: Vec<EntryTransaction>) -> ReportEntry {
    let code = BankTransactionCode {
        domain: Some("PMNT".into()),
        family: Some("IRCT".into()),
        subfamily: Some("OTHR".into()),
        ..Default::default()
    };
    ReportEntry {
        reference: Some("1".into()),
        amount: euro(minor_units),
        direction,
        is_reversal: false,
        status: EntryStatus::Booked,
        booked: Some("2026-11-24".parse().unwrap()),
        booked_at: None,
        value_date: None,
        bank_reference: Some("B-1".into()),
        code,
        amounts: RelatedAmounts::default(),
        charges: Vec::new(),
        batches: vec![EntryBatch {
            message_id: Some("M".into()),
            payment_id: Some("P".into()),
            stated_count: Some(transactions.len() as u64),
            stated_total: Some(euro(minor_units)),
            direction: Some(direction),
            transactions,
        }],
        additional: Some("more".into()),
    }
}

fn total(count: u64, sum: i64, net: Option<i64>) -> EntryTotal {
    EntryTotal { count: Some(count), sum: Some(Decimal::new(sum, 2)), net: net.map(|net| Decimal::new(net, 2)) }
}

/// A batch of two out, and a part of one of them back.
pub fn message(kind: ReportKind) -> AccountReports {
    let created = "2026-11-24T20:00:00Z".parse().unwrap();
    let balance = |kind: &str, minor_units| ReportBalance {
        kind: kind.into(),
        subtype: None,
        amount: euro(minor_units),
        direction: Direction::Credit,
        date: "2026-11-24".parse().unwrap(),
        moment: None,
    };
    let part = |minor_units| Some(AmountConversion { amount: euro(minor_units), source: None, target: None, unit: None, rate: None });
    let mut back = transaction("E-1", 80);
    back.direction = Some(Direction::Credit);
    back.amounts = RelatedAmounts { instructed: part(100), transaction: part(90), counter_value: None };
    back.charges =
        vec![EntryCharge { amount: euro(10), direction: Some(Direction::Debit), is_included: Some(true), kind: Some("RETURN".into()) }];
    back.returned = Some(ReturnNote {
        reason: Some(ReasonCode::from_code("AC04")),
        original_code: BankTransactionCode::default(),
        originator: Some("Sandbox".into()),
        additional: vec!["closed".into()],
    });
    let balances = if kind == ReportKind::Notification { vec![] } else { vec![balance("OPBD", 1000), balance("CLBD", 780)] };
    let report = AccountReport {
        id: "S-1".into(),
        page: None,
        electronic_sequence: Some(7),
        legal_sequence: None,
        created: Some(created),
        period: Some((created, created)),
        copy: None,
        account: ReportAccount {
            id: Some(AccountId::Iban("DE32836434947078661011".into())),
            currency: Currency::try_new("EUR").ok(),
            owner: Some("Largesse".into()),
            servicer_bic: None,
            servicer_name: Some("Sandbox".into()),
        },
        balances,
        totals: ReportTotals {
            all: Some(total(2, 380, Some(-220))),
            credits: Some(total(1, 80, None)),
            debits: Some(total(1, 300, None)),
            per_code: vec![],
        },
        entries: vec![
            entry(Direction::Debit, 300, vec![transaction("E-1", 100), transaction("E-2", 200)]),
            entry(Direction::Credit, 80, vec![back]),
        ],
    };
    AccountReports { kind, message_id: "M-1".into(), created, page: None, reports: vec![report] }
}

#[test]
fn a_report_reads_back_as_it_was_written() {
    for kind in [ReportKind::Intraday, ReportKind::Statement, ReportKind::Notification] {
        let original = message(kind);
        let text = original.write().unwrap();
        let read = AccountReports::read(text.as_bytes()).unwrap();
        assert_eq!(read, original);
        assert_eq!(read.findings(), []);
        if let Some(root) = std::env::var_os("LARGESSE_REFERENCE_DATA") {
            let name = ["camt.052", "camt.053", "camt.054"][kind as usize];
            let schema = std::path::Path::new(&root).join(format!("bank/xsd/{name}.001.08.xsd"));
            if schema.exists() {
                crate::xml::tests::validate(&schema, &text);
            }
        }
    }
}

#[test]
fn the_strict_reader_takes_a_written_statement() {
    let text = message(ReportKind::Statement).write().unwrap();
    let statement = Statement::read(text.as_bytes()).unwrap();
    assert!(statement.adds_up());
    assert_eq!(statement.entries[1].end_to_end_id.as_deref(), Some("E-1"));
}

#[test]
fn a_message_written_entry_by_entry_is_the_message() {
    for kind in [ReportKind::Intraday, ReportKind::Statement, ReportKind::Notification] {
        let whole = message(kind);
        let mut frame = whole.clone();
        let entries = std::mem::take(&mut frame.reports[0].entries);
        let (head, tail) = frame.write_frame().unwrap();
        let entries: String = entries.iter().map(|entry| entry.write_alone().unwrap()).collect();
        assert_eq!(format!("{head}{entries}{tail}"), whole.write().unwrap());
        assert!(whole.write_frame().is_err(), "its entries would be written twice");
    }
}

#[test]
fn what_the_schema_refuses_is_not_written() {
    let mut nobody = message(ReportKind::Statement);
    nobody.reports[0].account.id = None;
    assert!(nobody.write().is_err());
    let mut balances = message(ReportKind::Statement);
    balances.kind = ReportKind::Notification;
    assert!(balances.write().is_err());
    let mut long = message(ReportKind::Statement);
    long.reports[0].entries[0].reference = Some("x".repeat(36));
    assert!(long.write().is_err());
    let mut half = message(ReportKind::Statement);
    half.reports[0].entries[0].code.family = None;
    assert!(half.write().is_err());
    let empty = AccountReports { reports: vec![], ..message(ReportKind::Statement) };
    assert!(matches!(empty.write(), Err(Error::Missing { .. })));
}
