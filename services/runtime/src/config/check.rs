//! Finds invalid settings and reports each with its source, before anything binds or opens.
use super::{CallSettings, Config, ListenSettings};
use crate::login::login_url;
use db::Database;
use identity::Service;
use money::BookName;
use settings::{Layers, SettingProblem};

/// The longest time since a login that an approval may accept, in seconds: a person who has not signed in today signs in again.
const LOGIN_AGE_MAX_S: u32 = 86_400;

/// Every problem of settings that could be parsed.
pub(super) fn problems(config: &Config, layers: &Layers) -> Vec<SettingProblem> {
    let mut found = Vec::new();
    let mut wrong = |key: &str, why: String| found.push(layers.problem(key, why));
    if config.sandbox && identified(config) {
        wrong("identity", "a sandbox makes its own identity: leave out identity, or sandbox".to_owned());
    }
    for (at, book) in config.books.iter().enumerate() {
        if let Err(error) = BookName::try_new(book) {
            wrong(&format!("books.{at}"), error.to_string());
        }
    }
    if !config.database.is_empty()
        && let Err(error) = Database::parse(config.database.expose())
    {
        wrong("database", error.to_string());
    }
    for (service, url) in config.peers.known() {
        let key = format!("peers.{service}");
        if config.services.contains(&service) {
            wrong(&key, format!("{service} is among services, so it runs here and not there"));
        }
        if let Some(why) = unusable(&url) {
            wrong(&key, format!("{url:?}: {why}"));
        }
    }
    if !config.sandbox && config.services.contains(&Service::Sandbox) {
        wrong("services", "the pretend stores and bank run in a sandbox only".to_owned());
    }
    for (option, why) in config.tls.problems() {
        wrong(&format!("tls.{option}"), why.to_owned());
    }
    for (at, issuer) in config.identity.issuers.iter().enumerate() {
        if !config.sandbox && issuer.issuer == login_url(config.listen.login) {
            let why = "this is where the login of a sandbox is, which makes anybody admin: it is for a sandbox alone".to_owned();
            wrong(&format!("identity.issuers.{at}.issuer"), why);
        }
        for (option, why) in issuer.problems() {
            wrong(&format!("identity.issuers.{at}.{option}"), why);
        }
        if let Some(other) = config.identity.issuers[..at].iter().find(|other| issuer.may_meet(other)) {
            let why = format!("users of {:?} might get the same keys: give each issuer a prefix that no other's begins with", other.issuer);
            wrong(&format!("identity.issuers.{at}.subject_prefix"), why);
        }
        let again = config.identity.issuers[..at].iter().any(|other| other.issuer == issuer.issuer);
        let ours = !config.identity.keys.is_empty() && issuer.issuer == identity::token::ISSUER;
        if again || ours {
            wrong(&format!("identity.issuers.{at}.issuer"), format!("{:?} is listed already", issuer.issuer));
        }
    }
    if config.identity.staff.login_age_max_s > LOGIN_AGE_MAX_S {
        wrong("identity.staff.login_age_max_s", format!("at most {LOGIN_AGE_MAX_S}, a day; 0: it is not asked"));
    }
    of_calls(&config.calls, &mut wrong);
    for (option, why) in config.quotas.problems() {
        wrong(&format!("quotas.{option}"), why.to_owned());
    }
    for (option, why) in config.webhooks.problems() {
        wrong(&format!("webhooks.{option}"), why.to_owned());
    }
    of_listeners(&config.listen, &mut wrong);
    of_services(config, &mut wrong);
    found
}

/// Problems of the bounds on connections.
fn of_listeners(listen: &ListenSettings, wrong: &mut impl FnMut(&str, String)) {
    if listen.connections_max == 0 {
        wrong("listen.connections_max", "1 or more".to_owned());
    }
    if listen.http_connections_max == 0 {
        wrong("listen.http_connections_max", "1 or more".to_owned());
    }
    if listen.http_idle_s == 0 {
        wrong("listen.http_idle_s", "1 or more: it also ends the wait for headers".to_owned());
    }
}

/// Problems of the bounds on calls.
fn of_calls(calls: &CallSettings, wrong: &mut impl FnMut(&str, String)) {
    // A staff call takes one place, and its recording takes another.
    if calls.calls_max < 2 || calls.streams_max == 0 {
        wrong("calls", "calls_max must be 2 or more, streams_max 1 or more".to_owned());
    }
    if calls.default_deadline_ms == 0 || calls.deadline_max_ms < calls.default_deadline_ms {
        wrong("calls.default_deadline_ms", "1 or more, and not above deadline_max_ms".to_owned());
    }
    if calls.arrival_ms == 0 || calls.arriving_per_address_max == 0 {
        wrong("calls", "arrival_ms and arriving_per_address_max must be 1 or more".to_owned());
    }
    let largest = identity::access::BATCH_BYTES_MAX;
    if calls.arriving_bytes_max <= largest || calls.connection_arriving_bytes_max <= largest {
        wrong(
            "calls",
            format!("arriving_bytes_max and connection_arriving_bytes_max must be more than the largest message, {largest} bytes"),
        );
    }
}

/// Problems that services report for their own options.
fn of_services(config: &Config, wrong: &mut impl FnMut(&str, String)) {
    if let Err(error) = config.ledger.check() {
        wrong(&format!("ledger.{}", error.option), format!("must be {}", error.bounds));
    }
    for (key, why) in config.ledger.poster_problems() {
        wrong(&format!("ledger.{key}"), why);
    }
    if let Err(error) = config.gift.check() {
        wrong("gift", error.to_string());
    }
    if let Err(error) = config.purchase.check() {
        wrong("purchase", error.to_string());
    }
    for (option, why) in config.console.problems() {
        wrong(&format!("console.{option}"), why);
    }
    if let Err(error) = config.monitor.check() {
        wrong(&format!("monitor.{}", error.option), format!("must be {}", error.bounds));
    }
    if let Err(error) = config.payout.check() {
        wrong("payout", error.to_string());
    }
    let by_certificate = config.payout.banks.iter().find(|bank| bank.shows_certificate());
    if let Some(bank) = by_certificate.filter(|_| !config.tls.serves() || config.listen.http.is_none()) {
        let why = "its callbacks are proved by its certificate, which needs a listener of HTTP with TLS: set listen.http, tls.certificate and tls.key";
        wrong("payout.banks", format!("the bank {}: {why}", bank.name));
    }
    if let Err(error) = config.treasury.check() {
        wrong(&format!("treasury.{}", error.option), format!("must {}", error.must));
    }
}

/// Whether any issuer is trusted.
pub(super) fn identified(config: &Config) -> bool {
    let identity = &config.identity;
    !identity.keys.is_empty() || !identity.issuers.is_empty() || !identity.service_tokens.known().is_empty()
}

fn unusable(url: &str) -> Option<&'static str> {
    let Ok(uri) = url.parse::<http::Uri>() else { return Some("not an address") };
    match (uri.scheme_str(), uri.host()) {
        (Some("http" | "https"), Some(host)) if !host.is_empty() => None,
        _ => Some("an address such as http://HOST:PORT or https://HOST:PORT"),
    }
}
