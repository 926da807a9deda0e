//! Lines of heads.

use super::{Head, LINE_MAX};
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
