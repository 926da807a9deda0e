//! The books prove each other: what is late has a name, and what is wrong is red.
use crate::{
    CASH, CREATORS,
    fixture::{BOOK, Fixture, SECOND_APP, both},
    twins::structure,
};
use api::treasury::{ProveBooksRequest, ProveBooksResponse, TimingCause};

const DOLLARS: &str = "house/main/bank_cash/bank-usd/USD";
const EUROS: &str = "house/bank_cash/EUR";

impl Fixture {
    pub async fn prove(&self, physical_account: &str) -> ProveBooksResponse {
        let request = ProveBooksRequest { book: BOOK.to_owned(), physical_account: physical_account.to_owned() };
        self.client().prove_books(self.by(request)).await.unwrap().into_inner()
    }

    async fn twin(&self) {
        self.follower().round().await.unwrap();
    }
}

/// Cause, account, amount and owner of each item.
fn items(proof: &ProveBooksResponse) -> Vec<(TimingCause, &str, i64, &str)> {
    let seen = |item: &'_ api::treasury::TimingItem| (item.cause(), item.amount_minor_units);
    proof.items.iter().map(|item| (seen(item).0, item.account.as_str(), seen(item).1, item.owner.as_str())).collect()
}

#[tokio::test]
async fn what_has_no_twin_yet_is_an_item_and_nothing_differs() {
    for fixture in both().await {
        assert!(fixture.prove("").await.ok, "nothing is there yet");
        fixture.change(&structure()).await.unwrap();
        fixture.app_moves("app", DOLLARS, 1_000).await;
        fixture.app_moves(SECOND_APP, EUROS, 70).await;
        fixture.twin().await;
        let proof = fixture.prove("").await;
        assert_eq!((proof.ok, items(&proof), proof.problems.as_slice()), (true, vec![], [].as_slice()));
        assert_eq!(proof.apps.iter().map(|app| app.book.as_str()).collect::<Vec<_>>(), ["app", SECOND_APP]);
        let physical: Vec<_> = proof
            .physical_accounts
            .iter()
            .map(|one| (one.physical_account.as_str(), one.leaves_minor_units, one.cash_minor_units))
            .collect();
        assert_eq!(physical, [("bank-usd", 1_000, 1_000), ("main-eur", 70, 70)]);

        fixture.app_moves("app", DOLLARS, -250).await;
        fixture.app_moves("app", DOLLARS, 20).await;
        fixture.app_moves("app", "house/main/bank_cash/elsewhere/USD", 5).await;
        let proof = fixture.prove("").await;
        assert!(proof.ok, "{:?}", proof.problems);
        assert_eq!(
            items(&proof),
            [
                (TimingCause::TwinMissing, DOLLARS, -250, "treasury"),
                (TimingCause::TwinMissing, DOLLARS, 20, "treasury"),
                (TimingCause::NoPhysicalAccount, "house/main/bank_cash/elsewhere/USD", 5, "finance"),
            ]
        );
        let first = &proof.items[0];
        assert!(first.kind == "payout.settle" && first.book == "app" && first.posting_id.len() == 36 && first.commit_time.is_some());
        let claim = proof.claims.iter().find(|claim| claim.account == DOLLARS).unwrap();
        assert_eq!((claim.claimed_minor_units, claim.twins_minor_units, claim.items_minor_units), (770, 1_000, -230));
        assert_eq!((claim.leaf.as_str(), claim.physical_account.as_str()), ("us-creators", "bank-usd"));
        fixture.days_later(2);
        let aged = fixture.prove("bank-usd").await;
        assert!(aged.items.len() == 2 && aged.items.iter().all(|item| item.age_s >= 2 * 24 * 3_600), "{:?}", aged.items);
        assert_eq!((aged.physical_accounts.len(), aged.claims.len()), (1, 1));
        fixture.twin().await;
        assert_eq!(items(&fixture.prove("").await).len(), 1, "only what has no physical account");
    }
}

#[tokio::test]
async fn what_somebody_changed_by_hand_is_red_until_it_is_changed_back() {
    for fixture in both().await {
        fixture.change(&structure()).await.unwrap();
        fixture.app_moves("app", DOLLARS, 1_000).await;
        fixture.twin().await;
        let (claim, cover) = ("house/app/app_claim/bank-usd/USD", "house/main/claim_cover/us-creators/USD");
        let unallocated = "house/main/virtual_account/bank-usd-unallocated/USD";
        for (debit, credit, said) in [
            // The twin is taken back: leaf and cash still are equal.
            (CREATORS, CASH, "changed it by hand"),
            // The same of what is claimed.
            (cover, claim, "add up to 900, and at event"),
            (CREATORS, unallocated, "changed it by hand"),
            // Money that is nobody's.
            (CASH, "house/main/suspense/USD", "the leaves of bank-usd add up to 1000, and its cash is 1100"),
            (CASH, "house/main/virtual_account/not-there/USD", "the structure has no such account"),
        ] {
            // Suspense of main has no entity in its name.
            let credit = if credit == "house/main/suspense/USD" { "house/suspense/USD" } else { credit };
            fixture.adjust(debit, credit, 100).await;
            let proof = fixture.prove("").await;
            assert!(!proof.ok && proof.problems.iter().any(|problem| problem.contains(said)), "{debit} to {credit}: {:?}", proof.problems);
            fixture.app_moves("app", DOLLARS, 1).await;
            fixture.twin().await;
            assert!(!fixture.prove("").await.ok, "a later twin does not make it right");
            fixture.app_moves("app", DOLLARS, -1).await;
            fixture.twin().await;
            fixture.adjust(credit, debit, 100).await;
            let proof = fixture.prove("").await;
            assert!(proof.ok, "{debit} to {credit}: {:?}", proof.problems);
        }
    }
}

#[tokio::test]
async fn what_treasury_booked_by_itself_is_an_item() {
    for fixture in both().await {
        fixture.change(&structure()).await.unwrap();
        fixture.app_moves("app", DOLLARS, 1_000).await;
        fixture.twin().await;
        fixture.booked_as("treasury.interest", CASH, CREATORS, 12).await;
        fixture.app_moves("app", DOLLARS, -5).await;
        fixture.twin().await;
        let proof = fixture.prove("").await;
        assert!(proof.ok, "{:?}", proof.problems);
        assert_eq!(items(&proof), [(TimingCause::TreasuryOnly, CREATORS, 12, "finance")]);
        assert_eq!(
            proof.covers.iter().map(|cover| (cover.booked_minor_units, cover.covered_minor_units)).collect::<Vec<_>>()[2],
            (1_007, 995)
        );
    }
}
