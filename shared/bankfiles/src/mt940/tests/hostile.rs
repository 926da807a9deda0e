//! Files that are cut, reordered, doubled or made of anything.
use super::*;
use proptest::prelude::*;
use std::fmt::Write;

const NO_TYPE: &str = ":61: must have a type after its amount: N, S or F and three characters; the amount may be cut off";

fn is_sound(text: &str) -> bool {
    !problems(text).iter().any(|(_, _, touches_money)| *touches_money)
}

#[test]
fn a_file_without_a_balance_an_entry_or_an_account_is_not_sound() {
    let lines: Vec<_> = FILE.lines().collect();
    for (skipped, line) in lines.iter().enumerate() {
        let rest: Vec<_> = lines.iter().enumerate().filter(|(at, _)| *at != skipped).map(|(_, line)| *line).collect();
        let needed = [":25:", ":60F:", ":60M:", ":61:", ":62F:", ":62M:", "-}"].iter().any(|tag| line.starts_with(tag));
        assert_eq!(is_sound(&rest.join("\n")), !needed, "without {line}");
        let mut twice = lines.clone();
        twice.insert(skipped, line);
        let once =
            needed && !line.starts_with("-}") || [":28C:", ":64:"].iter().any(|tag| line.starts_with(tag)) || line.starts_with(":20:");
        assert_eq!(is_sound(&twice.join("\n")), !once, "twice {line}");
    }
}

#[test]
fn a_message_that_is_cut_is_not_sound() {
    let message = &FILE[FILE.find(":20:STMT-2").unwrap()..];
    let end = message.find("\n-").unwrap();
    // A shorter amount of the same balance is the same as long as only zeros are missing.
    let last = message.find("3200,00\n-").unwrap() + "3200".len();
    for cut in 0..last {
        assert!(!is_sound(&message[..cut]), "{cut}");
    }
    assert!(is_sound(&message[..end]));
    let enveloped = &FILE.replace("-}{5:{CHK:0123456789AB}}\n", "");
    assert!(problems(enveloped).iter().any(|(_, what, money)| *money && what.starts_with("SWIFT's block 4 is not ended by -}")));
}

#[test]
fn fields_that_are_doubled_or_foreign_are_kept_and_named() {
    let (file, found) = read(FILE.replace(":28C:101\n", ":28C:101\n:28:102\n:99:X\n:NS:22X\nY\n").as_bytes());
    let found: Vec<_> = found.iter().map(|problem| (problem.place.as_str(), problem.what.as_str(), problem.touches_money)).collect();
    assert_eq!(
        found,
        [
            ("line 30", "field :28: is there again; only the first was read", true),
            ("line 31", "field :99: is no field of an MT940 or MT942; it was kept as it is", false),
            ("line 32", "field :NS: is no field of an MT940 or MT942; it was kept as it is", false),
        ]
    );
    let kept: Vec<_> = file.with_problems.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(kept, [":28:102", ":99:X", ":NS:22X\nY"]);
    assert_problems(":86:/EREF/", ":86:A\n:86:/EREF/", &[(20, ":86: is there again; its lines were added to the :86: before it", false)]);
}

#[test]
fn balances_and_entries_that_are_not_understood_are_named() {
    let missing = "the statement has no closing balance (:62F: or :62M:): its end may be missing";
    assert_problems(
        ":62F:C260921EUR3200,00",
        ":62F:X260921EUR3200,00",
        &[(31, ":62F: must begin with D or C, then YYMMDD, a currency and an amount", true), (27, missing, true)],
    );
    assert_problems(
        ":62F:C260921EUR3200,00",
        ":62F:C2609",
        &[(31, ":62F: must be D or C, YYMMDD, a currency and an amount; it ends too early", true), (27, missing, true)],
    );
    assert_problems(":62F:C260921EUR3200,00", ":62F:C261321EUR3200,00", &[(31, "the date of :62F: must be a day, YYMMDD", false)]);
    assert_problems(
        ":61:260920RD2000,00NTRFE2E3",
        ":61:260920X2000,00NTRFE2E3",
        &[
            (20, ":61: must have C, D, RC or RD after its dates; the entry was not read", true),
            (
                21,
                "opening balance 125000 and 1 entries (-5000) give 120000, but the closing balance is 320000: +200000 is unexplained",
                true,
            ),
        ],
    );
    assert_problems("2000,00NTRFE2E3", "2000,00T", &[(20, NO_TYPE, true)]);
    assert_problems("NTRFE2E3", "NTRFE2E34567890123456", &[(20, "a reference of :61: is longer than 16 characters", false)]);
}

#[test]
fn an_entry_that_ends_inside_or_after_its_amount_touches_money() {
    // An interim report has no closing balance that would show it.
    let text = |entry: &str| format!(":20:R1\n:25:123\n:28C:5/1\n:34F:EURD0,\n:61:{entry}\n");
    let whole = "260920D12345,67NTRFREF";
    assert_eq!(problems(&text(whole)), []);
    for cut in 0..whole.find("TRF").unwrap() + "TR".len() {
        assert!(!is_sound(&text(&whole[..cut])), "{}", &whole[..cut]);
    }
    let comma = "the amount of :61: has no decimal comma, so its end may be missing";
    let money = |what: &str| ("line 5".to_owned(), what.to_owned(), true);
    assert_eq!(problems(&text("260920D12345NTRFREF")), [money(comma)]);
    // Without a type there is no customer's reference either, which is said after it.
    assert_eq!(problems(&text("260920D0,4"))[..1], [money(NO_TYPE)]);
    assert_eq!(problems(&text("260920D12345"))[..2], [money(comma), money(NO_TYPE)]);
    // What follows is no type, so the amount may go on behind the blank.
    assert_eq!(problems(&text("260920D12,3 4NTRFREF"))[..1], [money(NO_TYPE)]);
    assert_problems(":65:C260921EUR3200,00", ":65:C260921EUR3200", &[(23, &comma.replace(":61:", ":65:"), true)]);
}

#[test]
fn an_account_is_the_same_however_it_is_written() {
    let statement = |account: &str| format!(":20:X\n:25:{account}\n:28C:7/1\n:60F:C260919EUR1,\n:62F:C260920EUR1,\n-\n");
    let twice = [("line 7".to_owned(), "statement 7, page 1 is in the file twice: also in line 1".to_owned(), true)];
    let iban = "DE89370400440532013000";
    for (first, second) in [
        ("CHASDEFX/DE89370400440532013000", iban),
        ("CHASDEFX/DE89 3704 0044 0532 0130 00", "CHASDEFXXXX/de89370400440532013000EUR"),
        ("37040044/DE89370400440532013000", "CHASDEFX/DE89370400440532013000"),
        ("DE89370400440532013000/EUR", iban),
        ("IBAN DE89370400440532013000", iban),
        ("CHASDEFX/532013000", "CHASDEFXXXX/532013000"),
        ("CHASDEFX/532013000", "chasdefx / 5320-13000 EUR"),
        ("CHASDEFX/532013000/EUR", "532013000"),
        ("532013000", "37040044/532013000"),
    ] {
        // Two remarks on how pages continue each other follow.
        assert_eq!(problems(&(statement(first) + &statement(second)))[..1], twice, "{first}, {second}");
        assert_eq!(problems(&(statement(second) + &statement(first)))[..1], twice, "{second}, {first}");
    }
    assert_eq!(problems(&(statement("CHASDEFX/532013000") + &statement("37040044/532013000"))), []);
    assert_eq!(problems(&(statement("CHASDEFX/532013000") + &statement("CHASDEFX/532013001"))), []);
}

#[test]
fn messages_beyond_the_limit_are_not_read() {
    let (file, found) = read(":20:X\n".repeat(50_001).as_bytes());
    assert_eq!((file.statements.len(), found[0].place.as_str(), found[0].touches_money), (50_000, "line 50001", true));
    assert_eq!(found[0].what, "the file has more than 50000 messages; nothing from this one on was read");
}

#[test]
fn nested_blocks_do_not_nest_the_reader() {
    for text in ["{4:", "-}{1:", "{1:{4:-}", ":20:\n{1:", "\u{1}"] {
        let _ = read(text.repeat(100_000).as_bytes());
    }
}

#[test]
fn line_ends_control_characters_and_blank_lines_change_nothing() {
    let expected = read(FILE.as_bytes()).0;
    for end in ["\r\n", "\r"] {
        assert_eq!(read_strict(FILE.replace('\n', end).as_bytes()).unwrap(), expected, "{end:?}");
    }
    let marked = FILE.replace("{1:", "\u{1}{1:").replace("-}\n", "-}\u{3}\n");
    assert_eq!(read_strict(marked.as_bytes()).unwrap(), expected);
    let chained = FILE.replace("-}\n{1:", "-}${1:").replace("\n:61:2612", "\n\n:61:2612");
    let statements = read_strict(chained.as_bytes()).unwrap().statements;
    assert_eq!((statements.len(), &statements[1].entries[0].details), (3, &expected.statements[1].entries[0].details));
}

#[test]
fn messages_may_begin_with_their_number_alone() {
    let dutch = ":940:\n:20:X\n:25:1\n:28C:1\n:60F:C260919EUR1,\n:62F:C260920EUR1,\n";
    let file = read_strict(format!("{dutch}{}", dutch.replace(":28C:1", ":28C:2")).as_bytes()).unwrap();
    assert_eq!((file.statements.len(), file.statements[1].envelope.as_slice()), (2, &["940".to_owned()][..]));
}

/// A statement with these entries, with balances that fit.
fn written(opening: i64, entries: &[(u8, u32, String)]) -> String {
    let mark = |amount: i64| if amount < 0 { 'D' } else { 'C' };
    let digits = |amount: i64| format!("{},{:02}", amount.unsigned_abs() / 100, amount.unsigned_abs() % 100);
    let mut text = format!(":20:X\n:25:1\n:28C:1/1\n:60F:{}260919EUR{}\n", mark(opening), digits(opening));
    let mut balance = opening;
    for (side, amount, reference) in entries {
        let (side, sign) = [("C", 1), ("D", -1), ("RC", -1), ("RD", 1)][usize::from(*side)];
        balance += sign * i64::from(*amount);
        writeln!(text, ":61:2609200920{side}{}NTRF{reference}//BK\n:86:TEXT", digits(i64::from(*amount))).unwrap();
    }
    writeln!(text, ":62F:{}260920EUR{}\n-", mark(balance), digits(balance)).unwrap();
    text
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = (reading(&bytes), looks_like(&bytes));
    }

    #[test]
    fn no_fields_panic(text in concat!(
        "(:(20|25|28C|6[0245]F|6[02]M|6[1456]|86|34F|13D|90D|NS):",
        "[0-9CDRE,./?+é{}-]{0,20}(EUR|NTRF|EREF|JPY)?[0-9,/é]{0,8}\n){0,10}",
    )) {
        let _ = reading(text.as_bytes());
    }

    #[test]
    fn no_changed_file_panics(at in any::<prop::sample::Index>(), with in any::<char>(), length in 0..30_usize) {
        let mut chars: Vec<char> = FILE.chars().collect();
        let at = at.index(chars.len());
        chars.splice(at..(at + length).min(FILE.len()), [with]);
        let _ = reading(chars.into_iter().collect::<String>().as_bytes());
    }

    #[test]
    fn what_is_written_is_read_and_every_changed_amount_is_noticed(
        opening in -1_000_000..1_000_000_i64,
        entries in proptest::collection::vec((0..4_u8, 1..1_000_000_u32, "[A-Z0-9]{1,12}"), 1..12),
        at in any::<prop::sample::Index>(),
    ) {
        let file = read_strict(written(opening, &entries).as_bytes()).map_err(|problems| TestCaseError::fail(format!("{problems:?}")))?;
        let sides = [StatementSide::Credit, StatementSide::Debit, StatementSide::ReversalOfCredit, StatementSide::ReversalOfDebit];
        prop_assert_eq!(file.statements[0].entries.len(), entries.len());
        for (read, (side, amount, reference)) in file.statements[0].entries.iter().zip(&entries) {
            prop_assert_eq!(read.side, sides[usize::from(*side)]);
            prop_assert_eq!(read.amount_minor, Some(i64::from(*amount)));
            prop_assert_eq!(&read.customer_reference, reference);
        }
        // The mark, after the dates, is of the other side.
        let mut lines: Vec<_> = written(opening, &entries).lines().map(str::to_owned).collect();
        let line = &mut lines[4 + 2 * at.index(entries.len())];
        let (dates, rest) = line.split_at(14);
        let marks = [("C", "D"), ("D", "C"), ("RC", "RD"), ("RD", "RC")];
        let changed = marks.iter().find_map(|(mark, other)| rest.strip_prefix(mark).map(|rest| format!("{dates}{other}{rest}")));
        *line = changed.unwrap();
        prop_assert!(!is_sound(&lines.join("\n")));
    }
}
