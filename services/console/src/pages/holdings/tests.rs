//! What is shown of a part that a service has nothing of, or does not answer about.
use super::*;

fn refused(code: Code, reason: &str) -> Result<Vec<()>, Status> {
    Err(rpc::errors::refused_as(code, reason, "no", &[]))
}

#[test]
fn what_is_not_there_yet_is_empty_and_an_unknown_book_is_a_failure() {
    let nothing = part(refused(Code::NotFound, "ACCOUNT_UNKNOWN"), String::new()).unwrap();
    assert!(nothing.rows.is_empty() && nothing.failure.is_empty(), "{}", nothing.failure);
    for (code, reason) in [(Code::NotFound, "BOOK_UNKNOWN"), (Code::Unavailable, "OVERLOADED")] {
        let failed = part(refused(code, reason), String::new()).unwrap();
        assert!(failed.rows.is_empty() && !failed.failure.is_empty(), "{reason}");
    }
    assert!(part(refused(Code::Unauthenticated, "UNAUTHENTICATED"), String::new()).is_err());
}
