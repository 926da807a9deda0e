//! The page that drives a sandbox: what its forms have happen, who may, and where there is no such page.
use super::{Browser, finding::second_book, house, pages::check_page, signed_in, with_console};
use crate::{
    ach::until,
    blocked::{PATIENCE, by, fund, new_id, request},
    options,
};
use api::{
    ledger::BookMode,
    payout::PayoutState,
    purchase::{GetPurchaseRequest, Purchase, purchase_service_client::PurchaseServiceClient},
};
use identity::{Role, Service};
use reqwest::Method;
use runtime::{Options, Runtime};

const PAGE: &str = "/sandbox?book=demo";

/// What a form of the page sends.
fn form(fields: &[(&str, &str)]) -> String {
    let mut url = reqwest::Url::parse("http://form/").unwrap();
    url.query_pairs_mut().extend_pairs([("book", "demo")]).extend_pairs(fields);
    url.query().unwrap().to_owned()
}

/// Sends a form for a reason of its own; the status, and the page that it leads to.
async fn driven(browser: &mut Browser, fields: &[(&str, &str)]) -> (u16, String) {
    browser.explain("trying+out+the+sandbox").await;
    let got = browser.post("/sandbox/drive", &form(fields)).await;
    if got.status != 303 {
        return (got.status, got.text);
    }
    assert_eq!(got.location(), PAGE, "what was done is in no address");
    (303, browser.get(PAGE).await.text)
}

/// What stands in a page's first address after this text.
fn linked(page: &str, before: &str) -> String {
    let rest = page.split(before).nth(1).unwrap_or_else(|| panic!("no {before} in {page}"));
    rest.split(['"', '&']).next().unwrap().to_owned()
}

/// The first value of a choice.
fn first_choice(page: &str, id: &str) -> String {
    let choice = page.split(&format!("<select id=\"{id}\"")).nth(1).unwrap();
    choice.split("<option value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

/// A purchase, once it is there and so.
async fn purchase(house: &Runtime, transaction_id: &str, is_so: impl Fn(&Purchase) -> bool) -> Purchase {
    let mut purchases = PurchaseServiceClient::new(house.transport_for(Service::Purchase).unwrap());
    let found = async {
        loop {
            let request = GetPurchaseRequest { transaction_id: transaction_id.to_owned(), ..Default::default() };
            let found = purchases.get_purchase(by(house, "sue", Role::Support, request)).await;
            if let Some(purchase) = found.ok().and_then(|answer| answer.into_inner().purchase).filter(&is_so) {
                return purchase;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn coins_are_bought_spent_and_refunded_by_forms() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let mut browser = signed_in(&house, "ann").await;
    browser.explain("trying+out+the+sandbox").await;
    let page = browser.get(PAGE).await.text;
    check_page(PAGE, &page);
    let (product, gift) = (first_choice(&page, "buy-product"), first_choice(&page, "gift-gift"));

    // Nothing is known of the viewer yet: the console asks for the wallet as the viewer's app does.
    let id = new_id();
    let buy = [("act", "buy"), ("user", "ana"), ("product", product.as_str()), ("request_id", &id)];
    let (status, done) = driven(&mut browser, &buy).await;
    assert!(status == 303 && done.contains("coins.bought: The store sold the coins"), "{done}");
    let transaction = linked(&done, "/purchases?transaction=");
    let bought = purchase(&house, &transaction, |purchase| !purchase.posting_id.is_empty()).await;
    // It is said once: neither a reload nor a link that anybody can send says that something happened.
    for address in [PAGE, "/sandbox?book=demo&did=coins.bought&kind=transaction&id=4711"] {
        let page = browser.get(address).await.text;
        assert!(!page.contains("role=\"alert\"") && !page.contains("The store sold the coins"), "{address}: {page}");
    }
    // The back button and a double click buy nothing more.
    let (_, again) = driven(&mut browser, &buy).await;
    assert_eq!(linked(&again, "/purchases?transaction="), transaction);

    let id = new_id();
    let send = [("act", "gift"), ("viewer", "ana"), ("creator", "bob"), ("gift", gift.as_str()), ("request_id", &id)];
    let (status, done) = driven(&mut browser, &send).await;
    assert_eq!(status, 303, "{done}");
    let sent = linked(&done, "/case?id=");
    assert_eq!(linked(&driven(&mut browser, &send).await.1, "/case?id="), sent, "one gift");
    let case = format!("/case?id={sent}&kind=gift&book=demo");
    assert!(done.replace("&#38;", "&").contains(&case));
    browser.explain("trying+out+the+sandbox").await;
    assert_eq!(browser.get(&case).await.status, 200);

    let refund = [("act", "purchase"), ("purchase", bought.purchase_id.as_str()), ("scenario", "purchase.refunded")];
    let (status, done) = driven(&mut browser, &refund).await;
    assert!(status == 303 && done.contains(&format!("/purchase?id={}", bought.purchase_id)), "{done}");
    let refunded = purchase(&house, &transaction, |purchase| purchase.refunded_coins > 0).await;
    assert_eq!(refunded.refunded_coins, bought.coins);
    // Who had it happen, and why, is in the audit log; of forms that name nothing as well.
    assert_eq!(driven(&mut browser, &[("act", "reports"), ("scenario", "webhooks.late")]).await.0, 303);
    let log = browser.get("/acts").await.text;
    for what in ["coins.bought", "gift.sent", "purchase.refunded", "webhooks.late"] {
        assert!(log.contains(&format!("sandbox: {what}")), "{what}: {log}");
    }
    for rpc in ["GetWallet", "GetPurchase", "NoteAct"] {
        assert!(log.contains(&format!("<strong>{rpc}</strong>")) && log.contains("trying out the sandbox"), "{rpc}: {log}");
    }
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_payout_is_rejected_and_one_that_is_paid_comes_back_by_forms() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = with_console(options(dir.path()));
    options.settings.payout.statement_interval = std::time::Duration::from_millis(50);
    let house = Runtime::start(options).await.unwrap();
    fund(&house).await;
    let mut browser = signed_in(&house, "sam").await;
    let reject = [("act", "payout"), ("payout", ""), ("scenario", "payout.rejected"), ("code", "AC06")];
    let (status, led) = driven(&mut browser, &reject).await;
    assert_eq!(status, 303, "{led}");
    let mut ann = signed_in(&house, "ann").await;
    ann.explain("who+drives+this").await;
    let log = ann.get("/acts?subject=sam").await.text;
    assert!(log.contains("sandbox: payout.rejected") && log.contains("trying out the sandbox"), "{log}");
    let rejected = request(&house, "Ana Quenbar").await;
    assert_eq!(until(&house, &rejected.payout_id, PayoutState::Rejected).await.reason_code, "AC06");
    let paid = request(&house, "Ana Quenbar").await;
    until(&house, &paid.payout_id, PayoutState::Settled).await;
    let give_back = [("act", "payout"), ("payout", paid.payout_id.as_str()), ("scenario", "payout.returned"), ("code", "")];
    let (status, done) = driven(&mut browser, &give_back).await;
    assert_eq!(status, 303, "{done}");
    crate::ach::once(&house, &paid.payout_id, |payout| payout.returned_minor_units == 500).await;
    assert!(done.contains("payout.returned: The money comes back") && done.contains(&format!("/payout?id={}", paid.payout_id)), "{done}");
    let (status, page) = driven(&mut browser, &give_back).await;
    assert!(status == 409 && page.contains("nothing was booked"), "{page}");
    let (status, _) = driven(&mut browser, &[("act", "reports"), ("scenario", "webhooks.late")]).await;
    assert_eq!(status, 303);
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_drive_what_is_decided_before_anything_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    second_book(&house, BookMode::Live, "house/coins/issued").await;
    let next = form(&[("act", "payout"), ("scenario", "payout.silent")]);
    for (person, before, after) in [("sam", 428, 200), ("fay", 403, 403), ("aud", 403, 403), ("ann", 428, 200)] {
        let mut browser = signed_in(&house, person).await;
        assert_eq!(browser.get(PAGE).await.status, before, "{person}");
        assert_eq!(browser.post("/sandbox/drive", &next).await.status, before, "{person}: without a reason");
        browser.explain("trying+out+the+sandbox").await;
        let got = browser.get(PAGE).await;
        assert_eq!(got.status, after, "{person}");
        assert_eq!(got.text.contains(">Sandbox</a>"), after == 200, "{person}");
        // Nothing pretended reaches real money, whoever asks for it.
        for status in
            [browser.get("/sandbox?book=other").await.status, browser.post("/sandbox/drive", &next.replace("demo", "other")).await.status]
        {
            assert_eq!(status, 403, "{person}: a LIVE book");
        }
        assert_eq!(browser.get("/sandbox?book=unknown").await.status, 404);
        // A form of another site.
        let sent = browser.send(Method::POST, "/sandbox/drive", &[("sec-fetch-site", "cross-site")], Some(&next)).await;
        assert_eq!(sent.status, 403, "{person}");
    }
    let mut nobody = Browser::new(&house.console_url().unwrap());
    assert_eq!(nobody.get(PAGE).await.status, 303);
    assert_eq!(nobody.post("/sandbox/drive", &next).await.status, 303);
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_forms_get_clear_answers_and_do_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let mut browser = signed_in(&house, "ann").await;
    let (id, long) = (new_id(), "x".repeat(300));
    let markup = "<script>alert(1)</script>";
    for (fields, status, said) in [
        (&[][..], 409, "not one of this page"),
        (&[("act", "delete")], 409, "not one of this page"),
        (&[("act", "buy"), ("product", "coins.us.app.70")], 409, "names no viewer"),
        (&[("act", "buy"), ("user", markup), ("product", "coins.us.app.70")], 409, "is no user"),
        (&[("act", "buy"), ("user", &long), ("product", "coins.us.app.70")], 409, "is no user"),
        (&[("act", "buy"), ("user", "ana"), ("product", markup), ("request_id", &id)], 409, "No such package"),
        (&[("act", "gift"), ("viewer", "ana"), ("creator", "bob"), ("gift", "-1x"), ("request_id", &id)], 409, "is no number"),
        (&[("act", "gift"), ("viewer", "ana"), ("creator", "bob"), ("gift", "5879"), ("request_id", "1")], 409, "request_id"),
        (&[("act", "gift"), ("viewer", "poor"), ("creator", "bob"), ("gift", "5879"), ("request_id", &id)], 409, "30 coins needed"),
        (&[("act", "purchase"), ("scenario", "purchase.refunded")], 409, "names no purchase"),
        (&[("act", "purchase"), ("scenario", "purchase.refunded"), ("purchase", &id)], 404, "Nothing of this name"),
        (&[("act", "purchase"), ("scenario", "payout.silent"), ("purchase", &id)], 409, "of another form"),
        (&[("act", "payout"), ("scenario", "payout.retruned")], 409, "perhaps payout.returned"),
        (&[("act", "payout"), ("scenario", markup)], 409, "no scenario is named"),
        (&[("act", "payout"), ("scenario", "payout.silent"), ("code", "AC04")], 409, "takes no --code"),
        (&[("act", "payout"), ("scenario", "payout.rejected"), ("code", "much too long")], 409, "refused it with 400"),
        (&[("act", "payout"), ("scenario", "payout.returned"), ("payout", &id)], 404, "Nothing of this name"),
        (&[("act", "reports"), ("scenario", "store.broken")], 409, "of another form"),
    ] {
        let (got, text) = driven(&mut browser, fields).await;
        assert!(got == status && text.contains(said), "{fields:?}: {got} {text}");
        assert!(text.matches("<script").count() == 1, "{fields:?}: {text}");
    }
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_without_pretend_counterparts_has_no_such_page() {
    let dir = tempfile::tempdir().unwrap();
    let services = vec![Service::Ledger, Service::Support, Service::Monitor];
    let house = Runtime::start(with_console(Options { services, ..options(dir.path()) })).await.unwrap();
    let mut browser = Browser::new(&house.console_url().unwrap());
    assert_eq!(browser.get("/").await.status, 303, "there is a console");
    for got in [browser.get(PAGE).await, browser.post("/sandbox/drive", &form(&[("act", "reports")])).await] {
        assert!(got.status == 404 && got.text.contains("there is no such page"), "{}", got.text);
    }
    house.shutdown().await;
}
