//! Pretend users of real services: what an app, a store's customer and a bank would do.
//!
//! - [`fleet`]: the services in processes of their own, which can be killed. [`installation`], [`shop`]: services as an app sees them.
//! - [`story`]: the whole story, told and proven. [`replay`]: recorded gifts, sent again. [`scratch`]:
//!   temporary directories, surely gone.
pub mod fleet;
pub mod installation;
pub mod replay;
pub mod scratch;
pub mod shop;
pub mod story;
