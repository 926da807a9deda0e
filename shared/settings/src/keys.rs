//! Every option a configuration has, derived from the schema of its struct.
use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value};

#[cfg(test)]
mod tests;

/// The schema extension that marks a value which must not be printed.
pub(crate) const SECRET: &str = "x-secret";

/// The kinds of values that a key can have.
#[derive(Debug, Clone, PartialEq)]
pub enum SettingKind {
    /// A string; when the list is not empty, one of these.
    Text(Vec<String>),
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// `true` or `false`.
    Flag,
    /// A list of values.
    List(Box<SettingKind>),
    /// A list of tables with these keys, their paths relative to the table.
    Tables(Vec<SettingKey>),
    /// Names and values that are not fixed.
    Map,
    /// A table whose keys follow in the list of keys.
    Table,
}

/// An option, or a table of options.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingKey {
    /// Names from the top, with dots between them.
    pub path: String,
    /// Its doc comment.
    pub doc: String,
    /// The kind of its value.
    pub kind: SettingKind,
    /// Its default; `None` if it has none.
    pub default: Option<Value>,
    /// Whether its value must not be printed.
    pub secret: bool,
}

impl SettingKey {
    /// The environment variable that sets it.
    #[must_use]
    pub fn variable(&self, prefix: &str) -> String {
        variable(prefix, &self.path)
    }
}

/// The environment variable that sets the option at a path.
pub(crate) fn variable(prefix: &str, path: &str) -> String {
    format!("{prefix}_{}", path.replace('.', "_").to_uppercase())
}

/// All keys of `T`, tables before what is in them, in the order of the struct's fields.
#[must_use]
pub fn keys<T: JsonSchema>() -> Vec<SettingKey> {
    let mut settings = SchemaSettings::draft2020_12();
    settings.inline_subschemas = true;
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let mut found = Vec::new();
    if let Some(fields) = schema.as_value().as_object() {
        walk(fields, "", &mut found);
    }
    found
}

/// The doc comment of `T` itself.
#[must_use]
pub fn about<T: JsonSchema>() -> String {
    let schema = schemars::schema_for!(T);
    doc(schema.as_value().as_object().unwrap_or(&Map::new()))
}

fn walk(schema: &Map<String, Value>, above: &str, found: &mut Vec<SettingKey>) {
    let Some(Value::Object(fields)) = schema.get("properties") else { return };
    let mut tables = Vec::new();
    for (name, field) in fields {
        let Value::Object(field) = field else { continue };
        let path = if above.is_empty() { name.clone() } else { format!("{above}.{name}") };
        let key = SettingKey {
            path: path.clone(),
            doc: doc(field),
            kind: kind(field),
            default: field.get("default").filter(|value| !value.is_null()).cloned(),
            secret: field.contains_key(SECRET),
        };
        match key.kind {
            SettingKind::Table => tables.push((key, field, path)),
            _ => found.push(key),
        }
    }
    // A table's header ends the table above it, so plain keys come first.
    for (key, field, path) in tables {
        found.push(key);
        walk(field, &path, found);
    }
}

/// Paragraphs of a doc comment, each in one line.
fn doc(schema: &Map<String, Value>) -> String {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect::<Vec<_>>().join("\n\n")
}

fn kind(schema: &Map<String, Value>) -> SettingKind {
    if let Some(names) = names(schema) {
        return SettingKind::Text(names);
    }
    match type_of(schema) {
        Some("integer") => SettingKind::Integer,
        Some("number") => SettingKind::Number,
        Some("boolean") => SettingKind::Flag,
        Some("array") => {
            let empty = Map::new();
            let items = schema.get("items").and_then(Value::as_object).unwrap_or(&empty);
            match kind(items) {
                SettingKind::Table => {
                    let mut keys = Vec::new();
                    walk(items, "", &mut keys);
                    SettingKind::Tables(keys)
                }
                other => SettingKind::List(Box::new(other)),
            }
        }
        Some("object") if schema.contains_key("properties") => SettingKind::Table,
        Some("object") => SettingKind::Map,
        _ => SettingKind::Text(Vec::new()),
    }
}

/// The schema's type without `null`: an optional option is not a kind of its own.
fn type_of(schema: &Map<String, Value>) -> Option<&str> {
    match schema.get("type")? {
        Value::String(name) => Some(name),
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        _ => None,
    }
}

/// The words an enumeration allows: schemars writes those with a doc comment each as alternatives, the others as a list.
fn names(schema: &Map<String, Value>) -> Option<Vec<String>> {
    if let Some(Value::Array(names)) = schema.get("enum") {
        return Some(names.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    }
    for word in ["oneOf", "anyOf"] {
        let Some(Value::Array(alternatives)) = schema.get(word) else { continue };
        let alternatives: Vec<&Map<String, Value>> = alternatives.iter().filter_map(Value::as_object).collect();
        let constants = |schema: &&Map<String, Value>| {
            schema.get("const").and_then(Value::as_str).map(|name| vec![name.to_owned()]).or_else(|| names(schema))
        };
        let found: Vec<String> = alternatives.iter().filter_map(constants).flatten().collect();
        if !found.is_empty() {
            return Some(found);
        }
    }
    None
}
