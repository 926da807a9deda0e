//! A report about many transfers, taken apart: what it says of each.

use super::{PaymentReport, StatusReport, TransactionReport};
use crate::TransactionStatus;
use std::collections::HashMap;

/// Which transfer of a report's payments.
struct MentionedTransfer {
    payment: usize,
    /// Its place in the payment.
    transfer: usize,
}

impl StatusReport {
    /// What the report says of each of these transfers of one message, in their order: its mentions of the transfer, and the statuses of the levels above. None
    /// where it lists transfers and not this one: then it says nothing of it, whatever the status of the whole. `PART` above a transfer is left out: it says
    /// only that transfers differ.
    #[must_use]
    pub fn parts(&self, end_to_end_ids: &[&str]) -> Vec<Option<Self>> {
        let mut places: HashMap<&str, Vec<MentionedTransfer>> = HashMap::new();
        for (payment, of) in self.payments.iter().enumerate() {
            for (transfer, one) in of.transactions.iter().enumerate() {
                if let Some(id) = &one.end_to_end_id {
                    places.entry(id).or_default().push(MentionedTransfer { payment, transfer });
                }
            }
        }
        let lists_none = self.payments.iter().all(|payment| payment.transactions.is_empty());
        let part = |id: &&str| match places.get(id) {
            Some(named) => Some(self.part(named)),
            None => lists_none.then(|| self.part(&[])),
        };
        end_to_end_ids.iter().map(part).collect()
    }

    fn part(&self, named: &[MentionedTransfer]) -> Self {
        let above = |status: &Option<TransactionStatus>| status.clone().filter(|status| *status != TransactionStatus::Part);
        let payment = |(at, payment): (usize, &PaymentReport)| {
            let own = named.iter().filter(|place| place.payment == at).filter_map(|place| payment.transactions.get(place.transfer));
            let own: Vec<TransactionReport> = own.cloned().collect();
            (payment.transactions.is_empty() || !own.is_empty()).then(|| PaymentReport {
                original_payment_id: payment.original_payment_id.clone(),
                status: above(&payment.status),
                reasons: payment.reasons.clone(),
                transactions: own,
            })
        };
        Self {
            message_id: self.message_id.clone(),
            created: self.created,
            original_message_id: self.original_message_id.clone(),
            original_message_name: self.original_message_name.clone(),
            group_status: above(&self.group_status),
            group_reasons: self.group_reasons.clone(),
            payments: self.payments.iter().enumerate().filter_map(payment).collect(),
        }
    }
}
