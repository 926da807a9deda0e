//! Dates of birth and countries out of the text of an entry's remarks.
//!
//! The remarks are statements that end in `;`, such as `DOB 05 Nov 1960`, `alt. DOB circa 1965`, `POB Testville, Nowhereland` or
//! `nationality Nowhereland`.

use crate::{names::normalise_country, policy::ScreeningPolicy, subject::Birth};
use jiff::{ToSpan, civil::Date, civil::date};

const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// A listed date of birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ListedBirth {
    /// The days it names.
    pub birth: Birth,
    /// Whether it says `circa`.
    pub circa: bool,
}

impl ListedBirth {
    /// The days it can mean: `circa` reaches some years in both directions.
    #[must_use]
    pub fn reach(self, policy: &ScreeningPolicy) -> Birth {
        if !self.circa {
            return self.birth;
        }
        let years = i64::from(policy.birth_circa_years).years();
        Birth { first: self.birth.first.saturating_sub(years), last: self.birth.last.saturating_add(years) }
    }
}

/// What remarks say that can be compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RemarkFacts {
    /// Dates of birth.
    pub births: Vec<ListedBirth>,
    /// Whether a date of birth is written in a form that is not read here. Then no date can be said to differ.
    pub unread_birth: bool,
    /// Countries of nationality, citizenship and birth, normalised.
    pub countries: Vec<String>,
}

/// Reads remarks. Statements that are not understood are skipped.
#[must_use]
pub fn read_remarks(remarks: &str) -> RemarkFacts {
    let mut facts = RemarkFacts::default();
    for statement in remarks.split(';') {
        let statement = statement.trim().trim_end_matches('.').trim_start_matches("alt. ").trim();
        if let Some(text) = after(statement, "DOB") {
            match read_birth(text) {
                Some(birth) => facts.births.push(birth),
                None => facts.unread_birth = true,
            }
        } else if let Some(country) = ["nationality", "citizen"].iter().find_map(|word| after(statement, word)) {
            facts.countries.push(normalise_country(country));
        } else if let Some((_, country)) = after(statement, "POB").and_then(|text| text.rsplit_once(',')) {
            facts.countries.push(normalise_country(country));
        }
    }
    facts.countries.retain(|country| !country.is_empty());
    facts
}

/// What follows a word at the start of a statement.
fn after<'a>(statement: &'a str, word: &str) -> Option<&'a str> {
    statement.strip_prefix(word)?.strip_prefix(' ').map(str::trim)
}

/// `05 Nov 1960`, `Nov 1960`, `1960`, `circa 1960` or `1960 to 1963`.
fn read_birth(text: &str) -> Option<ListedBirth> {
    let (circa, text) = text.strip_prefix("circa ").map_or((false, text), |rest| (true, rest.trim()));
    let birth = match text.split_once(" to ") {
        Some((from, to)) => Birth::between(days(from)?.first, days(to)?.last).ok()?,
        None => days(text)?,
    };
    Some(ListedBirth { birth, circa })
}

fn days(text: &str) -> Option<Birth> {
    let mut words = text.split_whitespace().rev();
    let year: i16 = words.next().filter(|word| word.len() == 4).and_then(|word| word.parse().ok())?;
    let whole = Birth::in_year(year).ok()?;
    let Some(month) = words.next() else { return Some(whole) };
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))? as i8 + 1;
    let day = words.next();
    if words.next().is_some() {
        return None;
    }
    match day {
        Some(day) => Date::new(year, month, day.parse().ok()?).ok().map(Birth::on),
        None => {
            let first = date(year, month, 1);
            Birth::between(first, first.last_of_month()).ok()
        }
    }
}

#[cfg(test)]
mod tests;
