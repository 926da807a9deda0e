//! Files in a ZIP archive, as stores pack them: stored or deflated, neither encrypted nor larger than 4 GiB.

use crate::{ReportFault, UNPACKED_BYTES_MAX};
use encoding_rs::GBK;

const LOCAL: &[u8] = b"PK\x03\x04";
const CENTRAL: &[u8] = b"PK\x01\x02";
const END: &[u8] = b"PK\x05\x06";
/// Bytes of the end record without its comment, and the longest comment.
const END_BYTES: usize = 22;
const COMMENT_BYTES_MAX: usize = 65_535;
/// Most files of an archive.
const FILES_MAX: usize = 16;
/// The flag that says that names are UTF-8.
const UTF8_FLAG: u16 = 0x0800;
/// The flag of encrypted files.
const ENCRYPTED_FLAG: u16 = 1;

/// A file of an archive.
pub(crate) struct PackedFile {
    pub name: String,
    pub bytes: Vec<u8>,
}

pub(crate) fn looks_like(bytes: &[u8]) -> bool {
    bytes.starts_with(LOCAL) || bytes.starts_with(END)
}

fn damaged(what: &str) -> ReportFault {
    ReportFault::of_file(format!("the archive can't be unpacked: {what}"))
}

fn slice(bytes: &[u8], from: usize, length: usize) -> Result<&[u8], ReportFault> {
    let until = from.checked_add(length).ok_or_else(|| damaged("it is cut off"))?;
    bytes.get(from..until).ok_or_else(|| damaged("it is cut off"))
}

fn short(bytes: &[u8], from: usize) -> Result<u16, ReportFault> {
    Ok(u16::from_le_bytes(slice(bytes, from, 2)?.try_into().expect("two bytes were cut out")))
}

fn long(bytes: &[u8], from: usize) -> Result<usize, ReportFault> {
    let number = u32::from_le_bytes(slice(bytes, from, 4)?.try_into().expect("four bytes were cut out"));
    usize::try_from(number).map_err(|_| damaged("it is too large"))
}

/// The files of an archive, at most [`UNPACKED_BYTES_MAX`] together.
pub(crate) fn files(bytes: &[u8]) -> Result<Vec<PackedFile>, ReportFault> {
    let lowest = bytes.len().saturating_sub(END_BYTES + COMMENT_BYTES_MAX);
    let tail = &bytes[lowest..];
    let end = tail.windows(END.len()).rposition(|window| window == END).ok_or_else(|| damaged("it is cut off"))? + lowest;
    let (count, mut at) = (usize::from(short(bytes, end + 10)?), long(bytes, end + 16)?);
    if end + END_BYTES + usize::from(short(bytes, end + 20)?) != bytes.len() {
        return Err(damaged("its end is not where it says"));
    }
    if count > FILES_MAX {
        return Err(damaged(&format!("it has {count} files, and at most {FILES_MAX} are taken")));
    }
    let (mut files, mut left) = (Vec::new(), UNPACKED_BYTES_MAX);
    for _ in 0..count {
        if slice(bytes, at, 4)? != CENTRAL {
            return Err(damaged("its list of files is broken"));
        }
        let (flags, method) = (short(bytes, at + 8)?, short(bytes, at + 10)?);
        let (crc, packed, size) = (long(bytes, at + 16)?, long(bytes, at + 20)?, long(bytes, at + 24)?);
        let lengths = [usize::from(short(bytes, at + 28)?), usize::from(short(bytes, at + 30)?), usize::from(short(bytes, at + 32)?)];
        let (local, name) = (long(bytes, at + 42)?, slice(bytes, at + 46, lengths[0])?);
        let name = if flags & UTF8_FLAG == 0 { GBK.decode(name).0.into_owned() } else { String::from_utf8_lossy(name).into_owned() };
        at += 46 + lengths.iter().sum::<usize>();
        if flags & ENCRYPTED_FLAG != 0 {
            return Err(damaged("it is encrypted"));
        }
        if size > left {
            return Err(damaged(&format!("its files have more than {UNPACKED_BYTES_MAX} bytes together")));
        }
        if slice(bytes, local, 4)? != LOCAL {
            return Err(damaged("a file is not where its list says"));
        }
        let data = local + 30 + usize::from(short(bytes, local + 26)?) + usize::from(short(bytes, local + 28)?);
        let unpacked = unpack(method, slice(bytes, data, packed)?, size)?;
        if unpacked.len() != size || crc32(&unpacked) as usize != crc {
            return Err(damaged("a file's checksum is wrong"));
        }
        left -= unpacked.len();
        files.push(PackedFile { name, bytes: unpacked });
    }
    Ok(files)
}

/// The size is what the archive states: a file that unpacks to more is refused before it takes memory.
fn unpack(method: u16, packed: &[u8], size: usize) -> Result<Vec<u8>, ReportFault> {
    match method {
        0 => Ok(packed.to_vec()),
        8 => {
            miniz_oxide::inflate::decompress_to_vec_with_limit(packed, size).map_err(|_| damaged("a file is broken, or larger than stated"))
        }
        other => Err(damaged(&format!("a file is packed by method {other}; 0 and 8 are known"))),
    }
}

pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    let table: [u32; 256] = std::array::from_fn(|at| {
        let byte = u32::try_from(at).expect("a table of 256");
        (0..8).fold(byte, |sum, _| if sum & 1 == 1 { (sum >> 1) ^ POLYNOMIAL } else { sum >> 1 })
    });
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        let at = usize::from(sum.to_le_bytes()[0] ^ byte);
        table[at] ^ (sum >> 8)
    })
}
