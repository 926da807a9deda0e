//! Files that gzip packed: whole, cut off, changed, and larger than anybody reads.
use super::gunzip;
use crate::zip::crc32;
use miniz_oxide::deflate::compress_to_vec;
use proptest::prelude::*;

fn packed(content: &[u8], flags: u8, fields: &[u8]) -> Vec<u8> {
    let trailer = [crc32(content).to_le_bytes(), u32::try_from(content.len()).unwrap().to_le_bytes()].concat();
    [&[0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 3], fields, &compress_to_vec(content, 6), &trailer].concat()
}

#[test]
fn optional_fields_are_skipped_and_a_changed_or_cut_file_is_refused() {
    let content = b"a bill of a day, a bill of a day, a bill of a day";
    let fields = [&[3, 0][..], b"abc", b"bill.csv\0", b"a comment\0", &[9, 9]].concat();
    for file in [packed(content, 0, b""), packed(content, 2 + 4 + 8 + 16, &fields)] {
        assert_eq!(gunzip(&file, content.len()).unwrap(), content);
        assert!(gunzip(&file, content.len() - 1).is_err(), "beyond its bound");
        for end in 0..file.len() {
            assert!(gunzip(&file[..end], 1_000).is_err(), "cut off after {end}");
        }
        let mut wrong = file.clone();
        *wrong.last_mut().unwrap() ^= 1;
        assert!(gunzip(&wrong, 1_000).is_err(), "another size");
    }
    assert!(gunzip(b"", 10).is_err() && gunzip(b"PK\x03\x04", 10).is_err());
}

#[test]
fn what_unpacks_to_many_times_its_size_takes_no_more_memory_than_its_bound() {
    let bomb = packed(&vec![0; 4 << 20], 0, b"");
    assert!(bomb.len() < 8_192 && gunzip(&bomb, 65_536).unwrap_err().to_string().contains("more than 65536"));
}

proptest! {
    #[test]
    fn any_bytes_are_refused_or_unpacked_within_the_bound(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let file = [&[0x1f, 0x8b, 8][..], &bytes].concat();
        if let Ok(unpacked) = gunzip(&file, 100) {
            prop_assert!(unpacked.len() <= 100);
        }
    }
}
