//! Unit tests of `kana`.
use super::*;
use proptest::prelude::*;

#[test]
fn names_become_half_width_katakana() {
    for (text, want) in [
        ("ヤマダ タロウ", "ﾔﾏﾀﾞ ﾀﾛｳ"),
        ("やまだ　たろう", "ﾔﾏﾀﾞ ﾀﾛｳ"),
        ("ﾔﾏﾀﾞ ﾀﾛｳ", "ﾔﾏﾀﾞ ﾀﾛｳ"),
        ("シャチョー", "ｼﾔﾁﾖ-"),
        ("ｼｬﾁｮｰ", "ｼﾔﾁﾖ-"),
        ("パーティー", "ﾊﾟ-ﾃｲ-"),
        ("カ）アマゾン", "ｶ)ｱﾏｿﾞﾝ"),
        ("ヴァヲヶ", "ｳﾞｱｵｹ"),
        ("ｆoo Ｂ1", "FOO B1"),
        ("か\u{3099}", "ｶﾞ"),
    ] {
        assert_eq!(KanaName::parse(text, 30).unwrap().as_str(), want, "{text}");
    }
}

#[test]
fn other_scripts_signs_and_lengths_are_refused() {
    for bad in ["山田", "ﾔﾏ･ﾀﾞ", "A&B", "é", "ア\u{200b}"] {
        assert!(KanaName::parse(bad, 30).unwrap_err().must.starts_with("be katakana"), "{bad}");
    }
    for bad in ["ﾞ", "ｱﾞ", "ｶﾟ", "ｶﾞﾞ", "A゛"] {
        assert!(KanaName::parse(bad, 30).unwrap_err().must.starts_with("have the marks"), "{bad}");
    }
    assert!(KanaName::parse(&"ア".repeat(30), 30).is_ok() && KanaName::parse(&"ガ".repeat(15), 30).is_ok());
    assert!(KanaName::parse(&"ガ".repeat(16), 30).unwrap_err().must.starts_with("have 1 to 30"));
    assert!(KanaName::parse("", 30).is_err());
}

#[test]
fn every_katakana_has_a_counterpart() {
    assert_eq!(HALF_WIDTH.split_ascii_whitespace().count(), 0x30f6 - 0x30a1 + 1);
    for (letter, want) in
        [('カ', "ｶ"), ('ッ', "ﾂ"), ('ツ', "ﾂ"), ('ポ', "ﾎﾟ"), ('マ', "ﾏ"), ('ヨ', "ﾖ"), ('ワ', "ﾜ"), ('ン', "ﾝ"), ('ヴ', "ｳﾞ")]
    {
        assert_eq!(KanaName::parse(&letter.to_string(), 2).unwrap().as_str(), want);
    }
}

proptest! {
    #[test]
    fn parsed_names_parse_to_themselves(text in "[\u{3041}-\u{30ff}\u{ff00}-\u{ff9f}A-z ]{0,12}") {
        if let Ok(name) = KanaName::parse(&text, 30) {
            prop_assert_eq!(&KanaName::parse(name.as_str(), 30).unwrap(), &name);
        }
    }
}
