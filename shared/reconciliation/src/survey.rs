//! All files before any of their entries: what is wrong with a file or a statement comes first and apart, and nothing of such a statement is matched.

mod structure;

use crate::{age::AgeBucket, case::Case, class::ExceptionClass, terms::RunTerms};
use matching::{
    LineStanding, StatementContent, StatementPart, StreamedFile,
    soundness::{SetFinding, StatementProblem, compare_statements},
};
use money::Currency;
use rails::CalendarGap;
use std::collections::{BTreeMap, HashSet};

/// Problems of a file that are repeated in its case; the file's own list has all.
const PROBLEMS_SHOWN_MAX: usize = 3;

/// The files of a run, each read once.
#[derive(Debug, Default)]
pub struct Survey {
    files: Vec<(usize, StreamedFile)>,
}

/// What the files are, and which of their statements are matched.
#[derive(Debug)]
pub struct Judged {
    /// What is wrong with files and statements.
    pub cases: Vec<Case>,
    /// The files in the order in which they are to be read again: statements before what is only information, earlier days first.
    pub order: Vec<usize>,
    /// Where the statements of each account begin and end.
    pub balances: BTreeMap<(String, String), AccountBalances>,
    /// Lines of the statements that are matched.
    pub lines: usize,
    accepted: HashSet<(usize, usize)>,
}

/// Where the accepted statements of an account begin and end, in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountBalances {
    /// The opening balance of the first.
    pub opening: i64,
    /// The closing balance of the last.
    pub closing: i64,
    /// The last one's day.
    pub day: jiff::civil::Date,
}

impl Judged {
    /// Whether a statement's lines are matched. Files of ACH returns have no statement, and their lines are information.
    #[must_use]
    pub fn is_accepted(&self, part: &StatementPart) -> bool {
        self.accepted.contains(&(part.file, part.statement))
    }
}

impl Survey {
    /// No files yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file with the number that its statements have.
    pub fn add(&mut self, number: usize, file: StreamedFile) {
        self.files.push((number, file));
    }

    /// The files with their numbers.
    #[must_use]
    pub fn files(&self) -> &[(usize, StreamedFile)] {
        &self.files
    }

    pub(crate) fn into_files(self) -> Vec<(usize, StreamedFile)> {
        self.files
    }

    /// Judges all of them. `accounts` are those that items are expected on; if there are none, every account is taken.
    ///
    /// # Errors
    /// If a calendar does not cover a statement's day.
    pub fn judge(&self, terms: &RunTerms<'_>, accounts: &[(String, Currency)]) -> Result<Judged, CalendarGap> {
        let mut judge = Judge { terms, cases: Vec::new(), refused: HashSet::new() };
        for (number, file) in &self.files {
            judge.file(*number, file)?;
            if file.is_sound() {
                for (part, content) in &file.statements {
                    judge.statement(part, content, accounts)?;
                }
            }
        }
        let contents: BTreeMap<(usize, usize), &StatementContent> = self
            .files
            .iter()
            .flat_map(|(_, file)| file.statements.iter().map(|(part, content)| ((part.file, part.statement), content)))
            .collect();
        let taken: Vec<(&str, &StatementPart)> = self
            .files
            .iter()
            .filter(|(_, file)| file.is_sound())
            .flat_map(|(_, file)| file.statements.iter().map(|(part, _)| (file.format.as_str(), part)))
            .filter(|(_, part)| !judge.refused.contains(&(part.file, part.statement)))
            .collect();
        let digest = |part: &StatementPart| contents.get(&(part.file, part.statement)).map(|content| content.digest);
        let problems = compare_statements(&taken, &|one, other| digest(one) == digest(other));
        let parts: BTreeMap<(usize, usize), &StatementPart> = taken.iter().map(|(_, part)| ((part.file, part.statement), *part)).collect();
        for problem in &problems {
            if let Some(part) = parts.get(&(problem.file, problem.statement)) {
                judge.beside_others(problem, part)?;
            }
        }
        structure::check(&mut judge, &taken)?;
        Ok(self.finished(judge, &taken, &contents))
    }

    fn finished(
        &self,
        judge: Judge<'_, '_>,
        taken: &[(&str, &StatementPart)],
        contents: &BTreeMap<(usize, usize), &StatementContent>,
    ) -> Judged {
        let set_aside = |part: &&StatementPart| judge.refused.contains(&(part.file, part.statement));
        let is_leaf = |part: &&StatementPart| judge.terms.is_leaf(part.account.as_deref());
        let kept: Vec<&StatementPart> = taken.iter().map(|(_, part)| *part).filter(|part| !set_aside(part) && !is_leaf(part)).collect();
        let accepted: HashSet<_> = kept.iter().map(|part| (part.file, part.statement)).collect();
        let lines = kept.iter().filter_map(|part| contents.get(&(part.file, part.statement))).map(|content| content.lines).sum();
        // Statements of a file are read in the file's order, whatever it is.
        let mut order: Vec<_> = self
            .files
            .iter()
            .filter(|(_, file)| file.is_sound())
            .map(|(number, file)| {
                let first = file.statements.iter().map(|(part, _)| (part.standing, part.day, part.number, part.page)).min();
                (first.is_none(), first, *number)
            })
            .collect();
        order.sort();
        let order = order.into_iter().map(|(_, _, number)| number).collect();
        let balances = balances(&kept);
        Judged { cases: judge.cases, order, balances, lines, accepted }
    }
}

fn balances(kept: &[&StatementPart]) -> BTreeMap<(String, String), AccountBalances> {
    let mut sorted: Vec<&&StatementPart> = kept.iter().filter(|part| part.standing == LineStanding::Booked).collect();
    sorted.sort_by_key(|part| (part.day, part.number, part.page, part.file, part.statement));
    let mut balances: BTreeMap<(String, String), AccountBalances> = BTreeMap::new();
    for part in sorted {
        let (Some(opening), Some(closing), Some(day), Some(account)) = (part.opening, part.closing, part.day, &part.account) else {
            continue;
        };
        let key = (account.clone(), part.currency.clone());
        let new = AccountBalances { opening, closing, day };
        balances.entry(key).and_modify(|all| (all.closing, all.day) = (closing, day)).or_insert(new);
    }
    balances
}

/// What is found while files are judged.
pub(crate) struct Judge<'t, 'c> {
    terms: &'t RunTerms<'c>,
    cases: Vec<Case>,
    refused: HashSet<(usize, usize)>,
}

impl Judge<'_, '_> {
    fn file(&mut self, number: usize, file: &StreamedFile) -> Result<(), CalendarGap> {
        let money: Vec<_> = file.problems.iter().filter(|problem| problem.touches_money).collect();
        if money.is_empty() {
            return Ok(());
        }
        let mut detail: Vec<String> =
            money.iter().take(PROBLEMS_SHOWN_MAX).map(|problem| format!("{}: {}", problem.place, problem.what)).collect();
        if money.len() > PROBLEMS_SHOWN_MAX {
            detail.push(format!("and {} more", money.len() - PROBLEMS_SHOWN_MAX));
        }
        let part = file.statements.first().map(|(part, _)| part);
        let detail = format!("file {number} was refused, and none of its entries was matched: {}", detail.join("; "));
        self.add(ExceptionClass::Totals, part, detail)?;
        self.refused.extend(file.statements.iter().map(|(part, _)| (part.file, part.statement)));
        Ok(())
    }

    fn statement(&mut self, part: &StatementPart, content: &StatementContent, accounts: &[(String, Currency)]) -> Result<(), CalendarGap> {
        let account = part.account.as_deref().unwrap_or_default();
        let currencies: Vec<&str> = accounts.iter().filter(|(known, _)| known == account).map(|(_, currency)| currency.code()).collect();
        let is_known = accounts.is_empty()
            || !currencies.is_empty()
            || self.terms.is_leaf(part.account.as_deref())
            || self.terms.structure.iter().any(|physical| physical.account == account);
        let today = self.terms.today;
        let is_booked = part.standing == LineStanding::Booked;
        let future = [part.day, content.last_booked].into_iter().flatten().max().filter(|day| is_booked && *day > today);
        let why = if !is_known {
            "it is of another account than the expected ones".to_owned()
        } else if !currencies.is_empty() && !currencies.contains(&part.currency.as_str()) {
            format!("it is in {}, and the account in {}", part.currency, currencies.join(", "))
        } else if let Some(day) = future {
            format!("it has entries or balances of {day}, and today is {today}")
        } else {
            return Ok(());
        };
        self.refused.insert((part.file, part.statement));
        let detail = format!("statement {} of file {} was refused, and none of its entries was matched: {why}", part.statement, part.file);
        self.add(ExceptionClass::Totals, Some(part), detail)
    }

    fn beside_others(&mut self, problem: &StatementProblem, part: &StatementPart) -> Result<(), CalendarGap> {
        let name = format!("statement {} of file {}", part.statement, part.file);
        let (class, detail) = match &problem.finding {
            SetFinding::SameStatement { of } => {
                (ExceptionClass::DuplicateStatement, format!("{name} is statement {} of file {} again; it was left out", of.1, of.0))
            }
            SetFinding::ChangedStatement { of } => (
                ExceptionClass::DuplicateStatement,
                format!(
                    "{name} has the number and day of statement {} of file {} and says something else; neither was matched",
                    of.1, of.0
                ),
            ),
            SetFinding::Gap { expected } => {
                let expected = expected.map_or_else(String::new, |number| format!("; number {number} was expected"));
                (ExceptionClass::Gap, format!("one or more statements are missing before {name}{expected}"))
            }
            SetFinding::WrongOpening { expected, found } => {
                let what =
                    format!("{name} opens with {found} minor units, and the statement before closed with {expected}; it was not matched");
                (ExceptionClass::Gap, what)
            }
        };
        if problem.set_aside {
            self.refused.insert((part.file, part.statement));
        }
        self.add(class, Some(part), detail)?;
        if let (SetFinding::SameStatement { .. }, Some(case)) = (&problem.finding, self.cases.last_mut()) {
            case.is_noted_only = true;
        }
        Ok(())
    }

    fn add(&mut self, class: ExceptionClass, part: Option<&StatementPart>, detail: String) -> Result<(), CalendarGap> {
        let account = part.and_then(|part| part.account.clone());
        let since = part.and_then(|part| part.day).unwrap_or(self.terms.today);
        let age_banking_days = self.terms.days(account.as_deref()).between(since, self.terms.today)?;
        self.cases.push(Case {
            class,
            account,
            amount: None,
            difference: 0,
            statement: part.map(|part| (part.file, part.statement)),
            places: Vec::new(),
            items: Vec::new(),
            since: Some(since),
            age_banking_days,
            age: AgeBucket::of(age_banking_days),
            owner: class.owner(),
            next_step: class.next_step(),
            detail,
            rule: None,
            evidence: Vec::new(),
            proposal: None,
            postings: Vec::new(),
            undone_by: None,
            is_noted_only: false,
        });
        Ok(())
    }
}
