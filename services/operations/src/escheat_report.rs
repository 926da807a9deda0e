//! The report of unclaimed property, asked of a running purchase service, and shown as CSV or as JSON.

use crate::{OperationFault, staff_call};
use api::purchase::{EscheatLine, GetEscheatReportRequest, GetEscheatReportResponse, purchase_service_client::PurchaseServiceClient};
use rpc::{ANSWER_BYTES_MAX, Transport};
use serde_json::{Value, json};

/// Columns of the lines.
const COLUMNS: [&str; 14] = [
    "day",
    "entity",
    "market",
    "currency",
    "inactive_years",
    "owners",
    "paid_coins",
    "bonus_coins",
    "promotional_coins",
    "deferred_minor_units",
    "prepaid_commission_minor_units",
    "dormant_after_years",
    "dormant",
    "rule_source",
];

/// Asks for the report of a day, as whoever the token names, for this reason.
pub async fn ask(
    transport: Transport,
    token: &str,
    reason: &str,
    request: GetEscheatReportRequest,
) -> Result<GetEscheatReportResponse, OperationFault> {
    let request = staff_call::request(request, token, reason)?;
    let mut client = PurchaseServiceClient::new(transport).max_decoding_message_size(ANSWER_BYTES_MAX);
    Ok(client.get_escheat_report(request).await.map_err(|status| status.message().to_owned())?.into_inner())
}

/// The lines as CSV, with a header. A cell that begins like a formula gets an apostrophe in front, or a spreadsheet would compute it.
pub fn csv(report: &GetEscheatReportResponse) -> Result<String, OperationFault> {
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(COLUMNS)?;
    for line in &report.lines {
        let cell = |text: &String| if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { format!("'{text}") } else { text.clone() };
        csv.write_record(cells(&report.day, line).iter().map(cell))?;
    }
    Ok(String::from_utf8(csv.into_inner()?)?)
}

fn cells(day: &str, line: &EscheatLine) -> [String; 14] {
    let amount = |money: Option<&api::r#type::Money>| money.map_or_else(String::new, |money| money.minor_units.to_string());
    [
        day.to_owned(),
        line.entity.clone(),
        line.market.clone(),
        line.deferred.as_ref().map_or_else(String::new, |money| money.currency_code.clone()),
        line.inactive_years.to_string(),
        line.owners.to_string(),
        line.paid_coins.to_string(),
        line.bonus_coins.to_string(),
        line.promotional_coins.to_string(),
        amount(line.deferred.as_ref()),
        amount(line.prepaid_commission.as_ref()),
        line.dormant_after_years.to_string(),
        line.dormant.to_string(),
        line.rule_source.clone(),
    ]
}

/// The report as JSON: each line by the names of the columns.
#[must_use]
pub fn json(report: &GetEscheatReportResponse) -> Value {
    let line = |line: &EscheatLine| {
        let value = |(name, text): (&&str, String)| ((*name).to_owned(), value(name, text));
        Value::Object(COLUMNS.iter().zip(cells(&report.day, line)).map(value).collect())
    };
    json!({ "day": report.day, "seq": report.seq, "lines": report.lines.iter().map(line).collect::<Vec<_>>() })
}

/// A cell as JSON: numbers are numbers, and an amount that there is none of is null.
fn value(name: &str, text: String) -> Value {
    match name {
        "day" | "entity" | "market" | "currency" | "rule_source" => Value::String(text),
        "dormant" => json!(text == "true"),
        _ => text.parse::<i64>().map_or(Value::Null, |number| json!(number)),
    }
}

#[cfg(test)]
mod tests;
