//! The order in which tasks are served.

use model::Timestamp;

const HOUR_MILLIS: i64 = 3_600_000;

/// Place in the queue, smallest first, in milliseconds: the instant of arrival, earlier by the time in which
/// ageing would have made up the priority. As every task ages alike the order never changes while tasks wait,
/// so this is stored once. No task is overtaken by one that arrived more than (range of priorities) /
/// `ageing_per_hour` hours later.
pub const fn rank(arrived: Timestamp, priority: u8, ageing_per_hour: u32) -> i64 {
    let rate = if ageing_per_hour == 0 { 1 } else { ageing_per_hour as i64 };
    arrived.as_millis() - priority as i64 * HOUR_MILLIS / rate
}
