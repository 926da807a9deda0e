//! Unit tests of `wire::run`: the longest run, page by page.

use super::*;
use crate::domain::run::chained_hash;

/// The line with a malformed field, in the middle of a page that is not the first or the last.
const BAD: i64 = 77_777;

/// A page of the longest run, as a client sends it.
fn sent(first_line_no: i64, bad: i64) -> pb::CreatePayoutRunRequest {
    let line = |line_no: i64| pb::PayoutRunLine {
        user_id: format!("creator-{line_no}"),
        beneficiary_id: if line_no == bad { "no id".to_owned() } else { Uuid::from_u128(line_no.unsigned_abs().into()).to_string() },
        amount: Some(api::r#type::Money { currency_code: "USD".to_owned(), minor_units: 5 }),
    };
    let last = first_line_no + i64::try_from(RUN_PAGE).unwrap() - 1;
    pb::CreatePayoutRunRequest {
        request_id: Uuid::now_v7().to_string(),
        first_line_no: i32::try_from(first_line_no).unwrap(),
        lines: (first_line_no..=last).map(line).collect(),
        complete: last == RUN_LINES_MAX,
        ..Default::default()
    }
}

fn who() -> Result<(BookName, UserKey), Status> {
    Ok((BookName::try_new("app-us").unwrap(), UserKey::try_new("fay").unwrap()))
}

/// The hash of all lines, and the lines with a reason. One page is there at a time, and no line is kept longer than its page.
fn read(bad: i64) -> (String, Vec<(i64, String)>) {
    let (mut hash, mut named, mut lines) = (String::new(), Vec::new(), 0);
    for first_line_no in (1..=RUN_LINES_MAX).step_by(RUN_PAGE) {
        let page = page(who(), sent(first_line_no, bad)).unwrap();
        assert_eq!((page.lines.len(), page.complete), (RUN_PAGE, first_line_no + 999 == RUN_LINES_MAX));
        for item in page.lines {
            lines += 1;
            assert_eq!(item.line_no, lines, "no line is left out");
            hash = chained_hash(&hash, &item);
            if !item.reason.is_empty() {
                named.push((item.line_no, item.reason));
            }
        }
    }
    assert_eq!(lines, 100_000);
    (hash, named)
}

#[test]
fn of_a_hundred_thousand_lines_the_malformed_one_is_named_and_no_other() {
    let (hash, named) = read(BAD);
    assert_eq!(named, [(BAD, "MALFORMED: beneficiary_id must be a UUID".to_owned())]);
    let (without, none) = read(0);
    assert!(none.is_empty());
    assert_ne!(hash, without, "an approval is bound to every line");
    assert_eq!(page(who(), sent(RUN_LINES_MAX + 1, 0)).unwrap_err().code(), tonic::Code::InvalidArgument);
}

#[test]
fn a_full_run_may_be_completed_without_another_line() {
    let end = |first_line_no| pb::CreatePayoutRunRequest { lines: Vec::new(), complete: true, ..sent(first_line_no, 0) };
    let last = page(who(), end(RUN_LINES_MAX + 1)).unwrap();
    assert_eq!((last.first_line_no, last.lines.len(), last.complete), (RUN_LINES_MAX + 1, 0, true));
    assert_eq!(page(who(), end(RUN_LINES_MAX + 2)).unwrap_err().code(), tonic::Code::InvalidArgument);
}
