//! What is reported twice, left out, or not money.
use super::*;

/// A file of these groups, each the lines of its record 02 to its last 49, with trailers that fit.
fn file_of(groups: &[&str]) -> String {
    let mut text = "01,A,B,260921,0130,7,,,2/\n".to_owned();
    let (mut all, mut lines) = (0, 2);
    for group in groups {
        let totals: Vec<i64> = group.lines().filter_map(|line| line.strip_prefix("49,")?.split(',').next()?.parse().ok()).collect();
        let (total, count) = (totals.iter().sum::<i64>(), group.lines().count() + 1);
        text += &format!("{group}98,{total},{},{count}/\n", totals.len());
        all += total;
        lines += count;
    }
    text + &format!("99,{all},{},{lines}/\n", groups.len())
}

/// An account whose opening balance of 10 became 15.
const ACCOUNT: &str = "03,123,,010,10,,,015,15,,,100,5,1,,400,0,0,/\n16,195,5,,BK1,,TEXT\n49,35,3/\n";

fn money(line: usize, what: &str) -> (String, String, bool) {
    (format!("line {line}"), what.to_owned(), true)
}

fn other(line: usize, what: &str) -> (String, String, bool) {
    (format!("line {line}"), what.to_owned(), false)
}

#[test]
fn an_amount_under_the_code_of_texts_touches_money() {
    let what = "the entry (16) has type code 890, which only carries a text, but also an amount";
    let group = |amount: &str, total: &str| file_of(&[&format!("02,B,A,1,260920,,,2/\n03,1,,/\n16,890,{amount},,,,NOTE\n49,{total},3/\n")]);
    let found = problems(&group("5000", "5000"));
    assert_eq!(found[0], money(4, what));
    assert_eq!(problems(&group("-1", "-1"))[0], money(4, what));
    for none in ["", "0"] {
        assert!(problems(&group(none, "0")).iter().all(|(_, _, touches_money)| !touches_money), "{none:?}");
    }
}

#[test]
fn a_group_or_an_account_that_is_there_twice_touches_money() {
    let group = format!("02,B,A,1,260920,0900,,3/\n{ACCOUNT}");
    assert_eq!(problems(&file_of(&[&group])), []);
    let twice = |line, first| money(line, &format!("the account is in the file twice for the same day: also in line {first}"));
    assert_eq!(problems(&file_of(&[&group, &group])), [twice(8, 3)]);
    assert_eq!(problems(&file_of(&[&group, &group, &group])), [twice(8, 3), twice(13, 3)]);
    assert_eq!(problems(&file_of(&[&format!("{group}{ACCOUNT}")])), [twice(6, 3)]);
    // Reported at another time, these are still the same entries.
    assert_eq!(problems(&file_of(&[&group, &group.replace("0900", "1200")])), [twice(8, 3)]);
    // Banks split an account by value dates; what was there before may not be there again.
    let what = "the account is in the file again for the same day, with other balances or entries: also in line 3";
    let split = group.replace("BK1", "BK2");
    assert_eq!(problems(&file_of(&[&group, &split])), [other(8, what)]);
    let what_again = "the account is in the file again for the same day, with 1 entries that were in it before: see line 3";
    let both = ACCOUNT.replace("015,15", "015,22").replace("100,5,1", "100,12,2").replace("49,35,3", "49,56,4");
    let both = both.replace("49,", "16,195,7,,BK2,,TEXT\n49,");
    assert_eq!(problems(&file_of(&[&format!("{group}{both}")])), [money(6, what_again)]);
    let again = problems(&file_of(&[&group, &split.replace("TEXT", "OTHER"), &split]));
    assert_eq!(again, [other(8, what), money(13, what_again)]);
    // Balances alone.
    let balances = "02,B,A,1,260920,0900,,3/\n03,123,,010,10,,,015,10,,/\n49,20,2/\n";
    assert_eq!(problems(&file_of(&[balances, balances])), [twice(7, 3)]);
    assert_eq!(problems(&file_of(&[balances, &balances.replace("0900", "1200")])), [other(7, what)]);
    // Another day, finality, bank, status, currency or account is another report.
    for (from, to) in
        [("260920", "260921"), (",,3/", ",,4/"), (",A,1", ",C,1"), (",A,1", ",A,3"), ("123,,", "123,EUR,"), ("123,,", "124,,")]
    {
        assert_eq!(problems(&file_of(&[&group, &group.replace(from, to)])), [], "{from} -> {to}");
    }
}

#[test]
fn a_code_that_is_reported_twice_does_not_switch_a_check_off() {
    let account = |more: &str, sum: i64| {
        let account = ACCOUNT.replace("0,0,/", &format!("0,0,,{more}/")).replace("49,35", &format!("49,{}", 35 + sum));
        problems(&file_of(&[&format!("02,B,A,1,260920,,,2/\n{account}")]))
    };
    for (code, amount) in [("010", 10), ("015", 15), ("100", 5), ("400", 0)] {
        let what = format!("type code {code} of the account (03) is reported 2 times with the same amount");
        assert_eq!(account(&format!("{code},{amount},,"), amount), [other(3, &what)]);
        let what =
            format!("type code {code} of the account (03) is reported 2 times with different amounts, so nothing was checked with it");
        assert_eq!(account(&format!("{code},{},,", amount + 1), amount + 1)[0], money(3, &what));
    }
    // Still checked: the entry doesn't fit.
    let text = ACCOUNT.replace("0,0,/", "0,0,,010,10,,/").replace("015,15", "015,16").replace("49,35", "49,46");
    let found = problems(&file_of(&[&format!("02,B,A,1,260920,,,2/\n{text}")]));
    let what = "opening ledger (010), total credits (100) and total debits (400) give a closing ledger balance of 15, but the account states \
                16 (015)";
    assert_eq!(found[1], money(3, what));
}

#[test]
fn an_account_without_totals_is_checked_by_its_entries() {
    let account = |summaries: &str, entries: &str, sum: i64| {
        let lines = 2 + entries.lines().count();
        problems(&file_of(&[&format!("02,B,A,1,260920,,,2/\n03,1,,{summaries}/\n{entries}49,{sum},{lines}/\n")]))
    };
    let entries = "16,195,5,,,,T\n16,495,2,,,,T\n";
    assert_eq!(account("010,10,,,015,13,,", entries, 30), []);
    assert_eq!(account("010,10,,,015,13,,,100,5,1,", entries, 35), []);
    let what = "opening ledger (010), the credit entries, without a total (100), and the debit entries, without a total (400), give a closing \
                ledger balance of 13, but the account states 14 (015)";
    assert_eq!(account("010,10,,,015,14,,", entries, 31), [money(3, what)]);
    let what = "opening ledger (010), total credits (100) and the debit entries, without a total (400), give a closing ledger balance of 13, \
                but the account states 14 (015)";
    assert_eq!(account("010,10,,,015,14,,,100,5,1,", entries, 36), [money(3, what)]);
    let missing =
        |balances: &str| other(3, &format!("the account doesn't state {balances}, so its entries can't be checked against balances"));
    assert_eq!(account("010,10,,", entries, 17), [missing("one closing ledger balance (015)")]);
    assert_eq!(account("015,10,,", entries, 17), [missing("one opening ledger balance (010)")]);
    assert_eq!(account("", entries, 7), [missing("one opening (010) and one closing ledger balance (015)")]);
    // Balances alone.
    assert_eq!(account("010,10,,,015,10,,", "", 20), []);
    let what = "the account has two ledger balances (010, 015), but neither totals nor entries between them";
    assert_eq!(account("010,10,,,015,11,,", "", 21), [other(3, what)]);
    assert_eq!(account("015,10,,", "", 10), []);
}
