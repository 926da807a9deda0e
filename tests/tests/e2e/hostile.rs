//! All attacks at the same time, beside an honest user.
use crate::fleets::{assert_sound, book, databases, options};
use api::gift::{ListGiftsRequest, SendGiftRequest};
use bench::load::scenarios::{ExpectedHarm, HarmSeen, HarmTarget, SCENARIOS};
use demo::{
    fleet::Fleet,
    installation::{Installation, authorised},
    shop::Shop,
};
use identity::Role;
use identity::Service;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;

/// Longer than a connection may stay silent, so that silent attackers see it closed.
const HARM: Duration = Duration::from_secs(8);
/// Connections of each attacker who holds resources: all attackers share one address.
const HOLDERS: usize = 40;
/// Reasons for which an honest caller sends the same gift again.
const RETRIED: [&str; 3] = ["QUOTA_EXCEEDED", "OVERLOADED", "OUTCOME_UNKNOWN"];
/// Maximum resident memory of a process, in KiB.
const MEMORY_MAX_KIB: u64 = 600 * 1024;

fn peak_memory_kib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

/// Whether an attacker observed the expected reaction.
fn as_expected(expected: ExpectedHarm, seen: HarmSeen) -> bool {
    match expected {
        ExpectedHarm::Ended => seen.ended > 0,
        ExpectedHarm::Answered => seen.answers + seen.resets > 0,
        ExpectedHarm::AnsweredOrEnded => seen.answers + seen.resets + seen.ended > 0,
        ExpectedHarm::Borne => seen.done > 0,
    }
}

/// More calls at once than a user may make: most are refused with a time to retry.
async fn without_measure(installation: &Installation) {
    let token = installation.token("hurried", Role::Viewer).unwrap();
    let calls = (0..400).map(|_| {
        let (mut gifts, token) = (installation.gift(), token.clone());
        async move { gifts.list_gifts(authorised(ListGiftsRequest::default(), &token).unwrap()).await }
    });
    let refused: Vec<_> = futures::future::join_all(calls).await.into_iter().filter_map(Result::err).collect();
    assert!(refused.len() > 100, "only {} of 400 were refused", refused.len());
    for status in refused {
        assert_eq!((status.code(), rpc::reason(&status).as_deref()), (Code::ResourceExhausted, Some("QUOTA_EXCEEDED")), "{status:?}");
        assert!(status.get_details_retry_info().unwrap().retry_delay.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_gets_what_it_deserves_and_honest_gifts_arrive_all_the_while() {
    let databases = databases();
    let services: Vec<Service> = Service::ALL.to_vec();
    let mut options = demo::fleet::Options { split: false, ..options(databases.dir.path(), databases.sqlite.clone(), &services) };
    let quotas = [("LARGESSE_QUOTAS_USER_PER_SECOND", "50"), ("LARGESSE_QUOTAS_USER_BURST", "100")];
    options.environment.extend(quotas.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let fleet = Fleet::start(options).await.unwrap();
    let installation = Installation::of_fleet(&fleet, book()).unwrap();
    Shop::open(&installation).await.unwrap().buy("u1", 10_000).await.unwrap();
    without_measure(&installation).await;
    let address = fleet.url(Service::Gift).unwrap().strip_prefix("http://").unwrap().parse().unwrap();
    let http = fleet.http_urls()[0].strip_prefix("http://").unwrap().parse().unwrap();
    let until = Instant::now() + HARM;
    let mut harm = JoinSet::new();
    for (at, scenario) in SCENARIOS.into_iter().enumerate() {
        // Each attacker has its own name, so that they don't share a quota.
        let token = installation.token(&format!("mallory{at}"), Role::Viewer).unwrap().into();
        harm.spawn(async move { (scenario, scenario.run(HarmTarget { address, http, token, until, holders: HOLDERS }).await) });
    }
    let viewer = installation.token("u1", Role::Viewer).unwrap();
    let mut sent = 0;
    while Instant::now() < until {
        let request_id = Uuid::now_v7().to_string();
        let gift =
            SendGiftRequest { request_id, room_id: "r".into(), creator_id: "c1".into(), gift_id: 5655, quantity: 1, ..Default::default() };
        loop {
            let mut request = authorised(gift.clone(), &viewer).unwrap();
            request.set_timeout(Duration::from_secs(10));
            match installation.gift().send_gift(request).await {
                Ok(_) => break,
                // Refused by the quota or by overload, or its connection was lost: the same gift is retried, and charged once.
                Err(status) if rpc::reason(&status).is_some_and(|reason| RETRIED.contains(&reason.as_str())) => {
                    tokio::task::yield_now().await;
                }
                Err(status) => panic!("an honest gift after {sent}: {status:?}"),
            }
        }
        sent += 1;
    }
    // `largesse bench --rows hostile` measures how many, one attack after another; here everything shares two processors.
    assert!(sent > 0, "no honest gift in {HARM:?}");
    while let Some(ended) = harm.join_next().await {
        let (scenario, seen) = ended.unwrap();
        let seen = seen.unwrap();
        assert!(as_expected(scenario.expected, seen), "{}: {:?} and saw {seen:?}", scenario.name, scenario.expected);
    }
    let process = fleet.process_id(Service::Gift).unwrap().unwrap();
    assert!(peak_memory_kib(process) < MEMORY_MAX_KIB, "{} KiB", peak_memory_kib(process));
    fleet.stop().await.unwrap();
    let log = std::fs::read_dir(databases.dir.path()).unwrap().filter_map(|entry| std::fs::read_to_string(entry.unwrap().path()).ok());
    for text in log {
        assert!(!text.contains("panicked") && !text.contains("internal error"), "{text}");
    }
    assert_sound(&databases.sqlite).await;
}
