//! Chooses the rail of a payment, and says of every other rail why not. Pure: the same input gives the same choice.
//!
//! - [`reason`]: the reasons, with their texts.

pub mod reason;

use crate::{
    book::RailBook,
    calendar::CalendarGap,
    cap::{DatedCap, RailCaps, lowest_cap, unjudged_caps},
    hours::{PaymentExpectation, SendTerms},
    reach::{ParticipantBook, ParticipantKey, Reachability},
    record::{BeneficiaryKind, InstantKind, RailCost, RailRecord, RailSpeed},
};
use jiff::{Timestamp, civil::Date};
use money::Money;
use reason::WhyNot;
use rust_decimal::Decimal;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// The payment to be made.
#[derive(Debug, Clone)]
pub struct RouteRequest<'a> {
    /// How the beneficiary is paid.
    pub kind: BeneficiaryKind,
    /// Country of the beneficiary's account, ISO 3166 alpha-2.
    pub country: &'a str,
    /// What the beneficiary gets, more than 0.
    pub amount: Money,
    /// Now.
    pub at: Timestamp,
    /// Names of the beneficiary's fields that are filled in and valid.
    pub fields: &'a BTreeSet<String>,
    /// What the beneficiary's bank or provider is known by; the first that a rail's list has counts.
    pub participants: &'a [ParticipantKey],
}

/// What our bank or provider says of one rail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BankTerms {
    /// Its caps.
    pub caps: Vec<DatedCap>,
    /// Minutes before a cut-off, or before the end of a session of a rail without windows, by which it wants a payment.
    pub lead_minutes: u32,
    /// Why nothing is sent over this rail now, if so: the bank is down, or somebody paused it.
    pub paused: Option<String>,
    /// Its price, instead of that of the rail's record.
    pub cost: Option<RailCost>,
}

/// What the choice goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoutePreference {
    /// The cheapest of those that are instant at this moment; if there is none, the fastest.
    CheapestInstant,
    /// The fastest, whatever it costs.
    Fastest,
    /// The cheapest, however long it takes.
    Cheapest,
}

/// Our own policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutePolicy {
    /// What the choice goes by.
    pub preference: RoutePreference,
    /// A rail that usually takes minutes counts as instant.
    pub near_is_instant: bool,
    /// A rail of which no list of participants is loaded is taken to reach everybody in its countries.
    pub reach_without_list: bool,
    /// Our caps by rail.
    pub caps: BTreeMap<String, Vec<DatedCap>>,
}

/// Everything else that a choice depends on.
#[derive(Debug, Clone, Copy)]
pub struct RouteInputs<'a> {
    /// Rails and calendars.
    pub book: &'a RailBook,
    /// Lists of participants.
    pub participants: &'a ParticipantBook,
    /// Our bank's terms by rail. A rail without terms is not offered by our bank.
    pub bank: &'a BTreeMap<String, BankTerms>,
    /// Our policy.
    pub policy: &'a RoutePolicy,
}

/// The rail that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChosenRail {
    /// Its id.
    pub rail: String,
    /// First day of validity of the record that was used.
    pub record_from: Date,
    /// It is instant at this moment.
    pub instant: bool,
    /// What it costs as a rule, in units of the payment's currency; none if that isn't known in this currency.
    pub cost: Option<Decimal>,
    /// When the money is there and final.
    pub expectation: PaymentExpectation,
}

/// A rail that was not chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedRail {
    /// Its id.
    pub rail: String,
    /// Every reason, the gravest first; never empty.
    pub reasons: Vec<WhyNot>,
}

/// A choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteChoice {
    /// The rail, if one can pay.
    pub chosen: Option<ChosenRail>,
    /// Every other rail of the book, in the order of ids.
    pub refused: Vec<RefusedRail>,
}

/// What an item of this amount costs as a rule, in units of the amount's currency: the fixed part, and basis points up to their maximum. `None` if the cost
/// is in another currency or too large to compute.
#[must_use]
pub fn item_cost(cost: &RailCost, amount: Money) -> Option<Decimal> {
    if cost.currency != amount.currency() {
        return None;
    }
    let part = amount.to_decimal().checked_mul(cost.basis_points)?.checked_div(Decimal::from(10_000))?;
    let part = cost.basis_points_max.map_or(part, |most| part.min(most));
    cost.typical.checked_add(part).map(|sum| sum.normalize())
}

/// Chooses the rail. Every rail of the book is considered, by the record of the day on which it would take the payment. Ties are decided by the usual time,
/// the longest time, the cost and then the id.
#[must_use]
pub fn choose(request: &RouteRequest<'_>, inputs: RouteInputs<'_>) -> RouteChoice {
    let (mut able, mut refused) = (Vec::new(), Vec::new());
    for id in inputs.book.ids() {
        match consider(id, request, inputs) {
            Ok(rail) => able.push(rail),
            Err(reasons) => refused.push(RefusedRail { rail: id.to_owned(), reasons }),
        }
    }
    let preference = inputs.policy.preference;
    let instant_exists = able.iter().any(|rail| rail.instant);
    let by_cost = match preference {
        RoutePreference::CheapestInstant => instant_exists,
        RoutePreference::Fastest => false,
        RoutePreference::Cheapest => true,
    };
    let only_instant = preference == RoutePreference::CheapestInstant && instant_exists;
    able.sort_by_cached_key(|rail| {
        // A cost that isn't known is never the cheapest.
        let cost = (rail.cost.is_none(), rail.cost);
        let time = (rail.expectation.typical, rail.expectation.latest);
        let leading = by_cost.then_some(cost);
        (Reverse(only_instant && rail.instant), leading, time, cost, rail.rail.clone())
    });
    let mut able = able.into_iter();
    let chosen = able.next();
    if let Some(best) = &chosen {
        refused.extend(able.map(|rail| RefusedRail { reasons: lost(&rail, best, only_instant), rail: rail.rail }));
    }
    refused.sort_by(|one, other| one.rail.cmp(&other.rail));
    RouteChoice { chosen, refused }
}

/// Why a rail that can pay is not the chosen one.
fn lost(rail: &ChosenRail, best: &ChosenRail, only_instant: bool) -> Vec<WhyNot> {
    let mut reasons = Vec::new();
    if rail.expectation.starts > best.expectation.starts {
        reasons.push(WhyNot::ClosedUntil { opens: rail.expectation.starts });
    }
    if only_instant && !rail.instant {
        reasons.push(WhyNot::NotInstant { expected: rail.expectation.typical });
    }
    let (time, best_time) = (&rail.expectation, &best.expectation);
    if time.typical > best_time.typical {
        reasons.push(WhyNot::Slower { expected: time.typical, latest: time.latest, chosen: best_time.typical });
    } else if time.typical == best_time.typical && time.latest > best_time.latest {
        reasons.push(WhyNot::LaterAtLatest { latest: time.latest, chosen: best_time.latest });
    }
    match (rail.cost, best.cost) {
        (Some(cost), Some(chosen)) if cost > chosen => reasons.push(WhyNot::Dearer { cost, chosen }),
        (None, Some(chosen)) => reasons.push(WhyNot::CostUnknown { chosen }),
        _ => {}
    }
    if reasons.is_empty() {
        reasons.push(WhyNot::LaterInOrder { costs_known: rail.cost.is_some() });
    }
    reasons
}

/// Whether a rail can pay, and how; or every reason why it can't. A rail that is closed until its record ends is judged by the next record, if that follows
/// without a gap.
fn consider(id: &str, request: &RouteRequest<'_>, inputs: RouteInputs<'_>) -> Result<ChosenRail, Vec<WhyNot>> {
    let records = inputs.book.records(id);
    let valid = |record: &RailRecord| record.is_valid_on(record.local_day(request.at));
    let Some(first) = records.iter().position(valid) else { return Err(vec![not_valid(records, request.at)]) };
    let mut at = request.at;
    for (index, record) in records.iter().enumerate().skip(first) {
        let (mut rail, last_day) = consider_record(record, &RouteRequest { at, ..request.clone() }, inputs)?;
        let until = record.valid_until.unwrap_or(Date::MAX);
        if last_day <= until {
            rail.instant &= rail.expectation.starts <= request.at;
            return Ok(rail);
        }
        match records.get(index + 1) {
            Some(next) if until.tomorrow().is_ok_and(|day| day == next.valid_from) => {
                at = at.max(next.day_start(next.valid_from).map_err(|gap| vec![WhyNot::Calendar { gap }])?);
            }
            Some(next) => return Err(vec![WhyNot::NotYet { from: next.valid_from }]),
            None => return Err(vec![WhyNot::Withdrawn { until: Some(until) }]),
        }
    }
    Err(vec![not_valid(records, request.at)])
}

/// Whether a rail can pay by one of its records, how, and the last day on which that record must be valid; or every reason why it can't.
fn consider_record(record: &RailRecord, request: &RouteRequest<'_>, inputs: RouteInputs<'_>) -> Result<(ChosenRail, Date), Vec<WhyNot>> {
    let id = record.id.as_str();
    let day = record.local_day(request.at);
    let bank = inputs.bank.get(id);
    let mut reasons = Vec::new();
    if !record.kinds.contains(&request.kind) {
        reasons.push(WhyNot::WrongKind { kind: request.kind });
    }
    if !record.pays_in(request.country) {
        reasons.push(WhyNot::WrongCountry { country: request.country.to_owned() });
    }
    if !record.currencies.contains(&request.amount.currency()) {
        reasons.push(WhyNot::WrongCurrency { currency: request.amount.currency() });
    }
    match bank {
        None => reasons.push(WhyNot::NotOffered),
        Some(terms) => reasons.extend(terms.paused.clone().map(|why| WhyNot::Paused { why })),
    }
    let extended = match reached(record, request, inputs, day) {
        Ok(extended) => extended,
        Err(reachability) => {
            reasons.push(WhyNot::NotReachable { reachability });
            false
        }
    };
    let policy_caps = inputs.policy.caps.get(id).map_or(&[][..], Vec::as_slice);
    let caps = RailCaps { scheme: &record.caps, bank: bank.map_or(&[][..], |terms| &terms.caps), policy: policy_caps };
    if let Some(cap) = lowest_cap(caps, request.amount.currency(), day)
        && request.amount.minor_units() > cap.amount.minor_units()
    {
        reasons.push(WhyNot::AboveCap { cap });
    }
    let currency = request.amount.currency();
    reasons.extend(unjudged_caps(caps, currency, day).into_iter().map(|cap| WhyNot::CapNotJudged { cap, currency }));
    let missing = record.missing_fields(request.fields);
    if !missing.is_empty() {
        reasons.push(WhyNot::FieldMissing { fields: missing });
    }
    let (Some(bank), true) = (bank, reasons.is_empty()) else { return Err(reasons) };
    let terms = SendTerms { lead_minutes: bank.lead_minutes, extended };
    let expectation =
        record.expectation(inputs.book.calendars(), request.at, terms).map_err(|gap: CalendarGap| vec![WhyNot::Calendar { gap }])?;
    let instant = match (&record.speed, record.instant) {
        (RailSpeed::Windows(_), _) | (_, InstantKind::No) => false,
        (_, InstantKind::Yes | InstantKind::Partly) => true,
        (_, InstantKind::Near) => inputs.policy.near_is_instant,
    };
    let last_day =
        record.last_day_needed(inputs.book.calendars(), expectation.starts, terms).map_err(|gap| vec![WhyNot::Calendar { gap }])?;
    let rail = ChosenRail {
        rail: id.to_owned(),
        record_from: record.valid_from,
        instant,
        cost: bank.cost.as_ref().or(record.cost.as_ref()).and_then(|cost| item_cost(cost, request.amount)),
        expectation,
    };
    Ok((rail, last_day))
}

/// Why a rail has no record now.
fn not_valid(records: &[RailRecord], at: Timestamp) -> WhyNot {
    let next = records.iter().find(|record| record.valid_from > record.local_day(at));
    match (next, records.last()) {
        (Some(next), _) => WhyNot::NotYet { from: next.valid_from },
        (None, last) => WhyNot::Withdrawn { until: last.and_then(|last| last.valid_until) },
    }
}

/// Whether the payee's participant has extended hours, if the rail reaches it.
fn reached(record: &RailRecord, request: &RouteRequest<'_>, inputs: RouteInputs<'_>, day: Date) -> Result<bool, Reachability> {
    let mut last = inputs.participants.reaches(&record.id, None, day);
    if last == Reachability::NoList && inputs.policy.reach_without_list {
        return Ok(false);
    }
    for key in request.participants {
        last = inputs.participants.reaches(&record.id, Some(key), day);
        if let Reachability::Reached { extended_hours, .. } = last {
            return Ok(extended_hours);
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests;
