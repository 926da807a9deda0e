//! What a proof says to people.
use super::*;
use api::treasury::BookPosition;

/// A claim with an item, and a leaf that is red.
fn red() -> ProveBooksResponse {
    let position = |book: &str, seq| BookPosition { book: book.to_owned(), seq };
    let usd = || "USD".to_owned();
    let claim = ClaimProof {
        app_book: "app".to_owned(),
        account: "house/bank_cash/USD".to_owned(),
        physical_account: "main-usd".to_owned(),
        currency_code: usd(),
        leaf: "creators".to_owned(),
        claimed_minor_units: 770,
        twins_minor_units: 1_000,
        twin_seq: 5,
        items_minor_units: -230,
        ok: true,
    };
    let item = TimingItem {
        cause: TimingCause::TwinMissing.into(),
        book: "app".to_owned(),
        account: "house/bank_cash/USD".to_owned(),
        posting_id: "some-id".to_owned(),
        seq: 9,
        kind: "payout.settle".to_owned(),
        currency_code: usd(),
        amount_minor_units: -230,
        age_s: 61,
        owner: "treasury".to_owned(),
        ..TimingItem::default()
    };
    let cover = |ok| CoverProof {
        leaf: "creators".to_owned(),
        currency_code: usd(),
        booked_minor_units: 900,
        covered_minor_units: 1_000,
        items_minor_units: 0,
        ok,
    };
    ProveBooksResponse {
        ok: false,
        treasury: Some(position("treasury", 12)),
        apps: vec![position("app", 9)],
        physical_accounts: vec![PhysicalProof {
            physical_account: "main-usd".to_owned(),
            currency_code: usd(),
            leaves_minor_units: 1_000,
            cash_minor_units: 1_000,
            between_accounts_minor_units: 0,
            ok: true,
        }],
        claims: vec![claim],
        covers: vec![cover(false)],
        items: vec![item],
        more_items: false,
        problems: vec!["leaf creators differs".to_owned()],
    }
}

#[test]
fn a_proof_is_drawn_with_its_items_and_what_is_red() {
    let proof = red();
    let drawn = "\
events: treasury 12, app 9
green  main-usd: leaves 10.00 = cash 10.00 USD
green  app house/bank_cash/USD: claim 7.70 = twins 10.00 + items -2.30 USD (leaf creators of main-usd, twins up to event 5)
RED    leaf creators: 9.00 is not covered claims 10.00 + items 0.00 USD
item   twin missing: app house/bank_cash/USD -2.30 USD, payout.settle some-id, 61 s old, for treasury
RED: leaf creators differs
not proved
";
    assert_eq!(proof_text(&proof), drawn);
    let json = proof_json(&proof);
    assert!(
        json["items"][0]["cause"] == "twin_missing" && json["claims"][0]["twins_minor_units"] == 1_000 && json["ok"] == false,
        "{json}"
    );
    let empty = ProveBooksResponse { ok: true, ..ProveBooksResponse::default() };
    assert_eq!(proof_text(&empty), "events: \nproved: nothing differs but by the items\n");
}
