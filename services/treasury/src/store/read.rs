//! Reads the structure.
use super::{Error, LastRead, Store};
use crate::domain::{
    ClaimKey, FundsClass, FundsUse, Leaf, LeafState, Level, Node, NodeKind, NumberForm, PhysicalAccount, Registration, StandardLeaf,
    Structure,
};
use accounts::holder::HolderName;
use jiff::civil::Date;
use money::Currency;
use sqlx::{Row as _, any::AnyRow};
use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

/// How often a structure is read that somebody changes meanwhile. Changes are made by people, seconds apart.
const READS_MAX: u32 = 3;

impl Store {
    /// The structure as it is; with a day, with the parents and states of the end of that day, and without what was added later.
    pub async fn structure(&self, book: &str, on: Option<Date>) -> Result<Arc<Structure>, Error> {
        for _ in 0..READS_MAX {
            let (revision, effective) = self.revision(book).await?;
            let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
            if let Some(last) = last.filter(|last| on.is_none() && last.book == book && last.structure.revision == revision) {
                return Ok(last.structure);
            }
            let read = self.read(book, on.unwrap_or(Date::MAX)).await?;
            // Several statements see several moments, where somebody writes between them.
            if self.revision(book).await?.0 != revision {
                continue;
            }
            let read = Arc::new(Structure { revision, effective, ..read });
            if on.is_none() {
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some(LastRead { book: book.to_owned(), structure: Arc::clone(&read) });
            }
            return Ok(read);
        }
        Err(Error::Changing)
    }

    async fn revision(&self, book: &str) -> Result<(i64, Option<Date>), Error> {
        let query = sqlx::query("SELECT revision, effective_date FROM structure_revision WHERE book = $1 ORDER BY revision DESC LIMIT 1");
        match query.bind(book).fetch_optional(&self.pool).await? {
            Some(row) => Ok((row.try_get("revision")?, Some(date(&row, "effective_date")?))),
            None => Ok((0, None)),
        }
    }

    async fn read(&self, book: &str, on: Date) -> Result<Structure, Error> {
        let mut structure = Structure::default();
        let accounts = sqlx::query("SELECT * FROM physical_account WHERE book = $1 AND added_date <= $2");
        for row in accounts.bind(book).bind(on.to_string()).fetch_all(&self.pool).await? {
            let account = account(&row)?;
            structure.accounts.insert(account.id.clone(), account);
        }
        let parents = self
            .newest(book, on, "SELECT node_id, parent_id AS value FROM node_parent WHERE book = $1 AND from_date <= $2 ORDER BY from_date")
            .await?;
        let states = self
            .newest(book, on, "SELECT node_id, state AS value FROM leaf_state WHERE book = $1 AND from_date <= $2 ORDER BY from_date")
            .await?;
        for row in sqlx::query("SELECT * FROM node WHERE book = $1").bind(book).fetch_all(&self.pool).await? {
            let id: String = row.try_get("node_id")?;
            // Without a parent on that day, it was not there yet.
            let Some(parent) = parents.get(&id) else { continue };
            structure.nodes.insert(id.clone(), node(&row, id.clone(), parent.clone(), states.get(&id))?);
        }
        add_later_leaves(&mut structure);
        for row in sqlx::query("SELECT * FROM virtual_number WHERE book = $1").bind(book).fetch_all(&self.pool).await? {
            let registration = registration(&row)?;
            if structure.nodes.contains_key(&registration.leaf) {
                structure.numbers.insert(registration.number.clone(), registration);
            }
        }
        let claims = "SELECT account_id, app_book, node_id FROM leaf_claim WHERE book = $1 AND from_date <= $2 ORDER BY from_date";
        for row in sqlx::query(claims).bind(book).bind(on.to_string()).fetch_all(&self.pool).await? {
            let key = ClaimKey { account: row.try_get("account_id")?, app: row.try_get("app_book")? };
            match row.try_get::<String, _>("node_id")? {
                leaf if leaf.is_empty() => drop(structure.claims.remove(&key)),
                leaf => drop(structure.claims.insert(key, leaf)),
            }
        }
        Ok(structure)
    }

    /// The value of each node on a day, of rows in the order of their days.
    async fn newest(&self, book: &str, on: Date, sql: &'static str) -> Result<BTreeMap<String, String>, Error> {
        let rows = sqlx::query(sql).bind(book).bind(on.to_string()).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok((row.try_get("node_id")?, row.try_get("value")?))).collect()
    }
}

/// Gives accounts that older programs added the standard leaves that these did not know. Where a leaf of theirs has such an id, the account stays without it.
fn add_later_leaves(structure: &mut Structure) {
    let later = [StandardLeaf::Incoming, StandardLeaf::Blocked];
    let nodes: Vec<_> = structure.accounts.values().flat_map(|account| later.map(|standard| standard.node(account))).collect();
    for node in nodes {
        structure.nodes.entry(node.id.clone()).or_insert(node);
    }
}

fn account(row: &AnyRow) -> Result<PhysicalAccount, Error> {
    let code: String = row.try_get("currency")?;
    Ok(PhysicalAccount {
        id: row.try_get("account_id")?,
        name: row.try_get("name")?,
        bank: row.try_get("bank")?,
        branch: row.try_get("branch")?,
        currency: Currency::try_new(&code).map_err(|_| Error::Row("currency", code))?,
        entity: row.try_get("entity")?,
        number: row.try_get("account_number")?,
        number_root: row.try_get("number_root")?,
        client_money: row.try_get::<i64, _>("client_money")? != 0,
    })
}

fn node(row: &AnyRow, id: String, parent: String, state: Option<&String>) -> Result<Node, Error> {
    let funds = optional(row, "funds_class", FundsClass::from_name)?;
    let kind: String = row.try_get("kind")?;
    let kind = match kind.as_str() {
        "summary" => NodeKind::Summary { funds },
        "leaf" => {
            let state = state.map(String::as_str).unwrap_or_default();
            let uses: String = row.try_get("uses")?;
            let uses = uses.split(',').filter(|word| !word.is_empty());
            let uses = uses.map(|word| FundsUse::from_name(word).ok_or_else(|| Error::Row("use", word.to_owned())));
            NodeKind::Leaf(Leaf {
                funds: funds.ok_or_else(|| Error::Row("funds_class", String::new()))?,
                uses: uses.collect::<Result<_, _>>()?,
                state: LeafState::from_name(state).ok_or_else(|| Error::Row("state", state.to_owned()))?,
                standard: optional(row, "standard", StandardLeaf::from_name)?,
            })
        }
        _ => return Err(Error::Row("kind", kind)),
    };
    let level = optional(row, "level", Level::from_name)?;
    Ok(Node { id, parent, name: row.try_get("name")?, entity: row.try_get("entity")?, level, kind })
}

fn registration(row: &AnyRow) -> Result<Registration, Error> {
    let (holder, until): (String, String) = (row.try_get("holder")?, row.try_get("until_date")?);
    let named = || HolderName::parse(&holder).map_err(|_| Error::Row("holder", "(not shown)".to_owned()));
    let form = optional(row, "form", NumberForm::from_name)?.ok_or_else(|| Error::Row("form", String::new()))?;
    Ok(Registration {
        number: row.try_get("number")?,
        leaf: row.try_get("node_id")?,
        form,
        holder: if holder.is_empty() { None } else { Some(named()?) },
        from: date(row, "from_date")?,
        until: if until.is_empty() { None } else { Some(date(row, "until_date")?) },
    })
}

/// A word of a list; `None` for an empty one.
fn optional<T>(row: &AnyRow, column: &'static str, from_name: impl Fn(&str) -> Option<T>) -> Result<Option<T>, Error> {
    let word: String = row.try_get(column)?;
    if word.is_empty() {
        return Ok(None);
    }
    from_name(&word).map(Some).ok_or(Error::Row(column, word))
}

/// A word of a list, which is never empty.
pub(super) fn word<T>(row: &AnyRow, column: &'static str, from_name: impl Fn(&str) -> Option<T>) -> Result<T, Error> {
    optional(row, column, from_name)?.ok_or_else(|| Error::Row(column, String::new()))
}

pub(super) fn date(row: &AnyRow, column: &'static str) -> Result<Date, Error> {
    let text: String = row.try_get(column)?;
    text.parse().map_err(|_| Error::Row(column, text))
}
