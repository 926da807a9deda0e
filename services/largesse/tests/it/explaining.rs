//! `largesse explain` as support uses it: what staff reversed and moved, users and accounts; and every use recorded in the audit log.
use crate::options;
use api::{
    ledger::{PostRequest, Transfer},
    support::{Act, Adjustment, AdjustmentTransfer, ApproveRequest, ListActsRequest, Proposal, ProposeRequest, Reversal, propose_request},
};
use demo::{
    installation::{Installation, authorised, explained},
    shop::Shop,
};
use identity::Role;
use money::BookName;
use runtime::Runtime;
use std::process::{Command, Output};
use uuid::Uuid;

struct Explaining {
    dir: tempfile::TempDir,
    fixture: Runtime,
    installation: Installation,
}

impl Explaining {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let fixture = Runtime::start(options(dir.path())).await.unwrap();
        let installation = Installation::inside(&fixture, BookName::try_new("demo").unwrap()).unwrap();
        Shop::open(&installation).await.unwrap().buy("ada", 500).await.unwrap();
        Self { dir, fixture, installation }
    }

    /// A gift by ada, as the gift service posts it.
    async fn gift(&self) -> String {
        let token = self.installation.token("gift", Role::Service).unwrap();
        let transfer = |debit: &str, credit: &str, amount| Transfer {
            debit_account: debit.to_owned(),
            credit_account: credit.to_owned(),
            amount,
            ..Default::default()
        };
        let post = PostRequest {
            request_id: Uuid::now_v7().to_string(),
            kind: "gift".to_owned(),
            transfers: vec![
                transfer("viewer/ada/coins", "house/coins/redeemed", 10),
                transfer("house/diamonds/issued", "creator/bob/diamonds", 10),
            ],
            request_fields: [("creator_id", "bob"), ("gift_id", "5655"), ("quantity", "10")]
                .map(|(name, value)| api::ledger::RequestField { name: name.to_owned(), value: value.to_owned() })
                .to_vec(),
            ..Default::default()
        };
        let answer = self.installation.ledger().post(authorised(post, &token).unwrap()).await.unwrap().into_inner();
        answer.posting.unwrap().posting_id
    }

    async fn done(&self, act: propose_request::Act) -> Proposal {
        done(&self.installation, act).await
    }

    fn explain(&self, arguments: &[&str]) -> Output {
        explain(self.dir.path().to_str().unwrap(), arguments)
    }

    fn told(&self, arguments: &[&str]) -> String {
        let output = self.explain(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    async fn looks_at(&self, user: &str) -> Vec<Act> {
        let aud = self.installation.token("aud", Role::Auditor).unwrap();
        let ask = ListActsRequest { user_id: user.to_owned(), rpc: "largesse explain".to_owned(), ..Default::default() };
        let acts = self.installation.support().list_acts(explained(ask, &aud, "monthly review").unwrap()).await.unwrap().into_inner().acts;
        acts.into_iter().rev().collect()
    }
}

/// A proposal by sam that fay approves.
pub async fn done(installation: &Installation, act: propose_request::Act) -> Proposal {
    let (sam, fay) = (installation.token("sam", Role::Support).unwrap(), installation.token("fay", Role::Finance).unwrap());
    let propose = ProposeRequest { request_id: Uuid::now_v7().to_string(), act: Some(act), ..Default::default() };
    let mut support = installation.support();
    let proposed = support.propose(explained(propose, &sam, "ticket 4711 of sam").unwrap()).await.unwrap().into_inner().proposal.unwrap();
    let approve = ApproveRequest { request_id: Uuid::now_v7().to_string(), proposal_id: proposed.proposal_id, ..Default::default() };
    support.approve(explained(approve, &fay, "fay looked at it").unwrap()).await.unwrap().into_inner().proposal.unwrap()
}

fn explain(dir: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
    command.args(["explain", "--database", &format!("sqlite:{dir}")]).args(arguments).env_remove("RUST_LOG").output().unwrap()
}

fn has(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_undone_or_moved_by_hand_says_who_did_it_and_why() {
    let place = Explaining::start().await;
    let gift = place.gift().await;
    assert!(!place.told(&[&gift]).contains("REVERSED"));
    let undone = place.done(propose_request::Act::Reversal(Reversal { posting_id: gift.clone() })).await;
    let by_whom = ["sam proposed it (ticket 4711 of sam)", "fay approved it (fay looked at it)"];
    has(&place.told(&[&gift]), &[&[undone.result.as_str(), "REVERSED by"], &by_whom[..]].concat());
    has(&place.told(&[&undone.result]), &[&["reversal", gift.as_str()], &by_whom[..]].concat());
    has(&place.told(&[&undone.proposal_id]), &[&["the reversal of posting", gift.as_str(), "done"], &by_whom[..]].concat());
    let transfer =
        AdjustmentTransfer { debit_account: "house/coins/issued".to_owned(), credit_account: "viewer/ada/coins".to_owned(), amount: 5 };
    let moved = place.done(propose_request::Act::Adjustment(Adjustment { transfers: vec![transfer] })).await;
    let words = ["5 coins from house/coins/issued to viewer/ada/coins"];
    has(&place.told(&[&moved.result]), &[&words, &by_whom[..]].concat());
    has(&place.told(&[&moved.proposal_id]), &[&words, &by_whom[..]].concat());
    place.fixture.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_an_account_and_a_bank_account_are_told() {
    let place = Explaining::start().await;
    let gift = place.gift().await;
    let creator = place.installation.token("bob", Role::Creator).unwrap();
    let account =
        api::payout::AbaAccount { routing_number: "021000021".into(), account_number: "99887766554".into(), ..Default::default() };
    let create = api::payout::CreateBeneficiaryRequest {
        request_id: Uuid::now_v7().to_string(),
        holder_name: "Bob Example".into(),
        account: Some(api::payout::create_beneficiary_request::Account::Aba(account)),
        ..Default::default()
    };
    let made = place.installation.payout().create_beneficiary(authorised(create, &creator).unwrap()).await.unwrap().into_inner();
    let beneficiary = made.beneficiary.unwrap().beneficiary_id;
    has(&place.told(&["ada"]), &["user ada", "viewer/ada/coins", "ada bought"]);
    has(&place.told(&["bob"]), &["user bob", "creator/bob/diamonds 10 diamonds, open", &beneficiary]);
    has(&place.told(&["viewer/ada/coins"]), &["account viewer/ada/coins", "10 coins to house/coins/redeemed", &gift, "open"]);
    let told = place.told(&[&beneficiary]);
    has(&told, &["beneficiary", "bob is paid in USD"]);
    assert!(!told.contains("99887766554") && !told.contains("Bob Example"), "{told}");
    for nobody in ["nobody-typo", "viewer/nobody-typo/coins"] {
        assert_eq!(place.explain(&[nobody]).status.code(), Some(1), "{nobody}");
    }
    place.fixture.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_looks_is_in_the_audit_log_and_without_one_nothing_is_shown() {
    let place = Explaining::start().await;
    let gift = place.gift().await;
    place.told(&[&gift, "--by", "sue", "--reason", "ticket 4711: coins"]);
    for user in ["ada", "bob"] {
        let acts = place.looks_at(user).await;
        let told: Vec<_> = acts.iter().map(|act| (act.subject.as_str(), act.reason.as_str(), act.outcome.as_str())).collect();
        assert_eq!(told, [("sue", "ticket 4711: coins", ""), ("sue", "", "OK")], "{user}");
        assert!(acts[0].request_json.contains(&gift), "{acts:?}");
    }
    // Without a name, the operating system's login is recorded.
    place.told(&[&gift]);
    let acts = place.looks_at("ada").await;
    assert!(acts.len() == 4 && acts[2].issuer == "terminal, system login" && !acts[2].subject.is_empty(), "{acts:?}");
    place.told(&[&gift, "--unrecorded"]);
    assert_eq!(place.looks_at("ada").await.len(), 4);
    // A backup is not changed: nothing is written into it.
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("copy");
    let (from, to) = (format!("sqlite:{}", place.dir.path().display()), copy.to_str().unwrap().to_owned());
    let largesse =
        |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_largesse")).args(arguments).env_remove("RUST_LOG").output().unwrap();
    let made = largesse(&["backup", "--database", &from, "--to", &to]);
    assert!(made.status.success(), "{made:?}");
    let refused = explain(&to, &[&gift]);
    let told = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    has(&told, &["audit log", "nothing is shown", "--unrecorded"]);
    assert!(refused.stdout.is_empty());
    assert!(explain(&to, &[&gift, "--unrecorded"]).status.success());
    assert!(largesse(&["verify", "--database", &format!("sqlite:{to}")]).status.success());
    place.fixture.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_wrote_drives_no_terminal() {
    let place = Explaining::start().await;
    let token = place.installation.token("gift", Role::Service).unwrap();
    let transfer = Transfer {
        debit_account: "viewer/ada/coins".to_owned(),
        credit_account: "house/coins/redeemed".to_owned(),
        amount: 1,
        ..Default::default()
    };
    let note = "x\u{1b}[2J\u{7}\nevent 1 all is well\u{9b}3J\u{202e}";
    let post = PostRequest {
        request_id: Uuid::now_v7().to_string(),
        kind: "gift".to_owned(),
        transfers: vec![transfer],
        request_fields: vec![api::ledger::RequestField { name: "room_id".to_owned(), value: note.to_owned() }],
        ..Default::default()
    };
    let answer = place.installation.ledger().post(authorised(post, &token).unwrap()).await.unwrap().into_inner();
    let id = answer.posting.unwrap().posting_id;
    let told = place.told(&[&id]);
    assert!(told.contains("x\\u001b[2J\\u0007\\u000aevent 1 all is well\\u009b3J\\u202e"), "{told}");
    assert!(told.lines().all(money::text::is_plain), "{told:?}");
    let json: serde_json::Value = serde_json::from_str(&place.told(&[&id, "--json"])).unwrap();
    assert!(json.to_string().contains("all is well"), "{json}");
    place.fixture.shutdown().await;
}
