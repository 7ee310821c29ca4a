//! A dashboard in a template: its body is JSON as a text, with what may not be there as variables of Fn::Sub.

use serde_json::{Map, Value, json};

use super::super::blank::Blank;
use super::super::{Filling, ITEMS, optional};
use super::{given, substituted, value};
use crate::generate::resource::into_map;

/// A dashboard's name takes no dot, space or slash, which a group's may have: with a group's it is the stack's.
pub(super) fn name(input: &Map<String, Value>, filling: &Filling<'_>) -> Value {
    let name = &input["DashboardName"];
    let text = name.as_str().unwrap_or_default();
    let group = Blank::AutoScalingGroup.mark();
    match text.contains(group) {
        true => json!({"Fn::Sub": format!("{}${{AWS::StackName}}", text.replace(group, ""))}),
        false => value(name, filling),
    }
}

/// A dashboard's body: JSON as a text, a line for each widget.
pub(in super::super) fn body(body: &Value, filling: &Filling<'_>) -> Value {
    let mut variables = Map::new();
    let mut rest = into_map(body.clone());
    let widgets = rest.remove("widgets").unwrap_or_default();
    let mut lines = Vec::new();
    for widget in widgets.as_array().into_iter().flatten() {
        let mut widget = widget.clone();
        optional_items(&mut widget, filling, &mut variables);
        let mut line = widget.to_string();
        for item in 0..variables.len() {
            // As an item it was quoted behind a comma, which comes with it or does not.
            let mark = item_mark(item);
            line = line.replace(&format!(",\"{mark}\""), &mark.to_string());
        }
        lines.push(line);
    }
    let head = Value::Object(rest).to_string();
    let head = head.trim_end_matches('}');
    let comma = if head.len() > 1 { "," } else { "" };
    let text = format!("{head}{comma}\"widgets\":[\n{}\n]}}", lines.join(",\n"));
    substituted(&text, filling, variables)
}

fn item_mark(item: usize) -> char {
    u32::try_from(item)
        .ok()
        .and_then(|item| char::from_u32(ITEMS + item))
        .unwrap_or('?')
}

/// Puts marks in place of items that may not be there, and makes a variable of each.
fn optional_items(tree: &mut Value, filling: &Filling<'_>, variables: &mut Map<String, Value>) {
    match tree {
        Value::Array(list) => {
            for item in list.iter_mut() {
                let Some((needs, inner)) = optional(item) else {
                    optional_items(item, filling, variables);
                    continue;
                };
                let inner = inner.clone();
                let place = variables.len();
                let text = substituted(&format!(",{inner}"), filling, Map::new());
                let text = filling.open(&needs).into_iter().fold(
                    text,
                    |text, blank| json!({"Fn::If": [given(blank), text, ""]}),
                );
                variables.insert(format!("Item{place}"), text);
                *item = Value::String(item_mark(place).to_string());
            }
        }
        Value::Object(table) => table
            .values_mut()
            .for_each(|item| optional_items(item, filling, variables)),
        _ => {}
    }
}
