//! A day at the bank of the treasury's account: payouts leave from the leaves of three apps, payers use old numbers, the bank makes two mistakes, people put them
//! right, and the day is closed.
use super::{
    StoryTelling,
    bank::OurAccount,
    books,
    leaves::{self, ACCOUNT, APPS, CURRENCY},
    pay,
    summary::{AdjustedCase, ClosedDaySummary, LeafPayout, SummaryAmount},
};
use crate::installation::{Installation, explained};
use api::{
    ledger::{BookMode, CreateBookRequest},
    payout::{CreateBeneficiaryRequest, Payout, PayoutState, SingaporeAccount, create_beneficiary_request::Account as PayeeAccount},
    treasury::{AdjustmentKind, AdjustmentTransfer, CaseState, ProposeAdjustmentRequest, ReconciliationCase},
    r#type::Money as WireMoney,
};
use chart::{Account, Purpose, account::UNALLOCATED};
use futures::future::try_join_all;
use identity::Role;
use iso20022::{
    camt053::Direction,
    report::{AccountReport, ReportBalance, ReportEntry},
};
use jiff::civil::Date;
use money::{BookName, Currency, Money, UserKey};
use operations::structure::StructureCaller;
use runtime::command::UntypedError;
use std::{fs, time::Duration};
use tokio::time::Instant;
use uuid::Uuid;

/// What each app has at the bank, in minor units.
const FUNDS: i64 = 500_000;
/// What the creator of each app is paid, in minor units.
const PAYOUTS: [i64; 3] = [12_500, 8_000, 6_050];
/// What the bank debits more than was ordered, and what it credits from nobody, in minor units.
const EXCESS: i64 = 50;
const UNKNOWN: i64 = 4_990;
/// How long the treasury may take to follow the apps' books, and the pause between two looks.
const FOLLOW_MAX: Duration = Duration::from_secs(60);
const LOOK_DELAY: Duration = Duration::from_millis(50);
/// Why, in the audit log.
const WHY: &str = "demo: a day at the bank";

/// The day of the statement: yesterday, because only a day that is over is closed.
pub fn day() -> Result<Date, UntypedError> {
    Ok(money::time::utc_day(jiff::Timestamp::now()).yesterday()?)
}

/// Creates the apps' books, each with money at the bank and a creator who is owed some.
pub async fn open_books(story: &StoryTelling) -> Result<(), UntypedError> {
    try_join_all(APPS.into_iter().zip(PAYOUTS).map(|(app, owed)| async move {
        let installation = of_app(story, app)?;
        let admin = installation.token("controller", Role::Admin)?;
        let request = CreateBookRequest {
            request_id: Uuid::now_v7().to_string(),
            book: installation.book.to_string(),
            mode: BookMode::Test.into(),
            region: "local".to_owned(),
        };
        installation.ledger().create_book(explained(request, &admin, WHY)?).await?;
        let house = |purpose| books::money_account(purpose, CURRENCY);
        books::post(&installation, "treasury.funding", house(Purpose::BankCash), house(Purpose::Treasury), FUNDS).await?;
        let creator = UserKey::try_new(&creator(app))?;
        let payable = Account::creator_payable(&creator, Currency::try_new(CURRENCY)?).name();
        books::post(&installation, "creators.earnings", house(Purpose::CreatorCost), payable, owed).await
    }))
    .await?;
    Ok(())
}

/// The installation as the staff and users of an app's book see it.
fn of_app(story: &StoryTelling, app: &str) -> Result<Installation, UntypedError> {
    let book = BookName::try_new(&leaves::book_of(&story.options.book, app))?;
    Ok(story.installation.for_book(book))
}

fn creator(app: &str) -> String {
    format!("{app}-creator")
}

/// Pays the creator of each app over the bank; what the leaves had before and after is asked of the treasury.
pub async fn pay(story: &mut StoryTelling, caller: &StructureCaller<'_>) -> Result<Vec<LeafPayout>, UntypedError> {
    follow(story, caller, [FUNDS; 3]).await?;
    let before = caller.list(ACCOUNT, "").await?;
    let paid: Vec<Payout> = try_join_all(APPS.into_iter().zip(PAYOUTS).map(|(app, minor_units)| pay_one(story, app, minor_units))).await?;
    follow(story, caller, PAYOUTS.map(|paid| FUNDS - paid)).await?;
    let after = caller.list(ACCOUNT, "").await?;
    let mut shown = Vec::new();
    let debits = story.bank.entries_after(CURRENCY, 0).await?.reports;
    for (app, payout) in APPS.into_iter().zip(paid) {
        let leaf = leaves::creators_leaf(app);
        let amount = payout.amount.as_ref().map_or(0, |amount| amount.minor_units);
        let (had, has) = (booked(&before, &leaf), booked(&after, &leaf));
        story.expect(&format!("the payout of {app} is settled"), payout.state() == PayoutState::Settled, payout.state().as_str_name());
        story.same(&format!("what the payout of {app} took from its leaf"), amount, had - has);
        let on_behalf_of = ultimate_debtor(&debits, &payout.end_to_end_id);
        story.same(&format!("the ultimate debtor of the payout of {app}"), leaves::company_name(app), on_behalf_of.clone());
        shown.push(LeafPayout {
            app: app.to_owned(),
            leaf,
            amount: SummaryAmount::try_new(CURRENCY, amount)?,
            leaf_before: SummaryAmount::try_new(CURRENCY, had)?,
            leaf_after: SummaryAmount::try_new(CURRENCY, has)?,
            on_behalf_of,
            rail: payout.rail.clone(),
            end_to_end_id: payout.end_to_end_id,
        });
    }
    Ok(shown)
}

/// On whose behalf a payment was made, by the bank's entry of it; empty: on that of the account's owner, or there is none.
fn ultimate_debtor(reports: &[AccountReport], end_to_end_id: &str) -> String {
    let transactions =
        reports.iter().flat_map(|report| &report.entries).flat_map(|entry| &entry.batches).flat_map(|batch| &batch.transactions);
    let mut paid = transactions.filter(|transaction| transaction.references.end_to_end_id.as_deref() == Some(end_to_end_id));
    paid.find_map(|transaction| transaction.ultimate_debtor.clone()).unwrap_or_default()
}

async fn pay_one(story: &StoryTelling, app: &str, minor_units: i64) -> Result<Payout, UntypedError> {
    let installation = of_app(story, app)?;
    let token = installation.token(&creator(app), Role::Creator)?;
    let account = SingaporeAccount { bic: "DBSSSGSG".to_owned(), account_number: "1234567890".to_owned() };
    let payee = CreateBeneficiaryRequest {
        holder_name: format!("Holder of {app}"),
        account: Some(PayeeAccount::SingaporeAccount(account)),
        // Royalties: the rail asks for a purpose.
        purpose_code: "ROYA".to_owned(),
        ..Default::default()
    };
    let amount = WireMoney { currency_code: CURRENCY.to_owned(), minor_units };
    let payout = pay::ordered(story, &token, payee, amount).await?;
    let is_final = |payout: &Payout| matches!(payout.state(), PayoutState::Settled | PayoutState::Rejected);
    pay::until(story, &token, &payout.payout_id, is_final).await
}

/// What is booked on an item of the structure.
fn booked(listed: &[api::treasury::VirtualAccount], id: &str) -> i64 {
    listed.iter().find(|one| one.id == id).and_then(|one| one.balance).map_or(0, |balance| balance.booked_minor_units)
}

/// Waits until the treasury book has what the apps' books claim.
async fn follow(story: &StoryTelling, caller: &StructureCaller<'_>, claimed: [i64; 3]) -> Result<(), UntypedError> {
    let end = Instant::now() + FOLLOW_MAX;
    loop {
        let proof = caller.prove(ACCOUNT).await?;
        let is_there = |(app, claimed): (&str, i64)| {
            let book = leaves::book_of(&story.options.book, app);
            let of_app = |claim: &&api::treasury::ClaimProof| claim.app_book == book && claim.physical_account == ACCOUNT;
            proof.claims.iter().find(of_app).is_some_and(|claim| (claim.claimed_minor_units, claim.twins_minor_units) == (claimed, claimed))
        };
        if APPS.into_iter().zip(claimed).all(is_there) {
            return Ok(());
        }
        if Instant::now() > end {
            return Err(format!("the treasury book did not follow the apps' books: {:?}", proof.claims).into());
        }
        tokio::time::sleep(LOOK_DELAY).await;
    }
}

/// The bank's mistakes: more is debited than one app ordered, and money comes from nobody.
pub async fn err(story: &StoryTelling, paid: &LeafPayout) -> Result<(), UntypedError> {
    debit(story, paid, EXCESS).await?;
    story.bank.err(CURRENCY, &serde_json::json!({ "fault": "unknown_credit", "minor_units": UNKNOWN })).await
}

/// Lets the bank debit a payout with more than was ordered; with 0, as it was ordered, so that a later run finds it right.
pub async fn debit(story: &StoryTelling, paid: &LeafPayout, more: i64) -> Result<(), UntypedError> {
    let minor_units = paid.amount.minor_units + more;
    let fault = serde_json::json!({ "fault": "wrong_amount", "end_to_end_id": paid.end_to_end_id, "minor_units": minor_units });
    story.bank.err(CURRENCY, &fault).await
}

/// The number of the bank's newest entry.
pub async fn newest_entry(story: &StoryTelling) -> Result<i64, UntypedError> {
    let statement = story.bank.statement(OurAccount::main(CURRENCY)).await?;
    Ok(statement.entries.last().and_then(|entry| entry.reference.as_ref()?.parse().ok()).unwrap_or_default())
}

/// Imports the bank's statement with its entries after this one, resolves its cases, and closes its day.
pub async fn close(
    story: &mut StoryTelling,
    finance: &StructureCaller<'_>,
    opening: i64,
    after: i64,
) -> Result<ClosedDaySummary, UntypedError> {
    let day = day()?;
    let file = story.options.data_dir.join("statement.xml");
    fs::write(&file, statement(story, day, opening, after).await?)?;
    let imported = finance.import(&file).await?;
    let mut cases = Vec::new();
    for case in finance.cases(ACCOUNT, CaseState::Open).await? {
        cases.push(resolve(story, finance, case).await?);
    }
    story.same("planted exceptions, and cases", 2, cases.len());
    let closed = finance.close(ACCOUNT, &day.to_string()).await?;
    story.same("money at the bank on the closed day, and in the books", closed.closing_minor_units, closed.books_minor_units);
    story.same("named differences of the closed day", 0, closed.timing_items.len());
    let proof = finance.prove(ACCOUNT).await?;
    story.expect("the treasury's books are proved", proof.ok, &proof.problems.join("; "));
    Ok(ClosedDaySummary {
        day: day.to_string(),
        format: imported.format,
        entries: closed.entry_count,
        cases,
        bank: SummaryAmount::try_new(CURRENCY, closed.closing_minor_units)?,
        books: SummaryAmount::try_new(CURRENCY, closed.books_minor_units)?,
        timing_items: closed.timing_items.len(),
    })
}

/// The statement of a day that is over: the bank's own entries of this chapter, as if it had booked them then. It opens with what the books had before them. The
/// treasury follows all apps' books of the database, so the payouts of earlier runs are on it, too.
async fn statement(story: &StoryTelling, day: Date, opening: i64, after: i64) -> Result<String, UntypedError> {
    let mut reports = story.bank.entries_after(CURRENCY, 0).await?;
    let report = reports.reports.first_mut().ok_or("the bank's statement has an account")?;
    let is_new =
        |entry: &ReportEntry| entry.reference.as_ref().and_then(|number| number.parse().ok()).is_some_and(|number: i64| number > after);
    report.entries.retain(|entry| is_new(entry) || !entry.batches.is_empty());
    let (mut opening, mut closing) = (opening, opening);
    for entry in &mut report.entries {
        (entry.booked, entry.booked_at, entry.value_date) = (Some(day), None, Some(day));
        let moved = i64::try_from(entry.direction.signed(entry.amount))?;
        if is_new(entry) {
            closing += moved;
        } else {
            opening -= moved;
        }
    }
    let currency = Currency::try_new(CURRENCY)?;
    let balance = |kind: &str, minor_units: i64| {
        let amount = Money::try_new(currency, minor_units)?;
        Ok::<_, UntypedError>(ReportBalance {
            kind: kind.to_owned(),
            subtype: None,
            amount,
            direction: Direction::Credit,
            date: day,
            moment: None,
        })
    };
    report.balances = vec![balance("OPBD", opening)?, balance("CLBD", closing)?];
    report.electronic_sequence = Some(1);
    Ok(reports.write()?)
}

/// One person proposes what resolves a case, and another one approves and posts it.
async fn resolve(story: &mut StoryTelling, finance: &StructureCaller<'_>, case: ReconciliationCase) -> Result<AdjustedCase, UntypedError> {
    let (debit, credit, amount) = match case.class.as_str() {
        // It is on the leaf for what nobody knows.
        "UNKNOWN_CREDIT" => (format!("{ACCOUNT}{UNALLOCATED}"), leaves::costs_leaf(APPS[0]), case.amount_minor_units),
        // What the bank owes us until it is back.
        _ => (format!("{ACCOUNT}-suspense"), String::new(), case.difference_minor_units),
    };
    let proposal = ProposeAdjustmentRequest {
        adjustment_id: Uuid::now_v7().to_string(),
        case_id: case.case_id.clone(),
        kind: AdjustmentKind::Adjustment.into(),
        transfers: vec![AdjustmentTransfer { debit_leaf: debit.clone(), credit_leaf: credit.clone(), amount_minor_units: amount }],
        ..Default::default()
    };
    let proposed = finance.propose(proposal).await?;
    let token = story.installation.token_for("controller", Role::Admin, &BookName::try_new(finance.book)?)?;
    let controller = StructureCaller { transport: finance.transport.clone(), token: &token, ..*finance };
    let approved = controller.approve(&proposed.adjustment_id).await?;
    let (adjustment, found) = (approved.adjustment.unwrap_or_default(), approved.found.unwrap_or_default());
    story.same(&format!("the end of the case {}", case.class), "adjusted", found.resolution.as_str());
    Ok(AdjustedCase {
        class: case.class,
        amount: SummaryAmount::try_new(CURRENCY, case.amount_minor_units)?,
        difference: SummaryAmount::try_new(CURRENCY, case.difference_minor_units)?,
        difference_after: SummaryAmount::try_new(CURRENCY, found.difference_minor_units)?,
        owner: case.owner,
        next_step: case.next_step,
        adjusted: SummaryAmount::try_new(CURRENCY, amount)?,
        debit,
        credit: if credit.is_empty() { "the bank".to_owned() } else { credit },
        proposed_by: adjustment.proposed_by,
        approved_by: adjustment.approved_by,
    })
}
