//! Decides which failures are retried, how often, and after how long. Pure: no clock, no randomness, no I/O.

use std::time::Duration;

use crate::base::error::{Error, NetworkStage};

/// Number of retries of a failed request, and the waits between them.
///
/// The policy does not decide *which* requests are retried: a request that may have taken effect is repeated only if
/// running it twice does no harm.
///
/// ```no_run
/// use std::time::Duration;
/// use dingtalk_files::{Client, RetryPolicy};
///
/// let patient = RetryPolicy::new().max_retries(10).max_delay(Duration::from_secs(60));
/// let client = Client::builder().access_token("token").retry(patient).build()?;
/// # Ok::<(), dingtalk_files::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct RetryPolicy {
    max_retries: u32,
    base_delay: Duration,
    max_delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { max_retries: 5, base_delay: Duration::from_millis(250), max_delay: Duration::from_secs(20) }
    }
}

impl RetryPolicy {
    /// Returns the default policy: 5 retries, with waits that double from 250 milliseconds up to 20 seconds.
    ///
    /// Random jitter shortens each wait. A throttled call waits at least one second, doubling, and jitter adds up to
    /// one more second.
    ///
    /// ```
    /// use dingtalk_files::RetryPolicy;
    ///
    /// assert_eq!(RetryPolicy::new(), RetryPolicy::default());
    /// ```
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns a policy without retries: the first failure is final.
    ///
    /// An expired token is still replaced once, and a download still tries each of its URLs once.
    ///
    /// ```
    /// use dingtalk_files::RetryPolicy;
    ///
    /// let impatient = RetryPolicy::none();
    /// assert_ne!(impatient, RetryPolicy::new());
    /// ```
    pub fn none() -> Self {
        Self { max_retries: 0, ..Self::default() }
    }

    /// Sets the number of retries after the first attempt. A download counts only attempts without progress.
    ///
    /// ```
    /// use dingtalk_files::RetryPolicy;
    ///
    /// let policy = RetryPolicy::new().max_retries(2);
    /// # let _ = policy;
    /// ```
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.max_retries = retries;
        self
    }

    /// Sets the upper bound of the first wait. The bound doubles with each further retry.
    ///
    /// ```
    /// use dingtalk_files::RetryPolicy;
    /// use std::time::Duration;
    ///
    /// let policy = RetryPolicy::new().base_delay(Duration::from_secs(1));
    /// # let _ = policy;
    /// ```
    pub fn base_delay(mut self, delay: Duration) -> Self {
        self.base_delay = delay;
        self
    }

    /// Sets the longest wait, even if a server requests a longer one. At most one day.
    ///
    /// ```
    /// use dingtalk_files::RetryPolicy;
    /// use std::time::Duration;
    ///
    /// let policy = RetryPolicy::new().max_delay(Duration::from_secs(60));
    /// # let _ = policy;
    /// ```
    pub fn max_delay(mut self, delay: Duration) -> Self {
        self.max_delay = delay.min(A_DAY);
        self
    }

    pub(crate) fn allows(&self, retries_so_far: u32) -> bool {
        retries_so_far < self.max_retries
    }

    /// Returns the wait with full jitter: between zero and `base · 2ⁿ`, capped, and at least the wait that the server
    /// requested, also capped. `jitter` is in `0.0..1.0`.
    pub(crate) fn wait(&self, retries_so_far: u32, asked: Option<Duration>, jitter: f64) -> Duration {
        let backoff = self.doubled(self.base_delay, retries_so_far).mul_f64(jitter);
        backoff.max(asked.unwrap_or_default().min(self.max_delay))
    }

    fn doubled(&self, first: Duration, times: u32) -> Duration {
        first.saturating_mul(1u32 << times.min(20)).min(self.max_delay)
    }
}

/// Upper limit of a wait. Nobody wants to wait longer, and sums of waits stay far from an overflow.
const A_DAY: Duration = Duration::from_secs(86_400);

/// Action to take after a failed API call.
#[derive(Debug, PartialEq)]
pub(crate) enum RetryDecision {
    /// Wait, then send the same request again.
    After(Duration),
    /// Drop the token, fetch a new one, and send the same request again.
    WithNewToken,
    /// Return the error to the caller.
    Fail,
}

/// State of a call when an attempt fails.
pub(crate) struct AttemptState {
    /// Retries so far, not counting the replacement of the token.
    pub(crate) retries: u32,
    /// The token was already replaced.
    pub(crate) token_replaced: bool,
    /// Running the call twice has the same effect as running it once.
    pub(crate) repeatable: bool,
    /// The wait that the server requested.
    pub(crate) retry_after: Option<Duration>,
}

/// Shortest wait after throttling. DingTalk's limits are per second or longer, so a shorter wait wastes a call.
const THROTTLE_WAIT: Duration = Duration::from_secs(1);

/// Most retries after an errcode of -1: the vendor's limit.
const BUSY_RETRIES: u32 = 3;

/// Decides what to do after a failed API call. `jitter` is in `0.0..1.0`.
pub(crate) fn after_failure(
    policy: &RetryPolicy,
    error: &Error,
    tries: &AttemptState,
    jitter: f64,
) -> RetryDecision {
    // DingTalk checks the token before the operation, so nothing ran.
    if matches!(error, Error::Api(e) if e.is_token_refused()) {
        return if tries.token_replaced { RetryDecision::Fail } else { RetryDecision::WithNewToken };
    }
    if !policy.allows(tries.retries) {
        return RetryDecision::Fail;
    }
    let wait = policy.wait(tries.retries, tries.retry_after, jitter);
    // The gateway throttles before the operation runs, so even a send may be repeated.
    if matches!(error, Error::Api(e) if e.is_throttled()) {
        let polite = policy.doubled(THROTTLE_WAIT, tries.retries).max(THROTTLE_WAIT);
        return RetryDecision::After(wait.max(polite + THROTTLE_WAIT.mul_f64(jitter)));
    }
    if matches!(error, Error::Api(e) if e.is_busy()) && tries.retries >= BUSY_RETRIES {
        return RetryDecision::Fail;
    }
    // Only the transport knows that nothing of the operation was sent; the kind of the error does not show it.
    let nothing_ran = matches!(error, Error::Network(e) if e.stage == NetworkStage::Connect);
    if error.is_transient() && (tries.repeatable || nothing_ran) {
        return RetryDecision::After(wait);
    }
    RetryDecision::Fail
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::error::{ApiAnswer, ApiError, NetworkError, classify};

    fn answer(status: u16, body: &str) -> Error {
        let kind = ApiAnswer {
            operation: "POST /x",
            reads: false,
            status,
            content_type: None,
            request_id: None,
            retry_after: None,
            body: body.into(),
        };
        classify(&kind, &[]).unwrap_err()
    }

    fn api(status: u16, code: &str) -> Error {
        answer(status, &format!(r#"{{"code":"{code}"}}"#))
    }

    fn network(stage: NetworkStage, tls: bool) -> Error {
        let error = NetworkError::new("POST /x", "https://h/x", stage, "cut");
        NetworkError { tls, hopeless: tls, ..error }.into()
    }

    fn verdict(error: &Error, repeatable: bool, retries: u32) -> RetryDecision {
        let tries = AttemptState { retries, token_replaced: false, repeatable, retry_after: None };
        after_failure(&RetryPolicy::new(), error, &tries, 0.5)
    }

    /// (failure, decision for a read, decision for a send)
    #[test]
    fn each_failure_has_its_retry_decision() {
        let short = || RetryDecision::After(Duration::from_millis(125));
        let second = || RetryDecision::After(Duration::from_millis(1500));
        let table = [
            (api(403, "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"), second(), second()),
            (api(403, "Forbidden.AccessDenied.QpmLimitForAppkeyAndApi"), second(), second()),
            (api(429, "anything"), second(), second()),
            (api(503, "system.busy"), second(), second()),
            (
                api(403, "Forbidden.AccessDenied.ApiCountLimitForOrg"),
                RetryDecision::Fail,
                RetryDecision::Fail,
            ),
            (
                api(429, "Forbidden.AccessDenied.ApiCountLimitForOrg"),
                RetryDecision::Fail,
                RetryDecision::Fail,
            ),
            (
                api(503, "Forbidden.AccessDenied.ApiCountLimitForOrg"),
                RetryDecision::Fail,
                RetryDecision::Fail,
            ),
            (api(403, "Forbidden.AccessDenied.IpNotInWhiteList"), RetryDecision::Fail, RetryDecision::Fail),
            (
                api(403, "Forbidden.AccessDenied.AccessTokenPermissionDenied"),
                RetryDecision::Fail,
                RetryDecision::Fail,
            ),
            (api(400, "permissionDenied"), RetryDecision::Fail, RetryDecision::Fail),
            (api(400, "fileArchived"), RetryDecision::Fail, RetryDecision::Fail),
            (api(400, "InvalidAuthentication"), RetryDecision::WithNewToken, RetryDecision::WithNewToken),
            (api(401, ""), RetryDecision::WithNewToken, RetryDecision::WithNewToken),
            (api(400, "invalidClientIdOrSecret"), RetryDecision::Fail, RetryDecision::Fail),
            (api(400, "operationConcurrentControl"), short(), RetryDecision::Fail),
            (api(500, "systemError"), short(), RetryDecision::Fail),
            (api(503, "operationTimeout"), short(), RetryDecision::Fail),
            (answer(502, "<html>"), short(), RetryDecision::Fail),
            (answer(200, "<html>"), RetryDecision::Fail, RetryDecision::Fail),
            (answer(500, r#"{"status":1111,"wait":5}"#), RetryDecision::Fail, RetryDecision::Fail),
            (network(NetworkStage::Connect, false), short(), short()),
            (network(NetworkStage::Connect, true), RetryDecision::Fail, RetryDecision::Fail),
            (network(NetworkStage::Answer, false), short(), RetryDecision::Fail),
            (network(NetworkStage::Body, false), short(), RetryDecision::Fail),
        ];
        for (error, read, send) in table {
            assert_eq!(verdict(&error, true, 0), read, "read: {error}");
            assert_eq!(verdict(&error, false, 0), send, "send: {error}");
            let still = matches!(read, RetryDecision::WithNewToken);
            assert!(still || verdict(&error, true, 5) == RetryDecision::Fail, "budget: {error}");
        }
    }

    /// (errcode, sub code, decision for a read, decision for a send)
    #[test]
    fn each_errcode_of_the_old_host_has_its_retry_decision() {
        let short = || RetryDecision::After(Duration::from_millis(125));
        let second = || RetryDecision::After(Duration::from_millis(1500));
        let new_token = || RetryDecision::WithNewToken;
        let table = [
            ("40014", None, new_token(), new_token()),
            ("40001", None, new_token(), new_token()),
            ("42001", None, new_token(), new_token()),
            ("41001", None, new_token(), new_token()),
            ("88", Some("40014"), new_token(), new_token()),
            ("88", None, RetryDecision::Fail, RetryDecision::Fail),
            ("88", Some("60011"), RetryDecision::Fail, RetryDecision::Fail),
            ("60020", None, RetryDecision::Fail, RetryDecision::Fail),
            ("90018", None, second(), second()),
            ("90007", None, second(), second()),
            ("90002", None, second(), second()),
            ("88", Some("90018"), second(), second()),
            ("90020", None, RetryDecision::Fail, RetryDecision::Fail),
            ("33012", None, RetryDecision::Fail, RetryDecision::Fail),
            ("-1", None, short(), RetryDecision::Fail),
        ];
        for (code, sub_code, read, send) in table {
            let error = ApiError {
                operation: "POST /x",
                status: 200,
                code: code.to_owned(),
                message: String::new(),
                request_id: None,
                required_scopes: Vec::new(),
                sub_code: sub_code.map(str::to_owned),
                reads: false,
            };
            let error = error.into();
            assert_eq!(verdict(&error, true, 0), read, "read: {error}");
            assert_eq!(verdict(&error, false, 0), send, "send: {error}");
            let patient = RetryPolicy::new().max_retries(100);
            let tries =
                AttemptState { retries: 3, token_replaced: true, repeatable: true, retry_after: None };
            let again = matches!(after_failure(&patient, &error, &tries, 0.5), RetryDecision::After(_));
            assert_eq!(again, read == second(), "a fourth retry: {error}");
        }
    }

    #[test]
    fn a_refused_token_is_replaced_only_once() {
        let refused: Error = api(400, "InvalidAuthentication");
        let tries = AttemptState { retries: 0, token_replaced: true, repeatable: true, retry_after: None };
        assert_eq!(after_failure(&RetryPolicy::new(), &refused, &tries, 0.5), RetryDecision::Fail);
    }

    #[test]
    fn retry_after_is_honoured_up_to_the_cap() {
        let busy = api(500, "systemError");
        for (asked, waited) in [(7, 7), (3600, 20)] {
            let tries = AttemptState {
                retries: 0,
                token_replaced: false,
                repeatable: true,
                retry_after: Some(Duration::from_secs(asked)),
            };
            let next = after_failure(&RetryPolicy::new(), &busy, &tries, 0.5);
            assert_eq!(next, RetryDecision::After(Duration::from_secs(waited)));
        }
    }

    #[test]
    fn waits_double_up_to_the_cap_and_never_overflow() {
        let policy = RetryPolicy::new();
        let waits: Vec<u128> =
            [0, 1, 2, 3, 6, 7, 31, u32::MAX].map(|n| policy.wait(n, None, 1.0).as_millis()).to_vec();
        assert_eq!(waits, [250, 500, 1000, 2000, 16_000, 20_000, 20_000, 20_000]);
        assert_eq!(policy.wait(5, None, 0.0), Duration::ZERO);
        assert!(!RetryPolicy::none().allows(0));
        let huge = policy.base_delay(Duration::MAX).max_delay(Duration::MAX);
        assert_eq!(huge.wait(40, Some(Duration::MAX), 0.5), A_DAY);
    }

    #[test]
    fn an_api_error_without_a_code_is_final() {
        let e = ApiError {
            operation: "POST /x",
            status: 400,
            code: String::new(),
            message: String::new(),
            request_id: None,
            required_scopes: Vec::new(),
            sub_code: None,
            reads: false,
        };
        assert_eq!(verdict(&e.into(), true, 0), RetryDecision::Fail);
    }
}
