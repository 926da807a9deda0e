//! Tests against the reference data, if `LARGESSE_REFERENCE_DATA` names its directory.

use crate::{
    Edition, EditionDelta, EntryKind, Error, ListFiles, MatchBand, Screener, ScreeningSubject,
    compare::best_pairs,
    fixtures::{DAY, policy},
    import::import,
    names::NameShape,
    rescreen::rescreen,
    screener::FactCheck,
    similarity::{NameToken, jaro, jaro_winkler},
    subject::Birth,
};
use jiff::civil::date;
use std::{path::PathBuf, sync::Arc};

fn directory() -> Option<PathBuf> {
    let directory = std::env::var_os("LARGESSE_REFERENCE_DATA").map(|it| PathBuf::from(it).join("sanctions"));
    if directory.is_none() {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
    }
    directory
}

fn read(directory: &std::path::Path, file: &str) -> Vec<u8> {
    std::fs::read(directory.join("synthetic").join(file)).unwrap()
}

fn rows(directory: &std::path::Path, file: &str) -> Vec<csv::StringRecord> {
    csv::Reader::from_path(directory.join(file)).unwrap().records().map(Result::unwrap).collect()
}

fn first_edition(directory: &std::path::Path) -> Edition {
    let [primary, alternate, address, comments] = ["sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv"].map(|file| read(directory, file));
    import("OFAC SDN", DAY, &ListFiles { primary: &primary, alternate: &alternate, address: &address, comments: &comments }).unwrap()
}

/// The next edition. Only its primary file is given, so lines of the other files whose entries are gone are left out.
fn next_edition(directory: &std::path::Path, gone: &[u32]) -> Edition {
    let primary = read(directory, "sdn.next-edition.csv");
    let [alternate, address, comments] = ["alt.csv", "add.csv", "sdn_comments.csv"].map(|file| {
        let bytes = read(directory, file);
        let kept = |line: &&[u8]| !gone.iter().any(|id| line.starts_with(format!("{id},").as_bytes()));
        bytes.split_inclusive(|b| *b == b'\n').filter(kept).collect::<Vec<_>>().concat()
    });
    let files = ListFiles { primary: &primary, alternate: &alternate, address: &address, comments: &comments };
    import("OFAC SDN", date(2026, 11, 28), &files).unwrap()
}

/// Rows of `name_pairs.csv` that its algorithm can't give: in the row above them `smith` and `smythe` score 0.815, as here. They seem to be
/// bounds of a test.
const NOT_SCORES: [&str; 3] = ["smith", "johnson", "ivan"];

#[test]
fn reference_textbook_pairs_are_exact() {
    let Some(directory) = directory() else { return };
    let mut checked = 0;
    for row in rows(&directory, "name_pairs.csv").iter().filter(|row| row[4].contains("textbook")) {
        let [a, b] = [&row[0], &row[1]].map(|text| text.chars().collect::<Vec<_>>());
        let score = if row[3].starts_with("plain Jaro (") { jaro(&a, &b) } else { jaro_winkler(&a, &b, &policy()) };
        let expected = millionths(&row[2]);
        assert!(score.abs_diff(expected) <= 1000, "{row:?}: {score}");
        checked += 1;
    }
    assert_eq!(checked, 3);
}

fn millionths(text: &str) -> u32 {
    let (whole, fraction) = text.split_once('.').unwrap();
    format!("{whole}{fraction:0<6}").parse().unwrap()
}

/// The tokens as that implementation sees them: as they are written, by bytes.
fn raw_tokens(text: &str) -> Vec<NameToken> {
    text.split_whitespace().map(|word| NameToken::new(&word.bytes().map(char::from).collect::<String>())).collect()
}

#[test]
fn reference_name_pairs_keep_order_and_band() {
    let Some(directory) = directory() else { return };
    let mut scored = Vec::new();
    for row in rows(&directory, "name_pairs.csv").iter().filter(|row| row[3].starts_with("watchman")) {
        let (score, _) = best_pairs(&raw_tokens(&row[0]), &raw_tokens(&row[1]), &policy());
        let (expected, score) = (millionths(&row[2]).div_ceil(1000), score.thousandths());
        if NOT_SCORES.contains(&&row[0]) {
            continue;
        }
        assert_eq!(policy().band(score), policy().band(expected), "{row:?}: {score}");
        assert!(score.abs_diff(expected) <= 2, "{row:?}: {score}");
        scored.push((expected, score));
    }
    scored.sort_unstable();
    assert!(scored.len() >= 48 && scored.windows(2).all(|pair| pair[0].0 == pair[1].0 || pair[0].1 <= pair[1].1), "{scored:?}");
    let of = |a, b| best_pairs(&raw_tokens(a), &raw_tokens(b), &policy()).0.thousandths();
    let [johnson, smith, ivan] = [of("johnson", "jonson"), of("smith", "smythe"), of("ivan", "john")];
    assert!(johnson > smith && smith > policy().diligence_min && ivan == 0, "{johnson} {smith} {ivan}");
}

fn expected_subject(row: &csv::StringRecord) -> ScreeningSubject {
    let shape = if &row[2] == "individual" { NameShape::Person } else { NameShape::Organisation };
    let subject = ScreeningSubject::try_new(&row[0], &row[0], shape).unwrap();
    row[1].parse().map_or(subject.clone(), |year| subject.born(Birth::in_year(year).unwrap()))
}

#[test]
fn reference_expected_hits_are_found_in_their_band() {
    let Some(directory) = directory() else { return };
    let screener = Screener::new(Arc::new(first_edition(&directory)), policy());
    let rows = rows(&directory, "expected_hits.csv");
    let mut clear = 0;
    for row in &rows {
        let screening = screener.screen(&expected_subject(row));
        assert!(screening.comparable);
        if &row[5] == "clear" {
            assert!(screening.hits.is_empty(), "{row:?}: {screening:?}");
            clear += 1;
            continue;
        }
        let hit = screening.hits.first().unwrap_or_else(|| panic!("{row:?}"));
        assert_eq!(hit.entry.to_string(), row[4], "{row:?}");
        // Any other entry is less likely by far.
        assert!(screening.hits.iter().skip(1).all(|other| other.band == MatchBand::Diligence), "{row:?}: {screening:?}");
        match &row[5] {
            "hit" => assert_eq!(hit.band, MatchBand::Block, "{row:?}"),
            "review or hit" => assert!(hit.band >= MatchBand::Review, "{row:?}"),
            "review" => assert_eq!(hit.band, MatchBand::Review, "{row:?}"),
            excluded => {
                assert!(excluded.starts_with("review (name hit, date of birth excludes"), "{row:?}");
                assert_eq!((hit.band, hit.birth, hit.name_score), (MatchBand::Review, FactCheck::Differs, 1000), "{row:?}");
            }
        }
    }
    assert_eq!((rows.len(), clear), (56, 8));
}

#[test]
fn reference_edition_is_read_whole() {
    let Some(directory) = directory() else { return };
    let edition = first_edition(&directory);
    let of_kind = |kind| edition.entries().iter().filter(|entry| entry.kind == kind).count();
    let kinds = [EntryKind::Individual, EntryKind::Entity, EntryKind::Vessel, EntryKind::Aircraft].map(of_kind);
    let names: usize = edition.entries().iter().map(|entry| entry.names.len()).sum();
    let addresses: usize = edition.entries().iter().map(|entry| entry.addresses.len()).sum();
    assert_eq!((edition.entries().len(), kinds.iter().sum(), kinds[2], kinds[3]), (192, 192, 8, 4));
    assert_eq!((names, addresses), (192 + 124, 180));
    assert!(edition.entry(900_009).unwrap().remarks.ends_with("Linked To: JUNOSTOSH LLC."));
    let people = edition.entries().iter().filter(|entry| entry.kind == EntryKind::Individual);
    assert!(people.clone().all(|entry| !entry.facts.births.is_empty() && !entry.facts.unread_birth));
    // A file that is cut off anywhere is refused.
    let primary = read(&directory, "sdn.csv");
    let rest = ListFiles { primary: &primary[..primary.len() / 2], alternate: b"\x1a", address: b"\x1a", comments: b"\x1a" };
    assert!(import("OFAC SDN", DAY, &rest).is_err());
}

const ADDED: [u32; 6] = [900_479, 900_480, 900_481, 900_482, 900_483, 900_484];
const CHANGED: [u32; 4] = [900_015, 900_020, 900_021, 900_026];
const REMOVED: [u32; 5] = [900_028, 900_051, 900_071, 900_106, 900_141];

#[test]
fn reference_delta_and_who_is_screened_again() {
    let Some(directory) = directory() else { return };
    let (first, next) = (first_edition(&directory), Arc::new(next_edition(&directory, &REMOVED)));
    assert_eq!(next.may_follow(&first, &policy()), Ok(()));
    let delta = EditionDelta::between(&first, &next).unwrap();
    assert_eq!(delta, EditionDelta { added: ADDED.to_vec(), removed: REMOVED.to_vec(), changed: CHANGED.to_vec() });
    let subjects: Vec<_> = rows(&directory, "expected_hits.csv").iter().map(expected_subject).collect();
    let screener = Screener::new(Arc::new(first), policy());
    let hits: Vec<_> = subjects
        .iter()
        .flat_map(|subject| screener.screen(subject).hits.into_iter().map(|hit| (subject.id().to_owned(), hit.entry)))
        .collect();
    let needs = rescreen(&delta, &next, &policy(), &subjects, &hits).unwrap();
    let names: Vec<_> = needs.iter().map(|need| need.subject.as_str()).collect();
    let expected =
        ["Térdzu Dzuöstghi", "W. Veknaujun", "Naufel Tumsibcri", "Yatyat Junosthob", "Qenfel Criyat Hobterost", "Dzuwor Yatdzuwor"];
    assert_eq!(names, expected);
}

#[test]
fn reference_files_of_two_editions_are_refused() {
    let Some(directory) = directory() else { return };
    let [primary, alternate, address, comments] =
        ["sdn.next-edition.csv", "alt.csv", "add.csv", "sdn_comments.csv"].map(|file| read(&directory, file));
    let files = ListFiles { primary: &primary, alternate: &alternate, address: &address, comments: &comments };
    match import("OFAC SDN", DAY, &files) {
        Err(Error::Lines { problems, .. }) => assert!(problems.iter().all(|problem| problem.field == "ent_num"), "{problems:?}"),
        other => panic!("{other:?}"),
    }
}
