//! Reservations: protobuf to domain and back.
use crate::domain::{
    node::is_id,
    reservation::{AskedReservation, LeafReservation, LeafReservationState},
};
use api::treasury::{FundsReservation, FundsReservationState, ReleaseFundsRequest, ReserveFundsRequest};
use money::{BookName, Currency, Money};
use rpc::{Violations, malformed};
use tonic::Status;
use uuid::Uuid;

const ID_FORM: &str = "must have 1 to 32 of the characters a to z, 0 to 9 and -";

/// What a payout asks for.
pub fn reserved(app: BookName, request: &ReserveFundsRequest) -> Result<AskedReservation, Status> {
    let mut wrong = Violations::default();
    let reservation_id = wrong.take(uuid("reservation_id", &request.reservation_id));
    let payout_id = wrong.take(uuid("payout_id", &request.payout_id));
    let intent = wrong.take(uuid("intent_posting_id", &request.intent_posting_id));
    for (field, id) in [("entity", &request.entity), ("bank_account", &request.bank_account)] {
        if !is_id(id) {
            wrong.add(malformed(field, ID_FORM));
        }
    }
    let amount = wrong.take(amount(request.amount.as_ref()));
    let (Some(reservation_id), Some(payout_id), Some(intent), Some(amount)) = (reservation_id, payout_id, intent, amount) else {
        return Err(wrong.into_status());
    };
    wrong.check()?;
    let (entity, bank_account) = (request.entity.clone(), request.bank_account.clone());
    Ok(AskedReservation { app, reservation_id, payout_id, entity, bank_account, amount, intent })
}

/// What a payout gives up.
pub fn released(app: BookName, request: ReleaseFundsRequest) -> Result<AskedReservation, Status> {
    let ReleaseFundsRequest { book, reservation_id, payout_id, entity, bank_account, amount, blocked: _ } = request;
    // No intent is looked for any more.
    let intent_posting_id = Uuid::nil().to_string();
    reserved(app, &ReserveFundsRequest { book, reservation_id, payout_id, entity, bank_account, amount, intent_posting_id })
}

/// A reservation; none: no physical account stands for the bank account.
#[must_use]
pub fn reservation(asked: &AskedReservation, row: Option<&LeafReservation>) -> FundsReservation {
    let state = row.map_or(FundsReservationState::NotCovered, |row| match row.state {
        LeafReservationState::Reserved => FundsReservationState::Reserved,
        LeafReservationState::Submitting | LeafReservationState::InTransit => FundsReservationState::InTransit,
        LeafReservationState::Settled => FundsReservationState::Settled,
        LeafReservationState::Voiding | LeafReservationState::Returning | LeafReservationState::Released => FundsReservationState::Released,
        LeafReservationState::Blocking | LeafReservationState::Blocked | LeafReservationState::Unblocking => FundsReservationState::Blocked,
    });
    let text = |of: fn(&LeafReservation) -> &String| row.map(of).cloned().unwrap_or_default();
    FundsReservation {
        reservation_id: asked.reservation_id.to_string(),
        state: state.into(),
        physical_account: text(|row| &row.account),
        leaf: text(|row| &row.leaf),
        leaf_entity: text(|row| &row.leaf_entity),
    }
}

fn uuid(field: &str, text: &str) -> Result<Uuid, Status> {
    Uuid::try_parse(text).map_err(|_| malformed(field, "must be a UUID"))
}

fn amount(amount: Option<&api::r#type::Money>) -> Result<Money, Status> {
    let of = amount.and_then(|amount| {
        let currency = Currency::try_new(&amount.currency_code).ok()?;
        Money::try_new(currency, amount.minor_units).ok()
    });
    of.filter(|amount| amount.minor_units() > 0).ok_or_else(|| malformed("amount", "must be an amount above 0 of an ISO 4217 currency"))
}
