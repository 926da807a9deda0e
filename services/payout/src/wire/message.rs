//! A bank's message as staff may read it: what it says in words, and its text, both with accounts and people's names masked.
//!
//! What is masked follows from where it stands in the message, and from what is known of the person paid, wherever that stands. Of what can't be read, every longer
//! number is masked. [`words`]: names of fields and codes.

mod masks;
mod words;

use crate::store::messages::BankMessage;
use api::payout as pb;
use iso20022::xml::texts::{MessageText, read_texts};
use masks::{Personal, account_like, mask_account, mask_name};
use money::text::shown;
use rpc::wire::timestamp_ms;
use serde_json::Value;

/// Most messages of a payout that are shown, the newest ones.
const MESSAGES_SHOWN_MAX: usize = 20;
/// Most bytes of a message that are shown.
const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Most fields that are shown.
const FIELDS_MAX: usize = 200;
/// Most characters of a field's text.
const FIELD_CHARS_MAX: usize = 350;
/// Most bytes of a field's path.
const PATH_BYTES_MAX: usize = 200;
/// The deepest field of JSON that is shown.
const JSON_DEPTH_MAX: usize = 16;

/// What is known of the payment that a message is about.
#[derive(Debug, Clone, Default)]
struct KnownPayment {
    /// Texts about the person paid: names and account numbers, wherever they stand.
    personal: Vec<String>,
    /// Ids of the payment, which are never masked.
    ids: Vec<String>,
}

/// A text of a message, and how it is shown.
struct MaskedText {
    path: Vec<String>,
    plain: String,
    masked: String,
}

/// A payout with the newest of its messages, as staff see them.
#[must_use]
pub fn with_messages(payout: pb::Payout, messages: &[BankMessage], personal: Vec<String>) -> pb::Payout {
    let attempts = payout.attempts.iter().flat_map(|attempt| [attempt.end_to_end_id.clone(), attempt.reference.clone()]);
    let ids: Vec<String> = attempts.chain([payout.end_to_end_id.clone(), payout.payout_id.clone()]).filter(|id| !id.is_empty()).collect();
    let known = KnownPayment { personal, ids };
    let older = messages.len().saturating_sub(MESSAGES_SHOWN_MAX);
    pb::Payout {
        messages: messages[older..].iter().map(|kept| message(kept, &known)).collect(),
        messages_left_out: i32::try_from(older).unwrap_or(i32::MAX),
        ..payout
    }
}

/// A message as staff see it.
fn message(kept: &BankMessage, known: &KnownPayment) -> pb::BankMessage {
    let personal = Personal::new(&known.personal, &known.ids);
    let text = String::from_utf8_lossy(&kept.body);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let read = read_texts(text);
    let name = read.as_ref().map(|read| read.name.clone()).unwrap_or_default();
    let (masked, found) = match (read, text.trim_start().starts_with(['{', '['])) {
        (Some(read), _) => xml(text, &read.texts, &personal),
        (None, true) => match serde_json::from_str::<Value>(text) {
            Ok(value) => json(text, &value, &personal),
            Err(_) => (personal.unreadable(text), Vec::new()),
        },
        (None, false) => (personal.unreadable(text), Vec::new()),
    };
    let cut = masked.floor_char_boundary(TEXT_BYTES_MAX);
    pb::BankMessage {
        direction: kept.direction.to_owned(),
        // Older programs had one name for every message that they sent.
        kind: if name.is_empty() { kept.kind.to_owned() } else { shown(&name).into_owned() },
        http_status: i32::try_from(kept.http_status).unwrap_or(0),
        time: Some(timestamp_ms(kept.at_ms)),
        times: kept.times.max(1),
        last_time: Some(timestamp_ms(kept.last_at_ms)),
        text: shown_lines(&masked[..cut]),
        bytes_left_out: i64::try_from(masked.len() - cut).unwrap_or(i64::MAX),
        fields: found.into_iter().take(FIELDS_MAX).map(field).collect(),
    }
}

/// Without hidden characters, but with its lines.
fn shown_lines(text: &str) -> String {
    text.split('\n').map(|line| shown(line.trim_end_matches('\r')).into_owned()).collect::<Vec<_>>().join("\n")
}

fn field(found: MaskedText) -> pb::BankMessageField {
    let path = shown(&found.path.join("/")).into_owned();
    pb::BankMessageField {
        path: path[..path.floor_char_boundary(PATH_BYTES_MAX)].to_owned(),
        name: shown(&words::name(&found.path)).chars().take(FIELD_CHARS_MAX).collect(),
        meaning: words::meaning(&found.path, &found.plain).to_owned(),
        text: shown(&found.masked).chars().take(FIELD_CHARS_MAX).collect(),
    }
}

fn xml(message: &str, texts: &[MessageText], personal: &Personal) -> (String, Vec<MaskedText>) {
    let (mut masked, mut from, mut found) = (String::with_capacity(message.len()), 0, Vec::new());
    for text in texts {
        let shown = mask(&text.path, &text.text, personal);
        masked.push_str(&personal.anywhere(&message[from..text.range.start]));
        masked.push_str(if shown == text.text { &message[text.range.clone()] } else { &shown });
        from = text.range.end;
        let currency = if text.currency.is_empty() { String::new() } else { format!(" {}", text.currency) };
        found.push(MaskedText { path: text.path.clone(), plain: text.text.clone(), masked: format!("{shown}{currency}") });
    }
    masked.push_str(&personal.anywhere(&message[from..]));
    (masked, found)
}

fn json(message: &str, value: &Value, personal: &Personal) -> (String, Vec<MaskedText>) {
    let mut found = Vec::new();
    walk(value, &mut Vec::new(), personal, &mut found);
    let mut masked = message.to_owned();
    for text in found.iter().filter(|text| text.plain != text.masked) {
        // As the text stands in the message: in quotes, escaped.
        let quoted = |text: &str| serde_json::to_string(text).unwrap_or_default();
        masked = masked.replace(&quoted(&text.plain), &quoted(&text.masked));
    }
    (personal.anywhere(&masked), found)
}

fn walk(value: &Value, path: &mut Vec<String>, personal: &Personal, found: &mut Vec<MaskedText>) {
    if path.len() > JSON_DEPTH_MAX {
        return;
    }
    let plain = match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                path.push(name.clone());
                walk(value, path, personal, found);
                path.pop();
            }
            return;
        }
        Value::Array(values) => return values.iter().for_each(|value| walk(value, path, personal, found)),
        Value::Null => return,
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
    };
    if !plain.is_empty() {
        found.push(MaskedText { path: path.clone(), masked: mask(path, &plain, personal), plain });
    }
}

/// A text as it is shown at this place.
fn mask(path: &[String], text: &str, personal: &Personal) -> String {
    match words::place(path) {
        words::TextPlace::Account => mask_account(text),
        words::TextPlace::Person => mask_name(text),
        words::TextPlace::Open if personal.is_id(text) => text.to_owned(),
        words::TextPlace::Open => personal.anywhere(text),
        words::TextPlace::Free if account_like(text) => personal.unreadable(text),
        words::TextPlace::Free => personal.anywhere(text),
    }
}

#[cfg(test)]
mod tests;
