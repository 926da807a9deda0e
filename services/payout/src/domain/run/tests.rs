//! Unit tests of pace and hash.
use super::*;

#[test]
fn a_pace_grants_what_a_second_allows_however_often_it_is_asked() {
    for step_ms in [1, 7, 100, 999, 1_000] {
        let mut pace = ItemPace::new(20, 0);
        assert_eq!(pace.grant(0, 1_000), 0, "nothing is saved at the beginning");
        let mut granted = 0;
        let mut now_ms = 0;
        while now_ms + step_ms <= 10_000 {
            now_ms += step_ms;
            granted += pace.grant(now_ms, 1_000);
        }
        let most = usize::try_from(now_ms * 20 / 1_000).unwrap();
        assert!((most.saturating_sub(1)..=most).contains(&granted), "{step_ms}: {granted} of {most}");
    }
}

#[test]
fn a_pause_saves_no_more_than_a_second_and_a_clock_set_back_nothing() {
    let mut pace = ItemPace::new(20, 0);
    assert_eq!(pace.grant(3_600_000, 1_000), 20);
    assert_eq!(pace.grant(0, 1_000), 0);
    assert_eq!(pace.grant(3_600_500, 1_000), 10);
    assert_eq!(pace.grant(3_601_500, 3), 3);
    assert_eq!(ItemPace::new(0, 0).grant(0, 1_000), 1_000, "not limited");
}

#[test]
fn every_part_of_every_line_and_their_order_change_the_hash() {
    let item = |line_no, user: &str, beneficiary: &str, minor_units| RunItem {
        line_no,
        user: user.to_owned(),
        beneficiary_id: beneficiary.to_owned(),
        currency: "USD".to_owned(),
        minor_units,
        state: RunItemState::Pending,
        claimed_at_ms: 0,
        payout_id: String::new(),
        reason: String::new(),
    };
    let hash = |items: &[RunItem]| items.iter().fold(String::new(), |before, item| chained_hash(&before, item));
    let (first, second) = (item(1, "ana", "b", 5), item(2, "bob", "c", 6));
    let all = [
        hash(&[first.clone(), second.clone()]),
        hash(std::slice::from_ref(&first)),
        hash(&[second.clone(), first.clone()]),
        hash(&[first.clone(), item(2, "bob", "c", 7)]),
        hash(&[item(1, "anab", "", 5), second.clone()]),
        hash(&[item(1, "ana", "", 5), second]),
    ];
    let distinct: std::collections::BTreeSet<_> = all.iter().collect();
    assert_eq!((distinct.len(), all[0].len()), (all.len(), 64));
    // Seen by an approver and stored: it must never change.
    assert_eq!(hash(std::slice::from_ref(&first)), hash(&[RunItem { state: RunItemState::Started, ..first }]));
}
