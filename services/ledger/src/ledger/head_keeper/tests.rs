//! The file that heads are appended to.

use super::{HeadFile, open};
use crate::{heads::Head, store::Mode};

fn head(commit_no: i64) -> Head {
    Head { time: 1_795_218_671_123_456, book: "demo".to_owned(), mode: Mode::Test, commit_no, last_seq: commit_no * 2, hash: [7; 32] }
}

#[test]
fn a_line_cut_by_a_crash_is_taken_off_and_a_head_is_written_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep/demo.heads");
    let append = |head: &Head| HeadFile::default().append(&path, head).unwrap();
    append(&head(1));
    append(&head(1));
    append(&head(2));
    let whole = std::fs::read_to_string(&path).unwrap();
    assert_eq!(whole, format!("{}\n{}\n", head(1).line(), head(2).line()));
    std::fs::write(&path, &whole[..whole.len() - 20]).unwrap();
    append(&head(3));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("{}\n{}\n", head(1).line(), head(3).line()));
    // A file with unrelated content is appended to, not cut.
    std::fs::write(&path, "x".repeat(5_000)).unwrap();
    assert!(open(&path).unwrap().1.is_none());
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 5_000);
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_and_not_a_panic() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    assert!(HeadFile::default().append(&dir.path().join("file/demo.heads"), &head(1)).is_err());
    std::fs::create_dir(dir.path().join("demo.heads")).unwrap();
    assert!(HeadFile::default().append(&dir.path().join("demo.heads"), &head(1)).is_err());
}
