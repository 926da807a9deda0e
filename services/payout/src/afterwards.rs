//! What goes on beside payouts: payees verified again, callbacks are read, recalls advanced and paid for, returns booked, transfers between our accounts sent, ACH files
//! sent and fetched. Each in a loop of its own, so that a silent bank delays none of the others.

use crate::{error::Error, payouts::Payouts};
use futures::future::BoxFuture;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;

/// Pause between two looks for transfers between our accounts: the times of rules at treasury are minutes.
const OWN_TRANSFERS_EVERY: Duration = Duration::from_secs(10);

/// Runs until `shutdown`.
pub async fn run(payouts: Arc<Payouts>, shutdown: CancellationToken) {
    tokio::join!(
        rounds(&payouts, &shutdown, "callbacks", payouts.config.poll_delay, |payouts| Box::pin(payouts.read_due_callbacks())),
        rounds(&payouts, &shutdown, "recalls", payouts.config.poll_delay, |payouts| Box::pin(payouts.advance_due_recalls())),
        rounds(&payouts, &shutdown, "fees of recalls", payouts.config.poll_delay, |payouts| Box::pin(payouts.book_due_recall_fees())),
        rounds(&payouts, &shutdown, "returns", payouts.config.poll_delay, |payouts| Box::pin(payouts.book_due_returns())),
        rounds(&payouts, &shutdown, "payees", payouts.config.poll_delay, |payouts| Box::pin(payouts.verify_due_payees())),
        rounds(&payouts, &shutdown, "transfers between our accounts", OWN_TRANSFERS_EVERY, |payouts| Box::pin(
            payouts.send_own_transfers()
        )),
        ach(&payouts, &shutdown),
    );
}

/// Nothing where no bank takes files.
async fn ach(payouts: &Payouts, shutdown: &CancellationToken) {
    let polls = payouts.banks.all().iter().filter_map(|bank| Some(bank.files()?.terms().poll));
    let Some(poll) = polls.min() else { return };
    tokio::join!(
        rounds(payouts, shutdown, "ACH files", payouts.config.poll_delay.min(poll), |payouts| Box::pin(payouts.advance_ach_files())),
        rounds(payouts, shutdown, "ACH returns", poll, |payouts| Box::pin(payouts.fetch_ach_mail())),
    );
}

/// One round after the other: at once while there is more to do, else after news or a pause.
async fn rounds(
    payouts: &Payouts,
    shutdown: &CancellationToken,
    what: &'static str,
    pause: Duration,
    round: for<'a> fn(&'a Payouts) -> BoxFuture<'a, Result<bool, Error>>,
) {
    loop {
        let news = payouts.news.notified();
        let more = match shutdown.run_until_cancelled(round(payouts)).await {
            None => return,
            Some(Ok(more)) => more,
            Some(Err(error)) => {
                tracing::error!(what, %error, "a round failed; the next one follows");
                false
            }
        };
        if more {
            continue;
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = news => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
