//! Attackers who hold resources without using them: memory, by half-sent messages; call slots, by calls without a request; connections.
use super::{HarmSeen, HarmTarget, REFLECTION, SEND_GIFT, SEND_GIFTS, crowd, odd};
use crate::load::raw::{DATA, END_HEADERS, HEADERS, NO_FLAGS, PING, RawConnection, call, frame};
use runtime::command::UntypedError;
use std::time::{Duration, Instant};

const CHECK: &str = "/grpc.health.v1.Health/Check";
const REDEEM: &str = "/largesse.purchase.v1.PurchaseService/RedeemPurchase";

/// Calls begun on one connection, repeatedly.
const CALLS: u32 = 16;
/// The announced length of a message, and the part that is sent: as much as an HTTP/2 window allows before anybody reads.
const SAID: [u8; 5] = [0, 0, 63, 255, 255];
const FRAME_BYTES: usize = 16_000;
const FRAMES: usize = 4;
const LOOK: Duration = Duration::from_millis(100);
/// The flag of an unsolicited ping answer.
const ACKNOWLEDGED: u8 = 1;

/// Sends half of a message to this RPC, many times, and holds the calls as long as possible.
async fn half_sent(target: HarmTarget, path: &str, token: &str) -> Result<HarmSeen, UntypedError> {
    let mut raw = RawConnection::greeted(target.address, &[]).await?;
    let mut done = 0;
    while !raw.over && Instant::now() < target.until {
        for _ in 0..CALLS {
            let stream = odd(done);
            raw.frame(HEADERS, END_HEADERS, stream, &call(path, token, &[])).await?;
            raw.frame(DATA, NO_FLAGS, stream, &SAID).await?;
            for _ in 0..FRAMES {
                raw.frame(DATA, NO_FLAGS, stream, &[0; FRAME_BYTES]).await?;
            }
            done += 1;
        }
        let answered = raw.answers + raw.resets;
        // Begins new calls as soon as these are answered.
        while !raw.over && raw.answers + raw.resets == answered && Instant::now() < target.until {
            raw.listen(LOOK).await;
        }
    }
    Ok(HarmSeen::of(&raw, done.into()))
}

/// Calls to this RPC whose request is never sent.
async fn without_a_request(target: HarmTarget, path: &str) -> Result<HarmSeen, UntypedError> {
    let mut raw = RawConnection::greeted(target.address, &[]).await?;
    let mut done = 0;
    while !raw.over && Instant::now() < target.until {
        let begun: Vec<u8> =
            (0..CALLS).flat_map(|at| frame(HEADERS, END_HEADERS, odd(done + at), &call(path, &target.token, &[]))).collect();
        raw.write(&begun).await?;
        done += CALLS;
        raw.listen(LOOK).await;
    }
    Ok(HarmSeen::of(&raw, done.into()))
}

pub(super) async fn half_sent_health(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    let holders = target.holders;
    crowd(target, holders, |target| half_sent(target, CHECK, "")).await
}

pub(super) async fn half_sent_reflection(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    let holders = target.holders;
    crowd(target, holders, |target| half_sent(target, REFLECTION, "")).await
}

pub(super) async fn half_sent_gifts(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        let token = target.token.clone();
        half_sent(target, SEND_GIFT, &token).await
    }
    let holders = target.holders;
    crowd(target, holders, one).await
}

pub(super) async fn half_sent_items(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        let token = target.token.clone();
        half_sent(target, SEND_GIFTS, &token).await
    }
    let holders = target.holders;
    crowd(target, holders, one).await
}

pub(super) async fn calls_without_a_request(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    let holders = target.holders;
    crowd(target, holders, |target| without_a_request(target, SEND_GIFT)).await
}

pub(super) async fn receipts_without_a_request(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    let holders = target.holders;
    crowd(target, holders, |target| without_a_request(target, REDEEM)).await
}

/// Idle connections that answer every ping.
pub(super) async fn connections_that_only_stand(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        let mut raw = RawConnection::greeted(target.address, &[]).await?;
        let mut done = 0;
        while !raw.over && Instant::now() < target.until {
            raw.frame(PING, ACKNOWLEDGED, 0, &[0; 8]).await?;
            raw.listen(LOOK).await;
            done += 1;
        }
        Ok(HarmSeen::of(&raw, done))
    }
    let holders = target.holders;
    crowd(target, holders, one).await
}
