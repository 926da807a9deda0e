//! Attackers who send messages and headers that no client library would send.
use super::{BUSY, HarmSeen, HarmTarget, SEND_GIFT, SOON, crowd, flood, odd};
use crate::load::raw::{DATA, END_HEADERS, END_STREAM, HEADERS, NO_FLAGS, RawConnection, call, frame, message};
use runtime::command::UntypedError;
use std::time::{Duration, Instant};

pub(super) async fn forged_tokens(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        flood(target, &[], |number, token| {
            // A different signature each time, because results are cached.
            let (body, _) = token.rsplit_once('.').unwrap_or((token, ""));
            let forged = format!("{body}.{}", format!("{number:08}").repeat(8));
            let mut bytes = frame(HEADERS, END_HEADERS, odd(number), &call(SEND_GIFT, &forged, &[]));
            bytes.extend(frame(DATA, END_STREAM, odd(number), &message(&[])));
            bytes
        })
        .await
    }
    crowd(target, BUSY, one).await
}

pub(super) async fn message_longer_than_said(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        flood(target, &[], |number, token| {
            let mut bytes = frame(HEADERS, END_HEADERS, odd(number), &call(SEND_GIFT, token, &[]));
            // The length announces four gigabytes, and five bytes follow.
            bytes.extend(frame(DATA, END_STREAM, odd(number), &[0, 255, 255, 255, 255, 1, 2, 3, 4, 5]));
            bytes
        })
        .await
    }
    crowd(target, BUSY, one).await
}

pub(super) async fn message_too_long(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        let mut raw = RawConnection::greeted(target.address, &[]).await?;
        raw.frame(HEADERS, END_HEADERS, 1, &call(SEND_GIFT, &target.token, &[])).await?;
        raw.frame(DATA, NO_FLAGS, 1, &[0, 1, 128, 0, 0]).await?;
        let mut done = 0;
        while !raw.over && raw.answers == 0 && raw.resets == 0 && Instant::now() < target.until && done < 2_000 {
            raw.frame(DATA, NO_FLAGS, 1, &[0; 16_000]).await?;
            raw.listen(SOON).await;
            done += 1;
        }
        Ok(HarmSeen::of(&raw, done))
    }
    crowd(target, BUSY, one).await
}

pub(super) async fn dripping_body(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        let mut raw = RawConnection::greeted(target.address, &[]).await?;
        raw.frame(HEADERS, END_HEADERS, 1, &call(SEND_GIFT, &target.token, &[("grpc-timeout", "300m")])).await?;
        let mut done = 0;
        while !raw.over && raw.answers == 0 && Instant::now() < target.until {
            raw.frame(DATA, NO_FLAGS, 1, &[0]).await?;
            raw.listen(Duration::from_millis(50)).await;
            done += 1;
        }
        Ok(HarmSeen::of(&raw, done))
    }
    crowd(target, BUSY * 4, one).await
}

pub(super) async fn strange_deadlines_and_encodings(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
    async fn one(target: HarmTarget) -> Result<HarmSeen, UntypedError> {
        flood(target, &[], |number, token| {
            const STRANGE: [(&str, &str); 6] = [
                ("grpc-timeout", "0n"),
                ("grpc-timeout", "99999999H"),
                ("grpc-timeout", "-1S"),
                ("grpc-encoding", "bomb"),
                ("grpc-timeout", "1e9S"),
                ("content-encoding", "gzip"),
            ];
            let mut bytes = frame(HEADERS, END_HEADERS, odd(number), &call(SEND_GIFT, token, &[STRANGE[number as usize % STRANGE.len()]]));
            // Marked as compressed, but it is not.
            bytes.extend(frame(DATA, END_STREAM, odd(number), &[1, 0, 0, 0, 2, 8, 1]));
            bytes
        })
        .await
    }
    crowd(target, BUSY, one).await
}
