//! CRC-64/XZ of a reader, and of two consecutive pieces from their checksums.
//!
//! A CRC is a remainder of polynomials over GF(2). Appending `n` bytes to a piece multiplies its remainder by `x⁸ⁿ`.
//! This takes one multiplication for each bit of `n`, and none for the bytes.

use std::io::{self, Read};

/// Returns the CRC-64/XZ of everything that a reader returns, as OSS computes it.
///
/// Compare it with [`FileStat::crc64`](crate::FileStat::crc64) to find out whether a local file equals a remote one.
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// let local = dingtalk_files::crc64(&b"hello"[..])?; // or a file
/// let remote = client.file("space-1", "dentry-1", UnionId("operator-1")).stat()?;
/// assert_eq!(remote.crc64, Some(local));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Those of the reader.
pub fn crc64(mut reader: impl Read) -> io::Result<u64> {
    let (mut digest, mut block) = (crc64fast::Digest::new(), vec![0; 64 * 1024]);
    loop {
        match reader.read(&mut block) {
            Ok(0) => return Ok(digest.sum64()),
            Ok(count) => digest.write(block.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The polynomial of OSS's `x-oss-hash-crc64ecma`, with the lowest power in the highest bit.
const POLY: u64 = 0xC96C_5795_D787_0F42;

/// The polynomial 1.
const ONE: u64 = 1 << 63;

/// Returns the CRC-64/XZ of two consecutive pieces from their checksums. The second piece has `second_len` bytes.
///
/// It verifies a file that several machines downloaded in ranges: combine the [`Downloaded::crc64`](crate::Downloaded::crc64)
/// of all ranges in order, and compare the result with [`FileStat::crc64`](crate::FileStat::crc64).
///
/// ```
/// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
/// # let fake = FakeDingTalk::start()?;
/// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
/// # let client = fake.client().build()?;
/// use dingtalk_files::combine_crc64;
///
/// let file = client.file("space-1", "dentry-1", UnionId("operator-1"));
/// let first = file.download_to(&mut Vec::new(), ..2)?;
/// let second = file.download_to(&mut Vec::new(), 2..)?;
/// assert_eq!(Some(combine_crc64(first.crc64, second.crc64, second.bytes)), file.stat()?.crc64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[inline]
#[must_use]
pub fn combine(first: u64, second: u64, second_len: u64) -> u64 {
    multiply(first, x_to_the_bytes(second_len)) ^ second
}

/// Returns `a · b` modulo the polynomial.
fn multiply(mut a: u64, mut b: u64) -> u64 {
    let mut product = 0;
    while a != 0 {
        if a & ONE != 0 {
            product ^= b;
        }
        a <<= 1;
        // Multiply by x.
        b = if b & 1 != 0 { (b >> 1) ^ POLY } else { b >> 1 };
    }
    product
}

/// Returns `x⁸ⁿ` modulo the polynomial, by repeated squaring.
#[inline]
fn x_to_the_bytes(mut n: u64) -> u64 {
    let mut power = ONE >> 8;
    let mut result = ONE;
    while n != 0 {
        if n & 1 != 0 {
            result = multiply(result, power);
        }
        power = multiply(power, power);
        n >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::combine;

    fn crc(bytes: &[u8]) -> u64 {
        let mut digest = crc64fast::Digest::new();
        digest.write(bytes);
        digest.sum64()
    }

    proptest! {
        #[test]
        fn two_pieces_combine_to_the_crc_of_the_whole(bytes in proptest::collection::vec(any::<u8>(), 0..2000), at in 0usize..2000) {
            let (first, second) = bytes.split_at(at.min(bytes.len()));
            prop_assert_eq!(combine(crc(first), crc(second), second.len() as u64), crc(&bytes));
        }
    }

    #[test]
    fn a_long_second_piece_is_combined() {
        let zeros = vec![0; 5_000_000];
        let whole = [b"head".as_slice(), &zeros].concat();
        assert_eq!(combine(crc(b"head"), crc(&zeros), 5_000_000), crc(&whole));
    }
}
