//! Payments to be sent: from neutral values to the body of `POST /payments`.
//!
//! What the description demands per country is in prose and partly contradicts itself (a CLABE has 18 digits where 16 are allowed; the longest name of SEPA is
//! given as 34, the length of an IBAN). [`ApiRules`] holds those lengths as dated rows, which an operator replaces when the bank says otherwise.

use crate::ApiPaymentType;
use accounts::{
    AddressField, PayoutAddress,
    holder::{HolderAddress, HolderName},
};
use jiff::civil::Date;
use money::Money;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

mod creditor;
mod limits;

pub use limits::{ApiMarketLimit, ApiRules};

/// Our account at the bank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiDebtor {
    /// The holder, as the bank knows it: 1 to 140 characters.
    pub name: String,
    /// Number or IBAN.
    pub account_number: String,
    /// `DDA`, `VAM` or `IBAN`; wallets and Interac don't take it.
    pub account_type: ApiDebtorAccount,
    /// The bank's branch that holds it: a BIC, routing number, sort code or id in a clearing system.
    pub agent: (ApiAgentId, String),
    /// For ACH: the company's id, which returns are routed by. 1 to 35 characters.
    pub company_id: Option<String>,
}

/// Kind of our account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApiDebtorAccount {
    /// `DDA`: an account of its own.
    Demand,
    /// `VAM`: a virtual account.
    Virtual,
    /// `IBAN`.
    Iban,
}

impl ApiDebtorAccount {
    const fn word(self) -> &'static str {
        match self {
            Self::Demand => "DDA",
            Self::Virtual => "VAM",
            Self::Iban => "IBAN",
        }
    }
}

/// How a bank is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApiAgentId {
    /// `BIC`.
    Bic,
    /// `USABA`: nine digits.
    RoutingNumber,
    /// `SORT_CODE`: six digits.
    SortCode,
    /// `CLEARING_SYSTEM_ID`: the member's id in the country's clearing.
    ClearingSystem,
}

impl ApiAgentId {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Bic => "BIC",
            Self::RoutingNumber => "USABA",
            Self::SortCode => "SORT_CODE",
            Self::ClearingSystem => "CLEARING_SYSTEM_ID",
        }
    }
}

/// Who is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiCreditor {
    /// The holder.
    pub name: HolderName,
    /// Where the money goes.
    pub address: PayoutAddress,
    /// Where the holder lives, if the rail asks.
    pub postal: Option<HolderAddress>,
    /// The holder's tax id, which Pix asks for. 1 to 35 characters.
    pub tax_id: Option<String>,
    /// A company, and not a natural person.
    pub is_company: bool,
}

/// The company on whose behalf our account pays, where that is another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiUltimateDebtor {
    /// Its name: 1 to 140 characters.
    pub name: String,
    /// An id under which it is registered, such as an LEI, without which the API takes no company: 1 to 35 characters.
    pub organization_id: String,
}

/// A payment, whatever bank API it goes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiPayment {
    /// How it is paid.
    pub payment_type: ApiPaymentType,
    /// Our id: 1 to 35 printable characters of ASCII, so that it also fits where ISO messages carry it.
    pub end_to_end_id: String,
    /// The day on which it is to be executed, not in the past on the bank's clock.
    pub execution_date: Date,
    /// How much: more than zero.
    pub amount: Money,
    /// Who pays.
    pub debtor: ApiDebtor,
    /// On whose behalf; none: the debtor's own.
    pub ultimate_debtor: Option<ApiUltimateDebtor>,
    /// Who is paid.
    pub creditor: ApiCreditor,
    /// For the payee, in one line.
    pub remittance: Option<String>,
    /// ACH: asks for settlement on the same day.
    pub same_day: bool,
}

/// Why a payment can't be sent. It was not sent, and nothing personal is repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} must {must}")]
pub struct ApiPaymentFault {
    /// The part of the payment, such as `creditor.name`.
    pub field: &'static str,
    /// What it must, to be read after `must`.
    pub must: Cow<'static, str>,
}

/// Collects what is wrong with a payment.
#[derive(Debug, Default)]
pub(crate) struct PaymentFaults(Vec<ApiPaymentFault>);

impl PaymentFaults {
    pub(crate) fn add(&mut self, field: &'static str, must: impl Into<Cow<'static, str>>) {
        self.0.push(ApiPaymentFault { field, must: must.into() });
    }

    /// Checks the length of a text that has no hidden characters.
    fn check(&mut self, field: &'static str, text: &str, chars_max: usize) {
        let chars = text.chars().count();
        if !(1..=chars_max).contains(&chars) || !money::text::is_plain(text) || text.trim() != text {
            self.add(field, format!("have 1 to {chars_max} characters, none of them hidden and no blanks at its ends"));
        }
    }
}

impl ApiPayment {
    /// The body of the request. Reports everything that is wrong with the payment; then there is no body.
    pub fn body(&self, rules: &ApiRules) -> Result<Value, Vec<ApiPaymentFault>> {
        let mut faults = PaymentFaults::default();
        self.check(&mut faults);
        let Some(creditor) = creditor::account(self, &mut faults) else { return Err(faults.0) };
        let limit = rules.limit(creditor.market);
        if let Some(limit) = limit {
            faults.check("creditor.name", self.creditor.name.as_str(), limit.name_chars_max);
            if let Some(number) = creditor.account_number() {
                faults.check("creditor.address", number, limit.account_chars_max);
            }
        }
        if let Some(text) = &self.remittance {
            faults.check("remittance", text, limit.map_or(140, |limit| limit.remittance_chars_max));
        }
        if !faults.0.is_empty() {
            return Err(faults.0);
        }
        Ok(self.assembled(creditor))
    }

    fn check(&self, faults: &mut PaymentFaults) {
        let id = &self.end_to_end_id;
        if !(1..=35).contains(&id.len()) || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            faults.add("end_to_end_id", "have 1 to 35 printable characters of ASCII without blanks");
        }
        if self.amount.minor_units() == 0 {
            faults.add("amount", "be more than zero");
        }
        faults.check("debtor.name", &self.debtor.name, 140);
        faults.check("debtor.account_number", &self.debtor.account_number, 128);
        let (kind, agent) = &self.debtor.agent;
        let fits = agent.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && match kind {
                ApiAgentId::Bic => matches!(agent.len(), 8 | 11),
                ApiAgentId::RoutingNumber => agent.len() == 9,
                ApiAgentId::SortCode => agent.len() == 6,
                ApiAgentId::ClearingSystem => (1..=11).contains(&agent.len()),
            };
        if !fits {
            faults.add("debtor.agent", "be a BIC, routing number, sort code or id of a clearing system, as its kind says");
        }
        match &self.debtor.company_id {
            Some(id) => faults.check("debtor.company_id", id, 35),
            None if self.is_us_ach() => faults.add("debtor.company_id", "be given for ACH: returns are routed by it"),
            None => {}
        }
        if let Some(on_behalf_of) = &self.ultimate_debtor {
            faults.check("ultimate_debtor.name", &on_behalf_of.name, 140);
            faults.check("ultimate_debtor.organization_id", &on_behalf_of.organization_id, 35);
        }
        if self.same_day && !self.is_us_ach() {
            faults.add("same_day", "be asked for with ACH in the United States only");
        }
        if let Some(tax_id) = &self.creditor.tax_id {
            faults.check("creditor.tax_id", tax_id, 35);
        }
    }

    fn is_us_ach(&self) -> bool {
        self.payment_type == ApiPaymentType::Ach && matches!(self.creditor.address, PayoutAddress::Us(_))
    }

    fn assembled(&self, creditor: creditor::CreditorAccount) -> Value {
        let mut body = json!({
            "requestedExecutionDate": self.execution_date.to_string(),
            "paymentIdentifiers": {"endToEndId": self.end_to_end_id},
            "value": {"currency": self.amount.currency().code(), "amount": self.amount.to_decimal().to_string()},
            "transferType": "CREDIT",
            "paymentType": self.payment_type.word(),
            "debtor": self.debtor(),
            "debtorAgent": agent(self.debtor.agent.0, &self.debtor.agent.1, None),
        });
        let mut party = json!({"account": creditor.account, "name": self.creditor.name.as_str()});
        if let Some(postal) = &self.creditor.postal {
            party["postalAddress"] = postal_address(postal);
        }
        body["creditor"] = party;
        if let Some(ApiUltimateDebtor { name, organization_id }) = &self.ultimate_debtor {
            let party = json!({"name": name, "organizationIds": [{"organizationId": organization_id}]});
            body["additionalParties"] = json!({"ultimateDebtor": party});
        }
        if let Some(agent) = creditor.agent {
            body["creditorAgent"] = agent;
        }
        if self.is_us_ach() {
            // The description keeps one field for the class; a day's wish is a level of service.
            let mut information = json!({"localInstrumentCode": {"code": if self.creditor.is_company { "CCD" } else { "PPD" }}});
            if self.same_day {
                information["serviceLevelCode"] = json!("SDVA");
            }
            body["paymentTypeInformation"] = information;
        }
        if let Some(text) = &self.remittance {
            body["remittanceInformation"] = json!({"unstructuredInformation": [{"text": text}]});
        }
        if let Some(tax_id) = &self.creditor.tax_id {
            let category = if self.creditor.is_company { "CORPORATE" } else { "INDIVIDUAL" };
            body["taxInformation"] = json!({"creditorTaxInformation": {"taxId": tax_id, "taxpayerCategory": category}});
        }
        body
    }

    fn debtor(&self) -> Value {
        let mut account = json!({"accountNumber": self.debtor.account_number, "accountCurrency": self.amount.currency().code()});
        if self.payment_type.is_between_banks() {
            account["accountType"] = json!(self.debtor.account_type.word());
        }
        if let Some(id) = self.debtor.company_id.as_ref().filter(|_| self.payment_type == ApiPaymentType::Ach) {
            account["companyId"] = json!(id);
        }
        json!({"account": account, "name": self.debtor.name})
    }
}

/// A bank by one id, with the branch if there is one.
pub(crate) fn agent(kind: ApiAgentId, id: &str, branch: Option<&str>) -> Value {
    let mut institution = json!({"id": id, "idType": kind.word()});
    if let Some(branch) = branch {
        institution["branchNumber"] = json!(branch);
    }
    json!({"financialInstitutionIds": [institution]})
}

/// Fields that the API has no room for are left out: the address is for the bank's screening, and a shortened region would name another one.
fn postal_address(postal: &HolderAddress) -> Value {
    let parts = [
        (AddressField::Building, "buildingNumber", 16),
        (AddressField::Street, "streetName", 70),
        (AddressField::Town, "city", 35),
        (AddressField::PostalCode, "postalCode", 20),
    ];
    let mut address = Map::new();
    address.insert("type".to_owned(), json!("ADDR"));
    for (field, name, chars_max) in parts {
        if let Some(text) = postal.value(field).filter(|text| text.chars().count() <= chars_max) {
            address.insert(name.to_owned(), json!(text));
        }
    }
    let is_code = |text: &&str| (2..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    if let Some(region) = postal.value(AddressField::Region).filter(is_code) {
        address.insert("countrySubDivision".to_owned(), json!(region));
    }
    address.insert("country".to_owned(), json!(postal.country()));
    let lines: Vec<&str> = postal.lines().collect();
    if !lines.is_empty() {
        address.insert("addressLines".to_owned(), json!(lines));
    }
    Value::Object(address)
}

#[cfg(test)]
mod tests;
