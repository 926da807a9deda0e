//! Of which payouts an export says what banks call them.
use super::*;
use books::domain::event::Posting;
use sqlx::ConnectOptions as _;
use std::sync::Arc;

fn event_of(payout_id: Uuid) -> Event {
    let fields = Arc::new(vec![(PAYOUT_ID.to_owned(), payout_id.to_string())]);
    let posting = Posting { kind: "payout.settle".to_owned(), fields, ..Posting::default() };
    Event { seq: 1, id: Uuid::now_v7(), body: Body::Posting(posting), transfers: Vec::new() }
}

fn ids_said(found: &ForeignIds, event: &Event) -> Value {
    serde_json::from_str::<Value>(&found.json(event)).unwrap()["end_to_end_ids"].clone()
}

/// A payout's row.
fn payout_row(book: &str, id: Uuid) -> String {
    format!(
        "INSERT INTO payout (book, payout_id, user_id, beneficiary_id, request_id, currency, minor_units, rail, phase, state, version, due_at_ms,
             attempts, sends, sent_at_ms, first_sent_at_ms, seen, step_key, bank_status, reason_code, reason, hold_posting_id, hold_transfer_no,
             submit_posting_id, final_posting_id, bank_time_ms, traceparent, created_at_ms, final_at_ms)
         VALUES ('{book}', '{id}', 'star', '{id}', '{id}', 'USD', 500, 'us-rtp', 'settled', 'settled', 1, 0, 0, 0, 0, 0, 0, '{id}', '', '', '', '',
             0, '', '', 0, '', 0, 0)"
    )
}

fn attempt_row(id: Uuid, attempt_no: i64, end_to_end_id: Uuid) -> String {
    format!(
        "INSERT INTO payout_attempt (book, payout_id, attempt_no, rail, bank, entity, bank_account, end_to_end_id, reference, cost_minor_units,
             begun_at_ms)
         VALUES ('demo', '{id}', {attempt_no}, 'us-rtp', 'bank', 'main', 'a', '{}', '', 0, 0)",
        end_to_end_id.simple()
    )
}

#[tokio::test]
async fn only_payouts_that_have_a_row_in_this_book_have_ids_at_banks() {
    let dir = tempfile::tempdir().unwrap();
    let database = Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
    let payouts = payout::tables::Store::inspect(&database).await.unwrap();
    let [twice, older, elsewhere, unknown, second] = [1, 2, 3, 4, 5].map(Uuid::from_u128);
    let mut connection = database.sqlite_options("payout").unwrap().unwrap().connect().await.unwrap();
    for sql in [
        payout_row("demo", twice),
        attempt_row(twice, 1, twice),
        attempt_row(twice, 2, second),
        payout_row("demo", older),
        payout_row("other", elsewhere),
    ] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    let events = [twice, older, elsewhere, unknown].map(event_of);
    let here = FieldSources { purchases: None, payouts: Some(payouts) };
    let found = here.ids_of("demo", events.iter()).await.unwrap();
    let text = |id: Uuid| id.simple().to_string();
    let expected = [json!([text(twice), text(second)]), json!([text(older)]), Value::Null, Value::Null];
    assert_eq!(events.each_ref().map(|event| ids_said(&found, event)), expected);
    let away = FieldSources { purchases: None, payouts: None };
    let found = away.ids_of("demo", events.iter()).await.unwrap();
    assert!(events.iter().all(|event| ids_said(&found, event).is_null()), "the payout service has another database");
}
