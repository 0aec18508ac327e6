//! The CRC-64 of two concatenated texts, computed from the CRC-64 of each text.

/// The polynomial of CRC-64/XZ, bits reversed.
const POLYNOMIAL: u64 = 0xC96C_5795_D787_0F42;
/// 1 as a polynomial. The bits are in reverse order: the highest bit is the coefficient of `x` to the power of 0.
const ONE: u64 = 1 << 63;

/// Returns the checksum of two concatenated texts, from the checksums of both and the length of the second in bytes.
///
/// The fake does not keep the large parts of an upload, but the whole upload still needs a checksum. The fake does not
/// use the client's function, because an error in that function would go unnoticed.
pub(crate) fn combine(first: u64, second: u64, second_len: u64) -> u64 {
    // Each following byte moves the first part by 8 places. The start value and the final XOR cancel each other.
    let mut shift = ONE;
    let mut square = ONE >> 8;
    let mut left = second_len;
    while left > 0 {
        if left & 1 == 1 {
            shift = multiply(shift, square);
        }
        square = multiply(square, square);
        left >>= 1;
    }
    multiply(first, shift) ^ second
}

/// Returns the product of two polynomials, modulo the polynomial of the checksum.
fn multiply(left: u64, mut right: u64) -> u64 {
    let mut product = 0;
    for place in (0..64).rev() {
        if (left >> place) & 1 == 1 {
            product ^= right;
        }
        let overflow = right & 1 == 1;
        right >>= 1;
        if overflow {
            right ^= POLYNOMIAL;
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::combine;
    use crate::testing::Content;

    #[test]
    fn combined_crc_equals_the_crc_of_the_whole() {
        let all = Content::pattern(300_001).bytes(0..300_001);
        for at in [0, 1, 7, 1000, 262_144, 300_000, 300_001] {
            let (first, second) = all.split_at(at);
            let combined =
                combine(Content::from(first).crc(), Content::from(second).crc(), second.len() as u64);
            assert_eq!(combined, Content::from(&all).crc(), "split at {at}");
        }
    }
}
