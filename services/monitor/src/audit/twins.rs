//! The treasury book against itself and against the books of apps: the money of all leaves is the cash at the banks, what twins add up to is what the app's book
//! claimed at the last posting with a twin, and nobody took money by hand from a leaf that covers claims. Postings without a twin yet are no problem here: the
//! treasury service names them, with their ages.
use super::ReadFault;
use books::{
    domain::{
        account::Counters,
        chart::Unit,
        event::{Body, Event, Transfer, TransferKind},
    },
    store::{Book, Store},
};
use chart::{Account, HouseId, PostingKind, Purpose};
use std::collections::BTreeMap;

/// The fields in which a twin says what it accounts for.
const FIELDS: [&str; 3] = ["app_book", "app_account", "app_seq"];

/// An account of the treasury book.
#[derive(Debug, Clone)]
struct TreasuryAccount {
    name: String,
    purpose: Purpose,
    unit: Unit,
    /// Debits minus credits.
    debit: i128,
    /// What people added by hand, credits minus debits.
    by_hand: i128,
}

/// An account of an app's book: its last twin, and the mirror that all its twins move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LastTwin {
    seq: i64,
    mirror: i64,
}

/// What a book has of leaves, cash, claims and twins while its journal is followed.
#[derive(Debug, Default)]
pub(super) struct TwinFold {
    accounts: BTreeMap<i64, TreasuryAccount>,
    /// By the app's book and its account.
    twins: BTreeMap<(String, String), LastTwin>,
    /// Twins that don't say what they account for, or come before an earlier one.
    damaged: Vec<i64>,
}

impl TwinFold {
    /// Adds the next event of the journal.
    pub fn event(&mut self, event: &Event) {
        if let Body::AccountOpened { key, name } = &event.body {
            self.opened(*key, name);
        }
        // Books of apps never have one.
        if self.accounts.is_empty() {
            return;
        }
        let kind = if let Body::Posting(posting) = &event.body { posting.kind.as_str() } else { "" };
        let by_hand = [PostingKind::Adjustment, PostingKind::Reversal].iter().any(|hand| hand.name() == kind);
        let moves = |kind| matches!(kind, TransferKind::Posted | TransferKind::PostOfPending);
        for transfer in event.transfers.iter().filter(|transfer| moves(transfer.kind)) {
            for (key, credit) in [(transfer.debit, -i128::from(transfer.amount)), (transfer.credit, i128::from(transfer.amount))] {
                let Some(account) = self.accounts.get_mut(&key) else { continue };
                account.debit -= credit;
                account.by_hand += if by_hand { credit } else { 0 };
            }
        }
        if kind == PostingKind::TreasuryTwin.name() && self.twin(event).is_none() {
            self.damaged.push(event.seq);
        }
    }

    fn opened(&mut self, key: i64, name: &str) {
        let Some(account) = Account::parse(name) else { return };
        let Some(purpose) = account.purpose() else { return };
        let at_banks = matches!(purpose, Purpose::VirtualAccount | Purpose::PhysicalCash | Purpose::BetweenAccounts);
        if at_banks || matches!(purpose, Purpose::AppClaim | Purpose::ClaimCover) {
            let (name, unit) = (name.to_owned(), account.unit());
            self.accounts.insert(key, TreasuryAccount { name, purpose, unit, debit: 0, by_hand: 0 });
        }
    }

    /// Remembers the twin as its account's last; `None` if it does not say which it is, or is out of order.
    fn twin(&mut self, event: &Event) -> Option<()> {
        let Body::Posting(posting) = &event.body else { return None };
        let [Some(book), Some(account), Some(seq)] = FIELDS.map(|name| posting.field(name)) else { return None };
        let seq: i64 = seq.parse().ok()?;
        let is_mirror = |key: &i64| self.accounts.get(key).is_some_and(|account| account.purpose == Purpose::AppClaim);
        let mirror = event.transfers.iter().flat_map(|transfer| [transfer.debit, transfer.credit]).find(is_mirror)?;
        let last = LastTwin { seq, mirror };
        let before = self.twins.insert((book.to_owned(), account.to_owned()), last);
        before.is_none_or(|before| before.seq < seq && before.mirror == mirror).then_some(())
    }

    /// Everything that differs. `books`: all of the installation.
    pub async fn problems(&self, store: &dyn Store, books: &[Book]) -> Result<Vec<String>, ReadFault> {
        let mut problems = self.own();
        for ((book, account), last) in &self.twins {
            let mirrored = self.accounts.get(&last.mirror).map_or(0, |mirror| mirror.debit);
            let claimed = match books.iter().find(|app| app.name == *book) {
                Some(app) => claimed(store, app, account, last.seq).await?,
                None => None,
            };
            match claimed {
                Some(claimed) if claimed == mirrored => {}
                Some(claimed) => problems.push(format!(
                    "the twins of {account} of book {book} add up to {mirrored}, and at event {} it claims {claimed}",
                    last.seq
                )),
                None => problems.push(format!("book {book} has no posting on {account} at event {}, and its twin is here", last.seq)),
            }
        }
        Ok(problems)
    }

    /// What differs within the book.
    fn own(&self) -> Vec<String> {
        let mut sums: BTreeMap<Unit, (i128, i128)> = BTreeMap::new();
        for account in self.accounts.values() {
            let (leaves, cash) = sums.entry(account.unit).or_default();
            match account.purpose {
                Purpose::VirtualAccount => *leaves -= account.debit,
                // What left one account of ours is the other's already.
                Purpose::PhysicalCash | Purpose::BetweenAccounts => *cash += account.debit,
                _ => {}
            }
        }
        let unequal = sums.into_iter().filter(|(_, (leaves, cash))| leaves != cash);
        let mut problems: Vec<String> = unequal
            .map(|(unit, (leaves, cash))| format!("all leaves add up to {leaves} {unit}, and the cash at and between banks to {cash}"))
            .collect();
        problems.extend(self.damaged.iter().map(|seq| format!("event {seq}, a twin, does not follow the account's twin before it")));
        // A leaf covers claims if there is an account of its cover, whose name differs in the purpose only.
        let covers = |leaf: &TreasuryAccount| {
            let cover = leaf.name.replacen(Purpose::VirtualAccount.name(), Purpose::ClaimCover.name(), 1);
            self.accounts.values().any(|account| account.name == cover)
        };
        let touched = self.accounts.values().filter(|account| account.purpose == Purpose::VirtualAccount && account.by_hand != 0);
        let touched = touched.filter(|leaf| !is_unallocated(&leaf.name) && covers(leaf));
        problems.extend(touched.map(|leaf| format!("{} covers claims, and {} were booked on it by hand", leaf.name, leaf.by_hand)));
        problems
    }
}

/// Whether a leaf is the one from which money is allocated, also by hand.
fn is_unallocated(name: &str) -> bool {
    Account::parse(name).and_then(|leaf| leaf.bank_account()).is_some_and(HouseId::is_unallocated)
}

/// What an app's book claims on an account right after an event; `None`: that event has nothing of the account.
async fn claimed(store: &dyn Store, app: &Book, account: &str, seq: i64) -> Result<Option<i128>, ReadFault> {
    let Some(account) = store.accounts_by_name(app.key, &[account.to_owned()]).await?.pop() else { return Ok(None) };
    let events = store.events(app.key, seq, 1).await?;
    let event = events.first().map(|stored| &stored.event).filter(|event| event.seq == seq);
    let after = |transfer: &Transfer| match (transfer.debit == account.key, transfer.credit == account.key) {
        (true, _) => Some(transfer.debit_after),
        (_, true) => Some(transfer.credit_after),
        _ => None,
    };
    let counters: Option<Counters> = event.and_then(|event| event.transfers.iter().rev().find_map(after));
    Ok(counters.map(|counters| i128::from(counters.debits_posted) - i128::from(counters.credits_posted)))
}
