//! The faults: some lists must be survived, the others must cause an error.
//!
//! `CloseAfterAnswer` is not used for calls: a send over such a connection rightly fails, because the client cannot
//! know whether it ran.

use std::time::Duration;

use dingtalk_files::testing::{Content, Fault, Target};

use crate::random::Random;

const QPS: &str = "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi";

/// Returns a stall. Stalls cost real time, so they are rare and only used with a stall timeout of one second.
///
/// `StallUploadAfter` is not used, because its resources in the fake are only released with the fake.
pub(crate) fn silence(random: &mut Random) -> Fault {
    let bytes = random.below(3);
    random.pick(vec![Fault::StallBeforeAnswer, Fault::StallAfter(bytes)])
}

/// Returns a fault that a repeatable call survives, including a token call.
pub(crate) fn survived_by_call(random: &mut Random) -> Fault {
    random.pick(vec![
        Fault::api_error(403, QPS),
        Fault::api_error(500, "systemError"),
        Fault::api_error(503, "operationTimeout").header("Retry-After", "3"),
        Fault::html(502, "<html>bad gateway</html>"),
        Fault::status(504),
        Fault::CloseWithoutAnswer,
        Fault::RefuseBeforeReading,
        Fault::CutAfter(3),
        Fault::ResetAfter(3),
        Fault::Slow { bytes: 20, pause: Duration::from_millis(1) },
        Fault::Chunked,
    ])
}

/// Returns a fault after which a send has certainly not run, so that it is repeated.
pub(crate) fn survived_by_send(random: &mut Random) -> Fault {
    random.pick(vec![
        Fault::api_error(403, QPS),
        Fault::api_error(401, "InvalidAuthentication"),
        Fault::Slow { bytes: 20, pause: Duration::from_millis(1) },
        Fault::Chunked,
        Fault::NoContentLength,
    ])
}

/// Returns a fault that fails a send, which in most cases may have run.
pub(crate) fn fatal_for_send(random: &mut Random) -> Fault {
    random.pick(vec![
        Fault::api_error(500, "systemError"),
        Fault::html(502, "<html>bad gateway</html>"),
        Fault::CloseWithoutAnswer,
        Fault::CutAfter(3),
        Fault::ResetAfter(3),
        Fault::api_error(403, "permissionDenied"),
    ])
}

/// Returns a fault that fails any call.
pub(crate) fn fatal_for_call(random: &mut Random) -> Fault {
    random.pick(vec![
        Fault::api_error(403, "permissionDenied"),
        Fault::api_error(403, "Forbidden.AccessDenied.IpNotInWhiteList"),
        Fault::missing_scope("Storage.DownloadInfo.Read"),
        Fault::json(200, "{ broken"),
        Fault::html(200, "<html>please wait</html>"),
        Fault::json(200, serde_json::json!({"status": 1111, "wait": 5, "source": "x5", "punish": "deny"})),
        Fault::Redirect { status: 302, location: "http://elsewhere.invalid/".to_owned() },
        Fault::EndlessBody { status: 200, content_type: "application/json".to_owned() },
    ])
}

/// Returns a fault that the GET of an object or of a range survives.
pub(crate) fn survived_by_download(random: &mut Random, size: u64) -> Fault {
    let offset = random.below(size);
    random.pick(vec![
        Fault::CutAfter(offset),
        Fault::CutAfter(offset),
        Fault::ResetAfter(offset),
        Fault::CloseWithoutAnswer,
        Fault::RefuseBeforeReading,
        Fault::CloseAfterAnswer,
        Fault::Slow { bytes: 64 * 1024, pause: Duration::from_millis(1) },
        Fault::IgnoreRange,
        Fault::ShortRange(offset + 1),
        Fault::StrictRanges,
        Fault::ETag(None),
        Fault::Crc(None),
        Fault::object_error(503, "ServiceUnavailable").header("Retry-After", "3"),
        Fault::object_error(500, "InternalError"),
        Fault::object_error(403, "AccessDenied"),
        Fault::object_error(403, "RequestTimeTooSkewed"),
        Fault::status(502),
        Fault::Several(vec![Fault::CutAfter(offset), Fault::ETag(None)]),
        Fault::Several(vec![
            Fault::Slow { bytes: 64 * 1024, pause: Duration::from_millis(1) },
            Fault::ResetAfter(offset),
        ]),
    ])
}

/// Returns a fault that fails the download of a whole nonempty object, over any number of connections.
pub(crate) fn fatal_for_download(random: &mut Random, size: u64) -> Vec<(Target, Fault)> {
    let one = |fault| vec![(Target::Object, fault)];
    random.pick(vec![
        one(Fault::CorruptByte(0)),
        one(Fault::Several(vec![Fault::CorruptByte(0), Fault::Slow { bytes: 9999, pause: Duration::ZERO }])),
        one(Fault::Crc(Some("1".to_owned()))),
        one(Fault::GzipHeader),
        one(Fault::ContentRange(Some(format!("bytes 1-{size}/{}", size + 1)))),
        one(Fault::ContentRange(Some("bytes nonsense".to_owned()))),
        one(Fault::object_error(404, "NoSuchKey")),
        one(Fault::object_error(403, "UserDisable")),
        one(Fault::Redirect { status: 307, location: "http://elsewhere.invalid/".to_owned() }),
    ])
}

/// Returns faults that replace the object after its first byte.
pub(crate) fn changes(content: Content) -> Vec<(Target, Fault)> {
    vec![(Target::Object, Fault::CutAfter(1)), (Target::Object, Fault::ReplaceObject(content))]
}

/// Returns a fault that a PUT survives.
pub(crate) fn survived_by_upload(random: &mut Random, size: u64) -> Fault {
    let offset = random.below(size);
    random.pick(vec![
        Fault::ResetUploadAfter(offset),
        Fault::RefuseUploadAfter { bytes: offset, status: 503, code: "ServiceUnavailable".to_owned() },
        Fault::CorruptUpload(offset),
        Fault::SlowUpload { bytes: 64 * 1024, pause: Duration::from_millis(1) },
        Fault::CloseWithoutAnswer,
        Fault::RefuseBeforeReading,
        Fault::CloseAfterAnswer,
        Fault::Crc(None),
        Fault::object_error(503, "ServiceUnavailable").header("Retry-After", "3"),
        Fault::object_error(403, "AccessDenied"),
        Fault::object_error(403, "RequestTimeTooSkewed"),
        Fault::object_error(400, "RequestTimeout"),
    ])
}

/// Returns a fault that fails an upload at its upload info or its PUT.
pub(crate) fn fatal_for_upload(random: &mut Random) -> Vec<(Target, Fault)> {
    let target = random.pick(vec![Target::UploadInfo, Target::Put]);
    let fault = match target {
        Target::Put => random.pick(vec![
            Fault::object_error(400, "InvalidArgument"),
            Fault::object_error(403, "UserDisable"),
            Fault::Redirect { status: 302, location: "http://elsewhere.invalid/".to_owned() },
        ]),
        _ => fatal_for_call(random),
    };
    vec![(target, fault)]
}
