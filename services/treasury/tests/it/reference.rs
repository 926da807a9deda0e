//! The invented day of the reference data, as the service keeps it: the same in three formats. It is in the directory that LARGESSE_REFERENCE_DATA names.
use crate::{
    bank::{EUROS, payout},
    fixture::Fixture,
};
use api::{
    ledger::BookMode,
    treasury::{BankItem, CaseState, MoneyDirection},
};
use std::path::PathBuf;
use testbed::Storage;

const DAY: &str = "2026-11-24";
const DOLLARS: &str = r#"
[[account]]
id = "bank-usd"
name = "Dollars"
bank = "A bank"
branch = "TESTUS33"
currency = "USD"
entity = "main"
number = "000123456789"
"#;
/// The numbers of the virtual statements, and those that they have here: only real ones can be registered.
const LEAVES: [(&str, &str); 3] = [
    ("LGS-EU-PAYOUTS-01", "DE02120300000000202051"),
    ("LGS-EU-UNALLOCATED-01", "DE02500105170137075030"),
    ("LGS-EU-FEES-01", "DE02100500000054540402"),
];

fn read(name: &str) -> Option<Vec<u8>> {
    let Some(directory) = std::env::var_os("LARGESSE_REFERENCE_DATA") else {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
        return None;
    };
    Some(std::fs::read(PathBuf::from(directory).join("reconciliation/fixtures").join(name)).unwrap())
}

/// Four payouts, of which the last was instructed with 7.50, a processor's payout, and the monthly fee.
fn books(account: &str) -> Vec<BankItem> {
    let payouts = [("01", 12_550), ("02", 9_999), ("03", 200_000), ("04", 750)]
        .map(|(end, minor)| payout(end, minor, &format!("0192F0C0-A1B2-7C3D-8E4F-5A6B7C8D9E{end}"), DAY));
    let processor = BankItem {
        direction: MoneyDirection::Credit.into(),
        kind: "processor".to_owned(),
        settlement: "po_1TEST".to_owned(),
        value_date: DAY.to_owned(),
        ..payout("po", 500_000, "", "")
    };
    let fee = BankItem { kind: "charge".to_owned(), amount_most_minor_units: 500, ..payout("fee", 0, "", "") };
    payouts.into_iter().chain([processor, fee]).map(|item| BankItem { physical_account: account.to_owned(), ..item }).collect()
}

#[tokio::test]
async fn reference_day_gives_the_same_entries_and_cases_in_three_formats() {
    for (name, tree, account) in [
        ("camt/largesse-physical.camt.053.001.08.xml", EUROS, "bank-eur"),
        ("mt940/largesse-physical.sta", EUROS, "bank-eur"),
        ("bai2/largesse-physical-usd.bai", DOLLARS, "bank-usd"),
    ] {
        let Some(file) = read(name) else { return };
        let fixture = Fixture::start(Storage::sqlite(), BookMode::Test).await;
        fixture.change(tree).await.unwrap();
        let ledger = |kind: &str, leaf: &str| format!("house/main/{kind}/{leaf}/{}", if account == "bank-eur" { "EUR" } else { "USD" });
        let (cash, unallocated) = (ledger("physical_cash", account), ledger("virtual_account", &format!("{account}-unallocated")));
        fixture.adjust(&cash, &unallocated, 1_000_000).await;
        fixture.expect(books(account)).await.unwrap();
        let imported = fixture.import(&file).await.unwrap();
        let statement = &imported.statements[0];
        assert_eq!((statement.entry_count, statement.day.as_str(), statement.physical_account.as_str()), (9, DAY, account), "{name}");
        let cases: Vec<_> = fixture.cases().await.into_iter().filter(|case| case.state() == CaseState::Open).collect();
        let mut found: Vec<_> = cases
            .iter()
            .map(|case| (case.class.as_str(), case.items.join(" "), case.amount_minor_units, case.difference_minor_units))
            .collect();
        found.sort();
        let expected = [
            ("DUPLICATE_DEBIT", "02".to_owned(), 9_999, 0),
            ("SETTLED_THEN_RETURNED", "03".to_owned(), 200_000, -200_000),
            ("UNDER_AMOUNT", "04".to_owned(), 700, 700),
            ("UNKNOWN_CREDIT", String::new(), 12_345, 0),
        ];
        assert_eq!(found, expected, "{name}");
        assert!(fixture.case("SETTLED_THEN_RETURNED").await.detail.ends_with("reason AC04"), "{name}");
        assert_eq!(fixture.has(&format!("{account}-unallocated")).await, 1_012_345, "{name}");
        assert_eq!(fixture.has(&format!("{account}-suspense")).await, -9_999, "{name}");
        assert_eq!(fixture.has(&format!("{account}-fees")).await, -350, "{name}");
        let closed = fixture.close(account, DAY).await.unwrap();
        let named: Vec<_> = closed.timing_items.iter().map(|item| (item.class.as_str(), item.difference_minor_units)).collect();
        assert_eq!(named, [("SETTLED_THEN_RETURNED", -200_000), ("UNDER_AMOUNT", 700)], "{name}");
        assert_eq!((closed.closing_minor_units, closed.books_minor_units, closed.entry_count), (1_478_747, 1_279_447, 9), "{name}");
    }
}

#[tokio::test]
async fn reference_day_in_another_format_is_recognised_and_the_virtual_statements_come_to_the_physical_one() {
    let Some(camt) = read("camt/largesse-physical.camt.053.001.08.xml") else { return };
    let Some(swift) = read("mt940/largesse-physical.sta") else { return };
    let fixture = Fixture::start(Storage::sqlite(), BookMode::Test).await;
    let leaf = |(at, (_, iban)): (usize, &(&str, &str))| {
        format!(
            "[[leaf]]\nid = \"v{at}\"\nparent = \"bank-eur\"\nname = \"V\"\nentity = \"main\"\n[[leaf.number]]\niban = \"{iban}\"\nholder = \"Main\"\nfrom = \"2026-11-01\"\n"
        )
    };
    fixture.change(&format!("{EUROS}{}", LEAVES.iter().enumerate().map(leaf).collect::<String>())).await.unwrap();
    fixture.expect(books("bank-eur")).await.unwrap();
    for file in [&swift, &camt, &swift, &camt] {
        assert_eq!(fixture.import(file).await.unwrap().open_case_count, 4);
        assert_eq!(fixture.has("bank-eur-suspense").await, -9_999, "each entry is booked once");
    }
    let virtual_ones =
        ["payouts", "unallocated", "fees"].map(|name| read(&format!("camt/largesse-virtual-{name}.camt.053.001.08.xml")).unwrap());
    for (file, (name, iban)) in virtual_ones.iter().zip(LEAVES) {
        let text = String::from_utf8(file.clone()).unwrap().replace(name, iban);
        assert!(text.contains(iban), "{name}");
        fixture.import(text.as_bytes()).await.unwrap();
    }
    assert_eq!(fixture.open_cases().await.len(), 4, "{:?}", fixture.open_cases().await);
    // Another sum in one of them.
    let wrong = String::from_utf8(virtual_ones[2].clone())
        .unwrap()
        .replace(LEAVES[2].0, LEAVES[2].1)
        .replace(">0.00<", ">0.50<")
        .replace(">3.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Dt>", ">3.00</Amt><CdtDbtInd>DBIT</CdtDbtInd><Dt>");
    fixture.import(wrong.as_bytes()).await.unwrap();
    let changed: Vec<_> =
        fixture.cases().await.into_iter().filter(|case| case.class == "DUPLICATE_STATEMENT" && case.state() == CaseState::Open).collect();
    assert_eq!(changed.len(), 2, "{changed:?}");
}
