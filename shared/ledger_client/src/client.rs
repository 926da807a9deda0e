//! The calls. Every service has one client and no other way to the ledger.
use crate::{
    answer::NotPosted,
    balance::{CreatorDiamonds, CreatorPayable, SignedBalance, SuspendedCoins, ViewerWallet},
    entries::{EntriesWanted, ListedEntries},
    posting::PostingDraft,
    reason::LedgerReason,
};
use api::ledger::{
    Account as AccountMessage, AccountState, Book, BookMode, CreateBookRequest, GetAccountRequest, GetPostingRequest,
    GetTrialBalanceRequest, Guard, ListBooksRequest, PostBatchOutcome, PostBatchRequest, PostPendingRequest, PostRefusal, PostRequest,
    PostResponse, Posting, PostingStanding, RequestField, ReverseRequest, SetAccountStateRequest, SetDebitLimitRequest, TrialBalanceLine,
    VoidPendingRequest, guard::Operation, ledger_service_client::LedgerServiceClient, post_batch_outcome::Outcome,
};
use chart::{Account, BookKind, GuardKey, PostingKind};
use money::{BookName, Currency, UserKey};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};
use uuid::Uuid;

mod entries;

/// Books asked for at once.
const BOOKS_PAGE: i32 = 200;
/// How long an answer waits for what the ledger says of its posting: shorter than callers wait for the answer.
const STANDING_WAIT: Duration = Duration::from_secs(2);
/// What an item of a batch that was not executed is told to wait.
const RETRY_AFTER: Duration = Duration::from_millis(100);

/// A client of LedgerService. Clones share the cache of books.
#[derive(Debug, Clone)]
pub struct LedgerClient {
    transport: rpc::Transport,
    client: LedgerServiceClient<rpc::Transport>,
    /// A book's mode is fixed at creation, so it is fetched once.
    books: Arc<RwLock<HashMap<BookName, BookKind>>>,
}

/// Pages of a trial balance that is read whole: more than a book's accounts of the company fill.
const TRIAL_PAGES_MAX: u32 = 100;
/// How often a trial balance of several pages is read whose book changes meanwhile.
const TRIAL_READS_MAX: u32 = 5;

/// A book's trial balance, read whole.
#[derive(Debug, Clone, PartialEq)]
pub enum TrialRead {
    /// There is no such book.
    NoBook,
    /// The book changed between two pages, each time that it was read.
    Changing,
    /// All lines of one moment, and the sequence number of the last event that they include.
    Lines(Vec<TrialBalanceLine>, i64),
}

/// A hold to post or to release.
#[derive(Debug, Clone, Copy)]
pub struct HoldPosting<'a> {
    /// The hold's book.
    pub book: &'a BookName,
    /// The kind of the posting.
    pub kind: PostingKind,
    /// The id of the posting.
    pub id: Uuid,
    /// The transfer that placed the hold.
    pub transfer_no: i64,
}

impl LedgerClient {
    /// Over a transport that carries the calling service's token.
    #[must_use]
    pub fn new(transport: rpc::Transport) -> Self {
        Self { client: client(&transport), transport, books: Arc::default() }
    }

    /// The same client, whose calls carry the token of the person who approved what they do. The ledger asks it of SupportService.
    #[must_use]
    pub fn approved_by(&self, approver: &rpc::ApproverToken) -> Self {
        let transport = self.transport.approved_by(approver);
        Self { client: client(&transport), transport, books: self.books.clone() }
    }

    /// The client of [`crate::journal`].
    pub(crate) fn watching(&self) -> LedgerServiceClient<rpc::Transport> {
        self.client.clone()
    }

    /// Sends one posting.
    pub async fn post(&self, book: &BookName, draft: PostingDraft) -> Result<PostResponse, NotPosted> {
        Ok(self.client.clone().post(draft.for_book(book)).await?.into_inner())
    }

    /// As [`LedgerClient::post`], but gives up after `timeout`, with an unknown outcome.
    pub async fn post_within(&self, timeout: Duration, book: &BookName, draft: PostingDraft) -> Result<PostResponse, NotPosted> {
        let mut client = self.client.clone();
        let request = draft.for_book(book);
        Ok(rpc::deadline::within(timeout, client.post(request)).await?.into_inner())
    }

    /// Posts, and returns the posting.
    pub async fn posting(&self, book: &BookName, draft: PostingDraft) -> Result<Posting, NotPosted> {
        read(self.post(book, draft).await?.posting)
    }

    /// Posts independent postings of a book together. The outcomes are in the order of the posts, without account states.
    pub async fn post_batch(&self, book: &BookName, posts: Vec<PostRequest>) -> Result<Vec<Result<PostResponse, NotPosted>>, NotPosted> {
        let sent = posts.len();
        let request = PostBatchRequest { book: book.as_str().to_owned(), posts, brief: true };
        fitting(sent, self.client.clone().post_batch(request).await?.into_inner().outcomes)
    }

    /// Posts a hold.
    pub async fn post_pending(&self, hold: HoldPosting<'_>, fields: Vec<RequestField>) -> Result<Posting, NotPosted> {
        self.post_part(hold, 0, fields).await
    }

    /// Posts so much of a hold, in its unit, and releases the rest; 0: all of it.
    pub async fn post_part(&self, hold: HoldPosting<'_>, amount: i64, fields: Vec<RequestField>) -> Result<Posting, NotPosted> {
        let request = PostPendingRequest {
            book: hold.book.to_string(),
            request_id: hold.id.to_string(),
            transfer_no: hold.transfer_no,
            amount,
            kind: hold.kind.name().to_owned(),
            request_fields: fields,
            ..PostPendingRequest::default()
        };
        read(self.client.clone().post_pending(request).await?.into_inner().posting)
    }

    /// Releases a hold, and lowers this guard, if any, in the same posting.
    pub async fn void_pending(
        &self,
        hold: HoldPosting<'_>,
        lowers: Option<GuardKey>,
        fields: Vec<RequestField>,
    ) -> Result<Posting, NotPosted> {
        let lowered = |key: GuardKey| Guard { key: key.into_string(), operation: Some(Operation::Add(-1)) };
        let request = VoidPendingRequest {
            book: hold.book.to_string(),
            request_id: hold.id.to_string(),
            transfer_no: hold.transfer_no,
            kind: hold.kind.name().to_owned(),
            request_fields: fields,
            guards: lowers.map(lowered).into_iter().collect(),
            ..VoidPendingRequest::default()
        };
        read(self.client.clone().void_pending(request).await?.into_inner().posting)
    }

    /// Reverses a posting.
    pub async fn reverse(&self, book: &BookName, id: Uuid, posting: Uuid, fields: Vec<RequestField>) -> Result<Posting, NotPosted> {
        let request = ReverseRequest { request_fields: fields, ..reversal(book, id, posting) };
        read(self.client.clone().reverse(request).await?.into_inner().posting)
    }

    /// What a posting would do now, or why it would be refused. Nothing is changed or kept.
    pub async fn dry_run(&self, book: &BookName, draft: PostingDraft) -> Result<Posting, NotPosted> {
        let request = PostRequest { dry_run: true, ..draft.for_book(book) };
        read(self.client.clone().post(request).await?.into_inner().posting)
    }

    /// The same of a reversal.
    pub async fn dry_run_reversal(&self, book: &BookName, id: Uuid, posting: Uuid) -> Result<Posting, NotPosted> {
        let request = ReverseRequest { dry_run: true, ..reversal(book, id, posting) };
        read(self.client.clone().reverse(request).await?.into_inner().posting)
    }

    /// A posting by its id.
    pub async fn posting_by_id(&self, book: &BookName, posting: Uuid) -> Result<Posting, NotPosted> {
        let request = GetPostingRequest { book: book.to_string(), posting_id: posting.hyphenated().to_string(), ..Default::default() };
        read(self.client.clone().get_posting(request).await?.into_inner().posting)
    }

    /// Whether a posting that a row names was reversed, also long ago. Not known without a posting, and where the ledger does not answer in time: what is
    /// asked for is answered without it.
    pub async fn standing(&self, book: &BookName, posting_id: &str) -> PostingStanding {
        if posting_id.is_empty() {
            return PostingStanding::Unspecified;
        }
        let mut client = self.client.clone();
        let request = GetPostingRequest { book: book.to_string(), posting_id: posting_id.to_owned(), ..Default::default() };
        match rpc::deadline::within(STANDING_WAIT, client.get_posting(request)).await {
            Ok(answer) => answer.into_inner().standing(),
            Err(status) => {
                tracing::warn!(%status, posting_id, "the ledger did not say whether a posting was reversed");
                PostingStanding::Unspecified
            }
        }
    }

    /// Freezes, thaws or closes an account.
    pub async fn set_account_state(&self, book: &BookName, id: Uuid, account: &str, state: AccountState) -> Result<(), NotPosted> {
        let (book, request_id) = (book.to_string(), id.hyphenated().to_string());
        let request = SetAccountStateRequest { book, request_id, account: account.to_owned(), state: state.into() };
        self.client.clone().set_account_state(request).await?;
        Ok(())
    }

    /// Sets or removes a debit limit: `limit` has the account and the limit, and nothing else.
    pub async fn set_debit_limit(&self, book: &BookName, id: Uuid, limit: SetDebitLimitRequest) -> Result<(), NotPosted> {
        let (book, request_id) = (book.to_string(), id.hyphenated().to_string());
        self.client.clone().set_debit_limit(SetDebitLimitRequest { book, request_id, ..limit }).await?;
        Ok(())
    }

    /// As [`LedgerClient::book`], but only from the cache.
    #[must_use]
    pub fn known_book(&self, book: &BookName) -> Option<BookKind> {
        self.books.read().unwrap_or_else(PoisonError::into_inner).get(book).copied()
    }

    /// Whether a book is a TEST or a LIVE one; `None` for a book that the ledger does not show us.
    pub async fn book(&self, book: &BookName) -> Result<Option<BookKind>, NotPosted> {
        if let Some(kind) = self.known_book(book) {
            return Ok(Some(kind));
        }
        let found = all_books(self.client.clone()).await?;
        let mut books = self.books.write().unwrap_or_else(PoisonError::into_inner);
        for listed in &found {
            let kind = match listed.mode() {
                BookMode::Test => BookKind::Test,
                BookMode::Live => BookKind::Live,
                BookMode::Unspecified => continue,
            };
            if let Ok(name) = BookName::try_new(&listed.name) {
                books.insert(name, kind);
            }
        }
        Ok(books.get(book).copied())
    }

    /// The kind of a book, which is created if it is not there: LIVE if the ledger has a LIVE book, otherwise TEST.
    pub async fn ensure_book(&self, book: &BookName, region: &str) -> Result<BookKind, NotPosted> {
        if let Some(kind) = self.book(book).await? {
            return Ok(kind);
        }
        // The call above has just listed all books.
        let live = self.books.read().unwrap_or_else(PoisonError::into_inner).values().any(|kind| *kind == BookKind::Live);
        let (kind, mode) = if live { (BookKind::Live, BookMode::Live) } else { (BookKind::Test, BookMode::Test) };
        let request_id = Uuid::now_v7().hyphenated().to_string();
        let request = CreateBookRequest { request_id, book: book.to_string(), mode: mode.into(), region: region.to_owned() };
        self.client.clone().create_book(request).await?;
        Ok(kind)
    }

    /// The sums of all accounts of a book, users' by their form and the company's one by one.
    pub async fn trial_balance(&self, book: &BookName) -> Result<TrialRead, NotPosted> {
        for _ in 0..TRIAL_READS_MAX {
            match self.trial_pages(book).await.map_err(NotPosted::from) {
                Ok(TrialRead::Changing) => {}
                Err(NotPosted::Refused(refusal)) if refusal.reason == LedgerReason::BookUnknown => return Ok(TrialRead::NoBook),
                read => return read,
            }
        }
        Ok(TrialRead::Changing)
    }

    async fn trial_pages(&self, book: &BookName) -> Result<TrialRead, Status> {
        let (mut lines, mut seq, mut page_token) = (Vec::new(), None, String::new());
        for _ in 0..TRIAL_PAGES_MAX {
            let request = GetTrialBalanceRequest { book: book.to_string(), page_size: 0, page_token };
            let page = self.client.clone().get_trial_balance(request).await?.into_inner();
            if *seq.get_or_insert(page.seq) != page.seq {
                return Ok(TrialRead::Changing);
            }
            lines.extend(page.lines);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(TrialRead::Lines(lines, seq.unwrap_or_default()));
            }
        }
        Err(Status::internal("a trial balance without an end"))
    }

    /// What a viewer has and owes, and what stops it from being spent.
    pub async fn viewer_wallet(&self, book: &BookName, user: &UserKey) -> Result<ViewerWallet, NotPosted> {
        let (coins, debt) = (self.account(book, Account::viewer_coins(user)), self.account(book, Account::viewer_debt(user)));
        let (coins, debt) = futures::future::try_join(coins, debt).await?;
        Ok(ViewerWallet::of(coins, &debt))
    }

    /// The coins whose wallets were closed.
    pub async fn suspended_coins(&self, book: &BookName) -> Result<SuspendedCoins, NotPosted> {
        Ok(SuspendedCoins::of(&self.account(book, Account::CoinsSuspense).await?))
    }

    /// Whether a viewer has an account of coins at all; accounts are never removed.
    pub async fn has_wallet(&self, book: &BookName, user: &UserKey) -> Result<bool, NotPosted> {
        Ok(!self.account(book, Account::viewer_coins(user)).await?.account.is_empty())
    }

    /// What a creator received and has not converted.
    pub async fn creator_diamonds(&self, book: &BookName, user: &UserKey) -> Result<CreatorDiamonds, NotPosted> {
        Ok(CreatorDiamonds::of(&self.account(book, Account::creator_diamonds(user)).await?))
    }

    /// What a creator can have paid out in a currency, holds subtracted.
    pub async fn creator_payable(&self, book: &BookName, user: &UserKey, currency: Currency) -> Result<CreatorPayable, NotPosted> {
        Ok(CreatorPayable::of(&self.account(book, Account::creator_payable(user, currency)).await?, currency))
    }

    /// A page of an account's entries; none of an account that does not exist.
    pub async fn entries(&self, wanted: EntriesWanted<'_>) -> Result<ListedEntries, NotPosted> {
        ListedEntries::read(self.list_entries(wanted.request()).await?)
    }

    /// Whether there is such an account.
    pub async fn has_account(&self, book: &BookName, account: Account<'_>) -> Result<bool, NotPosted> {
        Ok(!self.account(book, account).await?.account.is_empty())
    }

    /// Whether a user has an account of coins, of debt or of diamonds, open or not.
    pub async fn has_accounts(&self, book: &BookName, user: &UserKey) -> Result<bool, NotPosted> {
        let own = [Account::viewer_coins(user), Account::viewer_debt(user), Account::creator_diamonds(user)];
        let found = futures::future::try_join_all(own.into_iter().map(|account| self.has_account(book, account))).await?;
        Ok(found.contains(&true))
    }

    /// The books of this kind that the ledger shows this client.
    pub async fn books_of(&self, kind: BookKind) -> Result<Vec<BookName>, NotPosted> {
        let mode = match kind {
            BookKind::Test => BookMode::Test,
            BookKind::Live => BookMode::Live,
        };
        let listed = all_books(self.client.clone()).await?;
        Ok(listed.iter().filter(|book| book.mode() == mode).filter_map(|book| BookName::try_new(&book.name).ok()).collect())
    }

    /// What any account has, with its sign; nothing on one that nobody has used.
    pub async fn signed_balance(&self, book: &BookName, account: Account<'_>) -> Result<SignedBalance, NotPosted> {
        let unit = account.unit();
        Ok(SignedBalance::of(&self.account(book, account).await?, unit))
    }

    /// An account by its readable id, with its limits.
    pub async fn account_named(&self, book: &BookName, account: &str) -> Result<AccountMessage, NotPosted> {
        let request = GetAccountRequest { book: book.to_string(), account: account.to_owned() };
        Ok(self.client.clone().get_account(request).await?.into_inner().account.unwrap_or_default())
    }

    /// An account's committed state; an unused account is empty.
    async fn account(&self, book: &BookName, account: Account<'_>) -> Result<AccountMessage, NotPosted> {
        match self.account_named(book, &account.name()).await {
            Ok(found) => Ok(found),
            Err(NotPosted::Refused(refusal)) if refusal.reason == LedgerReason::AccountUnknown => Ok(AccountMessage::default()),
            Err(other) => Err(other),
        }
    }
}

fn client(transport: &rpc::Transport) -> LedgerServiceClient<rpc::Transport> {
    LedgerServiceClient::new(transport.clone()).max_decoding_message_size(rpc::MESSAGE_BYTES_MAX)
}

/// Every book that the ledger shows this client, page by page.
pub async fn all_books(mut client: LedgerServiceClient<rpc::Transport>) -> Result<Vec<Book>, Status> {
    let (mut books, mut page_token) = (Vec::new(), String::new());
    loop {
        let page = client.list_books(ListBooksRequest { page_size: BOOKS_PAGE, page_token }).await?.into_inner();
        books.extend(page.books);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(books);
        }
    }
}

/// The request for a reversal.
fn reversal(book: &BookName, id: Uuid, posting: Uuid) -> ReverseRequest {
    ReverseRequest {
        book: book.to_string(),
        request_id: id.hyphenated().to_string(),
        posting_id: posting.hyphenated().to_string(),
        kind: PostingKind::Reversal.name().to_owned(),
        ..ReverseRequest::default()
    }
}

fn read(posting: Option<Posting>) -> Result<Posting, NotPosted> {
    posting.ok_or_else(|| NotPosted::lost("the ledger answered without a posting"))
}

/// The outcomes of a batch; an error if their number differs from the posts sent.
fn fitting(sent: usize, outcomes: Vec<PostBatchOutcome>) -> Result<Vec<Result<PostResponse, NotPosted>>, NotPosted> {
    if outcomes.len() != sent {
        tracing::error!(sent, answered = outcomes.len(), "the ledger returned a different number of outcomes");
        return Err(NotPosted::lost("the ledger's answer doesn't fit the batch"));
    }
    Ok(outcomes.into_iter().map(outcome).collect())
}

fn outcome(outcome: PostBatchOutcome) -> Result<PostResponse, NotPosted> {
    match outcome.outcome {
        Some(Outcome::Accepted(response)) => Ok(response),
        Some(Outcome::Refused(refusal)) => Err(refused_item(refusal)),
        None => Err(NotPosted::lost("the ledger's answer had no outcome")),
    }
}

/// A refusal inside a batch, classified as that of a single call.
#[must_use]
pub fn refused_item(refusal: PostRefusal) -> NotPosted {
    NotPosted::from(lone(refusal))
}

/// A refusal inside a batch, as the status of a single call.
fn lone(refusal: PostRefusal) -> Status {
    let code = Code::from(refusal.code);
    let mut details = ErrorDetails::with_error_info(refusal.reason, rpc::errors::DOMAIN, refusal.metadata);
    if code == Code::Unavailable {
        details.set_retry_info(Some(RETRY_AFTER));
    }
    Status::with_error_details(code, refusal.message, details)
}

#[cfg(test)]
mod tests;
