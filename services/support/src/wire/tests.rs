//! Unit tests of what is read from requests, and of page tokens.
use super::*;
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
fn what_is_stored_of_an_act_is_the_act() {
    for act in [
        ProposedAct::Adjustment(vec![AdjustmentLine {
            debit: "house/coins/issued".to_owned(),
            credit: "viewer/ada/coins".to_owned(),
            amount: 5,
        }]),
        ProposedAct::Account("viewer/ada/coins".to_owned(), AccountAct::Freeze),
        ProposedAct::Account("viewer/ada/coins".to_owned(), AccountAct::Thaw),
        ProposedAct::Account("viewer/ada/coins".to_owned(), AccountAct::Close),
        ProposedAct::Reversal(Uuid::now_v7()),
    ] {
        assert_eq!(read_act(&stored_act(&act)).unwrap(), act);
    }
    assert!(read_act(&[]).is_err());
}

#[test]
fn what_makes_no_sense_is_told_by_field() {
    let field = |request: &ProposeRequest| match proposed(request) {
        Err(Error::Malformed { field, .. }) => field,
        other => panic!("{other:?}"),
    };
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

#[test]
fn a_page_goes_on_where_it_ended_and_only_for_its_question() {
    let page = Page::try_new(2, "", "question").unwrap();
    let mut found = vec![9, 8, 7];
    let token = page.next(&mut found, |number| *number);
    assert_eq!(found, [9, 8]);
    assert_eq!(Page::try_new(2, &token, "question").unwrap().before, 8);
    assert!(matches!(Page::try_new(2, &token, "another"), Err(Error::PageToken)));
    assert!(Page::try_new(-1, "", "question").is_err() && Page::try_new(201, "", "question").is_err());
    assert_eq!(page.next(&mut vec![7], |number| *number), "");
}

proptest! {
    #[test]
    fn no_token_and_no_stored_act_make_it_panic(token in ".{0,40}", bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        let _ = Page::try_new(1, &token, "question");
        let _ = Page::try_new(1, &URL_SAFE_NO_PAD.encode(&bytes), "question");
        let _ = read_act(&bytes);
    }
}
