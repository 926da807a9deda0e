//! Requests for cancellation and the answers: `camt.055`, `camt.056`, `camt.029`.

use super::{
    super::reader::{Field, Kind, many, must, one},
    part,
};
use iso20022::codes::handling::CodeList;

const ASSIGNMENT: &[Field] = &[
    must("Id", "id", Kind::Text),
    one("Assgnr", "from", Kind::Agent),
    one("Assgne", "to", Kind::Agent),
    must("CreDtTm", "created", Kind::Moment),
];

const CASE: &[Field] =
    &[must("Id", "id", Kind::Text), one("Cretr", "creator", Kind::Party), one("ReopCaseIndctn", "is_reopened", Kind::Flag)];

/// `camt.055` and `camt.056`.
pub(super) const REQUEST: &[Field] = &[
    must("Assgnmt", "assignment", Kind::Group(ASSIGNMENT)),
    one("Case", "case", Kind::Group(CASE)),
    one("CtrlData", "control", Kind::Group(&[must("NbOfTxs", "count", Kind::Count), one("CtrlSum", "control_sum", Kind::Decimal)])),
    Field { is_required: true, ..many("Undrlyg", "underlying", Kind::Group(UNDERLYING)) },
];

const UNDERLYING: &[Field] = &[
    one("OrgnlGrpInfAndCxl", "group", Kind::Group(REQUESTED_GROUP)),
    many("OrgnlPmtInfAndCxl", "payments", Kind::Group(REQUESTED_PAYMENT)),
    many("TxInf", "transactions", Kind::Group(REQUESTED)),
];

const REQUESTED_GROUP: &[Field] = &[
    one("GrpCxlId", "cancellation_id", Kind::Text),
    one("Case", "case", Kind::Group(CASE)),
    must("OrgnlMsgId", "message_id", Kind::Text),
    must("OrgnlMsgNmId", "message_name", Kind::Text),
    one("OrgnlCreDtTm", "created", Kind::Moment),
    one("NbOfTxs", "count", Kind::Count),
    one("CtrlSum", "control_sum", Kind::Decimal),
    one("GrpCxl", "is_whole_group", Kind::Flag),
    many("CxlRsnInf", "reasons", Kind::Group(part::CANCELLATION_REASON)),
];

const REQUESTED_PAYMENT: &[Field] = &[
    one("PmtCxlId", "cancellation_id", Kind::Text),
    one("Case", "case", Kind::Group(CASE)),
    must("OrgnlPmtInfId", "payment_id", Kind::Text),
    one("OrgnlGrpInf", "original", Kind::Group(part::ORIGINAL_GROUP)),
    one("NbOfTxs", "count", Kind::Count),
    one("CtrlSum", "control_sum", Kind::Decimal),
    one("PmtInfCxl", "is_whole_payment", Kind::Flag),
    many("CxlRsnInf", "reasons", Kind::Group(part::CANCELLATION_REASON)),
    many("TxInf", "transactions", Kind::Group(REQUESTED)),
];

const REQUESTED: &[Field] = &[
    one("CxlId", "cancellation_id", Kind::Text),
    one("Case", "case", Kind::Group(CASE)),
    one("OrgnlGrpInf", "original", Kind::Group(part::ORIGINAL_GROUP)),
    one("OrgnlInstrId", "instruction_id", Kind::Text),
    one("OrgnlEndToEndId", "end_to_end_id", Kind::Text),
    one("OrgnlTxId", "transaction_id", Kind::Text),
    one("OrgnlUETR", "uetr", Kind::Text),
    one("OrgnlClrSysRef", "clearing_reference", Kind::Text),
    one("OrgnlIntrBkSttlmAmt", "settlement_amount", Kind::Money),
    one("OrgnlIntrBkSttlmDt", "settlement_date", Kind::Day),
    one("OrgnlInstdAmt", "instructed", Kind::Money),
    one("OrgnlReqdExctnDt", "execution_date", Kind::Day),
    one("OrgnlReqdColltnDt", "collection_date", Kind::Day),
    many("CxlRsnInf", "reasons", Kind::Group(part::CANCELLATION_REASON)),
    one("OrgnlTxRef", "original_transaction", Kind::Group(part::ORIGINAL_TRANSACTION)),
];

/// `camt.029`.
pub(super) const RESOLUTION: &[Field] = &[
    must("Assgnmt", "assignment", Kind::Group(ASSIGNMENT)),
    one("RslvdCase", "case", Kind::Group(CASE)),
    must(
        "Sts",
        "status",
        Kind::Group(&[
            one("Conf", "confirmation", Kind::Code(CodeList::InvestigationConfirmation)),
            many("RjctdMod", "rejected_modifications", Kind::Choice),
            one("DplctOf", "duplicate_of", Kind::Group(CASE)),
            one("AssgnmtCxlConf", "is_assignment_cancelled", Kind::Flag),
        ]),
    ),
    many("CxlDtls", "cancellations", Kind::Group(DETAILS)),
    one("ModDtls", "modification", Kind::Group(MODIFICATION)),
    one("StmtDtls", "statement", Kind::Amounts),
    one("CrrctnTx", "correction", Kind::Amounts),
    one("RsltnRltdInf", "repayment", Kind::Group(REPAYMENT)),
];

const DETAILS: &[Field] = &[
    many("OrgnlGrpInfAndSts", "groups", Kind::Group(GROUP)),
    many("OrgnlPmtInfAndSts", "payments", Kind::Group(PAYMENT)),
    many("TxInfAndSts", "transactions", Kind::Group(TRANSACTION)),
];

const COUNTS: &[Field] = &[
    must("DtldNbOfTxs", "count", Kind::Count),
    must("DtldSts", "status", Kind::Code(CodeList::CancellationStatus)),
    one("DtldCtrlSum", "control_sum", Kind::Decimal),
];

const GROUP: &[Field] = &[
    one("OrgnlGrpCxlId", "cancellation_id", Kind::Text),
    one("RslvdCase", "case", Kind::Group(CASE)),
    must("OrgnlMsgId", "message_id", Kind::Text),
    must("OrgnlMsgNmId", "message_name", Kind::Text),
    one("OrgnlCreDtTm", "created", Kind::Moment),
    one("OrgnlNbOfTxs", "count", Kind::Count),
    one("OrgnlCtrlSum", "control_sum", Kind::Decimal),
    one("GrpCxlSts", "status", Kind::Code(CodeList::CancellationStatus)),
    many("CxlStsRsnInf", "reasons", Kind::Group(part::CANCELLATION_REJECTION)),
    many("NbOfTxsPerCxlSts", "counts", Kind::Group(GROUP_COUNTS)),
];

/// The schema mixes statuses of transactions and of cancellations here; what they mean is told where each transaction has its own.
const GROUP_COUNTS: &[Field] =
    &[must("DtldNbOfTxs", "count", Kind::Count), must("DtldSts", "status", Kind::Text), one("DtldCtrlSum", "control_sum", Kind::Decimal)];

const PAYMENT: &[Field] = &[
    one("OrgnlPmtInfCxlId", "cancellation_id", Kind::Text),
    one("RslvdCase", "case", Kind::Group(CASE)),
    must("OrgnlPmtInfId", "payment_id", Kind::Text),
    one("OrgnlGrpInf", "original", Kind::Group(part::ORIGINAL_GROUP)),
    one("OrgnlNbOfTxs", "count", Kind::Count),
    one("OrgnlCtrlSum", "control_sum", Kind::Decimal),
    one("PmtInfCxlSts", "status", Kind::Code(CodeList::CancellationStatus)),
    many("CxlStsRsnInf", "reasons", Kind::Group(part::CANCELLATION_REJECTION)),
    many("NbOfTxsPerCxlSts", "counts", Kind::Group(COUNTS)),
    many("TxInfAndSts", "transactions", Kind::Group(TRANSACTION)),
];

const TRANSACTION: &[Field] = &[
    one("CxlStsId", "status_id", Kind::Text),
    one("RslvdCase", "case", Kind::Group(CASE)),
    one("OrgnlGrpInf", "original", Kind::Group(part::ORIGINAL_GROUP)),
    one("OrgnlInstrId", "instruction_id", Kind::Text),
    one("OrgnlEndToEndId", "end_to_end_id", Kind::Text),
    one("OrgnlTxId", "transaction_id", Kind::Text),
    one("OrgnlClrSysRef", "clearing_reference", Kind::Text),
    one("OrgnlUETR", "uetr", Kind::Text),
    one("UETR", "uetr", Kind::Text),
    one("TxCxlSts", "status", Kind::Code(CodeList::CancellationStatus)),
    many("CxlStsRsnInf", "reasons", Kind::Group(part::CANCELLATION_REJECTION)),
    one("RsltnRltdInf", "repayment", Kind::Group(REPAYMENT)),
    one("OrgnlInstdAmt", "instructed", Kind::Money),
    one("OrgnlReqdExctnDt", "execution_date", Kind::Day),
    one("OrgnlReqdColltnDt", "collection_date", Kind::Day),
    one("OrgnlIntrBkSttlmAmt", "settlement_amount", Kind::Money),
    one("OrgnlIntrBkSttlmDt", "settlement_date", Kind::Day),
    one("OrgnlTxRef", "original_transaction", Kind::Group(part::ORIGINAL_TRANSACTION)),
];

const MODIFICATION: &[Field] = &[
    one("ModStsId", "status_id", Kind::Text),
    one("RslvdCase", "case", Kind::Group(CASE)),
    one("OrgnlGrpInf", "original", Kind::Group(part::ORIGINAL_GROUP)),
    one("OrgnlPmtInfId", "payment_id", Kind::Text),
    one("OrgnlInstrId", "instruction_id", Kind::Text),
    one("OrgnlEndToEndId", "end_to_end_id", Kind::Text),
    one("OrgnlTxId", "transaction_id", Kind::Text),
    one("OrgnlUETR", "uetr", Kind::Text),
    many("ModStsRsnInf", "reasons", Kind::Group(&[one("Rsn", "reason", Kind::Choice), many("AddtlInf", "additional", Kind::Text)])),
    one("RsltnRltdInf", "repayment", Kind::Group(REPAYMENT)),
    one("OrgnlIntrBkSttlmAmt", "settlement_amount", Kind::Money),
    one("OrgnlIntrBkSttlmDt", "settlement_date", Kind::Day),
    one("OrgnlTxRef", "original_transaction", Kind::Group(part::ORIGINAL_TRANSACTION)),
];

const REPAYMENT: &[Field] = &[
    one("EndToEndId", "end_to_end_id", Kind::Text),
    one("TxId", "transaction_id", Kind::Text),
    one("UETR", "uetr", Kind::Text),
    one("IntrBkSttlmAmt", "amount", Kind::Money),
    one("IntrBkSttlmDt", "date", Kind::Day),
    one("ClrChanl", "clearing_channel", Kind::Text),
    one("Compstn", "compensation", Kind::Amounts),
    many("Chrgs", "charges", Kind::Group(part::CHARGE)),
];
