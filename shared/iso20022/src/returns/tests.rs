//! Unit tests of `returns`.
use super::*;
use proptest::prelude::*;

fn message() -> String {
    let back = |id: &str, amount: &str| {
        format!(
            "<TxInf><RtrId>R{id}</RtrId><OrgnlEndToEndId>{id}</OrgnlEndToEndId><OrgnlIntrBkSttlmAmt Ccy=\"EUR\">5.00</OrgnlIntrBkSttlmAmt><RtrdIntrBkSttlmAmt Ccy=\"EUR\">{amount}</RtrdIntrBkSttlmAmt><ChrgsInf><Amt Ccy=\"EUR\">0.50</Amt></ChrgsInf><RtrRsnInf><Rsn><Cd>AC04</Cd></Rsn></RtrRsnInf></TxInf>"
        )
    };
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pacs.004.001.10\"><PmtRtr><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-24T10:00:00Z</CreDtTm><NbOfTxs>2</NbOfTxs><CtrlSum>9.5</CtrlSum><TtlRtrdIntrBkSttlmAmt Ccy=\"EUR\">9.50</TtlRtrdIntrBkSttlmAmt><IntrBkSttlmDt>2026-11-24</IntrBkSttlmDt></GrpHdr><OrgnlGrpInf><OrgnlMsgId>O</OrgnlMsgId><OrgnlMsgNmId>pacs.008.001.08</OrgnlMsgNmId></OrgnlGrpInf>{}{}</PmtRtr></Document>",
        back("E1", "5.00"),
        back("NOTPROVIDED", "4.50")
    )
}

#[test]
fn a_partial_return_names_payment_amount_and_reason() {
    let read = PaymentReturns::read(message().as_bytes()).unwrap();
    assert_eq!(read.check_totals(), Ok(()));
    assert_eq!(read.original.as_ref().unwrap().name, "pacs.008.001.08");
    let [whole, part] = read.returns.as_slice() else { panic!("two returns") };
    assert_eq!((whole.end_to_end_id.as_deref(), whole.returned.minor_units(), part.end_to_end_id.as_deref()), (Some("E1"), 500, None));
    assert!(part.original_amount.unwrap().minor_units() > part.returned.minor_units());
    assert_eq!((part.charges[0].minor_units(), part.reasons[0].reason.as_ref().unwrap().code()), (50, "AC04"));
}

#[test]
fn wrong_totals_are_named() {
    for (from, to, element) in
        [("<NbOfTxs>2", "<NbOfTxs>3", "NbOfTxs"), (">9.5<", ">9.6<", "CtrlSum"), (">9.50<", ">9.60<", "TtlRtrdIntrBkSttlmAmt")]
    {
        let read = PaymentReturns::read(message().replace(from, to).as_bytes()).unwrap();
        assert_eq!(read.check_totals(), Err(Error::Total { element }));
    }
}

#[test]
fn a_return_without_payments_must_be_of_the_whole_group() {
    let start = message().find("<TxInf>").unwrap();
    let none = format!("{}</PmtRtr></Document>", &message()[..start]);
    assert!(matches!(PaymentReturns::read(none.as_bytes()), Err(Error::Missing { element: "TxInf", .. })));
    let whole = none.replace("<NbOfTxs>2</NbOfTxs>", "<NbOfTxs>2</NbOfTxs><GrpRtr>true</GrpRtr>");
    assert!(PaymentReturns::read(whole.as_bytes()).unwrap().is_whole_group);
}

proptest! {
    #[test]
    fn changed_returns_never_panic(at in 0usize..2000, byte in any::<u8>()) {
        let mut bytes = message().into_bytes();
        let length = bytes.len();
        bytes[at % length] = byte;
        let _ = PaymentReturns::read(&bytes).map(|read| read.check_totals());
    }
}
