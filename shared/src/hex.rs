//! Bytes as hexadecimal digits, as hashes are written.

/// Every byte as two digits with small letters: `00ff0a`.
pub fn of(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value & 0xf)]);
    let digits = bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(*byte)]);
    digits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_two_digits_and_no_zero_is_lost() {
        assert_eq!(of(&[]), "");
        assert_eq!(of(&[0, 255, 10, 0x3c]), "00ff0a3c");
        for byte in 0..=u8::MAX {
            assert_eq!(of(&[byte]), format!("{byte:02x}"));
        }
    }
}
