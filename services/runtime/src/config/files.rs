//! Checks the files that `serve` reads and the addresses where it listens, before anything binds or opens, and reports problems with the option that names
//! them.
use crate::{IdentitySource, Options, lists::ListKind};
use db::Database;
use identity::{Service, Verifier, issuers::TrustedIssuer, token::ISSUER};
use payout::{review::ScreeningLists, vault::Vault};
use purchase::{
    limits::rules::SpendingRules,
    stores::{alipay::AlipayAccounts, apple::ReceiptVerifier, google::GooglePlay, stripe::merchant::Merchants, wechat::WechatAccounts},
    wallet_changes::rules::WalletRules,
};
use rpc::{ServiceToken, Tls};
use settings::{Error, Layers};
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Reports everything in files and addresses that would keep these services from starting.
pub fn check_files(options: &Options, layers: &Layers) -> Result<(), Error> {
    let mut found = Vec::new();
    let mut wrong = |key: &str, why: String| found.push(layers.problem(key, why));
    tls(options, &mut wrong);
    identity(options, &mut wrong);
    listeners(options, &mut wrong);
    directories(options, &mut wrong);
    if options.settings.console.listen.is_some() {
        for (option, why) in options.settings.console.file_problems() {
            wrong(&format!("console.{option}"), why);
        }
    }
    of_services(options, &mut wrong);
    if found.is_empty() { Ok(()) } else { Err(Error(found)) }
}

fn tls(options: &Options, wrong: &mut impl FnMut(&str, String)) {
    let config = &options.tls;
    let Err(error) = Tls::load(config.clone()) else { return };
    let why = error.to_string();
    // An error names the file by its path; a key that belongs to another certificate is reported with the certificate.
    let named =
        [("client_ca", &config.client_ca), ("peer_ca", &config.peer_ca), ("key", &config.key), ("certificate", &config.certificate)];
    let named = named.into_iter().find(|(_, path)| !path.as_os_str().is_empty() && why.contains(&path.display().to_string()));
    wrong(&named.map_or_else(|| "tls".to_owned(), |(option, _)| format!("tls.{option}")), why);
}

fn identity(options: &Options, wrong: &mut impl FnMut(&str, String)) {
    let IdentitySource::Configured { issuers, tokens } = &options.identity else { return };
    for (at, issuer) in issuers.iter().enumerate() {
        if let Err(error) = Verifier::try_new(vec![issuer.clone()]) {
            wrong(&issuer_key(at, issuer), error.to_string());
        }
    }
    for (service, file) in tokens {
        if let Some(why) = unusable_token(*service, file) {
            wrong(&format!("identity.service_tokens.{service}"), why);
        }
    }
}

/// Why a service can't call with the token in a file. Another issuer may map subjects by its settings, so only the installation's own tokens are checked for
/// theirs.
fn unusable_token(service: Service, file: &Path) -> Option<String> {
    if let Err(error) = ServiceToken::from_file(file) {
        return Some(error.to_string());
    }
    let text = std::fs::read_to_string(file).ok()?;
    let named = identity::token::subject(text.trim()).filter(|named| named != service.as_str())?;
    let make = format!("`largesse token --sub {service} --role service` makes one");
    Some(format!("{}: its subject is {named}, and {service} calls as {service}; {make}", file.display()))
}

/// The option that names an issuer; the installation's own keys have a separate one.
fn issuer_key(at: usize, issuer: &TrustedIssuer) -> String {
    if issuer.issuer == ISSUER { "identity.keys".to_owned() } else { format!("identity.issuers.{at}") }
}

fn listeners(options: &Options, wrong: &mut impl FnMut(&str, String)) {
    let sandbox = options.services.contains(&Service::Sandbox);
    let pretend = |address| sandbox.then_some(address);
    let all = [
        ("listen.grpc", options.listen),
        ("listen.http", options.http),
        ("listen.bank", pretend(options.bank_listen)),
        ("listen.store", pretend(options.store_listen)),
        ("listen.login", pretend(options.login_listen)),
        ("console.listen", options.settings.console.listen),
    ];
    let all: Vec<(&str, SocketAddr)> = all.into_iter().filter_map(|(key, address)| Some((key, address?))).collect();
    for (at, (key, address)) in all.iter().enumerate() {
        if let Some((other, _)) = all[..at].iter().find(|(_, other)| collide(*address, *other)) {
            wrong(key, format!("{address} is taken by {other} already; give each listener a port of its own"));
        }
    }
}

/// Whether two sockets could not both be bound.
fn collide(one: SocketAddr, other: SocketAddr) -> bool {
    let anywhere = one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && (one.ip() == other.ip() || anywhere)
}

fn directories(options: &Options, wrong: &mut impl FnMut(&str, String)) {
    let database = Database::parse(&options.database).ok();
    let sqlite = database.as_ref().and_then(Database::sqlite_dir).filter(|dir| *dir != options.data_dir);
    let heads = options.settings.ledger.heads_dir.as_deref();
    let all = [("data_dir", Some(options.data_dir.as_path())), ("database", sqlite), ("ledger.heads_dir", heads)];
    let mut told: Option<PathBuf> = None;
    for (key, dir) in all.into_iter().filter_map(|(key, dir)| Some((key, dir?))) {
        // A second directory below the same file is not reported again.
        let Some(file) = not_a_directory(dir).filter(|file| told.as_ref() != Some(file)) else { continue };
        wrong(key, format!("{}: {} is a file, so no directory can be there", dir.display(), file.display()));
        told = Some(file);
    }
}

/// The existing file that is in the place of the directory or of one of its parents.
fn not_a_directory(dir: &Path) -> Option<PathBuf> {
    let there = dir.ancestors().find(|above| !above.as_os_str().is_empty() && above.exists())?;
    (!there.is_dir()).then(|| there.to_owned())
}

fn of_services(options: &Options, wrong: &mut impl FnMut(&str, String)) {
    let here = |service| options.services.contains(&service);
    for kind in ListKind::ALL.into_iter().filter(|kind| here(kind.service())) {
        if let Some(why) = kind.problem(options) {
            wrong(kind.option(), why);
        }
    }
    if here(Service::Purchase) {
        stores(&options.settings.purchase, wrong);
        rules(&options.settings.purchase, wrong);
    }
    let payout = &options.settings.payout;
    if here(Service::Payout)
        && let Err(error) = ScreeningLists::read(&payout.screening, SystemTime::now())
    {
        wrong("payout.screening.lists", error.to_string());
    }
    if here(Service::Payout)
        && payout.has_key()
        && !payout.create_key
        && let Err(error) = Vault::open(&payout.key_file, false)
    {
        wrong("payout.key_file", error.to_string());
    }
}

/// The keys, certificates and secrets of every store.
fn stores(purchase: &purchase::Config, wrong: &mut impl FnMut(&str, String)) {
    if let Err(error) = ReceiptVerifier::load(purchase) {
        wrong("purchase.apple_roots", error.to_string());
    }
    if let Err(error) = GooglePlay::load(purchase) {
        wrong(&format!("purchase.google.{}", error.option), error.to_string());
    }
    let accounts = [
        ("purchase.stripe", Merchants::load(purchase).err().map(|error| error.to_string())),
        ("purchase.alipay", AlipayAccounts::load(purchase).err().map(|error| error.to_string())),
        ("purchase.wechat", WechatAccounts::load(purchase).err().map(|error| error.to_string())),
    ];
    for (key, why) in accounts {
        if let Some(why) = why {
            wrong(key, why);
        }
    }
}

/// What markets say about purchases and about wallets that are closed.
fn rules(purchase: &purchase::Config, wrong: &mut impl FnMut(&str, String)) {
    if let Some(Err(error)) = purchase.spending_rules.as_deref().map(SpendingRules::load) {
        wrong("purchase.spending_rules", error.to_string());
    }
    if let Some(Err(error)) = purchase.wallet_rules.as_deref().map(WalletRules::load) {
        wrong("purchase.wallet_rules", error.to_string());
    }
}
