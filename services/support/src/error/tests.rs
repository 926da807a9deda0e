//! The status that a caller gets when the database fails.
use super::*;

#[test]
fn a_database_out_of_reach_leaves_the_outcome_open_and_a_wrong_statement_is_our_fault() {
    let told = |error: sqlx::Error| {
        let status = Status::from(Error::from(error));
        (status.code(), rpc::reason(&status).unwrap_or_default())
    };
    // Also where no pooled connection came free: the call may have done its first half.
    for away in [sqlx::Error::PoolTimedOut, sqlx::Error::Io(std::io::ErrorKind::ConnectionReset.into())] {
        assert_eq!(told(away), (Code::Unavailable, "OUTCOME_UNKNOWN".to_owned()));
    }
    assert_eq!(told(sqlx::Error::RowNotFound), (Code::Internal, "INTERNAL".to_owned()));
}

#[test]
fn a_proposal_that_is_not_there_and_an_id_of_another_time_are_told_with_their_facts() {
    let id = uuid::Uuid::now_v7();
    let told = Status::from(Error::Unknown(id));
    assert_eq!((told.code(), rpc::facts(&told)["proposal_id"].as_str()), (Code::NotFound, id.to_string().as_str()));
    let ahead = money::IdTimeBounds::default().check(id, 0).unwrap_err();
    let facts = rpc::facts(&Status::from(Error::Untimely(ahead)));
    assert_eq!((facts["server_time"].as_str(), facts["bound_ms"].as_str()), ("1970-01-01T00:00:00+00:00", "300000"));
    assert!(facts["id_time"].starts_with("20"), "{facts:?}");
}
