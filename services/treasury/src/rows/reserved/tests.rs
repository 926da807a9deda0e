//! Which steps a reservation can have that is so far.
use super::*;

fn reservation(state: State) -> RowReservation {
    let hold = Some((Uuid::nil(), PostingDraft::new(PostingKind::TreasuryReserve, Uuid::nil())));
    let app = BookName::try_new("app").unwrap();
    RowReservation { app, reservation_id: Uuid::nil(), payout_id: Uuid::nil(), state, hold, steps: Vec::new() }
}

/// A state that follows, and the step that was posted in between.
type ReservedStep = (Option<PostingKind>, State);

#[test]
fn each_step_leads_from_one_state_to_the_next_and_money_that_went_comes_back_or_stays() {
    // Of each state: how it can be left.
    let next: [(State, &[ReservedStep]); 10] = [
        (State::Reserved, &[(None, State::Submitting), (None, State::Voiding), (None, State::Released)]),
        (State::Submitting, &[(Some(Submit), State::InTransit)]),
        (State::Voiding, &[(None, State::Released)]),
        (State::InTransit, &[(None, State::Settled), (None, State::Returning), (None, State::Blocking)]),
        (State::Returning, &[(Some(Reject), State::Released)]),
        (State::Blocking, &[(Some(Block), State::Blocked)]),
        (State::Blocked, &[(None, State::Unblocking)]),
        (State::Unblocking, &[(Some(Unblock), State::Released)]),
        (State::Settled, &[]),
        (State::Released, &[]),
    ];
    let (mut walks, mut seen) = (vec![(State::Reserved, Vec::new())], Vec::new());
    while let Some((state, posted)) = walks.pop() {
        assert!(reservation(state).may_have(&posted), "{state:?} {posted:?}");
        let (_, ways) = next.iter().find(|(from, _)| *from == state).unwrap();
        for (step, to) in *ways {
            let mut then = posted.clone();
            then.extend(*step);
            // A crash between the posting and the row.
            assert!(reservation(state).may_have(&then), "{state:?} {then:?}");
            walks.push((*to, then));
        }
        seen.push((state, posted));
    }
    // And nothing else: of all sets of steps only those that a walk has reached, before or after the state's own step.
    for state in State::ALL {
        for set in 0..1_u32 << RESERVATION_STEPS.len() {
            let posted: Vec<_> = (0..).zip(RESERVATION_STEPS).filter(|(bit, _)| set & (1 << bit) != 0).map(|(_, kind)| kind).collect();
            let (_, ways) = next.iter().find(|(from, _)| *from == state).unwrap();
            let is_reached = seen.iter().any(|(reached, before)| {
                let after = |step: &Option<PostingKind>| before.iter().copied().chain(*step).collect::<Vec<_>>() == posted;
                *reached == state && (*before == posted || ways.iter().any(|(step, _)| after(step)))
            });
            assert_eq!(reservation(state).may_have(&posted), is_reached, "{state:?} {posted:?}");
        }
    }
    let never_held = RowReservation { hold: None, ..reservation(State::Released) };
    assert!(never_held.may_have(&[]) && !never_held.may_have(&[Submit, Reject]));
}

#[test]
fn a_hold_is_open_while_its_money_is_on_the_leaf_and_no_longer() {
    for state in State::ALL {
        let may = [None, Some(true), Some(false)].map(|hold| reservation(state).may_hold(hold));
        let expected = match state {
            State::Reserved => [true, true, false],
            State::Voiding => [true, true, true],
            State::Submitting => [false, true, true],
            State::Released => [true, false, true],
            _ => [false, false, true],
        };
        assert_eq!(may, expected, "{state:?}");
    }
    let id = Uuid::from_u128(7);
    assert_eq!(held_for(&format!("reserve/app/{id}")), Some((BookName::try_new("app").unwrap(), id)));
    assert_eq!(held_for("move/1"), None);
}
