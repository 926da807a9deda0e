//! Unit tests of `references`.
use super::*;
use proptest::prelude::*;

const ID: &str = "0192f0c0a1b27c3d8e4f5a6b7c8d9e01";

fn found(text: &str) -> Vec<(String, ReferenceStrength)> {
    let mut found = Vec::new();
    in_text(text, "text", &mut found);
    found.into_iter().map(|found| (found.text, found.strength)).collect()
}

#[test]
fn every_spelling_of_an_id_is_one_key() {
    for text in [ID, "0192F0C0A1B27C3D8E4F5A6B7C8D9E01", "0192f0c0-a1b2-7c3d-8e4f-5a6b7c8d9e01", " 0192f0c0a1b27c3d8e4f 5a6b7c8d9e01 "] {
        assert_eq!(end_to_end_key(text).as_deref(), Some(ID), "{text}");
    }
    assert_eq!(end_to_end_key("V2V-20261124-0001").as_deref(), Some("v2v-20261124-0001"));
    for none in ["", "  ", "NOTPROVIDED", "NotProvided", "NONREF"] {
        assert_eq!(end_to_end_key(none), None);
    }
}

#[test]
fn ids_are_found_behind_their_words_whatever_follows() {
    let stated = (ID.to_owned(), ReferenceStrength::Stated);
    for text in [
        "EREF+0192f0c0a1b27c3d8e4f5a6b7c8d9e01SVWZ+Payout",
        "/EREF/0192F0C0A1B27C3D8E4F5A6B7C8D9E01/REMI/x",
        // The letters of a name are digits too, and lines break anywhere.
        "EREF+0192f0c0a1b27c3d8e4f5a 6b7c8d9e01 Ada Beispiel",
        "EREF+0192f0c0a1b27c3d8e4f5a6b7c8d9e01Ada",
        "EREF+0192f0c0-a1b2-7c3d-\r\n8e4f-5a6b7c8d9e01",
    ] {
        assert!(found(text).contains(&stated), "{text}: {:?}", found(text));
    }
    // The next part may stand right behind the id, or behind the word for none.
    assert_eq!(found("EREF+V2V-1SVWZ+for you"), [("v2v-1".to_owned(), ReferenceStrength::Stated)]);
    assert_eq!(found("EREF+NOTPROVIDEDSVWZ+PAYOUT po_1"), []);
    assert!(found("/EREF/V2V-1 for you").contains(&("v2v-1".to_owned(), ReferenceStrength::Stated)));
}

#[test]
fn ids_are_found_in_texts_and_no_longer_number_is_one() {
    let mentioned = (ID.to_owned(), ReferenceStrength::Mentioned);
    for text in ["payout 0192f0c0a1b27c3d8e4f5a6b7c8d9e01", "(0192F0C0-A1B2-7C3D-8E4F-5A6B7C8D9E01)", "0192f0c0a1b27c3d\n8e4f5a6b7c8d9e01"]
    {
        assert!(found(text).contains(&mentioned), "{text}: {:?}", found(text));
    }
    for text in ["0192f0c0a1b27c3d8e4f5a6b7c8d9e012", "0192f0c0a1b27c3d8e4f5a6b7c8d9e0", "192f0c0a1-b27c3d8e4f5a6b7c8d9e01", "no reference"]
    {
        assert_eq!(found(text), [], "{text}");
    }
}

#[test]
fn only_a_full_field_may_be_cut() {
    let cut = |text: &str| {
        let mut found = Vec::new();
        state_cut(text, 16, ":61:", &mut found);
        found.iter().any(|found| found.strength == ReferenceStrength::Cut)
    };
    assert!(cut(&ID[..16]) && cut("0192f0c0-a1b2-7c"));
    assert!(!cut("LGSDE0000000042") && !cut("NONREF") && !cut(""));
}

#[test]
fn codes_of_returns_are_whole_words_of_the_lists() {
    let code = |text: &str| return_code(&[text.to_owned()]);
    assert_eq!(code("RETURN AC04 closed").as_deref(), Some("AC04"));
    assert_eq!(code("ACH R03/no account").as_deref(), Some("R03"));
    assert_eq!(code("AC049 ac04 XXXX"), None);
}

proptest! {
    #[test]
    fn any_text_is_searched_without_a_panic(text in "(EREF\\+|/EREF/|[0-9a-f-]{0,40}|\\PC{0,6}|[ \\r\\n+/?])*") {
        for (key, _) in found(&text) {
            prop_assert!(!key.is_empty());
        }
        let _ = (account_key(&text), end_to_end_key(&text), words(&text).count(), return_code(std::slice::from_ref(&text)));
    }
}
