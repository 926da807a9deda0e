//! Unit tests of `bank`.
use super::*;
use crate::domain::evidence::ReportedSending;
use accounts::AddressRules;
use iso20022::{
    ReasonCode, StatusOutcome, TransactionStatus,
    pain001::TransferAmount,
    pain002::{PaymentReport, StatusReason, TransactionReport},
};
use money::Money;
use proptest::prelude::*;
use rails::RailBook;
use std::sync::LazyLock;

static SUBJECT: LazyLock<SentPayment<'static>> = LazyLock::new(|| {
    let amount = Money::try_new(Currency::try_new("USD").unwrap(), 150).unwrap();
    SentPayment { end_to_end_id: "E", rail: "us-rtp", sends: 1, shared: &[], amount }
});

/// As if the payment had been sent once.
fn interpret(status: StatusCode, window_seconds: Option<i64>, body: &[u8], subject: &SentPayment<'_>) -> BankAnswer {
    super::interpret(status, window_seconds, body, *subject)
}

fn outcome(answer: &BankAnswer) -> Option<StatusOutcome> {
    if let BankAnswer::Named(said) = answer { Some(said.outcome) } else { None }
}

fn report(id: &str, status: Option<&str>, reason: Option<&str>) -> Vec<u8> {
    let reason = reason.map(|code| StatusReason { reason: Some(ReasonCode::from_code(code)), additional: Vec::new() });
    let transaction = TransactionReport {
        end_to_end_id: Some(id.into()),
        status: status.map(TransactionStatus::from_code),
        reasons: reason.into_iter().collect(),
        accepted: None,
        bank_reference: None,
        instructed_amount: None,
        settled_amount: None,
    };
    let report = StatusReport {
        message_id: "R".into(),
        created: Timestamp::now(),
        original_message_id: "E-1".into(),
        original_message_name: "pain.001.001.09".into(),
        group_status: None,
        group_reasons: Vec::new(),
        payments: vec![PaymentReport {
            original_payment_id: "P".into(),
            status: None,
            reasons: Vec::new(),
            transactions: vec![transaction],
        }],
    };
    report.write().unwrap().into_bytes()
}

#[test]
fn a_404_is_the_banks_word_only_with_window_and_name() {
    let named = report("E", None, Some("AG09"));
    assert_eq!(interpret(StatusCode::NOT_FOUND, Some(30), &named, &SUBJECT), BankAnswer::NotFound { window_ms: 30_000 });
    for (window, body) in
        [(None, named.clone()), (Some(30), report("X", None, None)), (Some(30), b"<html>404</html>".to_vec()), (Some(30), Vec::new())]
    {
        assert!(matches!(interpret(StatusCode::NOT_FOUND, window, &body, &SUBJECT), BankAnswer::Lost(_)));
    }
    // With a status it is neither a "not found" nor a decision.
    let contradicting = interpret(StatusCode::NOT_FOUND, Some(30), &report("E", Some("ACSC"), None), &SUBJECT);
    assert_eq!(outcome(&contradicting), Some(StatusOutcome::Unclear));
}

#[test]
fn a_report_about_another_payment_or_a_server_error_decides_nothing() {
    let mut other = report("X", Some("ACSC"), None);
    let text = String::from_utf8(std::mem::take(&mut other)).unwrap().replace("E-1", "X-1");
    assert!(matches!(interpret(StatusCode::OK, None, text.as_bytes(), &SUBJECT), BankAnswer::Lost(_)));
    let settled = report("E", Some("ACSC"), None);
    assert_eq!(outcome(&interpret(StatusCode::BAD_GATEWAY, None, &settled, &SUBJECT)), Some(StatusOutcome::Unclear));
    assert_eq!(outcome(&interpret(StatusCode::OK, None, &settled, &SUBJECT)), Some(StatusOutcome::Settled));
    // Another payment in a message of ours: the message was seen, and nothing else is known.
    let mixed = report("X", Some("RJCT"), Some("AC04"));
    assert_eq!(outcome(&interpret(StatusCode::OK, None, &mixed, &SUBJECT)), Some(StatusOutcome::Unclear));
}

#[test]
fn a_rejection_brings_its_code_and_words() {
    let BankAnswer::Named(said) = interpret(StatusCode::OK, None, &report("E", Some("RJCT"), Some("AC04")), &SUBJECT) else {
        panic!("a verdict");
    };
    assert_eq!((said.outcome, said.reason_code.as_str(), said.words.as_str()), (StatusOutcome::Rejected, "AC04", "the account is closed"));
    assert_eq!((said.sending, said.duplicate), (ReportedSending::This(1), false));
}

#[test]
fn a_duplicate_is_seen_wherever_it_stands() {
    let why = |reason: ReasonCode, words: &str| StatusReason {
        reason: Some(reason),
        additional: Some(words.to_owned()).filter(|words| !words.is_empty()).into_iter().collect(),
    };
    let own = |text: &str| ReasonCode::Proprietary(text.to_owned());
    let with = |reasons: Vec<StatusReason>, own_level: bool| {
        let mut read = StatusReport::read(&report("E", Some("RJCT"), None)).unwrap();
        let place = if own_level { &mut read.payments[0].transactions[0].reasons } else { &mut read.group_reasons };
        *place = reasons;
        evidence(&read, *SUBJECT).unwrap().duplicate
    };
    for code in ["AM05", "DUPL", "DU01", "DU02", "DU03", "DU04", "DU05"] {
        for level in [true, false] {
            assert!(with(vec![why(ReasonCode::from_code(code), "")], level), "{code}");
            assert!(with(vec![why(own("OTHER"), ""), why(ReasonCode::from_code(code), "")], level), "{code}");
            assert!(with(vec![why(own(&code.to_lowercase()), "")], level), "{code}");
        }
    }
    assert!(
        with(vec![why(own("DUPLICATE"), "")], true) && with(vec![why(ReasonCode::from_code("NARR"), "Possible Duplicate payment")], true)
    );
    assert!(!with(vec![why(ReasonCode::from_code("AC04"), "closed"), why(own("DU4"), "")], true));
}

#[test]
fn a_status_is_of_the_sending_it_names() {
    let of = |message_id: &str| {
        let mut read = StatusReport::read(&report("E", Some("RJCT"), Some("AC04"))).unwrap();
        read.original_message_id = message_id.to_owned();
        let said = evidence(&read, SentPayment { sends: 2, ..*SUBJECT }).unwrap();
        (said.sending, said.outcome)
    };
    assert_eq!(of("E-1"), (ReportedSending::This(1), StatusOutcome::Rejected));
    assert_eq!(of("E-2"), (ReportedSending::This(2), StatusOutcome::Rejected));
    assert_eq!(of("NOTPROVIDED"), (ReportedSending::Unnamed, StatusOutcome::Rejected));
    for other in ["E-3", "E-0", "E-01", "E-", "E", "X-1", "E-1-1"] {
        assert_eq!(of(other), (ReportedSending::Foreign, StatusOutcome::Unclear), "{other}");
    }
}

#[test]
fn an_amount_that_is_not_ours_decides_nothing() {
    let usd = |minor_units| Money::try_new(Currency::try_new("USD").unwrap(), minor_units).unwrap();
    let euro = Money::try_new(Currency::try_new("EUR").unwrap(), 150).unwrap();
    let told = |instructed: Option<Money>, settled: Option<Money>| {
        let mut read = StatusReport::read(&report("E", Some("ACSC"), None)).unwrap();
        read.payments[0].transactions[0].instructed_amount = instructed.map(TransferAmount::Instructed);
        read.payments[0].transactions[0].settled_amount = settled;
        let said = evidence(&read, *SUBJECT).unwrap();
        (said.outcome, said.doubt)
    };
    assert_eq!(told(Some(usd(150)), Some(usd(150))), (StatusOutcome::Settled, None));
    for (instructed, settled) in [(Some(usd(1)), None), (None, Some(usd(151))), (Some(euro), None), (Some(usd(150)), Some(euro))] {
        assert_eq!(told(instructed, settled), (StatusOutcome::Unclear, Some(Doubt::OtherAmount)));
    }
}

#[test]
fn what_is_cut_or_unreadable_and_names_the_payment_proves_that_it_was_seen() {
    let settled = String::from_utf8(report("E2E-OF-32", Some("ACSC"), None)).unwrap();
    let subject = SentPayment { end_to_end_id: "E2E-OF-32", ..*SUBJECT };
    let twice = settled.replace("</TxSts>", "</TxSts><TxSts>RJCT</TxSts>");
    let newer = settled.replace("002.001.10", "002.001.99");
    let half = &settled[..settled.find("<TxSts>").unwrap()];
    for text in [twice.as_str(), &newer, half] {
        let answer = interpret(StatusCode::OK, None, text.as_bytes(), &subject);
        assert_eq!(answer, BankAnswer::Named(BankEvidence::only_seen(Doubt::Unreadable)), "{text}");
        assert!(matches!(interpret(StatusCode::NOT_FOUND, Some(0), text.as_bytes(), &subject), BankAnswer::Lost(_)));
    }
    let page = b"<html>502: /payments/E2E-OF-32</html>";
    assert!(matches!(interpret(StatusCode::BAD_GATEWAY, None, page, &subject), BankAnswer::Lost(_)));
}

proptest! {
    #[test]
    fn nonsense_is_never_an_answer(body in proptest::collection::vec(any::<u8>(), 0..300), status in 100..600u16, window in any::<Option<i64>>()) {
        let status = StatusCode::from_u16(status).unwrap();
        prop_assert!(matches!(interpret(status, window, &body, &SUBJECT), BankAnswer::Lost(_)));
    }
}

#[test]
fn reports_of_other_versions_are_read_or_named() {
    let text = String::from_utf8(report("E", Some("ACSC"), None)).unwrap();
    for version in ["03", "12"] {
        let other = text.replace("pain.002.001.10", &format!("pain.002.001.{version}"));
        assert_eq!(outcome(&interpret(StatusCode::OK, None, other.as_bytes(), &SUBJECT)), Some(StatusOutcome::Settled), "{version}");
    }
    let newer = text.replace("pain.002.001.10", "pain.002.001.99").replace("E-1", "-").replace(">E<", ">-<");
    let elsewhere = SentPayment { end_to_end_id: "NOT IN IT", ..*SUBJECT };
    let BankAnswer::Lost(why) = interpret(StatusCode::OK, None, newer.as_bytes(), &elsewhere) else { panic!("no answer") };
    assert!(why.contains("pain.002.001.99"), "{why}");
}

#[test]
fn a_transfer_between_own_accounts_says_so_and_a_payment_does_not() {
    use iso20022::pain001::Initiation;
    let bank = Iso20022Bank::try_new("http://127.0.0.1:1/", http_client::local(), 1, false).unwrap();
    let account = |canonical: &str| PayoutAddress::from_canonical(canonical, &accounts::AddressRules::default()).unwrap();
    let debtor = account("us-account:021000021:4400001234");
    let payee = PayeeDetails {
        holder_name: "Largesse".into(),
        address: account("us-account:121000248:7712345678"),
        postal: None,
        tax_id: None,
        holder_name_kana: None,
        is_company: true,
        purpose_code: Some("INTC".into()),
    };
    let order = PaymentOrder {
        message_id: "E-1".into(),
        end_to_end_id: "E",
        reference: "",
        uetr: "00000000-0000-4000-8000-000000000007".into(),
        amount: SUBJECT.amount,
        rail: "us-rtp",
        zone: jiff::tz::TimeZone::UTC,
        created: Timestamp::now(),
        debtor_name: "Largesse",
        debtor: &debtor,
        on_behalf_of: None,
        payee: &payee,
        remittance: "Transfer between own accounts",
    };
    for (text, category) in [(bank.own_transfer(&order).unwrap(), Some("INTC")), (bank.message(&order).unwrap(), None)] {
        let read = Initiation::read(text.as_bytes()).unwrap();
        let payment = &read.payments[0];
        assert_eq!(payment.payment_type.category_purpose.as_ref().map(TypeCode::as_str), category, "{text}");
        assert_eq!((payment.transfers[0].end_to_end_id.as_str(), payment.transfers.len()), ("E", 1));
        assert_eq!(RailTable::default().rail(&payment.payment_type), Some("us-rtp"), "the bank must know the rail all the same");
    }
}

/// What the bank is sent for a payment over this rail at this moment, as the sending takes its zone from the rail's record.
fn sent(rail: &str, (account, debtor): (&str, &str), currency: &str, created: &str) -> String {
    let created: Timestamp = created.parse().unwrap();
    let address = |text: &str| PayoutAddress::from_canonical(text, &AddressRules::default()).unwrap();
    let payee = PayeeDetails {
        holder_name: "Ana Lopez".to_owned(),
        address: address(account),
        postal: None,
        tax_id: None,
        holder_name_kana: None,
        is_company: false,
        purpose_code: None,
    };
    let debtor = address(debtor);
    let order = PaymentOrder {
        message_id: "00000000000000000000000000000001-1".to_owned(),
        end_to_end_id: "00000000000000000000000000000001",
        reference: "SUSD00000000001",
        uetr: "eb6305c9-1f7f-49de-aed0-16487c27b42d".to_owned(),
        amount: Money::try_new(Currency::try_new(currency).unwrap(), 150).unwrap(),
        rail,
        zone: RailBook::built_in().record_at(rail, created).unwrap().zone.clone(),
        created,
        debtor_name: "Largesse",
        debtor: &debtor,
        on_behalf_of: None,
        payee: &payee,
        remittance: "Creator payout",
    };
    write(&order, None).unwrap()
}

#[test]
fn a_payment_of_an_american_evening_is_to_be_executed_on_that_day() {
    let us = ("us-account:021000021:5512345678", "us-account:021000021:4400001234");
    for (created, day) in [
        // Half past nine in New York, and already the 27th in Greenwich.
        ("2026-11-27T02:30:00Z", "2026-11-26"),
        ("2026-11-27T04:59:59Z", "2026-11-26"),
        ("2026-11-27T05:00:00Z", "2026-11-27"),
        // In summer the day begins an hour earlier there.
        ("2026-07-02T03:59:59Z", "2026-07-01"),
        ("2026-07-02T04:00:00Z", "2026-07-02"),
    ] {
        let text = sent("us-rtp", us, "USD", created);
        assert!(text.contains(&format!("<ReqdExctnDt><Dt>{day}</Dt></ReqdExctnDt>")), "{created}: {text}");
    }
    // SEPA's instant rail is given the moment.
    let eu = ("iban:DE89370400440532013000", "iban:DE89370400440532013000");
    let text = sent("sepa-instant", eu, "EUR", "2026-11-26T23:30:00Z");
    assert!(text.contains("<ReqdExctnDt><DtTm>2026-11-26T23:30:00"), "{text}");
}
