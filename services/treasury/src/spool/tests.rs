//! Unit tests of `spool`.
use super::*;
use std::fs;

fn coming(dir: &Path, bytes: &[u8], step: usize) -> FileBytes {
    let mut file = ComingFile::new(dir);
    bytes.chunks(step).for_each(|part| file.append(part).unwrap());
    assert_eq!(file.size_bytes(), bytes.len() as u64);
    file.whole()
}

#[test]
fn what_came_is_read_wherever_it_is_kept_and_leaves_no_name_behind() {
    let dir = tempfile::tempdir().unwrap();
    let below = dir.path().join("spool");
    let bytes: Vec<u8> = (0..3 * HELD_BYTES_MAX + 5).map(|at| (at % 251) as u8).collect();
    for (size, spooled) in [(0, false), (1, false), (HELD_BYTES_MAX, false), (HELD_BYTES_MAX + 1, true), (bytes.len(), true)] {
        let expected = &bytes[..size];
        let kept = coming(&below, expected, 700_001);
        assert_eq!((kept.size_bytes(), matches!(kept, FileBytes::Spooled(_))), (size as u64, spooled));
        let mut read = Vec::new();
        kept.reader().read_to_end(&mut read).unwrap();
        assert!(read == expected, "{size} bytes differ");
        assert_eq!(kept.sha256().unwrap(), hex::encode(Sha256::digest(expected)));
        let middle = size / 2;
        assert!(kept.part(middle as u64, 9).unwrap() == expected[middle..size.min(middle + 9)]);
        assert!(kept.part(size as u64, 9).unwrap().is_empty());
        assert!(!kept.has_failed());
        assert_eq!(fs::read_dir(&below).map_or(0, Iterator::count), 0, "files without a name");
    }
}

#[test]
fn a_file_that_became_shorter_is_an_error_and_no_end() {
    let dir = tempfile::tempdir().unwrap();
    let kept = coming(dir.path(), &vec![b'x'; 2 * HELD_BYTES_MAX], HELD_BYTES_MAX);
    let FileBytes::Spooled(spooled) = &kept else { panic!("it is on disk") };
    spooled.file.set_len(HELD_BYTES_MAX as u64).unwrap();
    assert!(kept.reader().read_to_end(&mut Vec::new()).is_err());
    assert!(kept.has_failed());
}

#[test]
fn without_a_disk_a_file_of_the_usual_size_is_held_and_a_larger_one_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let in_the_way = dir.path().join("spool");
    fs::write(&in_the_way, "a file").unwrap();
    let mut file = ComingFile::new(&in_the_way);
    for _ in 0..UNSPOOLED_BYTES_MAX / HELD_BYTES_MAX {
        file.append(&vec![7; HELD_BYTES_MAX]).unwrap();
    }
    assert!(file.append(&[7]).is_err());
    let held = file.whole();
    assert!(matches!(held, FileBytes::Held(_)) && held.size_bytes() == UNSPOOLED_BYTES_MAX as u64);
}
