//! Entries of a space: files and folders.

use crate::ids::words;

words! {
    /// Whether a dentry is a file or a folder.
    DentryType {
        /// A file.
        File = "FILE",
        /// A folder.
        Folder = "FOLDER",
    }
}

words! {
    /// The state a dentry is in.
    DentryStatus {
        /// There and usable.
        Normal = "NORMAL",
        /// In the recycle bin, or gone.
        Deleted = "DELETED",
        /// Past its time.
        Expired = "EXPIRED",
    }
}
