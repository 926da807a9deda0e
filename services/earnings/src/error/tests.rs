//! The ledger's refusals, as callers see them, and which errors leave the outcome open.
use super::*;
use ledger_client::classify;

fn refused(reason: &'static str, facts: &[(&str, String)]) -> Status {
    rpc::refused(Code::FailedPrecondition, reason, "no".to_owned(), facts)
}

fn told(status: Status) -> (Code, String) {
    let told = Status::from(Error::from(classify(status)));
    (told.code(), rpc::reason(&told).unwrap_or_default())
}

#[test]
fn the_ledgers_refusals_are_told_in_this_services_words() {
    assert_eq!(told(refused("GUARD_MISMATCH", &[])), (Code::FailedPrecondition, "QUOTE_USED".to_owned()));
    assert_eq!(told(refused("QUOTE_EXPIRED", &[])), (Code::FailedPrecondition, "QUOTE_EXPIRED".to_owned()));
    assert_eq!(told(refused("QUOTE_UNKNOWN", &[])), (Code::NotFound, "QUOTE_UNKNOWN".to_owned()));
    let funds = refused("INSUFFICIENT_FUNDS", &[("needed", "9".to_owned()), ("available", "4".to_owned())]);
    let funds = Status::from(Error::from(classify(funds)));
    assert!(funds.message().starts_with("INSUFFICIENT_FUNDS: 9 diamonds needed, 4 available"), "{}", funds.message());
    let one = refused("INSUFFICIENT_FUNDS", &[("needed", "1".to_owned()), ("available", "0".to_owned())]);
    let one = Status::from(Error::from(classify(one)));
    assert!(one.message().starts_with("INSUFFICIENT_FUNDS: 1 diamond needed, 0 available"), "{}", one.message());
    assert_eq!(told(rpc::malformed("transfers", "x")).0, Code::Internal);
}

#[test]
fn only_a_certain_no_closes_an_acceptance() {
    let proven = |status| Error::from(classify(status)).proves();
    for open in
        [Status::unavailable("cut off"), rpc::outcome_unknown("lost"), rpc::errors::deadline_exceeded("server"), Status::internal("x")]
    {
        assert_eq!(proven(open), Proven::Nothing);
    }
    // An earlier attempt may have been posted although this one was refused.
    assert_eq!(proven(rpc::overload(Duration::ZERO)), Proven::ThisAttemptWasNot);
    assert_eq!(proven(refused("PEER_UNREACHABLE", &[])), Proven::ThisAttemptWasNot);
    assert_eq!(proven(refused("INSUFFICIENT_FUNDS", &[])), Proven::NeverPosted);
    assert_eq!(proven(refused("GUARD_MISMATCH", &[])), Proven::NeverPosted);
}

#[test]
fn a_database_out_of_reach_leaves_the_outcome_open_and_a_wrong_statement_is_our_fault() {
    let told = |error: sqlx::Error| {
        let status = Status::from(Error::from(error));
        (status.code(), rpc::reason(&status).unwrap_or_default())
    };
    // Also where no connection was free: the call's first half may have been executed.
    for away in [sqlx::Error::PoolTimedOut, sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into())] {
        assert_eq!(told(away), (Code::Unavailable, "OUTCOME_UNKNOWN".to_owned()));
    }
    assert_eq!(told(sqlx::Error::RowNotFound), (Code::Internal, "INTERNAL".to_owned()));
}

#[test]
fn a_quote_that_can_not_be_accepted_is_named() {
    for error in [Error::QuoteUnknown, Error::QuoteUsed, Error::QuoteExpired] {
        assert_eq!(rpc::facts(&error.of_quote("q1"))["quote_id"], "q1");
    }
}

#[test]
fn a_creator_does_not_learn_what_is_wrong_with_an_account_of_the_company() {
    let creator = UserKey::try_new("bob").unwrap();
    let answer = |reason, account: &str| {
        let facts =
            [("account", account), ("limit", "4711"), ("used", "4711"), ("needed", "4711"), ("available", "4711"), ("window", "day")];
        let refusal = refused(reason, &facts.map(|(name, value)| (name, value.to_owned())));
        let error = Error::of_conversion(classify(refusal), &creator);
        assert_eq!(error.proves(), Proven::NeverPosted, "{reason} {account}");
        Status::from(error)
    };
    for reason in ["ACCOUNT_FROZEN", "ACCOUNT_CLOSED", "LIMIT_EXCEEDED", "OVERFLOW", "INSUFFICIENT_FUNDS"] {
        for account in ["house/creator_cost/USD", "house/diamonds/redeemed", "creator/star/payable/USD"] {
            let answer = answer(reason, account);
            assert_eq!((answer.code(), rpc::reason(&answer).as_deref()), (Code::FailedPrecondition, Some(reason)));
            assert_eq!(answer.message(), format!("{reason}: this can't be converted now; no diamonds were taken"));
            assert!(rpc::facts(&answer).is_empty(), "{answer:?}");
            let seen = String::from_utf8_lossy(answer.details());
            assert!(!seen.contains(account) && !seen.contains("4711"), "{seen}");
        }
        let own = answer(reason, "creator/bob/payable/USD");
        assert!(!own.message().contains("can't be converted"), "{own:?}");
    }
    assert!(answer("ACCOUNT_FROZEN", "creator/bob/diamonds").message().contains("creator/bob/diamonds is frozen"));
}
