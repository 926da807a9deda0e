//! Unit tests of the keys derived from a schema.
use super::*;
use crate::Secret;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, JsonSchema, Default)]
#[serde(default)]
struct Sample {
    /// One line
    /// that goes on.
    ///
    /// And a second paragraph.
    text: String,
    /// May be absent.
    whole: Option<u16>,
    /// Kept to ourselves.
    hidden: Secret,
    /// A duration.
    #[serde(with = "crate::millis")]
    #[schemars(with = "u64")]
    wait_ms: std::time::Duration,
    #[serde(skip)]
    _inner: u8,
    /// Below.
    below: Below,
}

#[derive(Serialize, Deserialize, JsonSchema, Default)]
#[serde(default)]
struct Below {
    /// Any names.
    names: std::collections::BTreeMap<String, String>,
    /// Any flags.
    flags: Vec<bool>,
}

#[test]
fn every_field_is_a_key_with_its_form() {
    let found = keys::<Sample>();
    let forms: Vec<(&str, &SettingKind)> = found.iter().map(|key| (key.path.as_str(), &key.kind)).collect();
    assert_eq!(
        forms,
        [
            ("text", &SettingKind::Text(Vec::new())),
            ("whole", &SettingKind::Integer),
            ("hidden", &SettingKind::Text(Vec::new())),
            ("wait_ms", &SettingKind::Integer),
            ("below", &SettingKind::Table),
            ("below.names", &SettingKind::Map),
            ("below.flags", &SettingKind::List(Box::new(SettingKind::Flag))),
        ]
    );
    assert_eq!(found[0].doc, "One line that goes on.\n\nAnd a second paragraph.");
    assert!(found[2].secret && !found[0].secret);
    assert_eq!(found[1].default, None);
    assert_eq!(found[3].default, Some(0.into()));
    assert_eq!(found[6].variable("X"), "X_BELOW_FLAGS");
}
