//! Splits a source into code and comments, with the contents of strings and characters blanked out, so that brackets match and words inside
//! strings aren't taken for code.

/// One line each, of the same count and columns as the source.
pub(super) struct Masked {
    pub code: Vec<String>,
    pub comments: Vec<String>,
}

#[derive(Clone, Copy, PartialEq)]
enum State {
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
    let (mut state, mut at) = (State::Code, 0);
    while at < chars.len() {
        if chars[at] == '\n' {
            code.push('\n');
            comments.push('\n');
            if state == State::LineComment {
                state = State::Code;
            }
            at += 1;
            continue;
        }
        let (next, length) = step(state, &chars, at);
        for &c in &chars[at..(at + length).min(chars.len())] {
            // A skipped line end (an escaped one, inside a string) must stay one.
            let in_code = state == State::Code && next == State::Code && length <= 1;
            let in_comment = matches!(state, State::LineComment | State::BlockComment(_));
            code.push(if in_code || c == '\n' { c } else { ' ' });
            comments.push(if in_comment || c == '\n' { c } else { ' ' });
        }
        at += length;
        state = next;
    }
    let split = |text: String| text.lines().map(str::to_owned).collect();
    Masked { code: split(code), comments: split(comments) }
}

/// The state behind the next token, and how many characters it has.
fn step(state: State, chars: &[char], at: usize) -> (State, usize) {
    let next = chars.get(at + 1).copied();
    match (state, chars[at]) {
        (State::Code, '/') if next == Some('/') => (State::LineComment, 2),
        (State::Code, '/') if next == Some('*') => (State::BlockComment(1), 2),
        (State::Code, '"') => (State::Text, 1),
        (State::Code, 'r') if !continues_name(chars, at) => raw_start(chars, at),
        (State::Code, '\'') => (State::Code, character(chars, at)),
        (State::BlockComment(depth), '/') if next == Some('*') => (State::BlockComment(depth + 1), 2),
        (State::BlockComment(1), '*') if next == Some('/') => (State::Code, 2),
        (State::BlockComment(depth), '*') if next == Some('/') => (State::BlockComment(depth - 1), 2),
        (State::Text, '\\') => (State::Text, 2),
        (State::Text, '"') => (State::Code, 1),
        (State::RawText(hashes), '"') if chars[at + 1..].iter().take_while(|c| **c == '#').take(hashes).count() == hashes => {
            (State::Code, 1 + hashes)
        }
        _ => (state, 1),
    }
}

/// True inside a name: `r` is then no prefix. A `b` before it is one.
fn continues_name(chars: &[char], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).map(|at| chars[at]);
    let in_name = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if before(1) == Some('b') { in_name(before(2)) } else { in_name(before(1)) }
}

fn raw_start(chars: &[char], at: usize) -> (State, usize) {
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    if chars.get(at + 1 + hashes) == Some(&'"') { (State::RawText(hashes), hashes + 2) } else { (State::Code, 1) }
}

/// Length of a character literal, or 1 for a lifetime's quote.
fn character(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), _) => chars[at + 3..].iter().position(|c| *c == '\'').map_or(1, |end| end + 4),
        (Some(_), Some('\'')) => 3,
        _ => 1,
    }
}
