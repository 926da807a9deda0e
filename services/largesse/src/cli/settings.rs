//! How settings are given to every command that has some: a file, the environment, and any key by flag.
use clap::Args;
use db::Database;
use identity::Issuer;
use runtime::config::{self, Config};
use runtime::{Options, command};
use settings::{Error, Layers};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// The sources of settings.
#[derive(Debug, Clone, Default, Args)]
pub struct GivenSettings {
    /// File with settings; `largesse config --default` prints one with all defaults.
    #[arg(long, env = config::FILE_VARIABLE, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Sets any setting, such as `--set ledger.cache_mib=512`, overriding file and environment; repeat for several.
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// The database, for commands that work on one.
#[derive(Debug, Clone, Args)]
pub struct DatabaseArgument {
    #[command(flatten)]
    pub given: GivenSettings,
    /// `sqlite:DIR` or `postgres://USER@HOST/NAME`; by default the setting `database`, or SQLite in `data_dir`.
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
}

impl DatabaseArgument {
    /// The database's address, by flag, environment or file.
    pub fn address(&self) -> Result<String, Error> {
        Ok(self.config()?.database_address())
    }

    /// The settings, including the database's address.
    pub fn config(&self) -> Result<Config, Error> {
        let mut layers = self.given.gather()?;
        if let Some(database) = &self.database {
            layers.set("database", database, "--database");
        }
        Ok(layers.read()?.config)
    }

    /// The database's address, and the directory where the heads of its audit log are written.
    pub fn audited(&self) -> Result<AuditedDatabase, Error> {
        let config = self.config()?;
        let address = config.database_address();
        let beside = |dir: &Path| Some(dir.join(runtime::HEADS)).filter(|dir| dir.is_dir());
        let of_files = || Database::parse(&address).ok().and_then(|database| database.sqlite_dir().and_then(beside));
        let heads_dir = config.ledger.heads_dir.clone().or_else(of_files).or_else(|| beside(&config.data_dir));
        Ok(AuditedDatabase { address, heads_dir })
    }
}

/// A database whose audit log is written to.
#[derive(Debug, Clone)]
pub struct AuditedDatabase {
    /// The database's address.
    pub address: String,
    /// Directory where heads are written outside of it, if any.
    pub heads_dir: Option<PathBuf>,
}

/// Settings that were read and checked.
#[derive(Debug)]
pub struct ReadSettings {
    /// The resulting settings.
    pub config: Config,
    /// The source of each setting.
    pub layers: Layers,
    /// Warnings of dangerous settings and unknown variables, one line each.
    pub warnings: Vec<String>,
}

impl ReadSettings {
    /// The options for `serve` and the warnings; or, after printing everything that prevents a start, the program's exit code.
    pub fn into_options(self) -> Result<(Options, Vec<String>), ExitCode> {
        let options = self.config.into_options().and_then(|options| runtime::check(&options).map(|()| options));
        let options = options.map_err(|error| command::misused(&error))?;
        config::check_files(&options, &self.layers).map_err(|error| command::refuse(&error))?;
        Ok((options, self.warnings))
    }
}

/// Layers, and the names of unknown variables.
pub struct GatheredSettings {
    layers: Layers,
    unknown: Vec<String>,
}

impl GatheredSettings {
    /// Sets one value, overriding the other layers.
    pub fn set(&mut self, key: &str, value: &str, flag: &str) {
        self.layers.set(key, value, flag);
    }

    /// Sets a list, overriding the other layers.
    pub fn set_list(&mut self, key: &str, values: &[String], flag: &str) {
        self.layers.set_list(key, values, flag);
    }

    /// The resulting settings.
    pub fn read(self) -> Result<ReadSettings, Error> {
        let config = config::read(&self.layers)?;
        let dangers = config.warnings().into_iter().map(|danger| self.layers.problem(&danger.key, danger.why).to_string());
        let strange = self.unknown.iter().map(|name| format!("environment variable {name}: there is no such option"));
        let warnings = dangers.chain(strange).collect();
        Ok(ReadSettings { config, layers: self.layers, warnings })
    }
}

impl GivenSettings {
    /// The file, overridden by the environment, and both by `--set`. A command's own flags come after.
    pub fn gather(&self) -> Result<GatheredSettings, Error> {
        let (mut layers, unknown) = config::layers(self.config.as_deref())?;
        for pair in &self.set {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            layers.set(key.trim(), value.trim(), &format!("--set {key}"));
        }
        Ok(GatheredSettings { layers, unknown })
    }
}

/// The installation's key, to sign a token with. It must exist, because nobody would trust a newly made one.
pub fn identity_key(data_dir: &Path) -> Result<Issuer, String> {
    Issuer::load(data_dir).map_err(|error| {
        let chain = identity::error::chain(&error);
        format!("{chain}; --data-dir must name the directory in which the installation has its key (nothing was done)")
    })
}
