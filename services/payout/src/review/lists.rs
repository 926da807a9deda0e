//! Sanctions lists: read when the service starts, read again when a file changes, and searched for a payee's name.

use crate::{
    config::{InvalidPayoutOption, ScreeningConfig, ScreeningListConfig},
    domain::review::{ClearedHit, OpenHit, ScreeningFinding},
};
use money::time::utc_day_at;
use screening::{
    Clearance, EditionId, ListFiles, MatchBand, PolicyTable, Screener, Screening, ScreeningSubject, import::import, names::NameShape,
};
use std::{
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};
use uuid::Uuid;

/// Most hits of one list that a review shows. Once they are cleared, a name with more of them is held again, for the others.
const HITS_MAX: usize = 50;

/// A list in force.
pub struct LoadedList {
    config: ScreeningListConfig,
    screener: Screener,
    /// When each of its files was written, and how long it is.
    stamps: Vec<(SystemTime, u64)>,
}

/// The lists in force. Without any, nobody is screened.
#[derive(Default)]
pub struct ScreeningLists(RwLock<Vec<Arc<LoadedList>>>);

/// Which edition of a list it is, in one text: its day and the hash of its files.
fn edition_text(id: &EditionId) -> String {
    format!("{} {}", id.date, id.hash)
}

impl LoadedList {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.config.name
    }

    /// Which edition is in force: its day and the hash of its files.
    #[must_use]
    pub fn edition(&self) -> String {
        edition_text(self.screener.edition().id())
    }

    /// Reads the files, and refuses an edition that may not follow the one before.
    fn read(config: &ScreeningListConfig, before: Option<&Self>, now: SystemTime) -> Result<Self, InvalidPayoutOption> {
        let at = |file: &Path, problem: String| InvalidPayoutOption::File { file: file.to_owned(), problem };
        // Looked at before they are read: a file that is replaced meanwhile is read again the next time.
        let stamps = stamps(config).map_err(|problem| at(&config.primary_file, problem))?;
        let bytes = |file: &Path| std::fs::read(file).map_err(|error| at(file, error.to_string()));
        let (primary, alternate) = (bytes(&config.primary_file)?, bytes(&config.alternate_file)?);
        let (address, comments) = (bytes(&config.address_file)?, bytes(&config.comments_file)?);
        let files = ListFiles { primary: &primary, alternate: &alternate, address: &address, comments: &comments };
        let date =
            config.edition.parse().unwrap_or_else(|_| stamps.first().map_or_else(|| utc_day_at(now), |(written, _)| utc_day_at(*written)));
        let refused = |error: screening::Error| at(&config.primary_file, error.to_string());
        let edition = import(&config.name, date, &files).map_err(refused)?;
        let policies = PolicyTable::built_in();
        let policy = policies.on(utc_day_at(now)).map_err(refused)?;
        if let Some(before) = before {
            edition.may_follow(before.screener.edition(), policy).map_err(refused)?;
        }
        Ok(Self { config: config.clone(), screener: Screener::new(Arc::new(edition), policy.clone()), stamps })
    }

    /// The hits of a name that no clearance covers.
    fn open_hits(&self, subject: &ScreeningSubject, cleared: &[Clearance], is_cleared_uncompared: bool) -> Vec<OpenHit> {
        let screening: Screening = self.screener.screen(subject).with_clearances(cleared);
        let edition = self.screener.edition();
        let entry = |id: u32| edition.entry(id).map(|entry| entry.programs.clone()).unwrap_or_default();
        let mut hits: Vec<OpenHit> = screening
            .open_hits()
            .take(HITS_MAX)
            .map(|hit| {
                let programs = entry(hit.entry);
                OpenHit {
                    list: hit.edition.list.clone(),
                    edition: hit.edition.date.to_string(),
                    entry: hit.entry,
                    entry_digest: hit.entry_fingerprint.clone(),
                    name: hit.name.clone(),
                    score: hit.score,
                    band: band(hit.band).to_owned(),
                    is_rejected: !programs.is_empty() && programs.iter().all(|program| self.config.reject_programs.contains(program)),
                    programs,
                }
            })
            .collect();
        if !screening.comparable && !is_cleared_uncompared {
            hits.push(OpenHit {
                list: self.config.name.clone(),
                edition: edition.id().date.to_string(),
                entry: 0,
                entry_digest: String::new(),
                name: String::new(),
                score: 0,
                band: band(MatchBand::Review).to_owned(),
                programs: Vec::new(),
                is_rejected: false,
            });
        }
        hits
    }
}

fn band(band: MatchBand) -> &'static str {
    match band {
        MatchBand::Block => "block",
        MatchBand::Review => "review",
        MatchBand::Diligence => "diligence",
    }
}

fn stamps(config: &ScreeningListConfig) -> Result<Vec<(SystemTime, u64)>, String> {
    let files = [&config.primary_file, &config.alternate_file, &config.address_file, &config.comments_file];
    let stamp = |file: &std::path::PathBuf| {
        let about = std::fs::metadata(file).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok((about.modified().map_err(|error| format!("{}: {error}", file.display()))?, about.len()))
    };
    files.into_iter().map(stamp).collect()
}

impl ScreeningLists {
    /// Reads every list of the options; names the first problem.
    pub fn read(config: &ScreeningConfig, now: SystemTime) -> Result<Self, InvalidPayoutOption> {
        let lists = config.lists.iter().map(|list| LoadedList::read(list, None, now).map(Arc::new)).collect::<Result<_, _>>()?;
        Ok(Self(RwLock::new(lists)))
    }

    /// The lists in force.
    #[must_use]
    pub fn current(&self) -> Vec<Arc<LoadedList>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads lists again whose files have changed. A list that can't be read, or whose new edition may not follow the one in force, stays as it is; its problem
    /// is answered. Blocks the thread.
    #[must_use]
    pub fn reload(&self, now: SystemTime) -> Vec<String> {
        let mut problems = Vec::new();
        for (at, list) in self.current().into_iter().enumerate() {
            let changed = match stamps(&list.config) {
                Ok(stamps) => stamps != list.stamps,
                Err(problem) => {
                    problems.push(problem);
                    false
                }
            };
            if !changed {
                continue;
            }
            match LoadedList::read(&list.config, Some(&list), now) {
                Ok(read) => self.0.write().unwrap_or_else(PoisonError::into_inner)[at] = Arc::new(read),
                Err(problem) => problems.push(problem.to_string()),
            }
        }
        problems
    }

    /// The hits of a beneficiary's holder that nobody has cleared; none if there are no lists, or no such hits. `digest` is keyed.
    #[must_use]
    pub fn screen(&self, id: Uuid, name: &str, cleared: &[ClearedHit], digest: impl Fn(&str) -> String) -> Option<ScreeningFinding> {
        let lists = self.current();
        if lists.is_empty() {
            return None;
        }
        // A name that can't even be a subject is one that can't be compared.
        let subject = ScreeningSubject::try_new(&id.to_string(), name, NameShape::Person)
            .or_else(|_| ScreeningSubject::try_new(&id.to_string(), "?", NameShape::Person))
            .expect("an id and a sign are a subject");
        let (fingerprint, mut hits) = (subject.fingerprint(), Vec::new());
        let subject_digest = digest(&fingerprint);
        for list in lists {
            let known: Vec<&ClearedHit> =
                cleared.iter().filter(|hit| hit.list == list.config.name && hit.subject_digest == subject_digest).collect();
            let clearances: Vec<Clearance> = known
                .iter()
                .map(|hit| Clearance {
                    subject: id.to_string(),
                    subject_fingerprint: fingerprint.clone(),
                    edition: list.screener.edition().id().clone(),
                    entry: hit.entry,
                    entry_fingerprint: hit.entry_digest.clone(),
                })
                .collect();
            hits.extend(list.open_hits(&subject, &clearances, known.iter().any(|hit| hit.entry == 0)));
        }
        (!hits.is_empty()).then_some(ScreeningFinding { subject_digest, hits })
    }
}

#[cfg(test)]
mod tests;
