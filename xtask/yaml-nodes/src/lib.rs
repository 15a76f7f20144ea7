//! Reads YAML into nodes that know their bytes. Answers where something is; changes nothing.
//!
//! A crate of its own, because it is optimised in the dev profile too: whole trees are read by it.
//!
//! Positions come from `granit-parser`: byte ranges only, since its markers count characters.

mod builder;
mod words;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use granit_parser::ScalarStyle;

pub use words::may_hold_digits;

/// A file of one or more YAML documents. Nodes are numbered in the order of the file.
pub struct Yaml<'s> {
    text: &'s str,
    /// The bytes of its line breaks.
    breaks: Vec<usize>,
    nodes: Vec<Node<'s>>,
    roots: Vec<NodeId>,
    anchors: HashMap<usize, NodeId>,
    aliased: HashSet<usize>,
}

/// Why a text can't be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// A lowercase fragment.
    pub reason: String,
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
}

/// Index of a node in its file.
pub type NodeId = usize;

struct Node<'s> {
    kind: NodeKind<'s>,
    range: Range<usize>,
    anchor: usize,
    /// Whether it has a tag other than `!!str`.
    foreign_tag: bool,
    parent: Option<NodeId>,
    is_key: bool,
    /// Which document, list item or mapping entry this is, from 0.
    index: usize,
}

enum NodeKind<'s> {
    Scalar(Cow<'s, str>, ScalarStyle),
    List(Vec<NodeId>),
    Mapping(Vec<(NodeId, NodeId)>),
    Alias(Option<usize>),
}

/// How a node was reached from the mapping that was asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// It stands there.
    Own,
    /// Through an alias.
    Alias,
    /// Through a merge key.
    Merge,
}

impl Via {
    /// The first of the two that is not the node's own place.
    pub fn or(self, next: Via) -> Via {
        if self == Via::Own { next } else { self }
    }
}

/// A scalar that can be replaced: it stands on one line and nothing else refers to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The bytes between the quotes, or all of a plain scalar.
    pub inner: Range<usize>,
    /// Whether it is plain.
    pub plain: bool,
}

impl<'s> Yaml<'s> {
    /// Reads `text`, which may begin with a BOM. Unknown aliases are nodes like others.
    ///
    /// Refused: what is no YAML, a key that stands twice in one mapping, very deep nesting, and merge
    /// keys that bring very much.
    pub fn parse(text: &'s str) -> Result<Self, Unreadable> {
        builder::read(text)
    }

    /// The top nodes of the documents.
    pub fn roots(&self) -> &[NodeId] {
        &self.roots
    }

    /// The line on which the node begins, from 1.
    pub fn line(&self, node: NodeId) -> usize {
        let start = self.nodes[node].range.start;
        self.breaks.partition_point(|line_break| *line_break < start) + 1
    }

    /// The value of a scalar, after escapes; an alias is followed.
    pub fn scalar(&self, node: NodeId) -> Option<&str> {
        match &self.nodes[self.follow(node)?.0].kind {
            NodeKind::Scalar(value, _) => Some(value),
            _ => None,
        }
    }

    /// Whether this is the plain scalar `true` in a spelling of YAML 1.1 or 1.2.
    pub fn is_true(&self, node: NodeId) -> bool {
        let Some((node, _)) = self.follow(node) else { return false };
        match &self.nodes[node].kind {
            NodeKind::Scalar(value, ScalarStyle::Plain) => {
                matches!(value.to_ascii_lowercase().as_str(), "true" | "yes" | "on")
            }
            _ => false,
        }
    }

    /// Whether this is null: a plain `~` or `null`, or nothing at all.
    pub fn is_null(&self, node: NodeId) -> bool {
        let node = &self.nodes[node];
        let is_null = |value: &str| matches!(value, "" | "~" | "null" | "Null" | "NULL");
        matches!(&node.kind, NodeKind::Scalar(value, ScalarStyle::Plain) if is_null(value))
    }

    /// Whether this is a list.
    pub fn is_list(&self, node: NodeId) -> bool {
        matches!(self.nodes[node].kind, NodeKind::List(_))
    }

    /// What a node is called where it has no scalar value.
    pub fn describe(&self, node: NodeId) -> &'static str {
        match self.nodes[node].kind {
            NodeKind::Scalar(..) => "a scalar",
            NodeKind::List(_) => "a list",
            NodeKind::Mapping(_) => "a mapping",
            NodeKind::Alias(_) => "an alias",
        }
    }

    /// The items of a list, or of the list behind an alias; none of anything else.
    pub fn items(&self, node: NodeId) -> Vec<NodeId> {
        match self.follow(node).map(|(node, _)| &self.nodes[node].kind) {
            Some(NodeKind::List(items)) => items.clone(),
            _ => Vec::new(),
        }
    }

    /// The value of `key` in a mapping: its own, else one that a merge key brings.
    pub fn get(&self, node: NodeId, key: &str) -> Option<(NodeId, Via)> {
        let (own, via) = self.follow(node)?;
        self.through_merges(own, |node, entries| {
            let &(_, value) = entries.iter().find(|entry| self.scalar(entry.0) == Some(key))?;
            Some((value, if node == own { via } else { Via::Merge }))
        })
    }

    /// The first answer of a mapping or of one that its merge keys bring, each asked once.
    ///
    /// Merge keys may form cycles, and reach one mapping in very many ways.
    fn through_merges<T>(
        &self,
        mapping: NodeId,
        mut answer: impl FnMut(NodeId, &[(NodeId, NodeId)]) -> Option<T>,
    ) -> Option<T> {
        let (mut seen, mut open) = (HashSet::new(), Vec::new());
        let mut next = Some(mapping);
        while let Some(node) = next.or_else(|| open.pop()) {
            next = None;
            let NodeKind::Mapping(entries) = &self.nodes[node].kind else { continue };
            if seen.contains(&node) {
                continue;
            }
            if let Some(answer) = answer(node, entries) {
                return Some(answer);
            }
            // Nearly every mapping ends here, and nothing was allocated for it.
            let Some(merged) = self.merge_key(entries) else { continue };
            seen.insert(node);
            let sources = self.merge_sources(merged).into_iter().rev();
            open.extend(sources.filter_map(|source| Some(self.follow(source)?.0)));
        }
        None
    }

    /// The key of a mapping's own entry of that name.
    pub fn key(&self, node: NodeId, name: &str) -> Option<NodeId> {
        let NodeKind::Mapping(entries) = &self.nodes[node].kind else { return None };
        let own = entries.iter().find(|entry| self.scalar(entry.0) == Some(name));
        own.map(|(key, _)| *key)
    }

    fn merge_key(&self, entries: &[(NodeId, NodeId)]) -> Option<NodeId> {
        entries.iter().find(|entry| self.scalar(entry.0) == Some("<<")).map(|entry| entry.1)
    }

    fn merge_sources(&self, merged: NodeId) -> Vec<NodeId> {
        let items = self.items(merged);
        if items.is_empty() { vec![merged] } else { items }
    }

    /// Every value of the mapping key `name`, at any depth, in the order of the file.
    pub fn values_of(&self, name: &str) -> Vec<NodeId> {
        let entries = self.nodes.iter().filter_map(|node| match &node.kind {
            NodeKind::Mapping(entries) => Some(entries),
            _ => None,
        });
        let named = entries.flatten().filter(|entry| self.scalar(entry.0) == Some(name));
        let mut values: Vec<_> = named.map(|entry| entry.1).collect();
        values.sort_unstable();
        values
    }

    /// Every entry of every mapping whose key is a scalar: the mapping, the key, the value.
    pub fn entries(&self) -> impl Iterator<Item = (NodeId, &str, NodeId)> {
        let mappings = self.nodes.iter().enumerate().filter_map(|(id, node)| match &node.kind {
            NodeKind::Mapping(entries) => Some((id, entries)),
            _ => None,
        });
        mappings.flat_map(move |(id, entries)| {
            entries.iter().filter_map(move |&(key, value)| Some((id, self.scalar(key)?, value)))
        })
    }

    /// Every scalar that is a value or a list item (not a key), in the order of the file.
    pub fn values(&self) -> impl Iterator<Item = (NodeId, &str)> {
        self.nodes.iter().enumerate().filter_map(|(id, node)| match &node.kind {
            NodeKind::Scalar(value, _) if !node.is_key => Some((id, value.as_ref())),
            _ => None,
        })
    }

    /// The node and everything around it, from the inside.
    fn around(&self, node: NodeId) -> impl Iterator<Item = &Node<'s>> {
        let up = std::iter::successors(Some(node), |&node| self.nodes[node].parent);
        up.map(|node| &self.nodes[node])
    }

    /// The place of a node by position: the document, then the entry or item at each level.
    pub fn path(&self, node: NodeId) -> Vec<usize> {
        let mut path: Vec<_> = self.around(node).map(|node| node.index).collect();
        path.reverse();
        path
    }

    /// The bytes of the aliases whose anchor is not in the file, or is on something around them.
    pub fn aliases_without_value(&self) -> impl Iterator<Item = Range<usize>> {
        let nodes = self.nodes.iter().enumerate();
        nodes.filter(|(id, _)| self.is_without_value(*id)).map(|(_, node)| node.range.clone())
    }

    fn is_without_value(&self, id: NodeId) -> bool {
        match self.nodes[id].kind {
            NodeKind::Alias(None) => true,
            NodeKind::Alias(Some(anchor)) => self.around(id).any(|node| node.anchor == anchor),
            _ => false,
        }
    }

    /// The bytes of every scalar, in the order of the file.
    pub fn scalar_ranges(&self) -> impl Iterator<Item = Range<usize>> {
        let is_scalar = |node: &&Node| matches!(node.kind, NodeKind::Scalar(..));
        self.nodes.iter().filter(is_scalar).map(|node| node.range.clone())
    }

    /// The node itself, or the one behind an alias; `None` if the anchor is unknown.
    pub fn follow(&self, node: NodeId) -> Option<(NodeId, Via)> {
        match self.nodes[node].kind {
            NodeKind::Alias(anchor) => Some((*self.anchors.get(&anchor?)?, Via::Alias)),
            _ => Some((node, Via::Own)),
        }
    }

    /// Whether the value stands in the file as it reads, without escapes.
    pub fn is_verbatim(&self, id: NodeId) -> bool {
        let node = &self.nodes[id];
        let raw = &self.text[node.range.clone()];
        match &node.kind {
            NodeKind::Scalar(value, ScalarStyle::Plain) => raw == value,
            NodeKind::Scalar(value, _) => raw.get(1..raw.len().saturating_sub(1)) == Some(value),
            _ => false,
        }
    }

    /// [`Via::Alias`] if the node itself is an alias.
    pub fn reached(&self, node: NodeId) -> Via {
        match self.nodes[node].kind {
            NodeKind::Alias(_) => Via::Alias,
            _ => Via::Own,
        }
    }

    /// Whether an anchor, on the node or around it, is used elsewhere in the file.
    pub fn has_used_anchor(&self, id: NodeId) -> bool {
        self.around(id).any(|node| self.aliased.contains(&node.anchor))
    }

    /// What can be replaced of this scalar. The error is the reason why nothing can be.
    ///
    /// Refused are aliases, what stands in a key, anchors that are used elsewhere (on the scalar or
    /// around it), tags other than `!!str`, and scalars that are blocks or run over several lines.
    pub fn slot(&self, id: NodeId) -> Result<Slot, &'static str> {
        let node = &self.nodes[id];
        let NodeKind::Scalar(_, style) = &node.kind else {
            return Err("is not a scalar");
        };
        if node.foreign_tag {
            return Err("has a tag that is not `!!str`");
        }
        if self.around(id).skip(1).any(|node| node.is_key) {
            return Err("stands in a key of a mapping");
        }
        if self.has_used_anchor(id) {
            return Err("has an anchor, on it or around it, that is used elsewhere in the file");
        }
        let Range { start, end } = node.range;
        let slot = match style {
            ScalarStyle::Plain => Slot { inner: start..end, plain: true },
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => {
                Slot { inner: start + 1..end - 1, plain: false }
            }
            _ => return Err("is a block scalar"),
        };
        match self.text[start..end].contains(['\n', '\r']) {
            true => Err("runs over several lines"),
            false => Ok(slot),
        }
    }
}

impl Node<'_> {
    fn keys(&self) -> Vec<NodeId> {
        match &self.kind {
            NodeKind::Mapping(entries) => entries.iter().map(|entry| entry.0).collect(),
            _ => Vec::new(),
        }
    }
}

/// The line of a byte, and its column in characters; both from 1.
pub fn position(text: &str, byte: usize) -> (usize, usize) {
    let start = text[..byte].rfind('\n').map_or(0, |line_break| line_break + 1);
    (line_at(text, byte), text[start..byte].chars().count() + 1)
}

/// The line of a byte, from 1.
pub fn line_at(text: &str, byte: usize) -> usize {
    memchr::memchr_iter(b'\n', &text.as_bytes()[..byte]).count() + 1
}
