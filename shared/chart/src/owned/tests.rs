//! Unit tests of a user's names.
use super::*;
use crate::account::owner;

#[test]
fn every_name_is_one_of_the_chart_and_of_this_user() {
    let user = UserKey::try_new("ada").unwrap();
    let names = names_of(&user);
    assert!(names.iter().all(|name| crate::form(name).is_some() && owner(name) == Some("ada")), "{names:?}");
    for name in ["viewer/ada/coins", "viewer/ada/debt", "creator/ada/diamonds", "creator/ada/payable/USD", "agency/ada/payable/JPY"] {
        assert!(names.iter().any(|known| known == name), "{name}");
    }
}
