//! The files under deploy/ for compose and Kubernetes: secrets are made whole or not at all, every service's settings are ones that it would start with, and what
//! compose.yaml names is there.
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

pub fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy")
}

/// A copy of deploy/compose to make secrets in.
fn compose(dir: &Path) -> PathBuf {
    let copy = dir.join("compose");
    let copied = Command::new("cp").arg("-R").arg(deploy().join("compose")).arg(&copy).status().unwrap();
    assert!(copied.success());
    copy
}

/// Runs make-secrets.sh of the copy with this program for tokens.
fn make(copy: &Path, program: &str, arguments: &[&str]) -> (bool, String) {
    let mut script = Command::new("sh");
    // The program makes a token with the key it is given, whatever the test's own environment says.
    script.arg(copy.join("make-secrets.sh")).args(arguments).env("LARGESSE", program).env_remove("RUST_LOG");
    let Output { status, stdout, stderr } = script.output().unwrap();
    (status.success(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned())
}

/// Names of what is in the folder of secrets.
fn made(copy: &Path) -> Vec<String> {
    let entries = fs::read_dir(copy.join("secrets")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = entries.filter(|name| name != ".gitignore").collect();
    names.sort();
    names
}

/// The settings of a service with the paths of its container replaced by those of the copy.
fn settings(file: &Path, service: &str, copy: &Path) -> String {
    let secrets = copy.join("secrets");
    let own = secrets.join(service).display().to_string();
    let mut text = fs::read_to_string(file).unwrap();
    for (there, here) in [
        ("/run/largesse/public", secrets.join("public").display().to_string()),
        ("/run/largesse/own/tls.crt", format!("{own}/tls.pem")),
        ("/run/largesse/sealing", own.clone()),
        ("/run/largesse/own", own.clone()),
        ("/run/largesse/support/token", format!("{own}/support.token")),
        ("/run/largesse/database/url", format!("{own}/database.url")),
        ("/etc/largesse/lists", copy.join("lists").display().to_string()),
        ("/etc/largesse", deploy().join("kubernetes/config").display().to_string()),
        ("/var/lib/largesse", copy.display().to_string()),
    ] {
        text = text.replace(there, &here);
    }
    text
}

/// The settings with everything that is left to the operator: what stands behind a `#`, and is no sentence, is a setting.
fn uncommented(text: &str) -> String {
    let line = |line: &str| match line.strip_prefix("# ") {
        Some(setting) if setting.starts_with('[') || setting.split(' ').nth(1) == Some("=") => setting.to_owned(),
        Some(_) | None => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// What `largesse config check` says of settings; empty if it finds nothing.
fn problems(file: &Path, text: &str) -> String {
    fs::write(file, text).unwrap();
    let check = ["config", "check", "--config"];
    let output = Command::new(env!("CARGO_BIN_EXE_largesse")).args(check).arg(file).env_remove("RUST_LOG").output().unwrap();
    if output.status.success() { String::new() } else { String::from_utf8_lossy(&output.stderr).into_owned() }
}

#[test]
fn secrets_are_made_whole_or_not_at_all_and_every_service_would_start_with_its_settings() {
    let largesse = env!("CARGO_BIN_EXE_largesse");
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("skipped: openssl, with which make-secrets.sh works, is not installed");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let copy = compose(dir.path());
    // A program that fails leaves nothing, and the next run is not refused for it.
    let (ok, said) = make(&copy, "/bin/false", &[]);
    assert!(!ok && said.contains("what was created has been removed") && made(&copy).is_empty(), "{said}");
    let (ok, said) = make(&copy, "/nowhere/largesse-that-is-not-there", &["renew"]);
    assert!(!ok && said.contains("nothing to renew with"), "{said}");
    let (ok, said) = make(&copy, largesse, &[]);
    let services = ["earnings", "gift", "ledger", "monitor", "payout", "purchase", "treasury"];
    assert!(ok && services.iter().all(|service| made(&copy).contains(&(*service).to_owned())), "{said}");
    let token = copy.join("secrets/gift/token");
    let first = fs::read_to_string(&token).unwrap();
    // Nothing is overwritten, unless it is to be renewed.
    let (ok, said) = make(&copy, largesse, &[]);
    assert!(!ok && said.contains("already exists"), "{said}");
    assert_eq!(fs::read_to_string(&token).unwrap(), first);
    let certificate = fs::read(copy.join("secrets/gift/tls.pem")).unwrap();
    let (ok, said) = make(&copy, largesse, &["renew"]);
    assert!(ok && fs::read(copy.join("secrets/gift/tls.pem")).unwrap() != certificate, "{said}");

    for service in services {
        let url = copy.join("secrets").join(service).join("database.url");
        fs::write(url, "postgres://largesse@db.example/largesse?sslmode=require").unwrap();
        for folder in ["compose", "kubernetes/config"] {
            let file = deploy().join(folder).join(format!("{service}.toml"));
            let checked = dir.path().join(format!("{service}.toml"));
            let said = problems(&checked, &settings(&file, service, &copy));
            assert!(said.is_empty(), "{folder}/{service}.toml: {said}");
        }
    }
    // The console, as the monitor's settings leave it to the operator: its secret is a file, and its issuer one that is trusted.
    let checked = dir.path().join("console.toml");
    for folder in ["compose", "kubernetes/config"] {
        let whole = uncommented(&settings(&deploy().join(folder).join("monitor.toml"), "monitor", &copy));
        assert!(whole.contains("\n[console]\nlisten = ") && whole.contains("\npayout = \"https://payout:7070\""), "{whole}");
        let secret = copy.join("secrets/monitor/console.secret");
        fs::remove_file(&secret).ok();
        assert!(problems(&checked, &whole).contains("console.client_secret_file"), "{folder}: the secret is missing");
        fs::write(&secret, "of-the-issuer").unwrap();
        let said = problems(&checked, &whole);
        assert!(said.is_empty(), "{folder}/monitor.toml with the console: {said}");
        let other = whole.replacen("issuer = \"https://staff.example.com\"", "issuer = \"https://other.example.com\"", 1);
        assert!(problems(&checked, &other).contains("console.issuer"), "{folder}: its issuer is not trusted");
    }
}

/// The folders of secrets that make-secrets.sh creates.
fn secret_folders() -> Vec<String> {
    let script = fs::read_to_string(deploy().join("compose/make-secrets.sh")).unwrap();
    let services = script.lines().find_map(|line| line.strip_prefix("services=\"")).unwrap().trim_end_matches('"');
    let others = script.lines().find_map(|line| line.trim().strip_prefix("for folder in $services ")).unwrap().trim_end_matches("; do");
    [services, others, "public"].join(" ").split(' ').map(str::to_owned).collect()
}

/// The texts of a list, or of a value that is one.
fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        _ => Vec::new(),
    }
}

/// Names in a list, or the keys of an object.
fn names(value: &Value) -> Vec<String> {
    value.as_object().map_or_else(|| texts(value), |object| object.keys().cloned().collect())
}

/// The settings files that a service of compose.yaml is given.
fn settings_of(service: &Value) -> Vec<String> {
    let command = texts(&service["command"]);
    let flags = command.iter().zip(command.iter().skip(1)).filter(|(flag, _)| *flag == "--config").map(|(_, file)| file.clone());
    flags.chain(service["environment"]["LARGESSE_CONFIG"].as_str().map(str::to_owned)).collect()
}

#[test]
fn what_compose_names_is_there() {
    let compose: Value = serde_saphyr::from_str(&fs::read_to_string(deploy().join("compose.yaml")).unwrap()).unwrap();
    let (folders, dockerfile) = (secret_folders(), fs::read_to_string(deploy().join("Dockerfile")).unwrap());
    let (mut mounts, mut files) = (0, 0);
    for (name, service) in compose["services"].as_object().unwrap() {
        let mut mounted: Vec<(PathBuf, String)> = Vec::new();
        for volume in service["volumes"].as_array().into_iter().flatten() {
            let Some(source) = volume["source"].as_str() else {
                let volume = volume.as_str().unwrap().split(':').next().unwrap();
                assert!(compose["volumes"].get(volume).is_some(), "{name}: there is no volume {volume}");
                continue;
            };
            let source = source.strip_prefix("./").unwrap_or_else(|| panic!("{name}: {source}"));
            match source.strip_prefix("compose/secrets/") {
                Some(folder) => assert!(folders.iter().any(|made| made == folder), "{name}: make-secrets.sh makes no {source}"),
                None => assert!(deploy().join(source).exists(), "{name} mounts {source}, which is not there"),
            }
            mounted.push((deploy().join(source), volume["target"].as_str().unwrap().to_owned()));
            mounts += 1;
        }
        for file in settings_of(service) {
            let is_there = mounted.iter().any(|(source, target)| {
                let below = file.strip_prefix(target.as_str()).map(|rest| rest.trim_start_matches('/'));
                below.is_some_and(|rest| if rest.is_empty() { source.is_file() } else { source.join(rest).is_file() })
            });
            assert!(is_there, "{name} has {file}, which is not mounted");
            files += 1;
        }
        for network in names(&service["networks"]) {
            assert!(compose["networks"].get(&network).is_some(), "{name}: there is no network {network}");
        }
        for other in names(&service["depends_on"]) {
            assert!(compose["services"].get(&other).is_some(), "{name} waits for {other}, which is not there");
        }
        if let Some(target) = service["build"]["target"].as_str() {
            assert!(dockerfile.contains(&format!(" AS {target}\n")), "{name}: the Dockerfile has no stage {target}");
        }
    }
    assert!(mounts > 30 && files > 7, "{mounts} {files}");
    // The image without a target is the one of the services.
    let last = dockerfile.lines().rfind(|line| line.starts_with("FROM ")).unwrap();
    assert!(last.contains("distroless") && !last.contains(" AS "), "{last}");
}
