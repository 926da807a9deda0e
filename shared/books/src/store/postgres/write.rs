//! One batch, one statement: every table's rows as arrays. Data-modifying WITH parts are applied all or not at all, and the fence is one of them.

use super::notice;
use crate::{
    codec,
    domain::{
        account::BookAccount,
        event::{Checkpoint, Transfer},
        standing::Standing,
    },
    store::{Batch, CommitError, rows},
};
use sqlx::{
    PgPool, Postgres,
    postgres::{PgArguments, PgDatabaseError, PgSeverity},
    query::Query,
};

#[cfg(test)]
mod tests;

/// `$1` is the book; the commit row is `$2` to `$9`; then come arrays, one for each column.
const COMMIT: &str = "\
WITH fence AS (INSERT INTO \"commit\" (book, commit_no, epoch, last_seq, last_key, time, format, hash, replay_from) \
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)), \
events AS (INSERT INTO event (book, seq, id, body, checksum) \
  SELECT $1, * FROM UNNEST($10::bigint[], $11::bytea[], $12::bytea[], $13::bigint[])), \
refusals AS (INSERT INTO refusal (book, id, time, reason, facts, fields) \
  SELECT $1, * FROM UNNEST($14::bytea[], $15::bigint[], $16::text[], $17::text[], $18::text[])), \
guards AS (INSERT INTO guard (book, key, value, cap) SELECT $1, * FROM UNNEST($19::text[], $20::bigint[], $21::bigint[]) \
  ON CONFLICT (book, key) DO UPDATE SET value = excluded.value, cap = excluded.cap), \
holds AS (INSERT INTO hold (book, no, debit, credit, amount, resolved_seq, expire_time, expired) \
  SELECT $1, * FROM UNNEST($22::bigint[], $23::bigint[], $24::bigint[], $25::bigint[], $26::bigint[], $27::bigint[], $28::bigint[]) \
  ON CONFLICT (book, no) DO UPDATE SET resolved_seq = excluded.resolved_seq, expired = excluded.expired), \
accounts AS (INSERT INTO account (book, key, name, state, debits_posted, credits_posted, debits_pending, credits_pending, last_transfer, \
    entries, seq) \
  SELECT $1, * FROM UNNEST($29::bigint[], $30::text[], $31::bigint[], $32::bigint[], $33::bigint[], $34::bigint[], $35::bigint[], \
    $36::bigint[], $37::bigint[], $38::bigint[]) \
  ON CONFLICT (book, key) DO UPDATE SET state = excluded.state, debits_posted = excluded.debits_posted, \
    credits_posted = excluded.credits_posted, debits_pending = excluded.debits_pending, credits_pending = excluded.credits_pending, \
    last_transfer = excluded.last_transfer, entries = excluded.entries, seq = excluded.seq WHERE excluded.seq > account.seq), \
checkpoints AS (INSERT INTO checkpoint (book, account, no, entry_no, time, debits_posted, credits_posted, debits_pending, credits_pending) \
  SELECT $1, * FROM UNNEST($55::bigint[], $56::bigint[], $57::bigint[], $58::bigint[], $59::bigint[], $60::bigint[], $61::bigint[], \
    $62::bigint[])), \
limits AS (INSERT INTO debit_limit (book, account, span, zone, amount, seq) \
  SELECT $1, * FROM UNNEST($63::bigint[], $64::bigint[], $65::text[], $66::bigint[], $67::bigint[]) \
  ON CONFLICT (book, account, span) DO UPDATE SET zone = excluded.zone, amount = excluded.amount, seq = excluded.seq), \
logs AS (INSERT INTO account_log (book, commit_no, body) SELECT $1, * FROM UNNEST($68::bigint[], $69::bytea[])), \
trims AS (DELETE FROM account_log WHERE book = $1 AND commit_no < $70), \
settles AS (UPDATE account SET debits_posted = v.dp, credits_posted = v.cp, debits_pending = v.dh, credits_pending = v.ch, \
    last_transfer = v.lt, entries = v.en, seq = v.sq \
  FROM UNNEST($71::bigint[], $72::bigint[], $73::bigint[], $74::bigint[], $75::bigint[], $76::bigint[], $77::bigint[], $78::bigint[]) \
    AS v (key, dp, cp, dh, ch, lt, en, sq) WHERE account.book = $1 AND account.key = v.key AND account.seq < v.sq) \
INSERT INTO transfer (book, no, debit, credit, amount, kind, pending_no, d_debits_posted, d_credits_posted, d_debits_pending, \
    d_credits_pending, c_debits_posted, c_credits_posted, c_debits_pending, c_credits_pending, debit_prev, credit_prev) \
  SELECT $1, * FROM UNNEST($39::bigint[], $40::bigint[], $41::bigint[], $42::bigint[], $43::bigint[], $44::bigint[], $45::bigint[], \
    $46::bigint[], $47::bigint[], $48::bigint[], $49::bigint[], $50::bigint[], $51::bigint[], $52::bigint[], $53::bigint[], $54::bigint[])";

type Bound = Query<'static, Postgres, PgArguments>;

/// SQLSTATE of a duplicate key.
const UNIQUE_VIOLATION: &str = "23505";

/// SQLSTATE classes and codes (PostgreSQL's Appendix A) of errors that are raised before a commit record is written, and end the transaction: data,
/// constraint, rollback (serialization, deadlock), statement or rights, resources; a lock not obtained in time; a server that accepts no writes.
const NOTHING_WRITTEN: [&str; 7] = ["22", "23", "40", "42", "53", "55P03", "25006"];

/// Of class 40, but the outcome is unknown: statement_completion_unknown.
const COMPLETION_UNKNOWN: &str = "40003";

/// What a server's error means for a commit. A failure has to prove that nothing was written; any other error, from a server that stops, a node
/// behind it or a proxy before it, leaves that open. So does an error that ended the session: it may have come after the commit record.
fn outcome(code: &str, severity: Option<PgSeverity>, why: String) -> CommitError {
    let proven = code != COMPLETION_UNKNOWN && NOTHING_WRITTEN.iter().any(|known| code.starts_with(known));
    match code {
        // Whichever table noticed first: another writer has written under our numbers.
        UNIQUE_VIOLATION => CommitError::Fenced,
        _ if proven && severity == Some(PgSeverity::Error) => CommitError::Failed(why),
        _ => CommitError::Unknown(why),
    }
}

pub(super) async fn commit(pool: &PgPool, batch: &Batch) -> Result<(), CommitError> {
    // Nothing was sent yet: a failure here is certain.
    let mut connection = pool.acquire().await.map_err(|error| CommitError::Failed(error.to_string()))?;
    let commit = &batch.commit;
    let query = sqlx::query(COMMIT).bind(batch.book).bind(commit.commit_no).bind(commit.epoch).bind(commit.last_seq).bind(commit.last_key);
    let query = query.bind(commit.time).bind(codec::FORMAT).bind(commit.hash.to_vec()).bind(commit.replay_from);
    let query = bind_events(query, batch);
    let query = bind_refusals(query, batch);
    let query = bind_guards_and_holds(query, batch);
    let query = bind_accounts(query, batch);
    let query = bind_checkpoints(bind_transfers(query, batch), batch);
    let query = bind_standings(bind_limits(query, batch), batch);
    let (answer, warning) = notice::with_warning(query.execute(&mut *connection)).await;
    match answer {
        Ok(_) => match warning {
            None => Ok(()),
            // Its wait for the standby was cancelled: it is written here, but lost if this machine is lost now.
            Some(why) => Err(CommitError::Unknown(why)),
        },
        Err(sqlx::Error::Database(error)) => {
            let severity = error.try_downcast_ref::<PgDatabaseError>().map(PgDatabaseError::severity);
            Err(outcome(&error.code().unwrap_or_default(), severity, error.to_string()))
        }
        Err(error) => {
            // A connection in doubt is not used again: the lost statement may still run on it.
            let _closed = connection.close().await;
            Err(CommitError::Unknown(error.to_string()))
        }
    }
}

fn bind_events(query: Bound, batch: &Batch) -> Bound {
    let events = &batch.events;
    let query = query.bind(events.iter().map(|stored| stored.event.seq).collect::<Vec<_>>());
    let query = query.bind(events.iter().map(|stored| stored.event.id.as_bytes().to_vec()).collect::<Vec<_>>());
    let query = query.bind(events.iter().map(|stored| stored.body.clone()).collect::<Vec<_>>());
    query.bind(events.iter().map(|stored| stored.checksum).collect::<Vec<_>>())
}

fn bind_refusals(query: Bound, batch: &Batch) -> Bound {
    let refusals = &batch.refusals;
    let query = query.bind(refusals.iter().map(|row| row.id.as_bytes().to_vec()).collect::<Vec<_>>());
    let query = query.bind(refusals.iter().map(|row| row.time).collect::<Vec<_>>());
    let query = query.bind(refusals.iter().map(|row| row.told.reason.clone()).collect::<Vec<_>>());
    let query = query.bind(refusals.iter().map(|row| rows::pairs(&row.told.facts)).collect::<Vec<_>>());
    query.bind(refusals.iter().map(|row| rows::pairs(&*row.fields)).collect::<Vec<_>>())
}

fn bind_guards_and_holds(query: Bound, batch: &Batch) -> Bound {
    let query = query.bind(batch.guards.iter().map(|(key, _)| key.clone()).collect::<Vec<_>>());
    let query = query.bind(batch.guards.iter().map(|(_, guard)| guard.value).collect::<Vec<_>>());
    let query = query.bind(batch.guards.iter().map(|(_, guard)| guard.cap).collect::<Vec<_>>());
    let query = query.bind(batch.holds.iter().map(|hold| hold.no).collect::<Vec<_>>());
    let query = query.bind(batch.holds.iter().map(|hold| hold.debit).collect::<Vec<_>>());
    let query = query.bind(batch.holds.iter().map(|hold| hold.credit).collect::<Vec<_>>());
    let query = query.bind(batch.holds.iter().map(|hold| hold.amount).collect::<Vec<_>>());
    let query = query.bind(batch.holds.iter().map(|hold| hold.resolved_seq).collect::<Vec<_>>());
    let query = query.bind(batch.holds.iter().map(|hold| hold.expire_time).collect::<Vec<_>>());
    query.bind(batch.holds.iter().map(|hold| i64::from(hold.expired)).collect::<Vec<_>>())
}

fn bind_accounts(query: Bound, batch: &Batch) -> Bound {
    let accounts: Vec<&BookAccount> = batch.opened.iter().chain(&batch.flushed).collect();
    let ints = |of: fn(&BookAccount) -> i64| accounts.iter().map(|account| of(account)).collect::<Vec<_>>();
    let query = query.bind(ints(|a| a.key));
    let query = query.bind(accounts.iter().map(|account| account.name.to_string()).collect::<Vec<_>>());
    let query = query.bind(ints(|a| a.state.code())).bind(ints(|a| a.counters.debits_posted)).bind(ints(|a| a.counters.credits_posted));
    let query = query.bind(ints(|a| a.counters.debits_pending)).bind(ints(|a| a.counters.credits_pending));
    query.bind(ints(|a| a.last_transfer)).bind(ints(|a| a.entries)).bind(ints(|a| a.seq))
}

fn bind_transfers(query: Bound, batch: &Batch) -> Bound {
    let transfers: Vec<&Transfer> = batch.events.iter().flat_map(|stored| &stored.event.transfers).collect();
    let ints = |of: fn(&Transfer) -> i64| transfers.iter().map(|transfer| of(transfer)).collect::<Vec<_>>();
    let query = query.bind(ints(|t| t.no)).bind(ints(|t| t.debit)).bind(ints(|t| t.credit)).bind(ints(|t| t.amount));
    let query = query.bind(ints(|t| t.kind.code())).bind(ints(|t| t.pending_no));
    let query = query.bind(ints(|t| t.debit_after.debits_posted)).bind(ints(|t| t.debit_after.credits_posted));
    let query = query.bind(ints(|t| t.debit_after.debits_pending)).bind(ints(|t| t.debit_after.credits_pending));
    let query = query.bind(ints(|t| t.credit_after.debits_posted)).bind(ints(|t| t.credit_after.credits_posted));
    let query = query.bind(ints(|t| t.credit_after.debits_pending)).bind(ints(|t| t.credit_after.credits_pending));
    query.bind(ints(|t| t.debit_prev)).bind(ints(|t| t.credit_prev))
}

fn bind_limits(query: Bound, batch: &Batch) -> Bound {
    let limits = &batch.limits;
    let query = query.bind(limits.iter().map(|limit| limit.account).collect::<Vec<_>>());
    let query = query.bind(limits.iter().map(|limit| limit.window.code()).collect::<Vec<_>>());
    let query = query.bind(limits.iter().map(|limit| limit.zone.clone()).collect::<Vec<_>>());
    let query = query.bind(limits.iter().map(|limit| limit.max).collect::<Vec<_>>());
    query.bind(limits.iter().map(|limit| limit.seq).collect::<Vec<_>>())
}

fn bind_standings(query: Bound, batch: &Batch) -> Bound {
    let Batch { logged, settled, .. } = batch;
    let (no, log) = if logged.is_empty() { (vec![], vec![]) } else { (vec![batch.commit.commit_no], vec![codec::encode_log(logged)]) };
    let query = query.bind(no).bind(log).bind(settled.log_from);
    let ints = |of: fn(&Standing) -> i64| settled.standings.iter().map(of).collect::<Vec<_>>();
    let query = query.bind(ints(|s| s.key)).bind(ints(|s| s.counters.debits_posted)).bind(ints(|s| s.counters.credits_posted));
    let query = query.bind(ints(|s| s.counters.debits_pending)).bind(ints(|s| s.counters.credits_pending));
    query.bind(ints(|s| s.last_transfer)).bind(ints(|s| s.entries)).bind(ints(Standing::seq))
}

fn bind_checkpoints(query: Bound, batch: &Batch) -> Bound {
    let ints = |of: fn(&Checkpoint) -> i64| batch.checkpoints.iter().map(of).collect::<Vec<_>>();
    let query = query.bind(ints(|c| c.account)).bind(ints(|c| c.no)).bind(ints(|c| c.entry_no)).bind(ints(|c| c.time));
    let query = query.bind(ints(|c| c.counters.debits_posted)).bind(ints(|c| c.counters.credits_posted));
    query.bind(ints(|c| c.counters.debits_pending)).bind(ints(|c| c.counters.credits_pending))
}
