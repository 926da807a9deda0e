//! The tables `spending_profile`, `spending_limit` and `spending`: what limits users' purchases, and what they spent. [`crate::limits`] says how it counts.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use money::{BookName, Currency, UserKey};
use sqlx::{AnyConnection, Row as _};
use uuid::Uuid;

use super::{Error, Store};
use crate::limits::calendar::SpendingDay;
use crate::limits::{LimitWindow, OwnLimit, SpendingProfile, SpentSums};

/// What stands for no limit.
const UNLIMITED: i64 = -1;
/// What stands for an age that is not known.
const UNKNOWN: i64 = -1;
/// For how long something that was spent makes another zone wait, in milliseconds: longer than any day.
const RECENT_MS: i64 = 48 * 3_600_000;
/// Purchases that one statement asks for.
const ASKED_MAX: usize = 200;

/// A user's limits by day and by month, by currency.
pub(crate) type OwnLimits = BTreeMap<Currency, [OwnLimit; 2]>;

/// What is kept of what limits a user's purchases.
#[derive(Debug, Clone)]
pub struct KnownSpending {
    /// An age that the user has reached, in years.
    pub age_at_least: Option<u32>,
    /// The user's time zone.
    pub time_zone: Option<String>,
    /// The end of the last pause, in Unix milliseconds; 0: there was none.
    pub paused_until_ms: i64,
    /// When a parent withdrew consent for the app, in Unix milliseconds; 0: nobody did.
    pub consent_withdrawn_ms: i64,
    /// The user's own limits by currency and period, in minor units; less than nothing: no limit.
    pub limits: Vec<(String, String, i64)>,
}

/// Something that was spent.
#[derive(Debug, Clone)]
pub(crate) struct Spending<'a> {
    /// That of the order, or of the purchase.
    pub(crate) spending_id: Uuid,
    pub(crate) user: &'a UserKey,
    pub(crate) order_id: Option<Uuid>,
    pub(crate) purchase_id: Option<Uuid>,
    pub(crate) today: &'a SpendingDay,
    pub(crate) price: money::Money,
    /// Why it would not have been sold here.
    pub(crate) over_limit: &'static str,
    pub(crate) at_ms: i64,
}

fn text(id: Option<Uuid>) -> String {
    id.map_or_else(String::new, db::text)
}

/// Has everything else that concerns the user's limits, or begins to close or merge the user's wallet, wait until this transaction ends.
pub(crate) async fn lock(connection: &mut AnyConnection, book: &BookName, user: &UserKey) -> Result<(), Error> {
    let sql =
        "INSERT INTO spending_profile (book, user_id, age_at_least, time_zone, next_time_zone, next_zone_from_ms, paused_until_ms, changes)
         VALUES ($1, $2, -1, '', '', 0, 0, 1)
         ON CONFLICT (book, user_id) DO UPDATE SET changes = spending_profile.changes + 1";
    sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).execute(connection).await?;
    Ok(())
}

/// The same for two users; in one order, so that no two wait for each other.
pub(crate) async fn lock_both(connection: &mut AnyConnection, book: &BookName, users: [&UserKey; 2]) -> Result<(), Error> {
    for user in BTreeSet::from(users) {
        lock(connection, book, user).await?;
    }
    Ok(())
}

/// What is known of a user.
pub(crate) async fn profile(connection: &mut AnyConnection, book: &BookName, user: &UserKey) -> Result<SpendingProfile, Error> {
    let query = sqlx::query("SELECT * FROM spending_profile WHERE book = $1 AND user_id = $2").bind(book.as_str()).bind(user.as_str());
    let Some(row) = query.fetch_optional(connection).await? else { return Ok(SpendingProfile::default()) };
    let zone = |column: &str| row.try_get::<String, _>(column).map(|name| Some(name).filter(|name| !name.is_empty()));
    let (age, from_ms): (i64, i64) = (row.try_get("age_at_least")?, row.try_get("next_zone_from_ms")?);
    let damaged = |_| Error::Damaged { purchase_id: format!("of user {user}"), column: "spending_profile.age_at_least" };
    Ok(SpendingProfile {
        age_at_least: if age == UNKNOWN { None } else { Some(u32::try_from(age).map_err(damaged)?) },
        time_zone: zone("time_zone")?,
        next_zone: if from_ms == 0 { None } else { Some((zone("next_time_zone")?, from_ms)) },
        paused_until_ms: row.try_get("paused_until_ms")?,
        consent_withdrawn_ms: row.try_get("consent_withdrawn_ms")?,
    })
}

/// Notes that a parent withdrew consent for the app of this user.
pub(super) async fn consent_withdrawn(connection: &mut AnyConnection, book: &BookName, user: &UserKey, at_ms: i64) -> Result<(), Error> {
    lock(connection, book, user).await?;
    let sql = "UPDATE spending_profile SET consent_withdrawn_ms = $3 WHERE book = $1 AND user_id = $2";
    sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).bind(at_ms).execute(connection).await?;
    Ok(())
}

/// Stores what is known of a user, whose row is locked.
pub(crate) async fn set_profile(
    connection: &mut AnyConnection,
    book: &BookName,
    user: &UserKey,
    to: &SpendingProfile,
) -> Result<(), Error> {
    let (next, from_ms) = to.next_zone.clone().unwrap_or_default();
    let sql =
        "UPDATE spending_profile SET age_at_least = $3, time_zone = $4, next_time_zone = $5, next_zone_from_ms = $6, paused_until_ms = $7,
            consent_withdrawn_ms = $8
        WHERE book = $1 AND user_id = $2";
    let query = sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).bind(to.age_at_least.map_or(UNKNOWN, i64::from));
    let query = query.bind(to.time_zone.clone().unwrap_or_default()).bind(next.unwrap_or_default()).bind(from_ms);
    query.bind(to.paused_until_ms).bind(to.consent_withdrawn_ms).execute(connection).await?;
    Ok(())
}

/// A user's limits.
pub(crate) async fn limits(connection: &mut AnyConnection, book: &BookName, user: &UserKey) -> Result<OwnLimits, Error> {
    let query = sqlx::query("SELECT * FROM spending_limit WHERE book = $1 AND user_id = $2").bind(book.as_str()).bind(user.as_str());
    let mut found = OwnLimits::new();
    for row in query.fetch_all(connection).await? {
        let (code, period): (String, String) = (row.try_get("currency")?, row.try_get("period")?);
        let damaged = |column| Error::Damaged { purchase_id: format!("of user {user}"), column };
        let currency = Currency::try_new(&code).map_err(|_| damaged("spending_limit.currency"))?;
        let number = |column: &str| row.try_get::<i64, _>(column);
        let limit = |most: i64| Some(most).filter(|most| *most != UNLIMITED);
        let next = Some((limit(number("next_minor_units")?), number("next_from_ms")?)).filter(|(_, from_ms)| *from_ms > 0);
        let own = OwnLimit { most: limit(number("limit_minor_units")?), next };
        let of = found.entry(currency).or_default();
        match LimitWindow::ALL.into_iter().find(|window| window.word() == period) {
            Some(LimitWindow::Day) => of[0] = own,
            Some(LimitWindow::Month) => of[1] = own,
            Some(LimitWindow::Purchase) | None => return Err(damaged("spending_limit.period")),
        }
    }
    Ok(found)
}

/// Stores a user's limits in a currency.
pub(crate) async fn set_limits(
    connection: &mut AnyConnection,
    book: &BookName,
    user: &UserKey,
    currency: Currency,
    to: [OwnLimit; 2],
) -> Result<(), Error> {
    for (window, limit) in [LimitWindow::Day, LimitWindow::Month].into_iter().zip(to) {
        let (next, from_ms) = limit.next.unwrap_or((None, 0));
        let sql = "INSERT INTO spending_limit (book, user_id, currency, period, limit_minor_units, next_minor_units, next_from_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (book, user_id, currency, period) DO UPDATE SET limit_minor_units = excluded.limit_minor_units,
                 next_minor_units = excluded.next_minor_units, next_from_ms = excluded.next_from_ms";
        let query = sqlx::query(sql).bind(book.as_str()).bind(user.as_str()).bind(currency.code().to_owned()).bind(window.word());
        let query = query.bind(limit.most.unwrap_or(UNLIMITED)).bind(next.unwrap_or(UNLIMITED)).bind(from_ms);
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// What limits a user, and what the user spent, is from now on that of the one into whose wallet the user's was merged. Of two limits the lower one holds.
pub(super) async fn merged(
    connection: &mut AnyConnection,
    book: &BookName,
    from: &UserKey,
    into: &UserKey,
    now_ms: i64,
) -> Result<(), Error> {
    lock_both(connection, book, [from, into]).await?;
    let brought = profile(connection, book, from).await?;
    let known = profile(connection, book, into).await?.joined(&brought);
    set_profile(connection, book, into, &known).await?;
    let own = limits(connection, book, into).await?;
    for (currency, brought) in limits(connection, book, from).await? {
        let own = own.get(&currency).copied().unwrap_or_default();
        let joined = [0, 1].map(|at: usize| own[at].joined(brought[at], now_ms));
        set_limits(connection, book, into, currency, joined).await?;
    }
    // What has moved is not brought a second time, after the other has asked for a higher limit.
    let moved = "DELETE FROM spending_limit WHERE book = $1 AND user_id = $2";
    sqlx::query(moved).bind(book.as_str()).bind(from.as_str()).execute(&mut *connection).await?;
    let spent = "UPDATE spending SET user_id = $3 WHERE book = $1 AND user_id = $2";
    sqlx::query(spent).bind(book.as_str()).bind(from.as_str()).bind(into.as_str()).execute(connection).await?;
    Ok(())
}

/// What a user spent in a currency, on a day and in its month, less what was paid back of it. Orders that ended unpaid don't count, nor does what is excepted.
pub(crate) async fn spent(
    connection: &mut AnyConnection,
    book: &BookName,
    user: &UserKey,
    currency: Currency,
    today: &SpendingDay,
    except: Option<Uuid>,
) -> Result<SpentSums, Error> {
    let bought = "SELECT s.day, CAST(SUM(s.minor_units) AS BIGINT) FROM spending s
        LEFT JOIN store_order o ON o.book = s.book AND o.order_id = s.order_id
        WHERE s.book = $1 AND s.user_id = $2 AND s.currency = $3 AND s.month = $4 AND s.spending_id <> $5 AND (s.purchase_id <> '' OR o.state IN (1, 2, 3, 6))
        GROUP BY s.day";
    let paid_back = "SELECT s.day, CAST(SUM(CASE WHEN r.is_back = 1 THEN r.amount_minor_units ELSE -r.amount_minor_units END) AS BIGINT)
        FROM spending s JOIN refund r ON r.book = s.book AND r.purchase_id = s.purchase_id
        WHERE s.book = $1 AND s.user_id = $2 AND s.currency = $3 AND s.month = $4 AND s.spending_id <> $5 AND s.purchase_id <> '' AND r.state = 3
        GROUP BY s.day";
    let (mut sums, day) = (SpentSums::default(), today.day.to_string());
    for sql in [bought, paid_back] {
        let query = sqlx::query_as::<_, (String, i64)>(sql).bind(book.as_str()).bind(user.as_str());
        let query = query.bind(currency.code().to_owned()).bind(today.month()).bind(text(except));
        for (on, minor_units) in query.fetch_all(&mut *connection).await? {
            sums.month = sums.month.saturating_add(minor_units);
            if on == day {
                sums.day = sums.day.saturating_add(minor_units);
            }
        }
    }
    Ok(sums)
}

/// Whether a user spent something so lately that it may count for the present day in some zone.
pub(crate) async fn has_spent(connection: &mut AnyConnection, book: &BookName, user: &UserKey, now_ms: i64) -> Result<bool, Error> {
    let sql = "SELECT COUNT(*) FROM spending WHERE book = $1 AND user_id = $2 AND spent_at_ms > $3";
    let query = sqlx::query_scalar::<_, i64>(sql).bind(book.as_str()).bind(user.as_str()).bind(now_ms.saturating_sub(RECENT_MS));
    Ok(query.fetch_one(connection).await? > 0)
}

/// Counts something that is spent; what is counted already stays.
pub(crate) async fn insert(connection: &mut AnyConnection, book: &BookName, new: &Spending<'_>) -> Result<(), Error> {
    let sql = "INSERT INTO spending (book, spending_id, user_id, order_id, purchase_id, day, month, currency, minor_units, over_limit, spent_at_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING";
    let query = sqlx::query(sql).bind(book.as_str()).bind(text(Some(new.spending_id))).bind(new.user.as_str());
    let query = query.bind(text(new.order_id)).bind(text(new.purchase_id)).bind(new.today.day.to_string()).bind(new.today.month());
    let query = query.bind(new.price.currency().code().to_owned()).bind(new.price.minor_units());
    query.bind(new.over_limit).bind(new.at_ms).execute(connection).await?;
    Ok(())
}

/// What was counted with an order is that of its purchase from now on. False: nothing was.
pub(crate) async fn is_paid(
    connection: &mut AnyConnection,
    book: &BookName,
    order_id: Uuid,
    purchase_id: Uuid,
    over_limit: &'static str,
) -> Result<bool, Error> {
    let sql = "UPDATE spending SET purchase_id = $3, over_limit = $4 WHERE book = $1 AND spending_id = $2";
    let query = sqlx::query(sql).bind(book.as_str()).bind(text(Some(order_id))).bind(text(Some(purchase_id))).bind(over_limit);
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

impl Store {
    /// Of these purchases those that would not have been sold here, and why. Their index has no rows without a purchase, and SQLite takes it only if that is said.
    pub(crate) async fn over_limits(&self, book: &BookName, purchases: &[Uuid]) -> Result<HashMap<Uuid, String>, Error> {
        let mut found = HashMap::new();
        for chunk in purchases.chunks(ASKED_MAX) {
            let places: Vec<String> = (0..chunk.len()).map(|at| format!("${}", at + 2)).collect();
            let sql = format!(
                "SELECT purchase_id, over_limit FROM spending WHERE book = $1 AND over_limit <> '' AND purchase_id <> '' AND purchase_id IN ({})",
                places.join(", ")
            );
            let query = sqlx::query_as::<_, (String, String)>(sqlx::AssertSqlSafe(sql)).bind(book.as_str().to_owned());
            let rows = chunk.iter().fold(query, |query, id| query.bind(text(Some(*id)))).fetch_all(&self.pool).await?;
            found.extend(rows.into_iter().filter_map(|(id, why)| Some((Uuid::try_parse(&id).ok()?, why))));
        }
        Ok(found)
    }

    /// What limits a user's purchases, for showing it to its owner.
    pub async fn spending_of(&self, book: &BookName, user: &UserKey) -> Result<KnownSpending, Error> {
        let mut connection = self.pool.acquire().await?;
        let known = profile(&mut connection, book, user).await?;
        let sql =
            "SELECT currency, period, limit_minor_units FROM spending_limit WHERE book = $1 AND user_id = $2 ORDER BY currency, period";
        let limits = sqlx::query_as(sql).bind(book.as_str()).bind(user.as_str()).fetch_all(&mut *connection).await?;
        let SpendingProfile { age_at_least, time_zone, paused_until_ms, consent_withdrawn_ms, .. } = known;
        Ok(KnownSpending { age_at_least, time_zone, paused_until_ms, consent_withdrawn_ms, limits })
    }
}
