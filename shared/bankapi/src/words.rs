//! The API's words for kinds of payments.

/// How a payment is made: the API's `paymentType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApiPaymentType {
    /// `RTP`: the instant rail of the country.
    Rtp,
    /// `WIRE`: high-value rails and correspondents.
    Wire,
    /// `ACH`: clearing in batches.
    Ach,
    /// `VENMO`.
    Venmo,
    /// `PAYPAL`.
    Paypal,
    /// `INTERAC`: Interac e-Transfer.
    Interac,
    /// `ZELLE`. Read in answers, never sent: no beneficiary of ours has such an address.
    Zelle,
    /// `CARD`. Read in answers, never sent.
    Card,
    /// `BLOCKCHAIN`. Read in answers, never sent.
    Blockchain,
    /// `DEFAULT`: whatever the others are not. Read in answers, never sent.
    Default,
}

const WORDS: [(ApiPaymentType, &str); 10] = [
    (ApiPaymentType::Rtp, "RTP"),
    (ApiPaymentType::Wire, "WIRE"),
    (ApiPaymentType::Ach, "ACH"),
    (ApiPaymentType::Venmo, "VENMO"),
    (ApiPaymentType::Paypal, "PAYPAL"),
    (ApiPaymentType::Interac, "INTERAC"),
    (ApiPaymentType::Zelle, "ZELLE"),
    (ApiPaymentType::Card, "CARD"),
    (ApiPaymentType::Blockchain, "BLOCKCHAIN"),
    (ApiPaymentType::Default, "DEFAULT"),
];

impl ApiPaymentType {
    /// Every kind of payment, in the order of the table above.
    pub fn all() -> impl Iterator<Item = Self> {
        WORDS.iter().map(|(known, _)| *known)
    }

    /// The word in requests and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        WORDS.iter().find(|(known, _)| *known == self).map_or("", |(_, word)| word)
    }

    /// The kind of a word; `None` for a word that the API did not have when this was written.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        WORDS.iter().find(|(_, known)| *known == word).map(|(known, _)| *known)
    }

    /// Whether the bank answers queries by payment id. By its description it answers 404 for most ACH and wires, which then says nothing: these are asked for
    /// by end-to-end id and payment type.
    #[must_use]
    pub const fn is_found_by_payment_id(self) -> bool {
        !matches!(self, Self::Ach | Self::Wire)
    }

    /// Whether the account that is paid is at a bank, and not an alias or a wallet.
    #[must_use]
    pub const fn is_between_banks(self) -> bool {
        matches!(self, Self::Rtp | Self::Wire | Self::Ach)
    }
}
