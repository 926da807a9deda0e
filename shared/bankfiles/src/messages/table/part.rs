//! Elements that several messages share.

use super::super::reader::{Field, Kind, many, must, one};
use iso20022::codes::handling::CodeList;

/// `PmtTpInf`.
pub(super) const PAYMENT_TYPE: &[Field] = &[
    one("InstrPrty", "priority", Kind::Text),
    one("ClrChanl", "clearing_channel", Kind::Text),
    many("SvcLvl", "service_levels", Kind::Choice),
    one("LclInstrm", "local_instrument", Kind::Choice),
    one("SeqTp", "sequence", Kind::Text),
    one("CtgyPurp", "category_purpose", Kind::Choice),
];

/// `Amt` of a payment.
pub(super) const INSTRUCTED: &[Field] =
    &[one("InstdAmt", "instructed", Kind::Money), one("EqvtAmt", "equivalent", Kind::Group(EQUIVALENT))];

const EQUIVALENT: &[Field] = &[must("Amt", "amount", Kind::Money), one("CcyOfTrf", "transfer_currency", Kind::Text)];

/// `RmtInf`.
pub(super) const REMITTANCE: &[Field] = &[many("Ustrd", "lines", Kind::Text), many("Strd", "structured", Kind::Group(STRUCTURED))];

const STRUCTURED: &[Field] = &[
    many("RfrdDocInf", "documents", Kind::Group(DOCUMENT)),
    one("RfrdDocAmt", "amounts", Kind::Group(DOCUMENT_AMOUNTS)),
    one("CdtrRefInf", "creditor_reference", Kind::Group(CREDITOR_REFERENCE)),
    one("Invcr", "invoicer", Kind::Party),
    one("Invcee", "invoicee", Kind::Party),
    one("TaxRmt", "tax", Kind::Amounts),
    one("GrnshmtRmt", "garnishment", Kind::Amounts),
    many("AddtlRmtInf", "additional", Kind::Text),
];

const DOCUMENT: &[Field] = &[
    one("Tp", "type", Kind::Group(REFERENCE_TYPE)),
    one("Nb", "number", Kind::Text),
    one("RltdDt", "date", Kind::Day),
    many("LineDtls", "lines", Kind::Amounts),
];

const CREDITOR_REFERENCE: &[Field] = &[one("Tp", "type", Kind::Group(REFERENCE_TYPE)), one("Ref", "reference", Kind::Text)];

const REFERENCE_TYPE: &[Field] = &[one("CdOrPrtry", "code", Kind::Choice), one("Issr", "issuer", Kind::Text)];

const DOCUMENT_AMOUNTS: &[Field] = &[
    one("DuePyblAmt", "due", Kind::Money),
    many("DscntApldAmt", "discounts", Kind::Amounts),
    one("CdtNoteAmt", "credit_note", Kind::Money),
    many("TaxAmt", "taxes", Kind::Amounts),
    many("AdjstmntAmtAndRsn", "adjustments", Kind::Group(ADJUSTMENT)),
    one("RmtdAmt", "remitted", Kind::Money),
];

const ADJUSTMENT: &[Field] = &[
    must("Amt", "amount", Kind::Money),
    one("CdtDbtInd", "direction", Kind::Direction),
    one("Rsn", "reason", Kind::Text),
    one("AddtlInf", "additional", Kind::Text),
];

/// `ChrgsInf` of payments between banks.
pub(super) const CHARGE: &[Field] = &[must("Amt", "amount", Kind::Money), one("Agt", "bank", Kind::Agent), one("Pty", "bank", Kind::Agent)];

/// `StsRsnInf`.
pub(super) const STATUS_REASON: &[Field] = &reason(CodeList::StatusReason);
/// `RtrRsnInf`.
pub(super) const RETURN_REASON: &[Field] = &reason(CodeList::ReturnReason);
/// `CxlRsnInf`.
pub(super) const CANCELLATION_REASON: &[Field] = &reason(CodeList::CancellationReason);
/// `CxlStsRsnInf`.
pub(super) const CANCELLATION_REJECTION: &[Field] = &reason(CodeList::CancellationRejection);

const fn reason(list: CodeList) -> [Field; 3] {
    [one("Orgtr", "originator", Kind::Party), one("Rsn", "reason", Kind::Code(list)), many("AddtlInf", "additional", Kind::Text)]
}

/// `OrgnlGrpInf`.
pub(super) const ORIGINAL_GROUP: &[Field] = &[
    must("OrgnlMsgId", "message_id", Kind::Text),
    must("OrgnlMsgNmId", "message_name", Kind::Text),
    one("OrgnlCreDtTm", "created", Kind::Moment),
    many("RtrRsnInf", "reasons", Kind::Group(RETURN_REASON)),
];

/// `OrgnlTxRef`: the payment as its sender wrote it.
pub(super) const ORIGINAL_TRANSACTION: &[Field] = &[
    one("IntrBkSttlmAmt", "settlement_amount", Kind::Money),
    one("Amt", "amount", Kind::Group(INSTRUCTED)),
    one("IntrBkSttlmDt", "settlement_date", Kind::Day),
    one("ReqdColltnDt", "collection_date", Kind::Day),
    one("ReqdExctnDt", "execution_date", Kind::Day),
    one("PmtTpInf", "payment_type", Kind::Group(PAYMENT_TYPE)),
    one("PmtMtd", "method", Kind::Text),
    one("PmtCond", "conditions", Kind::Amounts),
    one("MndtRltdInf", "mandate", Kind::Amounts),
    one("RmtInf", "remittance", Kind::Group(REMITTANCE)),
    one("UltmtDbtr", "ultimate_debtor", Kind::Party),
    one("Dbtr", "debtor", Kind::Party),
    one("DbtrAcct", "debtor_account", Kind::Account),
    one("DbtrAgt", "debtor_bank", Kind::Agent),
    one("CdtrAgt", "creditor_bank", Kind::Agent),
    one("Cdtr", "creditor", Kind::Party),
    one("CdtrAcct", "creditor_account", Kind::Account),
    one("UltmtCdtr", "ultimate_creditor", Kind::Party),
    one("Purp", "purpose", Kind::Choice),
    one("UndrlygCstmrCdtTrf", "underlying_transfer", Kind::Amounts),
];
