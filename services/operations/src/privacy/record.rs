//! Export and erasure as the command line runs them: recorded in the audit log before and after, and refused without one.
use super::WhoseData;
use crate::{
    OperationFault,
    acts::{Actor, AuditLog, TerminalAct},
};
use money::UserKey;
use serde_json::Value;
use std::{collections::BTreeSet, future::Future, path::Path};

/// The member of staff who asked, and why.
#[derive(Debug, Clone, Copy)]
pub struct AskedBy<'a> {
    /// The member of staff.
    pub by: &'a UserKey,
    /// The reason that they gave.
    pub reason: &'a str,
    /// Where the audit log's heads are written outside the database.
    pub heads_dir: &'a Path,
}

/// Exports a user's own data; see [`super::export`].
pub async fn export(of: &WhoseData<'_>, asked: &AskedBy<'_>, key_file: &Path) -> Result<Value, OperationFault> {
    recorded(of, asked, "largesse privacy export", super::export(of, key_file)).await
}

/// Erases a user's personal data and reports what it was; see [`super::erase`].
pub async fn erase(of: &WhoseData<'_>, asked: &AskedBy<'_>) -> Result<Value, OperationFault> {
    recorded(of, asked, "largesse privacy erase", async { Ok(serde_json::to_value(super::erase(of).await?)?) }).await
}

async fn recorded(
    of: &WhoseData<'_>,
    asked: &AskedBy<'_>,
    name: &'static str,
    doing: impl Future<Output = Result<Value, OperationFault>>,
) -> Result<Value, OperationFault> {
    let Some(log) = AuditLog::open(of.database, Some(asked.heads_dir)).await? else {
        return Err("there is no audit log in this database, so nothing is shown or erased".into());
    };
    let by = Actor { subject: asked.by.to_string(), source: Actor::NAMED.to_owned(), reason: asked.reason.to_owned() };
    let act = TerminalAct { name, book: of.book.to_string(), user_id: of.user.to_string(), request_json: String::new() };
    log.recorded(&by, &act, async { Ok((doing.await?, BTreeSet::new())) }).await
}
