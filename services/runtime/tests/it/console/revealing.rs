//! What is personal is masked everywhere, one part of it is shown in clear by a form, and the audit log says who looked, at what of whom, and why. And what payouts
//! wait for, and every way that one could be paid.
use super::{Browser, finding::page, house, pages::check_page, signed_in};
use crate::blocked::{fund, request};
use reqwest::Method;
use runtime::Runtime;

const NUMBER: &str = "9000000001";
const HOLDER: &str = "Mirosh Quenbar";

fn form(beneficiary: &str, user: &str, part: &str) -> String {
    format!("book=demo&user={user}&beneficiary={beneficiary}&part={part}")
}

/// A browser whose reason is for nobody yet.
async fn explained(house: &Runtime, person: &str) -> Browser {
    let mut browser = signed_in(house, person).await;
    browser.explain("ticket+4711%3A+wrong+account").await;
    browser
}

#[tokio::test(flavor = "multi_thread")]
async fn one_part_of_one_account_is_shown_in_clear_once_for_a_reason_and_the_log_has_it() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    fund(&house).await;
    let payout = request(&house, HOLDER).await;
    let (id, payout_page) = (&payout.beneficiary_id, format!("/payout?book=demo&id={}", payout.payout_id));
    for person in ["sam", "fay", "aud", "ann"] {
        let mut browser = signed_in(&house, person).await;
        assert_eq!(browser.post("/reveal", &form(id, "ana", "account")).await.status, 428, "{person} says why first");
        browser.explain("ticket+4711%3A+wrong+account").await;
        // Masked wherever it stands; the form is there.
        for address in ["/creator?book=demo&id=ana", &*payout_page, "/user?id=ana", &*format!("/case?book=demo&id={id}")] {
            let text = page(&mut browser, address).await;
            assert!(!text.contains(NUMBER) && !text.contains("Quenbar"), "{person} {address}: {text}");
            assert_eq!(text.contains("action=\"/reveal\""), address.starts_with("/creator") || address.starts_with("/payout"), "{address}");
            check_page(address, &text);
        }
        for (part, shows, hides) in [("account", NUMBER, "Quenbar"), ("holder_name", HOLDER, NUMBER)] {
            let got = browser.post("/reveal", &form(id, "ana", part)).await;
            assert!(got.status == 200 && got.text.contains(shows) && !got.text.contains(hides), "{person} {part}: {}", got.text);
            assert_eq!(got.headers["cache-control"], "no-store", "{person}");
            assert!(!got.text.contains(&format!("={NUMBER}")), "in no address: {}", got.text);
            check_page("/reveal", &got.text);
        }
    }
    let mut ann = explained(&house, "ann").await;
    let log = page(&mut ann, "/acts?user=ana&rpc=largesse.payout.v1.PayoutService/RevealBeneficiary").await;
    for part in [">sam</a>", ">aud</a>", "BENEFICIARY_PART_HOLDER_NAME", "BENEFICIARY_PART_ACCOUNT", "ticket 4711: wrong account", id] {
        assert!(log.contains(part), "{part}: {log}");
    }
    ann.explain("ticket+4711%3A+wrong+account").await;
    let export = ann.get("/acts.csv?book=demo").await.text;
    assert!(export.contains("RevealBeneficiary"), "{export}");
    // What creators did is no act of staff, and nothing that was shown is in the log or in a file.
    for text in [&log, &export] {
        assert!(!text.contains(NUMBER) && !text.contains("Quenbar"), "{text}");
    }
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_shown_in_clear_of_another_person_by_a_link_or_by_another_site() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    fund(&house).await;
    let payout = request(&house, HOLDER).await;
    let id = &payout.beneficiary_id;
    for (form, status) in [
        (form(id, "bob", "account"), 404),
        (form(&crate::blocked::new_id(), "ana", "account"), 404),
        (form(id, "ana", "tax_id"), 404),
        (form(id, "ana", "everything"), 400),
        (form(id, "ana", ""), 400),
        (form(id, "", "account"), 400),
        (form("no-id", "ana", "account"), 400),
        (form("%3Cb%3E", "%3Cscript%3E", "account"), 400),
        (form(id, "ana", "account").replace("demo", "unknown"), 404),
    ] {
        let mut browser = explained(&house, "sam").await;
        let got = browser.post("/reveal", &form).await;
        assert!(got.status == status && !got.text.contains(NUMBER), "{form}: {} {}", got.status, got.text);
        assert_eq!(got.text.matches("<script").count(), 1, "{form}");
    }
    let mut browser = explained(&house, "sam").await;
    let sent = form(id, "ana", "account");
    let foreign = browser.send(Method::POST, "/reveal", &[("sec-fetch-site", "cross-site")], Some(&sent)).await;
    assert_eq!(foreign.status, 403, "{}", foreign.text);
    assert_eq!(browser.get(&format!("/reveal?{sent}")).await.status, 405, "an address alone shows nothing");
    // The reason is for ana by now, and not for the next.
    assert_eq!(browser.post("/reveal", &sent).await.status, 200);
    assert_eq!(browser.post("/reveal", &form(id, "bob", "account")).await.status, 428);
    assert_eq!(Browser::new(&browser.base).post("/reveal", &sent).await.status, 303, "without a session");
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reviews_are_listed_and_every_rail_says_why_not() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = super::with_console(crate::options(dir.path()));
    // The first payout to an account waits.
    options.settings.payout.review.first_payout_delay = std::time::Duration::from_secs(3_600);
    let house = Runtime::start(options).await.unwrap();
    fund(&house).await;
    let payout = request(&house, HOLDER).await;
    crate::ach::until(&house, &payout.payout_id, api::payout::PayoutState::InReview).await;
    for person in ["sam", "fay", "aud", "ann"] {
        let mut browser = signed_in(&house, person).await;
        assert_eq!(browser.get("/reviews?book=demo").await.status, 428, "{person}");
        browser.explain("what+waits+for+people").await;
        for address in ["/reviews?book=demo", "/reviews?book=demo&state=any&kind=first_payout"] {
            let text = page(&mut browser, address).await;
            check_page(address, &text);
            assert!(text.contains("first payout") && text.contains(">ana</a>") && text.contains("5.00 USD"), "{person} {address}: {text}");
            assert!(text.contains("PayoutService/ListReviews") && !text.contains("Quenbar"), "{text}");
        }
        let none = page(&mut browser, "/reviews?book=demo&kind=screening").await;
        assert!(none.contains("There are no such reviews"), "{none}");
        for bad in ["state=moon", "kind=moon", "page=forged"] {
            assert_eq!(browser.get(&format!("/reviews?book=demo&{bad}")).await.status, 400, "{bad}");
        }
        let ask = format!("/creator?book=demo&id=ana&pay_to={}&pay_amount=", payout.beneficiary_id);
        let rails = page(&mut browser, &format!("{ask}5.00")).await;
        check_page("/creator", &rails);
        assert!(
            rails.contains("would arrive") && rails.contains(">yes</span>") && rails.contains("PayoutService/GetPayoutOptions"),
            "{rails}"
        );
        assert!(rails.matches("data-label=\"Why not\"").count() > 2, "every rail: {rails}");
        for (amount, says) in
            [("", "An amount in USD"), ("-1", "An amount in USD"), ("0", "An amount in USD"), ("1.234", "An amount in USD")]
        {
            let text = page(&mut browser, &format!("{ask}{amount}")).await;
            assert!(text.contains(says), "{amount}: {text}");
        }
        let nobody = page(&mut browser, "/creator?book=demo&id=ana&pay_to=nobody&pay_amount=5").await;
        assert!(nobody.contains("Choose one of the accounts."), "{nobody}");
        let paid = page(&mut browser, &format!("/payout?book=demo&id={}", payout.payout_id)).await;
        assert!(paid.replace("&#38;", "&").contains(&format!("{ask}5.00#options")) || paid.contains("Every way to pay it now"), "{paid}");
    }
    house.shutdown().await;
}
