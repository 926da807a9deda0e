//! The manifests for Kubernetes: what a pod names is there, as a manifest, as a file, or as a secret that deploy/README.md says how to create.
use crate::deployed::deploy;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The folders that are applied, each by itself.
const FOLDERS: [&str; 3] = ["kubernetes", "kubernetes/migrate", "kubernetes/backup"];

fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).unwrap()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// A folder's kustomization.
fn kustomization(folder: &str) -> Value {
    yaml(&fs::read_to_string(deploy().join(folder).join("kustomization.yaml")).unwrap())
}

/// Every manifest of a folder.
fn manifests(folder: &str) -> Vec<Value> {
    let files: Vec<PathBuf> = list(&kustomization(folder)["resources"]).map(|file| deploy().join(folder).join(text(file))).collect();
    let texts = files.iter().map(|file| fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display())));
    texts.flat_map(|text| text.split("\n---\n").map(yaml).collect::<Vec<_>>()).collect()
}

/// The files of each configuration map, by key.
fn config_maps() -> BTreeMap<String, BTreeMap<String, PathBuf>> {
    let mut maps = BTreeMap::new();
    for map in list(&kustomization(FOLDERS[0])["configMapGenerator"]) {
        let files = list(&map["files"]).map(|file| {
            let file = deploy().join(FOLDERS[0]).join(text(file));
            (file.file_name().unwrap().to_string_lossy().into_owned(), file)
        });
        maps.insert(text(&map["name"]), files.collect());
    }
    maps
}

/// The secrets that deploy/README.md creates, with their keys.
fn secrets() -> BTreeMap<String, BTreeSet<String>> {
    let readme = fs::read_to_string(deploy().join("README.md")).unwrap();
    let (mut secrets, mut services) = (BTreeMap::new(), Vec::new());
    for line in readme.lines().map(str::trim) {
        if let Some(rest) = line.strip_prefix("for service in ") {
            services = rest.trim_end_matches("; do").split(' ').collect();
        }
        let Some(rest) = line.strip_prefix("kubectl -n largesse create secret ") else { continue };
        let words: Vec<&str> = rest.split(' ').collect();
        let files = words.iter().filter_map(|word| word.strip_prefix("--from-file="));
        let key = |file: &str| file.split('=').next().unwrap_or_default().rsplit('/').next().unwrap_or_default().to_owned();
        let keys: BTreeSet<String> =
            if words[0] == "tls" { ["tls.crt", "tls.key"].map(str::to_owned).into() } else { files.map(key).collect() };
        for service in if words[1].contains("$service") { services.as_slice() } else { &[""] } {
            secrets.insert(words[1].replace("$service", service), keys.clone());
        }
    }
    secrets
}

/// Asserts that a secret that a pod names is created, with these keys.
fn has_secret(secrets: &BTreeMap<String, BTreeSet<String>>, whose: &str, name: &Value, keys: impl Iterator<Item = String>) {
    let found = secrets.get(&text(name)).unwrap_or_else(|| panic!("{whose}: README.md creates no secret {name}"));
    for key in keys {
        assert!(found.contains(&key), "{whose}: the secret {name} has no {key}");
    }
}

/// Checks the volumes of a pod; returns the names of all, with the configuration map of those that are one.
fn volumes(whose: &str, manifest: &Value, claims: &BTreeSet<String>) -> BTreeMap<String, Option<String>> {
    let (maps, secrets) = (config_maps(), secrets());
    let mut volumes = BTreeMap::new();
    for volume in list(&manifest["spec"]["template"]["spec"]["volumes"]) {
        let mut map = None;
        let sources = [volume].into_iter().chain(list(&volume["projected"]["sources"]));
        for source in sources {
            let keys = |of: &Value| list(&of["items"]).map(|item| text(&item["key"])).collect::<Vec<_>>().into_iter();
            let (config, secret) = (&source["configMap"], &source["secret"]);
            if config.is_object() {
                assert!(maps.contains_key(&text(&config["name"])), "{whose}: there is no configuration map {}", config["name"]);
                map = Some(text(&config["name"]));
            }
            if secret.is_object() {
                let name = if secret["secretName"].is_string() { &secret["secretName"] } else { &secret["name"] };
                has_secret(&secrets, whose, name, keys(secret));
            }
            if let Some(claim) = source["persistentVolumeClaim"]["claimName"].as_str() {
                assert!(claims.contains(claim), "{whose}: there is no claim {claim}");
            }
        }
        volumes.insert(text(&volume["name"]), map);
    }
    volumes.extend(list(&manifest["spec"]["volumeClaimTemplates"]).map(|claim| (text(&claim["metadata"]["name"]), None)));
    volumes
}

/// Checks a pod's mounts, variables and settings file.
fn check(whose: &str, manifest: &Value, claims: &BTreeSet<String>) {
    let volumes = volumes(whose, manifest, claims);
    for container in list(&manifest["spec"]["template"]["spec"]["containers"]) {
        let mut mounted = BTreeMap::new();
        for mount in list(&container["volumeMounts"]) {
            let map = volumes.get(&text(&mount["name"])).unwrap_or_else(|| panic!("{whose}: there is no volume {}", mount["name"]));
            mounted.extend(map.clone().map(|map| (text(&mount["mountPath"]), map)));
        }
        for variable in list(&container["env"]) {
            let key = &variable["valueFrom"]["secretKeyRef"];
            if key.is_object() {
                has_secret(&secrets(), whose, &key["name"], [text(&key["key"])].into_iter());
            }
        }
        let arguments: Vec<String> = list(&container["args"]).map(text).collect();
        for (_, file) in arguments.iter().zip(arguments.iter().skip(1)).filter(|(flag, _)| *flag == "--config") {
            let (dir, name) = file.rsplit_once('/').unwrap();
            let map = mounted.get(dir).unwrap_or_else(|| panic!("{whose}: nothing is mounted at {dir}"));
            let there = config_maps()[map].get(name).is_some_and(|file| file.is_file());
            assert!(there, "{whose}: the configuration map {map} has no {name}");
        }
    }
}

#[test]
fn what_a_pod_names_is_there() {
    let all: Vec<Value> = FOLDERS.iter().flat_map(|folder| manifests(folder)).collect();
    let named = |kind: &str| -> BTreeSet<String> {
        all.iter().filter(|manifest| manifest["kind"] == kind).map(|manifest| text(&manifest["metadata"]["name"])).collect()
    };
    let (services, claims) = (named("Service"), named("PersistentVolumeClaim"));
    let mut pods = 0;
    for manifest in all.iter().filter(|manifest| manifest["spec"]["template"].is_object()) {
        let whose = format!("{} {}", manifest["kind"], manifest["metadata"]["name"]);
        check(&whose, manifest, &claims);
        if let Some(service) = manifest["spec"]["serviceName"].as_str() {
            assert!(services.contains(service), "{whose}: there is no service {service}");
        }
        pods += 1;
    }
    assert_eq!(pods, 9, "seven services, and the two jobs");
    // The services that the settings call.
    let mut called = BTreeSet::new();
    for file in config_maps().values().flat_map(BTreeMap::values) {
        let settings = fs::read_to_string(file).unwrap();
        let lines = settings.lines().filter(|line| !line.trim_start().starts_with('#'));
        for host in lines.flat_map(|line| line.split("https://").skip(1)).filter_map(|rest| rest.split_once(":7070")).map(|(host, _)| host)
        {
            assert!(services.contains(host), "{}: there is no service {host}", file.display());
            called.insert(host.to_owned());
        }
    }
    assert!(called.contains("ledger") && called.len() > 1, "{called:?}");
    // Every policy is for components that there are.
    let components: BTreeSet<String> = all
        .iter()
        .filter_map(|manifest| manifest["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"].as_str())
        .map(str::to_owned)
        .collect();
    let policies = fs::read_to_string(deploy().join(FOLDERS[0]).join("network-policies.yaml")).unwrap();
    for values in policies.split("app.kubernetes.io/component, operator:").skip(1).filter_map(|rest| rest.split(['[', ']']).nth(1)) {
        let unknown: Vec<&str> = values.split(", ").filter(|component| !components.contains(*component)).collect();
        assert_eq!(unknown, Vec::<&str>::new(), "there are {components:?}");
    }
}

#[test]
fn kubectl_renders_every_folder() {
    let run = |dir: &Path| Command::new("kubectl").arg("kustomize").arg(dir).output();
    for folder in FOLDERS {
        let Ok(output) = run(&deploy().join(folder)) else {
            eprintln!("skipped: kubectl is not installed");
            return;
        };
        assert!(output.status.success(), "{folder}: {}", String::from_utf8_lossy(&output.stderr));
        let rendered = String::from_utf8(output.stdout).unwrap();
        let images: Vec<&str> = rendered.lines().filter_map(|line| line.split_once("image: ").map(|(_, image)| image)).collect();
        // Our own have a registry; a name without one is a folder's that its kustomization does not know.
        assert!(!images.is_empty() && images.iter().all(|image| !image.starts_with("largesse")), "{folder}: {images:?}");
    }
}
