//! What an error means for a commit.
use super::*;

fn told(code: &str, severity: Option<PgSeverity>) -> &'static str {
    match outcome(code, severity, String::new()) {
        CommitError::Fenced => "fenced",
        CommitError::Failed(_) => "no",
        CommitError::Unknown(_) => "unknown",
    }
}

#[test]
fn only_an_error_that_proves_it_is_a_no() {
    for code in ["22003", "23514", "40001", "40P01", "42P01", "42501", "53100", "53200", "55P03", "25006"] {
        assert_eq!(told(code, Some(PgSeverity::Error)), "no", "{code}");
        // A session that ended may have got further than its last error says.
        assert_eq!(told(code, Some(PgSeverity::Fatal)), "unknown", "{code}");
        assert_eq!(told(code, Some(PgSeverity::Panic)), "unknown", "{code}");
        assert_eq!(told(code, None), "unknown", "{code}");
    }
    for code in ["40003", "08006", "57014", "57P01", "57P02", "58030", "XX000", "XX001", "0A000", "25P03", "55006", "P0001", "00000", ""] {
        assert_eq!(told(code, Some(PgSeverity::Error)), "unknown", "{code}");
    }
    assert_eq!(told("23505", Some(PgSeverity::Error)), "fenced");
}
