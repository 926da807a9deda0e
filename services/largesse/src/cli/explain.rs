//! `largesse explain`: the whole story behind an id.
use crate::cli::{
    book,
    settings::{AuditedDatabase, DatabaseArgument},
    staff::StaffArguments,
    user,
};
use clap::Args;
use db::Database;
use identity::BookScope;
use money::{BookName, UserKey, text::shown};
use monitor::explain::{self, SoughtId, Story, StoryLinks, StoryScope};
use operations::acts::{AuditLog, TerminalAct};
use runtime::command::{CommandResult, UntypedError};
use serde_json::{Value, json};
use std::{collections::BTreeSet, fmt::Write as _, process::ExitCode};

/// Printed after the options.
const EXPLANATION: &str = "\
ID can be: the id of a posting, purchase, order, refund, settlement, gift, quote, payout, payout run, review, beneficiary, proposal or staff action; of a
reservation, sweep, receipt, case or adjustment of treasury; of a wallet's closure or merge; the id of the request that created one of these (for a gift or a
quote, give --user too); an id sent to a bank (EndToEndId or MsgId); a store's id of a transaction, refund or dispute; a user; or the name of an account.
Money is followed through people's accounts, first in, first out: back to its source, and forward to where it went. The command reads the stores of all
services, so run it where their database is; services may be running. Exit code 1: nothing has this id. The audit log records who ran the command, about
which user, and the reason if one is given. Auditors find this record with ListActs, by the member of staff or by the user. If the audit log can't be written,
as on a backup, nothing is shown without --unrecorded.

  largesse explain 01890a5d-ac96-774b-bcce-b302099a8057
  largesse explain viewer/ada/coins --by sam --reason 'ticket 4711: where are her coins'
  largesse explain 2000000123456789 --book demo --json";

/// Options of `largesse explain`.
#[derive(Debug, Args)]
#[command(after_long_help = EXPLANATION)]
pub struct ExplainArguments {
    /// The id to explain.
    #[arg(value_name = "ID", value_parser = SoughtId::parse)]
    pub id: SoughtId,
    #[command(flatten)]
    pub place: DatabaseArgument,
    /// Look only in this book.
    #[arg(long, value_name = "BOOK", value_parser = book)]
    pub book: Option<BookName>,
    /// If the id may be a request id: the user who sent the request.
    #[arg(long, value_name = "USER", value_parser = user)]
    pub user: Option<UserKey>,
    /// How many sources of the money, and how many of its destinations, are listed one by one.
    #[arg(long, value_name = "COUNT", default_value_t = 5, value_parser = clap::value_parser!(u16).range(0..=1_000))]
    pub most: u16,
    /// Prints JSON instead of lines.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub staff: StaffArguments,
}

/// The error when there is no audit log.
const NO_LOG: &str = "every use is recorded in the audit log, and there is none to write to: the support service has no tables in this database, or it is a \
    backup; nothing is shown. --unrecorded shows it without a record";

/// Explains the id between two lines of the audit log.
async fn looked(place: &AuditedDatabase, id: &SoughtId, scope: &StoryScope, staff: &StaffArguments) -> Result<Vec<Story>, UntypedError> {
    let database = Database::parse(&place.address)?;
    if staff.unrecorded {
        return explain::explain(&database, id, scope).await;
    }
    // Before the audit log, so that an invalid database is reported as such.
    let books = monitor::audit::open(&database).await?.books().await?;
    let only = if let [only] = books.as_slice() { only.name.clone() } else { String::new() };
    let Some(log) = AuditLog::open(&database, place.heads_dir.as_deref()).await? else { return Err(NO_LOG.into()) };
    let user_id = scope.user.as_ref().map(ToString::to_string).unwrap_or_default();
    let act = TerminalAct {
        name: "largesse explain",
        book: scope.books.single().map_or(only, ToString::to_string),
        request_json: json!({ "id": id.to_string(), "userId": user_id }).to_string(),
        user_id,
    };
    let told = async {
        let stories = explain::explain(&database, id, scope).await?;
        let mut people = BTreeSet::new();
        stories.iter().for_each(|story| story.people(&mut people));
        Ok((stories, people))
    };
    log.recorded(&staff.actor(), &act, told).await
}

/// Prints the stories; exit code 1 when there are none.
pub async fn run(place: AuditedDatabase, arguments: ExplainArguments) -> CommandResult {
    let ExplainArguments { id, book, user, most, json: as_json, staff, place: _ } = arguments;
    let books = book.map_or(BookScope::All, |book| BookScope::Only(vec![book]));
    let scope = StoryScope { books, user, most: usize::from(most) };
    let stories = looked(&place, &id, &scope, &staff).await?;
    if as_json {
        println!("{}", serde_json::to_string_pretty(&stories)?);
    } else {
        let mut out = String::new();
        for story in &stories {
            let _ = writeln!(out, "{} {} in book {}", shown(&story.what), shown(&story.id), shown(&story.book));
            tell(&mut out, story, 1);
        }
        print!("{out}");
    }
    if stories.is_empty() {
        eprintln!("largesse: this id stands for nothing here; for a gift's or a quote's request id also give --user");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// Appends a story to `out`. Writing to a string can't fail.
fn tell(out: &mut String, story: &Story, depth: usize) {
    let pad = "  ".repeat(depth);
    let _ = writeln!(out, "{pad}{}", shown(&story.told));
    for (name, value) in &story.facts {
        match value {
            Value::String(text) if text.is_empty() => {}
            Value::String(text) => {
                let _ = writeln!(out, "{pad}{name}: {}", shown(text));
            }
            Value::Array(list) if list.is_empty() => {}
            Value::Array(list) => {
                let _ = writeln!(out, "{pad}{name}:");
                for item in list {
                    let _ = writeln!(out, "{pad}  {}", line(item));
                }
            }
            other => {
                let _ = writeln!(out, "{pad}{name}: {}", line(other));
            }
        }
    }
    for posting in &story.postings {
        let _ = writeln!(out, "{pad}event {} {} {} {}", posting.seq, posting.time, shown(&posting.kind), posting.posting_id);
        for moved in &posting.transfers {
            let _ = writeln!(
                out,
                "{pad}  {:<17} {} -> {}  {}",
                moved.kind,
                shown(&moved.debit_account),
                shown(&moved.credit_account),
                shown(&moved.told)
            );
        }
    }
    ways(out, "from", &story.from, depth);
    ways(out, "into", &story.into, depth);
}

/// An object in one line.
fn line(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let told = fields.values().map(line).filter(|text| !text.is_empty());
            told.collect::<Vec<_>>().join("  ")
        }
        Value::String(text) => shown(text).into_owned(),
        other => other.to_string(),
    }
}

fn ways(out: &mut String, name: &str, links: &StoryLinks, depth: usize) {
    if links.told.is_empty() && links.more.is_none() {
        return;
    }
    let pad = "  ".repeat(depth);
    let _ = writeln!(out, "{pad}{name}:");
    for link in &links.told {
        match &link.story {
            Some(story) => {
                let _ = writeln!(out, "{pad}  {} {name} {} {}", shown(&link.told), shown(&story.what), shown(&story.id));
                tell(out, story, depth + 2);
            }
            None => {
                let _ = writeln!(out, "{pad}  {} {name} things that are not shown", shown(&link.told));
            }
        }
    }
    if let Some(more) = &links.more {
        let _ = writeln!(out, "{pad}  {more}");
    }
}
