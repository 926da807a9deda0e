//! Unit tests of `wire::page`.
use super::*;

fn asked() -> pb::ListEntriesRequest {
    pb::ListEntriesRequest { account: "viewer/a/coins".to_owned(), ..Default::default() }
}

#[test]
fn a_page_token_belongs_to_its_account_direction_and_filter() {
    let list = entries_list(&asked(), "demo");
    let token = entries_token(&list, 640);
    assert_eq!(entries_place(&list, &token).unwrap(), 640);
    let same = pb::ListEntriesRequest { page_size: 7, page_token: token.clone(), book: "demo".to_owned(), ..asked() };
    assert_eq!(entries_place(&entries_list(&same, "demo"), &token).unwrap(), 640);
    let others = [
        pb::ListEntriesRequest { account: "viewer/b/coins".to_owned(), ..asked() },
        pb::ListEntriesRequest { oldest_first: true, ..asked() },
        pb::ListEntriesRequest { kind: "gift".to_owned(), ..asked() },
        pb::ListEntriesRequest { amount_min: 1, ..asked() },
        pb::ListEntriesRequest { side: pb::EntrySide::Debit.into(), ..asked() },
    ];
    for other in others {
        assert!(matches!(entries_place(&entries_list(&other, "demo"), &token), Err(Error::PageToken)), "{other:?}");
    }
    assert!(matches!(entries_place(&entries_list(&asked(), "else"), &token), Err(Error::PageToken)));
    for token in
        ["640", "-1.00", "x.y", "640.", "0.000000000000", "9223372036854775808.00", "640.\0", &list.token(&0_i64), &list.token(&-1_i64)]
    {
        assert!(matches!(entries_place(&list, token), Err(Error::PageToken)), "{token}");
    }
    assert_eq!((entries_place(&list, "").unwrap(), entries_token(&list, 0).as_str()), (0, ""), "where the list begins and ends");
}

#[test]
fn what_cannot_be_meant_is_malformed() {
    let far = prost_types::Timestamp { seconds: i64::MAX, nanos: 0 };
    let wrong = [
        (pb::ListEntriesRequest { page_size: -1, ..asked() }, "page_size"),
        (pb::ListEntriesRequest { amount_min: -1, ..asked() }, "amount_min"),
        (pb::ListEntriesRequest { side: 3, ..asked() }, "side"),
        (pb::ListEntriesRequest { kind: "g\0".to_owned(), ..asked() }, "kind"),
        (pb::ListEntriesRequest { account: "viewer/\0/coins".to_owned(), ..asked() }, "account"),
        (pb::ListEntriesRequest { counterparty: "nobody".to_owned(), ..asked() }, "counterparty"),
        (pb::ListEntriesRequest { booked_from: Some(far), ..asked() }, "booked_from"),
        (pb::ListEntriesRequest { effective_until: Some(far), ..asked() }, "effective_until"),
    ];
    for (sent, named) in wrong {
        let field = match listing(sent, "demo") {
            Err(error) => rpc::facts(&tonic::Status::from(error))["field"].clone(),
            Ok(_) => panic!("{named} was taken"),
        };
        assert_eq!(field, named);
    }
}
