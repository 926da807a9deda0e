//! WeChat Pay in China, APIv3: its wallet pays orders that we make, by scanning a code, in our app, on a phone or inside WeChat.
//!
//! - [`account`]: our merchants there, with their keys. [`api`]: calls, and what their failures prove. [`transaction`]: what a transaction says about an order.
//! - [`signature`]: who signed an answer or a notification. [`prepaid`]: what an order is answered with. [`resource`]: what is encrypted in a notification.
//! - [`notification`]: what WeChat Pay reports. [`refunds`]: refunds that we start; [`refund_document`]: what WeChat Pay says about one. `bill`: the bill of a day.

pub mod account;
pub mod api;
mod bill;
pub mod notification;
pub mod prepaid;
pub mod refund_document;
pub mod refunds;
pub mod resource;
pub mod signature;
pub mod transaction;

pub use account::WechatAccounts;
