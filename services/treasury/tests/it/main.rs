//! Structures planned, applied and listed over the real ledger, with this service's tables on both engines.
#![allow(clippy::unwrap_used)]

mod accounting;
mod accounting_seeds;
mod allocations;
mod bank;
mod blocked;
mod fixture;
mod imported;
mod intake;
mod listing;
mod migration;
mod moves;
mod on_behalf_of;
mod proof;
mod reasons;
mod receipts;
mod reference;
mod reserving;
mod reserving_together;
mod rows;
mod statements;
mod sweeps;
mod twins;
mod unheard;
mod uploads;
mod walks;

use api::ledger::{BookMode, ListBooksRequest};
use fixture::{BOOK, Fixture, both};
use testbed::Storage;

/// A physical account with a market's leaves.
pub const TREE: &str = r#"
[[account]]
id = "bank-usd"
name = "Operating"
bank = "A bank"
branch = "TESTUS33"
currency = "USD"
entity = "main"
number = "000123456789"
number_root = "7001"

[[summary]]
id = "us"
parent = "bank-usd"
name = "US"
entity = "main"
level = "market"

[[leaf]]
id = "us-creators"
parent = "us"
name = "Creators"
entity = "main"
funds = "client"

[[leaf]]
id = "us-costs"
parent = "us"
name = "Costs"
entity = "acme"
uses = ["sweep"]
[[leaf.number]]
iban = "DE89370400440532013000"
holder = "Marker Person"
from = "2026-11-01"
"#;

pub const CASH: &str = "house/main/physical_cash/bank-usd/USD";
pub const CREATORS: &str = "house/main/virtual_account/us-creators/USD";
pub const COSTS: &str = "house/acme/virtual_account/us-costs/USD";

/// A leaf of the tree under another parent or in another state.
pub fn costs(parent: &str, state: &str) -> String {
    format!(
        "[[leaf]]\nid = \"us-costs\"\nparent = \"{parent}\"\nname = \"Costs\"\nentity = \"acme\"\nuses = [\"sweep\"]\nstate = \"{state}\"\n"
    )
}

fn reason(status: &tonic::Status) -> String {
    rpc::reason(status).unwrap_or_else(|| status.to_string())
}

#[tokio::test]
async fn a_structure_is_planned_and_applied_once_and_a_retry_gets_the_same_answer() {
    for fixture in both().await {
        let plan = fixture.plan(TREE).await.unwrap();
        assert_eq!((plan.revision, plan.change_count, plan.effective_date.as_str()), (0, 5, fixture.day(0).as_str()));
        let texts: Vec<&str> = plan.changes.iter().map(|change| change.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "bank-usd: physical account \"Operating\" in USD at A bank (TESTUS33) of main, with its standard leaves",
                "us under bank-usd: summary node \"US\", market, of main",
                "us-creators under us: leaf \"Creators\" for client funds, open, of main",
                "us-costs under us: leaf \"Costs\" for own funds, open, of acme",
                "us-costs: virtual iban number DE89370400440532013000 from 2026-11-01",
            ]
        );
        assert_eq!(fixture.list("").await, [], "a plan changes nothing");
        let applied = fixture.apply(TREE, &plan.hash).await.unwrap();
        assert_eq!((applied.revision, applied.change_count, applied.replayed), (1, 5, false));
        let again = fixture.apply(TREE, &plan.hash).await.unwrap();
        assert_eq!((again.revision, again.change_count, again.replayed), (1, 5, true));
        let other = fixture.apply(&format!("{TREE}# Another file."), &plan.hash).await.unwrap_err();
        assert_eq!(reason(&other), "PLAN_CHANGED", "the hash of another file's plan");
        let same = fixture.plan(TREE).await.unwrap();
        assert_eq!((same.revision, same.change_count), (1, 0));
        let nothing = fixture.apply(TREE, &same.hash).await.unwrap();
        assert_eq!((nothing.revision, nothing.change_count, nothing.replayed), (1, 0, false), "no revision without a change");
    }
}

#[tokio::test]
async fn a_plan_is_refused_once_the_structure_the_file_or_the_day_is_another() {
    for fixture in both().await {
        let plan = fixture.plan(TREE).await.unwrap();
        let changed = TREE.replace("Operating", "Other");
        assert_eq!(reason(&fixture.apply(&changed, &plan.hash).await.unwrap_err()), "PLAN_CHANGED");
        let rename = TREE.replace("\"Creators\"", "\"Stars\"");
        fixture.change(TREE).await.unwrap();
        let (first, second) = (fixture.plan(&rename).await.unwrap(), fixture.plan(&costs("us", "pending_close")).await.unwrap());
        fixture.apply(&rename, &first.hash).await.unwrap();
        let late = fixture.apply(&costs("us", "pending_close"), &second.hash).await.unwrap_err();
        assert_eq!(reason(&late), "PLAN_CHANGED");
        let today = fixture.plan(&costs("us", "pending_close")).await.unwrap();
        fixture.days_later(1);
        assert_eq!(reason(&fixture.apply(&costs("us", "pending_close"), &today.hash).await.unwrap_err()), "PLAN_CHANGED");
        let listed = fixture.list("").await;
        let of = |id: &str| listed.iter().find(|one| one.id == id).unwrap();
        assert_eq!((of("us-creators").name.as_str(), of("us-costs").state), ("Stars", api::treasury::LeafState::Open.into()));
    }
}

#[tokio::test]
async fn two_plans_of_one_revision_are_applied_at_once_and_one_is_refused() {
    for fixture in both().await {
        fixture.change(TREE).await.unwrap();
        let (one, other) = (TREE.replace("\"Creators\"", "\"Stars\""), TREE.replace("\"Creators\"", "\"Hosts\""));
        let (first, second) = (fixture.plan(&one).await.unwrap(), fixture.plan(&other).await.unwrap());
        let both = futures::future::join(fixture.apply(&one, &first.hash), fixture.apply(&other, &second.hash)).await;
        let refused: Vec<String> = [both.0, both.1].into_iter().filter_map(Result::err).map(|status| reason(&status)).collect();
        assert_eq!(refused, ["PLAN_CHANGED"]);
        let same = futures::future::join_all((0..4).map(|_| async {
            let file = TREE.replace("\"Creators\"", "\"Talents\"");
            let plan = fixture.plan(&file).await.unwrap();
            fixture.apply(&file, &plan.hash).await.map(|applied| applied.revision)
        }));
        let revisions: Vec<i64> = same.await.into_iter().map(Result::unwrap).collect();
        assert!(revisions.iter().all(|revision| *revision == 3), "{revisions:?}: the same plan is one change");
    }
}

#[tokio::test]
async fn the_treasury_book_is_made_with_the_first_structure_in_the_mode_of_the_apps_books() {
    for mode in [BookMode::Test, BookMode::Live] {
        let fixture = Fixture::start(Storage::sqlite(), mode).await;
        let books = async || {
            let books = fixture.bed.client().list_books(ListBooksRequest::default()).await.unwrap().into_inner().books;
            books.into_iter().map(|book| (book.name.clone(), book.mode())).collect::<Vec<_>>()
        };
        fixture.plan(TREE).await.unwrap();
        assert!(books().await.iter().all(|(name, _)| name != BOOK), "a plan makes no book");
        fixture.change(TREE).await.unwrap();
        assert!(books().await.contains(&(BOOK.to_owned(), mode)), "{:?}", books().await);
    }
}

#[tokio::test]
async fn a_leaf_with_money_is_not_closed_and_an_empty_one_is() {
    for fixture in both().await {
        fixture.change(TREE).await.unwrap();
        fixture.adjust(CASH, COSTS, 1_250).await;
        fixture.change(&costs("us", "pending_close")).await.unwrap();
        let status = fixture.plan(&costs("us", "closed")).await.unwrap_err();
        let facts = rpc::errors::facts(&status);
        assert_eq!(reason(&status), "STRUCTURE_REFUSED");
        assert_eq!(
            (facts["rule"].as_str(), facts["id"].as_str(), facts["line"].as_str(), facts["faults"].as_str()),
            ("money", "us-costs", "2", "1")
        );
        assert!(status.message().contains("line 2: us-costs can't be closed: it has 1250 booked"), "{}", status.message());
        // It is emptied, planned, and gets money again before the plan is applied.
        fixture.adjust(COSTS, CREATORS, 1_250).await;
        let plan = fixture.plan(&costs("us", "closed")).await.unwrap();
        fixture.adjust(CREATORS, COSTS, 1).await;
        assert_eq!(reason(&fixture.apply(&costs("us", "closed"), &plan.hash).await.unwrap_err()), "STRUCTURE_REFUSED");
        fixture.adjust(COSTS, CREATORS, 1).await;
        fixture.apply(&costs("us", "closed"), &plan.hash).await.unwrap();
        assert_eq!(reason(&fixture.plan(&costs("us", "open")).await.unwrap_err()), "STRUCTURE_REFUSED", "closed is final");
    }
}

#[tokio::test]
async fn a_file_that_is_wrong_in_any_way_changes_nothing() {
    for fixture in both().await {
        fixture.change(TREE).await.unwrap();
        let before = fixture.list("").await;
        let huge = "# A comment.\n".repeat(20_000);
        for (file, wanted) in [
            ("[[leaf]]\nid = 5\n", "MALFORMED"),
            ("[[leaf]]\nid = \"a\"\nparent = \"us\"\nname = \"A\"\nentity = \"main\"\ncolour = \"red\"\n", "MALFORMED"),
            (huge.as_str(), "MALFORMED"),
            ("[[summary]]\nid = \"us\"\nparent = \"us\"\nname = \"US\"\nentity = \"main\"\nlevel = \"market\"\n", "STRUCTURE_REFUSED"),
            ("[[leaf]]\nid = \"bank-usd-rounding\"\nparent = \"us\"\nname = \"Mine\"\nentity = \"main\"\n", "STRUCTURE_REFUSED"),
        ] {
            // A good entry before the wrong one is not applied either.
            let file = format!("{}{file}", costs("bank-usd", "open"));
            let status = fixture.plan(&file).await.unwrap_err();
            assert_eq!(reason(&status), wanted, "{file:.80}");
            assert!(status.message().contains("line ") && status.message().contains("nothing was changed"), "{}", status.message());
            assert_eq!(reason(&fixture.apply(&file, &"0".repeat(64)).await.unwrap_err()), wanted);
        }
        assert_eq!(reason(&fixture.apply(TREE, "no hash").await.unwrap_err()), "MALFORMED");
        assert_eq!(fixture.list("").await, before);
    }
}
