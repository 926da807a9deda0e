//! Unit tests of errors' texts.
use super::*;

#[derive(Debug, thiserror::Error)]
#[error("{text}")]
struct Layer {
    text: &'static str,
    source: Option<Box<Layer>>,
}

fn layers(texts: &[&'static str]) -> Option<Box<Layer>> {
    let (text, rest) = texts.split_first()?;
    Some(Box::new(Layer { text, source: layers(rest) }))
}

#[test]
fn every_cause_is_told_once() {
    let told = |texts: &[&'static str]| chain(&*layers(texts).unwrap());
    assert_eq!(told(&["a"]), "a");
    assert_eq!(told(&["sending failed", "connecting failed", "refused"]), "sending failed: connecting failed: refused");
    assert_eq!(told(&["sending failed: refused", "refused"]), "sending failed: refused");
    assert_eq!(told(&["a", "", "b"]), "a: b");
}
