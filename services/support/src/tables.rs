//! What others may read of this service: the audit log and its verification. For auditors, backup and erasure, which read the tables and call no service; a
//! tool that acts beside the services records its actions in the same log through [`Acts`].
pub use crate::acts::Acts;
pub use crate::check::{ActsCheck, check};
pub use crate::domain::{AccountAct, ActPhase, ActRecord, LimitedTime, Proposal, ProposalState, ProposedAct, StaffAct, request_hash};
pub use crate::heads::read as read_heads;
pub use crate::postings::{adjustment, approval_id};
pub use crate::store::{ActFilter, ProposalFilter, Store};
