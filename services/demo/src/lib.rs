//! Simulated users of real services: what an app, a store's customer and a bank would do.
//!
//! - [`fleet`]: the services in separate processes, which can be killed. [`installation`], [`shop`]: services as an app sees them. [`stores`]: the pretend stores.
//! - [`story`]: the demo's whole story, checked and printed. [`replay`]: recorded gifts, sent again. [`scratch`]: temporary directories, removed reliably.
pub mod fleet;
pub mod installation;
pub mod replay;
pub mod scratch;
pub mod shop;
pub mod stores;
pub mod story;
