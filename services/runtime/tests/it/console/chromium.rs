//! Every page in Chromium at three widths: the policy, the browser's own complaints, axe's rules of WCAG 2.2 AA, and that nothing is wider than the window.
//!
//! `make needs` installs what this needs; where it is not, this is skipped and says so. Pictures of the pages are left below the target directory.
use super::{
    finding::second_book,
    house,
    pages::with_history,
    payouts::{bought, rejected},
    proposals::proposed,
    treasury::divided,
};
use crate::blocked::{adjust, fund, request};
use api::ledger::BookMode;
use identity::Role;
use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    process::Command,
    time::{interval, timeout},
};

/// How long all pages may take.
const PAGES_MAX: Duration = Duration::from_secs(600);
/// The pause after each two postings meanwhile.
const BUSINESS_PAUSE: Duration = Duration::from_millis(500);
/// The pages; `{payout}` is the id of one.
const PAGES: &str = r#"["/", "/find", "/find?text=nothing-has-this", "/find?text=creator/ana/payable/USD", "/find?text={payout}-1",
    "/case?book=demo&id=creator/ana/payable/USD", "/case?book=demo&kind=payout&id={payout}", "/user", "/user?id=ana", "/wallet?book=demo&id=ana",
    "/creator?book=demo&id=ana&at=2026-11-20", "/accounts",
    "/accounts?book=demo&account=house/accrued_creator_liability/USD", "/accounts?account=house/no/such", "/trial-balance",
    "/payments?book=demo&unit=USD", "/payments?book=demo&unit=USD&span=seconds", "/payments?book=demo&span=hours&kind=purchase",
    "/payments?book=demo&kind=house&account=house/accrued_creator_liability/USD", "/books",
    "/proposals", "/proposals?state=none", "/acts", "/acts?subject=ann", "/?book=unknown"]"#;

/// Pages of payments, proposals and the treasury; what is in braces is the id of one. All are about ana, whom one reason covers.
const MORE_PAGES: &str = r#"["/payouts", "/payouts?state=rejected", "/payouts?state=queued", "/reviews?state=any", "/reviews?kind=screening", "/creator?book=demo&id=ana&pay_to={payee}&pay_amount=5.00", "/payout?book=demo&id={rejected}", "/payout?book=demo&id={payout}",
    "/purchases", "/purchases?list=refunds", "/purchases?list=refused_receipts", "/purchases?transaction=4711", "/purchase?book=demo&id={purchase}", "/gifts?name=ro",
    "/rails", "/rails?by=day", "/treasury", "/treasury?book=treasury&part=cases", "/treasury?book=treasury&part=closed_days", "/treasury?book=demo",
    "/proposal?book=demo&id={open}", "/proposal?book=demo&id={own}", "/sandbox?book=demo"]"#;

fn target() -> PathBuf {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(usual, PathBuf::from)
}

/// Chromium, and the folder with the packages; `None` and a line if one of them is missing.
pub(super) fn tools() -> Option<(PathBuf, PathBuf)> {
    let known = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    let named = std::env::var_os("LARGESSE_CHROMIUM").map(PathBuf::from);
    let chromium = named.into_iter().chain(known.map(PathBuf::from)).find(|path| path.is_file());
    let packages = target().join("clients/browser");
    match chromium {
        Some(chromium) if packages.join("node_modules/playwright-core").is_dir() => Some((chromium, packages)),
        Some(_) | None => {
            eprintln!("skipped: there is no Chromium, or no playwright-core below {}; `make needs` installs both", packages.display());
            None
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_has_nothing_to_complain_of() {
    let Some((chromium, packages)) = tools() else { return };
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    with_history(&house).await;
    fund(&house).await;
    second_book(&house, BookMode::Test, "creator/ana/payable/USD").await;
    let payout = request(&house, "Holder Of A Very Long Name Indeed").await;
    let (rejected, purchase) = (rejected(&house).await, bought(&house).await);
    let (open, own) = (proposed(&house, ("sam", Role::Support)).await, proposed(&house, ("ann", Role::Admin)).await);
    divided(&house).await;
    let ids = [
        ("{payout}", &payout.payout_id),
        ("{payee}", &payout.beneficiary_id),
        ("{rejected}", &rejected.payout_id),
        ("{purchase}", &purchase.purchase_id),
        ("{open}", &open.proposal_id),
        ("{own}", &own.proposal_id),
    ];
    let all: Vec<String> = [PAGES, MORE_PAGES].iter().flat_map(|list| serde_json::from_str::<Vec<String>>(list).unwrap()).collect();
    let pages = ids.iter().fold(serde_json::to_string(&all).unwrap(), |pages, (name, id)| pages.replace(name, id));
    let decide = format!("/proposal?book=demo&id={}", open.proposal_id);
    let shots = target().join("console");
    std::fs::create_dir_all(&shots).unwrap();
    // Beside its packages, so that it finds them.
    let script = packages.join("pages.mjs");
    std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/pages.mjs"), &script).unwrap();
    let mut node = Command::new("node");
    node.arg(&script).env("CONSOLE", house.console_url().unwrap()).env("CHROMIUM", chromium).env("SHOTS", &shots).env("PAGES", pages);
    node.env("DECIDE", decide);
    // It says how far it is.
    let progress = shots.join("progress.txt");
    node.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(std::fs::File::create(&progress).unwrap()).kill_on_drop(true);
    let ran = node.spawn().expect("node runs").wait_with_output();
    // There is always something new on the live page, and time for all other pages: the pause begins when the postings are made, however slow the machine is.
    let mut due = interval(BUSINESS_PAUSE);
    let business = async {
        loop {
            due.tick().await;
            adjust(&house, "house/accrued_creator_liability/USD", "creator/ana/payable/USD", 12_345).await;
            adjust(&house, "house/coins/issued", "viewer/u1/coins", 700).await;
            due.reset();
        }
    };
    let ran = tokio::select! {
        ran = timeout(PAGES_MAX, ran) => ran,
        () = business => unreachable!("it has no end"),
    };
    let progress = std::fs::read_to_string(&progress).unwrap();
    let ran = ran.unwrap_or_else(|_| panic!("not all pages after {PAGES_MAX:?}:\n{progress}")).unwrap();
    let printed = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{printed}{progress}");
    let found: Vec<String> = serde_json::from_str(printed.trim()).unwrap();
    assert!(found.is_empty(), "{found:#?}\npictures are in {}", shots.display());
    house.shutdown().await;
}
