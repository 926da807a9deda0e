//! Refusals about old accounts and receipts, about moves between leaves, and about statements that this service issues.
use super::{Error, RETRY_AFTER, unreadable};
use crate::domain::migration::MigrationProblem;
use tonic::{Code, Status};

/// The answer to an error about old accounts, receipts or moves; statements are left.
pub(super) fn about_money(error: Error) -> Status {
    match error {
        Error::MigrationFile(faults) => unreadable(&faults, "migration"),
        Error::MigrationRefused(problems) => migration_refused(&problems),
        Error::OldAccountUnknown { account } => {
            let why = "there is no such old account: it was not imported; nothing was changed".to_owned();
            rpc::refused(Code::NotFound, "OLD_ACCOUNT_UNKNOWN", why, &[("account", account)])
        }
        Error::LeafUnknown { leaf } => {
            let why = "there is no such leaf in the structure; nothing was recorded".to_owned();
            rpc::refused(Code::NotFound, "LEAF_UNKNOWN", why, &[("leaf", leaf)])
        }
        Error::LeafClosed { leaf } => {
            let why = "the leaf is closed, so nothing can come to it; nothing was recorded".to_owned();
            rpc::refused(Code::FailedPrecondition, "LEAF_CLOSED", why, &[("leaf", leaf)])
        }
        Error::ExpectedReceiptExists => {
            let why = "this expected_id announced something else; nothing was changed, use another id".to_owned();
            rpc::refused(Code::AlreadyExists, "EXPECTED_RECEIPT_EXISTS", why, &[])
        }
        Error::AppBookUnknown { book } => {
            let why = "there is no such book of an app; nothing was done".to_owned();
            rpc::refused(Code::NotFound, "BOOK_UNKNOWN", why, &[("book", book)])
        }
        Error::ReceiptReused(differing) => rpc::errors::request_id_reused(&differing),
        Error::ReceivingAccountUnknown { account } => {
            let why = "there is no such physical or old account; nothing was booked".to_owned();
            rpc::refused(Code::NotFound, "RECEIVING_ACCOUNT_UNKNOWN", why, &[("account", account)])
        }
        Error::CurrencyUnsupported { currency } => {
            let why = format!("the account is in {currency}; nothing was booked");
            rpc::refused(Code::FailedPrecondition, "CURRENCY_UNSUPPORTED", why, &[("currency", currency)])
        }
        Error::FundsRefused { rule, id, why } => {
            let facts = [("rule", rule.to_owned()), ("id", id.clone())];
            rpc::refused(Code::FailedPrecondition, "FUNDS_REFUSED", format!("{id} {why}; nothing was moved"), &facts)
        }
        Error::RequestIdReused(differing) => rpc::errors::request_id_reused(&differing),
        Error::MovementsBusy => {
            let why = "other movements were decided each time that this one was; nothing was moved, retry the same request";
            rpc::errors::unavailable("MOVEMENTS_BUSY", why, RETRY_AFTER)
        }
        other => about_statements(other),
    }
}

fn about_statements(error: Error) -> Status {
    match error {
        Error::NodeUnknown { node } => {
            let why = format!("there is no leaf, summary node or physical account {node}; nothing was done");
            rpc::refused(Code::NotFound, "NODE_UNKNOWN", why, &[("node_id", node)])
        }
        Error::DayOpen { day } => {
            let why = format!("{day} is not over, and its statement is issued ten minutes after it is; nothing was done");
            rpc::refused(Code::FailedPrecondition, "DAY_OPEN", why, &[("day", day.to_string())])
        }
        Error::DayBeforeFirst { first } => {
            let why = format!("it was not there before {first}; nothing was done");
            rpc::refused(Code::FailedPrecondition, "DAY_BEFORE_FIRST", why, &[("first_day", first.to_string())])
        }
        Error::EntriesTooMany { entries, entries_max } => {
            let why = format!("it has {entries} entries, and a file of this format at most {entries_max}; take another format");
            rpc::refused(
                Code::FailedPrecondition,
                "ENTRIES_TOO_MANY",
                why,
                &[("entries", entries.to_string()), ("entries_max", entries_max.to_string())],
            )
        }
        Error::StatementsPending => {
            let why = "statements of many days before are missing; those that were issued now stay, so retry";
            rpc::errors::unavailable("STATEMENTS_PENDING", why, RETRY_AFTER)
        }
        other => super::sweeps::about_sweeps(&other).unwrap_or_else(|| rpc::internal(&other)),
    }
}

/// MIGRATION_REFUSED, as [`refused`].
fn migration_refused(problems: &[MigrationProblem]) -> Status {
    let sentence = |problem: &MigrationProblem| format!("line {}: {} {}", problem.line, problem.id, problem.why);
    let sentences: Vec<String> = problems.iter().map(sentence).collect();
    let why = format!("{}; nothing was imported", rpc::errors::named(&sentences).join("; "));
    let mut facts = vec![("faults", problems.len().to_string())];
    if let Some(first) = problems.first() {
        facts.extend([("rule", first.rule.name().to_owned()), ("id", first.id.clone()), ("line", first.line.to_string())]);
    }
    rpc::refused(Code::FailedPrecondition, "MIGRATION_REFUSED", why, &facts)
}
