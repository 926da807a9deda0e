//! The lying bank with real parts: the payout service over its database and sockets, the sandbox bank, which knows the truth, and between them a proxy
//! that lies, while the service is stopped at arbitrary points, again and again. Seeded: `LARGESSE_PAYOUT_HISTORIES` sets how many,
//! `LARGESSE_PAYOUT_HISTORIES_FROM` the first.

use crate::{
    fake_bank::{between, payment, report, request, transfer},
    world::{FUNDS, Running, World, aba, payout_request},
};
use api::payout::{Payout, PayoutState};
use db::Database;
use serde_json::json;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Histories of `make test`.
const HISTORIES: u64 = 12;
/// Payouts of one installation at once.
const AT_ONCE: u64 = 12;
/// Lies about one payment before the truth.
const LIES: u64 = 6;
/// Times that the service is stopped while the bank lies.
const STOPS: u64 = 3;
/// Longest wait for a stop.
const STOP_MAX: Duration = Duration::from_secs(2);
/// Accounts whose payments settle, settle later, are rejected, cut, answered late or never, wait, are lost once, are answered with garbage.
const ACCOUNTS: [&str; 9] =
    ["9000000001", "9000000002", "9000000003", "9000000004", "9000000005", "9000000007", "9000000008", "9000000009", "9000000010"];
const CENTS: i64 = 150;

fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().expect("a number"))
}

/// The same for the same seed and place.
fn roll(seed: u64, place: u64, sides: u64) -> u64 {
    let mut mixed = (seed << 32 | place).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % sides
}

/// The proxy's data about a payment: its last message, and how often it lied.
#[derive(Default)]
struct Known {
    message_id: String,
    lies: u64,
}

struct LyingLine {
    url: String,
    exchanges: watch::Receiver<usize>,
    server: JoinHandle<()>,
}

impl LyingLine {
    async fn start(bank: String, seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (told, exchanges) = watch::channel(0);
        let server = tokio::spawn(async move {
            let known: Arc<Mutex<BTreeMap<String, Known>>> = Arc::default();
            let (http, told) = (http_client::local().build().unwrap(), Arc::new(told));
            while let Ok((stream, _)) = listener.accept().await {
                let (known, http, told, bank) = (known.clone(), http.clone(), told.clone(), bank.clone());
                tokio::spawn(async move {
                    pass(stream, &http, &bank, &known, seed).await;
                    told.send_modify(|exchanges| *exchanges += 1);
                });
            }
        });
        Self { url, exchanges, server }
    }

    async fn exchanged(&self, more: usize) {
        let mut exchanges = self.exchanges.clone();
        let until = *exchanges.borrow() + more;
        exchanges.wait_for(|exchanges| *exchanges >= until).await.unwrap();
    }
}

/// Calls the bank, and returns its answer or a lie.
async fn pass(mut stream: TcpStream, http: &reqwest::Client, bank: &str, known: &Mutex<BTreeMap<String, Known>>, seed: u64) -> Option<()> {
    let (head, body) = request(&mut stream).await?;
    let path = between(&head, " /", " ")?;
    let id = between(&body, "<EndToEndId>", "<").or_else(|| between(&head, "GET /payments/", " "));
    let asked = if body.is_empty() { http.get(format!("{bank}/{path}")) } else { http.post(format!("{bank}/{path}")).body(body.clone()) };
    let truth = asked.send().await.ok();
    let truth = match truth {
        None => None,
        Some(answer) => Some((answer.status().as_u16(), answer.text().await.ok()?)),
    };
    let (status, window, text) = match id {
        None => truth.map(|(status, text)| (status, 1, text))?,
        Some(id) => {
            let mut known = known.lock().unwrap();
            let known = known.entry(id.clone()).or_default();
            if let Some(message_id) = between(&body, "<MsgId>", "<") {
                known.message_id = message_id;
            }
            if known.lies == LIES {
                truth.map(|(status, text)| (status, 1, text))?
            } else {
                known.lies += 1;
                lie(&id, known, truth, seed)?
            }
        }
    };
    let head =
        format!("HTTP/1.1 {status} X\r\nfinality-window-seconds: {window}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", text.len());
    stream.write_all(&[head.as_bytes(), text.as_bytes()].concat()).await.ok()?;
    stream.shutdown().await.ok()
}

/// Status, finality window and body; none: the connection is cut.
fn lie(id: &str, known: &Known, truth: Option<(u16, String)>, seed: u64) -> Option<(u16, u64, String)> {
    let place = id.bytes().fold(known.lies, |place, byte| place.wrapping_mul(31).wrapping_add(u64::from(byte))) & 0xffff_ffff;
    let of = |text: String| text.replace(&format!("{id}-0"), &known.message_id);
    let one = |status: &str, beside: &str| payment(&transfer(id, status, beside));
    let other = r#"<OrgnlTxRef><IntrBkSttlmAmt Ccy="USD">0.01</IntrBkSttlmAmt></OrgnlTxRef>"#;
    // Lies about a payment that the bank does not have must not name it: no later truth could end a payout that was named.
    let named = truth.as_ref().is_some_and(|(status, _)| *status != 404);
    match roll(seed, place, 9) {
        1..=6 if !named => truth.map(|(status, text)| (status, 1, text)),
        0 => None,
        1 => Some((200, 1, of(report(id, 0, "", &one("BLCK", ""))))),
        2 => Some((200, 1, of(report(id, 0, "", &(one("RJCT", "") + &one("ACSC", "")))))),
        3 => Some((200, 1, of(report(id, 0, "<GrpSts>RJCT</GrpSts>", &one("ACSC", ""))))),
        4 => Some((200, 1, of(report(id, 0, "", &one("ACSC", other))))),
        5 => Some((200, 1, report(id, 77, "", &one("RJCT", "")))),
        6 => truth.map(|(_, text)| (502, 1, text)),
        7 => Some((404, 3_600, of(report(id, 0, "", &one("", ""))))),
        _ => truth.map(|(status, text)| (status, 1, text)),
    }
}

async fn service(world: &World, line: &LyingLine) -> Running {
    let mut config = world.config();
    config.test_bank.as_mut().unwrap().url.clone_from(&line.url);
    // A payment that never arrives is sent until it does: giving up on it is not tested here.
    config.policy.sends_max = 50;
    world.start_with(config).await
}

async fn installation(seed: u64, payouts: u64) {
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(Database::parse(&format!("sqlite:{}", dir.path().display())).unwrap(), 1).await;
    let line = LyingLine::start(world.bank.url(), seed).await;
    let mut running = service(&world, &line).await;
    world.fund("ana", "USD").await;
    let mut asked: Vec<(Payout, &str)> = Vec::new();
    for at in 0..payouts {
        let account = ACCOUNTS[usize::try_from(roll(seed, at, ACCOUNTS.len() as u64)).unwrap()];
        let beneficiary = running.beneficiary("ana", aba(account)).await.unwrap();
        asked.push((running.request("ana", payout_request(&beneficiary, "USD", CENTS)).await.unwrap().0, account));
    }
    for stop in 0..STOPS {
        // Or sooner, if all have ended before.
        let exchanges = line.exchanged(usize::try_from(roll(seed, 1_000 + stop, 2 * payouts)).unwrap() + 1);
        let _ended = tokio::time::timeout(STOP_MAX, exchanges).await;
        running.stop().await;
        running = service(&world, &line).await;
    }
    for (payout, _) in asked.iter().filter(|(_, account)| *account == "9000000008") {
        let behaviour = if payout.payout_id.as_bytes()[0] % 2 == 0 { json!("settle") } else { json!("reject") };
        let mut scenario = json!({"end_to_end_id": payout.end_to_end_id, "behaviour": behaviour});
        if behaviour == "reject" {
            scenario["code"] = json!("MD07");
        }
        world.scenario(scenario).await;
    }
    let mut settled = 0;
    for (payout, account) in &asked {
        let ended = running.end("ana", &payout.payout_id).await;
        let paid = world.executed(payout).await;
        assert_eq!(paid, usize::from(ended.state() == PayoutState::Settled), "LARGESSE_PAYOUT_HISTORIES_FROM={seed}, {account}: {ended:?}");
        settled += CENTS * i64::try_from(paid).unwrap();
    }
    assert!(settled < FUNDS);
    world.check_books("ana", "USD", settled).await;
    running.stop().await;
    line.server.abort();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_line_to_the_bank_says_money_ends_where_the_banks_books_have_it() {
    let mut left = setting("LARGESSE_PAYOUT_HISTORIES", HISTORIES);
    let mut seed = setting("LARGESSE_PAYOUT_HISTORIES_FROM", 1);
    while left > 0 {
        let payouts = left.min(AT_ONCE);
        installation(seed, payouts).await;
        (left, seed) = (left - payouts, seed + 1);
    }
}
