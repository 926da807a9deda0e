//! The only parser of what the bank sends: strict where a peer could hide something, lenient about fields that are not known.

use jiff::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// The largest document that is read. A callback of 50 payments has some 60 KiB.
pub const DOCUMENT_BYTES_MAX: usize = 1 << 20;
/// The deepest nesting that is read. The description's deepest field is ten levels down.
pub const DEPTH_MAX: usize = 24;
/// The longest text of a field, in characters. The longest of the description that is read here has 128.
pub const TEXT_CHARS_MAX: usize = 512;

/// Why a document of the bank can't be read. Nothing of it is repeated but names of fields: contents are personal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiReadError {
    /// Larger than [`DOCUMENT_BYTES_MAX`]; nothing was read.
    #[error("the document has {bytes} bytes; at most {DOCUMENT_BYTES_MAX} are read")]
    TooLarge {
        /// How many it has.
        bytes: usize,
    },
    /// Not JSON, cut off, too deep, or with a name given twice in one object.
    #[error("the document is refused at line {line}, column {column}: {why}")]
    Syntax {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the parser says.
        why: String,
    },
    /// A field that must be there is not, or one has a value that it can't have.
    #[error("{path} must {must}")]
    Field {
        /// Such as `data.payments[0].paymentStatus`.
        path: String,
        /// What it must, to be read after `must`.
        must: &'static str,
    },
}

/// Parses a document. Refuses what is too large, too deep, not UTF-8 or not JSON, and names that one object has twice: parsers differ in which of them they
/// believe.
pub fn parse(bytes: &[u8]) -> Result<Value, ApiReadError> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(ApiReadError::TooLarge { bytes: bytes.len() });
    }
    let syntax = |error: serde_json::Error| {
        let (line, column) = (error.line(), error.column());
        // What follows " at line" repeats the place.
        let text = error.to_string();
        let why = text.split(" at line ").next().unwrap_or_default();
        ApiReadError::Syntax { line, column, why: money::text::shown(why).chars().take(200).collect() }
    };
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let value = StrictValue { depth: 0 }.deserialize(&mut parser).map_err(syntax)?;
    parser.end().map_err(syntax)?;
    Ok(value)
}

/// Builds a value at some depth.
#[derive(Clone, Copy)]
struct StrictValue {
    depth: usize,
}

impl StrictValue {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= DEPTH_MAX {
            return Err(E::custom(format_args!("nested more than {DEPTH_MAX} deep")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for StrictValue {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(deeper)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            let value = fields.next_value_seed(deeper)?;
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a name is given twice in one object"));
            }
        }
        Ok(Value::Object(object))
    }
}

/// An object of a document, and where it is.
#[derive(Debug, Clone)]
pub(crate) struct ApiNode<'a> {
    fields: &'a Map<String, Value>,
    path: String,
}

impl<'a> ApiNode<'a> {
    /// The document itself.
    pub(crate) fn root(value: &'a Value) -> Result<Self, ApiReadError> {
        Self::at(value, String::new())
    }

    fn at(value: &'a Value, path: String) -> Result<Self, ApiReadError> {
        match value {
            Value::Object(fields) => Ok(Self { fields, path }),
            _ => Err(ApiReadError::Field { path: if path.is_empty() { "the document".to_owned() } else { path }, must: "be an object" }),
        }
    }

    fn path(&self, field: &str) -> String {
        if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) }
    }

    /// What is wrong with a field of this object.
    pub(crate) fn fault(&self, field: &str, must: &'static str) -> ApiReadError {
        ApiReadError::Field { path: self.path(field), must }
    }

    /// A field's value. `null` counts as absent.
    pub(crate) fn value(&self, field: &str) -> Option<&'a Value> {
        self.fields.get(field).filter(|value| !value.is_null())
    }

    /// A text of 1 to [`TEXT_CHARS_MAX`] characters.
    pub(crate) fn text(&self, field: &str) -> Result<Option<String>, ApiReadError> {
        match self.value(field) {
            None => Ok(None),
            Some(Value::String(text)) if (1..=TEXT_CHARS_MAX).contains(&text.chars().count()) => Ok(Some(text.clone())),
            Some(_) => Err(self.fault(field, "be a text of 1 to 512 characters")),
        }
    }

    /// A text that must be there.
    pub(crate) fn required(&self, field: &str) -> Result<String, ApiReadError> {
        self.text(field)?.ok_or_else(|| self.fault(field, "be given"))
    }

    /// A text for people; an empty one counts as absent, and a longer one is cut.
    pub(crate) fn words(&self, field: &str) -> Option<String> {
        let text = self.value(field)?.as_str()?;
        (!text.is_empty()).then(|| text.chars().take(TEXT_CHARS_MAX).collect())
    }

    /// A moment of RFC 3339. One without an offset is in UTC, as the description says of `statusUpdatedAt`.
    pub(crate) fn moment(&self, field: &str) -> Result<Option<Timestamp>, ApiReadError> {
        let Some(text) = self.text(field)? else { return Ok(None) };
        let without_offset = || text.parse::<jiff::civil::DateTime>().ok()?.in_tz("UTC").ok().map(|zoned| zoned.timestamp());
        let moment = text.parse::<Timestamp>().ok().or_else(without_offset);
        moment.map(Some).ok_or_else(|| self.fault(field, "be a moment such as 2026-11-20T16:22:15.900Z"))
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, field: &str) -> Result<Option<bool>, ApiReadError> {
        match self.value(field) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.fault(field, "be true or false")),
        }
    }

    /// An object in a field.
    pub(crate) fn object(&self, field: &str) -> Result<Option<ApiNode<'a>>, ApiReadError> {
        self.value(field).map(|value| ApiNode::at(value, self.path(field))).transpose()
    }

    /// The objects of a list of at most `max`; empty if the field is absent.
    pub(crate) fn list(&self, field: &str, max: usize) -> Result<Vec<ApiNode<'a>>, ApiReadError> {
        let Some(value) = self.value(field) else { return Ok(Vec::new()) };
        let Value::Array(items) = value else { return Err(self.fault(field, "be a list")) };
        if items.len() > max {
            return Err(self.fault(field, "have no more items than the interface allows"));
        }
        items.iter().enumerate().map(|(index, item)| ApiNode::at(item, format!("{}[{index}]", self.path(field)))).collect()
    }
}

#[cfg(test)]
mod tests;
