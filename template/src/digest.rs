//! SHA-256 digests as lower-case hexadecimal text.

use sha2::{Digest as _, Sha256};

/// The SHA-256 of `bytes`, 64 hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// The first `digits` (an even number, 64 at most) hexadecimal digits of the SHA-256 of `bytes`.
pub fn hex_prefix(bytes: &[u8], digits: usize) -> String {
    hex(&Sha256::digest(bytes)[..digits / 2])
}

/// The first eight characters of the lower-case base32 (RFC 4648) of the SHA-256 of `bytes`.
pub fn base32_prefix(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let digest = Sha256::digest(bytes);
    let bits = digest[..5].iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
    (0..8)
        .map(|place| {
            let index = (bits >> (35 - place * 5)) & 31;
            char::from(ALPHABET[usize::try_from(index).expect("five bits fit")])
        })
        .collect()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |half: u8| char::from(DIGITS[usize::from(half)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_digests() {
        // RFC 6234, and its RFC 4648 form computed with another implementation.
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(b""), empty);
        assert_eq!(hex_prefix(b"", 8), "e3b0c442");
        assert_eq!(base32_prefix(b""), "4oymiquy");
    }
}
