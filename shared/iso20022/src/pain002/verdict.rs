//! The result of a whole report for one transfer: over all levels and mentions, independent of their order.

use super::{PaymentReport, StatusReason, StatusReport, TransactionReport};
use crate::{ReasonCode, StatusOutcome, TransactionStatus};
use money::Money;

/// The result of a report for one transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The nearest status: the transfer's own, else its payment's, else the group's.
    pub status: TransactionStatus,
    /// Every status that applies to it, the nearest level first, by code within a level, each once.
    pub statuses: Vec<TransactionStatus>,
    /// The reasons given with them, the nearest level first.
    pub reasons: Vec<StatusReason>,
    /// The transfer has several different statuses of its own.
    torn: bool,
}

impl Verdict {
    /// What it means for money. `Unclear` if the transfer has different statuses of its own, or if levels contradict each other: a refusal counts only if
    /// every level refuses, and money has moved only if no level says that it has not or is unclear. A level that only lags behind is no contradiction: an
    /// accepted message may have a settled payment.
    #[must_use]
    pub fn outcome(&self) -> StatusOutcome {
        let any = |outcome| self.statuses.iter().any(|status| status.outcome() == outcome);
        let rejected = any(StatusOutcome::Rejected);
        if self.torn || any(StatusOutcome::Unclear) {
            return StatusOutcome::Unclear;
        }
        if rejected && self.statuses.iter().any(|status| status.outcome() != StatusOutcome::Rejected) {
            return StatusOutcome::Unclear;
        }
        if rejected {
            StatusOutcome::Rejected
        } else if any(StatusOutcome::Settled) {
            StatusOutcome::Settled
        } else {
            StatusOutcome::Pending
        }
    }

    /// Whether the report contradicts itself.
    #[must_use]
    pub fn contradicts_itself(&self) -> bool {
        self.outcome() == StatusOutcome::Unclear
            && (self.torn || self.statuses.iter().all(|status| status.outcome() != StatusOutcome::Unclear))
    }

    /// The first reason code.
    #[must_use]
    pub fn reason(&self) -> Option<&ReasonCode> {
        self.reasons.iter().find_map(|reason| reason.reason.as_ref())
    }

    /// The bank's own texts, joined.
    #[must_use]
    pub fn additional(&self) -> String {
        self.reasons.iter().flat_map(|reason| reason.additional.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
    }
}

/// A payment and one of its transfers.
type TransferPlace<'a> = (&'a PaymentReport, &'a TransactionReport);

/// The status and reasons at one place of a report.
type StatusLevel<'a> = (Option<&'a TransactionStatus>, &'a [StatusReason]);

impl StatusReport {
    /// The result for a transfer of the message `message_id`, gathered from the whole report; `None` if it has no status for it. A status of the whole group,
    /// or of a payment without transfers, counts only for that message, and not if the report names only other transfers: a report about another message must
    /// not decide this one.
    #[must_use]
    pub fn verdict(&self, end_to_end_id: &str, message_id: &str) -> Option<Verdict> {
        let named: Vec<TransferPlace<'_>> = self.named(end_to_end_id).collect();
        let lone = self.payments.iter().all(|payment| payment.transactions.is_empty());
        let ours = self.original_message_id == message_id && (lone || !named.is_empty());
        let holds = |payment: &PaymentReport| named.iter().any(|(of, _)| std::ptr::eq(*of, payment));
        let payments = self.payments.iter().filter(|payment| holds(payment) || (ours && payment.transactions.is_empty()));
        let mut levels: [Vec<StatusLevel<'_>>; 3] = [
            named.iter().map(|(_, transfer)| (transfer.status.as_ref(), transfer.reasons.as_slice())).collect(),
            payments.map(|payment| (payment.status.as_ref(), payment.reasons.as_slice())).collect(),
            if ours { vec![(self.group_status.as_ref(), self.group_reasons.as_slice())] } else { Vec::new() },
        ];
        let (mut statuses, mut reasons): (Vec<TransactionStatus>, Vec<StatusReason>) = (Vec::new(), Vec::new());
        let mut torn = false;
        for (nearness, level) in levels.iter_mut().enumerate() {
            level.sort_by_key(|(status, _)| status.map(TransactionStatus::code));
            let mut codes: Vec<&TransactionStatus> = level.iter().filter_map(|(status, _)| *status).collect();
            codes.dedup();
            torn |= nearness == 0 && codes.len() > 1;
            for code in codes {
                if !statuses.contains(code) {
                    statuses.push(code.clone());
                }
            }
            reasons.extend(level.iter().flat_map(|(_, why)| why.iter().cloned()));
        }
        Some(Verdict { status: statuses.first()?.clone(), statuses, reasons, torn })
    }

    /// Whether the report names the transfer at all, with or without a status.
    #[must_use]
    pub fn names(&self, end_to_end_id: &str) -> bool {
        self.named(end_to_end_id).next().is_some()
    }

    /// Whether the transfer, its payment or the group has any status, or the transfer has details that only a bank which received it can give.
    #[must_use]
    pub fn knows(&self, end_to_end_id: &str) -> bool {
        let known = |(payment, transfer): TransferPlace<'_>| {
            payment.status.is_some() || transfer.status.is_some() || transfer.accepted.is_some() || transfer.bank_reference.is_some()
        };
        self.group_status.is_some() || self.named(end_to_end_id).any(known)
    }

    /// The amounts of the transfer that the report repeats.
    pub fn amounts(&self, end_to_end_id: &str) -> impl Iterator<Item = Money> {
        self.named(end_to_end_id).flat_map(|(_, transfer)| {
            transfer.settled_amount.into_iter().chain(transfer.instructed_amount.map(crate::pain001::TransferAmount::money))
        })
    }

    fn named<'a>(&'a self, end_to_end_id: &str) -> impl Iterator<Item = TransferPlace<'a>> {
        let is_named = move |(_, transfer): &TransferPlace<'_>| transfer.end_to_end_id.as_deref() == Some(end_to_end_id);
        self.payments.iter().flat_map(|payment| payment.transactions.iter().map(move |transfer| (payment, transfer))).filter(is_named)
    }
}
