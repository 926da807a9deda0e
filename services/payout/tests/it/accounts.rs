//! Recorded bank accounts: their number is limited, and only those with payouts are kept for ever.

use crate::world::{BOOK, World, aba, on_both};
use api::payout::ListBeneficiariesRequest;
use payout::Config;
use std::time::{Duration, SystemTime};
use tonic::Code;

#[tokio::test]
async fn one_user_records_so_many_bank_accounts_and_no_more() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start_with(Config { beneficiaries_max: 3, ..world.config() }).await;
        for at in 0..3 {
            running.beneficiary("ana", aba(&format!("900000000{at}"))).await.unwrap();
        }
        let status = running.beneficiary("ana", aba("9000000009")).await.unwrap_err();
        assert_eq!((status.code(), rpc::reason(&status).as_deref()), (Code::FailedPrecondition, Some("BENEFICIARY_LIMIT")), "{status:?}");
        assert_eq!(rpc::facts(&status)["beneficiaries_max"], "3");
        running.beneficiary("bea", aba("9000000009")).await.unwrap();
        running.stop().await;
        world.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_bank_account_that_no_payout_names_is_forgotten_in_time_and_another_never() {
    on_both(async |database| {
        let world = World::open(database, 60).await;
        let running = world.start().await;
        world.fund("ana", "USD").await;
        let paid = running.pay("ana", aba("9000000001"), 500).await;
        running.beneficiary("ana", aba("9000000002")).await.unwrap();
        let listed = async || {
            let request = running.signed("ana", ListBeneficiariesRequest { book: BOOK.to_owned(), ..Default::default() });
            running.client().list_beneficiaries(request).await.unwrap().into_inner().beneficiaries
        };
        let days = |days: u64| SystemTime::now() + Duration::from_secs(days * 86_400);
        assert_eq!((running.service.forget_beneficiaries(days(399)).await.unwrap(), listed().await.len()), (0, 2));
        assert_eq!(running.service.forget_beneficiaries(days(401)).await.unwrap(), 1);
        let left = listed().await;
        assert_eq!(left.iter().map(|one| one.beneficiary_id.as_str()).collect::<Vec<_>>(), [paid.beneficiary_id.as_str()]);
        running.end("ana", &paid.payout_id).await;
        running.stop().await;
        world.close().await;
    })
    .await;
}
