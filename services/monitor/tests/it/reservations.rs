//! What follows the holds of payouts' reservations is as their rows say, and never without a row: nobody moves a leaf's money with its cover, or releases a hold, without
//! both audits naming it.
use crate::{
    planted::{damaged, problems, release},
    posted::{Planted, change, post},
};
use api::ledger::{BookMode, Posting};
use chart::{GuardKey, PostingKind};
use money::BookName;
use testbed::{Testbed, TestbedOptions, both};
use uuid::Uuid;

const BOOK: &str = "treasury";
const LEAF: &str = "creators";
const PARTS: [&str; 2] = ["reservation ", "was decided in no row of treasury"];

fn money(leaf: &str) -> String {
    format!("house/main/virtual_account/{leaf}/USD")
}

fn cover(leaf: &str) -> String {
    format!("house/main/claim_cover/{leaf}/USD")
}

fn app() -> BookName {
    BookName::try_new("app").unwrap()
}

/// A reservation of 300 cents on the account `bank-usd`.
struct Reserved {
    id: Uuid,
    payout_id: Uuid,
    hold: Posting,
}

impl Reserved {
    /// Holds the money, and has the row be in this state.
    async fn new(bed: &Testbed, state: &str) -> Self {
        let (id, payout_id, hold_key) = (Uuid::now_v7(), Uuid::now_v7(), Uuid::now_v7());
        let hold = post(
            bed,
            Planted {
                book: BOOK,
                kind: "treasury.reserve",
                id: hold_key,
                moved: vec![(money(LEAF), money("bank-usd-in-transit"), -300)],
                fields: vec![("request_key", format!("reserve/app/{id}"))],
                guards: Vec::new(),
            },
        )
        .await;
        let sql = format!(
            "INSERT INTO funds_reservation (book, app, reservation_id, payout_id, entity, bank_account, account_id, leaf_id, leaf_entity, account_entity, currency,
                 minor_units, hold_key, intent_id, state, expires_at_ms, changed_at_ms, tries, settled_by)
             VALUES ('{BOOK}', 'app', '{id}', '{payout_id}', 'main', 'main', 'bank-usd', '{LEAF}', 'main', 'main', 'USD', 300, '{hold_key}', '{id}', '{state}',
                 0, 0, 0, '')"
        );
        assert_eq!(change(&bed.database, "treasury", &sql).await, 1);
        Self { id, payout_id, hold }
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let ids = [("payout_id", self.payout_id), ("reservation_id", self.id)].map(|(name, id)| (name, id.to_string()));
        [("app_book", "app".to_owned())].into_iter().chain(ids).collect()
    }

    /// Moves money and cover from one leaf to another, in the name of the reservation.
    async fn step(&self, bed: &Testbed, kind: PostingKind, (from, to): (&str, &str), is_guarded: bool) -> Posting {
        let guards = if is_guarded { vec![GuardKey::reservation(&app(), self.id, kind).into_string()] } else { Vec::new() };
        let moved = vec![(money(from), money(to), 300), (cover(from), cover(to), 300)];
        post(bed, Planted { book: BOOK, kind: kind.name(), id: Uuid::now_v7(), moved, fields: self.fields(), guards }).await
    }

    async fn release(&self, bed: &Testbed) -> Posting {
        release(bed, (BOOK, "treasury.release"), &self.hold, &[("reservation_id", self.id.to_string())]).await
    }

    async fn submit(&self, bed: &Testbed) {
        self.step(bed, PostingKind::TreasurySubmit, (LEAF, TRANSIT), true).await;
        self.release(bed).await;
    }
}

const TRANSIT: &str = "bank-usd-in-transit";
const BLOCKED: &str = "bank-usd-blocked";

/// The change of the reservation in transit, and what is said.
const DAMAGES: [(&str, &str); 13] = [
    ("minor_units = 301", "says treasury.reserve of 301 from"),
    ("currency = 'EUR'", "virtual_account/creators/EUR"),
    ("leaf_id = 'thief'", "virtual_account/thief/USD"),
    ("leaf_entity = 'thief'", "house/thief/virtual_account/creators/USD"),
    ("account_id = 'thief'", "virtual_account/thief-in-transit/USD"),
    ("account_entity = 'thief'", "house/thief/virtual_account/bank-usd-in-transit/USD"),
    ("hold_key = '01936f5e-7c3b-8000-9000-a1b2c3d4e5f6'", "which the ledger does not have"),
    ("app = 'other'", "was decided in no row of treasury"),
    ("payout_id = '01936f5e-7c3b-7000-9000-a1b2c3d4e5f6'", "was decided in no row of treasury"),
    ("state = 'reserved'", "is reserved, and its hold at event "),
    ("state = 'blocked'", "is blocked, and the ledger has treasury.submit"),
    ("state = 'released'", "is released, and the ledger has treasury.submit"),
    ("leaf_id = 'A B'", "a row can't be read: a row with an unknown leaf of a reservation"),
];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_follows_the_hold_of_a_reservation_has_a_row_and_the_other_way_round() {
    for storage in both() {
        let books: &[(&str, BookMode)] = &[("app", BookMode::Test), (BOOK, BookMode::Test)];
        let bed = Testbed::on(storage, TestbedOptions { books, recorded: false }).await;
        drop(treasury::tables::Store::open(&bed.database).await.unwrap());
        fund(&bed).await;
        let (open, in_transit) = (Reserved::new(&bed, "reserved").await, Reserved::new(&bed, "in_transit").await);
        let (rejected, blocked, freed) =
            (Reserved::new(&bed, "released").await, Reserved::new(&bed, "blocked").await, Reserved::new(&bed, "released").await);
        let voided = Reserved::new(&bed, "released").await;
        voided.release(&bed).await;
        for submitted in [&in_transit, &rejected, &blocked, &freed] {
            submitted.submit(&bed).await;
        }
        rejected.step(&bed, PostingKind::TreasuryReject, (TRANSIT, LEAF), true).await;
        for of in [&blocked, &freed] {
            of.step(&bed, PostingKind::TreasuryBlock, (TRANSIT, BLOCKED), true).await;
        }
        freed.step(&bed, PostingKind::TreasuryUnblock, (BLOCKED, LEAF), true).await;
        let found = async || {
            let [whole, rolling] = problems(&bed, (BOOK, "treasury"), &[&PARTS[..], &["a row can't be read"]].concat()).await;
            // The rows of the movements that hold, which are not here.
            let holds = [&open, &in_transit, &rejected, &blocked, &freed, &voided].map(|of| of.hold.posting_id.clone());
            let other = |problem: &String| !holds.iter().any(|hold| problem.contains(&format!("posting {hold}, was decided in no row")));
            [whole, rolling].map(|found| found.into_iter().filter(other).collect::<Vec<_>>())
        };
        assert_eq!(found().await, [const { Vec::<String>::new() }; 2]);
        rows_damaged(&bed, &in_transit, &found).await;
        assert_eq!(found().await, [const { Vec::<String>::new() }; 2]);
        forged(&bed, [&open, &in_transit, &rejected], &found).await;
        bed.ledger.shutdown().await;
    }
}

/// Puts money with its cover on the leaf.
async fn fund(bed: &Testbed) {
    let moved = vec![
        ("house/main/physical_cash/bank-usd/USD".to_owned(), money(LEAF), 100_000),
        ("house/app/app_claim/bank-usd/USD".to_owned(), cover(LEAF), 100_000),
    ];
    post(bed, Planted { book: BOOK, kind: "adjustment", id: Uuid::now_v7(), moved, fields: Vec::new(), guards: Vec::new() }).await;
}

async fn rows_damaged(bed: &Testbed, of: &Reserved, found: &impl AsyncFn() -> [Vec<String>; 2]) {
    let row = format!("reservation_id = '{}'", of.id);
    let mut damages: Vec<(String, &str)> = Vec::new();
    damages.extend(DAMAGES.map(|(set, said)| (format!("UPDATE funds_reservation SET {set} WHERE {row}"), said)));
    damages.push((format!("DELETE FROM funds_reservation WHERE {row}"), "was decided in no row of treasury"));
    // One that is added for a hold that another has.
    let copied = format!(
        "INSERT INTO funds_reservation SELECT book, app, '01936f5e-7c3b-7000-9000-a1b2c3d4e5f6', payout_id, entity, bank_account, account_id, leaf_id, leaf_entity,
             account_entity, currency, minor_units, hold_key, intent_id, state, expires_at_ms, changed_at_ms, tries, settled_by, back_on
         FROM funds_reservation WHERE {row}"
    );
    damages.push((copied, "reservation 01936f5e-7c3b-7000-9000-a1b2c3d4e5f6 of app"));
    for (sql, said) in damages {
        for found in damaged(&bed.database, ("treasury", "funds_reservation", &sql), found).await {
            assert!(found.iter().any(|problem| problem.contains(said)), "{sql}: {found:#?}");
        }
    }
}

/// Postings that no row decided; the journal keeps them.
async fn forged(bed: &Testbed, [open, in_transit, rejected]: [&Reserved; 3], found: &impl AsyncFn() -> [Vec<String>; 2]) {
    let stranger = Reserved { id: Uuid::now_v7(), payout_id: Uuid::now_v7(), hold: Posting::default() };
    let mut forged = Vec::new();
    // To another leaf: by no reservation, by one that has another leaf, and once more without the guard by which it happens once.
    forged.push(stranger.step(bed, PostingKind::TreasurySubmit, (LEAF, "thief"), true).await);
    forged.push(in_transit.step(bed, PostingKind::TreasuryReject, (TRANSIT, "thief"), true).await);
    forged.push(rejected.step(bed, PostingKind::TreasuryReject, (LEAF, TRANSIT), false).await);
    for kind in [PostingKind::TreasurySubmit, PostingKind::TreasuryBlock, PostingKind::TreasuryUnblock] {
        forged.push(in_transit.step(bed, kind, (LEAF, "thief"), false).await);
    }
    let names: Vec<String> = forged.iter().map(|posting| format!("posting {},", posting.posting_id)).collect();
    for found in found().await {
        for name in &names {
            assert!(found.iter().any(|problem| problem.contains(name)), "{name}: {found:#?}");
        }
        let state = format!("reservation {} of app is in_transit, and the ledger has treasury.submit, treasury.reject", in_transit.id);
        assert!(found.iter().any(|problem| problem.contains(&state)), "{found:#?}");
    }
    // A hold that is released although nobody gave the reservation up.
    open.release(bed).await;
    for found in found().await {
        let said = format!("reservation {} of app is reserved, and its hold at event", open.id);
        assert!(found.iter().any(|problem| problem.contains(&said)), "{found:#?}");
    }
}
