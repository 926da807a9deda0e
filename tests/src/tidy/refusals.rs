//! Refusals as every service words them: what a field must be, and one code for what is not there.
use super::Violation;

/// Calls whose second text says what a field must be.
const MUST: [&str; 3] = ["malformed(\"", "MalformedAct::new(\"", "Malformed { field: \""];
/// Codes of a refusal that names a thing that is not there, but for NOT_FOUND.
const OTHER_CODES: [&str; 2] = ["Code::FailedPrecondition, \"", "Code::InvalidArgument, \""];

/// Checks one Rust file that is no test.
pub fn check_refusals(file: &str, text: &str) -> Vec<Violation> {
    let in_tests = file.contains("/tests/") || file.ends_with("/tests.rs") || file.starts_with("tests/");
    if in_tests {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut no = |what: String| found.push(Violation::at(file, index + 1, what));
        for why in MUST.iter().flat_map(|call| line.match_indices(call).filter_map(|(at, call)| second_text(&line[at + call.len()..]))) {
            if !why.starts_with("must ") {
                no(format!("`{why}` says what a field must be; begin with `must`"));
            }
        }
        for reason in
            OTHER_CODES.iter().filter_map(|code| line.split_once(code).map(|(_, rest)| rest.split('"').next().unwrap_or_default()))
        {
            if reason.ends_with("_UNKNOWN") {
                no(format!("{reason} is of something that is not there; its code is NOT_FOUND"));
            }
        }
    }
    found
}

/// The second text of a call that goes on after the quote of its first; none where it is on another line or no literal.
fn second_text(rest: &str) -> Option<&str> {
    let (_, rest) = rest.split_once('"')?;
    let rest = rest.trim_start_matches([',', ' ', '&']).trim_start_matches("why: ").trim_start_matches("format!(");
    rest.strip_prefix('"')?.split('"').next()
}
