//! A message whose large parts are given out one by one as they end, so that it is never in memory as a whole.

use super::{EnvelopeReader, Enveloped};
use crate::{
    Error,
    xml::{DOCUMENT_BYTES_MAX, Element, malformed, predefined, source::TextSource},
};
use quick_xml::{NsReader, events::Event, name::ResolveResult};
use std::io::Read;

/// The longest document that is streamed: 16 GiB. One million entries with all their details take about one.
pub const STREAMED_BYTES_MAX: u64 = 16 << 30;

/// Reads one message. Each part that is given out, and what is between two of them, is bounded as a whole document is that is read at once.
pub(crate) struct MessageStream<R: Read> {
    reader: NsReader<TextSource<R>>,
    envelope: EnvelopeReader,
    buffer: Vec<u8>,
    is_over: bool,
}

impl<R: Read> MessageStream<R> {
    /// `parts` are the elements that are given out: how many elements are open around one, from `Document`, and its name.
    pub(crate) fn new(input: R, known: &'static [&'static str], parts: &'static [(usize, &'static str)]) -> Self {
        let mut reader = NsReader::from_reader(TextSource::new(input));
        reader.config_mut().expand_empty_elements = true;
        reader.config_mut().check_comments = true;
        reader.get_mut().allow(DOCUMENT_BYTES_MAX);
        Self { reader, envelope: EnvelopeReader::new(known, parts), buffer: Vec::new(), is_over: false }
    }

    /// The next part, with how many elements are open around it; `None` when the document is over.
    pub(crate) fn next(&mut self) -> Result<Option<(usize, Element)>, Error> {
        while !self.is_over {
            if let Some(part) = self.envelope.given_out() {
                self.reader.get_mut().allow(DOCUMENT_BYTES_MAX);
                return Ok(Some(part));
            }
            self.step()?;
        }
        Ok(None)
    }

    /// The elements that are open: `Document`, the message, and the part that is being read, with what was read of them and not given out.
    pub(crate) fn open(&self) -> &[Element] {
        self.envelope.current.as_ref().map_or(&[], |part| &part.tree.open)
    }

    /// The message's name and version, once it has begun.
    pub(crate) fn name(&self) -> Option<&str> {
        self.envelope.current.as_ref().and_then(|part| part.name.as_deref())
    }

    /// The message without the parts that were given out, after the last of them.
    pub(crate) fn finished(&mut self) -> Result<Enveloped, Error> {
        let at = self.reader.buffer_position();
        std::mem::replace(&mut self.envelope, EnvelopeReader::new(&[], &[])).finish(at)
    }

    fn step(&mut self) -> Result<(), Error> {
        let at = self.reader.buffer_position();
        if at > STREAMED_BYTES_MAX {
            return Err(Error::TooLarge { what: "the size in bytes", max: usize::try_from(STREAMED_BYTES_MAX).unwrap_or(usize::MAX) });
        }
        self.buffer.clear();
        let event = match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => event,
            Err(_) if self.reader.get_ref().is_exceeded() => {
                return Err(Error::TooLarge { what: "the size in bytes of an entry", max: DOCUMENT_BYTES_MAX });
            }
            Err(error) => return Err(malformed(at, &error.to_string())),
        };
        match event {
            Event::Start(start) => {
                let (resolved, _) = self.reader.resolver().resolve_element(start.name());
                let namespace = if let ResolveResult::Bound(found) = &resolved { found.0 } else { "" };
                self.envelope.start(&start, namespace, at)?;
            }
            Event::End(_) => self.envelope.end(at)?,
            Event::Text(text) => self.envelope.text(&text.xml10_content(), at)?,
            Event::CData(data) => self.envelope.text(&data.xml10_content(), at)?,
            Event::GeneralRef(reference) => {
                let character = reference.resolve_char_ref().map_err(|error| malformed(at, &error.to_string()))?;
                let character = character.or_else(|| predefined(&reference)).ok_or(Error::Forbidden("an entity"))?;
                self.envelope.text(character.encode_utf8(&mut [0; 4]), at)?;
            }
            Event::DocType(_) => return Err(Error::Forbidden("a document type declaration")),
            // The encoding was decided before the text could be read.
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => self.is_over = true,
            Event::Empty(_) => unreachable!("expand_empty_elements makes a start and an end of it"),
        }
        Ok(())
    }
}
