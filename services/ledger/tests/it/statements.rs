//! An account's entries and its balance at a past time, as a caller reads them.
use crate::calls::{BOOK, Fixture, coins, fixture, gift, on_both, post, reason, transfer};
use api::ledger::{Entry, EntrySide, GetAccountRequest, GetBalanceAtRequest, GetBalanceAtResponse, ListEntriesRequest, PostRequest};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use prost_types::Timestamp;

const STAR: &str = "creator/star/diamonds";

fn all() -> ListEntriesRequest {
    ListEntriesRequest { book: BOOK.to_owned(), account: STAR.to_owned(), page_size: 200, ..Default::default() }
}

/// All entries of a list, and the number of pages.
async fn pages(fixture: &Fixture, asked: &ListEntriesRequest) -> (Vec<Entry>, usize) {
    let mut asked = asked.clone();
    let (mut entries, mut pages) = (Vec::new(), 0);
    loop {
        let page = fixture.client().list_entries(asked.clone()).await.unwrap().into_inner();
        assert!(page.entries.len() <= 200);
        entries.extend(page.entries);
        pages += 1;
        if page.next_page_token.is_empty() {
            return (entries, pages);
        }
        asked.page_token = page.next_page_token;
    }
}

fn seqs(entries: &[Entry]) -> Vec<i64> {
    entries.iter().map(|entry| entry.transfer.as_ref().unwrap().transfer_no).collect()
}

fn amount(entry: &Entry) -> i64 {
    entry.transfer.as_ref().unwrap().amount
}

fn key(time: &Option<Timestamp>) -> (i64, i32) {
    let time = time.unwrap();
    (time.seconds, time.nanos)
}

/// Gifts of 1 to `count` to one creator, in small commits, every tenth of another kind and from another account, each with an effective time.
async fn fill(fixture: &Fixture, count: i64) {
    fixture.post(coins("fan", 1 << 40)).await;
    for part in (1..=count).collect::<Vec<_>>().chunks(37) {
        let posts = part.iter().map(|at| {
            let effective_time = Some(Timestamp { seconds: 1_000 + at, nanos: 0 });
            let request =
                if at % 10 == 0 { post("bonus", vec![transfer("house/diamonds/redeemed", STAR, *at)]) } else { gift("fan", "star", *at) };
            PostRequest { effective_time, ..request }
        });
        fixture.post_all(posts.collect()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_directions_show_every_entry_once_with_its_running_balance() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        // Past two checkpoints, and once exactly at one.
        for count in [512, 188] {
            fill(&fixture, count).await;
            let (newest, _) = pages(&fixture, &all()).await;
            let (oldest, _) = pages(&fixture, &ListEntriesRequest { oldest_first: true, page_size: 33, ..all() }).await;
            let mut reversed = newest.clone();
            reversed.reverse();
            assert_eq!(oldest, reversed);
            let mut balance = 0;
            for entry in &oldest {
                balance += amount(entry);
                assert_eq!((entry.balance_after, entry.transfer.as_ref().unwrap().credit_account.as_str()), (balance, STAR));
            }
            assert!(
                oldest
                    .windows(2)
                    .all(|pair| pair[0].transfer.as_ref().unwrap().transfer_no < pair[1].transfer.as_ref().unwrap().transfer_no)
            );
        }
        let (oldest, _) = pages(&fixture, &ListEntriesRequest { oldest_first: true, ..all() }).await;
        assert_eq!(oldest.len(), 700);
        crate::book::assert_sound(&fixture.ledger, &fixture.ledger.book(&crate::book::book_name()).await.unwrap()).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_do_not_change_while_the_account_grows() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        fill(&fixture, 300).await;
        for oldest_first in [false, true] {
            let asked = ListEntriesRequest { oldest_first, page_size: 70, ..all() };
            let before = pages(&fixture, &asked).await.0;
            let mut asked = asked;
            let mut seen = Vec::new();
            loop {
                let page = fixture.client().list_entries(asked.clone()).await.unwrap().into_inner();
                seen.extend(page.entries);
                asked.page_token = page.next_page_token;
                fill(&fixture, 5).await;
                if asked.page_token.is_empty() || seen.len() >= before.len() {
                    break;
                }
            }
            assert_eq!(seqs(&seen[..before.len()]), seqs(&before));
            assert_eq!(seen[..before.len()], before);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_choose_and_booking_times_bound() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        fill(&fixture, 600).await;
        fixture.post(post("claw_back", vec![transfer(STAR, "house/diamonds/issued", 77)])).await;
        let (everything, _) = pages(&fixture, &all()).await;
        let (at, until) = (everything[400].commit_time, everything[100].commit_time);
        let time = |seconds| Some(Timestamp { seconds, nanos: 0 });
        type Keep<'a> = Box<dyn Fn(&Entry) -> bool + 'a>;
        let cases: Vec<(ListEntriesRequest, Keep<'_>)> = vec![
            (ListEntriesRequest { kind: "bonus".to_owned(), ..all() }, Box::new(|entry| entry.kind == "bonus")),
            (ListEntriesRequest { side: EntrySide::Debit.into(), ..all() }, Box::new(|entry| entry.kind == "claw_back")),
            (ListEntriesRequest { side: EntrySide::Credit.into(), ..all() }, Box::new(|entry| entry.kind != "claw_back")),
            (
                ListEntriesRequest { counterparty: "house/diamonds/redeemed".to_owned(), ..all() },
                Box::new(|entry| entry.transfer.as_ref().unwrap().debit_account == "house/diamonds/redeemed"),
            ),
            (ListEntriesRequest { counterparty: "viewer/nobody/coins".to_owned(), ..all() }, Box::new(|_| false)),
            (ListEntriesRequest { amount_min: 590, ..all() }, Box::new(|entry| amount(entry) >= 590)),
            (ListEntriesRequest { booked_from: at, ..all() }, Box::new(|entry| key(&entry.commit_time) >= key(&at))),
            (ListEntriesRequest { booked_until: until, ..all() }, Box::new(|entry| key(&entry.commit_time) < key(&until))),
            (
                ListEntriesRequest { booked_from: at, booked_until: until, kind: "gift".to_owned(), ..all() },
                Box::new(|entry| entry.kind == "gift" && (key(&at)..key(&until)).contains(&key(&entry.commit_time))),
            ),
            (ListEntriesRequest { booked_until: time(-62_135_596_800), ..all() }, Box::new(|_| false)),
            (ListEntriesRequest { booked_from: time(253_402_300_799), ..all() }, Box::new(|_| false)),
            (ListEntriesRequest { booked_until: time(253_402_300_799), ..all() }, Box::new(|_| true)),
            (
                ListEntriesRequest { effective_from: time(1_100), effective_until: time(1_150), ..all() },
                Box::new(|entry| (1_100..1_150).contains(&entry.effective_time.unwrap().seconds)),
            ),
        ];
        for (asked, keep) in cases {
            let expected: Vec<Entry> = everything.iter().filter(|entry| keep(entry)).cloned().collect();
            assert_eq!(pages(&fixture, &asked).await.0, expected, "{asked:?}");
            let mut backwards = expected;
            backwards.reverse();
            let asked = ListEntriesRequest { oldest_first: true, page_size: 7, ..asked };
            assert_eq!(pages(&fixture, &asked).await.0, backwards, "{asked:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_finds_little_answers_in_steps() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        fixture.post(post("first", vec![transfer("house/diamonds/issued", STAR, 5)])).await;
        let leg = || transfer("house/diamonds/issued", STAR, 1);
        fixture.post_all((0..80).map(|_| post("many", vec![leg(); 64])).collect()).await;
        for oldest_first in [false, true] {
            let asked = ListEntriesRequest { kind: "first".to_owned(), oldest_first, ..all() };
            let (found, pages) = pages(&fixture, &asked).await;
            assert_eq!(found.iter().map(amount).collect::<Vec<_>>(), [5]);
            assert!((3..=4).contains(&pages), "{pages} pages for 5,121 entries");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_never_reach_beyond_the_list_they_are_of() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        fill(&fixture, 300).await;
        let asked = |oldest_first, token: &str| ListEntriesRequest { oldest_first, page_token: token.to_owned(), page_size: 10, ..all() };
        for oldest_first in [false, true] {
            let page = fixture.client().list_entries(asked(oldest_first, "")).await.unwrap().into_inner();
            let token = page.next_page_token;
            let refused = async |request: ListEntriesRequest| {
                let status = fixture.client().list_entries(request.clone()).await.expect_err("a foreign token was taken");
                assert_eq!(reason(&status), "PAGE_TOKEN", "{request:?}");
            };
            refused(asked(!oldest_first, &token)).await;
            refused(ListEntriesRequest { account: "viewer/fan/coins".to_owned(), ..asked(oldest_first, &token) }).await;
            refused(ListEntriesRequest { kind: "gift".to_owned(), ..asked(oldest_first, &token) }).await;
            // Forged: the list is right, the position is not one of its entries.
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(&token).unwrap();
            let (list, place) = bytes.split_last_chunk().unwrap();
            let place = i64::from_be_bytes(*place);
            for forged in [place + 1, place - 1, 64, i64::MAX, i64::MAX - 1, 1 << 40] {
                let forged = BASE64_URL_SAFE_NO_PAD.encode([list, &forged.to_be_bytes()].concat());
                refused(asked(oldest_first, &forged)).await;
            }
            for token in ["\0", ".", "-5.00", &"9".repeat(4_000)] {
                refused(asked(oldest_first, token)).await;
            }
        }
        let negative = fixture.client().list_entries(ListEntriesRequest { page_size: -1, ..all() }).await.unwrap_err();
        assert_eq!(reason(&negative), "MALFORMED");
        let unknown = ListEntriesRequest { account: "viewer/nobody/coins".to_owned(), ..all() };
        assert_eq!(reason(&fixture.client().list_entries(unknown).await.unwrap_err()), "ACCOUNT_UNKNOWN");
    })
    .await;
}

async fn balance_at(fixture: &Fixture, time: Option<Timestamp>) -> GetBalanceAtResponse {
    let request = GetBalanceAtRequest { book: BOOK.to_owned(), account: STAR.to_owned(), time };
    fixture.client().get_balance_at(request).await.unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_balance_at_any_time_is_that_of_the_last_entry_up_to_it() {
    on_both(async |database, _| {
        let fixture = fixture(database).await;
        let before = balance_at_unopened(&fixture).await;
        assert_eq!(before, "ACCOUNT_UNKNOWN");
        fill(&fixture, 700).await;
        let mut hold = gift("fan", "star", 9);
        hold.transfers[1].pending = true;
        fixture.post(hold).await;
        let (oldest, _) = pages(&fixture, &ListEntriesRequest { oldest_first: true, ..all() }).await;
        let micros = |time: &Option<Timestamp>, by: i64| {
            let time = time.unwrap();
            let micros = time.seconds * 1_000_000 + i64::from(time.nanos) / 1_000 + by;
            Some(Timestamp { seconds: micros.div_euclid(1_000_000), nanos: i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap() })
        };
        for entry in oldest.iter().step_by(23).chain(oldest.last()) {
            for by in [-1, 0, 1] {
                let time = micros(&entry.commit_time, by);
                let expected = oldest.iter().rfind(|entry| key(&entry.commit_time) <= key(&time));
                let told = balance_at(&fixture, time).await;
                let balance = expected.map_or((0, 0), |entry| (entry.balance_after, entry.seq));
                assert_eq!((told.balance, told.balance_seq), balance, "{time:?}");
                assert!(told.as_of.is_none_or(|as_of| key(&Some(as_of)) <= key(&time)));
            }
        }
        let far = |seconds| Some(Timestamp { seconds, nanos: 999_999_999 });
        let early = balance_at(&fixture, far(-62_135_596_800)).await;
        assert_eq!((early.balance, early.balance_seq, early.as_of, early.settled), (0, 0, None, true));
        let late = balance_at(&fixture, far(253_402_300_799)).await;
        let account = GetAccountRequest { book: BOOK.to_owned(), account: STAR.to_owned() };
        let now = fixture.client().get_account(account).await.unwrap().into_inner().account.unwrap();
        assert_eq!((late.balance, late.credits_pending, late.balance_seq, late.settled), (now.balance, 9, now.balance_seq, false));
        assert_eq!(late.as_of, oldest.last().unwrap().commit_time);
        assert!(balance_at(&fixture, micros(&late.as_of, -1)).await.settled);
        for time in [None, Some(Timestamp { seconds: i64::MAX, nanos: 0 }), Some(Timestamp { seconds: 0, nanos: -1 })] {
            let request = GetBalanceAtRequest { book: BOOK.to_owned(), account: STAR.to_owned(), time };
            assert_eq!(reason(&fixture.client().get_balance_at(request).await.unwrap_err()), "MALFORMED");
        }
    })
    .await;
}

async fn balance_at_unopened(fixture: &Fixture) -> String {
    let time = Some(Timestamp { seconds: 0, nanos: 0 });
    let request = GetBalanceAtRequest { book: BOOK.to_owned(), account: STAR.to_owned(), time };
    reason(&fixture.client().get_balance_at(request).await.unwrap_err())
}
