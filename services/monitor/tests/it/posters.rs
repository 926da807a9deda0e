//! Postings that no service makes, written into books directly: each is reported, by the whole audit and by the monitor's runs.
use crate::sample::transfers;
use api::ledger::{BookMode, CreateBookRequest};
use books::domain::request::{AccountName, Action, BookRequest, NewTransfer, RequestFields};
use chart::{
    OwnPoster, OwnPosters, PostingRule,
    posters::{Movement, POSTING_RULES, RuleTransfers, RuledTransfer, Times},
};
use money::{Amount, BookName};
use monitor::{
    CheckResult,
    audit::{self, continuous::ContinuousAudit},
};
use std::sync::Arc;
use testbed::{Storage, Testbed, TestbedOptions, both};
use uuid::Uuid;

const BOOK: &str = "demo";
const LIVE: &str = "live";

/// The transfers: debit, credit, amount; a hold where the amount is negative.
type Moved<'a> = &'a [(&'a str, &'a str, i64)];

async fn bed(storage: Storage) -> Testbed {
    Testbed::on(storage, TestbedOptions { books: &[(BOOK, BookMode::Test), (LIVE, BookMode::Live)], recorded: false }).await
}

/// Writes a posting as somebody with access to the database could: it is in the chain with updated counters, and no list of allowed postings was consulted.
async fn write(bed: &Testbed, book: &str, request: BookRequest) {
    bed.ledger.book(&BookName::try_new(book).unwrap()).await.unwrap().submit(request).await.unwrap();
}

fn forged(kind: &str, moved: Moved<'_>) -> BookRequest {
    let account = |name: &str| AccountName::parse(name.to_owned()).unwrap();
    let transfers = moved.iter().map(|(debit, credit, amount)| {
        let transfer = NewTransfer::try_new(account(debit), account(credit), Amount::try_new(amount.abs()).unwrap()).unwrap();
        NewTransfer { pending: *amount < 0, ..transfer }
    });
    let action = Action::Post { transfers: transfers.collect(), guards: Vec::new(), refusal: None };
    BookRequest::new(money::derive_id(Uuid::now_v7(), &["test"]), RequestFields::default(), kind.to_owned(), action)
}

async fn problems(bed: &Testbed, book: &str, own: &OwnPosters) -> Vec<String> {
    let report = audit::audit_with(&bed.database, None, own).await.unwrap();
    let found = report.books.into_iter().find(|found| found.ledger.book == book).unwrap();
    assert_eq!(found.ledger.problem, None, "the chain is whole");
    found.problems
}

/// The result of the monitor's check after one run from the beginning.
async fn looked(bed: &Testbed, own: &OwnPosters) -> CheckResult {
    let mut monitor = ContinuousAudit::new(bed.database.clone(), None, monitor::Config::default()).with_posters(own.clone());
    let found = monitor.look().await.unwrap();
    found.books[BOOK].checks.iter().find(|(name, _)| *name == "posters").unwrap().1.clone()
}

const ACCRUED: &str = "house/accrued_creator_liability/USD";
const TRANSIT: &str = "house/in_transit/USD";
const PAYABLE: &str = "creator/star/payable/USD";

/// Postings that services make, so that none of them is a problem; they also fund what is forged.
const HONEST: [(&str, Moved<'static>); 9] = [
    ("purchase.apple", &[("house/coins/issued", "viewer/fan/coins", 900), ("house/store_receivable/USD", "house/deferred_revenue/USD", 9)]),
    ("gift", &[("viewer/fan/coins", "house/coins/redeemed", 100), ("house/diamonds/issued", "creator/star/diamonds", 100)]),
    (
        "conversion",
        &[
            ("creator/star/diamonds", "house/diamonds/redeemed", 10),
            ("house/creator_cost/USD", ACCRUED, 500),
            (ACCRUED, PAYABLE, 475),
            (ACCRUED, "house/fee_income/USD", 25),
        ],
    ),
    ("payout.hold", &[(PAYABLE, TRANSIT, -100)]),
    ("payout.settle", &[(TRANSIT, "house/bank_cash/USD", 5)]),
    ("payout.reject", &[(TRANSIT, PAYABLE, 5)]),
    ("payout.suspend", &[(TRANSIT, "house/suspense/USD", 5)]),
    ("adjustment", &[("house/suspense/USD", PAYABLE, 5)]),
    ("bench.coins", &[("house/coins/issued", "viewer/fan/coins", 5), ("house/coins/issued", "viewer/foe/coins", 5)]),
];

/// Postings that no service makes, of many sorts: money from nothing, other accounts, another direction, another unit, a hold, a leg twice or missing. Of every kind
/// some follow from its row (`every_kind_that_is_forged_is_named`).
const FORGED: [(&str, Moved<'static>); 23] = [
    ("bonus", &[("house/coins/issued", "viewer/thief/coins", 1_000_000)]),
    ("purchase", &[("house/coins/issued", "viewer/thief/coins", 1)]),
    ("purchase.nowhere", &[("house/coins/issued", "viewer/thief/coins", 1)]),
    ("gift", &[("house/diamonds/issued", "creator/thief/diamonds", 1_000_000)]),
    ("gift", &[("viewer/fan/coins", "house/coins/redeemed", 1), ("house/diamonds/issued", "creator/thief/diamonds", 1_000_000)]),
    ("gift", &[("house/coins/redeemed", "viewer/thief/coins", 1)]),
    ("gift", &[("viewer/fan/coins", "viewer/thief/coins", 1)]),
    ("gift", &[("viewer/fan/coins", "house/coins/redeemed", 1), ("house/diamonds/issued", "agency/thief/diamonds", 1)]),
    ("gift", &[("viewer/fan/coins", "house/coins/redeemed", -1)]),
    ("purchase.apple", &[("house/coins/issued", "viewer/thief/coins", 1), ("house/coins/issued", "viewer/thief/coins", 1)]),
    ("purchase.apple", &[("house/treasury/USD", "house/deferred_revenue/USD", 1)]),
    (
        "purchase.apple",
        &[
            ("house/coins/issued", "viewer/thief/coins", 1),
            ("house/store_receivable/USD", "house/deferred_revenue/USD", 1),
            ("house/prepaid_commission/EUR", "house/deferred_revenue/EUR", 1),
        ],
    ),
    ("receipt.wait", &[("house/coins/issued", "viewer/thief/coins", 1)]),
    ("conversion", &[("house/creator_cost/USD", ACCRUED, 1_000_000), (ACCRUED, "creator/thief/payable/USD", 1_000_000)]),
    ("conversion", &[("creator/star/diamonds", "house/diamonds/redeemed", 1), (ACCRUED, "creator/thief/payable/USD", 1)]),
    ("payout.hold", &[("house/bank_cash/USD", TRANSIT, -1)]),
    ("payout.hold", &[(PAYABLE, TRANSIT, 1)]),
    ("payout.submit", &[(PAYABLE, TRANSIT, 1)]),
    ("payout.settle", &[("house/bank_cash/USD", TRANSIT, 1)]),
    ("payout.reject", &[(TRANSIT, "agency/thief/payable/USD", 1)]),
    ("payout.suspend", &[(TRANSIT, "house/treasury/USD", 1)]),
    ("reversal", &[("house/coins/redeemed", "viewer/thief/coins", 1)]),
    ("bench.coins", &[("house/coins/issued", "house/coins/suspense", 1)]),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_posting_that_no_row_allows_is_named_with_its_kind_and_accounts() {
    for storage in both() {
        let (bed, nobody) = (bed(storage).await, OwnPosters::default());
        for (kind, moved) in HONEST {
            write(&bed, BOOK, forged(kind, moved)).await;
        }
        // Without the tables that sales are joined to.
        assert_eq!(problems(&bed, BOOK, &nobody).await, Vec::<String>::new());
        assert_eq!(looked(&bed, &nobody).await, CheckResult::Passed);
        for (kind, moved) in FORGED {
            let posting = forged(kind, moved);
            let id = posting.id;
            let before = problems(&bed, BOOK, &nobody).await;
            write(&bed, BOOK, posting).await;
            let found = problems(&bed, BOOK, &nobody).await;
            assert_ne!(found, before, "{kind} {moved:?}");
            let Some(told) = found.iter().find(|told| told.contains(&id.to_string())) else {
                assert!(found.last().unwrap().contains("more postings that no row allows"), "{kind} {moved:?}: {found:?}");
                continue;
            };
            assert!(told.contains(&format!("of kind {kind}, moves")), "{told}");
            assert!(moved.iter().any(|(debit, credit, _)| told.contains(debit) && told.contains(credit)), "{told}");
            let CheckResult::Failed(why) = looked(&bed, &nobody).await else { panic!("the monitor missed {kind} {moved:?}") };
            assert!(why.contains(&id.to_string()), "{why}");
        }
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn services_of_one_s_own_are_allowed_what_their_rows_say() {
    for storage in both() {
        let bed = bed(storage).await;
        let row = OwnPoster::try_new("loyalty", "loyalty.bonus", "house/coins/issued", "viewer/*/coins", false).unwrap();
        let own: OwnPosters = [row].into_iter().collect();
        write(&bed, BOOK, forged("loyalty.bonus", &[("house/coins/issued", "viewer/fan/coins", 5)])).await;
        assert_eq!(problems(&bed, BOOK, &own).await, Vec::<String>::new());
        assert_eq!(looked(&bed, &own).await, CheckResult::Passed);
        let unknown = problems(&bed, BOOK, &OwnPosters::default()).await;
        assert!(unknown.len() == 1 && unknown[0].contains("loyalty.bonus") && unknown[0].contains("ledger.posters"), "{unknown:?}");
        write(&bed, BOOK, forged("loyalty.bonus", &[("viewer/fan/coins", "house/coins/redeemed", 5)])).await;
        assert_eq!(problems(&bed, BOOK, &own).await.len(), 1);
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_are_known_by_their_mark_and_the_bench_is_for_test_books() {
    for storage in both() {
        let (bed, nobody) = (bed(storage).await, OwnPosters::default());
        let file_id = Uuid::now_v7();
        let mark = |id: Uuid| BookRequest {
            id,
            fields: Arc::new(vec![(chart::imported::IMPORTED_ID.to_owned(), file_id.to_string())]),
            ..forged("top_up", &[("house/coins/issued", "viewer/fan/coins", 5)])
        };
        write(&bed, BOOK, mark(chart::imported::imported(file_id, BOOK))).await;
        assert_eq!(problems(&bed, BOOK, &nobody).await, Vec::<String>::new());
        // The same mark under an id that is not derived from the import's file is no import.
        write(&bed, BOOK, mark(money::derive_id(file_id, &["mine"]))).await;
        assert_eq!(problems(&bed, BOOK, &nobody).await.len(), 1);
        // A reversal that two people approved is the opposite of what it names.
        let bought = forged("purchase.apple", &[("house/coins/issued", "viewer/foe/coins", 5)]);
        let undone = Action::Reverse { posting: bought.id, allow_debt: false };
        write(&bed, BOOK, bought).await;
        write(&bed, BOOK, BookRequest { action: undone, ..forged("reversal", &[]) }).await;
        assert_eq!(problems(&bed, BOOK, &nobody).await.len(), 1);
        write(&bed, LIVE, forged("bench.coins", &[("house/coins/issued", "viewer/fan/coins", 5)])).await;
        let found = problems(&bed, LIVE, &nobody).await;
        assert!(found.len() == 1 && found[0].contains("TEST books only"), "{found:?}");
        bed.ledger.shutdown().await;
    }
}

/// Postings that the rule does not allow, made of one that it does: its transfers the other way round, to a thief, held instead of moved, twice, and each of them
/// missing that must be there.
fn forgeries(rule: &PostingRule) -> Vec<Vec<(String, String, i64)>> {
    let RuleTransfers::Of(rules) = rule.transfers else { return Vec::new() };
    let honest: Vec<(String, String, i64)> = transfers(rule, "fan")
        .into_iter()
        .map(|one| (one.debit, one.credit, if one.movement == Movement::Holds { -one.amount } else { one.amount }))
        .collect();
    let thief = "agency/thief/payable/USD".to_owned();
    let mut forged = Vec::new();
    if honest.is_empty() {
        forged.push(vec![("house/treasury/USD".to_owned(), thief, 1)]);
        return forged;
    }
    let is_of_money = honest.iter().any(|(debit, ..)| debit.ends_with("/USD"));
    forged.push(honest.iter().cloned().map(|(debit, credit, amount)| (credit, debit, amount)).collect());
    forged.push(honest.iter().cloned().map(|(debit, credit, amount)| (debit, credit, -amount)).collect());
    forged.push(honest.iter().chain(&honest).cloned().collect());
    let stolen = |(debit, _, amount): &(String, String, i64)| (debit.clone(), thief.clone(), *amount);
    forged.extend(is_of_money.then(|| honest.iter().filter(|(debit, ..)| debit.ends_with("/USD")).map(stolen).collect()));
    for (at, _) in rules.iter().enumerate().filter(|(_, transfer)| transfer.times == Times::Once && rules.len() > 1) {
        let mut lacking = honest.clone();
        lacking.remove(at);
        forged.push(lacking);
    }
    // Rows that allow both directions, or any number, allow some of these.
    let is_broken = |moved: &Vec<(String, String, i64)>| {
        let ruled = moved.iter().map(|(debit, credit, amount)| {
            let (debit, credit) = (chart::Account::parse(debit).unwrap(), chart::Account::parse(credit).unwrap());
            let movement = if *amount < 0 { Movement::Holds } else { Movement::Moves };
            RuledTransfer { debit: debit.class(), credit: credit.class(), unit: debit.unit(), amount: amount.abs(), movement }
        });
        rule.check(ruled).is_err()
    };
    forged.into_iter().filter(is_broken).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_that_is_forged_is_named() {
    for storage in both() {
        let (bed, nobody) = (bed(storage).await, OwnPosters::default());
        // A book of its own for each kind, because only the first twenty problems of a book are named.
        let mut of_kinds = Vec::new();
        for rule in &POSTING_RULES {
            let book = format!("b-{}", rule.kind.name().replace(['.', '_'], "-"));
            let create = CreateBookRequest {
                request_id: testbed::new_id(),
                book: book.clone(),
                mode: BookMode::Test.into(),
                region: "us".to_owned(),
            };
            bed.client().create_book(create).await.unwrap();
            let mut ids = Vec::new();
            for moved in forgeries(rule) {
                let moved: Vec<(&str, &str, i64)> =
                    moved.iter().map(|(debit, credit, amount)| (debit.as_str(), credit.as_str(), *amount)).collect();
                fund(&bed, &book, &moved).await;
                let posting = forged(rule.kind.name(), &moved);
                ids.push((posting.id, format!("{moved:?}")));
                write(&bed, &book, posting).await;
            }
            of_kinds.push((book, ids));
        }
        let forged = of_kinds.iter().filter(|(_, ids)| !ids.is_empty());
        // People decide what adjustments and reversals move; reversals of nothing are in the other test.
        assert_eq!(forged.clone().count(), POSTING_RULES.len() - 2);
        let report = audit::audit_with(&bed.database, None, &nobody).await.unwrap();
        let mut monitor = ContinuousAudit::new(bed.database.clone(), None, monitor::Config::default());
        let looked = monitor.look().await.unwrap();
        for (book, ids) in forged {
            let found = &report.books.iter().find(|found| found.ledger.book == *book).unwrap().problems;
            let (_, result) = looked.books[book].checks.iter().find(|(name, _)| *name == "posters").unwrap();
            let CheckResult::Failed(why) = result else { panic!("the monitor missed {book}: {result:?}") };
            for (id, moved) in ids {
                let id = id.to_string();
                assert!(found.iter().any(|told| told.contains(&id)), "{book}: {moved}: {found:#?}");
                assert!(why.contains(&id), "the monitor: {book}: {moved}: {why}");
            }
        }
        bed.ledger.shutdown().await;
    }
}

/// Puts what a posting takes on the accounts that it is taken from.
async fn fund(bed: &Testbed, book: &str, moved: Moved<'_>) {
    let source = |account: &str| match chart::Account::parse(account).unwrap().unit() {
        chart::Unit::Coin => "house/coins/issued",
        chart::Unit::Diamond => "house/diamonds/issued",
        chart::Unit::Currency(_) => "house/treasury/USD",
    };
    let funds = moved.iter().map(|(debit, ..)| (source(debit), *debit, 100)).filter(|(source, debit, _)| source != debit);
    let funds: Vec<(&str, &str, i64)> = funds.collect();
    if !funds.is_empty() {
        write(bed, book, forged("adjustment", &funds)).await;
    }
}
