//! A TCP relay that can lose answers: requests pass, answers can be withheld, and then all connections are cut.
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

/// Bytes read at once.
const BUFFER_BYTES: usize = 16 * 1024;

/// A listener that forwards everything to one address. All connections are cut on drop.
pub struct Relay {
    address: SocketAddr,
    withholds: Arc<AtomicBool>,
    cut: CancellationToken,
}

impl Relay {
    /// Listens on a free port and forwards to `to` (`host:port`).
    pub async fn start(to: String) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let relay = Self { address: listener.local_addr()?, withholds: Arc::default(), cut: CancellationToken::new() };
        let (withholds, cut) = (relay.withholds.clone(), relay.cut.clone());
        tokio::spawn(cut.clone().run_until_cancelled_owned(async move {
            while let Ok((near, _)) = listener.accept().await {
                let Ok(far) = TcpStream::connect(&to).await else { continue };
                tokio::spawn(cut.clone().run_until_cancelled_owned(pass(near, far, withholds.clone())));
            }
        }));
        Ok(relay)
    }

    /// The relay's own address, as `http://…`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Withholds all answers from now on.
    pub fn withhold(&self) {
        self.withholds.store(true, Ordering::Release);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.cut.cancel();
    }
}

/// Forwards both directions, until one ends.
async fn pass(near: TcpStream, far: TcpStream, withholds: Arc<AtomicBool>) {
    // Delayed small packets would be measured as latency.
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let (mut near_in, mut near_out) = near.into_split();
    let (mut far_in, mut far_out) = far.into_split();
    let requests = async { tokio::io::copy(&mut near_in, &mut far_out).await.map(|_| ()) };
    let answers = async {
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let read = far_in.read(&mut buffer).await?;
            if withholds.load(Ordering::Acquire) {
                // The end of the connection is an answer too.
                return std::future::pending().await;
            }
            if read == 0 {
                return Ok(());
            }
            near_out.write_all(&buffer[..read]).await?;
        }
    };
    let ended: std::io::Result<()> = tokio::select! { ended = requests => ended, ended = answers => ended };
    // When one side ends, the other ends too; the client reports why.
    drop(ended);
}
