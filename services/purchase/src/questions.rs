//! What stores ask about a purchase before they decide whether it is paid back. A question is kept with its notification, before that is answered, and answered within
//! the store's window: how much of the purchase's coins was spent, as the coin lots have it once they were read up to the question, and what we would like.
//!
//! The App Store takes an answer only with the buyer's recorded consent. Without it nothing is sent; a question waits for it until its window is over.
//!
//! - [`answer`]: what is answered. [`consent`]: what buyers consent to.

pub mod answer;
pub mod consent;

use std::time::SystemTime;

use db::requests::{self, KeptAnswer, RequestKey, RequestStanding, SentFields};
use ledger_client::TrialRead;
use money::{BookName, RequestId, UserKey, time::unix_ms};

use crate::domain::event::StoreEvent;
use crate::domain::{Purchase, StoreKind};
use crate::error::Error;
use crate::limits::refusal::LimitRefusal;
use crate::purchases::Purchases;
use crate::retry::put_off_ms;
use crate::store::questions::QuestionEnd;
use crate::store::{consents, spending};
use answer::{AnswerEnd, CoinDelivery, CoinUse, NewQuestion, NotAnswered, Preference, RefundAnswer, StoreQuestion, consumed_milliunits};
use consent::{ConsentSetter, RefundConsent};

/// Name under which request ids are kept.
const SET_CONSENT: &str = "SetRefundConsent";
/// How long before the end of its window a question is answered without what could not be found out, and tried at the latest whatever the store says, in
/// milliseconds.
const LAST_CALL_MS: i64 = 600_000;

/// What a question is answered, or why it can't be.
enum Prepared {
    /// This.
    Answer(RefundAnswer),
    /// Not yet, for this reason.
    Later(String),
    /// Not without the buyer's consent.
    LacksConsent,
}

/// A change of a user's consent.
#[derive(Debug, Clone)]
pub(crate) struct ConsentRequest {
    pub(crate) book: BookName,
    pub(crate) user: UserKey,
    pub(crate) request_id: RequestId,
    pub(crate) consents: bool,
    pub(crate) terms: String,
    pub(crate) set_by: ConsentSetter,
    pub(crate) fields: SentFields,
}

impl Purchases {
    /// Keeps a notification that asks a question. False: it was delivered before.
    pub(crate) async fn keep_asked(&self, event: &StoreEvent, asked: &NewQuestion, now: SystemTime) -> Result<bool, crate::store::Error> {
        let now_ms = unix_ms(now);
        let window = match event.store {
            StoreKind::Google => self.review.google_window,
            _ => self.review.apple_window,
        };
        // A time ahead of our clock must not make the window longer.
        let asked_at_ms = if event.signed_at_ms > 0 { event.signed_at_ms.min(now_ms) } else { now_ms };
        let deadline_ms = asked_at_ms.saturating_add(money::time::millis(window));
        self.store.keep_asked(event, asked, asked_at_ms, deadline_ms, now_ms).await
    }

    /// Answers the questions that are due, at most `count_max`; returns how many are answered now.
    pub(crate) async fn answer_stores(&self, now: SystemTime, count_max: i64) -> Result<usize, Error> {
        let (mut answered, mut away, now_ms) = (0, Vec::new(), unix_ms(now));
        for question in self.store.due_questions(now_ms, count_max).await? {
            if question.deadline_ms <= now_ms {
                self.missed(&question, now_ms).await?;
                continue;
            }
            if away.contains(&question.store) {
                continue;
            }
            let prepared = match self.prepare(&question, now_ms).await {
                Ok(prepared) => prepared,
                Err(error) => Prepared::Later(error.of_row("store_question")?),
            };
            let answer = match prepared {
                Prepared::Answer(answer) => answer,
                Prepared::Later(why) => {
                    self.put_off_question(&question, &why, false, now_ms, 0).await?;
                    continue;
                }
                Prepared::LacksConsent => {
                    let why = "the buyer does not consent; nothing is sent";
                    self.put_off_question(&question, why, true, now_ms, 0).await?;
                    continue;
                }
            };
            if !self.store.plan_answer(&question, &answer).await? {
                continue;
            }
            match self.stores.of(question.store).answer(&question, &answer).await {
                Ok(AnswerEnd::Taken) => {
                    self.store.end_question(&question, QuestionEnd::Answered, "", now_ms).await?;
                    answered += 1;
                }
                Ok(AnswerEnd::Refused(why)) if question.was_sent => {
                    // Whether the one before arrived or the question is over: there is nothing left to say.
                    let note = format!("sent before, and the store takes no more: {why}");
                    self.store.end_question(&question, QuestionEnd::Answered, &note, now_ms).await?;
                }
                Ok(AnswerEnd::Refused(why)) => {
                    tracing::error!(event_id = question.event_id, why, "a store takes no answer to its question about a refund");
                    self.store.end_question(&question, QuestionEnd::Refused, &why, now_ms).await?;
                }
                Err(NotAnswered { why, for_all, retry_at_ms }) => {
                    if for_all {
                        away.push(question.store);
                    }
                    self.put_off_question(&question, &why, false, now_ms, retry_at_ms).await?;
                }
            }
        }
        Ok(answered)
    }

    async fn missed(&self, question: &StoreQuestion, now_ms: i64) -> Result<(), Error> {
        if question.lacks_consent {
            tracing::warn!(event_id = question.event_id, "a store's question about a refund is over; its buyer consents to no answer");
            self.store.end_question(question, QuestionEnd::WithoutConsent, "the buyer did not consent in time", now_ms).await?;
        } else {
            tracing::error!(event_id = question.event_id, "a store's question about a refund is over without an answer");
            self.store.end_question(question, QuestionEnd::Missed, "its window is over", now_ms).await?;
        }
        Ok(())
    }

    async fn put_off_question(
        &self,
        question: &StoreQuestion,
        why: &str,
        lacks_consent: bool,
        now_ms: i64,
        retry_at_ms: i64,
    ) -> Result<(), Error> {
        if !lacks_consent {
            let deadline_ms = question.deadline_ms;
            tracing::warn!(event_id = question.event_id, why, deadline_ms, "a store's question about a refund is not answered yet");
        }
        let next_ms = now_ms.saturating_add(put_off_ms(question.tries)).max(retry_at_ms);
        // Once more before its end, and then at its end.
        let last_call_ms = question.deadline_ms.saturating_sub(LAST_CALL_MS);
        let next_ms = if now_ms < last_call_ms { next_ms.min(last_call_ms) } else { next_ms.min(question.deadline_ms) };
        Ok(self.store.put_off_question(question, why, lacks_consent, next_ms).await?)
    }

    /// What a question is answered as things are now.
    async fn prepare(&self, question: &StoreQuestion, now_ms: i64) -> Result<Prepared, Error> {
        let Some(purchase) = self.asked_about(question).await? else {
            return Ok(Prepared::Later("no purchase of this transaction is recorded".to_owned()));
        };
        let consent = self.store.consent_of(&question.book, &purchase.user).await?;
        // Also where it came by a merge, with another wallet of the same person.
        let is_withdrawn = self.store.spending_of(&question.book, &purchase.user).await?.consent_withdrawn_ms > 0;
        let consented_at_ms = match consent.filter(|_| !is_withdrawn) {
            Some(RefundConsent { consents: true, set_at_ms, .. }) => set_at_ms,
            _ if question.store == StoreKind::Apple => return Ok(Prepared::LacksConsent),
            _ => 0,
        };
        let delivery = CoinDelivery::of(&purchase.state);
        let is_last_call = now_ms >= question.deadline_ms.saturating_sub(LAST_CALL_MS);
        let (consumed, uses) = match self.consumption(question, &purchase, delivery).await? {
            Ok(found) => found,
            Err(_) if is_last_call => (None, Vec::new()),
            Err(why) => return Ok(Prepared::Later(why)),
        };
        Ok(Prepared::Answer(RefundAnswer {
            consented_at_ms,
            sample_content_provided: self.review.sample_content_provided,
            delivery,
            consumed_milliunits: consumed,
            preference: Preference::of(consumed, &self.review),
            uses,
        }))
    }

    /// The purchase of the transaction that a question is about.
    async fn asked_about(&self, question: &StoreQuestion) -> Result<Option<Purchase>, Error> {
        let found = self.store.by_store_id(&question.book, &question.transaction_id).await?;
        let is_asked = |purchase: &Purchase| {
            let is_of = purchase.store == question.store && purchase.bundle_id == question.bundle_id;
            is_of && (question.environment.is_empty() || purchase.environment == question.environment)
        };
        Ok(found.into_iter().find(is_asked))
    }

    /// How much of a purchase's coins was spent, and on what; or why that is not known yet.
    #[allow(clippy::type_complexity, reason = "two answers of one read, and why there are none")]
    async fn consumption(
        &self,
        question: &StoreQuestion,
        purchase: &Purchase,
        delivery: CoinDelivery,
    ) -> Result<Result<(Option<i64>, Vec<CoinUse>), String>, Error> {
        if delivery != CoinDelivery::Delivered {
            return Ok(Ok((Some(0), Vec::new())));
        }
        // What was spent before the store asked counts, whenever the lots are read.
        let until = match question.lots_seq {
            0 => match self.ledger.trial_balance(&question.book).await? {
                TrialRead::Lines(_, seq) => {
                    self.store.plan_lots(question, seq).await?;
                    seq
                }
                TrialRead::NoBook | TrialRead::Changing => return Ok(Err("the end of the journal can't be found".to_owned())),
            },
            seq => seq,
        };
        let place = self.store.lot_place(&question.book).await?;
        if place.journal.seq < until {
            return Ok(Err(format!("coin lots are read up to event {} of {until}", place.journal.seq)));
        }
        let Some(lot) = self.store.lot_of(&question.book, purchase.purchase_id).await? else {
            return Ok(Err("the purchase has no lot of coins".to_owned()));
        };
        let mut uses = Vec::new();
        if question.store == StoreKind::Google && self.review.usage_events_max > 0 {
            let spends = self.store.spends_of(&question.book, lot.lot_no, None, i64::from(self.review.usage_events_max)).await?;
            let is_use = |spend: &&crate::lots::LotSpend| spend.used == crate::lots::LotUse::Spent && spend.coins > 0;
            uses.extend(spends.iter().filter(is_use).map(|spend| CoinUse { at_ms: spend.spent_at_ms, coins: spend.coins }));
        }
        Ok(Ok((Some(consumed_milliunits(&lot)), uses)))
    }

    /// Records whether a user consents to stores being answered, once per request. The flag: it was recorded before.
    pub(crate) async fn set_consent(&self, asked: &ConsentRequest) -> Result<(RefundConsent, bool), Error> {
        let now = SystemTime::now();
        self.ledger.book(&asked.book).await?.ok_or_else(|| Error::BookUnknown(asked.book.to_string()))?;
        let key = RequestKey { book: &asked.book, subject: &asked.user, rpc: SET_CONSENT, request_id: &asked.request_id };
        let to = RefundConsent { consents: asked.consents, terms: asked.terms.clone(), set_by: asked.set_by, set_at_ms: unix_ms(now) };
        let mut tx = self.store.begin().await?;
        let replayed = match requests::begin(&mut tx, key, &asked.fields, now).await.map_err(crate::store::Error::from)? {
            RequestStanding::Reused { differing } => return Err(Error::RequestIdReused { differing }),
            RequestStanding::Replay(_) => true,
            RequestStanding::New | RequestStanding::Unfinished { .. } => {
                // A parent's word counts until the app's service says that a parent consents again.
                spending::lock(&mut tx, &asked.book, &asked.user).await?;
                let known = spending::profile(&mut tx, &asked.book, &asked.user).await?;
                if asked.consents && known.consent_withdrawn_ms > 0 {
                    return Err(Error::Limit(LimitRefusal::ConsentWithdrawn));
                }
                consents::set(&mut tx, &asked.book, &asked.user, &to).await?;
                let outcome = KeptAnswer::done();
                requests::finish(&mut tx, key, &outcome, now).await.map_err(crate::store::Error::from)?;
                false
            }
        };
        let stands = consents::consent(&mut tx, &asked.book, &asked.user).await?.unwrap_or(to);
        tx.commit().await.map_err(crate::store::Error::from)?;
        self.news.notify_one();
        Ok((stands, replayed))
    }
}
