//! `largesse bank reconcile`: statements against a table of items, until every entry is explained or a case.
use super::super::files::counted;
use clap::Args;
use jiff::{Timestamp, civil::Date};
use matching::expected::exact_amount;
use money::{Currency, Money};
use rails::RailBook;
use reconciliation::{
    AccountBalances, Case, ExplainedLine, ItemStore, OpenFile, Reconciliation, ReconciliationRule, RunTerms,
    close::{AccountDay, CloseObstacle, ClosedDay, close, timing_items},
    reconcile, table,
};
use runtime::command::{CommandResult, UntypedError};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Problems of a table that are printed; it is refused whole.
const TABLE_PROBLEMS_MAX: usize = 100;

/// Printed after the options.
pub const EXPLANATION: &str = "\
FILE.csv has the columns of `largesse bank match`, and where known: amount_most (amount is then the least), kind (instant, ach, credit_transfer, wire, processor,
store, receipt, charge, internal), state (submitted, accepted, unknown, settled), since, final_day, value_date, settlement (id of a processor's payout),
descriptor and counterparty. A table with a wrong row is refused whole.

Every entry is explained by one of seven rules or is a case of one of 21 classes, with its owner, its age in banking days, a next step and postings. What is
wrong with a file, a statement or the structure comes first, and nothing of such a statement is matched. At last each account: opening balance + entries =
closing balance, and books - bank = the named items. Files may be of any length.

Exit code 1 if a case is open, a file was refused or can't be read, a day does not close, or the table is refused. Nothing is stored.

  largesse bank reconcile monday.xml monday.sta --expected items.csv --today 2026-11-24 --calendar EU-TARGET
  largesse bank reconcile monday.xml --expected items.csv --books DE89370400440532013000=10000.00 --json | jq '.cases[] | .class'";

/// Options of `largesse bank reconcile`.
#[derive(Debug, Args)]
pub struct ReconcileArguments {
    /// Statements, reports and notifications (camt.052 to camt.054, MT940, MT942, BAI2) and files of ACH returns (NACHA), in any order.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Table of what is expected on the accounts.
    #[arg(long, value_name = "FILE.csv")]
    expected: PathBuf,
    /// The day that ages are counted to; today in UTC if absent.
    #[arg(long, value_name = "YYYY-MM-DD")]
    today: Option<Date>,
    /// Calendar of banking days, such as EU-TARGET, US-FED or GB-ENG.
    #[arg(long, default_value = "EU-TARGET")]
    calendar: String,
    /// Balance of an account in our books, without the postings of these statements; may be given for several accounts.
    #[arg(long, value_name = "ACCOUNT=AMOUNT")]
    books: Vec<String>,
    /// Virtual accounts whose statements must come to that of the physical account; may be given for several accounts.
    #[arg(long, value_name = "PHYSICAL=LEAF,LEAF")]
    leaves: Vec<String>,
    /// Prints one JSON object, with every matched line.
    #[arg(long)]
    json: bool,
}

/// An account's proof.
#[derive(Serialize)]
struct AccountProof {
    account: String,
    currency: String,
    opening: i64,
    entries: i128,
    closing: i64,
    to_post: i128,
    /// What the books have without these postings, or must have if nobody said.
    books: i128,
    is_given: bool,
    #[serde(flatten)]
    result: ProofResult,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum ProofResult {
    Closes(ClosedDay),
    Stopped(Vec<CloseObstacle>),
}

/// Matched lines: how many by each rule, and for JSON all of them in a file without a name.
struct MatchedLines {
    by_rule: BTreeMap<Option<ReconciliationRule>, u64>,
    spool: Option<BufWriter<File>>,
    failure: Option<io::Error>,
}

impl MatchedLines {
    fn take(&mut self, line: &ExplainedLine) {
        *self.by_rule.entry(line.rule).or_default() += 1;
        let Some(spool) = &mut self.spool else { return };
        let written = serde_json::to_writer(&mut *spool, line).map_err(io::Error::from).and_then(|()| spool.write_all(b"\n"));
        self.failure = self.failure.take().or(written.err());
    }
}

/// Reconciles files and prints the result.
pub fn run(arguments: &ReconcileArguments) -> CommandResult {
    let Some(items) = items(&arguments.expected)? else {
        return Err(
            format!("{}: the table was refused, and nothing was matched; correct the lines above", arguments.expected.display()).into()
        );
    };
    let rails = RailBook::built_in();
    if !rails.calendars().knows(&arguments.calendar) {
        return Err(format!("--calendar {}: no such calendar; nothing was matched", arguments.calendar).into());
    }
    let today = arguments.today.unwrap_or_else(|| money::time::utc_day(Timestamp::now()));
    let mut terms = RunTerms::new(today, rails.calendars(), Some(&arguments.calendar));
    for named in &arguments.leaves {
        let (physical, leaves) = named.split_once('=').ok_or_else(|| format!("--leaves {named}: must be PHYSICAL=LEAF,LEAF"))?;
        terms.add_structure(physical, &leaves.split(',').collect::<Vec<_>>());
    }
    let opened: Vec<_> = arguments.files.iter().map(|path| move || opened(path)).collect();
    let opened: Vec<&OpenFile<'_>> = opened.iter().map(|open| open as &OpenFile<'_>).collect();
    let spool = arguments.json.then(tempfile::tempfile).transpose()?.map(BufWriter::new);
    let mut matched = MatchedLines { by_rule: BTreeMap::new(), spool, failure: None };
    let result = reconcile(&opened, &terms, items, &[], &mut |line| matched.take(&line))?;
    if let Some(error) = matched.failure {
        return Err(format!("matched lines could not be kept in a temporary file: {error}; nothing is printed").into());
    }
    let proofs = proofs(&result, &arguments.books)?;
    match matched.spool {
        Some(spool) => print_json(arguments, &result, &proofs, spool)?,
        None => print_text(arguments, &result, &proofs, &matched.by_rule),
    }
    let is_explained =
        cases(&result).all(|case| !case.is_open()) && proofs.iter().all(|proof| matches!(proof.result, ProofResult::Closes(_)));
    Ok(if is_explained { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn opened(path: &Path) -> io::Result<Box<dyn Read>> {
    Ok(Box::new(BufReader::new(File::open(path)?)))
}

/// The items of a table; `None` if it is refused, after its problems were printed.
fn items(path: &Path) -> Result<Option<ItemStore>, UntypedError> {
    let file = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let say = |what: &dyn std::fmt::Display| eprintln!("largesse: {}: {what}", path.display());
    let rows = match table::rows(BufReader::new(file)) {
        Ok(rows) => rows,
        Err(problem) => {
            say(&problem);
            return Ok(None);
        }
    };
    let (mut store, mut problems) = (ItemStore::new(), 0);
    for row in rows {
        match row {
            Ok(item) => store.push(&item)?,
            Err(problem) => {
                say(&problem);
                problems += 1;
            }
        }
        if problems >= TABLE_PROBLEMS_MAX {
            break;
        }
    }
    if problems > 0 { Ok(None) } else { Ok(Some(store.ready()?)) }
}

fn cases(result: &Reconciliation) -> impl Iterator<Item = &Case> {
    result.judged.cases.iter().chain(&result.reconciled.cases)
}

/// Of each account with statements, whether it can be closed.
fn proofs(result: &Reconciliation, books: &[String]) -> Result<Vec<AccountProof>, UntypedError> {
    let all: Vec<Case> = cases(result).cloned().collect();
    let mut given: BTreeMap<String, &str> = BTreeMap::new();
    for named in books {
        let (account, amount) = named.split_once('=').ok_or_else(|| format!("--books {named}: must be ACCOUNT=AMOUNT"))?;
        given.insert(matching::account_key(account), amount);
    }
    let mut proofs = Vec::new();
    for ((account, code), balances) in &result.judged.balances {
        let currency = Currency::try_new(code)?;
        let amount = given.remove(account).map(|text| signed(text, currency)).transpose()?;
        proofs.push(proof(result, &all, account.as_str(), currency, balances, amount));
    }
    match given.keys().next() {
        Some(account) => Err(format!("--books {account}: no statement of the account was matched").into()),
        None => Ok(proofs),
    }
}

fn proof(
    result: &Reconciliation,
    cases: &[Case],
    account: &str,
    currency: Currency,
    balances: &AccountBalances,
    books: Option<i128>,
) -> AccountProof {
    let sums = result.reconciled.sums.get(&(account.to_owned(), currency.code().to_owned())).copied().unwrap_or_default();
    let named: i128 = timing_items(cases, &result.reconciled.outstanding, account, currency).iter().map(|item| item.difference).sum();
    let day = AccountDay {
        account,
        currency,
        day: balances.day,
        opening: Some(balances.opening),
        closing: Some(balances.closing),
        moved: sums.moved,
        unexplained: 0,
        books: books.unwrap_or(i128::from(balances.closing) + named - sums.to_post),
        to_post: sums.to_post,
        cases,
        outstanding: &result.reconciled.outstanding,
    };
    AccountProof {
        account: account.to_owned(),
        currency: currency.code().to_owned(),
        opening: balances.opening,
        entries: sums.moved,
        closing: balances.closing,
        to_post: sums.to_post,
        books: day.books,
        is_given: books.is_some(),
        result: match close(&day) {
            Ok(closed) => ProofResult::Closes(closed),
            Err(obstacles) => ProofResult::Stopped(obstacles),
        },
    }
}

/// An amount in major units with an optional sign, in minor units.
fn signed(text: &str, currency: Currency) -> Result<i128, UntypedError> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    Ok(sign * i128::from(exact_amount("--books", digits, currency)?.minor_units()))
}

/// Prints the matched lines of the spool and everything else as one object.
fn print_json(
    arguments: &ReconcileArguments,
    result: &Reconciliation,
    proofs: &[AccountProof],
    mut spool: BufWriter<File>,
) -> Result<(), UntypedError> {
    let files = arguments.files.iter().zip(&result.files).map(|(path, (number, file))| {
        let statements: Vec<_> = file.statements.iter().map(|(part, _)| part).collect();
        serde_json::json!({
            "file": path.to_string_lossy(), "number": number, "format": file.format, "is_sound": file.is_sound(),
            "statements": statements, "problems": file.problems,
        })
    });
    println!("{{\"files\": {},", serde_json::to_string_pretty(&files.collect::<Vec<_>>())?);
    println!("\"cases\": {},", serde_json::to_string_pretty(&cases(result).collect::<Vec<_>>())?);
    println!("\"outstanding\": {},", serde_json::to_string_pretty(&result.reconciled.outstanding)?);
    println!("\"proof\": {},", serde_json::to_string_pretty(proofs)?);
    println!("\"matches\": [");
    spool.flush()?;
    let mut spool = spool.into_inner()?;
    spool.seek(SeekFrom::Start(0))?;
    for (at, line) in BufReader::new(spool).lines().enumerate() {
        println!("{}{}", if at == 0 { "" } else { "," }, line?);
    }
    println!("]}}");
    Ok(())
}

fn print_text(
    arguments: &ReconcileArguments,
    result: &Reconciliation,
    proofs: &[AccountProof],
    by_rule: &BTreeMap<Option<ReconciliationRule>, u64>,
) {
    for (path, (number, file)) in arguments.files.iter().zip(&result.files) {
        let sound = if file.is_sound() { "sound" } else { "refused" };
        println!("file {number}, {}: {}, {}, {sound}", path.display(), file.format, counted(file.statements.len(), "statement"));
    }
    let rules = by_rule.iter().map(|(rule, count)| format!("{} {count}", rule.map_or_else(|| "none".to_owned(), |rule| word(&rule))));
    println!("matched: {}", counted(usize::try_from(result.reconciled.explained).unwrap_or(usize::MAX), "line"));
    rules.for_each(|rule| println!("  {rule}"));
    println!("cases: {}", cases(result).count());
    for case in cases(result) {
        print_case(case);
    }
    println!("outstanding: {}", result.reconciled.outstanding.len());
    for item in &result.reconciled.outstanding {
        println!("  {} {} on {}, {} banking days, {}", item.item, item.amount, item.account, item.age_banking_days, word(&item.owner));
    }
    for proof in proofs {
        print_proof(proof);
    }
}

fn print_case(case: &Case) {
    let amount = case.amount.map_or_else(String::new, |amount| format!(" {amount}"));
    let place = case
        .places
        .first()
        .map_or_else(String::new, |place| format!(", entry {} of statement {} in file {}", place.entry, place.statement, place.file));
    let items = if case.items.is_empty() { String::new() } else { format!(", item {}", case.items.join(" ")) };
    let state = match (case.is_noted_only, case.undone_by) {
        (true, _) => ", noted only",
        (_, Some(_)) => ", undone",
        _ => "",
    };
    let account = case.account.as_deref().unwrap_or("no account");
    println!("  {}{amount} on {account}{place}{items}: {}", case.class.code(), case.detail);
    println!("    {} banking days, {}{state}; next: {}", case.age_banking_days, word(&case.owner), case.next_step);
    for posting in &case.postings {
        println!("    {}: {} | {} {}, {}", word(&posting.book), posting.debit, posting.credit, posting.amount, posting.reason);
    }
}

fn print_proof(proof: &AccountProof) {
    let amount = |minor: i128| amount(&proof.currency, minor);
    println!(
        "{} {}: opening {} + entries {} = closing {}",
        proof.account,
        proof.currency,
        amount(proof.opening.into()),
        amount(proof.entries),
        amount(proof.closing.into())
    );
    let verb = if proof.is_given { "have" } else { "must have" };
    println!("  our books {verb} {} before the postings of matched lines, which come to {}", amount(proof.books), amount(proof.to_post));
    match &proof.result {
        ProofResult::Closes(closed) => {
            println!(
                "  the day closes: books {} - bank {} is named by {}",
                amount(closed.books),
                amount(closed.closing.into()),
                counted(closed.timing.len(), "item")
            );
            for item in &closed.timing {
                let class = item.class.map_or("outstanding", |class| class.code());
                println!(
                    "    {} {class} {}, {} banking days, {}",
                    item.id,
                    amount(item.difference),
                    item.age_banking_days,
                    word(&item.owner)
                );
            }
        }
        ProofResult::Stopped(obstacles) => {
            println!("  the day does not close:");
            obstacles.iter().for_each(|obstacle| println!("    {obstacle}"));
        }
    }
}

/// An amount in minor units as people write it.
fn amount(code: &str, minor: i128) -> String {
    let whole = i64::try_from(minor.unsigned_abs()).ok();
    let money = Currency::try_new(code).ok().zip(whole).and_then(|(currency, minor)| Money::try_new(currency, minor).ok());
    let sign = if minor < 0 { "-" } else { "" };
    money.map_or_else(|| format!("{minor} minor units"), |money| format!("{sign}{}", money.to_decimal()))
}

/// A value's name as JSON has it.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
