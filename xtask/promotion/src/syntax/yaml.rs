//! Reads YAML into nodes that know their bytes. Answers where something is; changes nothing.
//!
//! Positions come from `granit-parser`: byte ranges only, since its markers count characters.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use granit_parser::{Event, Options, Parser, ScalarStyle, Span};

/// A file of one or more YAML documents. Nodes are numbered in the order of the file.
pub struct Yaml<'s> {
    text: &'s str,
    nodes: Vec<Node<'s>>,
    roots: Vec<NodeId>,
    anchors: HashMap<usize, NodeId>,
    aliased: HashSet<usize>,
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
    /// Which document, list item or mapping entry this is, from 0.
    index: usize,
}

enum NodeKind<'s> {
    Scalar(Cow<'s, str>, ScalarStyle),
    List(Vec<NodeId>),
    Mapping(Vec<(NodeId, NodeId)>),
    Alias(Option<usize>),
}

/// Why a file is not read: a reason, and the line, from 1.
#[derive(Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// A lowercase fragment.
    pub reason: String,
    /// From 1.
    pub line: usize,
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
    pub fn parse(text: &'s str) -> Result<Self, Unreadable> {
        let mut options = Options::default();
        options.emit_unresolved_aliases = true;
        options.set_emit_comments(false);
        let mut builder = Builder { yaml: Yaml::empty(text), open: Vec::new() };
        for next in Parser::new_from_str_with_options(text, options) {
            match next {
                Ok((event, span)) => builder.event(event, span),
                Err(error) => {
                    let line = error.marker().line();
                    return Err(Unreadable { reason: error.info(), line });
                }
            }
        }
        builder.yaml.refuse_duplicate_keys()?;
        Ok(builder.yaml)
    }

    fn refuse_duplicate_keys(&self) -> Result<(), Unreadable> {
        for node in &self.nodes {
            let mut seen = HashSet::new();
            for key in node.keys() {
                let NodeKind::Scalar(name, _) = &self.nodes[key].kind else { continue };
                if !seen.insert(name.as_ref()) {
                    let reason = format!("the key `{name}` stands twice in one mapping");
                    return Err(Unreadable { reason, line: self.line(key) });
                }
            }
        }
        Ok(())
    }

    fn empty(text: &'s str) -> Self {
        let (anchors, aliased) = (HashMap::new(), HashSet::new());
        Yaml { text, nodes: Vec::new(), roots: Vec::new(), anchors, aliased }
    }

    /// The top nodes of the documents.
    pub fn roots(&self) -> &[NodeId] {
        &self.roots
    }

    /// The line on which the node begins, from 1.
    pub fn line(&self, node: NodeId) -> usize {
        line_at(self.text, self.nodes[node].range.start)
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
        // Merge keys may form cycles, and reach one mapping in very many ways.
        let mut seen = HashSet::new();
        let mut open = vec![own];
        while let Some(node) = open.pop() {
            let NodeKind::Mapping(entries) = &self.nodes[node].kind else { continue };
            if !seen.insert(node) {
                continue;
            }
            let named = |name| entries.iter().find(|entry| self.scalar(entry.0) == Some(name));
            if let Some(&(_, value)) = named(key) {
                return Some((value, if node == own { via } else { Via::Merge }));
            }
            let merged = named("<<").map(|&(_, merged)| self.merge_sources(merged));
            let sources = merged.into_iter().flatten().rev();
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
        let keys: HashSet<NodeId> = self.nodes.iter().flat_map(Node::keys).collect();
        self.nodes.iter().enumerate().filter_map(move |(id, node)| match &node.kind {
            NodeKind::Scalar(value, _) if !keys.contains(&id) => Some((id, value.as_ref())),
            _ => None,
        })
    }

    /// The place of a node by position: the document, then the entry or item at each level.
    pub fn path(&self, node: NodeId) -> Vec<usize> {
        let up = std::iter::successors(Some(node), |&node| self.nodes[node].parent);
        let mut path: Vec<_> = up.map(|node| self.nodes[node].index).collect();
        path.reverse();
        path
    }

    /// The bytes of the aliases whose anchor is not in the file.
    pub fn unknown_aliases(&self) -> impl Iterator<Item = Range<usize>> {
        let unknown = |node: &&Node| matches!(node.kind, NodeKind::Alias(None));
        self.nodes.iter().filter(unknown).map(|node| node.range.clone())
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

    /// What can be replaced of this scalar. The error is the reason why nothing can be.
    ///
    /// Refused are aliases, anchors that are used elsewhere (on the scalar or around it), tags
    /// other than `!!str`, and scalars that are blocks or run over several lines.
    pub fn slot(&self, id: NodeId) -> Result<Slot, &'static str> {
        let node = &self.nodes[id];
        let NodeKind::Scalar(_, style) = &node.kind else {
            return Err("is not a scalar");
        };
        if node.foreign_tag {
            return Err("has a tag that is not `!!str`");
        }
        if self.is_shared(id) {
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

    fn is_shared(&self, node: NodeId) -> bool {
        std::iter::successors(Some(node), |&node| self.nodes[node].parent)
            .any(|node| self.aliased.contains(&self.nodes[node].anchor))
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

/// The line of a byte, from 1.
pub fn line_at(text: &str, byte: usize) -> usize {
    memchr::memchr_iter(b'\n', &text.as_bytes()[..byte]).count() + 1
}

struct Builder<'s> {
    yaml: Yaml<'s>,
    open: Vec<Open>,
}

struct Open {
    node: NodeId,
    key: Option<NodeId>,
}

impl<'s> Builder<'s> {
    fn event(&mut self, event: Event<'s>, span: Span) {
        let range = span.byte_range().unwrap_or_default();
        let foreign_tag = event.tag().is_some_and(|tag| !tag.is_yaml_core_schema_tag("str"));
        let (kind, anchor) = match event {
            Event::Scalar(value, style, anchor, _) => (NodeKind::Scalar(value, style), anchor),
            Event::SequenceStart(_, anchor, _) => (NodeKind::List(Vec::new()), anchor),
            Event::MappingStart(_, anchor, _) => (NodeKind::Mapping(Vec::new()), anchor),
            Event::Alias(anchor) => (NodeKind::Alias(Some(anchor)), 0),
            Event::UnresolvedAlias(_) => (NodeKind::Alias(None), 0),
            Event::SequenceEnd | Event::MappingEnd => {
                self.open.pop();
                return;
            }
            _ => return,
        };
        let opens = matches!(kind, NodeKind::List(_) | NodeKind::Mapping(_));
        if let NodeKind::Alias(Some(anchor)) = kind {
            self.yaml.aliased.insert(anchor);
        }
        let id = self.yaml.nodes.len();
        if anchor != 0 {
            self.yaml.anchors.insert(anchor, id);
        }
        self.yaml.nodes.push(Node { kind, range, anchor, foreign_tag, parent: None, index: 0 });
        self.attach(id);
        if opens {
            self.open.push(Open { node: id, key: None });
        }
    }

    fn attach(&mut self, id: NodeId) {
        let nodes = &mut self.yaml.nodes;
        let Some(open) = self.open.last_mut() else {
            nodes[id].index = self.yaml.roots.len();
            self.yaml.roots.push(id);
            return;
        };
        nodes[id].parent = Some(open.node);
        match &mut nodes[open.node].kind {
            NodeKind::List(items) => {
                items.push(id);
                nodes[id].index = items.len() - 1;
            }
            NodeKind::Mapping(entries) => {
                let index = entries.len();
                match open.key.take() {
                    None => open.key = Some(id),
                    Some(key) => entries.push((key, id)),
                }
                nodes[id].index = index;
            }
            _ => {}
        }
    }
}
