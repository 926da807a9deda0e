//! A relay between a ledger and its database: it can switch to another server, be cut, or withhold the end of a commit.
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

/// Parameters of at least this many bytes identify a commit, whose end can be withheld.
const COMMIT_BYTES_MIN: usize = 512;
/// First bytes of a client's messages: Sync ends a statement, Bind has the parameters.
const SYNC: u8 = b'S';
const BIND: u8 = b'B';

/// A listener that forwards everything to the socket of a database. All connections end on drop.
pub struct Line {
    address: SocketAddr,
    shared: Arc<Shared>,
    end: CancellationToken,
}

struct Shared {
    to: Mutex<PathBuf>,
    /// Cancelled to cut off the clients.
    cut: Mutex<CancellationToken>,
    /// From now on the server neither learns that a client has gone, nor gets the end of a commit.
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

    /// The address of a database through the relay.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@{}/{database}?sslmode=disable", self.address)
    }

    /// Forwards new connections to this socket.
    pub fn lead_to(&self, to: PathBuf) {
        *self.shared.to.lock().unwrap() = to;
    }

    /// Cuts every client's connection. The server does not learn of it.
    pub fn cut(&self) {
        std::mem::take(&mut *self.shared.cut.lock().unwrap()).cancel();
    }

    /// From now on commits reach the server without their end, and it does not learn that a client has gone.
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
        // The server's side stays open until the relay ends.
        std::future::pending::<()>().await;
    }
    drop(far_out);
}

/// Forwards message by message, so that one can be withheld.
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
            // A Sync without Bind is a pool's check whether a connection is alive.
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
    // When one side ends, the other ends too.
    let _ended = tokio::io::copy(&mut far, &mut near).await;
}
