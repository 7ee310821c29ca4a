//! Every number the endpoint enforces; CLOUDWATCH.md 1.1 of the project's notes has their sources.

/// Datums in one request, over MetricData and EntityMetricData together.
pub const DATUMS_MAX: usize = 1000;
/// Bytes in one request, counted **before** compression. AWS says "1 MB" and not of what: this is the strictest reading,
/// decimal and uncompressed, which its own agent keeps to as well.
pub const REQUEST_BYTES_MAX: usize = 1_000_000;
/// Where unpacking stops: a bomb is refused without being swallowed whole.
pub const UNPACKED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Distinct values in one datum.
pub const VALUES_MAX: usize = 150;
/// Dimensions in one datum.
pub const DIMENSIONS_MAX: usize = 30;
/// Characters of a namespace, a metric name and a dimension name.
pub const NAME_MAX: usize = 255;
/// Characters of a dimension value.
pub const DIMENSION_VALUE_MAX: usize = 1024;
/// Exponent of the largest magnitude of a value: 2^360.
pub const VALUE_EXPONENT_MAX: i32 = 360;
/// How old a timestamp may be: two weeks.
pub const PAST_SECS_MAX: f64 = 14.0 * 86_400.0;
/// How far ahead a timestamp may be: two hours.
pub const FUTURE_SECS_MAX: f64 = 2.0 * 3600.0;
/// The storage resolutions there are, in seconds.
pub const RESOLUTIONS: [i64; 2] = [1, 60];
/// The storage resolution of a datum that names none.
pub const RESOLUTION_DEFAULT: i64 = 60;
/// Entities in one request.
pub const ENTITIES_MAX: usize = 2;
/// Fewest key attributes of an entity.
pub const KEY_ATTRIBUTES_MIN: usize = 2;
/// Most key attributes of an entity.
pub const KEY_ATTRIBUTES_MAX: usize = 4;
/// Most attributes of an entity.
pub const ATTRIBUTES_MAX: usize = 10;
/// Characters of a key attribute's name.
pub const KEY_ATTRIBUTE_NAME_MAX: usize = 32;
/// Characters of an attribute's name.
pub const ATTRIBUTE_NAME_MAX: usize = 256;
/// Characters of an attribute's value, key attributes included.
pub const ATTRIBUTE_VALUE_MAX: usize = 2048;
/// The only names a key attribute may have.
pub const KEY_ATTRIBUTE_NAMES: [&str; 5] =
    ["Type", "ResourceType", "Identifier", "Name", "Environment"];
/// The unit of a datum that names none.
pub const UNIT_DEFAULT: &str = "None";
/// The units there are, letter case included.
pub const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    UNIT_DEFAULT,
];
