//! Whatever id of a refund, an order, a settlement, a decision about payouts or the treasury book somebody has is explained, and who it is about is in the story.
use crate::things::{TREASURY, id, planted};
use identity::BookScope;
use money::BookName;
use monitor::explain::{self, SoughtId, Story, StoryScope};
use std::collections::BTreeSet;
use testbed::{Testbed, both};

const REFUNDED: &str = "ann bought 70 coins for 0.74 USD: credited; 35 of its coins and 0.37 USD of its price are paid back";

/// The id as somebody has it, what its stories are, a part of one of them, and the users that one of them is about.
pub const SOUGHT: [(&str, &[&str], &str, &[&str]); 21] = [
    ("$1", &["purchase"], REFUNDED, &["ann"]),
    ("$2", &["purchase"], REFUNDED, &["ann"]),
    ("pi_ann", &["purchase", "order"], REFUNDED, &["ann"]),
    ("dp_1", &["purchase"], REFUNDED, &["ann"]),
    ("re_1", &["refund", "purchase"], REFUNDED, &["ann"]),
    ("{coins}", &["purchase"], REFUNDED, &["ann"]),
    ("{money}", &["purchase"], REFUNDED, &["ann"]),
    ("$3", &["refund", "purchase"], "asked for by sam, decided by fay: paid back", &["ann"]),
    ("$4", &["refund", "purchase"], "0.37 USD of purchase $1 of ann", &["ann"]),
    ("$5", &["order", "purchase"], "ann ordered 70 coins for 0.74 USD at stripe: paid", &["ann"]),
    ("cs_1", &["order", "purchase"], "ann ordered 70 coins", &["ann"]),
    ("$7", &["settlement"], "what stripe owes acct of 2026-10, of which the store pays 0.05 USD: settled", &[]),
    ("$36", &["wallet change"], "the wallet of dora is closed, asked for by sam, decided by fay: done", &["dora"]),
    ("{forfeited}", &["wallet change"], "the wallet of dora is closed", &["dora"]),
    (
        "$38",
        &["wallet change"],
        "the wallet of bob is merged into that of cleo, asked for by sam: waits for a second person",
        &["bob", "cleo"],
    ),
    ("$9", &["payout"], "pat found that it is paid, and pia", &["star"]),
    ("$10", &["payout run"], "12 lines of sam, approved by fay: running", &[]),
    ("$11", &["reservation"], "5.00 USD reserved of leaf creators of bank-usd for payout $8 of demo: in_transit", &["star"]),
    ("$12", &["sweep"], "9.00 USD from leaf creators of bank-usd to leaf pool of pool-usd: sent", &[]),
    ("$13", &["receipt"], "1.23 USD came to bank-usd for leaf creators: booked", &[]),
    (
        "$15",
        &["case"],
        "case UNKNOWN_CREDIT of bank-usd: nothing says what it is for; resolved; adjustment posted by fin, approved by con",
        &[],
    ),
];

async fn told(bed: &Testbed, sought: &str) -> Vec<Story> {
    told_in(bed, None, sought).await
}

/// Of one book, or of all.
async fn told_in(bed: &Testbed, book: Option<&str>, sought: &str) -> Vec<Story> {
    let books = book.map_or(BookScope::All, |book| BookScope::Only(vec![BookName::try_new(book).unwrap()]));
    let scope = StoryScope { books, user: None, most: 5 };
    explain::explain(&bed.database, &SoughtId::parse(sought).unwrap(), &scope).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_of_refunds_orders_settlements_decisions_and_of_treasury_are_explained() {
    for storage in both() {
        let (bed, filled) = planted(storage).await;
        for (sought, what, said, users) in SOUGHT {
            let stories = told(&bed, &filled(sought)).await;
            let of: BTreeSet<&str> = stories.iter().map(|story| story.what.as_str()).collect();
            assert_eq!(of, what.iter().copied().collect(), "{sought}: {stories:#?}");
            let story = stories.iter().find(|story| story.told.contains(&filled(said)));
            let story = story.unwrap_or_else(|| panic!("{sought}: {:#?}", stories.iter().map(|story| &story.told).collect::<Vec<_>>()));
            assert!(users.iter().all(|user| story.users.contains(*user)), "{sought}: {:?}", story.users);
        }
        let purchase = told(&bed, &id(1)).await.remove(0);
        let kinds: Vec<&str> = purchase.postings.iter().map(|posting| posting.kind.as_str()).collect();
        assert_eq!(kinds, ["purchase.web", "refund.granted", "refund.money"]);
        let ann = told(&bed, "ann").await.into_iter().find(|story| story.what == "user").unwrap().facts;
        let dora = told(&bed, "dora").await.into_iter().find(|story| story.what == "user").unwrap().facts;
        assert!(dora["wallet_changes"].to_string().contains("the wallet of dora is closed, asked for by sam"), "{dora:?}");
        let limits = serde_json::json!([{ "currency": "USD", "period": "day", "minor_units": 500 }]);
        assert_eq!(ann["spending_limits"], limits);
        let payout = told(&bed, &id(8)).await.into_iter().find(|story| story.what == "payout").unwrap();
        for said in ["a review (screening) was decided by rita: passed", "its money is blocked by law, freed by licence L-7 of lea and leo"]
        {
            assert!(payout.told.contains(said), "{}", payout.told);
        }
        let reservation = told_in(&bed, Some(TREASURY), &id(11)).await.remove(0);
        assert_eq!(
            (reservation.what.as_str(), reservation.users.len()),
            ("reservation", 0),
            "who reads treasury only is shown no user of an app"
        );
        let shown = serde_json::to_string(&payout).unwrap();
        assert!(!shown.contains("SECRET"), "what a screening found is for reviewers: {shown}");
        assert!(told(&bed, &id(19)).await.is_empty(), "an id that stands for nothing");
        bed.ledger.shutdown().await;
    }
}
