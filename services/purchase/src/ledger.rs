//! What this service asks the ledger: a user's coins, a book's mode, and the one posting that issues coins for a purchase.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use api::ledger::ledger_service_client::LedgerServiceClient;
use api::ledger::{BookMode, GetAccountRequest, ListBooksRequest, PostRequest, Posting, RequestField, Transfer};
use money::{BookName, UserKey};
use tonic::{Code, Status};

use crate::domain::{Credit, Mode, Purchase};

/// Kind of the issuing posting.
pub const KIND: &str = "purchase.apple";
/// What the ledger answers for an account that was never posted to.
const ACCOUNT_UNKNOWN: &str = "ACCOUNT_UNKNOWN";

/// A user's coins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Balance {
    /// Coins to spend.
    pub coins: i64,
    /// Grows with every change.
    pub seq: i64,
    /// Coins owed after refunds.
    pub debt: i64,
}

/// How a credit ended.
#[derive(Debug)]
pub enum Credited {
    /// The coins are there, now or since before.
    Yes(Credit),
    /// The ledger refused and will always refuse under this id. Nothing moved.
    Refused(Status),
    /// It may or may not have happened; the same id finds out.
    Unknown(Status),
}

/// The way to LedgerService. Cloning shares the cache.
#[derive(Debug, Clone)]
pub struct Ledger {
    client: LedgerServiceClient<rpc::Transport>,
    /// A book's mode is fixed at creation, so it is asked once.
    modes: Arc<RwLock<HashMap<BookName, Mode>>>,
}

impl Ledger {
    /// Over `transport`, which carries this service's token.
    pub fn new(transport: rpc::Transport) -> Ledger {
        let client = LedgerServiceClient::new(transport).max_decoding_message_size(rpc::MESSAGE_BYTES_MAX);
        Ledger { client, modes: Arc::default() }
    }

    /// The book's mode; `None`: the ledger has no such book.
    pub async fn mode(&self, book: &BookName) -> Result<Option<Mode>, Status> {
        if let Some(mode) = self.modes.read().unwrap_or_else(PoisonError::into_inner).get(book) {
            return Ok(Some(*mode));
        }
        let books = self.client.clone().list_books(ListBooksRequest {}).await?.into_inner().books;
        let mut modes = self.modes.write().unwrap_or_else(PoisonError::into_inner);
        for found in &books {
            let mode = match found.mode() {
                BookMode::Test => Mode::Test,
                BookMode::Live => Mode::Live,
                BookMode::Unspecified => continue,
            };
            if let Ok(name) = BookName::try_new(&found.name) {
                modes.insert(name, mode);
            }
        }
        Ok(modes.get(book).copied())
    }

    /// What the user has and owes.
    pub async fn balance(&self, book: &BookName, user: &UserKey) -> Result<Balance, Status> {
        let (coins, debt) = tokio::try_join!(self.account(book, coins_account(user)), self.account(book, debt_account(user)))?;
        // Debt is an asset of the house: it grows by debits.
        Ok(Balance { coins: coins.0, seq: coins.1, debt: debt.0.checked_neg().unwrap_or(0).max(0) })
    }

    async fn account(&self, book: &BookName, account: String) -> Result<(i64, i64), Status> {
        let request = GetAccountRequest { book: book.to_string(), account };
        match self.client.clone().get_account(request).await {
            Ok(answer) => Ok(answer.into_inner().account.map_or((0, 0), |account| (account.balance, account.balance_seq))),
            Err(status) if rpc::reason(&status).as_deref() == Some(ACCOUNT_UNKNOWN) => Ok((0, 0)),
            Err(status) => Err(status),
        }
    }

    /// Issues the coins of a purchase. Safe to repeat: the id is derived from the purchase.
    pub async fn credit(&self, purchase: &Purchase) -> Credited {
        let answer = match self.client.clone().post(posting(purchase)).await {
            Ok(answer) => answer.into_inner(),
            // Only a refusal by the ledger's rules is final; anything else may have happened or may yet.
            Err(status) if status.code() == Code::FailedPrecondition && rpc::reason(&status).is_some() => {
                return Credited::Refused(status);
            }
            Err(status) => return Credited::Unknown(status),
        };
        match answer.posting.as_ref().and_then(|posting| read_credit(posting, &purchase.user)) {
            Some(credit) => Credited::Yes(credit),
            None => Credited::Unknown(Status::internal("the ledger's answer lacks the transfer of the coins")),
        }
    }
}

fn coins_account(user: &UserKey) -> String {
    format!("viewer/{user}/coins")
}

fn debt_account(user: &UserKey) -> String {
    format!("viewer/{user}/debt")
}

/// The event "store sale": coins to the viewer, and what the store owes us against revenue still to be earned. A debt of the viewer is
/// not settled from it yet.
fn posting(purchase: &Purchase) -> PostRequest {
    let value = &purchase.value;
    let currency = value.price.currency();
    let house = |purpose: &str| format!("house/{purpose}/{currency}");
    let deferred = house("deferred_revenue");
    let transfers = [
        ("house/coins/issued".to_owned(), coins_account(&purchase.user), value.coins.get()),
        (house("store_receivable"), deferred.clone(), value.receivable().minor_units()),
        (house("prepaid_commission"), deferred, value.commission.minor_units()),
    ];
    let transfers = transfers.into_iter().filter(|(_, _, amount)| *amount > 0);
    PostRequest {
        book: purchase.book.to_string(),
        request_id: purchase.credit_id().to_string(),
        kind: KIND.to_owned(),
        transfers: transfers
            .map(|(debit_account, credit_account, amount)| Transfer { debit_account, credit_account, amount, ..Transfer::default() })
            .collect(),
        // From the stored purchase, so that a retry and the sweeper send the same.
        request_fields: vec![
            field("purchase_id", purchase.purchase_id),
            field("user_id", &purchase.user),
            field("environment", &purchase.environment),
            field("transaction_id", &purchase.transaction_id),
            field("product_id", &purchase.product_id),
            field("quantity", purchase.quantity),
            field("tax_minor_units", value.tax.minor_units()),
        ],
        effective_time: Some(crate::wire::timestamp(purchase.purchased_at_ms)),
        refusal: String::new(),
        refusal_detail: String::new(),
        ..PostRequest::default()
    }
}

fn field(name: &str, value: impl ToString) -> RequestField {
    RequestField { name: name.to_owned(), value: value.to_string() }
}

fn read_credit(posting: &Posting, user: &UserKey) -> Option<Credit> {
    let account = coins_account(user);
    let after = posting.transfers.iter().find(|transfer| transfer.credit_account == account)?.credit_after.as_ref()?;
    Some(Credit { posting_id: posting.posting_id.clone(), coin_balance: after.balance, balance_seq: after.balance_seq })
}
