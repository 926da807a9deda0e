//! Reads a record from a table of a file.

use super::{
    BeneficiaryKind, BusinessTime, CutoffWindow, DayMinute, DayTime, FactConfidence, FinalityRule, InstantKind, PayeeCheck, RailCost,
    RailRecord, RailSession, RailSpeed, RecallAnswerTime, StatusSet,
};
use crate::{
    cap::DatedCap,
    fault::quoted,
    reader::{TableReader, parse_date, parse_name},
};
use accounts::countries::is_country;
use jiff::{civil::Date, tz::TimeZone};
use money::{Currency, Money};
use rust_decimal::Decimal;
use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

/// A day in seconds: the longest that a rail in seconds may take.
const SECONDS_MAX: i64 = 86_400;
/// The longest that a payment may be returnable.
const RETURNABLE_MAX: i64 = 400;
const CLOCK_FORM: &str = "a time of the day from \"00:00\" to \"24:00\"";
const BUSINESS_TIME_FORM: &str = "a time after the window's business day such as \"D+1 08:30\"";

/// Reads everything of a record. `None` if a part that is needed was wrong; every wrong part is a fault of the reader.
pub(crate) fn record(table: &TableReader<'_>, known_calendar: impl Fn(&str) -> bool) -> Option<RailRecord> {
    let id = table.parsed_required("id", "a name in lower case such as \"us-rtp\"", parse_name);
    let name = table.text("name");
    let (valid_from, valid_until) = validity(table);
    let PaidScope { countries, currencies, kinds } = scope(table);
    let instant = table.parsed_required("instant", InstantKind::FORM, InstantKind::from_word);
    let zone_form = "the IANA name of a time zone such as \"America/New_York\"";
    let zone = table.parsed_required("zone", zone_form, |name| Some((name.to_owned(), TimeZone::get(name).ok()?)));
    let recall_answer = recall_answer(table, &known_calendar);
    let calendar = calendar(table, &known_calendar);
    let (sessions, extended_hours) = (sessions(table), table.flag("extended_hours"));
    let (speed, finality) = (speed(table), finality(table));
    let (return_rule, recall_rule) = (table.text("return_rule"), table.text("recall_rule"));
    let recall_business_days = number(table, "recall_business_days", RETURNABLE_MAX);
    let beneficiary_fields = table.name_sets("beneficiary_fields");
    let payee_check = table.parsed_required("payee_check", PayeeCheck::FORM, PayeeCheck::from_word);
    let payee_check_note = table.optional_text("payee_check_note");
    let (cost, bank_answer_s) = (cost(table), number(table, "bank_answer_s", SECONDS_MAX));
    let (statuses, caps) = (statuses(table), caps(table, &currencies));
    let source = table.text("source");
    let confidence = table.parsed_required("confidence", FactConfidence::FORM, FactConfidence::from_word);
    let field_confidence = field_confidence(table);
    let as_of = table.parsed_required("as_of", "a day such as \"2026-11-26\"", parse_date);
    let note = table.optional_text("note");
    let (zone_name, zone) = zone?;
    if matches!(speed, Some(RailSpeed::Windows(_))) && instant.is_some_and(|kind| kind != InstantKind::No) {
        table.fault("instant", "must be \"no\" on a rail with windows: money that waits for a cut-off is not there in seconds or minutes");
    }
    Some(RailRecord {
        id: id?,
        name: name?,
        valid_from: valid_from?,
        valid_until,
        countries,
        currencies,
        kinds,
        instant: instant?,
        zone_name,
        zone,
        calendar,
        sessions,
        extended_hours,
        speed: speed?,
        finality: finality?,
        return_rule: return_rule?,
        recall_rule: recall_rule?,
        recall_business_days,
        recall_answer,
        beneficiary_fields,
        payee_check: payee_check?,
        payee_check_note,
        cost,
        bank_answer_s,
        statuses,
        caps,
        source: source?,
        confidence: confidence?,
        field_confidence,
        as_of: as_of?,
        note,
    })
}

/// Whom and what a rail can pay.
struct PaidScope {
    countries: BTreeSet<String>,
    currencies: BTreeSet<Currency>,
    kinds: BTreeSet<BeneficiaryKind>,
}

fn scope(table: &TableReader<'_>) -> PaidScope {
    let countries = countries(table);
    let currencies: BTreeSet<_> =
        table.texts("currencies", "an ISO 4217 code in use", |code| Currency::try_new(code).ok()).into_iter().collect();
    let kinds: BTreeSet<_> = table.texts("kinds", BeneficiaryKind::FORM, BeneficiaryKind::from_word).into_iter().collect();
    for key in ["countries", "currencies", "kinds"] {
        table.required_list(key, "must have at least one element");
    }
    PaidScope { countries, currencies, kinds }
}

fn validity(table: &TableReader<'_>) -> (Option<Date>, Option<Date>) {
    let from = table.parsed_required("valid_from", "a day such as \"2026-11-26\"", parse_date);
    let until = table.date("valid_until");
    if let (Some(from), Some(until)) = (from, until)
        && until < from
    {
        table.fault("valid_until", "must not be before valid_from");
    }
    (from, until)
}

fn calendar(table: &TableReader<'_>, known: impl Fn(&str) -> bool) -> Option<String> {
    let id = table.optional_text("calendar")?;
    if known(&id) {
        return Some(id);
    }
    table.fault("calendar", format!("{} is neither computed nor listed", quoted(&id)));
    None
}

fn recall_answer(table: &TableReader<'_>, known: impl Fn(&str) -> bool) -> Option<RecallAnswerTime> {
    let rule = table.table("recall_answer")?;
    let (business_days, calendar) = (number(&rule, "business_days", RETURNABLE_MAX), calendar(&rule, known));
    if !rule.has("business_days") {
        rule.fault("business_days", "is missing");
    }
    rule.finish();
    Some(RecallAnswerTime { business_days: business_days?, calendar })
}

fn caps(table: &TableReader<'_>, currencies: &BTreeSet<Currency>) -> Vec<DatedCap> {
    let caps = dated_caps(table, "caps");
    for cap in caps.iter().filter(|cap| !currencies.is_empty() && !currencies.contains(&cap.amount.currency())) {
        table.fault("caps", format!("{} is not a currency of the rail", cap.amount.currency()));
    }
    caps
}

fn number<T: TryFrom<i64>>(table: &TableReader<'_>, key: &'static str, max: i64) -> Option<T> {
    table.integer(key, 1, max).and_then(|number| T::try_from(number).ok())
}

fn countries(table: &TableReader<'_>) -> BTreeSet<String> {
    let country = |text: &str| (text == "*" || is_country(text)).then(|| text.to_owned());
    let form = "a country's code of ISO 3166 in capital letters, or \"*\"";
    let countries: BTreeSet<String> = table.texts("countries", form, country).into_iter().collect();
    if countries.contains("*") && countries.len() > 1 {
        table.fault("countries", "\"*\" means every country and must be alone");
    }
    countries
}

/// A time of the day and the calendar days before or after the day in question.
fn day_time(table: &TableReader<'_>, key: &'static str, day_key: &'static str, days: RangeInclusive<i64>) -> Option<DayTime> {
    let minute = table.parsed_required(key, CLOCK_FORM, DayMinute::parse);
    let day = if table.has(day_key) { table.integer(day_key, *days.start(), *days.end()) } else { Some(0) };
    Some(DayTime { days: i8::try_from(day?).ok()?, minute: minute? })
}

fn minutes_from_day(DayTime { days, minute }: DayTime) -> i32 {
    i32::from(days) * 1440 + i32::from(minute.minutes())
}

fn sessions(table: &TableReader<'_>) -> Vec<RailSession> {
    let mut found = Vec::new();
    for row in table.tables("sessions") {
        let word = |text: &str| match text {
            "business" => Some(true),
            "every" => Some(false),
            _ => None,
        };
        let business_days = row.parsed_required("days", "\"business\" or \"every\"", word);
        let (opens, closes) = (day_time(&row, "opens", "opens_day", -1..=1), day_time(&row, "closes", "closes_day", 0..=2));
        row.finish();
        if let (Some(business_days), Some(opens), Some(closes)) = (business_days, opens, closes) {
            if minutes_from_day(closes) <= minutes_from_day(opens) {
                row.fault("closes", "must be after opens");
            }
            found.push(RailSession { business_days, opens, closes });
        }
    }
    found
}

fn speed(table: &TableReader<'_>) -> Option<RailSpeed> {
    match (table.has("seconds"), table.has("windows")) {
        (true, false) => {
            let seconds = table.table("seconds")?;
            let (typical, longest) = (seconds.integer("typical", 1, SECONDS_MAX), seconds.integer("longest", 1, SECONDS_MAX));
            for (key, found) in [("typical", typical), ("longest", longest)] {
                if found.is_none() && !seconds.has(key) {
                    seconds.fault(key, "is missing");
                }
            }
            seconds.finish();
            let (typical, longest) = (u32::try_from(typical?).ok()?, u32::try_from(longest?).ok()?);
            if longest < typical {
                seconds.fault("longest", "must not be less than typical");
            }
            Some(RailSpeed::Seconds { typical, longest })
        }
        (false, true) => Some(RailSpeed::Windows(windows(table))),
        _ => {
            table.fault("seconds", "must be there, or else windows, and not both");
            None
        }
    }
}

fn windows(table: &TableReader<'_>) -> Vec<CutoffWindow> {
    let mut found: Vec<CutoffWindow> = Vec::new();
    for row in table.tables("windows") {
        let name = row.text("name");
        let cutoff = day_time(&row, "cutoff", "cutoff_day", -1..=1);
        let time = |key| row.parsed_required(key, BUSINESS_TIME_FORM, BusinessTime::parse);
        let (settles, earliest, typical, latest) = (time("settles"), time("earliest"), time("typical"), time("latest"));
        row.finish();
        let (Some(name), Some(cutoff), Some(settles)) = (name, cutoff, settles) else { continue };
        let (Some(earliest), Some(typical), Some(latest)) = (earliest, typical, latest) else { continue };
        if earliest > typical || typical > latest {
            row.fault("typical", "must be from earliest to latest");
        }
        if found.last().is_some_and(|before| minutes_from_day(before.cutoff) >= minutes_from_day(cutoff)) {
            row.fault("cutoff", "must be after that of the window before");
        }
        if found.iter().any(|other| other.name == name) {
            row.fault("name", format!("{} is there twice", quoted(&name)));
        }
        found.push(CutoffWindow { name, cutoff, settles, earliest, typical, latest });
    }
    table.required_list("windows", "must have at least one window");
    found
}

fn finality(table: &TableReader<'_>) -> Option<FinalityRule> {
    let Some(rule) = table.table("finality") else {
        if !table.has("finality") {
            table.fault("finality", "is missing");
        }
        return None;
    };
    let returnable = rule.parsed_required("kind", "\"at-once\" or \"returnable\"", |kind| match kind {
        "at-once" => Some(false),
        "returnable" => Some(true),
        _ => None,
    });
    let (business, calendar) = (number(&rule, "business_days", RETURNABLE_MAX), number(&rule, "days", RETURNABLE_MAX));
    let found = match (returnable?, business, calendar) {
        (false, None, None) => Some(FinalityRule::AtOnce),
        (true, Some(days), None) => Some(FinalityRule::ReturnableBusinessDays(days)),
        (true, None, Some(days)) => Some(FinalityRule::ReturnableDays(days)),
        (returnable, ..) => {
            let problem = if returnable {
                "\"returnable\" needs exactly one of business_days and days"
            } else {
                "\"at-once\" allows neither business_days nor days"
            };
            rule.fault("kind", problem);
            None
        }
    };
    rule.finish();
    found
}

fn cost(table: &TableReader<'_>) -> Option<RailCost> {
    let cost = table.table("cost")?;
    if !cost.has("currency") {
        cost.fault("currency", "is missing: a cost needs a currency");
    }
    let currency = cost.currency("currency");
    let part = |key| {
        if !cost.has(key) {
            cost.fault(key, "is missing");
        }
        cost.decimal(key, 6)
    };
    let (low, typical, high) = (part("low"), part("typical"), part("high"));
    let basis_points = if cost.has("basis_points") { cost.decimal("basis_points", 4) } else { Some(Decimal::ZERO) };
    let basis_points_max = cost.decimal("basis_points_max", 4);
    cost.finish();
    let (low, typical, high, basis_points) = (low?, typical?, high?, basis_points?);
    if low > typical || typical > high {
        cost.fault("typical", "must be from low to high");
    }
    if basis_points > Decimal::from(10_000) {
        cost.fault("basis_points", "must be at most 10000, which is the whole amount");
    }
    Some(RailCost { currency: currency?, low, typical, high, basis_points, basis_points_max })
}

fn statuses(table: &TableReader<'_>) -> Vec<StatusSet> {
    let mut found: Vec<StatusSet> = Vec::new();
    for row in table.tables("statuses") {
        let message = row.text("message");
        let codes = |key| row.texts(key, "a status", |code| Some(code.to_owned()));
        let (settled, pending, rejected) = (codes("settled"), codes("pending"), codes("rejected"));
        row.finish();
        let mut seen = BTreeSet::new();
        for code in settled.iter().chain(&pending).chain(&rejected) {
            if !seen.insert(code) {
                row.fault("message", format!("status {} has two meanings", quoted(code)));
            }
        }
        let Some(message) = message else { continue };
        if found.iter().any(|other| other.message == message) {
            row.fault("message", format!("{} is there twice", quoted(&message)));
        }
        found.push(StatusSet { message, settled, pending, rejected });
    }
    found
}

/// Caps with their dates: of each currency, every cap begins on another day.
pub(crate) fn dated_caps(table: &TableReader<'_>, key: &'static str) -> Vec<DatedCap> {
    let mut found: Vec<DatedCap> = Vec::new();
    for row in table.tables(key) {
        let (amount, from, or_equivalent) = (row.amount("amount", "currency"), row.date("from"), row.flag("or_equivalent"));
        row.finish();
        let Some(amount) = amount else { continue };
        if Money::minor_units(&amount) == 0 {
            row.fault("amount", "must be more than 0; a rail that is not to be used needs valid_until or a pause");
        }
        if found.iter().any(|other| other.from == from && other.amount.currency() == amount.currency()) {
            row.fault("from", format!("{} already has a cap from this day", amount.currency()));
        }
        found.push(DatedCap { amount, from, or_equivalent });
    }
    found
}

fn field_confidence(table: &TableReader<'_>) -> BTreeMap<String, FactConfidence> {
    let Some(fields) = table.table("field_confidence") else { return BTreeMap::new() };
    let mut found = BTreeMap::new();
    for (field, word) in fields.entries() {
        if !super::facts::FIELDS.contains(&field.as_str()) {
            fields.fault(&field, "is not a field of a rail");
        }
        match FactConfidence::from_word(&word) {
            Some(confidence) => {
                found.insert(field, confidence);
            }
            None => fields.fault(&field, format!("must be {}", FactConfidence::FORM)),
        }
    }
    found
}
