//! Unit tests of pages: what a token is bound to, and hostile tokens.
use super::*;
use proptest::prelude::*;

fn list() -> PagedList {
    PagedList::new("ListPayouts", "demo", &["u1", "open"])
}

#[test]
fn a_token_belongs_to_its_list_book_and_filter() {
    let token = list().token(&(17_i64, Uuid::from_u128(3)));
    assert_eq!(list().position(&token), Ok(Some((17_i64, Uuid::from_u128(3)))));
    let others = [
        PagedList::new("ListQuotes", "demo", &["u1", "open"]),
        PagedList::new("ListPayouts", "else", &["u1", "open"]),
        PagedList::new("ListPayouts", "demo", &["u2", "open"]),
        PagedList::new("ListPayouts", "demo", &["u1", "open", ""]),
        PagedList::new("ListPayouts", "demo", &["u1open", ""]),
        PagedList::new("ListPayouts", "demou1", &["", "open"]),
        PagedList::new("ListPayouts", "demo", &[]),
    ];
    for other in others {
        assert_eq!(other.position::<(i64, Uuid)>(&token), Err(InvalidPageToken));
    }
}

#[test]
fn a_token_of_another_kind_of_position_is_refused() {
    let token = list().token(&17_i64);
    assert_eq!(list().position::<Uuid>(&token), Err(InvalidPageToken));
    assert_eq!(list().position::<(i64, i64)>(&token), Err(InvalidPageToken));
    let longer = list().token(&(17_i64, 18_i64));
    assert_eq!(list().position::<i64>(&longer), Err(InvalidPageToken));
}

#[test]
fn no_token_is_the_beginning() {
    assert_eq!(list().position::<i64>(""), Ok(None));
    for token in ["640", "!", "AA", "AQ", "x.y", " ", "=", "\0", "ä"] {
        assert_eq!(list().position::<i64>(token), Err(InvalidPageToken), "{token}");
    }
}

#[test]
fn another_version_is_refused() {
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(list().token(&17_i64)).unwrap();
    bytes[0] = VERSION + 1;
    assert_eq!(list().position::<i64>(&BASE64_URL_SAFE_NO_PAD.encode(bytes)), Err(InvalidPageToken));
}

#[test]
fn a_page_is_as_long_as_asked_and_says_whether_there_is_more() {
    let sizes = PageSizes { default: 2, max: 3 };
    assert_eq!([0, 1, 3, 4, i32::MAX].map(|asked| sizes.read(asked).unwrap()), [2, 1, 3, 3, 3]);
    assert_eq!(sizes.read(-1), Err(InvalidPageSize));
    assert_eq!((rows_to_read(2), rows_to_read(usize::MAX)), (3, i64::MAX));
    let mut rows = vec![5_i64, 6, 7];
    let token = list().cut(&mut rows, 2, |row| *row);
    assert_eq!((rows.as_slice(), list().position(&token)), ([5, 6].as_slice(), Ok(Some(6_i64))));
    assert_eq!(list().cut(&mut rows, 2, |row| *row), "");
    assert_eq!(list().cut(&mut Vec::<i64>::new(), 2, |row| *row), "");
}

#[test]
fn a_page_has_no_more_than_fits_into_an_answer_and_goes_on_after_it() {
    let row = |at: i64, bytes: usize| (api::ledger::RequestField { name: at.to_string(), value: "v".repeat(bytes) }, at);
    let told = |rows: Vec<(api::ledger::RequestField, i64)>, size| {
        let (rows, token) = list().cut_to_fit(rows, size);
        let bytes: usize = rows.iter().map(|row| row.encoded_len() + 6).sum();
        (rows.len(), bytes <= crate::ANSWER_BYTES_MAX, list().position::<i64>(&token).unwrap())
    };
    assert_eq!(told((1..=5).map(|at| row(at, 10)).collect(), 4), (4, true, Some(4)));
    assert_eq!(told((1..=5).map(|at| row(at, 10)).collect(), 5), (5, true, None));
    assert_eq!(told((1..=201).map(|at| row(at, 40_000)).collect(), 200), (104, true, Some(104)));
    // Larger than any row: still one row, so that the list continues.
    assert_eq!(told(vec![row(1, 5 << 20), row(2, 1)], 2), (1, false, Some(1)));
    assert_eq!(told(Vec::new(), 2), (0, true, None));
}

proptest! {
    #[test]
    fn every_position_survives(number in any::<i64>(), id in any::<u128>()) {
        let position = (number, Uuid::from_u128(id));
        let token = list().token(&position);
        prop_assert!(token.len() <= TOKEN_BYTES_MAX);
        prop_assert_eq!(list().position(&token), Ok(Some(position)));
    }

    #[test]
    fn one_position_has_one_spelling(token in "[A-Za-z0-9_=-]{0,60}|\\PC{0,200}", at in 0_usize..60, letter in "[A-Za-z0-9_-]") {
        let _ = list().position::<(i64, Uuid)>(&token);
        let mut changed = list().token(&(17_i64, Uuid::from_u128(3)));
        let at = at % changed.len();
        changed.replace_range(at..=at, &letter);
        if let Ok(Some(position)) = list().position::<(i64, Uuid)>(&changed) {
            prop_assert_eq!(list().token(&position), changed);
        }
    }
}
