//! What the bank books on a physical account, divided among its leaves: by balances, rates, entries; and the calculation that is kept.
use crate::{
    fixture::{BOOK, Fixture},
    moves::{CASH, assert_proof, leaf_account, rule, start},
    reason,
};
use api::treasury::{
    AllocateChargesRequest, AllocateChargesResponse, Allocation, AllocationBasis as Basis, ChargeKind as Kind, ListAllocationsRequest,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use testbed::{Storage, both};
use tonic::Status;

const FEES: &str = "house/main/virtual_account/bank-usd-fees/USD";

pub fn ask(fixture: &Fixture, (kind, basis): (Kind, Basis), days: (i64, i64), minor_units: i64) -> AllocateChargesRequest {
    AllocateChargesRequest {
        book: BOOK.to_owned(),
        physical_account: "bank-usd".to_owned(),
        kind: kind.into(),
        from_date: fixture.day(days.0),
        until_date: fixture.day(days.1),
        minor_units,
        basis: basis.into(),
        residue_leaf: String::new(),
        sequence: 0,
    }
}

impl Fixture {
    pub async fn allocate(&self, request: &AllocateChargesRequest) -> Result<AllocateChargesResponse, Status> {
        self.client().allocate_charges(self.by(request.clone())).await.map(tonic::Response::into_inner)
    }

    async fn divided(&self, request: &AllocateChargesRequest) -> Vec<(String, i64)> {
        let allocation = self.allocate(request).await.unwrap().allocation.unwrap();
        allocation.shares.into_iter().map(|share| (share.leaf, share.minor_units)).collect()
    }

    /// What came to a leaf on the day that it is for the service.
    pub async fn receives(&self, leaf: &str, amount: i64) {
        self.adjust_at(CASH, &leaf_account(leaf), amount, Some((self.clock)())).await;
    }

    pub async fn bank_pays(&self, amount: i64) {
        self.adjust(CASH, FEES, amount).await;
    }

    async fn bank_takes(&self, amount: i64) {
        self.adjust(FEES, CASH, amount).await;
    }
}

fn named(shares: &[(&str, i64)]) -> Vec<(String, i64)> {
    shares.iter().map(|(leaf, amount)| ((*leaf).to_owned(), *amount)).collect()
}

#[tokio::test]
async fn interest_is_divided_by_daily_balances_once_and_its_calculation_kept() {
    for storage in both() {
        let fixture = start(storage, 6).await;
        for (leaf, amount) in [("main-a", 30_000), ("acme-a", 10_000), ("client-a", 20_000)] {
            fixture.receives(leaf, amount).await;
        }
        fixture.days_later(2);
        fixture.receives("main-b", 1_000_000).await;
        let income = (Kind::CreditInterest, Basis::Balances);
        let request = ask(&fixture, income, (-2, -1), 101);
        assert_eq!(rule(&fixture.allocate(&request).await.unwrap_err()), "not_booked");
        fixture.bank_pays(101).await;
        let first = fixture.allocate(&request).await.unwrap();
        let allocation = first.allocation.clone().unwrap();
        let shares: Vec<_> =
            allocation.shares.iter().map(|share| (share.leaf.as_str(), share.minor_units, share.weight.as_str())).collect();
        // Exactly 16.83, 33.67 and 50.5; the two units that are left go to the largest fractions, and what came later has no share.
        assert_eq!(shares, [("acme-a", 17, "20000"), ("client-a", 34, "40000"), ("main-a", 50, "60000")]);
        assert_eq!((allocation.residue_minor_units, allocation.allocated_by.as_str(), first.replayed), (0, "fay", false));
        let again = fixture.allocate(&request).await.unwrap();
        assert_eq!((again.replayed, again.allocation.as_ref()), (true, Some(&allocation)));
        let other = fixture.allocate(&AllocateChargesRequest { minor_units: 102, ..request.clone() }).await.unwrap_err();
        assert_eq!(reason(&other), "REQUEST_ID_REUSED");
        let overlap = ask(&fixture, income, (-1, -1), 1);
        assert_eq!(rule(&fixture.allocate(&overlap).await.unwrap_err()), "period_done");
        let later = AllocateChargesRequest { sequence: 2, ..request.clone() };
        assert_eq!(rule(&fixture.allocate(&later).await.unwrap_err()), "sequence");
        fixture.bank_pays(6).await;
        let correction = AllocateChargesRequest { sequence: 1, minor_units: 6, ..request };
        assert_eq!(fixture.divided(&correction).await, named(&[("acme-a", 1), ("client-a", 2), ("main-a", 3)]));
        let list = fixture.by(ListAllocationsRequest { book: BOOK.to_owned(), ..Default::default() });
        let listed: Vec<Allocation> = fixture.client().list_allocations(list).await.unwrap().into_inner().allocations;
        assert_eq!((listed.len(), &listed[1]), (2, &allocation));
        let book = fixture.balances().await;
        assert_eq!((book[FEES], book[&leaf_account("main-a")], book[&leaf_account("client-a")]), (0, 30_053, 20_036));
        assert_proof(&book);
        assert_eq!(fixture.assert_rows_are_postings().await["treasury.allocation"], 2);
    }
}

#[tokio::test]
async fn fees_are_paid_by_own_funds_that_are_there() {
    for storage in both() {
        let fixture = start(storage, 3).await;
        for leaf in ["main-a", "main-a", "acme-a", "client-a"] {
            fixture.receives(leaf, 1_000).await;
        }
        fixture.days_later(1);
        fixture.bank_takes(300).await;
        let flat = ask(&fixture, (Kind::Fees, Basis::Flat), (-1, -1), 100);
        let refused = fixture.allocate(&flat).await.unwrap_err();
        assert_eq!(
            (rule(&refused), rpc::facts(&refused)["id"].as_str()),
            ("leaf_available".to_owned(), "beta-a"),
            "it has nothing to pay with"
        );
        let items = ask(&fixture, (Kind::Fees, Basis::Items), (-1, -1), 90);
        assert_eq!(fixture.divided(&items).await, named(&[("acme-a", 30), ("main-a", 60)]), "three entries of own funds, one of clients'");
        fixture.days_later(1);
        fixture.receives("acme-a", 500).await;
        fixture.receives("client-a", 500_000).await;
        let none = ask(&fixture, (Kind::Fees, Basis::Turnover), (-1, -1), 7);
        assert_eq!(rule(&fixture.allocate(&none).await.unwrap_err()), "no_basis", "a day without entries");
        assert_eq!(rule(&fixture.allocate(&ask(&fixture, (Kind::Fees, Basis::Items), (0, 0), 7)).await.unwrap_err()), "period_open");
        assert_eq!(rule(&fixture.allocate(&ask(&fixture, (Kind::Fees, Basis::Items), (-1, -2), 7)).await.unwrap_err()), "period_length");
        assert_eq!(rule(&fixture.allocate(&ask(&fixture, (Kind::Fees, Basis::Items), (-400, -1), 7)).await.unwrap_err()), "period_length");
        let nowhere = AllocateChargesRequest { physical_account: "us".to_owned(), ..ask(&fixture, (Kind::Fees, Basis::Flat), (-1, -1), 7) };
        assert_eq!(rule(&fixture.allocate(&nowhere).await.unwrap_err()), "account");
        fixture.days_later(1);
        let turnover = ask(&fixture, (Kind::Fees, Basis::Turnover), (-1, -1), 50);
        assert_eq!(fixture.divided(&turnover).await, named(&[("acme-a", 50)]));
        let book = fixture.balances().await;
        assert_eq!((book[FEES], book[&leaf_account("client-a")]), (-160, 501_000), "clients paid nothing");
        assert_proof(&book);
        for wrong in [
            AllocateChargesRequest { minor_units: 0, ..turnover.clone() },
            AllocateChargesRequest { minor_units: -1, ..turnover.clone() },
            AllocateChargesRequest { minor_units: i64::MAX, ..turnover.clone() },
            AllocateChargesRequest { kind: 0, ..turnover.clone() },
            AllocateChargesRequest { basis: 9, ..turnover.clone() },
            AllocateChargesRequest { sequence: -1, ..turnover.clone() },
            AllocateChargesRequest { from_date: "2026-02-30".to_owned(), ..turnover.clone() },
        ] {
            assert_eq!(reason(&fixture.allocate(&wrong).await.unwrap_err()), "MALFORMED");
        }
    }
}

#[tokio::test]
async fn at_rates_the_difference_has_a_leaf_of_its_own() {
    let fixture = start(Storage::sqlite(), 3).await;
    fixture.receives("main-a", 1_000_000).await;
    fixture.receives("acme-a", 500_000).await;
    fixture.days_later(2);
    fixture.bank_pays(500).await;
    let rates = ask(&fixture, (Kind::CreditInterest, Basis::Rates), (-2, -1), 500);
    assert_eq!(rule(&fixture.allocate(&rates).await.unwrap_err()), "residue", "300 is no rounding");
    let client = AllocateChargesRequest { residue_leaf: "client-a".to_owned(), ..rates.clone() };
    assert_eq!(rule(&fixture.allocate(&client).await.unwrap_err()), "residue");
    let named_leaf = AllocateChargesRequest { residue_leaf: "main-b".to_owned(), ..rates };
    let allocation = fixture.allocate(&named_leaf).await.unwrap().allocation.unwrap();
    // 3.6 % of a year of 360 days: 100 a day of 10,000.00; the other leaf has no rate.
    assert_eq!((allocation.residue_minor_units, allocation.residue_leaf.as_str(), allocation.shares.len()), (300, "main-b", 1));
    let run = &allocation.shares[0].runs[0];
    assert_eq!((run.days, run.balance_minor_units, run.rate_millionths, run.year_days), (2, 1_000_000, 36_000, 360));
    fixture.bank_pays(198).await;
    fixture.days_later(1);
    let short = ask(&fixture, (Kind::CreditInterest, Basis::Rates), (-1, -1), 98);
    assert_eq!(rule(&fixture.allocate(&short).await.unwrap_err()), "residue", "two more than a share's rounding");
    let near = AllocateChargesRequest { minor_units: 99, ..short };
    let allocation = fixture.allocate(&near).await.unwrap().allocation.unwrap();
    assert_eq!((allocation.shares[0].minor_units, allocation.residue_minor_units), (100, -1));
    let book = fixture.balances().await;
    assert_eq!((book[FEES], book["house/main/virtual_account/bank-usd-rounding/USD"]), (99, -1));
    assert_proof(&book);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, ..ProptestConfig::default() })]
    #[test]
    fn shares_follow_the_balances_that_were_there(
        deposits in prop::collection::vec((0_usize..5, 0_u64..4, 1_i64..1_000_000), 1..20),
        bank in 1_i64..100_000,
    ) {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let fixture = start(Storage::sqlite(), 6).await;
            let leaves = ["acme-a", "beta-a", "client-a", "main-a", "main-b"];
            let mut weights: BTreeMap<&str, i128> = BTreeMap::new();
            let mut deposits = deposits;
            deposits.sort_by_key(|(_, day, _)| *day);
            let mut today = 0;
            for (leaf, day, amount) in deposits {
                fixture.days_later(day - today);
                today = day;
                fixture.receives(leaves[leaf], amount).await;
                // It is there at the end of its day and of each that follows, of four.
                *weights.entry(leaves[leaf]).or_default() += i128::from(amount) * i128::from(4 - day);
            }
            fixture.days_later(4 - today);
            fixture.bank_pays(bank).await;
            let shares = fixture.divided(&ask(&fixture, (Kind::CreditInterest, Basis::Balances), (-4, -1), bank)).await;
            let total: i128 = weights.values().sum();
            assert_eq!(shares.iter().map(|(_, share)| share).sum::<i64>(), bank);
            for (leaf, share) in &shares {
                let distance = i128::from(*share) * total - weights[leaf.as_str()] * i128::from(bank);
                assert!(distance.abs() < total, "{leaf}: {share} of {bank}");
            }
            let book = fixture.balances().await;
            assert_eq!(book[FEES], 0);
            assert_proof(&book);
        });
    }
}
