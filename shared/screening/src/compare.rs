//! How alike two names are: the best pairs of their tokens, in any order.
//!
//! The score is directional. A word of the subject that the listed name lacks counts in full, a word of the listed name that the subject
//! lacks costs little: people leave out names, and do not invent them. But a subject's name that has all of the listed one stays at review.

use crate::{
    names::{NameTokens, is_common},
    policy::ScreeningPolicy,
    similarity::{NameToken, WHOLE, is_initial, share, token_score, token_score_max},
};

/// Most adjacent tokens that are also compared as one.
pub(crate) const RUN_MAX: usize = 5;

/// Letters of a token that says something by itself.
const WEIGHTY_LETTERS_MIN: usize = 3;

/// Two tokens that were held against each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenPair {
    /// The listed name's token, or adjacent ones as one.
    pub listed: String,
    /// The subject's token, or adjacent ones as one.
    pub subject: String,
    /// Their score, in thousandths.
    pub score: u32,
}

/// How alike a listed name and a subject's are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct NameScore {
    /// The score, in millionths.
    pub millionths: u32,
    /// Whether it rests on an initial: such a name is a match for a reviewer at most.
    pub initial: bool,
    /// Whether it rests on adjacent tokens written as one.
    pub joined: bool,
    /// Whether every token of the listed name stands in the subject's, perhaps among others. Then the score is at least
    /// [`ScreeningPolicy::review_min`], unless it is a joined one.
    pub within: bool,
}

impl NameScore {
    /// The score in thousandths, rounded to the nearest.
    #[must_use]
    pub const fn thousandths(self) -> u32 {
        (self.millionths + 500) / 1000
    }
}

/// Which tokens were paired, by their place in both names, with their scores in millionths.
type Paired = Vec<(usize, usize, u32)>;

/// The best pairs of tokens, and the score of the names as they are written. Both may be empty: then, as with one empty, the score is 0.
#[must_use]
pub fn best_pairs(listed: &[NameToken], subject: &[NameToken], policy: &ScreeningPolicy) -> (NameScore, Vec<(usize, usize, u32)>) {
    let mut scores: Paired = Vec::with_capacity(listed.len().saturating_mul(subject.len()).min(64));
    for (l, listed_token) in listed.iter().enumerate() {
        for (s, subject_token) in subject.iter().enumerate() {
            let score = token_score(listed_token, subject_token, policy);
            if score > 0 {
                scores.push((l, s, score));
            }
        }
    }
    let letters = |(l, s, _): &(usize, usize, u32)| listed[*l].chars.len() + subject[*s].chars.len();
    // The first of equals is that of more letters, then the earlier: one order only, so one score.
    scores.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| letters(b).cmp(&letters(a))).then_with(|| (a.0, a.1).cmp(&(b.0, b.1))));
    let (mut used_listed, mut used_subject) = (vec![false; listed.len()], vec![false; subject.len()]);
    let mut paired = Paired::new();
    let (mut weighted, mut matched) = (0_u64, 0_u64);
    for pair in scores {
        if used_listed[pair.0] || used_subject[pair.1] {
            continue;
        }
        (used_listed[pair.0], used_subject[pair.1]) = (true, true);
        weighted += u64::from(pair.2) * letters(&pair) as u64;
        matched += listed[pair.0].chars.len() as u64;
        paired.push(pair);
    }
    let total = |tokens: &[NameToken]| tokens.iter().map(|token| token.chars.len() as u64).sum::<u64>();
    let (of_listed, of_subject) = (total(listed), total(subject));
    if matched == 0 {
        return (NameScore::default(), paired);
    }
    let mean = weighted / (of_subject + matched);
    let unmatched = (of_listed - matched) * u64::from(policy.unmatched_penalty) * 1000 / of_listed;
    let millionths = (mean * (u64::from(WHOLE) - unmatched) / u64::from(WHOLE)) as u32;
    let initial = paired.iter().any(|(l, s, _)| is_initial(&listed[*l], &subject[*s]));
    (NameScore { millionths, initial, joined: false, within: false }, paired)
}

/// The score of the names as they are written, with the floor of [`is_within`].
pub(crate) fn written_score(listed: &[NameToken], subject: &[NameToken], policy: &ScreeningPolicy) -> NameScore {
    let (mut score, paired) = best_pairs(listed, subject, policy);
    if is_within(listed, &paired, policy) {
        score = NameScore { millionths: score.millionths.max(policy.review_min * 1000), within: true, ..score };
    }
    score
}

/// Whether a listed name stands whole in a subject's. Then words around it must not clear it, however many: `X and Y`, `X trading as Y`.
/// It needs two tokens, one of which says something by itself.
fn is_within(listed: &[NameToken], paired: &Paired, policy: &ScreeningPolicy) -> bool {
    listed.len() >= 2
        && paired.len() == listed.len()
        && paired.iter().all(|(.., score)| *score >= policy.contained_token_min * 1000)
        && listed.iter().any(|token| token.chars.len() >= WEIGHTY_LETTERS_MIN && !is_common(&token.text()))
}

/// A name with adjacent tokens written as one.
struct Variant {
    listed: Vec<NameToken>,
    subject: Vec<NameToken>,
}

/// A run of adjacent tokens as one.
pub(crate) struct TokenRun {
    /// The place of the first.
    at: usize,
    /// How many they are.
    length: usize,
    pub(crate) token: NameToken,
}

/// Every way to write adjacent tokens of one name as one that is nearly a token of the other, all of these at once, and both names written
/// without blanks if they are nearly the same then.
fn variants(listed: &[NameToken], subject: &[NameToken], policy: &ScreeningPolicy) -> Vec<Variant> {
    let least = policy.joined_token_min * 1000;
    let near = |token: &NameToken, other: &NameToken| nearly(token, other, least, policy);
    let of_listed: Vec<TokenRun> = runs(listed).filter(|run| subject.iter().any(|other| near(&run.token, other))).collect();
    let of_subject: Vec<TokenRun> = runs(subject).filter(|run| listed.iter().any(|other| near(other, &run.token))).collect();
    let variant = |of_listed: &[TokenRun], of_subject: &[TokenRun]| Variant {
        listed: with_runs(listed, of_listed),
        subject: with_runs(subject, of_subject),
    };
    let mut found: Vec<Variant> = of_listed.chunks(1).map(|run| variant(run, &[])).collect();
    found.extend(of_subject.chunks(1).map(|run| variant(&[], run)));
    if found.len() > 1 {
        found.push(variant(&apart(of_listed), &apart(of_subject)));
    }
    if listed.len().max(subject.len()) > 1 && !subject.is_empty() {
        let whole = NameToken::joined(subject);
        let same = wholes(listed).filter(|other| near(other, &whole));
        found.extend(same.map(|other| Variant { listed: vec![other], subject: vec![whole.clone()] }));
    }
    found
}

/// Those of some runs that have no token in common, the longest first.
fn apart(mut runs: Vec<TokenRun>) -> Vec<TokenRun> {
    runs.sort_by_key(|run| (usize::MAX - run.token.chars.len(), run.at));
    let mut kept: Vec<TokenRun> = Vec::new();
    for run in runs {
        if kept.iter().all(|other| run.at + run.length <= other.at || other.at + other.length <= run.at) {
            kept.push(run);
        }
    }
    kept
}

/// A listed name written without blanks, beginning with any of its tokens; a long name only with its first.
pub(crate) fn wholes(tokens: &[NameToken]) -> impl Iterator<Item = NameToken> + '_ {
    let first = if tokens.len() <= RUN_MAX { tokens.len() } else { 1 };
    (0..first)
        .map(move |at| NameToken::of(tokens[at..].iter().chain(&tokens[..at]).flat_map(|token| token.chars.iter().copied()).collect()))
}

fn nearly(listed: &NameToken, subject: &NameToken, least: u32, policy: &ScreeningPolicy) -> bool {
    token_score_max(listed, subject, policy) >= least && token_score(listed, subject, policy) >= least
}

/// Runs of two to [`RUN_MAX`] adjacent tokens.
pub(crate) fn runs(tokens: &[NameToken]) -> impl Iterator<Item = TokenRun> + '_ {
    (0..tokens.len()).flat_map(move |at| {
        (2..=RUN_MAX.min(tokens.len() - at)).map(move |length| TokenRun { at, length, token: NameToken::joined(&tokens[at..at + length]) })
    })
}

/// The tokens with some runs as one token each.
fn with_runs(tokens: &[NameToken], runs: &[TokenRun]) -> Vec<NameToken> {
    let mut joined = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let (length, token) = runs.iter().find(|run| run.at == at).map_or((1, &tokens[at]), |run| (run.length, &run.token));
        joined.push(token.clone());
        at += length;
    }
    joined
}

/// The score of a listed name with a subject's, as written or with adjacent tokens written as one.
#[must_use]
pub fn name_score(listed: &NameTokens, subject: &NameTokens, policy: &ScreeningPolicy) -> NameScore {
    best(listed, subject, policy).0
}

/// The score, and the pairs it rests on.
#[must_use]
pub fn explain(listed: &NameTokens, subject: &NameTokens, policy: &ScreeningPolicy) -> (NameScore, Vec<TokenPair>) {
    let (score, variant) = best(listed, subject, policy);
    let (listed, subject) = variant.as_ref().map_or((&listed.0, &subject.0), |variant| (&variant.listed, &variant.subject));
    let (_, paired) = best_pairs(listed, subject, policy);
    let pair = |(l, s, score): (usize, usize, u32)| TokenPair {
        listed: listed[l].text(),
        subject: subject[s].text(),
        score: (score + 500) / 1000,
    };
    (score, paired.into_iter().map(pair).collect())
}

fn best(listed: &NameTokens, subject: &NameTokens, policy: &ScreeningPolicy) -> (NameScore, Option<Variant>) {
    let mut score = written_score(&listed.0, &subject.0, policy);
    let mut variant = None;
    // No joined name scores above the factor.
    if score.millionths < policy.joined_factor * 1000 {
        for found in variants(&listed.0, &subject.0, policy) {
            let joined = written_score(&found.listed, &found.subject, policy);
            let joined = NameScore { millionths: share(joined.millionths, policy.joined_factor), joined: true, ..joined };
            if joined.millionths > score.millionths {
                (score, variant) = (joined, Some(found));
            }
        }
    }
    (score, variant)
}

#[cfg(test)]
mod tests;
