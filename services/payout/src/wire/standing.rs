//! Protobuf to domain and back, of standing orders.

use super::{malformed, request_id, uuid};
use crate::domain::standing::{Rhythm, Schedule, StandingAmount, StandingMoment, StandingOrder, StandingState};
use api::payout::{
    self as pb,
    standing_order_terms::{Amount, Day},
};
use money::{BookName, Currency, RequestId, UserKey};
use rpc::{Violations, wire::timestamp_ms};
use tonic::Status;
use uuid::Uuid;

/// An order to set, and the request's id. Its own id and next moment are not known yet.
pub fn set(who: Result<(BookName, UserKey), Status>, request: &pb::SetStandingOrderRequest) -> Result<(StandingOrder, RequestId), Status> {
    let mut wrong = Violations::default();
    let (request_id, who) = (wrong.take(request_id(&request.request_id)), wrong.take(who));
    let terms = request.terms.clone().unwrap_or_default();
    let beneficiary_id = wrong.take(uuid("terms.beneficiary_id", &terms.beneficiary_id));
    let currency = wrong.take(currency("terms.currency_code", &terms.currency_code));
    let amount = wrong.take(match terms.amount {
        Some(Amount::FixedMinorUnits(minor_units)) if (1..=money::AMOUNT_MAX).contains(&minor_units) => {
            Ok(StandingAmount::Fixed(minor_units))
        }
        Some(Amount::AboveMinorUnits(minor_units)) if (0..=money::AMOUNT_MAX).contains(&minor_units) => {
            Ok(StandingAmount::Above(minor_units))
        }
        Some(Amount::FixedMinorUnits(_)) => Err(malformed("terms.fixed_minor_units", "must be an amount above zero")),
        Some(Amount::AboveMinorUnits(_)) => Err(malformed("terms.above_minor_units", "must be an amount of at least zero")),
        None => Err(malformed("terms.amount", "must be given")),
    });
    let rhythm = match terms.day {
        Some(Day::Weekday(day)) => format!("weekly:{day}"),
        Some(Day::DayOfMonth(day)) => format!("monthly:{day}"),
        None => String::new(),
    };
    // Each of the three is told apart from the others, so that the caller sees which one is wrong.
    for (field, why, parsed) in [
        ("terms.day", "must be a weekday, or a day of the month from 1 to 31", Schedule::parse(&rhythm, "00:00", "UTC")),
        ("terms.time_of_day", "must be HH:MM, from 00:00 to 23:59", Schedule::parse("weekly:1", &terms.time_of_day, "UTC")),
        ("terms.time_zone", "must be a zone of the IANA database", Schedule::parse("weekly:1", "00:00", &terms.time_zone)),
    ] {
        if parsed.is_none() {
            wrong.add(malformed(field, why).into());
        }
    }
    let schedule = Schedule::parse(&rhythm, &terms.time_of_day, &terms.time_zone);
    let (Some(request_id), Some((book, user)), Some(beneficiary_id), Some(currency), Some(amount), Some(schedule)) =
        (request_id, who, beneficiary_id, currency, amount, schedule)
    else {
        return Err(wrong.into_status());
    };
    Ok((StandingOrder { book, order_id: Uuid::nil(), user, beneficiary_id, currency, amount, schedule, next_due_ms: 0 }, request_id))
}

fn currency(field: &'static str, code: &str) -> Result<Currency, crate::error::Error> {
    Currency::try_new(code).map_err(|error| malformed(field, error.must()))
}

/// The order that a request names.
pub fn named(who: Result<(BookName, UserKey), Status>, currency_code: &str) -> Result<(BookName, UserKey, Currency), Status> {
    let mut wrong = Violations::default();
    let (who, currency) = (wrong.take(who), wrong.take(currency("currency_code", currency_code)));
    let (Some((book, user)), Some(currency)) = (who, currency) else { return Err(wrong.into_status()) };
    Ok((book, user, currency))
}

/// An order to delete.
pub fn delete(
    who: Result<(BookName, UserKey), Status>,
    request: &pb::DeleteStandingOrderRequest,
) -> Result<((BookName, UserKey, Currency), RequestId), Status> {
    let mut wrong = Violations::default();
    let (request_id, named) = (wrong.take(request_id(&request.request_id)), wrong.take(named(who, &request.currency_code)));
    let (Some(request_id), Some(named)) = (request_id, named) else { return Err(wrong.into_status()) };
    Ok((named, request_id))
}

/// An order with its newest moments.
#[must_use]
pub fn order(order: &StandingOrder, moments: &[StandingMoment]) -> pb::StandingOrder {
    let amount = match order.amount {
        StandingAmount::Fixed(minor_units) => Amount::FixedMinorUnits(minor_units),
        StandingAmount::Above(minor_units) => Amount::AboveMinorUnits(minor_units),
    };
    let day = match order.schedule.rhythm {
        Rhythm::Weekly(day) => Day::Weekday(day.to_monday_one_offset().into()),
        Rhythm::Monthly(day) => Day::DayOfMonth(day.into()),
    };
    pb::StandingOrder {
        order_id: order.order_id.to_string(),
        user_id: order.user.to_string(),
        terms: Some(pb::StandingOrderTerms {
            beneficiary_id: order.beneficiary_id.to_string(),
            currency_code: order.currency.code().to_owned(),
            amount: Some(amount),
            day: Some(day),
            time_of_day: order.schedule.time_text(),
            time_zone: order.schedule.zone_name.clone(),
        }),
        next_time: Some(timestamp_ms(order.next_due_ms)),
        payouts: moments.iter().map(moment).collect(),
    }
}

fn moment(moment: &StandingMoment) -> pb::StandingPayout {
    let state = match moment.state {
        StandingState::Asked => pb::StandingPayoutState::Asked,
        StandingState::Requested => pb::StandingPayoutState::Requested,
        StandingState::Refused => pb::StandingPayoutState::Refused,
        StandingState::NothingToPay => pb::StandingPayoutState::NothingToPay,
    };
    pb::StandingPayout {
        due_time: Some(timestamp_ms(moment.moment_ms)),
        state: state.into(),
        minor_units: moment.minor_units,
        payout_id: moment.payout_id.clone(),
        reason: moment.reason.clone(),
    }
}
