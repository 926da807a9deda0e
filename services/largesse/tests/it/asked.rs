//! The questions that support is asked, each answered by at most three calls of `largesse call` in the role support.
use crate::{explaining::done, options};
use api::{
    gift::SendGiftRequest,
    payout::{
        AbaAccount, CreateBeneficiaryRequest, GetPayoutRequest, PayoutState, RequestPayoutRequest, create_beneficiary_request::Account,
    },
    support::{AccountAct, AccountChange, Adjustment, AdjustmentTransfer, propose_request::Act},
    r#type::Money,
};
use demo::{
    installation::{Installation, authorised},
    shop::Shop,
};
use identity::Role;
use money::BookName;
use runtime::Runtime;
use serde_json::{Value, json};
use std::cell::Cell;
use tokio::process::Command;
use uuid::Uuid;

/// A built-in gift that costs one coin.
const ROSE: i64 = 5655;

/// A sandbox, and somebody of support with a shell.
struct Desk {
    dir: tempfile::TempDir,
    house: Runtime,
    installation: Installation,
    /// Calls since the question was asked.
    calls: Cell<usize>,
}

impl Desk {
    async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let house = Runtime::start(options(dir.path())).await.unwrap();
        let installation = Installation::inside(&house, BookName::try_new("demo").unwrap()).unwrap();
        std::fs::write(dir.path().join("sam.token"), installation.token("sam", Role::Support).unwrap()).unwrap();
        Self { dir, house, installation, calls: Cell::new(0) }
    }

    /// What sam is answered; sam knows the user, and what the user or the app wrote to support.
    async fn call(&self, rpc: &str, message: &Value) -> Value {
        self.calls.set(self.calls.get() + 1);
        let (url, token) = (format!("http://{}", self.house.address("grpc").unwrap()), self.dir.path().join("sam.token"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
        command.args(["call", rpc, &message.to_string(), "--url", &url, "--reason", "ticket 4711: a user asks"]);
        let answer = command.arg("--token-file").arg(token).env_remove("RUST_LOG").kill_on_drop(true).output().await.unwrap();
        assert!(answer.status.success(), "{rpc} {message}: {answer:?}");
        serde_json::from_slice(&answer.stdout).unwrap()
    }

    async fn shut(self) {
        assert!((1..=3).contains(&self.calls.get()), "{} calls", self.calls.get());
        self.house.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn paid_and_no_coins_because_the_wallet_is_frozen() {
    let desk = Desk::open().await;
    let shop = Shop::open(&desk.installation).await.unwrap();
    shop.buy("ada", 1).await.unwrap();
    let act = AccountChange { account: "viewer/ada/coins".to_owned(), act: AccountAct::Freeze.into() };
    done(&desk.installation, Act::AccountChange(act)).await;
    let receipt = shop.sell("ada", shop.smallest(), 1).await.unwrap();
    let refused = shop.redeem("ada", &receipt).await.unwrap().unwrap_err();
    assert_eq!(rpc::reason(&refused).as_deref(), Some("ACCOUNT_FROZEN"), "{refused:?}");

    // Is her purchase here, and why are there no coins? Who froze the wallet, and why?
    let purchases = desk.call("ListPurchases", &json!({"userId": "ada"})).await;
    let waits = &purchases["purchases"][0];
    assert_eq!(waits["state"], "PURCHASE_STATE_VERIFIED", "{waits}");
    let by_store = desk.call("GetPurchase", &json!({"transactionId": waits["transactionId"]})).await;
    assert_eq!(by_store["purchase"]["blockedBy"], "ACCOUNT_FROZEN: viewer/ada/coins is frozen", "{by_store}");
    let proposals = desk.call("ListProposals", &json!({"account": "viewer/ada/coins"})).await;
    let frozen = &proposals["proposals"][0];
    assert_eq!(frozen["accountChange"]["act"], "ACCOUNT_ACT_FREEZE", "{frozen}");
    let by = ["proposedBy", "proposalReason", "decidedBy", "decisionReason"].map(|field| frozen[field].as_str().unwrap().to_owned());
    assert_eq!(by, ["sam", "ticket 4711 of sam", "fay", "fay looked at it"]);
    desk.shut().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn paid_and_no_coins_because_the_receipt_was_refused() {
    let desk = Desk::open().await;
    let shop = Shop::open(&desk.installation).await.unwrap();
    // Eve sends a receipt that the store sold to ada.
    let receipt = shop.sell("ada", shop.smallest(), 1).await.unwrap();
    let refused = shop.redeem("eve", &receipt).await.unwrap().unwrap_err();
    let reason = rpc::reason(&refused).unwrap();

    let refused = desk.call("ListRefusedReceipts", &json!({"userId": "eve"})).await;
    let [row] = refused["receipts"].as_array().unwrap().as_slice() else { panic!("{refused}") };
    assert_eq!((row["reason"].as_str(), row["userId"].as_str()), (Some(reason.as_str()), Some("eve")));
    assert!(!row["message"].as_str().unwrap().is_empty() && row["authentic"] == true, "{row}");
    let by_store = desk.call("ListRefusedReceipts", &json!({"transactionId": row["transactionId"]})).await;
    assert_eq!(by_store, refused, "the same by the store's number on her mail");
    desk.shut().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn charged_twice() {
    let desk = Desk::open().await;
    Shop::open(&desk.installation).await.unwrap().buy("ada", 10).await.unwrap();
    let token = desk.installation.token("ada", Role::Viewer).unwrap();
    // One gift that is sent again under its id, and one that the app sent again under another.
    let [first, second] = [(); 2].map(|()| Uuid::now_v7().to_string());
    for request_id in [&first, &first, &second] {
        let (room_id, creator_id) = ("r1".to_owned(), "bob".to_owned());
        let gift = SendGiftRequest { request_id: request_id.clone(), room_id, creator_id, gift_id: ROSE, ..Default::default() };
        desk.installation.gift().send_gift(authorised(gift, &token).unwrap()).await.unwrap();
    }

    let activity = desk.call("ListActivity", &json!({"userId": "ada"})).await;
    let gifts: Vec<&Value> = activity["lines"].as_array().unwrap().iter().filter(|line| line["kind"] == "gift").collect();
    let [late, early] = gifts.as_slice() else { panic!("{activity}") };
    for gift in [late, early] {
        let charged = (gift["summary"].as_str(), gift["amount"]["amount"].as_str());
        assert_eq!(charged, (Some("1 Rose (gift 5655) in room r1"), Some("-1")), "{gift}");
    }
    // The app's log names two requests: each of them is one of the two gifts.
    for (request_id, gift) in [(&first, early), (&second, late)] {
        let found = desk.call("GetPosting", &json!({"requestId": request_id, "userId": "ada"})).await;
        assert_eq!((&found["posting"]["postingId"], &found["requestId"]), (&gift["postingId"], &json!(request_id)));
    }
    desk.shut().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creator_was_not_paid() {
    let desk = Desk::open().await;
    let transfer = AdjustmentTransfer {
        debit_account: "house/accrued_creator_liability/USD".to_owned(),
        credit_account: "creator/bob/payable/USD".to_owned(),
        amount: 5_000,
    };
    done(&desk.installation, Act::Adjustment(Adjustment { transfers: vec![transfer] })).await;
    let token = desk.installation.token("bob", Role::Creator).unwrap();
    let mut payouts = desk.installation.payout();
    // The pretend bank rejects payments to this account.
    let account = AbaAccount { routing_number: "121000248".into(), account_number: "9000000003".into(), ..Default::default() };
    let create = CreateBeneficiaryRequest {
        request_id: Uuid::now_v7().to_string(),
        holder_name: "Bob Example".into(),
        account: Some(Account::Aba(account)),
        ..Default::default()
    };
    let made = payouts.create_beneficiary(authorised(create, &token).unwrap()).await.unwrap().into_inner().beneficiary.unwrap();
    let request = RequestPayoutRequest {
        request_id: Uuid::now_v7().to_string(),
        beneficiary_id: made.beneficiary_id,
        amount: Some(Money { currency_code: "USD".into(), minor_units: 700 }),
        ..Default::default()
    };
    let mut changes = desk.house.payout().unwrap().changes();
    let asked = payouts.request_payout(authorised(request, &token).unwrap()).await.unwrap().into_inner().payout.unwrap();
    loop {
        let get = GetPayoutRequest { payout_id: asked.payout_id.clone(), ..Default::default() };
        let now = payouts.get_payout(authorised(get, &token).unwrap()).await.unwrap().into_inner().payout.unwrap();
        if now.state() == PayoutState::Rejected {
            break;
        }
        changes.recv().await.unwrap();
    }

    let listed = desk.call("ListPayouts", &json!({"userId": "bob"})).await;
    let [payout] = listed["payouts"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    assert_eq!((&payout["payoutId"], &payout["state"]), (&json!(asked.payout_id), &json!("PAYOUT_STATE_REJECTED")));
    assert_eq!(payout["reasonCode"], "AC04", "{payout}");
    assert!(payout["steps"].as_array().unwrap().len() > 1, "{payout}");
    // The money is back with him.
    let earnings = desk.call("GetEarnings", &json!({"userId": "bob"})).await;
    assert_eq!(earnings["payable"], json!([{"currencyCode": "USD", "minorUnits": "5000"}]), "{earnings}");
    desk.shut().await;
}
