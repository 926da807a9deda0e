//! A bank's message: what it says in words, beside its text.
use crate::view::{amounts::count, facts::joined, times::TimeView};
use api::payout::{BankMessage, BankMessageField};
use money::text::shown;

/// A field in words.
pub(super) struct FieldView {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) text: String,
    pub(super) meaning: String,
}

/// A message.
pub(super) struct MessageView {
    /// Its number on the page, for ids of elements.
    pub(super) number: usize,
    /// `sent` or `received`.
    pub(super) direction: String,
    pub(super) kind: String,
    /// The HTTP status and how often it came, if it says something.
    pub(super) notes: String,
    pub(super) time: TimeView,
    pub(super) last: TimeView,
    pub(super) fields: Vec<FieldView>,
    pub(super) text: String,
    pub(super) left_out: String,
}

pub(super) fn message(at: usize, message: &BankMessage) -> MessageView {
    let status = if message.http_status == 0 { String::new() } else { format!("HTTP {}", message.http_status) };
    let times = if message.times > 1 { format!("{} times", count(message.times)) } else { String::new() };
    MessageView {
        number: at + 1,
        direction: if message.direction == "sent" { "To the bank".to_owned() } else { "From the bank".to_owned() },
        kind: shown(&message.kind).into_owned(),
        notes: joined([status, times], ", "),
        time: TimeView::of(message.time.as_ref()),
        last: if message.times > 1 { TimeView::of(message.last_time.as_ref()) } else { TimeView::default() },
        fields: message.fields.iter().map(field).collect(),
        text: message.text.split('\n').map(|line| shown(line).into_owned()).collect::<Vec<_>>().join("\n"),
        left_out: if message.bytes_left_out > 0 { count(message.bytes_left_out) } else { String::new() },
    }
}

fn field(field: &BankMessageField) -> FieldView {
    let text = |text: &str| shown(text).into_owned();
    FieldView { name: text(&field.name), path: text(&field.path), text: text(&field.text), meaning: text(&field.meaning) }
}
