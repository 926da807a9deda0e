//! Unit tests of `change_codes`.
use super::*;

fn account() -> AchAccount {
    AchAccount { routing_number: "021000021".into(), account_number: "0012".into(), kind: AccountKind::Checking }
}

fn applied(code: &str, data: &str) -> (String, String, AccountKind) {
    let AchAccount { routing_number, account_number, kind } = change_code(code).unwrap().read(data).unwrap().apply(&account());
    (routing_number, account_number, kind)
}

#[test]
fn each_code_changes_its_fields_only() {
    let expect = |routing: &str, number: &str, kind| (routing.to_owned(), number.to_owned(), kind);
    let (checking, savings) = (AccountKind::Checking, AccountKind::Savings);
    assert_eq!(applied("C01", "000998877"), expect("021000021", "000998877", checking));
    assert_eq!(applied("C02", "011401533"), expect("011401533", "0012", checking));
    assert_eq!(applied("C03", "011401533   000998877        "), expect("011401533", "000998877", checking));
    assert_eq!(applied("C05", "32"), expect("021000021", "0012", savings));
    assert_eq!(applied("C06", "000998877           37"), expect("021000021", "000998877", savings));
    assert_eq!(applied("C07", "0114015331234567890123456732"), expect("011401533", "12345678901234567", savings));
    for code in ["C04", "C09"] {
        assert_eq!(applied(code, "Ada Example"), expect("021000021", "0012", checking));
    }
    let change = change_code("C08").unwrap().read("BANKCAXX").unwrap();
    assert_eq!(change, AccountChange { receiving_bank: Some("BANKCAXX".into()), ..AccountChange::default() });
    assert_eq!(change_code("C13").unwrap().read("anything"), Ok(AccountChange::default()));
}

#[test]
fn wrong_data_is_refused_without_being_repeated() {
    let why = |code: &str, data: &str| change_code(code).unwrap().read(data).unwrap_err();
    assert_eq!(why("C02", "011401534"), "corrected data of C02 must have nine digits of a routing number, with the right check digit");
    assert_eq!(why("C01", "   "), "corrected data of C01 must have a text at position 1");
    assert_eq!(why("C01", "12 34"), "corrected data of C01 must have an account number without blanks inside");
    assert_eq!(why("C03", "011401533"), "corrected data of C03 must have a text at position 13");
    assert_eq!(why("C05", "3"), "corrected data of C05 must have a transaction code");
    assert_eq!(why("C05", "99"), "corrected data of C05 must have a transaction code");
    assert_eq!(why("C07", "ééééééééééééééééé"), "corrected data of C07 must have printable ASCII characters only");
    for unknown in ["C00", "c01", "C1", "", "R03", "C10"] {
        assert_eq!(change_code(unknown), None, "{unknown}");
    }
}

#[test]
fn corrected_data_reads_back() {
    let change = AccountChange {
        routing_number: Some("011401533".into()),
        account_number: Some("000998877".into()),
        kind: Some(AccountKind::Savings),
        name: Some("Ada Example".into()),
        identification: Some("PO1".into()),
        receiving_bank: Some("BANKCAXX".into()),
    };
    for code in CHANGE_CODES.iter().filter(|code| !code.refusal) {
        let data = change.corrected_data(code).unwrap();
        assert!(data.len() <= 34);
        let read = code.read(&data).unwrap();
        assert_eq!(read.corrected_data(code), Some(data));
        if !code.layout.is_empty() {
            assert_eq!(AccountChange::default().corrected_data(code), None);
        }
    }
    assert_eq!(change.corrected_data(change_code("C03").unwrap()).unwrap(), "011401533   000998877");
    assert_eq!(change.corrected_data(change_code("C07").unwrap()).unwrap(), "011401533000998877        32");
}

#[test]
fn refusals_and_unknown_codes_change_nothing() {
    let answer = |code: &str| AchAnswer {
        code: code.into(),
        original_trace: "121042880000001".into(),
        date: String::new(),
        original_rdfi: "02100002".into(),
        information: "000998877".into(),
        trace: "021000020000001".into(),
    };
    assert_eq!(answer("C01").account_change().unwrap().account_number.as_deref(), Some("000998877"));
    assert!(answer("C61").account_change().unwrap_err().contains("refuses"));
    assert!(answer("C99").account_change().unwrap_err().contains("no change code"));
}
