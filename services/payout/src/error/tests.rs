//! What callers are answered when the database fails.
use super::*;

#[test]
fn a_database_out_of_reach_leaves_the_outcome_open_and_a_wrong_statement_is_our_fault() {
    let told = |error: sqlx::Error| {
        let status = Status::from(Error::from(crate::store::Error::from(error)));
        (status.code(), rpc::reason(&status).unwrap_or_default())
    };
    // Also where no connection was free: the call's first half may have been executed.
    for away in [sqlx::Error::PoolTimedOut, sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into())] {
        assert_eq!(told(away), (Code::Unavailable, "OUTCOME_UNKNOWN".to_owned()));
    }
    assert_eq!(told(sqlx::Error::RowNotFound), (Code::Internal, "INTERNAL".to_owned()));
}
