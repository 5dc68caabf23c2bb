//! What tests of the engine without the addon need.

#![allow(dead_code, reason = "each test uses its own part")]

pub mod judge;
pub mod memory;
pub mod random;
pub mod rows;
pub mod scenarios;
pub mod world;
