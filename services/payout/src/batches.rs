//! Debits of whole messages on a statement, taken apart into those of their payments, so that what compares a statement with our records knows single debits.

use crate::{
    banks::connector::{BankStatement, BookedBatch},
    debits::{id_of, is_forgotten, unexplained},
    domain::{PayoutKey, batch::explained, debit::UnexplainedDebit, statement::RecordedPayout},
    payouts::Payouts,
    store::{self, statements::StatementAccount},
};
use iso20022::camt053::{Direction, StatementEntry};
use money::Money;
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// A statement's entries, with the payments of each sum in its place.
#[derive(Default)]
pub(crate) struct SingleBookings {
    /// The entries, each with the place of the booking that it is, or is a part of.
    pub entries: Vec<(usize, StatementEntry)>,
    /// Sums that nothing explains, each with the payouts of its message.
    pub unexplained: Vec<(UnexplainedDebit, Vec<PayoutKey>)>,
    /// Ids of sums that were not explained before.
    pub explained: Vec<Uuid>,
}

fn single(of: &StatementEntry, end_to_end_id: String, amount: Money) -> StatementEntry {
    StatementEntry { amount, direction: Direction::Debit, end_to_end_id: Some(end_to_end_id), ..of.clone() }
}

fn debit(of: &StatementEntry, payout: &RecordedPayout) -> StatementEntry {
    single(of, payout.current_id.simple().to_string(), payout.amount)
}

impl Payouts {
    /// Takes sums apart: by what the bank lists, else by the payments of the message that it names.
    pub(crate) async fn single_bookings(
        &self,
        account: &StatementAccount,
        read: &BankStatement,
        now_ms: i64,
    ) -> Result<SingleBookings, store::Error> {
        let mut found = SingleBookings::default();
        let open = if read.batches.is_empty() { Vec::new() } else { self.store.open_debits(account).await? };
        let open: BTreeMap<Uuid, Vec<PayoutKey>> = open.into_iter().collect();
        for (place, entry) in read.statement.entries.iter().enumerate() {
            let Some(batch) = read.batches.iter().find(|batch| batch.place == place) else {
                found.entries.push((place, entry.clone()));
                continue;
            };
            let debit_id = id_of(account, batch, entry);
            let mut keys = open.get(&debit_id).cloned().unwrap_or_default();
            let known: BTreeSet<Uuid> = keys.iter().map(|key| key.payout_id).collect();
            let paid: Option<Vec<StatementEntry>> = if batch.listed.is_empty() {
                let others = self.keys_of_batch(&account.bank, batch).await?;
                keys.extend(others.into_iter().filter(|key| !known.contains(&key.payout_id)));
                let mut ids: Vec<Uuid> = keys.iter().map(|key| key.payout_id).collect();
                ids.sort_unstable();
                ids.dedup();
                let payouts = self.store.recorded(&ids).await?;
                explained(entry.amount, &payouts).map(|paid| paid.into_iter().map(|payout| debit(entry, payout)).collect())
            } else {
                Some(batch.listed.iter().map(|(id, amount)| single(entry, id.clone(), *amount)).collect())
            };
            match paid {
                Some(paid) => {
                    found.entries.extend(paid.into_iter().map(|paid| (place, paid)));
                    found.explained.extend(open.contains_key(&debit_id).then_some(debit_id));
                }
                None => {
                    found.entries.push((place, entry.clone()));
                    if !keys.is_empty() || !is_forgotten(entry, now_ms) {
                        found.unexplained.push((unexplained(account, &read.statement.statement_id, batch, entry, now_ms), keys));
                    }
                }
            }
        }
        Ok(found)
    }

    /// The payouts of the messages that a debit names.
    async fn keys_of_batch(&self, bank: &str, batch: &BookedBatch) -> Result<Vec<PayoutKey>, store::Error> {
        let mut keys = Vec::new();
        for message_id in &batch.ids {
            keys.extend(self.store.payouts_in_message(bank, message_id).await?);
        }
        Ok(keys)
    }

    /// Keeps what nothing explains, and ends what is explained by now.
    pub(crate) async fn keep_unexplained(
        &self,
        account: &StatementAccount,
        found: &SingleBookings,
        now_ms: i64,
    ) -> Result<(), store::Error> {
        let new = self.store.keep_debits(&found.unexplained, &found.explained, now_ms).await?;
        for (debit, keys) in found.unexplained.iter().filter(|(debit, _)| new.contains(&debit.debit_id)) {
            let (bank, debit_id, ids, amount) = (&account.bank, debit.debit_id, debit.message_ids.join(" "), debit.amount);
            tracing::error!(bank, %debit_id, ids, %amount, payments = keys.len(), "the bank books a sum that is not that of the message's payments");
        }
        for debit_id in &found.explained {
            tracing::info!(bank = account.bank, %debit_id, "a debit that nothing explained is explained");
        }
        Ok(())
    }
}
