//! One installation with a row of every kind and its postings. Then each sort of damage is done to all tables at once, and every row, or posting, is named by both audits.
use crate::{
    planted::release,
    posted::{Planted, change, post},
};
use api::ledger::{BookMode, PostPendingRequest, Posting, RequestField};
use chart::{Account, HouseId, Purpose};
use money::{BookName, Currency};
use monitor::{
    CheckResult,
    audit::{self, continuous::ContinuousAudit},
};
use std::{collections::BTreeMap, sync::OnceLock};
use testbed::{Testbed, TestbedOptions, both};
use uuid::Uuid;

const BOOK: &str = "demo";
const TREASURY: &str = "treasury";

/// `$1` and so on in the lists below: ids of now, because the ledger takes no old ones.
fn id(number: usize) -> Uuid {
    static FIRST: OnceLock<Uuid> = OnceLock::new();
    let now = (FIRST.get_or_init(Uuid::now_v7).as_u128() & !0xff) | number as u128;
    Uuid::from_u128(if number == OLD { now - (HOUR_MS << 80) } else { now })
}

/// The purchase that is added: an hour old, because of younger ones the monitor does not compare the sums yet.
const OLD: usize = 21;
const HOUR_MS: u128 = 3_600_000;

fn named(text: &str) -> String {
    (1..30).rev().fold(text.to_owned(), |text, number| text.replace(&format!("${number}"), &id(number).to_string()))
}

fn house(purpose: Purpose) -> String {
    Account::of_bank_account(HouseId::MAIN, HouseId::MAIN, purpose, Currency::try_new("USD").unwrap()).name()
}

/// A table, its row, and how it is damaged.
struct Damaged {
    service: &'static str,
    table: &'static str,
    /// The row, as audits show it.
    row: &'static str,
    /// What is changed, by sort of damage: another user, amount, account, unit, and another kind or state.
    changes: &'static [(&'static str, &'static str)],
    /// What makes a copy another row that is as done, without postings, and that row.
    added: (&'static str, &'static str),
    /// Whether the monitor compares the sums of its rows.
    is_summed: bool,
}

const fn row(
    service: &'static str,
    table: &'static str,
    row: &'static str,
    changes: &'static [(&'static str, &'static str)],
    added: (&'static str, &'static str),
) -> Damaged {
    Damaged { service, table, row, changes, added, is_summed: false }
}

const SORTS: [&str; 5] = ["user", "amount", "account", "unit", "kind"];

const TABLES: [Damaged; 15] = [
    Damaged {
        is_summed: true,
        ..row(
            "purchase",
            "purchase",
            "purchase $1 ",
            &[
                ("user", "user_id = 'thief'"),
                ("amount", "coins = 71"),
                ("account", "entity = 'thief'"),
                ("unit", "currency = 'GBP'"),
                ("kind", "state = 3"),
            ],
            ("purchase_id = '$21', transaction_id = 'other', posting_id = ''", "purchase $21 "),
        )
    },
    row(
        "purchase",
        "refund",
        "step 1 of the refunds of purchase $1",
        &[
            ("user", "user_id = 'thief'"),
            ("amount", "wallet_coins = 34"),
            ("account", "is_closed = 1, is_back = 1"),
            ("unit", "currency = 'GBP'"),
            ("kind", "is_back = 1"),
        ],
        ("step_no = 2, posting_id = '', money_posting_id = ''", "step 2 of the refunds of purchase $1"),
    ),
    row(
        "purchase",
        "dispute_step",
        "step 1 of the disputes of purchase $1",
        &[("amount", "withdrawn_minor_units = 75"), ("unit", "currency = 'GBP'")],
        ("step_no = 2, posting_id = ''", "step 2 of the disputes of purchase $1"),
    ),
    row(
        "purchase",
        "coin_hold",
        "hold 1 of coins of purchase $1",
        &[("user", "user_id = 'thief'"), ("amount", "coins = 11"), ("kind", "taken_coins = 10")],
        ("hold_no = 2, state = 3, posting_id = '', end_posting_id = ''", "hold 2 of coins of purchase $1"),
    ),
    row(
        "purchase",
        "debt_settlement",
        "change 1 of the debt of ",
        &[("user", "user_id = 'thief'"), ("amount", "coins = 6")],
        ("change_no = 2, posting_id = ''", "change 2 of the debt of eve"),
    ),
    row(
        "purchase",
        "settlement_posting",
        "edition 1 of settlement $2",
        &[
            ("amount", "claimed_minor_units = 6"),
            ("account", "entity = 'thief'"),
            ("unit", "currency = 'GBP'"),
            ("kind", "store = 'apple'"),
        ],
        ("edition = 2, posting_id = ''", "edition 2 of settlement $2"),
    ),
    row(
        "earnings",
        "quote",
        "quote $3 ",
        &[
            ("user", "user_id = 'thief'"),
            ("amount", "diamonds = 78"),
            ("unit", "currency = 'GBP'"),
            ("kind", "fee_minor_units = 24, net_minor_units = 476"),
        ],
        ("quote_id = '$22', posting_id = 'none'", "quote $22 "),
    ),
    row(
        "payout",
        "payout",
        "payout $4 ",
        &[
            ("user", "user_id = 'thief'"),
            ("amount", "minor_units = 101"),
            ("account", "bank_account = 'thief'"),
            ("unit", "currency = 'GBP'"),
            ("kind", "phase = 'rejected', state = 'rejected'"),
        ],
        ("payout_id = '$23', hold_posting_id = '', submit_posting_id = '', final_posting_id = ''", "payout $23 "),
    ),
    row(
        "payout",
        "payout_return",
        "return $5 of payout $4",
        &[("amount", "minor_units = 6"), ("account", "bank_account = 'thief'"), ("unit", "currency = 'GBP'"), ("kind", "suspended = 1")],
        ("return_id = '$24', bank_reference = 'B-2', posting_id = ''", "return $24 of payout $4"),
    ),
    row(
        "payout",
        "payout_recall",
        "recall $6 of payout $4",
        &[("amount", "fee_minor_units = 4"), ("account", "fee_bearer = 'creator'")],
        ("recall_id = '$25', fee_posting_id = '$6'", "recall $25 of payout $4"),
    ),
    row(
        "payout",
        "payout_reservation",
        "payout $4 ",
        &[("amount", "minor_units = 101"), ("account", "bank_account = 'thief'"), ("unit", "currency = 'GBP'")],
        ("reservation_no = 2, posting_id = ''", "payout $4 "),
    ),
    row(
        "payout",
        "payout_release",
        "payout $4 ",
        &[("amount", "minor_units = 101"), ("account", "bank_account = 'thief'"), ("unit", "currency = 'GBP'")],
        ("cause = 'other', posting_id = '$6'", "payout $4 "),
    ),
    row(
        "treasury",
        "movement",
        "movement 1 ",
        &[("kind", "kind = 'treasury.allocation'")],
        ("movement_no = 2, part = 1, posting_key = '$26'", "movement 2 "),
    ),
    row(
        "treasury",
        "receipt",
        "receipt $7 ",
        &[("amount", "amount_minor = 124"), ("account", "booked_on = 'thief'"), ("unit", "currency = 'GBP'")],
        ("receipt_id = '$27'", "receipt $27 "),
    ),
    row(
        "treasury",
        "old_account",
        "old account old-1",
        &[("amount", "opening_minor = 1001"), ("account", "entity = 'thief'"), ("unit", "currency = 'GBP'")],
        ("account_id = 'old-2', account_number = '44-0002'", "old account old-2"),
    ),
];

/// Of each sort of damage, and of rows deleted and added: the statements, and what is to be named.
fn damages(sort: &str, postings: &BTreeMap<&'static str, Vec<String>>) -> Vec<(&'static Damaged, String, Vec<String>)> {
    let mut all = Vec::new();
    for of in &TABLES {
        let (table, added) = (of.table, of.added);
        match sort {
            "deleted" => {
                let named = postings[table].iter().map(|id| format!("posting {id},")).collect();
                all.push((of, format!("DELETE FROM {table}"), named));
            }
            "added" => {
                let sql = format!(
                    "CREATE TABLE added AS SELECT * FROM {table}; UPDATE added SET {}; INSERT INTO {table} SELECT * FROM added; DROP TABLE added",
                    added.0
                );
                all.push((of, named(&sql), vec![named(added.1)]));
            }
            sort => {
                for (_, set) in of.changes.iter().filter(|(known, _)| *known == sort) {
                    all.push((of, format!("UPDATE {table} SET {set}"), vec![named(of.row)]));
                }
            }
        }
    }
    all
}

async fn posted(
    bed: &Testbed,
    book: &str,
    (kind, id): (&str, Uuid),
    moved: &[(&str, &str, i64)],
    fields: &[(&'static str, String)],
) -> Posting {
    let moved = moved.iter().map(|(debit, credit, amount)| ((*debit).to_owned(), (*credit).to_owned(), *amount)).collect();
    post(bed, Planted { book, kind, id, moved, fields: fields.to_vec(), guards: Vec::new() }).await
}

/// Posts what a hold holds.
async fn submitted(bed: &Testbed, hold: &Posting, fields: &[(&str, String)]) -> String {
    let request = PostPendingRequest {
        book: BOOK.to_owned(),
        request_id: testbed::new_id(),
        transfer_no: hold.transfers[0].transfer_no,
        kind: "payout.submit".to_owned(),
        request_fields: fields.iter().map(|(name, value)| RequestField { name: (*name).to_owned(), value: value.clone() }).collect(),
        ..PostPendingRequest::default()
    };
    bed.client().post_pending(request).await.unwrap().into_inner().posting.unwrap().posting_id
}

/// The postings of everything, by the table of their rows.
async fn post_all(bed: &Testbed) -> BTreeMap<&'static str, Vec<String>> {
    const COINS: &str = "house/coins/issued";
    const ANN: &str = "viewer/ann/coins";
    const OWED: &str = "house/processor_receivable/USD";
    const DEFERRED: &str = "house/deferred_revenue/USD";
    const TAX: &str = "house/tax_payable/USD";
    const ACCRUED: &str = "house/accrued_creator_liability/USD";
    const STAR: &str = "creator/star/payable/USD";
    const TRANSIT: &str = "house/in_transit/USD";
    let cash = house(Purpose::BankCash);
    let (spendable, committed) = (house(Purpose::BankSpendable), house(Purpose::BankCommitted));
    let (fresh, mut all) = (Uuid::now_v7, BTreeMap::<&'static str, Vec<String>>::new());
    let by_hand = [(COINS, "viewer/eve/coins", 50), ("viewer/eve/debt", COINS, 5), ("house/diamonds/issued", "creator/star/diamonds", 100)];
    posted(bed, BOOK, ("adjustment", fresh()), &by_hand, &[]).await;
    posted(bed, BOOK, ("adjustment", fresh()), &[("house/treasury/USD", &spendable, 100)], &[]).await;
    let of_purchase = [("purchase_id", id(1).to_string())];
    let of_payout = [("payout_id", id(4).to_string())];
    let sale = [(COINS, ANN, 70), (OWED, DEFERRED, 67), (OWED, TAX, 7)];
    let conversion = [
        ("creator/star/diamonds", "house/diamonds/redeemed", 77),
        ("house/creator_cost/USD", ACCRUED, 500),
        (ACCRUED, STAR, 475),
        (ACCRUED, "house/fee_income/USD", 25),
    ];
    for (table, kind, moved, fields) in [
        ("purchase", "purchase.web", &sale[..], &of_purchase[..]),
        ("refund", "refund.granted", &[(ANN, COINS, 35)], &of_purchase),
        ("refund", "refund.money", &[(DEFERRED, OWED, 33), (TAX, OWED, 4)], &of_purchase),
        ("dispute_step", "dispute.money", &[("house/disputed_amounts/USD", OWED, 74)], &of_purchase),
        ("debt_settlement", "debt.settle", &[("viewer/eve/coins", "viewer/eve/debt", 5)], &[("user_id", "eve".to_owned())]),
        ("settlement_posting", "processor.settle", &[(&cash, OWED, 5)], &[("settlement_id", id(2).to_string())]),
        ("quote", "conversion", &conversion, &[("quote_id", id(3).to_string())]),
        ("payout_reservation", "payout.reserve", &[(&spendable, &committed, 100)], &of_payout),
        ("payout_release", "payout.release", &[(&committed, &spendable, 100)], &of_payout),
        ("payout_recall", "payout.recall_fee", &[("house/recall_cost/USD", &cash, 3)], &of_payout),
        ("payout_return", "payout.return", &[(&cash, STAR, 5)], &of_payout),
    ] {
        all.entry(table).or_default().push(posted(bed, BOOK, (kind, fresh()), moved, fields).await.posting_id);
    }
    let hold = posted(bed, BOOK, ("refund.asked", fresh()), &[(ANN, COINS, -10)], &of_purchase).await;
    let released = release(bed, (BOOK, "refund.released"), &hold, &of_purchase).await;
    all.insert("coin_hold", vec![hold.posting_id, released.posting_id]);
    let hold = posted(bed, BOOK, ("payout.hold", fresh()), &[(STAR, TRANSIT, -100)], &[]).await;
    let submit = submitted(bed, &hold, &of_payout).await;
    let settle = posted(bed, BOOK, ("payout.settle", fresh()), &[(TRANSIT, &cash, 100)], &of_payout).await;
    // A hold without a payout makes the sums of payouts differ; it is not named by itself.
    all.insert("payout", vec![submit, settle.posting_id, hold.posting_id]);
    of_treasury(bed, &mut all).await;
    all
}

async fn of_treasury(bed: &Testbed, all: &mut BTreeMap<&'static str, Vec<String>>) {
    let book = BookName::try_new(TREASURY).unwrap();
    let (old_leaf, old_cash) = ("house/main/virtual_account/old-1/USD", "house/main/physical_cash/old-1/USD");
    let (leaf, cash) = ("house/main/virtual_account/creators/USD", "house/main/physical_cash/bank-usd/USD");
    let opening = ("treasury.migration", chart::id::migration_opening(&book, "old-1", now_ms()));
    let receipt = ("treasury.receipt", chart::id::bank_receipt(id(7), &book));
    for (table, of, moved, fields) in [
        ("old_account", opening, &[(old_cash, old_leaf, 1_000)], ("account", "old-1".to_owned())),
        ("receipt", receipt, &[(cash, leaf, 123)], ("receipt_id", id(7).to_string())),
        (
            "movement",
            ("treasury.leaf_move", id(8)),
            &[(leaf, "house/main/virtual_account/costs/USD", 50)],
            ("request_key", "move/1".to_owned()),
        ),
    ] {
        all.entry(table).or_default().push(posted(bed, TREASURY, of, moved, &[fields]).await.posting_id);
    }
}

/// The same in every call, as ids that carry a time need it.
fn now_ms() -> i64 {
    static NOW: OnceLock<i64> = OnceLock::new();
    *NOW.get_or_init(|| money::time::unix_ms(std::time::SystemTime::now()))
}

/// The rows; `{table.0}` is the first posting of the table's row.
const ROWS: [(&str, &str); 16] = [
    ("purchase", "INSERT INTO purchase (purchase_id, book, user_id, request_id, state, store, environment, bundle_id, transaction_id, product_id, quantity, coins,
         currency, price_minor_units, tax_minor_units, commission_minor_units, purchased_at_ms, created_at_ms, posting_id, coin_balance, balance_seq,
         next_attempt_at_ms, attempt)
     VALUES ('$1', 'demo', 'ann', '$1', 2, 'stripe', 'test', 'acct', 'pi_ann', 'coins.70', 1, 70, 'USD', 74, 7, 0, {now}, {now}, '{purchase.0}', 70, 1, 0, 0)"),
    ("purchase", "INSERT INTO refund (book, purchase_id, step_no, user_id, is_back, coins, currency, amount_minor_units, coins_total, amount_total_minor_units, state,
         note, tries, next_attempt_at_ms, created_at_ms, attempt, planned_at_ms, wallet_coins, debt_coins, debt_change_no, is_closed, restores, posting_id, seq,
         money_attempt, money_planned_at_ms, deferred_minor_units, prepaid_minor_units, contra_minor_units, commission_minor_units, tax_minor_units, money_posting_id)
     VALUES ('demo', '$1', 1, 'ann', 0, 35, 'USD', 37, 35, 37, 3, '', 0, 0, 1, 0, 1, 35, 0, 0, 0, '', '{refund.0}', 2, 0, 1, 33, 0, 0, 0, 4, '{refund.1}')"),
    ("purchase", "INSERT INTO dispute_step (book, purchase_id, step_no, currency, withdrawn_minor_units, fee_minor_units, withdrawn_total_minor_units,
         fee_total_minor_units, state, note, tries, next_attempt_at_ms, created_at_ms, attempt, planned_at_ms, posting_id)
     VALUES ('demo', '$1', 1, 'USD', 74, 0, 74, 0, 2, '', 0, 0, 1, 0, 1, '{dispute_step.0}')"),
    ("purchase", "INSERT INTO coin_hold (book, purchase_id, hold_no, user_id, target_coins, wanted_coins, is_counted, state, ended_by, ends_at_ms, note, tries,
         next_attempt_at_ms, created_at_ms, coins, attempt, planned_at_ms, posting_id, seq, transfer_no, taken_coins, end_attempt, end_planned_at_ms, end_posting_id)
     VALUES ('demo', '$1', 1, 'ann', 10, 10, 1, 6, 1, 2, '', 0, 0, 1, 10, 0, 1, '{coin_hold.0}', 1, 1, 0, 0, 1, '{coin_hold.1}')"),
    ("purchase", "INSERT INTO debt_settlement (book, user_id, change_no, coins, attempt, planned_at_ms, state, posting_id)
     VALUES ('demo', 'eve', 1, 5, 0, 1, 2, '{debt_settlement.0}')"),
    ("purchase", "INSERT INTO settlement_posting (book, settlement_id, edition, currency, store, entity, bank_account, fee_minor_units, fee_tax_minor_units,
         contra_minor_units, withheld_minor_units, reserved_minor_units, exchanged_minor_units, in_transit_minor_units, claimed_minor_units, difference_minor_units,
         state, attempt, planned_at_ms, posting_id, arrives_by, is_announced, note, tries, next_attempt_at_ms)
     VALUES ('demo', '$2', 1, 'USD', 'stripe', 'main', 'main', 0, 0, 0, 0, 0, 0, 0, 5, 0, 2, 0, 1, '{settlement_posting.0}', '', 1, '', 0, 0)"),
    ("earnings", "INSERT INTO quote (book, quote_id, user_id, diamonds, currency, rate, rate_date, rate_card_version, gross_minor_units, withholding_minor_units,
         fee_minor_units, net_minor_units, created_at_ms, expire_at_ms, accept_request_id, accept_user_named, posting_id)
     VALUES ('demo', '$3', 'star', 77, 'USD', '0.065', '2024-01-01', 'v', 500, 0, 25, 475, {now}, {now}, '$3', '', '{quote.0}')"),
    ("payout", "INSERT INTO payout (book, payout_id, user_id, beneficiary_id, request_id, currency, minor_units, rail, phase, state, version, due_at_ms, attempts,
         sends, sent_at_ms, first_sent_at_ms, seen, step_key, bank_status, reason_code, reason, hold_posting_id, hold_transfer_no, submit_posting_id,
         final_posting_id, bank_time_ms, traceparent, created_at_ms, final_at_ms)
     VALUES ('demo', '$4', 'star', '$4', '$4', 'USD', 100, 'us-rtp', 'settled', 'settled', 1, 0, 0, 0, 0, 0, 0, '$4', '', '', '', '{payout.2}', 0, '{payout.0}',
         '{payout.1}', 0, '', 0, 0)"),
    ("payout", "INSERT INTO payout_return (return_id, book, payout_id, attempt_no, bank, bank_account, bank_reference, end_to_end_id, currency, minor_units,
         charge_minor_units, charge_borne_minor_units, code, value_date, booked_at_ms, found_at_ms, state, why, suspended, step_key, posting_id, tries, due_at_ms,
         version)
     VALUES ('$5', 'demo', '$4', 1, 'first', 'main', 'B-1', 'E-1', 'USD', 5, 0, 0, 'AC04', '', 0, 0, 'booked', '', 0, '$5', '{payout_return.0}', 0, 0, 1)"),
    ("payout", "INSERT INTO payout_recall (recall_id, book, payout_id, bank, end_to_end_id, message_id, requested_by, code, state, answer_code, note, repaid_by, sends,
         tries, due_at_ms, expires_at_ms, requested_at_ms, ended_at_ms, version, fee_minor_units, fee_key, fee_posting_id)
     VALUES ('$6', 'demo', '$4', 'first', 'E-1', 'M-1', 'fay', 'DUPL', 'accepted', '', '', '', 1, 1, 0, 0, 0, 0, 1, 3, '$6', '{payout_recall.0}')"),
    ("payout", "INSERT INTO payout_reservation (book, payout_id, reservation_no, attempt_no, entity, bank_account, currency, minor_units, state, reserve_key, posting_id,
         payout_created_at_ms)
     VALUES ('demo', '$4', 1, 1, 'main', 'main', 'USD', 100, 'released', '$4', '{payout_reservation.0}', 0)"),
    ("payout", "INSERT INTO payout_release (book, payout_id, cause, entity, bank_account, currency, minor_units, release_key, posting_id)
     VALUES ('demo', '$4', 'return', 'main', 'main', 'USD', 100, '$4', '{payout_release.0}')"),
    ("treasury", "INSERT INTO movement (book, movement_no, request_key, part, kind, asked, posting_key, decided_at_ms, decided_by, effective_at_ms, state, calculation)
     VALUES ('treasury', 1, 'move/1', 0, 'treasury.leaf_move', '{}', '$8', {now}, 'fay', {now}, 'posted', '')"),
    ("treasury", "INSERT INTO movement_transfer (book, movement_no, transfer_no, debit_account, credit_account, currency, minor_units)
     VALUES ('treasury', 1, 0, 'house/main/virtual_account/creators/USD', 'house/main/virtual_account/costs/USD', 'USD', 50)"),
    ("treasury", "INSERT INTO receipt (book, receipt_id, account_id, cash_entity, booked_on, leaf_entity, leaf_id, allocation, old_account, number, currency, amount_minor,
         value_date, payer_masked, bank_reference, expected_id, is_booked)
     VALUES ('treasury', '$7', 'bank-usd', 'main', 'creators', 'main', 'creators', 'old_number', 'old-1', '44-0001', 'USD', 123, '2026-11-27', '', 'B-4', '', 1)"),
    ("treasury", "INSERT INTO old_account (book, account_id, plan_hash, account_number, bank, branch, currency, entity, name, funds_class, leaf_id, opening_minor,
         statement_id, statement_date, monthly_cost_minor, cost_source, mandates, state, begun_at_ms, imported_date, move_count)
     VALUES ('treasury', 'old-1', 'h', '44-0001', 'A bank', 'SANDSGSG', 'USD', 'main', 'Account 1', 'own', 'creators', 1000, 'S1', '2026-01-31', 0, '', '', 'open',
         {now}, '2026-11-28', 0)"),
];

/// Everything that `verify` and the monitor find, in whichever book.
async fn found(bed: &Testbed) -> [Vec<String>; 2] {
    let report = audit::audit(&bed.database, None).await.unwrap();
    let whole = report.books.into_iter().flat_map(|book| book.problems).collect();
    let mut monitor = ContinuousAudit::new(bed.database.clone(), None, monitor::Config::default());
    // Tables of treasury come one after another.
    let mut looked = monitor.look().await.unwrap();
    for _ in 0..7 {
        looked = monitor.look().await.unwrap();
    }
    let failed = |result: CheckResult| if let CheckResult::Failed(why) = result { Some(why) } else { None };
    let rolling = looked.books.into_values().flat_map(|book| book.checks).filter_map(|(_, result)| failed(result));
    [whole, rolling.flat_map(|why| why.split("; ").map(str::to_owned).collect::<Vec<_>>()).collect()]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sort_of_damage_to_each_table_is_named() {
    for storage in both() {
        let books: &[(&str, BookMode)] = &[(BOOK, BookMode::Test), (TREASURY, BookMode::Test)];
        let bed = Testbed::on(storage, TestbedOptions { books, recorded: false }).await;
        drop(purchase::tables::Store::open(&bed.database).await.unwrap());
        drop(earnings::tables::Store::open(&bed.database).await.unwrap());
        drop(payout::tables::Store::inspect(&bed.database).await.unwrap());
        drop(treasury::tables::Store::open(&bed.database).await.unwrap());
        let postings = post_all(&bed).await;
        for (service, sql) in ROWS {
            let mut sql = named(sql).replace("{now}", &now_ms().to_string());
            for (table, ids) in &postings {
                for (at, id) in ids.iter().enumerate() {
                    sql = sql.replace(&format!("{{{table}.{at}}}"), id);
                }
            }
            assert_eq!(change(&bed.database, service, &sql).await, 1, "{sql}");
        }
        let is_about = |problem: &String| {
            let of_rows = TABLES.iter().any(|of| problem.starts_with(&named(of.row)));
            of_rows || postings.values().flatten().any(|id| problem.contains(id))
        };
        let sound = found(&bed).await.map(|found| found.into_iter().filter(is_about).collect::<Vec<_>>());
        assert_eq!(sound, [const { Vec::<String>::new() }; 2]);
        for of in &TABLES {
            change(&bed.database, of.service, &format!("CREATE TABLE kept_{0} AS SELECT * FROM {0}", of.table)).await;
        }
        let mut done = 0;
        for sort in SORTS.into_iter().chain(["deleted", "added"]) {
            let damages = damages(sort, &postings);
            for (of, sql, _) in &damages {
                assert!(change(&bed.database, of.service, sql).await > 0, "{sql}");
            }
            let [whole, rolling] = found(&bed).await;
            for (of, sql, names) in &damages {
                // Without its payout, what a hold is of is not known.
                let names = if (sort, of.table) == ("deleted", "payout") { &names[..2] } else { &names[..] };
                for name in names {
                    let is_it =
                        |problem: &&String| if name.starts_with("posting ") { problem.contains(name) } else { problem.starts_with(name) };
                    assert!(whole.iter().any(|problem| is_it(&problem)), "verify: {sql}: {name}: {whole:#?}");
                    // The monitor compares sums of purchases, and of them only the new postings one by one: a row without one is in no sum of the journal.
                    let is_named = rolling.iter().any(|problem| is_it(&problem));
                    let is_summed = of.is_summed && rolling.iter().any(|problem| problem.contains("purchases are credited and"));
                    assert!(is_named || is_summed, "the monitor: {sql}: {name}: {rolling:#?}");
                }
                done += 1;
            }
            for of in &TABLES {
                let undo = format!("DELETE FROM {0}; INSERT INTO {0} SELECT * FROM kept_{0}", of.table);
                change(&bed.database, of.service, &undo).await;
            }
        }
        assert_eq!(done, TABLES.iter().map(|of| of.changes.len() + 2).sum::<usize>());
        bed.ledger.shutdown().await;
    }
}
