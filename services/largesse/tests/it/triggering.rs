//! `largesse trigger` beside a running sandbox: what happens to payouts and purchases by name, and what is never sent.
use crate::{explaining::done, options};
use api::{
    payout::{
        AbaAccount, CreateBeneficiaryRequest, GetPayoutRequest, Payout, PayoutState, RequestPayoutRequest,
        create_beneficiary_request::Account,
    },
    purchase::{GetPurchaseRequest, Purchase},
    support::{Adjustment, AdjustmentTransfer, propose_request::Act},
    r#type::Money,
};
use demo::{
    installation::{Installation, authorised},
    shop::Shop,
};
use identity::Role;
use money::BookName;
use runtime::Runtime;
use std::{
    process::{Command, Output},
    time::Duration,
};
use uuid::Uuid;

/// What has not happened by then never will.
const PATIENCE: Duration = Duration::from_secs(180);

struct Triggering {
    fixture: Runtime,
    installation: Installation,
    _dir: tempfile::TempDir,
}

impl Triggering {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options = options(dir.path());
        // Only a statement books what came back.
        options.settings.payout.statement_interval = Duration::from_millis(50);
        let fixture = Runtime::start(options).await.unwrap();
        let installation = Installation::inside(&fixture, BookName::try_new("demo").unwrap()).unwrap();
        let transfer = AdjustmentTransfer {
            debit_account: "house/accrued_creator_liability/USD".to_owned(),
            credit_account: "creator/bob/payable/USD".to_owned(),
            amount: 5_000,
        };
        done(&installation, Act::Adjustment(Adjustment { transfers: vec![transfer] })).await;
        Self { fixture, installation, _dir: dir }
    }

    async fn trigger(&self, arguments: &[&str]) -> Output {
        let url = |name: &str| format!("http://{}", self.fixture.address(name).unwrap());
        let addresses = ["--bank".to_owned(), url("bank"), "--stores".to_owned(), url("store"), "--webhooks".to_owned(), url("http")];
        let arguments: Vec<String> = ["trigger"].iter().chain(arguments).map(|text| (*text).to_owned()).chain(addresses).collect();
        tokio::task::spawn_blocking(move || largesse(&arguments)).await.unwrap()
    }

    /// Fails unless it happened.
    async fn happens(&self, arguments: &[&str]) {
        let output = self.trigger(arguments).await;
        assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).starts_with(arguments[0]), "{output:?}");
    }

    /// A payout of 10 USD to an account of bob.
    async fn pay(&self, account_number: &str) -> Payout {
        let token = self.installation.token("bob", Role::Creator).unwrap();
        let account = AbaAccount { routing_number: "121000248".into(), account_number: account_number.into(), ..Default::default() };
        let create = CreateBeneficiaryRequest {
            request_id: Uuid::now_v7().to_string(),
            holder_name: "Bob Example".into(),
            account: Some(Account::Aba(account)),
            ..Default::default()
        };
        let mut payouts = self.installation.payout();
        let created = payouts.create_beneficiary(authorised(create, &token).unwrap()).await.unwrap().into_inner();
        let request = RequestPayoutRequest {
            request_id: Uuid::now_v7().to_string(),
            beneficiary_id: created.beneficiary.unwrap().beneficiary_id,
            amount: Some(Money { currency_code: "USD".into(), minor_units: 1_000 }),
            ..Default::default()
        };
        payouts.request_payout(authorised(request, &token).unwrap()).await.unwrap().into_inner().payout.unwrap()
    }

    /// The payout, once it is so.
    async fn once(&self, payout_id: &str, is_so: impl Fn(&Payout) -> bool) -> Payout {
        let token = self.installation.token("bob", Role::Creator).unwrap();
        let mut changes = self.fixture.payout().unwrap().changes();
        let reached = async {
            loop {
                let request = GetPayoutRequest { payout_id: payout_id.to_owned(), ..Default::default() };
                let found = self.installation.payout().get_payout(authorised(request, &token).unwrap()).await.unwrap();
                let payout = found.into_inner().payout.unwrap();
                if is_so(&payout) {
                    return payout;
                }
                changes.recv().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.unwrap()
    }

    /// The purchase, once it is so.
    async fn purchased(&self, purchase_id: &str, is_so: impl Fn(&Purchase) -> bool) -> Purchase {
        let token = self.installation.token("ada", Role::Viewer).unwrap();
        let reached = async {
            loop {
                let request = GetPurchaseRequest { purchase_id: purchase_id.to_owned(), ..Default::default() };
                let found = self.installation.purchase().get_purchase(authorised(request, &token).unwrap()).await.unwrap();
                let purchase = found.into_inner().purchase.unwrap();
                if is_so(&purchase) {
                    return purchase;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, reached).await.unwrap()
    }
}

fn largesse(arguments: &[String]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_largesse")).args(arguments).env_remove("RUST_LOG").output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_is_rejected_paid_and_returned_by_name() {
    let place = Triggering::start().await;
    // The next payment, whoever is paid.
    place.happens(&["payout.rejected", "--code", "AC06"]).await;
    let rejected = place.pay("5512345678").await;
    let rejected = place.once(&rejected.payout_id, |payout| payout.state() == PayoutState::Rejected).await;
    assert_eq!(rejected.reason_code, "AC06");
    // It was for one payment only.
    let paid = place.pay("5512345678").await;
    place.once(&paid.payout_id, |payout| payout.state() == PayoutState::Settled).await;
    place.happens(&["payout.returned", "--payout", &paid.payout_id, "--code", "MD06", "--charge", "100"]).await;
    let returned = place.once(&paid.payout_id, |payout| payout.returned_minor_units > 0).await;
    // What the returning bank kept is part of it.
    assert_eq!(returned.returned_minor_units, 1_000);
    // Nothing is left of it, so it can't come back again.
    let again = place.trigger(&["payout.returned", "--payout", &paid.payout_id]).await;
    assert!(again.status.code() == Some(1) && String::from_utf8_lossy(&again.stderr).contains("nothing was booked"), "{again:?}");
    // Undecided until the payout is named.
    place.happens(&["payout.pending", "--account", "5512345679"]).await;
    let waiting = place.pay("5512345679").await;
    place.once(&waiting.payout_id, |payout| payout.state() == PayoutState::Accepted).await;
    place.happens(&["payout.settled", "--payout", &waiting.payout_id]).await;
    place.once(&waiting.payout_id, |payout| payout.state() == PayoutState::Settled).await;
    place.fixture.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_reaches_the_purchase_by_its_transaction() {
    let place = Triggering::start().await;
    let shop = Shop::open(&place.installation).await.unwrap();
    let purchase = shop.buy("ada", 1).await.unwrap().remove(0);
    place.happens(&["purchase.refunded", "--store", "apple", "--transaction", &purchase.transaction_id]).await;
    let refunded = place.purchased(&purchase.purchase_id, |purchase| purchase.refunded_coins > 0).await;
    assert_eq!(refunded.refunded_coins, purchase.coins);
    let unknown = place.trigger(&["purchase.refunded", "--store", "apple", "--transaction", "4711"]).await;
    let said = String::from_utf8_lossy(&unknown.stderr).into_owned();
    assert!(unknown.status.code() == Some(1) && said.contains("no such transaction was sold here"), "{said}");
    place.fixture.shutdown().await;
}

#[test]
fn what_can_not_be_sent_is_refused_and_says_why() {
    let run = |arguments: &[&str]| largesse(&arguments.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
    for (arguments, said) in [
        (&["payout.retruned"][..], "perhaps payout.returned"),
        (&["purchase.refunded", "--store", "apple"], "needs --transaction"),
        (&["payout.silent", "--code", "AC04"], "takes no --code"),
        (&["payout.silent", "--bank", "http://bank.example:7072"], "not on this machine"),
        (&["payout.silent", "--stores", "https://127.0.0.1:1"], "must be http://"),
    ] {
        let output = run(&[&["trigger"], arguments].concat());
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(2) && output.stdout.is_empty() && error.contains(said), "{arguments:?}: {error}");
    }
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = run(&["trigger", "payout.silent", "--bank", &format!("http://{address}")]);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && error.contains("nothing listens at http://127.0.0.1"), "{error}");
    let listed = run(&["trigger", "--list"]);
    let text = String::from_utf8(listed.stdout).unwrap();
    assert!(
        listed.status.success() && text.contains("\npayout.returned  ") && text.contains("    The store pays the buyer back"),
        "{text}"
    );
    assert!(String::from_utf8(run(&["completions", "bash"]).stdout).unwrap().contains("payout.returned"));
    assert_eq!(run(&["trigger"]).status.code(), Some(2));
}
