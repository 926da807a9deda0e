//! Purchases, gifts, payouts and rails: by every role, with the bank's messages in words, and for bad input.
use super::{
    Browser,
    finding::{content, links, page, second_book},
    house,
    pages::check_page,
    signed_in,
};
use crate::{
    ach::until,
    blocked::{by, fund, new_id, request},
};
use api::{
    ledger::BookMode,
    payout::{
        AbaAccount, CreateBeneficiaryRequest, GetPayoutRequest, Payout, PayoutState, RequestPayoutRequest,
        create_beneficiary_request::Account, payout_service_client::PayoutServiceClient,
    },
    purchase::{
        GetWalletRequest, ListCoinPackagesRequest, Purchase, RedeemPurchaseRequest, SalesChannel,
        purchase_service_client::PurchaseServiceClient, redeem_purchase_request::Receipt,
    },
    r#type::Money,
};
use identity::{Role, Service};
use runtime::Runtime;
use serde_json::{Value, json};

/// Buys coins for ana at the pretend store.
pub async fn bought(house: &Runtime) -> Purchase {
    let mut purchases = PurchaseServiceClient::new(house.transport_for(Service::Purchase).unwrap());
    let list = ListCoinPackagesRequest { market: "US".to_owned(), sales_channel: SalesChannel::App.into(), ..Default::default() };
    let package = purchases.list_coin_packages(by(house, "ana", Role::Viewer, list)).await.unwrap().into_inner().packages.remove(0);
    let wallet = purchases.get_wallet(by(house, "ana", Role::Viewer, GetWalletRequest::default())).await.unwrap().into_inner();
    let price = package.price.unwrap();
    let order = json!({"bundle_id": runtime::sandbox_bundle("demo"), "product_id": package.product_id, "quantity": 1,
        "app_account_token": wallet.app_account_token, "price": price.minor_units * 10, "currency": price.currency_code});
    let url = format!("http://{}/apple/purchases", house.address("store").unwrap());
    let sold = http_client::local().build().unwrap().post(url).json(&order).send().await.unwrap();
    let sold: Value = sold.json().await.unwrap();
    let receipt = Some(Receipt::AppleSignedTransaction(sold["signedTransaction"].as_str().unwrap().to_owned()));
    let redeem = RedeemPurchaseRequest { request_id: new_id(), receipt, ..Default::default() };
    purchases.redeem_purchase(by(house, "ana", Role::Viewer, redeem)).await.unwrap().into_inner().purchase.unwrap()
}

/// A payout that the bank rejects because the account is closed.
pub async fn rejected(house: &Runtime) -> Payout {
    let mut payouts = PayoutServiceClient::new(house.transport_for(Service::Payout).unwrap());
    let account = AbaAccount { routing_number: "121000248".into(), account_number: "9000000003".into(), ..Default::default() };
    let create = CreateBeneficiaryRequest {
        request_id: new_id(),
        holder_name: "Benedetta Closed".into(),
        account: Some(Account::Aba(account)),
        ..Default::default()
    };
    let created = payouts.create_beneficiary(by(house, "ana", Role::Creator, create)).await.unwrap().into_inner();
    let request = RequestPayoutRequest {
        request_id: new_id(),
        beneficiary_id: created.beneficiary.unwrap().beneficiary_id,
        amount: Some(Money { currency_code: "USD".into(), minor_units: 700 }),
        ..Default::default()
    };
    let asked = payouts.request_payout(by(house, "ana", Role::Creator, request)).await.unwrap().into_inner().payout.unwrap();
    until(house, &asked.payout_id, PayoutState::Rejected).await
}

pub async fn settled(house: &Runtime) -> Payout {
    let asked = request(house, "Ana Quenbar").await;
    until(house, &asked.payout_id, PayoutState::Settled).await
}

/// The page for this user's case, whatever the reason was used for before.
async fn anew(browser: &mut Browser, address: &str) -> String {
    browser.explain("ticket+4711").await;
    page(browser, address).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_of_payments_answers_every_role_as_the_table_of_access_says() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    fund(&house).await;
    let (payout, purchase) = (settled(&house).await.payout_id, bought(&house).await.purchase_id);
    // What support, finance, auditor and admin get, before and after they gave a reason.
    let pages: [(String, [(u16, u16); 4]); 10] = [
        ("/payouts?book=demo".to_owned(), [(428, 200); 4]),
        ("/payouts?book=demo&user=ana&state=settled&rail=us-rtp".to_owned(), [(428, 200); 4]),
        (format!("/payout?book=demo&id={payout}"), [(428, 200); 4]),
        ("/purchases?book=demo".to_owned(), [(428, 200); 4]),
        ("/purchases?book=demo&list=refunds".to_owned(), [(428, 200); 4]),
        ("/purchases?book=demo&list=refused_receipts".to_owned(), [(428, 200); 4]),
        (format!("/purchase?book=demo&id={purchase}"), [(428, 200); 4]),
        ("/gifts?book=demo".to_owned(), [(200, 200); 4]),
        ("/gifts?book=demo&name=rose".to_owned(), [(200, 200); 4]),
        ("/rails?book=demo".to_owned(), [(403, 403), (428, 200), (428, 200), (428, 200)]),
    ];
    for (at, person) in ["sam", "fay", "aud", "ann"].into_iter().enumerate() {
        let mut browser = signed_in(&house, person).await;
        for (page, statuses) in &pages {
            assert_eq!(browser.get(page).await.status, statuses[at].0, "{person} {page}");
        }
        for (page, statuses) in &pages {
            // One that was used for a user is not for the next.
            browser.explain("ticket+4711").await;
            let got = browser.get(page).await;
            assert_eq!(got.status, statuses[at].1, "{person} {page}: {}", got.text);
            check_page(page, &got.text);
            assert!(got.status != 200 || (got.text.contains("largesse call ") && got.text.contains("grpcurl")), "{page} is also a call");
        }
        // Only those who may read the report have a link to it.
        assert_eq!(browser.get("/?book=demo").await.text.contains(">Rails</a>"), person != "sam", "{person}");
    }
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_shows_what_the_bank_said_in_words_beside_its_text_and_names_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    fund(&house).await;
    let (paid, not_paid) = (settled(&house).await, rejected(&house).await);
    let mut browser = signed_in(&house, "sam").await;
    let list = anew(&mut browser, "/payouts?book=demo").await;
    let own: Vec<String> = links(&list, "/payout?").into_iter().collect();
    assert!(own.len() == 2 && list.contains("5.00 USD") && list.contains("7.00 USD"), "{list}");
    let rejected = anew(&mut browser, "/payouts?book=demo&state=rejected").await;
    assert_eq!(links(&rejected, "/payout?").into_iter().collect::<Vec<_>>(), [format!("/payout?id={}&book=demo", not_paid.payout_id)]);
    let of_rail = anew(&mut browser, &format!("/payouts?book=demo&rail={}", paid.rail)).await;
    assert!(links(&of_rail, "/payout?").len() == 2, "{of_rail}");
    assert!(anew(&mut browser, "/payouts?book=demo&rail=no-such-rail").await.contains("There are no such payouts"));
    assert!(anew(&mut browser, "/payouts?book=demo&user=nobody").await.contains("There are no such payouts"));

    let shown = anew(&mut browser, &format!("/payout?book=demo&id={}", not_paid.payout_id)).await;
    for part in [
        "7.00 USD",
        "Not paid: the money was given back.",
        "AC04",
        "the account is closed",
        "Who acts",
        "creator",
        ">******0003<",
        "B******** C*****",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let end_to_end_id = &not_paid.attempts[0].end_to_end_id;
    let sent = shown.split("To the bank: pain.001.001.09").nth(1).expect("what was sent is shown");
    assert!(sent.contains("End-to-end id</dt>") && sent.contains(&**end_to_end_id) && sent.contains("Amount to pay"), "{sent}");
    let answered = shown.split("From the bank: pain.002").nth(1).expect("what the bank answered is shown");
    assert!(
        answered.contains("Status of the payment</dt>") && answered.contains("RJCT") && answered.contains("&#60;TxSts&#62;RJCT"),
        "{answered}"
    );
    for secret in ["9000000003", "Benedetta"] {
        assert!(!shown.contains(secret), "{secret}: {shown}");
    }
    assert!(anew(&mut browser, &format!("/payout?book=demo&id={}", paid.payout_id)).await.contains("Paid, for good."));

    // The same by the RPC, and to staff only.
    let mut payouts = PayoutServiceClient::new(house.transport_for(Service::Payout).unwrap());
    let ask = || GetPayoutRequest { book: "demo".to_owned(), payout_id: not_paid.payout_id.clone() };
    let seen = payouts.get_payout(by(&house, "sue", Role::Support, ask())).await.unwrap().into_inner().payout.unwrap();
    assert!(seen.messages.len() >= 2 && seen.messages[0].direction == "sent" && !format!("{seen:?}").contains("9000000003"), "{seen:?}");
    for (who, role) in [("ana", Role::Creator), ("app", Role::Service)] {
        let own = payouts.get_payout(by(&house, who, role, ask())).await.unwrap().into_inner().payout.unwrap();
        assert!(own.messages.is_empty(), "{role}: {own:?}");
    }
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_is_found_by_its_transaction_and_shows_receipt_coins_and_price() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let purchase = bought(&house).await;
    let mut browser = signed_in(&house, "sam").await;
    let list = anew(&mut browser, "/purchases?book=demo&state=credited&store=apple").await;
    let own = format!("/purchase?id={}&book=demo", purchase.purchase_id);
    assert_eq!(links(&list, "/purchase?").into_iter().collect::<Vec<_>>(), std::slice::from_ref(&own));
    browser.explain("ticket+4711").await;
    let found = browser.get(&format!("/purchases?book=demo&transaction={}", purchase.transaction_id)).await;
    assert_eq!((found.status, found.location()), (303, own.as_str()));
    let shown = anew(&mut browser, &own).await;
    for part in
        ["The coins are in the wallet.", &purchase.transaction_id, &purchase.product_id, " USD", "Nothing was paid back", "/user?id=ana"]
    {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(anew(&mut browser, "/purchases?book=demo&transaction=4711").await.contains("Its receipt may have been refused"));
    assert!(anew(&mut browser, "/purchases?book=demo&state=blocked").await.contains("There are no such purchases"));
    // A gift's id leads to its case.
    let gift = browser.get("/gifts?book=demo&id=abc").await;
    assert_eq!((gift.status, gift.location()), (303, "/case?id=abc&kind=gift&book=demo"));
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_are_filtered_by_amount_unit_and_account_and_links_keep_the_filter() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    fund(&house).await;
    let (payout, purchase) = (rejected(&house).await.payout_id, bought(&house).await.purchase_id);
    let mut browser = signed_in(&house, "sam").await;
    for (filter, has_payout, has_purchase) in [
        ("", true, true),
        ("&amount_unit=COIN", false, true),
        ("&amount_min=1000000&amount_unit=COIN", false, false),
        ("&kind=payout&amount_min=7.00&amount_unit=USD", true, false),
        ("&kind=payout&amount_min=7.01&amount_unit=USD", false, false),
        ("&account=creator/ana/payable/USD", true, false),
        ("&account=viewer/ana/coins", false, true),
        ("&account=viewer/gil/coins", false, false),
    ] {
        let shown = anew(&mut browser, &format!("/payments?book=demo{filter}")).await;
        assert_eq!((shown.contains(&payout), shown.contains(&purchase)), (has_payout, has_purchase), "{filter}: {shown}");
        let export = links(&shown, "/payments.csv?").into_iter().next().unwrap().replace("%2F", "/");
        assert!(export.ends_with(filter), "{filter}: {export}");
    }
    let call = anew(&mut browser, "/payments?book=demo&amount_min=7.00&amount_unit=USD&account=creator/ana/payable/USD").await;
    assert!(
        call.contains("&#34;amountMin&#34;:&#34;700&#34;") && call.contains("&#34;account&#34;:&#34;creator/ana/payable/USD&#34;"),
        "{call}"
    );
    assert!(call.contains("name=\"amount_min\" value=\"7.00\""), "the form has what was asked for: {call}");
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_for_one_user_shows_no_payment_of_another_and_other_books_ids_are_unknown_ones() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    fund(&house).await;
    second_book(&house, BookMode::Test, "viewer/u8/coins").await;
    let (payout, purchase) = (settled(&house).await.payout_id, bought(&house).await.purchase_id);
    let mut browser = signed_in(&house, "sam").await;
    browser.explain("ticket+4711").await;
    // Nobody knows gil, and the reason is for gil all the same.
    assert_eq!(browser.get("/user?id=gil").await.status, 404);
    let asked = browser.get(&format!("/payout?book=demo&id={payout}")).await;
    assert!(asked.status == 428 && !asked.text.contains("USD"), "{}", asked.text);
    browser.explain("ticket+4711").await;
    assert_eq!(browser.get("/user?id=gil").await.status, 404);
    assert_eq!(browser.get(&format!("/purchase?book=demo&id={purchase}")).await.status, 428);
    // Ann's login covers the second book, Sam's does not.
    let mut ann = signed_in(&house, "ann").await;
    for (path, known) in [("/payout", &payout), ("/purchase", &purchase)] {
        let unknown = uuid::Uuid::now_v7().to_string();
        let of = async |browser: &mut Browser, book: &str, id: &str| {
            browser.explain("ticket+4711").await;
            let got = browser.get(&format!("{path}?book={book}&id={id}")).await;
            (got.status, content(&got.text, id).split("<footer").next().unwrap().to_owned())
        };
        for (browser, book) in [(&mut ann, "other"), (&mut browser, "other")] {
            let other = of(browser, book, known).await;
            assert_eq!(other, of(browser, book, &unknown).await, "{path} in {book}");
            assert_eq!(other.0, 404, "{path}: {}", other.1);
        }
    }
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_addresses_of_payments_get_clear_answers_and_markup_is_text() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let mut browser = signed_in(&house, "ann").await;
    let long = "x".repeat(500);
    for (address, status) in [
        ("/payouts?book=demo&state=no_such_state".to_owned(), 400),
        ("/payouts?book=demo&page=forged".to_owned(), 400),
        (format!("/payouts?book=demo&page={}", "9".repeat(300)), 400),
        (format!("/payouts?book=demo&rail={long}"), 400),
        (format!("/payouts?book=demo&user={long}"), 400),
        ("/payout?book=demo".to_owned(), 303),
        ("/payout?book=demo&id=no-uuid".to_owned(), 400),
        ("/payout?book=demo&id=00000000-0000-4000-8000-000000000000".to_owned(), 404),
        ("/purchases?book=demo&state=no_such_state".to_owned(), 400),
        ("/purchases?book=demo&list=no_such_list".to_owned(), 400),
        ("/purchases?book=demo&list=refunds&page=forged".to_owned(), 400),
        ("/purchases?book=demo&list=refused_receipts&page=forged".to_owned(), 400),
        (format!("/purchases?book=demo&transaction={long}"), 400),
        ("/purchase?book=demo".to_owned(), 303),
        ("/purchase?book=demo&id=no-uuid".to_owned(), 400),
        ("/gifts?book=demo&page=forged".to_owned(), 400),
        ("/rails?book=demo&from=yesterday".to_owned(), 400),
        ("/rails?book=demo&by=moon".to_owned(), 400),
        ("/rails?book=demo&from=2026-11-02&until=2026-11-01".to_owned(), 400),
        ("/rails?book=demo&from=0001-01-01&until=9999-12-31".to_owned(), 400),
        ("/rails?book=demo&by=day".to_owned(), 200),
    ] {
        browser.explain("looking+around").await;
        let got = browser.get(&address).await;
        assert_eq!(got.status, status, "{}: {}", &address[..address.len().min(100)], got.text);
    }
    let encoded = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22'%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E";
    let pages =
        ["/payouts?", "/payout?", "/payout?id=x&", "/purchases?", "/purchase?id=x&", "/gifts?", "/rails?", "/treasury?", "/proposal?id=x&"];
    let fields = [
        "book",
        "user",
        "state",
        "rail",
        "page",
        "id",
        "list",
        "store",
        "transaction",
        "name",
        "from",
        "until",
        "by",
        "part",
        "account",
        "on",
    ];
    for (page, field) in pages.into_iter().flat_map(|page| fields.map(|field| (page, field))) {
        browser.explain("looking+around").await;
        let got = browser.get(&format!("{page}{field}={encoded}")).await;
        assert!((200..500).contains(&got.status), "{page} {field}: {} {}", got.status, got.text);
        let expected = usize::from(got.status != 303);
        assert!(got.text.matches("<script").count() == expected && !got.text.contains("<img"), "{page} {field}: {}", got.text);
    }
    house.shutdown().await;
}
