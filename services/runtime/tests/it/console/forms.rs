//! Every form that is sent, by somebody whose login is too old for decisions.
use super::{
    Browser,
    proposals::proposed,
    signed_in,
    treasury::{divided, unexplained},
    with_console,
};
use crate::options;
use identity::Role;
use runtime::Runtime;
use std::time::Duration;

/// The page that a decision ends in where the login is too old.
fn asks_to_sign_in_again(browser_got: &super::browser::Got) -> bool {
    browser_got.status == 403
        && browser_got.text.contains("Sign in again to decide")
        && browser_got.text.contains("/console/login/begin?step_up=1")
        && browser_got.text.contains("within the last 300 seconds")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_login_decides_nothing_and_closes_nothing_and_arranges_what_it_could() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = with_console(options(dir.path()));
    options.login_age_max = Some(Duration::from_secs(300));
    // Longer ago than that, as after lunch.
    options.settings.login.login_age_seconds = 3_600;
    let house = Runtime::start(options).await.unwrap();
    divided(&house).await;
    let case = unexplained(dir.path()).await;
    let proposal = proposed(&house, ("sam", Role::Support)).await;
    let decision = |word: &str| {
        let (id, request_id) = (&proposal.proposal_id, crate::blocked::new_id());
        let hash = &proposal.hash;
        format!("book=demo&id={id}&hash={hash}&request_id={request_id}&reason=checked+with+Sam&decision={word}")
    };
    let mut browser: Browser = signed_in(&house, "ann").await;
    browser.explain("trying+out+every+form").await;
    for (path, form) in [
        ("/proposal/decide", decision("approve")),
        ("/treasury/close", "book=treasury&account=main-usd&day=2026-11-27&reason=checked+with+the+bank&for_ever=yes".to_owned()),
    ] {
        let got = browser.post(path, &form).await;
        assert!(asks_to_sign_in_again(&got), "{path}: {} {}", got.status, got.text);
    }
    for (path, form) in [
        ("/treasury/assign", format!("book=treasury&case={case}&assignee=fay&reason=the+bank+was+asked")),
        ("/sandbox/drive", "book=demo&act=reports&scenario=webhooks.late".to_owned()),
        ("/console/zone", "zone=Asia%2FTokyo&then=%2F".to_owned()),
        ("/console/reason", "reason=trying+out+every+form&then=%2F".to_owned()),
        // It only stops what another person asked for.
        ("/proposal/decide", decision("reject")),
    ] {
        let got = browser.post(path, &form).await;
        assert_eq!(got.status, 303, "{path}: {}", got.text);
    }
    house.shutdown().await;
}
