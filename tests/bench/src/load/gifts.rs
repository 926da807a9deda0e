//! Gifts to send, and what a server that is too full says to them.
use super::users::GiftRequests;
use api::gift::gift_service_client::GiftServiceClient;
use runtime::command::UntypedError;
use std::time::Duration;
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt as _;

/// What a house says that is too full; nothing happened.
pub(crate) const OVERLOADED: [&str; 1] = ["OVERLOADED"];
/// How often one gift may be refused by a house that is too full.
const REFUSED_MAX: u64 = 100;

/// SendGift calls. The bare server is sent what the server is sent, less the token, which only the server looks at.
pub(crate) struct GiftSource {
    pub client: GiftServiceClient<Channel>,
    pub requests: GiftRequests,
    pub bare: bool,
}

impl GiftSource {
    pub fn new(channel: &Channel, requests: GiftRequests, bare: bool) -> Self {
        Self { client: GiftServiceClient::new(channel.clone()), requests, bare }
    }

    /// Sends the next gift, again as long as the server says that it is full; how often it did. The time it took to be taken counts as latency.
    pub async fn patiently(&mut self) -> Result<u64, UntypedError> {
        let call = self.requests.call();
        for refused in 0..REFUSED_MAX {
            let Err(status) = self.client.send_gift(call.clone().request(self.bare)).await else { return Ok(refused) };
            let Some(delay) = overloaded(&status) else { return Err(status.into()) };
            tokio::time::sleep(delay).await;
        }
        Err("a gift was refused for too long by a house that is too full".into())
    }
}

/// When to come back, if that is what the status says: the server is full and nothing happened.
pub(crate) fn overloaded(status: &Status) -> Option<Duration> {
    let full = status.code() == Code::Unavailable && rpc::reason(status).is_some_and(|reason| OVERLOADED.contains(&reason.as_str()));
    let delay = status.get_details_retry_info().and_then(|info| info.retry_delay);
    delay.filter(|delay| full && !delay.is_zero())
}
