//! PROVE: the books are checked against themselves, the services and the bank; and a falsified byte is detected.
use super::{
    StoryTelling,
    bank::{CURRENCIES, OurAccount},
    books::{self, BookSums},
    copy,
    summary::{BankCash, ChangedCopy, PayoutSummary, ProofSummary, SummaryAmount, SummaryLine, stores::StoresSummary},
};
use crate::scratch;
use chart::{
    Account, Purpose,
    account::{ALL_VIEWER_COINS, ALL_VIEWER_DEBT},
};
use db::Database;
use monitor::audit::{self, BookReport};
use runtime::command::UntypedError;
use std::collections::BTreeMap;

/// Checks everything that can be checked from outside.
pub async fn prove(story: &mut StoryTelling, stores: &StoresSummary, paid: &[PayoutSummary]) -> Result<ProofSummary, UntypedError> {
    let database = Database::parse(&story.options.database)?;
    let sums = books::sums(&story.installation).await?;
    let verified = books::verify(&story.installation).await?;
    story.expect("the running ledger verifies its book", verified.ok, &format!("event {}: {}", verified.first_bad_seq, verified.problem));
    let report = find(story, &database).await?;
    let problems: Vec<&String> = report.problems.iter().chain(report.ledger.problem.as_ref().map(|problem| &problem.what)).collect();
    story.expect("the audit across services finds nothing", problems.is_empty(), &format!("{problems:?}"));
    story.same("head hash by RPC and from the store", verified.head_hash.clone(), report.ledger.head_hash.clone());
    let joined = report.joined.purchases.unwrap_or(0);
    story.expect("every purchase, and what became of some, is compared with its postings", joined > stores.purchases, &joined.to_string());
    let [issued, spent, held, owed] = coins(story, &sums, &report)?;
    balanced(story, &sums);
    let bank_cash = bank_cash(story, &sums).await?;
    let (returned, blocked) = kept_back(story, &sums, paid)?;
    for currency in CURRENCIES {
        let transit = sums.balance(&books::money_account(Purpose::InTransit, currency));
        story.same(&format!("{currency} in transit when every payout is final"), 0, transit);
    }
    let pending: i64 = sums.0.iter().map(|line| line.debits_pending + line.credits_pending).sum();
    story.same("amounts still held when every payout is final", 0, pending);
    let changed = changed(story, &database, &report).await?;
    story.bar.inc(1);
    Ok(ProofSummary {
        coins_issued: issued,
        coins_spent: spent,
        coins_held: held,
        coins_owed: owed,
        bank_cash,
        returned,
        blocked,
        trial_balance: sums.0.iter().map(line).collect(),
        events: verified.events,
        transfers: verified.transfers,
        head_commit_no: verified.head_commit_no,
        head_hash: verified.head_hash,
        changed_copy: changed,
    })
}

fn line(line: &api::ledger::TrialBalanceLine) -> SummaryLine {
    SummaryLine {
        unit: line.unit.clone(),
        accounts: line.accounts.clone(),
        count: line.count,
        debits: line.debits_posted,
        credits: line.credits_posted,
    }
}

async fn find(story: &StoryTelling, database: &Database) -> Result<BookReport, UntypedError> {
    let report = audit::audit(database, None).await?;
    let book = story.installation.book.as_str();
    report.books.into_iter().find(|report| report.ledger.book == book).ok_or_else(|| format!("the store has no book {book}").into())
}

/// Compares the coins by RPC with those in the stores: issued, spent, in wallets and owed.
fn coins(story: &mut StoryTelling, sums: &BookSums, report: &BookReport) -> Result<[i64; 4], UntypedError> {
    let issued = -sums.balance(&Account::CoinsIssued.name());
    let (spent, held) = (sums.balance(&Account::CoinsRedeemed.name()), sums.balance(ALL_VIEWER_COINS));
    let owed = -sums.balance(ALL_VIEWER_DEBT);
    story.same("coins issued, and coins spent and held less those that are owed", issued, spent + held - owed);
    let (found, stored) = ([issued, spent, held, owed], &report.coins);
    let stored = [stored.issued, stored.redeemed, stored.held, stored.owed];
    let is_same = stored == found.map(i128::from);
    story.expect("the stores have the coins that the ledger reports", is_same, &format!("{stored:?}, not {found:?}"));
    Ok(found)
}

/// Checks that debits and credits of every unit are equal.
fn balanced(story: &mut StoryTelling, sums: &BookSums) {
    let mut units: BTreeMap<&str, i64> = BTreeMap::new();
    for line in &sums.0 {
        *units.entry(&line.unit).or_default() += line.debits_posted - line.credits_posted;
    }
    for (unit, difference) in units {
        story.same(&format!("difference of debits and credits in {unit}"), 0, difference);
    }
}

async fn bank_cash(story: &mut StoryTelling, sums: &BookSums) -> Result<Vec<BankCash>, UntypedError> {
    let mut all = Vec::new();
    for account in OurAccount::all() {
        let (currency, bank) = (account.currency, if account.is_ach { "ACH bank" } else { "bank" });
        let ours = -sums.balance(&account.cash());
        let statement = story.bank.statement(account).await?;
        let theirs = i64::try_from(statement.closing.signed_minor_units())?;
        story.same(&format!("our {currency} at the {bank}, and its own statement"), ours, theirs);
        all.push(BankCash {
            bank: bank.to_owned(),
            ledger: SummaryAmount::try_new(currency, ours)?,
            statement: SummaryAmount::try_new(currency, theirs)?,
            statement_entries: statement.entries.len(),
        });
    }
    Ok(all)
}

/// What came back of the payouts, and what is blocked. Checks the house's accounts of both against the payouts.
fn kept_back(
    story: &mut StoryTelling,
    sums: &BookSums,
    paid: &[PayoutSummary],
) -> Result<(Vec<SummaryAmount>, Vec<SummaryAmount>), UntypedError> {
    let (mut returned, mut blocked) = (BTreeMap::new(), BTreeMap::new());
    for currency in CURRENCIES {
        let of_currency = || paid.iter().filter(|paid| paid.amount.currency == currency);
        let balance = |purpose| sums.balance(&books::money_account(purpose, currency));
        let back: i64 = of_currency().flat_map(|paid| &paid.returns).map(|back| back.amount.minor_units).sum();
        let held: i64 = of_currency().filter(|paid| paid.review.as_ref().is_some_and(|review| review.is_true_match)).map(minor_units).sum();
        let borne: i64 = of_currency().flat_map(|paid| &paid.returns).map(|back| back.charge_borne.minor_units).sum();
        story.same(&format!("{currency} of true matches, and in blocked funds"), held, balance(Purpose::BlockedFunds));
        story.same(&format!("{currency} that returning banks kept at our cost, and in the ledger"), borne, -balance(Purpose::ReturnCharge));
        for (sums, sum) in [(&mut returned, back), (&mut blocked, balance(Purpose::BlockedFunds))] {
            if sum != 0 {
                sums.insert(currency.to_owned(), sum);
            }
        }
    }
    Ok((SummaryAmount::list(returned)?, SummaryAmount::list(blocked)?))
}

fn minor_units(paid: &PayoutSummary) -> i64 {
    paid.amount.minor_units
}

/// Checks that a copy is as good as the original, and that a check fails after one byte of it is changed.
async fn changed(story: &mut StoryTelling, database: &Database, report: &BookReport) -> Result<ChangedCopy, UntypedError> {
    // Below what is removed at the end anyway, also when this is interrupted.
    let mut named = tempfile::Builder::new();
    named.prefix("changed-copy-");
    let dir = if story.options.stays { named.tempdir()? } else { named.tempdir_in(&story.options.data_dir)? };
    let copy = copy::copy(database, dir.path()).await?;
    let before = find(story, &copy).await?;
    story.same("head hash of the ledger, and of its copy", report.ledger.head_hash.clone(), before.ledger.head_hash.clone());
    story.expect("the copy verifies before it is changed", before.ok(), &format!("{:?} {:?}", before.ledger.problem, before.problems));
    let event = report.ledger.events / 2;
    copy::change(&copy, story.installation.book.as_str(), event).await?;
    let problem = find(story, &copy).await?.ledger.problem;
    let (named, what) = problem.map_or((0, "nothing".to_owned()), |problem| (problem.seq, problem.what));
    story.same("event with a changed byte in the copy, and event that verify names", event, named);
    let original = find(story, database).await?;
    scratch::remove(dir).await?;
    story.expect("the original is still right", original.ok(), &format!("{:?}", original.ledger.problem));
    Ok(ChangedCopy { event, named_event: named, problem: what, original_ok: original.ok() })
}
