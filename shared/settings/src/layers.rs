//! Which value was set where, later layers over earlier ones, and the struct they make.
use crate::{
    SettingKey, SettingKind,
    keys::{keys, variable},
    secret::read_file,
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    io::Read as _,
    path::{Path, PathBuf},
};
use toml::{
    Table, Value,
    de::{DeTable, DeValue},
};

#[cfg(test)]
mod tests;

/// Longest configuration file read, in bytes: a device or a database given by mistake must not fill the memory.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// The parser's names of integers that can't be negative.
const WHOLE: [&str; 4] = ["expected usize", "expected u64", "expected u32", "expected u16"];
/// The number of letters in which an unknown key may differ from a suggested one: two that were swapped.
const MISSPELLED_MAX: usize = 2;

/// Where a value was set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// In a file.
    File {
        /// The path of the file.
        path: PathBuf,
        /// The line number, counted from 1.
        line: usize,
    },
    /// In a file that can't be read.
    Unread(PathBuf),
    /// By an environment variable.
    Environment(String),
    /// By a flag.
    Flag(String),
    /// Not set: the default.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Unread(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => f.write_str(name),
            Self::Default => f.write_str("default"),
        }
    }
}

/// One error in the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingProblem {
    /// Where the value was set.
    pub origin: Origin,
    /// The option; empty if the file could not be parsed.
    pub key: String,
    /// What is wrong with it.
    pub why: String,
}

impl fmt::Display for SettingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.why)
    }
}

/// All errors, one line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct Error(pub Vec<SettingProblem>);

/// An option that was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetiredOption {
    /// Its path.
    pub path: &'static str,
    /// What those who still set it are told to do instead.
    pub why: &'static str,
}

/// Layers of settings for a struct whose keys are known.
#[derive(Debug)]
pub struct Layers {
    prefix: &'static str,
    keys: Vec<SettingKey>,
    tree: Table,
    origins: BTreeMap<String, Origin>,
    problems: Vec<SettingProblem>,
    retired: &'static [RetiredOption],
}

impl Layers {
    /// Without any layer yet, for the keys of `T`. Environment variables begin with `prefix` and an underscore.
    #[must_use]
    pub fn new<T: JsonSchema>(prefix: &'static str) -> Self {
        Self { prefix, keys: keys::<T>(), tree: Table::new(), origins: BTreeMap::new(), problems: Vec::new(), retired: &[] }
    }

    /// With options that were removed, and the message for those who still set one: it is an error in any layer.
    #[must_use]
    pub fn retired(self, options: &'static [RetiredOption]) -> Self {
        Self { retired: options, ..self }
    }

    /// Lays a TOML file over the earlier layers.
    pub fn file(&mut self, path: &Path) -> Result<(), Error> {
        let at = |line, why: String| {
            Error(vec![SettingProblem { origin: Origin::File { path: path.to_owned(), line }, key: String::new(), why }])
        };
        let mut text = String::new();
        let read = fs::File::open(path).and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text));
        if text.len() as u64 > FILE_BYTES_MAX {
            return Err(at(1, format!("longer than {FILE_BYTES_MAX} bytes: not a configuration")));
        }
        // No line of it is wrong: the file can't be read at all.
        let unread = |error: std::io::Error| {
            let why =
                format!("{error}; name an existing file with --config, or none; `largesse config --default` prints one to begin with");
            Error(vec![SettingProblem { origin: Origin::Unread(path.to_owned()), key: String::new(), why }])
        };
        read.map_err(unread)?;
        let line = |offset: usize| 1 + text.as_bytes()[..offset.min(text.len())].iter().filter(|byte| **byte == b'\n').count();
        let failed = |error: toml::de::Error| at(error.span().map_or(1, |span| line(span.start)), error.message().to_owned());
        let said: Table = toml::from_str(&text).map_err(failed)?;
        let spans = DeTable::parse(&text).map_err(failed)?;
        let mut places = Vec::new();
        places_of(spans.get_ref(), "", &mut places);
        for (key, offset) in places {
            self.origins.insert(key, Origin::File { path: path.to_owned(), line: line(offset) });
        }
        merge(&mut self.tree, said);
        Ok(())
    }

    /// Lays the environment over the earlier layers. `aliases`: the options that variables with names of their own set. `<VARIABLE>_FILE` names a file with the value.
    /// Returns the names that begin with the prefix and are not known.
    pub fn environment(&mut self, variables: impl IntoIterator<Item = (String, String)>, aliases: &BTreeMap<&str, &str>) -> Vec<String> {
        let named: BTreeMap<String, SettingKey> = self.keys.iter().map(|key| (key.variable(self.prefix), key.clone())).collect();
        let mut unknown = Vec::new();
        let mut seen = BTreeSet::new();
        for (name, value) in variables {
            let from_file = name.strip_suffix("_FILE").and_then(|name| named.get(name));
            let alias = aliases.get(name.as_str()).and_then(|path| self.keys.iter().find(|key| key.path == *path).cloned());
            let known = match (named.get(&name).cloned(), alias, from_file) {
                (Some(key), ..) => Some((key, Ok(value), true)),
                (None, Some(key), _) => Some((key, Ok(value), false)),
                (None, None, Some(key)) => Some((key.clone(), read_file(Path::new(&value)), true)),
                (None, None, None) => None,
            };
            if known.is_none()
                && let Some(retired) = self.retired.iter().find(|retired| variable(self.prefix, retired.path) == name)
            {
                let (key, why) = (retired.path.to_owned(), retired.why.to_owned());
                self.problems.push(SettingProblem { origin: Origin::Environment(name), key, why });
                continue;
            }
            // A shell or a compose file uses an empty variable for "not set".
            match known {
                Some((_, Ok(value), _)) if value.is_empty() => {}
                // A variable with the option's own name outweighs its alias, whatever the environment's order.
                Some((key, _, false)) if seen.contains(&key.path) => {}
                Some((key, Ok(value), own)) => {
                    if own {
                        seen.insert(key.path.clone());
                    }
                    self.say(&key, &value, Origin::Environment(name));
                }
                Some((key, Err(why), _)) => self.problems.push(SettingProblem { origin: Origin::Environment(name), key: key.path, why }),
                None if name.starts_with(self.prefix) && name[self.prefix.len()..].starts_with('_') => unknown.push(name),
                None => {}
            }
        }
        unknown
    }

    /// Lays one value over the earlier layers: `flag` is the flag that set it.
    pub fn set(&mut self, path: &str, value: &str, flag: &str) {
        match self.keys.iter().find(|key| key.path == path).cloned() {
            Some(key) => self.say(&key, value, Origin::Flag(flag.to_owned())),
            None => {
                let why = self.unknown(path);
                self.problems.push(SettingProblem { origin: Origin::Flag(flag.to_owned()), key: path.to_owned(), why });
            }
        }
    }

    /// Lays a list over the earlier layers.
    pub fn set_list(&mut self, path: &str, values: &[String], flag: &str) {
        let list = Value::Array(values.iter().cloned().map(Value::String).collect());
        self.put(path, list, Origin::Flag(flag.to_owned()));
    }

    /// Where `path` was set.
    #[must_use]
    pub fn origin(&self, path: &str) -> Origin {
        self.origins.get(path).cloned().unwrap_or(Origin::Default)
    }

    /// Where `path`, or the nearest table around it that was set anywhere, was set.
    fn nearest(&self, path: &str) -> Origin {
        let mut at = path;
        loop {
            if let Some(origin) = self.origins.get(at) {
                return origin.clone();
            }
            match at.rsplit_once('.') {
                Some((above, _)) => at = above,
                None => return Origin::Default,
            }
        }
    }

    /// A problem with `path`, reported with where it was set.
    #[must_use]
    pub fn problem(&self, path: &str, why: impl Into<String>) -> SettingProblem {
        SettingProblem { origin: self.nearest(path), key: path.to_owned(), why: why.into() }
    }

    /// The struct that all layers make, or all errors in them.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let mut problems = self.problems.clone();
        let mut unknown = |path: serde_ignored::Path<'_>| {
            let path = path.to_string();
            problems.push(self.problem(&path, self.unknown(&path)));
        };
        let tree = Value::Table(self.tree.clone());
        let read = serde_path_to_error::deserialize(serde_ignored::Deserializer::new(tree, &mut unknown));
        match read {
            Ok(read) if problems.is_empty() => Ok(read),
            Ok(_) => Err(Error(problems)),
            Err(error) => {
                let path = path(error.path());
                problems.push(self.problem(&path, self.wrong_value(&path, error.inner().message())));
                Err(Error(problems))
            }
        }
    }

    /// The message for an unknown key: the key that was probably meant.
    fn unknown(&self, path: &str) -> String {
        if let Some(retired) = self.retired.iter().find(|retired| retired.path == path) {
            return retired.why.to_owned();
        }
        let last = |path: &str| path.rsplit('.').next().unwrap_or(path).to_owned();
        let same = self.keys.iter().find(|key| key.path != path && last(&key.path) == last(path));
        let alike = || {
            let near = self.keys.iter().map(|key| (misspelled(&key.path, path), key));
            near.filter(|(letters, _)| *letters <= MISSPELLED_MAX).min_by_key(|(letters, _)| *letters).map(|(_, key)| key)
        };
        match same.or_else(alike) {
            Some(key) => format!("there is no such option; did you mean {}?", key.path),
            None => "there is no such option; `largesse config --default` lists them".to_owned(),
        }
    }

    /// The error in a value, with the value itself unless it is secret, and an example if the parser's message is only about types.
    fn wrong_value(&self, path: &str, why: &str) -> String {
        let value = path.split('.').try_fold(None::<&Value>, |above, part| match above {
            None => self.tree.get(part).map(Some),
            Some(Value::Array(items)) => items.get(part.parse::<usize>().ok()?).map(Some),
            Some(value) => value.get(part).map(Some),
        });
        let Some(value) = value.flatten().filter(|value| !value.is_table() && !value.is_array()) else { return why.to_owned() };
        match why {
            "invalid socket address syntax" => {
                format!("{value} is not an IP address and a port, such as \"127.0.0.1:7070\" or \"[::1]:7070\"; names are not looked up")
            }
            // Only addresses and counts are read by such a parser, so no secret is repeated.
            _ if WHOLE.iter().any(|name| why.contains(name)) => format!("{value} is not a whole number of 0 or more"),
            _ => why.to_owned(),
        }
    }

    fn say(&mut self, key: &SettingKey, text: &str, origin: Origin) {
        match parse(&key.kind, text) {
            Ok(value) => self.put(&key.path, value, origin),
            Err(why) => self.problems.push(SettingProblem { origin, key: key.path.clone(), why }),
        }
    }

    fn put(&mut self, path: &str, value: Value, origin: Origin) {
        let (above, name) = path.rsplit_once('.').map_or((None, path), |(above, name)| (Some(above), name));
        let mut table = &mut self.tree;
        for part in above.into_iter().flat_map(|above| above.split('.')) {
            let inner = table.entry(part).or_insert_with(|| Value::Table(Table::new()));
            // A file may have set something other than a table there; the later layer wins.
            if !inner.is_table() {
                *inner = Value::Table(Table::new());
            }
            table = inner.as_table_mut().expect("made a table above");
        }
        table.insert(name.to_owned(), value);
        // The origins of its parts in earlier layers no longer apply.
        self.origins.retain(|known, _| !known.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')));
        self.origins.insert(path.to_owned(), origin);
    }
}

/// A value of the environment or a flag. Texts are used as they are, lists may be separated by commas, everything else is TOML.
fn parse(kind: &SettingKind, text: &str) -> Result<Value, String> {
    let as_toml = || -> Result<Value, String> {
        let mut table: Table = toml::from_str(&format!("value = {text}")).map_err(|error| error.message().to_owned())?;
        table.remove("value").ok_or_else(|| "no value".to_owned())
    };
    match kind {
        SettingKind::Text(_) => Ok(Value::String(text.to_owned())),
        SettingKind::List(_) if !text.trim_start().starts_with('[') => {
            Ok(Value::Array(text.split(',').map(|part| Value::String(part.trim().to_owned())).collect()))
        }
        SettingKind::Flag => match text {
            "true" | "1" | "yes" | "on" => Ok(Value::Boolean(true)),
            "false" | "0" | "no" | "off" => Ok(Value::Boolean(false)),
            _ => Err("neither true nor false".to_owned()),
        },
        SettingKind::Integer => text.parse().map(Value::Integer).map_err(|_| format!("not a whole number: {text:?}")),
        SettingKind::Number => text.parse().map(Value::Float).map_err(|_| format!("not a number: {text:?}")),
        SettingKind::List(_) | SettingKind::Tables(_) | SettingKind::Map | SettingKind::Table => as_toml(),
    }
}

/// In how many letters two keys differ (Levenshtein's distance), up to the limit.
fn misspelled(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.chars().enumerate() {
        let mut before = row[0];
        row[0] = at + 1;
        for (place, theirs) in other.iter().enumerate() {
            let replaced = before + usize::from(letter != *theirs);
            before = row[place + 1];
            row[place + 1] = replaced.min(before + 1).min(row[place] + 1);
        }
    }
    row[other.len()]
}

fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) => merge(old, new),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

/// Every key of a file with its position, in bytes.
fn places_of(table: &DeTable<'_>, above: &str, found: &mut Vec<(String, usize)>) {
    for (name, value) in table {
        let path = if above.is_empty() { name.get_ref().to_string() } else { format!("{above}.{}", name.get_ref()) };
        found.push((path.clone(), name.span().start));
        place_of(value.get_ref(), &path, found);
    }
}

fn place_of(value: &DeValue<'_>, path: &str, found: &mut Vec<(String, usize)>) {
    match value {
        DeValue::Table(inner) => places_of(inner, path, found),
        DeValue::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let path = format!("{path}.{at}");
                found.push((path.clone(), item.span().start));
                place_of(item.get_ref(), &path, found);
            }
        }
        _ => {}
    }
}

/// The path of an error, in the form that all messages use.
fn path(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let parts = path.iter().filter_map(|segment| match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { .. } | Segment::Unknown => None,
    });
    parts.collect::<Vec<_>>().join(".")
}
