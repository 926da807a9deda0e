//! Walks a message by a table of its elements and notes what the table does not have.

use super::{
    field::{ContentKind, ElementField},
    value,
};
use crate::FileProblem;
use iso20022::{codes::handling::CodeList, xml::Element};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Problems that are listed one by one; a file with more is broken as a whole, and its report must stay readable.
const PROBLEMS_MAX: usize = 1_000;
/// How the names of amounts and sums end.
const AMOUNT_ENDINGS: [&str; 2] = ["Amt", "Sum"];
/// How the names of other elements end that decide about money.
const DECIDING_ENDINGS: [&str; 6] = ["Sts", "RsnInf", "CdtDbtInd", "NbOfTxs", "RvslInd", "XchgRate"];

/// Collects problems with the path of the element that is being read.
#[derive(Debug, Default)]
pub(super) struct DocumentReader {
    path: Vec<String>,
    problems: Vec<FileProblem>,
    left_out: usize,
    left_out_touches_money: bool,
}

impl DocumentReader {
    /// Reads the children of an element by a table.
    pub(super) fn group(&mut self, element: &Element, fields: &'static [ElementField]) -> Map<String, Value> {
        let mut content = Map::new();
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for child in element.children() {
            let number = seen.entry(child.name()).or_default();
            *number += 1;
            let number = *number;
            let Some(field) = fields.iter().find(|field| field.element == child.name()) else {
                self.enter(child.name(), (number > 1).then_some(number));
                if carries_money_or_status(child) {
                    self.problem_here("holds money or a status that is not understood here", true);
                }
                self.path.pop();
                continue;
            };
            self.enter(child.name(), (field.is_many || number > 1).then_some(number));
            if number > 1 && !field.is_many {
                self.problem_here("occurs again where one is expected", field.kind.touches_money());
            }
            let before = self.problems.len();
            let value = self.value(child, field.kind);
            // A group of which nothing was read is as good as none.
            if field.is_required && self.problems.len() == before && value.as_ref().is_none_or(is_blank) {
                self.problem_here("is empty", field.kind.touches_money());
            }
            if let Some(value) = value {
                insert(&mut content, field, value);
            }
            self.path.pop();
        }
        for field in fields.iter().filter(|field| field.is_required && !seen.contains_key(field.element)) {
            self.enter(field.element, None);
            self.problem_here("is missing", field.kind.touches_money());
            self.path.pop();
        }
        content
    }

    fn value(&mut self, element: &Element, kind: ContentKind) -> Option<Value> {
        match kind {
            ContentKind::Group(fields) => return Some(Value::Object(self.group(element, fields))),
            ContentKind::OneOf(fields) => return Some(Value::Object(self.one_of(element, fields))),
            ContentKind::Amounts => return self.amounts(element),
            // Their contents beyond names and numbers are personal and are left out, but money there would be out of place.
            ContentKind::Party | ContentKind::Agent | ContentKind::Account if carries_money_or_status(element) => {
                self.problem_here("holds money or a status that is not understood here", true);
            }
            _ => {}
        }
        if element.children().is_empty() && element.text().is_err() {
            // Some banks write elements that they have nothing for; only money and decisions can't be nothing.
            if matches!(
                kind,
                ContentKind::Money | ContentKind::Decimal | ContentKind::Count | ContentKind::Direction | ContentKind::Code(_)
            ) {
                self.problem_here("is empty", true);
            }
            return None;
        }
        if let ContentKind::Code(list) = kind {
            return self.code(element, list);
        }
        match value::plain(element, kind) {
            Ok(value) => value,
            Err(expected) => {
                self.problem_here(&format!("must be {expected}"), kind.touches_money());
                None
            }
        }
    }

    /// Reads a choice. None of its elements says nothing, and with two it is not known which counts.
    fn one_of(&mut self, element: &Element, fields: &'static [ElementField]) -> Map<String, Value> {
        let chosen = fields.iter().filter(|field| element.all(field.element).next().is_some()).count();
        if chosen != 1 {
            let names: Vec<&str> = fields.iter().map(|field| field.element).collect();
            self.problem_here(&format!("must hold one of {}, and holds {chosen}", names.join(", ")), true);
        }
        self.group(element, fields)
    }

    fn code(&mut self, element: &Element, list: CodeList) -> Option<Value> {
        match value::code(element, list) {
            Ok((value, is_known)) => {
                let is_reason = matches!(
                    list,
                    CodeList::StatusReason | CodeList::ReturnReason | CodeList::CancellationReason | CodeList::CancellationRejection
                );
                if !is_known {
                    self.problem_here(
                        "is a code of the bank's own or one that is not in the list as we know it: a person decides",
                        !is_reason,
                    );
                }
                Some(value)
            }
            Err(expected) => {
                self.problem_here(&format!("must be {expected}"), true);
                None
            }
        }
    }

    /// The amounts below an element under the names of their elements; several of one name as a list.
    fn amounts(&mut self, element: &Element) -> Option<Value> {
        let is_money = element.attribute_value("Ccy").is_some();
        if is_money || (element.children().is_empty() && AMOUNT_ENDINGS.iter().any(|ending| element.name().ends_with(ending))) {
            return match value::plain(element, if is_money { ContentKind::Money } else { ContentKind::Decimal }) {
                Ok(value) => value,
                Err(expected) => {
                    self.problem_here(&format!("must be {expected}"), true);
                    None
                }
            };
        }
        let mut content: Map<String, Value> = Map::new();
        for child in element.children() {
            self.enter(child.name(), None);
            if let Some(value) = self.amounts(child) {
                let list = content.entry(child.name()).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(list) = list {
                    list.push(value);
                }
            }
            self.path.pop();
        }
        (!content.is_empty()).then_some(Value::Object(content))
    }

    fn enter(&mut self, name: &str, number: Option<usize>) {
        self.path.push(number.map_or_else(|| name.to_owned(), |number| format!("{name} {number}")));
    }

    fn problem_here(&mut self, what: &str, touches_money: bool) {
        let place = self.path.join("/");
        self.problem(&place, what.to_owned(), touches_money);
    }

    /// Whether anything so far touches money.
    pub(super) fn touches_money(&self) -> bool {
        self.left_out_touches_money || self.problems.iter().any(|problem| problem.touches_money)
    }

    /// Notes a problem at a path.
    pub(super) fn problem(&mut self, place: &str, what: String, touches_money: bool) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(FileProblem { place: place.to_owned(), what, touches_money });
        } else {
            self.left_out += 1;
            self.left_out_touches_money |= touches_money;
        }
    }

    /// All problems, with a last one for those beyond the limit.
    pub(super) fn into_problems(mut self) -> Vec<FileProblem> {
        if self.left_out > 0 {
            let what = format!("{} more problems are not listed", self.left_out);
            self.problems.push(FileProblem { place: "the document".to_owned(), what, touches_money: self.left_out_touches_money });
        }
        self.problems
    }
}

/// Puts a value under its key: a list for what may occur several times. Of two where one is allowed, the first stays and the rest are in a list beside it.
fn insert(content: &mut Map<String, Value>, field: &ElementField, value: Value) {
    if !field.is_many && !content.contains_key(field.key) {
        content.insert(field.key.to_owned(), value);
        return;
    }
    let key = if field.is_many { field.key.to_owned() } else { format!("{}_again", field.key) };
    if let Value::Array(list) = content.entry(key).or_insert_with(|| Value::Array(Vec::new())) {
        list.push(value);
    }
}

/// Whether there is nothing in what was read.
fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter().all(is_blank),
        Value::Object(content) => content.values().all(is_blank),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Whether an amount, a sum, a status or a reason is in an element or below it.
fn carries_money_or_status(element: &Element) -> bool {
    element.attribute_value("Ccy").is_some()
        || AMOUNT_ENDINGS.iter().chain(&DECIDING_ENDINGS).any(|ending| element.name().ends_with(ending))
        || element.children().iter().any(carries_money_or_status)
}
