//! Whether an account's day can be closed, and what books and bank differ by then.
use super::{
    bank::{BankItem, CaseState, ClosedAs, FoundCase, KeptCase, LeafBooking},
    matched::{AccountFindings, AccountRun},
};
use jiff::civil::Date;
use money::Money;
use reconciliation::{
    AgeBucket, BooksState, Case, ExceptionClass,
    close::{AccountDay, CloseObstacle, ClosedDay, close},
};
use std::collections::{BTreeMap, BTreeSet};

/// What the treasury book and the tables say beside the run.
#[derive(Debug, Clone, Default)]
pub struct DayFacts {
    /// The balance of the money at the bank in the treasury book.
    pub books: i64,
    /// What the book has of entries, by their keys: the last generation of each.
    pub bookings: BTreeMap<String, LeafBooking>,
    /// What adjustments added to the money at the bank, by case.
    pub adjusted: BTreeMap<String, i64>,
    /// All cases of the account.
    pub cases: Vec<KeptCase>,
    /// The closing balance of the last closed day.
    pub closing_before: Option<i64>,
}

/// What a case still makes books and bank differ by.
#[must_use]
pub fn difference_now(case: &FoundCase, is_closed: bool, facts: &DayFacts, items: &BTreeMap<&str, &BankItem>) -> i64 {
    let booked: i64 = case.entry_keys.iter().filter_map(|key| facts.bookings.get(key)).map(LeafBooking::cash_effect).sum();
    let adjusted = facts.adjusted.get(&case.id).copied().unwrap_or_default();
    let is_back = matches!(case.class, ExceptionClass::SettledThenReturned | ExceptionClass::ReturnDiffers);
    let by_items: i64 =
        case.items.iter().filter_map(|key| items.get(key.as_str())).map(|item| since_closing(item, is_back, is_closed)).sum();
    case.difference + booked + adjusted + by_items
}

/// What the books came to have of an item of a case: a return, or what a closed day found without it.
fn since_closing(item: &BankItem, is_back: bool, is_closed: bool) -> i64 {
    if is_back {
        let sign = if item.signed() < 0 { 1 } else { -1 };
        return sign * item.returned_in_books;
    }
    let is_new = is_closed && item.closing.closed == Some(ClosedAs::Case) && !item.closing.in_books;
    if is_new && item.state == Some(BooksState::Settled) { item.signed() } else { 0 }
}

/// Closes a day, or says everything that stops it. `later` are the keys of entries after it, which the books may have already.
pub fn closed(
    asked: &AccountRun,
    day: Date,
    findings: &AccountFindings,
    facts: &DayFacts,
    later: &BTreeSet<String>,
) -> Result<ClosedDay, Vec<CloseObstacle>> {
    let items: BTreeMap<&str, &BankItem> = asked.items.iter().map(|item| (item.key.as_str(), item)).collect();
    let kept: BTreeMap<&str, &KeptCase> = facts.cases.iter().map(|case| (case.found.id.as_str(), case)).collect();
    let now = findings.cases.iter().map(|case| (case, false, kept.get(case.id.as_str()).map(|kept| kept.state)));
    let before = facts.cases.iter().filter(|case| case.closed_day.is_some()).map(|case| (&case.found, true, Some(case.state)));
    let cases: Vec<Case> = now
        .chain(before)
        .map(|(case, is_closed, state)| {
            let difference = difference_now(case, is_closed, facts, &items);
            let is_explained = case.is_noted || state == Some(CaseState::Explained);
            named(asked, case, difference, is_explained)
        })
        .collect();
    let in_cases: BTreeSet<&String> = findings.cases.iter().filter(|case| !case.is_noted).flat_map(|case| &case.entry_keys).collect();
    let explained = findings.entries.iter().filter(|entry| !in_cases.contains(&entry.key));
    let booked: i128 = explained.filter_map(|entry| facts.bookings.get(&entry.key)).map(|booking| i128::from(booking.cash_effect())).sum();
    let ahead: i128 = later.iter().filter_map(|key| facts.bookings.get(key)).map(|booking| i128::from(booking.cash_effect())).sum();
    let is_later = |case: &&KeptCase| case.found.entry_keys.iter().any(|key| later.contains(key));
    let adjusted_ahead = facts.cases.iter().filter(is_later).filter_map(|case| facts.adjusted.get(&case.found.id));
    let ahead = ahead + adjusted_ahead.map(|effect| i128::from(*effect)).sum::<i128>();
    let carried: i128 = asked.items.iter().filter(|item| is_to_post(item)).map(|item| i128::from(item.signed())).sum();
    let account_day = AccountDay {
        account: &asked.number,
        currency: asked.currency,
        day,
        opening: findings.balances.map(|balances| balances.opening),
        closing: findings.balances.map(|balances| balances.closing),
        moved: findings.moved,
        unexplained: findings.unexplained,
        books: i128::from(facts.books) - ahead,
        to_post: findings.to_post - booked + carried,
        cases: &cases,
        outstanding: &findings.outstanding,
    };
    let result = close(&account_day);
    let opening = findings.balances.map(|balances| balances.opening);
    match (result, facts.closing_before.zip(opening).filter(|(before, opening)| before != opening)) {
        (result, None) => result,
        (result, Some((before, opening))) => {
            let detail = format!("the day before was closed with {before} minor units, and this one opens with {opening}");
            let mut obstacles = vec![CloseObstacle::StatementCase { class: ExceptionClass::Gap, detail }];
            obstacles.extend(result.err().into_iter().flatten());
            Err(obstacles)
        }
    }
}

/// Whether a closed day found an item whose posting the books still lack.
fn is_to_post(item: &BankItem) -> bool {
    item.closing.closed == Some(ClosedAs::Settled) && !item.closing.in_books && item.state != Some(BooksState::Settled)
}

/// A case for the rule of closing, named by its id.
fn named(asked: &AccountRun, case: &FoundCase, difference: i64, is_explained: bool) -> Case {
    let age = super::matched::age(asked.currency.code(), case.since, asked.today);
    let is_of_file = !case.file_hash.is_empty();
    Case {
        class: case.class,
        account: Some(asked.number.clone()),
        amount: if is_of_file { None } else { Money::try_new(asked.currency, case.amount).ok() },
        difference: i128::from(difference),
        statement: None,
        places: Vec::new(),
        items: vec![case.id.clone()],
        since: Some(case.since),
        age_banking_days: age,
        age: AgeBucket::of(age),
        owner: case.class.owner(),
        next_step: case.class.next_step(),
        detail: case.detail.clone(),
        rule: None,
        evidence: Vec::new(),
        proposal: None,
        postings: Vec::new(),
        undone_by: None,
        // A case without a difference stops nothing, and an explained one is no obstacle; a difference is named in any state.
        is_noted_only: is_explained && (is_of_file || case.is_noted),
    }
}
