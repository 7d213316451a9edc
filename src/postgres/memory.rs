//! How much memory a server may keep pages of its tables in.

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
};

const MEGABYTE: u64 = 1 << 20;
/// PostgreSQL's own default, for any machine.
const LEAST: u64 = 128;
/// A private server is rarely alone on its machine, and what is not on disk yet must get there before it stops. A journal of a
/// million events fits in.
const MOST: u64 = 1024;

/// Returns the megabytes for `shared_buffers`: a quarter of what this program may use, as PostgreSQL's manual suggests,
/// within limits. Pages are taken from the machine only as they are filled.
pub(super) fn shared_buffers() -> u64 {
    let read = |file: &Path| fs::read_to_string(file).ok();
    let machine = read(Path::new("/proc/meminfo")).and_then(|text| total_of(&text));
    let groups = read(Path::new("/proc/self/cgroup")).unwrap_or_default();
    let limits = limits_of(&groups).into_iter().filter_map(|file| number(&read(&file)?));
    a_quarter(limits.chain(machine))
}

/// The files that may limit this program: its control group's and those of the groups around it.
fn limits_of(groups: &str) -> Vec<PathBuf> {
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/")).unwrap_or_default();
    let around = Path::new(own).ancestors();
    around.map(|group| Path::new("/sys/fs/cgroup").join(group).join("memory.max")).collect()
}

/// A quarter of the least, in megabytes.
fn a_quarter(bytes: impl Iterator<Item = u64>) -> u64 {
    let available = bytes.min().unwrap_or_default() / MEGABYTE;
    (available / 4).clamp(LEAST, MOST)
}

/// The machine's memory in bytes, as the kernel tells it.
fn total_of(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    number(line.trim().strip_suffix("kB")?).map(|kilobytes| kilobytes << 10)
}

/// Nothing for what is no number, as the kernel's word for a group without a limit.
fn number(text: &str) -> Option<u64> {
    u64::from_str(text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(&[64 << 30], 1024; "large machine")]
    #[test_case(&[1 << 30], 256; "small machine")]
    #[test_case(&[256 << 20], 128; "tiny machine")]
    #[test_case(&[64 << 30, 1 << 30], 256; "group of a large machine")]
    #[test_case(&[], 128; "nothing known")]
    fn quarter_within_limits(bytes: &[u64], megabytes: u64) {
        assert_eq!(a_quarter(bytes.iter().copied()), megabytes);
    }

    #[test]
    fn kernels_words_are_read() {
        assert_eq!(
            total_of("MemTotal:       24684236 kB\nMemFree:  1 kB\n"),
            Some(24_684_236 << 10)
        );
        assert_eq!(total_of("MemFree:  1 kB\n"), None);
        assert_eq!((number("max\n"), number("1073741824\n")), (None, Some(1 << 30)));
    }

    #[test]
    fn limits_of_all_groups_around_count() {
        let files = limits_of("1:name=x:/y\n0::/system.slice/signalbox.service\n");
        let files: Vec<_> = files.iter().map(|file| file.to_str().unwrap()).collect();
        assert_eq!(
            files,
            [
                "/sys/fs/cgroup/system.slice/signalbox.service/memory.max",
                "/sys/fs/cgroup/system.slice/memory.max",
                "/sys/fs/cgroup/memory.max",
            ]
        );
    }

    #[test]
    fn this_machine_gets_something() {
        assert!((LEAST..=MOST).contains(&shared_buffers()));
    }
}
