//! Contracts: everything that a caller sees has a comment.
use super::Violation;

/// Checks one contract: services, rpcs, fields, oneofs, enums and their values have a comment right above them.
pub fn check_proto(file: &str, text: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut commented = false;
    let mut depth = 0_usize;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.starts_with("//") {
            commented = true;
            continue;
        }
        // A statement may run over several lines; only its first one is a declaration.
        if let Some(what) = declared(line, depth).filter(|_| !commented) {
            found.push(Violation::at(file, index + 1, format!("{what} has no comment")));
        }
        depth = (depth + line.matches('{').count()).saturating_sub(line.matches('}').count());
        commented = false;
    }
    found
}

/// What a line declares, if that needs a comment. Messages are explained by their fields and rpcs.
fn declared(line: &str, depth: usize) -> Option<String> {
    let mut words = line.split_whitespace();
    let first = words.next()?;
    match first {
        "rpc" | "service" | "oneof" | "enum" => Some(format!("{first} {}", words.next().unwrap_or_default())),
        "option" | "reserved" | "message" | "syntax" | "package" | "import" => None,
        _ if depth > 0 && line.contains('=') && line.contains(';') => {
            let before = line.split('=').next().unwrap_or_default();
            Some(format!("field or value {}", before.split_whitespace().last().unwrap_or_default()))
        }
        _ => None,
    }
}

/// Reasons of the stack in front of every service (`rpc::stack`), for any RPC. They must be documented at the service, where callers look for them.
const REASONS_OF_ALL: [&str; 10] = [
    "UNAUTHENTICATED",
    "PERMISSION_DENIED",
    "REASON_REQUIRED",
    "QUOTA_EXCEEDED",
    "IDENTITY_UNAVAILABLE",
    "AUDIT_UNAVAILABLE",
    "OVERLOADED",
    "DEADLINE_EXCEEDED",
    "SHUTTING_DOWN",
    "INTERNAL",
];

/// Checks that a contract's service names every reason that any RPC may answer with.
pub fn check_reasons(file: &str, text: &str) -> Vec<Violation> {
    let (mut found, mut comment) = (Vec::new(), String::new());
    for (index, line) in text.lines().enumerate() {
        if let Some(said) = line.strip_prefix("//") {
            comment.push_str(said);
            continue;
        }
        if line.starts_with("service ") {
            let missing = REASONS_OF_ALL.iter().filter(|reason| !comment.contains(**reason));
            found.extend(missing.map(|reason| Violation::at(file, index + 1, format!("the service's comment lacks {reason}"))));
        }
        comment.clear();
    }
    found
}
