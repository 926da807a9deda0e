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
pub struct Row {
    /// The RPC as HTTP/2 path, `/<package>.<Service>/<Method>`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
}

impl Row {
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
/// Money moves by services, and by finance when the books need a hand.
const LEDGER_POST: Access = Access::Roles(&[(Service, Reach::Book), (Finance, Reach::Book)]);
/// The whole journal, everybody's entries in it: for services that project it and for those who audit it.
const LEDGER_WATCH: Access = Access::Roles(&[(Service, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);
/// Steps that stop or undo somebody's money are taken by people who answer for them.
const LEDGER_CORRECT: Access = Access::Roles(&[(Finance, Reach::Book), (Admin, Reach::Book)]);
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

/// Every RPC of every contract, by service in the order of the contracts.
pub const TABLE: &[Row] = &[
    Row { path: "/largesse.ledger.v1.LedgerService/CreateBook", access: BOOK_SETUP },
    Row { path: "/largesse.ledger.v1.LedgerService/ListBooks", access: LEDGER_READ },
    Row { path: "/largesse.ledger.v1.LedgerService/OpenAccounts", access: LEDGER_POST },
    Row { path: "/largesse.ledger.v1.LedgerService/SetAccountState", access: LEDGER_CORRECT },
    Row { path: "/largesse.ledger.v1.LedgerService/SetDebitLimit", access: LEDGER_CORRECT },
    Row { path: "/largesse.ledger.v1.LedgerService/Post", access: LEDGER_POST },
    Row { path: "/largesse.ledger.v1.LedgerService/PostBatch", access: LEDGER_POST },
    Row { path: "/largesse.ledger.v1.LedgerService/PostStream", access: LEDGER_POST },
    Row { path: "/largesse.ledger.v1.LedgerService/ImportBatch", access: LEDGER_CORRECT },
    Row { path: "/largesse.ledger.v1.LedgerService/PostPending", access: LEDGER_POST },
    Row { path: "/largesse.ledger.v1.LedgerService/VoidPending", access: LEDGER_POST },
    Row { path: "/largesse.ledger.v1.LedgerService/Reverse", access: LEDGER_CORRECT },
    Row { path: "/largesse.ledger.v1.LedgerService/GetAccount", access: LEDGER_READ },
    Row { path: "/largesse.ledger.v1.LedgerService/ListEntries", access: LEDGER_READ },
    Row { path: "/largesse.ledger.v1.LedgerService/GetBalanceAt", access: LEDGER_READ },
    Row { path: "/largesse.ledger.v1.LedgerService/GetPosting", access: LEDGER_READ },
    Row { path: "/largesse.ledger.v1.LedgerService/WatchJournal", access: LEDGER_WATCH },
    Row { path: "/largesse.ledger.v1.LedgerService/GetTrialBalance", access: LEDGER_READ },
    Row { path: "/largesse.ledger.v1.LedgerService/VerifyBook", access: LEDGER_READ },
    Row { path: "/largesse.gift.v1.GiftService/ListGifts", access: CATALOGUE },
    Row { path: "/largesse.gift.v1.GiftService/SendGift", access: USER_SPEND },
    Row { path: "/largesse.gift.v1.GiftService/SendGifts", access: USER_SPEND },
    Row { path: "/largesse.purchase.v1.PurchaseService/ListCoinPackages", access: CATALOGUE },
    Row { path: "/largesse.purchase.v1.PurchaseService/GetWallet", access: USER_READ },
    Row { path: "/largesse.purchase.v1.PurchaseService/RedeemPurchase", access: USER_TOP_UP },
    Row { path: "/largesse.purchase.v1.PurchaseService/GetPurchase", access: USER_READ },
    Row { path: "/largesse.purchase.v1.PurchaseService/ListPurchases", access: USER_READ },
    Row { path: "/largesse.earnings.v1.EarningsService/GetEarnings", access: CREATOR_READ },
    Row { path: "/largesse.earnings.v1.EarningsService/CreateQuote", access: CREATOR_CASH },
    Row { path: "/largesse.earnings.v1.EarningsService/GetQuote", access: CREATOR_READ },
    Row { path: "/largesse.earnings.v1.EarningsService/AcceptQuote", access: CREATOR_CASH },
    Row { path: "/largesse.payout.v1.PayoutService/CreateBeneficiary", access: CREATOR_CASH },
    Row { path: "/largesse.payout.v1.PayoutService/ListBeneficiaries", access: CREATOR_READ },
    Row { path: "/largesse.payout.v1.PayoutService/RequestPayout", access: CREATOR_CASH },
    Row { path: "/largesse.payout.v1.PayoutService/GetPayout", access: CREATOR_READ },
    Row { path: "/largesse.payout.v1.PayoutService/ListPayouts", access: CREATOR_READ },
    Row { path: "/largesse.payout.v1.PayoutService/WatchPayout", access: CREATOR_READ },
    Row { path: "/grpc.health.v1.Health/Check", access: Access::Open },
    Row { path: "/grpc.health.v1.Health/Watch", access: Access::Open },
    Row { path: "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", access: Access::Open },
    Row { path: "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", access: Access::Open },
];
