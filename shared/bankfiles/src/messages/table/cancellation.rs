//! Requests for cancellation and the answers: `camt.055`, `camt.056`, `camt.029`.

use super::{
    super::field::{ContentKind, ElementField, many, must, one},
    part,
};
use iso20022::codes::handling::CodeList;

const ASSIGNMENT: &[ElementField] = &[
    must("Id", "id", ContentKind::Text),
    one("Assgnr", "from", ContentKind::Agent),
    one("Assgne", "to", ContentKind::Agent),
    must("CreDtTm", "created", ContentKind::Moment),
];

const CASE: &[ElementField] = &[
    must("Id", "id", ContentKind::Text),
    one("Cretr", "creator", ContentKind::Party),
    one("ReopCaseIndctn", "is_reopened", ContentKind::Flag),
];

/// `camt.055` and `camt.056`.
pub(super) const REQUEST: &[ElementField] = &[
    must("Assgnmt", "assignment", ContentKind::Group(ASSIGNMENT)),
    one("Case", "case", ContentKind::Group(CASE)),
    one(
        "CtrlData",
        "control",
        ContentKind::Group(&[must("NbOfTxs", "count", ContentKind::Count), one("CtrlSum", "control_sum", ContentKind::Decimal)]),
    ),
    ElementField { is_required: true, ..many("Undrlyg", "underlying", ContentKind::Group(UNDERLYING)) },
];

const UNDERLYING: &[ElementField] = &[
    one("OrgnlGrpInfAndCxl", "group", ContentKind::Group(REQUESTED_GROUP)),
    many("OrgnlPmtInfAndCxl", "payments", ContentKind::Group(REQUESTED_PAYMENT)),
    many("TxInf", "transactions", ContentKind::Group(REQUESTED)),
];

const REQUESTED_GROUP: &[ElementField] = &[
    one("GrpCxlId", "cancellation_id", ContentKind::Text),
    one("Case", "case", ContentKind::Group(CASE)),
    must("OrgnlMsgId", "message_id", ContentKind::Text),
    must("OrgnlMsgNmId", "message_name", ContentKind::Text),
    one("OrgnlCreDtTm", "created", ContentKind::Moment),
    one("NbOfTxs", "count", ContentKind::Count),
    one("CtrlSum", "control_sum", ContentKind::Decimal),
    one("GrpCxl", "is_whole_group", ContentKind::Flag),
    many("CxlRsnInf", "reasons", ContentKind::Group(part::CANCELLATION_REASON)),
];

const REQUESTED_PAYMENT: &[ElementField] = &[
    one("PmtCxlId", "cancellation_id", ContentKind::Text),
    one("Case", "case", ContentKind::Group(CASE)),
    must("OrgnlPmtInfId", "payment_id", ContentKind::Text),
    one("OrgnlGrpInf", "original", ContentKind::Group(part::ORIGINAL_GROUP)),
    one("NbOfTxs", "count", ContentKind::Count),
    one("CtrlSum", "control_sum", ContentKind::Decimal),
    one("PmtInfCxl", "is_whole_payment", ContentKind::Flag),
    many("CxlRsnInf", "reasons", ContentKind::Group(part::CANCELLATION_REASON)),
    many("TxInf", "transactions", ContentKind::Group(REQUESTED)),
];

const REQUESTED: &[ElementField] = &[
    one("CxlId", "cancellation_id", ContentKind::Text),
    one("Case", "case", ContentKind::Group(CASE)),
    one("OrgnlGrpInf", "original", ContentKind::Group(part::ORIGINAL_GROUP)),
    one("OrgnlInstrId", "instruction_id", ContentKind::Text),
    one("OrgnlEndToEndId", "end_to_end_id", ContentKind::Text),
    one("OrgnlTxId", "transaction_id", ContentKind::Text),
    one("OrgnlUETR", "uetr", ContentKind::Text),
    one("OrgnlClrSysRef", "clearing_reference", ContentKind::Text),
    one("OrgnlIntrBkSttlmAmt", "settlement_amount", ContentKind::Money),
    one("OrgnlIntrBkSttlmDt", "settlement_date", ContentKind::Day),
    one("OrgnlInstdAmt", "instructed", ContentKind::Money),
    one("OrgnlReqdExctnDt", "execution_date", ContentKind::Day),
    one("OrgnlReqdColltnDt", "collection_date", ContentKind::Day),
    many("CxlRsnInf", "reasons", ContentKind::Group(part::CANCELLATION_REASON)),
    one("OrgnlTxRef", "original_transaction", ContentKind::Group(part::ORIGINAL_TRANSACTION)),
];

/// `camt.029`.
pub(super) const RESOLUTION: &[ElementField] = &[
    must("Assgnmt", "assignment", ContentKind::Group(ASSIGNMENT)),
    one("RslvdCase", "case", ContentKind::Group(CASE)),
    must(
        "Sts",
        "status",
        ContentKind::OneOf(&[
            one("Conf", "confirmation", ContentKind::Code(CodeList::InvestigationConfirmation)),
            many("RjctdMod", "rejected_modifications", ContentKind::Choice),
            one("DplctOf", "duplicate_of", ContentKind::Group(CASE)),
            one("AssgnmtCxlConf", "is_assignment_cancelled", ContentKind::Flag),
        ]),
    ),
    many("CxlDtls", "cancellations", ContentKind::Group(DETAILS)),
    one("ModDtls", "modification", ContentKind::Group(MODIFICATION)),
    one("StmtDtls", "statement", ContentKind::Amounts),
    one("CrrctnTx", "correction", ContentKind::Amounts),
    one("RsltnRltdInf", "repayment", ContentKind::Group(REPAYMENT)),
];

const DETAILS: &[ElementField] = &[
    many("OrgnlGrpInfAndSts", "groups", ContentKind::Group(GROUP)),
    many("OrgnlPmtInfAndSts", "payments", ContentKind::Group(PAYMENT)),
    many("TxInfAndSts", "transactions", ContentKind::Group(TRANSACTION)),
];

const COUNTS: &[ElementField] = &[
    must("DtldNbOfTxs", "count", ContentKind::Count),
    must("DtldSts", "status", ContentKind::Code(CodeList::CancellationStatus)),
    one("DtldCtrlSum", "control_sum", ContentKind::Decimal),
];

const GROUP: &[ElementField] = &[
    one("OrgnlGrpCxlId", "cancellation_id", ContentKind::Text),
    one("RslvdCase", "case", ContentKind::Group(CASE)),
    must("OrgnlMsgId", "message_id", ContentKind::Text),
    must("OrgnlMsgNmId", "message_name", ContentKind::Text),
    one("OrgnlCreDtTm", "created", ContentKind::Moment),
    one("OrgnlNbOfTxs", "count", ContentKind::Count),
    one("OrgnlCtrlSum", "control_sum", ContentKind::Decimal),
    one("GrpCxlSts", "status", ContentKind::Code(CodeList::CancellationStatus)),
    many("CxlStsRsnInf", "reasons", ContentKind::Group(part::CANCELLATION_REJECTION)),
    many("NbOfTxsPerCxlSts", "counts", ContentKind::Group(GROUP_COUNTS)),
];

/// The schema mixes statuses of transactions and of cancellations here; what they mean is told where each transaction has its own.
const GROUP_COUNTS: &[ElementField] = &[
    must("DtldNbOfTxs", "count", ContentKind::Count),
    must("DtldSts", "status", ContentKind::Text),
    one("DtldCtrlSum", "control_sum", ContentKind::Decimal),
];

const PAYMENT: &[ElementField] = &[
    one("OrgnlPmtInfCxlId", "cancellation_id", ContentKind::Text),
    one("RslvdCase", "case", ContentKind::Group(CASE)),
    must("OrgnlPmtInfId", "payment_id", ContentKind::Text),
    one("OrgnlGrpInf", "original", ContentKind::Group(part::ORIGINAL_GROUP)),
    one("OrgnlNbOfTxs", "count", ContentKind::Count),
    one("OrgnlCtrlSum", "control_sum", ContentKind::Decimal),
    one("PmtInfCxlSts", "status", ContentKind::Code(CodeList::CancellationStatus)),
    many("CxlStsRsnInf", "reasons", ContentKind::Group(part::CANCELLATION_REJECTION)),
    many("NbOfTxsPerCxlSts", "counts", ContentKind::Group(COUNTS)),
    many("TxInfAndSts", "transactions", ContentKind::Group(TRANSACTION)),
];

const TRANSACTION: &[ElementField] = &[
    one("CxlStsId", "status_id", ContentKind::Text),
    one("RslvdCase", "case", ContentKind::Group(CASE)),
    one("OrgnlGrpInf", "original", ContentKind::Group(part::ORIGINAL_GROUP)),
    one("OrgnlInstrId", "instruction_id", ContentKind::Text),
    one("OrgnlEndToEndId", "end_to_end_id", ContentKind::Text),
    one("OrgnlTxId", "transaction_id", ContentKind::Text),
    one("OrgnlClrSysRef", "clearing_reference", ContentKind::Text),
    one("OrgnlUETR", "uetr", ContentKind::Text),
    one("UETR", "uetr", ContentKind::Text),
    one("TxCxlSts", "status", ContentKind::Code(CodeList::CancellationStatus)),
    many("CxlStsRsnInf", "reasons", ContentKind::Group(part::CANCELLATION_REJECTION)),
    one("RsltnRltdInf", "repayment", ContentKind::Group(REPAYMENT)),
    one("OrgnlInstdAmt", "instructed", ContentKind::Money),
    one("OrgnlReqdExctnDt", "execution_date", ContentKind::Day),
    one("OrgnlReqdColltnDt", "collection_date", ContentKind::Day),
    one("OrgnlIntrBkSttlmAmt", "settlement_amount", ContentKind::Money),
    one("OrgnlIntrBkSttlmDt", "settlement_date", ContentKind::Day),
    one("OrgnlTxRef", "original_transaction", ContentKind::Group(part::ORIGINAL_TRANSACTION)),
];

const MODIFICATION: &[ElementField] = &[
    one("ModStsId", "status_id", ContentKind::Text),
    one("RslvdCase", "case", ContentKind::Group(CASE)),
    one("OrgnlGrpInf", "original", ContentKind::Group(part::ORIGINAL_GROUP)),
    one("OrgnlPmtInfId", "payment_id", ContentKind::Text),
    one("OrgnlInstrId", "instruction_id", ContentKind::Text),
    one("OrgnlEndToEndId", "end_to_end_id", ContentKind::Text),
    one("OrgnlTxId", "transaction_id", ContentKind::Text),
    one("OrgnlUETR", "uetr", ContentKind::Text),
    many(
        "ModStsRsnInf",
        "reasons",
        ContentKind::Group(&[one("Rsn", "reason", ContentKind::Choice), many("AddtlInf", "additional", ContentKind::Text)]),
    ),
    one("RsltnRltdInf", "repayment", ContentKind::Group(REPAYMENT)),
    one("OrgnlIntrBkSttlmAmt", "settlement_amount", ContentKind::Money),
    one("OrgnlIntrBkSttlmDt", "settlement_date", ContentKind::Day),
    one("OrgnlTxRef", "original_transaction", ContentKind::Group(part::ORIGINAL_TRANSACTION)),
];

const REPAYMENT: &[ElementField] = &[
    one("EndToEndId", "end_to_end_id", ContentKind::Text),
    one("TxId", "transaction_id", ContentKind::Text),
    one("UETR", "uetr", ContentKind::Text),
    one("IntrBkSttlmAmt", "amount", ContentKind::Money),
    one("IntrBkSttlmDt", "date", ContentKind::Day),
    one("ClrChanl", "clearing_channel", ContentKind::Text),
    one("Compstn", "compensation", ContentKind::Amounts),
    many("Chrgs", "charges", ContentKind::Group(part::CHARGE)),
];
