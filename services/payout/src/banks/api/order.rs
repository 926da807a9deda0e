//! From a payment to the body of `POST /payments`.

use crate::{
    banks::connector::{PaymentOrder, UnwritableOrder},
    config::ApiBankConfig,
    domain::api_rail::{SAME_DAY, branch_of, payment_type},
};
use accounts::{PayoutAddress, holder::HolderName};
use bankapi::{
    ApiPayment, ApiRules,
    payment::{ApiCreditor, ApiDebtor, ApiUltimateDebtor},
};

/// Digits of a Brazilian company's tax id (CNPJ); a person's has fewer.
const CNPJ_CHARS: usize = 14;

/// Writes payments.
#[derive(Debug, Clone)]
pub struct ApiOrders {
    rules: ApiRules,
    branch_bic: String,
    company_id: Option<String>,
}

impl ApiOrders {
    /// With the bank's options.
    #[must_use]
    pub fn new(config: &ApiBankConfig) -> Self {
        let company_id = Some(config.company_id.clone()).filter(|id| !id.is_empty());
        Self { rules: ApiRules::default(), branch_bic: config.branch_bic.clone(), company_id }
    }

    /// The body of one payment; or everything that stands against it, by field.
    pub fn body(&self, order: &PaymentOrder<'_>) -> Result<String, UnwritableOrder> {
        let payment = self.payment(order)?;
        let faults = |faults: Vec<bankapi::payment::ApiPaymentFault>| {
            UnwritableOrder(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
        };
        Ok(payment.body(&self.rules).map_err(faults)?.to_string())
    }

    fn payment(&self, order: &PaymentOrder<'_>) -> Result<ApiPayment, UnwritableOrder> {
        let payment_type = payment_type(order.rail);
        let payment_type =
            payment_type.ok_or_else(|| UnwritableOrder(format!("rail must be one that the API carries: {} is not", order.rail)))?;
        let branch = branch_of(order.debtor, &self.branch_bic);
        let unpayable =
            || UnwritableOrder(format!("debtor must be an account that the API pays from: {} is not", order.debtor.kind().name()));
        let (account_type, agent) = branch.ok_or_else(unpayable)?;
        let debtor = ApiDebtor {
            name: order.debtor_name.to_owned(),
            account_number: order.debtor.number().to_owned(),
            account_type,
            agent,
            company_id: self.company_id.clone(),
        };
        Ok(ApiPayment {
            payment_type,
            end_to_end_id: order.end_to_end_id.to_owned(),
            execution_date: order.zone.to_datetime(order.created).date(),
            amount: order.amount,
            debtor,
            ultimate_debtor: order
                .on_behalf_of
                .map(|entity| ApiUltimateDebtor { name: entity.name.clone(), organization_id: entity.registration.clone() }),
            creditor: creditor(order)?,
            remittance: Some(order.remittance.to_owned()),
            same_day: order.rail == SAME_DAY,
        })
    }
}

/// Who is paid. A GB IBAN stands for the sort code and number in it where a British rail pays, and only banks in Brazil ask for a tax id.
fn creditor(order: &PaymentOrder<'_>) -> Result<ApiCreditor, UnwritableOrder> {
    let payee = order.payee;
    let name = HolderName::parse(&payee.holder_name).map_err(|fault| UnwritableOrder(format!("creditor.name must {}", fault.must)))?;
    let british = match &payee.address {
        PayoutAddress::Iban(iban) if order.rail.starts_with("gb-") => iban.uk_account(),
        _ => None,
    };
    let address = british.map_or_else(|| payee.address.clone(), PayoutAddress::Uk);
    let tax_id = payee.tax_id.clone().filter(|_| address.country() == Some("BR"));
    let is_company = payee.is_company || tax_id.as_ref().is_some_and(|id| id.len() == CNPJ_CHARS);
    Ok(ApiCreditor { name, address, postal: payee.postal.clone(), tax_id, is_company })
}

#[cfg(test)]
mod tests;
