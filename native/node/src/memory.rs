//! How the process gets its memory.

use napi_derive::napi;

use napi::bindgen_prelude::Unknown;

use crate::argument::{Arg, whole};
use crate::bytes;
use crate::failure::Result;
use crate::options::list;

/// More than any machine has use for.
const ARENAS_MAX: u64 = 1024;

/// Bounds the arenas of the system's allocator, where it has any (glibc): what one thread of the pool frees, the others
/// can use again, so that the memory of a long ingest does not grow with the number of threads. Arenas that are there
/// already stay. True where that is so.
#[napi]
pub fn bound_arenas(most: Arg<f64>) -> Result<bool> {
    Ok(bounded(whole(most, "most", ARENAS_MAX)? as i32))
}

/// Frees the bytes of buffers that an engine handed over, instead of when JavaScript finds that nobody has them: its
/// engine goes through all of its memory for that. Nobody may read them from then on; they are empty.
#[napi]
pub fn free(buffers: Unknown<'_>) -> Result<()> {
    list::<Unknown<'_>>(&buffers, "buffers")?
        .into_iter()
        .try_for_each(|buffer| bytes::free(&buffer.get("buffers", "an ArrayBuffer")?))
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn bounded(most: i32) -> bool {
    // SAFETY: takes two numbers, keeps neither, and may be called at any time from any thread.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, most.max(1)) == 1 }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn bounded(_most: i32) -> bool {
    false
}
