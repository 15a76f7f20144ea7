//! Builds the nodes of a file from the events of the parser, and refuses what nobody can promote.

use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Options, Parser, Span};

use super::{Node, NodeId, NodeKind, Unreadable, Yaml, position};

/// The judge's parsers stop at 128 levels.
const DEEPEST: usize = 120;

/// How many entries all merge keys together may bring, each counted as often as it is brought.
const MOST_MERGED: usize = 50_000;

/// See [`Yaml::parse`].
pub(super) fn read(text: &str) -> Result<Yaml<'_>, Unreadable> {
    let mut options = Options::default();
    options.emit_unresolved_aliases = true;
    options.set_emit_comments(false);
    let mut builder = Builder { yaml: empty(text), open: Vec::new() };
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|error| {
            let (reason, marker) = (error.info(), error.marker());
            Unreadable { reason, line: marker.line(), column: marker.col() + 1 }
        })?;
        builder.event(event, span)?;
    }
    refuse_duplicate_keys(&builder.yaml)?;
    refuse_endless_merges(&builder.yaml)?;
    Ok(builder.yaml)
}

fn empty(text: &str) -> Yaml<'_> {
    Yaml {
        text,
        breaks: memchr::memchr_iter(b'\n', text.as_bytes()).collect(),
        nodes: Vec::new(),
        roots: Vec::new(),
        anchors: HashMap::new(),
        aliased: HashSet::new(),
    }
}

fn unreadable(text: &str, byte: usize, reason: String) -> Unreadable {
    let (line, column) = position(text, byte);
    Unreadable { reason, line, column }
}

fn refuse_duplicate_keys(yaml: &Yaml) -> Result<(), Unreadable> {
    for node in &yaml.nodes {
        let mut seen = HashSet::new();
        for key in node.keys() {
            let NodeKind::Scalar(name, _) = &yaml.nodes[key].kind else { continue };
            // `~` and `null` are one key.
            if !seen.insert((!yaml.is_null(key)).then_some(name.as_ref())) {
                let reason = format!("the key `{name}` stands twice in one mapping");
                return Err(unreadable(yaml.text, yaml.nodes[key].range.start, reason));
            }
        }
    }
    Ok(())
}

fn refuse_endless_merges(yaml: &Yaml) -> Result<(), Unreadable> {
    let mut brought = 0;
    for (id, node) in yaml.nodes.iter().enumerate() {
        let NodeKind::Mapping(entries) = &node.kind else { continue };
        let Some(merged) = yaml.merge_key(entries) else { continue };
        let too_many = yaml.through_merges(id, |_, entries| {
            brought += entries.len();
            (brought > MOST_MERGED).then_some(())
        });
        if too_many.is_some() {
            let reason = format!("its merge keys bring more than {MOST_MERGED} entries together");
            return Err(unreadable(yaml.text, yaml.nodes[merged].range.start, reason));
        }
    }
    Ok(())
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
    fn event(&mut self, event: Event<'s>, span: Span) -> Result<(), Unreadable> {
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
                return Ok(());
            }
            _ => return Ok(()),
        };
        let opens = matches!(kind, NodeKind::List(_) | NodeKind::Mapping(_));
        if let NodeKind::Alias(Some(anchor)) = kind {
            self.yaml.aliased.insert(anchor);
        }
        if opens && self.open.len() == DEEPEST {
            let reason = format!("it is nested in more than {DEEPEST} levels");
            return Err(unreadable(self.yaml.text, range.start, reason));
        }
        let id = self.yaml.nodes.len();
        if anchor != 0 {
            self.yaml.anchors.insert(anchor, id);
        }
        let (parent, is_key, index) = (None, false, 0);
        self.yaml.nodes.push(Node { kind, range, anchor, foreign_tag, parent, is_key, index });
        self.attach(id);
        if opens {
            self.open.push(Open { node: id, key: None });
        }
        Ok(())
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
                    None => {
                        open.key = Some(id);
                        nodes[id].is_key = true;
                    }
                    Some(key) => entries.push((key, id)),
                }
                nodes[id].index = index;
            }
            _ => {}
        }
    }
}
