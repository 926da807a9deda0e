//! The four files of an OFAC-style list become an edition, whole or not at all.
//!
//! - `lines`: a file's lines and fields, strictly.
//!
//! The layout is OFAC's: no header, commas, texts in double quotes, `-0- ` for an absent value, byte 0x1A at the end. A file set of two
//! editions shows itself: its alternate names or addresses name entries that the primary file does not have, and it is refused.

mod lines;

use crate::{
    Error,
    edition::{AliasKind, Edition, EditionId, EntryKind, ListEntry, ListedAddress, ListedDetails, ListedName, NameSource},
    error::{LineProblem, ListFile},
    names::normalise,
};
use jiff::civil::Date;
use lines::{Column, Row, read_rows};
use rustc_hash::{FxHashMap, FxHashSet};
use sha2::{Digest, Sha256};

/// Most problems that an error lists; it counts them all.
pub const PROBLEMS_MAX: usize = 1000;
/// Largest file, in bytes: three times what the whole list has had.
pub const FILE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Longest name of a list, in characters.
const LIST_NAME_CHARS_MAX: usize = 64;

/// The bytes of an edition's files. All four are needed: a list without its alternate names misses most spellings.
#[derive(Debug, Clone, Copy)]
pub struct ListFiles<'a> {
    /// `sdn.csv` or `cons_prim.csv`.
    pub primary: &'a [u8],
    /// `alt.csv` or `cons_alt.csv`.
    pub alternate: &'a [u8],
    /// `add.csv` or `cons_add.csv`.
    pub address: &'a [u8],
    /// `sdn_comments.csv` or `cons_comments.csv`.
    pub comments: &'a [u8],
}

impl<'a> ListFiles<'a> {
    const fn of(&self, file: ListFile) -> &'a [u8] {
        match file {
            ListFile::Primary => self.primary,
            ListFile::Alternate => self.alternate,
            ListFile::Address => self.address,
            ListFile::Comments => self.comments,
        }
    }

    /// SHA-256 over the files with their lengths, in hex.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut hash = Sha256::new();
        for file in ListFile::ALL {
            hash.update((self.of(file).len() as u64).to_be_bytes());
            hash.update(self.of(file));
        }
        hex::encode(hash.finalize())
    }
}

/// Columns by name and longest text, in characters, as published.
const PRIMARY: [Column; 12] = [
    ("ent_num", 10),
    ("SDN_Name", 350),
    ("SDN_Type", 12),
    ("Program", 200),
    ("Title", 200),
    ("Call_Sign", 8),
    ("Vess_type", 25),
    ("Tonnage", 14),
    ("GRT", 8),
    ("Vess_flag", 40),
    ("Vess_owner", 150),
    ("Remarks", 1000),
];
const ALTERNATE: [Column; 5] = [("ent_num", 10), ("alt_num", 10), ("alt_type", 8), ("alt_name", 350), ("alt_remarks", 200)];
const ADDRESS: [Column; 6] =
    [("ent_num", 10), ("add_num", 10), ("address", 750), ("city_state_postal", 116), ("country", 250), ("add_remarks", 200)];
const COMMENTS: [Column; 2] = [("ent_num", 10), ("remarks_extended", lines::LINE_BYTES_MAX)];

/// What has been wrong so far.
#[derive(Default)]
struct Problems {
    problems: Vec<LineProblem>,
    total: usize,
}

impl Problems {
    fn add(&mut self, file: ListFile, line: usize, field: &'static str, expected: impl Into<String>) {
        self.total += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(LineProblem { file, line, field, expected: expected.into() });
        }
    }
}

/// Makes an edition of a list's files. `list` names the list, up to 64 characters; `date` is the day on which the edition was published.
///
/// # Errors
///
/// [`Error::End`], [`Error::TooLarge`] or [`Error::Empty`] for a file that is not whole; [`Error::Lines`] with every line that can't be
/// taken.
pub fn import(list: &str, date: Date, files: &ListFiles<'_>) -> Result<Edition, Error> {
    if list.trim().is_empty() || list.chars().nth(LIST_NAME_CHARS_MAX).is_some() {
        return Err(Error::Value { field: "list name", form: "a text of 1 to 64 characters" });
    }
    for file in ListFile::ALL {
        if files.of(file).len() > FILE_BYTES_MAX {
            return Err(Error::TooLarge { what: "a file of the list, in bytes,", max: FILE_BYTES_MAX });
        }
    }
    let mut problems = Problems::default();
    let mut draft = ImportDraft::default();
    let mut lines = [0; 4];
    for (file, lines) in ListFile::ALL.into_iter().zip(&mut lines) {
        let (columns, take): (&[Column], TakeRows) = match file {
            ListFile::Primary => (&PRIMARY, ImportDraft::primaries),
            ListFile::Alternate => (&ALTERNATE, ImportDraft::alternates),
            ListFile::Address => (&ADDRESS, ImportDraft::addresses),
            ListFile::Comments => (&COMMENTS, ImportDraft::comments),
        };
        let rows = read_rows(file, files.of(file), columns, &mut problems)?;
        *lines = rows.len();
        take(&mut draft, rows, &mut problems);
    }
    if problems.total > 0 {
        problems.problems.sort_by_key(|problem| (problem.file, problem.line));
        return Err(Error::Lines { problems: problems.problems, total: problems.total });
    }
    if draft.entries.is_empty() {
        return Err(Error::Empty);
    }
    let mut entries: Vec<ListEntry> = draft.entries.into_iter().map(ListEntry::complete).collect();
    entries.sort_by_key(|entry| entry.id);
    Ok(Edition { id: EditionId { list: list.to_owned(), date, hash: files.hash() }, entries, lines })
}

/// What makes entries, or parts of them, of a file's rows.
type TakeRows = fn(&mut ImportDraft, Vec<Row>, &mut Problems);

/// The entries so far, in the order of the primary file.
#[derive(Default)]
struct ImportDraft {
    entries: Vec<ListEntry>,
    by_id: FxHashMap<u32, usize>,
    /// Ids of primary lines that could not be taken: lines that name them are not wrong for it.
    refused: FxHashSet<u32>,
}

impl ImportDraft {
    fn primaries(&mut self, rows: Vec<Row>, problems: &mut Problems) {
        for mut row in rows {
            let Some(id) = row.number(0, problems) else { continue };
            if self.by_id.contains_key(&id) || self.refused.contains(&id) {
                problems.add(row.file, row.line, "ent_num", "an id that no earlier line has");
                continue;
            }
            let kind = match row.text(2).as_deref() {
                None => Some(EntryKind::Entity),
                Some("individual") => Some(EntryKind::Individual),
                Some("vessel") => Some(EntryKind::Vessel),
                Some("aircraft") => Some(EntryKind::Aircraft),
                Some(_) => row.wrong("SDN_Type", "`individual`, `vessel`, `aircraft` or absent", problems),
            };
            let name = row.needed(1, "SDN_Name", problems);
            if let (Some(kind), Some(name)) = (kind, &name) {
                row.check_name("SDN_Name", name, kind, problems);
            }
            let (Some(kind), Some(name)) = (kind, name) else {
                self.refused.insert(id);
                continue;
            };
            let primary = ListedName { name, source: NameSource::Primary, alias: None, weak: false, remarks: None };
            let mut entry = ListEntry::begun(id, kind, primary);
            entry.programs = row.text(3).map(|programs| programs.split("] [").map(|it| it.trim().to_owned()).collect()).unwrap_or_default();
            entry.details = ListedDetails {
                title: row.text(4),
                call_sign: row.text(5),
                vessel_type: row.text(6),
                tonnage: row.text(7),
                gross_tonnage: row.text(8),
                flag: row.text(9),
                owner: row.text(10),
            };
            entry.remarks = row.text(11).unwrap_or_default();
            self.by_id.insert(id, self.entries.len());
            self.entries.push(entry);
        }
    }

    fn alternates(&mut self, rows: Vec<Row>, problems: &mut Problems) {
        let mut numbers = FxHashSet::default();
        for mut row in rows {
            let entry = self.entry_of(&row, problems);
            let number = row.unique(&mut numbers, "alt_num", problems);
            let alias = match row.text(2).as_deref() {
                Some("aka") => Some(AliasKind::Also),
                Some("fka") => Some(AliasKind::Formerly),
                Some("nka") => Some(AliasKind::Now),
                _ => row.wrong("alt_type", "`aka`, `fka` or `nka`", problems),
            };
            let name = row.needed(3, "alt_name", problems);
            if let (Some(entry), Some(number), Some(name)) = (entry, number, name) {
                row.check_name("alt_name", &name, self.entries[entry].kind, problems);
                let remarks = row.text(4);
                let weak = remarks.as_deref().is_some_and(|text| text.to_ascii_lowercase().contains("weak"));
                self.entries[entry].names.push(ListedName { name, source: NameSource::Alternate(number), alias, weak, remarks });
            }
        }
    }

    fn addresses(&mut self, rows: Vec<Row>, problems: &mut Problems) {
        let mut numbers = FxHashSet::default();
        for mut row in rows {
            let entry = self.entry_of(&row, problems);
            let number = row.unique(&mut numbers, "add_num", problems);
            if let (Some(entry), Some(number)) = (entry, number) {
                let address = ListedAddress { number, address: row.text(2), city: row.text(3), country: row.text(4), remarks: row.text(5) };
                self.entries[entry].addresses.push(address);
            }
        }
    }

    /// The comments go on where the remarks were cut, in the middle of a word.
    fn comments(&mut self, rows: Vec<Row>, problems: &mut Problems) {
        for mut row in rows {
            let entry = self.entry_of(&row, problems);
            let more = row.needed(1, "remarks_extended", problems);
            if let (Some(entry), Some(more)) = (entry, more) {
                self.entries[entry].remarks.push_str(&more);
            }
        }
    }

    /// The entry that a line names, by its place in the draft.
    fn entry_of(&self, row: &Row, problems: &mut Problems) -> Option<usize> {
        let id = row.number(0, problems)?;
        let found = self.by_id.get(&id).copied();
        if found.is_none() && !self.refused.contains(&id) {
            problems.add(row.file, row.line, "ent_num", "an id of the primary file: are the files of one edition?");
        }
        found
    }
}

impl Row {
    fn text(&mut self, column: usize) -> Option<String> {
        self.fields.get_mut(column).and_then(Option::take)
    }

    fn needed(&mut self, column: usize, field: &'static str, problems: &mut Problems) -> Option<String> {
        let text = self.text(column).filter(|text| !text.trim().is_empty());
        if text.is_none() {
            problems.add(self.file, self.line, field, "present");
        }
        text
    }

    /// A name without a letter or digit would be listed and never match.
    fn check_name(&self, field: &'static str, name: &str, kind: EntryKind, problems: &mut Problems) {
        if normalise(name, kind.shape()).texts().is_empty() {
            problems.add(self.file, self.line, field, "a name with a letter or digit");
        }
    }

    fn wrong<T>(&self, field: &'static str, expected: &str, problems: &mut Problems) -> Option<T> {
        problems.add(self.file, self.line, field, expected);
        None
    }

    /// An id: digits only, from 1.
    fn number(&self, column: usize, problems: &mut Problems) -> Option<u32> {
        let text = self.fields.get(column).and_then(Option::as_deref).unwrap_or_default();
        let number = text.parse().ok().filter(|number| *number > 0 && text.bytes().all(|b| b.is_ascii_digit()));
        if number.is_none() {
            let field = if column == 0 { "ent_num" } else { self.file.number_field() };
            problems.add(self.file, self.line, field, "a whole number from 1 to 4294967295");
        }
        number
    }

    /// The number in the second column, which no earlier line may have.
    fn unique(&self, numbers: &mut FxHashSet<u32>, field: &'static str, problems: &mut Problems) -> Option<u32> {
        let number = self.number(1, problems)?;
        if numbers.insert(number) { Some(number) } else { self.wrong(field, "a number that no earlier line has", problems) }
    }
}

impl ListFile {
    const fn number_field(self) -> &'static str {
        match self {
            Self::Alternate => "alt_num",
            Self::Address => "add_num",
            Self::Primary | Self::Comments => "ent_num",
        }
    }
}

#[cfg(test)]
mod tests;
