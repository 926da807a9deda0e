//! The table of access: for every RPC, which roles may call it and on whose data. A process with an RPC without a row does not start.
use crate::Role::{self, Admin, Auditor, Creator, Finance, Service, Support, Viewer};

#[cfg(test)]
mod tests;

/// On whose data a role may act through an RPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Only on the caller's own data: naming another user is refused.
    Own,
    /// On a named user's data, within the token's books.
    OnBehalf,
    /// On the book as a whole, not on a user's data.
    Book,
}

/// Who may call an RPC.
#[derive(Debug, Clone, Copy)]
pub enum Access {
    /// Anybody, without a token: only health and reflection.
    Open,
    /// These roles.
    Roles(&'static [(Role, Reach)]),
}

/// The access to one RPC.
#[derive(Debug, Clone, Copy)]
pub struct AccessRow {
    /// The RPC as HTTP/2 path, `/<package>.<Service>/<Method>`.
    pub path: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Whether staff must give a reason: if it shows or changes what belongs to a user, or changes a book.
    pub reason: bool,
    /// Whether a person decides by it what another one asked for, or ends what two must agree on.
    pub approval: bool,
    /// Whether staff must have signed in lately for it: every approval, and what one person decides about money, or closes for ever, alone. This is the only
    /// place that says so: callers of RPCs and the forms of the console follow it.
    pub step_up: bool,
    /// The largest message of a caller over a socket, in bytes; of a stream, each of its messages.
    pub bytes_max: usize,
    /// Whether a user's call leaves a row even when it is refused, so that calls are limited per hour.
    pub keeps: bool,
}

/// Bytes of a message unless a row says otherwise: four times the largest request of a user, which is a receipt.
pub const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a recorded staff action: the whole of the request, which is hashed where it is recorded (256 KiB within a process, 64 KiB over a socket), 8
/// KiB of it as text, the 256 users and as many accounts that it names, and the caller.
pub const ACT_BYTES_MAX: usize = 384 * 1024;
/// Bytes of a message with a structure file: as much as the audit log takes of a call by staff.
pub const STRUCTURE_BYTES_MAX: usize = 256 * 1024;
/// Bytes of a message with a part of a bank's file, which has up to a mebibyte, and room for its fields.
pub const STATEMENT_PART_BYTES_MAX: usize = 1088 * 1024;
/// Bytes of a message with a thousand postings and full request fields.
pub const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A row whose staff need no reason: it concerns no user.
const fn row(path: &'static str, access: Access) -> AccessRow {
    AccessRow { path, access, reason: false, approval: false, step_up: false, bytes_max: REQUEST_BYTES_MAX, keeps: false }
}

/// A row whose staff must give a reason.
const fn explained(path: &'static str, access: Access) -> AccessRow {
    AccessRow { reason: true, ..row(path, access) }
}

/// A row by which a second person decides: staff must give a reason, and must have signed in lately.
const fn approval(path: &'static str, access: Access) -> AccessRow {
    AccessRow { approval: true, ..decisive(path, access) }
}

/// A row by which one person decides about money or closes something for ever: staff must give a reason, and must have signed in lately. What follows a rule,
/// a plan or a statement of a bank is none, and nothing that only asks: two of them decide then.
const fn decisive(path: &'static str, access: Access) -> AccessRow {
    AccessRow { step_up: true, ..explained(path, access) }
}

impl AccessRow {
    /// The row of an RPC whose message has a thousand items where others have one.
    const fn batched(self) -> Self {
        Self { bytes_max: BATCH_BYTES_MAX, ..self }
    }

    /// The row of an RPC whose message carries a structure file.
    const fn filed(self) -> Self {
        Self { bytes_max: STRUCTURE_BYTES_MAX, ..self }
    }

    /// The row of an RPC that takes a bank's file in parts, as a stream.
    const fn streamed(self) -> Self {
        Self { bytes_max: STATEMENT_PART_BYTES_MAX, ..self }
    }

    /// The row of an RPC whose message carries the request of another RPC.
    const fn carrying(self) -> Self {
        Self { bytes_max: ACT_BYTES_MAX, ..self }
    }

    /// The row of an RPC that stores its answers, including refusals.
    const fn keeping(self) -> Self {
        Self { keeps: true, ..self }
    }

    /// On whose data `role` may act; `None` if it may not call.
    pub fn reach(&self, role: Role) -> Option<Reach> {
        match self.access {
            Access::Open => Some(Reach::Book),
            Access::Roles(roles) => roles.iter().find(|(allowed, _)| *allowed == role).map(|(_, reach)| *reach),
        }
    }
}

/// Services act for the users they serve; all staff may read.
const LEDGER_READ: Access =
    Access::Roles(&[(Service, Reach::Book), (Support, Reach::Book), (Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);
/// Services move money. Manual corrections need two people, through SupportService.
const LEDGER_POST: Access = Access::Roles(&[(Service, Reach::Book)]);
/// The whole journal with all users' entries: for services that project it and for auditors.
const LEDGER_WATCH: Access = Access::Roles(&[(Service, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);
/// Actions that stop or undo a user's money need two people, through SupportService, which calls as itself.
const LEDGER_CORRECT: Access = Access::Roles(&[(Service, Reach::Book)]);
/// Debit limits are set by people responsible for the books: by one for a viewer's coins, otherwise by two through SupportService, which calls as
/// itself. The ledger checks which account it is.
const LEDGER_LIMIT: Access = Access::Roles(&[(Service, Reach::Book), (Finance, Reach::Book), (Admin, Reach::Book)]);
/// Books are set up by admins, and by a sandbox at its start.
const BOOK_SETUP: Access = Access::Roles(&[(Service, Reach::Book), (Admin, Reach::Book)]);

/// Price lists and catalogues: the same for every user of the book.
const CATALOGUE: Access = Access::Roles(&[
    (Viewer, Reach::Book),
    (Creator, Reach::Book),
    (Service, Reach::Book),
    (Support, Reach::Book),
    (Finance, Reach::Book),
    (Auditor, Reach::Book),
    (Admin, Reach::Book),
]);
/// One user's data: readable for the user and all staff.
const USER_READ: Access = Access::Roles(&[
    (Viewer, Reach::Own),
    (Creator, Reach::Own),
    (Service, Reach::OnBehalf),
    (Support, Reach::OnBehalf),
    (Finance, Reach::OnBehalf),
    (Auditor, Reach::OnBehalf),
    (Admin, Reach::OnBehalf),
]);
/// Spends a user's coins: the user, or a service on behalf of the user. Staff never spend other people's coins.
const USER_SPEND: Access = Access::Roles(&[(Viewer, Reach::Own), (Creator, Reach::Own), (Service, Reach::OnBehalf)]);
/// Closes a user's own wallet: the user, or a service that passes on what the user asked for. Staff have an RPC of their own.
const USER_CLOSE: Access = USER_SPEND;
/// Credits coins for a receipt. Support may do it for a user whose app could not; the receipt decides who gets them.
const USER_TOP_UP: Access =
    Access::Roles(&[(Viewer, Reach::Own), (Creator, Reach::Own), (Service, Reach::OnBehalf), (Support, Reach::OnBehalf)]);
/// What the app knows of a user's age and time zone: set by its service, and corrected by staff. Users would free themselves from their limits by it.
const SPENDING_FACTS: Access = Access::Roles(&[(Service, Reach::OnBehalf), (Support, Reach::OnBehalf)]);
/// Says what coins cost from a time on. It moves no money and changes no price of the past, so one person who says why is enough.
const PRICE_WRITE: Access = Access::Roles(&[(Finance, Reach::Book), (Admin, Reach::Book)]);
/// Has a purchase paid back, or a wallet closed, by decision of staff; above an amount, and for merges, two people, the second of whom approves.
const REFUND_DECIDE: Access = Access::Roles(&[(Support, Reach::Book), (Finance, Reach::Book), (Admin, Reach::Book)]);
/// Refusals to any user of the book: for staff who are asked about them.
const REFUSAL_READ: Access = Access::Roles(&[(Support, Reach::Book), (Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);
/// Ends what stores reported and a person had to act on. It moves no money.
const EVENT_END: Access = Access::Roles(&[(Support, Reach::Book), (Finance, Reach::Book), (Admin, Reach::Book)]);
/// A creator's data. A viewer who received gifts has earnings too, and only the role in the token differs.
const CREATOR_READ: Access = Access::Roles(&[
    (Creator, Reach::Own),
    (Service, Reach::OnBehalf),
    (Support, Reach::OnBehalf),
    (Finance, Reach::OnBehalf),
    (Auditor, Reach::OnBehalf),
    (Admin, Reach::OnBehalf),
]);
/// Turns a creator's earnings into money, or sets the bank account for it. Not for staff: anybody who could both name the account and order the payout
/// could pay themselves.
const CREATOR_CASH: Access = Access::Roles(&[(Creator, Reach::Own), (Service, Reach::OnBehalf)]);

/// Pays many creators at once, each to an account that the creator recorded. Two of these make and approve a run: neither alone can pay.
const RUN_WRITE: Access = Access::Roles(&[(Service, Reach::Book), (Finance, Reach::Book)]);
/// Runs of payouts, and what became of each item.
const RUN_READ: Access = Access::Roles(&[(Service, Reach::Book), (Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);

/// Asks a bank for money back, which goes to the creator whose it is: a service for the creator, or staff who say why.
const CREATOR_RECALL: Access =
    Access::Roles(&[(Service, Reach::OnBehalf), (Support, Reach::OnBehalf), (Finance, Reach::OnBehalf), (Admin, Reach::OnBehalf)]);
/// Money that came back from creators' accounts, and what banks say of files and messages of payments, of all users.
const RETURN_READ: Access = Access::Roles(&[(Support, Reach::Book), (Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);
/// Which users share a bank account: for staff who look into fraud. Users learn nothing about others.
const ACCOUNT_FIND: Access = Access::Roles(&[(Support, Reach::Book), (Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);
/// What a creator entered of an account, one part at a time: for the staff who see it masked.
const ACCOUNT_REVEAL: Access =
    Access::Roles(&[(Support, Reach::OnBehalf), (Finance, Reach::OnBehalf), (Auditor, Reach::OnBehalf), (Admin, Reach::OnBehalf)]);

/// How much is known of a creator: set by the app's service that checks it, which decides how much may be paid unreviewed.
const CREATOR_TIER: Access = Access::Roles(&[(Service, Reach::OnBehalf)]);
/// Sums of a book's payouts, with what banks cost us: for the people who are responsible for the books, not for those who help users.
const PAYOUT_REPORT: Access =
    Access::Roles(&[(Service, Reach::Book), (Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);

/// Bank accounts, whose money each part is, and who holds the numbers: for those who answer for the books, not for those who help users.
const STRUCTURE_READ: Access =
    Access::Roles(&[(Service, Reach::Book), (Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);
/// Divides bank accounts. It moves no money, so one person is enough.
const STRUCTURE_WRITE: Access = Access::Roles(&[(Finance, Reach::Book), (Admin, Reach::Book)]);
/// Imports and closes bank accounts, and books what came from one to another: each step is proved by a bank's statement, which reconciliation compares.
const MIGRATION_WRITE: Access = Access::Roles(&[(Finance, Reach::Book), (Admin, Reach::Book)]);
/// Announces receipts. It moves no money.
const RECEIPT_EXPECT: Access = Access::Roles(&[(Service, Reach::Book), (Finance, Reach::Book), (Admin, Reach::Book)]);
/// Books what a bank reported, so no person does.
const RECEIPT_RECORD: Access = Access::Roles(&[(Service, Reach::Book)]);

/// Money of a leaf is reserved for a payout by the payout service, which the service behind the RPC checks.
const FUNDS_RESERVE: Access = Access::Roles(&[(Service, Reach::Book)]);

/// Sums of a book's accounting days, for journals and trial balances: for those who answer for the books.
const ACCOUNTING_READ: Access =
    Access::Roles(&[(Service, Reach::Book), (Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);
/// Closes accounting days. It moves no money and refuses none, so one person who says why is enough.
const ACCOUNTING_CLOSE: Access = Access::Roles(&[(Finance, Reach::Book), (Admin, Reach::Book)]);
/// Moves money between leaves of one bank account, and books what follows from that. It reaches nobody outside of the group, so one person is enough.
const FUNDS_MOVE: Access = Access::Roles(&[(Service, Reach::Book), (Finance, Reach::Book), (Admin, Reach::Book)]);
/// Brings the statements of banks and the reports of stores in: what they say is compared and never taken for an order.
const STATEMENT_WRITE: Access = Access::Roles(&[(Service, Reach::Book), (Finance, Reach::Book), (Admin, Reach::Book)]);
/// Says what a bank should book. Whoever could do this by hand could explain away money that is missing.
const ITEM_WRITE: Access = Access::Roles(&[(Service, Reach::Book)]);

/// The whole journal as a file, with all users' entries: for those who answer for the books, not for those who help users.
const JOURNAL_EXPORT: Access = Access::Roles(&[(Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);

/// Staff actions are recorded by the services they call.
const ACT_RECORD: Access = Access::Roles(&[(Service, Reach::Book)]);
/// All staff read what was done about a user or an account; see [`reads_whole_log`].
const ACT_READ: Access = Access::Roles(&[(Support, Reach::Book), (Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);
/// Staff who do something outside of these services say so first. Auditors do nothing.
const ACT_NOTE: Access = Access::Roles(&[(Support, Reach::Book), (Finance, Reach::Book), (Admin, Reach::Book)]);
/// Staff who help users or are responsible for the books may propose.
const PROPOSE: Access = Access::Roles(&[(Support, Reach::Book), (Finance, Reach::Book), (Admin, Reach::Book)]);
/// The second person must be responsible for the books.
const APPROVE: Access = Access::Roles(&[(Finance, Reach::Book), (Admin, Reach::Book)]);
/// All staff may read proposals.
const PROPOSAL_READ: Access =
    Access::Roles(&[(Support, Reach::Book), (Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);
/// Sums and the problems found in them, no user's data.
const HEALTH: Access =
    Access::Roles(&[(Service, Reach::Book), (Support, Reach::Book), (Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);

/// What ids stand for, what belongs to whom, and what needs a person: for services and staff. Whoever may not read a kind of thing does not find it here either.
const MONEY_FIND: Access =
    Access::Roles(&[(Service, Reach::Book), (Support, Reach::Book), (Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);

/// Which person a user is: said by the app's service alone, which knows it. Users and staff would see others' money by it.
const PERSON_LINK: Access = Access::Roles(&[(Service, Reach::OnBehalf)]);

/// Payments of all users of a book: for services, and all staff.
const PAYMENT_WATCH: Access =
    Access::Roles(&[(Service, Reach::Book), (Support, Reach::Book), (Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);

/// What users paid for their coins, and what they spent them on: for services, and staff who help users or answer for the books.
const LOT_READ: Access =
    Access::Roles(&[(Service, Reach::Book), (Support, Reach::Book), (Finance, Reach::Book), (Auditor, Reach::Book), (Admin, Reach::Book)]);

/// Whether a role reads the whole audit log. The others who may read it name a user or an account: they answer for that, and not for what colleagues do.
#[must_use]
pub const fn reads_whole_log(role: Role) -> bool {
    matches!(role, Auditor | Admin)
}

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
    explained("/largesse.purchase.v1.PurchaseService/ListLots", LOT_READ),
    explained("/largesse.purchase.v1.PurchaseService/GetLotFunding", LOT_READ),
    row("/largesse.purchase.v1.PurchaseService/GetDeferredRevenue", ACCOUNTING_READ),
    explained("/largesse.purchase.v1.PurchaseService/ImportStoreReport", STATEMENT_WRITE).filed(),
    explained("/largesse.purchase.v1.PurchaseService/ListStoreSettlements", STRUCTURE_READ),
    explained("/largesse.purchase.v1.PurchaseService/GetStoreSettlement", STRUCTURE_READ),
    approval("/largesse.purchase.v1.PurchaseService/AcceptStoreDifferences", APPROVE),
    explained("/largesse.purchase.v1.PurchaseService/LoadPriceSheet", PRICE_WRITE).filed(),
    explained("/largesse.purchase.v1.PurchaseService/ListPriceSheets", STRUCTURE_READ),
    explained("/largesse.purchase.v1.PurchaseService/SetSpendingProfile", SPENDING_FACTS),
    explained("/largesse.purchase.v1.PurchaseService/SetSpendingLimit", USER_TOP_UP),
    explained("/largesse.purchase.v1.PurchaseService/PauseSpending", USER_TOP_UP),
    explained("/largesse.purchase.v1.PurchaseService/GetSpendingRules", USER_READ),
    explained("/largesse.purchase.v1.PurchaseService/CreateCheckout", USER_TOP_UP).keeping(),
    explained("/largesse.purchase.v1.PurchaseService/GetCheckout", USER_READ),
    explained("/largesse.purchase.v1.PurchaseService/RequestRefund", USER_TOP_UP).keeping(),
    decisive("/largesse.purchase.v1.PurchaseService/RefundPurchase", REFUND_DECIDE),
    approval("/largesse.purchase.v1.PurchaseService/ApproveRefund", APPROVE),
    explained("/largesse.purchase.v1.PurchaseService/RejectRefund", REFUND_DECIDE),
    explained("/largesse.purchase.v1.PurchaseService/GetRefund", USER_READ),
    explained("/largesse.purchase.v1.PurchaseService/ListRefunds", USER_READ),
    explained("/largesse.purchase.v1.PurchaseService/SetRefundConsent", USER_TOP_UP).keeping(),
    explained("/largesse.purchase.v1.PurchaseService/GetRefundConsent", USER_READ),
    explained("/largesse.purchase.v1.PurchaseService/ListStoreEvents", REFUSAL_READ),
    explained("/largesse.purchase.v1.PurchaseService/ListStoreBills", REFUSAL_READ),
    explained("/largesse.purchase.v1.PurchaseService/ListStoreQuestions", REFUSAL_READ),
    explained("/largesse.purchase.v1.PurchaseService/EndStoreEvent", EVENT_END),
    decisive("/largesse.purchase.v1.PurchaseService/CloseWallet", REFUND_DECIDE),
    explained("/largesse.purchase.v1.PurchaseService/MergeWallets", REFUND_DECIDE),
    explained("/largesse.purchase.v1.PurchaseService/GetWalletClosure", USER_READ),
    explained("/largesse.purchase.v1.PurchaseService/RequestWalletClosure", USER_CLOSE).keeping(),
    explained("/largesse.purchase.v1.PurchaseService/CancelWalletClosure", USER_CLOSE).keeping(),
    approval("/largesse.purchase.v1.PurchaseService/ApproveWalletChange", APPROVE),
    explained("/largesse.purchase.v1.PurchaseService/RejectWalletChange", REFUND_DECIDE),
    explained("/largesse.purchase.v1.PurchaseService/GetWalletChange", REFUSAL_READ),
    explained("/largesse.purchase.v1.PurchaseService/ListWalletChanges", REFUSAL_READ),
    row("/largesse.purchase.v1.PurchaseService/GetEscheatReport", ACCOUNTING_READ),
    explained("/largesse.earnings.v1.EarningsService/GetEarnings", CREATOR_READ),
    explained("/largesse.earnings.v1.EarningsService/CreateQuote", CREATOR_CASH).keeping(),
    explained("/largesse.earnings.v1.EarningsService/GetQuote", CREATOR_READ),
    explained("/largesse.earnings.v1.EarningsService/ListQuotes", CREATOR_READ),
    explained("/largesse.earnings.v1.EarningsService/AcceptQuote", CREATOR_CASH).keeping(),
    explained("/largesse.payout.v1.PayoutService/CreateBeneficiary", CREATOR_CASH).keeping(),
    explained("/largesse.payout.v1.PayoutService/ListBeneficiaries", CREATOR_READ),
    explained("/largesse.payout.v1.PayoutService/DeleteBeneficiary", CREATOR_CASH).keeping(),
    explained("/largesse.payout.v1.PayoutService/ConfirmBeneficiary", CREATOR_CASH).keeping(),
    explained("/largesse.payout.v1.PayoutService/FindBeneficiaries", ACCOUNT_FIND),
    explained("/largesse.payout.v1.PayoutService/RevealBeneficiary", ACCOUNT_REVEAL),
    explained("/largesse.payout.v1.PayoutService/RequestPayout", CREATOR_CASH).keeping(),
    explained("/largesse.payout.v1.PayoutService/GetPayoutOptions", CREATOR_READ),
    explained("/largesse.payout.v1.PayoutService/CancelPayout", CREATOR_CASH).keeping(),
    explained("/largesse.payout.v1.PayoutService/RecallPayout", CREATOR_RECALL).keeping(),
    explained("/largesse.payout.v1.PayoutService/ListReturns", RETURN_READ),
    explained("/largesse.payout.v1.PayoutService/GetPayout", CREATOR_READ),
    explained("/largesse.payout.v1.PayoutService/GetPayoutReport", PAYOUT_REPORT),
    explained("/largesse.payout.v1.PayoutService/ListPayouts", CREATOR_READ),
    explained("/largesse.payout.v1.PayoutService/WatchPayout", CREATOR_READ),
    explained("/largesse.payout.v1.PayoutService/ListReviews", ACCOUNT_FIND),
    approval("/largesse.payout.v1.PayoutService/DecideReview", APPROVE),
    approval("/largesse.payout.v1.PayoutService/ApprovePayout", APPROVE),
    approval("/largesse.payout.v1.PayoutService/UnblockPayout", APPROVE),
    approval("/largesse.payout.v1.PayoutService/ResolvePayout", APPROVE),
    approval("/largesse.payout.v1.PayoutService/ResolveAchFile", APPROVE),
    explained("/largesse.payout.v1.PayoutService/ListAchFiles", RETURN_READ),
    explained("/largesse.payout.v1.PayoutService/ListUnexplainedDebits", RETURN_READ),
    approval("/largesse.payout.v1.PayoutService/ResolveUnexplainedDebit", APPROVE),
    explained("/largesse.payout.v1.PayoutService/SetPayoutTier", CREATOR_TIER),
    explained("/largesse.payout.v1.PayoutService/ProposePayoutThreshold", PROPOSE),
    approval("/largesse.payout.v1.PayoutService/ApprovePayoutThreshold", APPROVE),
    explained("/largesse.payout.v1.PayoutService/CreatePayoutRun", RUN_WRITE).batched(),
    explained("/largesse.payout.v1.PayoutService/GetPayoutRun", RUN_READ),
    explained("/largesse.payout.v1.PayoutService/ListPayoutRunItems", RUN_READ),
    explained("/largesse.payout.v1.PayoutService/CancelPayoutRunItem", RUN_WRITE),
    approval("/largesse.payout.v1.PayoutService/ApprovePayoutRun", RUN_WRITE),
    explained("/largesse.payout.v1.PayoutService/RejectPayoutRun", RUN_WRITE),
    explained("/largesse.payout.v1.PayoutService/SetStandingOrder", CREATOR_CASH).keeping(),
    explained("/largesse.payout.v1.PayoutService/GetStandingOrder", CREATOR_READ),
    explained("/largesse.payout.v1.PayoutService/DeleteStandingOrder", CREATOR_CASH).keeping(),
    explained("/largesse.treasury.v1.TreasuryService/PlanStructure", STRUCTURE_READ).filed(),
    explained("/largesse.treasury.v1.TreasuryService/ApplyStructure", STRUCTURE_WRITE).filed(),
    explained("/largesse.treasury.v1.TreasuryService/ListVirtualAccounts", STRUCTURE_READ),
    explained("/largesse.treasury.v1.TreasuryService/ProveBooks", STRUCTURE_READ),
    explained("/largesse.treasury.v1.TreasuryService/GetAccountingDay", ACCOUNTING_READ),
    explained("/largesse.treasury.v1.TreasuryService/GetAccountingBalances", ACCOUNTING_READ),
    explained("/largesse.treasury.v1.TreasuryService/GetRollForward", ACCOUNTING_READ),
    decisive("/largesse.treasury.v1.TreasuryService/CloseAccountingPeriod", ACCOUNTING_CLOSE),
    explained("/largesse.treasury.v1.TreasuryService/ListAccountingPeriods", ACCOUNTING_READ),
    decisive("/largesse.treasury.v1.TreasuryService/MoveFunds", FUNDS_MOVE),
    explained("/largesse.treasury.v1.TreasuryService/ListMoves", STRUCTURE_READ),
    explained("/largesse.treasury.v1.TreasuryService/ListPositions", STRUCTURE_READ),
    explained("/largesse.treasury.v1.TreasuryService/AccrueInterest", FUNDS_MOVE),
    explained("/largesse.treasury.v1.TreasuryService/AllocateCharges", FUNDS_MOVE),
    explained("/largesse.treasury.v1.TreasuryService/ListAllocations", STRUCTURE_READ),
    explained("/largesse.treasury.v1.TreasuryService/ImportStatement", STATEMENT_WRITE).filed(),
    explained("/largesse.treasury.v1.TreasuryService/ImportStatementStream", STATEMENT_WRITE).streamed(),
    explained("/largesse.treasury.v1.TreasuryService/ExpectItems", ITEM_WRITE),
    explained("/largesse.treasury.v1.TreasuryService/ListCases", STRUCTURE_READ),
    explained("/largesse.treasury.v1.TreasuryService/GetCase", STRUCTURE_READ),
    explained("/largesse.treasury.v1.TreasuryService/AssignCase", STRUCTURE_WRITE),
    explained("/largesse.treasury.v1.TreasuryService/ExplainCase", STRUCTURE_WRITE),
    explained("/largesse.treasury.v1.TreasuryService/ProposeAdjustment", APPROVE),
    approval("/largesse.treasury.v1.TreasuryService/ApproveAdjustment", APPROVE),
    decisive("/largesse.treasury.v1.TreasuryService/CloseDay", STRUCTURE_WRITE),
    explained("/largesse.treasury.v1.TreasuryService/ListClosedDays", STRUCTURE_READ),
    explained("/largesse.treasury.v1.TreasuryService/IssueStatement", STRUCTURE_WRITE),
    explained("/largesse.treasury.v1.TreasuryService/GetStatement", STRUCTURE_READ),
    explained("/largesse.treasury.v1.TreasuryService/ListStatements", STRUCTURE_READ),
    explained("/largesse.treasury.v1.TreasuryService/RenderStatement", STRUCTURE_READ),
    explained("/largesse.treasury.v1.TreasuryService/PlanMigration", STRUCTURE_READ).filed(),
    explained("/largesse.treasury.v1.TreasuryService/ApplyMigration", MIGRATION_WRITE).filed(),
    explained("/largesse.treasury.v1.TreasuryService/MoveOldBalances", MIGRATION_WRITE),
    decisive("/largesse.treasury.v1.TreasuryService/CloseOldAccounts", MIGRATION_WRITE),
    explained("/largesse.treasury.v1.TreasuryService/GetMigrationReport", STRUCTURE_READ),
    explained("/largesse.treasury.v1.TreasuryService/ExpectReceipt", RECEIPT_EXPECT),
    row("/largesse.treasury.v1.TreasuryService/RecordReceipt", RECEIPT_RECORD),
    row("/largesse.treasury.v1.TreasuryService/ReserveFunds", FUNDS_RESERVE),
    row("/largesse.treasury.v1.TreasuryService/ReleaseFunds", FUNDS_RESERVE),
    explained("/largesse.treasury.v1.TreasuryService/GetForecast", STRUCTURE_READ),
    explained("/largesse.treasury.v1.TreasuryService/PlanSweeps", STRUCTURE_READ),
    explained("/largesse.treasury.v1.TreasuryService/RunSweeps", FUNDS_MOVE),
    explained("/largesse.treasury.v1.TreasuryService/MarkSweep", FUNDS_MOVE),
    explained("/largesse.treasury.v1.TreasuryService/ListSweeps", STRUCTURE_READ),
    row("/largesse.treasury.v1.TreasuryService/ListSweepInstructions", FUNDS_RESERVE),
    row("/largesse.treasury.v1.TreasuryService/InstructSweep", FUNDS_RESERVE),
    row("/largesse.support.v1.SupportService/RecordAct", ACT_RECORD).carrying(),
    explained("/largesse.support.v1.SupportService/ListActs", ACT_READ),
    explained("/largesse.support.v1.SupportService/NoteAct", ACT_NOTE),
    explained("/largesse.support.v1.SupportService/Propose", PROPOSE),
    approval("/largesse.support.v1.SupportService/Approve", APPROVE),
    explained("/largesse.support.v1.SupportService/Reject", PROPOSE),
    explained("/largesse.support.v1.SupportService/GetProposal", PROPOSAL_READ),
    row("/largesse.support.v1.SupportService/ListProposals", PROPOSAL_READ),
    row("/largesse.monitor.v1.MonitorService/GetHealthOfMoney", HEALTH),
    explained("/largesse.monitor.v1.MonitorService/Find", MONEY_FIND),
    explained("/largesse.monitor.v1.MonitorService/ListWork", MONEY_FIND),
    explained("/largesse.monitor.v1.MonitorService/ListActivity", USER_READ),
    row("/largesse.monitor.v1.MonitorService/LinkPerson", PERSON_LINK),
    row("/largesse.monitor.v1.MonitorService/UnlinkPerson", PERSON_LINK),
    explained("/largesse.monitor.v1.MonitorService/ExplainCase", MONEY_FIND),
    explained("/largesse.monitor.v1.MonitorService/WatchPayments", PAYMENT_WATCH),
    row("/largesse.monitor.v1.MonitorService/GetFigures", HEALTH),
    explained("/largesse.monitor.v1.MonitorService/ListPayments", PAYMENT_WATCH),
    explained("/largesse.monitor.v1.MonitorService/ExportJournal", JOURNAL_EXPORT),
    row("/grpc.health.v1.Health/Check", Access::Open),
    row("/grpc.health.v1.Health/Watch", Access::Open),
    row("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Access::Open),
    row("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Access::Open),
];
