//! Why services do not start, or fail.
use identity::Service;
use std::net::SocketAddr;

/// Why a process does not start, or fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither a sandbox nor an identity.
    #[error("no identity provider is configured: set {0}, or run with --sandbox (test money)")]
    IdentityMissing(String),
    /// A sandbox and an identity.
    #[error("--sandbox makes its own identity: leave out --identity-key and --service-token")]
    IdentityTwice,
    /// A service without a token of its own.
    #[error("{0} calls with a token of its own: name its file with --service-token {0}=FILE, or as identity.service_tokens.{0}")]
    TokenMissing(String),
    /// A service is neither here nor elsewhere.
    #[error("{service} needs {needed}: add it to --services, or say where it is with --{needed}-url")]
    PeerMissing {
        /// Who needs.
        service: Service,
        /// Whom.
        needed: Service,
    },
    /// Nobody knows where a service is.
    #[error("{0} does not run here and no --{0}-url says where it is")]
    Unknown(Service),
    /// Pretend money beside a real identity.
    #[error("the pretend stores and bank run with --sandbox only")]
    SandboxOnly,
    /// Payouts without a key.
    #[error("payout seals bank accounts and names: say where its key is with --payout-key-file FILE (32 bytes in base64)")]
    PayoutKeyMissing,
    /// A LIVE book and a list that is for TEST books.
    #[error(
        "{}: book {book} is LIVE, and the {kind} in force are those built in, which are for TEST books; nothing was sold. Name a list of your own: \
         `largesse lists show` prints one to begin with",
        kind.option()
    )]
    ListBuiltIn {
        /// Which list.
        kind: crate::lists::ListKind,
        /// The book.
        book: String,
    },
    /// Pretend money where there is real money.
    #[error(
        "{database} has LIVE books ({books}): a sandbox, the demo and the bench play with pretend money and keep away from them; nothing was started or \
         changed. Name another --database, or leave out --sandbox"
    )]
    LiveBooks {
        /// The address of the database, without a password.
        database: String,
        /// The names of the books.
        books: String,
    },
    /// Pretend money in somebody else's installation.
    #[error(
        "{database} belongs to installation {id}, which trusts another identity than the key in this data directory; nothing was started or changed. Name \
         the --data-dir that goes with it, or another --database"
    )]
    OtherIdentity {
        /// The address of the database, without a password.
        database: String,
        /// The id of the installation.
        id: String,
    },
    /// Heads and tables of two installations.
    #[error(transparent)]
    Heads(#[from] books::installation::HeadsFault),
    /// Nothing to run.
    #[error("no service to run: --services is empty")]
    Nothing,
    /// A key or token.
    #[error(transparent)]
    Identity(#[from] identity::Error),
    /// Calling or being called.
    #[error(transparent)]
    Rpc(#[from] rpc::Error),
    /// The database's address.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// A listener.
    #[error("{what} on {address}: {source}")]
    Listen {
        /// What was to listen.
        what: &'static str,
        /// The address that was given.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// A service could not start.
    #[error("{service} does not start: {source}")]
    Start {
        /// The service that failed.
        service: Service,
        /// The underlying error.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A sandbox's book could not be made.
    #[error("book {book}: {status}")]
    Book {
        /// The name of the book.
        book: String,
        /// What the ledger said.
        status: Box<tonic::Status>,
    },
    /// Something that should run until shutdown ended.
    #[error("{0} exited unexpectedly")]
    Ended(&'static str),
}
