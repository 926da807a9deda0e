//! Unit tests of `edition`.
use super::*;
use crate::{
    ListFile, ListFiles,
    fixtures::{ADDRESS, ALTERNATE, DAY, FILES, PRIMARY, edition, next_edition, policy},
    import::import,
};
use jiff::civil::date;

#[test]
fn a_delta_names_added_removed_and_changed_entries() {
    let next = next_edition(&[("103,\"MV TESTSHIP ONE\"", "104,\"MV TESTSHIP ONE\""), ("05 Nov 1960", "05 Nov 1961")]);
    let delta = EditionDelta::between(&edition(), &next).unwrap();
    assert_eq!(delta, EditionDelta { added: vec![104], removed: vec![103], changed: vec![101] });
    assert!(EditionDelta::between(&edition(), &next_edition(&[])).unwrap().is_empty());
}

#[test]
fn editions_have_an_order() {
    let next = next_edition(&[]);
    assert_eq!(EditionDelta::between(&next, &edition()), Err(Error::Order));
    let other = import("OTHER", date(2026, 11, 28), &FILES).unwrap();
    assert_eq!(EditionDelta::between(&edition(), &other), Err(Error::Order));
    assert_eq!(edition().may_follow(&next, &policy()), Err(Error::Order));
    assert_eq!(next.may_follow(&edition(), &policy()), Ok(()));
}

#[test]
fn an_edition_that_shrinks_too_much_may_not_follow() {
    let lines =
        |count: u32| (1..=count).map(|id| format!("{id},\"N\",-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-,-0-\r\n")).collect::<String>() + "\x1a";
    let of = |count: u32| {
        let primary = lines(count);
        let files = ListFiles { primary: primary.as_bytes(), alternate: b"\x1a", address: b"\x1a", comments: b"\x1a" };
        import("TEST", DAY, &files).unwrap()
    };
    assert_eq!(of(97).may_follow(&of(100), &policy()), Ok(()));
    let refused = Error::Shrunk { previous: 100, next: 96, shrink_max_permille: 30 };
    assert_eq!(of(96).may_follow(&of(100), &policy()), Err(refused));
}

#[test]
fn an_edition_with_a_file_that_shrinks_too_much_may_not_follow() {
    let without = |file| {
        let mut files = FILES;
        match file {
            ListFile::Alternate => files.alternate = b"\x1a",
            ListFile::Address => files.address = b"\x1a",
            _ => files.comments = b"\x1a",
        }
        import("TEST", DAY, &files).unwrap()
    };
    for (file, previous) in [(ListFile::Alternate, 3), (ListFile::Address, 2), (ListFile::Comments, 1)] {
        let refused = Error::ShrunkFile { file, previous, next: 0, shrink_max_permille: 30 };
        assert_eq!(without(file).may_follow(&edition(), &policy()), Err(refused));
        assert_eq!(edition().may_follow(&without(file), &policy()), Ok(()), "it may grow");
    }
    // Lines of entries that are gone go with them.
    let primary = PRIMARY.split_inclusive('\n').skip(1).collect::<String>();
    let kept = |text: &str| text.split_inclusive('\n').filter(|line| !line.starts_with("101,")).collect::<String>();
    let (alternate, address) = (kept(ALTERNATE), kept(ADDRESS));
    let files = ListFiles { primary: primary.as_bytes(), alternate: alternate.as_bytes(), address: address.as_bytes(), ..FILES };
    let fewer = import("TEST", DAY, &files).unwrap();
    let lenient = ScreeningPolicy { shrink_max_permille: 400, ..policy() };
    assert_eq!(fewer.may_follow(&edition(), &lenient), Ok(()));
    assert!(matches!(fewer.may_follow(&edition(), &policy()), Err(Error::Shrunk { .. })));
}

#[test]
fn any_change_of_any_file_changes_the_fingerprint_and_order_does_not() {
    let before = edition();
    let changed = |alternate: &str| {
        let edition = import("TEST", DAY, &ListFiles { alternate: alternate.as_bytes(), ..FILES }).unwrap();
        EditionDelta::between(&before, &edition).unwrap().changed
    };
    assert_eq!(changed(&ALTERNATE.replace("\"weak alias\"", "-0- ")), [101]);
    assert_eq!(changed(&ALTERNATE.replace("fka", "nka")), [102]);
    let mut lines: Vec<&str> = ALTERNATE.trim_end_matches('\x1a').split_inclusive('\n').collect();
    lines.reverse();
    assert_eq!(changed(&(lines.concat() + "\x1a")), Vec::<u32>::new());
    for (from, to) in [("PROG-A] [PROG-B", "PROG-A"), ("Deputy", "Minister"), ("\"individual\"", "-0- "), ("Tadek", "Tadeus")] {
        assert!(PRIMARY.contains(from));
        assert_eq!(EditionDelta::between(&before, &next_edition(&[(from, to)])).unwrap().changed, [101], "{from}");
    }
}

#[test]
fn entries_are_found_by_id() {
    assert_eq!(edition().entry(102).map(|entry| entry.id), Some(102));
    assert_eq!(edition().entry(999), None);
}
