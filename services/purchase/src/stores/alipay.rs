//! Alipay's open platform in China: its wallet pays orders that we make, on its own page.
//!
//! - [`account`]: our apps there, with their keys. [`gateway`]: calls, and what their failures prove. [`trade`]: what a trade says about an order.
//! - [`signature`]: the texts that are signed (RSA2). [`notification`]: what Alipay reports. [`refunds`]: refunds that we start;
//!   [`refund_answer`]: what is answered about them. `bill`: the bill of a day.
//!
//! What a buyer is sent to is an address that we sign; Alipay has no trade of it before the buyer opens it.

pub mod account;
mod bill;
pub mod gateway;
pub mod keys;
pub mod notification;
pub mod refund_answer;
pub mod refunds;
pub mod signature;
pub mod trade;

pub use account::AlipayAccounts;
