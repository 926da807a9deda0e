//! What differs is named, and what is named does not differ.
use super::*;

fn claim() -> ClaimProof {
    ClaimProof {
        app: BookName::try_new("app").unwrap(),
        account: "house/bank_cash/USD".to_owned(),
        physical: Some("main-usd".to_owned()),
        leaf: Some("leaf".to_owned()),
        currency: Currency::try_new("USD").unwrap(),
        claimed: 100,
        twins: 60,
        twin_seq: 7,
        claimed_there: Some(60),
        listed: Some(40),
    }
}

#[test]
fn a_claim_is_its_twins_and_its_items() {
    assert_eq!((claim().problem(), claim().items()), (None, 40));
    assert_eq!(ClaimProof { listed: None, ..claim() }.problem(), None, "more than is listed");
    for (wrong, said) in [
        (ClaimProof { twins: 61, ..claim() }, "add up to 61, and at event 7 it claims 60"),
        (ClaimProof { claimed_there: None, ..claim() }, "no posting on house/bank_cash/USD at event 7"),
        (ClaimProof { listed: Some(39), ..claim() }, "39 instead of 40"),
    ] {
        let problem = wrong.problem().unwrap();
        assert!(problem.contains(said), "{problem}");
    }
}

#[test]
fn a_leaf_is_what_it_covers_and_its_other_postings_unless_people_made_them() {
    let cover = CoverProof {
        leaf: "leaf".to_owned(),
        currency: Currency::try_new("USD").unwrap(),
        booked: 75,
        covered: 60,
        others: 15,
        by_hand: None,
    };
    assert_eq!(cover.problem(), None);
    assert!(CoverProof { others: 14, ..cover.clone() }.problem().unwrap().contains("explain 14"));
    let by_hand = CoverProof { by_hand: Some(("adjustment".to_owned(), Uuid::nil())), ..cover.clone() };
    assert!(by_hand.problem().unwrap().contains("by hand"));
    assert_eq!(CoverProof { booked: 60, others: 0, ..by_hand }.problem(), None, "corrected by hand");
}

#[test]
fn everything_that_differs_is_listed() {
    let currency = Currency::try_new("USD").unwrap();
    let physical = PhysicalProof { id: "main-usd".to_owned(), currency, leaves: 5, cash: 6, between: 0 };
    let proof = BooksProof { physical: vec![physical], claims: vec![claim()], strays: vec!["house/x".to_owned()], ..BooksProof::default() };
    assert_eq!(proof.problems().len(), 2, "{:?}", proof.problems());
    assert_eq!(BooksProof::default().problems(), Vec::<String>::new());
}

#[test]
fn what_is_on_its_way_to_an_account_is_its_leaves_already() {
    let currency = Currency::try_new("USD").unwrap();
    let physical = PhysicalProof { id: "main-usd".to_owned(), currency, leaves: 6, cash: 5, between: 1 };
    assert_eq!(physical.problem(), None);
    assert!(PhysicalProof { cash: 6, ..physical }.problem().unwrap().contains("6 with 1 between accounts"));
}
