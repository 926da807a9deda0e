//! Rows of refunds, disputes, holds, debts and settlements that say that something was done, and that nothing was posted for: each is named by both audits. And refunds
//! that are started here, and wallets that are closed or merged: each has the requests that asked for it and decided it, and each such request its row.
use crate::{
    planted::{damaged, problems},
    posted::change,
};
use api::ledger::BookMode;
use db::Database;
use testbed::{Testbed, TestbedOptions, both};

const BOOK: &str = "demo";
const PURCHASE: &str = "01936f5e-7c3b-7000-9000-a1b2c3d4e5f1";
const REFUND: &str = "01936f5e-7c3b-7000-9000-a1b2c3d4e5f2";
const REQUEST: &str = "01936f5e-7c3b-7000-9000-a1b2c3d4e5f3";
const APPROVAL: &str = "01936f5e-7c3b-7000-9000-a1b2c3d4e5f4";
const SETTLEMENT: &str = "01936f5e-7c3b-7000-9000-a1b2c3d4e5f5";
/// What is sent to merge the wallet of ann into that of bob.
const MERGE_SENT: &str = r#"{"into_user_id":"bob","user_id":"ann"}"#;
const NO_POSTING: &str = "names no posting of its own";

/// What of `verify` is about these rows: each of them says which row it is.
const PARTS: [&str; 6] = ["step ", "hold ", "change ", "edition ", "refund ", "request "];

fn inserted(table: &str, columns: &[(&str, &str)]) -> String {
    let (names, values): (Vec<&str>, Vec<&str>) = columns.iter().copied().unzip();
    format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "))
}

fn quoted(text: &str) -> String {
    format!("'{text}'")
}

/// A step of refunds that says that it is done: coins and totals, coins of the wallet, and coins of a hold.
fn refund((coins, coins_total): (i64, i64), wallet: i64, held: i64) -> String {
    let [coins, coins_total, wallet, held] = [coins, coins_total, wallet, held].map(|number| number.to_string());
    let (book, purchase) = (quoted(BOOK), quoted(PURCHASE));
    let mut columns =
        vec![("book", book.as_str()), ("purchase_id", &purchase), ("step_no", "1"), ("user_id", "'ann'"), ("currency", "'USD'")];
    columns.extend([
        ("coins", coins.as_str()),
        ("coins_total", &coins_total),
        ("wallet_coins", &wallet),
        ("held_coins", &held),
        ("hold_no", "1"),
    ]);
    columns.extend([("state", "3"), ("note", "''"), ("restores", "''"), ("posting_id", "''"), ("money_posting_id", "''")]);
    let zero = "is_back amount_minor_units amount_total_minor_units tries next_attempt_at_ms created_at_ms attempt planned_at_ms debt_coins debt_change_no is_closed \
        seq money_attempt money_planned_at_ms deferred_minor_units prepaid_minor_units contra_minor_units commission_minor_units tax_minor_units \
        disputed_total_minor_units disputed_minor_units";
    columns.extend(zero.split_whitespace().map(|name| (name, "0")));
    inserted("refund", &columns)
}

fn dispute(state: &str, withdrawn: &str, total: &str) -> String {
    let (book, purchase) = (quoted(BOOK), quoted(PURCHASE));
    let mut columns = vec![("book", book.as_str()), ("purchase_id", &purchase), ("step_no", "1"), ("currency", "'USD'"), ("state", state)];
    columns.extend([("withdrawn_minor_units", withdrawn), ("withdrawn_total_minor_units", total), ("note", "''"), ("posting_id", "''")]);
    let zero = "fee_minor_units fee_total_minor_units tries next_attempt_at_ms created_at_ms attempt planned_at_ms";
    columns.extend(zero.split_whitespace().map(|name| (name, "0")));
    inserted("dispute_step", &columns)
}

fn hold(state: &str, taken: &str) -> String {
    let (book, purchase) = (quoted(BOOK), quoted(PURCHASE));
    let mut columns = vec![("book", book.as_str()), ("purchase_id", &purchase), ("hold_no", "1"), ("user_id", "'ann'"), ("state", state)];
    columns.extend([("taken_coins", taken), ("coins", "35"), ("wanted_coins", "35"), ("target_coins", "35"), ("note", "''")]);
    columns.extend([("posting_id", "''"), ("end_posting_id", "''")]);
    let zero = "is_counted ended_by ends_at_ms tries next_attempt_at_ms created_at_ms attempt planned_at_ms seq transfer_no end_attempt end_planned_at_ms";
    columns.extend(zero.split_whitespace().map(|name| (name, "0")));
    inserted("coin_hold", &columns)
}

fn settlement(state: &str) -> String {
    let (book, id) = (quoted(BOOK), quoted(SETTLEMENT));
    let mut columns = vec![("book", book.as_str()), ("settlement_id", &id), ("edition", "1"), ("currency", "'USD'"), ("store", "'stripe'")];
    columns.extend([
        ("entity", "'main'"),
        ("bank_account", "'main'"),
        ("state", state),
        ("claimed_minor_units", "5"),
        ("is_announced", "1"),
    ]);
    columns.extend(["posting_id", "arrives_by", "note"].map(|name| (name, "''")));
    let zero = "fee_minor_units fee_tax_minor_units contra_minor_units withheld_minor_units reserved_minor_units exchanged_minor_units in_transit_minor_units \
        difference_minor_units attempt planned_at_ms tries next_attempt_at_ms";
    columns.extend(zero.split_whitespace().map(|name| (name, "0")));
    inserted("settlement_posting", &columns)
}

fn debt(state: &str) -> String {
    format!(
        "INSERT INTO debt_settlement (book, user_id, change_no, coins, attempt, planned_at_ms, state, posting_id)
         VALUES ('{BOOK}', 'ann', 1, 9, 0, 1, {state}, '')"
    )
}

/// A web purchase of 70 coins for 74 cents that is not credited yet.
async fn bed_with_purchase(storage: testbed::Storage) -> Testbed {
    let bed = Testbed::on(storage, TestbedOptions { books: &[(BOOK, BookMode::Test)], recorded: false }).await;
    drop(purchase::tables::Store::open(&bed.database).await.unwrap());
    let at = money::time::unix_ms(std::time::SystemTime::now());
    let sql = format!(
        "INSERT INTO purchase (purchase_id, book, user_id, request_id, state, store, environment, bundle_id, transaction_id, product_id, quantity, coins, currency,
             price_minor_units, tax_minor_units, commission_minor_units, purchased_at_ms, created_at_ms, posting_id, coin_balance, balance_seq,
             next_attempt_at_ms, attempt)
         VALUES ('{PURCHASE}', '{BOOK}', 'ann', '{PURCHASE}', 1, 'stripe', 'test', 'acct', 'pi_ann', 'coins.70', 1, 70, 'USD', 74, 7, 0, {at}, {at}, '', 0, 0, 0, 0)"
    );
    assert_eq!(change(&bed.database, "purchase", &sql).await, 1);
    bed
}

async fn found(bed: &Testbed) -> [Vec<String>; 2] {
    problems(bed, (BOOK, "purchases"), &PARTS).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_said_to_be_done_has_a_posting() {
    for storage in both() {
        let bed = bed_with_purchase(storage).await;
        for (table, sql) in [
            ("dispute_step", dispute("1", "74", "74")),
            ("coin_hold", hold("1", "0")),
            ("debt_settlement", debt("1")),
            ("settlement_posting", settlement("1")),
            ("refund", format!("{}; UPDATE refund SET staff_coins = 35", refund((35, 35), 0, 0))),
        ] {
            let found = damaged(&bed.database, ("purchase", table, &sql), async || found(&bed).await).await;
            assert_eq!(found, [const { Vec::<String>::new() }; 2], "what is to be posted, or was left to staff, needs no posting: {sql}");
        }
        let (step, other) = (format!("step 1 of the refunds of purchase {PURCHASE}"), format!("of the disputes of purchase {PURCHASE}"));
        for (table, sql, said) in [
            (
                "refund",
                refund((35, 35), 35, 0),
                format!("{step} says refund.granted of 35 from viewer/ann/coins to house/coins/issued and {NO_POSTING}"),
            ),
            ("refund", refund((35, 35), 0, 0), format!("{step}, of 35 coins of which 0 were taken,")),
            ("refund", refund((0, 70), 0, 0), format!("{step}, which does not follow from the one before it,")),
            ("refund", refund((35, 35), 0, 35), format!("{step}, with 35 coins of hold 1 that does not say so,")),
            ("dispute_step", dispute("2", "74", "74"), format!("{other} says dispute.money of 74 from")),
            ("dispute_step", dispute("2", "0", "74"), format!("{other}, which does not follow")),
            ("coin_hold", hold("3", "0"), format!("hold 1 of coins of purchase {PURCHASE} says refund.asked of 35 from")),
            ("coin_hold", hold("6", "30"), format!("hold 1 of coins of purchase {PURCHASE} says refund.asked of 35 from")),
            ("debt_settlement", debt("2"), "change 1 of the debt of ann says debt.settle of 9 from".to_owned()),
            ("settlement_posting", settlement("2"), format!("edition 1 of settlement {SETTLEMENT} in USD says processor.settle of 5 from")),
        ] {
            for found in damaged(&bed.database, ("purchase", table, &sql), async || found(&bed).await).await {
                assert!(found.iter().any(|problem| problem.contains(&said) && problem.contains(NO_POSTING)), "{sql}: {found:#?}");
            }
        }
        bed.ledger.shutdown().await;
    }
}

/// What is sent to pay 37 cents of the purchase back.
fn refund_sent() -> String {
    format!(r#"{{"amount.currency_code":"USD","amount.minor_units":"37","purchase_id":"{PURCHASE}","user_id":"ann"}}"#)
}

/// A request that was answered with a row of this id.
/// A request that was answered with a row; `fields`: what was sent, as JSON.
pub fn request(database: &Database, (subject, rpc, id): (&str, &str, &str), row_id: &str, fields: &str) -> String {
    let hex = row_id.replace('-', "");
    let outcome = if database.sqlite_dir().is_some() { format!("X'{hex}'") } else { format!("decode('{hex}', 'hex')") };
    format!(
        "INSERT INTO request (book, subject, rpc, request_id, fields, state, outcome, created_at_ms, finished_at_ms)
         VALUES ('{BOOK}', '{subject}', '{rpc}', '{id}', '{fields}', 1, {outcome}, 0, 0)"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refund_that_is_started_here_has_its_request_and_each_request_its_refund() {
    for storage in both() {
        let bed = bed_with_purchase(storage).await;
        let order = format!(
            "INSERT INTO refund_order (book, refund_id, purchase_id, user_id, started_by, asked_by, request_id, currency, amount_minor_units, state, decided_by,
                 store_refund_id, note, created_at_ms, decided_at_ms, sent_at_ms, ended_at_ms, tries, next_attempt_at_ms)
             VALUES ('{BOOK}', '{REFUND}', '{PURCHASE}', 'ann', 2, 'sam', '{REQUEST}', 'USD', 37, 6, 'fay', 're_1', '', 1, 2, 3, 4, 0, 0)"
        );
        let asked = request(&bed.database, ("sam", "RefundPurchase", REQUEST), REFUND, &refund_sent());
        let approved = request(&bed.database, ("fay", "ApproveRefund", APPROVAL), REFUND, "{}");
        for sql in [&order, &asked, &approved] {
            assert_eq!(change(&bed.database, "purchase", sql).await, 1);
        }
        assert_eq!(found(&bed).await, [const { Vec::<String>::new() }; 2]);
        let other = "01936f5e-7c3b-7000-9000-a1b2c3d4e5ff";
        let facts = format!(
            "INSERT INTO refund_fact (store, environment, bundle_id, transaction_id, fact_id, book, part, whole, currency, status, order_no, said_at_ms, state, note,
                 created_at_ms, tries, next_attempt_at_ms) VALUES ('stripe', 'test', 'acct', 'pi_ann', 're_1', '{BOOK}', 37, 1, 'USD', 2, 1, 0, 2, '', 0, 0, 0)"
        );
        let not_asked = "was answered with it";
        for (table, sql, said) in [
            ("refund_order", "UPDATE refund_order SET user_id = 'thief'".to_owned(), "it is of thief, and its purchase of ann"),
            ("refund_order", "UPDATE refund_order SET amount_minor_units = 36".to_owned(), not_asked),
            ("refund_order", "UPDATE refund_order SET currency = 'EUR'".to_owned(), "and the price is "),
            ("refund_order", format!("UPDATE refund_order SET purchase_id = '{other}'"), "it has no purchase"),
            ("refund_order", format!("UPDATE refund_order SET request_id = '{other}'"), not_asked),
            ("refund_order", "UPDATE refund_order SET asked_by = 'eve'".to_owned(), not_asked),
            ("refund_order", "UPDATE refund_order SET started_by = 1".to_owned(), not_asked),
            ("refund_order", "UPDATE refund_order SET decided_by = 'eve'".to_owned(), "(ApproveRefund) was answered with refund"),
            ("refund_order", "UPDATE refund_order SET state = 8".to_owned(), "(ApproveRefund) was answered with refund"),
            (
                "refund_order",
                "UPDATE refund_order SET state = 5".to_owned(),
                "its refunds paid back 37 minor units, and what the store said of them comes to 0",
            ),
            ("refund_order", "UPDATE refund_order SET state = 99".to_owned(), "a row can't be read: purchase of refund"),
            ("refund_order", "DELETE FROM refund_order".to_owned(), "(RefundPurchase) was answered with refund"),
            ("refund_order", order.replace(REFUND, other), not_asked),
            ("request", "DELETE FROM request WHERE rpc = 'RefundPurchase'".to_owned(), not_asked),
            (
                "request",
                request(&bed.database, ("eve", "RefundPurchase", other), REFUND, &refund_sent()),
                "(RefundPurchase) was answered with refund",
            ),
            ("refund_fact", facts, "it paid back nothing, and its store says that it did"),
        ] {
            let sought = if said.starts_with("a row") { &["a row can't be read"][..] } else { &PARTS[..] };
            let found = async || problems(&bed, (BOOK, "purchases"), sought).await;
            for found in damaged(&bed.database, ("purchase", table, &sql), found).await {
                assert!(found.iter().any(|problem| problem.contains(said)), "{sql}: {found:#?}");
            }
        }
        assert_eq!(found(&bed).await, [const { Vec::<String>::new() }; 2]);
        // Sam asks on behalf of Ann, under an id of hers.
        let (refund_id, request_id) = ("01936f5e-7c3b-7000-9000-a1b2c3d4e5f6", "01936f5e-7c3b-7000-9000-a1b2c3d4e5f7");
        let for_ann = order.replace(REFUND, refund_id).replace(REQUEST, request_id).replace("re_1", "re_2");
        for sql in [&for_ann, &request(&bed.database, ("ann", "RequestRefund", request_id), refund_id, &refund_sent())] {
            assert_eq!(change(&bed.database, "purchase", sql).await, 1);
        }
        assert_eq!(found(&bed).await, [const { Vec::<String>::new() }; 2]);
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_wallet_that_is_closed_or_merged_has_its_requests_and_each_request_its_change() {
    for storage in both() {
        let bed = bed_with_purchase(storage).await;
        // A merge that was posted, and waits for its wallet to be closed.
        let merge = format!(
            "INSERT INTO wallet_change (book, change_id, kind, user_id, into_user_id, asked_by, request_id, state, decided_by, note, created_at_ms, decided_at_ms,
                 ended_at_ms, tries, next_attempt_at_ms)
             VALUES ('{BOOK}', '{REFUND}', 2, 'ann', 'bob', 'sam', '{REQUEST}', 2, 'fay', '', 1, 2, 0, 0, 0)"
        );
        let asked = request(&bed.database, ("sam", "MergeWallets", REQUEST), REFUND, MERGE_SENT);
        let approved = request(&bed.database, ("fay", "ApproveWalletChange", APPROVAL), REFUND, "{}");
        for sql in [&merge, &asked, &approved] {
            assert_eq!(change(&bed.database, "purchase", sql).await, 1);
        }
        assert_eq!(found(&bed).await, [const { Vec::<String>::new() }; 2]);
        let other = "01936f5e-7c3b-7000-9000-a1b2c3d4e5ff";
        let (not_asked, approval) = ("was answered with it", "(ApproveWalletChange) was answered with change");
        let planned = format!(
            "INSERT INTO wallet_posting (book, change_id, posting_no, coins, debt_coins, debt_change_no, into_debt_change_no, attempt, planned_at_ms, state, posting_id)
             VALUES ('{BOOK}', '{REFUND}', 2, 5, 0, 0, 0, 0, 1, 1, '')"
        );
        for (table, sql, said) in [
            ("wallet_change", format!("UPDATE wallet_change SET request_id = '{other}'"), not_asked),
            ("wallet_change", "UPDATE wallet_change SET asked_by = 'eve'".to_owned(), not_asked),
            ("wallet_change", "UPDATE wallet_change SET kind = 1, into_user_id = ''".to_owned(), not_asked),
            ("wallet_change", "UPDATE wallet_change SET user_id = 'cleo'".to_owned(), "named other wallets"),
            ("wallet_change", "UPDATE wallet_change SET into_user_id = 'thief'".to_owned(), "named other wallets"),
            ("wallet_change", "UPDATE wallet_change SET decided_by = 'eve'".to_owned(), "no decision of eve"),
            ("wallet_change", "UPDATE wallet_change SET decided_by = 'sam'".to_owned(), "sam asked for it and approved it"),
            ("wallet_change", "UPDATE wallet_change SET decided_by = ''".to_owned(), "no second person approved it"),
            ("wallet_change", "UPDATE wallet_change SET state = 1".to_owned(), approval),
            ("wallet_change", "UPDATE wallet_change SET state = 3".to_owned(), "not one posting of it is planned"),
            ("wallet_change", "UPDATE wallet_change SET state = 5".to_owned(), "it is a merge, and posted nothing"),
            ("wallet_change", "UPDATE wallet_change SET state = 99".to_owned(), "a row can't be read: purchase of wallet change"),
            ("wallet_change", "DELETE FROM wallet_change".to_owned(), "(MergeWallets) was answered with change"),
            ("wallet_change", merge.replace(REFUND, other).replace("'ann'", "'cleo'"), not_asked),
            ("wallet_posting", planned, "its postings are not numbered one after the other"),
            ("request", "DELETE FROM request WHERE rpc = 'MergeWallets'".to_owned(), not_asked),
            ("request", "DELETE FROM request WHERE rpc = 'ApproveWalletChange'".to_owned(), "no decision of fay"),
            (
                "request",
                request(&bed.database, ("eve", "MergeWallets", other), REFUND, MERGE_SENT),
                "(MergeWallets) was answered with change",
            ),
            ("request", request(&bed.database, ("eve", "CloseWallet", other), other, "{}"), "which is not there"),
        ] {
            let sought = if said.starts_with("a row") { &["a row can't be read"][..] } else { &PARTS[..] };
            let found = async || problems(&bed, (BOOK, "purchases"), sought).await;
            for found in damaged(&bed.database, ("purchase", table, &sql), found).await {
                assert!(found.iter().any(|problem| problem.contains(said)), "{sql}: {found:#?}");
            }
        }
        assert_eq!(found(&bed).await, [const { Vec::<String>::new() }; 2]);
        bed.ledger.shutdown().await;
    }
}
