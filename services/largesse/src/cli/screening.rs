//! `largesse screening`: checks sanctions lists, compares their editions, and screens a name.
use clap::{Args, Subcommand, ValueEnum};
use jiff::{Zoned, civil::Date};
use runtime::command::{CommandResult, UntypedError};
use screening::{
    Birth, Edition, EditionDelta, Error, ListFiles, MatchBand, PolicyTable, Screener, ScreeningSubject, import::import, names::NameShape,
};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

/// Names of the files of a list: of the list of specially designated nationals, and of the consolidated list.
const FILES: [[&str; 4]; 2] =
    [["sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv"], ["cons_prim.csv", "cons_alt.csv", "cons_add.csv", "cons_comments.csv"]];
/// Files that a list may lack.
const OPTIONAL: std::ops::Range<usize> = 1..4;

/// Printed after the options.
const EXPLANATION: &str = "\
DIR has the files of an edition as OFAC publishes them: sdn.csv, alt.csv, add.csv and sdn_comments.csv, or the same of the consolidated list. A list is taken
whole or not at all. Bands of a hit: diligence (look closer at the person), review (compare with the entry), block (treat as listed until compliance decides).
Nothing is stored.

  largesse screening name lists/2026-11 'Jane Example' --born 1970-01-31 --country Freedonia";

/// Options of `largesse screening`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true, after_long_help = EXPLANATION)]
pub struct ScreeningArguments {
    #[command(subcommand)]
    pub task: ScreeningTask,
}

/// What to do with lists.
#[derive(Debug, Subcommand)]
pub enum ScreeningTask {
    /// Reads an edition whole and prints every line that can't be taken. Exit code 1 if there is one.
    Check {
        /// Directory of the edition.
        dir: PathBuf,
    },
    /// Prints the entries that an edition adds, removes or changes.
    Diff {
        /// Directory of the earlier edition.
        earlier: PathBuf,
        /// Directory of the later edition.
        later: PathBuf,
    },
    /// Screens a name and prints every hit with its score and why. Exit code 1 if somebody must look.
    Name {
        /// Directory of the edition.
        dir: PathBuf,
        /// The name.
        name: String,
        /// Whose name it is.
        #[arg(long, value_enum, default_value = "person")]
        kind: SubjectKind,
        /// Date of birth.
        #[arg(long)]
        born: Option<Date>,
        /// Countries of the person, in English; repeat for several.
        #[arg(long)]
        country: Vec<String>,
    },
}

/// Whose name is screened.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum SubjectKind {
    /// A natural person.
    Person,
    /// Anything else.
    Organisation,
}

/// Runs `largesse screening`.
pub fn run(arguments: &ScreeningArguments) -> CommandResult {
    match &arguments.task {
        ScreeningTask::Check { dir } => match edition(dir)? {
            Ok(edition) => {
                println!("ok: {} entries, sha256 {}", edition.entries().len(), edition.id().hash);
                Ok(ExitCode::SUCCESS)
            }
            Err(Error::Lines { problems, total }) => {
                for problem in &problems {
                    println!("{problem}");
                }
                println!("{total} problems: nothing of the list can be used");
                Ok(ExitCode::FAILURE)
            }
            Err(error) => Err(format!("{}: {error}", dir.display()).into()),
        },
        ScreeningTask::Diff { earlier, later } => {
            let (earlier, later) = (edition(earlier)??, edition(later)??);
            let delta = EditionDelta::between(&earlier, &later)?;
            for (what, ids, from) in
                [("added", &delta.added, &later), ("removed", &delta.removed, &earlier), ("changed", &delta.changed, &later)]
            {
                for entry in ids.iter().filter_map(|id| from.entry(*id)) {
                    println!("{what:<8} {:<8} {}", entry.id, entry.names.first().map_or("", |name| &name.name));
                }
            }
            println!("{} added, {} removed, {} changed", delta.added.len(), delta.removed.len(), delta.changed.len());
            Ok(ExitCode::SUCCESS)
        }
        ScreeningTask::Name { dir, name, kind, born, country } => {
            let shape = match kind {
                SubjectKind::Person => NameShape::Person,
                SubjectKind::Organisation => NameShape::Organisation,
            };
            let mut subject = ScreeningSubject::try_new("1", name, shape)?;
            if let Some(born) = born {
                subject = subject.born(Birth::on(*born));
            }
            for country in country {
                subject = subject.of_country(country)?;
            }
            screen(edition(dir)??, &subject)
        }
    }
}

fn screen(edition: Edition, subject: &ScreeningSubject) -> CommandResult {
    let policy = PolicyTable::built_in().on(Zoned::now().date())?.clone();
    let found = Screener::new(Arc::new(edition), policy).screen(subject);
    if !found.comparable {
        println!("the name can't be compared with the list: a person must look");
    }
    for hit in &found.hits {
        let band = match hit.band {
            MatchBand::Diligence => "diligence",
            MatchBand::Review => "review",
            MatchBand::Block => "block",
        };
        let (birth, country) = (format!("{:?}", hit.birth).to_lowercase(), format!("{:?}", hit.country).to_lowercase());
        let score = format!("{}.{:03}", hit.score / 1_000, hit.score % 1_000);
        println!("{score} {band:<9} entry {:<8} {} (date of birth: {birth}, country: {country})", hit.entry, hit.name);
    }
    println!("{} hits", found.hits.len());
    Ok(if found.holds() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The edition in a directory. Its day is that of the newest of its files; nothing that is printed depends on it.
fn edition(dir: &Path) -> Result<Result<Edition, Error>, UntypedError> {
    let names = FILES.into_iter().find(|names| dir.join(names[0]).exists());
    let names = names.ok_or_else(|| format!("{}: has neither {} nor {}", dir.display(), FILES[0][0], FILES[1][0]))?;
    let mut contents: [Vec<u8>; 4] = Default::default();
    for (at, name) in names.iter().enumerate() {
        let file = dir.join(name);
        if OPTIONAL.contains(&at) && !file.exists() {
            continue;
        }
        let length = std::fs::metadata(&file).map_err(|error| format!("{}: {error}", file.display()))?.len();
        if length > screening::import::FILE_BYTES_MAX as u64 {
            return Err(format!("{}: must have at most {} bytes", file.display(), screening::import::FILE_BYTES_MAX).into());
        }
        contents[at] = std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let [primary, alternate, address, comments] = &contents;
    let list = if names == FILES[0] { "OFAC SDN" } else { "OFAC consolidated" };
    Ok(import(list, Zoned::now().date(), &ListFiles { primary, alternate, address, comments }))
}
