//! Unit tests of layers: precedence, and how errors are reported.
use super::*;
use crate::Secret;
use serde::Deserialize;

#[derive(Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
struct Sample {
    /// A name.
    name: String,
    /// Some words.
    words: Vec<String>,
    /// Where the money is.
    database: Secret,
    /// A table.
    cache: Cache,
    /// Tables.
    people: Vec<Person>,
}

#[derive(Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default)]
struct Cache {
    /// Mebibytes.
    size_mib: u32,
    /// Whether.
    warm: bool,
}

#[derive(Debug, PartialEq, Deserialize, JsonSchema)]
struct Person {
    /// The name.
    who: String,
    /// How old.
    #[serde(default)]
    age: u32,
}

fn file(text: &str) -> (tempfile::TempDir, Layers, Result<(), Error>) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("some.toml");
    fs::write(&path, text).unwrap();
    let mut layers = Layers::new::<Sample>("SAMPLE");
    let read = layers.file(&path);
    (dir, layers, read)
}

/// The error about a file, without its directory.
fn told(text: &str) -> String {
    let (dir, layers, read) = file(text);
    let error = read.err().unwrap_or_else(|| layers.read::<Sample>().unwrap_err());
    error.to_string().replace(&format!("{}/", dir.path().display()), "")
}

fn variables(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let (_dir, mut layers, read) = file("name = \"file\"\nwords = [\"a\"]\n[cache]\nsize_mib = 1\nwarm = true\n");
    read.unwrap();
    let unknown =
        layers.environment(variables(&[("SAMPLE_NAME", "env"), ("SAMPLE_CACHE_SIZE_MIB", "2"), ("OTHER", "x")]), &BTreeMap::new());
    assert_eq!(unknown, [""; 0]);
    layers.set("name", "flag", "--name");
    let sample: Sample = layers.read().unwrap();
    assert_eq!((sample.name.as_str(), sample.cache.size_mib, sample.cache.warm), ("flag", 2, true));
    assert_eq!(sample.words, ["a"]);
    assert_eq!(layers.origin("name"), Origin::Flag("--name".to_owned()));
    assert_eq!(layers.origin("cache.size_mib"), Origin::Environment("SAMPLE_CACHE_SIZE_MIB".to_owned()));
    assert_eq!(layers.origin("database"), Origin::Default);
    assert!(matches!(layers.origin("cache.warm"), Origin::File { line: 5, .. }));
}

#[test]
fn a_mistake_in_a_file_names_its_line_and_key() {
    let big = told("name = \"x\"\n\n[cache]\nsize_mib = \"big\"\n");
    assert_eq!(big, "some.toml:4: cache.size_mib: \"big\" is not a whole number of 0 or more");
    assert_eq!(told("[cache]\nsize_mib = -1\n"), "some.toml:2: cache.size_mib: -1 is not a whole number of 0 or more");
    let told_of_two = told("size_mib = 1\n[cache]\nwram = true\n");
    let lines: Vec<&str> = told_of_two.lines().collect();
    assert!(lines.contains(&"some.toml:1: size_mib: there is no such option; did you mean cache.size_mib?"), "{lines:?}");
    assert!(lines.contains(&"some.toml:3: cache.wram: there is no such option; did you mean cache.warm?"), "{lines:?}");
    assert!(told("name = \"x\nwords = 1").starts_with("some.toml:1: "), "a string without an end");
    assert!(told("name = \"x\"\nname = \"y\"").starts_with("some.toml:2: duplicate key"));
    assert_eq!(told("cache = 3"), "some.toml:1: cache: invalid type: integer `3`, expected struct Cache");
}

#[test]
fn a_mistake_in_one_of_several_tables_names_that_one() {
    let told = told("[[people]]\nwho = \"a\"\n\n[[people]]\nage = 3\n");
    assert_eq!(told, "some.toml:4: people.1: missing field `who`");
}

#[test]
fn a_mistake_outside_a_file_names_its_place() {
    let mut layers = Layers::new::<Sample>("SAMPLE");
    layers.environment(variables(&[("SAMPLE_CACHE_WARM", "perhaps"), ("SAMPLE_CACHE_SIZE_MIB", "1e3")]), &BTreeMap::new());
    layers.set("nmae", "x", "--set nmae");
    let told = layers.read::<Sample>().unwrap_err().to_string();
    assert!(told.contains("environment variable SAMPLE_CACHE_WARM: cache.warm: neither true nor false"), "{told}");
    assert!(told.contains("environment variable SAMPLE_CACHE_SIZE_MIB: cache.size_mib: not a whole number"), "{told}");
    assert!(told.contains("--set nmae: nmae: there is no such option"), "{told}");
}

#[test]
fn a_variable_that_names_nothing_is_handed_back() {
    let mut layers = Layers::new::<Sample>("SAMPLE");
    assert_eq!(
        layers.environment(variables(&[("SAMPLE_NMAE", "x"), ("SAMPLER", "y"), ("SAMPLE_NAME", "")]), &BTreeMap::new()),
        ["SAMPLE_NMAE"]
    );
    assert_eq!(layers.read::<Sample>().unwrap(), Sample::default());
}

#[test]
fn an_alias_is_outweighed_by_the_name_itself_in_any_order() {
    for order in [[("SAMPLE_NAME", "own"), ("PLAIN", "alias")], [("PLAIN", "alias"), ("SAMPLE_NAME", "own")]] {
        let mut layers = Layers::new::<Sample>("SAMPLE");
        layers.environment(variables(&order), &BTreeMap::from([("PLAIN", "name")]));
        assert_eq!(layers.read::<Sample>().unwrap().name, "own");
    }
    let mut layers = Layers::new::<Sample>("SAMPLE");
    layers.environment(variables(&[("PLAIN", "alias")]), &BTreeMap::from([("PLAIN", "name")]));
    assert_eq!(layers.read::<Sample>().unwrap().name, "alias");
}

#[test]
fn lists_and_tables_come_from_one_line() {
    let mut layers = Layers::new::<Sample>("SAMPLE");
    layers.set("words", "a, b", "--words");
    layers.set("people", "[{ who = \"ada\", age = 3 }]", "--people");
    let sample: Sample = layers.read().unwrap();
    assert_eq!(sample.words, ["a", "b"]);
    assert_eq!(sample.people, [Person { who: "ada".to_owned(), age: 3 }]);
    layers.set_list("words", &["c,d".to_owned()], "--word");
    assert_eq!(layers.read::<Sample>().unwrap().words, ["c,d"]);
}

#[test]
fn a_secret_comes_from_a_file_and_is_not_told() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    fs::write(&path, "postgres://u:hunter2@h/n\n").unwrap();
    let mut layers = Layers::new::<Sample>("SAMPLE");
    layers.environment(variables(&[("SAMPLE_DATABASE_FILE", &path.display().to_string())]), &BTreeMap::new());
    let sample: Sample = layers.read().unwrap();
    assert_eq!(sample.database.expose(), "postgres://u:hunter2@h/n");
    let (_dir, layers, read) = file(&format!("database = {{ file = {:?} }}", path.display().to_string()));
    read.unwrap();
    let sample: Sample = layers.read().unwrap();
    assert_eq!(sample.database.expose(), "postgres://u:hunter2@h/n");
    assert!(!format!("{sample:?}").contains("hunter2"));
    assert!(told("database = { file = \"/nowhere/at/all\" }").contains("some.toml:1: database: /nowhere/at/all: "));
    assert!(told("database = { vault = \"x\" }").ends_with("database: expected file or env, not vault"));
}

#[test]
fn what_is_no_configuration_is_refused() {
    let mut layers = Layers::new::<Sample>("SAMPLE");
    assert!(layers.file(Path::new("/nowhere/some.toml")).unwrap_err().to_string().contains("/nowhere/some.toml: "));
    let (_dir, _, read) = file(&"#".repeat(2 << 20));
    assert!(read.unwrap_err().to_string().contains("not a configuration"));
    let (_dir, _, read) = file("\u{0}");
    assert!(read.is_err());
}
