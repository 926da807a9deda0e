//! Standard entry classes: what kind of payment a batch holds.

use serde::Serialize;

/// A standard entry class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SecCode {
    /// Three letters, as in the batch header.
    pub code: &'static str,
    /// What it is for.
    pub meaning: &'static str,
    /// Whether it may hold credits.
    pub credits: bool,
    /// Whether it may hold debits.
    pub debits: bool,
    /// Whether payouts may be sent in it.
    pub for_payouts: bool,
    /// Addenda 05 that an entry may have; `None` where another type of addenda is used or the number is open.
    pub payment_addenda_max: Option<u16>,
}

const fn class(code: &'static str, credits: bool, debits: bool, payment_addenda_max: Option<u16>, meaning: &'static str) -> SecCode {
    // Payouts to persons and to companies; IAT, where a bank outside the country takes part, is not made here.
    let for_payouts = matches!(code.as_bytes(), b"PPD" | b"CCD");
    SecCode { code, meaning, credits, debits, for_payouts, payment_addenda_max }
}

/// Every class. Those with neither credits nor debits move no money, or are the operator's own.
pub const SEC_CODES: [SecCode; 23] = [
    class("PPD", true, true, Some(1), "prearranged payment and deposit, with persons"),
    class("CCD", true, true, Some(1), "corporate credit or debit"),
    class("CTX", true, true, Some(9_999), "corporate trade exchange, with invoices in addenda"),
    class("WEB", true, true, Some(1), "initiated on the internet; credits only from person to person"),
    class("IAT", true, true, None, "international: a bank outside the United States takes part; seven addenda or more"),
    class("CIE", true, false, Some(1), "initiated by a customer, who pays bills"),
    class("COR", false, false, None, "notification of change, from a bank"),
    class("RCK", false, true, Some(0), "check presented again"),
    class("ARC", false, true, Some(0), "check received by mail, as an entry"),
    class("BOC", false, true, Some(0), "check converted in the back office"),
    class("POP", false, true, Some(0), "check converted at the point of purchase"),
    class("POS", false, true, None, "point of sale"),
    class("TEL", false, true, Some(0), "authorised by telephone"),
    class("MTE", true, true, None, "cash machine"),
    class("SHR", true, true, None, "shared network"),
    class("ACK", false, false, Some(1), "acknowledgement of CCD"),
    class("ATX", false, false, Some(1), "acknowledgement of CTX"),
    class("DNE", false, false, None, "notice of a death, from an agency"),
    class("ENR", false, false, None, "enrolment with an agency"),
    class("ADV", false, false, Some(0), "accounting advice of the operator"),
    class("TRC", false, true, Some(0), "truncated check"),
    class("TRX", false, true, None, "truncated checks"),
    class("XCK", false, true, Some(0), "destroyed check"),
];

/// The class of three letters.
#[must_use]
pub fn sec_code(code: &str) -> Option<SecCode> {
    SEC_CODES.into_iter().find(|class| class.code == code)
}
