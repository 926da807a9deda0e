//! Unit tests of `token`.
use super::*;
use identity::keys::KeyPair;

#[tokio::test(start_paused = true)]
async fn a_minted_token_is_renewed_long_before_it_expires() {
    let issuer = Arc::new(Issuer::from_keys(&KeyPair::generate().unwrap()));
    let token = ServiceToken::minted(issuer, "gift").unwrap();
    let first = token.0.held.read().unwrap().renew_at;
    token.header();
    assert_eq!(token.0.held.read().unwrap().renew_at, first, "not renewed without need");
    tokio::time::advance(MINTED_TTL / 2).await;
    token.header();
    assert!(token.0.held.read().unwrap().renew_at > first);
}

#[tokio::test(start_paused = true)]
async fn a_rotated_file_is_noticed_and_a_missing_one_survived() {
    let issuer = Issuer::from_keys(&KeyPair::generate().unwrap());
    let grant =
        |name: &str| Grant { subject: UserKey::try_new(name).unwrap(), role: Role::Service, app: String::new(), books: BookScope::All };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("token");
    fs::write(&path, issuer.issue(&grant("one"), MINTED_TTL).unwrap()).unwrap();
    let token = ServiceToken::from_file(&path).unwrap();
    let first = token.header();
    fs::write(&path, issuer.issue(&grant("two"), MINTED_TTL).unwrap()).unwrap();
    assert_eq!(token.header(), first, "not read again for every call");
    tokio::time::advance(REREAD_INTERVAL).await;
    let second = token.header();
    assert_ne!(second, first);
    fs::remove_file(&path).unwrap();
    tokio::time::advance(REREAD_INTERVAL).await;
    assert_eq!(token.header(), second);
}
