//! Which banks and providers a rail reaches: imported lists of participants with the date of their edition, and a pure look-up. Reachability is per
//! participant, not per country.

use crate::{
    fault::quoted,
    reader::{parse_date, parse_name},
};
use jiff::civil::Date;
use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
};

/// Largest list, in bytes.
pub const LIST_BYTES_MAX: usize = 64 << 20;
/// Faults named of one list.
const FAULTS_MAX: usize = 500;
/// The columns of a list, in this order.
pub const COLUMNS: [&str; 6] = ["kind", "key", "receives", "extended_hours", "from", "until"];

/// What a bank or provider is known by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ParticipantKey {
    /// ABA routing number: nine digits with a valid checksum.
    RoutingNumber(String),
    /// BIC with 8 or 11 characters; the head office's is kept with 8.
    Bic(String),
    /// A provider's code, such as a wallet's name, an ISPB or a bank code: letters, digits, hyphens, dots and underscores.
    Provider(String),
}

impl ParticipantKey {
    /// Reads a routing number.
    #[must_use]
    pub fn routing_number(text: &str) -> Option<Self> {
        const WEIGHTS: [u32; 9] = [3, 7, 1, 3, 7, 1, 3, 7, 1];
        let digits = text.len() == 9 && text.bytes().all(|byte| byte.is_ascii_digit());
        let sum: u32 = text.bytes().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit.wrapping_sub(b'0')) * weight).sum();
        (digits && sum.is_multiple_of(10) && text != "000000000").then(|| Self::RoutingNumber(text.to_owned()))
    }

    /// Reads a BIC in upper case. The branch code `XXX` means the head office and is left out.
    #[must_use]
    pub fn bic(text: &str) -> Option<Self> {
        let form = matches!(text.len(), 8 | 11)
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
            && text.bytes().skip(4).take(2).all(|byte| byte.is_ascii_uppercase());
        form.then(|| Self::Bic(text.strip_suffix("XXX").filter(|head| head.len() == 8).unwrap_or(text).to_owned()))
    }

    /// Reads a provider's code of 1 to 40 characters.
    #[must_use]
    pub fn provider(text: &str) -> Option<Self> {
        let form = (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
        form.then(|| Self::Provider(text.to_owned()))
    }
}

impl fmt::Display for ParticipantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RoutingNumber(number) => write!(f, "routing number {number}"),
            Self::Bic(bic) => write!(f, "BIC {bic}"),
            Self::Provider(provider) => write!(f, "provider {provider}"),
        }
    }
}

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RailParticipant {
    /// It takes payments; some participants only send.
    pub receives: bool,
    /// It takes payments outside the sessions of a rail that has extended hours.
    pub extended_hours: bool,
    /// First day on which it takes part.
    pub from: Option<Date>,
    /// Last day.
    pub until: Option<Date>,
}

/// Who takes part in a rail, by one edition of its list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParticipantList {
    rail: String,
    edition: Date,
    rows: BTreeMap<ParticipantKey, RailParticipant>,
}

/// One problem of a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}{column}: {problem}", if column.is_empty() { "" } else { ", " })]
pub struct ParticipantFault {
    /// Line of the file, from 1.
    pub line: u64,
    /// The column, or empty.
    pub column: &'static str,
    /// What is wrong and what was expected.
    pub problem: String,
}

/// Whether a rail reaches a participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reachability {
    /// It does.
    Reached {
        /// Also outside sessions.
        extended_hours: bool,
        /// Date of the list that says so.
        edition: Date,
    },
    /// The participant isn't listed.
    NotListed {
        /// Date of the list.
        edition: Date,
    },
    /// It is listed and doesn't take payments.
    SendsOnly {
        /// Date of the list.
        edition: Date,
    },
    /// It takes part on other days.
    OtherDays {
        /// First day.
        from: Option<Date>,
        /// Last day.
        until: Option<Date>,
        /// Date of the list.
        edition: Date,
    },
    /// No list of the rail is loaded.
    NoList,
    /// A list is loaded, but the payee's bank or provider isn't known.
    NoKey,
}

impl ParticipantList {
    /// Reads a list of a rail: CSV in UTF-8 with the header `kind,key,receives,extended_hours,from,until`. Kinds are `routing-number`, `bic` and
    /// `provider`; `receives` and `extended_hours` are `yes` or `no`; days are `2026-11-26` or empty. Every problem is named, up to 500.
    pub fn from_csv(rail: &str, edition: Date, bytes: &[u8]) -> Result<Self, Vec<ParticipantFault>> {
        let whole = |problem: String| vec![ParticipantFault { line: 1, column: "", problem }];
        if parse_name(rail).is_none() {
            return Err(whole(format!("the rail's id {} is not a name in lower case", quoted(rail))));
        }
        if bytes.len() > LIST_BYTES_MAX {
            return Err(whole(format!("must have at most {LIST_BYTES_MAX} bytes")));
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
        match reader.headers() {
            Ok(header) if header.iter().eq(COLUMNS) => {}
            Ok(_) => return Err(whole(format!("the header must be {}", COLUMNS.join(",")))),
            Err(_) => return Err(whole("must be CSV in UTF-8".to_owned())),
        }
        let mut faults = Vec::new();
        let mut rows = BTreeMap::new();
        for record in reader.records() {
            let before = faults.len();
            match record {
                Ok(record) => add_row(&mut rows, &record, &mut faults),
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    faults.push(ParticipantFault { line, column: "", problem: "must be CSV in UTF-8".to_owned() });
                }
            }
            if before < faults.len() && faults.len() >= FAULTS_MAX {
                break;
            }
        }
        if rows.is_empty() && faults.is_empty() {
            return Err(whole("has no participant: a list cut off after its header would make everybody unreachable".to_owned()));
        }
        if faults.is_empty() { Ok(Self { rail: rail.to_owned(), edition, rows }) } else { Err(faults) }
    }

    /// The rail's id.
    #[must_use]
    pub fn rail(&self) -> &str {
        &self.rail
    }

    /// Date of the edition.
    #[must_use]
    pub fn edition(&self) -> Date {
        self.edition
    }

    /// How many participants it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Never: an empty list is refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Looks a participant up on a day. A BIC of a branch that isn't listed itself is looked up as its head office.
    #[must_use]
    pub fn reaches(&self, key: &ParticipantKey, day: Date) -> Reachability {
        let edition = self.edition;
        let head = match key {
            ParticipantKey::Bic(bic) => bic.get(..8).map(|head| ParticipantKey::Bic(head.to_owned())),
            _ => None,
        };
        let found = self.rows.get(key).or_else(|| head.and_then(|head| self.rows.get(&head)));
        let Some(row) = found else { return Reachability::NotListed { edition } };
        if row.from.is_some_and(|from| day < from) || row.until.is_some_and(|until| day > until) {
            return Reachability::OtherDays { from: row.from, until: row.until, edition };
        }
        if row.receives {
            Reachability::Reached { extended_hours: row.extended_hours, edition }
        } else {
            Reachability::SendsOnly { edition }
        }
    }
}

fn add_row(rows: &mut BTreeMap<ParticipantKey, RailParticipant>, record: &csv::StringRecord, faults: &mut Vec<ParticipantFault>) {
    let line = record.position().map_or(0, csv::Position::line);
    let mut fault = |column, problem| faults.push(ParticipantFault { line, column, problem });
    if record.len() != COLUMNS.len() {
        fault("", format!("must have {} columns, not {}", COLUMNS.len(), record.len()));
        return;
    }
    let cell = |column: usize| record.get(column).unwrap_or_default();
    let key = match cell(0) {
        "routing-number" => (ParticipantKey::routing_number(cell(1)), "nine digits with a valid ABA checksum"),
        "bic" => (ParticipantKey::bic(cell(1)), "a BIC of 8 or 11 characters in upper case"),
        "provider" => (ParticipantKey::provider(cell(1)), "1 to 40 letters, digits, hyphens, dots or underscores"),
        other => {
            fault("kind", format!("must be routing-number, bic or provider, not {}", quoted(other)));
            return;
        }
    };
    if key.0.is_none() {
        fault("key", format!("must be {}, not {}", key.1, quoted(cell(1))));
    }
    let mut flag = |column: usize| match cell(column) {
        "yes" => Some(true),
        "no" => Some(false),
        other => {
            fault(COLUMNS[column], format!("must be yes or no, not {}", quoted(other)));
            None
        }
    };
    let (receives, extended_hours) = (flag(2), flag(3));
    let mut day = |column: usize| match cell(column) {
        "" => Some(None),
        text => {
            let day = parse_date(text);
            if day.is_none() {
                fault(COLUMNS[column], format!("must be a day such as 2026-11-26 or empty, not {}", quoted(text)));
            }
            day.map(Some)
        }
    };
    let (from, until) = (day(4), day(5));
    let (Some(key), Some(receives), Some(extended_hours), Some(from), Some(until)) = (key.0, receives, extended_hours, from, until) else {
        return;
    };
    if from.zip(until).is_some_and(|(from, until)| until < from) {
        fault("until", "must not be before from".to_owned());
    }
    match rows.entry(key) {
        Entry::Occupied(taken) => fault("key", format!("{} is there twice", taken.key())),
        Entry::Vacant(free) => {
            free.insert(RailParticipant { receives, extended_hours, from, until });
        }
    }
}

/// The lists of all rails.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParticipantBook {
    lists: BTreeMap<String, ParticipantList>,
}

impl ParticipantBook {
    /// Adds a list, or replaces the rail's with a list of a later or the same edition. Returns whether it did: an older edition never replaces a newer one.
    pub fn load(&mut self, list: ParticipantList) -> bool {
        let newer = self.lists.get(&list.rail).is_none_or(|old| old.edition <= list.edition);
        if newer {
            self.lists.insert(list.rail.clone(), list);
        }
        newer
    }

    /// The list of a rail.
    #[must_use]
    pub fn list(&self, rail: &str) -> Option<&ParticipantList> {
        self.lists.get(rail)
    }

    /// Whether a rail reaches a participant on a day. Without a list of the rail that is unknown, whatever the key.
    #[must_use]
    pub fn reaches(&self, rail: &str, key: Option<&ParticipantKey>, day: Date) -> Reachability {
        match (self.lists.get(rail), key) {
            (None, _) => Reachability::NoList,
            (Some(_), None) => Reachability::NoKey,
            (Some(list), Some(key)) => list.reaches(key, day),
        }
    }
}

#[cfg(test)]
mod tests;
