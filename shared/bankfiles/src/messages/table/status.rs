//! Statuses of payments, and rejected messages: `pain.002`, `pain.014`, `pacs.002`, `admi.002`.

use super::{
    super::field::{ContentKind, ElementField, many, must, one},
    part,
};
use iso20022::codes::handling::CodeList;

/// `pain.002` and `pain.014`.
pub(super) const CUSTOMER_REPORT: &[ElementField] = &[
    must("GrpHdr", "header", ContentKind::Group(HEADER)),
    must("OrgnlGrpInfAndSts", "original", ContentKind::Group(ORIGINAL)),
    many("OrgnlPmtInfAndSts", "payments", ContentKind::Group(PAYMENT)),
];

/// `pacs.002`.
pub(super) const BANK_REPORT: &[ElementField] = &[
    must("GrpHdr", "header", ContentKind::Group(HEADER)),
    many("OrgnlGrpInfAndSts", "originals", ContentKind::Group(ORIGINAL)),
    many("TxInfAndSts", "transactions", ContentKind::Group(TRANSACTION)),
];

const HEADER: &[ElementField] = &[
    must("MsgId", "message_id", ContentKind::Text),
    must("CreDtTm", "created", ContentKind::Moment),
    one("InitgPty", "initiating_party", ContentKind::Party),
    one("FwdgAgt", "forwarding_bank", ContentKind::Agent),
    one("DbtrAgt", "debtor_bank", ContentKind::Agent),
    one("CdtrAgt", "creditor_bank", ContentKind::Agent),
    one("InstgAgt", "instructing_bank", ContentKind::Agent),
    one("InstdAgt", "instructed_bank", ContentKind::Agent),
];

const ORIGINAL: &[ElementField] = &[
    must("OrgnlMsgId", "message_id", ContentKind::Text),
    must("OrgnlMsgNmId", "message_name", ContentKind::Text),
    one("OrgnlCreDtTm", "created", ContentKind::Moment),
    one("OrgnlNbOfTxs", "count", ContentKind::Count),
    one("OrgnlCtrlSum", "control_sum", ContentKind::Decimal),
    one("GrpSts", "status", ContentKind::Code(CodeList::GroupStatus)),
    many("StsRsnInf", "reasons", ContentKind::Group(part::STATUS_REASON)),
    many("NbOfTxsPerSts", "counts", ContentKind::Group(COUNTS)),
];

const COUNTS: &[ElementField] = &[
    must("DtldNbOfTxs", "count", ContentKind::Count),
    must("DtldSts", "status", ContentKind::Code(CodeList::TransactionStatus)),
    one("DtldCtrlSum", "control_sum", ContentKind::Decimal),
];

const PAYMENT: &[ElementField] = &[
    must("OrgnlPmtInfId", "payment_id", ContentKind::Text),
    one("OrgnlNbOfTxs", "count", ContentKind::Count),
    one("OrgnlCtrlSum", "control_sum", ContentKind::Decimal),
    one("PmtInfSts", "status", ContentKind::Code(CodeList::GroupStatus)),
    many("StsRsnInf", "reasons", ContentKind::Group(part::STATUS_REASON)),
    many("NbOfTxsPerSts", "counts", ContentKind::Group(COUNTS)),
    many("TxInfAndSts", "transactions", ContentKind::Group(TRANSACTION)),
];

const TRANSACTION: &[ElementField] = &[
    one("StsId", "status_id", ContentKind::Text),
    one("OrgnlGrpInf", "original", ContentKind::Group(part::ORIGINAL_GROUP)),
    one("OrgnlInstrId", "instruction_id", ContentKind::Text),
    one("OrgnlEndToEndId", "end_to_end_id", ContentKind::Text),
    one("OrgnlTxId", "transaction_id", ContentKind::Text),
    one("OrgnlUETR", "uetr", ContentKind::Text),
    one("TxSts", "status", ContentKind::Code(CodeList::TransactionStatus)),
    many("StsRsnInf", "reasons", ContentKind::Group(part::STATUS_REASON)),
    one("PmtCondSts", "conditions", ContentKind::Group(CONDITIONS)),
    many("ChrgsInf", "charges", ContentKind::Group(part::CHARGE)),
    one("TrckrData", "tracker", ContentKind::Group(TRACKER)),
    one("DbtrDcsnDtTm", "decided", ContentKind::Moment),
    one("AccptncDtTm", "accepted", ContentKind::Moment),
    one("FctvIntrBkSttlmDt", "settlement_date", ContentKind::Day),
    one("AcctSvcrRef", "bank_reference", ContentKind::Text),
    one("ClrSysRef", "clearing_reference", ContentKind::Text),
    one("InstgAgt", "instructing_bank", ContentKind::Agent),
    one("InstdAgt", "instructed_bank", ContentKind::Agent),
    one("OrgnlTxRef", "original_transaction", ContentKind::Group(part::ORIGINAL_TRANSACTION)),
];

const CONDITIONS: &[ElementField] = &[
    one("AccptdAmt", "accepted_amount", ContentKind::Money),
    one("GrntedPmt", "is_guaranteed", ContentKind::Flag),
    one("EarlyPmt", "may_be_early", ContentKind::Flag),
];

const TRACKER: &[ElementField] = &[
    one("ConfdDt", "confirmed", ContentKind::Day),
    one("ConfdAmt", "confirmed_amount", ContentKind::Money),
    many("TrckrRcrd", "records", ContentKind::Group(TRACKER_RECORD)),
];

const TRACKER_RECORD: &[ElementField] = &[
    one("Agt", "bank", ContentKind::Agent),
    one("ChrgBr", "charge_bearer", ContentKind::Text),
    one("ChrgsAmt", "charges", ContentKind::Money),
    one(
        "XchgRateData",
        "exchange",
        ContentKind::Group(&[
            one("SrcCcy", "source_currency", ContentKind::Text),
            one("TrgtCcy", "target_currency", ContentKind::Text),
            one("XchgRate", "rate", ContentKind::Decimal),
            one("UnitCcy", "unit_currency", ContentKind::Text),
        ]),
    ),
];

/// `admi.002`: a whole message was refused before anything in it was looked at.
pub(super) const MESSAGE_REJECT: &[ElementField] = &[
    must("RltdRef", "original", ContentKind::Group(&[must("Ref", "message_id", ContentKind::Text)])),
    must(
        "Rsn",
        "reason",
        ContentKind::Group(&[
            must("RjctgPtyRsn", "code", ContentKind::Text),
            one("RjctnDtTm", "rejected", ContentKind::Moment),
            one("ErrLctn", "location", ContentKind::Text),
            one("RsnDesc", "description", ContentKind::Text),
            one("AddtlData", "additional", ContentKind::Text),
        ]),
    ),
];
