//! What this service asks of the ledger.
use crate::error::Error;
use api::ledger::{Account, GetAccountRequest, PostRequest, PostResponse, ledger_service_client::LedgerServiceClient};
use money::BookName;

/// The ledger's client.
#[derive(Clone)]
pub struct Ledger(LedgerServiceClient<rpc::Transport>);

impl Ledger {
    /// Over this transport.
    #[must_use]
    pub fn new(transport: rpc::Transport) -> Self {
        Self(LedgerServiceClient::new(transport).max_decoding_message_size(rpc::MESSAGE_BYTES_MAX))
    }

    /// An account's committed state; one that nobody has used yet is empty.
    pub async fn account(&self, book: &BookName, account: &str) -> Result<Account, Error> {
        let request = GetAccountRequest { book: book.to_string(), account: account.to_owned() };
        match self.0.clone().get_account(request).await {
            Ok(response) => Ok(response.into_inner().account.unwrap_or_default()),
            Err(status) if rpc::reason(&status).as_deref() == Some("ACCOUNT_UNKNOWN") => Ok(Account::default()),
            Err(status) => Err(Error::from_ledger(status)),
        }
    }

    /// Posts.
    pub async fn post(&self, post: PostRequest) -> Result<PostResponse, Error> {
        self.0.clone().post(post).await.map(tonic::Response::into_inner).map_err(Error::from_ledger)
    }
}
