//! What a payer is told of its payments without asking: statuses and bookings, and everything that can go wrong with such news.

use super::{
    behaviour::CallbackTrick,
    books::{BankEntry, KeptPayment},
    clock::fresh_id,
    desk::{DeskError, PaymentDesk},
    statement::notification,
    status::{report, report_of},
};
use iso20022::pain002::PaymentReport;
use money::Currency;
use sqlx::AnyConnection;

/// What happened to payments in one transaction.
#[derive(Debug, Default)]
pub struct News {
    /// Payments whose status changed.
    pub payments: Vec<KeptPayment>,
    /// Entries that were booked.
    pub entries: Vec<(Currency, BankEntry)>,
}

impl PaymentDesk {
    /// Stores callbacks with the news: one pain.002 of all statuses, and one camt.054 per currency.
    pub async fn push_news(
        &self,
        tx: &mut AnyConnection,
        about: &str,
        news: &News,
        trick: Option<CallbackTrick>,
        now_ms: i64,
    ) -> Result<(), DeskError> {
        if !self.mailbox().has_receivers() || news.payments.is_empty() {
            return Ok(());
        }
        let mut bodies = vec![(status(&news.payments, now_ms)?, false)];
        let mut currencies: Vec<Currency> = Vec::new();
        for (currency, _) in &news.entries {
            if !currencies.contains(currency) {
                currencies.push(*currency);
            }
        }
        for currency in currencies {
            let entries: Vec<BankEntry> = news.entries.iter().filter(|(own, _)| *own == currency).map(|(_, entry)| entry.clone()).collect();
            bodies.push((notification(currency, &entries, now_ms).write()?, false));
        }
        match trick {
            None | Some(CallbackTrick::First) => {}
            Some(CallbackTrick::Twice) => bodies = bodies.into_iter().flat_map(|one| [one.clone(), one]).collect(),
            Some(CallbackTrick::Disorder) => {
                let accepted = |payment: &KeptPayment| KeptPayment { status: "ACSP".to_owned(), ..payment.clone() };
                bodies.insert(0, (status(&news.payments.iter().map(accepted).collect::<Vec<_>>(), now_ms)?, false));
                bodies.reverse();
            }
            Some(CallbackTrick::Forged) => {
                let rejected = |payment: &KeptPayment| {
                    let mut forged = payment.clone();
                    forged.reject("AC04", "a lie", now_ms);
                    forged
                };
                bodies.insert(0, (status(&news.payments.iter().map(rejected).collect::<Vec<_>>(), now_ms)?, true));
            }
            Some(CallbackTrick::Foreign) => {
                let foreign =
                    |payment: &KeptPayment| KeptPayment { end_to_end_id: fresh_id("F"), message_id: fresh_id("F"), ..payment.clone() };
                bodies.insert(0, (status(&news.payments.iter().map(foreign).collect::<Vec<_>>(), now_ms)?, false));
            }
        }
        Ok(self.mailbox().push(tx, about, &bodies, now_ms).await?)
    }
}

/// A pain.002 of payments of one message.
fn status(payments: &[KeptPayment], now_ms: i64) -> Result<String, iso20022::Error> {
    let message_id = payments.first().map_or("NOTPROVIDED", |payment| payment.message_id.as_str());
    let mut reports: Vec<PaymentReport> = Vec::new();
    for payment in payments {
        let transaction = report_of(payment);
        match reports.iter_mut().find(|report| report.original_payment_id == payment.payment_id) {
            Some(known) => known.transactions.push(transaction),
            None => reports.push(PaymentReport {
                original_payment_id: payment.payment_id.clone(),
                status: None,
                reasons: Vec::new(),
                transactions: vec![transaction],
            }),
        }
    }
    report(message_id, reports, now_ms).write()
}
