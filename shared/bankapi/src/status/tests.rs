//! Unit tests of `status`.
use super::*;
use proptest::prelude::*;

fn usd(minor_units: i64) -> Money {
    Money::try_new(Currency::try_new("USD").unwrap(), minor_units).unwrap()
}

fn sent(amount: Money) -> SentApiPayment<'static> {
    SentApiPayment { end_to_end_id: "E2E", payment_type: ApiPaymentType::Rtp, amount }
}

fn status(extra: &str) -> ApiStatus {
    let text = format!(
        r#"{{"paymentIdentifiers":{{"endToEndId":"E2E"}},"paymentId":"P","paymentStatus":"COMPLETED","paymentSubStatus":"DELIVERED_TO_RECIPIENT"{extra}}}"#
    );
    ApiStatus::read(text.as_bytes()).unwrap()
}

fn moved(status: &str, sub: Option<&str>, at: i64) -> ApiStatus {
    ApiStatus {
        end_to_end_id: Some("E2E".into()),
        payment_id: None,
        status: status.into(),
        sub_status: sub.map(str::to_owned),
        updated_at: Timestamp::from_second(at).ok(),
        payment_type: None,
        exceptions: Vec::new(),
        value: None,
        clearing: None,
        ach_trace_number: None,
    }
}

#[test]
fn an_amount_that_the_bank_repeats_must_be_ours() {
    let with = |currency: &str, amount: &str| status(&format!(r#","value":{{"currency":"{currency}","amount":{amount}}}"#));
    assert_eq!(with("USD", "\"12.30\"").evidence(&sent(usd(1_230))), ApiEvidence::Settled);
    assert_eq!(with("USD", "\"12.3\"").evidence(&sent(usd(1_230))), ApiEvidence::Settled);
    assert_eq!(with("USD", "12").evidence(&sent(usd(1_200))), ApiEvidence::Settled);
    for (currency, amount) in [
        ("USD", "\"12.31\""),
        ("EUR", "\"12.30\""),
        ("USD", "\"12.301\""),
        ("USD", "\"-12.30\""),
        ("USD", "\"1.23e1\""),
        ("USD", "\"+12.30\""),
        ("USD", "\"12.\""),
        ("USD", "\".30\""),
        ("USD", "\"1_2.30\""),
        ("XXXX", "\"12.30\""),
        ("USD", "\"99999999999999999999999999999999999\""),
        ("JPY", "\"1230.5\""),
    ] {
        let found = with(currency, amount).evidence(&sent(usd(1_230)));
        assert!(matches!(found, ApiEvidence::Unclear(_)), "{currency} {amount}: {found:?}");
    }
    // An amount in floating point is not read at all.
    let text = r#"{"paymentStatus":"COMPLETED","value":{"currency":"USD","amount":12.30}}"#;
    assert!(ApiStatus::read(text.as_bytes()).is_err());
}

#[test]
fn an_equivalent_amount_is_read_too() {
    let found = status(r#","value":{"equivalentAmount":{"currency":"USD","amount":"5.00","currencyOfTransfer":"EUR"}}"#);
    assert_eq!(found.money(), Some(Ok(usd(500))));
}

#[test]
fn another_id_or_kind_of_payment_proves_nothing() {
    assert!(matches!(status(r#","paymentType":"ACH""#).evidence(&sent(usd(1))), ApiEvidence::Unclear(_)));
    assert_eq!(status(r#","paymentType":"RTP""#).evidence(&sent(usd(1))), ApiEvidence::Settled);
    let other = SentApiPayment { end_to_end_id: "OTHER", ..sent(usd(1)) };
    assert!(matches!(status("").evidence(&other), ApiEvidence::Unclear(_)));
}

#[test]
fn exceptions_of_both_versions_are_read() {
    let second = status(
        r#","exceptions":[{"code":"11500","message":"closed","field":"$.a","additionalContext":[{"type":"ISO20022","code":"AC04","message":"x"}]}]"#,
    );
    let expected = ApiException {
        code: Some("11500".into()),
        words: "closed".into(),
        field: Some("$.a".into()),
        standard_codes: vec![("ISO20022".into(), "AC04".into())],
    };
    assert_eq!(second.exceptions, [expected]);
    let first = status(r#","exceptions":[{"errorCode":"10004","errorDescription":"wrong"}]"#);
    assert_eq!((first.exceptions[0].code.as_deref(), first.exceptions[0].words.as_str()), (Some("10004"), "wrong"));
}

#[test]
fn events_in_any_order_end_in_the_same_status() {
    let events = [
        moved("RECEIVED", Some("RECEIVED"), 1),
        moved("PROCESSING", Some("PENDING_COMPLIANCE_REVIEW"), 2),
        moved("PROCESSING", Some("PROCESSING_BY_JPM"), 3),
        moved("COMPLETED", Some("SENT_TO_CLEARING"), 4),
        moved("COMPLETED", Some("DELIVERED_TO_RECIPIENT"), 5),
        moved("RETURNED", Some("RETURNED"), 6),
    ];
    let mut order: Vec<usize> = (0..events.len()).collect();
    // Every rotation and its reverse.
    for _ in 0..events.len() {
        order.rotate_left(1);
        for reversed in [false, true] {
            let mut now = events[order[0]].clone();
            let mut rest: Vec<usize> = order[1..].to_vec();
            if reversed {
                rest.reverse();
            }
            for index in rest {
                match events[index].order(&now) {
                    StatusOrder::Newer => now = events[index].clone(),
                    StatusOrder::Older | StatusOrder::Same => {}
                    StatusOrder::Contradicts => panic!("{:?} after {now:?}", events[index]),
                }
            }
            assert_eq!(now, events[5]);
        }
    }
}

#[test]
fn a_final_status_is_never_stepped_back_from() {
    let completed = moved("COMPLETED", Some("DELIVERED_TO_RECIPIENT"), 5);
    assert_eq!(moved("PROCESSING", Some("PROCESSING_BY_JPM"), 9).order(&completed), StatusOrder::Older);
    assert_eq!(moved("REJECTED", Some("REJECTED"), 9).order(&completed), StatusOrder::Contradicts);
    assert_eq!(completed.order(&moved("REJECTED", Some("REJECTED"), 1)), StatusOrder::Contradicts);
    assert_eq!(moved("RETURNED", Some("RETURNED"), 9).order(&moved("REJECTED", Some("REJECTED"), 1)), StatusOrder::Contradicts);
    assert_eq!(completed.order(&completed.clone()), StatusOrder::Same);
}

proptest! {
    #[test]
    fn money_reads_back_from_its_own_text(minor_units in 0..=money::AMOUNT_MAX, code in prop::sample::select(vec!["USD", "JPY", "BHD"])) {
        let money = Money::try_new(Currency::try_new(code).unwrap(), minor_units).unwrap();
        prop_assert_eq!(read_money(code, &money.to_decimal().to_string()), Some(money));
    }

    #[test]
    fn mutated_statuses_never_panic(at in 0..300usize, byte in any::<u8>(), cut in 0..300usize) {
        let mut bytes = br#"{"paymentIdentifiers":{"endToEndId":"E"},"paymentStatus":"COMPLETED","value":{"currency":"USD","amount":"1.00"},"statusUpdatedAt":"2026-11-20T16:22:15.900Z","exceptions":[{"code":"11500"}]}"#.to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = ApiStatus::read(&bytes);
        bytes.truncate(cut % bytes.len());
        prop_assert!(ApiStatus::read(&bytes).is_err());
    }
}
