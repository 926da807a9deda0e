//! Settings as commands read them: `config check` refuses what `serve` would refuse, no secret is printed, and every command takes the same file.
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

const SECRET: &str = "hunter2";

/// Runs the binary without the environment variables that it would read.
fn largesse(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_largesse"));
    command.args(arguments).current_dir(dir);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LARGESSE_")) {
        command.env_remove(name);
    }
    command.env_remove("RUST_LOG");
    command
}

fn ran(mut command: Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

pub fn run(dir: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    ran(largesse(dir, arguments))
}

fn openssl(dir: &Path, arguments: &str) {
    let output = Command::new("openssl").args(arguments.split_whitespace()).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

const GIFTS: &str = "version = \"1\"\ngifts = [{ id = 1, name = \"Pear\", cost_coins = 5 }]\n";
const PACKAGES: &str = "version = \"1\"\n[[package]]\nproduct_id = \"p\"\nmarket = \"US\"\nchannel = \"app\"\ncoins = 5\ncurrency = \"USD\"\nprice = \"1.00\"\n";
const RATES: &str = "version = \"1\"\n[terms]\nwithholding_bps = 0\nmaturity_days = 0\nquote_ttl_minutes = 15\n[[rates]]\ncurrency = \"USD\"\n\
    from = \"2024-01-01\"\nper_diamond = \"0.004\"\nbasis = \"ours\"\nminimum_minor_units = 1\nfee_minor_units = 0\n";

/// All services with real identities, certificates and lists, in a directory with all the files.
const GOOD: &str = "services = [\"ledger\", \"support\", \"gift\", \"purchase\", \"earnings\", \"payout\", \"treasury\", \"monitor\"]
[listen]
grpc = \"127.0.0.1:0\"
[tls]
certificate = \"a.pem\"
key = \"a.key\"
client_ca = \"a.pem\"
clients = [{ identity = \"spiffe://x\", role = \"service\" }]
[identity]
keys = [\"house/identity.pub.pem\"]
service_tokens = { ledger = \"ledger.token\", support = \"support.token\", gift = \"gift.token\", purchase = \"purchase.token\", \
    earnings = \"earnings.token\", payout = \"payout.token\", treasury = \"treasury.token\", monitor = \"monitor.token\" }
[ledger]
heads_dir = \"heads\"
[gift]
catalogue = \"gifts.toml\"
[purchase]
packages = \"packages.toml\"
[earnings]
rate_card = \"rates.toml\"
[payout]
key_file = \"seal.key\"
";

fn prepared() -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_owned();
    for name in ["a", "b"] {
        openssl(
            &path,
            &format!(
                "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={name} -keyout {name}.key -out {name}.pem"
            ),
        );
    }
    for service in ["ledger", "support", "gift", "purchase", "earnings", "payout", "treasury", "monitor"] {
        let (code, token, error) = run(&path, &["token", "--create", "--data-dir", "house", "--sub", service, "--role", "service"]);
        assert_eq!(code, Some(0), "{error}");
        let file = path.join(format!("{service}.token"));
        fs::write(&file, token).unwrap();
        fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
    }
    let seal = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    for (name, text) in [
        ("gifts.toml", GIFTS),
        ("packages.toml", PACKAGES),
        ("rates.toml", RATES),
        ("seal.key", seal),
        ("empty.toml", ""),
        ("braces.toml", "{}"),
    ] {
        fs::write(path.join(name), text).unwrap();
        fs::set_permissions(path.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    }
    (dir, path)
}

/// The refusal of a changed file by `config check` and `serve`, which must be the same.
fn refused(dir: &Path, from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    fs::write(dir.join("wrong.toml"), GOOD.replace(from, to)).unwrap();
    let (code, out, checked) = run(dir, &["config", "check", "--config", "wrong.toml"]);
    assert_eq!((code, out.contains("would start")), (Some(2), false), "{to}: {out}{checked}");
    let (code, out, served) = run(dir, &["serve", "--config", "wrong.toml"]);
    assert_eq!((code, out.as_str()), (Some(2), ""), "{to}: {served}");
    assert_eq!(checked, served, "{to}");
    assert!(!dir.join("data/ledger.db").exists(), "{to}: something was opened");
    checked
}

#[test]
fn config_check_reads_every_file_that_serve_reads() {
    let (_dir, dir) = prepared();
    fs::write(dir.join("good.toml"), GOOD).unwrap();
    let (code, out, error) = run(&dir, &["config", "check", "--config", "good.toml"]);
    assert_eq!(code, Some(0), "{out}{error}");
    for (from, to, words) in [
        ("key = \"a.key\"", "key = \"b.key\"", vec!["wrong.toml:", "tls"]),
        ("client_ca = \"a.pem\"", "client_ca = \"nope.pem\"", vec!["wrong.toml:", "tls", "nope.pem"]),
        ("certificate = \"a.pem\"", "certificate = \"empty.toml\"", vec!["wrong.toml:", "tls", "empty.toml"]),
        ("house/identity.pub.pem", "nope.pem", vec!["wrong.toml:10: identity.keys", "nope.pem"]),
        ("house/identity.pub.pem", "a.pem", vec!["wrong.toml:10: identity.keys", "a.pem"]),
        ("\"gift.token\"", "\"nope\"", vec!["wrong.toml:11: identity.service_tokens.gift: ", "nope"]),
        ("\"gift.token\"", "\"empty.toml\"", vec!["wrong.toml:11: identity.service_tokens.gift: "]),
        ("\"gift.token\"", "\"payout.token\"", vec!["wrong.toml:11: identity.service_tokens.gift: ", "payout", "--sub gift"]),
        (
            "service_tokens = {",
            "service_token_file = \"gift.token\"\nservice_tokens = {",
            vec!["wrong.toml:11: identity.service_token_file: ", "identity.service_tokens", "--sub gift"],
        ),
        (
            "heads_dir = \"heads\"",
            "heads_dir = \"heads\"\n[[ledger.posters]]\nservice = \"loyalty\"\nkind = \"gift\"\ndebit = \"house/coins/issued\"\ncredit = \"viewer/*/coins\"",
            vec!["wrong.toml:16: ledger.posters.0.kind: ", "gift"],
        ),
        (
            "heads_dir = \"heads\"",
            "heads_dir = \"heads\"\n[[ledger.posters]]\nservice = \"loyalty\"\nkind = \"bonus\"\ndebit = \"house/coins/issued\"\ncredit = \"viewer/ada/coins\"",
            vec!["wrong.toml:18: ledger.posters.0.credit: ", "viewer/ada/coins"],
        ),
        ("gifts.toml", "nope.toml", vec!["wrong.toml:15: gift.catalogue: ", "nope.toml"]),
        ("gifts.toml", "braces.toml", vec!["wrong.toml:15: gift.catalogue: ", "braces.toml, line 1"]),
        ("packages.toml", "gifts.toml", vec!["wrong.toml:17: purchase.packages: ", "gifts.toml, line "]),
        ("rates.toml", "braces.toml", vec!["wrong.toml:19: earnings.rate_card: ", "braces.toml, line 1"]),
        ("[purchase]", "[purchase]\nspending_rules = \"nope.toml\"", vec!["wrong.toml:17: purchase.spending_rules: ", "nope.toml"]),
        ("[purchase]", "[purchase]\nspending_rules = \"braces.toml\"", vec!["wrong.toml:17: purchase.spending_rules: ", "braces.toml"]),
        ("[purchase]", "[purchase]\nwallet_rules = \"nope.toml\"", vec!["wrong.toml:17: purchase.wallet_rules: ", "nope.toml"]),
        ("[purchase]", "[purchase]\nwallet_rules = \"braces.toml\"", vec!["wrong.toml:17: purchase.wallet_rules: ", "braces.toml"]),
        ("[purchase]", "[purchase]\napple_roots = [\"nope.cer\"]", vec!["wrong.toml:17: purchase.apple_roots: ", "nope.cer"]),
        ("[purchase]", "[purchase]\napple_roots = [\"gifts.toml\"]", vec!["wrong.toml:17: purchase.apple_roots: ", "gifts.toml"]),
        ("seal.key", "nope.key", vec!["wrong.toml:21: payout.key_file: ", "nope.key"]),
        ("seal.key", "gifts.toml", vec!["wrong.toml:21: payout.key_file: ", "gifts.toml"]),
        (
            "grpc = \"127.0.0.1:0\"",
            "grpc = \"127.0.0.1:7070\"\nhttp = \"127.0.0.1:7070\"",
            vec!["wrong.toml:4: listen.http: ", "listen.grpc"],
        ),
        (
            "grpc = \"127.0.0.1:0\"",
            "grpc = \"127.0.0.1:7070\"\nhttp = \"0.0.0.0:7070\"",
            vec!["wrong.toml:4: listen.http: ", "listen.grpc"],
        ),
        ("services =", "data_dir = \"gifts.toml\"\nservices =", vec!["wrong.toml:1: data_dir: ", "gifts.toml"]),
        ("services =", "database = \"sqlite:gifts.toml\"\nservices =", vec!["wrong.toml:1: database: ", "gifts.toml"]),
        ("heads_dir = \"heads\"", "heads_dir = \"gifts.toml\"", vec!["wrong.toml:13: ledger.heads_dir: ", "gifts.toml"]),
    ] {
        let told = refused(&dir, from, to);
        for word in words {
            assert!(told.contains(word), "{to}: {word}: {told}");
        }
    }
}

#[test]
fn config_check_reads_what_stores_and_sanctions_lists_are_made_of() {
    let (_dir, dir) = prepared();
    for (from, to, words) in [
        (
            "[purchase]",
            "[[purchase.stripe]]\naccount_id = \"acct_1\"\nbook = \"main\"\nsecret_key_file = \"nope.key\"\nwebhook_secret_file = \"nope.key\"\n[purchase]",
            vec!["wrong.toml:", "purchase.stripe", "nope.key"],
        ),
        (
            "[purchase]",
            "[[purchase.alipay]]\napp_id = \"2021000000000001\"\nseller_id = \"2088000000000002\"\nbook = \"main\"\nprivate_key_file = \"nope.pem\"\n\
             alipay_public_key_file = \"nope.pem\"\nnotify_url = \"https://coins.example.com/webhooks/store/alipay\"\n[purchase]",
            vec!["wrong.toml:", "purchase.alipay", "nope.pem"],
        ),
        (
            "[purchase]",
            "[[purchase.wechat]]\nmchid = \"1900000001\"\nappid = \"wx0000000000000001\"\nbook = \"main\"\nprivate_key_file = \"nope.pem\"\n\
             certificate_serial = \"5157F09EFDC096DE15EBE81A47057A7232F1B8E1\"\napi_v3_key_file = \"nope.key\"\n\
             platform_keys = [{ serial = \"PUB_KEY_ID_0\", file = \"nope.pem\" }]\n\
             notify_url = \"https://coins.example.com/webhooks/store/wechat\"\n[purchase]",
            vec!["wrong.toml:", "purchase.wechat", "nope.pem"],
        ),
        (
            "key_file = \"seal.key\"",
            "key_file = \"seal.key\"\n[[payout.screening.lists]]\nname = \"sdn\"\nsource = \"OFAC\"\nprimary_file = \"nope.csv\"\n\
             alternate_file = \"nope.csv\"\naddress_file = \"nope.csv\"\ncomments_file = \"nope.csv\"",
            vec!["wrong.toml:", "payout.screening.lists", "nope.csv"],
        ),
    ] {
        let told = refused(&dir, from, to);
        for word in words {
            assert!(told.contains(word), "{to}: {word}: {told}");
        }
    }
}

#[test]
fn only_a_sandbox_sells_the_lists_that_are_built_in() {
    let (_dir, dir) = prepared();
    for (from, key) in [
        ("catalogue = \"gifts.toml\"", "gift.catalogue"),
        ("packages = \"packages.toml\"", "purchase.packages"),
        ("rate_card = \"rates.toml\"", "earnings.rate_card"),
    ] {
        let told = refused(&dir, from, "");
        assert!(told.contains(key) && told.contains("built in") && told.contains("largesse lists"), "{told}");
    }
    let (code, out, error) = run(&dir, &["config", "check", "--set", "sandbox=true"]);
    assert_eq!(code, Some(0), "{out}{error}");
}

#[test]
fn mistakes_in_a_value_say_what_a_value_looks_like() {
    let dir = tempfile::tempdir().unwrap();
    for (setting, words) in [
        ("listen.grpc=localhost:7070", vec!["localhost:7070", "127.0.0.1:7070"]),
        ("listen.grcp=127.0.0.1:7070", vec!["listen.grpc"]),
        ("gift.batch_items_max=many", vec!["many", "whole number"]),
        ("gift.batch_items_max=-1", vec!["-1", "0 or more"]),
        ("telemetry.log_formt=json", vec!["telemetry.log_format"]),
    ] {
        let (code, _, error) = run(dir.path(), &["config", "check", "--set", "sandbox=true", "--set", setting]);
        assert_eq!(code, Some(2), "{setting}: {error}");
        for word in words {
            assert!(error.contains(word), "{setting}: {word}: {error}");
        }
    }
    let (code, _, error) = run(dir.path(), &["config", "check", "--config", "nope.toml"]);
    assert_eq!(code, Some(2));
    assert!(error.starts_with("largesse: nope.toml: ") && error.contains("--config"), "{error}");
}

#[test]
fn help_never_prints_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    let (_, help, _) = run(dir.path(), &["--help"]);
    let listed = help.split_once("Commands:\n").unwrap().1.split("\n\n").next().unwrap();
    let commands: Vec<&str> =
        listed.lines().filter_map(|line| line.split_whitespace().next()).filter(|command| *command != "help").collect();
    assert!(commands.len() > 25 && commands.contains(&"call"), "{commands:?}");
    for command in commands {
        for flag in ["--help", "-h"] {
            let mut told = largesse(dir.path(), &[command, flag]);
            told.env("LARGESSE_DATABASE", format!("postgres://x:{SECRET}@h/d"));
            let (code, out, error) = ran(told);
            assert_eq!(code, Some(0), "{command}: {error}");
            assert!(!out.contains(SECRET) && !error.contains(SECRET), "{command} {flag}: {out}{error}");
        }
    }
}

#[test]
fn every_command_on_a_database_takes_the_same_settings() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("l.toml"), "sandbox = true\ndata_dir = \"place\"\n").unwrap();
    assert_eq!(run(dir, &["migrate", "--config", "l.toml"]).0, Some(0));
    let export = ["export", "--book", "demo", "--reason", "close of November"];
    for command in [["verify"].as_slice(), &export, &["explain", "0197f0d8-cc00-7000-8000-000000000001"]] {
        // The ledger is found and has no book yet; without the file there is no ledger.
        for told in [
            [command, &["--config", "l.toml"]].concat(),
            [command, &["--set", "data_dir=place"]].concat(),
            [command, &["--database", "sqlite:place"]].concat(),
        ] {
            let (code, _, error) = run(dir, &told);
            assert_eq!(code, Some(1), "{told:?}: {error}");
            assert!(!error.contains("there is no ledger"), "{told:?}: {error}");
        }
        let mut by_environment = largesse(dir, command);
        by_environment.env("LARGESSE_CONFIG", "l.toml");
        assert!(!ran(by_environment).2.contains("there is no ledger"), "{command:?}");
        let (code, _, error) = run(dir, command);
        assert_eq!(code, Some(1), "{error}");
        assert!(error.contains("there is no ledger in sqlite:data"), "{command:?}: {error}");
        let (code, _, error) = run(dir, &[command, &["--database", "mysql://h/d"]].concat());
        assert_eq!(code, Some(2), "{command:?}: {error}");
        assert!(error.contains("--database"), "{error}");
    }
    // The key that signs is in the data directory named in the settings.
    let (code, _, error) = run(dir, &["token", "--create", "--config", "l.toml", "--sub", "a", "--role", "viewer", "--book", "demo"]);
    assert_eq!(code, Some(0), "{error}");
    assert!(dir.join("place/identity.key.pem").is_file() && !dir.join("data").exists());
}

#[test]
fn a_command_line_that_can_not_be_used_ends_with_two() {
    let dir = tempfile::tempdir().unwrap();
    for command in [
        ["token", "--sub", "gil@x", "--role", "viewer", "--book", "demo"].as_slice(),
        &["token", "--sub", "gil", "--role", "viewer"],
        &["token", "--sub", "gil", "--role", "viewer", "--book", "No Book"],
        &["demo", "--database", "mysql://h/d"],
        &["replay", "x.jsonl", "--database", "mysql://h/d"],
        &["backup", "--to", "x", "--database", "mysql://h/d"],
        &["migrate", "--database", "mysql://h/d"],
    ] {
        let (code, _, error) = run(dir.path(), command);
        assert_eq!(code, Some(2), "{command:?}: {error}");
    }
    assert!(!dir.path().join("data").exists(), "nothing was made");
}

#[test]
fn a_token_is_signed_with_the_key_that_is_there_and_no_key_is_made_unless_it_is_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let token = ["token", "--data-dir", "keys", "--sub", "gil", "--role", "support"];
    let (code, printed, error) = run(dir.path(), &token);
    assert_eq!((code, printed.as_str()), (Some(1), ""), "{error}");
    assert!(error.contains("keys") && error.contains("--create"), "{error}");
    assert!(!dir.path().join("keys").exists(), "a mistyped directory is not made");
    let (code, first, error) = run(dir.path(), &[token.as_slice(), &["--create"]].concat());
    assert!(code == Some(0) && !first.is_empty(), "{error}");
    let key = fs::read(dir.path().join("keys/identity.key.pem")).unwrap();
    for again in [token.to_vec(), [token.as_slice(), &["--create"]].concat()] {
        assert_eq!(run(dir.path(), &again).0, Some(0), "{again:?}");
        assert_eq!(fs::read(dir.path().join("keys/identity.key.pem")).unwrap(), key, "{again:?}");
    }
}

#[test]
fn data_is_its_owners_only_whatever_makes_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(dir.path(), &["token", "--create", "--data-dir", "new/keys", "--sub", "a", "--role", "service"]).0, Some(0));
    assert_eq!(run(dir.path(), &["migrate", "--database", "sqlite:other"]).0, Some(0));
    for name in ["new/keys", "other"] {
        assert_eq!(fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777, 0o700, "{name}");
    }
    for entry in fs::read_dir(dir.path().join("other")).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
}

#[test]
fn a_copy_of_an_installation_without_a_book_restores() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(dir.path(), &["migrate", "--database", "sqlite:data"]).0, Some(0));
    let (code, out, error) = run(dir.path(), &["backup", "--to", "copy"]);
    assert_eq!(code, Some(0), "{out}{error}");
    assert!(out.contains("no book"), "{out}");
    let (code, out, error) = run(dir.path(), &["restore", "--from", "copy", "--database", "sqlite:again"]);
    assert_eq!(code, Some(0), "{out}{error}");
    assert!(out.contains("no book"), "{out}");
    // A backup that lost its books is refused.
    let manifest = fs::read_to_string(dir.path().join("copy/manifest.json")).unwrap();
    let lost = manifest.replace("\"heads\": {}", "\"heads\": {\"demo\": [1, \"00\"]}");
    assert_ne!(lost, manifest);
    fs::write(dir.path().join("copy/manifest.json"), lost).unwrap();
    let (code, _, error) = run(dir.path(), &["restore", "--from", "copy", "--database", "sqlite:third"]);
    assert_eq!(code, Some(1));
    assert!(error.contains("book demo"), "{error}");
}
