//! What the answers to our requests prove.

use crate::{
    ApiException, ApiReadError, ApiStatus,
    json::{ApiNode, parse},
};

/// The most payments in the answer to a query.
const PAYMENTS_MAX: usize = 25;
/// The most errors in an answer.
const ERRORS_MAX: usize = 100;

/// What the answer to `POST /payments` proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InitiationAnswer {
    /// The bank has the payment. It says nothing about its outcome.
    Taken {
        /// The bank's id.
        payment_id: String,
        /// The id that the bank repeats; the caller compares it.
        end_to_end_id: String,
        /// The bank had it before: an earlier request with this key counts.
        duplicate: bool,
    },
    /// The bank refused the request, or can't be understood.
    Failed(ApiFailure),
}

/// An answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiFailure {
    /// What follows for the payment.
    pub verdict: ErrorVerdict,
    /// The errors that the bank listed; may be empty.
    pub errors: Vec<ApiException>,
    /// What happened, for logs and people.
    pub words: String,
}

/// What an error proves about the payment of this request. The order is that of caution: of several errors the last counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorVerdict {
    /// Refused for its content or by a rule (10001 to 10105, 10199, 11500 to 11999): not executed, and the same body never will be.
    Refused,
    /// Refused for our account or permission (11000 to 11499, 14000, status 401 and 403): not executed by this request; operations must look.
    Operations,
    /// Not taken because of load or an outage (12500 to 12999, status 429): repeat with the same key after the given time. Not a proof about an earlier
    /// request with this key.
    LaterSameKey,
    /// 10107: another request with this key is being worked on. Ask, then repeat with the same key.
    Concurrent,
    /// 10106: the key was used with another body. Whatever that was may have been executed: an incident, and never repeated.
    KeyReused,
    /// Perhaps executed (12000 to 12499, 13000, 15000, unknown codes, answers that can't be read): ask by end-to-end id.
    Unknown,
}

/// What the answer to a query proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryAnswer {
    /// The payments that the bank has under the id: one, unless it executed a repeated request again.
    Found(Vec<ApiStatus>),
    /// 404. By payment id it says nothing about ACH and wires; by end-to-end id it is no proof either unless the connector's record says so.
    NotFound,
    /// Says nothing.
    Failed(ApiFailure),
}

/// Reads the answer to `POST /payments`: 200 to 202 with the ids is taken (the description says 202, a page 201); everything else is a failure.
#[must_use]
pub fn read_initiation(http_status: u16, body: &[u8]) -> InitiationAnswer {
    if !matches!(http_status, 200..=202) {
        return InitiationAnswer::Failed(failure(http_status, body));
    }
    let taken = || -> Result<InitiationAnswer, ApiReadError> {
        let document = parse(body)?;
        let node = ApiNode::root(&document)?;
        Ok(InitiationAnswer::Taken {
            payment_id: node.required("paymentId")?,
            end_to_end_id: node.required("endToEndId")?,
            duplicate: node.flag("duplicateRequest")?.unwrap_or(false),
        })
    };
    taken().unwrap_or_else(|error| InitiationAnswer::Failed(unreadable(http_status, &error)))
}

/// Reads the answer to a query by end-to-end id (`{"payments": [...]}`) or by payment id (one payment).
#[must_use]
pub fn read_query(http_status: u16, body: &[u8]) -> QueryAnswer {
    match http_status {
        200 => found(body).map_or_else(|error| QueryAnswer::Failed(unreadable(http_status, &error)), QueryAnswer::Found),
        404 => QueryAnswer::NotFound,
        _ => QueryAnswer::Failed(failure(http_status, body)),
    }
}

fn found(body: &[u8]) -> Result<Vec<ApiStatus>, ApiReadError> {
    let document = parse(body)?;
    let node = ApiNode::root(&document)?;
    if node.value("payments").is_none() {
        return Ok(vec![ApiStatus::of(&node)?]);
    }
    let payments = node.list("payments", PAYMENTS_MAX)?;
    if payments.is_empty() {
        return Err(node.fault("payments", "have at least one payment"));
    }
    payments.iter().map(ApiStatus::of).collect()
}

fn unreadable(http_status: u16, error: &ApiReadError) -> ApiFailure {
    let words = format!("the bank answered {http_status} and {error}; whether it executed the payment is unknown: ask by end-to-end id");
    ApiFailure { verdict: ErrorVerdict::Unknown, errors: Vec::new(), words }
}

/// Reads an answer that is no success.
fn failure(http_status: u16, body: &[u8]) -> ApiFailure {
    let errors = errors(body).unwrap_or_default();
    let of_codes = errors.iter().map(|error| of_code(error.code.as_deref())).max();
    let verdict = match (http_status, of_codes) {
        (401 | 403, _) => ErrorVerdict::Operations,
        // The description says that nothing was taken; the bank may still know an earlier request.
        (429, _) => ErrorVerdict::LaterSameKey,
        (400 | 404 | 409 | 413 | 415 | 422, Some(verdict)) => verdict,
        // An outage is believed; a refusal with the status of a failure contradicts itself.
        (503, Some(ErrorVerdict::LaterSameKey)) => ErrorVerdict::LaterSameKey,
        _ => ErrorVerdict::Unknown,
    };
    let said: Vec<String> = errors.iter().map(said).collect();
    let said = if said.is_empty() { "no error that can be read".to_owned() } else { said.join("; ") };
    let follows = match verdict {
        ErrorVerdict::Refused => "it was not executed; change the payment before another attempt",
        ErrorVerdict::Operations => "it was not executed by this request; check credentials, account and permissions",
        ErrorVerdict::LaterSameKey => "this request was not taken; repeat it later with the same key",
        ErrorVerdict::Concurrent => "another request with this key is in flight; ask by end-to-end id before repeating it",
        ErrorVerdict::KeyReused => "the key was used with another body; find out what that was, and don't repeat this",
        ErrorVerdict::Unknown => "whether it was executed is unknown; ask by end-to-end id",
    };
    ApiFailure { verdict, errors, words: format!("the bank answered {http_status} with {said}; {follows}") }
}

fn said(error: &ApiException) -> String {
    let code = error.code.as_deref().unwrap_or("no code");
    let words: String = error.words.chars().take(120).collect();
    money::text::shown(&format!("{code} ({words})")).into_owned()
}

fn errors(body: &[u8]) -> Result<Vec<ApiException>, ApiReadError> {
    let document = parse(body)?;
    let node = ApiNode::root(&document)?;
    node.list("context", ERRORS_MAX)?.iter().map(ApiException::read).collect()
}

/// What a code of five digits proves. Ranges as in the API's description.
fn of_code(code: Option<&str>) -> ErrorVerdict {
    let number = code.filter(|code| code.len() == 5 && code.bytes().all(|byte| byte.is_ascii_digit())).and_then(|code| code.parse().ok());
    match number.unwrap_or(0_u32) {
        10_001..=10_003 | 10_100..=10_105 | 10_199 | 11_500..=11_999 => ErrorVerdict::Refused,
        11_000..=11_499 | 14_000 => ErrorVerdict::Operations,
        10_106 => ErrorVerdict::KeyReused,
        10_107 => ErrorVerdict::Concurrent,
        12_500..=12_999 => ErrorVerdict::LaterSameKey,
        _ => ErrorVerdict::Unknown,
    }
}

#[cfg(test)]
mod tests;
