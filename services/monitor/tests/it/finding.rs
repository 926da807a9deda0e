//! Whatever somebody has is found without its kind being known: by staff according to their roles, in the books of their token, and nowhere else.
use crate::{
    explaining::SOUGHT,
    posted::{Planted, change, post},
    things::{BOOK, TREASURY, id, planted},
    watched::{Watched, asked},
};
use api::{
    ledger::PostRequest,
    monitor::{FindRequest, FindResponse, FoundThing, ThingKind},
    support::{AccountAct, AccountChange, Proposal, proposal::Act},
};
use identity::Role;
use prost::Message as _;
use std::collections::BTreeSet;
use testbed::{Storage, Testbed, both};
use tonic::{Code, Status};
use uuid::Uuid;

fn text(text: &str) -> FindRequest {
    FindRequest { text: text.to_owned(), ..FindRequest::default() }
}

async fn find(bed: &Watched, role: Role, books: &[&str], request: FindRequest) -> Result<FindResponse, Status> {
    Ok(bed.monitor().find(asked(bed, ("sam", role), books, request)).await?.into_inner())
}

fn kinds(things: &[FoundThing]) -> BTreeSet<ThingKind> {
    things.iter().map(FoundThing::kind).collect()
}

fn kind(what: &str) -> ThingKind {
    match what {
        "purchase" => ThingKind::Purchase,
        "order" => ThingKind::Order,
        "refund" => ThingKind::Refund,
        "settlement" => ThingKind::Settlement,
        "payout" => ThingKind::Payout,
        "payout run" => ThingKind::PayoutRun,
        "wallet change" => ThingKind::WalletChange,
        "reservation" => ThingKind::Reservation,
        "sweep" => ThingKind::Sweep,
        "receipt" => ThingKind::BankReceipt,
        "case" => ThingKind::Case,
        other => panic!("{other}"),
    }
}

const ACT: &str = "INSERT INTO act (seq, time_ms, act_id, phase, subject, issuer, role, rpc, book, user_id, outcome, reason, request_json, erased, salt, text_digest, hash)
    VALUES (1, 1, '$16', 1, 'sam', 'i', 'support', 'GetWallet', 'demo', 'ann', '', 'ticket 4711', '{}', 0, '$salt', '$hash', '$hash')";
/// A proposal to freeze ann's coins that waits for a second person.
pub async fn propose(bed: &Testbed, proposal_id: &str, (proposed_at_ms, expire_at_ms): (i64, i64)) {
    let change_of = AccountChange { account: "viewer/ann/coins".to_owned(), act: AccountAct::Freeze.into() };
    let act: String = Proposal { act: Some(Act::AccountChange(change_of)), ..Proposal::default() }
        .encode_to_vec()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let blob = if bed.database.sqlite_dir().is_some() { format!("X'{act}'") } else { format!("decode('{act}', 'hex')") };
    let sql = format!(
        "INSERT INTO proposal (book, proposal_id, number, state, act, proposed_by, proposal_reason, proposed_at_ms, expire_at_ms, decided_by, decision_reason,
             decided_at_ms, result) VALUES ('demo', '{proposal_id}', {proposed_at_ms}, 1, {blob}, 'sam', 'ticket 4711', {proposed_at_ms}, {expire_at_ms}, '', '', 0, '')"
    );
    assert_eq!(change(&bed.database, "support", &sql).await, 1);
}

/// As planted, with the request and the posting of a gift of ann's, a request that was refused, a staff action and a proposal.
async fn lived_in(storage: Storage) -> (Watched, [String; 3]) {
    let (bed, _) = planted(storage).await;
    drop(support::tables::Store::open(&bed.database).await.unwrap());
    let gift = Uuid::now_v7();
    let moved = vec![
        ("viewer/ann/coins".to_owned(), "house/coins/redeemed".to_owned(), 5),
        ("house/diamonds/issued".to_owned(), "creator/star/diamonds".to_owned(), 3),
    ];
    let fields =
        vec![("creator_id", "star".to_owned()), ("gift_id", "rose".to_owned()), ("quantity", "1".to_owned()), ("room_id", "r1".to_owned())];
    let posted = post(
        &bed,
        Planted {
            book: BOOK,
            kind: "gift",
            id: chart::id::gift(gift, &money::BookName::try_new(BOOK).unwrap(), "ann"),
            moved,
            fields,
            guards: Vec::new(),
        },
    )
    .await;
    let refused = Uuid::now_v7();
    let too_much = PostRequest {
        book: BOOK.to_owned(),
        request_id: refused.to_string(),
        kind: "test".to_owned(),
        transfers: vec![api::ledger::Transfer {
            debit_account: "viewer/ann/coins".to_owned(),
            credit_account: "house/coins/redeemed".to_owned(),
            amount: 1_000,
            ..Default::default()
        }],
        ..PostRequest::default()
    };
    assert!(bed.client().post(too_much).await.is_err());
    assert_eq!(
        change(&bed.database, "support", &ACT.replace("$16", &id(16)).replace("$salt", &"0".repeat(32)).replace("$hash", &"0".repeat(64)))
            .await,
        1
    );
    propose(&bed, &id(17), (1, i64::MAX)).await;
    (Watched::over(bed).await, [gift.to_string(), posted.posting_id, refused.to_string()])
}

#[tokio::test(flavor = "multi_thread")]
async fn each_id_is_found_in_the_books_of_the_token_and_nowhere_else() {
    for storage in both() {
        let (bed, filled) = planted(storage).await;
        let bed = Watched::over(bed).await;
        let both_books = [BOOK, TREASURY];
        for (sought, what, _, users) in SOUGHT {
            let sought = filled(sought);
            let found = find(&bed, Role::Auditor, &both_books, text(&format!("  {}\n", sought))).await.unwrap();
            assert_eq!(kinds(&found.things), what.iter().map(|what| kind(what)).collect(), "{sought}: {found:#?}");
            let named: BTreeSet<&str> = found.things.iter().flat_map(|thing| &thing.user_ids).map(String::as_str).collect();
            assert!(users.iter().all(|user| named.contains(user)), "{sought}: {found:#?}");
            // A token of another book learns as much of it as of an id that nothing has.
            let treasury = found.things.iter().any(|thing| thing.book == TREASURY);
            let elsewhere = find(&bed, Role::Auditor, &[if treasury { BOOK } else { TREASURY }], text(&sought)).await.unwrap();
            let nothing = find(
                &bed,
                Role::Auditor,
                &[BOOK],
                text(if Uuid::try_parse(&sought).is_ok() { "01936f5e-7c3b-7000-9000-a1b2c3d4e599" } else { "nobody" }),
            )
            .await
            .unwrap();
            assert_eq!(elsewhere, nothing, "{sought}");
            assert!(nothing.things.is_empty() && !nothing.searched.is_empty(), "{nothing:#?}");
        }
        let shown = format!("{:?}", find(&bed, Role::Admin, &both_books, text(&id(8))).await.unwrap());
        assert!(shown.contains("star is paid 5.00 USD over us-rtp") && !shown.contains("SECRET"), "{shown}");
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_users_gifts_refusals_and_what_staff_did_are_found() {
    for storage in both() {
        let (bed, [gift, posted, refused]) = lived_in(storage).await;
        let of_ann = |text: String| FindRequest { text, user_id: "ann".to_owned(), ..FindRequest::default() };
        for (sought, found_as, said) in [
            (text(&posted), ThingKind::Gift, "ann gave star 1 of gift rose in room r1: 5 coins"),
            (of_ann(gift.clone()), ThingKind::Gift, "ann gave star"),
            (text(&refused), ThingKind::Refusal, "refused: INSUFFICIENT_FUNDS"),
            (text("viewer/ann/coins"), ThingKind::Account, "holds 30 coins, open"),
            (text("ann"), ThingKind::User, "viewer/ann/coins 30 coins"),
            (text("star"), ThingKind::User, "creator/star/diamonds 3 diamonds"),
            (text(&id(16)), ThingKind::Act, "sam (support) called GetWallet: its end is not recorded"),
            (text(&id(17)), ThingKind::Proposal, "freezing viewer/ann/coins: open; sam proposed it (ticket 4711)"),
            (text(&format!("{}-1", id(8).replace('-', ""))), ThingKind::Payout, "star is paid"),
        ] {
            let found = find(&bed, Role::Auditor, &[BOOK, TREASURY], sought.clone()).await.unwrap();
            let [thing] = found.things.as_slice() else { panic!("{sought:?}: {found:#?}") };
            assert!(thing.kind() == found_as && thing.summary.contains(said), "{sought:?}: {thing:#?}");
        }
        // The id of a user's request is found only with the user, whose it is.
        assert!(find(&bed, Role::Auditor, &[BOOK], text(&gift)).await.unwrap().things.is_empty());
        let of_star = FindRequest { user_id: "star".to_owned(), ..text(&gift) };
        assert!(find(&bed, Role::Auditor, &[BOOK], of_star).await.unwrap().things.is_empty());
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_finds_what_it_may_read_and_is_told_where_it_looks() {
    for storage in both() {
        let (bed, _) = lived_in(storage).await;
        for (sought, kind, may) in [
            (id(16), ThingKind::Act, &[Role::Auditor, Role::Admin][..]),
            (id(7), ThingKind::Settlement, &[Role::Service, Role::Finance, Role::Auditor, Role::Admin]),
            (id(12), ThingKind::Sweep, &[Role::Service, Role::Finance, Role::Auditor, Role::Admin]),
            (id(15), ThingKind::Case, &[Role::Service, Role::Finance, Role::Auditor, Role::Admin]),
            (id(17), ThingKind::Proposal, &[Role::Support, Role::Finance, Role::Auditor, Role::Admin]),
            (id(1), ThingKind::Purchase, &[Role::Service, Role::Support, Role::Finance, Role::Auditor, Role::Admin]),
        ] {
            for role in [Role::Service, Role::Support, Role::Finance, Role::Auditor, Role::Admin] {
                let found = find(&bed, role, &[BOOK, TREASURY], text(&sought)).await.unwrap();
                let is_found = found.things.iter().any(|thing| thing.kind() == kind);
                let is_named = found.searched.iter().any(|searched| searched.kind() == kind);
                assert_eq!((is_found, is_named), (may.contains(&role), may.contains(&role)), "{role} and {kind:?}");
            }
        }
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_id_is_refused_and_what_nothing_has_is_not_found() {
    for storage in both() {
        let (bed, _) = planted(storage).await;
        let bed = Watched::over(bed).await;
        for wrong in ["", "   ", "\u{0}", "a b", "ä", &"x".repeat(65), &format!("viewer/{}", "x".repeat(300)), &"1".repeat(60_000)] {
            let refused = find(&bed, Role::Auditor, &[BOOK], text(wrong)).await.unwrap_err();
            assert_eq!((refused.code(), rpc::reason(&refused).as_deref()), (Code::InvalidArgument, Some("MALFORMED")), "{wrong:.20}");
        }
        for odd in [
            "<script>alert(1)</script>",
            "'OR'1'='1",
            "%",
            "_",
            "../../etc/passwd",
            "a/b/c",
            "viewer//coins",
            "-",
            "00000000-0000-0000-0000-000000000000",
        ] {
            let found = find(&bed, Role::Auditor, &[BOOK], text(odd)).await.unwrap();
            assert!(found.things.is_empty(), "{odd}: {found:#?}");
        }
        let named = |book: &str| FindRequest { book: book.to_owned(), ..text(&id(1)) };
        for book in [TREASURY, "nowhere"] {
            let denied = find(&bed, Role::Auditor, &[BOOK], named(book)).await.unwrap_err();
            assert_eq!(
                rpc::reason(&denied).as_deref(),
                Some("PERMISSION_DENIED"),
                "a book that is not in the token, whether it exists or not"
            );
        }
        let unknown = find(&bed, Role::Auditor, &[BOOK, "nowhere"], named("nowhere")).await.unwrap_err();
        assert_eq!(rpc::reason(&unknown).as_deref(), Some("BOOK_UNKNOWN"));
        assert_eq!(find(&bed, Role::Auditor, &[TREASURY, BOOK], named(BOOK)).await.unwrap().things.len(), 1);
        for role in [Role::Viewer, Role::Creator] {
            assert_eq!(find(&bed, role, &[BOOK], text(&id(1))).await.unwrap_err().code(), Code::PermissionDenied, "{role}");
        }
        let unexplained = bed.unexplained("sam", Role::Support, &[BOOK], text(&id(1)));
        assert_eq!(rpc::reason(&bed.monitor().find(unexplained).await.unwrap_err()).as_deref(), Some("REASON_REQUIRED"));
        bed.ledger.shutdown().await;
    }
}
