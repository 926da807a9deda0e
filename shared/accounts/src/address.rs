//! A payment address of any kind: from fields, to one canonical text, and a masked one for people.

use crate::{
    AccountType, AddressField, AddressRules, Alias, FieldFault, FieldFaults,
    alias::{AliasScheme, Wallet},
    countries::uses_euro,
    domestic::{
        AustralianAccount, CanadianAccount, Clabe, HongKongAccount, IndianAccount, PixAccount, SingaporeAccount, UpiId, ZenginAccount,
    },
    fields::FieldReader,
    hidden::masked,
    iban::{Bic, IbanAccount},
    uk::UkAccount,
    us::UsAccount,
};
use money::Currency;
use std::borrow::Cow;

pub(crate) mod kinds;

pub use kinds::AddressKind;

/// An address at an electronic wallet.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WalletAddress {
    wallet: Wallet,
    alias: Alias,
}

impl WalletAddress {
    /// The provider.
    #[must_use]
    pub fn wallet(&self) -> Wallet {
        self.wallet
    }

    /// The account at the provider.
    #[must_use]
    pub fn alias(&self) -> &Alias {
        &self.alias
    }
}

/// Where a payout goes. `Debug` prints kinds and types, never numbers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PayoutAddress {
    /// IBAN, perhaps with BIC.
    Iban(IbanAccount),
    /// US routing and account number.
    Us(UsAccount),
    /// UK sort code and account number.
    Uk(UkAccount),
    /// Mexican CLABE.
    Clabe(Clabe),
    /// Brazilian Pix key.
    PixKey(Alias),
    /// Brazilian account without a key.
    PixAccount(PixAccount),
    /// Indian UPI id.
    Upi(UpiId),
    /// Indian IFSC and account number.
    India(IndianAccount),
    /// Australian BSB and account number.
    Australia(AustralianAccount),
    /// Australian PayID.
    PayId(Alias),
    /// Japanese account.
    Zengin(ZenginAccount),
    /// Singapore PayNow proxy.
    PayNow(Alias),
    /// Singapore bank and account number.
    Singapore(SingaporeAccount),
    /// Hong Kong FPS proxy.
    FpsProxy(Alias),
    /// Hong Kong bank code and account number.
    HongKong(HongKongAccount),
    /// Canadian Interac e-Transfer.
    Interac(Alias),
    /// Canadian routing and account number.
    Canada(CanadianAccount),
    /// PayPal or Venmo.
    Wallet(WalletAddress),
}

impl PayoutAddress {
    /// Reads an address of a kind from fields in any order. Reports everything that is wrong with them, field by field.
    pub fn parse(kind: AddressKind, given: &[(AddressField, &str)], rules: &AddressRules) -> Result<Self, FieldFaults> {
        let mut reader = FieldReader::new(given, |field| kind.takes(field));
        let read = Self::read(kind, &mut reader, rules);
        reader.finish(read)
    }

    fn read(kind: AddressKind, reader: &mut FieldReader, rules: &AddressRules) -> Option<Self> {
        let alias = |reader: &mut FieldReader| Alias::parse(reader, AliasScheme::of(kind, None)?, rules);
        Some(match kind {
            AddressKind::Iban => Self::Iban(IbanAccount::parse(reader, &rules.modulus)?),
            AddressKind::UsAccount => Self::Us(UsAccount::parse(reader, rules)?),
            AddressKind::UkAccount => Self::Uk(UkAccount::parse(reader, &rules.modulus)?),
            AddressKind::Clabe => Self::Clabe(Clabe::parse(reader)?),
            AddressKind::PixKey => Self::PixKey(alias(reader)?),
            AddressKind::PixAccount => Self::PixAccount(PixAccount::parse(reader, rules)?),
            AddressKind::Upi => Self::Upi(UpiId::parse(reader)?),
            AddressKind::IndianAccount => Self::India(IndianAccount::parse(reader, rules)?),
            AddressKind::AustralianAccount => Self::Australia(AustralianAccount::parse(reader, rules)?),
            AddressKind::PayId => Self::PayId(alias(reader)?),
            AddressKind::Zengin => Self::Zengin(ZenginAccount::parse(reader)?),
            AddressKind::PayNow => Self::PayNow(alias(reader)?),
            AddressKind::SingaporeAccount => Self::Singapore(SingaporeAccount::parse(reader, rules)?),
            AddressKind::FpsProxy => Self::FpsProxy(alias(reader)?),
            AddressKind::HongKongAccount => Self::HongKong(HongKongAccount::parse(reader, rules)?),
            AddressKind::Interac => Self::Interac(alias(reader)?),
            AddressKind::CanadianAccount => Self::Canada(CanadianAccount::parse(reader, rules)?),
            AddressKind::Wallet => {
                let wallet = Wallet::parse(reader);
                let alias = Alias::parse(reader, AliasScheme::of(kind, wallet)?, rules);
                Self::Wallet(WalletAddress { wallet: wallet?, alias: alias? })
            }
        })
    }

    /// Reads a canonical text. A text that is none of a known kind is a fault of its first field.
    pub fn from_canonical(text: &str, rules: &AddressRules) -> Result<Self, FieldFaults> {
        let named = text.split_once(':').and_then(|(name, rest)| Some((AddressKind::from_name(name)?, rest)));
        let Some((kind, rest)) = named else {
            let fault = FieldFault { field: AddressField::Iban, must: "be in a canonical text that begins with a kind of address".into() };
            return Err(FieldFaults::of(vec![fault]));
        };
        let fields = kind.canonical_fields();
        // The last field may contain the separator.
        let given: Vec<(AddressField, &str)> = fields.iter().copied().zip(rest.splitn(fields.len(), ':')).collect();
        Self::parse(kind, &given, rules)
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> AddressKind {
        match self {
            Self::Iban(_) => AddressKind::Iban,
            Self::Us(_) => AddressKind::UsAccount,
            Self::Uk(_) => AddressKind::UkAccount,
            Self::Clabe(_) => AddressKind::Clabe,
            Self::PixKey(_) => AddressKind::PixKey,
            Self::PixAccount(_) => AddressKind::PixAccount,
            Self::Upi(_) => AddressKind::Upi,
            Self::India(_) => AddressKind::IndianAccount,
            Self::Australia(_) => AddressKind::AustralianAccount,
            Self::PayId(_) => AddressKind::PayId,
            Self::Zengin(_) => AddressKind::Zengin,
            Self::PayNow(_) => AddressKind::PayNow,
            Self::Singapore(_) => AddressKind::SingaporeAccount,
            Self::FpsProxy(_) => AddressKind::FpsProxy,
            Self::HongKong(_) => AddressKind::HongKongAccount,
            Self::Interac(_) => AddressKind::Interac,
            Self::Canada(_) => AddressKind::CanadianAccount,
            Self::Wallet(_) => AddressKind::Wallet,
        }
    }

    /// The value of a field in the form that a message to the bank has; account types by [`AccountType::name`]. `None` for a field that it
    /// lacks.
    #[must_use]
    pub fn value(&self, field: AddressField) -> Option<&str> {
        use AddressField as F;
        match (self, field) {
            (Self::Iban(a), F::Iban) => Some(a.electronic()),
            (Self::Iban(a), F::Bic) => a.bic().map(Bic::as_str),
            (Self::Us(a), F::RoutingNumber) => Some(a.routing_number()),
            (Self::Us(a), F::AccountNumber) => Some(a.account_number()),
            (Self::Us(a), F::AccountType) => a.account_type().map(AccountType::name),
            (Self::Uk(a), F::SortCode) => Some(a.sort_code()),
            (Self::Uk(a), F::AccountNumber) => Some(a.account_number()),
            (Self::Clabe(a), F::Clabe) => Some(a.as_str()),
            (Self::PixAccount(a), F::Ispb) => Some(a.ispb()),
            (Self::PixAccount(a), F::BranchCode) => Some(a.branch()),
            (Self::PixAccount(a), F::AccountNumber) => Some(a.number()),
            (Self::PixAccount(a), F::AccountType) => Some(a.account_type().name()),
            (Self::Upi(a), F::UpiId) => Some(a.as_str()),
            (Self::India(a), F::Ifsc) => Some(a.ifsc()),
            (Self::India(a), F::AccountNumber) => Some(a.number()),
            (Self::Australia(a), F::Bsb) => Some(a.bsb()),
            (Self::Australia(a), F::AccountNumber) => Some(a.number()),
            (Self::Zengin(a), F::BankCode) => Some(a.bank()),
            (Self::Zengin(a), F::BranchCode) => Some(a.branch()),
            (Self::Zengin(a), F::AccountType) => Some(a.account_type().name()),
            (Self::Zengin(a), F::AccountNumber) => Some(a.number()),
            (Self::Singapore(a), F::Bic) => Some(a.bic().as_str()),
            (Self::Singapore(a), F::AccountNumber) => Some(a.number()),
            (Self::HongKong(a), F::BankCode) => Some(a.bank()),
            (Self::HongKong(a), F::AccountNumber) => Some(a.number()),
            (Self::Canada(a), F::RoutingNumber) => Some(a.routing_number()),
            (Self::Canada(a), F::AccountNumber) => Some(a.number()),
            (Self::Wallet(a), F::Wallet) => Some(a.wallet.name()),
            (_, F::AliasType) => self.alias().map(|alias| alias.alias_type().name()),
            (_, F::Alias) => self.alias().map(Alias::as_str),
            _ => None,
        }
    }

    /// The alias, if it is not an account at a bank.
    #[must_use]
    pub fn alias(&self) -> Option<&Alias> {
        match self {
            Self::PixKey(alias) | Self::PayId(alias) | Self::PayNow(alias) | Self::FpsProxy(alias) | Self::Interac(alias) => Some(alias),
            Self::Wallet(address) => Some(address.alias()),
            _ => None,
        }
    }

    /// What people call the account's number: IBAN, account number, CLABE, id or alias.
    #[must_use]
    pub fn number(&self) -> &str {
        self.value(self.kind().number_field()).unwrap_or_default()
    }

    /// One text for one account, however it was written: the input of a keyed hash, not a form for banks. A GB IBAN and its sort code with
    /// account number are the same account. A BIC beside an IBAN and the type of a US account are left out: the account is the same
    /// without.
    #[must_use]
    pub fn canonical(&self) -> String {
        if let Self::Iban(account) = self
            && let Some(uk) = account.uk_account()
        {
            return Self::Uk(uk).canonical();
        }
        let mut text = self.kind().name().to_owned();
        for field in self.kind().canonical_fields() {
            text.push(':');
            text.push_str(&self.canonical_value(*field));
        }
        text
    }

    fn canonical_value(&self, field: AddressField) -> Cow<'_, str> {
        match (self, field) {
            (Self::Us(account), AddressField::AccountNumber) => Cow::Owned(account.canonical_number()),
            (Self::Singapore(account), AddressField::Bic) => Cow::Borrowed(account.bic().bank()),
            _ => Cow::Borrowed(self.value(field).unwrap_or_default()),
        }
    }

    /// For people: stars and at most the last four characters of the number.
    #[must_use]
    pub fn masked(&self) -> String {
        masked(self.number())
    }

    /// The fields that it has.
    #[must_use]
    pub fn fields(&self) -> Vec<AddressField> {
        self.kind().fields().filter(|field| self.value(*field).is_some()).collect()
    }

    /// The country of the account, ISO 3166 alpha-2. `None` where the address does not say: PayPal.
    #[must_use]
    pub fn country(&self) -> Option<&str> {
        Some(match self {
            Self::Iban(account) => account.country(),
            Self::Us(_) => "US",
            Self::Uk(_) => "GB",
            Self::Clabe(_) => "MX",
            Self::PixKey(_) | Self::PixAccount(_) => "BR",
            Self::Upi(_) | Self::India(_) => "IN",
            Self::Australia(_) | Self::PayId(_) => "AU",
            Self::Zengin(_) => "JP",
            Self::PayNow(_) | Self::Singapore(_) => "SG",
            Self::FpsProxy(_) | Self::HongKong(_) => "HK",
            Self::Interac(_) | Self::Canada(_) => "CA",
            Self::Wallet(address) => match address.wallet {
                Wallet::Venmo => "US",
                Wallet::Paypal => return None,
            },
        })
    }

    /// The currency of the account. `None` where it does not follow: PayPal; Hong Kong, where accounts are paid HKD or CNY; an IBAN outside
    /// the euro area and the United Kingdom.
    #[must_use]
    pub fn currency(&self) -> Option<Currency> {
        let code = match self.country()? {
            "US" => "USD",
            "GB" => "GBP",
            "MX" => "MXN",
            "BR" if !matches!(self, Self::Iban(_)) => "BRL",
            "IN" => "INR",
            "AU" => "AUD",
            "JP" => "JPY",
            "SG" => "SGD",
            "CA" => "CAD",
            euro if uses_euro(euro) => "EUR",
            _ => return None,
        };
        Currency::try_new(code).ok()
    }
}

#[cfg(test)]
mod tests;
