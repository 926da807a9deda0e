//! How calls are made and answered, the same in one process and across many.
//!
//! Server side, [`stack`] reads top-down; one file per layer: [`trace`], [`overload`], [`deadline`], [`authenticate`], [`authorise`],
//! `step_up`, [`quota`], [`contain`]. Client side, [`transport`] does the same: deadline out, token, trace out. [`context`] carries what the server side learnt
//! about a call to the calls made on its behalf. [`serve()`] puts a stack on a [`listener`], with [`tls`] where there is a certificate;
//! [`in_process`] lays a client directly on it. [`http1`] serves HTTP/1.1 beside it, [`web`] browsers, [`webhooks`] bounds the calls without a token there. [`page`] has the pages of lists and their tokens, [`lifetime`] the ends of streams,
//! [`Violations`] all that is wrong with a request.
pub mod acts;
mod approver;
mod arrival;
pub mod authenticate;
pub mod authorise;
mod body;
pub mod caller;
pub mod connection;
pub mod contain;
pub mod context;
pub mod deadline;
pub mod errors;
pub mod health;
pub mod http1;
pub mod kept;
pub mod lifetime;
mod lingering;
pub mod listener;
mod meters;
pub mod methods;
pub mod overload;
pub mod page;
pub mod quota;
pub mod reflection;
pub mod serve;
pub mod stack;
mod step_up;
pub mod tls;
pub mod token;
pub mod trace;
mod traceparent;
pub mod transport;
mod violations;
pub mod web;
pub mod webhooks;
pub mod wire;

pub use self::violations::Violations;
pub use acts::REASON;
pub use approver::{APPROVER, ApproverToken, may_approve};
pub use arrival::ArrivalBounds;
pub use caller::{Caller, caller, staff_reason};
pub use errors::{facts, internal, malformed, outcome_unknown, overload, reason, refused, violations};
pub use health::WriterHealth;
pub use kept::StickyRefusal;
pub use listener::{Listener, Protocol};
pub use quota::{Allowance, Quotas};
pub use serve::{ServedRoutes, in_process, serve};
pub use stack::{Options, Stack, StackedService};
pub use tls::{Peer, ShownCertificate, Tls};
pub use token::ServiceToken;
pub use transport::{Transport, connect, connect_with};

/// Largest message a client or server of Largesse reads, in bytes: a PostBatch of 1,000 postings with full request fields fits.
/// Set it on generated clients and servers with `max_decoding_message_size`; tonic's own limit is 4 MiB.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Largest answer a server of Largesse gives, in bytes: what a gRPC client reads by default (`max_receive_message_length` of the gRPC libraries, 4 MiB).
/// Also the largest message a service accepts unless it says otherwise.
pub const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

use std::path::PathBuf;

/// Why a process cannot start to serve or to call.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A contract has an RPC that the table of access does not name.
    #[error("{0} has no row in the table of access (identity::access::TABLE), so nobody could say who may call it")]
    NoAccessRow(String),
    /// The table of access names an RPC that no contract has.
    #[error("the table of access (identity::access::TABLE) names {0}, which no contract has")]
    StaleAccessRow(&'static str),
    /// A file descriptor set cannot be read.
    #[error("the contracts' descriptors cannot be read: {0}")]
    Descriptors(String),
    /// An address to call is not a URL.
    #[error("{url}: not an address to connect to, such as http://127.0.0.1:7001: {source}")]
    Address {
        /// As configured.
        url: String,
        /// What is wrong with it.
        source: tonic::transport::Error,
    },
    /// An address to call needs settings that are missing.
    #[error("{url}: {why}")]
    Peer {
        /// As configured.
        url: String,
        /// What is missing.
        why: &'static str,
    },
    /// A certificate or key file cannot be used.
    #[error("{}: {why}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The service token cannot be made or read.
    #[error("the service token: {0}")]
    Token(String),
    /// A socket cannot be listened on.
    #[error("listening: {source}")]
    Socket {
        /// The system's error.
        source: std::io::Error,
    },
}
