//! Rows of the tables `refund_fact` and `refund` and back.

use money::{BookName, Currency, UserKey};
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use uuid::Uuid;

use super::Error;
use crate::domain::StoreKind;
use crate::refunds::fact::{FactStatus, RefundFact};
use crate::refunds::step::{CoinPlan, RefundMoney, RefundStep, StepState};

pub(super) fn fact(row: &AnyRow) -> Result<RefundFact, Error> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let number = |column: &'static str| row.try_get::<i64, _>(column);
    let transaction_id = text("transaction_id")?;
    let damaged = |column: &'static str| Error::Damaged { purchase_id: format!("of transaction {transaction_id}"), column };
    let status = number("status")?;
    Ok(RefundFact {
        store: StoreKind::from_name(&text("store")?).ok_or_else(|| damaged("refund_fact.store"))?,
        environment: text("environment")?,
        bundle_id: text("bundle_id")?,
        fact_id: text("fact_id")?,
        book: BookName::try_new(&text("book")?).map_err(|_| damaged("refund_fact.book"))?,
        part: number("part")?,
        whole: number("whole")?,
        currency: text("currency")?,
        status: FactStatus::ALL.into_iter().find(|known| known.number() == status).ok_or_else(|| damaged("refund_fact.status"))?,
        order_no: number("order_no")?,
        said_at_ms: number("said_at_ms")?,
        withdrawn: number("withdrawn_minor_units")?,
        fee: number("fee_minor_units")?,
        transaction_id: transaction_id.clone(),
    })
}

pub(super) fn step(row: &AnyRow) -> Result<RefundStep, Error> {
    let text = |column: &'static str| row.try_get::<String, _>(column);
    let number = |column: &'static str| row.try_get::<i64, _>(column);
    let purchase_id = text("purchase_id")?;
    let damaged = |column: &'static str| Error::Damaged { purchase_id: purchase_id.clone(), column };
    let state = number("state")?;
    let read = RefundStep {
        book: BookName::try_new(&text("book")?).map_err(|_| damaged("refund.book"))?,
        purchase_id: Uuid::try_parse(&purchase_id).map_err(|_| damaged("refund.purchase_id"))?,
        step_no: number("step_no")?,
        user: UserKey::try_new(&text("user_id")?).map_err(|_| damaged("refund.user_id"))?,
        is_back: number("is_back")? == 1,
        coins: number("coins")?,
        currency: Currency::try_new(&text("currency")?).map_err(|_| damaged("refund.currency"))?,
        amount: number("amount_minor_units")?,
        coins_total: number("coins_total")?,
        amount_total: number("amount_total_minor_units")?,
        disputed_total: number("disputed_total_minor_units")?,
        state: StepState::ALL.into_iter().find(|known| known.number() == state).ok_or_else(|| damaged("refund.state"))?,
        tries: number("tries")?,
        created_at_ms: number("created_at_ms")?,
        hold_no: number("hold_no")?,
        held: number("held_coins")?,
        plan: CoinPlan {
            attempt: number("attempt")?,
            planned_at_ms: number("planned_at_ms")?,
            wallet: number("wallet_coins")?,
            debt: number("debt_coins")?,
            staff: number("staff_coins")?,
            debt_change_no: number("debt_change_no")?,
            is_closed: number("is_closed")? == 1,
        },
        restores: text("restores")?,
        posting_id: text("posting_id")?,
        seq: number("seq")?,
        money_attempt: number("money_attempt")?,
        money_planned_at_ms: number("money_planned_at_ms")?,
        money: RefundMoney {
            deferred: number("deferred_minor_units")?,
            prepaid: number("prepaid_minor_units")?,
            contra: number("contra_minor_units")?,
            commission: number("commission_minor_units")?,
            tax: number("tax_minor_units")?,
            disputed: number("disputed_minor_units")?,
        },
        money_posting_id: text("money_posting_id")?,
    };
    if read.is_sound() { Ok(read) } else { Err(damaged("an amount of refund")) }
}

/// Keeps what a store says, unless what it said before stands.
pub(crate) async fn keep(connection: &mut AnyConnection, fact: &RefundFact, now_ms: i64) -> Result<(), Error> {
    sqlx::query(
        "INSERT INTO refund_fact (store, environment, bundle_id, transaction_id, fact_id, book, part, whole, currency, status, order_no,
             said_at_ms, withdrawn_minor_units, fee_minor_units, state, note, created_at_ms, tries, next_attempt_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1, '', $15, 0, 0)
         ON CONFLICT (store, environment, bundle_id, transaction_id, fact_id) DO UPDATE
             SET part = excluded.part, whole = excluded.whole, currency = excluded.currency, status = excluded.status,
                 order_no = excluded.order_no, said_at_ms = excluded.said_at_ms, withdrawn_minor_units = excluded.withdrawn_minor_units,
                 fee_minor_units = excluded.fee_minor_units, state = 1, note = '', tries = 0, next_attempt_at_ms = 0
             WHERE refund_fact.order_no < excluded.order_no
                OR (refund_fact.order_no = excluded.order_no AND refund_fact.part < excluded.part)",
    )
    .bind(fact.store.as_str())
    .bind(fact.environment.as_str())
    .bind(fact.bundle_id.as_str())
    .bind(fact.transaction_id.as_str())
    .bind(fact.fact_id.as_str())
    .bind(fact.book.as_str())
    .bind(fact.part)
    .bind(fact.whole)
    .bind(fact.currency.as_str())
    .bind(fact.status.number())
    .bind(fact.order_no)
    .bind(fact.said_at_ms)
    .bind(fact.withdrawn)
    .bind(fact.fee)
    .bind(now_ms)
    .execute(connection)
    .await?;
    Ok(())
}
