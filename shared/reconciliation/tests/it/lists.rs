//! The classes against the list that they come from.
use iso20022::camt053::Direction;
use jiff::civil::date;
use matching::account_key;
use money::Money;
use reconciliation::{AgeBucket, BankingDays, BooksState, ExceptionClass, ItemKind, ItemStore, StoreError, table};
use std::collections::BTreeSet;

#[test]
fn there_are_twenty_one_classes_in_order_of_precedence() {
    let codes: BTreeSet<&str> = ExceptionClass::ALL.iter().map(|class| class.code()).collect();
    assert_eq!(codes.len(), 21);
    assert!(ExceptionClass::ALL.is_sorted() && ExceptionClass::ALL.is_sorted_by_key(|class| class.group()));
    assert!(ExceptionClass::ALL.iter().all(|class| !class.next_step().is_empty()));
}

#[test]
fn reference_list_has_the_same_classes_and_owners() {
    let Some(directory) = std::env::var_os("LARGESSE_REFERENCE_DATA") else {
        println!("skipped: LARGESSE_REFERENCE_DATA is not set");
        return;
    };
    let list = std::fs::read_to_string(std::path::Path::new(&directory).join("reconciliation/exceptions.csv")).unwrap();
    let rows: Vec<&str> = list.lines().skip(1).filter(|row| !row.is_empty()).collect();
    assert_eq!(rows.len(), 21);
    for class in ExceptionClass::ALL {
        let row =
            rows.iter().find(|row| row.contains(&format!(",{},", class.code()))).unwrap_or_else(|| panic!("{} is not in it", class.code()));
        let owner = format!("{:?}", class.owner()).to_lowercase();
        // The owner's cell stands alone, or with the urgency behind it.
        assert!(row.contains(&format!(",{owner},")) || row.contains(&format!(",\"{owner}, ")), "{row}: {owner}");
    }
}

#[test]
fn ages_are_banking_days() {
    let rails = rails::RailBook::built_in();
    let days = BankingDays::new(rails.calendars(), Some("EU-TARGET"));
    let between = |from, to| days.between(from, to).unwrap();
    // A weekend, Christmas and the day after it.
    assert_eq!(between(date(2026, 11, 20), date(2026, 11, 23)), 1);
    assert_eq!(between(date(2026, 12, 24), date(2026, 12, 28)), 1);
    assert_eq!((between(date(2026, 11, 23), date(2026, 11, 20)), days.apart(date(2026, 11, 23), date(2026, 11, 20)).unwrap()), (0, 1));
    assert!(days.between(date(1999, 1, 1), date(1999, 1, 5)).is_err());
    let every = BankingDays::new(rails.calendars(), None);
    assert_eq!(every.between(date(2026, 11, 20), date(2026, 11, 23)).unwrap(), 3);
    let buckets = [0, 1, 2, 5, 6, 30, 31, 90, 91].map(AgeBucket::of);
    let expected = [AgeBucket::UpTo1, AgeBucket::UpTo5, AgeBucket::UpTo30, AgeBucket::UpTo90].map(|bucket| [bucket; 2]);
    assert_eq!(buckets[..8], expected.concat()[..]);
    assert_eq!(buckets[8], AgeBucket::Older);
}

#[test]
fn a_table_says_everything_about_an_item_or_which_row_is_wrong() {
    let header =
        "key,account,direction,amount,currency,amount_most,kind,state,since,final_day,value_date,settlement,descriptor,counterparty\n";
    let read = |rows: &str| table::rows(format!("{header}{rows}").as_bytes()).unwrap().next().unwrap();
    let item = read("P1,DE89 3704,credit,1.50,EUR,2.00,processor,unknown,2026-11-20,2026-11-25,2026-11-24,po_1,STRIPE,Ada B\n").unwrap();
    assert_eq!((item.expected.account.as_str(), item.expected.direction), (account_key("DE89 3704").as_str(), Direction::Credit));
    assert_eq!(item.amount_most.map(|most| most.minor_units()), Some(200));
    assert_eq!((item.kind, item.state), (ItemKind::Processor, BooksState::Unknown));
    assert_eq!(
        [item.since, item.final_day, item.value_date],
        [Some(date(2026, 11, 20)), Some(date(2026, 11, 25)), Some(date(2026, 11, 24))]
    );
    assert_eq!(
        [item.settlement.as_deref(), item.descriptor.as_deref(), item.counterparty.as_deref()],
        [Some("po_1"), Some("STRIPE"), Some("Ada B")]
    );
    let usual = read("P1,X,credit,1.50,EUR,,,,,,,,,\n").unwrap();
    assert_eq!((usual.kind, usual.state, usual.amount_most), (ItemKind::Receipt, BooksState::Submitted, None));
    for wrong in [
        "P1,X,credit,1.50,EUR,1.49,,,,,,,,\n",
        "P1,X,credit,1.50,EUR,,gift,,,,,,,\n",
        "P1,X,credit,1.50,EUR,,,lost,,,,,,\n",
        "P1,X,credit,1.50,EUR,,,,tomorrow,,,,,\n",
    ] {
        assert_eq!(read(wrong).unwrap_err().line, 2, "{wrong}");
    }
    assert!(table::rows(&b"key,account,direction,amount,currency,colour\n"[..]).is_err());
}

#[test]
fn two_items_with_one_key_are_refused() {
    let mut store = ItemStore::new();
    let item = crate::world::payout("P1", 100);
    store.push(&item).unwrap();
    store.push(&item).unwrap();
    assert_eq!(store.ready().unwrap_err(), StoreError::RepeatedKey("P1".to_owned()));
    let mut long = crate::world::payout("P2", 100);
    long.counterparty = Some("x".repeat(70_000));
    assert_eq!(ItemStore::new().push(&long).unwrap_err(), StoreError::TooLong("P2".to_owned()));
    assert!(Money::try_new(long.expected.amount.currency(), 1).is_ok());
}
