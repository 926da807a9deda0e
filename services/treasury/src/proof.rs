//! Proves the treasury book against itself and against the books of apps. All sums are the ledger's trial balances; nothing of this service's own tables is added
//! up. The treasury book is read before the apps' books, so that every twin that counts has its posting among what counts.
use crate::{
    domain::{
        ClaimAccount, ClaimMove, Structure, TwinPosition,
        claim::house_account,
        proof::{BooksProof, ClaimProof, CoverProof, OneSidedPosting, PhysicalProof, TimingCause, is_by_hand},
    },
    error::Error,
    treasury::Treasury,
    twins::ClaimPage,
};
use chart::{Account, PostingKind, Purpose};
use ledger_client::{EntriesWanted, ListedEntry, TrialRead};
use money::{BookName, Currency};
use std::collections::{BTreeMap, BTreeSet};

/// Items of an answer, which has at most 4 MiB.
const ITEMS_MAX: usize = 2_000;
/// Pages of a leaf's newest entries in which what explains a difference is looked for.
const LEAF_PAGES_MAX: usize = 50;

/// A book's accounts of the company at one position: debits minus credits, by name.
#[derive(Debug, Default)]
struct HouseSums {
    seq: i64,
    debits: BTreeMap<String, i64>,
}

impl HouseSums {
    fn debit(&self, name: &str) -> i64 {
        self.debits.get(name).copied().unwrap_or_default()
    }

    fn credit(&self, name: &str) -> i64 {
        self.debit(name).saturating_neg()
    }

    /// The accounts of these purposes.
    fn of(&self, purposes: &'static [Purpose]) -> impl Iterator<Item = (&str, Account<'_>, i64)> {
        self.debits.iter().filter_map(move |(name, debit)| {
            let account = Account::parse(name)?;
            purposes.contains(&account.purpose()?).then_some((name.as_str(), account, *debit))
        })
    }
}

impl Treasury {
    /// The proof, of everything or of one physical account.
    pub async fn prove(&self, only: &str) -> Result<BooksProof, Error> {
        let structure = self.structure(None).await?;
        let Some(own) = self.sums(&self.book).await? else { return Ok(BooksProof::default()) };
        let mut proof = BooksProof { treasury_seq: own.seq, ..BooksProof::default() };
        proof.physical = physical(&structure, &own, only)?;
        if only.is_empty() {
            proof.strays = strays(&structure, &own);
        }
        for app in self.app_books().await? {
            let Some(sums) = self.sums(&app).await? else { continue };
            proof.apps.push((app.clone(), sums.seq));
            self.prove_claims(&structure, &own, only, &app, &sums, &mut proof).await?;
        }
        self.prove_covers(&structure, &own, only, &mut proof).await?;
        Ok(proof)
    }

    async fn sums(&self, book: &BookName) -> Result<Option<HouseSums>, Error> {
        match self.ledger.trial_balance(book).await? {
            TrialRead::NoBook => Ok(None),
            TrialRead::Changing => Err(Error::BalancesChanging),
            TrialRead::Lines(lines, seq) => {
                let balances = lines.into_iter().map(|line| (line.accounts, line.debits_posted.checked_sub(line.credits_posted)));
                let debits = balances.map(|(name, debit)| Ok((name, debit.ok_or(Error::Overflow)?))).collect::<Result<_, Error>>()?;
                Ok(Some(HouseSums { seq, debits }))
            }
        }
    }

    /// What an app's book claims, against its twins.
    async fn prove_claims(
        &self,
        structure: &Structure,
        own: &HouseSums,
        only: &str,
        app: &BookName,
        sums: &HouseSums,
        proof: &mut BooksProof,
    ) -> Result<(), Error> {
        let accounts = structure.claim_accounts();
        for (name, account, claimed) in sums.of(&[Purpose::BankCash]) {
            let physical = accounts.get(name).copied();
            if !only.is_empty() && physical.is_none_or(|physical| physical.id != only) {
                continue;
            }
            let claim = physical.map(|physical| ClaimAccount { app: app.clone(), name: name.to_owned(), physical: physical.clone() });
            let from = match &claim {
                Some(claim) => self.twin_position(claim, own.seq).await?,
                None => TwinPosition::default(),
            };
            let ClaimPage { at_position, moves, more } = self.claim_moves(app, name, from).await?;
            let moves: Vec<ClaimMove> = moves.into_iter().filter(|moved| moved.seq <= sums.seq).collect();
            let chart::Unit::Currency(currency) = account.unit() else { continue };
            proof.claims.push(ClaimProof {
                app: app.clone(),
                account: name.to_owned(),
                physical: claim.as_ref().map(|claim| claim.physical.id.clone()),
                leaf: claim.as_ref().and_then(|claim| structure.covering_leaf(&claim.key())).map(|leaf| leaf.id.clone()),
                currency,
                claimed,
                twins: claim.as_ref().map_or(0, |claim| own.debit(&claim.mirror())),
                twin_seq: from.seq,
                claimed_there: if from.seq == 0 { Some(0) } else { at_position },
                listed: if more { None } else { moves.iter().try_fold(0_i64, |sum, moved| sum.checked_add(moved.amount)) },
            });
            let cause = if claim.is_some() { TimingCause::TwinMissing } else { TimingCause::NoPhysicalAccount };
            proof.more_items |= more;
            proof.list(moves.into_iter().map(|moved| item(cause, app, name, currency, moved)));
        }
        Ok(())
    }

    /// What covers claims, against what is booked there.
    async fn prove_covers(&self, structure: &Structure, own: &HouseSums, only: &str, proof: &mut BooksProof) -> Result<(), Error> {
        let named: BTreeSet<&String> = structure.claims.values().collect();
        for node in structure.nodes.values().filter(|node| node.leaf().is_some() && node.standard().is_none()) {
            let Some(root) = structure.root(&node.id).filter(|root| only.is_empty() || root.id == only) else { continue };
            let of = |purpose| house_account(&node.entity, &node.id, purpose, root).map(|account| account.name());
            let (Some(leaf), Some(cover)) = (of(Purpose::VirtualAccount), of(Purpose::ClaimCover)) else { continue };
            // A leaf that never covered anything is nobody's claim.
            if !named.contains(&node.id) && !own.debits.contains_key(&cover) {
                continue;
            }
            let (booked, covered) = (own.credit(&leaf), own.credit(&cover));
            let mut proved = CoverProof { leaf: node.id.clone(), currency: root.currency, booked, covered, others: 0, by_hand: None };
            let mut items = Vec::new();
            if booked != covered {
                items = self.other_postings(&leaf, own.seq, booked.saturating_sub(covered)).await?;
            }
            for moved in &items {
                proved.others = proved.others.saturating_add(moved.amount);
                if is_by_hand(&moved.kind) {
                    proved.by_hand = Some((moved.kind.clone(), moved.posting));
                }
            }
            proof.covers.push(proved);
            let book = &self.book;
            items.reverse();
            proof.list(items.into_iter().map(|moved| item(TimingCause::TreasuryOnly, book, &leaf, root.currency, moved)));
        }
        Ok(())
    }

    /// What is booked on a leaf besides twins, newest first, until it explains this difference.
    async fn other_postings(&self, leaf: &str, until_seq: i64, differs: i64) -> Result<Vec<ClaimMove>, Error> {
        let mut walk = LeafWalk { until_seq, differs, newer: None, explained: 0, found: Vec::new() };
        let mut page_token = String::new();
        for _ in 0..LEAF_PAGES_MAX {
            let wanted = EntriesWanted { book: &self.book, account: leaf, oldest_first: false, booked_from_ms: 0, page_token };
            let page = self.ledger.entries(wanted).await?;
            for entry in page.entries {
                if walk.step(Some(entry))? {
                    return Ok(walk.found);
                }
            }
            page_token = page.next_page_token;
            if page_token.is_empty() {
                walk.step(None)?;
                break;
            }
        }
        Ok(walk.found)
    }
}

/// Kinds of postings that move what covers a claim with the leaf's money, and so explain no difference between both.
const MOVES_COVER: [PostingKind; 5] = [
    PostingKind::TreasuryTwin,
    PostingKind::TreasurySubmit,
    PostingKind::TreasuryReject,
    PostingKind::TreasuryBlock,
    PostingKind::TreasuryUnblock,
];

/// A leaf's entries from the newest back.
struct LeafWalk {
    until_seq: i64,
    differs: i64,
    /// The entry of which only the balance before is not known yet.
    newer: Option<ListedEntry>,
    explained: i64,
    found: Vec<ClaimMove>,
}

impl LeafWalk {
    /// Takes the next older entry; `None`: the account began with the one before. True once the difference is explained.
    fn step(&mut self, entry: Option<ListedEntry>) -> Result<bool, Error> {
        let balance_before = entry.as_ref().map_or(0, |entry| entry.balance_after);
        let Some(newer) = std::mem::replace(&mut self.newer, entry) else { return Ok(false) };
        if newer.seq > self.until_seq || MOVES_COVER.iter().any(|kind| newer.kind == kind.name()) {
            return Ok(false);
        }
        let ListedEntry { posting, seq, kind, booked_ms, effective_ms, balance_after } = newer;
        let amount = balance_after.checked_sub(balance_before).ok_or(Error::Overflow)?;
        if amount != 0 {
            self.explained = self.explained.checked_add(amount).ok_or(Error::Overflow)?;
            self.found.push(ClaimMove { posting, seq, kind, amount, claimed: balance_after, booked_ms, effective_ms });
        }
        Ok(self.explained == self.differs)
    }
}

impl BooksProof {
    fn list(&mut self, items: impl Iterator<Item = OneSidedPosting>) {
        for item in items {
            match self.items.len() < ITEMS_MAX {
                true => self.items.push(item),
                false => self.more_items = true,
            }
        }
    }
}

fn item(cause: TimingCause, book: &BookName, account: &str, currency: Currency, moved: ClaimMove) -> OneSidedPosting {
    let ClaimMove { posting, seq, kind, amount, booked_ms, .. } = moved;
    OneSidedPosting { cause, book: book.clone(), account: account.to_owned(), posting, seq, kind, currency, amount, booked_ms }
}

/// Each physical account's leaves and cash.
fn physical(structure: &Structure, own: &HouseSums, only: &str) -> Result<Vec<PhysicalProof>, Error> {
    let mut leaves: BTreeMap<&str, i64> = BTreeMap::new();
    for node in structure.nodes.values().filter(|node| node.leaf().is_some()) {
        let Some(root) = structure.root(&node.id) else { continue };
        let name = house_account(&node.entity, &node.id, Purpose::VirtualAccount, root).map(|account| account.name());
        let sum = leaves.entry(&root.id).or_default();
        *sum = sum.checked_add(name.map_or(0, |name| own.credit(&name))).ok_or(Error::Overflow)?;
    }
    let proved = |account: &crate::domain::PhysicalAccount| {
        let of = |purpose| house_account(&account.entity, &account.id, purpose, account).map_or(0, |account| own.debit(&account.name()));
        let leaves = leaves.get(account.id.as_str()).copied().unwrap_or_default();
        let (cash, between) = (of(Purpose::PhysicalCash), of(Purpose::BetweenAccounts));
        PhysicalProof { id: account.id.clone(), currency: account.currency, leaves, cash, between }
    };
    Ok(structure.accounts.values().filter(|account| only.is_empty() || account.id == only).map(proved).collect())
}

/// Accounts with money that are none of the structure's.
fn strays(structure: &Structure, own: &HouseSums) -> Vec<String> {
    let leaves = structure.nodes.values().filter(|node| node.leaf().is_some()).filter_map(|node| {
        let root = structure.root(&node.id)?;
        Some(house_account(&node.entity, &node.id, Purpose::VirtualAccount, root)?.name())
    });
    let at_banks = structure.accounts.values().flat_map(|account| {
        let of = |purpose| Some(house_account(&account.entity, &account.id, purpose, account)?.name());
        [Purpose::PhysicalCash, Purpose::BetweenAccounts].into_iter().filter_map(of)
    });
    let known: BTreeSet<String> = leaves.chain(at_banks).collect();
    let all = own.of(&[Purpose::VirtualAccount, Purpose::PhysicalCash, Purpose::BetweenAccounts]);
    all.filter(|(name, _, debit)| *debit != 0 && !known.contains(*name)).map(|(name, ..)| name.to_owned()).collect()
}
