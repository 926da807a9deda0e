//! What others may read of this service: the audit log, and whether it is what it was. For auditors, copies and erasure, which go by the
//! tables and ask no service; [`Acts`] is how a tool that acts beside the services writes what it does into the same record.
pub use crate::acts::Acts;
pub use crate::check::{ActsCheck, check};
pub use crate::domain::{AccountAct, ActPhase, ActRecord, LimitedTime, Proposal, ProposalState, ProposedAct, StaffAct};
pub use crate::heads::read as read_heads;
pub use crate::postings::{adjustment, approval_id};
pub use crate::store::{ProposalFilter, Store};
