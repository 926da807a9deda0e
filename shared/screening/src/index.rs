//! Finds the listed names that could match, without comparing each: by their tokens.
//!
//! No match is lost. A name's score is a mean of the scores of its pairs of tokens, weighted by letters, and lowered by what is unmatched.
//! So a name that scores at least `least` has a pair that scores at least `least`, and every listed token that scores so with one of the
//! subject's tokens is found here. If the match rests on adjacent tokens written as one, these are among the listed runs, or among the
//! subject's, or are both names whole. A name that stands whole in the subject's can score more than that mean, but then each of its tokens has a pair that scores
//! at least `contained_token_min`, which is not below the score it is given.

use crate::{
    compare::{TokenRun, name_score, runs, wholes, written_score},
    names::NameTokens,
    policy::ScreeningPolicy,
    similarity::{NameToken, matches_needed, token_score},
};
use rustc_hash::FxHashMap;

/// Distinct tokens, and which names have each.
struct Vocabulary {
    /// Sorted by first letter and length.
    tokens: Vec<NameToken>,
    /// Their letters as bits, side by side: most tokens are ruled out by these alone.
    masks: Vec<u64>,
    /// Ranges of tokens with the same first letter and length. They need the same number of letters in common with a subject's token.
    groups: Vec<std::ops::Range<usize>>,
    /// The names of token `i` are `names[starts[i]..starts[i + 1]]`.
    starts: Vec<usize>,
    names: Vec<u32>,
}

impl Vocabulary {
    /// Of pairs of a token and a name.
    fn new(pairs: impl Iterator<Item = (NameToken, u32)>) -> Self {
        let mut by_chars: FxHashMap<Vec<char>, Vec<u32>> = FxHashMap::default();
        for (token, name) in pairs {
            let names = by_chars.entry(token.chars).or_default();
            // A name's tokens come one after another.
            if names.last() != Some(&name) {
                names.push(name);
            }
        }
        let mut sorted: Vec<(Vec<char>, Vec<u32>)> = by_chars.into_iter().collect();
        sorted.sort_by(|(a, _), (b, _)| (a.first(), a.len(), a).cmp(&(b.first(), b.len(), b)));
        let (mut tokens, mut groups, mut starts, mut names) = (Vec::with_capacity(sorted.len()), Vec::new(), vec![0], Vec::new());
        for (chars, of_token) in sorted {
            tokens.push(NameToken::of(chars));
            names.extend(of_token);
            starts.push(names.len());
        }
        let mut from = 0;
        for group in tokens.chunk_by(|a, b| (a.chars.first(), a.chars.len()) == (b.chars.first(), b.chars.len())) {
            groups.push(from..from + group.len());
            from += group.len();
        }
        let masks = tokens.iter().map(|token| token.mask).collect();
        Self { tokens, masks, groups, starts, names }
    }

    /// Adds the names that have a token scoring at least `least` with the subject's.
    fn find(&self, subject: &NameToken, least: u32, policy: &ScreeningPolicy, found: &mut Vec<u32>) {
        self.scores(subject, least, policy, |at, _| found.extend_from_slice(self.names_of(at)));
    }

    fn names_of(&self, at: usize) -> &[u32] {
        &self.names[self.starts[at]..self.starts[at + 1]]
    }

    /// Hands on every token that scores at least `least` with the subject's, by its number, with the score.
    fn scores(&self, subject: &NameToken, least: u32, policy: &ScreeningPolicy, mut each: impl FnMut(usize, u32)) {
        let letters = subject.chars.len() as u32;
        for group in &self.groups {
            let first = &self.tokens[group.start];
            let Some(needed) = matches_needed(first, subject, least, policy) else { continue };
            let listed_letters = first.chars.len() as u32;
            for at in group.clone() {
                let lacking = (self.masks[at] & !subject.mask).count_ones();
                let lacked = (subject.mask & !self.masks[at]).count_ones();
                if listed_letters - lacking < needed || letters - lacked < needed {
                    continue;
                }
                let score = token_score(&self.tokens[at], subject, policy);
                if score >= least {
                    each(at, score);
                }
            }
        }
    }
}

/// The names of a list, by number, with their tokens.
pub(crate) struct NameIndex {
    names: Vec<NameTokens>,
    /// The tokens of each name by their numbers in `tokens`, each once.
    numbers: Vec<Vec<u32>>,
    tokens: Vocabulary,
    runs: Vocabulary,
    /// The names written without blanks.
    wholes: Vocabulary,
}

impl NameIndex {
    /// Of names, which are numbered from 0.
    pub(crate) fn new(names: Vec<NameTokens>) -> Self {
        let numbered = || names.iter().zip(0_u32..);
        let tokens = Vocabulary::new(numbered().flat_map(|(name, number)| name.0.iter().map(move |token| (token.clone(), number))));
        let runs = Vocabulary::new(numbered().flat_map(|(name, number)| runs(&name.0).map(move |run| (run.token, number))));
        let wholes = Vocabulary::new(numbered().flat_map(|(name, number)| wholes(&name.0).map(move |token| (token, number))));
        let mut numbers = vec![Vec::new(); names.len()];
        for (at, number) in (0..tokens.tokens.len()).zip(0_u32..) {
            tokens.names_of(at).iter().for_each(|name| numbers[*name as usize].push(number));
        }
        Self { names, numbers, tokens, runs, wholes }
    }

    /// The names that score at least `least` millionths with the subject's, by number, with their scores in thousandths.
    pub(crate) fn matches(&self, subject: &NameTokens, least: u32, policy: &ScreeningPolicy) -> Vec<(u32, u32)> {
        let (mut plain, mut joined) = (Vec::new(), Vec::new());
        let joined_least = policy.joined_token_min * 1000;
        // A token that scores less than this is as good as unmatched, so its score need not be known.
        let low = least / 5 * 4;
        let mut scores = vec![vec![0; self.tokens.tokens.len()]; subject.0.len()];
        for (token, scores) in subject.0.iter().zip(&mut scores) {
            self.tokens.scores(token, low, policy, |at, score| {
                scores[at] = score;
                if score >= least {
                    plain.extend_from_slice(self.tokens.names_of(at));
                }
            });
            self.runs.find(token, joined_least, policy, &mut joined);
        }
        for TokenRun { token, .. } in runs(&subject.0) {
            self.tokens.find(&token, joined_least, policy, &mut joined);
        }
        if !subject.0.is_empty() {
            self.wholes.find(&NameToken::joined(&subject.0), joined_least, policy, &mut joined);
        }
        for numbers in [&mut plain, &mut joined] {
            numbers.sort_unstable();
            numbers.dedup();
        }
        let mut matches = Vec::new();
        for &number in &joined {
            let score = name_score(&self.names[number as usize], subject, policy);
            if score.millionths >= least {
                matches.push((number, score.thousandths()));
            }
        }
        for &number in plain.iter().filter(|number| joined.binary_search(number).is_err()) {
            let listed = &self.names[number as usize];
            if self.could_reach(number, subject, &scores, least) || self.could_be_within(number, &scores, policy) {
                // No run of either name is nearly a token of the other, nor are they nearly the same without blanks, or the name would be among the joined.
                let score = written_score(&listed.0, &subject.0, policy);
                if score.millionths >= least {
                    matches.push((number, score.thousandths()));
                }
            }
        }
        matches.sort_unstable();
        matches
    }

    /// Whether a name as it is written could score at least `least`. Never wrong when it says no.
    ///
    /// The score is a mean over letters, so `least` is reached only if the pairs above it outweigh what is below. Each of the subject's
    /// tokens is given its best pair here, even if two would need the same listed token. A score of 0 stands for any below four fifths of
    /// `least`.
    fn could_reach(&self, number: u32, subject: &NameTokens, scores: &[Vec<u32>], least: u32) -> bool {
        let (least, low) = (i64::from(least), i64::from(least / 5 * 4));
        let gain = |token: &NameToken, scores: &[u32]| {
            let letters = token.chars.len() as i64;
            let with = |at: &u32| {
                let both = letters + self.tokens.tokens[*at as usize].chars.len() as i64;
                (i64::from(scores[*at as usize]).max(low) - least) * both
            };
            self.numbers[number as usize].iter().map(with).fold(-least * letters, i64::max)
        };
        subject.0.iter().zip(scores).map(|(token, scores)| gain(token, scores)).sum::<i64>() >= 0
    }

    /// Whether a name could stand whole in the subject's, which scores more than the mean. Never wrong when it says no.
    fn could_be_within(&self, number: u32, scores: &[Vec<u32>], policy: &ScreeningPolicy) -> bool {
        let least = policy.contained_token_min * 1000;
        self.numbers[number as usize].iter().all(|at| scores.iter().any(|scores| scores[*at as usize] >= least))
    }

    /// The same by comparing every name. Tests hold the index against it.
    #[cfg(test)]
    pub(crate) fn matches_of_all(&self, subject: &NameTokens, least: u32, policy: &ScreeningPolicy) -> Vec<(u32, u32)> {
        let scored = self.names.iter().zip(0_u32..).map(|(name, number)| (number, name_score(name, subject, policy)));
        scored.filter(|(_, score)| score.millionths >= least).map(|(number, score)| (number, score.thousandths())).collect()
    }
}

#[cfg(test)]
mod tests;
