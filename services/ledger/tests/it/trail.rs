//! Tracing money along an account's entries: compared with a queue kept by the test, past several checkpoints, with entries that are only in the log.
use crate::{
    book::databases,
    calls::{BOOK, Fixture, coins, fixture, post, transfer},
};
use api::ledger::{PostPendingRequest, PostRequest};
use books::{
    domain::event::Transfer,
    read::trail::{self, Trail, TrailRange},
    store::Walk,
    store::open_store,
};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use std::collections::{BTreeMap, VecDeque};
use uuid::Uuid;

const FAN: &str = "viewer/fan/coins";
const STEPS: usize = 900;

/// Credits not spent yet, the earliest first: the transfer's number and the amount left of it.
#[derive(Default)]
struct Queue {
    waiting: VecDeque<(i64, i64)>,
    /// By debit, then by credit: how much of the debit the credit paid for.
    paid: BTreeMap<(i64, i64), i64>,
}

impl Queue {
    fn give(&mut self, debit: i64, mut amount: i64) {
        while amount > 0 {
            let (credit, left) = self.waiting.front_mut().unwrap();
            let part = amount.min(*left);
            *self.paid.entry((debit, *credit)).or_default() += part;
            (*left, amount) = (*left - part, amount - part);
            if *left == 0 {
                self.waiting.pop_front();
            }
        }
    }
}

fn spend(amount: i64, pending: bool) -> PostRequest {
    post("gift", vec![api::ledger::Transfer { pending, ..transfer(FAN, "house/coins/redeemed", amount) }])
}

async fn live(fixture: &Fixture, queue: &mut Queue, seed: u64) {
    let mut dice = StdRng::seed_from_u64(seed);
    let no = |answer: api::ledger::PostResponse| answer.posting.unwrap().transfers[0].transfer_no;
    for _ in 0..STEPS {
        let have: i64 = queue.waiting.iter().map(|(_, left)| left).sum();
        let amount = dice.random_range(1..60);
        match dice.random_range(0..10) {
            // Entries of another account lie between.
            0 => drop(fixture.post(coins("other", amount)).await),
            1..=3 => queue.waiting.push_back((no(fixture.post(coins("fan", amount)).await), amount)),
            4 if have >= amount => {
                let hold = no(fixture.post(spend(amount, true)).await);
                let taken = dice.random_range(1..=amount);
                let take = PostPendingRequest {
                    book: BOOK.to_owned(),
                    request_id: Uuid::now_v7().to_string(),
                    transfer_no: hold,
                    amount: taken,
                    kind: "gift".to_owned(),
                    ..Default::default()
                };
                let posted = fixture.client().post_pending(take).await.unwrap().into_inner().posting.unwrap();
                queue.give(posted.transfers[0].transfer_no, taken);
            }
            _ if have > 0 => {
                let amount = amount.min(have);
                let debit = no(fixture.post(spend(amount, false)).await);
                queue.give(debit, amount);
            }
            _ => {}
        }
    }
}

fn parts(trail: &Trail) -> Vec<(i64, i64)> {
    trail.parts.iter().map(|part| (part.transfer.no, part.amount)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_debit_is_paid_from_what_came_first_and_every_credit_pays_for_what_left_first() {
    let databases = databases();
    for (database, seed) in databases.all.iter().zip(1..) {
        let fixture = fixture(database).await;
        let mut queue = Queue::default();
        fixture.post(coins("fan", 500)).await;
        let store = open_store(database).await.unwrap();
        let book = store.books().await.unwrap().remove(0).key;
        let key = store.accounts_by_name(book, &[FAN.to_owned()]).await.unwrap()[0].key;
        let first = trail::accounts(&*store, book, &[key]).await.unwrap()[0].last_transfer;
        queue.waiting.push_back((first, 500));
        live(&fixture, &mut queue, seed).await;

        let account = trail::accounts(&*store, book, &[key]).await.unwrap().remove(0);
        let entries: Vec<Transfer> =
            store.walk(book, key, Walk { from_no: account.last_transfer, above_no: 0, limit: 10_000 }).await.unwrap();
        assert!(entries.len() > 512, "{} entries", entries.len());
        let held: i64 = queue.waiting.iter().map(|(_, left)| left).sum();
        assert_eq!(account.counters.balance(), held, "the log's and the tail's part is in it");
        let (mut debits, mut credits) = (0, 0);
        for entry in &entries {
            if entry.debit == key {
                let expected: Vec<(i64, i64)> =
                    queue.paid.range((entry.no, 0)..=(entry.no, i64::MAX)).map(|((_, credit), amount)| (*credit, *amount)).collect();
                let found = trail::sources(&*store, book, key, entry, 10_000).await.unwrap();
                assert_eq!((parts(&found), found.cut), (expected, false), "{entry:?}");
                debits += 1;
            } else {
                let of = queue.paid.iter().filter(|((_, credit), _)| *credit == entry.no);
                let expected: Vec<(i64, i64)> = of.map(|((debit, _), amount)| (*debit, *amount)).collect();
                let found = trail::uses(&*store, book, &account, entry, 10_000).await.unwrap();
                assert_eq!((parts(&found), found.cut), (expected, false), "{entry:?}");
                credits += 1;
            }
        }
        assert!(debits > 200 && credits > 100, "{debits} debits, {credits} credits");
        // A trace that hits its bound reports that it is cut.
        let longest = entries.iter().filter(|entry| entry.credit == key);
        let longest = longest.max_by_key(|entry| queue.paid.keys().filter(|(_, credit)| *credit == entry.no).count()).unwrap();
        let whole = trail::uses(&*store, book, &account, longest, 10_000).await.unwrap();
        assert!(whole.parts.len() > 5 && !whole.cut, "{whole:?}");
        let (mut paged, mut from_no) = (Vec::new(), 0);
        loop {
            let range = TrailRange { from_no, parts_max: 3, entries_max: 10_000 };
            let page = trail::uses_page(&*store, book, &account, longest, range).await.unwrap();
            assert!(page.parts.len() == 3 || page.next_no == 0, "{page:?}");
            (paged, from_no) = ([paged, page.parts].concat(), page.next_no);
            if from_no == 0 {
                break;
            }
        }
        paged.reverse();
        assert_eq!(paged, whole.parts, "pages are the whole trail, the newest first");
    }
}

/// An old credit is found though thousands of entries follow it; and a trace that hits its bound reports that it is cut.
#[tokio::test(flavor = "multi_thread")]
async fn what_came_long_ago_is_found_however_much_came_since() {
    let databases = databases();
    let fixture = fixture(&databases.all[0]).await;
    let no = |answer: api::ledger::PostResponse| answer.posting.unwrap().transfers[0].transfer_no;
    let credits =
        [no(fixture.post(coins("fan", 10)).await), no(fixture.post(coins("fan", 10)).await), no(fixture.post(coins("fan", 10)).await)];
    fixture.post_all((0..2_000).map(|_| coins("fan", 1)).collect()).await;
    let [early, late] = [no(fixture.post(spend(15, false)).await), no(fixture.post(spend(1_500, false)).await)];
    let store = open_store(&databases.all[0]).await.unwrap();
    let book = store.books().await.unwrap().remove(0).key;
    let key = store.accounts_by_name(book, &[FAN.to_owned()]).await.unwrap()[0].key;
    let entry = async |no| store.walk(book, key, Walk { from_no: no, above_no: 0, limit: 1 }).await.unwrap().remove(0);
    // Far fewer entries than there are since.
    let found = trail::sources(&*store, book, key, &entry(early).await, 256).await.unwrap();
    assert_eq!((parts(&found), found.cut), (vec![(credits[0], 10), (credits[1], 5)], false));
    let bounded = trail::sources(&*store, book, key, &entry(late).await, 256).await.unwrap();
    assert!(bounded.cut && bounded.parts.len() < 1_000, "{} parts", bounded.parts.len());
    let whole = trail::sources(&*store, book, key, &entry(late).await, 10_000).await.unwrap();
    assert_eq!((whole.parts.iter().map(|part| part.amount).sum::<i64>(), whole.cut), (1_500, false));
    let spent = entry(late).await;
    let (mut paged, mut from_no) = (Vec::new(), 0);
    loop {
        let range = TrailRange { from_no, parts_max: 100, entries_max: 10_000 };
        let page = trail::sources_page(&*store, book, key, &spent, range).await.unwrap();
        assert!(page.parts.len() == 100 || page.next_no == 0, "{} parts", page.parts.len());
        (paged, from_no) = ([paged, page.parts].concat(), page.next_no);
        if from_no == 0 {
            break;
        }
    }
    paged.reverse();
    assert_eq!(paged, whole.parts, "pages are the whole trail, the newest first");
}
