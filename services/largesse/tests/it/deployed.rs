//! The files under deploy/ for compose and Kubernetes: secrets are made whole or not at all, and every service's settings are ones that it would start with.
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn deploy() -> PathBuf {
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
            fs::write(&checked, settings(&file, service, &copy)).unwrap();
            let output =
                Command::new(largesse).args(["config", "check", "--config"]).arg(&checked).env_remove("RUST_LOG").output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{folder}/{service}.toml: {said}");
        }
    }
}

#[test]
fn what_compose_mounts_is_there() {
    let compose = fs::read_to_string(deploy().join("compose.yaml")).unwrap();
    let mounted: Vec<&str> = compose.split("source: ./").skip(1).filter_map(|rest| rest.split([',', ' ', '\n']).next()).collect();
    assert!(mounted.len() > 20, "{mounted:?}");
    for source in mounted.iter().filter(|source| !source.starts_with("compose/secrets/")) {
        assert!(deploy().join(source).exists(), "compose.yaml mounts {source}, which is not there");
    }
}
