//! Cases and what people decided of them.
use super::{Error, Store, day_text, items::SEPARATOR, optional_date, text};
use crate::domain::bank::{Adjustment, AdjustmentKind, CaseState, FoundCase, KeptCase, class_of};
use sqlx::{AnyConnection, Row as _, any::AnyRow};
use std::collections::BTreeMap;
use uuid::Uuid;

/// Which cases a list has.
#[derive(Debug, Clone, Default)]
pub struct CaseFilter {
    /// Only those of this account, if not empty.
    pub account: String,
    /// Only those of this state.
    pub state: Option<CaseState>,
    /// Only those after this one: when it was found, and its id.
    pub after: Option<(i64, Uuid)>,
}

impl Store {
    /// A case.
    pub async fn case(&self, book: &str, id: &str) -> Result<Option<KeptCase>, Error> {
        let query = sqlx::query("SELECT * FROM bank_case WHERE book = $1 AND case_id = $2");
        query.bind(book.to_owned()).bind(id.to_owned()).fetch_optional(&self.pool).await?.as_ref().map(case).transpose()
    }

    /// All cases of an account.
    pub async fn cases(&self, book: &str, account: &str) -> Result<Vec<KeptCase>, Error> {
        let query = sqlx::query("SELECT * FROM bank_case WHERE book = $1 AND account_id = $2 ORDER BY found_at_ms, case_id");
        query.bind(book.to_owned()).bind(account.to_owned()).fetch_all(&self.pool).await?.iter().map(case).collect()
    }

    /// A page of cases, the oldest first.
    pub async fn list_cases(&self, book: &str, filter: &CaseFilter, rows: i64) -> Result<Vec<KeptCase>, Error> {
        let query = sqlx::query(
            "SELECT * FROM bank_case WHERE book = $1 AND ($2 = '' OR account_id = $2) AND ($3 = '' OR state = $3)
             AND (found_at_ms > $4 OR (found_at_ms = $4 AND case_id > $5)) ORDER BY found_at_ms, case_id LIMIT $6",
        );
        let (at, id) = filter.after.map_or((-1, String::new()), |(at, id)| (at, id.simple().to_string()));
        let query = query.bind(book.to_owned()).bind(filter.account.clone()).bind(filter.state.map_or("", CaseState::name).to_owned());
        query.bind(at).bind(id).bind(rows).fetch_all(&self.pool).await?.iter().map(case).collect()
    }

    /// A page of the cases that need work, the oldest first; after this one when given: when it was found, and its id.
    pub async fn open_cases(&self, book: &str, after: Option<(i64, Uuid)>, rows: i64) -> Result<Vec<KeptCase>, Error> {
        let query = sqlx::query(
            "SELECT * FROM bank_case WHERE book = $1 AND state = 'open' AND (found_at_ms, case_id) > ($2, $3)
             ORDER BY found_at_ms, case_id LIMIT $4",
        );
        let (at, id) = after.map_or((-1, String::new()), |(at, id)| (at, id.simple().to_string()));
        query.bind(book.to_owned()).bind(at).bind(id).bind(rows).fetch_all(&self.pool).await?.iter().map(case).collect()
    }

    /// How many cases of an account are open.
    pub async fn open_case_count(&self, book: &str, account: &str) -> Result<i64, Error> {
        let query = sqlx::query("SELECT COUNT(*) AS cases FROM bank_case WHERE book = $1 AND account_id = $2 AND state = 'open'");
        Ok(query.bind(book.to_owned()).bind(account.to_owned()).fetch_one(&self.pool).await?.try_get("cases")?)
    }

    /// Makes somebody responsible.
    pub async fn assign(&self, book: &str, id: &str, assignee: &str) -> Result<(), Error> {
        let query = sqlx::query("UPDATE bank_case SET assignee = $3 WHERE book = $1 AND case_id = $2");
        query.bind(book.to_owned()).bind(id.to_owned()).bind(assignee.to_owned()).execute(&self.pool).await?;
        Ok(())
    }

    /// Records a person's explanation; with `left_out`, the file takes no part any more.
    pub async fn explain(&self, book: &str, case: &KeptCase, by: &str, why: &str, left_out: bool) -> Result<(), Error> {
        let mut tx = db::begin(&self.pool).await?;
        let query = sqlx::query(
            "UPDATE bank_case SET state = 'explained', resolution = 'explained', explained_by = $3, explanation = $4
             WHERE book = $1 AND case_id = $2",
        );
        let query = query.bind(book.to_owned()).bind(case.found.id.clone()).bind(by.to_owned()).bind(why.to_owned());
        query.execute(&mut *tx).await?;
        if left_out {
            super::files::leave_out(&mut tx, book, &case.found.file_hash).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// What approved adjustments of an account's cases added to the money at the bank, by case.
    pub async fn adjusted(&self, book: &str, account: &str) -> Result<BTreeMap<String, i64>, Error> {
        let query = sqlx::query(
            "SELECT a.case_id, a.cash_effect FROM case_adjustment a JOIN bank_case c ON c.book = a.book AND c.case_id = a.case_id
             WHERE a.book = $1 AND c.account_id = $2 AND a.state IN ('approved', 'posted')",
        );
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for row in query.bind(book.to_owned()).bind(account.to_owned()).fetch_all(&self.pool).await? {
            *sums.entry(text(&row, "case_id")?).or_default() += row.try_get::<i64, _>("cash_effect")?;
        }
        Ok(sums)
    }

    /// An adjustment.
    pub async fn adjustment(&self, book: &str, id: Uuid) -> Result<Option<Adjustment>, Error> {
        let query = sqlx::query("SELECT * FROM case_adjustment WHERE book = $1 AND adjustment_id = $2");
        let row = query.bind(book.to_owned()).bind(id.simple().to_string()).fetch_optional(&self.pool).await?;
        row.as_ref().map(adjustment).transpose()
    }

    /// What was proposed last for a case.
    pub async fn newest_adjustment(&self, book: &str, case_id: &str) -> Result<Option<Adjustment>, Error> {
        let query = sqlx::query(
            "SELECT * FROM case_adjustment WHERE book = $1 AND case_id = $2 AND state <> 'replaced' ORDER BY proposed_at_ms DESC LIMIT 1",
        );
        let row = query.bind(book.to_owned()).bind(case_id.to_owned()).fetch_optional(&self.pool).await?;
        row.as_ref().map(adjustment).transpose()
    }

    /// Records a proposal in place of the one before.
    pub async fn propose(&self, book: &str, proposal: &Adjustment, reason: &str) -> Result<(), Error> {
        let mut tx = db::begin(&self.pool).await?;
        let replace = sqlx::query("UPDATE case_adjustment SET state = 'replaced' WHERE book = $1 AND case_id = $2 AND state = 'proposed'");
        replace.bind(book.to_owned()).bind(proposal.case_id.clone()).execute(&mut *tx).await?;
        let sql =
            "INSERT INTO case_adjustment (book, adjustment_id, case_id, kind, transfers, reason, proposed_by, cash_effect, proposed_at_ms,
            state, approved_by, approval_reason, approved_at_ms)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'proposed', '', '', 0) ON CONFLICT DO NOTHING";
        let (id, transfers) = (proposal.id.simple().to_string(), super::json(&proposal.transfers)?);
        let texts = [book, &id, &proposal.case_id, proposal.kind.name(), &transfers, reason, &proposal.proposed.0];
        let query = texts.into_iter().fold(sqlx::query(sql), |query, value| query.bind(value.to_owned()));
        let effect = crate::domain::bank::cash_effect(&proposal.transfers).unwrap_or_default();
        query.bind(effect).bind(proposal.proposed.1).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Records the second person's approval, unless something else was decided meanwhile; the case is resolved from then on.
    pub async fn approve(&self, book: &str, proposal: &Adjustment, by: &str, reason: &str, now_ms: i64) -> Result<bool, Error> {
        let mut tx = db::begin(&self.pool).await?;
        let approve = sqlx::query(
            "UPDATE case_adjustment SET state = 'approved', approved_by = $3, approval_reason = $4, approved_at_ms = $5
             WHERE book = $1 AND adjustment_id = $2 AND state = 'proposed'
             AND EXISTS (SELECT 1 FROM bank_case c WHERE c.book = $1 AND c.case_id = $6 AND c.state <> 'resolved')",
        );
        let approve = approve.bind(book.to_owned()).bind(proposal.id.simple().to_string()).bind(by.to_owned()).bind(reason.to_owned());
        let approved = approve.bind(now_ms).bind(proposal.case_id.clone()).execute(&mut *tx).await?;
        if approved.rows_affected() == 0 {
            return Ok(false);
        }
        let resolve = sqlx::query("UPDATE bank_case SET state = 'resolved', resolution = $3 WHERE book = $1 AND case_id = $2");
        let resolve = resolve.bind(book.to_owned()).bind(proposal.case_id.clone());
        resolve.bind(proposal.kind.resolution().to_owned()).execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Records that the ledger has an adjustment; or with `refused`, that it will never have it, so that the case is open again.
    pub async fn adjustment_posted(&self, book: &str, proposal: &Adjustment, refused: bool) -> Result<(), Error> {
        let mut tx = db::begin(&self.pool).await?;
        let state = if refused { "replaced" } else { "posted" };
        let query = sqlx::query("UPDATE case_adjustment SET state = $3 WHERE book = $1 AND adjustment_id = $2 AND state = 'approved'");
        let query = query.bind(book.to_owned()).bind(proposal.id.simple().to_string()).bind(state.to_owned());
        // Another call may have noted it, and something else may have been decided of the case since.
        if query.execute(&mut *tx).await?.rows_affected() == 1 && refused {
            let open = sqlx::query("UPDATE bank_case SET state = 'open', resolution = '' WHERE book = $1 AND case_id = $2");
            open.bind(book.to_owned()).bind(proposal.case_id.clone()).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// Writes what was found; cases of open days that were not found any more are resolved by what was.
pub(super) async fn write(
    tx: &mut AnyConnection,
    book: &str,
    account: &str,
    currency: &str,
    found: &[FoundCase],
    now_ms: i64,
) -> Result<(), Error> {
    let query =
        sqlx::query("SELECT case_id FROM bank_case WHERE book = $1 AND account_id = $2 AND state <> 'resolved' AND closed_day = ''");
    let rows = query.bind(book.to_owned()).bind(account.to_owned()).fetch_all(&mut *tx).await?;
    for row in &rows {
        let id = text(row, "case_id")?;
        if !found.iter().any(|case| case.id == id) {
            let gone = sqlx::query(
                "UPDATE bank_case SET state = CASE WHEN resolution = 'explained' THEN state ELSE 'resolved' END,
                 resolution = CASE WHEN resolution = 'explained' THEN resolution ELSE 'matched' END WHERE book = $1 AND case_id = $2",
            );
            gone.bind(book.to_owned()).bind(id).execute(&mut *tx).await?;
        }
    }
    for case in found {
        let sql = "INSERT INTO bank_case (book, case_id, account_id, class, currency, entry_keys, items, file_hash, since_date, detail, evidence,
            postings, proposed_item, state, resolution, amount, difference, rule, found_at_ms, assignee, explanation, explained_by, closed_day)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, '', '', '', '')
            ON CONFLICT (book, case_id) DO UPDATE SET class = excluded.class, entry_keys = excluded.entry_keys, items = excluded.items,
            detail = excluded.detail, evidence = excluded.evidence, postings = excluded.postings, proposed_item = excluded.proposed_item,
            amount = excluded.amount, difference = excluded.difference, rule = excluded.rule,
            state = CASE WHEN bank_case.resolution IN ('explained', 'adjusted', 'written_off') THEN bank_case.state ELSE excluded.state END,
            resolution = CASE WHEN bank_case.resolution IN ('explained', 'adjusted', 'written_off') THEN bank_case.resolution
                ELSE excluded.resolution END";
        let (state, resolution) = if case.is_noted { (CaseState::Explained, "noted") } else { (CaseState::Open, "") };
        let (evidence, postings) = (super::json(&case.evidence)?, super::json(&case.postings)?);
        let (entries, items, since) = (case.entry_keys.join(SEPARATOR), case.items.join(SEPARATOR), day_text(Some(case.since)));
        let class = case.class.code();
        let file = &case.file_hash;
        let about = [book, &case.id, account, class, currency, &entries, &items, file, &since, &case.detail, &evidence, &postings];
        let query = about.into_iter().fold(sqlx::query(sql), |query, value| query.bind(value.to_owned()));
        let query = query.bind(case.proposed_item.clone()).bind(state.name().to_owned()).bind(resolution.to_owned());
        query.bind(case.amount).bind(case.difference).bind(i64::from(case.rule)).bind(now_ms).execute(&mut *tx).await?;
    }
    Ok(())
}

fn case(row: &AnyRow) -> Result<KeptCase, Error> {
    let list = |column| -> Result<Vec<String>, Error> {
        Ok(text(row, column)?.split(SEPARATOR).filter(|one| !one.is_empty()).map(str::to_owned).collect())
    };
    let (class, state) = (text(row, "class")?, text(row, "state")?);
    let resolution = text(row, "resolution")?;
    let found = FoundCase {
        id: text(row, "case_id")?,
        class: class_of(&class).ok_or(Error::Row("class", class))?,
        amount: row.try_get("amount")?,
        difference: row.try_get("difference")?,
        entry_keys: list("entry_keys")?,
        items: list("items")?,
        file_hash: text(row, "file_hash")?,
        since: optional_date(row, "since_date")?.ok_or_else(|| Error::Row("since_date", String::new()))?,
        detail: text(row, "detail")?,
        rule: u8::try_from(row.try_get::<i64, _>("rule")?).unwrap_or_default(),
        evidence: super::from_json(row, "evidence")?,
        postings: super::from_json(row, "postings")?,
        proposed_item: text(row, "proposed_item")?,
        is_noted: resolution == "noted",
    };
    Ok(KeptCase {
        found,
        account: (text(row, "account_id")?, text(row, "currency")?),
        state: CaseState::from_name(&state).ok_or(Error::Row("state", state))?,
        resolution,
        assignee: text(row, "assignee")?,
        found_at_ms: row.try_get("found_at_ms")?,
        closed_day: optional_date(row, "closed_day")?,
    })
}

pub(super) fn adjustment(row: &AnyRow) -> Result<Adjustment, Error> {
    let (id, kind) = (text(row, "adjustment_id")?, text(row, "kind")?);
    let kind = [AdjustmentKind::Adjustment, AdjustmentKind::WriteOff]
        .into_iter()
        .find(|known| known.name() == kind)
        .ok_or(Error::Row("kind", kind))?;
    Ok(Adjustment {
        id: Uuid::try_parse(&id).map_err(|_| Error::Row("adjustment_id", id))?,
        case_id: text(row, "case_id")?,
        kind,
        transfers: super::from_json(row, "transfers")?,
        state: text(row, "state")?,
        proposed: (text(row, "proposed_by")?, row.try_get("proposed_at_ms")?),
        approved: (text(row, "approved_by")?, row.try_get("approved_at_ms")?),
    })
}
