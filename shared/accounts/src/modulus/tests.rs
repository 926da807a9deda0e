//! Unit tests of the modulus check, over rows of our own.
use super::*;
use jiff::civil::date;
use proptest::prelude::*;

const DAY: Date = date(2026, 11, 26);

fn table(weights: &str) -> ModulusTable {
    ModulusTable::read(weights, "700001 700002\n", DAY).unwrap()
}

fn passes(weights: &str, sort_code: &str, number: &str) -> bool {
    table(weights).check(sort_code, number) == ModulusOutcome::Passed
}

#[test]
fn both_forms_of_lines_are_read() {
    let published = "100000 100999 MOD11    0    0    0    0    0    0    8    7    6    5    4    3    2    1   14\r\n\r\n";
    let csv = "from,to,method,u,v,w,x,y,z,a,b,c,d,e,f,g,h,exception\n100000,100999,MOD11,0,0,0,0,0,0,8,7,6,5,4,3,2,1,14\n";
    assert_eq!(table(published), table(csv));
    assert_eq!((table(csv).len(), table(csv).is_empty(), table(csv).as_of()), (1, false, Some(DAY)));
    assert_eq!(table("100000,100999,MOD11,0,0,0,0,0,0,8,7,6,5,4,3,2,1,\n").len(), 1);
}

#[test]
fn every_wrong_line_is_named() {
    let row = |head: &str, tail: &str| format!("{head} 0 0 0 0 0 0 8 7 6 5 4 3 2 {tail}\n");
    let weights = [
        row("100000 100999 MOD11", "1"),
        row("1000 100999 MOD11", "1"),
        row("200000 100999 MOD11", "1"),
        row("100000 100999 MOD12", "1"),
        row("100000 100999 MOD11", "x"),
        row("100000 100999 MOD11", "1000"),
        row("100000 100999 MOD11", "1 15"),
        row("100000 100999 MOD11", "1 1"),
        row("100000 100999 MOD11", "1 1 1"),
        row("100000 100999 DBLAL", "-1"),
        row("100000 100999 MOD11", "1"),
        row("100999 101000 MOD11", "1"),
        "short\n".to_owned(),
    ]
    .concat();
    let faults = ModulusTable::read(&weights, "700001\n700001 700002\n700001 700003\n", DAY).unwrap_err();
    let lines: Vec<(&str, usize)> = faults.iter().map(|fault| (fault.table, fault.line)).collect();
    let mut want: Vec<(&str, usize)> = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13].map(|line| ("weights", line)).into();
    want.extend([("substitutions", 1), ("substitutions", 3)]);
    assert_eq!(lines, want);
    assert_eq!(faults[0].to_string(), "weights, line 2: must begin with two sort codes of six digits");
}

#[test]
fn unlisted_sort_codes_are_presumed_valid() {
    assert_eq!(table("").check("123456", "12345678"), ModulusOutcome::NotListed);
    assert_eq!(table("").check("12345", "12345678"), ModulusOutcome::Failed);
    assert_eq!(table("").check("123456", "1234567é"), ModulusOutcome::Failed);
}

#[test]
fn methods_add_products_or_their_digits() {
    let row = "100000 100999 METHOD 0 0 0 0 0 0 0 0 0 0 0 9 7 1";
    // 5*9 + 2*7 = 59; 4 + 5 + 1 + 4 = 14.
    for (method, number, want) in [
        ("MOD10", "00000521", true),
        ("MOD10", "00000522", false),
        ("MOD11", "00000527", true),
        ("DBLAL", "00000526", true),
        ("DBLAL", "00000521", false),
    ] {
        assert_eq!(passes(&row.replace("METHOD", method), "100000", number), want, "{method} {number}");
    }
}

#[test]
fn two_rows_must_both_pass() {
    let rows = "100000 100999 MOD10 0 0 0 0 0 0 0 0 0 0 0 0 0 1\n100000 100999 MOD10 0 0 0 0 0 0 0 0 0 0 0 0 1 0\n";
    assert!(passes(rows, "100000", "00000000"));
    assert!(!passes(rows, "100000", "00000010") && !passes(rows, "100000", "00000001"));
    // With exceptions 12 and 13, either is enough.
    let either = rows.replacen(" 1\n", " 1 12\n", 1).replacen(" 0\n", " 0 13\n", 1);
    assert!(passes(&either, "100000", "00000010") && passes(&either, "100000", "00000001"));
    assert!(!passes(&either, "100000", "00000011"));
}

#[test]
fn exceptions_do_what_they_say() {
    let last = "0 0 0 0 0 0 0 0 0 0 0 0 0 1";
    let first = "1 1 1 1 1 1 1 1 0 0 0 0 0 1";
    let row = |method: &str, weights: &str, exception: u8| format!("100000 709999 {method} {weights} {exception}");
    let cases = [
        // 27 is added: 27 + 3.
        (row("DBLAL", last, 1), "100000", "00000003", true),
        (row("DBLAL", last, 1), "100000", "00000000", false),
        // a = 0 leaves the row's weights; a = 1 takes others: 6 (a) + 5 (h) = 11, or with g = 9: 27 + 6 (h) = 33.
        (row("MOD11", last, 2), "100000", "00000000", true),
        (row("MOD11", last, 2), "100000", "10000005", true),
        (row("MOD11", last, 2), "100000", "10000096", true),
        // c = 6 or 9 skips the row.
        (row("DBLAL", last, 3), "100000", "00600001", true),
        (row("DBLAL", last, 3), "100000", "00900001", true),
        (row("DBLAL", last, 3), "100000", "00500001", false),
        // 8 (a) leaves remainder 8, then 10: the number gh, not the sum of g and h.
        (row("MOD11", "0 0 0 0 0 0 1 0 0 0 0 0 0 0", 4), "100000", "80000008", true),
        (row("MOD11", "0 0 0 0 0 0 1 1 0 0 0 0 0 0", 4), "100000", "91000010", true),
        (row("MOD11", "0 0 0 0 0 0 1 1 0 0 0 0 0 0", 4), "100000", "91000055", false),
        // Foreign currency.
        (row("MOD11", last, 6), "100000", "40000033", true),
        (row("MOD11", last, 6), "100000", "90000033", false),
        // g = 9 ignores u to b.
        (row("MOD10", first, 7), "123456", "12000090", true),
        (row("MOD10", first, 7), "123456", "12000080", false),
        // As 090126: 9 + 1 + 2 + 6 = 18, and 2.
        (row("MOD10", first, 8), "111111", "00000002", true),
        // As 309634: 25, and 5.
        (row("MOD10", first, 9), "111111", "00000005", true),
        (row("MOD10", first, 10), "123456", "99000090", true),
        (row("MOD10", first, 10), "123456", "09000090", true),
        (row("MOD10", first, 10), "123456", "19000090", false),
        (row("MOD10", first, 10), "123456", "91000090", false),
        (row("MOD10", first, 11), "100000", "00000009", true),
        // Shifted right: 0 and seven digits.
        (row("MOD11", "0 0 0 0 0 0 1 0 0 0 0 0 0 1", 14), "100000", "10000000", true),
        (row("MOD11", "0 0 0 0 0 0 0 0 0 0 0 0 0 1", 14), "100000", "00000001", true),
        (row("MOD11", "0 0 0 0 0 0 0 0 0 0 0 0 0 1", 14), "100000", "00000021", false),
        (row("MOD11", "0 0 0 0 0 0 0 0 0 0 0 0 0 1", 14), "100000", "00000002", false),
    ];
    for (rows, sort_code, number, want) in cases {
        assert_eq!(passes(&rows, sort_code, number), want, "{rows}: {sort_code} {number}");
    }
}

#[test]
fn exception_5_substitutes_the_sort_code_and_compares_digits() {
    let mod11 = "700000 700009 MOD11 0 0 0 0 0 1 0 0 0 0 0 0 0 0 5";
    // 700001 counts as 700002: remainder 2, so g = 9; without the table 700005 needs 6.
    assert!(passes(mod11, "700001", "00000090") && !passes(mod11, "700001", "00000000"));
    assert!(passes(mod11, "700005", "00000060") && passes(mod11, "700000", "00000000"));
    // No digit is eleven less a remainder of 1.
    let one = "700000 700009 MOD11 0 0 0 0 0 1 0 0 0 0 0 0 0 0 5";
    assert!((0..10).all(|g| {
        !ModulusTable::read(one, "", DAY).is_ok_and(|table| table.check("700001", &format!("000000{g}0")) == ModulusOutcome::Passed)
    }));
    let dblal = "700000 700009 DBLAL 0 0 0 0 0 1 0 0 0 0 0 0 0 0 5";
    assert!(passes(dblal, "700001", "00000008") && passes(dblal, "700000", "00000000") && !passes(dblal, "700001", "00000009"));
}

proptest! {
    /// Weights without a common factor with 10, or from 1 to 10 for 11.
    #[test]
    fn one_changed_digit_is_refused(number in "[0-9]{7}", at in 0_usize..8, by in 1_u8..10, is_eleven in any::<bool>()) {
        let weights = if is_eleven { "MOD11 0 0 0 0 0 0 8 7 6 5 4 3 2 1" } else { "MOD10 0 0 0 0 0 0 7 1 3 7 1 3 7 1" };
        let rows = &format!("100000 100999 {weights}");
        let valid = (0..10).map(|last| format!("{number}{last}")).find(|number| passes(rows, "100000", number));
        // Modulo 11, one in eleven has no last digit.
        prop_assume!(valid.is_some());
        let mut bytes = valid.unwrap().into_bytes();
        bytes[at] = b'0' + (bytes[at] - b'0' + by) % 10;
        prop_assert!(!passes(rows, "100000", &String::from_utf8(bytes).unwrap()));
    }

    #[test]
    fn no_table_panics(weights in "[0-9MODBLA ,\n-]{0,200}", other in "\\PC{0,80}") {
        let _ = ModulusTable::read(&weights, &other, DAY);
        let _ = ModulusTable::read(&other, &weights, DAY);
    }

    #[test]
    fn no_row_panics(
        weights in prop::collection::vec(-999_i32..1000, 14),
        exception in 0_u8..15,
        method in 0_usize..3,
        sort_code in "[0-9]{6}",
        number in "[0-9]{8}"
    ) {
        let weights: Vec<String> = weights.iter().map(ToString::to_string).collect();
        let exception = if exception == 0 { String::new() } else { exception.to_string() };
        let row = format!("000000 999999 {} {} {exception}", ["MOD10", "MOD11", "DBLAL"][method], weights.join(" "));
        if let Ok(table) = ModulusTable::read(&row, "", DAY) {
            let _ = table.check(&sort_code, &number);
        }
    }
}
