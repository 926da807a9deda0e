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
    let long = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
    let head = |out: &mut Vec<u8>| {
        out.extend([20, 0, 0, 8, 0, 0, 0, 0, 0, 0]);
        out.extend(checksum(content).to_le_bytes());
        out.extend([long(content.len()), long(content.len())].concat());
        out.extend(u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes());
    };
    let mut bytes = b"PK\x03\x04".to_vec();
    head(&mut bytes);
    bytes.extend([0; 2]);
    bytes.extend([name.as_bytes(), content].concat());
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

/// CRC-32, bit by bit.
fn checksum(bytes: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0xedb8_8320;
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { (sum >> 1) ^ POLYNOMIAL } else { sum >> 1 })
    })
}
