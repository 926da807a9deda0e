//! Which leaf gets what came, and who paid it, masked.
use super::*;

#[test]
fn of_a_payer_only_the_end_is_kept() {
    for (payer, kept) in [
        ("", ""),
        ("   ", ""),
        ("ACME", "…"),
        ("1234567", "…"),
        ("12345678", "…5678"),
        (" DE89 3704 0044 ", "…0044"),
        ("Zoë Ägidius", "…dius"),
    ] {
        assert_eq!(masked(payer), kept, "{payer}");
    }
}

#[test]
fn an_announcement_fits_its_leaf_amount_and_days_only() {
    let usd = Currency::try_new("USD").unwrap();
    let (from, until) = (jiff::civil::date(2026, 11, 1), jiff::civil::date(2026, 11, 30));
    let announced = Announced {
        expected_id: "e".to_owned(),
        leaf: "costs".to_owned(),
        min: 100,
        max: 200,
        from,
        until,
        source: "a processor".to_owned(),
    };
    let expected = Expected::of(announced, usd);
    let fits = |leaf: &str, minor_units, value_date| {
        let incoming = Incoming {
            receipt_id: Uuid::nil(),
            account: "bank".to_owned(),
            number: String::new(),
            amount: Money::try_new(usd, minor_units).unwrap(),
            value_date,
            payer: String::new(),
            bank_reference: String::new(),
        };
        let to = ReceiptLeaf { allocation: Allocation::Number, leaf, old_account: "" };
        expected.fits(&booked(&incoming, to, "main", leaf, "main"))
    };
    assert!(fits("costs", 100, from) && fits("costs", 200, until));
    assert!(!fits("creators", 100, from) && !fits("costs", 99, from) && !fits("costs", 201, from));
    assert!(!fits("costs", 100, jiff::civil::date(2026, 10, 31)) && !fits("costs", 100, jiff::civil::date(2026, 12, 1)));
}
