//! Unit tests of `pain001`.
use super::*;
use crate::{AbaAccount, Iban};
use money::Currency;
use proptest::prelude::*;

fn money(code: &str, minor_units: i64) -> Money {
    Money::try_new(Currency::try_new(code).unwrap(), minor_units).unwrap()
}

pub fn message(rail: Rail, name: &str, amounts: &[i64]) -> Initiation {
    let (account, bank) = match rail {
        Rail::UsRtp => {
            (BankAccount::Aba(AbaAccount::try_new("121000248", "5512345678").unwrap()), AbaAccount::try_new("021000021", "4412345678"))
        }
        Rail::SepaInstant => {
            (BankAccount::Iban(Iban::try_new("DE46910579234762349724").unwrap()), AbaAccount::try_new("021000021", "4412345678"))
        }
    };
    let transfer = |(at, amount): (usize, &i64)| CreditTransfer {
        end_to_end_id: format!("E2E-{at}"),
        uetr: Some("5105128c-2397-45c1-977e-7a3a69182632".into()),
        amount: TransferAmount::Instructed(money(rail.currency().code(), *amount)),
        creditor: Party::with_account(name, &account),
        remittance: Some("Creator payout".into()),
    };
    let created = Timestamp::from_millisecond(1_790_000_000_123).unwrap();
    let payment = PaymentInstruction {
        payment_id: "PAY-1".into(),
        rail: Some(rail),
        execution: rail.at_once(created, &rail.zone()),
        debtor: Party::with_account("Largesse", &BankAccount::Aba(bank.unwrap())),
        transfers: amounts.iter().enumerate().map(transfer).collect(),
    };
    Initiation::new("MSG-1".into(), created, "Largesse", vec![payment])
}

#[test]
fn a_message_reads_back_as_it_was_written() {
    for rail in Rail::ALL {
        let original = message(rail, "Ana <Müller> & Söhne", &[1, 860_000]);
        let read = Initiation::read(original.write().unwrap().as_bytes()).unwrap();
        assert_eq!(read, original);
        assert_eq!(read.check_totals(), Ok(()));
    }
}

#[test]
fn a_payment_is_executed_today_where_its_rail_lives() {
    let execution = |rail: Rail, at: &str| {
        let mut asked = message(rail, "A", &[5]);
        asked.payments[0].execution = rail.at_once(at.parse().unwrap(), &rail.zone());
        let text = asked.write().unwrap();
        let (_, rest) = text.split_once("<ReqdExctnDt>").unwrap();
        rest.split_once("</ReqdExctnDt>").unwrap().0.to_owned()
    };
    // Half past nine in the evening in New York, in winter and in summer, and the days on which its clocks change.
    for (at, day) in [
        ("2026-11-27T02:30:00Z", "2026-11-26"),
        ("2026-11-27T04:59:59Z", "2026-11-26"),
        ("2026-11-27T05:00:00Z", "2026-11-27"),
        ("2026-07-02T03:59:59Z", "2026-07-01"),
        ("2026-07-02T04:00:00Z", "2026-07-02"),
        ("2027-01-01T01:00:00Z", "2026-12-31"),
        ("2026-03-08T04:59:59Z", "2026-03-07"),
        ("2026-11-01T04:00:00Z", "2026-11-01"),
    ] {
        assert_eq!(execution(Rail::UsRtp, at), format!("<Dt>{day}</Dt>"), "{at}");
    }
    assert_eq!(execution(Rail::SepaInstant, "2026-11-27T02:30:00Z"), "<DtTm>2026-11-27T02:30:00.000Z</DtTm>");
}

#[test]
fn wrong_totals_are_noticed() {
    let mut wrong = message(Rail::UsRtp, "A", &[5]);
    wrong.stated_count = 2;
    assert_eq!(wrong.check_totals(), Err(Error::Total { element: "NbOfTxs" }));
    let mut wrong = message(Rail::UsRtp, "A", &[5]);
    wrong.stated_sum = Some(Decimal::ONE);
    assert_eq!(wrong.check_totals(), Err(Error::Total { element: "CtrlSum" }));
}

#[test]
fn what_the_schema_refuses_is_not_written() {
    assert!(message(Rail::UsRtp, "", &[5]).write().is_err());
    assert!(message(Rail::UsRtp, &"a".repeat(141), &[5]).write().is_err());
    assert!(message(Rail::UsRtp, "A", &[]).write().is_err());
    let mut long = message(Rail::UsRtp, "A", &[5]);
    long.payments[0].transfers[0].end_to_end_id = "x".repeat(36);
    assert!(long.write().is_err());
}

#[test]
fn repeated_and_missing_elements_are_named() {
    let text = message(Rail::UsRtp, "A", &[5]).write().unwrap();
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
        let original = message(Rail::SepaInstant, name.trim(), &[amount]);
        if let Ok(text) = original.write() {
            prop_assert_eq!(Initiation::read(text.as_bytes()).unwrap(), original);
        }
    }

    #[test]
    fn mutated_messages_never_panic(cut in 0..3000usize, at in 0..3000usize, byte in any::<u8>(), insert in any::<bool>()) {
        let mut bytes = message(Rail::UsRtp, "A", &[5]).write().unwrap().into_bytes();
        let at = at % bytes.len();
        if insert { bytes.insert(at, byte) } else { bytes[at] = byte }
        let _ = Initiation::read(&bytes);
        bytes.truncate(cut % bytes.len());
        prop_assert!(Initiation::read(&bytes).is_err());
    }
}
