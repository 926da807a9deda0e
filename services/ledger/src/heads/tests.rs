//! Lines of heads, and the file they are appended to.

use super::{Head, LINE_MAX, Place, open};
use crate::store::Mode;

fn head(commit_no: i64) -> Head {
    Head { time: 1_795_218_671_123_456, book: "demo".to_owned(), mode: Mode::Test, commit_no, last_seq: commit_no * 2, hash: [7; 32] }
}

#[test]
fn a_line_is_read_as_it_was_written_and_no_other_way() {
    let line = head(3).line();
    assert_eq!(Head::parse(&line), Ok(head(3)));
    let widest = Head { book: "b".repeat(64), commit_no: i64::MAX, last_seq: i64::MAX, mode: Mode::Live, ..head(1) }.line();
    assert!(widest.len() < LINE_MAX && Head::parse(&widest).is_ok());
    let others = [
        String::new(),
        line.replace("head1", "head2"),
        line.replace("demo", "DEMO"),
        line.replace("TEST", "test"),
        line.replace(" 3 6 ", " 03 6 "),
        line.replace(" 3 6 ", " 0 6 "),
        line.replace(" 3 6 ", " 3 -6 "),
        line.replace(" 3 6 ", " +3 6 "),
        line.replace("07", "0G"),
        line.replace("0707", "07"),
        line.replace(".123456Z", "Z"),
        format!("{line} "),
        format!("{line} more"),
        line.replace(' ', "  "),
        hex_in_capitals(&line),
    ];
    for other in others {
        assert!(Head::parse(&other).is_err(), "{other}");
    }
}

fn hex_in_capitals(line: &str) -> String {
    let (before, _) = line.rsplit_once(' ').unwrap();
    format!("{before} {}", "AB".repeat(32))
}

#[test]
fn a_line_cut_by_a_crash_is_taken_off_and_a_head_is_written_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/demo.heads");
    let append = |head: &Head| Place::default().append(&path, head).unwrap();
    append(&head(1));
    append(&head(1));
    append(&head(2));
    let whole = std::fs::read_to_string(&path).unwrap();
    assert_eq!(whole, format!("{}\n{}\n", head(1).line(), head(2).line()));
    std::fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    append(&head(3));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n{}\n", head(1).line(), head(3).line()));
    // Something else altogether is appended to, not cut.
    std::fs::write(&path, "x".repeat(5_000)).unwrap();
    assert!(open(&path).unwrap().1.is_none());
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 5_000);
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_and_not_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    assert!(Place::default().append(&dir.path().join("file/demo.heads"), &head(1)).is_err());
    std::fs::create_dir(dir.path().join("demo.heads")).unwrap();
    assert!(Place::default().append(&dir.path().join("demo.heads"), &head(1)).is_err());
}
