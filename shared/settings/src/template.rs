//! A whole configuration as a TOML file that documents every option.
use crate::{SettingKey, SettingKind, keys};
use schemars::JsonSchema;
use std::fmt::Write as _;

#[cfg(test)]
mod tests;

/// Width of a comment, in columns.
const WIDTH: usize = 110;

/// Every option of `T` with its documentation, its environment variable under `prefix`, and its default. An option without a default is
/// commented out.
#[must_use]
pub fn template<T: JsonSchema>(prefix: &str) -> String {
    let mut text = String::new();
    comment(&mut text, "", &keys::about::<T>());
    for key in keys::keys::<T>() {
        text.push('\n');
        match &key.kind {
            SettingKind::Table => {
                comment(&mut text, "", &key.doc);
                write(&mut text, format_args!("[{}]\n", key.path));
            }
            SettingKind::Tables(fields) => {
                comment(&mut text, "", &key.doc);
                tables(&mut text, &key.path, fields);
            }
            _ => {
                comment(&mut text, "", &key.doc);
                comment(&mut text, "", &format!("{}Environment: {}.", words(&key), key.variable(prefix)));
                write(&mut text, format_args!("{}\n", assignment(&key)));
            }
        }
    }
    text
}

/// Longest line of an option that has options of its own, in bytes.
const INLINE_MAX: usize = 140;

/// A list of tables, as an example in comments.
fn tables(text: &mut String, path: &str, fields: &[SettingKey]) {
    write(text, format_args!("# [[{path}]]\n"));
    for key in fields {
        comment(text, "# ", &key.doc);
        let line = assignment(key);
        match &key.default {
            // One line for each, where all of them would be too long a line.
            Some(serde_json::Value::Object(fields)) if line.len() > INLINE_MAX => {
                let name = key.path.rsplit('.').next().unwrap_or(&key.path);
                for (field, value) in fields {
                    write(text, format_args!("# {name}.{} = {}\n", toml_key(field), literal(value)));
                }
            }
            _ => write(text, format_args!("# {}\n", line.trim_start_matches("# "))),
        }
    }
}

/// The allowed words of an option that has a fixed set of them.
fn words(key: &SettingKey) -> String {
    let words = match &key.kind {
        SettingKind::Text(words) => words,
        SettingKind::List(inner) => match &**inner {
            SettingKind::Text(words) => words,
            _ => return String::new(),
        },
        _ => return String::new(),
    };
    if words.is_empty() { String::new() } else { format!("One of {}. ", words.join(", ")) }
}

/// `name = default`, commented out if there is no default.
fn assignment(key: &SettingKey) -> String {
    let name = key.path.rsplit('.').next().unwrap_or(&key.path);
    match &key.default {
        Some(value) => format!("{name} = {}", literal(value)),
        None => {
            let example = match key.kind {
                SettingKind::Text(_) => "\"\"",
                SettingKind::Integer => "0",
                SettingKind::Number => "0.0",
                SettingKind::Flag => "false",
                SettingKind::List(_) | SettingKind::Tables(_) => "[]",
                SettingKind::Map | SettingKind::Table => "{}",
            };
            format!("# {name} = {example}")
        }
    }
}

/// A JSON value as TOML writes it.
fn literal(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::Null => "\"\"".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => toml::Value::String(text.clone()).to_string(),
        Value::Array(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| format!("{} = {}", toml_key(name), literal(value)));
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", ")).replace("{  }", "{}")
        }
    }
}

fn toml_key(name: &str) -> String {
    let bare = !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-');
    if bare { name.to_owned() } else { toml::Value::String(name.to_owned()).to_string() }
}

/// Paragraphs as comments of bounded width.
fn comment(text: &mut String, indent: &str, doc: &str) {
    for paragraph in doc.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            if !line.is_empty() && line.len() + word.len() > WIDTH {
                write(text, format_args!("{indent}# {line}\n"));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        write(text, format_args!("{indent}# {line}\n"));
    }
}

fn write(text: &mut String, what: std::fmt::Arguments<'_>) {
    text.write_fmt(what).expect("writing to a String cannot fail");
}
