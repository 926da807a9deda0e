//! The one table of access: for every RPC, which roles may call it and on whose data. An RPC without a row does not start.
use crate::Role::{self, Admin, Auditor, Creator, Finance, Service, Support, Viewer};

#[cfg(test)]
mod tests;

/// On whose data a role may act through an RPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Only on the caller's own: naming another user is refused.
    Own,
    /// On a named user's, within the token's books.
    OnBehalf,
    /// On the book as a whole; no user is meant.
    Book,
}

/// Who may call an RPC.
#[derive(Debug, Clone, Copy)]
pub enum Access {
    /// Anybody, without a token: nothing but whether the process lives and what its contracts look like.
    Open,
    /// These roles.
    Roles(&'static [(Role, Reach)]),
}

/// One RPC's row.
#[derive(Debug, Clone, Copy)]
pub struct AccessRow {
    /// The RPC as HTTP/2 path, `/<package>.<Service>/<Method>`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Whether staff must say why: where it shows or changes what belongs to a user, or changes a book.
    pub reason: bool,
    /// How large a message of a caller over a socket may be, in bytes; of a stream, each of its messages.
    pub bytes_max: usize,
    /// Whether a user's call leaves a row of a service whatever comes of it, so that so many an hour are enough.
    pub keeps: bool,
}

/// Bytes of a message where a row does not say otherwise: four times the largest request of a user, which is a receipt.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// Bytes of an act of staff: the whole of their request, which is hashed where it is recorded (256 KiB within a process, 64 KiB over a socket), 8 KiB of
/// it as text, the 256 users and as many accounts that it names, and who called.
pub const ACT_BYTES_MAX: usize = 384 * 1024;
/// Bytes of a message with a thousand postings and full request fields.
pub const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A row whose staff need no reason: it concerns nobody.
const fn row(path: &'static str, access: Access) -> AccessRow {
    AccessRow { path, access, reason: false, bytes_max: REQUEST_BYTES_MAX, keeps: false }
}

/// A row whose staff must say why.
const fn explained(path: &'static str, access: Access) -> AccessRow {
    AccessRow { reason: true, ..row(path, access) }
}

impl AccessRow {
    /// The row of an RPC whose message holds a thousand of what others hold one of.
    const fn batched(self) -> Self {
        Self { bytes_max: BATCH_BYTES_MAX, ..self }
    }

    /// The row of an RPC whose message carries the request of another RPC.
    const fn carrying(self) -> Self {
        Self { bytes_max: ACT_BYTES_MAX, ..self }
    }

    /// The row of an RPC that keeps what it answers, refusals too.
    const fn keeping(self) -> Self {
        Self { keeps: true, ..self }
    }

    /// On whose data `role` may act, if it may call at all.
    pub fn reach(&self, role: Role) -> Option<Reach> {
        match self.access {
            Access::Open => Some(Reach::Book),
            Access::Roles(roles) => roles.iter().find(|(allowed, _)| *allowed == role).map(|(_, reach)| *reach),
        }
    }
}

/// Services act for the users they serve; all staff may look.
const LEDGER_READ: Access =
    Access::Roles(&[(Service, Reach::Book), (Support, Reach::Book), (Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);
/// Services move money. Manual corrections need two people, through SupportService.
const LEDGER_POST: Access = Access::Roles(&[(Service, Reach::Book)]);
/// The whole journal, everybody's entries in it: for services that project it and for those who audit it.
const LEDGER_WATCH: Access = Access::Roles(&[(Service, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);
/// Steps that stop or undo somebody's money are taken by two people, through SupportService, which takes them as itself.
const LEDGER_CORRECT: Access = Access::Roles(&[(Service, Reach::Book)]);
/// What may leave an account is bounded by people who answer for it: by one where it is a viewer's coins, otherwise by two through SupportService, which
/// calls as itself. The ledger looks at the account.
const LEDGER_LIMIT: Access = Access::Roles(&[(Service, Reach::Book), (Finance, Reach::Book), (Admin, Reach::Book)]);
/// Books are set up by admins, and by a sandbox at its start.
const BOOK_SETUP: Access = Access::Roles(&[(Service, Reach::Book), (Admin, Reach::Book)]);

/// Price lists and catalogues: the same for all who may be in the book.
const CATALOGUE: Access = Access::Roles(&[
    (Viewer, Reach::Book),
    (Creator, Reach::Book),
    (Service, Reach::Book),
    (Support, Reach::Book),
    (Finance, Reach::Book),
    (Auditor, Reach::Book),
    (Admin, Reach::Book),
]);
/// What belongs to one user: the user sees it, and all staff may.
const USER_READ: Access = Access::Roles(&[
    (Viewer, Reach::Own),
    (Creator, Reach::Own),
    (Service, Reach::OnBehalf),
    (Support, Reach::OnBehalf),
    (Finance, Reach::OnBehalf),
    (Auditor, Reach::OnBehalf),
    (Admin, Reach::OnBehalf),
]);
/// Spends a user's coins: the user, or a service that speaks for the user. Staff never spend other people's coins.
const USER_SPEND: Access = Access::Roles(&[(Viewer, Reach::Own), (Creator, Reach::Own), (Service, Reach::OnBehalf)]);
/// Brings coins in against a receipt. Support may do it for a user whose app could not; the receipt decides who gets them.
const USER_TOP_UP: Access =
    Access::Roles(&[(Viewer, Reach::Own), (Creator, Reach::Own), (Service, Reach::OnBehalf), (Support, Reach::OnBehalf)]);
/// What was refused to any user of the book: for staff who are asked about it.
const REFUSAL_READ: Access = Access::Roles(&[(Support, Reach::Book), (Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);
/// What belongs to a creator. A viewer who received gifts has earnings too, and only the role in the token differs.
const CREATOR_READ: Access = Access::Roles(&[
    (Creator, Reach::Own),
    (Service, Reach::OnBehalf),
    (Support, Reach::OnBehalf),
    (Finance, Reach::OnBehalf),
    (Auditor, Reach::OnBehalf),
    (Admin, Reach::OnBehalf),
]);
/// Turns a creator's earnings into money, or says where it goes. Not for staff: whoever could name the account and order the payout
/// could pay themselves.
const CREATOR_CASH: Access = Access::Roles(&[(Creator, Reach::Own), (Service, Reach::OnBehalf)]);

/// Staff actions are recorded by the services they call.
const ACT_RECORD: Access = Access::Roles(&[(Service, Reach::Book)]);
/// The audit log is for those who audit them.
const ACT_READ: Access = Access::Roles(&[(Auditor, Reach::Book), (Admin, Reach::Book)]);
/// Whoever helps users or answers for the books may ask for a hand.
const PROPOSE: Access = Access::Roles(&[(Support, Reach::Book), (Finance, Reach::Book), (Admin, Reach::Book)]);
/// The second pair of eyes answers for the books.
const APPROVE: Access = Access::Roles(&[(Finance, Reach::Book), (Admin, Reach::Book)]);
/// All staff may see what was asked for.
const PROPOSAL_READ: Access =
    Access::Roles(&[(Support, Reach::Book), (Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);
/// Sums and what is wrong with them, nobody's own.
const HEALTH: Access =
    Access::Roles(&[(Service, Reach::Book), (Support, Reach::Book), (Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);

/// Every RPC of every contract, by service in the order of the contracts.
pub const TABLE: &[AccessRow] = &[
    explained("/largesse.ledger.v1.LedgerService/CreateBook", BOOK_SETUP),
    row("/largesse.ledger.v1.LedgerService/ListBooks", LEDGER_READ),
    explained("/largesse.ledger.v1.LedgerService/OpenAccounts", LEDGER_POST),
    explained("/largesse.ledger.v1.LedgerService/SetAccountState", LEDGER_CORRECT),
    explained("/largesse.ledger.v1.LedgerService/SetDebitLimit", LEDGER_LIMIT),
    explained("/largesse.ledger.v1.LedgerService/Post", LEDGER_POST),
    explained("/largesse.ledger.v1.LedgerService/PostBatch", LEDGER_POST).batched(),
    explained("/largesse.ledger.v1.LedgerService/PostStream", LEDGER_POST),
    explained("/largesse.ledger.v1.LedgerService/ImportBatch", LEDGER_CORRECT).batched(),
    explained("/largesse.ledger.v1.LedgerService/PostPending", LEDGER_POST),
    explained("/largesse.ledger.v1.LedgerService/VoidPending", LEDGER_POST),
    explained("/largesse.ledger.v1.LedgerService/Reverse", LEDGER_CORRECT),
    explained("/largesse.ledger.v1.LedgerService/GetAccount", LEDGER_READ),
    explained("/largesse.ledger.v1.LedgerService/ListEntries", LEDGER_READ),
    explained("/largesse.ledger.v1.LedgerService/GetBalanceAt", LEDGER_READ),
    explained("/largesse.ledger.v1.LedgerService/GetPosting", LEDGER_READ),
    explained("/largesse.ledger.v1.LedgerService/WatchJournal", LEDGER_WATCH),
    row("/largesse.ledger.v1.LedgerService/GetTrialBalance", LEDGER_READ),
    row("/largesse.ledger.v1.LedgerService/VerifyBook", LEDGER_READ),
    row("/largesse.gift.v1.GiftService/ListGifts", CATALOGUE),
    explained("/largesse.gift.v1.GiftService/SendGift", USER_SPEND),
    explained("/largesse.gift.v1.GiftService/SendGifts", USER_SPEND),
    row("/largesse.purchase.v1.PurchaseService/ListCoinPackages", CATALOGUE),
    explained("/largesse.purchase.v1.PurchaseService/GetWallet", USER_READ),
    explained("/largesse.purchase.v1.PurchaseService/RedeemPurchase", USER_TOP_UP).keeping(),
    explained("/largesse.purchase.v1.PurchaseService/GetPurchase", USER_READ),
    explained("/largesse.purchase.v1.PurchaseService/ListPurchases", USER_READ),
    explained("/largesse.purchase.v1.PurchaseService/ListRefusedReceipts", REFUSAL_READ),
    explained("/largesse.earnings.v1.EarningsService/GetEarnings", CREATOR_READ),
    explained("/largesse.earnings.v1.EarningsService/CreateQuote", CREATOR_CASH).keeping(),
    explained("/largesse.earnings.v1.EarningsService/GetQuote", CREATOR_READ),
    explained("/largesse.earnings.v1.EarningsService/AcceptQuote", CREATOR_CASH).keeping(),
    explained("/largesse.payout.v1.PayoutService/CreateBeneficiary", CREATOR_CASH).keeping(),
    explained("/largesse.payout.v1.PayoutService/ListBeneficiaries", CREATOR_READ),
    explained("/largesse.payout.v1.PayoutService/RequestPayout", CREATOR_CASH).keeping(),
    explained("/largesse.payout.v1.PayoutService/GetPayout", CREATOR_READ),
    explained("/largesse.payout.v1.PayoutService/ListPayouts", CREATOR_READ),
    explained("/largesse.payout.v1.PayoutService/WatchPayout", CREATOR_READ),
    row("/largesse.support.v1.SupportService/RecordAct", ACT_RECORD).carrying(),
    explained("/largesse.support.v1.SupportService/ListActs", ACT_READ),
    explained("/largesse.support.v1.SupportService/Propose", PROPOSE),
    explained("/largesse.support.v1.SupportService/Approve", APPROVE),
    explained("/largesse.support.v1.SupportService/Reject", PROPOSE),
    row("/largesse.support.v1.SupportService/GetProposal", PROPOSAL_READ),
    row("/largesse.support.v1.SupportService/ListProposals", PROPOSAL_READ),
    row("/largesse.monitor.v1.MonitorService/GetHealthOfMoney", HEALTH),
    row("/grpc.health.v1.Health/Check", Access::Open),
    row("/grpc.health.v1.Health/Watch", Access::Open),
    row("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Access::Open),
    row("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Access::Open),
];
