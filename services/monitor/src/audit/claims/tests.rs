//! Unit tests of what rows claim, above all of rows that say that something was posted but not what.
use super::*;
use crate::audit::differences::lacking;
use db::Database;
use payout::tables::PayoutKey;
use sqlx::{ConnectOptions as _, SqliteConnection};
use tempfile::TempDir;

const BOOK: &str = "demo";
const ROW: Uuid = Uuid::from_u128(0x0193_6f5e_7c3b_7000_9000_a1b2_c3d4_e5f6);
/// Texts that are no posting's id.
const NONE: [&str; 2] = ["", "nonsense"];

fn book() -> BookName {
    BookName::try_new(BOOK).unwrap()
}

/// A service's tables in a temporary directory, with a connection to change them.
struct Rows {
    _dir: TempDir,
    database: Database,
    service: &'static str,
}

impl Rows {
    fn of(service: &'static str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let database = Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
        Self { _dir: dir, database, service }
    }

    async fn write(&self, sql: &str) {
        let mut connection: SqliteConnection = self.database.sqlite_options(self.service).unwrap().unwrap().connect().await.unwrap();
        let written = sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        assert_eq!(written.rows_affected(), 1, "{sql}");
    }
}

/// Columns with a payout's postings, in the order of its life, and what each posting is.
const STEPS: [(&str, &str); 3] =
    [("hold_posting_id", "payout.hold"), ("submit_posting_id", "payout.submit"), ("final_posting_id", "payout.")];

/// For every phase, how many postings were recorded before it was entered, and whether the next one is requested in it.
const PHASES: [(&str, usize, bool); 13] = [
    ("requested", 0, true),
    ("held", 1, true),
    ("review", 1, true),
    ("queued", 1, true),
    ("intent", 2, false),
    ("sent", 2, false),
    ("accepted", 2, false),
    ("unknown", 2, false),
    ("settling", 2, true),
    ("returning", 2, true),
    ("suspending", 2, true),
    ("settled", 3, false),
    ("rejected", 3, false),
];

#[tokio::test]
async fn a_payout_has_recorded_the_postings_that_its_phase_follows_from() {
    let rows = Rows::of("payout");
    let tables = payout::tables::Store::inspect(&rows.database).await.unwrap();
    let base = format!(
        "INSERT INTO payout (book, payout_id, user_id, beneficiary_id, request_id, currency, minor_units, rail, phase, state, version, due_at_ms,
             attempts, sends, sent_at_ms, first_sent_at_ms, seen, step_key, bank_status, reason_code, reason, hold_posting_id, hold_transfer_no,
             submit_posting_id, final_posting_id, bank_time_ms, traceparent, created_at_ms, final_at_ms)
         VALUES ('{BOOK}', '{ROW}', 'star', '{ROW}', '{ROW}', 'USD', 500, 'us-rtp', 'requested', 'requested', 1, 0, 0, 0, 0, 0, 0, '{ROW}', '', '', '',
             '', 0, '', '', 0, '', 0, 0)"
    );
    rows.write(&base).await;
    let key = PayoutKey { book: book(), payout_id: ROW };
    let claimed = async |phase: &str, ids: [&str; 3]| {
        let [hold, submit, end] = ids;
        let set = format!("phase = '{phase}', hold_posting_id = '{hold}', submit_posting_id = '{submit}', final_posting_id = '{end}'");
        rows.write(&format!("UPDATE payout SET {set}")).await;
        of_payout(&tables.payout(&key).await.unwrap().unwrap())
    };
    let ids = [1, 2, 3].map(|n| Uuid::from_u128(n).to_string());
    for (phase, recorded, next) in PHASES {
        let sound: [&str; 3] = std::array::from_fn(|step| if step < recorded { ids[step].as_str() } else { "" });
        let claims = claimed(phase, sound).await;
        let named: Vec<Option<String>> = claims.iter().map(|claim| claim.id.map(|id| id.to_string()).filter(|_| claim.recorded)).collect();
        let expected = ids.iter().take(recorded).cloned().map(Some).chain(next.then_some(None));
        assert_eq!(named, expected.collect::<Vec<_>>(), "{phase}");
        assert!(claims.iter().all(|claim| claim.id.is_some() && !claim.moves.is_empty()), "{phase}: {claims:?}");
        for (step, (column, kind)) in STEPS.into_iter().enumerate() {
            for text in NONE.into_iter().filter(|text| step < recorded || !text.is_empty()) {
                let mut damaged = sound;
                damaged[step] = text;
                let claims = claimed(phase, damaged).await;
                let Some(claim) = claims.iter().find(|claim| claim.id.is_none()) else { panic!("{phase} {column} {text:?}: {claims:?}") };
                assert!(claim.recorded, "{phase} {column} {text:?}");
                let says = if step < recorded { kind } else { "nothing yet" };
                assert!(lacking(claim).contains(says), "{phase} {column} {text:?}: {}", lacking(claim));
            }
            if step >= recorded {
                let mut early = sound;
                early[step] = &ids[step];
                let claims = claimed(phase, early).await;
                let claim = claims.iter().find(|claim| claim.id == Some(Uuid::from_u128(step as u128 + 1)));
                assert!(claim.is_some_and(|claim| claim.recorded && claim.moves.is_empty()), "{phase} names {column}: {claims:?}");
            }
        }
    }
    // A true match is submitted first, then blocked; a licence gives it back.
    let blocking = claimed("blocking", [&ids[0], "", ""]).await;
    assert_eq!(blocking.iter().map(|claim| claim.recorded).collect::<Vec<_>>(), [true, false]);
    let blocking = claimed("blocking", [&ids[0], &ids[1], ""]).await;
    assert_eq!(blocking.iter().map(|claim| claim.recorded).collect::<Vec<_>>(), [true, true, false]);
    assert!(blocking[2].moves[0].shown().contains("payout.block"), "{:?}", blocking[2]);
    let unblocking = claimed("unblocking", ids.each_ref().map(String::as_str)).await;
    assert_eq!(unblocking.iter().map(|claim| claim.recorded).collect::<Vec<_>>(), [true, true, true, false]);
    for posting in NONE {
        rows.write(&format!("UPDATE payout SET unblock_posting_id = '{posting}'")).await;
        let unblocked = claimed("unblocked", ids.each_ref().map(String::as_str)).await;
        assert_eq!((unblocked[3].id, unblocked[3].recorded), (None, true), "an unblocked payout names the posting");
        assert!(lacking(&unblocked[3]).contains("payout.unblock"), "{}", lacking(&unblocked[3]));
    }
    // Nothing was posted for a payout that the ledger refused, so it claims nothing, whatever its row names.
    assert!(claimed("refused", ids.each_ref().map(String::as_str)).await.is_empty());
}

#[tokio::test]
async fn a_purchase_with_coins_names_the_posting_that_issued_them() {
    let rows = Rows::of("purchase");
    let tables = purchase::tables::Store::open(&rows.database).await.unwrap();
    let base = format!(
        "INSERT INTO purchase (book, purchase_id, user_id, request_id, state, store, environment, bundle_id, transaction_id, product_id, quantity, coins,
             currency, price_minor_units, tax_minor_units, commission_minor_units, purchased_at_ms, created_at_ms, attempt, next_attempt_at_ms,
             posting_id, coin_balance, balance_seq)
         VALUES ('{BOOK}', '{ROW}', 'fan', '{ROW}', 1, 'apple', 'Sandbox', 'app', 't1', 'p1', 1, 100, 'USD', 99, 9, 27, 0, 0, 0, 0, '', 0, 0)"
    );
    rows.write(&base).await;
    // Verified, credited, suspended, blocked: how many postings each claims, and whether it says that they exist.
    for (state, claims, recorded) in [(1, true, false), (2, true, true), (3, true, true), (4, false, false)] {
        for text in NONE {
            rows.write(&format!("UPDATE purchase SET state = {state}, posting_id = '{text}'")).await;
            let claim = of_purchase(&tables.purchase(&book(), ROW).await.unwrap().unwrap());
            assert_eq!(claim.as_ref().map(|claim| (claim.id.is_none(), claim.recorded)), claims.then_some((recorded, recorded)), "{state}");
            if let Some(claim) = claim.filter(|claim| claim.recorded) {
                assert!(lacking(&claim).contains("purchase.apple of 100 from house/coins/issued"), "{}", lacking(&claim));
            }
        }
    }
}

#[tokio::test]
async fn a_quote_that_was_used_names_its_conversion() {
    let rows = Rows::of("earnings");
    let tables = earnings::tables::Store::open(&rows.database).await.unwrap();
    let base = format!(
        "INSERT INTO quote (book, quote_id, user_id, diamonds, currency, rate, rate_date, rate_card_version, gross_minor_units, withholding_minor_units,
             fee_minor_units, net_minor_units, created_at_ms, expire_at_ms, accept_request_id, accept_user_named, posting_id)
         VALUES ('{BOOK}', '{ROW}', 'star', 1000, 'USD', '0.005', '2024-01-01', 'v1', 500, 0, 0, 500, 0, 1, '{ROW}', '', '')"
    );
    rows.write(&base).await;
    let claim = async || of_quote(&book(), &tables.quote(&book(), ROW).await.unwrap().unwrap()).unwrap();
    // Without a posting it is not used: it is being accepted, and the request gives the id that the posting would have.
    let accepting = claim().await;
    assert!(accepting.id.is_some() && !accepting.recorded);
    rows.write("UPDATE quote SET posting_id = 'nonsense'").await;
    let used = claim().await;
    assert!(used.id.is_none() && used.recorded);
    assert!(lacking(&used).contains("conversion of 1000 from creator/star/diamonds"), "{}", lacking(&used));
}

#[test]
fn a_proposal_that_is_done_names_its_posting_where_it_has_one() {
    let proposal = |act: ProposedAct, result: &str| Proposal {
        id: ROW,
        book: book(),
        number: 1,
        state: ProposalState::Done,
        act,
        proposed_by: money::UserKey::try_new("sue").unwrap(),
        proposal_reason: String::new(),
        proposed_at_ms: 1,
        expire_at_ms: 2,
        decided_by: "ann".to_owned(),
        decision_reason: String::new(),
        decided_at_ms: 2,
        result: result.to_owned(),
    };
    let source = Uuid::from_u128(9);
    for text in NONE {
        for act in [ProposedAct::Reversal(source), ProposedAct::Adjustment(Vec::new())] {
            let claim = of_proposal(&proposal(act, text)).unwrap();
            assert!(claim.id.is_none() && claim.recorded, "{claim:?}");
            assert!(lacking(&claim).contains("names no posting of its own"), "{}", lacking(&claim));
        }
    }
    let named = of_proposal(&proposal(ProposedAct::Reversal(source), &ROW.to_string())).unwrap();
    assert_eq!((named.id, named.recorded), (Some(ROW), true));
    // Nothing is posted for an account action, so its result is empty.
    let account = ProposedAct::Account("viewer/fan/coins".to_owned(), support::tables::AccountAct::Freeze);
    assert!(of_proposal(&proposal(account, "")).is_none());
}

#[tokio::test]
async fn a_reservation_claims_its_posting_as_soon_as_it_may_exist_and_its_release_another() {
    let rows = Rows::of("payout");
    let tables = payout::tables::Store::inspect(&rows.database).await.unwrap();
    let base = format!(
        "INSERT INTO payout_reservation (book, payout_id, reservation_no, attempt_no, entity, bank_account, currency, minor_units, state, reserve_key,
             payout_created_at_ms) VALUES ('{BOOK}', '{ROW}', 1, 1, 'main', 'main', 'USD', 500, 'waiting', '{ROW}', 0)"
    );
    rows.write(&base).await;
    let claims = async || {
        let reserved = tables.reserved_money(&book(), &[ROW]).await.unwrap();
        reserved.values().flat_map(of_reserved).collect::<Vec<Claim>>()
    };
    // Refused, or given up before it was posted: then nothing moved.
    for state in ["waiting", "withdrawn"] {
        rows.write(&format!("UPDATE payout_reservation SET state = '{state}'")).await;
        assert!(claims().await.is_empty(), "{state}");
    }
    rows.write("UPDATE payout_reservation SET state = 'asked'").await;
    let asked = claims().await.remove(0);
    let expected = chart::id::posted(chart::id::payout_step(ROW, PostingKind::PayoutReserve), BOOK);
    assert_eq!((asked.id, asked.recorded), (Some(expected), false));
    for state in ["reserved", "released"] {
        for text in NONE {
            rows.write(&format!("UPDATE payout_reservation SET state = '{state}', posting_id = '{text}'")).await;
            let claim = claims().await.remove(0);
            assert!(claim.id.is_none() && claim.recorded, "{claim:?}");
            assert!(lacking(&claim).contains("payout.reserve of 500 from house/bank_spendable/USD"), "{}", lacking(&claim));
        }
    }
    rows.write(&format!(
        "INSERT INTO payout_release (book, payout_id, cause, entity, bank_account, currency, minor_units, release_key)
         VALUES ('{BOOK}', '{ROW}', 'unused-1', 'main', 'main', 'USD', 500, '{ROW}')"
    ))
    .await;
    let release = claims().await.remove(1);
    let expected = chart::id::posted(chart::id::payout_step(ROW, PostingKind::PayoutRelease), BOOK);
    assert_eq!((release.id, release.recorded), (Some(expected), false));
    assert!(release.moves[0].shown().contains("payout.release of 500 from house/bank_committed/USD"), "{}", release.moves[0].shown());
}
