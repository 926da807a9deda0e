//! The picture has every name whole, amounts that end in one column, and nothing of a name that a browser would run.
use super::*;
use api::treasury::VirtualBalance;

fn item(id: &str, depth: i32, kind: VirtualAccountKind, booked: i64) -> VirtualAccount {
    let balance = VirtualBalance { booked_minor_units: booked, cash_minor_units: booked, ..Default::default() };
    VirtualAccount {
        id: id.to_owned(),
        kind: kind.into(),
        depth,
        name: format!("The name of {id}"),
        physical_account: "bank".to_owned(),
        currency_code: "USD".to_owned(),
        balance: Some(balance),
        ..VirtualAccount::default()
    }
}

fn listed() -> Vec<VirtualAccount> {
    use VirtualAccountKind::{Leaf, Physical, Summary};
    let mut listed = vec![
        item("bank", 0, Physical, 1_234_567_890),
        item("app", 1, Summary, 1_234_567_935),
        item("app-creators", 2, Leaf, 1_000_000_000),
        item("app-costs", 2, Leaf, 234_567_935),
        item("bank-fees", 1, Leaf, -45),
    ];
    listed[2].funds_class = FundsClass::Client.into();
    listed[3].name = "東京 <script>alert(1)</script> & a name that is much longer than all the others, and is not cut".to_owned();
    listed[4].standard = "fees_and_interest".to_owned();
    listed
}

/// The values of an attribute of all elements that have it.
fn values(svg: &str, begins: &str, attribute: &str) -> Vec<i64> {
    let key = format!(" {attribute}=\"");
    let elements = svg.lines().filter(|line| line.starts_with(begins));
    elements.filter_map(|line| line.split(&key).nth(1)?.split('"').next()?.parse().ok()).collect()
}

#[test]
fn a_picture_has_whole_names_aligned_sums_and_shares() {
    let svg = picture_svg(&listed());
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
    for one in listed() {
        assert!(svg.contains(&format!(">{}<", escaped(&one.name))), "{}", one.name);
    }
    assert!(!svg.contains("<script") && svg.contains("&lt;script&gt;"), "a name is text");
    for amount in ["12\u{2009}345\u{2009}678.90", "10\u{2009}000\u{2009}000.00", "\u{2212}0.45"] {
        assert!(svg.contains(amount), "{amount}");
    }
    let ends: Vec<i64> = svg.lines().filter(|line| line.contains("tabular-nums")).flat_map(|line| values(line, "<text", "x")).collect();
    assert!(ends.len() == 5 && ends.iter().all(|end| *end == ends[0]), "amounts end in one column: {ends:?}");
    // The longest name ends before the balances begin.
    let name = listed().iter().map(|one| left(one) + 18 + width(&one.name)).max().unwrap();
    assert!(name < ends[0] - width("12345678.90"), "{name} {ends:?}");
    let bars: Vec<i64> = svg.lines().filter(|line| line.contains("opacity")).flat_map(|line| values(line, "<rect", "width")).collect();
    assert_eq!(bars, [140, 140, 113, 26], "shares of the account; a negative one has none");
    let wide = values(&svg, "<svg", "width")[0];
    assert!(values(&svg, "<rect", "width").iter().all(|width| *width <= wide) && wide < 2_000);
}

#[test]
fn an_empty_structure_is_a_picture_too() {
    assert!(picture_svg(&[]).contains("0 physical accounts, 0 leaves"));
}
