//! The binary as users start it, and tools beside running services.
#![allow(clippy::unwrap_used)]

mod accounting;
mod asked;
mod banking;
mod books;
mod calling;
mod citus;
mod coins;
mod commands;
mod copies;
mod demo;
mod deployed;
mod explaining;
mod export;
mod funds;
mod ids;
mod import;
mod joins;
mod keys;
mod lists;
mod manifests;
mod migrating;
mod monitor;
mod moving;
mod pipes;
mod privacy;
mod process;
mod replay;
mod reporting;
mod settings;
mod standby;
mod streams;
mod sweeping;
mod tied_out;
mod treasury;
mod triggering;

use identity::{BookScope, Grant, Role};
use money::{BookName, UserKey};
use runtime::{Options, Runtime};
use std::{net::SocketAddr, path::Path, time::Duration};
use tonic::Request;

/// The subject of the tokens of [`signed`].
const SUBJECT: &str = "u1";

fn free_port() -> Option<SocketAddr> {
    Some(SocketAddr::from(([127, 0, 0, 1], 0)))
}

fn options(dir: &Path) -> Options {
    Options { listen: free_port(), http: free_port(), ..Options::sandbox(dir.to_owned()) }
}

fn signed<T>(runtime: &Runtime, role: Role, message: T) -> Request<T> {
    signed_for(runtime, role, BookScope::Only(vec![BookName::try_new("demo").unwrap()]), message)
}

fn signed_for<T>(runtime: &Runtime, role: Role, books: BookScope, message: T) -> Request<T> {
    let grant = Grant { subject: UserKey::try_new(SUBJECT).unwrap(), role, app: String::new(), books };
    let token = runtime.issuer().unwrap().issue(&grant, Duration::from_secs(60)).unwrap();
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}
