//! Statements as files.
use super::world::{Booking, UNALLOCATED, both, reason};
use crate::{CASH, COSTS, TREE, fixture::Fixture};
use api::treasury::StatementFormat;

/// A day with a payment of either direction, a move, a return and a late fee, and one more day after it.
pub async fn busy(fixture: &Fixture) {
    fixture.change(&TREE.replace("\"Costs\"", "\"=Costs, 'größer'\"")).await.unwrap();
    let payout = [("payout_id", "0193a2b4-1111-7000-8000-00000000abcd")];
    fixture.book(Booking { kind: "receipt", fields: &[("end_to_end_id", "INV-7")], ..Booking::of(CASH, UNALLOCATED, 10_000) }).await;
    fixture.book(Booking::of(UNALLOCATED, COSTS, 9_000)).await;
    fixture.book(Booking { kind: "payout.settle", fields: &payout, ..Booking::of(COSTS, CASH, 1_234) }).await;
    let back = [payout[0], ("return_reason", "AC04")];
    fixture.book(Booking { kind: "payout.return", fields: &back, ..Booking::of(CASH, COSTS, 1_234) }).await;
    fixture.book(Booking { kind: "bank.fee", effective_days: -3, ..Booking::of(COSTS, CASH, 25) }).await;
    fixture.days_later(1);
}

#[tokio::test]
async fn csv_has_a_row_for_each_entry_and_the_sums_and_no_formula() {
    for fixture in both().await {
        busy(&fixture).await;
        let day = fixture.day(-1);
        let (head, bytes) = fixture.file("us-costs", &day, StatementFormat::Csv).await.unwrap();
        assert_eq!((head.media_type.as_str(), head.file_name), ("text/csv; charset=utf-8", format!("us-costs-{day}.csv")));
        assert_eq!((head.losses.as_slice(), head.statement.unwrap().number), ([].as_slice(), 1));
        let text = String::from_utf8(bytes).unwrap();
        let rows: Vec<&str> = text.split_terminator("\r\n").collect();
        assert_eq!(rows.len(), 1 + 1 + 4 + 2, "{text}");
        let start = format!("opening,DE89370400440532013000,USD,{day},,\"'=Costs, 'größer'\",,,0.00,us-costs,");
        assert!(rows[1].starts_with(&start), "{}", rows[1]);
        assert!(rows[3].contains(",payout.settle,12.34,,77.66,us-costs,bank-usd,no,0193a2b411117000800000000000abcd,"), "{}", rows[3]);
        assert!(rows[4].contains(",payout.return,,12.34,90.00,us-costs,bank-usd,no,0193a2b411117000800000000000abcd,AC04,"), "{}", rows[4]);
        assert!(rows[5].contains(&format!(",{},bank.fee,0.25,,89.75,", fixture.day(-4))), "{}", rows[5]);
        assert!(rows[6].starts_with("total,") && rows[6].contains(",12.59,102.34,89.75,"), "{}", rows[6]);
        assert!(rows[7].starts_with("closing,") && rows[7].contains(",,,89.75,"), "{}", rows[7]);
        assert_eq!(fixture.file("us-costs", &day, StatementFormat::Csv).await.unwrap().1, text.as_bytes(), "the same bytes");
        let today = fixture.file("us-costs", &fixture.day(0), StatementFormat::Csv).await.unwrap();
        assert_eq!((today.0.statement.unwrap().number, String::from_utf8(today.1).unwrap().lines().count()), (0, 4));
        let wrong = fixture.file("us-costs", &day, StatementFormat::Unspecified).await.unwrap_err();
        assert_eq!(reason(&wrong), "MALFORMED");
    }
}

#[tokio::test]
async fn a_pdf_is_one_file_with_the_statements_sums() {
    for fixture in both().await {
        busy(&fixture).await;
        let (head, bytes) = fixture.file("us-costs", &fixture.day(-1), StatementFormat::Pdf).await.unwrap();
        assert_eq!((head.media_type.as_str(), head.losses.len()), ("application/pdf", 1));
        let text: String = bytes.iter().copied().map(char::from).collect();
        assert!(text.starts_with("%PDF-") && text.trim_end().ends_with("%%EOF"));
        for shown in ["(Opening balance)", "(Payment sent)", "(Bank fee)", "(89.75)", "(Page 1 of 1)", "(Sum of page 1)"] {
            assert!(text.contains(shown), "{shown}");
        }
    }
}
