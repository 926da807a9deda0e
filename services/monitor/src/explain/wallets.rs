//! Wallets that are closed or merged into another.
use super::{
    StoryTeller,
    seek::ExplainedThing,
    words::{StoryWords, facts, made_ms, parsed, time_ms},
};
use crate::audit::ReadFault;
use money::UserKey;
use purchase::tables::{WalletAct, WalletChange, WalletChangeState, WalletPosting};
use serde_json::json;
use uuid::Uuid;

const fn change_state(state: WalletChangeState) -> &'static str {
    match state {
        WalletChangeState::Asked => "waits for a second person",
        WalletChangeState::Approved => "approved, and not posted to its end",
        WalletChangeState::Posting => "to be posted",
        WalletChangeState::Closing => "the wallet is empty and to be closed",
        WalletChangeState::Done => "done",
        WalletChangeState::Rejected => "rejected",
        WalletChangeState::Stopped => "stopped, so that a person decides",
    }
}

impl StoryTeller {
    pub(super) async fn wallet_change_of(&self, id: Uuid) -> Result<Option<ExplainedThing>, ReadFault> {
        let Some(tables) = &self.purchase else { return Ok(None) };
        let Some(of) = tables.wallet_change(&self.name, id).await? else { return Ok(None) };
        let postings = tables.wallet_postings(&self.name, id).await?;
        Ok(Some(ExplainedThing::Described(change_words(&of, &postings).into())))
    }
}

/// A closure or merge that has posted nothing yet.
pub(crate) fn change_thing(of: &WalletChange) -> ExplainedThing {
    ExplainedThing::Described(change_words(of, &[]).into())
}

/// A closure or merge with what it posted.
pub(super) fn change_words(of: &WalletChange, postings: &[WalletPosting]) -> StoryWords {
    let becomes = match &of.act {
        WalletAct::Close => "closed".to_owned(),
        WalletAct::MergeInto(into) => format!("merged into that of {into}"),
    };
    let decided = if of.decided_by.is_empty() { String::new() } else { format!(", decided by {}", of.decided_by) };
    let time = |ms: i64| if ms == 0 { String::new() } else { time_ms(ms) };
    let posted = |of: &WalletPosting| json!({ "coins": of.coins, "owed": of.debt, "posting_id": of.posting_id });
    StoryWords {
        what: "wallet change".to_owned(),
        id: of.change_id.to_string(),
        told: format!("the wallet of {} is {becomes}, asked for by {}{decided}: {}", of.user, of.asked_by, change_state(of.state)),
        made_at: made_ms(of.created_at_ms),
        users: [Some(&of.user), of.act.into_user()].into_iter().flatten().map(UserKey::to_string).collect(),
        facts: facts(json!({
            "request_id": of.request_id, "note": of.note, "create_time": time_ms(of.created_at_ms), "decide_time": time(of.decided_at_ms),
            "wait_end_time": time(of.waits_until_ms),
            "end_time": time(of.ended_at_ms), "emptied_by": postings.iter().map(posted).collect::<Vec<_>>(),
        })),
        postings: parsed(postings.iter().map(|posting| &posting.posting_id)),
    }
}
