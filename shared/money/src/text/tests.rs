//! Unit tests of hidden characters and how they are shown.
use super::*;

#[test]
fn what_drives_a_terminal_or_turns_text_round_is_hidden() {
    for hidden in
        ['\0', '\u{7}', '\n', '\r', '\u{1b}', '\u{7f}', '\u{9b}', '\u{200b}', '\u{200d}', '\u{202e}', '\u{2066}', '\u{feff}', '\u{e0041}']
    {
        let text = format!("a{hidden}b");
        assert!(!is_plain(&text), "{hidden:?}");
        assert!(is_plain(&shown(&text)), "{hidden:?}");
    }
    for plain in ["", "ticket 4711", "Jürgen Ångström", "渡辺", "שלום", "✔\u{fe0f}", "a b"] {
        assert!(is_plain(plain), "{plain}");
        assert!(matches!(shown(plain), Cow::Borrowed(same) if same == plain));
    }
}

#[test]
fn what_is_shown_of_json_is_the_same_json() {
    assert_eq!(shown("x\u{1b}[2J\u{202e}\u{e0041}"), "x\\u001b[2J\\u202e\\udb40\\udc41");
    assert_eq!(shown_lines("a\n\tb\u{9b}3J\r"), "a\n\tb\\u009b3J\\u000d");
}
