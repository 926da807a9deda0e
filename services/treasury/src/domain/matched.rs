//! An account's open days: its files against its items, by `reconciliation`. The answer depends on nothing but what is passed in, so it can be computed anew
//! whenever anything of that changes.
use super::{
    StandardLeaf,
    bank::{BankFile, BankItem, BookingSide, ClosedEntry, EntryResult, FoundCase, FoundEntry, KeptEvidence, KeptPosting, LeafBooking},
};
use iso20022::camt053::Direction;
use jiff::civil::Date;
use matching::{BankLine, ExpectedItem, ItemStanding, LinePlace, LineStanding, StatementPart, StreamedFile, stream};
use money::{Currency, Money};
use rails::{CalendarGap, RailBook};
use reconciliation::{
    BooksState, Case, ExceptionClass, Explained, ExplainedLine, Item, ItemKind, ItemStore, Judged, Outstanding, PostingBook,
    ReconciliationRule, Run, RunError, RunTerms, StoreError, Survey,
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::LazyLock,
};

mod keys;

use keys::{case_id, entry_key};

/// Digits of a file's hash that name it in a text.
const FILE_NAME_DIGITS: usize = 12;

static RAILS: LazyLock<RailBook> = LazyLock::new(RailBook::built_in);

/// Why an account can't be reconciled.
#[derive(Debug, thiserror::Error)]
pub enum RunFault {
    /// The run itself.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The items.
    #[error(transparent)]
    Items(#[from] StoreError),
    /// A statement's day.
    #[error(transparent)]
    Calendar(#[from] CalendarGap),
    /// A file's bytes could not be read, so that entries would be missing.
    #[error("the file {0} could not be read from disk")]
    Unread(String),
}

/// Everything that a run goes by.
#[derive(Debug, Clone)]
pub struct AccountRun {
    /// The physical account's id.
    pub account: String,
    /// Its number at the bank, as numbers are compared.
    pub number: String,
    /// Its currency.
    pub currency: Currency,
    /// Numbers of its virtual accounts of which there ever was a statement.
    pub leaves: Vec<String>,
    /// The day of the call.
    pub today: Date,
    /// The files with statements of open days, and those of the last closed one, in the order in which they came.
    pub files: Vec<BankFile>,
    /// What should happen.
    pub items: Vec<BankItem>,
    /// Entries of closed days.
    pub closed: Vec<ClosedEntry>,
    /// The last closed day.
    pub closed_through: Option<Date>,
    /// Statements of later days are left out.
    pub until: Option<Date>,
}

/// Balances of the days of a run, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunBalances {
    /// Before the first entry.
    pub opening: i64,
    /// After the last.
    pub closing: i64,
}

/// What a run found.
#[derive(Debug)]
pub struct AccountFindings {
    /// Booked entries.
    pub entries: Vec<FoundEntry>,
    /// What has to be explained.
    pub cases: Vec<FoundCase>,
    /// What did not come yet.
    pub outstanding: Vec<Outstanding>,
    /// `None`: no statement was accepted.
    pub balances: Option<RunBalances>,
    /// What the booked entries come to.
    pub moved: i128,
    /// What postings of explained entries add to the books, if those do not have them.
    pub to_post: i128,
    /// Entries that are neither explained nor in a case.
    pub unexplained: u64,
}

/// A booked line that is matched.
struct KeyedLine {
    line: BankLine,
    day: Date,
    key: String,
}

/// Reads the files twice and matches what is of open days.
pub fn run(asked: &AccountRun) -> Result<AccountFindings, RunFault> {
    let mut terms = RunTerms::new(asked.today, RAILS.calendars(), calendar(asked.currency));
    if !asked.leaves.is_empty() {
        terms.add_structure(&asked.number, &asked.leaves.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let first: Vec<StreamedFile> =
        asked.files.iter().enumerate().map(|(at, file)| stream(file.bytes.reader(), at + 1, &mut |_, _| {})).collect();
    let mut survey = Survey::new();
    for (at, (file, read)) in asked.files.iter().zip(&first).enumerate() {
        survey.add(at + 1, asked.survey(file, read));
    }
    let judged = survey.judge(&terms, &[(asked.number.clone(), asked.currency)])?;
    let mut lines: HashMap<LinePlace, KeyedLine> = HashMap::new();
    let mut order = Vec::new();
    let mut explained = Vec::new();
    let mut give = |line: ExplainedLine| explained.push(line);
    let mut run = Run::new(&terms, &judged, asked.store()?, &mut give);
    asked.closed.iter().filter_map(|entry| entry.seen.as_ref()).for_each(|seen| run.remember(seen));
    for number in judged.order.iter().copied() {
        let Some(file) = number.checked_sub(1).and_then(|at| asked.files.get(at)) else { continue };
        let mut occurrences: BTreeMap<String, usize> = BTreeMap::new();
        stream(file.bytes.reader(), number, &mut |part, line| {
            // A statement's end may say what day it is of, so it is known from the first reading only.
            let Some(part) = statement(&first, part) else { return };
            let Some(day) = asked.matched_day(file, part).filter(|_| judged.is_accepted(part)) else { return };
            let key = entry_key(&asked.account, part, &line, &mut occurrences);
            order.push(line.place);
            lines.insert(line.place, KeyedLine { line: line.clone(), day, key });
            run.line(part, line);
        });
    }
    let reconciled = run.finish()?;
    let sums = reconciled.sums.get(&(asked.number.clone(), asked.currency.code().to_owned())).copied().unwrap_or_default();
    let mut found = RunEntries { asked, lines: &lines, entries: BTreeMap::new(), again: BTreeSet::new() };
    explained.iter().for_each(|line| found.explained(line));
    let is_ours = |case: &&Case| {
        case.account.as_deref().is_none_or(|account| account == asked.number || asked.leaves.iter().any(|leaf| leaf == account))
    };
    let mut ids = BTreeMap::new();
    let mut cases: Vec<FoundCase> =
        judged.cases.iter().chain(&reconciled.cases).filter(is_ours).map(|case| found.case(case, &mut ids)).collect();
    cases.extend(asked.late(&first));
    // What was not read must not look like an entry that is not there any more.
    if let Some(file) = asked.files.iter().find(|file| file.bytes.has_failed()) {
        return Err(RunFault::Unread(file.hash.clone()));
    }
    let unexplained = order.iter().filter(|place| !found.again.contains(*place) && !found.entries.contains_key(*place)).count();
    let entries = order.iter().filter_map(|place| found.entries.remove(place)).collect();
    Ok(AccountFindings {
        entries,
        cases,
        outstanding: reconciled.outstanding,
        balances: balances(asked, &survey, &judged),
        moved: sums.moved,
        to_post: sums.to_post,
        unexplained: unexplained as u64,
    })
}

/// The calendar by which ages on accounts of a currency are counted; without one, every day counts.
#[must_use]
pub fn calendar(currency: Currency) -> Option<&'static str> {
    match currency.code() {
        "EUR" => Some("EU-TARGET"),
        "USD" => Some("US-FED"),
        "GBP" => Some("GB-ENG"),
        _ => None,
    }
}

/// The age of a case in banking days; where its calendar does not reach, in days.
#[must_use]
pub fn age(currency: &str, since: Date, today: Date) -> u32 {
    let calendar = Currency::try_new(currency).ok().and_then(calendar);
    let counted = reconciliation::BankingDays::new(RAILS.calendars(), calendar).between(since, today);
    counted.or_else(|_| reconciliation::BankingDays::new(RAILS.calendars(), None).between(since, today)).unwrap_or_default()
}

/// A statement as the first reading of its file left it.
fn statement<'a>(first: &'a [StreamedFile], part: &StatementPart) -> Option<&'a StatementPart> {
    let file = part.file.checked_sub(1).and_then(|at| first.get(at))?;
    part.statement.checked_sub(1).and_then(|at| file.statements.get(at)).map(|(known, _)| known)
}

fn balances(asked: &AccountRun, survey: &Survey, judged: &Judged) -> Option<RunBalances> {
    let parts = survey.files().iter().flat_map(|(number, file)| {
        let file_of = number.checked_sub(1).and_then(|at| asked.files.get(at));
        file.statements.iter().filter_map(move |(part, _)| Some((file_of?, part)))
    });
    let mut parts: Vec<&StatementPart> =
        parts.filter(|(file, part)| judged.is_accepted(part) && asked.matched_day(file, part).is_some()).map(|(_, part)| part).collect();
    parts.sort_by_key(|part| (part.day, part.number, part.page, part.file, part.statement));
    Some(RunBalances { opening: parts.first()?.opening?, closing: parts.last()?.closing? })
}

impl AccountRun {
    /// A file, with those of its statements that are compared with each other.
    fn survey(&self, file: &BankFile, read: &StreamedFile) -> StreamedFile {
        let mut read = read.clone();
        read.statements.retain(|(part, _)| {
            let account = part.account.as_deref().unwrap_or_default();
            (account == self.number || self.leaves.iter().any(|leaf| leaf == account)) && !self.is_late(file, part) && self.is_in_time(part)
        });
        // What is wrong with a file is said once, with its first statement.
        if read.statements.is_empty() {
            read.problems.clear();
        }
        read
    }

    fn is_in_time(&self, part: &StatementPart) -> bool {
        part.day.is_none_or(|day| self.until.is_none_or(|until| day <= until))
    }

    /// Whether a statement is of a day that was closed without it.
    fn is_late(&self, file: &BankFile, part: &StatementPart) -> bool {
        let is_closed = part.day.zip(self.closed_through).is_some_and(|(day, closed)| day <= closed);
        is_closed && part.standing == LineStanding::Booked && !file.frozen.contains(&part.statement)
    }

    /// The day of a statement whose lines are matched.
    fn matched_day(&self, file: &BankFile, part: &StatementPart) -> Option<Date> {
        let is_ours = part.account.as_deref() == Some(self.number.as_str()) && part.standing == LineStanding::Booked;
        let is_open = !file.frozen.contains(&part.statement) && !self.is_late(file, part) && self.is_in_time(part);
        part.day.filter(|_| is_ours && is_open)
    }

    /// A statement of a closed day with entries that the day does not have is a case of today, and nothing of it is matched.
    fn late(&self, first: &[StreamedFile]) -> Vec<FoundCase> {
        let Some(closed) = self.closed_through else { return Vec::new() };
        let known: BTreeSet<&str> = self.closed.iter().map(|entry| entry.key.as_str()).collect();
        let mut cases = Vec::new();
        let is_late =
            |file: &BankFile, part: &StatementPart| part.account.as_deref() == Some(self.number.as_str()) && self.is_late(file, part);
        for (at, (file, read)) in self.files.iter().zip(first).enumerate() {
            if !read.statements.iter().any(|(part, _)| is_late(file, part)) {
                continue;
            }
            let mut further: BTreeMap<usize, usize> = BTreeMap::new();
            let mut occurrences = BTreeMap::new();
            stream(file.bytes.reader(), at + 1, &mut |part, line| {
                let Some(part) = statement(first, part).filter(|part| is_late(file, part)) else { return };
                if !known.contains(entry_key(&self.account, part, &line, &mut occurrences).as_str()) {
                    *further.entry(part.statement).or_default() += 1;
                }
            });
            let late = read.statements.iter().map(|(part, _)| part).filter(|part| further.contains_key(&part.statement));
            for part in late {
                let day = part.day.unwrap_or(closed);
                let detail = format!(
                    "the day {day} is closed, and this statement of it has {} entries that the closed day does not have; nothing of it was matched",
                    further[&part.statement]
                );
                cases.push(FoundCase {
                    id: case_id(&["late", &self.account, &file.hash, &part.statement.to_string()]),
                    class: ExceptionClass::DuplicateStatement,
                    file_hash: file.hash.clone(),
                    since: self.today,
                    detail,
                    ..FoundCase::blank(self.today)
                });
            }
        }
        cases
    }

    fn store(&self) -> Result<ItemStore, StoreError> {
        let mut store = ItemStore::new();
        for item in &self.items {
            if let Some(item) = self.item(item) {
                store.push(&item)?;
            }
        }
        store.ready()
    }

    fn item(&self, item: &BankItem) -> Option<Item> {
        let text = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let (least, most) = item.amounts;
        let mut expected = ExpectedItem::new(&item.key, &self.number, item.direction, Money::try_new(self.currency, least).ok()?);
        let references = &item.references;
        expected.end_to_end_id = text(&references.end_to_end_id);
        expected.short_reference = text(&references.short_reference);
        expected.payment_ids.clone_from(&references.payment_ids);
        expected.trace = text(&references.trace);
        expected.returned_minor_units = item.closing.returned;
        expected.duplicates = u32::try_from(item.closing.duplicates).unwrap_or_default();
        expected.standing = match (item.closing.closed, item.state) {
            (Some(_), _) => ItemStanding::Settled,
            (None, None) => ItemStanding::Rejected,
            (None, Some(_)) => ItemStanding::Open,
        };
        let [since, final_day, value_date] = item.days;
        Some(Item {
            amount_most: Money::try_new(self.currency, most).ok(),
            state: item.state.unwrap_or(BooksState::Submitted),
            since,
            final_day,
            value_date,
            settlement: text(&references.settlement),
            descriptor: text(&references.descriptor),
            ..Item::new(expected, item.kind)
        })
    }
}

/// Entries and cases in the form in which they are kept.
struct RunEntries<'a> {
    asked: &'a AccountRun,
    lines: &'a HashMap<LinePlace, KeyedLine>,
    entries: BTreeMap<LinePlace, FoundEntry>,
    again: BTreeSet<LinePlace>,
}

impl RunEntries<'_> {
    fn entry(&self, place: LinePlace, result: EntryResult) -> Option<FoundEntry> {
        let KeyedLine { line, day, key } = self.lines.get(&place)?;
        let file = self.asked.files.get(place.file.checked_sub(1)?)?;
        Some(FoundEntry {
            key: key.clone(),
            day: *day,
            place: (file.hash.clone(), [place.statement, place.entry, place.detail]),
            direction: line.direction,
            amount: line.amount.minor_units(),
            reference: (line.bank_reference.clone().unwrap_or_default(), line.reference_part),
            end_to_end_id: line.identity().and_then(|identity| identity.end_to_end).unwrap_or_default(),
            result,
            rule: 0,
            evidence: Vec::new(),
            items: Vec::new(),
            booking: None,
        })
    }

    fn explained(&mut self, line: &ExplainedLine) {
        let (result, items) = match &line.explained {
            Explained::Settles { items, .. } => (EntryResult::Settles, items.clone()),
            Explained::UndoesDuplicate { item, .. } => (EntryResult::UndoesDuplicate, vec![item.clone()]),
            Explained::SameEntryAgain { .. } | Explained::Information { .. } => {
                self.again.insert(line.place);
                return;
            }
        };
        let Some(entry) = self.entry(line.place, result) else { return };
        let is_charge = |key: &String| self.asked.items.iter().any(|item| item.key == *key && item.kind == ItemKind::Charge);
        let sides = match (result, entry.direction) {
            (EntryResult::Settles, _) if !items.iter().all(is_charge) => None,
            (EntryResult::Settles, Direction::Debit) => Some((BookingSide::Leaf(StandardLeaf::FeesAndInterest), BookingSide::Cash)),
            (EntryResult::Settles, Direction::Credit) => Some((BookingSide::Cash, BookingSide::Leaf(StandardLeaf::FeesAndInterest))),
            (_, Direction::Credit) => Some((BookingSide::Cash, BookingSide::Leaf(StandardLeaf::Suspense))),
            (_, Direction::Debit) => Some((BookingSide::Leaf(StandardLeaf::Unallocated), BookingSide::Cash)),
        };
        let booking = sides.map(|(debit, credit)| LeafBooking { debit, credit, amount: entry.amount });
        let (rule, evidence) = (line.rule.map_or(0, rule_number), kept(&line.evidence));
        self.entries.insert(line.place, FoundEntry { rule, evidence, items, booking, ..entry });
    }

    /// A text with the names of files in place of their numbers in this run, which say nothing to anybody.
    fn with_names(&self, text: &str) -> String {
        let named = |text: String, (at, file): (usize, &BankFile)| {
            let name = file.hash.get(..FILE_NAME_DIGITS).unwrap_or(&file.hash);
            text.replace(&format!("file {}", at + 1), &format!("file {name}"))
        };
        // From the last one, or the number 1 would be found in 12.
        self.asked.files.iter().enumerate().rev().fold(text.to_owned(), named)
    }

    /// A case, and its entries where no line explained them.
    fn case(&mut self, case: &Case, ids: &mut BTreeMap<String, usize>) -> FoundCase {
        let (rule, evidence) = (case.rule.map_or(0, rule_number), kept(&case.evidence));
        let mut entry_keys = Vec::new();
        for place in &case.places {
            let Some(entry) = self.entry(*place, EntryResult::InCase) else { continue };
            entry_keys.push(entry.key.clone());
            let booking = unordered(case, entry.direction).map(|(debit, credit)| LeafBooking { debit, credit, amount: entry.amount });
            let entry = FoundEntry { rule, evidence: evidence.clone(), items: case.items.clone(), booking, ..entry };
            self.entries.entry(*place).or_insert(entry);
        }
        let account = &self.asked.account;
        let file = case.statement.and_then(|(number, _)| self.asked.files.get(number.checked_sub(1)?));
        let file_hash = file.map(|file| file.hash.clone()).unwrap_or_default();
        let about = match (entry_keys.first(), case.statement) {
            (Some(key), _) => vec!["entry", account, key],
            (None, Some(_)) => vec!["file", account, case.class.code(), &file_hash],
            (None, None) => ["item", account].into_iter().chain(case.items.iter().map(String::as_str)).collect(),
        };
        let times = ids.entry(about.join(" ")).or_insert(0_usize);
        *times += 1;
        let number = if *times > 1 { times.to_string() } else { String::new() };
        let id = case_id(&[about.as_slice(), &[number.as_str()]].concat());
        FoundCase {
            id,
            class: case.class,
            amount: case.amount.map_or(0, |amount| amount.minor_units()),
            difference: i64::try_from(case.difference).unwrap_or(i64::MAX),
            entry_keys,
            items: case.items.clone(),
            file_hash,
            since: case.since.unwrap_or(self.asked.today),
            detail: self.with_names(&case.detail),
            rule,
            evidence,
            postings: case.postings.iter().map(posting).collect(),
            proposed_item: case.proposal.as_ref().map(|proposal| proposal.item.clone()).unwrap_or_default(),
            is_noted: !case.is_open(),
        }
    }
}

impl FoundCase {
    fn blank(since: Date) -> Self {
        Self {
            id: String::new(),
            class: ExceptionClass::Totals,
            amount: 0,
            difference: 0,
            entry_keys: Vec::new(),
            items: Vec::new(),
            file_hash: String::new(),
            since,
            detail: String::new(),
            rule: 0,
            evidence: Vec::new(),
            postings: Vec::new(),
            proposed_item: String::new(),
            is_noted: false,
        }
    }
}

/// Where an entry stays that nobody ordered, until somebody decides. Where one item fits it, people decide first.
fn unordered(case: &Case, direction: Direction) -> Option<(BookingSide, BookingSide)> {
    let is_unordered = matches!(case.class, ExceptionClass::UnknownDebit | ExceptionClass::UnknownCredit | ExceptionClass::DuplicateDebit);
    let sides = match direction {
        Direction::Credit => (BookingSide::Cash, BookingSide::Leaf(StandardLeaf::Unallocated)),
        Direction::Debit => (BookingSide::Leaf(StandardLeaf::Suspense), BookingSide::Cash),
    };
    (is_unordered && case.proposal.is_none()).then_some(sides)
}

fn kept(evidence: &[reconciliation::Evidence]) -> Vec<KeptEvidence> {
    evidence.iter().map(|one| KeptEvidence { field: one.field.to_owned(), text: one.text.clone() }).collect()
}

fn posting(proposed: &reconciliation::ProposedPosting) -> KeptPosting {
    let book = match proposed.book {
        PostingBook::App => "app",
        PostingBook::Treasury => "treasury",
    };
    KeptPosting {
        book: book.to_owned(),
        debit: proposed.debit.to_owned(),
        credit: proposed.credit.to_owned(),
        amount: proposed.amount.minor_units(),
        why: proposed.reason.to_owned(),
    }
}

const fn rule_number(rule: ReconciliationRule) -> u8 {
    match rule {
        ReconciliationRule::BankReference => 1,
        ReconciliationRule::EndToEndId => 2,
        ReconciliationRule::PaymentId => 3,
        ReconciliationRule::AchBatch => 4,
        ReconciliationRule::Settlement => 5,
        ReconciliationRule::DeclaredBatch => 6,
        ReconciliationRule::Proposal => 7,
    }
}
