//! Records an import in the audit log: who imported which file into which book, before and after. If that can't be recorded, the import is refused.
use super::{ImportCounts, ImportTarget, answered, import};
use crate::{OperationFault, acts::Actor};
use api::support::{Act, ActPhase, RecordActRequest, support_service_client::SupportServiceClient};
use money::text::shown;
use rpc::Transport;
use serde_json::json;
use std::{fs::File, io::BufReader, path::Path};
use uuid::Uuid;

/// The act's name.
const IMPORT: &str = "largesse import";
/// Maximum bytes of an outcome in the audit log.
const OUTCOME_BYTES_MAX: usize = 512;

/// Imports a file and has the support service record by whom and why. A dry run changes nothing and is not recorded.
pub async fn recorded(
    target: &mut ImportTarget,
    support: SupportServiceClient<Transport>,
    by: &Actor,
    file: &Path,
    mut tell: impl FnMut(String),
) -> Result<ImportCounts, OperationFault> {
    let faulty = |error: std::io::Error| format!("{}: {error}", file.display());
    let input = BufReader::new(File::open(file).map_err(faulty)?);
    if target.dry_run {
        return import(target, input, tell).await;
    }
    let request = json!({ "file": file.display().to_string(), "sha256": crate::backup::hash(file).map_err(faulty)? });
    let begun = Act {
        act_id: Uuid::now_v7().to_string(),
        phase: ActPhase::Begun.into(),
        subject: by.subject.clone(),
        issuer: by.source.clone(),
        role: Actor::ROLE.to_owned(),
        rpc: IMPORT.to_owned(),
        book: target.book.clone(),
        reason: by.reason.clone(),
        request_json: request.to_string(),
        ..Act::default()
    };
    record(target, support.clone(), begun.clone()).await.map_err(|why| {
        format!(
            "the import can't be written into the audit log ({why}), so nothing was imported. Give the support service's address with --support-url, \
             or import with --unrecorded, which the log will not show"
        )
    })?;
    let done = import(target, input, &mut tell).await;
    let outcome = match &done {
        Ok(ImportCounts { imported, there, left_out, refused, bad }) => {
            let word = if *refused + *bad == 0 { "OK" } else { "PARTLY" };
            format!("{word}: {imported} imported, {there} there before, {left_out} of holds left out, {refused} refused, {bad} bad")
        }
        Err(error) => rpc::acts::cut(&shown(&format!("FAILED: {error}")), OUTCOME_BYTES_MAX),
    };
    let ended = Act { phase: ActPhase::Ended.into(), outcome, reason: String::new(), request_json: String::new(), ..begun };
    if let Err(why) = record(target, support, ended).await {
        tell(format!("how the import ended could not be written into the audit log ({why}); that it began was"));
    }
    done
}

async fn record(target: &ImportTarget, mut support: SupportServiceClient<Transport>, act: Act) -> Result<(), String> {
    let request = target.authorised(RecordActRequest { act: Some(act) }).map_err(|error| error.to_string())?;
    support.record_act(request).await.map(drop).map_err(|status| answered(&status))
}
