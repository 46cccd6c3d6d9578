//! `weir`: serves, plays the demo, and talks to a running weir.

use std::process::ExitCode;

/// Saying a request in another dialect takes a quarter less CPU than with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    small_pages();
    weir::command::run()
}

/// Turns huge pages off, which the allocator asks for and some systems give unasked. A connection's buffers are mostly empty:
/// in pages of 2 MiB their emptiness is resident too, 70 KiB for a slow stream in place of 48, and no request is cheaper.
#[cfg(target_os = "linux")]
fn small_pages() {
    // Where it is forbidden weir is larger and nothing else.
    let _forbidden = rustix::thread::disable_transparent_huge_pages(true);
}
