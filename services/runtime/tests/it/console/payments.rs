//! Payments as they happen: the page and its stream, with every way in which a stream is refused, ends and continues.
use super::{Browser, house, signed_in, with_console};
use crate::{
    blocked::{PATIENCE, adjust},
    options,
};
use identity::{Role, Service};
use runtime::{Options, Runtime};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::timeout;

const FROM: &str = "house/accrued_creator_liability/USD";
const TO: &str = "creator/ana/payable/USD";

/// An event of a stream.
#[derive(Debug)]
struct Event {
    id: String,
    name: String,
    data: Value,
}

/// A stream, read as a browser does.
struct Live {
    response: reqwest::Response,
    text: String,
    last_id: String,
}

impl Live {
    async fn open(browser: &mut Browser, address: &str, last_id: &str) -> Self {
        let headers = [("last-event-id", last_id)];
        let response = browser.open(address, if last_id.is_empty() { &[] } else { &headers }).await;
        assert_eq!(response.status().as_u16(), 200, "{address}");
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new(), last_id: last_id.to_owned() }
    }

    /// The next event that has data; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
                let (id, name, data) = (field("id: "), field("event: ").unwrap_or_default(), field("data: "));
                self.text = rest.to_owned();
                if let Some(id) = id {
                    self.last_id = id;
                }
                if let Some(data) = data {
                    return Some(Event { id: self.last_id.clone(), name, data: serde_json::from_str(&data).unwrap() });
                }
                continue;
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.expect("it goes on or ends").ok()??;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// Reads on to the end, which says what comes next and why.
    async fn end(&mut self) -> (String, String) {
        while let Some(event) = self.next().await {
            if event.name == "end" {
                return (text(&event.data["then"]), text(&event.data["why"]));
            }
        }
        panic!("it ended without a word");
    }

    /// Reads on until so many postings were counted.
    async fn count(&mut self, postings: i64) -> Seen {
        let mut seen = Seen::default();
        while seen.postings < postings {
            let event = self.next().await.expect("it goes on");
            assert_eq!(event.name, "payments", "{event:?}");
            assert!(!event.id.is_empty(), "every event can be continued after");
            seen.add(&event.data);
        }
        seen
    }
}

/// What events said.
#[derive(Debug, Default)]
struct Seen {
    postings: i64,
    left_out: i64,
    /// By unit.
    moved: BTreeMap<String, i64>,
    /// Sequence numbers of the rows.
    rows: BTreeSet<String>,
    shown: i64,
}

impl Seen {
    fn add(&mut self, data: &Value) {
        self.left_out += data["left_out"].as_i64().unwrap();
        for tick in data["ticks"].as_array().unwrap() {
            self.postings += tick["postings"].as_i64().unwrap();
            for sum in tick["sums"].as_array().unwrap() {
                *self.moved.entry(text(&sum["unit"])).or_default() += text(&sum["moved"]).parse::<i64>().unwrap();
            }
        }
        for row in data["rows"].as_array().unwrap() {
            self.shown += 1;
            self.rows.insert(text(&row["seq"]));
            assert!(text(&row["href"]).starts_with("/case?") && !row["transfers"].as_array().unwrap().is_empty(), "{row}");
        }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The address of the stream that the page's script opens.
async fn stream(browser: &mut Browser, page: &str) -> String {
    let got = browser.get(page).await;
    assert_eq!(got.status, 200, "{}", got.text);
    got.text.split("data-stream=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&")
}

/// The sum that a chart says.
async fn charted(browser: &mut Browser, page: &str, chart: &str) -> String {
    let text = browser.get(page).await.text;
    let caption = text.split(&format!("id=\"chart-{chart}\">")).nth(1).unwrap().split("</figcaption>").next().unwrap();
    caption.split("<strong>").nth(1).unwrap().split('<').next().unwrap().to_owned()
}

async fn post(house: &Runtime, times: usize) {
    for _ in 0..times {
        adjust(house, FROM, TO, 12_345).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn charts_and_rows_have_the_same_sums_and_a_stream_continues_without_gap_or_repeat() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let mut browser = signed_in(&house, "fay").await;
    let page = "/payments?book=demo&unit=USD&span=seconds";
    assert!(!browser.get(page).await.text.contains("data-stream"), "nothing of users is shown before somebody says why they look");
    browser.explain("ticket+4711").await;
    let address = stream(&mut browser, page).await;
    let before: i64 = charted(&mut browser, page, "postings").await.parse().unwrap();
    let mut live = Live::open(&mut browser, &address, "").await;
    post(&house, 3).await;
    let mut seen = live.count(3).await;
    let last = live.last_id.clone();
    drop(live);
    post(&house, 2).await;
    let mut again = Live::open(&mut browser, &address, &last).await;
    let more = again.count(2).await;
    assert!(seen.rows.is_disjoint(&more.rows), "{seen:?} {more:?}");
    seen.rows.extend(more.rows);
    assert_eq!((seen.postings + more.postings, seen.rows.len(), seen.left_out + more.left_out), (5, 5, 0));
    assert_eq!((seen.moved["USD"], more.moved["USD"]), (37_035, 24_690));
    // What the stream has shown, the charts have counted.
    for span in ["seconds", "minutes", "hours"] {
        let page = format!("/payments?book=demo&unit=USD&span={span}");
        assert_eq!(charted(&mut browser, &page, "postings").await, (before + 5).to_string(), "{span}");
        assert_eq!(charted(&mut browser, &page, "moved").await, "617.25 USD", "{span}");
    }
    assert!(charted(&mut browser, "/?book=demo&unit=USD", "moved").await == "617.25 USD", "page Today has them too");
    // From the page's own cursor everything comes once more, and of another kind nothing does.
    assert_eq!(Live::open(&mut browser, &address, "").await.count(5).await.postings, 5);
    assert_eq!(charted(&mut browser, "/payments?book=demo&posting=no-such-kind", "postings").await, "0");
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_session_and_says_why_there_is_none() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let mut browser = signed_in(&house, "sam").await;
    let live = "/payments/live?book=demo";
    let why = async |browser: &mut Browser, address: &str| Live::open(browser, address, "").await.end().await;
    assert!(why(&mut browser, live).await.1.contains("before you say why you look"));
    browser.explain("ticket+4711").await;
    for (address, then, part) in [
        ("/payments/live?book=unknown", "stop", "no such book"),
        ("/payments/live?book=%3Cscript%3E", "stop", "book"),
        ("/payments/live?book=demo&after=forged", "stop", "cursor"),
        ("/payments/live?book=demo&posting=,,%3Cscript%3E,", "", ""),
    ] {
        if then.is_empty() {
            // A kind that nothing is of is no error: it may come.
            Live::open(&mut browser, address, "").await;
            continue;
        }
        let ended = why(&mut browser, address).await;
        assert!(ended.0 == then && ended.1.contains(part), "{address}: {ended:?}");
    }
    let many = format!("/payments/live?book=demo&posting={}", "k,".repeat(100));
    assert!(why(&mut browser, &many).await.1.contains("kinds"));
    // A secret that is no session's, and none.
    for forged in ["", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "%22%3E"] {
        let mut nobody = Browser::new(&browser.base);
        nobody.cookies.insert("largesse-sandbox".to_owned(), forged.to_owned());
        let ended = why(&mut nobody, live).await;
        assert!(ended.0 == "stop" && ended.1.contains("session has ended"), "{ended:?}");
    }
    // Signing out, here or everywhere, ends what is open.
    for everywhere in [false, true] {
        let mut here = signed_in(&house, "sam").await;
        here.explain("ticket+4711").await;
        let mut open = Live::open(&mut here, live, "").await;
        let form = if everywhere { "everywhere=yes" } else { "" };
        let leaving = if everywhere { &mut browser } else { &mut here };
        assert_eq!(leaving.post("/console/logout", form).await.status, 200);
        let ended = open.end().await;
        assert!(ended.0 == "stop" && ended.1.contains("session has ended"), "{ended:?}");
        assert!(open.next().await.is_none(), "and the answer is over");
    }
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_are_bounded_for_a_session_and_by_the_monitor() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = with_console(options(dir.path()));
    options.settings.monitor.viewers_max = 5;
    let house = Runtime::start(options).await.unwrap();
    let mut browser = signed_in(&house, "sam").await;
    browser.explain("ticket+4711").await;
    let address = stream(&mut browser, "/payments?book=demo").await;
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(Live::open(&mut browser, &address, "").await);
    }
    for _ in 0..100 {
        let ended = Live::open(&mut browser, &address, "").await.end().await;
        assert!(ended.0 == "stop" && ended.1.contains("You have 4 live pages"), "{ended:?}");
    }
    // Of five viewers in all one is left to others.
    let mut other = signed_in(&house, "fay").await;
    other.explain("ticket+4711").await;
    let fifth = Live::open(&mut other, &address, "").await;
    let ended = Live::open(&mut other, &address, "").await.end().await;
    assert!(ended.0 == "stop" && ended.1.contains("As many people as may be are watching"), "{ended:?}");
    // One that is closed makes room, as soon as that is noticed.
    drop((open.pop(), fifth));
    post(&house, 1).await;
    let reached = async {
        loop {
            let mut next = Live::open(&mut browser, &address, "").await;
            if next.next().await.is_some_and(|event| event.name == "payments") {
                return;
            }
        }
    };
    timeout(PATIENCE, reached).await.expect("there is room");
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_stops_ends_its_streams() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let mut browser = signed_in(&house, "aud").await;
    browser.explain("ticket+4711").await;
    let mut live = Live::open(&mut browser, "/payments/live?book=demo", "").await;
    let (_, ended) = tokio::join!(timeout(PATIENCE, house.shutdown()), live.end());
    assert_eq!(ended.0, "resume", "{ended:?}");
    assert!(live.next().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_ends_under_a_live_page_is_said_and_what_it_commits_later_follows() {
    let (dir, ledger_dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let alone = |listen| Options {
        services: vec![Service::Ledger],
        database: format!("sqlite:{}", ledger_dir.path().display()),
        listen,
        http: None,
        ..options(dir.path())
    };
    let ledger = Runtime::start(alone(crate::free_port())).await.unwrap();
    let address = ledger.address("grpc").unwrap();
    // Where people sign in is known when the other process has started, and the ledger has to trust it.
    let mut others = with_console(options(dir.path()));
    others.services.retain(|service| *service != Service::Ledger);
    others.peers = [(Service::Ledger, format!("http://{address}"))].into();
    let house = Runtime::start(others).await.unwrap();
    ledger.shutdown().await;
    let trusting = || Options { login_listen: house.address("login").unwrap(), ..alone(Some(address)) };
    let ledger = Runtime::start(trusting()).await.unwrap();
    let mut browser = signed_in(&house, "fay").await;
    browser.explain("ticket+4711").await;
    let page = stream(&mut browser, "/payments?book=demo&unit=USD").await;
    let mut live = Live::open(&mut browser, &page, "").await;
    post(&house, 1).await;
    let first = live.count(1).await;
    ledger.shutdown().await;
    let lost = async {
        loop {
            let event = live.next().await.expect("it goes on");
            if event.data["lost"].is_object() {
                return text(&event.data["lost"]["text"]);
            }
        }
    };
    assert!(lost.await.len() > 10, "since when");
    let today = browser.get("/payments?book=demo&unit=USD").await;
    assert!(today.status == 200 && today.text.contains("The ledger does not answer since"), "{}", today.text);
    let ledger = Runtime::start(trusting()).await.unwrap();
    post(&house, 2).await;
    let more = live.count(2).await;
    assert!(first.rows.is_disjoint(&more.rows) && (first.postings, more.postings, more.shown) == (1, 2, 2), "{first:?} {more:?}");
    house.shutdown().await;
    ledger.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_zone_that_a_reader_chose_holds_for_every_page() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    post(&house, 1).await;
    let mut browser = signed_in(&house, "ann").await;
    browser.explain("ticket+4711").await;
    let pages = ["/", "/payments?book=demo", "/books", "/acts", "/proposals?book=demo&state=any"];
    for page in pages {
        let text = browser.get(page).await.text;
        assert!(text.contains("Times are in UTC") && !text.contains("+05:45"), "{page}: {text}");
    }
    let chosen = browser.post("/console/zone", "zone=asia/kathmandu&then=%2Facts").await;
    assert_eq!((chosen.status, chosen.location()), (303, "/acts"));
    for page in pages {
        let text = browser.get(page).await.text;
        assert!(text.contains("Times are in Asia/Kathmandu") && text.contains(" +05:45</time>"), "{page}: {text}");
        assert!(!text.contains("(UTC)</th>") && !text.contains("(UTC)</dt>"), "{page}: a heading says another zone");
    }
    for (form, status) in
        [("zone=Europe/Nowhere", 400), ("zone=%3Cscript%3E", 400), ("zone=..%2F..%2Fetc%2Fpasswd", 400), ("zone=utc", 303)]
    {
        assert_eq!(browser.post("/console/zone", form).await.status, status, "{form}");
    }
    assert!(browser.get("/acts").await.text.contains("Times are in UTC"));
    // A cookie that somebody made up is none.
    browser.cookies.insert("largesse-sandbox-zone".to_owned(), "Europe/Nowhere".to_owned());
    assert!(browser.get("/acts").await.text.contains("Times are in UTC"));
    assert_eq!(Browser::new(&browser.base).post("/console/zone", "zone=utc").await.status, 303, "without a session one signs in first");
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_books_page_says_the_head_that_a_check_of_the_chain_finds() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    post(&house, 2).await;
    let mut ledger = api::ledger::ledger_service_client::LedgerServiceClient::new(house.transport_for(Service::Ledger).unwrap());
    let verify = api::ledger::VerifyBookRequest { book: "demo".to_owned() };
    let verified = ledger.verify_book(crate::signed(&house, Role::Auditor, verify)).await.unwrap().into_inner();
    let mut browser = signed_in(&house, "sam").await;
    // The monitor follows the ledger, a moment later.
    let reached = async {
        loop {
            let page = browser.get("/books").await.text;
            if page.contains(&verified.head_hash) {
                return page;
            }
        }
    };
    let page = timeout(PATIENCE, reached).await.expect("the monitor gets there");
    assert!(page.contains(&format!("<dt>Last event</dt><dd>{}</dd>", verified.events)), "{page}");
    assert!(
        page.contains("href=\"/trial-balance?book=demo\"") && page.contains("<dd>local</dd>") && page.contains(">TEST</span>"),
        "{page}"
    );
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_addresses_get_clear_answers() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let mut browser = signed_in(&house, "aud").await;
    browser.explain("looking+around").await;
    let (kind, state) = ("k".repeat(100), "s".repeat(100));
    for (address, status) in [
        ("/payments?span=no_such_span", 400),
        ("/?span=no_such_span", 400),
        ("/payments?kind=no_such_kind", 400),
        ("/payments?from=yesterday", 400),
        ("/payments?from=2026-11-21&until=2026-11-20", 200),
        ("/payments?page=forged", 400),
        (&*format!("/payments?posting={kind}"), 400),
        (&*format!("/payments?state={state}"), 400),
        ("/payments?user=%3Cb%3E", 400),
        ("/payments?state=none&unit=NONE&posting=none", 200),
        ("/payments?amount_min=12.50&amount_unit=USD", 200),
        ("/payments?amount_min=70&amount_unit=COIN", 200),
        ("/payments?amount_min=12.50", 400),
        ("/payments?amount_min=-1&amount_unit=USD", 400),
        ("/payments?amount_min=12.505&amount_unit=USD", 400),
        ("/payments?amount_min=many&amount_unit=USD", 400),
        ("/payments?amount_min=99999999999999999999&amount_unit=USD", 400),
        ("/payments?amount_unit=DIAMOND", 400),
        ("/payments?amount_unit=%3Cb%3E", 400),
        ("/payments?account=house/coins/issued", 400),
        ("/payments?account=viewer/u1/coins&user=u2", 400),
        ("/payments?account=viewer/u1/coins", 200),
        ("/books?page=forged", 400),
    ] {
        // One that was used for a user is not for the next.
        browser.explain("looking+around").await;
        let got = browser.get(address).await;
        assert_eq!(got.status, status, "{address}: {}", got.text);
    }
    browser.explain("looking+around").await;
    for (user, is_shown) in [("nobody", true), ("somebody-else", false)] {
        assert_eq!(browser.get(&format!("/payments?user={user}")).await.text.contains("data-stream"), is_shown, "a reason is for one user");
    }
    house.shutdown().await;
}
