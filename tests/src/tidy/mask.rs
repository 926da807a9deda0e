//! Splits a source into code and comments, with the contents of strings and characters blanked out, so that brackets match and words inside strings aren't
//! taken for code.

/// Code and comments, with the same lines and columns as the source.
pub(super) struct Masked {
    pub code: Vec<String>,
    pub comments: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum MaskState {
    Code,
    LineComment,
    BlockComment(usize),
    Text,
    RawText(usize),
}

/// Masks a source.
pub(super) fn mask(text: &str) -> Masked {
    let chars: Vec<char> = text.chars().collect();
    let (mut code, mut comments) = (String::new(), String::new());
    let (mut state, mut at) = (MaskState::Code, 0);
    while at < chars.len() {
        if chars[at] == '\n' {
            code.push('\n');
            comments.push('\n');
            if state == MaskState::LineComment {
                state = MaskState::Code;
            }
            at += 1;
            continue;
        }
        let (next, length) = step(state, &chars, at);
        for &c in &chars[at..(at + length).min(chars.len())] {
            // An escaped line end inside a string must stay a line end.
            let in_code = state == MaskState::Code && next == MaskState::Code && length <= 1;
            let in_comment = matches!(state, MaskState::LineComment | MaskState::BlockComment(_));
            code.push(if in_code || c == '\n' { c } else { ' ' });
            comments.push(if in_comment || c == '\n' { c } else { ' ' });
        }
        at += length;
        state = next;
    }
    let split = |text: String| text.lines().map(str::to_owned).collect();
    Masked { code: split(code), comments: split(comments) }
}

/// The state after the next token, and the token's number of characters.
fn step(state: MaskState, chars: &[char], at: usize) -> (MaskState, usize) {
    let next = chars.get(at + 1).copied();
    match (state, chars[at]) {
        (MaskState::Code, '/') if next == Some('/') => (MaskState::LineComment, 2),
        (MaskState::Code, '/') if next == Some('*') => (MaskState::BlockComment(1), 2),
        (MaskState::Code, '"') => (MaskState::Text, 1),
        (MaskState::Code, 'r') if !continues_name(chars, at) => raw_start(chars, at),
        (MaskState::Code, '\'') => (MaskState::Code, character(chars, at)),
        (MaskState::BlockComment(depth), '/') if next == Some('*') => (MaskState::BlockComment(depth + 1), 2),
        (MaskState::BlockComment(1), '*') if next == Some('/') => (MaskState::Code, 2),
        (MaskState::BlockComment(depth), '*') if next == Some('/') => (MaskState::BlockComment(depth - 1), 2),
        (MaskState::Text, '\\') => (MaskState::Text, 2),
        (MaskState::Text, '"') => (MaskState::Code, 1),
        (MaskState::RawText(hashes), '"') if chars[at + 1..].iter().take_while(|c| **c == '#').take(hashes).count() == hashes => {
            (MaskState::Code, 1 + hashes)
        }
        _ => (state, 1),
    }
}

/// True inside a name, where `r` is no prefix. A `b` before it is one.
fn continues_name(chars: &[char], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).map(|at| chars[at]);
    let in_name = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if before(1) == Some('b') { in_name(before(2)) } else { in_name(before(1)) }
}

fn raw_start(chars: &[char], at: usize) -> (MaskState, usize) {
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    if chars.get(at + 1 + hashes) == Some(&'"') { (MaskState::RawText(hashes), hashes + 2) } else { (MaskState::Code, 1) }
}

/// Length of a character literal, or 1 for a lifetime's quote.
fn character(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => chars[at + 3..].iter().position(|c| *c == '\'').map_or(1, |end| end + 4),
        (Some(_), Some('\'')) => 3,
        _ => 1,
    }
}
