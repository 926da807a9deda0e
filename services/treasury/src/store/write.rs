//! Writes the changes of a plan, all or none.
use super::{Error, Store};
use crate::domain::{Change, Node, NodeKind, PhysicalAccount, Plan, Registration, StandardLeaf};
use sqlx::AnyConnection;
use std::time::SystemTime;

/// When and by whom a plan is applied.
#[derive(Debug, Clone, Copy)]
pub struct Application<'a> {
    /// The treasury's book.
    pub book: &'a str,
    /// The plan's hash.
    pub hash: &'a str,
    /// The hash of its file.
    pub file_hash: &'a str,
    /// Who applies it.
    pub by: &'a str,
    /// The time of the call.
    pub at: SystemTime,
}

impl Store {
    /// Applies a plan; false: the structure is not at the plan's revision any more, and nothing was written.
    pub async fn apply(&self, plan: &Plan, application: Application<'_>) -> Result<bool, Error> {
        let Application { book, hash, file_hash, by, at } = application;
        let mut tx = db::begin(&self.pool).await?;
        let day = plan.effective.to_string();
        let inserted = sqlx::query(
            "INSERT INTO structure_revision (book, revision, plan_hash, file_hash, change_count, effective_date, applied_at_ms, applied_by)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        )
        .bind(book)
        .bind(plan.base + 1)
        .bind(hash)
        .bind(file_hash)
        .bind(i64::try_from(plan.changes.len()).unwrap_or(i64::MAX))
        .bind(&day)
        .bind(money::time::unix_ms(at))
        .bind(by)
        .execute(&mut *tx)
        .await?;
        if inserted.rows_affected() == 0 {
            return Ok(false);
        }
        for change in &plan.changes {
            make(&mut tx, book, &day, change).await?;
        }
        tx.commit().await?;
        Ok(true)
    }
}

async fn make(tx: &mut AnyConnection, book: &str, day: &str, change: &Change) -> Result<(), Error> {
    match change {
        Change::AddAccount(account) => {
            add_account(tx, book, day, account).await?;
            for node in StandardLeaf::ALL.map(|standard| standard.node(account)) {
                add_node(tx, book, day, &node).await?;
            }
        }
        Change::RenameAccount { id, name, .. } => {
            set(tx, "UPDATE physical_account SET name = $3 WHERE book = $1 AND account_id = $2", [book, id, name]).await?;
        }
        Change::Add(node) => add_node(tx, book, day, node).await?,
        Change::Rename { id, name, .. } => set(tx, "UPDATE node SET name = $3 WHERE book = $1 AND node_id = $2", [book, id, name]).await?,
        Change::Move { id, parent, .. } => set_parent(tx, [book, id, day, parent]).await?,
        Change::SetState { id, state, .. } => set_state(tx, [book, id, day, state.name()]).await?,
        Change::SetUses { id, uses } => {
            let uses = uses.iter().map(|one| one.name()).collect::<Vec<_>>().join(",");
            set(tx, "UPDATE node SET uses = $3 WHERE book = $1 AND node_id = $2", [book, id, &uses]).await?;
        }
        Change::Claim { id, key } => set_claim(tx, [book, &key.account, &key.app, day, id]).await?,
        Change::EndClaim { key, .. } => set_claim(tx, [book, &key.account, &key.app, day, ""]).await?,
        Change::AddNumber(registration) => add_number(tx, book, registration).await?,
        Change::EndNumber { number, until, .. } => {
            let sql = "UPDATE virtual_number SET until_date = $3 WHERE book = $1 AND number = $2 AND until_date = ''";
            set(tx, sql, [book, number, &until.to_string()]).await?;
        }
    }
    Ok(())
}

async fn set<const N: usize>(tx: &mut AnyConnection, sql: &'static str, values: [&str; N]) -> Result<(), Error> {
    let query = values.into_iter().fold(sqlx::query(sql), |query, value| query.bind(value.to_owned()));
    query.execute(tx).await?;
    Ok(())
}

async fn add_account(tx: &mut AnyConnection, book: &str, day: &str, account: &PhysicalAccount) -> Result<(), Error> {
    let sql = "INSERT INTO physical_account
        (book, account_id, name, bank, branch, currency, entity, account_number, number_root, added_date, client_money)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let PhysicalAccount { id, name, bank, branch, currency, entity, number, number_root, client_money } = account;
    let texts = [book, id, name, bank, branch, currency.code(), entity, number, number_root, day];
    let query = texts.into_iter().fold(sqlx::query(sql), |query, value| query.bind(value.to_owned()));
    query.bind(i64::from(*client_money)).execute(tx).await?;
    Ok(())
}

async fn add_node(tx: &mut AnyConnection, book: &str, day: &str, node: &Node) -> Result<(), Error> {
    let sql = "INSERT INTO node (book, node_id, name, entity, level, kind, funds_class, uses, standard)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let (kind, leaf) = match &node.kind {
        NodeKind::Summary { .. } => ("summary", None),
        NodeKind::Leaf(leaf) => ("leaf", Some(leaf)),
    };
    let level = node.level.map_or("", |level| level.name());
    let funds = node.funds().map_or("", |class| class.name());
    let uses = leaf.map(|leaf| leaf.uses.iter().map(|one| one.name()).collect::<Vec<_>>().join(",")).unwrap_or_default();
    let standard = node.standard().map_or("", |standard| standard.name());
    set(&mut *tx, sql, [book, &node.id, &node.name, &node.entity, level, kind, funds, &uses, standard]).await?;
    set_parent(&mut *tx, [book, &node.id, day, &node.parent]).await?;
    if let Some(leaf) = leaf {
        set_state(tx, [book, &node.id, day, leaf.state.name()]).await?;
    }
    Ok(())
}

async fn set_parent(tx: &mut AnyConnection, values: [&str; 4]) -> Result<(), Error> {
    let sql = "INSERT INTO node_parent (book, node_id, from_date, parent_id) VALUES ($1, $2, $3, $4)
        ON CONFLICT (book, node_id, from_date) DO UPDATE SET parent_id = excluded.parent_id";
    set(tx, sql, values).await
}

async fn set_state(tx: &mut AnyConnection, values: [&str; 4]) -> Result<(), Error> {
    let sql = "INSERT INTO leaf_state (book, node_id, from_date, state) VALUES ($1, $2, $3, $4)
        ON CONFLICT (book, node_id, from_date) DO UPDATE SET state = excluded.state";
    set(tx, sql, values).await
}

async fn set_claim(tx: &mut AnyConnection, values: [&str; 5]) -> Result<(), Error> {
    let sql = "INSERT INTO leaf_claim (book, account_id, app_book, from_date, node_id) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (book, account_id, app_book, from_date) DO UPDATE SET node_id = excluded.node_id";
    set(tx, sql, values).await
}

async fn add_number(tx: &mut AnyConnection, book: &str, registration: &Registration) -> Result<(), Error> {
    let sql = "INSERT INTO virtual_number (book, number, node_id, form, holder, from_date, until_date) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let Registration { number, leaf, form, holder, from, until } = registration;
    let holder = holder.as_ref().map_or("", |holder| holder.as_str());
    let (from, until) = (from.to_string(), until.map(|until| until.to_string()).unwrap_or_default());
    set(tx, sql, [book, number, leaf, form.name(), holder, &from, &until]).await
}
