//! What stores' reports are made of.

/// An amount in hundredths as a decimal.
pub fn decimal(hundredths: i64) -> String {
    let sign = if hundredths < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", hundredths.unsigned_abs() / 100, hundredths.unsigned_abs() % 100)
}

/// An amount at a rate in ten-thousandths, rounded towards nothing.
pub fn exchanged(hundredths: i64, rate: i64) -> i64 {
    hundredths.saturating_mul(rate) / 10_000
}

/// A ZIP archive of one file, which is stored as it is.
pub fn archive(name: &str, content: &[u8]) -> Vec<u8> {
    archived(name, 0, content, checksum(content), content.len())
}

/// A ZIP archive that says that its file has a thousand bytes, and unpacks to many millions.
pub fn bomb(name: &str) -> Vec<u8> {
    archived(name, 8, &many_zeros(), 0, 1_000)
}

/// A ZIP archive of one file that was packed by a method, with the checksum and the size that it states.
fn archived(name: &str, method: u8, packed: &[u8], sum: u32, size: usize) -> Vec<u8> {
    let long = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
    let head = |out: &mut Vec<u8>| {
        out.extend([20, 0, 0, 8, method, 0, 0, 0, 0, 0]);
        out.extend(sum.to_le_bytes());
        out.extend([long(packed.len()), long(size)].concat());
        out.extend(u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes());
    };
    let mut bytes = b"PK\x03\x04".to_vec();
    head(&mut bytes);
    bytes.extend([0; 2]);
    bytes.extend([name.as_bytes(), packed].concat());
    let at = bytes.len();
    bytes.extend(b"PK\x01\x02\x14\x00");
    head(&mut bytes);
    bytes.extend([0; 16]);
    bytes.extend(name.as_bytes());
    let size = bytes.len() - at;
    bytes.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0");
    bytes.extend([long(size), long(at)].concat());
    bytes.extend([0; 2]);
    bytes
}

/// A file as gzip packs it, stored as it is.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    const BLOCK_BYTES: usize = 65_535;
    let mut packed = Vec::new();
    for block in content.chunks(BLOCK_BYTES) {
        let length = u16::try_from(block.len()).expect("a block's length");
        packed.push(0);
        packed.extend([length.to_le_bytes(), (!length).to_le_bytes()].concat());
        packed.extend(block);
    }
    packed.extend([1, 0, 0, 0xff, 0xff]);
    gzipped(&packed, checksum(content), content.len())
}

/// A file of gzip that says that it has a thousand bytes, and unpacks to many millions.
pub fn gzip_bomb() -> Vec<u8> {
    gzipped(&many_zeros(), 0, 1_000)
}

fn gzipped(packed: &[u8], sum: u32, size: usize) -> Vec<u8> {
    let size = u32::try_from(size).unwrap_or(u32::MAX);
    [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], packed, &sum.to_le_bytes(), &size.to_le_bytes()].concat()
}

/// Eighty million zeros, deflated: one of them, and then again and again the 258 before.
fn many_zeros() -> Vec<u8> {
    // The last block, with fixed codes; a zero; each repetition with its distance of one; the end.
    let repeated = "1100010100000".repeat(80_000_000 / 258);
    let bits: Vec<u8> = ["110", "00110000", &repeated, "0000000"].concat().into_bytes();
    bits.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | (bit - b'0'))).collect()
}

/// CRC-32, bit by bit.
fn checksum(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ POLYNOMIAL } else { sum >> 1 })
    })
}
