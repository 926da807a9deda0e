//! Gifts to send, and the answers of an overloaded server.
use super::users::GiftRequests;
use api::gift::gift_service_client::GiftServiceClient;
use runtime::command::UntypedError;
use std::time::Duration;
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;

/// Refusals of an overloaded server; nothing was executed.
pub(crate) const OVERLOADED: [&str; 1] = ["OVERLOADED"];
/// How often one gift may be refused by an overloaded server.
const REFUSED_MAX: u64 = 100;

/// SendGift calls. The bare server gets the same requests, without the token, which it would ignore.
pub(crate) struct GiftSource {
    pub client: GiftServiceClient<Channel>,
    pub requests: GiftRequests,
    pub bare: bool,
}

impl GiftSource {
    pub fn new(channel: &Channel, requests: GiftRequests, bare: bool) -> Self {
        Self { client: GiftServiceClient::new(channel.clone()), requests, bare }
    }

    /// Sends the next gift and retries it as long as the server is overloaded; returns the number of retries. The total time counts as latency.
    pub async fn patiently(&mut self) -> Result<u64, UntypedError> {
        let call = self.requests.call();
        for refused in 0..REFUSED_MAX {
            let Err(status) = self.client.send_gift(call.clone().request(self.bare)).await else { return Ok(refused) };
            let Some(delay) = overloaded(&status) else { return Err(status.into()) };
            tokio::time::sleep(delay).await;
        }
        Err("a gift was refused for too long by an overloaded server".into())
    }
}

/// The delay before a retry, if the status says that the server is overloaded and nothing was executed.
pub(crate) fn overloaded(status: &Status) -> Option<Duration> {
    let full = status.code() == Code::Unavailable && rpc::reason(status).is_some_and(|reason| OVERLOADED.contains(&reason.as_str()));
    let delay = status.get_details_retry_info().and_then(|info| info.retry_delay);
    delay.filter(|delay| full && !delay.is_zero())
}
