//! The algorithms of check digits. Each takes a compact text, without separators and in upper case, and any other text fails.

use crate::fields::is_digits;

fn digits(text: &str) -> impl Iterator<Item = u32> + '_ {
    text.bytes().map(|b| u32::from(b.wrapping_sub(b'0')))
}

fn weighted(text: &str, weights: &[u32]) -> u32 {
    digits(text).zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// US routing number: nine digits weighted 3, 7, 1 add up to a multiple of ten, and the first two are a range in use (00-12, 21-32, 61-72,
/// 80). All zeros pass the sum and are refused.
#[must_use]
pub fn is_aba(text: &str) -> bool {
    if !is_digits(text, 9..=9) || text == "000000000" {
        return false;
    }
    let in_use = matches!(text[..2].parse(), Ok(0..=12_u32 | 21..=32 | 61..=72 | 80));
    in_use && weighted(text, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

/// Mexican CLABE: of eighteen digits, the last makes the sum of the others, weighted 3, 7, 1, a multiple of ten.
#[must_use]
pub fn is_clabe(text: &str) -> bool {
    const WEIGHTS: [u32; 18] = [3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1, 3, 7, 1];
    // The check digit's own weight is 1, so the whole sum is a multiple of ten.
    is_digits(text, 18..=18) && text.bytes().any(|b| b != b'0') && weighted(text, &WEIGHTS).is_multiple_of(10)
}

/// A check digit of Brazilian tax ids: what is missing to a multiple of eleven, or zero for a remainder of 0 or 1.
fn brazilian(sum: u32) -> u32 {
    match sum % 11 {
        0 | 1 => 0,
        remainder => 11 - remainder,
    }
}

/// Whether the last two digits are the Brazilian check digits, with these weights for the second one; those of the first begin one later.
fn ends_brazilian(text: &str, weights: &[u32]) -> bool {
    let given: Vec<u32> = digits(text).collect();
    let (body, checks) = given.split_at(given.len() - 2);
    let sum = |weights: &[u32], values: &[u32]| values.iter().zip(weights).map(|(value, weight)| value * weight).sum::<u32>();
    let first = brazilian(sum(&weights[1..], body));
    let second = brazilian(sum(weights, &given[..given.len() - 1]));
    checks == [first, second]
}

fn all_equal(text: &str) -> bool {
    text.bytes().all(|b| b == text.as_bytes()[0])
}

/// Brazilian CPF of a person: eleven digits, the last two check digits modulo 11. Equal digits pass the sums and are refused.
#[must_use]
pub fn is_cpf(text: &str) -> bool {
    is_digits(text, 11..=11) && !all_equal(text) && ends_brazilian(text, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2])
}

/// Brazilian CNPJ of a company: twelve digits or, since July 2026, capital letters, and two check digits modulo 11. A letter counts as its
/// ASCII code less 48.
#[must_use]
pub fn is_cnpj(text: &str) -> bool {
    let form = text.len() == 14 && text.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    form && is_digits(&text[12..], 2..=2) && !all_equal(text) && ends_brazilian(text, &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
}

/// Australian business number: eleven digits; with one taken from the first, the sum weighted 10, 1, 3, 5 to 19 is a multiple of 89.
#[must_use]
pub fn is_abn(text: &str) -> bool {
    const WEIGHTS: [u32; 11] = [10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19];
    // The first digit counts one less; its weight is ten. A zero there is in no number in use and would count below zero.
    is_digits(text, 11..=11) && !text.starts_with('0') && (weighted(text, &WEIGHTS) - 10).is_multiple_of(89)
}

/// Australian company number: nine digits, the last one makes the sum weighted 8 to 1 a multiple of ten.
#[must_use]
pub fn is_acn(text: &str) -> bool {
    is_digits(text, 9..=9) && weighted(text, &[8, 7, 6, 5, 4, 3, 2, 1, 1]).is_multiple_of(10)
}

/// The letter of a table at a remainder modulo 11.
fn letter(table: &[u8; 11], remainder: u32) -> u8 {
    table[(remainder % 11) as usize]
}

/// Singapore NRIC or FIN: S, T (citizens, permanent residents), F, G or M (foreigners), seven digits, check letter.
#[must_use]
pub fn is_nric(text: &str) -> bool {
    if text.len() != 9 || !text.is_ascii() || !is_digits(&text[1..8], 7..=7) {
        return false;
    }
    let sum = weighted(&text[1..8], &[2, 7, 6, 5, 4, 3, 2]);
    let check = match text.as_bytes()[0] {
        b'S' => letter(b"JZIHGFEDCBA", sum),
        b'T' => letter(b"JZIHGFEDCBA", sum + 4),
        b'F' => letter(b"XWUTRQPNMLK", sum),
        b'G' => letter(b"XWUTRQPNMLK", sum + 4),
        b'M' => letter(b"XWUTRQPNJLK", sum + 3),
        _ => return false,
    };
    text.as_bytes()[8] == check
}

/// Singapore unique entity number: a business (8 digits), a local company (9 digits, the first four a year) or another entity (T, S or R,
/// two digits of the year, two characters of the kind, four digits), each with a check letter.
#[must_use]
pub fn is_uen(text: &str) -> bool {
    let Some((body, check)) = text.split_at_checked(text.len().saturating_sub(1)) else { return false };
    let check = check.bytes().next().unwrap_or_default();
    match body.len() {
        8 if is_digits(body, 8..=8) => check == letter(b"XMKECAWLJDB", weighted(body, &[10, 4, 9, 3, 8, 2, 7, 1])),
        9 if is_digits(body, 9..=9) => check == letter(b"ZKCMDNERGWH", weighted(body, &[10, 8, 6, 4, 9, 7, 5, 3, 1])),
        9 => entity_letter(body) == Some(check),
        _ => false,
    }
}

/// The check letter of the third form of a UEN, if the nine characters before it have that form.
fn entity_letter(body: &str) -> Option<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWX0123456789";
    const WEIGHTS: [usize; 9] = [4, 3, 5, 3, 10, 2, 2, 5, 7];
    let bytes = body.as_bytes();
    let form = matches!(bytes.first(), Some(b'T' | b'S' | b'R')) && is_digits(body.get(1..3)?, 2..=2) && is_digits(body.get(5..)?, 4..=4);
    let places: Option<Vec<usize>> = bytes.iter().map(|b| ALPHABET.iter().position(|known| known == b)).collect();
    let sum: usize = places?.iter().zip(WEIGHTS).map(|(place, weight)| place * weight).sum();
    // Six more than a multiple of eleven is five less; the sum may be below five.
    form.then(|| ALPHABET[(sum + 6) % 11])
}

/// Hong Kong identity card: one or two letters, six digits, and a check character 0 to 9 or A for ten.
#[must_use]
pub fn is_hkid(text: &str) -> bool {
    if !text.is_ascii() || !matches!(text.len(), 8 | 9) {
        return false;
    }
    let (letters, rest) = text.split_at(text.len() - 7);
    let (number, check) = rest.split_at(6);
    let value = |b: u8| u32::from(b.wrapping_sub(b'A')) + 10;
    let letters = letters.as_bytes();
    let check = match check.as_bytes()[0] {
        b'A' => 10,
        digit @ b'0'..=b'9' => u32::from(digit - b'0'),
        _ => return false,
    };
    if !letters.iter().all(u8::is_ascii_uppercase) || !is_digits(number, 6..=6) {
        return false;
    }
    // A missing first letter counts as 36.
    let (first, second) = if let [first, second] = letters { (value(*first), value(*second)) } else { (36, value(letters[0])) };
    (first * 9 + second * 8 + weighted(number, &[7, 6, 5, 4, 3, 2]) + check).is_multiple_of(11)
}

/// The remainder modulo 97 of digits and capital letters, a letter counting as two digits, A as 10. `None` for any other character.
fn mod_97(text: impl Iterator<Item = u8>) -> Option<u32> {
    let mut remainder = 0;
    for b in text {
        remainder = match b {
            b'0'..=b'9' => remainder * 10 + u32::from(b - b'0'),
            b'A'..=b'Z' => remainder * 100 + u32::from(b - b'A') + 10,
            _ => return None,
        } % 97;
    }
    Some(remainder)
}

/// Creditor reference (ISO 11649): `RF`, two check digits, 1 to 21 digits or letters; modulo 97 as in an IBAN.
#[must_use]
pub fn is_creditor_reference(text: &str) -> bool {
    let form = text.starts_with("RF") && (5..=25).contains(&text.len()) && text.is_ascii() && is_digits(&text[2..4], 2..=2);
    form && mod_97(text.bytes().skip(4).chain(text.bytes().take(4))) == Some(1)
}

/// Legal entity identifier (ISO 17442): eighteen digits or letters and two check digits, modulo 97.
#[must_use]
pub fn is_lei(text: &str) -> bool {
    let form = text.len() == 20 && text.is_ascii() && is_digits(&text[18..], 2..=2);
    form && mod_97(text.bytes()) == Some(1)
}

#[cfg(test)]
mod tests;
