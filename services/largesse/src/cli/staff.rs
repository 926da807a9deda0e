//! The person who runs a command that is recorded in the audit log, and whether the command may run without a record.
use clap::Args;
use money::UserKey;
use operations::acts::Actor;
use std::path::PathBuf;

/// The person's name and reason.
#[derive(Debug, Clone, Default, Args)]
pub struct StaffArguments {
    /// Your name, for the audit log; by default the login name of the operating system.
    #[arg(long, value_name = "NAME", value_parser = super::user)]
    pub by: Option<UserKey>,
    /// The reason, for the audit log; 8 to 500 bytes.
    #[arg(long, value_name = "TEXT", value_parser = super::reason)]
    pub reason: Option<String>,
    /// Runs the command even if the audit log can't record it.
    #[arg(long)]
    pub unrecorded: bool,
}

impl StaffArguments {
    /// The person, and where the name comes from.
    pub fn actor(&self) -> Actor {
        let reason = self.reason.clone().unwrap_or_default();
        match &self.by {
            Some(by) => Actor { subject: by.to_string(), source: Actor::NAMED.to_owned(), reason },
            None => Actor { subject: login(), source: Actor::LOGIN.to_owned(), reason },
        }
    }
}

/// The login name of the person, also behind `sudo`. Characters that a user key can't have are replaced by `_`.
fn login() -> String {
    let uid = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| {
        let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?.to_owned();
        line.split_whitespace().next().map(str::to_owned)
    });
    let behind = std::env::var("SUDO_USER").ok().filter(|_| uid.as_deref() == Some("0"));
    let named = || {
        let uid = uid.as_deref()?;
        let accounts = std::fs::read_to_string(PathBuf::from("/etc/passwd")).ok()?;
        let name = accounts.lines().find_map(|line| {
            let mut parts = line.split(':');
            let (name, of) = (parts.next()?, parts.nth(1)?);
            (of == uid).then(|| name.to_owned())
        });
        Some(name.unwrap_or_else(|| format!("uid-{uid}")))
    };
    let name = behind.or_else(named).unwrap_or_else(|| "unknown".to_owned());
    let fits = |letter: char| if letter.is_ascii_alphanumeric() || "_-".contains(letter) { letter } else { '_' };
    name.chars().take(64).map(fits).collect()
}
