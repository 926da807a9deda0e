//! Whom to screen, and when somebody was born.

use crate::{
    Error,
    names::{NAME_CHARS_MAX, NameShape, normalise_country},
};
use jiff::civil::{Date, date};
use sha2::{Digest, Sha256};
use std::fmt;

/// Most countries of a subject.
const COUNTRIES_MAX: usize = 32;
/// Most characters of a subject's id.
const ID_CHARS_MAX: usize = 128;

/// The days on which somebody can have been born, both included: one day, a month, a year, or several years.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Birth {
    pub(crate) first: Date,
    pub(crate) last: Date,
}

impl Birth {
    /// One day.
    #[must_use]
    pub const fn on(day: Date) -> Self {
        Self { first: day, last: day }
    }

    /// Any day of a year.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] unless the year has four digits and is not before 1000.
    pub fn in_year(year: i16) -> Result<Self, Error> {
        if !(1000..=9999).contains(&year) {
            return Err(Error::Value { field: "year of birth", form: "a year of four digits" });
        }
        Ok(Self { first: date(year, 1, 1), last: date(year, 12, 31) })
    }

    /// Any day from the first to the last, both included.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] if the last is before the first.
    pub fn between(first: Date, last: Date) -> Result<Self, Error> {
        if last < first {
            return Err(Error::Value { field: "last day of birth", form: "not before the first" });
        }
        Ok(Self { first, last })
    }

    /// Years between the two at their nearest, rounded up to whole years of 366 days: 0 if they have a day in common.
    pub(crate) fn years_apart(self, other: Self) -> u32 {
        let days = |from: Date, to: Date| from.until(to).map_or(i32::MAX, |span| span.get_days());
        let apart = if self.last < other.first {
            days(self.last, other.first)
        } else if other.last < self.first {
            days(other.last, self.first)
        } else {
            0
        };
        u32::try_from(apart).unwrap_or(u32::MAX).div_ceil(366)
    }
}

/// A person or organisation to screen. Its name is personal, so `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq)]
pub struct ScreeningSubject {
    id: String,
    name: String,
    shape: NameShape,
    birth: Option<Birth>,
    countries: Vec<String>,
}

impl ScreeningSubject {
    /// A subject with the caller's id and the name as it was given, up to 350 characters. A name without letters is accepted: screening
    /// reports that it could not be compared.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] for an id that is empty or has more than 128 characters, or a name that is empty or too long.
    pub fn try_new(id: &str, name: &str, shape: NameShape) -> Result<Self, Error> {
        if id.is_empty() || id.chars().nth(ID_CHARS_MAX).is_some() {
            return Err(Error::Value { field: "subject id", form: "a text of 1 to 128 characters" });
        }
        if name.trim().is_empty() || name.chars().nth(NAME_CHARS_MAX).is_some() {
            return Err(Error::Value { field: "subject name", form: "a text of 1 to 350 characters" });
        }
        Ok(Self { id: id.to_owned(), name: name.to_owned(), shape, birth: None, countries: Vec::new() })
    }

    /// With a date of birth. One after the edition's day, or more than 130 years before it, is ignored when the subject is screened.
    #[must_use]
    pub const fn born(mut self, birth: Birth) -> Self {
        self.birth = Some(birth);
        self
    }

    /// With a country of nationality, birth or residence, by its English name as the list writes it. Up to 32. One that
    /// the list has nowhere never counts against a match.
    ///
    /// # Errors
    ///
    /// [`Error::Value`] for a text without letters, a longer one than 250 characters, or one country too many.
    pub fn of_country(mut self, country: &str) -> Result<Self, Error> {
        let country = if country.chars().nth(250).is_some() { String::new() } else { normalise_country(country) };
        if country.is_empty() || self.countries.len() >= COUNTRIES_MAX {
            return Err(Error::Value { field: "subject country", form: "an English name of up to 250 characters, and at most 32 of them" });
        }
        if let Err(at) = self.countries.binary_search(&country) {
            self.countries.insert(at, country);
        }
        Ok(self)
    }

    /// The caller's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name as it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whose name it is.
    #[must_use]
    pub const fn shape(&self) -> NameShape {
        self.shape
    }

    /// The date of birth, if known.
    #[must_use]
    pub const fn birth(&self) -> Option<Birth> {
        self.birth
    }

    /// The countries, normalised and sorted.
    #[must_use]
    pub fn countries(&self) -> &[String] {
        &self.countries
    }

    /// SHA-256 of what is screened, in hex: another name, date or country is another subject to a clearance.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        let birth = self.birth.map(|birth| format!("{}/{}", birth.first, birth.last)).unwrap_or_default();
        let shape = match self.shape {
            NameShape::Person => "person",
            NameShape::Organisation => "organisation",
        };
        for part in [self.name.as_str(), shape, &birth].into_iter().chain(self.countries.iter().map(String::as_str)) {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hex::encode(hash.finalize())
    }
}

impl fmt::Debug for ScreeningSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScreeningSubject").field("id", &self.id).field("shape", &self.shape).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
