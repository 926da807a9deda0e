//! What is noted of treasury's answers.
use super::*;

#[test]
fn what_treasury_refuses_is_named_and_how_it_is_reached_never() {
    let refused = rpc::refused(Code::FailedPrecondition, "LEAF_UNKNOWN", "no such leaf".to_owned(), &[]);
    assert_eq!(why_not_announced(&refused), "treasury refuses it (LEAF_UNKNOWN)");
    let address = "the connection to http://10.0.0.1:7070 was lost: tcp connect error";
    for status in [
        Status::unavailable(address),
        Status::unauthenticated("the token has expired"),
        Status::internal(address),
        rpc::errors::refused_as(Code::Unavailable, "PEER_UNREACHABLE", address, &[("address", address.to_owned())]),
    ] {
        assert_eq!(why_not_announced(&status), "treasury does not answer");
    }
}
