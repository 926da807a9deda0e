//! Every answer is one of three, and no internal detail reaches a user.
use super::*;
use rpc::errors;

/// Texts that must never reach a user.
const SECRETS: [&str; 4] = ["10.0.0.1:7070", "pid 4711 on db-host", "tcp connect error", "service token kid"];

fn shown(status: Status) -> (Code, String, Status) {
    let shown = Status::from(classify(status).for_staff());
    (shown.code(), rpc::reason(&shown).unwrap_or_default(), shown)
}

fn refused(code: Code, reason: &str, facts: &[(&str, String)]) -> Status {
    errors::refused_as(code, reason, "no", facts)
}

#[test]
fn every_reason_is_classified_as_the_table_says() {
    for reason in LedgerReason::ALL {
        let row = reason.row();
        let not_posted = classify(refused(Code::FailedPrecondition, row.name, &[]));
        let proof = match &not_posted {
            NotPosted::Refused(refusal) => {
                assert_eq!(refusal.reason, reason);
                Proof::Refused
            }
            NotPosted::NotExecuted(found, _) => {
                assert_eq!(*found, reason);
                Proof::NotExecuted
            }
            NotPosted::Unknown(_) => Proof::Unknown,
        };
        assert_eq!(proof, row.proof, "{reason:?}");
        assert_eq!(not_posted.leaves_outcome_open(), proof != Proof::Refused);
    }
}

#[test]
fn a_status_without_a_reason_of_ours_proves_nothing() {
    for code in (1..=16).map(Code::from_i32) {
        assert!(matches!(classify(Status::new(code, "x")), NotPosted::Unknown(_)), "{code:?}");
    }
    assert!(matches!(classify(refused(Code::Unavailable, "SOMETHING_NEW", &[])), NotPosted::Unknown(_)));
}

#[test]
fn no_address_process_or_token_reaches_a_user() {
    for reason in LedgerReason::ALL {
        let facts = [("address", SECRETS[0]), ("writer", SECRETS[1]), ("cause", SECRETS[2]), ("token", SECRETS[3])];
        let facts = facts.map(|(name, value)| (name, value.to_owned()));
        // Facts of rules are amounts and accounts only.
        let facts = if reason.row().proof == Proof::Refused { &facts[..0] } else { &facts[..] };
        let code = if reason.row().proof == Proof::Refused { Code::FailedPrecondition } else { Code::Unavailable };
        let message = if reason == LedgerReason::Overloaded { "busy".to_owned() } else { SECRETS.join(" ") };
        let status = errors::refused_as(code, reason.name(), &message, if reason == LedgerReason::Overloaded { &[] } else { facts });
        let mut status = status;
        status.metadata_mut().insert("server", "db-host".parse().unwrap());
        let (_, _, shown) = shown(status);
        let details = String::from_utf8_lossy(shown.details()).into_owned();
        for secret in SECRETS {
            assert!(!shown.message().contains(secret) && !details.contains(secret), "{reason:?}: {}", shown.message());
        }
        assert!(shown.metadata().is_empty(), "{reason:?}");
    }
}

#[test]
fn what_is_stored_of_an_answer_has_no_address_process_or_token_and_logs_have_it_all() {
    for reason in LedgerReason::ALL {
        let code = if reason.row().proof == Proof::Refused { Code::FailedPrecondition } else { Code::Unavailable };
        let not_posted = classify(errors::refused_as(code, reason.name(), &SECRETS.join(" "), &[]));
        for secret in SECRETS {
            assert!(!not_posted.to_string().contains(secret), "{reason:?}: {not_posted}");
            assert!(!not_posted.blocked_by("ann").contains(secret), "{reason:?}");
            let is_logged = format!("{not_posted:?}").contains(secret) && errors::chain(&not_posted).contains(secret);
            assert_eq!(is_logged, reason.row().proof != Proof::Refused, "{reason:?}: {not_posted:?}");
        }
    }
    assert_eq!(classify(Status::unavailable(SECRETS[2])).to_string(), "the ledger's answer is not known");
    assert_eq!(classify(refused(Code::Unavailable, "NOT_THE_WRITER", &[])).to_string(), "the ledger did not execute it: NOT_THE_WRITER");
}

#[test]
fn what_was_not_executed_is_unavailable_and_says_when_to_come_again() {
    for reason in ["OVERLOADED", "NOT_THE_WRITER", "COMMIT_FAILED", "PEER_UNREACHABLE", "UNAUTHENTICATED", "IDENTITY_UNAVAILABLE"] {
        let status = if reason == "OVERLOADED" { rpc::overload(RETRY_AFTER) } else { refused(Code::Unauthenticated, reason, &[]) };
        let (code, _, shown) = shown(status);
        assert_eq!(code, Code::Unavailable, "{reason}");
        assert!(tonic_types::StatusExt::get_details_retry_info(&shown).is_some(), "{reason}");
    }
}

#[test]
fn a_users_limit_is_told_with_its_numbers() {
    let facts =
        [("account", "a"), ("window", "day"), ("limit", "100"), ("used", "90"), ("needed", "20"), ("resets_at", "2026-01-02T00:00:00Z")];
    let facts = facts.map(|(name, value)| (name, value.to_owned()));
    let (code, reason, shown) = shown(refused(Code::FailedPrecondition, "LIMIT_EXCEEDED", &facts));
    assert_eq!((code, reason.as_str()), (Code::FailedPrecondition, "LIMIT_EXCEEDED"));
    let expected = "LIMIT_EXCEEDED: 20 needed, 90 of 100 used in this day; it begins anew at 2026-01-02T00:00:00Z (";
    assert!(shown.message().starts_with(expected), "{}", shown.message());
    assert_eq!(rpc::facts(&shown), facts.map(|(name, value)| (name.to_owned(), value)).into());
}

#[test]
fn an_account_that_is_not_the_readers_own_is_never_named_to_users() {
    let answer = |reason: &LedgerReason, account: &str| {
        let facts = [
            ("account", account),
            ("needed", "98765432109"),
            ("available", "98765432109"),
            ("limit", "98765432109"),
            ("owed", "98765432109"),
        ];
        classify(refused(Code::FailedPrecondition, reason.name(), &facts.map(|(name, value)| (name, value.to_owned()))))
    };
    let texts = |not_posted: NotPosted| {
        let blocked_by = not_posted.blocked_by("ann");
        let kept = not_posted.refusal().map_or_else(String::new, |refusal| format!("{:?}", refusal.kept()));
        let shown = Status::from(not_posted);
        assert!(rpc::reason(&shown).is_some(), "{shown:?}");
        format!("{blocked_by} {kept} {} {}", shown.message(), String::from_utf8_lossy(shown.details()))
    };
    for reason in LedgerReason::ALL.into_iter().filter(|reason| reason.row().proof == Proof::Refused) {
        for account in ["creator/bob/payable/USD", "viewer/annabel/coins", "house/in_transit/USD", "ann", "viewer"] {
            let unread = texts(answer(&reason, account));
            let read = texts(answer(&reason, account).for_user("ann", "not now"));
            let secrets = if account.contains('/') { vec![account, "98765432109", "987654321.09"] } else { vec!["98765432109"] };
            for secret in secrets {
                assert!(!unread.contains(secret) && !read.contains(secret), "{reason:?}: {unread} {read}");
            }
            assert_eq!(read.contains("not now"), reason.row().audience == Audience::User, "{reason:?}: {read}");
        }
        for own in ["viewer/ann/coins", "creator/ann/payable/USD", "agency/ann/diamonds"] {
            let users = reason.row().audience == Audience::User;
            assert!(!answer(&reason, own).is_of_another("ann"), "{reason:?}");
            assert_eq!(texts(answer(&reason, own).for_user("ann", "not now")).contains(own), users, "{reason:?}");
            assert_eq!(Status::from(answer(&reason, own).for_staff()).message().contains(own), users, "{reason:?}");
        }
    }
    let named = Status::from(answer(&LedgerReason::AccountFrozen, "house/in_transit/USD").for_staff());
    assert!(named.message().starts_with("ACCOUNT_FROZEN: house/in_transit/USD is frozen"), "{}", named.message());
}

#[test]
fn amounts_are_told_in_their_unit_and_facts_stay_whole_numbers() {
    let told = |reason: &str, facts: &[(&str, &str)]| {
        let facts: Vec<(&str, String)> = facts.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        let (_, _, shown) = shown(refused(Code::FailedPrecondition, reason, &facts));
        assert_eq!(rpc::facts(&shown), facts.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
        shown.message().split(" (").next().unwrap_or_default().to_owned()
    };
    for (account, needed, available, text) in [
        ("creator/bob/payable/USD", "2000", "0", "20.00 USD needed, 0.00 USD available in creator/bob/payable/USD"),
        ("creator/bob/payable/JPY", "2000", "1", "2000 JPY needed, 1 JPY available in creator/bob/payable/JPY"),
        ("viewer/ann/coins", "1", "0", "1 coin needed, 0 coins available in viewer/ann/coins"),
        ("creator/bob/diamonds", "20", "1", "20 diamonds needed, 1 diamond available in creator/bob/diamonds"),
        ("of/a/later/chart", "20", "1", "20 needed, 1 available in of/a/later/chart"),
    ] {
        let facts = [("account", account), ("needed", needed), ("available", available)];
        assert_eq!(told("INSUFFICIENT_FUNDS", &facts), format!("INSUFFICIENT_FUNDS: {text}"));
    }
    for (owed, text) in [("1", "1 coin"), ("30", "30 coins")] {
        let expected = format!("COINS_OWED: the wallet owes {text} for refunded purchases; nothing is spent until that is paid");
        assert_eq!(told("COINS_OWED", &[("account", "viewer/ann/coins"), ("owed", owed)]), expected);
    }
    let limit = [("account", "creator/bob/payable/USD"), ("window", "day"), ("limit", "10000"), ("used", "9000"), ("needed", "2000")];
    assert_eq!(
        told("LIMIT_EXCEEDED", &[limit.as_slice(), &[("resets_at", "2026-01-02T00:00:00Z")]].concat()),
        "LIMIT_EXCEEDED: 20.00 USD needed, 90.00 USD of 100.00 USD used in this day; it begins anew at 2026-01-02T00:00:00Z"
    );
}

#[test]
fn a_service_s_own_mistake_is_internal_and_tells_nothing() {
    for status in
        [rpc::malformed("transfers", "secret"), refused(Code::PermissionDenied, "PERMISSION_DENIED", &[]), Status::internal("secret")]
    {
        let (code, _, shown) = shown(status);
        assert_eq!(code, Code::Internal);
        assert!(!shown.message().contains("secret"));
    }
}

#[test]
fn a_user_whose_clock_is_wrong_is_told_the_servers_time() {
    let facts = [("id_time", "2026-11-26T12:06:00+00:00"), ("server_time", "2026-11-26T12:00:00+00:00"), ("bound_ms", "300000")];
    let facts = facts.map(|(name, value)| (name, value.to_owned()));
    let (code, reason, shown) = shown(refused(Code::InvalidArgument, "REQUEST_ID_TIME", &facts));
    assert_eq!((code, reason.as_str()), (Code::InvalidArgument, "REQUEST_ID_TIME"));
    assert_eq!(rpc::facts(&shown), facts.map(|(name, value)| (name.to_owned(), value)).into());
    assert!(shown.message().contains("server_time=2026-11-26T12:00:00+00:00"), "{}", shown.message());
}

#[test]
fn the_reason_of_what_waits_is_read_from_its_stored_text() {
    for reason in LedgerReason::ALL {
        for account in ["viewer/ann/coins", "house/in_transit/USD"] {
            let code = if reason.row().proof == Proof::Refused { Code::FailedPrecondition } else { Code::Unavailable };
            let not_posted = classify(refused(code, reason.name(), &[("account", account.to_owned())]));
            let known = if reason.row().proof == Proof::Unknown { LedgerReason::OutcomeUnknown } else { reason.clone() };
            assert_eq!(LedgerReason::of_blocked_by(&not_posted.blocked_by("ann")), Some(known), "{not_posted:?}");
        }
    }
    for other in ["", "LIQUIDITY: there is not enough money", "OVERFLOWING", "overflow", "an OVERFLOW: of it"] {
        assert_eq!(LedgerReason::of_blocked_by(other), None, "{other}");
    }
}

#[test]
fn only_a_journal_that_lacks_what_was_read_is_another_one() {
    for reason in LedgerReason::ALL {
        let not_read = classify(refused(Code::FailedPrecondition, reason.name(), &[]));
        assert_eq!(not_read.is_other_journal(), matches!(reason.name(), "JOURNAL_DIVERGED" | "JOURNAL_AHEAD"), "{reason:?}");
    }
    assert!(!NotPosted::lost("cut off").is_other_journal());
}
