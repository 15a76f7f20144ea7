//! Reads YAML by the crate `yaml-nodes`, and says what to do about what can't be read.

pub use yaml_nodes::{NodeId, Via, Yaml, line_at, may_hold_digits, position};

use crate::model::problem::Problem;
use crate::syntax::refuse_unfit;

/// Reads `text`, which may begin with a BOM. Unknown aliases are nodes like others.
///
/// Refused, with line and column: what is no YAML, the marker of a merge conflict, a key that
/// stands twice in one mapping, very deep nesting, and merge keys that bring very much.
pub fn parse(text: &str) -> Result<Yaml<'_>, Problem> {
    refuse_unfit(text)?;
    Yaml::parse(text).map_err(|error| {
        Problem::new(format!("can't be read as YAML: {}", error.reason))
            .line(error.line)
            .column(error.column)
            .help("mend the file, or leave its environment out")
    })
}
