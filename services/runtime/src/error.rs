//! Why services do not start, or fail.
use identity::Service;
use std::net::SocketAddr;

/// Why a process does not start, or fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither a sandbox nor an identity is configured.
    #[error("no identity provider is configured: set {0}, or run with --sandbox (test money)")]
    IdentityMissing(String),
    /// Both a sandbox and an identity are configured.
    #[error("--sandbox makes its own identity: leave out --identity-key and --service-token")]
    IdentityTwice,
    /// A service without a token of its own.
    #[error("{0} calls with a token of its own: name its file with --service-token {0}=FILE, or as identity.service_tokens.{0}")]
    TokenMissing(String),
    /// A needed service neither runs here nor has an address.
    #[error("{service} needs {needed}: add it to --services, or say where it is with --{needed}-url")]
    PeerMissing {
        /// The service that needs the other.
        service: Service,
        /// The service that is needed.
        needed: Service,
    },
    /// The console without a service that its pages call.
    #[error("the console needs {0}: add it to --services, say where it is with --{0}-url, or leave out console.listen")]
    ConsoleNeeds(Service),
    /// The console can't start.
    #[error("the console: {0}")]
    Console(#[from] console::Error),
    /// The address of a service is unknown.
    #[error("{0} does not run here and no --{0}-url says where it is")]
    Unknown(Service),
    /// Pretend money together with a real identity.
    #[error("the pretend stores and bank run with --sandbox only")]
    SandboxOnly,
    /// Payouts without a key file.
    #[error("payout encrypts bank accounts and names: name its key file with --payout-key-file FILE (32 bytes in base64)")]
    PayoutKeyMissing,
    /// A LIVE book and a built-in list, which is for TEST books.
    #[error(
        "{}: book {book} is LIVE, and the {kind} in force are those built in, which are for TEST books; nothing was sold. Name a list of your own: \
         `largesse lists show` prints one to begin with",
        kind.option()
    )]
    ListBuiltIn {
        /// The list that is built in.
        kind: crate::lists::kind::ListKind,
        /// The book.
        book: String,
    },
    /// Pretend money in a database with real money.
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
    /// Pretend money in another installation's database.
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
    /// Heads and tables belong to two installations.
    #[error(transparent)]
    Heads(#[from] books::installation::HeadsFault),
    /// There is no service to run.
    #[error("no service to run: --services is empty")]
    Nothing,
    /// A key or token is invalid.
    #[error(transparent)]
    Identity(#[from] identity::Error),
    /// The RPC server or a client failed.
    #[error(transparent)]
    Rpc(#[from] rpc::Error),
    /// The database's address is invalid.
    #[error(transparent)]
    Database(#[from] db::Error),
    /// A listener could not be bound.
    #[error("{what} on {address}: {source}")]
    Listen {
        /// The listener's name.
        what: &'static str,
        /// The address that was given.
        address: SocketAddr,
        /// The operating system's error.
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
    /// A sandbox's book could not be created.
    #[error("book {book}: {status}")]
    Book {
        /// The name of the book.
        book: String,
        /// The ledger's answer.
        status: Box<tonic::Status>,
    },
    /// A task that should run until shutdown ended.
    #[error("{0} exited unexpectedly")]
    Ended(&'static str),
}
