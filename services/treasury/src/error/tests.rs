//! The status that a caller gets when the database fails.
use super::*;
use crate::accounting::error::AccountingError;

#[test]
fn a_database_out_of_reach_leaves_the_outcome_open_and_a_wrong_statement_is_our_fault() {
    let told = |made: fn() -> sqlx::Error| {
        let (own, of_accounting) = (Error::from(store::Error::from(made())), AccountingError::from(store::Error::from(made())));
        [Status::from(own), Status::from(of_accounting)].map(|status| (status.code(), rpc::reason(&status).unwrap_or_default()))
    };
    // Also where no pooled connection came free: the call may have done its first half.
    let away: [fn() -> sqlx::Error; 2] = [|| sqlx::Error::PoolTimedOut, || sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into())];
    for away in away {
        assert_eq!(told(away), [(); 2].map(|()| (Code::Unavailable, "OUTCOME_UNKNOWN".to_owned())));
    }
    assert_eq!(told(|| sqlx::Error::RowNotFound), [(); 2].map(|()| (Code::Internal, "INTERNAL".to_owned())));
}
