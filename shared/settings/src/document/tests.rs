//! Unit tests of documents: how errors are reported.
use super::*;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Prices {
    version: Spanned<String>,
    #[serde(default)]
    prices: Vec<Spanned<Price>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Price {
    id: i64,
}

impl VersionedDocument for Prices {
    fn version(&self) -> &Spanned<String> {
        &self.version
    }
}

fn parse(text: &str) -> Result<Prices, DocumentError> {
    DocumentText::new("price list", "prices.toml", text).parse()
}

#[test]
fn a_document_is_read_with_its_lines() {
    let text = DocumentText::new("price list", "prices.toml", "version = \"1\"\n[[prices]]\nid = 7\n\n[[prices]]\nid = 7\n");
    let document: Prices = text.parse().unwrap();
    assert_eq!((document.version.get_ref().as_str(), document.prices.len()), ("1", 2));
    assert_eq!(document.prices[1].get_ref().id, 7);
    let told = text.invalid(document.prices[1].span(), "price 7, id: is there twice").to_string();
    assert_eq!(told, "price list prices.toml, line 5: price 7, id: is there twice");
}

#[test]
fn a_mistake_is_told_with_its_line() {
    let long = format!("\nversion = \"{}\"", "v".repeat(VERSION_BYTES_MAX + 1));
    for (text, line, why) in [
        ("", 1, "version"),
        ("version = \"\"", 1, "1 to 64 bytes"),
        (long.as_str(), 2, "1 to 64 bytes"),
        ("version = \"1\"\nprizes = []", 2, "prizes"),
        ("version = \"1\"\n[[prices]]\nid = \"x\"", 3, "expected i64"),
        ("version = \"1\"\n\n[[", 3, ""),
    ] {
        let told = parse(text).unwrap_err().to_string();
        assert!(told.starts_with(&format!("price list prices.toml, line {line}: ")) && told.contains(why), "{text}: {told}");
    }
}

#[test]
fn a_document_without_a_version_is_read_with_the_same_lines() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Ids {
        id: Spanned<i64>,
    }
    let text = "# first\n\nid = 7\n";
    let read: Ids = super::parse(text).unwrap();
    assert_eq!((*read.id.get_ref(), DocumentLines::of(text).line(read.id.span().start)), (7, 3));
    let fault = super::parse::<Ids>("# first\nid = 7\nother = 1\n").unwrap_err();
    assert_eq!(fault.line, 3);
    assert!(fault.why.contains("other") && !fault.why.contains('\n'), "{fault}");
    assert_eq!(fault.to_string(), format!("line 3: {}", fault.why));
}

#[test]
fn a_file_that_is_none_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("prices.toml");
    let told = || DocumentText::read("price list", &path).unwrap_err().to_string();
    assert!(told().contains("prices.toml: No such file"), "{}", told());
    fs::write(&path, [0xff]).unwrap();
    assert!(told().contains("prices.toml: "), "{}", told());
    fs::File::create(&path).unwrap().set_len(DOCUMENT_BYTES_MAX + 1).unwrap();
    assert!(told().contains("larger than"), "{}", told());
    fs::write(&path, "version = \"1\"").unwrap();
    assert!(DocumentText::read("price list", &path).unwrap().parse::<Prices>().is_ok());
}
