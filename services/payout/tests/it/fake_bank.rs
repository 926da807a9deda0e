//! A bank with scripted answers: HTTP by hand, so that it can send answers that no bank may send.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use testbed::bank_messages::{between, payment, report, request, transfer};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// Longest wait for polls, which arrive every 100 ms at the latest where the machine has nothing else to do.
const ASKED_WITHIN: Duration = Duration::from_secs(120);

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
