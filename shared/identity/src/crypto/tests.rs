//! Signatures from the standards, and algorithms that are not supported.
use super::*;
use jsonwebtoken::crypto::{sign, verify};

/// A token of a standard's appendix and the key that checks it.
fn examples() -> [(Algorithm, DecodingKey, &'static str); 3] {
    [
        (
            // RFC 7515 appendix A.3.
            Algorithm::ES256,
            DecodingKey::from_ec_components("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")
                .unwrap(),
            concat!(
                "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
                "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
            ),
        ),
        (
            // RFC 8037 appendix A.4.
            Algorithm::EdDSA,
            DecodingKey::from_ed_components("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap(),
            concat!(
                "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.",
                "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
            ),
        ),
        (
            // RFC 7515 appendix A.2.
            Algorithm::RS256,
            DecodingKey::from_rsa_components(
                concat!(
                    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMs",
                    "D1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdV",
                    "MTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
                ),
                "AQAB",
            )
            .unwrap(),
            concat!(
                "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
                "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQj",
                "bKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZ",
                "ESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
            ),
        ),
    ]
}

#[test]
fn the_standards_examples_are_good_until_a_byte_is_changed() {
    install();
    for (algorithm, key, token) in examples() {
        let (message, made) = token.rsplit_once('.').unwrap();
        assert!(verify(made, message.as_bytes(), &key, algorithm).unwrap(), "{algorithm:?}");
        assert!(!verify(made, message.replace("eyJhbGci", "eyJhbGcj").as_bytes(), &key, algorithm).unwrap(), "{algorithm:?}");
        for cut in ["", &made[..made.len() - 4], &made.replace(&made[..4], "AAAA")] {
            let taken = verify(cut, message.as_bytes(), &key, algorithm).unwrap_or(false);
            assert!(!taken, "{algorithm:?} {cut}");
        }
    }
}

#[test]
fn a_modulus_may_begin_with_zeros() {
    install();
    let [.., (algorithm, key, token)] = examples();
    let DecodingKeyKind::RsaModulusExponent { n, e } = key.kind() else { panic!("an RSA key") };
    let longer = DecodingKey::from_rsa_raw_components(&[&[0, 0], n.as_slice()].concat(), &[&[0], e.as_slice()].concat());
    let (message, made) = token.rsplit_once('.').unwrap();
    assert!(verify(made, message.as_bytes(), &longer, algorithm).unwrap());
}

#[test]
fn other_algorithms_and_keys_of_another_kind_are_refused() {
    install();
    let secret = b"a secret of thirty-two bytes ...";
    assert!(sign(b"m", &EncodingKey::from_secret(secret), Algorithm::HS256).is_err());
    assert!(verify("AAAA", b"m", &DecodingKey::from_secret(secret), Algorithm::HS256).is_err());
    for (algorithm, key, _) in examples() {
        let others = [Algorithm::ES256, Algorithm::EdDSA, Algorithm::RS256].into_iter().filter(|other| *other != algorithm);
        for other in others {
            assert!(verify("AAAA", b"m", &key, other).is_err(), "{algorithm:?} as {other:?}");
        }
        assert!(verify("AAAA", b"m", &key, Algorithm::PS256).is_err());
    }
}
