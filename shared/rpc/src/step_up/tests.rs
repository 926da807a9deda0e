//! Who must sign in again before they decide, and who need not.
use super::check;
use crate::{facts, methods::Methods, overload::OverloadLimits, reason};
use identity::{BookScope, Principal, Role, access::TABLE};
use money::UserKey;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tonic::{Code, Status};

const APPROVE: &str = "/largesse.support.v1.SupportService/Approve";
const FIVE_MINUTES: Option<Duration> = Some(Duration::from_secs(300));

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn person(role: Role, auth_time: Option<u64>) -> Principal {
    Principal {
        subject: UserKey::try_new("fay").unwrap(),
        role,
        app: String::new(),
        books: BookScope::All,
        issuer: "https://login.example".into(),
        expires_at: at(90_000),
        auth_time: auth_time.map(at),
    }
}

fn asked(path: &str, person: &Principal, age_max: Option<Duration>) -> Result<(), Status> {
    let methods = Methods::try_new(OverloadLimits::default()).unwrap();
    check(methods.find(path).unwrap(), person, age_max, at(10_000))
}

#[test]
fn an_old_login_approves_nothing_and_the_refusal_says_how_old_it_may_be() {
    for recent in [10_000, 9_700, 9_670, 10_030] {
        asked(APPROVE, &person(Role::Finance, Some(recent)), FIVE_MINUTES).unwrap();
    }
    for wrong in [Some(9_669), Some(0), Some(10_031), Some(u64::MAX >> 24), None] {
        let refused = asked(APPROVE, &person(Role::Finance, wrong), FIVE_MINUTES).unwrap_err();
        assert_eq!((refused.code(), reason(&refused).as_deref()), (Code::FailedPrecondition, Some("STEP_UP_REQUIRED")), "{wrong:?}");
        let facts = facts(&refused);
        assert_eq!((facts["login_age_max_s"].as_str(), facts["rpc"].as_str()), ("300", &APPROVE[1..]));
        assert_eq!(facts.contains_key("auth_time"), wrong.is_some(), "{facts:?}");
    }
    let late = asked(APPROVE, &person(Role::Finance, Some(0)), FIVE_MINUTES).unwrap_err();
    assert_eq!(facts(&late)["auth_time"], "1970-01-01T00:00:00+00:00");
}

#[test]
fn nothing_is_asked_where_no_age_is_configured_of_services_and_of_other_calls() {
    asked(APPROVE, &person(Role::Finance, None), None).unwrap();
    asked("/largesse.payout.v1.PayoutService/ApprovePayoutRun", &person(Role::Service, None), FIVE_MINUTES).unwrap();
    asked("/largesse.support.v1.SupportService/Propose", &person(Role::Finance, None), FIVE_MINUTES).unwrap();
}

#[test]
fn every_decision_is_asked_about() {
    assert!(TABLE.iter().any(|row| row.step_up && !row.approval));
    for row in TABLE.iter().filter(|row| row.step_up) {
        let staff = Role::ALL.into_iter().filter(|role| role.is_staff() && row.reach(*role).is_some());
        for role in staff {
            assert!(asked(row.path, &person(role, Some(9_000)), FIVE_MINUTES).is_err(), "{role} at {}", row.path);
        }
    }
}
