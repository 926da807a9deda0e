//! What an RPC takes and answers, as text for a terminal.
use super::{CallableMethods, row, short_name};
use identity::{
    Role,
    access::{Access, AccessRow},
};
use prost_reflect::{Cardinality, FieldDescriptor, FileDescriptor, Kind, MessageDescriptor, MethodDescriptor};
use rpc::acts::is_staff;
use std::{collections::BTreeSet, fmt::Write as _};

/// How deep the messages in messages are described.
const DEPTH_MAX: usize = 4;

/// The RPC with its comment, who may call it, and each field of its request and answer with its type and comment.
pub fn description(method: &MethodDescriptor) -> String {
    let mut text = format!("{}{}\n", short_name(method), streamed(method));
    comment(&mut text, &method.parent_file(), method.path(), "  ");
    if let Some(row) = row(method) {
        let _ = writeln!(text, "\n  {}", callers(row));
    }
    let mut known = BTreeSet::new();
    for (name, message) in [("Request", method.input()), ("Answer", method.output())] {
        let _ = writeln!(text, "\n{name}: {}", message.name());
        fields(&mut text, &message, 1, &mut known);
    }
    text
}

fn streamed(method: &MethodDescriptor) -> &'static str {
    match (method.is_client_streaming(), method.is_server_streaming()) {
        (false, false) => "",
        (false, true) => " (answers with a stream)",
        (true, false) => " (takes a stream)",
        (true, true) => " (takes a stream and answers with one)",
    }
}

/// A line for each RPC in whose name `part` is: its name and the roles that may call it.
pub fn listed(methods: &CallableMethods, part: &str) -> Vec<String> {
    let part = part.to_lowercase();
    let found: Vec<&MethodDescriptor> =
        methods.iter().filter(|method| method.full_name().to_lowercase().replace('.', "/").contains(&part.replace('.', "/"))).collect();
    let width = found.iter().map(|method| short_name(method).len()).max().unwrap_or_default();
    let line = |method: &&MethodDescriptor| format!("{:width$}  {}", short_name(method), row(method).map_or_else(String::new, roles));
    found.iter().map(line).collect()
}

fn roles(row: &AccessRow) -> String {
    if matches!(row.access, Access::Open) {
        return "anybody".to_owned();
    }
    let roles: Vec<&str> = Role::ALL.into_iter().filter(|role| row.reach(*role).is_some()).map(Role::as_str).collect();
    roles.join(", ")
}

fn callers(row: &AccessRow) -> String {
    if matches!(row.access, Access::Open) {
        return "Whoever reaches it may call it, without a token.".to_owned();
    }
    let staff = Role::ALL.into_iter().any(|role| is_staff(role) && row.reach(role).is_some());
    let explained = if row.reason && staff { "; staff must give --reason" } else { "" };
    format!("For the roles {}{explained}.", roles(row))
}

/// The fields of a message, and below each those of its own message, unless they were described before.
fn fields(text: &mut String, message: &MessageDescriptor, depth: usize, known: &mut BTreeSet<String>) {
    let indent = "  ".repeat(depth);
    for field in message.fields() {
        let _ = writeln!(text, "{indent}{}: {}", field.name(), type_of(&field));
        comment(text, &message.parent_file(), field.path(), &format!("{indent}    "));
        if let Kind::Message(inner) = field.kind()
            && !field.is_map()
            && !inner.full_name().starts_with("google.protobuf.")
            && depth < DEPTH_MAX
            && known.insert(inner.full_name().to_owned())
        {
            fields(text, &inner, depth + 1, known);
        }
    }
}

fn type_of(field: &FieldDescriptor) -> String {
    let one = match field.kind() {
        Kind::Message(message) => message.name().to_owned(),
        Kind::Enum(values) => {
            let names: Vec<String> = values.values().map(|value| value.name().to_owned()).collect();
            names.join(" | ")
        }
        kind => format!("{kind:?}").to_lowercase(),
    };
    match (field.is_map(), field.cardinality()) {
        (true, _) => "map".to_owned(),
        (false, Cardinality::Repeated) => format!("list of {one}"),
        (false, _) => one,
    }
}

/// The comment at a place of a file, in lines.
fn comment(text: &mut String, file: &FileDescriptor, path: &[i32], indent: &str) {
    let places = file.file_descriptor_proto().source_code_info.as_ref().map_or(&[][..], |info| &info.location);
    let Some(place) = places.iter().find(|place| place.path == path) else { return };
    for line in place.leading_comments().lines().filter(|line| !line.trim().is_empty()) {
        let _ = writeln!(text, "{indent}{}", line.trim());
    }
}
