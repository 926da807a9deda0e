//! The RPCs of the payout service: money of leaves that payouts take.
use super::Handlers;
use crate::{domain::reservation::GivenUpTo, wire::reservations as wire};
use api::treasury::{ReleaseFundsRequest, ReleaseFundsResponse, ReserveFundsRequest, ReserveFundsResponse};
use chart::Poster;
use identity::Role;
use tonic::{Code, Request, Status};

impl Handlers {
    pub(super) async fn funds_reserved(&self, request: Request<ReserveFundsRequest>) -> Result<ReserveFundsResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let asked = wire::reserved(caller.book(&request.book)?, &request)?;
        check_payout(&caller)?;
        let (row, replayed) = self.treasury.reserve_funds(&asked, caller.principal.subject.as_str()).await?;
        Ok(ReserveFundsResponse { reservation: Some(wire::reservation(&asked, row.as_ref())), replayed })
    }

    pub(super) async fn funds_released(&self, request: Request<ReleaseFundsRequest>) -> Result<ReleaseFundsResponse, Status> {
        let caller = rpc::caller(&request)?;
        let request = request.into_inner();
        let to = if request.blocked { GivenUpTo::Blocked } else { GivenUpTo::Leaf };
        let asked = wire::released(caller.book(&request.book)?, request)?;
        check_payout(&caller)?;
        let row = self.treasury.release_funds(&asked, to).await?;
        Ok(ReleaseFundsResponse { reservation: Some(wire::reservation(&asked, Some(&row))) })
    }
}

/// Whether the payout service calls, and no person of that name.
pub(super) fn is_payout(caller: &rpc::Caller) -> bool {
    caller.principal.role == Role::Service && caller.principal.subject.as_str() == Poster::Payout.name()
}

/// Refuses everybody but the payout service, which alone knows whether anything was sent.
pub(super) fn check_payout(caller: &rpc::Caller) -> Result<(), Status> {
    if !is_payout(caller) {
        let subject = caller.principal.subject.as_str();
        let why = "only the payout service does this, which knows what was sent to banks; nothing was done".to_owned();
        return Err(rpc::refused(Code::PermissionDenied, "PERMISSION_DENIED", why, &[("subject", subject.to_owned())]));
    }
    Ok(())
}
