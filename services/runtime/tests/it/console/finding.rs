//! From an id to its case, from a case to a user, and what needs a person: what the pages show of a purchase, a refused gift and a proposal.
use super::{Browser, house, pages::with_history, signed_in};
use crate::{blocked::fund, signed_for};
use api::ledger::{BookMode, CreateBookRequest, OpenAccountsRequest, ledger_service_client::LedgerServiceClient};
use identity::{BookScope, Role, Service};
use runtime::Runtime;
use std::collections::BTreeSet;

/// The addresses in links of a page that begin so.
pub fn links(text: &str, start: &str) -> BTreeSet<String> {
    let hrefs = text.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    hrefs.filter(|href| href.starts_with(start)).map(|href| href.replace("&#38;", "&").replace("&amp;", "&")).collect()
}

/// A page without what is of its own address and time.
pub fn content(text: &str, id: &str) -> String {
    let main = text.split("<main").nth(1).unwrap().split("class=\"calls\"").next().unwrap();
    main.replace(id, "ID")
}

pub async fn page(browser: &mut Browser, address: &str) -> String {
    let got = browser.get(address).await;
    assert_eq!(got.status, 200, "{address}: {}", got.text);
    got.text
}

/// A second book, named `other`, with this account.
pub async fn second_book(house: &Runtime, mode: BookMode, account: &str) {
    let mut ledger = LedgerServiceClient::new(house.transport_for(Service::Ledger).unwrap());
    let request_id = uuid::Uuid::now_v7().to_string();
    let create = CreateBookRequest { request_id, book: "other".into(), mode: mode.into(), region: "local".into() };
    ledger.create_book(signed_for(house, Role::Service, BookScope::All, create)).await.unwrap();
    second_account(house, account).await;
}

async fn second_account(house: &Runtime, account: &str) {
    let mut ledger = LedgerServiceClient::new(house.service_transport_for(Service::Ledger, "test").unwrap());
    let request_id = uuid::Uuid::now_v7().to_string();
    let open = OpenAccountsRequest { book: "other".into(), accounts: vec![account.to_owned()], request_id };
    ledger.open_accounts(open).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn from_what_needs_a_person_links_lead_to_the_case_and_the_user() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    with_history(&house).await;
    let mut browser = signed_in(&house, "fay").await;
    let today = page(&mut browser, "/").await;
    assert!(today.contains("Say why you look") && !today.contains("open proposal"), "nothing is listed without a reason: {today}");
    browser.explain("ticket+4711").await;
    let today = page(&mut browser, "/").await;
    let cases = links(&today, "/case?");
    assert!(today.contains("<code>proposals-open</code>") && cases.len() == 1, "{today}");
    let proposal = cases.first().unwrap();
    assert!(proposal.contains("kind=proposal&book=demo"), "{proposal}");
    assert!(page(&mut browser, "/?work=stuck_payout").await.contains("Nothing needs a person."));
    // The same by its id alone, which is the only thing of that id.
    let id = proposal.split("id=").nth(1).unwrap().split('&').next().unwrap();
    let found = browser.get(&format!("/find?text={id}")).await;
    assert_eq!((found.status, found.location()), (303, proposal.as_str()));
    let case = page(&mut browser, proposal).await;
    assert!(
        case.contains("viewer/u1/coins")
            && case.contains("largesse call MonitorService/ExplainCase ")
            && case.contains("THING_KIND_PROPOSAL"),
        "{case}"
    );
    let found = browser.get("/find?text=u1").await;
    assert_eq!((found.status, found.location()), (303, "/user?id=u1"), "a user's case is their money");
    let nothing = page(&mut browser, "/find?text=nothing-has-this").await;
    assert!(nothing.contains("Nothing has the id") && nothing.contains("<details open class=\"searched\">"), "{nothing}");
    assert!(nothing.contains("<strong>payout</strong>: by "), "it says where it looked: {nothing}");
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_is_explained_and_its_users_money_is_listed() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    fund(&house).await;
    let mut browser = signed_in(&house, "aud").await;
    browser.explain("ticket+4711").await;
    let account = page(&mut browser, "/accounts?book=demo&account=house/accrued_creator_liability/USD").await;
    let posting = account.split("data-label=\"Posting\">").nth(1).unwrap().split(['<', '>']).nth(2).unwrap();
    let found = browser.get(&format!("/find?text={posting}")).await;
    assert_eq!(found.status, 303, "{}", found.text);
    let case = page(&mut browser, found.location()).await;
    for part in ["What happened to it", "data-label=\"Side\">own<", "data-label=\"Amount\"", " USD", posting] {
        assert!(case.contains(part), "{part}: {case}");
    }
    let users = links(&case, "/user?id=");
    let user = users.first().expect("somebody was paid");
    let money = page(&mut browser, user).await;
    assert!(money.contains("data-label=\"Balance after\"") && money.contains("demo (TEST)") && money.contains(">posted<"), "{money}");
    assert!(money.contains(" USD") && !links(&money, "/case?").is_empty() && !links(&money, "/accounts?").is_empty(), "{money}");
    // In one book alone, the page offers all.
    assert!(links(&page(&mut browser, &format!("{user}&book=demo")).await, user).contains(user));
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_of_another_book_is_an_unknown_one() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    with_history(&house).await;
    second_book(&house, BookMode::Live, "viewer/u8/coins").await;
    let mut browser = signed_in(&house, "ann").await;
    browser.explain("ticket+4711").await;
    let (known, unknown) = ("viewer/u1/coins", "viewer/u9/coins");
    assert_eq!(browser.get(&format!("/case?book=demo&id={known}")).await.status, 200);
    for address in ["/case?book=other&id=", "/case?book=other&kind=account&id=", "/find?book=other&text="] {
        browser.explain("ticket+4711").await;
        let of_other = browser.get(&format!("{address}{known}")).await;
        browser.explain("ticket+4711").await;
        let of_none = browser.get(&format!("{address}{unknown}")).await;
        assert_eq!(of_other.status, of_none.status, "{address}");
        assert_eq!(content(&of_other.text, "u1"), content(&of_none.text, "u9"), "{address}");
    }
    // What is in two books is listed for both, each with its money.
    second_account(&house, known).await;
    browser.explain("ticket+4711").await;
    let both = page(&mut browser, &format!("/find?text={known}")).await;
    assert!(both.contains("2 things have this id") && both.contains("demo (TEST)") && both.contains("other (LIVE)"), "{both}");
    let cases = ["demo", "other"].map(|book| format!("/case?id=viewer%2Fu1%2Fcoins&kind=account&book={book}"));
    assert_eq!(links(&both, "/case?"), cases.into());
    // Real and pretend money are never mixed up: a page over both says so.
    assert!(page(&mut browser, "/find").await.contains("<title>LIVE AND TEST"));
    assert!(page(&mut browser, "/find?book=demo").await.contains("<title>TEST · "));
    browser.explain("ticket+4711").await;
    assert!(
        page(&mut browser, "/case?id=viewer/u2/coins").await.contains("<title>TEST · "),
        "a case is of one book, whatever the address says"
    );
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_for_one_user_shows_no_case_of_another() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    with_history(&house).await;
    let mut browser = signed_in(&house, "sam").await;
    browser.explain("ticket+4711").await;
    let pages = ["/user?id=", "/find?text=nothing&user=", "/case?book=demo&id=viewer/"];
    for (address, other) in pages.into_iter().flat_map(|one| pages.map(|other| (one, other))) {
        let of = |address: &str, user: &str| {
            if address.starts_with("/case") { format!("{address}{user}/coins") } else { format!("{address}{user}") }
        };
        browser.explain("ticket+4711").await;
        assert_eq!(browser.get(&of(address, "u1")).await.status, 200, "{address}");
        assert_eq!(browser.get(&of(other, "u1")).await.status, 200, "{address} {other}");
        let asked = browser.get(&of(other, "u2")).await;
        assert!(
            asked.status == 428 && asked.text.contains("Why do you look?") && !asked.text.contains("opening of"),
            "{other}: {}",
            asked.text
        );
        // The form leads back to what was asked for.
        assert!(asked.text.contains("name=\"then\" value=\"/"), "{}", asked.text);
    }
    house.shutdown().await;
}
