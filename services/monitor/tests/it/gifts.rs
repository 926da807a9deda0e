//! Gifts against the catalogues that were served: a gift with another price, or between others than it names, is reported.
use api::ledger::BookMode;
use books::domain::request::{AccountName, Action, BookRequest, NewTransfer};
use gift::tables::{GiftCatalogue, RecordedCatalogue, Store};
use money::{Amount, BookName};
use monitor::{
    CheckResult,
    audit::{self, BookReport, continuous::ContinuousAudit},
};
use std::time::{Duration, SystemTime};
use testbed::{Storage, Testbed, TestbedOptions, both};
use uuid::Uuid;

const BOOK: &str = "demo";
const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);

async fn bed(storage: Storage) -> Testbed {
    let bed = Testbed::on(storage, TestbedOptions { books: &[(BOOK, BookMode::Test)], recorded: false }).await;
    for viewer in ["ann", "eve"] {
        write(&bed, "bench.coins", &[], &[("house/coins/issued", &format!("viewer/{viewer}/coins"), 1_000)]).await;
    }
    bed
}

/// Writes a posting as somebody with the gift service's token could.
async fn write(bed: &Testbed, kind: &str, fields: &[(&str, &str)], moved: &[(&str, &str, i64)]) -> Uuid {
    let account = |name: &str| AccountName::parse(name.to_owned()).unwrap();
    let transfers = moved
        .iter()
        .map(|(debit, credit, amount)| NewTransfer::try_new(account(debit), account(credit), Amount::try_new(*amount).unwrap()).unwrap());
    let action = Action::Post { transfers: transfers.collect(), guards: Vec::new(), refusal: None };
    let fields: Vec<(String, String)> = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let id = money::derive_id(Uuid::now_v7(), &["test"]);
    let request = BookRequest::new(id, fields.into(), kind.to_owned(), action);
    bed.ledger.book(&BookName::try_new(BOOK).unwrap()).await.unwrap().submit(request).await.unwrap();
    id
}

/// A gift to bob of `coins` and `diamonds`.
async fn gift(bed: &Testbed, fields: &[(&str, &str)], (coins, diamonds): (i64, i64)) -> Uuid {
    let all: Vec<(&str, &str)> = [("room_id", "r"), ("creator_id", "bob")].into_iter().chain(fields.iter().copied()).collect();
    let moved = [("viewer/ann/coins", "house/coins/redeemed", coins), ("house/diamonds/issued", "creator/bob/diamonds", diamonds)];
    write(bed, "gift", &all, &moved).await
}

/// A catalogue in which a rose has this price.
fn catalogue(cost: i64) -> RecordedCatalogue {
    let text = format!("version = \"{cost}\"\ngifts = [{{ id = 7, name = \"Rose\", cost_coins = {cost}, streakable = true }}]");
    RecordedCatalogue::of(&GiftCatalogue::parse("gifts.toml", &text).unwrap(), 5_000)
}

async fn report(bed: &Testbed) -> BookReport {
    let mut report = audit::audit(&bed.database, None).await.unwrap().books.remove(0);
    assert_eq!(report.ledger.problem, None, "the chain is whole");
    report.problems.retain(|problem| !problem.contains("purchase"));
    report
}

/// The monitor's result after one run from the beginning.
async fn looked(bed: &Testbed) -> CheckResult {
    let mut monitor = ContinuousAudit::new(bed.database.clone(), None, monitor::Config::default());
    let found = monitor.look().await.unwrap();
    found.books[BOOK].checks.iter().find(|(name, _)| *name == "gifts").unwrap().1.clone()
}

#[tokio::test]
async fn a_gift_at_another_price_or_between_others_is_named_and_honest_ones_are_counted() {
    for storage in both() {
        let bed = bed(storage).await;
        Store::open(&bed.database).await.unwrap().serve(&catalogue(4), SystemTime::now()).await.unwrap();
        gift(&bed, &[("gift_id", "7")], (4, 2)).await;
        gift(&bed, &[("gift_id", "7"), ("quantity", "3"), ("user_id", "ann")], (12, 6)).await;
        gift(&bed, &[("gift_id", "7"), ("streak.group_id", "g"), ("streak.repeat_count", "5")], (12, 6)).await;
        assert_eq!((report(&bed).await.problems, looked(&bed).await), (Vec::new(), CheckResult::Passed));
        assert_eq!(report(&bed).await.joined.gifts, Some(3));

        let mut forged = vec![
            gift(&bed, &[("gift_id", "7")], (3, 2)).await,
            gift(&bed, &[("gift_id", "7")], (4, 3)).await,
            gift(&bed, &[("gift_id", "7"), ("quantity", "3")], (4, 2)).await,
            gift(&bed, &[("gift_id", "8")], (4, 2)).await,
            gift(&bed, &[("gift_id", "7"), ("streak.group_id", "g"), ("streak.repeat_count", "2")], (12, 6)).await,
            gift(&bed, &[("gift_id", "7"), ("user_id", "eve")], (4, 2)).await,
            gift(&bed, &[], (4, 2)).await,
            gift(&bed, &[("gift_id", "7"), ("quantity", "2147483647")], (4, 2)).await,
        ];
        let to_thief = [("viewer/ann/coins", "house/coins/redeemed", 4), ("house/diamonds/issued", "creator/thief/diamonds", 2)];
        forged.push(write(&bed, "gift", &[("room_id", "r"), ("creator_id", "bob"), ("gift_id", "7")], &to_thief).await);
        let found = report(&bed).await;
        let CheckResult::Failed(looked) = looked(&bed).await else { panic!("the monitor missed forged gifts") };
        for id in &forged {
            assert!(found.problems.iter().any(|problem| problem.contains(&id.to_string())), "{id}: {:?}", found.problems);
            assert!(looked.contains(&id.to_string()), "{id}: {looked}");
        }
        assert_eq!((found.problems.len(), found.joined.gifts), (forged.len(), Some(3)));
    }
}

#[tokio::test]
async fn any_catalogue_in_force_ten_minutes_around_a_gift_explains_it_and_no_other_does() {
    let bed = bed(Storage::sqlite()).await;
    let store = Store::open(&bed.database).await.unwrap();
    let now = SystemTime::now();
    // Served a day ago, nine minutes ago, nine minutes from now, and tomorrow.
    for (cost, at) in [(10, now - DAY), (20, now - 9 * MINUTE), (30, now + 9 * MINUTE), (40, now + DAY)] {
        store.serve(&catalogue(cost), at).await.unwrap();
    }
    for cost in [20, 30] {
        gift(&bed, &[("gift_id", "7")], (cost, cost / 2)).await;
    }
    assert_eq!(looked(&bed).await, CheckResult::Passed);
    for cost in [10, 40] {
        gift(&bed, &[("gift_id", "7")], (cost, cost / 2)).await;
    }
    let found = report(&bed).await;
    assert_eq!((found.problems.len(), found.joined.gifts), (2, Some(2)), "{:?}", found.problems);
}

#[tokio::test]
async fn gifts_of_programs_that_recorded_nothing_are_left_and_a_record_that_is_gone_or_changed_is_not() {
    let bed = bed(Storage::sqlite()).await;
    gift(&bed, &[("gift_id", "7")], (999, 1)).await;
    assert_eq!(report(&bed).await.not_compared.last(), Some(&"gift"));
    assert!(matches!(looked(&bed).await, CheckResult::NotCompared(_)));
    let store = Store::open(&bed.database).await.unwrap();
    // The tables exist, but no process that records catalogues has run yet.
    assert_eq!((report(&bed).await.problems, looked(&bed).await), (Vec::new(), CheckResult::Passed));
    store.serve(&catalogue(4), SystemTime::now() + DAY).await.unwrap();
    assert_eq!(looked(&bed).await, CheckResult::Passed);
    store.serve(&catalogue(4), SystemTime::now()).await.unwrap();
    let CheckResult::Failed(why) = looked(&bed).await else { panic!("a catalogue was recorded, and it says another price") };
    assert!(why.contains("cost 999 coins and gave 1 diamonds for 1 of gift 7"), "{why}");

    let pool = bed.database.open("gift", &[]).await.unwrap();
    sqlx::query("UPDATE catalogue SET content = '{}'").execute(&pool).await.unwrap();
    let CheckResult::Failed(why) = looked(&bed).await else { panic!("a catalogue was changed") };
    assert!(why.contains("is not what its hash says"), "{why}");
    // The tables were made long ago, so no version that records nothing can still be running.
    sqlx::query("DELETE FROM catalogue_served").execute(&pool).await.unwrap();
    sqlx::query("UPDATE migration SET applied_at_ms = 1").execute(&pool).await.unwrap();
    assert!(matches!(looked(&bed).await, CheckResult::Failed(_)));
}

#[tokio::test]
async fn in_a_book_younger_than_the_records_the_oldest_of_them_can_not_be_deleted_unseen() {
    let bed = bed(Storage::sqlite()).await;
    let store = Store::open(&bed.database).await.unwrap();
    let created = monitor::audit::open(&bed.database).await.unwrap().books().await.unwrap().remove(0).create_time;
    let pool = bed.database.open("gift", &[]).await.unwrap();
    let made_at = "UPDATE migration SET applied_at_ms = $1";
    sqlx::query(made_at).bind(created / 1_000 - 1).execute(&pool).await.unwrap();
    store.serve(&catalogue(4), SystemTime::now()).await.unwrap();
    gift(&bed, &[("gift_id", "7")], (4, 2)).await;
    assert_eq!((report(&bed).await.problems, looked(&bed).await), (Vec::new(), CheckResult::Passed));
    // The gift was sold by this record, and only a later one of another catalogue remains.
    sqlx::query("DELETE FROM catalogue_served").execute(&pool).await.unwrap();
    store.serve(&catalogue(5), SystemTime::now() + DAY).await.unwrap();
    let found = report(&bed).await.problems;
    assert!(found.iter().any(|problem| problem.contains("cost 4 coins and gave 2 diamonds for 1 of gift 7")), "{found:?}");
    assert!(matches!(looked(&bed).await, CheckResult::Failed(_)));
}
