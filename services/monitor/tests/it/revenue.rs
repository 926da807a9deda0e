//! What a day earned is posted as its row says, and never without a row; damage in either is named by both audits.
use crate::{
    planted::{damaged, problems},
    posted::{Planted, change, post},
};
use api::ledger::BookMode;
use chart::id::PlannedAttempt;
use money::BookName;
use testbed::{Testbed, TestbedOptions, both};
use uuid::Uuid;

const BOOK: &str = "demo";
const PARTS: [&str; 2] = ["of the revenue of", "is in no revenue of a day"];

/// The postings of an edition: 90 of revenue and 30 of commission, in the first backwards.
fn moved(currency: &str, edition: i64) -> Vec<(String, String, i64)> {
    let house = |purpose: &str| format!("house/{purpose}/{currency}");
    let all = [(house("deferred_revenue"), house("revenue"), 90), (house("commission_expense"), house("prepaid_commission"), 30)];
    all.into_iter().map(|(debit, credit, amount)| if edition == 1 { (debit, credit, amount) } else { (credit, debit, amount) }).collect()
}

/// An edition that was posted, with its row.
async fn earned(bed: &Testbed, (day, entity, currency): (&str, &str, &str), edition: i64) -> String {
    let planned_at_ms = money::time::unix_ms(std::time::SystemTime::now());
    let planned = PlannedAttempt { number: edition, attempt: 0, planned_at_ms };
    let id = chart::id::revenue_day(&BookName::try_new(BOOK).unwrap(), day, entity, currency, planned);
    let fields = vec![("day", day.to_owned()), ("entity", entity.to_owned()), ("edition", edition.to_string())];
    let (kind, guards) = ("revenue.day", Vec::new());
    let posting = post(bed, Planted { book: BOOK, kind, id, moved: moved(currency, edition), fields, guards }).await;
    let sign = if edition == 1 { 1 } else { -1 };
    let sql = format!(
        "INSERT INTO revenue_posting (book, day, entity, currency, edition, revenue_minor_units, commission_minor_units, state, attempt, planned_at_ms, posting_id)
         VALUES ('{BOOK}', '{day}', '{entity}', '{currency}', {edition}, {}, {}, 2, 0, {planned_at_ms}, '{}')",
        90 * sign,
        30 * sign,
        posting.posting_id
    );
    assert_eq!(change(&bed.database, "purchase", &sql).await, 1);
    posting.posting_id
}

/// The change of the first edition, and what is said.
const DAMAGES: [(&str, &str); 11] = [
    ("revenue_minor_units = 91", "edition 1 of the revenue of 2026-11-20 of the main entity in USD says revenue.day of 91"),
    ("revenue_minor_units = -90", "90 from house/revenue/USD to house/deferred_revenue/USD"),
    ("commission_minor_units = 0", "says revenue.day of 90"),
    ("day = '2026-11-19'", "edition 1 of the revenue of 2026-11-19"),
    ("entity = 'thief'", "of thief in USD"),
    ("entity = 'A B'", "of A B in USD"),
    ("currency = 'JPY'", "of the main entity in JPY"),
    ("edition = 7", "edition 7 of the revenue of 2026-11-20"),
    ("posting_id = ''", "names no posting of its own"),
    ("posting_id = '01936f5e-7c3b-8000-9000-a1b2c3d4e5f6'", "names no posting of its own"),
    ("planned_at_ms = planned_at_ms + 1", "names no posting of its own"),
];

#[tokio::test(flavor = "multi_thread")]
async fn revenue_is_compared_with_the_journal_in_both_directions() {
    for storage in both() {
        let bed = Testbed::on(storage, TestbedOptions { books: &[(BOOK, BookMode::Test)], recorded: false }).await;
        drop(purchase::tables::Store::open(&bed.database).await.unwrap());
        let first = earned(&bed, ("2026-11-20", "", "USD"), 1).await;
        earned(&bed, ("2026-11-20", "", "EUR"), 1).await;
        earned(&bed, ("2026-11-20", "", "USD"), 2).await;
        let found = async || problems(&bed, (BOOK, "purchases"), &PARTS).await;
        assert_eq!(found().await, [const { Vec::<String>::new() }; 2]);
        let row = format!("posting_id = '{first}'");
        let mut damages: Vec<(String, String)> = Vec::new();
        damages.extend(DAMAGES.map(|(set, said)| (format!("UPDATE revenue_posting SET {set} WHERE {row}"), said.to_owned())));
        damages.push((format!("DELETE FROM revenue_posting WHERE {row}"), format!("posting {first}, is in no revenue of a day")));
        // Rows that are added as posted, without a posting and with another's.
        for posting_id in ["''", "posting_id"] {
            let sql = format!(
                "INSERT INTO revenue_posting SELECT book, '2026-11-25', entity, currency, edition, revenue_minor_units, commission_minor_units, state, attempt,
                     planned_at_ms, {posting_id}, breakage_minor_units FROM revenue_posting WHERE {row}"
            );
            damages.push((sql, "edition 1 of the revenue of 2026-11-25".to_owned()));
        }
        for (sql, said) in damages {
            for found in damaged(&bed.database, ("purchase", "revenue_posting", &sql), &found).await {
                assert!(found.iter().any(|problem| problem.contains(&said)), "{sql}: {found:#?}");
            }
        }
        assert_eq!(found().await, [const { Vec::<String>::new() }; 2]);
        // Money from nothing: what nobody sold becomes revenue, and what a row earned is posted once more under another id.
        for (day, edition) in [("2026-11-24", "1"), ("2026-11-20", "1"), ("", "")] {
            let fields = vec![("day", day.to_owned()), ("entity", String::new()), ("edition", edition.to_owned())];
            let (kind, id, guards) = ("revenue.day", Uuid::now_v7(), Vec::new());
            let forged = post(&bed, Planted { book: BOOK, kind, id, moved: moved("USD", 1), fields, guards }).await.posting_id;
            for found in found().await {
                assert!(
                    found.iter().any(|problem| problem.contains(&format!("posting {forged}, is in no revenue of a day"))),
                    "{found:#?}"
                );
            }
        }
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lots_that_are_breakage_are_compared_with_what_was_decided_in_both_directions() {
    for storage in both() {
        let bed = Testbed::on(storage, TestbedOptions { books: &[(BOOK, BookMode::Test)], recorded: false }).await;
        drop(purchase::tables::Store::open(&bed.database).await.unwrap());
        for sql in [
            format!("INSERT INTO lot_cursor (book, commit_no, commit_hash, seq, planned_day, broken_no) VALUES ('{BOOK}', 1, '', 1, '', 1)"),
            format!(
                "INSERT INTO lot_breakage (book, breakage_no, lot_no, posting_id, day, after_seq, coins, months, source)
                 VALUES ('{BOOK}', 1, 64, 'p', '2026-11-20', 1, 50, 24, 'an example')"
            ),
            format!(
                "INSERT INTO coin_lot (book, lot_no, user_id, posting_id, purchase_id, origin, store, market, entity, currency, price_minor_units, tax_minor_units,
                     commission_minor_units, coins, bonus_coins, spent_coins, removed_coins, reversed, issued_at_ms, broken_coins)
                 VALUES ('{BOOK}', 64, 'ann', 'p', 'x', 1, 'apple', 'US', 'main', 'USD', 99, 0, 29, 70, 0, 20, 0, 0, 1, 50)"
            ),
        ] {
            assert_eq!(change(&bed.database, "purchase", &sql).await, 1, "{sql}");
        }
        let parts = ["are breakage"];
        assert_eq!(problems(&bed, (BOOK, "purchases"), &parts).await, [const { Vec::<String>::new() }; 2]);
        // A rebuild that has not come to it yet.
        let rebuilt = "UPDATE coin_lot SET broken_coins = 0; UPDATE lot_cursor SET broken_no = 0";
        for (table, sql, said) in [
            (
                "coin_lot",
                "UPDATE coin_lot SET broken_coins = 49",
                "decision 1 says that 50 coins of lot 64 are breakage of 2026-11-20, and of the lot 49 are",
            ),
            ("coin_lot", "UPDATE coin_lot SET posting_id = 'q'", "of lot 64 50 coins are breakage, and nothing decided that"),
            ("lot_breakage", "UPDATE lot_breakage SET coins = 51", "decision 1 says that 51 coins"),
            ("lot_breakage", "DELETE FROM lot_breakage", "and nothing decided that"),
        ] {
            for found in damaged(&bed.database, ("purchase", table, sql), async || problems(&bed, (BOOK, "purchases"), &parts).await).await
            {
                assert!(found.iter().any(|problem| problem.contains(said)), "{sql}: {found:#?}");
            }
        }
        for sql in rebuilt.split("; ") {
            assert_eq!(change(&bed.database, "purchase", sql).await, 1);
        }
        assert_eq!(problems(&bed, (BOOK, "purchases"), &parts).await, [const { Vec::<String>::new() }; 2]);
        bed.ledger.shutdown().await;
    }
}
