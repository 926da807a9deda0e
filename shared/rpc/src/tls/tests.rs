//! Unit tests of TLS settings and of files that can't be used.
use super::*;
use std::path::Path;

fn options(config: &Config) -> Vec<&'static str> {
    config.problems().into_iter().map(|(option, _)| option).collect()
}

#[test]
fn what_has_no_meaning_is_named() {
    assert_eq!(options(&Config::default()), [""; 0]);
    let half = Config { certificate: "a.pem".into(), ..Config::default() };
    assert_eq!(options(&half), ["key"]);
    let whole = Config { key: "a.key".into(), ..half };
    assert_eq!(options(&whole), [""; 0]);
    assert_eq!(options(&Config { client_ca: "ca.pem".into(), ..whole }), ["clients"]);
    assert_eq!(options(&Config { client_ca: "ca.pem".into(), certificate_roles: Vec::new(), ..Config::default() }), ["client_ca"]);
    assert_eq!(options(&Config { reload_s: 0, ..Config::default() }), ["reload_s"]);
}

#[test]
fn a_file_that_cannot_be_used_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let other = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let (certificate, key) = (write("a.pem", &made.cert.pem()), write("a.key", &made.signing_key.serialize_pem()));
    let config = Config { certificate: certificate.clone(), key: key.clone(), ..Config::default() };
    assert!(Tls::load(config.clone()).is_ok());
    let told = |config: Config| Tls::load(config).unwrap_err().to_string();
    let missing = Path::new("/nowhere/a.pem").to_owned();
    assert!(told(Config { certificate: missing.clone(), ..config.clone() }).contains("/nowhere/a.pem"));
    assert!(told(Config { key: missing.clone(), ..config.clone() }).contains("/nowhere/a.pem"));
    assert!(told(Config { client_ca: missing.clone(), ..config.clone() }).contains("/nowhere/a.pem"));
    assert!(told(Config { peer_ca: missing, ..config.clone() }).contains("/nowhere/a.pem"));
    let empty = write("empty.pem", "");
    assert!(told(Config { certificate: empty.clone(), ..config.clone() }).contains("empty.pem: no certificate in it"));
    assert!(told(Config { key: empty, ..config.clone() }).contains("empty.pem"));
    assert!(told(Config { key: certificate.clone(), ..config.clone() }).contains("a.pem"), "a certificate is no key");
    let foreign = write("b.key", &other.signing_key.serialize_pem());
    assert!(told(Config { key: foreign, ..config }).contains("a.pem"), "a key of another certificate");
    assert!(told(Config { certificate: key, key: certificate, ..Config::default() }).contains("a.key"), "swapped");
}
