//! Unit tests of `keys`.
use super::*;
use serde_json::json;

/// Made for these tests; it protects nothing.
pub(crate) const TEST_KEY: &[u8] = include_bytes!("test_rsa.pem");

#[test]
fn a_thumbprint_is_forty_digits_in_upper_case() {
    assert_eq!(certificate_kid(b"abc"), "A9993E364706816ABA3E25717850C26C9CD0D89D");
}

#[test]
fn both_forms_of_a_key_are_the_same_key() {
    let pkcs8 = RsaSigningKey::from_pem(TEST_KEY).unwrap();
    let pkcs1 = RsaSigningKey::from_pem(include_bytes!("test_rsa_pkcs1.pem")).unwrap();
    assert_eq!(pkcs8.public_jwk("k"), pkcs1.public_jwk("k"));
    assert_eq!(format!("{pkcs8:?}"), "RsaSigningKey(***)");
}

#[test]
fn what_is_no_private_rsa_key_is_refused_and_not_repeated() {
    let pem = |label: &str, body: &str| format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n");
    for text in [
        String::new(),
        "secret".to_owned(),
        pem("CERTIFICATE", "c2VjcmV0"),
        pem("PRIVATE KEY", "c2VjcmV0"),
        pem("EC PRIVATE KEY", "c2VjcmV0"),
    ] {
        let error = RsaSigningKey::from_pem(text.as_bytes()).unwrap_err().to_string();
        assert!(!error.contains("secret") && !error.contains("c2VjcmV0"), "{error}");
    }
}

#[test]
fn a_key_set_keeps_what_can_check_signatures() {
    let ours = RsaSigningKey::from_pem(TEST_KEY).unwrap().public_jwk("ours");
    let x = URL_SAFE_NO_PAD.encode([7; 32]);
    let set = json!({"keys": [ours, {"kty": "EC", "crv": "P-256", "kid": "ec", "x": x, "y": x}, {"kty": "EC", "crv": "P-384", "kid": "other"},
        {"kty": "OKP", "kid": "ed"}, {"kty": "RSA", "use": "enc", "kid": "enc"}, {"kty": "RSA", "n": "AQ", "e": "AQ"}]});
    let read = BankKeySet::read(set.to_string().as_bytes()).unwrap();
    let kids: Vec<&str> = read.keys.iter().map(|(kid, _)| kid.as_str()).collect();
    assert_eq!(kids, ["ours", "ec"]);
}

#[test]
fn key_sets_that_say_too_much_or_nothing_are_refused() {
    let x = URL_SAFE_NO_PAD.encode([7; 32]);
    let short = URL_SAFE_NO_PAD.encode([7; 31]);
    let ec = |x: &str, kid: &str| json!({"kty": "EC", "crv": "P-256", "kid": kid, "x": x, "y": x});
    let mut private = ec(&x, "a");
    private["d"] = json!("AQ");
    for set in [
        json!({}),
        json!({"keys": []}),
        json!({"keys": [private]}),
        json!({"keys": [{"kty": "oct", "kid": "a", "k": "AQ"}]}),
        json!({"keys": [ec(&x, "a"), ec(&x, "a")]}),
        json!({"keys": [ec(&short, "a")]}),
        json!({"keys": [ec("***", "a")]}),
        json!({"keys": [{"kty": "RSA", "kid": "a", "n": "", "e": "AQAB"}]}),
        json!({"keys": vec![ec(&x, "a"); KEYS_MAX + 1]}),
    ] {
        assert!(BankKeySet::read(set.to_string().as_bytes()).is_err(), "{set}");
    }
}

#[test]
fn public_keys_come_from_pem_and_check_what_their_owner_signed() {
    let ours = RsaSigningKey::from_pem(TEST_KEY).unwrap();
    let public = include_str!("test_rsa_public.pem");
    let keys = RsaCheckingKey::all_from_pem(format!("{public}\n{public}").as_bytes()).unwrap();
    assert_eq!(keys, [ours.checking_key(), ours.checking_key()]);
    let signature = ours.sign(b"message").unwrap();
    assert!(keys[0].accepts(b"message", &signature) && !keys[0].accepts(b"another", &signature) && !keys[0].accepts(b"message", b""));
    let pem = |body: &str| format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
    let p256 =
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjo+VeFojrrfzm9JVRFA0smzPE7m0kV3jhmbYTvC6pEFYAi3Si8U4wSGvd96UrtG6whuJnb3yAtNOUl+hMgalIQ==";
    let of_1024_bits = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQC4vkgZT7VP0pTFooN9NzHDHvzjIYnz4qWkC9PbuEvlEIAvBB9/2MM2KyYkz+pSrIyJnbmGtI4EYr9ofFpwDtSQ\
                        ZjoTTpQOuwE4GFQOQK3s95RzMbD8laEQbLuxTtt0JuAUblcGPCO7otfszcWg58qTBW6guWA0Nc3vq9PUf39r1QIDAQAB";
    let whole = public.lines().filter(|line| !line.starts_with('-')).collect::<String>();
    for wrong in
        [String::new(), pem("c2VjcmV0"), pem(p256), pem(of_1024_bits), pem(&whole[..whole.len() - 4]), format!("{public}{}", pem(p256))]
    {
        assert!(RsaCheckingKey::all_from_pem(wrong.as_bytes()).is_err(), "{wrong}");
    }
}

#[test]
fn a_key_on_p256_signs_what_its_public_half_accepts() {
    let pem = include_bytes!("test_p256.pem");
    let ours = P256SigningKey::from_pem(pem).unwrap();
    assert_eq!(format!("{ours:?}"), "P256SigningKey(***)");
    let jwk = ours.public_jwk("ours");
    let set = BankKeySet::read(json!({"keys": [jwk]}).to_string().as_bytes()).unwrap();
    let signature = ours.sign(b"message").unwrap();
    let key = set.key("ours").unwrap();
    assert!(key.accepts(b"message", &signature) && !key.accepts(b"another", &signature) && !key.accepts(b"message", &signature[1..]));
    for wrong in [TEST_KEY, b"", b"no key", &pem[..pem.len() / 2]] {
        let error = P256SigningKey::from_pem(wrong).unwrap_err().to_string();
        assert!(!error.contains("MII"), "{error}");
    }
}
