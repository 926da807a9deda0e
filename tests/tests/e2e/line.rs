//! The network between a ledger and its database: it can lead elsewhere, be cut, or keep back the end of a commit.
use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream, UnixStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
        unix,
    },
};
use tokio_util::sync::CancellationToken;

/// Parameters of one statement that only a commit has as many bytes of; its end is kept back.
const COMMIT_BYTES_MIN: usize = 512;
/// What a client's message begins with where its end is asked for, and where parameters come.
const SYNC: u8 = b'S';
const BIND: u8 = b'B';

/// A listener that passes everything on to the socket of a database. Everything ends when it is dropped.
pub struct Line {
    address: SocketAddr,
    shared: Arc<Shared>,
    end: CancellationToken,
}

struct Shared {
    to: Mutex<PathBuf>,
    /// Cancelled when the clients are cut off.
    cut: Mutex<CancellationToken>,
    /// From now on the server is not told that a client has gone, nor that its commit is complete.
    silent: AtomicBool,
}

impl Line {
    pub async fn start(to: PathBuf) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shared = Arc::new(Shared { to: Mutex::new(to), cut: Mutex::default(), silent: AtomicBool::new(false) });
        let line = Self { address: listener.local_addr().unwrap(), shared: shared.clone(), end: CancellationToken::new() };
        let end = line.end.clone();
        tokio::spawn(end.clone().run_until_cancelled_owned(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (to, cut) = (shared.to.lock().unwrap().clone(), shared.cut.lock().unwrap().clone());
                let Ok(far) = UnixStream::connect(to).await else { continue };
                tokio::spawn(end.clone().run_until_cancelled_owned(pass(near, far, shared.clone(), cut)));
            }
        }));
        line
    }

    /// The address of a database behind it.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}?sslmode=disable", self.address)
    }

    /// New connections go there.
    pub fn lead_to(&self, to: PathBuf) {
        *self.shared.to.lock().unwrap() = to;
    }

    /// Every client loses its connection. The server is not told.
    pub fn cut(&self) {
        std::mem::take(&mut *self.shared.cut.lock().unwrap()).cancel();
    }

    /// From now on commits reach the server without their end, and it never hears that a client has gone.
    pub fn keep_back(&self) {
        self.shared.silent.store(true, SeqCst);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

async fn pass(near: TcpStream, far: UnixStream, shared: Arc<Shared>, cut: CancellationToken) {
    near.set_nodelay(true).unwrap();
    let (near_in, near_out) = near.into_split();
    let (far_in, far_out) = far.into_split();
    let far_out = Arc::new(tokio::sync::Mutex::new(far_out));
    let was_cut = {
        let requests = requests(near_in, far_out.clone(), &shared);
        let answers = answers(far_in, near_out);
        let both = async {
            tokio::select! { () = requests => {}, () = answers => {} }
        };
        cut.run_until_cancelled(both).await.is_none()
    };
    if was_cut || shared.silent.load(SeqCst) {
        // The server's side stays open until the line ends.
        std::future::pending::<()>().await;
    }
    drop(far_out);
}

/// Message by message, so that one can be kept back.
async fn requests(mut near: OwnedReadHalf, far: Arc<tokio::sync::Mutex<unix::OwnedWriteHalf>>, shared: &Shared) {
    let mut far = far.lock().await;
    let mut commits = false;
    // A connection's first message has no kind.
    let mut header = 4;
    loop {
        let mut message = vec![0; header];
        if near.read_exact(&mut message).await.is_err() {
            return;
        }
        let length = u32::from_be_bytes(message[header - 4..].try_into().unwrap());
        let kind = (header == 5).then(|| message[0]);
        message.resize(header - 4 + usize::try_from(length).unwrap(), 0);
        if near.read_exact(&mut message[header..]).await.is_err() {
            return;
        }
        commits = match kind {
            Some(BIND) => message.len() >= COMMIT_BYTES_MIN,
            Some(SYNC) if commits && shared.silent.load(SeqCst) => std::future::pending().await,
            // A lone end is how a pool asks whether a connection is alive.
            Some(SYNC) => false,
            _ => commits,
        };
        if far.write_all(&message).await.is_err() {
            return;
        }
        header = 5;
    }
}

async fn answers(mut far: unix::OwnedReadHalf, mut near: OwnedWriteHalf) {
    // Either side's end is the other's.
    let _ended = tokio::io::copy(&mut far, &mut near).await;
}
