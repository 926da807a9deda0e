//! A file as gzip packs it (RFC 1952): one member, which is unpacked within a bound.

use crate::ReportFault;
use crate::zip::crc32;

const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
/// Bytes of the header before its optional fields, and of the trailer.
const HEADER_BYTES: usize = 10;
const TRAILER_BYTES: usize = 8;
/// The flags of the optional fields, in the order of the fields but for the first, which is the last of them.
const HEADER_SUM: u8 = 2;
const EXTRA: u8 = 4;
const NAME: u8 = 8;
const COMMENT: u8 = 16;

/// Whether these bytes begin as gzip does.
#[must_use]
pub fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&MAGIC)
}

/// The content of a file that gzip packed, at most `bytes_max`.
pub fn gunzip(bytes: &[u8], bytes_max: usize) -> Result<Vec<u8>, ReportFault> {
    let damaged = |what: &str| ReportFault::of_file(format!("the file can't be unpacked: {what}"));
    let cut_off = || damaged("it is cut off");
    if !is_gzip(bytes) {
        return Err(damaged("it does not begin as gzip does"));
    }
    let flags = *bytes.get(3).ok_or_else(cut_off)?;
    let mut at = HEADER_BYTES;
    if flags & EXTRA != 0 {
        let length = bytes.get(at..at + 2).ok_or_else(cut_off)?;
        at += 2 + usize::from(u16::from_le_bytes([length[0], length[1]]));
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let rest = bytes.get(at..).ok_or_else(cut_off)?;
            at += 1 + rest.iter().position(|byte| *byte == 0).ok_or_else(cut_off)?;
        }
    }
    at += if flags & HEADER_SUM == 0 { 0 } else { 2 };
    let end = bytes.len().checked_sub(TRAILER_BYTES).filter(|end| *end >= at).ok_or_else(cut_off)?;
    let unpacked = miniz_oxide::inflate::decompress_to_vec_with_limit(&bytes[at..end], bytes_max);
    let unpacked = unpacked.map_err(|_| damaged(&format!("it is broken, or has more than {bytes_max} bytes")))?;
    let stated = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes were cut out"));
    let size = u32::try_from(unpacked.len()).map_err(|_| damaged("it is too large"))?;
    if stated(end) != crc32(&unpacked) || stated(end + 4) != size {
        return Err(damaged("its checksum is wrong"));
    }
    Ok(unpacked)
}

#[cfg(test)]
mod tests;
