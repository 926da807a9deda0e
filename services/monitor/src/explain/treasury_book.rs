//! What the treasury book knows by ids of its own: reservations, sweeps, receipts, cases and what two people decided of them.
use super::{
    StoryTeller,
    seek::ExplainedThing,
    words::{StoryWords, facts, made_ms, time_ms},
};
use crate::audit::ReadFault;
use money::{BookName, Currency, Money};
use payout::tables::PayoutKey;
use serde_json::json;
use treasury::tables::Store;
use uuid::Uuid;

fn amount(currency: Currency, minor_units: i64) -> String {
    Money::try_new(currency, minor_units).map_or_else(|_| format!("{minor_units} minor units of {currency}"), |amount| amount.to_string())
}

impl StoryTeller {
    /// Everything of the treasury book that the id stands for.
    pub(super) async fn of_treasury(&self, id: Uuid) -> Result<Vec<ExplainedThing>, ReadFault> {
        let Some(tables) = &self.treasury else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        found.extend(self.reservations(tables, id).await?);
        found.extend(self.sweep(tables, id).await?);
        found.extend(self.receipt(tables, id).await?);
        found.extend(self.case(tables, &id.simple().to_string()).await?);
        if let Some(adjustment) = tables.adjustment(self.name.as_str(), id).await? {
            found.extend(self.case(tables, &adjustment.case_id).await?);
        }
        Ok(found.into_iter().map(|words| ExplainedThing::Described(words.into())).collect())
    }

    /// Of whichever app's book.
    async fn reservations(&self, tables: &Store, id: Uuid) -> Result<Vec<StoryWords>, ReadFault> {
        let mut found = Vec::new();
        for app in self.store.books().await? {
            let Ok(app) = BookName::try_new(&app.name) else { continue };
            let Some(row) = tables.reservation(&self.name, &app, id).await? else { continue };
            let place = PayoutKey { book: app.clone(), payout_id: row.asked.payout_id };
            // Who asks about one book only is shown nobody of another.
            let is_sought = self.scope.books.covers(&app);
            let payout = match &self.payout {
                Some(payouts) if is_sought => payouts.payout(&place).await?,
                _ => None,
            };
            let (state, payout_id) = (row.state.name(), row.asked.payout_id);
            let of = if row.leaf.is_empty() { String::new() } else { format!(" of leaf {} of {}", row.leaf, row.account) };
            found.push(StoryWords {
                what: "reservation".to_owned(),
                id: id.to_string(),
                told: format!("{} reserved{of} for payout {payout_id} of {app}: {state}", row.asked.amount),
                made_at: None,
                users: payout.into_iter().map(|payout| payout.user.to_string()).collect(),
                facts: facts(json!({
                    "app": app.as_str(), "payout_id": payout_id, "entity": row.asked.entity, "bank_account": row.asked.bank_account,
                    "leaf": row.leaf, "account": row.account, "state_time": time_ms(row.changed_at_ms), "expire_time": time_ms(row.expires_at_ms),
                    "settled_by": row.settled_by,
                })),
                postings: vec![chart::id::posted(row.hold_key, self.name.as_str())],
            });
        }
        Ok(found)
    }

    async fn sweep(&self, tables: &Store, id: Uuid) -> Result<Option<StoryWords>, ReadFault> {
        let Some(of) = tables.sweep(self.name.as_str(), id).await? else { return Ok(None) };
        let parts = tables.movements_of(&self.name, &of.request_key).await?;
        let postings = parts.iter().map(|part| chart::id::posted(part.movement.posting_key, self.name.as_str()));
        let (amount, state) = (amount(of.currency, of.amount), of.state.name());
        Ok(Some(StoryWords {
            what: "sweep".to_owned(),
            id: id.to_string(),
            told: format!(
                "{amount} from leaf {} of {} to leaf {} of {}: {state}",
                of.from.leaf, of.from.account, of.to.leaf, of.to.account
            ),
            made_at: made_ms(of.planned_at_ms),
            users: Vec::new(),
            facts: facts(json!({
                "rule": of.rule, "day": of.day.to_string(), "entity": of.entity, "returns": of.returns, "planned_by": of.planned_by,
                "evidence": of.evidence, "create_time": time_ms(of.planned_at_ms),
            })),
            postings: postings.collect(),
        }))
    }

    async fn receipt(&self, tables: &Store, id: Uuid) -> Result<Option<StoryWords>, ReadFault> {
        let Some(of) = tables.receipt(self.name.as_str(), id).await? else { return Ok(None) };
        let booked = if of.is_booked { "booked" } else { "not booked yet" };
        Ok(Some(StoryWords {
            what: "receipt".to_owned(),
            id: id.to_string(),
            told: format!("{} came to {} for leaf {}: {booked}", of.amount, of.account, of.leaf),
            made_at: None,
            users: Vec::new(),
            facts: facts(json!({
                "number": of.number, "payer": of.payer, "bank_reference": of.bank_reference, "value_date": of.value_date.to_string(),
                "old_account": of.old_account, "expected_id": of.expected_id,
            })),
            postings: vec![chart::id::posted(chart::id::bank_receipt(id, &self.name), self.name.as_str())],
        }))
    }

    /// A case of a bank's statement, with what two people decided last.
    async fn case(&self, tables: &Store, case_id: &str) -> Result<Option<StoryWords>, ReadFault> {
        let Some(of) = tables.case(self.name.as_str(), case_id).await? else { return Ok(None) };
        let decided = tables.newest_adjustment(self.name.as_str(), case_id).await?;
        let (class, state) = (of.found.class.code(), of.state.name());
        let mut told = format!("case {class} of {}: {}; {state}", of.account.0, of.found.detail);
        let mut known = facts(json!({
            "resolution": of.resolution, "assignee": of.assignee, "since": of.found.since.to_string(), "minor_units": of.found.amount,
            "currency": of.account.1, "find_time": time_ms(of.found_at_ms), "items": of.found.items,
        }));
        let mut postings = Vec::new();
        if let Some(decided) = decided {
            let (by, at_ms) = &decided.approved;
            told.push_str(&format!("; {} {} by {}", decided.kind.name(), decided.state, decided.proposed.0));
            if !by.is_empty() {
                told.push_str(&format!(", approved by {by}"));
                postings.push(chart::id::posted(chart::id::case_adjustment(decided.id, &self.name, *at_ms), self.name.as_str()));
            }
            known.insert("adjustment_id".to_owned(), json!(decided.id));
        }
        Ok(Some(StoryWords {
            what: "case".to_owned(),
            id: case_id.to_owned(),
            told,
            made_at: made_ms(of.found_at_ms),
            users: Vec::new(),
            facts: known,
            postings,
        }))
    }
}
