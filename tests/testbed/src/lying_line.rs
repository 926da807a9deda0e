//! A line to the bank that lies, with real sockets and the bank's real answers behind it: a bank that contradicts itself, for tests of payouts.
use crate::bank_messages::{between, payment, report, request, transfer};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Lies about one payment before the truth.
const LIES: u64 = 6;

/// The same for the same seed and place.
#[must_use]
pub fn roll(seed: u64, place: u64, sides: u64) -> u64 {
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

/// A line to a bank that lies about every payment [`LIES`] times, and then tells the truth.
pub struct LyingLine {
    /// Where a payout service reaches the bank through it.
    pub url: String,
    exchanges: watch::Receiver<usize>,
    connected: watch::Sender<String>,
    server: JoinHandle<()>,
}

impl LyingLine {
    /// Listens. Calls are passed on once [`LyingLine::connect`] has said where the bank is.
    pub async fn start(seed: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (told, exchanges) = watch::channel(0);
        let (connected, bank) = watch::channel(String::new());
        let server = tokio::spawn(async move {
            let known: Arc<Mutex<BTreeMap<String, Known>>> = Arc::default();
            let (http, told) = (http_client::local().build().unwrap(), Arc::new(told));
            while let Ok((stream, _)) = listener.accept().await {
                let (known, http, told, bank) = (known.clone(), http.clone(), told.clone(), bank.borrow().clone());
                tokio::spawn(async move {
                    pass(stream, &http, &bank, &known, seed).await;
                    told.send_modify(|exchanges| *exchanges += 1);
                });
            }
        });
        Self { url, exchanges, connected, server }
    }

    /// The bank's address, as `http://…`.
    pub fn connect(&self, bank: String) {
        self.connected.send_replace(bank);
    }

    /// Waits for this many more calls.
    pub async fn exchanged(&self, more: usize) {
        let mut exchanges = self.exchanges.clone();
        let until = *exchanges.borrow() + more;
        exchanges.wait_for(|exchanges| *exchanges >= until).await.unwrap();
    }
}

impl Drop for LyingLine {
    fn drop(&mut self) {
        self.server.abort();
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
