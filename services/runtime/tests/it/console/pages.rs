//! Every page by every role, and bad input for every page.
use super::{Browser, house, signed_in};
use crate::{signed, signed_for};
use api::{
    ledger::{BookMode, CreateBookRequest, OpenAccountsRequest, ledger_service_client::LedgerServiceClient},
    support::{AccountAct, AccountChange, ProposeRequest, propose_request::Act, support_service_client::SupportServiceClient},
};
use identity::{BookScope, Role, Service};
use runtime::Runtime;
use std::collections::BTreeSet;

/// Every page, and what each of sam (support), fay (finance), aud (auditor) and ann (admin) gets: the status before and after they gave a reason.
const PAGES: [(&str, [(u16, u16); 4]); 19] = [
    ("/?book=demo", [(200, 200); 4]),
    ("/accounts?book=demo", [(200, 200); 4]),
    ("/accounts?book=demo&account=house/coins/issued", [(428, 200); 4]),
    ("/trial-balance?book=demo", [(200, 200); 4]),
    ("/proposals?book=demo", [(200, 200); 4]),
    // Support and finance are asked for a user or an account first.
    ("/acts?book=demo", [(200, 200), (200, 200), (428, 200), (428, 200)]),
    ("/acts?book=demo&user=u1", [(428, 200); 4]),
    ("/acts?book=demo&account=viewer/u1/coins", [(428, 200); 4]),
    ("/?work=open_proposal", [(200, 200); 4]),
    ("/find?book=demo", [(200, 200); 4]),
    ("/find?text=nothing-has-this", [(428, 200); 4]),
    ("/case?book=demo&kind=account&id=viewer/u1/coins", [(428, 200); 4]),
    ("/user", [(200, 200); 4]),
    ("/user?id=u1", [(428, 200); 4]),
    ("/payments?book=demo", [(200, 200); 4]),
    ("/payments?book=demo&span=hours&unit=USD&kind=payout&state=settled", [(200, 200); 4]),
    ("/books", [(200, 200); 4]),
    ("/reviews?book=demo&state=any", [(428, 200); 4]),
    ("/payments?book=demo&kind=house&account=house/coins/issued", [(200, 200); 4]),
];
const PEOPLE: [&str; 4] = ["sam", "fay", "aud", "ann"];

/// Markup in every place where a person can write.
const MARKUP: &str = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>";

/// Opens accounts, and proposes with markup in the reason.
pub async fn with_history(house: &Runtime) {
    let mut ledger = LedgerServiceClient::new(house.service_transport_for(Service::Ledger, "test").unwrap());
    let open = OpenAccountsRequest {
        book: "demo".to_owned(),
        accounts: ["house/coins/issued", "viewer/u1/coins", "viewer/u2/coins"].map(str::to_owned).to_vec(),
        request_id: uuid::Uuid::now_v7().to_string(),
    };
    ledger.open_accounts(open).await.unwrap();
    let mut support = SupportServiceClient::new(house.transport_for(Service::Support).unwrap());
    let change = AccountChange { account: "viewer/u1/coins".to_owned(), act: AccountAct::Freeze.into() };
    let request_id = uuid::Uuid::now_v7().to_string();
    let propose = ProposeRequest { request_id, book: "demo".to_owned(), act: Some(Act::AccountChange(change)) };
    let mut request = signed(house, Role::Support, propose);
    request.metadata_mut().insert("largesse-reason", MARKUP.parse().unwrap());
    support.propose(request).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_answers_every_role_as_the_table_of_access_says() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    with_history(&house).await;
    for (at, person) in PEOPLE.into_iter().enumerate() {
        let mut browser = signed_in(&house, person).await;
        for (page, statuses) in PAGES {
            assert_eq!(browser.get(page).await.status, statuses[at].0, "{person} {page}");
        }
        browser.explain("ticket+4711").await;
        for (page, statuses) in PAGES {
            let got = browser.get(page).await;
            assert_eq!(got.status, statuses[at].1, "{person} {page}: {}", got.text);
            check_page(page, &got.text);
            for (name, part) in [
                ("content-security-policy", "default-src 'none'; script-src 'self'"),
                ("content-security-policy", "frame-ancestors 'none'"),
                ("x-content-type-options", "nosniff"),
                ("referrer-policy", "same-origin"),
                ("cache-control", "no-store"),
            ] {
                assert!(got.headers[name].to_str().unwrap().contains(part), "{name} of {page}");
            }
        }
        // Only those who may read the log have a link to it.
        assert_eq!(browser.get("/").await.text.contains(">Audit log</a>"), statuses_of_log(at) == 200, "{person}");
    }
    house.shutdown().await;
}

fn statuses_of_log(at: usize) -> u16 {
    PAGES[5].1[at].1
}

/// What holds for every page: it says which money it is of, nothing is inline, and every control has a label.
pub fn check_page(page: &str, text: &str) {
    assert!(text.contains("<title>TEST · ") && text.contains("<p class=\"mode\"><strong>TEST</strong>"), "{page} says TEST");
    assert!(text.contains("<html lang=\"en\" class=\"test\">") && text.contains("The books are"), "{page}");
    let lower = text.to_lowercase();
    assert!(!lower.contains(" style=") && !lower.contains("javascript:") && !lower.contains("http-equiv"), "{page}");
    assert!(text.matches("<script").count() == text.matches("<script src=\"/assets/").count(), "{page}");
    assert!(text.matches("<img").count() == 0, "{page}: {text}");
    let named: BTreeSet<&str> = text.split("<label for=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    for control in ["<input ", "<select "] {
        for rest in text.split(control).skip(1) {
            let tag = rest.split('>').next().unwrap();
            let id = tag.split("id=\"").nth(1).and_then(|rest| rest.split('"').next());
            assert!(tag.contains("type=\"hidden\"") || id.is_some_and(|id| named.contains(id)), "{page}: a control without a label: {tag}");
        }
    }
    let ids: Vec<&str> = text.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "{page}: an id twice: {ids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn markup_of_users_and_of_addresses_is_text() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    with_history(&house).await;
    let mut browser = signed_in(&house, "ann").await;
    let reason = "%3Cscript%3Ealert(1)%3C/script%3E%22'%3E%3Cimg+src=x%3E";
    let encoded = "%3Cscript%3Ealert(1)%3C%2Fscript%3E%22'%3E%3Cimg%20src%3Dx%20onerror%3Dalert(1)%3E";
    let pages = [
        "/?",
        "/find?",
        "/find?text=x&",
        "/case?",
        "/case?id=x&",
        "/user?",
        "/wallet?",
        "/wallet?id=x&",
        "/creator?",
        "/creator?id=x&",
        "/accounts?",
        "/trial-balance?",
        "/proposals?",
        "/acts?",
        "/payments?",
        "/books?",
        "/reviews?",
    ];
    let fields = [
        "book", "account", "from", "until", "at", "state", "subject", "user", "rpc", "page", "q", "text", "id", "kind", "work", "posting",
        "unit", "span",
    ];
    for (page, field) in pages.into_iter().flat_map(|page| fields.map(|field| (page, field))) {
        // One that was used for a user is not for the next.
        browser.explain(reason).await;
        let got = browser.get(&format!("{page}{field}={encoded}")).await;
        assert!((200..500).contains(&got.status), "{page} {field}: {}", got.status);
        let scripts = got.text.matches("<script").count();
        let expected = usize::from(got.status != 303);
        assert!(
            scripts == expected && !got.text.contains("<img") && !got.text.contains("onerror=alert(1)>"),
            "{page} {field}: {}",
            got.text
        );
    }
    browser.explain(reason).await;
    let proposals = browser.get("/proposals?book=demo").await.text;
    assert!(proposals.contains("&#60;script&#62;alert(1)") || proposals.contains("&lt;script&gt;alert(1)"), "{proposals}");
    assert!(browser.get("/acts").await.text.contains("script"), "the reason is in the log, as text");
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_book_that_a_login_does_not_cover_looks_like_one_that_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let mut ledger = LedgerServiceClient::new(house.transport_for(Service::Ledger).unwrap());
    let create = CreateBookRequest {
        request_id: uuid::Uuid::now_v7().to_string(),
        book: "other".into(),
        mode: BookMode::Test.into(),
        region: "local".into(),
    };
    ledger.create_book(signed_for(&house, Role::Service, BookScope::All, create)).await.unwrap();
    let mut browser = signed_in(&house, "fay").await;
    for page in ["/", "/find", "/user", "/accounts", "/trial-balance", "/proposals", "/payments", "/books"] {
        assert_eq!(browser.get(&format!("{page}?book=other")).await.status, 200, "fay's login covers all books");
        let unknown = browser.get(&format!("{page}?book=unknown")).await;
        assert!(unknown.status == 404 && unknown.text.contains("or your login does not cover it"), "{page}: {}", unknown.text);
    }
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reason_is_for_one_user_and_every_look_is_recorded() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    with_history(&house).await;
    let mut browser = signed_in(&house, "sam").await;
    let of = |user: &str| format!("/accounts?book=demo&account=viewer/{user}/coins");
    assert_eq!(browser.get(&of("u1")).await.status, 428);
    for bad in ["short", "", &"x".repeat(501), "with%E2%80%AEhidden+letters"] {
        assert_eq!(browser.post("/console/reason", &format!("reason={bad}&then=/")).await.status, 400, "{bad}");
    }
    let told = browser.post("/console/reason", "reason=ticket+4711%3A+M%C3%BCnzen&then=%2Faccounts").await;
    assert_eq!((told.status, told.location()), (303, "/accounts"));
    let seen = browser.get(&of("u1")).await;
    assert!(seen.status == 200 && seen.text.contains("ticket 4711: Münzen") && seen.text.contains("0 COIN"), "{}", seen.text);
    assert_eq!(browser.get(&of("u2")).await.status, 428, "another user's page asks again");
    assert_eq!(browser.get(&of("u1")).await.status, 428, "and the reason is gone");
    let mut ann = signed_in(&house, "ann").await;
    ann.explain("quarterly+review").await;
    let log = ann.get("/acts?user=u1").await.text;
    assert!(log.contains("ticket 4711: Münzen") && log.contains("<strong>ListEntries</strong>") && log.contains(">sam</a>"), "{log}");
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_addresses_get_clear_answers() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    with_history(&house).await;
    let mut browser = signed_in(&house, "aud").await;
    browser.explain("looking+around").await;
    let account = "/accounts?book=demo&account=house/coins/issued";
    for (address, status) in [
        (format!("/trial-balance?book=demo&page={}", "x".repeat(300)), 400),
        (format!("{account}&page=forged"), 400),
        (format!("{account}&from=yesterday"), 400),
        (format!("{account}&at=2026-99-99"), 400),
        (format!("{account}&at=2026-11-20"), 200),
        (format!("{account}&from=0001-01-01&until=9999-12-31"), 200),
        ("/accounts?book=demo&account=house/no/such/account".to_owned(), 400),
        ("/accounts?book=demo&account=viewer/nobody/coins".to_owned(), 404),
        ("/proposals?book=demo&state=any&page=forged".to_owned(), 400),
        ("/proposals?book=demo&state=no-such-state".to_owned(), 400),
        ("/acts?page=forged".to_owned(), 400),
        ("/?page=forged".to_owned(), 400),
        ("/?work=no_such_kind".to_owned(), 400),
        ("/?work=failed_check".to_owned(), 200),
        ("/user?id=nobody".to_owned(), 404),
        ("/user?id=nobody&page=forged".to_owned(), 400),
        (format!("/user?id={}", "u".repeat(500)), 400),
        (format!("/user?id={}", "u".repeat(600)), 400),
        ("/case".to_owned(), 303),
        ("/case?id=nobody-knows-this".to_owned(), 404),
        ("/case?id=house/coins/issued".to_owned(), 200),
        ("/case?id=house/coins/issued&page=forged".to_owned(), 400),
        ("/case?id=house/coins/issued&kind=payout".to_owned(), 404),
        ("/case?id=house/coins/issued&kind=no_such_kind".to_owned(), 400),
        ("/case?id=house/coins/issued&kind=unspecified".to_owned(), 400),
        (format!("/case?id={}", "i".repeat(500)), 400),
        (format!("/find?text={}", "t".repeat(500)), 400),
        (format!("/find?text={}", "t".repeat(600)), 400),
        ("/find?text=%00".to_owned(), 400),
        ("/find?text=a%20b".to_owned(), 400),
        ("/find?text=house/coins/issued".to_owned(), 303),
        ("/find?text=x&user=%3Cb%3E".to_owned(), 400),
        (format!("/acts?subject={}", "y".repeat(10_000)), 414),
        (format!("/acts?subject={}", "y".repeat(7_000)), 400),
        ("/acts/../../etc/passwd".to_owned(), 404),
        ("/assets/console.css".to_owned(), 404),
        ("/no-such-page".to_owned(), 404),
        ("/console/logout".to_owned(), 405),
    ] {
        // One that was used for a user is not for the next.
        browser.explain("looking+around").await;
        let got = browser.get(&address).await;
        assert_eq!(got.status, status, "{}: {}", &address[..address.len().min(100)], got.text);
    }
    let huge = format!("reason={}", "x".repeat(100_000));
    assert_eq!(browser.post("/console/reason", &huge).await.status, 413);
    // Without a session nothing is told, not even which pages there are.
    let mut nobody = Browser::new(&browser.base);
    for (page, _) in super::pages::PAGES {
        assert_eq!(nobody.get(page).await.status, 303, "{page}");
    }
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn style_and_script_are_small_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let mut browser = signed_in(&house, "sam").await;
    let page = browser.get("/").await.text;
    let assets: Vec<String> = page.split("\"/assets/").skip(1).map(|rest| format!("/assets/{}", rest.split('"').next().unwrap())).collect();
    assert_eq!(assets.len(), 2);
    let mut bytes = page.len();
    for asset in assets {
        let got = browser.get(&asset).await;
        assert_eq!((got.status, got.headers["cache-control"].to_str().unwrap()), (200, "public, max-age=31536000, immutable"));
        bytes += got.text.len();
    }
    assert!(bytes < 60_000, "{bytes} bytes with style and script");
    house.shutdown().await;
}
