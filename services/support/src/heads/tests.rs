//! Unit tests of heads outside the database.
use super::*;

#[test]
fn what_was_written_is_read_and_a_cut_line_says_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let place = dir.path().join("deep");
    assert_eq!(read(&place).unwrap(), []);
    append(&place, 1, &[1; 32]).unwrap();
    append(&place, 2, &[2; 32]).unwrap();
    assert_eq!(read(&place).unwrap(), [(1, [1; 32]), (2, [2; 32])]);
    let mut text = fs::read_to_string(file(&place)).unwrap();
    text.push_str("act1 3 0303");
    fs::write(file(&place), &text).unwrap();
    assert_eq!(read(&place).unwrap().len(), 2);
    for line in ["act1 3 0303\n", "act2 3 \n", "act1 0 00\n", "act1 -1 00\n", "\n", "act1 3 00 more\n", "head1\n"] {
        fs::write(file(&place), line).unwrap();
        assert!(read(&place).is_err(), "{line:?}");
    }
    fs::write(file(&place), [0xff, b'\n']).unwrap();
    assert!(read(&place).is_err());
}

#[test]
fn a_place_that_cannot_be_written_is_told() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("file"), "").unwrap();
    assert!(append(&dir.path().join("file"), 1, &[1; 32]).is_err());
}
