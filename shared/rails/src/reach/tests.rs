//! Lists of participants: what is read, what is refused, who is reached.

use super::*;
use crate::sample::day;
use proptest::prelude::*;

const HEADER: &str = "kind,key,receives,extended_hours,from,until\n";

fn read(rows: &str) -> Result<ParticipantList, Vec<String>> {
    let bytes = format!("{HEADER}{rows}");
    ParticipantList::from_csv("test", day("2026-11-01"), bytes.as_bytes())
        .map_err(|faults| faults.iter().map(ToString::to_string).collect())
}

fn faults(rows: &str) -> Vec<String> {
    read(rows).unwrap_err()
}

#[test]
fn participants_are_found_by_each_kind_of_key() {
    let list = read(
        "routing-number,021000021,yes,no,,\nbic,DEUTDEFFXXX,yes,no,,\nbic,DEUTDEFF500,no,no,,\nprovider,paypal,yes,yes,2026-01-01,2026-12-31\n",
    )
    .unwrap();
    let (today, edition) = (day("2026-11-26"), day("2026-11-01"));
    let reached = |extended_hours| Reachability::Reached { extended_hours, edition };
    let bic = |text| list.reaches(&ParticipantKey::bic(text).unwrap(), today);
    assert_eq!(list.reaches(&ParticipantKey::routing_number("021000021").unwrap(), today), reached(false));
    assert_eq!(list.reaches(&ParticipantKey::routing_number("091000019").unwrap(), today), Reachability::NotListed { edition });
    assert_eq!((bic("DEUTDEFF"), bic("DEUTDEFFXXX")), (reached(false), reached(false)));
    assert_eq!(bic("DEUTDEFF501"), reached(false), "a branch that isn't listed is its head office");
    assert_eq!(bic("DEUTDEFF500"), Reachability::SendsOnly { edition }, "a listed branch is itself");
    assert_eq!(bic("COBADEFF"), Reachability::NotListed { edition });
    let paypal = ParticipantKey::provider("paypal").unwrap();
    assert_eq!(list.reaches(&paypal, day("2026-12-31")), reached(true));
    assert!(matches!(list.reaches(&paypal, day("2027-01-01")), Reachability::OtherDays { .. }));
    assert_eq!((list.len(), list.edition(), list.rail()), (4, edition, "test"));
}

#[test]
fn every_wrong_cell_is_named() {
    assert_eq!(
        faults(
            "routing-number,021000022,yes,no,,\nbic,deutdeff,maybe,no,,\nswift,x,yes,no,,\nprovider,a,yes,no,2026-13-01,\nprovider,b,yes,no\n"
        ),
        [
            "line 2, key: must be nine digits with a valid ABA checksum, not \"021000022\"",
            "line 3, key: must be a BIC of 8 or 11 characters in upper case, not \"deutdeff\"",
            "line 3, receives: must be yes or no, not \"maybe\"",
            "line 4, kind: must be routing-number, bic or provider, not \"swift\"",
            "line 5, from: must be a day such as 2026-11-26 or empty, not \"2026-13-01\"",
            "line 6: must have 6 columns, not 4",
        ]
    );
    assert_eq!(faults("provider,a,yes,no,,\nprovider,a,yes,no,,\n"), ["line 3, key: provider a is there twice"]);
    assert_eq!(faults("bic,DEUTDEFF,yes,no,,\nbic,DEUTDEFFXXX,yes,no,,\n"), ["line 3, key: BIC DEUTDEFF is there twice"]);
    assert_eq!(faults("provider,a,yes,no,2026-02-01,2026-01-01\n"), ["line 2, until: must not be before from"]);
    assert!(faults("")[0].contains("has no participant"));
}

#[test]
fn a_list_of_another_form_is_refused_whole() {
    let read = |bytes: &[u8]| ParticipantList::from_csv("test", day("2026-11-01"), bytes).map_err(|faults| faults[0].to_string());
    assert_eq!(read(b"kind,key\n"), Err("line 1: the header must be kind,key,receives,extended_hours,from,until".to_owned()));
    assert!(read(b"").is_err() && read(b"\xff\xfe").is_err());
    assert!(read(format!("{HEADER}provider,\"a,yes,no,,").as_bytes()).is_err(), "cut off inside a cell");
    assert!(read(&[HEADER.as_bytes(), b"provider,\xff,yes,no,,\n"].concat()).is_err());
    let windows = format!("\u{feff}{HEADER}provider,a,yes,no,,\n").replace('\n', "\r\n");
    assert_eq!(read(windows.as_bytes()).map(|list| list.len()), Ok(1));
    assert!(ParticipantList::from_csv("US RTP", day("2026-11-01"), windows.as_bytes()).is_err());
    let many = format!("{HEADER}{}", "x,y\n".repeat(2_000));
    assert_eq!(ParticipantList::from_csv("test", day("2026-11-01"), many.as_bytes()).unwrap_err().len(), FAULTS_MAX);
}

#[test]
fn an_older_edition_never_replaces_a_newer_one() {
    let list = |edition: &str, key: &str| {
        let text = format!("{HEADER}provider,{key},yes,no,,\n");
        ParticipantList::from_csv("test", day(edition), text.as_bytes()).unwrap()
    };
    let mut all = ParticipantBook::default();
    assert!(all.load(list("2026-11-01", "a")));
    assert!(!all.load(list("2026-10-01", "b")));
    let (a, today) = (ParticipantKey::provider("a").unwrap(), day("2026-11-26"));
    assert!(matches!(all.reaches("test", Some(&a), today), Reachability::Reached { .. }));
    assert!(all.load(list("2026-11-01", "b")), "the same edition again, corrected");
    assert_eq!(all.reaches("test", Some(&a), today), Reachability::NotListed { edition: day("2026-11-01") });
    assert_eq!(all.reaches("test", None, today), Reachability::NoKey);
    assert_eq!(all.reaches("other", Some(&a), today), Reachability::NoList);
    assert_eq!(all.list("test").map(ParticipantList::len), Some(1));
}

#[test]
fn keys_have_their_form() {
    for wrong in ["", "000000000", "02100002", "0210000211", "02100002a", "０２１００００２１"] {
        assert_eq!(ParticipantKey::routing_number(wrong), None, "{wrong}");
    }
    for wrong in ["", "XXX", "DEUTDE", "DEUT1EFF", "DEUTDEFF5", "DEUTDÉFF"] {
        assert_eq!(ParticipantKey::bic(wrong), None, "{wrong}");
    }
    assert_eq!(ParticipantKey::bic("DEUTDXXX"), Some(ParticipantKey::Bic("DEUTDXXX".to_owned())), "eight characters that end in XXX");
    assert_eq!(
        (ParticipantKey::provider(""), ParticipantKey::provider("a b"), ParticipantKey::provider(&"a".repeat(41))),
        (None, None, None)
    );
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), with_header in any::<bool>()) {
        let head = if with_header { HEADER.as_bytes() } else { b"" };
        let _ = ParticipantList::from_csv("test", day("2026-11-01"), &[head, &bytes].concat());
    }
}
