//! Kept refusals are read back, in this program's form and the earlier one.

use super::*;

#[test]
fn a_kept_refusal_reads_back_whoever_kept_it() {
    let refused = RefusedReceipt::new(ReceiptRefusal::Bundle, "a sentence\nof two lines");
    assert_eq!(read_kept(&kept(&refused)), Some(refused));
    let facts = vec![("product_id".to_owned(), "coins.7".to_owned())];
    let detailed = RefusedReceipt { facts, ..RefusedReceipt::new(ReceiptRefusal::ProductUnknown, "no such package") };
    assert_eq!(read_kept(&kept(&detailed)), Some(detailed));
    let older = RefusedReceipt::new(ReceiptRefusal::Chain, "no root of ours");
    assert_eq!(read_kept(b"RECEIPT_CHAIN\nno root of ours"), Some(older));
    assert_eq!(read_kept(b"NONSENSE\nx"), None);
}
