//! A wallet that is closed or merged, and what that posts. No I/O, no clock.

use chart::PostingKind;
use chart::id::PlannedAttempt;
use money::{BookName, UserKey};
use uuid::Uuid;

/// How far a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WalletChangeState {
    /// It waits for a second person.
    Asked,
    /// Its refunds are started, and what it posts is planned once they have ended.
    Approved,
    /// A posting is to be made.
    Posting,
    /// The wallet is empty, and is to be closed.
    Closing,
    /// Done.
    Done,
    /// The second person said no, or somebody took it back before anything was posted.
    Rejected,
    /// It can't go on; nothing more happens by it.
    Stopped,
}

impl WalletChangeState {
    /// All states.
    pub const ALL: [Self; 7] = [Self::Asked, Self::Approved, Self::Posting, Self::Closing, Self::Done, Self::Rejected, Self::Stopped];

    /// The number in the table; never changed.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Asked => 1,
            Self::Approved => 2,
            Self::Posting => 3,
            Self::Closing => 4,
            Self::Done => 5,
            Self::Rejected => 6,
            Self::Stopped => 7,
        }
    }

    /// Whether nothing more happens by it.
    #[must_use]
    pub fn is_over(self) -> bool {
        match self {
            Self::Done | Self::Rejected | Self::Stopped => true,
            Self::Asked | Self::Approved | Self::Posting | Self::Closing => false,
        }
    }
}

/// What happens to a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WalletAct {
    /// Its coins are paid back or forfeited, and it is closed.
    Close,
    /// Its coins, their lots and what its owner owes go to this viewer, who is the same person, and it is closed.
    MergeInto(UserKey),
}

impl WalletAct {
    /// The number in the table; never changed.
    #[must_use]
    pub fn number(&self) -> i64 {
        match self {
            Self::Close => 1,
            Self::MergeInto(_) => 2,
        }
    }

    /// Who gets everything.
    #[must_use]
    pub fn into_user(&self) -> Option<&UserKey> {
        match self {
            Self::Close => None,
            Self::MergeInto(user) => Some(user),
        }
    }
}

/// A change of a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletChange {
    /// The book.
    pub book: BookName,
    /// A UUID of version 7.
    pub change_id: Uuid,
    /// Whose wallet.
    pub user: UserKey,
    /// What happens to it.
    pub act: WalletAct,
    /// The member of staff who asked, or the wallet's owner.
    pub asked_by: UserKey,
    /// The request that made it.
    pub request_id: Uuid,
    /// How far it is.
    pub state: WalletChangeState,
    /// The second person, where one decided; the owner, where the owner took it back.
    pub decided_by: String,
    /// Why it waits or was stopped.
    pub note: String,
    /// When it was asked for, in Unix milliseconds.
    pub created_at_ms: i64,
    /// When the second person decided; 0: nobody did.
    pub decided_at_ms: i64,
    /// When it was over; 0: it is not.
    pub ended_at_ms: i64,
    /// How often it was tried in vain.
    pub tries: i64,
    /// Until when its owner, who asked for it, can take it back, in Unix milliseconds; 0: staff asked. Nothing is done before.
    pub waits_until_ms: i64,
}

impl WalletChange {
    /// Whether the wallet's owner asked. Staff ask for nothing of their own wallets.
    #[must_use]
    pub fn is_by_owner(&self) -> bool {
        self.act == WalletAct::Close && self.asked_by == self.user
    }

    /// Whether its owner can take it back, at this time in Unix milliseconds.
    #[must_use]
    pub fn is_cancellable(&self, at_ms: i64) -> bool {
        let waits = matches!(self.state, WalletChangeState::Asked | WalletChangeState::Approved);
        self.is_by_owner() && waits && at_ms < self.waits_until_ms
    }

    /// The request under which it starts the refund of a purchase, whenever that is.
    #[must_use]
    pub fn refund_request(&self, purchase_id: Uuid) -> Uuid {
        money::derive_id(self.change_id, &["purchase.wallet_refund", &purchase_id.hyphenated().to_string()])
    }

    /// The request that closes the wallet, at this time in Unix milliseconds.
    #[must_use]
    pub fn close_request(&self, at_ms: i64) -> Uuid {
        chart::id::wallet_close(&self.book, self.change_id, self.tries, at_ms)
    }
}

/// What a change posts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletPosting {
    /// The book.
    pub book: BookName,
    /// The change.
    pub change_id: Uuid,
    /// 1 and up.
    pub posting_no: i64,
    /// Whose wallet.
    pub user: UserKey,
    /// What happens to it.
    pub act: WalletAct,
    /// Coins that leave the wallet.
    pub coins: i64,
    /// Coins that the other viewer owes from then on.
    pub debt: i64,
    /// How often the viewer's debt was changed before.
    pub debt_change_no: i64,
    /// The same of the other viewer.
    pub into_debt_change_no: i64,
    /// Refusals of the ledger before it.
    pub attempt: i64,
    /// When it was planned, in Unix milliseconds.
    pub planned_at_ms: i64,
    /// The posting; empty before it is made.
    pub posting_id: String,
}

impl WalletPosting {
    /// The kind of its posting.
    #[must_use]
    pub fn kind(&self) -> PostingKind {
        match self.act {
            WalletAct::Close => PostingKind::WalletForfeited,
            WalletAct::MergeInto(_) => PostingKind::WalletMerged,
        }
    }

    /// The request id of its posting.
    #[must_use]
    pub fn request(&self) -> Uuid {
        let planned = PlannedAttempt { number: self.posting_no, attempt: self.attempt, planned_at_ms: self.planned_at_ms };
        chart::id::wallet_change(&self.book, self.change_id, self.kind(), planned)
    }
}
