//! Page tokens.

use crate::error::Error;
use sha2::{Digest, Sha256};

/// Where a list of entries goes on, bound to the account it is of.
pub(crate) fn page_token(account: &str, transfer_no: i64) -> String {
    let digest = Sha256::digest(account.as_bytes());
    format!("{transfer_no}.{}", hex::encode(&digest[..6]))
}

/// The place a token names; refused for a token of another account's list.
pub(crate) fn page_place(token: &str, account: &str) -> Result<i64, Error> {
    let place = token.split_once('.').and_then(|(place, _)| place.parse().ok()).filter(|place| *place > 0).ok_or(Error::PageToken)?;
    if page_token(account, place) == token { Ok(place) } else { Err(Error::PageToken) }
}

#[cfg(test)]
mod tests;
