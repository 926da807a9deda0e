//! The requests of a scenario, and the client that sends them.
use reqwest::{Client, Method};
use serde_json::Value;
use std::time::Duration;

/// How long a counterpart may take. What is told to it is done at once.
const ANSWER_MAX: Duration = Duration::from_secs(20);
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// How a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallMethod {
    /// POST.
    Post,
    /// PUT.
    Put,
}

/// A request to a counterpart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScenarioCall {
    /// How it is sent.
    pub method: CallMethod,
    /// The whole address.
    pub url: String,
    /// The body, JSON.
    pub body: Value,
}

impl ScenarioCall {
    pub(crate) fn post(url: String, body: Value) -> Self {
        Self { method: CallMethod::Post, url, body }
    }

    pub(crate) fn put(url: String, body: Value) -> Self {
        Self { method: CallMethod::Put, url, body }
    }
}

/// Why a counterpart did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// Nothing listens there.
    #[error("nothing listens at {0}; start a sandbox with `largesse serve --sandbox`, or name its address")]
    NothingListens(String),
    /// No answer came; it may have been done.
    #[error("{0} gave no answer: {1}; it may have been done")]
    NoAnswer(String, String),
    /// The report that it sent was not taken.
    #[error("it reported that, and the receiver answered {answers}; --webhooks names the installation's HTTP listener")]
    NotTaken {
        /// The status of each delivery; 0 where no answer came.
        answers: String,
    },
    /// It refused.
    #[error("{url} refused it with {status}: {why}")]
    Refused {
        /// The address.
        url: String,
        /// The status.
        status: u16,
        /// What it said.
        why: String,
    },
}

/// A client for counterparts on this machine.
pub fn client() -> Result<Client, reqwest::Error> {
    http_client::local().timeout(ANSWER_MAX).build()
}

/// Sends a request, and returns what the counterpart answered: JSON, text or nothing.
pub async fn send(client: &Client, call: &ScenarioCall) -> Result<String, NotSent> {
    let method = match call.method {
        CallMethod::Post => Method::POST,
        CallMethod::Put => Method::PUT,
    };
    let host = || call.url.split('/').take(3).collect::<Vec<_>>().join("/");
    let answer = client.request(method, &call.url).json(&call.body).send().await.map_err(|error| {
        if error.is_connect() { NotSent::NothingListens(host()) } else { NotSent::NoAnswer(host(), error.without_url().to_string()) }
    })?;
    let status = answer.status();
    let body = http_client::read(answer, ANSWER_BYTES_MAX).await.map_err(|error| NotSent::NoAnswer(host(), error.to_string()))?;
    let text = String::from_utf8_lossy(&body).trim().to_owned();
    if !status.is_success() {
        return Err(NotSent::Refused { url: call.url.clone(), status: status.as_u16(), why: text });
    }
    match not_taken(&text) {
        Some(answers) => Err(NotSent::NotTaken { answers }),
        None => Ok(text),
    }
}

/// What the receiver of a report answered, if it did not take it.
fn not_taken(text: &str) -> Option<String> {
    let said: Value = serde_json::from_str(text).ok()?;
    let answers: Vec<u64> = said["answers"].as_array()?.iter().filter_map(Value::as_u64).collect();
    let is_refused = answers.iter().any(|status| !(200..300).contains(status));
    is_refused.then(|| answers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
}
