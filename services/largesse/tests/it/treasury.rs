//! `largesse treasury` beside a running installation.
use crate::{
    explaining::done,
    options,
    process::{output, serving},
};
use api::support::{Adjustment, AdjustmentTransfer, ProposalState, propose_request::Act};
use demo::installation::Installation;
use identity::{Role, Service};
use money::BookName;
use operations::structure::{StructureCaller, listed_text, proof_text};
use runtime::Runtime;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A physical account with a leaf.
pub const TREE: &str = r#"
[[account]]
id = "bank-usd"
name = "Operating"
bank = "A bank"
branch = "TESTUS33"
currency = "USD"
entity = "main"
number = "000123456789"

[[leaf]]
id = "costs"
parent = "bank-usd"
name = "Costs"
entity = "main"
"#;

/// A day of the account: from nothing, 1.50 came.
const STATEMENT: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-02T21:30:00Z</CreDtTm></GrpHdr>
<Stmt><Id>S</Id><ElctrncSeqNb>1</ElctrncSeqNb><Acct><Id><Othr><Id>000123456789</Id></Othr></Id><Ccy>USD</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"USD\">0.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-02</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"USD\">1.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-02</Dt></Dt></Bal>
<Ntry><NtryRef>1</NtryRef><Amt Ccy=\"USD\">1.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-02</Dt></BookgDt>
<AcctSvcrRef>BK1</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd></Ntry>
</Stmt></BkToCstmrStmt></Document>";

/// A token of this role for the treasury's book, in a file.
pub async fn token(dir: &Path, role: &str) -> String {
    let data = dir.to_str().unwrap();
    let (ok, token, error) = output(&["token", "--data-dir", data, "--sub", "fay", "--role", role, "--book", "treasury"]).await;
    assert!(ok, "{error}");
    let file = dir.join(format!("{role}.token"));
    std::fs::write(&file, token).unwrap();
    file.to_str().unwrap().to_owned()
}

/// A file with this text.
pub fn written(dir: &Path, name: &str, text: &str) -> PathBuf {
    let file = dir.join(name);
    std::fs::write(&file, text).unwrap();
    file
}

/// Imports a statement, lists its case and closes its day, as two members of staff with these tokens.
async fn reconciles(url: &str, dir: &Path, (finance, auditor): (&str, &str)) {
    let called = async |token: &str, task: &[&str], more: &[&str]| {
        let place = ["--url", url, "--token-file", token, "--reason", "statements of November"];
        output(&[&["treasury"], task, &place[..], more].concat()).await
    };
    // A statement of a bank: money from nobody, on a day that is over.
    let inbox = dir.join("inbox");
    std::fs::create_dir(&inbox).unwrap();
    written(&inbox, "statement.xml", STATEMENT);
    let (ok, text, error) = called(finance, &["import", inbox.to_str().unwrap()], &[]).await;
    assert!(
        ok && text.ends_with(
            "statement.xml: imported, camt.053.001.08; open cases of its accounts: 1\n  bank-usd  2026-11-02  USD  entries: 1\n"
        ),
        "{text} {error}"
    );
    let (ok, text, _) = called(finance, &["import", inbox.to_str().unwrap()], &["--json"]).await;
    assert!(ok && serde_json::from_str::<Value>(&text).unwrap()[0]["known"] == true, "{text}");
    let (ok, text, _) = called(auditor, &["cases"], &[]).await;
    assert!(
        ok && text.contains("  UNKNOWN_CREDIT  bank-usd  1.50 USD  differs by 0.00  open\n")
            && text.contains("  treasury, since 2026-11-02"),
        "{text}"
    );
    let case = text.split_whitespace().next().unwrap();
    adjusts(url, dir, (finance, auditor), case).await;
    let (ok, text, error) = called(finance, &["close", "bank-usd", "2026-11-02"], &[]).await;
    assert!(ok && text == "bank-usd: 2026-11-02 closed, 1 entries: 1.50 at the bank, 1.50 in the books\n", "{text} {error}");
    let (ok, text, error) = called(auditor, &["days", "bank-usd"], &[]).await;
    let day = "2026-11-02  1 entries: 0.00 to 1.50 USD at the bank, 1.50 in the books; closed by fay\n";
    assert!(ok && text == day, "{text} {error}");
    let (ok, text, _) = called(auditor, &["days", "bank-usd", "--json", "--from", "2026-11-02", "--until", "2026-11-02"], &[]).await;
    let json: Value = serde_json::from_str(&text).unwrap();
    assert!(ok && json[0]["day"] == "2026-11-02" && json[0]["closing_minor_units"] == 150, "{text}");
    let (ok, text, _) = called(auditor, &["days", "bank-usd", "--from", "2026-11-03"], &[]).await;
    assert!(ok && text == "bank-usd: no day of these is closed\n", "{text}");
    let (ok, text, error) = called(auditor, &["days", "bank-gbp"], &[]).await;
    assert!(!ok && text.is_empty() && error.contains("PHYSICAL_ACCOUNT_UNKNOWN"), "{error}");
    let (ok, text, error) = called(finance, &["close", "bank-usd", "2026-11-03"], &[]).await;
    assert!(!ok && text.is_empty() && error.contains("DAY_NOT_EXPLAINED"), "{error}");
}

/// Money from nobody is allocated to a leaf: one member of staff proposes it, and only another one can approve it.
async fn adjusts(url: &str, dir: &Path, (finance, auditor): (&str, &str), case: &str) {
    let called = async |token: &str, task: &[&str]| {
        output(&[&["treasury"], task, &["--url", url, "--token-file", token, "--reason", "what a payer said"]].concat()).await
    };
    let (ok, text, error) = called(finance, &["assign", case, "--to", "gus"]).await;
    assert!(ok && text.contains("  treasury (gus), since 2026-11-02"), "{text} {error}");
    let (ok, text, error) = called(finance, &["explain", case]).await;
    assert!(!ok && text.is_empty() && error.contains("NOT_EXPLAINED_BY_HAND"), "{text} {error}");
    let id = uuid::Uuid::now_v7().to_string();
    let transfer = ["--debit", "bank-usd-unallocated", "--credit", "costs", "--adjustment-id", &id];
    let (ok, text, error) = called(finance, &[&["adjust", case, "150"], &transfer[..]].concat()).await;
    let proposed = format!(
        "  adjustment {id}, proposed by fay: not approved yet, and nothing is posted\n    1.50 USD: debit bank-usd-unallocated, credit costs\n"
    );
    assert!(ok && text.ends_with(&proposed), "{text} {error}");
    let (ok, text, error) = called(finance, &["approve", &id]).await;
    assert!(!ok && text.is_empty() && error.contains("SAME_PERSON"), "{text} {error}");
    let (ok, text, error) = called(auditor, &["case", case, "--json"]).await;
    let json: Value = serde_json::from_str(&text).unwrap();
    assert!(ok && json["case"]["state"] == "open" && json["adjustment"]["posted"] == false, "{text} {error}");
    let data = dir.to_str().unwrap();
    let (ok, token, error) = output(&["token", "--data-dir", data, "--sub", "gus", "--role", "admin", "--book", "treasury"]).await;
    assert!(ok, "{error}");
    let other = written(dir, "gus.token", &token);
    let (ok, text, error) = called(other.to_str().unwrap(), &["approve", &id]).await;
    assert!(
        ok && text.contains("differs by 0.00  adjusted\n") && text.contains("proposed by fay: approved by gus and posted\n"),
        "{text} {error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_structure_is_planned_applied_and_drawn_and_a_wrong_file_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut child, printed) = serving(dir.path()).await;
    let url = format!("http://{}", printed.iter().find_map(|line| line.strip_prefix("grpc on ")).unwrap());
    let (finance, auditor) = (token(dir.path(), "finance").await, token(dir.path(), "auditor").await);
    let called = async |token: &str, task: &[&str], more: &[&str]| {
        let place = ["--url", &url, "--token-file", token, "--reason", "accounts of für November"];
        output(&[&["treasury"], task, &place[..], more].concat()).await
    };
    let tree = written(dir.path(), "tree.toml", TREE);
    let tree = tree.to_str().unwrap();
    let (ok, text, error) = called(&finance, &["plan", tree], &[]).await;
    assert!(ok && text.starts_with("2 changes to revision 0, in force from "), "{text} {error}");
    let hash = text.lines().find_map(|line| line.strip_prefix("hash ")).unwrap().to_owned();
    let (ok, text, _) = called(&auditor, &["plan", tree], &["--json"]).await;
    let json: Value = serde_json::from_str(&text).unwrap();
    assert!(ok && json["hash"] == hash && json["change_count"] == 2 && json["changes"][1]["id"] == "costs", "{text}");

    let (ok, text, error) = called(&auditor, &["apply", tree, "--plan", &hash], &[]).await;
    assert!(!ok && text.is_empty() && error.contains("PERMISSION_DENIED"), "{text} {error}");
    let (ok, text, error) = called(&finance, &["apply", tree, "--plan", &hash], &[]).await;
    assert!(ok && text == "applied: 2 changes, now revision 1\n", "{text} {error}");
    let (ok, text, _) = called(&finance, &["apply", tree, "--plan", &hash], &["--json"]).await;
    assert!(ok && serde_json::from_str::<Value>(&text).unwrap()["replayed"] == true, "{text}");
    let (ok, text, error) = called(&auditor, &["list"], &[]).await;
    assert!(ok && text.starts_with("bank-usd  Operating (USD)") && text.contains("\n└─ costs  Costs"), "{text} {error}");
    assert_eq!(text.lines().count(), 9, "{text}");
    let (ok, text, _) = called(&auditor, &["list"], &["--json", "--account", "bank-usd"]).await;
    let json: Value = serde_json::from_str(&text).unwrap();
    let costs = json.as_array().unwrap().iter().find(|one| one["id"] == "costs").unwrap();
    assert!(ok && costs["state"] == "open" && costs["balance"]["booked_minor_units"] == 0, "{text}");
    let (ok, text, _) = called(&auditor, &["list"], &["--on", "2020-01-01"]).await;
    assert!(ok && text == "there are no accounts\n", "{text}");

    let huge = written(dir.path(), "huge.toml", &TREE.repeat(2_000));
    let syntax = written(dir.path(), "syntax.toml", &TREE.replace("name = \"Costs\"", "name = Costs"));
    let keys = written(dir.path(), "keys.toml", &TREE.replace("name = \"Costs\"", "name = \"Costs\"\ncolour = \"red\""));
    let rules = written(dir.path(), "rules.toml", &TREE.replace("id = \"costs\"", "id = \"bank-usd-fees\""));
    for (file, said) in [
        (&huge, "Divide it"),
        (&syntax, "line 14"),
        (&keys, "line 15: unknown field `colour`"),
        (&rules, "line 12: bank-usd-fees is made with its physical account"),
        (&dir.path().join("none.toml"), "none.toml"),
    ] {
        for task in [&["plan"][..], &["apply"]] {
            let plan = ["--plan", &hash];
            let more = if task == ["apply"] { &plan[..] } else { &[] };
            let file = file.to_str().unwrap();
            let (ok, text, error) = called(&finance, &[task, &[file]].concat(), more).await;
            assert!(!ok && text.is_empty() && error.contains(said), "{task:?} {file}: {text} {error}");
        }
    }
    let (ok, _, error) = called(&finance, &["apply", rules.to_str().unwrap()], &[]).await;
    assert!(!ok && error.contains("--plan"), "{error}");
    let (ok, text, _) = called(&finance, &["plan", tree], &[]).await;
    assert!(ok && text == "no changes: revision 1 is as the file says\n", "{text}");
    reconciles(&url, dir.path(), (&finance, &auditor)).await;
    child.kill().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_two_people_book_onto_leaves_is_listed_and_verified() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Runtime::start(options(dir.path())).await.unwrap();
    let installation = Installation::inside(&fixture, BookName::try_new("treasury").unwrap()).unwrap();
    let token = installation.token("fay", Role::Finance).unwrap();
    let transport = fixture.transport_for(Service::Treasury).unwrap();
    let caller = StructureCaller { transport, token: &token, reason: "accounts of November", book: "treasury" };
    let plan = caller.plan(TREE.to_owned()).await.unwrap();
    caller.apply(TREE.to_owned(), plan.hash).await.unwrap();
    let transfer = |debit: &str, credit: &str, amount| AdjustmentTransfer {
        debit_account: format!("house/main/{debit}/USD"),
        credit_account: format!("house/main/{credit}/USD"),
        amount,
    };
    let transfers = vec![
        transfer("physical_cash/bank-usd", "virtual_account/bank-usd-unallocated", 10_000),
        transfer("virtual_account/bank-usd-unallocated", "virtual_account/costs", 2_550),
        transfer("virtual_account/bank-usd-fees", "physical_cash/bank-usd", 15),
    ];
    let booked = done(&installation, Act::Adjustment(Adjustment { transfers })).await;
    assert_eq!(booked.state(), ProposalState::Done, "{}", booked.result);
    let drawn = "\
bank-usd  Operating (USD)             99.85  99.85 at the bank
├─ bank-usd-blocked  Blocked           0.00  blocked funds
├─ bank-usd-fees  Fees and interest   -0.15
├─ bank-usd-in-transit  In transit     0.00
├─ bank-usd-incoming  Incoming         0.00
├─ bank-usd-rounding  Rounding         0.00
├─ bank-usd-suspense  Suspense         0.00
├─ bank-usd-unallocated  Unallocated  74.50
└─ costs  Costs                       25.50
";
    assert_eq!(listed_text(&caller.list("", "").await.unwrap()), drawn);
    fixture.shutdown().await;
    let (ok, text, error) = output(&["verify", "--database", &format!("sqlite:{}", dir.path().display())]).await;
    assert!(
        ok && text.contains("treasury: passed") && text.contains("treasury: 1 adjustment or reversal is what two people approved"),
        "{text} {error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_apps_book_moves_at_its_bank_is_in_the_treasury_book_and_proved() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = Runtime::start(options(dir.path())).await.unwrap();
    let app = Installation::inside(&fixture, BookName::try_new("demo").unwrap()).unwrap();
    let bank = AdjustmentTransfer {
        debit_account: "house/bank_cash/USD".to_owned(),
        credit_account: "house/treasury/USD".to_owned(),
        amount: 2_550,
    };
    let funded = done(&app, Act::Adjustment(Adjustment { transfers: vec![bank] })).await;
    assert_eq!(funded.state(), ProposalState::Done, "{}", funded.result);
    let installation = Installation::inside(&fixture, BookName::try_new("treasury").unwrap()).unwrap();
    let token = installation.token("fay", Role::Finance).unwrap();
    let transport = fixture.transport_for(Service::Treasury).unwrap();
    let caller = StructureCaller { transport, token: &token, reason: "accounts of November", book: "treasury" };
    // The app's bank account called main.
    let tree = format!("{}claims = [\"demo\"]\n", TREE.replace("bank-usd", "main-usd"));
    let plan = caller.plan(tree.clone()).await.unwrap();
    caller.apply(tree, plan.hash).await.unwrap();
    let proof = loop {
        let proof = caller.prove("").await.unwrap();
        assert!(proof.ok, "{:?}", proof.problems);
        if proof.items.is_empty() {
            break proof;
        }
        tokio::task::yield_now().await;
    };
    let text = proof_text(&proof);
    assert!(text.contains("green  main-usd: leaves 25.50 = cash 25.50 USD\n"), "{text}");
    assert!(
        text.contains("green  demo house/bank_cash/USD: claim 25.50 = twins 25.50 + items 0.00 USD (leaf costs of main-usd, "),
        "{text}"
    );
    assert!(listed_text(&caller.list("", "").await.unwrap()).contains("costs  Costs                       25.50  covers demo\n"));
    fixture.shutdown().await;
    let (ok, text, error) = output(&["verify", "--database", &format!("sqlite:{}", dir.path().display())]).await;
    assert!(ok && text.contains("treasury: passed"), "{text} {error}");
}
