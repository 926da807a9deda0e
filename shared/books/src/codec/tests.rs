//! Bodies survive being stored, and nothing else decodes as one.
use super::*;
use proptest::prelude::*;

fn guard() -> impl Strategy<Value = GuardSet> {
    let operation = prop_oneof![
        (any::<i64>(), any::<i64>()).prop_map(|(expected, next)| GuardOperation::CompareAndSet { expected, next }),
        any::<i64>().prop_map(GuardOperation::AdvanceTo),
        any::<i64>().prop_map(GuardOperation::CapAt),
        any::<i64>().prop_map(GuardOperation::Add),
    ];
    (".{1,20}", operation, any::<i64>(), any::<Option<i64>>())
        .prop_map(|(key, operation, value, cap)| GuardSet { guard: Guard { key, operation }, after: GuardState { value, cap } })
}

fn body() -> impl Strategy<Value = Body> {
    let fields = proptest::collection::vec((".{1,9}", ".{0,30}"), 0..5);
    let expiries = proptest::collection::btree_map(any::<i64>(), any::<i64>(), 0..4);
    let guards = proptest::collection::vec(guard(), 0..3);
    let posting = ("[a-z.]{1,9}", fields, guards, any::<Option<i64>>(), any::<Option<u128>>(), expiries).prop_map(
        |(kind, fields, guards, effective_time, reverses, expiries)| {
            let expiries = expiries.into_iter().collect();
            Body::Posting(Posting {
                kind,
                fields: fields.into(),
                guards,
                effective_time,
                reverses: reverses.map(Uuid::from_u128),
                expiries,
            })
        },
    );
    let limit = (any::<i64>(), 1..4i64, ".{0,20}", any::<i64>()).prop_map(|(key, window, zone, max)| {
        let window = Window::from_code(window).unwrap();
        Body::LimitSet { key, window, zone, max, fields: RequestFields::new(vec![("a".to_owned(), "b".to_owned())]) }
    });
    prop_oneof![
        posting,
        (any::<i64>(), ".{0,40}").prop_map(|(key, name)| Body::AccountOpened { key, name }),
        Just(Body::HoldExpired),
        limit
    ]
}

proptest! {
    #[test]
    fn what_was_written_is_read(body in body()) {
        prop_assert_eq!(decode(&encode(&body)), Ok(body));
    }

    #[test]
    fn one_body_has_one_spelling(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(body) = decode(&bytes) {
            prop_assert_eq!(encode(&body), bytes);
        }
    }

    #[test]
    fn a_cut_body_is_refused(body in body(), cut in 0.0f64..1.0) {
        let bytes = encode(&body);
        let at = ((bytes.len() as f64) * cut) as usize;
        prop_assert!(decode(&bytes[..at]).is_err());
    }
}

#[test]
fn every_part_of_a_commit_counts() {
    let fields = CommitFields { book: "demo", commit_no: 1, epoch: 1, last_seq: 3, time: 5 };
    let hash = commit_hash(&[0; 32], &fields, &[[1; 32]]);
    assert_ne!(hash, commit_hash(&[1; 32], &fields, &[[1; 32]]));
    assert_ne!(hash, commit_hash(&[0; 32], &fields, &[[2; 32]]));
    for other in [
        CommitFields { book: "dem", ..fields.clone() },
        CommitFields { commit_no: 2, ..fields.clone() },
        CommitFields { epoch: 2, ..fields.clone() },
        CommitFields { last_seq: 4, ..fields.clone() },
        CommitFields { time: 6, ..fields.clone() },
    ] {
        assert_ne!(hash, commit_hash(&[0; 32], &other, &[[1; 32]]));
    }
}
