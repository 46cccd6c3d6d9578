//! The part of WASI preview 1 that a command needs to read its standard input and write its standard output. Time
//! stands still, chance is all zeros, there are no arguments, no environment and no files.

use wasmi::{Caller, Engine, Extern, Linker, Memory, StoreLimits};

const MODULE: &str = "wasi_snapshot_preview1";
/// Bytes of standard output and of standard error.
const MOST_OUTPUT: usize = 64 << 10;
/// Buffers of one call.
const MOST_BUFFERS: u32 = 1024;

const OK: i32 = 0;
const BAD_FILE: i32 = 8;
const FAULT: i32 = 21;
const INVALID: i32 = 28;
const NOT_SUPPORTED: i32 = 58;
const NOT_SEEKABLE: i32 = 70;

/// Every function there is.
const NAMES: [&str; 17] = [
    "args_get",
    "args_sizes_get",
    "clock_res_get",
    "clock_time_get",
    "environ_get",
    "environ_sizes_get",
    "fd_close",
    "fd_fdstat_get",
    "fd_fdstat_set_flags",
    "fd_prestat_dir_name",
    "fd_prestat_get",
    "fd_read",
    "fd_seek",
    "fd_write",
    "proc_exit",
    "random_get",
    "sched_yield",
];

/// What one run sees and says.
pub(super) struct Host {
    input: Vec<u8>,
    read: usize,
    pub(super) output: Vec<u8>,
    errors: usize,
    pub(super) limits: StoreLimits,
}

impl Host {
    pub(super) const fn new(input: Vec<u8>, limits: StoreLimits) -> Self {
        Self { input, read: 0, output: Vec::new(), errors: 0, limits }
    }
}

/// Whether a module can be given this.
pub(super) fn provides(module: &str, name: &str) -> bool {
    module == MODULE && NAMES.contains(&name)
}

type Said = Result<i32, wasmi::Error>;

/// All functions of [`NAMES`].
pub(super) fn linker(engine: &Engine) -> Result<Linker<Host>, wasmi::Error> {
    let mut linker = Linker::new(engine);
    linker
        .func_wrap(MODULE, "args_get", |_: Caller<'_, Host>, _: i32, _: i32| OK)?
        .func_wrap(MODULE, "args_sizes_get", |caller: Caller<'_, Host>, count: i32, size: i32| {
            none(caller, count, size)
        })?
        .func_wrap(MODULE, "environ_get", |_: Caller<'_, Host>, _: i32, _: i32| OK)?
        .func_wrap(MODULE, "environ_sizes_get", |caller: Caller<'_, Host>, count: i32, size: i32| {
            none(caller, count, size)
        })?
        .func_wrap(MODULE, "clock_res_get", |mut caller: Caller<'_, Host>, _: i32, out: i32| {
            put(&mut caller, out, &1_u64.to_le_bytes())
        })?
        .func_wrap(MODULE, "clock_time_get", |mut caller: Caller<'_, Host>, _: i32, _: i64, out: i32| {
            put(&mut caller, out, &0_u64.to_le_bytes())
        })?
        .func_wrap(MODULE, "fd_close", |_: Caller<'_, Host>, fd: i32| if (0..3).contains(&fd) { OK } else { BAD_FILE })?
        .func_wrap(MODULE, "fd_fdstat_get", fdstat)?
        .func_wrap(MODULE, "fd_fdstat_set_flags", |_: Caller<'_, Host>, _: i32, _: i32| NOT_SUPPORTED)?
        .func_wrap(MODULE, "fd_prestat_get", |_: Caller<'_, Host>, _: i32, _: i32| BAD_FILE)?
        .func_wrap(MODULE, "fd_prestat_dir_name", |_: Caller<'_, Host>, _: i32, _: i32, _: i32| BAD_FILE)?
        .func_wrap(MODULE, "fd_read", read)?
        .func_wrap(MODULE, "fd_seek", |_: Caller<'_, Host>, _: i32, _: i64, _: i32, _: i32| NOT_SEEKABLE)?
        .func_wrap(MODULE, "fd_write", write)?
        .func_wrap(MODULE, "proc_exit", |_: Caller<'_, Host>, status: i32| -> Result<(), wasmi::Error> {
            Err(wasmi::Error::i32_exit(status))
        })?
        .func_wrap(MODULE, "random_get", zeros)?
        .func_wrap(MODULE, "sched_yield", |_: Caller<'_, Host>| OK)?;
    Ok(linker)
}

fn memory(caller: &Caller<'_, Host>) -> Option<Memory> {
    caller.get_export("memory").and_then(Extern::into_memory)
}

fn put(caller: &mut Caller<'_, Host>, at: i32, bytes: &[u8]) -> i32 {
    let at = at as u32 as usize;
    match memory(caller).map(|memory| memory.write(caller, at, bytes)) {
        Some(Ok(())) => OK,
        _ => FAULT,
    }
}

fn none(mut caller: Caller<'_, Host>, count: i32, size: i32) -> i32 {
    put(&mut caller, count, &[0; 4]).max(put(&mut caller, size, &[0; 4]))
}

/// Standard streams are character devices: that keeps libraries from seeking in them.
fn fdstat(mut caller: Caller<'_, Host>, fd: i32, out: i32) -> i32 {
    if !(0..3).contains(&fd) {
        return BAD_FILE;
    }
    let mut stat = [0_u8; 24];
    stat[0] = 2;
    // The rights to read or to write.
    stat[8] = if fd == 0 { 1 << 1 } else { 1 << 6 };
    put(&mut caller, out, &stat)
}

/// Where the buffers of a call lie: address and length.
fn buffers(caller: &Caller<'_, Host>, at: i32, count: i32) -> Result<Vec<(usize, usize)>, i32> {
    let (at, count) = (at as u32 as usize, count as u32);
    if count > MOST_BUFFERS {
        return Err(INVALID);
    }
    let memory = memory(caller).ok_or(FAULT)?;
    let list = memory.data(caller).get(at..at + count as usize * 8).ok_or(FAULT)?;
    let word = |bytes: &[u8]| bytes.try_into().map_or(0, u32::from_le_bytes) as usize;
    Ok(list.chunks_exact(8).map(|pair| pair.split_at(4)).map(|(from, length)| (word(from), word(length))).collect())
}

fn read(mut caller: Caller<'_, Host>, fd: i32, list: i32, count: i32, out: i32) -> i32 {
    if fd != 0 {
        return BAD_FILE;
    }
    let places = match buffers(&caller, list, count) {
        Ok(places) => places,
        Err(errno) => return errno,
    };
    let Some(memory) = memory(&caller) else {
        return FAULT;
    };
    let (data, host) = memory.data_and_store_mut(&mut caller);
    let mut total = 0_u32;
    for (at, length) in places {
        let rest = host.input.get(host.read..).unwrap_or_default();
        let part = rest.get(..length).unwrap_or(rest);
        let Some(place) = data.get_mut(at..at.saturating_add(part.len())) else {
            return FAULT;
        };
        place.copy_from_slice(part);
        total += part.len() as u32;
        host.read += part.len();
    }
    put(&mut caller, out, &total.to_le_bytes())
}

fn write(mut caller: Caller<'_, Host>, fd: i32, list: i32, count: i32, out: i32) -> Said {
    if !(1..=2).contains(&fd) {
        return Ok(BAD_FILE);
    }
    let places = match buffers(&caller, list, count) {
        Ok(places) => places,
        Err(errno) => return Ok(errno),
    };
    let Some(memory) = memory(&caller) else {
        return Ok(FAULT);
    };
    let (data, host) = memory.data_and_store_mut(&mut caller);
    let mut total = 0_u32;
    for (at, length) in places {
        let Some(part) = data.get(at..at.saturating_add(length)) else {
            return Ok(FAULT);
        };
        let said = if fd == 1 { host.output.len() } else { host.errors };
        if said + part.len() > MOST_OUTPUT {
            return Err(wasmi::Error::new(format!("more than {MOST_OUTPUT} bytes of output")));
        }
        match fd {
            1 => host.output.extend_from_slice(part),
            _ => host.errors += part.len(),
        }
        total += part.len() as u32;
    }
    Ok(put(&mut caller, out, &total.to_le_bytes()))
}

/// Costs a step a byte: else a module could make the host write for hours.
fn zeros(mut caller: Caller<'_, Host>, at: i32, length: i32) -> Said {
    let (at, length) = (at as u32 as usize, length as u32 as usize);
    match caller.get_fuel()?.checked_sub(length as u64) {
        Some(left) => caller.set_fuel(left)?,
        None => return Err(wasmi::Error::from(wasmi::TrapCode::OutOfFuel)),
    }
    let Some(memory) = memory(&caller) else {
        return Ok(FAULT);
    };
    Ok(match memory.data_mut(&mut caller).get_mut(at..at.saturating_add(length)) {
        Some(place) => {
            place.fill(0);
            OK
        }
        None => FAULT,
    })
}
