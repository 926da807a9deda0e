//! Unit tests of `countries`.
use super::*;

#[test]
fn lists_are_sorted_and_contain_each_other() {
    for (list, count) in [(ISO_3166, 250), (SEPA, 42), (EURO, 27)] {
        let codes: Vec<&str> = list.split_ascii_whitespace().collect();
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(codes.iter().all(|code| is_country(code)));
        assert_eq!(codes.len(), count);
    }
}

#[test]
fn codes_are_whole() {
    for other in ["", "D", "de", "DE ", "D E", "ZZ", "DEAT", "UX", "UK"] {
        assert!(!is_country(other) && !is_in_sepa(other) && !uses_euro(other), "{other}");
    }
    assert!(is_country("US") && is_in_sepa("VA") && !is_in_sepa("US") && uses_euro("BG") && !uses_euro("SE"));
}
