//! Why a wallet is not closed or merged, as callers see it.

use tonic::{Code, Status};
use uuid::Uuid;

/// Why there is no change. None of them is kept under the request id: what is in the way may be gone later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WalletRefusal {
    /// The user never had coins in this book.
    Unknown(String),
    /// A wallet is closed or frozen.
    NotOpen {
        /// The wallet's owner.
        user_id: String,
        /// How it is.
        state: &'static str,
    },
    /// The owner owes coins.
    Owes {
        /// How many coins are owed.
        coins: i64,
    },
    /// Something of the wallet has not ended.
    Busy {
        /// What, in the words of a fact: `holds`, `refunds`, `checkouts` or `receipts`.
        what: &'static str,
        /// How many of that have not ended.
        count: i64,
    },
    /// The market's rule is to wait, or what it would have paid back can't be.
    MarketWaits {
        /// The market; empty where it is not known.
        market: String,
        /// The purchase, if it is about one.
        purchase_id: String,
    },
    /// More lots than one change takes.
    TooManyLots {
        /// So many at most.
        lots_max: usize,
    },
    /// No rule of the market lets owners close their wallets.
    ByStaff {
        /// The market; empty where it is not known.
        market: String,
    },
    /// The coin lots are not read as far as the wallet.
    LotsBehind,
    /// Another change of the wallet has not ended.
    Open(Uuid),
    /// No such change.
    ChangeUnknown(String),
    /// It waits for nobody.
    Decided,
    /// Another person must do it.
    SamePerson,
}

impl WalletRefusal {
    fn code_and_reason(&self) -> (Code, &'static str) {
        match self {
            Self::Unknown(_) => (Code::NotFound, "WALLET_UNKNOWN"),
            Self::NotOpen { .. } => (Code::FailedPrecondition, "WALLET_NOT_OPEN"),
            Self::Owes { .. } => (Code::FailedPrecondition, "COINS_OWED"),
            Self::Busy { .. } => (Code::FailedPrecondition, "WALLET_BUSY"),
            Self::MarketWaits { .. } => (Code::FailedPrecondition, "WALLET_MARKET_WAITS"),
            Self::TooManyLots { .. } => (Code::FailedPrecondition, "WALLET_TOO_LARGE"),
            Self::ByStaff { .. } => (Code::FailedPrecondition, "WALLET_CLOSURE_BY_STAFF"),
            Self::LotsBehind => (Code::Unavailable, "OVERLOADED"),
            Self::Open(_) => (Code::FailedPrecondition, "WALLET_CHANGE_OPEN"),
            Self::ChangeUnknown(_) => (Code::NotFound, "WALLET_CHANGE_UNKNOWN"),
            Self::Decided => (Code::FailedPrecondition, "WALLET_CHANGE_DECIDED"),
            Self::SamePerson => (Code::FailedPrecondition, "SAME_PERSON"),
        }
    }

    /// What happened, and what to do.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::Unknown(_) => "the user has no wallet in this book; nothing was done".to_owned(),
            Self::NotOpen { state, .. } => {
                format!("the wallet is {state}; nothing was done: two members of staff thaw a frozen one by a proposal, and a closed one stays closed")
            }
            Self::Owes { coins } => format!(
                "the owner owes {coins} coins of refunded purchases; nothing was done: they are paid by a top-up, or two members of staff give coins by an adjustment"
            ),
            Self::Busy { what, count } => {
                format!("{count} {what} of the wallet have not ended; nothing was done: end them, or ask again once they have")
            }
            Self::MarketWaits { .. } => {
                "the rule of a market (purchase.wallet_rules) neither pays these coins back nor has them forfeited; nothing was done: they are spent or paid back \
                 first, or the operator sets a rule"
                    .to_owned()
            }
            Self::TooManyLots { lots_max } => format!("the wallet has more than {lots_max} lots of coins; nothing was done"),
            Self::ByStaff { .. } => {
                "no rule of the market (purchase.wallet_rules, [[waiting]]) lets owners close their wallets themselves; nothing was done: support closes them".to_owned()
            }
            Self::LotsBehind => "the coin lots are not read as far as the wallet yet; nothing was done, retry the same request".to_owned(),
            Self::Open(_) => "another closure or merge of this wallet has not ended; nothing was done".to_owned(),
            Self::ChangeUnknown(_) => "no such closure or merge".to_owned(),
            Self::Decided => "it waits for nobody's decision; nothing was changed".to_owned(),
            Self::SamePerson => "another person must do this: you asked for it, or it is your own wallet; nothing was changed".to_owned(),
        }
    }

    /// The same for the wallet's owner, whose business settings and the work of staff are not.
    #[must_use]
    pub fn owners_message(&self) -> String {
        let text = match self {
            Self::Unknown(_) => "you have no coins here; there is nothing to close",
            Self::NotOpen { state: "frozen", .. } => "your wallet is frozen; nothing was done: support can tell you why",
            Self::NotOpen { .. } => "your wallet is closed already",
            Self::Owes { coins } => {
                return format!(
                    "you owe {coins} coins of purchases that were paid back; nothing was done: buy as many first, or ask support"
                );
            }
            Self::Busy { what, count } => {
                return format!("{count} {what} of your wallet have not ended; nothing was done: ask again once they have");
            }
            Self::MarketWaits { .. } => {
                "for coins that you bought it is not known what becomes of them when the wallet is closed; nothing was done: spend them first, or ask support"
            }
            Self::TooManyLots { .. } => "your wallet has coins of too many purchases to close it at once; nothing was done: ask support",
            Self::ByStaff { .. } => "wallets are closed by support here; nothing was done",
            Self::LotsBehind => "your wallet changes right now; nothing was done, retry the same request",
            Self::Open(_) => "a closure or merge of your wallet has not ended; nothing was done",
            Self::ChangeUnknown(_) => "you asked for no such closure",
            Self::Decided => "the closure has ended, or its waiting time has and it goes on; nothing was changed",
            Self::SamePerson => "another person must do this; nothing was changed",
        };
        text.to_owned()
    }

    /// The reason and its facts.
    #[must_use]
    pub fn reason_and_facts(&self) -> (&'static str, Vec<(&'static str, String)>) {
        (self.code_and_reason().1, self.facts())
    }

    /// The refusal as the wallet's owner gets it.
    #[must_use]
    pub fn to_owner(&self) -> Status {
        let (code, reason) = self.code_and_reason();
        rpc::refused(code, reason, self.owners_message(), &self.facts())
    }

    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Unknown(user_id) => vec![("user_id", user_id.clone())],
            Self::NotOpen { user_id, state } => vec![("user_id", user_id.clone()), ("state", (*state).to_owned())],
            Self::Owes { coins } => vec![("owed", coins.to_string())],
            Self::Busy { what, count } => vec![("what", (*what).to_owned()), ("count", count.to_string())],
            Self::MarketWaits { market, purchase_id } => vec![("market", market.clone()), ("purchase_id", purchase_id.clone())],
            Self::TooManyLots { lots_max } => vec![("lots_max", lots_max.to_string())],
            Self::ByStaff { market } => vec![("market", market.clone())],
            Self::Open(change_id) => vec![("change_id", change_id.to_string())],
            Self::ChangeUnknown(change_id) => vec![("change_id", change_id.clone())],
            Self::LotsBehind | Self::Decided | Self::SamePerson => Vec::new(),
        }
    }
}

impl From<WalletRefusal> for Status {
    fn from(refusal: WalletRefusal) -> Self {
        let (code, reason) = refusal.code_and_reason();
        rpc::refused(code, reason, refusal.message(), &refusal.facts())
    }
}
