//! Banks that speak ISO 20022 over HTTP: a `pain.001` out, a `pain.002` back. A missing answer proves nothing.

pub mod bulk;
pub(crate) mod news;
pub(crate) mod payees;
mod recalls;

use super::connector::{BankConnector, BankStatement, CallbackNews, PaymentOrder, RecallOrder, ReceivedAnswer, UnwritableOrder};
use crate::domain::{
    BankAnswer,
    evidence::{BankEvidence, Doubt, SentPayment, evidence},
    payee::PayeeDetails,
    payee_check::PayeeAnswer,
    recall::RecallReply,
};
use accounts::{AddressKind, PayoutAddress};
use iso20022::{
    camt053::Statement,
    pain001::{CreditTransfer, Initiation, Party, PaymentInstruction, TaxId, TransferAmount, TypeCode},
    pain002::StatusReport,
    rail::RailTable,
    xml::DOCUMENT_BYTES_MAX,
};
use jiff::Timestamp;
use money::Currency;
use reqwest::{Client, Method, StatusCode, Url};
use std::time::Duration;

/// Most bytes of an answer; a report about one payment has two thousand.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// How long connecting may take.
const CONNECT_TIME_OUT: Duration = Duration::from_secs(2);
/// How long a status request may take; it changes nothing, so giving up early costs only another request.
pub const ASK_TIME_OUT: Duration = Duration::from_secs(5);
/// How long a statement may take: it may cover a busy day.
const STATEMENT_TIME_OUT: Duration = Duration::from_secs(30);
/// The header in which a bank states after how many seconds "not found" is final.
const FINALITY_HEADER: &str = "finality-window-seconds";
/// Part of every status report's namespace, whatever its version.
const REPORT_NAMESPACE: &[u8] = b"iso:20022:tech:xsd:pain.002.";
/// `ExternalCategoryPurpose1Code` of transfers between accounts of one company.
const INTRA_COMPANY: &str = "INTC";
/// Longest finality window trusted: a year, so that arithmetic on it cannot overflow.
const WINDOW_SECONDS_MAX: i64 = 366 * 24 * 60 * 60;

/// A bank that speaks ISO 20022.
#[derive(Debug, Clone)]
pub struct Iso20022Bank {
    client: Client,
    url: Url,
    payments_max: usize,
    books_batches: bool,
}

/// An answer as it arrived.
#[derive(Debug)]
struct Exchanged {
    status: StatusCode,
    /// The finality window that it states, in seconds.
    window_seconds: Option<i64>,
    body: Vec<u8>,
    /// Why the body is cut short, if it is.
    cut: Option<&'static str>,
}

impl Iso20022Bank {
    /// A bank at this address, over this client, with at most so many payments in a message, which it books as one or each alone. Proxies and redirects are not
    /// followed: either could lead a payment elsewhere.
    pub fn try_new(url: &str, client: reqwest::ClientBuilder, payments_max: usize, books_batches: bool) -> Result<Self, reqwest::Error> {
        let client = client.connect_timeout(CONNECT_TIME_OUT).build()?;
        let url = Url::parse(url).expect("the configuration was checked");
        Ok(Self { client, url, payments_max, books_batches })
    }

    /// One call; what came back, or the HTTP status, 0 for none, and why nothing did.
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        time_out: Duration,
        bytes_max: usize,
    ) -> Result<Exchanged, (u16, &'static str)> {
        let url = self.url.join(path).expect("ids are hexadecimal and the base is a checked URL");
        let mut request = self.client.request(method, url).timeout(time_out);
        if let Some(traceparent) = rpc::trace::current_traceparent() {
            request = request.header("traceparent", traceparent);
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/xml").body(body);
        }
        let response = request.send().await.map_err(|error| (0, why(&error)))?;
        let status = response.status();
        let window = response.headers().get(FINALITY_HEADER).and_then(|value| value.to_str().ok()?.parse::<i64>().ok());
        let window_seconds = window.filter(|seconds| (0..=WINDOW_SECONDS_MAX).contains(seconds));
        let (body, cut) = read(response, bytes_max).await;
        Ok(Exchanged { status, window_seconds, body, cut })
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        subject: SentPayment<'_>,
        time_out: Duration,
    ) -> ReceivedAnswer {
        let asking = method == Method::GET;
        let Exchanged { status, window_seconds, body, cut } = match self.call(method, path, body, time_out, ANSWER_BYTES_MAX).await {
            Ok(exchanged) => exchanged,
            Err((http_status, why)) => return lost(http_status, why),
        };
        let answer = match cut {
            None => interpret(status, window_seconds.filter(|_| asking), &body, subject),
            // The part received may name the payment.
            Some(why) => unread(status, why.to_owned(), &body, subject),
        };
        let unread_version = matches!(StatusReport::read(&body), Err(iso20022::Error::Version { .. }));
        if unread_version {
            let end_to_end_id = subject.end_to_end_id;
            tracing::warn!(end_to_end_id, ?answer, "the bank answers in an unsupported message version");
        }
        note_doubt(&answer, subject);
        ReceivedAnswer { http_status: status.as_u16(), body, answer, unread_version }
    }
}

#[tonic::async_trait]
impl BankConnector for Iso20022Bank {
    fn message(&self, order: &PaymentOrder<'_>) -> Result<String, UnwritableOrder> {
        write(order, None)
    }

    fn own_transfer(&self, order: &PaymentOrder<'_>) -> Result<String, UnwritableOrder> {
        write(order, Some(INTRA_COMPANY))
    }

    async fn send(&self, subject: SentPayment<'_>, message: String, time_out: Duration) -> ReceivedAnswer {
        self.exchange(Method::POST, "payments", Some(message), subject, time_out).await
    }

    async fn ask(&self, subject: SentPayment<'_>) -> ReceivedAnswer {
        let path = format!("payments/{}", subject.end_to_end_id);
        self.exchange(Method::GET, &path, None, subject, ASK_TIME_OUT).await
    }

    async fn statement(&self, currency: Currency) -> Result<BankStatement, String> {
        let url = self.url.join(&format!("statements/{}", currency.code())).expect("codes are letters and the base is a checked URL");
        let response = self.client.get(url).timeout(STATEMENT_TIME_OUT).send().await.map_err(|error| why(&error).to_owned())?;
        let status = response.status();
        let (body, cut) = read(response, DOCUMENT_BYTES_MAX).await;
        if let Some(why) = cut {
            return Err(why.to_owned());
        }
        if status != StatusCode::OK {
            return Err(format!("HTTP {}", status.as_u16()));
        }
        let statement = Statement::read(&body).map_err(|error| error.to_string())?;
        Ok(BankStatement { statement, credits: news::credits(&body)?, batches: news::batches(&body)?, lines: Vec::new() })
    }

    async fn recall(&self, order: &RecallOrder<'_>) -> RecallReply {
        self.send_recall(order).await
    }

    async fn recall_status(&self, recall_id: &str, end_to_end_id: &str) -> RecallReply {
        self.ask_recall(recall_id, end_to_end_id).await
    }

    async fn verify_payee(&self, payee: &PayeeDetails, time_out: Duration) -> PayeeAnswer {
        self.verify(payee, time_out).await
    }

    fn callback(&self, body: &[u8]) -> Result<Vec<CallbackNews>, String> {
        news::read(body)
    }

    async fn register_callbacks(&self, url: &str, name: &str) -> Result<(), String> {
        let to = self.url.join("callbacks").expect("the base is a checked URL");
        let receiver = serde_json::json!({"url": url, "name": name});
        let answer = self.client.post(to).timeout(ASK_TIME_OUT).json(&receiver).send().await.map_err(|error| why(&error).to_owned())?;
        if answer.status().is_success() { Ok(()) } else { Err(format!("HTTP {}", answer.status().as_u16())) }
    }

    fn is_account(&self, statement: &Statement, address: &PayoutAddress) -> bool {
        statement.account.number() == address.number()
    }

    fn content(&self, http_status: u16, body: &[u8]) -> String {
        content(http_status, body)
    }
}

/// The holder's name as the bank knows it: banks in Japan by their own characters.
fn name_of(payee: &PayeeDetails) -> &str {
    let kana = payee.holder_name_kana.as_ref().filter(|_| payee.address.kind() == AddressKind::Zengin);
    kana.unwrap_or(&payee.holder_name)
}

/// Who is paid, as the message has it.
fn creditor(order: &PaymentOrder<'_>) -> Party {
    let payee = order.payee;
    let tax_id = payee.tax_id.as_ref().map(|id| match payee.address.country() {
        Some("BR") => TaxId::brazilian(id),
        _ => TaxId::Person(id.clone()),
    });
    Party::paid_to(name_of(payee), &payee.address, payee.postal.as_ref(), tax_id)
}

/// The `pain.001` of one payment, with this `CtgyPurp`.
fn write(order: &PaymentOrder<'_>, category_purpose: Option<&str>) -> Result<String, UnwritableOrder> {
    let mut payment = instruction(&RailTable::default(), order, order.end_to_end_id.to_owned(), vec![transfer(order)])?;
    payment.payment_type.category_purpose = category_purpose.map(|code| TypeCode::Code(code.to_owned()));
    let message = Initiation::new(order.message_id.clone(), order.created, order.debtor_name, vec![payment]);
    message.write().map_err(|error| UnwritableOrder(error.to_string()))
}

fn transfer(order: &PaymentOrder<'_>) -> CreditTransfer {
    CreditTransfer {
        end_to_end_id: order.end_to_end_id.to_owned(),
        uetr: Some(order.uetr.clone()),
        amount: TransferAmount::Instructed(order.amount),
        ultimate_debtor: order.on_behalf_of.map(|entity| entity.name.clone()),
        creditor: creditor(order),
        purpose: order.payee.purpose_code.clone().map(TypeCode::Code),
        remittance: Some(order.remittance.to_owned()),
    }
}

/// These transfers from the order's account over its rail.
fn instruction(
    table: &RailTable,
    order: &PaymentOrder<'_>,
    payment_id: String,
    transfers: Vec<CreditTransfer>,
) -> Result<PaymentInstruction, UnwritableOrder> {
    let codes = table.codes(order.rail).ok_or_else(|| UnwritableOrder(format!("{} has no codes of ISO 20022", order.rail)))?;
    Ok(PaymentInstruction {
        payment_id,
        payment_type: codes.payment_type(),
        batch_booking: false,
        execution: codes.at_once(order.created, &order.zone),
        debtor: Party::paid_to(order.debtor_name, order.debtor, None, None),
        transfers,
    })
}

fn note_doubt(answer: &BankAnswer, subject: SentPayment<'_>) {
    if let BankAnswer::Named(BankEvidence { doubt: Some(doubt), .. }) = answer {
        let (end_to_end_id, doubt) = (subject.end_to_end_id, doubt.words());
        tracing::warn!(end_to_end_id, doubt, "the bank's answer decides nothing; polling continues");
    }
}

pub(super) fn lost(http_status: u16, why: &str) -> ReceivedAnswer {
    ReceivedAnswer { http_status, body: Vec::new(), answer: BankAnswer::Lost(why.to_owned()), unread_version: false }
}

/// The error in words; never with the address or the body.
pub(super) fn why(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "the bank could not be reached"
    } else {
        "the connection ended before an answer"
    }
}

/// The body as far as it was received, and why it was cut short.
pub(super) async fn read(mut response: reqwest::Response, bytes_max: usize) -> (Vec<u8>, Option<&'static str>) {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() > bytes_max => {
                body.extend(chunk.iter().take(bytes_max - body.len()));
                return (body, Some("the answer was too long"));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => return (body, None),
            Err(error) => return (body, Some(why(&error))),
        }
    }
}

/// What an answer means. "Not found" counts only from the bank itself: with a report that names this payment but has no status of it, and with the
/// window, since a proxy in between says 404 as well. An error decides nothing, but any answer that names the payment proves that it was seen.
fn interpret(status: StatusCode, window_seconds: Option<i64>, body: &[u8], subject: SentPayment<'_>) -> BankAnswer {
    let report = match StatusReport::read(body) {
        Ok(report) => report,
        Err(iso20022::Error::Version { found }) => {
            return unread(status, format!("HTTP {} with a {found}, a version that is not read here", status.as_u16()), body, subject);
        }
        Err(_) => return unread(status, format!("HTTP {} without a status report", status.as_u16()), body, subject),
    };
    weigh(status, window_seconds, &report, subject)
}

/// The same, of a report.
fn weigh(status: StatusCode, window_seconds: Option<i64>, report: &StatusReport, subject: SentPayment<'_>) -> BankAnswer {
    let said = evidence(report, subject);
    if status == StatusCode::NOT_FOUND {
        let known = report.knows(subject.end_to_end_id);
        return match (said, window_seconds) {
            (Some(said), _) if known => BankAnswer::Named(said.doubted(Doubt::HttpStatus(status.as_u16()))),
            (Some(_), Some(seconds)) if report.names(subject.end_to_end_id) => BankAnswer::NotFound { window_ms: seconds * 1000 },
            _ => BankAnswer::Lost("HTTP 404 without the bank's own report".to_owned()),
        };
    }
    match said {
        Some(said) if status.is_server_error() => BankAnswer::Named(said.doubted(Doubt::HttpStatus(status.as_u16()))),
        Some(said) => BankAnswer::Named(said),
        None if status.is_server_error() => BankAnswer::Lost(format!("HTTP {}", status.as_u16())),
        None => BankAnswer::Lost("a report about another payment".to_owned()),
    }
}

/// An answer that can't be read as a report. One that names this payment proves that it was seen; "not found" names it as well, and proves nothing.
fn unread(status: StatusCode, why: String, body: &[u8], subject: SentPayment<'_>) -> BankAnswer {
    let holds = |part: &[u8]| body.windows(part.len()).any(|place| place == part);
    if status != StatusCode::NOT_FOUND && holds(REPORT_NAMESPACE) && holds(subject.end_to_end_id.as_bytes()) {
        return BankAnswer::Named(BankEvidence::only_seen(Doubt::Unreadable));
    }
    BankAnswer::Lost(why)
}

fn content(http_status: u16, body: &[u8]) -> String {
    match StatusReport::read(body) {
        Ok(report) => format!("{http_status} {:?}", StatusReport { message_id: String::new(), created: Timestamp::UNIX_EPOCH, ..report }),
        Err(_) => format!("{http_status} {}", String::from_utf8_lossy(body)),
    }
}

#[cfg(test)]
mod tests;
