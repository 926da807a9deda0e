//! Unit tests of the fields in which a request may name a user.
use super::mentions;
use std::collections::BTreeSet;

#[test]
fn only_where_a_users_name_can_stand() {
    let things = BTreeSet::from(["0198-thing".to_owned()]);
    let long = format!(r#"{{"room":"r","transfers":[{{"debitAccount":"viewer/500/coins","note":"{}"#, "x".repeat(50));
    for (request, expected) in [
        (r#"{"userId":"500"}"#, true),
        (r#"{"creatorId":"500","amount":"7"}"#, true),
        (r#"{"amount":"500","quantity":"500"}"#, false),
        (r#"{"book":"500","roomId":"x","currencyCode":"500"}"#, false),
        (r#"{"adjustment":{"transfers":[{"creditAccount":"creator/500/payable/USD"}]}}"#, true),
        (r#"{"account":"house/500/USD"}"#, false),
        (r#"{"note":"viewer/500/coins"}"#, false),
        (r#"{"payoutId":"0198-thing"}"#, true),
        (r#"{"reason":"0198-thing"}"#, false),
        (long.as_str(), true),
        (r#"{"amount":"500","x":"#, false),
        ("", false),
    ] {
        assert_eq!(mentions(request, "500", &things), expected, "{request}");
    }
}
