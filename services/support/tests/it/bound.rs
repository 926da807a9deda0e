//! What a single stolen key of the installation can't do to the audit log: write for others, hide a refused attempt, hide a name behind a long request, or
//! change what another person approves.
use crate::fixture::{Fixture, databases, gift_of, told};
use api::{
    ledger::PostRequest,
    support::{
        Act, ActPhase, Adjustment, AdjustmentTransfer, ApproveRequest, ListActsRequest, Proposal, RecordActRequest, propose_request,
    },
};
use identity::Role;
use sqlx::AssertSqlSafe;
use support::{check::check, store::Store};
use uuid::Uuid;

async fn acts(fixture: &Fixture, request: ListActsRequest) -> Vec<Act> {
    fixture.support().list_acts(fixture.by("aud", Role::Auditor, request)).await.unwrap().into_inner().acts
}

fn deed() -> Act {
    Act {
        act_id: Uuid::now_v7().to_string(),
        phase: ActPhase::Begun.into(),
        subject: "sue".to_owned(),
        role: "support".to_owned(),
        rpc: "largesse.gift.v1.GiftService/ListGifts".to_owned(),
        reason: "ticket 4711".to_owned(),
        book: "demo".to_owned(),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_records_what_is_done_with_it_in_its_books_and_nothing_else() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let record = async |service: &str, act: Act| {
            let request = RecordActRequest { act: Some(act) };
            told(fixture.support().record_act(fixture.by(service, Role::Service, request)).await).map(drop)
        };
        let (denied, malformed) = (Err("PERMISSION_DENIED".to_owned()), Err("MALFORMED".to_owned()));
        let of = |rpc: &str| Act { rpc: rpc.to_owned(), ..deed() };
        for (service, act, expected) in [
            ("gift", deed(), Ok(())),
            ("gift", Act { book: String::new(), ..deed() }, Ok(())),
            ("payout", of("largesse.payout.v1.PayoutService/GetPayout"), Ok(())),
            ("largesse", of("largesse.payout.v1.PayoutService/GetPayout"), denied.clone()),
            ("gift", of("largesse.support.v1.SupportService/Approve"), denied.clone()),
            ("crm", deed(), denied.clone()),
            ("gift", Act { book: "other".to_owned(), ..deed() }, denied.clone()),
            ("gift", of("some"), malformed.clone()),
            ("gift", of("largesse.gift.v1.GiftService/Send Gift"), malformed.clone()),
            ("gift", Act { role: "viewer".to_owned(), ..deed() }, malformed.clone()),
            ("gift", Act { reason: "\u{1b}[2Jnothing".to_owned(), ..deed() }, malformed.clone()),
            ("gift", Act { reason: "approved \u{202e}yb".to_owned(), ..deed() }, malformed.clone()),
            ("gift", Act { subject: "su\u{200b}e".to_owned(), ..deed() }, malformed.clone()),
            ("gift", Act { outcome: "\u{9b}3J".to_owned(), phase: ActPhase::Ended.into(), ..deed() }, malformed.clone()),
        ] {
            assert_eq!(record(service, act.clone()).await, expected, "{service} {act:?}");
        }
        let hidden = Act { request_json: "{\"room\":\"\u{202e}\u{1b}\"}".to_owned(), ..deed() };
        record("gift", hidden).await.unwrap();
        let lines = acts(&fixture, ListActsRequest { subject: "sue".to_owned(), ..Default::default() }).await;
        assert_eq!(lines.len(), 3, "of this book: {lines:?}");
        assert_eq!(lines[0].request_json, "{\"room\":\"\\u202e\\u001b\"}");
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_attempts_of_staff_are_lines_and_many_are_one_line_more() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        for _ in 0..13 {
            let refused = fixture.books().post(fixture.by("eve", Role::Support, PostRequest::default())).await;
            assert_eq!(told(refused).map(drop), Err("PERMISSION_DENIED".to_owned()));
        }
        let viewer = fixture.books().post(fixture.by("ada", Role::Viewer, PostRequest::default())).await;
        assert_eq!(told(viewer).map(drop), Err("PERMISSION_DENIED".to_owned()));
        let silent = fixture.books().get_account(fixture.unexplained("tom", Role::Support, Default::default())).await;
        assert_eq!(told(silent).map(drop), Err("REASON_REQUIRED".to_owned()));
        let of = |who: &str| ListActsRequest { subject: who.to_owned(), ..Default::default() };
        let lines = acts(&fixture, of("eve")).await;
        let refused = "PERMISSION_DENIED PERMISSION_DENIED";
        assert!(lines.iter().all(|line| line.phase() == ActPhase::Ended && line.outcome == refused && line.book == "demo"), "{lines:?}");
        assert_eq!((lines.len(), lines[0].rpc.as_str()), (10, "largesse.ledger.v1.LedgerService/Post"));
        assert_eq!(acts(&fixture, of("tom")).await[0].outcome, "INVALID_ARGUMENT REASON_REQUIRED");
        assert!(acts(&fixture, of("ada")).await.is_empty());
        // The rest is reported when the minute is over, or when the process ends.
        fixture.bed.closing.cancel();
        let mut told = acts(&fixture, of("eve")).await;
        while told.len() == 10 {
            tokio::task::yield_now().await;
            told = acts(&fixture, of("eve")).await;
        }
        assert_eq!(
            (told.len(), told[0].outcome.as_str()),
            (11, "PERMISSION_DENIED PERMISSION_DENIED; 3 more refused attempts in this minute")
        );
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stands_at_the_end_of_a_long_request_is_found() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let to = |user: &str| AdjustmentTransfer {
            debit_account: "house/coins/issued".to_owned(),
            credit_account: format!("viewer/{user}/coins"),
            amount: 1,
        };
        let mut transfers: Vec<_> = (0..63).map(|at| to(&format!("{at:a<60}"))).collect();
        transfers.push(to("thief"));
        let proposal = fixture.propose("sue", propose_request::Act::Adjustment(Adjustment { transfers })).await;
        let about = |user_id: &str, account: &str| ListActsRequest {
            user_id: user_id.to_owned(),
            account: account.to_owned(),
            rpc: "largesse.support.v1.SupportService/Propose".to_owned(),
            ..Default::default()
        };
        for request in [about("thief", ""), about("", "viewer/thief/coins"), about("", "house/coins/issued")] {
            let lines = acts(&fixture, request.clone()).await;
            assert_eq!(lines.iter().filter(|line| line.phase() == ActPhase::Begun).count(), 1, "{request:?}");
            let begun = lines.iter().find(|line| line.phase() == ActPhase::Begun).unwrap();
            assert!(begun.request_json.len() <= 8 * 1024 && !begun.request_json.contains("thief"));
            assert_eq!((begun.proposal_hash.as_str(), begun.request_hash.len()), (proposal.hash.as_str(), 64));
        }
        assert!(acts(&fixture, about("", "viewer/honest/coins")).await.is_empty());
        fixture.stop().await;
    }
}

/// Changes the row of a proposal as somebody with access to the database could.
async fn edited(database: &db::Database, proposal: &Proposal, how: &str) {
    let pool = database.open("support", &support::store::MIGRATIONS).await.unwrap();
    let sql = format!("UPDATE proposal SET {how} WHERE proposal_id = '{}'", proposal.proposal_id);
    assert_eq!(sqlx::query(AssertSqlSafe(sql)).execute(&pool).await.unwrap().rows_affected(), 1);
}

/// Replaces the action in a proposal's row with that of another proposal.
async fn swapped(database: &db::Database, proposal: &Proposal, other: &Proposal) {
    edited(database, proposal, &format!("act = (SELECT act FROM proposal WHERE proposal_id = '{}')", other.proposal_id)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_approved_is_what_was_proposed_and_seen() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let (small, large) = (fixture.propose("sue", gift_of("ada", 7)).await, fixture.propose("sue", gift_of("eve", 99)).await);
        let approve = async |proposal: &Proposal, hash: &str| {
            let request = ApproveRequest {
                request_id: Uuid::now_v7().to_string(),
                proposal_id: proposal.proposal_id.clone(),
                hash: hash.to_owned(),
                ..Default::default()
            };
            told(fixture.support().approve(fixture.by("ann", Role::Finance, request)).await).map(drop)
        };
        let changed = Err("PROPOSAL_CHANGED".to_owned());
        assert_eq!(approve(&small, &large.hash).await, changed, "it is not what she saw");
        swapped(database, &small, &large).await;
        assert_eq!(approve(&small, "").await, changed);
        assert_eq!(approve(&small, &small.hash).await, changed);
        assert_eq!(fixture.coins("eve").await, 0);
        let store = Store::open(database).await.unwrap();
        let named = async || check(&store, &[]).await.unwrap().proposal_problem.map(|(id, why)| (id.to_string(), why));
        assert_eq!(named().await, Some((small.proposal_id.clone(), "it is not what was proposed")));
        // Her own proposal, changed to look like somebody else's.
        let own = fixture.propose("ann", gift_of("ann", 99)).await;
        edited(database, &own, "proposed_by = 'sue'").await;
        assert_eq!(approve(&own, "").await, changed);
        assert_eq!(fixture.coins("ann").await, 0);
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn proposals_that_nobody_made_approved_or_has_any_more_are_named() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let (done, open) = (fixture.propose("sue", gift_of("ada", 7)).await, fixture.propose("sue", gift_of("bob", 7)).await);
        fixture.approve("ann", &done).await.unwrap();
        let store = Store::open(database).await.unwrap();
        let named = async || check(&store, &[]).await.unwrap().proposal_problem.map(|(id, why)| (id.to_string(), why));
        assert_eq!((named().await, check(&store, &[]).await.unwrap().proposals), (None, 2));
        for (proposal, damage, fix, why) in [
            (&done, "decided_by = 'ben'", "decided_by = 'ann'", "nobody else's approval of it is in the record"),
            (&done, "decided_by = 'sue'", "decided_by = 'ann'", "nobody else's approval of it is in the record"),
            (&open, "state = 3, decided_by = 'ann'", "state = 1, decided_by = ''", "nobody else's approval of it is in the record"),
            (&open, "proposed_by = 'tom'", "proposed_by = 'sue'", "it is not what was proposed"),
        ] {
            edited(database, proposal, damage).await;
            assert_eq!(named().await, Some((proposal.proposal_id.clone(), why)), "{damage}");
            edited(database, proposal, fix).await;
            assert_eq!(named().await, None, "{fix}");
        }
        let forged = Uuid::now_v7().to_string();
        let pool = database.open("support", &support::store::MIGRATIONS).await.unwrap();
        let sql = format!(
            "INSERT INTO proposal (book, proposal_id, number, state, act, proposed_by, proposal_reason, proposed_at_ms, expire_at_ms, decided_by,
            decision_reason, decided_at_ms, result) SELECT book, '{forged}', number + 7, state, act, proposed_by, proposal_reason, proposed_at_ms, expire_at_ms, decided_by,
            decision_reason, decided_at_ms, result FROM proposal WHERE proposal_id = '{}'",
            open.proposal_id
        );
        sqlx::query(AssertSqlSafe(sql)).execute(&pool).await.unwrap();
        assert_eq!(named().await, Some((forged.clone(), "nobody proposed it, as far as the record says")));
        let approve = ApproveRequest { request_id: Uuid::now_v7().to_string(), proposal_id: forged.clone(), ..Default::default() };
        let refused = fixture.support().approve(fixture.by("ann", Role::Finance, approve)).await;
        assert_eq!(told(refused).map(drop), Err("PROPOSAL_CHANGED".to_owned()));
        sqlx::query("DELETE FROM proposal").execute(&pool).await.unwrap();
        assert!(named().await.is_some_and(|(_, why)| why == "it was proposed, and its row is gone"));
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_of_an_earlier_program_is_held_against_its_own_words() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let (good, edited) = (fixture.propose("sue", gift_of("ada", 7)).await, fixture.propose("sue", gift_of("bob", 7)).await);
        swapped(database, &edited, &good).await;
        // As it was before lines were recorded with their proposals and had hashes.
        let pool = database.open("support", &support::store::MIGRATIONS).await.unwrap();
        for sql in ["DELETE FROM act_proposal", "UPDATE act SET request_hash = '', proposal_hash = ''"] {
            sqlx::query(sql).execute(&pool).await.unwrap();
        }
        rechained(&Store::open(database).await.unwrap(), &pool).await;
        assert_eq!(fixture.approve("ann", &edited).await, Err("PROPOSAL_CHANGED".to_owned()));
        fixture.approve("ann", &good).await.unwrap();
        assert_eq!((fixture.coins("ada").await, fixture.coins("bob").await), (7, 0));
        fixture.stop().await;
    }
}

/// Recomputes the hashes of lines, chained as the earlier version did it.
async fn rechained(store: &Store, pool: &sqlx::AnyPool) {
    let mut previous = support::domain::GENESIS;
    for line in store.acts_from(1, 1_000).await.unwrap() {
        previous = line.chained(&previous);
        let query = sqlx::query("UPDATE act SET hash = $1 WHERE seq = $2").bind(hex(&previous)).bind(line.seq);
        query.execute(pool).await.unwrap();
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
