//! A list that is ready to be searched, and what it finds for a subject.

use crate::{
    compare::{NameScore, TokenPair, explain, name_score},
    edition::{Edition, EditionId, ListEntry, NameSource},
    index::NameIndex,
    names::{NameShape, NameTokens, normalise},
    policy::{MatchBand, ScreeningPolicy},
    subject::{Birth, ScreeningSubject},
};
use jiff::{ToSpan, civil::Date};
use rustc_hash::FxHashSet;
use std::sync::Arc;

/// Years that nobody has lived yet: the longest life on record is 122 years.
const AGE_MAX_YEARS: i64 = 130;

/// How a fact of the subject stands to those of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FactCheck {
    /// One side lacks it, or the list has it in a form that is not read.
    Unknown,
    /// They can be the same.
    Agrees,
    /// They are not the same, but too near to count against it.
    Near,
    /// They can't be the same.
    Differs,
}

/// An entry that a subject's name matches, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListHit {
    /// The list and edition.
    pub edition: EditionId,
    /// The entry's id.
    pub entry: u32,
    /// The entry's fingerprint in this edition.
    pub entry_fingerprint: String,
    /// The name that matched, as listed: the best one of the entry.
    pub name: String,
    /// Where that name is from.
    pub source: NameSource,
    /// The score of the names alone, in thousandths.
    pub name_score: u32,
    /// The score with all evidence, in thousandths.
    pub score: u32,
    /// Who looks at it.
    pub band: MatchBand,
    /// The tokens that were paired, the best first.
    pub pairs: Vec<TokenPair>,
    /// Whether the match rests on an initial.
    pub initial: bool,
    /// Whether it rests on adjacent tokens written as one.
    pub joined: bool,
    /// How the dates of birth stand to each other.
    pub birth: FactCheck,
    /// How the countries stand to each other.
    pub country: FactCheck,
    /// Whether both are persons, or neither is: `Agrees` or `Differs`.
    pub kind: FactCheck,
    /// A weak alias that matches too.
    pub weak_alias: Option<String>,
    /// Whether a reviewer has cleared it, and nothing has changed since.
    pub cleared: bool,
}

/// What a screening of one subject found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screening {
    /// The subject's id.
    pub subject: String,
    /// The subject's fingerprint when it was screened.
    pub subject_fingerprint: String,
    /// The list and edition.
    pub edition: EditionId,
    /// Whether the name could be compared. If not, no hit means nothing: a person must look.
    pub comparable: bool,
    /// The hits, the highest score first; equals by id.
    pub hits: Vec<ListHit>,
}

impl Screening {
    /// The hits that no clearance covers.
    pub fn open_hits(&self) -> impl Iterator<Item = &ListHit> {
        self.hits.iter().filter(|hit| !hit.cleared)
    }

    /// The highest band of the open hits.
    #[must_use]
    pub fn band(&self) -> Option<MatchBand> {
        self.open_hits().map(|hit| hit.band).max()
    }

    /// Whether money to the subject must wait for a person: there is an open hit, or the name could not be compared.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.comparable || self.open_hits().next().is_some()
    }
}

/// An edition with the index of its names, and the policy by which it is searched. Its size is linear in the edition's.
pub struct Screener {
    edition: Arc<Edition>,
    policy: ScreeningPolicy,
    /// Where each indexed name is: place of its entry, and of the name in it.
    places: Vec<(u32, u32)>,
    shapes: [NameIndex; 2],
    /// By shape: the numbers of `shapes` count from here in `places`.
    people: usize,
    /// Countries that any entry of the whole edition has, normalised.
    countries: FxHashSet<String>,
}

impl Screener {
    /// Of a whole edition.
    #[must_use]
    pub fn new(edition: Arc<Edition>, policy: ScreeningPolicy) -> Self {
        Self::of_entries(edition, policy, |_| true)
    }

    /// Of those entries of an edition that are wanted.
    pub(crate) fn of_entries(edition: Arc<Edition>, policy: ScreeningPolicy, wanted: impl Fn(&ListEntry) -> bool) -> Self {
        let mut places = Vec::new();
        let shapes = [NameShape::Person, NameShape::Organisation].map(|shape| {
            let mut names = Vec::new();
            for (entry, at) in edition.entries().iter().zip(0_u32..).filter(|(entry, _)| entry.kind.shape() == shape && wanted(entry)) {
                // Weak aliases are too common to be screened on their own.
                for (name, name_at) in entry.names.iter().zip(0_u32..).filter(|(name, _)| !name.weak) {
                    names.push(normalise(&name.name, shape));
                    places.push((at, name_at));
                }
            }
            NameIndex::new(names)
        });
        let people = places.iter().take_while(|(at, _)| edition.entries()[*at as usize].kind.shape() == NameShape::Person).count();
        let countries = edition.entries().iter().flat_map(ListEntry::countries).cloned().collect();
        Self { edition, policy, places, shapes, people, countries }
    }

    /// The edition that is searched.
    #[must_use]
    pub fn edition(&self) -> &Edition {
        &self.edition
    }

    /// Screens a subject. Every entry whose best name reaches the lowest band, with all evidence, is a hit; nothing is cleared yet.
    #[must_use]
    pub fn screen(&self, subject: &ScreeningSubject) -> Screening {
        self.screen_with(subject, NameIndex::matches)
    }

    fn screen_with(
        &self,
        subject: &ScreeningSubject,
        matches: impl Fn(&NameIndex, &NameTokens, u32, &ScreeningPolicy) -> Vec<(u32, u32)>,
    ) -> Screening {
        // The subject's shape can be wrong or a guess, and titles and company forms are dropped by shape. So its name is read in both ways.
        let [own, other] = [subject.shape(), subject.shape().other()].map(|shape| normalise(subject.name(), shape));
        let least = (self.policy.name_min() * 1000).saturating_sub(500);
        let mut best: Vec<(u32, u32, u32, &NameTokens)> = Vec::new();
        for ((index, first), shape) in self.shapes.iter().zip([0, self.people]).zip([NameShape::Person, NameShape::Organisation]) {
            // An entry of the subject's shape is read as the subject is; any other, in its own way too.
            let also = (shape != subject.shape() && other != own).then_some(&other);
            for name in [&own].into_iter().chain(also) {
                for (number, score) in matches(index, name, least, &self.policy) {
                    let (entry, listed) = self.places[first + number as usize];
                    best.push((entry, listed, score, name));
                }
            }
        }
        // The best name of each entry; of equals the one that is listed first. The sort is stable: then the subject's own shape is first.
        best.sort_by_key(|(entry, listed, score, _)| (*entry, u32::MAX - score, *listed));
        best.dedup_by_key(|(entry, ..)| *entry);
        let entries = self.edition.entries();
        let hit =
            |(entry, listed, _, name): (u32, u32, u32, &NameTokens)| self.hit(&entries[entry as usize], listed as usize, name, subject);
        let mut hits: Vec<ListHit> = best.into_iter().filter_map(hit).collect();
        hits.sort_by_key(|hit| (u32::MAX - hit.score, hit.entry));
        Screening {
            subject: subject.id().to_owned(),
            subject_fingerprint: subject.fingerprint(),
            edition: self.edition.id().clone(),
            comparable: own.is_comparable(),
            hits,
        }
    }

    /// Weighs the evidence of an entry whose name matches. `None` below the lowest band.
    fn hit(&self, entry: &ListEntry, listed: usize, name: &NameTokens, subject: &ScreeningSubject) -> Option<ListHit> {
        let policy = &self.policy;
        let shape = entry.kind.shape();
        let listed = entry.names.get(listed)?;
        let (found, pairs) = explain(&normalise(&listed.name, shape), name, policy);
        let weak_alias = entry
            .names
            .iter()
            .filter(|alias| alias.weak)
            .find(|alias| name_score(&normalise(&alias.name, shape), name, policy).thousandths() >= policy.block_min);
        let birth = birth_check(entry, subject.birth(), self.edition.id().date, policy);
        let country = country_check(entry, subject.countries(), &self.countries);
        let kind = if shape == subject.shape() { FactCheck::Agrees } else { FactCheck::Differs };
        let score = weigh(found, [birth, country, kind], weak_alias.is_some(), policy);
        // An initial or a name without blanks is no certainty, whatever else agrees.
        let score = if found.initial || found.joined { score.min(policy.block_min - 1) } else { score };
        Some(ListHit {
            edition: self.edition.id().clone(),
            entry: entry.id,
            entry_fingerprint: entry.fingerprint(),
            name: listed.name.clone(),
            source: listed.source,
            name_score: found.thousandths(),
            score,
            band: policy.band(score)?,
            pairs,
            initial: found.initial,
            joined: found.joined,
            birth,
            country,
            kind,
            weak_alias: weak_alias.map(|alias| alias.name.clone()),
            cleared: false,
        })
    }
}

/// The score with all evidence. Facts that differ never take a name of the highest band, or one within a longer name, below review: dates are mistyped and made up, so a
/// person decides. A kind alone takes nothing from review either, as a subject's kind is often a guess.
fn weigh(found: NameScore, [birth, country, kind]: [FactCheck; 3], weak_alias: bool, policy: &ScreeningPolicy) -> u32 {
    let facts = [(birth, policy.birth_agrees, policy.birth_differs), (country, policy.country_agrees, policy.country_differs)];
    let sum = |wanted| facts.iter().filter(move |(check, ..)| *check == wanted);
    let raised: u32 = sum(FactCheck::Agrees).map(|(_, agrees, _)| *agrees).sum();
    let lowered: u32 = sum(FactCheck::Differs).map(|(.., differs)| *differs).sum();
    let weak_alias = if weak_alias { policy.weak_alias_agrees } else { 0 };
    let alike = (found.thousandths() + raised + weak_alias).saturating_sub(lowered);
    let kept = if alike >= policy.review_min { policy.review_min } else { 0 };
    let score = if kind == FactCheck::Differs { alike.saturating_sub(policy.kind_differs).max(kept) } else { alike }.min(1000);
    let whole = found.thousandths() >= policy.block_min || (found.within && !found.joined);
    if whole { score.max(policy.review_min) } else { score }
}

/// Compares dates of birth. One that nobody alive on the edition's day can have is mistyped or made up: it says nothing, on either side.
fn birth_check(entry: &ListEntry, subject: Option<Birth>, day: Date, policy: &ScreeningPolicy) -> FactCheck {
    let oldest = day.saturating_sub(AGE_MAX_YEARS.years());
    let possible = |birth: &Birth| birth.first <= day && birth.last >= oldest;
    let Some(subject) = subject.filter(possible) else { return FactCheck::Unknown };
    let births = &entry.facts.births;
    let unread = entry.facts.unread_birth || births.iter().any(|listed| !possible(&listed.birth));
    let apart = births.iter().filter(|listed| possible(&listed.birth)).map(|listed| listed.reach(policy).years_apart(subject)).min();
    match apart {
        Some(0) => FactCheck::Agrees,
        None => FactCheck::Unknown,
        Some(_) if unread => FactCheck::Unknown,
        Some(years) if years <= policy.birth_near_years => FactCheck::Near,
        Some(_) => FactCheck::Differs,
    }
}

/// Compares countries. A word that the list has nowhere, such as `NW`, can be a country of the entry in another spelling, so it never
/// differs.
fn country_check(entry: &ListEntry, subject: &[String], known: &FxHashSet<String>) -> FactCheck {
    if subject.is_empty() || entry.countries().is_empty() {
        FactCheck::Unknown
    } else if subject.iter().any(|country| entry.countries().binary_search(country).is_ok()) {
        FactCheck::Agrees
    } else if subject.iter().all(|country| known.contains(country)) {
        FactCheck::Differs
    } else {
        FactCheck::Unknown
    }
}

#[cfg(test)]
mod tests;
