//! The tables beside the journal must follow from it: rows of accounts, guards and holds, and nothing else.

use super::{
    BookCheck, PAGE, VerifyFault, bad,
    replayed::{Replayed, ReplayedAccount, guard_digest},
};
use crate::{
    domain::{
        account::{BookAccount, Counters},
        event::{Body, GuardState, Hold, seq_of, transfer_no},
    },
    store::READ_CHUNK,
};
use std::collections::HashMap;

impl BookCheck<'_> {
    /// Account rows are written later (write-behind): each must match the journal at some event, and lack nothing that a restart would not
    /// replay.
    pub(super) async fn account_rows(&mut self) -> Result<(), VerifyFault> {
        let mut after = 0;
        loop {
            let page = self.store.accounts_after(self.book.key, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.key;
            for row in page {
                if row.seq > self.at.last_seq {
                    self.replayed.watched.accounts.insert(row.key, row);
                } else {
                    self.account_row(&row).await?;
                }
            }
            if !self.replayed.watched.accounts.is_empty() {
                self.catch_up().await?;
            }
            if let Some(row) = self.replayed.watched.accounts.values().min_by_key(|row| row.seq) {
                return bad(row.seq, format!("the row of account {} matches no state of the journal", row.name));
            }
        }
        // The last page was read after the last replay, so no replayed account can be newer than it.
        match self.replayed.accounts.values().filter(|known| !known.row_seen).min_by_key(|known| known.state_seq) {
            Some(known) => bad(known.account.seq, format!("account {} has no row", known.account.name)),
            None => Ok(()),
        }
    }

    /// Checks a row that is not newer than the replay.
    async fn account_row(&mut self, row: &BookAccount) -> Result<(), VerifyFault> {
        let Some(known) = self.replayed.accounts.get_mut(&row.key) else {
            return bad(row.seq, format!("the row of account {} is of an account that was never opened", row.name));
        };
        known.row_seen = true;
        if known.account == *row {
            return Ok(());
        }
        let what = format!("the row of account {} is not what this event left", row.name);
        let ReplayedAccount { account, state_seq, .. } = known;
        let same = (&account.name, account.state) == (&row.name, row.state);
        let moment = row.seq == (*state_seq).max(seq_of(row.last_transfer));
        if !same || !moment || row.last_transfer >= account.last_transfer {
            return bad(row.seq, what);
        }
        let account = account.clone();
        // What the row lacks must be where a restart finds it: in the log, or after what the log has.
        let logged = self.replayed.behind.get(row.key).map_or(0, |standing| standing.last_transfer).max(row.last_transfer);
        let before = self.replayed.before_tail.get(&row.key).copied();
        match before.or_else(|| (logged == account.last_transfer).then_some(logged)) {
            Some(before) if logged >= before => {}
            _ => return bad(row.seq, format!("the row of account {} lacks transfers that a restart would not replay", row.name)),
        }
        if self.replayed.old_rows.get(&row.key) == Some(&row.last_transfer) {
            return Ok(());
        }
        let entries = self.entry_no(&account, row.last_transfer).await?;
        if self.counters_after(row).await? == Some(row.counters) && entries == row.entries { Ok(()) } else { bad(row.seq, what) }
    }

    /// The counters after the row's last transfer, from the transfer's own row, which the chain covers.
    async fn counters_after(&self, row: &BookAccount) -> Result<Option<Counters>, VerifyFault> {
        if row.last_transfer == 0 {
            return Ok(Some(Counters::default()));
        }
        let there = self.store.transfers(self.book.key, row.last_transfer, 1).await?.into_iter().next();
        Ok(there.filter(|transfer| transfer.no == row.last_transfer).and_then(|transfer| {
            if transfer.credit == row.key {
                Some(transfer.credit_after)
            } else {
                (transfer.debit == row.key).then_some(transfer.debit_after)
            }
        }))
    }

    /// Guards are written with the commit that sets them.
    pub(super) async fn guard_rows(&mut self) -> Result<(), VerifyFault> {
        let mut after = String::new();
        loop {
            let page = self.store.guards_after(self.book.key, &after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after.clone_from(last);
            self.guards(&page).await?;
        }
        // A guard on no page was set while the pages were read, or has no row.
        let mut unseen: Vec<i64> = self.replayed.guards.values().filter(|guard| !guard.row_seen).map(|guard| guard.seq).collect();
        unseen.sort_unstable();
        unseen.dedup();
        for seq in unseen {
            let keys = self.guards_of(seq).await?;
            let rows = self.store.guards(self.book.key, &keys).await?;
            self.guards(&rows).await?;
            for key in keys {
                if self.replayed.guards.get(&guard_digest(&key)).is_none_or(|guard| !guard.row_seen) {
                    return bad(seq, format!("guard {key} has no row"));
                }
            }
        }
        Ok(())
    }

    /// Checks rows just read: each must match the journal at the time it was read.
    async fn guards(&mut self, rows: &[(String, GuardState)]) -> Result<(), VerifyFault> {
        let Replayed { guards, watched, .. } = &mut self.replayed;
        let states = |digest: &u128| guards.get(digest).map(|guard| guard.state).into_iter().collect();
        watched.guards = rows.iter().map(|(key, _)| guard_digest(key)).map(|digest| (digest, states(&digest))).collect();
        if rows.iter().any(|(key, state)| guards.get(&guard_digest(key)).is_none_or(|guard| guard.state != *state)) {
            self.catch_up().await?;
        }
        let watched = std::mem::take(&mut self.replayed.watched.guards);
        for (key, state) in rows {
            let digest = guard_digest(key);
            let Some(guard) = self.replayed.guards.get_mut(&digest) else {
                return bad(0, format!("guard {key} has a row, but no event set it"));
            };
            guard.row_seen = true;
            if !watched[&digest].contains(state) {
                return bad(guard.seq, format!("guard {key} is not what this event left"));
            }
        }
        Ok(())
    }

    /// Keys of the guards that an event set.
    async fn guards_of(&self, seq: i64) -> Result<Vec<String>, VerifyFault> {
        let event = self.events(seq, 1).await?.into_iter().next().map(|stored| stored.event);
        Ok(match event.map(|event| event.body) {
            Some(Body::Posting(posting)) => posting.guards.into_iter().map(|set| set.guard.key).collect(),
            _ => Vec::new(),
        })
    }

    /// Compares the rows of resolved holds once there are enough for a read, to bound memory.
    pub(super) async fn settle_full(&mut self) -> Result<(), VerifyFault> {
        if self.replayed.settled.len() >= READ_CHUNK { self.settle_holds().await } else { Ok(()) }
    }

    /// Compares the rows of resolved holds, which never change again.
    pub(super) async fn settle_holds(&mut self) -> Result<(), VerifyFault> {
        let settled = std::mem::take(&mut self.replayed.settled);
        for chunk in settled.chunks(READ_CHUNK) {
            let rows = self.holds(chunk.iter().map(|hold| hold.no)).await?;
            if let Some(wrong) = chunk.iter().find(|hold| rows.get(&hold.no) != Some(hold)) {
                return bad(wrong.resolved_seq, format!("the row of hold {} is not what this event left", wrong.no));
            }
        }
        Ok(())
    }

    async fn holds(&self, numbers: impl Iterator<Item = i64>) -> Result<HashMap<i64, Hold>, VerifyFault> {
        let numbers: Vec<i64> = numbers.collect();
        Ok(self.store.holds(self.book.key, &numbers).await?.into_iter().map(|hold| (hold.no, hold)).collect())
    }

    /// Open holds must have open rows, and there must be no further rows.
    pub(super) async fn hold_rows(&mut self) -> Result<(), VerifyFault> {
        let mut open: Vec<i64> = self.replayed.holds.keys().copied().collect();
        open.sort_unstable();
        for chunk in open.chunks(READ_CHUNK) {
            let before: Vec<Hold> = chunk.iter().filter_map(|no| self.replayed.holds.get(no).copied()).collect();
            let rows = self.holds(before.iter().map(|hold| hold.no)).await?;
            if before.iter().any(|hold| rows.get(&hold.no) != Some(hold)) {
                // A hold resolved since is compared by the replay itself.
                self.catch_up().await?;
            }
            for hold in before {
                if rows.get(&hold.no) != Some(&hold) && self.replayed.holds.contains_key(&hold.no) {
                    return bad(seq_of(hold.no), format!("the row of hold {} differs from the journal", hold.no));
                }
            }
        }
        let (end, made) = (transfer_no(self.at.last_seq + 1, 0), self.replayed.holds_made);
        let (mut from, mut there) = (0, 0);
        while from < end {
            let page = self.store.holds_from(self.book.key, from, PAGE).await?;
            let Some(last) = page.last() else { break };
            from = last.no + 1;
            there += i64::try_from(page.iter().filter(|hold| hold.no < end).count()).expect("a page");
        }
        if there == made { Ok(()) } else { bad(0, format!("there are {there} rows of holds, the journal made {made}")) }
    }

    /// There must be nothing after the last commit.
    pub(super) async fn strays(&mut self) -> Result<(), VerifyFault> {
        let next = self.at.last_seq + 1;
        let transfer = self.store.transfers(self.book.key, transfer_no(next, 0), 1).await?.into_iter().next();
        let event = self.events(next, 1).await?.into_iter().next();
        let Some(head) = self.store.head(self.book.key).await? else {
            return if transfer.is_some() || event.is_some() { bad(next, "it belongs to no commit") } else { Ok(()) };
        };
        match (transfer, event) {
            (Some(stray), _) if seq_of(stray.no) > head.last_seq => bad(next, format!("transfer {} belongs to no commit", stray.no)),
            (_, Some(stray)) if stray.event.seq > head.last_seq => bad(stray.event.seq, "the event belongs to no commit"),
            _ => Ok(()),
        }
    }
}
