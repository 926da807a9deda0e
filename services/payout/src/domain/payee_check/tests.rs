//! Unit tests of `payee_check`: what a bank's answers make of an account.
use super::*;

#[test]
fn a_name_that_can_not_be_shown_can_not_be_confirmed() {
    let close = |name: &str| decide(&PayeeAnswer::CloseMatch(name.to_owned()));
    assert_eq!(close(" Anna  Muller "), Some((PayeeStanding::CloseMatch, Some("Anna Muller".to_owned()))));
    for hostile in [String::new(), "\u{202e}evil".to_owned(), "x".repeat(141), "a\u{0}b".to_owned()] {
        assert_eq!(close(&hostile), Some((PayeeStanding::NoMatch, None)), "{hostile:?}");
    }
    assert_eq!((decide(&PayeeAnswer::Later), decide(&PayeeAnswer::Failed)), (None, None));
    assert_eq!(decide(&PayeeAnswer::NotPossible), Some((PayeeStanding::NotPossible, None)));
    assert_eq!(decide(&PayeeAnswer::Match), Some((PayeeStanding::Match, None)));
    assert_eq!(decide(&PayeeAnswer::NoMatch), Some((PayeeStanding::NoMatch, None)));
}
