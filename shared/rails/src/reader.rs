//! Reads one table of a TOML file field by field. Every wrong field is a fault, and reading goes on, so that one check names all problems.

use crate::fault::{FaultSink, quoted};
use jiff::civil::Date;
use money::{Currency, Money};
use rust_decimal::Decimal;
use std::{cell::RefCell, collections::BTreeSet};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Longest text of a field, in bytes.
const TEXT_MAX: usize = 2_000;
/// Most elements of a list in a record.
pub(crate) const LIST_MAX: usize = 400;

/// One table and where it is.
pub(crate) struct TableReader<'a> {
    pub(crate) sink: &'a FaultSink,
    /// The record, for faults.
    pub(crate) place: String,
    /// Path of the table in the record, with a dot at its end, or empty.
    path: String,
    pub(crate) line: usize,
    table: &'a DeTable<'a>,
    known: RefCell<BTreeSet<&'static str>>,
}

impl<'a> TableReader<'a> {
    pub(crate) fn new(sink: &'a FaultSink, place: String, line: usize, table: &'a DeTable<'a>) -> Self {
        Self { sink, place, path: String::new(), line, table, known: RefCell::default() }
    }

    /// A table of `place` that stands at a value, or a fault if the value is none.
    pub(crate) fn of_value(sink: &'a FaultSink, place: &str, path: String, value: &'a Spanned<DeValue<'a>>) -> Option<Self> {
        let line = sink.line(value.span().start);
        let DeValue::Table(table) = value.get_ref() else {
            sink.add(line, place, path.trim_end_matches('.'), "must be a table".to_owned());
            return None;
        };
        Some(Self { sink, place: place.to_owned(), path, line, table, known: RefCell::default() })
    }

    /// Notes a fault of a field of this table, at the field's line if it is there.
    pub(crate) fn fault(&self, key: &str, problem: impl Into<String>) {
        let line = self.table.get(key).map_or(self.line, |value| self.sink.line(value.span().start));
        self.sink.add(line, &self.place, &format!("{}{key}", self.path), problem.into());
    }

    fn value(&self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.known.borrow_mut().insert(key);
        self.table.get(key)
    }

    /// Whether the field is there.
    pub(crate) fn has(&self, key: &'static str) -> bool {
        self.value(key).is_some()
    }

    /// Notes every field that was never asked for.
    pub(crate) fn finish(&self) {
        let known = self.known.borrow();
        for key in self.table.keys() {
            let name: &str = key.get_ref();
            if !known.contains(name) {
                let line = self.sink.line(key.span().start);
                self.sink.add(
                    line,
                    &self.place,
                    &format!("{}{}", self.path, money::text::shown(name)),
                    "is not a field of this table".to_owned(),
                );
            }
        }
    }

    /// A text if it is there; a value of another kind, an empty or hidden text is a fault.
    pub(crate) fn optional_text(&self, key: &'static str) -> Option<String> {
        if let DeValue::String(text) = self.value(key)?.get_ref() {
            return self.checked_text(key, text);
        }
        self.fault(key, "must be a text in quotes");
        None
    }

    fn checked_text(&self, key: &str, text: &str) -> Option<String> {
        let problem = match text {
            "" => "must not be empty".to_owned(),
            long if long.len() > TEXT_MAX => format!("must have at most {TEXT_MAX} bytes"),
            text if !money::text::is_plain(text) => "must be in one line, without hidden characters".to_owned(),
            text if text.trim() != text => "must not begin or end with a space".to_owned(),
            _ => return Some(text.to_owned()),
        };
        self.fault(key, problem);
        None
    }

    /// A text that must be there.
    pub(crate) fn text(&self, key: &'static str) -> Option<String> {
        self.required(key);
        self.optional_text(key)
    }

    fn required(&self, key: &'static str) {
        if !self.has(key) {
            self.fault(key, "is missing");
        }
    }

    /// A text that `parse` accepts; otherwise the fault says what it must be.
    pub(crate) fn parsed<T>(&self, key: &'static str, form: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.optional_text(key)?;
        let parsed = parse(&text);
        if parsed.is_none() {
            self.fault(key, format!("must be {form}, not {}", quoted(&text)));
        }
        parsed
    }

    /// As [`Self::parsed`], and the field must be there.
    pub(crate) fn parsed_required<T>(&self, key: &'static str, form: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        self.required(key);
        self.parsed(key, form, parse)
    }

    /// A day as `2026-11-26`.
    pub(crate) fn date(&self, key: &'static str) -> Option<Date> {
        self.parsed(key, "a day such as \"2026-11-26\"", parse_date)
    }

    /// A whole number within bounds.
    pub(crate) fn integer(&self, key: &'static str, min: i64, max: i64) -> Option<i64> {
        let found = match self.value(key)?.get_ref() {
            DeValue::Integer(number) => i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok(),
            _ => None,
        };
        let inside = found.filter(|number| (min..=max).contains(number));
        if inside.is_none() {
            self.fault(key, format!("must be a whole number from {min} to {max}"));
        }
        inside
    }

    /// `true` or `false`; false if absent.
    pub(crate) fn flag(&self, key: &'static str) -> bool {
        let Some(value) = self.value(key) else { return false };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.fault(key, "must be true or false");
            false
        })
    }

    /// A decimal in quotes, not negative, with at most `digits` decimal places.
    pub(crate) fn decimal(&self, key: &'static str, digits: u32) -> Option<Decimal> {
        let text = self.optional_text(key)?;
        let parsed = parse_decimal(&text);
        let problem = match parsed {
            None => format!("must be a decimal in digits such as \"0.25\", not {}", quoted(&text)),
            Some(value) if value.is_sign_negative() => format!("must not be negative: {}", quoted(&text)),
            Some(value) if value.normalize().scale() > digits => format!("must have at most {digits} decimal places: {}", quoted(&text)),
            Some(value) => return Some(value),
        };
        self.fault(key, problem);
        None
    }

    /// An ISO 4217 code.
    pub(crate) fn currency(&self, key: &'static str) -> Option<Currency> {
        self.parsed(key, "an ISO 4217 code in use", |code| Currency::try_new(code).ok())
    }

    /// An amount in decimal currency units and the currency beside it. Both or none must be there.
    pub(crate) fn amount(&self, key: &'static str, currency_key: &'static str) -> Option<Money> {
        self.required(key);
        if self.has(key) && !self.has(currency_key) {
            self.fault(currency_key, format!("is missing: {key} is an amount without a currency"));
        }
        let (currency, value) = (self.currency(currency_key), self.decimal(key, 4));
        let (currency, value) = (currency?, value?);
        if value.normalize().scale() > currency.minor_digits() {
            self.fault(key, format!("{currency} has {} decimal places", currency.minor_digits()));
            return None;
        }
        let amount = Money::from_decimal(currency, value, money::Rounding::Down).ok();
        if amount.is_none() {
            self.fault(key, "is too large: at most 2^53 minor units");
        }
        amount
    }

    /// The elements of a list; empty if absent.
    pub(crate) fn list(&self, key: &'static str) -> &'a [Spanned<DeValue<'a>>] {
        self.list_of(key, LIST_MAX)
    }

    /// The elements of a list of at most `max`; empty if absent.
    pub(crate) fn list_of(&self, key: &'static str, max: usize) -> &'a [Spanned<DeValue<'a>>] {
        let Some(value) = self.value(key) else { return &[] };
        match value.get_ref() {
            DeValue::Array(list) if list.len() <= max => list,
            DeValue::Array(_) => {
                self.fault(key, format!("must have at most {max} elements"));
                &[]
            }
            _ => {
                self.fault(key, "must be a list");
                &[]
            }
        }
    }

    /// Notes a list that is absent or has no element. A list of wrong elements already has its faults.
    pub(crate) fn required_list(&self, key: &'static str, problem: &str) {
        let empty = |value: &Spanned<DeValue<'_>>| value.get_ref().as_array().is_some_and(|list| list.is_empty());
        match self.value(key) {
            None => self.fault(key, "is missing"),
            Some(value) if empty(value) => self.fault(key, problem),
            Some(_) => {}
        }
    }

    /// The tables of a list.
    pub(crate) fn tables(&self, key: &'static str) -> Vec<TableReader<'a>> {
        let numbered = self.list(key).iter().enumerate();
        numbered
            .filter_map(|(index, value)| Self::of_value(self.sink, &self.place, format!("{}{key}[{}].", self.path, index + 1), value))
            .collect()
    }

    /// A table in a field.
    pub(crate) fn table(&self, key: &'static str) -> Option<TableReader<'a>> {
        let value = self.value(key)?;
        Self::of_value(self.sink, &self.place, format!("{}{key}.", self.path), value)
    }

    /// The texts of a list, each accepted by `parse` and none twice.
    pub(crate) fn texts<T: Ord + Clone>(&self, key: &'static str, form: &str, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for value in self.list(key) {
            let Some(text) = value.get_ref().as_str() else {
                self.fault(key, format!("every element must be {form}, in quotes"));
                continue;
            };
            let Some(text) = self.checked_text(key, text) else { continue };
            match parse(&text) {
                None => self.fault(key, format!("every element must be {form}, not {}", quoted(&text))),
                Some(parsed) if !seen.insert(parsed.clone()) => self.fault(key, format!("{} is there twice", quoted(&text))),
                Some(parsed) => found.push(parsed),
            }
        }
        found
    }

    /// Lists of names in a list.
    pub(crate) fn name_sets(&self, key: &'static str) -> Vec<BTreeSet<String>> {
        let mut sets = Vec::new();
        for value in self.list(key) {
            let names: Option<BTreeSet<String>> = value
                .get_ref()
                .as_array()
                .filter(|names| names.len() <= LIST_MAX && !names.is_empty())
                .and_then(|names| names.iter().map(|name| name.get_ref().as_str().and_then(parse_name)).collect());
            match names {
                Some(names) => sets.push(names),
                None => self.fault(key, "every element must be a list of field names such as [\"iban\", \"name\"]"),
            }
        }
        sets
    }

    /// The fields of this table whose names aren't fixed, with their texts.
    pub(crate) fn entries(&self) -> Vec<(String, String)> {
        let texts = self.table.iter().map(|(key, value)| {
            let text = value.get_ref().as_str().unwrap_or_default().to_owned();
            (key.get_ref().to_string(), text)
        });
        texts.collect()
    }
}

/// `2026-11-26`, nothing else.
pub(crate) fn parse_date(text: &str) -> Option<Date> {
    let form = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() });
    if form { text.parse().ok() } else { None }
}

/// Digits with at most one point; a minus is read, to say that it isn't allowed.
pub(crate) fn parse_decimal(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let form = digits.len() <= 24 && digits.starts_with(|c: char| c.is_ascii_digit()) && digits.ends_with(|c: char| c.is_ascii_digit());
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if form && plain { text.parse().ok() } else { None }
}

/// A name in lower case: letters, digits, hyphens and underscores, at most 40.
pub(crate) fn parse_name(text: &str) -> Option<String> {
    let first = text.starts_with(|c: char| c.is_ascii_lowercase());
    let rest = text.len() <= 40 && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'));
    (first && rest).then(|| text.to_owned())
}
