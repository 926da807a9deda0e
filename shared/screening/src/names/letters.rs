//! Letters in Latin: those that Unicode does not take apart, and the Cyrillic and Greek alphabets, as passports write them where that is
//! one way.

/// Characters without width or weight: apostrophes within names, joiners, marks of direction. They would split a name or hide it.
pub(super) const fn is_dropped(c: char) -> bool {
    let apostrophe = matches!(
        c,
        '\'' | '`' | '\u{b4}' | '\u{2b9}' | '\u{2bb}' | '\u{2bc}' | '\u{2be}' | '\u{2bf}' | '\u{2018}' | '\u{2019}' | '\u{2032}'
    );
    // Cyrillic signs that soften or harden the letter before.
    let sign = matches!(c, '\u{44c}' | '\u{44a}');
    apostrophe || sign || is_invisible(c)
}

/// Characters that nobody sees: those that Unicode lets a program leave out where it can't show them (`Default_Ignorable_Code_Point`), other
/// format characters (category Cf), and control characters that are no blank.
const fn is_invisible(c: char) -> bool {
    let blank = matches!(c, '\t'..='\r' | '\u{85}');
    let ignorable = matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    );
    let format = matches!(
        c,
        '\u{600}'..='\u{605}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}'
    );
    ignorable || format || (matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}') && !blank)
}

/// The Latin letters of a lower-case letter, or `None` if it is one already or is not known. Tone and vowel marks are gone before.
pub(super) const fn latin(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'æ' | 'ӕ' => "ae",
        'œ' => "oe",
        'ø' | 'ο' | 'ω' | 'о' | 'ө' => "o",
        'đ' | 'ð' | 'ɖ' | 'д' | 'δ' => "d",
        'ħ' | 'һ' => "h",
        'ı' | 'и' | 'і' | 'ι' | 'η' => "i",
        'ĸ' | 'к' | 'κ' | 'қ' => "k",
        'ł' | 'л' | 'λ' => "l",
        'ŋ' | 'ң' => "ng",
        'þ' | 'θ' => "th",
        'ŧ' | 'т' | 'τ' => "t",
        'ƒ' | 'ф' | 'φ' => "f",
        'ə' | 'а' | 'α' | 'ә' => "a",
        'б' => "b",
        'в' | 'β' => "v",
        'г' | 'ґ' | 'γ' | 'ғ' => "g",
        'е' | 'э' | 'ε' | 'є' => "e",
        'ж' => "zh",
        'з' | 'ζ' => "z",
        'ј' => "j",
        'љ' => "lj",
        'м' | 'μ' => "m",
        'н' | 'ν' => "n",
        'њ' => "nj",
        'п' | 'π' => "p",
        'р' | 'ρ' => "r",
        'с' | 'σ' | 'ς' => "s",
        'у' | 'ұ' | 'ү' => "u",
        'х' => "kh",
        'χ' | 'ч' => "ch",
        'ц' => "ts",
        'ш' => "sh",
        'щ' => "shch",
        'ы' | 'υ' => "y",
        'ю' => "yu",
        'я' => "ya",
        'ђ' => "dj",
        'ћ' => "c",
        'џ' => "dz",
        'ξ' => "x",
        'ψ' => "ps",
        _ => return None,
    })
}
