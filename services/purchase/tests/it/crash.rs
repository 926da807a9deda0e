//! A purchase lost between verification and credit is finished, once.

use std::time::{Duration, SystemTime};

use api::ledger::AccountState;
use money::BookName;
use testbed::Fault;
use tonic::Code;

use crate::fixture::{self, BOOK, Fixture, new_id, reason};

async fn both() -> [Fixture; 2] {
    [fixture::sqlite().await, fixture::postgres().await]
}

fn later() -> SystemTime {
    SystemTime::now() + Duration::from_secs(3_600)
}

#[tokio::test]
async fn a_retry_after_a_restart_finishes_what_the_ledger_never_saw() {
    for mut fixture in both().await {
        let (receipt, id) = (fixture.receipt(), new_id());
        fixture.ledger.fail(Fault::Down);
        let status = fixture.redeem("ann", &id, &receipt).await.unwrap_err();
        assert_eq!((status.code(), rpc::reason(&status).as_deref()), (Code::Unavailable, Some("OUTCOME_UNKNOWN")));
        fixture.restart().await;
        fixture.ledger.fail(Fault::None);
        let answer = fixture.redeem("ann", &id, &receipt).await.unwrap();
        assert!(!answer.replayed, "it had not been answered");
        assert_eq!((answer.coin_balance, fixture.postings().await.len()), (70, 1));
    }
}

#[tokio::test]
async fn a_lost_answer_of_the_ledger_is_not_credited_twice() {
    for mut fixture in both().await {
        let (receipt, id) = (fixture.receipt(), new_id());
        fixture.ledger.fail(Fault::AnswerLost);
        assert_eq!(reason(fixture.redeem("ann", &id, &receipt).await), "OUTCOME_UNKNOWN");
        fixture.restart().await;
        fixture.ledger.fail(Fault::None);
        assert_eq!(fixture.redeem("ann", &id, &receipt).await.unwrap().coin_balance, 70);
        let again = fixture.redeem("ann", &new_id(), &receipt).await.unwrap();
        assert!(again.replayed);
        assert_eq!((fixture.coins("ann").await, fixture.postings().await.len()), (70, 1));
    }
}

#[tokio::test]
async fn the_sweeper_finishes_what_nobody_retries() {
    for fixture in both().await {
        let book = BookName::try_new(BOOK).unwrap();
        let (receipt, id) = (fixture.receipt(), new_id());
        fixture.ledger.fail(Fault::AnswerLost);
        assert_eq!(reason(fixture.redeem("ann", &id, &receipt).await), "OUTCOME_UNKNOWN");
        fixture.ledger.fail(Fault::None);
        assert_eq!(fixture.service.store().open_count(&book).await.unwrap(), 1);
        assert_eq!(fixture.service.sweep(SystemTime::now()).await.unwrap(), 0, "left to its call for a while");
        assert_eq!(fixture.service.sweep(later()).await.unwrap(), 1);
        assert_eq!(fixture.service.sweep(later()).await.unwrap(), 0);
        assert_eq!(fixture.service.store().open_count(&book).await.unwrap(), 0);
        assert_eq!((fixture.coins("ann").await, fixture.postings().await.len()), (70, 1));
        // A later retry gets the answer.
        assert_eq!(fixture.redeem("ann", &id, &receipt).await.unwrap().coin_balance, 70);
        assert_eq!(fixture.postings().await.len(), 1);
    }
}

#[tokio::test]
async fn a_credit_refused_by_the_ledger_is_tried_again_under_a_new_id() {
    for fixture in both().await {
        let (receipt, id) = (fixture.receipt(), new_id());
        fixture.set_coins_state("ann", AccountState::Frozen).await.unwrap();
        assert_eq!(reason(fixture.redeem("ann", &id, &receipt).await), "ACCOUNT_FROZEN");
        assert_eq!(fixture.service.sweep(later()).await.unwrap(), 0);
        fixture.set_coins_state("ann", AccountState::Open).await.unwrap();
        assert_eq!(fixture.redeem("ann", &id, &receipt).await.unwrap().coin_balance, 70);
        assert_eq!(fixture.postings().await.len(), 1);
    }
}

#[tokio::test]
async fn credited_purchases_are_the_issuing_postings() {
    for fixture in both().await {
        let book = BookName::try_new(BOOK).unwrap();
        for _ in 0..3 {
            fixture.redeem("ann", &new_id(), &fixture.receipt()).await.unwrap();
        }
        fixture.ledger.fail(Fault::Down);
        assert_eq!(reason(fixture.redeem("ann", &new_id(), &fixture.receipt()).await), "OUTCOME_UNKNOWN");
        let credited = fixture.service.store().credited(&book, None).await.unwrap();
        let postings: Vec<String> = fixture.postings().await.into_iter().map(|posting| posting.posting_id).collect();
        assert_eq!(credited.iter().map(|one| one.state.posting_id().unwrap().to_owned()).collect::<Vec<_>>(), postings);
        let rest = fixture.service.store().credited(&book, Some(credited[1].purchase_id)).await.unwrap();
        assert_eq!(rest, credited[2..]);
        assert!(fixture.service.store().credited(&BookName::try_new("test-jp").unwrap(), None).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_purchase_that_a_clock_put_off_which_was_ahead_is_finished_once_it_is_put_right() {
    for fixture in both().await {
        let (receipt, id) = (fixture.receipt(), new_id());
        fixture.ledger.fail(Fault::AnswerLost);
        assert_eq!(reason(fixture.redeem("ann", &id, &receipt).await), "OUTCOME_UNKNOWN");
        fixture.ledger.fail(Fault::None);
        let pool = fixture.pool().await;
        let ahead = "UPDATE purchase SET next_attempt_at_ms = next_attempt_at_ms + $1, created_at_ms = created_at_ms + $1";
        assert_eq!(sqlx::query(ahead).bind(14 * 3_600_000_i64).execute(&pool).await.unwrap().rows_affected(), 1);
        assert_eq!(fixture.service.sweep(later()).await.unwrap(), 0, "it would wait for that time");
        assert_eq!(fixture.service.end_impossible_waits(SystemTime::now()).await.unwrap(), [("purchase", 1)]);
        assert_eq!(fixture.service.end_impossible_waits(SystemTime::now()).await.unwrap(), []);
        assert_eq!(fixture.service.sweep(SystemTime::now()).await.unwrap(), 1);
        assert_eq!((fixture.coins("ann").await, fixture.postings().await.len()), (70, 1));
    }
}
