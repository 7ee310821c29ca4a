//! Seeded chance: how many of many.

use std::f64::consts::TAU;

use fastrand::Rng;

/// Below this mean a count is drawn one by one, above it from the normal distribution; both agree within a percent here.
const EXACT_MAX: f64 = 30.0;
/// So few are asked one by one.
const SMALL: u64 = 32;

/// A Poisson count.
pub fn poisson(rng: &mut Rng, mean: f64) -> u64 {
    if mean > EXACT_MAX {
        return normal(rng, mean, mean);
    }
    // Knuth's: as many factors as stay above e^-mean.
    let floor = (-mean).exp();
    let (mut count, mut product) = (0, rng.f64());
    while product > floor {
        count += 1;
        product *= rng.f64();
    }
    count
}

/// How many of `n`, each with this probability.
pub fn binomial(rng: &mut Rng, n: u64, share: f64) -> u64 {
    if share > 0.5 {
        return n - binomial(rng, n, 1.0 - share);
    }
    if n <= SMALL {
        let hits = (0..n).filter(|_| rng.f64() < share);
        return hits.count() as u64;
    }
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of flows are far below 2^52"
    )]
    let mean = n as f64 * share;
    let drawn = match mean <= EXACT_MAX {
        true => poisson(rng, mean),
        false => normal(rng, mean, mean * (1.0 - share)),
    };
    drawn.min(n)
}

/// Box and Muller's.
fn normal(rng: &mut Rng, mean: f64, variance: f64) -> u64 {
    let radius = (-2.0 * (1.0 - rng.f64()).ln()).sqrt();
    let value = mean + variance.sqrt() * radius * (TAU * rng.f64()).cos();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not below 0, and far below 2^52"
    )]
    let count = value.round().max(0.0) as u64;
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_those_asked_for() {
        let mut rng = Rng::with_seed(1);
        for mean in [0.5, 29.0, 31.0, 400.0] {
            let sum: u64 = (0..4000).map(|_| poisson(&mut rng, mean)).sum();
            let seen = sum as f64 / 4000.0;
            assert!((seen - mean).abs() < 0.05 * mean, "{mean}: {seen}");
        }
    }

    #[test]
    fn never_more_than_all() {
        let mut rng = Rng::with_seed(2);
        for share in [0.0, 0.001, 0.5, 0.999, 1.0] {
            for n in [0, 1, 50, 5000] {
                let drawn: Vec<u64> = (0..200).map(|_| binomial(&mut rng, n, share)).collect();
                assert!(drawn.iter().all(|one| *one <= n));
                let seen = drawn.iter().sum::<u64>() as f64 / 200.0;
                assert!((seen - n as f64 * share).abs() <= 0.05 * n as f64 + 0.3);
            }
        }
        for n in [0, 1, 31, 32, 33, 70, 5000] {
            assert_eq!(binomial(&mut rng, n, 1.0), n);
            assert_eq!(binomial(&mut rng, n, 0.0), 0);
        }
    }
}
