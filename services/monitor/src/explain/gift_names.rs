//! The names of gifts. Postings have numbers only; the catalogues that were served have the names.
use crate::audit::ReadFault;
use gift::tables::{PriceList, Store};
use std::{collections::HashMap, sync::Arc};
use tokio::sync::Mutex;

const MICROS_PER_MS: i64 = 1_000;

/// The catalogues that were served, by hash: each is read once, because it never changes. `None`: it can't be read, which the audit reports.
type ReadCatalogues = HashMap<String, Option<Arc<PriceList>>>;

/// The table of catalogues. Clones share what was read of it.
#[derive(Clone)]
pub(crate) struct GiftNames {
    tables: Store,
    read: Arc<Mutex<ReadCatalogues>>,
}

impl GiftNames {
    pub(super) fn new(tables: Store) -> Self {
        Self { tables, read: Arc::default() }
    }

    /// The catalogues as of now.
    pub(crate) async fn served(&self) -> Result<ServedNames, ReadFault> {
        let mut read = self.read.lock().await;
        let mut served = Vec::new();
        for (from_ms, hash) in self.tables.served_from().await? {
            if !read.contains_key(&hash) {
                let list = self.tables.recorded(&hash).await?;
                read.insert(hash.clone(), list.ok().map(Arc::new));
            }
            served.extend(read[&hash].clone().map(|list| (from_ms, list)));
        }
        Ok(ServedNames(served))
    }
}

/// Catalogues, and from when each was served, in order.
#[derive(Default)]
pub(crate) struct ServedNames(Vec<(i64, Arc<PriceList>)>);

impl ServedNames {
    /// The gift's name when it was sent, in microseconds since the Unix epoch: in the newest catalogue that was served by then, otherwise in the first that has it.
    fn name(&self, gift_id: &str, sent_at: i64) -> Option<&str> {
        let (id, sent_at_ms) = (gift_id.parse().ok()?, sent_at.div_euclid(MICROS_PER_MS));
        let then = self.0.iter().rev().filter(|(from_ms, _)| *from_ms <= sent_at_ms);
        then.chain(&self.0).find_map(|(_, list)| list.name(id))
    }

    /// A gift in words: `3 Rose (gift 5655)`, or `3 of gift 5655` where no catalogue has its name.
    pub(crate) fn gift(&self, quantity: &str, gift_id: &str, sent_at: i64) -> String {
        let quantity = if quantity.is_empty() { "1" } else { quantity };
        match self.name(gift_id, sent_at) {
            Some(name) => format!("{quantity} {name} (gift {gift_id})"),
            None => format!("{quantity} of gift {gift_id}"),
        }
    }
}
