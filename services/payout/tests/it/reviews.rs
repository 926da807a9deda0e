//! What payouts wait for before they are sent: sanctions lists, approvals, limits, time; and what people decide of it.

use crate::limits::set;
use crate::world::{BOOK, FUNDS, Running, World, aba, beneficiary, on_both, payout_request};
use api::payout::{
    ApprovePayoutRequest, BlockedPayout, CreateBeneficiaryRequest, DecideReviewRequest, DeleteBeneficiaryRequest, ListReviewsRequest,
    Payout, PayoutReview, PayoutState, ReviewDecision, ReviewKind, ReviewState, UnblockPayoutRequest,
};
use db::Database;
use identity::Role;
use money::BookName;
use payout::{
    Config,
    config::{ApprovalConfig, ScreeningListConfig},
    domain::{PayoutKey, PayoutPhase},
};
use std::{future::Future, path::Path, time::Duration};
use tempfile::TempDir;
use tonic::{Code, Status};
use uuid::Uuid;

/// What has not happened by then never will.
const PATIENCE: Duration = Duration::from_secs(180);
/// A name on the list, and one that is not.
pub const LISTED: &str = "Mirosh Quenbar";
pub const BLOCKED: &str = "house/blocked_funds/USD";
pub const PAYABLE: &str = "creator/ana/payable/USD";

pub fn new_id() -> String {
    Uuid::now_v7().to_string()
}

pub fn told(status: &Status) -> (Code, String) {
    (status.code(), rpc::reason(status).unwrap_or_default())
}

pub fn refused(reason: &str) -> (Code, String) {
    (Code::FailedPrecondition, reason.to_owned())
}

/// An edition of a list with these entries: id, name, program.
fn write_list(dir: &Path, entries: &[(u32, &str, &str)]) {
    let absent = "-0- ,";
    let line =
        |(id, name, program): &(u32, &str, &str)| format!("{id},\"{name}\",\"individual\",\"{program}\",{}-0- \r\n", absent.repeat(7));
    let primary: String = entries.iter().map(line).collect();
    std::fs::write(dir.join("sdn.csv"), format!("{primary}\u{1a}")).unwrap();
    for name in ["alt.csv", "add.csv", "sdn_comments.csv"] {
        std::fs::write(dir.join(name), "\u{1a}").unwrap();
    }
}

const FIRST: [(u32, &str, &str); 2] = [(101, "QUENBAR, Mirosh", "PROG-A"), (102, "TESTOVAR, Zelm", "PROG-B")];

fn screened(world: &World, dir: &Path) -> Config {
    let mut config = world.config();
    config.screening.lists = vec![ScreeningListConfig {
        name: "TEST".into(),
        source: "invented".into(),
        edition: "2026-11-27".into(),
        primary_file: dir.join("sdn.csv"),
        alternate_file: dir.join("alt.csv"),
        address_file: dir.join("add.csv"),
        comments_file: dir.join("sdn_comments.csv"),
        reject_programs: vec!["PROG-B".into()],
    }];
    config
}

/// A service that screens with the first edition, and a creator with money. The directory has the list.
pub async fn screening(database: Database, change: impl FnOnce(&mut Config)) -> (World, Running, TempDir) {
    let list = tempfile::tempdir().unwrap();
    write_list(list.path(), &FIRST);
    let world = World::open(database, 60).await;
    let mut config = screened(&world, list.path());
    change(&mut config);
    let running = world.start_with(config).await;
    world.fund("ana", "USD").await;
    (world, running, list)
}

/// A payout of 500 to a holder on the list, which waits for its review.
struct Caught {
    world: World,
    running: Running,
    list: TempDir,
    beneficiary_id: String,
    payout: Payout,
    review: PayoutReview,
}

impl Caught {
    async fn open(database: Database, holder: &str) -> Self {
        let (world, running, list) = screening(database, |_| {}).await;
        let beneficiary_id = recorded(&running, "ana", holder, "9000000001").await;
        let payout = in_review(&running, &asked(&running, &beneficiary_id, 500).await).await;
        let review = open_review(&world, &running, &payout).await;
        Self { world, running, list, beneficiary_id, payout, review }
    }
}

pub async fn soon<T>(what: &str, awaited: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, awaited).await.unwrap_or_else(|_| panic!("{what}: not after {PATIENCE:?}"))
}

pub async fn recorded(running: &Running, user: &str, holder_name: &str, account_number: &str) -> String {
    let request = CreateBeneficiaryRequest { holder_name: holder_name.into(), ..beneficiary(aba(account_number)) };
    let answer = running.client().create_beneficiary(running.signed(user, request)).await.unwrap();
    answer.into_inner().beneficiary.unwrap().beneficiary_id
}

pub async fn asked(running: &Running, beneficiary_id: &str, minor_units: i64) -> Payout {
    asked_in(running, beneficiary_id, "USD", minor_units).await
}

pub async fn asked_in(running: &Running, beneficiary_id: &str, currency: &str, minor_units: i64) -> Payout {
    running.request("ana", payout_request(beneficiary_id, currency, minor_units)).await.unwrap().0
}

pub async fn in_review(running: &Running, payout: &Payout) -> Payout {
    soon("in review", running.until("ana", &payout.payout_id, PayoutState::InReview)).await
}

pub async fn end(running: &Running, payout: &Payout) -> Payout {
    soon("the end", running.end("ana", &payout.payout_id)).await
}

pub async fn reviews(world: &World, running: &Running, request: ListReviewsRequest) -> Vec<PayoutReview> {
    let request = ListReviewsRequest { book: BOOK.into(), ..request };
    let answer = running.client().list_reviews(world.bed.by("sue", Role::Support, request)).await;
    answer.unwrap().into_inner().reviews
}

/// The one review of a payout that is open.
pub async fn open_review(world: &World, running: &Running, payout: &Payout) -> PayoutReview {
    let open = ListReviewsRequest { state: ReviewState::Open.into(), ..Default::default() };
    let mut found = reviews(world, running, open).await;
    found.retain(|review| review.payout_id == payout.payout_id);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

pub fn decision(review: &PayoutReview, decision: ReviewDecision) -> DecideReviewRequest {
    DecideReviewRequest {
        request_id: new_id(),
        book: BOOK.into(),
        review_id: review.review_id.clone(),
        decision: decision.into(),
        hash: review.hash.clone(),
    }
}

pub async fn decide(world: &World, running: &Running, who: &str, request: DecideReviewRequest) -> Result<(PayoutReview, bool), Status> {
    let answer = running.client().decide_review(world.bed.by(who, Role::Finance, request)).await?.into_inner();
    Ok((answer.review.unwrap(), answer.replayed))
}

pub async fn approve(world: &World, running: &Running, who: &str, review: &PayoutReview) -> Result<PayoutReview, Status> {
    let request =
        ApprovePayoutRequest { request_id: new_id(), book: BOOK.into(), payout_id: review.payout_id.clone(), hash: review.hash.clone() };
    let answer = running.client().approve_payout(world.bed.by(who, Role::Finance, request)).await?;
    Ok(answer.into_inner().review.unwrap())
}

pub async fn unblock(world: &World, running: &Running, who: &str, payout: &Payout, number: &str) -> Result<BlockedPayout, Status> {
    let request = UnblockPayoutRequest {
        request_id: new_id(),
        book: BOOK.into(),
        payout_id: payout.payout_id.clone(),
        licence_number: number.into(),
        licence_date: "2026-11-20".into(),
    };
    let answer = running.client().unblock_payout(world.bed.by(who, Role::Admin, request)).await?;
    Ok(answer.into_inner().blocked.unwrap())
}

/// Waits until an account has this balance.
pub async fn until_balance(world: &World, running: &Running, account: &str, balance: i64) {
    let mut changes = running.service.changes();
    soon(account, async {
        while world.balance(account).await.0 != balance {
            changes.recv().await.unwrap();
        }
    })
    .await;
}

/// Waits until the money of a payout is blocked and its row says so, which is a moment later: before, nobody can unblock it.
pub async fn until_blocked(world: &World, running: &Running, payout: &Payout, minor_units: i64) {
    until_balance(world, running, BLOCKED, minor_units).await;
    let (store, mut changes) = (payout::tables::Store::inspect(&world.database).await.unwrap(), running.service.changes());
    let (book, payout_id) = (BookName::try_new(BOOK).unwrap(), Uuid::try_parse(&payout.payout_id).unwrap());
    let payout_key = PayoutKey { book, payout_id };
    soon("blocked", async {
        while store.payout(&payout_key).await.unwrap().unwrap().phase != PayoutPhase::Blocked {
            changes.recv().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_listed_name_waits_is_cleared_and_paid_and_not_asked_about_again() {
    on_both(async |database| {
        let Caught { world, running, beneficiary_id, payout, review, list: _list } = Caught::open(database, LISTED).await;
        assert!(payout.steps.iter().all(|step| step.note.is_empty()), "the creator is not told why: {payout:?}");
        assert_eq!((payout.reason.as_str(), world.balance(PAYABLE).await), ("", (FUNDS, FUNDS - 500)), "held, and no more");

        assert_eq!((review.kind(), review.state(), review.hits.len()), (ReviewKind::Screening, ReviewState::Open, 1));
        let hit = &review.hits[0];
        assert_eq!((hit.entry_id, hit.listed_name.as_str(), hit.band.as_str()), (101, "QUENBAR, Mirosh", "block"));
        let clear = decision(&review, ReviewDecision::Clear);
        let (cleared, replayed) = decide(&world, &running, "fay", clear.clone()).await.unwrap();
        assert_eq!((cleared.state(), cleared.decided_by.as_str(), replayed), (ReviewState::Passed, "fay", false));
        assert_eq!(cleared.reason, "part of a test");
        assert!(decide(&world, &running, "fay", clear).await.unwrap().1, "a retry is the same answer");
        assert_eq!(end(&running, &payout).await.state(), PayoutState::Settled);

        // The same beneficiary, entry and edition.
        let again = asked(&running, &beneficiary_id, 300).await;
        let again = end(&running, &again).await;
        assert_eq!(again.state(), PayoutState::Settled);
        assert!(again.steps.iter().all(|step| step.state() != PayoutState::InReview), "{again:?}");
        // Another beneficiary with that name is another person.
        let other = recorded(&running, "ana", LISTED, "9000000002").await;
        in_review(&running, &asked(&running, &other, 100).await).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_true_match_is_blocked_by_two_people_and_unblocked_by_two() {
    on_both(async |database| {
        let Caught { world, running, payout, review, list: _list, .. } = Caught::open(database, LISTED).await;
        let truly = || decision(&review, ReviewDecision::TrueMatch);
        let (proposed, _) = decide(&world, &running, "fay", truly()).await.unwrap();
        assert_eq!((proposed.state(), proposed.proposed_by.as_str()), (ReviewState::Open, "fay"));
        let alone = decide(&world, &running, "fay", truly()).await.unwrap_err();
        assert_eq!(told(&alone), refused("SAME_PERSON"));
        assert_eq!(world.balance(BLOCKED).await.0, 0, "one person blocks nothing");
        assert_eq!(told(&unblock(&world, &running, "adam", &payout, "L-1").await.unwrap_err()), refused("NOT_BLOCKED"));

        let (confirmed, _) = decide(&world, &running, "gus", truly()).await.unwrap();
        assert_eq!(confirmed.state(), ReviewState::Failed);
        let blocked = confirmed.blocked.unwrap();
        let due: jiff::civil::Date = blocked.report_due_date.parse().unwrap();
        let begun = jiff::Timestamp::from_second(blocked.block_time.unwrap().seconds).unwrap();
        // The day is the one where the report goes to: on a Monday in UTC it is Sunday there for hours.
        let begun = begun.to_zoned(jiff::tz::TimeZone::get("America/New_York").unwrap()).date();
        let days = begun.until(due).unwrap().get_days();
        // Two weeks less the weekend that they begin on; more with holidays.
        assert!((12..=18).contains(&days), "ten business days are {days} days");
        until_blocked(&world, &running, &payout, 500).await;
        assert_eq!(world.balance(PAYABLE).await, (FUNDS - 500, FUNDS - 500));
        assert_eq!(in_review(&running, &payout).await.state(), PayoutState::InReview, "the creator sees no more");
        assert_eq!(told(&decide(&world, &running, "gus", truly()).await.unwrap_err()), refused("REVIEW_CLOSED"));

        let once = unblock(&world, &running, "adam", &payout, "L-1").await.unwrap();
        assert_eq!((once.licence_recorded_by.as_str(), once.unblocked_by.as_str()), ("adam", ""));
        assert_eq!(told(&unblock(&world, &running, "adam", &payout, "L-1").await.unwrap_err()), refused("SAME_PERSON"));
        assert_eq!(told(&unblock(&world, &running, "eve", &payout, "L-2").await.unwrap_err()), refused("LICENCE_DIFFERS"));
        assert_eq!(world.balance(BLOCKED).await.0, 500, "nobody alone lets it go");
        let twice = unblock(&world, &running, "eve", &payout, "L-1").await.unwrap();
        assert_eq!((twice.licence_number.as_str(), twice.unblocked_by.as_str()), ("L-1", "eve"));
        until_balance(&world, &running, BLOCKED, 0).await;
        assert_eq!(end(&running, &payout).await.state(), PayoutState::Rejected);
        assert_eq!(world.balance(PAYABLE).await, (FUNDS, FUNDS));
        assert_eq!(world.balance("house/in_transit/USD").await, (0, 0));
        assert_eq!(world.executed(&payout).await, 0, "no bank has seen it");
        assert_eq!(told(&unblock(&world, &running, "adam", &payout, "L-1").await.unwrap_err()), refused("NOT_BLOCKED"));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_match_of_a_program_that_rejects_gives_the_money_back() {
    on_both(async |database| {
        let Caught { world, running, payout, review, list: _list, .. } = Caught::open(database, "Zelm Testovar").await;
        for who in ["fay", "gus"] {
            decide(&world, &running, who, decision(&review, ReviewDecision::TrueMatch)).await.unwrap();
        }
        let ended = end(&running, &payout).await;
        assert_eq!(ended.state(), PayoutState::Rejected);
        assert!(!format!("{ended:?}").contains("sanction"), "the creator is not told why");
        assert_eq!((world.balance(PAYABLE).await, world.balance(BLOCKED).await), ((FUNDS, FUNDS), (0, 0)));
        assert_eq!(world.balance("house/in_transit/USD").await, (0, 0));
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn an_approval_is_another_persons_and_of_what_that_person_saw() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let mut config = world.config();
        config.review.approvals = vec![ApprovalConfig { currency: "USD".into(), above_minor_units: 400, minor_units_max: 900 }];
        let running = world.start_with(config).await;
        world.fund("ana", "USD").await;
        let beneficiary_id = recorded(&running, "ana", "Ana Müller", "9000000001").await;
        let small = asked(&running, &beneficiary_id, 400).await;
        assert_eq!(end(&running, &small).await.state(), PayoutState::Settled, "the threshold itself needs no approval");

        let payout = in_review(&running, &asked(&running, &beneficiary_id, 401).await).await;
        let seen = open_review(&world, &running, &payout).await;
        assert_eq!(seen.kind(), ReviewKind::Approval);
        assert_eq!(told(&approve(&world, &running, "ana", &seen).await.unwrap_err()), refused("SAME_PERSON"));
        let unfit = decide(&world, &running, "fay", decision(&seen, ReviewDecision::Clear)).await.unwrap_err();
        assert_eq!(told(&unfit), refused("DECISION_UNFIT"));
        // The beneficiary changes between the look and the approval.
        let delete = DeleteBeneficiaryRequest { request_id: new_id(), book: BOOK.into(), user_id: String::new(), beneficiary_id };
        running.client().delete_beneficiary(running.signed("ana", delete)).await.unwrap();
        assert_eq!(told(&approve(&world, &running, "fay", &seen).await.unwrap_err()), refused("REVIEW_CHANGED"));
        let seen = open_review(&world, &running, &payout).await;
        assert_eq!(approve(&world, &running, "fay", &seen).await.unwrap().state(), ReviewState::Passed);
        assert_eq!(end(&running, &payout).await.state(), PayoutState::Settled);

        let other = recorded(&running, "ana", "Ana Müller", "9000000002").await;
        let payout = in_review(&running, &asked(&running, &other, 500).await).await;
        let seen = open_review(&world, &running, &payout).await;
        decide(&world, &running, "fay", decision(&seen, ReviewDecision::Refuse)).await.unwrap();
        assert_eq!(end(&running, &payout).await.state(), PayoutState::Rejected);
        running.stop().await;
        world.check_books("ana", "USD", 801).await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn many_decisions_at_once_do_not_wait_for_one_another_s_connections() {
    on_both(async |database| {
        let dir = tempfile::tempdir().unwrap();
        write_list(dir.path(), &FIRST);
        let world = World::open(database, 60).await;
        let running = world.start_with(screened(&world, dir.path())).await;
        world.fund("ana", "USD").await;
        let beneficiary_id = recorded(&running, "ana", LISTED, "9000000001").await;
        let payout = in_review(&running, &asked(&running, &beneficiary_id, 500).await).await;
        let review = open_review(&world, &running, &payout).await;
        // More than a pool has connections; what is decided must not need a second one.
        let started = std::time::Instant::now();
        let forged = (0..40).map(|_| DecideReviewRequest { hash: "AAAA".into(), ..decision(&review, ReviewDecision::Clear) });
        let decided = forged.map(|request| decide(&world, &running, "fay", request));
        for refusal in futures::future::join_all(decided).await {
            assert_eq!(told(&refusal.unwrap_err()), refused("REVIEW_CHANGED"));
        }
        assert!(started.elapsed() < db::ACQUIRE_TIMEOUT, "they took {:?}", started.elapsed());
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_new_edition_counts_at_once_and_one_that_is_cut_off_changes_nothing() {
    on_both(async |database| {
        let (world, running, dir) = screening(database, |config| {
            config.screening.reload_interval = Duration::from_secs(3_600);
            config.review.approvals = vec![ApprovalConfig { currency: "USD".into(), above_minor_units: 400, minor_units_max: 900 }];
        })
        .await;
        let beneficiary_id = recorded(&running, "ana", "Ondrej Vassilko", "9000000001").await;
        let first = asked(&running, &beneficiary_id, 100).await;
        assert_eq!(end(&running, &first).await.state(), PayoutState::Settled, "not listed yet");
        let payout = in_review(&running, &asked(&running, &beneficiary_id, 500).await).await;
        let approval = open_review(&world, &running, &payout).await;

        std::fs::write(dir.path().join("sdn.csv"), "103,\"VASSILKO, Ondrej\"").unwrap();
        assert_eq!(running.service.look_at_lists().await.unwrap(), 0, "a broken edition is refused whole");
        let mut entries = FIRST.to_vec();
        entries.push((103, "VASSILKO, Ondrej", "PROG-A"));
        write_list(dir.path(), &entries);
        assert_eq!(running.service.look_at_lists().await.unwrap(), 1);
        assert_eq!(running.service.look_at_lists().await.unwrap(), 0, "an edition is gone through once");
        // Cut off in the middle, it goes on behind the last beneficiary that it had noted.
        set(&world, format!("UPDATE screened_list SET done_at_ms = 0, after_book = '{BOOK}', after_id = ''")).await;
        assert_eq!(running.service.look_at_lists().await.unwrap(), 1);
        set(&world, format!("UPDATE screened_list SET done_at_ms = 0, after_book = '{BOOK}', after_id = '{beneficiary_id}'")).await;
        assert_eq!(running.service.look_at_lists().await.unwrap(), 0);
        // The payout that waits for its approval waits for both now.
        let mut changes = running.service.changes();
        let screening = soon("the second review", async {
            loop {
                let open = ListReviewsRequest { kind: ReviewKind::Screening.into(), ..Default::default() };
                if let Some(found) = reviews(&world, &running, open).await.pop() {
                    return found;
                }
                changes.recv().await.unwrap();
            }
        })
        .await;
        assert_eq!((screening.payout_id.as_str(), screening.hits[0].entry_id), (payout.payout_id.as_str(), 103));
        approve(&world, &running, "fay", &approval).await.unwrap();
        assert_eq!(in_review(&running, &payout).await.state(), PayoutState::InReview);
        decide(&world, &running, "fay", decision(&screening, ReviewDecision::Clear)).await.unwrap();
        assert_eq!(end(&running, &payout).await.state(), PayoutState::Settled);
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn hostile_requests_about_reviews_are_refused_by_name() {
    on_both(async |database| {
        let Caught { world, running, payout, review, list: _list, .. } = Caught::open(database, LISTED).await;
        let sound = || decision(&review, ReviewDecision::Clear);
        let malformed = [
            DecideReviewRequest { request_id: "x".into(), ..sound() },
            DecideReviewRequest { review_id: String::new(), ..sound() },
            DecideReviewRequest { decision: 0, ..sound() },
            DecideReviewRequest { decision: 99, ..sound() },
            DecideReviewRequest { hash: String::new(), ..sound() },
            DecideReviewRequest { hash: "h".repeat(10_000), ..sound() },
        ];
        for request in malformed {
            let refusal = decide(&world, &running, "fay", request.clone()).await.unwrap_err();
            assert_eq!(told(&refusal), (Code::InvalidArgument, "MALFORMED".to_owned()), "{request:?}");
        }
        let unknown = decide(&world, &running, "fay", DecideReviewRequest { review_id: new_id(), ..sound() }).await.unwrap_err();
        assert_eq!(told(&unknown), (Code::NotFound, "REVIEW_UNKNOWN".to_owned()));
        let forged = DecideReviewRequest { hash: "AAAA".into(), ..sound() };
        assert_eq!(told(&decide(&world, &running, "fay", forged).await.unwrap_err()), refused("REVIEW_CHANGED"));
        let unfit = decision(&review, ReviewDecision::Refuse);
        assert_eq!(told(&decide(&world, &running, "fay", unfit).await.unwrap_err()), refused("DECISION_UNFIT"));
        assert_eq!(told(&approve(&world, &running, "fay", &review).await.unwrap_err()).1, "REVIEW_UNKNOWN", "it needs no approval");
        // Nobody whose task it is not.
        let support = running.client().decide_review(world.bed.by("sue", Role::Support, sound())).await.unwrap_err();
        assert_eq!(told(&support).0, Code::PermissionDenied);
        let creator = running.client().list_reviews(running.signed("ana", ListReviewsRequest::default())).await.unwrap_err();
        assert_eq!(told(&creator).0, Code::PermissionDenied);
        for (state, kind, page_size) in [(99, 0, 0), (0, -1, 0), (0, 0, -1)] {
            let request = ListReviewsRequest { book: BOOK.into(), state, kind, page_size, page_token: String::new() };
            let refusal = running.client().list_reviews(world.bed.by("sue", Role::Support, request)).await.unwrap_err();
            assert_eq!(told(&refusal), (Code::InvalidArgument, "MALFORMED".to_owned()));
        }
        for (number, date) in [("", "2026-11-20"), ("L\u{202e}1", "2026-11-20"), ("L-1", "2999-01-01"), ("L-1", "20261120"), ("L-1", "")] {
            let request = UnblockPayoutRequest {
                request_id: new_id(),
                book: BOOK.into(),
                payout_id: payout.payout_id.clone(),
                licence_number: number.into(),
                licence_date: date.into(),
            };
            let refusal = running.client().unblock_payout(world.bed.by("adam", Role::Admin, request)).await.unwrap_err();
            assert_eq!(told(&refusal), (Code::InvalidArgument, "MALFORMED".to_owned()), "{number} {date}");
        }
        // A used id with another decision, and a retry after the payout is gone on.
        let clear = sound();
        decide(&world, &running, "fay", clear.clone()).await.unwrap();
        let reused = DecideReviewRequest { decision: ReviewDecision::TrueMatch.into(), ..clear.clone() };
        assert_eq!(told(&decide(&world, &running, "fay", reused).await.unwrap_err()).1, "REQUEST_ID_REUSED");
        assert_eq!(end(&running, &payout).await.state(), PayoutState::Settled);
        assert!(decide(&world, &running, "fay", clear).await.unwrap().1);
        assert_eq!(told(&decide(&world, &running, "gus", sound()).await.unwrap_err()), refused("REVIEW_CLOSED"));
        running.stop().await;
        world.close().await;
    })
    .await;
}
