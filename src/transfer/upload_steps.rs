//! The steps of an upload: plan, upload info, PUTs, commit.

use super::context::TransferContext;
use super::multipart::{Multipart, PartSigners, PartSize, PartUrls};
use super::plan::MIB;
use super::signer::{UploadSigner, check_upload_info};
use super::source::Source;
use super::upload::Upload;
use crate::api::storage::uploads::{CommitFile, GetFileUploadInfo, InitMultipartFileUpload, PreCheckParam};
use crate::api::storage_v2::files::{CommitFileV2, GetFileUploadInfoV2, PreCheckParamV2};
use crate::base::dentry::{ConflictStrategy, Dentry, MAX_APP_PROPERTIES};
use crate::base::error::{CommitUnknown, Error, Problem, Result, UploadInterrupted};
use crate::base::ids::UnionId;
use crate::base::upload::{PendingUpload, Uploaded};
use crate::client::Client;
use crate::object::MAX_PARALLEL;
use crate::object::signed_urls::{SignedUrls, UPLOAD_INFO, refuse};

/// Files up to this size are sent in a single PUT: two calls instead of three, and the object is not a multipart
/// object.
const SINGLE_UP_TO: u64 = 64 * MIB;
/// The vendor's limit for a single PUT.
const SINGLE_AT_MOST: u64 = 5 * 1024 * MIB;

impl Upload<'_> {
    #[inline]
    pub(super) fn run(mut self, source: &dyn Source) -> Result<Uploaded> {
        if !(1..=MAX_PARALLEL).contains(&self.connections) {
            let what = format!("`parallel` takes 1 to {MAX_PARALLEL} connections, not {}", self.connections);
            return Err(Error::InvalidArgument(what));
        }
        let name = check_name(self.name.as_deref())?;
        if self.convert_to_online_doc && self.parent_uuid.is_none() {
            let what = "only storage 2.0 makes online documents: use `upload_into` or `commit_into`";
            return Err(Error::InvalidArgument(what.to_owned()));
        }
        // The commit would report this too, but only after everything has been sent.
        let properties = self.app_properties.len();
        if properties > MAX_APP_PROPERTIES {
            let what = format!(
                "{properties} `appProperties` are too many; at most {MAX_APP_PROPERTIES} are allowed"
            );
            return Err(Error::InvalidArgument(what));
        }
        let mut pending = self.plan(source)?;
        let client = self.client.within_deadline();
        let progress = self.progress.take();
        let context =
            TransferContext::of(&client).shared_by(self.connections).cancel(self.cancel).progress(progress);
        context.begin(0, Some(source.size()));
        let sent = context.run(&client, self.connections, |client| {
            self.send(client, source, &mut pending, &context)?;
            source.check_end()?;
            context.check()
        });
        if let Err(cause) = sent {
            // A call or a wait that was ended by the flag returns its last failure.
            let is_explained = matches!(cause, Error::Source(_) | Error::Cancelled { .. });
            let is_ended = context.is_cancelled() && !is_explained;
            let cause = if is_ended { Error::Cancelled { done: context.bytes() } } else { cause };
            // If nothing can be resumed, or is worth resuming, only the error is returned.
            return Err(match cause {
                Error::Source(cause) => source.explain(*cause),
                cause if pending.done.is_empty() => cause,
                cause => UploadInterrupted { pending, cause }.into(),
            });
        }
        let (dentry, stored) = self.commit(&client, name, &pending)?;
        context.finish();
        let (crc64, verified) = pending.checksum();
        Ok(Uploaded { dentry, stored, bytes: pending.size, crc64, verified })
    }

    /// Determines the number of parts, and which of them are done.
    #[inline]
    fn plan(&mut self, source: &dyn Source) -> Result<PendingUpload> {
        let (size, stamp) = (source.size(), source.stamp());
        if let Some(pending) = self.resume.take() {
            if pending.size != size || pending.stamp != stamp {
                let what = "the upload to resume was started with another source";
                return Err(Error::InvalidArgument(what.to_owned()));
            }
            return Ok(pending);
        }
        let part_size = PartSize { size, wished: self.part_size, is_buffered: source.is_stream() }.check()?;
        let single_up_to = if source.is_stream() { part_size } else { SINGLE_UP_TO };
        let single_up_to = self.multipart_above.unwrap_or(single_up_to).min(SINGLE_AT_MOST);
        let part_size = if size <= single_up_to { 0 } else { part_size };
        Ok(PendingUpload { upload_key: String::new(), size, part_size, done: Vec::new(), stamp })
    }

    /// Runs everything up to the commit.
    #[inline]
    fn send(
        &self,
        client: &Client,
        source: &dyn Source,
        pending: &mut PendingUpload,
        context: &TransferContext<'_>,
    ) -> Result<()> {
        let multipart = Multipart { client, source, connections: self.connections, context };
        if pending.part_size == 0 {
            let is_new = pending.upload_key.is_empty();
            let mut options = GetFileUploadInfo::new().pre_check_param(self.pre_check(pending.size));
            options.prefer_region.clone_from(&self.prefer_region);
            options.prefer_intranet = self.prefer_intranet;
            let (place, operator) = (self.place(), self.operator());
            let ask = || ask_for_upload(client, place, operator, &options);
            let signers = PartSigners::Single(UploadSigner::new(&ask));
            multipart.run(pending, &signers)?;
            if let (PartSigners::Single(signer), true) = (&signers, is_new) {
                pending.upload_key = signer.upload_key();
            }
            return Ok(());
        }
        if pending.upload_key.is_empty() {
            let mut options = InitMultipartFileUpload::new().pre_check_param(self.pre_check(pending.size));
            options.prefer_region.clone_from(&self.prefer_region);
            let space_id = self.space_id(client)?;
            let begun = client.storage().init_multipart_file_upload(&space_id, self.operator(), &options)?;
            pending.upload_key = check_key(begun.upload_key)?;
        }
        let key = pending.upload_key.clone();
        let signers = PartSigners::Parts(PartUrls::new(client, self.operator(), &key, pending));
        multipart.run(pending, &signers)
    }

    /// Builds the check of the quota, which is made before gigabytes are sent. The name is checked only if a taken name
    /// is an error, which it is not under most strategies.
    #[inline]
    fn pre_check(&self, size: u64) -> PreCheckParam {
        let check = PreCheckParam::new().size(size);
        match (&self.name, &self.conflict_strategy) {
            (Some(name), Some(ConflictStrategy::ReturnErrorIfExists)) => {
                check.name(name.as_str()).parent_id(self.parent_id.as_str())
            }
            _ => check,
        }
    }

    /// Returns the file, and whether this upload stored it.
    ///
    /// DingTalk does not report whether a returned file existed before. So a taken name is an error at first, and the
    /// existing file is requested after that error.
    #[inline]
    fn commit(&self, client: &Client, name: String, pending: &PendingUpload) -> Result<(Dentry, bool)> {
        let strategy = self.conflict_strategy.as_ref();
        let committed = if strategy == Some(&ConflictStrategy::ReturnDentryIfExists) {
            match self.commit_once(client, &name, pending, Some(&ConflictStrategy::ReturnErrorIfExists)) {
                // The code for a taken name is documented for storage 2.0 alone.
                Err(Error::Api(e)) if e.status == 400 && !e.may_have_run() => {
                    self.commit_once(client, &name, pending, strategy).map(|dentry| (dentry, false))
                }
                other => other.map(|dentry| (dentry, true)),
            }
        } else {
            self.commit_once(client, &name, pending, strategy).map(|dentry| (dentry, true))
        };
        committed.map_err(|cause| {
            let pending = pending.clone();
            if cause.may_have_run() {
                CommitUnknown { upload_key: pending.upload_key, name, cause }.into()
            } else {
                UploadInterrupted { pending, cause }.into()
            }
        })
    }

    #[inline]
    fn commit_once(
        &self,
        client: &Client,
        name: &str,
        pending: &PendingUpload,
        strategy: Option<&ConflictStrategy>,
    ) -> Result<Dentry> {
        let key = pending.upload_key.as_str();
        match &self.parent_uuid {
            None => {
                let mut options = CommitFile::new().size(pending.size);
                if let Some(strategy) = strategy {
                    options = options.conflict_strategy(strategy.clone());
                }
                if !self.app_properties.is_empty() {
                    options = options.app_properties(self.app_properties.clone());
                }
                let (space, parent) = (self.space_id.as_deref().unwrap_or_default(), &self.parent_id);
                client.storage().commit_file(space, key, name, parent, self.operator(), &options)
            }
            Some(uuid) => {
                let mut options = CommitFileV2::new().size(pending.size);
                if let Some(strategy) = strategy {
                    options = options.conflict_strategy(strategy.clone());
                }
                if !self.app_properties.is_empty() {
                    options = options.app_properties(self.app_properties.clone());
                }
                if self.convert_to_online_doc {
                    options.convert_to_online_doc = Some(true);
                    options.convert_to_online_doc_target_document_type.clone_from(&self.online_doc_type);
                }
                client.storage_v2().commit_file(uuid, key, name, self.operator(), &options)
            }
        }
    }

    /// Returns the destination of the file, as an upload info identifies it.
    #[inline]
    fn place(&self) -> Place<'_> {
        match (&self.space_id, &self.parent_uuid) {
            (None, Some(uuid)) => Place::Folder(uuid),
            (space_id, _) => Place::Space(space_id.as_deref().unwrap_or_default()),
        }
    }

    /// Returns the space id, which storage 2.0 does not use: parts belong to a space.
    #[inline]
    fn space_id(&self, client: &Client) -> Result<String> {
        match self.place() {
            Place::Folder(uuid) => {
                let ids = client.doc().get_dentry_id_by_uuid(uuid, self.operator())?;
                ids.space_id.ok_or_else(|| refuse(UPLOAD_INFO, Problem::Missing("spaceId")))
            }
            Place::Space(space_id) => Ok(space_id.to_owned()),
        }
    }

    #[inline]
    fn operator(&self) -> UnionId<'_> {
        UnionId(&self.operator)
    }
}

/// A space, or a folder by its uuid.
#[derive(Clone, Copy)]
enum Place<'a> {
    Space(&'a str),
    Folder(&'a str),
}

/// Requests the upload key and the URL for a single PUT. Each upload info starts another upload.
#[inline]
fn ask_for_upload(
    client: &Client,
    place: Place<'_>,
    operator: UnionId<'_>,
    options: &GetFileUploadInfo,
) -> Result<(String, SignedUrls)> {
    let asked_at = client.clock().now();
    let info = match place {
        Place::Space(id) => client.storage().get_file_upload_info(id, false, operator, options)?,
        Place::Folder(uuid) => {
            let mut of_2_0 = GetFileUploadInfoV2::new();
            of_2_0.prefer_region.clone_from(&options.prefer_region);
            of_2_0.prefer_intranet = options.prefer_intranet;
            if let Some(check) = &options.pre_check_param {
                let (mut same, name) = (PreCheckParamV2::new(), check.name.clone());
                (same.size, same.name) = (check.size, name);
                of_2_0 = of_2_0.pre_check_param(same);
            }
            client.storage_v2().get_file_upload_info(uuid, operator, &of_2_0)?
        }
    };
    let upload_key = check_key(info.upload_key)?;
    let (protocol, info) = (info.protocol.as_ref(), info.header_signature_info.as_ref());
    Ok((upload_key, check_upload_info(client, protocol, info, asked_at)?))
}

#[inline]
fn check_key(key: String) -> Result<String> {
    if key.is_empty() { Err(refuse(UPLOAD_INFO, Problem::Missing("uploadKey"))) } else { Ok(key) }
}

/// Checks the name by the vendor's rules, before gigabytes are sent for a name that is refused at the end.
#[inline]
fn check_name(name: Option<&str>) -> Result<String> {
    let name = name.unwrap_or_default();
    let problem = if name.trim().is_empty() {
        "is empty: set it with `name`"
    } else if name.contains(['\t', '*', '"', '<', '>', '|']) {
        "has a tab or one of * \" < > |, which DingTalk refuses"
    } else if name.trim_end().ends_with('.') {
        "ends with a dot, which DingTalk refuses"
    } else {
        return Ok(name.to_owned());
    };
    Err(Error::InvalidArgument(format!("the name {name:?} {problem}")))
}
