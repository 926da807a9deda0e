//! Accounts in memory, by key and by name. A large book's cache has millions of them, so they are in blocks that never move, and indexes have four
//! bytes for each: a map of accounts would take twice as much, and as much again whenever it grows.

use super::account::BookAccount;
use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;
use std::hash::BuildHasher as _;

/// Places of one block, as a power of two.
const BLOCK_BITS: u32 = 10;
const BLOCK: usize = 1 << BLOCK_BITS;

type AccountBlock = Box<[Option<BookAccount>]>;

/// Accounts, by key and by name. In the journal these belong together for good; a writer that another has overtaken may assign a key again before
/// the fence stops it.
#[derive(Debug, Default)]
pub(super) struct Accounts {
    blocks: Vec<AccountBlock>,
    /// Free places.
    free: Vec<u32>,
    by_key: HashTable<u32>,
    by_name: HashTable<u32>,
}

#[inline]
fn hash_key(key: i64) -> u64 {
    FxBuildHasher.hash_one(key)
}

#[inline]
fn hash_name(name: &str) -> u64 {
    FxBuildHasher.hash_one(name)
}

#[inline]
fn at(blocks: &[AccountBlock], place: u32) -> &BookAccount {
    blocks[place as usize >> BLOCK_BITS][place as usize & (BLOCK - 1)].as_ref().expect("an index points to an account")
}

impl Accounts {
    #[inline]
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    #[inline]
    pub fn get(&self, key: i64) -> Option<&BookAccount> {
        self.by_key.find(hash_key(key), |place| at(&self.blocks, *place).key == key).map(|place| at(&self.blocks, *place))
    }

    pub fn get_mut(&mut self, key: i64) -> Option<&mut BookAccount> {
        let Self { blocks, by_key, .. } = self;
        let place = *by_key.find(hash_key(key), |place| at(blocks, *place).key == key)? as usize;
        blocks[place >> BLOCK_BITS][place & (BLOCK - 1)].as_mut()
    }

    #[inline]
    pub fn by_name(&self, name: &str) -> Option<&BookAccount> {
        self.by_name.find(hash_name(name), |place| *at(&self.blocks, *place).name == *name).map(|place| at(&self.blocks, *place))
    }

    /// Inserts an account, or replaces the one with this key.
    pub fn insert(&mut self, account: BookAccount) {
        match self.get_mut(account.key) {
            Some(there) if there.name == account.name => {
                *there = account;
                return;
            }
            Some(there) => {
                let key = there.key;
                self.remove(key);
            }
            None => {}
        }
        if self.free.is_empty() {
            let first = self.blocks.len() << BLOCK_BITS;
            let place = |place: usize| u32::try_from(place).expect("memory ends before four billion accounts");
            // The lowest is taken first.
            self.free.extend((first..first + BLOCK).rev().map(place));
            self.blocks.push(std::iter::repeat_with(|| None).take(BLOCK).collect());
        }
        let place = self.free.pop().expect("there is one now");
        let (key, name) = (hash_key(account.key), hash_name(&account.name));
        self.blocks[place as usize >> BLOCK_BITS][place as usize & (BLOCK - 1)] = Some(account);
        let Self { blocks, by_key, by_name, .. } = self;
        by_key.insert_unique(key, place, |place| hash_key(at(blocks, *place).key));
        by_name.insert_unique(name, place, |place| hash_name(&at(blocks, *place).name));
    }

    pub fn remove(&mut self, key: i64) {
        let Self { blocks, by_key, .. } = self;
        if let Ok(found) = by_key.find_entry(hash_key(key), |place| at(blocks, *place).key == key) {
            let place = *found.get();
            self.take(place);
        }
    }

    /// All accounts, in no order.
    pub fn values(&self) -> impl Iterator<Item = &BookAccount> {
        self.blocks.iter().flat_map(|block| block.iter().flatten())
    }

    /// Removes the accounts for which `keep` is false.
    pub fn retain(&mut self, keep: impl Fn(&BookAccount) -> bool) {
        for place in 0..self.blocks.len() << BLOCK_BITS {
            let account = self.blocks[place >> BLOCK_BITS][place & (BLOCK - 1)].as_ref();
            if account.is_some_and(|account| !keep(account)) {
                self.take(u32::try_from(place).expect("a place"));
            }
        }
    }

    fn take(&mut self, place: u32) {
        let slot = &mut self.blocks[place as usize >> BLOCK_BITS][place as usize & (BLOCK - 1)];
        let Some(account) = slot.take() else { return };
        self.free.push(place);
        for (index, hash) in [(&mut self.by_key, hash_key(account.key)), (&mut self.by_name, hash_name(&account.name))] {
            index.find_entry(hash, |other| *other == place).expect("an account is in both").remove();
        }
    }
}

#[cfg(test)]
mod tests;
