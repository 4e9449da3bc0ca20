//! Numbers of many things, as fractions.

/// Returns a count as a number that can be divided.
pub(crate) fn real(count: usize) -> f64 {
    let (high, low) = (count >> 32, count & 0xffff_ffff);
    let part = |half: usize| f64::from(u32::try_from(half).unwrap_or(u32::MAX));
    part(high) * 4_294_967_296.0 + part(low)
}

/// Returns a sum as a number that can be divided.
pub(crate) fn great(sum: u64) -> f64 {
    real(usize::try_from(sum).unwrap_or(usize::MAX))
}

/// Returns which share `part` is of `whole`; nothing of nothing is nothing.
pub(crate) fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { real(part) / real(whole) }
}

/// Returns the same, to four digits after the point.
pub(crate) fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}

/// Returns the mean of `values`; 0 of none.
pub(crate) fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / real(values.len()) }
}

/// Returns what so many hundredths of `values`, in order, do not exceed; 0 of none.
pub(crate) fn percentile<T: Copy + Default>(values: &[T], hundredths: usize) -> T {
    let rank = (values.len() * hundredths).div_ceil(100).saturating_sub(1);
    values.get(rank).copied().unwrap_or_default()
}

/// Returns a number as the 32 bits in which tables keep it.
pub(crate) fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_counts_are_not_cut() {
        assert!((real(5_000_000_000) - 5e9).abs() < 1.0);
        assert!((share(1, 4) - 0.25).abs() < 1e-12);
        assert!(share(1, 0).abs() < 1e-12);
    }

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<u32> = (1..=20).collect();
        assert_eq!((percentile(&values, 95), percentile(&values, 100)), (19, 20));
        assert_eq!(percentile::<u32>(&[], 95), 0);
    }
}
