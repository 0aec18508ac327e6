//! The structs of optional parameters, one per operation that has any.

/// Declares an options struct: private fields, one documented setter each, and nothing on the wire that was not set.
macro_rules! options {
    (
        $(#[$meta:meta])*
        $name:ident { $($(#[$doc:meta])* $field:ident: $type:ty,)+ }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        #[must_use = "options do nothing until they are passed to their function"]
        pub struct $name {
            $(#[serde(skip_serializing_if = "Option::is_none")] $field: Option<$type>,)+
        }

        impl $name {
            /// Nothing set: the vendor's defaults.
            ///
            /// ```
            #[doc = concat!("use dingtalk_files::", stringify!($name), ";")]
            ///
            #[doc = concat!("assert_eq!(", stringify!($name), "::new(), ", stringify!($name), "::default());")]
            /// ```
            pub fn new() -> Self {
                Self::default()
            }

            $($(#[$doc])*
            ///
            /// ```
            #[doc = concat!("use dingtalk_files::", stringify!($name), ";")]
            ///
            #[doc = concat!("let options = ", stringify!($name), "::new().", stringify!($field), "(Default::default());")]
            #[doc = concat!("assert_ne!(options, ", stringify!($name), "::new());")]
            /// ```
            pub fn $field(mut self, $field: $type) -> Self {
                self.$field = Some($field);
                self
            })+

            pub(crate) fn is_unset(&self) -> bool {
                $(self.$field.is_none())&&+
            }
        }
    };
}
pub(crate) use options;
