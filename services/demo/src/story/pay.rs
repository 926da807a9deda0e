//! PAY: creators are paid over the instant rails of five countries, and whatever else can happen to a payout happens to one of them each.
use super::{
    StoryTelling,
    bank::ACH,
    fates::{self, FATES, OFFLINE, PayoutPlan, PayoutTurn},
    outcome::{self, PaidPayout},
    review,
    summary::{CashSummary, PayoutSummary},
};
use crate::installation::authorised;
use api::payout::{CreateBeneficiaryRequest, GetPayoutRequest, Payout, PayoutState, RequestPayoutRequest, WatchPayoutRequest};
use api::r#type::Money;
use futures::TryStreamExt as _;
use identity::Role;
use runtime::command::UntypedError;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

/// How long each step of a payout may take.
const STEP_MAX: Duration = Duration::from_secs(60);
/// Pause between two polls of a payout whose watch call ended.
const LOOK_DELAY: Duration = Duration::from_millis(100);
/// The receiving bank is not online (`ExternalStatusReason1Code`): another rail may pay.
const NOT_ONLINE: &str = "AB08";
/// The instant rails in the US, which both refuse then.
const INSTANT_RAILS: u32 = 2;
/// The end customer asked for the money back (`ExternalReturnReason1Code`).
const ASKED_BACK: &str = "MD06";

/// Pays out what was converted.
pub async fn pay(story: &mut StoryTelling, cash: &[CashSummary]) -> Result<Vec<PayoutSummary>, UntypedError> {
    story.bank.refuse(OFFLINE, NOT_ONLINE, INSTANT_RAILS).await?;
    let filed_before = story.bank.statement(ACH).await?.entries.len();
    let at: &StoryTelling = story;
    let work = cash.iter().zip(FATES).map(|(cash, fate)| pay_one(at, cash, fate));
    let payouts = futures::future::try_join_all(work).await?;
    let mut paid = Vec::new();
    for ((cash, fate), payout) in cash.iter().zip(FATES).zip(payouts) {
        paid.push(outcome::check(story, cash, fate, payout, filed_before).await?);
    }
    Ok(paid)
}

async fn pay_one(story: &StoryTelling, cash: &CashSummary, fate: PayoutPlan) -> Result<PaidPayout, UntypedError> {
    let token = story.installation.token(&cash.creator, Role::Creator)?;
    let mut payout = request(story, &token, cash, &fate).await?;
    let (mut held, mut recalled) = (None, None);
    if matches!(fate.turn, PayoutTurn::Cleared | PayoutTurn::Blocked) {
        payout = until(story, &token, &payout.payout_id, |payout| payout.state() == PayoutState::InReview).await?;
        held = Some(match fate.turn {
            PayoutTurn::Cleared => review::clear(story, &payout).await?,
            _ => review::block(story, &payout).await?,
        });
    }
    if fate.turn == PayoutTurn::Filed {
        until(story, &token, &payout.payout_id, |payout| payout.state() == PayoutState::Accepted).await?;
        story.bank.pass_a_week().await?;
    }
    let is_final =
        |payout: &Payout| matches!(payout.state(), PayoutState::Settled | PayoutState::SettledReturnable | PayoutState::Rejected);
    let is_blocked = fate.turn == PayoutTurn::Blocked;
    payout = until(story, &token, &payout.payout_id, |payout| is_blocked || is_final(payout)).await?;
    match fate.turn {
        PayoutTurn::Returned => {
            let part = cash.net.minor_units / 2;
            story.bank.give_back(&payout.end_to_end_id, ASKED_BACK, part, sandbox::bank::RETURN_CHARGE).await?;
        }
        PayoutTurn::Recalled => recalled = Some(review::recall(story, &payout).await?),
        PayoutTurn::None | PayoutTurn::Filed | PayoutTurn::Cleared | PayoutTurn::Blocked => {}
    }
    if matches!(fate.turn, PayoutTurn::Returned | PayoutTurn::Recalled) {
        payout = until(story, &token, &payout.payout_id, |payout| payout.returned_minor_units > 0).await?;
    }
    story.bar.inc(1);
    Ok(PaidPayout { payout, review: held, recall: recalled })
}

/// The creator records the account and asks for the payout.
async fn request(story: &StoryTelling, token: &str, cash: &CashSummary, fate: &PayoutPlan) -> Result<Payout, UntypedError> {
    let payee = CreateBeneficiaryRequest {
        holder_name: fate.holder.map_or_else(|| format!("Holder of {}", cash.creator), str::to_owned),
        account: Some(fates::account(fate)?),
        ..Default::default()
    };
    ordered(story, token, payee, Money { currency_code: cash.net.currency.clone(), minor_units: cash.net.minor_units }).await
}

/// Whoever the token names records an account of theirs, and asks for a payout to it.
pub async fn ordered(story: &StoryTelling, token: &str, payee: CreateBeneficiaryRequest, amount: Money) -> Result<Payout, UntypedError> {
    let mut client = story.installation.payout();
    let request = CreateBeneficiaryRequest { request_id: Uuid::now_v7().to_string(), ..payee };
    let created = client.create_beneficiary(authorised(request, token)?).await?.into_inner();
    let beneficiary = created.beneficiary.ok_or("a created beneficiary is in the answer")?;
    let request = RequestPayoutRequest {
        request_id: Uuid::now_v7().to_string(),
        beneficiary_id: beneficiary.beneficiary_id,
        amount: Some(amount),
        ..Default::default()
    };
    let requested = client.request_payout(authorised(request, token)?).await?.into_inner();
    Ok(requested.payout.ok_or("a requested payout is in the answer")?)
}

/// Watches a payout until this has happened to it or the time is over; either way returns it as it is then.
pub async fn until(story: &StoryTelling, token: &str, payout_id: &str, happened: impl Fn(&Payout) -> bool) -> Result<Payout, UntypedError> {
    let end = Instant::now() + STEP_MAX;
    let mut client = story.installation.payout();
    loop {
        let watched = async {
            let request = WatchPayoutRequest { payout_id: payout_id.to_owned(), ..Default::default() };
            let mut changes = client.watch_payout(authorised(request, token)?).await?.into_inner();
            while let Some(change) = changes.try_next().await? {
                if change.payout.as_ref().is_some_and(&happened) {
                    break;
                }
            }
            Ok::<_, UntypedError>(())
        };
        // A watch call may end early, and ends once the payout is final; what it leads to is polled below.
        let watched = timeout_at(end, watched).await;
        let request = GetPayoutRequest { payout_id: payout_id.to_owned(), ..Default::default() };
        let payout = client.get_payout(authorised(request, token)?).await?.into_inner().payout.ok_or("a payout is in the answer")?;
        if happened(&payout) || watched.is_err() {
            return Ok(payout);
        }
        tokio::time::sleep(LOOK_DELAY).await;
    }
}
