//! Letters in Latin: those that Unicode does not take apart, and the Cyrillic and Greek alphabets, as passports write them where that is
//! one way.

/// Characters without width or weight: apostrophes within names, joiners, marks of direction. They would split a name or hide it.
pub(super) const fn is_dropped(c: char) -> bool {
    matches!(
        c,
        '\'' | '`'
            | '\u{b4}'
            | '\u{2bc}'
            | '\u{2bb}'
            | '\u{2b9}'
            | '\u{2be}'
            | '\u{2bf}'
            | '\u{2018}'
            | '\u{2019}'
            | '\u{2032}'
            | '\u{ad}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{44c}'
            | '\u{44a}'
    )
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
