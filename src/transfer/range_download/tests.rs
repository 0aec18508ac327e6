use std::time::Duration;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::base::clock::MonotonicClock;
use crate::client::retry::RetryPolicy;
use crate::object::signed_urls::SignedUrls;
use crate::transfer::signer::{Generation, GivenUrls, Need, Signature};
use crate::transfer::writer_download::explain;

/// A store that returns the same head and body for every request.
struct Canned(ResponseHead, &'static [u8]);

impl ObjectStore for Canned {
    type Body = &'static [u8];

    fn get(
        &self,
        _: &SignedUrls,
        _: &str,
        _: RequestedRange,
        _: Option<&str>,
    ) -> Result<(ResponseHead, Self::Body)> {
        Ok((self.0.clone(), self.1))
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

fn signed() -> SignedUrls {
    let urls = vec!["http://h/o".into()];
    SignedUrls { urls, headers: Vec::new(), life: None, signed_at: Duration::ZERO }
}

fn download(
    store: &impl ObjectStore,
    signer: &dyn Signer,
    policy: &RetryPolicy,
    range: RequestedRange,
) -> Result<DownloadedRange> {
    let clock = MonotonicClock::start();
    let context = TransferContext::new(&clock, policy);
    let request = PartRequest { range, object: None, or_whole: false };
    download_range(store, signer, request, &mut Void, &context).map_err(explain)
}

fn first_five(body: &'static [u8], length: Option<u64>) -> Result<u64> {
    let head = ResponseHead {
        status: 206,
        content_range: Some("bytes 0-4/9".into()),
        length,
        ..ResponseHead::default()
    };
    let (policy, first_five) = (RetryPolicy::none(), RequestedRange::Span { start: 0, end: Some(5) });
    let downloaded = download(&Canned(head, body), &GivenUrls::new(signed()), &policy, first_five)?;
    Ok(downloaded.range.end - downloaded.range.start)
}

/// A socket cannot produce this, because ureq ends a body at its length. A build in which another crate enabled ureq's
/// `charset` or `gzip` can, and `gzip` also removes the length.
#[test]
fn a_body_that_was_rewritten_in_transit_is_an_error() {
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

/// A store that returns one response after another. A body of `None` breaks off immediately.
struct Sequence(RefCell<VecDeque<Reply>>);

type Reply = (ResponseHead, Option<&'static [u8]>);

impl ObjectStore for Sequence {
    type Body = Box<dyn Read>;

    fn get(
        &self,
        _: &SignedUrls,
        _: &str,
        _: RequestedRange,
        _: Option<&str>,
    ) -> Result<(ResponseHead, Self::Body)> {
        let (head, body) = self.0.borrow_mut().pop_front().unwrap();
        Ok((head, body.map_or_else(|| Box::new(Broken) as Self::Body, |bytes| Box::new(bytes))))
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

/// Requests the whole of an object that changes after the first of these responses, before anything is written.
fn all_of(answers: Vec<Reply>) -> Result<DownloadedRange> {
    let policy = RetryPolicy::new().base_delay(Duration::ZERO);
    let store = Sequence(RefCell::new(answers.into()));
    download(&store, &GivenUrls::new(signed()), &policy, RequestedRange::WHOLE)
}

/// Found by fuzzing, as is the next test: the second response contains neither an ETag nor the size.
#[test]
fn the_size_of_the_old_object_is_not_applied_to_the_new_one() {
    let part = ResponseHead {
        status: 206,
        content_range: Some("bytes 0-2/*".into()),
        request_id: Some("R".into()),
        ..ResponseHead::default()
    };
    let downloaded = all_of(vec![
        (whole(Some("\"old\""), Some(3), None), None),
        (part, Some(b"new")),
        (whole(Some("\"new\""), Some(10), None), Some(b"new object")),
    ])
    .unwrap();
    assert_eq!((downloaded.range, downloaded.object.total), (0..10, Some(10)));
}

#[test]
fn the_checksum_of_the_old_object_is_not_applied_to_the_new_one() {
    let new = || (whole(Some("\"new\""), Some(10), None), Some(b"new object".as_slice()));
    let downloaded = all_of(vec![(whole(None, None, Some(1)), None), new(), new()]).unwrap();
    assert_eq!((downloaded.range.clone(), downloaded.verify().unwrap()), (0..10, false));
}

/// A store that fails every request. The signatures have already expired when they arrive, for two or three URLs.
struct Lapsed {
    status: u16,
    gets: Cell<u32>,
}

impl ObjectStore for Lapsed {
    type Body = &'static [u8];

    fn get(
        &self,
        _: &SignedUrls,
        _: &str,
        _: RequestedRange,
        _: Option<&str>,
    ) -> Result<(ResponseHead, Self::Body)> {
        self.gets.set(self.gets.get() + 1);
        assert!(self.gets.get() < 100, "the requests never end");
        Err(StorageError::read("GET object", (self.status, "h"), None, b"", &[]).into())
    }
}

#[derive(Default)]
struct LapsedUrls {
    asked: AtomicUsize,
}

impl Signer for LapsedUrls {
    fn signature(&self, need: Need) -> Result<Option<Signature>> {
        let asked = self.asked.fetch_add(usize::from(need != Need::First), Ordering::Relaxed);
        let urls = (0..2 + asked % 2).map(|n| format!("http://h/{n}")).collect();
        let urls = SignedUrls { urls, life: Some(Duration::ZERO), ..signed() };
        Ok(Some(Signature {
            urls: urls.into(),
            generation: Generation(asked as u64),
            first: 0,
            is_kept: false,
        }))
    }

    fn worked(&self, _: usize) {}
}

#[test]
fn signatures_that_arrive_expired_are_renewed_only_a_few_times() {
    for status in [403, 404, 503] {
        let (store, signer) = (Lapsed { status, gets: Cell::new(0) }, LapsedUrls::default());
        let Err(Error::Storage(error)) =
            download(&store, &signer, &RetryPolicy::none(), RequestedRange::WHOLE)
        else {
            panic!("{status}");
        };
        assert_eq!(error.status, status);
        let renewals = signer.asked.load(Ordering::Relaxed);
        assert!(renewals <= 3, "{status}: {renewals} renewals");
    }
}

/// A server that returns 412 for every `If-Match`, although the `ETag` is the same. `stated` is the `ETag` in that
/// response.
struct NoIfMatch {
    stated: Option<&'static str>,
    etag: &'static str,
    requests: RefCell<Vec<bool>>,
}

impl ObjectStore for NoIfMatch {
    type Body = Box<dyn Read>;

    fn get(
        &self,
        _: &SignedUrls,
        _: &str,
        range: RequestedRange,
        if_match: Option<&str>,
    ) -> Result<(ResponseHead, Self::Body)> {
        self.requests.borrow_mut().push(if_match.is_some());
        if if_match.is_some() {
            let refused = StorageError::read("GET object", (412, "h"), None, b"", &[]);
            return Err(StorageError { etag: self.stated.map(str::to_owned), ..refused }.into());
        }
        let RequestedRange::Span { start, .. } = range else { panic!("{range:?}") };
        if start == 0 {
            return Ok((whole(Some("E"), Some(10), None), Box::new(b"01234".chain(Broken))));
        }
        let content_range = Some(format!("bytes {start}-9/10"));
        let head = ResponseHead {
            status: 206,
            content_range,
            etag: Some(self.etag.into()),
            ..whole(None, None, None)
        };
        Ok((head, Box::new(&b"56789"[..])))
    }
}

#[test]
fn the_etag_is_compared_if_the_server_does_not_support_if_match() {
    let policy = RetryPolicy::new().base_delay(Duration::ZERO);
    for stated in [None, Some("E"), Some("other")] {
        let store = NoIfMatch { stated, etag: "E", requests: RefCell::default() };
        let downloaded = download(&store, &GivenUrls::new(signed()), &policy, RequestedRange::WHOLE).unwrap();
        assert_eq!((downloaded.range, &store.requests.take()[..]), (0..10, &[false, true, false][..]));
        let store = NoIfMatch { stated, etag: "F", requests: RefCell::default() };
        let changed =
            download(&store, &GivenUrls::new(signed()), &policy, RequestedRange::WHOLE).unwrap_err();
        assert!(matches!(changed, Error::ObjectChanged { written: 5 }), "{changed}");
    }
}
