//! `:86:` in the forms of different banks.
use super::*;

fn details(lines: &str) -> Mt940Details {
    let text = format!(":20:X\n:25:1\n:28C:1\n:60F:C260227EUR0,\n:61:260227C5,NTRFNONREF\n:86:{lines}\n:62F:C260301EUR5,\n");
    read(text.as_bytes()).0.statements[0].entries[0].details.clone().unwrap()
}

#[test]
fn german_sub_fields_are_read_across_line_breaks() {
    let found = details(
        "166?00GUTSCHRIFT?10931?20EREF+0192f0c0a1b27c3d8e4f5a?216b7c8d9e01?2\n\
         2SVWZ+COINS FOR A?23DA?30BANKDEFF?31DE02?32ADA BEI\nSPIEL?33 GMBH?34992?60 REST",
    );
    assert_eq!((found.business_code.as_deref(), found.business_meaning), (Some("166"), Some("SEPA credit transfer credit")));
    assert_eq!((found.posting_text.as_deref(), found.journal_number.as_deref()), (Some("GUTSCHRIFT"), Some("931")));
    assert_eq!(found.word("EREF"), Some("0192f0c0a1b27c3d8e4f5a6b7c8d9e01"));
    assert_eq!(found.word("SVWZ"), Some("COINS FOR ADA REST"));
    assert_eq!((found.party_bank.as_deref(), found.party_account.as_deref()), (Some("BANKDEFF"), Some("DE02")));
    assert_eq!((found.party_name.as_deref(), found.code_extension.as_deref()), (Some("ADA BEISPIEL GMBH"), Some("992")));
    assert_eq!(found.sub_fields[3], ("21".to_owned(), "6b7c8d9e01".to_owned()));
    assert!(found.text.contains("?2\n2SVWZ"), "{}", found.text);
}

#[test]
fn other_separators_and_question_marks_in_texts_are_understood() {
    let found = details(" 020>00FEE>20WHY?20 DAYS>21 OK");
    assert_eq!((found.business_code.as_deref(), found.purpose.as_deref()), (Some("020"), Some("WHY?20 DAYS OK")));
    let found = details("166?20WHO? ME?21 +1?x");
    assert_eq!((found.purpose.as_deref(), found.words.len()), (Some("WHO? ME +1?x"), 0));
}

#[test]
fn code_words_between_slashes_are_read() {
    let found = details("/EREF/E2E-1//IBAN/DE02/NAME/ADA/BOB\n/REMI/USTD//COINS A/B");
    let words: Vec<_> = found.words.iter().map(|(word, text)| (word.as_str(), text.as_str())).collect();
    assert_eq!(words, [("EREF", "E2E-1/"), ("IBAN", "DE02"), ("NAME", "ADA/BOB"), ("REMI", "USTD//COINS A/B")]);
    assert_eq!(found.business_code, None);
}

#[test]
fn free_texts_stay_as_they_are() {
    for text in ["GIRO 428428\n  BETALING", "091 MAIN ST", "999PN5477SCHECK-NR. 16703074", "091,20 EUR", ""] {
        let found = details(text);
        assert_eq!((found.text.as_str(), found.business_code, found.words.len()), (text, None, 0), "{text}");
    }
    assert_eq!(details("091").business_code.as_deref(), Some("091"));
}

#[test]
fn an_86_on_every_line_and_a_time_at_a_line_start_are_part_of_the_text() {
    let found = details("PAID AT 12\n:26:10\n:86:AND LATER");
    assert_eq!(found.text, "PAID AT 12\n:26:10\nAND LATER");
    let text = ":20:X\n:25:1\n:28C:1\n:60F:C260227EUR0,\n:61:260227    C5,NTRFNONREF\n:86:A\n:26:10\n:62F:C260301EUR5,\n";
    let what = ":61: has blanks in place of its booking date";
    assert_eq!(problems(text), [("line 5".to_owned(), what.to_owned(), false)]);
}

#[test]
fn an_unfinished_sub_field_is_a_problem_without_money() {
    let text = ":20:X\n:25:1\n:28C:1\n:60F:C260227EUR0,\n:61:260227C5,NTRFNONREF\n:86:166?20A?\n:62F:C260301EUR5,\n";
    let what = "sub-field 20 of :86: ends with a separator that no sub-field follows; it was left out";
    assert_eq!(problems(text), [("line 6".to_owned(), what.to_owned(), false)]);
}

#[test]
fn every_listed_code_is_known_once() {
    for (known, rows) in codes::listed() {
        assert_eq!(known, rows);
        assert!(known > 50);
    }
    assert_eq!((transaction_type("TRF"), transaction_type("103"), business_code("899")), (Some("transfer"), None, Some("reversal")));
}
