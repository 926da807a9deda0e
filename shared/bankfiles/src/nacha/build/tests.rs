//! Unit tests of `build`.
use super::super::{AchAccount, read, write};
use super::*;
use jiff::civil::date as day;
use proptest::prelude::*;

pub fn terms() -> AchFileTerms {
    AchFileTerms {
        destination: "231380104".into(),
        origin: "121042882".into(),
        destination_name: "Federal Reserve Bank".into(),
        origin_name: "Test Bank".into(),
        reference: String::new(),
        created: day(2026, 11, 23).at(9, 0, 0, 0),
        modifier: 'A',
        line_end: AchLineEnd::Lf,
        odfi: "121042882".into(),
        first_sequence: 1,
    }
}

pub fn batch(class: CreditClass) -> AchBatchTerms {
    AchBatchTerms {
        class,
        company_name: "Example Co".into(),
        discretionary: String::new(),
        company_id: "1123456789".into(),
        description: "PAYOUT".into(),
        descriptive_date: String::new(),
        effective: day(2026, 11, 27),
        offset: None,
    }
}

pub fn credit(routing: &str, account: &str, kind: AccountKind, cents: i64) -> AchCredit {
    AchCredit {
        account: AchAccount { routing_number: routing.into(), account_number: account.into(), kind },
        kind: if cents == 0 { CreditKind::Prenote } else { CreditKind::Payment { cents } },
        identification: "PO0001".into(),
        name: "Ada Example".into(),
        discretionary: String::new(),
        information: None,
    }
}

fn written(builder: AchFileBuilder) -> String {
    String::from_utf8(write(&builder.build().unwrap()).unwrap()).unwrap()
}

#[test]
fn a_built_file_is_the_one_written_by_hand() {
    let mut builder = AchFileBuilder::try_new(&terms()).unwrap();
    let mut first = credit("021000021", "12345678", AccountKind::Checking, 125_000);
    first.information = Some("RFB/payout PO0001".into());
    let mut second = credit("011401533", "000123456789", AccountKind::Savings, 0);
    (second.identification, second.name) = ("PO0002".into(), "Bao Example".into());
    let added = builder.add_batch(&batch(CreditClass::Ppd), &[first, second]).unwrap();
    assert_eq!(added.entries.iter().map(|entry| entry.trace.as_str()).collect::<Vec<_>>(), ["121042880000001", "121042880000002"]);
    let mut third = credit("122000247", "99-88-77", AccountKind::Savings, 1);
    (third.identification, third.name) = ("AG0001".into(), "Example Agency LLC".into());
    let same_day = AchBatchTerms { descriptive_date: "SD1300".into(), effective: day(2026, 11, 23), ..batch(CreditClass::Ccd) };
    builder.add_batch(&same_day, &[third]).unwrap();
    assert_eq!(builder.next_sequence(), 4);
    assert_eq!(written(builder), super::super::tests::files::PAYOUTS);
}

#[test]
fn a_file_is_padded_to_ten_lines() {
    for (credits, lines) in [(1, 10), (6, 10), (7, 20), (16, 20), (17, 30)] {
        for line_end in [AchLineEnd::None, AchLineEnd::Lf, AchLineEnd::CrLf] {
            let mut builder = AchFileBuilder::try_new(&AchFileTerms { line_end, ..terms() }).unwrap();
            let credits: Vec<AchCredit> = (0..credits).map(|_| credit("021000021", "1", AccountKind::Checking, 5)).collect();
            builder.add_batch(&batch(CreditClass::Ppd), &credits).unwrap();
            let text = written(builder);
            assert_eq!(text.len(), lines * (94 + line_end.text().len()));
            assert!(text.ends_with(line_end.text()) && text.contains(&format!("9000001{:06}", lines / 10)), "{text}");
        }
    }
}

#[test]
fn a_balanced_batch_debits_our_account_with_the_sum() {
    let mut builder = AchFileBuilder::try_new(&terms()).unwrap();
    let account = AchAccount { routing_number: "121042882".into(), account_number: "777".into(), kind: AccountKind::Checking };
    let offset = Some(AchOffset { account, name: "Example Co".into(), identification: String::new() });
    let balanced = AchBatchTerms { offset, ..batch(CreditClass::Ppd) };
    let credits = [credit("021000021", "1", AccountKind::Checking, 5), credit("021000021", "2", AccountKind::Savings, 7)];
    let added = builder.add_batch(&balanced, &credits).unwrap();
    let last = added.entries.last().unwrap();
    assert_eq!((last.transaction_code.code(), last.amount_cents, last.trace.as_str()), (27, 12, "121042880000003"));
    assert_eq!((added.totals().debit_cents, added.totals().credit_cents, added.header.service_class), (12, 12, ServiceClass::Mixed));
    builder.add_batch(&balanced, &[credit("021000021", "1", AccountKind::Checking, 0)]).unwrap();
    assert_eq!(builder.file.batches[1].entries.len(), 1);
    let most = [credit("021000021", "1", AccountKind::Checking, AMOUNT_CENTS_MAX), credit("021000021", "1", AccountKind::Checking, 1)];
    assert_eq!(builder.clone().add_batch(&balanced, &most).unwrap_err().field, "amount");
    written(builder);
}

#[test]
fn modifiers_go_from_a_to_z_and_on_to_9() {
    assert_eq!([0, 25, 26, 35, 36].map(file_modifier), [Some('A'), Some('Z'), Some('0'), Some('9'), None]);
    for nth in 0..36 {
        let modifier = file_modifier(nth).unwrap();
        assert!(AchFileBuilder::try_new(&AchFileTerms { modifier, ..terms() }).is_ok());
    }
}

#[test]
fn credits_that_do_not_fit_are_refused() {
    let builder = AchFileBuilder::try_new(&terms()).unwrap();
    let refused = |change: &dyn Fn(&mut AchCredit)| {
        let mut wrong = credit("021000021", "12345678", AccountKind::Checking, 100);
        change(&mut wrong);
        let mut builder = builder.clone();
        let right = credit("021000021", "1", AccountKind::Checking, 5);
        let error = builder.add_batch(&batch(CreditClass::Ppd), &[right, wrong]).unwrap_err();
        assert_eq!((error.place.as_str(), builder.next_sequence(), builder.file.batches.len()), ("batch 1, entry 2", 1, 0));
        format!("{} {}", error.field, error.must)
    };
    assert_eq!(refused(&|credit| credit.name = "A".repeat(23)), "name must be at most 22 characters, not 23");
    assert_eq!(refused(&|credit| credit.name = String::new()), "name must not be empty");
    assert_eq!(refused(&|credit| credit.name = " A".into()), "name must not begin or end with a blank");
    assert!(refused(&|credit| credit.name = "Zoë".into()).starts_with("name must be printable ASCII characters"));
    assert!(refused(&|credit| credit.name = "A\nB".into()).starts_with("name must be printable ASCII characters"));
    for cents in [0, -1, i64::MIN, AMOUNT_CENTS_MAX + 1, i64::MAX] {
        let expected = format!("amount must be 1 to 9999999999 cents, not {cents}");
        assert_eq!(refused(&|credit| credit.kind = CreditKind::Payment { cents }), expected);
    }
    for number in ["021000022", "02100002", "0210000211", "02100002A", "", "000000000", "٠٢١٠٠٠٠٢١"] {
        let expected = "routing number must be nine digits of which the last is the right check digit";
        assert_eq!(refused(&|credit| credit.account.routing_number = number.into()), expected, "{number}");
    }
    for number in ["", "123456789012345678", "12 34", "12.34", "é"] {
        let expected = "account number must be 1 to 17 letters, digits and hyphens";
        assert_eq!(refused(&|credit| credit.account.account_number = number.into()), expected, "{number}");
    }
    assert_eq!(refused(&|credit| credit.account.account_number = "000".into()), "account number must not be zeros");
    assert_eq!(refused(&|credit| credit.account.kind = AccountKind::Loan), "account must be a checking or savings account");
    assert_eq!(refused(&|credit| credit.identification = "1".repeat(16)), "identification number must be at most 15 characters, not 16");
    assert_eq!(refused(&|credit| credit.discretionary = "123".into()), "discretionary data must be at most 2 characters, not 3");
    let information = |text: String| refused(&|credit| credit.information = Some(text.clone()));
    assert_eq!(information("x".repeat(81)), "payment related information must be at most 80 characters, not 81");
    assert_eq!(information(String::new()), "payment related information must not be empty");
}

#[test]
fn batches_that_do_not_fit_are_refused() {
    let builder = AchFileBuilder::try_new(&terms()).unwrap();
    let one = [credit("021000021", "1", AccountKind::Checking, 5)];
    let refused = |change: &dyn Fn(&mut AchBatchTerms)| {
        let mut wrong = batch(CreditClass::Ppd);
        change(&mut wrong);
        builder.clone().add_batch(&wrong, &one).unwrap_err().to_string()
    };
    assert_eq!(refused(&|terms| terms.company_name = "A".repeat(17)), "batch 1: company name must be at most 16 characters, not 17");
    assert_eq!(refused(&|terms| terms.company_name = "00".into()), "batch 1: company name must not be zeros");
    assert_eq!(refused(&|terms| terms.company_id = String::new()), "batch 1: company identification must not be empty");
    for description in ["PAYROLL", "Payroll 7", "REVERSAL", "PURCHASE"] {
        assert!(refused(&|terms| terms.description = description.into()).contains("must not begin with"), "{description}");
    }
    assert_eq!(
        refused(&|terms| terms.effective = day(2026, 11, 22)),
        "batch 1: effective entry date must not be before the day of creation"
    );
    assert!(refused(&|terms| terms.effective = day(2100, 1, 1)).contains("2000 to 2099"));
    assert_eq!(builder.clone().add_batch(&batch(CreditClass::Ppd), &[]).unwrap_err().to_string(), "batch 1: credits must be at least one");
    assert_eq!(builder.build().unwrap_err().to_string(), "file: batches must be at least one");
}

#[test]
fn files_that_do_not_fit_are_refused() {
    let refused = |change: &dyn Fn(&mut AchFileTerms)| {
        let mut wrong = terms();
        change(&mut wrong);
        AchFileBuilder::try_new(&wrong).unwrap_err().field
    };
    assert_eq!(refused(&|terms| terms.destination = "231380105".into()), "immediate destination");
    assert_eq!(refused(&|terms| terms.odfi = "12104288".into()), "originating DFI");
    for origin in ["", "12345678", "12345678901", "123456789é"] {
        assert_eq!(refused(&|terms| terms.origin = origin.into()), "immediate origin", "{origin}");
    }
    assert_eq!(refused(&|terms| terms.modifier = 'a'), "file id modifier");
    assert_eq!(refused(&|terms| terms.origin_name = "A".repeat(24)), "immediate origin name");
    assert_eq!(refused(&|terms| terms.created = day(1999, 1, 1).at(0, 0, 0, 0)), "file creation date");
    assert_eq!(refused(&|terms| terms.first_sequence = 0), "first sequence number");
    assert_eq!(refused(&|terms| terms.first_sequence = SEQUENCE_MAX + 1), "first sequence number");
}

#[test]
fn numbers_of_entries_end_with_seven_digits() {
    let mut builder = AchFileBuilder::try_new(&AchFileTerms { first_sequence: SEQUENCE_MAX, ..terms() }).unwrap();
    let one = credit("021000021", "1", AccountKind::Checking, 5);
    assert_eq!(builder.add_batch(&batch(CreditClass::Ppd), &[one.clone(), one.clone()]).unwrap_err().field, "trace number");
    assert_eq!(builder.add_batch(&batch(CreditClass::Ppd), std::slice::from_ref(&one)).unwrap().entries[0].trace, "121042889999999");
    assert_eq!(builder.add_batch(&batch(CreditClass::Ppd), &[one]).unwrap_err().field, "trace number");
}

fn any_credit() -> impl Strategy<Value = AchCredit> {
    let texts = ("[ -~]{0,24}", "[ -~]{0,16}", proptest::option::of("[ -~]{0,82}"), "[0-9A-Z-]{1,17}");
    (texts, "[0-9]{8}", -1..=AMOUNT_CENTS_MAX, any::<bool>()).prop_map(
        |((name, identification, information, account), eight, cents, savings)| {
            let routing = format!("{eight}{}", super::super::check_digit(&eight).unwrap());
            let kind = if savings { AccountKind::Savings } else { AccountKind::Checking };
            AchCredit { name, identification, information, ..credit(&routing, &account, kind, cents) }
        },
    )
}

proptest! {
    #[test]
    fn whatever_is_accepted_is_written_and_read_back(
        batches in proptest::collection::vec(proptest::collection::vec(any_credit(), 1..4), 1..4),
        line_end in prop_oneof![Just(AchLineEnd::None), Just(AchLineEnd::Lf), Just(AchLineEnd::CrLf)],
    ) {
        let mut builder = AchFileBuilder::try_new(&AchFileTerms { line_end, ..terms() }).unwrap();
        let mut accepted = 0;
        for credits in &batches {
            // Credits that don't fit are refused one by one, so that most batches are accepted.
            let fits = |credit: &&AchCredit| builder.clone().add_batch(&batch(CreditClass::Ccd), std::slice::from_ref(*credit)).is_ok();
            let fitting: Vec<AchCredit> = credits.iter().filter(fits).cloned().collect();
            accepted += usize::from(builder.add_batch(&batch(CreditClass::Ccd), &fitting).is_ok());
        }
        match builder.build() {
            Ok(file) => {
                let bytes = write(&file).unwrap();
                prop_assert_eq!(bytes.len() % (10 * (94 + line_end.text().len())), 0);
                prop_assert_eq!(read(&bytes).unwrap(), file);
            }
            Err(_) => prop_assert_eq!(accepted, 0),
        }
    }
}
