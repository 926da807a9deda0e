//! Money blocked by law, in a whole house: at every step of its way the books agree with the payouts, as `verify` sees them.
use crate::options;
use api::{
    ledger::ledger_service_client::LedgerServiceClient,
    payout::{
        AbaAccount, CreateBeneficiaryRequest, DecideReviewRequest, ListReviewsRequest, Payout, PayoutReview, RequestPayoutRequest,
        ReviewDecision, ReviewState, UnblockPayoutRequest, create_beneficiary_request::Account, payout_service_client::PayoutServiceClient,
    },
    support::{
        Adjustment, AdjustmentTransfer, ApproveRequest, ProposeRequest, propose_request::Act, support_service_client::SupportServiceClient,
    },
    r#type::Money,
};
use identity::{BookScope, Grant, Role, Service};
use money::{BookName, UserKey};
use runtime::Runtime;
use std::{path::Path, time::Duration};
use tonic::Request;

/// What has not happened by then never will.
pub const PATIENCE: Duration = Duration::from_secs(180);

pub fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

pub fn by<T>(fixture: &Runtime, who: &str, role: Role, message: T) -> Request<T> {
    on_book(fixture, "demo", (who, role), message)
}

/// The same on another book.
pub fn on_book<T>(fixture: &Runtime, book: &str, (who, role): (&str, Role), message: T) -> Request<T> {
    let books = BookScope::Only(vec![BookName::try_new(book).unwrap()]);
    let grant = Grant { subject: UserKey::try_new(who).unwrap(), role, app: String::new(), books };
    let token = fixture.issuer().unwrap().issue(&grant, Duration::from_secs(600)).unwrap();
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request.metadata_mut().insert(rpc::REASON, "part of a test".parse().unwrap());
    request
}

fn listed(dir: &Path) -> payout::config::ScreeningListConfig {
    let line = format!("101,\"QUENBAR, Mirosh\",\"individual\",\"PROG-A\",{}-0- \r\n\u{1a}", "-0- ,".repeat(7));
    for (name, text) in [("sdn.csv", line.as_str()), ("alt.csv", "\u{1a}"), ("add.csv", "\u{1a}"), ("sdn_comments.csv", "\u{1a}")] {
        std::fs::write(dir.join(name), text).unwrap();
    }
    payout::config::ScreeningListConfig {
        name: "TEST".to_owned(),
        primary_file: dir.join("sdn.csv"),
        alternate_file: dir.join("alt.csv"),
        address_file: dir.join("add.csv"),
        comments_file: dir.join("sdn_comments.csv"),
        ..Default::default()
    }
}

/// Waits until the balance of blocked money is this.
async fn until_blocked(fixture: &Runtime, balance: i64) {
    let mut ledger = LedgerServiceClient::new(fixture.service_transport_for(Service::Ledger, "test").unwrap());
    let mut changes = fixture.payout().unwrap().changes();
    let reached = async {
        loop {
            let account = "house/blocked_funds/USD".to_owned();
            let request = api::ledger::GetAccountRequest { book: "demo".to_owned(), account };
            let now = ledger.get_account(request).await.ok().and_then(|answer| answer.into_inner().account);
            if now.map_or(0, |account| account.balance) == balance {
                return;
            }
            changes.recv().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.unwrap();
}

/// Audits everything, as `verify` does.
pub async fn verified(dir: &Path) {
    let database = db::Database::parse(&format!("sqlite:{}", dir.display())).unwrap();
    let report = monitor::audit::audit(&database, None).await.unwrap();
    for book in report.books {
        assert_eq!((book.ledger.problem, book.problems), (None, Vec::<String>::new()));
    }
}

/// Gives ana 50.00 USD that can be paid out.
pub async fn fund(fixture: &Runtime) {
    adjust(fixture, "house/accrued_creator_liability/USD", "creator/ana/payable/USD", 5_000).await;
}

/// Posts a transfer that two people want.
pub async fn adjust(fixture: &Runtime, debit: &str, credit: &str, amount: i64) {
    let mut support = SupportServiceClient::new(fixture.transport_for(Service::Support).unwrap());
    let transfer = AdjustmentTransfer { debit_account: debit.to_owned(), credit_account: credit.to_owned(), amount };
    let act = Some(Act::Adjustment(Adjustment { transfers: vec![transfer] }));
    let propose = ProposeRequest { request_id: new_id(), book: "demo".to_owned(), act };
    let proposed = support.propose(by(fixture, "fay", Role::Finance, propose)).await.unwrap().into_inner().proposal.unwrap();
    let approve = ApproveRequest { book: "demo".to_owned(), proposal_id: proposed.proposal_id, hash: String::new(), request_id: new_id() };
    support.approve(by(fixture, "gus", Role::Finance, approve)).await.unwrap();
}

async fn requested(fixture: &Runtime) -> Payout {
    fund(fixture).await;
    request(fixture, "Mirosh Quenbar").await
}

/// A payout of 5.00 USD to a bank account of ana, in the name of this holder.
pub async fn request(fixture: &Runtime, holder: &str) -> Payout {
    let mut payouts = PayoutServiceClient::new(fixture.transport_for(Service::Payout).unwrap());
    let account = AbaAccount { routing_number: "121000248".into(), account_number: "9000000001".into(), ..Default::default() };
    let create = CreateBeneficiaryRequest {
        request_id: new_id(),
        holder_name: holder.into(),
        account: Some(Account::Aba(account)),
        ..Default::default()
    };
    let created = payouts.create_beneficiary(by(fixture, "ana", Role::Creator, create)).await.unwrap().into_inner();
    let request = RequestPayoutRequest {
        request_id: new_id(),
        beneficiary_id: created.beneficiary.unwrap().beneficiary_id,
        amount: Some(Money { currency_code: "USD".into(), minor_units: 500 }),
        ..Default::default()
    };
    payouts.request_payout(by(fixture, "ana", Role::Creator, request)).await.unwrap().into_inner().payout.unwrap()
}

async fn review(fixture: &Runtime) -> PayoutReview {
    let mut payouts = PayoutServiceClient::new(fixture.transport_for(Service::Payout).unwrap());
    let mut changes = fixture.payout().unwrap().changes();
    let found = async {
        loop {
            let open = ListReviewsRequest { state: ReviewState::Open.into(), ..Default::default() };
            let answer = payouts.list_reviews(by(fixture, "sue", Role::Support, open)).await.unwrap().into_inner();
            if let Some(review) = answer.reviews.into_iter().next() {
                return review;
            }
            changes.recv().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn blocked_money_is_verified_while_it_waits_is_blocked_and_let_go() {
    let (dir, lists) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut options = options(dir.path());
    options.settings.payout.screening.lists = vec![listed(lists.path())];
    let fixture = Runtime::start(options).await.unwrap();
    let payout = requested(&fixture).await;
    let review = review(&fixture).await;
    assert_eq!(review.payout_id, payout.payout_id);
    verified(dir.path()).await;
    let mut payouts = PayoutServiceClient::new(fixture.transport_for(Service::Payout).unwrap());
    for who in ["fay", "gus"] {
        let request = DecideReviewRequest {
            request_id: new_id(),
            review_id: review.review_id.clone(),
            decision: ReviewDecision::TrueMatch.into(),
            hash: review.hash.clone(),
            ..Default::default()
        };
        payouts.decide_review(by(&fixture, who, Role::Finance, request)).await.unwrap();
    }
    until_blocked(&fixture, 500).await;
    verified(dir.path()).await;
    for who in ["adam", "eve"] {
        let request = UnblockPayoutRequest {
            request_id: new_id(),
            payout_id: payout.payout_id.clone(),
            licence_number: "L-1".into(),
            licence_date: "2026-11-20".into(),
            ..Default::default()
        };
        payouts.unblock_payout(by(&fixture, who, Role::Admin, request)).await.unwrap();
    }
    until_blocked(&fixture, 0).await;
    verified(dir.path()).await;
    fixture.shutdown().await;
}
