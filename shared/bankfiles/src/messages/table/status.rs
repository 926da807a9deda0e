//! Statuses of payments, and rejected messages: `pain.002`, `pain.014`, `pacs.002`, `admi.002`.

use super::{
    super::reader::{Field, Kind, many, must, one},
    part,
};
use iso20022::codes::handling::CodeList;

/// `pain.002` and `pain.014`.
pub(super) const CUSTOMER_REPORT: &[Field] = &[
    must("GrpHdr", "header", Kind::Group(HEADER)),
    must("OrgnlGrpInfAndSts", "original", Kind::Group(ORIGINAL)),
    many("OrgnlPmtInfAndSts", "payments", Kind::Group(PAYMENT)),
];

/// `pacs.002`.
pub(super) const BANK_REPORT: &[Field] = &[
    must("GrpHdr", "header", Kind::Group(HEADER)),
    many("OrgnlGrpInfAndSts", "originals", Kind::Group(ORIGINAL)),
    many("TxInfAndSts", "transactions", Kind::Group(TRANSACTION)),
];

const HEADER: &[Field] = &[
    must("MsgId", "message_id", Kind::Text),
    must("CreDtTm", "created", Kind::Moment),
    one("InitgPty", "initiating_party", Kind::Party),
    one("FwdgAgt", "forwarding_bank", Kind::Agent),
    one("DbtrAgt", "debtor_bank", Kind::Agent),
    one("CdtrAgt", "creditor_bank", Kind::Agent),
    one("InstgAgt", "instructing_bank", Kind::Agent),
    one("InstdAgt", "instructed_bank", Kind::Agent),
];

const ORIGINAL: &[Field] = &[
    must("OrgnlMsgId", "message_id", Kind::Text),
    must("OrgnlMsgNmId", "message_name", Kind::Text),
    one("OrgnlCreDtTm", "created", Kind::Moment),
    one("OrgnlNbOfTxs", "count", Kind::Count),
    one("OrgnlCtrlSum", "control_sum", Kind::Decimal),
    one("GrpSts", "status", Kind::Code(CodeList::GroupStatus)),
    many("StsRsnInf", "reasons", Kind::Group(part::STATUS_REASON)),
    many("NbOfTxsPerSts", "counts", Kind::Group(COUNTS)),
];

const COUNTS: &[Field] = &[
    must("DtldNbOfTxs", "count", Kind::Count),
    must("DtldSts", "status", Kind::Code(CodeList::TransactionStatus)),
    one("DtldCtrlSum", "control_sum", Kind::Decimal),
];

const PAYMENT: &[Field] = &[
    must("OrgnlPmtInfId", "payment_id", Kind::Text),
    one("OrgnlNbOfTxs", "count", Kind::Count),
    one("OrgnlCtrlSum", "control_sum", Kind::Decimal),
    one("PmtInfSts", "status", Kind::Code(CodeList::GroupStatus)),
    many("StsRsnInf", "reasons", Kind::Group(part::STATUS_REASON)),
    many("NbOfTxsPerSts", "counts", Kind::Group(COUNTS)),
    many("TxInfAndSts", "transactions", Kind::Group(TRANSACTION)),
];

const TRANSACTION: &[Field] = &[
    one("StsId", "status_id", Kind::Text),
    one("OrgnlGrpInf", "original", Kind::Group(part::ORIGINAL_GROUP)),
    one("OrgnlInstrId", "instruction_id", Kind::Text),
    one("OrgnlEndToEndId", "end_to_end_id", Kind::Text),
    one("OrgnlTxId", "transaction_id", Kind::Text),
    one("OrgnlUETR", "uetr", Kind::Text),
    one("TxSts", "status", Kind::Code(CodeList::TransactionStatus)),
    many("StsRsnInf", "reasons", Kind::Group(part::STATUS_REASON)),
    one("PmtCondSts", "conditions", Kind::Group(CONDITIONS)),
    many("ChrgsInf", "charges", Kind::Group(part::CHARGE)),
    one("TrckrData", "tracker", Kind::Group(TRACKER)),
    one("DbtrDcsnDtTm", "decided", Kind::Moment),
    one("AccptncDtTm", "accepted", Kind::Moment),
    one("FctvIntrBkSttlmDt", "settlement_date", Kind::Day),
    one("AcctSvcrRef", "bank_reference", Kind::Text),
    one("ClrSysRef", "clearing_reference", Kind::Text),
    one("InstgAgt", "instructing_bank", Kind::Agent),
    one("InstdAgt", "instructed_bank", Kind::Agent),
    one("OrgnlTxRef", "original_transaction", Kind::Group(part::ORIGINAL_TRANSACTION)),
];

const CONDITIONS: &[Field] = &[
    one("AccptdAmt", "accepted_amount", Kind::Money),
    one("GrntedPmt", "is_guaranteed", Kind::Flag),
    one("EarlyPmt", "may_be_early", Kind::Flag),
];

const TRACKER: &[Field] = &[
    one("ConfdDt", "confirmed", Kind::Day),
    one("ConfdAmt", "confirmed_amount", Kind::Money),
    many("TrckrRcrd", "records", Kind::Group(TRACKER_RECORD)),
];

const TRACKER_RECORD: &[Field] = &[
    one("Agt", "bank", Kind::Agent),
    one("ChrgBr", "charge_bearer", Kind::Text),
    one("ChrgsAmt", "charges", Kind::Money),
    one(
        "XchgRateData",
        "exchange",
        Kind::Group(&[
            one("SrcCcy", "source_currency", Kind::Text),
            one("TrgtCcy", "target_currency", Kind::Text),
            one("XchgRate", "rate", Kind::Decimal),
            one("UnitCcy", "unit_currency", Kind::Text),
        ]),
    ),
];

/// `admi.002`: a whole message was refused before anything in it was looked at.
pub(super) const MESSAGE_REJECT: &[Field] = &[
    must("RltdRef", "original", Kind::Group(&[must("Ref", "message_id", Kind::Text)])),
    must(
        "Rsn",
        "reason",
        Kind::Group(&[
            must("RjctgPtyRsn", "code", Kind::Text),
            one("RjctnDtTm", "rejected", Kind::Moment),
            one("ErrLctn", "location", Kind::Text),
            one("RsnDesc", "description", Kind::Text),
            one("AddtlData", "additional", Kind::Text),
        ]),
    ),
];
