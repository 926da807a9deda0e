//! The body of `POST /payments` as the bank reads it, and what is wrong with one.

use super::own_account;
use bankapi::{ApiPaymentType, json::parse, status::read_money};
use jiff::civil::Date;
use money::Money;
use serde_json::{Value, json};

/// The fields that a request may have.
const FIELDS: [&str; 21] = [
    "requestedExecutionDate",
    "paymentIdentifiers",
    "value",
    "transferType",
    "paymentType",
    "paymentTypeInformation",
    "debtor",
    "debtorAgent",
    "creditor",
    "creditorAgent",
    "additionalParties",
    "paymentPurpose",
    "remittanceInformation",
    "taxInformation",
    "regulatoryReporting",
    "settlementInformation",
    "mandateInformation",
    "fxInformation",
    "secureVerification",
    "paymentExpiresAt",
    "chargesInformation",
];

/// A payment that was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestedPayment {
    pub end_to_end_id: String,
    pub payment_type: ApiPaymentType,
    pub amount: Money,
    pub creditor_name: String,
    /// The request as it came.
    pub body: Value,
}

/// An error of the API: status, code of five digits, words, and the field as a JSON path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiRequestError {
    pub http_status: u16,
    pub code: String,
    pub words: String,
    pub field: Option<&'static str>,
}

impl ApiRequestError {
    pub fn new(http_status: u16, code: &str, words: &str, field: Option<&'static str>) -> Self {
        Self { http_status, code: code.to_owned(), words: words.to_owned(), field }
    }

    fn at(code: &str, words: &str, field: &'static str) -> Self {
        Self::new(400, code, words, Some(field))
    }

    /// The body of the answer.
    pub fn body(&self) -> Value {
        let mut context = json!({"code": self.code, "message": self.words});
        if let Some(field) = self.field {
            context["location"] = json!(if field.starts_with('$') { "BODY" } else { "HEADER" });
            context["field"] = json!(field);
        }
        json!({"title": "The request was not taken", "httpStatus": self.http_status, "context": [context]})
    }
}

/// A text at a place, which must be there and have a length.
fn text<'a>(body: &'a Value, pointer: &str, field: &'static str, chars_max: usize) -> Result<&'a str, ApiRequestError> {
    let value = body.pointer(pointer).filter(|value| !value.is_null());
    let value = value.ok_or_else(|| ApiRequestError::at("10001", "Mandatory field is missing", field))?;
    let text = value.as_str().ok_or_else(|| ApiRequestError::at("10103", "Must be a text", field))?;
    match text.chars().count() {
        0 => Err(ApiRequestError::at("10002", "Too short", field)),
        chars if chars > chars_max => Err(ApiRequestError::at("10003", "Too long", field)),
        // No table of the bank takes this one.
        _ if text.contains('\0') => Err(ApiRequestError::at("10103", "Has a character that is not allowed", field)),
        _ => Ok(text),
    }
}

/// Reads a request; `today` is the bank's day.
pub fn read(bytes: &[u8], today: Date) -> Result<RequestedPayment, ApiRequestError> {
    let body = parse(bytes).map_err(|error| ApiRequestError::new(400, "10103", &error.to_string(), None))?;
    let fields = body.as_object().ok_or_else(|| ApiRequestError::at("10103", "Must be an object", "$"))?;
    if fields.keys().any(|name| !FIELDS.contains(&name.as_str())) {
        return Err(ApiRequestError::at("10105", "Unexpected field", "$"));
    }
    let end_to_end_id = text(&body, "/paymentIdentifiers/endToEndId", "$.paymentIdentifiers.endToEndId", 128)?.to_owned();
    let date = text(&body, "/requestedExecutionDate", "$.requestedExecutionDate", 10)?;
    check_date(date, today)?;
    if text(&body, "/transferType", "$.transferType", 6)? != "CREDIT" {
        return Err(ApiRequestError::at("10104", "Only CREDIT is taken", "$.transferType"));
    }
    let word = text(&body, "/paymentType", "$.paymentType", 16)?;
    let known = ApiPaymentType::from_word(word).filter(|kind| !matches!(kind, ApiPaymentType::Card | ApiPaymentType::Blockchain));
    let payment_type = known.ok_or_else(|| ApiRequestError::at("10104", "Not a payment type of this bank", "$.paymentType"))?;
    let amount = amount(&body)?;
    let account = text(&body, "/debtor/account/accountNumber", "$.debtor.account.accountNumber", 128)?;
    if account != own_account(amount.currency()).number() {
        return Err(ApiRequestError::at(
            "11002",
            "The debtor account is not yours or has another currency",
            "$.debtor.account.accountNumber",
        ));
    }
    if body.pointer("/debtorAgent/financialInstitutionIds/0/id").is_none() {
        return Err(ApiRequestError::at("10001", "Mandatory field is missing", "$.debtorAgent"));
    }
    let creditor_name = text(&body, "/creditor/name", "$.creditor.name", 140)?.to_owned();
    if payment_type.is_between_banks() && body.pointer("/creditor/account/accountNumber").is_some() {
        text(&body, "/creditor/account/accountNumber", "$.creditor.account.accountNumber", 128)?;
    } else {
        text(&body, "/creditor/account/alternateAccountIdentifiers/0/identifier", "$.creditor.account", 500)?;
    }
    Ok(RequestedPayment { end_to_end_id, payment_type, amount, creditor_name, body })
}

fn amount(body: &Value) -> Result<Money, ApiRequestError> {
    let currency = text(body, "/value/currency", "$.value.currency", 3)?;
    let amount = text(body, "/value/amount", "$.value.amount", 40)?;
    let money =
        read_money(currency, amount).ok_or_else(|| ApiRequestError::at("10103", "Must be an amount of its currency", "$.value.amount"))?;
    if money.minor_units() == 0 {
        return Err(ApiRequestError::at("10100", "Must be more than zero", "$.value.amount"));
    }
    Ok(money)
}

/// Today, and a day on either side, because payer and bank may be in different zones.
fn check_date(text: &str, today: Date) -> Result<(), ApiRequestError> {
    let field = "$.requestedExecutionDate";
    let date: Date = text.parse().map_err(|_| ApiRequestError::at("10103", "Must be a date such as 2026-11-27", field))?;
    let near = today.yesterday().is_ok_and(|day| date >= day) && today.tomorrow().is_ok_and(|day| date <= day);
    if near { Ok(()) } else { Err(ApiRequestError::at("10102", "Must be today: this bank schedules nothing", field)) }
}

#[cfg(test)]
mod tests;
