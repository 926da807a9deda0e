//! Decoders of what banks send and of key files that are public only for the fuzz targets in `tests`.

use crate::banks::{api, iso20022, nacha};
use crate::vault::keyring::Keyring;

/// How many things a callback says, read as each kind of bank sends them: messages of ISO 20022, JSON, files of ACH.
#[must_use]
pub fn callbacks(body: &[u8]) -> [Option<usize>; 3] {
    [iso20022::news::read(body), api::news::read(body), nacha::answers::read(body)].map(|read| read.ok().map(|news| news.len()))
}

/// The booked credits and sums of debits in a statement.
#[must_use]
pub fn statement(body: &[u8]) -> Option<(usize, usize)> {
    Some((iso20022::news::credits(body).ok()?.len(), iso20022::news::batches(body).ok()?.len()))
}

/// Whether this is an answer to whose an account is.
#[must_use]
pub fn is_verification(body: &[u8]) -> bool {
    iso20022::payees::read_verified(body).is_some()
}

/// Whether this is a key file. One that is can be written with another key and read again, and has both keys then.
#[must_use]
pub fn keyring(text: &str) -> bool {
    let Some(Ok(keys)) = Keyring::parse(text) else { return false };
    if keys.has_room() {
        let more = keys.text_with(&[7; 32]);
        let again = Keyring::parse(&more).expect("what is written is a key file").expect("with good keys");
        assert!(again.key(&keys.current().id).is_some(), "the old key still opens");
    }
    true
}
