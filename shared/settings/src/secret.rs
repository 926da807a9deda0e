//! A secret value: given directly, or better as `{ file = "…" }` or `{ env = "…" }`.
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
};
use std::{borrow::Cow, env, fmt, fs, io::Read as _, path::Path};

#[cfg(test)]
mod tests;

/// Longest secret read from a file, in bytes; a device given by mistake must not fill the memory.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// What is printed in a secret's place.
const HIDDEN: &str = "(hidden)";

/// A value that is used and never printed. An address such as a database's is printed without its password.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text`.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The value, for the code that has to use it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether no value was given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The printable form.
    #[must_use]
    pub fn masked(&self) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        match self.0.split_once("://") {
            Some((scheme, rest)) => format!("{scheme}://{}", without_password(rest)),
            // A file's address has no password; any other text may be a password as a whole.
            None if self.0.starts_with("sqlite:") => self.0.clone(),
            None => HIDDEN.to_owned(),
        }
    }
}

/// The part of an address after its scheme, without the password before the host and without any parameter of that name.
fn without_password(rest: &str) -> String {
    let (place, parameters) = rest.split_once('?').map_or((rest, None), |(place, parameters)| (place, Some(parameters)));
    // The last `@`: a password that should have been escaped must not be shown either.
    let place = match place.rsplit_once('@') {
        Some((user, host)) => match user.split_once(':') {
            Some((name, _)) => format!("{name}:***@{host}"),
            None => format!("{user}@{host}"),
        },
        None => place.to_owned(),
    };
    let Some(parameters) = parameters else { return place };
    let shown = parameters.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if name.to_ascii_lowercase().contains("password") => format!("{name}=***"),
        _ => pair.to_owned(),
    });
    format!("{place}?{}", shown.collect::<Vec<_>>().join("&"))
}

/// The content of a secret's file without the final line break, which editors and `echo` add.
pub(crate) fn read_file(path: &Path) -> Result<String, String> {
    let mut text = String::new();
    let read = fs::File::open(path).and_then(|file| file.take(SECRET_BYTES_MAX).read_to_string(&mut text));
    read.map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.masked())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, into: S) -> Result<S::Ok, S::Error> {
        into.serialize_str(&self.masked())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(GivenSecret)
    }
}

/// A string, or a table that says where to find the string.
struct GivenSecret;

impl<'de> Visitor<'de> for GivenSecret {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, { file = \"…\" } or { env = \"…\" }")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Secret, E> {
        Ok(Secret::new(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Secret, A::Error> {
        let Some((place, name)) = from.next_entry::<String, String>()? else {
            return Err(A::Error::custom("expected file or env"));
        };
        if from.next_key::<String>()?.is_some() {
            return Err(A::Error::custom("expected one of file and env, not more"));
        }
        match place.as_str() {
            "file" => read_file(Path::new(&name)).map(Secret).map_err(A::Error::custom),
            "env" => env::var(&name).map(Secret).map_err(|_| A::Error::custom(format!("the environment has no {name}"))),
            other => Err(A::Error::custom(format!("expected file or env, not {other}"))),
        }
    }
}

impl JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "x-secret": true })
    }
}
