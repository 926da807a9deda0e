//! The pretend banks of a sandbox, configured as `serve --sandbox` configures them.

use crate::world::{World, beneficiary, on_both, payout_request};
use api::payout::{CreateBeneficiaryRequest, PayoutState::SettledReturnable, WalletAddress, create_beneficiary_request::Account};
use payout::{Config, config::SandboxApiAccess};
use sandbox::{
    achbank,
    bank::{self, ACH_PATH, GLOBAL_PATH, TownConfig},
    globalbank::{self, SandboxClient, TEST_CLIENT_KEY},
};
use std::os::unix::fs::PermissionsExt as _;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn a_newcomer_pays_a_wallet_over_the_json_bank_of_a_sandbox() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let shutdown = CancellationToken::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let clients = vec![SandboxClient::of_test_key("largesse", "sandbox")];
        let global = globalbank::Config { clients, ..globalbank::Config::default() };
        let banks = TownConfig { bank: bank::Config::default(), ach: achbank::Config::default(), global };
        let town = bank::start_with_others(listener, &world.database, banks, shutdown.clone()).await.unwrap();
        let key_file = world.key_file.with_file_name("client.pem");
        std::fs::write(&key_file, TEST_CLIENT_KEY).unwrap();
        std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o600)).unwrap();
        let accounts = bank::own_currencies().into_iter().map(|currency| (currency, bank::own_account(currency).canonical())).collect();
        let ach_account = format!("us-account:{}:{}", achbank::ACH_ROUTING_NUMBER, achbank::own_account().number());
        let dollar = money::Currency::try_new("USD").unwrap();
        let access = SandboxApiAccess {
            url: format!("{}{GLOBAL_PATH}", town.url()),
            client_id: "largesse".to_owned(),
            key_id: "sandbox".to_owned(),
            key_file,
            address: format!("us-account:{}:{}", achbank::ACH_ROUTING_NUMBER, globalbank::own_account(dollar).number()),
        };
        let made = Config::sandbox(world.key_file.clone(), town.url(), accounts)
            .with_sandbox_ach(format!("{}{ACH_PATH}", town.url()), achbank::ACH_ROUTING_NUMBER, ach_account)
            .with_sandbox_api(access);
        made.check().unwrap();
        let running = world.start_with(Config { banks: made.banks, ..world.config() }).await;
        world.fund("ana", "USD").await;
        let wallet = WalletAddress { wallet: "paypal".into(), alias_type: "email".into(), alias: "ana@example.com".into() };
        let request = CreateBeneficiaryRequest { currency_code: "USD".into(), ..beneficiary(Account::WalletAddress(wallet)) };
        let created = running.client().create_beneficiary(running.signed("ana", request)).await.unwrap().into_inner();
        let account = created.beneficiary.unwrap().beneficiary_id;
        let (payout, _) = running.request("ana", payout_request(&account, "USD", 700)).await.unwrap();
        let paid = running.until("ana", &payout.payout_id, SettledReturnable).await;
        assert_eq!((paid.rail.as_str(), paid.attempts[0].bank.as_str()), ("ewallet-paypal", "sandbox-json"));
        running.stop().await;
        shutdown.cancel();
        town.stopped().await.unwrap();
        world.close().await;
    })
    .await;
}
