//! What a support request starts from: a user, an account, a bank account to pay to.
use super::{
    StoryTeller,
    wallets::change_words,
    words::{StoryWords, facts, made_ms, quote_words, time_ms},
};
use crate::audit::ReadFault;
use books::{
    domain::account::{AccountState, BookAccount},
    read::{self, EntryListing, trail},
    stamp,
    store::READ_CHUNK,
};
use chart::owned::names_of;
use money::{BookName, UserKey};
use payout::tables::{Beneficiary, ListedPayouts, PageStart};
use rpc::wire::TimeRange;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// Quotes per read.
const PAGE: i64 = 500;

fn state_name(state: AccountState) -> &'static str {
    match state {
        AccountState::Open => "open",
        AccountState::Frozen => "frozen",
        AccountState::Closed => "closed",
    }
}

/// The balances of an account, in words.
pub(super) fn holds(account: &BookAccount) -> String {
    let (balance, held) = (account.counters.balance(), account.counters.debits_pending);
    let held = if held == 0 { String::new() } else { format!(", {} of them held", account.unit.amount_text(held)) };
    format!("{}{held}, {}", account.unit.amount_text(balance), state_name(account.state))
}

impl StoryTeller {
    /// An account by its name, as of the journal's last event.
    pub(super) async fn account_named(&self, name: &str) -> Result<Option<BookAccount>, ReadFault> {
        Ok(self.accounts_named(&[name.to_owned()]).await?.pop())
    }

    pub(crate) async fn accounts_named(&self, names: &[String]) -> Result<Vec<BookAccount>, ReadFault> {
        let mut keys = Vec::new();
        for chunk in names.chunks(READ_CHUNK) {
            keys.extend(self.store.accounts_by_name(self.book.key, chunk).await?.into_iter().map(|account| account.key));
        }
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        Ok(trail::accounts(&*self.store, self.book.key, &keys).await?)
    }

    /// An account with its newest entries.
    pub(super) async fn account_words(&self, account: &BookAccount) -> Result<StoryWords, ReadFault> {
        let listing = EntryListing { limit: self.scope.most.max(1), ..EntryListing::default() };
        let (entries, more) =
            read::entries(&*self.store, self.book.key, account, None, &listing).await.map_err(|error| format!("{error:?}"))?;
        let line = |entry: &read::AccountEntry| {
            let posting = &entry.posting;
            let other = posting.transfers.first().map(|moved| {
                let from_here = moved.transfer.debit == account.key;
                let other = if from_here { &moved.credit } else { &moved.debit };
                let way = if from_here { "to" } else { "from" };
                format!("{} {way} {other}", account.unit.amount_text(moved.transfer.amount))
            });
            json!({
                "time": stamp::text(posting.commit_time), "kind": posting.kind, "moved": other, "balance_after": entry.balance_after,
                "posting_id": posting.id,
            })
        };
        Ok(StoryWords {
            what: "account".to_owned(),
            id: account.name.to_string(),
            told: format!("holds {}", holds(account)),
            made_at: None,
            users: chart::account::owner(&account.name).map(str::to_owned).into_iter().collect(),
            facts: facts(json!({
                "state": state_name(account.state), "balance": account.counters.balance(), "available": account.counters.available(),
                "held": account.counters.debits_pending, "unit": account.unit.to_string(),
                "newest": entries.iter().map(line).collect::<Vec<_>>(), "more": more != 0,
            })),
            postings: Vec::new(),
        })
    }

    /// Whether anything of the user is kept in the book.
    pub(super) async fn knows(&self, user: &UserKey) -> Result<bool, ReadFault> {
        for chunk in names_of(user).chunks(READ_CHUNK) {
            if !self.store.accounts_by_name(self.book.key, chunk).await?.is_empty() {
                return Ok(true);
            }
        }
        let newest = ListedPayouts { state: None, created: TimeRange::ANY, after: PageStart::NEWEST, limit: 1 };
        Ok(match &self.purchase {
            Some(tables) => {
                // Of a wallet that another was merged into, the change is a row of the other user's.
                tables.has_traces(&self.name, user).await? || !tables.changes_of_wallet(&self.name, user).await?.is_empty()
            }
            None => false,
        } || match &self.earnings {
            Some(tables) => !tables.of_user(&self.name, user, None, 1).await?.is_empty(),
            None => false,
        } || match &self.payout {
            Some(tables) => {
                !tables.beneficiaries(&self.name, user, PageStart::NEWEST, 1).await?.is_empty()
                    || !tables.payouts(&self.name, user, newest).await?.is_empty()
            }
            None => false,
        } || match &self.support {
            Some(tables) => tables.is_in_a_proposal(&self.name, user).await?,
            None => false,
        })
    }

    /// What a user has, in a sentence.
    pub(super) async fn holdings(&self, user: &UserKey) -> Result<String, ReadFault> {
        let accounts = self.accounts_named(&names_of(user)).await?;
        let sums: Vec<String> = accounts.iter().map(|account| format!("{} {}", account.name, holds(account))).collect();
        Ok(if sums.is_empty() { "has no account in this book".to_owned() } else { sums.join("; ") })
    }

    /// A user's accounts and things, the newest of each.
    pub(super) async fn user_words(&self, user: &UserKey) -> Result<StoryWords, ReadFault> {
        let most = i64::try_from(self.scope.most).unwrap_or(i64::MAX);
        let accounts = self.accounts_named(&names_of(user)).await?;
        let mut known = Map::new();
        let line = |account: &BookAccount| json!({ "account": &*account.name, "holds": holds(account) });
        known.insert("accounts".to_owned(), accounts.iter().map(line).collect());
        let told = |words: StoryWords| json!({ "id": words.id, "told": words.told });
        if let Some(tables) = &self.purchase {
            let mut purchases = Vec::new();
            for purchase in tables.of_user(&self.name, user, None, most).await? {
                purchases.push(told(self.whole_purchase(&purchase).await?));
            }
            known.insert("purchases".to_owned(), purchases.into());
            let changes = tables.changes_of_wallet(&self.name, user).await?;
            known.insert("wallet_changes".to_owned(), changes.iter().map(|of| told(change_words(of, &[]))).collect());
            known.insert("spending_limits".to_owned(), limits_set(tables, &self.name, user).await?.into());
        }
        if let Some(tables) = &self.earnings {
            let (mut newest, mut after) = (std::collections::VecDeque::new(), None);
            loop {
                let page = tables.of_user(&self.name, user, after, PAGE).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.id);
                newest.extend(page);
                newest.drain(..newest.len().saturating_sub(self.scope.most));
            }
            known.insert("quotes".to_owned(), newest.iter().rev().map(|quote| told(quote_words(quote))).collect());
        }
        if let Some(tables) = &self.payout {
            let found = tables.beneficiaries(&self.name, user, PageStart::NEWEST, most).await?;
            known.insert("beneficiaries".to_owned(), found.iter().map(|found| told(beneficiary_words(found))).collect());
            let mut payouts = Vec::new();
            let newest = ListedPayouts { state: None, created: TimeRange::ANY, after: PageStart::NEWEST, limit: most };
            for payout in tables.payouts(&self.name, user, newest).await? {
                payouts.push(told(self.payout_words(&payout).await?));
            }
            known.insert("payouts".to_owned(), payouts.into());
        }
        known.insert("proposals".to_owned(), self.proposals_of(user).await?.into());
        Ok(StoryWords {
            what: "user".to_owned(),
            id: user.to_string(),
            told: self.holdings(user).await?,
            made_at: None,
            users: vec![user.to_string()],
            facts: known,
            postings: Vec::new(),
        })
    }

    /// Users named by these accounts.
    pub(super) fn owners<'a>(accounts: impl Iterator<Item = &'a BookAccount>) -> BTreeSet<String> {
        accounts.filter_map(|account| chart::account::owner(&account.name)).map(str::to_owned).collect()
    }
}

/// What a user set for their own purchases: a pause, and limits.
async fn limits_set(tables: &purchase::tables::Store, book: &BookName, user: &UserKey) -> Result<Vec<Value>, ReadFault> {
    let known = tables.spending_of(book, user).await?;
    let mut set = Vec::new();
    if known.paused_until_ms > 0 {
        set.push(json!({ "paused_until": time_ms(known.paused_until_ms) }));
    }
    // Less than nothing: no limit.
    for (currency, period, minor_units) in known.limits.iter().filter(|(.., minor_units)| *minor_units >= 0) {
        set.push(json!({ "currency": currency, "period": period, "minor_units": minor_units }));
    }
    Ok(set)
}

/// A bank account to pay to, with what staff may see of it.
pub(super) fn beneficiary_words(beneficiary: &Beneficiary) -> StoryWords {
    let Beneficiary { user, kind, country, currency, masked_account, masked_holder_name, .. } = beneficiary;
    let state = if beneficiary.is_deleted() { "deleted" } else { "active" };
    StoryWords {
        what: "beneficiary".to_owned(),
        id: beneficiary.beneficiary_id.to_string(),
        told: format!("{user} is paid in {currency} to {masked_account} of {masked_holder_name} in {country} ({}, {state})", kind.name()),
        made_at: made_ms(beneficiary.created_at_ms),
        users: vec![user.to_string()],
        facts: facts(json!({
            "user_id": user.as_str(), "country": country, "currency": currency.code(), "kind": kind.name(), "state": state,
            "payee_check": beneficiary.payee_check.name(), "create_time": time_ms(beneficiary.created_at_ms),
        })),
        postings: Vec::new(),
    }
}
