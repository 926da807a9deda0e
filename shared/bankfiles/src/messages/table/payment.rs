//! Payments and their returns: `pain.001`, `pacs.008`, `pacs.004`.

use super::{
    super::field::{ContentKind, ElementField, many, must, one},
    part,
};

/// `pain.001`.
pub(super) const INITIATION: &[ElementField] = &[
    must(
        "GrpHdr",
        "header",
        ContentKind::Group(&[
            must("MsgId", "message_id", ContentKind::Text),
            must("CreDtTm", "created", ContentKind::Moment),
            must("NbOfTxs", "count", ContentKind::Count),
            one("CtrlSum", "control_sum", ContentKind::Decimal),
            one("InitgPty", "initiating_party", ContentKind::Party),
            one("FwdgAgt", "forwarding_bank", ContentKind::Agent),
        ]),
    ),
    ElementField { is_required: true, ..many("PmtInf", "payments", ContentKind::Group(PAYMENT)) },
];

const PAYMENT: &[ElementField] = &[
    must("PmtInfId", "payment_id", ContentKind::Text),
    one("PmtMtd", "method", ContentKind::Text),
    one("BtchBookg", "is_booked_as_batch", ContentKind::Flag),
    one("NbOfTxs", "count", ContentKind::Count),
    one("CtrlSum", "control_sum", ContentKind::Decimal),
    one("PmtTpInf", "payment_type", ContentKind::Group(part::PAYMENT_TYPE)),
    one("ReqdExctnDt", "execution_date", ContentKind::Day),
    one("Dbtr", "debtor", ContentKind::Party),
    one("DbtrAcct", "debtor_account", ContentKind::Account),
    one("DbtrAgt", "debtor_bank", ContentKind::Agent),
    one("UltmtDbtr", "ultimate_debtor", ContentKind::Party),
    one("ChrgBr", "charge_bearer", ContentKind::Text),
    one("ChrgsAcct", "charges_account", ContentKind::Account),
    ElementField { is_required: true, ..many("CdtTrfTxInf", "transfers", ContentKind::Group(TRANSFER_ORDER)) },
];

const PAYMENT_ID: &[ElementField] = &[
    one("InstrId", "instruction_id", ContentKind::Text),
    must("EndToEndId", "end_to_end_id", ContentKind::Text),
    one("TxId", "transaction_id", ContentKind::Text),
    one("UETR", "uetr", ContentKind::Text),
    one("ClrSysRef", "clearing_reference", ContentKind::Text),
];

const TRANSFER_ORDER: &[ElementField] = &[
    must("PmtId", "ids", ContentKind::Group(PAYMENT_ID)),
    one("PmtTpInf", "payment_type", ContentKind::Group(part::PAYMENT_TYPE)),
    must("Amt", "amount", ContentKind::OneOf(part::INSTRUCTED)),
    one(
        "XchgRateInf",
        "exchange",
        ContentKind::Group(&[
            one("UnitCcy", "unit_currency", ContentKind::Text),
            one("XchgRate", "rate", ContentKind::Decimal),
            one("RateTp", "rate_type", ContentKind::Text),
            one("CtrctId", "contract", ContentKind::Text),
        ]),
    ),
    one("ChrgBr", "charge_bearer", ContentKind::Text),
    one("UltmtDbtr", "ultimate_debtor", ContentKind::Party),
    one("CdtrAgt", "creditor_bank", ContentKind::Agent),
    one("Cdtr", "creditor", ContentKind::Party),
    one("CdtrAcct", "creditor_account", ContentKind::Account),
    one("UltmtCdtr", "ultimate_creditor", ContentKind::Party),
    one("Purp", "purpose", ContentKind::Choice),
    many("RgltryRptg", "regulatory", ContentKind::Amounts),
    one("Tax", "tax", ContentKind::Amounts),
    one("RmtInf", "remittance", ContentKind::Group(part::REMITTANCE)),
];

const BANKS_HEADER: &[ElementField] = &[
    must("MsgId", "message_id", ContentKind::Text),
    must("CreDtTm", "created", ContentKind::Moment),
    one("BtchBookg", "is_booked_as_batch", ContentKind::Flag),
    must("NbOfTxs", "count", ContentKind::Count),
    one("CtrlSum", "control_sum", ContentKind::Decimal),
    one("GrpRtr", "is_whole_group", ContentKind::Flag),
    one("TtlIntrBkSttlmAmt", "total", ContentKind::Money),
    one("TtlRtrdIntrBkSttlmAmt", "total", ContentKind::Money),
    one("IntrBkSttlmDt", "settlement_date", ContentKind::Day),
    one("PmtTpInf", "payment_type", ContentKind::Group(part::PAYMENT_TYPE)),
    one("InstgAgt", "instructing_bank", ContentKind::Agent),
    one("InstdAgt", "instructed_bank", ContentKind::Agent),
];

/// `pacs.008`.
pub(super) const TRANSFER: &[ElementField] = &[
    must("GrpHdr", "header", ContentKind::Group(BANKS_HEADER)),
    ElementField { is_required: true, ..many("CdtTrfTxInf", "transfers", ContentKind::Group(BANK_TRANSFER)) },
];

const BANK_TRANSFER: &[ElementField] = &[
    must("PmtId", "ids", ContentKind::Group(PAYMENT_ID)),
    one("PmtTpInf", "payment_type", ContentKind::Group(part::PAYMENT_TYPE)),
    must("IntrBkSttlmAmt", "settlement_amount", ContentKind::Money),
    one("IntrBkSttlmDt", "settlement_date", ContentKind::Day),
    one("AccptncDtTm", "accepted", ContentKind::Moment),
    one("InstdAmt", "instructed", ContentKind::Money),
    one("XchgRate", "exchange_rate", ContentKind::Decimal),
    one("ChrgBr", "charge_bearer", ContentKind::Text),
    many("ChrgsInf", "charges", ContentKind::Group(part::CHARGE)),
    one("InstgAgt", "instructing_bank", ContentKind::Agent),
    one("InstdAgt", "instructed_bank", ContentKind::Agent),
    one("UltmtDbtr", "ultimate_debtor", ContentKind::Party),
    one("InitgPty", "initiating_party", ContentKind::Party),
    one("Dbtr", "debtor", ContentKind::Party),
    one("DbtrAcct", "debtor_account", ContentKind::Account),
    one("DbtrAgt", "debtor_bank", ContentKind::Agent),
    one("CdtrAgt", "creditor_bank", ContentKind::Agent),
    one("Cdtr", "creditor", ContentKind::Party),
    one("CdtrAcct", "creditor_account", ContentKind::Account),
    one("UltmtCdtr", "ultimate_creditor", ContentKind::Party),
    one("Purp", "purpose", ContentKind::Choice),
    many("RgltryRptg", "regulatory", ContentKind::Amounts),
    one("Tax", "tax", ContentKind::Amounts),
    one("MndtRltdInf", "mandate", ContentKind::Amounts),
    one("RmtInf", "remittance", ContentKind::Group(part::REMITTANCE)),
];

/// `pacs.004`.
pub(super) const RETURN: &[ElementField] = &[
    must("GrpHdr", "header", ContentKind::Group(BANKS_HEADER)),
    one("OrgnlGrpInf", "original", ContentKind::Group(part::ORIGINAL_GROUP)),
    many("TxInf", "returns", ContentKind::Group(RETURNED)),
];

const RETURNED: &[ElementField] = &[
    one("RtrId", "return_id", ContentKind::Text),
    one("OrgnlGrpInf", "original", ContentKind::Group(part::ORIGINAL_GROUP)),
    one("OrgnlInstrId", "instruction_id", ContentKind::Text),
    one("OrgnlEndToEndId", "end_to_end_id", ContentKind::Text),
    one("OrgnlTxId", "transaction_id", ContentKind::Text),
    one("OrgnlUETR", "uetr", ContentKind::Text),
    one("OrgnlClrSysRef", "original_clearing_reference", ContentKind::Text),
    one("OrgnlIntrBkSttlmAmt", "original_amount", ContentKind::Money),
    one("OrgnlIntrBkSttlmDt", "original_date", ContentKind::Day),
    must("RtrdIntrBkSttlmAmt", "returned", ContentKind::Money),
    one("IntrBkSttlmDt", "settlement_date", ContentKind::Day),
    one("RtrdInstdAmt", "instructed", ContentKind::Money),
    one("XchgRate", "exchange_rate", ContentKind::Decimal),
    one("CompstnAmt", "compensation", ContentKind::Money),
    one("ChrgBr", "charge_bearer", ContentKind::Text),
    many("ChrgsInf", "charges", ContentKind::Group(part::CHARGE)),
    one("ClrSysRef", "clearing_reference", ContentKind::Text),
    one("InstgAgt", "instructing_bank", ContentKind::Agent),
    one("InstdAgt", "instructed_bank", ContentKind::Agent),
    many("RtrRsnInf", "reasons", ContentKind::Group(part::RETURN_REASON)),
    one("OrgnlTxRef", "original_transaction", ContentKind::Group(part::ORIGINAL_TRANSACTION)),
];
