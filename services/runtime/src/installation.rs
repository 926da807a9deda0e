//! Checks to which installation the database and the heads belong, and refuses another's before anything is opened or created.
use crate::{Error, IdentitySource, Options};
use books::installation::{self, FoundTables};
use db::Database;
use identity::{Issuer, Service, keys::PublicKey};
use std::{collections::BTreeSet, time::SystemTime};

#[cfg(test)]
mod tests;

/// The identities that this process trusts: fingerprints of keys, and issuers that publish theirs.
pub(crate) fn identities(source: &IdentitySource, issuer: Option<&Issuer>) -> Result<BTreeSet<String>, Error> {
    let key = |key: PublicKey| format!("key {}", key.fingerprint());
    let issuers = match source {
        IdentitySource::Sandbox => return Ok(issuer.map(|issuer| key(issuer.public_key())).into_iter().collect()),
        IdentitySource::Configured { issuers, .. } => issuers,
    };
    let mut identities = BTreeSet::new();
    for trusted in issuers {
        for path in &trusted.keys {
            identities.insert(key(PublicKey::read(path)?));
        }
        if !trusted.jwks.is_empty() {
            identities.insert(format!("issuer {}", trusted.issuer));
        }
    }
    Ok(identities)
}

/// Refuses pretend money where there is real money or another identity, and heads of another installation.
pub(crate) async fn refuse_foreign(options: &Options, database: &Database, identities: &BTreeSet<String>) -> Result<(), Error> {
    let Some(found) = installation::look(database).await.map_err(starting)? else { return Ok(()) };
    if matches!(options.identity, IdentitySource::Sandbox) {
        pretend_only(&found, &database.shown(), identities)?;
    }
    if let Some(dir) = options.settings.ledger.heads_dir.as_ref().filter(|_| writes_heads(options)) {
        // Tables of earlier versions have no id; they get the heads' id when they are bound, or are refused then.
        if found.installation.is_some() {
            installation::same(database, dir).await?;
        }
    }
    Ok(())
}

fn pretend_only(found: &FoundTables, database: &str, identities: &BTreeSet<String>) -> Result<(), Error> {
    let (database, books) = (database.to_owned(), found.live.join(", "));
    if !books.is_empty() {
        return Err(Error::LiveBooks { database, books });
    }
    match &found.installation {
        Some(bound) if bound.identities.is_disjoint(identities) => Err(Error::OtherIdentity { database, id: bound.id.to_string() }),
        Some(_) | None => Ok(()),
    }
}

fn writes_heads(options: &Options) -> bool {
    options.services.iter().any(|service| matches!(service, Service::Ledger | Service::Support))
}

/// Binds the ledger's tables, and the directory of heads, to this installation.
pub(crate) async fn bind(options: &Options, database: &Database, identities: &BTreeSet<String>) -> Result<(), Error> {
    let (bound, adopted) = installation::bind(database, identities, money::time::unix_ms(SystemTime::now())).await.map_err(starting)?;
    if adopted {
        tracing::info!(installation = %bound.id, database = database.shown(), "the database was bound to this installation and its identity");
    }
    if let Some(dir) = &options.settings.ledger.heads_dir
        && installation::claim_heads(dir, &bound, database)?
    {
        tracing::info!(installation = %bound.id, heads = %dir.display(), "the directory of heads was bound to this installation");
    }
    Ok(())
}

fn starting(source: books::store::Error) -> Error {
    Error::Start { service: Service::Ledger, source: source.into() }
}
