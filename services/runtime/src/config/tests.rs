//! Unit tests of the settings: the printed file equals the defaults, mistakes are reported, dangers are warned of.
use super::*;
use settings::Layers;

/// The settings of a file with this text.
fn file(text: &str) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("largesse.toml");
    std::fs::write(&path, text).unwrap();
    let mut layers = Layers::new::<Config>(PREFIX).retired(&RETIRED);
    layers.file(&path).and_then(|()| read(&layers)).map_err(|error| error.to_string().replace(&format!("{}/", dir.path().display()), ""))
}

/// The keys for which there are warnings.
fn dangers(text: &str) -> Vec<String> {
    file(text).unwrap().warnings().into_iter().map(|warning| warning.key).collect()
}

#[test]
fn the_printed_file_is_the_default() {
    let printed = settings::template::<Config>(PREFIX);
    let shown = |config: &Config| toml::Value::try_from(config).unwrap();
    assert_eq!(shown(&file(&printed).unwrap()), shown(&Config::default()));
    for line in printed.lines() {
        assert!(line.len() <= 160, "{line}");
    }
}

#[test]
fn every_option_says_what_it_is_for() {
    fn documented(keys: &[settings::SettingKey], above: &str) {
        for key in keys {
            assert!(key.doc.ends_with(['.', ')']), "{above}{}: {:?}", key.path, key.doc);
            if let settings::SettingKind::Tables(inner) = &key.kind {
                documented(inner, &format!("{}.", key.path));
            }
        }
    }
    let keys = settings::keys::keys::<Config>();
    assert!(keys.len() > 50);
    documented(&keys, "");
}

#[test]
fn what_cannot_be_is_told_with_its_line() {
    let told = |text: &str| file(text).unwrap_err();
    assert!(
        told("sandbox = true\n[identity]\nkeys = [\"k.pem\"]").starts_with("largesse.toml:2: identity: a sandbox makes its own identity")
    );
    assert!(told("books = [\"demo\", \"No\"]").starts_with("largesse.toml:1: books.1: "));
    assert!(told("services = [\"gifts\"]").starts_with("largesse.toml:1: services.0: unknown variant `gifts`"));
    assert!(told("[tls]\ncertificate = \"a.pem\"").starts_with("largesse.toml:1: tls.key: "));
    assert!(told("[calls]\ncalls_max = 0").starts_with("largesse.toml:1: calls: "));
    assert!(told("[calls]\narriving_bytes_max = 1000").contains("the largest message"));
    assert!(told("[ledger]\nbatch_max = 0").starts_with("largesse.toml:2: ledger.batch_max: must be 1 or more"));
    assert!(told("[gift]\nbatch_items_max = 0").contains("gift: gift.batch_items_max must be 1 to 1000"));
    assert!(told("[ledger]\ncache_mib = 0").starts_with("largesse.toml:2: ledger.cache_mib: 0 is not 1 to"));
    assert!(told("[listen]\ngrpc = \"here\"").starts_with("largesse.toml:2: listen.grpc: "));
    assert!(told("[telemetry]\nsample_ratio = 1.5").starts_with("largesse.toml:2: telemetry.sample_ratio: 1.5 is not"));
    let certified = "[[payout.banks]]\nname = \"b\"\ncallback_proof = \"certificate\"\n";
    assert!(told(certified).contains("payout.banks: the bank b: its callbacks are proved by its certificate, which needs"));
    let issuer = "[[identity.issuers]]\nissuer = \"a\"\nroles = [\"viewer\"]\njwks = \"http://login.example.com\"\n";
    assert!(told(issuer).starts_with("largesse.toml:4: identity.issuers.0.jwks: https only"));
    let twice = issuer.replace("http:", "https:").repeat(2);
    assert!(told(&twice).starts_with("largesse.toml:6: identity.issuers.1.issuer: \"a\" is listed already"), "{}", told(&twice));
}

#[test]
fn logins_that_are_mapped_never_meet_another_issuers() {
    let issuer = |name: &str, more: &str| {
        format!(
            "[[identity.issuers]]\nissuer = \"{name}\"\njwks = \"k.json\"\nroles = [\"viewer\"]\napps = {{ live = [\"demo\"] }}\n{more}\n"
        )
    };
    let escaped = "subject = \"escaped\"\nsubject_prefix = \"u-\"";
    let told = file(&(issuer("a", "") + &issuer("b", escaped))).unwrap_err();
    assert!(told.contains("identity.issuers.1.subject_prefix: users of \"a\" might get the same keys"), "{told}");
    assert!(file(&(issuer("a", "subject_prefix = \"a-\"") + &issuer("b", escaped))).is_ok());
    let told = file(&issuer("a", "subject = \"keyed_hash\"")).unwrap_err();
    assert!(told.contains("identity.issuers.0.subject_key_file: goes with"), "{told}");
    assert!(file(&issuer("a", "subject = \"hash\"")).unwrap_err().contains("identity.issuers.0.subject"));
}

#[test]
fn what_is_dangerous_is_warned_of() {
    assert_eq!(dangers("sandbox = true"), [""; 0]);
    let open = "sandbox = true\n[listen]\ngrpc = \"0.0.0.0:7070\"";
    assert_eq!(dangers(open), ["sandbox", "listen.grpc"]);
    assert_eq!(dangers("sandbox = true\n[peers]\nledger = \"http://ledger:7070\""), ["peers.ledger"]);
    assert_eq!(dangers("sandbox = true\n[peers]\nledger = \"http://127.0.0.1:7070\""), [""; 0]);
    assert_eq!(dangers("sandbox = true\n[ledger]\nlease_ms = 0"), ["ledger.lease_ms"]);
    assert_eq!(dangers("sandbox = true\n[telemetry]\notlp_endpoint = \"http://c:4317\"\nsample_ratio = 0.5"), ["telemetry.sample_ratio"]);
    for (url, dangerous) in [
        ("postgres://db.example.com/n", true),
        ("postgres://db.example.com/n?sslmode=prefer", true),
        ("postgres://db.example.com/n?sslmode=verify-full", false),
        ("postgres://u:p@127.0.0.1:5432/n", false),
        ("postgres://localhost/n?host=/run/postgresql", false),
        ("postgres://me@%2Frun%2Fpostgresql/n", false),
        ("postgres://db.example.com/n?host=%2Frun%2Fpostgresql", false),
    ] {
        let found = dangers(&format!("sandbox = true\ndatabase = \"{url}\""));
        assert_eq!(found.contains(&"database".to_owned()), dangerous, "{url}");
    }
    let issuer = "[[identity.issuers]]\nissuer = \"a\"\njwks = \"k.json\"\nroles = [\"viewer\", \"admin\"]\nlifetime_max_s = 0\n";
    let found = dangers(issuer);
    for option in ["roles", "apps", "lifetime_max_s"] {
        assert!(found.contains(&format!("identity.issuers.0.{option}")), "{found:?}");
    }
}

#[test]
fn a_password_is_never_shown() {
    let config = file("sandbox = true\ndatabase = \"postgres://u:hunter2@127.0.0.1/n\"").unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
    assert!(!toml::to_string(&config).unwrap().contains("hunter2"));
    assert!(config.into_options().unwrap().database.contains("hunter2"), "it is used, though");
    let told = file("database = \"mysql://u:hunter2@h/n\"").unwrap_err();
    assert!(!told.contains("hunter2"), "{told}");
}

#[test]
fn each_service_has_a_token_of_its_own_and_the_old_option_says_so() {
    let told = |text: &str| file(text).unwrap_err();
    let old = told("[identity]\nkeys = [\"k.pem\"]\nservice_token_file = \"gift.token\"");
    assert!(old.starts_with("largesse.toml:3: identity.service_token_file: there is no such option any more"), "{old}");
    assert!(old.contains("service_tokens = { gift = \"gift.token\" }"), "{old}");
    let wrong = told("[identity]\nservice_tokens = { gifts = \"a\" }");
    assert!(wrong.starts_with("largesse.toml:2: identity.service_tokens.gifts: "), "{wrong}");
    let one = "services = [\"ledger\", \"gift\"]\n[identity]\nkeys = [\"k.pem\"]\nservice_tokens = { ledger = \"a\" }";
    let missing = file(one).unwrap().into_options().unwrap_err().to_string();
    assert!(missing.contains("--service-token gift=FILE") && !missing.contains("ledger=FILE"), "{missing}");
    let both = one.replace("{ ledger", "{ gift = \"b\", ledger");
    let crate::IdentitySource::Configured { tokens, .. } = file(&both).unwrap().into_options().unwrap().identity else {
        panic!("configured")
    };
    assert_eq!(tokens, [(Service::Ledger, "a".into()), (Service::Gift, "b".into())].into());
}

#[test]
fn the_old_option_is_an_error_in_the_environment_too() {
    let mut layers = Layers::new::<Config>(PREFIX).retired(&RETIRED);
    let unknown = layers.environment([("LARGESSE_IDENTITY_SERVICE_TOKEN_FILE".to_owned(), "t".to_owned())], &BTreeMap::new());
    assert!(unknown.is_empty(), "{unknown:?}");
    let told = layers.read::<Config>().unwrap_err().to_string();
    assert!(told.starts_with("environment variable LARGESSE_IDENTITY_SERVICE_TOKEN_FILE: identity.service_token_file: "), "{told}");
}

#[test]
fn a_row_of_a_poster_is_read_strictly_and_told_by_its_key() {
    let row = |changed: &str| {
        let text =
            "[[ledger.posters]]\nservice = \"loyalty\"\nkind = \"bonus\"\ndebit = \"house/coins/issued\"\ncredit = \"viewer/*/coins\"\n";
        let (key, value) = changed.split_once('=').unwrap_or_default();
        let lines =
            text.lines().map(|line| if line.starts_with(key) && !key.is_empty() { format!("{key}={value}") } else { line.to_owned() });
        file(&lines.collect::<Vec<_>>().join("\n"))
    };
    assert_eq!(row("").unwrap().ledger.own_posters(), row("kind = \"bonus\"").unwrap().ledger.own_posters());
    for (changed, told) in [
        ("service = \"gift\"", "largesse.toml:2: ledger.posters.0.service: "),
        ("kind = \"payout.settle\"", "largesse.toml:3: ledger.posters.0.kind: "),
        ("debit = \"house/coins\"", "largesse.toml:4: ledger.posters.0.debit: "),
        ("credit = \"creator/*/diamonds\"", "largesse.toml:5: ledger.posters.0.credit: "),
    ] {
        let error = row(changed).unwrap_err();
        assert!(error.starts_with(told), "{changed}: {error}");
    }
}

#[test]
fn the_console_is_off_unless_it_has_an_address_or_a_whole_sandbox() {
    let listens = |text: &str| file(text).unwrap().into_options().unwrap().settings.console.listen.map(|address| address.to_string());
    assert_eq!(listens("sandbox = true").as_deref(), Some("127.0.0.1:7074"));
    assert_eq!(listens("sandbox = true\n[console]\nlisten = \"127.0.0.1:9\"").as_deref(), Some("127.0.0.1:9"));
    assert_eq!(listens("sandbox = true\nservices = [\"ledger\", \"gift\"]"), None);
    let identity = "services = [\"gift\"]\n[identity]\nkeys = [\"k.pem\"]\nservice_tokens = { gift = \"t\" }\n";
    assert_eq!(listens(identity), None);
    let read = |text: &str| file(&format!("{identity}[console]\nlisten = \"127.0.0.1:7074\"\n{text}"));
    let told = |text: &str| read(text).unwrap_err();
    // Only who serves is told: other commands read the same settings.
    let missing = |text: &str| read(text).unwrap().into_options().err().map(|error| error.to_string()).unwrap();
    assert!(missing("").contains("base_url: must be set where the console listens"), "{}", missing(""));
    let complete = "base_url = \"https://money.example\"\nissuer = \"https://login.example\"\nclient_id = \"c\"\n";
    assert!(missing(complete).contains("issuer: \"https://login.example\" is not among identity.issuers"), "{}", missing(complete));
    for (wrong, why) in [
        ("base_url = \"http://money.example\"", "largesse.toml:7: console.base_url: https only"),
        ("base_url = \"https://money.example/console\"", "console.base_url: without a path"),
        ("base_url = \"https://money.example/\"", "console.base_url: without a path"),
        ("issuer = \"http://login.example\"", "console.issuer: https only"),
        ("issuer = \"https://login.example\"", "console.client_id: goes with issuer"),
        ("session_idle_minutes = 0", "console.session_idle_minutes: 1 to 1440"),
        ("connections_max = 0", "console.connections_max: 1 or more"),
    ] {
        assert!(told(wrong).contains(why), "{wrong}: {}", told(wrong));
    }
    assert_eq!(dangers("sandbox = true\n[console]\nlisten = \"0.0.0.0:7074\""), ["console.listen", "listen.login"]);
}

/// Settings of a process with a console and an issuer of staff's tokens.
fn console(listed: &str, issuer: &str, more: &str) -> String {
    format!(
        "services = [\"gift\"]\n[identity]\nkeys = [\"k.pem\"]\nservice_tokens = {{ gift = \"t\" }}\n[[identity.issuers]]\nissuer = \"{listed}\"\n\
         jwks = \"k.json\"\nroles = [\"finance\"]\n[console]\nlisten = \"127.0.0.1:7074\"\nissuer = \"{issuer}\"\n{more}\n"
    )
}

#[test]
fn the_console_signs_in_where_its_tokens_are_accepted() {
    const LOGIN: &str = "https://login.example";
    let refused = |text: &str| file(text).unwrap().into_options().err().map(|error| error.to_string());
    let base = "client_id = \"c\"\nbase_url = \"https://money.example\"";
    assert_eq!(refused(&console(LOGIN, LOGIN, base)), None);
    // An ID token is for the client, so the issuer's audience has to be that.
    let id_token = console(LOGIN, LOGIN, &format!("{base}\nforward = \"id_token\""));
    assert!(refused(&id_token).unwrap().contains("forward: an ID token is for the client \"c\""), "{:?}", refused(&id_token));
    assert_eq!(refused(&id_token.replace("jwks =", "audience = \"c\"\njwks =")), None);
    // The login of a sandbox is for a sandbox, and a sandbox has no other.
    let pretend = file(&console("http://127.0.0.1:7075", LOGIN, base)).unwrap_err();
    assert!(pretend.contains("identity.issuers.0.issuer: this is where the login of a sandbox is"), "{pretend}");
    let other = "sandbox = true\n[console]\nclient_id = \"c\"\nissuer = \"https://login.example\"";
    assert!(refused(other).unwrap().contains("issuer: a sandbox trusts its own login alone"), "{:?}", refused(other));
    let here = console(LOGIN, LOGIN, "client_id = \"c\"\nbase_url = \"http://127.0.0.1:7074\"");
    assert!(dangers(&here).contains(&"console.base_url".to_owned()), "{:?}", dangers(&here));
    assert!(!dangers(&console(LOGIN, LOGIN, base)).contains(&"console.base_url".to_owned()));
}

#[test]
fn the_age_of_a_login_is_asked_where_it_is_set_and_a_warning_says_where_not() {
    let age = |text: &str| file(text).unwrap().into_options().unwrap().login_age_max.map(|age| age.as_secs());
    assert_eq!(age("sandbox = true"), None);
    assert_eq!(age("sandbox = true\n[identity.staff]\nlogin_age_max_s = 300"), Some(300));
    let wrong = file("[identity.staff]\nlogin_age_max_s = 86401").unwrap_err();
    assert!(wrong.starts_with("largesse.toml:2: identity.staff.login_age_max_s: at most 86400"), "{wrong}");
    let issuer = "[[identity.issuers]]\nissuer = \"a\"\njwks = \"k.json\"\nroles = [\"finance\"]\n";
    let unasked = "identity.staff.login_age_max_s".to_owned();
    assert!(dangers(issuer).contains(&unasked), "{:?}", dangers(issuer));
    assert!(!dangers(&format!("[identity.staff]\nlogin_age_max_s = 300\n{issuer}")).contains(&unasked));
}
