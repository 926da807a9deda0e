//! Heads of the audit log, outside the database: a text file with a line for every line of the log, so that truncating, dropping or rewriting the whole log is
//! detected. Worth only as much as the file is out of reach of those who can write to the database.
use std::{
    fs::{self, OpenOptions},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

#[cfg(test)]
mod tests;

/// The file in the directory of heads. No book's name has an underscore, so it can't be a book's file.
const FILE: &str = "_acts.heads";
/// The first word of every line: the format's version.
const FORMAT: &str = "act1";
/// Longest file read, in bytes: a hundred million lines.
const FILE_BYTES_MAX: u64 = 10 << 30;

/// The file's path.
#[must_use]
pub fn file(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

/// Appends a head, durably.
pub fn append(dir: &Path, seq: i64, hash: &[u8; 32]) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let mut file = OpenOptions::new().create(true).append(true).open(file(dir))?;
    file.write_all(format!("{FORMAT} {seq} {}\n", hex::encode(hash)).as_bytes())?;
    file.sync_data()
}

/// The heads that were recorded, in order of writing; none without a file. A last line without its end was cut by a crash and is ignored.
pub fn read(dir: &Path) -> io::Result<Vec<(i64, [u8; 32])>> {
    let mut text = String::new();
    match fs::File::open(file(dir)) {
        Ok(file) => file.take(FILE_BYTES_MAX).read_to_string(&mut text)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    let wrong = |line: &str| io::Error::new(io::ErrorKind::InvalidData, format!("{}: not a head: {line:.80}", file(dir).display()));
    whole.lines().map(|line| parse(line).ok_or_else(|| wrong(line))).collect()
}

fn parse(line: &str) -> Option<(i64, [u8; 32])> {
    let mut words = line.split(' ');
    let (format, seq, hash) = (words.next()?, words.next()?, words.next()?);
    let mut bytes = [0; 32];
    hex::decode_to_slice(hash, &mut bytes).ok()?;
    let seq = seq.parse().ok().filter(|seq| *seq > 0)?;
    (format == FORMAT && words.next().is_none()).then_some((seq, bytes))
}
