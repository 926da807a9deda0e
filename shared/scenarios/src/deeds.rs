//! What a scenario makes a counterpart do.

/// A pretend store, with the name of its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PretendStore {
    /// The App Store.
    Apple,
    /// Google Play.
    Google,
    /// Cards on the web.
    Stripe,
    /// Alipay.
    Alipay,
    /// WeChat Pay.
    Wechat,
}

impl PretendStore {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Apple, Self::Google, Self::Stripe, Self::Alipay, Self::Wechat];

    /// Its name, as `GetPurchase` has it and as its path begins.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Apple => "apple",
            Self::Google => "google",
            Self::Stripe => "stripe",
            Self::Alipay => "alipay",
            Self::Wechat => "wechat",
        }
    }
}

/// A behaviour of the bank that takes ISO 20022 messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BankDeed {
    /// The bank's name of it.
    pub(crate) behaviour: &'static str,
    /// The reason code that it has unless another one is given; empty: it has none.
    pub(crate) code: &'static str,
    /// The amount that it has unless another one is given; 0: it has none.
    pub(crate) minor_units: u64,
    /// Of a payment that the bank has executed already it happens at once: money comes back.
    pub(crate) returns: bool,
}

/// What a store does about one purchase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StoreDeed {
    /// A notification of Apple's of this type.
    Notify(&'static str),
    /// A command of Google's, and a reason that goes with it; 0: none.
    Change(&'static str, u8),
    /// A command of the others'.
    Command(&'static str),
}

/// How what stores report is delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DeliveryDeed {
    Normal,
    Held,
    Twice,
    Reversed,
    Lost,
}

/// How requests to a store fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailureDeed {
    Unreachable,
    Overloaded,
    Broken,
    AnswerLost,
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// The bank that takes ISO 20022 messages behaves so.
    Bank(BankDeed),
    /// The bank that speaks JSON behaves so, with this code unless another one is given; empty: it has none.
    JsonBank(&'static str, &'static str),
    /// A mistake in the bank's statement, with its name there.
    Statement(&'static str),
    /// Days pass at the ACH bank.
    Days,
    /// What each store does.
    Purchase(&'static [(PretendStore, StoreDeed)]),
    /// How the stores' reports come.
    Deliveries(DeliveryDeed),
    /// A store's answers fail.
    Failure(FailureDeed),
}
