//! Ids that must not be mixed up, and words that are kept as the vendor sent them.

/// The unionId of a person: one id per person across all apps of an organisation.
///
/// The unionId has its own type because it always stands beside other ids, which are plain strings. Each function
/// documents whether the person acts or receives. A userid is a different id.
///
/// ```
/// use dingtalk_files::UnionId;
///
/// let operator = UnionId("union-1");
/// assert_eq!(operator.0, "union-1");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UnionId<'a>(pub &'a str);

/// The userid of a person: an id within one organisation, which some operations require.
///
/// [`Topapi::user_get`](crate::Topapi::user_get) returns the unionId of a userid.
///
/// ```
/// use dingtalk_files::UserId;
///
/// let person = UserId("user-1");
/// assert_eq!(person.0, "user-1");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserId<'a>(pub &'a str);

/// Converts the id for options that name a person.
impl From<UnionId<'_>> for String {
    fn from(person: UnionId<'_>) -> Self {
        person.0.to_owned()
    }
}

/// Declares an enum of the vendor's words. The set may grow, so unknown words are kept in `Other`. The words after the
/// name state whether the enum is `sent`, `received`, or both.
macro_rules! string_enum {
    (
        $(#[$meta:meta])*
        $name:ident: $($direction:ident),+ { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }
    ) => {
        $(#[$meta])*
        ///
        /// ```
        #[doc = concat!("use dingtalk_files::", stringify!($name), ";")]
        ///
        #[doc = concat!("let word = ", stringify!($name), "::from(\"A_NEW_WORD\".to_owned());")]
        #[doc = concat!("assert_eq!(word, ", stringify!($name), "::Other(\"A_NEW_WORD\".to_owned()));")]
        /// assert_eq!(word.as_str(), "A_NEW_WORD");
        /// ```
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)+
            /// A word that this version of the crate does not know.
            Other(String),
        }

        impl $name {
            /// Returns the word on the wire.
            #[inline]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<String> for $name {
            #[inline]
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => Self::$variant,)+
                    _ => Self::Other(word),
                }
            }
        }

        impl std::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        $(string_enum! { @$direction $name })+
    };
    (@sent $name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
    (@received $name:ident) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer).map(Self::from)
            }
        }
    };
}
pub(crate) use string_enum;
