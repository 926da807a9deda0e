//! Unit tests of `domain::table`.
use super::*;
use std::{fmt::Write as _, path::Path};

/// The page, from the root of the project.
const PAGE: &str = "deploy/runbooks/payout-states.md";

fn enters(phase: PayoutPhase, event: PayoutEvent) -> Option<PayoutPhase> {
    match follow(phase, event) {
        PhaseOutcome::Enters { phase, .. } => Some(phase),
        PhaseOutcome::Stays | PhaseOutcome::Refused | PhaseOutcome::Nothing => None,
    }
}

fn cell(phase: PayoutPhase, event: PayoutEvent) -> String {
    match follow(phase, event) {
        PhaseOutcome::Enters { phase: next, state } => {
            let shown = if example(phase).state == state { String::new() } else { format!(" ({})", state.name().to_uppercase()) };
            format!("→ {}{shown}", next.name())
        }
        PhaseOutcome::Stays => "same, later".to_owned(),
        PhaseOutcome::Refused => "refused".to_owned(),
        PhaseOutcome::Nothing => String::new(),
    }
}

fn page() -> String {
    let mut page = String::from(
        "# States of a payout\n\nGenerated from `services/payout/src/domain/table.rs` by its test; `LARGESSE_REGENERATE=1 cargo test -p payout --lib the_page` writes \
         it.\n\nA payout has a phase, which decides what is done next, and a state, which callers see. `→ phase (STATE)`: the phase that follows, with \
         the state if callers see another one from then on. `same, later`: the phase stays and the step is repeated after the back-off. `refused`: the call is \
         refused and nothing changes. Empty: the event does not happen in this phase, or comes late and changes nothing. The bank's answers are those about \
         a payout that was sent once, but for the row of the last sending; after several sendings, money goes back only when each of them is proved not \
         executed.\n\n## Phases\n\n| phase | callers see | final |\n|---|---|---|\n",
    );
    for (phase, name) in PayoutPhase::ALL.map(|phase| (phase, phase.name())) {
        let shown = phase.shown().map_or_else(|| "the state before".to_owned(), |state| state.name().to_uppercase());
        writeln!(page, "| {name} | {shown} | {} |", if phase.is_final() { "yes" } else { "" }).unwrap();
    }
    for (title, is_listed) in [("Before anything is sent", true), ("From the intent on", false)] {
        let early = |phase: PayoutPhase| phase.is_before_submission() || matches!(phase, PayoutPhase::Requested | PayoutPhase::Cancelling);
        let phases: Vec<_> = PayoutPhase::ALL
            .into_iter()
            .map(|phase| (phase, phase.name()))
            .filter(|(phase, _)| !phase.is_final() && early(*phase) == is_listed)
            .collect();
        let names: Vec<&str> = phases.iter().map(|(_, name)| *name).collect();
        write!(page, "\n## {title}\n\n| event | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len())).unwrap();
        for (event, words) in EVENTS {
            let cells: Vec<String> = phases.iter().map(|(phase, _)| cell(*phase, event)).collect();
            writeln!(page, "| {words} | {} |", cells.join(" | ")).unwrap();
        }
    }
    let finals: Vec<&str> = PayoutPhase::ALL.into_iter().filter(|phase| phase.is_final()).map(PayoutPhase::name).collect();
    write!(page, "\n## At the end\n\nNo event changes the phases {}, but for a licence, which takes `blocked` to `unblocking`: a cancellation is refused, but answered as done in `cancelled`, and everything else changes \
         nothing.\n", finals.join(", "))
        .unwrap();
    page
}

#[test]
fn the_page_is_what_the_code_does() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(PAGE);
    let page = page();
    if std::env::var_os("LARGESSE_REGENERATE").is_some() {
        std::fs::write(&file, &page).unwrap();
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(committed == page, "{PAGE} is not what the code does: LARGESSE_REGENERATE=1 writes it, then read the difference");
}

#[test]
fn every_event_is_listed_once_and_means_something_somewhere() {
    for (at, (event, words)) in EVENTS.iter().enumerate() {
        assert!(EVENTS[..at].iter().all(|(other, text)| other != event && text != words), "{words} is there twice");
        let somewhere =
            PayoutPhase::ALL.iter().any(|phase| !matches!(follow(*phase, *event), PhaseOutcome::Nothing | PhaseOutcome::Refused));
        assert!(somewhere, "nothing ever follows from {words}");
    }
}

#[test]
fn nothing_changes_a_final_phase() {
    for phase in PayoutPhase::ALL.into_iter().filter(|phase| phase.is_final()) {
        for (event, _) in EVENTS {
            // Only a licence moves money that the law has blocked.
            if (phase, event) == (PayoutPhase::Blocked, PayoutEvent::Licensed) {
                continue;
            }
            assert!(matches!(follow(phase, event), PhaseOutcome::Nothing | PhaseOutcome::Refused), "{phase:?} {event:?}");
        }
    }
}

#[test]
fn every_phase_is_left_and_an_end_is_reached_from_everywhere() {
    for start in PayoutPhase::ALL {
        let mut reached = vec![start];
        let mut at = 0;
        while let Some(phase) = reached.get(at).copied() {
            let next = EVENTS.into_iter().filter_map(|(event, _)| enters(phase, event));
            for phase in next.collect::<Vec<_>>() {
                if !reached.contains(&phase) {
                    reached.push(phase);
                }
            }
            at += 1;
        }
        assert!(reached.iter().any(|phase| phase.is_final()), "{start:?} never ends");
    }
    // Every state is seen by callers of some payout.
    for (state, name) in PayoutState::ALL.map(|state| (state, state.name())) {
        assert!(PayoutPhase::ALL.iter().any(|phase| phase.shown() == Some(state)), "{name} is never shown");
    }
}

#[test]
fn money_goes_back_only_after_proof() {
    use PayoutEvent::{BankRejected, FoundNotExecuted, NotFoundAtLast, NotTakenAtLast};
    for phase in PayoutPhase::ALL {
        for (event, _) in EVENTS {
            // What was never sent needs no proof of a bank.
            if enters(phase, event) == Some(PayoutPhase::Returning) && event != PayoutEvent::HoldPostedBefore {
                // A duplicate proves that another copy arrived, unless we asked and there is one sending only.
                let asked = event == PayoutEvent::BankDuplicate && matches!(phase, PayoutPhase::Accepted | PayoutPhase::Unknown);
                // People decide only what no answer tells.
                let found = event == FoundNotExecuted && phase == PayoutPhase::Unknown;
                assert!(matches!(event, BankRejected | NotFoundAtLast | NotTakenAtLast) || asked || found, "{phase:?} {event:?}");
            }
        }
    }
    for event in [PayoutEvent::AnswerLost, PayoutEvent::BankUnclear, PayoutEvent::NotFoundYet] {
        for phase in [PayoutPhase::Sent, PayoutPhase::Accepted, PayoutPhase::Unknown] {
            let next = enters(phase, event).unwrap_or(phase);
            assert!(matches!(next, PayoutPhase::Unknown | PayoutPhase::Accepted), "{phase:?} {event:?}");
        }
    }
}

#[test]
fn only_what_was_not_submitted_is_cancelled() {
    let cancelled: Vec<PayoutPhase> =
        PayoutPhase::ALL.into_iter().filter(|phase| enters(*phase, PayoutEvent::Cancelled).is_some()).collect();
    assert_eq!(cancelled, [PayoutPhase::Held, PayoutPhase::Review, PayoutPhase::Queued]);
}
