//! The settings of the demo's installation: a sanctions list of invented names, bank statements that are read every second, and ACH on every day.
use super::leaves::{APPS, company, company_name};
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

/// Same Day ACH as the built-in record has it, but open at any hour: a demo on a Sunday shows the same.
const RAILS: &str = r#"
[[rail]]
id = "us-ach-same-day"
name = "Same Day ACH"
valid_from = "2026-01-01"
countries = ["US"]
currencies = ["USD"]
kinds = ["bank-account"]
instant = "no"
zone = "America/New_York"
sessions = [{ days = "every", opens = "00:00", closes = "24:00" }]
windows = [{ name = "any day", cutoff = "23:59", settles = "D+0 23:59", earliest = "D+0 23:59", typical = "D+0 23:59", latest = "D+0 24:00" }]
finality = { kind = "returnable", business_days = 2 }
return_rule = "As in the built-in record."
recall_rule = "As in the built-in record."
recall_business_days = 5
beneficiary_fields = [["routing_number", "account_number", "account_type", "name"]]
payee_check = "optional"
payee_check_note = "As in the built-in record."
cost = { currency = "USD", low = "0.25", typical = "0.60", high = "1.50" }
statuses = [{ message = "ACH file", settled = [], pending = ["accepted"], rejected = ["rejected", "returned"] }]
caps = [{ amount = "1000000.00", currency = "USD" }]
source = "the built-in record, with the hours of a demo"
confidence = "K"
as_of = "2026-11-26"
"#;

/// An owner who closes a wallet is paid back what is left of it, at once: nobody would wait for days.
const WALLETS: &str = r#"version = "demo"

[[closure]]
market = "*"
from = "2026-01-01"
rule = "refund"
not_refundable = "forfeit"
source = "an example of the form, not of any law"

[[waiting]]
market = "*"
from = "2026-01-01"
days = 0
source = "a demo's patience"
"#;

/// What a bank asks in a month for the accounts of the structure.
const COSTS: &str = "bank_costs = [{ from = \"2026-01-01\", currency = \"SGD\", physical_account_minor_units = 2500, \
    virtual_account_minor_units = 100, source = \"invented prices\" }]\n\n";

/// What the layout writes in a field without a value.
const ABSENT: &str = "-0- ";
/// The end of each file.
const END: &str = "\u{1a}";

/// Writes the list and the file with the settings below the data directory, and returns the file's path. The treasury's book is the run's own: a bank account's day
/// is closed once and for ever, so a second run in one database could not close it.
pub fn write(data_dir: &Path, treasury_book: &str) -> Result<PathBuf, UntypedError> {
    let dir = data_dir.join("sanctions");
    // Like everything in the data directory, readable only by its owner.
    DirBuilder::new().recursive(true).mode(0o700).create(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let entry = |id: u32, name: &str| format!("{id},\"{name}\",\"individual\",\"INVENTED\",{}{ABSENT}\r\n", format!("{ABSENT},").repeat(7));
    let primary = entry(101, "QUENBAR, Mirosh") + &entry(102, "TESTOVAR, Zelm");
    let alternate = format!("101,501,\"aka\",\"KUENBAR, Mirosh\",{ABSENT}\r\n");
    let files = [
        ("primary_file", dir.join("sdn.csv"), primary + END),
        ("alternate_file", dir.join("alt.csv"), alternate + END),
        ("address_file", dir.join("add.csv"), END.to_owned()),
        ("comments_file", dir.join("sdn_comments.csv"), END.to_owned()),
    ];
    let rails_file = data_dir.join("rails.toml");
    save(&rails_file, RAILS)?;
    let wallets_file = data_dir.join("wallets.toml");
    save(&wallets_file, WALLETS)?;
    // A bank issues a statement a day; nobody would wait for it, and only a statement books what comes back.
    let mut settings = format!(
        "[purchase]\nwallet_rules = {}\nsweep_interval_s = 1\n\n[treasury]\nbook = \"{treasury_book}\"\n{COSTS}[payout]\nstatement_interval_ms = 1000\n\n{}[payout.route]\nrails_file = {}\n\n[[payout.screening.lists]]\nname = \"DEMO\"\n\
         source = \"invented names\"\nedition = \"2026-11-27\"\n",
        quoted(&wallets_file)?,
        APPS.map(company_settings).concat(),
        quoted(&rails_file)?
    );
    for (option, path, text) in files {
        save(&path, &text)?;
        settings += &format!("{option} = {}\n", quoted(&path)?);
    }
    let file = data_dir.join("demo.toml");
    save(&file, &settings)?;
    Ok(file)
}

/// The name of an app's company, for its payments.
fn company_settings(app: &str) -> String {
    let (id, name) = (company(app), company_name(app));
    format!("[[payout.entities]]\nid = \"{id}\"\nname = \"{name}\"\nregistration = \"{}\"\n\n", id.to_uppercase())
}

fn save(path: &Path, text: &str) -> Result<(), UntypedError> {
    Ok(fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))?)
}

/// A path in TOML; a JSON string is one of TOML, too.
fn quoted(path: &Path) -> Result<String, UntypedError> {
    Ok(serde_json::to_string(path)?)
}
