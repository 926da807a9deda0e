//! Letters of Helvetica: their codes in Windows-1252, and their widths in thousandths of the font's size (Adobe's metrics of the fourteen standard fonts).

/// Of the characters from the blank to the tilde.
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278,
    278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722,
    667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556,
    556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
/// Of all others, rather too much.
const OTHERS: u16 = 780;

/// A small number as a length.
#[allow(clippy::cast_precision_loss)] // Numbers of lines on a page.
pub(super) fn number(count: usize) -> f32 {
    count as f32
}

/// A text's width at a font size. In bold, digits and what stands between them have the same widths.
pub(super) fn width(text: &str, size: f32) -> f32 {
    let one = |c: char| {
        let at = u32::from(c).checked_sub(32).and_then(|at| usize::try_from(at).ok());
        f32::from(at.and_then(|at| WIDTHS.get(at)).copied().unwrap_or(OTHERS))
    };
    text.chars().map(one).sum::<f32>() * size / 1000.0
}

/// A text that is not wider than this; what does not fit is cut off with three full stops.
pub(super) fn cut(text: &str, size: f32, wide: f32) -> String {
    if width(text, size) <= wide {
        return text.to_owned();
    }
    let room = wide - width("...", size);
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if width(&kept, size) > room {
            kept.pop();
            break;
        }
    }
    format!("{}...", kept.trim_end())
}

/// A text in Windows-1252. Letters that it lacks become their Latin base letter where they have one, otherwise a question mark.
pub(super) fn encode(text: &str) -> Vec<u8> {
    text.chars().map(code).collect()
}

fn code(letter: char) -> u8 {
    match letter {
        ' '..='~' | '\u{a0}'..='\u{ff}' => u8::try_from(u32::from(letter)).unwrap_or(b'?'),
        '€' => 0x80,
        '‚' => 0x82,
        '„' => 0x84,
        '…' => 0x85,
        'Š' => 0x8a,
        'Œ' => 0x8c,
        'Ž' => 0x8e,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '–' => 0x96,
        '—' => 0x97,
        'š' => 0x9a,
        'œ' => 0x9c,
        'ž' => 0x9e,
        'Ÿ' => 0x9f,
        other => base(other),
    }
}

/// Latin Extended-A without its marks.
fn base(letter: char) -> u8 {
    const BASES: [(&str, u8); 26] = [
        ("ĀĂĄ", b'A'),
        ("āăą", b'a'),
        ("ĆĈĊČ", b'C'),
        ("ćĉċč", b'c'),
        ("ĎĐ", b'D'),
        ("ďđ", b'd'),
        ("ĒĔĖĘĚ", b'E'),
        ("ēĕėęě", b'e'),
        ("ĜĞĠĢ", b'G'),
        ("ĝğġģ", b'g'),
        ("ĨĪĬĮİ", b'I'),
        ("ĩīĭįı", b'i'),
        ("ĹĻĽĿŁ", b'L'),
        ("ĺļľŀł", b'l'),
        ("ŃŅŇ", b'N'),
        ("ńņň", b'n'),
        ("ŌŎŐ", b'O'),
        ("ōŏő", b'o'),
        ("ŔŖŘ", b'R'),
        ("ŕŗř", b'r'),
        ("ŚŜŞȘ", b'S'),
        ("śŝşș", b's'),
        ("ŢŤȚ", b'T'),
        ("ţťț", b't'),
        ("ŨŪŬŮŰŲ", b'U'),
        ("ũūŭůűų", b'u'),
    ];
    match letter {
        'Ź' | 'Ż' => b'Z',
        'ź' | 'ż' => b'z',
        _ => BASES.iter().find(|(letters, _)| letters.contains(letter)).map_or(b'?', |(_, base)| *base),
    }
}

#[cfg(test)]
mod tests {
    use super::{cut, encode, width};

    #[test]
    fn letters_are_shown_as_well_as_the_font_can() {
        assert_eq!(encode("größer €5 Łódź 東"), b"gr\xf6\xdfer \x805 L\xf3dz ?");
    }

    #[test]
    fn a_long_text_is_cut_to_its_width() {
        assert_eq!(cut("short", 9.0, 100.0), "short");
        let long = cut("a very long text that can't fit", 9.0, 50.0);
        assert!(long.ends_with("...") && width(&long, 9.0) <= 50.0, "{long}");
        assert!((width("1,234.50", 10.0) - 38.92).abs() < 0.01);
    }
}
