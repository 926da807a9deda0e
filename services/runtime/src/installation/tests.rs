//! Unit tests that pretend money is kept apart from real money and from other installations.
use super::*;
use books::installation::BoundInstallation;

#[test]
fn a_sandbox_takes_what_is_nobodys_or_its_own_and_never_a_live_book() {
    let own = BTreeSet::from(["key 01".to_owned()]);
    let bound = |identity: &str| {
        Some(BoundInstallation { id: uuid::Uuid::from_u128(7), identities: ["key 77", identity].map(str::to_owned).into_iter().collect() })
    };
    let told = |live: &[&str], installation| {
        let found = FoundTables { live: live.iter().map(|name| (*name).to_owned()).collect(), installation };
        pretend_only(&found, "sqlite:data3", &own).map_err(|error| error.to_string())
    };
    assert_eq!(told(&[], None), Ok(()), "of an earlier program");
    assert_eq!(told(&[], bound("key 01")), Ok(()));
    let live = told(&["live1"], bound("key 01")).unwrap_err();
    assert!(live.contains("live1") && live.contains("sqlite:data3") && live.contains("nothing was"), "{live}");
    assert!(told(&["live1"], None).is_err());
    assert!(told(&[], bound("issuer https://login")).unwrap_err().contains("another identity"));
}
