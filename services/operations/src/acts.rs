//! Records command-line work on an installation's tables in the audit log: who, from where, and why; one line before it is done and one after.
use crate::OperationFault;
use books::installation;
use db::Database;
use identity::Service;
use monitor::audit::exists;
use std::{collections::BTreeSet, future::Future, path::Path};
use support::tables::{ActPhase, Acts, StaffAct, Store, read_heads};
use uuid::Uuid;

/// The person who runs the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Their name, as in a token's `sub`.
    pub subject: String,
    /// Where the name comes from; stored in place of a token's `iss`.
    pub source: String,
    /// The reason that they gave; empty where none is required.
    pub reason: String,
}

impl Actor {
    /// Somebody with access to the database or its key may do anything.
    pub const ROLE: &str = "admin";
    /// The source of a name given on the command line.
    pub const NAMED: &str = "terminal";
    /// The source of a name that is the operating system's login of the person who runs the command.
    pub const LOGIN: &str = "terminal, system login";
}

/// The act to be recorded.
#[derive(Debug, Clone, Default)]
pub struct TerminalAct {
    /// The command.
    pub name: &'static str,
    /// The book; empty for none.
    pub book: String,
    /// The user it is about; empty where that is not known in advance.
    pub user_id: String,
    /// The arguments, as JSON.
    pub request_json: String,
}

/// Refuses a directory whose last head of the audit log matches no line of these tables: a head added there would make the directory's own installation fail
/// its check from then on. Heads of earlier versions carry no installation id, so the lines are compared.
async fn own_heads(store: &Store, database: &Database, dir: &Path) -> Result<(), OperationFault> {
    let heads = read_heads(dir)?;
    let Some((seq, hash)) = heads.last() else { return Ok(()) };
    let line = store.acts_from(*seq, 1).await?.into_iter().find(|line| line.seq == *seq);
    if line.is_some_and(|line| line.hash == *hash) {
        return Ok(());
    }
    let (dir, shown) = (dir.display(), database.shown());
    let what = format!("{dir}: the last head of the audit log there (line {seq}) is of no line in {shown}");
    Err(format!(
        "{what}, so they are not of one installation, or the tables are older; nothing was done. Name the directory that goes with it"
    )
    .into())
}

/// The audit log of a database.
pub struct AuditLog {
    acts: Acts,
}

impl AuditLog {
    /// Opens it. `None` without tables of the support service, or for a backup, which nothing may be written into.
    pub async fn open(database: &Database, heads_dir: Option<&Path>) -> Result<Option<Self>, OperationFault> {
        let copy = database.sqlite_dir().is_some_and(crate::backup::is_copy);
        if copy || !exists(database, Service::Support).await? {
            return Ok(None);
        }
        let store = Store::open(database).await?;
        if let Some(dir) = heads_dir {
            installation::same(database, dir).await?;
            own_heads(&store, database, dir).await?;
            if let Some(own) = installation::look(database).await?.and_then(|found| found.installation) {
                installation::claim_heads(dir, &own, database)?;
            }
        }
        Ok(Some(Self { acts: Acts::new(store, heads_dir.map(Path::to_owned)) }))
    }

    /// Runs `doing` between a begin and an end line. Beside its result, `doing` returns the users that the act turned out to be about.
    pub async fn recorded<T>(
        &self,
        by: &Actor,
        act: &TerminalAct,
        doing: impl Future<Output = Result<(T, BTreeSet<String>), OperationFault>>,
    ) -> Result<T, OperationFault> {
        let act_id = Uuid::now_v7();
        let line = |phase: ActPhase, outcome: &str| {
            let begun = |text: &String| if phase == ActPhase::Begun { text.clone() } else { String::new() };
            StaffAct {
                act_id,
                phase,
                subject: by.subject.clone(),
                issuer: by.source.clone(),
                role: Actor::ROLE.to_owned(),
                rpc: act.name.to_owned(),
                book: act.book.clone(),
                user_id: act.user_id.clone(),
                outcome: outcome.to_owned(),
                reason: begun(&by.reason),
                request_json: begun(&act.request_json),
            }
        };
        self.acts.record(line(ActPhase::Begun, "")).await.map_err(tonic::Status::from)?;
        let done = doing.await;
        if let Ok((_, about)) = &done {
            // Recorded before any data is shown, so that the act is found under the users' names.
            self.acts.concerns(act_id, &act.book, about).await.map_err(tonic::Status::from)?;
        }
        self.acts.record(line(ActPhase::Ended, if done.is_ok() { "OK" } else { "FAILED" })).await.map_err(tonic::Status::from)?;
        done.map(|(value, _)| value)
    }
}
