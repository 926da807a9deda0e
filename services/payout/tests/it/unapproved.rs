//! Runs that end without an approval: rejected, or expired.

use crate::{
    crashes::without_worker_over,
    reviews::new_id,
    runs::{approve, beneficiaries, by, config, create, get, line, page, reached},
    world::{BOOK, FUNDS, Running, World, on_both},
};
use api::payout::{PayoutRun, PayoutRunState, RejectPayoutRunRequest};
use money::time::unix_ms;
use std::time::{Duration, SystemTime};
use tonic::Status;
use uuid::Uuid;

async fn reject(world: &World, running: &Running, who: &str, run_id: &str) -> Result<(PayoutRun, bool), Status> {
    let request = RejectPayoutRunRequest { request_id: new_id(), book: BOOK.into(), run_id: run_id.to_owned() };
    let answer = running.client().reject_payout_run(by(world, who, request)).await?.into_inner();
    Ok((answer.run.unwrap(), answer.replayed))
}

/// The reason of a refusal, and the state that it names.
fn refused<T>(answer: Result<T, Status>) -> (String, String) {
    let status = answer.err().unwrap();
    (rpc::reason(&status).unwrap(), rpc::facts(&status).get("state").cloned().unwrap_or_default())
}

fn not_ready(state: &str) -> (String, String) {
    ("RUN_NOT_READY".to_owned(), state.to_owned())
}

#[tokio::test]
async fn a_rejected_run_holds_nothing_and_is_approved_by_nobody() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(config(&world)).await;
        world.fund("ana", "USD").await;
        let ids = beneficiaries(&running, 3).await;
        let lines = || vec![line("ana", &ids[0], 5), line("ana", &ids[1], 5)];
        let id = Uuid::now_v7();
        let (run, _) = create(&world, &running, page(id, 1, lines(), true)).await.unwrap();
        let ready = reached(&world, &running, &run.run_id, PayoutRunState::AwaitingApproval).await;
        assert!(ready.expire_time.is_some() && ready.rejected_by.is_empty());
        let (rejected, replayed) = reject(&world, &running, "gus", &run.run_id).await.unwrap();
        assert_eq!((rejected.state(), rejected.rejected_by.as_str(), replayed), (PayoutRunState::Rejected, "gus", false));
        assert!(rejected.end_time.is_some() && rejected.expire_time.is_none());
        assert!(reject(&world, &running, "gus", &run.run_id).await.unwrap().1, "once");
        assert_eq!(refused(reject(&world, &running, "fay", &run.run_id).await), not_ready("rejected"));
        assert_eq!(refused(approve(&world, &running, "hal", &run.run_id, &ready.lines_hash).await), not_ready("rejected"));
        let more = create(&world, &running, page(id, 3, vec![line("ana", &ids[2], 5)], true)).await;
        assert_eq!(refused(more).0, "RUN_COMPLETE");
        assert_eq!(world.balance("creator/ana/payable/USD").await, (FUNDS, FUNDS), "nothing is held");

        // Who created it may withdraw it, also before it is complete; what is approved can't be rejected.
        let (open, _) = create(&world, &running, page(Uuid::now_v7(), 1, lines(), false)).await.unwrap();
        assert_eq!(reject(&world, &running, "fay", &open.run_id).await.unwrap().0.state(), PayoutRunState::Rejected);
        let (other, _) = create(&world, &running, page(Uuid::now_v7(), 1, lines(), true)).await.unwrap();
        let ready = reached(&world, &running, &other.run_id, PayoutRunState::AwaitingApproval).await;
        approve(&world, &running, "gus", &other.run_id, &ready.lines_hash).await.unwrap();
        assert_eq!(refused(reject(&world, &running, "hal", &other.run_id).await).0, "RUN_NOT_READY");
        reached(&world, &running, &other.run_id, PayoutRunState::Done).await;
        assert_eq!(refused(reject(&world, &running, "hal", &new_id()).await).0, "RUN_UNKNOWN");
        running.stop().await;
        world.check_books("ana", "USD", 10).await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_run_that_nobody_approves_in_time_expires_and_holds_nothing() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let mut options = config(&world);
        options.runs.approval_expiry = Duration::from_secs(3_600);
        let running = world.start_with(options.clone()).await;
        world.fund("ana", "USD").await;
        let ids = beneficiaries(&running, 1).await;
        let lines = || vec![line("ana", &ids[0], 5)];
        let (run, _) = create(&world, &running, page(Uuid::now_v7(), 1, lines(), true)).await.unwrap();
        let ready = reached(&world, &running, &run.run_id, PayoutRunState::AwaitingApproval).await;
        let (open, _) = create(&world, &running, page(Uuid::now_v7(), 1, lines(), false)).await.unwrap();
        running.stop().await;

        let payouts = without_worker_over(&world, options.clone()).await;
        let expires_ms = ready.expire_time.unwrap();
        let expires_ms = expires_ms.seconds * 1_000 + i64::from(expires_ms.nanos) / 1_000_000;
        assert!(expires_ms > unix_ms(SystemTime::now()) && expires_ms <= unix_ms(SystemTime::now()) + 3_600_000);
        assert_eq!(payouts.expire_runs(expires_ms - 1).await.unwrap_or(99), 0);
        // In its last moment it is still approved, and after it no more, whether the round was there or not.
        let late = SystemTime::UNIX_EPOCH + Duration::from_millis(expires_ms.unsigned_abs());
        let act = payout::runs::RunAct {
            book: money::BookName::try_new(BOOK).unwrap(),
            run_id: run.run_id.parse().unwrap(),
            subject: money::UserKey::try_new("gus").unwrap(),
            request_id: money::RequestId::parse(&new_id()).unwrap(),
        };
        assert!(payouts.approve_run(&act, &ready.lines_hash, late).await.is_err());
        assert_eq!(payouts.expire_runs(expires_ms + 60_000).await.unwrap_or(99), 2);
        let running = world.start_with(options).await;
        for run_id in [&run.run_id, &open.run_id] {
            let expired = get(&world, &running, run_id).await;
            assert_eq!((expired.state(), expired.expire_time), (PayoutRunState::Expired, None));
            assert_eq!(refused(approve(&world, &running, "gus", run_id, &ready.lines_hash).await), not_ready("expired"));
            assert_eq!(refused(reject(&world, &running, "gus", run_id).await), not_ready("expired"));
        }
        assert_eq!(world.balance("creator/ana/payable/USD").await, (FUNDS, FUNDS), "nothing is held");
        running.stop().await;
        world.close().await;
    })
    .await;
}
