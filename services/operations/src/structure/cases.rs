//! What adjusts a case of a bank's statements: proposed by one member of staff, approved by another; asked of a running treasury service.
use super::{StructureCaller, told};
use crate::{OperationFault, staff_call};
use api::treasury::{Adjustment, ApproveAdjustmentRequest, ApproveAdjustmentResponse, ProposeAdjustmentRequest};

/// An answer has everything that its contract promises, unless the service is another version.
const INCOMPLETE: &str = "the service's answer is incomplete: it may be of another version; ask for the case to see what is recorded";

impl StructureCaller<'_> {
    /// Proposes what resolves a case about entries or items. Nothing is posted before somebody else approves it.
    pub async fn propose(&self, request: ProposeAdjustmentRequest) -> Result<Adjustment, OperationFault> {
        let request = ProposeAdjustmentRequest { book: self.book.to_owned(), ..request };
        let request = staff_call::request(request, self.token, self.reason)?;
        let proposed = self.client().propose_adjustment(request).await.map_err(told)?.into_inner();
        Ok(proposed.adjustment.ok_or(INCOMPLETE)?)
    }

    /// Approves and posts what another member of staff proposed.
    pub async fn approve(&self, adjustment_id: &str) -> Result<ApproveAdjustmentResponse, OperationFault> {
        let request = ApproveAdjustmentRequest { book: self.book.to_owned(), adjustment_id: adjustment_id.to_owned() };
        let request = staff_call::request(request, self.token, self.reason)?;
        Ok(self.client().approve_adjustment(request).await.map_err(told)?.into_inner())
    }
}
