//! Money is followed page by page: from a payout back to the receipts behind it, and from a receipt to what became of it; and a user's activity in all books of a token.
use crate::{
    posted::{Planted, change, post},
    things::{BOOK, TREASURY, id, planted},
    watched::{Watched, asked},
};
use api::monitor::{
    ActivityLine, ActivityState, CasePart, CaseStep, CaseStepKind, ExplainCaseRequest, ExplainCaseResponse, FindRequest, FoundThing,
    ListActivityRequest, ThingKind,
};
use identity::Role;
use rpc::page::{PagePosition, PagedList};
use std::collections::BTreeSet;
use testbed::{Storage, both};
use tonic::{Code, Status};
use uuid::Uuid;

const GIFTS: usize = 30;

/// As planted, and ann's coins became gifts to star, whose diamonds became money, which was paid out.
async fn followed(storage: Storage) -> Watched {
    let (bed, _) = planted(storage).await;
    let text = str::to_owned;
    for _ in 0..GIFTS {
        let moved = vec![
            (text("viewer/ann/coins"), text("house/coins/redeemed"), 1),
            (text("house/diamonds/issued"), text("creator/star/diamonds"), 2),
        ];
        let fields = vec![("creator_id", text("star")), ("gift_id", text("rose")), ("room_id", text("r1"))];
        post(&bed, Planted { book: BOOK, kind: "gift", id: Uuid::now_v7(), moved, fields, guards: Vec::new() }).await;
    }
    let (payable, accrued) = (text("creator/star/payable/USD"), text("house/accrued_creator_liability/USD"));
    let moved = vec![(text("creator/star/diamonds"), text("house/diamonds/redeemed"), 60), (accrued, payable.clone(), 500)];
    let fields = vec![("quote_id", id(18))];
    post(&bed, Planted { book: BOOK, kind: "conversion", id: Uuid::now_v7(), moved, fields, guards: Vec::new() }).await;
    let (moved, fields) = (vec![(payable, text("house/in_transit/USD"), 500)], vec![("payout_id", id(8))]);
    let submitted = post(&bed, Planted { book: BOOK, kind: "payout.submit", id: Uuid::now_v7(), moved, fields, guards: Vec::new() }).await;
    let sql = format!("UPDATE payout SET submit_posting_id = '{}' WHERE payout_id = '{}'", submitted.posting_id, id(8));
    assert_eq!(change(&bed.database, "payout", &sql).await, 1);
    Watched::over(bed).await
}

/// A position that no list has.
struct MadeUp(Vec<u8>);

impl PagePosition for MadeUp {
    fn write(&self, token: &mut Vec<u8>) {
        token.extend_from_slice(&self.0);
    }

    fn read(_: &mut &[u8]) -> Option<Self> {
        None
    }
}

async fn explain(bed: &Watched, books: &[&str], request: ExplainCaseRequest) -> Result<ExplainCaseResponse, Status> {
    Ok(bed.monitor().explain_case(asked(bed, ("sam", Role::Support), books, request)).await?.into_inner())
}

fn case(id: String, page_size: i32, page_token: String) -> ExplainCaseRequest {
    ExplainCaseRequest { id, page_size, page_token, ..ExplainCaseRequest::default() }
}

/// All pages of this size.
async fn pages(bed: &Watched, id: &str, page_size: i32) -> Vec<CaseStep> {
    let (mut steps, mut token) = (Vec::new(), String::new());
    loop {
        let page = explain(bed, &[BOOK], case(id.to_owned(), page_size, token)).await.unwrap();
        assert!(!page.steps.is_empty() && page.steps.len() <= usize::try_from(page_size).unwrap(), "{}", page.steps.len());
        steps.extend(page.steps);
        token = page.next_page_token;
        if token.is_empty() {
            return steps;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payout_is_followed_to_the_receipts_behind_it_and_a_receipt_to_its_payout() {
    for storage in both() {
        let bed = followed(storage).await;
        let steps = pages(&bed, &id(8), 200).await;
        let of =
            |part: CasePart, depth: i32| steps.iter().filter(move |step| step.part() == part && step.depth == depth).collect::<Vec<_>>();
        let own = of(CasePart::Itself, 0);
        assert!(own.iter().any(|step| step.kind() == CaseStepKind::Posting && step.state == "payout.submit"), "{own:#?}");
        assert!(own[0].ids.contains(&id(8).replace('-', "")), "{own:#?}");
        let [conversion] = of(CasePart::Sources, 1)[..] else { panic!("{steps:#?}") };
        let amount = |step: &CaseStep| step.amount.clone().map(|amount| (amount.unit, amount.amount)).unwrap();
        assert_eq!((conversion.state.as_str(), amount(conversion)), ("conversion", ("USD".to_owned(), 500)));
        let (gifts, receipts) = (of(CasePart::Sources, 2), of(CasePart::Sources, 3));
        assert_eq!((gifts.len(), receipts.len()), (GIFTS, GIFTS));
        assert!(gifts.iter().all(|gift| gift.thing_kind() == ThingKind::Gift && amount(gift) == ("DIAMOND".to_owned(), 2)));
        assert!(
            receipts
                .iter()
                .all(|step| step.thing_id == id(1) && step.thing_kind() == ThingKind::Purchase && amount(step) == ("COIN".to_owned(), 1))
        );
        let steps = pages(&bed, &id(1), 200).await;
        let of = |depth: i32| steps.iter().filter(move |step| step.part() == CasePart::Uses && step.depth == depth).collect::<Vec<_>>();
        assert_eq!((of(1).len(), of(2).len(), of(3).len()), (GIFTS, GIFTS, GIFTS), "{steps:#?}");
        assert!(of(3).iter().all(|step| step.thing_kind() == ThingKind::Payout && step.thing_id == id(8)), "{steps:#?}");
        let itself: BTreeSet<&str> = steps.iter().filter(|step| step.part() == CasePart::Itself).map(|step| step.state.as_str()).collect();
        assert_eq!(itself, ["purchase.web", "refund.granted", "refund.money"].into());
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_any_size_are_the_same_case() {
    for storage in both() {
        let bed = followed(storage).await;
        for thing in [id(8), id(1)] {
            let whole = pages(&bed, &thing, 200).await;
            for size in [1, 7, 64] {
                assert_eq!(pages(&bed, &thing, size).await, whole, "{thing} by {size}");
            }
        }
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_of_another_book_is_as_unknown_as_none_and_forged_tokens_are_refused() {
    for storage in both() {
        let bed = followed(storage).await;
        let reason = |refused: &Status| rpc::reason(refused).unwrap_or_default();
        let elsewhere = explain(&bed, &[TREASURY], case(id(8), 0, String::new())).await.unwrap_err();
        let nothing = explain(&bed, &[TREASURY], case(id(19), 0, String::new())).await.unwrap_err();
        assert_eq!((reason(&elsewhere), elsewhere.message(), elsewhere.code()), (reason(&nothing), nothing.message(), nothing.code()));
        assert_eq!((reason(&nothing).as_str(), nothing.code()), ("ID_UNKNOWN", Code::NotFound));
        // What support may not read is unknown too.
        assert_eq!(reason(&explain(&bed, &[TREASURY], case(id(12), 0, String::new())).await.unwrap_err()), "ID_UNKNOWN");
        let first = explain(&bed, &[BOOK], case(id(8), 3, String::new())).await.unwrap();
        let token = first.next_page_token;
        assert!(!token.is_empty());
        let of_treasury = ExplainCaseRequest { book: TREASURY.to_owned(), ..case(id(8), 3, token.clone()) };
        let forged = [
            case(id(1), 3, token.clone()),
            case(id(8), 3, format!("{token}A")),
            case(id(8), 3, "x".repeat(5_000)),
            case(id(8), 3, "<b>".to_owned()),
            ExplainCaseRequest { kind: ThingKind::Payout.into(), ..case(id(8), 3, token.clone()) },
        ];
        for request in forged {
            assert_eq!(reason(&explain(&bed, &[BOOK], request.clone()).await.unwrap_err()), "PAGE_TOKEN", "{request:?}");
        }
        // The digest of a list is no secret: somebody may make up a path.
        let list = PagedList::of_request("ExplainCase", BOOK, &case(id(8), 0, String::new()));
        for path in [
            &[1][..],
            &[3, 0],
            &[0, 255],
            &[1, 0, 0, 0, 0, 0, 0, 0, 0, 7],
            &[1, 200, 0, 0, 0, 0, 0, 0, 0, 7],
            &[2, 0, 255, 0, 0, 0, 0, 0, 0, 0],
            &[1; 64],
        ] {
            let forged = list.token(&MadeUp(path.to_vec()));
            assert_eq!(reason(&explain(&bed, &[BOOK], case(id(8), 3, forged)).await.unwrap_err()), "PAGE_TOKEN", "{path:?}");
        }
        assert_eq!(reason(&explain(&bed, &[BOOK], of_treasury).await.unwrap_err()), "PERMISSION_DENIED");
        assert_eq!(
            reason(&explain(&bed, &[BOOK, TREASURY], case(id(8), 3, token.clone())).await.unwrap_err()),
            "PAGE_TOKEN",
            "of other books"
        );
        for (request, field) in [(case(String::new(), 0, String::new()), "id"), (case(id(8), -1, String::new()), "page_size")] {
            let refused = explain(&bed, &[BOOK], request).await.unwrap_err();
            assert_eq!((reason(&refused).as_str(), rpc::facts(&refused).get("field").map(String::as_str)), ("MALFORMED", Some(field)));
        }
        let odd = ExplainCaseRequest { kind: 999, ..case(id(8), 0, String::new()) };
        assert_eq!(reason(&explain(&bed, &[BOOK], odd).await.unwrap_err()), "MALFORMED");
        bed.ledger.shutdown().await;
    }
}

async fn activity(
    bed: &Watched,
    (subject, role): (&str, Role),
    books: &[&str],
    request: ListActivityRequest,
) -> Result<(Vec<ActivityLine>, String), Status> {
    let page = bed.monitor().list_activity(asked(bed, (subject, role), books, request)).await?.into_inner();
    Ok((page.lines, page.next_page_token))
}

fn of_user(user_id: &str, page_size: i32, page_token: String) -> ListActivityRequest {
    ListActivityRequest { user_id: user_id.to_owned(), page_size, page_token, ..ListActivityRequest::default() }
}

/// All pages of this size.
async fn whole_activity(bed: &Watched, user: &str, books: &[&str], page_size: i32) -> Vec<ActivityLine> {
    let (mut lines, mut token) = (Vec::new(), String::new());
    loop {
        let (page, next) = activity(bed, ("sam", Role::Support), books, of_user(user, page_size, token)).await.unwrap();
        assert!(page.len() <= usize::try_from(page_size).unwrap());
        lines.extend(page);
        token = next;
        if token.is_empty() {
            return lines;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_users_activity_is_merged_over_the_books_of_the_token_the_newest_first() {
    for storage in both() {
        let bed = followed(storage).await;
        let text = str::to_owned;
        let moved = vec![(text("house/coins/issued"), text("viewer/ann/coins"), 9)];
        post(&bed, Planted { book: TREASURY, kind: "purchase.web", id: Uuid::now_v7(), moved, fields: Vec::new(), guards: Vec::new() })
            .await;
        let moved = vec![(text("viewer/ann/coins"), text("house/coins/redeemed"), -4)];
        post(&bed, Planted { book: TREASURY, kind: "test.hold", id: Uuid::now_v7(), moved, fields: Vec::new(), guards: Vec::new() }).await;
        let waiting = "INSERT INTO purchase (purchase_id, book, user_id, request_id, state, store, environment, bundle_id, transaction_id, product_id, quantity, coins, currency,
             price_minor_units, tax_minor_units, commission_minor_units, purchased_at_ms, created_at_ms, posting_id, coin_balance, balance_seq, next_attempt_at_ms, attempt)
             SELECT '$19', book, user_id, request_id, 1, store, environment, bundle_id, 'pi_later', product_id, quantity, coins, currency,
             price_minor_units, tax_minor_units, commission_minor_units, purchased_at_ms, 5, '', 0, 0, 0, 0 FROM purchase";
        assert_eq!(change(&bed.database, "purchase", &waiting.replace("$19", &id(19))).await, 1);
        let whole = whole_activity(&bed, "ann", &[BOOK, TREASURY], 200).await;
        // Bought and refunded, the gifts, what is bought and held in the other book, and a purchase that waits, which is the oldest.
        assert_eq!(whole.len(), 2 + GIFTS + 2 + 1, "{whole:#?}");
        assert!(
            whole.is_sorted_by(|a, b| a.time.map(|time| (time.seconds, time.nanos)) >= b.time.map(|time| (time.seconds, time.nanos))),
            "{whole:#?}"
        );
        let amount = |line: &ActivityLine| line.amount.clone().unwrap().amount;
        let balance = |line: &ActivityLine| line.balance_after.clone().map(|balance| balance.amount);
        let shown = |line: &ActivityLine| (line.book.clone(), line.kind.clone(), amount(line), balance(line), line.state());
        assert_eq!(shown(&whole[0]), (text(TREASURY), text("test.hold"), 4, Some(9), ActivityState::Held));
        assert_eq!(shown(&whole[1]), (text(TREASURY), text("purchase.web"), 9, Some(9), ActivityState::Posted));
        assert_eq!(shown(&whole[2]), (text(BOOK), text("gift"), -1, Some(5), ActivityState::Posted));
        assert_eq!((whole[2].summary.as_str(), whole[2].case_kind()), ("1 of gift rose in room r1", ThingKind::Gift));
        let [refund, bought, later] = &whole[whole.len() - 3..] else { panic!("{whole:#?}") };
        assert_eq!(
            (shown(refund), refund.case_id.clone()),
            ((text(BOOK), text("refund.granted"), -35, Some(35), ActivityState::Posted), id(1))
        );
        assert_eq!(shown(bought), (text(BOOK), text("purchase.web"), 70, Some(70), ActivityState::Posted));
        assert_eq!((shown(later), later.case_id.clone()), ((text(BOOK), text("purchase"), 70, None, ActivityState::Waiting), id(19)));
        for size in [1, 3, 16] {
            assert_eq!(whole_activity(&bed, "ann", &[BOOK, TREASURY], size).await, whole, "by {size}");
        }
        let of_book = whole_activity(&bed, "ann", &[BOOK], 50).await;
        assert_eq!(of_book, whole.iter().filter(|line| line.book == BOOK).cloned().collect::<Vec<_>>());
        let of_star = whole_activity(&bed, "star", &[BOOK, TREASURY], 200).await;
        let paid = &of_star[0];
        assert_eq!(
            (paid.kind.as_str(), amount(paid), paid.case_id.clone(), paid.case_state.as_str()),
            ("payout.submit", -500, id(8), "settled")
        );
        assert_eq!(of_star.len(), GIFTS + 3, "what was earned, converted on two accounts, and paid: {of_star:#?}");
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_read_their_own_activity_and_no_token_of_another_list_is_taken() {
    for storage in both() {
        let bed = followed(storage).await;
        let reason = |refused: &Status| rpc::reason(refused).unwrap_or_default();
        let (own, token) = activity(&bed, ("ann", Role::Viewer), &[BOOK], of_user("", 3, String::new())).await.unwrap();
        assert_eq!((own.len(), own[0].kind.as_str()), (3, "gift"));
        let (next, _) = activity(&bed, ("ann", Role::Viewer), &[BOOK], of_user("ann", 3, token.clone())).await.unwrap();
        assert_ne!(next, own, "the user by name is the same list");
        for role in [Role::Viewer, Role::Creator] {
            let denied = activity(&bed, ("ann", role), &[BOOK], of_user("star", 0, String::new())).await.unwrap_err();
            assert_eq!(reason(&denied), "PERMISSION_DENIED", "{role}");
        }
        for (who, books, user) in [("star", &[BOOK][..], ""), ("ann", &[TREASURY], ""), ("ann", &[BOOK, TREASURY], "")] {
            let refused = activity(&bed, (who, Role::Creator), books, of_user(user, 3, token.clone())).await.unwrap_err();
            assert_eq!(reason(&refused), "PAGE_TOKEN", "{who} {books:?}");
        }
        for token in ["x".repeat(5_000), "AAAA".to_owned(), format!("{token}AA"), "<b>".to_owned()] {
            let refused = activity(&bed, ("ann", Role::Viewer), &[BOOK], of_user("", 3, token)).await.unwrap_err();
            assert_eq!(reason(&refused), "PAGE_TOKEN");
        }
        // The digest of a list is no secret: somebody may make up a position.
        let list = PagedList::of_request("ListActivity", BOOK, &of_user("ann", 0, String::new()));
        let mut reasons = BTreeSet::new();
        for (source, number) in (0..20).flat_map(|source| [(source, 0_u128), (source, 7), (source, u128::MAX)]) {
            let token = list.token(&((i64::MAX, 1_i64), (source, Uuid::from_u128(number))));
            reasons.extend(
                activity(&bed, ("ann", Role::Viewer), &[BOOK], of_user("", 3, token)).await.map_err(|refused| reason(&refused)).err(),
            );
        }
        assert_eq!(reasons, ["PAGE_TOKEN".to_owned()].into());
        let wrong = activity(&bed, ("sam", Role::Support), &[BOOK], of_user("a/b", -1, String::new())).await.unwrap_err();
        assert_eq!((reason(&wrong).as_str(), rpc::violations(&wrong).len()), ("MALFORMED", 2));
        let unexplained = bed.unexplained("sam", Role::Support, &[BOOK], of_user("ann", 0, String::new()));
        assert_eq!(reason(&bed.monitor().list_activity(unexplained).await.unwrap_err()), "REASON_REQUIRED");
        let nobody = activity(&bed, ("nobody", Role::Viewer), &[BOOK], of_user("", 0, String::new())).await.unwrap();
        assert_eq!(nobody, (Vec::new(), String::new()));
        let mistyped = activity(&bed, ("sam", Role::Support), &[BOOK], of_user("anm", 0, String::new())).await.unwrap_err();
        assert_eq!((mistyped.code(), reason(&mistyped).as_str()), (Code::NotFound, "USER_UNKNOWN"));
        assert_eq!(rpc::facts(&mistyped)["user_id"], "anm");
        let elsewhere = activity(&bed, ("sam", Role::Support), &[TREASURY], of_user("star", 0, String::new())).await.unwrap_err();
        assert_eq!(reason(&elsewhere), "USER_UNKNOWN", "in this book");
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_of_whom_only_a_refused_receipt_is_kept_is_known() {
    for storage in both() {
        let bed = followed(storage).await;
        let list = async || activity(&bed, ("sam", Role::Support), &[BOOK], of_user("remo", 0, String::new())).await;
        let find = async || {
            let named = FindRequest { text: "remo".to_owned(), ..FindRequest::default() };
            bed.monitor().find(asked(&bed, ("sam", Role::Support), &[BOOK], named)).await.unwrap().into_inner().things
        };
        assert_eq!(rpc::reason(&list().await.unwrap_err()).as_deref(), Some("USER_UNKNOWN"));
        assert!(find().await.is_empty());
        let (refusal, request) = (Uuid::now_v7(), Uuid::now_v7());
        let sql = format!(
            "INSERT INTO refused_receipt (book, refusal_id, user_id, request_id, refused_at_ms, reason, message, authentic, environment, bundle_id,
                 transaction_id, product_id) VALUES ('{BOOK}', '{refusal}', 'remo', '{request}', 1, 'RECEIPT_INVALID', '', 0, '', '', '', '')"
        );
        assert_eq!(change(&bed.database, "purchase", &sql).await, 1);
        assert_eq!(list().await.unwrap(), (Vec::new(), String::new()), "known, and nothing moved");
        assert_eq!(find().await.iter().map(FoundThing::kind).collect::<Vec<_>>(), [ThingKind::User]);
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_activity_of_a_time_is_that_part_of_the_whole() {
    for storage in both() {
        let bed = followed(storage).await;
        let waiting = "INSERT INTO purchase (purchase_id, book, user_id, request_id, state, store, environment, bundle_id, transaction_id, product_id, quantity, coins, currency,
             price_minor_units, tax_minor_units, commission_minor_units, purchased_at_ms, created_at_ms, posting_id, coin_balance, balance_seq, next_attempt_at_ms, attempt)
             SELECT '$19', book, user_id, request_id, 1, store, environment, bundle_id, 'pi_later', product_id, quantity, coins, currency,
             price_minor_units, tax_minor_units, commission_minor_units, purchased_at_ms, 5, '', 0, 0, 0, 0 FROM purchase";
        assert_eq!(change(&bed.database, "purchase", &waiting.replace("$19", &id(19))).await, 1);
        let whole = whole_activity(&bed, "ann", &[BOOK], 200).await;
        // A purchase that waits since 1970, and entries of today. Times are of whole milliseconds, as bounds are.
        let ms = |line: &ActivityLine| line.time.as_ref().map(rpc::wire::unix_ms).unwrap();
        let middle = ms(&whole[whole.len() / 2]);
        let bounds = [None, Some(5), Some(6), Some(middle), Some(middle + 1), Some(ms(&whole[0])), Some(ms(&whole[0]) + 1)];
        for (from, until) in bounds.into_iter().flat_map(|from| bounds.map(|until| (from, until))) {
            let expected: Vec<ActivityLine> = whole
                .iter()
                .filter(|line| from.is_none_or(|from| ms(line) >= from) && until.is_none_or(|until| ms(line) < until))
                .cloned()
                .collect();
            for size in [3, 200] {
                let (mut found, mut token) = (Vec::new(), String::new());
                loop {
                    let [from, until] = [from, until].map(|bound| bound.map(rpc::wire::timestamp_ms));
                    let ask = ListActivityRequest { from, until, ..of_user("ann", size, token) };
                    let (lines, next) = activity(&bed, ("sam", Role::Support), &[BOOK], ask).await.unwrap();
                    found.extend(lines);
                    token = next;
                    if token.is_empty() {
                        break;
                    }
                }
                assert_eq!(found, expected, "from {from:?} until {until:?} by {size}");
            }
        }
        let at = |ms| Some(rpc::wire::timestamp_ms(ms));
        let (_, token) =
            activity(&bed, ("ann", Role::Viewer), &[BOOK], ListActivityRequest { from: at(6), ..of_user("", 3, String::new()) })
                .await
                .unwrap();
        for (from, until) in [(None, None), (at(5), None), (at(6), at(7))] {
            let other = ListActivityRequest { from, until, ..of_user("", 3, token.clone()) };
            let refused = activity(&bed, ("ann", Role::Viewer), &[BOOK], other).await.unwrap_err();
            assert_eq!(rpc::reason(&refused).as_deref(), Some("PAGE_TOKEN"));
        }
        let never = Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 });
        let wrong = ListActivityRequest { from: never, until: never, ..of_user("", 0, String::new()) };
        let wrong = activity(&bed, ("ann", Role::Viewer), &[BOOK], wrong).await.unwrap_err();
        assert_eq!(rpc::violations(&wrong).into_iter().map(|(field, _)| field).collect::<Vec<_>>(), ["from", "until"]);
        bed.ledger.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_not_shown_that_their_money_was_blocked() {
    for storage in both() {
        let bed = followed(storage).await;
        let moved = vec![("house/coins/issued".to_owned(), "viewer/ann/coins".to_owned(), 9)];
        post(&bed, Planted { book: TREASURY, kind: "payout.unblock", id: Uuid::now_v7(), moved, fields: Vec::new(), guards: Vec::new() })
            .await;
        for (who, role, user, kind) in [
            ("ann", Role::Viewer, "", "payout.reject"),
            ("ann", Role::Creator, "", "payout.reject"),
            ("sam", Role::Support, "ann", "payout.unblock"),
        ] {
            let (lines, _) = activity(&bed, (who, role), &[TREASURY], of_user(user, 0, String::new())).await.unwrap();
            assert_eq!(lines[0].kind, kind, "{role}");
            assert!(role == Role::Support || !format!("{lines:?}").contains("block"), "{role}: {lines:?}");
        }
        bed.ledger.shutdown().await;
    }
}
