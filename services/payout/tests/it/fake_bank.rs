//! A bank with scripted answers: HTTP by hand, so that it can send answers that no bank may send.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Longest wait for polls, which arrive every 100 ms at the latest.
const ASKED_WITHIN: Duration = Duration::from_secs(20);

/// A request as received.
#[derive(Debug, Clone)]
pub struct Heard {
    /// True: a payment was sent; false: its status is polled.
    pub sent: bool,
    /// `EndToEndId`.
    pub id: String,
    /// How often it was sent so far.
    pub sends: usize,
    /// How often it was polled so far, this time included.
    pub asks: usize,
}

/// The answer; none: the connection is closed.
pub type Said = Option<(u16, String)>;

type Script = Box<dyn Fn(&Heard) -> Said + Send + Sync>;

pub struct FakeBank {
    pub url: String,
    script: Arc<Mutex<Script>>,
    asks: watch::Receiver<usize>,
    server: JoinHandle<()>,
}

impl FakeBank {
    pub async fn start(script: impl Fn(&Heard) -> Said + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(script)));
        let (told, asks) = watch::channel(0);
        let server = tokio::spawn(serve(listener, script.clone(), told));
        Self { url, script, asks, server }
    }

    /// Sets the script of its answers.
    pub fn say(&self, script: impl Fn(&Heard) -> Said + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Box::new(script);
    }

    /// Waits until it was polled this many more times.
    pub async fn asked(&self, more: usize) {
        let mut asks = self.asks.clone();
        let until = *asks.borrow() + more;
        let asked = tokio::time::timeout(ASKED_WITHIN, asks.wait_for(|asks| *asks >= until)).await;
        asked.expect("polling stopped: one of its answers was trusted").unwrap();
    }
}

impl Drop for FakeBank {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, script: Arc<Mutex<Script>>, told: watch::Sender<usize>) {
    let counts: Arc<Mutex<BTreeMap<String, (usize, usize)>>> = Arc::default();
    let told = Arc::new(told);
    loop {
        let Ok((stream, _)) = listener.accept().await else { return };
        let (script, counts, told) = (script.clone(), counts.clone(), told.clone());
        tokio::spawn(async move { answer(stream, &script, &counts, &told).await });
    }
}

async fn answer(
    mut stream: TcpStream,
    script: &Mutex<Script>,
    counts: &Mutex<BTreeMap<String, (usize, usize)>>,
    told: &watch::Sender<usize>,
) -> Option<()> {
    let (head, body) = request(&mut stream).await?;
    let sent = head.starts_with("POST");
    let id = if sent { between(&body, "<EndToEndId>", "<")? } else { between(&head, "GET /payments/", " ")? };
    let heard = {
        let mut counts = counts.lock().unwrap();
        let (sends, asks) = counts.entry(id.clone()).or_default();
        *(if sent { &mut *sends } else { &mut *asks }) += 1;
        Heard { sent, id, sends: *sends, asks: *asks }
    };
    let said = script.lock().unwrap()(&heard);
    if let Some((status, body)) = said {
        let head =
            format!("HTTP/1.1 {status} X\r\nfinality-window-seconds: 0\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await.ok()?;
        stream.shutdown().await.ok()?;
    }
    if !sent {
        told.send_modify(|asks| *asks += 1);
    }
    Some(())
}

pub async fn request(stream: &mut TcpStream) -> Option<(String, String)> {
    let (mut bytes, mut part) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = between(&head.to_ascii_lowercase(), "content-length: ", "\r").or_else(|| Some("0".to_owned()))?;
            if body.len() >= length.parse().ok()? {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        match stream.read(&mut part).await.ok()? {
            0 => return None,
            read => bytes.extend_from_slice(&part[..read]),
        }
    }
}

pub fn between(text: &str, from: &str, to: &str) -> Option<String> {
    let rest = text.split_once(from)?.1;
    Some(rest.split_once(to).map_or(rest, |(found, _)| found).to_owned())
}

/// A `pain.002` about the `send`-th sending of a payment, containing `group` and `payments` as given.
pub fn report(id: &str, send: usize, group: &str, payments: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt><GrpHdr><MsgId>R</MsgId><CreDtTm>2026-11-26T12:00:00Z</CreDtTm></GrpHdr><OrgnlGrpInfAndSts><OrgnlMsgId>{id}-{send}</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>{group}</OrgnlGrpInfAndSts>{payments}</CstmrPmtStsRpt></Document>"#
    )
}

/// A transfer with a status and other elements.
pub fn transfer(id: &str, status: &str, beside: &str) -> String {
    let status = if status.is_empty() { String::new() } else { format!("<TxSts>{status}</TxSts>") };
    format!("<TxInfAndSts><OrgnlEndToEndId>{id}</OrgnlEndToEndId>{status}{beside}</TxInfAndSts>")
}

/// A payment of such transfers.
pub fn payment(transfers: &str) -> String {
    format!("<OrgnlPmtInfAndSts><OrgnlPmtInfId>P</OrgnlPmtInfId>{transfers}</OrgnlPmtInfAndSts>")
}

/// A status of the sending, with its reason codes.
pub fn status(heard: &Heard, send: usize, status: &str, codes: &[&str]) -> Said {
    let reasons: String = codes.iter().map(|code| format!("<StsRsnInf><Rsn>{code}</Rsn></StsRsnInf>")).collect();
    Some((200, report(&heard.id, send, "", &payment(&transfer(&heard.id, status, &reasons)))))
}

/// "No such payment", finally.
pub fn not_found(heard: &Heard) -> Said {
    let text = report(&heard.id, 0, "", &payment(&transfer(&heard.id, "", ""))).replace(&format!("{}-0", heard.id), "NOTPROVIDED");
    Some((404, text))
}
