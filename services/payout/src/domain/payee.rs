//! Who is paid, in full: for routing, and for messages to banks.

use accounts::{
    AddressField as F, AliasType, PayoutAddress,
    holder::{HolderAddress, NAME_CHARS_MAX, PostalForm},
    kana::KanaName,
};
use rails::{ParticipantKey, record::BeneficiaryKind};
use std::collections::BTreeSet;

/// A payee's account, name and whatever else rails ask for. Checked when it was recorded. Has no `Debug`: nearly all of it is personal.
#[derive(Clone, PartialEq, Eq)]
pub struct PayeeDetails {
    /// Name of the account's holder, 1 to 140 characters.
    pub holder_name: String,
    /// The account.
    pub address: PayoutAddress,
    /// Where the holder lives.
    pub postal: Option<HolderAddress>,
    /// The holder's tax id: for an account in Brazil a CPF or CNPJ without signs.
    pub tax_id: Option<String>,
    /// The holder's name in Zengin's characters.
    pub holder_name_kana: Option<String>,
    /// The holder is a company.
    pub is_company: bool,
    /// Four capital letters of ISO 20022's external list of purposes.
    pub purpose_code: Option<String>,
}

impl PayeeDetails {
    /// Country of the account, ISO 3166 alpha-2. Of a wallet that does not say it, the country where the holder lives; `None` if that is not known either.
    #[must_use]
    pub fn country(&self) -> Option<&str> {
        self.address.country().or_else(|| self.postal.as_ref().map(HolderAddress::country))
    }

    /// How rails see it.
    #[must_use]
    pub fn kind(&self) -> BeneficiaryKind {
        match &self.address {
            PayoutAddress::Wallet(_) => BeneficiaryKind::Wallet,
            PayoutAddress::PixKey(_)
            | PayoutAddress::Upi(_)
            | PayoutAddress::PayId(_)
            | PayoutAddress::PayNow(_)
            | PayoutAddress::FpsProxy(_)
            | PayoutAddress::Interac(_) => BeneficiaryKind::Proxy,
            PayoutAddress::Iban(_)
            | PayoutAddress::Us(_)
            | PayoutAddress::Uk(_)
            | PayoutAddress::Clabe(_)
            | PayoutAddress::PixAccount(_)
            | PayoutAddress::India(_)
            | PayoutAddress::Australia(_)
            | PayoutAddress::Zengin(_)
            | PayoutAddress::Singapore(_)
            | PayoutAddress::HongKong(_)
            | PayoutAddress::Canada(_) => BeneficiaryKind::BankAccount,
        }
    }

    /// Names of the fields that are there and valid, as the records of rails spell them in `beneficiary_fields`. `name` is there for an account in Japan only
    /// if the name is in the characters that its banks exchange; `address` only if town and country are in fields of their own.
    #[must_use]
    pub fn field_names(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<&str> = self.address_fields().into_iter().collect();
        let is_named = match &self.address {
            PayoutAddress::Zengin(_) => self.holder_name_kana.is_some() || KanaName::parse(&self.holder_name, NAME_CHARS_MAX).is_ok(),
            _ => !self.holder_name.is_empty(),
        };
        let structured = self.postal.as_ref().is_some_and(|postal| postal.form() != PostalForm::Unstructured);
        let others =
            [("name", is_named), ("address", structured), ("tax_id", self.tax_id.is_some()), ("purpose_code", self.purpose_code.is_some())];
        names.extend(others.into_iter().filter(|(_, there)| *there).map(|(name, _)| name));
        names.into_iter().map(str::to_owned).collect()
    }

    fn address_fields(&self) -> Vec<&'static str> {
        let alias = || match self.address.alias().map(accounts::Alias::alias_type) {
            Some(AliasType::Phone) => "phone",
            Some(AliasType::Email) => "email",
            Some(AliasType::PayerId) => "payer_id",
            Some(AliasType::UserName) => "user_name",
            _ => "alias",
        };
        match &self.address {
            PayoutAddress::Iban(account) => {
                let mut names = vec!["iban"];
                names.extend(account.bic().map(|_| "bic"));
                // A GB IBAN names the sort code and the number that UK rails ask for.
                names.extend(account.uk_account().into_iter().flat_map(|_| ["sort_code", "account_number"]));
                names
            }
            PayoutAddress::Us(account) => {
                let mut names = vec!["routing_number", "account_number"];
                names.extend(account.account_type().map(|_| "account_type"));
                names
            }
            PayoutAddress::Uk(_) => vec!["sort_code", "account_number"],
            PayoutAddress::Clabe(_) => vec!["clabe"],
            PayoutAddress::PixKey(_) => vec!["pix_key"],
            PayoutAddress::PixAccount(_) => vec!["ispb", "branch", "account_number", "account_type"],
            PayoutAddress::Upi(_) => vec!["vpa"],
            PayoutAddress::India(_) => vec!["ifsc", "account_number"],
            PayoutAddress::Australia(_) => vec!["bsb", "account_number"],
            PayoutAddress::PayId(_) => vec!["payid"],
            PayoutAddress::Zengin(_) => vec!["bank_code", "branch_code", "account_type", "account_number"],
            PayoutAddress::PayNow(_) | PayoutAddress::FpsProxy(_) => vec!["proxy"],
            PayoutAddress::Singapore(_) => vec!["bic", "account_number"],
            PayoutAddress::HongKong(_) => vec!["bank_code", "account_number"],
            PayoutAddress::Canada(_) => vec!["institution", "transit", "account_number"],
            PayoutAddress::Interac(_) | PayoutAddress::Wallet(_) => vec![alias()],
        }
    }

    /// What the payee's bank or provider is known by in lists of participants. Empty for aliases, whose bank only their scheme knows, and for IBANs
    /// without BIC outside of the United Kingdom.
    #[must_use]
    pub fn participants(&self) -> Vec<ParticipantKey> {
        let field = |field| self.address.value(field).unwrap_or_default();
        let found = match &self.address {
            PayoutAddress::Iban(account) => {
                let bic = account.bic().and_then(|bic| ParticipantKey::bic(bic.as_str()));
                let sort_code = account.uk_account().and_then(|uk| ParticipantKey::provider(uk.sort_code()));
                return bic.into_iter().chain(sort_code).collect();
            }
            PayoutAddress::Us(_) => ParticipantKey::routing_number(field(F::RoutingNumber)),
            PayoutAddress::Singapore(_) => ParticipantKey::bic(field(F::Bic)),
            PayoutAddress::Uk(_) => ParticipantKey::provider(field(F::SortCode)),
            // The first three digits are the bank's.
            PayoutAddress::Clabe(_) => field(F::Clabe).get(..3).and_then(ParticipantKey::provider),
            PayoutAddress::PixAccount(_) => ParticipantKey::provider(field(F::Ispb)),
            // The provider is what follows the sign.
            PayoutAddress::Upi(_) => field(F::UpiId).rsplit('@').next().and_then(ParticipantKey::provider),
            // The first four letters are the bank's.
            PayoutAddress::India(_) => field(F::Ifsc).get(..4).and_then(ParticipantKey::provider),
            PayoutAddress::Australia(_) => ParticipantKey::provider(field(F::Bsb)),
            PayoutAddress::Zengin(_) | PayoutAddress::HongKong(_) => ParticipantKey::provider(field(F::BankCode)),
            // A zero, three digits of the institution, five of the transit.
            PayoutAddress::Canada(_) => field(F::RoutingNumber).get(1..4).and_then(ParticipantKey::provider),
            PayoutAddress::Wallet(address) => ParticipantKey::provider(address.wallet().name()),
            PayoutAddress::PixKey(_)
            | PayoutAddress::PayId(_)
            | PayoutAddress::PayNow(_)
            | PayoutAddress::FpsProxy(_)
            | PayoutAddress::Interac(_) => None,
        };
        found.into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
