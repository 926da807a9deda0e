//! Imports postings from a CSV as [`crate::export`] writes it into a book's ledger. Importing a file again changes nothing.
//!
//! Request ids are derived from the file's posting ids, so a run that was interrupted can be repeated. Only transfers that were posted, at once or out of a
//! hold, are imported. Holds, voids and expiries moved nothing and are left out; an open hold has to be placed again. A posting is imported whole or not at all
//! (`rows`); the ledger refuses a posting that it has under its id; the ledger marks imported postings, so that audits don't expect a service's rows for them.
//! `trial`: the dry run. [`record`]: the import in the audit log.
use crate::OperationFault;
use api::ledger::{ImportBatchRequest, PostRefusal, PostRequest, ledger_service_client::LedgerServiceClient, post_batch_outcome::Outcome};
use ledger_client::{LedgerReason, NotPosted};
use rows::ImportPostings;
use rpc::Transport;
use std::io::Read;
use tonic::{Request, Status};
use trial::TrialBook;

pub mod record;
mod rows;
mod trial;

/// Postings per call; far below a call's size limit, for each may have 64 transfers.
const BATCH: usize = 200;

/// Where to import to, and whether it is a dry run.
pub struct ImportTarget {
    /// The ledger.
    pub client: LedgerServiceClient<Transport>,
    /// A token with the role of a service, whose subject is none of the services' own.
    pub token: String,
    /// The book.
    pub book: String,
    /// Only reports what would become of each posting, given those before it in the file.
    pub dry_run: bool,
}

impl ImportTarget {
    fn authorised<T>(&self, message: T) -> Result<Request<T>, OperationFault> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {}", self.token).parse()?);
        Ok(request)
    }
}

/// The answer of a service, in words for people.
fn answered(status: &Status) -> String {
    if rpc::reason(status).is_some() { status.message().to_owned() } else { format!("{:?}: {}", status.code(), status.message()) }
}

/// Whether the ledger has decided against a posting: otherwise the ones after it fare no better, or have to come after it.
fn is_decided(refused: &PostRefusal) -> bool {
    match ledger_client::refused_item(refused.clone()) {
        NotPosted::Refused(_) => true,
        // Its kind or its accounts; another posting may have others.
        NotPosted::NotExecuted(reason, _) => reason == LedgerReason::PosterNotAllowed,
        NotPosted::Unknown(_) => false,
    }
}

/// The result of an import, counted in postings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct ImportCounts {
    /// New in the book, or would be.
    pub imported: u64,
    /// Already in the book.
    pub there: u64,
    /// Left out, because they have only holds or their ends.
    pub left_out: u64,
    /// Refused by the ledger, because they are in the book under their own id or because of its rules.
    pub refused: u64,
    /// Incomplete or with an unreadable line; nothing of them was sent.
    pub bad: u64,
}

impl ImportCounts {
    /// Whether every posting of the file is in the book.
    #[must_use]
    pub fn whole(&self) -> bool {
        self.refused == 0 && self.bad == 0
    }
}

/// The postings of a file as they would be sent; incomplete ones and those with an unreadable line are left out.
pub fn read(input: impl Read) -> Result<Vec<PostRequest>, OperationFault> {
    let mut postings = ImportPostings::of(input)?;
    let mut posts = Vec::new();
    while let Some(group) = postings.next()? {
        posts.extend((!group.bad).then(|| group.post(true)).flatten().map(|(_, post)| post));
    }
    Ok(posts)
}

/// Imports a file. Every line or posting that is not imported is reported by its number.
pub async fn import(target: &mut ImportTarget, input: impl Read, mut tell: impl FnMut(String)) -> Result<ImportCounts, OperationFault> {
    let mut postings = ImportPostings::of(input)?;
    let mut run = ImportRun { counts: ImportCounts::default(), trial: TrialBook::default() };
    let mut batch: Vec<(u64, PostRequest)> = Vec::new();
    while let Some(group) = postings.next()? {
        postings.faults.drain(..).for_each(&mut tell);
        if group.bad {
            run.counts.bad += 1;
        } else if let Some(post) = group.post(target.dry_run) {
            batch.push(post);
        } else {
            run.counts.left_out += 1;
        }
        if batch.len() >= BATCH {
            run.send(target, std::mem::take(&mut batch), &mut tell).await?;
        }
    }
    run.send(target, batch, &mut tell).await?;
    if let Some(note) = run.trial.note() {
        tell(note);
    }
    Ok(run.counts)
}

/// An import in progress.
struct ImportRun {
    counts: ImportCounts,
    trial: TrialBook,
}

impl ImportRun {
    async fn send(
        &mut self,
        target: &mut ImportTarget,
        batch: Vec<(u64, PostRequest)>,
        tell: &mut impl FnMut(String),
    ) -> Result<(), OperationFault> {
        let Some((first, _)) = batch.first() else { return Ok(()) };
        let first = *first;
        let (lines, posts): (Vec<u64>, Vec<PostRequest>) = batch.into_iter().unzip();
        let tried = if target.dry_run { posts.clone() } else { Vec::new() };
        let request = target.authorised(ImportBatchRequest { book: target.book.clone(), posts })?;
        let answer = target.client.import_batch(request).await.map_err(|status| self.broken(first, &answered(&status)))?.into_inner();
        if answer.outcomes.len() != lines.len() {
            return Err(self.broken(first, "the ledger answered for another number of postings").into());
        }
        for (at, (line, outcome)) in lines.into_iter().zip(answer.outcomes).enumerate() {
            let outcome = outcome.outcome.ok_or_else(|| self.broken(line, "an answer without an outcome"))?;
            let outcome = match tried.get(at) {
                Some(post) => self.trial.judge(target, post, outcome).await.map_err(|error| self.broken(line, &error.to_string()))?,
                None => outcome,
            };
            match outcome {
                Outcome::Accepted(accepted) if accepted.replayed => self.counts.there += 1,
                Outcome::Accepted(_) => self.counts.imported += 1,
                Outcome::Refused(refused) if !is_decided(&refused) => {
                    return Err(self.broken(line, &format!("{}: {}", refused.reason, refused.message)).into());
                }
                Outcome::Refused(refused) => {
                    tell(format!("line {line}: refused: {}: {}", refused.reason, refused.message));
                    self.counts.refused += 1;
                }
            }
        }
        Ok(())
    }

    /// Why the import ended early, and how far it got.
    fn broken(&self, line: u64, why: &str) -> String {
        let ImportCounts { imported, there, .. } = self.counts;
        format!(
            "from line {line}: {why}; {imported} postings were imported and {there} were there before: repeat the import, nothing is posted twice"
        )
    }
}
