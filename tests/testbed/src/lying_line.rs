//! A line to the bank that lies, with real sockets and the bank's real answers behind it: a bank that contradicts itself, for tests of payouts. [`NewsLine`]
//! does the same to the bank's callbacks on their way back. Without lies it only states a shorter finality window than the bank.
use crate::bank_messages::{between, payment, report, request, transfer};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Lies about one payment before the truth.
const LIES: u64 = 6;
/// Faults of one callback before it is passed on as it is.
const CALLBACK_FAULTS: u64 = 3;
/// The finality window that the line states, in seconds: a payment that it holds back arrives well within it.
const WINDOW_S: u64 = 2;
/// How long a payment is held back.
const HELD_BACK: Duration = Duration::from_millis(300);
/// A payment that was held back longer than that, on a machine that is too busy, is dropped: it could arrive when its absence is proof.
const HELD_BACK_MAX: Duration = Duration::from_millis(1_000);
/// Of so many statements, one is cut off.
const STATEMENTS_PER_CUT: u64 = 4;

/// The same for the same seed and place.
#[must_use]
pub fn roll(seed: u64, place: u64, sides: u64) -> u64 {
    let mut mixed = (seed << 32 | place).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % sides
}

fn place(id: &str, number: u64) -> u64 {
    id.bytes().fold(number, |place, byte| place.wrapping_mul(31).wrapping_add(u64::from(byte))) & 0xffff_ffff
}

/// What the line does to one exchange with the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LineFault {
    /// The bank gets the call, and the connection is cut without an answer.
    Cut,
    /// A status that decides nothing.
    Undecided,
    /// Two statuses that contradict each other.
    Contradiction,
    /// A group's status that contradicts the payment's.
    GroupContradiction,
    /// The status of another amount.
    OtherAmount,
    /// The status of another message.
    OtherMessage,
    /// The truth with an error status.
    ErrorStatus,
    /// "Not found", whatever the bank says.
    NotFound,
    /// Nothing: the truth.
    Truth,
    /// The truth is cut off in the middle of the body.
    CutMidBody,
    /// The connection is cut before the bank gets the payment, which arrives only later.
    HeldBack,
    /// The callback is refused: it comes again later, after answers and statements.
    NewsRefused,
    /// The callback is passed on, and the bank is not told: it sends it again.
    NewsUnacknowledged,
    /// The callback arrives twice.
    NewsTwice,
}

/// Those of payments, in the order of the dice.
const OF_PAYMENTS: [LineFault; 11] = [
    LineFault::Cut,
    LineFault::Undecided,
    LineFault::Contradiction,
    LineFault::GroupContradiction,
    LineFault::OtherAmount,
    LineFault::OtherMessage,
    LineFault::ErrorStatus,
    LineFault::NotFound,
    LineFault::Truth,
    LineFault::CutMidBody,
    LineFault::HeldBack,
];
/// Those of callbacks.
const OF_NEWS: [LineFault; 4] = [LineFault::NewsRefused, LineFault::NewsUnacknowledged, LineFault::NewsTwice, LineFault::Truth];

/// How often each fault happened.
pub type FaultCounts = BTreeMap<LineFault, u64>;

/// The proxy's data about a payment: its last message, and how often it lied.
#[derive(Default)]
struct Known {
    message_id: String,
    lies: u64,
}

/// What the exchanges of one line share.
struct Proxy {
    http: reqwest::Client,
    seed: u64,
    /// Lies about one payment before the truth.
    lies_max: u64,
    known: Mutex<BTreeMap<String, Known>>,
    counts: Mutex<FaultCounts>,
}

impl Proxy {
    fn new(seed: u64, lies_max: u64) -> Arc<Self> {
        Arc::new(Self { http: http_client::local().build().unwrap(), seed, lies_max, known: Mutex::default(), counts: Mutex::default() })
    }

    fn count(&self, fault: LineFault) {
        *self.counts.lock().unwrap().entry(fault).or_default() += 1;
    }

    fn counts(&self) -> FaultCounts {
        self.counts.lock().unwrap().clone()
    }
}

/// A line to a bank that lies about every payment [`LIES`] times, and then tells the truth.
pub struct LyingLine {
    /// Where a payout service reaches the bank through it.
    pub url: String,
    proxy: Arc<Proxy>,
    exchanges: watch::Receiver<usize>,
    connected: watch::Sender<String>,
    server: JoinHandle<()>,
}

impl LyingLine {
    /// Listens. Calls are passed on once [`LyingLine::connect`] has said where the bank is.
    pub async fn start(seed: u64) -> Self {
        Self::listen(Proxy::new(seed, LIES)).await
    }

    /// The same without lies. It states a finality window of two seconds instead of the bank's half a minute: a payment that the bank will never execute is
    /// proved lost that much sooner.
    pub async fn truthful() -> Self {
        Self::listen(Proxy::new(0, 0)).await
    }

    async fn listen(proxy: Arc<Proxy>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (told, exchanges) = watch::channel(0);
        let (connected, bank) = watch::channel(String::new());
        let shared = proxy.clone();
        let server = tokio::spawn(async move {
            let told = Arc::new(told);
            while let Ok((stream, _)) = listener.accept().await {
                let (proxy, told, bank) = (shared.clone(), told.clone(), bank.borrow().clone());
                tokio::spawn(async move {
                    proxy.pass(stream, &bank).await;
                    told.send_modify(|exchanges| *exchanges += 1);
                });
            }
        });
        Self { url, proxy, exchanges, connected, server }
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

    /// What it did so far.
    #[must_use]
    pub fn faults(&self) -> FaultCounts {
        self.proxy.counts()
    }
}

impl Drop for LyingLine {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The way of a bank's callbacks to a payout service: late, repeated, and unacknowledged some times each, then as they are.
pub struct NewsLine {
    /// Where the bank reaches the receiver through it.
    pub url: String,
    proxy: Arc<Proxy>,
    server: JoinHandle<()>,
}

impl NewsLine {
    /// Listens for callbacks to `receiver`, an address as `http://…`.
    pub async fn start(seed: u64, receiver: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let proxy = Proxy::new(seed, LIES);
        let shared = proxy.clone();
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (proxy, receiver) = (shared.clone(), receiver.clone());
                tokio::spawn(async move { proxy.pass_on(stream, &receiver).await });
            }
        });
        Self { url, proxy, server }
    }

    /// What it did so far.
    #[must_use]
    pub fn faults(&self) -> FaultCounts {
        self.proxy.counts()
    }
}

impl Drop for NewsLine {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Proxy {
    /// Calls the bank, and returns its answer or a lie.
    async fn pass(self: Arc<Self>, mut stream: TcpStream, bank: &str) -> Option<()> {
        let received = Instant::now();
        let (head, body) = request(&mut stream).await?;
        let path = between(&head, " /", " ")?;
        let id = between(&body, "<EndToEndId>", "<").or_else(|| between(&head, "GET /payments/", " "));
        let fault = match &id {
            Some(id) => self.next(id, &body),
            None if path.starts_with("statements/") && self.is_cut(&path) => LineFault::CutMidBody,
            None => LineFault::Truth,
        };
        let url = format!("{bank}/{path}");
        if fault == LineFault::HeldBack && !body.is_empty() {
            self.count(fault);
            drop(stream);
            tokio::time::sleep(HELD_BACK).await;
            if received.elapsed() < HELD_BACK_MAX {
                let _late = self.http.post(url).body(body).send().await;
            }
            return None;
        }
        let asked = if body.is_empty() { self.http.get(url) } else { self.http.post(url).body(body) };
        let truth = match asked.send().await {
            Err(_) => None,
            Ok(answer) => Some((answer.status().as_u16(), answer.text().await.ok()?)),
        };
        // Lies about a payment that the bank does not have must not name it: no later truth could end a payout that was named.
        let named = truth.as_ref().is_some_and(|(status, _)| *status != 404);
        let fault = if fault.names_it() && !named { LineFault::Truth } else { fault };
        self.count(fault);
        let (status, window_s, text) = match id {
            None => truth.map(|(status, text)| (status, WINDOW_S, text))?,
            Some(id) => {
                let message_id = self.known.lock().unwrap().get(&id).map(|known| known.message_id.clone())?;
                said(&id, &message_id, fault, truth)?
            }
        };
        answer(&mut stream, (status, window_s, &text), fault == LineFault::CutMidBody).await
    }

    /// The fault of the next exchange about a payment. A message of many is one about the first of them.
    fn next(&self, id: &str, body: &str) -> LineFault {
        let mut known = self.known.lock().unwrap();
        if let Some(message_id) = between(body, "<MsgId>", "<") {
            let ids = body.split("<EndToEndId>").skip(1).filter_map(|rest| rest.split_once('<'));
            ids.for_each(|(id, _)| known.entry(id.to_owned()).or_default().message_id.clone_from(&message_id));
        }
        let known = known.entry(id.to_owned()).or_default();
        if known.lies == self.lies_max {
            return LineFault::Truth;
        }
        known.lies += 1;
        let dice = roll(self.seed, place(id, known.lies), OF_PAYMENTS.len() as u64);
        OF_PAYMENTS[usize::try_from(dice).unwrap()]
    }

    /// Whether this reading of a statement is cut off.
    fn is_cut(&self, path: &str) -> bool {
        if self.lies_max == 0 {
            return false;
        }
        let mut known = self.known.lock().unwrap();
        let known = known.entry(path.to_owned()).or_default();
        known.lies += 1;
        known.lies.is_multiple_of(STATEMENTS_PER_CUT)
    }

    /// Passes a callback on.
    async fn pass_on(self: Arc<Self>, mut stream: TcpStream, receiver: &str) -> Option<()> {
        let (head, body) = request(&mut stream).await?;
        let path = between(&head, " /", " ")?;
        let fault = {
            let mut known = self.known.lock().unwrap();
            let known = known.entry(body.clone()).or_default();
            known.lies += 1;
            let dice = roll(self.seed, place(&body, known.lies), OF_NEWS.len() as u64);
            if known.lies > CALLBACK_FAULTS { LineFault::Truth } else { OF_NEWS[usize::try_from(dice).unwrap()] }
        };
        self.count(fault);
        if fault == LineFault::NewsRefused {
            return answer(&mut stream, (503, 0, ""), false).await;
        }
        let mut status = 503;
        for _ in 0..if fault == LineFault::NewsTwice { 2 } else { 1 } {
            let mut post = self.http.post(format!("{receiver}/{path}")).body(body.clone());
            for name in ["key-id", "signature", "content-type"] {
                let header = head.lines().find_map(|line| line.split_once(": ").filter(|(own, _)| own.eq_ignore_ascii_case(name)));
                post = header.into_iter().fold(post, |post, (_, value)| post.header(name, value));
            }
            // While the receiver is gone, the bank keeps it and comes again.
            status = post.send().await.map_or(503, |answer| answer.status().as_u16());
        }
        if fault == LineFault::NewsUnacknowledged {
            return None;
        }
        answer(&mut stream, (status, 0, ""), false).await
    }
}

impl LineFault {
    /// Whether it says something about the payment.
    fn names_it(self) -> bool {
        matches!(
            self,
            Self::Undecided | Self::Contradiction | Self::GroupContradiction | Self::OtherAmount | Self::OtherMessage | Self::ErrorStatus
        )
    }
}

/// Writes an answer, or the first half of it.
async fn answer(stream: &mut TcpStream, (status, window_s, text): (u16, u64, &str), is_cut: bool) -> Option<()> {
    let length = text.len();
    let head =
        format!("HTTP/1.1 {status} X\r\nfinality-window-seconds: {window_s}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    let bytes = [head.as_bytes(), text.as_bytes()].concat();
    let end = if is_cut { bytes.len() - length / 2 } else { bytes.len() };
    stream.write_all(&bytes[..end]).await.ok()?;
    stream.shutdown().await.ok()
}

/// Status, finality window and body; none: the connection is cut.
fn said(id: &str, message_id: &str, fault: LineFault, truth: Option<(u16, String)>) -> Option<(u16, u64, String)> {
    let of = |text: String| text.replace(&format!("{id}-0"), message_id);
    let one = |status: &str, beside: &str| payment(&transfer(id, status, beside));
    let other = r#"<OrgnlTxRef><IntrBkSttlmAmt Ccy="USD">0.01</IntrBkSttlmAmt></OrgnlTxRef>"#;
    match fault {
        LineFault::Cut => None,
        LineFault::Undecided => Some((200, WINDOW_S, of(report(id, 0, "", &one("BLCK", ""))))),
        LineFault::Contradiction => Some((200, WINDOW_S, of(report(id, 0, "", &(one("RJCT", "") + &one("ACSC", "")))))),
        LineFault::GroupContradiction => Some((200, WINDOW_S, of(report(id, 0, "<GrpSts>RJCT</GrpSts>", &one("ACSC", ""))))),
        LineFault::OtherAmount => Some((200, WINDOW_S, of(report(id, 0, "", &one("ACSC", other))))),
        LineFault::OtherMessage => Some((200, WINDOW_S, report(id, 77, "", &one("RJCT", "")))),
        LineFault::ErrorStatus => truth.map(|(_, text)| (502, WINDOW_S, text)),
        LineFault::NotFound => Some((404, 3_600, of(report(id, 0, "", &one("", ""))))),
        LineFault::Truth
        | LineFault::CutMidBody
        | LineFault::HeldBack
        | LineFault::NewsRefused
        | LineFault::NewsUnacknowledged
        | LineFault::NewsTwice => truth.map(|(status, text)| (status, WINDOW_S, text)),
    }
}
