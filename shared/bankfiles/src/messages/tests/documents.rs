//! What is skipped in a document, its namespace, and its dates.
use super::*;

fn changed(from: &str, to: &str) -> FileReading {
    let text = initiation().replacen(from, to, 1);
    assert_ne!(text, initiation(), "{from}");
    read(&text)
}

#[test]
fn skipped_content_that_holds_amounts_is_a_problem_of_money() {
    let private = |inside: &str| {
        let added = format!("<SplmtryData><Envlp><x:P xmlns:x=\"urn:own\">{inside}</x:P></Envlp></SplmtryData></CstmrCdtTrfInitn>");
        changed("</CstmrCdtTrfInitn>", &added)
    };
    assert_eq!(money_places(&private("<x:FeeAmt>5</x:FeeAmt>")), ["SplmtryData"]);
    assert_eq!(money_places(&private("<x:Fee Ccy=\"EUR\">5</x:Fee>")), ["SplmtryData"]);
    assert_eq!(money_places(&private("<x:Fee x:Ccy=\"EUR\"/>")), ["SplmtryData"]);
    let harmless = private("<x:Note>5</x:Note>");
    assert_eq!((harmless.problems.len(), harmless.is_sound()), (1, true));
    let signed = |inside: &str| {
        changed("</CstmrCdtTrfInitn>", &format!("<Sgntr><s:S xmlns:s=\"urn:sig\">{inside}</s:S></Sgntr></CstmrCdtTrfInitn>"))
    };
    assert_eq!(money_places(&signed("<s:TtlAmt>5</s:TtlAmt>")), ["Sgntr"]);
    assert!(signed("<s:Value>5</s:Value>").is_sound());
}

#[test]
fn a_document_without_a_namespace_is_not_told_to_be_of_one_message() {
    for element in ["BkToCstmrStmt", "CstmrCdtTrfInitn"] {
        let reading = read(&format!("<Document><{element}/></Document>"));
        assert!(!reading.is_sound() && !reading.problems[0].what.contains("pain.001"), "{:?}", reading.problems);
    }
}

#[test]
fn dates_with_a_zone_and_the_end_of_a_day_are_dates() {
    for day in ["2026-11-25+01:00", "2026-11-25Z", "2026-11-25-14:00"] {
        assert!(changed("<Dt>2026-11-25</Dt>", &format!("<Dt>{day}</Dt>")).problems.is_empty(), "{day}");
        assert!(
            changed("<ReqdExctnDt><Dt>2026-11-25</Dt></ReqdExctnDt>", &format!("<ReqdExctnDt>{day}</ReqdExctnDt>")).problems.is_empty()
        );
    }
    assert!(changed("2026-11-24T10:00:00+01:00", "2026-11-24T24:00:00+01:00").problems.is_empty());
    for wrong in ["2026-11-31", "2026-11-25+25:00", "2026-11-25X", "2026-1-5", "25.11.2026", "2026-11-25+01"] {
        let reading = changed("<Dt>2026-11-25</Dt>", &format!("<Dt>{wrong}</Dt>"));
        assert_eq!(reading.problems.len(), 1, "{wrong}");
        assert_eq!(reading.problems[0].place, "PmtInf 1/ReqdExctnDt");
    }
}
