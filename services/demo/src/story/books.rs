//! The books, queried and posted to as staff would: finance proposes postings for what the bank reports, the controller approves, an auditor reads.
use crate::installation::{Installation, authorised, explained};
use api::{
    ledger::{Entry, GetTrialBalanceRequest, ListEntriesRequest, TrialBalanceLine, VerifyBookRequest, VerifyBookResponse},
    purchase::{GetDeferredRevenueRequest, GetDeferredRevenueResponse},
    support::{Adjustment, AdjustmentTransfer, ApproveRequest, ProposalState, ProposeRequest, propose_request},
};
use chart::{Account, Purpose};
use identity::Role;
use money::Currency;
use runtime::command::UntypedError;
use std::time::Duration;
use uuid::Uuid;

/// The auditor's reason to read.
const WHY: &str = "demo: the books are compared with the bank";

/// Entries per page; the contract's maximum.
const PAGE: i32 = 200;

/// How long a query over the whole book may take: more than a call's default deadline, because a busy machine may need it.
const WHOLE_BOOK_MAX: Duration = Duration::from_secs(60);

/// The trial balance at one moment.
#[derive(Debug, Clone)]
pub struct BookSums(pub Vec<TrialBalanceLine>);

impl BookSums {
    /// Credits minus debits of an account group; 0 for an unknown group.
    #[must_use]
    pub fn balance(&self, accounts: &str) -> i64 {
        self.line(accounts).map_or(0, |line| line.credits_posted - line.debits_posted)
    }

    /// The group's line.
    #[must_use]
    pub fn line(&self, accounts: &str) -> Option<&TrialBalanceLine> {
        self.0.iter().find(|line| line.accounts == accounts)
    }
}

/// The trial balance, as an auditor sees it.
pub async fn sums(installation: &Installation) -> Result<BookSums, UntypedError> {
    let token = installation.token("auditor", Role::Auditor)?;
    let mut request = authorised(GetTrialBalanceRequest::default(), &token)?;
    request.set_timeout(WHOLE_BOOK_MAX);
    Ok(BookSums(installation.ledger().get_trial_balance(request).await?.into_inner().lines))
}

/// The book's own check, over RPC.
pub async fn verify(installation: &Installation) -> Result<VerifyBookResponse, UntypedError> {
    let token = installation.token("auditor", Role::Auditor)?;
    let mut request = authorised(VerifyBookRequest::default(), &token)?;
    request.set_timeout(WHOLE_BOOK_MAX);
    Ok(installation.ledger().verify_book(request).await?.into_inner())
}

/// What sales have not earned yet, in the purchase service's words.
pub async fn deferred(installation: &Installation) -> Result<GetDeferredRevenueResponse, UntypedError> {
    let token = installation.token("finance", Role::Finance)?;
    let mut request = authorised(GetDeferredRevenueRequest::default(), &token)?;
    request.set_timeout(WHOLE_BOOK_MAX);
    Ok(installation.purchase().get_deferred_revenue(request).await?.into_inner())
}

/// The company's account in a currency of the plan.
#[must_use]
pub fn money_account(purpose: Purpose, currency: &str) -> String {
    let currency = Currency::try_new(currency).expect("the plan has currencies that there are");
    Account::house(purpose, currency).name()
}

/// All entries of an account, newest first.
pub async fn entries(installation: &Installation, account: &str) -> Result<Vec<Entry>, UntypedError> {
    let token = installation.token("auditor", Role::Auditor)?;
    let mut request = ListEntriesRequest { account: account.to_owned(), page_size: PAGE, ..Default::default() };
    let mut entries = Vec::new();
    loop {
        let page = installation.ledger().list_entries(explained(request.clone(), &token, WHY)?).await?.into_inner();
        entries.extend(page.entries);
        if page.next_page_token.is_empty() {
            return Ok(entries);
        }
        request.page_token = page.next_page_token;
    }
}

/// One transfer of a currency between two of the company's accounts: finance proposes it, and the controller approves.
pub async fn post(installation: &Installation, why: &str, debit: String, credit: String, minor_units: i64) -> Result<(), UntypedError> {
    let (asking, approving) = (installation.token("finance", Role::Finance)?, installation.token("controller", Role::Admin)?);
    let transfer = AdjustmentTransfer { debit_account: debit, credit_account: credit, amount: minor_units };
    let act = Some(propose_request::Act::Adjustment(Adjustment { transfers: vec![transfer] }));
    let request = ProposeRequest { request_id: Uuid::now_v7().to_string(), act, ..Default::default() };
    let proposed = installation.support().propose(explained(request, &asking, why)?).await?.into_inner();
    let proposal_id = proposed.proposal.unwrap_or_default().proposal_id;
    let approval = ApproveRequest { request_id: Uuid::now_v7().to_string(), proposal_id, ..Default::default() };
    let approved = installation.support().approve(explained(approval, &approving, why)?).await?.into_inner().proposal.unwrap_or_default();
    if approved.state() == ProposalState::Done { Ok(()) } else { Err(format!("{why}: {}", approved.result).into()) }
}
