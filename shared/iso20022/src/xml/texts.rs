//! The texts of a message and where each stands in it, for people who read it.
use super::{DEPTH_MAX, NAMESPACE_ROOT};
use quick_xml::{
    Reader,
    escape::unescape,
    events::{BytesStart, Event},
};
use std::ops::Range;

/// Texts of a message that are read; the longest message about one payment has a tenth of them.
const TEXTS_MAX: usize = 2_000;

/// A text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageText {
    /// The names of its element and of those around it, the outermost first, without `Document`.
    pub path: Vec<String>,
    /// What it says, unescaped.
    pub text: String,
    /// The currency of an amount; empty if it has none.
    pub currency: String,
    /// Where it stands in the message, escaped.
    pub range: Range<usize>,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageTexts {
    /// Its name, such as `pain.001.001.09`; empty if it has none.
    pub name: String,
    /// Its texts in their order.
    pub texts: Vec<MessageText>,
}

/// An element that has begun.
struct OpenElement {
    name: String,
    currency: String,
    content_from: usize,
    has_children: bool,
}

/// Reads any message, without regard to its schema. `None`: it is not XML from its beginning to its end, or has more texts than anybody reads.
#[must_use]
pub fn read_texts(message: &str) -> Option<MessageTexts> {
    let mut reader = Reader::from_str(message);
    reader.config_mut().expand_empty_elements = true;
    let mut found = MessageTexts { name: String::new(), texts: Vec::new() };
    let mut open: Vec<OpenElement> = Vec::new();
    let mut elements = 0;
    let at = |reader: &Reader<&[u8]>| usize::try_from(reader.buffer_position()).ok();
    loop {
        let before = at(&reader)?;
        match reader.read_event().ok()? {
            Event::Start(start) => {
                elements += 1;
                if open.len() >= DEPTH_MAX || found.texts.len() >= TEXTS_MAX {
                    return None;
                }
                if let Some(parent) = open.last_mut() {
                    parent.has_children = true;
                } else {
                    found.name = name_of(&start);
                }
                let content_from = at(&reader)?;
                open.push(OpenElement { name: local(&start), currency: attribute(&start, "Ccy"), content_from, has_children: false });
            }
            Event::End(_) => {
                let ended = open.pop()?;
                let range = ended.content_from..before;
                let text = message.get(range.clone()).unwrap_or_default();
                if !ended.has_children && !text.trim().is_empty() {
                    let names = open.iter().map(|element| element.name.clone()).chain([ended.name]);
                    let text = unescape(text).map_or_else(|_| text.to_owned(), |text| text.into_owned());
                    let path = names.skip_while(|name| name == "Document").collect();
                    found.texts.push(MessageText { path, text: text.trim().to_owned(), currency: ended.currency, range });
                }
            }
            Event::DocType(_) => return None,
            Event::Eof => return (open.is_empty() && elements > 0).then_some(found),
            _ => {}
        }
    }
}

fn local(start: &BytesStart<'_>) -> String {
    start.local_name().into_inner().to_owned()
}

fn attribute(start: &BytesStart<'_>, name: &str) -> String {
    let mut attributes = start.attributes().filter_map(Result::ok);
    let found = attributes.find(|attribute| attribute.key.into_inner() == name);
    found.map(|attribute| attribute.value.to_string()).unwrap_or_default()
}

/// The message's name in the namespace of its first element.
fn name_of(start: &BytesStart<'_>) -> String {
    let mut attributes = start.attributes().filter_map(Result::ok);
    let namespace = attributes.find_map(|attribute| {
        let declares = attribute.key.into_inner().starts_with("xmlns");
        attribute.value.strip_prefix(NAMESPACE_ROOT).filter(|_| declares).map(str::to_owned)
    });
    namespace.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    //! Unit tests of reading any message.
    use super::*;

    const MESSAGE: &str = "<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09\"><A>\n <B Ccy=\"USD\">5.00</B><C/><D>x &amp; y</D></A></Document>";

    #[test]
    fn every_text_is_found_with_its_place() {
        let read = read_texts(MESSAGE).unwrap();
        let found: Vec<_> = read.texts.iter().map(|text| (text.path.join("/"), text.text.as_str(), text.currency.as_str())).collect();
        assert_eq!(found, [("A/B".to_owned(), "5.00", "USD"), ("A/D".to_owned(), "x & y", "")]);
        assert_eq!((read.name.as_str(), &MESSAGE[read.texts[1].range.clone()]), ("pain.001.001.09", "x &amp; y"));
    }

    #[test]
    fn what_is_no_whole_message_is_none() {
        let deep = "<a>".repeat(DEPTH_MAX + 1) + &"</a>".repeat(DEPTH_MAX + 1);
        let many = format!("<a>{}</a>", "<b>1</b>".repeat(TEXTS_MAX + 1));
        for text in ["", "hello", "{\"a\": 1}", "<a>", "<a></b>", "<a>1", "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>", &deep, &many] {
            assert_eq!(read_texts(text), None, "{}", &text[..text.len().min(60)]);
        }
        for at in 0..MESSAGE.len() {
            assert_eq!(read_texts(&MESSAGE[..at]), None, "cut at {at}");
        }
    }
}
