//! Proposals: the preview, and decisions by forms that nobody else can send.
use super::{Browser, finding::page, house, pages::check_page, signed_in};
use crate::blocked::{by, new_id};
use api::{
    ledger::{GetAccountRequest, ledger_service_client::LedgerServiceClient},
    support::{
        Adjustment, AdjustmentTransfer, Proposal, ProposeRequest, propose_request::Act, support_service_client::SupportServiceClient,
    },
};
use identity::{Role, Service};
use runtime::Runtime;

/// Proposes to give ana 70 coins.
pub async fn proposed(house: &Runtime, (who, role): (&str, Role)) -> Proposal {
    let transfer =
        AdjustmentTransfer { debit_account: "house/coins/issued".to_owned(), credit_account: "viewer/ana/coins".to_owned(), amount: 70 };
    let propose = ProposeRequest {
        request_id: new_id(),
        book: "demo".to_owned(),
        act: Some(Act::Adjustment(Adjustment { transfers: vec![transfer] })),
    };
    let mut support = SupportServiceClient::new(house.transport_for(Service::Support).unwrap());
    support.propose(by(house, who, role, propose)).await.unwrap().into_inner().proposal.unwrap()
}

async fn coins(house: &Runtime) -> i64 {
    let mut ledger = LedgerServiceClient::new(house.service_transport_for(Service::Ledger, "test").unwrap());
    let request = GetAccountRequest { book: "demo".to_owned(), account: "viewer/ana/coins".to_owned() };
    ledger.get_account(request).await.map_or(0, |answer| answer.into_inner().account.unwrap().balance)
}

fn address(proposal: &Proposal) -> String {
    format!("/proposal?id={}&book=demo", proposal.proposal_id)
}

/// The form of a page as a browser sends it when this button is clicked; `None` if there is no such button.
fn form(text: &str, decision: &str, reason: &str) -> Option<String> {
    let form = text.split("action=\"/proposal/decide\"").nth(1)?.split("</form>").next()?;
    form.contains(&format!("value=\"{decision}\"")).then(|| {
        let field = |name: &str| form.split(&format!("name=\"{name}\" value=\"")).nth(1).unwrap().split('"').next().unwrap().to_owned();
        let hidden = ["book", "id", "hash", "request_id"].map(|name| format!("{name}={}", field(name))).join("&");
        format!("{hidden}&reason={reason}&decision={decision}")
    })
}

async fn decide(browser: &mut Browser, proposal: &Proposal, decision: &str) -> (u16, String) {
    let text = page(browser, &address(proposal)).await;
    let form = form(&text, decision, "checked+with+Sam").unwrap();
    let sent = browser.post("/proposal/decide", &form).await;
    (sent.status, page(browser, &address(proposal)).await)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proposal_is_previewed_and_decided_by_another_person_alone() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let proposal = proposed(&house, ("sam", Role::Support)).await;
    for (person, may_approve, may_reject, says) in [
        ("sam", false, true, "another person decides"),
        ("aud", false, false, "Your role can&#39;t decide"),
        ("fay", true, true, ""),
        ("ann", true, true, ""),
    ] {
        let mut browser = signed_in(&house, person).await;
        assert!(page(&mut browser, "/proposals?book=demo").await.contains("Move 70 COIN"));
        assert_eq!(browser.get(&address(&proposal)).await.status, 428, "{person} says why they look first");
        browser.explain("ticket+4711").await;
        let text = page(&mut browser, &address(&proposal)).await;
        check_page("proposal", &text);
        assert!(text.contains("Move 70 COIN") && text.contains("viewer/ana/coins") && text.contains(">70 COIN</td>"), "{text}");
        assert!(text.contains("dry run") && text.contains("-70 COIN") && text.contains(says), "{person}: {text}");
        let buttons = ["approve", "reject"].map(|decision| form(&text, decision, "x").is_some());
        assert_eq!(buttons, [may_approve, may_reject], "{person}: {text}");
    }
    assert_eq!(coins(&house).await, 0, "a preview moves nothing");
    let mut fay = signed_in(&house, "fay").await;
    fay.explain("ticket+4711").await;
    let (status, text) = decide(&mut fay, &proposal, "approve").await;
    assert_eq!((status, coins(&house).await), (303, 70));
    assert!(text.contains("fay approved it, and it is done.") && text.contains("checked with Sam"), "{text}");
    assert!(form(&text, "approve", "x").is_none() && form(&text, "reject", "x").is_none(), "no button is left: {text}");
    assert!(text.contains("ticket 4711"), "why fay looked is not changed by the decision");
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_their_own_by_a_form_of_another_s_page_either() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let proposal = proposed(&house, ("ann", Role::Admin)).await;
    let mut fay = signed_in(&house, "fay").await;
    fay.explain("ticket+4711").await;
    let form = form(&page(&mut fay, &address(&proposal)).await, "approve", "it+is+my+own").unwrap();
    let mut ann = signed_in(&house, "ann").await;
    ann.explain("ticket+4711").await;
    let sent = ann.post("/proposal/decide", &form).await;
    assert!(sent.status == 409 && sent.text.contains("You proposed it, so another person decides."), "{}", sent.text);
    let mut sam = signed_in(&house, "sam").await;
    sam.explain("ticket+4711").await;
    assert_eq!(sam.post("/proposal/decide", &form).await.status, 403, "support may not approve");
    assert_eq!(coins(&house).await, 0);
    // Their own they may take back.
    let (status, text) = decide(&mut ann, &proposal, "reject").await;
    assert!(status == 303 && text.contains("ann took it back."), "{text}");
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_two_people_and_the_back_button_are_one_decision() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let proposal = proposed(&house, ("sam", Role::Support)).await;
    let (mut fay, mut ann) = (signed_in(&house, "fay").await, signed_in(&house, "ann").await);
    fay.explain("ticket+4711").await;
    ann.explain("ticket+4711").await;
    let of = |text: &str| form(text, "approve", "checked+with+Sam").unwrap();
    let (first, second) = (of(&page(&mut fay, &address(&proposal)).await), of(&page(&mut fay, &address(&proposal)).await));
    let (of_ann, rejecting) = (page(&mut ann, &address(&proposal)).await, page(&mut ann, &address(&proposal)).await);
    assert_ne!(first, second, "each tab has a request of its own");
    let mut other_tab = Browser::new(&fay.base);
    other_tab.cookies = fay.cookies.clone();
    let ann_s = of(&of_ann);
    let sent = tokio::join!(
        fay.post("/proposal/decide", &first),
        other_tab.post("/proposal/decide", &second),
        ann.post("/proposal/decide", &ann_s)
    );
    for sent in [&sent.0, &sent.1, &sent.2] {
        assert_eq!(sent.status, 303, "{}", sent.text);
    }
    assert_eq!(coins(&house).await, 70, "it is executed once");
    // The back button and a reload send the same form again.
    assert_eq!(fay.post("/proposal/decide", &first).await.status, 303);
    let late = form(&rejecting, "reject", "too+late+for+this").unwrap();
    let late = ann.post("/proposal/decide", &late).await;
    assert!(late.status == 409 && late.text.contains("Somebody decided meanwhile; your decision changed nothing."), "{}", late.text);
    assert!(late.text.contains("approved it, and it is done."), "what it is now is shown: {}", late.text);
    assert_eq!(coins(&house).await, 70);
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_forms_decide_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let proposal = proposed(&house, ("sam", Role::Support)).await;
    let mut fay = signed_in(&house, "fay").await;
    fay.explain("ticket+4711").await;
    let good = form(&page(&mut fay, &address(&proposal)).await, "approve", "checked+with+Sam").unwrap();
    let with = |name: &str, value: &str| {
        let field = good.split('&').find(|field| field.starts_with(&format!("{name}="))).unwrap();
        good.replace(field, &format!("{name}={value}"))
    };
    for (form, status) in [
        (String::new(), 400),
        (with("decision", "destroy"), 400),
        (with("reason", ""), 400),
        (with("reason", "short"), 400),
        (with("reason", "with%E2%80%AEhidden+letters"), 400),
        (with("reason", &"x".repeat(501)), 400),
        (with("request_id", "forged"), 400),
        (with("request_id", ""), 400),
        (with("hash", ""), 400),
        (with("hash", &"0".repeat(64)), 409),
        (with("id", "forged"), 400),
        (with("id", &new_id()), 404),
        (with("book", "unknown"), 404),
        (format!("{good}&more={}", "x".repeat(10_000)), 413),
    ] {
        let sent = fay.post("/proposal/decide", &form).await;
        assert_eq!(sent.status, status, "{form}: {}", sent.text);
        fay.explain("ticket+4711").await;
    }
    // From another site's page, from none, without a session, and as a link.
    for headers in [&[("sec-fetch-site", "cross-site")][..], &[("origin", "https://evil.example")], &[]] {
        assert_eq!(fay.send(reqwest::Method::POST, "/proposal/decide", headers, Some(&good)).await.status, 403, "{headers:?}");
    }
    assert_eq!(fay.get(&format!("/proposal/decide?{good}")).await.status, 405);
    let mut nobody = Browser::new(&fay.base);
    assert_eq!(nobody.post("/proposal/decide", &good).await.status, 303, "to where people sign in");
    assert_eq!(coins(&house).await, 0);
    let unknown = fay.get(&format!("/proposal?book=demo&id={}", new_id())).await;
    assert_eq!((unknown.status, fay.get("/proposal?book=demo").await.status), (404, 303));
    // The good one still works.
    assert_eq!((fay.post("/proposal/decide", &good).await.status, coins(&house).await), (303, 70));
    house.shutdown().await;
}
