//! The structs of optional parameters, one per operation that has any.

/// Declares an options struct: hidden fields, one documented setter each, and nothing on the wire that was not set.
///
/// A field is `name: type = a value for its example`, or `name: type as what its setter takes = ..`. A field whose name on
/// the wire is not its own in camel case has that name behind its own, in parentheses. Fields that the vendor puts beside
/// `option` and not into it come last, under `top_level`: they are set like the others, and left to the function to send.
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

            $(options! { @setter $name $(#[$doc])* $field: $type $(as $taken)? = $example })+
            $($(options! {
                @setter $name $(#[$top_level_doc])* $top_level: $top_level_type $(as $top_level_taken)? = $top_level_example
            })+)?

            /// What goes into `option`, if anything was set that does.
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
