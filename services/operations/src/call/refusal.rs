//! A refusal with its decoded details, as lines for a terminal.
use tonic::Status;
use tonic_types::StatusExt as _;

/// What a service answered in place of an answer: its message, and below it code, reason, facts, what is wrong with which field, when to try again and which
/// quotas were exceeded, as far as the service says so.
pub fn refusal(status: &Status) -> Vec<String> {
    let said = if status.message().is_empty() { "the service gave no message" } else { status.message() };
    let mut lines = vec![said.to_owned(), format!("  code: {:?}", status.code())];
    if let Some(reason) = rpc::reason(status) {
        lines.push(format!("  reason: {reason}"));
    }
    let mut facts: Vec<(String, String)> = rpc::facts(status).into_iter().collect();
    facts.sort();
    lines.extend(facts.into_iter().map(|(name, value)| format!("  fact: {name}={value}")));
    lines.extend(rpc::violations(status).into_iter().map(|(field, why)| format!("  field: {field} {why}")));
    // Ours names its quota by its facts; other servers and proxies may name it so.
    let quotas = status.get_details_quota_failure().into_iter().flat_map(|named| named.violations);
    lines.extend(quotas.map(|violation| format!("  quota: {}: {}", violation.subject, violation.description)));
    if let Some(delay) = status.get_details_retry_info().and_then(|info| info.retry_delay) {
        lines.push(format!("  retry in {:.1} s", delay.as_secs_f64()));
    }
    lines
}

#[cfg(test)]
mod tests {
    //! Unit tests of refusals.
    use super::*;
    use std::time::Duration;
    use tonic::Code;

    #[test]
    fn every_detail_has_a_line() {
        let mut wrong = rpc::Violations::default();
        wrong.add(rpc::malformed("room_id", "must not be empty"));
        wrong.add(rpc::malformed("creator_id", "must be a user"));
        let lines = refusal(&wrong.into_status());
        assert_eq!(
            lines[1..],
            [
                "  code: InvalidArgument",
                "  reason: MALFORMED",
                "  fact: field=room_id",
                "  field: room_id must not be empty",
                "  field: creator_id must be a user"
            ]
        );
        let lines = refusal(&rpc::overload(Duration::from_millis(1_200)));
        assert_eq!(lines[1..], ["  code: Unavailable", "  reason: OVERLOADED", "  retry in 1.2 s"]);
        let facts = [("b", "2".to_owned()), ("a", "1".to_owned())];
        let lines = refusal(&rpc::refused(Code::NotFound, "BOOK_UNKNOWN", "no such book".to_owned(), &facts));
        assert_eq!(lines[2..], ["  reason: BOOK_UNKNOWN", "  fact: a=1", "  fact: b=2"]);
        let details = tonic_types::ErrorDetails::with_quota_failure_violation("user:ann", "10 calls a second");
        let lines = refusal(&Status::with_error_details(Code::ResourceExhausted, "slow down", details));
        assert_eq!(lines, ["slow down", "  code: ResourceExhausted", "  quota: user:ann: 10 calls a second"]);
        // What is not ours has what it has.
        assert_eq!(refusal(&Status::unknown("")), ["the service gave no message", "  code: Unknown"]);
    }
}
