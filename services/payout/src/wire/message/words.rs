//! Names of fields in words, what codes mean, and what stands where, by the names of ISO 20022 and of a bank's JSON.
use iso20022::codes::handling::{CodeAdvice, CodeList};

/// What stands at a place of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextPlace {
    /// A number or address of an account, or something else that identifies a person.
    Account,
    /// The name or address of a person.
    Person,
    /// Ids, codes, amounts and times.
    Open,
    /// Free text, in which anything may stand.
    Free,
}

/// Elements below which everything is about a bank, or about the company.
const OF_BANKS: [&str; 5] = ["FinInstnId", "InitgPty", "BrnchId", "bank", "financialInstitution"];
/// Elements with an address.
const ADDRESSES: [&str; 3] = ["PstlAdr", "postalAddress", "address"];
/// Names of numbers and addresses of accounts, and of what identifies people.
const ACCOUNTS: [&str; 16] = [
    "IBAN",
    "iban",
    "accountNumber",
    "accountId",
    "account",
    "alias",
    "proxyId",
    "EmailAdr",
    "MobNb",
    "PhneNb",
    "email",
    "phone",
    "taxId",
    "BirthDt",
    "birthDate",
    "TaxId",
];
/// Names of people's names.
const NAMES: [&str; 8] = ["Nm", "name", "fullName", "firstName", "lastName", "holderName", "accountName", "CityOfBirth"];
/// Names of texts.
const TEXTS: [&str; 11] =
    ["Ustrd", "AddtlInf", "AddtlNtryInf", "AddtlTxInf", "InstrInf", "message", "description", "detail", "note", "remittance", "text"];
/// Ids of persons and accounts stand in an element of this name, below one of these.
const IDS: [&str; 4] = ["Othr", "Prxy", "PrvtId", "OrgId"];

/// What stands at this path.
pub(super) fn place(path: &[String]) -> TextPlace {
    let Some((last, around)) = path.split_last() else { return TextPlace::Free };
    let is_below = |names: &[&str]| around.iter().any(|name| names.contains(&name.as_str()));
    if is_below(&OF_BANKS) {
        return TextPlace::Open;
    }
    let below_account = around.iter().any(|name| name.ends_with("Acct") || IDS.contains(&name.as_str()));
    match last.as_str() {
        name if ACCOUNTS.contains(&name) => TextPlace::Account,
        "Id" if below_account => TextPlace::Account,
        "Ctry" | "country" | "countryCode" => TextPlace::Open,
        name if NAMES.contains(&name) || is_below(&ADDRESSES) => TextPlace::Person,
        name if TEXTS.contains(&name) => TextPlace::Free,
        _ => TextPlace::Open,
    }
}

/// Words for elements.
const WORDS: [(&str, &str); 53] = [
    ("MsgId", "Message id"),
    ("OrgnlMsgId", "Id of our message"),
    ("OrgnlMsgNmId", "Kind of our message"),
    ("CreDtTm", "Made"),
    ("NbOfTxs", "Number of payments"),
    ("CtrlSum", "Sum of amounts"),
    ("PmtInfId", "Payment batch id"),
    ("OrgnlPmtInfId", "Id of our payment batch"),
    ("PmtMtd", "Way to pay"),
    ("BtchBookg", "Booked as a batch"),
    ("InstrId", "Instruction id"),
    ("OrgnlInstrId", "Our instruction id"),
    ("EndToEndId", "End-to-end id"),
    ("OrgnlEndToEndId", "Our end-to-end id"),
    ("UETR", "UETR"),
    ("OrgnlUETR", "Our UETR"),
    ("InstdAmt", "Amount to pay"),
    ("IntrBkSttlmAmt", "Amount settled"),
    ("Amt", "Amount"),
    ("ReqdExctnDt", "Day to pay"),
    ("DtTm", "Time"),
    ("Dt", "Day"),
    ("GrpSts", "Status of the message"),
    ("PmtInfSts", "Status of the batch"),
    ("TxSts", "Status of the payment"),
    ("TxCxlSts", "Status of the recall"),
    ("StsId", "Id of the status"),
    ("AddtlInf", "The bank's words"),
    ("AccptncDtTm", "Accepted by the bank"),
    ("AcctSvcrRef", "The bank's reference"),
    ("ClrSysRef", "The clearing's reference"),
    ("IBAN", "IBAN"),
    ("BICFI", "BIC"),
    ("MmbId", "Bank's number in the clearing"),
    ("Nm", "Name"),
    ("Ctry", "Country"),
    ("TwnNm", "Town"),
    ("StrtNm", "Street"),
    ("PstCd", "Postal code"),
    ("AdrLine", "Address"),
    ("Ustrd", "Remittance text"),
    ("ChrgBr", "Who bears charges"),
    ("Ccy", "Currency"),
    ("InstrPrty", "Priority"),
    ("BookgDt", "Booked"),
    ("ValDt", "Value date"),
    ("CdtDbtInd", "Credit or debit"),
    ("RtrId", "Return id"),
    ("RtrdIntrBkSttlmAmt", "Amount returned"),
    ("paymentStatus", "Status of the payment"),
    ("endToEndId", "End-to-end id"),
    ("firmRootId", "The bank's id"),
    ("paymentAmount", "Amount"),
];

/// Elements that say whose something is.
const WHOSE: [(&str, &str); 12] = [
    ("Cdtr", "person paid"),
    ("CdtrAcct", "account paid"),
    ("CdtrAgt", "bank of the person paid"),
    ("Dbtr", "payer"),
    ("DbtrAcct", "paying account"),
    ("DbtrAgt", "paying bank"),
    ("UltmtCdtr", "final receiver"),
    ("UltmtDbtr", "paid on behalf of"),
    ("InitgPty", "sender"),
    ("StsRsnInf", "reason"),
    ("RtrRsnInf", "reason of the return"),
    ("CxlRsnInf", "reason of the recall"),
];

/// What a code is of, by the element that it stands in.
const CODES: [(&str, &str); 7] = [
    ("SchmeNm", "Kind of number"),
    ("ClrSysId", "Clearing"),
    ("SvcLvl", "Service level"),
    ("LclInstrm", "Rail asked for"),
    ("CtgyPurp", "Category"),
    ("Purp", "Purpose"),
    ("Tp", "Kind"),
];

fn looked_up(words: &[(&str, &'static str)], name: &str) -> Option<&'static str> {
    words.iter().find(|(known, _)| *known == name).map(|(_, words)| *words)
}

/// What a field is, in words; its own name where none are known.
pub(super) fn name(path: &[String]) -> String {
    let Some((last, around)) = path.split_last() else { return "Text".to_owned() };
    let whose = around.iter().rev().find_map(|name| looked_up(&WHOSE, name));
    let what = match last.as_str() {
        "Cd" | "Prtry" if list(path).is_some() => Some("Reason"),
        "Cd" | "Prtry" => around.last().map(|parent| looked_up(&CODES, parent).unwrap_or("Code")),
        "Id" if place(path) == TextPlace::Account => Some("Number"),
        other => looked_up(&WORDS, other),
    };
    match (what, whose) {
        (Some("Reason"), _) => "Reason".to_owned(),
        (Some(what), Some(whose)) => format!("{what} ({whose})"),
        (Some(what), None) => what.to_owned(),
        (None, Some(whose)) => format!("{last} ({whose})"),
        (None, None) => last.clone(),
    }
}

/// The list that a code at this path is of.
fn list(path: &[String]) -> Option<CodeList> {
    let has = |name: &str| path.iter().any(|element| element == name);
    Some(match path.last()?.as_str() {
        "TxSts" => CodeList::TransactionStatus,
        "GrpSts" | "PmtInfSts" => CodeList::GroupStatus,
        "TxCxlSts" | "GrpCxlSts" | "PmtInfCxlSts" => CodeList::CancellationStatus,
        "Conf" => CodeList::InvestigationConfirmation,
        "Cd" if has("StsRsnInf") => CodeList::StatusReason,
        "Cd" if has("RtrRsnInf") || has("RtrInf") => CodeList::ReturnReason,
        "Cd" if has("CxlRsnInf") => CodeList::CancellationReason,
        "Cd" if has("CxlStsRsnInf") => CodeList::CancellationRejection,
        "Cd" if has("Ntry") && has("Sts") => CodeList::EntryStatus,
        "reasonCode" | "errorCode" | "code" => CodeList::StatusReason,
        _ => return None,
    })
}

/// What a code means; empty if it is none, or one of a bank's own.
pub(super) fn meaning(path: &[String], text: &str) -> &'static str {
    let advice = list(path).map(|list| CodeAdvice::of(list, text));
    advice.filter(|advice| !advice.is_for_a_person()).map_or("", |advice| advice.meaning)
}
