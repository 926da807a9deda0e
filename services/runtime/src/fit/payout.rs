//! Starts the payout service, which needs the ledger, its own tables, a key, and in a sandbox the pretend bank.
use super::sandbox::JSON_CLIENT;
use crate::command::UntypedError;
use crate::{Error, IdentitySource, Options, wiring::Wiring};
use identity::Service;
use std::{fs::OpenOptions, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path};

/// The key that encrypts bank accounts and names in a sandbox, under the data directory.
const SANDBOX_KEY_FILE: &str = "payout.key";

/// The key with which a sandbox asks its pretend JSON bank for access, under the data directory.
const SANDBOX_CLIENT_FILE: &str = "sandbox-client.pem";

/// The path of a sandbox's key file.
#[must_use]
pub fn payout_key_file(data_dir: &std::path::Path) -> std::path::PathBuf {
    data_dir.join(SANDBOX_KEY_FILE)
}

/// Puts a new key before the others in payout's key file; returns its id.
pub fn rotate_payout_key(file: &Path) -> Result<String, UntypedError> {
    Ok(payout::vault::rotate(file)?)
}

/// Ids of the keys in payout's key file, the one in use first.
pub fn payout_key_ids(file: &Path) -> Result<Vec<String>, UntypedError> {
    Ok(payout::vault::Vault::open(file, false)?.key_ids())
}

pub(super) async fn start(wiring: &mut Wiring) -> Result<(), UntypedError> {
    let deps = payout::Deps {
        database: wiring.database.clone(),
        ledger: wiring.way(Service::Payout, Service::Ledger)?,
        shutdown: wiring.shutdown.clone(),
    };
    let reserve_at_treasury = Some(reserves_at_treasury(&wiring.options));
    let config = payout::Config { reserve_at_treasury, ..config(wiring)? };
    let (key_file, was_there) = (config.key_file.clone(), config.key_file.exists());
    let service = payout::start(deps, config).await.map_err(|error| unsealed(error, &key_file, was_there))?;
    wiring.add(Service::Payout, service.routes());
    wiring.payout = Some(service);
    Ok(())
}

/// Whether payouts reserve at treasury: as the settings say, else where there is one, which says of each payout whether a leaf covers it.
pub(crate) fn reserves_at_treasury(options: &Options) -> bool {
    options.settings.payout.reserve_at_treasury.unwrap_or_else(|| knows_treasury(options))
}

/// Whether there is a treasury, here or at an address.
pub(crate) fn knows_treasury(options: &Options) -> bool {
    options.services.contains(&Service::Treasury) || options.peers.contains_key(&Service::Treasury)
}

/// The error for a key that does not match the stored data: which file, and what to do. A key that this start has just made is removed, so that nobody takes it
/// for the right one.
fn unsealed(error: payout::Error, key_file: &Path, was_there: bool) -> UntypedError {
    if !matches!(error, payout::Error::Store(payout::store::Error::Vault(_))) {
        return error.into();
    }
    let file = key_file.display();
    let what = if was_there {
        format!("the key in {file} is another than the one that this database was encrypted with")
    } else {
        // Nothing was encrypted with it.
        let _gone = std::fs::remove_file(key_file);
        format!("there is no key at {file}, and this database was encrypted with one")
    };
    format!("{what}: put that key there, which no backup contains (RECOVERY.md); nothing was changed ({error})").into()
}

fn config(wiring: &Wiring) -> Result<payout::Config, UntypedError> {
    let given = wiring.options.settings.payout.clone();
    if given.has_key() {
        return Ok(given);
    }
    match &wiring.options.identity {
        IdentitySource::Configured { .. } => Err(Error::PayoutKeyMissing.into()),
        IdentitySource::Sandbox => {
            let bank =
                wiring.bank.as_ref().map(sandbox::bank::SandboxBank::url).or_else(|| wiring.options.peers.get(&Service::Sandbox).cloned());
            let bank = bank.ok_or(Error::PeerMissing { service: Service::Payout, needed: Service::Sandbox })?;
            let account = |currency| (currency, sandbox::bank::own_account(currency).canonical());
            let accounts = sandbox::bank::own_currencies().into_iter().map(account).collect();
            let ach_url = format!("{}{}", bank.trim_end_matches('/'), sandbox::bank::ACH_PATH);
            let ach_account = format!("us-account:{}:{}", sandbox::achbank::ACH_ROUTING_NUMBER, sandbox::achbank::own_account().number());
            let bank_url = bank.clone();
            let made = payout::Config::sandbox(payout_key_file(&wiring.options.data_dir), bank, accounts);
            let made = made.with_sandbox_ach(ach_url, sandbox::achbank::ACH_ROUTING_NUMBER, ach_account);
            let made = with_json_bank(made, &bank_url, &wiring.options.data_dir)?;
            let banks = given.banks.iter().cloned().chain(made.banks).collect();
            let entities = if given.entities.is_empty() { made.entities } else { given.entities.clone() };
            Ok(payout::Config { key_file: made.key_file, create_key: made.create_key, banks, entities, ..given })
        }
    }
}

/// Adds the pretend bank that speaks JSON, and writes the key that asks it for access: it is public, so that it protects nothing, and is a file as a real one is.
fn with_json_bank(made: payout::Config, bank_url: &str, data_dir: &Path) -> Result<payout::Config, UntypedError> {
    let key_file = data_dir.join(SANDBOX_CLIENT_FILE);
    // Anew each time: one that was cut short by a crash would be refused for ever.
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&key_file)?;
    file.write_all(sandbox::globalbank::TEST_CLIENT_KEY.as_bytes())?;
    let dollar = money::Currency::try_new("USD")?;
    let access = payout::config::SandboxApiAccess {
        url: format!("{}{}", bank_url.trim_end_matches('/'), sandbox::bank::GLOBAL_PATH),
        client_id: JSON_CLIENT.0.to_owned(),
        key_id: JSON_CLIENT.1.to_owned(),
        key_file,
        address: format!("us-account:{}:{}", sandbox::achbank::ACH_ROUTING_NUMBER, sandbox::globalbank::own_account(dollar).number()),
    };
    Ok(made.with_sandbox_api(access))
}
