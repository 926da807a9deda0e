//! Both deeds as the terminal does them: written into the record of what staff did, before and after, and refused without that record.
use super::WhoseData;
use crate::OperationFault;
use identity::Service;
use money::UserKey;
use monitor::audit::exists;
use serde_json::Value;
use std::{future::Future, path::Path};
use support::tables::{ActPhase, Acts, StaffAct, Store};
use uuid::Uuid;

/// Who asked, and why.
#[derive(Debug, Clone, Copy)]
pub struct AskedBy<'a> {
    /// The member of staff.
    pub by: &'a UserKey,
    /// In their words.
    pub reason: &'a str,
    /// Where the record's heads are written outside the database.
    pub heads_dir: &'a Path,
}

/// Shows a user's own data; see [`super::export`].
pub async fn export(of: &WhoseData<'_>, asked: &AskedBy<'_>, key_file: &Path) -> Result<Value, OperationFault> {
    recorded(of, asked, "largesse privacy export", super::export(of, key_file)).await
}

/// Erases what is personal of a user and says what it was; see [`super::erase`].
pub async fn erase(of: &WhoseData<'_>, asked: &AskedBy<'_>) -> Result<Value, OperationFault> {
    recorded(of, asked, "largesse privacy erase", async { Ok(serde_json::to_value(super::erase(of).await?)?) }).await
}

async fn recorded(
    of: &WhoseData<'_>,
    asked: &AskedBy<'_>,
    name: &str,
    doing: impl Future<Output = Result<Value, OperationFault>>,
) -> Result<Value, OperationFault> {
    if !exists(of.database, Service::Support).await? {
        return Err("there is no record of what staff did in this database, so nothing is shown or erased".into());
    }
    let acts = Acts::new(Store::open(of.database).await?, Some(asked.heads_dir.to_owned()));
    let act_id = Uuid::now_v7();
    let act = |phase, outcome: &str| StaffAct {
        act_id,
        phase,
        subject: asked.by.to_string(),
        issuer: "terminal".to_owned(),
        role: "admin".to_owned(),
        rpc: name.to_owned(),
        book: of.book.to_string(),
        user_id: of.user.to_string(),
        outcome: outcome.to_owned(),
        reason: if phase == ActPhase::Begun { asked.reason.to_owned() } else { String::new() },
        request_json: String::new(),
    };
    acts.record(act(ActPhase::Begun, "")).await.map_err(tonic::Status::from)?;
    let done = doing.await;
    acts.record(act(ActPhase::Ended, if done.is_ok() { "OK" } else { "FAILED" })).await.map_err(tonic::Status::from)?;
    done
}
