//! Banks that speak the JSON of a payment API, modelled after Global Payments v2. Every request carries an access token; a sending carries the payment's
//! end-to-end id as its idempotency key. "Not found" proves nothing here, whenever it is said: this API states no time after which it would.
//!
//! - [`order`]: from a payment to the body of a request. [`evidence`]: what the answers prove. [`tokens`]: access tokens.
//! - [`content`]: by what answers are compared. [`news`]: callbacks.
//!
//! The API has no request for a recall (its only requests are payments and queries), so recalls end as unsupported: people ask for the money by other means.

pub mod content;
pub mod evidence;
pub mod news;
pub mod order;
pub mod tokens;

use super::{
    connector::{BankConnector, BankStatement, CallbackNews, PaymentOrder, ReceivedAnswer, UnusableBank, UnwritableOrder},
    iso20022::{ASK_TIME_OUT, lost, news::credits, read, why},
};
use crate::{
    config::{BankConfig, CallbackProof},
    domain::{BankAnswer, api_rail::payment_type, evidence::SentPayment},
};
use accounts::PayoutAddress;
use iso20022::{camt053::Statement, xml::DOCUMENT_BYTES_MAX};
use money::Currency;
use order::ApiOrders;
use reqwest::{Client, Method, StatusCode, Url, header};
use std::time::{Duration, Instant};
use tokens::{ApiAccess, TokenKeeper};

/// Most bytes of an answer; more than the parser takes of one is not read either.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// How long a statement may take: it may cover a busy day.
const STATEMENT_TIME_OUT: Duration = Duration::from_secs(30);
/// How long a connection may take to be made.
const CONNECT_TIME_OUT: Duration = Duration::from_secs(2);

/// A bank that speaks JSON.
#[derive(Debug)]
pub struct ApiBank {
    client: Client,
    url: Url,
    tokens: TokenKeeper,
    orders: ApiOrders,
    /// How a pretend bank is told to sign its callbacks.
    signature: &'static str,
}

/// One request to the bank.
#[derive(Debug, Clone)]
struct ApiRequest<'a> {
    method: Method,
    url: Url,
    /// JSON, and the idempotency key of a payment.
    body: Option<(&'a str, Option<&'a str>)>,
    time_out: Duration,
}

/// What came back.
#[derive(Debug)]
struct ApiResponse {
    status: StatusCode,
    body: Vec<u8>,
    cut: Option<&'static str>,
}

/// Why nothing came back.
#[derive(Debug)]
enum NoResponse {
    /// No request was made.
    NoAccess(String),
    /// The request may have arrived.
    Lost(&'static str),
}

impl ApiBank {
    /// A bank as configured. Reads the key; proxies and redirects are not followed: either could lead a payment elsewhere.
    pub fn try_new(config: &BankConfig) -> Result<Self, UnusableBank> {
        let client = config.client()?.connect_timeout(CONNECT_TIME_OUT).build()?;
        let url = Url::parse(&config.url).expect("the configuration was checked");
        let tokens = TokenKeeper::try_new(client.clone(), &config.api)?;
        let signature = match config.callback_proof {
            CallbackProof::Detached => "detached",
            CallbackProof::Jws => "jws",
            CallbackProof::Certificate => "none",
        };
        Ok(Self { client, url, tokens, orders: ApiOrders::new(&config.api), signature })
    }

    fn at(&self, path: &str) -> Url {
        self.url.join(path).expect("paths are constants or codes of currencies, and the base is a checked URL")
    }

    async fn once(&self, request: &ApiRequest<'_>, access: &ApiAccess, time_out: Duration) -> Result<ApiResponse, NoResponse> {
        let mut sent = self.client.request(request.method.clone(), request.url.clone()).timeout(time_out);
        sent = sent.header(header::AUTHORIZATION, access.header()).header(header::ACCEPT, "application/json, application/xml");
        if let Some(traceparent) = rpc::trace::current_traceparent() {
            sent = sent.header("traceparent", traceparent);
        }
        if let Some((body, key)) = request.body {
            sent = sent.header(header::CONTENT_TYPE, "application/json").body(body.to_owned());
            if let Some(key) = key {
                sent = sent.header("idempotency-key", key);
            }
        }
        let response = sent.send().await.map_err(|error| NoResponse::Lost(why(&error)))?;
        let status = response.status();
        let bytes_max = if request.body.is_none() { ANSWER_BYTES_MAX.max(DOCUMENT_BYTES_MAX) } else { ANSWER_BYTES_MAX };
        let (body, cut) = read(response, bytes_max).await;
        Ok(ApiResponse { status, body, cut })
    }

    /// Makes a request; if the bank refuses the token, once more with a new one. Nothing is executed by a request that is refused for its token.
    async fn exchange(&self, request: ApiRequest<'_>) -> Result<ApiResponse, NoResponse> {
        let began = Instant::now();
        let access = self.tokens.access().await.map_err(NoResponse::NoAccess)?;
        let first = self.once(&request, &access, request.time_out).await?;
        if first.status != StatusCode::UNAUTHORIZED {
            return Ok(first);
        }
        let access = match self.tokens.renewed(&access).await {
            Ok(access) => access,
            Err(why) => {
                tracing::warn!(why, "the bank refuses our access token, and gives no other");
                return Ok(first);
            }
        };
        // The payer waits no longer because of this.
        let rest = request.time_out.saturating_sub(began.elapsed());
        if rest.is_zero() { Ok(first) } else { self.once(&request, &access, rest).await }
    }

    fn query(&self, subject: SentPayment<'_>) -> Option<Url> {
        let payment_type = payment_type(subject.rail)?;
        let mut url = self.at("payments");
        let pairs = [("endToEndId", subject.end_to_end_id), ("paymentType", payment_type.word()), ("view", "FULL")];
        url.query_pairs_mut().extend_pairs(pairs);
        Some(url)
    }
}

fn received(response: ApiResponse, answer: BankAnswer, subject: SentPayment<'_>) -> ReceivedAnswer {
    if let BankAnswer::Named(said) = &answer
        && let Some(doubt) = said.doubt
    {
        let (end_to_end_id, doubt) = (subject.end_to_end_id, doubt.words());
        tracing::warn!(end_to_end_id, doubt, "the bank's answer decides nothing; polling continues");
    }
    ReceivedAnswer { http_status: response.status.as_u16(), body: response.body, answer, unread_version: false }
}

#[tonic::async_trait]
impl BankConnector for ApiBank {
    fn message(&self, order: &PaymentOrder<'_>) -> Result<String, UnwritableOrder> {
        self.orders.body(order)
    }

    async fn ready(&self) -> Result<(), String> {
        self.tokens.access().await.map(drop)
    }

    async fn send(&self, subject: SentPayment<'_>, message: String, time_out: Duration) -> ReceivedAnswer {
        let body = Some((message.as_str(), Some(subject.end_to_end_id)));
        let request = ApiRequest { method: Method::POST, url: self.at("payments"), body, time_out };
        match self.exchange(request).await {
            Ok(response) => {
                let answer = match response.cut {
                    None => evidence::of_initiation(response.status.as_u16(), &response.body, subject),
                    Some(why) => evidence::of_part(why, &response.body, subject),
                };
                received(response, answer, subject)
            }
            Err(NoResponse::NoAccess(why)) => ReceivedAnswer { answer: BankAnswer::NotTaken(why), ..lost(0, "") },
            Err(NoResponse::Lost(why)) => lost(0, why),
        }
    }

    async fn ask(&self, subject: SentPayment<'_>) -> ReceivedAnswer {
        let Some(url) = self.query(subject) else { return lost(0, "the payment's rail is not one of this bank's protocol") };
        match self.exchange(ApiRequest { method: Method::GET, url, body: None, time_out: ASK_TIME_OUT }).await {
            Ok(response) => {
                let answer = match response.cut {
                    None => evidence::of_query(response.status.as_u16(), &response.body, subject),
                    Some(why) => evidence::of_part(why, &response.body, subject),
                };
                received(response, answer, subject)
            }
            Err(NoResponse::NoAccess(why)) => lost(0, &why),
            Err(NoResponse::Lost(why)) => lost(0, why),
        }
    }

    async fn statement(&self, currency: Currency) -> Result<BankStatement, String> {
        let url = self.at(&format!("statements/{}", currency.code()));
        let request = ApiRequest { method: Method::GET, url, body: None, time_out: STATEMENT_TIME_OUT };
        let response = self.exchange(request).await.map_err(|none| match none {
            NoResponse::NoAccess(why) => why,
            NoResponse::Lost(why) => why.to_owned(),
        })?;
        match (response.cut, response.status) {
            (Some(why), _) => Err(why.to_owned()),
            (None, StatusCode::OK) => {
                let statement = Statement::read(&response.body).map_err(|error| error.to_string())?;
                Ok(BankStatement { statement, credits: credits(&response.body)?, batches: Vec::new(), lines: Vec::new() })
            }
            (None, status) => Err(format!("HTTP {}", status.as_u16())),
        }
    }

    fn callback(&self, body: &[u8]) -> Result<Vec<CallbackNews>, String> {
        news::read(body)
    }

    /// The bank has one receiver, so it needs no name.
    async fn register_callbacks(&self, url: &str, _name: &str) -> Result<(), String> {
        let receiver = serde_json::json!({"url": url, "signature": self.signature}).to_string();
        let request = ApiRequest { method: Method::PUT, url: self.at("callback"), body: Some((&receiver, None)), time_out: ASK_TIME_OUT };
        match self.exchange(request).await {
            Ok(answer) if answer.status.is_success() => Ok(()),
            Ok(answer) => Err(format!("HTTP {}", answer.status.as_u16())),
            Err(NoResponse::NoAccess(why)) => Err(why),
            Err(NoResponse::Lost(why)) => Err(why.to_owned()),
        }
    }

    fn is_account(&self, statement: &Statement, address: &PayoutAddress) -> bool {
        statement.account.number() == address.number()
    }

    fn content(&self, http_status: u16, body: &[u8]) -> String {
        content::content(http_status, body)
    }
}

#[cfg(test)]
mod tests;
