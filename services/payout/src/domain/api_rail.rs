//! Over which rails, and from which accounts, the JSON of a payment API has words to pay.

use accounts::{AddressField, PayoutAddress};
use bankapi::{
    ApiPaymentType,
    payment::{ApiAgentId, ApiDebtorAccount},
};

/// How the API calls each rail that it carries. It has one word for the instant rail of a country, so FedNow, which is the second one of the United States, is
/// not among them: nobody could say over which of both a payment went. UPI is not either: a request can name no clearing system but IMPS, and UPI stands only
/// among those that answers may report. Zengin is in no part of the description.
const RAILS: [(&str, ApiPaymentType); 17] = [
    ("us-rtp", ApiPaymentType::Rtp),
    ("us-ach", ApiPaymentType::Ach),
    (SAME_DAY, ApiPaymentType::Ach),
    ("us-fedwire", ApiPaymentType::Wire),
    ("sepa-instant", ApiPaymentType::Rtp),
    ("sepa-ct", ApiPaymentType::Ach),
    ("gb-fps", ApiPaymentType::Rtp),
    ("gb-bacs", ApiPaymentType::Ach),
    ("br-pix", ApiPaymentType::Rtp),
    ("mx-spei", ApiPaymentType::Rtp),
    ("sg-fast", ApiPaymentType::Rtp),
    ("hk-fps", ApiPaymentType::Rtp),
    ("in-imps", ApiPaymentType::Rtp),
    ("au-npp", ApiPaymentType::Rtp),
    ("ca-interac", ApiPaymentType::Interac),
    ("ca-eft", ApiPaymentType::Ach),
    ("ewallet-paypal", ApiPaymentType::Paypal),
];
/// The rail of ACH that asks for settlement on the same day.
pub const SAME_DAY: &str = "us-ach-same-day";

/// The API's word for a rail; `None` if it does not carry it.
#[must_use]
pub fn payment_type(rail: &str) -> Option<ApiPaymentType> {
    RAILS.iter().find(|(known, _)| *known == rail).map(|(_, payment_type)| *payment_type)
}

/// The kind of our account, and the branch that holds it: the account's number names it, or it is the configured one. `None`: the API can't pay from it.
#[must_use]
pub fn branch_of(address: &PayoutAddress, branch_bic: &str) -> Option<(ApiDebtorAccount, (ApiAgentId, String))> {
    let field = |field| address.value(field).map(str::to_owned);
    let configured = Some(branch_bic.to_owned()).filter(|bic| !bic.is_empty());
    let bic = |bic| (ApiAgentId::Bic, bic);
    match address {
        PayoutAddress::Iban(_) => Some((ApiDebtorAccount::Iban, bic(field(AddressField::Bic).or(configured)?))),
        PayoutAddress::Us(_) => Some((ApiDebtorAccount::Demand, (ApiAgentId::RoutingNumber, field(AddressField::RoutingNumber)?))),
        PayoutAddress::Uk(_) => Some((ApiDebtorAccount::Demand, (ApiAgentId::SortCode, field(AddressField::SortCode)?))),
        PayoutAddress::Singapore(_) => Some((ApiDebtorAccount::Demand, bic(field(AddressField::Bic)?))),
        PayoutAddress::Clabe(_)
        | PayoutAddress::PixAccount(_)
        | PayoutAddress::India(_)
        | PayoutAddress::Australia(_)
        | PayoutAddress::HongKong(_)
        | PayoutAddress::Canada(_) => Some((ApiDebtorAccount::Demand, bic(configured?))),
        PayoutAddress::Zengin(_)
        | PayoutAddress::PixKey(_)
        | PayoutAddress::Upi(_)
        | PayoutAddress::PayId(_)
        | PayoutAddress::PayNow(_)
        | PayoutAddress::FpsProxy(_)
        | PayoutAddress::Interac(_)
        | PayoutAddress::Wallet(_) => None,
    }
}

#[cfg(test)]
mod tests;
