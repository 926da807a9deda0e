//! Payments and their returns: `pain.001`, `pacs.008`, `pacs.004`.

use super::{
    super::reader::{Field, Kind, many, must, one},
    part,
};

/// `pain.001`.
pub(super) const INITIATION: &[Field] = &[
    must(
        "GrpHdr",
        "header",
        Kind::Group(&[
            must("MsgId", "message_id", Kind::Text),
            must("CreDtTm", "created", Kind::Moment),
            must("NbOfTxs", "count", Kind::Count),
            one("CtrlSum", "control_sum", Kind::Decimal),
            one("InitgPty", "initiating_party", Kind::Party),
            one("FwdgAgt", "forwarding_bank", Kind::Agent),
        ]),
    ),
    Field { is_required: true, ..many("PmtInf", "payments", Kind::Group(PAYMENT)) },
];

const PAYMENT: &[Field] = &[
    must("PmtInfId", "payment_id", Kind::Text),
    one("PmtMtd", "method", Kind::Text),
    one("BtchBookg", "is_booked_as_batch", Kind::Flag),
    one("NbOfTxs", "count", Kind::Count),
    one("CtrlSum", "control_sum", Kind::Decimal),
    one("PmtTpInf", "payment_type", Kind::Group(part::PAYMENT_TYPE)),
    one("ReqdExctnDt", "execution_date", Kind::Day),
    one("Dbtr", "debtor", Kind::Party),
    one("DbtrAcct", "debtor_account", Kind::Account),
    one("DbtrAgt", "debtor_bank", Kind::Agent),
    one("UltmtDbtr", "ultimate_debtor", Kind::Party),
    one("ChrgBr", "charge_bearer", Kind::Text),
    one("ChrgsAcct", "charges_account", Kind::Account),
    Field { is_required: true, ..many("CdtTrfTxInf", "transfers", Kind::Group(TRANSFER_ORDER)) },
];

const PAYMENT_ID: &[Field] = &[
    one("InstrId", "instruction_id", Kind::Text),
    must("EndToEndId", "end_to_end_id", Kind::Text),
    one("TxId", "transaction_id", Kind::Text),
    one("UETR", "uetr", Kind::Text),
    one("ClrSysRef", "clearing_reference", Kind::Text),
];

const TRANSFER_ORDER: &[Field] = &[
    must("PmtId", "ids", Kind::Group(PAYMENT_ID)),
    one("PmtTpInf", "payment_type", Kind::Group(part::PAYMENT_TYPE)),
    must("Amt", "amount", Kind::Group(part::INSTRUCTED)),
    one(
        "XchgRateInf",
        "exchange",
        Kind::Group(&[
            one("UnitCcy", "unit_currency", Kind::Text),
            one("XchgRate", "rate", Kind::Decimal),
            one("RateTp", "rate_type", Kind::Text),
            one("CtrctId", "contract", Kind::Text),
        ]),
    ),
    one("ChrgBr", "charge_bearer", Kind::Text),
    one("UltmtDbtr", "ultimate_debtor", Kind::Party),
    one("CdtrAgt", "creditor_bank", Kind::Agent),
    one("Cdtr", "creditor", Kind::Party),
    one("CdtrAcct", "creditor_account", Kind::Account),
    one("UltmtCdtr", "ultimate_creditor", Kind::Party),
    one("Purp", "purpose", Kind::Choice),
    many("RgltryRptg", "regulatory", Kind::Amounts),
    one("Tax", "tax", Kind::Amounts),
    one("RmtInf", "remittance", Kind::Group(part::REMITTANCE)),
];

const BANKS_HEADER: &[Field] = &[
    must("MsgId", "message_id", Kind::Text),
    must("CreDtTm", "created", Kind::Moment),
    one("BtchBookg", "is_booked_as_batch", Kind::Flag),
    must("NbOfTxs", "count", Kind::Count),
    one("CtrlSum", "control_sum", Kind::Decimal),
    one("GrpRtr", "is_whole_group", Kind::Flag),
    one("TtlIntrBkSttlmAmt", "total", Kind::Money),
    one("TtlRtrdIntrBkSttlmAmt", "total", Kind::Money),
    one("IntrBkSttlmDt", "settlement_date", Kind::Day),
    one("PmtTpInf", "payment_type", Kind::Group(part::PAYMENT_TYPE)),
    one("InstgAgt", "instructing_bank", Kind::Agent),
    one("InstdAgt", "instructed_bank", Kind::Agent),
];

/// `pacs.008`.
pub(super) const TRANSFER: &[Field] = &[
    must("GrpHdr", "header", Kind::Group(BANKS_HEADER)),
    Field { is_required: true, ..many("CdtTrfTxInf", "transfers", Kind::Group(BANK_TRANSFER)) },
];

const BANK_TRANSFER: &[Field] = &[
    must("PmtId", "ids", Kind::Group(PAYMENT_ID)),
    one("PmtTpInf", "payment_type", Kind::Group(part::PAYMENT_TYPE)),
    must("IntrBkSttlmAmt", "settlement_amount", Kind::Money),
    one("IntrBkSttlmDt", "settlement_date", Kind::Day),
    one("AccptncDtTm", "accepted", Kind::Moment),
    one("InstdAmt", "instructed", Kind::Money),
    one("XchgRate", "exchange_rate", Kind::Decimal),
    one("ChrgBr", "charge_bearer", Kind::Text),
    many("ChrgsInf", "charges", Kind::Group(part::CHARGE)),
    one("InstgAgt", "instructing_bank", Kind::Agent),
    one("InstdAgt", "instructed_bank", Kind::Agent),
    one("UltmtDbtr", "ultimate_debtor", Kind::Party),
    one("InitgPty", "initiating_party", Kind::Party),
    one("Dbtr", "debtor", Kind::Party),
    one("DbtrAcct", "debtor_account", Kind::Account),
    one("DbtrAgt", "debtor_bank", Kind::Agent),
    one("CdtrAgt", "creditor_bank", Kind::Agent),
    one("Cdtr", "creditor", Kind::Party),
    one("CdtrAcct", "creditor_account", Kind::Account),
    one("UltmtCdtr", "ultimate_creditor", Kind::Party),
    one("Purp", "purpose", Kind::Choice),
    many("RgltryRptg", "regulatory", Kind::Amounts),
    one("Tax", "tax", Kind::Amounts),
    one("MndtRltdInf", "mandate", Kind::Amounts),
    one("RmtInf", "remittance", Kind::Group(part::REMITTANCE)),
];

/// `pacs.004`.
pub(super) const RETURN: &[Field] = &[
    must("GrpHdr", "header", Kind::Group(BANKS_HEADER)),
    one("OrgnlGrpInf", "original", Kind::Group(part::ORIGINAL_GROUP)),
    many("TxInf", "returns", Kind::Group(RETURNED)),
];

const RETURNED: &[Field] = &[
    one("RtrId", "return_id", Kind::Text),
    one("OrgnlGrpInf", "original", Kind::Group(part::ORIGINAL_GROUP)),
    one("OrgnlInstrId", "instruction_id", Kind::Text),
    one("OrgnlEndToEndId", "end_to_end_id", Kind::Text),
    one("OrgnlTxId", "transaction_id", Kind::Text),
    one("OrgnlUETR", "uetr", Kind::Text),
    one("OrgnlClrSysRef", "original_clearing_reference", Kind::Text),
    one("OrgnlIntrBkSttlmAmt", "original_amount", Kind::Money),
    one("OrgnlIntrBkSttlmDt", "original_date", Kind::Day),
    must("RtrdIntrBkSttlmAmt", "returned", Kind::Money),
    one("IntrBkSttlmDt", "settlement_date", Kind::Day),
    one("RtrdInstdAmt", "instructed", Kind::Money),
    one("XchgRate", "exchange_rate", Kind::Decimal),
    one("CompstnAmt", "compensation", Kind::Money),
    one("ChrgBr", "charge_bearer", Kind::Text),
    many("ChrgsInf", "charges", Kind::Group(part::CHARGE)),
    one("ClrSysRef", "clearing_reference", Kind::Text),
    one("InstgAgt", "instructing_bank", Kind::Agent),
    one("InstdAgt", "instructed_bank", Kind::Agent),
    many("RtrRsnInf", "reasons", Kind::Group(part::RETURN_REASON)),
    one("OrgnlTxRef", "original_transaction", Kind::Group(part::ORIGINAL_TRANSACTION)),
];
