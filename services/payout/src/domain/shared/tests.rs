//! Unit tests of `shared`.
use super::*;

#[test]
fn each_sending_keeps_its_message_and_old_rows_have_none() {
    let shared = SharedMessages::default().begun(0, "B1").begun(2, "B3");
    assert_eq!(shared.text(), "B1 - B3");
    let sent: Vec<Option<&str>> = (0..5).map(|send| shared_in(shared.ids(), send)).collect();
    assert_eq!(sent, [None, Some("B1"), None, Some("B3"), None]);
    for text in ["", "-", "B1", "- B2", "B1 - B3"] {
        assert_eq!(SharedMessages::from_text(text).text(), text);
    }
    // What an older program left behind when it began another attempt.
    assert_eq!(SharedMessages::from_text("B1 B2").begun(0, "B3").text(), "B3");
}
