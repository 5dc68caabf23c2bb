//! Tells the code whether it is compiled without optimization.
//!
//! The arithmetic is inlined into a few large functions, one per instruction set. Unoptimized, such a function keeps
//! every intermediate value in memory and would need megabytes of stack; there, nothing is inlined. Nor is it in unit
//! tests, whose asserted bounds would make those functions larger still.

fn main() {
    println!("cargo::rustc-check-cfg=cfg(unoptimized)");
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("OPT_LEVEL").is_ok_and(|level| level == "0") {
        println!("cargo::rustc-cfg=unoptimized");
    }
}
