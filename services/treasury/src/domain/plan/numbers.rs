//! The rules for numbers: unique for ever, under the root of their physical account, and never changed but for an open end.
use super::{BrokenRules, NUMBERS_MAX, Rule};
use crate::domain::{
    Change, LeafState, NumberForm, Registration, Structure, StructureFile, WantedNode,
    file::WantedNumber,
    number::{self, root},
};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// The numbers that the file adds or ends. `after` has the file's nodes already.
pub(super) fn changes(after: &Structure, file: &StructureFile, effective: Date, problems: &mut BrokenRules) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut known: BTreeMap<String, Registration> = after.numbers.clone();
    let dynamic: Vec<Registration> = known.values().filter(|one| one.form == NumberForm::Dynamic).cloned().collect();
    let mut taken = TakenNumbers { dynamic };
    for wanted in &file.nodes {
        for number in &wanted.numbers {
            let from = number.from.unwrap_or(effective);
            let registration = Registration {
                number: number.number.clone(),
                leaf: wanted.node.id.clone(),
                form: number.form,
                holder: number.holder.clone(),
                from,
                until: number.until,
            };
            match known.get(&number.number) {
                Some(before) => changes.extend(changed(before, &registration, number, problems)),
                None => {
                    if let Some(why) = misused(after, wanted, &registration).or_else(|| taken.by_other(&known, &registration)) {
                        problems.add(number.line, &wanted.node.id, Rule::Number, why);
                        continue;
                    }
                    taken.add(&registration);
                    known.insert(registration.number.clone(), registration.clone());
                    changes.push(Change::AddNumber(registration));
                }
            }
        }
    }
    if known.len() > NUMBERS_MAX {
        let line = file.nodes.last().map_or(1, |wanted| wanted.line);
        problems.add(
            line,
            "structure",
            Rule::Size,
            format!("would have {} numbers, and a structure has at most {NUMBERS_MAX}", known.len()),
        );
    }
    changes
}

/// What changes of a number that is registered: nothing, or its open end.
fn changed(before: &Registration, wanted: &Registration, number: &WantedNumber, problems: &mut BrokenRules) -> Option<Change> {
    let mut refuse = |why: String| problems.add(number.line, &wanted.leaf, Rule::Number, why);
    if before.leaf != wanted.leaf {
        refuse(format!("can't have {}: it is {}'s for ever", before.number, before.leaf));
        return None;
    }
    let from = number.from.unwrap_or(before.from);
    if (before.form, &before.holder, before.from) != (wanted.form, &wanted.holder, from) {
        refuse(format!("keeps kind, holder and first day of {}: another holder needs another number", before.number));
        return None;
    }
    match (before.until, wanted.until) {
        (None, Some(until)) if until < before.from => {
            refuse(format!("can't end {} on {until}, before its first day, {}", before.number, before.from));
            None
        }
        (None, Some(until)) => Some(Change::EndNumber { number: before.number.clone(), leaf: before.leaf.clone(), until }),
        // What the file does not name stays as it is.
        (_, None) => None,
        (Some(was), Some(until)) => {
            if was != until {
                refuse(format!("can't change the last day of {}, {was}", before.number));
            }
            None
        }
    }
}

/// Why a leaf can't get a number, whoever else has it.
fn misused(after: &Structure, wanted: &WantedNode, registration: &Registration) -> Option<String> {
    let number = &registration.number;
    if after.nodes.get(&wanted.node.id)?.leaf()?.state == LeafState::Closed {
        return Some(format!("is closed and gets no number, also not {number}"));
    }
    if let Some(until) = registration.until.filter(|until| *until < registration.from) {
        return Some(format!("can't have {number} until {until}, before its first day, {}", registration.from));
    }
    if after.accounts.values().any(|account| account.number == *number) {
        return Some(format!("can't have {number}: it is a physical account's"));
    }
    let account = after.root(&wanted.node.id)?;
    match registration.form {
        NumberForm::VirtualIban => None,
        _ if account.number_root.is_empty() => Some(format!("can't have {number}: {} has no number_root", account.id)),
        _ if root(number) != account.number_root => {
            Some(format!("can't have {number}: the numbers of {} begin with {}", account.id, account.number_root))
        }
        NumberForm::Static if !number::is_checked(number) => {
            let digits = number.rsplit_once('-').map(|(segments, _)| number::check_digits(segments)).unwrap_or_default();
            Some(format!("can't have {number}: its check digits must be {digits}"))
        }
        NumberForm::Static | NumberForm::Dynamic => None,
    }
}

/// The dynamic numbers so far, to which every new number is compared. Numbers of one leaf may overlap.
struct TakenNumbers {
    dynamic: Vec<Registration>,
}

impl TakenNumbers {
    fn add(&mut self, registration: &Registration) {
        if registration.form == NumberForm::Dynamic {
            self.dynamic.push(registration.clone());
        }
    }

    fn by_other(&self, known: &BTreeMap<String, Registration>, registration: &Registration) -> Option<String> {
        let others = |one: &&Registration| one.leaf != registration.leaf && one.overlaps(registration);
        // Of static numbers only those can overlap that begin as a dynamic one does.
        let begun =
            known.range(registration.number.clone()..).map(|(_, one)| one).take_while(|one| one.number.starts_with(&registration.number));
        let other = self.dynamic.iter().find(others).or_else(|| begun.into_iter().find(|one| others(one)))?;
        Some(format!("can't have {}: {} has {}, and a number is one leaf's for ever", registration.number, other.leaf, other.number))
    }
}
