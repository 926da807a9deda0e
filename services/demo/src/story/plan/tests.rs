//! Unit tests that the plan follows the dataset and its seed.
use super::*;

fn catalogue() -> Vec<Gift> {
    let prices = [1, 2, 5, 10, 20, 30, 99, 199, 299, 499, 699, 1_000, 1_500, 1_999, 4_999, 9_999, 19_999, 34_999];
    let gift = |(cost_coins, gift_id)| Gift { gift_id, name: format!("g{gift_id}"), cost_coins, streakable: cost_coins < 50 };
    prices.into_iter().zip(1..).map(gift).collect()
}

fn top_share(mut sums: Vec<i64>, percent: usize) -> f64 {
    sums.sort_unstable_by(|a, b| b.cmp(a));
    let number = |sum: i64| f64::from(u32::try_from(sum).unwrap());
    let top = sums.len() * percent / 100;
    number(sums[..top].iter().sum()) / number(sums.iter().sum())
}

#[test]
fn costs_and_concentration_follow_the_dataset() {
    for seed in 1..=5 {
        let plan = StoryPlan::try_new(seed, &catalogue()).unwrap();
        let mut costs: Vec<i64> = plan.gifts.iter().map(|gift| gift.cost_coins).collect();
        costs.sort_unstable();
        let at = |percent: usize| costs[costs.len() * percent / 100];
        assert!((1..=3).contains(&at(50)) && (70..=110).contains(&at(90)) && (250..=350).contains(&at(95)), "seed {seed}");
        assert!((1_200..=1_800).contains(&at(99)), "seed {seed}: {}", at(99));
        let mut received = vec![0; plan.creators.len()];
        plan.gifts.iter().for_each(|gift| received[gift.creator] += gift.cost_coins);
        assert!((top_share(received.clone(), 1) - 0.53).abs() < 0.05, "seed {seed}: {}", top_share(received, 1));
        assert!((top_share(received.clone(), 10) - 0.91).abs() < 0.05, "seed {seed}");
        assert!((top_share(plan.needs(), 1) - 0.60).abs() < 0.05, "seed {seed}");
        assert!(received.into_iter().chain(plan.needs()).all(|sum| sum > 0), "seed {seed}");
    }
}

#[test]
fn a_seed_makes_the_same_gifts_again_and_streaks_add_up() {
    let shape = |seed| {
        let plan = StoryPlan::try_new(seed, &catalogue()).unwrap();
        plan.gifts.iter().map(|gift| (gift.buyer, gift.creator, gift.cost_coins, gift.calls.len())).collect::<Vec<_>>()
    };
    assert_eq!(shape(7), shape(7));
    assert_ne!(shape(7), shape(8));
    let plan = StoryPlan::try_new(7, &catalogue()).unwrap();
    assert!(plan.gifts.iter().all(|gift| gift.calls.iter().map(|call| call.cost_coins).sum::<i64>() == gift.cost_coins));
    let streaks = plan.gifts.iter().filter(|gift| gift.calls.len() > 1);
    assert!(streaks.filter(|gift| gift.calls.last().unwrap().request.streak.as_ref().unwrap().end).count() > 50);
}
