//! Tables of older programs open, and their rows keep their meaning.

use api::purchase::StoreKind;
use money::BookName;
use testbed::Storage;
use uuid::Uuid;

use crate::fixture::{self, BOOK, new_id};

/// A purchase of before stores were told apart, which got its coins.
const OLD: &str = "INSERT INTO purchase (book, purchase_id, user_id, request_id, state, store, environment, bundle_id, transaction_id, product_id,
        quantity, coins, currency, price_minor_units, tax_minor_units, commission_minor_units, purchased_at_ms, created_at_ms, attempt,
        next_attempt_at_ms, posting_id, coin_balance, balance_seq)
    VALUES ('test-us', '01890a5d-ac96-774b-bcce-b302099a8057', 'ann', '01890a5d-ac96-774b-bcce-b302099a8058', 2, 'apple', 'Sandbox',
        'com.example.largesse', '2000', 'coins.us.app.70', 1, 70, 'USD', 99, 0, 29, 0, 0, 0, 0, '01890a5d-ac96-774b-bcce-b302099a8059', 70, 1)";

#[tokio::test]
async fn a_purchase_of_an_older_program_is_found_and_its_receipt_is_no_new_one() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let pool = storage.database.open("purchase", &purchase::store::MIGRATIONS[..5]).await.unwrap();
        sqlx::query(OLD).execute(&pool).await.unwrap();
        pool.close().await;
        let fixture = fixture::on(storage).await;
        let book = BookName::try_new(BOOK).unwrap();
        let found = fixture.service.store().looked_up(&book, "2000").await.unwrap();
        assert_eq!((found.len(), found[0].store.as_str()), (1, "apple"));
        // More than one statement asks for.
        let asked: Vec<Uuid> = (0..600).map(|_| Uuid::now_v7()).chain([found[0].purchase_id]).collect();
        let named = fixture.service.store().transactions_of(&book, &asked).await.unwrap();
        assert_eq!(named.into_iter().collect::<Vec<_>>(), [(found[0].purchase_id, ("apple".to_owned(), "2000".to_owned()))]);
        let receipt = fixture.store.sign(&fixture::seventy().claims("2000")).unwrap();
        let answer = fixture.redeem("ann", &new_id(), &receipt).await.unwrap();
        assert!(answer.replayed, "it was credited by the older program");
        assert_eq!(answer.purchase.unwrap().store_kind(), StoreKind::Apple);
        assert!(fixture.postings().await.is_empty());
    }
}

#[tokio::test]
async fn a_row_of_a_store_that_nobody_knows_is_damaged_and_not_the_app_stores() {
    let fixture = fixture::sqlite().await;
    let purchase = fixture.redeem("ann", &new_id(), &fixture.receipt()).await.unwrap().purchase.unwrap();
    sqlx::query("UPDATE purchase SET store = 'corner shop'").execute(&fixture.pool().await).await.unwrap();
    let found = fixture.service.store().looked_up(&BookName::try_new(BOOK).unwrap(), &purchase.transaction_id).await;
    assert!(found.unwrap_err().to_string().ends_with("store is damaged"));
}
