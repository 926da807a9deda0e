//! Unit tests that a kind without a row, a row without a function and a function without a row are found.
use super::*;

/// Kind, file and function.
type ListRow = (&'static str, &'static str, &'static str);

fn page(rows: &[ListRow]) -> String {
    rows.iter().map(|(kind, file, function)| format!("| `{kind}` | `{file}` | `{function}` |\n")).collect()
}

fn whole() -> (Vec<ListRow>, BTreeMap<String, String>) {
    let rows = PostingKind::ALL.into_iter().map(|kind| (kind.name(), "services/a/src/postings.rs", "one")).collect();
    let text = "//! A.\n\npub fn one() -> PostingDraft {\n}\n\npub fn helper() -> u8 {\n}\n".to_owned();
    (rows, BTreeMap::from([("services/a/src/postings.rs".to_owned(), text)]))
}

#[test]
fn what_is_missing_on_either_side_is_found() {
    let (mut rows, mut sources) = whole();
    assert_eq!(check_postings(&page(&rows), &sources), []);
    let gone = rows.pop().unwrap();
    assert_eq!(check_postings(&page(&rows), &sources).len(), 1, "a kind without a row");
    rows.push((gone.0, gone.1, "two"));
    assert_eq!(check_postings(&page(&rows), &sources).len(), 1, "a row without a function");
    rows.pop();
    rows.push((gone.0, "by hand", "people"));
    assert_eq!(check_postings(&page(&rows), &sources), [], "by hand is a row as well");
    sources.values_mut().for_each(|text| text.push_str("\npub fn three() -> HoldPosting<'_> {\n}\n"));
    assert_eq!(check_postings(&page(&rows), &sources).len(), 1, "a function without a row");
    rows.push(("nonsense", "by hand", "people"));
    assert_eq!(check_postings(&page(&rows), &sources).len(), 2, "a row without a kind");
}
