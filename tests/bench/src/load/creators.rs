//! Creators who are paid: how they earn, their bank accounts, single payouts, and runs. All by services: what is measured is the work behind it.

use super::users::{BenchUsers, UserToken, creator_name, service_token};
use api::{
    ledger::{PostBatchRequest, PostRequest, Transfer},
    payout::{
        AbaAccount, ApprovePayoutRunRequest, CreateBeneficiaryRequest, CreatePayoutRunRequest, PayoutRun, PayoutRunLine,
        RequestPayoutRequest, create_beneficiary_request, payout_service_client::PayoutServiceClient,
    },
    r#type::Money,
};
use chart::{Account, Owner, PostingKind, Purpose};
use money::Currency;
use runtime::command::UntypedError;
use std::{path::Path, sync::Arc};
use tonic::{Request, transport::Channel};
use uuid::Uuid;

/// What one payout pays, in cents.
pub(crate) const CENTS_EACH: i64 = 150;
/// The currency of all payouts.
pub(crate) const USD: &str = "USD";
/// Lines of a run that are sent at once, as many as the service takes.
pub(crate) const LINES: usize = 1_000;
/// A routing number that the bank's rails reach.
const ROUTING: &str = "121000248";

/// Makes the requests about creators.
#[derive(Clone)]
pub(crate) struct CreatorCalls {
    users: Arc<BenchUsers>,
    earnings: UserToken,
    approver: UserToken,
}

fn dollars() -> Currency {
    Currency::try_new(USD).expect("a currency")
}

/// The account whose credits count what was paid.
pub(crate) fn bank_cash() -> Account<'static> {
    Account::house(Purpose::BankCash, dollars())
}

fn usd(minor_units: i64) -> Option<Money> {
    Some(Money { currency_code: USD.to_owned(), minor_units })
}

impl CreatorCalls {
    /// Tokens are signed by the key under `data_dir`.
    pub fn try_new(data_dir: &Path, users: Arc<BenchUsers>) -> Result<Self, UntypedError> {
        let token = |subject| service_token(data_dir, subject, &users.book);
        let (earnings, approver) = (token("earnings")?, token("bench-approver")?);
        Ok(Self { users, earnings, approver })
    }

    fn book(&self) -> String {
        self.users.book.as_str().to_owned()
    }

    /// A gift to each of these creators.
    pub fn gifts(&self, creators: std::ops::Range<u64>) -> Result<Request<PostBatchRequest>, UntypedError> {
        let viewers = self.users.crowd.viewers;
        let posts = creators.map(|creator| self.users.posting(creator % viewers, creator, Uuid::now_v7()));
        Ok(self.users.batch(posts.collect::<Result<_, _>>()?))
    }

    /// So many gifts to one creator.
    pub fn gifts_to(&self, creator: u64, gifts: u64) -> Result<Request<PostBatchRequest>, UntypedError> {
        let viewers = self.users.crowd.viewers;
        let posts = (0..gifts).map(|gift| self.users.posting(gift % viewers, creator, Uuid::now_v7()));
        Ok(self.users.batch(posts.collect::<Result<_, _>>()?))
    }

    /// Conversions of so many Diamonds of each of these creators to so many cents.
    pub fn conversions(&self, creators: std::ops::Range<u64>, diamonds: i64, cents: i64) -> Request<PostBatchRequest> {
        let posts = creators.map(|creator| {
            let creator = creator_name(creator);
            let owner = Owner::try_new(&creator).expect("names of creators are user keys");
            let moved = |debit: Account<'_>, credit: Account<'_>, amount| Transfer {
                debit_account: debit.name(),
                credit_account: credit.name(),
                amount,
                ..Transfer::default()
            };
            let accrued = Account::house(Purpose::AccruedCreatorLiability, dollars());
            let transfers = vec![
                moved(Account::CreatorDiamonds(owner), Account::DiamondsRedeemed, diamonds),
                moved(Account::house(Purpose::CreatorCost, dollars()), accrued, cents),
                moved(accrued, Account::CreatorPayable(owner, dollars()), cents),
            ];
            let kind = PostingKind::Conversion.name().to_owned();
            PostRequest { request_id: Uuid::now_v7().to_string(), kind, transfers, ..PostRequest::default() }
        });
        let mut request = Request::new(PostBatchRequest { book: self.book(), posts: posts.collect(), brief: true });
        request.metadata_mut().insert("authorization", self.earnings.clone());
        request
    }

    /// Records a creator's bank account.
    pub fn beneficiary(&self, creator: u64) -> Request<CreateBeneficiaryRequest> {
        let account = AbaAccount { routing_number: ROUTING.to_owned(), account_number: format!("55{creator:08}"), ..Default::default() };
        self.users.signed(CreateBeneficiaryRequest {
            request_id: Uuid::now_v7().to_string(),
            book: self.book(),
            user_id: creator_name(creator),
            holder_name: "Quentin Benchley".to_owned(),
            account: Some(create_beneficiary_request::Account::Aba(account)),
            ..CreateBeneficiaryRequest::default()
        })
    }

    /// Requests one payout.
    pub fn payout(&self, creator: u64, beneficiary_id: String) -> Request<RequestPayoutRequest> {
        self.users.signed(RequestPayoutRequest {
            request_id: Uuid::now_v7().to_string(),
            book: self.book(),
            user_id: creator_name(creator),
            beneficiary_id,
            amount: usd(CENTS_EACH),
        })
    }

    /// Sends a page of a run. Without lines, and once the run is complete, it only tells how far the run is.
    pub async fn page(&self, channel: &Channel, run: Uuid, first: usize, beneficiaries: &[String]) -> Result<PayoutRun, UntypedError> {
        let lines = beneficiaries.iter().enumerate().map(|(at, beneficiary_id)| PayoutRunLine {
            user_id: creator_name((first + at) as u64),
            beneficiary_id: beneficiary_id.clone(),
            amount: usd(CENTS_EACH),
        });
        let request = self.users.signed(CreatePayoutRunRequest {
            request_id: run.to_string(),
            book: self.book(),
            lines: lines.collect(),
            first_line_no: i32::try_from(first + 1)?,
            complete: beneficiaries.len() < LINES,
            ..CreatePayoutRunRequest::default()
        });
        let answer = PayoutServiceClient::new(channel.clone()).create_payout_run(request).await?;
        Ok(answer.into_inner().run.ok_or("a run was answered without itself")?)
    }

    /// Approves a run, as another service than the one that made it.
    pub async fn approve(&self, channel: &Channel, run: &PayoutRun) -> Result<(), UntypedError> {
        let mut request = Request::new(ApprovePayoutRunRequest {
            request_id: Uuid::now_v7().to_string(),
            book: self.book(),
            run_id: run.run_id.clone(),
            lines_hash: run.lines_hash.clone(),
        });
        request.metadata_mut().insert("authorization", self.approver.clone());
        PayoutServiceClient::new(channel.clone()).approve_payout_run(request).await?;
        Ok(())
    }
}
