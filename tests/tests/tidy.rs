//! The whole repository keeps the project's rules that a machine can check.
use identity::access::{REQUEST_BYTES_MAX, TABLE};
use ledger_client::LedgerReason;
use operations::citus::{PLAN, TablePlacement};
use std::{collections::BTreeSet, path::Path};
use tests::tidy::{Violation, check_correlations, check_repository};

#[test]
fn the_project_is_tidy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let found = check_repository(&root).expect("the repository can be read");
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

#[test]
fn the_page_of_threats_names_every_call_that_may_be_large() {
    use identity::access::{REQUEST_BYTES_MAX, TABLE};
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/THREATS.md");
    let page = std::fs::read_to_string(page).expect("the page can be read");
    let (_, row) = page.split_once("`bytes_max` per RPC").expect("a row about them");
    let (row, _) = row.split_once('\n').expect("it ends");
    let words: BTreeSet<&str> = row.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    for row in TABLE {
        let name = row.path.rsplit('/').next().expect("a path has a name");
        assert_eq!(words.contains(name), row.bytes_max > REQUEST_BYTES_MAX, "{name}: {} bytes", row.bytes_max);
    }
}

/// Words in capitals that are no reasons.
const OTHER_WORDS: [&str; 35] = [
    "AEAD_AES_256_GCM",
    "APPROVE",
    "BICFI",
    "BILL_REFUND",
    "CERTIFICATE",
    "COMMIT",
    "DECLINE",
    "DELIVERED",
    "DIAMOND",
    "ES256",
    "EXPIRY_OF_PENDING",
    "FAST_INSTANT_TRADE_PAY",
    "GIVE_BACK",
    "GRANT_FULL",
    "GRANT_PRORATED",
    "JSAPI",
    "LISTED",
    "MONTH",
    "NEUTRAL",
    "PENDING",
    "POSTED",
    "POST_OF_PENDING",
    "PUB_KEY_ID_",
    "QUICK_MSECURITY_PAY",
    "QUICK_WAP_WAY",
    "REFUND",
    "REFUND_IN_SUSPENSE",
    "REFUSED",
    "ROLLBACK",
    "SCREAMING_SNAKE_CASE",
    "SUCCESS",
    "TRADE_SUCCESS",
    "UNDELIVERED_OTHER",
    "UNDELIVERED_SERVER_OUTAGE",
    "VOID_OF_PENDING",
];

/// Reasons that are as short as the many words in capitals that are none.
const SHORT_REASONS: [&str; 1] = ["AGE"];

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
                (word.len() > 4 || SHORT_REASONS.contains(word))
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

/// Reasons of the ledger that its clients can't be answered with.
const NO_CLIENTS: [&str; 1] = ["STREAM_ENDED"];

#[test]
fn the_ledgers_client_knows_every_reason_of_the_ledger() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut reasons = BTreeSet::new();
    said(&root.join("services/ledger/src"), &mut reasons);
    said(&root.join("shared/books/src"), &mut reasons);
    let known: BTreeSet<&str> = LedgerReason::ALL.iter().map(LedgerReason::name).chain(OTHER_WORDS).chain(NO_CLIENTS).collect();
    let missing: Vec<_> = reasons.iter().filter(|reason| !known.contains(reason.as_str())).collect();
    assert!(
        missing.is_empty(),
        "shared/ledger_client classifies no {missing:?}, so a posting that was refused for it would be unknown for ever"
    );
}

/// As pages write it.
fn size(bytes: usize) -> String {
    if bytes.is_multiple_of(1 << 20) { format!("{} MiB", bytes >> 20) } else { format!("{} KiB", bytes >> 10) }
}

#[test]
fn pages_and_contracts_say_how_large_a_message_may_be() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| std::fs::read_to_string(root.join(path)).expect("a page").split_whitespace().collect::<Vec<_>>().join(" ");
    let mut larger = std::collections::BTreeMap::<usize, Vec<&str>>::new();
    for row in TABLE.iter().filter(|row| row.bytes_max != REQUEST_BYTES_MAX) {
        larger.entry(row.bytes_max).or_default().push(row.path);
    }
    let listed = |paths: &[&str], quote: &str, and: &str| {
        let names: Vec<String> =
            paths.iter().map(|path| format!("{quote}{}{quote}", path.rsplit('/').next().unwrap_or_default())).collect();
        let (last, others) = names.split_last().expect("an RPC");
        if others.is_empty() { last.clone() } else { format!("{} {and} {last}", others.join(", ")) }
    };
    let of_pages: Vec<String> =
        larger.iter().rev().map(|(bytes, paths)| format!("{} ({})", listed(paths, "`", "and"), size(*bytes))).collect();
    for page in ["README.md", "deploy/RUNNING.md"] {
        let text = read(page);
        assert!(text.contains("64 KiB"), "{page}");
        for part in &of_pages {
            assert!(text.contains(part), "{page} does not say: {part}");
        }
    }
    for service in ["ledger", "gift", "purchase", "earnings", "payout", "support", "treasury", "monitor"] {
        let package = format!("/largesse.{service}.");
        let mut said = "the message has more than 64 KiB".to_owned();
        for (bytes, paths) in larger.iter().rev() {
            let paths: Vec<&str> = paths.iter().copied().filter(|path| path.starts_with(&package)).collect();
            if !paths.is_empty() {
                said = format!("{said}, or {} for {}", size(*bytes), listed(&paths, "", "and"));
            }
        }
        let text = contract(&root, service).replace("\n//", " ").split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&format!("{said}.")), "the contract of {service} does not say: {said}.");
    }
}

/// Services that post, other than the ledger itself.
const POSTERS: [&str; 6] = ["gift", "purchase", "earnings", "payout", "support", "treasury"];

/// What the names of RPCs begin with that change nothing. Some first finish what another call began; the walks of those calls cover that.
const READS: [&str; 8] = ["Find", "Get", "List", "Plan", "Prove", "Render", "Reveal", "Watch"];

/// RPCs that change something and post nothing while their caller waits, and why.
const POST_NOTHING: [(&str, &[&str]); 5] = [
    (
        "what they decide is a row, which a worker posts",
        &[
            "payout/ApprovePayout",
            "payout/ApprovePayoutRun",
            "payout/CancelPayout",
            "payout/CancelPayoutRunItem",
            "payout/CreatePayoutRun",
            "payout/DecideReview",
            "payout/DeleteStandingOrder",
            "payout/RecallPayout",
            "payout/RejectPayoutRun",
            "payout/ResolveAchFile",
            "payout/ResolvePayout",
            "payout/ResolveUnexplainedDebit",
            "payout/SetStandingOrder",
            "payout/UnblockPayout",
            "purchase/AcceptStoreDifferences",
            "purchase/ApproveRefund",
            "purchase/ApproveWalletChange",
            "purchase/CancelWalletClosure",
            "purchase/CloseWallet",
            "purchase/CreateCheckout",
            "purchase/EndStoreEvent",
            "purchase/ImportStoreReport",
            "purchase/MergeWallets",
            "purchase/RefundPurchase",
            "purchase/RejectRefund",
            "purchase/RejectWalletChange",
            "purchase/RequestRefund",
            "purchase/RequestWalletClosure",
        ],
    ),
    (
        "they are about people, limits and prices, and move no money",
        &[
            "payout/ApprovePayoutThreshold",
            "payout/ConfirmBeneficiary",
            "payout/CreateBeneficiary",
            "payout/DeleteBeneficiary",
            "payout/ProposePayoutThreshold",
            "payout/SetPayoutTier",
            "purchase/LoadPriceSheet",
            "purchase/PauseSpending",
            "purchase/SetRefundConsent",
            "purchase/SetSpendingLimit",
            "purchase/SetSpendingProfile",
        ],
    ),
    ("they finish what another call began, and post nothing of their own", &["treasury/ExplainCase", "treasury/InstructSweep"]),
    (
        "they only read balances and postings",
        &["earnings/CreateQuote", "support/Propose", "treasury/CloseAccountingPeriod", "treasury/IssueStatement"],
    ),
    (
        "they record what is expected, said or decided",
        &[
            "support/NoteAct",
            "support/RecordAct",
            "support/Reject",
            "treasury/AssignCase",
            "treasury/CloseOldAccounts",
            "treasury/ExpectItems",
            "treasury/ExpectReceipt",
            "treasury/ProposeAdjustment",
        ],
    ),
];

/// The RPCs that tests walk through the ledger's reasons.
fn walked(dir: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).expect("a folder of tests").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            walked(&entry, found);
            continue;
        }
        let text = std::fs::read_to_string(&entry).expect("a source");
        let names =
            text.split('"').skip(1).step_by(2).filter(|name| name.split_once('/').is_some_and(|(service, _)| POSTERS.contains(&service)));
        found.extend(names.filter(|_| text.contains("ReasonWalk {")).map(str::to_owned));
    }
}

#[test]
fn every_rpc_that_posts_is_walked_through_the_ledgers_reasons() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services");
    let rpcs: BTreeSet<String> = TABLE.iter().filter_map(|row| rpc_of(row.path)).collect();
    let changing: BTreeSet<String> = rpcs.into_iter().filter(|rpc| !READS.iter().any(|read| rpc.contains(&format!("/{read}")))).collect();
    let known: BTreeSet<String> = POST_NOTHING.iter().flat_map(|(_, rpcs)| *rpcs).map(|rpc| (*rpc).to_owned()).collect();
    let mut found = BTreeSet::new();
    POSTERS.iter().for_each(|service| walked(&root.join(service).join("tests/it"), &mut found));
    let missing: Vec<_> = changing.iter().filter(|rpc| !known.contains(*rpc) && !found.contains(*rpc)).collect();
    assert!(missing.is_empty(), "no `testbed::insides::ReasonWalk` goes through {missing:?}, and it is not known that they post nothing");
    let stale: Vec<_> = known.union(&found).filter(|rpc| !changing.contains(*rpc)).collect();
    assert!(stale.is_empty(), "no contract has {stale:?}, or they change nothing");
    let both: Vec<_> = known.intersection(&found).collect();
    assert!(both.is_empty(), "{both:?} are said to post nothing, and a walk found that they post");
}

/// `gift/SendGift` of `/largesse.gift.v1.GiftService/SendGift`, if the service posts.
fn rpc_of(path: &str) -> Option<String> {
    let (service, rpc) = path.strip_prefix("/largesse.")?.rsplit_once('/')?;
    let service = service.split('.').next().filter(|service| POSTERS.contains(service))?;
    Some(format!("{service}/{rpc}"))
}

/// Statements in a folder of sources that a cluster can't plan.
fn correlated(dir: &Path, is_spread: &dyn Fn(&str) -> Option<bool>, found: &mut Vec<Violation>) {
    for path in std::fs::read_dir(dir).expect("a folder of sources").map(|entry| entry.expect("an entry").path()) {
        if path.is_dir() {
            correlated(&path, is_spread, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("a source");
            found.extend(check_correlations(&path.display().to_string(), &text, is_spread));
        }
    }
}

#[test]
fn no_subquery_compares_tables_that_a_cluster_keeps_apart() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut found = Vec::new();
    for (schema, folder) in [
        ("ledger", "shared/books/src"),
        ("payout", "services/payout/src"),
        ("earnings", "services/earnings/src"),
        ("purchase", "services/purchase/src"),
        ("treasury", "services/treasury/src"),
        ("support", "services/support/src"),
    ] {
        let of = |table: &str| PLAN.iter().find(|(name, _)| name.replace('"', "") == format!("{schema}.{table}"));
        let is_spread = |table: &str| of(table).map(|(_, place)| matches!(place, TablePlacement::Spread { .. }));
        correlated(&root.join(folder), &is_spread, &mut found);
    }
    let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}
