//! Unit tests of files as people supply them: sorted, truncated, concatenated, saved by other programs.
use super::*;

const TIME: &str = "2026-01-02T03:04:05.000006Z";

fn id(n: u8) -> String {
    Uuid::from_u128(u128::from(n) << 64 | 0x7000_8000 << 32).to_string()
}

/// A row of a gift of two legs; `seq` as posted.
fn gift_row(n: u8, leg: usize) -> String {
    let (debit, credit, unit) =
        [("viewer/u1/coins", "house/coins/redeemed", "COIN"), ("house/diamonds/issued", "creator/c1/diamonds", "DIAMOND")][leg];
    format!("{},{n},gift,{TIME},,{leg},POSTED,{debit},{credit},{unit},5,0,0,2,", id(n))
}

fn gift(n: u8) -> Vec<String> {
    vec![gift_row(n, 0), gift_row(n, 1)]
}

fn file(rows: &[Vec<String>]) -> String {
    [vec![HEADER.join(",")], rows.concat()].concat().join("\n") + "\n"
}

/// The ids of the complete postings, and the faults of the others.
fn taken(text: &str) -> (Vec<String>, Vec<String>) {
    let mut postings = ImportPostings::of(text.as_bytes()).map_err(|error| error.to_string()).unwrap();
    let mut whole = Vec::new();
    while let Some(group) = postings.next().unwrap() {
        whole.extend((!group.bad).then(|| group.post(false)).flatten().map(|(_, post)| post.request_id));
    }
    (whole, postings.faults)
}

fn refused(text: &str) -> String {
    ImportPostings::of(text.as_bytes()).map(drop).unwrap_err().to_string()
}

#[test]
fn a_file_as_it_was_written_is_taken_whatever_its_lines_end_with() {
    let text = file(&[gift(1), gift(2)]);
    let whole = (vec![id(1), id(2)], Vec::<String>::new());
    assert_eq!(taken(&text), whole);
    assert_eq!(taken(&format!("\u{feff}{text}")), whole, "a byte order mark");
    assert_eq!(taken(&text.replace('\n', "\r\n")), whole);
    assert_eq!(taken(text.trim_end()), whole);
    assert_eq!(taken(&file(&[gift(1), vec![String::new()], gift(2)])), whole, "an empty line");
    // Parts of a book, concatenated.
    assert_eq!(taken(&(file(&[gift(1)]) + &file(&[gift(2)]))), whole);
}

#[test]
fn columns_that_say_more_of_a_posting_are_passed_over() {
    let more = |row: &String| format!("{row},5,\"{{\"\"gift_id\"\":\"\"5655\"\"}}\"");
    let header = format!("{},amount_decimal,fields\n", HEADER.join(","));
    let text = header.clone() + &[gift(1), gift(2)].concat().iter().map(more).collect::<Vec<_>>().join("\n");
    assert_eq!(taken(&text), (vec![id(1), id(2)], Vec::new()));
    assert_eq!(taken(&format!("{text}\n{}", text.replace(&id(1), &id(3)).replace(&id(2), &id(4)))).0.len(), 4, "concatenated");
    // Rows of a file without these columns don't belong to it.
    let (whole, faults) = taken(&(text.clone() + "\n" + &gift(3).join("\n")));
    assert_eq!(whole, [id(1), id(2)]);
    assert!(faults.iter().all(|fault| fault.contains("15 columns instead of 17")) && !faults.is_empty(), "{faults:?}");
    let of_one = text.replace(",imported_id,", ",imported_id,only,").replace(",5,\"{", ",creator/c1/diamonds,5,\"{");
    assert!(refused(&of_one).contains("only the transfers of creator/c1/diamonds"), "{}", refused(&of_one));
}

#[test]
fn a_posting_that_is_not_whole_is_not_taken_and_named_by_its_line() {
    let told = |rows: &[Vec<String>]| taken(&file(rows));
    // Sorted by account: the first leg of each posting, then the second.
    let (whole, faults) = told(&[vec![gift_row(1, 0), gift_row(2, 0), gift_row(1, 1), gift_row(2, 1)]]);
    assert_eq!(whole, Vec::<String>::new());
    assert_eq!(faults.len(), 4, "{faults:?}");
    assert!(faults[0].starts_with("line 2: posting") && faults[0].contains("has 1 of its 2 transfers"), "{faults:?}");
    assert!(faults[2].starts_with("line 4: posting") && faults[2].contains("has rows before"), "{faults:?}");
    for (rows, line, said) in [
        // The last row is cut off; the first row is missing; a row is repeated; the rows are reversed.
        (vec![gift(1), vec![gift_row(2, 0)]], 4, "1 of its 2"),
        (vec![gift(1), vec![gift_row(2, 1)]], 4, "begins with leg 1"),
        (vec![gift(1), vec![gift_row(2, 0), gift_row(2, 0), gift_row(2, 1)]], 5, "not in order, or is there twice"),
        (vec![gift(1), vec![gift_row(2, 1), gift_row(2, 0)]], 4, "begins with leg 1"),
        // A gap; a row that contradicts the others; a row with its last columns cut off.
        (
            vec![
                gift(1),
                vec![gift_row(2, 0).replace("0,2,", "0,3,"), gift_row(2, 1).replace("0,2,", "0,3,").replace(",1,POSTED", ",2,POSTED")],
            ],
            5,
            "leg 1 of",
        ),
        (vec![gift(1), vec![gift_row(2, 0), gift_row(2, 1).replace("gift", "other")]], 5, "not that of its posting"),
        (vec![gift(1), vec![gift_row(2, 0), gift_row(2, 1).trim_end_matches("2,").to_owned()]], 5, "14 columns instead of 15"),
        (vec![gift(1), vec![gift_row(2, 0), gift_row(2, 1).trim_end_matches("2,").to_owned() + ","]], 5, "legs is not a number"),
        // The same posting again, elsewhere in the file.
        (vec![gift(1), gift(2), gift(1)], 6, "has rows before"),
    ] {
        let (whole, faults) = told(&rows);
        let expected = if rows.len() == 3 { vec![id(1), id(2)] } else { vec![id(1)] };
        assert_eq!((whole, faults.len()), (expected, 1), "{rows:?}: {faults:?}");
        assert!(faults[0].starts_with(&format!("line {line}: ")) && faults[0].contains(said), "{said}: {faults:?}");
    }
}

#[test]
fn a_file_that_can_not_be_told_to_be_whole_is_refused_and_says_what_to_do() {
    let old = file(&[gift(1)]).replace(",legs,imported_id", "");
    assert!(refused(&old).contains("older version") && refused(&old).contains("Export the book again"), "{}", refused(&old));
    let header = HEADER.join(",");
    let of_one = format!("{header},only\n{},creator/c1/diamonds\n", gift_row(1, 1));
    assert!(refused(&of_one).contains("creator/c1/diamonds") && refused(&of_one).contains("without --account"), "{}", refused(&of_one));
    assert!(refused(&header.replace(',', ";")).contains("separated by commas"));
    assert!(refused("").contains("first line"));
    // Appended to a whole file, its rows are invalid.
    let (whole, faults) = taken(&(file(&[gift(1)]) + &of_one.replace(&id(1), &id(2))));
    assert_eq!(whole, [id(1)]);
    assert!(faults.iter().all(|fault| fault.contains("16 columns instead of 15")) && !faults.is_empty(), "{faults:?}");
}

#[test]
fn what_was_imported_before_goes_by_the_id_it_had_first() {
    let first = id(9);
    let moved = |row: String| format!("{row}{first}");
    let (whole, faults) = taken(&file(&[gift(1).into_iter().map(moved).collect()]));
    assert_eq!((whole, faults), (vec![first.clone()], Vec::new()));
    let mixed = vec![gift_row(2, 0), format!("{}{first}", gift_row(2, 1))];
    assert!(taken(&file(&[mixed])).1[0].contains("imported_id is not that of its posting"));
}
