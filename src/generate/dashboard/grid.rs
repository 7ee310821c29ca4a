//! Widgets side by side and one row below the other, on a grid of 24 columns.

use serde_json::{Value, json};

const COLUMNS: usize = 24;
/// A graph: three in a row.
const WIDTH: usize = 8;
const HEIGHT: usize = 6;

/// Widgets as they are put down.
#[derive(Debug, Default)]
pub(super) struct Grid {
    widgets: Vec<Value>,
    x: usize,
    y: usize,
    /// Of the row under way.
    height: usize,
}

impl Grid {
    /// Beside the last one, or in the next row where there is no room or it is of another height.
    pub(super) fn put(&mut self, width: usize, height: usize, kind: &str, properties: Value) {
        if self.x + width > COLUMNS || (self.x > 0 && height != self.height) {
            self.x = 0;
            self.y += self.height;
        }
        self.widgets.push(json!({
            "type": kind,
            "x": self.x, "y": self.y, "width": width, "height": height,
            "properties": properties,
        }));
        self.height = height;
        self.x += width;
    }

    /// A line of text over what follows.
    pub(super) fn title(&mut self, title: &str) {
        self.put(
            COLUMNS,
            1,
            "text",
            json!({"markdown": format!("## {title}")}),
        );
    }

    /// Graphs.
    pub(super) fn all(&mut self, graphs: impl Iterator<Item = Value>) {
        graphs.for_each(|properties| self.put(WIDTH, HEIGHT, "metric", properties));
    }

    /// All of them.
    pub(super) fn widgets(self) -> Vec<Value> {
        self.widgets
    }
}
