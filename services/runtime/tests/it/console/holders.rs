//! The pages of wallets and creators, and statements as of a moment: by every role, what they show, how one gets there, and bad input.
use super::{
    Browser,
    finding::{content, links, page, second_book},
    house,
    pages::check_page,
    payouts::{bought, rejected},
    signed_in,
};
use crate::blocked::{by, fund, new_id};
use api::{
    ledger::BookMode,
    purchase::{GetWalletRequest, purchase_service_client::PurchaseServiceClient},
    support::{
        AccountAct, AccountChange, ApproveRequest, ProposeRequest, propose_request::Act, support_service_client::SupportServiceClient,
    },
};
use identity::{Role, Service};
use runtime::Runtime;

/// Clicks from the first page to any page that a person needs.
const CLICKS_MAX: usize = 4;

/// Freezes an account as two people want.
async fn frozen(house: &Runtime, account: &str) {
    let mut support = SupportServiceClient::new(house.transport_for(Service::Support).unwrap());
    let act = Some(Act::AccountChange(AccountChange { account: account.to_owned(), act: AccountAct::Freeze.into() }));
    let propose = ProposeRequest { request_id: new_id(), book: "demo".to_owned(), act };
    let proposed = support.propose(by(house, "fay", Role::Finance, propose)).await.unwrap().into_inner().proposal.unwrap();
    let approve = ApproveRequest { book: "demo".to_owned(), proposal_id: proposed.proposal_id, hash: String::new(), request_id: new_id() };
    support.approve(by(house, "gus", Role::Finance, approve)).await.unwrap();
}

/// The page for this user's case, whatever the reason was used for before.
async fn anew(browser: &mut Browser, address: &str) -> String {
    browser.explain("ticket+4711").await;
    page(browser, address).await
}

/// The links of a page that begin so, with several fields.
fn leading(text: &str, start: &str) -> Vec<String> {
    links(text, "/").into_iter().filter(|link| link.starts_with(start)).collect()
}

/// Follows the first link that begins so on a page.
async fn click(browser: &mut Browser, text: &str, start: &str) -> String {
    let address = leading(text, start).into_iter().next().unwrap_or_else(|| panic!("no link to {start}: {text}"));
    anew(browser, &address).await
}

#[tokio::test(flavor = "multi_thread")]
async fn wallets_and_creators_answer_every_role_and_lead_it_to_the_log_and_refuse_bad_addresses() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    fund(&house).await;
    bought(&house).await;
    let pages = [
        ("/wallet?book=demo", 200, 200),
        ("/creator?book=demo", 200, 200),
        ("/wallet?book=demo&id=ana", 428, 200),
        ("/creator?book=demo&id=ana", 428, 200),
        ("/wallet?book=demo&id=ana&at=2026-11-20", 428, 200),
        ("/creator?book=demo&id=nobody-knows", 428, 404),
        ("/wallet?book=demo&id=nobody-knows", 428, 404),
        ("/wallet?book=unknown&id=ana", 404, 404),
        ("/wallet?book=demo&id=no%20user", 400, 400),
        ("/creator?book=demo&id=a/b", 400, 400),
        ("/creator?book=demo&id=ana&at=yesterday", 400, 400),
        ("/wallet?book=demo&id=ana&at=9999-12-31", 428, 200),
        ("/wallet?book=demo&id=ana&at=0001-01-01", 428, 200),
    ];
    for person in ["sam", "fay", "aud", "ann"] {
        let mut browser = signed_in(&house, person).await;
        for (address, before, _) in pages {
            assert_eq!(browser.get(address).await.status, before, "{person} {address}");
        }
        for (address, _, after) in pages {
            // One that was used for a user is not for the next.
            browser.explain("ticket+4711").await;
            let got = browser.get(address).await;
            assert_eq!(got.status, after, "{person} {address}: {}", got.text);
            if !address.contains("unknown") {
                check_page(address, &got.text);
            }
            // Every role may read what staff did about one user; where none is named there is no such link.
            let is_about_user = address.contains("id=") && after != 400 && !address.contains("unknown");
            assert_eq!(got.text.contains("What staff did"), is_about_user, "{person} {address}");
            assert_eq!(got.text.contains("Nothing is known of this user here"), address.contains("nobody-knows"), "{person} {address}");
        }
    }
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_and_a_creator_show_what_there_is_and_why_it_can_not_move() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let mut browser = signed_in(&house, "sam").await;
    browser.explain("ticket+4711").await;
    assert_eq!(browser.get("/wallet?book=demo&id=ana").await.status, 404, "nothing was ever kept of her");
    // Who once opened the app is known, with nothing yet.
    let mut purchases = PurchaseServiceClient::new(house.transport_for(Service::Purchase).unwrap());
    purchases.get_wallet(by(&house, "ana", Role::Viewer, GetWalletRequest::default())).await.unwrap();
    let none = anew(&mut browser, "/wallet?book=demo&id=ana").await;
    assert!(none.contains("0 COIN") && none.contains("not opened yet") && none.contains("The user bought nothing."), "{none}");
    let purchase = bought(&house).await;
    fund(&house).await;
    let not_paid = rejected(&house).await;
    let wallet = anew(&mut browser, "/wallet?book=demo&id=ana").await;
    let coins = format!("{} COIN", purchase.coins);
    for part in [&*coins, "Can be spent now", ">open<", ">viewer/ana/coins</a>", ">purchase.apple</a>", ">credited<", ">apple</a>"] {
        assert!(wallet.contains(part), "{part}: {wallet}");
    }
    let own = format!("/purchase?id={}&book=demo", purchase.purchase_id);
    assert!(links(&wallet, "/purchase?").contains(&own), "{wallet}");
    let creator = anew(&mut browser, "/creator?book=demo&id=ana").await;
    for part in ["50.00 USD", "7.00 USD", ">rejected<", "AC04", "******0003", "B******** C*****", ">creator/ana/payable/USD</a>"] {
        assert!(creator.contains(part), "{part}: {creator}");
    }
    let payout = format!("/payout?id={}&book=demo", not_paid.payout_id);
    assert!(links(&creator, "/payout?").contains(&payout), "{creator}");
    for secret in ["9000000003", "Benedetta"] {
        assert!(!creator.contains(secret), "{secret}: {creator}");
    }
    frozen(&house, "creator/ana/payable/USD").await;
    frozen(&house, "viewer/ana/coins").await;
    let creator = anew(&mut browser, "/creator?book=demo&id=ana").await;
    assert!(creator.contains(">frozen<") && creator.contains("paid out in USD"), "{creator}");
    let wallet = anew(&mut browser, "/wallet?book=demo&id=ana").await;
    assert!(wallet.contains(">frozen<") && wallet.contains("<dt>Can be spent now</dt><dd>0 COIN</dd>"), "{wallet}");
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_about_a_user_is_few_clicks_from_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    fund(&house).await;
    bought(&house).await;
    rejected(&house).await;
    let mut browser = signed_in(&house, "sam").await;
    for path in [
        ["/payments?book=demo", "/user?id=ana", "/wallet?"].as_slice(),
        &["/payments?book=demo", "/user?id=ana", "/creator?"],
        &["/payments?book=demo", "/user?id=ana", "/wallet?", "/accounts?book=demo&account=viewer"],
        &["/payments?book=demo", "/user?id=ana", "/creator?", "/accounts?book=demo&account=creator"],
        &["/payments?book=demo", "/case?", "/wallet?"],
        &["/payouts?book=demo", "/payout?", "/user?id=ana", "/creator?"],
    ] {
        assert!(path.len() <= CLICKS_MAX, "{path:?}");
        let mut text = anew(&mut browser, "/").await;
        for start in path {
            text = click(&mut browser, &text, start).await;
        }
        assert!(text.contains("ana"), "{path:?}: {text}");
    }
    // A statement leads to its owner, and one thing of several that were found to what its users hold.
    second_book(&house, BookMode::Test, "viewer/ana/coins").await;
    let statement = anew(&mut browser, "/accounts?book=demo&account=viewer/ana/coins").await;
    assert!(links(&statement, "/wallet?").contains("/wallet?book=demo&id=ana"), "{statement}");
    let mut ann = signed_in(&house, "ann").await;
    let found = anew(&mut ann, "/find?text=viewer/ana/coins").await;
    let wanted = ["demo", "other"].map(|book| format!("/wallet?book={book}&id=ana"));
    assert_eq!(links(&found, "/wallet?"), wanted.into(), "{found}");
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_as_of_any_moment_and_its_rows_lead_there() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    fund(&house).await;
    fund(&house).await;
    let mut browser = signed_in(&house, "aud").await;
    let statement = "/accounts?book=demo&account=creator/ana/payable/USD";
    let now = anew(&mut browser, statement).await;
    assert!(now.contains("<dt>Balance</dt><dd>100.00 USD</dd>"), "{now}");
    let moments = leading(&now, "/accounts?book=demo&account=creator%2Fana%2Fpayable%2FUSD&at=");
    assert_eq!(moments.len(), 2, "{now}");
    for (moment, balance, entries) in [(&moments[0], "50.00 USD", 1), (&moments[1], "100.00 USD", 2)] {
        let then = anew(&mut browser, moment).await;
        assert!(then.contains("<dt>Balance as of ") && then.contains(&format!("</dt><dd>{balance}</dd>")), "{then}");
        assert_eq!(
            then.matches("data-label=\"Balance after\"").count(),
            entries,
            "entries after the moment are not of the statement: {then}"
        );
        assert!(leading(&then, "/accounts?book=demo&account=creator%2Fana%2Fpayable%2FUSD").len() > entries, "it leads to the present");
    }
    let before = anew(&mut browser, &format!("{statement}&at=2000-01-01")).await;
    assert!(before.contains("<dt>Balance as of 2000-01-01</dt><dd>0.00 USD</dd>") && before.contains("There are no entries"), "{before}");
    let creator = anew(&mut browser, "/creator?book=demo&id=ana&at=2000-01-01").await;
    assert!(creator.contains("data-label=\"As of 2000-01-01\" class=\"number strong\">0.00 USD<"), "{creator}");
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_for_one_user_shows_no_wallet_of_another_and_other_books_are_unknown() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    bought(&house).await;
    let mut browser = signed_in(&house, "sam").await;
    for address in ["/wallet?book=demo&id=", "/creator?book=demo&id="] {
        browser.explain("ticket+4711").await;
        let of_gil = browser.get(&format!("{address}gil")).await;
        let asked = browser.get(&format!("{address}ana")).await;
        assert!(asked.status == 428 && !asked.text.contains("COIN"), "{}", asked.text);
        // Of a user whom nobody knows the page says so, and nothing besides: where else to look is there.
        browser.explain("ticket+4711").await;
        let of_none = browser.get(&format!("{address}no-such-user")).await;
        assert_eq!((of_gil.status, of_none.status), (404, 404), "{address}");
        assert_eq!(content(&of_none.text, "no-such-user"), content(&of_gil.text, "gil"), "{address}");
        let elsewhere = "/user?id=no-such-user&book=demo".to_owned();
        assert!(of_none.text.contains("Nothing is known") && links(&of_none.text, "/user?").contains(&elsewhere), "{}", of_none.text);
    }
    house.shutdown().await;
}
