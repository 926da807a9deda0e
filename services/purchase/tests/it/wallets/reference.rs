//! The wallets' samples, where the reference data is available.

use super::world::{Wallet, World};
use crate::fixture::BOOK;
use crate::notified::later;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bankapi::{RsaCheckingKey, RsaSigningKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use purchase::domain::event::EventState;
use purchase::stores::alipay::signature::{content, members, read_form};
use purchase::stores::wallet::proving::ProvingKey;
use purchase::stores::wechat::resource::{ApiV3Key, EncryptedResource};
use purchase::stores::wechat::signature::{SignatureHeaders, Unsigned, request_text};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn data(wallet: &str) -> Option<(PathBuf, Value)> {
    let dir = std::env::var_os("LARGESSE_REFERENCE_DATA").map(|dir| PathBuf::from(dir).join("stores").join(wallet));
    if dir.is_none() {
        println!("skipped: LARGESSE_REFERENCE_DATA is unset");
    }
    let dir = dir?;
    let samples = serde_json::from_slice(&std::fs::read(dir.join("notifications.SYNTHETIC.json")).unwrap()).unwrap();
    Some((dir, samples))
}

fn key(dir: &Path, name: &str) -> RsaCheckingKey {
    RsaCheckingKey::all_from_pem(&std::fs::read(dir.join(name)).unwrap()).unwrap().remove(0)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[tokio::test]
async fn alipays_samples_are_taken_and_end_where_they_must() {
    let Some((dir, samples)) = data("alipay") else { return };
    let mut world = World::sqlite(Wallet::Alipay).await;
    let public = std::fs::read_to_string(dir.join("alipay_TEST_public.pem")).unwrap();
    world.fixture.reconfigure(|config| config.sandbox_alipay[0].alipay_public_keys = public).await;
    world.restart().await;
    world.fixture.stop_background();
    use EventState::{Kept, Noted};
    let not_ours = "it is about no order of ours";
    for (name, status, state, note) in [
        ("trade_success", 200, Noted, not_ours),
        ("trade_finished", 200, Noted, not_ours),
        ("trade_closed_unpaid", 200, Noted, not_ours),
        ("partial_refund", 200, Kept, "refunded so far"),
        ("full_refund", 200, Kept, "44.80 CNY refunded so far"),
        ("bad_tampered_amount", 401, Noted, ""),
    ] {
        let sample = &samples[name];
        let body = text(&sample["body"]);
        let form = read_form(body.as_bytes()).unwrap();
        if status == 200 {
            assert_eq!(content(&form, &["sign", "sign_type"]), text(&sample["signed_content"]), "{name}");
        }
        let sent = world.client.post(world.http.of("alipay")).body(body.to_owned()).send().await.unwrap();
        assert_eq!((sent.status().as_u16(), sent.text().await.unwrap() == "success"), (status, status == 200), "{name}");
        world.fixture.service.sweep(later()).await.unwrap();
        let events = world.fixture.service.store().events(&money::BookName::try_new(BOOK).unwrap()).await.unwrap();
        let found = events.iter().find(|(event, _)| event.event_id == form["notify_id"]);
        if status == 200 {
            let (event, found) = found.unwrap();
            assert_eq!((event.state, event.transaction_id.as_str()), (state, form["trade_no"].as_str()), "{name}");
            assert!(found.contains(note), "{name}: {found}");
        }
    }
    let answer = text(&samples["sync_response_query"]["body"]);
    let found = members(answer.as_bytes()).unwrap();
    let raw = found.iter().find(|(name, _)| name == "alipay_trade_query_response").unwrap().1;
    let sign: String = serde_json::from_slice(found.iter().find(|(name, _)| name == "sign").unwrap().1).unwrap();
    assert_eq!(raw, text(&samples["sync_response_query"]["signed_content"]).as_bytes());
    assert!(key(&dir, "alipay_TEST_public.pem").accepts(raw, &STANDARD.decode(&sign).unwrap()));
    assert!(!key(&dir, "merchant_TEST_public.pem").accepts(raw, &STANDARD.decode(&sign).unwrap()));
}

#[test]
fn wechat_pays_samples_are_verified_decrypted_or_refused() {
    let Some((dir, samples)) = data("wechatpay") else { return };
    let platform = key(&dir, "platform_TEST_public.pem");
    let api_v3 = ApiV3Key::new(text(&samples["api_v3_key_TEST"])).unwrap();
    for (name, expected) in [
        ("transaction_success", Ok(())),
        ("refund_success", Ok(())),
        ("refund_abnormal", Ok(())),
        ("refund_closed", Ok(())),
        ("bad_signature", Err(Unsigned::Signature)),
        ("signature_probe", Err(Unsigned::Probe)),
    ] {
        let sample = &samples[name];
        let mut headers = HeaderMap::new();
        for (header, value) in sample["headers"].as_object().unwrap() {
            headers.insert(HeaderName::try_from(header).unwrap(), HeaderValue::from_str(text(value)).unwrap());
        }
        let (body, at_s) = (text(&sample["body"]), text(&sample["headers"]["Wechatpay-Timestamp"]).parse::<i64>().unwrap());
        let serial = text(&sample["headers"]["Wechatpay-Serial"]);
        let check = |serial: &str, now_s: i64| {
            SignatureHeaders::read(&headers).unwrap().check(&[ProvingKey::bare(serial, platform.clone())], body.as_bytes(), now_s)
        };
        assert_eq!(check(serial, at_s + 300), expected, "{name}");
        assert_eq!(check(serial, at_s + 301), Err(Unsigned::Time), "{name}");
        if expected.is_ok() {
            assert_eq!(check("another", at_s), Err(Unsigned::Serial));
            let document: Value = serde_json::from_str(body).unwrap();
            let resource: EncryptedResource = serde_json::from_value(document["resource"].clone()).unwrap();
            let opened: Value = serde_json::from_slice(&api_v3.open(&resource).unwrap()).unwrap();
            assert_eq!(opened, sample["plaintext"], "{name}");
            let mut changed = document["resource"].clone();
            changed["associated_data"] = "other".into();
            assert_eq!(api_v3.open(&serde_json::from_value(changed).unwrap()), None);
        }
    }
    let request = &samples["request_signing"];
    let (at_s, nonce) = (request["timestamp"].as_i64().unwrap(), text(&request["nonce_str"]));
    let signed = request_text(text(&request["method"]), text(&request["url"]), at_s, nonce, text(&request["body"]));
    assert_eq!(signed, text(&request["message"]));
    let ours = RsaSigningKey::from_pem(&std::fs::read(dir.join("merchant_TEST_private.pem")).unwrap()).unwrap();
    let signature = STANDARD.encode(ours.sign(signed.as_bytes()).unwrap());
    assert!(text(&request["Authorization"]).contains(&format!("signature=\"{signature}\"")), "{signature}");
}
