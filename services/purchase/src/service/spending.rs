//! The handlers of limits of purchases.

use std::time::SystemTime;

use api::purchase::{
    GetSpendingRulesRequest, GetSpendingRulesResponse, PauseSpendingRequest, PauseSpendingResponse, SetSpendingLimitRequest,
    SetSpendingLimitResponse, SetSpendingProfileRequest, SetSpendingProfileResponse, SpendingAllowance,
};
use identity::Role;
use money::time::unix_ms;
use money::{BookName, Currency};
use rpc::wire::timestamp_ms;
use rpc::{Caller, Violations};
use tonic::{Request, Response, Status};

use crate::limits::calendar::zone_name;
use crate::purchases::Purchases;
use crate::wire::spending as wire;

/// Longest pause, in milliseconds: ten years.
const PAUSE_MS_MAX: i64 = 3_653 * 86_400_000;

/// SetSpendingProfile.
pub(super) async fn set_profile(
    purchases: &Purchases,
    request: Request<SetSpendingProfileRequest>,
) -> Result<Response<SetSpendingProfileResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let is_named = !request.user_id.is_empty();
    if !is_named {
        wrong.add(rpc::malformed("user_id", "must be given"));
    }
    let who = wrong.take(caller.book_and_user(&request.book, &request.user_id));
    let age = wrong.take(wire::age(request.age_at_least));
    let zone = wrong.take(wire::zone(&request.time_zone));
    let (Some((book, user)), Some(age), Some(zone), true) = (who, age, zone, is_named) else { return Err(wrong.into_status()) };
    let now = SystemTime::now();
    let profile = purchases.set_spending_profile(&book, &user, age, request.parent_consents, zone, now).await?;
    let time_zone = zone_name(&profile, unix_ms(now)).unwrap_or_default().to_owned();
    let time_zone_from = profile.next_zone.as_ref().map(|(_, from_ms)| timestamp_ms(*from_ms));
    Ok(Response::new(SetSpendingProfileResponse { time_zone, time_zone_from }))
}

/// SetSpendingLimit.
pub(super) async fn set_limit(
    purchases: &Purchases,
    request: Request<SetSpendingLimitRequest>,
) -> Result<Response<SetSpendingLimitResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let who = wrong.take(caller.book_and_user(&request.book, &request.user_id));
    let currency =
        wrong.take(Currency::try_new(&request.currency_code).map_err(|error| rpc::malformed("currency_code", &error.to_string())));
    let day = wrong.take(wire::limit("day_minor_units", request.day_minor_units));
    let month = wrong.take(wire::limit("month_minor_units", request.month_minor_units));
    let (Some((book, user)), Some(currency), Some(day), Some(month)) = (who, currency, day, month) else { return Err(wrong.into_status()) };
    let allowance = purchases.set_spending_limit(&book, &user, currency, [day, month], SystemTime::now()).await?;
    Ok(Response::new(SetSpendingLimitResponse { spending: Some(wire::allowance(&allowance)) }))
}

/// The end of a pause, given in seconds and nanoseconds, in Unix milliseconds.
fn until(time: Option<(i64, i32)>, now_ms: i64) -> Result<i64, Status> {
    let read = |(seconds, nanos): (i64, i32)| seconds.checked_mul(1_000)?.checked_add(i64::from(nanos) / 1_000_000);
    let until_ms = time.filter(|(_, nanos)| (0..1_000_000_000).contains(nanos)).and_then(read);
    let until_ms = until_ms.filter(|until_ms| (now_ms + 1..=now_ms.saturating_add(PAUSE_MS_MAX)).contains(until_ms));
    until_ms.ok_or_else(|| rpc::malformed("until", "must be in the future, and at most ten years ahead"))
}

/// PauseSpending.
pub(super) async fn pause(
    purchases: &Purchases,
    request: Request<PauseSpendingRequest>,
) -> Result<Response<PauseSpendingResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let now = SystemTime::now();
    let mut wrong = Violations::default();
    let who = wrong.take(caller.book_and_user(&request.book, &request.user_id));
    let until_ms = wrong.take(until(request.until.map(|time| (time.seconds, time.nanos)), unix_ms(now)));
    let (Some((book, user)), Some(until_ms)) = (who, until_ms) else { return Err(wrong.into_status()) };
    let paused_until_ms = purchases.pause_spending(&book, &user, until_ms, now).await?;
    Ok(Response::new(PauseSpendingResponse { paused_until: Some(timestamp_ms(paused_until_ms)) }))
}

/// GetSpendingRules.
pub(super) async fn rules(
    purchases: &Purchases,
    request: Request<GetSpendingRulesRequest>,
) -> Result<Response<GetSpendingRulesResponse>, Status> {
    let caller = rpc::caller(&request)?;
    let request = request.into_inner();
    let mut wrong = Violations::default();
    let who = wrong.take(caller.book_and_user(&request.book, &request.user_id));
    let market = wrong.take(wire::market(request.market));
    let (Some((book, user)), Some(market)) = (who, market) else { return Err(wrong.into_status()) };
    let allowance = purchases.allowance(&book, &user, &market, SystemTime::now()).await?;
    Ok(Response::new(GetSpendingRulesResponse {
        spending: Some(wire::allowance(&allowance)),
        rules_version: purchases.spending.rules.version().to_owned(),
        consent_withdrawn_time: (allowance.profile.consent_withdrawn_ms > 0).then(|| timestamp_ms(allowance.profile.consent_withdrawn_ms)),
        rule_source: allowance.rule.map_or_else(String::new, |rule| rule.source),
    }))
}

/// What a caller who is a user may still pay in a market.
pub(super) async fn of_caller(
    purchases: &Purchases,
    caller: &Caller,
    book: &BookName,
    market: &str,
) -> Result<Option<SpendingAllowance>, Status> {
    match caller.principal.role {
        Role::Viewer | Role::Creator => {
            let allowance = purchases.allowance(book, &caller.principal.subject, market, SystemTime::now()).await?;
            Ok(Some(wire::allowance(&allowance)))
        }
        Role::Service | Role::Support | Role::Finance | Role::Auditor | Role::Admin => Ok(None),
    }
}
