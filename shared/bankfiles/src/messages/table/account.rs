//! Reports on accounts: `camt.052`, `camt.053`, `camt.054`.

use super::{
    super::field::{ContentKind, ElementField, many, must, one},
    part,
};
use iso20022::codes::handling::CodeList;

/// `camt.052`.
pub(super) const INTRADAY: &[ElementField] = &message("Rpt");
/// `camt.053`.
pub(super) const STATEMENT: &[ElementField] = &message("Stmt");
/// `camt.054`.
pub(super) const NOTIFICATION: &[ElementField] = &message("Ntfctn");

const fn message(report: &'static str) -> [ElementField; 2] {
    [
        must("GrpHdr", "header", ContentKind::Group(HEADER)),
        ElementField { is_required: true, ..many(report, "reports", ContentKind::Group(REPORT)) },
    ]
}

const PAGE: &[ElementField] = &[must("PgNb", "number", ContentKind::Count), must("LastPgInd", "is_last", ContentKind::Flag)];

const HEADER: &[ElementField] = &[
    must("MsgId", "message_id", ContentKind::Text),
    must("CreDtTm", "created", ContentKind::Moment),
    one("MsgRcpt", "recipient", ContentKind::Party),
    one("MsgPgntn", "page", ContentKind::Group(PAGE)),
    one("AddtlInf", "additional", ContentKind::Text),
];

const REPORT: &[ElementField] = &[
    must("Id", "id", ContentKind::Text),
    one("RptPgntn", "page", ContentKind::Group(PAGE)),
    one("StmtPgntn", "page", ContentKind::Group(PAGE)),
    one("NtfctnPgntn", "page", ContentKind::Group(PAGE)),
    one("ElctrncSeqNb", "electronic_sequence", ContentKind::Count),
    one("LglSeqNb", "legal_sequence", ContentKind::Count),
    one("CreDtTm", "created", ContentKind::Moment),
    one("FrToDt", "period", ContentKind::Group(&[one("FrDtTm", "from", ContentKind::Moment), one("ToDtTm", "to", ContentKind::Moment)])),
    one("CpyDplctInd", "copy", ContentKind::Text),
    one("RptgSrc", "source", ContentKind::Choice),
    must("Acct", "account", ContentKind::Account),
    one("RltdAcct", "related_account", ContentKind::Account),
    many("Intrst", "interest", ContentKind::Amounts),
    many("Bal", "balances", ContentKind::Group(BALANCE)),
    one("TxsSummry", "totals", ContentKind::Group(TOTALS)),
    many("Ntry", "entries", ContentKind::Group(ENTRY)),
    one("AddtlRptInf", "additional", ContentKind::Text),
    one("AddtlStmtInf", "additional", ContentKind::Text),
    one("AddtlNtfctnInf", "additional", ContentKind::Text),
];

const BALANCE: &[ElementField] = &[
    must("Tp", "type", ContentKind::Group(&[must("CdOrPrtry", "code", ContentKind::Choice), one("SubTp", "subtype", ContentKind::Choice)])),
    many("CdtLine", "credit_lines", ContentKind::Amounts),
    must("Amt", "amount", ContentKind::Money),
    must("CdtDbtInd", "direction", ContentKind::Direction),
    must("Dt", "date", ContentKind::Day),
    many("Avlbty", "availability", ContentKind::Group(AVAILABILITY)),
];

const AVAILABILITY: &[ElementField] = &[
    one("Dt", "when", ContentKind::Group(&[one("NbOfDays", "days", ContentKind::Text), one("ActlDt", "date", ContentKind::Day)])),
    must("Amt", "amount", ContentKind::Money),
    one("CdtDbtInd", "direction", ContentKind::Direction),
];

const TOTALS: &[ElementField] = &[
    one("TtlNtries", "all", ContentKind::Group(TOTAL)),
    one("TtlCdtNtries", "credits", ContentKind::Group(TOTAL)),
    one("TtlDbtNtries", "debits", ContentKind::Group(TOTAL)),
    many("TtlNtriesPerBkTxCd", "per_code", ContentKind::Group(TOTAL_PER_CODE)),
];

const TOTAL: &[ElementField] = &[
    one("NbOfNtries", "count", ContentKind::Count),
    one("Sum", "sum", ContentKind::Decimal),
    one(
        "TtlNetNtry",
        "net",
        ContentKind::Group(&[must("Amt", "amount", ContentKind::Decimal), must("CdtDbtInd", "direction", ContentKind::Direction)]),
    ),
    one("TtlNetNtryAmt", "net_amount", ContentKind::Decimal),
    one("CdtDbtInd", "direction", ContentKind::Direction),
];

const TOTAL_PER_CODE: &[ElementField] = &[
    one("NbOfNtries", "count", ContentKind::Count),
    one("Sum", "sum", ContentKind::Decimal),
    one(
        "TtlNetNtry",
        "net",
        ContentKind::Group(&[must("Amt", "amount", ContentKind::Decimal), must("CdtDbtInd", "direction", ContentKind::Direction)]),
    ),
    one("TtlNetNtryAmt", "net_amount", ContentKind::Decimal),
    one("CdtDbtInd", "direction", ContentKind::Direction),
    one("CdtNtries", "credits", ContentKind::Group(TOTAL)),
    one("DbtNtries", "debits", ContentKind::Group(TOTAL)),
    one("FcstInd", "is_forecast", ContentKind::Flag),
    one("BkTxCd", "code", ContentKind::Group(BANK_CODE)),
    many("Avlbty", "availability", ContentKind::Group(AVAILABILITY)),
];

const BANK_CODE: &[ElementField] = &[
    one(
        "Domn",
        "domain",
        ContentKind::Group(&[
            one("Cd", "code", ContentKind::Text),
            one(
                "Fmly",
                "family",
                ContentKind::Group(&[one("Cd", "code", ContentKind::Text), one("SubFmlyCd", "subfamily", ContentKind::Text)]),
            ),
        ]),
    ),
    one("Prtry", "proprietary", ContentKind::Group(&[one("Cd", "code", ContentKind::Text), one("Issr", "issuer", ContentKind::Text)])),
];

const ENTRY: &[ElementField] = &[
    one("NtryRef", "reference", ContentKind::Text),
    must("Amt", "amount", ContentKind::Money),
    must("CdtDbtInd", "direction", ContentKind::Direction),
    one("RvslInd", "is_reversal", ContentKind::Flag),
    must("Sts", "status", ContentKind::Code(CodeList::EntryStatus)),
    one("BookgDt", "booked", ContentKind::Day),
    one("ValDt", "value_date", ContentKind::Day),
    one("AcctSvcrRef", "bank_reference", ContentKind::Text),
    many("Avlbty", "availability", ContentKind::Group(AVAILABILITY)),
    one("BkTxCd", "code", ContentKind::Group(BANK_CODE)),
    one("ComssnWvrInd", "is_commission_waived", ContentKind::Flag),
    one("AmtDtls", "amounts", ContentKind::Group(AMOUNTS)),
    many("Chrgs", "charges", ContentKind::Group(CHARGES)),
    many("Intrst", "interest", ContentKind::Amounts),
    one("CardTx", "card", ContentKind::Amounts),
    many("NtryDtls", "details", ContentKind::Group(DETAILS)),
    one("AddtlNtryInf", "additional", ContentKind::Text),
];

const AMOUNTS: &[ElementField] = &[
    one("InstdAmt", "instructed", ContentKind::Group(CONVERTED)),
    one("TxAmt", "transaction", ContentKind::Group(CONVERTED)),
    one("CntrValAmt", "counter_value", ContentKind::Group(CONVERTED)),
    one("AnncdPstngAmt", "announced", ContentKind::Group(CONVERTED)),
    many("PrtryAmt", "others", ContentKind::Group(CONVERTED)),
];

const CONVERTED: &[ElementField] = &[
    one("Tp", "type", ContentKind::Text),
    must("Amt", "amount", ContentKind::Money),
    one(
        "CcyXchg",
        "exchange",
        ContentKind::Group(&[
            one("SrcCcy", "source_currency", ContentKind::Text),
            one("TrgtCcy", "target_currency", ContentKind::Text),
            one("UnitCcy", "unit_currency", ContentKind::Text),
            one("XchgRate", "rate", ContentKind::Decimal),
            one("CtrctId", "contract", ContentKind::Text),
            one("QtnDt", "quoted", ContentKind::Moment),
        ]),
    ),
];

const CHARGE: [ElementField; 9] = [
    one("Amt", "amount", ContentKind::Money),
    one("CdtDbtInd", "direction", ContentKind::Direction),
    one("ChrgInclInd", "is_included", ContentKind::Flag),
    one("Tp", "type", ContentKind::Choice),
    one("Rate", "rate", ContentKind::Decimal),
    one("Br", "bearer", ContentKind::Text),
    one("Agt", "bank", ContentKind::Agent),
    one("Pty", "bank", ContentKind::Agent),
    one("Tax", "tax", ContentKind::Amounts),
];

const CHARGES: &[ElementField] = &{
    let [amount, direction, included, kind, rate, bearer, agent, party, tax] = CHARGE;
    // In older versions a group is a charge itself.
    let total = one("TtlChrgsAndTaxAmt", "total", ContentKind::Money);
    let records = many("Rcrd", "records", ContentKind::Group(&CHARGE));
    [total, records, amount, direction, included, kind, rate, bearer, agent, party, tax]
};

const DETAILS: &[ElementField] = &[
    one(
        "Btch",
        "batch",
        ContentKind::Group(&[
            one("MsgId", "message_id", ContentKind::Text),
            one("PmtInfId", "payment_id", ContentKind::Text),
            one("NbOfTxs", "count", ContentKind::Count),
            one("TtlAmt", "total", ContentKind::Money),
            one("CdtDbtInd", "direction", ContentKind::Direction),
        ]),
    ),
    many("TxDtls", "transactions", ContentKind::Group(TRANSACTION)),
];

const TRANSACTION: &[ElementField] = &[
    one("Refs", "references", ContentKind::Group(REFERENCES)),
    one("Amt", "amount", ContentKind::Money),
    one("CdtDbtInd", "direction", ContentKind::Direction),
    one("AmtDtls", "amounts", ContentKind::Group(AMOUNTS)),
    many("Avlbty", "availability", ContentKind::Group(AVAILABILITY)),
    one("BkTxCd", "code", ContentKind::Group(BANK_CODE)),
    many("Chrgs", "charges", ContentKind::Group(CHARGES)),
    many("Intrst", "interest", ContentKind::Amounts),
    one("RltdPties", "parties", ContentKind::Group(PARTIES)),
    one("RltdAgts", "banks", ContentKind::Group(BANKS)),
    one("LclInstrm", "local_instrument", ContentKind::Choice),
    one("Purp", "purpose", ContentKind::Choice),
    one("RmtInf", "remittance", ContentKind::Group(part::REMITTANCE)),
    one(
        "RltdDts",
        "dates",
        ContentKind::Group(&[
            one("AccptncDtTm", "accepted", ContentKind::Moment),
            one("IntrBkSttlmDt", "settlement_date", ContentKind::Day),
            one("TxDtTm", "transaction", ContentKind::Moment),
        ]),
    ),
    one("RltdPric", "price", ContentKind::Amounts),
    many("RltdQties", "quantities", ContentKind::Amounts),
    one("Tax", "tax", ContentKind::Amounts),
    one(
        "RtrInf",
        "returned",
        ContentKind::Group(&[
            one("OrgnlBkTxCd", "original_code", ContentKind::Group(BANK_CODE)),
            one("Orgtr", "originator", ContentKind::Party),
            one("Rsn", "reason", ContentKind::Code(CodeList::ReturnReason)),
            many("AddtlInf", "additional", ContentKind::Text),
        ]),
    ),
    many("CshDpst", "cash", ContentKind::Amounts),
    one("CardTx", "card", ContentKind::Amounts),
    one("AddtlTxInf", "additional", ContentKind::Text),
];

const REFERENCES: &[ElementField] = &[
    one("MsgId", "message_id", ContentKind::Text),
    one("AcctSvcrRef", "bank_reference", ContentKind::Text),
    one("PmtInfId", "payment_id", ContentKind::Text),
    one("InstrId", "instruction_id", ContentKind::Text),
    one("EndToEndId", "end_to_end_id", ContentKind::Text),
    one("UETR", "uetr", ContentKind::Text),
    one("TxId", "transaction_id", ContentKind::Text),
    one("MndtId", "mandate_id", ContentKind::Text),
    one("ChqNb", "cheque_number", ContentKind::Text),
    one("ClrSysRef", "clearing_reference", ContentKind::Text),
    one("AcctOwnrTxId", "owner_reference", ContentKind::Text),
    one("AcctSvcrTxId", "servicer_transaction_id", ContentKind::Text),
    one("MktInfrstrctrTxId", "clearing_transaction_id", ContentKind::Text),
    one("PrcgId", "processing_id", ContentKind::Text),
    many("Prtry", "others", ContentKind::Group(&[one("Tp", "type", ContentKind::Text), one("Ref", "reference", ContentKind::Text)])),
];

const PARTIES: &[ElementField] = &[
    one("InitgPty", "initiating_party", ContentKind::Party),
    one("Dbtr", "debtor", ContentKind::Party),
    one("DbtrAcct", "debtor_account", ContentKind::Account),
    one("UltmtDbtr", "ultimate_debtor", ContentKind::Party),
    one("Cdtr", "creditor", ContentKind::Party),
    one("CdtrAcct", "creditor_account", ContentKind::Account),
    one("UltmtCdtr", "ultimate_creditor", ContentKind::Party),
    one("TradgPty", "trading_party", ContentKind::Party),
];

const BANKS: &[ElementField] = &[
    one("InstgAgt", "instructing_bank", ContentKind::Agent),
    one("InstdAgt", "instructed_bank", ContentKind::Agent),
    one("DbtrAgt", "debtor_bank", ContentKind::Agent),
    one("CdtrAgt", "creditor_bank", ContentKind::Agent),
];
