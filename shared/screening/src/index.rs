//! Finds the listed names that could match, without comparing each: by their tokens.
//!
//! No match is lost. A name's score is a mean of the scores of its pairs of tokens, weighted by letters, and lowered by what is unmatched. So a name that
//! scores at least `least` has a pair that scores at least `least`, and every listed token that scores so with one of the subject's tokens is found here. If
//! the match rests on adjacent tokens written as one, these are among the listed runs, or among the subject's.

use crate::{
    compare::{best_pairs, could_reach, name_score, runs},
    names::NameTokens,
    policy::ScreeningPolicy,
    similarity::{NameToken, token_score, token_score_max},
};
use rustc_hash::FxHashMap;

/// Distinct tokens, and which names have each.
struct Vocabulary {
    /// Sorted by first letter.
    tokens: Vec<NameToken>,
    /// Ranges of tokens with the same first letter.
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
        sorted.sort();
        let (mut tokens, mut groups, mut starts, mut names) = (Vec::with_capacity(sorted.len()), Vec::new(), vec![0], Vec::new());
        for (chars, of_token) in sorted {
            tokens.push(NameToken::of(chars));
            names.extend(of_token);
            starts.push(names.len());
        }
        let mut from = 0;
        for group in tokens.chunk_by(|a, b| a.chars.first() == b.chars.first()) {
            groups.push(from..from + group.len());
            from += group.len();
        }
        Self { tokens, groups, starts, names }
    }

    /// Adds the names that have a token scoring at least `least` with the subject's.
    fn find(&self, subject: &NameToken, least: u32, policy: &ScreeningPolicy, found: &mut Vec<u32>) {
        for group in &self.groups {
            let of_class = self.tokens[group.start].class & subject.class != 0;
            if !of_class && (subject.chars.len() as u32) < policy.other_class_letters_min {
                continue;
            }
            for at in group.clone() {
                let token = &self.tokens[at];
                if token_score_max(token, subject, policy) >= least && token_score(token, subject, policy) >= least {
                    found.extend_from_slice(&self.names[self.starts[at]..self.starts[at + 1]]);
                }
            }
        }
    }
}

/// The names of a list, by number, with their tokens.
pub(crate) struct NameIndex {
    names: Vec<NameTokens>,
    tokens: Vocabulary,
    runs: Vocabulary,
}

impl NameIndex {
    /// Of names, which are numbered from 0.
    pub(crate) fn new(names: Vec<NameTokens>) -> Self {
        let numbered = || names.iter().zip(0_u32..);
        let tokens = Vocabulary::new(numbered().flat_map(|(name, number)| name.0.iter().map(move |token| (token.clone(), number))));
        let runs = Vocabulary::new(numbered().flat_map(|(name, number)| runs(&name.0).map(move |(_, _, token)| (token, number))));
        Self { names, tokens, runs }
    }

    /// The names that score at least `least` millionths with the subject's, by number, with their scores in thousandths.
    pub(crate) fn matches(&self, subject: &NameTokens, least: u32, policy: &ScreeningPolicy) -> Vec<(u32, u32)> {
        let (mut plain, mut joined) = (Vec::new(), Vec::new());
        let joined_least = policy.joined_token_min * 1000;
        for token in &subject.0 {
            self.tokens.find(token, least, policy, &mut plain);
            self.runs.find(token, joined_least, policy, &mut joined);
        }
        for (_, _, token) in runs(&subject.0) {
            self.tokens.find(&token, joined_least, policy, &mut joined);
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
            if could_reach(&listed.0, &subject.0, least, policy) {
                // No run of either name is nearly a token of the other, or the name would be among the joined.
                let (score, _) = best_pairs(&listed.0, &subject.0, policy);
                if score.millionths >= least {
                    matches.push((number, score.thousandths()));
                }
            }
        }
        matches.sort_unstable();
        matches
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
