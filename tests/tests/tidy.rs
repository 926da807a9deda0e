//! The whole repository keeps the project's rules that a machine can check.
use std::{collections::BTreeSet, path::Path};
use tests::tidy::check_repository;

#[test]
fn the_project_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let found = check_repository(&root).expect("the repository can be read");
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

/// Words in capitals that are no reasons.
const OTHER_WORDS: [&str; 24] = [
    "AEAD_AES_256_GCM",
    "APPROVE",
    "COMMIT",
    "DECLINE",
    "DELIVERED",
    "DIAMOND",
    "ES256",
    "EXPIRY_OF_PENDING",
    "FAST_INSTANT_TRADE_PAY",
    "GRANT_FULL",
    "GRANT_PRORATED",
    "LISTED",
    "MONTH",
    "NEUTRAL",
    "PENDING",
    "POSTED",
    "POST_OF_PENDING",
    "REFUND",
    "REFUSED",
    "ROLLBACK",
    "SCREAMING_SNAKE_CASE",
    "UNDELIVERED_OTHER",
    "UNDELIVERED_SERVER_OUTAGE",
    "VOID_OF_PENDING",
];

/// Every word in capitals in the sources of a service or the stack, outside of tests.
fn said(dir: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // Metrics name gRPC codes, which are no reasons.
        if name.starts_with("tests") || name == "meters.rs" {
            continue;
        }
        if path.is_dir() {
            said(&path, found);
        } else if name.ends_with(".rs") {
            let text = std::fs::read_to_string(&path).expect("a source");
            let quoted = text.split('"').skip(1).step_by(2);
            let is_reason = |word: &&str| {
                word.len() > 4
                    && word.starts_with(|letter: char| letter.is_ascii_uppercase())
                    && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
            };
            // A quote in a character literal shifts the pairs of quotes, so the text outside of the pairs is searched as well.
            let shifted = text.split('"').step_by(2);
            found.extend(quoted.chain(shifted).filter(is_reason).map(str::to_owned));
        }
    }
}

#[test]
fn every_reason_is_explained_and_every_explanation_is_of_a_reason() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut reasons = BTreeSet::new();
    for service in ["ledger", "gift", "purchase", "earnings", "payout", "support", "treasury", "monitor"] {
        said(&root.join("services").join(service).join("src"), &mut reasons);
    }
    said(&root.join("shared/rpc/src"), &mut reasons);
    said(&root.join("shared/books/src"), &mut reasons);
    reasons.retain(|word| !OTHER_WORDS.contains(&word.as_str()));
    let page = std::fs::read_to_string(root.join("deploy/runbooks/reasons.md")).expect("the page of reasons");
    let explained: BTreeSet<String> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).map(str::to_owned).collect();
    let missing: Vec<_> = reasons.difference(&explained).collect();
    let stale: Vec<_> = explained.difference(&reasons).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "deploy/runbooks/reasons.md lacks {missing:?} and explains {stale:?}, which no source has"
    );
}

/// The comment above an RPC, or above a service where `rpc` is a service's name.
fn comment_of(proto: &str, declaration: &str) -> String {
    let mut comment = String::new();
    for line in proto.lines().map(str::trim) {
        match line.strip_prefix("//") {
            Some(text) => comment.push_str(text),
            None if line.starts_with(declaration) => return comment,
            None => comment.clear(),
        }
    }
    panic!("no `{declaration}` in the contract");
}

fn contract(root: &Path, service: &str) -> String {
    std::fs::read_to_string(root.join(format!("proto/largesse/{service}/v1/{service}.proto"))).expect("a contract")
}

#[test]
fn every_reason_of_a_service_is_in_its_contract() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for service in ["ledger", "gift", "purchase", "earnings", "payout", "support", "treasury", "monitor"] {
        let (mut reasons, proto) = (BTreeSet::new(), contract(&root, service));
        said(&root.join("services").join(service).join("src"), &mut reasons);
        let is_named = |reason: &String| proto.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').any(|word| word == reason);
        let other = |reason: &String| OTHER_WORDS.contains(&reason.as_str());
        let missing: Vec<_> = reasons.iter().filter(|reason| !is_named(reason) && !other(reason)).collect();
        assert!(missing.is_empty(), "the contract of {service} lacks {missing:?}");
    }
}

#[test]
fn every_rpc_that_posts_lists_what_the_ledger_refuses_to_its_caller() {
    const WALLET: [&str; 4] = ["ACCOUNT_FROZEN", "ACCOUNT_CLOSED", "LIMIT_EXCEEDED", "OVERFLOW"];
    const OWN_ID: [&str; 3] = ["REQUEST_ID_REUSED", "REQUEST_ID_TIME", "INSUFFICIENT_FUNDS"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    for (service, rpc, own_id) in [
        ("gift", "SendGift(", true),
        ("earnings", "AcceptQuote(", true),
        ("payout", "RequestPayout(", true),
        ("ledger", "Post(", true),
        // It posts under ids of its own, and takes coins from nobody.
        ("purchase", "RedeemPurchase(", false),
    ] {
        let comment = comment_of(&contract(&root, service), &format!("rpc {rpc}"));
        let wanted = WALLET.iter().chain(OWN_ID.iter().filter(|_| own_id));
        let missing: Vec<_> = wanted.filter(|reason| !comment.contains(**reason)).collect();
        assert!(missing.is_empty(), "{service}: {rpc} lacks {missing:?}");
    }
}
