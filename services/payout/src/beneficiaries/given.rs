//! A payee as its owner entered it, and what its fields are called in the contract.

use accounts::{AddressField, AddressKind};

/// An account as somebody entered it, unchecked.
#[derive(Clone)]
pub struct GivenAccount {
    /// Its kind.
    pub kind: AddressKind,
    /// Its fields, in the order of the contract. Empty texts count as absent.
    pub fields: Vec<(AddressField, String)>,
}

/// A payee as its owner entered it, unchecked but for the form of the name. Empty texts are absent.
#[derive(Clone)]
pub struct GivenPayee {
    /// 1 to 140 printable characters without blank ends; the rails' own limits are checked with the account.
    pub holder_name: String,
    /// The account.
    pub account: GivenAccount,
    /// Postal address of the holder, with any number of lines.
    pub postal: Option<Vec<(AddressField, String)>>,
    /// Tax id.
    pub tax_id: String,
    /// Name for banks in Japan.
    pub holder_name_kana: String,
    /// Purpose of payments.
    pub purpose_code: String,
    /// ISO 4217 code.
    pub currency_code: String,
    /// The holder is a company.
    pub is_company: bool,
}

/// The member of the contract's `account` that carries a kind.
#[must_use]
pub fn member(kind: AddressKind) -> &'static str {
    match kind {
        AddressKind::Iban => "iban",
        AddressKind::UsAccount => "aba",
        AddressKind::UkAccount => "uk_account",
        AddressKind::Clabe => "clabe",
        AddressKind::PixKey => "pix_key",
        AddressKind::PixAccount => "pix_account",
        AddressKind::Upi => "upi_id",
        AddressKind::IndianAccount => "indian_account",
        AddressKind::AustralianAccount => "australian_account",
        AddressKind::PayId => "pay_id",
        AddressKind::Zengin => "zengin_account",
        AddressKind::PayNow => "pay_now_proxy",
        AddressKind::SingaporeAccount => "singapore_account",
        AddressKind::FpsProxy => "fps_proxy",
        AddressKind::HongKongAccount => "hong_kong_account",
        AddressKind::Interac => "interac_address",
        AddressKind::CanadianAccount => "canadian_account",
        AddressKind::Wallet => "wallet_address",
    }
}

/// The path of an account's field in a request.
pub(super) fn path(kind: AddressKind, field: AddressField) -> String {
    match (kind, field) {
        // The first is the member itself; a BIC stands beside the account, whatever its kind, unless it is part of it.
        (AddressKind::Iban, _) => field.name().to_owned(),
        (_, AddressField::Bic) if kind != AddressKind::SingaporeAccount => field.name().to_owned(),
        _ => format!("{}.{}", member(kind), field.name()),
    }
}
