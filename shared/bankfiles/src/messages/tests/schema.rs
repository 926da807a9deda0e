//! The tables against the official schemas: every element that holds money or a status must be in them.
use super::super::{
    field::{ContentKind, ElementField},
    table,
};
use std::collections::{BTreeMap, BTreeSet};

/// The types of a schema: for each, its elements with their types, and whether it is an amount with a currency. The published schemas have one element a
/// line, which is all that is read of them.
#[derive(Default)]
struct SchemaTypes {
    elements: BTreeMap<String, Vec<(String, String)>>,
    money: BTreeSet<String>,
}

/// What the comparison found wrong, and the names of elements that it met.
#[derive(Default)]
struct SchemaFindings {
    wrong: Vec<String>,
    met: BTreeSet<String>,
}

fn attribute(line: &str, name: &str) -> Option<String> {
    let start = line.find(&format!(" {name}=\""))? + name.len() + 3;
    line[start..].split('"').next().map(str::to_owned)
}

fn schema(text: &str) -> SchemaTypes {
    let mut schema = SchemaTypes::default();
    let mut current = String::new();
    for line in text.lines() {
        if line.contains("<xs:complexType ") {
            current = attribute(line, "name").unwrap_or_default();
        } else if line.contains("<xs:element ") {
            if let (Some(name), Some(kind)) = (attribute(line, "name"), attribute(line, "type")) {
                schema.elements.entry(current.clone()).or_default().push((name, kind));
            }
        } else if attribute(line, "name").as_deref() == Some("Ccy") && line.contains("<xs:attribute ") {
            schema.money.insert(current.clone());
        }
    }
    schema
}

impl SchemaTypes {
    /// Whether an amount with a currency, or a status or reason, is in a type.
    fn decides(&self, name: &str, kind: &str, seen: &mut BTreeSet<String>) -> bool {
        if self.money.contains(kind) || name.ends_with("Sts") || name.ends_with("RsnInf") {
            return true;
        }
        // The content of additions is private, and a type inside itself was looked at.
        if name == "SplmtryData" || !seen.insert(kind.to_owned()) {
            return false;
        }
        self.elements.get(kind).is_some_and(|inside| inside.iter().any(|(name, kind)| self.decides(name, kind, seen)))
    }

    fn compare(&self, kind: &str, fields: &[ElementField], path: &str, found: &mut SchemaFindings) {
        for (name, kind) in self.elements.get(kind).into_iter().flatten() {
            found.met.insert(name.clone());
            let path = format!("{path}/{name}");
            let is_money = self.money.contains(kind);
            match fields.iter().find(|field| field.element == name).map(|field| field.kind) {
                None if self.decides(name, kind, &mut BTreeSet::new()) => found.wrong.push(format!("{path} is not in the table")),
                Some(ContentKind::Group(inside) | ContentKind::OneOf(inside)) => {
                    if !self.elements.contains_key(kind) {
                        found.wrong.push(format!("{path} has no elements"));
                    }
                    self.compare(kind, inside, &path, found);
                }
                Some(ContentKind::Money) => {
                    if !is_money {
                        found.wrong.push(format!("{path} is not an amount"));
                    }
                }
                Some(other) if is_money && !matches!(other, ContentKind::Amounts) => {
                    found.wrong.push(format!("{path} is an amount and not {other:?}"));
                }
                None | Some(_) => {}
            }
        }
    }
}

fn list(fields: &[ElementField], tables: &mut BTreeSet<String>) {
    for field in fields {
        tables.insert(field.element.to_owned());
        if let ContentKind::Group(inside) | ContentKind::OneOf(inside) = field.kind {
            list(inside, tables);
        }
    }
}

#[test]
fn reference_everything_of_the_schemas_that_is_money_or_a_status_is_read() {
    let Ok(root) = std::env::var("LARGESSE_REFERENCE_DATA") else {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
        return;
    };
    let (mut compared, mut found) = (0, SchemaFindings::default());
    let mut tables = BTreeSet::new();
    for namespace in table::NAMESPACES {
        let name = namespace.rsplit(':').next().unwrap();
        let places = [format!("{root}/bank/xsd/{name}.xsd"), format!("{root}/bank/xsd/fednow_pkg/iso/{name}.xsd")];
        let Some(text) = places.iter().find_map(|place| std::fs::read_to_string(place).ok()) else { continue };
        let schema = schema(&text);
        let (element, kind) = schema.elements["Document"].first().unwrap();
        let message = table::of(name, element).unwrap();
        schema.compare(kind, message.fields, element, &mut found);
        list(message.fields, &mut tables);
        compared += 1;
    }
    assert_eq!(found.wrong, Vec::<String>::new());
    // An element that no schema has there is a slip of the pen, and would never be read.
    let unmet: Vec<_> = tables.difference(&found.met).collect();
    assert!(unmet.is_empty(), "{unmet:?}");
    assert!(compared >= 20, "{compared} schemas");
}
