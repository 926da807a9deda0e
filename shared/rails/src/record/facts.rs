//! A record's fields as texts, for comparison and for people.

use super::{BusinessTime, CutoffWindow, DayTime, FinalityRule, RailCost, RailRecord, RailSession, RailSpeed, RecallAnswerTime, StatusSet};
use std::{collections::BTreeSet, fmt::Display};

/// A field's name in files, and its value in words; none if it isn't set.
pub type RailFact = (&'static str, Option<String>);

/// The names of all fields in [`RailRecord::facts`], in its order.
pub const FIELDS: [&str; 29] = [
    "name",
    "valid_until",
    "countries",
    "currencies",
    "kinds",
    "instant",
    "zone",
    "calendar",
    "sessions",
    "extended_hours",
    "seconds",
    "windows",
    "finality",
    "return_rule",
    "recall_rule",
    "recall_business_days",
    "recall_answer",
    "beneficiary_fields",
    "payee_check",
    "payee_check_note",
    "cost",
    "bank_answer_s",
    "statuses",
    "caps",
    "source",
    "confidence",
    "field_confidence",
    "as_of",
    "note",
];

fn joined<T: Display>(values: impl IntoIterator<Item = T>) -> Option<String> {
    let texts: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

fn day_time(DayTime { days, minute }: DayTime) -> String {
    if days == 0 { minute.to_string() } else { format!("{minute} {days:+}d") }
}

fn session(session: &RailSession) -> String {
    let days = if session.business_days { "business days" } else { "every day" };
    format!("{days} {} to {}", day_time(session.opens), day_time(session.closes))
}

fn window(window: &CutoffWindow) -> String {
    let CutoffWindow { name, cutoff, settles, earliest, typical, latest } = window;
    let money: [&BusinessTime; 3] = [earliest, typical, latest];
    let money = money.map(ToString::to_string).join(", ");
    format!("{name}: before {}, settles {settles}, money {money}", day_time(*cutoff))
}

fn finality(rule: FinalityRule) -> String {
    match rule {
        FinalityRule::AtOnce => "at once".to_owned(),
        FinalityRule::ReturnableBusinessDays(days) => format!("returnable for {days} business days"),
        FinalityRule::ReturnableDays(days) => format!("returnable for {days} days"),
    }
}

fn cost(cost: &RailCost) -> String {
    let RailCost { currency, low, typical, high, basis_points, basis_points_max } = cost;
    let most = basis_points_max.map(|most| format!(" (at most {most})")).unwrap_or_default();
    format!("{low} to {high}, typically {typical} {currency}, plus {basis_points} basis points{most}")
}

fn recall_answer(time: &RecallAnswerTime) -> String {
    let RecallAnswerTime { business_days, calendar } = time;
    format!("{business_days} business days ({})", calendar.as_deref().unwrap_or("every day"))
}

fn statuses(set: &StatusSet) -> String {
    let StatusSet { message, settled, pending, rejected } = set;
    let words = |codes: &[String]| if codes.is_empty() { "none".to_owned() } else { codes.join(" ") };
    format!("{message}: settled {}; pending {}; rejected {}", words(settled), words(pending), words(rejected))
}

/// `a + b or c`: sets of fields.
fn field_sets(sets: &[BTreeSet<String>]) -> Option<String> {
    let sets: Vec<String> = sets.iter().map(|set| set.iter().cloned().collect::<Vec<_>>().join(" + ")).collect();
    (!sets.is_empty()).then(|| sets.join(" or "))
}

impl RailRecord {
    /// Every field except the id and the first day of validity, which name the record.
    #[must_use]
    pub fn facts(&self) -> Vec<RailFact> {
        let (seconds, windows) = match &self.speed {
            RailSpeed::Seconds { typical, longest } => (Some(format!("typically {typical}, at most {longest}")), None),
            RailSpeed::Windows(windows) => (None, joined(windows.iter().map(window))),
        };
        vec![
            ("name", Some(self.name.clone())),
            ("valid_until", self.valid_until.map(|day| day.to_string())),
            ("countries", joined(&self.countries)),
            ("currencies", joined(&self.currencies)),
            ("kinds", joined(self.kinds.iter().map(|kind| kind.word()))),
            ("instant", Some(self.instant.word().to_owned())),
            ("zone", Some(self.zone_name.clone())),
            ("calendar", self.calendar.clone()),
            ("sessions", joined(self.sessions.iter().map(session))),
            ("extended_hours", self.extended_hours.then(|| "yes".to_owned())),
            ("seconds", seconds),
            ("windows", windows),
            ("finality", Some(finality(self.finality))),
            ("return_rule", Some(self.return_rule.clone())),
            ("recall_rule", Some(self.recall_rule.clone())),
            ("recall_business_days", self.recall_business_days.map(|days| days.to_string())),
            ("recall_answer", self.recall_answer.as_ref().map(recall_answer)),
            ("beneficiary_fields", field_sets(&self.beneficiary_fields)),
            ("payee_check", Some(self.payee_check.word().to_owned())),
            ("payee_check_note", self.payee_check_note.clone()),
            ("cost", self.cost.as_ref().map(cost)),
            ("bank_answer_s", self.bank_answer_s.map(|seconds| seconds.to_string())),
            ("statuses", joined(self.statuses.iter().map(statuses))),
            ("caps", joined(&self.caps)),
            ("source", Some(self.source.clone())),
            ("confidence", Some(self.confidence.word().to_owned())),
            ("field_confidence", joined(self.field_confidence.iter().map(|(field, confidence)| format!("{field} {}", confidence.word())))),
            ("as_of", Some(self.as_of.to_string())),
            ("note", self.note.clone()),
        ]
    }
}
