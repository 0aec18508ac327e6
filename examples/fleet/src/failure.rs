//! The end of a command without success: a text and an exit code.

use dingtalk_files::Error;

#[derive(Debug)]
pub struct Failure {
    pub text: String,
    pub exit_code: u8,
}

impl Failure {
    pub fn new(exit_code: u8, text: impl Into<String>) -> Self {
        Self { text: text.into(), exit_code }
    }

    pub fn usage(text: &str) -> Self {
        Self::new(2, format!("{text} (see --help)"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::new(exit_code(&error), error.to_string())
    }
}

fn exit_code(error: &Error) -> u8 {
    match error.root() {
        Error::Config(_) | Error::InvalidArgument(_) => 2,
        // The source is `RedisToken`: either DingTalk refused to issue a token, or Redis failed.
        Error::TokenSource(cause) => cause.downcast_ref::<Error>().map_or(3, exit_code),
        e if e.is_not_found() || e.is_permission_denied() || e.is_authentication() => 4,
        e if e.is_transient() || e.retry_after().is_some() || e.code() == Some("fileArchived") => 3,
        _ => 1,
    }
}

impl From<redis::RedisError> for Failure {
    fn from(error: redis::RedisError) -> Self {
        let exit_code = match error.kind() {
            redis::ErrorKind::InvalidClientConfig => 2,
            redis::ErrorKind::AuthenticationFailed => 4,
            // Redis is down, restarting or loading its data.
            _ => 3,
        };
        Self::new(exit_code, format!("Redis: {error}"))
    }
}

impl From<serde_json::Error> for Failure {
    fn from(error: serde_json::Error) -> Self {
        Self::new(
            1,
            format!(
                "the job in Redis is not readable, perhaps from another version of this program: {error}"
            ),
        )
    }
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Self::usage(&error.to_string())
    }
}
