//! What rows of reservations say was posted. The ids of the postings after a hold are not kept in its row; each of them sets a guard that names the reservation and
//! the posting's kind, and the posting that releases a hold names the hold. So they are found by those.
use super::are_ids;
use crate::{
    domain::{
        StandardLeaf,
        reservation::{LeafReservation, LeafReservationState as State},
    },
    postings,
    store::{Error, Store},
};
use PostingKind::{TreasuryBlock as Block, TreasuryReject as Reject, TreasurySubmit as Submit, TreasuryUnblock as Unblock};
use chart::{PostingKind, id};
use ledger_client::PostingDraft;
use money::BookName;
use uuid::Uuid;

/// The kinds of postings after a reservation's hold, but the one that releases it, in the order in which they can follow each other.
pub const RESERVATION_STEPS: [PostingKind; 4] = [Submit, Reject, Block, Unblock];

/// A reservation as its row says it.
#[derive(Debug, Clone, PartialEq)]
pub struct RowReservation {
    /// The app's book.
    pub app: BookName,
    /// Its id.
    pub reservation_id: Uuid,
    /// The payout that it is for.
    pub payout_id: Uuid,
    /// How far it is.
    state: State,
    /// What holds its money, and the id of that posting; `None`: nothing was ever held.
    pub hold: Option<(Uuid, PostingDraft)>,
    /// What each of [`RESERVATION_STEPS`] moves, with ids that mean nothing; none where nothing was held.
    pub steps: Vec<PostingDraft>,
}

impl RowReservation {
    /// The row, as shown to people.
    #[must_use]
    pub fn row(&self) -> String {
        format!("reservation {} of {}", self.reservation_id.hyphenated(), self.app)
    }

    /// How far it is, as shown to people.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        self.state.name()
    }

    /// Whether a reservation that is so far may have exactly these steps in the ledger, in the order of [`RESERVATION_STEPS`]. A state is written before the step
    /// that it makes, and left after it.
    #[must_use]
    pub fn may_have(&self, posted: &[PostingKind]) -> bool {
        let histories: &[&[PostingKind]] = match self.state {
            _ if self.hold.is_none() => &[&[]],
            State::Reserved | State::Voiding => &[&[]],
            State::Submitting => &[&[], &[Submit]],
            State::InTransit | State::Settled => &[&[Submit]],
            State::Returning => &[&[Submit], &[Submit, Reject]],
            State::Blocking => &[&[Submit], &[Submit, Block]],
            State::Blocked => &[&[Submit, Block]],
            State::Unblocking => &[&[Submit, Block], &[Submit, Block, Unblock]],
            State::Released => &[&[], &[Submit, Reject], &[Submit, Block, Unblock]],
        };
        histories.contains(&posted)
    }

    /// Whether the hold of a reservation that is so far may be open, or released; `None`: the ledger has none, because it is not posted yet or was refused.
    #[must_use]
    pub const fn may_hold(&self, is_open: Option<bool>) -> bool {
        match self.state {
            State::Voiding => true,
            State::Reserved => !matches!(is_open, Some(false)),
            State::Submitting => is_open.is_some(),
            State::Released => !matches!(is_open, Some(true)),
            State::InTransit | State::Settled | State::Returning | State::Blocking | State::Blocked | State::Unblocking => {
                matches!(is_open, Some(false))
            }
        }
    }
}

impl Store {
    /// A reservation of an app's book.
    pub async fn row_reservation(&self, book: &BookName, app: &BookName, id: Uuid) -> Result<Option<RowReservation>, Error> {
        self.reservation(book, app, id).await?.map(|row| of_reservation(book, &row)).transpose()
    }

    /// Reservations in the order of apps and ids, after this one.
    pub async fn row_reservations(
        &self,
        book: &BookName,
        after: Option<(&BookName, Uuid)>,
        rows_max: i64,
    ) -> Result<Vec<RowReservation>, Error> {
        self.reservations_after(book, after, rows_max).await?.iter().map(|row| of_reservation(book, row)).collect()
    }
}

fn of_reservation(book: &BookName, row: &LeafReservation) -> Result<RowReservation, Error> {
    let ids = [&row.account, &row.account_entity, &row.leaf, &row.leaf_entity];
    let mut of = RowReservation {
        app: row.asked.app.clone(),
        reservation_id: row.asked.reservation_id,
        payout_id: row.asked.payout_id,
        state: row.state,
        hold: None,
        steps: Vec::new(),
    };
    // Given up before anybody asked for it.
    if row.hold_key.is_nil() && ids.iter().all(|id| id.is_empty()) {
        return Ok(of);
    }
    are_ids("leaf of a reservation", &ids.map(String::as_str))?;
    let [transit, blocked] = [StandardLeaf::InTransit, StandardLeaf::Blocked].map(|leaf| leaf.id(&row.account));
    are_ids("account of a reservation", &[&transit, &blocked])?;
    of.hold = Some((id::posted(row.hold_key, book.as_str()), postings::reservation_hold(row.hold_key, row, &transit)));
    let unknown = Uuid::nil();
    of.steps = vec![
        postings::submitted(unknown, row, &transit),
        postings::rejected(unknown, row, &transit),
        postings::blocked(unknown, row, [&transit, &blocked]),
        postings::unblocked(unknown, row, &blocked),
    ];
    Ok(of)
}

/// The app's book and the id of the reservation of a hold whose movement has this key; `None`: it is of none.
#[must_use]
pub fn held_for(request_key: &str) -> Option<(BookName, Uuid)> {
    let (app, id) = request_key.strip_prefix("reserve/")?.split_once('/')?;
    Some((BookName::try_new(app).ok()?, Uuid::try_parse(id).ok()?))
}

#[cfg(test)]
mod tests;
