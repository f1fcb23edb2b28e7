//! The memory allocation of the process.

/// Synthesis allocates and frees many small values in several threads. The system's allocator takes a quarter of the
/// time of a large mesh (docs/performance.md).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Allocates memory in small pages from now on, for commands that keep all of a large mesh. The allocator asks for huge
/// pages, and the kernel clears two MiB for the first byte used: up to a fifth of the time of the largest matrix
/// (docs/performance.md). Commands that write templates and drop them gain nothing.
pub(crate) fn small_pages() {
    // If the kernel does not support the call, huge pages only cost time.
    #[cfg(target_os = "linux")]
    nix::sys::prctl::set_thp_disable(true).ok();
}
