//! What reads must show: exactly the book while nothing is in flight, and one of its moments otherwise.
use crate::{
    book::{Book, BookAccount, Moment, Sums, told_account},
    chart,
    dice::Dice,
    explain::same_posting,
    world::{CALLERS, Caller, Node, World},
};
use api::ledger as pb;
use std::collections::BTreeMap;

/// Anybody may read.
const READER: Caller = CALLERS[2];

/// An account as shown by itself.
fn told(name: &str, moment: &Moment) -> pb::Account {
    pb::Account { state: moment.state.into(), ..told_account(name, moment) }
}

/// The account as shown; `None`: unknown.
pub async fn account(world: &World, node: &Node, book: &str, name: &str) -> Result<Option<pb::Account>, String> {
    let request = pb::GetAccountRequest { book: book.to_owned(), account: name.to_owned() };
    match node.client().get_account(world.by(READER, request)).await {
        Ok(response) => Ok(response.into_inner().account),
        Err(status) if rpc::reason(&status).as_deref() == Some("ACCOUNT_UNKNOWN") => Ok(None),
        Err(status) => Err(format!("GetAccount {name}: {status}")),
    }
}

/// Whether an account read while calls were in flight shows a moment from `since` on.
pub fn account_at_some_moment(book: &Book, since: i64, name: &str, got: Option<&pb::Account>) -> Result<(), String> {
    let fits = match (book.accounts.get(name), got) {
        (None, None) => true,
        (None, Some(_)) => false,
        (Some(account), None) => account.history[0].seq >= since,
        (Some(account), Some(got)) => {
            let old = account.history.iter().rposition(|moment| moment.seq < since).unwrap_or(0);
            account.history[old..].iter().any(|moment| &told(name, moment) == got)
        }
    };
    if fits { Ok(()) } else { Err(format!("{name} read with calls in flight is at no moment since {since}: {got:?}")) }
}

pub struct Check<'a> {
    pub world: &'a World,
    pub node: &'a Node,
    pub name: &'a str,
    pub book: &'a Book,
}

impl Check<'_> {
    /// Every account, the trial balance, and some entries and postings.
    pub async fn all(&self, dice: &mut Dice) -> Result<(), String> {
        for name in self.book.accounts.keys() {
            self.account(name).await?;
        }
        self.account("viewer/never/coins").await?;
        self.trial_balance().await?;
        let accounts: Vec<&str> = self.book.accounts.keys().map(String::as_str).collect();
        for _ in 0..2.min(accounts.len()) {
            let (name, page_size) = (*dice.pick::<&str>(&accounts), 1 + i32::try_from(dice.below(40)).expect("small"));
            self.entries(name, page_size, dice.percent(50)).await?;
            self.balance_at(name, dice).await?;
        }
        let postings: Vec<&str> = self.book.postings.keys().map(String::as_str).collect();
        for _ in 0..3.min(postings.len()) {
            self.posting(dice.pick::<&str>(&postings)).await?;
        }
        self.posting("00000000-0000-4000-8000-000000000001").await
    }

    /// A few reads, for moments at which a commit hangs.
    pub async fn some(&self, dice: &mut Dice) -> Result<(), String> {
        let accounts: Vec<&str> = self.book.accounts.keys().map(String::as_str).collect();
        for _ in 0..4.min(accounts.len()) {
            self.account(dice.pick::<&str>(&accounts)).await?;
        }
        if let Some(name) = accounts.first() {
            self.entries(name, 50, dice.percent(50)).await?;
        }
        for name in ["viewer/u1/coins", "viewer/u5/coins", "creator/c2/diamonds"] {
            self.account(name).await?;
        }
        self.trial_balance().await
    }

    async fn account(&self, name: &str) -> Result<(), String> {
        let got = account(self.world, self.node, self.name, name).await?;
        let expected = self.book.accounts.get(name).map(|account| told(name, &account.now()));
        if got == expected { Ok(()) } else { Err(format!("account {name}\n  told     {got:?}\n  expected {expected:?}")) }
    }

    async fn entries(&self, name: &str, page_size: i32, oldest_first: bool) -> Result<(), String> {
        let mut expected: Vec<&pb::Entry> = self.book.accounts.get(name).map_or(Vec::new(), |account| account.entries.iter().collect());
        if !oldest_first {
            expected.reverse();
        }
        let (mut at, mut page_token) = (0, String::new());
        loop {
            let (book, account) = (self.name.to_owned(), name.to_owned());
            let request = pb::ListEntriesRequest { book, account, page_size, page_token, oldest_first, ..Default::default() };
            let page = self.node.client().list_entries(self.world.by(READER, request)).await;
            let page = page.map_err(|status| format!("ListEntries {name}: {status}"))?.into_inner();
            for entry in &page.entries {
                if !expected.get(at).is_some_and(|expected| same_entry(expected, entry)) {
                    return Err(format!("entry {at} of {name}\n  told     {entry:?}\n  expected {:?}", expected.get(at)));
                }
                at += 1;
            }
            if page.next_page_token.is_empty() {
                break;
            }
            page_token = page.next_page_token;
        }
        if at == expected.len() { Ok(()) } else { Err(format!("{name} has {} entries, {at} were told", expected.len())) }
    }

    /// The balance at the commit time of one of its entries: that of the last entry committed no later.
    async fn balance_at(&self, name: &str, dice: &mut Dice) -> Result<(), String> {
        let timed = |account: &&BookAccount| !account.entries.is_empty() && account.entries.iter().all(|entry| entry.commit_time.is_some());
        let Some(account) = self.book.accounts.get(name).filter(timed) else { return Ok(()) };
        let time = account.entries[dice.below(account.entries.len())].commit_time;
        let key = |time: Option<prost_types::Timestamp>| time.map(|time| (time.seconds, time.nanos));
        let last = account.entries.iter().rev().find(|entry| key(entry.commit_time) <= key(time)).expect("itself");
        let request = pb::GetBalanceAtRequest { book: self.name.to_owned(), account: name.to_owned(), time };
        let got = self.node.client().get_balance_at(self.world.by(READER, request)).await;
        let got = got.map_err(|status| format!("GetBalanceAt {name}: {status}"))?.into_inner();
        let expected = (last.balance_after, last.seq);
        if (got.balance, got.balance_seq) == expected { Ok(()) } else { Err(format!("{name} at {time:?}: {got:?}, expected {expected:?}")) }
    }

    async fn posting(&self, posting_id: &str) -> Result<(), String> {
        let request = pb::GetPostingRequest { book: self.name.to_owned(), posting_id: posting_id.to_owned(), ..Default::default() };
        let got = self.node.client().get_posting(self.world.by(READER, request)).await;
        match (self.book.postings.get(posting_id), got) {
            (Some(posted), Ok(got)) => {
                let got = got.into_inner().posting.ok_or("no posting in the answer")?;
                let same = same_posting(&posted.told, &got, !posted.told.request_fields.is_empty());
                if same { Ok(()) } else { Err(format!("posting\n  told     {got:?}\n  expected {:?}", posted.told)) }
            }
            (None, Err(status)) if rpc::reason(&status).as_deref() == Some("POSTING_UNKNOWN") => Ok(()),
            (expected, got) => Err(format!("posting {posting_id}: told {got:?}, expected {expected:?}")),
        }
    }

    async fn trial_balance(&self) -> Result<(), String> {
        let request = pb::GetTrialBalanceRequest { book: self.name.to_owned(), ..Default::default() };
        let got = self.node.client().get_trial_balance(self.world.by(READER, request)).await;
        let got = got.map_err(|status| format!("GetTrialBalance: {status}"))?.into_inner();
        let mut lines: BTreeMap<(String, String), (i64, Sums)> = BTreeMap::new();
        for (name, account) in &self.book.accounts {
            let (count, sums) = lines.entry((chart::unit(name).expect("of the chart"), chart::group(name))).or_default();
            add(sums, account);
            *count += 1;
        }
        let clamped = |sum: i128| i64::try_from(sum).unwrap_or(i64::MAX);
        let lines = lines.into_iter().map(|((unit, accounts), (count, sums))| pb::TrialBalanceLine {
            accounts,
            unit,
            count,
            debits_posted: clamped(sums.debits),
            credits_posted: clamped(sums.credits),
            debits_pending: clamped(sums.debits_pending),
            credits_pending: clamped(sums.credits_pending),
        });
        let expected = pb::GetTrialBalanceResponse { lines: lines.collect(), seq: self.book.next_seq - 1, next_page_token: String::new() };
        if got == expected { Ok(()) } else { Err(format!("trial balance\n  told     {got:?}\n  expected {expected:?}")) }
    }

    /// The journal's own check, and that its counts match the model's.
    pub async fn verified(&self) -> Result<(), String> {
        let request = pb::VerifyBookRequest { book: self.name.to_owned(), ..Default::default() };
        let got = self.node.client().verify_book(self.world.by(READER, request)).await;
        let got = got.map_err(|status| format!("VerifyBook: {status}"))?.into_inner();
        let transfers: usize = self.book.postings.values().map(|posted| posted.told.transfers.len()).sum();
        let transfers = transfers + self.book.expiries.len();
        let expected = (true, self.book.next_seq - 1, i64::try_from(transfers).expect("few"));
        if (got.ok, got.events, got.transfers) == expected { Ok(()) } else { Err(format!("verify: {got:?}, expected {expected:?}")) }
    }
}

/// Equal, except for what only the ledger can make for an expired hold: it answered no request.
fn same_entry(expected: &pb::Entry, got: &pb::Entry) -> bool {
    if expected.commit_time.is_some() {
        return expected == got;
    }
    let mut full = expected.clone();
    full.posting_id.clone_from(&got.posting_id);
    (full.commit_time, full.effective_time) = (got.commit_time, got.effective_time);
    if let (Some(own), Some(theirs)) = (&mut full.transfer, &got.transfer) {
        own.transfer_no = theirs.transfer_no;
    }
    &full == got
}

fn add(sums: &mut Sums, account: &BookAccount) {
    let now = account.now().sums;
    sums.debits += now.debits;
    sums.credits += now.credits;
    sums.debits_pending += now.debits_pending;
    sums.credits_pending += now.credits_pending;
}
