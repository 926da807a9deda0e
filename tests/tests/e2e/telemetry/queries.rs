//! Every query of a dashboard or an alert uses existing metrics and labels.
use super::Exported;
use promql_parser::{
    label::MatchOp,
    parser::{self, Expr, LabelModifier, VectorSelector},
    util::{ExprVisitor, walk_expr},
};
use serde::Deserialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Metrics and labels that Prometheus adds.
const OF_PROMETHEUS: [&str; 1] = ["up"];
const LABELS_OF_PROMETHEUS: [&str; 3] = ["job", "instance", "le"];
/// Label values that a healthy installation does not show.
const OF_TROUBLE: [(&str, &[&str]); 5] = [
    (
        "rpc_response_status_code",
        &["INTERNAL", "UNAVAILABLE", "UNKNOWN", "DATA_LOSS", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED", "UNAUTHENTICATED", "CANCELLED"],
    ),
    (
        "reason",
        &[
            "OVERLOADED",
            "IDENTITY_UNAVAILABLE",
            "AUDIT_UNAVAILABLE",
            "OUTCOME_UNKNOWN",
            "QUOTA_EXCEEDED",
            "PEER_UNREACHABLE",
            "COMMIT_FAILED",
            "NOT_THE_WRITER",
            "FORMAT_TOO_NEW",
            "JOURNAL_DIVERGED",
            "RECEIPT_SIGNATURE",
            "UNAUTHENTICATED",
            "TOO_MANY_VIEWERS",
            "VIEWER_TOO_SLOW",
        ],
    ),
    (
        "outcome",
        &["unknown", "fenced", "failed", "lost", "doubt", "unread_version", "issuer_lost", "token_refused", "not_staff", "too_many"],
    ),
    ("status", &["502", "503", "504"]),
    ("state", &["rejected", "refused", "accepted", "outcome_unknown"]),
];

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy")
}

#[derive(Deserialize)]
struct Rules {
    groups: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    rules: Vec<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    alert: Option<String>,
    expr: String,
    annotations: Option<Value>,
}

/// Queries with their locations.
fn queries() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let rules: Rules = serde_saphyr::from_str(&std::fs::read_to_string(deploy().join("alerts.yaml")).unwrap()).unwrap();
    for rule in rules.groups.into_iter().flat_map(|group| group.rules) {
        if let Some(alert) = &rule.alert {
            let page = rule.annotations.as_ref().and_then(|notes| notes["runbook"].as_str()).unwrap_or_default().to_owned();
            assert!(page.starts_with("deploy/runbooks/"), "{alert} names no page: {page:?}");
            let link = rule.annotations.as_ref().and_then(|notes| notes["runbook_url"].as_str()).unwrap_or_default();
            assert_eq!(link.replace("{{ $externalLabels.runbooks }}", "deploy/runbooks"), page, "{alert} links to another page");
            let text = std::fs::read_to_string(deploy().join("..").join(&page)).unwrap_or_default();
            assert!(text.contains(alert), "{page} says nothing about {alert}");
        }
        found.push((format!("alert {}", rule.alert.unwrap_or_default()), rule.expr));
    }
    for entry in std::fs::read_dir(deploy().join("dashboards")).unwrap() {
        let path = entry.unwrap().path();
        let board: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        expressions(&board, &path.file_name().unwrap().to_string_lossy(), &mut found);
    }
    found
}

fn expressions(value: &Value, place: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(query)) = fields.get("expr") {
                found.push((place.to_owned(), query.clone()));
            }
            fields.values().for_each(|value| expressions(value, place, found));
        }
        Value::Array(values) => values.iter().for_each(|value| expressions(value, place, found)),
        _ => {}
    }
}

struct Selectors<'a> {
    exported: &'a Exported,
    problems: Vec<String>,
    /// Names of the metrics inside.
    seen: Vec<String>,
    grouped: Vec<String>,
}

impl Selectors<'_> {
    fn selector(&mut self, selector: &VectorSelector) {
        let name = selector.name.clone().unwrap_or_default();
        self.seen.push(name.clone());
        if OF_PROMETHEUS.contains(&name.as_str()) {
            return;
        }
        if !self.exported.has(&name) {
            return self.problems.push(format!("{name} is exported by nothing"));
        }
        for matcher in &selector.matchers.matchers {
            let values = self.exported.values(&name, &matcher.name);
            if LABELS_OF_PROMETHEUS.contains(&matcher.name.as_str()) {
                continue;
            }
            if values.is_empty() {
                self.problems.push(format!("{name} has no label {}", matcher.name));
            }
            let trouble = OF_TROUBLE.iter().find(|(label, _)| *label == matcher.name).map_or(&[][..], |(_, values)| values);
            let known = |value: &str| values.contains(value) || trouble.contains(&value);
            // A variable of a dashboard stands for any value.
            let variable = matcher.value.contains('$');
            if matches!(matcher.op, MatchOp::Equal) && !variable && !known(&matcher.value) {
                self.problems.push(format!("{name} never has {}={}", matcher.name, matcher.value));
            }
            let matches = |pattern: &promql_parser::label::MatchOp| match pattern {
                MatchOp::Re(regex) => values.iter().copied().chain(trouble.iter().copied()).any(|value| regex.is_match(value)),
                _ => true,
            };
            if !variable && !matches(&matcher.op) {
                self.problems.push(format!("{name} never has a {} like {}", matcher.name, matcher.value));
            }
        }
    }
}

impl ExprVisitor for Selectors<'_> {
    type Error = std::convert::Infallible;

    fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Self::Error> {
        match expr {
            Expr::VectorSelector(selector) => self.selector(selector),
            Expr::MatrixSelector(selector) => self.selector(&selector.vs),
            Expr::Aggregate(aggregate) => {
                if let Some(LabelModifier::Include(labels)) = &aggregate.modifier {
                    self.grouped.extend(labels.labels.iter().cloned());
                }
            }
            _ => {}
        }
        Ok(true)
    }
}

/// Fails with every metric and label that is queried and does not exist.
pub fn check(exported: &Exported) {
    let queries = queries();
    assert!(queries.len() > 40, "only {} queries: were the files found?", queries.len());
    let mut problems = Vec::new();
    for (place, query) in queries {
        // Variables that Grafana fills in itself.
        let plain = query.replace("$__rate_interval", "5m").replace("$__range", "1h");
        let expr = match parser::parse(&plain) {
            Ok(expr) => expr,
            Err(why) => {
                problems.push(format!("{place}: {query}: {why}"));
                continue;
            }
        };
        let mut selectors = Selectors { exported, problems: Vec::new(), seen: Vec::new(), grouped: Vec::new() };
        let Ok(_) = walk_expr(&mut selectors, &expr);
        for label in &selectors.grouped {
            let has = |name: &String| OF_PROMETHEUS.contains(&name.as_str()) || !exported.values(name, label).is_empty();
            if !LABELS_OF_PROMETHEUS.contains(&label.as_str()) && !selectors.seen.iter().any(has) {
                selectors.problems.push(format!("nothing in it has a label {label}"));
            }
        }
        problems.extend(selectors.problems.into_iter().map(|problem| format!("{place}: {query}: {problem}")));
    }
    assert!(problems.is_empty(), "{problems:#?}");
}
