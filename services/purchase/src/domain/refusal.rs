//! Why a receipt is refused.

/// Why a receipt is refused, in the contract's order of precedence. The refusal is kept under the request id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReceiptRefusal {
    /// Not a compact JWS of a transaction.
    Malformed,
    /// Not ES256.
    Algorithm,
    /// Not three certificates.
    ChainLength,
    /// The certificates don't lead to a trusted root.
    Chain,
    /// The certificates lack the marks of Apple's receipt signers.
    CertificatePurpose,
    /// The signature was not made with the leaf's key.
    Signature,
    /// The store, asked about it, knows no such purchase.
    Unknown,
    /// Another app's, or an app of another book.
    Bundle,
    /// Not the environment of this book.
    Environment,
    /// Not a consumable.
    Type,
    /// Refunded or withdrawn by the store.
    Revoked,
    /// Not 1 to 10.
    Quantity,
    /// No coin package has this product id.
    ProductUnknown,
    /// Bought for another account.
    OtherAccount,
    /// Bought for an account that was erased since: it has no owner until support gives it to the buyer.
    ErasedAccount,
    /// Another user has redeemed it.
    AlreadyRedeemed,
    /// It states a larger amount than one receipt may have.
    Amount,
    /// It states another price than the price list, and such receipts are not credited.
    Price,
}

impl ReceiptRefusal {
    /// All refusals, in order of precedence.
    pub const ALL: [ReceiptRefusal; 18] = [
        ReceiptRefusal::Malformed,
        ReceiptRefusal::Algorithm,
        ReceiptRefusal::ChainLength,
        ReceiptRefusal::Chain,
        ReceiptRefusal::CertificatePurpose,
        ReceiptRefusal::Signature,
        ReceiptRefusal::Unknown,
        ReceiptRefusal::Bundle,
        ReceiptRefusal::Environment,
        ReceiptRefusal::Type,
        ReceiptRefusal::Revoked,
        ReceiptRefusal::Quantity,
        ReceiptRefusal::ProductUnknown,
        ReceiptRefusal::Amount,
        ReceiptRefusal::Price,
        ReceiptRefusal::OtherAccount,
        ReceiptRefusal::ErasedAccount,
        ReceiptRefusal::AlreadyRedeemed,
    ];

    /// Stable name.
    pub fn reason(self) -> &'static str {
        match self {
            ReceiptRefusal::Malformed => "RECEIPT_MALFORMED",
            ReceiptRefusal::Algorithm => "RECEIPT_ALGORITHM",
            ReceiptRefusal::ChainLength => "RECEIPT_CHAIN_LENGTH",
            ReceiptRefusal::Chain => "RECEIPT_CHAIN",
            ReceiptRefusal::CertificatePurpose => "RECEIPT_CERTIFICATE_PURPOSE",
            ReceiptRefusal::Signature => "RECEIPT_SIGNATURE",
            ReceiptRefusal::Unknown => "RECEIPT_UNKNOWN",
            ReceiptRefusal::Bundle => "RECEIPT_BUNDLE",
            ReceiptRefusal::Environment => "RECEIPT_ENVIRONMENT",
            ReceiptRefusal::Type => "RECEIPT_TYPE",
            ReceiptRefusal::Revoked => "RECEIPT_REVOKED",
            ReceiptRefusal::Quantity => "RECEIPT_QUANTITY",
            ReceiptRefusal::ProductUnknown => "PRODUCT_UNKNOWN",
            ReceiptRefusal::OtherAccount => "RECEIPT_OTHER_ACCOUNT",
            ReceiptRefusal::ErasedAccount => "RECEIPT_ERASED_ACCOUNT",
            ReceiptRefusal::AlreadyRedeemed => "RECEIPT_ALREADY_REDEEMED",
            ReceiptRefusal::Amount => "RECEIPT_AMOUNT",
            ReceiptRefusal::Price => "RECEIPT_PRICE",
        }
    }

    /// Whether the store signed the receipt although it is refused: then its content is true.
    #[must_use]
    pub fn is_of_authentic(self) -> bool {
        match self {
            ReceiptRefusal::Malformed
            | ReceiptRefusal::Algorithm
            | ReceiptRefusal::ChainLength
            | ReceiptRefusal::Chain
            | ReceiptRefusal::CertificatePurpose
            | ReceiptRefusal::Signature
            | ReceiptRefusal::Unknown => false,
            ReceiptRefusal::Bundle
            | ReceiptRefusal::Environment
            | ReceiptRefusal::Type
            | ReceiptRefusal::Revoked
            | ReceiptRefusal::Quantity
            | ReceiptRefusal::ProductUnknown
            | ReceiptRefusal::OtherAccount
            | ReceiptRefusal::ErasedAccount
            | ReceiptRefusal::AlreadyRedeemed
            | ReceiptRefusal::Amount
            | ReceiptRefusal::Price => true,
        }
    }

    /// The refusal of that name.
    pub fn from_reason(reason: &str) -> Option<ReceiptRefusal> {
        ReceiptRefusal::ALL.into_iter().find(|refusal| refusal.reason() == reason)
    }
}
