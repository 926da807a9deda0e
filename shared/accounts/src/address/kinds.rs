//! The kinds of addresses, their names and the fields that each consists of.

use crate::AddressField;

/// A kind of payment address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressKind {
    /// International bank account number.
    Iban,
    /// US routing and account number.
    UsAccount,
    /// UK sort code and account number.
    UkAccount,
    /// Mexican CLABE.
    Clabe,
    /// Brazilian Pix key.
    PixKey,
    /// Brazilian account without a key.
    PixAccount,
    /// Indian UPI id.
    Upi,
    /// Indian IFSC and account number.
    IndianAccount,
    /// Australian BSB and account number.
    AustralianAccount,
    /// Australian PayID.
    PayId,
    /// Japanese account.
    Zengin,
    /// Singapore PayNow proxy.
    PayNow,
    /// Singapore BIC and account number.
    SingaporeAccount,
    /// Hong Kong FPS proxy.
    FpsProxy,
    /// Hong Kong bank code and account number.
    HongKongAccount,
    /// Canadian Interac e-Transfer.
    Interac,
    /// Canadian EFT routing and account number.
    CanadianAccount,
    /// PayPal or Venmo.
    Wallet,
}

/// A kind with its name, the fields that identify the account, those that it may have besides, and what people call its number.
struct KindRow {
    kind: AddressKind,
    name: &'static str,
    identity: &'static [AddressField],
    besides: &'static [AddressField],
    number: AddressField,
}

const fn row(kind: AddressKind, name: &'static str, identity: &'static [AddressField], number: AddressField) -> KindRow {
    KindRow { kind, name, identity, besides: &[], number }
}

use AddressField as F;

const ALIAS: &[AddressField] = &[F::AliasType, F::Alias];

/// In the order of [`AddressKind`]. The number comes last in the identity wherever it may contain signs.
const KINDS: [KindRow; 18] = [
    KindRow { besides: &[F::Bic], ..row(AddressKind::Iban, "iban", &[F::Iban], F::Iban) },
    KindRow {
        besides: &[F::AccountType],
        ..row(AddressKind::UsAccount, "us-account", &[F::RoutingNumber, F::AccountNumber], F::AccountNumber)
    },
    row(AddressKind::UkAccount, "uk-account", &[F::SortCode, F::AccountNumber], F::AccountNumber),
    row(AddressKind::Clabe, "clabe", &[F::Clabe], F::Clabe),
    row(AddressKind::PixKey, "pix-key", ALIAS, F::Alias),
    row(AddressKind::PixAccount, "pix-account", &[F::Ispb, F::BranchCode, F::AccountType, F::AccountNumber], F::AccountNumber),
    row(AddressKind::Upi, "upi", &[F::UpiId], F::UpiId),
    row(AddressKind::IndianAccount, "in-account", &[F::Ifsc, F::AccountNumber], F::AccountNumber),
    row(AddressKind::AustralianAccount, "au-account", &[F::Bsb, F::AccountNumber], F::AccountNumber),
    row(AddressKind::PayId, "payid", ALIAS, F::Alias),
    row(AddressKind::Zengin, "zengin", &[F::BankCode, F::BranchCode, F::AccountType, F::AccountNumber], F::AccountNumber),
    row(AddressKind::PayNow, "paynow", ALIAS, F::Alias),
    row(AddressKind::SingaporeAccount, "sg-account", &[F::Bic, F::AccountNumber], F::AccountNumber),
    row(AddressKind::FpsProxy, "fps-proxy", ALIAS, F::Alias),
    row(AddressKind::HongKongAccount, "hk-account", &[F::BankCode, F::AccountNumber], F::AccountNumber),
    row(AddressKind::Interac, "interac", ALIAS, F::Alias),
    row(AddressKind::CanadianAccount, "ca-account", &[F::RoutingNumber, F::AccountNumber], F::AccountNumber),
    row(AddressKind::Wallet, "wallet", &[F::Wallet, F::AliasType, F::Alias], F::Alias),
];

impl AddressKind {
    /// Every kind.
    pub const ALL: [Self; 18] = [
        Self::Iban,
        Self::UsAccount,
        Self::UkAccount,
        Self::Clabe,
        Self::PixKey,
        Self::PixAccount,
        Self::Upi,
        Self::IndianAccount,
        Self::AustralianAccount,
        Self::PayId,
        Self::Zengin,
        Self::PayNow,
        Self::SingaporeAccount,
        Self::FpsProxy,
        Self::HongKongAccount,
        Self::Interac,
        Self::CanadianAccount,
        Self::Wallet,
    ];

    fn row(self) -> &'static KindRow {
        &KINDS[self as usize]
    }

    /// The name in contracts and canonical texts.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// The kind of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        KINDS.iter().find(|row| row.name == name).map(|row| row.kind)
    }

    /// The fields that identify the account, all of them needed, in the order of the canonical text.
    #[must_use]
    pub fn canonical_fields(self) -> &'static [AddressField] {
        self.row().identity
    }

    /// The fields that may be given besides.
    #[must_use]
    pub fn optional_fields(self) -> &'static [AddressField] {
        self.row().besides
    }

    /// All fields.
    pub fn fields(self) -> impl Iterator<Item = AddressField> {
        self.row().identity.iter().chain(self.row().besides).copied()
    }

    /// The field that people call the number, the one that a mask shows the end of.
    #[must_use]
    pub fn number_field(self) -> AddressField {
        self.row().number
    }

    /// Whether the kind has this field.
    #[must_use]
    pub fn takes(self, field: AddressField) -> bool {
        self.fields().any(|known| known == field)
    }
}

#[cfg(test)]
mod tests;
