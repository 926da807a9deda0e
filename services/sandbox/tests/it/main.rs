//! The sandbox over its real sockets.
#![allow(clippy::unwrap_used, reason = "a test that can not go on should stop there")]

mod achbank;
mod bank;
mod callbacks;
mod globalbank;
mod named;
mod rails;
mod recalls;
mod returns;
mod stripe;
mod town;
mod wallets;
