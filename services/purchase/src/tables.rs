//! The parts of this service that others may read: its rows, the reads of them and the postings that they stand for. For auditors, explanations,
//! backups and erasure, which read the tables and call no service; nothing here calls the ledger or answers a caller.
pub use crate::domain::{Purchase, PurchaseState};
pub use crate::lots::revenue::RevenuePosting;
pub use crate::orders::order::{Order, OrderState};
pub use crate::postings::{asked, disputed, earned, emptied, granted, paid_back, reported, sale, settled, suspended_sale, taken_back};
pub use crate::price_lists::damage::sheet_damage;
pub use crate::refund_orders::order::{RefundOrder, RefundOrderState};
pub use crate::refunds::dispute::DisputeStep;
pub use crate::refunds::hold::{CoinHold, HoldState};
pub use crate::refunds::step::{DebtSettlement, RefundStep, StepState};
pub use crate::settlements::settlement::SettlementPosting;
pub use crate::store::audited::SettlementPlace;
pub use crate::store::audited::answered::{AnsweredRequest, RequestPlace};
pub use crate::store::audited::breakage::BreakagePlace;
pub use crate::store::price_sheets::SheetRow;
pub use crate::store::refused::{RefusedFilter, RefusedRow};
pub use crate::store::{AuditedRow, Error as PurchaseRowsError, RevenueEdition, Store};
pub use crate::wallet_changes::change::{WalletAct, WalletChange, WalletChangeState, WalletPosting};
