//! Dry runs and balancing transfers, through the writer and both stores.
use crate::book::{assert_sound, balance, buy, config, databases, gift, new_id, post, posted, reason, start, transfer};
use books::domain::request::{Action, BookRequest, NewTransfer};
use ledger::Error;

fn dry(request: BookRequest) -> BookRequest {
    BookRequest { dry_run: true, ..request }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_tells_what_would_be_and_changes_nothing() {
    for database in &databases().all {
        let (ledger, book) = start(database, config()).await;
        posted(book.submit(buy("u1", 100)).await);
        let store = ledger.store();
        let head = store.head(book.row.key).await.unwrap().unwrap();
        let (id, poor) = (new_id(), new_id());
        let (told, replayed) = posted(book.submit(dry(gift(id, "u1", "new", 30))).await);
        assert!(!replayed);
        assert_eq!(reason(book.submit(dry(gift(poor, "u1", "new", 101))).await), "INSUFFICIENT_FUNDS");
        assert_eq!(store.head(book.row.key).await.unwrap().unwrap(), head, "a dry run was committed");
        assert!(store.ids(book.row.key, &[id, poor]).await.unwrap().is_empty());
        assert!(matches!(book.account("creator/new/diamonds").await, Err(Error::AccountUnknown(_))));
        // The real ones: the same answer, except for the time; and the refused id is still new.
        let (real, replayed) = posted(book.submit(gift(id, "u1", "new", 30)).await);
        assert!(!replayed);
        let timeless = |mut posted: books::read::NamedPosting| {
            posted.commit_time = 0;
            format!("{posted:?}")
        };
        let first = format!("{real:?}");
        assert_eq!(timeless(told), timeless(real));
        posted(book.submit(gift(poor, "u1", "new", 70)).await);
        // An answered id: the first answer, or a refusal because the fields differ.
        let (again, replayed) = posted(book.submit(dry(gift(id, "u1", "new", 30))).await);
        assert!(replayed);
        assert_eq!(format!("{again:?}"), first);
        assert!(matches!(book.submit(dry(gift(id, "u1", "new", 31))).await, Err(Error::RequestIdReused { .. })));
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_sees_what_was_decided_before_it_in_its_batch() {
    for database in &databases().all {
        let (ledger, book) = start(database, config()).await;
        posted(book.submit(buy("u1", 100)).await);
        let spend = |amount| gift(new_id(), "u1", "c1", amount);
        let outcomes = book.submit_many(vec![spend(60), dry(spend(41)), dry(spend(40)), spend(40)]).await.unwrap();
        let mut outcomes = outcomes.into_iter();
        posted(outcomes.next().unwrap());
        assert_eq!(reason(outcomes.next().unwrap()), "INSUFFICIENT_FUNDS");
        posted(outcomes.next().unwrap());
        posted(outcomes.next().unwrap());
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn holds_and_reversals_can_be_tried_out() {
    for database in &databases().all {
        let (ledger, book) = start(database, config()).await;
        let (bought, _) = posted(book.submit(buy("u1", 100)).await);
        let hold = NewTransfer { pending: true, ..transfer("viewer/u1/coins", "house/coins/redeemed", 60) };
        let (held, _) = posted(book.submit(post(new_id(), vec![hold])).await);
        let transfer_no = held.transfers[0].transfer.no;
        let with = |action| BookRequest { action, ..post(new_id(), Vec::new()) };
        let void = || with(Action::VoidPending { transfer_no, guards: Vec::new() });
        let reverse = || with(Action::Reverse { posting: bought.id, allow_debt: false });
        posted(book.submit(dry(void())).await);
        assert_eq!(reason(book.submit(dry(reverse())).await), "INSUFFICIENT_FUNDS");
        posted(book.submit(void()).await);
        assert_eq!(reason(book.submit(dry(void())).await), "PENDING_RESOLVED");
        posted(book.submit(dry(reverse())).await);
        posted(book.submit(dry(reverse())).await);
        posted(book.submit(reverse()).await);
        assert_eq!(reason(book.submit(dry(reverse())).await), "ALREADY_REVERSED");
        assert_sound(&ledger, &book).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_takes_what_is_there_and_the_rest_as_debt() {
    for database in &databases().all {
        let (ledger, book) = start(database, config()).await;
        posted(book.submit(buy("u1", 70)).await);
        let refund = |id| {
            let there = NewTransfer { up_to: true, ..transfer("viewer/u1/coins", "house/coins/issued", 100) };
            let debt = NewTransfer { rest_of: Some(0), ..transfer("viewer/u1/debt", "house/coins/issued", 100) };
            post(id, vec![there, debt])
        };
        let (first, second) = (new_id(), new_id());
        let (told, _) = posted(book.submit(refund(first)).await);
        assert_eq!(told.transfers.iter().map(|t| t.transfer.amount).collect::<Vec<_>>(), [70, 30]);
        // Nothing is left, so the first leg is left out. A retry is compared by its request, though more would move now.
        let (told, _) = posted(book.submit(refund(second)).await);
        assert_eq!(told.transfers.iter().map(|t| t.transfer.amount).collect::<Vec<_>>(), [100]);
        posted(book.submit(buy("u1", 5)).await);
        let (told, replayed) = posted(book.submit(refund(first)).await);
        assert_eq!((told.transfers.len(), replayed), (2, true));
        assert_eq!((balance(&book, "viewer/u1/coins").await, balance(&book, "viewer/u1/debt").await), (5, -130));
        assert_sound(&ledger, &book).await;
    }
}
