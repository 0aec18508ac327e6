//! The stored bytes equal the sent bytes, for every kind of source, size and way of uploading.

use std::sync::atomic::AtomicU64;

use super::*;

/// Sizes around the boundaries of the smallest parts.
const SIZES: [u64; 7] = [0, 1, PART - 1, PART, PART + 1, 2 * PART, 34 * PART + 5];

fn assert_all_arrive(in_parts: bool, connections: usize) {
    for size in SIZES {
        let bytes = pattern(size);
        for from in SourceKind::ALL {
            let setup = Setup::new();
            let upload = if in_parts { setup.in_parts() } else { setup.upload().multipart_above(u64::MAX) };
            let done = from.run(upload.parallel(connections), &bytes);
            setup.assert_done(done, &bytes);
            // An empty file has no parts.
            if in_parts && size > 0 {
                let count = size.div_ceil(PART);
                let mut numbers = setup.put_numbers();
                numbers.sort_unstable();
                assert!(numbers.into_iter().eq(1..=count), "{from:?} of {size}");
                assert_eq!(setup.count(Target::InitMultipart), 1);
                assert_eq!(setup.count(Target::PartInfos) as u64, count.div_ceil(30));
                assert_eq!(setup.count(Target::UploadInfo), 0);
            } else {
                assert_eq!(
                    (setup.count(Target::UploadInfo), setup.puts().len()),
                    (1, 1),
                    "{from:?} of {size}"
                );
                assert_eq!(setup.count(Target::InitMultipart), 0);
            }
        }
    }
}

#[test]
fn a_single_put_stores_all_bytes() {
    assert_all_arrive(false, 1);
}

#[test]
fn a_single_put_stores_all_bytes_with_several_connections() {
    assert_all_arrive(false, 4);
}

#[test]
fn sequential_parts_store_all_bytes() {
    assert_all_arrive(true, 1);
}

#[test]
fn concurrent_parts_store_all_bytes() {
    assert_all_arrive(true, 4);
}

#[test]
fn a_reader_longer_than_one_part_is_uploaded_in_parts() {
    for (size, parts) in [(PART, 0), (PART + 1, 2)] {
        let (setup, bytes) = (Setup::new(), pattern(size));
        let done = setup.upload().part_size(PART).from_reader(&bytes[..], size);
        setup.assert_done(done, &bytes);
        assert_eq!(setup.count(Target::PartInfos), parts / 2);
        assert_eq!(setup.puts().len(), parts.max(1));
    }
    // A source that can be read again is sent in one PUT.
    let (setup, bytes) = (Setup::new(), pattern(PART + 1));
    setup.assert_done(setup.upload().part_size(PART).from_bytes(&bytes), &bytes);
    assert_eq!(setup.count(Target::PartInfos), 0);
}

/// A source of computed bytes that records how far it has been read.
struct Generator<'a> {
    at: u64,
    size: u64,
    furthest: &'a AtomicU64,
    /// Called before each read with the end offset of that read.
    check: &'a (dyn Fn(u64) + Sync),
}

/// Number of bytes that a connection reads at a time; more would count as reading ahead.
const BLOCK: u64 = 64 * KIB;

/// Returns the value of all bytes of a block; adjacent blocks have different values.
fn byte_of_block(number: u64) -> u8 {
    u8::try_from(number % 251).unwrap()
}

impl Read for Generator<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = (self.size - self.at).min(BLOCK - self.at % BLOCK);
        let n = buf.len().min(usize::try_from(left).unwrap());
        let end = self.at + n as u64;
        (self.check)(end);
        buf[..n].fill(byte_of_block(self.at / BLOCK));
        self.at = end;
        self.furthest.fetch_max(end, Ordering::SeqCst);
        Ok(n)
    }
}

impl Seek for Generator<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.at = match to {
            SeekFrom::Start(at) => at,
            SeekFrom::End(0) => self.size,
            SeekFrom::Current(0) => self.at,
            other => panic!("{other:?}"),
        };
        Ok(self.at)
    }
}

/// No more is read than the connections are about to send, however large the file is. This bounds the memory.
#[test]
fn no_source_is_read_ahead_of_the_parts_in_flight() {
    const SIZE: u64 = 64 * MIB;
    const LARGE_PART: u64 = 2 * MIB;
    let mut digest = crc64fast::Digest::new();
    for number in 0..SIZE / BLOCK {
        digest.write(&vec![byte_of_block(number); usize::try_from(BLOCK).unwrap()]);
    }
    for (connections, is_stream) in [(1, true), (3, true), (1, false), (3, false)] {
        let setup = Setup::new();
        let (furthest, worst) = (AtomicU64::new(0), AtomicU64::new(0));
        let check = |end: u64| {
            let arrived = setup.puts().len() as u64 * LARGE_PART;
            worst.fetch_max(end.saturating_sub(arrived), Ordering::SeqCst);
        };
        let source = Generator { at: 0, size: SIZE, furthest: &furthest, check: &check };
        let upload = setup.upload().multipart_above(0).part_size(LARGE_PART).parallel(connections);
        let done =
            if is_stream { upload.from_reader(source, SIZE) } else { upload.from_seekable(source) }.unwrap();
        assert_eq!((done.bytes, done.crc64, done.verified), (SIZE, digest.sum64(), true));
        assert_eq!(setup.fake.files()[0].crc64, digest.sum64());
        assert_eq!(furthest.into_inner(), SIZE);
        let ahead = worst.into_inner();
        assert!(ahead <= connections as u64 * LARGE_PART, "{ahead} bytes ahead over {connections}");
    }
}

#[test]
fn sixteen_concurrent_uploads_succeed() {
    let setup = Setup::new();
    let contents: Vec<Vec<u8>> = (0..16_u64)
        .map(|n| {
            let size = n * 30_000 + 1;
            Content::pattern_with_seed(size, n).bytes(0..size)
        })
        .collect();
    thread::scope(|scope| {
        for (n, bytes) in contents.iter().enumerate() {
            let setup = &setup;
            scope.spawn(move || {
                let upload = if n % 2 == 0 { setup.upload() } else { setup.in_parts().parallel(1 + n % 3) };
                let name = format!("file-{n}.bin");
                let done = SourceKind::ALL[n / 2 % 4].run(upload.name(&name), bytes).unwrap();
                assert_eq!((done.dentry.name.as_deref(), done.verified), (Some(name.as_str()), true));
                setup.assert_stored(&done, bytes);
            });
        }
    });
    assert_eq!((setup.fake.files().len(), setup.count(Target::Commit)), (16, 16));
    assert_eq!(setup.count(Target::Token), 1);
}
