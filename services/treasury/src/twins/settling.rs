//! Payouts that were reserved before they were submitted: what the bank paid leaves what is in transit, and not the leaf once more.
use crate::{
    domain::{
        ClaimAccount, ClaimMove, Node, Structure,
        reservation::{LeafReservation, LeafReservationState},
    },
    error::Error,
    treasury::Treasury,
};

/// How often a reservation is read that others advance meanwhile: each time they bring it nearer to its end.
const READS_MAX: usize = 8;

impl Treasury {
    /// The leaf that a settlement's twin takes the money from, if the payout has reserved it: what is in transit. It is recorded before the twin is posted, so
    /// that a retry takes it from there as well. `None`: nothing was reserved, and the leaf pays.
    pub(super) async fn settled_from<'a>(
        &self,
        structure: &'a Structure,
        claim: &ClaimAccount,
        moved: &ClaimMove,
        payout_id: &str,
    ) -> Result<Option<&'a Node>, Error> {
        let transit = || {
            let found = structure.in_transit_leaf(&claim.physical.id);
            found.map(Some).ok_or_else(|| Error::Twin(format!("{} has no leaf for what is in transit", claim.physical.id)))
        };
        for _ in 0..READS_MAX {
            let rows = self.store.reservations_of(&self.book, &claim.app, payout_id).await?;
            if rows.iter().any(|row| row.settled_by == Some(moved.posting)) {
                return transit();
            }
            let Some(row) = rows.into_iter().find(|row| row.state.is_live()) else { return Ok(None) };
            let pays = row.account == claim.physical.id && moved.amount.checked_neg() == Some(row.asked.amount.minor_units());
            if !pays {
                // The bank took another amount, or another account paid.
                self.given_back(row).await?;
                continue;
            }
            // A settlement is proof enough that it was submitted.
            let Some(row) = self.put_in_transit(&row).await?.filter(|row| row.state == LeafReservationState::InTransit) else { continue };
            let settled = LeafReservation { state: LeafReservationState::Settled, settled_by: Some(moved.posting), ..row.clone() };
            if self.store.advance_reservation(&self.book, &row, &settled).await? {
                return transit();
            }
        }
        Err(Error::Twin(format!("the reservation of payout {payout_id} is advanced by others")))
    }
}
