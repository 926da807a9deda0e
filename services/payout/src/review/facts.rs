//! Gathers what the decision goes by, and puts a payout that needs something into review, and out of it.

use super::{ReviewFacts, needs};
use crate::{
    beneficiaries::{unseal, usable},
    config::TierLimitConfig,
    domain::{
        NEVER_MS, Payout,
        payee::PayeeDetails,
        payee_check::Usable,
        review::{ReviewKind, ReviewNeed, ReviewStanding, ScreeningFinding, WindowSum},
    },
    error::Error,
    meters,
    payouts::Payouts,
    store::{
        beneficiaries::Beneficiary,
        payouts,
        reviews::{self, ReviewRow},
        steps::PayoutStep,
    },
};
use money::time::millis;

impl Payouts {
    /// What a payout waits for now, but for what was decided of it. Everything is computed anew each time, so a list or a beneficiary that changed since the
    /// last decision counts.
    pub(crate) async fn review_needs(
        &self,
        payout: &Payout,
        beneficiary: &Beneficiary,
        payee: &PayeeDetails,
        now_ms: i64,
    ) -> Result<Vec<ReviewNeed>, Error> {
        let limits = self.limits_of(payout).await?;
        let facts = ReviewFacts {
            amount: payout.amount,
            created_at_ms: payout.created_at_ms,
            usable: usable(beneficiary, self.config.payee_unchecked),
            paid_before: self.was_paid(payout, beneficiary).await?,
            first_payout_delay_ms: millis(self.config.review.first_payout_delay),
            threshold: self.threshold_of(payout).await?,
            limits,
            hits: self.hits(payout, &payee.holder_name).await?.map(|finding| finding_text(&finding)),
        };
        let mut needs = needs(&facts, now_ms);
        if !needs.is_empty() {
            let rows = self.store.reviews_of(&payout.key()).await?;
            needs.retain(|need| {
                let row = rows.iter().find(|row| row.kind == need.kind);
                // What was cleared of a screening is known by its hits, and is no hit any more.
                let passed = row.filter(|row| need.kind != ReviewKind::Screening && row.standing == ReviewStanding::Passed);
                // An approval is one of the payout and the beneficiary that were seen.
                let bound = |row: &ReviewRow| {
                    need.kind != ReviewKind::Approval || row.hash == self.review_hash(payout, beneficiary, payee, row.kind, &row.finding)
                };
                !passed.is_some_and(bound)
            });
        }
        Ok(needs)
    }

    pub(crate) async fn beneficiary_of(&self, payout: &Payout) -> Result<Beneficiary, Error> {
        let found = self.store.beneficiary(&payout.book, payout.beneficiary_id).await?;
        Ok(found.ok_or(crate::store::Error::Row("beneficiary"))?)
    }

    /// Whether the account was paid before; not read where nothing depends on it.
    async fn was_paid(&self, payout: &Payout, beneficiary: &Beneficiary) -> Result<bool, Error> {
        let is_checked = usable(beneficiary, self.config.payee_unchecked) != Usable::NeedsReview;
        if self.config.review.first_payout_delay.is_zero() && is_checked {
            return Ok(false);
        }
        Ok(self.store.was_paid(&payout.book, beneficiary).await?)
    }

    async fn limits_of(&self, payout: &Payout) -> Result<Vec<(&TierLimitConfig, WindowSum)>, Error> {
        let config = &self.config.review;
        let mut limits = Vec::new();
        if config.tiers.is_empty() {
            return Ok(limits);
        }
        let tier = self.store.tier(&payout.book, &payout.user).await?;
        let of_name = |name: &str| config.tiers.iter().find(|known| known.name == name);
        // One that is not configured any more counts as none.
        let Some(tier) = tier.as_deref().and_then(of_name).or_else(|| of_name(&config.default_tier)) else { return Ok(limits) };
        for limit in tier.limits.iter().filter(|limit| limit.currency == payout.amount.currency().code()) {
            let sum =
                if limit.window.is_zero() { WindowSum::default() } else { self.store.window_sum(payout, millis(limit.window)).await? };
            limits.push((limit, sum));
        }
        Ok(limits)
    }

    /// The threshold in the payout's currency: the decided one, but never above the bound; else the configured one.
    async fn threshold_of(&self, payout: &Payout) -> Result<Option<i64>, Error> {
        let currency = payout.amount.currency();
        let Some(config) = self.config.review.approvals.iter().find(|known| known.currency == currency.code()) else { return Ok(None) };
        let decided = self.store.threshold(&payout.book, currency).await?;
        Ok(Some(decided.unwrap_or(config.above_minor_units).min(config.minor_units_max)))
    }

    async fn hits(&self, payout: &Payout, holder_name: &str) -> Result<Option<ScreeningFinding>, Error> {
        if self.lists.current().is_empty() {
            return Ok(None);
        }
        let cleared = self.store.cleared_hits(&payout.book, payout.beneficiary_id).await?;
        Ok(self.lists.screen(payout.beneficiary_id, holder_name, &cleared, |text| self.vault.digest(text)))
    }

    /// Digest of everything that a decision is about: another amount, name, account, check of the payee or finding is another decision.
    pub(crate) fn review_hash(
        &self,
        payout: &Payout,
        beneficiary: &Beneficiary,
        payee: &PayeeDetails,
        kind: ReviewKind,
        finding: &str,
    ) -> String {
        let (currency, minor_units) = (payout.amount.currency(), payout.amount.minor_units().to_string());
        let (payout_id, beneficiary_id) = (payout.payout_id.to_string(), beneficiary.beneficiary_id.to_string());
        let account = payee.address.canonical();
        let parts = [
            payout.book.as_str(),
            &payout_id,
            payout.user.as_str(),
            currency.code(),
            &minor_units,
            payout.bearer.name(),
            &beneficiary_id,
            beneficiary.user.as_str(),
            &payee.holder_name,
            &account,
            beneficiary.payee_check.name(),
            if beneficiary.is_deleted() { "deleted" } else { "" },
            kind.name(),
            finding,
        ];
        let whole: Vec<String> = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
        self.vault.digest(&whole.join(" "))
    }

    /// Puts a payout that needs something into review. The person paid is not told what it is.
    pub(crate) async fn open_reviews(&self, payout: &Payout, needs: &[ReviewNeed], now_ms: i64) -> Result<Option<Payout>, Error> {
        let due_at_ms = needs.iter().map(|need| if need.ends_at_ms > 0 { need.ends_at_ms } else { NEVER_MS }).min().unwrap_or(now_ms);
        let next = payout.clone().reviewing(now_ms, due_at_ms);
        let mut tx = self.store.begin().await?;
        let step = (next.state != payout.state).then(|| PayoutStep::once(next.state, now_ms, String::new()));
        let Some(saved) = payouts::update(&mut tx, next, step.as_ref()).await? else { return Ok(None) };
        for need in needs {
            reviews::open(&mut tx, &saved.key(), need, now_ms).await?;
        }
        tx.commit().await?;
        let kinds: Vec<&str> = needs.iter().map(|need| need.kind.name()).collect();
        tracing::info!(payout_id = %payout.payout_id, kinds = kinds.join(" "), "a payout waits for a review");
        meters::entered(&saved);
        self.tell(saved.payout_id);
        Ok(Some(saved))
    }

    /// A payout in review is due: what has ended by itself passes, what is found anew is added, and it goes on once nothing is open.
    pub(crate) async fn review_again(&self, payout: Payout, now_ms: i64) -> Result<Option<Payout>, Error> {
        let beneficiary = self.beneficiary_of(&payout).await?;
        let is_known = usable(&beneficiary, self.config.payee_unchecked) == Usable::Yes;
        let payee = unseal(&self.vault, &payout.book, &beneficiary)?;
        let found = self.review_needs(&payout, &beneficiary, &payee, now_ms).await?;
        let mut tx = self.store.begin().await?;
        let rows = reviews::of_payout(&mut tx, &payout.key()).await?;
        let is_open = |kind: ReviewKind| rows.iter().any(|row| row.kind == kind && row.standing == ReviewStanding::Open);
        let mut due_at_ms = None;
        for row in rows.iter().filter(|row| row.standing == ReviewStanding::Open) {
            let over = row.ends_at_ms > 0 && row.ends_at_ms <= now_ms;
            let ended = match row.kind {
                ReviewKind::FirstPayout => over.then_some("its time is over"),
                ReviewKind::Payee => is_known.then_some("the bank's name is the holder's, or its owner has confirmed it"),
                ReviewKind::Screening | ReviewKind::Approval | ReviewKind::Limit | ReviewKind::Velocity => None,
            };
            if let Some(why) = ended {
                let standing = ReviewStanding::Passed;
                let passed = ReviewRow { standing, decided_at_ms: now_ms, reason: why.to_owned(), ..row.clone() };
                reviews::save(&mut tx, &payout.book, &passed).await?;
            } else {
                let ends_at_ms = if row.ends_at_ms > 0 { row.ends_at_ms } else { NEVER_MS };
                due_at_ms = Some(due_at_ms.map_or(ends_at_ms, |due_at_ms: i64| due_at_ms.min(ends_at_ms)));
            }
        }
        // The finding of one that is open stays as its reviewer saw it; what has changed since is found once it is decided.
        for need in found.iter().filter(|need| !is_open(need.kind)) {
            reviews::open(&mut tx, &payout.key(), need, now_ms).await?;
            let ends_at_ms = if need.ends_at_ms > 0 { need.ends_at_ms } else { NEVER_MS };
            due_at_ms = Some(due_at_ms.map_or(ends_at_ms, |due_at_ms| due_at_ms.min(ends_at_ms)));
        }
        let next = match due_at_ms {
            Some(due_at_ms) => Payout { due_at_ms, ..payout.clone() },
            None => payout.clone().passed_review(now_ms),
        };
        let step = (next.state != payout.state).then(|| PayoutStep::once(next.state, now_ms, String::new()));
        let saved = payouts::update(&mut tx, next, step.as_ref()).await?;
        if saved.is_some() {
            tx.commit().await?;
            self.tell(payout.payout_id);
        }
        Ok(saved)
    }
}

fn finding_text(finding: &ScreeningFinding) -> String {
    serde_json::to_string(finding).expect("texts and numbers are JSON")
}
