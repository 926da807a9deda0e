//! The holder of an account: name and postal address, and what rails accept of them, as dated rows.

use crate::{
    AddressField, FieldFault, FieldFaults, HiddenText,
    countries::is_country,
    fields::{FieldReader, VALUES_MAX, folded},
    kana::KanaName,
    rules::SourceConfidence,
};
use jiff::civil::Date;
use money::text::is_hidden;
use std::borrow::Cow;

mod letters;
mod limits;

pub use limits::{default_name_rules, default_postal_rules};

/// The longest name that any message holds (`Max140Text` of ISO 20022).
pub const NAME_CHARS_MAX: usize = 140;
/// The longest line of an address (`Max70Text`).
pub const LINE_CHARS_MAX: usize = 70;
/// The most lines of an address in ISO 20022.
pub const LINES_MAX: usize = 7;

/// The name of an account's holder. `Debug` never prints it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HolderName(HiddenText);

impl HolderName {
    /// Takes 1 to 140 characters of any script; blanks at the ends are dropped, and several within become one.
    pub fn parse(text: &str) -> Result<Self, FieldFault> {
        let name = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let fits = !name.is_empty() && name.chars().count() <= NAME_CHARS_MAX && !text.chars().any(is_hidden);
        if fits {
            return Ok(Self(HiddenText::new(name)));
        }
        Err(FieldFault { field: AddressField::HolderName, must: "be 1 to 140 characters, none of them hidden".into() })
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// The characters of names that a rail carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NameCharset {
    /// Any that a message can hold.
    Any,
    /// ASCII and the Latin letters of European names.
    Latin,
    /// Printable ASCII.
    Ascii,
    /// Zengin's set.
    Kana,
}

/// What a rail accepts as a name from a day on, until a later row of the same rail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameRule {
    /// The rail, by its name in configuration: `sepa-ct`.
    pub rail: Cow<'static, str>,
    /// The longest name, in characters of the set.
    pub chars_max: usize,
    /// Its characters.
    pub charset: NameCharset,
    /// The first day.
    pub from: Date,
    /// Where this was found.
    pub source: Cow<'static, str>,
    /// How sure it is.
    pub confidence: SourceConfidence,
}

/// Checks that a name is sent over the rail as it is, by the row that is in force on a day. Without a row, every name passes.
pub fn check_name(rules: &[NameRule], rail: &str, name: &HolderName, day: Date) -> Result<(), FieldFault> {
    let carried = carried_name(rules, rail, name, day)?;
    if carried == name.as_str() { Ok(()) } else { Err(unfit(in_force(rules, rail, day), rail)) }
}

/// The name as it is sent over a rail on a day: characters that the rail does not take are written in base letters, `María` as `Maria` and `Groß` as `Gross`. A
/// character without one, and a name that is too long then, is refused. Without a row, every name is sent as it is.
pub fn carried_name<'a>(rules: &[NameRule], rail: &str, name: &'a HolderName, day: Date) -> Result<Cow<'a, str>, FieldFault> {
    let rule = in_force(rules, rail, day);
    let text = name.as_str();
    let (chars_max, charset) = rule.map_or((NAME_CHARS_MAX, NameCharset::Any), |rule| (rule.chars_max, rule.charset));
    let is_taken: fn(char) -> bool = match charset {
        NameCharset::Any => |_| true,
        NameCharset::Latin => is_latin,
        NameCharset::Ascii => |character| matches!(character, ' '..='~'),
        NameCharset::Kana => return KanaName::parse(text, chars_max).map(|_| Cow::Borrowed(text)),
    };
    let carried = match text.chars().all(is_taken) {
        true => Some(Cow::Borrowed(text)),
        false => letters::in_base_letters(text, is_taken).map(Cow::Owned),
    };
    carried.filter(|carried| carried.chars().count() <= chars_max).ok_or_else(|| unfit(rule, rail))
}

fn in_force<'a>(rules: &'a [NameRule], rail: &str, day: Date) -> Option<&'a NameRule> {
    rules.iter().filter(|rule| rule.rail == rail && rule.from <= day).max_by_key(|rule| rule.from)
}

fn unfit(rule: Option<&NameRule>, rail: &str) -> FieldFault {
    let (chars_max, charset) = rule.map_or((NAME_CHARS_MAX, NameCharset::Any), |rule| (rule.chars_max, rule.charset));
    let what = match charset {
        NameCharset::Any => "any script",
        NameCharset::Latin => "ASCII or European Latin letters",
        NameCharset::Ascii => "Latin letters, which are sent in ASCII,",
        NameCharset::Kana => "Zengin's set",
    };
    FieldFault { field: AddressField::HolderName, must: format!("have 1 to {chars_max} characters of {what} on {rail}").into() }
}

/// ASCII, and the letters of Latin-1, Latin Extended-A and of Romanian (EPC217-08).
fn is_latin(character: char) -> bool {
    match character {
        ' '..='~' | '\u{0218}'..='\u{021b}' => true,
        '\u{00c0}'..='\u{017f}' => !matches!(character, '\u{00d7}' | '\u{00f7}'),
        _ => false,
    }
}

/// The fields of a postal address and their longest texts (`PostalAddress24`).
const PARTS: [(AddressField, usize); 5] = [
    (AddressField::Street, 70),
    (AddressField::Building, 16),
    (AddressField::PostalCode, 16),
    (AddressField::Town, 35),
    (AddressField::Region, 35),
];

/// How a postal address is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PostalForm {
    /// Town and country in fields, no lines.
    Structured,
    /// Town and country in fields, the rest in lines.
    Hybrid,
    /// Without a town in a field.
    Unstructured,
}

/// A holder's postal address. `Debug` prints the country only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HolderAddress {
    parts: Vec<(AddressField, HiddenText)>,
    lines: Vec<HiddenText>,
    country: String,
}

impl HolderAddress {
    /// Reads street, building, postal code, town, region and country, and any number of lines up to seven. The country is required, and a
    /// town or a line.
    pub fn parse(given: &[(AddressField, &str)]) -> Result<Self, FieldFaults> {
        let known = |field| matches!(field, AddressField::Country) || PARTS.iter().any(|(part, _)| *part == field);
        let is_line = |field: AddressField| field == AddressField::AddressLine;
        let fields: Vec<(AddressField, &str)> = given.iter().copied().filter(|(field, _)| !is_line(*field)).collect();
        let mut reader = FieldReader::new(&fields, known);
        let given_lines = given.iter().filter(|(field, _)| is_line(*field)).map(|(_, text)| *text);
        let lines = lines(&mut reader, given_lines);
        let mut parts = Vec::new();
        for (field, chars_max) in PARTS {
            let Some(text) = reader.optional(field) else { continue };
            if text.chars().count() > chars_max {
                reader.fault(field, format!("have at most {chars_max} characters"));
            }
            parts.push((field, HiddenText::new(text)));
        }
        let country = reader.compact(AddressField::Country, &[], "be a country code of ISO 3166, two letters", is_country);
        if lines.is_empty() && !parts.iter().any(|(field, _)| *field == AddressField::Town) {
            reader.required(AddressField::Town);
        }
        reader.finish(country.map(|country| Self { parts, lines, country }))
    }

    /// The value of a field but for lines.
    #[must_use]
    pub fn value(&self, field: AddressField) -> Option<&str> {
        if field == AddressField::Country {
            return Some(&self.country);
        }
        self.parts.iter().find(|(part, _)| *part == field).map(|(_, text)| text.as_str())
    }

    /// The lines without structure.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(HiddenText::as_str)
    }

    /// ISO 3166 alpha-2.
    #[must_use]
    pub fn country(&self) -> &str {
        &self.country
    }

    /// How it is written.
    #[must_use]
    pub fn form(&self) -> PostalForm {
        match (self.value(AddressField::Town), self.lines.is_empty()) {
            (None, _) => PostalForm::Unstructured,
            (Some(_), true) => PostalForm::Structured,
            (Some(_), false) => PostalForm::Hybrid,
        }
    }
}

fn lines<'a>(reader: &mut FieldReader, given: impl Iterator<Item = &'a str>) -> Vec<HiddenText> {
    let mut lines = Vec::new();
    for text in given.take(VALUES_MAX) {
        let line = folded(text);
        if line.chars().any(is_hidden) || line.chars().count() > LINE_CHARS_MAX {
            reader.fault(AddressField::AddressLine, format!("have at most {LINE_CHARS_MAX} characters, none of them hidden"));
        } else if !line.is_empty() {
            lines.push(HiddenText::new(line));
        }
    }
    if lines.len() > LINES_MAX {
        reader.fault(AddressField::AddressLine, format!("be given at most {LINES_MAX} times"));
    }
    lines
}

/// The forms of postal addresses that a rail accepts from a day on, until a later row of the same rail. A payment without any address is
/// accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostalRule {
    /// The rail, by its name in configuration.
    pub rail: Cow<'static, str>,
    /// The accepted forms.
    pub forms: Vec<PostalForm>,
    /// The most lines of an accepted address.
    pub lines_max: usize,
    /// The first day.
    pub from: Date,
    /// Where this was found.
    pub source: Cow<'static, str>,
    /// How sure it is.
    pub confidence: SourceConfidence,
}

/// Checks a postal address by the row that is in force for the rail on a day. Without a row, every address passes.
pub fn check_postal(rules: &[PostalRule], rail: &str, address: &HolderAddress, day: Date) -> Result<(), FieldFaults> {
    let in_force = rules.iter().filter(|rule| rule.rail == rail && rule.from <= day).max_by_key(|rule| rule.from);
    let Some(rule) = in_force else { return Ok(()) };
    let mut faults = Vec::new();
    if !rule.forms.contains(&address.form()) {
        let (field, must) = match address.form() {
            PostalForm::Unstructured => (AddressField::Town, "be given in a field of its own"),
            PostalForm::Structured | PostalForm::Hybrid => (AddressField::AddressLine, "be written in the form that the rail accepts"),
        };
        faults.push(FieldFault { field, must: format!("{must} on {rail} since {}", rule.from).into() });
    }
    if address.lines.len() > rule.lines_max {
        let must = format!("be given at most {} times on {rail} since {}", rule.lines_max, rule.from).into();
        faults.push(FieldFault { field: AddressField::AddressLine, must });
    }
    FieldFaults::none_in(faults)
}

#[cfg(test)]
mod tests;
