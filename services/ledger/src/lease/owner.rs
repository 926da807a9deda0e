//! The name of a lease's holder. On the machine where that process ran, the name shows whether it has ended.
use std::path::Path;
use uuid::Uuid;

/// This process: its id, where process ids are unique (see `place`), and a random name.
pub(super) fn own() -> String {
    format!("process {} of {} ({})", std::process::id(), place(), Uuid::new_v4().simple())
}

/// Where process ids are unique: this boot of this kernel, in this PID namespace. Two containers on one machine are two places.
fn place() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = std::fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default();
    // Without both no process is ever taken for ended, and a lease just expires: the first namespace has one number on every machine.
    if boot.trim().is_empty() || namespace.is_empty() {
        return Uuid::new_v4().simple().to_string();
    }
    boot.chars().chain(namespace.chars()).filter(char::is_ascii_alphanumeric).collect()
}

/// Whether `holder` ran here and has ended. A process id that was reused since counts as running: then the lease just expires.
pub(super) fn is_gone(holder: &str) -> bool {
    let mut words = holder.split(' ');
    let (Some("process"), Some(number), Some("of"), Some(there)) = (words.next(), words.next(), words.next(), words.next()) else {
        return false;
    };
    number.parse::<u32>().is_ok_and(|number| there == place() && !Path::new(&format!("/proc/{number}")).exists())
}

#[cfg(test)]
mod tests;
