//! The treasury's page, by every role.
use super::{finding::page, house, pages::check_page, signed_in};
use crate::blocked::{fund, on_book};
use api::treasury::{ApplyStructureRequest, PlanStructureRequest, treasury_service_client::TreasuryServiceClient};
use identity::{Role, Service};
use runtime::Runtime;

/// A bank account with a tree of three steps, and markup in a name.
const TREE: &str = r#"
[[account]]
id = "main-usd"
name = "Main account"
bank = "A bank"
branch = "TESTUS33"
currency = "USD"
entity = "main"
number = "0000123456"

[[summary]]
id = "apps"
parent = "main-usd"
name = "Apps"
entity = "acme"

[[leaf]]
id = "creators"
parent = "apps"
name = "Creators of <b>demo</b>"
entity = "acme"
claims = ["demo"]
"#;

/// Divides the bank account that pays.
pub async fn divided(house: &Runtime) {
    let mut treasury = TreasuryServiceClient::new(house.transport_for(Service::Treasury).unwrap());
    let (book, file) = ("treasury".to_owned(), TREE.to_owned());
    let plan = PlanStructureRequest { book: book.clone(), file: file.clone() };
    let plan = treasury.plan_structure(on_book(house, &book, ("fay", Role::Finance), plan)).await.unwrap().into_inner();
    let apply = ApplyStructureRequest { book: book.clone(), file, hash: plan.hash };
    treasury.apply_structure(on_book(house, &book, ("fay", Role::Finance), apply)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tree_the_cases_and_the_closed_days_are_for_those_who_answer_for_the_books() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    fund(&house).await;
    divided(&house).await;
    let pages = [
        "/treasury?book=treasury",
        "/treasury?book=treasury&part=cases&state=any",
        "/treasury?book=treasury&part=closed_days&account=main-usd",
    ];
    let mut sam = signed_in(&house, "sam").await;
    for address in pages {
        assert_eq!(sam.get(address).await.status, 403, "{address}");
    }
    assert!(!page(&mut sam, "/?book=demo").await.contains(">Treasury</a>"));
    for person in ["fay", "aud", "ann"] {
        let mut browser = signed_in(&house, person).await;
        assert_eq!(browser.get(pages[0]).await.status, 428);
        browser.explain("quarterly+review").await;
        for address in pages {
            check_page(address, &page(&mut browser, address).await);
        }
        let tree = page(&mut browser, "/treasury").await;
        assert!(
            tree.contains("Main account") && tree.contains("class=\"depth-2\">Creators of &#60;b&#62;demo") && tree.contains("0.00 USD"),
            "{tree}"
        );
        assert!(!tree.contains("0000123456") && tree.contains("covers demo"), "{tree}");
        assert!(page(&mut browser, pages[1]).await.contains("There are no such cases."));
        assert!(page(&mut browser, pages[2]).await.contains("No day of this account is closed."));
        assert!(page(&mut browser, "/treasury?book=treasury&part=closed_days").await.contains("Name a bank account."));
        let other = browser.get("/treasury?book=demo").await;
        assert!(other.status == 404 && other.text.contains("The treasury keeps a book of its own"), "{}", other.text);
        for (bad, status) in
            [("part=moon", 400), ("part=cases&state=moon", 400), ("page=forged", 400), ("on=yesterday", 400), ("account=no-such", 400)]
        {
            let got = browser.get(&format!("/treasury?book=treasury&{bad}")).await;
            assert!(got.status == status || bad.starts_with("account"), "{bad}: {} {}", got.status, got.text);
        }
    }
    house.shutdown().await;
}
