//! Unit tests of `domain::standing`: rows and log together are always complete, and neither grows for ever.
use super::*;
use crate::domain::event::transfer_no;
use std::collections::HashMap;

/// The state of account `key` after so many transfers.
fn standing(key: i64, seq: i64) -> Standing {
    Standing { key, counters: Counters { debits_posted: seq, ..Counters::default() }, last_transfer: transfer_no(seq, 0), entries: seq }
}

/// A store's rows and log, and the expected states.
#[derive(Default)]
struct Kept {
    rows: HashMap<i64, Standing>,
    log: Vec<(i64, Vec<Standing>)>,
    newest: HashMap<i64, Standing>,
}

impl Kept {
    fn commit(&mut self, behind: &mut LoggedStandings, commit_no: i64, max: usize, logged: Vec<Standing>) {
        let settled = behind.due(commit_no, max, logged.len());
        self.rows.extend(settled.standings.iter().map(|standing| (standing.key, *standing)));
        self.log.retain(|(no, _)| settled.log_from.is_none_or(|from| *no >= from));
        self.newest.extend(logged.iter().map(|standing| (standing.key, *standing)));
        behind.written(commit_no, &logged, &settled);
        if !logged.is_empty() {
            self.log.push((commit_no, logged));
        }
    }

    /// Reading an account's row and then the log gives its latest state, also after a restart.
    fn assert_whole(&self, behind: &LoggedStandings) {
        let mut log = StandingsLog::default();
        log.extend(self.log.clone());
        let restarted = LoggedStandings::from(log);
        for (key, newest) in &self.newest {
            for behind in [behind, &restarted] {
                let of_row = self.rows.get(key).filter(|row| behind.get(*key).is_none_or(|logged| logged.seq() < row.seq()));
                assert_eq!(of_row.or_else(|| behind.get(*key)), Some(newest), "account {key}");
            }
        }
        assert_eq!(self.log.iter().map(|(_, standings)| standings.len()).sum::<usize>(), behind.size().1);
    }
}

/// Reproducible pseudo-random numbers.
fn dice(seed: &mut u64, sides: u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 33) % sides
}

#[test]
fn rows_and_log_together_lack_nothing_and_neither_grows_for_ever() {
    for (max, accounts) in [(0, 50), (1, 3), (100, 50), (100, 3_000), (1_000, 20_000)] {
        let (mut kept, mut behind, mut seed) = (Kept::default(), LoggedStandings::default(), 7);
        let (mut most, mut longest) = (0, 0);
        for commit_no in 1..3_000 {
            // A few accounts move all the time, most seldom; some commits log nothing.
            let count = dice(&mut seed, 40);
            let mut keys: Vec<u64> = (0..count).map(|_| dice(&mut seed, accounts).min(dice(&mut seed, accounts))).collect();
            keys.sort_unstable();
            keys.dedup();
            let logged = keys.into_iter().map(|key| standing(i64::try_from(key).unwrap() + 1, commit_no)).collect();
            kept.commit(&mut behind, commit_no, max, logged);
            most = most.max(behind.size().0);
            longest = longest.max(behind.size().1);
            if commit_no % 250 == 0 {
                kept.assert_whole(&behind);
            }
        }
        assert!(most <= max + 80, "{most} accounts with older rows, expected at most {max}");
        // The log may exceed its maximum by the standings that are logged while a pass over a full log runs.
        assert!(longest <= (max + 80) * (STALE_FACTOR + 2), "{longest} standings in the log for at most {max} accounts");
    }
}

#[test]
fn a_row_as_new_as_the_log_stays_as_it_is() {
    let mut account = BookAccount {
        key: 1,
        name: "viewer/u1/coins".into(),
        unit: crate::domain::chart::form("viewer/u1/coins").unwrap().unit,
        floor: true,
        state: crate::domain::account::AccountState::Frozen,
        counters: Counters::default(),
        last_transfer: transfer_no(5, 0),
        entries: 1,
        // Frozen after its last transfer.
        seq: 9,
    };
    let before = account.clone();
    standing(1, 9).apply(&mut account);
    assert_eq!(account, before);
    standing(1, 10).apply(&mut account);
    assert_eq!((account.seq, account.entries, account.state), (10, 10, before.state));
}

#[test]
fn whoever_read_a_row_hears_that_it_may_have_been_brought_up_to_date_since() {
    let mut behind = LoggedStandings::default();
    behind.written(1, &[standing(1, 1)], &Settling::default());
    let mark = behind.settled();
    assert!(!behind.settled_since(mark, 1));
    let settled = behind.due(2, 0, 0);
    assert_eq!((behind.settled(), &settled), (mark, &Settling { standings: vec![standing(1, 1)], log_from: Some(2) }));
    behind.written(2, &[], &settled);
    assert_eq!((behind.get(1), behind.size()), (None, (0, 0)));
    assert!(behind.settled_since(mark, 1) && !behind.settled_since(mark, 2) && !behind.settled_since(behind.settled(), 1));
    // Updates that are no longer remembered may have been of any account, so the answer is yes for all of them.
    for no in 3..200 {
        behind.written(no, &[], &Settling { standings: vec![standing(9, no)], log_from: None });
    }
    assert!(behind.settled_since(mark, 2));
    // So may those from before the log was read again.
    let (mark, mut anew) = (behind.settled(), LoggedStandings::default());
    anew.follow(&behind);
    assert!(anew.settled_since(mark, 2) && !anew.settled_since(anew.settled(), 2));
}

#[test]
fn what_moved_again_while_its_row_was_written_is_still_behind() {
    let mut behind = LoggedStandings::default();
    behind.written(1, &[standing(1, 1)], &Settling::default());
    let settled = behind.due(2, 0, 1);
    behind.written(2, &[standing(1, 2)], &settled);
    assert_eq!((behind.get(1), behind.size()), (Some(&standing(1, 2)), (1, 1)));
}
