//! Debits of whole messages on a statement, taken apart into those of their payments, so that what compares a statement with our records knows single debits.

use crate::{
    banks::connector::{BankStatement, BookedBatch},
    domain::{
        batch::{doubted, explained},
        statement::RecordedPayout,
    },
    payouts::Payouts,
    store::{self, statements::StatementAccount},
};
use iso20022::camt053::{Direction, StatementEntry};
use money::Money;
use uuid::Uuid;

/// A statement's entries, with the payments of each sum in its place.
pub(crate) struct SingleBookings {
    /// The entries, each with the place of the booking that it is, or is a part of.
    pub entries: Vec<(usize, StatementEntry)>,
    /// Payments that are perhaps part of a sum that nothing explains.
    pub doubtful: Vec<StatementEntry>,
}

fn single(of: &StatementEntry, end_to_end_id: String, amount: Money) -> StatementEntry {
    StatementEntry { amount, direction: Direction::Debit, end_to_end_id: Some(end_to_end_id), ..of.clone() }
}

fn debit(of: &StatementEntry, payout: &RecordedPayout) -> StatementEntry {
    single(of, payout.current_id.simple().to_string(), payout.amount)
}

impl Payouts {
    /// Takes sums apart: by what the bank lists, else by the payments of the message that it names.
    pub(crate) async fn single_bookings(&self, account: &StatementAccount, read: &BankStatement) -> Result<SingleBookings, store::Error> {
        let mut found = SingleBookings { entries: Vec::new(), doubtful: Vec::new() };
        for (place, entry) in read.statement.entries.iter().enumerate() {
            let Some(batch) = read.batches.iter().find(|batch| batch.place == place) else {
                found.entries.push((place, entry.clone()));
                continue;
            };
            if !batch.listed.is_empty() {
                found.entries.extend(batch.listed.iter().map(|(id, amount)| (place, single(entry, id.clone(), *amount))));
                continue;
            }
            let payouts = self.payouts_of_batch(&account.bank, batch).await?;
            match explained(entry.amount, &payouts) {
                Some(paid) => found.entries.extend(paid.into_iter().map(|payout| (place, debit(entry, payout)))),
                None => {
                    let (bank, ids, amount) = (&account.bank, batch.ids.join(" "), entry.amount);
                    tracing::error!(bank, ids, %amount, payments = payouts.len(), "the bank books a sum that is not that of the message's payments");
                    found.doubtful.extend(doubted(&payouts).into_iter().map(|payout| debit(entry, payout)));
                    found.entries.push((place, entry.clone()));
                }
            }
        }
        Ok(found)
    }

    async fn payouts_of_batch(&self, bank: &str, batch: &BookedBatch) -> Result<Vec<RecordedPayout>, store::Error> {
        let mut ids: Vec<Uuid> = Vec::new();
        for message_id in &batch.ids {
            ids.extend(self.store.payouts_in_message(bank, message_id).await?.into_iter().map(|key| key.payout_id));
        }
        ids.sort_unstable();
        ids.dedup();
        self.store.recorded(&ids).await
    }
}
