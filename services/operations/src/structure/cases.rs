//! One case of a bank's statements: who works on it, and what explains or adjusts it; asked of a running treasury service.
use super::{StructureCaller, told};
use crate::{OperationFault, staff_call};
use api::treasury::{
    Adjustment, ApproveAdjustmentRequest, ApproveAdjustmentResponse, AssignCaseRequest, ExplainCaseRequest, GetCaseRequest,
    GetCaseResponse, ProposeAdjustmentRequest, ReconciliationCase,
};

/// An answer has everything that its contract promises, unless the service is another version.
const INCOMPLETE: &str = "the service's answer is incomplete: it may be of another version; ask for the case to see what is recorded";

impl StructureCaller<'_> {
    /// A case, with what was proposed for it last.
    pub async fn case(&self, case_id: &str) -> Result<GetCaseResponse, OperationFault> {
        let request = GetCaseRequest { book: self.book.to_owned(), case_id: case_id.to_owned() };
        let request = staff_call::request(request, self.token, self.reason)?;
        Ok(self.client().get_case(request).await.map_err(told)?.into_inner())
    }

    /// Makes a member of staff responsible for a case; with an empty name, nobody.
    pub async fn assign(&self, case_id: &str, assignee: &str) -> Result<ReconciliationCase, OperationFault> {
        let request = AssignCaseRequest { book: self.book.to_owned(), case_id: case_id.to_owned(), assignee: assignee.to_owned() };
        let request = staff_call::request(request, self.token, self.reason)?;
        let assigned = self.client().assign_case(request).await.map_err(told)?.into_inner();
        Ok(assigned.found.ok_or(INCOMPLETE)?)
    }

    /// Explains a case about a file or a statement as a whole; the reason of the call is the explanation.
    pub async fn explain(&self, case_id: &str) -> Result<ReconciliationCase, OperationFault> {
        let request = ExplainCaseRequest { book: self.book.to_owned(), case_id: case_id.to_owned() };
        let request = staff_call::request(request, self.token, self.reason)?;
        let explained = self.client().explain_case(request).await.map_err(told)?.into_inner();
        Ok(explained.found.ok_or(INCOMPLETE)?)
    }

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
