use std::time::Duration;

use super::*;
use crate::base::clock::MonotonicClock;
use crate::client::retry::RetryPolicy;
use crate::transfer::monitor::Monitor;

/// Serves one body under one head, whatever is asked.
struct Canned(ResponseHead, &'static [u8]);

impl Origin for Canned {
    type Body = &'static [u8];

    fn get(
        &mut self,
        _: &SignedUrls,
        _: &str,
        _: RequestedRange,
        _: Option<&str>,
    ) -> Result<(ResponseHead, Self::Body)> {
        Ok((self.0.clone(), self.1))
    }

    fn renew(&mut self) -> Option<Result<SignedUrls>> {
        None
    }
}

struct Void;

impl Sink for Void {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn ticket() -> SignedUrls {
    let urls = vec!["http://h/o".into()];
    SignedUrls { urls, headers: Vec::new(), life: None, signed_at: Duration::ZERO, first: 0 }
}

fn first_five(body: &'static [u8], length: Option<u64>) -> Result<u64> {
    let head = ResponseHead {
        status: 206,
        content_range: Some("bytes 0-4/9".into()),
        length,
        ..ResponseHead::default()
    };
    let (policy, clock) = (RetryPolicy::none(), MonotonicClock::start());
    let monitor = Monitor::new(&clock, None, None);
    let limits = Limits { policy: &policy, deadline: None, max_bytes: None, monitor: &monitor };
    let order =
        Order { want: RequestedRange::Span { start: 0, end: Some(5) }, object: None, or_whole: false };
    let pulled = pull(&mut Canned(head, body), ticket(), order, &mut Void, &limits)?;
    Ok(pulled.range.end - pulled.range.start)
}

/// No socket can do this, for ureq ends a body at its length. A build in which another crate switched on ureq's
/// `charset` or `gzip` can: the latter also takes the length away.
#[test]
fn a_body_that_was_rewritten_on_the_way_is_an_error() {
    for length in [Some(5), None] {
        assert_eq!(first_five(b"12345", length).unwrap(), 5);
        let error = first_five(b"123456", length).unwrap_err();
        let announced = Problem::WrongLength { announced: 5 };
        assert!(matches!(&error, Error::Answer(e) if e.problem == announced), "{error}");
    }
    let shorter = first_five(b"1234", Some(5)).unwrap_err();
    assert!(matches!(&shorter, Error::Answer(e) if e.problem == Problem::WrongLength { announced: 5 }));
    let cut = first_five(b"1234", None).unwrap_err();
    assert!(matches!(cut, Error::Interrupted { written: 4, .. }), "{cut}");
}

/// One answer after the other. A body that is `None` breaks off at once.
struct Sequence(Vec<(ResponseHead, Option<&'static [u8]>)>);

impl Origin for Sequence {
    type Body = Box<dyn Read>;

    fn get(
        &mut self,
        _: &SignedUrls,
        _: &str,
        _: RequestedRange,
        _: Option<&str>,
    ) -> Result<(ResponseHead, Self::Body)> {
        let (head, body) = self.0.remove(0);
        Ok((head, body.map_or_else(|| Box::new(Broken) as Self::Body, |bytes| Box::new(bytes))))
    }

    fn renew(&mut self) -> Option<Result<SignedUrls>> {
        None
    }
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

fn whole(etag: Option<&str>, length: Option<u64>, crc64: Option<u64>) -> ResponseHead {
    let etag = etag.map(str::to_owned);
    ResponseHead { status: 200, etag, length, crc64, chunked: length.is_none(), ..ResponseHead::default() }
}

/// Everything is wanted of an object that changes behind the first of these answers, before anything is written.
fn all_of(answers: Vec<(ResponseHead, Option<&'static [u8]>)>) -> Result<DownloadedRange> {
    let policy = RetryPolicy::new().base_delay(Duration::ZERO);
    let clock = MonotonicClock::start();
    let monitor = Monitor::new(&clock, None, None);
    let limits = Limits { policy: &policy, deadline: None, max_bytes: None, monitor: &monitor };
    let order = Order { want: RequestedRange::WHOLE, object: None, or_whole: false };
    pull(&mut Sequence(answers), ticket(), order, &mut Void, &limits)
}

/// Found by fuzzing, as is the next: the second answer tells neither ETag nor size.
#[test]
fn the_size_of_one_object_is_not_the_end_of_another() {
    let part =
        ResponseHead { status: 206, content_range: Some("bytes 0-2/*".into()), ..ResponseHead::default() };
    let pulled = all_of(vec![
        (whole(Some("\"old\""), Some(3), None), None),
        (part, Some(b"new")),
        (whole(Some("\"new\""), Some(10), None), Some(b"new object")),
    ])
    .unwrap();
    assert_eq!((pulled.range, pulled.object.total), (0..10, Some(10)));
}

#[test]
fn the_checksum_of_one_object_is_not_held_against_another() {
    let new = || (whole(Some("\"new\""), Some(10), None), Some(b"new object".as_slice()));
    let pulled = all_of(vec![(whole(None, None, Some(1)), None), new(), new()]).unwrap();
    assert_eq!((pulled.range.clone(), pulled.verify().unwrap()), (0..10, false));
}

/// Signatures that have lapsed when they come, for two URLs that both fail.
struct Lapsed {
    status: u16,
    gets: u32,
    renewals: u32,
    urls: usize,
}

impl Lapsed {
    fn ticket(&self) -> SignedUrls {
        let urls = (0..self.urls).map(|n| format!("http://h/{n}")).collect();
        SignedUrls { urls, life: Some(Duration::ZERO), ..ticket() }
    }
}

impl Origin for Lapsed {
    type Body = &'static [u8];

    fn get(
        &mut self,
        _: &SignedUrls,
        _: &str,
        _: RequestedRange,
        _: Option<&str>,
    ) -> Result<(ResponseHead, Self::Body)> {
        self.gets += 1;
        assert!(self.gets < 100, "without end");
        Err(StorageError::read(self.status, "h", None, b"", &[]).into())
    }

    fn renew(&mut self) -> Option<Result<SignedUrls>> {
        self.renewals += 1;
        // Also where it is another number of URLs each time.
        self.urls = if self.status == 404 { 2 + self.urls % 2 } else { 2 };
        Some(Ok(self.ticket()))
    }
}

#[test]
fn signatures_that_have_lapsed_already_are_renewed_a_few_times_only() {
    for status in [403, 404, 503] {
        let (policy, clock) = (RetryPolicy::none(), MonotonicClock::start());
        let monitor = Monitor::new(&clock, None, None);
        let limits = Limits { policy: &policy, deadline: None, max_bytes: None, monitor: &monitor };
        let order = Order { want: RequestedRange::WHOLE, object: None, or_whole: false };
        let mut origin = Lapsed { status, gets: 0, renewals: 0, urls: 2 };
        let first = origin.ticket();
        let Err(Error::Storage(error)) = pull(&mut origin, first, order, &mut Void, &limits) else {
            panic!("{status}");
        };
        assert_eq!(error.status, status);
        assert!(origin.renewals <= 3, "{status}: {} renewals", origin.renewals);
    }
}
