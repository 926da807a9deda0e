//! A message behind a business application header or inside an envelope, in the encodings that banks' channels use.

use super::{
    DOCUMENT_BYTES_MAX, ELEMENTS_MAX, Element, MESSAGE_NAME_BYTES_MAX, NAMESPACE_ROOT, Tree, check_tag, encoding::decoded, is_xml_char,
    malformed, predefined,
};
use crate::Error;
use quick_xml::{NsReader, events::Event, name::ResolveResult};
use std::collections::BTreeSet;

mod stream;

pub(crate) use stream::MessageStream;
pub use stream::STREAMED_BYTES_MAX;

/// The deepest envelope around a message. The ones of clearings and networks have three elements.
pub const ENVELOPE_DEPTH_MAX: usize = 8;
/// How far [`message_name`] looks. A signed header of the largest network fits several times.
const DETECTION_BYTES_MAX: usize = 64 << 10;
/// The namespaces of the business application header.
const HEADERS: [&str; 4] = [
    "urn:iso:std:iso:20022:tech:xsd:head.001.001.01",
    "urn:iso:std:iso:20022:tech:xsd:head.001.001.02",
    "urn:iso:std:iso:20022:tech:xsd:head.001.001.03",
    "urn:iso:std:iso:20022:tech:xsd:head.001.001.04",
];
/// The element that starts a message, unless a clearing's envelope has the message's own element directly.
const DOCUMENT: &str = "Document";

/// One message with what surrounded it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enveloped {
    /// The message's name and version, such as `pacs.008.001.08`.
    pub name: String,
    /// The message's own element, such as `FIToFICstmrCdtTrf`.
    pub message: Element,
    /// The business application header (`AppHdr`), if there is one of a known version.
    pub header: Option<Element>,
    /// How many `SplmtryData` were skipped: their content is a private matter of sender and receiver.
    pub supplementary_skipped: usize,
    /// How many signatures (`Sgntr`) were skipped in header and message. None is verified here.
    pub signatures_skipped: usize,
    /// Which of the skipped elements (`SplmtryData`, `Sgntr`), in header and message, have amounts in them: an attribute `Ccy`, or a name that ends in `Amt`.
    pub amounts_skipped: BTreeSet<&'static str>,
}

/// The name of the first ISO 20022 message in the bytes other than a header, such as `camt.053.001.08`; also where the document is broken further down.
/// `None` if its first 64 KiB have none.
#[must_use]
pub fn message_name(bytes: &[u8]) -> Option<String> {
    let start = bytes.get(..DETECTION_BYTES_MAX).unwrap_or(bytes);
    let text = decoded(start).unwrap_or_else(|_| String::from_utf8_lossy(start));
    let mut reader = NsReader::from_str(&text);
    reader.config_mut().check_end_names = false;
    loop {
        match reader.read_resolved_event().ok()? {
            (ResolveResult::Bound(namespace), Event::Start(_) | Event::Empty(_)) => {
                if let Some(name) = plain_name(namespace.0).filter(|name| !name.starts_with("head.")) {
                    return Some(name.to_owned());
                }
            }
            (_, Event::Eof) => return None,
            _ => {}
        }
    }
}

/// The local name of the first element, if the bytes are XML that far: `Document` without a namespace is likely a message all the same.
#[must_use]
pub fn first_element(bytes: &[u8]) -> Option<String> {
    let start = bytes.get(..DETECTION_BYTES_MAX).unwrap_or(bytes);
    let text = decoded(start).unwrap_or_else(|_| String::from_utf8_lossy(start));
    let mut reader = NsReader::from_str(&text);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) | Event::Empty(start) => return Some(start.local_name().into_inner().to_owned()),
            Event::Eof => return None,
            _ => {}
        }
    }
}

/// A message's name in its namespace, if it has the form of one.
fn plain_name(namespace: &str) -> Option<&str> {
    let name = namespace.strip_prefix(NAMESPACE_ROOT)?;
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    (plain && (1..=MESSAGE_NAME_BYTES_MAX).contains(&name.len())).then_some(name)
}

/// Reads the one message in the bytes, whose namespace must be one of `known`. Takes UTF-8, UTF-16 with a mark or a plain start, and ISO-8859-1 where it is
/// declared.
///
/// Refuses what [`super::read`] refuses, a message of another version (named), and a second message: what belongs to which header would be a guess.
pub fn read(bytes: &[u8], known: &'static [&'static str]) -> Result<Enveloped, Error> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(Error::TooLarge { what: "the size in bytes", max: DOCUMENT_BYTES_MAX });
    }
    let text = decoded(bytes)?;
    let mut reader = NsReader::from_str(&text);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_comments = true;
    let mut envelope = EnvelopeReader::new(known, &[]);
    loop {
        let at = reader.buffer_position();
        let (resolved, event) = reader.read_resolved_event().map_err(|error| malformed(at, &error.to_string()))?;
        match event {
            Event::Start(start) => {
                let namespace = if let ResolveResult::Bound(found) = &resolved { found.0 } else { "" };
                envelope.start(&start, namespace, at)?;
            }
            Event::End(_) => envelope.end(at)?,
            Event::Text(text) => envelope.text(&text.xml10_content(), at)?,
            Event::CData(data) => envelope.text(&data.xml10_content(), at)?,
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|error| malformed(at, &error.to_string()))?;
                let character = character.or_else(|| predefined(&reference)).ok_or(Error::Forbidden("an entity"))?;
                envelope.text(character.encode_utf8(&mut [0; 4]), at)?;
            }
            Event::DocType(_) => return Err(Error::Forbidden("a document type declaration")),
            // The encoding was decided before the text could be read.
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => return envelope.finish(at),
            Event::Empty(_) => unreachable!("expand_empty_elements makes a start and an end of it"),
        }
    }
}

/// The namespace that an error names: the first known one where all are of one message, else what all ISO 20022 namespaces start with.
fn expected_namespace(known: &[&'static str]) -> &'static str {
    let message = |namespace: &'static str| plain_name(namespace).map(|name| name.rsplitn(3, '.').last());
    match known {
        [first, rest @ ..] if rest.iter().all(|other| message(other) == message(first)) => first,
        _ => NAMESPACE_ROOT,
    }
}

fn tree(namespace: &'static str, root_name: &'static str) -> Tree {
    Tree { skips_signatures: true, ..Tree::new(namespace, root_name) }
}

struct EnvelopeReader {
    known: &'static [&'static str],
    /// Elements of the message that are given out when they end.
    parts: &'static [(usize, &'static str)],
    /// Open elements around the message.
    around: usize,
    elements: usize,
    /// The header or the message that is being read, and how many of its elements are open.
    current: Option<MessagePart>,
    header: Option<Element>,
    message: Option<(String, Element, usize)>,
    signatures: usize,
    amounts_skipped: BTreeSet<&'static str>,
}

struct MessagePart {
    tree: Tree,
    depth: usize,
    /// The message's name; `None` for a header.
    name: Option<String>,
    /// Whether a clearing's envelope has the message without a `Document`; the tree got one.
    bare: bool,
}

impl EnvelopeReader {
    fn new(known: &'static [&'static str], parts: &'static [(usize, &'static str)]) -> Self {
        Self {
            known,
            parts,
            around: 0,
            elements: 0,
            current: None,
            header: None,
            message: None,
            signatures: 0,
            amounts_skipped: BTreeSet::new(),
        }
    }

    /// The part that has just ended. The limit on the number of elements begins anew with it.
    fn given_out(&mut self) -> Option<(usize, Element)> {
        let tree = &mut self.current.as_mut()?.tree;
        let part = tree.given_out.take()?;
        (tree.elements, self.elements) = (0, 0);
        Some(part)
    }

    fn start(&mut self, start: &quick_xml::events::BytesStart<'_>, namespace: &str, at: u64) -> Result<(), Error> {
        self.elements += 1;
        if self.elements > ELEMENTS_MAX {
            return Err(Error::TooLarge { what: "the number of elements", max: ELEMENTS_MAX });
        }
        check_tag(start)?;
        if self.current.is_none() {
            self.current = self.begin(start.local_name().into_inner(), namespace)?;
        }
        if let Some(part) = &mut self.current {
            part.depth += 1;
            return part.tree.start(start, namespace == part.tree.namespace, at);
        }
        self.around += 1;
        if self.around > ENVELOPE_DEPTH_MAX {
            Err(Error::TooLarge { what: "the envelope's depth", max: ENVELOPE_DEPTH_MAX })
        } else {
            Ok(())
        }
    }

    /// The header or message that begins with this element; `None` if it is part of the envelope.
    fn begin(&self, local: &str, namespace: &str) -> Result<Option<MessagePart>, Error> {
        if let Some(header) = HEADERS.iter().find(|header| **header == namespace)
            && local == "AppHdr"
        {
            if self.header.is_some() {
                return Err(Error::Duplicate { parent: "the envelope".to_owned(), element: "AppHdr" });
            }
            return Ok(Some(MessagePart { tree: tree(header, "AppHdr"), depth: 0, name: None, bare: false }));
        }
        let Some(name) = plain_name(namespace).filter(|name| !name.starts_with("head.")) else {
            let expected = expected_namespace(self.known);
            return if local == DOCUMENT { Err(Error::Namespace { element: local.to_owned(), expected }) } else { Ok(None) };
        };
        let Some(known) = self.known.iter().find(|known| **known == namespace) else {
            return Err(Error::Version { found: name.to_owned() });
        };
        if self.message.is_some() {
            return Err(Error::Duplicate { parent: "the envelope".to_owned(), element: DOCUMENT });
        }
        let tree = Tree { parts: self.parts, ..tree(known, DOCUMENT) };
        let mut part = MessagePart { tree, depth: 0, name: Some(name.to_owned()), bare: local != DOCUMENT };
        if part.bare {
            part.tree.open.push(Element::new(DOCUMENT));
        }
        Ok(Some(part))
    }

    fn end(&mut self, at: u64) -> Result<(), Error> {
        let Some(part) = &mut self.current else {
            self.around = self.around.checked_sub(1).ok_or_else(|| malformed(at, "an end without a start"))?;
            return Ok(());
        };
        part.tree.end(at)?;
        part.depth -= 1;
        if part.depth > 0 {
            return Ok(());
        }
        let Some(mut part) = self.current.take() else { return Ok(()) };
        if part.bare {
            part.tree.end(at)?;
        }
        let skipped = part.tree.skipped;
        self.signatures += part.tree.signatures;
        self.amounts_skipped.append(&mut part.tree.amounts_skipped);
        let root = part.tree.finish(at)?;
        match part.name {
            None => self.header = Some(root),
            Some(name) => {
                let mut messages = root.children.into_iter();
                let message = messages.next().ok_or(Error::Missing { parent: DOCUMENT.to_owned(), element: "a message" })?;
                if messages.next().is_some() {
                    return Err(Error::Duplicate { parent: DOCUMENT.to_owned(), element: "a message" });
                }
                self.message = Some((name, message, skipped));
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str, at: u64) -> Result<(), Error> {
        match &mut self.current {
            Some(part) => part.tree.text(text, at),
            None if !text.chars().all(is_xml_char) => Err(malformed(at, "a character XML does not allow")),
            None if self.around == 0 && !text.trim().is_empty() => Err(malformed(at, "text outside the document")),
            None => Ok(()),
        }
    }

    fn finish(self, at: u64) -> Result<Enveloped, Error> {
        if self.current.is_some() || self.around > 0 {
            return Err(malformed(at, "the document ends early"));
        }
        let (name, message, supplementary_skipped) = self.message.ok_or_else(|| malformed(at, "no ISO 20022 message"))?;
        Ok(Enveloped {
            name,
            message,
            header: self.header,
            supplementary_skipped,
            signatures_skipped: self.signatures,
            amounts_skipped: self.amounts_skipped,
        })
    }
}

#[cfg(test)]
mod tests;
