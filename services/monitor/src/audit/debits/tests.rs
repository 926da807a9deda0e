//! Unit tests of which statement entries make a book's check fail.
use super::*;
use money::{Currency, Money};
use payout::tables::{StatementAccount, StatementFinding};
use uuid::Uuid;

#[tokio::test]
async fn a_debit_that_should_not_be_there_is_a_problem_of_its_book_until_it_came_back() {
    let dir = tempfile::tempdir().unwrap();
    let database = db::Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap();
    let tables = Store::inspect(&database).await.unwrap();
    let usd = Currency::try_new("USD").unwrap();
    let account = StatementAccount { bank: "first".to_owned(), bank_account: "main".to_owned(), currency: usd };
    let (book, other) = (BookName::try_new("app-us").unwrap(), BookName::try_new("app-eu").unwrap());
    let found = |minor_units| {
        let unexpected = Money::try_new(usd, minor_units).unwrap();
        [StatementFinding { book: book.clone(), payout_id: Uuid::from_u128(7), unexpected, booked_at_ms: 1_000 }]
    };
    assert!(problems(&tables, &book).await.unwrap().is_empty());
    for _ in 0..2 {
        tables.keep_statement(&account, "S-1", &found(700), &[], 2_000).await.unwrap();
        let told = problems(&tables, &book).await.unwrap();
        assert_eq!(told.len(), 1);
        assert!(["S-1", "700 USD", &Uuid::from_u128(7).to_string()].iter().all(|part| told[0].contains(part)), "{told:?}");
        assert!(problems(&tables, &other).await.unwrap().is_empty());
    }
    tables.keep_statement(&account, "S-2", &found(0), &[], 3_000).await.unwrap();
    assert!(problems(&tables, &book).await.unwrap().is_empty());
    assert_eq!(tables.statement_read_at_ms(&account).await.unwrap(), Some(3_000));
}
