//! `largesse verify`: checks the books.
use crate::cli::{files::counted, settings::DatabaseArgument};
use clap::Args;
use db::Database;
use money::text::shown;
use monitor::audit;
use runtime::command::CommandResult;
use std::{path::PathBuf, process::ExitCode};

/// Options of `largesse verify`.
#[derive(Debug, Args)]
pub struct VerifyArguments {
    #[command(flatten)]
    pub place: DatabaseArgument,
    /// Directory of the heads that `serve --heads-dir` wrote outside the database; by default `heads` beside SQLite's files, if it exists.
    #[arg(long, value_name = "DIR")]
    pub heads: Option<PathBuf>,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    pub json: bool,
}

/// Runs the checks. Exit code 1 when one fails.
pub async fn run(address: String, arguments: VerifyArguments) -> CommandResult {
    let database = Database::parse(&address)?;
    if let Some(dir) = arguments.heads.as_ref().filter(|dir| !dir.is_dir()) {
        return Err(format!("--heads {}: there is no such directory", dir.display()).into());
    }
    if let Some(dir) = database.sqlite_dir() {
        let what = "if it is in use and no longer a backup, remove its manifest.json";
        operations::backup::intact(dir).map_err(|error| format!("{}: {error}; {what}", dir.display()))?;
    }
    let beside = || database.sqlite_dir().map(|dir| dir.join(runtime::HEADS)).filter(|dir| dir.is_dir());
    // What the operator's own services may post is read only from the settings: somebody who can write to the database could forge it there.
    let own = arguments.place.config()?.ledger.own_posters();
    let report = audit::audit_with(&database, arguments.heads.clone().or_else(beside).as_deref(), &own).await?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        for book in &report.books {
            tell(book);
        }
        match &report.acts {
            Some(acts) => match &acts.problem {
                Some(problem) => println!("BAD: {}", shown(problem)),
                None => println!(
                    "{} of the audit log, each bound to the one before, {} of them erased; {} outside the database {} among them",
                    counted(usize::try_from(acts.lines).unwrap_or_default(), "line"),
                    acts.erased,
                    counted(acts.heads, "head"),
                    are(acts.heads)
                ),
            },
            None => println!("the audit log was not checked: its tables are not here"),
        }
    }
    Ok(if report.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

const fn are(count: usize) -> &'static str {
    if count == 1 { "is" } else { "are" }
}

fn tell(book: &audit::BookReport) {
    let ledger = &book.ledger;
    match &ledger.problem {
        Some(problem) if problem.seq == 0 => println!("{}: BAD: {}", ledger.book, shown(&problem.what)),
        Some(problem) => println!("{}: BAD at event {}: {}", ledger.book, problem.seq, shown(&problem.what)),
        None => {
            let commit = format!("commit {} {}", ledger.head_commit_no, ledger.head_hash);
            println!("{}: {} events and {} transfers follow from one another up to {commit}", ledger.book, ledger.events, ledger.transfers);
            match ledger.heads {
                Some(heads) => {
                    let heads = usize::try_from(heads).unwrap_or_default();
                    println!("{}: {} written outside the database {} in the chain", ledger.book, counted(heads, "head"), are(heads));
                }
                None => println!(
                    "{}: not compared with heads outside the database: no directory of heads was given (--heads DIR) or found beside the data",
                    ledger.book
                ),
            }
            let audit::coins::CoinSums { issued, redeemed, held, owed, suspended } = book.coins;
            println!("{}: {issued} coins issued, {redeemed} redeemed, {held} held, {suspended} in suspense, {owed} owed", ledger.book);
        }
    }
    let imported = &book.imported;
    if imported.postings > 0 {
        let (postings, coins) = (imported.postings, imported.coins_issued);
        let transit: Vec<String> =
            imported.in_transit.iter().filter(|(_, left)| **left != 0).map(|(code, left)| format!("{left} {code}")).collect();
        let transit = if transit.is_empty() { String::new() } else { format!(" and left {} in transit", transit.join(", ")) };
        println!(
            "{}: {postings} postings were imported; they issued {coins} coins{transit}, for which there is no purchase or payout here",
            ledger.book
        );
    }
    let counts = [
        (
            Some(book.ruled),
            "posting has a kind and accounts that the list of who posts what allows",
            "postings have kinds and accounts that the list of who posts what allows",
        ),
        (book.joined.purchases, "purchase credited", "purchases credited"),
        (book.joined.gifts, "gift has a price of a catalogue served at the time", "gifts have a price of a catalogue served at the time"),
        (book.joined.conversions, "conversion is what its quote says", "conversions are what their quotes say"),
        (book.joined.payout_postings, "posting is what its payout says", "postings are what their payouts say"),
        (
            book.joined.proposals,
            "adjustment or reversal is what two people approved",
            "adjustments and reversals are what two people approved",
        ),
        // Every book but one has none.
        (
            book.joined.treasury_postings.filter(|count| *count > 0),
            "posting is what treasury decided",
            "postings are what treasury decided",
        ),
    ];
    for (count, one, many) in counts {
        if let Some(count) = count {
            println!("{}: {count} {}", ledger.book, if count == 1 { one } else { many });
        }
    }
    for service in &book.not_compared {
        println!("{}: not compared with {service}: its tables are not here", ledger.book);
    }
    for problem in &book.problems {
        println!("{}: BAD: {}", ledger.book, shown(problem));
    }
    println!("{}: {}", ledger.book, if book.ok() { "passed" } else { "FAILED" });
}
