//! What is on the dashboards of small configurations.

use super::*;
