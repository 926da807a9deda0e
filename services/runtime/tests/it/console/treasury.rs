//! The treasury's page, by every role.
use super::{finding::page, house, pages::check_page, signed_in};
use crate::blocked::{fund, on_book};
use api::treasury::{ApplyStructureRequest, PlanStructureRequest, treasury_service_client::TreasuryServiceClient};
use identity::{Role, Service};
use runtime::Runtime;
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};

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

/// A case that nobody has, as an import of a statement finds it.
pub async fn unexplained(dir: &std::path::Path) -> String {
    let id = uuid::Uuid::now_v7().simple().to_string();
    let sql = format!(
        "INSERT INTO bank_case (book, case_id, account_id, class, currency, amount, difference, entry_keys, items, file_hash, since_date, detail, rule, evidence, postings,
             proposed_item, state, resolution, assignee, explanation, explained_by, found_at_ms, closed_day)
         VALUES ('treasury', '{id}', 'main-usd', 'UNKNOWN_CREDIT', 'USD', 4990, -4990, '', '', '', '2026-11-27', 'nothing says what it is for', 0, '[]', '[]', '',
             'open', '', '', '', '', 1, '')"
    );
    let mut tables = SqliteConnectOptions::new().filename(dir.join("treasury.db")).connect().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut tables).await.unwrap();
    tables.close().await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_given_to_somebody_and_a_day_is_closed_by_those_who_may_with_a_reason_and_by_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    divided(&house).await;
    let case = unexplained(dir.path()).await;
    let give = format!("book=treasury&case={case}&assignee=fay&reason=the+bank+was+asked");
    let close = "book=treasury&account=main-usd&day=2026-11-27&reason=checked+with+the+bank&for_ever=yes";
    let cases = "/treasury?book=treasury&part=cases";
    let days = "/treasury?book=treasury&part=closed_days&account=main-usd";
    for (person, may) in [("sam", false), ("aud", false), ("ann", true), ("fay", true)] {
        let mut browser = signed_in(&house, person).await;
        browser.explain("quarterly+review").await;
        if person != "sam" {
            for (address, form) in [(cases, "/treasury/assign"), (days, "/treasury/close")] {
                assert_eq!(page(&mut browser, address).await.contains(form), may, "{person} {address}");
            }
        }
        let given = browser.post("/treasury/assign", &give).await;
        assert_eq!(given.status, if may { 303 } else { 403 }, "{person}: {}", given.text);
        assert!(!may || given.location() == cases, "{person}: it leads back to the cases");
        // Nothing of the day is known yet, and the treasury closes nothing that it can't prove.
        let closed = browser.post("/treasury/close", close).await;
        assert!(
            if may { [400, 503].contains(&closed.status) } else { closed.status == 403 },
            "{person}: {} {}",
            closed.status,
            closed.text
        );
        assert!(!may || closed.text.contains("<code>"), "{person}: it says why: {}", closed.text);
    }
    let mut fay = signed_in(&house, "fay").await;
    fay.explain("quarterly+review").await;
    let listed = page(&mut fay, cases).await;
    assert!(listed.contains("data-label=\"Who has it\">fay<") && listed.contains(&case), "{listed}");
    check_page(cases, &listed);
    check_page(days, &page(&mut fay, days).await);
    for (path, form) in [
        ("/treasury/assign", "book=treasury&case=&assignee=fay&reason=the+bank+was+asked".to_owned()),
        ("/treasury/assign", give.replace("the+bank+was+asked", "short")),
        ("/treasury/assign", give.replace(&case, "no-such-case")),
        ("/treasury/assign", give.replace("fay", "no%20user")),
        ("/treasury/close", close.replace("&for_ever=yes", "")),
        ("/treasury/close", close.replace("2026-11-27", "yesterday")),
        ("/treasury/close", close.replace("main-usd", "")),
        ("/treasury/close", close.replace("checked+with+the+bank", "")),
    ] {
        let got = fay.post(path, &form).await;
        assert!((400..500).contains(&got.status), "{path} {form}: {} {}", got.status, got.text);
    }
    // A form of another site changes nothing.
    let foreign = fay.send(reqwest::Method::POST, "/treasury/assign", &[("sec-fetch-site", "cross-site")], Some(&give)).await;
    assert_eq!(foreign.status, 403, "{}", foreign.text);
    assert_eq!(fay.get("/treasury/close").await.status, 405, "an address alone changes nothing");
    house.shutdown().await;
}
