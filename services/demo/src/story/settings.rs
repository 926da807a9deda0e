//! The settings of the demo's installation: a sanctions list of invented names, and bank statements that are read every second.
use runtime::command::UntypedError;
use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

/// A payee whose name resembles the first entry of the list, and is somebody else.
pub const RESEMBLING_NAME: &str = "Miroslav Quenbar";
/// The payee who is the second entry of the list.
pub const LISTED_NAME: &str = "Zelm Testovar";

/// What the layout writes in a field without a value.
const ABSENT: &str = "-0- ";
/// The end of each file.
const END: &str = "\u{1a}";

/// Writes the list and the file with the settings below the data directory, and returns the file's path.
pub fn write(data_dir: &Path) -> Result<PathBuf, UntypedError> {
    let dir = data_dir.join("sanctions");
    // Like everything in the data directory, readable only by its owner.
    DirBuilder::new().recursive(true).mode(0o700).create(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let entry = |id: u32, name: &str| format!("{id},\"{name}\",\"individual\",\"INVENTED\",{}{ABSENT}\r\n", format!("{ABSENT},").repeat(7));
    let primary = entry(101, "QUENBAR, Mirosh") + &entry(102, "TESTOVAR, Zelm");
    let alternate = format!("101,501,\"aka\",\"KUENBAR, Mirosh\",{ABSENT}\r\n");
    let mut paths = Vec::new();
    for (name, lines) in [("sdn.csv", primary), ("alt.csv", alternate), ("add.csv", String::new()), ("sdn_comments.csv", String::new())] {
        let path = dir.join(name);
        fs::write(&path, lines + END).map_err(|error| format!("{}: {error}", path.display()))?;
        // A JSON string is a TOML string.
        paths.push(serde_json::to_string(&path)?);
    }
    let file = data_dir.join("demo.toml");
    // A bank issues a statement a day; nobody would wait for it, and only a statement books what comes back.
    let settings = format!(
        "[payout]\nstatement_interval_ms = 1000\n\n[[payout.screening.lists]]\nname = \"DEMO\"\nsource = \"invented names\"\nedition = \
         \"2026-11-27\"\nprimary_file = {}\nalternate_file = {}\naddress_file = {}\ncomments_file = {}\n",
        paths[0], paths[1], paths[2], paths[3]
    );
    fs::write(&file, settings).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(file)
}
