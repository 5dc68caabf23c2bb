//! Duplicate keys of maps.
