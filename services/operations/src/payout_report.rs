//! The report of payouts, asked of a running payout service, and shown as lines, as CSV or as JSON.

mod shown;

pub use shown::{json, lines, lines_csv, wallets_csv};

use crate::OperationFault;
use api::payout::{GetPayoutReportRequest, GetPayoutReportResponse, payout_service_client::PayoutServiceClient};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rpc::{ANSWER_BYTES_MAX, Transport};
use std::time::Duration;
use tonic::Request;

/// How long the service may take: the most that it gives any call.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// What a header can't carry as it is; a service decodes it.
const IN_HEADER: &AsciiSet = &CONTROLS.add(b'%');

/// Asks for a report, as whoever the token names, for this reason.
pub async fn ask(
    transport: Transport,
    token: &str,
    reason: &str,
    request: GetPayoutReportRequest,
) -> Result<GetPayoutReportResponse, OperationFault> {
    let mut request = Request::new(request);
    request.set_timeout(ANSWER_MAX);
    let bearer = format!("Bearer {token}").parse().map_err(|_| "the token is malformed")?;
    request.metadata_mut().insert("authorization", bearer);
    let reason = utf8_percent_encode(reason, IN_HEADER).to_string().parse().map_err(|_| "the reason can't be sent")?;
    request.metadata_mut().insert(rpc::REASON, reason);
    let mut client = PayoutServiceClient::new(transport).max_decoding_message_size(ANSWER_BYTES_MAX);
    Ok(client.get_payout_report(request).await.map_err(|status| status.message().to_owned())?.into_inner())
}
