//! Unit tests of `config`.
use super::*;

#[test]
fn test_books_reach_only_this_machine() {
    for good in ["http://127.0.0.1:8080", "http://[::1]:9/", "http://127.5.5.5"] {
        assert!(check_loopback(good).is_ok(), "{good}");
    }
    for bad in [
        "https://127.0.0.1",
        "http://localhost:1",
        "http://bank.example",
        "http://127.0.0.1.evil.example",
        "http://127.0.0.1@evil.example",
        "http://10.0.0.1",
        "127.0.0.1:80",
        "",
    ] {
        assert!(check_loopback(bad).is_err(), "{bad}");
    }
}

#[test]
fn options_that_stop_payouts_or_mean_nothing_are_refused_by_name() {
    assert!(Config::default().check().is_ok());
    type Change = fn(&mut Config);
    let cases: [(&str, Change); 16] = [
        ("in_flight_max", |config| config.in_flight_max = 0),
        ("poll_delay_ms", |config| config.poll_delay = Duration::ZERO),
        ("poll_delay_ms", |config| config.poll_delay = Duration::MAX),
        ("lease_ms", |config| config.lease = Duration::ZERO),
        ("lease_ms", |config| config.lease = Duration::from_secs(1 << 40)),
        ("policy.retry_delay_ms", |config| config.policy.retry_delay = Duration::ZERO),
        ("policy.retry_delay_max_ms", |config| config.policy.retry_delay_max = Duration::ZERO),
        ("policy.retry_delay_max_ms", |config| config.policy.retry_delay_max = Duration::from_millis(1)),
        ("policy.clock_skew_ms", |config| config.policy.clock_skew = Duration::from_secs(1 << 40)),
        ("policy.sends_max", |config| config.policy.sends_max = 0),
        ("watch_heartbeat_ms", |config| config.watch_heartbeat = Duration::ZERO),
        ("watch_age_max_ms", |config| config.watch_age_max = Duration::ZERO),
        ("statement_interval_ms", |config| config.statement_interval = Duration::ZERO),
        ("zones.us_rtp", |config| config.zones.us_rtp = "America/Nowhere".to_owned()),
        ("zones.us_rtp", |config| config.zones.us_rtp.clear()),
        ("zones.sepa_instant", |config| config.zones.sepa_instant = "CEST-ish".to_owned()),
    ];
    for (option, change) in cases {
        let mut config = Config::default();
        change(&mut config);
        let told = config.check().unwrap_err().to_string();
        assert!(told.starts_with(&format!("{option} must be ")), "{option}: {told}");
    }
}

#[test]
fn our_own_name_fits_the_rails_it_is_sent_over() {
    let debtors = || Rail::ALL.map(|rail| (rail, sandbox::bank::own_account(rail.currency()))).to_vec();
    let mut config = Config::sandbox(PathBuf::from("key"), "http://127.0.0.1:1".to_owned(), debtors());
    assert!(config.check().is_ok());
    for name in ["L".repeat(71), String::new(), "\u{5c71}".to_owned()] {
        config.test_bank.as_mut().unwrap().debtor_name = name.clone();
        assert!(matches!(config.check(), Err(InvalidPayoutOption::DebtorName(_))), "{name}");
    }
    for rail in Rail::ALL {
        assert_eq!(rail.check_remittance(crate::drive::REMITTANCE), Ok(()));
    }
}

#[test]
fn rails_days_are_of_their_own_zones() {
    let zones = RailZones::default();
    for rail in Rail::ALL {
        assert_eq!(zones.zone(rail), Some(rail.zone()));
    }
    let moved = RailZones { us_rtp: "America/Los_Angeles".to_owned(), ..zones };
    assert_eq!(moved.zone(Rail::UsRtp), TimeZone::get("America/Los_Angeles").ok());
}
