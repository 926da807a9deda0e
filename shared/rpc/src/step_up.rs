//! Decisions need a recent login: a session that was left open, or a token that was taken, approves nothing, moves no money and closes nothing for ever.
use crate::{errors, methods::Method};
use identity::Principal;
use money::time::{rfc3339_ms, unix_ms};
use std::time::{Duration, SystemTime};
use tonic::{Code, Status};

#[cfg(test)]
mod tests;

/// Refuses what needs a recent login (`AccessRow::step_up`) to a member of staff who authenticated longer than `age_max` before `now`, or whose token does not say when.
pub(crate) fn check(method: &Method, principal: &Principal, age_max: Option<Duration>, now: SystemTime) -> Result<(), Status> {
    let Some(age_max) = age_max.filter(|_| method.row.step_up && principal.role.is_staff()) else { return Ok(()) };
    if principal.authenticated_within(age_max, now) {
        return Ok(());
    }
    let mut facts = vec![("login_age_max_s", age_max.as_secs().to_string()), ("rpc", method.name().to_owned())];
    facts.extend(principal.auth_time.map(|at| ("auth_time", rfc3339_ms(unix_ms(at)))));
    let since = if principal.auth_time.is_some() {
        "signed in too long ago"
    } else {
        "has a token that does not say when they signed in (`auth_time`)"
    };
    let why = format!(
        "who decides this must have signed in within {} seconds, and this person {since}; nothing was executed; sign in again with that `max_age`, and repeat it",
        age_max.as_secs()
    );
    Err(errors::refused(Code::FailedPrecondition, "STEP_UP_REQUIRED", why, &facts))
}
