//! Elements that several messages share.

use super::super::field::{ContentKind, ElementField, many, must, one};
use iso20022::codes::handling::CodeList;

/// `PmtTpInf`.
pub(super) const PAYMENT_TYPE: &[ElementField] = &[
    one("InstrPrty", "priority", ContentKind::Text),
    one("ClrChanl", "clearing_channel", ContentKind::Text),
    many("SvcLvl", "service_levels", ContentKind::Choice),
    one("LclInstrm", "local_instrument", ContentKind::Choice),
    one("SeqTp", "sequence", ContentKind::Text),
    one("CtgyPurp", "category_purpose", ContentKind::Choice),
];

/// `Amt` of a payment.
pub(super) const INSTRUCTED: &[ElementField] =
    &[one("InstdAmt", "instructed", ContentKind::Money), one("EqvtAmt", "equivalent", ContentKind::Group(EQUIVALENT))];

const EQUIVALENT: &[ElementField] = &[must("Amt", "amount", ContentKind::Money), one("CcyOfTrf", "transfer_currency", ContentKind::Text)];

/// `RmtInf`.
pub(super) const REMITTANCE: &[ElementField] =
    &[many("Ustrd", "lines", ContentKind::Text), many("Strd", "structured", ContentKind::Group(STRUCTURED))];

const STRUCTURED: &[ElementField] = &[
    many("RfrdDocInf", "documents", ContentKind::Group(DOCUMENT)),
    one("RfrdDocAmt", "amounts", ContentKind::Group(DOCUMENT_AMOUNTS)),
    one("CdtrRefInf", "creditor_reference", ContentKind::Group(CREDITOR_REFERENCE)),
    one("Invcr", "invoicer", ContentKind::Party),
    one("Invcee", "invoicee", ContentKind::Party),
    one("TaxRmt", "tax", ContentKind::Amounts),
    one("GrnshmtRmt", "garnishment", ContentKind::Amounts),
    many("AddtlRmtInf", "additional", ContentKind::Text),
];

const DOCUMENT: &[ElementField] = &[
    one("Tp", "type", ContentKind::Group(REFERENCE_TYPE)),
    one("Nb", "number", ContentKind::Text),
    one("RltdDt", "date", ContentKind::Day),
    many("LineDtls", "lines", ContentKind::Amounts),
];

const CREDITOR_REFERENCE: &[ElementField] =
    &[one("Tp", "type", ContentKind::Group(REFERENCE_TYPE)), one("Ref", "reference", ContentKind::Text)];

const REFERENCE_TYPE: &[ElementField] = &[one("CdOrPrtry", "code", ContentKind::Choice), one("Issr", "issuer", ContentKind::Text)];

const DOCUMENT_AMOUNTS: &[ElementField] = &[
    one("DuePyblAmt", "due", ContentKind::Money),
    many("DscntApldAmt", "discounts", ContentKind::Amounts),
    one("CdtNoteAmt", "credit_note", ContentKind::Money),
    many("TaxAmt", "taxes", ContentKind::Amounts),
    many("AdjstmntAmtAndRsn", "adjustments", ContentKind::Group(ADJUSTMENT)),
    one("RmtdAmt", "remitted", ContentKind::Money),
];

const ADJUSTMENT: &[ElementField] = &[
    must("Amt", "amount", ContentKind::Money),
    one("CdtDbtInd", "direction", ContentKind::Direction),
    one("Rsn", "reason", ContentKind::Text),
    one("AddtlInf", "additional", ContentKind::Text),
];

/// `ChrgsInf` of payments between banks.
pub(super) const CHARGE: &[ElementField] =
    &[must("Amt", "amount", ContentKind::Money), one("Agt", "bank", ContentKind::Agent), one("Pty", "bank", ContentKind::Agent)];

/// `StsRsnInf`.
pub(super) const STATUS_REASON: &[ElementField] = &reason(CodeList::StatusReason);
/// `RtrRsnInf`.
pub(super) const RETURN_REASON: &[ElementField] = &reason(CodeList::ReturnReason);
/// `CxlRsnInf`.
pub(super) const CANCELLATION_REASON: &[ElementField] = &reason(CodeList::CancellationReason);
/// `CxlStsRsnInf`.
pub(super) const CANCELLATION_REJECTION: &[ElementField] = &reason(CodeList::CancellationRejection);

const fn reason(list: CodeList) -> [ElementField; 3] {
    [
        one("Orgtr", "originator", ContentKind::Party),
        one("Rsn", "reason", ContentKind::Code(list)),
        many("AddtlInf", "additional", ContentKind::Text),
    ]
}

/// `OrgnlGrpInf`.
pub(super) const ORIGINAL_GROUP: &[ElementField] = &[
    must("OrgnlMsgId", "message_id", ContentKind::Text),
    must("OrgnlMsgNmId", "message_name", ContentKind::Text),
    one("OrgnlCreDtTm", "created", ContentKind::Moment),
    many("RtrRsnInf", "reasons", ContentKind::Group(RETURN_REASON)),
];

/// `OrgnlTxRef`: the payment as its sender wrote it.
pub(super) const ORIGINAL_TRANSACTION: &[ElementField] = &[
    one("IntrBkSttlmAmt", "settlement_amount", ContentKind::Money),
    one("Amt", "amount", ContentKind::OneOf(INSTRUCTED)),
    one("IntrBkSttlmDt", "settlement_date", ContentKind::Day),
    one("ReqdColltnDt", "collection_date", ContentKind::Day),
    one("ReqdExctnDt", "execution_date", ContentKind::Day),
    one("PmtTpInf", "payment_type", ContentKind::Group(PAYMENT_TYPE)),
    one("PmtMtd", "method", ContentKind::Text),
    one("PmtCond", "conditions", ContentKind::Amounts),
    one("MndtRltdInf", "mandate", ContentKind::Amounts),
    one("RmtInf", "remittance", ContentKind::Group(REMITTANCE)),
    one("UltmtDbtr", "ultimate_debtor", ContentKind::Party),
    one("Dbtr", "debtor", ContentKind::Party),
    one("DbtrAcct", "debtor_account", ContentKind::Account),
    one("DbtrAgt", "debtor_bank", ContentKind::Agent),
    one("CdtrAgt", "creditor_bank", ContentKind::Agent),
    one("Cdtr", "creditor", ContentKind::Party),
    one("CdtrAcct", "creditor_account", ContentKind::Account),
    one("UltmtCdtr", "ultimate_creditor", ContentKind::Party),
    one("Purp", "purpose", ContentKind::Choice),
    one("UndrlygCstmrCdtTrf", "underlying_transfer", ContentKind::Amounts),
];
