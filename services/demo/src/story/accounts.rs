//! TREASURY: five hundred bank accounts become one structure, whose leaves are the money of three apps.
use super::{
    StoryTelling, banking_day,
    leaves::{ACCOUNT, APPS, CURRENCY, book_of, company, costs_leaf, creators_leaf, treasury_book},
    summary::{ClosedDaySummary, LeafPayout, SummaryAmount, TreasurySummary},
};
use crate::installation::authorised;
use api::{
    treasury::{RecordReceiptRequest, VirtualAccountKind},
    r#type::Money,
};
use identity::Role;
use money::BookName;
use operations::structure::{StructureCaller, listed_text, picture_svg};
use runtime::command::UntypedError;
use std::{fmt::Write as _, fs};

/// Its number at the pretend bank.
const NUMBER: &str = "4400001234";
/// Bank accounts before.
const ACCOUNTS: u32 = 500;
/// What a payer sends to an old number of each app, in cents.
const RECEIPT_CENTS: i64 = 12_345;
/// Why, in the audit log.
const WHY: &str = "demo: one structure for all accounts";

/// Plans and applies the structure and the migration, moves the balances, and goes through a day at the bank until it is closed.
pub async fn accounts(story: &mut StoryTelling) -> Result<TreasurySummary, UntypedError> {
    let book = BookName::try_new(&treasury_book(&story.options.book))?;
    let (finance, service) =
        (story.installation.token_for("finance", Role::Finance, &book)?, story.installation.token_for("statements", Role::Service, &book)?);
    let transport = story.installation.treasury_transport();
    let caller = StructureCaller { transport, token: &finance, reason: WHY, book: book.as_str() };
    // Before the structure: the treasury looks for new books of apps when it changes.
    banking_day::open_books(story).await?;
    let file = structure(story);
    let plan = caller.plan(file.clone()).await?;
    caller.apply(file, plan.hash).await?;
    migrate(story, &caller).await?;
    let newest = banking_day::newest_entry(story).await?;
    let payouts = banking_day::pay(story, &caller).await?;
    let before = caller.prove(ACCOUNT).await?.physical_accounts.first().map_or(0, |account| account.cash_minor_units);
    receive(story, &service, newest).await?;
    let last = payouts.last().ok_or("every app paid")?;
    banking_day::err(story, last).await?;
    // What the bank had before the payouts, and nothing was received yet.
    let opening = before + payouts.iter().map(|paid| paid.amount.minor_units).sum::<i64>();
    let closed_day = banking_day::close(story, &caller, opening, newest).await?;
    banking_day::debit(story, last, 0).await?;
    summary(story, &caller, payouts, closed_day).await
}

/// Imports the old accounts with their opening balances, and books that these were moved.
async fn migrate(story: &mut StoryTelling, caller: &StructureCaller<'_>) -> Result<(), UntypedError> {
    let file = migration();
    let plan = caller.plan_migration(file.clone()).await?;
    let applied = caller.apply_migration(file, plan.hash).await?;
    story.same("accounts of the migration, and openings booked", plan.account_count, applied.opened_count);
    let moved = caller.move_old(uuid::Uuid::now_v7().to_string(), Vec::new()).await?;
    let (before, after) = (plan.totals.first().ok_or("the plan has a sum")?, moved.totals.first().ok_or("something was moved")?);
    story.same("balances of the statements, and what arrived", before.balance_minor_units, after.balance_minor_units);
    Ok(())
}

/// A payer of each app uses an old number; the bank's entry of it is booked on the leaf that replaces the number.
async fn receive(story: &mut StoryTelling, token: &str, newest: i64) -> Result<(), UntypedError> {
    for at in 1..=u32::try_from(APPS.len())? {
        story.bank.deposit(CURRENCY, RECEIPT_CENTS, &format!("{} {}", number(at), uuid::Uuid::now_v7())).await?;
        let entries = story.bank.entries_after(CURRENCY, newest).await?.reports.pop().ok_or("the bank's statement has an account")?.entries;
        let bank_reference = entries.last().and_then(|entry| entry.bank_reference.clone()).ok_or("the bank's entries have references")?;
        let receipt = RecordReceiptRequest {
            receipt_id: uuid::Uuid::now_v7().to_string(),
            account: ACCOUNT.to_owned(),
            number: number(at),
            amount: Some(Money { currency_code: CURRENCY.to_owned(), minor_units: RECEIPT_CENTS }),
            value_date: banking_day::day()?.to_string(),
            payer_reference: "a payer who knows the old number".to_owned(),
            bank_reference,
            ..Default::default()
        };
        let booked =
            story.installation.treasury().record_receipt(authorised(receipt, token)?).await?.into_inner().receipt.unwrap_or_default();
        story.same("the leaf of an old number, and where its receipt is", costs_leaf(app(at)), booked.leaf);
    }
    Ok(())
}

/// What the services say in the end.
async fn summary(
    story: &mut StoryTelling,
    caller: &StructureCaller<'_>,
    payouts: Vec<LeafPayout>,
    closed_day: ClosedDaySummary,
) -> Result<TreasurySummary, UntypedError> {
    let report = caller.migration_report().await?;
    let sums = report.summaries.into_iter().next().ok_or("the report has a currency")?;
    let listed = caller.list(ACCOUNT, "").await?;
    let sum = |one: &api::treasury::VirtualAccount| one.balance.map_or(0, |balance| balance.booked_minor_units);
    let leaves: i64 = listed.iter().filter(|one| one.kind() == VirtualAccountKind::Leaf).map(sum).sum();
    let cash = listed.first().and_then(|one| one.balance).map_or(0, |balance| balance.cash_minor_units);
    story.same("leaves, and money at the bank", leaves, cash);
    story.same("money at the bank, and the closing balance of its statement", cash, closed_day.bank.minor_units);
    story.expect("the old accounts are empty", sums.balance_minor_units == 0, &sums.balance_minor_units.to_string());
    let picture = story.options.data_dir.join("treasury.svg");
    fs::write(&picture, picture_svg(&listed)).map_err(|error| format!("{}: {error}", picture.display()))?;
    story.bar.inc(1);
    let amount = |minor_units| SummaryAmount::try_new(&sums.currency_code, minor_units);
    Ok(TreasurySummary {
        old_accounts: sums.old_accounts,
        physical_accounts: sums.physical_accounts,
        leaves: sums.leaves,
        moved: amount(sums.moved_minor_units)?,
        monthly_cost_before: amount(sums.cost_before_minor_units)?,
        monthly_cost_after: amount(sums.cost_after_minor_units)?,
        cost_source: sums.cost_source.clone(),
        receipts: sums.receipt_count,
        received: amount(sums.receipt_minor_units)?,
        quiet_days: report.quiet_days,
        payouts,
        closed_day,
        tree: listed_text(&listed).lines().map(str::to_owned).collect(),
        picture: if story.options.stays { picture.display().to_string() } else { String::new() },
    })
}

fn app(at: u32) -> &'static str {
    APPS[at as usize % APPS.len()]
}

fn number(at: u32) -> String {
    format!("44-{at:04}")
}

fn structure(story: &StoryTelling) -> String {
    let mut text = format!(
        "[[account]]\nid = \"{ACCOUNT}\"\nname = \"Central account\"\nbank = \"A bank\"\nbranch = \"SANDSGSG\"\n\
         currency = \"{CURRENCY}\"\nentity = \"main\"\nnumber = \"{NUMBER}\"\n"
    );
    for app in APPS {
        let node = |kind: &str, id: &str, parent: &str, name: &str, more: &str| {
            format!("[[{kind}]]\nid = \"{id}\"\nparent = \"{parent}\"\nname = \"{name}\"\n{more}")
        };
        let own = "entity = \"main\"\n";
        text += &node("summary", app, ACCOUNT, &format!("App {app}"), &format!("{own}level = \"app\"\n"));
        text += &node("leaf", &costs_leaf(app), app, "Costs", own);
        let covers = format!("entity = \"{}\"\nclaims = [\"{}\"]\n", company(app), book_of(&story.options.book, app));
        text += &node("leaf", &creators_leaf(app), app, "Creators", &covers);
    }
    text
}

/// Accounts with balances from a few dollars to some thousands, each for 12.50 a month.
fn migration() -> String {
    let mut text =
        "id,number,bank,branch,currency,entity,name,funds,leaf,balance,statement,statement_date,monthly_cost,cost_source,mandates\n"
            .to_owned();
    let mut sum = 0_u64;
    for at in 1..=ACCOUNTS {
        let cents = u64::from(at) * 1_717 % 500_000 + 1;
        sum += cents;
        let (whole, part, leaf, number) = (cents / 100, cents % 100, costs_leaf(app(at)), number(at));
        writeln!(
            text,
            "old-{at},{number},A bank,SANDSGSG,{CURRENCY},main,Account {at},own,{leaf},{whole}.{part:02},S{at},2026-01-31,12.50,invented prices,"
        )
        .expect("a String takes everything");
    }
    text + &format!("total,{ACCOUNTS},,,{CURRENCY},,,,,{}.{:02},,,,,\n", sum / 100, sum % 100)
}
