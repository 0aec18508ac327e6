//! Knowledge bases and their nodes: a way to get the ids of documents.

use serde::Deserialize;

use super::permissions::RoleId;
use crate::base::call::Call;
use crate::base::error::Result;
use crate::base::ids::{UnionId, string_enum};
use crate::base::json::negative_is_none;
use crate::base::options::options;
use crate::base::pages::{Page, Pages};
use crate::base::timestamp::Timestamp;
use crate::client::Client;

super::group! {
    /// Operations of `wiki` 2.0: knowledge bases and their nodes. Returned by [`Client::wiki`](crate::Client::wiki).
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListNodes, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let operator = UnionId("operator-1");
    /// let mine = client.wiki().get_mine_workspace(operator)?;
    /// let root = mine.root_node_id.unwrap_or_default();
    /// for node in client.wiki().nodes(&root, operator, &ListNodes::new()) {
    ///     println!("{:?}", node?.name);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    Wiki
}

impl Client {
    /// Returns the operations of `wiki`: knowledge bases and their nodes.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GetNodeByUrl, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let link = "https://alidocs.dingtalk.com/i/nodes/node-1";
    /// let node = client.wiki().get_node_by_url(link, UnionId("operator-1"), &GetNodeByUrl::new())?;
    /// println!("{:?}", node.node_id);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    pub fn wiki(&self) -> Wiki<'_> {
        Wiki::new(self)
    }
}

string_enum! {
    /// Sort order of knowledge bases.
    WorkspaceOrderBy: sent {
        /// Last viewed first.
        ViewTime = "VIEW_TIME_DESC",
        /// Last created first.
        CreateTime = "CREATE_TIME_DESC",
        /// Last changed first.
        ModifiedTime = "MODIFIED_TIME_DESC",
    }
}

string_enum! {
    /// Kind of a knowledge base.
    WorkspaceType: received {
        /// Knowledge base shared by several people.
        Team = "TEAM",
        /// Personal documents of one person.
        Personal = "PERSONAL",
    }
}

string_enum! {
    /// Kind of the icon of a knowledge base.
    WorkspaceIconType: received {
        /// Picture.
        Url = "URL",
        /// Emoji.
        Emoji = "EMOJI",
    }
}

string_enum! {
    /// Kind of a node.
    NodeType: received {
        /// Document or another file.
        File = "FILE",
        /// Folder.
        Folder = "FOLDER",
    }
}

string_enum! {
    /// Content of a node. Online documents are exported; all others are downloaded.
    NodeCategory: received {
        /// DingTalk online document.
        AliDoc = "ALIDOC",
        /// Office document.
        Document = "DOCUMENT",
        /// Picture.
        Image = "IMAGE",
        /// Video.
        Video = "VIDEO",
        /// Audio.
        Audio = "AUDIO",
        /// Archive.
        Archive = "ARCHIVE",
        /// Any other content.
        Miscellaneous = "OTHER",
    }
}

options! {
    /// Optional parameters of [`Wiki::list_workspaces`] and [`Wiki::workspaces`].
    ///
    /// ```
    /// use dingtalk_files::{ListWorkspaces, WorkspaceOrderBy};
    ///
    /// let options = ListWorkspaces::new().order_by(WorkspaceOrderBy::ModifiedTime).with_permission_role(true);
    /// # let _ = options;
    /// ```
    ListWorkspaces {
        /// Maximum number of items per page, 1 to 30. Default: 30.
        max_results: u32 = 30,
        /// Token from the previous page. Default: the first page.
        next_token: String as impl Into<String> = "next-token-1",
        /// Sort order.
        order_by: WorkspaceOrderBy = dingtalk_files::WorkspaceOrderBy::ViewTime,
        /// Team to list. Not documented.
        team_id: String as impl Into<String> = "team-1",
        /// Whether each item includes the role of the acting person. Default: false.
        with_permission_role: bool = true,
    }
}

options! {
    /// Optional parameters of [`Wiki::list_nodes`] and [`Wiki::nodes`].
    ///
    /// ```
    /// use dingtalk_files::ListNodes;
    ///
    /// let options = ListNodes::new().max_results(50).with_permission_role(true);
    /// # let _ = options;
    /// ```
    ListNodes {
        /// Maximum number of items per page, 1 to 50. Default: 50.
        max_results: u32 = 50,
        /// Token from the previous page. Default: the first page.
        next_token: String as impl Into<String> = "next-token-1",
        /// Whether each item includes the role of the acting person. Default: false.
        with_permission_role: bool = true,
    }
}

options! {
    /// Optional parameters of [`Wiki::get_node_by_url`].
    ///
    /// ```
    /// use dingtalk_files::GetNodeByUrl;
    ///
    /// let options = GetNodeByUrl::new().with_permission_role(true);
    /// # let _ = options;
    /// ```
    GetNodeByUrl {
        /// Whether the node includes the role of the acting person. Default: false.
        with_permission_role: bool = true,
        /// Whether the node includes its word count. Default: false.
        with_statistical_info: bool = true,
    }
}

/// A knowledge base.
///
/// ```
/// let json = r#"{"workspaceId": "workspace-1", "rootNodeId": "node-0", "createTime": "2023-05-15T11:29Z"}"#;
/// let workspace: dingtalk_files::Workspace = serde_json::from_str(json)?;
/// assert_eq!(workspace.root_node_id.as_deref(), Some("node-0"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Workspace {
    /// Id of the knowledge base.
    pub workspace_id: Option<String>,
    /// dentryUuid of the root: the parent for [`Wiki::list_nodes`] and for uploads of storage 2.0.
    pub root_node_id: Option<String>,
    /// Organisation that owns the knowledge base.
    pub corp_id: Option<String>,
    /// Team of the knowledge base; empty if it belongs to no team.
    pub team_id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Shared or personal.
    #[serde(rename = "type")]
    pub kind: Option<WorkspaceType>,
    /// URL of the knowledge base's web page.
    pub url: Option<String>,
    /// Icon.
    pub icon: Option<WorkspaceIcon>,
    /// URL of a cover picture.
    pub cover: Option<String>,
    /// **userid** of the creator.
    pub creator_id: Option<String>,
    /// **userid** of the last editor.
    pub modifier_id: Option<String>,
    /// Creation time.
    pub create_time: Option<Timestamp>,
    /// Time of the last change.
    pub modified_time: Option<Timestamp>,
    /// Role of the acting person, if requested.
    pub permission_role: Option<RoleId>,
}

/// The icon of a knowledge base.
///
/// ```
/// let icon: dingtalk_files::WorkspaceIcon = serde_json::from_str(r#"{"type": "EMOJI", "value": "smile"}"#)?;
/// assert_eq!(icon.value.as_deref(), Some("smile"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct WorkspaceIcon {
    /// Picture or emoji.
    #[serde(rename = "type")]
    pub kind: Option<WorkspaceIconType>,
    /// URL of the picture, or code of the emoji.
    pub value: Option<String>,
}

/// A document, file or folder of a knowledge base.
///
/// ```
/// let json = r#"{"nodeId": "node-1", "name": "Handbook", "hasChildren": true, "size": 512}"#;
/// let node: dingtalk_files::Node = serde_json::from_str(json)?;
/// assert_eq!((node.size, node.has_children), (Some(512), Some(true)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct Node {
    /// dentryUuid of the node.
    pub node_id: Option<String>,
    /// Knowledge base that contains the node.
    pub workspace_id: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Size in bytes.
    #[serde(deserialize_with = "negative_is_none")]
    pub size: Option<u64>,
    /// File or folder. **A document can have children too**: check `has_children`.
    #[serde(rename = "type")]
    pub kind: Option<NodeType>,
    /// Content of the node.
    pub category: Option<NodeCategory>,
    /// Extension without the dot.
    pub extension: Option<String>,
    /// URL of the node's web page.
    pub url: Option<String>,
    /// **userid** of the creator.
    pub creator_id: Option<String>,
    /// **userid** of the last editor.
    pub modifier_id: Option<String>,
    /// Creation time, without seconds.
    pub create_time: Option<Timestamp>,
    /// Time of the last change, without seconds.
    pub modified_time: Option<Timestamp>,
    /// Creation time, in milliseconds since 1970.
    pub create_timestamp: Option<i64>,
    /// Time of the last change, in milliseconds since 1970.
    pub modified_timestamp: Option<i64>,
    /// Whether the node has child nodes.
    pub has_children: Option<bool>,
    /// Statistics, if requested.
    pub statistical_info: Option<NodeStatistics>,
    /// Role of the acting person, if requested.
    pub permission_role: Option<RoleId>,
}

/// Statistics of a document.
///
/// ```
/// let counts: dingtalk_files::NodeStatistics = serde_json::from_str(r#"{"wordCount": 123}"#)?;
/// assert_eq!(counts.word_count, Some(123));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct NodeStatistics {
    /// Number of words.
    #[serde(deserialize_with = "negative_is_none")]
    pub word_count: Option<u64>,
}

const MAX_WORKSPACES: u32 = 30;
const MAX_NODES: u32 = 50;

impl Wiki<'_> {
    /// Lists the knowledge bases that a person can open, one page per call.
    ///
    /// Calls `ListWorkspaces`, documented at
    /// [get-knowledge-base-list](https://open.dingtalk.com/document/orgapp/get-knowledge-base-list).
    /// Permission: `Wiki.Workspace.Read`. Internal and ISV apps.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListWorkspaces, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let page = client.wiki().list_workspaces(UnionId("operator-1"), &ListWorkspaces::new())?;
    /// println!("{} knowledge bases", page.items.len());
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a page size outside 1 to 30, before any request is
    /// sent. `paramError`, `paramError.orderBy`; `permissionDenied`; `teamNotExist`; `systemError`, `unknownError`,
    /// `operationTimeout`.
    #[inline]
    pub fn list_workspaces(
        &self,
        operator: UnionId<'_>,
        options: &ListWorkspaces,
    ) -> Result<Page<Workspace>> {
        let call = Call::new("GET /v2.0/wiki/workspaces", &[])
            .query_if_set("maxResults", options.max_results)
            .limit_value("maxResults", options.max_results, 1..=MAX_WORKSPACES)
            .query_if_set("nextToken", options.next_token.as_ref())
            .query("operatorId", operator.0)
            .query_if_set("orderBy", options.order_by.as_ref())
            .query_if_set("teamId", options.team_id.as_ref())
            .query_if_set("withPermissionRole", options.with_permission_role)
            .reads();
        self.client.page("workspaces", &call)
    }

    /// Returns the knowledge base that holds a person's own documents.
    ///
    /// Calls `GetMineWorkspace`, documented at
    /// [get-my-documents](https://open.dingtalk.com/document/orgapp/get-my-documents).
    /// Permission: `Wiki.Workspace.Read`. Internal and ISV apps.
    ///
    /// The [`root_node_id`](Workspace::root_node_id) is a dentryUuid, and files can be uploaded into it.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let mine = client.wiki().get_mine_workspace(UnionId("operator-1"))?;
    /// println!("{:?}", mine.root_node_id);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `paramError`; `permissionDenied`; `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn get_mine_workspace(&self, operator: UnionId<'_>) -> Result<Workspace> {
        let call = Call::new("GET /v2.0/wiki/mineWorkspaces", &[]).query("operatorId", operator.0).reads();
        self.client.field("workspace", &call)
    }

    /// Lists the nodes directly below a node, one page per call.
    ///
    /// Calls `ListNodes`, documented at
    /// [get-node-list](https://open.dingtalk.com/document/orgapp/get-node-list).
    /// Permission: `Wiki.Node.Read`. Internal and ISV apps.
    ///
    /// The parent is the root of a knowledge base or any node with children. To visit a whole knowledge base, descend
    /// wherever [`has_children`](Node::has_children) is set: documents have children as well as folders.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListNodes, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let page = client.wiki().list_nodes("node-0", UnionId("operator-1"), &ListNodes::new())?;
    /// println!("{} nodes", page.items.len());
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::InvalidArgument`](crate::Error::InvalidArgument) for a page size outside 1 to 50, before any request is
    /// sent. `paramError`; `permissionDenied`; `parentNodeNotExist`; `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn list_nodes(
        &self,
        parent_node_id: &str,
        operator: UnionId<'_>,
        options: &ListNodes,
    ) -> Result<Page<Node>> {
        let call = Call::new("GET /v2.0/wiki/nodes", &[])
            .query_if_set("maxResults", options.max_results)
            .limit_value("maxResults", options.max_results, 1..=MAX_NODES)
            .query_if_set("nextToken", options.next_token.as_ref())
            .query("operatorId", operator.0)
            .query("parentNodeId", parent_node_id)
            .query_if_set("withPermissionRole", options.with_permission_role)
            .reads();
        self.client.page("nodes", &call)
    }

    /// Returns the node of a pasted link.
    ///
    /// Calls `GetNodeByUrl`, documented at
    /// [get-node-by-link](https://open.dingtalk.com/document/orgapp/get-node-by-link).
    /// Permission: `Wiki.Node.Read`. Internal and ISV apps.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, GetNodeByUrl, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// let link = "https://alidocs.dingtalk.com/i/nodes/node-1";
    /// let node = client.wiki().get_node_by_url(link, UnionId("operator-1"), &GetNodeByUrl::new())?;
    /// println!("{:?}: {:?} bytes", node.name, node.size);
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `paramError`; `permissionDenied`; `nodeNotExist`; `systemError`, `unknownError`, `operationTimeout`.
    #[inline]
    pub fn get_node_by_url(&self, url: &str, operator: UnionId<'_>, options: &GetNodeByUrl) -> Result<Node> {
        let call = Call::new("POST /v2.0/wiki/nodes/queryByUrl", &[])
            .query("operatorId", operator.0)
            .option(options.if_set())
            .field("url", url)
            .reads();
        self.client.field("node", &call)
    }
}

impl<'c> Wiki<'c> {
    /// Iterates over all knowledge bases that a person can open, page by page.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListWorkspaces, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// for workspace in client.wiki().workspaces(UnionId("operator-1"), &ListWorkspaces::new()) {
    ///     println!("{:?}", workspace?.name);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn workspaces(&self, operator: UnionId<'_>, options: &ListWorkspaces) -> Pages<'c, Workspace> {
        let wiki = *self;
        let operator = String::from(operator);
        Pages::new(
            options,
            |options| &mut options.next_token,
            move |options| wiki.list_workspaces(UnionId(&operator), options),
        )
    }

    /// Iterates over all nodes directly below a node, page by page.
    ///
    /// ```no_run
    /// use dingtalk_files::{Client, ListNodes, UnionId};
    ///
    /// let client = Client::from_env()?;
    /// for node in client.wiki().nodes("node-0", UnionId("operator-1"), &ListNodes::new()) {
    ///     println!("{:?}", node?.name);
    /// }
    /// # Ok::<(), dingtalk_files::Error>(())
    /// ```
    #[inline]
    pub fn nodes(&self, parent_node_id: &str, operator: UnionId<'_>, options: &ListNodes) -> Pages<'c, Node> {
        let wiki = *self;
        let [parent, operator] = [parent_node_id, operator.0].map(str::to_owned);
        Pages::new(
            options,
            |options| &mut options.next_token,
            move |options| wiki.list_nodes(&parent, UnionId(&operator), options),
        )
    }
}
