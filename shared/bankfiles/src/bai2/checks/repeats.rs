//! Accounts that are in a file twice for the same day. Banks do split an account into several, with other entries in each, so it is what they report that makes
//! them the same.

use super::{
    super::{Bai2Account, Bai2AsOf, Bai2Entry, Bai2Group, Bai2GroupStatus, Bai2Summary},
    tally::Bai2Tally,
};
use crate::statement::Findings;
use jiff::civil::Date;
use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    hash::{BuildHasher as _, Hasher as _, RandomState},
};

/// Whose day it is: originator, what the group is, day, account and currency.
type Bai2AccountKey = (String, Bai2GroupStatus, Option<Date>, Option<Bai2AsOf>, String, String);

/// What the file has had of an account on a day.
#[derive(Debug)]
struct Bai2Seen {
    line: usize,
    time: String,
    entries: usize,
    content: u64,
    /// Of an account without entries.
    summaries: Vec<Bai2Summary>,
    keys: HashSet<u64>,
}

/// The accounts of a file so far. Entries are recognised by hashes whose key is new for each file, so no file can be made to fit them.
#[derive(Debug, Default)]
pub(in super::super) struct Bai2Repeats {
    hash: RandomState,
    seen: HashMap<Bai2AccountKey, Bai2Seen>,
}

impl Bai2Repeats {
    /// What the entries of the next account come to: nothing yet.
    pub(in super::super) fn tally(&self) -> Bai2Tally {
        Bai2Tally::new(self.hash.build_hasher())
    }

    /// Counts an entry.
    pub(in super::super) fn count(&self, entry: &Bai2Entry, tally: &mut Bai2Tally) {
        tally.count(entry, self.hash.build_hasher());
    }

    /// Compares an account with those before it.
    pub(in super::super) fn account(&mut self, group: &Bai2Group, account: Bai2Account, tally: Bai2Tally, findings: &mut Findings) {
        let key = (group.originator.clone(), group.status, group.as_of, group.as_of_modifier, account.number, account.currency);
        let content = tally.content.finish();
        let seen = match self.seen.entry(key) {
            Entry::Vacant(place) => {
                let summaries = if tally.entries == 0 { account.summaries } else { Vec::new() };
                let keys = tally.keys.into_iter().collect();
                place.insert(Bai2Seen {
                    line: account.line,
                    time: group.as_of_time.clone(),
                    entries: tally.entries,
                    content,
                    summaries,
                    keys,
                });
                return;
            }
            Entry::Occupied(place) => place.into_mut(),
        };
        let again = tally.keys.iter().filter(|key| seen.keys.contains(key)).count();
        seen.keys.extend(tally.keys);
        let same_entries = (seen.entries, seen.content) == (tally.entries, content);
        let same_content = same_entries && (tally.entries > 0 || seen.summaries == account.summaries);
        let first = seen.line;
        if same_content && (tally.entries > 0 || seen.time == group.as_of_time) {
            findings.money(account.line, format!("the account is in the file twice for the same day: also in line {first}"));
        } else if again > 0 {
            let what = "the account is in the file again for the same day, with";
            findings.money(account.line, format!("{what} {again} entries that were in it before: see line {first}"));
        } else {
            let what = "the account is in the file again for the same day, with other balances or entries: also in line";
            findings.other(account.line, format!("{what} {first}"));
        }
    }
}
