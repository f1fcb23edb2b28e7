//! How the process takes its memory.

/// Synthesis makes and drops many small values in several threads; the system's allocator takes
/// a quarter of the time of a large mesh (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Takes memory in small pages from here on, for what keeps all of a large mesh. The allocator asks for huge
/// ones, of which the kernel clears two MiB for the first byte that is used: up to a fifth of the time of
/// the largest matrix (docs/performance.md). Templates that are written and forgotten gain nothing by it.
pub(crate) fn small_pages() {
    // Where the kernel does not know the call, huge pages cost time and nothing else.
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_thp_disable(true).ok();
}
