//! The state that follows from the journal alone.

use super::not_to_itself;
use crate::domain::{
    account::{AccountState, BookAccount, Counters, Side},
    chart,
    event::{Body, Checkpoint, Event, GuardState, Hold, Transfer, TransferKind, transfer_no},
    limit::Limit,
    standing::{LoggedStandings, Standing},
};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

/// A guard's key as stored here: 16 bytes instead of a text, with collisions infeasible.
pub(super) fn guard_digest(key: &str) -> u128 {
    let digest = Sha256::digest(key.as_bytes());
    u128::from_be_bytes(digest[..16].try_into().expect("16 of 32 bytes"))
}

/// An account and what is known about its row.
pub(super) struct ReplayedAccount {
    pub account: BookAccount,
    /// The last event that set its state, or opened it: its whole row was written with that one.
    pub state_seq: i64,
    /// Whether its row was compared.
    pub row_seen: bool,
}

/// A guard and what is known about its row.
pub(super) struct ReplayedGuard {
    pub state: GuardState,
    /// The event that set it last.
    pub seq: i64,
    /// Whether its row was compared.
    pub row_seen: bool,
}

/// Rows read from a book that keeps changing: each must match the replay at the event it was written with.
#[derive(Default)]
pub(super) struct WatchedRows {
    /// Account rows newer than the replay.
    pub accounts: HashMap<i64, BookAccount>,
    /// States in rows and log of the accounts that the log has, by account and last transfer.
    pub standings: HashMap<(i64, i64), Standing>,
    /// All states of these guards since before their rows were read.
    pub guards: HashMap<u128, Vec<GuardState>>,
}

#[derive(Default)]
pub(super) struct Replayed {
    pub accounts: HashMap<i64, ReplayedAccount>,
    pub guards: HashMap<u128, ReplayedGuard>,
    /// Open holds only; resolved ones go to `settled`.
    pub holds: HashMap<i64, Hold>,
    /// Resolved holds whose rows are still to be compared. They never change again.
    pub settled: Vec<Hold>,
    /// The number of holds ever placed.
    pub holds_made: i64,
    /// Where a restart would begin to replay: rows may lack no transfer before it.
    pub tail_from: i64,
    /// The last transfer before `tail_from` of each account touched since.
    pub before_tail: HashMap<i64, i64>,
    /// Checkpoints by account and transfer.
    pub checkpoints: BTreeMap<(i64, i64), Checkpoint>,
    /// Checkpoints of the commit that is being replayed, still without their time.
    pub due: Vec<Checkpoint>,
    pub last_key: i64,
    /// Debit limits as last set, by account and kind of window.
    pub limits: HashMap<(i64, i64), Limit>,
    pub watched: WatchedRows,
    /// The log of accounts: states that rows may lack, before the tail.
    pub behind: LoggedStandings,
    /// The last transfers of the rows of accounts in that log.
    pub old_rows: HashMap<i64, i64>,
}

impl Replayed {
    pub fn event(&mut self, event: &Event) -> Result<(), String> {
        match &event.body {
            Body::AccountOpened { key, name } => self.opened(event.seq, *key, name)?,
            Body::AccountStateSet { key, state, .. } => {
                let known = self.accounts.get_mut(key).ok_or("it names an account that was never opened")?;
                (known.account.state, known.account.seq, known.state_seq) = (*state, event.seq, event.seq);
                self.meet(*key)?;
            }
            Body::Posting(posting) => {
                for set in &posting.guards {
                    self.guard(event.seq, &set.guard.key, set.after);
                }
                self.transfers(event)?;
                let mut ends = posting.expiries.len();
                for hold in event.holds(&posting.expiries).filter(|hold| hold.expire_time.is_some()) {
                    self.holds.insert(hold.no, hold);
                    ends -= 1;
                }
                if ends != 0 {
                    return Err("it has expiries of holds that it does not place".to_owned());
                }
            }
            Body::LimitSet { key, window, zone, max, .. } => {
                if !self.accounts.contains_key(key) {
                    return Err("it names an account that was never opened".to_owned());
                }
                let limit = Limit { account: *key, window: *window, zone: zone.clone(), max: *max, seq: event.seq };
                self.limits.insert((*key, window.code()), limit);
            }
            Body::HoldExpired => {
                if event.transfers.len() != 1 || event.transfers[0].kind != TransferKind::ExpiryOfPending {
                    return Err("it is an expiry without its hold".to_owned());
                }
                self.transfers(event)?;
            }
        }
        Ok(())
    }

    fn transfers(&mut self, event: &Event) -> Result<(), String> {
        for (transfer, leg) in event.transfers.iter().zip(0..) {
            if transfer.no != transfer_no(event.seq, leg) {
                return Err(format!("transfer {} has the number of another event", transfer.no));
            }
            self.transfer(event.seq, transfer)?;
        }
        for transfer in &event.transfers {
            self.meet(transfer.debit)?;
            self.meet(transfer.credit)?;
        }
        Ok(())
    }

    fn opened(&mut self, seq: i64, key: i64, name: &str) -> Result<(), String> {
        let form = chart::form(name).ok_or("it opens an account outside the chart")?;
        let account = BookAccount {
            key,
            name: name.into(),
            unit: form.unit,
            floor: form.debits_must_not_exceed_credits,
            state: AccountState::Open,
            counters: Counters::default(),
            last_transfer: 0,
            entries: 0,
            seq,
        };
        if self.accounts.insert(key, ReplayedAccount { account, state_seq: seq, row_seen: false }).is_some() {
            return Err(format!("it opens account {key} again"));
        }
        self.last_key = self.last_key.max(key);
        self.meet(key)
    }

    fn guard(&mut self, seq: i64, key: &str, state: GuardState) {
        let digest = guard_digest(key);
        let known = self.guards.entry(digest).or_insert(ReplayedGuard { state, seq, row_seen: false });
        (known.state, known.seq) = (state, seq);
        if let Some(states) = self.watched.guards.get_mut(&digest) {
            states.push(state);
        }
    }

    fn transfer(&mut self, seq: i64, transfer: &Transfer) -> Result<(), String> {
        let (posted, pending) = self.moves(seq, transfer)?;
        let unit = |key: i64| self.accounts.get(&key).map(|known| known.account.unit).ok_or("it names an account that was never opened");
        if unit(transfer.debit)? != unit(transfer.credit)? {
            return Err("it mixes units".to_owned());
        }
        not_to_itself(transfer)?;
        let sides = [
            (transfer.debit, Side::Debit, transfer.debit_after, transfer.debit_prev),
            (transfer.credit, Side::Credit, transfer.credit_after, transfer.credit_prev),
        ];
        for (key, side, after, previous) in sides {
            let known = self.accounts.get_mut(&key).ok_or("it names an account that was never opened")?;
            let account = &mut known.account;
            if account.counters.moved(side, posted, pending) != Some(after) {
                return Err(format!("after transfer {} the counters of {} do not follow from those before", transfer.no, account.name));
            }
            if account.last_transfer != previous {
                return Err(format!("transfer {} does not name the one before it of {}", transfer.no, account.name));
            }
            if transfer.no >= self.tail_from {
                self.before_tail.entry(key).or_insert(previous);
            }
            (account.counters, account.last_transfer, account.seq) = (after, transfer.no, seq);
            account.entries += 1;
            self.due.extend(Checkpoint::due(account));
            let standing = self.watched.standings.remove(&(key, transfer.no));
            if standing.is_some_and(|standing| Some(standing) != Standing::of(account)) {
                return Err(format!("the row or the log of account {} is not what this event left", account.name));
            }
        }
        Ok(())
    }

    fn moves(&mut self, seq: i64, transfer: &Transfer) -> Result<(i64, i64), String> {
        let Transfer { no, debit, credit, amount, kind, pending_no, .. } = *transfer;
        if amount < 1 {
            return Err(format!("transfer {no} moves {amount}"));
        }
        if kind == TransferKind::Pending {
            self.holds.insert(no, Hold { no, debit, credit, amount, resolved_seq: 0, expire_time: None, expired: false });
            self.holds_made += 1;
        }
        let resolves = matches!(kind, TransferKind::PostOfPending | TransferKind::VoidOfPending | TransferKind::ExpiryOfPending);
        let released = if resolves {
            let hold = self.holds.remove(&pending_no).ok_or("it resolves a hold that is not open")?;
            if amount > hold.amount || (hold.debit, hold.credit) != (debit, credit) {
                return Err(format!("it resolves hold {pending_no} with too large an amount or other accounts"));
            }
            let expired = kind == TransferKind::ExpiryOfPending;
            if expired && hold.expire_time.is_none() {
                return Err(format!("it expires hold {pending_no}, which has no expiry"));
            }
            self.settled.push(Hold { resolved_seq: seq, expired, ..hold });
            hold.amount
        } else {
            0
        };
        Ok(match kind {
            TransferKind::Posted => (amount, 0),
            TransferKind::Pending => (0, amount),
            TransferKind::PostOfPending => (amount, -released),
            TransferKind::VoidOfPending | TransferKind::ExpiryOfPending => (0, -released),
        })
    }

    /// If the account's watched row was written with this event, it must match.
    fn meet(&mut self, key: i64) -> Result<(), String> {
        let (Some(row), Some(known)) = (self.watched.accounts.get(&key), self.accounts.get_mut(&key)) else { return Ok(()) };
        if row.seq != known.account.seq {
            return Ok(());
        }
        if *row != known.account {
            return Err(format!("the row of account {} is not what this event left", known.account.name));
        }
        self.watched.accounts.remove(&key);
        known.row_seen = true;
        Ok(())
    }
}
