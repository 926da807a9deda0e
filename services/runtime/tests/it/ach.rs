//! ACH in a whole house: what the instant rails refuse is paid with a file, by the sandbox's second bank.
use crate::{
    blocked::{PATIENCE, by, fund, new_id, verified},
    options,
};
use api::{
    payout::{
        AbaAccount, CreateBeneficiaryRequest, GetPayoutOptionsRequest, GetPayoutRequest, Payout, PayoutState, RequestPayoutRequest,
        create_beneficiary_request::Account, payout_service_client::PayoutServiceClient,
    },
    r#type::Money,
};
use identity::{Role, Service};
use runtime::Runtime;
use serde_json::{Value, json};

const ACCOUNT: &str = "5512345679";

pub async fn until(fixture: &Runtime, payout_id: &str, state: PayoutState) -> Payout {
    once(fixture, payout_id, |payout| payout.state() == state).await
}

/// The payout, once it is so.
pub async fn once(fixture: &Runtime, payout_id: &str, is_so: impl Fn(&Payout) -> bool) -> Payout {
    let mut payouts = PayoutServiceClient::new(fixture.transport_for(Service::Payout).unwrap());
    let mut changes = fixture.payout().unwrap().changes();
    let reached = async {
        loop {
            let request = GetPayoutRequest { payout_id: payout_id.to_owned(), ..Default::default() };
            let payout = payouts.get_payout(by(fixture, "ana", Role::Creator, request)).await.unwrap().into_inner().payout.unwrap();
            if is_so(&payout) {
                return payout;
            }
            changes.recv().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.unwrap()
}

async fn command(fixture: &Runtime, path: &str, body: Value) {
    let url = format!("http://{}/{path}", fixture.address("bank").unwrap());
    let answer = http_client::local().build().unwrap().post(url).json(&body).send().await.unwrap();
    assert!(answer.status().is_success(), "{path}: {}", answer.status());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_both_instant_rails_refuse_is_paid_by_ach() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Runtime::start(options(dir.path())).await.unwrap();
    fund(&fixture).await;
    let mut payouts = PayoutServiceClient::new(fixture.transport_for(Service::Payout).unwrap());
    let account = AbaAccount { routing_number: "121000248".into(), account_number: ACCOUNT.into(), account_type: "checking".into() };
    let create = CreateBeneficiaryRequest {
        request_id: new_id(),
        holder_name: "Ana Muller".into(),
        account: Some(Account::Aba(account)),
        ..Default::default()
    };
    let created = payouts.create_beneficiary(by(&fixture, "ana", Role::Creator, create)).await.unwrap().into_inner();
    let beneficiary_id = created.beneficiary.unwrap().beneficiary_id;
    let amount = Some(Money { currency_code: "USD".into(), minor_units: 500 });
    let options = GetPayoutOptionsRequest { beneficiary_id: beneficiary_id.clone(), amount: amount.clone(), ..Default::default() };
    let options = payouts.get_payout_options(by(&fixture, "ana", Role::Creator, options)).await.unwrap().into_inner();
    for rail in ["us-ach-same-day", "us-ach"] {
        let option = options.options.iter().find(|option| option.rail == rail).unwrap();
        // Only another rail is better, or its window opens later; nothing stands against it.
        let compared = |why: &String| ["closed until", "not instant", "slower", "dearer"].iter().any(|than| why.starts_with(than));
        assert!(!option.chosen && option.why_not.iter().all(compared), "{option:?}");
    }
    // The receiving bank's clearing is down on both instant rails.
    command(&fixture, "scenarios", json!({"account": ACCOUNT, "behaviour": "reject", "code": "AB05", "times": 2})).await;
    let request = RequestPayoutRequest { request_id: new_id(), beneficiary_id, amount, ..Default::default() };
    let payout = payouts.request_payout(by(&fixture, "ana", Role::Creator, request)).await.unwrap().into_inner().payout.unwrap();
    let accepted = until(&fixture, &payout.payout_id, PayoutState::Accepted).await;
    let rails: Vec<&str> = accepted.attempts.iter().map(|attempt| attempt.rail.as_str()).collect();
    // Which of both is faster depends on the hour.
    assert!(rails[..2] == ["us-rtp", "us-fednow"] && rails[2].starts_with("us-ach") && rails.len() == 3, "{rails:?}");
    assert!(
        accepted.steps.iter().any(|step| step.note.contains("us-fednow refused it (AB05), nothing was paid; trying us-ach")),
        "{:?}",
        accepted.steps
    );
    let trace = &accepted.attempts[2].reference;
    assert!(trace.len() == 15 && trace.starts_with("02100002"), "{trace}");
    command(&fixture, "ach/clock", json!({"advance_seconds": 7 * 86_400})).await;
    until(&fixture, &payout.payout_id, PayoutState::SettledReturnable).await;
    fixture.shutdown().await;
    verified(dir.path()).await;
}
