//! Unit tests of `config`.
use super::{address::check_loopback, *};

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
    let cases: [(&str, Change); 18] = [
        ("a bank's batch_booking", |config| {
            let address = "us-account:021000021:6600001234".to_owned();
            config.banks = sandbox().with_sandbox_ach("http://127.0.0.1:1/ach/".to_owned(), "021000021", address).banks;
            config.banks[1].batch_booking = true;
        }),
        ("in_flight_max", |config| config.in_flight_max = 0),
        ("message_payments_max", |config| config.message_payments_max = 0),
        ("message_payments_max", |config| config.message_payments_max = 1_001),
        ("a bank's message_payments_max", |config| {
            config.banks = sandbox().banks;
            config.banks[0].message_payments_max = 1_001;
        }),
        ("a bank's message_payments_max", |config| {
            let address = "us-account:021000021:6600001234".to_owned();
            config.banks = sandbox().with_sandbox_ach("http://127.0.0.1:1/ach/".to_owned(), "021000021", address).banks;
            config.banks[1].message_payments_max = 2;
        }),
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
    ];
    for (option, change) in cases {
        let mut config = Config::default();
        change(&mut config);
        let told = config.check().unwrap_err().to_string();
        assert!(told.starts_with(&format!("{option} must be ")), "{option}: {told}");
    }
}

fn sandbox() -> Config {
    let account = |code| {
        let currency = Currency::try_new(code).unwrap();
        (currency, sandbox::bank::own_account(currency).canonical())
    };
    Config::sandbox(PathBuf::from("key"), "http://127.0.0.1:1".to_owned(), vec![account("USD"), account("EUR")])
}

#[test]
fn options_of_screening_and_reviews_that_cannot_work_are_refused_by_name() {
    type Change = fn(&mut Config);
    let approval = |currency: &str, above_minor_units, minor_units_max| ApprovalConfig {
        currency: currency.to_owned(),
        above_minor_units,
        minor_units_max,
    };
    let limited = |limit: TierLimitConfig| TierConfig { name: "basic".to_owned(), limits: vec![limit], ..TierConfig::default() };
    let usd = || TierLimitConfig { currency: "USD".to_owned(), ..TierLimitConfig::default() };
    let mut sound = Config::default();
    sound.review.approvals = vec![approval("USD", 0, 0), approval("EUR", 1, money::AMOUNT_MAX)];
    sound.review.tiers = vec![limited(TierLimitConfig { window: DAY, window_payouts_max: 1, ..usd() })];
    sound.review.default_tier = "basic".to_owned();
    sound.check().unwrap();
    let cases: [(&str, Change); 8] = [
        ("screening.reload_interval_ms", |config| config.screening.reload_interval = Duration::ZERO),
        ("screening.report_business_days", |config| config.screening.report_business_days = 0),
        ("screening.lists.name", |config| config.screening.lists = vec![ScreeningListConfig::default()]),
        ("screening.lists.edition", |config| {
            let (name, edition) = ("TEST".to_owned(), "yesterday".to_owned());
            config.screening.lists = vec![ScreeningListConfig { name, edition, ..ScreeningListConfig::default() }];
        }),
        ("review.default_tier", |config| config.review.default_tier = "gold".to_owned()),
        ("review.first_payout_delay_s", |config| config.review.first_payout_delay = Duration::MAX),
        ("review.tiers.name", |config| config.review.tiers = vec![TierConfig::default()]),
        ("review.approvals.currency", |config| config.review.approvals = vec![ApprovalConfig::default()]),
    ];
    for (option, change) in cases {
        let mut config = Config::default();
        change(&mut config);
        let told = config.check().unwrap_err().to_string();
        assert!(told.starts_with(&format!("{option} must be ")), "{option}: {told}");
    }
    for wrong in [approval("USD", -1, 9), approval("USD", 10, 9), approval("USD", 0, i64::MAX)] {
        let review = ReviewConfig { approvals: vec![wrong], ..ReviewConfig::default() };
        assert!(review.check().is_err());
    }
    let twice = ReviewConfig { approvals: vec![approval("USD", 1, 2), approval("USD", 1, 2)], ..ReviewConfig::default() };
    assert!(twice.check().is_err(), "two thresholds in one currency");
    for wrong in [
        TierLimitConfig { currency: "US".to_owned(), ..usd() },
        TierLimitConfig { payout_minor_units_max: -1, ..usd() },
        TierLimitConfig { window: DAY, ..usd() },
        TierLimitConfig { window_minor_units_max: 1, ..usd() },
        TierLimitConfig { window: Duration::MAX, window_payouts_max: 1, ..usd() },
    ] {
        assert!(ReviewConfig { tiers: vec![limited(wrong.clone())], ..ReviewConfig::default() }.check().is_err(), "{wrong:?}");
    }
}

#[test]
fn our_own_name_fits_the_rails_it_is_sent_over() {
    let mut config = sandbox();
    assert!(config.check().is_ok());
    for name in ["L".repeat(141), String::new(), "\u{5c71}".to_owned()] {
        config.banks[0].debtor_name = name.clone();
        assert!(matches!(config.check(), Err(InvalidPayoutOption::DebtorName { .. })), "{name}");
    }
}

#[test]
fn a_bank_that_could_not_pay_is_refused_by_name() {
    type Change = fn(&mut BankConfig);
    let cases: [(&str, Change); 17] = [
        ("a bank's name must", |bank| bank.name = "First Bank".to_owned()),
        ("a bank's entity must", |bank| bank.entity.clear()),
        ("the TEST bank must be at", |bank| bank.url = "http://bank.example/".to_owned()),
        ("a bank of LIVE books must be at", |bank| bank.books = BankBooksKind::Live),
        ("a bank's callback_keys_url must", |bank| bank.callback_keys_url = "http://bank.example/keys".to_owned()),
        ("a bank's callback_keys_url must", |bank| bank.callback_keys_url = "keys.json".to_owned()),
        ("a bank's callback_keys_url must", |bank| bank.callback_keys_file = PathBuf::from("keys.json")),
        ("a bank's payee_time_out_ms must", |bank| bank.payee_time_out = 2 * HOUR),
        ("a bank's payee_time_out_ms must", |bank| bank.protocol = BankProtocol::Api),
        ("a bank account's id must", |bank| bank.accounts[0].id = "A".to_owned()),
        ("a bank account's currency must", |bank| bank.accounts[0].currency = "USX".to_owned()),
        ("bank account main: ", |bank| bank.accounts[0].address = "us-account:021000022:4400001234".to_owned()),
        ("a bank account's reference_prefix must", |bank| bank.accounts[0].reference_prefix = "toolong".to_owned()),
        // The beginning of the other account's.
        ("a bank account's reference_prefix must", |bank| bank.accounts[0].reference_prefix = "SE".to_owned()),
        ("there is no rail us-telex", |bank| bank.rails[0].rail = "us-telex".to_owned()),
        ("a rail's time-out must", |bank| bank.rails[0].time_out = 2 * HOUR),
        ("the bank sandbox offers br-pix", |bank| bank.rails[0].rail = "br-pix".to_owned()),
    ];
    for (beginning, change) in cases {
        let mut config = sandbox();
        change(&mut config.banks[0]);
        let told = config.check().unwrap_err().to_string();
        assert!(told.starts_with(beginning), "{beginning}: {told}");
    }
    let mut live = sandbox();
    (live.banks[0].books, live.banks[0].url) = (BankBooksKind::Live, "https://bank.example/api/".to_owned());
    assert!(live.check().unwrap_err().to_string().contains("callback_keys_url"), "a pretend bank's keys sign nothing for LIVE books");
    live.banks[0].callback_keys_url = "https://bank.example/keys".to_owned();
    assert!(live.check().is_ok());
    for url in
        ["https://localhost/", "https://127.0.0.1/", "http://bank.example/", "https://user@bank.example/", "https://bank.example/api"]
    {
        live.banks[0].url = url.to_owned();
        assert!(matches!(live.check(), Err(InvalidPayoutOption::NotRemote(_))), "{url}");
    }
    let mut twice = sandbox();
    twice.banks.push(twice.banks[0].clone());
    assert!(matches!(twice.check(), Err(InvalidPayoutOption::BankTwice(_))));
}

#[test]
fn an_entity_has_one_name_a_day_that_every_rail_carries() {
    let row =
        |name: &str, from: &str| EntityConfig { id: "acme".to_owned(), name: name.to_owned(), from: from.to_owned(), ..Default::default() };
    let with = |entities: Vec<EntityConfig>| Config { entities, ..sandbox() };
    let config = with(vec![row("Second", "2026-11-28"), row("First", "")]);
    config.check().unwrap();
    let name = |id: &str, day: &str| config.entity_on(id, day.parse().unwrap()).map(|row| row.name.clone());
    assert_eq!((name("acme", "2026-11-27").unwrap(), name("acme", "2026-11-28").unwrap()), ("First".to_owned(), "Second".to_owned()));
    assert_eq!(name("beta", "2026-11-28"), None);
    for (entities, wrong) in [
        (vec![row("", "")], "an entity's name"),
        (vec![row("Acmé", "")], "an entity's name"),
        (vec![row(&"A".repeat(71), "")], "an entity's name"),
        (vec![row("Acme", "soon")], "an entity's from"),
        (vec![row("Acme", ""), row("Other", "")], "entities must be different"),
        (vec![EntityConfig { id: "A b".to_owned(), ..row("Acme", "") }], "an entity's id"),
        (vec![EntityConfig { registration: "1".repeat(36), ..row("Acme", "") }], "an entity's registration"),
    ] {
        let error = with(entities).check().unwrap_err().to_string();
        assert!(error.contains(wrong), "{error}");
    }
    let mut by_api = with(vec![row("Acme", "")]);
    by_api.banks[0].protocol = BankProtocol::Api;
    assert!(by_api.check_entities().unwrap_err().to_string().contains("an entity's registration"));
}

#[test]
fn callbacks_are_proved_in_one_way_that_is_complete() {
    type Change = fn(&mut BankConfig, &std::path::Path);
    let dir = tempfile::tempdir().unwrap();
    testbed::authority::Authority::new(dir.path(), "ca");
    let certified: Change = |bank, dir| {
        bank.callback_keys_url.clear();
        (bank.callback_proof, bank.callback_ca) = (CallbackProof::Certificate, dir.join("ca.pem"));
        bank.callback_names = vec!["CN=bank".to_owned()];
    };
    let refused: [(&str, Change); 11] = [
        ("a bank's callback_ca must be given", |bank, _| bank.callback_ca = PathBuf::new()),
        ("a bank's callback_names must be 1 to 20", |bank, _| bank.callback_names.clear()),
        ("a bank's callback_names must be 1 to 20", |bank, _| bank.callback_names[0].clear()),
        ("a bank's callback_proof must be detached or jws", |bank, _| bank.callback_keys_url = "http://127.0.0.1:1/".to_owned()),
        ("a bank's callback_proof must be detached or jws", |bank, _| bank.callback_signature_header = "x-jws".to_owned()),
        ("a bank's callback_ca: ", |bank, dir| bank.callback_ca = dir.join("none.pem")),
        ("a bank's callback_ca: ", |bank, _| bank.callback_ca = PathBuf::from("/dev/null")),
        ("a bank's callback_proof must be certificate", |bank, _| bank.callback_proof = CallbackProof::Jws),
        ("a bank's callback_proof must be left out", |bank, _| {
            *bank =
                BankConfig { callback_proof: CallbackProof::Jws, callback_ca: PathBuf::new(), callback_names: Vec::new(), ..bank.clone() };
        }),
        ("a bank's callback_signature_header must", |bank, _| {
            *bank = sandbox().banks.remove(0);
            bank.callback_signature_header = "Key-Id".to_owned();
        }),
        ("a bank's callback_signature_header must", |bank, _| {
            *bank = sandbox().banks.remove(0);
            bank.callback_signature_header = "a header".to_owned();
        }),
    ];
    let mut fits = sandbox();
    certified(&mut fits.banks[0], dir.path());
    assert!(fits.check().is_ok());
    for (beginning, change) in refused {
        let mut config = fits.clone();
        change(&mut config.banks[0], dir.path());
        let told = config.check().unwrap_err().to_string();
        assert!(told.starts_with(beginning), "{beginning}: {told}");
    }
    let mut jws = sandbox();
    (jws.banks[0].callback_proof, jws.banks[0].callback_signature_header) = (CallbackProof::Jws, "X-JWS".to_owned());
    assert!(jws.check().is_ok());
}

#[test]
fn files_of_rails_and_participants_are_read_and_their_faults_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let mut config = sandbox();
    let list = |file: PathBuf, edition: &str| ParticipantsFile { rail: "us-rtp".to_owned(), edition: edition.to_owned(), file };
    let header = "kind,key,receives,extended_hours,from,until\n";
    let good = file("rtp.csv", &format!("{header}routing-number,121000248,yes,no,,\n"));
    config.route.participants = vec![list(good.clone(), "2026-11-26")];
    assert!(config.route.read().unwrap().participants.list("us-rtp").is_some_and(|list| list.len() == 1));
    for (wrong, says) in [
        (list(good, "yesterday"), "its edition must be a day"),
        (list(file("bad.csv", &format!("{header}routing-number,121000249,yes,no,,\n")), "2026-11-26"), "line 2"),
        (list(dir.path().join("none.csv"), "2026-11-26"), "none.csv"),
    ] {
        config.route.participants = vec![wrong];
        let told = config.check().unwrap_err().to_string();
        assert!(told.contains(says), "{told}");
    }
    config.route.participants.clear();
    config.route.rails_file = file("rails.toml", "[[rail]]\nid = \"us-rtp\"\n");
    assert!(config.check().unwrap_err().to_string().contains("largesse rails check"));
    config.route.rails_file = PathBuf::new();
    config.route.caps =
        vec![PolicyCap { rail: "us-rtp".to_owned(), amount: "5.00".to_owned(), currency: "USD".to_owned(), from: String::new() }];
    assert_eq!(config.route.read().unwrap().policy.caps["us-rtp"][0].amount.minor_units(), 500);
    for (amount, currency, from) in [("x", "USD", ""), ("5.00", "USX", ""), ("5.00", "USD", "soon"), ("-1", "USD", "")] {
        let [amount, currency, from] = [amount, currency, from].map(str::to_owned);
        config.route.caps = vec![PolicyCap { rail: "us-rtp".to_owned(), amount, currency, from }];
        assert!(config.check().unwrap_err().to_string().starts_with("route.caps must be"));
    }
}

/// A bank that speaks JSON, with its key in a directory.
fn api_bank(dir: &std::path::Path) -> Config {
    use std::os::unix::fs::PermissionsExt as _;
    let key_file = dir.join("client.pem");
    std::fs::write(&key_file, sandbox::globalbank::TEST_CLIENT_KEY).unwrap();
    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let mut config = sandbox();
    let bank = &mut config.banks[0];
    bank.protocol = BankProtocol::Api;
    bank.callback_keys_url.clear();
    bank.payee_time_out = Duration::ZERO;
    bank.rails.retain(|rail| ["us-rtp", "us-ach", "sepa-instant", "ewallet-paypal"].contains(&rail.rail.as_str()));
    bank.api = ApiBankConfig {
        client_id: "largesse".to_owned(),
        key_file,
        key_id: "KID".to_owned(),
        token_url: "http://127.0.0.1:1/oauth2/token".to_owned(),
        resource: "payments".to_owned(),
        branch_bic: "CHASDEFX".to_owned(),
        company_id: "1234567890".to_owned(),
        ..ApiBankConfig::default()
    };
    config
}

#[test]
fn a_bank_that_speaks_json_and_could_not_pay_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    assert!(api_bank(dir.path()).check().is_ok());
    type Change = fn(&mut BankConfig);
    let cases: [(&str, Change); 17] = [
        ("a bank's api.client_id must", |bank| bank.api.client_id.clear()),
        ("a bank's api.client_id must", |bank| bank.api.client_id = "two words".to_owned()),
        ("a bank's api.key_id must be given if", |bank| bank.api.key_id.clear()),
        ("a bank's api.key_id must be given if", |bank| bank.api.certificate_file = PathBuf::from("both")),
        ("a bank's api.resource must", |bank| bank.api.resource.clear()),
        ("a bank's api.scopes must", |bank| bank.api.scopes = vec!["a&grant_type=x".to_owned()]),
        ("a bank's api.branch_bic must be a BIC", |bank| bank.api.branch_bic = "CHAS".to_owned()),
        ("a bank's api.branch_bic must be given", |bank| bank.api.branch_bic.clear()),
        ("a bank's api.company_id must be given", |bank| bank.api.company_id.clear()),
        ("a bank's api.token_url must", |bank| bank.api.token_url.clear()),
        ("a bank's api.token_url must", |bank| bank.api.token_url = "http://bank.example/token".to_owned()),
        ("a bank's api.token_url must", |bank| bank.api.token_url = "http://user@127.0.0.1/token".to_owned()),
        ("the bank sandbox offers us-fednow, which", |bank| bank.rails[0].rail = "us-fednow".to_owned()),
        ("none.pem: it can't be read", |bank| bank.api.key_file.set_file_name("none.pem")),
        ("none.crt: it can't be read", |bank| {
            bank.api.key_id.clear();
            bank.api.certificate_file = bank.api.key_file.with_file_name("none.crt");
        }),
        ("client.pem: it has no certificate", |bank| {
            bank.api.key_id.clear();
            bank.api.certificate_file = bank.api.key_file.clone();
        }),
        // For LIVE books both addresses are of other machines, over TLS.
        ("a bank's api.token_url must", |bank| {
            (bank.books, bank.url) = (BankBooksKind::Live, "https://bank.example/".to_owned());
        }),
    ];
    for (says, change) in cases {
        let mut config = api_bank(dir.path());
        change(&mut config.banks[0]);
        let told = config.check().unwrap_err().to_string();
        assert!(told.contains(says), "{says}: {told}");
    }
    let mut live = api_bank(dir.path());
    (live.banks[0].books, live.banks[0].url) = (BankBooksKind::Live, "https://bank.example/".to_owned());
    live.banks[0].api.token_url = "https://id.bank.example/token".to_owned();
    assert!(live.check().is_ok());
}

#[test]
fn a_key_that_others_may_read_or_that_is_none_is_refused_without_its_content() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let config = api_bank(dir.path());
    let file = &config.banks[0].api.key_file;
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o604)).unwrap();
    assert!(config.check().unwrap_err().to_string().contains("others than its owner may read it"));
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o600)).unwrap();
    // The key of a client certificate as well, before it is read.
    let mut shown =
        BankConfig { books: BankBooksKind::Live, tls_certificate: file.clone(), tls_key: file.clone(), ..config.banks[0].clone() };
    let told = shown.client().unwrap_err().to_string();
    assert!(!told.contains("others than its owner"), "{told}");
    shown.tls_key = dir.path().join("exposed.key");
    std::fs::write(&shown.tls_key, "SECRET").unwrap();
    std::fs::set_permissions(&shown.tls_key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let told = shown.client().unwrap_err().to_string();
    assert!(told.contains("exposed.key: others than its owner may read it") && !told.contains("SECRET"), "{told}");
    let long = "x".repeat(70_000);
    for content in ["", "SECRET", "-----BEGIN PRIVATE KEY-----\nU0VDUkVU\n-----END PRIVATE KEY-----\n", long.as_str()] {
        std::fs::write(file, content).unwrap();
        let told = config.check().unwrap_err().to_string();
        assert!(told.contains("client.pem: ") && !told.contains("SECRET") && !told.contains("U0VDUkVU"), "{told}");
    }
}

#[test]
fn a_bank_that_takes_ach_files_is_refused_what_no_file_can_have() {
    let sandbox = || {
        Config::default().with_sandbox_ach("http://127.0.0.1:1/ach/".to_owned(), "021000021", "us-account:021000021:6600001234".to_owned())
    };
    assert!(sandbox().check().is_ok(), "{:?}", sandbox().check());
    type Change = fn(&mut BankConfig);
    let cases: [(&str, Change); 8] = [
        ("routing_number", |bank| bank.nacha.routing_number = "021000022".to_owned()),
        ("company_id", |bank| bank.nacha.company_id = String::new()),
        ("origin", |bank| (bank.nacha.company_id, bank.nacha.origin) = ("1".to_owned(), "12345678".to_owned())),
        ("company_name", |bank| bank.nacha.company_name = "ÄRGER".to_owned()),
        ("description", |bank| bank.nacha.description = "Payroll".to_owned()),
        ("poll_ms", |bank| bank.nacha.poll = Duration::ZERO),
        ("one account", |bank| {
            bank.accounts.push(BankAccountConfig { id: "other".to_owned(), reference_prefix: "O".to_owned(), ..bank.accounts[0].clone() })
        }),
        ("us-rtp", |bank| bank.rails.push(BankRailConfig { rail: "us-rtp".to_owned(), ..BankRailConfig::default() })),
    ];
    for (named, change) in cases {
        let mut config = sandbox();
        change(&mut config.banks[0]);
        let refused = config.check().unwrap_err().to_string();
        assert!(refused.contains(named), "{named}: {refused}");
    }
}

#[test]
fn in_a_sandbox_ach_is_paid_in_files_and_by_one_bank() {
    let dollars = vec![(Currency::try_new("USD").unwrap(), "us-account:021000021:4400001234".to_owned())];
    let made = Config::sandbox(PathBuf::from("k"), "http://127.0.0.1:1".to_owned(), dollars);
    let made = made.with_sandbox_ach("http://127.0.0.1:1/ach/".to_owned(), "021000021", "us-account:021000021:6600001234".to_owned());
    let of = |bank: &BankConfig| bank.rails.iter().filter(|rail| rail.rail.starts_with("us-ach")).count();
    assert_eq!(made.banks.iter().map(of).collect::<Vec<_>>(), [0, 2]);
    assert!(made.banks[0].rails.iter().any(|rail| rail.rail == "us-rtp"));
}

#[test]
fn in_a_sandbox_wallets_are_paid_by_the_bank_that_speaks_json_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let key_file = dir.path().join("client.pem");
    std::fs::write(&key_file, sandbox::globalbank::TEST_CLIENT_KEY).unwrap();
    std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let dollars = vec![(Currency::try_new("USD").unwrap(), "us-account:021000021:4400001234".to_owned())];
    let made = Config::sandbox(PathBuf::from("k"), "http://127.0.0.1:1".to_owned(), dollars).with_sandbox_api(SandboxApiAccess {
        url: "http://127.0.0.1:1/global/".to_owned(),
        client_id: "largesse".to_owned(),
        key_id: "sandbox".to_owned(),
        key_file,
        address: "us-account:021000021:5500001234".to_owned(),
    });
    assert!(made.check().is_ok(), "{:?}", made.check());
    let of = |bank: &BankConfig| bank.rails.iter().filter(|rail| rail.rail.starts_with("ewallet")).count();
    assert_eq!(made.banks.iter().map(of).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(made.banks[1].api.token_url, "http://127.0.0.1:1/global/oauth2/token");
}
