//! The rails that the bank pays over: which currency each has, which accounts it reaches, and whose calendar its days follow.

use accounts::countries::is_in_sepa;
use iso20022::pain001::{AccountId, Party, TypeCode};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use money::Currency;

/// Accounts that a rail reaches, by what messages say of them.
enum Reached {
    /// IBANs of SEPA's countries.
    Sepa,
    /// British IBANs.
    BritishIban,
    /// Numbers at banks of a clearing.
    Member(&'static str),
    /// Numbers at banks that are named by BIC.
    Bic,
    /// Numbers of a scheme of the country's own.
    Scheme(&'static str),
    /// Proxies of these types.
    Proxy(&'static [&'static str]),
}

/// A rail.
pub struct BankRail {
    /// Its id in the rails book.
    pub rail: &'static str,
    /// Its currency.
    pub currency: &'static str,
    zone: &'static str,
    reached: &'static [Reached],
    /// Whether it pays at once: a payment for a day to come is refused.
    pub is_instant: bool,
}

const fn row(rail: &'static str, currency: &'static str, zone: &'static str, reached: &'static [Reached]) -> BankRail {
    BankRail { rail, currency, zone, reached, is_instant: true }
}

const fn slow(row: BankRail) -> BankRail {
    BankRail { is_instant: false, ..row }
}

const US: &[Reached] = &[Reached::Member("USABA")];
const UK: &[Reached] = &[Reached::Member("GBDSC"), Reached::BritishIban];
const SEPA: &[Reached] = &[Reached::Sepa];
const PIX: &[Reached] = &[Reached::Proxy(&["PVTX", "COTX", "MBNO", "EMAL", "SHID"]), Reached::Member("BRISP")];
const FAST: &[Reached] = &[Reached::Bic, Reached::Proxy(&["MBNO", "NIDN", "CINC", "SHID"])];
const HK: &[Reached] = &[Reached::Member("HKNCC"), Reached::Proxy(&["SHID", "MBNO", "EMAL", "NIDN"])];
const NPP: &[Reached] = &[Reached::Member("AUBSB"), Reached::Proxy(&["MBNO", "EMAL", "CINC", "SHID"])];
const INTERAC: &[Reached] = &[Reached::Proxy(&["EMAL", "MBNO"]), Reached::Member("CACPA")];

/// All rails. The first of a currency gives the zone of its statements.
pub const BANK_RAILS: [BankRail; 19] = [
    row("us-rtp", "USD", "America/New_York", US),
    row("us-fednow", "USD", "America/New_York", US),
    slow(row("us-fedwire", "USD", "America/New_York", US)),
    slow(row("us-ach-same-day", "USD", "America/New_York", US)),
    slow(row("us-ach", "USD", "America/New_York", US)),
    row("sepa-instant", "EUR", "Europe/Berlin", SEPA),
    slow(row("sepa-ct", "EUR", "Europe/Berlin", SEPA)),
    row("gb-fps", "GBP", "Europe/London", UK),
    slow(row("gb-bacs", "GBP", "Europe/London", UK)),
    row("br-pix", "BRL", "America/Sao_Paulo", PIX),
    row("mx-spei", "MXN", "America/Mexico_City", &[Reached::Scheme("CLABE")]),
    row("sg-fast", "SGD", "Asia/Singapore", FAST),
    row("hk-fps", "HKD", "Asia/Hong_Kong", HK),
    row("in-imps", "INR", "Asia/Kolkata", &[Reached::Member("INFSC")]),
    row("in-upi", "INR", "Asia/Kolkata", &[Reached::Proxy(&["UPI"])]),
    slow(row("jp-zengin", "JPY", "Asia/Tokyo", &[Reached::Member("JPZGN")])),
    row("au-npp", "AUD", "Australia/Sydney", NPP),
    row("ca-interac", "CAD", "America/Toronto", INTERAC),
    slow(row("ca-eft", "CAD", "America/Toronto", &[Reached::Member("CACPA")])),
];

impl BankRail {
    /// The rail of an id.
    pub fn of(rail: &str) -> Option<&'static Self> {
        BANK_RAILS.iter().find(|row| row.rail == rail)
    }

    /// Whether the rail reaches the party's account.
    pub fn reaches(&self, party: &Party) -> bool {
        let Some(account) = &party.account else { return false };
        self.reached.iter().any(|reached| reached.has(account, party))
    }

    /// The date in the rail's zone.
    pub fn day(&self, at: Timestamp) -> Date {
        zoned(self.zone, at)
    }
}

/// The date in the zone of the currency's rails; for currencies without rails, in UTC.
pub fn day_of(currency: Currency, at: Timestamp) -> Date {
    let rail = BANK_RAILS.iter().find(|row| row.currency == currency.code());
    zoned(rail.map_or("UTC", |row| row.zone), at)
}

fn zoned(zone: &str, at: Timestamp) -> Date {
    TimeZone::get(zone).unwrap_or(TimeZone::UTC).to_datetime(at).date()
}

impl Reached {
    fn has(&self, account: &AccountId, party: &Party) -> bool {
        match (self, account) {
            (Self::Sepa, AccountId::Iban(iban)) => iban.get(..2).is_some_and(is_in_sepa),
            (Self::BritishIban, AccountId::Iban(iban)) => iban.starts_with("GB"),
            (Self::Member(system), AccountId::Other { .. }) => {
                party.agent.clearing_system.as_deref() == Some(system) && party.agent.member_id.is_some()
            }
            (Self::Bic, AccountId::Other { .. }) => party.agent.bic.is_some(),
            (Self::Scheme(own), AccountId::Other { scheme: Some(scheme), .. }) => scheme.as_str() == *own,
            (Self::Proxy(kinds), AccountId::Proxy { kind, .. }) => {
                kind.as_ref().map(TypeCode::as_str).is_some_and(|kind| kinds.contains(&kind))
            }
            _ => false,
        }
    }
}
