//! Unit tests that the draws have the documented distribution.
use super::{BenchCrowd, GiftPairs, normal};
use crate::plan::{EVEN, GiftMix, PeopleDraw};

/// Shares of the top 1, 5 and 10 percent.
fn shares(mut counts: Vec<u32>) -> [f64; 3] {
    counts.sort_unstable_by_key(|count| std::cmp::Reverse(*count));
    let all: u32 = counts.iter().sum();
    [1, 5, 10].map(|percent| f64::from(counts[..counts.len() * percent / 100].iter().sum::<u32>()) / f64::from(all))
}

fn drawn(draw: PeopleDraw) -> (Vec<u32>, Vec<u32>) {
    const PEOPLE: usize = 10_000;
    let crowd = BenchCrowd { viewers: PEOPLE as u64, creators: PEOPLE as u64 };
    let mut pairs = GiftPairs::new(crowd, GiftMix { creators: usize::MAX, draw, ..EVEN }, 1);
    let (mut viewers, mut creators) = (vec![0; PEOPLE], vec![0; PEOPLE]);
    for _ in 0..400_000 {
        let (viewer, creator) = pairs.next();
        viewers[usize::try_from(viewer).unwrap()] += 1;
        creators[usize::try_from(creator).unwrap()] += 1;
    }
    (viewers, creators)
}

#[test]
fn the_skewed_draw_is_as_concentrated_as_the_real_platform() {
    let (viewers, creators) = drawn(PeopleDraw::Skewed);
    for (found, real) in [(shares(viewers), [0.599, 0.849, 0.927]), (shares(creators), [0.534, 0.812, 0.907])] {
        for (found, real) in found.into_iter().zip(real) {
            assert!((found - real).abs() < 0.06, "{found} instead of {real}");
        }
    }
}

#[test]
fn the_uniform_draw_and_turns_prefer_nobody() {
    for draw in [PeopleDraw::Uniform, PeopleDraw::InTurn] {
        let (viewers, creators) = drawn(draw);
        assert!(shares(viewers)[2] < 0.15 && shares(creators)[2] < 0.15, "{draw:?}");
    }
}

#[test]
fn one_creator_gets_everything_when_the_mix_says_so() {
    let mut pairs = GiftPairs::new(BenchCrowd { viewers: 10, creators: 10 }, GiftMix { creators: 1, ..EVEN }, 0);
    assert!((0..20).all(|_| pairs.next().1 == 0));
}

#[test]
fn the_normal_distribution_has_its_known_values() {
    for (z, share) in [(0.0, 0.5), (-1.0, 0.158_655_254), (1.959_963_985, 0.975), (-4.0, 0.000_031_671)] {
        assert!((normal(z) - share).abs() < 1e-7, "{z}: {}", normal(z));
    }
}
