//! Unit tests of `check_digits`, with numbers of authorities' examples.
use super::*;
use proptest::prelude::*;

type Check = fn(&str) -> bool;

/// Valid numbers.
const GOOD: [(Check, &[&str]); 11] = [
    (is_aba, &["021000021", "121000248", "011000015", "026009593", "800000006"]),
    (is_clabe, &["646180157000000004", "032180000118359719"]),
    (is_cpf, &["52998224725", "39053344705"]),
    (is_cnpj, &["11222333000181", "12ABC34501DE35"]),
    (is_abn, &["51824753556", "83914571673"]),
    (is_acn, &["004085616", "010499966"]),
    (is_nric, &["S1234567D", "T1234567J", "F1234567N", "G1234567X", "M1234567K"]),
    (is_uen, &["00192200M", "197401143C", "S16FC0121D"]),
    (is_hkid, &["A1234563", "AB9876543"]),
    (is_creditor_reference, &["RF18539007547034"]),
    (is_lei, &["5493001KJTIIGC8Y1R12"]),
];

#[test]
fn valid_numbers_pass() {
    for (index, (check, numbers)) in GOOD.iter().enumerate() {
        for number in *numbers {
            assert!(check(number), "{index}: {number}");
        }
    }
}

#[test]
fn invalid_numbers_fail() {
    let bad: [(Check, &[&str]); 11] = [
        (is_aba, &["021000022", "02100002", "0210000211", "000000000", "130000006", "٠٢١٠٠٠٠٢١"]),
        (is_clabe, &["646180157000000005", "64618015700000000", "000000000000000000"]),
        (is_cpf, &["11111111111", "52998224726", "5299822472"]),
        (is_cnpj, &["12ABC34501DE36", "00000000000000", "1122233300018A", "12abc34501de35"]),
        (is_abn, &["51824753557", "01824753556", "00000000000"]),
        (is_acn, &["004085617", "00408561"]),
        (is_nric, &["S1234567E", "X1234567D", "S123456D", "S12345é7D"]),
        (is_uen, &["00192200X", "197401143D", "S16FC0121E", "X16FC0121D", "S16YZ0121D", "é"]),
        (is_hkid, &["A1234564", "11234563", "AB987654B", "é123456"]),
        (is_creditor_reference, &["RF18539007547035", "RF18", "XX18539007547034"]),
        (is_lei, &["5493001KJTIIGC8Y1R13", "5493001KJTIIGC8Y1R1"]),
    ];
    for (index, (check, numbers)) in bad.iter().enumerate() {
        for number in *numbers {
            assert!(!check(number), "{index}: {number}");
        }
        assert!(!check(""), "{index}");
    }
}

/// The number with one digit replaced by another.
fn changed(number: &str, at: usize, by: u8) -> Option<String> {
    let mut bytes = number.as_bytes().to_vec();
    let at = at % bytes.len();
    if !bytes[at].is_ascii_digit() {
        return None;
    }
    bytes[at] = b'0' + (bytes[at] - b'0' + 1 + by % 9) % 10;
    String::from_utf8(bytes).ok()
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,30}") {
        for (check, _) in GOOD {
            let _ = check(&text);
        }
    }
}

/// All weights are invertible, modulo 10 or a prime. Left out: ACN, whose even weights see no change by five, and Brazilian numbers with a
/// first check digit of 0, which stands for two remainders.
#[test]
fn every_changed_digit_is_refused() {
    let mut changes = 0;
    for (kind, (check, numbers)) in GOOD.iter().enumerate().filter(|(kind, _)| *kind != 5) {
        let promised = |number: &&&str| !(kind == 2 || kind == 3) || number.as_bytes()[number.len() - 2] != b'0';
        for number in numbers.iter().filter(promised) {
            for (at, by) in (0..number.len()).flat_map(|at| (0..9).map(move |by| (at, by))) {
                let Some(other) = changed(number, at, by) else { continue };
                assert!(!check(&other), "{number} as {other}");
                changes += 1;
            }
        }
    }
    assert!(changes > 1000, "{changes}");
}
