//! Unit tests of requests for cancellation.
use super::*;
use money::Currency;
use proptest::prelude::*;

fn request() -> CancellationRequest {
    let transaction = |id: &str, reason| TransactionToCancel {
        cancellation_id: Some(format!("C-{id}")),
        end_to_end_id: id.into(),
        uetr: Some("5105128c-2397-45c1-977e-7a3a69182632".into()),
        amount: Money::try_new(Currency::try_new("USD").unwrap(), 500).ok(),
        reason: Some(reason),
        additional: vec!["sent twice".into()],
    };
    let transactions = vec![transaction("E-1", ReasonCode::from_code("DUPL")), transaction("E-2", ReasonCode::Proprietary("own".into()))];
    CancellationRequest {
        assignment_id: "R-1".into(),
        created: Timestamp::from_millisecond(1_790_000_000_123).unwrap(),
        asker: Some("Largesse".into()),
        bank: Some("Sandbox".into()),
        payments: vec![PaymentToCancel {
            original_payment_id: "P".into(),
            original_message_id: Some("M".into()),
            original_message_name: Some(crate::pain001::MESSAGE_NAME.into()),
            transactions,
        }],
    }
}

#[test]
fn a_request_reads_back_as_it_was_written() {
    let text = request().write().unwrap();
    assert_eq!(CancellationRequest::read(text.as_bytes()).unwrap(), request());
    if let Some(root) = std::env::var_os("LARGESSE_REFERENCE_DATA") {
        crate::xml::tests::validate(&std::path::Path::new(&root).join("bank/xsd/camt.055.001.08.xsd"), &text);
    }
}

#[test]
fn a_request_that_names_no_transfer_is_refused() {
    let mut nothing = request();
    nothing.payments.clear();
    assert!(nothing.write().is_err());
    let mut whole = request();
    whole.payments[0].transactions.clear();
    assert!(whole.write().is_err());
    let text = request().write().unwrap();
    let without = text.replace("<OrgnlEndToEndId>E-1</OrgnlEndToEndId>", "");
    assert_eq!(CancellationRequest::read(without.as_bytes()), Err(Error::Missing { parent: "TxInf".into(), element: "OrgnlEndToEndId" }));
    for hostile in ["", "<a/>", "<!DOCTYPE a><a/>", &text[..text.len() / 2]] {
        assert!(CancellationRequest::read(hostile.as_bytes()).is_err());
    }
}

proptest! {
    #[test]
    fn changed_requests_never_panic(at in 0usize..2000, byte in any::<u8>()) {
        let mut bytes = request().write().unwrap().into_bytes();
        let length = bytes.len();
        bytes[at % length] = byte;
        let _ = CancellationRequest::read(&bytes);
    }
}
