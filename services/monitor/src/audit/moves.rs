//! What a posting moves, as one number: a hash of its kind, and of who gave, who received, how much and how. A row and a posting that agree have the same.
//!
//! The numbers are keyed by a random state of the process, so that writing rows can't produce two different things with the same number. Memory use is eight
//! bytes per account.
use books::domain::event::{Body, Event, TransferKind};
use chart::PostingKind;
use ledger_client::PostingDraft;
use std::hash::{BuildHasher as _, RandomState};
use uuid::Uuid;

/// Stands for an account that was never opened.
const NOBODY: u64 = 0;

/// A transfer in a number: the hashes of the names of its accounts, its amount, and the code of its kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct HashedTransfer {
    debit: u64,
    credit: u64,
    amount: i64,
    kind: i64,
}

/// What a row says that its posting moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Moves {
    /// These transfers: who gives, who receives, how much, and how.
    Transfers(PostingKind, Vec<(String, String, i64, TransferKind)>),
    /// The opposite of this posting. Whether that is true is compared where the posting is read.
    Reversal(Uuid),
}

impl Moves {
    /// The moves of a request that a service would send to the ledger.
    pub fn of(draft: &PostingDraft) -> Self {
        let kind = |pending| if pending { TransferKind::Pending } else { TransferKind::Posted };
        let transfers = draft.transfers().iter();
        let moved = transfers.map(|one| (one.debit_account.clone(), one.credit_account.clone(), one.amount, kind(one.pending)));
        Self::Transfers(draft.kind(), moved.collect())
    }

    /// The moves as shown to people.
    pub fn shown(&self) -> String {
        match self {
            Self::Transfers(kind, transfers) => {
                let moved: Vec<String> =
                    transfers.iter().map(|(debit, credit, amount, _)| format!("{amount} from {debit} to {credit}")).collect();
                format!("{} of {}", kind.name(), moved.join(", "))
            }
            Self::Reversal(source) => format!("reversal of posting {source}"),
        }
    }
}

/// Assigns the numbers of a book, while its journal is followed from the beginning.
pub(super) struct MovesFold {
    random: RandomState,
    /// By key; keys begin with 1.
    accounts: Vec<u64>,
}

impl MovesFold {
    pub fn new() -> Self {
        Self { random: RandomState::new(), accounts: vec![NOBODY] }
    }

    /// Adds the next event of the journal; returns the number of a posting.
    pub fn event(&mut self, event: &Event) -> Option<u64> {
        match &event.body {
            Body::AccountOpened { key, name } => {
                // The journal's own check reports keys that are not consecutive.
                if usize::try_from(*key).is_ok_and(|key| key == self.accounts.len()) {
                    self.accounts.push(self.random.hash_one(name.as_ref() as &str));
                }
                None
            }
            Body::Posting(_) => self.of_event(event),
            Body::AccountStateSet { .. } | Body::LimitSet { .. } | Body::HoldExpired => None,
        }
    }

    /// The number of a posting between accounts that were opened before.
    pub fn of_event(&self, event: &Event) -> Option<u64> {
        let Body::Posting(posting) = &event.body else { return None };
        let of = |key: i64| self.account(key);
        Some(match posting.reverses {
            Some(source) => self.reversal(source),
            None => {
                let transfers = event.transfers.iter();
                self.number(
                    &posting.kind,
                    transfers
                        .map(|one| HashedTransfer {
                            debit: of(one.debit),
                            credit: of(one.credit),
                            amount: one.amount,
                            kind: one.kind.code(),
                        })
                        .collect(),
                )
            }
        })
    }

    /// Whether the account with this key, which was opened before, has this name.
    pub fn is(&self, key: i64, name: &str) -> bool {
        self.account(key) == self.random.hash_one(name)
    }

    fn account(&self, key: i64) -> u64 {
        usize::try_from(key).ok().and_then(|key| self.accounts.get(key)).copied().unwrap_or(NOBODY)
    }

    /// The number of what a row says.
    pub fn of_row(&self, moves: &Moves) -> u64 {
        match moves {
            Moves::Transfers(kind, transfers) => {
                let of = |name: &String| self.random.hash_one(name.as_str());
                let transfers = transfers.iter();
                self.number(
                    kind.name(),
                    transfers
                        .map(|(debit, credit, amount, kind)| HashedTransfer {
                            debit: of(debit),
                            credit: of(credit),
                            amount: *amount,
                            kind: kind.code(),
                        })
                        .collect(),
                )
            }
            Moves::Reversal(source) => self.reversal(*source),
        }
    }

    fn number(&self, kind: &str, mut transfers: Vec<HashedTransfer>) -> u64 {
        transfers.sort_unstable();
        self.random.hash_one((kind, transfers))
    }

    fn reversal(&self, source: Uuid) -> u64 {
        self.random.hash_one((PostingKind::Reversal.name(), source.as_u128()))
    }
}
