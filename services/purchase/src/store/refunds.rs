//! The tables of refunds: what stores said was paid back, the steps that follow from it, and what viewers owe. [`crate::refunds`] says what is in them.

use db::text;
use money::BookName;
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use telemetry::UnfinishedCount;
use uuid::Uuid;

use super::refund_rows::{fact, keep, step};
use super::rows::purchase;
use super::{Error, Store};
use crate::domain::event::{EventState, StoreEvent};
use crate::domain::{Purchase, PurchaseState};
use crate::orders::order::Order;
use crate::refunds::fact::RefundFact;
use crate::refunds::step::{CoinPlan, NextTry, RefundMoney, RefundPlan, RefundStep, StepState};

/// `state` of a fact: it is to be applied.
const OPEN: i64 = 1;
/// `state` of a fact.
const APPLIED: i64 = 2;
/// `state` of a fact: a person has to look at it.
const FLAGGED: i64 = 3;

/// A transaction of a store about which something is to be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RefundSubject {
    pub(crate) store: String,
    pub(crate) environment: String,
    pub(crate) bundle_id: String,
    pub(crate) transaction_id: String,
    pub(crate) tries: i64,
}

/// Has what stores said of a purchase be applied now that its coins are issued.
pub(super) async fn wake(connection: &mut AnyConnection, of: &Purchase) -> Result<(), Error> {
    let sql = "UPDATE refund_fact SET next_attempt_at_ms = 0
        WHERE store = $1 AND bundle_id = $2 AND transaction_id = $3 AND environment IN ($4, '') AND state = 1";
    let query = sqlx::query(sql).bind(of.store.as_str()).bind(of.bundle_id.as_str()).bind(of.transaction_id.as_str());
    query.bind(of.environment.as_str()).execute(connection).await?;
    Ok(())
}

/// Marks what was read of a transaction; what the store said meanwhile stays open.
async fn mark(connection: &mut AnyConnection, facts: &[RefundFact], state: i64, note: &str) -> Result<(), Error> {
    for fact in facts {
        let sql = "UPDATE refund_fact SET state = $6, note = $7
            WHERE store = $1 AND environment = $2 AND bundle_id = $3 AND transaction_id = $4 AND fact_id = $5 AND order_no = $8 AND part = $9";
        let query = sqlx::query(sql).bind(fact.store.as_str()).bind(fact.environment.as_str()).bind(fact.bundle_id.as_str());
        let query = query.bind(fact.transaction_id.as_str()).bind(fact.fact_id.as_str()).bind(state).bind(note);
        query.bind(fact.order_no).bind(fact.part).execute(&mut *connection).await?;
    }
    Ok(())
}

async fn insert(connection: &mut AnyConnection, new: &RefundStep) -> Result<bool, Error> {
    let inserted = sqlx::query(
        "INSERT INTO refund (book, purchase_id, step_no, user_id, is_back, coins, currency, amount_minor_units, coins_total,
             amount_total_minor_units, state, note, tries, next_attempt_at_ms, created_at_ms, attempt, planned_at_ms, wallet_coins, debt_coins,
             debt_change_no, is_closed, restores, posting_id, seq, money_attempt, money_planned_at_ms, deferred_minor_units,
             prepaid_minor_units, contra_minor_units, commission_minor_units, tax_minor_units, money_posting_id, disputed_total_minor_units, hold_no)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', 0, 0, $12, 0, 0, 0, 0, 0, 0, $13, '', 0, 0, 0, 0, 0, 0, 0, 0, '', $14, $15)
         ON CONFLICT DO NOTHING",
    )
    .bind(new.book.as_str())
    .bind(text(new.purchase_id))
    .bind(new.step_no)
    .bind(new.user.as_str())
    .bind(i64::from(new.is_back))
    .bind(new.coins)
    .bind(new.currency.code().to_owned())
    .bind(new.amount)
    .bind(new.coins_total)
    .bind(new.amount_total)
    .bind(new.state.number())
    .bind(new.created_at_ms)
    .bind(new.restores.as_str())
    .bind(new.disputed_total)
    .bind(new.hold_no)
    .execute(connection)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Purchases of which something was paid back or withdrawn, after this one.
pub(super) async fn purchases(pool: &sqlx::AnyPool, book: &BookName, after: Uuid, count_max: i64) -> Result<Vec<Uuid>, Error> {
    let sql = "SELECT purchase_id FROM refund WHERE book = $1 AND purchase_id > $2
        UNION SELECT purchase_id FROM dispute_step WHERE book = $1 AND purchase_id > $2
        UNION SELECT purchase_id FROM coin_hold WHERE book = $1 AND purchase_id > $2 ORDER BY 1 LIMIT $3";
    let found: Vec<String> = sqlx::query_scalar(sql).bind(book.as_str()).bind(text(after)).bind(count_max).fetch_all(pool).await?;
    let damaged = |id: &String| Error::Damaged { purchase_id: id.clone(), column: "refund.purchase_id" };
    found.iter().map(|id| Uuid::try_parse(id).map_err(|_| damaged(id))).collect()
}

impl Store {
    /// Notifications of refunds that are due to be read, the oldest first.
    pub(crate) async fn due_refund_events(&self, now_ms: i64, count_max: i64) -> Result<Vec<StoreEvent>, Error> {
        // Others about refunds ask for an answer, or warn of fraud: staff see them. Alipay has one type for everything, and only refunds wait.
        // The states that the index leaves out are named, or SQLite does not take it.
        let sql = "SELECT * FROM store_event WHERE state NOT IN (2, 3) AND state = 4 AND next_attempt_at_ms <= $1
            AND (store = 'alipay' OR kind IN ('REFUND.SUCCESS', 'REFUND.ABNORMAL', 'REFUND.CLOSED', 'REFUND', 'REFUND_REVERSED', 'REFUND_DECLINED', 'voidedPurchaseNotification', 'voidedPurchase', 'charge.refunded',
                'refund.created', 'refund.updated', 'refund.failed', 'charge.refund.updated', 'charge.dispute.created', 'charge.dispute.updated',
                'charge.dispute.funds_withdrawn', 'charge.dispute.funds_reinstated', 'charge.dispute.closed'))
            ORDER BY received_at_ms LIMIT $2";
        self.due_rows("store_event", sql, now_ms, count_max, super::events::read).await
    }

    /// Ends a notification of a refund, with what it says.
    pub(crate) async fn end_refund_event(
        &self,
        of: &StoreEvent,
        facts: &[RefundFact],
        state: EventState,
        note: &str,
        now_ms: i64,
    ) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        for fact in facts {
            keep(&mut tx, fact, now_ms).await?;
            super::refund_orders::heard(&mut tx, fact, now_ms).await?;
        }
        let sql = "UPDATE store_event SET state = $3, note = $4, payload = CASE WHEN $5 = 1 THEN payload ELSE '' END,
                account_token = CASE WHEN $5 = 1 THEN account_token ELSE '' END
            WHERE store = $1 AND event_id = $2 AND state = 4";
        let query = sqlx::query(sql).bind(of.store.as_str()).bind(of.event_id.as_str()).bind(state.number()).bind(note);
        query.bind(i64::from(!state.is_over())).execute(&mut *tx).await?;
        Ok(tx.commit().await?)
    }

    /// Postpones a notification of a refund.
    pub(crate) async fn put_off_refund_event(&self, of: &StoreEvent, note: &str, next_attempt_at_ms: i64) -> Result<(), Error> {
        let sql =
            "UPDATE store_event SET tries = tries + 1, note = $3, next_attempt_at_ms = $4 WHERE store = $1 AND event_id = $2 AND state = 4";
        let query = sqlx::query(sql).bind(of.store.as_str()).bind(of.event_id.as_str()).bind(note).bind(next_attempt_at_ms);
        query.execute(&self.pool).await?;
        Ok(())
    }

    /// Transactions about which something is due to be applied.
    pub(crate) async fn due_refunds(&self, now_ms: i64, count_max: i64) -> Result<Vec<RefundSubject>, Error> {
        let sql = "SELECT store, environment, bundle_id, transaction_id, MAX(tries) AS tries FROM refund_fact
            WHERE state <> 2 AND state = 1 AND next_attempt_at_ms <= $1 GROUP BY store, environment, bundle_id, transaction_id
            ORDER BY 5 LIMIT $2";
        let read = |row: &AnyRow| {
            Ok(RefundSubject {
                store: row.try_get("store")?,
                environment: row.try_get("environment")?,
                bundle_id: row.try_get("bundle_id")?,
                transaction_id: row.try_get("transaction_id")?,
                tries: row.try_get("tries")?,
            })
        };
        self.due_rows("refund_fact", sql, now_ms, count_max, read).await
    }

    /// Everything that a store said of a transaction, and its purchase.
    pub(crate) async fn refund_facts(&self, of: &RefundSubject) -> Result<(Vec<RefundFact>, Option<Purchase>), Error> {
        let mut connection = self.pool.acquire().await?;
        let sql = "SELECT * FROM refund_fact WHERE store = $1 AND bundle_id = $2 AND transaction_id = $3 AND environment = $4";
        let bound = |sql| sqlx::query(sql).bind(of.store.clone()).bind(of.bundle_id.clone()).bind(of.transaction_id.clone());
        let facts: Result<Vec<RefundFact>, Error> =
            bound(sql).bind(of.environment.clone()).fetch_all(&mut *connection).await?.iter().map(fact).collect();
        let facts = facts?;
        let book = facts.first().map_or_else(String::new, |fact| fact.book.to_string());
        // Google's notifications name no environment; the app's book is enough.
        let sql = "SELECT * FROM purchase WHERE store = $1 AND bundle_id = $2 AND transaction_id = $3 AND (environment = $4 OR $4 = '')
            AND book = $5";
        let found = bound(sql).bind(of.environment.clone()).bind(book).fetch_optional(&mut *connection).await?;
        Ok((facts, found.as_ref().map(purchase).transpose()?))
    }

    /// Whether the store of an order has said of some refund of this payment how much it was.
    pub(crate) async fn is_refund_known(&self, order: &Order, transaction_id: &str) -> Result<bool, Error> {
        let sql = "SELECT COUNT(*) FROM refund_fact WHERE store = $1 AND environment = $2 AND bundle_id = $3 AND transaction_id = $4 AND status = 2";
        let query = sqlx::query_scalar(sql).bind(order.store.as_str()).bind(order.environment.as_str()).bind(order.merchant.as_str());
        let count: i64 = query.bind(transaction_id).fetch_one(&self.pool).await?;
        Ok(count > 0)
    }

    /// Postpones what can't be applied yet.
    pub(crate) async fn put_off_refund(&self, of: &RefundSubject, note: &str, next_attempt_at_ms: i64) -> Result<(), Error> {
        let sql = "UPDATE refund_fact SET tries = tries + 1, note = $5, next_attempt_at_ms = $6
            WHERE store = $1 AND bundle_id = $2 AND transaction_id = $3 AND environment = $4 AND state = 1";
        let query = sqlx::query(sql).bind(of.store.as_str()).bind(of.bundle_id.as_str()).bind(of.transaction_id.as_str());
        query.bind(of.environment.as_str()).bind(note).bind(next_attempt_at_ms).execute(&self.pool).await?;
        Ok(())
    }

    /// A person has to look at what a store said.
    pub(crate) async fn flag_refund(&self, facts: &[RefundFact], note: &str) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        mark(&mut tx, facts, FLAGGED, note).await?;
        Ok(tx.commit().await?)
    }

    /// Applies what a store said: by the next step, if anything changes, by what it moved for disputes, and by what is held. False: another process was first.
    pub(crate) async fn apply_refund(&self, facts: &[RefundFact], plan: &RefundPlan) -> Result<bool, Error> {
        let mut tx = self.begin().await?;
        // Of a wallet that was merged since the plan was made, another has the coins.
        for (book, user) in plan.wallets() {
            if !super::wallet_rows::stays(&mut tx, book, user).await? {
                return Ok(false);
            }
        }
        if let Some(new) = &plan.step
            && !insert(&mut tx, new).await?
        {
            return Ok(false);
        }
        if let Some(new) = &plan.dispute
            && !super::disputes::insert(&mut tx, new).await?
        {
            return Ok(false);
        }
        if !super::holds::apply(&mut tx, &plan.holds, plan.now_ms).await? {
            return Ok(false);
        }
        mark(&mut tx, facts, APPLIED, "").await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The steps of a purchase's refunds, in order.
    pub async fn refund_steps(&self, book: &BookName, purchase_id: Uuid) -> Result<Vec<RefundStep>, Error> {
        let sql = "SELECT * FROM refund WHERE book = $1 AND purchase_id = $2 ORDER BY step_no";
        sqlx::query(sql).bind(book.as_str()).bind(text(purchase_id)).fetch_all(&self.pool).await?.iter().map(step).collect()
    }

    /// Purchases of a book with a step that is not posted to its end.
    pub(super) async fn refunds_in_progress(&self, book: &BookName) -> Result<Vec<Uuid>, Error> {
        let sql = "SELECT DISTINCT purchase_id FROM refund WHERE book = $1 AND state < 3";
        let found: Vec<String> = sqlx::query_scalar(sql).bind(book.as_str()).fetch_all(&self.pool).await?;
        let damaged = |id: &String| Error::Damaged { purchase_id: id.clone(), column: "refund.purchase_id" };
        found.iter().map(|id| Uuid::try_parse(id).map_err(|_| damaged(id))).collect()
    }

    /// Steps that are due to be posted, those with the fewest tries first.
    pub(crate) async fn due_steps(&self, now_ms: i64, count_max: i64) -> Result<Vec<RefundStep>, Error> {
        let sql = "SELECT * FROM refund WHERE state < 3 AND next_attempt_at_ms <= $1 ORDER BY tries, created_at_ms LIMIT $2";
        self.due_rows("refund", sql, now_ms, count_max, step).await
    }

    /// Postpones a step, with the reason.
    pub(crate) async fn put_off_step(&self, of: &RefundStep, note: &str, next: NextTry) -> Result<(), Error> {
        let sql = "UPDATE refund SET tries = $6, note = $4, next_attempt_at_ms = $5
            WHERE book = $1 AND purchase_id = $2 AND step_no = $3 AND state < 3";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(of.step_no).bind(note);
        query.bind(next.at_ms).bind(next.tries).execute(&self.pool).await?;
        Ok(())
    }

    /// Writes down how a step's coins are posted, before they are. False: another process planned it first.
    pub(crate) async fn plan_coins(&self, of: &RefundStep, plan: &CoinPlan) -> Result<bool, Error> {
        let sql =
            "UPDATE refund SET attempt = $4, planned_at_ms = $5, wallet_coins = $6, debt_coins = $7, debt_change_no = $8, is_closed = $9,
                staff_coins = $12, user_id = $13
            WHERE book = $1 AND purchase_id = $2 AND step_no = $3 AND state = 1 AND attempt = $10 AND planned_at_ms = $11";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(of.step_no).bind(plan.attempt);
        let query = query.bind(plan.planned_at_ms).bind(plan.wallet).bind(plan.debt).bind(plan.debt_change_no);
        let query = query.bind(i64::from(plan.is_closed)).bind(of.plan.attempt).bind(of.plan.planned_at_ms);
        let query = query.bind(plan.staff).bind(of.user.as_str());
        Ok(query.execute(&self.pool).await?.rows_affected() == 1)
    }

    /// A step's coins are posted, or there are none. Those that are left to staff become a case.
    pub(crate) async fn coins_posted(&self, of: &RefundStep, purchase: &Purchase, posting_id: &str, seq: i64) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        let sql = "UPDATE refund SET state = 2, posting_id = $4, seq = $5, note = '', tries = 0, next_attempt_at_ms = 0
            WHERE book = $1 AND purchase_id = $2 AND step_no = $3 AND state = 1";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(of.step_no).bind(posting_id).bind(seq);
        let is_first = query.execute(&mut *tx).await?.rows_affected() == 1;
        if is_first && of.plan.debt > 0 {
            super::debts::changed(&mut tx, &of.book, &of.user, of.plan.debt_change_no + 1).await?;
        }
        if of.is_back {
            super::debts::wake(&mut tx, &of.book, &of.user, false).await?;
        }
        // Of a purchase whose coins came to a wallet, they were forfeited with it: there is nothing to do.
        if is_first && of.plan.staff > 0 && matches!(purchase.state, PurchaseState::Suspended { .. }) {
            super::cases::open_suspended(&mut tx, of, purchase).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Writes down what a step's posting of money moves, before it is sent. False: another process planned it first.
    pub(crate) async fn plan_money(&self, of: &RefundStep, attempt: i64, now_ms: i64, money: RefundMoney) -> Result<bool, Error> {
        let sql = "UPDATE refund SET money_attempt = $4, money_planned_at_ms = $5, deferred_minor_units = $6, prepaid_minor_units = $7,
                contra_minor_units = $8, commission_minor_units = $9, tax_minor_units = $10, disputed_minor_units = $11
            WHERE book = $1 AND purchase_id = $2 AND step_no = $3 AND state = 2 AND money_attempt = $12 AND money_planned_at_ms = $13";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(of.step_no).bind(attempt).bind(now_ms);
        let query = query.bind(money.deferred).bind(money.prepaid).bind(money.contra).bind(money.commission).bind(money.tax);
        Ok(query.bind(money.disputed).bind(of.money_attempt).bind(of.money_planned_at_ms).execute(&self.pool).await?.rows_affected() == 1)
    }

    /// A step's money is posted, or there is none: the step is done, and what the store said meanwhile can be applied.
    pub(crate) async fn money_posted(&self, of: &RefundStep, purchase: &Purchase, posting_id: &str) -> Result<(), Error> {
        let mut tx = self.begin().await?;
        let sql = "UPDATE refund SET state = 3, money_posting_id = $4, note = ''
            WHERE book = $1 AND purchase_id = $2 AND step_no = $3 AND state = 2";
        let query = sqlx::query(sql).bind(of.book.as_str()).bind(text(of.purchase_id)).bind(of.step_no).bind(posting_id);
        query.execute(&mut *tx).await?;
        wake(&mut tx, purchase).await?;
        Ok(tx.commit().await?)
    }

    /// What of refunds is open, and what a person has to look at.
    pub(super) async fn open_refunds(&self) -> Result<Vec<UnfinishedCount>, Error> {
        let counted =
            |state, (count, since_ms): (i64, Option<i64>)| UnfinishedCount { what: "refund", state, count: count.unsigned_abs(), since_ms };
        let mut open = Vec::new();
        // Of what waits for its sale no age is given: it may never come, and would hide the age of all else.
        for (name, state) in [("waits_for_sale", OPEN), ("flagged", FLAGGED)] {
            let sql = "SELECT COUNT(*) FROM refund_fact WHERE state <> 2 AND state = $1";
            let count: i64 = sqlx::query_scalar(sql).bind(state).fetch_one(&self.pool).await?;
            open.push(counted(name, (count, None)));
        }
        for (name, state) in [("coins_not_posted", StepState::Coins), ("money_not_posted", StepState::Money)] {
            let sql = "SELECT COUNT(*), MIN(created_at_ms) FROM refund WHERE state < 3 AND state = $1";
            open.push(counted(name, sqlx::query_as(sql).bind(state.number()).fetch_one(&self.pool).await?));
        }
        Ok(open)
    }
}
