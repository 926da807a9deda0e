//! Any id of a complete chain, from coins bought to a creator paid, explains that chain, over real processes and their database.
use crate::fleets::{binary, book, databases, options};
use api::{
    gift::{SendGiftRequest, SendGiftResponse},
    payout::ListPayoutsRequest,
};
use demo::{
    fleet::Fleet,
    installation::{Installation, authorised},
    shop::Shop,
};
use identity::Role;
use identity::Service;
use serde_json::Value;
use std::process::{Command, Output};
use uuid::Uuid;

fn explain(database: &str, arguments: &[&str]) -> Output {
    Command::new(binary()).args(["explain", "--database", database]).args(arguments).env_remove("RUST_LOG").output().unwrap()
}

/// The only story that is printed.
fn story(database: &str, arguments: &[&str]) -> Value {
    let output = explain(database, &[&["--json"], arguments].concat());
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    let mut stories: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(stories.len(), 1, "{arguments:?}: {stories:?}");
    stories.remove(0)
}

/// Follows the first link each time: what things are, and how much went that way.
fn way(story: &Value, direction: &str) -> Vec<(String, i64)> {
    let (mut things, mut at) = (Vec::new(), story);
    while let Some(link) = at[direction]["told"].get(0) {
        at = &link["story"];
        things.push((at["what"].as_str().unwrap().to_owned(), link["amount"].as_i64().unwrap()));
    }
    things
}

fn named(things: &[(&str, i64)]) -> Vec<(String, i64)> {
    things.iter().map(|(what, amount)| ((*what).to_owned(), *amount)).collect()
}

async fn give(installation: &Installation, request_id: Uuid) -> SendGiftResponse {
    let gift = SendGiftRequest {
        request_id: request_id.to_string(),
        room_id: "r".into(),
        creator_id: "c1".into(),
        gift_id: 5879,
        quantity: 20,
        ..Default::default()
    };
    let token = installation.token("u1", Role::Viewer).unwrap();
    installation.gift().send_gift(authorised(gift, &token).unwrap()).await.unwrap().into_inner()
}

/// Ids of one chain.
struct Life {
    purchase: Value,
    gift_request: Uuid,
    payout: api::payout::Payout,
}

async fn lived(installation: &Installation, database: &str) -> Life {
    let shop = Shop::open(installation).await.unwrap();
    let bought = shop.buy("u1", 1_000).await.unwrap().remove(0);
    let gift_request = Uuid::now_v7();
    give(installation, gift_request).await;
    crate::hops::payout::settled(installation, |request| request).await;
    let creator = installation.token("c1", Role::Creator).unwrap();
    let list = authorised(ListPayoutsRequest { page_size: 10, ..Default::default() }, &creator).unwrap();
    let payout = installation.payout().list_payouts(list).await.unwrap().into_inner().payouts.remove(0);
    Life { purchase: story(database, &[&bought.purchase_id]), gift_request, payout }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_id_tells_where_its_money_came_from_and_what_became_of_it() {
    let databases = databases();
    for database in [&databases.sqlite, &databases.postgres] {
        let dir = tempfile::tempdir().unwrap();
        let fleet = Fleet::start(options(dir.path(), database.clone(), &Service::ALL)).await.unwrap();
        let installation = Installation::of_fleet(&fleet, book()).unwrap();
        let Life { purchase, gift_request, payout } = lived(&installation, database).await;
        let cash = payout.amount.clone().unwrap().minor_units;

        let told = story(database, &[&payout.payout_id]);
        assert_eq!(told["what"], "payout");
        assert_eq!(told["facts"]["state"], "settled");
        let steps: Vec<&str> = told["facts"]["steps"].as_array().unwrap().iter().map(|step| step["state"].as_str().unwrap()).collect();
        assert_eq!((steps[0], steps[steps.len() - 1]), ("requested", "settled"));
        assert!(!told["facts"]["messages"].as_array().unwrap().is_empty());
        let kinds: Vec<&str> = told["postings"].as_array().unwrap().iter().map(|posting| posting["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["payout.hold", "payout.submit", "payout.settle"]);
        let (diamonds, coins) = (600, way(&told, "from")[2].1);
        assert_eq!(way(&told, "from"), named(&[("quote", cash), ("gift", diamonds), ("purchase", coins)]));
        let packages = purchase["told"].as_str().unwrap();
        assert!(packages.starts_with("u1 bought ") && packages.ends_with(": credited"), "{packages}");

        // In the other direction, and from the middle.
        assert_eq!(way(&purchase, "into"), named(&[("gift", coins), ("quote", diamonds), ("payout", cash)]));
        let gift = story(database, &["--user", "u1", &gift_request.to_string()]);
        assert_eq!(way(&gift, "from"), named(&[("purchase", coins)]));
        assert_eq!(way(&gift, "into"), named(&[("quote", diamonds), ("payout", cash)]));
        assert!(gift["told"].as_str().unwrap().starts_with("u1 gave c1 20 Doughnut (gift 5879) in room r: "), "{}", gift["told"]);

        // Every other id of the same things.
        for id in [&payout.end_to_end_id, &format!("{}-1", payout.end_to_end_id)] {
            assert_eq!(story(database, &[id])["id"], told["id"], "{id}");
        }
        for posting in told["postings"].as_array().unwrap() {
            assert_eq!(story(database, &[posting["posting_id"].as_str().unwrap()])["id"], told["id"]);
        }
        for fact in ["transaction_id", "request_id"] {
            assert_eq!(story(database, &[purchase["facts"][fact].as_str().unwrap()])["id"], purchase["id"], "{fact}");
        }
        let people = explain(database, &[&payout.payout_id]);
        let people = String::from_utf8(people.stdout).unwrap();
        for words in ["c1 is paid ", "from:", "u1 gave c1 20", "u1 bought ", "payout.submit"] {
            assert!(people.contains(words), "{words}: {people}");
        }
        assert!(!people.contains("Ada Example") && !people.contains("123456789"), "{people}");
        wrong(database, &payout.payout_id);
        fleet.stop().await.unwrap();
    }
}

/// Unknown ids are not invented, and a text that is no id gives a different error.
fn wrong(database: &str, there: &str) {
    let nothing = Uuid::now_v7().to_string();
    for (arguments, code, said) in [
        (vec![nothing.as_str()], 1, "stands for nothing"),
        (vec![there, "--book", "other"], 1, "there is no book other"),
        (vec![""], 2, "1 to 64"),
        (vec!["two words"], 2, "1 to 64"),
        (vec![there, "--most", "2000"], 2, "most"),
        (vec![there, "--user", "not a key!"], 2, "user"),
    ] {
        let output = explain(database, &arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        assert!(told.contains(said), "{said}: {told}");
    }
}
