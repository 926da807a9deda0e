//! What others may read of this service: the catalogues that gifts were sold from, and whether one of them makes a gift cost what was posted for it. For
//! auditors and copies, which go by the tables and ask no service.
pub use crate::catalogue::GiftCatalogue;
pub use crate::prices::{DamagedCatalogue, PostedGift, PriceList, RecordedCatalogue};
pub use crate::store::{ServedCatalogue, Store};
