//! Every way a call fails, and the status that the caller gets.
use crate::{
    document::StructureFault,
    domain::{Problem, matched::RunFault, migration::MigrationProblem},
    store,
};
use jiff::civil::Date;
use ledger_client::NotPosted;
use reconciliation::close::CloseObstacle;
use std::time::Duration;
use tonic::{Code, Status};

mod money;
mod refusals;
mod sweeps;

use money::about_money;
pub use refusals::CaseRefusal;
use refusals::reconciliation;

/// When to read balances again that changed while they were read.
const RETRY_AFTER: Duration = Duration::from_millis(200);
/// When to ask again for the balances of a day that are still being read.
const CLOSINGS_RETRY_AFTER: Duration = Duration::from_secs(5);

/// Why a structure was not planned, changed or listed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Fields that are not of their form: the answer that names them all.
    #[error("{}", .0.message())]
    Violations(Box<Status>),
    /// The book is not the treasury's.
    #[error("not the treasury book")]
    BookUnknown {
        /// The treasury's.
        treasury: String,
    },
    /// A book that there is not, or the treasury's, where an app's is meant.
    #[error("no such book of an app")]
    AppBookUnknown {
        /// Its name.
        book: String,
    },
    /// The file can't be read.
    #[error("a file that can't be read")]
    File(Vec<StructureFault>),
    /// The file breaks rules.
    #[error("a file that breaks rules")]
    Refused(Vec<Problem>),
    /// The migration file can't be read.
    #[error("a migration file that can't be read")]
    MigrationFile(Vec<StructureFault>),
    /// The migration file breaks rules.
    #[error("a migration file that breaks rules")]
    MigrationRefused(Vec<MigrationProblem>),
    /// There is no such old account.
    #[error("no such old account")]
    OldAccountUnknown {
        /// Its id.
        account: String,
    },
    /// There is no such leaf.
    #[error("no such leaf")]
    LeafUnknown {
        /// Its id.
        leaf: String,
    },
    /// The leaf is closed.
    #[error("a closed leaf")]
    LeafClosed {
        /// Its id.
        leaf: String,
    },
    /// The id of an announcement was used for another one.
    #[error("the announcement exists")]
    ExpectedReceiptExists,
    /// The id of a receipt was used for another one, which differs in these fields.
    #[error("the receipt exists")]
    ReceiptReused(Vec<String>),
    /// There is no account that could receive money.
    #[error("no such receiving account")]
    ReceivingAccountUnknown {
        /// The id that was named.
        account: String,
    },
    /// The account has another currency.
    #[error("another currency")]
    CurrencyUnsupported {
        /// The account's.
        currency: String,
    },
    /// The plan is another than the one that is to be applied.
    #[error("the plan changed")]
    PlanChanged,
    /// A page token of another list.
    #[error("the page token")]
    PageToken,
    /// The balances changed while they were read.
    #[error("the balances changed while they were read")]
    BalancesChanging,
    /// The journal is not read as far as the day yet.
    #[error("the closings of a day that is not read yet")]
    ClosingsBehind,
    /// There is no such leaf, summary node or physical account.
    #[error("an unknown node")]
    NodeUnknown {
        /// The id.
        node: String,
    },
    /// The day is not over, or has not begun.
    #[error("a day that is not over")]
    DayOpen {
        /// The day.
        day: Date,
    },
    /// The node was not there yet.
    #[error("a day before the node's first")]
    DayBeforeFirst {
        /// Its first day.
        first: Date,
    },
    /// Statements of earlier days are still missing.
    #[error("statements of earlier days are missing")]
    StatementsPending,
    /// The entries of a statement don't lead to the ledger's balance.
    #[error("the entries of {node} don't lead to the balance that the ledger states")]
    StatementDiffers {
        /// The leaf or physical account.
        node: String,
    },
    /// The entries of an issued statement are not those of its hash.
    #[error("the entries of statement {number} of {node} are not those that it was issued with")]
    StatementChanged {
        /// The node.
        node: String,
        /// The statement's number.
        number: i64,
    },
    /// More entries than a file of the format has.
    #[error("more entries than a file of the format has")]
    EntriesTooMany {
        /// The statement's.
        entries: i64,
        /// The most.
        entries_max: i64,
    },
    /// An entry can't be written as the format demands.
    #[error("a statement that can't be written: {0}")]
    Written(#[from] iso20022::Error),
    /// More than a number of the ledger can count.
    #[error("balances add up to more than can be counted")]
    Overflow,
    /// A twin, or what it should account for, is not as this program writes it.
    #[error("twins: {0}")]
    Twin(String),
    /// A rule forbids a movement of money.
    #[error("{id} {why}")]
    FundsRefused {
        /// The rule.
        rule: &'static str,
        /// What breaks it.
        id: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// A request id that was used for something else.
    #[error("a request id that was used before")]
    RequestIdReused(Vec<String>),
    /// Other movements were decided meanwhile, each time.
    #[error("other movements were decided meanwhile")]
    MovementsBusy,
    /// A bank's file that is refused.
    #[error("a bank's file that is refused: {problem}")]
    Statement {
        /// SHA-256 of the file.
        hash: String,
        /// What is wrong.
        problem: String,
    },
    /// No physical account has this id.
    #[error("no physical account {0}")]
    AccountUnknown(String),
    /// An item asks for other money than before.
    #[error("the item {0} differs")]
    ItemDiffers(String),
    /// Another call reconciled the account at the same time.
    #[error("another call reconciled the account")]
    Busy,
    /// The day can still have entries.
    #[error("the day {0} is not over")]
    DayNotOver(Date),
    /// A day before it is open.
    #[error("the day {0} is open")]
    EarlierDayOpen(Date),
    /// A day with differences that nobody explained.
    #[error("the day is not explained")]
    NotExplained {
        /// What stops it.
        obstacles: Vec<CloseObstacle>,
        /// Its cases.
        open_cases: usize,
        /// Its entries that are neither explained nor in a case.
        unexplained: u64,
    },
    /// What was asked of a case is refused.
    #[error("refused for the case {0}: {1:?}")]
    Case(String, CaseRefusal),
    /// An account can't be reconciled.
    #[error("an account can't be reconciled: {0}")]
    Run(#[from] RunFault),
    /// There is no such sweep.
    #[error("no sweep {sweep}")]
    SweepUnknown {
        /// The id that was named.
        sweep: uuid::Uuid,
    },
    /// What is said of a sweep does not follow what is known of it.
    #[error("the sweep {sweep} is {state}")]
    SweepState {
        /// Its id.
        sweep: uuid::Uuid,
        /// How far it is.
        state: &'static str,
    },
    /// The bytes of a bank's file can't be kept on disk while they are read, or not be read from there.
    #[error("a bank's file on disk: {0}")]
    Spool(std::io::Error),
    /// The process stops.
    #[error("the process stops")]
    Stopped,
    /// The ledger did not answer.
    #[error(transparent)]
    Ledger(#[from] NotPosted),
    /// The service's own tables failed.
    #[error("the treasury database: {0}")]
    Store(#[from] store::Error),
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        match error {
            Error::Violations(status) => *status,
            Error::BookUnknown { treasury } => {
                let why = format!("this is not the treasury's book, which is {treasury}; nothing was done");
                rpc::refused(Code::NotFound, "BOOK_UNKNOWN", why, &[("treasury_book", treasury)])
            }
            Error::File(faults) => unreadable(&faults, "structure"),
            Error::Refused(problems) => refused(&problems),
            Error::PlanChanged => {
                let why = "this is not the plan that the file makes now: file, day or structure changed since; nothing was changed, so plan again";
                rpc::refused(Code::FailedPrecondition, "PLAN_CHANGED", why.to_owned(), &[])
            }
            Error::PageToken => rpc::errors::page_token(),
            Error::BalancesChanging => {
                let why = "the balances changed while they were read; nothing was done, retry";
                rpc::errors::unavailable("BALANCES_CHANGING", why, RETRY_AFTER)
            }
            Error::ClosingsBehind => {
                let why = "the balances of that day are still being read from the journal; nothing was done, retry";
                rpc::errors::unavailable("CLOSINGS_BEHIND", why, CLOSINGS_RETRY_AFTER)
            }
            Error::Statement { .. }
            | Error::AccountUnknown(_)
            | Error::ItemDiffers(_)
            | Error::Busy
            | Error::DayNotOver(_)
            | Error::EarlierDayOpen(_)
            | Error::NotExplained { .. }
            | Error::Case(..)
            | Error::Run(_) => reconciliation(&error),
            // Staff and services alone call treasury.
            Error::Ledger(not_posted) => not_posted.for_staff().into(),
            Error::Store(store::Error::Database(ref source)) if db::is_passing(source) => rpc::errors::database_unreachable(&error),
            Error::Overflow
            | Error::Twin(_)
            | Error::Stopped
            | Error::Spool(_)
            | Error::Written(_)
            | Error::Store(_)
            | Error::StatementDiffers { .. }
            | Error::StatementChanged { .. } => rpc::internal(&error),
            other => about_money(other),
        }
    }
}

/// MALFORMED: every fault with its line.
fn unreadable(faults: &[StructureFault], of: &str) -> Status {
    let mut wrong = rpc::Violations::default();
    for StructureFault { line, why } in faults {
        wrong.add(rpc::malformed("file", &format!("must have the form of {of} files; line {line}: {why}; nothing was changed")));
    }
    wrong.into_status()
}

/// STRUCTURE_REFUSED: the first faults in words, and the first of them as facts.
fn refused(problems: &[Problem]) -> Status {
    let sentence = |problem: &Problem| format!("line {}: {} {}", problem.line, problem.id, problem.why);
    let sentences: Vec<String> = problems.iter().map(sentence).collect();
    let why = format!("{}; nothing was changed", rpc::errors::named(&sentences).join("; "));
    let mut facts = vec![("faults", problems.len().to_string())];
    if let Some(first) = problems.first() {
        facts.extend([("rule", first.rule.name().to_owned()), ("id", first.id.clone()), ("line", first.line.to_string())]);
    }
    rpc::refused(Code::FailedPrecondition, "STRUCTURE_REFUSED", why, &facts)
}

#[cfg(test)]
mod tests;
