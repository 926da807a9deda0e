//! TREASURY: five hundred bank accounts become one structure, whose leaves are the money of three apps.
use super::{
    StoryTelling,
    summary::{SummaryAmount, TreasurySummary},
};
use crate::installation::{authorised, explained};
use api::{
    treasury::{
        ApplyMigrationRequest, ApplyStructureRequest, GetMigrationReportRequest, MoveOldBalancesRequest, PlanMigrationRequest,
        PlanStructureRequest, RecordReceiptRequest, VirtualAccountKind,
    },
    r#type::Money,
};
use identity::Role;
use money::BookName;
use operations::structure::{StructureCaller, listed_text};
use runtime::command::UntypedError;
use std::fmt::Write as _;

/// The treasury's book, as the settings of the demo leave it.
const BOOK: &str = "treasury";
/// Bank accounts before.
const ACCOUNTS: u32 = 500;
/// The apps, whose money is on leaves of their own.
const APPS: [&str; 3] = ["live", "chat", "games"];
/// What a payer sends to an old number of each app, in cents.
const RECEIPT_CENTS: i64 = 12_345;
/// Why, in the audit log.
const WHY: &str = "demo: one structure for all accounts";

/// Plans and applies the structure and the migration, moves the balances, and lets payers use old numbers.
pub async fn accounts(story: &mut StoryTelling) -> Result<TreasurySummary, UntypedError> {
    let book = BookName::try_new(BOOK)?;
    let (finance, service) =
        (story.installation.token_for("finance", Role::Finance, &book)?, story.installation.token_for("statements", Role::Service, &book)?);
    let mut treasury = story.installation.treasury();
    // Runs in one database share the treasury's book, so each has accounts of its own.
    let tag = tag(story.options.book.as_str());
    let root = format!("bank-{tag}");
    let file = structure(&tag);
    let plan = explained(PlanStructureRequest { book: BOOK.to_owned(), file: file.clone() }, &finance, WHY)?;
    let hash = treasury.plan_structure(plan).await?.into_inner().hash;
    treasury.apply_structure(explained(ApplyStructureRequest { book: BOOK.to_owned(), file, hash }, &finance, WHY)?).await?;
    let file = migration(&tag);
    let plan = explained(PlanMigrationRequest { book: BOOK.to_owned(), file: file.clone() }, &finance, WHY)?;
    let plan = treasury.plan_migration(plan).await?.into_inner();
    let apply = ApplyMigrationRequest { book: BOOK.to_owned(), file, hash: plan.hash };
    let applied = treasury.apply_migration(explained(apply, &finance, WHY)?).await?.into_inner();
    story.same("accounts of the migration, and openings booked", plan.account_count, applied.opened_count);
    let arrived = MoveOldBalancesRequest { book: BOOK.to_owned(), request_id: uuid::Uuid::now_v7().to_string(), account_ids: Vec::new() };
    let moved = treasury.move_old_balances(explained(arrived, &finance, WHY)?).await?.into_inner();
    let (before, after) = (plan.totals.first().ok_or("the plan has a sum")?, moved.totals.first().ok_or("something was moved")?);
    story.same("balances of the statements, and what arrived", before.balance_minor_units, after.balance_minor_units);
    for at in 1..=u32::try_from(APPS.len())? {
        let receipt = RecordReceiptRequest {
            book: BOOK.to_owned(),
            receipt_id: uuid::Uuid::now_v7().to_string(),
            account: root.clone(),
            number: number(&tag, at),
            amount: Some(Money { currency_code: "USD".to_owned(), minor_units: RECEIPT_CENTS }),
            value_date: jiff::Zoned::now().date().to_string(),
            payer_reference: "a payer who knows the old number".to_owned(),
            bank_reference: String::new(),
        };
        let booked = treasury.record_receipt(authorised(receipt, &service)?).await?.into_inner().receipt.unwrap_or_default();
        story.same("the leaf of an old number, and where its receipt is", leaf(&tag, at), booked.leaf);
    }
    summary(story, &finance, &root).await
}

/// What the services say in the end.
async fn summary(story: &mut StoryTelling, token: &str, root: &str) -> Result<TreasurySummary, UntypedError> {
    let request = GetMigrationReportRequest { book: BOOK.to_owned(), page_size: 1, page_token: String::new() };
    let report = story.installation.treasury().get_migration_report(explained(request, token, WHY)?).await?.into_inner();
    let sums = report.summaries.into_iter().next().ok_or("the report has a currency")?;
    let transport = story.installation.treasury_transport();
    let listed = StructureCaller { transport, token, reason: WHY, book: BOOK }.list(root, "").await?;
    let sum = |one: &api::treasury::VirtualAccount| one.balance.map_or(0, |balance| balance.booked_minor_units);
    let leaves: i64 = listed.iter().filter(|one| one.kind() == VirtualAccountKind::Leaf).map(sum).sum();
    let cash = listed.first().and_then(|one| one.balance).map_or(0, |balance| balance.cash_minor_units);
    story.same("leaves, and money at the bank", leaves, cash);
    story.expect("the old accounts are empty", sums.balance_minor_units == 0, &sums.balance_minor_units.to_string());
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
        tree: listed_text(&listed).lines().map(str::to_owned).collect(),
    })
}

/// The end of a book's name, which is the second of its run, or nothing.
fn tag(book: &str) -> String {
    let digits: String = book.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() { "usd".to_owned() } else { digits[digits.len().saturating_sub(8)..].to_owned() }
}

fn app(at: u32) -> &'static str {
    APPS[at as usize % APPS.len()]
}

fn leaf(tag: &str, at: u32) -> String {
    format!("{}-costs-{tag}", app(at))
}

fn number(tag: &str, at: u32) -> String {
    format!("{tag}-{at:04}")
}

fn structure(tag: &str) -> String {
    let mut text = format!(
        "[[account]]\nid = \"bank-{tag}\"\nname = \"Central account\"\nbank = \"A bank\"\nbranch = \"TESTUS33\"\ncurrency = \"USD\"\n\
         entity = \"main\"\nnumber = \"{tag}\"\n"
    );
    for app in APPS {
        let node = |kind: &str, id: &str, parent: &str, name: &str, more: &str| {
            format!("[[{kind}]]\nid = \"{id}\"\nparent = \"{parent}\"\nname = \"{name}\"\nentity = \"main\"\n{more}")
        };
        text += &node("summary", &format!("{app}-{tag}"), &format!("bank-{tag}"), &format!("App {app}"), "level = \"app\"\n");
        text += &node("leaf", &format!("{app}-costs-{tag}"), &format!("{app}-{tag}"), "Costs", "");
        text += &node("leaf", &format!("{app}-creators-{tag}"), &format!("{app}-{tag}"), "Creators", "funds = \"client\"\n");
    }
    text
}

/// Accounts with balances from a few dollars to some thousands, each for 12.50 a month.
fn migration(tag: &str) -> String {
    let mut text =
        "id,number,bank,branch,currency,entity,name,funds,leaf,balance,statement,statement_date,monthly_cost,cost_source,mandates\n"
            .to_owned();
    let mut sum = 0_u64;
    for at in 1..=ACCOUNTS {
        let cents = u64::from(at) * 1_717 % 500_000 + 1;
        sum += cents;
        let (whole, part, leaf, number) = (cents / 100, cents % 100, leaf(tag, at), number(tag, at));
        writeln!(
            text,
            "old-{tag}-{at},{number},A bank,TESTUS33,USD,main,Account {at},own,{leaf},{whole}.{part:02},S{at},2026-01-31,12.50,invented prices,"
        )
        .expect("a String takes everything");
    }
    text + &format!("total,{ACCOUNTS},,,USD,,,,,{}.{:02},,,,,\n", sum / 100, sum % 100)
}
