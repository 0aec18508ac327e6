//! Structs of optional parameters, one per operation that has any.

/// Declares an options struct: private fields, one documented setter each. Fields that were not set are not sent.
///
/// A field is `name: type = a value for its example`, or `name: type as the type of its setter's argument = ..`. If the
/// name on the wire is not the camel case of the field's name, the name on the wire follows in parentheses. Fields that
/// the vendor puts beside `option` and not into it come last, under `top_level`. They are set like the others, but the
/// function has to send them.
macro_rules! options {
    (@setter $name:ident $(#[$doc:meta])* $field:ident: $type:ty as $taken:ty = $example:expr) => {
        $(#[$doc])*
        ///
        /// ```
        #[doc = concat!("use dingtalk_files::", stringify!($name), ";")]
        ///
        #[doc = concat!("let options = ", stringify!($name), "::new().", stringify!($field), "(", stringify!($example), ");")]
        #[doc = concat!("assert_ne!(options, ", stringify!($name), "::new());")]
        /// ```
        #[inline]
        pub fn $field(mut self, $field: $taken) -> Self {
            self.$field = Some($field.into());
            self
        }
    };
    (@setter $name:ident $(#[$doc:meta])* $field:ident: $type:ty = $example:expr) => {
        options! { @setter $name $(#[$doc])* $field: $type as $type = $example }
    };
    (
        $(#[$meta:meta])*
        $name:ident { $($(#[$doc:meta])* $field:ident $(($wire:literal))?: $type:ty $(as $taken:ty)? = $example:expr,)+ }
        $(top_level {
            $($(#[$top_level_doc:meta])* $top_level:ident: $top_level_type:ty $(as $top_level_taken:ty)? = $top_level_example:expr,)+
        })?
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        #[must_use = "options do nothing until they are passed to their function"]
        pub struct $name {
            $(
                #[serde(skip_serializing_if = "Option::is_none" $(, rename = $wire)?)]
                pub(crate) $field: Option<$type>,
            )+
            $($(#[serde(skip)] pub(crate) $top_level: Option<$top_level_type>,)+)?
        }

        impl $name {
            /// Creates options with nothing set: the vendor's defaults.
            ///
            /// ```
            #[doc = concat!("use dingtalk_files::", stringify!($name), ";")]
            ///
            #[doc = concat!("assert_eq!(", stringify!($name), "::new(), ", stringify!($name), "::default());")]
            /// ```
            pub fn new() -> Self {
                Self::default()
            }

            $(options! { @setter $name $(#[$doc])* $field: $type $(as $taken)? = $example })+
            $($(options! {
                @setter $name $(#[$top_level_doc])* $top_level: $top_level_type $(as $top_level_taken)? = $top_level_example
            })+)?

            /// Returns the options, if any field was set that goes into `option`.
            #[allow(dead_code, reason = "options inside of options are sent as they are")]
            #[inline]
            pub(crate) fn if_set(&self) -> Option<&Self> {
                let set = $(self.$field.is_some())||+;
                set.then_some(self)
            }
        }
    };
}
pub(crate) use options;
