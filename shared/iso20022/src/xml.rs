//! A small tree of elements: read with limits, written escaped. The only file that uses quick-xml.

use crate::Error;
use quick_xml::{
    NsReader, Writer, XmlVersion,
    events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event},
    name::ResolveResult,
};
use std::{collections::BTreeSet, io};

mod encoding;
pub mod envelope;
mod source;
pub mod texts;

/// Large enough for a busy day's statement, the largest message we read.
pub const DOCUMENT_BYTES_MAX: usize = 8 << 20;
/// The deepest path of the messages here is 14 elements long. Bounds the recursion of dropping and reading a tree.
pub const DEPTH_MAX: usize = 32;
/// Bounds the memory a document of tiny elements takes (about 100 bytes each).
pub const ELEMENTS_MAX: usize = 400_000;

/// Bounds the attributes and namespaces of one element, which are compared with each other one by one. Real ones have a currency or a few namespaces.
pub const TAG_BYTES_MAX: usize = 4 << 10;

/// One element with its content. Texts are unescaped; whitespace between child elements is dropped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// An empty element.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// An element with text.
    #[must_use]
    pub fn leaf(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), text: text.into(), ..Self::default() }
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attribute(mut self, name: &str, value: &str) -> Self {
        self.attributes.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds a child.
    #[must_use]
    pub fn with(mut self, child: Element) -> Self {
        self.children.push(child);
        self
    }

    /// Adds a child with text.
    #[must_use]
    pub fn with_leaf(self, name: &str, text: impl Into<String>) -> Self {
        self.with(Self::leaf(name, text))
    }

    /// Adds all of these children.
    #[must_use]
    pub fn with_all(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.children.extend(children);
        self
    }

    /// The same element with its children changed, and without those that become none.
    pub(crate) fn with_changed(&self, change: impl FnMut(&Element) -> Option<Element>) -> Self {
        let children = self.children.iter().filter_map(change).collect();
        Self { name: self.name.clone(), attributes: self.attributes.clone(), text: self.text.clone(), children }
    }

    /// Local name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text of an element without children, trimmed as the schemas' types collapse it. Refuses an empty one: no type here allows it.
    pub fn text(&self) -> Result<&str, Error> {
        let text = self.text.trim();
        if text.is_empty() || !self.children.is_empty() {
            return Err(Error::value(&self.name, "a text"));
        }
        Ok(text)
    }

    /// An attribute's value.
    #[must_use]
    pub fn attribute_value(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All children in order.
    #[must_use]
    pub fn children(&self) -> &[Element] {
        &self.children
    }

    /// All children of that name.
    pub fn all<'a>(&'a self, name: &'static str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The child of that name, if any. Refuses two.
    pub fn optional(&self, name: &'static str) -> Result<Option<&Element>, Error> {
        let mut found = self.all(name);
        let first = found.next();
        if found.next().is_some() {
            return Err(Error::Duplicate { parent: self.name.clone(), element: name });
        }
        Ok(first)
    }

    /// The only child of that name.
    pub fn one(&self, name: &'static str) -> Result<&Element, Error> {
        self.optional(name)?.ok_or_else(|| Error::Missing { parent: self.name.clone(), element: name })
    }

    /// The text of the only child of that name.
    pub fn text_of(&self, name: &'static str) -> Result<&str, Error> {
        self.one(name)?.text()
    }

    /// The text of the child of that name, if any.
    pub fn optional_text(&self, name: &'static str) -> Result<Option<&str>, Error> {
        self.optional(name)?.map(Element::text).transpose()
    }
}

/// Reads a `Document` of that namespace.
///
/// Refuses what no real bank sends: document types, custom entities, other encodings than UTF-8, elements of another namespace (except inside
/// `SplmtryData`, which is skipped), text beside elements, and anything beyond the limits above.
pub fn read(bytes: &[u8], namespace: &'static str) -> Result<Element, Error> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(Error::TooLarge { what: "the size in bytes", max: DOCUMENT_BYTES_MAX });
    }
    let text = std::str::from_utf8(bytes).map_err(|error| malformed(error.valid_up_to() as u64, "not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    reader.config_mut().check_comments = true;
    let mut tree = Tree::new(namespace, "Document");
    loop {
        let at = reader.buffer_position();
        let (resolved, event) = reader.read_resolved_event().map_err(|error| malformed(at, &error.to_string()))?;
        let in_namespace = matches!(resolved, ResolveResult::Bound(found) if found.0 == namespace);
        match event {
            Event::Start(start) => tree.start(&start, in_namespace, at)?,
            Event::End(_) => tree.end(at)?,
            Event::Text(text) => tree.text(&text.xml10_content(), at)?,
            Event::CData(data) => tree.text(&data.xml10_content(), at)?,
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|error| malformed(at, &error.to_string()))?;
                let character = character.or_else(|| predefined(&reference)).ok_or(Error::Forbidden("an entity"))?;
                tree.text(character.encode_utf8(&mut [0; 4]), at)?;
            }
            Event::DocType(_) => return Err(Error::Forbidden("a document type declaration")),
            Event::Decl(declaration) => check_declaration(&declaration, at)?,
            // Neither has a meaning in these messages.
            Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => return tree.finish(at),
            Event::Empty(_) => unreachable!("expand_empty_elements makes a start and an end of it"),
        }
    }
}

/// The prefix of ISO 20022's namespaces; the message's name follows.
const NAMESPACE_ROOT: &str = "urn:iso:std:iso:20022:tech:xsd:";
/// The longest message name that is repeated in an error; real ones have 15 characters.
const MESSAGE_NAME_BYTES_MAX: usize = 35;

/// The one of `versions` (namespaces that are read in the same way) that the document has. The first if it has none of them, so that reading reports the
/// error.
pub fn version(bytes: &[u8], versions: &'static [&'static str]) -> Result<&'static str, Error> {
    let fallback = versions.first().copied().unwrap_or_default();
    let Some(found) = root_namespace(bytes) else { return Ok(fallback) };
    if let Some(known) = versions.iter().find(|known| **known == found) {
        return Ok(known);
    }
    let name = found.strip_prefix(NAMESPACE_ROOT).unwrap_or_default();
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.');
    if plain && (1..=MESSAGE_NAME_BYTES_MAX).contains(&name.len()) { Err(Error::Version { found: name.to_owned() }) } else { Ok(fallback) }
}

/// The namespace of the first element, if the document can be read that far.
fn root_namespace(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes.get(..DOCUMENT_BYTES_MAX).unwrap_or(bytes)).ok()?;
    let mut reader = NsReader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    loop {
        match reader.read_resolved_event().ok()? {
            (ResolveResult::Bound(namespace), Event::Start(_) | Event::Empty(_)) => return Some(namespace.0.to_owned()),
            (_, Event::Start(_) | Event::Empty(_) | Event::Eof) => return None,
            _ => {}
        }
    }
}

fn malformed(at: u64, why: &str) -> Error {
    Error::Malformed { at, why: why.to_owned() }
}

fn predefined(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

fn check_tag(start: &BytesStart<'_>) -> Result<(), Error> {
    if start.len() > TAG_BYTES_MAX { Err(Error::TooLarge { what: "the size of a tag in bytes", max: TAG_BYTES_MAX }) } else { Ok(()) }
}

fn check_declaration(declaration: &BytesDecl<'_>, at: u64) -> Result<(), Error> {
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") => Ok(()),
        Some(_) => Err(malformed(at, "the encoding must be UTF-8")),
    }
}

/// Characters that XML 1.0 allows in a document (section 2.2).
pub(crate) fn is_xml_char(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// The element of private additions, whose content is skipped.
const SUPPLEMENTARY: &str = "SplmtryData";
/// The element of a signature, whose content is skipped.
const SIGNATURE: &str = "Sgntr";

/// Whether an element is an amount by its name or has a currency.
fn names_amount(start: &BytesStart<'_>) -> bool {
    let mut attributes = start.attributes().filter_map(Result::ok);
    start.local_name().into_inner().ends_with("Amt") || attributes.any(|attribute| attribute.key.local_name().into_inner() == "Ccy")
}

struct Tree {
    namespace: &'static str,
    /// The local name of the first element.
    root_name: &'static str,
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
    /// Depth below an element that is skipped.
    skipping: usize,
    /// The element that is being skipped, or was last.
    skipping_in: &'static str,
    /// The elements among the skipped ones that hold amounts.
    amounts_skipped: BTreeSet<&'static str>,
    /// How many `SplmtryData` were skipped.
    skipped: usize,
    /// Whether signatures (`Sgntr`), which are of another namespace, are skipped like them rather than refused.
    skips_signatures: bool,
    /// How many were.
    signatures: usize,
    /// Elements that are given out when they end, instead of being kept: how many elements are open around one, and its name.
    parts: &'static [(usize, &'static str)],
    /// The last such element, and how many elements are open around it.
    given_out: Option<(usize, Element)>,
}

impl Tree {
    fn new(namespace: &'static str, root_name: &'static str) -> Self {
        Self {
            namespace,
            root_name,
            open: Vec::new(),
            root: None,
            elements: 0,
            skipping: 0,
            skipping_in: SUPPLEMENTARY,
            amounts_skipped: BTreeSet::new(),
            skipped: 0,
            skips_signatures: false,
            signatures: 0,
            parts: &[],
            given_out: None,
        }
    }

    fn start(&mut self, start: &BytesStart<'_>, in_namespace: bool, at: u64) -> Result<(), Error> {
        self.elements += 1;
        if self.elements > ELEMENTS_MAX {
            return Err(Error::TooLarge { what: "the number of elements", max: ELEMENTS_MAX });
        }
        check_tag(start)?;
        if self.open.len() + self.skipping >= DEPTH_MAX {
            return Err(Error::TooLarge { what: "the depth", max: DEPTH_MAX });
        }
        if self.skipping > 0 {
            self.skipping += 1;
            if names_amount(start) {
                self.amounts_skipped.insert(self.skipping_in);
            }
            return Ok(());
        }
        let name = start.local_name().into_inner().to_owned();
        if !in_namespace {
            return Err(Error::Namespace { element: name, expected: self.namespace });
        }
        if self.open.is_empty() && (self.root.is_some() || name != self.root_name) {
            return Err(Error::value(&name, "the one Document"));
        }
        if name == SUPPLEMENTARY {
            self.skipping = 1;
            self.skipping_in = SUPPLEMENTARY;
            self.skipped += 1;
            return Ok(());
        }
        if name == SIGNATURE && self.skips_signatures {
            self.skipping = 1;
            self.skipping_in = SIGNATURE;
            self.signatures += 1;
            return Ok(());
        }
        let mut element = Element { name, ..Element::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| malformed(at, &error.to_string()))?;
            let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|error| malformed(at, &error.to_string()))?;
            element.attributes.push((attribute.key.into_inner().to_owned(), value.into_owned()));
        }
        self.open.push(element);
        Ok(())
    }

    fn end(&mut self, at: u64) -> Result<(), Error> {
        if self.skipping > 0 {
            self.skipping -= 1;
            return Ok(());
        }
        let element = self.open.pop().ok_or_else(|| malformed(at, "an end without a start"))?;
        if !element.children.is_empty() && !element.text.trim().is_empty() {
            return Err(Error::value(&element.name, "elements without text beside them"));
        }
        let around = self.open.len();
        if self.parts.iter().any(|(depth, name)| *depth == around && *name == element.name) {
            self.given_out = Some((around, element));
            return Ok(());
        }
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str, at: u64) -> Result<(), Error> {
        if !text.chars().all(is_xml_char) {
            return Err(malformed(at, "a character XML does not allow"));
        }
        if self.skipping > 0 {
            return Ok(());
        }
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(malformed(at, "text outside the document")),
        }
        Ok(())
    }

    fn finish(self, at: u64) -> Result<Element, Error> {
        if !self.open.is_empty() || self.skipping > 0 {
            return Err(malformed(at, "the document ends early"));
        }
        self.root.ok_or_else(|| malformed(at, "no element"))
    }
}

/// Writes `<Document xmlns=…>` around the message.
#[must_use]
pub fn write(message: Element, namespace: &str) -> String {
    let document = Element::new("Document").attribute("xmlns", namespace).with(message);
    let mut writer = Writer::new(Vec::new());
    write_all(&mut writer, &document).expect("writing to memory cannot fail");
    String::from_utf8(writer.into_inner()).expect("only str was written")
}

/// Writes an element as a part of a message.
#[must_use]
pub(crate) fn write_part(element: &Element) -> String {
    let mut writer = Writer::new(Vec::new());
    write_element(&mut writer, element).expect("writing to memory cannot fail");
    String::from_utf8(writer.into_inner()).expect("only str was written")
}

fn write_all(writer: &mut Writer<Vec<u8>>, document: &Element) -> io::Result<()> {
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    write_element(writer, document)
}

fn write_element(writer: &mut Writer<Vec<u8>>, element: &Element) -> io::Result<()> {
    let mut start = BytesStart::new(element.name.as_str());
    for (name, value) in &element.attributes {
        start.push_attribute((name.as_str(), value.as_str()));
    }
    writer.write_event(Event::Start(start))?;
    if !element.text.is_empty() {
        writer.write_event(Event::Text(BytesText::new(&element.text)))?;
    }
    for child in &element.children {
        write_element(writer, child)?;
    }
    writer.write_event(Event::End(BytesEnd::new(element.name.as_str())))
}

#[cfg(test)]
pub(crate) mod tests;
