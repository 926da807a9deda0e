//! The audit log: every staff call is recorded before it is done and after, and tampering is detected.
use crate::fixture::{Fixture, databases, gift_of, told};
use api::{
    ledger::{GetAccountRequest, GetTrialBalanceRequest},
    support::{Act, ActPhase, ListActsRequest, NoteActRequest, RecordActRequest},
};
use identity::Role;
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;
use support::{check::check, store::Store};
use uuid::Uuid;

/// The audit log, newest first, as an auditor reads it.
async fn acts(fixture: &Fixture, request: ListActsRequest) -> Vec<Act> {
    fixture.support().list_acts(fixture.by("aud", Role::Auditor, request)).await.unwrap().into_inner().acts
}

fn look(user: &str) -> GetAccountRequest {
    GetAccountRequest { account: format!("viewer/{user}/coins"), ..Default::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_at_a_users_coins_is_two_lines_with_its_reason() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        fixture.give("ada", 5).await;
        fixture.books().get_account(fixture.by("sue", Role::Support, look("ada"))).await.unwrap();
        let status = fixture.books().get_account(fixture.by("sue", Role::Support, look("bob"))).await.unwrap_err();
        assert_eq!(rpc::reason(&status).as_deref(), Some("ACCOUNT_UNKNOWN"));
        let lines = acts(&fixture, ListActsRequest { subject: "sue".to_owned(), ..Default::default() }).await;
        let told: Vec<_> = lines.iter().rev().map(|act| (act.phase(), act.user_id.as_str(), act.outcome.as_str())).collect();
        let (begun, ended) = (ActPhase::Begun, ActPhase::Ended);
        assert_eq!(told, [(begun, "ada", ""), (ended, "ada", "OK"), (begun, "bob", ""), (ended, "bob", "NOT_FOUND ACCOUNT_UNKNOWN")]);
        let first = lines.last().unwrap();
        assert_eq!((first.reason.as_str(), first.role.as_str(), first.issuer.as_str()), ("ticket 4711", "support", "largesse"));
        assert_eq!((first.rpc.as_str(), first.book.as_str()), ("largesse.ledger.v1.LedgerService/GetAccount", "demo"));
        assert_eq!(first.request_json, "{\"account\":\"viewer/ada/coins\"}");
        assert_eq!(lines[2].act_id, first.act_id);
        // Reading the log is recorded too; calls by others than staff are not.
        let all = acts(&fixture, ListActsRequest::default()).await;
        assert_eq!((all[0].subject.as_str(), all[0].phase()), ("aud", begun));
        assert!(all.iter().all(|act| ["sue", "aud"].contains(&act.subject.as_str())));
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_reason_nothing_is_shown_and_without_a_record_nothing_is_done() {
    let databases = databases();
    let database = &databases.all[0];
    let fixture = Fixture::start(database).await;
    fixture.give("ada", 5).await;
    let unexplained = fixture.books().get_account(fixture.unexplained("sue", Role::Support, look("ada"))).await;
    assert_eq!(told(unexplained).map(drop), Err("REASON_REQUIRED".to_owned()));
    let concerns_nobody = fixture.unexplained("sue", Role::Support, GetTrialBalanceRequest::default());
    fixture.books().get_trial_balance(concerns_nobody).await.unwrap();
    // The audit log can't be written any more.
    let store = database.open("support", &support::store::MIGRATIONS).await.unwrap();
    sqlx::query("ALTER TABLE act RENAME TO gone").execute(&store).await.unwrap();
    let proposal = fixture.support().propose(fixture.by("sue", Role::Support, Default::default())).await;
    assert_eq!(told(proposal).map(drop), Err("AUDIT_UNAVAILABLE".to_owned()));
    assert_eq!(
        told(fixture.books().get_account(fixture.by("sue", Role::Support, look("ada"))).await).map(drop),
        Err("AUDIT_UNAVAILABLE".to_owned())
    );
    assert_eq!(fixture.coins("ada").await, 5, "services and users go on");
    fixture.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lines_of_several_processes_make_one_chain() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let clients = [fixture.support(), fixture.another().await, fixture.another().await];
        let record = async |at: usize| {
            let act = Act {
                act_id: Uuid::now_v7().to_string(),
                phase: ActPhase::Begun.into(),
                subject: "sue".to_owned(),
                role: "support".to_owned(),
                rpc: "largesse.gift.v1.GiftService/SendGift".to_owned(),
                ..Default::default()
            };
            let request = || fixture.by("gift", Role::Service, RecordActRequest { act: Some(act.clone()) });
            let seq = clients[at % 3].clone().record_act(request()).await.unwrap().into_inner().seq;
            let again = clients[(at + 1) % 3].clone().record_act(request()).await.unwrap().into_inner().seq;
            assert_eq!(seq, again, "a retry writes nothing");
            seq
        };
        let mut places = futures::future::join_all((0..60).map(record)).await;
        places.sort_unstable();
        assert_eq!(places, (1..=60).collect::<Vec<_>>());
        let report = check(&Store::open(database).await.unwrap(), &[]).await.unwrap();
        assert_eq!((report.lines, report.problem), (60, None));
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_filters_show_each_line_once() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        for user in ["ada", "bob", "ada", "cyd", "ada"] {
            let _ = fixture.books().get_account(fixture.by("sue", Role::Support, look(user))).await;
        }
        let mut request = ListActsRequest { user_id: "ada".to_owned(), page_size: 4, ..Default::default() };
        let first = fixture.support().list_acts(fixture.by("aud", Role::Auditor, request.clone())).await.unwrap().into_inner();
        request.page_token = first.next_page_token.clone();
        let second = fixture.support().list_acts(fixture.by("aud", Role::Auditor, request.clone())).await.unwrap().into_inner();
        // Reading them adds lines about ada as well: the reader names the user in the request.
        assert_eq!(first.acts.len(), 4);
        let seqs: Vec<i64> = first.acts.iter().chain(&second.acts).map(|act| act.seq).collect();
        assert!(seqs.windows(2).all(|pair| pair[0] > pair[1]), "{seqs:?}");
        let foreign = ListActsRequest { user_id: "bob".to_owned(), ..request };
        assert_eq!(
            told(fixture.support().list_acts(fixture.by("aud", Role::Auditor, foreign)).await).map(drop),
            Err("PAGE_TOKEN".to_owned())
        );
        let elsewhere = ListActsRequest { book: "other".to_owned(), ..Default::default() };
        assert_eq!(
            told(fixture.support().list_acts(fixture.by("aud", Role::Auditor, elsewhere)).await).map(drop),
            Err("PERMISSION_DENIED".to_owned())
        );
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn support_and_finance_read_the_log_of_one_user_or_account_at_a_time() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let _ = fixture.books().get_account(fixture.by("sue", Role::Support, look("ada"))).await;
        for (role, whole) in [(Role::Support, false), (Role::Finance, false), (Role::Auditor, true), (Role::Admin, true)] {
            let listed = async |ask: ListActsRequest| fixture.support().list_acts(fixture.by("sam", role, ask)).await;
            for ask in [
                ListActsRequest::default(),
                ListActsRequest { book: "demo".to_owned(), subject: "sue".to_owned(), rpc: "x".to_owned(), ..Default::default() },
            ] {
                match listed(ask).await {
                    Ok(_) => assert!(whole, "{role}"),
                    Err(refused) => {
                        assert!(!whole && rpc::reason(&refused).as_deref() == Some("PERMISSION_DENIED"), "{role}: {refused:?}");
                        assert_eq!(rpc::facts(&refused)["field"], "user_id");
                    }
                }
            }
            let of_ada = ListActsRequest { user_id: "ada".to_owned(), subject: "sue".to_owned(), ..Default::default() };
            let of_account = ListActsRequest { account: "viewer/ada/coins".to_owned(), ..Default::default() };
            for ask in [of_ada, of_account] {
                let acts = listed(ask).await.unwrap().into_inner().acts;
                assert!(acts.iter().any(|act| act.subject == "sue" && act.rpc.ends_with("/GetAccount")), "{role}: {acts:?}");
            }
            let elsewhere = ListActsRequest { book: "other".to_owned(), user_id: "ada".to_owned(), ..Default::default() };
            assert_eq!(rpc::reason(&listed(elsewhere).await.unwrap_err()).as_deref(), Some("PERMISSION_DENIED"));
        }
        fixture.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_changed_in_the_record_is_found() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let proposal = fixture.propose("sue", gift_of("ada", 1)).await;
        fixture.approve("ann", &proposal).await.unwrap();
        for user in ["ada", "bob"] {
            let _ = fixture.books().get_account(fixture.by("sue", Role::Support, look(user))).await;
        }
        fixture.stop().await;
        let store = Store::open(database).await.unwrap();
        let whole = check(&store, &[]).await.unwrap();
        assert_eq!((whole.lines, whole.problem), (8, None));
        let pool = database.open("support", &support::store::MIGRATIONS).await.unwrap();
        let damages = [
            ("subject = 'eve'", "subject = 'sue'", "it does not follow from the line before it"),
            ("outcome = 'OK'", "outcome = ''", "it does not follow from the line before it"),
            ("time_ms = time_ms + 1", "time_ms = time_ms - 1", "it does not follow from the line before it"),
            ("reason = 'because'", "reason = 'ticket 4711'", "its reason or request is not what was written"),
            ("request_json = '{}'", "request_json = '{\"account\":\"viewer/ada/coins\"}'", "its reason or request is not what was written"),
        ];
        for (damage, fix, why) in damages {
            let change = |how: &str| format!("UPDATE act SET {how} WHERE seq = 5");
            sqlx::query(AssertSqlSafe(change(damage))).execute(&pool).await.unwrap();
            assert_eq!(check(&store, &[]).await.unwrap().problem, Some((5, why)), "{damage}");
            sqlx::query(AssertSqlSafe(change(fix))).execute(&pool).await.unwrap();
            assert_eq!(check(&store, &[]).await.unwrap().problem, None, "{fix}");
        }
        // The chain stays intact without the texts that a user's erasure removes; the rest stays.
        assert_eq!(store.erase("demo", "ada", &BTreeSet::new()).await.unwrap(), 4, "the call that read her coins, and the proposal");
        let of_hers = BTreeSet::from([proposal.proposal_id.clone()]);
        assert_eq!(store.erase("demo", "ada", &of_hers).await.unwrap(), 2, "its approval, which names nobody");
        assert_eq!(store.erase("other", "bob", &of_hers).await.unwrap(), 0, "of another book");
        let erased = check(&store, &[]).await.unwrap();
        assert_eq!((erased.lines, erased.erased, erased.problem), (8, 6, None));
        let forged = "INSERT INTO act (seq, time_ms, act_id, phase, subject, issuer, role, rpc, book, user_id, outcome, reason, request_json, erased, salt,
            text_digest, hash) SELECT -5, time_ms, 'ffffffff-ffff-ffff-ffff-ffffffffffff', phase, 'eve', issuer, role, rpc, book, user_id, outcome, reason,
            request_json, erased, salt, text_digest, hash FROM act WHERE seq = 8";
        sqlx::query(forged).execute(&pool).await.unwrap();
        assert_eq!(check(&store, &[]).await.unwrap().problem, Some((-5, "a line is missing or too much before it")));
        sqlx::query("DELETE FROM act WHERE seq = -5").execute(&pool).await.unwrap();
        sqlx::query("UPDATE act SET hash = 'rubbish' WHERE seq = 7").execute(&pool).await.unwrap();
        assert_eq!(check(&store, &[]).await.unwrap().problem, Some((1, "a line from here on can't be read")));
        sqlx::query("DELETE FROM act WHERE seq IN (3, 7)").execute(&pool).await.unwrap();
        assert_eq!(check(&store, &[]).await.unwrap().problem, Some((4, "a line is missing or too much before it")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_cut_short_or_written_anew_is_found_by_its_heads() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        for user in ["ada", "bob"] {
            let _ = fixture.books().get_account(fixture.by("sue", Role::Support, look(user))).await;
        }
        let heads = support::heads::read(fixture.heads_dir.path()).unwrap();
        fixture.stop().await;
        let store = Store::open(database).await.unwrap();
        let whole = check(&store, &heads).await.unwrap();
        assert_eq!((whole.lines, whole.heads, whole.problem), (4, 4, None));
        let pool = database.open("support", &support::store::MIGRATIONS).await.unwrap();
        sqlx::query("DELETE FROM act WHERE seq = 4").execute(&pool).await.unwrap();
        assert_eq!(check(&store, &[]).await.unwrap().problem, None, "without heads the log verifies");
        let why = "it is gone, and its head was recorded outside the database";
        assert_eq!(check(&store, &heads).await.unwrap().problem, Some((4, why)));
        // The whole log is rewritten with other content.
        sqlx::query("DELETE FROM act").execute(&pool).await.unwrap();
        let act = support::domain::StaffAct {
            act_id: Uuid::now_v7(),
            phase: support::domain::ActPhase::Begun,
            subject: "eve".to_owned(),
            issuer: String::new(),
            role: "support".to_owned(),
            rpc: "some".to_owned(),
            book: String::new(),
            user_id: String::new(),
            outcome: String::new(),
            reason: String::new(),
            request_json: String::new(),
        };
        for _ in 0..4 {
            store.append(&support::domain::StaffAct { act_id: Uuid::now_v7(), ..act.clone() }, 1, [0; 16]).await.unwrap();
        }
        assert_eq!(check(&store, &[]).await.unwrap().problem, None);
        let why = "it is not the line whose head was recorded outside the database";
        assert_eq!(check(&store, &heads).await.unwrap().problem, Some((1, why)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_staff_are_about_to_do_elsewhere_is_a_line_with_what_of_whom_and_why() {
    for database in &databases().all {
        let fixture = Fixture::start(database).await;
        let note =
            NoteActRequest { what: "sandbox: payout.rejected".into(), about: "p-1".into(), user_id: "ada".into(), ..Default::default() };
        let noted = |role, note: &NoteActRequest| {
            let (mut client, request) = (fixture.support(), fixture.by("sue", role, note.clone()));
            async move { client.note_act(request).await }
        };
        noted(Role::Support, &note).await.unwrap();
        let lines = acts(&fixture, ListActsRequest { user_id: "ada".to_owned(), ..Default::default() }).await;
        let last = lines.last().unwrap();
        assert_eq!((&*last.subject, &*last.rpc, &*last.reason), ("sue", "largesse.support.v1.SupportService/NoteAct", "ticket 4711"));
        assert!(last.request_json.contains("sandbox: payout.rejected") && last.request_json.contains("p-1"), "{}", last.request_json);
        for wrong in [
            NoteActRequest { what: String::new(), ..note.clone() },
            NoteActRequest { what: "x".repeat(201), ..note.clone() },
            NoteActRequest { what: "hid\u{202e}den".into(), ..note.clone() },
            NoteActRequest { about: "a\nb".into(), ..note.clone() },
            NoteActRequest { user_id: "no user".into(), ..note.clone() },
        ] {
            assert_eq!(told(noted(Role::Admin, &wrong).await).map(drop), Err("MALFORMED".to_owned()), "{wrong:?}");
        }
        for role in [Role::Viewer, Role::Creator, Role::Service, Role::Auditor] {
            assert_eq!(told(noted(role, &note).await).map(drop), Err("PERMISSION_DENIED".to_owned()), "{role}");
        }
        fixture.stop().await;
    }
}
