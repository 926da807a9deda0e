//! Unit tests of `import`.
use super::*;
use crate::fixtures::{ADDRESS, ALTERNATE, COMMENTS, DAY, FILES, PRIMARY, edition};
use proptest::prelude::*;

fn with_primary(primary: &str) -> Result<Edition, Error> {
    import("TEST", DAY, &ListFiles { primary: primary.as_bytes(), ..FILES })
}

fn problems(result: Result<Edition, Error>) -> Vec<String> {
    match result {
        Err(Error::Lines { problems, total }) => {
            assert_eq!(problems.len(), total);
            problems.iter().map(ToString::to_string).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_column_is_taken() {
    let edition = edition();
    assert_eq!((edition.id().list.as_str(), edition.id().date, edition.id().hash.len()), ("TEST", DAY, 64));
    let [person, company, vessel] = edition.entries() else { panic!() };
    assert_eq!((person.id, person.kind, person.programs.as_slice()), (101, EntryKind::Individual, &["PROG-A".into(), "PROG-B".into()][..]));
    assert_eq!(person.details.title.as_deref(), Some("Deputy"));
    let names: Vec<_> = person.names.iter().map(|name| (name.name.as_str(), name.source, name.alias, name.weak)).collect();
    let expected = [
        ("AL-QUENBAR, Mirosh Tadek", NameSource::Primary, None, false),
        ("EL-KUENBAR, Mirosh", NameSource::Alternate(501), Some(AliasKind::Also), false),
        ("ZIMBO", NameSource::Alternate(502), Some(AliasKind::Also), true),
    ];
    assert_eq!(names, expected);
    assert_eq!(person.addresses[0].address.as_deref(), Some("12 Quote \" Road"));
    assert_eq!(person.countries(), ["elsewhere", "nowhereland"]);
    assert_eq!((company.kind, company.names[1].alias), (EntryKind::Entity, Some(AliasKind::Formerly)));
    assert_eq!(company.remarks, "Website www.example.com; cut in mid-word; Linked To: AL-QUENBAR.");
    assert_eq!((company.addresses[0].address.as_deref(), company.addresses[0].country.as_deref()), (None, Some("Nowhereland")));
    assert_eq!((vessel.kind, vessel.details.owner.as_deref()), (EntryKind::Vessel, Some("TEST OWNER \"X\" CO.")));
    assert_eq!((vessel.details.tonnage.as_deref(), vessel.remarks.as_str()), (Some("50,000"), ""));
}

#[test]
fn every_bad_line_is_named_and_nothing_is_taken() {
    let primary = PRIMARY
        .replace("101,\"AL", "1O1,\"AL")
        .replace("102,\"KALIMBA TRADING CO., LTD.\",-0- ", "102,-0- ,\"company\"")
        .replace(",\"30,500\"", ",30,500");
    let found = problems(with_primary(&primary));
    let expected = [
        "primary file line 1: ent_num must be a whole number from 1 to 4294967295",
        "primary file line 2: SDN_Type must be `individual`, `vessel`, `aircraft` or absent",
        "primary file line 2: SDN_Name must be present",
        "primary file line 3: line must be 12 fields, not 13",
        "alternate names file line 1: ent_num must be an id of the primary file: are the files of one edition?",
        "alternate names file line 2: ent_num must be an id of the primary file: are the files of one edition?",
        "addresses file line 1: ent_num must be an id of the primary file: are the files of one edition?",
    ];
    assert_eq!(found, expected);
}

#[test]
fn hostile_lines_are_refused() {
    let line = "101,\"AL-QUENBAR, Mirosh Tadek\"";
    for (bad, expected) in [
        ("101,\"AL-QUENBAR, Mirosh Tadek", "quoted from the start"),
        ("101,\"AL-QUENBAR\"\", Mirosh", "quoted from the start"),
        ("101,\"AL-QUENBAR\" x, \"Mirosh Tadek\"", "quoted from the start"),
        ("101,AL-\"QUENBAR\"", "quoted from the start"),
        ("-101,\"AL-QUENBAR\"", "a whole number"),
        ("0,\"AL-QUENBAR\"", "a whole number"),
        ("+101,\"AL-QUENBAR\"", "a whole number"),
        ("4294967296,\"AL-QUENBAR\"", "a whole number"),
        ("102,\"AL-QUENBAR\"", "an id that no earlier line has"),
        ("101,\"   \"", "present"),
        ("101,\"AL\0QUENBAR\"", "control characters"),
        ("101,\"AL\u{85}QUENBAR\"", "control characters"),
        ("101,\"AL-QUENBAR\r\n\"", "closed at every quote"),
        ("\r\n101,\"AL-QUENBAR\"", "12 fields"),
    ] {
        let found = problems(with_primary(&PRIMARY.replace(line, bad)));
        assert!(found.iter().any(|text| text.contains(expected)), "{bad:?}: {found:?}");
    }
    let long = format!("101,\"{}\"", "A".repeat(351));
    assert!(problems(with_primary(&PRIMARY.replace(line, &long)))[0].contains("SDN_Name must be at most 350 characters long"));
    let longer = format!("101,\"{}\"", "A".repeat(70_000));
    assert!(problems(with_primary(&PRIMARY.replace(line, &longer)))[0].contains("at most 65536 bytes long"));
}

#[test]
fn files_that_are_not_whole_are_refused() {
    let cut = |bytes: &str, by: usize| bytes[..bytes.len() - by].to_owned();
    for (primary, expected) in [
        (String::new(), Error::End(ListFile::Primary)),
        (cut(PRIMARY, 1), Error::End(ListFile::Primary)),
        (format!("{PRIMARY}{PRIMARY}"), Error::End(ListFile::Primary)),
        (format!("{}\x1a", cut(PRIMARY, 3)), Error::End(ListFile::Primary)),
    ] {
        assert_eq!(with_primary(&primary), Err(expected), "{primary:?}");
    }
    let empty = ListFiles { primary: b"\x1a", alternate: b"\x1a", address: b"\x1a", comments: b"\x1a" };
    assert_eq!(import("TEST", DAY, &empty), Err(Error::Empty));
    let without_alternate = ListFiles { alternate: b"", ..FILES };
    assert_eq!(import("TEST", DAY, &without_alternate), Err(Error::End(ListFile::Alternate)));
    assert!(matches!(import(" ", DAY, &FILES), Err(Error::Value { .. })));
}

#[test]
fn duplicates_are_refused_in_every_file() {
    let twice = |text: &str| format!("{}{text}", &text[..text.len() - 1]);
    assert_eq!(problems(with_primary(&twice(PRIMARY))).len(), 3);
    let alternate = twice(ALTERNATE);
    assert_eq!(problems(import("TEST", DAY, &ListFiles { alternate: alternate.as_bytes(), ..FILES })).len(), 3);
    let address = twice(ADDRESS);
    let found = problems(import("TEST", DAY, &ListFiles { address: address.as_bytes(), ..FILES }));
    assert_eq!(found[1], "addresses file line 4: add_num must be a number that no earlier line has");
}

#[test]
fn line_ends_and_encodings_may_differ() {
    let unix = PRIMARY.replace("\r\n", "\n");
    assert_eq!(with_primary(&unix).unwrap().entries(), edition().entries());
    let expected = with_primary(&PRIMARY.replace("Mirosh", "Mirösh")).unwrap();
    let latin: Vec<u8> = PRIMARY.replace("Mirosh", "Mirösh").chars().map(|c| c as u8).collect();
    let latin = import("TEST", DAY, &ListFiles { primary: &latin, ..FILES }).unwrap();
    assert_eq!(latin.entries(), expected.entries());
    assert_ne!(latin.id(), expected.id(), "the hash is of the bytes");
}

#[test]
fn each_line_has_its_own_encoding() {
    let text = PRIMARY.replace("Mirosh", "Mirösh").replace("KALIMBA", "KÄLIMBA");
    let mut lines: Vec<Vec<u8>> = text.split_inclusive('\n').map(|line| line.as_bytes().to_vec()).collect();
    lines[1] = text.split_inclusive('\n').nth(1).unwrap().chars().map(|c| c as u8).collect();
    let edition = import("TEST", DAY, &ListFiles { primary: &lines.concat(), ..FILES }).unwrap();
    assert_eq!(edition.entries()[0].names[0].name, "AL-QUENBAR, Mirösh Tadek");
    assert_eq!(edition.entries()[1].names[0].name, "KÄLIMBA TRADING CO., LTD.");
    // Two encodings in one line can't both be right.
    lines[0].splice(5..5, [0xe4]);
    let found = problems(import("TEST", DAY, &ListFiles { primary: &lines.concat(), ..FILES }));
    assert_eq!(found[0], "primary file line 1: line must be text of one encoding: ASCII, Latin-1 or UTF-8");
}

#[test]
fn names_without_a_letter_or_digit_are_refused() {
    for name in ["...", "\u{200b}", "' - '", "_ * _"] {
        let found = problems(with_primary(&PRIMARY.replace("MV TESTSHIP ONE", name)));
        assert_eq!(found, ["primary file line 3: SDN_Name must be a name with a letter or digit"], "{name:?}");
        let alternate = ALTERNATE.replace("ZIMBO", name);
        let found = problems(import("TEST", DAY, &ListFiles { alternate: alternate.as_bytes(), ..FILES }));
        assert_eq!(found, ["alternate names file line 2: alt_name must be a name with a letter or digit"], "{name:?}");
    }
}

#[test]
fn an_edition_says_how_many_lines_its_files_had() {
    assert_eq!(ListFile::ALL.map(|file| edition().lines(file)), [3, 3, 2, 1]);
    let without = import("TEST", DAY, &ListFiles { alternate: b"\x1a", ..FILES }).unwrap();
    assert_eq!(ListFile::ALL.map(|file| without.lines(file)), [3, 0, 2, 1]);
}

#[test]
fn problems_are_counted_beyond_those_listed() {
    let many = format!("{}\x1a", "x\r\n".repeat(PROBLEMS_MAX + 5));
    match with_primary(&many) {
        Err(Error::Lines { problems, total }) => assert_eq!((problems.len(), total), (PROBLEMS_MAX, PROBLEMS_MAX + 5 + 6)),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0..PRIMARY.len(), byte in any::<u8>()) {
        let mut changed = PRIMARY.as_bytes().to_vec();
        changed[at] = byte;
        for primary in [&bytes, &changed] {
            let _ = import("TEST", DAY, &ListFiles { primary, ..FILES });
            let _ = import("TEST", DAY, &ListFiles { alternate: primary, ..FILES });
            let _ = import("TEST", DAY, &ListFiles { address: primary, ..FILES });
            let _ = import("TEST", DAY, &ListFiles { comments: primary, ..FILES });
        }
    }

    #[test]
    fn quoted_texts_come_back(text in "[ -~]{1,40}") {
        prop_assume!(!text.trim().is_empty() && text.trim() != "-0-");
        let comments = format!("102,\"{}\"\r\n\x1a", text.replace('"', "\"\""));
        let edition = import("TEST", DAY, &ListFiles { comments: comments.as_bytes(), ..FILES }).unwrap();
        let company = edition.entry(102).unwrap();
        prop_assert_eq!(company.remarks.strip_prefix("Website www.example.com; cut in mid-w"), Some(text.as_str()));
    }
}

#[test]
fn the_fixture_ends_as_the_list_does() {
    for text in [PRIMARY, ALTERNATE, ADDRESS, COMMENTS] {
        assert!(text.ends_with("\r\n\x1a"));
    }
}
