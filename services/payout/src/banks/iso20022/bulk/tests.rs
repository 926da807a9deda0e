//! Unit tests of `bulk`.
use super::*;
use crate::{
    config::EntityConfig,
    domain::{evidence::ReportedSending, payee::PayeeDetails},
};
use accounts::{AddressRules, PayoutAddress};
use iso20022::{
    ReasonCode, StatusOutcome, TransactionStatus,
    pain001::TransferAmount,
    pain002::{PaymentReport, StatusReason, TransactionReport},
};
use jiff::Timestamp;
use money::{Currency, Money};
use proptest::prelude::*;

const IDS: [&str; 4] = ["00000000000000000000000000000001", "00000000000000000000000000000002", "00000000000000000000000000000003", "X"];
const MESSAGE: &str = "B0123456789abcdef0123456789abcdef";

fn usd(minor_units: i64) -> Money {
    Money::try_new(Currency::try_new("USD").unwrap(), minor_units).unwrap()
}

fn listed(id: &str, status: &str) -> TransactionReport {
    let reason = (status == "RJCT").then(|| StatusReason { reason: Some(ReasonCode::from_code("AC04")), additional: Vec::new() });
    TransactionReport {
        end_to_end_id: Some(id.into()),
        status: Some(TransactionStatus::from_code(status)).filter(|_| !status.is_empty()),
        reasons: reason.into_iter().collect(),
        accepted: None,
        bank_reference: None,
        instructed_amount: Some(TransferAmount::Instructed(usd(150))),
        settled_amount: None,
    }
}

/// A report about the message, with these statuses of the group and of its payment, and these transfers.
fn report(group: &str, of_all: &str, transfers: Vec<TransactionReport>) -> StatusReport {
    let status = |code: &str| Some(TransactionStatus::from_code(code)).filter(|_| !code.is_empty());
    StatusReport {
        message_id: "R".into(),
        created: Timestamp::UNIX_EPOCH,
        original_message_id: MESSAGE.into(),
        original_message_name: "pain.001.001.09".into(),
        group_status: status(group),
        group_reasons: Vec::new(),
        payments: vec![PaymentReport {
            original_payment_id: MESSAGE.into(),
            status: status(of_all),
            reasons: Vec::new(),
            transactions: transfers,
        }],
    }
}

/// What an answer means for the first three payments, which were sent once, in this message.
fn answers(http_status: u16, body: Vec<u8>) -> Vec<ReceivedAnswer> {
    let shared = [Some(MESSAGE.to_owned())];
    let subject = |id: &&'static str| SentPayment { end_to_end_id: id, rail: "us-rtp", sends: 1, shared: &shared, amount: usd(150) };
    let subjects: Vec<SentPayment<'_>> = IDS[..3].iter().map(subject).collect();
    each(&Exchanged { status: StatusCode::from_u16(http_status).unwrap(), window_seconds: Some(1), body, cut: None }, &subjects)
}

fn told(report: &StatusReport) -> Vec<ReceivedAnswer> {
    answers(200, report.write().unwrap().into_bytes())
}

/// The outcome for each, and why it decides nothing; none: it was left out.
fn outcomes(received: &[ReceivedAnswer]) -> Vec<Option<(StatusOutcome, Option<Doubt>)>> {
    let outcome = |received: &ReceivedAnswer| match &received.answer {
        BankAnswer::Named(said) => Some((said.outcome, said.doubt)),
        BankAnswer::Lost(_) => None,
        other => panic!("{other:?}"),
    };
    received.iter().map(outcome).collect()
}

#[test]
fn one_message_has_every_payment_with_the_right_count_and_sum_and_is_valid() {
    let payee = |number: usize| PayeeDetails {
        holder_name: format!("Ana <{number}> & Müller"),
        address: PayoutAddress::from_canonical(&format!("us-account:021000021:44000056{number:02}"), &AddressRules::default()).unwrap(),
        postal: None,
        tax_id: None,
        holder_name_kana: None,
        is_company: false,
        purpose_code: None,
    };
    let payees: Vec<PayeeDetails> = (0..3).map(payee).collect();
    let debtor = PayoutAddress::from_canonical("us-account:021000021:4400001234", &AddressRules::default()).unwrap();
    let acme = EntityConfig { name: "Acme & Co".to_owned(), ..EntityConfig::default() };
    let order = |(at, payee)| PaymentOrder {
        message_id: MESSAGE.to_owned(),
        end_to_end_id: IDS[at],
        reference: "SUSD00000000001",
        uetr: "eb6305c9-1f7f-49de-aed0-16487c27b42d".to_owned(),
        amount: usd(150 + i64::try_from(at).unwrap()),
        rail: "us-rtp",
        zone: jiff::tz::TimeZone::UTC,
        created: Timestamp::UNIX_EPOCH,
        debtor_name: "Largesse",
        debtor: &debtor,
        on_behalf_of: (at == 1).then_some(&acme),
        payee,
        remittance: "Creator payout",
    };
    let orders: Vec<PaymentOrder<'_>> = payees.iter().enumerate().map(order).collect();
    let bank = Iso20022Bank::try_new("http://127.0.0.1:1", http_client::local(), 3, false).unwrap();
    let text = bank.shared_message(&orders).unwrap();
    let message = Initiation::read(text.as_bytes()).unwrap();
    message.check_totals().unwrap();
    let [payment] = message.payments.as_slice() else { panic!("{} payments", message.payments.len()) };
    let ids: Vec<&str> = payment.transfers.iter().map(|transfer| transfer.end_to_end_id.as_str()).collect();
    assert_eq!((message.message_id.as_str(), payment.payment_id.as_str(), ids.as_slice()), (MESSAGE, MESSAGE, &IDS[..3]));
    assert_eq!((message.stated_count, message.stated_sum.unwrap().to_string(), payment.batch_booking), (3, "4.53".to_owned(), false));
    let on_behalf_of: Vec<Option<&str>> = payment.transfers.iter().map(|transfer| transfer.ultimate_debtor.as_deref()).collect();
    assert_eq!((payment.debtor.name.as_deref(), on_behalf_of), (Some("Largesse"), vec![None, Some("Acme & Co"), None]));
    assert!(bank.shared_message(&[]).is_err());
    let Some(data) = std::env::var_os("LARGESSE_REFERENCE_DATA") else {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
        return;
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    let schema = std::path::Path::new(&data).join("bank/xsd/pain.001.001.09.xsd");
    let checked = std::process::Command::new("xmllint").args(["--noout", "--nonet", "--schema"]).arg(schema).arg(file.path()).output();
    let checked = checked.expect("xmllint is needed to check messages against the schemas: install libxml2-utils");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

const SETTLED: Option<(StatusOutcome, Option<Doubt>)> = Some((StatusOutcome::Settled, None));
const REJECTED: Option<(StatusOutcome, Option<Doubt>)> = Some((StatusOutcome::Rejected, None));

#[test]
fn each_payment_has_its_own_answer_whatever_the_order_and_however_often_it_is_told() {
    let (first, second) = (listed(IDS[0], "ACSC"), listed(IDS[1], "RJCT"));
    let foreign = listed(IDS[3], "RJCT");
    for transfers in [
        vec![first.clone(), second.clone()],
        vec![foreign.clone(), second.clone(), first.clone()],
        vec![second.clone(), first.clone(), second.clone(), first.clone()],
    ] {
        for group in ["", "PART"] {
            let received = told(&report(group, group, transfers.clone()));
            assert_eq!(outcomes(&received), [SETTLED, REJECTED, None], "{group}: one that is left out is undecided");
            // The part that is kept with a payment is a report, and names no other.
            let kept = StatusReport::read(&received[0].body).unwrap();
            assert!(kept.names(IDS[0]) && !kept.names(IDS[1]) && kept.original_message_id == MESSAGE);
            assert!(received[2].body.is_empty());
        }
    }
    let BankAnswer::Named(said) = &told(&report("", "", vec![second]))[1].answer else { panic!("no answer") };
    assert_eq!((said.sending, said.reason_code.as_str()), (ReportedSending::This(1), "AC04"));
}

#[test]
fn the_status_of_the_whole_settles_nothing_and_rejects_only_what_it_contradicts_nowhere() {
    let of_whole = |group: &str, of_all: &str| outcomes(&told(&report(group, of_all, Vec::new())));
    let unlisted = Some((StatusOutcome::Unclear, Some(Doubt::NotListed)));
    assert_eq!(of_whole("ACSC", ""), [unlisted; 3]);
    assert_eq!(of_whole("", "ACSC"), [unlisted; 3]);
    assert_eq!(of_whole("RJCT", ""), [REJECTED; 3]);
    assert_eq!(of_whole("ACTC", ""), [Some((StatusOutcome::Pending, None)); 3]);
    assert_eq!(of_whole("PART", "PART"), [None; 3]);
    assert_eq!(of_whole("", ""), [None; 3]);
    // Beside payments that are listed it does not reach the others, and decides none against its own status.
    let beside = outcomes(&told(&report("RJCT", "", vec![listed(IDS[0], "ACSC"), listed(IDS[1], "RJCT")])));
    assert_eq!(beside, [Some((StatusOutcome::Unclear, Some(Doubt::Contradiction))), REJECTED, None]);
    let beside = outcomes(&told(&report("ACSC", "", vec![listed(IDS[1], "RJCT")])));
    assert_eq!(beside, [None, Some((StatusOutcome::Unclear, Some(Doubt::Contradiction))), None]);
}

#[test]
fn what_contradicts_itself_or_has_another_amount_decides_nothing_about_that_payment_only() {
    let torn = report("", "", vec![listed(IDS[0], "ACSC"), listed(IDS[1], "ACSC"), listed(IDS[0], "RJCT")]);
    assert_eq!(outcomes(&told(&torn)), [Some((StatusOutcome::Unclear, Some(Doubt::Contradiction))), SETTLED, None]);
    let mut other = report("", "", vec![listed(IDS[0], "ACSC"), listed(IDS[1], "ACSC")]);
    other.payments[0].transactions[0].instructed_amount = Some(TransferAmount::Instructed(usd(151)));
    assert_eq!(outcomes(&told(&other)), [Some((StatusOutcome::Unclear, Some(Doubt::OtherAmount))), SETTLED, None]);
    let foreign = StatusReport { original_message_id: "B".into(), ..report("", "", vec![listed(IDS[0], "RJCT")]) };
    assert_eq!(outcomes(&told(&foreign)), [Some((StatusOutcome::Unclear, Some(Doubt::OtherMessage))), None, None]);
    let silent = report("", "", vec![listed(IDS[0], "")]);
    assert_eq!(outcomes(&told(&silent)), [Some((StatusOutcome::Unclear, Some(Doubt::NoStatus))), None, None]);
}

#[test]
fn an_answer_that_can_not_be_read_or_has_an_error_status_decides_nothing() {
    let text = report("", "", vec![listed(IDS[0], "ACSC"), listed(IDS[1], "RJCT")]).write().unwrap();
    let seen = Some((StatusOutcome::Unclear, Some(Doubt::Unreadable)));
    let newer = text.replace("002.001.10", "002.001.99");
    let half = text[..text.find("RJCT").unwrap()].to_owned();
    for body in [&newer, &half] {
        assert_eq!(outcomes(&answers(200, body.clone().into_bytes())), [seen, seen, None]);
        assert_eq!(outcomes(&answers(404, body.clone().into_bytes())), [None; 3]);
    }
    assert!(answers(200, newer.into_bytes()).iter().all(|received| received.unread_version));
    let by_status = |status| Some((StatusOutcome::Unclear, Some(Doubt::HttpStatus(status))));
    assert_eq!(outcomes(&answers(502, text.clone().into_bytes())), [by_status(502), by_status(502), None]);
    assert_eq!(outcomes(&answers(404, text.into_bytes())), [by_status(404), by_status(404), None]);
    assert_eq!(outcomes(&answers(500, b"<html>500</html>".to_vec())), [None; 3]);
}

proptest! {
    /// Money goes back, or is paid, for a payment only where that follows from its own statuses in the report, wherever they are.
    #[test]
    fn no_payment_is_decided_by_another_ones_status(
        transfers in prop::collection::vec((0..4usize, prop::sample::select(vec!["ACSC", "RJCT", "PDNG", ""])), 1..12),
        group in prop::sample::select(vec!["", "RJCT", "ACSC", "PART", "ACTC"]),
        of_all in prop::sample::select(vec!["", "RJCT", "ACSC", "PART"]),
    ) {
        let report = report(group, of_all, transfers.iter().map(|(at, status)| listed(IDS[*at], status)).collect());
        for (at, outcome) in outcomes(&told(&report)).into_iter().enumerate() {
            let own: Vec<&str> = transfers.iter().filter(|(of, _)| *of == at).map(|(_, status)| *status).collect();
            let with_whole = [group, of_all].into_iter().filter(|status| *status != "PART").chain(own.iter().copied());
            let statuses: Vec<&str> = with_whole.filter(|status| !status.is_empty()).collect();
            prop_assert_eq!(outcome.is_none(), own.is_empty());
            if outcome == REJECTED {
                prop_assert!(statuses.iter().all(|status| *status == "RJCT"), "{:?}", statuses);
            }
            if outcome == SETTLED {
                prop_assert!(statuses.contains(&"ACSC") && !statuses.contains(&"RJCT"), "{:?}", statuses);
            }
        }
    }
}
