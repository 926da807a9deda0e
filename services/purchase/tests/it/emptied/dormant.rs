//! The report of unclaimed property: by market and years without activity, as of any day, with the rules of the file.

use api::purchase::{EscheatLine, GetEscheatReportRequest};
use identity::Role;
use testbed::Storage;

use super::{bought_in_the_app, world};
use crate::fixture::{BOOK, Fixture, reason};
use crate::lots::{catch_up, gift};

const RULES: &str = "rule = \"wait\"\n[[dormancy]]\nmarket = \"US\"\nfrom = \"2026-01-01\"\nyears = 3\nsource = \"an example\"";

async fn report(fixture: &Fixture, day: &str) -> Result<Vec<EscheatLine>, tonic::Status> {
    let message = GetEscheatReportRequest { day: day.to_owned(), ..Default::default() };
    Ok(fixture.client().get_escheat_report(fixture.with_role("fay", Role::Finance, BOOK, message)).await?.into_inner().lines)
}

/// Currency, years, owners, paid coins, deferred and whether they are dormant.
fn shown(lines: &[EscheatLine]) -> Vec<(i32, i64, i64, i64, bool)> {
    let one = |line: &EscheatLine| {
        (line.inactive_years, line.owners, line.paid_coins, line.deferred.as_ref().map_or(0, |money| money.minor_units), line.dormant)
    };
    lines.iter().map(one).collect()
}

#[tokio::test]
async fn coins_are_dormant_after_the_years_of_their_market() {
    for storage in [Storage::sqlite(), Storage::postgres()] {
        let world = world(storage, RULES).await;
        let fixture = &world.fixture;
        for user in ["ann", "bob", "cleo"] {
            bought_in_the_app(fixture, user).await;
        }
        gift(fixture, "ann", "star", 20).await;
        gift(fixture, "cleo", "star", 70).await;
        catch_up(fixture).await;
        // Ann bought five years ago and gave something four years ago; bob bought a year ago.
        let pool = fixture.pool().await;
        let year = 366 * 86_400_000_i64;
        for (sql, years) in [
            ("UPDATE coin_lot SET issued_at_ms = issued_at_ms - $1 WHERE user_id = 'ann'", 5),
            ("UPDATE lot_spend SET spent_at_ms = spent_at_ms - $1 WHERE coins = 20", 4),
            ("UPDATE coin_lot SET issued_at_ms = issued_at_ms - $1 WHERE user_id = 'bob'", 1),
        ] {
            sqlx::query(sql).bind(years * year).execute(&pool).await.unwrap();
        }
        // 50 of 70 coins for 99 cents, after 28 were earned.
        let lines = report(fixture, "").await.unwrap();
        assert_eq!(shown(&lines), [(1, 1, 70, 99, false), (4, 1, 50, 71, true)]);
        assert_eq!((lines[1].market.as_str(), lines[1].dormant_after_years, lines[1].rule_source.as_str()), ("US", 3, "an example"));
        assert_eq!(lines[1].prepaid_commission.as_ref().unwrap().minor_units, 21);
        // Three years ago there was ann's only, a year after her gift, and no rule.
        let then = jiff::Timestamp::now().as_millisecond() - 3 * year;
        let then = jiff::Timestamp::from_millisecond(then).unwrap().to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
        let lines = report(fixture, &then).await.unwrap();
        assert_eq!((shown(&lines), lines[0].dormant_after_years), (vec![(1, 1, 50, 71, false)], 0));
        assert!(report(fixture, "2001-01-01").await.unwrap().is_empty());
        for day in ["yesterday", "2026-13-01", "2026-11-28T00:00:00Z"] {
            assert_eq!(reason(report(fixture, day).await), "MALFORMED", "{day}");
        }
    }
}
