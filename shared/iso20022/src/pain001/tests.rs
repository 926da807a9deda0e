//! Unit tests of `pain001`.
use super::*;
use crate::rail::RailTable;
use accounts::{AddressField as F, AddressKind, AddressRules, PayoutAddress};
use jiff::tz::TimeZone;
use money::Currency;
use proptest::prelude::*;

fn money(code: &str, minor_units: i64) -> Money {
    Money::try_new(Currency::try_new(code).unwrap(), minor_units).unwrap()
}

fn address(kind: AddressKind, fields: &[(F, &str)]) -> PayoutAddress {
    PayoutAddress::parse(kind, fields, &AddressRules::default()).unwrap()
}

fn us(routing_number: &str, account_number: &str) -> PayoutAddress {
    address(AddressKind::UsAccount, &[(F::RoutingNumber, routing_number), (F::AccountNumber, account_number)])
}

pub fn message(rail: &str, name: &str, amounts: &[i64]) -> Initiation {
    let (account, currency) = match rail {
        "us-rtp" => (us("121000248", "5512345678"), "USD"),
        _ => (address(AddressKind::Iban, &[(F::Iban, "DE46910579234762349724")]), "EUR"),
    };
    let transfer = |(at, amount): (usize, &i64)| CreditTransfer {
        end_to_end_id: format!("E2E-{at}"),
        uetr: Some("5105128c-2397-45c1-977e-7a3a69182632".into()),
        amount: TransferAmount::Instructed(money(currency, *amount)),
        ultimate_debtor: (at > 0).then(|| "Acme & Co".into()),
        creditor: Party::paid_to(name, &account, None, None),
        purpose: None,
        remittance: Some("Creator payout".into()),
    };
    let created = Timestamp::from_millisecond(1_790_000_000_123).unwrap();
    let table = RailTable::default();
    let codes = table.codes(rail).unwrap();
    let payment = PaymentInstruction {
        payment_id: "PAY-1".into(),
        payment_type: codes.payment_type(),
        batch_booking: false,
        execution: codes.at_once(created, &TimeZone::UTC),
        debtor: Party::paid_to("Largesse", &us("021000021", "4412345678"), None, None),
        transfers: amounts.iter().enumerate().map(transfer).collect(),
    };
    Initiation::new("MSG-1".into(), created, "Largesse", vec![payment])
}

#[test]
fn a_message_reads_back_as_it_was_written() {
    for rail in ["us-rtp", "sepa-instant"] {
        let original = message(rail, "Ana <Müller> & Söhne", &[1, 860_000]);
        let read = Initiation::read(original.write().unwrap().as_bytes()).unwrap();
        assert_eq!(read, original);
        assert_eq!(read.check_totals(), Ok(()));
    }
}

#[test]
fn an_ultimate_debtor_of_all_transfers_is_that_of_each_that_names_no_other() {
    let text = message("us-rtp", "A", &[5, 6]).write().unwrap();
    let of_all = text.replace("<ChrgBr>", "<UltmtDbtr><Nm>Group</Nm></UltmtDbtr><ChrgBr>");
    let read = Initiation::read(of_all.as_bytes()).unwrap();
    let names: Vec<Option<&str>> = read.payments[0].transfers.iter().map(|transfer| transfer.ultimate_debtor.as_deref()).collect();
    assert_eq!(names, [Some("Group"), Some("Acme & Co")]);
    // A bare id of one is no name.
    let id = "<UltmtDbtr><Id><OrgId><AnyBIC>TESTUS33</AnyBIC></OrgId></Id></UltmtDbtr><ChrgBr>";
    assert_eq!(Initiation::read(text.replace("<ChrgBr>", id).as_bytes()).unwrap().payments[0].transfers[0].ultimate_debtor, None);
}

#[test]
fn wrong_totals_are_noticed() {
    let mut wrong = message("us-rtp", "A", &[5]);
    wrong.stated_count = 2;
    assert_eq!(wrong.check_totals(), Err(Error::Total { element: "NbOfTxs" }));
    let mut wrong = message("us-rtp", "A", &[5]);
    wrong.stated_sum = Some(Decimal::ONE);
    assert_eq!(wrong.check_totals(), Err(Error::Total { element: "CtrlSum" }));
}

#[test]
fn what_the_schema_refuses_is_not_written() {
    assert!(message("us-rtp", "", &[5]).write().is_err());
    assert!(message("us-rtp", &"a".repeat(141), &[5]).write().is_err());
    assert!(message("us-rtp", "A", &[]).write().is_err());
    let mut nowhere = message("us-rtp", "A", &[5]);
    nowhere.payments[0].payment_type = PaymentType::default();
    assert!(nowhere.write().is_err());
    let mut long = message("us-rtp", "A", &[5]);
    long.payments[0].transfers[0].end_to_end_id = "x".repeat(36);
    assert!(long.write().is_err());
}

#[test]
fn repeated_and_missing_elements_are_named() {
    let text = message("us-rtp", "A", &[5]).write().unwrap();
    let twice = text.replace("<EndToEndId>E2E-0</EndToEndId>", "<EndToEndId>a</EndToEndId><EndToEndId>b</EndToEndId>");
    assert_eq!(Initiation::read(twice.as_bytes()), Err(Error::Duplicate { parent: "PmtId".into(), element: "EndToEndId" }));
    let without = text.replace("<MsgId>MSG-1</MsgId>", "");
    assert_eq!(Initiation::read(without.as_bytes()), Err(Error::Missing { parent: "GrpHdr".into(), element: "MsgId" }));
    let older = text.replace("pain.001.001.09", "pain.001.001.03");
    assert!(matches!(Initiation::read(older.as_bytes()), Err(Error::Namespace { .. })));
}

proptest! {
    #[test]
    fn any_name_reads_back(name in "\\PC{1,140}", amount in 1..=money::AMOUNT_MAX) {
        let original = message("sepa-instant", name.trim(), &[amount]);
        if let Ok(text) = original.write() {
            prop_assert_eq!(Initiation::read(text.as_bytes()).unwrap(), original);
        }
    }

    #[test]
    fn mutated_messages_never_panic(cut in 0..3000usize, at in 0..3000usize, byte in any::<u8>(), insert in any::<bool>()) {
        let mut bytes = message("us-rtp", "A", &[5]).write().unwrap().into_bytes();
        let at = at % bytes.len();
        if insert { bytes.insert(at, byte) } else { bytes[at] = byte }
        let _ = Initiation::read(&bytes);
        bytes.truncate(cut % bytes.len());
        prop_assert!(Initiation::read(&bytes).is_err());
    }
}

#[test]
fn what_a_party_has_reads_back() {
    let mut original = message("us-rtp", "Ana", &[5]);
    let payment = &mut original.payments[0];
    payment.batch_booking = true;
    payment.payment_type.category_purpose = Some(TypeCode::Code("SUPP".into()));
    let transfer = &mut payment.transfers[0];
    transfer.purpose = Some(TypeCode::Own("wages".into()));
    let alias = address(AddressKind::PixKey, &[(F::AliasType, "cnpj"), (F::Alias, "11222333000181")]);
    transfer.creditor = Party::paid_to("Ana", &alias, None, Some(TaxId::brazilian("11222333000181")));
    transfer.creditor.postal = Some(PostalAddress {
        town: Some("Olinda".into()),
        country: Some("BR".into()),
        lines: vec!["Rua A 1".into(), "2nd floor".into()],
        ..PostalAddress::default()
    });
    assert!(matches!(transfer.creditor.tax_id, Some(TaxId::Organisation(_))));
    assert_eq!(Initiation::read(original.write().unwrap().as_bytes()).unwrap(), original);
}

#[test]
fn parties_that_no_schema_allows_are_not_written() {
    let written = |change: fn(&mut Party)| {
        let mut message = message("us-rtp", "Ana", &[5]);
        change(&mut message.payments[0].transfers[0].creditor);
        message.write()
    };
    assert!(written(|party| party.name = None).is_err());
    assert!(written(|party| party.account = None).is_err());
    assert!(written(|party| party.account = Some(AccountId::bban(&"1".repeat(35)))).is_err());
    assert!(written(|party| party.account = Some(AccountId::Proxy { kind: None, id: "a".repeat(321) })).is_err());
    assert!(written(|party| party.postal = Some(PostalAddress::default())).is_err());
    let lines = |lines: usize| PostalAddress { lines: vec!["x".into(); lines], ..PostalAddress::default() };
    assert!(written(|party| party.tax_id = Some(TaxId::Person("9".repeat(36)))).is_err());
    let mut long = message("us-rtp", "Ana", &[5]);
    long.payments[0].transfers[0].creditor.postal = Some(lines(8));
    assert!(long.write().is_err());
}

#[test]
fn codes_that_only_describe_are_no_reason_to_refuse() {
    let text = message("us-rtp", "A", &[5]).write().unwrap();
    let odd = text.replace("<Cd>BBAN</Cd>", "<Other>BBAN</Other>");
    let read = Initiation::read(odd.as_bytes()).unwrap();
    let account = read.payments[0].transfers[0].creditor.account.clone();
    assert_eq!(account, Some(AccountId::Other { number: "5512345678".into(), scheme: None }));
}
