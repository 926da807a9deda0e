//! A book with a thing of each kind that can be explained.
use crate::posted::{Planted, change, post};
use api::ledger::BookMode;
use testbed::{Testbed, TestbedOptions};
use uuid::Uuid;

pub const BOOK: &str = "demo";
pub const TREASURY: &str = "treasury";

/// An id for each thing that is planted: `$1` and so on in the statements.
pub fn id(number: usize) -> String {
    format!("01936f5e-7c3b-7000-9000-a1b2c3d4e5{number:02}")
}

fn named(text: &str) -> String {
    (1..40).rev().fold(text.to_owned(), |text, number| text.replace(&format!("${number}"), &id(number)))
}

/// Rows of purchases and of wallets; `{credit}`, `{coins}` and `{money}` are the postings of the purchase and of its refund, `{forfeited}` that of a wallet's closure.
const OF_PURCHASE: [&str; 9] = [
    "INSERT INTO purchase (purchase_id, book, user_id, request_id, state, store, environment, bundle_id, transaction_id, product_id, quantity, coins, currency,
         price_minor_units, tax_minor_units, commission_minor_units, purchased_at_ms, created_at_ms, posting_id, coin_balance, balance_seq, next_attempt_at_ms, attempt)
     VALUES ('$1', 'demo', 'ann', '$2', 2, 'stripe', 'test', 'acct', 'pi_ann', 'coins.70', 1, 70, 'USD', 74, 7, 0, 1, 1, '{credit}', 70, 1, 0, 0)",
    "INSERT INTO refund (book, purchase_id, step_no, user_id, is_back, coins, currency, amount_minor_units, coins_total, amount_total_minor_units, state, note, tries,
         next_attempt_at_ms, created_at_ms, attempt, planned_at_ms, wallet_coins, debt_coins, debt_change_no, is_closed, restores, posting_id, seq, money_attempt,
         money_planned_at_ms, deferred_minor_units, prepaid_minor_units, contra_minor_units, commission_minor_units, tax_minor_units, money_posting_id)
     VALUES ('demo', '$1', 1, 'ann', 0, 35, 'USD', 37, 35, 37, 3, '', 0, 0, 1, 0, 1, 35, 0, 0, 0, '', '{coins}', 2, 0, 1, 33, 0, 0, 0, 4, '{money}')",
    "INSERT INTO refund_fact (store, environment, bundle_id, transaction_id, fact_id, book, part, whole, currency, status, order_no, said_at_ms, state, note,
         created_at_ms, tries, next_attempt_at_ms)
     VALUES ('stripe', 'test', 'acct', 'pi_ann', 're_1', 'demo', 37, 1, 'USD', 2, 1, 0, 2, '', 0, 0, 0), ('stripe', 'test', 'acct', 'pi_ann', 'dp_1', 'demo', 37, 1, 'USD', 4,
         1, 0, 2, '', 0, 0, 0)",
    "INSERT INTO refund_order (book, refund_id, purchase_id, user_id, started_by, asked_by, request_id, currency, amount_minor_units, state, decided_by, store_refund_id,
         note, created_at_ms, decided_at_ms, sent_at_ms, ended_at_ms, tries, next_attempt_at_ms)
     VALUES ('demo', '$3', '$1', 'ann', 2, 'sam', '$4', 'USD', 37, 5, 'fay', 're_1', '', 1, 2, 3, 4, 0, 0)",
    "INSERT INTO store_order (book, order_id, user_id, request_id, store, environment, merchant, product_id, market, channel, coins, currency, price_minor_units,
         tax_minor_units, authenticate, success_url, cancel_url, state, session_id, pay_url, transaction_id, purchase_id, note, created_at_ms, expires_at_ms, asked_at_ms,
         next_check_at_ms, tries)
     VALUES ('demo', '$5', 'ann', '$6', 'stripe', 'test', 'acct', 'coins.70', 'US', 'web', 70, 'USD', 74, 7, 0, '', '', 3, 'cs_1', '', 'pi_ann', '$1', '', 1, 2, 1, 0, 1)",
    "INSERT INTO store_settlement (book, store, account, period, settlement_id, entity, bank_account, state, note, proceeds_currency, paid_minor_units, carried_from,
         carried_in_minor_units, carried_out_minor_units, has_unexplained, differences_hash, proposed_by, proposed_hash, approved_by, approved_hash, edition, version,
         created_at_ms, tries, next_attempt_at_ms)
     VALUES ('demo', 'stripe', 'acct', '2026-10', '$7', 'main', 'main', 2, '', 'USD', 5, '', 0, 0, 1, 'h', 'sam', 'h', 'fay', 'h', 1, 1, 1, 0, 0)",
    "INSERT INTO wallet_change (book, change_id, kind, user_id, into_user_id, asked_by, request_id, state, decided_by, note, created_at_ms, decided_at_ms, ended_at_ms,
         tries, next_attempt_at_ms)
     VALUES ('demo', '$36', 1, 'dora', '', 'sam', '$37', 5, 'fay', '', 1, 2, 3, 0, 0), ('demo', '$38', 2, 'bob', 'cleo', 'sam', '$17', 1, '', '', 1, 0, 0, 0, 0)",
    "INSERT INTO wallet_posting (book, change_id, posting_no, coins, debt_coins, debt_change_no, into_debt_change_no, attempt, planned_at_ms, state, posting_id)
     VALUES ('demo', '$36', 1, 35, 0, 0, 0, 0, 1, 2, '{forfeited}')",
    "INSERT INTO spending_limit (book, user_id, currency, period, limit_minor_units, next_minor_units, next_from_ms)
     VALUES ('demo', 'ann', 'USD', 'day', 500, -1, 0), ('demo', 'ann', 'USD', 'month', -1, -1, 0)",
];

const OF_PAYOUTS: [&str; 5] = [
    "INSERT INTO payout (book, payout_id, user_id, beneficiary_id, request_id, currency, minor_units, rail, phase, state, version, due_at_ms, attempts, sends, sent_at_ms,
         first_sent_at_ms, seen, step_key, bank_status, reason_code, reason, hold_posting_id, hold_transfer_no, submit_posting_id, final_posting_id, bank_time_ms,
         traceparent, created_at_ms, final_at_ms)
     VALUES ('demo', '$8', 'star', '$8', '$8', 'USD', 500, 'us-rtp', 'settled', 'settled', 1, 0, 0, 0, 0, 0, 0, '$8', '', '', '', '', 0, '', '', 0, '', 0, 0)",
    "INSERT INTO payout_review (book, review_id, payout_id, kind, state, finding, decided_by, review_reason, created_at_ms)
     VALUES ('demo', '$9', '$8', 'screening', 'passed', 'SECRET FINDING', 'rita', 'SECRET REASON', 1)",
    "INSERT INTO blocked_payout (book, payout_id, blocked_at_ms, report_due, licence_number, licence_date, licence_by, unblocked_by)
     VALUES ('demo', '$8', 1, '2026-12-11', 'L-7', '2026-12-01', 'lea', 'leo')",
    "INSERT INTO payout_resolution (book, payout_id, outcome, evidence, proposed_by, proposed_at_ms, decided_by, decided_at_ms)
     VALUES ('demo', '$8', 'paid', 'the bank says so', 'pat', 1, 'pia', 2)",
    "INSERT INTO payout_run (book, run_id, request_id, created_by, state, above_currency, above_minor_units, line_count, approved_by, created_at_ms)
     VALUES ('demo', '$10', '$10', 'sam', 'running', '', 0, 12, 'fay', 1)",
];

const OF_TREASURY: [&str; 5] = [
    "INSERT INTO funds_reservation (book, app, reservation_id, payout_id, entity, bank_account, account_id, leaf_id, leaf_entity, account_entity, currency, minor_units,
         hold_key, intent_id, state, expires_at_ms, changed_at_ms, tries, settled_by)
     VALUES ('treasury', 'demo', '$11', '$8', 'main', 'main', 'bank-usd', 'creators', 'main', 'main', 'USD', 500, '$11', '$11', 'in_transit', 0, 0, 0, '')",
    "INSERT INTO sweep (book, sweep_id, sweep_no, request_key, rule_id, business_day, from_account, from_account_entity, from_leaf, to_account, to_account_entity, to_leaf,
         entity, currency, minor_units, return_day, returns_id, state, planned_at_ms, planned_by)
     VALUES ('treasury', '$12', 1, 'sweep/1', 'nightly', '2026-11-27', 'bank-usd', 'main', 'creators', 'pool-usd', 'main', 'pool', 'main', 'USD', 900, '', '', 'sent', 1,
         'fay')",
    "INSERT INTO receipt (book, receipt_id, account_id, cash_entity, booked_on, leaf_entity, leaf_id, allocation, old_account, number, currency, amount_minor, value_date,
         payer_masked, bank_reference, expected_id, is_booked)
     VALUES ('treasury', '$13', 'bank-usd', 'main', 'creators', 'main', 'creators', 'old_number', 'old-1', '44-0001', 'USD', 123, '2026-11-27', '…mber', 'B-4', '', 1)",
    "INSERT INTO bank_case (book, case_id, account_id, class, currency, amount, difference, entry_keys, items, file_hash, since_date, detail, rule, evidence, postings,
         proposed_item, state, resolution, assignee, explanation, explained_by, found_at_ms, closed_day)
     VALUES ('treasury', '01936f5e7c3b70009000a1b2c3d4e514', 'bank-usd', 'UNKNOWN_CREDIT', 'USD', 4990, -4990, '', '', '', '2026-11-27', 'nothing says what it is for', 0,
         '[]', '[]', '', 'resolved', 'adjusted', '', '', '', 1, '2026-11-27')",
    "INSERT INTO case_adjustment (book, adjustment_id, case_id, kind, transfers, cash_effect, reason, proposed_by, proposed_at_ms, state, approved_by, approval_reason,
         approved_at_ms)
     VALUES ('treasury', '01936f5e7c3b70009000a1b2c3d4e515', '01936f5e7c3b70009000a1b2c3d4e514', 'adjustment', '[]', 0, 'why', 'fin', 1, 'posted', 'con', 'why', 2)",
];

/// A book with a thing of each kind; and how ids and postings are filled into texts, as into the statements.
pub async fn planted(storage: testbed::Storage) -> (Testbed, impl Fn(&str) -> String) {
    let books: &[(&str, BookMode)] = &[(BOOK, BookMode::Test), (TREASURY, BookMode::Test)];
    let bed = Testbed::on(storage, TestbedOptions { books, recorded: false }).await;
    drop(purchase::tables::Store::open(&bed.database).await.unwrap());
    drop(payout::tables::Store::inspect(&bed.database).await.unwrap());
    drop(treasury::tables::Store::open(&bed.database).await.unwrap());
    let wallet = ("house/coins/issued".to_owned(), "viewer/ann/coins".to_owned());
    let posted = async |kind, moved| {
        let (id, fields, guards) = (Uuid::now_v7(), vec![("purchase_id", id(1))], Vec::new());
        post(&bed, Planted { book: BOOK, kind, id, moved, fields, guards }).await.posting_id
    };
    let credit = posted("purchase.web", vec![(wallet.0.clone(), wallet.1.clone(), 70)]).await;
    let coins = posted("refund.granted", vec![(wallet.1.clone(), wallet.0.clone(), 35)]).await;
    let dora = "viewer/dora/coins".to_owned();
    let given = Planted {
        book: BOOK,
        kind: "test",
        id: Uuid::now_v7(),
        moved: vec![(wallet.0.clone(), dora.clone(), 35)],
        fields: Vec::new(),
        guards: Vec::new(),
    };
    post(&bed, given).await;
    let (closure, left) = (vec![("change_id", id(36))], vec![(dora, wallet.0, 35)]);
    let kind = "wallet.forfeited";
    let forfeited = Planted { book: BOOK, kind, id: Uuid::now_v7(), moved: left, fields: closure, guards: Vec::new() };
    let forfeited = post(&bed, forfeited).await.posting_id;
    let (deferred, receivable) = ("house/deferred_revenue/USD".to_owned(), "house/processor_receivable/USD".to_owned());
    let money = posted("refund.money", vec![(deferred, receivable, 33)]).await;
    let filled = move |text: &str| {
        let text = named(text).replace("{credit}", &credit).replace("{coins}", &coins);
        text.replace("{money}", &money).replace("{forfeited}", &forfeited)
    };
    for (service, rows) in [("purchase", &OF_PURCHASE[..]), ("payout", &OF_PAYOUTS[..]), ("treasury", &OF_TREASURY[..])] {
        for sql in rows {
            assert!(change(&bed.database, service, &filled(sql)).await > 0, "{sql}");
        }
    }
    (bed, filled)
}
