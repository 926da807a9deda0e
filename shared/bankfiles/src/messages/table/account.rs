//! Reports on accounts: `camt.052`, `camt.053`, `camt.054`.

use super::{
    super::reader::{Field, Kind, many, must, one},
    part,
};
use iso20022::codes::handling::CodeList;

/// `camt.052`.
pub(super) const INTRADAY: &[Field] = &message("Rpt");
/// `camt.053`.
pub(super) const STATEMENT: &[Field] = &message("Stmt");
/// `camt.054`.
pub(super) const NOTIFICATION: &[Field] = &message("Ntfctn");

const fn message(report: &'static str) -> [Field; 2] {
    [must("GrpHdr", "header", Kind::Group(HEADER)), Field { is_required: true, ..many(report, "reports", Kind::Group(REPORT)) }]
}

const PAGE: &[Field] = &[must("PgNb", "number", Kind::Count), must("LastPgInd", "is_last", Kind::Flag)];

const HEADER: &[Field] = &[
    must("MsgId", "message_id", Kind::Text),
    must("CreDtTm", "created", Kind::Moment),
    one("MsgRcpt", "recipient", Kind::Party),
    one("MsgPgntn", "page", Kind::Group(PAGE)),
    one("AddtlInf", "additional", Kind::Text),
];

const REPORT: &[Field] = &[
    must("Id", "id", Kind::Text),
    one("RptPgntn", "page", Kind::Group(PAGE)),
    one("StmtPgntn", "page", Kind::Group(PAGE)),
    one("NtfctnPgntn", "page", Kind::Group(PAGE)),
    one("ElctrncSeqNb", "electronic_sequence", Kind::Count),
    one("LglSeqNb", "legal_sequence", Kind::Count),
    one("CreDtTm", "created", Kind::Moment),
    one("FrToDt", "period", Kind::Group(&[one("FrDtTm", "from", Kind::Moment), one("ToDtTm", "to", Kind::Moment)])),
    one("CpyDplctInd", "copy", Kind::Text),
    one("RptgSrc", "source", Kind::Choice),
    must("Acct", "account", Kind::Account),
    one("RltdAcct", "related_account", Kind::Account),
    many("Intrst", "interest", Kind::Amounts),
    many("Bal", "balances", Kind::Group(BALANCE)),
    one("TxsSummry", "totals", Kind::Group(TOTALS)),
    many("Ntry", "entries", Kind::Group(ENTRY)),
    one("AddtlRptInf", "additional", Kind::Text),
    one("AddtlStmtInf", "additional", Kind::Text),
    one("AddtlNtfctnInf", "additional", Kind::Text),
];

const BALANCE: &[Field] = &[
    must("Tp", "type", Kind::Group(&[must("CdOrPrtry", "code", Kind::Choice), one("SubTp", "subtype", Kind::Choice)])),
    many("CdtLine", "credit_lines", Kind::Amounts),
    must("Amt", "amount", Kind::Money),
    must("CdtDbtInd", "direction", Kind::Direction),
    must("Dt", "date", Kind::Day),
    many("Avlbty", "availability", Kind::Group(AVAILABILITY)),
];

const AVAILABILITY: &[Field] = &[
    one("Dt", "when", Kind::Group(&[one("NbOfDays", "days", Kind::Text), one("ActlDt", "date", Kind::Day)])),
    must("Amt", "amount", Kind::Money),
    one("CdtDbtInd", "direction", Kind::Direction),
];

const TOTALS: &[Field] = &[
    one("TtlNtries", "all", Kind::Group(TOTAL)),
    one("TtlCdtNtries", "credits", Kind::Group(TOTAL)),
    one("TtlDbtNtries", "debits", Kind::Group(TOTAL)),
    many("TtlNtriesPerBkTxCd", "per_code", Kind::Group(TOTAL_PER_CODE)),
];

const TOTAL: &[Field] = &[
    one("NbOfNtries", "count", Kind::Count),
    one("Sum", "sum", Kind::Decimal),
    one("TtlNetNtry", "net", Kind::Group(&[must("Amt", "amount", Kind::Decimal), must("CdtDbtInd", "direction", Kind::Direction)])),
    one("TtlNetNtryAmt", "net_amount", Kind::Decimal),
    one("CdtDbtInd", "direction", Kind::Direction),
];

const TOTAL_PER_CODE: &[Field] = &[
    one("NbOfNtries", "count", Kind::Count),
    one("Sum", "sum", Kind::Decimal),
    one("TtlNetNtry", "net", Kind::Group(&[must("Amt", "amount", Kind::Decimal), must("CdtDbtInd", "direction", Kind::Direction)])),
    one("TtlNetNtryAmt", "net_amount", Kind::Decimal),
    one("CdtDbtInd", "direction", Kind::Direction),
    one("CdtNtries", "credits", Kind::Group(TOTAL)),
    one("DbtNtries", "debits", Kind::Group(TOTAL)),
    one("FcstInd", "is_forecast", Kind::Flag),
    one("BkTxCd", "code", Kind::Group(BANK_CODE)),
    many("Avlbty", "availability", Kind::Group(AVAILABILITY)),
];

const BANK_CODE: &[Field] = &[
    one(
        "Domn",
        "domain",
        Kind::Group(&[
            one("Cd", "code", Kind::Text),
            one("Fmly", "family", Kind::Group(&[one("Cd", "code", Kind::Text), one("SubFmlyCd", "subfamily", Kind::Text)])),
        ]),
    ),
    one("Prtry", "proprietary", Kind::Group(&[one("Cd", "code", Kind::Text), one("Issr", "issuer", Kind::Text)])),
];

const ENTRY: &[Field] = &[
    one("NtryRef", "reference", Kind::Text),
    must("Amt", "amount", Kind::Money),
    must("CdtDbtInd", "direction", Kind::Direction),
    one("RvslInd", "is_reversal", Kind::Flag),
    must("Sts", "status", Kind::Code(CodeList::EntryStatus)),
    one("BookgDt", "booked", Kind::Day),
    one("ValDt", "value_date", Kind::Day),
    one("AcctSvcrRef", "bank_reference", Kind::Text),
    many("Avlbty", "availability", Kind::Group(AVAILABILITY)),
    one("BkTxCd", "code", Kind::Group(BANK_CODE)),
    one("ComssnWvrInd", "is_commission_waived", Kind::Flag),
    one("AmtDtls", "amounts", Kind::Group(AMOUNTS)),
    many("Chrgs", "charges", Kind::Group(CHARGES)),
    many("Intrst", "interest", Kind::Amounts),
    one("CardTx", "card", Kind::Amounts),
    many("NtryDtls", "details", Kind::Group(DETAILS)),
    one("AddtlNtryInf", "additional", Kind::Text),
];

const AMOUNTS: &[Field] = &[
    one("InstdAmt", "instructed", Kind::Group(CONVERTED)),
    one("TxAmt", "transaction", Kind::Group(CONVERTED)),
    one("CntrValAmt", "counter_value", Kind::Group(CONVERTED)),
    one("AnncdPstngAmt", "announced", Kind::Group(CONVERTED)),
    many("PrtryAmt", "others", Kind::Group(CONVERTED)),
];

const CONVERTED: &[Field] = &[
    one("Tp", "type", Kind::Text),
    must("Amt", "amount", Kind::Money),
    one(
        "CcyXchg",
        "exchange",
        Kind::Group(&[
            one("SrcCcy", "source_currency", Kind::Text),
            one("TrgtCcy", "target_currency", Kind::Text),
            one("UnitCcy", "unit_currency", Kind::Text),
            one("XchgRate", "rate", Kind::Decimal),
            one("CtrctId", "contract", Kind::Text),
            one("QtnDt", "quoted", Kind::Moment),
        ]),
    ),
];

const CHARGE: [Field; 9] = [
    one("Amt", "amount", Kind::Money),
    one("CdtDbtInd", "direction", Kind::Direction),
    one("ChrgInclInd", "is_included", Kind::Flag),
    one("Tp", "type", Kind::Choice),
    one("Rate", "rate", Kind::Decimal),
    one("Br", "bearer", Kind::Text),
    one("Agt", "bank", Kind::Agent),
    one("Pty", "bank", Kind::Agent),
    one("Tax", "tax", Kind::Amounts),
];

const CHARGES: &[Field] = &{
    let [amount, direction, included, kind, rate, bearer, agent, party, tax] = CHARGE;
    // In older versions a group is a charge itself.
    let total = one("TtlChrgsAndTaxAmt", "total", Kind::Money);
    let records = many("Rcrd", "records", Kind::Group(&CHARGE));
    [total, records, amount, direction, included, kind, rate, bearer, agent, party, tax]
};

const DETAILS: &[Field] = &[
    one(
        "Btch",
        "batch",
        Kind::Group(&[
            one("MsgId", "message_id", Kind::Text),
            one("PmtInfId", "payment_id", Kind::Text),
            one("NbOfTxs", "count", Kind::Count),
            one("TtlAmt", "total", Kind::Money),
            one("CdtDbtInd", "direction", Kind::Direction),
        ]),
    ),
    many("TxDtls", "transactions", Kind::Group(TRANSACTION)),
];

const TRANSACTION: &[Field] = &[
    one("Refs", "references", Kind::Group(REFERENCES)),
    one("Amt", "amount", Kind::Money),
    one("CdtDbtInd", "direction", Kind::Direction),
    one("AmtDtls", "amounts", Kind::Group(AMOUNTS)),
    many("Avlbty", "availability", Kind::Group(AVAILABILITY)),
    one("BkTxCd", "code", Kind::Group(BANK_CODE)),
    many("Chrgs", "charges", Kind::Group(CHARGES)),
    many("Intrst", "interest", Kind::Amounts),
    one("RltdPties", "parties", Kind::Group(PARTIES)),
    one("RltdAgts", "banks", Kind::Group(BANKS)),
    one("LclInstrm", "local_instrument", Kind::Choice),
    one("Purp", "purpose", Kind::Choice),
    one("RmtInf", "remittance", Kind::Group(part::REMITTANCE)),
    one(
        "RltdDts",
        "dates",
        Kind::Group(&[
            one("AccptncDtTm", "accepted", Kind::Moment),
            one("IntrBkSttlmDt", "settlement_date", Kind::Day),
            one("TxDtTm", "transaction", Kind::Moment),
        ]),
    ),
    one("RltdPric", "price", Kind::Amounts),
    many("RltdQties", "quantities", Kind::Amounts),
    one("Tax", "tax", Kind::Amounts),
    one(
        "RtrInf",
        "returned",
        Kind::Group(&[
            one("OrgnlBkTxCd", "original_code", Kind::Group(BANK_CODE)),
            one("Orgtr", "originator", Kind::Party),
            one("Rsn", "reason", Kind::Code(CodeList::ReturnReason)),
            many("AddtlInf", "additional", Kind::Text),
        ]),
    ),
    many("CshDpst", "cash", Kind::Amounts),
    one("CardTx", "card", Kind::Amounts),
    one("AddtlTxInf", "additional", Kind::Text),
];

const REFERENCES: &[Field] = &[
    one("MsgId", "message_id", Kind::Text),
    one("AcctSvcrRef", "bank_reference", Kind::Text),
    one("PmtInfId", "payment_id", Kind::Text),
    one("InstrId", "instruction_id", Kind::Text),
    one("EndToEndId", "end_to_end_id", Kind::Text),
    one("UETR", "uetr", Kind::Text),
    one("TxId", "transaction_id", Kind::Text),
    one("MndtId", "mandate_id", Kind::Text),
    one("ChqNb", "cheque_number", Kind::Text),
    one("ClrSysRef", "clearing_reference", Kind::Text),
    one("AcctOwnrTxId", "owner_reference", Kind::Text),
    one("AcctSvcrTxId", "servicer_transaction_id", Kind::Text),
    one("MktInfrstrctrTxId", "clearing_transaction_id", Kind::Text),
    one("PrcgId", "processing_id", Kind::Text),
    many("Prtry", "others", Kind::Group(&[one("Tp", "type", Kind::Text), one("Ref", "reference", Kind::Text)])),
];

const PARTIES: &[Field] = &[
    one("InitgPty", "initiating_party", Kind::Party),
    one("Dbtr", "debtor", Kind::Party),
    one("DbtrAcct", "debtor_account", Kind::Account),
    one("UltmtDbtr", "ultimate_debtor", Kind::Party),
    one("Cdtr", "creditor", Kind::Party),
    one("CdtrAcct", "creditor_account", Kind::Account),
    one("UltmtCdtr", "ultimate_creditor", Kind::Party),
    one("TradgPty", "trading_party", Kind::Party),
];

const BANKS: &[Field] = &[
    one("InstgAgt", "instructing_bank", Kind::Agent),
    one("InstdAgt", "instructed_bank", Kind::Agent),
    one("DbtrAgt", "debtor_bank", Kind::Agent),
    one("CdtrAgt", "creditor_bank", Kind::Agent),
];
