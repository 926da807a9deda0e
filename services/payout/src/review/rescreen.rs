//! Reads changed lists again, and then screens every beneficiary: a payout that waits for a rail, for money or for people is looked at again at once if its
//! payee is found in the new edition. Every other payout is screened before it is submitted anyway.

use super::lists::LoadedList;
use crate::{beneficiaries::unseal, error::Error, payouts::Payouts, store::screening::ScreenedList};
use money::{
    BookName,
    time::{millis, unix_ms},
};
use std::{sync::Arc, time::SystemTime};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Beneficiaries of one read. After each, the position is stored: a restart goes on there.
const PAGE: i64 = 200;

/// Runs until shutdown; returns at once where there are no lists.
pub async fn run(payouts: Arc<Payouts>, shutdown: CancellationToken) {
    if payouts.lists.current().is_empty() {
        return;
    }
    let mut looks = tokio::time::interval(payouts.config.screening.reload_interval);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while shutdown.run_until_cancelled(looks.tick()).await.is_some() {
        match shutdown.run_until_cancelled(payouts.look_at_lists()).await {
            Some(Ok(_)) | None => {}
            Some(Err(error)) => tracing::warn!(%error, "not every beneficiary could be screened with the lists in force; retrying"),
        }
    }
}

impl Payouts {
    /// Reads changed lists, and screens everybody with each edition that nobody was screened with; returns how many beneficiaries resemble a listed name.
    pub async fn look_at_lists(self: &Arc<Self>) -> Result<u64, Error> {
        let read = self.clone();
        let reading = tokio::task::spawn_blocking(move || read.lists.reload(SystemTime::now())).await;
        let problems = reading.unwrap_or_else(|panicked| vec![panicked.to_string()]);
        for problem in problems {
            tracing::error!(problem, "a sanctions list can't be read again; the edition that was read before stays in force");
        }
        let mut found = 0;
        for list in self.lists.current() {
            found += self.screen_everybody(&list).await?;
        }
        Ok(found)
    }

    async fn screen_everybody(&self, list: &LoadedList) -> Result<u64, Error> {
        let edition = list.edition();
        let from_the_beginning = ScreenedList { edition: edition.clone(), after: Default::default(), done_at_ms: 0 };
        let kept = self.store.screened_list(list.name()).await?.filter(|kept| kept.edition == edition);
        let mut screened = kept.unwrap_or(from_the_beginning);
        let (mut found, mut count) = (0, 0);
        while screened.done_at_ms == 0 {
            let page = self.store.beneficiary_ids(&screened.after.0, &screened.after.1, PAGE).await?;
            for (book, id) in &page {
                count += 1;
                found += u64::from(self.screen_one(book, *id).await?);
            }
            match page.last() {
                Some((book, id)) => screened.after = (book.to_string(), id.to_string()),
                None => screened.done_at_ms = unix_ms(SystemTime::now()),
            }
            self.store.note_screened(list.name(), &screened).await?;
        }
        if count > 0 {
            tracing::info!(
                list = list.name(),
                edition,
                beneficiaries = count,
                found,
                "every beneficiary was screened with an edition of a sanctions list"
            );
        }
        Ok(found)
    }

    /// Whether somebody must look at a beneficiary; its waiting payouts are then due at once.
    async fn screen_one(&self, book: &BookName, id: Uuid) -> Result<bool, Error> {
        let Some(row) = self.store.beneficiary(book, id).await? else { return Ok(false) };
        let name = match unseal(&self.vault, book, &row) {
            Ok(payee) => payee.holder_name,
            // Nobody can be paid by such a row either; the others are screened all the same.
            Err(error) => {
                tracing::error!(%book, beneficiary_id = %id, %error, "a beneficiary can't be read, so it was not screened");
                return Ok(false);
            }
        };
        let cleared = self.store.cleared_hits(book, id).await?;
        if self.lists.screen(id, &name, &cleared, |text| self.vault.digest(text)).is_none() {
            return Ok(false);
        }
        let now_ms = unix_ms(SystemTime::now());
        let leased_until_ms = now_ms.saturating_add(millis(self.config.lease));
        if self.store.screen_again(book, id, now_ms, leased_until_ms).await? > 0 {
            self.wake.notify_one();
        }
        Ok(true)
    }
}
