//! The rules for entities: without strict validation a broken entity is only reported, with it the whole request fails.

use std::collections::BTreeMap;

use super::datum::{Entity, EntityMetricData, PutMetricData};
use super::limits::{
    ATTRIBUTE_NAME_MAX, ATTRIBUTE_VALUE_MAX, ATTRIBUTES_MAX, ENTITIES_MAX, KEY_ATTRIBUTE_NAME_MAX,
    KEY_ATTRIBUTE_NAMES, KEY_ATTRIBUTES_MAX, KEY_ATTRIBUTES_MIN,
};
use super::refusal::Refusal;

/// Checks the entities of a request; the text is what `X-Amzn-Failure-Message` says when the data goes in all the same.
pub fn check(input: &PutMetricData) -> Result<Option<String>, Refusal> {
    let entities = &input.entity_metric_data;
    if entities.is_empty() {
        return Ok(None);
    }
    let Some(strict) = input.strict_entity_validation else {
        return Err(Refusal::missing(
            "The parameter StrictEntityValidation is required.",
        ));
    };
    if entities.len() > ENTITIES_MAX {
        let message = format!(
            "The collection EntityMetricData must not have a size greater than {ENTITIES_MAX}."
        );
        return Err(Refusal::invalid(message));
    }
    match entities.iter().find_map(failure) {
        Some(failure) if strict => Err(Refusal::invalid(failure)),
        failure => Ok(failure.map(str::to_owned)),
    }
}

fn failure(data: &EntityMetricData) -> Option<&'static str> {
    let Some(entity) = &data.entity else {
        return Some("MissingRequiredFields");
    };
    key_attributes(entity).or_else(|| attributes(entity))
}

fn key_attributes(entity: &Entity) -> Option<&'static str> {
    let map = &entity.key_attributes;
    let number = (KEY_ATTRIBUTES_MIN..=KEY_ATTRIBUTES_MAX).contains(&map.len());
    let names = map
        .keys()
        .all(|name| KEY_ATTRIBUTE_NAMES.contains(&name.as_str()));
    let legal = number && names && lengths(map, KEY_ATTRIBUTE_NAME_MAX);
    (!legal).then_some("InvalidKeyAttributes")
}

fn attributes(entity: &Entity) -> Option<&'static str> {
    let map = &entity.attributes;
    let legal = map.len() <= ATTRIBUTES_MAX && lengths(map, ATTRIBUTE_NAME_MAX);
    (!legal).then_some("InvalidAttributes")
}

fn lengths(map: &BTreeMap<String, String>, name_max: usize) -> bool {
    let within = |text: &str, most: usize| (1..=most).contains(&text.chars().count());
    map.iter()
        .all(|(name, value)| within(name, name_max) && within(value, ATTRIBUTE_VALUE_MAX))
}
