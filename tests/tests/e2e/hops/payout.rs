//! A payout from diamonds to a settled transfer.
use api::{
    earnings::{AcceptQuoteRequest, CreateQuoteRequest},
    payout::{
        AbaAccount, CreateBeneficiaryRequest, PayoutState, RequestPayoutRequest, WatchPayoutRequest, create_beneficiary_request::Account,
    },
};
use demo::installation::{Installation, authorised};
use identity::Role;
use tonic::Request;
use uuid::Uuid;

fn new_id() -> String {
    Uuid::now_v7().to_string()
}

/// Converts the diamonds of `c1` and pays them out; the payout's request goes through `traced`.
pub async fn settled(installation: &Installation, traced: impl Fn(Request<RequestPayoutRequest>) -> Request<RequestPayoutRequest>) {
    settled_to(installation, ("Ada Example", "123456789"), traced).await;
}

/// The same, to this holder's account.
pub async fn settled_to(
    installation: &Installation,
    (holder_name, account_number): (&str, &str),
    traced: impl Fn(Request<RequestPayoutRequest>) -> Request<RequestPayoutRequest>,
) {
    let token = installation.token("c1", Role::Creator).unwrap();
    let ask = CreateQuoteRequest { request_id: new_id(), diamonds: 600, currency_code: "USD".into(), ..Default::default() };
    let quote = installation.earnings().create_quote(authorised(ask, &token).unwrap()).await.unwrap().into_inner().quote.unwrap();
    let accept = AcceptQuoteRequest { request_id: new_id(), quote_id: quote.quote_id, ..Default::default() };
    installation.earnings().accept_quote(authorised(accept, &token).unwrap()).await.unwrap();
    let account =
        Account::Aba(AbaAccount { routing_number: "021000021".into(), account_number: account_number.into(), ..Default::default() });
    let create =
        CreateBeneficiaryRequest { request_id: new_id(), holder_name: holder_name.into(), account: Some(account), ..Default::default() };
    let created = installation.payout().create_beneficiary(authorised(create, &token).unwrap()).await.unwrap().into_inner();
    let beneficiary_id = created.beneficiary.unwrap().beneficiary_id;
    let request = RequestPayoutRequest { request_id: new_id(), beneficiary_id, amount: quote.net, ..Default::default() };
    let requested = installation.payout().request_payout(traced(authorised(request, &token).unwrap())).await.unwrap().into_inner();
    let payout_id = requested.payout.unwrap().payout_id;
    let watch = WatchPayoutRequest { payout_id, ..Default::default() };
    let mut watch = installation.payout().watch_payout(authorised(watch, &token).unwrap()).await.unwrap().into_inner();
    let mut last = PayoutState::Unspecified;
    while let Some(now) = watch.message().await.unwrap() {
        last = now.payout.unwrap().state();
    }
    assert_eq!(last, PayoutState::Settled);
}
