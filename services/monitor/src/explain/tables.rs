//! The tables of all services, as far as they exist. An explanation creates none.
use super::gift_names::GiftNames;
use crate::audit::{self, ReadFault};
use books::store::Store;
use db::Database;
use identity::Service;
use std::{sync::Arc, time::Duration};
use tokio::{sync::Mutex, time::Instant};

/// How often the tables of a service that has none are looked for: not with every call, because most installations that lack one lack it for good.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// The tables that stories are read from. Cloning shares their connections.
#[derive(Clone)]
pub struct StoryTables {
    pub(crate) ledger: Arc<dyn Store>,
    pub(crate) purchase: Option<purchase::tables::Store>,
    pub(crate) earnings: Option<earnings::tables::Store>,
    pub(crate) payout: Option<payout::tables::Store>,
    pub(crate) support: Option<support::tables::Store>,
    pub(crate) treasury: Option<treasury::tables::Store>,
    pub(crate) gifts: Option<GiftNames>,
}

impl StoryTables {
    /// Opens what there is.
    pub async fn open(database: &Database) -> Result<Self, ReadFault> {
        let ledger = audit::open(database).await?;
        let mut tables = Self { ledger, purchase: None, earnings: None, payout: None, support: None, treasury: None, gifts: None };
        tables.complete(database).await?;
        Ok(tables)
    }

    /// Opens what was not there before.
    async fn complete(&mut self, database: &Database) -> Result<(), ReadFault> {
        let there = async |service| audit::exists(database, service).await;
        if self.purchase.is_none() && there(Service::Purchase).await? {
            self.purchase = Some(purchase::tables::Store::open(database).await?);
        }
        if self.earnings.is_none() && there(Service::Earnings).await? {
            self.earnings = Some(earnings::tables::Store::open(database).await?);
        }
        if self.payout.is_none() && there(Service::Payout).await? {
            self.payout = Some(payout::tables::Store::inspect(database).await?);
        }
        if self.support.is_none() && there(Service::Support).await? {
            self.support = Some(support::tables::Store::open(database).await?);
        }
        if self.treasury.is_none() && there(Service::Treasury).await? {
            self.treasury = Some(treasury::tables::Store::open(database).await?);
        }
        if self.gifts.is_none() && there(Service::Gift).await? {
            self.gifts = Some(GiftNames::new(gift::tables::Store::open(database).await?));
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        let sales = self.purchase.is_some() && self.gifts.is_some() && self.earnings.is_some() && self.payout.is_some();
        sales && self.support.is_some() && self.treasury.is_some()
    }
}

/// The tables of a running process: opened with the first call that needs them, and looked for again while a service has none.
pub(crate) struct KeptTables {
    database: Database,
    opened: Mutex<Option<OpenedTables>>,
}

/// The tables that are open, and when those of services without any are looked for again.
struct OpenedTables {
    tables: StoryTables,
    look_again: Instant,
}

impl KeptTables {
    pub(crate) fn new(database: Database) -> Self {
        Self { database, opened: Mutex::new(None) }
    }

    pub(crate) async fn get(&self) -> Result<StoryTables, ReadFault> {
        let mut opened = self.opened.lock().await;
        // What is opened stays opened, also if this call ends before its answer.
        let mut tables = match &*opened {
            Some(open) if open.tables.is_complete() || Instant::now() < open.look_again => return Ok(open.tables.clone()),
            Some(open) => open.tables.clone(),
            None => StoryTables::open(&self.database).await?,
        };
        let completed = tables.complete(&self.database).await;
        // After a failure the next call looks again.
        let look_again = Instant::now() + if completed.is_ok() { LOOK_EVERY } else { Duration::ZERO };
        *opened = Some(OpenedTables { tables: tables.clone(), look_again });
        completed.map(|()| tables)
    }
}
