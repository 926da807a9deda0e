//! Unit tests of `index`: it finds what comparing every name finds.
use super::*;
use crate::{
    fixtures::policy,
    names::{NameShape, normalise},
};
use proptest::prelude::*;

/// The same numbers in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn word(&mut self) -> String {
        const SYLLABLES: [&str; 24] = [
            "ma", "ri", "ka", "lim", "ba", "to", "ven", "dar", "shi", "ko", "al", "ibn", "yu", "wla", "vla", "di", "mir", "zo", "phi",
            "fi", "lip", "qa", "kha", "ne",
        ];
        (0..=1 + self.below(3)).map(|_| SYLLABLES[self.below(24) as usize]).collect()
    }

    fn name(&mut self) -> String {
        (0..=1 + self.below(3)).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }

    /// A name with slips: letters left out, exchanged or replaced, words left out, joined, turned round or cut to an initial.
    fn spoilt(&mut self, name: &str) -> String {
        let mut words: Vec<String> = name.split(' ').map(str::to_owned).collect();
        for _ in 0..self.below(3) {
            let at = self.below(words.len() as u64) as usize;
            let mut chars: Vec<char> = words[at].chars().collect();
            let letter = self.below(chars.len() as u64) as usize;
            match self.below(6) {
                0 if chars.len() > 1 => drop(chars.remove(letter)),
                1 if letter > 0 => chars.swap(letter - 1, letter),
                2 => chars[letter] = 'x',
                3 => chars.truncate(1),
                _ => words.rotate_left(1),
            }
            if self.below(2) == 0 {
                words[at] = chars.into_iter().collect();
            }
        }
        let separator = if self.below(5) == 0 { "" } else { " " };
        let join = self.below(words.len() as u64) as usize;
        words.iter().enumerate().map(|(at, word)| format!("{}{word}", if at == join { separator } else { " " })).collect()
    }
}

/// A name with blanks within its words.
fn split(numbers: &mut Numbers, name: &str) -> String {
    name.chars().map(|c| if numbers.below(4) == 0 { format!("{c} ") } else { c.to_string() }).collect()
}

fn tokens(name: &str) -> NameTokens {
    normalise(name, NameShape::Person)
}

#[test]
fn no_match_of_random_names_is_lost() {
    let mut numbers = Numbers(0x5eed);
    let names: Vec<String> = (0..800).map(|_| numbers.name()).collect();
    let index = NameIndex::new(names.iter().map(|name| tokens(name)).collect());
    let (mut matched, mut joined, mut within) = (0, 0, 0);
    for (round, listed) in names.iter().take(300).enumerate() {
        let name = match round % 6 {
            2 => split(&mut numbers, listed),
            0 => numbers.name(),
            1 => format!("{} {} {}", numbers.name(), numbers.spoilt(listed), numbers.name()),
            _ => numbers.spoilt(listed),
        };
        let subject = tokens(&name);
        let least = policy().name_min() * 1000 - 500;
        let found = index.matches(&subject, least, &policy());
        assert_eq!(found, index.matches_of_all(&subject, least, &policy()), "{name}");
        matched += found.len();
        within += found.iter().filter(|(_, score)| *score == policy().review_min).count();
        joined += usize::from(found.iter().any(|(number, _)| name_score(&index.names[*number as usize], &subject, &policy()).joined));
    }
    // Else the test would not mean much.
    assert!(matched > 300 && joined > 10 && within > 10, "{matched} matches, {joined} of them joined, {within} within longer names");
}

#[test]
fn an_empty_index_and_an_empty_name_match_nothing() {
    let index = NameIndex::new(Vec::new());
    assert_eq!(index.matches(&tokens("Karl Testman"), 1, &policy()), []);
    let index = NameIndex::new(vec![tokens("Karl Testman"), tokens("")]);
    assert_eq!(index.matches(&tokens(""), 1, &policy()), []);
    assert_eq!(index.matches(&tokens("Testman Karl"), 1, &policy()), [(0, 1000)]);
}

proptest! {
    #[test]
    fn no_match_of_short_alphabets_is_lost(
        names in proptest::collection::vec("[abcwvy]{1,7}( [abcwvy]{1,7}){0,4}", 1..30),
        mut subject in "[abcwvy]{1,7}( [abcwvy]{1,12}){0,3}",
        split_at in 0..5_usize,
        around in "( [abcwvy]{1,7}){0,5}",
        least in 600_000..=1_000_000_u32,
    ) {
        let index = NameIndex::new(names.iter().map(|name| tokens(name)).collect());
        if !around.is_empty() {
            subject = format!("{}{around}", names[0]);
        }
        if split_at > 0 {
            subject = names[0].chars().enumerate().map(|(at, c)| if at % split_at == 0 { format!("{c} ") } else { c.into() }).collect();
        }
        let subject = tokens(&subject);
        let least = least.max(policy().initial_score * 1000 + 1);
        prop_assert_eq!(index.matches(&subject, least, &policy()), index.matches_of_all(&subject, least, &policy()));
    }
}
