//! Signing in and out, and what does not count as being signed in.
use super::{Browser, house, signed_in};
use crate::{options, signed};
use api::monitor::{GetHealthOfMoneyRequest, monitor_service_client::MonitorServiceClient};
use identity::{Role, Service};
use reqwest::{Method, header};
use runtime::Runtime;
use serde_json::Value;

#[tokio::test(flavor = "multi_thread")]
async fn signing_in_is_one_click_and_leads_back_to_the_page() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let mut browser = Browser::new(&house.console_url().unwrap());
    let first = browser.get("/trial-balance?book=demo").await;
    assert_eq!((first.status, first.location()), (303, "/console/login?then=%2Ftrial-balance%3Fbook%3Ddemo"));
    let page = browser.get(first.location()).await;
    assert!(page.text.contains("href=\"/console/login/begin?then=%2Ftrial-balance%3Fbook%3Ddemo\""), "{}", page.text);
    let back = browser.go_to_login("fay", "%2Ftrial-balance%3Fbook%3Ddemo").await;
    let done = browser.get(&back).await;
    assert_eq!((done.status, done.location()), (303, "/trial-balance?book=demo"));
    assert_eq!(browser.cookies.keys().map(String::as_str).collect::<Vec<_>>(), ["largesse-sandbox"], "the login's cookie is gone");
    let page = browser.get(done.location()).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<strong>fay</strong> <span>finance</span>") && page.text.contains("<title>TEST · "), "{}", page.text);
    // Nothing that the browser has is a token.
    assert!(!format!("{:?}{}", browser.cookies, page.text).contains("eyJ"));
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_of_somebody_else_signs_nobody_in() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let base = house.console_url().unwrap();
    let (mut attacker, mut victim) = (Browser::new(&base), Browser::new(&base));
    let back = attacker.go_to_login("sam", "/").await;
    // Sent to a victim who did not begin, and to one who began another.
    assert_eq!(victim.get(&back).await.status, 400);
    victim.go_to_login("fay", "/").await;
    assert_eq!(victim.get(&back).await.status, 400);
    assert!(!victim.cookies.contains_key("largesse-sandbox"));
    // The right browser, with something changed on the way.
    for (from, to) in
        [("state=", "state=x"), ("code=", "code=x"), ("&iss=", "&iss=https://other.example"), ("code=", "error=access_denied&no=")]
    {
        let mut browser = Browser::new(&base);
        let back = browser.go_to_login("sam", "/").await.replacen(from, to, 1);
        let got = browser.get(&back).await;
        assert!(got.status == 400 && !browser.cookies.contains_key("largesse-sandbox"), "{from}: {} {}", got.status, got.text);
    }
    // A code works once.
    let cookies = attacker.cookies.clone();
    assert_eq!(attacker.get(&back).await.status, 303);
    let mut again = Browser::new(&base);
    again.cookies = cookies;
    assert_eq!(again.get(&back).await.status, 400);
    assert!(!again.cookies.contains_key("largesse-sandbox"));
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tabs_sign_in_and_the_second_finds_the_first_ones_session() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let mut browser = Browser::new(&house.console_url().unwrap());
    let one = browser.go_to_login("sam", "/").await;
    let two = browser.go_to_login("sam", "/acts").await;
    let done = browser.get(&two).await;
    assert_eq!((done.status, done.location()), (303, "/acts"));
    let late = browser.get(&one).await;
    assert_eq!((late.status, late.location()), (303, "/"));
    assert_eq!(browser.get("/").await.status, 200);
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_planted_session_is_worth_nothing_and_signing_out_ends_it() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let mut browser = Browser::new(&house.console_url().unwrap());
    browser.cookies.insert("largesse-sandbox".to_owned(), "A".repeat(43));
    assert_eq!(browser.get("/").await.status, 303);
    browser.sign_in("sam").await;
    let first = browser.cookies["largesse-sandbox"].clone();
    assert_ne!(first, "A".repeat(43));
    // Signing in again gives a new one and ends the old one.
    browser.sign_in("sam").await;
    let (mut stale, mut other) = (Browser::new(&browser.base), signed_in(&house, "sam").await);
    stale.cookies.insert("largesse-sandbox".to_owned(), first);
    assert_eq!(stale.get("/").await.status, 303);
    let out = browser.post("/console/logout", "everywhere=yes").await;
    assert!(out.status == 200 && out.text.contains("Your 2 sessions have ended") && out.text.contains("/logout\""), "{}", out.text);
    assert_eq!((browser.get("/").await.status, other.get("/").await.status), (303, 303));
    // The back button shows nothing: no page is kept.
    let mut again = signed_in(&house, "sam").await;
    assert_eq!(again.get("/").await.headers[header::CACHE_CONTROL], "no-store");
    assert_eq!(again.post("/console/logout", "").await.status, 200);
    assert_eq!(again.get("/").await.status, 303);
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forms_of_other_sites_and_other_names_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let mut browser = signed_in(&house, "sam").await;
    let base = browser.base.clone();
    for headers in [
        vec![],
        vec![("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")],
        vec![("sec-fetch-site", "same-site")],
        vec![("sec-fetch-site", "none")],
        vec![("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")],
        vec![("origin", "null")],
    ] {
        let got = browser.send(Method::POST, "/console/logout", &headers, Some("")).await;
        assert_eq!(got.status, 403, "{headers:?}");
    }
    assert_eq!(browser.send(Method::DELETE, "/", &[], None).await.status, 405);
    // Another name for this address, as DNS rebinding makes.
    for host in ["evil.example", "localhost:1", ""] {
        assert_eq!(browser.send(Method::GET, "/", &[("host", host)], None).await.status, 421, "{host}");
    }
    assert_eq!(browser.get("/").await.status, 200, "still signed in");
    // An older browser names the origin alone.
    assert_eq!(browser.send(Method::POST, "/console/logout", &[("origin", &base)], Some("")).await.status, 200);
    house.shutdown().await;
}

/// How often people signed in at the pretend login, and how often their tokens were renewed.
async fn activity(house: &Runtime) -> (u64, u64) {
    let client = http_client::local().build().unwrap();
    let address = format!("http://{}/activity", house.address("login").unwrap());
    let answer: Value = serde_json::from_str(&client.get(address).send().await.unwrap().text().await.unwrap()).unwrap();
    let number = |name: &str| answer[name].as_u64().unwrap();
    (number("signed_in"), number("renewed"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_outlasts_its_token_which_is_renewed_once_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = super::with_console(options(dir.path()));
    // In its last minute from the beginning: every page finds it due.
    options.settings.login.token_seconds = 60;
    let house = Runtime::start(options).await.unwrap();
    let mut browser = signed_in(&house, "fay").await;
    let (signed, before) = activity(&house).await;
    let cookie = browser.cookies["largesse-sandbox"].clone();
    assert_eq!(browser.get("/").await.status, 200);
    let (_, first) = activity(&house).await;
    assert_eq!((signed, first), (1, before + 1));
    // A refresh token that is used twice ends the login, so tabs that are opened at once must not use one twice.
    for _ in 0..5 {
        let tabs = (0..8).map(|_| {
            let mut tab = Browser::new(&browser.base);
            tab.cookies = browser.cookies.clone();
            async move { tab.get("/books").await.status }
        });
        assert_eq!(futures::future::join_all(tabs).await, [200; 8]);
    }
    let (_, renewed) = activity(&house).await;
    assert_eq!(browser.get("/books").await.status, 200);
    assert_eq!(activity(&house).await, (1, renewed + 1), "the login goes on");
    assert!(renewed > first);
    // It is the same session of the same person, with a reason as before.
    browser.post("/console/reason", "then=/acts&reason=ticket+4711%3A+who+did+what").await;
    let page = browser.get("/").await;
    assert!(
        page.status == 200 && page.text.contains("<strong>fay</strong>") && browser.cookies["largesse-sandbox"] == cookie,
        "{}",
        page.text
    );
    // Once it has ended, nothing renews it.
    browser.post("/console/logout", "").await;
    let (_, renewed) = activity(&house).await;
    assert_eq!((browser.get("/").await.status, activity(&house).await), (303, (1, renewed)));
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_to_sign_in_are_limited_for_an_address() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = super::with_console(options(dir.path()));
    options.settings.console.logins_per_minute_max = 3;
    let house = Runtime::start(options).await.unwrap();
    let mut browser = Browser::new(&house.console_url().unwrap());
    let mut last = 0;
    for _ in 0..20 {
        last = browser.get("/console/login/begin").await.status;
    }
    // Twenty requests take less than six minutes, in which all of them would be allowed.
    assert_eq!(last, 429);
    let refused = browser.get("/console/login/begin").await;
    assert!(refused.headers.contains_key(header::RETRY_AFTER));
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_of_the_sandbox_calls_over_grpc_as_well_and_its_id_token_does_not() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let login = house.address("login").unwrap();
    let client = http_client::local().build().unwrap();
    let challenge = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    let asked = format!(
        "response_type=code&client_id=largesse-console&redirect_uri=http://127.0.0.1:1/cb&scope=openid&state=s&nonce=n&{challenge}"
    );
    let back = client.get(format!("http://{login}/authorize/sam?{asked}")).send().await.unwrap();
    let back = back.headers()[header::LOCATION].to_str().unwrap().to_owned();
    let code = back.split("code=").nth(1).unwrap().split('&').next().unwrap();
    let form = format!(
        "grant_type=authorization_code&client_id=largesse-console&redirect_uri=http://127.0.0.1:1/cb&code={code}\
         &code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    let tokens = client.post(format!("http://{login}/token")).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let tokens: serde_json::Value = tokens.body(form).send().await.unwrap().json().await.unwrap();
    let mut monitor = MonitorServiceClient::new(house.transport_for(Service::Monitor).unwrap());
    for (token, accepted) in [("access_token", true), ("id_token", false)] {
        let mut request = signed(&house, Role::Support, GetHealthOfMoneyRequest::default());
        request.metadata_mut().insert("authorization", format!("Bearer {}", tokens[token].as_str().unwrap()).parse().unwrap());
        assert_eq!(monitor.get_health_of_money(request).await.is_ok(), accepted, "{token}");
    }
    // A redirect to another machine is not followed with a code.
    let evil = asked.replace("http://127.0.0.1:1/cb", "https://evil.example/cb");
    assert_eq!(client.get(format!("http://{login}/authorize/sam?{evil}")).send().await.unwrap().status().as_u16(), 400);
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_approves_signs_in_again_and_comes_back_to_the_page() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = super::with_console(options(dir.path()));
    options.login_age_max = Some(std::time::Duration::from_secs(300));
    let house = Runtime::start(options).await.unwrap();
    let mut browser = signed_in(&house, "fay").await;
    let before = browser.cookies["largesse-sandbox"].clone();
    let (asked, back) = browser.step_up("fay", "%2Fproposals%3Fbook%3Ddemo").await;
    assert!(asked.contains("prompt=login") && asked.contains("max_age=300"), "{asked}");
    assert_eq!(back, "/proposals?book=demo");
    assert_ne!(browser.cookies["largesse-sandbox"], before, "a new session");
    assert_eq!(browser.get(&back).await.status, 200);
    // An ordinary login asks for nothing more, and nobody is sent to another site.
    let begun = browser.get("/console/login/begin?then=/").await;
    assert!(!begun.location().contains("prompt=") && !begun.location().contains("max_age="), "{}", begun.location());
    for away in ["https://evil.example/", "//evil.example", "/\\evil.example", "%2Fconsole%2Flogout"] {
        assert_eq!(browser.step_up("fay", away).await.1, "/", "{away}");
    }
    house.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_on_another_site_neither_uses_a_reason_nor_spends_it() {
    let dir = tempfile::tempdir().unwrap();
    let house = house(dir.path()).await;
    let mut browser = signed_in(&house, "sam").await;
    browser.explain("ticket+4711").await;
    for site in ["cross-site", "same-site", "unknown"] {
        let got = browser.send(Method::GET, "/user?id=u1", &[("sec-fetch-site", site)], None).await;
        assert_eq!(got.status, 428, "{site}: {}", got.text);
    }
    assert_eq!(browser.send(Method::GET, "/user?id=u1", &[], None).await.status, 428, "what does not say where it comes from");
    // Nobody knows u2 either: the service is asked, and says so.
    assert_eq!(browser.get("/user?id=u2").await.status, 404, "the reason is still there, and for nobody yet");
    let typed = browser.send(Method::GET, "/user?id=u2", &[("sec-fetch-site", "none")], None).await;
    assert_eq!(typed.status, 404, "an address that was typed");
    house.shutdown().await;
}
