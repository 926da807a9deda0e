//! The texts that RSA2 signs: parameters in the order of their names, and the raw bytes of an answer (opendocs.alipay.com/common/02mriz, read in the source of
//! alipay-easysdk).

use std::collections::BTreeMap;

use serde::de::IgnoredAny;

/// Parameters of a request or a notification, each once.
pub type Parameters = BTreeMap<String, String>;

/// What is signed of parameters: all but these, in the order of their names. A request signs its `sign_type`, a notification does not.
#[must_use]
pub fn content(parameters: &Parameters, without: &[&str]) -> String {
    let signed = parameters.iter().filter(|(name, _)| !without.contains(&name.as_str()));
    signed.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// Parameters as a form.
#[must_use]
pub fn form(parameters: &Parameters) -> String {
    let mut url = reqwest::Url::parse("http://form/").expect("a constant");
    url.query_pairs_mut().extend_pairs(parameters);
    url.query().unwrap_or_default().to_owned()
}

/// The parameters of a form; `None` where it is not UTF-8 or has a name twice, of which each side could read another.
#[must_use]
pub fn read_form(body: &[u8]) -> Option<Parameters> {
    let text = std::str::from_utf8(body).ok()?;
    let mut url = reqwest::Url::parse("http://form/").expect("a constant");
    url.set_query(Some(text));
    let mut parameters = Parameters::new();
    for (name, value) in url.query_pairs() {
        if parameters.insert(name.into_owned(), value.into_owned()).is_some() {
            return None;
        }
    }
    Some(parameters)
}

/// The members of the object that an answer is, each with its raw bytes: they are what is signed. `None` where it is no such object, or has a name twice: whoever
/// reads the other one would read what nobody signed.
#[must_use]
pub fn members(answer: &[u8]) -> Option<Vec<(String, &[u8])>> {
    let mut members: Vec<(String, &[u8])> = Vec::new();
    let mut rest = after(answer, b'{')?;
    if after(rest, b'}').is_some() {
        return Some(members);
    }
    loop {
        let mut names = serde_json::Deserializer::from_slice(rest).into_iter::<String>();
        let name = names.next()?.ok()?;
        rest = after(&rest[names.byte_offset()..], b':')?.trim_ascii_start();
        let mut values = serde_json::Deserializer::from_slice(rest).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        let (value, behind) = rest.split_at(values.byte_offset());
        if members.iter().any(|(known, _)| *known == name) {
            return None;
        }
        members.push((name, value));
        match after(behind, b',') {
            Some(next) => rest = next,
            None => return after(behind, b'}').filter(|end| end.trim_ascii().is_empty()).map(|_| members),
        }
    }
}

/// What follows this mark, with white space before it.
fn after(bytes: &[u8], mark: u8) -> Option<&[u8]> {
    bytes.trim_ascii_start().strip_prefix(&[mark])
}

#[cfg(test)]
mod tests;
