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
