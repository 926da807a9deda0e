//! Unit tests of the commented file.
use super::*;
use crate::{Layers, Secret};
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Colour {
    /// As blood.
    Red,
    /// As grass.
    Green,
}

/// All there is to say.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Sample {
    /// What it is painted with.
    colour: Colour,
    /// Where it is. Nowhere when not given.
    place: Option<String>,
    /// A value that nobody sees.
    key: Secret,
    /// Its parts.
    parts: Vec<Part>,
    /// Its inside.
    inside: Inside,
    /// How many there are of it.
    count: u32,
}

/// One part.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Part {
    /// Its name.
    name: String,
}

#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
struct Inside {
    /// How warm it is.
    degrees: f64,
}

impl Default for Inside {
    fn default() -> Self {
        Self { degrees: 1.5 }
    }
}

impl Default for Sample {
    fn default() -> Self {
        Self { colour: Colour::Green, place: None, key: Secret::default(), parts: Vec::new(), inside: Inside::default(), count: 7 }
    }
}

#[test]
fn it_is_the_default_in_words() {
    let text = template::<Sample>("SAMPLE");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("default.toml");
    std::fs::write(&path, &text).unwrap();
    let mut layers = Layers::new::<Sample>("SAMPLE");
    layers.file(&path).unwrap();
    assert_eq!(layers.read::<Sample>().unwrap(), Sample::default(), "{text}");
}

#[test]
fn it_says_what_every_option_is_for() {
    let text = template::<Sample>("SAMPLE");
    let expected =
        "# All there is to say.\n\n# What it is painted with.\n# One of red, green. Environment: SAMPLE_COLOUR.\ncolour = \"green\"\n";
    assert!(text.starts_with(expected), "{text}");
    assert!(text.contains("# Where it is. Nowhere when not given.\n# Environment: SAMPLE_PLACE.\n# place = \"\"\n"), "{text}");
    assert!(text.contains("# Its parts.\n# [[parts]]\n# # Its name.\n# name = \"\"\n"), "{text}");
    assert!(
        text.contains("# Its inside.\n[inside]\n\n# How warm it is.\n# Environment: SAMPLE_INSIDE_DEGREES.\ndegrees = 1.5\n"),
        "{text}"
    );
    assert!(text.find("count = 7").unwrap() < text.find("[inside]").unwrap(), "a table's header ends what is above it\n{text}");
}
