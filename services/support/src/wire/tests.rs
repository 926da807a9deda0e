//! Unit tests of reading requests, and of page tokens.
use super::*;
use api::support::{AccountChange, Adjustment, AdjustmentTransfer, Reversal};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proptest::prelude::*;

fn request(act: propose_request::Act) -> ProposeRequest {
    ProposeRequest { request_id: Uuid::now_v7().to_string(), act: Some(act), ..Default::default() }
}

fn adjustment(transfers: Vec<(&str, &str, i64)>) -> propose_request::Act {
    let transfer = |(debit, credit, amount): (&str, &str, i64)| AdjustmentTransfer {
        debit_account: debit.to_owned(),
        credit_account: credit.to_owned(),
        amount,
    };
    propose_request::Act::Adjustment(Adjustment { transfers: transfers.into_iter().map(transfer).collect() })
}

#[test]
fn what_makes_no_sense_is_told_by_field() {
    let field = |request: &ProposeRequest| rpc::facts(&Status::from(proposed(request).unwrap_err()))["field"].clone();
    assert_eq!(field(&ProposeRequest { request_id: Uuid::now_v7().to_string(), ..Default::default() }), "act");
    assert_eq!(field(&ProposeRequest { request_id: "x".to_owned(), ..request(adjustment(vec![("a", "b", 1)])) }), "request_id");
    assert_eq!(field(&request(adjustment(Vec::new()))), "adjustment.transfers");
    assert_eq!(field(&request(adjustment(vec![("a", "b", 1); 65]))), "adjustment.transfers");
    assert_eq!(field(&request(adjustment(vec![("", "b", 1)]))), "adjustment.transfers");
    for amount in [0, -1, i64::MIN] {
        assert_eq!(field(&request(adjustment(vec![("a", "b", amount)]))), "adjustment.transfers.amount");
    }
    let change = |account: &str, act| propose_request::Act::AccountChange(AccountChange { account: account.to_owned(), act });
    assert_eq!(field(&request(change("", 1))), "account_change.account");
    assert_eq!(field(&request(change("a", 0))), "account_change.act");
    assert_eq!(field(&request(change("a", 99))), "account_change.act");
    assert_eq!(field(&request(propose_request::Act::Reversal(Reversal { posting_id: "x".to_owned() }))), "reversal.posting_id");
}

fn acts_of(subject: &str) -> ActFilter {
    ActFilter { books: None, subject: subject.to_owned(), ..ActFilter::default() }
}

#[test]
fn a_page_goes_on_where_it_ended_and_only_in_its_list() {
    let list = acts_list(&acts_of("sue"));
    let mut found = vec![9_i64, 8, 7];
    let token = list.cut(&mut found, 2, |number| *number);
    assert_eq!(found, [9, 8]);
    assert_eq!((before(&list, &token).unwrap(), before(&list, "").unwrap()), (8, i64::MAX));
    assert_eq!(list.cut(&mut vec![7_i64], 2, |number| *number), "");
    let book = BookName::try_new("demo").unwrap();
    for other in [
        acts_list(&acts_of("tom")),
        acts_list(&ActFilter { user_id: "sue".to_owned(), ..acts_of("") }),
        acts_list(&ActFilter { account: "house/coins/issued".to_owned(), ..acts_of("sue") }),
        acts_list(&ActFilter { books: Some(Vec::new()), ..acts_of("sue") }),
        acts_list(&ActFilter { books: Some(vec!["demo".to_owned()]), ..acts_of("sue") }),
        proposals_list(&book, 0, TimeRange::ANY, &ProposalSubject::default()),
    ] {
        assert!(matches!(before(&other, &token), Err(Error::PageToken)));
    }
    let of = |state, user: &str, account: &str| {
        let subject = ProposalSubject { user_id: user.to_owned(), account: account.to_owned() };
        proposals_list(&book, state, TimeRange::ANY, &subject)
    };
    let lists = [of(0, "", ""), of(1, "", ""), of(0, "ada", ""), of(0, "", "ada"), of(0, "ada", "ada")];
    for (at, list) in lists.iter().enumerate() {
        assert!(lists[..at].iter().all(|other| other != list), "{at}");
    }
    assert_eq!(lists[0], PagedList::new("ListProposals", "demo", &["0"]), "tokens of before the filter existed");
}

#[test]
fn a_page_is_as_long_as_it_may_be_at_the_most() {
    assert_eq!([0, 1, 200, 201, i32::MAX].map(|asked| page_size(asked).unwrap()), [50, 1, 200, 200, 200]);
    for asked in [-1, i32::MIN] {
        assert!(matches!(page_size(asked), Err(Error::Malformed { field: "page_size", .. })), "{asked}");
    }
}

proptest! {
    #[test]
    fn a_hostile_token_is_refused(token in ".{1,40}", bytes in proptest::collection::vec(any::<u8>(), 1..64)) {
        let list = acts_list(&acts_of("sue"));
        prop_assert!(matches!(before(&list, &token), Err(Error::PageToken)));
        prop_assert!(matches!(before(&list, &URL_SAFE_NO_PAD.encode(&bytes)), Err(Error::PageToken)));
    }
}
