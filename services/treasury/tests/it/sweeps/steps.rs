//! What happens to a sweep at the banks: said by staff, or by their statements.
use super::world::{HOUR, TUESDAY, both, rule};
use crate::{
    bank::{Entry, entry, statement},
    fixture::BOOK,
    reason,
};
use api::treasury::{AdjustmentKind, InstructSweepRequest, ListSweepInstructionsRequest, MarkSweepRequest, Sweep, SweepState};
use treasury::config::SweepSettings;

const RAIL: &str = "DE89370400440532013000";
const POOL: &str = "DE02120300000000202051";

/// An account's statement with one entry.
fn said(number: &str, day: &str, opening: i64, entry: Entry) -> String {
    statement(1, day, opening, &[entry]).replace(RAIL, number)
}

#[tokio::test]
async fn each_step_is_booked_once_and_every_account_adds_up_after_it() {
    for fixture in both(&[rule("daily", "target")], TUESDAY).await {
        fixture.has_now("prefund", 1_400).await;
        fixture.has_now("creators", 70).await;
        fixture.has_now("reserve", 5).await;
        assert_eq!(fixture.proved().await, [[1_470, 0, 0, 0], [5, 0, 0, 0]]);
        let sweep = fixture.swept().await;
        assert_eq!(sweep.minor_units, 470, "clients' money is in the account too");
        let steps = [
            (SweepState::Sent, [[1_470, 0, 470, 0], [5, 0, 0, 0]]),
            (SweepState::Debited, [[1_000, 0, 0, 0], [5, 470, 0, 470]]),
            (SweepState::Credited, [[1_000, 0, 0, 0], [475, 0, 0, 0]]),
        ];
        assert_eq!(fixture.proved().await, steps[0].1);
        for (state, expected) in steps {
            fixture.mark(&sweep, state).await;
            assert_eq!(fixture.proved().await, expected, "{state:?}");
            let again = fixture.try_mark(&sweep, state).await.unwrap();
            assert_eq!((again.replayed, again.sweep.unwrap().state()), (true, state));
            assert_eq!(fixture.proved().await, expected, "{state:?} again");
        }
        assert_eq!((fixture.on("prefund").await, fixture.on("creators").await, fixture.on("reserve").await), (930, 70, 475));
        assert!(fixture.try_mark(&sweep, SweepState::Sent).await.unwrap().replayed, "it was, before");
    }
}

/// From when the payout service keeps a sweep, nobody else cancels it; what is cancelled, the payout service never gets.
#[tokio::test]
async fn a_sweep_is_instructed_by_the_payout_service_or_cancelled_and_never_both() {
    for fixture in both(&[rule("daily", "zero")], TUESDAY).await {
        let instruct = async |sweep: &Sweep| {
            let request = InstructSweepRequest { book: String::new(), sweep_id: sweep.sweep_id.clone() };
            fixture.as_payout().instruct_sweep(request).await.map(tonic::Response::into_inner)
        };
        let listed =
            async || fixture.as_payout().list_sweep_instructions(ListSweepInstructionsRequest::default()).await.unwrap().into_inner();
        let mark = async |sweep: &Sweep, state: SweepState, evidence: &str| {
            let (sweep_id, evidence) = (sweep.sweep_id.clone(), evidence.to_owned());
            let request = MarkSweepRequest { book: BOOK.to_owned(), sweep_id, state: state.into(), evidence };
            fixture.as_payout().mark_sweep(request).await.map(|answer| answer.into_inner().sweep.unwrap())
        };
        fixture.has_now("prefund", 1_400).await;
        let sweep = fixture.swept().await;
        let found = listed().await;
        assert_eq!((found.book.as_str(), found.instructions.len(), found.instructions[0].entity.as_str()), (BOOK, 1, "main"));
        assert_eq!(found.instructions[0].sweep.as_ref(), Some(&sweep));
        let mut other = fixture.service_client(fixture.bed.service_token("gift"));
        let request = InstructSweepRequest { book: String::new(), sweep_id: sweep.sweep_id.clone() };
        assert_eq!(reason(&other.instruct_sweep(request).await.unwrap_err()), "PERMISSION_DENIED");
        let request = ListSweepInstructionsRequest::default();
        assert_eq!(reason(&other.list_sweep_instructions(request).await.unwrap_err()), "PERMISSION_DENIED");
        let kept = instruct(&sweep).await.unwrap();
        assert_eq!((kept.replayed, kept.sweep.unwrap().state()), (false, SweepState::Instructing));
        assert!(instruct(&sweep).await.unwrap().replayed && listed().await.instructions.len() == 1);
        assert_eq!(reason(&fixture.try_mark(&sweep, SweepState::Cancelled).await.unwrap_err()), "SWEEP_STATE");
        assert_eq!(reason(&mark(&sweep, SweepState::Sent, &"x".repeat(141)).await.unwrap_err()), "MALFORMED");
        // Somebody of staff who has the service's name.
        let request = MarkSweepRequest {
            book: BOOK.to_owned(),
            sweep_id: sweep.sweep_id.clone(),
            state: SweepState::Cancelled.into(),
            ..Default::default()
        };
        let status = fixture.client().mark_sweep(fixture.by_name("payout", request)).await.unwrap_err();
        assert_eq!(reason(&status), "SWEEP_STATE");
        assert_eq!(fixture.proved().await, [[1_400, 0, 1_400, 0], [0, 0, 0, 0]]);
        let refused = mark(&sweep, SweepState::Cancelled, "E-1 RJCT AC04").await.unwrap();
        assert_eq!((refused.state(), refused.evidence.as_str()), (SweepState::Cancelled, "E-1 RJCT AC04"));
        assert_eq!(fixture.proved().await, [[1_400, 0, 0, 0], [0, 0, 0, 0]]);
        assert_eq!(reason(&instruct(&sweep).await.unwrap_err()), "SWEEP_STATE");
        assert!(listed().await.instructions.is_empty());
        let elsewhere = InstructSweepRequest { book: "app".to_owned(), sweep_id: sweep.sweep_id.clone() };
        assert_eq!(reason(&fixture.as_payout().instruct_sweep(elsewhere).await.unwrap_err()), "BOOK_UNKNOWN");

        // Both at once: one of them has it.
        for day in 0..4 {
            fixture.days_later(if day == 3 { 3 } else { 1 });
            let Some(sweep) = fixture.run().await.pop().unwrap().sweep else { continue };
            let (cancelled, kept) = tokio::join!(fixture.try_mark(&sweep, SweepState::Cancelled), instruct(&sweep));
            assert_ne!(cancelled.is_ok(), kept.is_ok(), "{cancelled:?} {kept:?}");
            if kept.is_ok() {
                mark(&sweep, SweepState::Cancelled, "").await.unwrap();
            }
            assert_eq!(fixture.proved().await, [[1_400, 0, 0, 0], [0, 0, 0, 0]]);
        }
    }
}

/// What the bank accepted it may still refuse; what it told a person counts too; and what staff may have sent already no program sends.
#[tokio::test]
async fn staff_send_with_the_banks_words_and_what_older_programs_made_is_theirs() {
    for fixture in both(&[rule("one", "zero"), rule("two", "zero")], TUESDAY).await {
        let mark = async |by_payout: bool, sweep: &Sweep, state: SweepState, evidence: &str| {
            let (sweep_id, evidence) = (sweep.sweep_id.clone(), evidence.to_owned());
            let request = MarkSweepRequest { book: BOOK.to_owned(), sweep_id, state: state.into(), evidence };
            let answer = if by_payout {
                fixture.as_payout().mark_sweep(request).await
            } else {
                fixture.client().mark_sweep(fixture.by(request)).await
            };
            answer.map(|answer| answer.into_inner()).map(|answer| (answer.replayed, answer.sweep.unwrap()))
        };
        let listed =
            async || fixture.as_payout().list_sweep_instructions(ListSweepInstructionsRequest::default()).await.unwrap().into_inner();
        let instruct = async |sweep: &Sweep| {
            let request = InstructSweepRequest { book: String::new(), sweep_id: sweep.sweep_id.clone() };
            fixture.as_payout().instruct_sweep(request).await
        };
        fixture.has_now("prefund", 1_400).await;
        let sweep = fixture.run().await.remove(0).sweep.unwrap();
        instruct(&sweep).await.unwrap();
        assert_eq!(reason(&mark(false, &sweep, SweepState::Sent, "").await.unwrap_err()), "SWEEP_STATE");
        let (replayed, sent) = mark(false, &sweep, SweepState::Sent, "told by phone").await.unwrap();
        assert_eq!((replayed, sent.state(), sent.evidence.as_str()), (false, SweepState::Sent, "told by phone"));
        assert_eq!(listed().await.instructions[0].sweep.as_ref(), Some(&sent), "the bank is asked about it");
        for (evidence, expected) in [("E-1 PDNG", "E-1 PDNG"), ("", "E-1 PDNG")] {
            let (replayed, sent) = mark(true, &sweep, SweepState::Sent, evidence).await.unwrap();
            assert_eq!((replayed, sent.evidence.as_str()), (true, expected));
        }
        let (_, refused) = mark(true, &sweep, SweepState::Cancelled, "E-1 RJCT").await.unwrap();
        assert_eq!((refused.state(), refused.evidence.as_str()), (SweepState::Cancelled, "E-1 RJCT"));
        assert_eq!(fixture.proved().await, [[1_400, 0, 0, 0], [0, 0, 0, 0]]);

        // Of a program that instructed no bank.
        let older = fixture.run().await.remove(1).sweep.unwrap();
        let pool = fixture.tables.database.open("treasury", &treasury::store::MIGRATIONS).await.unwrap();
        let sql = "UPDATE sweep SET is_by_hand = 1 WHERE sweep_id = $1";
        sqlx::query(sql).bind(older.sweep_id.clone()).execute(&pool).await.unwrap();
        assert!(listed().await.instructions.is_empty());
        assert_eq!(reason(&instruct(&older).await.unwrap_err()), "SWEEP_STATE");
        let (_, sent) = mark(false, &older, SweepState::Sent, "").await.unwrap();
        assert_eq!((sent.state(), listed().await.instructions.len()), (SweepState::Sent, 0));
    }
}

#[tokio::test]
async fn a_step_that_does_not_follow_is_refused() {
    for fixture in both(&[rule("daily", "zero")], TUESDAY).await {
        fixture.has_now("prefund", 1_400).await;
        let sweep = fixture.swept().await;
        let refused = |answer: Result<_, tonic::Status>| reason(&answer.map(|_: api::treasury::MarkSweepResponse| ()).unwrap_err());
        assert_eq!(refused(fixture.try_mark(&sweep, SweepState::Credited).await), "SWEEP_STATE", "nothing has left");
        let others = [SweepState::Unspecified, SweepState::Planned, SweepState::Instructing, SweepState::Cancelling];
        for state in others.into_iter().chain([SweepState::Reversed, SweepState::Refused]) {
            assert_eq!(refused(fixture.try_mark(&sweep, state).await), "MALFORMED", "{state:?}");
        }
        let unknown = Sweep { sweep_id: testbed::new_id(), ..sweep.clone() };
        assert_eq!(refused(fixture.try_mark(&unknown, SweepState::Sent).await), "SWEEP_UNKNOWN");
        let none = Sweep { sweep_id: "one".to_owned(), ..sweep.clone() };
        assert_eq!(refused(fixture.try_mark(&none, SweepState::Sent).await), "MALFORMED");
        fixture.mark(&sweep, SweepState::Cancelled).await;
        assert_eq!(fixture.proved().await, [[1_400, 0, 0, 0], [0, 0, 0, 0]]);
        assert_eq!(fixture.on("prefund").await, 1_400, "it is back");
        for state in [SweepState::Sent, SweepState::Debited, SweepState::Credited] {
            assert_eq!(refused(fixture.try_mark(&sweep, state).await), "SWEEP_STATE", "{state:?}");
        }
        assert!(fixture.try_mark(&sweep, SweepState::Cancelled).await.unwrap().replayed);
        fixture.days_later(1);
        let next = fixture.swept().await;
        fixture.mark(&next, SweepState::Debited).await;
        assert_eq!(refused(fixture.try_mark(&next, SweepState::Cancelled).await), "SWEEP_STATE", "it has left");
        fixture.proved().await;
    }
}

#[tokio::test]
async fn statements_say_what_left_and_what_came_in_any_order() {
    for credit_first in [false, true] {
        for fixture in both(&[rule("daily", "zero")], TUESDAY).await {
            fixture.has_now("prefund", 1_400).await;
            let sweep = fixture.swept().await;
            fixture.days_later(1);
            let out = said(RAIL, "2031-11-25", 1_400, entry("R1", -1_400, &sweep.end_to_end_id));
            let into = said(POOL, "2031-11-25", 0, entry("P1", 1_400, &sweep.end_to_end_id));
            let files = if credit_first { [&into, &out] } else { [&out, &into] };
            fixture.import(files[0].as_bytes()).await.unwrap();
            fixture.proved().await;
            // What came is not booked before it left.
            assert_eq!(fixture.newest().await, if credit_first { SweepState::Planned } else { SweepState::Debited });
            fixture.import(files[1].as_bytes()).await.unwrap();
            assert_eq!(fixture.newest().await, SweepState::Credited);
            assert_eq!(fixture.proved().await, [[0, 0, 0, 0], [1_400, 0, 0, 0]]);
            // Both files once more book nothing, and nothing is to be explained.
            for file in files {
                fixture.import(file.as_bytes()).await.unwrap();
            }
            assert_eq!(fixture.open_cases().await, []);
            assert_eq!(fixture.proved().await, [[0, 0, 0, 0], [1_400, 0, 0, 0]]);
            for account in ["rail", "pool"] {
                fixture.close(account, "2031-11-25").await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn what_staff_said_first_is_recognised_in_the_statement() {
    for fixture in both(&[rule("daily", "zero")], TUESDAY).await {
        fixture.has_now("prefund", 1_400).await;
        let sweep = fixture.swept().await;
        for state in [SweepState::Debited, SweepState::Credited] {
            fixture.mark(&sweep, state).await;
        }
        fixture.days_later(1);
        for file in [
            said(RAIL, "2031-11-25", 1_400, entry("R1", -1_400, &sweep.end_to_end_id)),
            said(POOL, "2031-11-25", 0, entry("P1", 1_400, &sweep.end_to_end_id)),
        ] {
            fixture.import(file.as_bytes()).await.unwrap();
        }
        assert_eq!(fixture.open_cases().await, []);
        assert_eq!(fixture.proved().await, [[0, 0, 0, 0], [1_400, 0, 0, 0]]);
        for account in ["rail", "pool"] {
            fixture.close(account, "2031-11-25").await.unwrap();
        }
    }
}

#[tokio::test]
async fn money_for_a_leaf_that_is_closed_by_then_is_unallocated() {
    for fixture in both(&[rule("daily", "zero")], TUESDAY).await {
        fixture.has_now("prefund", 1_400).await;
        let sweep = fixture.swept().await;
        fixture.mark(&sweep, SweepState::Debited).await;
        for state in ["pending_close", "closed"] {
            let leaf = "[[leaf]]\nid = \"reserve\"\nparent = \"pool\"\nname = \"reserve\"\nentity = \"main\"\nuses = [\"sweep\"]\n";
            fixture.change(&format!("{leaf}state = \"{state}\"\n")).await.unwrap();
        }
        fixture.mark(&sweep, SweepState::Credited).await;
        assert_eq!((fixture.on("reserve").await, fixture.on("pool-unallocated").await), (0, 1_400));
        fixture.proved().await;
    }
}

#[tokio::test]
async fn a_leaf_whose_sweep_may_be_cancelled_is_not_closed_and_a_closed_one_has_nothing_back() {
    for fixture in both(&[rule("daily", "zero")], TUESDAY).await {
        fixture.has_now("prefund", 1_400).await;
        let sweep = fixture.swept().await;
        let prefund = |state: &str| {
            let leaf = "[[leaf]]\nid = \"prefund\"\nparent = \"rail\"\nname = \"prefund\"\nentity = \"main\"\nuses = [\"sweep\"]\n";
            format!("{leaf}state = \"{state}\"\n")
        };
        fixture.change(&prefund("pending_close")).await.unwrap();
        let refused = fixture.change(&prefund("closed")).await.unwrap_err();
        assert!(refused.message().contains("a sweep has set money of it aside, and may be cancelled"), "{}", refused.message());
        fixture.close_leaf("prefund", "[[leaf]]\nid = \"another\"\nparent = \"rail\"\nname = \"Other\"\nentity = \"main\"\n").await;
        fixture.mark(&sweep, SweepState::Cancelled).await;
        assert_eq!((fixture.on("prefund").await, fixture.on("rail-unallocated").await), (0, 1_400));
        fixture.proved().await;
    }
}

#[tokio::test]
async fn an_overnight_sweep_that_has_not_arrived_does_not_go_back() {
    let overnight = SweepSettings { overnight: true, ..rule("night", "zero") };
    for fixture in both(&[overnight], TUESDAY).await {
        fixture.has_now("prefund", 1_400).await;
        let sweep = fixture.swept().await;
        fixture.mark(&sweep, SweepState::Debited).await;
        fixture.later(20 * HOUR);
        assert_eq!(fixture.run().await.len(), 1, "only the rule");
        fixture.mark(&sweep, SweepState::Credited).await;
        assert_eq!(fixture.run().await.len(), 2);
        assert_eq!(fixture.on("pool-in-transit").await, 1_400);
        // Taken back by nobody: it can go back on a later day.
        let back: Sweep = fixture.sweeps().await.remove(0);
        fixture.mark(&back, SweepState::Cancelled).await;
        fixture.days_later(1);
        assert_eq!(fixture.run().await[0].returns_sweep_id, sweep.sweep_id);
        assert_eq!(fixture.sweeps().await.len(), 3, "the two, and another return");
        fixture.proved().await;
    }
}

/// Without the leaf that older programs did not add, which every account has by now.
#[tokio::test]
async fn an_account_of_an_older_program_is_swept_to_as_well() {
    for fixture in both(&[rule("daily", "zero")], TUESDAY).await {
        fixture.forget_leaf("pool-incoming").await;
        // So that the structure is read again.
        fixture.change("[[leaf]]\nid = \"aside\"\nparent = \"rail\"\nname = \"Other\"\nentity = \"main\"\n").await.unwrap();
        fixture.has_now("prefund", 1_400).await;
        let sweep = fixture.swept().await;
        fixture.mark(&sweep, SweepState::Debited).await;
        assert_eq!(fixture.proved().await[1], [0, 1_400, 0, 1_400]);
        let listed = fixture.list("").await;
        assert!(listed.iter().any(|one| one.id == "pool-incoming" && one.balance.unwrap().booked_minor_units == 1_400));
    }
}

/// An amount alone says nothing. Staff who say that it was the sweep see by how much the books have it twice, and two of them put that right.
#[tokio::test]
async fn a_debit_that_is_given_as_a_bare_sum_books_no_step_and_is_adjusted_once_staff_say_what_it_was() {
    for fixture in both(&[rule("daily", "zero")], TUESDAY).await {
        fixture.has_now("prefund", 1_400).await;
        let sweep = fixture.swept().await;
        fixture.days_later(1);
        let file = said(RAIL, "2031-11-25", 1_400, entry("R1", -1_400, "NOTPROVIDED"));
        fixture.import(file.as_bytes()).await.unwrap();
        let open = |difference: i64| [("SENT_NOT_DEBITED".to_owned(), difference), ("UNKNOWN_DEBIT".to_owned(), 0)];
        assert_eq!((fixture.newest().await, fixture.open_cases().await), (SweepState::Planned, open(0).to_vec()));
        assert_eq!((fixture.proved().await, fixture.on("rail-suspense").await), ([[0, 0, 1_400, 0], [0, 0, 0, 0]], -1_400));
        fixture.close("rail", "2031-11-25").await.unwrap();
        fixture.mark(&sweep, SweepState::Debited).await;
        fixture.import(file.as_bytes()).await.unwrap();
        assert_eq!(fixture.open_cases().await, open(-1_400), "the sum and the sweep are both booked");
        let case = fixture.case("SENT_NOT_DEBITED").await;
        let proposal = fixture.propose(&case, AdjustmentKind::Adjustment, ("", "rail-suspense", 1_400)).await.unwrap();
        fixture.approve("ann", &proposal).await.unwrap();
        assert_eq!((fixture.proved().await, fixture.on("rail-suspense").await), ([[0, 0, 0, 0], [0, 1_400, 0, 1_400]], 0));
        fixture.import(file.as_bytes()).await.unwrap();
        assert_eq!((fixture.newest().await, fixture.open_cases().await), (SweepState::Debited, open(0)[1..].to_vec()));
    }
}
