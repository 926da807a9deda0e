//! How a buyer pays for an order of ours: where they are when they do, and what the store must know for that. No I/O, no clock.

use std::net::IpAddr;

/// Longest id of a buyer at a wallet, in bytes; WeChat Pay takes 128.
const PAYER_ID_BYTES_MAX: usize = 128;

/// Where a buyer pays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PayMethod {
    /// The store's usual one: a page at Stripe and Alipay, a code at WeChat Pay.
    #[default]
    Usual,
    /// On a page, on a computer.
    Page,
    /// On a page in a phone's browser, which opens the wallet.
    PhonePage,
    /// In the wallet, after scanning a code.
    Code,
    /// In the wallet, which our app opens.
    App,
    /// On a page or in a small program inside the wallet.
    InWallet,
}

impl PayMethod {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Usual, Self::Page, Self::PhonePage, Self::Code, Self::App, Self::InWallet];

    /// The name in the table. Stored, so never changed.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Usual => "",
            Self::Page => "page",
            Self::PhonePage => "phone_page",
            Self::Code => "code",
            Self::App => "app",
            Self::InWallet => "in_wallet",
        }
    }

    /// The method of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// Whether what the buyer needs is not an address, but what our app or page gives to the wallet.
    #[must_use]
    pub fn has_parameters(self) -> bool {
        match self {
            Self::App | Self::InWallet => true,
            Self::Usual | Self::Page | Self::PhonePage | Self::Code => false,
        }
    }
}

/// How an order is paid.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderPaying {
    /// Where the buyer is when they pay.
    pub method: PayMethod,
    /// The buyer's id at the wallet for our app there; empty where it is not needed.
    pub payer_id: String,
    /// The buyer's address on the internet; empty where it is not needed.
    pub payer_address: String,
}

impl OrderPaying {
    /// What a wallet needs to know of the buyer: `payer_id` inside WeChat, `client_address` for its page on a phone. The field that is missing, too much or not of its
    /// form, and what it must be.
    #[must_use]
    pub fn problem(&self, is_wechat: bool) -> Option<(&'static str, &'static str)> {
        let needs_id = is_wechat && self.method == PayMethod::InWallet;
        let needs_address = is_wechat && self.method == PayMethod::PhonePage;
        let is_id = (1..=PAYER_ID_BYTES_MAX).contains(&self.payer_id.len())
            && self.payer_id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
        let rules = [
            (!needs_id || is_id, "payer_id", "must be the buyer's id at the wallet: 1 to 128 letters, digits, `_` and `-`"),
            (needs_id || self.payer_id.is_empty(), "payer_id", "must be empty: it is needed to pay inside WeChat only"),
            (!needs_address || self.payer_address.parse::<IpAddr>().is_ok(), "client_address", "must be the buyer's IPv4 or IPv6 address"),
            (
                needs_address || self.payer_address.is_empty(),
                "client_address",
                "must be empty: it is needed for WeChat's page on a phone only",
            ),
        ];
        rules.into_iter().find(|(holds, ..)| !holds).map(|(_, field, must)| (field, must))
    }
}
