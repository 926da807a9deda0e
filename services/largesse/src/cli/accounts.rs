//! `largesse accounts`: checks bank accounts and payment addresses.
use accounts::{AddressField, AddressKind, AddressRules, PayoutAddress, rails::DEFAULT_RAIL_NEEDS};
use clap::{Args, Subcommand};
use runtime::command::{CommandResult, UntypedError};
use std::{io::Read as _, process::ExitCode};

/// Longest input, in bytes.
const INPUT_BYTES_MAX: u64 = 64 << 10;

/// Printed after the options.
const EXPLANATION: &str = "\
A check passes what is well formed and has right check digits. Whether the account exists and whose it is, only its bank can say. Without FIELD=VALUE the
fields are read from standard input, one a line, so that an account number is in no shell history. UK accounts are checked for their form only, because the
table of the modulus check is not part of the program.

  largesse accounts check us-account routing_number=121000248 account_number=123456789 account_type=checking";

/// Options of `largesse accounts`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_long_help = EXPLANATION)]
pub struct AccountsArguments {
    #[command(subcommand)]
    pub task: AccountsTask,
}

/// What to do with accounts.
#[derive(Debug, Subcommand)]
pub enum AccountsTask {
    /// Lists the kinds of accounts and addresses with their fields; those in brackets are optional.
    Kinds,
    /// Checks an account: prints it masked, with its country, its currency and the rails that can pay it, or everything that is wrong. Exit code 1 if it is wrong.
    Check {
        /// The kind, as `largesse accounts kinds` lists them.
        kind: String,
        /// Its fields.
        #[arg(value_name = "FIELD=VALUE")]
        fields: Vec<String>,
    },
}

/// Runs `largesse accounts`.
pub fn run(arguments: &AccountsArguments) -> CommandResult {
    match &arguments.task {
        AccountsTask::Kinds => {
            for kind in AddressKind::ALL {
                let needed = kind.canonical_fields().iter().map(|field| field.name().to_owned());
                let optional = kind.optional_fields().iter().map(|field| format!("[{}]", field.name()));
                println!("{:<20} {}", kind.name(), needed.chain(optional).collect::<Vec<_>>().join(" "));
            }
            Ok(ExitCode::SUCCESS)
        }
        AccountsTask::Check { kind, fields } => check_one(kind, fields),
    }
}

fn check_one(kind: &str, fields: &[String]) -> CommandResult {
    let named = AddressKind::from_name(kind).ok_or("there is no such kind; `largesse accounts kinds` lists them")?;
    let lines = if fields.is_empty() { input()? } else { fields.join("\n") };
    let mut given = Vec::new();
    for (at, line) in lines.lines().filter(|line| !line.trim().is_empty()).enumerate() {
        // Nothing of what is not understood is repeated: it may be an account number.
        let (name, value) = line.split_once('=').ok_or_else(|| format!("field {}: must be FIELD=VALUE", at + 1))?;
        let field = AddressField::from_name(name.trim());
        let field =
            field.ok_or_else(|| format!("field {}: there is no field of this name; `largesse accounts kinds` lists them", at + 1))?;
        if given.iter().any(|(known, _)| *known == field) {
            return Err(format!("{} must be given once", field.name()).into());
        }
        given.push((field, value));
    }
    match PayoutAddress::parse(named, &given, &AddressRules::default()) {
        Ok(address) => {
            let currency = address.currency();
            println!("{} {}", named.name(), address.masked());
            println!("country   {}", address.country().unwrap_or("not known from the address"));
            println!("currency  {}", currency.as_ref().map_or("not known from the address", |currency| currency.code()));
            rails(&address);
            Ok(ExitCode::SUCCESS)
        }
        Err(faults) => {
            for fault in faults.faults() {
                println!("{fault}");
            }
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Prints the rails that reach the address, with what each needs besides.
fn rails(address: &PayoutAddress) {
    let mut reached = false;
    for needs in &DEFAULT_RAIL_NEEDS {
        let Some(mut missing) = needs.missing(address) else { continue };
        missing.extend(needs.besides(address).unwrap_or_default());
        reached = true;
        let missing: Vec<&str> = missing.into_iter().map(AddressField::name).collect();
        match missing.is_empty() {
            true => println!("rail      {}", needs.rail),
            false => println!("rail      {} needs also {}", needs.rail, missing.join(", ")),
        }
    }
    if !reached {
        println!("rail      none reaches this address");
    }
}

fn input() -> Result<String, UntypedError> {
    let mut text = String::new();
    std::io::stdin().take(INPUT_BYTES_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > INPUT_BYTES_MAX {
        return Err(format!("the input must have at most {INPUT_BYTES_MAX} bytes").into());
    }
    // An editor may have written a byte order mark.
    Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
}
