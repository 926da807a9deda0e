//! `largesse screening`: checks sanctions lists, compares their editions, and screens a name.
use super::files::{self, counted};
use clap::{Args, Subcommand, ValueEnum};
use jiff::{Zoned, civil::Date};
use runtime::command::{CommandResult, UntypedError};
use screening::{
    Birth, Edition, EditionDelta, Error, ListFile, ListFiles, MatchBand, PolicyTable, Screener, ScreeningSubject, import::import,
    names::NameShape, screener::FactCheck,
};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

/// Names of the files of a list: of the list of specially designated nationals, and of the consolidated list.
const FILES: [[&str; 4]; 2] =
    [["sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv"], ["cons_prim.csv", "cons_alt.csv", "cons_add.csv", "cons_comments.csv"]];

/// Printed after the options.
const EXPLANATION: &str = "\
DIR has the files of an edition as OFAC publishes them: sdn.csv, alt.csv, add.csv and sdn_comments.csv, or the same of the consolidated list. A list is taken
whole or not at all. Bands of a hit: diligence (look closer at the person), review (compare with the entry), block (treat as listed until compliance decides).
Nothing is stored.

  largesse screening name lists/2026-11 'Jane Example' --kind person --born 1970-01-31 --country Freedonia";

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
    /// Screens a name and prints every hit with its score and why. Exit code 1 if somebody must look, or if the list can't be read.
    Name {
        /// Directory of the edition.
        dir: PathBuf,
        /// The name.
        name: String,
        /// Whose name it is: titles of persons and legal forms of companies do not count.
        #[arg(long, value_enum)]
        kind: SubjectKind,
        /// Date of birth, not in the future.
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
                let aliases: usize = edition.entries().iter().map(|entry| entry.names.len().saturating_sub(1)).sum();
                let addresses: usize = edition.entries().iter().map(|entry| entry.addresses.len()).sum();
                println!(
                    "ok: {} entries, {aliases} alternate names, {addresses} addresses; sha256 {}",
                    edition.entries().len(),
                    edition.id().hash
                );
                if edition.lines(ListFile::Alternate) == 0 {
                    println!("warning: the alternate names file has no line: a list without them misses most spellings");
                }
                Ok(ExitCode::SUCCESS)
            }
            Err(Error::Lines { problems, total }) => {
                for problem in &problems {
                    println!("{problem}");
                }
                println!("{}: nothing of the list can be used", counted(total, "problem"));
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
                if *born > Zoned::now().date() {
                    return Err(format!("--born {born}: must not be in the future").into());
                }
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
        let fact = |fact: FactCheck| format!("{fact:?}").to_lowercase();
        let score = format!("{}.{:03}", hit.score / 1_000, hit.score % 1_000);
        println!("{score} {band:<9} entry {:<8} {}", hit.entry, hit.name);
        let names = format!("{}.{:03}", hit.name_score / 1_000, hit.name_score % 1_000);
        print!("      names alone {names}; date of birth {}, country {}, kind {}", fact(hit.birth), fact(hit.country), fact(hit.kind));
        if hit.initial {
            print!("; rests on an initial");
        }
        if hit.joined {
            print!("; rests on names written as one");
        }
        if let Some(alias) = &hit.weak_alias {
            print!("; the weak alias {alias} matches too");
        }
        println!("");
    }
    println!("{}", counted(found.hits.len(), "hit"));
    Ok(if found.holds() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The edition in a directory, as of today: the day is not part of what is printed.
fn edition(dir: &Path) -> Result<Result<Edition, Error>, UntypedError> {
    let present = names_in(dir)?;
    let sets: Vec<[&str; 4]> = FILES.into_iter().filter(|names| present.contains_key(names[0])).collect();
    let names = match sets[..] {
        [names] => names,
        [] => return Err(format!("{}: has neither {} nor {}", dir.display(), FILES[0][0], FILES[1][0]).into()),
        // Only one of them would be screened.
        _ => return Err(format!("{}: has files of two lists; give each a directory of its own", dir.display()).into()),
    };
    let mut contents: [Vec<u8>; 4] = Default::default();
    for (content, name) in contents.iter_mut().zip(names) {
        let file = present.get(name).ok_or_else(|| format!("{}: {name} is missing", dir.display()))?;
        *content = files::bytes(file, screening::import::FILE_BYTES_MAX)?;
    }
    let [primary, alternate, address, comments] = &contents;
    let list = if names == FILES[0] { "OFAC SDN" } else { "OFAC consolidated" };
    Ok(import(list, Zoned::now().date(), &ListFiles { primary, alternate, address, comments }))
}

/// The files of a directory by their names in lower case: some publish them in capitals.
fn names_in(dir: &Path) -> Result<BTreeMap<String, PathBuf>, UntypedError> {
    let entries = std::fs::read_dir(dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    let named =
        |entry: std::io::Result<std::fs::DirEntry>| entry.map(|entry| (entry.file_name().to_string_lossy().to_lowercase(), entry.path()));
    Ok(entries.map(named).collect::<Result<_, _>>()?)
}
