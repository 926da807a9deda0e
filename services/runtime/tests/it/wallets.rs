//! Wallets in a whole installation: paid by the sandbox's bank that speaks JSON, with a key that the sandbox wrote itself.
use crate::{
    ach::until,
    blocked::{by, fund, new_id, verified},
    options,
};
use api::{
    payout::{
        CreateBeneficiaryRequest, PayoutState, RequestPayoutRequest, WalletAddress, create_beneficiary_request::Account,
        payout_service_client::PayoutServiceClient,
    },
    r#type::Money,
};
use identity::{Role, Service};
use runtime::Runtime;

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_is_paid_by_the_sandbox_s_json_bank_without_any_configuration() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Runtime::start(options(dir.path())).await.unwrap();
    fund(&fixture).await;
    let mut payouts = PayoutServiceClient::new(fixture.transport_for(Service::Payout).unwrap());
    let wallet = WalletAddress { wallet: "paypal".into(), alias_type: "email".into(), alias: "ana@example.com".into() };
    let create = CreateBeneficiaryRequest {
        request_id: new_id(),
        holder_name: "Ana Muller".into(),
        account: Some(Account::WalletAddress(wallet)),
        currency_code: "USD".into(),
        ..Default::default()
    };
    let created = payouts.create_beneficiary(by(&fixture, "ana", Role::Creator, create)).await.unwrap().into_inner();
    let beneficiary_id = created.beneficiary.unwrap().beneficiary_id;
    let amount = Some(Money { currency_code: "USD".into(), minor_units: 500 });
    let request = RequestPayoutRequest { request_id: new_id(), beneficiary_id, amount, ..Default::default() };
    let payout = payouts.request_payout(by(&fixture, "ana", Role::Creator, request)).await.unwrap().into_inner().payout.unwrap();
    let paid = until(&fixture, &payout.payout_id, PayoutState::SettledReturnable).await;
    assert_eq!((paid.rail.as_str(), paid.attempts[0].bank.as_str()), ("ewallet-paypal", "sandbox-json"));
    fixture.shutdown().await;
    verified(dir.path()).await;
}
