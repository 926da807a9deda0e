//! Compares conversions, payouts, proposals and what treasury decided with their postings, some in each run: each new posting with the row that it names, and the rows in turn with
//! the postings that they name. Only what was not compared yet is kept in memory.
//!
//! Purchases are summed by the time they were made (`folds`); only those that are too young for that are compared here as well.
//!
//! A payout's hold names no payout, because otherwise a retry of an older version's hold would differ. It is compared from its row; one without a row makes the
//! sums of the check of payouts differ, and its submission names the payout.
use super::{
    REPORTED_MAX, ReadFault,
    claims::{self, Claim, RowsOf},
    differences::{self, Followed},
    joins,
};
use crate::health::CheckResult;
use books::domain::event::{Body, Event, Posting};
use chart::PostingKind;
use money::{BookName, Currency, UserKey};
use purchase::tables::{RevenuePosting, SettlementPlace};
use std::collections::{BTreeSet, VecDeque};
use treasury::tables::{RowCursor, RowGroup};
use uuid::Uuid;

/// Postings compared in one run.
const POSTINGS_MAX: usize = 1_000;
/// Rows compared in one run.
const ROWS_MAX: i64 = 200;

/// The tables that a run compares with.
pub(super) enum Tables<'a> {
    Purchases(&'a purchase::tables::Store),
    Refunds(&'a purchase::tables::Store),
    Wallets(&'a purchase::tables::Store),
    Settlements(&'a purchase::tables::Store),
    Revenue(&'a purchase::tables::Store),
    Conversions(&'a earnings::tables::Store),
    Payouts(&'a payout::tables::Store),
    Proposals(&'a support::tables::Store),
    Treasury(&'a treasury::tables::Store),
}

/// A row, or several that postings name by the same field.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum RowName {
    Id(Uuid),
    OfTreasury(RowGroup),
    /// What a viewer's coins paid of the viewer's debt.
    OfDebt(String),
    /// What a day earned of an entity's sales, as one edition says it, by currency.
    OfDay {
        day: String,
        entity: String,
        edition: i64,
    },
}

/// How far the rows were read.
#[derive(Debug, Default, Clone)]
struct Cursor {
    id: Option<Uuid>,
    number: i64,
    currency: Option<Currency>,
    debt: Option<(UserKey, i64)>,
    of_day: Option<RevenuePosting>,
    of_treasury: RowCursor,
}

impl Tables<'_> {
    /// The claims of the row with this name; none without such a row.
    async fn claims(&self, book: &BookName, name: &RowName) -> Result<Vec<Claim>, ReadFault> {
        let id = match (self, name) {
            (_, RowName::Id(id)) => *id,
            (Self::Treasury(tables), RowName::OfTreasury(group)) => {
                return Ok(tables.postings_of(book, group).await?.into_iter().map(claims::of_treasury).collect());
            }
            (Self::Refunds(tables), RowName::OfDebt(user)) => return of_debt(tables, book, user).await,
            (Self::Revenue(tables), RowName::OfDay { day, entity, edition }) => {
                let rows = tables.audited_revenue_of(book, day, entity, *edition).await?;
                return Ok(rows.iter().filter_map(claims::of_revenue).collect());
            }
            (_, RowName::OfTreasury(_) | RowName::OfDebt(_) | RowName::OfDay { .. }) => return Ok(Vec::new()),
        };
        Ok(match self {
            Self::Purchases(tables) => {
                tables.purchase(book, id).await?.and_then(|purchase| claims::of_purchase(&purchase)).into_iter().collect()
            }
            Self::Refunds(tables) => joins::of_refunded(tables, book, id).await?,
            Self::Wallets(tables) => tables.audited_wallets_of(book, id).await?.iter().filter_map(claims::of_wallet).collect(),
            Self::Settlements(tables) => {
                tables.audited_settlements_of(book, id).await?.iter().filter_map(claims::of_store_settlement).collect()
            }
            Self::Conversions(tables) => {
                tables.quote(book, id).await?.and_then(|quote| claims::of_quote(book, &quote)).into_iter().collect()
            }
            Self::Payouts(tables) => {
                let key = payout::tables::PayoutKey { book: book.clone(), payout_id: id };
                let payout: Vec<_> = tables.payout(&key).await?.into_iter().collect();
                let returns = tables.returns_of(book, &[id]).await?;
                let recalls = tables.recalls_of_all(book, &[id]).await?;
                let mut all: Vec<Claim> =
                    claims::of_payouts(&payout, &returns, &recalls).into_iter().flat_map(|(_, claims)| claims).collect();
                all.extend(tables.reserved_money(book, &[id]).await?.values().flat_map(claims::of_reserved));
                all
            }
            Self::Proposals(tables) => {
                tables.proposal(book, id).await?.and_then(|proposal| claims::of_proposal(&proposal)).into_iter().collect()
            }
            Self::Treasury(_) | Self::Revenue(_) => Vec::new(),
        })
    }

    /// The next rows with their names, and where to continue; from the beginning again after the last.
    async fn page(&self, book: &BookName, from: &Cursor) -> Result<(Vec<(RowName, Vec<Claim>)>, Cursor), ReadFault> {
        let mut rows = Vec::new();
        let mut next = Cursor::default();
        match self {
            // The sums of purchases are compared instead.
            Self::Purchases(_) => {}
            Self::Refunds(tables) => return refund_page(tables, book, from).await,
            Self::Wallets(tables) => {
                for row in tables.audited_wallets(book, from.id.map(|id| (id, from.number)), ROWS_MAX).await? {
                    (next.id, next.number) = (Some(row.of.change_id), row.of.posting_no);
                    rows.push((RowName::Id(row.of.change_id), claims::of_wallet(&row).into_iter().collect()));
                }
            }
            Self::Settlements(tables) => {
                let place = |(settlement_id, currency)| SettlementPlace { settlement_id, edition: from.number, currency };
                let after = from.id.zip(from.currency).map(place);
                for row in tables.audited_settlements(book, after, ROWS_MAX).await? {
                    (next.id, next.number, next.currency) = (Some(row.of.settlement_id), row.of.edition, Some(row.of.currency));
                    rows.push((RowName::Id(row.of.settlement_id), claims::of_store_settlement(&row).into_iter().collect()));
                }
            }
            Self::Revenue(tables) => {
                for row in tables.audited_revenue(book, from.of_day.as_ref(), ROWS_MAX).await? {
                    let of = &row.of.0;
                    let name = RowName::OfDay { day: of.day.to_string(), entity: of.entity.clone(), edition: of.edition };
                    rows.push((name, claims::of_revenue(&row).into_iter().collect()));
                    next.of_day = Some(row.of.0);
                }
            }
            Self::Conversions(tables) => {
                for quote in tables.accepted(book, from.id, ROWS_MAX).await? {
                    next.id = Some(quote.id);
                    rows.push((RowName::Id(quote.id), claims::of_quote(book, &quote).into_iter().collect()));
                }
            }
            Self::Payouts(tables) => {
                let page = tables.moving(book, from.id, ROWS_MAX).await?;
                let ids: Vec<Uuid> = page.iter().map(|payout| payout.payout_id).collect();
                let (returns, reserved) = (tables.returns_of(book, &ids).await?, tables.reserved_money(book, &ids).await?);
                next.id = ids.last().copied();
                let recalls = tables.recalls_of_all(book, &ids).await?;
                rows.extend(claims::of_payouts(&page, &returns, &recalls).into_iter().map(|(id, mut all)| {
                    all.extend(reserved.get(&id).into_iter().flat_map(claims::of_reserved));
                    (RowName::Id(id), all)
                }));
            }
            Self::Proposals(tables) => {
                for proposal in tables.carried_out(book, from.number, ROWS_MAX).await? {
                    next.number = proposal.number;
                    rows.push((RowName::Id(proposal.id), claims::of_proposal(&proposal).into_iter().collect()));
                }
            }
            Self::Treasury(tables) => {
                let (found, of_treasury) = tables.row_postings(book, &from.of_treasury, ROWS_MAX).await?;
                for row in found {
                    rows.push((RowName::OfTreasury(row.group.clone()), vec![claims::of_treasury(row)]));
                }
                // Its tables come one after another, so a short page is not the last.
                return Ok((rows, Cursor { of_treasury: of_treasury.unwrap_or_default(), ..next }));
            }
        }
        let next = if is_full(&rows) { next } else { Cursor::default() };
        Ok((rows, next))
    }
}

/// Whether there may be more rows after these.
fn is_full<T>(page: &[T]) -> bool {
    i64::try_from(page.len()).is_ok_and(|count| count >= ROWS_MAX)
}

/// The next purchases of which something was paid back, or after the last of them what was paid of debts.
async fn refund_page(
    tables: &purchase::tables::Store,
    book: &BookName,
    from: &Cursor,
) -> Result<(Vec<(RowName, Vec<Claim>)>, Cursor), ReadFault> {
    let page = match from.debt {
        None => tables.refunded_purchases(book, from.id, ROWS_MAX).await?,
        Some(_) => Vec::new(),
    };
    let mut rows = Vec::new();
    for purchase_id in &page {
        rows.push((RowName::Id(*purchase_id), joins::of_refunded(tables, book, *purchase_id).await?));
    }
    if is_full(&page) {
        return Ok((rows, Cursor { id: page.last().copied(), ..Cursor::default() }));
    }
    let after = from.debt.as_ref().map(|(user, change_no)| (user, *change_no));
    let page = tables.audited_debts(book, after, ROWS_MAX).await?;
    rows.extend(page.iter().map(|row| (RowName::OfDebt(row.of.user.to_string()), claims::of_settlement(row).into_iter().collect())));
    let debt = page.last().filter(|_| is_full(&page)).map(|last| (last.of.user.clone(), last.of.change_no));
    Ok((rows, Cursor { debt, ..Cursor::default() }))
}

/// What the coins of a viewer that paid for the viewer's debt claim.
async fn of_debt(tables: &purchase::tables::Store, book: &BookName, user: &str) -> Result<Vec<Claim>, ReadFault> {
    let Ok(user) = UserKey::try_new(user) else { return Ok(Vec::new()) };
    let settlements = tables.audited_debts_of(book, &user).await?;
    Ok(settlements.iter().filter_map(claims::of_settlement).collect())
}

/// A posting that was not compared yet.
#[derive(Debug, Clone)]
struct Waiting {
    /// The row that it names, if any.
    row: Option<RowName>,
    posting: Uuid,
    seq: i64,
    moves: u64,
}

/// One service's rows and postings, compared as the journal grows.
pub(super) struct RollingJoin {
    of: RowsOf,
    waiting: VecDeque<Waiting>,
    cursor: Cursor,
    /// What differed in the last run: postings, and rows.
    postings: Vec<Waiting>,
    rows: BTreeSet<RowName>,
}

impl RollingJoin {
    pub fn new(of: RowsOf) -> Self {
        Self { of, waiting: VecDeque::new(), cursor: Cursor::default(), postings: Vec::new(), rows: BTreeSet::new() }
    }

    /// Adds the next posting of the journal that was not imported, with its moves number.
    pub fn event(&mut self, event: &Event, moves: u64) {
        let Body::Posting(posting) = &event.body else { return };
        if RowsOf::kind(&posting.kind) != Some(self.of) || posting.kind == PostingKind::PayoutHold.name() {
            return;
        }
        let row = named_row(self.of, posting);
        self.waiting.push_back(Waiting { row, posting: event.id, seq: event.seq, moves });
    }

    /// Compares what differed in the last run, and some more.
    pub async fn compare(&mut self, tables: &Tables<'_>, side: Followed<'_>) -> Result<CheckResult, ReadFault> {
        let mut sure = Vec::new();
        let mut postings = Vec::new();
        // Replaced only when all of it was read, so that what differed is not forgotten where a read fails.
        for posting in self.postings.clone() {
            if let Some(why) = self.unlike(tables, side, &posting).await? {
                sure.push(why);
                postings.push(posting);
            }
        }
        let mut rows = BTreeSet::new();
        for row in self.rows.clone() {
            if let Some(why) = self.differs(&row, &tables.claims(side.name, &row).await?, side).await? {
                sure.push(why);
                rows.insert(row);
            }
        }
        (self.postings, self.rows) = (postings, rows);
        let (count, mut again) = (sure.len(), false);
        for _ in 0..POSTINGS_MAX {
            let Some(posting) = self.waiting.front().cloned() else { break };
            if self.unlike(tables, side, &posting).await?.is_some() {
                again = true;
                self.postings.push(posting);
            }
            // Removed only now, so that one that could not be read is compared in the next run.
            self.waiting.pop_front();
        }
        let (page, next) = tables.page(side.name, &self.cursor).await?;
        for (row, claims) in page {
            if !self.rows.contains(&row) && self.differs(&row, &claims, side).await?.is_some() {
                again = true;
                self.rows.insert(row);
            }
        }
        self.cursor = next;
        if count > 0 {
            sure.truncate(REPORTED_MAX);
            sure.extend((count > REPORTED_MAX).then(|| format!("and {} more", count - REPORTED_MAX)));
            return Ok(CheckResult::Failed(sure.join("; ")));
        }
        Ok(match self.waiting.len() {
            _ if again => CheckResult::Pending("some rows are being checked again".to_owned()),
            0 => CheckResult::Passed,
            count => CheckResult::Pending(format!("{count} postings are still to be compared with their rows")),
        })
    }

    /// How a posting differs from what the row that it names claims, if it does.
    async fn unlike(&self, tables: &Tables<'_>, side: Followed<'_>, posting: &Waiting) -> Result<Option<String>, ReadFault> {
        let claims = match &posting.row {
            Some(row) => tables.claims(side.name, row).await?,
            None => Vec::new(),
        };
        match claims.iter().find(|claim| claim.id == Some(posting.posting)) {
            Some(claim) if claim.moves.iter().any(|moves| side.moves.of_row(moves) == posting.moves) => Ok(None),
            Some(claim) => Ok(Some(differences::differing(side.store, side.book, claim, posting.posting, posting.seq).await?)),
            None => Ok(Some(format!("event {}, posting {}, {}", posting.seq, posting.posting, self.of.unclaimed()))),
        }
    }

    /// How a row, or any of several of one name, differs from the postings that it names, if it does.
    async fn differs(&self, row: &RowName, claims: &[Claim], side: Followed<'_>) -> Result<Option<String>, ReadFault> {
        let mut found = Vec::new();
        for claim in claims.iter().filter(|claim| claim.recorded) {
            found.extend(self.unfounded(row, claim, side).await?);
            if found.len() == REPORTED_MAX {
                break;
            }
        }
        Ok((!found.is_empty()).then(|| found.join("; ")))
    }

    /// How the posting that a row says exists is not the row's.
    async fn unfounded(&self, row: &RowName, claim: &Claim, side: Followed<'_>) -> Result<Option<String>, ReadFault> {
        let Some(id) = claim.id else { return Ok(Some(differences::lacking(claim))) };
        let Some(event) = side.store.event_by_id(side.book.key, id).await? else { return Ok(Some(differences::lacking(claim))) };
        // A posting past the followed part of the journal is compared in a later run.
        if event.seq > side.last_seq {
            return Ok(None);
        }
        let posted = side.moves.of_event(&event);
        if !claim.moves.iter().any(|moves| Some(side.moves.of_row(moves)) == posted) {
            return Ok(Some(differences::differing(side.store, side.book, claim, id, event.seq).await?));
        }
        // A copied row agrees with the posting of the original row, but that posting names the original.
        let names_another = |posting: &Posting| {
            let is_hold = posting.kind == PostingKind::PayoutHold.name();
            !is_hold && named_row(self.of, posting).as_ref() != Some(row)
        };
        let is_anothers = matches!(&event.body, Body::Posting(posting) if names_another(posting));
        Ok(is_anothers.then(|| differences::lacking(claim)))
    }
}

/// The row that a posting names in its fields, if any.
fn named_row(of: RowsOf, posting: &Posting) -> Option<RowName> {
    let text = |name: &str| posting.field(name).map(str::to_owned);
    let field = match of {
        RowsOf::Revenue => {
            let edition = text("edition")?.parse().ok()?;
            return Some(RowName::OfDay { day: text("day")?, entity: text("entity")?, edition });
        }
        RowsOf::Treasury => return treasury::tables::named(&posting.kind, |name| posting.field(name)).map(RowName::OfTreasury),
        RowsOf::Refunds if posting.kind == PostingKind::DebtSettle.name() => {
            return text("user_id").map(RowName::OfDebt);
        }
        RowsOf::Purchases | RowsOf::Refunds => "purchase_id",
        RowsOf::Wallets => "change_id",
        RowsOf::Settlements => "settlement_id",
        RowsOf::Conversions => "quote_id",
        RowsOf::Payouts => "payout_id",
        RowsOf::Proposals => "proposal_id",
    };
    text(field).and_then(|value| Uuid::try_parse(&value).ok()).map(RowName::Id)
}
