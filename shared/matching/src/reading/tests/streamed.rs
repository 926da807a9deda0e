//! Files read line by line say what files read at once say.
use super::*;
use crate::soundness::{SetFinding, compare_statements};

fn streamed(text: &str) -> (StreamedFile, Vec<BankLine>) {
    let mut lines = Vec::new();
    let file = stream(text.as_bytes(), 3, &mut |_, line| lines.push(line));
    (file, lines)
}

#[test]
fn every_format_gives_the_same_lines_and_statements() {
    let detail = payment(ID, "<Amt Ccy=\"EUR\">2.00</Amt>") + &payment(ID_2, "<Amt Ccy=\"EUR\">3.00</Amt>");
    let entries = entry("5.00", "DBIT", &format!("<NtryDtls>{detail}</NtryDtls>")) + &entry("1.00", "CRDT", "").replace("BOOK", "PDNG");
    let files = [
        camt("camt.053", &entries, "95.00"),
        camt("camt.052", &entries, ""),
        mt940(":61:2611241124D5,00NTRFNONREF//BK1\r\n", "95,00"),
        bai2("1", "2", &["16,495,500,0,BK1,0192f0c0a1b27c3d8e4f5a6b7c8d9e01,wire /"]),
        "no format".to_owned(),
        // Its first field comes after the bytes by which a format is recognised.
        format!("{}{}", "a line before the message\r\n".repeat(4_000), mt940(":61:2611241124D5,00NTRFNONREF//BK1\r\n", "95,00")),
    ];
    for text in files {
        let (whole, (file, lines)) = (read(text.as_bytes(), 3), streamed(&text));
        assert_eq!((&file.format, &file.problems, lines), (&whole.format, &whole.problems, whole.lines), "{text}");
        let parts: Vec<_> = file.statements.into_iter().map(|(part, _)| part).collect();
        assert_eq!(parts, whole.statements, "{text}");
    }
}

#[test]
fn a_statement_says_what_its_lines_come_to() {
    let text = camt("camt.053", &(entry("5.00", "DBIT", "") + &entry("1.00", "CRDT", "").replace("BOOK", "PDNG")), "95.00");
    let content = streamed(&text).0.statements.remove(0).1;
    assert_eq!((content.lines, content.moved), (2, -500));
    assert_eq!(content.last_booked, Some(Date::constant(2026, 11, 24)));
    assert_eq!(content, streamed(&text).0.statements.remove(0).1);
    // Anything that a line says makes it another statement.
    for (from, to) in [
        ("2026-11-25", "2026-11-26"),
        ("B1", "B2"),
        ("PDNG", "INFO"),
        ("DBIT</CdtDbtInd><Sts", "DBIT</CdtDbtInd><RvslInd>true</RvslInd><Sts"),
    ] {
        let other = streamed(&text.replacen(from, to, 1)).0.statements.remove(0).1;
        assert_eq!(other.digest == content.digest, from == "PDNG", "{from}");
    }
}

#[test]
fn a_file_that_is_not_sound_says_so_at_its_end() {
    let text = camt("camt.053", &entry("5.00", "DBIT", ""), "95.01");
    let (file, lines) = streamed(&text);
    assert!(!file.is_sound() && lines.len() == 1 && read(text.as_bytes(), 3).lines.is_empty());
    let (file, _) = streamed(&text.replace("</Document>", ""));
    assert!(!file.is_sound());
}

#[test]
fn statements_are_compared_by_what_their_lines_say() {
    let one = camt("camt.053", &entry("5.00", "DBIT", ""), "95.00");
    let more = camt("camt.053", &(entry("5.00", "DBIT", "") + &entry("5.00", "CRDT", "") + &entry("5.00", "DBIT", "")), "95.00");
    let compared = |first: &str, second: &str| {
        let files = [first, second].map(|text| streamed(text).0);
        let parts: Vec<StatementPart> =
            files.iter().enumerate().map(|(at, file)| StatementPart { file: at + 1, ..file.statements[0].0.clone() }).collect();
        let named: Vec<_> = files.iter().zip(&parts).map(|(file, part)| (file.format.as_str(), part)).collect();
        let digest = |part: &StatementPart| files[part.file - 1].statements[0].1.digest;
        let problems = compare_statements(&named, &|one, other| digest(one) == digest(other));
        problems.into_iter().map(|problem| problem.finding).collect::<Vec<_>>()
    };
    assert_eq!(compared(&one, &one), [SetFinding::SameStatement { of: (1, 1) }]);
    assert_eq!(compared(&one, &more), [SetFinding::ChangedStatement { of: (2, 1) }, SetFinding::ChangedStatement { of: (1, 1) }]);
}

/// A file that is written as it is read, and counts the entries that were read of it.
struct WrittenWhenRead<'c> {
    head: String,
    entries: std::ops::RangeInclusive<usize>,
    entry: fn(usize) -> String,
    tail: Option<String>,
    written: Vec<u8>,
    given: &'c std::cell::Cell<usize>,
}

impl std::io::Read for WrittenWhenRead<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if !self.head.is_empty() {
            self.written = std::mem::take(&mut self.head).into_bytes();
        } else if self.written.is_empty() {
            match self.entries.next() {
                Some(number) => {
                    self.given.set(number);
                    self.written = (self.entry)(number).into_bytes();
                }
                None => self.written = self.tail.take().unwrap_or_default().into_bytes(),
            }
        }
        let count = buffer.len().min(self.written.len());
        buffer[..count].copy_from_slice(&self.written[..count]);
        self.written.drain(..count);
        Ok(count)
    }
}

/// Entries of the long files, and lines of each: together more lines than a file that is read whole may have. Most are blank, which is quickly read.
const ENTRIES: usize = 12_000;
const LINES: usize = 45;
/// Entries that may have been read and not given out: those of the bytes that say which format a file has, and of a reader's buffer.
const AHEAD_MAX: usize = 2_000;

/// A format, what stands before and after the entries, and an entry.
type LongFile = (&'static str, [String; 2], fn(usize) -> String);

/// The parts of a long file, as MT940 and as BAI2, whose closing balance is this much off.
fn long_files(off: usize) -> [LongFile; 2] {
    let (total, count) = (ENTRIES + off, ENTRIES);
    let mt940 = [
        ":20:LONG\n:25:DE89370400440532013000\n:28C:7/1\n:60F:C261123EUR0,\n".to_owned(),
        format!(":62F:C261124EUR{},{:02}\n-\n", total / 100, total % 100),
    ];
    let control = total + ENTRIES + ENTRIES;
    let bai2 = [
        format!("01,A,B,261124,0130,7,,,2/\n02,B,A,1,261124,,EUR,2/\n03,532013000,,010,0,,,015,{total},,/\n88,100,{count},{count},/\n"),
        format!("49,{control},{}/\n98,{control},1,{}/\n99,{control},1,{}/\n", count + 3, count + 5, count + 7),
    ];
    [
        ("MT940", mt940, |number| format!(":61:2611241124C0,01NTRFNONREF//BK{number}{}", "\n".repeat(LINES))),
        ("BAI2", bai2, |number| format!("16,195,1,,BK{number},,/{}", "\n".repeat(LINES))),
    ]
}

#[test]
fn a_long_file_is_in_memory_only_as_far_as_a_few_entries() {
    for (format, [head, tail], entry) in long_files(0) {
        const { assert!(ENTRIES * LINES > bankfiles::STATEMENT_LINES_MAX) };
        let (given, mut taken, mut ahead) = (std::cell::Cell::new(0), 0, 0);
        let input = WrittenWhenRead { head, entries: 1..=ENTRIES, entry, tail: Some(tail), written: Vec::new(), given: &given };
        let file = stream(input, 1, &mut |part, line| {
            taken += 1;
            ahead = ahead.max(given.get() - taken);
            assert_eq!((part.statement, line.place.entry), (1, taken));
        });
        assert_eq!((file.format.as_str(), &file.problems), (format, &Vec::new()));
        let [(part, content)] = file.statements.as_slice() else { panic!("one statement: {:?}", file.statements) };
        assert_eq!((taken, content.lines, content.moved), (ENTRIES, ENTRIES, ENTRIES as i128));
        assert_eq!((part.opening, part.closing, part.day), (Some(0), Some(ENTRIES as i64), Some(Date::constant(2026, 11, 24))));
        assert!(ahead <= AHEAD_MAX, "{ahead} entries of {format} were read before one of them was given out");
    }
}

#[test]
fn a_long_file_with_a_wrong_total_or_without_its_end_is_not_sound() {
    for (format, [head, tail], entry) in long_files(1) {
        for tail in [Some(tail), None] {
            let given = std::cell::Cell::new(0);
            let input = WrittenWhenRead { head: head.clone(), entries: 1..=ENTRIES, entry, tail, written: Vec::new(), given: &given };
            let file = stream(input, 1, &mut |_, _| {});
            assert!(!file.is_sound() && file.statements[0].1.lines == ENTRIES, "{format}: {:?}", file.problems);
        }
    }
}
