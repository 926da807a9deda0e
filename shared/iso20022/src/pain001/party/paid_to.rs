//! From a payment address of any kind to the party of a message.

use super::{AccountId, Agent, Party, PostalAddress, TaxId};
use crate::pain001::payment_type::TypeCode;
use accounts::{AccountType, AddressField as F, Alias, AliasType, PayoutAddress, holder::HolderAddress};

/// The digits of a CLABE that name the bank.
const CLABE_BANK_DIGITS: usize = 3;

impl Party {
    /// The holder of an account: every kind of address as ISO 20022 carries it. National accounts are numbers of scheme `BBAN` at a bank named
    /// by its clearing's code; aliases are proxies; an IBAN includes its bank, named besides where its BIC is known.
    ///
    /// Codes without an official entry are proprietary: `CLABE` for the Mexican number, `UPI`, `PAYPAL` and `VENMO` for their ids.
    #[must_use]
    pub fn paid_to(name: &str, address: &PayoutAddress, postal: Option<&HolderAddress>, tax_id: Option<TaxId>) -> Self {
        Self {
            name: Some(name.to_owned()),
            postal: postal.map(PostalAddress::from),
            tax_id,
            account: Some(account(address)),
            account_type: account_type(address).map(|code| TypeCode::Code(code.to_owned())),
            agent: agent(address),
        }
    }
}

fn account(address: &PayoutAddress) -> AccountId {
    use PayoutAddress as A;
    let own = |kind: &str, id: &str| AccountId::Proxy { kind: Some(TypeCode::Own(kind.to_owned())), id: id.to_owned() };
    match address {
        A::Iban(account) => AccountId::Iban(account.electronic().to_owned()),
        A::Clabe(clabe) => AccountId::Other { number: clabe.as_str().to_owned(), scheme: Some(TypeCode::Own("CLABE".to_owned())) },
        A::PixKey(alias) | A::PayId(alias) | A::PayNow(alias) | A::FpsProxy(alias) | A::Interac(alias) => proxy(alias),
        A::Upi(id) => own("UPI", id.as_str()),
        A::Wallet(wallet) => own(&wallet.wallet().name().to_ascii_uppercase(), wallet.alias().as_str()),
        A::Us(_)
        | A::Uk(_)
        | A::PixAccount(_)
        | A::India(_)
        | A::Australia(_)
        | A::Zengin(_)
        | A::Singapore(_)
        | A::HongKong(_)
        | A::Canada(_) => AccountId::bban(address.number()),
    }
}

/// The alias by ISO's list of proxy types (`ExternalProxyAccountType1Code`).
fn proxy(alias: &Alias) -> AccountId {
    let code = match alias.alias_type() {
        AliasType::Phone => "MBNO",
        AliasType::Email => "EMAL",
        AliasType::Cpf => "PVTX",
        AliasType::Cnpj => "COTX",
        AliasType::Abn | AliasType::Acn | AliasType::Uen => "CINC",
        AliasType::Nric | AliasType::Hkid => "NIDN",
        // Issued by the scheme itself.
        AliasType::Evp | AliasType::Organisation | AliasType::Vpa | AliasType::FpsId => "SHID",
        AliasType::PayerId | AliasType::UserName => "EWAL",
    };
    AccountId::Proxy { kind: Some(TypeCode::Code(code.to_owned())), id: alias.as_str().to_owned() }
}

/// The type by ISO's list (`ExternalCashAccountType1Code`).
fn account_type(address: &PayoutAddress) -> Option<&'static str> {
    let kind = match address {
        PayoutAddress::Us(account) => account.account_type()?,
        PayoutAddress::PixAccount(account) => account.account_type(),
        PayoutAddress::Zengin(account) => account.account_type(),
        _ => return None,
    };
    Some(match kind {
        AccountType::Checking | AccountType::Current => "CACC",
        AccountType::Savings => "SVGS",
        AccountType::Ordinary => "ODEP",
        AccountType::Salary => "SLRY",
        AccountType::Transaction => "TRAN",
    })
}

/// The bank by ISO's list of clearing systems (`ExternalClearingSystemIdentification1Code`), or by BIC.
fn agent(address: &PayoutAddress) -> Agent {
    use PayoutAddress as A;
    let value = |field| address.value(field).unwrap_or_default();
    let member =
        |system: &str, id: &str| Agent { clearing_system: Some(system.to_owned()), member_id: Some(id.to_owned()), ..Agent::default() };
    match address {
        A::Iban(_) | A::Singapore(_) => Agent { bic: address.value(F::Bic).map(str::to_owned), ..Agent::default() },
        A::Us(_) => member("USABA", value(F::RoutingNumber)),
        A::Uk(_) => member("GBDSC", value(F::SortCode)),
        A::Clabe(clabe) => member("MX", clabe.as_str().get(..CLABE_BANK_DIGITS).unwrap_or_default()),
        A::PixAccount(account) => Agent { branch: Some(account.branch().to_owned()), ..member("BRISP", account.ispb()) },
        A::India(_) => member("INFSC", value(F::Ifsc)),
        A::Australia(_) => member("AUBSB", value(F::Bsb)),
        // The clearing numbers bank and branch as one.
        A::Zengin(account) => member("JPZGN", &format!("{}{}", account.bank(), account.branch())),
        A::HongKong(_) => member("HKNCC", value(F::BankCode)),
        A::Canada(_) => member("CACPA", value(F::RoutingNumber)),
        A::PixKey(_) | A::Upi(_) | A::PayId(_) | A::PayNow(_) | A::FpsProxy(_) | A::Interac(_) | A::Wallet(_) => Agent::default(),
    }
}

#[cfg(test)]
mod tests;
