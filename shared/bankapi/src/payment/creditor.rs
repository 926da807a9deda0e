//! The creditor's account and bank in the API's fields, for each kind of address.

use super::{ApiAgentId, ApiPayment, PaymentFaults, agent};
use crate::ApiPaymentType;
use accounts::{AccountType, AddressField, AliasType, PayoutAddress};
use serde_json::{Value, json};

/// Where the money goes, in the API's fields.
pub(crate) struct CreditorAccount {
    /// The market that limits belong to.
    pub market: &'static str,
    /// `creditor.account`.
    pub account: Value,
    /// `creditorAgent`.
    pub agent: Option<Value>,
}

impl CreditorAccount {
    pub(crate) fn account_number(&self) -> Option<&str> {
        self.account.get("accountNumber").and_then(Value::as_str)
    }
}

/// The account and the bank of a payment's creditor; notes why the payment's type can't reach it.
pub(crate) fn account(payment: &ApiPayment, faults: &mut PaymentFaults) -> Option<CreditorAccount> {
    let (address, payment_type) = (&payment.creditor.address, payment.payment_type);
    let other_currency = address.currency().filter(|currency| *currency != payment.amount.currency());
    if let Some(currency) = other_currency.filter(|_| payment_type != ApiPaymentType::Wire) {
        faults.add("amount", format!("be in {currency}, the currency of the account"));
    }
    let found = if address.alias().is_some() { of_alias(payment, faults)? } else { of_account(payment, faults) };
    if found.is_none() {
        let must = format!("be of a kind that {} pays: {} is not", payment_type.word(), address.kind().name());
        faults.add("creditor.address", must);
    }
    found
}

/// An account at a bank.
fn of_account(payment: &ApiPayment, faults: &mut PaymentFaults) -> Option<CreditorAccount> {
    use AddressField as F;
    let address = &payment.creditor.address;
    let value = |field| address.value(field).unwrap_or_default();
    let (market, market_type) = market_of(payment)?;
    let mut account = json!({"accountNumber": address.number()});
    if let Some(kind) = market_type {
        account["accountType"] = json!(kind);
    }
    let clearing = |id: &str| Some(agent(ApiAgentId::ClearingSystem, id, None));
    let agent = match address {
        PayoutAddress::Iban(iban) => iban.bic().map(|bic| agent(ApiAgentId::Bic, bic.as_str(), None)),
        PayoutAddress::Us(_) => Some(agent(ApiAgentId::RoutingNumber, value(F::RoutingNumber), None)),
        PayoutAddress::Uk(_) => clearing(value(F::SortCode)),
        PayoutAddress::PixAccount(_) => {
            if payment.creditor.tax_id.is_none() {
                faults.add("creditor.tax_id", "be given for Pix");
            }
            Some(agent(ApiAgentId::ClearingSystem, value(F::Ispb), Some(value(F::BranchCode))))
        }
        PayoutAddress::India(_) => clearing(value(F::Ifsc)),
        PayoutAddress::Australia(_) => clearing(value(F::Bsb)),
        PayoutAddress::Singapore(_) => Some(agent(ApiAgentId::Bic, value(F::Bic), None)),
        PayoutAddress::HongKong(_) => clearing(value(F::BankCode)),
        PayoutAddress::Canada(_) => clearing(value(F::RoutingNumber)),
        // The CLABE names its bank.
        _ => None,
    };
    if market == "US ACH" && !matches!(address.value(F::AccountType), Some("checking" | "savings")) {
        faults.add("creditor.address", "say whether the account is checking or savings, which ACH asks for");
    }
    Some(CreditorAccount { market, account, agent })
}

/// The market of an account at a bank, and the type that the API gives the account there. `None`: this kind of payment does not reach it.
fn market_of(payment: &ApiPayment) -> Option<(&'static str, Option<&'static str>)> {
    use ApiPaymentType::{Ach, Rtp, Wire};
    Some(match (&payment.creditor.address, payment.payment_type) {
        (PayoutAddress::Us(_), Rtp) => ("US RTP", None),
        (PayoutAddress::Us(us), Ach) => ("US ACH", Some(if us.account_type() == Some(AccountType::Savings) { "SVGS" } else { "CACC" })),
        (PayoutAddress::Iban(_), Rtp | Ach) if payment.amount.currency().code() == "EUR" => ("SEPA", Some("IBAN")),
        (PayoutAddress::Iban(_), Wire) => ("wire", Some("IBAN")),
        (PayoutAddress::Uk(_), Rtp) => ("UK FPS", None),
        (PayoutAddress::Uk(_), Ach) => ("UK BACS", None),
        (PayoutAddress::Clabe(_), Rtp) => ("MX SPEI", Some("CLABE")),
        (PayoutAddress::PixAccount(account), Rtp) => ("BR PIX", pix_type(account.account_type())),
        // India asks for a type that the address does not have: the current account is the one without further meaning there.
        (PayoutAddress::India(_), Rtp) => ("IN IMPS", Some("OTHER")),
        (PayoutAddress::Australia(_), Rtp) => ("AU RTP", None),
        (PayoutAddress::Singapore(_), Rtp) => ("SG RTP", None),
        (PayoutAddress::HongKong(_), Rtp) => ("HK FPS", Some("BBAN")),
        (PayoutAddress::Canada(_), Ach) => ("CA ACH", None),
        (PayoutAddress::Us(_) | PayoutAddress::Singapore(_) | PayoutAddress::HongKong(_), Wire) => ("wire", None),
        _ => return None,
    })
}

const fn pix_type(account: AccountType) -> Option<&'static str> {
    match account {
        AccountType::Savings => Some("SVGS"),
        AccountType::Current => Some("CACC"),
        AccountType::Salary => Some("SLRY"),
        AccountType::Transaction => Some("TRAN"),
        AccountType::Checking | AccountType::Ordinary => None,
    }
}

/// An account that a scheme or a wallet finds by a name. `Some(None)`: the type of payment does not reach it; `None`: the alias is of a type that the API has no
/// name for, which is noted.
#[allow(clippy::option_option, reason = "the two failures are reported differently")]
fn of_alias(payment: &ApiPayment, faults: &mut PaymentFaults) -> Option<Option<CreditorAccount>> {
    use ApiPaymentType::{Interac, Paypal, Rtp, Venmo};
    let address = &payment.creditor.address;
    let alias = address.alias()?;
    let wallet = address.value(AddressField::Wallet).unwrap_or_default();
    let market = match (address, payment.payment_type) {
        (PayoutAddress::PixKey(_), Rtp) => "BR PIX",
        (PayoutAddress::PayId(_), Rtp) => "AU RTP",
        (PayoutAddress::PayNow(_), Rtp) => "SG RTP",
        (PayoutAddress::FpsProxy(_), Rtp) => "HK FPS",
        (PayoutAddress::Interac(_), Interac) => "CA INTERAC",
        (PayoutAddress::Wallet(_), Paypal) if wallet == "paypal" => "PAYPAL",
        (PayoutAddress::Wallet(_), Venmo) if wallet == "venmo" => "VENMO",
        _ => return Some(None),
    };
    let Some(scheme) = scheme_of(market, alias.alias_type()) else {
        faults.add("creditor.address", format!("be an alias that the API has a name for in {market}"));
        return None;
    };
    if market == "BR PIX" && payment.creditor.tax_id.is_none() {
        faults.add("creditor.tax_id", "be given for Pix");
    }
    let identifier = json!({"identifier": alias.as_str(), "idType": "PROPRIETARY", "proprietarySchemeName": scheme});
    Some(Some(CreditorAccount { market, account: json!({"alternateAccountIdentifiers": [identifier]}), agent: None }))
}

/// The API's name for a type of alias in a market.
fn scheme_of(market: &str, alias: AliasType) -> Option<&'static str> {
    Some(match (market, alias) {
        ("BR PIX", AliasType::Cpf) => "CPF",
        ("BR PIX", AliasType::Cnpj) => "CNPJ",
        ("BR PIX", AliasType::Evp) => "EVP",
        ("BR PIX" | "HK FPS", AliasType::Phone) => "MOBN",
        ("HK FPS", AliasType::FpsId) => "SVID",
        ("SG RTP", AliasType::Phone) => "MSIDN",
        ("SG RTP", AliasType::Nric) => "NRIC",
        ("SG RTP", AliasType::Uen) => "UEN",
        ("SG RTP", AliasType::Vpa) => "VPA",
        ("AU RTP", AliasType::Abn) => "AUBN",
        ("AU RTP", AliasType::Organisation) => "ORGN",
        ("AU RTP" | "CA INTERAC" | "PAYPAL" | "VENMO", AliasType::Phone) => "TELI",
        ("PAYPAL", AliasType::PayerId) => "ACCN",
        ("VENMO", AliasType::UserName) => "ALIS",
        (_, AliasType::Email) => "EMAL",
        _ => return None,
    })
}
