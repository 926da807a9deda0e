//! Who holds a lease, in a form that tells whether that process is gone, where it ran on this machine.
use std::path::Path;
use uuid::Uuid;

/// This process: its number, where that number means something, and a name nobody else has.
pub(super) fn own() -> String {
    format!("process {} of {} ({})", std::process::id(), place(), Uuid::new_v4().simple())
}

/// Where process numbers are unique: this boot of this kernel, in this process namespace. Two containers on one machine are two places.
fn place() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let namespace = std::fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default();
    // Without both nobody is ever taken for gone, and a lease runs out by its time: the first namespace has one number on every machine.
    if boot.trim().is_empty() || namespace.is_empty() {
        return Uuid::new_v4().simple().to_string();
    }
    boot.chars().chain(namespace.chars()).filter(char::is_ascii_alphanumeric).collect()
}

/// Whether `holder` ran here and has ended. A number that was given to another process since counts as running: then the lease runs out by
/// its time.
pub(super) fn is_gone(holder: &str) -> bool {
    let mut words = holder.split(' ');
    let (Some("process"), Some(number), Some("of"), Some(there)) = (words.next(), words.next(), words.next(), words.next()) else {
        return false;
    };
    number.parse::<u32>().is_ok_and(|number| there == place() && !Path::new(&format!("/proc/{number}")).exists())
}

#[cfg(test)]
mod tests;
