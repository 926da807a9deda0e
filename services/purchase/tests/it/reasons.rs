//! Whatever the ledger answers, a viewer gets a helpful message and no internal details; and no purchase is stuck.

use std::time::{Duration, SystemTime};

use api::ledger::AccountState;
use api::purchase::GetWalletRequest;
use ledger_client::LedgerReason;
use testbed::{
    Fault,
    insides::{self, ReasonWalk},
};
use tonic::Code;
use uuid::Uuid;

use crate::fixture::{self, Fixture, new_id, reason};

/// Refusals that a receipt can get. All others would be bugs of ours: the receipt is kept, and its coins follow later.
const MET: [LedgerReason; 6] = [
    LedgerReason::AccountFrozen,
    LedgerReason::AccountClosed,
    LedgerReason::CoinsOwed,
    LedgerReason::LimitExceeded,
    LedgerReason::Overflow,
    LedgerReason::InsufficientFunds,
];

#[tokio::test]
async fn every_reason_of_the_ledger_reaches_a_viewer_in_good_words() {
    let fixture = fixture::sqlite().await;
    // The first call also reads whether the book exists.
    fixture.redeem("ann", &new_id(), &fixture.receipt()).await.unwrap();
    let translated: Vec<_> = LedgerReason::ALL.into_iter().filter(|reason| !MET.contains(reason)).collect();
    let walk = ReasonWalk {
        rpc: "purchase/RedeemPurchase",
        fault: &fixture.ledger,
        translated: &translated,
        answers_refusals: false,
        for_staff: false,
    };
    walk.through(async |fault| {
        let receipt = fixture.receipt();
        fixture.ledger.fail(fault);
        fixture.redeem("ann", &new_id(), &receipt).await
    })
    .await;
    for ledger_reason in LedgerReason::ALL {
        fixture.ledger.fail(Fault::None);
        let receipt = fixture.receipt();
        fixture.ledger.fail(Fault::Answer(insides::answer(&ledger_reason)));
        let told = fixture.redeem("ann", &new_id(), &receipt).await.unwrap_err();
        insides::check("purchase", &ledger_reason, &told, &translated);
        if !MET.contains(&ledger_reason) && ledger_reason != LedgerReason::AccountUnknown {
            assert_eq!(rpc::reason(&told).as_deref(), Some("OUTCOME_UNKNOWN"), "{ledger_reason:?}");
        }
        if ledger_reason != LedgerReason::AccountUnknown {
            let told = fixture.client().get_wallet(fixture.from("ann", GetWalletRequest::default())).await.unwrap_err();
            insides::check("purchase", &ledger_reason, &told, &[]);
        }
    }
}

#[tokio::test]
async fn trouble_of_the_service_itself_is_not_the_viewers() {
    for ledger_reason in [LedgerReason::Unauthenticated, LedgerReason::PeerUnreachable] {
        let fixture = fixture::sqlite().await;
        fixture.ledger.fail(Fault::Answer(insides::answer(&ledger_reason)));
        let redeemed = fixture.redeem("ann", &new_id(), "x").await.unwrap_err();
        let wallet = fixture.client().get_wallet(fixture.from("ann", GetWalletRequest::default())).await.unwrap_err();
        for told in [redeemed, wallet] {
            insides::check("purchase", &ledger_reason, &told, &[]);
            assert_eq!(told.code(), Code::Unavailable, "{ledger_reason:?}: {told:?}");
        }
    }
}

/// Makes every purchase a month old, with an id of that time.
async fn age(fixture: &Fixture) {
    let pool = fixture.pool().await;
    let month_ms = 30 * 24 * 3_600_000_i64;
    let rows: Vec<(String,)> = sqlx::query_as("SELECT purchase_id FROM purchase").fetch_all(&pool).await.unwrap();
    for (id,) in rows {
        let bytes = *Uuid::try_parse(&id).unwrap().as_bytes();
        let old_ms = u64::try_from(i64::try_from(money::id_time_ms(Uuid::from_bytes(bytes)).unwrap()).unwrap() - month_ms).unwrap();
        let old = uuid::Builder::from_unix_timestamp_millis(old_ms, bytes.last_chunk::<10>().unwrap()).into_uuid().to_string();
        sqlx::query("UPDATE purchase SET purchase_id = $1, created_at_ms = created_at_ms - $2 WHERE purchase_id = $3")
            .bind(old)
            .bind(month_ms)
            .bind(id)
            .execute(&pool)
            .await
            .unwrap();
    }
    let aged = "UPDATE purchase SET attempt_at_ms = attempt_at_ms - $1 WHERE attempt_at_ms > 0";
    sqlx::query(aged).bind(month_ms).execute(&pool).await.unwrap();
}

fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3_600)
}

#[tokio::test]
async fn a_purchase_whose_wallet_was_frozen_for_a_month_is_credited_once_in_the_end() {
    for fixture in [fixture::sqlite().await, fixture::postgres().await] {
        let (receipt, id) = (fixture.receipt(), new_id());
        fixture.set_coins_state("ann", AccountState::Frozen).await.unwrap();
        assert_eq!(reason(fixture.redeem("ann", &id, &receipt).await), "ACCOUNT_FROZEN");
        age(&fixture).await;
        fixture.set_coins_state("ann", AccountState::Open).await.unwrap();
        assert_eq!(fixture.service.sweep(later()).await.unwrap(), 1);
        assert_eq!((fixture.coins("ann").await, fixture.postings().await.len()), (70, 1));
        // A purchase that a restored backup shows as verified finds its posting and not another one.
        assert_eq!(fixture.redeem("ann", &id, &receipt).await.unwrap().coin_balance, 70);
        assert_eq!((fixture.service.sweep(later()).await.unwrap(), fixture.postings().await.len()), (0, 1));
    }
}

#[tokio::test]
async fn a_purchase_that_the_ledger_never_saw_is_credited_after_a_month() {
    let fixture = fixture::sqlite().await;
    let (receipt, id) = (fixture.receipt(), new_id());
    fixture.ledger.fail(Fault::Down);
    assert_eq!(reason(fixture.redeem("ann", &id, &receipt).await), "OUTCOME_UNKNOWN");
    age(&fixture).await;
    fixture.ledger.fail(Fault::None);
    assert_eq!(fixture.service.sweep(later()).await.unwrap(), 1);
    assert_eq!((fixture.coins("ann").await, fixture.postings().await.len()), (70, 1));
}

#[tokio::test]
async fn a_purchase_that_was_posted_and_not_answered_is_not_posted_again_a_month_later() {
    let fixture = fixture::sqlite().await;
    let (receipt, id) = (fixture.receipt(), new_id());
    fixture.ledger.fail(Fault::AnswerLost);
    assert_eq!(reason(fixture.redeem("ann", &id, &receipt).await), "OUTCOME_UNKNOWN");
    fixture.ledger.fail(Fault::None);
    assert_eq!(fixture.service.sweep(later() + Duration::from_secs(30 * 24 * 3_600)).await.unwrap(), 1);
    assert_eq!((fixture.coins("ann").await, fixture.postings().await.len()), (70, 1));
}
