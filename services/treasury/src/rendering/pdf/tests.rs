//! Unit tests of pages: the texts on them.
use super::PdfStatement;
use crate::{
    domain::statement::{AccountOnDay, DayStatement, LineOther, StatementKind, StatementLine, StatementTotal, line::LineDetails, start_us},
    rendering::RenderedLine,
};
use jiff::civil::Date;

const DAY: Date = Date::constant(2026, 11, 24);

fn line(at: i64) -> StatementLine {
    StatementLine {
        member: "us-costs".into(),
        seq: at,
        transfer_no: at << 6,
        posting_id: "0193a2b4-1111-7000-8000-00000000abcd".into(),
        kind: if at % 3 == 0 { "payout.settle" } else { "receipt" }.into(),
        change: if at % 3 == 0 { -1_000 * at } else { 123_456 },
        booked_us: start_us(DAY) + at * 60_000_000,
        value_date: DAY,
        other: if at % 5 == 0 { LineOther::Leaf("us-creators".into()) } else { LineOther::Bank("bank-usd".into()) },
        is_internal: false,
        is_at_bank: at % 5 != 0,
    }
}

fn file(count: i64) -> Vec<u8> {
    let lines: Vec<StatementLine> = (1..=count).map(line).collect();
    let total = |credits: bool| {
        let own = lines.iter().filter(|line| line.is_credit() == credits);
        StatementTotal { count: own.clone().count() as i64, minor_units: own.map(|line| line.change.abs()).sum() }
    };
    let (credits, debits) = (total(true), total(false));
    let statement = DayStatement {
        account: AccountOnDay {
            node: "us-costs".into(),
            kind: StatementKind::Leaf,
            number: "DE89370400440532013000".into(),
            name: "Costs (größer) Łódź".into(),
            entity: "acme".into(),
            bank: "A bank".into(),
            branch: "TESTUS33".into(),
            currency: money::Currency::try_new("USD").unwrap(),
        },
        number: 7,
        day: DAY,
        opening: 1_000_000,
        closing: 1_000_000 + credits.minor_units - debits.minor_units,
        credits,
        debits,
        position: count,
        members_hash: String::new(),
        hash: "0123456789abcdef0123".into(),
        issued_at_ms: 0,
    };
    let mut pdf = PdfStatement::new(&statement);
    let mut balance = statement.opening;
    for line in &lines {
        balance += line.change;
        let details =
            LineDetails { end_to_end_id: (line.seq % 2 == 0).then(|| "0193a2b411117000800000000000abcd".into()), return_reason: None };
        pdf.line(RenderedLine { line, details: &details, balance });
    }
    pdf.end()
}

/// The texts in the order in which they are written.
pub fn texts(pdf: &[u8]) -> Vec<String> {
    let text: String = pdf.iter().copied().map(char::from).collect();
    let shown = |line: &str| {
        let shown = line.strip_suffix(" Tj")?;
        // What is not ASCII is in hexadecimal digits, and has no parentheses.
        let plain = shown.strip_prefix('(').and_then(|shown| shown.strip_suffix(')')).unwrap_or(shown);
        Some(plain.replace("\\(", "(").replace("\\)", ")"))
    };
    text.lines().filter_map(shown).collect()
}

#[test]
fn a_page_has_the_account_its_entries_their_sums_and_its_number() {
    let pdf = file(40);
    // For looking at it.
    if let Some(path) = std::env::var_os("LARGESSE_WRITE_PDF") {
        std::fs::write(path, &pdf).unwrap();
    }
    let texts = texts(&pdf);
    let has = |text: &str| assert!(texts.iter().any(|shown| shown == text), "{text}: {texts:?}");
    for text in [
        "Account statement no. 7 of 2026-11-24",
        "DE89 3704 0044 0532 0130 00",
        "acme",
        "A bank (TESTUS33)",
        "10,000.00",
        "Payment received",
        "Internal transfer in",
        "from us-creators, Ref. 0193a2b411117000800000000000abcd",
        "1,234.56",
        "Page 1 of 2",
        "Page 2 of 2",
    ] {
        has(text);
    }
    // What is stated of the day is on the first page and at the end, and the sums of the pages add up to it.
    let after = |what: &str, count: usize| {
        let at = texts.iter().position(|shown| shown == what).unwrap();
        texts[at + 1..=at + count].to_vec()
    };
    let minor = |text: &str| text.replace([',', '.'], "").parse::<i64>().unwrap();
    let pages: Vec<i64> = ["Sum of page 1", "Sum of page 2"].iter().flat_map(|what| after(what, 3)).map(|text| minor(&text)).collect();
    let closing: Vec<i64> = texts.rsplit(|shown| shown == "Closing balance").next().unwrap()[..3].iter().map(|text| minor(text)).collect();
    assert_eq!([pages[0] + pages[3], pages[1] + pages[4], pages[5]].as_slice(), closing.as_slice());
    assert_eq!(after("Opening balance", 1), ["10,000.00"]);
    assert_eq!(minor(&after("Brought forward", 1)[0]), pages[2], "a page goes on where the one before ended");
    assert_eq!(closing[2], 1_000_000 + closing[1] - closing[0]);
}

#[test]
fn the_number_of_pages_is_known_before_they_are_written() {
    for count in [0, 1, 20, 21, 22, 45, 46, 47, 71, 72, 200] {
        let texts = texts(&file(count));
        let pages: Vec<&String> = texts.iter().filter(|shown| shown.starts_with("Page ")).collect();
        let wanted: Vec<String> = (1..=pages.len()).map(|page| format!("Page {page} of {}", pages.len())).collect();
        assert_eq!(pages, wanted.iter().collect::<Vec<_>>(), "{count}");
        let entries =
            texts.iter().filter(|shown| shown.ends_with(" received") || shown.ends_with(" sent") || shown.starts_with("Internal"));
        assert_eq!(entries.count(), usize::try_from(count).unwrap());
    }
}
