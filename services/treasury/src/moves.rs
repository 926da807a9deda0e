//! Money moved from leaf to leaf; what the legal entities owe each other by it; and interest on that.
//!
//! - `history`: an account's entries, day by day.
mod history;

use crate::{
    domain::{
        interest::{self, InterestDay, InterestRun},
        moves::{self, AskedMove},
        positions::AgedPosition,
        terms::{Pair, PairAgreement},
    },
    error::Error,
    movements::{Asked, Decided, OpenTurn, TRIES_MAX, Turn},
    postings,
    store::MovementRow,
    treasury::{Treasury, day},
};
use chart::PostingKind;
use history::start_of_next;
use jiff::civil::Date;
use money::RequestId;
use std::collections::BTreeMap;

/// Longest period of one accrual, in days: ten years. A pair that nobody accrued for longer is accrued in several periods.
const PERIOD_DAYS_MAX: i64 = 3_660;

/// What two entities owe each other, with what they agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// Who owes whom.
    pub pair: Pair,
    /// How much, by age.
    pub aged: AgedPosition,
    /// What was agreed for that day.
    pub agreement: Option<PairAgreement>,
    /// The last day whose interest was booked.
    pub accrued_until: Option<Date>,
}

/// Interest that was booked.
#[derive(Debug, Clone)]
pub struct Accrual {
    /// The row with its calculation.
    pub row: MovementRow,
    /// Whether an earlier call had booked it.
    pub replayed: bool,
}

fn refused<T>(rule: &'static str, id: &str, why: String) -> Result<T, Error> {
    Err(Error::FundsRefused { rule, id: id.to_owned(), why })
}

impl From<moves::MoveRefusal> for Error {
    fn from(refusal: moves::MoveRefusal) -> Self {
        Self::FundsRefused { rule: refusal.rule.name(), id: refusal.id, why: refusal.why }
    }
}

impl Treasury {
    /// Moves money, once for each request id; and whether an earlier call had moved it.
    pub async fn move_funds(&self, request_id: RequestId, asked: &AskedMove, by: &str) -> Result<(MovementRow, bool), Error> {
        let fields = BTreeMap::from([
            ("currency_code", asked.currency.to_string()),
            ("from_leaf", asked.from.clone()),
            ("minor_units", asked.amount.to_string()),
            ("to_leaf", asked.to.clone()),
        ]);
        let ask = Asked { key: format!("move/{request_id}"), fields, by };
        for _ in 0..TRIES_MAX {
            let turn = match self.turn(&ask).await? {
                Turn::Found(rows) => return Ok((one(rows)?, true)),
                Turn::Open(turn) => turn,
            };
            let allowed = moves::check(&turn.structure, &turn.view, &self.terms, day(turn.now), asked)?;
            let draft = postings::movements::leaf_move(turn.posting_key(self, &ask, 0), asked, &allowed);
            let decided = Decided { drafts: vec![draft], ..Decided::default() };
            if let Some(rows) = self.carry_out(&turn, &ask, decided).await? {
                return Ok((one(rows)?, false));
            }
        }
        Err(Error::MovementsBusy)
    }

    /// Books the interest of a pair from the day after what is booked already until a day, which must be over.
    pub async fn accrue_interest(&self, pair: &Pair, until: Date, by: &str) -> Result<Accrual, Error> {
        let ask = Asked { key: format!("{}{until}", accruals(pair)), fields: BTreeMap::new(), by };
        for _ in 0..TRIES_MAX {
            let turn = match self.turn(&ask).await? {
                Turn::Found(rows) => return Ok(Accrual { row: one(rows)?, replayed: true }),
                Turn::Open(turn) => turn,
            };
            let decided = self.interest_until(&turn, &ask, pair, until).await?;
            if let Some(rows) = self.carry_out(&turn, &ask, decided).await? {
                return Ok(Accrual { row: one(rows)?, replayed: false });
            }
        }
        Err(Error::MovementsBusy)
    }

    async fn interest_until(&self, turn: &OpenTurn, ask: &Asked<'_>, pair: &Pair, until: Date) -> Result<Decided, Error> {
        if until >= day(turn.now) {
            return refused("period_open", &pair.borrower, format!("can be charged for days that are over, and {until} is not"));
        }
        let account = postings::movements::due_from(pair).name();
        let from = match self.accrued_until(pair).await? {
            Some(last) if until <= last => return refused("period_done", &pair.borrower, format!("was charged for all days until {last}")),
            Some(last) => last.tomorrow().map_err(|_| Error::Overflow)?,
            None => match self.first_day(&account).await? {
                Some(first) if first <= until => first,
                Some(_) | None => return refused("no_interest", &pair.borrower, format!("owed {} nothing until {until}", pair.lender)),
            },
        };
        if from.until(until).map_or(i64::MAX, |span| i64::from(span.get_days())) >= PERIOD_DAYS_MAX {
            return refused(
                "period_length",
                &pair.borrower,
                format!("is charged for at most {PERIOD_DAYS_MAX} days at once, from {from} on"),
            );
        }
        let agreed = |on: Date| self.terms.agreement(pair, on).map_or((0, 360), |agreement| (agreement.rate, agreement.year_days));
        let balances = self.daily_balances(&account, from, until).await?;
        let days = balances.into_iter().map(|(on, balance)| {
            let (rate, year_days) = agreed(on);
            Some(InterestDay { on, balance: balance.checked_neg()?.max(0), rate, year_days })
        });
        let runs = interest::runs(&days.collect::<Option<Vec<_>>>().ok_or(Error::Overflow)?);
        let owed = interest::interest(&runs).ok_or(Error::Overflow)?;
        if owed == 0 {
            return refused(
                "no_interest",
                &pair.borrower,
                format!("owes {} less than half a minor unit from {from} to {until}", pair.lender),
            );
        }
        let draft = postings::movements::position_interest(turn.posting_key(self, ask, 0), pair, owed);
        let effective_at_ms = start_of_next(until)?.as_millisecond();
        Ok(Decided { drafts: vec![draft], effective_at_ms, calculation: kept(from, until, &runs), sweep: None })
    }

    /// The last day whose interest a pair was charged.
    async fn accrued_until(&self, pair: &Pair) -> Result<Option<Date>, Error> {
        let prefix = accruals(pair);
        let last = self.store.last_request(&self.book, PostingKind::TreasuryInterest, &prefix).await?;
        Ok(last.and_then(|key| key.strip_prefix(&prefix)?.parse().ok()))
    }

    /// All pairs that ever owed anything, in the order of their ids.
    pub async fn pairs(&self) -> Result<Vec<Pair>, Error> {
        self.post_open().await?;
        let structure = self.structure(None).await?;
        Ok(self.view(&structure).await?.positions.into_keys().collect())
    }

    /// A pair's position at the end of a day.
    pub async fn position(&self, pair: Pair, on: Date) -> Result<Position, Error> {
        let aged = self.aged(&postings::movements::due_from(&pair).name(), on).await?;
        let (agreement, accrued_until) = (self.terms.agreement(&pair, on), self.accrued_until(&pair).await?);
        Ok(Position { pair, aged, agreement, accrued_until })
    }

    /// Moves between leaves, the newest first, below a number.
    pub async fn moves_below(&self, below: i64, rows_max: i64) -> Result<Vec<MovementRow>, Error> {
        Ok(self.store.movements(&self.book, PostingKind::TreasuryLeafMove, below, rows_max).await?)
    }
}

/// What the keys of a pair's accruals begin with.
fn accruals(pair: &Pair) -> String {
    format!("interest/{}/{}/{}/", pair.lender, pair.borrower, pair.currency)
}

/// The one part of a request that has no more.
fn one(rows: Vec<MovementRow>) -> Result<MovementRow, Error> {
    rows.into_iter().next().ok_or(Error::MovementsBusy)
}

/// A calculation as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KeptInterest {
    /// The first day, as YYYY-MM-DD.
    pub from: String,
    /// The last day.
    pub until: String,
    /// First day, number of days, balance, rate in millionths and days of the year of each run.
    pub runs: Vec<(String, i64, i64, i64, i64)>,
}

fn kept(from: Date, until: Date, runs: &[InterestRun]) -> String {
    let runs = runs.iter().map(|run| (run.from.to_string(), run.days, run.balance, run.rate, run.year_days)).collect();
    serde_json::to_string(&KeptInterest { from: from.to_string(), until: until.to_string(), runs }).expect("numbers and texts are JSON")
}
