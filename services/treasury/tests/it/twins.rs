//! What apps' books move at banks has one twin each in the treasury book, whatever is lost, repeated or restarted in between.
use crate::{
    TREE,
    fixture::{BOOK, Fixture, SECOND_APP, both},
    reserving::{LEAF, RandomPayouts, TRANSIT},
};
use api::ledger::{
    AccountState, BookMode, EntrySide, GetAccountRequest, ListEntriesRequest, PostPendingRequest, PostRequest, RequestField,
    SetAccountStateRequest, Transfer, VoidPendingRequest,
};
use std::collections::BTreeMap;
use testbed::{Fault, Storage};

/// A second account, in another currency, with a leaf for each app.
const EURO: &str = r#"
[[account]]
id = "main-eur"
name = "Euro"
bank = "B bank"
branch = "TESTDEFF"
currency = "EUR"
entity = "main"
number = "111"

[[leaf]]
id = "eur-app"
parent = "main-eur"
name = "App"
entity = "main"
claims = ["app"]

[[leaf]]
id = "eur-two"
parent = "main-eur"
name = "Two"
entity = "acme"
claims = ["app-two"]
"#;

/// The accounts of bank cash in apps' books.
const DOLLARS: &str = "house/main/bank_cash/bank-usd/USD";
const EUROS: &str = "house/bank_cash/EUR";

/// The structure of both accounts; dollars of `app` are covered by the creators' leaf, those of the other app by none of its own.
pub fn structure() -> String {
    let tree = TREE.replace("funds = \"client\"", "funds = \"client\"\nclaims = [\"app\"]");
    format!("{tree}{EURO}")
}

pub fn transfer(debit: &str, credit: &str, amount: i64) -> Transfer {
    Transfer { debit_account: debit.to_owned(), credit_account: credit.to_owned(), amount, ..Transfer::default() }
}

fn other_side(account: &str) -> &'static str {
    if account.ends_with("EUR") { "house/in_transit/EUR" } else { "house/in_transit/USD" }
}

impl Fixture {
    /// Posts transfers in an app's book; returns the number of the last transfer.
    pub async fn app_post(&self, book: &str, request_id: &str, transfers: Vec<Transfer>) -> i64 {
        self.app_post_for(book, request_id, transfers, "").await
    }

    /// The same for a payout; empty: for none.
    pub async fn app_post_for(&self, book: &str, request_id: &str, transfers: Vec<Transfer>, payout_id: &str) -> i64 {
        let payout = RequestField { name: "payout_id".to_owned(), value: payout_id.to_owned() };
        let post = PostRequest {
            book: book.to_owned(),
            request_id: request_id.to_owned(),
            kind: "payout.settle".to_owned(),
            transfers,
            request_fields: if payout_id.is_empty() { Vec::new() } else { vec![payout] },
            ..Default::default()
        };
        let posting = self.bed.client().post(post).await.unwrap().into_inner().posting.unwrap();
        posting.transfers.last().unwrap().transfer_no
    }

    /// Money that came to a bank account of an app, or left it.
    pub async fn app_moves(&self, book: &str, account: &str, amount: i64) {
        let other = other_side(account);
        let moved = if amount > 0 { transfer(account, other, amount) } else { transfer(other, account, -amount) };
        self.app_post(book, &testbed::new_id(), vec![moved]).await;
    }

    /// Freezes or thaws an account of the treasury book.
    pub async fn freeze(&self, account: &str, frozen: bool) {
        let state = if frozen { AccountState::Frozen } else { AccountState::Open };
        let request = SetAccountStateRequest {
            book: BOOK.to_owned(),
            request_id: testbed::new_id(),
            account: account.to_owned(),
            state: state.into(),
        };
        self.bed.client().set_account_state(request).await.unwrap();
    }

    /// Debits minus credits.
    pub async fn debit_balance(&self, book: &str, account: &str) -> i64 {
        let request = GetAccountRequest { book: book.to_owned(), account: account.to_owned() };
        self.bed.client().get_account(request).await.map_or(0, |answer| -answer.into_inner().account.unwrap().balance)
    }

    /// What is booked on each leaf that is not empty, and the cash of each physical account.
    async fn booked(&self) -> BTreeMap<String, i64> {
        let listed = self.list("").await;
        let sums = listed.iter().filter(|one| one.standard == "unallocated" || one.standard.is_empty());
        let sums = sums.map(|one| (one.id.clone(), one.balance.unwrap().booked_minor_units));
        sums.filter(|(_, booked)| *booked != 0).collect()
    }
}

#[tokio::test]
async fn what_moves_at_a_bank_has_a_twin_on_the_leaf_that_covers_it() {
    for fixture in both().await {
        fixture.change(&structure()).await.unwrap();
        let mut follower = fixture.follower();
        assert_eq!(follower.round().await.unwrap(), 0);
        fixture.app_moves("app", DOLLARS, 1_000).await;
        fixture.app_moves("app", DOLLARS, -300).await;
        fixture.app_moves(SECOND_APP, DOLLARS, 50).await;
        fixture.app_moves(SECOND_APP, EUROS, 7).await;
        // An id without a time, as imports have them.
        fixture
            .app_post(
                "app",
                &uuid::Uuid::from_u128(0x4000_8000_0000_0000_0000).to_string(),
                vec![transfer(EUROS, "house/in_transit/EUR", 9)],
            )
            .await;
        // A bank account that no physical account stands for, and one of another entity.
        fixture.app_moves("app", "house/main/bank_cash/elsewhere/USD", 5).await;
        fixture.app_moves("app", "house/acme/bank_cash/bank-usd/USD", 5).await;
        assert_eq!(fixture.follower().round().await.unwrap(), 5);
        let wanted = [
            ("bank-usd", 750),
            ("bank-usd-unallocated", 50),
            ("eur-app", 9),
            ("eur-two", 7),
            ("main-eur", 16),
            ("us", 700),
            ("us-creators", 700),
        ];
        assert_eq!(fixture.booked().await, wanted.map(|(id, booked)| (id.to_owned(), booked)).into());
        for (book, account, mirror) in [
            ("app", DOLLARS, "house/app/app_claim/bank-usd/USD"),
            (SECOND_APP, DOLLARS, "house/app-two/app_claim/bank-usd/USD"),
            ("app", EUROS, "house/app/app_claim/main-eur/EUR"),
        ] {
            assert_eq!(fixture.debit_balance(BOOK, mirror).await, fixture.debit_balance(book, account).await, "{mirror}");
        }
        assert_eq!(-fixture.debit_balance(BOOK, "house/main/claim_cover/us-creators/USD").await, 700);
        assert_eq!(fixture.debit_balance(BOOK, "house/main/physical_cash/bank-usd/USD").await, 750);
        assert_eq!(fixture.follower().round().await.unwrap(), 0, "a restart posts nothing again");
    }
}

/// The app's book settles a payout, and the bank's statement has its debit: one booking, and nothing to explain.
#[tokio::test]
async fn a_payout_that_has_a_twin_is_known_when_its_statement_comes() {
    for fixture in both().await {
        fixture.with_euros(1_000_000).await;
        let day = fixture.day(-3);
        let (payout, at) = (testbed::new_id(), day.parse::<jiff::civil::Date>().unwrap().at(12, 0, 0, 0).in_tz("UTC").unwrap().timestamp());
        let post = PostRequest {
            book: "app".to_owned(),
            request_id: testbed::new_id(),
            kind: "payout.settle".to_owned(),
            transfers: vec![transfer("house/in_transit/EUR", "house/main/bank_cash/bank-eur/EUR", 12_550)],
            request_fields: vec![RequestField { name: "payout_id".to_owned(), value: payout.clone() }],
            effective_time: Some(std::time::SystemTime::from(at).into()),
            ..Default::default()
        };
        fixture.bed.client().post(post).await.unwrap();
        assert_eq!(fixture.follower().round().await.unwrap(), 1);
        let debited = crate::bank::entry("BK1", -12_550, &payout.replace('-', ""));
        let imported = fixture.import(crate::bank::statement(7, &day, 1_000_000, &[debited]).as_bytes()).await.unwrap();
        assert_eq!((imported.open_case_count, fixture.open_cases().await), (0, Vec::new()));
        assert_eq!((fixture.has("bank-eur-suspense").await, fixture.has("bank-eur").await), (0, 987_450));
    }
}

#[tokio::test]
async fn a_hold_has_no_twin_until_it_is_posted_and_none_once_it_is_voided() {
    for fixture in both().await {
        fixture.change(&structure()).await.unwrap();
        fixture.app_moves("app", DOLLARS, 1_000).await;
        let held = || vec![Transfer { pending: true, ..transfer("house/in_transit/USD", DOLLARS, 400) }];
        let (posted, voided) =
            (fixture.app_post("app", &testbed::new_id(), held()).await, fixture.app_post("app", &testbed::new_id(), held()).await);
        let mut follower = fixture.follower();
        assert_eq!(follower.round().await.unwrap(), 1);
        let request = PostPendingRequest {
            book: "app".to_owned(),
            request_id: testbed::new_id(),
            transfer_no: posted,
            amount: 150,
            kind: "payout.settle".to_owned(),
            ..Default::default()
        };
        fixture.bed.client().post_pending(request).await.unwrap();
        let request = VoidPendingRequest {
            book: "app".to_owned(),
            request_id: testbed::new_id(),
            transfer_no: voided,
            kind: "payout.cancel".to_owned(),
            ..Default::default()
        };
        fixture.bed.client().void_pending(request).await.unwrap();
        assert_eq!(follower.round().await.unwrap(), 1);
        assert_eq!(fixture.booked().await["us-creators"], 850);
    }
}

#[tokio::test]
async fn twins_of_a_closed_account_wait_and_the_others_do_not() {
    let fixture = Fixture::start(Storage::sqlite(), BookMode::Test).await;
    fixture.change(&structure()).await.unwrap();
    fixture.app_moves("app", DOLLARS, 10).await;
    let mut follower = fixture.follower();
    follower.round().await.unwrap();
    let leaf = "house/main/virtual_account/us-creators/USD";
    fixture.freeze(leaf, true).await;
    fixture.app_moves("app", DOLLARS, 20).await;
    fixture.app_moves("app", DOLLARS, 30).await;
    fixture.app_moves("app", EUROS, 40).await;
    let mut follower = fixture.follower();
    let mut rounds = 0;
    while fixture.debit_balance(BOOK, "house/app/app_claim/main-eur/EUR").await == 0 {
        assert!(follower.round().await.is_err() && rounds < 2, "the frozen account's error is returned");
        rounds += 1;
    }
    assert_eq!(fixture.booked().await["us-creators"], 10);
    fixture.freeze(leaf, false).await;
    assert_eq!(follower.round().await.unwrap(), 2, "under new ids, because the old ones were refused");
    assert_eq!(fixture.booked().await["us-creators"], 60);
}

/// Numbers that look random; the same for the same seed.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// What an app's account claims, and how many postings changed it.
#[derive(Debug, Default, PartialEq)]
struct Claimed {
    amount: i64,
    moves: usize,
}

/// How many entries of this kind of an account on this side there are.
async fn entries(fixture: &Fixture, account: &str) -> usize {
    let (mut count, mut page_token) = (0, String::new());
    loop {
        let request = ListEntriesRequest {
            book: BOOK.to_owned(),
            account: account.to_owned(),
            kind: "treasury.twin".to_owned(),
            side: EntrySide::Unspecified.into(),
            page_token,
            ..Default::default()
        };
        let Ok(page) = fixture.bed.client().list_entries(request).await else { return 0 };
        let page = page.into_inner();
        count += page.entries.len();
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return count;
        }
    }
}

/// The leaf that covers what an app's account claims.
fn covering(book: &str, account: &str) -> &'static str {
    match (book, account) {
        ("app", DOLLARS) => "us-creators",
        (_, DOLLARS) => "bank-usd-unallocated",
        ("app", _) => "eur-app",
        _ => "eur-two",
    }
}

/// Random postings of two apps, and payouts that reserve, while followers lose answers, are restarted and race; then every posting has exactly one twin.
async fn day(seed: u64) {
    let fixture = Fixture::start(Storage::sqlite(), BookMode::Test).await;
    fixture.change(&structure()).await.unwrap();
    let (mut numbers, mut follower) = (Numbers(seed), fixture.follower());
    let mut wanted: BTreeMap<(&str, &str), Claimed> = BTreeMap::new();
    let mut payouts = RandomPayouts::default();
    for _ in 0..60 {
        let book = ["app", SECOND_APP][usize::try_from(numbers.below(2)).unwrap()];
        let account = [DOLLARS, EUROS][usize::try_from(numbers.below(2)).unwrap()];
        let amount = i64::try_from(1 + numbers.below(500)).unwrap();
        match numbers.below(13) {
            0..=3 => {
                let amount = if numbers.below(2) == 0 { amount } else { -amount };
                fixture.app_moves(book, account, amount).await;
                let claimed = wanted.entry((book, account)).or_default();
                (claimed.amount, claimed.moves) = (claimed.amount + amount, claimed.moves + 1);
            }
            4 => {
                // A payment and its fee in one posting.
                let other = other_side(account);
                let transfers = vec![transfer(account, other, amount), transfer(other, account, 1), transfer(account, other, 3)];
                fixture.app_post(book, &testbed::new_id(), transfers).await;
                let claimed = wanted.entry((book, account)).or_default();
                (claimed.amount, claimed.moves) = (claimed.amount + amount + 2, claimed.moves + 1);
            }
            5 => fixture.bed.fault.fail([Fault::Down, Fault::AnswerLost, Fault::None][usize::try_from(numbers.below(3)).unwrap()].clone()),
            9..=12 => {
                if let Some(paid) = payouts.step(&fixture, &mut numbers).await {
                    let claimed = wanted.entry(("app", DOLLARS)).or_default();
                    (claimed.amount, claimed.moves) = (claimed.amount - paid, claimed.moves + 1);
                }
            }
            6 => follower = fixture.follower(),
            7 => {
                let mut other = fixture.follower();
                let _answers_may_be_lost = tokio::join!(follower.round(), other.round());
            }
            _ => drop(follower.round().await),
        }
        // Posts of the apps are not what fails.
        if numbers.below(3) == 0 {
            let _answers_may_be_lost = follower.round().await;
        }
        fixture.bed.fault.fail(Fault::None);
        if numbers.below(4) == 0 {
            let cut = fixture.prove("").await;
            assert!(cut.ok, "seed {seed}: {:?}", cut.problems);
        }
    }
    payouts.end(&fixture).await;
    let (mut follower, late) = (fixture.follower(), fixture.prove("").await);
    assert!(late.ok, "seed {seed}: {:?}", late.problems);
    while follower.round().await.unwrap() > 0 {}
    let proof = fixture.prove("").await;
    assert!(proof.ok && proof.items.is_empty(), "seed {seed}: {:?} {:?}", proof.problems, proof.items);
    let mut leaves: BTreeMap<String, i64> = BTreeMap::new();
    for ((book, account), claimed) in &wanted {
        let physical = if *account == DOLLARS { "bank-usd/USD" } else { "main-eur/EUR" };
        let mirror = format!("house/{book}/app_claim/{physical}");
        let twins = Claimed { amount: fixture.debit_balance(BOOK, &mirror).await, moves: entries(&fixture, &mirror).await };
        assert_eq!(twins, *claimed, "seed {seed}: {mirror}");
        *leaves.entry(covering(book, account).to_owned()).or_default() += claimed.amount;
    }
    leaves.retain(|_, booked| *booked != 0);
    let mut booked = fixture.booked().await;
    let (leaf, free) = fixture.free(LEAF).await;
    assert_eq!((leaf - free, fixture.free(TRANSIT).await.0), (0, 0), "seed {seed}: nothing is held or in transit");
    booked.retain(|id, _| !["us", "bank-usd", "main-eur"].contains(&id.as_str()));
    assert_eq!(booked, leaves, "seed {seed}");
}

#[tokio::test]
async fn random_days_have_one_twin_for_every_posting() {
    let seeds: u64 = std::env::var("LARGESSE_TREASURY_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(6);
    for seed in 0..seeds {
        day(seed).await;
    }
}
