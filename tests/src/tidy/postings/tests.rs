//! Unit tests that a kind without a row, a row without a function, a function without a row, and a posting begun elsewhere are found.
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

#[test]
fn a_posting_begun_elsewhere_is_found() {
    let at = |file: &str, text: &str| check_drafts(&[(file.to_owned(), format!("//! A.\n{text}\n"))]);
    for begun in ["    let draft = PostingDraft::new(kind, id);", "    HoldPosting { id, lines }"] {
        assert_eq!(at("services/a/src/movements.rs", begun).len(), 1, "{begun}");
        assert_eq!(at("services/a/src/movements.rs", begun)[0].line, 2);
        for file in [
            "services/a/src/postings.rs",
            "services/a/src/postings/moves.rs",
            "services/a/tests/it/main.rs",
            "shared/ledger_client/src/posting.rs",
        ] {
            assert_eq!(at(file, begun), [], "{file}");
        }
    }
    assert_eq!(at("services/a/src/movements.rs", "fn hold() -> HoldPosting<'_> {"), []);
}
