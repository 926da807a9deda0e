//! A list at one time: its entries, and what changed since another edition.

use crate::{
    Error, ListFile,
    names::{NameShape, normalise_country},
    policy::ScreeningPolicy,
    remarks::{RemarkFacts, read_remarks},
};
use jiff::civil::Date;
use sha2::{Digest, Sha256};

/// Which edition of which list.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EditionId {
    /// The list's name, such as `OFAC SDN`.
    pub list: String,
    /// The day on which it was published.
    pub date: Date,
    /// SHA-256 of the four files, in hex.
    pub hash: String,
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntryKind {
    /// A natural person.
    Individual,
    /// A company, group or authority: the list leaves the type out.
    Entity,
    /// A ship.
    Vessel,
    /// An aircraft.
    Aircraft,
}

impl EntryKind {
    /// The name in the list, or `entity`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Individual => "individual",
            Self::Entity => "entity",
            Self::Vessel => "vessel",
            Self::Aircraft => "aircraft",
        }
    }

    /// How its names are normalised.
    #[must_use]
    pub const fn shape(self) -> NameShape {
        match self {
            Self::Individual => NameShape::Person,
            Self::Entity | Self::Vessel | Self::Aircraft => NameShape::Organisation,
        }
    }
}

/// Where an entry has a name from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NameSource {
    /// The primary file.
    Primary,
    /// The alternate names file, by its number there.
    Alternate(u32),
}

/// How an alternate name is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AliasKind {
    /// `aka`: also known as.
    Also,
    /// `fka`: formerly known as.
    Formerly,
    /// `nka`: now known as.
    Now,
}

impl AliasKind {
    /// The list's abbreviation.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Also => "aka",
            Self::Formerly => "fka",
            Self::Now => "nka",
        }
    }
}

/// One name of an entry, as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedName {
    /// The name, persons as `SURNAME, Given`.
    pub name: String,
    /// Where it is from.
    pub source: NameSource,
    /// How an alternate name is meant.
    pub alias: Option<AliasKind>,
    /// Whether the list marks it as weak: too common to be screened on its own.
    pub weak: bool,
    /// The list's remarks on an alternate name.
    pub remarks: Option<String>,
}

/// An address of an entry, as listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedAddress {
    /// Its number in the addresses file.
    pub number: u32,
    /// Street and house.
    pub address: Option<String>,
    /// City, state and postal code.
    pub city: Option<String>,
    /// Country, by its English name.
    pub country: Option<String>,
    /// Remarks.
    pub remarks: Option<String>,
}

/// The columns of the primary file that screening carries along and does not compare.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListedDetails {
    /// Function of a person.
    pub title: Option<String>,
    /// Call sign of a vessel.
    pub call_sign: Option<String>,
    /// Type of a vessel.
    pub vessel_type: Option<String>,
    /// Deadweight tonnage, with thousands commas.
    pub tonnage: Option<String>,
    /// Gross registered tonnage.
    pub gross_tonnage: Option<String>,
    /// Flag of a vessel.
    pub flag: Option<String>,
    /// Owner of a vessel.
    pub owner: Option<String>,
}

/// One listed party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListEntry {
    /// Its id, the same in every edition.
    pub id: u32,
    /// A person, an organisation, a ship or an aircraft.
    pub kind: EntryKind,
    /// Its names, the primary one first.
    pub names: Vec<ListedName>,
    /// The sanctions programs.
    pub programs: Vec<String>,
    /// Other columns.
    pub details: ListedDetails,
    /// Its addresses.
    pub addresses: Vec<ListedAddress>,
    /// The remarks, whole: the comments file's part is joined on.
    pub remarks: String,
    pub(crate) facts: RemarkFacts,
    fingerprint: [u8; 32],
}

impl ListEntry {
    /// Completes an entry whose columns are set: reads its remarks and takes its fingerprint.
    pub(crate) fn complete(mut self) -> Self {
        self.facts = read_remarks(&self.remarks);
        let countries = self.addresses.iter().filter_map(|address| address.country.as_deref()).map(normalise_country);
        self.facts.countries.extend(countries.filter(|country| !country.is_empty()));
        self.facts.countries.sort();
        self.facts.countries.dedup();
        self.fingerprint = self.hashed();
        self
    }

    pub(crate) fn begun(id: u32, kind: EntryKind, name: ListedName) -> Self {
        Self {
            id,
            kind,
            names: vec![name],
            programs: Vec::new(),
            details: ListedDetails::default(),
            addresses: Vec::new(),
            remarks: String::new(),
            facts: RemarkFacts::default(),
            fingerprint: [0; 32],
        }
    }

    /// SHA-256 of all the list says of it, in hex. It changes if and only if the entry does; the order of its alternate names and addresses
    /// is no change.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex::encode(self.fingerprint)
    }

    /// The countries of nationality, citizenship, birth and addresses, normalised and sorted.
    #[must_use]
    pub fn countries(&self) -> &[String] {
        &self.facts.countries
    }

    /// How many lines of a file it can have had. Comments are part of its remarks: one line at most, as published.
    const fn lines_in(&self, file: ListFile) -> usize {
        match file {
            ListFile::Alternate => self.names.len().saturating_sub(1),
            ListFile::Address => self.addresses.len(),
            ListFile::Primary | ListFile::Comments => 1,
        }
    }

    fn hashed(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let details = &self.details;
        let columns = [
            &details.title,
            &details.call_sign,
            &details.vessel_type,
            &details.tonnage,
            &details.gross_tonnage,
            &details.flag,
            &details.owner,
        ];
        absent_or(&mut hash, Some(self.kind.name()));
        count(&mut hash, self.programs.len());
        self.programs.iter().for_each(|program| absent_or(&mut hash, Some(program)));
        columns.into_iter().for_each(|column| absent_or(&mut hash, column.as_deref()));
        absent_or(&mut hash, Some(&self.remarks));
        let mut names: Vec<&ListedName> = self.names.iter().collect();
        names.sort_by_key(|name| name.source);
        count(&mut hash, names.len());
        for name in names {
            number(&mut hash, name.source);
            [Some(name.name.as_str()), name.alias.map(AliasKind::name), name.remarks.as_deref()]
                .into_iter()
                .for_each(|part| absent_or(&mut hash, part));
        }
        let mut addresses: Vec<&ListedAddress> = self.addresses.iter().collect();
        addresses.sort_by_key(|address| address.number);
        count(&mut hash, addresses.len());
        for address in addresses {
            hash.update(address.number.to_be_bytes());
            [&address.address, &address.city, &address.country, &address.remarks]
                .into_iter()
                .for_each(|part| absent_or(&mut hash, part.as_deref()));
        }
        hash.finalize().into()
    }
}

/// Hashes a text with its length, so that two texts can't be taken for two others.
fn absent_or(hash: &mut Sha256, text: Option<&str>) {
    count(hash, text.map_or(0, |text| text.len() + 1));
    hash.update(text.unwrap_or_default());
}

fn count(hash: &mut Sha256, count: usize) {
    hash.update((count as u64).to_be_bytes());
}

fn number(hash: &mut Sha256, source: NameSource) {
    match source {
        NameSource::Primary => hash.update([0; 5]),
        NameSource::Alternate(number) => {
            hash.update([1]);
            hash.update(number.to_be_bytes());
        }
    }
}

/// A list at one time. Only [`crate::import`] makes one, so it is whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edition {
    pub(crate) id: EditionId,
    /// Sorted by id.
    pub(crate) entries: Vec<ListEntry>,
    /// Lines of each file, in the order of [`ListFile::ALL`].
    pub(crate) lines: [usize; 4],
}

impl Edition {
    /// Which edition it is.
    #[must_use]
    pub const fn id(&self) -> &EditionId {
        &self.id
    }

    /// The entries, sorted by id.
    #[must_use]
    pub fn entries(&self) -> &[ListEntry] {
        &self.entries
    }

    /// The entry of an id.
    #[must_use]
    pub fn entry(&self, id: u32) -> Option<&ListEntry> {
        self.entries.binary_search_by_key(&id, |entry| entry.id).ok().map(|at| &self.entries[at])
    }

    /// How many lines one of its files had. A file without any is taken, as a short list can be without alternate names; but a whole list
    /// without them misses most spellings, so whoever imports it should say so.
    #[must_use]
    pub const fn lines(&self, file: ListFile) -> usize {
        let [primary, alternate, address, comments] = self.lines;
        match file {
            ListFile::Primary => primary,
            ListFile::Alternate => alternate,
            ListFile::Address => address,
            ListFile::Comments => comments,
        }
    }

    /// Checks that this edition may follow another: it is of the same list, not older, and has not lost more entries, or lines of a file
    /// beside those of entries that are gone, than the policy accepts.
    ///
    /// # Errors
    ///
    /// [`Error::Order`], [`Error::Shrunk`] or [`Error::ShrunkFile`]. The earlier edition stays in force, and somebody must look.
    pub fn may_follow(&self, previous: &Self, policy: &ScreeningPolicy) -> Result<(), Error> {
        if self.id.list != previous.id.list || self.id.date < previous.id.date {
            return Err(Error::Order);
        }
        let (before, now) = (previous.entries.len(), self.entries.len());
        let shrink_max_permille = policy.shrink_max_permille;
        let too_many = |lost: usize, of: usize| lost as u64 * 1000 > of as u64 * u64::from(shrink_max_permille);
        if too_many(before.saturating_sub(now), before) {
            return Err(Error::Shrunk { previous: before, next: now, shrink_max_permille });
        }
        for file in [ListFile::Alternate, ListFile::Address, ListFile::Comments] {
            let (before, now) = (previous.lines(file), self.lines(file));
            let gone: usize =
                previous.entries.iter().filter(|entry| self.entry(entry.id).is_none()).map(|entry| entry.lines_in(file)).sum();
            if too_many(before.saturating_sub(now).saturating_sub(gone), before) {
                return Err(Error::ShrunkFile { file, previous: before, next: now, shrink_max_permille });
            }
        }
        Ok(())
    }
}

/// What changed between two editions of a list: ids of entries, sorted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EditionDelta {
    /// Only in the later edition.
    pub added: Vec<u32>,
    /// Only in the earlier edition.
    pub removed: Vec<u32>,
    /// In both, with another fingerprint.
    pub changed: Vec<u32>,
}

impl EditionDelta {
    /// The delta from an earlier to a later edition.
    ///
    /// # Errors
    ///
    /// [`Error::Order`] if they are of different lists, or the later one is older.
    pub fn between(earlier: &Edition, later: &Edition) -> Result<Self, Error> {
        if earlier.id.list != later.id.list || later.id.date < earlier.id.date {
            return Err(Error::Order);
        }
        let mut delta = Self::default();
        for entry in &later.entries {
            match earlier.entry(entry.id) {
                None => delta.added.push(entry.id),
                Some(before) if before.fingerprint != entry.fingerprint => delta.changed.push(entry.id),
                Some(_) => {}
            }
        }
        delta.removed.extend(earlier.entries.iter().map(|entry| entry.id).filter(|id| later.entry(*id).is_none()));
        Ok(delta)
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

#[cfg(test)]
mod tests;
