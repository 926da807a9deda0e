//! Which caller may post what: each service its own kinds between their accounts, in every RPC; and a service of your own what its rows allow.
use crate::{
    book::config,
    calls::{BOOK, Fixture, coins, gift, on_both, post, reason, transfer},
};
use api::ledger::{
    AccountState, BookMode, CompareAndSet, CreateBookRequest, GetAccountRequest, GetTrialBalanceRequest, Guard, ImportBatchRequest,
    LimitWindow, OpenAccountsRequest, PostBatchRequest, PostPendingRequest, PostRequest, PostStreamRequest, ReverseRequest,
    SetAccountStateRequest, SetDebitLimitRequest, Transfer, VoidPendingRequest, guard::Operation,
    ledger_service_client::LedgerServiceClient, post_batch_outcome::Outcome, post_stream_response,
};
use books::store::open_store;
use db::Database;
use futures::StreamExt as _;
use identity::Role;
use ledger::{Config, config::PosterSettings};
use std::collections::HashMap;
use tonic::{Request, Status};
use uuid::Uuid;

pub const REFUSED: &str = "POSTER_NOT_ALLOWED";

fn row(service: &str, kind: &str, debit: &str, credit: &str) -> PosterSettings {
    let [service, kind, debit, credit] = [service, kind, debit, credit].map(str::to_owned);
    PosterSettings { service, kind, debit, credit, allow_debt: false }
}

/// With rows of a loyalty programme, which also places holds on coins.
pub async fn strict(database: &Database) -> Fixture {
    let posters = vec![
        row("loyalty", "bonus", "house/coins/issued", "viewer/*/coins"),
        row("loyalty", "stake", "viewer/*/coins", "house/coins/redeemed"),
    ];
    Fixture::strict(open_store(database).await.unwrap(), Config { posters, ..config() }).await
}

/// A request with a service's token; SupportService's with an approver's too.
pub fn sent<T>(fixture: &Fixture, service: &str, message: T) -> Request<T> {
    if service == "support" {
        return fixture.approved(("ann", Role::Finance, BOOK), message);
    }
    fixture.of(service, Role::Service, message)
}

pub async fn posted(fixture: &Fixture, service: &str, post: PostRequest) -> Result<(), Status> {
    fixture.anyone().post(sent(fixture, service, post)).await.map(drop)
}

/// Posts with this service's token; returns the posting's id.
pub async fn posting_id(fixture: &Fixture, service: &str, post: PostRequest) -> String {
    let answer = fixture.anyone().post(sent(fixture, service, post)).await.unwrap().into_inner();
    answer.posting.unwrap().posting_id
}

/// A reversal as SupportService sends it once two people approved it.
async fn reversed(fixture: &Fixture, posting_id: &str, dry_run: bool) -> Result<(), Status> {
    let reverse = ReverseRequest {
        book: BOOK.to_owned(),
        request_id: Uuid::now_v7().to_string(),
        posting_id: posting_id.to_owned(),
        kind: "reversal".to_owned(),
        dry_run,
        ..Default::default()
    };
    fixture.anyone().reverse(sent(fixture, "support", reverse)).await.map(drop)
}

pub fn told(answer: Result<(), Status>) -> String {
    answer.map_or_else(|status| reason(&status), |()| "posted".to_owned())
}

pub fn usd(debit: &str, credit: &str, amount: i64) -> Transfer {
    transfer(&format!("{debit}/USD"), &format!("{credit}/USD"), amount)
}

/// A posting of each kind as its service makes it, with that service's name.
pub fn honest() -> Vec<(&'static str, PostRequest)> {
    let accrued = "house/accrued_creator_liability";
    let conversion = vec![
        transfer("creator/star/diamonds", "house/diamonds/redeemed", 10),
        usd("house/creator_cost", accrued, 50),
        usd(accrued, "creator/star/payable", 50),
    ];
    vec![
        ("purchase", post("purchase.apple", vec![transfer("house/coins/issued", "viewer/fan/coins", 100)])),
        ("gift", gift("fan", "star", 40)),
        ("earnings", post("conversion", conversion)),
        ("payout", post("payout.hold", vec![Transfer { pending: true, ..usd("creator/star/payable", "house/in_transit", 20) }])),
        ("payout", post("payout.settle", vec![usd("house/in_transit", "house/bank_cash", 1)])),
        ("payout", post("payout.reject", vec![usd("house/in_transit", "creator/star/payable", 1)])),
        ("payout", post("payout.suspend", vec![usd("house/in_transit", "house/suspense", 1)])),
        ("support", post("adjustment", vec![usd("house/suspense", "creator/star/payable", 1)])),
        (
            "bench",
            post(
                "bench.coins",
                vec![transfer("house/coins/issued", "viewer/fan/coins", 1), transfer("house/coins/issued", "viewer/foe/coins", 1)],
            ),
        ),
        ("loyalty", post("bonus", vec![transfer("house/coins/issued", "viewer/fan/coins", 1)])),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_posts_its_own_kinds_and_no_other_service_does() {
    on_both(async |database, _| {
        let fixture = strict(database).await;
        let services =
            ["gift", "purchase", "earnings", "payout", "support", "bench", "loyalty", "import", "largesse", "ledger", "monitor", "relay"];
        for (own, post) in honest() {
            for service in services.into_iter().filter(|service| *service != own) {
                // The bench makes gifts by itself, to measure the ledger without the gift service.
                if (service, post.kind.as_str()) == ("bench", "gift") {
                    continue;
                }
                assert_eq!(told(posted(&fixture, service, post.clone()).await), REFUSED, "{service} posts {}", post.kind);
            }
            assert_eq!(told(posted(&fixture, own, post.clone()).await), "posted", "{own} posts {}", post.kind);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stolen_key_makes_no_money() {
    on_both(async |database, _| {
        let fixture = strict(database).await;
        let minted = 1_000_000;
        let mint = || transfer("house/coins/issued", "viewer/thief/coins", minted);
        let diamonds = || transfer("house/diamonds/issued", "creator/thief/diamonds", minted);
        let paid = || usd("house/accrued_creator_liability", "creator/thief/payable", minted);
        let forged = [
            ("gift", post("bonus", vec![mint()]), "none"),
            ("gift", post("gift", vec![mint()]), "1"),
            ("gift", post("gift", vec![diamonds()]), "none"),
            ("gift", post("gift", vec![transfer("viewer/fan/coins", "house/coins/redeemed", 1), diamonds(), diamonds()]), "3"),
            ("gift", post("gift", vec![transfer("viewer/fan/coins", "house/coins/redeemed", 1), diamonds()]), "none"),
            ("gift", post("gift", vec![Transfer { allow_debt: true, ..transfer("viewer/thief/coins", "house/coins/redeemed", 9) }]), "1"),
            ("gift", post("gift", vec![transfer("viewer/fan/coins", "viewer/thief/coins", 1)]), "1"),
            ("earnings", post("conversion", vec![paid()]), "none"),
            ("earnings", post("conversion", vec![usd("house/creator_cost", "house/accrued_creator_liability", minted), paid()]), "none"),
            ("payout", post("payout.settle", vec![usd("house/bank_cash", "creator/thief/payable", 5)]), "1"),
            ("payout", post("payout.hold", vec![usd("creator/fan/payable", "house/in_transit", 5)]), "1"),
            ("purchase", post("purchase.apple", vec![mint(), mint()]), "2"),
            ("purchase", post("receipt.wait", vec![mint()]), "1"),
            ("loyalty", post("bonus", vec![diamonds()]), "1"),
            ("loyalty", post("other", vec![mint()]), "none"),
        ];
        for (service, post, transfer) in forged {
            let status = posted(&fixture, service, post.clone()).await.unwrap_err();
            let facts: HashMap<String, String> = rpc::facts(&status);
            let named = facts.get("transfer").map_or("none", String::as_str);
            let said = (reason(&status), facts["service"].clone(), facts["kind"].clone(), named);
            assert_eq!(said, (REFUSED.to_owned(), service.to_owned(), post.kind.clone(), transfer), "{status:?}");
            assert!(status.message().contains("nothing was executed"), "{status:?}");
            // In a batch and on a stream it is that item's answer, and the items beside it are not affected.
            let sent = PostBatchRequest { book: BOOK.to_owned(), posts: vec![post.clone()], brief: true };
            let batch = fixture.anyone().post_batch(fixture.of(service, Role::Service, sent)).await.unwrap().into_inner();
            let Some(Outcome::Refused(refusal)) = &batch.outcomes[0].outcome else { panic!("{service} posted {}", post.kind) };
            assert_eq!(refusal.reason, REFUSED);
            let items = futures::stream::iter([PostStreamRequest { post: Some(post) }]);
            let mut answers = fixture.anyone().post_stream(fixture.of(service, Role::Service, items)).await.unwrap().into_inner();
            let Some(post_stream_response::Outcome::Refused(refusal)) = answers.next().await.unwrap().unwrap().outcome else {
                panic!("posted")
            };
            assert_eq!(refusal.reason, REFUSED);
        }
        for account in ["viewer/thief/coins", "creator/thief/diamonds", "creator/thief/payable/USD"] {
            let ask = GetAccountRequest { book: BOOK.to_owned(), account: account.to_owned() };
            let status = fixture.client().get_account(ask).await.unwrap_err();
            assert_eq!(reason(&status), "ACCOUNT_UNKNOWN", "{account} was never so much as opened");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guards_are_their_services_own() {
    on_both(async |database, _| {
        let fixture = strict(database).await;
        posted(&fixture, "purchase", honest().remove(0).1).await.unwrap();
        let guarded = |post: PostRequest, key: &str, operation| PostRequest {
            guards: vec![Guard { key: key.to_owned(), operation: Some(operation) }],
            ..post
        };
        let streak = "streak/fan/r/star/1/g";
        for (service, post, allowed) in [
            ("gift", guarded(gift("fan", "star", 1), streak, Operation::AdvanceTo(2)), true),
            ("gift", guarded(post("gift", Vec::new()), streak, Operation::CapAt(2)), true),
            ("gift", guarded(gift("fan", "star", 1), "quote/1", Operation::AdvanceTo(2)), false),
            ("gift", guarded(post("gift", Vec::new()), "in_flight/viewer/fan/coins", Operation::Add(-1)), false),
            ("payout", guarded(post("payout.reject", Vec::new()), "in_flight/creator/star/payable/USD", Operation::Add(1)), false),
            ("payout", guarded(post("payout.reject", Vec::new()), "in_flight/creator/star/payable/USD", Operation::Add(-1)), true),
            ("loyalty", guarded(post("bonus", Vec::new()), "loyalty/fan", Operation::Add(1)), true),
            ("loyalty", guarded(post("bonus", Vec::new()), "receipt/1", Operation::Add(1)), false),
            ("loyalty", guarded(post("bonus", Vec::new()), "reversed/1", Operation::Add(1)), false),
        ] {
            let expected = if allowed { "posted" } else { REFUSED };
            assert_eq!(told(posted(&fixture, service, post.clone()).await), expected, "{service} sets {:?}", post.guards);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_is_resolved_by_whose_it_is() {
    on_both(async |database, _| {
        let fixture = strict(database).await;
        for (service, post) in honest().into_iter().take(3) {
            posted(&fixture, service, post).await.unwrap();
        }
        let id = || Uuid::now_v7().to_string();
        let hold = async |service: &str, post: PostRequest| {
            let placed = fixture.anyone().post(fixture.of(service, Role::Service, post)).await.unwrap().into_inner();
            placed.posting.unwrap().transfers[0].transfer_no
        };
        let of_payout = hold("payout", honest().remove(3).1).await;
        let staked = post("stake", vec![Transfer { pending: true, ..transfer("viewer/fan/coins", "house/coins/redeemed", 5) }]);
        let of_loyalty = hold("loyalty", staked.clone()).await;
        let resolve = async |service: &str, kind: &str, transfer_no| {
            let message =
                PostPendingRequest { book: BOOK.to_owned(), request_id: id(), transfer_no, kind: kind.to_owned(), ..Default::default() };
            told(fixture.anyone().post_pending(fixture.of(service, Role::Service, message)).await.map(drop))
        };
        let void = async |service: &str, kind: &str, transfer_no| {
            let message =
                VoidPendingRequest { book: BOOK.to_owned(), request_id: id(), transfer_no, kind: kind.to_owned(), ..Default::default() };
            told(fixture.anyone().void_pending(fixture.of(service, Role::Service, message)).await.map(drop))
        };
        for (service, kind, hold) in [
            ("gift", "payout.submit", of_payout),
            ("gift", "gift", of_payout),
            ("payout", "payout.hold", of_payout),
            ("payout", "payout.submit", of_loyalty),
            ("loyalty", "stake", of_payout),
            ("loyalty", "payout.submit", of_payout),
        ] {
            assert_eq!(resolve(service, kind, hold).await, REFUSED, "{service} {kind}");
            assert_eq!(void(service, kind, hold).await, REFUSED, "{service} {kind}");
        }
        assert_eq!(void("payout", "payout.submit", of_payout).await, REFUSED, "no step of a payout gives its hold back");
        assert_eq!(resolve("payout", "payout.cancel", of_payout).await, REFUSED, "a cancellation pays nobody");
        assert_eq!(resolve("payout", "payout.submit", 12_345 << 6).await, "PENDING_UNKNOWN");
        assert_eq!(resolve("payout", "payout.submit", of_payout).await, "posted");
        assert_eq!(void("loyalty", "stake", of_loyalty).await, "posted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_releases_the_hold_and_lowers_what_the_hold_raised() {
    on_both(async |database, _| {
        let fixture = strict(database).await;
        for (service, post) in honest().into_iter().take(3) {
            posted(&fixture, service, post).await.unwrap();
        }
        let guard = |key: &str, operation| Guard { key: key.to_owned(), operation: Some(operation) };
        let counter = "in_flight/creator/star/payable/USD";
        let mut hold = honest().remove(3).1;
        hold.guards = vec![guard(counter, Operation::Add(1))];
        let placed = fixture.anyone().post(fixture.of("payout", Role::Service, hold)).await.unwrap().into_inner().posting.unwrap();
        let request_id = Uuid::now_v7().to_string();
        let void = |kind: &str, guards: Vec<Guard>| VoidPendingRequest {
            book: BOOK.to_owned(),
            request_id: request_id.clone(),
            transfer_no: placed.transfers[0].transfer_no,
            kind: kind.to_owned(),
            guards,
            ..Default::default()
        };
        let store = open_store(database).await.unwrap();
        let book = store.books().await.unwrap().into_iter().find(|book| book.name == BOOK).unwrap();
        let counts = async || store.guards(book.key, &[counter.to_owned()]).await.unwrap()[0].1.value;
        assert_eq!(counts().await, 1);
        let send = async |message| fixture.anyone().void_pending(fixture.of("payout", Role::Service, message)).await;
        for (guards, expected) in [
            (vec![guard("streak/a", Operation::Add(-1))], REFUSED),
            (vec![guard(counter, Operation::Add(1))], REFUSED),
            (vec![guard(counter, Operation::AdvanceTo(5))], "MALFORMED"),
            (vec![guard(counter, Operation::CompareAndSet(CompareAndSet { expected: 1, next: 0 }))], "MALFORMED"),
            (vec![guard(counter, Operation::Add(-1)); 9], "MALFORMED"),
            (vec![guard(counter, Operation::Add(-1)); 2], "MALFORMED"),
        ] {
            assert_eq!(told(send(void("payout.cancel", guards.clone())).await.map(drop)), expected, "{guards:?}");
        }
        let first = send(void("payout.cancel", vec![guard(counter, Operation::Add(-1))])).await.unwrap().into_inner();
        let set = first.posting.clone().unwrap().guards;
        assert_eq!(set.iter().map(|guard| guard.key.as_str()).collect::<Vec<_>>(), [counter]);
        let again = send(void("payout.cancel", vec![guard(counter, Operation::Add(-1))])).await.unwrap().into_inner();
        assert!(again.replayed && again.posting == first.posting);
        let differs = send(void("payout.cancel", Vec::new())).await.map(drop);
        assert_eq!(told(differs), "REQUEST_ID_REUSED", "the guard is part of what was asked");
        assert_eq!(counts().await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn states_reversals_and_imports_have_their_rows() {
    on_both(async |database, _| {
        let fixture = strict(database).await;
        posted(&fixture, "purchase", honest().remove(0).1).await.unwrap();
        let given = posting_id(&fixture, "gift", gift("fan", "star", 40)).await;
        let account = "viewer/closed/coins".to_owned();
        let open = OpenAccountsRequest { request_id: Uuid::now_v7().to_string(), book: BOOK.to_owned(), accounts: vec![account.clone()] };
        fixture.client().open_accounts(open).await.unwrap();
        for (service, may) in [
            ("gift", false),
            ("purchase", false),
            ("payout", false),
            ("loyalty", false),
            ("import", false),
            ("largesse", false),
            ("support", true),
        ] {
            let expected = if may { "posted" } else { REFUSED };
            let set = SetAccountStateRequest {
                book: BOOK.to_owned(),
                request_id: Uuid::now_v7().to_string(),
                account: account.clone(),
                state: AccountState::Frozen.into(),
            };
            let set = fixture.anyone().set_account_state(sent(&fixture, service, set)).await.map(drop);
            assert_eq!(told(set), expected, "{service} freezes");
            let limit = SetDebitLimitRequest {
                book: BOOK.to_owned(),
                request_id: Uuid::now_v7().to_string(),
                account: "house/coins/issued".to_owned(),
                window: LimitWindow::Day.into(),
                time_zone: "UTC".to_owned(),
                max_amount: 1_000,
            };
            let limited = fixture.anyone().set_debit_limit(sent(&fixture, service, limit)).await.map(drop);
            assert_eq!(told(limited), expected, "{service} limits");
            let reverse = ReverseRequest {
                book: BOOK.to_owned(),
                request_id: Uuid::now_v7().to_string(),
                posting_id: given.clone(),
                kind: "reversal".to_owned(),
                ..Default::default()
            };
            let reversed = fixture.anyone().reverse(sent(&fixture, service, reverse.clone())).await.map(drop);
            assert_eq!(told(reversed), expected, "{service} reverses");
            let renamed = ReverseRequest { kind: "bonus".to_owned(), request_id: Uuid::now_v7().to_string(), ..reverse };
            let renamed = fixture.anyone().reverse(sent(&fixture, service, renamed)).await.map(drop);
            assert_eq!(told(renamed), REFUSED, "{service} reverses under another kind");
        }
        for (service, expected) in [("relay", REFUSED), ("loyalty", REFUSED), ("gift", "PERMISSION_DENIED"), ("import", "posted")] {
            let happened =
                PostRequest { effective_time: Some(prost_types::Timestamp { seconds: 1_500_000_000, nanos: 0 }), ..coins("u1", 5) };
            let import = ImportBatchRequest { book: BOOK.to_owned(), posts: vec![happened] };
            let answer = fixture.anyone().import_batch(fixture.of(service, Role::Service, import)).await.map(drop);
            assert_eq!(told(answer), expected, "{service} imports");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bench_posts_into_test_books_only() {
    on_both(async |database, _| {
        let fixture = strict(database).await;
        let live = CreateBookRequest {
            request_id: Uuid::now_v7().to_string(),
            book: "live".to_owned(),
            mode: BookMode::Live.into(),
            region: "us".to_owned(),
        };
        fixture.client().create_book(live).await.unwrap();
        let coins = |book: &str| PostRequest {
            book: book.to_owned(),
            ..post("bench.coins", vec![transfer("house/coins/issued", "viewer/fan/coins", 5)])
        };
        let mut bench = LedgerServiceClient::new(fixture.way_of("bench"));
        bench.post(coins(BOOK)).await.unwrap();
        assert_eq!(reason(&bench.post(coins("live")).await.unwrap_err()), REFUSED);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_of_another_service_is_not_reversed_with_the_token_of_support() {
    on_both(async |database, _| {
        let fixture = strict(database).await;
        let mut steps = Vec::new();
        for (service, post) in honest() {
            let kind = post.kind.clone();
            let answer = fixture.anyone().post(sent(&fixture, service, post)).await.unwrap().into_inner();
            let posting = answer.posting.unwrap();
            if kind == "payout.hold" {
                let (book, request_id) = (BOOK.to_owned(), Uuid::now_v7().to_string());
                let transfer_no = posting.transfers[0].transfer_no;
                let submit = PostPendingRequest { book, request_id, transfer_no, kind: "payout.submit".to_owned(), ..Default::default() };
                let submitted = fixture.anyone().post_pending(fixture.of(service, Role::Service, submit)).await.unwrap().into_inner();
                steps.push(("payout.submit".to_owned(), submitted.posting.unwrap().posting_id));
            }
            if ["purchase", "earnings", "payout"].contains(&service) {
                steps.push((kind, posting.posting_id));
            }
        }
        let sums = async || {
            let ask = GetTrialBalanceRequest { book: BOOK.to_owned(), ..Default::default() };
            fixture.client().get_trial_balance(ask).await.unwrap().into_inner().lines
        };
        let before = sums().await;
        let mut answers = Vec::new();
        for (kind, posting) in &steps {
            for dry_run in [true, false] {
                let status = reversed(&fixture, posting, dry_run).await.err().unwrap_or_else(|| Status::ok("it was reversed"));
                let facts = rpc::facts(&status);
                let named = facts.get("kind") == Some(kind) && facts.get("posting_id") == Some(posting);
                let done = if status.message().contains("nothing was executed") { "nothing" } else { status.message() };
                answers.push((kind.as_str(), rpc::reason(&status).unwrap_or_default(), named, done.to_owned()));
            }
        }
        let twice = steps.iter().flat_map(|(kind, _)| [kind, kind]);
        let expected: Vec<_> = twice.map(|kind| (kind.as_str(), "NOT_REVERSIBLE".to_owned(), true, "nothing".to_owned())).collect();
        assert_eq!(answers, expected);
        assert_eq!((sums().await, steps.len()), (before, 7));
        // No service has rows for these.
        let adjustment = post("adjustment", vec![usd("creator/star/payable", "house/suspense", 1)]);
        for (service, post) in [("gift", gift("fan", "star", 1)), ("support", adjustment), honest().remove(8)] {
            let posting = posting_id(&fixture, service, post).await;
            assert_eq!(told(reversed(&fixture, &posting, false).await), "posted", "{service}");
        }
        let nothing = Uuid::now_v7().to_string();
        assert_eq!(told(reversed(&fixture, &nothing, false).await), "POSTING_UNKNOWN");
        // For an imported posting no service has a row.
        let happened = PostRequest {
            effective_time: Some(prost_types::Timestamp { seconds: 1_500_000_000, nanos: 0 }),
            ..post("purchase.apple", vec![transfer("house/coins/issued", "viewer/fan/coins", 5)])
        };
        let import = ImportBatchRequest { book: BOOK.to_owned(), posts: vec![happened] };
        let imported = fixture.anyone().import_batch(fixture.of("import", Role::Service, import)).await.unwrap().into_inner();
        let Some(Outcome::Accepted(answer)) = &imported.outcomes[0].outcome else { panic!("{imported:?}") };
        assert_eq!(told(reversed(&fixture, &answer.posting.as_ref().unwrap().posting_id, false).await), "posted");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reversal_of_an_earlier_program_keeps_its_answer() {
    on_both(async |database, _| {
        // Without restrictions, as SupportService was in older versions.
        let config = Config { unbounded: vec!["earlier".to_owned()], ..config() };
        let fixture = Fixture::strict(open_store(database).await.unwrap(), config).await;
        let bought = posting_id(&fixture, "purchase", honest().remove(0).1).await;
        let reverse = ReverseRequest {
            book: BOOK.to_owned(),
            request_id: Uuid::now_v7().to_string(),
            posting_id: bought.clone(),
            kind: "reversal".to_owned(),
            ..Default::default()
        };
        let first = fixture.anyone().reverse(fixture.of("earlier", Role::Service, reverse.clone())).await.unwrap().into_inner();
        let again = fixture.anyone().reverse(fixture.of("support", Role::Service, reverse)).await.unwrap().into_inner();
        assert_eq!((first.replayed, again.replayed, again.posting), (false, true, first.posting));
        assert_eq!(told(reversed(&fixture, &bought, false).await), "NOT_REVERSIBLE", "under another id it is as new");
    })
    .await;
}
