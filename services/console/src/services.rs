//! Clients of the services that an installation may run without, each without a token.
use api::{
    earnings::earnings_service_client::EarningsServiceClient, gift::gift_service_client::GiftServiceClient,
    payout::payout_service_client::PayoutServiceClient, purchase::purchase_service_client::PurchaseServiceClient,
    treasury::treasury_service_client::TreasuryServiceClient,
};
use rpc::{ANSWER_BYTES_MAX, Transport};
use tonic::Status;

/// Transports to the services behind some pages only; none where the installation has no such service.
#[derive(Clone, Default)]
pub struct MoreServices {
    /// PayoutService.
    pub payout: Option<Transport>,
    /// PurchaseService.
    pub purchase: Option<Transport>,
    /// TreasuryService.
    pub treasury: Option<Transport>,
    /// GiftService.
    pub gift: Option<Transport>,
    /// EarningsService.
    pub earnings: Option<Transport>,
}

fn known(transport: Option<&Transport>, name: &str) -> Result<Transport, Status> {
    transport.cloned().ok_or_else(|| Status::unavailable(format!("this installation's console was given no address of the {name} service")))
}

impl MoreServices {
    pub(crate) fn payout_client(&self) -> Result<PayoutServiceClient<Transport>, Status> {
        Ok(PayoutServiceClient::new(known(self.payout.as_ref(), "payout")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    pub(crate) fn purchase_client(&self) -> Result<PurchaseServiceClient<Transport>, Status> {
        Ok(PurchaseServiceClient::new(known(self.purchase.as_ref(), "purchase")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    pub(crate) fn treasury_client(&self) -> Result<TreasuryServiceClient<Transport>, Status> {
        Ok(TreasuryServiceClient::new(known(self.treasury.as_ref(), "treasury")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    pub(crate) fn gift_client(&self) -> Result<GiftServiceClient<Transport>, Status> {
        Ok(GiftServiceClient::new(known(self.gift.as_ref(), "gift")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    pub(crate) fn earnings_client(&self) -> Result<EarningsServiceClient<Transport>, Status> {
        Ok(EarningsServiceClient::new(known(self.earnings.as_ref(), "earnings")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }
}
