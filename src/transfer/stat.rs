//! Size, `ETag` and checksum of a file.

use std::io;

use super::context::TransferContext;
use super::range_download::{PartRequest, download_range};
use super::remote_file::{FileStat, RemoteFile};
use super::signer::OriginSigner;
use super::writer_download::{WriterSink, explain};
use crate::base::error::{Error, Result};
use crate::object::range::ByteRange;

impl RemoteFile {
    /// Returns the size, `ETag` and checksum of the file.
    ///
    /// Costs one call for the download info, unless it is kept, and a request for one byte.
    ///
    /// ```
    /// # use dingtalk_files::{UnionId, testing::FakeDingTalk};
    /// # let fake = FakeDingTalk::start()?;
    /// # fake.put_file("space-1", "dentry-1", "report.txt", "hello");
    /// # let client = fake.client().build()?;
    /// let stat = client.file("space-1", "dentry-1", UnionId("operator-1")).stat()?;
    /// println!("{:?} bytes, ETag {:?}", stat.size, stat.etag);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`download_to`](Self::download_to).
    #[inline]
    pub fn stat(&self) -> Result<FileStat> {
        let client = self.client.within_deadline();
        let context = TransferContext::of(&client);
        let first = self.sign_or_wait(&client, &context)?;
        let signer = OriginSigner::new(&client, &*self.origin, &self.kept, &context, first);
        let get = |range: ByteRange| {
            let request = PartRequest { range: range.check()?, object: None, or_whole: false };
            let mut sink = WriterSink {
                writer: &mut io::sink(),
                context: &context,
                on_object: None,
                object: FileStat::default(),
            };
            download_range(&client, &signer, request, &mut sink, &context).map_err(explain)
        };
        let result = match get(ByteRange::from(..1)) {
            // An empty file has no first byte.
            Err(Error::RangeNotSatisfiable { size: Some(0) }) => get(ByteRange::from(..)),
            result => result,
        };
        let done = result.inspect_err(|error| self.kept.forget_after(error, context.now()))?;
        Ok(FileStat::of(done.object))
    }
}
