//! The bank over HTTP: a `pain.001` out, a `pain.002` back, and nothing assumed where nothing came.

use crate::domain::BankAnswer;
use iso20022::{StatusOutcome, pain002::StatusReport};
use reqwest::{Client, Method, StatusCode, Url};
use std::time::Duration;

/// Most bytes of an answer; a report about one payment has two thousand.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// How long a question may take; it changes nothing, so giving up early costs one more.
pub const ASK_TIME_OUT: Duration = Duration::from_secs(5);
/// Where a bank states after how many seconds "not found" is final.
const FINALITY_HEADER: &str = "finality-window-seconds";
/// Longest finality window believed: a year, so that arithmetic on it cannot overflow.
const WINDOW_SECONDS_MAX: i64 = 366 * 24 * 60 * 60;

/// A bank.
#[derive(Debug, Clone)]
pub struct BankHttpClient {
    client: Client,
    url: Url,
}

/// An answer as it came, for the log, and what it means.
#[derive(Debug)]
pub struct ReceivedAnswer {
    /// HTTP status; 0 when there was none.
    pub http_status: u16,
    /// The body as far as it came, or why nothing came.
    pub body: Vec<u8>,
    /// What it means.
    pub answer: BankAnswer,
    /// It is a message of a version that is not read here, so whatever it says is lost.
    pub unread_version: bool,
}

/// Whom an answer must speak of.
#[derive(Debug, Clone, Copy)]
pub struct AskedPayment<'a> {
    /// The payment.
    pub end_to_end_id: &'a str,
    /// The message that was sent last.
    pub message_id: &'a str,
}

impl BankHttpClient {
    /// A bank at this address. Proxies and redirects are not followed: either could lead a payment elsewhere.
    pub fn try_new(url: &str) -> Result<Self, reqwest::Error> {
        let client = http_client::local().connect_timeout(Duration::from_secs(2)).build()?;
        let url = Url::parse(url).expect("the configuration was checked");
        Ok(Self { client, url })
    }

    /// Sends a `pain.001`. Every end without a report about this payment is [`BankAnswer::Lost`], a refused connection included: the question
    /// that follows costs little, and being wrong about what left this machine would cost a second payment.
    pub async fn send(&self, subject: AskedPayment<'_>, message: String, time_out: Duration) -> ReceivedAnswer {
        self.exchange(Method::POST, "payments", Some(message), subject, time_out).await
    }

    /// Asks after a payment.
    pub async fn ask(&self, subject: AskedPayment<'_>) -> ReceivedAnswer {
        let path = format!("payments/{}", subject.end_to_end_id);
        self.exchange(Method::GET, &path, None, subject, ASK_TIME_OUT).await
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        subject: AskedPayment<'_>,
        time_out: Duration,
    ) -> ReceivedAnswer {
        let asking = method == Method::GET;
        let url = self.url.join(path).expect("ids are hexadecimal and the base is a checked URL");
        let mut request = self.client.request(method, url).timeout(time_out);
        if let Some(traceparent) = rpc::trace::current_traceparent() {
            request = request.header("traceparent", traceparent);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/xml").body(body);
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return lost(0, why(&error).to_owned(), Vec::new()),
        };
        let status = response.status();
        let window = response.headers().get(FINALITY_HEADER).and_then(|value| value.to_str().ok()?.parse::<i64>().ok());
        let window = window.filter(|seconds| (0..=WINDOW_SECONDS_MAX).contains(seconds));
        match read(response).await {
            Ok(body) => {
                let answer = interpret(status, window.filter(|_| asking), &body, subject);
                let unread_version = matches!(StatusReport::read(&body), Err(iso20022::Error::Version { .. }));
                if unread_version {
                    tracing::warn!(
                        end_to_end_id = subject.end_to_end_id,
                        ?answer,
                        "the bank answers in a message version that is not read here"
                    );
                }
                ReceivedAnswer { http_status: status.as_u16(), body, answer, unread_version }
            }
            Err(why) => lost(status.as_u16(), why.to_owned(), Vec::new()),
        }
    }
}

fn lost(http_status: u16, why: String, body: Vec<u8>) -> ReceivedAnswer {
    ReceivedAnswer { http_status, body, answer: BankAnswer::Lost(why), unread_version: false }
}

/// For people; never the address or the body.
fn why(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "the bank could not be reached"
    } else {
        "the connection ended before an answer"
    }
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, &'static str> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| why(&error))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err("an answer too long to be one");
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What an answer means. "Not found" counts only from the bank itself: with a report that names this payment and the window, since a proxy
/// in between says 404 as well.
fn interpret(status: StatusCode, window_seconds: Option<i64>, body: &[u8], subject: AskedPayment<'_>) -> BankAnswer {
    let report = match StatusReport::read(body) {
        Ok(report) => report,
        Err(iso20022::Error::Version { found }) => {
            return BankAnswer::Lost(format!("HTTP {} with a {found}, a version that is not read here", status.as_u16()));
        }
        Err(_) => return BankAnswer::Lost(format!("HTTP {} without a status report", status.as_u16())),
    };
    if status == StatusCode::NOT_FOUND {
        return match window_seconds {
            Some(seconds) if report.names(subject.end_to_end_id) && report.verdict(subject.end_to_end_id, "").is_none() => {
                BankAnswer::NotFound { window_ms: seconds * 1000 }
            }
            _ => BankAnswer::Lost("HTTP 404 without the bank's own word".to_owned()),
        };
    }
    if status.is_server_error() {
        return BankAnswer::Lost(format!("HTTP {}", status.as_u16()));
    }
    let Some(verdict) = report.verdict(subject.end_to_end_id, subject.message_id) else {
        return BankAnswer::Lost("a report about another payment".to_owned());
    };
    let reason = verdict.reason().filter(|_| verdict.outcome() == StatusOutcome::Rejected);
    let own_words = verdict.additional();
    let words = reason.map_or("", |reason| reason.words());
    BankAnswer::Verdict {
        status: verdict.status.code().to_owned(),
        outcome: verdict.outcome(),
        reason_code: reason.map_or_else(String::new, |reason| reason.code().to_owned()),
        words: if own_words.is_empty() { words.to_owned() } else { own_words },
    }
}

#[cfg(test)]
mod tests;
