//! The bands and weights of screening: dated configuration with a source.
//!
//! `policies.toml` is the built-in table; [`PolicyTable::from_toml`] reads another of the same form.

use crate::Error;
use jiff::civil::Date;
use serde::Deserialize;
use settings::document;

/// Largest file of policies, in bytes.
const BYTES_MAX: usize = 256 * 1024;

/// Who looks at a hit. All bands hold the payout until a person has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MatchBand {
    /// Lowest: enhanced due diligence on the subject.
    Diligence,
    /// A reviewer compares the subject with the entry.
    Review,
    /// Highest: taken for the listed party until compliance says otherwise.
    Block,
}

impl MatchBand {
    /// The name in configuration and reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Diligence => "diligence",
            Self::Review => "review",
            Self::Block => "block",
        }
    }
}

/// What screening goes by from a day on. Scores, factors and penalties are thousandths.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScreeningPolicy {
    /// First day on which it holds.
    #[serde(deserialize_with = "date")]
    pub from: Date,
    /// Where the values come from.
    pub source: String,
    /// P primary, S secondary, K general knowledge.
    pub confidence: String,
    /// Least score of [`MatchBand::Block`].
    pub block_min: u32,
    /// Least score of [`MatchBand::Review`].
    pub review_min: u32,
    /// Least score of [`MatchBand::Diligence`]; below, a name is no hit.
    pub diligence_min: u32,
    /// Jaro score above which a common prefix counts.
    pub boost_min: u32,
    /// Letters of a common prefix that count.
    pub prefix_max: u32,
    /// What each of them takes of the distance to 1000.
    pub prefix_weight: u32,
    /// Ratio of lengths below which a pair of tokens is penalised.
    pub length_ratio_min: u32,
    /// Share of the missing length that is taken off.
    pub length_penalty: u32,
    /// Factor if the first letters do not sound alike.
    pub other_class_factor: u32,
    /// Letters both tokens need if the first letters do not sound alike; shorter ones are different names.
    pub other_class_letters_min: u32,
    /// Least ratio of their lengths then.
    pub other_class_ratio_min: u32,
    /// Least Jaro-Winkler score then, before any factor: a slip in the first letter, and nothing else.
    pub other_class_min: u32,
    /// Score of an initial with a name that begins with it.
    pub initial_score: u32,
    /// Share of the listed name's unmatched letters that is taken off.
    pub unmatched_penalty: u32,
    /// Least score of every token of a listed name that stands whole in a subject's longer one: such a name is for review at least.
    pub contained_token_min: u32,
    /// Least score of a token with several adjacent tokens written as one.
    pub joined_token_min: u32,
    /// Factor on a name that matches only so.
    pub joined_factor: u32,
    /// Added if the subject's and a listed date of birth can be the same.
    pub birth_agrees: u32,
    /// Taken off if no listed date of birth is near the subject's.
    pub birth_differs: u32,
    /// Years by which `circa` can be wrong, in both directions.
    pub birth_circa_years: u32,
    /// Years apart that count neither way.
    pub birth_near_years: u32,
    /// Added if the subject has a country of the entry.
    pub country_agrees: u32,
    /// Taken off if both have countries and none is common.
    pub country_differs: u32,
    /// Taken off if one side is a person and the other is not, but never so much that it takes a hit below review.
    pub kind_differs: u32,
    /// Added if a weak alias matches too.
    pub weak_alias_agrees: u32,
    /// Most entries that an edition may have fewer than the one before it, in thousandths.
    pub shrink_max_permille: u32,
}

/// A date as TOML or as text.
fn date<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Date, D::Error> {
    let value = toml::Value::deserialize(deserializer)?;
    let text = match value {
        toml::Value::Datetime(date) => date.to_string(),
        toml::Value::String(text) => text,
        _ => String::new(),
    };
    text.parse().map_err(|_| serde::de::Error::custom("`from` must be a date such as 2026-11-27"))
}

impl ScreeningPolicy {
    /// The band of a score, or `None` below the lowest.
    #[must_use]
    pub const fn band(&self, score: u32) -> Option<MatchBand> {
        if score >= self.block_min {
            Some(MatchBand::Block)
        } else if score >= self.review_min {
            Some(MatchBand::Review)
        } else if score >= self.diligence_min {
            Some(MatchBand::Diligence)
        } else {
            None
        }
    }

    /// The least score of a name that evidence could still raise into the lowest band.
    #[must_use]
    pub const fn name_min(&self) -> u32 {
        self.diligence_min.saturating_sub(self.birth_agrees + self.country_agrees + self.weak_alias_agrees)
    }

    /// Checks that the values fit together; the index's promise to lose no match rests on some of them.
    fn check(&self) -> Result<(), Error> {
        let refuse = |field, form| Err(Error::Value { field, form });
        let thousandths = [
            self.block_min,
            self.boost_min,
            self.length_ratio_min,
            self.length_penalty,
            self.other_class_factor,
            self.initial_score,
            self.unmatched_penalty,
            self.contained_token_min,
            self.joined_token_min,
            self.joined_factor,
            self.birth_agrees,
            self.birth_differs,
            self.country_agrees,
            self.country_differs,
            self.kind_differs,
            self.other_class_ratio_min,
            self.other_class_min,
            self.weak_alias_agrees,
            self.shrink_max_permille,
        ];
        if thousandths.iter().any(|value| *value > 1000) {
            return refuse("every score, factor and penalty of a policy", "0 to 1000 thousandths");
        }
        if self.source.trim().is_empty() || !["P", "S", "K"].contains(&self.confidence.as_str()) {
            return refuse("source and confidence of a policy", "a text, and P, S or K");
        }
        if !(self.diligence_min < self.review_min && self.review_min < self.block_min) {
            return refuse("diligence_min, review_min and block_min", "in rising order");
        }
        if self.prefix_max > 10 || self.prefix_max.saturating_mul(self.prefix_weight) > 1000 {
            return refuse("prefix_max times prefix_weight", "at most 1000, and prefix_max at most 10");
        }
        if self.initial_score >= self.name_min() {
            return refuse("initial_score", "less than diligence_min minus everything that evidence adds: an initial alone is no match");
        }
        if self.contained_token_min < self.review_min {
            return refuse("contained_token_min", "at least review_min");
        }
        if self.birth_circa_years > 50 || self.birth_near_years > 50 {
            return refuse("birth_circa_years and birth_near_years", "at most 50");
        }
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    policy: Vec<ScreeningPolicy>,
}

/// Policies by the day from which they hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyTable(Vec<ScreeningPolicy>);

impl PolicyTable {
    /// Reads a table of `[[policy]]`. Every value must be present; unknown ones are refused.
    ///
    /// # Errors
    ///
    /// [`Error::Policies`] if it can't be read, is empty or has two policies of a day; [`Error::Value`] if values do not fit together.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        if text.len() > BYTES_MAX {
            return Err(Error::TooLarge { what: "the file of policies, in bytes,", max: BYTES_MAX });
        }
        let file: PolicyFile = document::parse(text).map_err(|fault| Error::Policies(fault.to_string()))?;
        let mut policies = file.policy;
        policies.iter().try_for_each(ScreeningPolicy::check)?;
        policies.sort_by_key(|policy| policy.from);
        if policies.is_empty() {
            return Err(Error::Policies("there is no policy".to_owned()));
        }
        if let Some(twice) = policies.windows(2).find(|pair| pair[0].from == pair[1].from) {
            return Err(Error::Policies(format!("two policies hold from {}", twice[0].from)));
        }
        Ok(Self(policies))
    }

    /// The table that comes with the program.
    #[must_use]
    pub fn built_in() -> Self {
        Self::from_toml(include_str!("policies.toml")).expect("a test reads the built-in table")
    }

    /// The policy in force on a day.
    ///
    /// # Errors
    ///
    /// [`Error::NoPolicy`] before the first.
    pub fn on(&self, day: Date) -> Result<&ScreeningPolicy, Error> {
        self.0.iter().rev().find(|policy| policy.from <= day).ok_or(Error::NoPolicy(day))
    }
}

#[cfg(test)]
mod tests;
