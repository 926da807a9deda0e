//! How alike two tokens are: Jaro-Winkler (Winkler 1990) with the penalties of the policy, in millionths.

use crate::policy::ScreeningPolicy;

/// A score of 1.
pub const WHOLE: u32 = 1_000_000;

/// One word of a normalised name, with what bounds its likeness to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameToken {
    pub(crate) chars: Vec<char>,
    /// One bit for each letter that occurs; letters can share a bit.
    pub(crate) mask: u64,
    /// The sounds its first letter can stand for.
    pub(crate) class: u16,
}

impl NameToken {
    /// A token of a normalised word.
    #[must_use]
    pub fn new(word: &str) -> Self {
        Self::of(word.chars().collect())
    }

    pub(crate) fn of(chars: Vec<char>) -> Self {
        let mask = chars.iter().fold(0, |mask, c| mask | 1 << (u32::from(*c) % 64));
        let class = chars.first().map_or(0, |c| sound_class(*c));
        Self { chars, mask, class }
    }

    /// Adjacent tokens written as one.
    pub(crate) fn joined(run: &[Self]) -> Self {
        Self::of(run.iter().flat_map(|token| token.chars.iter().copied()).collect())
    }

    /// The word.
    #[must_use]
    pub fn text(&self) -> String {
        self.chars.iter().collect()
    }
}

/// Sounds a first letter can stand for, as a set: Soundex's groups, and in two groups the letters that transcriptions exchange (`Vladimir`,
/// `Wladimir`; `Yusuf`, `Jusuf`). Other characters share one bit.
const fn sound_class(c: char) -> u16 {
    match c.to_ascii_lowercase() {
        'a' | 'e' | 'i' | 'o' | 'u' => 1,
        'b' | 'f' | 'p' => 2,
        'v' => 2 | 256,
        'w' => 256,
        'c' | 'g' | 'j' | 'k' | 'q' | 's' | 'x' | 'z' => 4,
        'y' => 1 | 4,
        'd' | 't' => 8,
        'l' => 16,
        'm' | 'n' => 32,
        'r' => 64,
        'h' => 512,
        _ => 128,
    }
}

/// Jaro similarity of two texts, in millionths: 0 if either is empty and the other is not.
#[must_use]
pub fn jaro(a: &[char], b: &[char]) -> u32 {
    if a == b {
        return WHOLE;
    }
    if a.is_empty() || b.is_empty() {
        return 0;
    }
    let window = (a.len().max(b.len()) / 2).saturating_sub(1);
    let (matches, moved) = if a.len().max(b.len()) <= 64 { paired(a, b, window) } else { paired_long(a, b, window) };
    jaro_of(matches, a.len(), b.len(), moved / 2)
}

/// How many letters of two texts of up to 64 have an equal one within the window, and how many of these stand in another order. Most of the
/// time of a screening is spent here, so which letters are taken is kept in two words.
fn paired(a: &[char], b: &[char], window: usize) -> (usize, usize) {
    let (mut used_a, mut used_b) = (0_u64, 0_u64);
    for (i, c) in a.iter().enumerate() {
        let from = i.saturating_sub(window);
        let to = (i + window + 1).min(b.len());
        for (j, other) in b.iter().enumerate().take(to).skip(from) {
            if other == c && used_b & (1 << j) == 0 {
                used_a |= 1 << i;
                used_b |= 1 << j;
                break;
            }
        }
    }
    let matches = used_a.count_ones() as usize;
    let mut moved = 0;
    while used_a != 0 {
        moved += usize::from(a[used_a.trailing_zeros() as usize] != b[used_b.trailing_zeros() as usize]);
        used_a &= used_a - 1;
        used_b &= used_b - 1;
    }
    (matches, moved)
}

/// The same for texts of any length.
fn paired_long(a: &[char], b: &[char], window: usize) -> (usize, usize) {
    let (mut used_a, mut used_b) = (vec![false; a.len()], vec![false; b.len()]);
    for (i, c) in a.iter().enumerate() {
        let to = (i + window + 1).min(b.len());
        if let Some(j) = (i.saturating_sub(window)..to).find(|j| !used_b[*j] && b[*j] == *c) {
            (used_a[i], used_b[j]) = (true, true);
        }
    }
    let of = |text: &[char], used: &[bool]| text.iter().zip(used).filter(|(_, used)| **used).map(|(c, _)| *c).collect::<Vec<_>>();
    let (of_a, of_b) = (of(a, &used_a), of(b, &used_b));
    (of_a.len(), of_a.iter().zip(&of_b).filter(|(x, y)| x != y).count())
}

/// `(m/a + m/b + (m-t)/m) / 3`, rounded to the nearest millionth.
fn jaro_of(matches: usize, a: usize, b: usize, transpositions: usize) -> u32 {
    if matches == 0 {
        return 0;
    }
    let [m, a, b, t] = [matches, a, b, transpositions].map(|count| count as u64);
    let over = m * m * (a + b) + (m - t) * a * b;
    let under = 3 * a * b * m;
    ((over * u64::from(WHOLE) + under / 2) / under) as u32
}

/// Plain Jaro-Winkler: the common prefix of up to `prefix_max` letters takes its share of the distance to 1, if the Jaro score is above
/// `boost_min`.
#[must_use]
pub fn jaro_winkler(a: &[char], b: &[char], policy: &ScreeningPolicy) -> u32 {
    let prefix = a.iter().zip(b).take(policy.prefix_max as usize).take_while(|(x, y)| x == y).count();
    boosted(jaro(a, b), prefix as u32, policy)
}

fn boosted(jaro: u32, prefix: u32, policy: &ScreeningPolicy) -> u32 {
    if jaro <= policy.boost_min * 1000 {
        return jaro;
    }
    jaro + share(WHOLE - jaro, prefix * policy.prefix_weight)
}

/// A share in thousandths of a score, rounded to the nearest.
pub(crate) const fn share(score: u32, thousandths: u32) -> u32 {
    ((score as u64 * thousandths as u64 + 500) / 1000) as u32
}

/// The score of a listed token with a subject's, in millionths. Lengths that differ much and other first letters lower it; an initial has
/// its own score.
#[must_use]
pub fn token_score(listed: &NameToken, subject: &NameToken, policy: &ScreeningPolicy) -> u32 {
    if listed.chars == subject.chars {
        return WHOLE;
    }
    let Some(factor) = factor(listed, subject, policy) else { return 0 };
    if is_initial(listed, subject) {
        return policy.initial_score * 1000;
    }
    let jaro_winkler = jaro_winkler(&listed.chars, &subject.chars, policy);
    // Without a common sound at the start, only what looks like a slip in one letter is the same name.
    if listed.class & subject.class == 0 && jaro_winkler < policy.other_class_min * 1000 {
        return 0;
    }
    times(jaro_winkler, factor)
}

/// At least the token score, and quicker: no letter that one side lacks can match.
pub(crate) fn token_score_max(listed: &NameToken, subject: &NameToken, policy: &ScreeningPolicy) -> u32 {
    let Some(factor) = factor(listed, subject, policy) else { return 0 };
    let lacking = |of: &NameToken, other: &NameToken| (of.mask & !other.mask).count_ones() as usize;
    let (a, b) = (listed.chars.len(), subject.chars.len());
    let matches = (a - lacking(listed, subject)).min(b - lacking(subject, listed));
    // Without a common first letter there is no common prefix.
    let prefix = if listed.chars[0] == subject.chars[0] { policy.prefix_max } else { 0 };
    let most = times(boosted(jaro_of(matches, a, b, 0), prefix, policy), factor);
    if is_initial(listed, subject) { most.max(policy.initial_score * 1000) } else { most }
}

/// How many letters two tokens need in common at least, to score `least`; `None` if no number is enough. It is the same for all listed
/// tokens with the same first letter and length.
pub(crate) fn matches_needed(listed: &NameToken, subject: &NameToken, least: u32, policy: &ScreeningPolicy) -> Option<u32> {
    let factor = factor(listed, subject, policy)?;
    if is_initial(listed, subject) && policy.initial_score * 1000 >= least {
        return Some(0);
    }
    let (a, b) = (listed.chars.len(), subject.chars.len());
    let prefix = if listed.chars[0] == subject.chars[0] { policy.prefix_max } else { 0 };
    let enough = |matches: &usize| times(boosted(jaro_of(*matches, a, b, 0), prefix, policy), factor) >= least;
    (0..=a.min(b)).rev().take_while(enough).last().map(|matches| matches as u32)
}

/// Whether one of the two is the other's first letter alone.
pub(crate) fn is_initial(listed: &NameToken, subject: &NameToken) -> bool {
    let one = listed.chars.len().min(subject.chars.len()) == 1 && listed.chars.len() != subject.chars.len();
    one && listed.chars[0] == subject.chars[0] && listed.chars[0].is_alphabetic()
}

/// The factor on two different tokens, in millionths; `None` if they are not compared.
fn factor(listed: &NameToken, subject: &NameToken, policy: &ScreeningPolicy) -> Option<u32> {
    let (first, other) = (listed.chars.first()?, subject.chars.first()?);
    let lengths = (listed.chars.len() as u64, subject.chars.len() as u64);
    let (shorter, longer) = (lengths.0.min(lengths.1), lengths.0.max(lengths.1));
    let ratio = (shorter * u64::from(WHOLE) / longer) as u32;
    let letter = if first == other || listed.class & subject.class != 0 {
        1000
    } else if shorter >= u64::from(policy.other_class_letters_min) && ratio >= policy.other_class_ratio_min * 1000 {
        policy.other_class_factor
    } else {
        return None;
    };
    let length = if ratio < policy.length_ratio_min * 1000 { WHOLE - share(WHOLE - ratio, policy.length_penalty) } else { WHOLE };
    Some(share(length, letter))
}

/// A score times a factor in millionths, rounded to the nearest.
const fn times(score: u32, factor: u32) -> u32 {
    ((score as u64 * factor as u64 + WHOLE as u64 / 2) / WHOLE as u64) as u32
}

#[cfg(test)]
mod tests;
