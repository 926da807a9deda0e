//! The lease row, and ending the sessions of a writer that lost it.
//!
//! A process that vanished with an open transaction leaves its rows locked for as long as its connections seem alive to the server, which may
//! be hours. The process that takes its lease ends its sessions first. That is safe whatever the loser still does: its commits get an unknown
//! outcome, which it can only resolve by writing, and that fails at the fence.

use crate::store::Error;
use money::time::CLOCKS_DIFFER_MS;
use sqlx::{AssertSqlSafe, PgPool};
use tracing::warn;

/// Milliseconds since the Unix epoch on the database's clock.
const NOW: &str = "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";

/// Milliseconds to wait for each session to end. Sessions that wait for a disk may end later.
const END_MAX_MS: i64 = 300;

/// The process that asks, and the name of its sessions on the server.
pub(super) struct Taker<'a> {
    pub owner: &'a str,
    pub session: &'a str,
}

/// Takes or renews the lease; also from `gone`. Returns the owner who has it.
pub(super) async fn take(pool: &PgPool, taker: &Taker<'_>, hold_ms: i64, gone: Option<&str>) -> Result<String, Error> {
    let Taker { owner, session } = taker;
    // Reads first: the loser writes nothing while it waits, and is not blocked by a lock on the row.
    let over = format!("(lease.until_ms < {NOW} OR ($1 > 0 AND lease.until_ms > {NOW} + $1 + {CLOCKS_DIFFER_MS}))");
    let sql = format!("SELECT owner, session, {over} FROM lease WHERE id = 1");
    let there: Option<(String, String, bool)> = sqlx::query_as(AssertSqlSafe(sql)).bind(hold_ms).fetch_optional(pool).await?;
    if let Some((holder, its_session, over)) = there
        && holder != *owner
    {
        if !over && gone != Some(holder.as_str()) {
            return Ok(holder);
        }
        if its_session != *session {
            end(pool, &holder, &its_session).await;
        }
    }
    let free = format!("(lease.owner IN ($1, $3) OR {})", over.replace("$1", "$2"));
    let until = format!("CASE WHEN $2 > 0 THEN {NOW} + $2 ELSE 0 END");
    let sql = format!(
        "INSERT INTO lease (id, owner, until_ms, session) VALUES (1, $1, {until}, $4) ON CONFLICT (id) DO UPDATE SET \
         owner = CASE WHEN {free} THEN $1 ELSE lease.owner END, \
         session = CASE WHEN {free} THEN $4 ELSE lease.session END, \
         until_ms = CASE WHEN {free} THEN {until} ELSE lease.until_ms END RETURNING owner"
    );
    let query = sqlx::query_scalar(AssertSqlSafe(sql)).bind(owner).bind(hold_ms).bind(gone.unwrap_or(owner)).bind(session);
    Ok(query.fetch_one(pool).await?)
}

/// Ends all sessions of this name. Without the privilege for that, the server's time-outs have to do it.
async fn end(pool: &PgPool, holder: &str, session: &str) {
    let sql = "SELECT COUNT(*) FILTER (WHERE pg_terminate_backend(pid, $2)) FROM pg_stat_activity \
               WHERE application_name = $1 AND datname = current_database()";
    match sqlx::query_scalar::<_, i64>(sql).bind(session).bind(END_MAX_MS).fetch_one(pool).await {
        Ok(0) => {}
        Ok(ended) => warn!(holder, ended, "the lease's last holder left sessions behind, ended them"),
        Err(why) => warn!(holder, %why, "can't end the sessions that the lease's last holder left behind"),
    }
}
