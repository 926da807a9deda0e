//! The choice of a payout's rail: when it is requested, when it is about to be sent, and after a bank has refused it.

use crate::{
    banks::{BankChoice, BankRoute, HOLDER_NAME, RouteScope},
    domain::{CostBearer, Payout, payee::PayeeDetails},
    error::{Error, PayoutRefusal},
    payouts::Payouts,
};
use chart::BookKind;
use iso20022::codes::handling::{Cause, CodeAdvice, CodeList};
use jiff::Timestamp;
use money::{
    BookName, Money, UserKey,
    time::{moment_ms, unix_ms, utc_day},
};
use rails::{RouteRequest, WhyNot, route::RefusedRail};
use std::{collections::BTreeMap, time::SystemTime};
use uuid::Uuid;

/// Attempts of one payout at most: a bank that refuses it on four rails will not take it on a fifth.
const ATTEMPTS_MAX: i64 = 4;

/// Rail and bank of a payment, and what it costs its receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutOptions {
    /// The choice.
    pub choice: BankChoice,
    /// What it is expected to cost, in minor units; 0: not known in this currency, or nothing can pay it.
    pub cost_minor_units: i64,
    /// Who bears that.
    pub bearer: CostBearer,
    /// Rails that don't carry the holder's name, with the longest name that they carry, and what a name must.
    pub nameless: BTreeMap<String, (usize, String)>,
    /// When it was computed.
    pub at: Timestamp,
}

/// The bounds of a choice.
#[derive(Debug, Clone, Copy)]
pub struct PayoutBounds<'a> {
    /// TEST or LIVE.
    pub kind: BookKind,
    /// Only this legal entity; none: any.
    pub entity: Option<&'a str>,
    /// Rails that were tried already, separated by a space.
    pub rails_tried: &'a str,
}

impl Payouts {
    /// Considers every rail for a payment now.
    #[must_use]
    pub fn options(&self, payee: &PayeeDetails, amount: Money, bounds: PayoutBounds<'_>, now_ms: i64) -> PayoutOptions {
        let at = moment_ms(now_ms);
        let nameless = self.payees.rules.rails_refusing(payee, utc_day(at));
        let PayoutBounds { kind, entity, rails_tried } = bounds;
        let scope = RouteScope { kind, entity, rails_tried, nameless: &nameless };
        let (fields, participants) = (payee.field_names(), payee.participants());
        let country = payee.country().unwrap_or_default();
        let request = RouteRequest { kind: payee.kind(), country, amount, at, fields: &fields, participants: &participants };
        let choice = self.banks.choose(&request, scope);
        let cost_minor_units = choice.chosen.as_ref().map_or(0, |route| self.banks.cost_minor_units(route, amount));
        PayoutOptions { choice, cost_minor_units, bearer: self.banks.bearer(), nameless, at }
    }

    /// Considers every rail for a payment to a beneficiary of this user.
    pub async fn options_for(
        &self,
        book: &BookName,
        user: &UserKey,
        beneficiary_id: Uuid,
        amount: Money,
        now: SystemTime,
    ) -> Result<PayoutOptions, Error> {
        let kind = self.ledger.book(book).await?.ok_or(PayoutRefusal::BookUnknown)?;
        let beneficiary = self.store.beneficiary(book, beneficiary_id).await?.filter(|found| found.user == *user);
        let beneficiary = beneficiary.ok_or(PayoutRefusal::BeneficiaryUnknown)?;
        let payee = crate::beneficiaries::unseal(&self.vault, book, &beneficiary)?;
        Ok(self.options(&payee, amount, PayoutBounds { kind, entity: None, rails_tried: "" }, unix_ms(now)))
    }

    /// Considers every rail for a payout that exists: of its own legal entity, and none of those that were tried.
    pub async fn options_of(&self, payout: &Payout, rails_tried: &str, now_ms: i64) -> Result<Option<PayoutOptions>, Error> {
        let payee = self.payee(payout).await?;
        self.options_with_payee(payout, &payee, rails_tried, now_ms).await
    }

    /// The same, with the payee as it was read.
    pub(crate) async fn options_with_payee(
        &self,
        payout: &Payout,
        payee: &PayeeDetails,
        rails_tried: &str,
        now_ms: i64,
    ) -> Result<Option<PayoutOptions>, Error> {
        let Some(kind) = self.ledger.book(&payout.book).await? else { return Ok(None) };
        let entity = Some(payout.attempt.entity.as_str()).filter(|entity| !entity.is_empty());
        Ok(Some(self.options(payee, payout.amount, PayoutBounds { kind, entity, rails_tried }, now_ms)))
    }

    /// Who a payout pays, unsealed.
    pub(crate) async fn payee(&self, payout: &Payout) -> Result<PayeeDetails, Error> {
        let beneficiary = self.store.beneficiary(&payout.book, payout.beneficiary_id).await?;
        let beneficiary = beneficiary.ok_or(crate::store::Error::Row("beneficiary"))?;
        crate::beneficiaries::unseal(&self.vault, &payout.book, &beneficiary)
    }

    /// The route over which a payout that was refused is tried next; none if it is not, because the refusal's code promises nothing, or no rail is left. The caller
    /// has proof that nothing was paid.
    pub async fn fallback(&self, payout: &Payout, now_ms: i64) -> Result<Option<BankRoute>, Error> {
        if !self.banks.falls_back() || payout.attempt.number >= ATTEMPTS_MAX || !may_pay_elsewhere(&payout.reason_code) {
            return Ok(None);
        }
        let tried = format!("{} {}", payout.rails_tried, payout.attempt.rail);
        let options = self.options_of(payout, &tried, now_ms).await?;
        Ok(options.and_then(|options| options.choice.chosen))
    }
}

/// Whether a payment that was refused for this reason may be paid over another rail: the rail, a bank's service or a limit of the rail stopped it, and not the
/// account, the person or the money.
#[must_use]
pub fn may_pay_elsewhere(reason_code: &str) -> bool {
    let cause = CodeAdvice::of(CodeList::StatusReason, reason_code).cause;
    matches!(cause, Some(Cause::Rail | Cause::PayeeBank | Cause::BankDelay | Cause::Limit | Cause::NeverReceived | Cause::Date))
}

/// Why no rail pays: the gravest reason of the rail that came nearest to paying.
#[must_use]
pub fn why_none(options: &PayoutOptions) -> PayoutRefusal {
    let refused = &options.choice.refused;
    let nearest: Vec<&RefusedRail> = refused.iter().filter(|rail| !rail.reasons.iter().any(is_unfit)).collect();
    if nearest.is_empty() {
        return PayoutRefusal::CurrencyUnsupported;
    }
    let capped = |rail: &&RefusedRail| rail.reasons.iter().all(|reason| matches!(reason, WhyNot::AboveCap { .. }));
    if let Some(rail) = nearest.iter().copied().find(capped) {
        let cap = rail.reasons.iter().find_map(|reason| if let WhyNot::AboveCap { cap } = reason { Some(*cap) } else { None });
        return PayoutRefusal::AmountTooLarge { rail: rail.rail.clone(), cap };
    }
    let named = |rail: &&RefusedRail| matches!(rail.reasons.as_slice(), [WhyNot::Paused { why }] if why.starts_with(HOLDER_NAME));
    if let Some(rail) = nearest.iter().copied().find(named)
        && let Some((chars_max, must)) = options.nameless.get(&rail.rail)
    {
        return PayoutRefusal::HolderNameRecorded { rail: rail.rail.clone(), chars_max: *chars_max, must: must.clone() };
    }
    PayoutRefusal::NoRail { why: why_not(refused) }
}

/// Whether the rail can never pay such a payment.
fn is_unfit(reason: &WhyNot) -> bool {
    matches!(
        reason,
        WhyNot::WrongKind { .. }
            | WhyNot::WrongCountry { .. }
            | WhyNot::WrongCurrency { .. }
            | WhyNot::NotOffered
            | WhyNot::Withdrawn { .. }
            | WhyNot::NotYet { .. }
    )
}

/// The rail that comes nearest to paying, with its reasons, in one text.
#[must_use]
pub fn why_not(refused: &[RefusedRail]) -> String {
    let nearest = refused.iter().min_by_key(|rail| (rail.reasons.iter().any(is_unfit), rail.reasons.len()));
    nearest.map_or_else(|| "there is no rail".to_owned(), |rail| format!("{}: {}", rail.rail, joined(&rail.reasons)))
}

fn joined(reasons: &[WhyNot]) -> String {
    reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
