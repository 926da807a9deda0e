//! What an export with `fields` says of each posting beside its transfers: the fields of its request, and the ids under which stores and banks know it.
use crate::{
    audit::{ReadFault, exists},
    explain::StoryTables,
};
use accounting::table::decimal;
use books::domain::event::{Body, Event};
use chart::Unit;
use db::Database;
use identity::Service;
use money::BookName;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// The additional last columns. `amount_decimal` is the amount in units of its currency, such as `12.50`; coins and diamonds have no smaller unit. `fields` is a
/// JSON object of the fields that the posting's request had. To these are added, where the tables of the services are in the same database and have it in this
/// book, `store` and `transaction_id` of the purchase that `purchase_id` names, and `end_to_end_ids` of the payout that `payout_id` names: one for each attempt.
pub const FIELD_COLUMNS: [&str; 2] = ["amount_decimal", "fields"];

/// Names of a purchase's and a payout's field in postings.
const PURCHASE_ID: &str = "purchase_id";
const PAYOUT_ID: &str = "payout_id";

/// The tables that know what stores and banks call a posting, as far as they are here.
#[derive(Debug, Clone)]
pub struct FieldSources {
    purchases: Option<purchase::tables::Store>,
    payouts: Option<payout::tables::Store>,
}

/// What the postings of a page are called elsewhere, by purchase and by payout.
#[derive(Debug, Default)]
pub(super) struct ForeignIds {
    transactions: BTreeMap<Uuid, (String, String)>,
    end_to_end_ids: BTreeMap<Uuid, Vec<String>>,
}

impl FieldSources {
    /// Opens those that are in the database; creates none.
    pub async fn open(database: &Database) -> Result<Self, ReadFault> {
        let purchases = match exists(database, Service::Purchase).await? {
            true => Some(purchase::tables::Store::open(database).await?),
            false => None,
        };
        let payouts = match exists(database, Service::Payout).await? {
            true => Some(payout::tables::Store::inspect(database).await?),
            false => None,
        };
        Ok(Self { purchases, payouts })
    }

    /// Those that are open.
    pub(crate) fn of(tables: &StoryTables) -> Self {
        Self { purchases: tables.purchase.clone(), payouts: tables.payout.clone() }
    }

    /// The ids of these events' purchases and payouts, read by few statements.
    pub(super) async fn ids_of(&self, book: &str, events: impl Iterator<Item = &Event> + Clone) -> Result<ForeignIds, ReadFault> {
        let book = BookName::try_new(book)?;
        let named = |name: &str| -> Vec<Uuid> {
            let mut ids: Vec<Uuid> = events.clone().filter_map(|event| id_in(event, name)).collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        let mut found = ForeignIds::default();
        if let Some(purchases) = &self.purchases {
            found.transactions = purchases.transactions_of(&book, &named(PURCHASE_ID)).await?;
        }
        if let Some(payouts) = &self.payouts {
            let ids = named(PAYOUT_ID);
            found.end_to_end_ids = payouts.end_to_end_ids_of(&book, &ids).await?;
            // The first attempt's is the payout's id, also of payouts of older programs, which kept no attempts. Of one without a row here, nothing is known.
            let rest: BTreeSet<Uuid> = ids.into_iter().filter(|id| !found.end_to_end_ids.contains_key(id)).collect();
            let rows = payouts.payouts_named(&rest).await?;
            let is_here = |id: &Uuid| rows.get(id).is_some_and(|payout| payout.payout_id == *id && payout.book == book);
            found.end_to_end_ids.extend(rest.into_iter().filter(is_here).map(|id| (id, vec![id.simple().to_string()])));
        }
        Ok(found)
    }
}

impl ForeignIds {
    /// The fields of an event as a JSON object.
    pub(super) fn json(&self, event: &Event) -> String {
        let fields = fields(event).iter().map(|(name, value)| (name.clone(), Value::String(value.clone())));
        let mut object: Map<String, Value> = fields.collect();
        if let Some((store, transaction_id)) = id_in(event, PURCHASE_ID).and_then(|id| self.transactions.get(&id)) {
            object.entry("store").or_insert_with(|| json!(store));
            object.entry("transaction_id").or_insert_with(|| json!(transaction_id));
        }
        if let Some(ids) = id_in(event, PAYOUT_ID).and_then(|id| self.end_to_end_ids.get(&id)) {
            object.entry("end_to_end_ids").or_insert_with(|| json!(ids));
        }
        Value::Object(object).to_string()
    }
}

/// An amount in units of its currency.
pub(super) fn amount_text(amount: i64, unit: Unit) -> String {
    match unit {
        Unit::Currency(currency) => decimal(i128::from(amount), currency),
        Unit::Coin | Unit::Diamond => amount.to_string(),
    }
}

fn fields(event: &Event) -> &[(String, String)] {
    if let Body::Posting(posting) = &event.body { &posting.fields } else { &[] }
}

fn id_in(event: &Event, name: &str) -> Option<Uuid> {
    fields(event).iter().find(|(field, _)| field == name).and_then(|(_, value)| Uuid::try_parse(value).ok())
}

#[cfg(test)]
mod tests;
