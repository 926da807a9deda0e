//! The parts of this service that others may read: the catalogues that gifts were sold from, and whether one of them explains what was posted for a
//! gift. For auditors and backups, which read the tables and call no service.
pub use crate::catalogue::GiftCatalogue;
pub use crate::prices::{DamagedCatalogue, PostedGift, PriceList, RecordedCatalogue};
pub use crate::store::{ServedCatalogue, Store};
