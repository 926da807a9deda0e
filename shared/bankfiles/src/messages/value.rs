//! Contents of elements as JSON.

use super::field::ContentKind;
use iso20022::{
    Error,
    codes::handling::{CodeAdvice, CodeList},
    value,
    xml::Element,
};
use money::Money;
use serde_json::{Map, Value, json};

/// The content of an element that has no table. `None` where there is nothing to tell; an error says what was expected.
pub(super) fn plain(element: &Element, kind: ContentKind) -> Result<Option<Value>, String> {
    let value = match kind {
        ContentKind::Text => json!(element.text().map_err(form)?),
        ContentKind::Day => json!(day(element)?),
        // As written: the offset tells the writer's day.
        ContentKind::Moment => {
            value::time(element).map_err(form)?;
            json!(element.text().map_err(form)?)
        }
        ContentKind::Money => money_value(value::amount(element).map_err(form)?),
        ContentKind::Decimal => json!(value::decimal(element).map_err(form)?.to_string()),
        ContentKind::Count => json!(value::count(element).map_err(form)?),
        ContentKind::Flag => match element.text().map_err(form)? {
            "true" | "1" => json!(true),
            "false" | "0" => json!(false),
            _ => return Err("true or false".to_owned()),
        },
        ContentKind::Direction => match element.text().map_err(form)? {
            "CRDT" => json!("credit"),
            "DBIT" => json!("debit"),
            _ => return Err("CRDT or DBIT".to_owned()),
        },
        ContentKind::Choice => json!(choice(element)?.0),
        ContentKind::Party => return Ok(name(element).map(|name| json!(name))),
        ContentKind::Agent => return Ok(agent(element)),
        ContentKind::Account => return Ok(account(element)),
        // These have readers of their own.
        ContentKind::Code(_) | ContentKind::Group(_) | ContentKind::OneOf(_) | ContentKind::Amounts => return Ok(None),
    };
    Ok(Some(value))
}

/// `{"currency": "EUR", "minor_units": 1250}`.
fn money_value(money: Money) -> Value {
    json!({ "currency": money.currency().code(), "minor_units": money.minor_units() })
}

/// The form an error names, without the element, which the path has.
fn form(error: Error) -> String {
    match error {
        Error::Value { form, .. } => form.to_owned(),
        other => other.to_string(),
    }
}

fn day(element: &Element) -> Result<String, String> {
    if !element.children().is_empty() {
        let (day, moment) = value::moment_or_day(element).map_err(form)?;
        if moment.is_none() {
            return Ok(day.to_string());
        }
        let chosen = element.children().first().map(|child| child.text().map_err(form)).transpose()?;
        return Ok(chosen.unwrap_or_default().to_owned());
    }
    let text = element.text().map_err(form)?;
    let day = value::date(text).ok_or("an ISO 8601 date")?;
    Ok(day.to_string())
}

/// A plain code, or one of `Cd` and `Prtry`, and whether it is from a list.
fn choice(element: &Element) -> Result<(String, bool), String> {
    if element.children().is_empty() {
        return Ok((element.text().map_err(form)?.to_owned(), true));
    }
    let inner = element.all("CdOrPrtry").next().unwrap_or(element);
    match (inner.optional("Cd").map_err(form)?, inner.optional("Prtry").map_err(form)?) {
        (Some(code), None) => Ok((code.text().map_err(form)?.to_owned(), true)),
        (None, Some(own)) if own.children().is_empty() => Ok((own.text().map_err(form)?.to_owned(), false)),
        (None, Some(own)) => Ok((own.text_of("Id").map_err(form)?.to_owned(), false)),
        _ => Err("either Cd or Prtry".to_owned()),
    }
}

/// A code with what follows from it, and whether it is known.
pub(super) fn code(element: &Element, list: CodeList) -> Result<(Value, bool), String> {
    let (code, is_listed) = choice(element)?;
    if !is_listed {
        return Ok((json!({ "bank_code": code, "for_a_person": true }), false));
    }
    let advice = CodeAdvice::of(list, &code);
    // A statement has as many as it has entries, and nothing is to be done about any.
    if list == CodeList::EntryStatus && !advice.is_for_a_person() {
        return Ok((json!({ "code": advice.code, "meaning": advice.meaning }), true));
    }
    let is_payee_check = advice.cause.is_some_and(iso20022::codes::handling::Cause::is_payee_check);
    let mut value = json!({
        "code": advice.code,
        "meaning": advice.meaning,
        "owner": advice.owner.word(),
        "resend": advice.resend.word(),
        "retryable": advice.resend.is_retryable(),
        "next_step": advice.next_step,
        "payee_text": advice.payee_text,
    });
    if let Value::Object(content) = &mut value {
        if is_payee_check {
            content.insert("payee_check".to_owned(), json!(true));
        }
        if advice.is_for_a_person() {
            content.insert("for_a_person".to_owned(), json!(true));
        }
    }
    Ok((value, !advice.is_for_a_person()))
}

/// The text of the first child of a name, if it has one.
fn child_text<'a>(element: &'a Element, name: &'static str) -> Option<&'a str> {
    element.all(name).next().and_then(|child| child.text().ok())
}

/// A party's name, also in `Pty` or of a bank in `Agt`.
fn name(element: &Element) -> Option<&str> {
    if let Some(agent) = element.all("Agt").chain(element.all("FIId")).next() {
        return agent.all("FinInstnId").next().and_then(|institution| child_text(institution, "Nm"));
    }
    child_text(element.all("Pty").chain(element.all("OrgId")).next().unwrap_or(element), "Nm").or_else(|| child_text(element, "Nm"))
}

fn agent(element: &Element) -> Option<Value> {
    let inner = element.all("FIId").chain(element.all("Agt")).next().unwrap_or(element);
    let Some(institution) = inner.all("FinInstnId").next() else { return name(element).map(|name| json!({ "name": name })) };
    let member = institution.all("ClrSysMmbId").next();
    let system = member.and_then(|member| member.all("ClrSysId").next());
    let parts = [
        ("bic", child_text(institution, "BICFI").or_else(|| child_text(institution, "BIC"))),
        ("clearing_system", system.and_then(|system| child_text(system, "Cd").or_else(|| child_text(system, "Prtry")))),
        ("clearing_member", member.and_then(|member| child_text(member, "MmbId"))),
        ("name", child_text(institution, "Nm")),
    ];
    filled(parts)
}

fn account(element: &Element) -> Option<Value> {
    let id = element.all("Id").next();
    let other = id.and_then(|id| id.all("Othr").next());
    let servicer = element.all("Svcr").next().and_then(|servicer| servicer.all("FinInstnId").next());
    filled([
        ("iban", id.and_then(|id| child_text(id, "IBAN"))),
        ("number", other.and_then(|other| child_text(other, "Id"))),
        ("currency", child_text(element, "Ccy")),
        ("owner", element.all("Ownr").next().and_then(name)),
        ("bank", servicer.and_then(|institution| child_text(institution, "BICFI").or_else(|| child_text(institution, "BIC")))),
    ])
}

fn filled<const N: usize>(parts: [(&str, Option<&str>); N]) -> Option<Value> {
    let content: Map<String, Value> = parts.into_iter().filter_map(|(key, text)| Some((key.to_owned(), json!(text?)))).collect();
    (!content.is_empty()).then_some(Value::Object(content))
}
