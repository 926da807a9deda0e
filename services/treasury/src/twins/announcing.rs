//! Tells reconciliation which payouts apps' books have settled, so that the bank's entry of one is known and not booked once more as money that nobody ordered.
use crate::{
    domain::{
        ClaimAccount, ClaimMove,
        bank::{BankItem, ItemClosing, ItemReferences},
        statement::day_of_us,
    },
    error::Error,
    treasury::Treasury,
};
use chart::PostingKind;
use futures::future::try_join_all;
use iso20022::camt053::Direction;
use reconciliation::{BooksState, ItemKind};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The field of a settlement that names its payout. The end-to-end id of a payout's first attempt is the same without hyphens.
const PAYOUT_ID: &str = "payout_id";
/// Postings that are asked for at the same time.
const READS: usize = 16;

impl Treasury {
    /// The payouts that these moves settled, by posting.
    pub(super) async fn settled_payouts(&self, claim: &ClaimAccount, moves: &[ClaimMove]) -> Result<BTreeMap<Uuid, String>, Error> {
        let settled: Vec<&ClaimMove> =
            moves.iter().filter(|moved| moved.amount < 0 && moved.kind == PostingKind::PayoutSettle.name()).collect();
        let mut payouts = BTreeMap::new();
        for some in settled.chunks(READS) {
            let mut reads = Vec::with_capacity(some.len());
            for moved in some {
                reads.push(self.payout_of(claim, moved));
            }
            payouts.extend(try_join_all(reads).await?.into_iter().flatten());
        }
        Ok(payouts)
    }

    /// `None`: the posting names no payout.
    async fn payout_of(&self, claim: &ClaimAccount, moved: &ClaimMove) -> Result<Option<(Uuid, String)>, Error> {
        let posting = self.ledger.posting_by_id(&claim.app, moved.posting).await?;
        let payout = posting.request_fields.into_iter().find(|field| field.name == PAYOUT_ID);
        Ok(payout.map(|payout| (moved.posting, payout.value)))
    }

    /// Announces the payouts of these moves, as money that is in the books. Before their twins: announced twice is announced once, and never is booked twice.
    pub(super) async fn announce_payouts(
        &self,
        claim: &ClaimAccount,
        moves: &[ClaimMove],
        payouts: &BTreeMap<Uuid, String>,
    ) -> Result<(), Error> {
        let mut items = Vec::with_capacity(payouts.len());
        for moved in moves {
            if let Some(payout_id) = payouts.get(&moved.posting) {
                items.push(payout_item(claim, moved, payout_id)?);
            }
        }
        if items.is_empty() {
            return Ok(());
        }
        Ok(self.store.expect(self.book.as_str(), &items, (self.clock)()).await?)
    }
}

fn payout_item(claim: &ClaimAccount, moved: &ClaimMove, payout_id: &str) -> Result<BankItem, Error> {
    let amount = moved.amount.checked_neg().ok_or(Error::Overflow)?;
    let day = day_of_us(moved.effective_ms.saturating_mul(1_000));
    let references = ItemReferences { end_to_end_id: payout_id.replace('-', ""), ..ItemReferences::default() };
    Ok(BankItem {
        key: format!("twin/{}/{}", claim.app, moved.posting.hyphenated()),
        account: claim.physical.id.clone(),
        direction: Direction::Debit,
        amounts: (amount, amount),
        kind: ItemKind::Instant,
        state: Some(BooksState::Settled),
        references,
        days: [Some(day), None, None],
        returned_in_books: 0,
        closing: ItemClosing::default(),
    })
}
