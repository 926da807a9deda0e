//! Banks that take ACH files. Payments are collected into a file, and the file is uploaded under its name; what the bank says of it is its acknowledgement, and
//! that it paid is in its statement only. A lost upload is repeated with the same bytes under the same name, and never with another file.
//!
//! - [`file`]: from payments to a file. [`acknowledgement`]: what the bank says of a file. [`answers`]: files of returns and notifications of change.

pub mod acknowledgement;
pub mod answers;
pub mod file;

use super::{
    connector::{BankConnector, BankStatement, CallbackNews, PaymentOrder, ReceivedAnswer, UnusableBank, UnwritableOrder},
    iso20022::{ASK_TIME_OUT, lost, read, why},
};
use crate::{
    config::{BankConfig, NachaBankConfig},
    domain::{
        ach::steps::{FileVerdict, UploadAnswer},
        evidence::SentPayment,
    },
};
use accounts::PayoutAddress;
use acknowledgement::SentFile;
use iso20022::{camt053::Statement, xml::DOCUMENT_BYTES_MAX};
use money::Currency;
use reqwest::{Client, StatusCode, Url};
use serde::Deserialize;
use std::time::Duration;

/// Most bytes of an answer about a file: one with a hundred problems has ten thousand.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// How long a statement may take: it may cover a busy day.
const STATEMENT_TIME_OUT: Duration = Duration::from_secs(30);
/// How long a connection may take to be made.
const CONNECT_TIME_OUT: Duration = Duration::from_secs(2);
/// The header with the name of a file of returns.
const NAME_HEADER: &str = "file-name";
/// Longest name of a file of the bank, in characters.
const NAME_CHARS_MAX: usize = 100;

/// A bank that takes ACH files.
#[derive(Debug)]
pub struct NachaBank {
    client: Client,
    url: Url,
    terms: NachaBankConfig,
}

/// Why there is no acknowledgement of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingAcknowledgement {
    /// The bank itself says that it has none; it may still come. Else nobody was asked, or the answer can't be used.
    pub is_absent: bool,
    /// In words, for people.
    pub why: String,
}

impl MissingAcknowledgement {
    fn unread(why: impl Into<String>) -> Self {
        Self { is_absent: false, why: why.into() }
    }
}

/// A file of the bank for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailedFile {
    /// Its name, by which it is confirmed.
    pub name: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

#[derive(Deserialize)]
struct Receipt {
    sha256: String,
}

impl NachaBank {
    /// A bank as configured. Proxies and redirects are not followed: either could lead a payment elsewhere.
    pub fn try_new(config: &BankConfig) -> Result<Self, UnusableBank> {
        let client = config.client()?.connect_timeout(CONNECT_TIME_OUT).build()?;
        let url = Url::parse(&config.url).expect("the configuration was checked");
        Ok(Self { client, url, terms: config.nacha.clone() })
    }

    /// Who we are in its files, and how long payments are collected.
    #[must_use]
    pub fn terms(&self) -> &NachaBankConfig {
        &self.terms
    }

    fn at(&self, path: &str) -> Url {
        self.url.join(path).expect("names of files are letters, digits and hyphens, and the base is a checked URL")
    }

    /// Uploads a file under its name. Repeating it with the same bytes changes nothing at the bank.
    pub async fn upload(&self, sent: &SentFile, content: Vec<u8>, time_out: Duration) -> UploadAnswer {
        let request = self.client.put(self.at(&format!("files/{}", sent.name))).timeout(time_out).body(content);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return UploadAnswer::Lost(why(&error).to_owned()),
        };
        let status = response.status();
        if status == StatusCode::CONFLICT {
            return UploadAnswer::NameTaken;
        }
        let (body, cut) = read(response, ANSWER_BYTES_MAX).await;
        let same = serde_json::from_slice::<Receipt>(&body).is_ok_and(|receipt| receipt.sha256 == sent.sha256);
        match (status, cut) {
            (StatusCode::ACCEPTED | StatusCode::OK | StatusCode::CREATED, None) if same => UploadAnswer::Taken,
            (_, Some(why)) => UploadAnswer::Lost(why.to_owned()),
            (status, None) => UploadAnswer::Lost(format!("HTTP {}, without a receipt for this file", status.as_u16())),
        }
    }

    /// What the bank says of a file; else why nothing.
    pub async fn acknowledgement(&self, sent: &SentFile) -> Result<(String, FileVerdict), MissingAcknowledgement> {
        let request = self.client.get(self.at(&format!("files/{}/acknowledgement", sent.name))).timeout(ASK_TIME_OUT);
        let response = request.send().await.map_err(|error| MissingAcknowledgement::unread(why(&error)))?;
        let status = response.status();
        let (body, cut) = read(response, ANSWER_BYTES_MAX).await;
        match (status, cut) {
            (StatusCode::OK, None) => acknowledgement::read(&body, sent)
                .map(|verdict| (String::from_utf8_lossy(&body).into_owned(), verdict))
                .map_err(MissingAcknowledgement::unread),
            (_, Some(why)) => Err(MissingAcknowledgement::unread(why)),
            (StatusCode::NOT_FOUND, None) => {
                Err(MissingAcknowledgement { is_absent: true, why: "the bank has not acknowledged the file".to_owned() })
            }
            (status, None) => Err(MissingAcknowledgement::unread(format!("HTTP {}", status.as_u16()))),
        }
    }

    /// The oldest file of the bank for us that is not confirmed.
    pub async fn mail(&self) -> Result<Option<MailedFile>, String> {
        let response =
            self.client.get(self.at("returns")).timeout(STATEMENT_TIME_OUT).send().await.map_err(|error| why(&error).to_owned())?;
        match response.status() {
            StatusCode::NO_CONTENT => return Ok(None),
            StatusCode::OK => {}
            status => return Err(format!("HTTP {}", status.as_u16())),
        }
        let name = response.headers().get(NAME_HEADER).and_then(|name| name.to_str().ok()).unwrap_or_default().to_owned();
        if !is_file_name(&name) {
            return Err("the bank's file has no usable name".to_owned());
        }
        let (content, cut) = read(response, bankfiles::nacha::FILE_BYTES_MAX).await;
        match cut {
            None => Ok(Some(MailedFile { name, content })),
            Some(why) => Err(why.to_owned()),
        }
    }

    /// Confirms a file of the bank, which then gives the next one. One that is confirmed already is no error.
    pub async fn confirm(&self, name: &str) -> Result<(), String> {
        let request = self.client.delete(self.at(&format!("returns/{name}"))).timeout(ASK_TIME_OUT);
        let status = request.send().await.map_err(|error| why(&error).to_owned())?.status();
        if status.is_success() || status == StatusCode::NOT_FOUND { Ok(()) } else { Err(format!("HTTP {}", status.as_u16())) }
    }
}

fn is_file_name(name: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
}

#[tonic::async_trait]
impl BankConnector for NachaBank {
    fn message(&self, order: &PaymentOrder<'_>) -> Result<String, UnwritableOrder> {
        file::entry(order)
    }

    async fn send(&self, _subject: SentPayment<'_>, _message: String, _time_out: Duration) -> ReceivedAnswer {
        lost(0, "this bank takes payments in files only")
    }

    async fn ask(&self, _subject: SentPayment<'_>) -> ReceivedAnswer {
        lost(0, "this bank is asked for files only")
    }

    async fn statement(&self, currency: Currency) -> Result<BankStatement, String> {
        let url = self.at(&format!("statements/{}", currency.code()));
        let response = self.client.get(url).timeout(STATEMENT_TIME_OUT).send().await.map_err(|error| why(&error).to_owned())?;
        let status = response.status();
        let (body, cut) = read(response, DOCUMENT_BYTES_MAX).await;
        match (cut, status) {
            (Some(why), _) => Err(why.to_owned()),
            (None, StatusCode::OK) => {
                let statement = Statement::read(&body).map_err(|error| error.to_string())?;
                let read = matching::read(&body, 1);
                if !read.is_sound() {
                    let problem = read.problems.first().map(|problem| format!("{}: {}", problem.place, problem.what)).unwrap_or_default();
                    return Err(format!("not all of its money is understood: {problem}"));
                }
                Ok(BankStatement { statement, credits: Vec::new(), batches: Vec::new(), lines: read.lines })
            }
            (None, status) => Err(format!("HTTP {}", status.as_u16())),
        }
    }

    fn callback(&self, body: &[u8]) -> Result<Vec<CallbackNews>, String> {
        answers::read(body)
    }

    async fn register_callbacks(&self, _url: &str, _name: &str) -> Result<(), String> {
        Err("a bank that takes files sends no callbacks".to_owned())
    }

    fn is_account(&self, statement: &Statement, address: &PayoutAddress) -> bool {
        statement.account.number() == address.number()
    }

    fn content(&self, http_status: u16, body: &[u8]) -> String {
        format!("{http_status} {}", String::from_utf8_lossy(body))
    }
}

#[cfg(test)]
mod tests;
