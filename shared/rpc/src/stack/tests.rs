//! The resources that a call occupies before it is handled, and releases when it is refused.
use super::*;
use http::{HeaderValue, header::AUTHORIZATION};
use identity::{BookScope, Grant, Issuer, Role, issuers::TrustedIssuer, keys::KeyPair};
use money::UserKey;
use std::{net::TcpListener, time::Duration};
use tonic::Code;

const LIST: &str = "/largesse.gift.v1.GiftService/ListGifts";
const STREAM: &str = "/largesse.gift.v1.GiftService/SendGifts";

fn request(issuer: &Issuer, path: &str, timeout: &str) -> Request<Body> {
    let grant =
        Grant { subject: UserKey::try_new("ann").unwrap(), role: Role::Viewer, app: String::new(), books: BookScope::Only(Vec::new()) };
    let token = issuer.issue(&grant, Duration::from_secs(600)).unwrap();
    with_token(&token, path, timeout)
}

fn with_token(token: &str, path: &str, timeout: &str) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = path.parse().unwrap();
    request.headers_mut().insert(AUTHORIZATION, HeaderValue::try_from(format!("Bearer {token}")).unwrap());
    request.headers_mut().insert("grpc-timeout", HeaderValue::try_from(timeout).unwrap());
    request
}

async fn admit(stack: &Stack, mut request: Request<Body>) -> Result<AdmittedCall, Status> {
    let method = stack.0.methods.find(request.uri().path()).unwrap();
    let mut span = CallSpan::server(method, request.headers());
    stack.0.admit(method, &mut request, &mut span).await
}

#[tokio::test]
async fn who_is_refused_another_stream_has_not_spent_a_call() {
    let issuer = Issuer::from_keys(&KeyPair::generate().unwrap());
    let bounds = quota::Config { user_per_second: 1, user_burst: 3, user_streams: 1, ..quota::Config::NONE };
    let verifier = Arc::new(Verifier::new(&[issuer.public_key()]));
    let stack = Stack::try_new(Options { quotas: Quotas::new(&bounds), ..Options::new(verifier, CancellationToken::new()) }).unwrap();
    let _open = admit(&stack, request(&issuer, STREAM, "5S")).await.unwrap();
    for _ in 0..50 {
        let refused = admit(&stack, request(&issuer, STREAM, "5S")).await.err().unwrap();
        assert_eq!(crate::facts(&refused).get("streams_max").map(String::as_str), Some("1"), "{refused:?}");
    }
    for _ in 0..2 {
        admit(&stack, request(&issuer, LIST, "5S")).await.unwrap();
    }
    assert_eq!(admit(&stack, request(&issuer, LIST, "5S")).await.err().unwrap().code(), Code::ResourceExhausted);
}

/// An issuer whose keys are at an address that accepts connections and never answers.
fn silent_issuer() -> (Issuer, TrustedIssuer, TcpListener) {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let jwks = format!("http://{}/keys", silent.local_addr().unwrap());
    (Issuer::from_keys(&KeyPair::generate().unwrap()), TrustedIssuer { jwks, ..TrustedIssuer::house(Vec::new()) }, silent)
}

#[tokio::test]
async fn a_deadline_holds_also_while_the_keys_of_a_token_are_asked_for() {
    for path in [LIST, STREAM] {
        let (issuer, trusted, _silent) = silent_issuer();
        let stack = Stack::try_new(Options::new(Arc::new(Verifier::try_new(vec![trusted]).unwrap()), CancellationToken::new())).unwrap();
        let begun = std::time::Instant::now();
        let status = admit(&stack, request(&issuer, path, "50m")).await.err().unwrap();
        assert_eq!((status.code(), crate::reason(&status).as_deref()), (Code::DeadlineExceeded, Some("DEADLINE_EXCEEDED")), "{status:?}");
        assert_eq!(crate::facts(&status)["layer"], "identity");
        assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    }
}

#[tokio::test]
async fn a_stream_that_names_no_deadline_does_not_wait_for_keys_for_ever() {
    let (issuer, trusted, _silent) = silent_issuer();
    let mut options = Options::new(Arc::new(Verifier::try_new(vec![trusted]).unwrap()), CancellationToken::new());
    options.deadline.default = Duration::from_millis(50);
    let stack = Stack::try_new(options).unwrap();
    let mut request = request(&issuer, STREAM, "1S");
    request.headers_mut().remove("grpc-timeout");
    let status = admit(&stack, request).await.err().unwrap();
    assert_eq!(crate::reason(&status).as_deref(), Some("DEADLINE_EXCEEDED"), "{status:?}");
}

#[tokio::test]
async fn who_approves_has_signed_in_lately_and_other_calls_need_not() {
    let issuer = Issuer::from_keys(&KeyPair::generate().unwrap());
    let verifier = Arc::new(Verifier::new(&[issuer.public_key()]));
    let options = Options { login_age_max: Some(Duration::from_secs(300)), ..Options::new(verifier, CancellationToken::new()) };
    let stack = Stack::try_new(options).unwrap();
    let grant = Grant { subject: UserKey::try_new("fay").unwrap(), role: Role::Finance, app: String::new(), books: BookScope::All };
    let now = SystemTime::now();
    for (path, age, refused) in [
        ("/largesse.support.v1.SupportService/Approve", 10, None),
        ("/largesse.support.v1.SupportService/Approve", 3_600, Some("STEP_UP_REQUIRED")),
        ("/largesse.support.v1.SupportService/Propose", 3_600, None),
    ] {
        let token = issuer.issue_at(&grant, now - Duration::from_secs(age), Duration::from_secs(7_200)).unwrap();
        let mut request = with_token(&token, path, "5S");
        request.headers_mut().insert(crate::REASON, HeaderValue::from_static("ticket 4711"));
        let status = admit(&stack, request).await.err();
        assert_eq!(status.as_ref().and_then(crate::reason).as_deref(), refused, "{path}, {age} seconds: {status:?}");
    }
}
