//! How accounts and names are masked.
use crate::beneficiaries::masked_name;
use accounts::hidden::masked;

/// Shorter texts about a person are too common to be masked wherever they stand.
const PERSONAL_CHARS_MIN: usize = 5;
/// From so many digits on a number of a text that can't be read may be an account.
const DIGITS_MIN: usize = 6;
/// An entry of an ACH file: its length, its first character, and where it has the receiver's name.
const ACH_LINE_BYTES: usize = 94;
const ACH_ENTRY: char = '6';
const ACH_NAME: std::ops::Range<usize> = 54..76;

/// What is known of the person paid, and the payment's ids.
pub(super) struct Personal {
    /// Each with how it is shown.
    texts: Vec<(String, String)>,
    ids: Vec<String>,
}

impl Personal {
    pub(super) fn new(personal: &[String], ids: &[String]) -> Self {
        let mut texts: Vec<(String, String)> = personal
            .iter()
            .filter(|text| text.chars().count() >= PERSONAL_CHARS_MIN && !ids.contains(text))
            .map(|text| {
                (text.clone(), if text.contains(|c: char| c.is_ascii_digit() || c == '@') { masked(text) } else { masked_name(text) })
            })
            .collect();
        // The longest first: one may be part of another.
        texts.sort_by_key(|(text, _)| std::cmp::Reverse(text.len()));
        Self { texts, ids: ids.to_vec() }
    }

    pub(super) fn is_id(&self, text: &str) -> bool {
        self.ids.iter().any(|id| id == text)
    }

    /// A text with what is known of the person masked.
    pub(super) fn anywhere(&self, text: &str) -> String {
        self.texts.iter().fold(text.to_owned(), |text, (personal, shown)| text.replace(personal, shown))
    }

    /// A text that can't be read: every longer number is masked too, but for ids of the payment.
    pub(super) fn unreadable(&self, text: &str) -> String {
        let text = self.anywhere(text);
        text.split_inclusive('\n').map(|line| self.line(line)).collect()
    }

    fn line(&self, line: &str) -> String {
        let (content, end) = line.split_at(line.trim_end_matches(['\r', '\n']).len());
        let content = match content.get(ACH_NAME) {
            Some(name) if content.len() == ACH_LINE_BYTES && content.starts_with(ACH_ENTRY) => {
                let masked = masked_name(name);
                format!("{}{masked:<22}{}", &content[..ACH_NAME.start], &content[ACH_NAME.end..])
            }
            _ => content.to_owned(),
        };
        let mut shown = String::with_capacity(line.len());
        for part in content.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            let word = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            let digits = word.bytes().filter(u8::is_ascii_digit).count();
            let is_id = self.ids.iter().any(|id| word == id || id.starts_with(word) && word.len() > DIGITS_MIN + DIGITS_MIN);
            shown.push_str(&if digits >= DIGITS_MIN && !is_id { masked(word) } else { word.to_owned() });
            shown.push_str(&part[word.len()..]);
        }
        shown + end
    }
}

/// Whether a text has a number that may be an account.
pub(super) fn account_like(text: &str) -> bool {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.into_iter().any(|word| word.bytes().filter(u8::is_ascii_digit).count() >= DIGITS_MIN)
}

pub(super) fn mask_account(text: &str) -> String {
    masked(text)
}

pub(super) fn mask_name(text: &str) -> String {
    masked_name(text)
}
