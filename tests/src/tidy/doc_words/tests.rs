//! Unit tests of `doc_words`.
use super::check_doc_words;

fn lines(file: &str, text: &str) -> Vec<usize> {
    check_doc_words(file, text).into_iter().map(|violation| violation.line).collect()
}

#[test]
fn a_lone_question_word_documents_nothing() {
    assert_eq!(lines("shared/db/src/lib.rs", "/// Which.\npub a: i32,\n/// How many.\npub b: i32,\n"), [1, 3]);
    assert_eq!(lines("proto/a.proto", "  // Whose.\n  string user_id = 2;\n"), [1]);
    assert_eq!(lines("shared/db/src/lib.rs", "/// Which book it is.\npub a: i32,\n// Which.\n"), Vec::<usize>::new());
    assert_eq!(lines("shared/db/src/lib.rs", "/// A page, or none: it depends on\n/// which.\npub a: i32,\n"), Vec::<usize>::new());
}
