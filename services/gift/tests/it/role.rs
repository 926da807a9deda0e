//! The database role that compose gives the gift service: enough for its own records, and for nothing else.
use crate::fixture::ROSE;
use gift::{GiftCatalogue, prices::RecordedCatalogue, store::Store};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use std::time::SystemTime;

/// The script that compose runs once on an empty server.
const INIT: &str = include_str!("../../../../deploy/compose/postgres-init.sh");

#[tokio::test]
async fn the_role_of_the_gift_service_records_what_it_serves_and_sees_no_other_schema() {
    let cluster = pgtest::Cluster::start().unwrap();
    let url = cluster.create_database().unwrap();
    let name = url.split('?').next().unwrap().rsplit('/').next().unwrap().to_owned();
    let (_, own) = INIT.split_once("SET ROLE largesse;").unwrap();
    let (own, _) = own.split_once("\nSQL").unwrap();
    cluster.execute("CREATE ROLE largesse LOGIN; CREATE ROLE largesse_gift LOGIN").unwrap();
    cluster.execute(&format!("ALTER DATABASE \"{name}\" OWNER TO largesse; REVOKE ALL ON DATABASE \"{name}\" FROM PUBLIC")).unwrap();
    cluster.execute(&format!("GRANT CONNECT ON DATABASE \"{name}\" TO largesse_gift")).unwrap();
    let mut admin = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("SET ROLE largesse; {own}"))).execute(&mut admin).await.unwrap();

    // The migration job creates the tables, as their owner, and only then is gift started.
    let as_role = |role: &str| db::Database::parse(&with_user(&url, role)).unwrap();
    let owner = as_role("largesse");
    let _made = Store::open(&owner).await.unwrap();
    let _ledger = owner.open("ledger", &[]).await.unwrap();
    let gift = as_role("largesse_gift");
    let store = Store::open(&gift).await.unwrap();
    let mut catalogue = GiftCatalogue::embedded();
    store.serve(&RecordedCatalogue::of(&catalogue, 10_000), SystemTime::now()).await.unwrap();
    assert!(catalogue.withdraw(ROSE));
    store.serve(&RecordedCatalogue::of(&catalogue, 10_000), SystemTime::now()).await.unwrap();
    // The monitor reads it as the owner.
    assert_eq!(Store::open(&owner).await.unwrap().served().await.unwrap().len(), 2);

    let mut elsewhere = PgConnection::connect(&with_user(&url, "largesse_gift")).await.unwrap();
    for sql in ["SELECT * FROM ledger.migration", "CREATE SCHEMA other", "DELETE FROM gift.catalogue", "DROP TABLE gift.catalogue_served"] {
        let refused = sqlx::raw_sql(sql).execute(&mut elsewhere).await.unwrap_err().to_string();
        assert!(refused.contains("permission denied") || refused.contains("must be owner"), "{sql}: {refused}");
    }
}

/// The same address for another role; the tests' server requires no password.
fn with_user(url: &str, role: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (_, host) = rest.split_once('@').unwrap();
    format!("{scheme}://{role}@{host}")
}
