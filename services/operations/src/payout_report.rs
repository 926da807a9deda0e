//! The report of payouts, asked of a running payout service, and shown as lines, as CSV or as JSON.

mod shown;

pub use shown::{json, lines, lines_csv, wallets_csv};

use crate::{OperationFault, staff_call};
use api::payout::{GetPayoutReportRequest, GetPayoutReportResponse, payout_service_client::PayoutServiceClient};
use rpc::{ANSWER_BYTES_MAX, Transport};

/// Asks for a report, as whoever the token names, for this reason.
pub async fn ask(
    transport: Transport,
    token: &str,
    reason: &str,
    request: GetPayoutReportRequest,
) -> Result<GetPayoutReportResponse, OperationFault> {
    let request = staff_call::request(request, token, reason)?;
    let mut client = PayoutServiceClient::new(transport).max_decoding_message_size(ANSWER_BYTES_MAX);
    Ok(client.get_payout_report(request).await.map_err(|status| status.message().to_owned())?.into_inner())
}
