//! Which way dependencies may point.
use super::Violation;

/// What makes a crate asynchronous or tied to a wire or a store.
const ASYNC: [&str; 14] = [
    "async-trait",
    "axum",
    "futures",
    "http",
    "hyper",
    "prost",
    "reqwest",
    "sqlx",
    "tokio",
    "tokio-stream",
    "tokio-util",
    "tonic",
    "tonic-types",
    "tower",
];
/// The service crates; the binary `largesse` is none of them and knows them all.
const SERVICES: [&str; 7] = ["earnings", "gift", "ledger", "monitor", "payout", "purchase", "sandbox"];
/// The shared crates.
const SHARED: [&str; 8] = ["api", "db", "identity", "iso20022", "money", "pgtest", "rpc", "telemetry"];

#[derive(Clone, Copy, PartialEq)]
enum Section {
    Other,
    Normal,
    Dev,
}

/// Checks one crate's manifest.
pub fn check_manifest(file: &str, text: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut section = Section::Other;
    for (index, line) in text.lines().enumerate() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(header) = line.strip_prefix('[') {
            let header = header.trim_matches(['[', ']']);
            section = section_of(header);
            // `[dependencies.tokio]` names the dependency in the header.
            if let Some((_, name)) = header.split_once("dependencies.") {
                refuse(file, index + 1, name, section, &mut found);
            }
        } else if section != Section::Other && !line.is_empty() {
            let key = line.split(['.', '=', ' ']).next().unwrap_or_default();
            let renamed = line.split_once("package").and_then(|(_, rest)| rest.split('"').nth(1));
            refuse(file, index + 1, renamed.unwrap_or(key), section, &mut found);
        }
    }
    found
}

fn section_of(header: &str) -> Section {
    let Some(start) = header.find("dependencies") else { return Section::Other };
    match &header[..start] {
        "workspace." => Section::Other,
        before if before.ends_with("dev-") => Section::Dev,
        _ => Section::Normal,
    }
}

fn refuse(file: &str, line: usize, dependency: &str, section: Section, found: &mut Vec<Violation>) {
    let mut no = |why: &str| found.push(Violation::at(file, line, format!("depends on `{dependency}`: {why}")));
    let own = file.split('/').nth_back(1).unwrap_or_default();
    if own == "money" && section == Section::Normal && (ASYNC.contains(&dependency) || SHARED.contains(&dependency)) {
        no("shared/money depends on nothing async and on no other crate of the house");
    }
    if file.starts_with("shared/") && SERVICES.contains(&dependency) {
        no("shared crates don't depend on services");
    }
    let service = file.starts_with("services/") && own != "largesse";
    if service && section == Section::Normal && SERVICES.contains(&dependency) {
        no("no service crate depends on another; services call each other through shared/api");
    }
    if (service || file.starts_with("shared/")) && ["largesse", "tests"].contains(&dependency) {
        no("only the binary knows all services");
    }
}
