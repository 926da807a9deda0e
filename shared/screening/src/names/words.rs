//! Words of names that carry no weight.

/// Titles before a person's name.
const TITLES: [&str; 13] = ["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "professor", "sir", "dame", "rev", "eng", "hon"];

/// Marks of a generation, after a given name or surname.
const GENERATIONS: [&str; 4] = ["jr", "sr", "ii", "iii"];

/// Words that many names of organisations have.
const STOP_WORDS: [&str; 7] = ["the", "of", "and", "for", "de", "del", "und"];

/// Company forms after a name, with stops and blanks between letters already gone.
const FORMS_AFTER: [&str; 68] = [
    "ltd",
    "limited",
    "llc",
    "inc",
    "incorporated",
    "corp",
    "corporation",
    "co",
    "company",
    "gmbh",
    "mbh",
    "ag",
    "kg",
    "ug",
    "ohg",
    "sa",
    "sas",
    "sarl",
    "sasu",
    "eurl",
    "srl",
    "spa",
    "sapi",
    "cv",
    "rl",
    "sl",
    "slu",
    "ltda",
    "bv",
    "nv",
    "plc",
    "llp",
    "lp",
    "jsc",
    "ojsc",
    "cjsc",
    "pjsc",
    "ojs",
    "ooo",
    "oao",
    "zao",
    "pao",
    "ao",
    "tov",
    "ab",
    "as",
    "asa",
    "aps",
    "oy",
    "oyj",
    "kft",
    "doo",
    "dd",
    "ad",
    "eood",
    "ood",
    "pte",
    "pty",
    "pvt",
    "private",
    "fze",
    "fzco",
    "fzc",
    "wll",
    "bsc",
    "sdn",
    "bhd",
    "kk",
];

/// Company forms that also stand before a name.
const FORMS_BEFORE: [&str; 10] = ["jsc", "ojsc", "cjsc", "pjsc", "ooo", "oao", "zao", "pao", "ao", "pt"];

/// Words and given names that so many names have that two of them side by side name nobody.
const COMMON: [&str; 45] = [
    "abdul",
    "abdullah",
    "agency",
    "ahmad",
    "ahmed",
    "ali",
    "association",
    "bank",
    "bin",
    "business",
    "center",
    "centre",
    "commercial",
    "enterprises",
    "export",
    "foundation",
    "general",
    "global",
    "group",
    "hassan",
    "holding",
    "holdings",
    "ibn",
    "import",
    "industrial",
    "industries",
    "institute",
    "international",
    "investment",
    "islamic",
    "management",
    "maria",
    "mohamed",
    "mohammad",
    "mohammed",
    "muhammad",
    "national",
    "organization",
    "organisation",
    "services",
    "shipping",
    "state",
    "trade",
    "trading",
    "transport",
];

/// Whether a word is one that very many names have.
pub(crate) fn is_common(word: &str) -> bool {
    COMMON.contains(&word)
}

/// Drops titles in front and generations after the first word, and leaves at least two words: `Eng` and `Dr` are names too.
pub(super) fn drop_titles(words: &mut Vec<String>) {
    let titles = words.iter().take_while(|word| TITLES.contains(&word.as_str())).count();
    words.drain(..titles.min(words.len().saturating_sub(2)));
    while let Some(at) = words.iter().rposition(|word| GENERATIONS.contains(&word.as_str())).filter(|at| *at > 0 && words.len() > 2) {
        words.remove(at);
    }
}

/// Drops company forms at both ends and stop words everywhere, and leaves at least one word.
pub(super) fn drop_company_words(words: &mut Vec<String>) {
    let all = words.clone();
    words.retain(|word| !STOP_WORDS.contains(&word.as_str()));
    while words.len() > 1 && words.last().is_some_and(|word| FORMS_AFTER.contains(&word.as_str())) {
        words.pop();
    }
    let before = words.iter().take_while(|word| FORMS_BEFORE.contains(&word.as_str())).count();
    words.drain(..before.min(words.len().saturating_sub(1)));
    if words.is_empty() {
        *words = all;
    }
}
