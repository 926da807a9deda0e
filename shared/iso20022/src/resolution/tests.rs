//! Unit tests of `resolution`.
use super::*;
use proptest::prelude::*;

const MESSAGE: &str = "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.029.001.09\"><RsltnOfInvstgtn><Assgnmt><Id>A</Id><Assgnr/><Assgne/><CreDtTm>2026-11-24T10:00:00Z</CreDtTm></Assgnmt><RslvdCase><Id>C</Id></RslvdCase><Sts><Conf>PECR</Conf></Sts><CxlDtls><OrgnlPmtInfAndSts><OrgnlPmtInfId>P</OrgnlPmtInfId><PmtInfCxlSts>PACR</PmtInfCxlSts><TxInfAndSts><OrgnlEndToEndId>E1</OrgnlEndToEndId><TxCxlSts>ACCR</TxCxlSts><OrgnlInstdAmt Ccy=\"EUR\">5.00</OrgnlInstdAmt></TxInfAndSts></OrgnlPmtInfAndSts><TxInfAndSts><OrgnlEndToEndId>E2</OrgnlEndToEndId><TxCxlSts>RJCR</TxCxlSts><CxlStsRsnInf><Rsn><Cd>ARDT</Cd></Rsn><AddtlInf>gone</AddtlInf></CxlStsRsnInf><RsltnRltdInf><IntrBkSttlmAmt Ccy=\"EUR\">4.00</IntrBkSttlmAmt><IntrBkSttlmDt>2026-11-25</IntrBkSttlmDt><Chrgs><Amt Ccy=\"EUR\">1.00</Amt></Chrgs></RsltnRltdInf></TxInfAndSts></CxlDtls></RsltnOfInvstgtn></Document>";

#[test]
fn each_transaction_has_its_answer() {
    let read = Resolution::read(MESSAGE.as_bytes()).unwrap();
    assert_eq!((read.confirmation.as_deref(), read.case_id.as_deref()), (Some("PECR"), Some("C")));
    assert_eq!(read.groups[0].outcome, Some(CancellationOutcome::InPart));
    let [first, second] = read.transactions.as_slice() else { panic!("two transactions") };
    assert_eq!((&first.outcome, first.payment_id.as_deref()), (&Some(CancellationOutcome::Accepted), Some("P")));
    assert_eq!(first.original_amount.unwrap().minor_units(), 500);
    assert_eq!(second.outcome, Some(CancellationOutcome::Refused));
    assert_eq!(
        (second.reasons[0].reason.as_ref().unwrap().code(), second.reasons[0].additional.as_slice()),
        ("ARDT", ["gone".to_owned()].as_slice())
    );
    let repayment = second.repayment.as_ref().unwrap();
    assert_eq!((repayment.amount.unwrap().minor_units(), repayment.charges[0].minor_units()), (400, 100));
}

#[test]
fn unknown_answers_are_kept() {
    let read = Resolution::read(MESSAGE.replace("ACCR", "ZZZZ").as_bytes()).unwrap();
    assert_eq!(read.transactions[0].outcome, Some(CancellationOutcome::Other("ZZZZ".into())));
}

#[test]
fn other_versions_are_named() {
    let newer = MESSAGE.replace("camt.029.001.09", "camt.029.001.13");
    assert_eq!(Resolution::read(newer.as_bytes()), Err(Error::Version { found: "camt.029.001.13".into() }));
}

proptest! {
    #[test]
    fn changed_answers_never_panic(at in 0usize..2000, byte in any::<u8>()) {
        let mut bytes = MESSAGE.as_bytes().to_vec();
        let length = bytes.len();
        bytes[at % length] = byte;
        let _ = Resolution::read(&bytes);
    }
}
