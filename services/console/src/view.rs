//! What pages show, in people's words. Nothing here calls or waits.
pub(crate) mod amounts;
pub(crate) mod badges;
pub(crate) mod calls;
pub(crate) mod charts;
pub(crate) mod facts;
pub(crate) mod health;
pub(crate) mod payments;
pub(crate) mod things;
pub(crate) mod times;
