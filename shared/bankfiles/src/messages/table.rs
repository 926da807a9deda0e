//! The messages that are read, their versions, and what their elements are.

mod account;
mod cancellation;
mod part;
mod payment;
mod status;

use super::field::{ContentKind, ElementField, must, one};

/// One kind of message.
#[derive(Debug, Clone, Copy)]
pub(super) struct MessageTable {
    /// The kind, such as `pain.001`.
    pub family: &'static str,
    /// The element inside `Document`.
    element: &'static str,
    /// The elements in it.
    pub fields: &'static [ElementField],
}

const fn message(family: &'static str, element: &'static str, fields: &'static [ElementField]) -> MessageTable {
    MessageTable { family, element, fields }
}

const MESSAGES: [MessageTable; 13] = [
    message("pain.001", "CstmrCdtTrfInitn", payment::INITIATION),
    message("pain.002", "CstmrPmtStsRpt", status::CUSTOMER_REPORT),
    message("pain.014", "CdtrPmtActvtnReqStsRpt", status::CUSTOMER_REPORT),
    message("pacs.002", "FIToFIPmtStsRpt", status::BANK_REPORT),
    message("pacs.004", "PmtRtr", payment::RETURN),
    message("pacs.008", "FIToFICstmrCdtTrf", payment::TRANSFER),
    message("camt.052", "BkToCstmrAcctRpt", account::INTRADAY),
    message("camt.053", "BkToCstmrStmt", account::STATEMENT),
    message("camt.054", "BkToCstmrDbtCdtNtfctn", account::NOTIFICATION),
    message("camt.029", "RsltnOfInvstgtn", cancellation::RESOLUTION),
    message("camt.055", "CstmrPmtCxlReq", cancellation::REQUEST),
    message("camt.056", "FIToFIPmtCxlReq", cancellation::REQUEST),
    message("admi.002", "admi.002.001.01", status::MESSAGE_REJECT),
];

/// The table for a message's name and element; `None` if they do not belong together.
pub(super) fn of(name: &str, element: &str) -> Option<&'static MessageTable> {
    MESSAGES.iter().find(|message| name.starts_with(message.family) && message.element == element)
}

/// The business application header.
pub(super) const HEADER: &[ElementField] = &[
    one("Fr", "from", ContentKind::Agent),
    one("To", "to", ContentKind::Agent),
    must("BizMsgIdr", "business_message_id", ContentKind::Text),
    must("MsgDefIdr", "definition", ContentKind::Text),
    one("BizSvc", "service", ContentKind::Text),
    one("CreDt", "created", ContentKind::Moment),
    one("CpyDplct", "copy", ContentKind::Text),
    one("PssblDplct", "is_possible_duplicate", ContentKind::Flag),
];

macro_rules! namespaces {
    ($($name:literal),* $(,)?) => { &[$(concat!("urn:iso:std:iso:20022:tech:xsd:", $name)),*] };
}

/// Every version that is read. The schemas of the first and last of each row were compared; an element that a version in between or a clearing adds is
/// noticed if it holds money or a status. Others are named and not read.
pub(super) const NAMESPACES: &[&str] = namespaces!(
    "pain.001.001.03",
    "pain.001.001.04",
    "pain.001.001.05",
    "pain.001.001.06",
    "pain.001.001.07",
    "pain.001.001.08",
    "pain.001.001.09",
    "pain.002.001.03",
    "pain.002.001.04",
    "pain.002.001.05",
    "pain.002.001.06",
    "pain.002.001.07",
    "pain.002.001.08",
    "pain.002.001.09",
    "pain.002.001.10",
    "pain.014.001.07",
    "pacs.002.001.10",
    "pacs.002.001.11",
    "pacs.002.001.12",
    "pacs.004.001.09",
    "pacs.004.001.10",
    "pacs.008.001.08",
    "pacs.008.001.09",
    "camt.052.001.02",
    "camt.052.001.03",
    "camt.052.001.04",
    "camt.052.001.05",
    "camt.052.001.06",
    "camt.052.001.07",
    "camt.052.001.08",
    "camt.053.001.02",
    "camt.053.001.03",
    "camt.053.001.04",
    "camt.053.001.05",
    "camt.053.001.06",
    "camt.053.001.07",
    "camt.053.001.08",
    "camt.054.001.02",
    "camt.054.001.03",
    "camt.054.001.04",
    "camt.054.001.05",
    "camt.054.001.06",
    "camt.054.001.07",
    "camt.054.001.08",
    "camt.029.001.09",
    "camt.055.001.08",
    "camt.055.001.09",
    "camt.056.001.08",
    "admi.002.001.01",
);
