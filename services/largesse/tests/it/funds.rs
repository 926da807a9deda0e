//! `largesse treasury move|moves|positions|accrue|allocate|allocations|forecast` beside a running installation, whose books then pass `verify`.
use crate::{explaining::done, options, process::output};
use api::support::{Adjustment, AdjustmentTransfer, propose_request::Act};
use demo::installation::Installation;
use identity::{Role, Service};
use money::BookName;
use operations::structure::StructureCaller;
use runtime::Runtime;
use serde_json::{Value, json};

const TREE: &str = r#"
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
uses = ["on_behalf_of"]

[[leaf]]
id = "acme-costs"
parent = "bank-usd"
name = "Costs of Acme"
entity = "acme"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn money_is_moved_lent_and_divided_from_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options(dir.path());
    let agreed = json!([{"lender": "main", "borrower": "acme", "currency": "USD", "from": "2026-01-01", "limit_minor_units": 5_000}]);
    options.settings.treasury.pairs = serde_json::from_value(agreed).unwrap();
    let window = json!([{"account": "bank-usd", "rail": "rtp", "zone": "UTC", "cutoff": "24:00", "minimum_minor_units": 10_000}]);
    options.settings.treasury.funding = serde_json::from_value(window).unwrap();
    let fixture = Runtime::start(options).await.unwrap();
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
    let (cash, fees) = ("physical_cash/bank-usd", "virtual_account/bank-usd-fees");
    let transfers = vec![transfer(cash, "virtual_account/costs", 10_000), transfer(fees, cash, 15)];
    done(&installation, Act::Adjustment(Adjustment { transfers })).await;

    let file = dir.path().join("finance.token");
    std::fs::write(&file, &token).unwrap();
    let (url, file) = (format!("http://{}", fixture.address("grpc").unwrap()), file.to_str().unwrap().to_owned());
    let called = async |task: &[&str]| {
        output(&[&["treasury"], task, &["--url", &url, "--token-file", &file, "--reason", "accounts of November"]].concat()).await
    };
    // Of now: an id that is older than a week is taken by nobody.
    let id = uuid::Uuid::now_v7().to_string();
    for _ in 0..2 {
        let (ok, text, error) = called(&["move", "costs", "acme-costs", "4000", "USD", "--request-id", &id]).await;
        let said = format!("{id}  costs to acme-costs: 4000 minor units of USD, 4000 of it lent\n");
        assert!(ok && text == said, "{text} {error}");
    }
    let (ok, text, error) = called(&["move", "costs", "acme-costs", "1001", "USD"]).await;
    assert!(!ok && text.is_empty() && error.contains("would owe 5001 minor units of USD to main, and 5000 were agreed"), "{text} {error}");
    let (ok, text, error) = called(&["positions"]).await;
    let said = "acme owes main 4000 of at most 5000 minor units of USD: to 30 days 4000, to 60 0, to 90 0, over 0\n";
    assert!(ok && text == said, "{text} {error}");
    let (ok, text, _) = called(&["moves", "--json"]).await;
    let json: Value = serde_json::from_str(&text).unwrap();
    assert!(ok && json.as_array().unwrap().len() == 1 && json[0]["request_id"] == id && json[0]["lent_minor_units"] == 4_000, "{text}");
    let (ok, _, error) = called(&["accrue", "main", "acme", "USD", "--until", "2020-01-01"]).await;
    assert!(!ok && error.contains("owed main nothing until 2020-01-01"), "{error}");
    let period = ["--from", "2020-01-01", "--until", "2020-01-31"];
    let (ok, text, error) = called(&[&["allocate", "bank-usd", "fees", "flat", "15"][..], &period].concat()).await;
    let said = "bank-usd  fees of 2020-01-01 to 2020-01-31: 15 minor units by flat\n  acme-costs: 8 (weight 1)\n  costs: 7 (weight 1)\n";
    assert!(ok && text == said, "{text} {error}");
    let (ok, text, error) = called(&["allocations"]).await;
    assert!(ok && text == said, "{text} {error}");
    let (ok, text, error) = called(&["forecast"]).await;
    assert!(ok && text.starts_with("bank-usd  rtp: 9985 minor units available, 0 held; next funding until 20"), "{text} {error}");
    assert!(text.ends_with("T00:00:00Z, SHORT BY 15\n"), "{text}");
    fixture.shutdown().await;
    let (ok, text, error) = output(&["verify", "--database", &format!("sqlite:{}", dir.path().display())]).await;
    assert!(ok && text.contains("treasury: passed"), "{text} {error}");
}
