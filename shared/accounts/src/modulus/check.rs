//! The method itself. Digits are named as published: `u v w x y z` of the sort code, `a b c d e f g h` of the account number.

use super::{ModulusMethod, ModulusOutcome, ModulusRow, ModulusTable};
use crate::fields::is_digits;

const A: usize = 6;
const B: usize = 7;
const C: usize = 8;
const G: usize = 12;
const H: usize = 13;
/// Exception 8 checks with this sort code.
const SORT_CODE_8: u32 = 90_126;
/// Exception 9 checks with this sort code.
const SORT_CODE_9: u32 = 309_634;
/// Exception 2: weights if `a` is not 0, and `g` is not or is 9.
const WEIGHTS_2: [i32; 14] = [0, 0, 1, 2, 5, 3, 6, 4, 8, 7, 10, 9, 3, 1];
const WEIGHTS_2_G9: [i32; 14] = [0, 0, 0, 0, 0, 0, 0, 0, 8, 7, 10, 9, 3, 1];

pub(super) fn outcome(table: &ModulusTable, sort_code: &str, account_number: &str) -> ModulusOutcome {
    if !is_digits(sort_code, 6..=6) || !is_digits(account_number, 8..=8) {
        return ModulusOutcome::Failed;
    }
    let mut digits = [0_i32; 14];
    for (digit, b) in digits.iter_mut().zip(sort_code.bytes().chain(account_number.bytes())) {
        *digit = i32::from(b - b'0');
    }
    let code = digits[..A].iter().fold(0, |code, digit| code * 10 + digit.unsigned_abs());
    let mut rows = table.rows.iter().filter(|row| (row.from..=row.to).contains(&code));
    let passed = match (rows.next(), rows.next()) {
        (None, _) => return ModulusOutcome::NotListed,
        (Some(row), None) => passes(table, row, code, &digits),
        (Some(first), Some(second)) => {
            let one_is_enough = [first, second].iter().any(|row| matches!(row.exception, 2 | 9..=14));
            let second_passes = || passes(table, second, code, &digits);
            if passes(table, first, code, &digits) { one_is_enough || second_passes() } else { one_is_enough && second_passes() }
        }
    };
    if passed { ModulusOutcome::Passed } else { ModulusOutcome::Failed }
}

/// Whether one row is satisfied, with its exception.
fn passes(table: &ModulusTable, row: &ModulusRow, code: u32, given: &[i32; 14]) -> bool {
    let mut digits = *given;
    let mut weights = row.weights;
    let g_is_9 = given[G] == 9;
    match row.exception {
        2 if given[A] != 0 => weights = if g_is_9 { WEIGHTS_2_G9 } else { WEIGHTS_2 },
        3 if matches!(given[C], 6 | 9) => return true,
        5 => set_sort_code(&mut digits, table.substitutions.get(&code).copied().unwrap_or(code)),
        // A foreign currency account, which has no check digit.
        6 if (4..=8).contains(&given[A]) && given[G] == given[H] => return true,
        7 if g_is_9 => weights[..C].fill(0),
        8 => set_sort_code(&mut digits, SORT_CODE_8),
        9 => set_sort_code(&mut digits, SORT_CODE_9),
        10 if g_is_9 && given[B] == 9 && matches!(given[A], 0 | 9) => weights[..C].fill(0),
        _ => {}
    }
    let sum = sum(row.method, &weights, &digits) + if row.exception == 1 { 27 } else { 0 };
    let remainder = sum.rem_euclid(if row.method == ModulusMethod::Mod11 { 11 } else { 10 });
    match (row.exception, row.method) {
        // The remainder is the number that the last two digits make.
        (4, _) => remainder == digits[G] * 10 + digits[H],
        (5, ModulusMethod::Mod11) => match remainder {
            0 => digits[G] == 0,
            1 => false,
            remainder => digits[G] == 11 - remainder,
        },
        (5, _) => digits[H] == (10 - remainder) % 10,
        (14, _) if remainder != 0 => passes_shifted(&weights, &digits),
        _ => remainder == 0,
    }
}

/// Exception 14: the last digit was added to an older number of seven digits.
fn passes_shifted(weights: &[i32; 14], digits: &[i32; 14]) -> bool {
    if !matches!(digits[H], 0 | 1 | 9) {
        return false;
    }
    let mut shifted = *digits;
    shifted.copy_within(A..H, B);
    shifted[A] = 0;
    sum(ModulusMethod::Mod11, weights, &shifted).rem_euclid(11) == 0
}

fn sum(method: ModulusMethod, weights: &[i32; 14], digits: &[i32; 14]) -> i32 {
    let products = digits.iter().zip(weights).map(|(digit, weight)| digit * weight);
    match method {
        ModulusMethod::Mod10 | ModulusMethod::Mod11 => products.sum(),
        ModulusMethod::Dblal => products.map(|product| product / 1000 + product / 100 % 10 + product / 10 % 10 + product % 10).sum(),
    }
}

fn set_sort_code(digits: &mut [i32; 14], code: u32) {
    let mut rest = code;
    for digit in digits[..A].iter_mut().rev() {
        *digit = (rest % 10).cast_signed();
        rest /= 10;
    }
}
