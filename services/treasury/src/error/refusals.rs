//! Refusals about banks' statements, cases and days.
use super::{Error, RETRY_AFTER};
use tonic::{Code, Status};

/// Obstacles that a refusal names one by one.
const OBSTACLES_SHOWN_MAX: usize = 5;

/// Why something is not done about a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CaseRefusal {
    /// There is no such case.
    Unknown,
    /// It is resolved.
    Resolved,
    /// It is not about a file that a person could explain.
    NotByHand,
    /// It is about a file, of which nothing is posted.
    OfFile,
    /// No leaf of its account that is in use has this id.
    LeafUnknown(String),
    /// Books and bank would still differ by this much.
    Uneven(i64),
    /// There is no such proposal.
    AdjustmentUnknown,
    /// The id was used for another proposal.
    AdjustmentDiffers,
    /// Another proposal took its place.
    Replaced,
    /// The approver proposed it.
    SamePerson,
    /// The ledger refused the posting.
    Posting(String),
}

impl CaseRefusal {
    /// The error for a case, or for a proposal where no case is known.
    #[must_use]
    pub fn of(self, id: &str) -> Error {
        Error::Case(id.to_owned(), self)
    }
}

/// The answer to an error about reconciliation.
pub(super) fn reconciliation(error: &Error) -> Status {
    match error {
        Error::Statement { hash, problem } => {
            let why = format!("the file was refused and nothing of it is kept: {problem}");
            let facts = [("problem", problem.clone()), ("sha256", hash.clone())];
            rpc::refused(Code::FailedPrecondition, "STATEMENT_REFUSED", why, &facts)
        }
        Error::AccountUnknown(account) => {
            let why = format!("no physical account has the id {account}; nothing was done");
            rpc::refused(Code::NotFound, "PHYSICAL_ACCOUNT_UNKNOWN", why, &[("physical_account", account.clone())])
        }
        Error::ItemDiffers(item) => {
            let why = format!("the item {item} was announced with another account, direction, amount or kind; nothing was recorded");
            rpc::refused(Code::FailedPrecondition, "ITEM_DIFFERS", why, &[("item", item.clone())])
        }
        Error::Busy => {
            let why = "another call reconciled the account at the same time; nothing was changed by this one, retry";
            rpc::errors::unavailable("RECONCILIATION_BUSY", why, RETRY_AFTER)
        }
        Error::DayNotOver(day) => {
            let why = format!("{day} is not over, so it can't be closed yet");
            rpc::refused(Code::FailedPrecondition, "DAY_NOT_OVER", why, &[])
        }
        Error::EarlierDayOpen(day) => {
            let why = format!("{day} is still open, and days are closed in their order; nothing was closed");
            rpc::refused(Code::FailedPrecondition, "EARLIER_DAY_OPEN", why, &[("day", day.to_string())])
        }
        Error::NotExplained { .. } => not_explained(error),
        Error::Case(id, refusal) => of_case(id, refusal),
        Error::Run(fault) => {
            tracing::error!(%fault, "an account can't be reconciled");
            rpc::internal(error)
        }
        _ => rpc::internal(error),
    }
}

fn not_explained(error: &Error) -> Status {
    let Error::NotExplained { obstacles, open_cases, unexplained } = error else { return rpc::internal(error) };
    let named: Vec<String> = obstacles.iter().take(OBSTACLES_SHOWN_MAX).map(ToString::to_string).collect();
    let why = format!("the day can't be closed, and nothing was: {}", named.join("; "));
    let unnamed: i128 = obstacles
        .iter()
        .map(|obstacle| match obstacle {
            reconciliation::close::CloseObstacle::UnnamedDifference { found, named } => found - named,
            _ => 0,
        })
        .sum();
    let facts = [
        ("obstacles", obstacles.len().to_string()),
        ("open_cases", open_cases.to_string()),
        ("unexplained", unexplained.to_string()),
        ("unnamed_minor_units", unnamed.to_string()),
    ];
    rpc::refused(Code::FailedPrecondition, "DAY_NOT_EXPLAINED", why, &facts)
}

fn of_case(id: &str, refusal: &CaseRefusal) -> Status {
    let refused = |reason, why: &str, fact: Option<(&'static str, String)>| {
        let facts: Vec<_> = [("case_id", id.to_owned())].into_iter().chain(fact).collect();
        rpc::refused(Code::FailedPrecondition, reason, why.to_owned(), &facts)
    };
    match refusal {
        CaseRefusal::Unknown => rpc::refused(Code::NotFound, "CASE_UNKNOWN", format!("there is no case {id}; nothing was done"), &[]),
        CaseRefusal::Resolved => refused("CASE_RESOLVED", "the case is resolved already; nothing was done", None),
        CaseRefusal::NotByHand => {
            let why = "only a case about a file is explained by a person; entries are adjusted by two, and a leaf that differs is looked for; \
                       nothing was done";
            refused("NOT_EXPLAINED_BY_HAND", why, None)
        }
        CaseRefusal::OfFile => {
            refused("CASE_OF_FILE", "the case is about a file, of which nothing is posted: explain it; nothing was done", None)
        }
        CaseRefusal::LeafUnknown(leaf) => {
            let why = format!("{leaf} is no leaf in use of the case's account; nothing was done");
            rpc::refused(Code::NotFound, "LEAF_UNKNOWN", why, &[("leaf", leaf.clone())])
        }
        CaseRefusal::Uneven(left) => {
            let why = format!("with it, books and bank would still differ by {left} minor units because of the case; nothing was done");
            refused("ADJUSTMENT_UNEVEN", &why, Some(("difference", left.to_string())))
        }
        CaseRefusal::AdjustmentUnknown => {
            rpc::refused(Code::NotFound, "ADJUSTMENT_UNKNOWN", format!("there is no adjustment {id}; nothing was done"), &[])
        }
        CaseRefusal::AdjustmentDiffers => {
            refused("ADJUSTMENT_DIFFERS", "this id was used for another proposal; nothing was recorded, so make a new one", None)
        }
        CaseRefusal::Replaced => {
            refused("ADJUSTMENT_REPLACED", "another proposal took its place, or the ledger refused it; nothing was posted", None)
        }
        CaseRefusal::SamePerson => {
            refused("SAME_PERSON", "the proposer can't approve it: another member of staff must; nothing was posted", None)
        }
        CaseRefusal::Posting(why) => {
            let why = format!("the ledger refused it, so nothing was posted and the case is open again: {why}");
            refused("POSTING_REFUSED", &why, None)
        }
    }
}
