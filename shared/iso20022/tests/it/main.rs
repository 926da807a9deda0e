//! Tests against the official schemas and bank-made samples. They are not part of the project: `LARGESSE_REFERENCE_DATA` names their
//! directory, and without it these tests print `skipped`.

#![allow(clippy::unwrap_used)]

mod kinds;

use accounts::{AddressField as F, AddressKind, PayoutAddress};
use iso20022::{
    ReasonCode, TransactionStatus,
    camt053::{Direction, Statement, StatementBalance, StatementEntry},
    pain001::{AccountId, Agent, CreditTransfer, Initiation, Party, PaymentInstruction, PaymentType, TaxId, TransferAmount, TypeCode},
    pain002::{PaymentReport, StatusReason, StatusReport, TransactionReport},
    rail::{RailInstrument, RailTable},
};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use money::{Currency, Money};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

fn bank_data() -> Option<PathBuf> {
    let Some(root) = std::env::var_os("LARGESSE_REFERENCE_DATA") else {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
        return None;
    };
    Some(Path::new(&root).join("bank"))
}

fn validate(schema: &Path, document: &str) {
    let mut child = Command::new("xmllint")
        .args(["--noout", "--nonet", "--schema"])
        .arg(schema)
        .arg("-")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("xmllint is needed to check messages against the schemas: install libxml2-utils");
    child.stdin.take().unwrap().write_all(document.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}\n{document}", String::from_utf8_lossy(&output.stderr));
}

fn money(currency: Currency, minor_units: i64) -> Money {
    Money::try_new(currency, minor_units).unwrap()
}

/// A payment over every rail, to every kind of account.
fn initiation(rail: &str, (name, address): &(&str, PayoutAddress), transfers: usize, full: bool) -> Initiation {
    let currency = Currency::try_new("EUR").unwrap();
    let from = kinds::address(AddressKind::Iban, &[(F::Iban, "DE32836434947078661011")]);
    let mut debtor = Party::paid_to("Largesse", &from, None, None);
    if full {
        debtor.agent = Agent { bic: Some("CJPSDE90".into()), ..debtor.agent };
    }
    let postal = full.then(kinds::postal);
    let tax_id = full.then(|| TaxId::brazilian("52998224725"));
    let transfer = |at: usize| CreditTransfer {
        end_to_end_id: format!("0199a5c28b7f8a0bb0c1d2e3f405{at:04}"),
        uetr: full.then(|| "5105128c-2397-45c1-977e-7a3a69182632".into()),
        amount: TransferAmount::Instructed(money(currency, 860_000 + at as i64)),
        ultimate_debtor: full.then(|| "Acme & Co".into()),
        creditor: Party::paid_to(name, address, postal.as_ref(), tax_id.clone()),
        purpose: full.then(|| TypeCode::Code("OTHR".into())),
        remittance: full.then(|| "Creator payout".into()),
    };
    let created = Timestamp::from_millisecond(1_790_000_000_123).unwrap();
    let table = RailTable::default();
    let codes = table.codes(rail).unwrap();
    let payment_type = PaymentType { category_purpose: full.then(|| TypeCode::Code("SUPP".into())), ..codes.payment_type() };
    let payment = PaymentInstruction {
        payment_id: "PAY-1".into(),
        payment_type,
        batch_booking: full,
        execution: codes.at_once(created, &TimeZone::UTC),
        debtor,
        transfers: (0..transfers).map(transfer).collect(),
    };
    Initiation::new("MSG-1".into(), created, "Largesse", vec![payment])
}

#[test]
fn written_pain_001_validates_against_the_official_schema() {
    let Some(data) = bank_data() else { return };
    let schema = data.join("xsd/pain.001.001.09.xsd");
    let table = RailTable::default();
    let iban = ("Ana <M\u{fc}ller> & \"S\u{f6}hne\"", kinds::address(AddressKind::Iban, &[(F::Iban, "DE46910579234762349724")]));
    for row in table.iter() {
        for (transfers, full) in [(1, false), (1, true)] {
            validate(&schema, &initiation(&row.rail, &iban, transfers, full).write().unwrap());
        }
    }
    validate(&schema, &initiation("us-ach", &iban, 25, true).write().unwrap());
    for address in kinds::every_kind() {
        let holder = ("Ana", address);
        for full in [false, true] {
            validate(&schema, &initiation("us-rtp", &holder, 1, full).write().unwrap());
        }
    }
}

#[test]
fn codes_that_we_write_are_in_the_external_lists() {
    let Some(data) = bank_data() else { return };
    let lists = fs::read_to_string(data.join("iso20022_external_codes_2Q2026.csv")).unwrap();
    let is_listed = |list: &str, code: &str| assert!(lists.contains(&format!("\n{list},{code},")), "{list} {code}");
    for row in RailTable::default().iter() {
        is_listed("ExternalServiceLevel1Code", &row.service_level);
        if let Some(RailInstrument::Code(code)) = &row.local_instrument {
            is_listed("ExternalLocalInstrument1Code", code);
        }
        row.also.iter().for_each(|code| is_listed("ExternalLocalInstrument1Code", code));
    }
    for address in kinds::every_kind() {
        let party = Party::paid_to("Ana", &address, None, None);
        party.agent.clearing_system.iter().for_each(|code| is_listed("ExternalClearingSystemIdentification1Code", code));
        if let Some(TypeCode::Code(code)) = &party.account_type {
            is_listed("ExternalCashAccountType1Code", code);
        }
        match &party.account {
            Some(AccountId::Proxy { kind: Some(TypeCode::Code(code)), .. }) => is_listed("ExternalProxyAccountType1Code", code),
            Some(AccountId::Other { scheme: Some(TypeCode::Code(code)), .. }) => is_listed("ExternalAccountIdentification1Code", code),
            _ => {}
        }
    }
}

fn report(status: &str, reason: Option<ReasonCode>, group: Option<TransactionStatus>, named: bool) -> StatusReport {
    let reasons: Vec<_> =
        reason.map(|reason| StatusReason { reason: Some(reason), additional: vec!["in words".into()] }).into_iter().collect();
    let transaction = TransactionReport {
        end_to_end_id: Some("E2E-1".into()),
        status: (!status.is_empty()).then(|| TransactionStatus::from_code(status)),
        reasons: reasons.clone(),
        accepted: Some(Timestamp::now()),
        bank_reference: Some("BANK-1".into()),
        instructed_amount: None,
        settled_amount: None,
    };
    let payment = PaymentReport { original_payment_id: "PAY-1".into(), status: None, reasons: Vec::new(), transactions: vec![transaction] };
    StatusReport {
        message_id: "R-1".into(),
        created: Timestamp::now(),
        original_message_id: "MSG-1".into(),
        original_message_name: "pain.001.001.09".into(),
        group_status: group,
        group_reasons: if named { Vec::new() } else { reasons },
        payments: if named { vec![payment] } else { Vec::new() },
    }
}

#[test]
fn written_pain_002_validates_against_the_official_schema() {
    let Some(data) = bank_data() else { return };
    let schema = data.join("xsd/pain.002.001.10.xsd");
    for status in ["ACTC", "ACCP", "ACSP", "ACSC", "ACCC", "PDNG"] {
        validate(&schema, &report(status, None, None, true).write().unwrap());
    }
    for reason in [ReasonCode::from_code("AC04"), ReasonCode::from_code("ZZ99"), ReasonCode::Proprietary("own <reason>".into())] {
        validate(&schema, &report("RJCT", Some(reason.clone()), Some(TransactionStatus::Rjct), true).write().unwrap());
        validate(&schema, &report("RJCT", Some(reason), Some(TransactionStatus::Rjct), false).write().unwrap());
    }
    validate(&schema, &report("", Some(ReasonCode::from_code("AG09")), None, true).write().unwrap());
}

#[test]
fn written_camt_053_validates_against_the_official_schema() {
    let Some(data) = bank_data() else { return };
    let currency = Currency::try_new("EUR").unwrap();
    let date = Date::new(2026, 9, 21).unwrap();
    let entry = |direction, end_to_end_id: Option<&str>| StatementEntry {
        reference: Some("1".into()),
        amount: money(currency, 500),
        direction,
        booked: Some(Timestamp::now()),
        end_to_end_id: end_to_end_id.map(str::to_owned),
        additional: Some("deposit".into()),
    };
    let mut statement = Statement {
        message_id: "S-1".into(),
        created: Timestamp::now(),
        statement_id: "EUR-1".into(),
        account: AccountId::Iban("DE32836434947078661011".into()),
        currency,
        opening: StatementBalance { amount: money(currency, 1000), direction: Direction::Credit, date },
        closing: StatementBalance { amount: money(currency, 1000), direction: Direction::Credit, date },
        entries: vec![entry(Direction::Credit, None), entry(Direction::Debit, Some("E2E-1"))],
    };
    validate(&data.join("xsd/camt.053.001.08.xsd"), &statement.write().unwrap());
    statement.entries.clear();
    statement.account = AccountId::bban("4412345678");
    validate(&data.join("xsd/camt.053.001.08.xsd"), &statement.write().unwrap());
}

fn samples(data: &Path, part: &str) -> Vec<(String, Vec<u8>)> {
    let folder = fs::read_dir(data.join("samples")).unwrap();
    let named = folder.map(|file| file.unwrap().path()).filter(|path| path.to_string_lossy().contains(part));
    let read: Vec<_> = named.map(|path| (path.to_string_lossy().into_owned(), fs::read(&path).unwrap())).collect();
    assert!(!read.is_empty(), "no sample named {part}");
    read
}

#[test]
fn bank_made_pain_001_samples_are_read() {
    let Some(data) = bank_data() else { return };
    for (name, bytes) in samples(&data, "pain.001.001.09") {
        let message = Initiation::read(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(message.payments.iter().all(|payment| !payment.transfers.is_empty()), "{name}");
        for cut in (0..bytes.len()).step_by(97) {
            assert!(Initiation::read(&bytes[..cut]).is_err(), "{name} cut at {cut}");
        }
    }
    let rails = [("us.rtp.single", "us-rtp", "USD", 860_000), ("de.sepa.sct-inst", "sepa-instant", "EUR", 45_000)];
    let table = RailTable::default();
    for (name, rail, currency, minor_units) in rails {
        let message = Initiation::read(&samples(&data, name)[0].1).unwrap();
        assert_eq!(message.check_totals(), Ok(()), "{name}");
        let payment = &message.payments[0];
        assert_eq!(table.rail(&payment.payment_type), Some(rail), "{name}");
        let currency = Currency::try_new(currency).unwrap();
        assert_eq!(payment.transfers[0].amount, TransferAmount::Instructed(money(currency, minor_units)));
    }
    for (name, rail) in [("gb.fps.single", "gb-fps"), ("us.ach.ppd", "us-ach")] {
        let message = Initiation::read(&samples(&data, name)[0].1).unwrap();
        assert_eq!(table.rail(&message.payments[0].payment_type), Some(rail), "{name}");
    }
}

#[test]
fn bank_made_pain_002_samples_are_read() {
    let Some(data) = bank_data() else { return };
    let mut verdicts = Vec::new();
    for (name, bytes) in samples(&data, "pain.002.001.10") {
        let report = StatusReport::read(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        let id = report.payments[0].transactions[0].end_to_end_id.clone().unwrap();
        verdicts.push(report.verdict(&id, &report.original_message_id).unwrap().status.code().to_owned());
    }
    verdicts.sort();
    verdicts.dedup();
    assert_eq!(verdicts, ["ACCC", "RJCT"]);
}

#[test]
fn known_codes_are_in_the_external_lists() {
    let Some(data) = bank_data() else { return };
    let lists = fs::read_to_string(data.join("iso20022_external_codes_2Q2026.csv")).unwrap();
    for code in
        ["AC01", "AC03", "AC04", "AC06", "AG01", "AG09", "AM02", "AM04", "AM05", "BE04", "MD07", "RR04", "FF01", "MS03", "NARR", "TM01"]
    {
        assert!(matches!(ReasonCode::from_code(code), ReasonCode::Known(_)), "{code}");
        assert!(lists.contains(&format!("ExternalStatusReason1Code,{code},")), "{code}");
    }
    for line in lists.lines().filter(|line| line.starts_with("ExternalPaymentTransactionStatus1Code,")) {
        let code = line.split(',').nth(1).unwrap();
        assert_eq!(TransactionStatus::from_code(code).code(), code);
    }
}
