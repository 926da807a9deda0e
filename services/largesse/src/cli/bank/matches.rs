//! `largesse bank match`: lines of statements against a table of what is expected.
use super::{super::files, FILE_BYTES_MAX};
use bankfiles::FileProblem;
use matching::{
    BankFileLines, BankLine, LinePlace, Match, StatementPart,
    expected::{TABLE_BYTES_MAX, read_table},
    match_lines, read,
    soundness::{StatementProblem, lines_to_match},
};
use runtime::command::CommandResult;
use serde::Serialize;
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Printed after the options.
pub const EXPLANATION: &str = "\
FILE.csv has a header line. Columns: key, account, direction (debit or credit), amount (major units), currency; and, where known, end_to_end_id,
short_reference, payment_ids (separated by blanks), trace (of the ACH entry), batch, batch_total, company_id, effective_date, first_day, last_day,
standing (open, settled or rejected), returned (amount) and duplicates (number). A table with a wrong row is refused whole.

Prints one JSON object:
  files      each file with its `format`, `statements` and `problems`; `is_sound` is false if its counts, sums or balances are wrong or money was not
             understood: then none of its lines is matched
  statements what is wrong with statements beside others: gaps, repeats, balances that do not continue; `set_aside` if its lines were not matched
  matches    each line with its place, amount and `result`, by which `rule`, and the `evidence`:
             settles, same_entry_again, return_of, batch_settles (with the `difference` to its items), differs, ambiguous, unmatched (with its `kind`);
             `standing` is booked or information; from information nothing may be booked
  settled_by_none  keys of open items that no line settles; no line proves nothing, so they do not change the exit code
  summary    how many lines have each result

Exit code 1 if a line is unmatched, differs or is ambiguous, a batch does not come to its items, a file is not sound or can't be read, a statement beside
others is wrong, or the table is refused. Nothing is stored.

  largesse bank match monday.sta tuesday.xml --expected payouts.csv | jq .summary";

/// What is printed.
#[derive(Serialize)]
struct MatchReport<'a> {
    files: Vec<MatchedFile<'a>>,
    statements: Vec<StatementProblem>,
    matches: Vec<MatchedLine<'a>>,
    settled_by_none: Vec<&'a str>,
    summary: serde_json::Map<String, serde_json::Value>,
}

/// A file, and whether its lines were matched.
#[derive(Serialize)]
struct MatchedFile<'a> {
    file: std::borrow::Cow<'a, str>,
    format: &'a str,
    is_sound: bool,
    statements: &'a [StatementPart],
    problems: &'a [FileProblem],
}

/// A line with what a reader looks for first.
#[derive(Serialize)]
struct MatchedLine<'a> {
    account: Option<&'a str>,
    direction: &'static str,
    amount: String,
    bank_reference: Option<&'a str>,
    #[serde(flatten)]
    found: Match,
}

/// Matches the lines of files and prints the result.
pub fn run(paths: &[PathBuf], expected: &Path) -> CommandResult {
    let table = read_table(&files::bytes(expected, TABLE_BYTES_MAX)?);
    let items = match table {
        Ok(items) => items,
        Err(problems) => {
            problems.iter().for_each(|problem| eprintln!("largesse: {}: {problem}", expected.display()));
            return Err(format!("{}: the table was refused, and nothing was matched; correct the lines above", expected.display()).into());
        }
    };
    let mut sound = true;
    let mut read_files: Vec<(&PathBuf, BankFileLines)> = Vec::new();
    for (at, path) in paths.iter().enumerate() {
        match files::bytes(path, FILE_BYTES_MAX) {
            Ok(bytes) => read_files.push((path, read(&bytes, at + 1))),
            // The other files are matched all the same.
            Err(error) => {
                eprintln!("largesse: {error}");
                sound = false;
            }
        }
    }
    let (names, read_files): (Vec<_>, Vec<_>) = read_files.into_iter().unzip();
    sound &= read_files.iter().all(BankFileLines::is_sound);
    let (lines, statements) = lines_to_match(&read_files);
    // The same statement given twice is known to be the same, so it is no reason for anybody to look.
    sound &= statements.iter().all(|problem| matches!(problem.finding, matching::soundness::SetFinding::SameStatement { .. }));
    let found = match_lines(&lines, &items, &[]);
    sound &= found.iter().all(|one| !one.outcome.is_open());
    let settled = settled(&found);
    let open = items.iter().filter(|item| item.standing == matching::ItemStanding::Open && !settled.contains(item.key.as_str()));
    let report = MatchReport {
        files: names.iter().zip(&read_files).map(|(name, file)| matched_file(name, file)).collect(),
        statements,
        settled_by_none: open.map(|item| item.key.as_str()).collect(),
        summary: summary(&found)?,
        matches: matched(&lines, found.clone()),
    };
    println!("{}", serde_json::to_string_pretty(&report)?);
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn matched_file<'a>(name: &'a Path, file: &'a BankFileLines) -> MatchedFile<'a> {
    let (statements, problems) = (file.statements.as_slice(), file.problems.as_slice());
    MatchedFile { file: name.to_string_lossy(), format: &file.format, is_sound: file.is_sound(), statements, problems }
}

/// Keys of the items that booked lines settle.
fn settled(found: &[Match]) -> std::collections::HashSet<&str> {
    let booked = found.iter().filter(|one| one.standing == matching::LineStanding::Booked);
    let keys = booked.flat_map(|one| match &one.outcome {
        matching::MatchOutcome::Settles { item } => std::slice::from_ref(item),
        matching::MatchOutcome::BatchSettles { items, difference: 0, .. } => items.as_slice(),
        _ => &[],
    });
    keys.map(String::as_str).collect()
}

fn summary(found: &[Match]) -> Result<serde_json::Map<String, serde_json::Value>, serde_json::Error> {
    let mut counts: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
    for one in found {
        let value = serde_json::to_value(&one.outcome)?;
        let name = value.get("result").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        *counts.entry(name).or_default() += 1;
    }
    Ok(counts.into_iter().map(|(name, count)| (name, count.into())).collect())
}

fn matched(lines: &[BankLine], found: Vec<Match>) -> Vec<MatchedLine<'_>> {
    let by_place: HashMap<LinePlace, &BankLine> = lines.iter().map(|line| (line.place, line)).collect();
    let with_line = found.into_iter().filter_map(|found| by_place.get(&found.place).map(|line| (*line, found)));
    let printed = with_line.map(|(line, found)| MatchedLine {
        account: line.account.as_deref(),
        direction: line.direction_word(),
        amount: line.amount.to_string(),
        bank_reference: line.bank_reference.as_deref(),
        found,
    });
    printed.collect()
}
