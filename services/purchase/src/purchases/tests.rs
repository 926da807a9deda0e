//! Kept refusals read back, of this program and of the one before.

use super::*;

#[test]
fn a_kept_refusal_reads_back_whoever_kept_it() {
    let refused = Refused::new(Refusal::Bundle, "a sentence\nof two lines");
    assert_eq!(read_kept(&kept(&refused)), Some(refused));
    let older = Refused::new(Refusal::Chain, "no root of ours");
    assert_eq!(read_kept(b"RECEIPT_CHAIN\nno root of ours"), Some(older));
    assert_eq!(read_kept(b"NONSENSE\nx"), None);
}
